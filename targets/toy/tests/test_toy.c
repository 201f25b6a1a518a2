/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/exec through the toy: programs run on both back ends, on one thread and on several, normally and with blocks
 * of one instruction. What a program found is what it writes to EXIT, or what it left in memory.
 */
#include <stdlib.h>
#include "core/exec/clock.h"
#include "core/exec/exec.h"
#include "core/bits.h"
#include "targets/toy/cpu.h"

/* -- an assembler ---------------------------------------------------------------------------------------- */

typedef struct Asm {
    uint32_t w[32768];
    unsigned n;                                 /* words so far: the next goes to address 4 * n */
} Asm;

enum {                                          /* opcodes, of variant a */
    ADD = 0x01, SUB = 0x02, AND = 0x03, XOR = 0x04, MUL = 0x05, ADDI = 0x10, XORI = 0x11, LUI = 0x12, LD = 0x20,
    ST = 0x21, LDB = 0x22, STB = 0x23, VLD = 0x24, VST = 0x25, BEQ = 0x30, BNE = 0x31, BLT = 0x32, JAL = 0x33, JR = 0x34,
    AMOADD = 0x40, SWAP = 0x41, MFC = 0x50, MTC = 0x51, SYS = 0x52, RTI = 0x53, WFI = 0x54, FENCE = 0x55, FLUSH = 0x56,
    ADD_SUB = 0x60, ADDI_XORI = 0x61,
};

static uint32_t ins(unsigned op, unsigned d, unsigned a, int imm)
{
    return op << 24 | d << 20 | a << 16 | (imm & 0xffff);
}

static void i(Asm *p, unsigned op, unsigned d, unsigned a, int imm)
{
    p->w[p->n++] = ins(op, d, a, imm);
}

static void r(Asm *p, unsigned op, unsigned d, unsigned a, unsigned b)
{
    i(p, op, d, a, b << 12);
}

/* Register 0 is zero by convention: programs never write it. */
static void li(Asm *p, unsigned d, uint32_t v)
{
    i(p, LUI, d, 0, (v + 0x8000) >> 16);
    i(p, ADDI, d, d, v & 0xffff);
}

/* v to a system register, by way of register d. */
static void mtc(Asm *p, unsigned reg, unsigned d, uint32_t v)
{
    li(p, d, v);
    i(p, MTC, 0, d, (int)reg);
}

/* A branch or jump to the word `to`. */
static void b(Asm *p, unsigned op, unsigned d, unsigned a, unsigned to)
{
    i(p, op, d, a, (int)to - (int)p->n);
}

/* Reserves a branch; land() makes it go to what comes next. */
static unsigned hole(Asm *p, unsigned op, unsigned d, unsigned a)
{
    i(p, op, d, a, 0);
    return p->n - 1;
}

static void land(Asm *p, unsigned at)
{
    p->w[at] |= (p->n - at) & 0xffff;
}

static void org(Asm *p, uint32_t addr)
{
    g_assert(p->n <= addr / 4);
    p->n = addr / 4;
}

/* Ends the machine with the status in d. Uses r15. */
static void finish(Asm *p, unsigned d)
{
    li(p, 15, TOY_IO_BASE);
    i(p, ST, d, 15, TOY_IO_EXIT);
    b(p, JAL, 0, 0, p->n);                      /* until the machine is stopped */
}

static void finish_with(Asm *p, uint32_t status)
{
    li(p, 14, status);
    finish(p, 14);
}

/* -- running --------------------------------------------------------------------------------------------- */

typedef struct Mode {
    const char *name, *backend;
    bool single, one_insn, naive;
    size_t code_size;
    unsigned heat;
    uint64_t counted;                           /* counted mode, and after so many instructions the end; 0: not */
} Mode;

static const Mode modes[] = {
    { "tcg", "tcg" },
    { "tci", "tci" },
    { "tcg-single", "tcg", .single = true },
    { "tcg-regions", "tcg", .heat = 1 },
    { "tci-regions", "tci", .heat = 1 },
    { "tcg-one-insn", "tcg", .one_insn = true },
    { "tcg-naive", "tcg", .naive = true },
    { "tci-one-insn", "tci", .one_insn = true, .naive = true },
};

typedef struct Run {
    TypeRegistry *types;
    Machine *m;
} Run;

static void start(Run *run, const Mode *mode, const Asm *p, const char *cpus, unsigned smp)
{
    static const TypeInfo *const own[] = { &toy_cpu_type, &toy_a_type, &toy_b_type, &toy_io_type, &toy_machine_type };
    AccelConfig config = {
        .backend = mode->backend, .single_thread = mode->single, .one_insn = mode->one_insn, .naive = mode->naive,
        .code_size = mode->code_size, .heat = mode->heat,
        .counted = mode->counted, .stop_after = mode->counted, .quantum = 37,
    };
    GError *error = NULL;

    run->types = type_registry_new(NULL, NULL);
    exec_register_types(run->types);
    for (unsigned n = 0; n < G_N_ELEMENTS(own); n++) {
        type_register(run->types, own[n], &error);
        g_assert_no_error(error);
    }
    run->m = machine_new(run->types, "toy", &error);
    g_assert_no_error(error);
    run->m->config.smp = smp;
    run->m->config.cpu = g_strdup(cpus);
    exec_init(run->m, &config, &error);
    g_assert_no_error(error);
    MACHINE_CLASS_OF(run->m)->build(run->m, &error);
    g_assert_no_error(error);
    machine_reset(run->m, RESET_COLD);
    address_space_write(run->m->sysmem, 0, MEMTX_ATTRS_DEBUG, p->w, sizeof(p->w));
    exec_start(run->m);
}

static gboolean tick(void *opaque)
{
    return G_SOURCE_CONTINUE;
}

/* Runs until the guest ends the machine: its status. */
static uint32_t wait_end(Run *run)
{
    GSource *wake = g_timeout_source_new(20);
    int64_t end = g_get_monotonic_time() + 50 * G_USEC_PER_SEC;

    g_source_set_callback(wake, tick, NULL, NULL);
    g_source_attach(wake, run->m->context);
    while (!__atomic_load_n(&run->m->shutdown_requested, __ATOMIC_ACQUIRE)) {
        if (g_get_monotonic_time() > end) {
            for (unsigned n = 0; n < run->m->cpus->len; n++) {
                ToyCPU *cpu = run->m->cpus->pdata[n];

                g_printerr("cpu %u: pc %x epc %x cause %u faddr %x r1 %x r2 %x r3 %x halted %d\n", n, (unsigned)cpu->pc,
                           cpu->ctl[TOY_EPC], cpu->ctl[TOY_CAUSE], cpu->ctl[TOY_FADDR], cpu->r[1], cpu->r[2], cpu->r[3],
                           cpu->parent.halted);
            }
            g_error("the guest does not end");
        }
        g_main_context_iteration(run->m->context, TRUE);
    }
    g_source_destroy(wake);
    g_source_unref(wake);
    return __atomic_load_n(&run->m->exit_status, __ATOMIC_RELAXED);
}

static void end(Run *run)
{
    exec_stop(run->m);
    machine_free(run->m);
    type_registry_free(run->types);
}

