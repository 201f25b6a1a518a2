/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code memory, and how code is entered, left and linked: chaining while another thread runs, the jump cache, the poll
 * word, C calls, and leaving through a state map.
 */
#include <string.h>
#include "core/tcg/backend/x86_64/tests/hand.h"

/* -- code memory ----------------------------------------------------------------------------------------- */
static void test_codebuf(void)
{
    TcgCodeBuf *buf = tcg_codebuf_new(1 << 16, &tcg_backend_x86_64, NULL);
    size_t base = tcg_codebuf_used(buf);
    uint8_t *p, *q;

    g_assert_cmpuint(tcg_codebuf_size(buf), ==, 1 << 16);
    p = tcg_codebuf_reserve(buf, 100);
    g_assert_nonnull(p);
    *p = 0xa5;
    g_assert_cmphex(*(const uint8_t *)tcg_codebuf_rx(buf, p), ==, 0xa5);
    tcg_codebuf_commit(buf, p, 100, p + 20);
    g_assert_cmpuint(tcg_codebuf_used(buf), ==, base + 32);
    p = tcg_codebuf_reserve(buf, 64);
    q = tcg_codebuf_reserve(buf, 64);
    g_assert_true(q == p + 64);
    tcg_codebuf_commit(buf, p, 64, p + 16);     /* q is behind it: nothing comes back */
    g_assert_cmpuint(tcg_codebuf_used(buf), ==, base + 32 + 128);
    tcg_codebuf_commit(buf, q, 64, q);
    g_assert_cmpuint(tcg_codebuf_used(buf), ==, base + 32 + 64);
    g_assert_null(tcg_codebuf_reserve(buf, 1 << 16));
    g_assert_nonnull(tcg_codebuf_reserve(buf, (1 << 16) - base - 96));
    g_assert_null(tcg_codebuf_reserve(buf, 1));
    tcg_codebuf_reset(buf);
    g_assert_cmpuint(tcg_codebuf_used(buf), ==, base);
    tcg_codebuf_free(buf);
    tcg_codebuf_free(NULL);
}

/* Pieces by turns: none is given twice, what is given back comes again, and nothing is left when the buffer is full. */
static void test_pieces(void)
{
    TcgCodeBuf *buf = tcg_codebuf_new(1 << 18, &tcg_backend_x86_64, NULL);
    TcgCodeTaken t[TCG_CODE_TURNS], again;
    size_t sum = 0;

    for (unsigned i = 0; i < TCG_CODE_TURNS; i++) {
        g_assert_true(tcg_codebuf_take(buf, &t[i]));
        memset(t[i].start, (int)i, t[i].max);
    }
    for (unsigned i = 0; i < TCG_CODE_TURNS; i++) {
        g_assert_cmpuint(t[i].start[0], ==, i);
        g_assert_cmpuint(t[i].start[t[i].max - 1], ==, i);
        tcg_codebuf_give_back(buf, &t[i], t[i].start + 33);
    }
    for (unsigned i = 0; i < TCG_CODE_TURNS; i++) {
        g_assert_true(tcg_codebuf_take(buf, &again));
        g_assert_true(again.start == t[i].start + 48);
        g_assert_cmpuint(again.max, ==, t[i].max - 48);
    }
    while (tcg_codebuf_take(buf, &again)) {
        sum += again.max;
        g_assert_cmpuint(sum, <, tcg_codebuf_size(buf));
    }
    tcg_codebuf_give_back(buf, &t[0], t[0].start);
    g_assert_true(tcg_codebuf_take(buf, &again));               /* whose turn it is or not */
    g_assert_true(again.start == t[0].start);
    tcg_codebuf_give_back(buf, &again, again.start);
    tcg_codebuf_reset(buf);
    g_assert_true(tcg_codebuf_take(buf, &again));
    g_assert_true(again.start == buf->rw + buf->thunks);
    tcg_codebuf_free(buf);
}

