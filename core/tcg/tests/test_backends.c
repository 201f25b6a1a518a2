/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way through: random programs, optimised and naive, on every backend that the host has, against the meaning
 * of what was generated (irexec.c). The n-th access or helper raises, or a loop runs out of its budget; registers,
 * memory, the order of accesses and how the code was left must be equal.
 */
#include "core/tcg/tests/irexec.h"
#include "core/tcg/tests/randprog.h"
#include "core/tcg/backend.h"

#include <string.h>

enum { OWNER = 0x1000, POOR_FEATURES = 7 /* the lowest: of x86-64 AVX, AVX2, BMI1 */ };

typedef struct Case {
    const char *name;
    bool naive, fill;                           /* fill: the TLB hits */
    bool quick;
    RandProg shape;
    unsigned programs;
    bool once;
    bool poor;                                  /* a host with few of its extensions */
} Case;

static const Case cases[] = {
    { "straight", false, false, false, { 1, 6, true, true, false }, 150 },
    { "loops", false, false, false, { 4, 3, true, true, true }, 200 },
    { "loops-tlb", false, true, false, { 4, 3, true, false, true }, 100 },
    { "large", false, false, false, { 20, 4, true, true, true }, 10 },
    { "naive", true, false, false, { 4, 3, true, true, true }, 100 },
    { "quick-straight", false, false, true, { 1, 6, true, true, false, true }, 150 },
    { "quick", false, false, true, { 5, 3, true, true, true, true }, 200 },
    { "quick-tlb", false, true, true, { 5, 3, true, false, true, true }, 100 },
    { "quick-large", false, false, true, { 20, 4, true, true, true, true }, 10 },
    { "once-straight", false, false, true, { 1, 6, true, true, false, true, true }, 400, true },
    { "once-tree", false, false, true, { 3, 4, true, true, false, true, true, true }, 400, true },
    { "once-tree-tlb", false, true, true, { 3, 4, true, false, false, true, true, true }, 200, true },
    { "once-joins", false, false, true, { 2, 4, true, true, false, true, true, true, .joins = true }, 600, true },
    { "once-joins-tlb", false, true, true, { 2, 4, true, false, false, true, true, true, .joins = true }, 300, true },
    { "once-joins-integers", false, false, true, { 1, 4, false, false, false, true, true, true, .joins = true }, 600, true },
    { "once-breadth", false, false, true, { 2, 4, true, true, false, true, true, true, .breadth = true }, 200, true },
    { "preds-poor", false, false, false, { 4, 3, true, true, true, .preds = true }, 200, .poor = true },
    { "preds-poor-quick", false, false, true, { 5, 3, true, true, true, true, .preds = true }, 100, .poor = true },
    { "preds-poor-once", false, false, true, { 3, 4, true, true, false, true, true, true, .preds = true }, 100, true, true },
    { "wide-straight", false, false, false, { 1, 6, true, true, false, .wide = true }, 200 },
    { "wide-loops", false, false, false, { 4, 3, true, true, true, .wide = true }, 300 },
    { "wide-loops-tlb", false, true, false, { 4, 3, true, true, true, .wide = true }, 200 },
    { "wide-large", false, false, false, { 16, 4, true, true, true, .wide = true }, 10 },
    { "wide-naive", true, false, false, { 4, 3, true, true, true, .wide = true }, 100 },
    { "wide-quick", false, false, true, { 5, 3, true, true, true, true, .wide = true }, 200 },
    { "wide-quick-tlb", false, true, true, { 5, 3, true, true, true, true, .wide = true }, 100 },
    { "wide-once", false, false, true, { 3, 4, true, true, false, true, true, true, true }, 400, true },
    { "wide-once-tlb", false, true, true, { 3, 4, true, true, false, true, true, true, true }, 200, true },
    { "once-integers", false, false, true, { 2, 12, false, false, false, true, true, true }, 200, true },
};

typedef struct Run {
    const Case *c;
    const TcgBackend *be;
} Run;

static void describe(TcgGen *ref, TcgGen *g)
{
    GString *s = g_string_new(NULL);

    tcg_fn_compute_order(tcg_gen_fn(ref));
    tcg_gen_dump(ref, s);
    g_string_append(s, "---- as emitted\n");
    tcg_gen_dump(g, s);
    g_test_message("%s", s->str);
    g_string_free(s, TRUE);
}

static void compare(const Case *c, TestCpu *a, TestCpu *b, int left, int want, GString *why)
{
    if (left != want) {
        g_string_append_printf(why, "left by %d, not %d", left, want);
        return;
    }
    if (!test_cpu_equal(a, b, why)) {
        return;
    }
    if (a->poll != b->poll || !a->raised != !b->raised || a->scratch != b->scratch) {
        g_string_append(why, "the poll or raised word or another field differs");
    } else if (a->num_calls != b->num_calls || memcmp(a->seen, b->seen, sizeof(a->seen)) || memcmp(&a->seen_v, &b->seen_v, 16)) {
        g_string_append(why, "the calls differ");
    } else if (!c->fill && (a->num_log != b->num_log || memcmp(a->log, b->log, sizeof(a->log)))) {
        g_string_append(why, "the accesses differ");
    }
}

