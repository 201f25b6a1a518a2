/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test guest: its table, CPU object, memory and helpers. */
#include "core/tcg/tests/testtarget.h"

#include <inttypes.h>
#include <string.h>

#define X(n) { "x" #n, TCG_I64, offsetof(TestCpu, x[n]) }
#define Y(n) { "y" #n, TCG_V256, offsetof(TestCpu, y[n]) }
#define Z(n) { "z" #n, TCG_V512, offsetof(TestCpu, z[n]) }
#define P(n) { "p" #n, TCG_PRED, offsetof(TestCpu, p[n]) }
#define V(n) { "v" #n, TCG_V128, offsetof(TestCpu, v[n]) }
static const TcgReg regs[TEST_NUM_REGS] = {
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7),
    { "nzcv", TCG_I32, offsetof(TestCpu, nzcv) },
    V(0), V(1), V(2), V(3),
    { "pc", TCG_I64, offsetof(TestCpu, pc) },
    Y(0), Y(1), Z(0), Z(1), Z(2), P(0), P(1), P(2),
};

/* -- memory's slow paths ---------------------------------------------------------------------------------------- */

static bool access_ok(TestCpu *cpu, vaddr addr, MemOp mo, const void *map)
{
    cpu->num_slow++;
    cpu->last_map = map;
    if (addr < TEST_MEM_BASE || addr - TEST_MEM_BASE > TEST_MEM_SIZE - memop_size(mo) ||
        (cpu->raise_after && --cpu->raise_after == 0)) {
        cpu->raised = 1;
        return false;
    }
    return true;
}

static void log_access(TestCpu *cpu, vaddr addr, uint64_t value, MemOp mo, bool store)
{
    cpu->log[cpu->num_log++ % G_N_ELEMENTS(cpu->log)] = (TestAccess){ addr, value, mo, store };
}

/* Memory order to value or back. */
static uint64_t order(uint64_t v, MemOp mo)
{
    return mo & MO_BE ? __builtin_bswap64(v) >> (64 - 8 * memop_size(mo)) : v;
}

static uint64_t extend(uint64_t v, MemOp mo)
{
    unsigned sh = 64 - 8 * memop_size(mo);

    return mo & MO_SIGN ? (uint64_t)((int64_t)(v << sh) >> sh) : v;
}

static uint64_t raw_ld(TestCpu *cpu, vaddr addr, MemOp mo)
{
    uint64_t v = 0;

    memcpy(&v, cpu->mem + (addr - TEST_MEM_BASE), memop_size(mo));
    return order(v, mo);
}

static void raw_st(TestCpu *cpu, vaddr addr, uint64_t value, MemOp mo)
{
    value = order(value, mo);
    memcpy(cpu->mem + (addr - TEST_MEM_BASE), &value, memop_size(mo));
}

static uint64_t mem_ld(CPUState *cs, vaddr addr, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    uint64_t v;

    if (!access_ok(cpu, addr, mo, map)) {
        return 0;
    }
    v = extend(raw_ld(cpu, addr, mo), mo);
    log_access(cpu, addr, v, mo, false);
    return v;
}

static void mem_st(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;

    if (access_ok(cpu, addr, mo, map)) {
        raw_st(cpu, addr, value, mo);
        log_access(cpu, addr, raw_ld(cpu, addr, mo), mo, true);
    }
}

static void swap128(TcgVecVal *v, MemOp mo)
{
    if (mo & MO_BE) {
        uint64_t lo = __builtin_bswap64(v->u64[1]);

        v->u64[1] = __builtin_bswap64(v->u64[0]);
        v->u64[0] = lo;
    }
}

static void mem_ld128(CPUState *cs, vaddr addr, void *ret, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    TcgVecVal v = { 0 };

    if (access_ok(cpu, addr, mo, map)) {
        memcpy(&v, cpu->mem + (addr - TEST_MEM_BASE), 16);
        swap128(&v, mo);
        log_access(cpu, addr, v.u64[0], mo, false);
    }
    memcpy(ret, &v, 16);
}