/* More are taken at a time than have turns: all that comes back is taken again before there are new ones. */
static void test_many_pieces(void)
{
    enum { TIMES = 3, MANY = TCG_CODE_PIECES - 1, MORE = TCG_CODE_PIECES + 2 };
    TcgCodeBuf *buf = tcg_codebuf_new(4 << 20, &tcg_backend_x86_64, NULL);
    TcgCodeTaken t[MORE];
    size_t used = 0;

    for (unsigned k = 0; k < TIMES; k++) {
        for (unsigned i = 0; i < MANY; i++) {
            g_assert_true(tcg_codebuf_take(buf, &t[i]));
            memset(t[i].start, (int)i, t[i].max);
        }
        g_assert_true(k == 0 || tcg_codebuf_used(buf) == used);
        used = tcg_codebuf_used(buf);
        for (unsigned i = 0; i < MANY; i++) {
            TcgCodeTaken *back = &t[k == 1 ? MANY - 1 - i : i];

            g_assert_cmpuint(back->start[0], ==, back->start[back->max - 1]);
            tcg_codebuf_give_back(buf, back, back->start + 100 * i);
        }
        g_assert_cmpuint(tcg_codebuf_used(buf), ==, used);
    }
    /* no place is left: the newest goes back to what nobody has, others are lost */
    for (unsigned i = 0; i < MORE; i++) {
        g_assert_true(tcg_codebuf_take(buf, &t[i]));
    }
    used = tcg_codebuf_used(buf);
    for (unsigned i = 0; i < MORE; i++) {
        g_assert_cmpuint(tcg_codebuf_used(buf), ==, used);
        tcg_codebuf_give_back(buf, &t[i], t[i].start);
    }
    g_assert_cmpuint(tcg_codebuf_used(buf), ==, used - t[MORE - 1].max);
    tcg_codebuf_free(buf);
}

static gpointer take_and_give_back(gpointer data)
{
    TcgCodeBuf *buf = data;

    for (unsigned i = 0; i < 500; i++) {
        TcgCodeTaken t;

        g_assert_true(tcg_codebuf_take(buf, &t));
        memset(t.start, (int)i, 64);
        g_thread_yield();
        memset(t.start + 64, (int)i, 64);
        g_assert_true(memcmp(t.start, t.start + 64, 64) == 0);
        tcg_codebuf_give_back(buf, &t, t.start + 128);
    }
    return NULL;
}

/* As many threads as there are places lose nothing. */
static void test_pieces_of_threads(void)
{
    enum { WRITTEN = 16 * 500 * 128 };
    TcgCodeBuf *buf = tcg_codebuf_new(8 << 20, &tcg_backend_x86_64, NULL);
    size_t base = tcg_codebuf_used(buf), left = 0;
    GThread *thread[16];
    TcgCodeTaken t;

    for (unsigned i = 0; i < G_N_ELEMENTS(thread); i++) {
        thread[i] = g_thread_new("pieces", take_and_give_back, buf);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(thread); i++) {
        g_thread_join(thread[i]);
    }
    while (tcg_codebuf_take(buf, &t)) {
        left += t.max;
    }
    g_assert_cmpuint(left, <=, tcg_codebuf_size(buf) - base - WRITTEN);
    g_assert_cmpuint(left, >=, (tcg_codebuf_size(buf) - base - WRITTEN) * 95 / 100);
    tcg_codebuf_free(buf);
}

/* No mapping of the process is writable and executable, and the two views have what they need. */
static void test_wx(void)
{
    TcgCodeBuf *buf = tcg_codebuf_new(1 << 16, &tcg_backend_x86_64, NULL);
    g_autofree char *maps = NULL, *rw = g_strdup_printf("%" G_GINTPTR_MODIFIER "x-", (uintptr_t)buf->rw);
    g_autofree char *rx = g_strdup_printf("%" G_GINTPTR_MODIFIER "x-", (uintptr_t)buf->rx);
    g_auto(GStrv) lines = NULL;
    unsigned found = 0;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **l = lines; *l; l++) {
        const char *rights = strchr(*l, ' ');

        if (rights) {
            g_assert_false(rights[2] == 'w' && rights[3] == 'x');
            found += g_str_has_prefix(*l, rw) && rights[2] == 'w';
            found += g_str_has_prefix(*l, rx) && rights[3] == 'x';
        }
    }
    g_assert_cmpuint(found, ==, 2);
    tcg_codebuf_free(buf);
}

static void test_no_memory(void)
{
    GError *error = NULL;

    for (unsigned shift = 32; shift < 64; shift += 15) {
        g_assert_null(tcg_codebuf_new((size_t)1 << shift, &tcg_backend_x86_64, &error));
        g_assert_nonnull(error);
        g_assert_true(error->domain == G_FILE_ERROR);
        g_clear_error(&error);
    }
}

