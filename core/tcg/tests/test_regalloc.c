/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The register allocator on random regions, for made-up hosts with few or many registers and awkward instructions:
 * two-address, fixed registers, scratch registers, immediates, memory operands. tcg_regalloc_check proves each result.
 */
#include <string.h>
#include <time.h>
#include "core/tcg/backend.h"
#include "core/tcg/tests/randfn.h"

#define VEC(set) ((uint64_t)(set) << 32)

/* What an op wants is drawn from a hash of the op and the host's number; the same every time. */
static void odd_constraints(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    uint64_t h = (be->features + 1) * 0x9e3779b97f4a7c15ull ^ (n->op * 8u + n->type) * 0xd1b54a32d192ed03ull;
    TcgRegSet used = 0;
    unsigned args = tcg_op_def[n->op].args;

    h = test_rand(&h);
    for (unsigned k = 0; k < args; k++) {
        TcgRegSet all = be->allocatable & tcg_regs_of(tcg_arg_type(fn, n, k));

        ret->arg[k] = all;
        ret->arg_const[k] = h >> k & 1;
        ret->arg_slot[k] = h >> (4 + k) & 1;
    }
    if (tcg_op_def[n->op].results && n->type != TCG_VOID) {
        ret->out = be->allocatable & tcg_regs_of(node_type(n));
    }
    if (n->op == OP_br) {
        return;                                 /* the copies for the edge stand before it */
    }
    if (n->op == OP_call) {
        ret->clobbers = be->allocatable & ~be->callee_saved;
        if (h & 0x100) {
            ret->out &= ret->clobbers;
        }
        return;
    }
    switch (h >> 8 & 7) {
    case 0:                                     /* as a division: argument 0 and the result in one, one more destroyed */
        if (args && args <= 2 && tcg_arg_type(fn, n, 0) != TCG_V128 && node_type(n) != TCG_V128) {
            ret->arg[0] = ret->out & 1;
            ret->arg_const[0] = ret->arg_slot[0] = false;
            if (ret->out) {
                ret->out = 1;
                ret->out_same_as = 0;
            } else {
                ret->arg[0] = 1;
            }
            ret->clobbers = 4;
            for (unsigned k = 1; k < args; k++) {
                ret->arg[k] &= ~(TcgRegSet)5;
            }
        }
        break;
    case 1:                                     /* as a shift: the last argument fixed */
        if (args >= 2 && tcg_arg_type(fn, n, args - 1) != TCG_V128) {
            ret->arg[args - 1] = 2;
            for (unsigned k = 0; k < args - 1; k++) {
                ret->arg[k] &= ~(TcgRegSet)2;
            }
        }
        if (ret->out && args && tcg_arg_type(fn, n, 0) == node_type(n)) {
            ret->out_same_as = 0;
            ret->out &= ~(TcgRegSet)2;
        }
        break;
    case 2: case 3:                             /* two-address */
        if (ret->out && args && tcg_arg_type(fn, n, 0) == node_type(n)) {
            ret->out_same_as = 0;
            ret->arg_const[0] = ret->arg_const[0] && (h & 0x1000);
            ret->arg_slot[0] = false;
        }
        break;
    case 4:
        ret->out_early = true;
        break;
    case 5:                                     /* a scratch register of each class */
        used = 1 | VEC(1);
        ret->clobbers = used;
        for (unsigned k = 0; k < args; k++) {
            ret->arg[k] &= ~used;
        }
        ret->out &= ~used;
        break;
    default:
        break;
    }
}

static bool has_all(const TcgBackend *be, const TcgNode *n)
{
    return true;
}

static TcgBackend host(unsigned ints, unsigned vecs, unsigned saved, uint64_t seed)
{
    TcgRegSet i = (UINT64_C(1) << ints) - 1, v = (UINT64_C(1) << vecs) - 1;

    return (TcgBackend) {
        .name = "odd", .allocatable = i | VEC(v), .callee_saved = i & ~(i >> saved), .num_slots = 4000,
        .features = seed, .constraints = odd_constraints, .has_op = has_all,
    };
}

static void check_random(const RandFn *shape, unsigned ints, unsigned vecs, unsigned saved, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t seed = i * 1000003ull + ints;
        TcgBackend be = host(ints, vecs, saved, i);
        TcgConfig config = { .backend = &be, .target = &test_target, .layout = &test_layout, .verify = true };
        TcgFn *fn = tcg_fn_new(&config);
        GString *why = g_string_new(NULL);

        for (unsigned round = 0; round < 2; round++) {      /* the second time in used memory */
            tcg_fn_clear(fn);
            rand_fn(fn, shape, &seed);
            (shape->forward ? tcg_quick : tcg_regalloc)(fn);
            if (!tcg_regalloc_check(fn, why)) {
                g_error("region %u.%u with %u registers: %s", i, round, ints, why->str);
            }
        }
        g_string_free(why, TRUE);
        tcg_fn_free(fn);
    }
}

static void test_block(void)
{
    static const RandFn shape = { 1, 200, { 0, 6, 10, 5 }, 4, 12 };

    check_random(&shape, 6, 5, 2, 300);
    check_random(&shape, 14, 16, 6, 300);
}

static void test_no_pressure(void)
{
    static const RandFn shape = { 1, 60, { 0, 2, 3, 1 }, 0, 6 };
    TcgBackend be = host(30, 30, 8, 0);
    TcgConfig config = { .backend = &be, .target = &test_target, .layout = &test_layout, .verify = true };

    for (unsigned i = 0; i < 100; i++) {
        TcgFn *fn = tcg_fn_new(&config);
        uint64_t seed = i;

        be.features = i;
        rand_fn(fn, &shape, &seed);
        tcg_regalloc(fn);
        g_assert_cmpuint(fn->frame_slots, ==, 0);
        g_assert_true(tcg_regalloc_check(fn, NULL));
        tcg_fn_free(fn);
    }
}

