/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter: the backend that runs on any host and defines what the IR means. 24 integer registers, 8 predicates, 16
 * vectors and 16 wide vectors for the same allocator that the others use; threaded dispatch. Guest memory is accessed
 * with C11 atomics (relaxed where the guest orders nothing), so that guest races are none of the program's.
 *
 * Not here: atomicity of 16 bytes, misaligned atomics and probes; these always take the slow path, which knows how.
 */
#include <string.h>
#include "core/tcg/backend/tci/asm.h"
#include "core/tcg/costs.h"

const char *const tcg_tci_name[TCI_NUM_OPS] = {
#define TCI_X(name) #name,
    TCI_INSNS
#undef TCI_X
};

/* -- what ops want ---------------------------------------------------------------------------------------------------- */

static bool tci_has_op(const TcgBackend *be, const TcgNode *n)
{
    bool fp = (n->op >= OP_fp && n->op <= OP_flags_fp) || n->op == OP_br_fp;
    bool slow = n->op >= OP_vclmul && n->op <= OP_vsha256m2;      /* helpers are faster */
    bool lane = (n->op == OP_guest_ld || n->op == OP_guest_st) && n->type == TCG_V128 && (n->imm & MO_SIZE) < MO_128;

    return !fp && !slow && !lane && n->op != OP_add_env && n->op != OP_addshl && n->op != OP_br_vec &&
           !(tcg_op_def[n->op].flags & TCGF_REG) && !(n->op == OP_guest_rmw && n->type == TCG_V128);
}

static void tci_constraints(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        ret->arg[k] = tcg_regs_of(tcg_arg_type(fn, n, k));
    }
    if (tcg_op_def[n->op].results) {
        ret->out = tcg_regs_of(node_type(n));
    }
    switch (n->op) {
#define CASE(name, expr) case OP_##name:
    TCI_BINARY(CASE)
#undef CASE
    case OP_setcond: case OP_brcond:
        ret->arg_const[1] = !tcg_type_is_vec(n->type);
        break;
    case OP_st_env:
        ret->arg_const[0] = !tcg_type_is_vec(n->type);
        break;
    default:
        break;
    }
}

/* -- flags ---------------------------------------------------------------------------------------------------------- */

static inline uint64_t nz(uint64_t r, unsigned bits)
{
    return (r >> (bits - 1) & 1 ? FLAG_N : 0) | (r == 0 ? FLAG_Z : 0);
}

static inline uint64_t flags_add(uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t mask = ~UINT64_C(0) >> (64 - bits), r = (a + b) & mask;

    return nz(r, bits) | (r < a ? FLAG_C : 0) | ((~(a ^ b) & (a ^ r)) >> (bits - 1) & 1 ? FLAG_V : 0);
}

static inline uint64_t flags_sub(uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t mask = ~UINT64_C(0) >> (64 - bits), r = (a - b) & mask;

    return nz(r, bits) | (a >= b ? FLAG_C : 0) | (((a ^ b) & (a ^ r)) >> (bits - 1) & 1 ? FLAG_V : 0);
}

static inline uint64_t flags_logic(uint64_t a, unsigned bits)
{
    return nz(a, bits);
}

/* -- guest memory ----------------------------------------------------------------------------------------------------- */

typedef enum TciAccess { ACCESS_READ = 1, ACCESS_WRITE = 2 } TciAccess;

static inline void *env_at(CPUState *cs, int64_t offset)
{
    return (uint8_t *)cs + offset;
}

/* The host address by the inline table, or NULL. Pages end accesses. */
static inline uint8_t *tlb_host(const TciCode *code, CPUState *cs, vaddr addr, unsigned size, unsigned mmu,
                                TciAccess access)
{
    const TcgTlbFast *fast = (const TcgTlbFast *)env_at(cs, code->layout.tlb_offset) + mmu;
    const TcgTlbEntry *e = (const TcgTlbEntry *)((const uint8_t *)fast->table +
                           ((addr >> (code->page_bits - 5)) & fast->mask));
    /* the owner alone writes its table */
    uint64_t page = (addr + size - 1) & ~UINT64_C(0) << code->page_bits;

    if (((access & ACCESS_READ) && __atomic_load_n(&e->read, __ATOMIC_RELAXED) != page) ||
        ((access & ACCESS_WRITE) && __atomic_load_n(&e->write, __ATOMIC_RELAXED) != page) ||
        ((addr ^ (addr + size - 1)) >> code->page_bits)) {
        return NULL;
    }
    return (uint8_t *)(uintptr_t)(addr + e->addend);
}
G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);

static inline bool is_aligned(vaddr addr, MemOp mo)
{
    switch (mo & MO_ALIGN) {
    case MO_ALIGN_NATURAL:
        return (addr & (memop_size(mo) - 1)) == 0;
    case MO_ALIGN_WITHIN16:
        return (addr & 15) + memop_size(mo) <= 16;
    case MO_ALIGN_4:
        return (addr & 3) == 0;
    case MO_ALIGN_8:
        return (addr & 7) == 0;
    case MO_ALIGN_16:
        return (addr & 15) == 0;
    default:
        return true;
    }
}

