/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entry, return, priorities, pending and active state (Armv7-M ARM, B1.5; Armv8-M ARM, B3.9 to B3.22). Priorities differ in bits
 * 7:6 where Armv6-M has no more.
 */
#include "targets/arm/tests/m_system/test.h"

static u32 regs[14];

/* -- frames ----------------------------------------------------------------------------------------------------- */

static void look_at_frame(Trap *t)
{
    for (u32 i = 0; i < 4; i++) {
        EQ(t->frame[i], 0xa0000000 + i);
    }
    EQ(t->frame[R12], 0xa000000c);
    EQ(t->frame[LR], 0x12345679);
    EQ(t->frame[PC], (u32)(uintptr_t)svc_regs_return & ~1u);
    EQ(t->frame[PSR] & 0x0700fdff, 1 << 24);
    EQ(t->low[0], 0xa0000004);
    EQ(t->high[3], 0xa000000b);
    EQ(ipsr(), SVC);
    EQ(MRS("control") & 2, 0);
}

static void fill(void)
{
    for (u32 i = 0; i < 14; i++) {
        regs[i] = 0xa0000000 + i;
    }
}

static void unchanged(void)
{
    for (u32 i = 0; i < 13; i++) {
        EQ(regs[i], 0xa0000000 + i);
    }
    EQ(regs[13], 0x12345679);
    EQ(ipsr(), 0);
}

CASE(svc_frame_on_msp, 0)
{
    fill();
    actions[SVC] = look_at_frame;
    svc_regs(regs);
    unchanged();
    EQ(num_seen, 1);
    EQ(seen[0].lr, 0xfffffff9);
    EQ(seen[0].frame & 7, 0);
}

static u32 svc_regs_thread(u32 arg)
{
    TRUE(MRS("control") & 2);
    svc_regs(regs);
    TRUE(MRS("control") & 2);
    return 77;
}

CASE(svc_frame_on_psp, 0)
{
    fill();
    actions[SVC] = look_at_frame;
    EQ(on_psp(svc_regs_thread, 0, arena + 0x800, 2), 77);
    unchanged();
    EQ(seen[0].lr, 0xfffffffd);
    TRUE(seen[0].frame < (u32)(uintptr_t)arena + 0x800 && seen[0].frame > (u32)(uintptr_t)arena);
}

CASE(svc_from_unprivileged, MAIN)
{
    fill();
    actions[SVC] = look_at_frame;
    EQ(on_psp(svc_regs_thread, 0, arena + 0x800, 3), 77);
    unchanged();
    EQ(seen[0].lr, 0xfffffffd);
    EQ(seen[0].control & 1, 1);                 /* nPRIV stays in Handler mode */
}

CASE(frame_is_aligned, 0)
{
    actions[SVC] = nothing;
    /* at the SVC, SP is 8-aligned once, and once it is not */
    EQ(svc_with_sp(0x40), 0);
    EQ(svc_with_sp(0x44), 0);
    EQ(num_seen, 2);
    EQ(seen[0].frame & 7, 0);
    EQ(seen[1].frame & 7, 0);
    EQ((seen[0].psr ^ seen[1].psr) & 1 << 9, 1 << 9);
    EQ(seen[0].frame - seen[1].frame, 8 * !(seen[0].psr & 1 << 9));
}

CASE(stkalign_off, V7)
{
    u32 sum = 0;

    CCR = 0;
    actions[SVC] = nothing;
    EQ(svc_with_sp(0x40), 0);
    EQ(svc_with_sp(0x44), 0);
    for (u32 i = 0; i < 2; i++) {
        EQ(seen[i].psr & 1 << 9, 0);
        sum += seen[i].frame & 7;
    }
    EQ(sum, 4);
    EQ(seen[0].frame - seen[1].frame, 4);
}

static void set_bit_9(Trap *t)
{
    t->frame[PSR] |= 1 << 9;
}

/* B1.5.8: with STKALIGN 0, bit 9 of the stacked xPSR is not looked at. */
CASE(stkalign_off_ignores_bit_9, V7 | NOFP)
{
    CCR = 0;
    actions[SVC] = set_bit_9;
    EQ(svc_with_sp(0x40), 0);
    EQ(svc_with_sp(0x44), 0);
}

CASE(flags_are_stacked_and_come_back, 0)
{
    u32 psr;

    actions[SVC] = nothing;
    asm volatile("movs r0, #0\n mvns r0, r0\n lsls r0, r0, #28\n msr apsr_nzcvq, r0\n svc #1\n mrs %0, apsr"
                 : "=r" (psr) :: "r0", "cc", "memory");
    EQ(psr & 0xf0000000, 0xf0000000);
    EQ(seen[0].psr & 0xf1000000, 0xf1000000);
}

static void change_flags(Trap *t)
{
    t->frame[PSR] ^= 0xf8000000;
}

CASE(flags_are_those_of_the_frame, MAIN)
{
    u32 psr;

    actions[SVC] = change_flags;
    asm volatile("msr apsr_nzcvq, %1\n svc #1\n mrs %0, apsr" : "=r" (psr) : "r" (0x50000000) : "cc", "memory");
    EQ(psr & 0xf8000000, 0xa8000000);
}

CASE(ge_is_stacked, DSP)
{
    u32 psr;

    actions[SVC] = nothing;
    asm volatile("msr apsr_nzcvqg, %1\n svc #1\n mrs %0, apsr" : "=r" (psr) : "r" (0x080a0000) : "cc", "memory");
    EQ(psr & 0xf80f0000, 0x080a0000);
    EQ(seen[0].psr & 0xf90f0000, 0x090a0000);
}

