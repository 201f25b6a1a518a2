/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random guest programs with loops, translated as one region on each engine, against the same program run one
 * instruction at a time with every register written back. Compared: registers, memory, the accesses in their order;
 * at the end, after a fault at each access in turn, and after leaving at a poll.
 */
#include <string.h>
#include "core/tcg/tests/optest.h"

enum { MAX_INSNS = 48, BASE_PC = 0x400000, LOOP_REG = 7 };
#define OWNER ((void *)0x7000)

typedef enum Kind {
    K_ALU, K_ALU32, K_ALUI, K_ALUS, K_CMP, K_CSEL, K_FLAGS, K_VEC, K_TO_VEC, K_FROM_VEC,
    K_LD, K_LDP, K_LD_WB, K_LDV, K_ST, K_STP, K_STV, K_RMW, K_CAS, K_CALL, K_BRANCH, K_LOOP, K_LEAVE, K_NUM,
} Kind;

typedef struct PInsn {
    Kind kind;
    unsigned d, n, m, aux;
    uint64_t imm;
    unsigned target;
} PInsn;

typedef struct Program {
    PInsn insn[MAX_INSNS];
    unsigned num;
    bool is_target[MAX_INSNS + 1], is_loop[MAX_INSNS + 1];
    TcgCode step[MAX_INSNS];
} Program;

static void make_program(Program *p, unsigned num, uint64_t *seed)
{
    static const uint8_t likely[] = {
        K_ALU, K_ALU, K_ALU, K_ALU32, K_ALUI, K_ALUS, K_ALUS, K_CMP, K_CSEL, K_FLAGS, K_VEC, K_VEC, K_TO_VEC, K_FROM_VEC, K_LD,
        K_LD, K_LDP, K_LD_WB, K_LDV, K_ST, K_STP, K_STV, K_RMW, K_CAS, K_CALL, K_CALL, K_BRANCH, K_BRANCH, K_LOOP, K_LOOP, K_LEAVE,
    };

    memset(p, 0, sizeof(*p));
    p->num = num;
    for (unsigned i = 0; i < num; i++) {
        PInsn *n = &p->insn[i];

        n->kind = likely[test_rand(seed) % sizeof(likely)];
        n->d = test_rand(seed) % 7;
        n->n = test_rand(seed) % 8;
        n->m = test_rand(seed) % 8;
        n->aux = (unsigned)test_rand(seed);
        n->imm = test_rand_edge(seed);
        if (n->kind == K_LOOP) {
            n->target = (unsigned)(test_rand(seed) % (i + 1));
            p->is_loop[n->target] = true;
        } else {
            n->target = i + 1 + (unsigned)(test_rand(seed) % (num - i));
        }
        if (n->kind == K_LOOP || n->kind == K_BRANCH) {
            p->is_target[n->target] = true;
            p->is_target[i + 1] = true;
        }
    }
}

static TcgVal reg(TcgGen *g, unsigned n)
{
    return tcg_get_reg(g, TEST_X0 + n);
}

static void set(TcgGen *g, unsigned n, TcgVal v)
{
    tcg_set_reg(g, TEST_X0 + n, v);
}

static TcgVal vreg(TcgGen *g, unsigned n)
{
    return tcg_get_reg(g, TEST_V0 + n % 4);
}

static TcgVal address(TcgGen *g, unsigned n)
{
    return tcg_addi(g, TCG_I64, tcg_andi(g, TCG_I64, reg(g, n), TEST_MEM_SIZE / 2 - 1), TEST_MEM_BASE);
}

static TcgVal binary(TcgGen *g, unsigned aux, TcgType t, TcgVal a, TcgVal b)
{
    static const uint8_t ops[] = { OP_add, OP_sub, OP_and, OP_or, OP_xor, OP_andn, OP_mul, OP_shl, OP_shr, OP_sar, OP_ror, OP_divu,
                                   OP_divs, OP_mulhu, OP_mulhs, OP_orn };

    return tcg_emit(g, ops[aux % sizeof(ops)], t, 0, 0, a, b, TCG_NOVAL, TCG_NOVAL);
}

