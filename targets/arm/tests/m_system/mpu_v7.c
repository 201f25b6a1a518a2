/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MPU of Armv7-M: PMSAv7 (Armv7-M ARM, B3.5). */
#include "targets/arm/tests/m_system/mpu.h"

enum { NONE, PRIV_RW, PRIV_RW_RO, RW, RESERVED, PRIV_RO, RO, RO_7, XN = 1 << 4, ENABLE = 1, HFNMIENA = 2, PRIVDEFENA = 4 };

static void region(u32 n, u32 base, u32 bits, u32 ap, u32 srd)
{
    MPU_RNR = n;
    MPU_RASR = 0;
    MPU_RBAR = base;
    MPU_RASR = (ap & XN ? 1u << 28 : 0) | (ap & 7) << 24 | srd << 8 | (bits - 1) << 1 | 1;
}

/* The rest of the case's memory, for everybody. */
static void open_world(void)
{
    region(0, 0, 32, RW, 0);
}

CASE(mpu_type, MPU7)
{
    EQ(MPU_TYPE, 0x800);
    MPU_TYPE = 0;
    EQ(MPU_TYPE, 0x800);
}

CASE(mpu_registers, MPU7)
{
    MPU_RNR = 3;
    MPU_RBAR = 0x20001240;
    EQ(MPU_RBAR, 0x20001243);                   /* REGION reads as the number */
    MPU_RBAR = 0x20002000 | 1 << 4 | 5;         /* VALID */
    EQ(MPU_RNR, 5);
    EQ(MPU_RBAR, 0x20002005);
    MPU_RASR = ~1u & ~(31u << 1);
    EQ(MPU_RASR, 0x173fff00);                   /* XN AP TEX S C B SRD */
    MPU_RASR = 0;
    MPU_RNR = 3;
    EQ(MPU_RBAR, 0x20001243);
    MPU_CTRL = 6;
    EQ(MPU_CTRL, 6);
    MPU_CTRL = 0;
}

CASE(mpu_aliases, MPU7)
{
    for (u32 i = 1; i < 4; i++) {
        MPU_RBAR_A(i) = 0x20000000 + 0x1000 * i + (1 << 4) + i;
        EQ(MPU_RNR, i);
        MPU_RASR_A(i) = (i + 4) << 1;
    }
    for (u32 i = 1; i < 4; i++) {
        MPU_RNR = i;
        EQ(MPU_RBAR, 0x20000000 + 0x1000 * i + i);
        EQ(MPU_RASR, (i + 4) << 1);
        EQ(MPU_RBAR_A(2), MPU_RBAR);            /* all are what RNR names */
        MPU_RASR = 0;
    }
}

CASE(mpu_permissions, MPU7)
{
    static const uint8_t priv[] = { 0, 3, 3, 3, 99, 2, 2, 2 }, unpriv[] = { 0, 0, 2, 3, 99, 0, 2, 2 };

    mpu_start(0);
    open_world();
    MPU_CTRL = ENABLE;
    for (u32 ap = 0; ap < 8; ap++) {
        if (ap == RESERVED) {
            continue;
        }
        region(1, A, 8, ap, 0);
        SYNC();
        num_seen = 0;
        EQ(may(A + 0x40), priv[ap]);
        EQ(may_unprivileged(A + 0x40), unpriv[ap]);
        EQ(may(A + 0x100), 3);
    }
    MPU_CTRL = 0;
}

