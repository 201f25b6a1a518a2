/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every PURE operation as code against tcg_eval, over random places: arguments in any allowed register, slot or
 * constant, the result anywhere, also on top of arguments. All other registers must keep their values. Each is run
 * with all the host has, and as on hosts that have less.
 */
#include "core/tcg/backend/x86_64/tests/hand.h"

typedef struct Case {
    TcgOpcode op;
    TcgType type;
    unsigned aux;
    uint64_t imm;
} Case;

static TcgType arg_type(Env *env, const Case *c, unsigned i)
{
    TcgNode n = { .op = c->op, .type = c->type, .aux = (uint16_t)c->aux, .imm = c->imm };

    return tcg_arg_type(env->fn, &n, i);
}

static TcgVecVal random_value(Env *env, const Case *c, unsigned i, TcgType t)
{
    TcgVecVal v = { .u64 = { test_rand_edge(&env->seed), test_rand_edge(&env->seed) } };
    uint64_t high = test_rand(&env->seed) & 0xffffffff00000000;

    if (c->op == OP_vtbl && i == 1) {
        for (unsigned k = 0; k < 16; k++) {
            v.u8[k] = (uint8_t)(below(env, 4) ? below(env, 20) : below(env, 256));
        }
    }
    if (c->op == OP_flags_adc && i == 2) {
        v.u64[0] &= 1;
    }
    if ((c->op == OP_flags_cond || c->op == OP_select_fc || c->op == OP_brflag) && i == 0) {
        v.u64[0] &= 15;
    }
    if (c->op == OP_select && i == 0 && below(env, 2)) {
        v.u64[0] = 0;
    }
    if (t == TCG_I32) {
        v.u64[0] = (uint32_t)v.u64[0] | high;   /* what is above an i32 says nothing */
    }
    if (t != TCG_V128) {
        v.u64[1] = 0;
    }
    return v;
}

/* Makes the case's node with its arguments in random places, and their values. */
static TcgNode *place_op(Env *env, uint32_t block, const Case *c, TcgVecVal *args, TcgConstraint *k)
{
    unsigned num = tcg_op_def[c->op].args;
    TcgFn *fn = env->fn;
    TcgId arg_ids[4] = { 0 };
    TcgLoc in[4] = { 0 };
    TcgNode probe = { .op = c->op, .type = c->type, .aux = (uint16_t)c->aux, .imm = c->imm };
    TcgId id;
    TcgNode *n;

    env->be.constraints(&env->be, fn, &probe, k);
    for (unsigned i = 0; i < num; i++) {
        TcgType t = arg_type(env, c, i);
        unsigned how = below(env, 8);

        if (i && arg_type(env, c, 0) == t && how == 7) {        /* twice the same */
            arg_ids[i] = arg_ids[0];
            in[i] = in[0];
            args[i] = args[0];
            if ((k->arg_const[i] || loc_kind(in[i]) != LOC_CONST) && (k->arg_slot[i] || loc_kind(in[i]) != LOC_SLOT) &&
                (loc_kind(in[i]) != LOC_REG || (k->arg[i] >> loc_num(in[i]) & 1)) &&
                !(c->op == OP_flags_adc && i == 2)) {
                continue;
            }
        }
        args[i] = random_value(env, c, i, t);
        if (k->arg_const[i] && how == 0) {
            arg_ids[i] = t == TCG_V128 ? tcg_fn_const_v(fn, args[i].u64[0], args[i].u64[1])
                                       : tcg_fn_const(fn, t, args[i].u64[0]);
            in[i] = TCG_LOC(LOC_CONST, arg_ids[i]);
            continue;
        }
        arg_ids[i] = tcg_fn_node_new(fn, OP_phi, t);            /* something of which nothing is known */
        if (k->arg_slot[i] && how <= 2) {
            in[i] = TCG_LOC(LOC_SLOT, 2 * i);
            env->cpu.slots[i] = args[i];
        } else {
            unsigned r = pick(env, k->arg[i]);

            for (unsigned j = 0; j < i; j++) {                  /* a register has one value */
                if (in[j] == TCG_LOC(LOC_REG, r)) {
                    r = pick(env, k->arg[i]);
                    j = UINT_MAX;
                }
            }
            in[i] = TCG_LOC(LOC_REG, r);
            if (r >= 32) {
                env->cpu.in_vec[r - 32] = args[i];
            } else {
                env->cpu.in_int[r] = args[i].u64[0];
            }
        }
    }
    /* Slots are filled before the registers. */
    for (unsigned i = 0; i < 4; i++) {
        TcgNode *ld = fn_node(fn, add_node(env, block, OP_ld_env, TCG_V128, MO_128, offsetof(HandCpu, slots) + 16 * i));

        ld->out = TCG_LOC(LOC_REG, 32);
        add_mov(env, block, TCG_V128, TCG_LOC(LOC_SLOT, 2 * i), TCG_LOC(LOC_REG, 32));
    }
    add_all_regs(env, block, true);
    id = add_node(env, block, c->op, c->type, c->aux, c->imm);
    n = fn_node(fn, id);
    for (unsigned i = 0; i < num; i++) {
        n->arg[i] = arg_ids[i];
        n->in[i] = in[i];
    }
    return n;
}

