/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The floating-point context: extended frames, lazy state preservation (Armv7-M ARM, B1.5.7; Armv8-M ARM, B3.20 to B3.24). */
#include "targets/arm/tests/m_system/test.h"

enum {
    LSPACT = 1, USER = 2, S_BIT = 4, THREAD = 8, HFRDY = 16, MMRDY = 32, BFRDY = 64, MONRDY = 256, LSPEN = 1 << 30,
};
#define ASPEN (1u << 31)
static u32 in[33], out[33];

static void load_s(const u32 *from)
{
    asm volatile("vldmia %0!, {s0-s31}\n ldr r3, [%0]\n vmsr fpscr, r3" : "+r" (from) :: "r3", "memory");
}

static void store_s(u32 *to)
{
    asm volatile("vstmia %0!, {s0-s31}\n vmrs r3, fpscr\n str r3, [%0]" : "+r" (to) :: "r3", "memory");
}

static void clobber_s(void)
{
    asm volatile("vmov s0, %0\n vmov.f32 s1, s0\n vmov s15, %0\n" :: "r" (0x33333333) : "memory");
}

static void fill(void)
{
    for (u32 i = 0; i < 32; i++) {
        in[i] = 0x3f800000 + i;
        out[i] = 0;
    }
    in[32] = 0x50c00000;
    load_s(in);
}

static void unchanged(void)
{
    store_s(out);
    for (u32 i = 0; i < 33; i++) {
        EQ(out[i], in[i]);
    }
}

/* Secure state with FPCCR.S shows it in the register. */
static u32 fpccr(void)
{
    return FPCCR & ~(has & SEC ? S_BIT | 1u << 7 | 1u << 10 : 0);
}

CASE(fpca_is_set_by_fp, FP)
{
    EQ(MRS("control") & 4, 0);
    asm volatile("vmov.f32 s0, s1" ::: "memory");
    EQ(MRS("control") & 4, 4);
    MSR("control", 0);
    EQ(MRS("control") & 4, 0);
    FPCCR = LSPEN;                              /* ASPEN 0 */
    SYNC();
    asm volatile("vmov.f32 s0, s1" ::: "memory");
    EQ(MRS("control") & 4, 0);
}

/* A new context begins with FPDSCR. */
CASE(fpdscr_is_the_first_fpscr, FP)
{
    u32 v;

    FPDSCR = 0x02800000;
    SYNC();
    asm volatile("vmrs %0, fpscr" : "=r" (v));
    EQ(v, 0x02800000);
    asm volatile("vmsr fpscr, %0" :: "r" (0));
    asm volatile("vmrs %0, fpscr" : "=r" (v));
    EQ(v, 0);
    FPDSCR = 0;
}

static void look_lazy(Trap *t)
{
    u32 want = LSPACT | THREAD | ASPEN | LSPEN;

    EQ(t->lr, has & SEC ? 0xffffffe9 : 0xffffffe9);
    EQ(fpccr() & ~(u32)(HFRDY | MMRDY | BFRDY | MONRDY), want);
    EQ(fpccr() & HFRDY, HFRDY);
    EQ(fpccr() & (MMRDY | BFRDY | MONRDY), 0);  /* neither is enabled */
    EQ(FPCAR, (u32)(uintptr_t)(t->frame + 8));
    EQ(MRS("control") & 4, 0);
    EQ((u32)(uintptr_t)t->frame & 7, 0);
}

CASE(lazy_frame, FP)
{
    fill();
    actions[SVC] = look_lazy;
    asm volatile("svc #1" ::: "memory");
    EQ(FPCCR & LSPACT, 0);
    EQ(MRS("control") & 4, 4);
    unchanged();
}

static void use_fp(Trap *t)
{
    u32 v;

    t->frame[8] = 0xabababab;
    EQ(FPCCR & LSPACT, LSPACT);
    asm volatile("vmov.f32 s2, s3" ::: "memory");
    EQ(FPCCR & LSPACT, 0);
    EQ(MRS("control") & 4, 4);
    for (u32 i = 0; i < 16; i++) {
        EQ(t->frame[8 + i], in[i]);
    }
    EQ(t->frame[24], in[32]);
    asm volatile("vmrs %0, fpscr" : "=r" (v));
    EQ(v, 0);                                   /* FPDSCR */
    clobber_s();
    mark('f');
}

CASE(first_use_preserves, FP)
{
    fill();
    actions[SVC] = use_fp;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("f"));
    /* S16 to S31 are the callee's to save */
    unchanged();
    EQ(MRS("control") & 4, 4);
}

static void look_eager(Trap *t)
{
    EQ(t->lr, 0xffffffe9);
    EQ(FPCCR & LSPACT, 0);
    for (u32 i = 0; i < 16; i++) {
        EQ(t->frame[8 + i], in[i]);
    }
    EQ(t->frame[24], in[32]);
    clobber_s();
}

