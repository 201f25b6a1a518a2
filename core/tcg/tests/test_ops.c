/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every operation of ops.def, in each type and variant, on each backend: with operands in registers and as constants,
 * alone and under register pressure, over edge and random values, against opref.c. The last test fails if an operation
 * was not reached.
 */
#include <string.h>
#include "core/tcg/tests/opref.h"
#include "core/tcg/tests/optest.h"

#define OWNER ((void *)0x7000)
#define OFF(field) ((uint32_t)offsetof(OpCpu, field))

static bool long_run;

/* Which operations a test has reached: kept in the test program's data, so that the last test can look. */
typedef struct Reached {
    bool op[TCG_NUM_OPS];
} Reached;

typedef struct Variant {
    TcgOpcode op;
    TcgType type;
    unsigned aux;
    uint64_t imm;
} Variant;

/* -- operands --------------------------------------------------------------------------------------------------------- */

static TcgType arg_type(const Variant *v, unsigned k)
{
    TcgNode n = { .op = v->op, .type = v->type, .aux = (uint16_t)v->aux, .imm = v->imm };

    return tcg_arg_type(NULL, &n, k);
}

static TcgType result_type(const Variant *v)
{
    return tcg_op_def[v->op].flags & TCGF_ARGT ? TCG_I32 : v->type;
}

static TcgVecVal operand(const Variant *v, unsigned k, uint64_t *seed)
{
    TcgVecVal r = { { 0 } };

    if (k == 0 && (v->op == OP_flags_cond || v->op == OP_select_fc)) {
        r.u64[0] = test_rand(seed) & 15;
    } else if (k == 2 && v->op == OP_flags_adc) {
        r.u64[0] = test_rand(seed) & 1;
    } else if (arg_type(v, k) == TCG_V128) {
        unsigned how = test_rand(seed) % 3;

        for (unsigned i = 0; i < 2; i++) {
            r.u64[i] = how ? test_rand_edge(seed) : test_rand(seed);
        }
        /* lanes at their edges; small indices */
        for (unsigned i = 0; how == 2 && i < 16; i++) {
            if (test_rand(seed) & 1) {
                r.u8[i] = (uint8_t)test_rand_edge(seed) & 0x9f;
            }
        }
    } else {
        r.u64[0] = test_rand_edge(seed);
        if (arg_type(v, k) == TCG_I32) {
            r.u64[0] = (uint32_t)r.u64[0];
        }
    }
    return r;
}

static TcgVal constant(TcgGen *g, TcgType t, const TcgVecVal *v)
{
    return t == TCG_V128 ? tcg_const_v(g, v->u64[0], v->u64[1]) : tcg_const(g, t, v->u64[0]);
}

static MemOp env_size(TcgType t)
{
    return t == TCG_I32 ? MO_32 : t == TCG_I64 ? MO_64 : MO_128;
}

static void store_result(TcgGen *g, TcgVal v, uint32_t offset)
{
    /* what is above an i32 in its register must not show */
    if (tcg_val_type(g, v) == TCG_I32) {
        v = tcg_zext(g, v);
    }
    tcg_st_env(g, v, env_size(tcg_val_type(g, v)), offset);
}

/* -- pure operations -------------------------------------------------------------------------------------------------- */

/* consts: bit k: argument k is a constant. same: argument 1 is argument 0. */
static void build(Engine *e, const Variant *v, unsigned consts, bool same, unsigned pressure, const TcgVecVal *value,
                  TcgCode *ret)
{
    TcgGen *g = engine_begin(e, OWNER);
    TcgVal arg[4] = { { 0 } }, kept[24], r;

    tcg_insn_start(g, 0);
    for (unsigned i = 0; i < pressure; i++) {
        TcgType t = i % 3 == 2 ? TCG_V128 : TCG_I64;

        kept[i] = tcg_ld_env(g, t, env_size(t), OFF(kept[0][i]));
    }
    for (unsigned k = 0; k < tcg_op_def[v->op].args; k++) {
        TcgType t = arg_type(v, k);

        if (same && k == 1) {
            arg[k] = arg[0];
        } else if (consts >> k & 1) {
            arg[k] = constant(g, t, &value[k]);
        } else {
            arg[k] = tcg_ld_env(g, t, env_size(t), OFF(in[k]));
        }
    }
    r = tcg_emit(g, v->op, v->type, v->aux, v->imm, arg[0], arg[1], arg[2], arg[3]);
    store_result(g, r, OFF(out));
    /* the arguments must have survived */
    for (unsigned k = 0; k < tcg_op_def[v->op].args && pressure; k++) {
        store_result(g, arg[k], OFF(kept[1][20 + k]));
    }
    for (unsigned i = 0; i < MIN(pressure, 20); i++) {
        store_result(g, kept[i], OFF(kept[1][i]));
    }
    tcg_exit(g);
    engine_finish(e, ret);
}

static void run_variant(Engine *e, const Variant *v, Reached *reached, OpCpu *cpu, unsigned runs, unsigned rounds,
                        uint64_t *seed)
{
    unsigned args = tcg_op_def[v->op].args;
    TcgType type = result_type(v);

    reached->op[v->op] = true;
    for (unsigned consts = 0; consts < 1u << args; consts++) {
        for (unsigned round = 0; round < rounds; round++) {
            unsigned pressure = round == 1 ? 20 : 0;
            bool same = round == 2 && args >= 2 && arg_type(v, 0) == arg_type(v, 1) && !(consts & 3);
            TcgVecVal value[4], want;
            TcgCode code;

            for (unsigned k = 0; k < args; k++) {
                value[k] = operand(v, k, seed);
            }
            build(e, v, consts, same, pressure, value, &code);
            for (unsigned n = 0; n < (consts + 1 == 1u << args ? 1 : runs); n++) {
                for (unsigned k = 0; k < args; k++) {
                    if (!(consts >> k & 1)) {
                        value[k] = operand(v, k, seed);
                    }
                    if (same && k == 1) {
                        value[k] = value[0];
                    }
                    cpu->in[k] = value[k];
                }
                for (unsigned i = 0; i < 20; i++) {
                    cpu->kept[0][i].u64[0] = test_rand(seed);
                    cpu->kept[0][i].u64[1] = i % 3 == 2 ? test_rand(seed) : 0;
                }
                memset(&cpu->out, 0, sizeof(cpu->out));
                memset(cpu->kept[1], 0, sizeof(cpu->kept[1]));
                g_assert_true(op_reference(v->op, v->type, v->aux, v->imm, value, &want));
                g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
                if (memcmp(&cpu->out, &want, type == TCG_V128 ? 16 : 8)) {
                    g_error("%s: %s type %u aux %x imm %lx consts %x round %u (%lx:%lx, %lx:%lx, %lx, %lx): "
                            "%lx:%lx, not %lx:%lx", e->name, tcg_op_def[v->op].name, v->type, v->aux, (long)v->imm, consts,
                            round, value[0].u64[1], value[0].u64[0], value[1].u64[1], value[1].u64[0], value[2].u64[0],
                            value[3].u64[0], cpu->out.u64[1], cpu->out.u64[0], want.u64[1], want.u64[0]);
                }
                for (unsigned i = 0; i < 20 + args && pressure; i++) {
                    const TcgVecVal *was = i < 20 ? &cpu->kept[0][i] : &value[i - 20];

                    if (memcmp(&cpu->kept[1][i], was, 16)) {
                        g_error("%s: %s type %u consts %x: value %u did not survive", e->name, tcg_op_def[v->op].name, v->type,
                                consts, i);
                    }
                }
            }
        }
    }
}

