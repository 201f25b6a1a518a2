/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Self-hosted debug exceptions (Arm DDI 0487, D2): where they are enabled and go to, software step, breakpoints and
 * watchpoints.
 *
 * Nothing of it costs anything while it is not used: software step and breakpoints are part of the translation key, and
 * a page with a watchpoint has TLB entries that take the slow path. Choices where the architecture leaves one: an
 * address mismatch breakpoint never matches in AArch64 state, a watchpoint with MASK ignores BAS, DBGWVR bits above the
 * virtual address size are those of the address.
 */
#include "core/bits.h"
#include "targets/arm/debug.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/mmu.h"

enum { DEBUG_FSC = 0x22 };

/* -- routing ------------------------------------------------------------------------------------------------------- */

static bool secure_el2(const ARMCPU *cpu)
{
    return cpu->scr_el3 >> 18 & 1 && arm_feature(cpu, FEAT_SEL2);
}

static unsigned target_from(const ARMCPU *cpu, bool secure)
{
    bool el2 = cpu->has_el2 && (!secure || secure_el2(cpu));

    return el2 && (cpu->hcr_el2 & HCR_TGE || cpu->mdcr_el2 >> 8 & 1) ? 2 : 1;
}

unsigned arm_debug_target_el(const ARMCPU *cpu)
{
    return target_from(cpu, arm_is_secure(cpu));
}

bool arm_debug_enabled_from(const ARMCPU *cpu, unsigned from, bool secure, bool masked)
{
    unsigned target = target_from(cpu, secure);

    /* the OS lock; MDCR_EL3.SDD */
    if (cpu->oslsr_el1 & 2 || (cpu->has_el3 && secure && cpu->mdcr_el3 >> 16 & 1)) {
        return false;
    }
    return from == target ? cpu->mdscr_el1 & MDSCR_KDE && !masked : target > from;
}

bool arm_debug_enabled(const ARMCPU *cpu)
{
    return arm_debug_enabled_from(cpu, cpu->el, arm_is_secure(cpu), cpu->daif & DAIF_D);
}

static void raise_debug(ARMCPU *cpu, unsigned ec_lower, uint32_t iss)
{
    unsigned target = arm_debug_target_el(cpu);

    arm_raise(cpu, target, ARM_SYNDROME(ec_lower + (target == cpu->el), iss));
}

/* -- software step (D2.12) ------------------------------------------------------------------------------------------- */

bool arm_step_active(const ARMCPU *cpu)
{
    return cpu->mdscr_el1 & MDSCR_SS && arm_debug_enabled(cpu);
}

bool arm_debug_return_ss(const ARMCPU *cpu, uint64_t spsr, unsigned to)
{
    bool secure = to == 3 || arm_is_secure_below_el3(cpu);

    return cpu->mdscr_el1 & MDSCR_SS && spsr >> 21 & 1 && !arm_debug_enabled(cpu) &&
           arm_debug_enabled_from(cpu, to, secure, spsr >> 9 & 1);
}

void arm_raise_step(ARMCPU *cpu)
{
    uint32_t iss = DEBUG_FSC;

    if (cpu->step_did != ARM_STEP_NONE) {
        iss |= 1u << 24 | (cpu->step_did == ARM_STEP_EXCLUSIVE) << 6;
    }
    raise_debug(cpu, EC_STEP_LOWER, iss);
}

void helper_step_pending(ARMCPU *cpu)
{
    arm_raise_step(cpu);
}

/* -- matching: state and context (D2.8.4, D2.9) ----------------------------------------------------------------------- */

static unsigned num_breakpoints(const ARMCPU *cpu)
{
    return extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 12, 4) + 1;
}

static unsigned num_watchpoints(const ARMCPU *cpu)
{
    return extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 20, 4) + 1;
}

/* Level and Security state, by the fields that DBGBCR and DBGWCR have in common places: HMC 13, SSC 15:14, PxC 2:1. */
static bool state_matches(const ARMCPU *cpu, uint64_t cr, unsigned el)
{
    unsigned ssc = extract64(cr, 14, 2), pxc = extract64(cr, 1, 2);
    bool hmc = cr >> 13 & 1, level;

    switch (el) {
    case 0:
        level = pxc & 2;
        break;
    case 1:
        level = pxc & 1;
        break;
    case 2:
        level = (hmc && !(ssc == 2 && pxc == 0)) || ssc == 3;
        break;
    default:
        level = hmc && !(ssc & 1);
        break;
    }
    switch (ssc) {
    case 0:
        return level;
    case 1:
        return level && !arm_is_secure(cpu);
    case 2:
        return level && arm_is_secure(cpu);
    default:
        return level && (hmc || arm_is_secure(cpu));
    }
}

