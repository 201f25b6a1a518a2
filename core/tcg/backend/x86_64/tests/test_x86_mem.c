/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest accesses as code against the slow paths on a copy of the CPU object: all sizes, byte orders, alignments and
 * operations, at addresses that hit, miss, cross pages or are not aligned; which of the two ways was taken; that
 * registers survive the slow one; atomicity between threads.
 */
#include "core/tcg/backend/x86_64/tests/hand.h"

typedef struct Access {
    TcgOpcode op;
    TcgType type;
    unsigned rmw;
    MemOp mo;
    uint64_t addr;
    TcgVecVal arg[3];                           /* [1], [2]: values */
    unsigned num_args;
    TcgConstraint k;
    unsigned regs[3], out;                      /* out: UINT_MAX if there is none */
    unsigned page;                              /* register of what was looked up for it and its neighbours; UINT_MAX: none */
} Access;

static void choose(Env *env, Access *a)
{
    static const MemOp aligns[] = {
        MO_ALIGN_NONE, MO_ALIGN_NATURAL, MO_ALIGN_WITHIN16, MO_ALIGN_4, MO_ALIGN_8, MO_ALIGN_16,
    };
    static const TcgOpcode ops[] = { OP_guest_ld, OP_guest_st, OP_guest_ld, OP_guest_st, OP_guest_rmw, OP_guest_cas };
    unsigned size;

    memset(a, 0, sizeof(*a));
    a->op = ops[below(env, G_N_ELEMENTS(ops))];
    size = below(env, a->op == OP_guest_rmw ? 4 : 5);
    a->type = size == MO_128 ? TCG_V128 : size == MO_64 || below(env, 2) ? TCG_I64 : TCG_I32;
    a->rmw = a->op == OP_guest_rmw ? below(env, TCG_NUM_RMWS) : 0;
    a->mo = size | aligns[below(env, G_N_ELEMENTS(aligns))] | below(env, 4) << MO_ATOM_SHIFT |
            below(env, 4) << MO_ORDER_SHIFT;
    a->mo |= below(env, 3) == 0 ? MO_BE : 0;
    a->mo |= size < MO_64 && a->op != OP_guest_st && below(env, 2) ? MO_SIGN : 0;
    a->mo |= below(env, 16) == 0 ? MO_PROBE : below(env, 4) == 0 ? MO_EXCLUSIVE : 0;
    a->addr = TEST_MEM_BASE + below(env, TEST_MEM_SIZE - 15);
    if (below(env, 2)) {
        a->addr &= ~(uint64_t)(memop_size(a->mo) - 1);
    } else if (below(env, 3) == 0) {            /* around a page's end */
        a->addr = TEST_MEM_BASE + ((1 + below(env, 3)) << TEST_PAGE_BITS) - 20 + below(env, 24);
    }
    a->num_args = tcg_op_def[a->op].args;
    TcgNode n = { .op = a->op, .type = a->type, .aux = (uint16_t)a->rmw, .imm = a->mo };
    env->be.constraints(&env->be, env->fn, &n, &a->k);
}

static bool crosses_page(const Access *a)
{
    return (a->addr ^ (a->addr + memop_size(a->mo) - 1)) >> TEST_PAGE_BITS;
}

static bool misaligned(const Access *a)
{
    static const uint8_t masks[] = { 0, 0xff, 0xff, 3, 7, 15 };
    unsigned natural = memop_size(a->mo) - 1, m = masks[(a->mo & MO_ALIGN) >> MO_ALIGN_SHIFT];

    m = m == 0xff ? natural : m;
    m |= a->op == OP_guest_rmw || a->op == OP_guest_cas ? natural : 0;
    return a->addr & m;
}

/* What the header of emit_mem.c says goes out of line although it hits. */
static bool expect_slow(const Env *env, const Access *a, bool direct)
{
    bool atomic = a->op == OP_guest_rmw || a->op == OP_guest_cas;

    return (a->mo & MO_KIND) == MO_PROBE || misaligned(a) || (!direct && crosses_page(a)) ||
           (atomic && (a->mo & MO_BE)) ||
           (!atomic && (a->mo & MO_SIZE) == MO_128 && (a->mo & MO_ATOM) == MO_ATOM_WITHIN16 &&
            !(env->buf->features & HOST_AVX));
}

