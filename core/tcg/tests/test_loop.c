/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a loop becomes on each back end: two loads and a subtraction that sets flags which only faults could see. In
 * its body, found by the backward jump in the disassembly or in the bytecode, nothing is stored to the CPU object or
 * to the frame and no flags are computed. That the same eyes see stores and flags where they are, code that keeps
 * every register in the CPU object shows. The same code is run: to its end, with a fault at each load and with an
 * interrupt at each turn.
 */
#include <glib/gstdio.h>
#include <string.h>
#include "core/tcg/backend/tci/asm.h"
#include "core/tcg/tests/testtarget.h"

#define OWNER ((void *)0x1240)

enum { TURNS = 5 };

/* x0 += [x1]; x3 ^= [x1 + 8]; x1 += 16; x2 -= 1, flags; until x2 is 0. The flags have a value, but no reader. */
static void gen_loop(TcgGen *g)
{
    TcgBlockRef loop, out;
    TcgVal p, n, one;

    tcg_gen_begin(g, OWNER);
    loop = tcg_block(g);
    out = tcg_block(g);
    tcg_poll(g);
    tcg_br(g, loop);
    tcg_block_start(g, loop);
    tcg_insn_start(g, 0);
    tcg_poll(g);
    p = tcg_get_reg(g, TEST_X0 + 1);
    tcg_set_reg(g, TEST_X0, tcg_add(g, TCG_I64, tcg_get_reg(g, TEST_X0), tcg_guest_ld(g, TCG_I64, p, MO_64)));
    tcg_insn_start(g, 4);
    p = tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0 + 1), 8);
    tcg_set_reg(g, TEST_X0 + 3, tcg_xor(g, TCG_I64, tcg_get_reg(g, TEST_X0 + 3), tcg_guest_ld(g, TCG_I64, p, MO_64)));
    tcg_insn_start(g, 8);
    tcg_set_reg(g, TEST_X0 + 1, tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0 + 1), 16));
    tcg_insn_start(g, 12);
    n = tcg_get_reg(g, TEST_X0 + 2);
    one = tcg_const(g, TCG_I64, 1);
    tcg_set_reg(g, TEST_NZCV, tcg_flags_sub(g, TCG_I64, n, one));
    tcg_set_reg(g, TEST_X0 + 2, tcg_sub(g, TCG_I64, n, one));
    tcg_insn_start(g, 16);
    tcg_brcond(g, TCG_I64, COND_NE, tcg_get_reg(g, TEST_X0 + 2), tcg_const(g, TCG_I64, 0), loop, out);
    tcg_block_start(g, out);
    tcg_insn_start(g, 20);
    tcg_set_reg(g, TEST_PC, tcg_pc(g, 20));
    tcg_exit(g);
}

typedef struct Translated {
    TcgConfig config;
    TcgCodeBuf *buf;
    TcgGen *gen;
    TcgCode code;
} Translated;

static void translate(Translated *t, const TcgBackend *be, const TcgLayout *layout, bool naive)
{
    t->config = (TcgConfig){
        .backend = be, .target = &test_target, .layout = layout, .naive = naive, .verify = true,
    };
    t->buf = tcg_codebuf_new(1 << 16, t->config.backend, NULL);
    t->gen = tcg_gen_new(&t->config);
    gen_loop(t->gen);
    g_assert_true(tcg_gen_finish(t->gen, t->buf, &t->code));
}

static void discard(Translated *t)
{
    tcg_gen_free(t->gen);
    tcg_codebuf_free(t->buf);
}

/* What there is in a loop's body. */
typedef struct Body {
    unsigned insns, polls, loads, xors, stores, flags;
} Body;

static void check_body(const Body *b, unsigned loads, unsigned max_insns)
{
    /* The loop that was meant: its poll, two accesses, and the arithmetic. */
    g_assert_cmpuint(b->polls, ==, 1);
    g_assert_cmpuint(b->loads, ==, loads);
    g_assert_cmpuint(b->xors, ==, 1);
    g_assert_cmpuint(b->stores, ==, 0);
    g_assert_cmpuint(b->flags, ==, 0);
    g_assert_cmpuint(b->insns, <=, max_insns);
}

static void check_naive(const Body *b)
{
    g_assert_cmpuint(b->polls, ==, 1);
    g_assert_cmpuint(b->loads, ==, 2);
    g_assert_cmpuint(b->stores, >=, 5);         /* x0, x3, x1, x2, nzcv */
    g_assert_cmpuint(b->flags, >=, 1);
}

/* -- x86-64: the disassembly ------------------------------------------------------------------------------- */
static char *disassemble(const char *objdump, const TcgCode *code)
{
    g_autofree char *path = NULL;
    char *out;
    int status, fd = g_file_open_tmp("chimera-loop-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, code->entry, code->size, NULL));
    char *argv[] = {
        (char *)objdump, "-D", "-w", "-bbinary", "-mi386:x86-64", "-Mintel", "--no-show-raw-insn", path, NULL,
    };
    g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, NULL, &status, NULL) && status == 0);
    g_remove(path);
    return out;
}

