/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FEAT_MOPS: memory copy and memory set (Arm DDI 0487, C6.2, CPYP to SETEN).
 *
 * The choices that the architecture leaves: Option A throughout; the prologue only sets the registers up, the main
 * instruction moves everything, the epilogue nothing; a copy that does not overlap goes forward; a size of zero raises
 * no mismatch. Bytes move in blocks of up to a page; Xn is written after each, so that a fault or an interrupt finds the
 * instruction to be gone on with.
 */
#include <string.h>

#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/mmu.h"
#include "targets/arm/mops.h"
#include "targets/arm/mte.h"

#define SIZE_MAX_CPY UINT64_C(0x007fffffffffffff)
#define SIZE_MAX_SET UINT64_C(0x7fffffffffffffff)
#define ADDRESS UINT64_C(0x00ffffffffffffff)
#define HCRX_MCE2 (UINT64_C(1) << 10)
#define FLAG_C 2

/* Bytes that one block has at most: to the end of the smallest page. */
enum { PAGE = 4096 };

static bool interrupted(ARMCPU *cpu)
{
    return __atomic_load_n(&cpu->parent.poll, __ATOMIC_RELAXED) < 0;
}

/* MismatchedMemCpyException, MismatchedMemSetException; MismatchedCpySetTargetEL. */
static void mismatch(ARMCPU *cpu, uint32_t op, bool wrong_option)
{
    unsigned kind = MOPS_KIND(op), options = MOPS_OPTIONS(op);
    uint32_t iss = MOPS_D(op) << 10 | MOPS_S(op) << 5 | MOPS_N(op) | 1u << 16 | (uint32_t)wrong_option << 17 |
                   (uint32_t)(MOPS_STAGE(op) == MOPS_EPILOGUE) << 18 | options << 19;
    unsigned target = 1;

    if (kind == MOPS_SET || kind == MOPS_SETG) {
        iss |= 1u << 24 | (uint32_t)(kind == MOPS_SETG) << 23;
    }
    if (cpu->el > 1) {
        target = cpu->el;
    } else if (arm_el2_enabled(cpu) && (cpu->el == 0 ? cpu->hcr_el2 & HCR_TGE :
               arm_hcrx_el2_eff(cpu) & HCRX_MCE2)) {
        target = 2;
    }
    arm_raise(cpu, target, ARM_SYNDROME(EC_MOPS, iss));
}

/* The checks of a main or epilogue instruction. False: the exception is recorded. */
static bool stage_is_right(ARMCPU *cpu, uint32_t op, uint64_t size)
{
    if (size != 0 && cpu->nzcv & FLAG_C) {
        mismatch(cpu, op, true);
        return false;
    }
    if (MOPS_STAGE(op) == MOPS_EPILOGUE && size != 0) {
        mismatch(cpu, op, false);
        return false;
    }
    return true;
}

/* -- copying ------------------------------------------------------------------------------------------------------ */

/* Between places that are not both plain RAM. The bytes done. */
static unsigned copy_bytes(ARMCPU *cpu, uint64_t to, uint64_t from, unsigned n, bool down, unsigned rmmu, unsigned wmmu)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned at = down ? n - 1 - i : i;
        bool ok;
        uint64_t v = cpu_ld(&cpu->parent, from + at, MO_8 | rmmu << MO_MMU_SHIFT, &ok);

        if (!ok || !cpu_st(&cpu->parent, to + at, v, MO_8 | wmmu << MO_MMU_SHIFT)) {
            return i;
        }
    }
    return n;
}

typedef struct Move {
    uint8_t *dst;
    const uint8_t *src;
    unsigned n, done;
    bool down;
} Move;