static uint32_t go(const Mode *mode, const Asm *p, const char *cpus, unsigned smp)
{
    uint32_t status;
    Run run;

    start(&run, mode, p, cpus, smp);
    exec_resume(run.m);
    status = wait_end(&run);
    end(&run);
    return status;
}

static uint32_t word(Run *run, uint32_t addr)
{
    return address_space_ld(run->m->sysmem, addr, 4, false, MEMTX_ATTRS_NONE, NULL);
}

/* -- one CPU --------------------------------------------------------------------------------------------- */

static void test_sum(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    li(p, 1, 0);
    li(p, 2, 1);
    li(p, 3, 100001);
    loop = p->n;
    r(p, ADD, 1, 1, 2);
    i(p, ADDI, 2, 2, 1);
    b(p, BNE, 2, 3, loop);
    finish(p, 1);
    g_assert_cmphex(go(mode, p, "toy-a", 1), ==, (uint32_t)(UINT64_C(100000) * 100001 / 2));
}

/* Loads and stores of bytes and words, over many pages, calls through registers, multiplication. */
static void test_memory(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned call, fn, loop;
    uint32_t want = 0, x = 1;

    li(p, 1, 1);                                /* x */
    li(p, 2, 0x100000);
    li(p, 3, 0x100000 + 3000 * 4100);
    li(p, 4, 0);
    li(p, 5, 4100);
    li(p, 9, 1103515245);
    loop = p->n;
    call = hole(p, JAL, 10, 0);
    i(p, ST, 1, 2, 0);
    i(p, LDB, 6, 2, 1);
    r(p, ADD, 4, 4, 6);
    i(p, STB, 4, 2, 3);
    i(p, LD, 6, 2, 0);
    r(p, XOR, 4, 4, 6);
    r(p, ADD, 2, 2, 5);
    b(p, BNE, 2, 3, loop);
    finish(p, 4);
    land(p, call);
    fn = p->n;
    r(p, MUL, 1, 1, 9);
    i(p, ADDI, 1, 1, 12345);
    i(p, JR, 0, 10, 0);
    g_assert_cmpuint(fn, >, 0);
    for (unsigned n = 0; n < 3000; n++) {
        uint32_t v;

        x = x * 1103515245 + 12345;
        want += x >> 8 & 0xff;
        v = (x & 0xffffff) | want << 24;
        want ^= v;
    }
    g_assert_cmphex(go(mode, p, "toy-a", 1), ==, want);
}

/* A store into the running block: the next instruction, then one that has run, each time with a new value. */
static void test_self_modifying(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop, target, patch[2];

    li(p, 1, 0);
    li(p, 2, 0);
    li(p, 3, 200);
    patch[0] = p->n;
    li(p, 4, 0);                                /* address of target */
    li(p, 5, ins(ADDI, 1, 1, 0));
    loop = p->n;
    i(p, ADDI, 5, 5, 1);                        /* the instruction with a larger number */
    i(p, ST, 5, 4, 0);
    target = p->n;
    i(p, ADDI, 1, 1, 7);                        /* replaced before it runs: 1, 2, 3, ... */
    i(p, ADDI, 2, 2, 1);
    b(p, BNE, 2, 3, loop);
    finish(p, 1);
    patch[1] = p->n;
    p->n = patch[0];
    li(p, 4, 4 * target);
    p->n = patch[1];
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 200 * 201 / 2);
}

/* A loop that stores beside its own code, in its page, many times: slow, not wrong; and code elsewhere changes. */
static void test_data_beside_code(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    li(p, 1, 0);
    li(p, 2, 0);
    li(p, 3, 5000);
    li(p, 4, 0x800);                            /* data in the page of the code */
    loop = p->n;
    i(p, LD, 5, 4, 0);
    i(p, ADDI, 5, 5, 3);
    i(p, ST, 5, 4, 0);
    i(p, ADDI, 2, 2, 1);
    b(p, BNE, 2, 3, loop);
    finish(p, 5);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 15000);
}

/* A device copies new code over a function that has run. */
static void test_dma(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop, call;

    li(p, 1, 0);
    li(p, 8, 100);
    li(p, 9, TOY_IO_BASE);
    li(p, 7, 0x2000);
    i(p, ST, 7, 9, TOY_IO_DMA_DST);
    li(p, 5, 0x3000);
    li(p, 6, 0x4000);
    li(p, 4, 8);
    loop = p->n;
    i(p, ST, 5, 9, TOY_IO_DMA_SRC);
    i(p, ST, 4, 9, TOY_IO_DMA_GO);
    call = p->n;
    b(p, JAL, 10, 0, 0x2000 / 4);
    i(p, ST, 6, 9, TOY_IO_DMA_SRC);
    i(p, ST, 4, 9, TOY_IO_DMA_GO);
    b(p, JAL, 10, 0, 0x2000 / 4);
    i(p, ADDI, 8, 8, -1);
    b(p, BNE, 8, 0, loop);
    finish(p, 1);
    g_assert_cmpuint(call, >, 0);
    org(p, 0x3000);
    i(p, ADDI, 1, 1, 1);
    i(p, JR, 0, 10, 0);
    org(p, 0x4000);
    i(p, ADDI, 1, 1, 1000);
    i(p, JR, 0, 10, 0);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 100 * 1001);
}

/* Code in a device, run word by word; a counter that is read once for each instruction that reads it. */
static void test_mmio(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    li(p, 9, TOY_IO_BASE);
    li(p, 1, 0);
    li(p, 2, ins(ADDI, 1, 1, 5));
    i(p, ST, 2, 9, TOY_IO_PROG);
    i(p, ST, 2, 9, TOY_IO_PROG + 4);
    li(p, 2, ins(JR, 0, 10, 0));
    i(p, ST, 2, 9, TOY_IO_PROG + 8);
    i(p, ADDI, 11, 9, TOY_IO_PROG);
    li(p, 3, 10);
    loop = p->n;
    li(p, 10, 4 * (p->n + 3));
    i(p, JR, 0, 11, 0);
    i(p, LD, 4, 9, TOY_IO_COUNT);
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    i(p, LD, 4, 9, TOY_IO_COUNT);               /* 11 */
    li(p, 5, 100);
    r(p, MUL, 4, 4, 5);
    r(p, ADD, 1, 1, 4);
    finish(p, 1);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 10 * 10 + 1100);
}

enum { ROM_BASE = 0x20005000, ROM_ARRAY = 0x1111, ROM_ID = 0x2222 };

static MemTxResult rom_read(void *opaque G_GNUC_UNUSED, hwaddr addr G_GNUC_UNUSED, unsigned size G_GNUC_UNUSED,
                            uint64_t *ret_value, MemTxAttrs attrs G_GNUC_UNUSED)
{
    *ret_value = ROM_ID;
    return MEMTX_OK;
}

static MemTxResult rom_write(void *opaque, hwaddr addr G_GNUC_UNUSED, unsigned size G_GNUC_UNUSED, uint64_t value,
                             MemTxAttrs attrs G_GNUC_UNUSED)
{
    memory_region_rom_device_set_romd(opaque, value & 1);
    return MEMTX_OK;
}

