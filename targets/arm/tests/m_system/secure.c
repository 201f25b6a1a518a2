/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Security Extension (Armv8-M ARM, DDI 0553B: B3 exceptions, B8 attribution, B10 and C2.4): calls, returns, frames, faults,
 * banked state. Secure memory is where bit 28 of an address is set; Non-secure software is in non_secure.S.
 */
#include "targets/arm/tests/m_system/test.h"

enum { D_LR = 13, D_IPSR, D_APSR, D_CONTROL, D_SP, D_COUNT, D_CFSR, D_ACTION, D_RETURN };
extern volatile u32 ns_dump[], ns_word[], ns_fp[];
extern u32 ns_vectors[];
#define FN(name) extern char name[];
FN(ns_add_1) FN(ns_look) FN(ns_load) FN(ns_load8) FN(ns_store) FN(ns_call) FN(ns_udf) FN(ns_bxns) FN(ns_blxns) FN(ns_tta)
FN(ns_tt) FN(ns_sg) FN(ns_svc) FN(ns_fp_add) FN(ns_fp_store) FN(ns_fp_regs) FN(ns_mrs_primask) FN(ns_mrs_control)
FN(ns_mrs_faultmask) FN(ns_mrs_ns_alias) FN(ns_msr_control) FN(ns_push) FN(ns_vlstm) FN(ns_cps) FN(ns_skip) FN(ns_use_fp)
FN(ns_pend_0) FN(veneer_hook) FN(veneer_add_2) FN(veneer_look) FN(no_veneer) FN(veneer_at_halfword) FN(call_ns_return)
u32 call_ns(char *fn, u32 a, u32 b);
void bxns_to(char *fn, u32 psr);
u32 secure_seen[4], secure_sp;
#define ADDR(p) ((u32)(uintptr_t)(p))
#define NS_STACK 0x28190000u

/* The memory protection controller of a memory lets Non-secure accesses through to [first, last). */
static void open_mpc(u32 mpc, u32 first, u32 last)
{
    u32 max = REG(mpc + 0x10), size = 1u << ((REG(mpc + 0x14) & 15) + 5);

    REG(mpc) &= ~0x100u;
    for (u32 word = 0; word <= max; word++) {
        u32 bits = 0;

        for (u32 i = 0; i < 32; i++) {
            u32 at = (32 * word + i) * size;

            bits |= at >= first && at < last ? 1u << i : 0;
        }
        REG(mpc + 0x18) = word;
        REG(mpc + 0x1c) = bits;
    }
}

static void sau(u32 n, u32 first, u32 last, u32 nsc)
{
    SAU_RNR = n;
    SAU_RBAR = first;
    SAU_RLAR = (last & ~31u) | nsc << 1 | 1;
}

/* Before the first case; what cases change of it they put back. */
void non_secure_init(void)
{
    open_mpc(0x58007000, 0x200000, 0x280000);
    open_mpc(0x58008000, 0x180000, 0x200000);
    sau(0, 0x00200000, 0x0027ffff, 0);
    sau(1, 0x28180000, 0x281fffff, 0);
    sau(2, 0x10280000, 0x102fffff, 1);
    sau(3, 0x40000000, 0x4fffffff, 0);
    sau(4, 0xa0000000, 0xafffffff, 0);          /* where nothing is */
    REG(0x50080014) = 1;                        /* the IDAU: code memory may have entries */
    SAU_CTRL = 1;
    NS(VTOR) = ADDR(ns_vectors);
    NS(CPACR) = 0xf << 20;
    SYNC();
}

static void start(void)
{
    asm volatile("msr msp_ns, %0\n msr psp_ns, %1\n msr control_ns, %2\n msr primask_ns, %2\n msr faultmask_ns, %2\n"
                 "msr basepri_ns, %2\n msr msplim_ns, %2\n msr psplim_ns, %2" :: "r" (NS_STACK), "r" (NS_STACK - 0x1000), "r" (0));
    for (u32 i = 0; i < 32; i++) {
        ns_dump[i] = 0;
    }
    NS(SHCSR) = 0;
    NS(CFSR) = ~0u;
    NS(CCR) = 0x200;
    NS(SCR) = 0;
    NS(ICSR) = ICSR_UNPENDSV | ICSR_UNPENDST;
    NS(CPACR) = 0xf << 20;
    NS(MPU_CTRL) = 0;
    NS(SHPR(1)) = NS(SHPR(2)) = NS(SHPR(3)) = 0;
    NS(AIRCR) = VECTKEY;
    SYNC();
}

static void to_ns(u32 irq, u32 prio)
{
    ITNS(0) |= 1u << irq;
    enable(irq, prio);
}

/* One SecureFault of a status, at an address of Non-secure code that is skipped. */
static void one_secure_fault(u32 sfsr)
{
    EQ(num_seen, 1);
    EQ(seen[0].number, SECURE);
    EQ(SFSR, sfsr);
    SFSR = sfsr;
    EQ(SFSR, 0);
    num_seen = 0;
}

/* -- attribution ------------------------------------------------------------------------------------------------ */

CASE(sau_registers, SEC)
{
    EQ(SAU_TYPE, 8);
    SAU_RNR = 7;
    SAU_RBAR = ~0u;
    EQ(SAU_RBAR, 0xffffffe0);
    SAU_RLAR = 0xfffffffe;
    EQ(SAU_RLAR, 0xffffffe2);
    SAU_RBAR = SAU_RLAR = 0;
    SAU_RNR = 2;
    EQ(SAU_RBAR, 0x10280000);
    EQ(SAU_RLAR, 0x102fffe3);
    EQ(SAU_CTRL, 1);
}

enum { MRVALID = 1 << 16, SRVALID = 1 << 17, TT_R = 1 << 18, TT_RW = 1 << 19, NSR = 1 << 20, NSRW = 1 << 21, TT_S = 1 << 22 };

static u32 tt(u32 addr)
{
    u32 v;

    asm volatile("tt %0, %1" : "=r" (v) : "r" (addr));
    return v & 0x7fffff;                        /* which regions an IDAU has is its own matter */
}

static u32 tta(u32 addr)
{
    u32 v;

    asm volatile("tta %0, %1" : "=r" (v) : "r" (addr));
    return v & 0x7fffff;
}

static u32 ttat(u32 addr)
{
    u32 v;

    asm volatile("ttat %0, %1" : "=r" (v) : "r" (addr));
    return v & 0x7fffff;
}

