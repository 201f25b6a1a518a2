/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guarded control stacks (FEAT_GCS; Arm DDI 0487, D11): their registers, the system instructions that push, pop and
 * switch, and stores. What calls and returns do is generated code (translate_a64_branch_system.c). A stack grows down;
 * its entries are doublewords, in pages whose indirect permission says so (mmu.c), which these accesses alone write.
 */
#include "targets/arm/gcs.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/sysreg_groups.h"

#define SCR_GCSEN (UINT64_C(1) << 39)
#define HCRX_GCSEN (UINT64_C(1) << 22)
#define GCSCR_RW  (GCSCR_PCRSEL | GCSCR_RVCHKEN | GCSCR_EXLOCKEN | GCSCR_PUSHMEN | GCSCR_STREN)
#define GCSCRE0_RW (GCSCR_PCRSEL | GCSCR_RVCHKEN | GCSCR_PUSHMEN | GCSCR_STREN | GCSCR_NTR)

/* The first doubleword of what GCSPUSHX pushes, below ELR, SPSR and LR; tokens of switching: in bits 2:0. */
enum { EXCEPTION_RECORD = 9, TOKEN_VALID = 1, TOKEN_IN_PROGRESS = 5 };

bool arm_gcs_enabled(const ARMCPU *cpu)
{
    unsigned el = cpu->el;

    if (!(cpu->gcscr_el[el] & GCSCR_PCRSEL) || (el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_GCSEN))) {
        return false;
    }
    if (el < 2 && arm_el2_enabled(cpu) && !(arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE) &&
        !(arm_hcrx_el2_eff(cpu) & HCRX_GCSEN)) {
        return false;
    }
    return true;
}

bool arm_gcs_has_context(const ARMCPU *cpu, ArmMmu mmu)
{
    unsigned el = arm_mmu_is_user(mmu) ? 0 : arm_regime_el(cpu, mmu);

    return cpu->gcscr_el[el] & GCSCR_PCRSEL || cpu->gcs_mmus >> mmu & 1;
}

/* -- accesses ------------------------------------------------------------------------------------------------------ */

static MemOp memop(ARMCPU *cpu)
{
    unsigned fetch_mmu;
    CPUKey bits;
    ArmKey key;

    arm_get_key(&cpu->parent, &bits, &fetch_mmu);
    memcpy(&key, &bits.w[0], sizeof(key));
    return MO_64 | MO_ALIGN_NATURAL | arm_gcs_mmu(key.data_mmu) << MO_MMU_SHIFT | (key.big_endian ? MO_BE : 0);
}

static bool load(ARMCPU *cpu, uint64_t addr, uint64_t *ret)
{
    bool ok;

    *ret = cpu_ld(&cpu->parent, addr, memop(cpu), &ok);
    return ok;
}

static bool store(ARMCPU *cpu, uint64_t addr, uint64_t value)
{
    return cpu_st(&cpu->parent, addr, value, memop(cpu));
}

static void data_check_failed(ARMCPU *cpu, unsigned kind)
{
    arm_raise(cpu, 0, ARM_SYNDROME(EC_GCS, GCS_ISS_DATA_CHECK(kind, (unsigned)cpu->sysreg_rt)));
}

void helper_gcs_store(ARMCPU *cpu, uint64_t addr, uint64_t value, uint32_t desc)
{
    unsigned mmu = arm_gcs_mmu(GCS_STORE_MMU(desc));

    if (GCS_STORE_CHECKED(desc) && !(cpu->gcscr_el[cpu->el] & GCSCR_STREN)) {
        arm_raise(cpu, 0, ARM_SYNDROME(EC_GCS, GCS_ISS_STORE(GCS_STORE_RN(desc), GCS_STORE_RT(desc))));
        return;
    }
    if (!arm_gcs_has_context(cpu, mmu)) {
        cpu->gcs_mmus |= 1u << mmu;
        arm_tlb_contexts_changed(cpu);
    }
    cpu_st(&cpu->parent, addr, value, MO_64 | MO_ALIGN_NATURAL | mmu << MO_MMU_SHIFT | (GCS_STORE_BE(desc) ? MO_BE : 0));
}

/* -- instructions: NOPs where the level's stack is off --------------------------------------------------------------- */