static void test_graphs(void)
{
    static const RandFn small = { 6, 12, { 0, 3, 4, 2 }, 4, 12 };
    static const RandFn large = { 40, 20, { 0, 8, 12, 6 }, 4, 12 };
    static const RandFn bare = { 12, 2, { 0, 6, 8, 6 }, 1, 2 };

    check_random(&small, 6, 5, 2, 1500);
    check_random(&small, 14, 16, 6, 500);
    check_random(&large, 6, 5, 2, 60);
    check_random(&large, 14, 16, 6, 60);
    check_random(&bare, 6, 5, 0, 1500);
}

/* A frame that is too small for what is alive ends it, whatever is left to be moved then. */
static void test_small_frames(void)
{
    static const RandFn shape = { 12, 20, { 0, 6, 10, 6 }, 4, 12 };
    unsigned large = 0;

    for (unsigned i = 0; i < 2000; i++) {
        TcgBackend be = host(6, 5, 2, i);
        TcgConfig config = { .backend = &be, .target = &test_target, .layout = &test_layout, .verify = true };
        TcgFn *fn = tcg_fn_new(&config);
        uint64_t seed = i;

        be.num_slots = 2 * (i % 64);
        rand_fn(fn, &shape, &seed);
        tcg_regalloc(fn);
        g_assert_true(fn->too_large || tcg_regalloc_check(fn, NULL));
        large += fn->too_large;
        tcg_fn_free(fn);
    }
    g_test_message("%u of 2000 are too large", large);
    g_assert_cmpuint(large, >, 200);
}

/* Random regions by the pass for first translations, which knows no loops. */
static void test_quick(void)
{
    static const RandFn block = { 1, 200, { 0, 6, 10, 5 }, 4, 12, true };
    static const RandFn small = { 6, 12, { 0, 3, 4, 2 }, 4, 12, true };
    static const RandFn large = { 40, 20, { 0, 8, 12, 6 }, 4, 12, true };
    static const RandFn bare = { 12, 2, { 0, 6, 8, 6 }, 1, 2, true };

    check_random(&block, 6, 5, 2, 300);
    check_random(&block, 14, 16, 6, 300);
    check_random(&small, 6, 5, 2, 1500);
    check_random(&small, 14, 16, 6, 500);
    check_random(&large, 6, 5, 2, 60);
    check_random(&large, 14, 16, 6, 60);
    check_random(&bare, 6, 5, 0, 1500);
}

/* A wrong location must be found: each one of some allocated regions is changed in turn. */
static void test_checker(void)
{
    static const RandFn shape = { 4, 10, { 0, 3, 3, 2 }, 4, 12 };
    unsigned found = 0, missed = 0;

    for (unsigned i = 0; i < 20; i++) {
        TcgBackend be = host(6, 5, 2, i);
        TcgConfig config = { .backend = &be, .target = &test_target, .layout = &test_layout, .verify = true };
        TcgFn *fn = tcg_fn_new(&config);
        uint64_t seed = i + 77;

        rand_fn(fn, &shape, &seed);
        tcg_regalloc(fn);
        g_assert_true(tcg_regalloc_check(fn, NULL));
        for (unsigned b = 0; b < fn->rpo->len; b++) {
            for (TcgId id = fn_block(fn, g_array_index(fn->rpo, uint32_t, b))->first; id; id = fn_node(fn, id)->next) {
                for (unsigned k = 0; k < 4; k++) {
                    TcgLoc old = fn_node(fn, id)->in[k];

                    if (loc_kind(old) == LOC_REG) {
                        fn_node(fn, id)->in[k] = TCG_LOC(LOC_REG, loc_num(old) ^ 1);
                        *(tcg_regalloc_check(fn, NULL) ? &missed : &found) += 1;
                        fn_node(fn, id)->in[k] = old;
                    }
                }
            }
        }
        tcg_fn_free(fn);
    }
    /* a copy of the value may happen to be there */
    g_test_message("%u changes found, %u without effect", found, missed);
    g_assert_cmpuint(found, >, 200);
    g_assert_cmpuint(missed, <, found / 10);
}

static void test_speed(void)
{
    static const RandFn shape = { 1, 300, { 0, 4, 10, 2 }, 1, 12 };
    TcgBackend be = host(13, 14, 5, 3);
    TcgConfig config = { .backend = &be, .target = &test_target, .layout = &test_layout, .verify = true };
    TcgFn *fn = tcg_fn_new(&config);
    uint64_t nodes = 0;
    struct timespec from, to;
    double took = 0;

    for (unsigned i = 0; i < 400; i++) {
        uint64_t seed = i;
        tcg_fn_clear(fn);
        rand_fn(fn, &shape, &seed);
        nodes += fn->nodes->len;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        tcg_regalloc(fn);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        took += 1e9 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec);
    }
    g_test_message("%.0f ns a node", took / (double)nodes);
    tcg_fn_free(fn);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/regalloc/block", test_block);
    g_test_add_func("/tcg/regalloc/no-pressure", test_no_pressure);
    g_test_add_func("/tcg/regalloc/graphs", test_graphs);
    g_test_add_func("/tcg/regalloc/small-frames", test_small_frames);
    g_test_add_func("/tcg/regalloc/quick", test_quick);
    g_test_add_func("/tcg/regalloc/checker", test_checker);
    g_test_add_func("/tcg/regalloc/speed", test_speed);
    return g_test_run();
}
