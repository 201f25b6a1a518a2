/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Faults and their status (Armv7-M ARM, B1.5.14; Armv8-M ARM, B3.12, D1.2 CFSR). */
#include "targets/arm/tests/m_system/test.h"

static void on(u32 which)
{
    SHCSR |= which;
    actions[USAGE] = actions[BUS] = actions[MEM] = skip;
}

/* One fault, of a number, with a status. */
static void one(u32 number, u32 cfsr)
{
    EQ(num_seen, 1);
    EQ(seen[0].number, number);
    EQ(seen[0].cfsr, cfsr);
    EQ(seen[0].hfsr, 0);
    EQ(CFSR, cfsr);
    CFSR = cfsr;
    EQ(CFSR, 0);
    num_seen = 0;
}

/* -- UsageFault ------------------------------------------------------------------------------------------------- */

CASE(undefinstr, MAIN)
{
    on(USGFAULTENA);
    asm volatile("udf #0" ::: "memory");
    one(USAGE, UNDEFINSTR);
    asm volatile("udf.w #0" ::: "memory");
    one(USAGE, UNDEFINSTR);
}

CASE(invstate_by_bx, MAIN)
{
    on(USGFAULTENA);
    actions[USAGE] = leave;
    call((u32)(uintptr_t)probe_read & ~1u);
    EQ(seen[0].pc, (u32)(uintptr_t)probe_read & ~1u);
    EQ(seen[0].psr & 1 << 24, 0);
    one(USAGE, INVSTATE);
}

CASE(invstate_by_pop, MAIN)
{
    on(USGFAULTENA);
    actions[USAGE] = leave;
    /* LR is set for leave() */
    asm volatile("adr r0, 1f\n adds r0, #1\n mov lr, r0\n subs r0, #1\n push {r0}\n pop {pc}\n .align 2\n1: nop"
                 ::: "r0", "lr", "memory");
    one(USAGE, INVSTATE);
}

CASE(nocp, MAIN)
{
    on(USGFAULTENA);
    asm volatile("cdp p0, 0, c0, c0, c0, 0" ::: "memory");
    one(USAGE, NOCP);
    asm volatile("mrc p15, 0, r0, c0, c0, 0" ::: "r0", "memory");
    one(USAGE, NOCP);
    asm volatile("mcrr p7, 0, r0, r1, c0" ::: "memory");
    one(USAGE, NOCP);
    asm volatile("ldc p5, c0, [sp]" ::: "memory");
    one(USAGE, NOCP);
}

CASE(nocp_of_fp_without_fp, MAIN | NOFP)
{
    on(USGFAULTENA);
    asm volatile(".word 0x0a81ee30" ::: "memory");       /* VADD.F32 S0, S1, S2 */
    one(USAGE, NOCP);
}

CASE(nocp_of_fp_that_is_off, FP)
{
    on(USGFAULTENA);
    CPACR = 0;
    SYNC();
    asm volatile(".word 0x0a81ee30" ::: "memory");
    one(USAGE, NOCP);
    asm volatile(".word 0x0a10eef1" ::: "r0", "memory"); /* VMRS R0, FPSCR */
    one(USAGE, NOCP);
}

static u32 fp_thread(u32 arg)
{
    asm volatile(".word 0x0a81ee30" ::: "memory");
    return 0;
}

CASE(nocp_of_fp_that_is_privileged, FP)
{
    on(USGFAULTENA);
    CPACR = 5 << 20;
    SYNC();
    asm volatile(".word 0x0a81ee30" ::: "memory");
    EQ(num_seen, 0);
    on_psp(fp_thread, 0, arena + 0x800, 3);
    one(USAGE, NOCP);
}

CASE(unaligned_is_a_choice, MAIN)
{
    u32 v, *at = (u32 *)(arena + 1);

    on(USGFAULTENA);
    REG(arena) = 0x33221100;
    REG(arena + 4) = 0x77665544;
    asm volatile("ldr %0, [%1]" : "=r" (v) : "r" (at) : "memory");
    EQ(v, 0x44332211);
    EQ(num_seen, 0);
    CCR |= 8;
    SYNC();
    asm volatile("ldr %0, [%1]" : "=r" (v) : "r" (at) : "memory");
    one(USAGE, UNALIGNED);
    asm volatile("strh %0, [%1]" :: "r" (v), "r" (at) : "memory");
    one(USAGE, UNALIGNED);
    asm volatile("strb %0, [%1]" :: "r" (v), "r" (at) : "memory");
    EQ(num_seen, 0);
    asm volatile("ldrh %0, [%1, #1]" : "=r" (v) : "r" (at) : "memory");
    EQ(num_seen, 0);
}

