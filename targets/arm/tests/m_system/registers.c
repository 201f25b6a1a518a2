/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system space: what its registers hold, who may write them, the NVIC, SysTick, DWT, bit-banding, special registers. */
#include "targets/arm/tests/m_system/test.h"

/* Writes ones and zeros; the bits that stay in between are the ones that can be written. */
static u32 writable(volatile u32 *r)
{
    u32 was = *r, ones, zeros;

    *r = ~0u;
    ones = *r;
    *r = 0;
    zeros = *r;
    *r = was;
    return ones & ~zeros;
}

/* -- system control --------------------------------------------------------------------------------------------- */

CASE(cpuid, 0)
{
    u32 id = CPUID;

    EQ(id >> 24, 0x41);
    EQ(id >> 16 & 15, has & MAIN ? 0xf : 0xc);
    EQ(id >> 4 & 0xfff, has & M0 ? 0xc20 : has & V6 ? 0xc60 : has & SECB ? 0xd20 : has & V8 ? 0xd21 :
       has & CACHE ? 0xc27 : has & FP ? 0xc24 : 0xc23);
    CPUID = 0;
    EQ(CPUID, id);
}

CASE(aircr_wants_its_key, 0)
{
    u32 v = AIRCR;

    EQ(v >> 16, 0xfa05);
    EQ(v & 1 << 15, 0);                         /* little-endian */
    AIRCR = 0x300;
    EQ(AIRCR & 0x700, 0);
    AIRCR = 0xfa050300;
    EQ(AIRCR & 0x700, 0);
    AIRCR = VECTKEY | 0x300;
    EQ(AIRCR & 0x700, has & MAIN ? 0x300 : 0);
    AIRCR = VECTKEY;
}

CASE(vtor_bits, MAIN)
{
    u32 bits, was = VTOR;

    MSR("faultmask", 1);
    bits = writable(&VTOR);
    EQ(VTOR, was);
    MSR("faultmask", 0);
    EQ(bits & 0x7f, 0);
    EQ(bits & 0x3fffff80, 0x3fffff80);
}

CASE(vtor_is_not_there, M0)
{
    VTOR = 0x20000000;
    EQ(VTOR, 0);
}

CASE(ccr_bits, 0)
{
    u32 was = CCR;

    if (has & V6) {
        EQ(was, 0x208);
        EQ(writable(&CCR), 0);
        return;
    }
    if (has & SECB) {
        EQ(was & 0x3ff, 0x209);
        EQ(writable(&CCR) & 0x3ff, 0);
        return;
    }
    /* v7-M: NONBASETHRDENA USERSETMPEND UNALIGN_TRP DIV_0_TRP BFHFNMIGN STKALIGN; v8-M: STKOFHFNMIGN */
    EQ(writable(&CCR) & 0x7ff, has & V8 ? 0x51a : 0x31b);
    EQ(was & 0x3ff, has & V8 ? 0x201 : 0x200);
    CCR = was;
}

CASE(scr_bits, 0)
{
    EQ(writable(&SCR), has & (SEC | SECB) ? 0x1e : 0x16);
}

CASE(shpr_bits, 0)
{
    u32 mask = writable(&IPR(0)) & 0xff;

    EQ(writable(&SHPR(2)), mask << 24);
    EQ(writable(&SHPR(3)), mask << 24 | mask << 16 | (has & MAIN ? mask : 0));
    if (has & MAIN) {
        EQ(writable(&SHPR(1)), mask << 16 | mask << 8 | mask | (has & SEC ? mask << 24 : 0));
    }
    EQ(writable(&IPR(1)), mask * 0x01010101);
    EQ(mask & 0xc0, 0xc0);
    EQ((mask | mask >> 1 | mask >> 2 | mask >> 3 | mask >> 4 | mask >> 5 | mask >> 6 | mask >> 7) & 0xff, 0xff >> 0);
    if (!(has & MAIN)) {
        EQ(mask, 0xc0);
    } else {
        MSR("basepri", 0xff);
        EQ(MRS("basepri"), mask);
        MSR("basepri", 0x1ff & ~0xff);
        EQ(MRS("basepri"), 0);
    }
}

