/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of simplify.c and fold.c: random chains of operations, rich in constants that make the rules apply, are
 * evaluated as written and as simplified, on edge values. And tcg_eval against C where C has the operation.
 */
#include "core/tcg/tests/irexec.h"
#include "core/tcg/backend.h"

#include <string.h>

static bool has_all(const TcgBackend *be, const TcgNode *n)
{
    return true;
}
static const TcgBackend backend_all = { .name = "all", .has_op = has_all };

enum { RECENT = 8 };

typedef struct Chain {
    TcgGen *g;
    uint64_t seed;
    TcgVal recent[TCG_NUM_TYPES][RECENT], flags[RECENT];
    unsigned num[TCG_NUM_TYPES], num_flags;
} Chain;

static unsigned below(Chain *c, unsigned n)
{
    return (test_rand(&c->seed) >> 33) % n;
}

/* Constants that rules look at: masks, single bits, counts, near zero. */
static uint64_t interesting(Chain *c)
{
    uint64_t r = 1 + below(c, 64);

    switch (below(c, 8)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return 1;
    case 3: return r >= 64 ? UINT64_MAX : (1ull << r) - 1;
    case 4: return 1ull << (r - 1);
    case 5: return r - 1;
    case 6: return UINT64_MAX << (r - 1);
    default: return test_rand_edge(&c->seed);
    }
}

static TcgVal value(Chain *c, TcgType t)
{
    unsigned r = below(c, 10);

    if (r < 6 && c->num[t]) {
        unsigned n = MIN(c->num[t], RECENT);

        return c->recent[t][(c->num[t] - 1 - (r < 4 ? 0 : below(c, n))) % RECENT];
    }
    if (r < 8) {
        if (t > TCG_V128) {
            return tcg_get_reg(c->g, t == TCG_V256 ? TEST_Y0 + below(c, 2) : t == TCG_V512 ? TEST_Z0 + below(c, 3)
                                                                                           : TEST_P0 + below(c, 3));
        }
        return tcg_get_reg(c->g, t == TCG_I64 ? below(c, 8) : t == TCG_I32 ? TEST_NZCV : TEST_V0 + below(c, 4));
    }
    if (tcg_type_is_vec(t)) {
        uint64_t lo = interesting(c);

        return tcg_const_wide(c->g, t, lo, below(c, 2) ? lo : interesting(c));
    }
    return tcg_const(c->g, t, interesting(c));
}

static void keep(Chain *c, TcgType t, TcgVal v)
{
    c->recent[t][c->num[t]++ % RECENT] = v;
}

static TcgVal flags(Chain *c)
{
    if (c->num_flags && below(c, 4)) {
        return c->flags[(c->num_flags - 1) % RECENT];
    }
    return tcg_andi(c->g, TCG_I32, tcg_get_reg(c->g, TEST_NZCV), 15);
}