static bool vmid_matches(const ARMCPU *cpu, uint64_t value)
{
    return cpu->el < 2 && arm_el2_enabled(cpu) && !arm_is_in_host(cpu) &&
           extract64(value, 32, 16) == arm_current_vmid(cpu);
}

/* CONTEXTIDR_EL1, or EL2's where the EL2&0 regime is in use. */
static bool context_matches(const ARMCPU *cpu, uint64_t value)
{
    if (arm_is_in_host(cpu)) {
        return (uint32_t)value == (uint32_t)cpu->contextidr_el[2];
    }
    return cpu->el < 2 && (uint32_t)value == (uint32_t)cpu->contextidr_el[1];
}

static bool context2_matches(const ARMCPU *cpu, uint64_t value)
{
    return arm_feature(cpu, FEAT_VHE) && cpu->el < 3 && arm_el2_enabled(cpu) &&
           value >> 32 == (uint32_t)cpu->contextidr_el[2];
}

/* Whether the context of breakpoint n, if it compares one, is the current one; linked: as BT's low bit has to say. */
static bool breakpoint_context(const ARMCPU *cpu, unsigned n, bool linked)
{
    uint64_t cr = cpu->dbgbcr_el1[n], value = cpu->dbgbvr_el1[n];
    unsigned type = extract64(cr, 20, 4);

    /* the last CTX_CMPs + 1 ones compare contexts */
    if (n + extract64(cpu->idreg[ARM_ID_AA64DFR0_EL1], 28, 4) + 1 < num_breakpoints(cpu) || (type & 1) != linked) {
        return false;
    }
    switch (type >> 1) {
    case 1:
        return context_matches(cpu, value);
    case 3:
        return arm_feature(cpu, FEAT_VHE) && cpu->el < 2 && !arm_is_in_host(cpu) &&
               (uint32_t)value == (uint32_t)cpu->contextidr_el[1];
    case 4:
        return vmid_matches(cpu, value);
    case 5:
        return vmid_matches(cpu, value) && context_matches(cpu, value);
    case 6:
        return context2_matches(cpu, value);
    case 7:
        return context2_matches(cpu, value) && cpu->el < 2 && (uint32_t)value == (uint32_t)cpu->contextidr_el[1];
    default:
        return false;
    }
}

static bool linked_matches(const ARMCPU *cpu, unsigned n)
{
    return n < num_breakpoints(cpu) && cpu->dbgbcr_el1[n] & 1 && breakpoint_context(cpu, n, true);
}

static unsigned va_bits(const ARMCPU *cpu)
{
    return arm_feature(cpu, FEAT_LVA) ? 53 : 49;
}

/* -- breakpoints (D2.9) ---------------------------------------------------------------------------------------------- */

bool arm_breakpoints_active(const ARMCPU *cpu)
{
    if (!(cpu->mdscr_el1 & MDSCR_MDE) || !arm_debug_enabled_from(cpu, cpu->el, arm_is_secure(cpu), false)) {
        return false;
    }
    for (unsigned n = 0; n < num_breakpoints(cpu); n++) {
        if (cpu->dbgbcr_el1[n] & 1 && state_matches(cpu, cpu->dbgbcr_el1[n], cpu->el)) {
            return true;
        }
    }
    return false;
}

static bool breakpoint_matches(const ARMCPU *cpu, unsigned n, uint64_t pc)
{
    uint64_t cr = cpu->dbgbcr_el1[n];
    unsigned type = extract64(cr, 20, 4);

    if (!(cr & 1) || !state_matches(cpu, cr, cpu->el)) {
        return false;
    }
    if (type > 1) {
        return breakpoint_context(cpu, n, false);
    }
    return extract64(cpu->dbgbvr_el1[n] ^ pc, 2, va_bits(cpu) - 2) == 0 && cr & 0xf << 5 &&
           (type == 0 || linked_matches(cpu, extract64(cr, 16, 4)));
}