/* Where the access may be done at once, or NULL: the slow path shall. */
static uint8_t *host_of(const TciCode *code, CPUState *cs, vaddr addr, MemOp mo, TciAccess access)
{
    unsigned size = memop_size(mo), kind = mo & MO_KIND, atom = mo & MO_ATOM;
    bool natural = (addr & (size - 1)) == 0;

    if ((kind != MO_PLAIN && kind != MO_EXCLUSIVE) || !is_aligned(addr, mo) ||
        (atom == MO_ATOM_WITHIN16 && (!natural || size == 16)) || (atom == MO_ATOM_PAIR && (addr & (size / 2 - 1))) ||
        ((mo & MO_ORDER) && !natural) || (access == (ACCESS_READ | ACCESS_WRITE) && (!natural || size == 16))) {
        return NULL;
    }
    if (code->layout.direct) {
        return (uint8_t *)(addr + *(const uintptr_t *)env_at(cs, code->layout.direct_base_offset));
    }
    return tlb_host(code, cs, addr, size, memop_mmu(mo), access);
}

static inline int load_order(MemOp mo)
{
    return (mo & MO_ORDER) == MO_RELAXED ? __ATOMIC_RELAXED :
           (mo & MO_ORDER) == MO_ACQ_REL ? __ATOMIC_ACQUIRE : __ATOMIC_SEQ_CST;
}

#define LOAD_AS(type, p, order) \
    ((order) == __ATOMIC_RELAXED ? __atomic_load_n((const type *)(p), __ATOMIC_RELAXED) : \
     (order) == __ATOMIC_ACQUIRE ? __atomic_load_n((const type *)(p), __ATOMIC_ACQUIRE) : \
     __atomic_load_n((const type *)(p), __ATOMIC_SEQ_CST))
#define STORE_AS(type, p, v, order) \
    ((order) == __ATOMIC_RELAXED ? __atomic_store_n((type *)(p), (type)(v), __ATOMIC_RELAXED) : \
     __atomic_store_n((type *)(p), (type)(v), __ATOMIC_SEQ_CST))

/* Of 1 to 8 bytes, aligned or (then unordered) not. */
static inline uint64_t host_load(const uint8_t *p, unsigned size, int order)
{
    uint64_t v = 0;

    if ((uintptr_t)p & (size - 1)) {
        for (unsigned i = 0; i < size; i++) {
            v |= (uint64_t)__atomic_load_n(p + i, __ATOMIC_RELAXED) << (8 * i);
        }
        return v;
    }
    switch (size) {
    case 1:
        return LOAD_AS(uint8_t, p, order);
    case 2:
        return LOAD_AS(uint16_t, p, order);
    case 4:
        return LOAD_AS(uint32_t, p, order);
    default:
        return LOAD_AS(uint64_t, p, order);
    }
}

static inline void host_store(uint8_t *p, unsigned size, uint64_t v, int order)
{
    if ((uintptr_t)p & (size - 1)) {
        for (unsigned i = 0; i < size; i++) {
            __atomic_store_n(p + i, (uint8_t)(v >> (8 * i)), __ATOMIC_RELAXED);
        }
        return;
    }
    switch (size) {
    case 1:
        STORE_AS(uint8_t, p, v, order);
        break;
    case 2:
        STORE_AS(uint16_t, p, v, order);
        break;
    case 4:
        STORE_AS(uint32_t, p, v, order);
        break;
    default:
        STORE_AS(uint64_t, p, v, order);
    }
}

static inline uint64_t swap_bytes(uint64_t v, MemOp mo)
{
    return mo & MO_BE ? __builtin_bswap64(v) >> (64 - 8 * memop_size(mo)) : v;
}

/* A loaded value as its register holds it. */
static inline uint64_t extend(uint64_t v, MemOp mo, TcgType type)
{
    if ((mo & MO_SIGN) && (mo & MO_SIZE) < MO_64) {
        unsigned shift = 64 - 8 * memop_size(mo);

        v = (uint64_t)((int64_t)(v << shift) >> shift);
    }
    return type == TCG_I32 ? (uint32_t)v : v;
}

static uint64_t guest_load(const TciCode *code, CPUState *cs, vaddr addr, MemOp mo, TcgType type, const void *map)
{
    const uint8_t *p = host_of(code, cs, addr, mo, ACCESS_READ);

    if (!p) {
        return extend(code->layout.mem->ld(cs, addr, mo, map), mo, type);
    }
    return extend(swap_bytes(host_load(p, memop_size(mo), load_order(mo)), mo), mo, type);
}

static void guest_store(const TciCode *code, CPUState *cs, vaddr addr, uint64_t v, MemOp mo, const void *map)
{
    uint8_t *p = host_of(code, cs, addr, mo, ACCESS_WRITE);
    unsigned size = memop_size(mo);

    v &= ~UINT64_C(0) >> (64 - 8 * size);
    if (!p) {
        code->layout.mem->st(cs, addr, v, mo, map);
    } else {
        host_store(p, size, swap_bytes(v, mo), (mo & MO_ORDER) ? __ATOMIC_SEQ_CST : __ATOMIC_RELAXED);
    }
}