/* If both overlap, in pieces that are done as a whole or not at all: what is done must not be done again. */
static void move(void *opaque)
{
    Move *m = opaque;

    if (m->down ? m->dst <= m->src || m->dst >= m->src + m->n : m->dst >= m->src || m->dst + m->n <= m->src) {
        memmove(m->dst, m->src, m->n);
        m->done = m->n;
        return;
    }
    while (m->done < m->n) {
        unsigned left = m->n - m->done, k = left < 16 ? 1 : 16, at = m->down ? left - k : m->done;
        unsigned __int128 piece;

        if (k == 1) {
            m->dst[at] = m->src[at];
        } else {                                /* one load and one store */
            memcpy(&piece, m->src + at, sizeof(piece));
            memcpy(m->dst + at, &piece, sizeof(piece));
        }
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        m->done += k;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
}

/* n bytes, which are in one page each of both. The bytes done; fewer: raised. */
static unsigned copy_block(ARMCPU *cpu, uint64_t to, uint64_t from, unsigned n, bool down, unsigned rmmu, unsigned wmmu)
{
    CPUState *cs = &cpu->parent;
    /* what faults is the first byte that is to be moved */
    unsigned first = down ? n - 1 : 0;
    bool ok;
    Move m = { .n = n, .down = down };

    if (cpu_probe(cs, from + first, 1, ACCESS_LOAD, rmmu, &ok), !ok) {
        return 0;
    }
    if (cpu_probe(cs, to + first, 1, ACCESS_STORE, wmmu, &ok), !ok) {
        return 0;
    }
    if (!arm_check_tags_if_active(cpu, from, n, ACCESS_LOAD, rmmu) ||
        !arm_check_tags_if_active(cpu, to, n, ACCESS_STORE, wmmu)) {
        return 0;
    }
    m.src = cpu_probe(cs, from, n, ACCESS_LOAD, rmmu, &ok);
    m.dst = ok ? cpu_probe(cs, to, n, ACCESS_STORE, wmmu, &ok) : NULL;
    if (!ok) {
        return 0;
    }
    /* filling the second may have cost the first its place in the TLB, but not its memory */
    if (m.src && m.dst && cpu_access_host(cs, move, &m)) {
        return n;
    }
    to += down ? 0 : m.done;
    from += down ? 0 : m.done;
    return m.done + copy_bytes(cpu, to, from, n - m.done, down, rmmu, wmmu);
}

/* 1: an interrupt came first. */
static uint32_t copy_main(ARMCPU *cpu, uint32_t op, unsigned rmmu, unsigned wmmu)
{
    uint64_t to = cpu->x[MOPS_D(op)], from = cpu->x[MOPS_S(op)];
    uint64_t *size = &cpu->x[MOPS_N(op)];
    bool tagged = arm_mte_active(cpu, arm_mmu_is_user(rmmu)) || arm_mte_active(cpu, arm_mmu_is_user(wmmu));

    while (*size != 0) {
        bool down = (int64_t)*size > 0;
        uint64_t left = down ? *size : -*size;
        /* the end that moves: the lowest byte upwards, or the one above the highest downwards */
        uint64_t t = to + *size, f = from + *size;
        unsigned n = down ? MIN(((t - 1) & (PAGE - 1)) + 1, ((f - 1) & (PAGE - 1)) + 1) :
                     MIN(PAGE - (t & (PAGE - 1)), PAGE - (f & (PAGE - 1)));
        unsigned done;

        n = MIN(n, left);
        if (tagged) {                           /* a tag's worth, so that what precedes a mismatch is done */
            n = down ? MIN(n, MIN(((t - 1) & 15) + 1, ((f - 1) & 15) + 1)) : MIN(n, MIN(16 - (t & 15), 16 - (f & 15)));
        }
        done = copy_block(cpu, down ? t - n : t, down ? f - n : f, n, down, rmmu, wmmu);
        *size = down ? *size - done : *size + done;
        if (done < n) {
            return 0;
        }
        if (*size != 0 && interrupted(cpu)) {
            return 1;
        }
    }
    return 0;
}

static void copy_prologue(ARMCPU *cpu, uint32_t op)
{
    uint64_t *to = &cpu->x[MOPS_D(op)], *from = &cpu->x[MOPS_S(op)], *size = &cpu->x[MOPS_N(op)];
    bool forward = true;

    if (MOPS_KIND(op) == MOPS_CPYF) {
        *size = MIN(*size, SIZE_MAX_SET);
    } else {
        *size = MIN(*size, SIZE_MAX_CPY);
        if ((*from & ADDRESS) < (*to & ADDRESS) && ((*from + *size) & ADDRESS) > (*to & ADDRESS)) {
            forward = false;
        }
    }
    cpu->nzcv = 0;
    if (forward) {
        *to += *size;
        *from += *size;
        *size = -*size;
    }
}

uint32_t helper_mops_cpy(ARMCPU *cpu, uint32_t op, uint32_t mmus)
{
    if (MOPS_STAGE(op) == MOPS_PROLOGUE) {
        copy_prologue(cpu, op);
        return 0;
    }
    return stage_is_right(cpu, op, cpu->x[MOPS_N(op)]) ? copy_main(cpu, op, mmus & 255, mmus >> 8) : 0;
}

/* -- setting ------------------------------------------------------------------------------------------------------ */

typedef struct Set {
    void *dst;
    uint8_t value;
    unsigned n;
} Set;

static void set(void *opaque)
{
    const Set *s = opaque;

    memset(s->dst, s->value, s->n);
}

static unsigned set_block(ARMCPU *cpu, uint64_t to, uint8_t value, unsigned n, unsigned mmu)
{
    CPUState *cs = &cpu->parent;
    bool ok;
    Set s = { .dst = cpu_probe(cs, to, n, ACCESS_STORE, mmu, &ok), .value = value, .n = n };

    if (s.dst && cpu_access_host(cs, set, &s)) {
        return n;
    }
    for (unsigned i = 0; ok && i < n; i++) {
        if (!cpu_st(cs, to + i, value, MO_8 | mmu << MO_MMU_SHIFT)) {
            return i;
        }
    }
    return ok ? n : 0;
}

/* SETG: also tags. Addresses and sizes are multiples of a granule. False: an exception is recorded. */
static bool setg_is_aligned(ARMCPU *cpu, uint64_t to, uint64_t size, unsigned mmu)
{
    if ((size != 0 && to & 15) || size & 15) {
        arm_unaligned(&cpu->parent, to, ACCESS_STORE, mmu);
        return false;
    }
    return true;
}

uint32_t helper_mops_set(ARMCPU *cpu, uint32_t op, uint32_t mmus)
{
    uint64_t *to = &cpu->x[MOPS_D(op)], *size = &cpu->x[MOPS_N(op)];
    uint8_t value = MOPS_S(op) == 31 ? 0 : cpu->x[MOPS_S(op)];
    bool tags = MOPS_KIND(op) == MOPS_SETG;
    unsigned mmu = mmus & 255;
    bool checked = !tags && arm_mte_active(cpu, arm_mmu_is_user(mmu));

    if (MOPS_STAGE(op) == MOPS_PROLOGUE) {
        uint64_t n = *size >> 63 ? SIZE_MAX_SET & ~(uint64_t)(tags ? 15 : 0) : *size;

        if (!tags || setg_is_aligned(cpu, *to, n, mmu)) {
            cpu->nzcv = 0;
            *to += n;
            *size = -n;
        }
        return 0;
    }
    if (!stage_is_right(cpu, op, *size) || (tags && !setg_is_aligned(cpu, *to, *size, mmu))) {
        return 0;
    }
    while ((int64_t)*size < 0) {
        uint64_t at = *to + *size;
        unsigned n = MIN(PAGE - (at & (PAGE - 1)), -*size), done;

        if (checked || tags) {
            n = MIN(n, MTE_GRANULE - (at & (MTE_GRANULE - 1)));
        }
        if (checked && !arm_check_tags(&cpu->parent, at, n, ACCESS_STORE, mmu)) {
            return 0;
        }
        done = set_block(cpu, at, value, n, mmu);
        if (done == n && tags && !arm_set_tag(cpu, at, extract64(at, 56, 4), mmu)) {
            return 0;
        }
        *size += done;
        if (done < n) {
            return 0;
        }
        if (*size != 0 && interrupted(cpu)) {
            return 1;
        }
    }
    return 0;
}
