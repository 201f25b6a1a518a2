/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System registers by encoding: which rows a CPU has, who may access them now, and what a write sets going
 * (Arm DDI 0487, D1.3.4 for the order of checks, D23 for the registers).
 */
#include <string.h>

#include "core/bits.h"
#include "core/log.h"
#include "targets/arm/gcs.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define HCRX_D128EN (UINT64_C(1) << 17)
#define SCR_D128EN (UINT64_C(1) << 47)

const SysRegGroup *const arm_sysreg_groups[] = {
    &arm_sysregs_cache, &arm_sysregs_debug, &arm_sysregs_el2, &arm_sysregs_el3, &arm_sysregs_gtimer, &arm_sysregs_id,
    &arm_sysregs_gcs, &arm_sysregs_gic, &arm_sysregs_pmu, &arm_sysregs_pstate, &arm_sysregs_ras, &arm_sysregs_rng,
    &arm_sysregs_mte, &arm_sysregs_tcr2, &arm_sysregs_tlbi, &arm_sysregs_vmsa,
    NULL,
};

/* Rows by encoding: encodings have op0 >= 1, so 16 bits index a table of pages of 256 rows. */
struct ArmSysregs {
    const SysReg **page[256];
};

static bool row_exists(const ARMCPU *cpu, const SysReg *r)
{
    if (r->feature && !arm_feature(cpu, r->feature - 1)) {
        return false;
    }
    switch (r->needs_el) {
    case 2:
        /* where only EL3 is implemented EL2's registers are storage without effect for it */
        return cpu->has_el2 || cpu->has_el3;
    case 3:
        return cpu->has_el3;
    default:
        return true;
    }
}

bool arm_sysregs_realize(ARMCPU *cpu, GError **error G_GNUC_UNUSED)
{
    ArmSysregs *s = g_new0(ArmSysregs, 1);

    for (const SysRegGroup *const *group = arm_sysreg_groups; *group; group++) {
        for (unsigned j = 0; j < (*group)->num; j++) {
            const SysReg *r = &(*group)->regs[j];
            const SysReg ***page = &s->page[r->enc >> 8];

            if (!row_exists(cpu, r)) {
                continue;
            }
            if (!*page) {
                *page = g_new0(const SysReg *, 256);
            }
            g_assert(!(*page)[r->enc & 0xff]);  /* one row an encoding */
            (*page)[r->enc & 0xff] = r;
        }
    }
    cpu->sysregs = s;
    return true;
}

void arm_sysregs_free(ARMCPU *cpu)
{
    ArmSysregs *s = (ArmSysregs *)cpu->sysregs;

    if (s) {
        for (unsigned i = 0; i < G_N_ELEMENTS(s->page); i++) {
            g_free(s->page[i]);
        }
        g_free(s);
        cpu->sysregs = NULL;
    }
}

const SysReg *arm_sysreg_find(const ARMCPU *cpu, uint16_t enc)
{
    const SysReg *const *page = (const SysReg *const *)cpu->sysregs->page[enc >> 8];

    return page ? page[enc & 0xff] : NULL;
}

void arm_sysregs_foreach(const ARMCPU *cpu, void (*fn)(ARMCPU *cpu, const SysReg *r, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned j = 0; cpu->sysregs->page[i] && j < 256; j++) {
            if (cpu->sysregs->page[i][j]) {
                fn((ARMCPU *)cpu, cpu->sysregs->page[i][j], opaque);
            }
        }
    }
}

static uint64_t load_field(const ARMCPU *cpu, const SysReg *r)
{
    const uint8_t *p = (const uint8_t *)cpu + r->offset;

    return r->size == 4 ? *(const uint32_t *)p : *(const uint64_t *)p;
}

static void store_field(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    uint8_t *p = (uint8_t *)cpu + r->offset;

    if (r->size == 4) {
        *(uint32_t *)p = value;
    } else {
        *(uint64_t *)p = value;
    }
}

static uint64_t *wide_field(ARMCPU *cpu, const SysReg *r)
{
    return (uint64_t *)((uint8_t *)cpu + r->wide);
}