CASE(unaligned_always, MAIN)
{
    register u32 a asm("r4") = (u32)(uintptr_t)arena + 2;

    on(USGFAULTENA);
    asm volatile("ldm %0, {r2, r3}" :: "r" (a) : "r2", "r3", "memory");
    one(USAGE, UNALIGNED);
    asm volatile("stm %0, {r2, r3}" :: "r" (a) : "memory");
    one(USAGE, UNALIGNED);
    asm volatile("ldrd r2, r3, [%0]" :: "r" (a) : "r2", "r3", "memory");
    one(USAGE, UNALIGNED);
    asm volatile("strd r2, r3, [%0]" :: "r" (a) : "memory");
    one(USAGE, UNALIGNED);
    asm volatile("ldrex r2, [%0]" :: "r" (a) : "r2", "memory");
    one(USAGE, UNALIGNED);
    asm volatile("ldrexh r2, [%0]" :: "r" (a + 1) : "r2", "memory");
    one(USAGE, UNALIGNED);
    asm volatile("strex r2, r3, [%0]" :: "r" (a) : "r2", "memory");
    one(USAGE, UNALIGNED);
}

CASE(unaligned_v6_is_hardfault, V6)
{
    actions[HARD] = skip;
    probe_read((u32)(uintptr_t)arena + 1);
    EQ(num_seen, 1);
    probe_write((u32)(uintptr_t)arena + 2, 0);
    EQ(num_seen, 2);
}

/* In Armv8-M Device memory has no unaligned accesses (ValidateAddress()); before it is UNPREDICTABLE. */
CASE(unaligned_device_memory, V8 | MAIN)
{
    on(USGFAULTENA);
    probe_read(0xe000ed01);
    one(USAGE, UNALIGNED);
    probe_write(0x50302001, 0);
    one(USAGE, UNALIGNED);
}

CASE(divbyzero, MAIN)
{
    u32 v = 7;

    on(USGFAULTENA);
    asm volatile("udiv %0, %1, %2" : "=r" (v) : "r" (100), "r" (0));
    EQ(v, 0);
    asm volatile("sdiv %0, %1, %2" : "=r" (v) : "r" (-100), "r" (0));
    EQ(v, 0);
    EQ(num_seen, 0);
    CCR |= 16;
    SYNC();
    asm volatile("udiv %0, %1, %2" : "=r" (v) : "r" (100), "r" (0));
    one(USAGE, DIVBYZERO);
    asm volatile("sdiv %0, %1, %2" : "=r" (v) : "r" (-100), "r" (0));
    one(USAGE, DIVBYZERO);
    asm volatile("sdiv %0, %1, %2" : "=r" (v) : "r" (0x80000000), "r" (-1));
    EQ(v, 0x80000000);
    EQ(num_seen, 0);
}

CASE(fault_in_an_it_block, MAIN)
{
    u32 a = 1;

    on(USGFAULTENA);
    actions[USAGE] = nothing;
    asm volatile("cmp %0, #1\n it ne\n udfne #0" : "+r" (a) :: "cc", "memory");
    EQ(num_seen, 0);
}

static void see_it(Trap *t)
{
    EQ(t->frame[PSR] & 0x0600fc00, 0x00000400);
    skip(t);
}

CASE(itstate_of_a_fault, MAIN)
{
    on(USGFAULTENA);
    actions[USAGE] = see_it;
    /* ITT EQ, at the first of two: ITSTATE is 00000100 */
    asm volatile("cmp r0, r0\n itt eq\n .inst.n 0xde00\n nopeq" ::: "cc", "memory");
    EQ(num_seen, 1);
}

CASE(cfsr_is_sticky_and_by_bytes, MAIN)
{
    on(USGFAULTENA);
    asm volatile("udf #0" ::: "memory");
    CCR |= 16;
    SYNC();
    asm volatile("udiv r0, r0, %0" :: "r" (0) : "r0");
    EQ(CFSR, UNDEFINSTR | DIVBYZERO);
    EQ(REG16(0xe000ed2a), (UNDEFINSTR | DIVBYZERO) >> 16);
    REG16(0xe000ed2a) = UNDEFINSTR >> 16;
    EQ(CFSR, DIVBYZERO);
    REG8(0xe000ed2b) = 0xff;
    EQ(CFSR, 0);
}