static void mem_st128(CPUState *cs, vaddr addr, const void *value, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    TcgVecVal v;

    memcpy(&v, value, 16);
    if (access_ok(cpu, addr, mo, map)) {
        log_access(cpu, addr, v.u64[0], mo, true);
        swap128(&v, mo);
        memcpy(cpu->mem + (addr - TEST_MEM_BASE), &v, 16);
    }
}

static uint64_t mem_rmw(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, TcgRmw op, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    unsigned sh = 64 - 8 * memop_size(mo);
    uint64_t old, new;
    int64_t so, sv;

    if (!access_ok(cpu, addr, mo, map)) {
        return 0;
    }
    old = raw_ld(cpu, addr, mo);
    value = value << sh >> sh;
    so = (int64_t)(old << sh) >> sh;
    sv = (int64_t)(value << sh) >> sh;
    switch (op) {
    case RMW_SWP: new = value; break;
    case RMW_ADD: new = old + value; break;
    case RMW_AND: new = old & value; break;
    case RMW_OR: new = old | value; break;
    case RMW_XOR: new = old ^ value; break;
    case RMW_SMAX: new = so > sv ? old : value; break;
    case RMW_SMIN: new = so < sv ? old : value; break;
    case RMW_UMAX: new = old > value ? old : value; break;
    case RMW_UMIN: new = old < value ? old : value; break;
    default: g_assert_not_reached();
    }
    raw_st(cpu, addr, new, mo);
    log_access(cpu, addr, raw_ld(cpu, addr, mo), mo, true);
    return extend(old, mo);
}

static uint64_t mem_cas(CPUState *cs, vaddr addr, uint64_t expect, uint64_t value, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    unsigned sh = 64 - 8 * memop_size(mo);
    uint64_t old;

    if (!access_ok(cpu, addr, mo, map)) {
        return 0;
    }
    old = raw_ld(cpu, addr, mo);
    if (old == expect << sh >> sh) {
        raw_st(cpu, addr, value, mo);
    }
    log_access(cpu, addr, raw_ld(cpu, addr, mo), mo, true);
    return extend(old, mo);
}

static void mem_cas128(CPUState *cs, vaddr addr, void *expect_ret, const void *value, MemOp mo, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    TcgVecVal old = { 0 }, expect, new;

    memcpy(&expect, expect_ret, 16);
    memcpy(&new, value, 16);
    if (access_ok(cpu, addr, mo, map)) {
        uint8_t *p = cpu->mem + (addr - TEST_MEM_BASE);

        memcpy(&old, p, 16);
        swap128(&old, mo);
        if (old.u64[0] == expect.u64[0] && old.u64[1] == expect.u64[1]) {
            log_access(cpu, addr, new.u64[0], mo, true);
            swap128(&new, mo);
            memcpy(p, &new, 16);
        } else {
            log_access(cpu, addr, old.u64[0], mo, true);
        }
    }
    memcpy(expect_ret, &old, 16);
}

/* Of some bytes: those are what must be there. */
static bool bytes_ok(TestCpu *cpu, vaddr addr, uint64_t bytes, const void *map)
{
    cpu->num_slow++;
    cpu->last_map = map;
    for (unsigned i = 0; i < 64; i++) {
        if (bytes >> i & 1 && addr + i - TEST_MEM_BASE >= TEST_MEM_SIZE) {
            cpu->raised = 1;
        }
    }
    if (cpu->raise_after && --cpu->raise_after == 0) {
        cpu->raised = 1;
    }
    return !cpu->raised;
}

static void mem_ldv(CPUState *cs, vaddr addr, void *ret, MemOp mo, uint64_t bytes, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;
    uint64_t low = 0;

    memset(ret, 0, memop_size(mo));
    if (bytes_ok(cpu, addr, bytes, map)) {
        for (unsigned i = 0; i < memop_size(mo); i++) {
            if (bytes >> i & 1) {
                ((uint8_t *)ret)[i] = cpu->mem[addr + i - TEST_MEM_BASE];
            }
        }
        memcpy(&low, ret, 8);
        log_access(cpu, addr, low, mo, false);
    }
}