/* ITSTATE of what comes next is stacked, and goes on. */
CASE(it_block_goes_on, MAIN)
{
    u32 a = 1, b = 2, c = 3;

    actions[SVC] = nothing;
    asm volatile("cmp %0, %0\n ittet eq\n moveq %1, #21\n svceq #1\n movne %2, #31\n moveq %0, #11"
                 : "+l" (a), "+l" (b), "+l" (c) :: "cc", "memory");
    EQ(a, 11);
    EQ(b, 21);
    EQ(c, 3);
    EQ(seen[0].psr & 0x0600fc00, 0x00001400);   /* of 00000101, advanced twice: 00010100 */
}

/* A device is written and read in the middle of an IT block: the instructions before and after have their conditions. */
CASE(devices_in_an_it_block, MAIN)
{
    volatile u32 other = 5;
    u32 a = 1, was = SYST_RVR;

    asm volatile("cmp %0, #1\n itete ge\n addge %0, #7\n movlt %0, #0\n strge %0, [%1]\n strlt %0, [%2]"
                 : "+l" (a) : "l" (&SYST_RVR), "l" (&other) : "cc", "memory");
    EQ(a, 8);
    EQ(SYST_RVR, 8);
    EQ(other, 5);
    asm volatile("cmp %0, #9\n itete ge\n strge %0, [%1]\n ldrlt %0, [%2]\n strge %0, [%2]\n addlt %0, #1"
                 : "+l" (a) : "l" (&other), "l" (&SYST_RVR) : "cc", "memory");
    EQ(a, 9);
    EQ(SYST_RVR, 8);
    EQ(other, 5);
    SYST_RVR = was;
}

CASE(handler_starts_outside_of_it, MAIN)
{
    u32 a = 1;

    actions[SVC] = nothing;
    asm volatile("cmp %0, #5\n itt ne\n svcne #1\n addne %0, #1" : "+l" (a) :: "cc", "memory");
    EQ(a, 2);
    EQ(num_seen, 1);
}

CASE(callee_registers_stay, 0)
{
    fill();
    actions[SVC] = nothing;
    svc_regs(regs);
    unchanged();
}

/* -- what comes when -------------------------------------------------------------------------------------------- */

CASE(pendsv_is_taken, 0)
{
    actions[PENDSV] = nothing;
    ICSR = ICSR_PENDSV;
    SYNC();
    EQ(num_seen, 1);
    EQ(seen[0].number, PENDSV);
    EQ(ICSR & ICSR_PENDSV, 0);
}

CASE(nmi_is_taken, 0)
{
    actions[NMI] = nothing;
    MSR("primask", 1);
    ICSR = ICSR_NMI;
    SYNC();
    EQ(num_seen, 1);
    EQ(seen[0].number, NMI);
    EQ(MRS("primask"), 1);
}

CASE(interrupt_by_ispr, 0)
{
    actions[IRQ0 + 20] = nothing;
    enable(20, 0x40);
    pend(20);
    EQ(num_seen, 1);
    EQ(seen[0].number, IRQ0 + 20);
    EQ(ISPR(0), 0);
}

CASE(disabled_interrupt_waits, 0)
{
    actions[IRQ0 + 21] = nothing;
    pend(21);
    EQ(num_seen, 0);
    EQ(ISPR(0), 1 << 21);
    ISER(0) = 1 << 21;
    SYNC();
    EQ(num_seen, 1);
    EQ(ISPR(0), 0);
}

CASE(unpended_interrupt_does_not_come, 0)
{
    MSR("primask", 1);
    enable(21, 0);
    pend(21);
    ICPR(0) = 1 << 21;
    SYNC();
    MSR("primask", 0);
    EQ(num_seen, 0);
}

CASE(primask_blocks, 0)
{
    actions[PENDSV] = nothing;
    MSR("primask", 1);
    ICSR = ICSR_PENDSV;
    SYNC();
    EQ(num_seen, 0);
    TRUE(ICSR & ICSR_PENDSV);
    EQ(ICSR >> 12 & 0x1ff, PENDSV);
    MSR("primask", 0);
    EQ(num_seen, 1);
}

CASE(cps_blocks, 0)
{
    actions[PENDSV] = nothing;
    asm volatile("cpsid i" ::: "memory");
    EQ(MRS("primask"), 1);
    ICSR = ICSR_PENDSV;
    SYNC();
    EQ(num_seen, 0);
    asm volatile("cpsie i\n isb" ::: "memory");
    EQ(num_seen, 1);
    EQ(MRS("primask"), 0);
}

static void by_letter(Trap *t)
{
    mark(t->number == PENDSV ? 'p' : t->number == SYSTICK ? 't' : t->number == SVC ? 's' : 'a' + t->number - IRQ0);
}

static void all_by_letter(void)
{
    actions[PENDSV] = actions[SYSTICK] = by_letter;
    for (u32 i = 0; i < 16; i++) {
        actions[IRQ0 + i] = by_letter;
    }
}

CASE(order_of_priorities, 0)
{
    all_by_letter();
    MSR("primask", 1);
    enable(0, 0xc0);
    enable(1, 0x40);
    enable(2, 0x80);
    enable(3, 0);
    pend(0);
    pend(1);
    pend(2);
    pend(3);
    MSR("primask", 0);
    TRUE(marked("dbca"));
}

CASE(order_of_numbers_at_one_priority, 0)
{
    all_by_letter();
    MSR("primask", 1);
    SHPR(3) = 0x40400000;
    for (u32 i = 0; i < 4; i++) {
        enable(i, 0x40);
    }
    pend(3);
    pend(1);
    ICSR = ICSR_PENDST;
    ICSR = ICSR_PENDSV;
    MSR("primask", 0);
    TRUE(marked("ptbd"));
}

