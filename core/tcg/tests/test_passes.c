/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The passes against the meaning of what was generated: random programs with loops, run before ssa, as naive SSA and
 * after each pass, with a fault or an interrupt at every EXIT operation that is reached. The full state, the accesses
 * and what helpers saw must be equal.
 */
#include "core/tcg/tests/irexec.h"
#include "core/tcg/tests/randprog.h"
#include "core/tcg/backend.h"

#include <string.h>
#include <time.h>

enum { FUEL = 60, MAX_FAULTS = 40 };

/* Two backends that emit nothing: one that has every operation, one that has only what each must have. */
static bool has_all(const TcgBackend *be, const TcgNode *n)
{
    return true;
}

static bool has_least(const TcgBackend *be, const TcgNode *n)
{
    if (tcg_type_is_wide(n->type) && tcg_op_def[n->op].flags & TCGF_PURE) {
        return n->op == OP_vlow || n->op == OP_vcat || n->op == OP_vhigh || n->op == OP_mov;
    }
    switch (n->op) {
    case OP_ld_env: case OP_st_env: case OP_add: case OP_sub: case OP_mul: case OP_divu: case OP_divs: case OP_and:
    case OP_or: case OP_xor: case OP_shl: case OP_shr: case OP_sar: case OP_trunc: case OP_zext: case OP_sext:
    case OP_flags_add: case OP_flags_sub: case OP_flags_adc: case OP_flags_logic:
    case OP_vadd: case OP_vsub: case OP_vand: case OP_vor: case OP_vxor: case OP_vpair: case OP_vget: case OP_vdup:
    case OP_vset: case OP_vzip1: case OP_vzip2: case OP_vuzp1: case OP_vuzp2: case OP_vtbl: case OP_vmulhs:
    case OP_vmulhu: case OP_vmulrs: case OP_vmadd: case OP_vmaddus: case OP_vsad: case OP_vmulls: case OP_vmullu:
    case OP_vspack: case OP_vupack:
        return true;
    case OP_setcond: case OP_brcond: return n->aux < COND_TSTEQ;
    case OP_select: return n->type != TCG_V128;
    case OP_vcmp: return (n->imm == COND_EQ || n->imm == COND_GT) && n->aux != 3;
    case OP_vshl: case OP_vshr: return n->aux != 0 && n->imm < 8u << n->aux;
    case OP_vmul: return n->aux != 0;
    case OP_pfrom: case OP_pto: return n->aux == 0;
    case OP_vlow: case OP_vhigh: case OP_mov: return true;
    default: return !(tcg_op_def[n->op].flags & TCGF_PURE) && n->op != OP_brflag;
    }
}

/* No wide vectors, predicates or accesses of some lanes, and little else. */
static bool has_no_preds(const TcgBackend *be, const TcgNode *n)
{
    return n->type <= TCG_V128 && !(n->op >= OP_vlow && n->op <= OP_ptest) && n->op != OP_mov && has_least(be, n);
}

static const TcgBackend backend_no_preds = { .name = "no-preds", .has_op = has_no_preds };
static const TcgBackend backend_all = { .name = "all", .has_op = has_all };
static const TcgBackend backend_least = { .name = "least", .has_op = has_least };

static void run_passes(TcgFn *fn, const char *letters)
{
    for (; *letters; letters++) {
        const TcgPass *pass = tcg_pipeline;

        while (pass->letter != *letters) {
            pass++;
        }
        tcg_pass_run(fn, pass);
    }
}

static void fail(TcgFn *ref, TcgFn *fn, const char *letters, uint64_t seed, unsigned raise_at, const char *why)
{
    GString *s = g_string_new(NULL);

    tcg_fn_print(ref, s);
    g_string_append(s, "---- after the passes\n");
    tcg_fn_print(fn, s);
    g_test_message("%s", s->str);
    g_test_fail_printf("seed %" G_GUINT64_FORMAT ", passes %s, leaving at %u: %s", seed, letters, raise_at, why);
    g_string_free(s, TRUE);
}

