/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors of 32 and 64 bytes, predicates, and accesses of some lanes, on every engine that has them: each operation in each
 * form against what it computes, said again lane by lane; accesses of which lanes lie where nothing is; calls with wide
 * arguments.
 */
#include "core/bits.h"
#include "core/tcg/tests/optest.h"
#include "core/tcg/tests/opref.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define OWNER ((void *)(uintptr_t)0x1000)
#define OFF(field) ((uint32_t)offsetof(WideCpu, field))

typedef struct WideCpu {
    TestCpu cpu;
    TcgWideVal in[4], out, kept[2][24];
} WideCpu;

typedef struct Form {
    TcgOpcode op;
    TcgType type;
    unsigned aux;
    uint64_t imm;
} Form;

static unsigned below(uint64_t *seed, unsigned n)
{
    return (unsigned)(test_rand(seed) >> 33) % n;
}

static TcgType arg_type(const Form *f, unsigned k)
{
    TcgNode n = { .op = f->op, .type = f->type, .aux = (uint16_t)f->aux, .imm = f->imm };

    return tcg_arg_type(NULL, &n, k);
}

/* -- what they compute -------------------------------------------------------------------------------------------- */

static bool has_lane(uint64_t pred, unsigned byte, unsigned es)
{
    return pred >> (byte >> es) & 1;
}

static uint64_t reference_pred(const Form *f, uint64_t a, uint64_t b)
{
    uint64_t r = 0;
    int first = -1, last = -1;

    switch (f->op) {
    case OP_pand: return a & b;
    case OP_por: return a | b;
    case OP_pxor: return a ^ b;
    case OP_pandn: return a & ~b;
    default: break;
    }
    for (unsigned i = 0; i < 64; i++) {
        bool bit = false;

        switch (f->op) {
        case OP_pfrom: bit = i << f->aux < 64 && a >> (i << f->aux) & 1; break;
        case OP_pto: bit = i % (1u << f->aux) == 0 && a >> (i >> f->aux) & 1; break;
        case OP_pnot: bit = i < f->imm && !(a >> i & 1); break;
        case OP_pwhile: bit = i < f->imm && i < a; break;
        default: break;
        }
        r |= (uint64_t)bit << i;
        if (a >> i & 1) {
            first = first < 0 ? (int)i : first;
            last = (int)i;
        }
    }
    if (f->op == OP_ptest) {
        r = (first >= 0 && b >> first & 1 ? FLAG_N : 0) | (a & b ? 0 : FLAG_Z) | (last >= 0 && b >> last & 1 ? 0 : FLAG_C);
    }
    return r;
}

/* The operation on all 16-byte parts. */
static void reference_parts(TcgOpcode op, unsigned aux, uint64_t imm, unsigned size, const TcgWideVal *arg, TcgWideVal *r)
{
    for (unsigned i = 0; i < size / 16; i++) {
        TcgVecVal part[3];

        for (unsigned k = 0; k < tcg_op_def[op].args; k++) {
            part[k] = arg[k].v[op == OP_vdup ? 0 : i];
        }
        g_assert_true(op_reference(op, TCG_V128, aux, imm, part, &r->v[i]));
    }
}

static void reference(const Form *f, const TcgWideVal *arg, TcgWideVal *r)
{
    unsigned size = tcg_type_size(f->type);
    TcgWideVal all = { 0 };

    memset(r, 0, sizeof(*r));
    switch (f->op) {
    case OP_vlow:
        memcpy(r, &arg[0], size);
        break;
    case OP_vhigh:
        memcpy(r, &arg[0].u8[size], size);
        break;
    case OP_vcat:
        memcpy(r, &arg[0], size / 2);
        memcpy(&r->u8[size / 2], &arg[1], size / 2);
        break;
    case OP_vsel: case OP_vmasked:
        if (f->op == OP_vmasked) {
            reference_parts((TcgOpcode)(f->imm & 0xff), f->aux, f->imm >> 8, size, &arg[2], &all);
        } else {
            all = arg[1];
        }
        for (unsigned i = 0; i < size; i++) {
            r->u8[i] = has_lane(arg[0].u64[0], i, f->aux) ? all.u8[i] : arg[f->op == OP_vsel ? 2 : 1].u8[i];
        }
        break;
    case OP_pcmp:
        reference_parts(OP_vcmp, f->aux, f->imm, size, arg, &all);
        for (unsigned i = 0; i < size >> f->aux; i++) {
            r->u64[0] |= (uint64_t)(all.u8[i << f->aux] & 1) << i;
        }
        break;
    default:
        if (tcg_type_is_vec(f->type)) {
            reference_parts(f->op, f->aux, f->imm, size, arg, r);
        } else {
            r->u64[0] = reference_pred(f, arg[0].u64[0], arg[1].u64[0]);
        }
    }
}