/* -- BusFault --------------------------------------------------------------------------------------------------- */

CASE(precise_bus_errors, MAIN | WATCHDOG)
{
    on(BUSFAULTENA);
    EQ(probe_read(HOLE + 0x124), 0xdead0000);
    EQ(BFAR, HOLE + 0x124);
    one(BUS, PRECISERR | BFARVALID);
    EQ(probe_read8(HOLE + 0x127), 0xdead0000);
    EQ(BFAR, HOLE + 0x127);
    one(BUS, PRECISERR | BFARVALID);
}

/* Whether a store's error is precise is IMPLEMENTATION DEFINED: here it is. */
CASE(bus_error_of_a_store, MAIN | WATCHDOG)
{
    on(BUSFAULTENA);
    probe_write(HOLE + 0x128, 1);
    EQ(BFAR, HOLE + 0x128);
    one(BUS, PRECISERR | BFARVALID);
}

CASE(bus_error_escalates, WATCHDOG)
{
    actions[HARD] = skip;
    EQ(probe_read(HOLE), 0xdead0000);
    EQ(num_seen, 1);
    EQ(seen[0].cfsr, PRECISERR | BFARVALID);
    EQ(seen[0].hfsr, FORCED);
    EQ(BFAR, HOLE);
}

CASE(bus_error_v6, V6)
{
    actions[HARD] = skip;
    EQ(probe_read(0x60000000), 0xdead0000);
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
}

CASE(ibuserr, MAIN | WATCHDOG)
{
    on(BUSFAULTENA);
    actions[BUS] = leave;
    call(CODE_HOLE | 1);
    EQ(seen[0].pc, CODE_HOLE);
    one(BUS, IBUSERR);
}

static void probe_in_hardfault(Trap *t)
{
    probe_read(HOLE + 4);                       /* UNKNOWN, and no fault */
    mark('H');
    probe_write(HOLE + 4, 1);
    skip(t);
}

CASE(bfhfnmign, MAIN | WATCHDOG)
{
    actions[HARD] = probe_in_hardfault;
    CCR |= 1 << 8;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("H"));
    EQ(num_seen, 1);
    EQ(CFSR & 0xff00, PRECISERR | BFARVALID);
    EQ(BFAR, HOLE + 4);
}

/* It is for priorities below zero alone. */
CASE(bfhfnmign_not_in_thread, MAIN | WATCHDOG)
{
    on(BUSFAULTENA);
    CCR |= 1 << 8;
    SYNC();
    EQ(probe_read(HOLE), 0xdead0000);
    one(BUS, PRECISERR | BFARVALID);
}

CASE(bfhfnmign_under_faultmask, MAIN | WATCHDOG)
{
    CCR |= 1 << 8;
    SYNC();
    MSR("faultmask", 1);
    probe_read(HOLE);
    MSR("faultmask", 0);
    EQ(num_seen, 0);
}

/* -- stacking --------------------------------------------------------------------------------------------------- */

static u32 resume_sp, resume_pc, left_pending;

/* Runs f on a PSP that is bad; whoever sees the fault calls back_to_main. */
static void __attribute__((naked)) with_bad_psp(u32 psp, u32 control)
{
    asm volatile("push {r4-r7, lr}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4-r7}\n"
                 "ldr r2, =resume_sp\n mov r3, sp\n str r3, [r2]\n ldr r2, =resume_pc\n ldr r3, =1f + 1\n str r3, [r2]\n"
                 "msr psp, r0\n msr control, r1\n isb\n svc #1\n udf #9\n"
                 ".thumb_func\n1: pop {r4-r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n pop {r4-r7, pc}\n .ltorg");
}

/* Leaves the handler by a frame of its own on the main stack, which becomes Thread mode's. */
static void __attribute__((naked, noreturn)) return_to(u32 *frame)
{
    asm volatile("mrs r1, control\n movs r2, #1\n bics r1, r2\n msr control, r1\n mov sp, r0\n ldr r0, =0xfffffff9\n bx r0");
}

static void back_to_main(Trap *t)
{
    u32 *frame = (u32 *)(uintptr_t)((resume_sp - 0x20) & ~7u);

    for (u32 i = 0; i < 8; i++) {
        frame[i] = 0;
    }
    frame[PC] = resume_pc & ~1u;
    frame[PSR] = 1 << 24 | (resume_sp & 4 ? 1 << 9 : 0);
    mark('B');
    left_pending = SHCSR & 0xf000;
    SHCSR &= ~(1u << 15);                       /* SVC would be chained to the return */
    return_to(frame);
}