/* GCSCR_ELx.PUSHMEn. */
static ArmTrap pushm_check(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, bool write G_GNUC_UNUSED)
{
    static const ArmTrap to[] = { TRAP_EL1, TRAP_EL1, TRAP_EL2, TRAP_EL3 };

    return cpu->gcscr_el[cpu->el] & GCSCR_PUSHMEN ? TRAP_NONE : to[cpu->el];
}

static void pushm(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el];

    if (arm_gcs_enabled(cpu) && store(cpu, *ptr - 8, value)) {
        *ptr -= 8;
    }
}

static uint64_t popm(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el], entry;

    if (!arm_gcs_enabled(cpu)) {
        return cpu->sysreg_rt == 31 ? 0 : cpu->x[cpu->sysreg_rt];
    }
    if (!load(cpu, *ptr, &entry)) {
        return 0;
    }
    if (entry & 3) {
        data_check_failed(cpu, GCS_POPM);
        return 0;
    }
    *ptr += 8;
    return entry;
}

/* Takes the valid token of the incoming stack, leaving one in progress that names the outgoing stack. */
static void ss1(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t incoming)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el];
    const uint64_t valid = (incoming & ~mask64(0, 12)) | TOKEN_VALID, progress[2] = { *ptr | TOKEN_IN_PROGRESS };
    uint64_t old[2] = { valid };

    if (!arm_gcs_enabled(cpu) || !cpu_cas(&cpu->parent, incoming, old, progress, memop(cpu))) {
        return;
    }
    if (old[0] == valid) {
        *ptr = incoming & ~UINT64_C(7);
    } else {
        data_check_failed(cpu, GCS_SS1);
    }
}

/* Pops the token in progress, leaves a valid one on the outgoing stack, and returns where that is. */
static uint64_t ss2(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el], token, outgoing;

    if (!arm_gcs_enabled(cpu)) {
        return cpu->sysreg_rt == 31 ? 0 : cpu->x[cpu->sysreg_rt];
    }
    if (!load(cpu, *ptr, &token)) {
        return 0;
    }
    if ((token & 7) != TOKEN_IN_PROGRESS) {
        data_check_failed(cpu, GCS_SS2);
        return 0;
    }
    outgoing = (token & ~UINT64_C(7)) - 8;
    if (!store(cpu, outgoing, (outgoing & ~mask64(0, 12)) | TOKEN_VALID)) {
        return 0;
    }
    *ptr += 8;
    return outgoing;
}

/* Pushes ELR, SPSR and LR, by which the registers may be written until GCSPOPCX has found them as they were. */
static void pushx(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value G_GNUC_UNUSED)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el];

    if (arm_gcs_enabled(cpu) && store(cpu, *ptr - 8, cpu->x[30]) && store(cpu, *ptr - 16, cpu->spsr_el[cpu->el]) &&
        store(cpu, *ptr - 24, cpu->elr_el[cpu->el]) && store(cpu, *ptr - 32, EXCEPTION_RECORD)) {
        *ptr -= 32;
        cpu->exlock = 0;
    }
}

static bool matches(ARMCPU *cpu, uint64_t addr, uint64_t value, unsigned kind)
{
    uint64_t have;

    if (!load(cpu, addr, &have)) {
        return false;
    }
    if (have != value) {
        data_check_failed(cpu, kind);
        return false;
    }
    return true;
}

static void popcx(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value G_GNUC_UNUSED)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el];

    if (arm_gcs_enabled(cpu) && matches(cpu, *ptr, EXCEPTION_RECORD, GCS_POPCX) &&
        matches(cpu, *ptr + 8, cpu->elr_el[cpu->el], GCS_POPCX) &&
        matches(cpu, *ptr + 16, cpu->spsr_el[cpu->el], GCS_POPCX) && matches(cpu, *ptr + 24, cpu->x[30], GCS_POPCX)) {
        *ptr += 32;
        cpu->exlock = arm_gcs_exlock_enabled(cpu);
    }
}