/* -- tail chaining, preemption ---------------------------------------------------------------------------------- */

static void pend_1(Trap *t)
{
    mark('[');
    pend(1);
    mark(']');
}

CASE(tail_chaining, 0)
{
    all_by_letter();
    actions[IRQ0] = pend_1;
    enable(0, 0x40);
    enable(1, 0x80);
    pend(0);
    TRUE(marked("[]b"));
    EQ(seen[1].lr, seen[0].lr);
    EQ(seen[1].frame, seen[0].frame);
    EQ(seen[1].sp, seen[0].sp);
    EQ(seen[1].pc, seen[0].pc);
}

CASE(equal_priority_does_not_preempt, 0)
{
    all_by_letter();
    actions[IRQ0] = pend_1;
    enable(0, 0x40);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("[]b"));
}

CASE(preemption, 0)
{
    all_by_letter();
    actions[IRQ0] = pend_1;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("[b]"));
    EQ(seen[1].lr, 0xfffffff1);
    EQ(seen[1].psr & 0x1ff, IRQ0);
    TRUE(seen[1].frame < seen[0].sp);
}

CASE(preemption_from_psp, 0)
{
    all_by_letter();
    actions[IRQ0] = pend_1;
    enable(0, 0x80);
    enable(1, 0x40);
    EQ(on_psp((u32 (*)(u32))(uintptr_t)pend, 0, arena + 0x800, 2) != 1, 1);
    TRUE(marked("[b]"));
    EQ(seen[0].lr, 0xfffffffd);
    EQ(seen[1].lr, 0xfffffff1);
}

CASE(prigroup_decides_what_preempts, MAIN)
{
    all_by_letter();
    actions[IRQ0] = pend_1;
    AIRCR = VECTKEY | 6 << 8;                   /* group: bit 7 */
    enable(0, 0xc0);
    enable(1, 0x80);
    pend(0);
    TRUE(marked("[]b"));
    enable(1, 0x40);
    pend(0);
    TRUE(marked("[]b[b]"));
}

CASE(subpriority_orders, MAIN)
{
    all_by_letter();
    AIRCR = VECTKEY | 7 << 8;                   /* no group at all */
    MSR("primask", 1);
    enable(0, 0xc0);
    enable(1, 0x80);
    enable(2, 0x20);
    pend(0);
    pend(1);
    pend(2);
    MSR("primask", 0);
    TRUE(marked("cba"));
}

CASE(basepri_masks, MAIN)
{
    all_by_letter();
    enable(0, 0x80);
    enable(1, 0x60);
    MSR("basepri", 0x80);
    pend(0);
    TRUE(marked(""));
    pend(1);
    TRUE(marked("b"));
    MSR("basepri", 0xa0);
    TRUE(marked("ba"));
    MSR("basepri", 0);
}

CASE(basepri_zero_masks_nothing, MAIN)
{
    all_by_letter();
    enable(0, 0xe0);
    MSR("basepri", 0);
    pend(0);
    TRUE(marked("a"));
}

CASE(basepri_without_subpriority, MAIN)
{
    all_by_letter();
    AIRCR = VECTKEY | 6 << 8;
    enable(0, 0x80);
    enable(1, 0x60);
    MSR("basepri", 0xc0);                       /* group 0x80 */
    pend(0);
    TRUE(marked(""));
    pend(1);
    TRUE(marked("b"));
    MSR("basepri", 0);
    TRUE(marked("ba"));
}

CASE(basepri_max, MAIN)
{
    MSR("basepri", 0);
    MSR("basepri_max", 0x80);
    EQ(MRS("basepri"), 0x80);
    MSR("basepri_max", 0xc0);
    EQ(MRS("basepri"), 0x80);
    MSR("basepri_max", 0x40);
    EQ(MRS("basepri"), 0x40);
    MSR("basepri_max", 0);
    EQ(MRS("basepri"), 0x40);
    EQ(MRS("basepri_max"), 0x40);
    MSR("basepri", 0);
}

CASE(faultmask_blocks_and_is_cleared_by_return, MAIN)
{
    actions[NMI] = nothing;
    actions[PENDSV] = nothing;
    MSR("faultmask", 1);
    ICSR = ICSR_PENDSV;
    SYNC();
    EQ(num_seen, 0);
    ICSR = ICSR_NMI;
    SYNC();
    EQ(num_seen, 1);
    EQ(MRS("faultmask"), 1);                    /* not by NMI's return */
    asm volatile("cpsie f\n isb" ::: "memory");
    EQ(num_seen, 2);
}

static void set_faultmask(Trap *t)
{
    MSR("faultmask", 1);
    EQ(MRS("faultmask"), 1);
    pend(1);
    mark('m');
}

CASE(faultmask_of_a_handler, MAIN)
{
    all_by_letter();
    actions[IRQ0] = set_faultmask;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("mb"));                         /* cleared, then what waited */
    EQ(MRS("faultmask"), 0);
}

static void try_faultmask(Trap *t)
{
    MSR("faultmask", 1);
    EQ(MRS("faultmask"), 0);                    /* the priority is -2 */
    asm volatile("cpsid f" ::: "memory");
    EQ(MRS("faultmask"), 0);
}

CASE(faultmask_not_in_nmi, MAIN)
{
    actions[NMI] = try_faultmask;
    ICSR = ICSR_NMI;
    SYNC();
    EQ(num_seen, 1);
}