static inline void swap_bytes_v(TcgVecVal *v, MemOp mo)
{
    if (mo & MO_BE) {
        uint64_t t = __builtin_bswap64(v->u64[0]);

        v->u64[0] = __builtin_bswap64(v->u64[1]);
        v->u64[1] = t;
    }
}

static void guest_load_v(const TciCode *code, CPUState *cs, vaddr addr, MemOp mo, TcgVecVal *ret, const void *map)
{
    const uint8_t *p;

    if ((mo & MO_SIZE) != MO_128) {
        ret->u64[0] = guest_load(code, cs, addr, mo, TCG_I64, map);
        ret->u64[1] = 0;
        return;
    }
    p = host_of(code, cs, addr, mo, ACCESS_READ);
    if (!p) {
        code->layout.mem->ld128(cs, addr, ret, mo, map);
        return;
    }
    ret->u64[0] = host_load(p, 8, load_order(mo));
    ret->u64[1] = host_load(p + 8, 8, load_order(mo));
    swap_bytes_v(ret, mo);
}

static void guest_store_v(const TciCode *code, CPUState *cs, vaddr addr, const TcgVecVal *v, MemOp mo, const void *map)
{
    int order = (mo & MO_ORDER) ? __ATOMIC_SEQ_CST : __ATOMIC_RELAXED;
    TcgVecVal t = *v;
    uint8_t *p;

    if ((mo & MO_SIZE) != MO_128) {
        guest_store(code, cs, addr, v->u64[0], mo, map);
        return;
    }
    p = host_of(code, cs, addr, mo, ACCESS_WRITE);
    if (!p) {
        code->layout.mem->st128(cs, addr, v, mo, map);
        return;
    }
    swap_bytes_v(&t, mo);
    host_store(p, 8, t.u64[0], order);
    host_store(p + 8, 8, t.u64[1], order);
}

/* The bytes of lanes in a predicate. */
static uint64_t bytes_of_lanes(uint64_t pred, unsigned es, unsigned size)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < size; i++) {
        r |= (pred >> (i >> es) & 1) << i;
    }
    return r;
}

/* Wide, or some bytes alone. Those of a page, by host_load and host_store; others, and what is ordered, by the slow path. */
static void guest_load_w(const TciCode *code, CPUState *cs, vaddr addr, MemOp mo, uint64_t bytes, TcgWideVal *ret,
                         const void *map)
{
    unsigned size = memop_size(mo);
    const uint8_t *p = mo & MO_ORDER || bytes != tcg_lanes_mask(size) ? NULL : host_of(code, cs, addr, mo, ACCESS_READ);

    if (!p) {
        code->layout.mem->ldv(cs, addr, ret, mo, bytes, map);
        return;
    }
    for (unsigned i = 0; i < size / 8; i++) {
        ret->u64[i] = host_load(p + 8 * i, 8, __ATOMIC_RELAXED);
    }
}

static void guest_store_w(const TciCode *code, CPUState *cs, vaddr addr, const TcgWideVal *v, MemOp mo, uint64_t bytes,
                          const void *map)
{
    unsigned size = memop_size(mo);
    uint8_t *p = mo & MO_ORDER || bytes != tcg_lanes_mask(size) ? NULL : host_of(code, cs, addr, mo, ACCESS_WRITE);

    if (!p) {
        code->layout.mem->stv(cs, addr, v, mo, bytes, map);
        return;
    }
    for (unsigned i = 0; i < size / 8; i++) {
        host_store(p + 8 * i, 8, v->u64[i], __ATOMIC_RELAXED);
    }
}

static bool host_cas(uint8_t *p, unsigned size, uint64_t *expect, uint64_t v, bool ordered)
{
#define CAS(type) \
    { \
        type e = (type)*expect; \
        bool ok = ordered ? __atomic_compare_exchange_n((type *)p, &e, (type)v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) \
                          : __atomic_compare_exchange_n((type *)p, &e, (type)v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
        *expect = e; \
        return ok; \
    }
    switch (size) {
    case 1:
        CAS(uint8_t)
    case 2:
        CAS(uint16_t)
    case 4:
        CAS(uint32_t)
    default:
        CAS(uint64_t)
    }
#undef CAS
}

static uint64_t rmw_result(TcgRmw op, uint64_t old, uint64_t v, unsigned size)
{
    unsigned shift = 64 - 8 * size;
    int64_t so = (int64_t)(old << shift), sv = (int64_t)(v << shift);

    switch (op) {
    case RMW_SWP:
        return v;
    case RMW_ADD:
        return old + v;
    case RMW_AND:
        return old & v;
    case RMW_OR:
        return old | v;
    case RMW_XOR:
        return old ^ v;
    case RMW_SMAX:
        return so > sv ? old : v;
    case RMW_SMIN:
        return so < sv ? old : v;
    case RMW_UMAX:
        return old > v ? old : v;
    case RMW_UMIN:
        return old < v ? old : v;
    default:
        g_assert_not_reached();
    }
}

static uint64_t guest_rmw(const TciCode *code, CPUState *cs, vaddr addr, uint64_t v, MemOp mo, TcgType type, TcgRmw op,
                          const void *map)
{
    uint8_t *p = host_of(code, cs, addr, mo, ACCESS_READ | ACCESS_WRITE);
    unsigned size = memop_size(mo);
    uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size), old, new;

    v &= mask;
    if (!p) {
        return extend(code->layout.mem->rmw(cs, addr, v, mo, op, map), mo, type);
    }
    old = host_load(p, size, __ATOMIC_RELAXED);
    do {
        new = swap_bytes(rmw_result(op, swap_bytes(old, mo), v, size) & mask, mo);
    } while (!host_cas(p, size, &old, new, mo & MO_ORDER));
    return extend(swap_bytes(old, mo), mo, type);
}