CASE(shpr_by_bytes, MAIN)
{
    SHPRB(SVC) = 0x40;
    SHPRB(PENDSV) = 0x80;
    SHPRB(MEM) = 0xc0;
    EQ(SHPR(2), 0x40000000);
    EQ(SHPR(3), 0x00800000);
    EQ(SHPR(1), 0x000000c0);
    EQ(SHPRB(PENDSV), 0x80);
    REG16(0xe000ed22) = 0x2060;
    EQ(SHPR(3), 0x20600000);
}

CASE(shcsr_bits, MAIN)
{
    u32 was = SHCSR;

    MSR("faultmask", 1);
    SHCSR = 0x7 << 16;
    EQ(SHCSR, 7 << 16);
    SHCSR = 0;
    EQ(SHCSR, 0);
    MSR("faultmask", 0);
    SHCSR = was;
}

CASE(status_is_cleared_by_ones, MAIN)
{
    actions[HARD] = skip;
    asm volatile("udf #0" ::: "memory");
    EQ(HFSR, FORCED);
    HFSR = 0;
    EQ(HFSR, FORCED);
    HFSR = FORCED;
    EQ(HFSR, 0);
    EQ(CFSR, UNDEFINSTR);
    CFSR = 0;
    EQ(CFSR, UNDEFINSTR);
    CFSR = UNDEFINSTR;
    EQ(CFSR, 0);
}

CASE(fault_addresses_are_storage, MAIN)
{
    MMFAR = 0x12345678;
    BFAR = 0x9abcdef1;
    EQ(MMFAR, 0x12345678);
    EQ(BFAR, 0x9abcdef1);
}

CASE(cpacr_bits, MAIN)
{
    EQ(writable(&CPACR), has & FP ? 0xf << 20 : 0);
    if (has & V8) {
        EQ(writable(&FPDSCR), 0x07c00000);
    } else if (has & FP) {
        EQ(writable(&FPDSCR), 0x07c00000);
        EQ(writable(&FPCAR), 0xfffffff8);
        EQ(writable(&FPCCR), 0xc000017b);
    }
}

CASE(icsr_pends_and_clears, 0)
{
    MSR("primask", 1);
    ICSR = ICSR_PENDSV;
    EQ(ICSR & ICSR_PENDSV, ICSR_PENDSV);
    EQ(ICSR & ICSR_UNPENDSV, 0);
    ICSR = ICSR_UNPENDSV;
    EQ(ICSR & ICSR_PENDSV, 0);
    ICSR = ICSR_PENDST;
    EQ(ICSR & ICSR_PENDST, ICSR_PENDST);
    ICSR = 0;
    EQ(ICSR & ICSR_PENDST, ICSR_PENDST);
    ICSR = ICSR_UNPENDST;
    EQ(ICSR & ICSR_PENDST, 0);
    SYNC();
    MSR("primask", 0);
    EQ(num_seen, 0);
}

CASE(reserved_space_is_zero, 0)
{
    EQ(REG(0xe000ed8c) & ~0xcffu, 0);           /* NSACR, or nothing */
    EQ(REG(0xe000e7fc), 0);
    REG(0xe000e7fc) = ~0u;
    EQ(REG(0xe000e7fc), 0);
}

/* -- NVIC ------------------------------------------------------------------------------------------------------- */

CASE(nvic_enables_by_ones, 0)
{
    ISER(0) = 0x00010005;
    EQ(ISER(0), 0x00010005);
    EQ(ICER(0), 0x00010005);
    ISER(0) = 0;
    EQ(ISER(0), 0x00010005);
    ICER(0) = 4;
    EQ(ISER(0), 0x00010001);
    ICER(0) = 0;
    EQ(ICER(0), 0x00010001);
    ICER(0) = ~0u;
    EQ(ISER(0), 0);
}

CASE(nvic_pends_by_ones, 0)
{
    MSR("primask", 1);
    ISPR(0) = 0x80000010;
    EQ(ISPR(0), 0x80000010);
    EQ(ICPR(0), 0x80000010);
    ICPR(0) = 0x10;
    EQ(ISPR(0), 0x80000000);
    ICPR(0) = ~0u;
    EQ(ISPR(0), 0);
}