static void start_with_rom(Run *run, const Mode *mode, const Asm *p, MemoryRegion *rom)
{
    static const MemoryRegionOps ops = { .read = rom_read, .write = rom_write };
    GError *error = NULL;

    start(run, mode, p, "toy-a", 1);
    memory_region_init_rom_device(rom, &run->m->parent.parent, &ops, rom, "rom", 0x1000, &error);
    g_assert_no_error(error);
    *(uint32_t *)memory_region_ram_ptr(rom) = ROM_ARRAY;
    memory_region_add(address_space_root(run->m->sysmem), ROM_BASE, rom, 0);
}

static void end_with_rom(Run *run, MemoryRegion *rom)
{
    exec_stop(run->m);
    memory_region_del(address_space_root(run->m->sysmem), rom);
    memory_region_destroy(rom);
    end(run);
}

/* A store changes what the loads after it in its block read, both ways; one of them had filled the TLB. */
static void test_romd(gconstpointer mode)
{
    static const uint32_t want[] = { ROM_ARRAY, ROM_ID, ROM_ID, ROM_ARRAY, ROM_ARRAY, ROM_ID };
    g_autofree Asm *p = g_new0(Asm, 1);
    MemoryRegion rom;
    Run run;

    li(p, 9, ROM_BASE);
    li(p, 10, 0x2000);
    li(p, 7, 0);
    li(p, 8, 1);
    i(p, LD, 1, 9, 0);
    i(p, ST, 7, 9, 0);
    i(p, LD, 2, 9, 0);
    i(p, LD, 3, 9, 4);
    i(p, ST, 8, 9, 0);
    i(p, LD, 4, 9, 0);
    i(p, LD, 5, 9, 0);
    i(p, ST, 7, 9, 0);
    i(p, LD, 6, 9, 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(want); n++) {
        i(p, ST, n + 1, 10, 4 * n);
    }
    finish_with(p, 7);
    start_with_rom(&run, mode, p, &rom);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 7);
    exec_pause(run.m);
    for (unsigned n = 0; n < G_N_ELEMENTS(want); n++) {
        g_assert_cmphex(word(&run, 0x2000 + 4 * n), ==, want[n]);
    }
    end_with_rom(&run, &rom);
}

/* The same in a loop, the stores by another register: what is known of the page before them does for nothing behind them. */
static void test_romd_loop(gconstpointer mode)
{
    enum { TURNS = 1000, BASES = 0x3000 };
    g_autofree Asm *p = g_new0(Asm, 1);
    MemoryRegion rom;
    unsigned loop;
    Run run;

    li(p, 8, BASES);                            /* which the translator does not know */
    i(p, LD, 9, 8, 0);
    i(p, LD, 10, 8, 4);
    li(p, 7, 0);
    li(p, 8, 1);
    li(p, 3, TURNS);
    li(p, 4, 0);
    loop = p->n;
    i(p, LDB, 1, 9, 0);
    i(p, LDB, 2, 9, 0);
    r(p, ADD, 4, 4, 1);
    r(p, ADD, 4, 4, 2);
    i(p, STB, 7, 10, 0);
    i(p, LDB, 1, 9, 0);
    r(p, ADD, 4, 4, 1);
    i(p, STB, 8, 10, 0);
    i(p, LDB, 1, 9, 0);
    r(p, ADD, 4, 4, 1);
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    finish(p, 4);
    p->w[BASES / 4] = p->w[BASES / 4 + 1] = ROM_BASE;
    start_with_rom(&run, mode, p, &rom);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, TURNS * (3 * (ROM_ARRAY & 0xff) + (ROM_ID & 0xff)));
    end_with_rom(&run, &rom);
}

/* Exceptions: cause, address and PC, and what the faulting instruction must not have done. */
static void test_exceptions(gconstpointer mode)
{
    static const struct {
        uint32_t insn, cause, faddr;
    } cases[] = {
        { 0, TOY_CAUSE_UNDEF, 0 },
        { SYS << 24, TOY_CAUSE_SYS, 0 },
        { LD << 24 | 1 << 20 | 2 << 16 | 0x10, TOY_CAUSE_BUS, 0x20000010 },     /* nothing is there */
        { LD << 24 | 2 << 20 | 2 << 16 | 0x11, TOY_CAUSE_ALIGN, 0x20000011 },
        { ST << 24 | 1 << 20 | 2 << 16 | 0x20, TOY_CAUSE_BUS, 0x20000020 },
        { AMOADD << 24 | 1 << 20 | 2 << 16 | 3 << 12, TOY_CAUSE_BUS, 0x20000000 },
        { LDB << 24 | 1 << 20 | 2 << 16 | 0x11, TOY_CAUSE_BUS, 0x20000011 },
    };
    g_autofree Asm *p = g_new0(Asm, 1);
    uint32_t at[G_N_ELEMENTS(cases)];
    unsigned handler;
    Run run;

    li(p, 3, 0x2000);                           /* where the handler notes what it sees */
    mtc(p, TOY_VBR, 4, 0x1000);
    li(p, 2, 0x20000000);
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        li(p, 1, 0x1234 + n);
        i(p, ADDI, 5, 0, n);                    /* in the block before the fault */
        at[n] = 4 * p->n;
        p->w[p->n++] = cases[n].insn;
    }
    finish_with(p, 77);
    org(p, 0x1000);
    handler = p->n;
    i(p, MFC, 6, 0, TOY_CAUSE);
    i(p, ST, 6, 3, 0);
    i(p, MFC, 6, 0, TOY_FADDR);
    i(p, ST, 6, 3, 4);
    i(p, MFC, 6, 0, TOY_EPC);
    i(p, ST, 6, 3, 8);
    i(p, ST, 1, 3, 12);
    i(p, ST, 5, 3, 16);
    i(p, ST, 2, 3, 20);
    i(p, ADDI, 3, 3, 24);
    i(p, ADDI, 6, 6, 4);
    i(p, MTC, 0, 6, TOY_EPC);
    i(p, RTI, 0, 0, 0);
    g_assert_cmpuint(handler, ==, 0x400);

    start(&run, mode, p, "toy-a", 1);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 77);
    exec_pause(run.m);
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        uint32_t a = 0x2000 + 24 * n;

        g_assert_cmpuint(word(&run, a), ==, cases[n].cause);
        g_assert_cmphex(word(&run, a + 4), ==, cases[n].faddr);
        g_assert_cmphex(word(&run, a + 8), ==, at[n]);
        g_assert_cmphex(word(&run, a + 12), ==, 0x1234 + n);
        g_assert_cmphex(word(&run, a + 16), ==, n);
        g_assert_cmphex(word(&run, a + 20), ==, 0x20000000);
    }
    end(&run);
}

