/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only the small profiles have in their own way: Cortex-M0+'s MPU, VTOR and unprivileged software (Armv6-M ARM, DDI
 * 0419, B1.4, B3.2, B3.5), and Armv8-M Baseline with Security (DDI 0553B), whose every fault is a HardFault without status.
 */
#include "targets/arm/tests/m_system/test.h"

enum { NONE, PRIV_RW, PRIV_RW_RO, RW, PRIV_RO = 5, RO = 6, ENABLE = 1, HFNMIENA = 2, PRIVDEFENA = 4 };
#define A ((u32)(uintptr_t)arena)
extern u32 vectors[];

static u32 reads(u32 addr)
{
    return probe_read(addr) != 0xdead0000;
}

static u32 writes(u32 addr)
{
    u32 n = num_seen;

    probe_write(addr, 0x600d600d);
    return num_seen == n;
}

static u32 may(u32 addr)
{
    return reads(addr) << 1 | writes(addr);
}

static u32 may_unprivileged(u32 addr)
{
    return on_psp(reads, addr, arena + 0x3f00, 3) << 1 | on_psp(writes, addr, arena + 0x3f00, 3);
}

/* -- unprivileged software ---------------------------------------------------------------------------------------- */

static u32 masks(u32 unused)
{
    MSR("primask", 1);
    MSR("control", 0);
    return MRS("control") << 1 | MRS("primask");
}

CASE(unprivileged_cannot_mask, SMALL)
{
    EQ(on_psp(masks, 0, arena + 0x3f00, 3), 3 << 1);
    EQ(MRS("control"), 0);
    EQ(MRS("primask"), 0);
    EQ(num_seen, 0);
}

CASE(unprivileged_has_no_system_space, SMALL)
{
    actions[HARD] = skip;
    EQ(on_psp(reads, (u32)(uintptr_t)&CPUID, arena + 0x3f00, 3), 0);
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    EQ(on_psp(reads, (u32)(uintptr_t)&CPUID, arena + 0x3f00, 2), 1);
    EQ(num_seen, 1);
}

CASE(no_unprivileged_software, M0)
{
    u32 v;

    asm volatile("msr control, %1\n isb\n mrs %0, control\n msr control, %2\n isb" : "=&r" (v) : "r" (3), "r" (0));
    EQ(v, 2);
}

static void by_moved_table(void) __attribute__((naked));
static void by_moved_table(void)
{
    asm volatile("movs r0, #1\n bx lr");
}

/* Another table's entry has the vector's bit 0 and goes there; the frame brings R0 back. */
CASE(vtor_moves_the_table, SMALL)
{
    u32 *table = (u32 *)(uintptr_t)arena, was = VTOR;

    VTOR = 0xffffffff;
    EQ(VTOR, has & V6 ? 0xffffff00 : 0xffffff80);
    for (u32 i = 0; i < 48; i++) {
        table[i] = vectors[i];
    }
    table[SVC] = (u32)(uintptr_t)by_moved_table | 1;
    VTOR = A;
    SYNC();
    EQ(VTOR, A);
    asm volatile("svc #1" ::: "memory");
    EQ(num_seen, 0);
    VTOR = was;
    SYNC();
    actions[SVC] = nothing;
    asm volatile("svc #1" ::: "memory");
    EQ(num_seen, 1);
}

/* -- faults --------------------------------------------------------------------------------------------------------- */

CASE(small_faults_have_no_status, SMALL)
{
    actions[HARD] = skip;
    asm volatile("udf #1" ::: "memory");
    probe_read(A + 1);
    probe_read(0x60000000);
    EQ(num_seen, 3);
    EQ(seen[0].number, HARD);
    EQ(seen[2].number, HARD);
    EQ(CFSR, 0);
    EQ(HFSR, 0);
    EQ(BFAR, 0);
    SHCSR = MEMFAULTENA | BUSFAULTENA | USGFAULTENA;
    EQ(SHCSR, 0);
}

/* -- PMSAv6 ---------------------------------------------------------------------------------------------------------- */