/* Every PURE operation that makes a value, with arguments as it wants them. */
static void random_op(Chain *c)
{
    TcgNode n = { 0 };
    const TcgOpDef *def;
    TcgType t, of;
    unsigned w;
    TcgVal arg[4] = { 0 }, r;

    do {
        n.op = below(c, TCG_NUM_OPS);
        def = &tcg_op_def[n.op];
    } while (!(def->flags & TCGF_PURE) || def->args == 0);
    n.type = t = below(c, 2) ? TCG_I64 : TCG_I32;
    w = t == TCG_I64 ? 64 : 32;
    switch (n.op) {
    case OP_extract: case OP_sextract: case OP_deposit: {
        unsigned pos = below(c, 3) ? below(c, 8) * w / 8 : below(c, w);

        n.aux = pos | (1 + below(c, w - pos)) << 8;
        break;
    }
    case OP_extract2: n.aux = below(c, w); break;
    case OP_addshl: n.aux = below(c, 4); break;
    case OP_setcond: n.aux = below(c, TCG_NUM_CONDS); break;
    case OP_select_cmp:
        n.aux = below(c, TCG_NUM_CONDS);
        n.imm = below(c, 2) ? TCG_I64 : TCG_I32;
        break;
    case OP_select_fc: n.aux = below(c, 16); break;
    case OP_flags_cond:
        n.aux = below(c, 16);
        n.type = TCG_I32;
        break;
    case OP_flags_fp:
        n.type = TCG_V128;
        n.aux = below(c, 3) << 5;
        n.aux = TCG_FP(0, 1, 1) + n.aux + (n.aux << 2);
        break;
    case OP_trunc: n.type = TCG_I32; break;
    case OP_zext: case OP_sext: n.type = TCG_I64; break;
    case OP_vlow: case OP_vhigh: n.type = TCG_V128 + below(c, 2); break;
    case OP_vcat: n.type = TCG_V256 + below(c, 2); break;
    case OP_pfrom: case OP_pto:
        n.type = n.op == OP_pto ? TCG_I64 : TCG_PRED;
        n.aux = below(c, 4);
        break;
    case OP_pand: case OP_por: case OP_pxor: case OP_pandn: case OP_pnot: case OP_pwhile: case OP_ptest:
        n.type = TCG_PRED;
        n.imm = n.op == OP_pnot || n.op == OP_pwhile ? 1 + below(c, 64) : 0;
        break;
    case OP_vpair: case OP_vext: case OP_vtbl: case OP_vpopcnt8:
        n.type = TCG_V128;
        n.imm = n.op == OP_vext ? below(c, 16) : 0;
        break;
    default:
        break;
    }
    if (def->flags & TCGF_VEC) {
        n.type = TCG_V128;
        do {
            n.aux = below(c, 4);
        } while (!(tcg_vec_sizes(n.op) >> n.aux & 1));
        switch (n.op) {
        case OP_vclmul: n.imm = below(c, 2) | below(c, 2) << 4; break;
        case OP_vbyterev:
            n.aux = below(c, 3);
            n.imm = n.aux + 1 + below(c, 3 - n.aux);
            break;
        case OP_vcmp: case OP_pcmp: n.imm = below(c, TCG_NUM_CONDS); break;
        case OP_vmasked: {
            static const TcgOpcode inner[] = { OP_vadd, OP_vand, OP_vsmax, OP_vcmp };

            n.imm = inner[below(c, G_N_ELEMENTS(inner))];
            n.imm = tcg_masked_imm((unsigned)n.imm, n.imm == OP_vcmp ? below(c, TCG_NUM_CONDS) : 0);
            break;
        }
        case OP_vgfaff: n.imm = below(c, 512); break;
        case OP_vtern: case OP_vshuf: n.imm = below(c, 256); break;
        case OP_vsha1r: n.imm = below(c, 4); break;
        case OP_vshl: case OP_vror: n.imm = below(c, 8u << n.aux); break;
        case OP_vshr: case OP_vsar: n.imm = below(c, (8u << n.aux) + 1); break;
        case OP_vget: case OP_vset: case OP_vdup_lane: n.imm = below(c, 16u >> n.aux); break;
        default: break;
        }
        n.type = n.op == OP_vget ? (n.aux == 3 ? TCG_I64 : TCG_I32) : TCG_V128;
        if (tcg_op_lanewise(n.op) && below(c, 3) == 0) {
            n.type = TCG_V256 + below(c, 2);
        }
    }
    if ((n.op == OP_select || n.op == OP_select_cmp || n.op == OP_select_fc) && below(c, 4) == 0) {
        n.type = TCG_V128 + below(c, 4);
    }
    for (unsigned i = 0; i < def->args; i++) {
        of = tcg_arg_type(tcg_gen_fn(c->g), &n, i);
        if (n.op == OP_flags_cond || (n.op == OP_select_fc && i == 0)) {
            arg[i] = flags(c);
        } else if (n.op == OP_flags_adc && i == 2) {
            arg[i] = below(c, 2) ? tcg_const(c->g, of, below(c, 2)) : tcg_andi(c->g, of, value(c, of), 1);
        } else {
            arg[i] = value(c, of);
        }
    }
    r = tcg_emit(c->g, n.op, n.type, n.aux, n.imm, arg[0], arg[1], arg[2], arg[3]);
    if (def->flags & TCGF_FLAGS) {
        c->flags[c->num_flags++ % RECENT] = r;
    }
    keep(c, node_type(&n), r);
}

static void build(TcgGen *g, uint64_t seed)
{
    Chain c = { .g = g, .seed = seed };
    TcgBlockRef a = tcg_block(g), b = tcg_block(g);
    unsigned n = 2 + below(&c, 12);
    TcgType t = below(&c, 2) ? TCG_I32 : TCG_I64;

    tcg_gen_fn(g)->num_insns = 0;
    tcg_insn_start(g, 0);
    while (n--) {
        random_op(&c);
    }
    for (unsigned i = 0; i < 4; i++) {
        TcgVal x = value(&c, TCG_I64), v = value(&c, TCG_V128), y = value(&c, TCG_I32);

        tcg_set_reg(g, i, x);
        tcg_set_reg(g, TEST_V0 + i, v);
        tcg_set_reg(g, 4 + i, tcg_zext(g, y));
        if (i < 3) {
            TcgVal z = value(&c, TCG_V512), p = value(&c, TCG_PRED), half = value(&c, TCG_V256);

            tcg_set_reg(g, TEST_Z0 + i, z);
            tcg_set_reg(g, TEST_P0 + i, p);
            tcg_set_reg(g, TEST_Y0 + (i & 1), half);
        }
    }
    if (below(&c, 2)) {
        TcgFlagCond fc = below(&c, 16);

        tcg_brflag(g, fc, flags(&c), a, b);
    } else {
        TcgCond cond = below(&c, TCG_NUM_CONDS);
        TcgVal x = value(&c, t), y = value(&c, t);

        tcg_brcond(g, t, cond, x, y, a, b);
    }
    tcg_block_start(g, a);
    tcg_goto_tb(g, 0, 0, 0);
    tcg_block_start(g, b);
    tcg_goto_tb(g, 1, 0, 0);
}