CASE(lowering_a_pending_priority_lets_it_preempt, MAIN)
{
    all_by_letter();
    enable(0, 0xc0);
    MSR("basepri", 0x80);
    pend(0);
    TRUE(marked(""));
    IPRB(0) = 0x40;
    SYNC();
    TRUE(marked("a"));
    MSR("basepri", 0);
}

static void raise_own(Trap *t)
{
    pend(1);
    mark('[');
    IPRB(0) = 0xc0;                             /* of the active one: v7-M, v8-M take it at once */
    SYNC();
    mark(']');
}

CASE(priority_of_an_active_exception, MAIN)
{
    all_by_letter();
    actions[IRQ0] = raise_own;
    enable(0, 0x40);
    enable(1, 0x80);
    pend(0);
    TRUE(marked("[b]"));
}

/* -- active and pending, as registers show them ----------------------------------------------------------------- */

static void look_at_active(Trap *t)
{
    EQ(ICSR & 0x1ff, t->number);
    if (has & MAIN) {
        EQ(ICSR & 1 << 11, 1 << 11);            /* RETTOBASE */
        EQ(IABR(0), 1 << 5);
    }
    EQ(ISPR(0), 0);
    pend(6);
    EQ(ISPR(0), 1 << 6);
    EQ(ICSR >> 12 & 0x1ff, IRQ0 + 6);
    EQ(ICSR & 1 << 22, 1 << 22);                /* ISRPENDING */
    ISPR(0) = 1 << 5;                           /* itself once more */
    SYNC();
    EQ(ISPR(0), 3 << 5);
    ICPR(0) = 3 << 5;
}

CASE(active_interrupt_in_registers, 0)
{
    actions[IRQ0 + 5] = look_at_active;
    enable(5, 0x40);
    ISER(0) = 1 << 6;
    IPR(1) |= 0xc0 << 16;
    pend(5);
    EQ(num_seen, 1);
    if (has & MAIN) {
        EQ(IABR(0), 0);
    }
    EQ(ICSR & 0x1ff, 0);
}

static void nested_rettobase(Trap *t)
{
    if (t->number == IRQ0) {
        pend(1);
    } else {
        EQ(ICSR & 1 << 11, 0);
        EQ(IABR(0), 3);
    }
}

CASE(rettobase_nested, MAIN)
{
    actions[IRQ0] = actions[IRQ1] = nested_rettobase;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    EQ(num_seen, 2);
}

static void look_at_shcsr(Trap *t)
{
    static const uint8_t bit[] = { [MEM] = 0, [BUS] = 1, [USAGE] = 3, [SVC] = 7, [PENDSV] = 10, [SYSTICK] = 11 };

    EQ(SHCSR & 0xdff & ~0x34u, 1u << bit[t->number]);
    if (t->number == USAGE) {
        skip(t);
    }
}

CASE(shcsr_active_bits, MAIN)
{
    actions[SVC] = actions[PENDSV] = actions[SYSTICK] = actions[USAGE] = look_at_shcsr;
    SHCSR |= USGFAULTENA;
    asm volatile("svc #1" ::: "memory");
    ICSR = ICSR_PENDSV;
    SYNC();
    ICSR = ICSR_PENDST;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    EQ(num_seen, 4);
    EQ(SHCSR & 0xfff, 0);
}

CASE(shcsr_pends, MAIN)
{
    static const struct { uint8_t exc, bit; } rows[] = { { USAGE, 12 }, { MEM, 13 }, { BUS, 14 }, { SVC, 15 } };

    actions[USAGE] = actions[MEM] = actions[BUS] = actions[SVC] = nothing;
    SHCSR |= MEMFAULTENA | BUSFAULTENA | USGFAULTENA;
    for (u32 i = 0; i < 4; i++) {
        MSR("primask", 1);
        SHCSR |= 1 << rows[i].bit;
        SYNC();
        EQ(SHCSR & 0xf000, 1 << rows[i].bit);
        EQ(num_seen, i);
        MSR("primask", 0);
        EQ(num_seen, i + 1);
        EQ(seen[i].number, rows[i].exc);
        EQ(SHCSR & 0xf000, 0);
    }
}

/* A fault that is pended by software and is not enabled stays pending. */
CASE(shcsr_pends_what_is_not_enabled, MAIN)
{
    actions[USAGE] = nothing;
    SHCSR |= 1 << 12;
    SYNC();
    EQ(num_seen, 0);
    SHCSR |= USGFAULTENA;
    SYNC();
    EQ(num_seen, 1);
}

/* -- escalation ------------------------------------------------------------------------------------------------- */

static void skip_marked(Trap *t)
{
    mark(t->number == HARD ? 'H' : t->number == USAGE ? 'U' : 'x');
    skip(t);
}

CASE(fault_that_is_not_enabled_escalates, 0)
{
    actions[HARD] = skip_marked;
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("H"));
    if (has & MAIN) {
        EQ(seen[0].cfsr, UNDEFINSTR);
        EQ(seen[0].hfsr, FORCED);
    }
    EQ(seen[0].psr & 0x1ff, 0);
}

CASE(svc_under_primask_escalates, 0)
{
    actions[HARD] = skip_marked;
    MSR("primask", 1);
    asm volatile("svc #1" ::: "memory");
    MSR("primask", 0);
    TRUE(marked("H"));
    EQ(*(uint16_t *)(uintptr_t)seen[0].pc, 0xdf01);      /* of a synchronous fault: the instruction */
    if (has & MAIN) {
        EQ(seen[0].cfsr, 0);
        EQ(seen[0].hfsr, FORCED);
    }
}