static void region(u32 n, u32 base, u32 bits, u32 ap, u32 srd, u32 xn)
{
    MPU_RNR = n;
    MPU_RASR = 0;
    MPU_RBAR = base;
    MPU_RASR = xn << 28 | ap << 24 | srd << 8 | (bits - 1) << 1 | 1;
}

static void start(void)
{
    for (u32 i = 0; i < 8; i++) {
        MPU_RNR = i;
        MPU_RASR = 0;
    }
    REG(A) = REG(A + 0x40) = 0x600d600d;
    actions[HARD] = skip;
    region(0, 0, 32, RW, 0, 0);
}

CASE(mpu6_registers, MPU6)
{
    EQ(MPU_TYPE, 0x800);
    MPU_RNR = 3;
    MPU_RBAR = 0x20001200;
    EQ(MPU_RBAR, 0x20001203);
    MPU_RBAR = 0x20002000 | 1 << 4 | 5;         /* VALID */
    EQ(MPU_RNR, 5);
    EQ(MPU_RBAR, 0x20002005);
    MPU_RASR = 0x17070f10 | 0xff00;             /* XN AP S C B SRD SIZE */
    EQ(MPU_RASR, 0x1707ff10);
    MPU_RASR = 0;
    MPU_CTRL = 6;
    EQ(MPU_CTRL, 6);
    MPU_CTRL = 0;
}

CASE(mpu6_permissions, MPU6)
{
    static const uint8_t priv[] = { 0, 3, 3, 3, 99, 2, 2 }, unpriv[] = { 0, 0, 2, 3, 99, 0, 2 };

    start();
    MPU_CTRL = ENABLE;
    for (u32 ap = 0; ap < 7; ap++) {
        if (ap == 4) {
            continue;
        }
        region(1, A, 8, ap, 0, 0);
        SYNC();
        num_seen = 0;
        EQ(may(A + 0x40), priv[ap]);
        EQ(may_unprivileged(A + 0x40), unpriv[ap]);
        EQ(may(A + 0x100), 3);
    }
    MPU_CTRL = 0;
}