void helper_breakpoint(ARMCPU *cpu, uint64_t pc)
{
    if (!(cpu->mdscr_el1 & MDSCR_MDE) || !arm_debug_enabled(cpu)) {
        return;
    }
    for (unsigned n = 0; n < num_breakpoints(cpu); n++) {
        if (breakpoint_matches(cpu, n, pc)) {
            raise_debug(cpu, EC_BREAKPOINT_LOWER, DEBUG_FSC);
            return;
        }
    }
}

/* -- watchpoints (D2.10) --------------------------------------------------------------------------------------------- */

/* The addresses that watchpoint n may be about, as the first one and how many low bits are any. */
static vaddr watched_block(const ARMCPU *cpu, unsigned n, unsigned *ret_bits)
{
    unsigned mask = extract64(cpu->dbgwcr_el1[n], 24, 5);

    *ret_bits = MAX(mask, 3);
    return cpu->dbgwvr_el1[n] & ~mask64(0, *ret_bits);
}

void arm_watchpoint_flush(ARMCPU *cpu, unsigned n)
{
    unsigned bits;
    vaddr first = watched_block(cpu, n, &bits);
    TlbFlush f = { .addr = (uint64_t)sextract64(first, 0, va_bits(cpu)), .size = BIT64(bits), .globals = true };

    if (cpu->dbgwcr_el1[n] & 1) {
        tlb_flush(&cpu->parent, &f);
    }
}

bool arm_page_watched(const ARMCPU *cpu, vaddr addr, uint64_t size)
{
    for (unsigned n = 0; n < num_watchpoints(cpu); n++) {
        unsigned bits;
        vaddr first = watched_block(cpu, n, &bits), diff;

        if (!(cpu->dbgwcr_el1[n] & 1)) {
            continue;
        }
        diff = extract64(first ^ addr, 0, va_bits(cpu));
        if (diff >> MAX(bits, ctz64(size)) == 0) {
            return true;
        }
    }
    return false;
}

static bool byte_matches(const ARMCPU *cpu, unsigned n, vaddr addr)
{
    uint64_t value = cpu->dbgwvr_el1[n], cr = cpu->dbgwcr_el1[n];
    unsigned mask = extract64(cr, 24, 5), low = mask > 2 ? mask : value & 4 ? 2 : 3;

    if (extract64(value ^ addr, low, va_bits(cpu) - low)) {
        return false;
    }
    return mask > 2 || cr >> (5 + (addr & (low == 2 ? 3 : 7))) & 1;
}

/* *ret_at: the first byte that matches. */
static bool watchpoint_matches(const ARMCPU *cpu, unsigned n, vaddr addr, unsigned size, AccessType type, unsigned el,
                               vaddr *ret_at)
{
    uint64_t cr = cpu->dbgwcr_el1[n];
    unsigned kinds = (type != ACCESS_STORE) | (type != ACCESS_LOAD) << 1;

    if (!(cr & 1) || !(extract64(cr, 3, 2) & kinds) || !state_matches(cpu, cr, el)) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        if (byte_matches(cpu, n, addr + i)) {
            *ret_at = addr + i;
            return !(cr >> 20 & 1) || linked_matches(cpu, extract64(cr, 16, 4));
        }
    }
    return false;
}

bool arm_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    ARMCPU *cpu = ARM_CPU(cs);
    unsigned el = arm_mmu_is_user(mmu) ? 0 : cpu->el;           /* LDTR and STTR match as EL0 does */
    bool hit = false, read = false;
    vaddr first = 0;

    if (!(cpu->mdscr_el1 & MDSCR_MDE) || !arm_debug_enabled(cpu)) {
        return true;
    }
    for (unsigned n = 0; n < num_watchpoints(cpu); n++) {
        vaddr at;

        if (watchpoint_matches(cpu, n, addr, size, type, el, &at)) {
            first = hit ? MIN(first, at) : at;
            hit = true;
            read |= type == ACCESS_LOAD || (type == ACCESS_RMW && cpu->dbgwcr_el1[n] >> 3 & 1);
        }
    }
    if (hit) {
        raise_debug(cpu, EC_WATCHPOINT_LOWER, DEBUG_FSC | !read << 6);
        cpu->exc.has_far = true;
        cpu->exc.far = first;
    }
    return !hit;
}