static bool compare_run(TcgFn *ref, TcgFn *fn, const char *letters, uint64_t seed, unsigned raise_at, unsigned *ret_events)
{
    TestCpu *a = test_new0(TestCpu), *b = test_new0(TestCpu);
    IrExec ea = { .raise_at = raise_at, .fuel = FUEL }, eb = { .raise_at = raise_at, .fuel = FUEL };
    GString *why = g_string_new(NULL);
    bool ok;

    test_cpu_init(a, seed);
    test_cpu_init(b, seed);
    ir_exec(ref, a, &ea);
    ir_exec(fn, b, &eb);
    if (ea.left != eb.left || ea.events != eb.events) {
        g_string_append_printf(why, "left by %d after %u, not %d after %u", eb.left, eb.events, ea.left, ea.events);
    } else if (ea.left >= 0) {                  /* out of fuel, nothing has been stored */
        test_cpu_equal(a, b, why);
    }
    if (!why->len && (a->num_log != b->num_log || memcmp(a->log, b->log, sizeof(a->log)))) {
        g_string_append(why, "the accesses differ");
    }
    if (!why->len && (a->num_calls != b->num_calls || memcmp(a->seen, b->seen, sizeof(a->seen)) ||
                      memcmp(&a->seen_v, &b->seen_v, 16) || (ea.left >= 0 && a->scratch != b->scratch))) {
        g_string_append(why, "the calls differ");
    }
    ok = why->len == 0;
    if (!ok) {
        fail(ref, fn, letters, seed, raise_at, why->str);
    }
    *ret_events = ea.events;
    g_string_free(why, TRUE);
    g_aligned_free(a);
    g_aligned_free(b);
    return ok;
}

/* Which values are recipes is not in the text. */
static void strip_recipes(GString *s)
{
    g_string_replace(s, " ; recipe", "", 0);
}

/* The text of a region is read back as the same region. */
static bool check_text(TcgFn *fn, uint64_t seed)
{
    GString *once = g_string_new(NULL), *twice = g_string_new(NULL);
    GError *error = NULL;
    TcgFn *read;
    bool ok;

    if (!(fn->done & PROP_SSA)) {
        tcg_fn_compute_order(fn);               /* what cannot be reached is not read back */
    }
    tcg_fn_print(fn, once);
    read = tcg_fn_parse(fn->config, once->str, &error);
    if (!read) {
        g_test_message("%s", once->str);
        g_test_fail_printf("seed %" G_GUINT64_FORMAT ": %s", seed, error->message);
        return false;
    }
    tcg_fn_print(read, twice);
    strip_recipes(once);
    strip_recipes(twice);
    ok = !strcmp(once->str, twice->str);
    if (!ok) {
        g_test_message("%s\n----\n%s", once->str, twice->str);
        g_test_fail_printf("seed %" G_GUINT64_FORMAT ": the text changes when read", seed);
    }
    tcg_fn_free(read);
    g_string_free(once, TRUE);
    g_string_free(twice, TRUE);
    return ok;
}

typedef struct Case {
    const char *path, *letters;
    bool naive, least;
    RandProg shape;
    unsigned programs;
} Case;

static bool one_program(const Case *c, uint64_t seed)
{
    const TcgBackend *be = c->shape.preds ? &backend_no_preds : c->least ? &backend_least : &backend_all;
    TcgConfig config = { .backend = be, .target = &test_target,
                         .layout = &test_layout, .naive = c->naive, .verify = true };
    TcgConfig plain = config;
    TcgGen *g, *ref;
    uint64_t s1 = seed, s2 = seed;
    unsigned events, all = 0;
    bool ok;

    plain.naive = true;                         /* nothing is folded while it is generated */
    ref = tcg_gen_new(&plain);
    g = tcg_gen_new(&config);
    tcg_gen_begin(ref, NULL);
    tcg_gen_begin(g, NULL);
    rand_prog(ref, &c->shape, &s1);
    rand_prog(g, &c->shape, &s2);
    ok = check_text(tcg_gen_fn(ref), seed);
    run_passes(tcg_gen_fn(g), c->letters);
    ok = ok && compare_run(tcg_gen_fn(ref), tcg_gen_fn(g), c->letters, seed, 0, &all);
    for (unsigned i = 1; i <= all && i <= MAX_FAULTS && ok; i++) {
        ok = compare_run(tcg_gen_fn(ref), tcg_gen_fn(g), c->letters, seed, i, &events);
    }
    if (ok && strchr(c->letters, 'd')) {
        ok = check_text(tcg_gen_fn(g), seed);
    }
    tcg_gen_free(ref);
    tcg_gen_free(g);
    return ok;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    unsigned programs = c->programs * (g_test_slow() ? 50 : 1);

    for (unsigned i = 0; i < programs; i++) {
        if (!one_program(c, 1000003ull * i + 17)) {
            return;
        }
    }
}