/* A buffer fills up: emit says no and publishes nothing; after a reset there is room again. */
static void test_full(void)
{
    Env env;
    TcgCode code;
    unsigned num = 0;
    size_t used;

    env_init(&env, "all", &test_layout);
    hand_begin(&env);
    for (unsigned i = 0; i < 50; i++) {
        add_mov(&env, env.fn->entry, TCG_I64, TCG_LOC(LOC_REG, RSI), TCG_LOC(LOC_REG, RDI));
    }
    add_node(&env, env.fn->entry, OP_exit, TCG_VOID, 0, 0);
    tcg_fn_compute_order(env.fn);
    env.fn->owner = (void *)TCG_OWNER_ALIGN;
    while (used = tcg_codebuf_used(env.buf), env.be.emit(&env.be, env.fn, env.buf, &code)) {
        num++;
    }
    g_assert_cmpuint(num, >, 100);
    g_assert_cmpuint(tcg_codebuf_used(env.buf), ==, used);
    tcg_codebuf_reset(env.buf);
    g_assert_true(env.be.emit(&env.be, env.fn, env.buf, &code));
    g_assert_cmphex(hand_go(&env, &code), ==, TCG_OWNER_ALIGN | TCG_EXIT_LOOKUP);
    env_free(&env);
}

static void test_dump(void)
{
    Env env;
    TcgCode code;
    GString *s = g_string_new(NULL);

    env_init(&env, "all", &test_layout);
    hand_begin(&env);
    add_mov(&env, env.fn->entry, TCG_I64, TCG_LOC(LOC_REG, RSI), TCG_LOC(LOC_REG, RDI));
    add_node(&env, env.fn->entry, OP_exit, TCG_VOID, 0, 0);
    code = hand_emit(&env, HAND_OWNER);
    tcg_code_dump(&env.be, &code, s);
    g_assert_true(g_str_has_prefix(s->str, "0000: 48 8b f7 b8 40 12 00 00 e9"));        /* mov; mov eax, 0x1232; jmp */
    g_assert_cmpuint(code.size, ==, 13);
    g_string_free(s, TRUE);
    env_free(&env);
}

/* -- chains ---------------------------------------------------------------------------------------------- */
static TcgCode region(Env *env, uintptr_t owner, TcgOpcode end, unsigned aux)
{
    hand_begin(env);
    add_node(env, env->fn->entry, OP_poll, TCG_VOID, 0, 0);
    add_node(env, env->fn->entry, end, TCG_VOID, aux, 0);
    return hand_emit(env, owner);
}

static void keep_code(Env *env)
{
    env->buf->thunks = env->buf->used;          /* what hand_begin resets to */
}

static void test_chain(void)
{
    Env env;
    TcgCode a, b, c;

    env_init(&env, "all", &test_layout);
    test_cpu_init(&env.cpu.t, 1);
    a = region(&env, 0x100, OP_goto_tb, 0);
    keep_code(&env);
    b = region(&env, 0x200, OP_goto_tb, 1);
    keep_code(&env);
    c = region(&env, 0x300, OP_exit, 0);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | (TCG_EXIT_CHAIN + 0));
    g_assert_cmphex(hand_go(&env, &b), ==, 0x200 | (TCG_EXIT_CHAIN + 1));
    g_assert_cmphex(hand_go(&env, &c), ==, 0x300 | TCG_EXIT_LOOKUP);
    tcg_chain(&env.be, env.buf, &a, 0, b.entry);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x200 | (TCG_EXIT_CHAIN + 1));
    tcg_chain(&env.be, env.buf, &b, 1, c.entry);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x300 | TCG_EXIT_LOOKUP);
    tcg_chain(&env.be, env.buf, &b, 1, NULL);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x200 | (TCG_EXIT_CHAIN + 1));
    tcg_chain(&env.be, env.buf, &a, 0, NULL);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | (TCG_EXIT_CHAIN + 0));
    g_assert_cmpuint(a.num_chains, ==, 1);
    env_free(&env);
}

typedef struct Chaining {
    Env env;
    TcgCode a, b;
    HandCpu cpu;
    bool stop;
    uint64_t seen[3];
} Chaining;

static gpointer chain_runner(gpointer data)
{
    Chaining *s = data;

    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        switch (tcg_run(&s->env.be, s->env.buf, test_cs(&s->cpu.t), s->a.entry, &s->cpu.t.fp)) {
        case 0x100 | (TCG_EXIT_CHAIN + 0):
            __atomic_fetch_add(&s->seen[0], 1, __ATOMIC_RELAXED);
            break;
        case 0x200 | TCG_EXIT_LOOKUP:
            __atomic_fetch_add(&s->seen[1], 1, __ATOMIC_RELAXED);
            break;
        case 0x100 | TCG_EXIT_POLL:
        case 0x200 | TCG_EXIT_POLL:
            __atomic_fetch_add(&s->seen[2], 1, __ATOMIC_RELAXED);
            __atomic_store_n(&s->cpu.t.poll, 0, __ATOMIC_RELAXED);
            break;
        default:
            g_assert_not_reached();
        }
    }
    return NULL;
}