static void reset_row(ARMCPU *cpu, const SysReg *r, void *opaque G_GNUC_UNUSED)
{
    if (r->reset_fn) {
        r->reset_fn(cpu, r);
    } else if (r->offset && !r->is_alias) {
        store_field(cpu, r, r->reset);
    }
    if (r->wide && !r->is_alias) {
        *wide_field(cpu, r) = 0;
    }
}

void arm_sysregs_reset(ARMCPU *cpu)
{
    arm_sysregs_foreach(cpu, reset_row, NULL);
}

bool arm_sysreg_is_plain(const SysReg *r, ArmKey key, bool write)
{
    unsigned levels = write ? r->access >> 4 : r->access & 15;
    unsigned passes = (key.spsel ? SR_PASSES_SPSEL : 0) | (key.apk ? SR_PASSES_APK : 0);

    if ((r->check && !(r->check_passes & passes)) || (write ? (r->write || r->changes || r->const_value) : r->read != NULL)) {
        return false;
    }
    if (!r->offset && !r->const_value) {
        return false;
    }
    return levels & ((2u << key.el) - 1);
}

/* -- access ------------------------------------------------------------------------------------------------------- */

/*
 * The syndrome of a trapped MSR, MRS or system instruction (D23.2.37, EC 0x18), or of MSRR, MRRS and SYSP (EC 0x14),
 * which has Rt without its lowest bit.
 */
static uint32_t syndrome(const ARMCPU *cpu, uint16_t enc, bool write)
{
    uint32_t rt = cpu->sysreg_wide ? cpu->sysreg_rt & ~1u : cpu->sysreg_rt;
    uint32_t iss = (enc >> 14) << 20 | (enc & 7) << 17 | (enc >> 11 & 7) << 14 | (enc >> 7 & 15) << 10 | rt << 5 |
                   (enc >> 3 & 15) << 1 | !write;

    return ARM_SYNDROME(cpu->sysreg_wide ? EC_SYSREG128 : EC_SYSREG, iss);
}

bool arm_sysreg_is_id_space(const ARMCPU *cpu, uint16_t enc)
{
    unsigned op1 = enc >> 11 & 7;

    return enc >> 14 == 3 && (op1 == 0 || op1 == 1 || op1 == 3) && (enc >> 7 & 15) == 0 && (enc >> 3 & 15) < 8 &&
           arm_feature(cpu, FEAT_IDST);
}

/* An access that no row or level allows. */
static void raise_absent(ARMCPU *cpu, uint16_t enc, bool write)
{
    if (!write && !cpu->sysreg_wide && arm_sysreg_is_id_space(cpu, enc)) {
        arm_raise(cpu, arm_default_target_el(cpu), syndrome(cpu, enc, false));
    } else {
        arm_raise_undefined(cpu);
    }
}

/* The row that an encoding means now: E2H turns EL1's names into EL2's at EL2, and gives EL1's the _EL12 names. */
static const SysReg *redirect(const ARMCPU *cpu, const SysReg *r)
{
    if (cpu->el == 2 && r->e2h_redirect && arm_hcr_e2h(cpu)) {
        return arm_sysreg_find(cpu, r->e2h_redirect);
    }
    return r;
}