CASE(nvic_ends_with_the_last_interrupt, 0)
{
    u32 n = has & V6 ? 32 : 32 * (ICTR + 1), irqs = has & SEC ? 124 : 32;

    if (has & MAIN) {
        EQ(ICTR, has & SEC ? 3 : 0);
    }
    ISER((irqs - 1) / 32) = ~0u;
    EQ(ISER((irqs - 1) / 32), irqs % 32 ? (1u << irqs % 32) - 1 : ~0u);
    ICER((irqs - 1) / 32) = ~0u;
    ISER(n / 32) = ~0u;
    EQ(ISER(n / 32), 0);
    ISPR(n / 32) = ~0u;
    EQ(ISPR(n / 32), 0);
    IPR(n / 4) = ~0u;
    EQ(IPR(n / 4), 0);
    if (has & MAIN) {
        STIR = irqs;
        SYNC();
        EQ(ISPR(irqs / 32), 0);
    }
}

CASE(ipr_by_bytes, MAIN)
{
    IPRB(5) = 0x40;
    IPRB(6) = 0x80;
    EQ(IPR(1), 0x00804000);
    REG16(0xe000e406) = 0x60c0;
    EQ(IPR(1), 0x60c04000);
    EQ(IPRB(7), 0x60);
}

CASE(iabr_is_read_only, MAIN)
{
    IABR(0) = ~0u;
    EQ(IABR(0), 0);
}

CASE(stir_pends, MAIN)
{
    actions[IRQ0 + 9] = nothing;
    enable(9, 0);
    STIR = 9;
    SYNC();
    EQ(num_seen, 1);
    EQ(seen[0].number, IRQ0 + 9);
    EQ(STIR, 0);
}

/* -- unprivileged ----------------------------------------------------------------------------------------------- */

static u32 touch(u32 addr)
{
    return probe_read(addr);
}

CASE(system_space_is_privileged, MAIN)
{
    static const uint16_t rows[] = { 0xe010, 0xe100, 0xe400, 0xed00, 0xed04, 0xed14, 0xed28, 0xed94, 0x1004, 0xef00 };

    actions[BUS] = skip;
    SHCSR |= BUSFAULTENA;
    for (u32 i = 0; i < 10; i++) {
        EQ(on_psp(touch, 0xe0000000 + rows[i], arena + 0x800, 3), 0xdead0000);
        EQ(num_seen, i + 1);
        EQ(seen[i].cfsr, PRECISERR | BFARVALID);
        EQ(BFAR, 0xe0000000 + rows[i]);
        CFSR = ~0u;
    }
}

static u32 trigger(u32 irq)
{
    STIR = irq;
    SYNC();
    return 0;
}

CASE(stir_unprivileged, MAIN)
{
    actions[BUS] = skip;
    actions[IRQ0 + 9] = nothing;
    SHCSR |= BUSFAULTENA;
    enable(9, 0);
    on_psp(trigger, 9, arena + 0x800, 3);
    EQ(num_seen, 1);
    EQ(seen[0].number, BUS);
    CCR |= 2;                                   /* USERSETMPEND */
    SYNC();
    on_psp(trigger, 9, arena + 0x800, 3);
    EQ(num_seen, 2);
    EQ(seen[1].number, IRQ0 + 9);
}

/* LDRT and STRT of privileged code are judged as unprivileged. */
CASE(ldrt_in_system_space, MAIN)
{
    u32 v = 1;

    actions[BUS] = skip;
    SHCSR |= BUSFAULTENA;
    asm volatile("ldrt %0, [%1]" : "+r" (v) : "r" (0xe000ed00));
    EQ(num_seen, 1);
    EQ(v, 1);
    asm volatile("strt %0, [%1]" :: "r" (v), "r" (0xe000ed10) : "memory");
    EQ(num_seen, 2);
    EQ(SCR, 0);
}

static u32 special[12];