static uint64_t guest_cas(const TciCode *code, CPUState *cs, vaddr addr, uint64_t expect, uint64_t v, MemOp mo,
                          TcgType type, const void *map)
{
    uint8_t *p = host_of(code, cs, addr, mo, ACCESS_READ | ACCESS_WRITE);
    unsigned size = memop_size(mo);
    uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size), old;

    expect &= mask;
    v &= mask;
    if (!p) {
        return extend(code->layout.mem->cas(cs, addr, expect, v, mo, map), mo, type);
    }
    old = swap_bytes(expect, mo);
    host_cas(p, size, &old, swap_bytes(v, mo), mo & MO_ORDER);
    return extend(swap_bytes(old, mo), mo, type);
}

static void fence(unsigned pairs)
{
#ifdef __SANITIZE_THREAD__
    /* the sanitizer does not model fences (and warns of them); the host still has to order */
    __sync_synchronize();
#else
    if (pairs & FENCE_ST_LD) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } else if (pairs) {
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
    }
#endif
}

/* -- calls and pure operations ---------------------------------------------------------------------------------------- */

typedef struct Frame {
    uint64_t r[TCG_FIRST_VEC];                  /* predicates too */
    TcgVecVal v[TCG_FIRST_WIDE - TCG_FIRST_VEC];
    TcgWideVal w[TCG_NUM_HOST_REGS - TCG_FIRST_WIDE];
    uint64_t slot[TCI_SLOTS] __attribute__((aligned(16)));
} Frame;

static void eval(Frame *f, const TciInsn *i, const TciEval *e)
{
    const uint8_t regs[4] = { i->a, i->b, i->c, e->fourth };
    TcgVecVal arg[4], ret;

    for (unsigned k = 0; k < tcg_op_def[e->op].args; k++) {
        if (e->vectors >> k & 1) {
            arg[k] = f->v[regs[k]];
        } else {
            arg[k] = (TcgVecVal) { { f->r[regs[k]] } };
        }
    }
    tcg_eval(e->op, e->type, e->aux, e->imm, arg, &ret);
    if (e->vectors >> 4) {
        f->v[i->d] = ret;
    } else {
        f->r[i->d] = ret.u64[0];
    }
}

static void eval_wide(Frame *f, const TciInsn *i, const TciEval *e)
{
    const uint8_t regs[4] = { i->a, i->b, i->c, e->fourth };
    TcgWideVal arg[4] = { 0 }, ret;

    for (unsigned k = 0; k < tcg_op_def[e->op].args; k++) {
        if (e->wide >> k & 1) {
            arg[k] = f->w[regs[k]];
        } else if (e->vectors >> k & 1) {
            arg[k].v[0] = f->v[regs[k]];
        } else {
            arg[k].u64[0] = f->r[regs[k]];
        }
    }
    tcg_eval_wide(e->op, e->type, e->aux, e->imm, arg, &ret);
    if (e->wide >> 4) {
        f->w[i->d] = ret;
    } else if (e->vectors >> 4) {
        f->v[i->d] = ret.v[0];
    } else {
        f->r[i->d] = ret.u64[0];
    }
}

static void call(Frame *f, const TciCode *code, CPUState *cs, const TciCall *c, unsigned num, TcgWideVal *ret)
{
    const void *args[TCG_HELPER_MAX_ARGS];

    for (unsigned k = 0; k < num; k++) {
        const TciArg *a = &c->arg[k];
        unsigned n = loc_num(a->loc);

        switch (loc_kind(a->loc)) {
        case LOC_REG:
            args[k] = n >= TCG_FIRST_WIDE ? (void *)&f->w[n - TCG_FIRST_WIDE]
                    : n >= TCG_FIRST_VEC ? (void *)&f->v[n - TCG_FIRST_VEC] : (void *)&f->r[n];
            break;
        case LOC_SLOT:
            args[k] = &f->slot[n];
            break;
        default:
            args[k] = &a->value;
        }
    }
    if (G_UNLIKELY(c->costs_offset)) {
        uint64_t began = tcg_ticks();

        tcg_helper_call(c->helper, (const struct TcgHelperCif *)((const uint8_t *)code + c->cif), cs, args, ret);
        tcg_cost_add(*(TcgCost **)((uint8_t *)cs + c->costs_offset) + c->cost, began);
        return;
    }
    tcg_helper_call(c->helper, (const struct TcgHelperCif *)((const uint8_t *)code + c->cif), cs, args, ret);
}

