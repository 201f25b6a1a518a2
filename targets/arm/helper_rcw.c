/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FEAT_THE: read-check-write instructions (Arm DDI 0487, C6.2 RCWCAS and so on; MemAtomicRCW, RCWCheck).
 * What is in memory, a translation descriptor as a rule, is read, checked against what is to replace it, and replaced by a
 * compare and swap, from the beginning if somebody else came between. That memory may be written is asked before it is
 * read, as for every atomic.
 */
#include "core/bits.h"
#include "targets/arm/helper.h"
#include "targets/arm/mmu.h"
#include "targets/arm/rcw.h"

enum { PROTECTED_64 = 52, PROTECTED_128 = 114 };
enum { NZCV_PASS = 2, NZCV_DIFFERS = 10, NZCV_Z = 4, NZCV_C = 2 };

static uint64_t get(const ARMCPU *cpu, unsigned n)
{
    return n == 31 ? 0 : cpu->x[n];
}

static void set(ARMCPU *cpu, unsigned n, uint64_t v)
{
    if (n != 31) {
        cpu->x[n] = v;
    }
}

static bool bit(const uint64_t v[2], unsigned n)
{
    return v[n / 64] >> (n % 64) & 1;
}

/*
 * A mask register as it acts: address bits are all as the lowest of them says, and what is neither attribute nor software's
 * may never change.
 */
static void effective_mask(const uint64_t reg[2], bool wide, uint64_t ret[2])
{
    if (wide) {
        ret[0] = deposit64(reg[0], 17, 39, reg[0] >> 16 & 1 ? UINT64_MAX : 0) & mask64(2, 54);
        ret[1] = reg[1] & ~(mask64(0, 27) | mask64(37, 7) | mask64(55, 2) | mask64(61, 2));     /* 90:64, 107:101 ... */
    } else {
        ret[0] = deposit64(reg[0], 18, 32, reg[0] >> 17 & 1 ? UINT64_MAX : 0) & ~UINT64_C(1);
        ret[1] = 0;
    }
}

static bool outside(const uint64_t old[2], const uint64_t new[2], const uint64_t mask[2])
{
    return (old[0] ^ new[0]) & ~mask[0] || (old[1] ^ new[1]) & ~mask[1];
}

/* RCWCheck: the flags. */
static unsigned check(const ARMCPU *cpu, const uint64_t old[2], const uint64_t new[2], bool wide, bool soft)
{
    unsigned protected_bit = wide ? PROTECTED_128 : PROTECTED_64;
    bool enabled = arm_protection_enabled(cpu), was_protected = bit(old, protected_bit), was_valid = old[0] & 1;
    bool other_valid = (old[0] ^ new[0]) & 1, fails = false, soft_fails = false;
    uint64_t mask[2], soft_mask[2];

    effective_mask(cpu->rcwmask_el1, wide, mask);
    effective_mask(cpu->rcwsmask_el1, wide, soft_mask);
    if (wide || enabled) {
        soft_mask[protected_bit / 64] &= ~BIT64(protected_bit % 64);
    }
    if (enabled) {
        fails = bit(new, protected_bit) != was_protected || (was_protected && other_valid) ||
                (was_protected && was_valid && outside(old, new, mask));
    }
    if (soft) {
        soft_fails = ((was_valid || !enabled || !was_protected) && other_valid) ||
                     (was_valid && outside(old, new, soft_mask));
    }
    return (fails ? NZCV_Z : 0) | (soft_fails ? 0 : NZCV_C);
}

static void replacement(unsigned op, const uint64_t there[2], const uint64_t operand[2], uint64_t ret[2])
{
    for (unsigned i = 0; i < 2; i++) {
        ret[i] = op == RCW_CLR ? there[i] & ~operand[i] : op == RCW_SET ? there[i] | operand[i] : operand[i];
    }
}

/* False: an exception is recorded. */
static bool swap(ARMCPU *cpu, uint64_t addr, uint64_t expect_ret[2], const uint64_t value[2], MemOp mo)
{
    bool ok;

    cpu->rcw = true;
    ok = cpu_cas(&cpu->parent, addr, expect_ret, value, mo);
    cpu->rcw = false;
    return ok;
}

void helper_rcw(ARMCPU *cpu, uint64_t addr, uint32_t desc, uint32_t mo)
{
    bool wide = memop_size(mo) == 16, turned = wide && mo & MO_BE, ok;
    unsigned in[2] = { RCW_IN(desc), RCW_IN2(desc) }, out[2] = { RCW_OUT(desc), RCW_OUT2(desc) };
    uint64_t operand[2] = { get(cpu, in[turned]), wide ? get(cpu, in[!turned]) : 0 };
    uint64_t compared[2] = { get(cpu, out[turned]), wide ? get(cpu, out[!turned]) : 0 };
    uint64_t there[2] = { 0 }, seen[2], new[2];
    unsigned nzcv = NZCV_DIFFERS;

    memcpy(new, there, sizeof(new));
    ok = swap(cpu, addr, there, new, mo);       /* stores nothing: zero by zero */
    while (ok) {
        if (RCW_OP(desc) == RCW_CAS && memcmp(there, compared, sizeof(there)) != 0) {
            nzcv = NZCV_DIFFERS;
            break;
        }
        replacement(RCW_OP(desc), there, operand, new);
        nzcv = check(cpu, there, new, wide, RCW_SOFT(desc));
        if (nzcv != NZCV_PASS) {
            break;
        }
        memcpy(seen, there, sizeof(seen));
        ok = swap(cpu, addr, seen, new, mo);
        if (!ok || memcmp(seen, there, sizeof(seen)) == 0) {
            break;
        }
        memcpy(there, seen, sizeof(there));
    }
    arm_forget_rcw_page(cpu, addr);
    if (ok) {
        cpu->nzcv = nzcv;
        set(cpu, out[turned], there[0]);
        if (wide) {
            set(cpu, out[!turned], there[1]);
        }
    }
}