CASE(eager_frame, FP)
{
    FPCCR = ASPEN;
    SYNC();
    fill();
    actions[SVC] = look_eager;
    asm volatile("svc #1" ::: "memory");
    unchanged();
}

static void look_basic(Trap *t)
{
    EQ(t->lr, 0xfffffff9);
    EQ(FPCCR & LSPACT, 0);
}

CASE(no_context_no_room, FP)
{
    actions[SVC] = look_basic;
    MSR("control", 0);
    asm volatile("svc #1" ::: "memory");
    EQ(MRS("control") & 4, 0);
}

static void start_fp(Trap *t)
{
    asm volatile("vmov.f32 s2, s3" ::: "memory");
    EQ(MRS("control") & 4, 4);
}

/* FPCA after the return is what EXC_RETURN says, whatever the handler did. */
CASE(fpca_after_return, FP)
{
    actions[SVC] = start_fp;
    MSR("control", 0);
    asm volatile("svc #1" ::: "memory");
    EQ(seen[0].lr, 0xfffffff9);
    EQ(MRS("control") & 4, 0);
}

static void nested_fp(Trap *t)
{
    if (t->number == IRQ0) {
        clobber_s();
        mark('[');
        pend(1);
        mark(']');
        {
            u32 v;

            asm volatile("vmov %0, s15" : "=r" (v));
            EQ(v, 0x33333333);
        }
    } else {
        EQ(t->lr, 0xffffffe1);
        EQ(FPCCR & LSPACT, LSPACT);
        EQ(FPCCR & THREAD, 0);
        asm volatile("vmov s15, %0" :: "r" (0));
        EQ(FPCCR & LSPACT, 0);
        mark('n');
    }
}

CASE(lazy_state_of_a_handler, FP)
{
    fill();
    actions[IRQ0] = actions[IRQ1] = nested_fp;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("[n]"));
    unchanged();
}

/* A handler that leaves the deferred state alone, interrupted by one that uses it. */
static void outer_without_fp(Trap *t)
{
    if (t->number == IRQ0) {
        EQ(FPCCR & LSPACT, LSPACT);
        pend(1);
        EQ(FPCCR & LSPACT, 0);
    } else {
        EQ(t->lr, 0xfffffff1);                  /* its own context is not the Thread's */
        EQ(FPCCR & LSPACT, LSPACT);
        clobber_s();
        mark('n');
    }
}

CASE(deferred_through_two_levels, FP)
{
    fill();
    actions[IRQ0] = actions[IRQ1] = outer_without_fp;
    enable(0, 0x80);
    enable(1, 0x40);
    pend(0);
    TRUE(marked("n"));
    unchanged();
}

static void tail_fp(Trap *t)
{
    if (t->number == IRQ0) {
        pend(1);
        mark('a');
    } else {
        EQ(t->lr, 0xffffffe9);
        EQ(FPCCR & LSPACT, LSPACT);
        clobber_s();
        mark('b');
    }
}

CASE(deferred_through_tail_chaining, FP)
{
    fill();
    actions[IRQ0] = actions[IRQ1] = tail_fp;
    enable(0, 0x40);
    enable(1, 0x80);
    pend(0);
    TRUE(marked("ab"));
    unchanged();
}

static u32 svc_in_thread(u32 arg)
{
    asm volatile("svc #1" ::: "memory");
    return 0;
}

static void look_user(Trap *t)
{
    EQ(t->lr, 0xffffffed);
    EQ(FPCCR & (LSPACT | USER | THREAD), LSPACT | USER | THREAD);
    EQ(FPCCR & (MMRDY | BFRDY), MMRDY | BFRDY);
}

CASE(fpccr_of_unprivileged_code, FP)
{
    SHCSR |= MEMFAULTENA | BUSFAULTENA;
    SHPRB(SVC) = 0x80;
    actions[SVC] = look_user;
    fill();
    on_psp(svc_in_thread, 0, arena + 0x800, 7);
    EQ(num_seen, 1);
    MSR("control", 0);
}

static void rdy_by_priority(Trap *t)
{
    EQ(FPCCR & (MMRDY | BFRDY), BFRDY);
}

/* xxRDY: the fault could have been taken where the frame was made. */
CASE(fpccr_ready_bits, FP)
{
    SHCSR |= MEMFAULTENA | BUSFAULTENA;
    SHPRB(MEM) = 0x80;
    SHPRB(BUS) = 0x20;
    actions[SVC] = rdy_by_priority;
    fill();
    MSR("basepri", 0x60);
    asm volatile("svc #1" ::: "memory");
    MSR("basepri", 0);
    EQ(num_seen, 1);
}

CASE(extended_frame_is_aligned, FP)
{
    actions[SVC] = nothing;
    fill();
    EQ(svc_with_sp(0x40), 0);
    EQ(svc_with_sp(0x44), 0);
    EQ(seen[0].frame & 7, 0);
    EQ(seen[1].frame & 7, 0);
    EQ((seen[0].psr ^ seen[1].psr) & 1 << 9, 1 << 9);
    unchanged();
}