/* Every way to leave was taken a few times. */
static bool seen_all(Chaining *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(s->seen); i++) {
        if (__atomic_load_n(&s->seen[i], __ATOMIC_RELAXED) < 5) {
            return false;
        }
    }
    return true;
}

/* One thread runs a block that is chained to itself, to another, to nothing, while another thread changes the chain. */
static void test_chain_threads(void)
{
    Chaining *s = test_new0(Chaining);
    GThread *thread;

    env_init(&s->env, "all", &test_layout);
    test_cpu_init(&s->cpu.t, 1);
    s->a = region(&s->env, 0x100, OP_goto_tb, 0);
    keep_code(&s->env);
    s->b = region(&s->env, 0x200, OP_exit, 0);
    thread = g_thread_new("runner", chain_runner, s);
    for (unsigned i = 0; i < 30000 || !seen_all(s); i++) {
        tcg_chain(&s->env.be, s->env.buf, &s->a, 0, i % 3 == 0 ? s->a.entry : i % 3 == 1 ? s->b.entry : NULL);
        if (i % 64 == 0) {
            __atomic_store_n(&s->cpu.t.poll, -1, __ATOMIC_RELAXED);
            g_thread_yield();
        }
    }
    tcg_chain(&s->env.be, s->env.buf, &s->a, 0, NULL);
    __atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
    g_thread_join(thread);
    env_free(&s->env);
    g_aligned_free(s);
}

/* -- the jump cache -------------------------------------------------------------------------------------- */
static void goto_ptr(unsigned shift)
{
    TcgLayout layout = test_layout;
    Env env;
    TcgCode a, b;
    TestCpu *cpu = &env.cpu.t;
    TcgJumpEntry *j;

    layout.jc_shift = shift;
    env_init(&env, "all", &layout);
    test_cpu_init(cpu, 1);
    a = region(&env, 0x100, OP_goto_ptr, 0);
    keep_code(&env);
    b = region(&env, 0x200, OP_exit, 0);
    for (unsigned i = 0; i < 100; i++) {
        cpu->pc = test_rand(&env.seed) & ~mask64(0, shift);
        cpu->jc_tag = i & 1 ? test_rand(&env.seed) : 5;
        cpu->jc_mask = ((2u << i % TEST_JC_BITS) - 1) << shift;
        j = &cpu->jc_entries[(cpu->pc & cpu->jc_mask) >> shift];
        g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
        *j = (TcgJumpEntry){ .pc = cpu->pc, .tag = cpu->jc_tag, .code = b.entry };
        g_assert_cmphex(hand_go(&env, &a), ==, 0x200 | TCG_EXIT_LOOKUP);
        j->tag ^= UINT64_C(1) << (i % 64);
        g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
        j->tag = cpu->jc_tag;
        j->pc ^= UINT64_C(1) << (i % 64);
        g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
        j->pc = UINT64_MAX;
    }
    env_free(&env);
}

static void test_goto_ptr(void)
{
    static const unsigned shifts[] = { 0, 1, 2, 5, 6 };

    for (unsigned i = 0; i < G_N_ELEMENTS(shifts); i++) {
        goto_ptr(shifts[i]);
    }
}

/* -- polls ----------------------------------------------------------------------------------------------- */
static void test_poll(void)
{
    Env env;
    TcgCode a;

    env_init(&env, "all", &test_layout);
    test_cpu_init(&env.cpu.t, 1);
    a = region(&env, 0x100, OP_exit, 0);
    env.cpu.t.poll = 0;
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
    env.cpu.t.poll = -1;
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_POLL);
    g_assert_cmpint(env.cpu.t.poll, ==, -1);
    env_free(&env);

    env_init(&env, "all", &test_layout_counted);
    hand_begin(&env);
    env.fn->num_insns = 7;
    add_node(&env, env.fn->entry, OP_poll, TCG_VOID, 0, 0);
    add_node(&env, env.fn->entry, OP_exit, TCG_VOID, 0, 0);
    a = hand_emit(&env, 0x100);
    env.cpu.t.poll = 10;
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
    g_assert_cmpint(env.cpu.t.poll, ==, 3);
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_POLL);
    g_assert_cmpint(env.cpu.t.poll, ==, 3);
    env.cpu.t.poll = 7;
    g_assert_cmphex(hand_go(&env, &a), ==, 0x100 | TCG_EXIT_LOOKUP);
    g_assert_cmpint(env.cpu.t.poll, ==, 0);
    env_free(&env);
}