/* -- the loop --------------------------------------------------------------------------------------------------------- */

static uintptr_t tci_run(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry)
{
    static const void *const labels[TCI_NUM_OPS] = {
#define TCI_X(name) [TCI_##name] = &&do_##name,
        TCI_INSNS
#undef TCI_X
    };
    Frame f;
    const TciCode *code = entry;
    const TciInsn *ip = code->insns;
    const void *map;

#define NEXT(words) do { ip += (words); goto *labels[ip->op]; } while (0)
#define GO(words) do { ip += (int64_t)(words); goto *labels[ip->op]; } while (0)
#define WORD(n) (((const uint64_t *)ip)[n])
#define MAP_AT(n) ((const uint8_t *)code + (WORD(n) >> 32))
#define RAISED() (*(const uint32_t *)env_at(cs, code->layout.raised_offset) != 0)
#define R(x) f.r[ip->x]
#define V(x) f.v[ip->x]

    goto *labels[ip->op];

#define BINARY_(name, expr, t, st, bits, n) \
    do_##name##_##bits##r: { \
        typedef t T; typedef st S; enum { BITS = bits }; \
        T a = (T)R(a), b = (T)R(b); (void)sizeof(S); \
        R(d) = (T)(expr); \
        NEXT(1); \
    } \
    do_##name##_##bits##i: { \
        typedef t T; typedef st S; enum { BITS = bits }; \
        T a = (T)R(a), b = (T)WORD(1); (void)sizeof(S); \
        R(d) = (T)(expr); \
        NEXT(2); \
    }
#define BINARY(name, expr) BINARY_(name, expr, uint32_t, int32_t, 32, 0) BINARY_(name, expr, uint64_t, int64_t, 64, 0)
    TCI_BINARY(BINARY)

#define UNARY_(name, expr, t, bits) \
    do_##name##_##bits: { \
        typedef t T; enum { BITS = bits }; \
        T a = (T)R(a); \
        R(d) = (T)(expr); \
        NEXT(1); \
    }
#define UNARY(name, expr) UNARY_(name, expr, uint32_t, 32) UNARY_(name, expr, uint64_t, 64)
    TCI_UNARY(UNARY)

#define COND_(name, expr, t, st, bits) \
    do_setcond_##name##_##bits##r: { \
        typedef st S; t a = (t)R(a), b = (t)R(b); (void)sizeof(S); \
        R(d) = (expr); \
        NEXT(1); \
    } \
    do_setcond_##name##_##bits##i: { \
        typedef st S; t a = (t)R(a), b = (t)WORD(1); (void)sizeof(S); \
        R(d) = (expr); \
        NEXT(2); \
    } \
    do_brcond_##name##_##bits##r: { \
        typedef st S; t a = (t)R(a), b = (t)R(b); (void)sizeof(S); \
        if (expr) { \
            GO(WORD(1)); \
        } \
        NEXT(2); \
    } \
    do_brcond_##name##_##bits##i: { \
        typedef st S; t a = (t)R(a), b = (t)WORD(1); (void)sizeof(S); \
        if (expr) { \
            GO(WORD(2)); \
        } \
        NEXT(3); \
    } \
    do_select_##name##_##bits: { \
        typedef st S; t a = (t)R(a), b = (t)R(b); (void)sizeof(S); \
        R(d) = (expr) ? R(c) : R(x); \
        NEXT(1); \
    }
#define COND(name, expr) COND_(name, expr, uint32_t, int32_t, 32) COND_(name, expr, uint64_t, int64_t, 64)
    TCI_CONDS(COND)

do_mov:
    R(d) = R(a);
    NEXT(1);
do_mov32:
    R(d) = (uint32_t)R(a);
    NEXT(1);
do_movi:
    R(d) = WORD(1);
    NEXT(2);
do_movv:
    V(d) = V(a);
    NEXT(1);
do_moviv:
    V(d) = (TcgVecVal) { { WORD(1), WORD(2) } };
    NEXT(3);
do_spill:
    f.slot[ip->x] = R(a);
    NEXT(1);
do_reload:
    R(d) = f.slot[ip->x];
    NEXT(1);
do_spillv:
    memcpy(&f.slot[ip->x], &V(a), 16);
    NEXT(1);
do_reloadv:
    memcpy(&V(d), &f.slot[ip->x], 16);
    NEXT(1);
do_slot_slot:
    f.slot[ip->x] = f.slot[WORD(1)];
    NEXT(2);
do_slot_slotv:
    memmove(&f.slot[ip->x], &f.slot[WORD(1)], 16);
    NEXT(2);
do_slot_const:
    f.slot[ip->x] = WORD(1);
    NEXT(2);
do_slot_constv:
    f.slot[ip->x] = WORD(1);
    f.slot[ip->x + 1] = WORD(2);
    NEXT(3);

#define POS (ip->x & 0xff)
#define LEN (ip->x >> 8)
do_extract:
    R(d) = R(a) >> POS & ~UINT64_C(0) >> (64 - LEN);
    NEXT(1);