static void test_chains(void)
{
    TcgConfig plain = { .backend = &backend_all, .target = &test_target, .layout = &test_layout, .naive = true };
    TcgConfig config = { .backend = &backend_all, .target = &test_target, .layout = &test_layout, .verify = true };
    unsigned chains = g_test_slow() ? 400000 : 6000;
    TcgGen *ref = tcg_gen_new(&plain), *g = tcg_gen_new(&config);
    TestCpu *a = test_new0(TestCpu), *b = test_new0(TestCpu);
    GString *why = g_string_new(NULL);

    for (unsigned i = 0; i < chains && !why->len; i++) {
        uint64_t seed = i * 7919ull + 3;

        tcg_gen_begin(ref, NULL);
        build(ref, seed);
        tcg_gen_begin(g, NULL);
        build(g, seed);
        for (unsigned p = 0; p < 3; p++) {
            tcg_pass_run(tcg_gen_fn(g), &tcg_pipeline[p]);
        }
        for (unsigned k = 0; k < 4 && !why->len; k++) {
            IrExec ea = { .fuel = 4 }, eb = { .fuel = 4 };

            test_cpu_init(a, seed + k);
            test_cpu_init(b, seed + k);
            ir_exec(tcg_gen_fn(ref), a, &ea);
            ir_exec(tcg_gen_fn(g), b, &eb);
            if (ea.left != eb.left) {
                g_string_append_printf(why, "left by %d, not %d", eb.left, ea.left);
            } else {
                test_cpu_equal(a, b, why);
            }
        }
        if (why->len) {
            GString *s = g_string_new(NULL);

            tcg_fn_compute_order(tcg_gen_fn(ref));
            tcg_gen_dump(ref, s);
            g_string_append(s, "----\n");
            tcg_gen_dump(g, s);
            g_test_message("%s", s->str);
            g_test_fail_printf("chain %u: %s", i, why->str);
            g_string_free(s, TRUE);
        }
    }
    g_string_free(why, TRUE);
    g_aligned_free(a);
    g_aligned_free(b);
    tcg_gen_free(ref);
    tcg_gen_free(g);
}

/* -- the meaning itself -------------------------------------------------------------------------------------------- */

static uint64_t ev(TcgOpcode op, TcgType t, unsigned aux, uint64_t a, uint64_t b, uint64_t c)
{
    TcgVecVal v[4] = { { .u64 = { a } }, { .u64 = { b } }, { .u64 = { c } } }, r;

    tcg_eval(op, t, aux, 0, v, &r);
    g_assert_cmphex(r.u64[1], ==, 0);
    return r.u64[0];
}

static unsigned nzcv(bool n, bool z, bool c, bool v)
{
    return n << 3 | z << 2 | c << 1 | v;
}