/* Calls f for every form that verify.c admits (for fields and counts: edges and a few more). */
static void each_variant(TcgOpcode op, void (*f)(const Variant *v, void *data), void *data)
{
    static const uint8_t fields[][2] = {
        { 0, 1 }, { 0, 8 }, { 0, 16 }, { 0, 31 }, { 0, 32 }, { 8, 8 }, { 16, 16 }, { 31, 1 }, { 5, 7 }, { 1, 31 }, { 24, 8 },
        { 7, 25 }, { 0, 64 }, { 32, 32 }, { 63, 1 }, { 1, 63 }, { 8, 40 }, { 31, 2 }, { 48, 16 }, { 33, 30 },
    };
    static const uint8_t positions[] = { 0, 1, 7, 8, 31, 32, 33, 63 };
    const TcgOpDef *def = &tcg_op_def[op];
    Variant v = { .op = op };

    if (def->flags & TCGF_VEC) {
        for (v.aux = 0; v.aux < 4; v.aux++) {
            unsigned bits = 8u << v.aux, lanes = 16u >> v.aux, from = 0, to = 1, step = 1;

            v.type = op == OP_vget ? (v.aux == 3 ? TCG_I64 : TCG_I32) : TCG_V128;
            switch (op) {
            case OP_vclmul:
                to = 18;
                step = 16;
                break;
            case OP_vgfaff:
                to = 512;
                step = 17;
                break;
            case OP_vcmp:
                to = TCG_NUM_CONDS;
                break;
            case OP_vtern: case OP_vshuf:
                to = 256;
                step = 5;
                break;
            case OP_vsha1r:
                to = 4;
                break;
            case OP_vshl: case OP_vror:
                to = bits;
                step = bits / 8 - (bits > 8);
                break;
            case OP_vshr: case OP_vsar:
                to = bits + 1;
                step = bits / 8;
                break;
            case OP_vget: case OP_vset: case OP_vdup_lane:
                to = lanes;
                break;
            case OP_vbyterev:
                from = v.aux + 1;
                to = 4;
                break;
            default:
                break;
            }
            to = tcg_vec_sizes(op) >> v.aux & 1 ? to : 0;
            for (v.imm = from; v.imm < to; v.imm += MAX(step, 1)) {
                f(&v, data);
            }
        }
        return;
    }
    for (v.type = TCG_I32; v.type <= TCG_V128; v.type++) {
        unsigned bits = v.type == TCG_I32 ? 32 : 64;

        switch (op) {
        case OP_vpair: case OP_vtbl: case OP_vpopcnt8:
            if (v.type == TCG_V128) {
                f(&v, data);
            }
            break;
        case OP_vext:
            for (v.imm = 0; v.type == TCG_V128 && v.imm < 16; v.imm++) {
                f(&v, data);
            }
            break;
        case OP_select:
            f(&v, data);
            break;
        case OP_select_fc:
            for (v.aux = 0; v.aux < 16; v.aux++) {
                f(&v, data);
            }
            break;
        case OP_select_cmp:
            for (v.aux = 0; v.aux < TCG_NUM_CONDS; v.aux++) {
                for (v.imm = TCG_I32; v.imm <= TCG_I64; v.imm++) {
                    f(&v, data);
                }
            }
            break;
        case OP_flags_fp:
            for (unsigned es = 1; v.type == TCG_V128 && es < 4; es++) {
                v.aux = TCG_FP(0, es, es);
                f(&v, data);
            }
            break;
        case OP_trunc: case OP_flags_cond:
            for (v.aux = 0; v.type == TCG_I32 && v.aux < (op == OP_trunc ? 1 : 16); v.aux++) {
                f(&v, data);
            }
            break;
        case OP_zext: case OP_sext:
            if (v.type == TCG_I64) {
                f(&v, data);
            }
            break;
        case OP_extract: case OP_sextract: case OP_deposit:
            for (unsigned i = 0; v.type != TCG_V128 && i < G_N_ELEMENTS(fields); i++) {
                if (fields[i][0] + fields[i][1] <= bits) {
                    v.aux = fields[i][0] | fields[i][1] << 8;
                    f(&v, data);
                }
            }
            break;
        case OP_extract2:
            for (unsigned i = 0; v.type != TCG_V128 && i < G_N_ELEMENTS(positions); i++) {
                if (positions[i] < bits) {
                    v.aux = positions[i];
                    f(&v, data);
                }
            }
            break;
        case OP_addshl:
            for (v.aux = 0; v.type != TCG_V128 && v.aux < 4; v.aux++) {
                f(&v, data);
            }
            break;
        case OP_setcond:
            for (v.aux = 0; v.type != TCG_V128 && v.aux < TCG_NUM_CONDS; v.aux++) {
                f(&v, data);
            }
            break;
        default:
            if (v.type != TCG_V128) {
                f(&v, data);
            }
        }
        v.aux = 0;
        v.imm = 0;
    }
}

static bool is_pure_op(TcgOpcode op)
{
    /* what is of wide vectors and predicates has a test of its own: test_wide.c */
    return (tcg_op_def[op].flags & TCGF_PURE) && tcg_op_def[op].args && op != OP_mov && !(op >= OP_vlow && op <= OP_ptest);
}

typedef struct PureTest {
    Engine *engine;                             /* NULL: tcg_eval */
    Reached *reached;
    OpCpu *cpu;
    uint64_t seed;
    bool main;                                  /* not one of the modes with fewer host features */
} PureTest;

static void pure_variant(const Variant *v, void *data)
{
    PureTest *t = data;
    TcgNode n = { .op = v->op, .type = v->type, .aux = (uint16_t)v->aux, .imm = v->imm };

    if (tcg_op_optional(v->op) && !t->engine->be.has_op(&t->engine->be, &n)) {
        t->reached->op[v->op] |= t->main;       /* only a host that lacks it may leave it out everywhere */
        return;
    }
    run_variant(t->engine, v, t->reached, t->cpu, long_run ? 200 : t->main ? 12 : 4, long_run ? 12 : t->main ? 3 : 1,
                &t->seed);
}