/* Lines from the target of the first backward jump to that jump: the loop. */
static GPtrArray *loop_body(char **lines)
{
    GPtrArray *body = g_ptr_array_new();
    GRegex *jump = g_regex_new("^ *([0-9a-f]+):\\s+j[a-z]+ +0x([0-9a-f]+)", 0, 0, NULL);
    uint64_t from = 0, to = 0;

    for (char **l = lines; *l && !to; l++) {
        GMatchInfo *m;

        if (g_regex_match(jump, *l, 0, &m)) {
            g_autofree char *at = g_match_info_fetch(m, 1), *target = g_match_info_fetch(m, 2);

            if (g_ascii_strtoull(target, NULL, 16) < g_ascii_strtoull(at, NULL, 16)) {
                from = g_ascii_strtoull(target, NULL, 16);
                to = g_ascii_strtoull(at, NULL, 16);
            }
        }
        g_match_info_free(m);
    }
    for (char **l = lines; *l; l++) {
        char *end;
        uint64_t at = g_ascii_strtoull(*l, &end, 16);

        if (end != *l && *end == ':' && at >= from && at <= to && to) {
            g_ptr_array_add(body, *l);
        }
    }
    g_regex_unref(jump);
    return body;
}

static unsigned count(GPtrArray *body, const char *pattern)
{
    unsigned n = 0;

    for (unsigned i = 0; i < body->len; i++) {
        n += g_regex_match_simple(pattern, g_ptr_array_index(body, i), 0, 0);
    }
    return n;
}

static void look_x86(const char *objdump, const Translated *t, Body *ret)
{
    g_autofree char *text = disassemble(objdump, &t->code);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *body = loop_body(lines);

    for (unsigned i = 0; i < body->len; i++) {
        g_test_message("%s", (char *)g_ptr_array_index(body, i));
    }
    *ret = (Body){
        .insns = body->len - count(body, ":\\s+(nop|xchg +ax,ax)"),      /* which place jumps */
        .polls = count(body, "cmp +DWORD PTR \\[rbp"),
        .loads = count(body, "and +rax,QWORD PTR \\[rbp"),      /* the checks that they begin with */
        .xors = count(body, "xor +r[a-z0-9]+,"),
        /* to the CPU object or to the frame: the destination is the first operand */
        .stores = count(body, ":\\s+(?!cmp|test)[a-z0-9]+ +[A-Z]+ PTR \\[r[bs]p"),
        .flags = count(body, "lahf|seto|pext|cmc|call"),
    };
    g_ptr_array_unref(body);
}

static void test_x86(const void *data)
{
    g_autofree char *objdump = g_find_program_in_path("objdump");
    Translated t;
    Body body;

    if (!objdump) {
        g_test_skip("no objdump");
        return;
    }
    translate(&t, data, &test_layout, false);
    look_x86(objdump, &t, &body);
    check_body(&body, 1, 26);                   /* they lie in one page */
    discard(&t);
    translate(&t, data, &test_layout, true);
    look_x86(objdump, &t, &body);
    check_naive(&body);
    discard(&t);
}

/* -- the interpreter: the bytecode ------------------------------------------------------------------------- */
/* The words that a jump goes, or 0 of another instruction. */
static int64_t distance(const TciInsn *i)
{
    const char *name = tcg_tci_name[i->op];

    if (i->op != TCI_br && i->op != TCI_brflag && !g_str_has_prefix(name, "brcond_")) {
        return 0;
    }
    return (int64_t)((const uint64_t *)i)[tcg_tci_length(i) - 1];
}

static void look_tci(const Translated *t, Body *ret)
{
    const TciCode *code = t->code.entry;
    const TciInsn *first = NULL, *last = NULL;

    for (uint32_t at = 0; at < code->num_words; at += tcg_tci_length(&code->insns[at])) {
        const TciInsn *i = &code->insns[at];

        if (distance(i) < 0) {
            g_assert_null(last);                /* one loop */
            first = i + distance(i);
            last = i;
        }
    }
    g_assert_nonnull(last);
    *ret = (Body){ 0 };
    for (const TciInsn *i = first; i <= last; i += tcg_tci_length(i)) {
        const char *name = tcg_tci_name[i->op];

        g_test_message("%5u  %s", (unsigned)(i - code->insns), name);
        ret->insns++;
        ret->polls += i->op == TCI_poll;
        ret->loads += i->op == TCI_ld64;
        ret->xors += g_str_has_prefix(name, "xor_");
        ret->stores += g_str_has_prefix(name, "st_env") || g_str_has_prefix(name, "spill") ||
                       g_str_has_prefix(name, "slot_");
        ret->flags += g_str_has_prefix(name, "flags_") || i->op == TCI_eval || i->op == TCI_call;
    }
}