/* Whether the TLB has the page of an address for such accesses. */
static bool tlb_has(const Env *env, uint64_t addr, MemOp mo, unsigned access)
{
    const TcgTlbEntry *t = &env->cpu.t.tlb_entries[memop_mmu(mo)][addr >> TEST_PAGE_BITS & (TEST_TLB_ENTRIES - 1)];
    uint64_t page = addr >> TEST_PAGE_BITS << TEST_PAGE_BITS;

    return (!(access & TCG_PAGE_READ) || t->read == page) && (!(access & TCG_PAGE_WRITE) || t->write == page);
}

/* A look for the page, as for several, before the access; ret_start: with it where the page begins of what lies before it. */
static TcgId place_page(Env *env, const Access *a, TcgRegSet used, TcgLoc *ret, TcgLoc *ret_start)
{
    unsigned before = ret_start ? below(env, 2u << TEST_PAGE_BITS) : below(env, 3) ? 0 : below(env, 64);
    unsigned bytes = ret_start ? 1 : before + memop_size(a->mo) + (below(env, 3) ? 0 : below(env, 64));
    unsigned access = (a->op == OP_guest_ld ? TCG_PAGE_READ : TCG_PAGE_WRITE) | (below(env, 4) ? 0 : 3);
    TcgId id = add_node(env, env->fn->entry, OP_guest_page, TCG_I64, (uint16_t)-(int)before,
                        tcg_page_imm(memop_mmu(a->mo), access, bytes));
    TcgNode *n = fn_node(env->fn, id);

    n->in[0] = TCG_LOC(LOC_REG, a->regs[0]);
    n->out = TCG_LOC(LOC_REG, pick(env, X86_INT_REGS & ~used));
    *ret = n->out;
    if (ret_start) {
        uint64_t base = a->addr - before;
        unsigned r = pick(env, X86_INT_REGS & ~used & ~((TcgRegSet)1 << loc_num(*ret)));

        env->cpu.in_int[r] = tlb_has(env, base, a->mo, access) ? base >> TEST_PAGE_BITS << TEST_PAGE_BITS
                                                               : base ^ (uint64_t)1 << 63;
        *ret_start = TCG_LOC(LOC_REG, r);
    }
    if (below(env, 2)) {                        /* in between something else: it is asked anew */
        TcgId mov = add_node(env, env->fn->entry, OP_mov, TCG_I64, 0, 0);

        fn_node(env->fn, mov)->in[0] = *ret;
        *ret = below(env, 2) ? TCG_LOC(LOC_SLOT, 2) : TCG_LOC(LOC_REG, loc_num(*ret));
        fn_node(env->fn, mov)->out = *ret;
        env->fn->frame_slots = 6;
    }
    if (ret_start && below(env, 2)) {
        TcgId mov = add_node(env, env->fn->entry, OP_mov, TCG_I64, 0, 0);

        fn_node(env->fn, mov)->in[0] = *ret_start;
        *ret_start = fn_node(env->fn, mov)->out = TCG_LOC(LOC_SLOT, 4);
        env->fn->frame_slots = 6;
    }
    return id;
}