CASE(fault_under_basepri_escalates, MAIN)
{
    actions[USAGE] = actions[HARD] = skip_marked;
    SHCSR |= USGFAULTENA;
    SHPRB(USAGE) = 0x80;
    MSR("basepri", 0x80);
    asm volatile("udf #0" ::: "memory");
    MSR("basepri", 0x81);                       /* with 8 bits: lower than 0x80 */
    MSR("basepri", 0xa0);
    asm volatile("udf #0" ::: "memory");
    MSR("basepri", 0);
    TRUE(marked("HU"));
}

static void fault_again(Trap *t)
{
    mark('u');
    CFSR = UNDEFINSTR;
    asm volatile("udf #1" ::: "memory");
    skip(t);
}

CASE(fault_in_its_own_handler_escalates, MAIN)
{
    actions[USAGE] = fault_again;
    actions[HARD] = skip_marked;
    SHCSR |= USGFAULTENA;
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("uH"));
    EQ(seen[1].psr & 0x1ff, USAGE);
    EQ(seen[1].lr, 0xfffffff1);
}

static void svc_again(Trap *t)
{
    mark('s');
    asm volatile("svc #2" ::: "memory");
}

CASE(svc_in_svc_escalates, 0)
{
    actions[SVC] = svc_again;
    actions[HARD] = skip_marked;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("sH"));
    EQ(*(uint16_t *)(uintptr_t)seen[1].pc, 0xdf02);
}

CASE(bkpt_without_debugger_is_hardfault, 0)
{
    actions[HARD] = skip_marked;
    asm volatile("bkpt #1" ::: "memory");
    TRUE(marked("H"));
    EQ(*(uint16_t *)(uintptr_t)seen[0].pc, 0xbe01);
    if (has & MAIN) {
        EQ(seen[0].hfsr, DEBUGEVT);
        EQ(DFSR & 2, 2);
    }
}

CASE(bkpt_to_the_monitor, MAIN)
{
    actions[DEBUG] = skip_marked;
    DEMCR |= 1 << 16;
    asm volatile("bkpt #1" ::: "memory");
    TRUE(marked("x"));
    EQ(seen[0].hfsr, 0);
    EQ(DFSR, 2);
    DFSR = 2;
    EQ(DFSR, 0);
}

CASE(bkpt_under_basepri, MAIN)
{
    actions[HARD] = skip_marked;
    actions[DEBUG] = skip_marked;
    DEMCR |= 1 << 16;
    SHPRB(DEBUG) = 0x80;
    MSR("basepri", 0x40);
    asm volatile("bkpt #1" ::: "memory");
    MSR("basepri", 0);
    TRUE(marked("H"));
    EQ(seen[0].hfsr, DEBUGEVT);
}

CASE(monitor_pends_by_demcr, MAIN)
{
    actions[DEBUG] = nothing;
    DEMCR |= 3 << 16;
    SYNC();
    EQ(num_seen, 1);
    EQ(DEMCR & 1 << 17, 0);
}

/* -- EXC_RETURN ------------------------------------------------------------------------------------------------- */

static u32 bad_return, good_return;

static void return_badly(Trap *t)
{
    good_return = t->lr;
    t->lr = bad_return;
}

/* The handler of INVPC has the bad value in LR, and the frame where it was. */
static void see_invpc(Trap *t)
{
    EQ(CFSR, INVPC);
    CFSR = INVPC;
    if (has & V7) {
        EQ(t->lr, bad_return);
    }
    mark('I');
    t->lr = good_return;
}

static void bad(u32 value)
{
    u32 before = num_seen;

    bad_return = value;
    actions[SVC] = return_badly;
    actions[USAGE] = see_invpc;
    SHCSR |= USGFAULTENA;
    asm volatile("svc #1" ::: "memory");
    EQ(num_seen, before + 2);
    EQ(seen[before + 1].number, USAGE);
    EQ(SHCSR & 0xfff, 0);
}

CASE(exc_return_low_bits, V7)
{
    static const uint8_t low[] = { 0xf3, 0xf5, 0xf7, 0xf0, 0xfb, 0xff };

    for (u32 i = 0; i < sizeof(low); i++) {
        bad(0xffffff00 | low[i]);
    }
}

/* To Thread mode on the other stack pointer is no fault by itself; to Handler mode with a Thread frame is. */
CASE(exc_return_to_handler_with_thread_frame, MAIN)
{
    bad(0xfffffff1);
}

static void clear_own_active(Trap *t)
{
    good_return = bad_return = t->lr;
    SHCSR &= ~(1u << 7);
    SYNC();
}

static void see_invpc_inactive(Trap *t)
{
    EQ(CFSR, INVPC);
    CFSR = INVPC;
    mark('I');
    t->lr = good_return;
}

CASE(exc_return_of_what_is_not_active, MAIN)
{
    actions[SVC] = clear_own_active;
    actions[USAGE] = see_invpc_inactive;
    SHCSR |= USGFAULTENA;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("I"));
    EQ(SHCSR & 0xfff, 0);
}

static void thread_from_nested(Trap *t)
{
    if (t->number == IRQ0) {
        pend(1);
    } else {
        good_return = t->lr;
        bad_return = t->lr = 0xfffffff9;
    }
}

CASE(exc_return_to_thread_from_nested, V7)
{
    actions[IRQ0] = actions[IRQ1] = thread_from_nested;
    actions[USAGE] = see_invpc;
    SHCSR |= USGFAULTENA;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("I"));
    EQ(num_seen, 3);
    EQ(IABR(0), 0);
    EQ(ipsr(), 0);
}

static u32 nonbase_count;