/* v7-M: an extended frame is aligned with STKALIGN 0, too. */
CASE(extended_frame_without_stkalign, FP | V7)
{
    CCR = 0;
    actions[SVC] = nothing;
    fill();
    EQ(svc_with_sp(0x40), 0);
    EQ(svc_with_sp(0x44), 0);
    EQ(seen[0].frame & 7, 0);
    EQ(seen[1].frame & 7, 0);
    EQ((seen[0].psr ^ seen[1].psr) & 1 << 9, 1 << 9);
    unchanged();
}

CASE(extended_frame_size, FP)
{
    u32 sp, sp_basic;

    actions[SVC] = nothing;
    MSR("control", 0);
    asm volatile("mov %0, sp\n svc #1" : "=r" (sp_basic) :: "memory");
    fill();
    asm volatile("mov %0, sp\n svc #1" : "=r" (sp) :: "memory");
    EQ(sp_basic, sp);
    EQ(seen[0].frame - seen[1].frame, 0x48);
}

static void fp_off(Trap *t)
{
    CPACR = 0;
    SYNC();
    asm volatile("vmov.f32 s0, s1" ::: "memory");
    EQ(FPCCR & LSPACT, LSPACT);
    CPACR = 0xf << 20;
    SYNC();
}

static void see_nocp(Trap *t)
{
    EQ(CFSR, NOCP);
    CFSR = NOCP;
    mark('N');
    skip(t);
}

CASE(nocp_before_preservation, FP)
{
    fill();
    SHCSR |= USGFAULTENA;
    SHPRB(SVC) = 0x80;
    actions[USAGE] = see_nocp;
    actions[SVC] = fp_off;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("N"));
    unchanged();
}

/* -- faults of the deferred store ------------------------------------------------------------------------------- */

static void lazily_nowhere(Trap *t)
{
    FPCAR = HOLE;
    asm volatile("vmov.f32 s0, s1" ::: "memory");
    mark('.');
    FPCAR = (u32)(uintptr_t)(t->frame + 8);
}

static void see_lsperr(Trap *t)
{
    mark(t->number == BUS ? 'B' : 'H');
    EQ(CFSR, LSPERR);
    CFSR = LSPERR;
    REG(0xe000ef38) = (u32)(uintptr_t)arena;
    FPCCR &= ~(u32)LSPACT;
    skip(t);
}

CASE(lsperr, FP | WATCHDOG)
{
    fill();
    SHCSR |= BUSFAULTENA;
    SHPRB(SVC) = 0x80;
    actions[BUS] = see_lsperr;
    actions[SVC] = lazily_nowhere;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("B."));
    MSR("control", 0);
}

/* The fault was not to be taken when the frame was made: HardFault. */
CASE(lsperr_escalates, FP | WATCHDOG)
{
    fill();
    actions[HARD] = see_lsperr;
    actions[SVC] = lazily_nowhere;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("H."));
    EQ(seen[1].hfsr, FORCED);
    MSR("control", 0);
}

static void lazily_protected(Trap *t)
{
    if (has & MPU8) {
        MPU_RNR = 0;
        MPU_RBAR = (u32)(uintptr_t)arena | 3 << 1;
        MPU_RLAR = (u32)(uintptr_t)arena | 0x1e0 | 1;
    } else {
        MPU_RNR = 0;
        MPU_RBAR = (u32)(uintptr_t)arena;
        MPU_RASR = 6 << 24 | 8 << 1 | 1;
    }
    FPCAR = (u32)(uintptr_t)arena;
    MPU_CTRL = 5;
    SYNC();
    asm volatile("vmov.f32 s0, s1" ::: "memory");
    mark('.');
    MPU_CTRL = 0;
    FPCAR = (u32)(uintptr_t)(t->frame + 8);
}

static void see_mlsperr(Trap *t)
{
    mark('M');
    EQ(CFSR, MLSPERR);
    CFSR = MLSPERR;
    MPU_CTRL = 0;
    SYNC();
}

/* The instruction is tried again after the handler, and preserves. */
CASE(mlsperr, FP)
{
    fill();
    SHCSR |= MEMFAULTENA;
    SHPRB(SVC) = 0x80;
    actions[MEM] = see_mlsperr;
    actions[SVC] = lazily_protected;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("M."));
    EQ(REG(arena + 12), 0x3f800003);
    MSR("control", 0);
}

/* -- double precision ------------------------------------------------------------------------------------------- */

CASE(double_without_dp_is_undefined, FP)
{
    SHCSR |= USGFAULTENA;
    actions[USAGE] = skip;
    asm volatile(".word 0x0b02ee31" ::: "memory");       /* VADD.F64 D0, D1, D2 */
    if (has & DP) {
        EQ(num_seen, 0);
    } else {
        EQ(num_seen, 1);
        EQ(seen[0].cfsr, UNDEFINSTR);
    }
    MSR("control", 0);
}