static u32 special_registers(u32 arg)
{
    u32 psr;

    special[0] = MRS("msp");
    special[1] = MRS("psp");
    special[2] = MRS("primask");
    special[3] = MRS("basepri");
    special[4] = MRS("faultmask");
    special[5] = MRS("control");
    special[6] = MRS("ipsr");
    special[7] = MRS("xpsr");
    MSR("primask", 1);
    MSR("basepri", 0x40);
    MSR("faultmask", 1);
    MSR("control", 0);
    MSR("psp", 0);
    asm volatile("cpsid i\n cpsid f" ::: "memory");
    asm volatile("msr apsr_nzcvq, %1\n mrs %0, apsr" : "=r" (psr) : "r" (0xa0000000) : "cc");
    special[8] = psr & 0xf8000000;
    special[9] = MRS("control");
    return 5;
}

CASE(special_registers_unprivileged, MAIN)
{
    MSR("basepri", 0xe0);
    EQ(on_psp(special_registers, 0, arena + 0x800, 3), 5);
    EQ(special[0], 0);
    EQ(special[1], 0);
    EQ(special[2], 0);
    EQ(special[3], 0);
    EQ(special[4], 0);
    EQ(special[5] & 3, 3);                      /* CONTROL can be read */
    EQ(special[6], 0);
    EQ(special[7] & 0x0700fdff, 0);             /* EPSR reads as zero */
    EQ(special[8], 0xa0000000);
    EQ(special[9] & 3, 3);
    EQ(MRS("primask"), 0);
    EQ(MRS("basepri"), 0xe0);
    EQ(MRS("faultmask"), 0);
}

/* -- special registers ------------------------------------------------------------------------------------------ */

CASE(special_register_masks, 0)
{
    u32 was = MRS("psp");

    MSR("primask", ~0u);
    EQ(MRS("primask"), 1);
    MSR("primask", 0xfffffffe);
    EQ(MRS("primask"), 0);
    MSR("psp", 0x2000123f);
    EQ(MRS("psp"), 0x2000123c);
    MSR("psp", was);
    if (has & MAIN) {
        MSR("faultmask", ~0u);
        EQ(MRS("faultmask"), 1);
        MSR("faultmask", 0);
        EQ(MRS("faultmask"), 0);
    }
    EQ(MRS("epsr"), 0);
    asm volatile("msr xpsr_nzcvq, %0" :: "r" (0x07ffffff) : "cc");      /* IPSR and EPSR are not written */
    EQ(MRS("xpsr") & 0x07f0ffff, 0);
}

CASE(apsr_parts, DSP)
{
    u32 v;

    asm volatile("msr apsr_nzcvqg, %1\n mrs %0, apsr" : "=r" (v) : "r" (0xffffffff) : "cc");
    EQ(v, 0xf80f0000);
    asm volatile("msr apsr_g, %1\n mrs %0, apsr" : "=r" (v) : "r" (0x00050000) : "cc");
    EQ(v & 0xf0000, 0x50000);
    asm volatile("msr apsr_nzcvq, %1\n mrs %0, apsr" : "=r" (v) : "r" (0x400a0000) : "cc");
    EQ(v, 0x40050000);
}

CASE(apsr_without_ge, V7 | NOFP)
{
    u32 v;

    asm volatile("msr apsr_nzcvq, %1\n mrs %0, apsr" : "=r" (v) : "r" (0xffffffff) : "cc");
    EQ(v, 0xf8000000);
}

CASE(control_bits, 0)
{
    MSR("control", 2);
    EQ(MRS("control"), 2);
    MSR("control", 0);
    EQ(MRS("control"), 0);
    if (has & FP) {
        MSR("control", 4);
        EQ(MRS("control"), 4);
        MSR("control", 0);
    }
}

static void control_in_handler(Trap *t)
{
    MSR("control", MRS("control") | 2);
    if (has & V7) {
        EQ(MRS("control") & 2, 0);              /* B5.2.3: not in Handler mode */
    }
    EQ(MRS("msp") <= (u32)(uintptr_t)t->sp, 1);
    mark('c');
}

CASE(spsel_in_handler_mode, MAIN)
{
    actions[SVC] = control_in_handler;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("c"));
    EQ(MRS("control") & 2, 0);                  /* of EXC_RETURN */
}

/* -- SysTick ---------------------------------------------------------------------------------------------------- */