/* What an entry counts down, wherever the code lies, on hosts whose jumps may not lie everywhere. */
static void test_heat(gconstpointer features)
{
    TcgLayout layout = test_layout;
    Env env;

    layout.heat_offset = offsetof(HandCpu, out_int);
    env_init(&env, features, &layout);
    env.be.features |= HOST_PAD_ALWAYS;
    tcg_codebuf_free(env.buf);
    env.buf = tcg_codebuf_new(1 << 18, &env.be, NULL);
    test_cpu_init(&env.cpu.t, 1);
    for (unsigned i = 0; i < 256; i++) {
        TcgGen *g = tcg_gen_new(&env.config);
        unsigned insns = 1 + i % 5;
        int32_t *heat = (int32_t *)env.cpu.out_int;
        TcgCode code;

        tcg_gen_begin(g, (void *)(uintptr_t)HAND_OWNER);
        if (i & 1) {
            tcg_gen_quick(g);
        } else {
            tcg_gen_at_once(g, env.buf);
        }
        tcg_gen_poll(g, 2);
        for (unsigned k = 0; k < insns; k++) {
            tcg_insn_start(g, 4 * k);
            tcg_st_env(g, tcg_const(g, TCG_I64, i), MO_64, offsetof(HandCpu, in_int) + 8 * k);
        }
        for (unsigned k = 0; k < i / 8; k++) {          /* code of any length */
            tcg_st_env(g, tcg_const(g, TCG_I32, k), k & 1 ? MO_16 : MO_8, offsetof(HandCpu, taken));
        }
        tcg_exit(g);
        g_assert_true(tcg_gen_end(g));
        g_assert_true(tcg_gen_finish(g, env.buf, &code));
        for (unsigned k = 0; k < 4; k++) {
            heat[k] = (int32_t)insns;
        }
        env.cpu.t.poll = 0;
        g_assert_cmphex(hand_go(&env, &code), ==, HAND_OWNER | TCG_EXIT_LOOKUP);
        g_assert_cmphex(hand_go(&env, &code), ==, HAND_OWNER | TCG_EXIT_POLL);
        g_assert_cmpint(heat[2], ==, -(int32_t)insns);
        heat[2] = (int32_t)insns;
        for (unsigned k = 0; k < 4; k++) {
            g_assert_cmpint(heat[k], ==, insns);
        }
        g_assert_cmpuint(env.cpu.in_int[insns - 1], ==, i);
        tcg_gen_free(g);
    }
    env_free(&env);
}