static G_NORETURN void fail(Env *env, const Case *c, const TcgNode *n, const TcgVecVal *args, const char *what,
                            unsigned r, TcgVecVal got, TcgVecVal want)
{
    GString *s = g_string_new(NULL);

    g_string_append_printf(s, "%s type %u aux %x imm %" G_GINT64_MODIFIER "x: %s %u is %016" G_GINT64_MODIFIER
                           "x:%016" G_GINT64_MODIFIER "x not %016" G_GINT64_MODIFIER "x:%016" G_GINT64_MODIFIER "x; ",
                           tcg_op_def[c->op].name, c->type, c->aux, c->imm, what, r, got.u64[1], got.u64[0],
                           want.u64[1], want.u64[0]);
    for (unsigned i = 0; i < tcg_op_def[c->op].args; i++) {
        g_string_append_printf(s, "arg %u (kind %u, %u) %016" G_GINT64_MODIFIER "x:%016" G_GINT64_MODIFIER "x ", i,
                               loc_kind(n->in[i]), loc_num(n->in[i]), args[i].u64[1], args[i].u64[0]);
    }
    g_error("%s", s->str);
}

static void run_case(Env *env, const Case *c)
{
    TcgVecVal args[4], want;
    TcgConstraint k, own;
    TcgNode probe = { .op = c->op, .type = c->type, .aux = (uint16_t)c->aux, .imm = c->imm };
    TcgType out_type = c->op == OP_vget ? c->aux == 3 ? TCG_I64 : TCG_I32 : node_type(&probe);
    TcgNode *n, copy;
    unsigned out;
    uint32_t b;

    if (!env->be.has_op(&env->be, &probe)) {
        return;
    }
    hand_begin(env);
    b = env->fn->entry;
    n = place_op(env, b, c, args, &k);
    env->be.constraints(&env->be, env->fn, n, &own);
    k.out_early = own.out_early;                /* which may depend on whether arguments are one */
    do {
        bool same = k.out_same_as >= 0 && loc_kind(n->in[k.out_same_as]) == LOC_REG && node_type(&probe) == TCG_V128;

        out = same ? loc_num(n->in[k.out_same_as]) : pick(env, k.out);
        for (unsigned i = 0; k.out_early && i < tcg_op_def[c->op].args; i++) {
            if (n->in[i] == TCG_LOC(LOC_REG, out)) {
                out = UINT_MAX;
                break;
            }
        }
    } while (out == UINT_MAX);
    n->out = TCG_LOC(LOC_REG, out);
    copy = *n;
    add_all_regs(env, b, false);
    add_node(env, b, OP_exit, TCG_VOID, 0, 0);
    hand_run(env);
    tcg_eval(c->op, c->type, c->aux, c->imm, args, &want);
    for (unsigned r = 0; r < 16; r++) {
        TcgVecVal got = { .u64 = { env->cpu.out_int[r], 0 } }, same = { .u64 = { env->cpu.in_int[r], 0 } };

        if (r == out) {
            if (out_type == TCG_I32) {
                got.u64[0] = (uint32_t)got.u64[0];
                want.u64[0] = (uint32_t)want.u64[0];
            }
            if (got.u64[0] != want.u64[0]) {
                fail(env, c, &copy, args, "result", r, got, want);
            }
        } else if ((env->be.allocatable & ~k.clobbers) >> r & 1 && got.u64[0] != same.u64[0]) {
            fail(env, c, &copy, args, "kept register", r, got, same);
        }
    }
    for (unsigned r = 0; r < 16; r++) {
        TcgVecVal got = env->cpu.out_vec[r], same = env->cpu.in_vec[r];

        if (r + 32 == out) {
            if (memcmp(&got, &want, 16)) {
                fail(env, c, &copy, args, "vector result", r, got, want);
            }
        } else if ((env->be.allocatable & ~k.clobbers) >> (r + 32) & 1 && memcmp(&got, &same, 16)) {
            fail(env, c, &copy, args, "kept vector", r, got, same);
        }
    }
}