/* Timer interrupts wake WFI, and break a loop that never looks. */
static void test_timer(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop, spin;

    mtc(p, TOY_VBR, 4, 0x1000);
    li(p, 9, TOY_IO_BASE);
    li(p, 1, 0);                                /* interrupts so far */
    li(p, 2, 200);
    li(p, 3, 5);
    i(p, ST, 2, 9, TOY_IO_TIMER);
    mtc(p, TOY_IE, 5, 1);
    loop = p->n;
    i(p, WFI, 0, 0, 0);
    b(p, BLT, 1, 3, loop);
    li(p, 3, 10);
    spin = p->n;
    b(p, BLT, 1, 3, spin);
    finish(p, 3);
    org(p, 0x1000);
    i(p, ST, 0, 9, TOY_IO_ACK);
    i(p, ADDI, 1, 1, 1);
    i(p, ST, 2, 9, TOY_IO_TIMER);
    i(p, RTI, 0, 0, 0);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 10);
}

/* -- address translation --------------------------------------------------------------------------------- */

enum { TABLES = 0x10000, F_R = 1, F_W = 2, F_X = 4, F_G = 8, F_BLOCK = 16 };

static void map(Asm *p, uint32_t table, uint32_t virt, uint32_t phys, unsigned flags)
{
    p->w[table / 4 + (virt >> 12)] = phys | flags;
}

/*
 * Two address spaces with one page each of their own at the same address, switched many times without a flush; code
 * at two virtual addresses of one page; a mapping that changes; a page that may not be written.
 */
static void test_mmu(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;
    uint32_t status;
    Run run;

    mtc(p, TOY_VBR, 4, 0x1000);
    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 1, 0);
    li(p, 2, 0x800000);
    li(p, 3, 500);
    loop = p->n;
    li(p, 5, 1);
    li(p, 9, TABLES);
    i(p, MTC, 0, 5, TOY_ASID);
    i(p, MTC, 0, 9, TOY_PTBR);
    i(p, LD, 6, 2, 0);
    i(p, ADDI, 6, 6, 1);
    i(p, ST, 6, 2, 0);
    li(p, 5, 2);
    li(p, 9, TABLES + 0x4000);
    i(p, MTC, 0, 5, TOY_ASID);
    i(p, MTC, 0, 9, TOY_PTBR);
    i(p, LD, 6, 2, 0);
    i(p, ADDI, 6, 6, 1000);
    i(p, ST, 6, 2, 0);
    b(p, JAL, 10, 0, 0x3000 / 4);
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    /* The same code at 0x900000: the return address that it makes is 0x900000 + 4. */
    li(p, 11, 0x900000);
    li(p, 10, 4 * (p->n + 3));
    i(p, JR, 0, 11, 0x10);
    i(p, ADDI, 7, 12, 0);                       /* 0x900014 */
    li(p, 10, 4 * (p->n + 3));
    i(p, JR, 0, 0, 0x3010);
    r(p, SUB, 7, 7, 12);                        /* - 0x3014 */
    /* Change the mapping of 0x800000 and flush it. */
    li(p, 9, 0xa00000);                         /* the tables, mapped */
    li(p, 6, 0x9000 | F_R | F_W);
    i(p, ST, 6, 9, 0x2000);
    i(p, FLUSH, 0, 2, 0);
    i(p, LD, 8, 2, 0);                          /* 0x55 */
    r(p, ADD, 7, 7, 8);
    /* A store where only loads are allowed. */
    li(p, 2, 0xb00000);
    i(p, ST, 6, 2, 8);
    finish_with(p, 1);                          /* not reached */
    org(p, 0x1000);
    i(p, MFC, 8, 0, TOY_CAUSE);
    r(p, ADD, 7, 7, 8);
    i(p, MFC, 8, 0, TOY_FADDR);
    r(p, ADD, 7, 7, 8);
    i(p, MTC, 0, 0, TOY_PTBR);                  /* no table maps the device */
    finish(p, 7);
    org(p, 0x3000);
    i(p, ADDI, 1, 1, 1);
    i(p, JR, 0, 10, 0);
    org(p, 0x3010);
    i(p, JAL, 12, 0, 1);
    i(p, JR, 0, 10, 0);
    org(p, 0x9000);
    p->w[p->n++] = 0x55;
    for (unsigned t = 0; t < 2; t++) {
        uint32_t table = TABLES + 0x4000 * t;

        for (uint32_t a = 0; a < 0x9000; a += 0x1000) {
            map(p, table, a, a, F_R | F_W | F_X | F_G);
        }
        map(p, table, 0x800000, 0x6000 + 0x1000 * t, F_R | F_W);
        map(p, table, 0x900000, 0x3000, F_R | F_X);
        map(p, table, 0xb00000, 0x6000, F_R);
    }
    /* The entry of 0x800000 in the second table is at TABLES + 0x4000 + 0x2000: two pages on. */
    map(p, TABLES + 0x4000, 0xa02000, TABLES + 0x4000 + 0x2000, F_R | F_W);
    start(&run, mode, p, "toy-a", 1);
    exec_resume(run.m);
    status = wait_end(&run);
    exec_pause(run.m);
    g_assert_cmpuint(word(&run, 0x6000), ==, 500);
    g_assert_cmpuint(word(&run, 0x7000), ==, 500000);
    g_assert_cmphex(status, ==, 0x900000 - 0x3000 + 0x55 + TOY_CAUSE_STORE + 0xb00008);
    end(&run);
}