do_sextract_32:
    R(d) = (uint32_t)((int64_t)(R(a) << (64 - LEN - POS)) >> (64 - LEN));
    NEXT(1);
do_sextract_64:
    R(d) = (uint64_t)((int64_t)(R(a) << (64 - LEN - POS)) >> (64 - LEN));
    NEXT(1);
do_deposit: {
    uint64_t mask = ~UINT64_C(0) >> (64 - LEN) << POS;

    R(d) = (R(a) & ~mask) | (R(b) << POS & mask);
    NEXT(1);
}
do_extract2_32:
    R(d) = (uint32_t)((R(b) << 32 | R(a)) >> ip->x);
    NEXT(1);
do_extract2_64:
    R(d) = ip->x ? R(a) >> ip->x | R(b) << (64 - ip->x) : R(a);
    NEXT(1);
do_sext:
    R(d) = (uint64_t)(int32_t)R(a);
    NEXT(1);
do_select:
    R(d) = (uint32_t)R(a) ? R(b) : R(c);
    NEXT(1);
do_select_fc:
    R(d) = ip->x >> (R(a) & 15) & 1 ? R(b) : R(c);
    NEXT(1);
do_flags_cond:
    R(d) = ip->x >> (R(a) & 15) & 1;
    NEXT(1);
do_eval:
    eval(&f, ip, (const TciEval *)(ip + 1));
    NEXT(1 + sizeof(TciEval) / 8);
do_evalw:
    eval_wide(&f, ip, (const TciEval *)(ip + 1));
    NEXT(1 + sizeof(TciEval) / 8);
#define W(x) f.w[ip->x]
do_movw:
    W(d) = W(a);
    NEXT(1);
do_moviw:
    for (unsigned i = 0; i < ip->c / 8u; i++) {
        W(d).u64[i] = WORD(1 + (i & 1));
    }
    NEXT(3);
do_spillw:
    memcpy(&f.slot[ip->x], &W(a), ip->c);
    NEXT(1);
do_reloadw:
    memcpy(&W(d), &f.slot[ip->x], ip->c);
    NEXT(1);
do_slot_slotw:
    memmove(&f.slot[ip->x], &f.slot[WORD(1)], ip->c);
    NEXT(2);
do_slot_constw:
    for (unsigned i = 0; i < ip->c / 8u; i++) {
        f.slot[ip->x + i] = WORD(1 + (i & 1));
    }
    NEXT(3);
do_ld_envw:
    memcpy(&W(d), env_at(cs, (int64_t)WORD(1)), ip->c);
    NEXT(2);
do_st_envw:
    memcpy(env_at(cs, (int64_t)WORD(1)), &W(a), ip->c);
    NEXT(2);
do_vand:
    V(d) = (TcgVecVal) { { V(a).u64[0] & V(b).u64[0], V(a).u64[1] & V(b).u64[1] } };
    NEXT(1);
do_vor:
    V(d) = (TcgVecVal) { { V(a).u64[0] | V(b).u64[0], V(a).u64[1] | V(b).u64[1] } };
    NEXT(1);
do_vxor:
    V(d) = (TcgVecVal) { { V(a).u64[0] ^ V(b).u64[0], V(a).u64[1] ^ V(b).u64[1] } };
    NEXT(1);

/* Other threads write some of it, as atomics. */
#define LD_ENV(name, type) \
    do_##name: { \
        type v = __atomic_load_n((const type *)env_at(cs, (int64_t)WORD(1)), __ATOMIC_RELAXED); \
        R(d) = ip->x == TCG_I32 ? (uint32_t)v : (uint64_t)v; \
        NEXT(2); \
    }
    LD_ENV(ld_env8, uint8_t) LD_ENV(ld_env16, uint16_t) LD_ENV(ld_env32, uint32_t) LD_ENV(ld_env64, uint64_t)
    LD_ENV(ld_env8s, int8_t) LD_ENV(ld_env16s, int16_t) LD_ENV(ld_env32s, int32_t)
do_ld_env128:
    memcpy(&V(d), env_at(cs, (int64_t)WORD(1)), 16);
    NEXT(2);
#define ST_ENV(name, type) \
    do_##name: { \
        type v = (type)R(a); \
        memcpy(env_at(cs, (int64_t)WORD(1)), &v, sizeof(v)); \
        NEXT(2); \
    } \
    do_##name##i: { \
        type v = (type)WORD(2); \
        memcpy(env_at(cs, (int64_t)WORD(1)), &v, sizeof(v)); \
        NEXT(3); \
    }
    ST_ENV(st_env8, uint8_t) ST_ENV(st_env16, uint16_t) ST_ENV(st_env32, uint32_t) ST_ENV(st_env64, uint64_t)
do_st_env128:
    memcpy(env_at(cs, (int64_t)WORD(1)), &V(a), 16);
    NEXT(2);