static void gen_call(TcgGen *g, const PInsn *i)
{
    static const uint8_t which[] = { TEST_H_PURE3, TEST_H_ADD32, TEST_H_SIX, TEST_H_PEEK, TEST_H_POKE, TEST_H_LISTED,
                                     TEST_H_MAY_RAISE, TEST_H_MAY_RAISE_ALL, TEST_H_VADD, TEST_H_SEE_V };
    static const uint16_t x1[] = { TEST_X0 + 1 }, x2[] = { TEST_X0 + 2 };
    const TcgHelper *h = &test_helpers[which[i->aux % sizeof(which)]];
    TcgVal arg[6], r;

    for (unsigned k = 0; k < h->num_args; k++) {
        switch (h->args[k]) {
        case TCG_V128:
            arg[k] = vreg(g, i->n + k);
            break;
        case TCG_I64:
            /* an odd argument makes may_raise raise: that is for raise_after to decide */
            arg[k] = k == 3 ? tcg_const(g, TCG_I64, i->imm) : tcg_shli(g, TCG_I64, reg(g, (i->n + k) % 8), 1);
            break;
        default:
            arg[k] = tcg_trunc(g, reg(g, (i->n + k) % 8));
        }
    }
    /* a write of the same instruction that a fault must undo */
    if (!(i->aux & 0x100)) {
        set(g, (i->d + 1) % 7, tcg_not(g, TCG_I64, reg(g, i->m)));
    }
    r = h->writes == HREGS_LISTED ? tcg_call_regs(g, h, arg, x1, 1, x2, 1) : tcg_call(g, h, arg);
    if (h->ret == TCG_I64) {
        set(g, i->d, r);
    } else if (h->ret == TCG_I32) {
        set(g, i->d, tcg_zext(g, r));
    } else if (h->ret == TCG_V128) {
        tcg_set_reg(g, TEST_V0 + i->d % 4, r);
    }
}