/* Before the first pass the verifier has run; before a golden text can be trusted, so must these have. */
static const Case cases[] = {
    { "/tcg/passes/ssa-straight", "s", false, false, { 1, 3 }, 60 },
    { "/tcg/passes/ssa", "s", false, false, { 4, 3 }, 60 },
    { "/tcg/passes/ssa-calls", "s", false, false, { 5, 3, false, true, true }, 60 },
    { "/tcg/passes/naive", "sd", true, false, { 5, 3, true, true, true }, 60 },
    { "/tcg/passes/dce", "sd", false, false, { 5, 3, false, true, true }, 80 },
    { "/tcg/passes/fold", "sfd", false, false, { 1, 6, true, true, true }, 80 },
    { "/tcg/passes/all", "sfdl", false, false, { 6, 3, true, true, true }, 150 },
    { "/tcg/passes/all-loops", "sfdl", false, false, { 3, 2, false, false, false }, 150 },
    { "/tcg/passes/all-large", "sfdl", false, false, { 24, 4, true, true, true }, 8 },
    { "/tcg/passes/lower", "sfdl", false, true, { 4, 3, true, true, true }, 80 },
    { "/tcg/passes/no-preds", "sfdl", false, true, { 4, 3, true, true, true, .preds = true }, 100 },
    { "/tcg/passes/wide-ssa", "s", false, false, { 4, 3, true, true, true, .wide = true }, 60 },
    { "/tcg/passes/wide", "sfdl", false, false, { 5, 3, true, true, true, .wide = true }, 150 },
    { "/tcg/passes/wide-lower", "sfdl", false, true, { 4, 3, true, true, true, .wide = true }, 100 },
};

/* -- speed ------------------------------------------------------------------------------------------------------ */

/* ldr x0, [x1, #8]; add x2, x2, x0; subs x3, x3, #1; str w2, [x1, #16]; b.ne: as a translator emits a block. */
static void typical_block(TcgGen *g)
{
    TcgBlockRef taken = tcg_block(g), not_taken = tcg_block(g);
    TcgVal a, b, d;

    tcg_poll(g);
    tcg_insn_start(g, 0);
    a = tcg_addi(g, TCG_I64, tcg_get_reg(g, 1), 8);
    tcg_set_reg(g, 0, tcg_guest_ld(g, TCG_I64, a, MO_64));
    tcg_insn_start(g, 4);
    tcg_set_reg(g, 2, tcg_add(g, TCG_I64, tcg_get_reg(g, 2), tcg_get_reg(g, 0)));
    tcg_insn_start(g, 8);
    a = tcg_get_reg(g, 3);
    b = tcg_const(g, TCG_I64, 1);
    d = tcg_sub(g, TCG_I64, a, b);
    tcg_set_reg(g, TEST_NZCV, tcg_flags_sub(g, TCG_I64, a, b));
    tcg_set_reg(g, 3, d);
    tcg_insn_start(g, 12);
    a = tcg_addi(g, TCG_I64, tcg_get_reg(g, 1), 16);
    tcg_guest_st(g, a, tcg_trunc(g, tcg_get_reg(g, 2)), MO_32);
    tcg_insn_start(g, 16);
    tcg_brflag(g, FC_NE, tcg_get_reg(g, TEST_NZCV), taken, not_taken);
    tcg_block_start(g, taken);
    tcg_set_reg(g, TEST_PC, tcg_pc(g, -64));
    tcg_goto_tb(g, 0, 0, 0);
    tcg_block_start(g, not_taken);
    tcg_set_reg(g, TEST_PC, tcg_pc(g, 20));
    tcg_goto_tb(g, 1, 0, 0);
}

static void test_speed(void)
{
    TcgConfig config = { .backend = &backend_all, .target = &test_target, .layout = &test_layout, .verify = true };
    TcgGen *g = tcg_gen_new(&config);
    double best[6] = { 0 };
    static const char *const what[6] = { "generate", "ssa", "fold", "dce", "lower", "all" };

    for (unsigned round = 0; round < 20000; round++) {
        gint64 t[6];

        for (unsigned i = 0; i <= 4; i++) {
            struct timespec ts;

            if (i == 0) {
                tcg_gen_begin(g, NULL);
                clock_gettime(CLOCK_MONOTONIC, &ts);
                t[0] = ts.tv_sec * 1000000000ll + ts.tv_nsec;
                typical_block(g);
            } else {
                tcg_pass_run(tcg_gen_fn(g), &tcg_pipeline[i - 1]);
            }
            clock_gettime(CLOCK_MONOTONIC, &ts);
            t[i + 1] = ts.tv_sec * 1000000000ll + ts.tv_nsec;
        }
        for (unsigned i = 0; i < 6; i++) {
            double ns = (i < 5 ? t[i + 1] - t[i] : t[5] - t[0]) / 5.0;

            best[i] = best[i] == 0 ? ns : MIN(best[i], ns);
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        g_test_message("%s: %.0f ns a guest instruction", what[i], best[i]);
    }
    tcg_gen_free(g);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_add_data_func(cases[i].path, &cases[i], test_case);
    }
    if (g_test_perf()) {
        g_test_add_func("/tcg/passes/speed", test_speed);
    }
    return g_test_run();
}