CASE(mpu_status, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, NONE, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    probe_read(A + 0x44);
    EQ(CFSR, DACCVIOL | MMARVALID);
    EQ(MMFAR, A + 0x44);
    CFSR = ~0u;
    probe_write(A + 0x48, 1);
    EQ(CFSR, DACCVIOL | MMARVALID);
    EQ(MMFAR, A + 0x48);
    probe_read8(A + 0x4b);
    EQ(MMFAR, A + 0x4b);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

CASE(mpu_of_ldrt, MPU7)
{
    u32 v = 0;

    mpu_start(0);
    open_world();
    region(1, A, 8, PRIV_RW, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    asm volatile("ldrt %0, [%1]" : "+r" (v) : "r" (A) : "memory");
    EQ(v, 0);
    EQ(num_seen, 1);
    asm volatile("strt %0, [%1]" :: "r" (v), "r" (A) : "memory");
    EQ(num_seen, 2);
    EQ(may(A), 3);
    MPU_CTRL = 0;
}

CASE(mpu_highest_region_wins, MPU7)
{
    mpu_start(0);
    open_world();
    region(3, A, 12, NONE, 0);
    region(5, A + 0x400, 10, RW, 0);
    region(4, A + 0x500, 8, NONE, 0);           /* below region 5: nothing */
    region(6, A + 0x600, 8, RO, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(may(A + 0x3fc), 0);
    EQ(may(A + 0x400), 3);
    EQ(may(A + 0x540), 3);
    EQ(may(A + 0x5fc), 3);
    EQ(may(A + 0x600), 2);
    EQ(may(A + 0x6fc), 2);
    EQ(may(A + 0x700), 3);
    EQ(may(A + 0x800), 0);
    EQ(may(A + 0x1000), 3);
    MPU_CTRL = 0;
}

CASE(mpu_subregions, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, NONE, 0xa5);                /* 256 bytes, eighths of 32 */
    region(2, A + 0x8000, 15, NONE, 0x0f);      /* 32 KiB, of 4 KiB */
    MPU_CTRL = ENABLE;
    SYNC();
    for (u32 i = 0; i < 8; i++) {
        num_seen = 0;
        EQ(may(A + 32 * i), 0xa5 >> i & 1 ? 3 : 0);
        EQ(may(A + 32 * i + 28), 0xa5 >> i & 1 ? 3 : 0);
        EQ(may(A + 0x8000 + 0x1000 * i + 0xffc), 0x0f >> i & 1 ? 3 : 0);
    }
    MPU_CTRL = 0;
}

/* A hole in a region shows what lies under it: a region of a lower number. */
CASE(mpu_subregion_shows_what_is_under, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 12, RO, 0);
    region(2, A, 12, NONE, 0x02);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(may(A), 0);
    EQ(may(A + 0x200), 2);
    EQ(may(A + 0x3fc), 2);
    EQ(may(A + 0x400), 0);
    MPU_CTRL = 0;
}

/* Regions below 256 bytes have no subregions: SRD is UNPREDICTABLE there, and ones are not tried. */
CASE(mpu_smallest_region, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A + 0x20, 5, NONE, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(may(A + 0x1c), 3);
    EQ(may(A + 0x20), 0);
    EQ(may(A + 0x3c), 0);
    EQ(may(A + 0x40), 3);
    MPU_CTRL = 0;
}

/* The bits of the base below the size are not compared. */
CASE(mpu_base_is_aligned_down, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A + 0x20, 8, NONE, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(may(A), 0);
    EQ(may(A + 0xfc), 0);
    EQ(may(A + 0x100), 3);
    MPU_CTRL = 0;
}

CASE(mpu_access_over_a_border, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A + 0x100, 8, NONE, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(reads(A + 0xfc), 1);
    EQ(num_seen, 0);
    EQ(reads(A + 0xfe), 0);                     /* unaligned: its second half */
    EQ(num_seen, 1);
    EQ(CFSR & 0xff, DACCVIOL | MMARVALID);
    REG16(A + 0xfe) = 0x7777;
    probe_write(A + 0xfe, 0);
    EQ(num_seen, 2);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

CASE(mpu_background, MPU7)
{
    mpu_start(0);
    region(1, A, 8, RO, 0);
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(may(A), 2);
    EQ(may(A + 0x100), 3);
    MPU_CTRL = 0;
    EQ(num_seen, 1);
}

static u32 ret_1(u32 arg)
{
    return arg + 1;
}

/* Unprivileged code has no background region: it cannot even be fetched. */
static void stop_and_leave(Trap *t)
{
    MPU_CTRL = 0;
    SYNC();
    mark(CFSR & IACCVIOL ? 'i' : CFSR & MSTKERR ? 's' : '?');
    CFSR = ~0u;
}

CASE(mpu_background_is_privileged, MPU7)
{
    mpu_start(0);
    region(1, A, 16, RW, 0);                    /* the stack */
    actions[MEM] = stop_and_leave;
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(on_psp(ret_1, 5, arena + 0x800, 3), 6);
    TRUE(marked("i"));
}

/* Without PRIVDEFENA what no region covers is nobody's: but the system space always is. */
CASE(mpu_no_background, MPU7)
{
    mpu_start(0);
    region(0, VTOR, 22, RW, 0);                 /* code */
    region(1, A & ~0xfffffu, 20, RO, 0);
    region(2, (u32)(uintptr_t)seen & ~0x3fffu, 14, RW, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(may(A), 2);
    EQ(may(A + 0x100000), 0);
    EQ(CPUID >> 24, 0x41);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

static void put_code(u32 at)
{
    REG(at) = 0x47701c40;                       /* ADDS R0, R0, #1; BX LR */
    SYNC();
}

static u32 run(u32 at)
{
    return ((u32 (*)(u32))(uintptr_t)(at | 1))(1);
}

CASE(mpu_execute_never, MPU7)
{
    mpu_start(0);
    open_world();
    put_code(A + 0x40);
    actions[MEM] = leave;
    region(1, A, 8, RW, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    EQ(run(A + 0x40), 2);
    region(1, A, 8, RW | XN, 0);
    SYNC();
    run(A + 0x40);
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, IACCVIOL);
    EQ(seen[0].pc, A + 0x40);
    CFSR = ~0u;
    region(1, A, 8, PRIV_RW, 0);                /* what cannot be read cannot be fetched */
    SYNC();
    EQ(run(A + 0x40), 2);
    on_psp(run, A + 0x40, arena + 0x800, 3);
    EQ(num_seen, 2);
    EQ(seen[1].cfsr, IACCVIOL);
    MPU_CTRL = 0;
}

/* No region makes the system's addresses executable; one makes a device's so. */
CASE(mpu_execute_in_system_space, MPU7)
{
    mpu_start(0);
    region(0, 0, 32, RW, 0);
    actions[MEM] = leave;
    MPU_CTRL = ENABLE;
    SYNC();
    call(0xe0000001);
    EQ(num_seen, 1);
    call(0xe0100001);
    EQ(num_seen, 2);
    EQ(seen[1].cfsr & 0xff, IACCVIOL);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

static void read_in_hardfault(Trap *t)
{
    mark(reads(A) ? 'r' : '-');
    skip(t);
}

CASE(mpu_off_at_negative_priorities, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, NONE, 0);
    actions[HARD] = actions[NMI] = read_in_hardfault;
    MPU_CTRL = ENABLE;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("r"));
    MSR("faultmask", 1);
    EQ(reads(A), 1);
    MSR("faultmask", 0);
    EQ(num_seen, 1);
    EQ(reads(A), 0);
    EQ(num_seen, 2);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

/* ... for what LDRT and unprivileged Thread mode access, too: the MPU is off. */
static void ldrt_in_hardfault(Trap *t)
{
    u32 v = 0;

    asm volatile("ldrt %0, [%1]" : "+r" (v) : "r" (A) : "memory");
    mark(v == 0x600d600d ? 'r' : '-');
    skip(t);
}

CASE(mpu_off_for_ldrt, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, PRIV_RW, 0);
    actions[HARD] = ldrt_in_hardfault;
    MPU_CTRL = ENABLE;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("r"));
    MPU_CTRL = 0;
}

static void forbidden_in_hardfault(Trap *t)
{
    expect_lockup();
    probe_read(A);
    print("not ok: alive\n");
}

CASE(lockup_by_hfnmiena, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, NONE, 0);
    actions[HARD] = forbidden_in_hardfault;
    MPU_CTRL = ENABLE | HFNMIENA;
    SYNC();
    asm volatile("udf #0" ::: "memory");
}

/* -- stacking --------------------------------------------------------------------------------------------------- */

extern char svc_done[];

static void made_frame(Trap *t)
{
    u32 *frame = (u32 *)(uintptr_t)MRS("psp");

    mark('m');
    no_frame = false;
    MPU_CTRL = 0;
    SYNC();
    for (u32 i = 0; i < 8; i++) {
        frame[i] = 0;
    }
    frame[LR] = frame[PC] = 0;
    frame[R0] = 3;
    SHCSR &= ~(1u << 15);
    frame[PC] = (u32)(uintptr_t)svc_done & ~1u;
    frame[PSR] = 1 << 24;
}

static void __attribute__((naked)) svc_on_psp(u32 psp, u32 control)
{
    asm volatile("push {r4-r11, lr}\n msr psp, r0\n msr control, r1\n isb\n svc #1\n.global svc_done\n.thumb_func\nsvc_done:\n"
                 "svc #0x7f\n movs r0, #0\n msr control, r0\n isb\n pop {r4-r11, pc}");
}

CASE(mstkerr, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, RO, 0);
    no_frame = true;
    SHPRB(SVC) = 0x80;
    actions[MEM] = made_frame;
    REG(A + 0xf0) = 0;
    MPU_CTRL = ENABLE;
    SYNC();
    no_frame = true;
    actions[SVC] = nothing;
    svc_on_psp(A + 0x100, 2);
    TRUE(marks[0] == 'm');
    EQ(seen[0].number, MEM);
    EQ(seen[0].cfsr, MSTKERR);                  /* and no MMARVALID */
    EQ(seen[0].frame, A + 0x100 - 0x20);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

/* Frames are written with the rights of what was running. */
CASE(mstkerr_by_unprivileged_rights, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, A, 8, PRIV_RW_RO, 0);
    no_frame = true;
    SHPRB(SVC) = 0x80;
    actions[MEM] = made_frame;
    actions[SVC] = nothing;
    MPU_CTRL = ENABLE;
    SYNC();
    svc_on_psp(A + 0x100, 3);
    EQ(seen[0].number, MEM);
    EQ(seen[0].cfsr, MSTKERR);
    MPU_CTRL = 0;
    CFSR = ~0u;
}