static void thread_from_nested_ok(Trap *t)
{
    if (t->number == IRQ0) {
        mark('[');
        pend(1);
        /* in Thread mode now, at IRQ0's priority */
        nonbase_count = ipsr();
        EQ(IABR(0), 1);
        mark(']');
        /* back: an exception, which returns to Handler mode */
        asm volatile("svc #3" ::: "memory");
        EQ(ipsr(), IRQ0);
    } else if (t->number == IRQ1) {
        t->frame[PSR] &= ~0x1ffu;
        t->lr = 0xfffffff9;
    } else {
        t->frame[PSR] |= IRQ0;
        t->lr = 0xfffffff1;
    }
}

/* CCR.NONBASETHRDENA, RES1 in Armv8-M: Thread mode may be entered with exceptions active. */
CASE(exc_return_to_thread_with_nonbasethrdena, MAIN)
{
    actions[IRQ0] = actions[IRQ1] = actions[SVC] = thread_from_nested_ok;
    CCR |= 1;
    enable(0, 0x80);
    enable(1, 0x40);
    SHPRB(SVC) = 0;
    nonbase_count = 99;
    pend(0);
    TRUE(marked("[]"));
    EQ(nonbase_count, 0);
    EQ(num_seen, 3);
    EQ(IABR(0), 0);
}

static void thread_frame_with_exception(Trap *t)
{
    good_return = bad_return = t->lr;
    t->frame[PSR] |= SVC;
}

static void repair_frame(Trap *t)
{
    EQ(CFSR, INVPC);
    CFSR = INVPC;
    mark('I');
    EQ(t->frame[PSR] & 0x1ff, SVC);
    t->frame[PSR] &= ~0x1ffu;
    t->lr = good_return;
}

CASE(exc_return_to_thread_with_handler_frame, MAIN)
{
    actions[SVC] = thread_frame_with_exception;
    actions[USAGE] = repair_frame;
    SHCSR |= USGFAULTENA;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("I"));
    EQ(ipsr(), 0);
}

static void handler_frame_of_thread(Trap *t)
{
    if (t->number == IRQ0) {
        pend(1);
        mark('0');
    } else {
        good_return = t->lr;
        t->frame[PSR] &= ~0x1ffu;
    }
}

static void repair_handler_frame(Trap *t)
{
    EQ(CFSR, INVPC);
    CFSR = INVPC;
    mark('I');
    t->frame[PSR] |= IRQ0;
    t->lr = good_return;
}

CASE(exc_return_to_handler_with_thread_psr, MAIN)
{
    actions[IRQ0] = actions[IRQ1] = handler_frame_of_thread;
    actions[USAGE] = repair_handler_frame;
    SHCSR |= USGFAULTENA;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("I0"));
    EQ(IABR(0), 0);
}

static void clear_t(Trap *t)
{
    t->frame[PSR] &= ~(1u << 24);
}

static void see_invstate(Trap *t)
{
    if (has & MAIN) {
        EQ(CFSR, INVSTATE);
        CFSR = INVSTATE;
    }
    mark('T');
    EQ(t->frame[PSR] & 1 << 24, 0);
    t->frame[PSR] |= 1 << 24;
}

CASE(return_without_t_is_invstate, 0)
{
    actions[SVC] = clear_t;
    actions[USAGE] = actions[HARD] = see_invstate;
    if (has & MAIN) {
        SHCSR |= USGFAULTENA;
    }
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("T"));
    EQ(seen[1].pc, seen[0].pc);
}

CASE(exc_return_value_in_thread_mode_is_an_address, MAIN)
{
    actions[MEM] = leave;
    SHCSR |= MEMFAULTENA;
    call(0xfffffff9);
    EQ(num_seen, 1);
    EQ(seen[0].cfsr & 0xff, IACCVIOL);
    EQ(seen[0].pc, 0xfffffff8);
}

static void __attribute__((naked)) popper(void)
{
    asm volatile("push {r4, lr}\n movs r0, #'p'\n bl mark\n pop {r4, pc}");
}

static void __attribute__((naked)) loader(void)
{
    asm volatile("push {r4, lr}\n movs r0, #'l'\n bl mark\n ldr r4, [sp], #4\n ldr pc, [sp], #4");
}

static void __attribute__((naked)) multiple(void)
{
    asm volatile("push {r4, lr}\n movs r0, #'m'\n bl mark\n ldmia.w sp!, {r4, pc}");
}

/* POP, LDR and LDM to the PC return from exceptions too. */
CASE(exception_return_by_loads, MAIN)
{
    static u32 table[48] __attribute__((aligned(256)));
    static void (*const ways[])(void) = { popper, loader, multiple };
    u32 was = VTOR;

    for (u32 i = 0; i < 48; i++) {
        table[i] = ((u32 *)(uintptr_t)was)[i];
    }
    for (u32 i = 0; i < 3; i++) {
        table[SVC] = (u32)(uintptr_t)ways[i];
        VTOR = (u32)(uintptr_t)table;
        SYNC();
        asm volatile("svc #1" ::: "memory");
        EQ(ipsr(), 0);
    }
    VTOR = was;
    SYNC();
    TRUE(marked("plm"));
}

/* -- vectors ---------------------------------------------------------------------------------------------------- */

static u32 ram_table[48] __attribute__((aligned(256)));

static u32 to_ram(void)
{
    u32 was = VTOR;

    for (u32 i = 0; i < 48; i++) {
        ram_table[i] = ((u32 *)(uintptr_t)was)[i];
    }
    VTOR = (u32)(uintptr_t)ram_table;
    SYNC();
    return was;
}

static void __attribute__((naked)) other_handler(void)
{
    asm volatile("push {r4, lr}\n movs r0, #'o'\n bl mark\n pop {r4, pc}");
}