/* All but control flow. */
static void gen_plain(TcgGen *g, const PInsn *i)
{
    static const TcgOpcode vec_ops[] = { OP_vadd, OP_vsub, OP_vxor, OP_vand, OP_vandn, OP_vsmax, OP_vumin, OP_vcmp, OP_vzip1,
                                         OP_vuzp2, OP_vsadds, OP_vbitsel };
    unsigned es = i->aux >> 8 & 3, size = i->aux >> 4 & 3;
    TcgType t = i->aux & 8 ? TCG_I64 : TCG_I32;
    MemOp mo = size | (i->aux & 0x1000 ? MO_SIGN : 0) | (i->aux & 0xe000 ? 0 : MO_BE);
    TcgVal a, b;

    switch (i->kind) {
    case K_ALU:
        set(g, i->d, binary(g, i->aux, TCG_I64, reg(g, i->n), reg(g, i->m)));
        break;
    case K_ALU32:
        set(g, i->d, tcg_zext(g, binary(g, i->aux, TCG_I32, tcg_trunc(g, reg(g, i->n)), tcg_trunc(g, reg(g, i->m)))));
        break;
    case K_ALUI:
        set(g, i->d, binary(g, i->aux, TCG_I64, reg(g, i->n), tcg_const(g, TCG_I64, i->imm)));
        break;
    case K_ALUS:
        a = reg(g, i->n);
        b = i->aux & 16 ? tcg_const(g, TCG_I64, i->imm) : reg(g, i->m);
        tcg_set_reg(g, TEST_NZCV, i->aux & 32 ? tcg_flags_add(g, TCG_I64, a, b) : tcg_flags_sub(g, TCG_I64, a, b));
        set(g, i->d, i->aux & 32 ? tcg_add(g, TCG_I64, a, b) : tcg_sub(g, TCG_I64, a, b));
        break;
    case K_CMP:
        a = tcg_trunc(g, reg(g, i->n));
        tcg_set_reg(g, TEST_NZCV, i->aux & 16 ? tcg_flags_logic(g, TCG_I32, a)
                                              : tcg_flags_sub(g, TCG_I32, a, tcg_const(g, TCG_I32, i->imm)));
        break;
    case K_CSEL:
        set(g, i->d, tcg_select_fc(g, TCG_I64, i->aux & 15, tcg_get_reg(g, TEST_NZCV), reg(g, i->n), reg(g, i->m)));
        break;
    case K_FLAGS:
        set(g, i->d, tcg_zext(g, tcg_flags_cond(g, i->aux & 15, tcg_get_reg(g, TEST_NZCV))));
        break;
    case K_VEC: {
        TcgOpcode op = vec_ops[i->aux % G_N_ELEMENTS(vec_ops)];

        if (op == OP_vsadds) {
            es &= 1;
        }
        a = tcg_emit(g, op, TCG_V128, es, op == OP_vcmp ? i->aux >> 16 & 7 : 0, vreg(g, i->n), vreg(g, i->m),
                     op == OP_vbitsel ? vreg(g, i->d + 1) : TCG_NOVAL, TCG_NOVAL);
        tcg_set_reg(g, TEST_V0 + i->d % 4, a);
        break;
    }
    case K_TO_VEC:
        a = i->aux & 16 ? tcg_emit(g, OP_vpair, TCG_V128, 0, 0, reg(g, i->n), reg(g, i->m), TCG_NOVAL, TCG_NOVAL)
                        : tcg_emit(g, OP_vdup, TCG_V128, 3, 0, reg(g, i->n), TCG_NOVAL, TCG_NOVAL, TCG_NOVAL);
        tcg_set_reg(g, TEST_V0 + i->d % 4, a);
        break;
    case K_FROM_VEC:
        set(g, i->d, tcg_vget(g, 3, vreg(g, i->n), i->aux & 1));
        break;
    case K_LD:
        if (t == TCG_I32) {
            mo = (mo & ~MO_SIZE) | MIN(size, MO_32);
            set(g, i->d, tcg_zext(g, tcg_guest_ld(g, TCG_I32, address(g, i->n), mo)));
        } else {
            set(g, i->d, tcg_guest_ld(g, TCG_I64, address(g, i->n), mo));
        }
        break;
    case K_LDP:
        /* the first result may be the base of the second: a fault there must find the old one */
        a = address(g, i->n);
        set(g, i->d, tcg_guest_ld(g, TCG_I64, a, MO_64));
        set(g, (i->d + 1) % 7, tcg_guest_ld(g, TCG_I64, tcg_addi(g, TCG_I64, a, 8), MO_64));
        break;
    case K_LD_WB:
        a = address(g, i->n);
        set(g, i->m % 7, tcg_addi(g, TCG_I64, reg(g, i->m % 7), i->imm));
        tcg_set_reg(g, TEST_NZCV, tcg_flags_sub(g, TCG_I64, a, reg(g, i->m % 7)));
        set(g, i->d, tcg_guest_ld(g, TCG_I64, a, mo));
        break;
    case K_LDV:
        tcg_set_reg(g, TEST_V0 + i->d % 4, tcg_guest_ld(g, TCG_V128, address(g, i->n), MO_128));
        break;
    case K_ST:
        tcg_guest_st(g, address(g, i->n), i->aux & 0x10000 ? tcg_const(g, TCG_I64, i->imm) : reg(g, i->m), mo & ~MO_SIGN);
        break;
    case K_STP:
        a = address(g, i->n);
        tcg_guest_st(g, a, tcg_trunc(g, reg(g, i->m)), MO_32);
        set(g, i->d, tcg_addi(g, TCG_I64, reg(g, i->d), 4));
        tcg_guest_st(g, tcg_addi(g, TCG_I64, a, 4), reg(g, i->d), MO_64);
        break;
    case K_STV:
        tcg_guest_st(g, address(g, i->n), vreg(g, i->m), MO_128);
        break;
    case K_RMW:
        a = tcg_andi(g, TCG_I64, address(g, i->n), -(UINT64_C(1) << size));
        set(g, i->d, tcg_guest_rmw(g, TCG_I64, i->aux % TCG_NUM_RMWS, a, reg(g, i->m), size | MO_ALIGN_NATURAL | MO_ACQ_REL));
        break;
    case K_CAS:
        a = tcg_andi(g, TCG_I64, address(g, i->n), -(UINT64_C(1) << size));
        set(g, i->d, tcg_guest_cas(g, TCG_I64, a, reg(g, i->d), reg(g, i->m), size | MO_ALIGN_NATURAL));
        break;
    case K_CALL:
        gen_call(g, i);
        break;
    default:
        g_assert_not_reached();
    }
}