/* brcond and brflag: the block taken says which. */
static void run_branch(Env *env, const Case *c)
{
    TcgVecVal args[4], want;
    TcgConstraint k;
    uint32_t b, to[2];
    bool swap = below(env, 2);

    hand_begin(env);
    b = env->fn->entry;
    to[0] = tcg_fn_block_new(env->fn);
    to[1] = tcg_fn_block_new(env->fn);
    place_op(env, b, c, args, &k);
    for (unsigned i = 0; i < 2; i++) {
        TcgId value = tcg_fn_const(env->fn, TCG_I32, i);
        TcgNode *st = fn_node(env->fn, add_node(env, to[i], OP_st_env, TCG_I32, MO_32, offsetof(HandCpu, taken)));

        st->arg[0] = value;
        st->in[0] = TCG_LOC(LOC_CONST, value);
        add_node(env, to[i], OP_exit, TCG_VOID, 0, 0);
        fn_block(env->fn, b)->succ[i] = to[i ^ swap];
    }
    fn_block(env->fn, b)->num_succ = 2;
    env->cpu.taken = 99;
    hand_run(env);
    tcg_eval(c->op == OP_brflag ? OP_flags_cond : OP_setcond, c->op == OP_brflag ? TCG_I32 : c->type, c->aux, 0, args,
             &want);
    g_assert_cmpuint(env->cpu.taken, ==, (want.u64[0] ? 0 : 1) ^ swap);
}

static unsigned random_field(Env *env, unsigned bits)
{
    static const uint8_t lens[] = { 1, 8, 16, 32 };
    unsigned len = below(env, 2) ? 1 + below(env, bits) : MIN(bits, lens[below(env, 4)]);
    unsigned pos = below(env, 3) == 0 ? 0 : below(env, 3) == 0 ? bits - len : below(env, bits - len + 1);

    return pos | len << 8;
}

