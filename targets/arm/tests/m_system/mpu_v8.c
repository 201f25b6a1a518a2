/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MPU of Armv8-M: PMSAv8 (Armv8-M ARM, B9), in Secure state; and TT of one's own memory (C2.4.282). */
#include "targets/arm/tests/m_system/mpu.h"

enum { PRIV_RW, RW, PRIV_RO, RO, XN = 4, ENABLE = 1, HFNMIENA = 2, PRIVDEFENA = 4 };

static void region(u32 n, u32 first, u32 last, u32 ap)
{
    MPU_RNR = n;
    MPU_RLAR = 0;
    MPU_RBAR = first | (ap & 3) << 1 | ap >> 2;
    MPU_RLAR = (last & ~31u) | 1;
}

static void start(u32 ctrl)
{
    MPU_MAIR0 = 0xff;                           /* attribute 0: Normal memory; 1: Device */
    mpu_start(ctrl);
}

/* The world around [A, A + 64 KiB), in whose place the case's own regions are. */
static void open_world(void)
{
    region(0, 0, A - 1, RW);
    region(1, A + 0x10000, 0xffffffff, RW);
    region(2, A + 0x3000, A + 0xffff, RW);
}

CASE(mpu8_type, MPU8)
{
    EQ(MPU_TYPE, 0x1000);
}

CASE(mpu8_registers, MPU8)
{
    MPU_RNR = 6;
    MPU_RBAR = ~0u;
    EQ(MPU_RBAR, ~0u);
    MPU_RLAR = 0xfffffffe;
    EQ(MPU_RLAR, 0xffffffee);                   /* no PXN in Armv8.0-M */
    MPU_RBAR = MPU_RLAR = 0;
    MPU_MAIR0 = 0x12345678;
    MPU_MAIR1 = 0x9abcdef0;
    EQ(MPU_MAIR0, 0x12345678);
    EQ(MPU_MAIR1, 0x9abcdef0);
    MPU_MAIR0 = MPU_MAIR1 = 0;
    MPU_CTRL = 6;
    EQ(MPU_CTRL, 6);
    MPU_CTRL = 0;
}

/* The aliases are the other regions of RNR's four. */
CASE(mpu8_aliases, MPU8)
{
    for (u32 i = 0; i < 8; i++) {
        MPU_RNR = i;
        MPU_RBAR = 0x1000 * i;
        MPU_RLAR = 0x1000 * i + 0x100;
    }
    for (u32 i = 0; i < 8; i++) {
        MPU_RNR = i;
        EQ(MPU_RBAR, 0x1000 * i);
        for (u32 k = 1; k < 4; k++) {
            EQ(MPU_RBAR_A(k), 0x1000 * ((i & 4) + k));
            EQ(MPU_RASR_A(k), 0x1000 * ((i & 4) + k) + 0x100);
        }
    }
    MPU_RNR = 4;
    MPU_RBAR_A(3) = 0x7777780;
    EQ(MPU_RNR, 4);
    MPU_RNR = 7;
    EQ(MPU_RBAR, 0x7777780);
}

CASE(mpu8_permissions, MPU8)
{
    static const uint8_t priv[] = { 3, 3, 2, 2 }, unpriv[] = { 0, 3, 0, 2 };

    start(0);
    open_world();
    region(4, A + 0x100, A + 0x2fff, RW);
    MPU_CTRL = ENABLE;
    for (u32 ap = 0; ap < 4; ap++) {
        region(3, A, A + 0xff, ap);
        SYNC();
        num_seen = 0;
        EQ(may(A + 0x40), priv[ap]);
        EQ(may_unprivileged(A + 0x40), unpriv[ap]);
        EQ(may(A + 0x100), 3);
    }
    MPU_CTRL = 0;
    CFSR = ~0u;
}