static void test_eval(void)
{
    uint64_t seed = 5;

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t a = test_rand_edge(&seed), b = test_rand_edge(&seed);
        uint32_t x = a, y = b;
        uint64_t sum, dif;
        int64_t s;
        int32_t s32;
        bool v;

        v = __builtin_add_overflow((int64_t)a, (int64_t)b, &s);
        sum = a + b;
        g_assert_cmphex(ev(OP_flags_add, TCG_I64, 0, a, b, 0), ==, nzcv((int64_t)sum < 0, sum == 0, sum < a, v));
        v = __builtin_sub_overflow((int64_t)a, (int64_t)b, &s);
        dif = a - b;
        g_assert_cmphex(ev(OP_flags_sub, TCG_I64, 0, a, b, 0), ==, nzcv((int64_t)dif < 0, dif == 0, a >= b, v));
        g_assert_cmphex(ev(OP_flags_adc, TCG_I64, 0, a, ~b, 1), ==, ev(OP_flags_sub, TCG_I64, 0, a, b, 0));
        g_assert_cmphex(ev(OP_flags_adc, TCG_I32, 0, x, (uint32_t)~y, 1), ==, ev(OP_flags_sub, TCG_I32, 0, x, y, 0));
        v = __builtin_sub_overflow((int32_t)x, (int32_t)y, &s32);
        g_assert_cmphex(ev(OP_flags_sub, TCG_I32, 0, x, y, 0), ==, nzcv(s32 < 0, s32 == 0, x >= y, v));
        v = __builtin_add_overflow((int32_t)x, (int32_t)y, &s32);
        g_assert_cmphex(ev(OP_flags_add, TCG_I32, 0, x, y, 0), ==, nzcv(s32 < 0, s32 == 0, (uint32_t)s32 < x, v));
        /* A condition of a comparison's flags is the comparison. */
        g_assert_cmpint(tcg_flag_truth[FC_HI] >> ev(OP_flags_sub, TCG_I64, 0, a, b, 0) & 1, ==, a > b);
        g_assert_cmpint(tcg_flag_truth[FC_LS] >> ev(OP_flags_sub, TCG_I64, 0, a, b, 0) & 1, ==, a <= b);
        g_assert_cmpint(tcg_flag_truth[FC_GE] >> ev(OP_flags_sub, TCG_I64, 0, a, b, 0) & 1, ==, (int64_t)a >= (int64_t)b);
        g_assert_cmpint(tcg_flag_truth[FC_GT] >> ev(OP_flags_sub, TCG_I32, 0, x, y, 0) & 1, ==, (int32_t)x > (int32_t)y);
        g_assert_cmphex(ev(OP_mulhs, TCG_I64, 0, a, b, 0), ==, (uint64_t)(((__int128)(int64_t)a * (int64_t)b) >> 64));
        g_assert_cmphex(ev(OP_mulhu, TCG_I32, 0, x, y, 0), ==, (uint64_t)x * y >> 32);
        g_assert_cmphex(ev(OP_divs, TCG_I32, 0, x, y, 0), ==,
                        y == 0 ? 0 : y == UINT32_MAX ? -x : (uint32_t)((int32_t)x / (int32_t)y));
        g_assert_cmphex(ev(OP_ror, TCG_I32, 0, x, y, 0), ==, (uint32_t)(((uint64_t)x << 32 | x) >> (y & 31)));
        g_assert_cmphex(ev(OP_sextract, TCG_I64, 7 | 9 << 8, a, 0, 0), ==, (uint64_t)((int64_t)(a << 48) >> 55));
        g_assert_cmphex(ev(OP_rbit, TCG_I64, 0, ev(OP_rbit, TCG_I64, 0, a, 0, 0), 0, 0), ==, a);
        g_assert_cmphex(ev(OP_rbit, TCG_I32, 0, 1u << (b & 31), 0, 0), ==, 0x80000000u >> (b & 31));
        g_assert_cmphex(ev(OP_clz, TCG_I32, 0, x, 0, 0), ==, x ? __builtin_clz(x) : 32);
        g_assert_cmphex(ev(OP_ctz, TCG_I64, 0, a, 0, 0), ==, a ? __builtin_ctzll(a) : 64);
        g_assert_cmphex(ev(OP_extract2, TCG_I64, 13, a, b, 0), ==, a >> 13 | b << 51);
        g_assert_cmphex(ev(OP_deposit, TCG_I32, 8 | 8 << 8, x, y, 0), ==, (x & 0xffff00ff) | (y & 0xff) << 8);
        g_assert_cmphex(ev(OP_bswap, TCG_I32, 0, x, 0, 0), ==, __builtin_bswap32(x));
    }
}

/* A pair of conditions differs in bit 0 and is each other's negation; but AL and NV both hold. */
static void test_truth(void)
{
    for (unsigned c = 0; c < FC_AL; c += 2) {
        g_assert_cmphex(tcg_flag_truth[c] ^ tcg_flag_truth[c + 1], ==, 0xffff);
    }
    g_assert_cmphex(tcg_flag_truth[FC_AL] & tcg_flag_truth[FC_NV], ==, 0xffff);
    for (unsigned f = 0; f < 16; f++) {
        bool n = f & FLAG_N, z = f & FLAG_Z, c = f & FLAG_C, v = f & FLAG_V;

        g_assert_cmpint(tcg_flag_truth[FC_HI] >> f & 1, ==, c && !z);
        g_assert_cmpint(tcg_flag_truth[FC_GE] >> f & 1, ==, n == v);
        g_assert_cmpint(tcg_flag_truth[FC_GT] >> f & 1, ==, n == v && !z);
        g_assert_cmpint(tcg_flag_truth[FC_MI] >> f & 1, ==, n);
        g_assert_cmpint(tcg_flag_truth[FC_VS] >> f & 1, ==, v);
        g_assert_cmpint(tcg_flag_truth[FC_CS] >> f & 1, ==, c);
        g_assert_cmpint(tcg_flag_truth[FC_EQ] >> f & 1, ==, z);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/fold/truth", test_truth);
    g_test_add_func("/tcg/fold/eval", test_eval);
    g_test_add_func("/tcg/fold/chains", test_chains);
    return g_test_run();
}