/* Accesses of some words of 16: over pages, where some of them lie in none, and to code. */
static void test_vectors(gconstpointer mode)
{
    static const uint32_t faults[][2] = {
        { TOY_CAUSE_STORE, 0x801000 }, { TOY_CAUSE_LOAD, 0x801000 }, { TOY_CAUSE_STORE, 0xb00000 },
    };
    g_autofree Asm *p = g_new0(Asm, 1);
    uint32_t status;
    Run run;

    mtc(p, TOY_VBR, 4, 0x1000);
    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 3, 0x2000);                           /* what the handler notes */
    li(p, 1, 0x4000);
    li(p, 2, 0xffff);
    i(p, VLD, 2, 1, 4);
    li(p, 4, 0x4fe0);
    i(p, VST, 2, 4, 0);                         /* over a page's end */
    li(p, 5, 0x800fe0);                         /* eight words before where nothing is */
    li(p, 6, 0x0f);
    i(p, VST, 6, 5, 0);
    li(p, 6, 0x1ff);
    i(p, VST, 6, 5, 0);                         /* the ninth: none is stored */
    li(p, 6, 0xff);
    i(p, VLD, 6, 5, 0);
    li(p, 4, 0x7004);
    i(p, VST, 2, 4, 0);
    li(p, 6, 0x101);
    i(p, VLD, 6, 5, 0);
    li(p, 4, 0xb00000);                         /* read only */
    i(p, VST, 0, 4, 0);
    li(p, 6, 1);
    i(p, VST, 6, 4, 0);
    li(p, 7, 0);
    b(p, JAL, 10, 0, 0x3000 / 4);
    li(p, 6, 3);
    i(p, VLD, 6, 1, 0x100);
    li(p, 4, 0x3000);
    i(p, VST, 6, 4, 0);                         /* other code */
    b(p, JAL, 10, 0, 0x3000 / 4);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish(p, 7);
    org(p, 0x1000);
    i(p, MFC, 8, 0, TOY_CAUSE);
    i(p, ST, 8, 3, 0);
    i(p, MFC, 8, 0, TOY_FADDR);
    i(p, ST, 8, 3, 4);
    i(p, ADDI, 3, 3, 8);
    i(p, MFC, 8, 0, TOY_EPC);
    i(p, ADDI, 8, 8, 4);
    i(p, MTC, 0, 8, TOY_EPC);
    i(p, RTI, 0, 0, 0);
    org(p, 0x3000);
    i(p, ADDI, 7, 7, 1);
    i(p, JR, 0, 10, 0);
    org(p, 0x4000);
    for (unsigned n = 0; n < 17; n++) {
        p->w[p->n++] = 0x11110000 + n;
    }
    org(p, 0x4100);
    i(p, ADDI, 7, 7, 16);
    i(p, JR, 0, 10, 0);
    for (uint32_t a = 0; a < 0x9000; a += 0x1000) {
        map(p, TABLES, a, a, F_R | F_W | F_X | F_G);
    }
    map(p, TABLES, 0x800000, 0x6000, F_R | F_W);
    map(p, TABLES, 0xb00000, 0x6000, F_R);
    start(&run, mode, p, "toy-a", 1);
    exec_resume(run.m);
    status = wait_end(&run);
    exec_pause(run.m);
    if (word(&run, 0x2000) == TOY_CAUSE_UNDEF) {
        g_test_skip("not on this host");
        end(&run);
        return;
    }
    g_assert_cmphex(status, ==, 17);
    for (unsigned n = 0; n < G_N_ELEMENTS(faults); n++) {
        g_assert_cmphex(word(&run, 0x2000 + 8 * n), ==, faults[n][0]);
        g_assert_cmphex(word(&run, 0x2004 + 8 * n), ==, faults[n][1]);
    }
    g_assert_cmphex(word(&run, 0x2000 + 8 * G_N_ELEMENTS(faults)), ==, 0);
    for (unsigned n = 0; n < 16; n++) {
        g_assert_cmphex(word(&run, 0x4fe0 + 4 * n), ==, 0x11110001 + n);
        g_assert_cmphex(word(&run, 0x7004 + 4 * n), ==, n < 4 ? 0x11110001 + n : 0);
    }
    for (unsigned n = 0; n < 8; n++) {
        g_assert_cmphex(word(&run, 0x6fe0 + 4 * n), ==, n < 4 ? 0x11110001 + n : 0);
    }
    end(&run);
}

/*
 * A page of code whose mapping changes and is flushed by its address, many times, beside one whose mapping stays: what
 * was found of the first by its address is forgotten, whatever else is in those places.
 */
static void test_remap_code(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 1, 0);
    li(p, 2, 0);
    li(p, 3, 200);
    li(p, 4, 0xa02400);                         /* the entry of 0x900000, mapped */
    li(p, 5, 0x900000);
    li(p, 6, 0x901000);
    li(p, 7, 0x904000);
    i(p, LD, 8, 4, 0);
    loop = p->n;
    for (unsigned n = 0; n < 2; n++) {
        li(p, 10, 4 * (p->n + 3));
        i(p, JR, 0, 5, 0);
        li(p, 10, 4 * (p->n + 3));
        i(p, JR, 0, 6, 0);
    }
    i(p, FLUSH, 0, 7, 0);                       /* another page */
    i(p, XORI, 8, 8, 0x7000);
    i(p, ST, 8, 4, 0);
    i(p, FLUSH, 0, 5, 0);
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    i(p, MTC, 0, 0, TOY_PTBR);
    li(p, 4, 1000000);
    r(p, MUL, 2, 2, 4);
    r(p, ADD, 1, 1, 2);
    finish(p, 1);
    for (unsigned n = 0; n < 3; n++) {
        org(p, 0x3000 + 0x1000 * n);
        i(p, ADDI, n == 2 ? 2 : 1, n == 2 ? 2 : 1, n == 1 ? 1000 : 1);
        i(p, JR, 0, 10, 0);
    }
    map(p, TABLES, 0, 0, F_R | F_W | F_X | F_G);
    map(p, TABLES, 0x900000, 0x3000, F_R | F_X);
    map(p, TABLES, 0x901000, 0x5000, F_R | F_X);
    map(p, TABLES, 0xa02000, TABLES + 0x2000, F_R | F_W);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 2 * 100 * 1001 + 2 * 200 * 1000000);
}

/*
 * Two address spaces that share global code, and have code of their own at one address: called in turn from the shared
 * code, by way of a shared function.
 */
static void test_code_by_asid(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    li(p, 1, 0);
    li(p, 2, 0);
    li(p, 3, 300);
    li(p, 5, 0x900000);
    loop = p->n;
    for (unsigned asid = 1; asid <= 2; asid++) {
        li(p, 9, TABLES + 0x4000 * (asid - 1));
        mtc(p, TOY_ASID, 4, asid);
        i(p, MTC, 0, 9, TOY_PTBR);
        li(p, 11, 4 * (p->n + 3));
        b(p, JAL, 12, 0, 0x3000 / 4);
    }
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    i(p, MTC, 0, 0, TOY_PTBR);
    li(p, 4, 1000000);
    r(p, MUL, 2, 2, 4);
    r(p, ADD, 1, 1, 2);
    finish(p, 1);
    org(p, 0x3000);                             /* counts, calls 0x900000, and returns to r11 */
    i(p, ADDI, 2, 2, 1);
    li(p, 10, 4 * (p->n + 3));
    i(p, JR, 0, 5, 0);
    i(p, JR, 0, 11, 0);
    for (unsigned n = 0; n < 2; n++) {
        org(p, 0x4000 + 0x1000 * n);
        i(p, ADDI, 1, 1, n ? 1000 : 1);
        i(p, JR, 0, 10, 0);
    }
    for (unsigned n = 0; n < 2; n++) {
        map(p, TABLES + 0x4000 * n, 0, 0, F_R | F_X | F_G);
        map(p, TABLES + 0x4000 * n, 0x3000, 0x3000, F_R | F_X | F_G);
        map(p, TABLES + 0x4000 * n, 0x900000, 0x4000 + 0x1000 * n, F_R | F_X);
    }
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 300 * 1001 + 600 * 1000000);
}

/*
 * More address spaces than there are rows for it have the same block of pages; the block goes elsewhere, and each of them,
 * or one for all, flushes one of its pages, which is all of it.
 */