static void close_stack(Trap *t)
{
    region(1, A, 8, NONE, 0);
    MPU_CTRL = ENABLE;
    SYNC();
}

static void reopen_stack(Trap *t)
{
    mark('u');
    no_frame = false;
    EQ(CFSR, MUNSTKERR);
    MPU_CTRL = 0;
    SYNC();
    CFSR = ~0u;
}

CASE(munstkerr, MPU7)
{
    mpu_start(0);
    open_world();
    actions[SVC] = close_stack;
    actions[MEM] = reopen_stack;
    no_frame = true;
    svc_on_psp(A + 0x100, 2);
    TRUE(marked("u"));
}

/* Handlers stack with privilege, whatever CONTROL.nPRIV is. */
static void nested_svc(Trap *t)
{
    if (t->number == IRQ0) {
        pend(1);
    }
}

CASE(handlers_are_privileged, MPU7)
{
    mpu_start(0);
    open_world();
    region(1, (u32)(uintptr_t)seen & ~0x3fffu, 14, PRIV_RW, 0);
    actions[IRQ0] = actions[IRQ1] = nested_svc;
    enable(0, 0x80);
    enable(1, 0x40);
    MPU_CTRL = ENABLE;
    SYNC();
    MSR("control", 0);
    pend(0);
    EQ(num_seen, 2);
    MPU_CTRL = 0;
}

/* -- RTOS: regions change between runs of the same code --------------------------------------------------------- */

CASE(mpu_changes_are_seen, MPU7)
{
    mpu_start(0);
    open_world();
    MPU_CTRL = ENABLE;
    for (u32 i = 0; i < 200; i++) {
        u32 size = 5 + i % 9, at = A + (i * 0x60 & ~((1u << size) - 1));

        region(1, at, size, i & 1 ? NONE : RO, 0);
        SYNC();
        num_seen = 0;
        EQ(may(at), i & 1 ? 0 : 2);
        EQ(may(at + (1u << size) - 4), i & 1 ? 0 : 2);
        EQ(may(at + (1u << size)), 3);
        EQ(may(at - 4), 3);
        if (i % 16 == 7) {
            MPU_CTRL = 0;
            SYNC();
            EQ(may(at), 3);
            MPU_CTRL = ENABLE;
            SYNC();
        }
    }
    MPU_CTRL = 0;
}