/* The fast path in full; what it does not do, the general instruction's code does. */
#define LD_FAST(name, type) \
    do_##name: { \
        vaddr addr = R(a); \
        const uint8_t *p = tlb_host(code, cs, addr, sizeof(type), WORD(1) >> MO_MMU_SHIFT & 0xff, ACCESS_READ); \
        if (G_LIKELY(p && !((uintptr_t)p & (sizeof(type) - 1)))) { \
            uint64_t v = __atomic_load_n((const type *)p, __ATOMIC_RELAXED); \
            if (ip->d != 0xff) { \
                R(d) = v; \
            } \
            NEXT(2); \
        } \
        goto do_ld; \
    }
    LD_FAST(ld8, uint8_t) LD_FAST(ld16, uint16_t) LD_FAST(ld32, uint32_t) LD_FAST(ld64, uint64_t)
#define ST_FAST(name, type) \
    do_##name: { \
        vaddr addr = R(a); \
        uint8_t *p = tlb_host(code, cs, addr, sizeof(type), WORD(1) >> MO_MMU_SHIFT & 0xff, ACCESS_WRITE); \
        if (G_LIKELY(p && !((uintptr_t)p & (sizeof(type) - 1)))) { \
            __atomic_store_n((type *)p, (type)R(b), __ATOMIC_RELAXED); \
            NEXT(2); \
        } \
        goto do_st; \
    }
    ST_FAST(st8, uint8_t) ST_FAST(st16, uint16_t) ST_FAST(st32, uint32_t) ST_FAST(st64, uint64_t)

do_ld: {
    uint64_t v = guest_load(code, cs, R(a), (MemOp)WORD(1), ip->x, MAP_AT(1));

    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff) {
        R(d) = v;
    }
    NEXT(2);
}
do_ldv: {
    TcgVecVal v;

    guest_load_v(code, cs, R(a), (MemOp)WORD(1), &v, MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff) {
        V(d) = v;
    }
    NEXT(2);
}
do_st:
    guest_store(code, cs, R(a), R(b), (MemOp)WORD(1), MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    NEXT(2);
do_stv:
    guest_store_v(code, cs, R(a), &V(b), (MemOp)WORD(1), MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    NEXT(2);
#define BYTES(size) (ip->c ? bytes_of_lanes(f.r[ip->c - 1], ip->x & 3, size) : tcg_lanes_mask(size))
do_ldw: {
    MemOp mo = (MemOp)WORD(1);
    TcgWideVal v;

    guest_load_w(code, cs, R(a), mo, BYTES(memop_size(mo)), &v, MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff && ip->x & 16) {
        V(d) = v.v[0];
    } else if (ip->d != 0xff) {
        W(d) = v;
    }
    NEXT(2);
}
do_stw: {
    MemOp mo = (MemOp)WORD(1);
    TcgWideVal v;

    if (ip->x & 16) {
        v.v[0] = V(b);
    } else {
        v = W(b);
    }
    guest_store_w(code, cs, R(a), &v, mo, BYTES(memop_size(mo)), MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    NEXT(2);
}
do_rmw: {
    uint64_t v = guest_rmw(code, cs, R(a), R(b), (MemOp)WORD(1), ip->x, ip->c, MAP_AT(1));

    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff) {
        R(d) = v;
    }
    NEXT(2);
}
do_cas: {
    uint64_t v = guest_cas(code, cs, R(a), R(b), R(c), (MemOp)WORD(1), ip->x, MAP_AT(1));

    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff) {
        R(d) = v;
    }
    NEXT(2);
}
do_casv: {
    TcgVecVal v = V(b);

    code->layout.mem->cas128(cs, R(a), &v, &V(c), (MemOp)WORD(1), MAP_AT(1));
    if (RAISED()) {
        goto raised;
    }
    if (ip->d != 0xff) {
        V(d) = v;
    }
    NEXT(2);
}
do_fence:
    fence(ip->x);
    NEXT(1);

do_call: {
    const TciCall *c = (const TciCall *)(ip + 1);
    TcgWideVal ret;

    call(&f, code, cs, c, ip->b, &ret);
    if (c->map && RAISED()) {
        map = (const uint8_t *)code + c->map;
        goto restore;
    }
    if (ip->d != 0xff) {
        if (tcg_type_is_wide(ip->x)) {
            W(d) = ret;
        } else if (ip->x == TCG_V128) {
            V(d) = ret.v[0];
        } else {
            R(d) = ret.u64[0];
        }
    }
    NEXT(1 + (sizeof(TciCall) + ip->b * sizeof(TciArg)) / 8);
}

do_br:
    GO(WORD(1));
do_brflag:
    if (ip->x >> (R(a) & 15) & 1) {
        GO(WORD(1));
    }
    NEXT(2);
do_poll: {
    int32_t *word = env_at(cs, code->layout.poll_offset);
    uint64_t heat = WORD(2);

    if (!code->layout.counted) {
        if (G_LIKELY(__atomic_load_n(word, __ATOMIC_RELAXED) >= 0) &&
            (!heat || (*(int32_t *)env_at(cs, code->layout.heat_offset + (heat - 1) * 4) -= (int32_t)WORD(1)) >= 0)) {
            NEXT(3);
        }
    } else if (__atomic_sub_fetch(word, (int32_t)WORD(1), __ATOMIC_RELAXED) >= 0) {
        NEXT(3);
    } else {
        __atomic_add_fetch(word, (int32_t)WORD(1), __ATOMIC_RELAXED);
    }
    if (ip->x) {
        *(uint32_t *)env_at(cs, code->layout.left_offset) = tcg_map_restore(MAP_AT(1), cs, f.r, f.v, f.slot, f.w);
    }
    return code->owner | TCG_EXIT_POLL;
}
do_goto_tb: {
    const TciCode *to = __atomic_load_n(&code->chain[ip->x], __ATOMIC_ACQUIRE);

    if (!to) {
        return code->owner | (TCG_EXIT_CHAIN + ip->x);
    }
    code = to;
    GO(code->insns - ip);
}
do_goto_ptr: {
    const TcgLayout *l = &code->layout;
    vaddr pc = 0;
    const TcgJumpEntry *j = *(TcgJumpEntry *const *)env_at(cs, l->jc_offset);

    memcpy(&pc, env_at(cs, code->pc_offset), tcg_type_size(code->pc_type));
    j += (pc & *(const uint32_t *)env_at(cs, l->jc_mask_offset)) >> l->jc_shift;
    if (j->pc == pc && j->tag == *(const uint64_t *)env_at(cs, l->jc_tag_offset)) {
        code = j->code;
        GO(code->insns - ip);
    }
    if (l->find) {
        const TciCode *found = l->find(cs);

        if (found) {
            code = found;
            GO(code->insns - ip);
        }
    }
    return code->owner | TCG_EXIT_LOOKUP;
}
do_exit:
    return code->owner | TCG_EXIT_LOOKUP;
do_raise_exit:
    return code->owner | TCG_EXIT_RAISED;

raised:
    map = MAP_AT(1);
restore:
    *(uint32_t *)env_at(cs, code->layout.left_offset) = tcg_map_restore(map, cs, f.r, f.v, f.slot, f.w);
    return code->owner | TCG_EXIT_RAISED;
}