static bool run_program(const Run *r, TcgCodeBuf *buf, uint64_t seed, unsigned *at_once)
{
    TcgConfig config = { .backend = r->be, .target = &test_target, .layout = r->c->once ? &test_layout : &test_layout_counted,
                         .naive = r->c->naive, .verify = true };
    TcgConfig plain = config;
    TcgGen *g = tcg_gen_new(&config), *ref;
    TestCpu *a = test_new0(TestCpu), *b = test_new0(TestCpu);
    GString *why = g_string_new(NULL);
    uint64_t s1 = seed, s2 = seed;
    TcgCode code = { 0 };
    bool ok, once = r->c->once;

    plain.naive = true;
    ref = tcg_gen_new(&plain);
    tcg_gen_begin(ref, NULL);
    rand_prog(ref, &r->c->shape, &s1);
    for (bool done = false; !done; once &= done) {
        s2 = seed;
        tcg_gen_begin(g, (void *)(uintptr_t)OWNER);
        if (r->c->quick) {
            tcg_gen_quick(g);
        }
        if (once) {
            if (tcg_codebuf_used(buf) > tcg_codebuf_size(buf) / 2) {
                tcg_codebuf_reset(buf);
            }
            tcg_gen_at_once(g, buf);
        }
        rand_prog(g, &r->c->shape, &s2);
        done = tcg_gen_end(g);
    }
    *at_once += once;
    if (!tcg_gen_finish(g, buf, &code)) {
        tcg_codebuf_reset(buf);
        g_assert_true(tcg_gen_finish(g, buf, &code));
    }
    for (unsigned i = 0; i < 12 && !why->len; i++) {
        unsigned insns = tcg_gen_fn(ref)->num_insns, budget = test_rand(&s1) % 12 * insns;
        IrExec e = { .fuel = 100000 };
        uintptr_t left;

        test_cpu_init(a, seed + i);
        test_cpu_init(b, seed + i);
        a->poll = b->poll = budget;
        if (r->c->fill) {
            test_cpu_fill_tlb(b);
        } else {
            a->raise_after = b->raise_after = i;
        }
        ir_exec(tcg_gen_fn(ref), a, &e);
        left = tcg_run(r->be, buf, test_cs(b), code.entry, &b->fp);
        if ((left & ~(uintptr_t)TCG_EXIT_MASK) != OWNER) {
            g_string_append(why, "not the owner that was given");
        } else {
            compare(r->c, a, b, left & TCG_EXIT_MASK, e.left, why);
        }
        if (why->len) {
            describe(ref, g);
            g_test_fail_printf("seed %" G_GUINT64_FORMAT ", run %u: %s", seed, i, why->str);
        }
    }
    tcg_gen_free(ref);
    tcg_gen_free(g);
    g_aligned_free(a);
    g_aligned_free(b);
    ok = why->len == 0;
    g_string_free(why, TRUE);
    return ok;
}

static void test_run(gconstpointer data)
{
    const Run *r = data;
    GError *error = NULL;
    TcgBackend poor = *r->be;
    TcgCodeBuf *buf;
    unsigned programs = r->c->programs * (g_test_slow() ? 100 : 1), at_once = 0;
    const Run with = { r->c, r->c->poor ? &poor : r->be };

    poor.features &= POOR_FEATURES;
    buf = tcg_codebuf_new(1 << 20, with.be, &error);
    g_assert_no_error(error);
    for (unsigned i = 0; i < programs && run_program(&with, buf, 1000003ull * i + 5, &at_once); i++) {
    }
    if (r->c->once) {
        g_test_message("%u of %u at once", at_once, programs);
        if (r->c->shape.joins && r->be->once_new && !g_test_failed()) {
            g_assert_cmpuint(at_once, >, programs / 4);         /* else it is no test of joins */
        }
    }
    tcg_codebuf_free(buf);
}

/* -- regions that random programs have seldom --------------------------------------------------------------------------- */

/* Made at once where that is possible, else as others are. `make` is called again then. */
static void run_made(const TcgBackend *be, void (*make)(TcgGen *g), void (*check)(const TcgBackend *, TcgCodeBuf *, TcgCode *))
{
    TcgConfig config = { .backend = be, .target = &test_target, .layout = &test_layout, .verify = true };
    TcgGen *g = tcg_gen_new(&config);
    GError *error = NULL;
    TcgCodeBuf *buf = tcg_codebuf_new(1 << 20, be, &error);
    TcgCode code = { 0 };

    g_assert_no_error(error);
    for (bool once = true, done = false; !done; once = false) {
        tcg_gen_begin(g, (void *)(uintptr_t)OWNER);
        if (once) {
            tcg_gen_at_once(g, buf);
        }
        make(g);
        done = tcg_gen_end(g);
    }
    g_assert_true(tcg_gen_finish(g, buf, &code));
    check(be, buf, &code);
    tcg_codebuf_free(buf);
    tcg_gen_free(g);
}

static void leave_at(TcgGen *g, int64_t offset)
{
    tcg_set_reg(g, TEST_PC, tcg_pc(g, offset));
    tcg_exit(g);
}