/* Trap controls of EL2 and EL3 by group of encodings; a row's own check does the rest. */
static ArmTrap group_traps(const ARMCPU *cpu, const SysReg *r, bool write)
{
    uint64_t hcr = arm_hcr_el2_eff(cpu);
    unsigned op0 = r->enc >> 14, op1 = r->enc >> 11 & 7, crn = r->enc >> 7 & 15, crm = r->enc >> 3 & 15, op2 = r->enc & 7;

    if (cpu->el > 1 || !arm_el2_enabled(cpu)) {
        return TRAP_NONE;
    }
    if (op0 == 3 && op1 == 0 && cpu->el == 1) {
        bool vm = crn == 1 ? crm == 0 && (op2 == 0 || op2 == 3) : crn == 2 ? crm == 0 :
                  crn == 5 ? (crm == 1 && op2 < 2) || (crm == 2 && op2 == 0) :
                  crn == 6 ? crm == 0 : crn == 10 ? crm == 2 || crm == 3 :
                  crn == 13 ? crm == 0 && op2 == 1 : false;

        if (vm && hcr & UINT64_C(1) << (write ? 26 : 30)) {
            return TRAP_EL2;                    /* TVM, TRVM */
        }
        if (crn == 0 && !write && crm >= 1 && hcr & UINT64_C(1) << 18) {
            return TRAP_EL2;                    /* TID3: the feature ID registers */
        }
        if (crn == 0 && !write && crm == 0 && op2 == 6 && hcr & UINT64_C(1) << 16) {
            return TRAP_EL2;                    /* TID1: REVIDR_EL1 */
        }
        if (crn == 1 && crm == 0 && op2 == 1 && hcr & UINT64_C(1) << 21) {
            return TRAP_EL2;                    /* TACR: ACTLR_EL1 */
        }
    }
    if (op0 == 3 && op1 == 3 && crn == 10 && crm == 2 && op2 == 4 && cpu->el == 1 &&
        hcr & UINT64_C(1) << (write ? 26 : 30)) {
        return TRAP_EL2;                        /* TVM, TRVM: POR_EL0 */
    }
    if (op0 == 3 && op1 == 1 && crn == 0 && crm == 0 && (op2 <= 2 || op2 == 7)) {
        if (op2 == 7 ? hcr & UINT64_C(1) << 16 : hcr & (UINT64_C(1) << 17 | UINT64_C(1) << 49)) {
            return TRAP_EL2;                    /* TID1: AIDR_EL1; TID2, TID4: cache identification */
        }
    }
    if (op0 == 3 && op1 == 2 && crn == 0 && crm == 0 && hcr & (UINT64_C(1) << 17 | UINT64_C(1) << 49)) {
        return TRAP_EL2;                        /* CSSELR_EL1 */
    }
    if (op0 == 3 && op1 == 3 && crn == 0 && crm == 0 && op2 == 1 && hcr & UINT64_C(1) << 17) {
        return TRAP_EL2;                        /* CTR_EL0 */
    }
    return TRAP_NONE;
}

static bool raise_trap(ARMCPU *cpu, ArmTrap trap, const SysReg *r, bool write)
{
    switch (trap) {
    case TRAP_NONE:
        return true;
    case TRAP_UNDEFINED:
        arm_raise_undefined(cpu);
        return false;
    case TRAP_FP:
        arm_raise_fp_trap(cpu);
        return false;
    case TRAP_EL1:
        /* a trap to EL1 goes to EL2 under TGE */
        arm_raise(cpu, MAX(arm_default_target_el(cpu), 1), syndrome(cpu, r->enc, write));
        return false;
    case TRAP_EL2:
    case TRAP_EL3:
        arm_raise(cpu, trap == TRAP_EL2 ? 2 : 3, syndrome(cpu, r->enc, write));
        return false;
    }
    g_assert_not_reached();
}

void arm_sysreg_trap(ARMCPU *cpu, const SysReg *r, unsigned el, bool write)
{
    arm_raise(cpu, el, syndrome(cpu, r->enc, write));
}

ArmTrap arm_el12_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    return arm_hcr_e2h(cpu) ? TRAP_NONE : TRAP_UNDEFINED;
}

void arm_check_interrupts(ARMCPU *cpu)
{
    if (cpu->hcr_el2 & UINT64_C(7) << 6) {      /* VF, VI, VSE: no line tells of them */
        cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
    } else {
        cpu_check_interrupts(&cpu->parent);
    }
}

static uint64_t read_row(ARMCPU *cpu, const SysReg *r)
{
    return r->read ? r->read(cpu, r) : r->const_value ? r->value : r->offset ? load_field(cpu, r) : 0;
}

/* False: a hook has raised. */
static bool write_row(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    if (r->write) {
        r->write(cpu, r, value);
        if (cpu->parent.raised) {
            return false;
        }
    } else if (r->offset) {
        store_field(cpu, r, (load_field(cpu, r) & ~r->rw) | (value & r->rw));
    }
    if (r->changes & SRC_TLB) {
        arm_tlb_contexts_changed(cpu);
    }
    if (r->changes & SRC_ASID) {
        arm_tlb_asid_changed(cpu);
    }
    if (r->changes & (SRC_KEY | SRC_TLB)) {
        cpu_key_changed(&cpu->parent);
    }
    if (r->changes & SRC_IRQ) {
        arm_check_interrupts(cpu);
    }
    return true;
}