CASE(stkerr, MAIN | WATCHDOG)
{
    no_frame = true;
    SHCSR |= BUSFAULTENA;
    actions[BUS] = back_to_main;
    SHPRB(SVC) = 0x80;
    with_bad_psp(HOLE + 0x100, 2);
    EQ(num_seen, 1);
    EQ(seen[0].number, BUS);
    EQ(seen[0].cfsr, STKERR);
    EQ(seen[0].lr, 0xfffffffd);
    EQ(MRS("psp"), HOLE + 0x100 - 0x20);        /* SP moves all the same */
    EQ(left_pending, 1 << 15);                  /* SVC waited still */
}

static void tail_chained(Trap *t)
{
    mark('s');
}

/* The original exception goes first if its priority is higher; the derived one is tail-chained. */
CASE(stkerr_after_a_higher_exception, MAIN | WATCHDOG)
{
    no_frame = true;
    SHCSR |= BUSFAULTENA;
    actions[BUS] = back_to_main;
    actions[SVC] = tail_chained;
    SHPRB(BUS) = 0x80;
    SHPRB(SVC) = 0x40;
    with_bad_psp(HOLE + 0x100, 2);
    TRUE(marked("sB"));
    EQ(seen[0].number, SVC);
    EQ(seen[1].number, BUS);
    EQ(seen[1].cfsr, STKERR);
}

CASE(stkerr_escalates, MAIN | WATCHDOG)
{
    no_frame = true;
    actions[HARD] = back_to_main;
    with_bad_psp(HOLE + 0x100, 2);
    EQ(num_seen, 1);
    EQ(seen[0].number, HARD);
    EQ(seen[0].cfsr, STKERR);
    EQ(seen[0].hfsr, FORCED);
}

static void to_bad_psp(Trap *t)
{
    MSR("psp", HOLE + 0x200);
    t->lr = 0xfffffffd;
}

static void unstk(Trap *t)
{
    EQ(MRS("psp"), HOLE + 0x200);               /* as it was before the return */
    EQ(t->lr, 0xfffffffd);
    mark('U');
    t->lr = 0xfffffff9;                         /* the frame of the SVC is there still */
}

CASE(unstkerr, MAIN | WATCHDOG)
{
    no_frame = true;
    SHCSR |= BUSFAULTENA;
    actions[SVC] = to_bad_psp;
    actions[BUS] = unstk;
    asm volatile("svc #1" ::: "memory");
    TRUE(marked("U"));
    EQ(seen[1].cfsr, UNSTKERR);
    EQ(SHCSR & 0xfff, 0);
}

CASE(lockup_by_bad_main_stack, MAIN | WATCHDOG)
{
    no_frame = true;
    expect_lockup();
    /* neither SVC's nor HardFault's frame can be written */
    asm volatile("msr msp, %0\n isb\n svc #1\n b ." :: "r" (HOLE + 0x100) : "memory");
}

/* -- default memory map ----------------------------------------------------------------------------------------- */

CASE(execute_never_by_default, MAIN)
{
    static const u32 rows[] = { 0x40000000, 0xa0000000, 0xc0000000, 0xe0000000, 0xe000e000, 0xe0100000, 0xf0000000 };

    SHCSR |= MEMFAULTENA;
    for (u32 i = 0; i < 7; i++) {
        actions[MEM] = leave;
        call(rows[i] | (has & SEC && rows[i] < 0xe0000000 ? 0x10000000 : 0) | 1);
        EQ(seen[i].cfsr, IACCVIOL);             /* and no MMARVALID */
        CFSR = IACCVIOL;
    }
    EQ(num_seen, 7);
}

/* -- stack limits ----------------------------------------------------------------------------------------------- */

/*
 * An instruction that lowers SP below its limit is STKOF; SP and memory stay. As SP is the limit, the entry violates it
 * too: SP becomes the limit, no frame is written, and the handler makes up one.
 */
static void make_frame(Trap *t)
{
    mark('O');
    EQ(CFSR, STKOF);
    CFSR = STKOF;
    asm volatile("msr psplim, %0" :: "r" (0));
    back_to_main(t);
}