CASE(mpu8_status, MPU8)
{
    start(0);
    open_world();
    region(3, A, A + 0xff, RO);
    MPU_CTRL = ENABLE;
    SYNC();
    probe_write(A + 0x48, 1);
    EQ(CFSR, DACCVIOL | MMARVALID);
    EQ(MMFAR, A + 0x48);
    CFSR = ~0u;
    probe_read(A + 0x104);                      /* no region */
    EQ(CFSR, DACCVIOL | MMARVALID);
    EQ(MMFAR, A + 0x104);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

/* Where two regions are, none is: not even the background. */
CASE(mpu8_overlap_faults, MPU8)
{
    start(0);
    region(3, A, A + 0x1ff, RW);
    region(4, A + 0x100, A + 0x2ff, RW);
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(may(A + 0xfc), 3);
    EQ(may(A + 0x100), 0);
    EQ(may(A + 0x1fc), 0);
    EQ(may(A + 0x200), 3);
    EQ(may(A + 0x300), 3);                      /* background */
    MPU_CTRL = 0;
    CFSR = ~0u;
}

CASE(mpu8_granule, MPU8)
{
    start(0);
    region(3, A + 0x20, A + 0x20, RO);          /* 32 bytes: LIMIT has ones below */
    region(4, A + 0x80, A + 0x60, RO);          /* ends before it begins: nothing */
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(may(A + 0x1c), 3);
    EQ(may(A + 0x20), 2);
    EQ(may(A + 0x3c), 2);
    EQ(may(A + 0x40), 3);
    EQ(may(A + 0x60), 3);
    EQ(may(A + 0x80), 3);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

static u32 run(u32 at)
{
    return ((u32 (*)(u32))(uintptr_t)(at | 1))(1);
}

CASE(mpu8_execute_never, MPU8)
{
    start(0);
    REG(A + 0x40) = 0x47701c40;
    SYNC();
    actions[MEM] = leave;
    region(3, A, A + 0xff, RW);
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(run(A + 0x40), 2);
    region(3, A, A + 0xff, RW | XN);
    SYNC();
    run(A + 0x40);
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, IACCVIOL);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

static void read_and_skip(Trap *t)
{
    u32 v = 0;

    asm volatile("ldrt %0, [%1]" : "+r" (v) : "r" (A) : "memory");
    mark(v == 0x600d600d ? 'u' : '-');
    mark(reads(A + 0x100) ? 'r' : '-');
    skip(t);
}

CASE(mpu8_off_at_negative_priorities, MPU8)
{
    start(0);
    region(3, A, A + 0xff, PRIV_RW);
    region(4, A + 0x100, A + 0x1ff, RW);
    region(5, A + 0x100, A + 0x1ff, RW);
    actions[HARD] = read_and_skip;
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("ur"));
    EQ(reads(A + 0x100), 0);
    MSR("faultmask", 1);
    EQ(reads(A + 0x100), 1);
    MSR("faultmask", 0);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

/* Memory of Device type has no unaligned accesses, RAM or not. */
CASE(mpu8_device_memory, MPU8)
{
    start(0);
    SHCSR |= USGFAULTENA;
    actions[USAGE] = skip;
    region(3, A, A + 0xff, RW);
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(reads(A + 1), 1);
    MPU_RLAR |= 1 << 1;                         /* attribute 1 */
    SYNC();
    EQ(reads(A + 4), 1);
    EQ(num_seen, 0);
    EQ(reads(A + 1), 0);
    EQ(num_seen, 1);
    EQ(CFSR, UNALIGNED);
    MPU_MAIR0 = 0xffff;
    SYNC();
    EQ(reads(A + 1), 1);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

/* -- TT --------------------------------------------------------------------------------------------------------- */

static u32 tt(u32 addr)
{
    u32 v;

    asm volatile("tt %0, %1" : "=r" (v) : "r" (addr));
    return v;
}

static u32 ttt(u32 addr)
{
    u32 v;

    asm volatile("ttt %0, %1" : "=r" (v) : "r" (addr));
    return v;
}

enum { MRVALID = 1 << 16, SRVALID = 1 << 17, TT_R = 1 << 18, TT_RW = 1 << 19, NSR = 1 << 20, NSRW = 1 << 21, TT_S = 1 << 22 };

CASE(tt_of_the_mpu, MPU8)
{
    start(0);
    EQ(tt(A) & 0xf01ff, TT_R | TT_RW);          /* off: the default memory map, no region */
    region(3, A, A + 0xff, PRIV_RW);
    region(4, A + 0x100, A + 0x1ff, RO);
    region(5, A + 0x200, A + 0x2ff, RW);
    region(6, A + 0x200, A + 0x2ff, RW);
    region(7, A + 0x300, A + 0x3ff, RW);
    region(8, A + 0x400, A + 0x4ff, PRIV_RO);
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(tt(A) & 0xd00ff, MRVALID | TT_R | TT_RW | 3);
    EQ(ttt(A) & 0xd00ff, MRVALID | 3);
    EQ(tt(A + 0x100) & 0xd00ff, MRVALID | TT_R | 4);
    EQ(ttt(A + 0x100) & 0xd00ff, MRVALID | TT_R | 4);
    EQ(tt(A + 0x200) & 0xd00ff, 0);
    EQ(ttt(A + 0x3fc) & 0xd00ff, MRVALID | TT_R | TT_RW | 7);
    EQ(tt(A + 0x400) & 0xd00ff, MRVALID | TT_R | 8);
    EQ(ttt(A + 0x400) & 0xd00ff, MRVALID | 8);
    EQ(tt(A + 0x800) & 0xd00ff, TT_R | TT_RW);  /* background */
    EQ(ttt(A + 0x800) & 0xd00ff, 0);
    MPU_CTRL = 0;
}

static u32 tt_unprivileged(u32 addr)
{
    return tt(addr);
}

/* Unprivileged code gets no answer about the MPU. */
CASE(tt_unprivileged_says_nothing, MPU8)
{
    start(0);
    EQ(on_psp(tt_unprivileged, A, arena + 0x800, 3) & 0xd00ff, 0);
}

CASE(tt_of_the_system_space, MPU8)
{
    start(0);
    MPU_CTRL = PRIVDEFENA | ENABLE;
    SYNC();
    EQ(tt(0xe000ed00) & 0xd00ff, TT_R | TT_RW);
    MPU_CTRL = 0;
}