static void branch_if_1(TcgGen *g, unsigned row, TcgBlockRef yes, TcgBlockRef no)
{
    tcg_brcond(g, TCG_I64, COND_EQ, tcg_get_reg(g, row), tcg_const(g, TCG_I64, 1), yes, no);
}

static void set_const(TcgGen *g, unsigned row, uint64_t value, TcgBlockRef then)
{
    tcg_set_reg(g, row, tcg_const(g, TCG_I64, value));
    tcg_br(g, then);
}

/* A local that a block which leaves is the first to set, before a join; behind it both arms of a branch do. */
static void make_local(TcgGen *g)
{
    unsigned late = tcg_local(g, TCG_I64), early = tcg_local(g, TCG_I64);
    TcgBlockRef b[8];

    for (unsigned i = 0; i < G_N_ELEMENTS(b); i++) {
        b[i] = tcg_block(g);
    }
    tcg_insn_start(g, 0);
    branch_if_1(g, TEST_X0, b[0], b[1]);
    tcg_block_start(g, b[1]);
    branch_if_1(g, TEST_X0 + 1, b[2], b[3]);
    tcg_block_start(g, b[2]);
    set_const(g, early, 1, b[4]);
    tcg_block_start(g, b[3]);
    set_const(g, early, 2, b[4]);
    tcg_block_start(g, b[0]);
    tcg_set_reg(g, late, tcg_const(g, TCG_I64, 5));
    tcg_set_reg(g, TEST_X0 + 3, tcg_get_reg(g, late));
    leave_at(g, 0x40);
    tcg_block_start(g, b[4]);
    branch_if_1(g, TEST_X0 + 2, b[5], b[6]);
    tcg_block_start(g, b[5]);
    set_const(g, late, 10, b[7]);
    tcg_block_start(g, b[6]);
    set_const(g, late, 20, b[7]);
    tcg_block_start(g, b[7]);
    tcg_set_reg(g, TEST_X0 + 3, tcg_get_reg(g, late));
    tcg_set_reg(g, TEST_X0 + 4, tcg_get_reg(g, early));
    leave_at(g, 0x40);
}

static void check_local(const TcgBackend *be, TcgCodeBuf *buf, TcgCode *code)
{
    TestCpu *cpu = test_new0(TestCpu);

    for (unsigned i = 0; i < 8; i++) {
        test_cpu_init(cpu, 1);
        cpu->x[0] = i & 1;
        cpu->x[1] = i >> 1 & 1;
        cpu->x[2] = i >> 2;
        tcg_run(be, buf, test_cs(cpu), code->entry, &cpu->fp);
        g_assert_cmpuint(cpu->x[3], ==, i & 1 ? 5 : i >> 2 ? 10 : 20);
        if (!(i & 1)) {
            g_assert_cmpuint(cpu->x[4], ==, i & 2 ? 1 : 2);
        }
    }
    g_aligned_free(cpu);
}

/* The flags of a sum that was put off as an address. */
static void make_sum(TcgGen *g)
{
    TcgVal sum;

    tcg_insn_start(g, 0);
    sum = tcg_address_at(g, tcg_get_reg(g, TEST_X0), 0x123);
    tcg_set_reg(g, TEST_NZCV, tcg_flags_sub(g, TCG_I64, sum, tcg_get_reg(g, TEST_X0 + 1)));
    tcg_insn_start(g, 4);
    leave_at(g, 0x40);
}

static void check_sum(const TcgBackend *be, TcgCodeBuf *buf, TcgCode *code)
{
    TestCpu *cpu = test_new0(TestCpu);

    test_cpu_init(cpu, 1);
    cpu->x[0] = 0;
    cpu->x[1] = 0x123;
    tcg_run(be, buf, test_cs(cpu), code->entry, &cpu->fp);
    g_assert_cmphex(cpu->nzcv, ==, FLAG_Z | FLAG_C);
    g_aligned_free(cpu);
}

static void test_local(gconstpointer be)
{
    run_made(be, make_local, check_local);
}

static void test_sum(gconstpointer be)
{
    run_made(be, make_sum, check_sum);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "tcg", "tci" };
    Run runs[G_N_ELEMENTS(names) * G_N_ELEMENTS(cases)], *r = runs;

    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(names); n++) {
        const TcgBackend *be = tcg_backend_find(names[n]);

        if (be) {
            char *local = g_strdup_printf("/tcg/backends/%s/local-of-paths", names[n]);
            char *sum = g_strdup_printf("/tcg/backends/%s/flags-of-address", names[n]);

            g_test_add_data_func(local, be, test_local);
            g_test_add_data_func(sum, be, test_sum);
            g_free(local);
            g_free(sum);
        }
        for (unsigned i = 0; be && i < G_N_ELEMENTS(cases); i++) {
            char *path = g_strdup_printf("/tcg/backends/%s/%s", names[n], cases[i].name);

            *r = (Run){ &cases[i], be };
            g_test_add_data_func(path, r++, test_run);
            g_free(path);
        }
    }
    return g_test_run();
}