static void test_blocks(gconstpointer mode)
{
    enum { SPACES = 12, ROUNDS = 20, VIRT = 0x800000, PHYS = 0x100000, OTHER = 0x110000, PAGE = 0x3000 };
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;

    for (unsigned n = 0; n < 2; n++) {
        li(p, 2, n ? OTHER : PHYS);
        li(p, 8, n ? 0x22 : 0x11);
        i(p, ST, 8, 2, 0);
        i(p, ST, 8, 2, PAGE);
    }
    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 1, 0);
    li(p, 2, VIRT);
    li(p, 3, ROUNDS);
    li(p, 4, 0xa02000);                         /* the block's entries, mapped */
    li(p, 8, 0x11);
    li(p, 10, PHYS ^ OTHER);
    li(p, 11, PHYS | F_R | F_BLOCK);
    loop = p->n;
    for (unsigned asid = 1; asid <= SPACES; asid++) {
        mtc(p, TOY_ASID, 5, asid);
        i(p, LD, 6, 2, 0);
        i(p, LD, 6, 2, PAGE);
    }
    for (unsigned all = 0; all < 2; all++) {
        r(p, XOR, 11, 11, 10);
        i(p, XORI, 8, 8, 0x33);
        for (unsigned n = 0; n < 16; n++) {
            i(p, ST, 11, 4, 4 * n);
        }
        i(p, FLUSH, 0, 2, all ? 2 : 0);
        for (unsigned asid = 1; asid <= SPACES; asid++) {
            mtc(p, TOY_ASID, 5, asid);
            if (!all) {
                li(p, 5, VIRT + 0x1000 * (asid * 5 % 16));
                i(p, FLUSH, 0, 5, 0);
            }
            i(p, LD, 6, 2, 0);
            r(p, XOR, 6, 6, 8);
            r(p, ADD, 1, 1, 6);
            i(p, LD, 6, 2, PAGE);
            r(p, XOR, 6, 6, 8);
            r(p, ADD, 1, 1, 6);
        }
    }
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish(p, 1);
    g_assert(p->n < 0x1000 / 4);
    map(p, TABLES, 0, 0, F_R | F_X | F_G);
    for (unsigned n = 0; n < 16; n++) {
        map(p, TABLES, VIRT + 0x1000 * n, PHYS, F_R | F_BLOCK);
    }
    map(p, TABLES, 0xa02000, TABLES + 0x2000, F_R | F_W | F_G);
    g_assert_cmpuint(go(mode, p, "toy-a", 1), ==, 0);
}

/* -- several CPUs ---------------------------------------------------------------------------------------- */

/* Barrier at [d]: adds one and waits until it is `count` times smp. Uses r12, r13, r14. */
static void barrier(Asm *p, unsigned base, unsigned count, unsigned smp)
{
    unsigned wait;

    li(p, 12, 1);
    r(p, AMOADD, 13, base, 12);
    li(p, 13, count * smp);
    wait = p->n;
    i(p, LD, 14, base, 0);
    b(p, BLT, 14, 13, wait);
}

/*
 * The same bytes at the same address, translated by two front ends on two threads at the same time: two results, many
 * times over, with the code rewritten (by both, with the same bytes) so that each round translates again.
 */
static void test_two_variants(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;
    Run run;

    li(p, 9, 0x8000);
    i(p, MFC, 8, 0, TOY_CPUID);
    barrier(p, 9, 1, 2);
    li(p, 1, 0);
    li(p, 2, 3000);
    li(p, 5, 0x2000);
    li(p, 7, ins(ADDI_XORI, 1, 1, 3));
    loop = p->n;
    b(p, JAL, 10, 0, 0x2000 / 4);
    i(p, ST, 7, 5, 4);                          /* what is there already */
    i(p, ADDI, 2, 2, -1);
    b(p, BNE, 2, 0, loop);
    li(p, 4, 0x8100);
    r(p, ADD, 3, 8, 8);
    r(p, ADD, 3, 3, 3);
    r(p, ADD, 4, 4, 3);
    i(p, ST, 1, 4, 0);
    barrier(p, 9, 2, 2);
    finish_with(p, 5);
    org(p, 0x2000);
    r(p, ADD_SUB, 1, 1, 2);                     /* a: + counter   b: - counter */
    i(p, ADDI_XORI, 1, 1, 3);                   /* a: + 3         b: ^ 3 */
    i(p, JR, 0, 10, 0);
    start(&run, mode, p, "toy-a:toy-b", 2);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 5);
    exec_pause(run.m);
    {
        uint32_t a = 0, bb = 0;

        for (uint32_t n = 3000; n; n--) {
            a = a + n + 3;
            bb = (bb - n) ^ 3;
        }
        g_assert_cmphex(word(&run, 0x8100), ==, a);
        g_assert_cmphex(word(&run, 0x8104), ==, bb);
    }
    end(&run);
}

/* Atomic additions and a lock, and doorbells between CPUs. */
static void test_atomics(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop, spin, is0, other, done;
    Run run;

    li(p, 9, 0x8000);
    mtc(p, TOY_VBR, 4, 0x1000);
    i(p, MFC, 8, 0, TOY_CPUID);
    li(p, 7, TOY_IO_BASE);
    barrier(p, 9, 1, 2);
    li(p, 1, 5000);
    li(p, 2, 1);
    loop = p->n;
    i(p, ADDI, 3, 9, 0x40);
    r(p, AMOADD, 4, 3, 2);
    i(p, ADDI, 3, 9, 0x80);                     /* take the lock */
    spin = p->n;
    r(p, SWAP, 4, 3, 2);
    b(p, BNE, 4, 0, spin);
    i(p, LD, 5, 9, 0x84);
    i(p, ADDI, 5, 5, 1);
    i(p, ST, 5, 9, 0x84);
    i(p, FENCE, 0, 0, 0);
    r(p, SWAP, 4, 3, 0);
    i(p, ADDI, 1, 1, -1);
    b(p, BNE, 1, 0, loop);
    barrier(p, 9, 2, 2);
    /* Ping-pong by doorbell: CPU 0 rings 1, whose handler rings 0, ... 50 times. */
    li(p, 6, 0);                                /* rings taken */
    li(p, 5, 50);
    is0 = hole(p, BNE, 8, 0);
    r(p, XOR, 3, 8, 2);
    i(p, ST, 3, 7, TOY_IO_IPI);
    land(p, is0);
    other = p->n;
    i(p, MTC, 0, 0, TOY_IE);                    /* masked from the question to the sleep, which ends all the same */
    done = hole(p, BEQ, 6, 5);
    i(p, WFI, 0, 0, 0);
    i(p, MTC, 0, 2, TOY_IE);
    b(p, JAL, 0, 0, other);
    land(p, done);
    barrier(p, 9, 3, 2);
    finish_with(p, 9);
    org(p, 0x1000);
    i(p, ST, 8, 7, TOY_IO_IPI_ACK);
    i(p, ADDI, 6, 6, 1);
    {
        unsigned last0;

        r(p, XOR, 3, 8, 2);
        last0 = hole(p, BNE, 8, 2);             /* CPU 1 always answers; CPU 0 unless it was the last */
        i(p, ST, 3, 7, TOY_IO_IPI);
        i(p, RTI, 0, 0, 0);
        land(p, last0);
        last0 = hole(p, BEQ, 6, 5);
        i(p, ST, 3, 7, TOY_IO_IPI);
        land(p, last0);
        i(p, RTI, 0, 0, 0);
    }
    start(&run, mode, p, "toy-a:toy-b", 2);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 9);
    exec_pause(run.m);
    g_assert_cmpuint(word(&run, 0x8040), ==, 10000);
    g_assert_cmpuint(word(&run, 0x8084), ==, 10000);
    end(&run);
}