static void test_tci(void)
{
    Translated t;
    Body body;

    translate(&t, &tcg_backend_tci, &test_layout, false);
    look_tci(&t, &body);
    check_body(&body, 2, 16);
    discard(&t);
    translate(&t, &tcg_backend_tci, &test_layout, true);
    look_tci(&t, &body);
    check_naive(&body);
    discard(&t);
}

/* -- the same code running ------------------------------------------------------------------------------- */
static void model(TestCpu *cpu, unsigned turns, bool first_load_done)
{
    for (unsigned i = 0; i < turns || (i == turns && first_load_done); i++) {
        const uint64_t *p = (const uint64_t *)(cpu->mem + (cpu->x[1] - TEST_MEM_BASE));
        uint64_t n = cpu->x[2];

        cpu->x[0] += p[0];
        if (i == turns) {
            break;
        }
        cpu->x[3] ^= p[1];
        cpu->x[1] += 16;
        cpu->x[2] = n - 1;
        cpu->nzcv = (n - 1 == 0 ? FLAG_Z : 0) | FLAG_C;         /* n is small and not 0 */
    }
}

static void start(TestCpu *cpu, TestCpu *want)
{
    test_cpu_init(cpu, 7);
    cpu->x[1] = TEST_MEM_BASE + 64;
    cpu->x[2] = TURNS;
    *want = *cpu;
}

static void test_run(const void *data)
{
    TestCpu *cpu = test_new0(TestCpu), *want = test_new0(TestCpu);
    GString *why = g_string_new(NULL);
    Translated t;

    translate(&t, data, &test_layout, false);
    for (unsigned hit = 0; hit < 2; hit++) {
        start(cpu, want);
        if (hit) {
            test_cpu_fill_tlb(cpu);
        }
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry, &cpu->fp), ==,
                        (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        model(want, TURNS, false);
        want->pc += 20;
        g_assert_true(test_cpu_equal(cpu, want, why));
        g_assert_cmpuint(cpu->num_slow, ==, hit ? 0 : 2 * TURNS);
    }
    for (unsigned n = 1; n <= 2 * TURNS; n++) {                 /* a fault at the n-th load */
        start(cpu, want);
        cpu->raise_after = n;
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry, &cpu->fp), ==,
                        (uintptr_t)OWNER | TCG_EXIT_RAISED);
        model(want, (n - 1) / 2, n % 2 == 0);
        want->pc += n % 2 == 0 ? 4 : 0;
        test_cpu_equal(cpu, want, why);
        g_assert_cmpstr(why->str, ==, "");
    }
    start(cpu, want);
    cpu->poll = -1;
    g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry, &cpu->fp), ==,
                    (uintptr_t)OWNER | TCG_EXIT_POLL);
    g_assert_true(test_cpu_equal(cpu, want, NULL));
    discard(&t);
    g_string_free(why, TRUE);
    g_aligned_free(cpu);
    g_aligned_free(want);
}

/* Slow paths that ask for an interrupt at the n-th load: the next poll leaves, with the state of whole turns. */
static uint64_t ld_and_ask(CPUState *cs, vaddr addr, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;

    if (cpu->scratch && --cpu->scratch == 0) {
        cpu->poll = -1;
    }
    return test_layout.mem->ld(cs, addr, mo, map);
}

static void test_interrupt(const void *data)
{
    TestCpu *cpu = test_new0(TestCpu), *want = test_new0(TestCpu);
    TcgMemOps ops = *test_layout.mem;
    TcgLayout layout = test_layout;
    GString *why = g_string_new(NULL);
    Translated t;

    ops.ld = ld_and_ask;
    layout.mem = &ops;
    translate(&t, data, &layout, false);
    for (unsigned n = 1; n <= 2 * (TURNS - 1); n++) {
        start(cpu, want);
        cpu->scratch = n;
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry, &cpu->fp), ==,
                        (uintptr_t)OWNER | TCG_EXIT_POLL);
        model(want, (n + 1) / 2, false);
        test_cpu_equal(cpu, want, why);
        g_assert_cmpstr(why->str, ==, "");
    }
    discard(&t);
    g_string_free(why, TRUE);
    g_aligned_free(cpu);
    g_aligned_free(want);
}

int main(int argc, char **argv)
{
    const TcgBackend *native = tcg_backend_find("tcg");

    g_test_init(&argc, &argv, NULL);
    if (native) {
        g_test_add_data_func("/tcg/loop/x86_64/text", native, test_x86);
        g_test_add_data_func("/tcg/loop/x86_64/run", native, test_run);
        g_test_add_data_func("/tcg/loop/x86_64/interrupt", native, test_interrupt);
    }
    g_test_add_func("/tcg/loop/tci/text", test_tci);
    g_test_add_data_func("/tcg/loop/tci/run", &tcg_backend_tci, test_run);
    g_test_add_data_func("/tcg/loop/tci/interrupt", &tcg_backend_tci, test_interrupt);
    return g_test_run();
}