/* -- chains, dumps ---------------------------------------------------------------------------------------------------- */

static void tci_chain(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry)
{
    const uint8_t *at = (const uint8_t *)code->entry + code->chain[n].patch;

    g_assert(n < code->num_chains && code->chain[n].patch);
    __atomic_store_n((const void **)(buf->rw + (at - buf->rx)), entry, __ATOMIC_RELEASE);
}

static size_t tci_init_buf(const TcgBackend *be, TcgCodeBuf *buf)
{
    return 0;
}

unsigned tcg_tci_length(const TciInsn *i)
{
    const char *name = tcg_tci_name[i->op];
    size_t len = strlen(name);

    switch (i->op) {
    case TCI_moviv: case TCI_slot_constv: case TCI_eval: case TCI_evalw: case TCI_moviw: case TCI_slot_constw:
    case TCI_st_env8i: case TCI_st_env16i: case TCI_st_env32i: case TCI_st_env64i:
        return 3;
    case TCI_call:
        return 1 + (sizeof(TciCall) + i->b * sizeof(TciArg)) / 8;
    case TCI_mov: case TCI_mov32: case TCI_movv: case TCI_spill: case TCI_reload: case TCI_spillv: case TCI_reloadv:
    case TCI_extract: case TCI_sextract_32: case TCI_sextract_64: case TCI_deposit: case TCI_extract2_32:
    case TCI_extract2_64: case TCI_sext: case TCI_select: case TCI_select_fc: case TCI_flags_cond: case TCI_vand:
    case TCI_movw: case TCI_spillw: case TCI_reloadw:
    case TCI_vor: case TCI_vxor: case TCI_fence: case TCI_goto_tb: case TCI_goto_ptr: case TCI_exit: case TCI_raise_exit:
        return 1;
    default:
        break;
    }
    if (i->op < TCI_mov) {
        return 1 + g_str_has_prefix(name, "brcond_") + (name[len - 1] == 'i');
    }
    return 2;
}

static void tci_dump(const TcgBackend *be, const TcgCode *tc, GString *out)
{
    const TciCode *code = tc->entry;

    for (uint32_t at = 0; at < code->num_words;) {
        const TciInsn *i = &code->insns[at];
        unsigned len = tcg_tci_length(i);

        g_string_append_printf(out, "%5u  %-16s d%u a%u b%u c%u x%u", at, tcg_tci_name[i->op], i->d, i->a, i->b, i->c, i->x);
        for (unsigned k = 1; k < len; k++) {
            g_string_append_printf(out, " %" G_GINT64_MODIFIER "x", ((const uint64_t *)i)[k]);
        }
        g_string_append_c(out, '\n');
        at += len;
    }
}

const TcgBackend tcg_backend_tci = {
    .name = "tci",
    .allocatable = ~UINT64_C(0),
    .callee_saved = ~UINT64_C(0),
    .num_slots = TCI_SLOTS,
    .has_op = tci_has_op,
    .constraints = tci_constraints,
    .emit = tcg_tci_emit,
    .run = tci_run,
    .chain = tci_chain,
    .init_buf = tci_init_buf,
    .dump = tci_dump,
};