static void test_int(gconstpointer features)
{
    Env env;

    env_init(&env, features, &test_layout);
    for (TcgOpcode op = OP_add; op <= OP_flags_cond; op++) {
        for (unsigned i = 0; i < 600; i++) {
            Case c = { op, i & 1 ? TCG_I64 : TCG_I32, 0, 0 };
            unsigned bits = c.type == TCG_I64 ? 64 : 32;

            switch (op) {
            case OP_extract: case OP_sextract: case OP_deposit:
                c.aux = random_field(&env, bits);
                break;
            case OP_addshl:
                c.aux = below(&env, 4);
                break;
            case OP_extract2:
                c.aux = below(&env, bits);
                break;
            case OP_setcond:
                c.aux = below(&env, TCG_NUM_CONDS);
                break;
            case OP_select_cmp:
                c.aux = below(&env, TCG_NUM_CONDS);
                c.imm = below(&env, 2) ? TCG_I32 : TCG_I64;
                c.type = i % 3 == 0 ? TCG_V128 : c.type;
                break;
            case OP_select:
                c.type = i % 3 == 0 ? TCG_V128 : c.type;
                break;
            case OP_select_fc:
                c.type = i % 3 == 0 ? TCG_V128 : c.type;
                c.aux = below(&env, 16);
                break;
            case OP_flags_cond:
                c.aux = below(&env, 16);
                c.type = TCG_I32;
                break;
            case OP_trunc:
                c.type = TCG_I32;
                break;
            case OP_zext: case OP_sext:
                c.type = TCG_I64;
                break;
            default:
                break;
            }
            run_case(&env, &c);
        }
    }
    env_free(&env);
}

static void test_branch(gconstpointer features)
{
    Env env;

    env_init(&env, features, &test_layout);
    for (unsigned i = 0; i < 3000; i++) {
        Case c = { i & 1 ? OP_brcond : OP_brflag, i & 2 ? TCG_I64 : TCG_I32, 0, 0 };

        c.aux = below(&env, i & 1 ? TCG_NUM_CONDS : 16);
        run_branch(&env, &c);
    }
    env_free(&env);
}

static void test_vec(gconstpointer features)
{
    Env env;

    env_init(&env, features, &test_layout);
    for (TcgOpcode op = OP_vadd; op <= OP_vsha256m2; op++) {
        for (unsigned i = 0; i < 800; i++) {
            Case c = { op, TCG_V128, i & 3, 0 };
            unsigned bits = 8u << c.aux;

            if (tcg_op_def[op].flags & TCGF_VEC && !(tcg_vec_sizes(op) >> c.aux & 1)) {
                continue;
            }
            switch (op) {
            case OP_vclmul:
                c.imm = below(&env, 2) | below(&env, 2) << 4;
                break;
            case OP_vgfaff:
                c.imm = below(&env, 512);
                break;
            case OP_vcmp:
                c.imm = below(&env, TCG_NUM_CONDS);
                break;
            case OP_vtern: case OP_vshuf:
                c.imm = below(&env, 256);
                break;
            case OP_vsha1r:
                c.imm = below(&env, 4);
                break;
            case OP_vshl: case OP_vror:
                c.imm = below(&env, bits);
                break;
            case OP_vshr: case OP_vsar:
                c.imm = below(&env, bits + 1);
                break;
            case OP_vdup_lane: case OP_vset:
                c.imm = below(&env, 16 >> c.aux);
                break;
            case OP_vget:
                c.imm = below(&env, 16 >> c.aux);
                c.type = c.aux == 3 ? TCG_I64 : TCG_I32;
                break;
            case OP_vext:
                c.imm = below(&env, 16);
                break;
            case OP_vbyterev:
                c.imm = c.aux + below(&env, 5 - c.aux);
                break;
            default:
                break;
            }
            run_case(&env, &c);
        }
    }
    env_free(&env);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        const struct { const char *name; void (*fn)(gconstpointer); } tests[] = {
            { "int", test_int }, { "branch", test_branch }, { "vec", test_vec },
        };

        for (unsigned k = 0; k < G_N_ELEMENTS(tests); k++) {
            g_autofree char *path = g_strdup_printf("/x86/ops/%s/%s", variants[i].name, tests[k].name);

            g_test_add_data_func(path, variants[i].name, tests[k].fn);
        }
    }
    return g_test_run();
}