/* -- operations ----------------------------------------------------------------------------------------------------- */

static TcgWideVal operand(TcgType t, bool constant, uint64_t *seed)
{
    TcgWideVal r = { 0 };
    unsigned how = below(seed, 3);

    for (unsigned i = 0; i < tcg_type_size(t) / 4; i++) {
        uint32_t v = (uint32_t)(how ? test_rand_edge(seed) : test_rand(seed));

        memcpy(&r.u8[4 * i], &v, 4);
    }
    for (unsigned i = 0; how == 2 && i < tcg_type_size(t) && tcg_type_is_vec(t); i++) {
        r.u8[i] = below(seed, 2) ? r.u8[i] : (uint8_t)below(seed, 20);          /* counts */
    }
    if (!tcg_type_is_vec(t)) {
        r.u64[0] = t == TCG_I32 ? (uint32_t)test_rand_edge(seed) : test_rand_edge(seed);
    }
    for (unsigned i = 1; i < 4 && constant && tcg_type_is_wide(t); i++) {
        if (16 * i < tcg_type_size(t)) {
            r.v[i] = r.v[0];
        }
    }
    return r;
}

static TcgVal load(TcgGen *g, TcgType t, uint32_t offset)
{
    return tcg_ld_env(g, t, tcg_type_mo(t), offset);
}

static void store(TcgGen *g, TcgVal v, uint32_t offset)
{
    v = tcg_val_type(g, v) == TCG_I32 ? tcg_zext(g, v) : v;
    tcg_st_env(g, v, tcg_type_mo(tcg_val_type(g, v)), offset);
}

/* What is alive across the operation, by number. */
static TcgType kept_type(unsigned i)
{
    static const uint8_t type[] = { TCG_V512, TCG_PRED, TCG_V256, TCG_I64, TCG_V128, TCG_V512 };

    return (TcgType)type[i % G_N_ELEMENTS(type)];
}