static void place_access(Env *env, Access *a)
{
    bool plain = (a->op == OP_guest_ld || a->op == OP_guest_st) && !(a->mo & (MO_KIND | MO_ALIGN));
    TcgLoc page_at = 0, start = 0;
    bool near = below(env, 2);
    TcgId page = 0;
    TcgRegSet used = 0;
    TcgFn *fn = env->fn;
    TcgId id;
    TcgNode *n;

    for (unsigned i = 0; i < a->num_args; i++) {
        a->regs[i] = pick(env, a->k.arg[i] & ~used);
        used |= (TcgRegSet)1 << a->regs[i];
        if (a->regs[i] >= 32) {
            a->arg[i].u64[0] = test_rand_edge(&env->seed);
            a->arg[i].u64[1] = test_rand_edge(&env->seed);
            env->cpu.in_vec[a->regs[i] - 32] = a->arg[i];
        } else {
            a->arg[i].u64[0] = i == 0 ? a->addr : test_rand_edge(&env->seed);
            env->cpu.in_int[a->regs[i]] = a->arg[i].u64[0];
        }
    }
    add_all_regs(env, fn->entry, true);
    a->page = UINT_MAX;
    if (plain && !fn->config->layout->direct && below(env, 2)) {
        page = place_page(env, a, used, &page_at, near ? &start : NULL);
        a->page = loc_num(fn_node(fn, page)->out);
    }
    id = add_node(env, fn->entry, a->op, a->type, a->rmw, a->mo);
    n = fn_node(fn, id);
    if (page) {
        n->op = near ? (a->op == OP_guest_ld ? OP_guest_ldn : OP_guest_stn) : a->op == OP_guest_ld ? OP_guest_ldh : OP_guest_sth;
        n->in[tcg_access_start(n)] = start;
        n->arg[tcg_access_page(n)] = page;
        n->in[tcg_access_page(n)] = page_at;
    }
    for (unsigned i = 0; i < a->num_args; i++) {
        n->in[i] = TCG_LOC(LOC_REG, a->regs[i]);
    }
    if (a->op == OP_guest_st && a->type != TCG_V128 && below(env, 3) == 0) {    /* a constant or a slot's value */
        TcgId value = tcg_fn_const(fn, a->type, test_rand_edge(&env->seed));

        n = fn_node(fn, id);
        n->arg[1] = value;
        n->in[1] = TCG_LOC(LOC_CONST, value);
        a->arg[1].u64[0] = fn_node(fn, value)->imm;
    }
    if (below(env, 3) == 0) {                   /* a known address, where it may be one */
        TcgId addr = tcg_fn_const(fn, TCG_I64, a->addr);
        TcgConstraint k = { .out_same_as = -1 };

        n = fn_node(fn, id);
        n->arg[0] = addr;
        env->be.constraints(&env->be, fn, n, &k);
        n->in[0] = k.arg_const[0] ? TCG_LOC(LOC_CONST, addr) : n->in[0];
    }
    a->out = UINT_MAX;
    if (tcg_op_def[a->op].results && below(env, 8)) {
        a->out = pick(env, a->k.out);
        n->out = TCG_LOC(LOC_REG, a->out);
    }
    add_all_regs(env, fn->entry, false);
    add_node(env, fn->entry, OP_exit, TCG_VOID, 0, 0);
}

/* The access by the slow path on another CPU object. */
static TcgVecVal reference(TestCpu *cpu, const Access *a)
{
    const TcgMemOps *ops = test_layout.mem;
    CPUState *cs = test_cs(cpu);
    bool wide = (a->mo & MO_SIZE) == MO_128;
    TcgVecVal r = { 0 };

    switch (a->op) {
    case OP_guest_ld:
        if (wide) {
            ops->ld128(cs, a->addr, &r, a->mo, NULL);
        } else {
            r.u64[0] = ops->ld(cs, a->addr, a->mo, NULL);
        }
        break;
    case OP_guest_st:
        if (wide) {
            ops->st128(cs, a->addr, &a->arg[1], a->mo, NULL);
        } else {
            ops->st(cs, a->addr, a->arg[1].u64[0], a->mo, NULL);
        }
        break;
    case OP_guest_rmw:
        r.u64[0] = ops->rmw(cs, a->addr, a->arg[1].u64[0], a->mo, a->rmw, NULL);
        break;
    default:
        if (wide) {
            r = a->arg[1];
            ops->cas128(cs, a->addr, &r, &a->arg[2], a->mo, NULL);
        } else {
            r.u64[0] = ops->cas(cs, a->addr, a->arg[1].u64[0], a->arg[2].u64[0], a->mo, NULL);
        }
    }
    return r;
}

/* Half of the compare-and-swaps shall succeed: memory is made to hold what is expected. */
static void make_equal(Env *env, const Access *a)
{
    TestCpu *cpu = &env->cpu.t;
    TcgVecVal v = a->arg[1];

    if (a->op == OP_guest_cas && below(env, 2)) {
        if ((a->mo & MO_SIZE) == MO_128) {
            test_layout.mem->st128(test_cs(cpu), a->addr, &v, a->mo, NULL);
        } else {
            test_layout.mem->st(test_cs(cpu), a->addr, v.u64[0], a->mo, NULL);
        }
        cpu->num_slow = 0;
    }
}

static void check_regs(const Env *env, const Access *a, TcgVecVal want)
{
    TcgRegSet kept = env->be.allocatable & ~a->k.clobbers;

    for (unsigned r = 0; r < 64; r++) {
        if (r == a->page && r != a->out) {
            continue;
        }
        if (r == a->out) {
            if (a->type == TCG_V128) {
                g_assert_cmpmem(&env->cpu.out_vec[r - 32], 16, &want, 16);
            } else if (a->type == TCG_I64) {
                g_assert_cmphex(env->cpu.out_int[r], ==, want.u64[0]);
            } else {
                g_assert_cmphex((uint32_t)env->cpu.out_int[r], ==, (uint32_t)want.u64[0]);
            }
        } else if (kept >> r & 1) {
            if (r >= 32) {
                g_assert_cmpmem(&env->cpu.out_vec[r - 32], 16, &env->cpu.in_vec[r - 32], 16);
            } else {
                g_assert_cmphex(env->cpu.out_int[r], ==, env->cpu.in_int[r]);
            }
        }
    }
}

