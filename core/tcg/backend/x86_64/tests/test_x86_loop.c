/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a loop becomes: two loads and a subtraction that sets flags which only faults could see. In its body, found by
 * the backward jump in the disassembly, nothing is stored to the CPU object and no flags are computed. The same code
 * is run: to its end, with a fault at each load and with an interrupt at each turn.
 */
#include <glib/gstdio.h>
#include <string.h>
#include "core/tcg/backend.h"
#include "core/tcg/tests/testtarget.h"

#define OWNER ((void *)0x1230)

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

static void translate(Translated *t, const TcgLayout *layout)
{
    t->config = (TcgConfig){
        .backend = &tcg_backend_x86_64, .target = &test_target, .layout = layout, .verify = true,
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

/* -- the text -------------------------------------------------------------------------------------------- */
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

static void test_text(void)
{
    g_autofree char *objdump = g_find_program_in_path("objdump"), *text = NULL;
    g_auto(GStrv) lines = NULL;
    GPtrArray *body;
    Translated t;

    if (!objdump) {
        g_test_skip("no objdump");
        return;
    }
    translate(&t, &test_layout);
    text = disassemble(objdump, &t.code);
    lines = g_strsplit(text, "\n", -1);
    body = loop_body(lines);
    for (unsigned i = 0; i < body->len; i++) {
        g_test_message("%s", (char *)g_ptr_array_index(body, i));
    }
    /* The loop that was meant: its poll, two accesses with their checks, and the arithmetic. */
    g_assert_cmpuint(count(body, "cmp +DWORD PTR \\[rbp"), ==, 1);
    g_assert_cmpuint(count(body, "and +rax,QWORD PTR \\[rbp"), ==, 2);
    g_assert_cmpuint(count(body, "xor +r[a-z0-9]+,"), ==, 1);
    /* No store to the CPU object or to the frame: its destination would be the first operand. */
    g_assert_cmpuint(count(body, ":\\s+(?!cmp|test)[a-z0-9]+ +[A-Z]+ PTR \\[r[bs]p"), ==, 0);
    /* No flags. */
    g_assert_cmpuint(count(body, "lahf|seto|pext|cmc|call"), ==, 0);
    g_assert_cmpuint(body->len, <=, 32);
    g_ptr_array_unref(body);
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

static void test_run(void)
{
    TestCpu *cpu = g_new(TestCpu, 1), *want = g_new(TestCpu, 1);
    GString *why = g_string_new(NULL);
    Translated t;

    translate(&t, &test_layout);
    for (unsigned hit = 0; hit < 2; hit++) {
        start(cpu, want);
        if (hit) {
            test_cpu_fill_tlb(cpu);
        }
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry), ==,
                        (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        model(want, TURNS, false);
        want->pc += 20;
        g_assert_true(test_cpu_equal(cpu, want, why));
        g_assert_cmpuint(cpu->num_slow, ==, hit ? 0 : 2 * TURNS);
    }
    for (unsigned n = 1; n <= 2 * TURNS; n++) {                 /* a fault at the n-th load */
        start(cpu, want);
        cpu->raise_after = n;
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry), ==,
                        (uintptr_t)OWNER | TCG_EXIT_RAISED);
        model(want, (n - 1) / 2, n % 2 == 0);
        want->pc += n % 2 == 0 ? 4 : 0;
        test_cpu_equal(cpu, want, why);
        g_assert_cmpstr(why->str, ==, "");
    }
    start(cpu, want);
    cpu->poll = -1;
    g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry), ==,
                    (uintptr_t)OWNER | TCG_EXIT_POLL);
    g_assert_true(test_cpu_equal(cpu, want, NULL));
    discard(&t);
    g_string_free(why, TRUE);
    g_free(cpu);
    g_free(want);
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

static void test_interrupt(void)
{
    TestCpu *cpu = g_new(TestCpu, 1), *want = g_new(TestCpu, 1);
    TcgMemOps ops = *test_layout.mem;
    TcgLayout layout = test_layout;
    GString *why = g_string_new(NULL);
    Translated t;

    ops.ld = ld_and_ask;
    layout.mem = &ops;
    translate(&t, &layout);
    for (unsigned n = 1; n <= 2 * (TURNS - 1); n++) {
        start(cpu, want);
        cpu->scratch = n;
        g_assert_cmphex(tcg_run(t.config.backend, t.buf, test_cs(cpu), t.code.entry), ==,
                        (uintptr_t)OWNER | TCG_EXIT_POLL);
        model(want, (n + 1) / 2, false);
        test_cpu_equal(cpu, want, why);
        g_assert_cmpstr(why->str, ==, "");
    }
    discard(&t);
    g_string_free(why, TRUE);
    g_free(cpu);
    g_free(want);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/loop/text", test_text);
    g_test_add_func("/x86/loop/run", test_run);
    g_test_add_func("/x86/loop/interrupt", test_interrupt);
    return g_test_run();
}