CASE(vtor_moves_the_table, MAIN)
{
    u32 was = to_ram();

    ram_table[PENDSV] = (u32)(uintptr_t)other_handler;
    SYNC();
    ICSR = ICSR_PENDSV;
    SYNC();
    VTOR = was;
    TRUE(marked("o"));
    EQ(num_seen, 0);
}

CASE(vector_without_t_is_invstate, MAIN)
{
    u32 was = to_ram();

    ram_table[PENDSV] = (u32)(uintptr_t)other_handler & ~1u;
    SHCSR |= USGFAULTENA;
    SHPRB(PENDSV) = 0x80;
    actions[USAGE] = see_invstate;
    ICSR = ICSR_PENDSV;
    SYNC();
    VTOR = was;
    TRUE(marked("To"));
    EQ(seen[0].pc, (u32)(uintptr_t)other_handler & ~1u);
    EQ(seen[0].psr & 0x1ff, PENDSV);
    EQ(seen[0].lr, 0xfffffff1);
}

static void see_vecttbl(Trap *t)
{
    mark('V');
    EQ(HFSR & VECTTBL, VECTTBL);
    EQ(CFSR & 0xff00, 0);                       /* VECTTBL says it all: BFSR has no bit for it */
    EQ(ISPR(0), 1 << 20);                       /* it was not activated, and would come again */
    ICPR(0) = 1 << 20;
}

/* The table ends with memory: interrupts above 15 have no vector that can be read. */
CASE(vector_that_cannot_be_read, MAIN | WATCHDOG)
{
    u32 was = VTOR, *table = (u32 *)(RAM_END - 0x80);

    for (u32 i = 0; i < 32; i++) {
        table[i] = ((u32 *)(uintptr_t)was)[i];
    }
    VTOR = (u32)(uintptr_t)table;
    SYNC();
    actions[HARD] = see_vecttbl;
    actions[IRQ0 + 20] = nothing;
    enable(20, 0x40);
    pend(20);
    VTOR = was;
    SYNC();
    EQ(seen[0].number, HARD);
    EQ(seen[0].psr & 0x1ff, 0);                 /* the interrupt's handler was not entered */
    EQ(seen[0].lr, 0xfffffff9);
    TRUE(marked("V"));
}

/* -- what else an exception does -------------------------------------------------------------------------------- */

CASE(exception_clears_the_monitor, MAIN)
{
    u32 word = 5, old, fail;

    actions[SVC] = nothing;
    asm volatile("ldrex %0, [%2]\n strex %1, %3, [%2]" : "=&r" (old), "=&r" (fail) : "r" (&word), "r" (7) : "memory");
    EQ(fail, 0);
    EQ(word, 7);
    asm volatile("ldrex %0, [%2]\n svc #1\n strex %1, %3, [%2]" : "=&r" (old), "=&r" (fail) : "r" (&word), "r" (9) : "memory");
    EQ(fail, 1);
    EQ(word, 7);
    asm volatile("ldrex %0, [%2]\n clrex\n strex %1, %3, [%2]" : "=&r" (old), "=&r" (fail) : "r" (&word), "r" (9) : "memory");
    EQ(fail, 1);
    asm volatile("strex %1, %3, [%2]" : "=&r" (old), "=&r" (fail) : "r" (&word), "r" (9) : "memory");
    EQ(fail, 1);
}

static void exclusive_in_handler(Trap *t)
{
    static u32 other;
    u32 old;

    asm volatile("ldrex %0, [%1]" : "=r" (old) : "r" (&other) : "memory");
}

CASE(return_clears_the_monitor, MAIN)
{
    u32 word = 5, old, fail;

    actions[SVC] = exclusive_in_handler;
    asm volatile("ldrex %0, [%2]\n svc #1\n strex %1, %3, [%2]" : "=&r" (old), "=&r" (fail) : "r" (&word), "r" (9) : "memory");
    EQ(fail, 1);
    EQ(word, 5);
}

/* Entry and return set the event register: this would not end otherwise. */
CASE(exception_sets_the_event_register, 0)
{
    asm volatile("sev\n wfe" ::: "memory");
    actions[SVC] = nothing;
    asm volatile("svc #1\n wfe" ::: "memory");
    EQ(num_seen, 1);
}

static void wfe_in_handler(Trap *t)
{
    asm volatile("wfe" ::: "memory");
    mark('e');
}

CASE(entry_sets_the_event_register, 0)
{
    asm volatile("sev\n wfe" ::: "memory");
    actions[SVC] = wfe_in_handler;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("e"));
}

/* -- waiting ---------------------------------------------------------------------------------------------------- */