static void run_accesses(const char *features, const TcgLayout *layout)
{
    Env env;

    env_init(&env, features, layout);
    for (unsigned i = 0; i < 6000; i++) {
        TestCpu copy;
        bool filled = below(&env, 5) != 0, slow;
        TcgVecVal want;
        Access a;

        hand_begin(&env);
        if (i % 50 == 0) {
            test_cpu_init(&env.cpu.t, i);
        }
        memset(env.cpu.t.tlb_entries, 0xff, sizeof(env.cpu.t.tlb_entries));
        if (filled) {
            test_cpu_fill_tlb(&env.cpu.t);
        }
        choose(&env, &a);
        place_access(&env, &a);
        env.cpu.t.num_slow = 0;
        make_equal(&env, &a);
        copy = env.cpu.t;
        want = reference(&copy, &a);
        hand_run(&env);
        check_regs(&env, &a, want);
        g_assert_cmpmem(env.cpu.t.mem, TEST_MEM_SIZE, copy.mem, TEST_MEM_SIZE);
        slow = expect_slow(&env, &a, layout->direct) || (!filled && !layout->direct);
        g_assert_cmpuint(env.cpu.t.num_slow, ==, slow);
        if (slow) {
            const TestAccess *got = &env.cpu.t.log[(env.cpu.t.num_log - 1) % G_N_ELEMENTS(copy.log)];
            const TestAccess *ref = &copy.log[(copy.num_log - 1) % G_N_ELEMENTS(copy.log)];

            g_assert_cmphex(got->addr, ==, ref->addr);
            g_assert_cmphex(got->mo, ==, ref->mo);
            g_assert_cmphex(got->value, ==, ref->value);
        }
    }
    env_free(&env);
}

static void test_tlb(gconstpointer features)
{
    run_accesses(features, &test_layout);
}

static void test_direct(gconstpointer features)
{
    run_accesses(features, &test_layout_direct);
}

/* A page that may be written only or read only; the other regime's table. */
static void test_rights(void)
{
    Env env;

    env_init(&env, "all", &test_layout);
    for (unsigned i = 0; i < 600; i++) {
        bool can_read = i & 1, can_write = i & 2, needs_read, needs_write;
        TcgVecVal want;
        Access a;

        hand_begin(&env);
        test_cpu_init(&env.cpu.t, i);
        test_cpu_fill_tlb(&env.cpu.t);
        for (unsigned k = 0; k < TEST_TLB_ENTRIES; k++) {
            env.cpu.t.tlb_entries[0][k].read |= !can_read;      /* a flag bit */
            env.cpu.t.tlb_entries[0][k].write |= !can_write;
        }
        if (i & 4) {                            /* regime 1 has what regime 0 has not */
            memcpy(env.cpu.t.tlb_entries[1], env.cpu.t.tlb_entries[0], sizeof(env.cpu.t.tlb_entries[0]));
            memset(env.cpu.t.tlb_entries[0], 0xff, sizeof(env.cpu.t.tlb_entries[0]));
        }
        do {
            choose(&env, &a);
        } while (expect_slow(&env, &a, false));
        a.mo |= i & 4 ? 1 << MO_MMU_SHIFT : 0;
        place_access(&env, &a);
        TestCpu copy = env.cpu.t;
        want = reference(&copy, &a);
        hand_run(&env);
        check_regs(&env, &a, want);
        needs_read = a.op != OP_guest_st;
        needs_write = a.op != OP_guest_ld;
        g_assert_cmpuint(env.cpu.t.num_slow, ==, (needs_read && !can_read) || (needs_write && !can_write));
    }
    env_free(&env);
}

/* -- threads --------------------------------------------------------------------------------------------- */
enum { NUM_THREADS = 4, NUM_ROUNDS = 20000 };

typedef struct Shared {
    Env env;
    TcgCode code;
    HandCpu cpus[NUM_THREADS];
    int next;
} Shared;

static gpointer add_thread(gpointer data)
{
    Shared *s = data;
    HandCpu *cpu = &s->cpus[__atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)];

    for (unsigned i = 0; i < NUM_ROUNDS; i++) {
        tcg_set_direct(&s->env.be, cpu->t.direct_base);
        tcg_run(&s->env.be, s->env.buf, test_cs(&cpu->t), s->code.entry, &cpu->t.fp);
    }
    return NULL;
}

