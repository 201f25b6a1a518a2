/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regions that a test allocates by hand: values in chosen registers of the x86-64 backend, without regalloc. The CPU
 * object is the test guest's with room for every host register, loaded before and stored after what is tested.
 */
#ifndef CORE_TCG_BACKEND_X86_64_TESTS_HAND_H
#define CORE_TCG_BACKEND_X86_64_TESTS_HAND_H

#include <string.h>
#include "core/tcg/backend/x86_64/emit_int.h"
#include "core/tcg/tests/testtarget.h"

typedef struct HandCpu {
    TestCpu t;
    uint64_t in_int[16], out_int[16];
    TcgVecVal in_vec[16], out_vec[16];
    TcgVecVal slots[4];
    uint32_t taken;
} HandCpu;

typedef struct Env {
    TcgBackend be;
    TcgConfig config;
    TcgCodeBuf *buf;
    TcgFn *fn;
    uint64_t seed;
    HandCpu cpu;
} Env;

static const struct { const char *name; uint64_t features; } variants[] = {
    { "all", HOST_ALL },
    { "v2", 0 },
    { "avx", HOST_AVX },
    { "v3", HOST_AVX | HOST_AVX2 | HOST_BMI1 | HOST_BMI2 | HOST_LZCNT | HOST_MOVBE | HOST_PEXT },
    { "no-pext", HOST_ALL & ~(HOST_PEXT | HOST_BITALG) },
    { "sse-bmi", HOST_BMI1 | HOST_BMI2 | HOST_LZCNT | HOST_AES },
};

static inline void env_init(Env *env, const char *features, const TcgLayout *layout)
{
    env->be = tcg_backend_x86_64;
    env->be.allocatable &= INT_REGS | VEC_REGS;        /* the others: test_wide.c */
    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        if (!strcmp(variants[i].name, features)) {
            env->be.features = variants[i].features;
        }
    }
    env->config = (TcgConfig){ .backend = &env->be, .target = &test_target, .layout = layout, .verify = true };
    env->buf = tcg_codebuf_new(1 << 16, &env->be, NULL);
    g_assert_nonnull(env->buf);
    env->fn = tcg_fn_new(&env->config);
    memset(&env->cpu, 0, sizeof(env->cpu));
    env->seed = 12345;
}

static inline void env_free(Env *env)
{
    tcg_fn_free(env->fn);
    tcg_codebuf_free(env->buf);
}

static inline unsigned below(Env *env, unsigned n)
{
    return (unsigned)(test_rand(&env->seed) >> 20) % n;
}

static inline unsigned pick(Env *env, TcgRegSet set)
{
    g_assert_cmphex(set, !=, 0);
    for (;;) {
        unsigned r = below(env, 64);

        if (set >> r & 1) {
            return r;
        }
    }
}

static inline TcgId add_node(Env *env, uint32_t block, TcgOpcode op, TcgType type, unsigned aux, uint64_t imm)
{
    TcgId id = tcg_fn_node_new(env->fn, op, type);
    TcgNode *n = fn_node(env->fn, id);

    n->aux = (uint16_t)aux;
    n->imm = imm;
    tcg_fn_append(env->fn, block, id);
    return id;
}

static inline void add_mov(Env *env, uint32_t block, TcgType type, TcgLoc to, TcgLoc from)
{
    TcgNode *n = fn_node(env->fn, add_node(env, block, OP_mov, type, 0, 0));

    n->in[0] = from;
    n->out = to;
}

/* Loads all registers from the CPU object, or stores them. */
static inline void add_all_regs(Env *env, uint32_t block, bool load)
{
    for (unsigned r = 0; r < 64; r++) {
        if (!(env->be.allocatable >> r & 1)) {
            continue;
        }
        bool vec = r >= 32;
        TcgType type = vec ? TCG_V128 : TCG_I64;
        size_t at = vec ? (load ? offsetof(HandCpu, in_vec) : offsetof(HandCpu, out_vec)) + 16 * (r - 32)
                        : (load ? offsetof(HandCpu, in_int) : offsetof(HandCpu, out_int)) + 8 * r;
        TcgNode *n = fn_node(env->fn, add_node(env, block, load ? OP_ld_env : OP_st_env, type, vec ? MO_128 : MO_64,
                                               at));

        if (load) {
            n->out = TCG_LOC(LOC_REG, r);
        } else {
            n->in[0] = TCG_LOC(LOC_REG, r);
        }
    }
}

static inline void hand_begin(Env *env)
{
    tcg_fn_clear(env->fn);
    tcg_codebuf_reset(env->buf);
    for (unsigned r = 0; r < 16; r++) {
        env->cpu.in_int[r] = test_rand(&env->seed);
        env->cpu.in_vec[r].u64[0] = test_rand(&env->seed);
        env->cpu.in_vec[r].u64[1] = test_rand(&env->seed);
    }
    env->fn->entry = tcg_fn_block_new(env->fn);
}

enum { HAND_OWNER = 0x1240 };

static inline TcgCode hand_emit(Env *env, uintptr_t owner)
{
    TcgCode code;

    tcg_fn_compute_order(env->fn);
    env->fn->owner = (void *)owner;
    env->fn->frame_slots = 16;
    g_assert_true(env->be.emit(&env->be, env->fn, env->buf, &code));
    return code;
}

static inline uintptr_t hand_go(Env *env, const TcgCode *code)
{
    tcg_set_direct(&env->be, env->cpu.t.direct_base);
    return tcg_run(&env->be, env->buf, test_cs(&env->cpu.t), code->entry, &env->cpu.t.fp);
}

static inline void hand_run(Env *env)
{
    TcgCode code = hand_emit(env, HAND_OWNER);

    g_assert_cmphex(hand_go(env, &code), ==, HAND_OWNER | TCG_EXIT_LOOKUP);
}

#endif