static void __attribute__((naked)) lower(u32 psp, u32 control, u32 how)
{
    asm volatile("push {r4-r11, lr}\n ldr r4, =resume_sp\n str sp, [r4]\n ldr r4, =resume_pc\n ldr r5, =1f + 1\n str r5, [r4]\n"
                 "msr psp, r0\n msr psplim, r0\n msr control, r1\n isb\n tbb [pc, r2]\n"
                 "2: .byte (10f - 2b) / 2, (11f - 2b) / 2, (12f - 2b) / 2, (13f - 2b) / 2, (14f - 2b) / 2, (15f - 2b) / 2\n"
                 ".byte (16f - 2b) / 2, (17f - 2b) / 2\n .align 1\n"
                 "10: sub sp, #0x80\n b 20f\n"
                 "11: push {r0-r7}\n b 20f\n"
                 "12: str r0, [sp, #-0x40]!\n b 20f\n"
                 "13: stmdb sp!, {r0-r7, lr}\n b 20f\n"
                 "14: strd r0, r1, [sp, #-0x20]!\n b 20f\n"
                 "15: ldr r2, [sp, #-0x20]!\n b 20f\n"
                 "16: sub r2, sp, #0x20\n mov sp, r2\n b 20f\n"
                 "17: vpush {s0-s7}\n"
                 "20: udf #9\n"
                 ".thumb_func\n1: pop {r4-r11, pc}\n .ltorg");
}

CASE(stkof_by_instructions, V8 | MAIN)
{
    no_frame = true;
    SHCSR |= USGFAULTENA;
    for (u32 i = 0; i < 8; i++) {
        num_seen = 0;
        actions[USAGE] = make_frame;
        for (u32 k = 0x700; k < 0x800; k += 4) {
            REG(arena + k) = 0x5a5a5a5a;
        }
        lower((u32)(uintptr_t)arena + 0x800, 2, i);
        EQ(num_seen, 1);
        EQ(seen[0].cfsr, STKOF);
        EQ(MRS("psp"), (u32)(uintptr_t)arena + 0x800);
        for (u32 k = 0x700; k < 0x800; k += 4) {
            EQ(REG(arena + k), 0x5a5a5a5a);
        }
    }
}

CASE(stkof_not_above_the_limit, V8 | MAIN)
{
    u32 limit = MRS("msp") - 0x800;

    SHCSR |= USGFAULTENA;
    actions[SVC] = nothing;
    asm volatile("msr msplim, %0" :: "r" (limit));
    asm volatile("svc #1" ::: "memory");
    asm volatile("msr msplim, %0" :: "r" (0));
    EQ(num_seen, 1);
    EQ(CFSR, 0);
}

CASE(stkof_of_an_entry, V8 | MAIN)
{
    no_frame = true;
    SHCSR |= USGFAULTENA;
    actions[USAGE] = back_to_main;
    SHPRB(SVC) = 0x80;
    asm volatile("msr psplim, %0" :: "r" (arena + 0x7f0));
    REG(arena + 0x7ec) = 0x5a5a;
    with_bad_psp((u32)(uintptr_t)arena + 0x800, 2);
    EQ(num_seen, 1);
    EQ(seen[0].number, USAGE);
    EQ(seen[0].cfsr, STKOF);
    EQ(MRS("psp"), (u32)(uintptr_t)arena + 0x7f0);       /* the limit */
    EQ(REG(arena + 0x7ec), 0x5a5a);
    asm volatile("msr psplim, %0" :: "r" (0));
}

CASE(limits_have_low_bits_zero, V8 | MAIN)
{
    u32 v;

    asm volatile("msr psplim, %1\n mrs %0, psplim" : "=r" (v) : "r" (0xffffffff));
    EQ(v, 0xfffffff8);
    asm volatile("msr psplim, %1\n mrs %0, psplim" : "=r" (v) : "r" (0));
    EQ(v, 0);
}

static void below_limit_in_hardfault(Trap *t)
{
    u32 sp = MRS("msp");

    asm volatile("msr msplim, %0\n sub sp, #0x100\n add sp, #0x100\n msr msplim, %1" :: "r" (sp & ~7u), "r" (0) : "memory");
    mark('H');
    skip(t);
}

CASE(stkofhfnmign, V8 | MAIN)
{
    actions[HARD] = below_limit_in_hardfault;
    CCR |= 1 << 10;
    SYNC();
    asm volatile("udf #0" ::: "memory");
    TRUE(marked("H"));
    EQ(CFSR, UNDEFINSTR);
}