static void run_form(Engine *e, const Form *f, WideCpu *cpu, uint64_t *seed)
{
    unsigned args = tcg_op_def[f->op].args, consts = below(seed, 3) ? 0 : below(seed, 1u << args);
    unsigned pressure = below(seed, 3) ? 0 : 24;
    bool same = below(seed, 8) == 0 && args == 2 && arg_type(f, 0) == arg_type(f, 1);
    TcgGen *g = engine_begin(e, OWNER);
    TcgVal arg[4] = { { 0 } }, kept[24], r;
    TcgWideVal value[4] = { 0 }, want;
    TcgCode code;

    tcg_insn_start(g, 0);
    for (unsigned i = 0; i < pressure; i++) {
        kept[i] = load(g, kept_type(i), OFF(kept[0][i]));
    }
    for (unsigned k = 0; k < args; k++) {
        TcgType t = arg_type(f, k);

        value[k] = operand(t, consts >> k & 1, seed);
        if (consts >> k & 1) {
            arg[k] = tcg_type_is_vec(t) ? tcg_const_wide(g, t, value[k].u64[0], value[k].u64[1])
                                        : tcg_const(g, t, value[k].u64[0]);
        } else {
            arg[k] = load(g, t, OFF(in[k]));
        }
    }
    if (f->op == OP_vmasked && tcg_op_def[f->imm & 0xff].args == 1) {
        arg[3] = arg[2];
        value[3] = value[2];
    }
    if (same) {
        arg[1] = arg[0];
        value[1] = value[0];
    }
    if (f->op == OP_vmasked) {                  /* a front end writes it so */
        r = tcg_emit(g, (TcgOpcode)(f->imm & 0xff), f->type, f->aux, f->imm >> 8, arg[2],
                     tcg_op_def[f->imm & 0xff].args == 2 ? arg[3] : TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
        r = tcg_vsel(g, f->type, f->aux, arg[0], r, arg[1]);
    } else {
        r = tcg_emit(g, f->op, f->type, f->aux, f->imm, arg[0], arg[1], arg[2], arg[3]);
    }
    store(g, r, OFF(out));
    for (unsigned i = 0; i < pressure; i++) {
        store(g, kept[i], OFF(kept[1][i]));
    }
    tcg_exit(g);
    engine_finish(e, &code);
    for (unsigned n = 0; n < 3; n++) {
        for (unsigned k = 0; k < args && n; k++) {
            if (!(consts >> k & 1)) {
                value[k] = operand(arg_type(f, k), false, seed);
            }
        }
        if (f->op == OP_vmasked && tcg_op_def[f->imm & 0xff].args == 1) {
            value[3] = value[2];
        }
        value[1] = same ? value[0] : value[1];
        memcpy(cpu->in, value, sizeof(value));
        for (unsigned i = 0; i < G_N_ELEMENTS(cpu->kept[0]); i++) {
            cpu->kept[0][i] = operand(kept_type(i), false, seed);
        }
        memset(&cpu->out, 0, sizeof(cpu->out));
        memset(cpu->kept[1], 0, sizeof(cpu->kept[1]));
        reference(f, value, &want);
        g_assert_cmphex(engine_run(e, &code, cpu), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
        if (memcmp(&cpu->out, &want, sizeof(want))) {
            GString *s = g_string_new(NULL);

            tcg_gen_dump(g, s);
            for (unsigned i = 0; i < 8; i++) {
                g_string_append_printf(s, "%016" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x\n", cpu->out.u64[i],
                                       want.u64[i]);
            }
            g_error("%s: %s type %u aux %u imm %lx consts %x: %s", e->name, tcg_op_def[f->op].name, f->type, f->aux,
                    (long)f->imm, consts, s->str);
        }
        for (unsigned i = 0; i < pressure; i++) {
            g_assert_cmpmem(&cpu->kept[1][i], sizeof(TcgWideVal), &cpu->kept[0][i], sizeof(TcgWideVal));
        }
    }
}

static uint64_t random_imm(TcgOpcode op, unsigned es, uint64_t *seed)
{
    switch (op) {
    case OP_vcmp: case OP_pcmp: return below(seed, TCG_NUM_CONDS);
    case OP_vshl: case OP_vror: return below(seed, 8u << es);
    case OP_vshr: case OP_vsar: return below(seed, (8u << es) + 1);
    case OP_vtern: return below(seed, 256);
    case OP_pnot: case OP_pwhile: return below(seed, 2) ? 1u << below(seed, 7) : 1 + below(seed, 64);
    default: return 0;
    }
}

/* All forms of an operation, with some of the immediate ones. */
static void run_op(Engine *e, TcgOpcode op, WideCpu *cpu, uint64_t *seed)
{
    static const TcgOpcode inner[] = {
        OP_vadd, OP_vsub, OP_vmul, OP_vneg, OP_vabs, OP_vand, OP_vandn, OP_vnot, OP_vsmin, OP_vumax, OP_vshl, OP_vshr,
        OP_vsar, OP_vsadds, OP_vusubs, OP_vcmp, OP_vpopcnt8, OP_vmulhs, OP_vmulrs,
    };
    bool lanes = tcg_op_lanewise(op), parts = op == OP_vlow || op == OP_vhigh || op == OP_vcat;

    for (unsigned i = 0; i < (lanes || parts ? 3 : 1); i++) {
        for (unsigned es = 0; es < (parts ? 1 : 4); es++) {
            Form f = { op, lanes || parts ? TCG_V128 + i : op == OP_pto ? TCG_I64 : TCG_PRED, es, 0 };

            if ((lanes && !(tcg_vec_sizes(op) >> es & 1)) || (op == OP_vpopcnt8 && es) || (op == OP_vcat && i == 0) ||
                ((op == OP_vlow || op == OP_vhigh) && i == 2) || (tcg_op_optional(op) && !tcg_has(e->gen, op, es))) {
                continue;
            }
            for (unsigned n = 0; n < (op == OP_vmasked ? 40 : 8); n++) {
                f.imm = random_imm(op, es, seed);
                if (op == OP_vmasked) {
                    TcgOpcode in = inner[below(seed, G_N_ELEMENTS(inner))];

                    if (!(tcg_vec_sizes(in) >> es & 1) || (in == OP_vpopcnt8 && es)) {
                        continue;
                    }
                    f.imm = tcg_masked_imm(in, random_imm(in, es, seed));
                }
                run_form(e, &f, cpu, seed);
            }
        }
    }
}

static bool is_here(const Engine *e)
{
    return tcg_has_type(e->gen, TCG_V512) && tcg_has_masked(e->gen);
}

static void test_ops(void)
{
    GPtrArray *all = engines_new(&test_layout);
    WideCpu *cpu = test_new0(WideCpu);
    uint64_t seed = 11;

    test_cpu_init(&cpu->cpu, 1);
    for (unsigned i = 0; i < all->len; i++) {
        Engine *e = all->pdata[i];

        for (TcgOpcode op = 0; op < TCG_NUM_OPS && is_here(e); op++) {
            if (tcg_op_lanewise(op) || (op >= OP_vlow && op <= OP_ptest)) {
                run_op(e, op, cpu, &seed);
            }
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- accesses --------------------------------------------------------------------------------------------------------- */

/* z0 = a load of lanes p0 at x0; lanes p1 of z1 are stored at x1; before and after, z2 and p2 change. */
static void build_access(Engine *e, TcgType t, unsigned es, bool masked, TcgCode *ret)
{
    TcgGen *g = engine_begin(e, OWNER);
    TcgVal x0, x1, v, z;
    MemOp mo = tcg_type_mo(t);

    tcg_insn_start(g, 0);
    tcg_set_reg(g, TEST_P0 + 2, tcg_pnot(g, tcg_get_reg(g, TEST_P0 + 2), 64));
    z = tcg_get_reg(g, TEST_Z0 + 2);
    tcg_set_reg(g, TEST_Z0 + 2, tcg_emit(g, OP_vadd, TCG_V512, 0, 0, z, z, TCG_NOVAL, TCG_NOVAL));
    tcg_insn_start(g, 4);
    x0 = tcg_get_reg(g, TEST_X0);
    v = masked ? tcg_guest_ldm(g, t, es, x0, tcg_get_reg(g, TEST_P0), mo) : tcg_guest_ld(g, t, x0, mo);
    tcg_st_env(g, v, mo, OFF(out));
    tcg_insn_start(g, 8);
    z = tcg_get_reg(g, TEST_Z0 + 1);
    for (TcgType is = TCG_V512; is > t; is--) {
        z = tcg_emit(g, OP_vlow, is - 1, 0, 0, z, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
    }
    x1 = tcg_get_reg(g, TEST_X0 + 1);
    tcg_set_reg(g, TEST_Z0 + 2, tcg_get_reg(g, TEST_Z0));       /* undone if that faults */
    if (masked) {
        tcg_guest_stm(g, es, x1, z, tcg_get_reg(g, TEST_P0 + 1), mo);
    } else {
        tcg_guest_st(g, x1, z, mo);
    }
    tcg_insn_start(g, 12);
    tcg_set_reg(g, TEST_X0 + 2, tcg_const(g, TCG_I64, 77));
    tcg_exit(g);
    engine_finish(e, ret);
}

/* Does what build_access's code does. Returns which of its two accesses fault, as bits. */
static unsigned model_access(WideCpu *c, TcgType t, unsigned es, bool masked)
{
    TestCpu *cpu = &c->cpu;
    unsigned size = tcg_type_size(t);
    uint8_t z[64];

    memcpy(z, cpu->z[2], 64);
    for (unsigned i = 0; i < 64; i++) {
        cpu->z[2][i] = (uint8_t)(2 * z[i]);
    }
    cpu->p[2] = ~cpu->p[2];
    for (unsigned i = 0; i < size; i++) {
        if ((!masked || has_lane(cpu->p[0], i, es)) && cpu->x[0] + i - TEST_MEM_BASE >= TEST_MEM_SIZE) {
            return 1;
        }
    }
    memset(&c->out, 0, sizeof(c->out));
    for (unsigned i = 0; i < size; i++) {
        if (!masked || has_lane(cpu->p[0], i, es)) {
            c->out.u8[i] = cpu->mem[cpu->x[0] + i - TEST_MEM_BASE];
        }
    }
    for (unsigned i = 0; i < size; i++) {
        if ((!masked || has_lane(cpu->p[1], i, es)) && cpu->x[1] + i - TEST_MEM_BASE >= TEST_MEM_SIZE) {
            return 2;
        }
    }
    for (unsigned i = 0; i < size; i++) {
        if (!masked || has_lane(cpu->p[1], i, es)) {
            cpu->mem[cpu->x[1] + i - TEST_MEM_BASE] = cpu->z[1][i];
        }
    }
    memcpy(cpu->z[2], cpu->z[0], 64);
    cpu->x[2] = 77;
    return 0;
}

/* Somewhere, often at the ends of a page or of all memory. */
static uint64_t some_address(uint64_t *seed)
{
    uint64_t near = TEST_MEM_BASE + ((uint64_t)below(seed, 1 + (TEST_MEM_SIZE >> TEST_PAGE_BITS)) << TEST_PAGE_BITS);

    return below(seed, 4) ? near + below(seed, 130) - 65 : TEST_MEM_BASE + below(seed, TEST_MEM_SIZE - 64);
}

static uint64_t some_lanes(uint64_t *seed)
{
    uint64_t r = test_rand_edge(seed);

    return below(seed, 3) ? tcg_lanes_mask(below(seed, 65)) << below(seed, 40) : r;
}

static void test_access(void)
{
    GPtrArray *all = engines_new(&test_layout);
    WideCpu *a = test_new0(WideCpu), *b = test_new0(WideCpu);
    uint64_t seed = 3;

    for (unsigned i = 0; i < all->len * 12; i++) {
        Engine *e = all->pdata[i / 12];
        TcgType t = TCG_V128 + i % 3;
        unsigned es = i % 4;
        bool masked = t == TCG_V128 || below(&seed, 3);
        TcgCode code;

        if (!is_here(e)) {
            continue;
        }
        build_access(e, t, es, masked, &code);
        for (unsigned n = 0; n < 60; n++) {
            GString *why = g_string_new(NULL);
            unsigned faults;
            uintptr_t left;

            test_cpu_init(&a->cpu, n);
            a->cpu.x[0] = some_address(&seed);
            a->cpu.x[1] = some_address(&seed);
            a->cpu.p[0] = some_lanes(&seed);
            a->cpu.p[1] = some_lanes(&seed);
            test_cpu_init(&b->cpu, n);
            memcpy(b->cpu.x, a->cpu.x, sizeof(a->cpu.x));
            memcpy(b->cpu.p, a->cpu.p, sizeof(a->cpu.p));
            if (n & 1) {
                test_cpu_fill_tlb(&b->cpu);
            }
            memset(&a->out, 0, sizeof(a->out));
            memset(&b->out, 0, sizeof(b->out));
            faults = model_access(a, t, es, masked);
            left = engine_run(e, &code, b);
            g_assert_cmphex(left, ==, (uintptr_t)OWNER | (faults ? TCG_EXIT_RAISED : TCG_EXIT_LOOKUP));
            a->cpu.pc += faults ? 4 * faults : 0;       /* else it says nothing of it */
            if (!test_cpu_equal(&a->cpu, &b->cpu, why) || memcmp(&a->out, &b->out, sizeof(a->out))) {
                g_error("%s: type %u es %u masked %d run %u: %s", e->name, t, es, masked, n, why->str);
            }
            g_string_free(why, TRUE);
        }
    }
    g_aligned_free(a);
    g_aligned_free(b);
    g_ptr_array_unref(all);
}

/* -- what the host refuses ---------------------------------------------------------------------------------------- */

static struct {
    const TcgBackend *be;
    const TcgCodeBuf *buf;
    unsigned hits;
} refused;

static void on_fault(int sig, siginfo_t *info, void *context)
{
#ifdef __x86_64__
    greg_t *pc = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    const void *to = tcg_fault_resume(refused.be, refused.buf, (const void *)*pc);

    refused.hits++;
    if (to) {
        *pc = (greg_t)to;
        return;
    }
#endif
    abort();
}

static void refuse_ldv(CPUState *cs, vaddr addr, void *ret, MemOp mo, uint64_t bytes, const void *map)
{
    ((TestCpu *)cs)->seen[0] = bytes;
    ((TestCpu *)cs)->raised = 1;
}

static void refuse_stv(CPUState *cs, vaddr addr, const void *value, MemOp mo, uint64_t bytes, const void *map)
{
    ((TestCpu *)cs)->seen[1] = bytes;
    ((TestCpu *)cs)->raised = 1;
}

/* Of the direct layout: a page, and behind it none. Lanes there that are not set do not fault. */
static void test_refused(void)
{
    static const TcgMemOps ops = { .ldv = refuse_ldv, .stv = refuse_stv };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct sigaction act = { .sa_flags = SA_SIGINFO | SA_NODEFER, .sa_sigaction = on_fault }, old;
    TcgLayout layout = test_layout_direct;
    GPtrArray *all;
    WideCpu *cpu = test_new0(WideCpu);
    uint8_t *host = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t seed = 9;

    g_assert_true(host != MAP_FAILED && mprotect(host + page, page, PROT_NONE) == 0);
    layout.mem = &ops;
    all = engines_new(&layout);
    sigaction(SIGSEGV, &act, &old);
    for (unsigned i = 0; i < all->len * 12; i++) {
        Engine *e = all->pdata[i / 12];
        TcgType t = TCG_V128 + i % 3;
        unsigned es = i % 4, size = tcg_type_size(t);
        TcgCode code;

        if (!is_here(e) || !tcg_backend_has_faults(&e->be)) {
            continue;
        }
        build_access(e, t, es, true, &code);
        refused.be = &e->be;
        refused.buf = e->buf;
        for (unsigned n = 0; n < 40; n++) {
            unsigned in = below(&seed, size + 1), inside[2] = { 0 }, outside[2] = { 0 };
            uintptr_t left;

            test_cpu_init(&cpu->cpu, n);
            cpu->cpu.direct_base = (uintptr_t)host - TEST_MEM_BASE;
            cpu->cpu.x[0] = cpu->cpu.x[1] = TEST_MEM_BASE + page - in;
            cpu->cpu.p[0] = some_lanes(&seed);
            cpu->cpu.p[1] = some_lanes(&seed);
            memset(host + page - 64, 0x5a, 64);
            for (unsigned k = 0; k < 2 * size; k++) {
                unsigned byte = k % size;

                if (has_lane(cpu->cpu.p[k / size], byte, es)) {
                    (byte < in ? inside : outside)[k / size]++;
                }
            }
            left = engine_run(e, &code, cpu);
            g_assert_cmphex(left, ==, (uintptr_t)OWNER | (outside[0] || outside[1] ? TCG_EXIT_RAISED : TCG_EXIT_LOOKUP));
            if (outside[0] || outside[1]) {
                unsigned which = outside[0] ? 0 : 1;

                g_assert_cmpint(__builtin_popcountll(cpu->cpu.seen[which]), ==, inside[which] + outside[which]);
            }
            for (unsigned k = 0; k < in && outside[1]; k++) {           /* none of it was stored */
                g_assert_cmphex(host[page - in + k], ==, 0x5a);
            }
            for (unsigned k = 0; k < in && !outside[0] && !outside[1]; k++) {
                g_assert_cmphex(host[page - in + k], ==, has_lane(cpu->cpu.p[1], k, es) ? cpu->cpu.z[1][k] : 0x5a);
            }
        }
    }
    sigaction(SIGSEGV, &old, NULL);
    g_test_message("%u faults of the host", refused.hits);
    munmap(host, 2 * page);
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- calls, parts ------------------------------------------------------------------------------------------------- */

static void test_calls(void)
{
    GPtrArray *all = engines_new(&test_layout);
    WideCpu *cpu = test_new0(WideCpu);
    uint64_t seed = 5;

    for (unsigned i = 0; i < all->len * 8; i++) {
        Engine *e = all->pdata[i / 8];
        TcgVal arg[3], kept;
        TcgGen *g;
        TcgCode code;

        if (!is_here(e)) {
            continue;
        }
        g = engine_begin(e, OWNER);
        tcg_insn_start(g, 0);
        kept = tcg_get_reg(g, TEST_Z0 + 1);
        arg[0] = i & 1 ? tcg_const_wide(g, TCG_V512, 3, 4) : tcg_get_reg(g, TEST_Z0);
        arg[1] = tcg_const(g, TCG_I64, 5);
        arg[2] = i & 2 ? tcg_const_wide(g, TCG_V256, 1, 2) : tcg_get_reg(g, TEST_Y0);
        tcg_set_reg(g, TEST_Z0, tcg_call(g, &test_helpers[TEST_H_WIDE], arg));
        tcg_set_reg(g, TEST_Z0 + 2, kept);
        tcg_exit(g);
        engine_finish(e, &code);
        test_cpu_init(&cpu->cpu, test_rand(&seed));
        for (unsigned k = 0; k < 8; k++) {
            cpu->kept[0][0].u64[k] = 5 + (k < 4 ? (i & 2 ? 1 + (k & 1) : ldq_le_p(cpu->cpu.y[0] + 8 * k))
                                                : (i & 1 ? 3 + (k & 1) : ldq_le_p(cpu->cpu.z[0] + 8 * k)));
        }
        engine_run(e, &code, cpu);
        g_assert_cmpmem(cpu->cpu.z[0], 64, &cpu->kept[0][0], 64);
        g_assert_cmpmem(cpu->cpu.z[2], 64, cpu->cpu.z[1], 64);
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* A vector of any width, in parts: a loop's body as a front end would write it. */
static void test_parts(void)
{
    static const unsigned widths[] = { 16, 32, 48, 64, 80, 128, 256 };
    GPtrArray *all = engines_new(&test_layout);
    WideCpu *cpu = test_new0(WideCpu);
    uint64_t seed = 5;

    for (unsigned i = 0; i < all->len * G_N_ELEMENTS(widths); i++) {
        Engine *e = all->pdata[i / G_N_ELEMENTS(widths)];
        unsigned bytes = widths[i % G_N_ELEMENTS(widths)], es = i % 4, lanes = bytes >> es, count;
        TcgVec a, b, p;
        TcgVal words[4];
        uint8_t want[256];
        TcgGen *g;
        TcgCode code;

        if (!tcg_has_type(e->gen, TCG_PRED)) {
            continue;
        }
        g = engine_begin(e, OWNER);
        tcg_insn_start(g, 0);
        a = tcg_vecs_ld_env(g, bytes, OFF(kept[0][0]));
        b = tcg_vecs_ld_env(g, bytes, OFF(kept[0][8]));
        p = tcg_vecs_while(g, bytes, es, tcg_get_reg(g, TEST_X0));
        tcg_vecs_pred_words(g, bytes, es, &p, words);
        p = tcg_vecs_pred(g, bytes, es, words);
        b = tcg_vecs(g, OP_vadd, es, 0, &a, &b, NULL);
        b = tcg_vecs(g, OP_vsel, es, 0, &p, &b, &a);
        tcg_vecs_st_env(g, &b, OFF(kept[1][0]));
        tcg_exit(g);
        engine_finish(e, &code);
        for (unsigned n = 0; n < 10; n++) {
            uint8_t *x = cpu->kept[0][0].u8, *y = cpu->kept[0][8].u8;

            for (unsigned k = 0; k < 256; k++) {
                x[k] = (uint8_t)test_rand(&seed);
                y[k] = (uint8_t)test_rand(&seed);
            }
            count = n == 0 ? UINT32_MAX : below(&seed, lanes + 2);
            cpu->cpu.x[0] = n == 0 ? UINT64_MAX : count;
            for (unsigned k = 0; k < lanes; k++) {
                uint64_t u = 0, v = 0;

                memcpy(&u, x + (k << es), 1u << es);
                memcpy(&v, y + (k << es), 1u << es);
                u += k < count ? v : 0;
                memcpy(want + (k << es), &u, 1u << es);
            }
            engine_run(e, &code, cpu);
            g_assert_cmpmem(cpu->kept[1][0].u8, bytes, want, bytes);
        }
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}

/* -- upper halves ------------------------------------------------------------------------------------------------- */

#ifdef __x86_64__
/* Whether the host says that upper halves of YMM0-15 are in use: what makes it slow to mix kinds of instructions. */
static bool upper_halves_in_use(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(1));
    return lo & 4;
}

static uint64_t helper_upper(CPUState *cs)
{
    TestCpu *cpu = (TestCpu *)cs;

    cpu->seen[0]++;
    cpu->seen[1] += upper_halves_in_use();
    return 0;
}

/* C is never called with upper halves in use, nor does code leave with them. */
static void test_upper(void)
{
    static const TcgHelper upper = { "upper", helper_upper, 0, TCG_I64, .reads = HREGS_ALL };
    GPtrArray *all = engines_new(&test_layout);
    WideCpu *cpu = test_new0(WideCpu);
    unsigned a = 0, b, c, d;

    if (!__get_cpuid_count(13, 1, &a, &b, &c, &d) || !(a & 4)) {
        g_test_skip("the host does not say what is in use");
        all->len = 0;
    }
    for (unsigned i = 0; i < all->len; i++) {
        Engine *e = all->pdata[i];
        TcgVal v, w, p;
        TcgGen *g;
        TcgCode code;

        if (!is_here(e) || strcmp(e->be.name, "tcg")) {
            continue;
        }
        g = engine_begin(e, OWNER);
        tcg_insn_start(g, 0);
        p = tcg_get_reg(g, TEST_P0);
        v = tcg_get_reg(g, TEST_V0);
        for (TcgType t = TCG_V128; t < TCG_V512; t++) {
            v = tcg_emit(g, OP_vadd, t, 2, 0, v, v, TCG_NOVAL, TCG_NOVAL);
            v = tcg_emit(g, OP_vcat, t + 1, 0, 0, v, v, TCG_NOVAL, TCG_NOVAL);
            w = tcg_emit(g, OP_vcmp, t + 1, 1, COND_GT, v, tcg_const(g, t + 1, 0), TCG_NOVAL, TCG_NOVAL);
            v = tcg_vsel(g, t + 1, 2, p, v, w);
        }
        tcg_set_reg(g, TEST_Z0, v);
        tcg_set_reg(g, TEST_X0, tcg_call(g, &upper, NULL));
        for (TcgType t = TCG_V512; t > TCG_V128; t--) {
            v = tcg_emit(g, OP_vhigh, t - 1, 0, 0, v, TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
        }
        tcg_set_reg(g, TEST_V0, tcg_vec2(g, OP_vumaxp, 0, v, v, 0));
        tcg_set_reg(g, TEST_X0 + 1, tcg_call(g, &upper, NULL));
        tcg_exit(g);
        engine_finish(e, &code);
        test_cpu_init(&cpu->cpu, 3);
        __asm__ volatile("vzeroupper" ::: "xmm0");
        if (upper_halves_in_use()) {
            continue;                           /* it says so whatever is in them */
        }
        engine_run(e, &code, cpu);
        g_assert_false(upper_halves_in_use());
        g_assert_cmpint((int)cpu->cpu.seen[0], ==, 2);
        g_assert_cmpint((int)cpu->cpu.seen[1], ==, 0);
    }
    g_aligned_free(cpu);
    g_ptr_array_unref(all);
}
#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/wide/ops", test_ops);
    g_test_add_func("/tcg/wide/access", test_access);
    g_test_add_func("/tcg/wide/refused", test_refused);
    g_test_add_func("/tcg/wide/calls", test_calls);
    g_test_add_func("/tcg/wide/parts", test_parts);
#ifdef __x86_64__
    g_test_add_func("/tcg/wide/upper-halves", test_upper);
#endif
    return g_test_run();
}