/* The smallest region has eight subregions of 32 bytes. */
CASE(mpu6_subregions, MPU6)
{
    start();
    region(1, A, 8, NONE, 1 << 2 | 1 << 7, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    for (u32 i = 0; i < 8; i++) {
        num_seen = 0;
        EQ(may(A + 0x20 * i + 4), i == 2 || i == 7 ? 3 : 0);
    }
    MPU_CTRL = 0;
}

CASE(mpu6_execute_never, MPU6)
{
    REG16(A) = 0x4770;                          /* bx lr */
    start();
    REG16(A) = 0x4770;
    MPU_CTRL = ENABLE;
    SYNC();
    call(A | 1);
    EQ(num_seen, 0);
    region(1, A, 8, RW, 0, 1);
    SYNC();
    actions[HARD] = leave;
    call(A | 1);
    EQ(num_seen, 1);
    EQ(seen[0].pc, A);
    MPU_CTRL = 0;
}

static void look_in_hardfault(Trap *t)
{
    EQ(REG(A + 0x40), 0x600d600d);              /* HFNMIENA 0: no MPU here */
    skip(t);
    mark('h');
}

CASE(mpu6_is_off_in_hardfault, MPU6)
{
    start();
    region(1, A, 8, NONE, 0, 0);
    MPU_CTRL = ENABLE;
    SYNC();
    actions[HARD] = look_in_hardfault;
    EQ(reads(A + 0x40), 0);
    TRUE(marked("h"));
    MPU_CTRL = 0;
}

CASE(mpu6_background, MPU6)
{
    start();
    region(0, 0, 32, NONE, 0, 0);
    MPU_RASR = 0;                               /* no region at all */
    MPU_CTRL = ENABLE | PRIVDEFENA;
    SYNC();
    EQ(may(A + 0x40), 3);
    EQ(num_seen, 0);
    region(1, A, 8, PRIV_RO, 0, 0);
    SYNC();
    EQ(may(A + 0x40), 2);
    EQ(num_seen, 1);
    MPU_CTRL = 0;
}

/* -- Armv8-M Baseline with Security ------------------------------------------------------------------------------------ */

#if __ARM_FEATURE_CMSE == 3
#define NS_STACK 0x28190000u
typedef u32 __attribute__((cmse_nonsecure_call)) NsFn(u32);
#define NS_FUNCTION(name, text) \
    static void name(void) __attribute__((naked, used, section(".ns.text"))); \
    static void name(void) { asm volatile(text); }
NS_FUNCTION(ns_add_1, "adds r0, #1\n bx lr")
NS_FUNCTION(ns_load, "mov r1, r0\n ldr r0, [r1]\n bx lr")
NS_FUNCTION(ns_ipsr, "mrs r0, ipsr\n bx lr")
NS_FUNCTION(ns_lr, "mov r0, lr\n bx lr")
NS_FUNCTION(ns_msp, "mrs r0, msp\n bx lr")
NS_FUNCTION(ns_primask, "cpsid i\n mrs r0, primask\n cpsie i\n bx lr")
NS_FUNCTION(ns_call, "push {r4, lr}\n mov r1, r0\n movs r0, #5\n blx r1\n pop {r4, pc}")
static void veneer_add_2(void) __attribute__((naked, used, section(".nsc")));
static void veneer_add_2(void)
{
    asm volatile("sg\n adds r0, #2\n bxns lr");
}
static void no_veneer(void) __attribute__((naked, used, section(".nsc")));
static void no_veneer(void)
{
    asm volatile("adds r0, #2\n bxns lr");
}
#define ADDR(f) ((u32)(uintptr_t)(f) & ~1u)

static u32 ns(void (*fn)(void), u32 arg)
{
    return ((NsFn *)(uintptr_t)ADDR(fn))(arg);
}

static void sau(u32 n, u32 first, u32 last, u32 nsc)
{
    SAU_RNR = n;
    SAU_RBAR = first;
    SAU_RLAR = (last & ~31u) | nsc << 1 | 1;
}

static void both_worlds(void)
{
    sau(0, 0x00200000, 0x0027ffff, 0);
    sau(1, 0x28180000, 0x281fffff, 0);
    sau(2, 0x10280000, 0x102fffff, 1);
    SAU_CTRL = 1;
    SYNC();
    asm volatile("msr msp_ns, %0\n msr control_ns, %1\n msr primask_ns, %1" :: "r" (NS_STACK), "r" (0));
}

CASE(base_calls_and_returns, SECB)
{
    both_worlds();
    EQ(ns(ns_add_1, 41), 42);
    EQ(ns(ns_ipsr, 0), 0);
    EQ(ns(ns_lr, 0), 0xfeffffff);
    EQ(ns(ns_msp, 0), NS_STACK);
    EQ(num_seen, 0);
}

static void call_from_handler(Trap *t)
{
    EQ(ns(ns_ipsr, 0), 1);
    EQ(ipsr(), SVC);
    mark('c');
}

CASE(base_calls_from_a_handler, SECB)
{
    both_worlds();
    actions[SVC] = call_from_handler;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("c"));
}

CASE(base_veneers, SECB)
{
    both_worlds();
    EQ(ns(ns_call, ADDR(veneer_add_2) | 1), 7);
    EQ(num_seen, 0);
    actions[HARD] = leave;                      /* no SG: INVEP, which Baseline has as a HardFault */
    ns(ns_call, ADDR(no_veneer) | 1);
    EQ(num_seen, 1);
    EQ(seen[0].lr, 0xffffffb9);
    EQ(seen[0].pc, ADDR(no_veneer));
    EQ(SFSR, 0);
}

CASE(base_secure_memory, SECB)
{
    both_worlds();
    actions[HARD] = skip;
    REG(A) = 0x5ec2e7;
    EQ(ns(ns_load, A), A);
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    EQ(seen[0].lr, 0xffffffb9);
    EQ(SFSR, 0);
    REG(0x28180000) = 0x600d;
    EQ(ns(ns_load, 0x28180000), 0x600d);
    EQ(num_seen, 1);
}