static void test_pure(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    OpCpu *cpu = test_new0(OpCpu);

    test_cpu_init(&cpu->cpu, 1);
    for (unsigned i = 0; i < all->len; i++) {
        PureTest t = { all->pdata[i], reached, cpu, 1 + i, i < 4 };

        for (TcgOpcode op = 0; op < TCG_NUM_OPS; op++) {
            if (is_pure_op(op)) {
                each_variant(op, pure_variant, &t);
            }
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

static void eval_variant(const Variant *v, void *data)
{
    PureTest *t = data;

    for (unsigned n = 0; n < (long_run ? 20000 : 500); n++) {
        TcgVecVal value[4], want, got;

        memset(&got, 0xa5, sizeof(got));
        for (unsigned k = 0; k < tcg_op_def[v->op].args; k++) {
            value[k] = operand(v, k, &t->seed);
        }
        g_assert_true(op_reference(v->op, v->type, v->aux, v->imm, value, &want));
        tcg_eval(v->op, v->type, v->aux, v->imm, value, &got);
        if (memcmp(&got, &want, result_type(v) == TCG_V128 ? 16 : 8)) {
            g_error("eval: %s type %u aux %x imm %lx (%lx:%lx, %lx:%lx): %lx:%lx, not %lx:%lx", tcg_op_def[v->op].name,
                    v->type, v->aux, (long)v->imm, value[0].u64[1], value[0].u64[0], value[1].u64[1], value[1].u64[0],
                    got.u64[1], got.u64[0], want.u64[1], want.u64[0]);
        }
    }
}

static void test_eval(void)
{
    PureTest t = { .seed = 5 };

    for (TcgOpcode op = 0; op < TCG_NUM_OPS; op++) {
        if (is_pure_op(op)) {
            each_variant(op, eval_variant, &t);
        }
    }
}

/* -- the CPU object, constants ---------------------------------------------------------------------------------------- */

static void test_env(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    OpCpu *cpu = test_new0(OpCpu);
    uint64_t seed = 3;

    reached->op[OP_ld_env] = reached->op[OP_st_env] = reached->op[OP_const] = reached->op[OP_mov] = true;
    reached->op[OP_insn_start] = reached->op[OP_exit] = true;
    for (unsigned i = 0; i < all->len; i++) {
        Engine *e = all->pdata[i];

        for (TcgType t = TCG_I32; t <= TCG_I64; t++) {
            for (unsigned m = 0; m < 16; m++) {
                MemOp mo = (m & MO_SIZE) | (m & MO_SIGN);
                TcgCode code;
                TcgGen *g;

                if ((m & MO_SIZE) > env_size(t)) {
                    continue;
                }
                g = engine_begin(e, OWNER);
                tcg_insn_start(g, 0);
                store_result(g, tcg_ld_env(g, t, mo, OFF(in[0]) + 3), OFF(out));
                tcg_st_env(g, tcg_ld_env(g, t, env_size(t), OFF(in[1])), mo & MO_SIZE, OFF(out) + 8);
                tcg_st_env(g, tcg_const(g, t, 0x8192a3b4c5d6e7f8), mo & MO_SIZE, OFF(kept[0][0]));
                tcg_exit(g);
                engine_finish(e, &code);
                for (unsigned n = 0; n < 20; n++) {
                    unsigned size = memop_size(mo), sh = 64 - 8 * size;
                    uint64_t want = 0, k = 0x8192a3b4c5d6e7f8, got = 0;

                    cpu->in[0].u64[0] = test_rand(&seed);
                    cpu->in[0].u64[1] = test_rand(&seed);
                    cpu->in[1].u64[0] = test_rand(&seed);
                    memset(&cpu->out, 0x55, 16);
                    memset(&cpu->kept[0][0], 0x55, 16);
                    engine_run(e, &code, cpu);
                    memcpy(&want, cpu->in[0].u8 + 3, size);
                    if (mo & MO_SIGN) {
                        want = (uint64_t)((int64_t)(want << sh) >> sh);
                    }
                    g_assert_cmphex(cpu->out.u64[0], ==, t == TCG_I32 ? (uint32_t)want : want);
                    want = 0x5555555555555555;
                    memcpy(&want, &cpu->in[1], size);
                    g_assert_cmphex(cpu->out.u64[1], ==, want);
                    want = 0x5555555555555555;
                    memcpy(&want, &k, size);
                    memcpy(&got, &cpu->kept[0][0], 8);
                    g_assert_cmphex(got, ==, want);
                }
            }
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- guest memory ------------------------------------------------------------------------------------------------------- */

typedef struct MemTest {
    TcgOpcode op;
    TcgType type;
    TcgRmw rmw;
    MemOp mo;
} MemTest;

/* A value of the access's size and order in plain memory. */
static TcgVecVal mem_get(const uint8_t *p, MemOp mo)
{
    unsigned size = memop_size(mo);
    TcgVecVal v = { { 0 } };

    for (unsigned i = 0; i < size; i++) {
        v.u8[mo & MO_BE ? size - 1 - i : i] = p[i];
    }
    return v;
}

static void mem_put(uint8_t *p, MemOp mo, const TcgVecVal *v)
{
    unsigned size = memop_size(mo);

    for (unsigned i = 0; i < size; i++) {
        p[i] = v->u8[mo & MO_BE ? size - 1 - i : i];
    }
}

static TcgVecVal mem_extend(TcgVecVal v, MemOp mo, TcgType t)
{
    unsigned size = memop_size(mo);

    if ((mo & MO_SIGN) && size < 8 && (v.u8[size - 1] & 0x80)) {
        memset(v.u8 + size, 0xff, 8 - size);
    }
    if (t == TCG_I32) {
        v.u64[0] = (uint32_t)v.u64[0];
    }
    return v;
}

/* What the operation does to memory and returns, and whether it has a result. */
static void mem_reference(const MemTest *m, uint8_t *p, TcgVecVal b, TcgVecVal c, TcgVecVal *ret)
{
    unsigned size = memop_size(m->mo);
    TcgVecVal old = mem_get(p, m->mo), cut_b = b, cut_c = c;

    memset(cut_b.u8 + size, 0, 16 - size);
    memset(cut_c.u8 + size, 0, 16 - size);
    *ret = mem_extend(old, m->mo, m->type);
    switch (m->op) {
    case OP_guest_st:
        mem_put(p, m->mo, &b);
        break;
    case OP_guest_rmw:
        cut_b.u64[0] = ref_rmw(m->rmw, old.u64[0], cut_b.u64[0], size);
        mem_put(p, m->mo, &cut_b);
        break;
    case OP_guest_cas:
        if (memcmp(&old, &cut_b, 16) == 0) {
            mem_put(p, m->mo, &cut_c);
        }
        break;
    default:
        break;
    }
}

static bool misaligned(MemOp mo, vaddr a)
{
    unsigned size = memop_size(mo);

    switch (mo & MO_ALIGN) {
    case MO_ALIGN_NATURAL:
        return a % size;
    case MO_ALIGN_WITHIN16:
        return a % 16 + size > 16;
    case MO_ALIGN_4:
        return a % 4;
    case MO_ALIGN_8:
        return a % 8;
    case MO_ALIGN_16:
        return a % 16;
    default:
        return false;
    }
}

static void run_access(Engine *e, const MemTest *m, OpCpu *cpu, TestCpu *model, bool direct, uint64_t *seed)
{
    unsigned args = tcg_op_def[m->op].args, size = memop_size(m->mo);
    unsigned pressure = test_rand(seed) % 4 == 0 ? 18 : 0, consts = test_rand(seed) % 8 ? 0 : 1 + test_rand(seed) % 7;
    bool used = m->op != OP_guest_st && test_rand(seed) % 8;
    TcgVal arg[4] = { { 0 } }, kept[24], r;
    TcgVecVal value[3];
    TcgCode code;
    TcgGen *g = engine_begin(e, OWNER);
    const vaddr spots[] = { TEST_MEM_BASE + 64, TEST_MEM_BASE + 0x1000, TEST_MEM_BASE + 0x2ff8, TEST_MEM_BASE + 16 };
    bool sum = m->op <= OP_guest_st && !(consts & 1) && test_rand(seed) % 2;    /* address.c makes one access of it */
    unsigned scale = test_rand(seed) % 5;
    uint64_t offset = test_rand(seed) % 3 ? 0 : test_rand(seed) % 0x6000 - 0x3000, index = test_rand_edge(seed);

    value[0].u64[0] = spots[test_rand(seed) % 4] + test_rand(seed) % 16;
    for (unsigned k = 1; k < 3; k++) {
        value[k].u64[0] = test_rand_edge(seed);
        value[k].u64[1] = m->type == TCG_V128 ? test_rand_edge(seed) : 0;
        if (m->type == TCG_I32) {
            value[k].u64[0] = (uint32_t)value[k].u64[0];
        }
    }
    tcg_insn_start(g, 0);
    for (unsigned i = 0; i < pressure; i++) {
        TcgType t = i % 3 == 2 ? TCG_V128 : TCG_I64;

        kept[i] = tcg_ld_env(g, t, env_size(t), OFF(kept[0][i]));
    }
    for (unsigned k = 0; k < args; k++) {
        TcgType t = k == 0 ? TCG_I64 : m->type;

        arg[k] = consts >> k & 1 ? constant(g, t, &value[k]) : tcg_ld_env(g, t, env_size(t), OFF(in[k]));
    }
    if (sum) {
        TcgVal by = tcg_ld_env(g, TCG_I64, MO_64, OFF(in[3]));

        by = tcg_shl(g, TCG_I64, by, tcg_const(g, TCG_I64, scale));
        arg[0] = tcg_addi(g, TCG_I64, scale & 1 ? tcg_add(g, TCG_I64, by, arg[0]) : tcg_add(g, TCG_I64, arg[0], by), offset);
    }
    if (m->op == OP_guest_ld) {
        r = tcg_guest_ld(g, m->type, arg[0], m->mo);
    } else if (m->op == OP_guest_st) {
        tcg_guest_st(g, arg[0], arg[1], m->mo);
    } else {
        r = tcg_emit(g, m->op, m->type, m->op == OP_guest_rmw ? m->rmw : 0, m->mo, arg[0], arg[1], arg[2], arg[3]);
    }
    if (used) {
        store_result(g, r, OFF(out));
    }
    for (unsigned k = 0; k < args && pressure; k++) {
        store_result(g, arg[k], OFF(kept[1][20 + k]));
    }
    for (unsigned i = 0; i < pressure; i++) {
        store_result(g, kept[i], OFF(kept[1][i]));
    }
    tcg_exit(g);
    engine_finish(e, &code);

    for (unsigned n = 0; n < 6; n++) {
        bool hit = n % 3 != 2, far = n == 3 && !direct && !(consts & 1);
        TcgVecVal want;
        uintptr_t left;

        test_cpu_init(model, n);
        test_cpu_init(&cpu->cpu, n);
        if (hit) {
            test_cpu_fill_tlb(&cpu->cpu);
        }
        if (!(consts & 1)) {
            value[0].u64[0] = far ? 0x40 : spots[test_rand(seed) % 4] + (n & 1 ? 0 : test_rand(seed) % 16);
        }
        if (direct && misaligned(m->mo, value[0].u64[0]) && !far && (consts & 1)) {
            return;
        }
        if (m->op == OP_guest_cas && !(consts & 2) && test_rand(seed) % 2 && !far) {
            /* the expected value is there */
            value[1] = mem_get(model->mem + (value[0].u64[0] - TEST_MEM_BASE), m->mo);
            if (size < 8) {
                value[1].u64[0] |= test_rand(seed) << (8 * size);
            }
            if (m->type == TCG_I32) {
                value[1].u64[0] = (uint32_t)value[1].u64[0];
            }
        }
        for (unsigned k = 0; k < 3; k++) {
            cpu->in[k] = value[k];
        }
        cpu->in[3].u64[0] = index;
        cpu->in[0].u64[0] -= sum ? (index << scale) + offset : 0;
        for (unsigned i = 0; i < 20; i++) {
            cpu->kept[0][i].u64[0] = test_rand(seed);
            cpu->kept[0][i].u64[1] = i % 3 == 2 ? test_rand(seed) : 0;
        }
        memset(&cpu->out, 0xee, 16);
        memset(cpu->kept[1], 0, sizeof(cpu->kept[1]));
        left = engine_run(e, &code, cpu);
        if (far) {
            g_assert_cmphex(left, ==, (uintptr_t)OWNER | TCG_EXIT_RAISED);
            g_assert_cmphex(cpu->cpu.raised, ==, 1);
            continue;
        }
        g_assert_cmphex(left, ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        mem_reference(m, model->mem + (value[0].u64[0] - TEST_MEM_BASE), value[1], value[2], &want);
        if (memcmp(model->mem, cpu->cpu.mem, TEST_MEM_SIZE) ||
            (used && memcmp(&cpu->out, &want, m->type == TCG_V128 ? 16 : 8))) {
            g_error("%s: %s type %u mo %x rmw %u at %lx (%s, consts %x) with %lx:%lx, %lx:%lx: returned %lx:%lx, not %lx:%lx%s",
                    e->name, tcg_op_def[m->op].name, m->type, m->mo, m->rmw, value[0].u64[0], hit ? "hit" : "miss", consts,
                    value[1].u64[1], value[1].u64[0], value[2].u64[1], value[2].u64[0], cpu->out.u64[1], cpu->out.u64[0],
                    want.u64[1], want.u64[0], memcmp(model->mem, cpu->cpu.mem, TEST_MEM_SIZE) ? "; memory differs" : "");
        }
        /* what the inline path may not do */
        if ((misaligned(m->mo, value[0].u64[0]) || (!hit && !direct)) && cpu->cpu.num_slow != 1) {
            g_error("%s: %s type %u mo %x at %lx (%s) took the slow path %u times", e->name, tcg_op_def[m->op].name, m->type,
                    m->mo, value[0].u64[0], hit ? "hit" : "miss", cpu->cpu.num_slow);
        }
        for (unsigned i = 0; i < 20 + args && pressure; i++) {
            const TcgVecVal *was = i < 20 ? &cpu->kept[0][i] : &value[i - 20];

            if ((i < pressure || i >= 20) && memcmp(&cpu->kept[1][i], was, i >= 20 && (i == 20 || m->type != TCG_V128) ? 8 : 16)) {
                g_error("%s: %s mo %x: value %u did not survive", e->name, tcg_op_def[m->op].name, m->mo, i);
            }
        }
    }
}

static void run_memory(const TcgLayout *layout, Reached *reached, unsigned count, uint64_t seed)
{
    static const TcgOpcode ops[] = { OP_guest_ld, OP_guest_st, OP_guest_rmw, OP_guest_cas };
    static const MemOp aligns[] = { MO_ALIGN_NONE, MO_ALIGN_NONE, MO_ALIGN_NATURAL, MO_ALIGN_WITHIN16, MO_ALIGN_4, MO_ALIGN_8,
                                    MO_ALIGN_16 };
    GPtrArray *all = engines_new(layout);
    OpCpu *cpu = test_new0(OpCpu);
    TestCpu *model = test_new0(TestCpu);

    for (unsigned i = 0; i < all->len; i++) {
        uint64_t s = seed;

        for (unsigned n = 0; n < (i < 4 || long_run ? count : count / 8); n++) {
            MemTest m = { .op = ops[test_rand(&s) % 4], .type = TCG_I32 + test_rand(&s) % 3, .rmw = test_rand(&s) % TCG_NUM_RMWS };
            unsigned size;

            if (m.op == OP_guest_rmw && m.type == TCG_V128) {
                m.type = TCG_I64;
            }
            size = m.type == TCG_V128 ? MO_128 : test_rand(&s) % (m.type == TCG_I64 ? 4 : 3);
            if (m.type == TCG_V128 && m.op <= OP_guest_st && test_rand(&s) % 2) {
                size = test_rand(&s) % 2 ? MO_64 : MO_32;
            }
            m.mo = size | aligns[test_rand(&s) % G_N_ELEMENTS(aligns)];
            if (test_rand(&s) % 2) {
                m.mo |= (test_rand(&s) & MO_BE) | (test_rand(&s) & MO_SIGN & (m.type == TCG_V128 ? 0 : ~0u));
            }
            if (test_rand(&s) % 3 == 0) {
                m.mo |= (test_rand(&s) & MO_ATOM) | (test_rand(&s) & MO_ORDER);
            }
            if (test_rand(&s) % 8 == 0) {
                m.mo |= MO_EXCLUSIVE;
            }
            reached->op[m.op] = true;
            run_access(all->pdata[i], &m, cpu, model, layout->direct, &s);
        }
    }
    g_aligned_free(cpu);
    g_aligned_free(model);
    g_ptr_array_unref(all);
}

static void test_memory(const void *data)
{
    run_memory(&test_layout, (Reached *)data, long_run ? 20000 : 1500, 11);
}

static void test_memory_direct(const void *data)
{
    run_memory(&test_layout_direct, (Reached *)data, long_run ? 10000 : 700, 12);
}

static void test_fence(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    OpCpu *cpu = test_new0(OpCpu);

    reached->op[OP_fence] = true;
    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned pairs = 0; pairs <= FENCE_ALL; pairs++) {
            TcgGen *g = engine_begin(all->pdata[i], OWNER);
            TcgCode code;

            tcg_insn_start(g, 0);
            tcg_fence(g, pairs);
            tcg_exit(g);
            engine_finish(all->pdata[i], &code);
            g_assert_cmphex(engine_run(all->pdata[i], &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- two threads on one memory ------------------------------------------------------------------------------------------ */

typedef struct Sharer {
    Engine *engine;
    TcgCode code;
    OpCpu cpu;
    unsigned runs, index;
    uint64_t wrong;
} Sharer;

static void *sharer_run(void *data)
{
    Sharer *s = data;

    for (unsigned i = 1; i <= s->runs; i++) {
        s->cpu.cpu.x[0] = i;
        s->cpu.cpu.x[1] = 0;
        s->cpu.cpu.x[2] = 0;
        engine_run(s->engine, &s->code, &s->cpu);
        /* what was stored before a release is seen after the acquire that sees it */
        s->wrong += s->index == 1 && s->cpu.cpu.x[2] < s->cpu.cpu.x[1];
    }
    return NULL;
}

/* Both count in one word (by an addition, by compare and swap); 0 passes messages to 1. */
static void build_sharer(Sharer *s)
{
    TcgGen *g = engine_begin(s->engine, OWNER);
    TcgVal base = tcg_ld_env(g, TCG_I64, MO_64, OFF(in[0])), one = tcg_const(g, TCG_I64, 1), old;
    TcgBlockRef again = tcg_block(g), out = tcg_block(g);

    tcg_insn_start(g, 0);
    tcg_guest_rmw(g, TCG_I64, RMW_ADD, base, one, MO_32 | MO_ALIGN_NATURAL);
    tcg_guest_rmw(g, TCG_I64, RMW_SMAX, tcg_addi(g, TCG_I64, base, 8), tcg_get_reg(g, TEST_X0),
                  MO_64 | MO_ALIGN_NATURAL | MO_ACQ_REL);
    if (s->index == 0) {
        tcg_guest_st(g, tcg_addi(g, TCG_I64, base, 64), tcg_get_reg(g, TEST_X0), MO_64);
        tcg_guest_st(g, tcg_addi(g, TCG_I64, base, 128), tcg_get_reg(g, TEST_X0),
                     MO_64 | MO_ALIGN_NATURAL | MO_RELEASE);
    } else {
        tcg_set_reg(g, TEST_X0 + 1, tcg_guest_ld(g, TCG_I64, tcg_addi(g, TCG_I64, base, 128),
                                                 MO_64 | MO_ALIGN_NATURAL | MO_ACQUIRE));
        tcg_set_reg(g, TEST_X0 + 2, tcg_guest_ld(g, TCG_I64, tcg_addi(g, TCG_I64, base, 64), MO_64));
    }
    tcg_br(g, again);
    tcg_block_start(g, again);
    tcg_insn_start(g, 4);
    tcg_poll(g);
    base = tcg_ld_env(g, TCG_I64, MO_64, OFF(in[0]));
    base = tcg_addi(g, TCG_I64, base, 16);
    old = tcg_guest_ld(g, TCG_I64, base, MO_16);
    tcg_brcond(g, TCG_I64, COND_EQ, tcg_guest_cas(g, TCG_I64, base, old, tcg_addi(g, TCG_I64, old, 1), MO_16 | MO_ALIGN_NATURAL),
               old, out, again);
    tcg_block_start(g, out);
    tcg_exit(g);
    engine_finish(s->engine, &s->code);
}

static void test_threads(const void *data)
{
    GPtrArray *all = engines_new(&test_layout);

    for (unsigned i = 0; i < MIN(all->len, 4); i++) {
        Sharer *s = g_aligned_alloc0(2, sizeof(*s), _Alignof(Sharer));
        uint8_t *memory = s[0].cpu.cpu.mem;
        uint16_t half;
        uint32_t sum;
        uint64_t most;
        GThread *thread;

        for (unsigned k = 0; k < 2; k++) {
            s[k].engine = all->pdata[i];
            s[k].index = k;
            s[k].runs = long_run ? 1000000 : 20000;
            test_cpu_init(&s[k].cpu.cpu, 1);
            test_cpu_fill_tlb(&s[k].cpu.cpu);
            for (unsigned n = 0; n < TEST_TLB_ENTRIES; n++) {
                s[k].cpu.cpu.tlb_entries[0][n].addend = (uintptr_t)memory - TEST_MEM_BASE;
            }
            s[k].cpu.in[0].u64[0] = TEST_MEM_BASE;
            build_sharer(&s[k]);
        }
        memset(memory, 0, TEST_MEM_SIZE);
        thread = g_thread_new("sharer", sharer_run, &s[1]);
        sharer_run(&s[0]);
        g_thread_join(thread);
        memcpy(&sum, memory, 4);
        memcpy(&most, memory + 8, 8);
        memcpy(&half, memory + 16, 2);
        g_assert_cmpuint(sum, ==, 2 * s[0].runs);
        g_assert_cmpuint(most, ==, s[0].runs);
        g_assert_cmpuint(half, ==, (uint16_t)(2 * s[0].runs));
        g_assert_cmpuint(s[1].wrong, ==, 0);
        g_assert_cmpuint(s[0].cpu.cpu.num_slow + s[1].cpu.cpu.num_slow, ==, 0);
        g_aligned_free(s);
    }
    g_ptr_array_unref(all);
}

/* -- control ------------------------------------------------------------------------------------------------------------ */

/* Behind a branch: the result is value + 1000 if it went to yes, + 2000 if to no; the likely one's code comes first. */
static void say_which(TcgGen *g, TcgBlockRef yes, TcgBlockRef no, TcgVal value, bool likely)
{
    TcgBlockRef join = tcg_block(g);
    unsigned local = tcg_local(g, TCG_I64);

    for (unsigned k = 0; k < 2; k++) {
        bool is_yes = (k == 0) == likely;

        tcg_block_start(g, is_yes ? yes : no);
        tcg_set_reg(g, local, tcg_addi(g, TCG_I64, value, is_yes ? 1000 : 2000));
        tcg_br(g, join);
    }
    tcg_block_start(g, join);
    store_result(g, tcg_get_reg(g, local), OFF(out));
    tcg_exit(g);
}

/* kind 0: brcond; 1: brflag. The result says which way it went; a value lives across. */
static void run_branch(Engine *e, unsigned kind, TcgType t, unsigned cond, unsigned consts, bool likely, OpCpu *cpu,
                       uint64_t *seed)
{
    TcgGen *g = engine_begin(e, OWNER);
    TcgBlockRef yes = tcg_block(g), no = tcg_block(g);
    TcgVal arg[2], across;
    TcgVecVal value[2];
    TcgCode code;

    for (unsigned k = 0; k < 2; k++) {
        value[k] = (TcgVecVal) { { kind ? test_rand(seed) & 15 : t == TCG_I32 ? (uint32_t)test_rand_edge(seed)
                                                                              : test_rand_edge(seed) } };
    }
    tcg_insn_start(g, 0);
    across = tcg_ld_env(g, TCG_I64, MO_64, OFF(kept[0][0]));
    for (unsigned k = 0; k < 2; k++) {
        arg[k] = consts >> k & 1 ? constant(g, t, &value[k]) : tcg_ld_env(g, t, env_size(t), OFF(in[k]));
    }
    if (kind) {
        tcg_brflag(g, cond, arg[0], yes, no);
    } else {
        tcg_brcond(g, t, cond, arg[0], arg[1], yes, no);
    }
    say_which(g, yes, no, across, likely);
    engine_finish(e, &code);
    for (unsigned n = 0; n < 12; n++) {
        bool want;

        for (unsigned k = 0; k < 2; k++) {
            if (!(consts >> k & 1)) {
                value[k].u64[0] = kind ? (n + 4 * k) & 15 : n == 0 ? value[!k].u64[0] :
                                  t == TCG_I32 ? (uint32_t)test_rand_edge(seed) : test_rand_edge(seed);
            }
            cpu->in[k] = value[k];
        }
        cpu->kept[0][0].u64[0] = test_rand(seed);
        engine_run(e, &code, cpu);
        want = kind ? ref_flag(cond, (unsigned)value[0].u64[0]) : ref_cond(cond, t, value[0].u64[0], value[1].u64[0]);
        if (cpu->out.u64[0] != cpu->kept[0][0].u64[0] + (want ? 1000 : 2000)) {
            g_error("%s: %s type %u cond %u of %lx, %lx (consts %x) went the wrong way", e->name, kind ? "brflag" : "brcond", t,
                    cond, value[0].u64[0], value[1].u64[0], consts);
        }
    }
}

/* Whether bytes of a vector, folded by their maximum, are 0: what they are folded to is wanted on both sides. */
static void run_branch_vec(Engine *e, TcgCond cond, bool likely, OpCpu *cpu, uint64_t *seed)
{
    TcgGen *g = engine_begin(e, OWNER);
    TcgBlockRef yes = tcg_block(g), no = tcg_block(g);
    uint64_t even = UINT64_C(0x0e0c0a0806040200), odd = UINT64_C(0x0f0d0b0907050301);
    TcgVal vec, folded, half;
    TcgCode code;

    tcg_insn_start(g, 0);
    vec = tcg_ld_env(g, TCG_V128, MO_128, OFF(in[0]));
    folded = tcg_vec2(g, OP_vumax, 0, tcg_vec2(g, OP_vtbl, 0, vec, tcg_const_v(g, even, odd), 0),
                      tcg_vec2(g, OP_vtbl, 0, vec, tcg_const_v(g, odd, even), 0), 0);
    half = tcg_vget(g, 3, folded, 0);
    tcg_brcond(g, TCG_I64, cond, half, tcg_const(g, TCG_I64, 0), yes, no);
    say_which(g, yes, no, half, likely);
    engine_finish(e, &code);
    for (unsigned n = 0; n < 40; n++) {
        uint64_t want = 0;

        memset(&cpu->in[0], 0, sizeof(cpu->in[0]));
        if (n > 20) {
            cpu->in[0].u64[0] = test_rand(seed);
            cpu->in[0].u64[1] = test_rand(seed);
        } else if (n < 16) {
            cpu->in[0].u8[n] = (uint8_t)(test_rand(seed) | 1);
        }
        for (unsigned i = 0; i < 8; i++) {
            want |= (uint64_t)MAX(cpu->in[0].u8[2 * i], cpu->in[0].u8[2 * i + 1]) << 8 * i;
        }
        want += (want == 0) == (cond == COND_EQ) ? 1000 : 2000;
        engine_run(e, &code, cpu);
        if (cpu->out.u64[0] != want) {
            g_error("%s: br_vec cond %u of %lx:%lx: %lx, not %lx", e->name, cond, cpu->in[0].u64[1], cpu->in[0].u64[0],
                    cpu->out.u64[0], want);
        }
    }
}

static void test_branches(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    OpCpu *cpu = test_new0(OpCpu);
    uint64_t seed = 21;

    reached->op[OP_br] = reached->op[OP_brcond] = reached->op[OP_brflag] = reached->op[OP_br_vec] = reached->op[OP_phi] = true;
    reached->op[OP_get_reg] = reached->op[OP_set_reg] = true;
    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned n = 0; n < (long_run ? 20 : 2); n++) {
            for (unsigned consts = 0; consts < 4; consts++) {
                for (unsigned c = 0; c < TCG_NUM_CONDS; c++) {
                    run_branch(all->pdata[i], 0, TCG_I32, c, consts, n & 1, cpu, &seed);
                    run_branch(all->pdata[i], 0, TCG_I64, c, consts, n & 1, cpu, &seed);
                }
            }
            run_branch_vec(all->pdata[i], COND_EQ, n & 1, cpu, &seed);
            run_branch_vec(all->pdata[i], COND_NE, n & 1, cpu, &seed);
            for (unsigned c = 0; c < 16; c++) {
                run_branch(all->pdata[i], 1, TCG_I32, c, n & 1, n & 1, cpu, &seed);
            }
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* A region that adds to x0 and leaves by chain slot 0 or 1 or through the jump cache. */
static void build_leaf(Engine *e, uint64_t add, unsigned how, void *owner, TcgCode *ret)
{
    TcgGen *g = engine_begin(e, owner);

    tcg_insn_start(g, 0);
    tcg_set_reg(g, TEST_X0, tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0), add));
    tcg_set_reg(g, TEST_PC, tcg_pc(g, 4));
    if (how < 2) {
        tcg_goto_tb(g, how, 0, 0);
    } else if (how == 2) {
        tcg_goto_ptr(g);
    } else {
        tcg_exit(g);
    }
    engine_finish(e, ret);
}

/* Where a region goes on by itself is in the PC when it is left; others' chains hold it against theirs. */
static void test_goto(const void *data)
{
    static const int32_t deltas[] = { 0, 4, -4, 127, -129, 0x12345678, INT32_MAX, INT32_MIN };
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    TestCpu *cpu = test_new0(TestCpu);

    reached->op[OP_add_env] = true;
    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(deltas) * 2; k++) {
            int32_t delta = deltas[k / 2];
            TcgGen *g = engine_begin(all->pdata[i], OWNER);
            uint64_t pc;
            TcgCode code;

            test_cpu_init(cpu, k);
            pc = cpu->pc;
            tcg_insn_start(g, 0);
            if (k & 1) {                        /* the field is not the entry's any more */
                tcg_insn_start(g, 4);
                tcg_call(g, &test_helpers[TEST_H_PEEK], NULL);
            }
            tcg_goto(g, delta);
            engine_finish(all->pdata[i], &code);
            g_assert_cmphex(engine_run(all->pdata[i], &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_CHAIN);
            g_assert_cmphex(cpu->pc, ==, pc + (uint64_t)(int64_t)delta);
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

static void test_chains(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);

    reached->op[OP_goto_tb] = reached->op[OP_goto_ptr] = true;
    for (unsigned i = 0; i < all->len; i++) {
        Engine *e = all->pdata[i];
        TestCpu *cpu = test_new0(TestCpu);
        TcgCode c[4];

        tcg_codebuf_reset(e->buf);
        test_cpu_init(cpu, 1);
        for (unsigned k = 0; k < 4; k++) {
            build_leaf(e, UINT64_C(1) << (16 * k), k, (void *)(uintptr_t)(0x1000 * (k + 1)), &c[k]);
        }
        cpu->x[0] = 0;
        cpu->pc = 0x400000;
        g_assert_cmphex(engine_run(e, &c[0], cpu), ==, 0x1000 | (TCG_EXIT_CHAIN + 0));
        g_assert_cmphex(engine_run(e, &c[1], cpu), ==, 0x2000 | (TCG_EXIT_CHAIN + 1));
        g_assert_cmphex(engine_run(e, &c[2], cpu), ==, 0x3000 | TCG_EXIT_LOOKUP);
        g_assert_cmphex(engine_run(e, &c[3], cpu), ==, 0x4000 | TCG_EXIT_LOOKUP);
        g_assert_cmphex(cpu->x[0], ==, UINT64_C(0x0001000100010001));
        g_assert_cmphex(cpu->pc, ==, 0x400010);
        /* 0 -> 1 -> 2 -> by the cache 3 */
        tcg_chain(&e->be, e->buf, &c[0], 0, c[1].entry);
        tcg_chain(&e->be, e->buf, &c[1], 1, c[2].entry);
        cpu->pc = 0x400000;
        cpu->jc_tag = 77;
        cpu->jc[3] = (TcgJumpEntry) { .pc = 0x40000c, .tag = 77, .code = c[3].entry };
        cpu->x[0] = 0;
        g_assert_cmphex(engine_run(e, &c[0], cpu), ==, 0x4000 | TCG_EXIT_LOOKUP);
        g_assert_cmphex(cpu->x[0], ==, UINT64_C(0x0001000100010001));
        /* another tag, another PC in the entry: not taken */
        cpu->jc_tag = 78;
        cpu->pc = 0x400000;
        g_assert_cmphex(engine_run(e, &c[0], cpu), ==, 0x3000 | TCG_EXIT_LOOKUP);
        g_assert_cmphex(cpu->pc, ==, 0x40000c);
        cpu->jc_tag = 77;
        cpu->pc = 0x400040;
        g_assert_cmphex(engine_run(e, &c[0], cpu), ==, 0x3000 | TCG_EXIT_LOOKUP);
        /* unlinked again */
        tcg_chain(&e->be, e->buf, &c[0], 0, NULL);
        cpu->x[0] = 0;
        g_assert_cmphex(engine_run(e, &c[0], cpu), ==, 0x1000 | (TCG_EXIT_CHAIN + 0));
        g_assert_cmphex(cpu->x[0], ==, 1);
        g_aligned_free(cpu);
    }
    g_ptr_array_unref(all);
}

static void test_poll(const void *data)
{
    Reached *reached = (Reached *)data;

    reached->op[OP_poll] = true;
    for (unsigned counted = 0; counted < 2; counted++) {
        GPtrArray *all = engines_new(counted ? &test_layout_counted : &test_layout);

        for (unsigned i = 0; i < all->len; i++) {
            Engine *e = all->pdata[i];
            TestCpu *cpu = test_new0(TestCpu);
            TcgGen *g = engine_begin(e, OWNER);
            TcgCode code;

            test_cpu_init(cpu, 1);
            tcg_poll(g);
            for (unsigned k = 0; k < 3; k++) {
                tcg_insn_start(g, 4 * k);
                tcg_set_reg(g, TEST_X0, tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0), 1));
            }
            tcg_set_reg(g, TEST_PC, tcg_pc(g, 12));
            tcg_exit(g);
            engine_finish(e, &code);
            cpu->x[0] = 0;
            cpu->pc = 0;
            cpu->poll = 7;
            g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
            g_assert_cmpint(cpu->poll, ==, counted ? 4 : 7);
            engine_run(e, &code, cpu);
            g_assert_cmpint(cpu->poll, ==, counted ? 1 : 7);
            g_assert_cmpuint(cpu->x[0], ==, 6);
            if (!counted) {
                cpu->poll = -5;
            }
            g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_POLL);
            g_assert_cmpint(cpu->poll, ==, counted ? 1 : -5);
            g_assert_cmpuint(cpu->x[0], ==, 6);
            g_assert_cmphex(cpu->pc, ==, 24);
            g_aligned_free(cpu);
        }
        g_ptr_array_unref(all);
    }
}

/* -- calls -------------------------------------------------------------------------------------------------------- */

static void run_call(Engine *e, unsigned which, unsigned consts, unsigned pressure, OpCpu *cpu, uint64_t *seed)
{
    const TcgHelper *h = &test_helpers[which];
    static const uint16_t x1[] = { TEST_X0 + 1 }, x2[] = { TEST_X0 + 2 };
    TcgGen *g = engine_begin(e, OWNER);
    TcgVal arg[6], kept[24], r;
    TcgVecVal value[6];
    uintptr_t left;
    uint64_t was[8], want = 0;
    TcgCode code;
    TestCpu before;

    for (unsigned k = 0; k < h->num_args; k++) {
        value[k] = (TcgVecVal) { { test_rand_edge(seed), test_rand_edge(seed) } };
        if (h->args[k] == TCG_I32) {
            value[k].u64[0] = (uint32_t)value[k].u64[0];
        }
    }
    tcg_insn_start(g, 0);
    for (unsigned i = 0; i < pressure; i++) {
        TcgType t = i % 3 == 2 ? TCG_V128 : TCG_I64;

        kept[i] = tcg_ld_env(g, t, env_size(t), OFF(kept[0][i]));
    }
    /* in registers of the guest that are not yet in the CPU object */
    for (unsigned k = 0; k < h->num_args; k++) {
        TcgType t = h->args[k];

        arg[k] = consts >> k & 1 ? constant(g, t, &value[k]) :
                 tcg_ld_env(g, t, env_size(t), t == TCG_V128 || k < 2 ? OFF(in[k]) : OFF(kept[0][k + 10]));
    }
    tcg_set_reg(g, TEST_X0 + 1, tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0 + 1), 1));
    r = h->writes == HREGS_LISTED ? tcg_call_regs(g, h, arg, x1, 1, x2, 1) : tcg_call(g, h, arg);
    if (!(h->flags & HELPER_NO_RETURN)) {
        if (h->ret != TCG_VOID) {
            store_result(g, r, OFF(out));
        }
        tcg_set_reg(g, TEST_X0 + 5, tcg_addi(g, TCG_I64, tcg_get_reg(g, TEST_X0 + 2), 3));
        for (unsigned i = 0; i < pressure; i++) {
            store_result(g, kept[i], OFF(kept[1][i]));
        }
        tcg_exit(g);
    }
    engine_finish(e, &code);

    test_cpu_init(&cpu->cpu, test_rand(seed));
    for (unsigned i = 0; i < 20; i++) {
        cpu->kept[0][i].u64[0] = test_rand(seed);
        cpu->kept[0][i].u64[1] = i % 3 == 2 ? test_rand(seed) : 0;
    }
    for (unsigned k = 0; k < h->num_args; k++) {
        if (!(consts >> k & 1)) {
            TcgVecVal *at = h->args[k] == TCG_V128 || k < 2 ? &cpu->in[k] : &cpu->kept[0][k + 10];

            at->u64[0] = h->args[k] == TCG_I32 ? (uint32_t)value[k].u64[0] : value[k].u64[0];
            if (h->args[k] == TCG_V128) {
                at->u64[1] = value[k].u64[1];
            }
        }
    }
    before = cpu->cpu;
    memset(&cpu->out, 0, 16);
    left = engine_run(e, &code, cpu);
    for (unsigned k = 0; k < 8; k++) {
        was[k] = before.x[k];
    }
    if ((h->flags & HELPER_NO_RETURN) || ((h->flags & HELPER_MAY_RAISE) && (value[0].u64[0] & 1))) {
        g_assert_cmphex(left, ==, (uintptr_t)OWNER | TCG_EXIT_RAISED);
        /* the instruction's own write is undone */
        g_assert_true(test_cpu_equal(&before, &cpu->cpu, NULL));
        return;
    }
    g_assert_cmphex(left, ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
    g_assert_cmphex(cpu->cpu.x[1], ==, was[1] + 1);
    switch (which) {
    case TEST_H_PURE3:
        want = value[0].u64[0] * 3 + value[1].u64[0] * 5 + value[2].u64[0];
        break;
    case TEST_H_ADD32:
        want = (uint32_t)(value[0].u64[0] + value[1].u64[0]);
        break;
    case TEST_H_SIX:
        for (unsigned k = 0; k < 6; k++) {
            want += value[k].u64[0];
            g_assert_cmphex(cpu->cpu.seen[k], ==, value[k].u64[0]);
        }
        break;
    case TEST_H_POKE:
        g_assert_cmphex(cpu->cpu.x[3], ==, was[3] ^ value[0].u64[0]);
        break;
    case TEST_H_LISTED:
        g_assert_cmphex(cpu->cpu.x[2], ==, was[1] + 1 + value[0].u64[0]);
        g_assert_cmphex(cpu->cpu.x[5], ==, was[1] + 1 + value[0].u64[0] + 3);
        break;
    case TEST_H_MAY_RAISE:
        want = value[0].u64[0] / 2;
        break;
    case TEST_H_VADD:
        g_assert_cmphex(cpu->out.u64[0], ==, value[0].u64[0] + value[1].u64[0]);
        g_assert_cmphex(cpu->out.u64[1], ==, value[0].u64[1] + value[1].u64[1]);
        want = cpu->out.u64[0];
        break;
    case TEST_H_SEE_V:
        g_assert_true(memcmp(&cpu->cpu.seen_v, &value[0], 16) == 0);
        g_assert_cmphex(cpu->cpu.seen[0], ==, value[1].u64[0]);
        break;
    default:                                    /* a hash of the registers: that they were there shows elsewhere */
        want = cpu->out.u64[0];
    }
    g_assert_cmphex(cpu->out.u64[0], ==, want);
    for (unsigned i = 0; i < pressure; i++) {
        g_assert_true(memcmp(&cpu->kept[0][i], &cpu->kept[1][i], 16) == 0);
    }
}

static void test_calls(const void *data)
{
    Reached *reached = (Reached *)data;
    GPtrArray *all = engines_new(&test_layout);
    OpCpu *cpu = test_new0(OpCpu);
    uint64_t seed = 31;

    reached->op[OP_call] = reached->op[OP_raise_exit] = true;
    for (unsigned i = 0; i < all->len; i++) {
        for (unsigned h = 0; h < TEST_NUM_HELPERS; h++) {
            if (tcg_type_is_wide(test_helpers[h].ret)) {
                continue;                       /* test_wide.c */
            }
            for (unsigned n = 0; n < (long_run ? 400 : 40); n++) {
                run_call(all->pdata[i], h, n & 1 ? test_rand(&seed) : 0, n & 2 ? 20 : 0, cpu, &seed);
            }
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- the tests --------------------------------------------------------------------------------------------------- */

static void test_none_missing(const void *data)
{
    const Reached *reached = data;

    for (TcgOpcode op = 0; op < TCG_NUM_OPS; op++) {
        bool elsewhere = (op >= OP_fp && op <= OP_fp_cmp) || op == OP_br_fp ||      /* test_fp.c */
                         (op >= OP_guest_ldx && op <= OP_guest_stn) ||              /* of sums: run_access */
                         (op >= OP_vlow && op <= OP_ptest) || op == OP_guest_ldm || op == OP_guest_stm;     /* test_wide.c */

        if (!reached->op[op] && !elsewhere) {
            g_error("no test reaches %s", tcg_op_def[op].name);
        }
    }
}

int main(int argc, char **argv)
{
    Reached *reached = g_new0(Reached, 1);
    int status;

    g_test_init(&argc, &argv, NULL);
    long_run = argc > 1 && strcmp(argv[1], "long") == 0;
    g_test_add_func("/tcg/ops/eval", test_eval);
    g_test_add_data_func("/tcg/ops/pure", reached, test_pure);
    g_test_add_data_func("/tcg/ops/env", reached, test_env);
    g_test_add_data_func("/tcg/ops/memory", reached, test_memory);
    g_test_add_data_func("/tcg/ops/memory-direct", reached, test_memory_direct);
    g_test_add_data_func("/tcg/ops/fence", reached, test_fence);
    g_test_add_data_func("/tcg/ops/threads", reached, test_threads);
    g_test_add_data_func("/tcg/ops/branches", reached, test_branches);
    g_test_add_data_func("/tcg/ops/chains", reached, test_chains);
    g_test_add_data_func("/tcg/ops/goto", reached, test_goto);
    g_test_add_data_func("/tcg/ops/poll", reached, test_poll);
    g_test_add_data_func("/tcg/ops/calls", reached, test_calls);
    g_test_add_data_func("/tcg/ops/none-missing", reached, test_none_missing);
    status = g_test_run();
    g_free(reached);
    return status;
}