/* -- calls ----------------------------------------------------------------------------------------------- */
static void helper_mixed(CPUState *cs, uint64_t a, const TcgVecVal *v, uint32_t b, const TcgVecVal *w, uint64_t c,
                         uint32_t d, TcgVecVal *ret)
{
    HandCpu *cpu = (HandCpu *)cs;

    cpu->t.seen[0] = a;
    cpu->t.seen[1] = b;
    cpu->t.seen[2] = c;
    cpu->t.seen[3] = d;
    cpu->t.seen_v = *v;
    *ret = (TcgVecVal){ .u64 = { w->u64[0] + a, w->u64[1] + c } };
    /* All that a C function may lose. */
    __asm__ volatile("mov %%rsp, %%rcx; mov %%rsp, %%rdx; mov %%rsp, %%rsi; mov %%rsp, %%rdi; mov %%rsp, %%r8;"
                     "mov %%rsp, %%r9; mov %%rsp, %%r10; mov %%rsp, %%r11; pxor %%xmm0, %%xmm0;"
                     "pxor %%xmm7, %%xmm7; pxor %%xmm14, %%xmm14"
                     ::: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm7", "xmm14");
}

static const TcgHelper mixed = {
    "mixed", helper_mixed, 6, TCG_V128, { TCG_I64, TCG_V128, TCG_I32, TCG_V128, TCG_I64, TCG_I32 },
};

/* A call with its arguments anywhere; several may share a place. */
static void run_call(Env *env, const TcgHelper *h)
{
    TcgVecVal args[TCG_HELPER_MAX_ARGS], ret;
    TcgLoc loc[TCG_HELPER_MAX_ARGS];
    unsigned num_slots = 0, out;
    TcgConstraint k;
    TcgNode *n;
    TcgId id;
    uint32_t list;

    hand_begin(env);
    for (unsigned i = 0; i < h->num_args; i++) {
        unsigned how = below(env, 4);
        bool vec = h->args[i] == TCG_V128;

        if (how == 0 && !vec) {
            TcgId c;

            args[i].u64[0] = test_rand_edge(&env->seed);
            c = tcg_fn_const(env->fn, h->args[i], args[i].u64[0]);
            loc[i] = TCG_LOC(LOC_CONST, c);
        } else if (how == 1 && num_slots < G_N_ELEMENTS(env->cpu.slots)) {
            args[i] = (TcgVecVal){ .u64 = { test_rand(&env->seed), test_rand(&env->seed) } };
            env->cpu.slots[num_slots] = args[i];
            loc[i] = TCG_LOC(LOC_SLOT, 2 * num_slots++);
        } else {
            unsigned r = pick(env, vec ? X86_VEC_REGS : X86_INT_REGS);

            loc[i] = TCG_LOC(LOC_REG, r);
            args[i] = vec ? env->cpu.in_vec[r - 32] : (TcgVecVal){ .u64 = { env->cpu.in_int[r] } };
        }
    }
    for (unsigned i = 0; i < num_slots; i++) {
        id = add_node(env, env->fn->entry, OP_ld_env, TCG_V128, MO_128, offsetof(HandCpu, slots) + 16 * i);
        fn_node(env->fn, id)->out = TCG_LOC(LOC_REG, 32);
        add_mov(env, env->fn->entry, TCG_V128, TCG_LOC(LOC_SLOT, 2 * i), TCG_LOC(LOC_REG, 32));
    }
    add_all_regs(env, env->fn->entry, true);
    id = add_node(env, env->fn->entry, OP_call, h->ret, 0, (uintptr_t)h);
    list = tcg_fn_list_new(env->fn, h->num_args);
    for (unsigned i = 0; i < h->num_args; i++) {
        *fn_list(env->fn, list + i) = loc[i];
    }
    n = fn_node(env->fn, id);
    n->arg_locs = list;
    n->list_len = h->num_args;
    out = pick(env, h->ret == TCG_V128 ? X86_VEC_REGS : X86_INT_REGS);
    n->out = TCG_LOC(LOC_REG, out);
    env->be.constraints(&env->be, env->fn, n, &k);
    g_assert_cmphex(k.out >> out & 1, ==, 1);
    add_all_regs(env, env->fn->entry, false);
    for (unsigned i = 0; i < num_slots; i++) {  /* slots keep what they hold */
        add_mov(env, env->fn->entry, TCG_V128, TCG_LOC(LOC_REG, 33), TCG_LOC(LOC_SLOT, 2 * i));
        id = add_node(env, env->fn->entry, OP_st_env, TCG_V128, MO_128, offsetof(HandCpu, slots) + 16 * i);
        fn_node(env->fn, id)->in[0] = TCG_LOC(LOC_REG, 33);
    }
    add_node(env, env->fn->entry, OP_exit, TCG_VOID, 0, 0);
    TcgVecVal slots[4];
    memcpy(slots, env->cpu.slots, sizeof(slots));
    hand_run(env);
    g_assert_cmpmem(slots, sizeof(slots), env->cpu.slots, sizeof(slots));
    if (h == &mixed) {
        g_assert_cmphex(env->cpu.t.seen[0], ==, args[0].u64[0]);
        g_assert_cmpmem(&env->cpu.t.seen_v, 16, &args[1], 16);
        g_assert_cmphex(env->cpu.t.seen[1], ==, (uint32_t)args[2].u64[0]);
        g_assert_cmphex(env->cpu.t.seen[2], ==, args[4].u64[0]);
        g_assert_cmphex(env->cpu.t.seen[3], ==, (uint32_t)args[5].u64[0]);
        ret = (TcgVecVal){ .u64 = { args[3].u64[0] + args[0].u64[0], args[3].u64[1] + args[4].u64[0] } };
        g_assert_cmpmem(&env->cpu.out_vec[out - 32], 16, &ret, 16);
    } else {
        uint64_t sum = 0;

        for (unsigned i = 0; i < 6; i++) {
            g_assert_cmphex(env->cpu.t.seen[i], ==, args[i].u64[0]);
            sum += args[i].u64[0];
        }
        g_assert_cmphex(env->cpu.out_int[out], ==, sum);
    }
    for (unsigned r = 0; r < 16; r++) {
        if (r != out && (X86_CALLEE_SAVED >> r & 1)) {
            g_assert_cmphex(k.clobbers >> r & 1, ==, 0);
            g_assert_cmphex(env->cpu.out_int[r], ==, env->cpu.in_int[r]);
        }
    }
}

static void test_call(gconstpointer features)
{
    Env env;

    env_init(&env, features, &test_layout);
    for (unsigned i = 0; i < 2000; i++) {
        run_call(&env, i & 1 ? &mixed : &test_helpers[TEST_H_SIX]);
    }
    env_free(&env);
}

/* -- leaving through a state map ------------------------------------------------------------------------- */
/*
 * Rows x0.., v0.. in random registers, slots or constants, restored when the node of kind `op` leaves. h: whom a
 * call calls.
 */
static void run_restore(Env *env, TcgOpcode op, const TcgHelper *h)
{
    static const uint8_t rows[] = { TEST_X0, TEST_X0 + 1, TEST_X0 + 5, TEST_NZCV, TEST_V0, TEST_V0 + 2 };
    TcgFn *fn = env->fn;
    TestCpu before;
    TcgVecVal want[G_N_ELEMENTS(rows)];
    TcgStateMap map = { .insns = 3, .pc_delta = 12 };
    TcgRegSet used = 0;
    TcgConstraint k;
    TcgId id;
    TcgNode *n;
    TcgCode code;
    unsigned addr_reg = 0, num_slots = 0;

    hand_begin(env);
    test_cpu_init(&env->cpu.t, test_rand(&env->seed));
    TcgNode probe = { .op = op, .type = TCG_I64, .imm = op == OP_call ? (uintptr_t)h : MO_64 };
    env->be.constraints(&env->be, fn, &probe, &k);
    if (op != OP_poll && op != OP_call) {
        addr_reg = pick(env, k.arg[0]);
        used |= REG_BIT(addr_reg);
        env->cpu.in_int[addr_reg] = 0x55;       /* no memory there */
    }
    map.first = fn->map_entries->len;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        TcgType t = test_target.regs[rows[i]].type;
        unsigned how = below(env, 4);
        TcgMapEntry entry = { .row = rows[i] };

        want[i] = (TcgVecVal){ .u64 = { test_rand(&env->seed), test_rand(&env->seed) } };
        if (how == 0) {
            entry.value = t == TCG_V128 ? tcg_fn_const_v(fn, want[i].u64[0], want[i].u64[1])
                                        : tcg_fn_const(fn, t, want[i].u64[0]);
            entry.loc = TCG_LOC(LOC_CONST, entry.value);
        } else if (t == TCG_V128 ? how == 1 || op == OP_call : how == 1 && num_slots < 2) {
            entry.value = tcg_fn_node_new(fn, OP_phi, t);
            entry.loc = TCG_LOC(LOC_SLOT, 2 * num_slots);
            env->cpu.slots[num_slots++] = want[i];
        } else {
            unsigned r = pick(env, (t == TCG_V128 ? X86_VEC_REGS : X86_INT_REGS) & ~used &
                                   (op == OP_call ? ~k.clobbers : ~(TcgRegSet)0));

            used |= (TcgRegSet)1 << r;
            entry.value = tcg_fn_node_new(fn, OP_phi, t);
            entry.loc = TCG_LOC(LOC_REG, r);
            if (r >= 32) {
                env->cpu.in_vec[r - 32] = want[i];
            } else {
                env->cpu.in_int[r] = want[i].u64[0];
            }
        }
        g_array_append_val(fn->map_entries, entry);
    }
    map.num = G_N_ELEMENTS(rows);
    for (unsigned i = 0; i < num_slots; i++) {
        id = add_node(env, fn->entry, OP_ld_env, TCG_V128, MO_128, offsetof(HandCpu, slots) + 16 * i);
        fn_node(fn, id)->out = TCG_LOC(LOC_REG, 32);
        add_mov(env, fn->entry, TCG_V128, TCG_LOC(LOC_SLOT, 2 * i), TCG_LOC(LOC_REG, 32));
    }
    add_all_regs(env, fn->entry, true);
    id = add_node(env, fn->entry, op, op == OP_poll ? TCG_VOID : TCG_I64, 0, probe.imm);
    n = fn_node(fn, id);
    n->map = fn->maps->len;
    g_array_append_val(fn->maps, map);
    if (op == OP_call) {
        TcgId odd = tcg_fn_const(fn, TCG_I64, 1);
        uint32_t list = tcg_fn_list_new(fn, 1);

        n = fn_node(fn, id);
        n->list_len = h->num_args;
        n->arg_locs = list;
        *fn_list(fn, list) = TCG_LOC(LOC_CONST, odd);
    } else if (op != OP_poll) {
        for (unsigned i = 0; i < tcg_op_def[op].args; i++) {
            n->in[i] = TCG_LOC(LOC_REG, addr_reg);
        }
    }
    if (tcg_op_def[op].results) {
        /* on top of what the map wants, too: it is not written */
        n->out = op == OP_call && h->ret == TCG_VOID ? 0 : TCG_LOC(LOC_REG, pick(env, k.out));
    }
    add_node(env, fn->entry, op == OP_call && (h->flags & HELPER_NO_RETURN) ? OP_raise_exit : OP_exit, TCG_VOID, 0, 0);
    env->cpu.t.poll = -1;
    before = env->cpu.t;
    code = hand_emit(env, HAND_OWNER);
    g_assert_cmphex(hand_go(env, &code), ==, HAND_OWNER | (op == OP_poll ? TCG_EXIT_POLL : TCG_EXIT_RAISED));
    g_assert_cmphex(env->cpu.t.pc, ==, before.pc + 12);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const TcgReg *r = &test_target.regs[rows[i]];

        g_assert_cmpmem((uint8_t *)&env->cpu + r->offset, tcg_type_size(r->type), &want[i], tcg_type_size(r->type));
        memcpy((uint8_t *)&before + r->offset, &want[i], tcg_type_size(r->type));
    }
    before.pc += 12;
    g_assert_true(test_cpu_equal(&env->cpu.t, &before, NULL));
    g_assert_cmpuint(env->cpu.t.left_insns, ==, 3);
    if (op != OP_poll && op != OP_call) {
        g_assert_cmpuint(tcg_map_insns(env->cpu.t.last_map), ==, 3);
    }
}