CASE(base_attribution, SECB)
{
    u32 v;

    both_worlds();
    EQ(SAU_TYPE, 8);
    asm volatile("tt %0, %1" : "=r" (v) : "r" (0x28180000));
    EQ(v & 0x7fffff, 0x3e0100 & ~0x10000);      /* SRVALID, SREGION 1, R, RW, NSR, NSRW */
    asm volatile("tt %0, %1" : "=r" (v) : "r" (0x38000000));
    EQ(v & 0x7fffff, 0x4c0000);
}

CASE(base_banked_registers, SECB)
{
    both_worlds();
    EQ(ns(ns_primask, 0), 1);
    EQ(MRS("primask"), 0);
    MSR("primask", 1);
    EQ(MRS("primask_ns"), 0);
    MSR("primask", 0);
    NS(VTOR) = 0x00200080;
    EQ(NS(VTOR), 0x00200080);
    EQ(VTOR, (u32)(uintptr_t)vectors);
    EQ(ns(ns_load, (u32)(uintptr_t)&VTOR), 0x00200080);
}

/* Only Secure software has stack limits; what crosses one is a HardFault, and does nothing else. */
static void lift(Trap *t)
{
    MSR("psplim", 0);
    mark('l');
}

static u32 push_below(u32 room)
{
    u32 limit = (MRS("psp") - room) & ~7u;

    MSR("psplim", limit);
    asm volatile("sub sp, #0x80\n add sp, #0x80" ::: "memory");
    return limit - MRS("psplim");
}

CASE(base_stack_limits, SECB)
{
    MSR("psplim", A + 0x1004);
    EQ(MRS("psplim"), A + 0x1000);
    MSR("psplim", 0);
    actions[HARD] = lift;
    EQ(on_psp(push_below, 0x200, arena + 0x2000, 2), 0);
    EQ(num_seen, 0);
    MSR("psplim", 0);
    TRUE(on_psp(push_below, 0x60, arena + 0x2000, 2) > A);     /* room for the HardFault's frame */
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    TRUE(marked("l"));
    EQ(CFSR, 0);
}

/* PMSAv8: a region's permissions; its faults are HardFaults. */
CASE(base_mpu, SECB)
{
    static const uint8_t priv[] = { 3, 3, 2, 2 }, unpriv[] = { 0, 3, 0, 2 };

    EQ(MPU_TYPE, 0x1000);
    MPU_MAIR0 = 0xff;
    actions[HARD] = skip;
    REG(A + 0x40) = 0x600d600d;
    for (u32 i = 0; i < 3; i++) {               /* below, above, and what the case changes */
        MPU_RNR = i;
        MPU_RBAR = (i == 0 ? 0 : i == 1 ? A + 0x100 : A) | 1 << 1;
        MPU_RLAR = ((i == 0 ? A - 1 : i == 1 ? 0xffffffff : A + 0xff) & ~31u) | 1;
    }
    MPU_CTRL = ENABLE;
    for (u32 ap = 0; ap < 4; ap++) {
        MPU_RNR = 2;
        MPU_RBAR = A | ap << 1;
        SYNC();
        num_seen = 0;
        EQ(may(A + 0x40), priv[ap]);
        EQ(may_unprivileged(A + 0x40), unpriv[ap]);
    }
    MPU_CTRL = 0;
    for (u32 i = 0; i < 3; i++) {
        MPU_RNR = i;
        MPU_RLAR = 0;
    }
}

/* Secure interrupts of a Non-secure world: the target is ITNS's, PRIS puts Non-secure priorities below. */
CASE(base_interrupt_targets, SECB)
{
    both_worlds();
    ITNS(0) = 2;
    EQ(ITNS(0), 2);
    EQ(NS(ISER(0)), 0);
    NS(ISER(0)) = 3;                            /* interrupt 0 is Secure */
    EQ(ISER(0), 2);
    EQ(NS(ISER(0)), 2);
    ICER(0) = ~0u;
    ITNS(0) = 0;
}
#endif