CASE(systick_registers, MAIN)
{
    SYST_RVR = ~0u;
    EQ(SYST_RVR, 0xffffff);
    SYST_CSR = 0;
    SYST_CVR = 0x1234;
    EQ(SYST_CVR, 0);                            /* any write clears */
    EQ(SYST_CSR & 1 << 16, 0);
    SYST_CSR = 4;
    EQ(SYST_CSR & 7, 4);
    SYST_CSR = 0;
}

CASE(systick_counts_down, MAIN)
{
    u32 a, b;

    SYST_RVR = 0xffffff;
    SYST_CVR = 0;
    SYST_CSR = 5;
    do {                                        /* a slow host may be away until it wraps */
        (void)SYST_CSR;
        for (u32 i = 0; i < 1000; i++) {
            asm volatile("nop");
        }
        a = SYST_CVR;
        for (u32 i = 0; i < 1000; i++) {
            asm volatile("nop");
        }
        b = SYST_CVR;
    } while (SYST_CSR & 1 << 16);
    TRUE(a != 0 && b < a);
    SYST_CSR = 4;
    a = SYST_CVR;
    for (u32 i = 0; i < 1000; i++) {
        asm volatile("nop");
    }
    EQ(SYST_CVR, a);                            /* it stands */
}

CASE(systick_countflag, MAIN)
{
    SYST_RVR = 1000;
    SYST_CVR = 0;
    SYST_CSR = 5;
    while (!(SYST_CSR & 1 << 16)) {
    }
    SYST_RVR = 0xffffff;
    SYST_CVR = 0;
    EQ(SYST_CSR & 1 << 16, 0);                  /* cleared by the read, and by the write of CVR */
    EQ(num_seen, 0);
    SYST_CSR = 4;
}

static void tick(Trap *t)
{
    if (num_seen == 3) {
        SYST_CSR = 4;
        ICSR = ICSR_UNPENDST;
    }
}

CASE(systick_interrupts, MAIN)
{
    actions[SYSTICK] = tick;
    SYST_RVR = 5000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    while (num_seen < 3) {
    }
    EQ(num_seen, 3);
    EQ(SYST_CSR & 3, 0);
}

/* -- DWT, ITM, bit-banding -------------------------------------------------------------------------------------- */

#define DWT_CTRL REG(0xe0001000)
#define DWT_CYCCNT REG(0xe0001004)

CASE(cyccnt_counts, DWT)
{
    u32 a, b;

    DEMCR |= 1 << 24;
    DWT_CTRL = 0;
    DWT_CYCCNT = 1000;
    EQ(DWT_CYCCNT, 1000);
    DWT_CTRL = 1;
    for (u32 i = 0; i < 1000; i++) {
        asm volatile("nop");
    }
    a = DWT_CYCCNT;
    for (u32 i = 0; i < 1000; i++) {
        asm volatile("nop");
    }
    b = DWT_CYCCNT;
    TRUE(a > 1000 && b > a);
    DWT_CTRL = 0;
    a = DWT_CYCCNT;
    for (u32 i = 0; i < 100; i++) {
        asm volatile("nop");
    }
    EQ(DWT_CYCCNT, a);
    DWT_CYCCNT = 0xfffffff0;
    DWT_CTRL = 1;
    while (DWT_CYCCNT > 0x80000000) {
    }
    DWT_CTRL = 0;
}

static void watchpoint(Trap *t)
{
    mark('w');
    EQ(DFSR, 4);
    DFSR = 4;
}

CASE(dwt_watches_a_store, DWT)
{
    actions[DEBUG] = watchpoint;
    DEMCR |= 1 << 16 | 1 << 24;
    REG(0xe0001020) = (u32)(uintptr_t)arena + 0x40;
    REG(0xe0001024) = 0;
    REG(0xe0001028) = has & V8 ? 0x815 : 6;     /* stores; a word */
    SYNC();
    REG(arena + 0x44) = 1;
    SYNC();
    TRUE(marked(""));
    probe_read((u32)(uintptr_t)arena + 0x40);
    SYNC();
    TRUE(marked(""));
    REG(arena + 0x40) = 1;
    SYNC();
    TRUE(marked("w"));
    EQ(REG(0xe0001028) & 1 << 24, 1 << 24);     /* MATCHED, cleared by the read */
    EQ(REG(0xe0001028) & 1 << 24, 0);
    REG(0xe0001028) = 0;
    DEMCR = 1 << 24;
}