/* A hook may raise; an exception that is recorded already stays. */
static bool debug_access(ARMCPU *cpu, const SysReg *r, uint64_t *ret_value, uint64_t value)
{
    const ArmException exc = cpu->exc;
    uint32_t raised = cpu->parent.raised;
    bool ok;

    cpu->parent.raised = 0;
    if (ret_value) {
        *ret_value = read_row(cpu, r);
        ok = !cpu->parent.raised;
    } else {
        ok = write_row(cpu, r, value);
    }
    cpu->parent.raised = raised;
    cpu->exc = exc;
    return ok;
}

bool arm_sysreg_debug_read(ARMCPU *cpu, const SysReg *r, uint64_t *ret_value)
{
    return !r->no_gdb && r->access & 15 && debug_access(cpu, r, ret_value, 0);
}

bool arm_sysreg_debug_write(ARMCPU *cpu, const SysReg *r, uint64_t value)
{
    return !r->no_gdb && r->access >> 4 && debug_access(cpu, r, NULL, value);
}

/* MRRS and MSRR are let by HCRX_EL2.D128En at EL1, and by SCR_EL3.D128En below EL3; `el` says whose turn it is. */
static ArmTrap wide_trap(const ARMCPU *cpu, unsigned el)
{
    if (el == 2) {
        return cpu->el == 1 && arm_el2_enabled(cpu) && !(arm_hcrx_el2_eff(cpu) & HCRX_D128EN) ? TRAP_EL2 : TRAP_NONE;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_D128EN) ? TRAP_EL3 : TRAP_NONE;
}

/* The row that an encoding means now, with every check passed. NULL: an exception is recorded. */
static const SysReg *accessible(ARMCPU *cpu, uint16_t enc, bool write, unsigned rt, bool wide)
{
    const SysReg *r = arm_sysreg_find(cpu, enc);
    bool is_register = enc >> 14 >= 2, mrrs = wide && is_register;
    unsigned levels;
    ArmTrap trap;

    cpu->sysreg_rt = rt;
    cpu->sysreg_wide = wide;
    r = r ? redirect(cpu, r) : NULL;
    if (!r || (wide && (is_register ? !r->wide : !r->write128))) {
        raise_absent(cpu, enc, write);
        return NULL;
    }
    levels = write ? r->access >> 4 : r->access & 15;
    if (!(levels & ((2u << cpu->el) - 1))) {
        raise_absent(cpu, enc, write);
        return NULL;
    }
    trap = group_traps(cpu, r, write);
    if (trap == TRAP_NONE && mrrs) {
        trap = wide_trap(cpu, 2);
    }
    if (trap == TRAP_NONE && r->check) {
        trap = r->check(cpu, r, write);
    }
    if (trap == TRAP_NONE && mrrs) {
        trap = wide_trap(cpu, 3);
    }
    return raise_trap(cpu, trap, r, write) ? r : NULL;
}

bool arm_sysreg_access(ARMCPU *cpu, uint16_t enc, bool write, unsigned rt, uint64_t *value)
{
    const SysReg *r = accessible(cpu, enc, write, rt, false);

    if (!r) {
        return false;
    }
    if (write && r->exlock && cpu->exlock && (r->enc >> 11 & 7) == (cpu->el == 1 ? 0 : 2 * cpu->el) &&
        arm_gcs_exlock_enabled(cpu)) {
        arm_raise(cpu, cpu->el, ARM_SYNDROME(EC_GCS, GCS_ISS_EXLOCK));
        return false;
    }
    if (!write) {
        *value = read_row(cpu, r);
        return !cpu->parent.raised;
    }
    return write_row(cpu, r, *value);
}

bool arm_sysreg_access128(ARMCPU *cpu, uint16_t enc, bool write, unsigned rt, uint64_t value[2])
{
    const SysReg *r = accessible(cpu, enc, write, rt, true);

    if (!r) {
        return false;
    }
    if (r->write128) {
        r->write128(cpu, r, value);
        return !cpu->parent.raised;
    }
    if (!write) {
        value[0] = read_row(cpu, r);
        value[1] = *wide_field(cpu, r);
        return true;
    }
    *wide_field(cpu, r) = value[1];
    return write_row(cpu, r, value[0]);
}