/* All add 1 to one 8-byte word, xor another with 1 and count those that found it even. */
static void test_threads(void)
{
    Shared *s = test_new0(Shared);
    GThread *threads[NUM_THREADS];
    uint64_t sum = 0;
    TcgFn *fn;
    static const struct { unsigned rmw; uint64_t offset; MemOp mo; } rmws[] = {
        { RMW_ADD, 0x100, MO_64 }, { RMW_ADD, 0x108, MO_16 }, { RMW_XOR, 0x110, MO_32 }, { RMW_UMAX, 0x118, MO_8 },
    };

    env_init(&s->env, "all", &test_layout_direct);
    test_cpu_init(&s->env.cpu.t, 1);
    memset(s->env.cpu.t.mem, 0, TEST_MEM_SIZE);
    hand_begin(&s->env);
    fn = s->env.fn;
    for (unsigned i = 0; i < G_N_ELEMENTS(rmws); i++) {
        TcgId addr = tcg_fn_const(fn, TCG_I64, TEST_MEM_BASE + rmws[i].offset), one = tcg_fn_const(fn, TCG_I64, 1);
        TcgNode *n;

        add_mov(&s->env, fn->entry, TCG_I64, TCG_LOC(LOC_REG, RSI), TCG_LOC(LOC_CONST, addr));
        add_mov(&s->env, fn->entry, TCG_I64, TCG_LOC(LOC_REG, RDI), TCG_LOC(LOC_CONST, one));
        n = fn_node(fn, add_node(&s->env, fn->entry, OP_guest_rmw, TCG_I64, rmws[i].rmw, rmws[i].mo));
        n->in[0] = TCG_LOC(LOC_REG, RSI);
        n->in[1] = TCG_LOC(LOC_REG, RDI);
        if (i == 2) {
            n->out = TCG_LOC(LOC_REG, R8);
        }
    }
    TcgNode *ld = fn_node(fn, add_node(&s->env, fn->entry, OP_ld_env, TCG_I64, MO_64, offsetof(HandCpu, out_int)));
    ld->out = TCG_LOC(LOC_REG, R9);
    TcgNode *add = fn_node(fn, add_node(&s->env, fn->entry, OP_add, TCG_I64, 0, 0));
    add->in[0] = TCG_LOC(LOC_REG, R9);
    add->in[1] = TCG_LOC(LOC_REG, R8);
    add->out = TCG_LOC(LOC_REG, R9);
    TcgNode *st = fn_node(fn, add_node(&s->env, fn->entry, OP_st_env, TCG_I64, MO_64, offsetof(HandCpu, out_int)));
    st->in[0] = TCG_LOC(LOC_REG, R9);
    add_node(&s->env, fn->entry, OP_exit, TCG_VOID, 0, 0);
    s->code = hand_emit(&s->env, HAND_OWNER);
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        s->cpus[i].t.direct_base = (uintptr_t)s->env.cpu.t.mem - TEST_MEM_BASE;
        threads[i] = g_thread_new("add", add_thread, s);
    }
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        g_thread_join(threads[i]);
    }
    /* a thread's CPU is the next free one when it runs, not the one of its number */
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        sum += s->cpus[i].out_int[0];
    }
    g_assert_cmpuint(*(uint64_t *)(s->env.cpu.t.mem + 0x100), ==, NUM_THREADS * NUM_ROUNDS);
    g_assert_cmpuint(*(uint64_t *)(s->env.cpu.t.mem + 0x108), ==, (uint16_t)(NUM_THREADS * NUM_ROUNDS));
    g_assert_cmpuint(*(uint64_t *)(s->env.cpu.t.mem + 0x110), ==, 0);
    g_assert_cmpuint(*(uint64_t *)(s->env.cpu.t.mem + 0x118), ==, 1);
    g_assert_cmpuint(sum, ==, NUM_THREADS * NUM_ROUNDS / 2);
    env_free(&s->env);
    g_aligned_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *tlb = g_strdup_printf("/x86/mem/%s/tlb", variants[i].name);
        g_autofree char *direct = g_strdup_printf("/x86/mem/%s/direct", variants[i].name);

        g_test_add_data_func(tlb, variants[i].name, test_tlb);
        g_test_add_data_func(direct, variants[i].name, test_direct);
    }
    g_test_add_func("/x86/mem/rights", test_rights);
    g_test_add_func("/x86/mem/threads", test_threads);
    return g_test_run();
}