#define ITM_STIM REG(0xe0000000)
#define ITM_TER REG(0xe0000e00)
#define ITM_TPR REG(0xe0000e40)
#define ITM_TCR REG(0xe0000e80)

CASE(itm_registers, DWT)
{
    REG(0xe0000fb0) = 0;
    if (has & V7) {
        ITM_TER = 0;
        REG(0xe0000fb0) = 0xc5acce55;
        EQ(REG(0xe0000fb4) & 3, 1);
    }
    ITM_TCR = 1;
    ITM_TER = 5;
    EQ(ITM_TER, 5);
    EQ(ITM_TCR & 1, 1);
    EQ(ITM_STIM & 1, 1);                        /* FIFOREADY */
    REG8(0xe0000000) = 'x';
    ITM_TCR = 0;
    ITM_TER = 0;
    if (has & V7) {
        REG(0xe0000fb0) = 0;                    /* locked: writes go nowhere */
        EQ(REG(0xe0000fb4) & 3, 3);
        ITM_TER = 7;
        EQ(ITM_TER, 0);
    }
}

CASE(bitband, BITBAND)
{
    volatile u32 *word = (u32 *)0x20000ff0;
    u32 was = *word, alias = 0x22000000 + 0xff0 * 32;

    *word = 0;
    REG(alias + 4 * 5) = 1;
    EQ(*word, 0x20);
    REG(alias + 4 * 31) = 0xffffffff;           /* bit 0 alone counts */
    EQ(*word, 0x80000020);
    REG(alias + 4 * 5) = 0xfffffffe;
    EQ(*word, 0x80000000);
    EQ(REG(alias + 4 * 31), 1);
    EQ(REG(alias + 4 * 30), 0);
    REG8(alias + 4 * 9) = 1;
    EQ(*word, 0x80000200);
    *word = was;
}

CASE(bitband_of_a_device, BITBAND)
{
    /* the timer's RELOAD, 0x40000008 */
    REG(0x40000008) = 0;
    REG(0x42000000 + 8 * 32 + 4 * 3) = 1;
    EQ(REG(0x40000008), 8);
    EQ(REG(0x42000000 + 8 * 32 + 4 * 3), 1);
    REG(0x40000008) = 0;
}

/* -- level and edge: the timer of the CMSDK --------------------------------------------------------------------- */

#ifdef SSE
#define TIMER 0x50000000
#define TIMER_IRQ 3
#else
#define TIMER 0x40000000
#define TIMER_IRQ 8
#endif

static void level_kept(Trap *t)
{
    mark('l');
    if (num_seen == 3) {
        REG(TIMER) = 0;
        REG(TIMER + 12) = 1;
    }
}

/* The line stays high: the exception comes again each time that it returns. */
CASE(level_pends_again, WATCHDOG)
{
    actions[IRQ0 + TIMER_IRQ] = level_kept;
    REG(TIMER + 8) = 1000;
    REG(TIMER + 4) = 1000;
    enable(TIMER_IRQ, 0);
    REG(TIMER) = 9;
    while (num_seen < 3) {
    }
    SYNC();
    TRUE(marked("lll"));
}

/* A line that fell leaves it pending; ICPR takes it back only then. */
CASE(level_and_icpr, WATCHDOG)
{
    MSR("primask", 1);
    enable(TIMER_IRQ, 0);
    REG(TIMER + 8) = 1000;
    REG(TIMER + 4) = 1000;
    REG(TIMER) = 9;
    while (!(ISPR(0) & 1 << TIMER_IRQ)) {
    }
    REG(TIMER) = 0;
    ICPR(0) = 1 << TIMER_IRQ;
    SYNC();
    EQ(ISPR(0) & 1 << TIMER_IRQ, 1 << TIMER_IRQ);
    REG(TIMER + 12) = 1;
    SYNC();
    EQ(ISPR(0) & 1 << TIMER_IRQ, 1 << TIMER_IRQ);
    ICPR(0) = 1 << TIMER_IRQ;
    EQ(ISPR(0) & 1 << TIMER_IRQ, 0);
    MSR("primask", 0);
}