static void start_systick(u32 ticks)
{
    SYST_RVR = ticks;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

/* It may have come again on a slow host. */
static void stop_systick(Trap *t)
{
    SYST_CSR = 0;
    ICSR = ICSR_UNPENDST;
    mark('t');
}

/* SysTick does not run on the other emulator's microbit, nor on the real one: there the interrupt is pended. */
#define CAN_TICK MAIN

/* However hot the code is: what is pending comes while interrupts are on, if for two instructions. */
CASE(windows_in_a_hot_loop, 0)
{
    u32 missed = 0;

    actions[IRQ0 + 1] = nothing;
    enable(1, 0);
    MSR("primask", 1);
    for (u32 i = 0; i < 12000; i++) {
        num_seen = 0;
        ISPR(0) = 2;
        asm volatile("cpsie i\n isb\n cpsid i" ::: "memory");
        missed += num_seen != 1;
        num_seen = 0;
        ISPR(0) = 2;
        asm volatile("msr primask, %0\n isb\n msr primask, %1" :: "r" (0), "r" (1) : "memory");
        missed += num_seen != 1;
    }
    MSR("primask", 0);
    EQ(missed, 0);
}

CASE(wfi_wakes_by_an_interrupt, CAN_TICK)
{
    actions[SYSTICK] = stop_systick;
    start_systick(20000);
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    TRUE(marked("t"));
}

CASE(wfi_wakes_under_primask, CAN_TICK)
{
    actions[SYSTICK] = stop_systick;
    MSR("primask", 1);
    start_systick(20000);
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    TRUE(marked(""));
    TRUE(ICSR & ICSR_PENDST);
    SYST_CSR = 0;
    MSR("primask", 0);
    TRUE(marked("t"));
}

CASE(wfi_does_not_wait_with_something_pending, 0)
{
    actions[PENDSV] = nothing;
    MSR("primask", 1);
    ICSR = ICSR_PENDSV;
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    EQ(num_seen, 0);
    MSR("primask", 0);
    EQ(num_seen, 1);
}

/* What BASEPRI lets through wakes. */
CASE(wfi_respects_basepri, CAN_TICK)
{
    actions[SYSTICK] = stop_systick;
    SHPRB(SYSTICK) = 0x40;
    MSR("basepri", 0x80);
    start_systick(20000);
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    TRUE(marked("t"));
    MSR("basepri", 0);
}

CASE(wfe_wakes_by_sevonpend, CAN_TICK)
{
    actions[SYSTICK] = stop_systick;
    SCR = 1 << 4;
    MSR("primask", 1);
    asm volatile("sev\n wfe" ::: "memory");
    start_systick(20000);
    asm volatile("dsb\n wfe\n isb" ::: "memory");
    TRUE(marked(""));
    TRUE(ICSR & ICSR_PENDST);
    SYST_CSR = 0;
    MSR("primask", 0);
    TRUE(marked("t"));
}

CASE(sevonpend_by_a_disabled_interrupt, 0)
{
    SCR = 1 << 4;
    asm volatile("sev\n wfe" ::: "memory");
    pend(3);
    asm volatile("wfe" ::: "memory");
    EQ(num_seen, 0);
    ICPR(0) = 8;
}

CASE(wfe_takes_an_interrupt, CAN_TICK)
{
    actions[SYSTICK] = stop_systick;
    asm volatile("sev\n wfe" ::: "memory");
    start_systick(20000);
    asm volatile("dsb\n wfe\n isb" ::: "memory");
    TRUE(marked("t"));
}

static void end_of_sleep(Trap *t)
{
    mark('t');
    if (num_seen >= 3) {
        SCR = 0;
        SYST_CSR = 0;
        ICSR = ICSR_UNPENDST;
    }
}

/* With SLEEPONEXIT the Thread code behind the WFI is not reached before the third tick. */
CASE(sleep_on_exit, CAN_TICK)
{
    actions[SYSTICK] = end_of_sleep;
    SCR = 2;
    start_systick(20000);
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    mark('.');
    TRUE(marked("ttt."));
}

/* -- lockup ----------------------------------------------------------------------------------------------------- */

static void fault_in_hardfault(Trap *t)
{
    expect_lockup();
    asm volatile("udf #0" ::: "memory");
    print("not ok: alive\n");
}

CASE(lockup_in_hardfault, 0)
{
    actions[HARD] = fault_in_hardfault;
    asm volatile("udf #0" ::: "memory");
}

CASE(lockup_in_nmi, 0)
{
    actions[NMI] = fault_in_hardfault;
    ICSR = ICSR_NMI;
    SYNC();
}

static void svc_in_hardfault(Trap *t)
{
    expect_lockup();
    asm volatile("svc #0" ::: "memory");
    print("not ok: alive\n");
}

CASE(lockup_by_svc_in_hardfault, 0)
{
    actions[HARD] = svc_in_hardfault;
    asm volatile("udf #0" ::: "memory");
}

CASE(lockup_by_fault_under_faultmask, MAIN)
{
    MSR("faultmask", 1);
    expect_lockup();
    asm volatile("udf #0" ::: "memory");
    print("not ok: alive\n");
}

static void bad_stack_in_hardfault(Trap *t)
{
    expect_lockup();
    probe_read(HOLE);
    print("not ok: alive\n");
}

CASE(lockup_by_bus_error_in_hardfault, 0)
{
    actions[HARD] = bad_stack_in_hardfault;
    asm volatile("udf #0" ::: "memory");
}

/* The watchdog's NMI gets a locked-up CPU out of it: it sees the lockup address, and leads back. */
static void nmi_from_lockup(Trap *t)
{
    REG(WDOG + 0xc00) = 0x1acce551;
    REG(WDOG + 0xc) = 1;
    REG(WDOG + 8) = 0;
    mark('N');
    EQ(t->frame[PC], has & V8 ? 0xeffffffe : 0xfffffffe);
    EQ(t->frame[PSR] & 0x1ff, HARD);
    EQ(t->lr, 0xfffffff1);
    t->frame[PC] = t->frame[LR] & ~1u;          /* udf_call's caller */
    t->frame[PSR] |= 1 << 24;
}

static void __attribute__((naked)) udf_call(void)
{
    asm volatile("udf #3\n bx lr");
}

static void lock_up(Trap *t)
{
    mark('H');
    udf_call();
    mark('h');
    skip(t);
}

CASE(nmi_leaves_lockup, WATCHDOG)
{
    actions[NMI] = nmi_from_lockup;
    actions[HARD] = lock_up;
    REG(WDOG + 0xc00) = 0x1acce551;
    REG(WDOG) = 200000;
    REG(WDOG + 8) = 1;
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("HNh"));
}