/* One CPU rewrites a function; the other calls it until it sees the new one: never anything but old or new. */
static void test_cross_modify(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned is1, loop, wait, again, bad[2];
    Run run;

    li(p, 9, 0x8000);
    i(p, MFC, 8, 0, TOY_CPUID);
    li(p, 5, 0x2000);
    li(p, 6, ins(ADDI, 1, 0, 0));
    li(p, 2, 0);                                /* the round */
    li(p, 3, 200);
    barrier(p, 9, 1, 2);
    is1 = hole(p, BNE, 8, 0);
    loop = p->n;                                /* CPU 0 */
    i(p, ADDI, 2, 2, 1);
    i(p, ADDI, 6, 6, 1);
    i(p, ST, 6, 5, 0);
    i(p, FENCE, 0, 0, 0);
    wait = p->n;
    i(p, LD, 4, 9, 0x40);
    b(p, BNE, 4, 2, wait);
    b(p, BNE, 2, 3, loop);
    barrier(p, 9, 2, 2);
    finish_with(p, 3);
    land(p, is1);                               /* CPU 1 */
    again = p->n;
    b(p, JAL, 10, 0, 0x2000 / 4);
    b(p, BEQ, 1, 2, again);
    i(p, ADDI, 4, 2, 1);
    bad[0] = hole(p, BNE, 1, 4);
    i(p, ADDI, 2, 4, 0);
    i(p, ST, 2, 9, 0x40);
    b(p, BNE, 2, 3, again);
    barrier(p, 9, 2, 2);
    bad[1] = hole(p, JAL, 0, 0);
    land(p, bad[0]);
    finish_with(p, 4);
    land(p, bad[1]);
    b(p, JAL, 0, 0, p->n);
    org(p, 0x2000);
    i(p, ADDI, 1, 0, 0);
    i(p, JR, 0, 10, 0);
    start(&run, mode, p, "toy-a", 2);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 3);
    end(&run);
}

/*
 * A page is taken from under a CPU that reads it: after the broadcast flush has been waited for, the old frame is
 * poisoned; the reader must never see poison.
 */
static void test_broadcast(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned is1, loop, again, bad;
    Run run;

    li(p, 7, TOY_IO_BASE);
    i(p, MFC, 8, 0, TOY_CPUID);
    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 9, 0x8000);
    mtc(p, TOY_VBR, 4, 0x1000);
    barrier(p, 9, 1, 2);
    is1 = hole(p, BNE, 8, 0);
    /* CPU 0: r1, r2: the two frames' entries; r5: where the entry is, r6: the page */
    li(p, 1, 0xc000 | F_R);
    li(p, 2, 0xd000 | F_R);
    li(p, 5, TABLES + 0x2000);
    li(p, 6, 0x800000);
    li(p, 3, 2000);
    li(p, 10, 0xc000);
    li(p, 11, 0xd000);
    li(p, 4, 0x600d);
    loop = p->n;
    i(p, ST, 4, 11, 0);                         /* the new frame is good */
    i(p, FENCE, 0, 0, 0);
    i(p, ST, 2, 5, 0);
    i(p, FENCE, 0, 0, 0);
    i(p, FLUSH, 0, 6, 0);
    i(p, ST, 3, 10, 0);                         /* the old one is poison */
    r(p, XOR, 1, 1, 2);
    r(p, XOR, 2, 1, 2);
    r(p, XOR, 1, 1, 2);
    r(p, XOR, 10, 10, 11);
    r(p, XOR, 11, 10, 11);
    r(p, XOR, 10, 10, 11);
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    i(p, ST, 4, 9, 0x40);
    barrier(p, 9, 2, 2);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish_with(p, 6);
    land(p, is1);
    li(p, 2, 0x800000);
    li(p, 4, 0x600d);
    again = p->n;
    i(p, LD, 3, 2, 0);
    bad = hole(p, BNE, 3, 4);
    i(p, LD, 5, 9, 0x40);
    b(p, BNE, 5, 4, again);
    barrier(p, 9, 2, 2);
    b(p, JAL, 0, 0, p->n);
    land(p, bad);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish_with(p, 7);
    org(p, 0x1000);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish_with(p, 8);
    for (uint32_t a = 0; a < 0x20000; a += 0x1000) {
        map(p, TABLES, a, a, F_R | F_W | F_X | F_G);
    }
    map(p, TABLES, 0x800000, 0xc000, F_R);
    p->w[0xc000 / 4] = 0x600d;
    start(&run, mode, p, "toy-a", 2);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 6);
    end(&run);
}

/* More code than the buffer holds, on two CPUs: it is recycled again and again. */
static void test_recycle(gconstpointer m)
{
    Mode mode = *(const Mode *)m;
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned loop;
    Run run;
    Stats stats;

    mode.code_size = 64 << 10;
    li(p, 9, 0x8000);
    li(p, 1, 0);
    li(p, 2, 3);
    loop = p->n;
    b(p, JAL, 0, 0, 0x2000 / 4);
    org(p, 0x2000);
    for (unsigned n = 0; n < 2000; n++) {       /* a block each */
        i(p, ADDI, 1, 1, 1);
        i(p, JAL, 0, 0, 1);
    }
    i(p, ADDI, 2, 2, -1);
    b(p, BNE, 2, 0, loop);
    li(p, 9, 0xff00);
    barrier(p, 9, 1, 2);
    finish(p, 1);
    start(&run, &mode, p, "toy-a", 2);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 6000);
    exec_pause(run.m);
    exec_stats(run.m, &stats);
    g_assert_cmpuint(stats.count[STAT_tb_flushed], >, 0);
    end(&run);
}

/* In counted mode it does not matter when the buffer is recycled, be it for the one instruction that a turn still has. */
static void test_recycle_counted(gconstpointer m)
{
    Mode mode = *(const Mode *)m;
    g_autofree Asm *p = g_new0(Asm, 1);
    ToyCPU was[2], *now;
    unsigned loop;
    Stats stats;
    Run run;

    li(p, 2, TOY_IO_BASE);
    loop = p->n;
    for (unsigned n = 0; n < 100; n++) {
        for (unsigned k = 0; k < 10; k++) {
            i(p, ADDI, 1, 1, 1);
        }
        i(p, LD, 3, 2, TOY_IO_COUNT);
        i(p, JAL, 0, 0, 1);
    }
    b(p, JAL, 0, 0, loop);
    mode.counted = 300011;
    for (unsigned n = 0; n < 2; n++) {
        mode.code_size = n ? 64 << 10 : 0;
        start(&run, &mode, p, "toy-a", 2);
        exec_resume(run.m);
        wait_end(&run);
        exec_pause(run.m);
        for (unsigned k = 0; k < 2; k++) {
            now = run.m->cpus->pdata[k];
            if (n) {
                g_assert_cmpuint(now->parent.insns, ==, was[k].parent.insns);
                g_assert_cmphex(now->pc, ==, was[k].pc);
                g_assert_cmpmem(now->r, sizeof(now->r), was[k].r, sizeof(was[k].r));
            }
            was[k] = *now;
        }
        exec_stats(run.m, &stats);
        g_assert_cmpuint(stats.count[STAT_tb_flushed] > 0, ==, n);
        end(&run);
    }
}