/* A helper that never returns, when the state is in the CPU object already. */
static void test_raise_exit(void)
{
    Env env;
    TcgCode code;
    TcgId id;

    env_init(&env, "all", &test_layout);
    hand_begin(&env);
    test_cpu_init(&env.cpu.t, 1);
    id = add_node(&env, env.fn->entry, OP_call, TCG_VOID, 0, (uintptr_t)&test_helpers[TEST_H_RAISE]);
    g_assert_cmpuint(fn_node(env.fn, id)->map, ==, 0);
    add_node(&env, env.fn->entry, OP_raise_exit, TCG_VOID, 0, 0);
    code = hand_emit(&env, HAND_OWNER);
    g_assert_cmphex(hand_go(&env, &code), ==, HAND_OWNER | TCG_EXIT_RAISED);
    g_assert_cmpuint(env.cpu.t.raised, ==, 1);
    env_free(&env);
}

static void test_restore(gconstpointer features)
{
    Env env;

    env_init(&env, features, &test_layout);
    for (unsigned i = 0; i < 500; i++) {
        run_restore(&env, OP_guest_ld, NULL);
        run_restore(&env, OP_guest_st, NULL);
        run_restore(&env, OP_guest_rmw, NULL);
        run_restore(&env, OP_guest_cas, NULL);
        run_restore(&env, OP_call, &test_helpers[TEST_H_MAY_RAISE]);
        run_restore(&env, OP_call, &test_helpers[TEST_H_RAISE]);
        run_restore(&env, OP_poll, NULL);
    }
    env_free(&env);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/code/codebuf", test_codebuf);
    g_test_add_func("/x86/code/pieces", test_pieces);
    g_test_add_func("/x86/code/pieces/many", test_many_pieces);
    g_test_add_func("/x86/code/pieces/threads", test_pieces_of_threads);
    g_test_add_func("/x86/code/wx", test_wx);
    g_test_add_func("/x86/code/no-memory", test_no_memory);
    g_test_add_func("/x86/code/full", test_full);
    g_test_add_func("/x86/code/dump", test_dump);
    g_test_add_func("/x86/code/chain", test_chain);
    g_test_add_func("/x86/code/chain-threads", test_chain_threads);
    g_test_add_func("/x86/code/goto-ptr", test_goto_ptr);
    g_test_add_func("/x86/code/poll", test_poll);
    g_test_add_func("/x86/code/raise-exit", test_raise_exit);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *call = g_strdup_printf("/x86/code/call/%s", variants[i].name);
        g_autofree char *restore = g_strdup_printf("/x86/code/restore/%s", variants[i].name);
        g_autofree char *heat = g_strdup_printf("/x86/code/heat/%s", variants[i].name);

        g_test_add_data_func(heat, variants[i].name, test_heat);
        g_test_add_data_func(call, variants[i].name, test_call);
        g_test_add_data_func(restore, variants[i].name, test_restore);
    }
    return g_test_run();
}