/* Compares as the instruction says and branches. */
static void gen_branch(TcgGen *g, const PInsn *i, TcgBlockRef yes, TcgBlockRef no)
{
    if (i->kind == K_LOOP) {
        TcgVal left = tcg_subi(g, TCG_I64, reg(g, LOOP_REG), 1);

        set(g, LOOP_REG, left);
        tcg_brcond(g, TCG_I64, COND_GT, left, tcg_const(g, TCG_I64, 0), yes, no);
    } else if (i->aux & 1) {
        tcg_brflag(g, i->aux >> 4 & 15, tcg_get_reg(g, TEST_NZCV), yes, no);
    } else {
        tcg_brcond(g, TCG_I64, (i->aux >> 4) % TCG_NUM_CONDS, reg(g, i->n), reg(g, i->m), yes, no);
    }
}

static void gen_leave(TcgGen *g, unsigned from, unsigned to)
{
    tcg_set_reg(g, TEST_PC, tcg_pc(g, 4 * ((int64_t)to - from)));
    tcg_exit(g);
}

/* One instruction as a region. */
static void gen_step(Engine *e, Program *p, unsigned i)
{
    TcgGen *g = engine_begin(e, OWNER);
    const PInsn *n = &p->insn[i];

    tcg_insn_start(g, 0);
    if (n->kind == K_BRANCH || n->kind == K_LOOP || n->kind == K_LEAVE) {
        TcgBlockRef yes = tcg_block(g), no = tcg_block(g);

        gen_branch(g, n, yes, no);
        tcg_block_start(g, yes);
        gen_leave(g, i, n->target);
        tcg_block_start(g, no);
    } else {
        gen_plain(g, n);
    }
    gen_leave(g, i, i + 1);
    engine_finish(e, &p->step[i]);
}

static void gen_region(Engine *e, const Program *p, TcgCode *ret)
{
    TcgGen *g = engine_begin(e, OWNER);
    TcgBlockRef block[MAX_INSNS + 1];

    for (unsigned i = 0; i <= p->num; i++) {
        block[i] = tcg_block(g);
    }
    tcg_br(g, block[0]);
    tcg_block_start(g, block[0]);
    for (unsigned i = 0; i < p->num; i++) {
        const PInsn *n = &p->insn[i];

        if (p->is_target[i] && i) {
            tcg_block_start(g, block[i]);
        }
        tcg_insn_start(g, 4 * i);
        if (p->is_loop[i]) {
            tcg_poll(g);
        }
        switch (n->kind) {
        case K_BRANCH: case K_LOOP:
            gen_branch(g, n, block[n->target], block[i + 1]);
            break;
        case K_LEAVE: {
            TcgBlockRef out = tcg_block(g), on = tcg_block(g);

            gen_branch(g, n, out, on);
            tcg_block_start(g, out);
            gen_leave(g, 0, n->target);
            tcg_block_start(g, on);
            break;
        }
        default:
            gen_plain(g, n);
        }
    }
    tcg_block_start(g, block[p->num]);
    gen_leave(g, 0, p->num);
    engine_finish(e, ret);
}

/* One instruction after the other, until the end or a fault. */
static void run_steps(Engine *e, const Program *p, TestCpu *cpu)
{
    while (cpu->pc != BASE_PC + 4 * p->num && !cpu->raised) {
        unsigned i = (unsigned)(cpu->pc - BASE_PC) / 4;

        g_assert_cmpuint(i, <, p->num);
        engine_run(e, &p->step[i], cpu);
    }
}

static void init(TestCpu *cpu, uint64_t seed, bool fill, unsigned raise_after, int32_t poll)
{
    test_cpu_init(cpu, seed);
    cpu->pc = BASE_PC;
    cpu->x[LOOP_REG] = 1 + seed % 6;
    cpu->raise_after = raise_after;
    cpu->poll = poll;
    if (fill) {
        test_cpu_fill_tlb(cpu);
    }
}

static void compare(const Engine *e, const TestCpu *want, const TestCpu *got, const char *what, uint64_t seed)
{
    GString *why = g_string_new(NULL);
    bool same = test_cpu_equal(want, got, why);

    if (same && (want->num_log != got->num_log || memcmp(want->log, got->log, sizeof(want->log)))) {
        g_string_assign(why, "the accesses are not the same");
        same = false;
    }
    if (same && want->num_calls != got->num_calls) {
        g_string_assign(why, "the number of calls is not the same");
        same = false;
    }
    if (!same) {
        g_error("%s, program %lu, %s: %s", e->name, (long)seed, what, why->str);
    }
    g_string_free(why, TRUE);
}