CASE(tt_of_attribution, SEC)
{
    start();
    EQ(tt(0x28180000), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    EQ(tt(0x00200000), SRVALID | 0 << 8 | TT_R | TT_RW | NSR | NSRW);
    EQ(tt(0x38000000), TT_R | TT_RW | TT_S);
    EQ(tt(0x10280000), SRVALID | 2 << 8 | TT_R | TT_RW | TT_S);
    EQ(tt(0x00100000), TT_R | TT_RW | TT_S);    /* NS by the IDAU, Secure by the SAU */
    EQ(tt(0x281fffff), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    EQ(tt(0x28200000), TT_R | TT_RW | TT_S);
}

CASE(sau_overlap_is_secure, SEC)
{
    start();
    sau(5, 0x281c0000, 0x281c003f, 0);
    SYNC();
    EQ(tt(0x281c0000), TT_R | TT_RW | TT_S);    /* and no region */
    EQ(tt(0x281c0040), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    EQ(tt(0x281bffff), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    SAU_RNR = 5;
    SAU_RLAR = 0;
}

/* With the SAU off all is Secure, or with ALLNS what the IDAU says. */
CASE(sau_off, SEC)
{
    start();
    SAU_CTRL = 0;
    SYNC();
    EQ(tt(0x28180000), TT_R | TT_RW | TT_S);
    SAU_CTRL = 2;
    SYNC();
    EQ(tt(0x28000000), TT_R | TT_RW | NSR | NSRW);
    EQ(tt(0x38000000), TT_R | TT_RW | TT_S);
    EQ(tt(0x10000000), TT_R | TT_RW | TT_S);
    SAU_CTRL = 1;
    SYNC();
}

CASE(system_space_is_of_who_asks, SEC)
{
    EQ(tt(0xe000e000) & TT_S, TT_S);
    EQ(call_ns(ns_load, 0xe000ed00, 0) >> 24, 0x41);
}

CASE(tta_looks_at_the_other_mpu, SEC)
{
    start();
    EQ(tta(0x28180000), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    NS(MPU_RNR) = 5;
    NS(MPU_RBAR) = 0x28180000 | 2 << 1;         /* privileged, read-only */
    NS(MPU_RLAR) = 0x2818ffe1;
    NS(MPU_CTRL) = 5;
    SYNC();
    EQ(tta(0x28180000), SRVALID | 1 << 8 | MRVALID | 5 | TT_R | NSR);
    EQ(ttat(0x28180000), SRVALID | 1 << 8 | MRVALID | 5);
    EQ(tt(0x28180000), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    EQ(ttat(0x281a0000), SRVALID | 1 << 8);
    EQ(tta(0x281a0000), SRVALID | 1 << 8 | TT_R | TT_RW | NSR | NSRW);
    NS(MPU_CTRL) = 0;
    NS(MPU_RLAR) = 0;
}

CASE(tt_from_non_secure, SEC)
{
    start();
    EQ(call_ns(ns_tt, 0x28180000, 0), TT_R | TT_RW);
    EQ(call_ns(ns_tt, 0x38000000, 0), TT_R | TT_RW);     /* the MPU's answer alone */
}

CASE(non_secure_instructions_that_are_not, SEC)
{
    start();
    actions[HARD] = skip;
    call_ns(ns_tta, 0, 0);
    EQ(num_seen, 1);
    EQ(NS(CFSR), UNDEFINSTR);                   /* of the Non-secure UsageFault, which is not enabled */
    EQ(CFSR, 0);
    call_ns(ns_bxns, 0, 0);
    EQ(num_seen, 2);
    call_ns(ns_blxns, 0, 0);
    EQ(num_seen, 3);
    call_ns(ns_vlstm, 0x28180000, 0);
    EQ(num_seen, 4);
    EQ(seen[3].hfsr, FORCED);
}

/* -- calls and returns ------------------------------------------------------------------------------------------ */

CASE(blxns_and_back, SEC)
{
    start();
    EQ(call_ns(ns_add_1, 41, 0), 42);
    call_ns(ns_look, 0, 0);
    EQ(ns_dump[D_LR], 0xfeffffff);
    EQ(ns_dump[D_IPSR], 0);
    EQ(ns_dump[D_SP], NS_STACK);
    EQ(REG(secure_sp - 8), ADDR(call_ns_return) | 1);
    EQ(REG(secure_sp - 4) & ~(1u << 20), 0);
}

static void call_from_handler(Trap *t)
{
    call_ns(ns_look, 0, 0);
    EQ(ipsr(), SVC);
    EQ(ns_dump[D_IPSR], 1);                     /* what it was is hidden */
    EQ(REG(secure_sp - 4) & 0x1ff, SVC);
    mark('c');
}

CASE(blxns_from_a_handler, SEC)
{
    start();
    actions[SVC] = call_from_handler;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("c"));
}

/* In Handler mode a Non-secure function runs on the Non-secure main stack, whatever SPSEL says. */
static void call_with_spsel(Trap *t)
{
    asm volatile("msr control_ns, %0\n isb" :: "r" (2));
    EQ(MRS("control_ns") & 2, 2);               /* can be written here, and has no effect yet */
    call_ns(ns_look, 0, 0);
    EQ(ns_dump[D_SP], NS_STACK);
    mark('c');
}

CASE(spsel_ns_in_a_handler, SEC)
{
    start();
    actions[SVC] = call_with_spsel;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("c"));
    call_ns(ns_look, 0, 0);
    EQ(ns_dump[D_SP], NS_STACK - 0x1000);
}

/* Nothing of the function return was consumed: its two words are above the handler's SP, and the branch is done again. */
static void repair_function_return(Trap *t)
{
    EQ(t->sp[1], PENDSV);
    t->sp[1] = 0;
}

CASE(function_return_checks_ipsr, SEC)
{
    start();
    bxns_to(ns_add_1, 0);
    EQ(num_seen, 0);
    actions[HARD] = repair_function_return;
    bxns_to(ns_add_1, PENDSV);
    EQ(num_seen, 1);
    EQ(CFSR | NS(CFSR), INVPC);
    EQ(HFSR, FORCED);
    EQ(seen[0].lr, 0xffffffb9);                 /* from Non-secure Thread mode */
}

CASE(sg_enters, SEC)
{
    start();
    EQ(call_ns(ns_call, ADDR(veneer_add_2), 5), 7);
    EQ(call_ns(ns_call, ADDR(veneer_at_halfword), 8), 10);
    call_ns(ns_call, ADDR(veneer_look), 0);
    EQ(secure_seen[0] & 1, 0);                  /* LR says: back to Non-secure */
    EQ(secure_seen[0] & ~0xfffffu, 0x00200000);
    EQ(secure_seen[1] & 8, 0);                  /* SFPA */
    EQ(secure_seen[2], 0);
    EQ(secure_seen[3], secure_sp - 8);
    EQ(num_seen, 0);
}

/* SG outside of Non-secure callable memory is a NOP, and so it is in Secure state. */
CASE(sg_elsewhere_is_a_nop, SEC)
{
    u32 lr;

    start();
    EQ(call_ns(ns_sg, 0, 0), 0xfeffffff);
    asm volatile("mov r4, lr\n mov lr, %1\n sg\n mov %0, lr\n mov lr, r4\n" : "=r" (lr) : "r" (0x12345679) : "r4", "lr");
    EQ(lr, 0x12345679);
}

CASE(invep, SEC)
{
    start();
    actions[SECURE] = leave;
    call_ns(ns_call, ADDR(no_veneer), 0);
    EQ(seen[0].pc, ADDR(no_veneer) & ~1u);
    EQ(seen[0].lr, 0xffffffb9);
    one_secure_fault(INVEP);
    call_ns(ns_call, ADDR(call), 0);
    one_secure_fault(INVEP);
    call_ns(ns_call, (ADDR(veneer_add_2) & ~1u) + 5, 0);   /* behind the SG */
    one_secure_fault(INVEP);
}

CASE(invtran, SEC)
{
    start();
    actions[SECURE] = leave;
    call(ADDR(ns_add_1) | 1);
    EQ(seen[0].pc, ADDR(ns_add_1) & ~1u);
    EQ(seen[0].lr, 0xfffffff9);
    one_secure_fault(INVTRAN);
}

CASE(auviol, SEC)
{
    start();
    actions[SECURE] = skip;
    call_ns(ns_load, 0x38100044, 0);
    EQ(SFAR, 0x38100044);
    one_secure_fault(AUVIOL | SFARVALID);
    REG(0x38100048) = 7;
    call_ns(ns_store, 0x38100048, 1);
    EQ(SFAR, 0x38100048);
    EQ(REG(0x38100048), 7);
    one_secure_fault(AUVIOL | SFARVALID);
    call_ns(ns_load8, ADDR(veneer_add_2), 0);   /* entries cannot be read */
    one_secure_fault(AUVIOL | SFARVALID);
}

CASE(secure_fault_escalates, SEC)
{
    start();
    SHCSR = 0;
    actions[HARD] = skip;
    call_ns(ns_load, 0x38100044, 0);
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    EQ(HFSR, FORCED);
    EQ(SFSR, AUVIOL | SFARVALID);
}

/* -- exceptions between states ---------------------------------------------------------------------------------- */

static u32 regs[14];

static void fill(void)
{
    for (u32 i = 0; i < 14; i++) {
        regs[i] = 0xb0000000 + i;
    }
}

static void unchanged(void)
{
    for (u32 i = 0; i < 13; i++) {
        EQ(regs[i], 0xb0000000 + i);
    }
}

/* IRQ1 becomes pending by the SVC's return: it interrupts code whose registers are known. */
static void pend_irq1(Trap *t)
{
    ISPR(0) = 2;
}

static void cleared(void)
{
    for (u32 i = 0; i < 13; i++) {
        EQ(ns_dump[i], 0);
    }
    EQ(ns_dump[D_APSR] & 0xf80f0000, 0);
    EQ(ns_dump[D_IPSR], IRQ1);
    EQ(ns_dump[D_COUNT], 1);
}

CASE(non_secure_exception_sees_nothing, SEC)
{
    start();
    fill();
    to_ns(1, 0x40);
    SHPRB(SVC) = 0;
    MSR("primask", 0);
    asm volatile("msr apsr_nzcvqg, %0" :: "r" (0xf80f0000) : "cc");
    actions[SVC] = pend_irq1;
    svc_regs(regs);
    unchanged();
    cleared();
    EQ(ns_dump[D_LR], 0xffffffd8 | 0x20);       /* S, DCRS, FType, Thread */
    EQ(ns_dump[D_SP], NS_STACK);
}

static u32 svc_regs_thread(u32 arg)
{
    svc_regs(regs);
    return 0;
}

CASE(non_secure_exception_over_psp, SEC)
{
    start();
    fill();
    to_ns(1, 0x40);
    actions[SVC] = pend_irq1;
    on_psp(svc_regs_thread, 0, arena + 0x800, 2);
    unchanged();
    cleared();
    EQ(ns_dump[D_LR], 0xfffffff8);              /* SPSEL is that of the Non-secure bank */
}

static void in_ns_handler(Trap *t)
{
    mark('s');
}

/* From Non-secure code to a Secure handler: a plain frame on the Non-secure stack. */
CASE(secure_exception_over_non_secure, SEC)
{
    start();
    actions[SECURE] = skip;
    call_ns(ns_load, 0x38100000, 0);
    EQ(seen[0].lr, 0xffffffb9);
    EQ(seen[0].frame, NS_STACK - 0x20);
    asm volatile("msr control_ns, %0\n isb" :: "r" (2));
    call_ns(ns_load, 0x38100000, 0);
    EQ(seen[1].lr, 0xffffffb9);                 /* SPSEL is that of the Secure bank */
    EQ(seen[1].frame, NS_STACK - 0x1000 - 0x20);
    SFSR = ~0u;
}

static u32 chained_sp, chained_words[12];

static void chained_secure(Trap *t)
{
    chained_sp = ADDR(t->sp);
    for (u32 i = 0; i < 12; i++) {
        chained_words[i] = t->sp[i];
    }
    mark('s');
}

/* Non-secure first, then a Secure one chained to it: the callee's registers are on the stack still. */
static void pend_1_and_2(Trap *t)
{
    ISPR(0) = 6;
}

CASE(tail_chaining_to_secure, SEC)
{
    start();
    fill();
    to_ns(1, 0x40);
    enable(2, 0x80);
    actions[IRQ2] = chained_secure;
    actions[SVC] = pend_1_and_2;
    svc_regs(regs);
    unchanged();
    EQ(ns_dump[D_COUNT], 1);
    TRUE(marked("s"));
    EQ(seen[1].lr, 0xffffffd9);                 /* DCRS 0: they are there */
    EQ(chained_words[0], 0xfefa125b);
    EQ(chained_words[2], 0xb0000004);
    EQ(chained_words[9], 0xb000000b);
}

/* And the other way round: pushed when the Non-secure one is chained to the Secure one. */
CASE(tail_chaining_to_non_secure, SEC)
{
    start();
    fill();
    to_ns(1, 0x80);
    enable(2, 0x40);
    actions[IRQ2] = chained_secure;
    actions[SVC] = pend_1_and_2;
    svc_regs(regs);
    unchanged();
    TRUE(marked("s"));
    cleared();
    EQ(ns_dump[D_LR], 0xfffffff8);
    EQ(seen[1].lr, 0xfffffff9);
}

/* What a Non-secure handler has run in Secure state. */
void (*volatile hook)(void);
u32 hook_sp;

static void pend_irq0(void)
{
    EQ(ipsr(), IRQ1);
    pend(0);
}

CASE(secure_preempts_non_secure_handler, SEC)
{
    start();
    fill();
    to_ns(1, 0x80);
    enable(0, 0x40);
    ns_dump[D_ACTION] = ADDR(veneer_hook);
    hook = pend_irq0;
    actions[IRQ0] = in_ns_handler;
    actions[SVC] = pend_irq1;
    svc_regs(regs);
    unchanged();
    TRUE(marked("s"));
    EQ(seen[1].lr, 0xfffffff1);                 /* it interrupted the hook, Secure code in Handler mode */
    EQ(seen[1].psr & 0x1ff, IRQ1);
}

static void spoil_signature(void)
{
    EQ(REG(hook_sp), 0xfefa125b);
    REG(hook_sp) ^= 0x10000;
}

static void see_invis(Trap *t)
{
    mark('I');
    EQ(SFSR, INVIS);
    SFSR = INVIS;
    EQ(t->lr, 0xfffffff9 & ~0x20u);             /* chained: the callee's registers are there */
    EQ(t->sp[0], 0xfefa125b ^ 0x10000);
    t->sp[0] = 0xfefa125b;
}

CASE(invis, SEC)
{
    start();
    fill();
    no_frame = false;
    to_ns(1, 0x80);
    ns_dump[D_ACTION] = ADDR(veneer_hook);
    hook = spoil_signature;
    actions[SECURE] = see_invis;
    actions[SVC] = pend_irq1;
    svc_regs(regs);
    unchanged();
    TRUE(marked("I"));
}

static u32 inver_lr;

static void see_inver(Trap *t)
{
    mark('V');
    EQ(SFSR, INVER);
    SFSR = INVER;
    inver_lr = t->lr;
    t->lr = 0xffffffd9;                         /* as the Non-secure handler should have had it returned */
}

static void return_from_ns_with(u32 lr)
{
    start();
    fill();
    to_ns(1, 0x80);
    actions[SECURE] = see_inver;
    actions[SVC] = pend_irq1;
    ns_dump[D_RETURN] = lr;
    svc_regs(regs);
    unchanged();
    TRUE(marked("V"));
}

CASE(inver_es, SEC)
{
    return_from_ns_with(0xfffffff9);            /* ES: that would be a Secure exception's */
}

CASE(inver_dcrs, SEC)
{
    return_from_ns_with(0xffffffd8);            /* DCRS 0 */
}

/* -- priorities ------------------------------------------------------------------------------------------------- */

static void order_ns(void)
{
    mark('n');
}

CASE(pris_halves_non_secure_priorities, SEC)
{
    start();
    to_ns(1, 0x00);
    enable(0, 0x70);
    actions[IRQ0] = in_ns_handler;
    ns_dump[D_ACTION] = ADDR(veneer_hook);
    hook = order_ns;
    MSR("primask", 1);
    ISPR(0) = 3;
    SYNC();
    MSR("primask", 0);
    TRUE(marked("ns"));
    AIRCR = VECTKEY | 1 << 14;                  /* PRIS: 0 is 0x80 now */
    MSR("primask", 1);
    ISPR(0) = 3;
    SYNC();
    MSR("primask", 0);
    TRUE(marked("nssn"));
    EQ(AIRCR & 1 << 14, 1 << 14);
    EQ(NS(AIRCR) & 1 << 14, 0);
    AIRCR = VECTKEY;
}

static void wait_in_svc(Trap *t)
{
    MSR("primask", 1);
    ISPR(0) = 6;
    asm volatile("dsb\n wfi\n isb" ::: "memory");
    ICPR(0) = 6;
    MSR("primask", 0);
    mark('w');
}

/* Interrupt 1, Secure, goes first and would not preempt; 2, Non-secure, has no priority but 0 left by its PRIGROUP, and would. */
CASE(wfi_wakes_by_another_prigroup, SEC)
{
    start();
    AIRCR = VECTKEY | 4 << 8;
    NS(AIRCR) = VECTKEY | 7 << 8;
    enable(1, 0x60);
    to_ns(2, 0x80);
    SHPRB(SVC) = 0x60;
    SYNC();
    actions[SVC] = wait_in_svc;
    asm volatile("svc 0" ::: "memory");
    TRUE(marked("w"));
    ICER(0) = 6;
    ITNS(0) = 0;
    SHPRB(SVC) = 0;
    AIRCR = VECTKEY;
    NS(AIRCR) = VECTKEY;
}

CASE(primask_ns, SEC)
{
    start();
    to_ns(1, 0x40);
    enable(0, 0x40);
    actions[IRQ0] = in_ns_handler;
    asm volatile("msr primask_ns, %0" :: "r" (1));
    EQ(MRS("primask"), 0);
    EQ(call_ns(ns_mrs_primask, 0, 0), 1);
    pend(1);
    EQ(ns_dump[D_COUNT], 0);
    pend(0);
    EQ(num_seen, 0);                            /* PRIMASK_NS is a priority of 0 for all */
    AIRCR = VECTKEY | 1 << 14;
    SYNC();
    EQ(num_seen, 1);                            /* of 0x80 with PRIS */
    EQ(ns_dump[D_COUNT], 0);
    asm volatile("msr primask_ns, %0\n isb" :: "r" (0));
    EQ(ns_dump[D_COUNT], 1);
    AIRCR = VECTKEY;
    call_ns(ns_cps, 0, 0);
    EQ(MRS("primask_ns"), 1);
    EQ(MRS("primask"), 0);
    asm volatile("msr primask_ns, %0\n isb" :: "r" (0));
}

CASE(faultmask_ns, SEC)
{
    start();
    enable(0, 0x40);
    actions[IRQ0] = in_ns_handler;
    asm volatile("msr faultmask_ns, %0\n isb" :: "r" (1));
    EQ(call_ns(ns_mrs_faultmask, 0, 0), 1);
    EQ(MRS("faultmask"), 0);
    pend(0);
    EQ(num_seen, 0);
    AIRCR = VECTKEY | 1 << 14;
    SYNC();
    EQ(num_seen, 1);
    AIRCR = VECTKEY;
    asm volatile("msr faultmask_ns, %0\n isb" :: "r" (0));
}

/* -- who gets which fault --------------------------------------------------------------------------------------- */

CASE(non_secure_usage_fault, SEC)
{
    start();
    NS(SHCSR) = USGFAULTENA;
    ns_dump[D_ACTION] = ADDR(ns_skip);
    call_ns(ns_udf, 0, 0);
    EQ(num_seen, 0);
    EQ(ns_dump[D_IPSR], USAGE);
    EQ(ns_dump[D_CFSR], UNDEFINSTR);
    EQ(ns_dump[D_LR], 0xffffffb8);
    EQ(CFSR, 0);
    EQ(NS(CFSR), UNDEFINSTR);
}

CASE(non_secure_svc, SEC)
{
    start();
    call_ns(ns_svc, 0, 0);
    EQ(ns_dump[D_IPSR], SVC);
    EQ(num_seen, 0);
}

CASE(non_secure_pendsv, SEC)
{
    start();
    NS(ICSR) = ICSR_PENDSV;
    SYNC();
    EQ(ns_dump[D_IPSR], PENDSV);
    EQ(ns_dump[D_LR], 0xfffffff8);
    EQ(num_seen, 0);
}

/* A BusFault of Non-secure code is Secure's while BFHFNMINS is 0. */
CASE(bus_fault_of_non_secure_code, SEC)
{
    start();
    SHCSR |= BUSFAULTENA;
    actions[BUS] = skip;
    call_ns(ns_load, 0xa0000040, 0);
    EQ(num_seen, 1);
    EQ(BFAR, 0xa0000040);
    EQ(seen[0].cfsr, PRECISERR | BFARVALID);
    EQ(NS(CFSR), 0);
    EQ(NS(BFAR), 0);
    EQ(NS(HFSR), 0);
}

static void bfhfnmins(bool on)
{
    AIRCR = VECTKEY | (on ? 1 << 13 : 0);
    SYNC();
}

CASE(bfhfnmins_gives_them_away, SEC)
{
    start();
    bfhfnmins(true);
    EQ(NS(AIRCR) & 1 << 13, 1 << 13);
    NS(SHCSR) = BUSFAULTENA;
    ns_dump[D_ACTION] = ADDR(ns_skip);
    call_ns(ns_load, 0xa0000040, 0);
    EQ(num_seen, 0);
    EQ(ns_dump[D_IPSR], BUS);
    EQ(ns_dump[D_CFSR], PRECISERR | BFARVALID);
    EQ(NS(BFAR), 0xa0000040);
    CFSR = ~0u;
    NS(CFSR) = ~0u;
    NS(SHCSR) = 0;
    call_ns(ns_udf, 0, 0);
    EQ(ns_dump[D_IPSR], HARD);                  /* Non-secure HardFault */
    EQ(NS(HFSR), FORCED);
    HFSR = ~0u;
    ns_dump[D_ACTION] = 0;
    ICSR = ICSR_NMI;
    SYNC();
    EQ(ns_dump[D_IPSR], NMI);
    EQ(num_seen, 0);
    actions[HARD] = skip;
    asm volatile("udf #0" ::: "memory");        /* a Secure fault stays Secure */
    EQ(num_seen, 1);
    bfhfnmins(false);
}

static void secure_fault_in_ns_hardfault(void)
{
    mark('h');
    asm volatile("udf #0" ::: "memory");
}

/* Secure HardFault has priority -3 then, and preempts the Non-secure one at -1. */
CASE(secure_hardfault_preempts, SEC)
{
    start();
    bfhfnmins(true);
    ns_dump[D_ACTION] = ADDR(veneer_hook);
    hook = secure_fault_in_ns_hardfault;
    actions[HARD] = skip;
    NS(SHCSR) = 0;
    {
        extern void skip_ns_and_fault(void);

        hook = skip_ns_and_fault;
    }
    call_ns(ns_udf, 0, 0);
    TRUE(marked("h"));
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    EQ(seen[0].lr, 0xfffffff1);
    bfhfnmins(false);
}

void skip_ns_and_fault(void)
{
    REG(ns_dump[D_SP] + 24) += 2;               /* the frame of Non-secure code */
    secure_fault_in_ns_hardfault();
}

CASE(non_secure_mpu, SEC)
{
    start();
    NS(MPU_RNR) = 0;
    NS(MPU_RBAR) = ADDR(ns_fp) | 3 << 1;
    NS(MPU_RLAR) = (ADDR(ns_fp) + 0xff) | 1;
    NS(MPU_CTRL) = 5;
    NS(SHCSR) = MEMFAULTENA;
    ns_dump[D_ACTION] = ADDR(ns_skip);
    SYNC();
    ns_fp[0] = 1;                               /* the Secure MPU judges Secure code */
    call_ns(ns_store, ADDR(ns_fp), 2);
    EQ(ns_fp[0], 1);
    EQ(ns_dump[D_IPSR], MEM);
    EQ(ns_dump[D_CFSR], DACCVIOL | MMARVALID);
    EQ(NS(MMFAR), ADDR(ns_fp));
    EQ(CFSR, 0);
    EQ(call_ns(ns_load, ADDR(ns_fp), 0), 1);
    NS(MPU_CTRL) = 0;
    NS(MPU_RLAR) = 0;
}

/* FAULTMASK_NS turns off the Non-secure MPU ... */
CASE(negative_priorities_are_of_a_state, SEC)
{
    start();
    NS(MPU_RNR) = 0;
    NS(MPU_RBAR) = ADDR(ns_fp) | 3 << 1;
    NS(MPU_RLAR) = (ADDR(ns_fp) + 0xff) | 1;
    NS(MPU_CTRL) = 5;
    ns_dump[D_ACTION] = ADDR(ns_skip);
    SYNC();
    ns_fp[0] = 1;
    asm volatile("msr faultmask_ns, %0\n isb" :: "r" (1));
    call_ns(ns_store, ADDR(ns_fp), 2);
    EQ(ns_fp[0], 2);
    asm volatile("msr faultmask_ns, %0\n isb" :: "r" (0));
    NS(MPU_CTRL) = 0;
    NS(MPU_RLAR) = 0;
}

/* ... and a Secure HardFault does not. */
static void ns_store_in_hardfault(Trap *t)
{
    expect_lockup();
    call_ns(ns_store, ADDR(ns_fp), 2);
    print("not ok: alive\n");
}

CASE(lockup_by_non_secure_mpu, SEC)
{
    start();
    NS(MPU_RNR) = 0;
    NS(MPU_RBAR) = ADDR(ns_fp) | 3 << 1;
    NS(MPU_RLAR) = (ADDR(ns_fp) + 0xff) | 1;
    NS(MPU_CTRL) = 5;
    actions[HARD] = ns_store_in_hardfault;
    asm volatile("udf #0" ::: "memory");
}

/* -- banked registers ------------------------------------------------------------------------------------------- */

CASE(special_registers_of_non_secure, SEC)
{
    u32 v;

    start();
    asm volatile("msr msp_ns, %1\n mrs %0, msp_ns" : "=r" (v) : "r" (NS_STACK - 0x47));
    EQ(v, (NS_STACK - 0x47) & ~3u);
    asm volatile("msr msp_ns, %0" :: "r" (NS_STACK));
    asm volatile("msr psp_ns, %1\n mrs %0, psp_ns" : "=r" (v) : "r" (0x28188000));
    EQ(v, 0x28188000);
    asm volatile("msr basepri_ns, %1\n mrs %0, basepri_ns" : "=r" (v) : "r" (0x60));
    EQ(v, 0x60);
    EQ(MRS("basepri"), 0);
    asm volatile("msr basepri_ns, %0" :: "r" (0));
    asm volatile("msr msplim_ns, %1\n mrs %0, msplim_ns" : "=r" (v) : "r" (0x28181237));
    EQ(v, 0x28181230);
    EQ(MRS("msplim"), 0);
    asm volatile("msr msplim_ns, %0" :: "r" (0));
    asm volatile("msr control_ns, %1\n mrs %0, control_ns" : "=r" (v) : "r" (3));
    EQ(v & 3, 3);
    EQ(MRS("control") & 3, 0);
    EQ(call_ns(ns_mrs_control, 0, 0) & 3, 3);
    asm volatile("mrs %0, sp_ns" : "=r" (v));
    EQ(v, 0x28188000);
    asm volatile("msr control_ns, %0" :: "r" (0));
    asm volatile("mrs %0, sp_ns" : "=r" (v));
    EQ(v, NS_STACK);
    EQ(call_ns(ns_mrs_ns_alias, 0, 0), 0);      /* not from Non-secure state */
    call_ns(ns_msr_control, 2, 0);
    EQ(MRS("control_ns") & 3, 2);
    EQ(MRS("control") & 3, 0);
}

CASE(stack_limit_of_non_secure, SEC)
{
    start();
    NS(SHCSR) = USGFAULTENA;
    NS(CCR) = 0x200;
    asm volatile("msr msplim_ns, %0" :: "r" (NS_STACK - 0x80));
    ns_dump[D_ACTION] = ADDR(ns_skip);
    call_ns(ns_push, 0, 0);
    EQ(ns_dump[D_IPSR], USAGE);
    EQ(ns_dump[D_CFSR], STKOF);
    asm volatile("msr msplim_ns, %0\n msr msp_ns, %1" :: "r" (0), "r" (NS_STACK));
}

/* MSR SP_NS checks the limit; MSR MSP_NS does not. */
CASE(msr_sp_ns_checks_the_limit, SEC)
{
    start();
    SHCSR |= USGFAULTENA;
    actions[USAGE] = skip;
    asm volatile("msr msplim_ns, %0" :: "r" (NS_STACK - 0x80));
    asm volatile("msr sp_ns, %0" :: "r" (NS_STACK - 0x100));
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, STKOF);
    EQ(MRS("msp_ns"), NS_STACK);
    asm volatile("msr msp_ns, %0" :: "r" (NS_STACK - 0x100));
    EQ(num_seen, 1);
    EQ(MRS("msp_ns"), NS_STACK - 0x100);
    asm volatile("msr msplim_ns, %0\n msr msp_ns, %1" :: "r" (0), "r" (NS_STACK));
}

CASE(system_registers_are_banked, SEC)
{
    u32 vtor = NS(VTOR);

    start();
    EQ(call_ns(ns_load, ADDR(&VTOR), 0), vtor);
    TRUE(VTOR != vtor);
    NS(SCR) = 2;
    EQ(SCR & 2, 0);
    EQ(call_ns(ns_load, ADDR(&SCR), 0) & 2, 2);
    NS(SCR) = 0;
    NS(CCR) = 0x218;
    EQ(CCR & 0x18, 0);
    EQ(call_ns(ns_load, ADDR(&CCR), 0) & 0x18, 0x18);
    NS(CCR) = 0x200;
    NS(SHPR(2)) = 0x40000000;
    EQ(SHPR(2), 0);
    EQ(call_ns(ns_load, ADDR(&SHPR(2)), 0), 0x40000000);
    NS(AIRCR) = VECTKEY | 0x500;
    EQ(AIRCR & 0x700, 0);
    EQ(call_ns(ns_load, ADDR(&AIRCR), 0) & 0x700, 0x500);
    NS(MPU_RNR) = 3;
    MPU_RNR = 1;
    EQ(NS(MPU_RNR), 3);
    EQ(NS(MPU_TYPE), 0x1000);
    NS(CPACR) = 0;
    EQ(CPACR, 0xf << 20);
    NS(CPACR) = 0xf << 20;
    NS(SYST_RVR) = 0x1234;
    SYST_RVR = 0x4321;
    EQ(NS(SYST_RVR), 0x1234);
    EQ(call_ns(ns_load, ADDR(&SYST_RVR), 0), 0x1234);
    EQ(SYST_RVR, 0x4321);
    SYST_RVR = 0;
}

CASE(non_secure_systick, SEC)
{
    start();
    NS(SYST_RVR) = 2000;
    NS(SYST_CVR) = 0;
    NS(SYST_CSR) = 7;
    while (!ns_dump[D_COUNT]) {
    }
    NS(SYST_CSR) = 0;
    EQ(ns_dump[D_IPSR], SYSTICK);
    EQ(num_seen, 0);
}

/* What belongs to Secure software reads as zero, and so does its alias for who may not use it. */
CASE(secure_registers_are_hidden, SEC)
{
    static const uint16_t rows[] = { 0xedd0, 0xedd4, 0xeddc, 0xede0, 0xede4, 0xede8, 0xed8c, 0xe380, 0xed2c, 0xed38, 0xee04 };
    u32 ctrl = SAU_CTRL;

    start();
    SFAR = BFAR = 0x12345678;
    to_ns(5, 0);
    for (u32 i = 0; i < sizeof(rows) / 2; i++) {
        EQ(call_ns(ns_load, 0xe0000000 + rows[i], 0), 0);
        call_ns(ns_store, 0xe0000000 + rows[i], 0);
    }
    EQ(SAU_CTRL, ctrl);
    EQ(SFAR, 0x12345678);
    EQ(BFAR, 0x12345678);
    EQ(NSACR & 0xc00, 0xc00);
    EQ(call_ns(ns_load, 0xe002ed08, 0), 0);
    EQ(num_seen, 0);
}

CASE(itns_decides_who_sees, SEC)
{
    start();
    MSR("primask", 1);
    ITNS(0) = 0xf0;
    EQ(ITNS(0), 0xf0);
    ISER(0) = 0xff;
    EQ(call_ns(ns_load, ADDR(&ISER(0)), 0), 0xf0);
    EQ(NS(ISER(0)), 0xf0);
    call_ns(ns_store, ADDR(&ICER(0)), 0xff);
    EQ(ISER(0), 0x0f);
    call_ns(ns_store, ADDR(&ISPR(0)), 0x88);
    EQ(ISPR(0), 0x80);
    ICPR(0) = ~0u;
    IPR(0) = IPR(1) = 0x40404040;
    EQ(call_ns(ns_load, ADDR(&IPR(0)), 0), 0);
    EQ(call_ns(ns_load, ADDR(&IPR(1)), 0), 0x40404040);
    call_ns(ns_store, ADDR(&STIR), 2);
    EQ(ISPR(0), 0);
    call_ns(ns_store, ADDR(&STIR), 5);
    EQ(ISPR(0), 0x20);
    ICPR(0) = ~0u;
    ITNS(0) = 0;
    MSR("primask", 0);
}

CASE(shcsr_of_non_secure, SEC)
{
    start();
    call_ns(ns_store, ADDR(&SHCSR), 0xf << 16);
    EQ(NS(SHCSR), 5 << 16);                     /* neither BusFault nor SecureFault */
    EQ(SHCSR, SECUREFAULTENA);
    NS(SHCSR) = 0;
}

CASE(vector_of_non_secure_in_secure_memory, SEC)
{
    u32 was = NS(VTOR);

    start();
    no_frame = true;
    to_ns(1, 0x40);
    {
        extern Action see_ns_vector;

        actions[HARD] = see_ns_vector;
    }
    NS(VTOR) = 0x38100000;
    SYNC();
    pend(1);
    NS(VTOR) = was;
    TRUE(marked("V"));
}

void see_ns_vector(Trap *t)
{
    mark('V');
    EQ(HFSR & VECTTBL, VECTTBL);
    ICPR(0) = 2;
}

/* -- floating point --------------------------------------------------------------------------------------------- */

enum { LSPACT = 1, FPCCR_S = 4, TS = 1 << 26, CLRONRET = 1 << 28, LSPEN = 1 << 30 };

static u32 in[32], out[32], area[34] __attribute__((aligned(8)));

static void fill_fp(void)
{
    u32 *p = in;

    for (u32 i = 0; i < 32; i++) {
        in[i] = 0x3f800000 + i;
    }
    for (u32 i = 0; i < 34; i++) {
        area[i] = 0x77777777;
    }
    asm volatile("vldmia %0, {s0-s31}" : "+r" (p) :: "memory");
}

static void read_fp(void)
{
    u32 *p = out;

    asm volatile("vstmia %0, {s0-s31}" : "+r" (p) :: "memory");
}

CASE(sfpa_follows_secure_use, SEC | FP)
{
    start();
    MSR("control", 0);
    EQ(MRS("control") & 12, 0);
    asm volatile("vmov.f32 s0, s1");
    EQ(MRS("control") & 12, 12);
    call_ns(ns_look, 0, 0);
    EQ(ns_dump[D_CONTROL] & 12, 4);             /* SFPA is not for Non-secure eyes */
    EQ(REG(secure_sp - 4) & 1 << 20, 1 << 20);
    EQ(MRS("control") & 12, 12);                /* it came back by the return */
    MSR("control", 0);
}

CASE(vlstm_defers, SEC | FP)
{
    start();
    fill_fp();
    asm volatile("vlstm %0" :: "r" (area) : "memory");
    EQ(FPCCR & (LSPACT | FPCCR_S), LSPACT | FPCCR_S);
    EQ(FPCAR, ADDR(area));
    EQ(MRS("control") & 4, 0);
    EQ(area[0], 0x77777777);
    call_ns(ns_add_1, 0, 0);
    EQ(FPCCR & LSPACT, LSPACT);
    asm volatile("vlldm %0" :: "r" (area) : "memory");
    EQ(FPCCR & LSPACT, 0);
    EQ(MRS("control") & 4, 4);
    EQ(area[0], 0x77777777);
    read_fp();
    for (u32 i = 0; i < 32; i++) {
        EQ(out[i], in[i]);
    }
    MSR("control", 0);
}

CASE(vlstm_is_preserved_by_non_secure_use, SEC | FP)
{
    start();
    fill_fp();
    asm volatile("vlstm %0" :: "r" (area) : "memory");
    call_ns(ns_fp_regs, 0, 0);
    EQ(FPCCR & LSPACT, 0);
    for (u32 i = 0; i < 16; i++) {
        EQ(area[i], in[i]);
    }
    EQ(area[18], 0x77777777);                   /* S16 on: with TS alone */
    asm volatile("vlldm %0" :: "r" (area) : "memory");
    read_fp();
    for (u32 i = 0; i < 16; i++) {
        EQ(out[i], in[i]);
    }
    MSR("control", 0);
}

CASE(vlstm_with_ts, SEC | FP)
{
    start();
    FPCCR |= TS;
    fill_fp();
    asm volatile("vlstm %0" :: "r" (area) : "memory");
    call_ns(ns_fp_store, 0, 0);
    for (u32 i = 0; i < 16; i++) {
        EQ(area[i], in[i]);
        EQ(area[18 + i], in[16 + i]);
    }
    for (u32 i = 0; i < 32; i++) {
        EQ(ns_fp[i], 0);                        /* TS: the registers are cleared */
    }
    asm volatile("vlldm %0" :: "r" (area) : "memory");
    read_fp();
    for (u32 i = 0; i < 32; i++) {
        EQ(out[i], in[i]);
    }
    FPCCR &= ~(u32)TS;
    MSR("control", 0);
}

/* Without Secure floating-point state VLSTM and VLLDM do nothing. */
CASE(vlstm_without_sfpa, SEC | FP)
{
    start();
    MSR("control", 0);
    asm volatile("vlstm %0\n vlldm %0" :: "r" (area) : "memory");
    EQ(FPCCR & LSPACT, 0);
    EQ(MRS("control") & 12, 0);
}

CASE(vlstm_eager, SEC | FP)
{
    start();
    FPCCR &= ~(u32)LSPEN;
    fill_fp();
    asm volatile("vlstm %0" :: "r" (area) : "memory");
    EQ(FPCCR & LSPACT, 0);
    EQ(area[3], in[3]);
    EQ(MRS("control") & 4, 0);
    asm volatile("vlldm %0" :: "r" (area) : "memory");
    read_fp();
    EQ(out[3], in[3]);
    MSR("control", 0);
}

static void see_lserr(Trap *t)
{
    mark('L');
    EQ(SFSR, LSERR);
    SFSR = LSERR;
    FPCCR &= ~(u32)LSPACT;
    skip(t);
}

/* VLSTM while there is deferred Secure state: LSERR. */
CASE(vlstm_twice_is_lserr, SEC | FP)
{
    start();
    actions[SECURE] = see_lserr;
    fill_fp();
    FPCCR |= LSPACT;
    SYNC();
    asm volatile("vlstm %0" :: "r" (area) : "memory");
    TRUE(marked("L"));
    MSR("control", 0);
}

CASE(vlstm_unaligned, SEC | FP)
{
    start();
    SHCSR |= USGFAULTENA;
    actions[USAGE] = skip;
    fill_fp();
    asm volatile("vlstm %0" :: "r" (ADDR(area) + 4) : "memory");
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, UNALIGNED);
    MSR("control", 0);
}

/* A Non-secure handler that uses floating point has Secure state stored to the Secure stack first. */
CASE(non_secure_handler_uses_fp, SEC | FP)
{
    start();
    to_ns(1, 0x40);
    ns_dump[D_ACTION] = ADDR(ns_use_fp);
    fill_fp();
    pend(1);
    EQ(ns_dump[D_LR], 0xffffffe8);
    EQ(ns_dump[D_COUNT], 1);
    EQ(FPCCR & LSPACT, 0);
    read_fp();
    for (u32 i = 0; i < 16; i++) {
        EQ(out[i], in[i]);
    }
    EQ(MRS("control") & 12, 12);
    MSR("control", 0);
}

CASE(non_secure_handler_sees_no_fp_with_ts, SEC | FP)
{
    start();
    FPCCR |= TS;
    to_ns(1, 0x40);
    ns_dump[D_ACTION] = ADDR(ns_fp_store);
    fill_fp();
    pend(1);
    EQ(ns_dump[D_LR], 0xffffffe8);
    for (u32 i = 0; i < 32; i++) {
        EQ(ns_fp[i], 0);
    }
    read_fp();
    for (u32 i = 0; i < 32; i++) {
        EQ(out[i], in[i]);
    }
    FPCCR &= ~(u32)TS;
    MSR("control", 0);
}

static u32 frame_at, msp_before;

static void note_frame(Trap *t)
{
    frame_at = ADDR(t->frame);
}

CASE(frame_size_with_ts, SEC | FP)
{
    start();
    FPCCR |= TS;
    fill_fp();
    actions[SVC] = note_frame;
    asm volatile("mov %0, sp\n svc #1" : "=r" (msp_before) :: "memory");
    EQ((msp_before & ~7u) - frame_at, 0xa8);
    read_fp();
    for (u32 i = 0; i < 32; i++) {
        EQ(out[i], in[i]);
    }
    FPCCR &= ~(u32)TS;
    MSR("control", 0);
}

CASE(clronret, SEC | FP)
{
    start();
    {
        extern Action use_fp_in_svc;

        actions[SVC] = use_fp_in_svc;
    }
    fill_fp();
    MSR("control", 0);                          /* no context: nothing is stacked */
    FPCCR |= CLRONRET;
    SYNC();
    asm volatile("svc #1" ::: "memory");
    FPCCR &= ~(u32)CLRONRET;
    SYNC();
    FPCCR &= ~(1u << 31);
    SYNC();
    read_fp();
    for (u32 i = 0; i < 16; i++) {
        EQ(out[i], 0);
    }
    EQ(out[16], in[16]);
    MSR("control", 0);
}

void use_fp_in_svc(Trap *t)
{
    asm volatile("vmov.f32 s0, #1.0");
}

/* Who gets NOCP: Secure software by NSACR, Non-secure software by its own CPACR. */
CASE(nocp_by_nsacr, SEC | FP)
{
    start();
    SHCSR |= USGFAULTENA;
    actions[USAGE] = skip;
    NSACR = 0;
    SYNC();
    call_ns(ns_fp_add, 0, 0);
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, NOCP);
    EQ(seen[0].lr, 0xffffffb9);
    NSACR = 3 << 10;
    NS(CPACR) = 0;
    NS(SHCSR) = USGFAULTENA;
    ns_dump[D_ACTION] = ADDR(ns_skip);
    SYNC();
    call_ns(ns_fp_add, 0, 0);
    EQ(num_seen, 1);
    EQ(ns_dump[D_IPSR], USAGE);
    EQ(ns_dump[D_CFSR], NOCP);
}

/* CONTROL.FPCA is one bit for both states; with NSACR.CP10 0 Non-secure code can read it alone. */
CASE(fpca_and_nsacr, SEC | FP)
{
    start();
    MSR("control", 4);
    EQ(call_ns(ns_mrs_control, 0, 0) & 4, 4);
    call_ns(ns_msr_control, 0, 0);
    EQ(MRS("control") & 4, 0);
    MSR("control", 4);
    NSACR = 0;
    SYNC();
    call_ns(ns_msr_control, 0, 0);
    EQ(MRS("control") & 4, 4);
    EQ(call_ns(ns_mrs_control, 0, 0) & 4, 4);
    NSACR = 3 << 10;
    MSR("control", 0);
}

CASE(fpccr_of_non_secure, SEC | FP)
{
    start();
    FPCCR = 3u << 30 | TS | CLRONRET | FPCCR_S;
    EQ(call_ns(ns_load, ADDR(&FPCCR), 0) & (TS | FPCCR_S | 3 << 27), CLRONRET);
    FPCCR = 3u << 30 | 1 << 29;                 /* LSPENS: LSPEN is not theirs */
    call_ns(ns_store, ADDR(&FPCCR), 1u << 31);
    EQ(FPCCR & LSPEN, LSPEN);
    FPCCR = 3u << 30;
    call_ns(ns_store, ADDR(&FPCCR), 1u << 31);
    EQ(FPCCR & LSPEN, 0);
    FPCCR = 3u << 30;
    NS(FPCCR) = 3u << 30;
}