static void popx(ARMCPU *cpu, const SysReg *r G_GNUC_UNUSED, uint64_t value G_GNUC_UNUSED)
{
    uint64_t *ptr = &cpu->gcspr_el[cpu->el], unused;

    if (arm_gcs_enabled(cpu) && matches(cpu, *ptr, EXCEPTION_RECORD, GCS_POPX) && load(cpu, *ptr + 8, &unused) &&
        load(cpu, *ptr + 16, &unused) && load(cpu, *ptr + 24, &unused)) {
        *ptr += 32;
    }
}

/* -- rows -------------------------------------------------------------------------------------------------------------- */

/* SCR_EL3.GCSEn; EL0 reads its pointer with GCSCRE0_EL1.nTR. */
static ArmTrap gcs_check(ARMCPU *cpu, const SysReg *r, bool write)
{
    if ((r->enc >> 11 & 7) == 5 && arm_el12_check(cpu, r, write) != TRAP_NONE) {
        return TRAP_UNDEFINED;
    }
    if (cpu->el == 0 && !(cpu->gcscr_el[0] & GCSCR_NTR)) {
        return TRAP_EL1;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_GCSEN) ? TRAP_EL3 : TRAP_NONE;
}

#define CTX SRC_TLB | SRC_KEY
#define GCSCR(f) SR_FIELD_RW(f, GCSCR_RW), SR_NEEDS(GCS), .check = gcs_check, .changes = CTX
#define GCSPR(f) SR_FIELD_RW(f, ~UINT64_C(7)), SR_NEEDS(GCS), .check = gcs_check
#define INSN(name_, op1, op2, access_, ...) \
    SR(name_, 1, op1, 7, 7, op2, access_, SR_NEEDS(GCS), .no_gdb = true, __VA_ARGS__)

static const SysReg gcs_regs[] = {
    SR("GCSCR_EL1", 3, 0, 2, 5, 0, SR_RW1, GCSCR(gcscr_el[1]), .e2h_redirect = SYSREG(3, 4, 2, 5, 0)),
    SR("GCSCR_EL2", 3, 4, 2, 5, 0, SR_RW2, GCSCR(gcscr_el[2]), .needs_el = 2),
    SR("GCSCR_EL12", 3, 5, 2, 5, 0, SR_RW2, GCSCR(gcscr_el[1]), .needs_el = 2, .is_alias = true, .no_gdb = true),
    SR("GCSCR_EL3", 3, 6, 2, 5, 0, SR_RW3, GCSCR(gcscr_el[3]), .needs_el = 3),
    SR("GCSCRE0_EL1", 3, 0, 2, 5, 2, SR_RW1, SR_FIELD_RW(gcscr_el[0], GCSCRE0_RW), SR_NEEDS(GCS), .check = gcs_check,
       .changes = CTX),
    SR("GCSPR_EL0", 3, 3, 2, 5, 1, SR_R0 | SR_W1, GCSPR(gcspr_el[0])),
    SR("GCSPR_EL1", 3, 0, 2, 5, 1, SR_RW1, GCSPR(gcspr_el[1]), .e2h_redirect = SYSREG(3, 4, 2, 5, 1)),
    SR("GCSPR_EL2", 3, 4, 2, 5, 1, SR_RW2, GCSPR(gcspr_el[2]), .needs_el = 2),
    SR("GCSPR_EL12", 3, 5, 2, 5, 1, SR_RW2, GCSPR(gcspr_el[1]), .needs_el = 2, .is_alias = true, .no_gdb = true),
    SR("GCSPR_EL3", 3, 6, 2, 5, 1, SR_RW3, GCSPR(gcspr_el[3]), .needs_el = 3),
    INSN("GCSPUSHM", 3, 0, SR_W0, .check = pushm_check, .write = pushm),
    INSN("GCSPOPM", 3, 1, SR_R0, .read = popm),
    INSN("GCSSS1", 3, 2, SR_W0, .write = ss1),
    INSN("GCSSS2", 3, 3, SR_R0, .read = ss2),
    INSN("GCSPUSHX", 0, 4, SR_W1, .write = pushx, .changes = SRC_KEY),
    INSN("GCSPOPCX", 0, 5, SR_W1, .write = popcx, .changes = SRC_KEY),
    INSN("GCSPOPX", 0, 6, SR_W1, .write = popx),
};
const SysRegGroup arm_sysregs_gcs = { gcs_regs, G_N_ELEMENTS(gcs_regs) };