/* Pausing, asking a CPU, resetting while it runs. */
static void note_pc(CPUState *cs, void *opaque)
{
    *(uint64_t *)opaque = CPU_CLASS_OF(cs)->get_pc(cs);
}

static void test_pause(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    Run run;
    uint64_t pc = 99;
    uint32_t before = 0, after;

    li(p, 9, 0x8000);
    i(p, LD, 1, 9, 0);
    i(p, ADDI, 1, 1, 1);
    i(p, ST, 1, 9, 0);
    b(p, JAL, 0, 0, 2);
    start(&run, mode, p, "toy-a", 2);
    g_usleep(2000);
    g_assert_cmpuint(word(&run, 0x8000), ==, 0);        /* created paused */
    for (unsigned n = 0; n < 20 || before == 0; n++) {  /* on a slow host it may not get anywhere in a round */
        exec_resume(run.m);
        g_usleep(1000);
        cpu_run_on(run.m->cpus->pdata[n & 1], note_pc, &pc, true);
        g_assert_cmpuint(pc, <, 0x1000);
        exec_pause(run.m);
        before = word(&run, 0x8000);
        g_usleep(1000);
        after = word(&run, 0x8000);
        g_assert_cmpuint(before, ==, after);
        pc = 0x1000;
        cpu_run_on(run.m->cpus->pdata[n & 1], note_pc, &pc, true);      /* a paused CPU answers too */
        g_assert_cmpuint(pc, <, 0x1000);
    }
    exec_resume(run.m);
    exec_reset(run.m);
    g_usleep(1000);
    exec_pause(run.m);
    end(&run);
}

/* Code that several CPUs run often becomes a region once, whichever of them finds it so first. */
static void test_shared_regions(gconstpointer m)
{
    enum { NUM_CPUS = 6 };
    g_autofree Asm *p = g_new0(Asm, 1);
    Mode mode = *(const Mode *)m;
    unsigned loop, last;
    Stats stats;
    Run run;

    mode.heat = mode.heat ? 1000000 : 0;        /* all of them are in the loop when it gets hot */
    li(p, 3, mode.heat ? 1500000 : 1000);
    loop = p->n;
    i(p, ADDI, 3, 3, -1);
    b(p, BNE, 3, 0, loop);
    li(p, 1, 0x8000);
    li(p, 2, 1);
    r(p, AMOADD, 4, 1, 2);
    i(p, ADDI, 4, 4, 1 - NUM_CPUS);
    last = hole(p, BEQ, 4, 0);
    i(p, WFI, 0, 0, 0);
    land(p, last);
    finish_with(p, 3);                          /* which ends in a loop, too */
    start(&run, &mode, p, "toy-a", NUM_CPUS);
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 3);
    exec_pause(run.m);
    exec_stats(run.m, &stats);
    g_assert_cmpuint(stats.count[STAT_regions], >=, mode.heat ? 1 : 0);
    g_assert_cmpuint(stats.count[STAT_regions], <=, mode.heat ? 2 : 0);
    end(&run);
}

/* What a CPU that sleeps looks at raises a request of its own: an interrupt controller that is part of it does. */
static bool asks_itself(CPUState *cs)
{
    cpu_request(cs, CPU_REQ_INTERRUPT);
    return true;
}

static void test_wakes_itself(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    Run run;

    i(p, WFI, 0, 0, 0);
    finish_with(p, 5);
    start(&run, mode, p, "toy-a", 1);
    ((CPUClass *)CPU_CLASS_OF(run.m->cpus->pdata[0]))->has_work = asks_itself;
    exec_resume(run.m);
    g_assert_cmpuint(wait_end(&run), ==, 5);
    end(&run);
}

static void power_off(CPUState *cs, void *opaque)
{
    cpu_power_off_self(cs);
}

static void restart(CPUState *cs, void *opaque)
{
    device_reset(&cs->parent, RESET_WARM);
}

/* A CPU that is reset on its own finds translations anew. */
static void test_restart(gconstpointer mode)
{
    g_autofree Asm *p = g_new0(Asm, 1);
    unsigned again;
    CPUState *cs;
    Run run;

    mtc(p, TOY_PTBR, 9, TABLES);
    li(p, 2, 0x800000);
    i(p, LD, 1, 2, 0);
    li(p, 5, 0x8000);
    i(p, LD, 6, 5, 0);
    again = hole(p, BNE, 6, 0);
    li(p, 4, 0xa02000);                         /* its entry, mapped; not flushed */
    li(p, 8, 0x7000 | F_R | F_W);
    i(p, ST, 8, 4, 0);
    li(p, 6, 1);
    i(p, ST, 6, 5, 0);
    b(p, JAL, 0, 0, p->n);
    land(p, again);
    i(p, MTC, 0, 0, TOY_PTBR);
    finish(p, 1);
    p->w[0x6000 / 4] = 0x66;
    p->w[0x7000 / 4] = 0x77;
    map(p, TABLES, 0, 0, F_R | F_X | F_G);
    map(p, TABLES, 0x8000, 0x8000, F_R | F_W | F_G);
    map(p, TABLES, 0x800000, 0x6000, F_R | F_W);
    map(p, TABLES, 0xa02000, TABLES + 0x2000, F_R | F_W);
    start(&run, mode, p, "toy-a", 1);
    cs = run.m->cpus->pdata[0];
    exec_resume(run.m);
    for (unsigned n = 0; word(&run, 0x8000) != 1 && n < 50000; n++) {
        g_usleep(1000);
    }
    cpu_run_on(cs, power_off, NULL, true);
    g_assert_true(cpu_power_on(cs, restart, NULL));
    g_assert_cmphex(wait_end(&run), ==, 0x77);
    end(&run);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(gconstpointer mode);
    } tests[] = {
        { "sum", test_sum }, { "memory", test_memory }, { "self-modifying", test_self_modifying },
        { "data-beside-code", test_data_beside_code }, { "dma", test_dma }, { "mmio", test_mmio },
        { "romd", test_romd }, { "vectors", test_vectors }, { "romd-loop", test_romd_loop },
        { "remap-code", test_remap_code },
        { "code-by-asid", test_code_by_asid }, { "blocks", test_blocks },
        { "exceptions", test_exceptions }, { "timer", test_timer }, { "mmu", test_mmu },
        { "two-variants", test_two_variants }, { "atomics", test_atomics }, { "cross-modify", test_cross_modify },
        { "broadcast", test_broadcast }, { "recycle", test_recycle },
        { "recycle-counted", test_recycle_counted }, { "pause", test_pause },
        { "shared-regions", test_shared_regions }, { "wakes-itself", test_wakes_itself }, { "restart", test_restart },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned m = 0; m < G_N_ELEMENTS(modes); m++) {
        if (!tcg_backend_find(modes[m].backend)) {
            continue;                           /* not on this host */
        }
        for (unsigned t = 0; t < G_N_ELEMENTS(tests); t++) {
            g_autofree char *path = g_strdup_printf("/toy/%s/%s", modes[m].name, tests[t].name);

            g_test_add_data_func(path, &modes[m], tests[t].fn);
        }
    }
    return g_test_run();
}