static void run_programs(const TcgLayout *layout, unsigned count, unsigned num, uint64_t first)
{
    GPtrArray *all = engines_new(layout);
    Engine *stepper = all->pdata[1];
    TestCpu *want = test_new0(TestCpu), *got = test_new0(TestCpu);
    Program *p = g_new0(Program, 1);
    unsigned faults = 0, polls = 0;

    g_assert_true(stepper->config.naive);
    for (uint64_t n = first; n < first + count; n++) {
        uint64_t seed = n;

        make_program(p, 3 + (unsigned)(n % (num - 2)), &seed);
        for (unsigned i = 0; i < p->num; i++) {
            gen_step(stepper, p, i);
        }
        for (unsigned k = 0; k < all->len; k++) {
            Engine *e = all->pdata[k];
            bool raised = true;
            TcgCode code;

            /* the modes without one host extension take turns */
            if (k == 1 || (k > 3 && k != 4 + n % (all->len - 4))) {
                continue;
            }
            gen_region(e, p, &code);
            for (unsigned fill = 0; fill < 2; fill++) {
                init(want, n, fill, 0, INT32_MAX);
                init(got, n, fill, 0, INT32_MAX);
                run_steps(stepper, p, want);
                g_assert_cmphex(engine_run(e, &code, got), ==, (uintptr_t)OWNER | TCG_EXIT_LOOKUP);
                run_steps(stepper, p, got);
                if (fill) {
                    want->num_log = got->num_log;
                    memcpy(want->log, got->log, sizeof(want->log));
                }
                compare(e, want, got, fill ? "to the end" : "to the end by slow paths", n);
            }
            for (unsigned at = 1; raised; at++) {
                uintptr_t how;

                init(want, n, false, at, INT32_MAX);
                init(got, n, false, at, INT32_MAX);
                run_steps(stepper, p, want);
                raised = want->raised;
                how = engine_run(e, &code, got);
                if (!got->raised) {
                    run_steps(stepper, p, got);
                } else {
                    g_assert_cmphex(how, ==, (uintptr_t)OWNER | TCG_EXIT_RAISED);
                    faults++;
                }
                g_assert_cmpuint(want->raised, ==, got->raised);
                compare(e, want, got, "after a fault", n);
            }
            for (int32_t budget = layout->counted ? 200 : 0; budget >= 0; budget -= 37) {
                init(got, n, false, 0, layout->counted ? budget : -1);
                if (engine_run(e, &code, got) == ((uintptr_t)OWNER | TCG_EXIT_POLL)) {
                    polls++;
                }
                run_steps(stepper, p, got);
                init(want, n, false, 0, 0);
                run_steps(stepper, p, want);
                compare(e, want, got, "left at a poll", n);
            }
        }
        if (tcg_codebuf_used(stepper->buf) > tcg_codebuf_size(stepper->buf) / 2) {
            tcg_codebuf_reset(stepper->buf);
        }
    }
    g_test_message("%u faults, %u polls", faults, polls);
    g_assert_cmpuint(faults, >, count);
    g_assert_cmpuint(polls, >, count / 4);
    g_free(p);
    g_aligned_free(want);
    g_aligned_free(got);
    g_ptr_array_unref(all);
}

static void test_programs(const void *data)
{
    run_programs(&test_layout, GPOINTER_TO_UINT(data) ? 20000 : 100, MAX_INSNS, 0);
}

static void test_counted(const void *data)
{
    run_programs(&test_layout_counted, GPOINTER_TO_UINT(data) ? 5000 : 40, MAX_INSNS, 1000000);
}

int main(int argc, char **argv)
{
    gpointer long_run;

    g_test_init(&argc, &argv, NULL);
    long_run = GUINT_TO_POINTER(argc > 1 && strcmp(argv[1], "long") == 0);
    g_test_add_data_func("/tcg/regions/programs", long_run, test_programs);
    g_test_add_data_func("/tcg/regions/counted", long_run, test_counted);
    return g_test_run();
}