static void mem_stv(CPUState *cs, vaddr addr, const void *value, MemOp mo, uint64_t bytes, const void *map)
{
    TestCpu *cpu = (TestCpu *)cs;

    if (bytes_ok(cpu, addr, bytes, map)) {
        for (unsigned i = 0; i < memop_size(mo); i++) {
            if (bytes >> i & 1) {
                cpu->mem[addr + i - TEST_MEM_BASE] = ((const uint8_t *)value)[i];
            }
        }
        log_access(cpu, addr, bytes, mo, true);
    }
}

static const TcgMemOps mem_ops = {
    .ld = mem_ld, .st = mem_st, .ld128 = mem_ld128, .st128 = mem_st128, .ldv = mem_ldv, .stv = mem_stv, .rmw = mem_rmw,
    .cas = mem_cas, .cas128 = mem_cas128,
};

#define LAYOUT(is_direct, is_counted) { \
    .direct = is_direct, .direct_base_offset = offsetof(TestCpu, direct_base), \
    .tlb_offset = offsetof(TestCpu, tlb), .raised_offset = offsetof(TestCpu, raised), \
    .left_offset = offsetof(TestCpu, left_insns), \
    .poll_offset = offsetof(TestCpu, poll), .counted = is_counted, .jc_offset = offsetof(TestCpu, jc), \
    .jc_tag_offset = offsetof(TestCpu, jc_tag), .jc_mask_offset = offsetof(TestCpu, jc_mask), .jc_shift = 2, \
    .mem = &mem_ops, \
}
const TcgLayout test_layout = LAYOUT(false, false);
const TcgLayout test_layout_direct = LAYOUT(true, false);
const TcgLayout test_layout_counted = LAYOUT(false, true);

/* -- the CPU object ------------------------------------------------------------------------------------------------ */

uint64_t test_rand(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;       /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t test_rand_edge(uint64_t *state)
{
    static const uint64_t edge[] = {
        0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
        0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX - 1, UINT64_MAX,
        0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 0xffffffff00000000, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa,
    };
    uint64_t r = test_rand(state);

    switch (r >> 61) {
    case 0: return test_rand(state);
    case 1: return test_rand(state) >> (r & 63);
    case 2: return (uint32_t)test_rand(state);
    case 3: return edge[(r & 0xffff) % G_N_ELEMENTS(edge)] + ((r >> 32) % 5 - 2);
    default: return edge[(r & 0xffff) % G_N_ELEMENTS(edge)];
    }
}

void test_cpu_init(TestCpu *cpu, uint64_t seed)
{
    memset(cpu, 0, sizeof(*cpu));
    for (unsigned i = 0; i < 8; i++) {
        cpu->x[i] = test_rand_edge(&seed);
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->v[i].u64[0] = test_rand_edge(&seed);
        cpu->v[i].u64[1] = test_rand_edge(&seed);
    }
    for (unsigned i = 0; i < sizeof(cpu->y) + sizeof(cpu->z); i += 8) {
        uint64_t r = test_rand_edge(&seed);

        memcpy((uint8_t *)cpu->y + i, &r, 8);
    }
    for (unsigned i = 0; i < 3; i++) {
        cpu->p[i] = test_rand_edge(&seed);
    }
    cpu->nzcv = test_rand(&seed) & 15;
    cpu->pc = 0x400000 + (test_rand(&seed) & 0xffc);
    cpu->poll = INT32_MAX;
    for (unsigned i = 0; i < TEST_MEM_SIZE; i += 8) {
        uint64_t r = test_rand(&seed);

        memcpy(cpu->mem + i, &r, 8);
    }
    for (unsigned m = 0; m < 2; m++) {
        cpu->tlb[m].mask = (TEST_TLB_ENTRIES - 1) * sizeof(TcgTlbEntry);
        cpu->tlb[m].table = cpu->tlb_entries[m];
        memset(cpu->tlb_entries[m], 0xff, sizeof(cpu->tlb_entries[m]));
    }
    cpu->jc = cpu->jc_entries;
    cpu->jc_mask = ((1u << TEST_JC_BITS) - 1) << test_layout.jc_shift;
    for (unsigned i = 0; i < 1u << TEST_JC_BITS; i++) {
        cpu->jc_entries[i].pc = UINT64_MAX;
        cpu->jc_entries[i].tag = UINT64_MAX;    /* never the current one */
    }
    cpu->direct_base = (uintptr_t)cpu->mem - TEST_MEM_BASE;
}

void test_cpu_fill_tlb(TestCpu *cpu)
{
    for (uint64_t page = TEST_MEM_BASE; page < TEST_MEM_BASE + TEST_MEM_SIZE; page += 1u << TEST_PAGE_BITS) {
        TcgTlbEntry *e = &cpu->tlb_entries[0][(page >> TEST_PAGE_BITS) % TEST_TLB_ENTRIES];

        e->read = e->write = page;
        e->addend = (uintptr_t)cpu->mem - TEST_MEM_BASE;
    }
}

bool test_cpu_equal(const TestCpu *a, const TestCpu *b, GString *ret_why)
{
    for (unsigned i = 0; i < TEST_NUM_REGS; i++) {
        const uint8_t *pa = (const uint8_t *)a + regs[i].offset, *pb = (const uint8_t *)b + regs[i].offset;

        if (memcmp(pa, pb, tcg_type_size(regs[i].type))) {
            if (ret_why) {
                uint64_t va = 0, vb = 0;

                memcpy(&va, pa, MIN(8, tcg_type_size(regs[i].type)));
                memcpy(&vb, pb, MIN(8, tcg_type_size(regs[i].type)));
                g_string_append_printf(ret_why, "%s: %" PRIx64 " and %" PRIx64, regs[i].name, va, vb);
            }
            return false;
        }
    }
    for (unsigned i = 0; i < TEST_MEM_SIZE; i++) {
        if (a->mem[i] != b->mem[i]) {
            if (ret_why) {
                g_string_append_printf(ret_why, "memory at %x: %x and %x", TEST_MEM_BASE + i, a->mem[i], b->mem[i]);
            }
            return false;
        }
    }
    return true;
}

/* -- helpers ------------------------------------------------------------------------------------------------------- */

static uint64_t helper_pure3(CPUState *cs, uint64_t a, uint64_t b, uint64_t c)
{
    return a * 3 + b * 5 + c;
}

static uint32_t helper_add32(CPUState *cs, uint32_t a, uint32_t b)
{
    ((TestCpu *)cs)->num_calls++;
    return a + b;
}

static uint64_t helper_six(CPUState *cs, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    uint64_t *seen = ((TestCpu *)cs)->seen;

    seen[0] = a;
    seen[1] = b;
    seen[2] = c;
    seen[3] = d;
    seen[4] = e;
    seen[5] = f;
    ((TestCpu *)cs)->num_calls++;
    return a + b + c + d + e + f;
}

static uint64_t helper_peek(CPUState *cs)
{
    TestCpu *cpu = (TestCpu *)cs;
    uint64_t h = 0;

    for (unsigned i = 0; i < TEST_NUM_REGS; i++) {
        for (unsigned k = 0; k < tcg_type_size(regs[i].type); k += 4) {
            uint32_t w;

            memcpy(&w, (uint8_t *)cs + regs[i].offset + k, 4);
            h = (h ^ w) * 0x9e3779b97f4a7c15ull;
        }
    }
    cpu->num_calls++;
    return h;
}

static void helper_poke(CPUState *cs, uint64_t v)
{
    TestCpu *cpu = (TestCpu *)cs;

    cpu->x[3] ^= v;
    cpu->nzcv = v & 15;
    cpu->v[2].u64[0]++;
    cpu->num_calls++;
}

static void helper_listed(CPUState *cs, uint64_t v)
{
    TestCpu *cpu = (TestCpu *)cs;

    cpu->x[2] = cpu->x[1] + v;
    cpu->num_calls++;
}

static uint64_t helper_may_raise(CPUState *cs, uint64_t v)
{
    TestCpu *cpu = (TestCpu *)cs;

    cpu->num_calls++;
    if ((v & 1) || (cpu->raise_after && --cpu->raise_after == 0)) {
        cpu->raised = 1;
    }
    return v / 2;
}

static uint64_t helper_may_raise_all(CPUState *cs, uint64_t v)
{
    return helper_may_raise(cs, v) ^ helper_peek(cs);
}

static void helper_raise(CPUState *cs)
{
    ((TestCpu *)cs)->raised = 1;
}

static void helper_vadd(CPUState *cs, const TcgVecVal *a, const TcgVecVal *b, TcgVecVal *ret)
{
    ret->u64[0] = a->u64[0] + b->u64[0];
    ret->u64[1] = a->u64[1] + b->u64[1];
}

static void helper_see_v(CPUState *cs, const TcgVecVal *v, uint32_t n)
{
    ((TestCpu *)cs)->seen_v = *v;
    ((TestCpu *)cs)->seen[0] = n;
    ((TestCpu *)cs)->num_calls++;
}

static void helper_wide(CPUState *cs, const uint64_t *a, uint64_t n, const uint64_t *b, uint64_t *ret)
{
    for (unsigned i = 0; i < 8; i++) {
        ret[i] = (i < 4 ? b[i] : a[i]) + n;
    }
    ((TestCpu *)cs)->num_calls++;
}

const TcgHelper test_helpers[TEST_NUM_HELPERS] = {
    [TEST_H_PURE3] = { "pure3", helper_pure3, 3, TCG_I64, { TCG_I64, TCG_I64, TCG_I64 }, HELPER_PURE },
    [TEST_H_ADD32] = { "add32", helper_add32, 2, TCG_I32, { TCG_I32, TCG_I32 } },
    [TEST_H_SIX] = { "six", helper_six, 6, TCG_I64, { TCG_I64, TCG_I64, TCG_I64, TCG_I64, TCG_I64, TCG_I64 } },
    [TEST_H_PEEK] = { "peek", helper_peek, 0, TCG_I64, .reads = HREGS_ALL },
    [TEST_H_POKE] = { "poke", helper_poke, 1, TCG_VOID, { TCG_I64 }, .reads = HREGS_ALL, .writes = HREGS_ALL },
    [TEST_H_LISTED] = { "listed", helper_listed, 1, TCG_VOID, { TCG_I64 }, .reads = HREGS_LISTED,
                        .writes = HREGS_LISTED },
    [TEST_H_MAY_RAISE] = { "may_raise", helper_may_raise, 1, TCG_I64, { TCG_I64 }, HELPER_MAY_RAISE },
    [TEST_H_RAISE] = { "raise", helper_raise, 0, TCG_VOID, .flags = HELPER_MAY_RAISE | HELPER_NO_RETURN,
                       .reads = HREGS_ALL },
    [TEST_H_VADD] = { "vadd", helper_vadd, 2, TCG_V128, { TCG_V128, TCG_V128 }, HELPER_PURE },
    [TEST_H_SEE_V] = { "see_v", helper_see_v, 2, TCG_VOID, { TCG_V128, TCG_I32 } },
    [TEST_H_WIDE] = { "wide", helper_wide, 3, TCG_V512, { TCG_V512, TCG_I64, TCG_V256 } },
    [TEST_H_MAY_RAISE_ALL] = { "may_raise_all", helper_may_raise_all, 1, TCG_I64, { TCG_I64 }, HELPER_MAY_RAISE,
                               .reads = HREGS_ALL },
};

const TcgTarget test_target = {
    .name = "test", .regs = regs, .num_regs = TEST_NUM_REGS, .pc_reg = TEST_PC, .page_bits = TEST_PAGE_BITS,
    .helpers = test_helpers, .num_helpers = TEST_NUM_HELPERS,
};
