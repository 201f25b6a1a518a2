/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Arm CPU object: its state, and what the files of this target offer each other.
 * AArch64 today; the AArch32 and M-profile views of the same registers join this struct (banked registers on X).
 */
#ifndef TARGETS_ARM_CPU_H
#define TARGETS_ARM_CPU_H

#include "core/exec/clock.h"
#include "core/exec/cpu.h"
#include "core/fpu.h"
#include "targets/arm/features.h"
#include "targets/arm/pstate.h"

#define TYPE_ARM_CPU "arm-cpu"

typedef struct ArmWalkMemo ArmWalkMemo;
typedef struct ARMCPU ARMCPU;
typedef struct ARMCPUClass ARMCPUClass;
typedef struct ArmModel ArmModel;
typedef struct ArmSysregs ArmSysregs;
typedef struct GICv3CpuIf GICv3CpuIf;

/* -- registers as the translation library sees them ---------------------------------------------------------- */

/* Rows of arm_tcg_target.regs. */
enum {
    ARM_REG_X0 = 0,                             /* X0-X30 */
    ARM_REG_SP = 31,                            /* the current SP */
    ARM_REG_PC = 32,
    ARM_REG_NZCV = 33,                          /* i32: N Z C V in bits 3-0 */
    ARM_REG_V0 = 34,                            /* V0-V31: the low 128 bits of Z0-Z31 */
    ARM_REG_SS = 66,                            /* i32: PSTATE.SS, cleared as an instruction is stepped */
    ARM_REG_QC = 67,                            /* any bit: FPSR.QC */
    ARM_NUM_REGS = 68,
};
extern const TcgTarget arm_tcg_target;

/* A vector register at the greatest architectural width; lanes little-endian. */
enum { ARM_MAX_VQ = 16 };
typedef union ARMVector {
    uint64_t d[ARM_MAX_VQ * 2];
    uint32_t s[ARM_MAX_VQ * 4];
    uint16_t h[ARM_MAX_VQ * 8];
    uint8_t b[ARM_MAX_VQ * 16];
} __attribute__((aligned(16))) ARMVector;

/* -- translation regimes (MemOp's mmu index) ----------------------------------------------------------------------- */

/*
 * What an access is translated by. Security state, VMID and ASID are not here but in the TLB context's id. The _PAN
 * forms refuse privileged access to what EL0 can access.
 */
typedef enum ArmMmu {
    ARM_MMU_EL10_0,                             /* EL1&0, unprivileged */
    ARM_MMU_EL10_1,                             /* EL1&0, privileged */
    ARM_MMU_EL10_1_PAN,
    ARM_MMU_EL2,
    ARM_MMU_EL20_0,                             /* EL2&0 (VHE), unprivileged */
    ARM_MMU_EL20_2,
    ARM_MMU_EL20_2_PAN,
    ARM_MMU_EL3,
    ARM_MMU_GCS,                                /* from here on: accesses of guarded control stacks */
    ARM_MMU_EL10_0_GCS = ARM_MMU_GCS,
    ARM_MMU_EL10_1_GCS,
    ARM_MMU_EL2_GCS,
    ARM_MMU_EL20_0_GCS,
    ARM_MMU_EL20_2_GCS,
    ARM_MMU_EL3_GCS,
    ARM_NUM_MMU,
} ArmMmu;

/* -- exceptions ------------------------------------------------------------------------------------------------------ */

typedef enum ArmExcKind {
    ARM_EXC_NONE,
    ARM_EXC_SYNC,                               /* by syndrome, to target_el */
    ARM_EXC_IRQ, ARM_EXC_FIQ, ARM_EXC_SERROR,
} ArmExcKind;

/* The recorded exception: set by arm_raise_*, consumed by do_exception when env is precise. */
typedef struct ArmException {
    ArmExcKind kind;
    uint8_t target_el;
    uint32_t syndrome;                          /* ESR_ELx bits 31:0; iss2 goes to bits 36:32 */
    uint32_t iss2;
    bool has_far, has_hpfar;
    uint64_t far, hpfar;
    bool return_next;                           /* the preferred return address is the next instruction (SVC ...) */
    bool takes_vse;                             /* the virtual SError of HCR_EL2.VSE, which is over when it is taken */
} ArmException;

/* Interrupt inputs: bits of cs->irq_lines. */
enum { ARM_LINE_IRQ, ARM_LINE_FIQ, ARM_LINE_VIRQ, ARM_LINE_VFIQ, ARM_LINE_SERROR };

/* -- generic timers ---------------------------------------------------------------------------------------------------- */

typedef enum ArmGtimer { GTIMER_PHYS, GTIMER_VIRT, GTIMER_HYP, GTIMER_SEC, GTIMER_HYPVIRT, NUM_GTIMERS } ArmGtimer;
typedef struct ArmGtimerState {
    uint64_t cval, ctl;                         /* ctl: ENABLE, IMASK; ISTATUS is computed */
} ArmGtimerState;

/* Values of overlay registers (FEAT_S1POE, FEAT_S2POE) that cached translations were made with. */
enum { ARM_MAX_OVERLAYS = 96 };
typedef struct ArmOverlay {
    uint64_t por, s2por;
    bool stage1, stage2;                        /* which of them act */
} ArmOverlay;

/* The last four rounds of SHA-256: A to H before them, words of the schedule; E to H after them are in out[2] and [3]. */
typedef struct ArmSha256Rounds {
    uint64_t in[6], out[4];
    bool valid;
} ArmSha256Rounds;

/* -- the object ------------------------------------------------------------------------------------------------------- */

/* Packed in CPUKey.w[0]; w[1] is features_hash. */
typedef struct ArmKey {
    unsigned el : 2;
    unsigned btype : 2;                         /* bits 3:2: ARM_KEY_BTYPE_SHIFT; switched by generated code */
    unsigned guarded : 1;                       /* bit 4, by core: the fetch page has GP set (FEAT_BTI) */
    unsigned fetch_mmu : 4, data_mmu : 4, unpriv_mmu : 4;       /* ArmMmu; unpriv: for LDTR and STTR */
    unsigned align_check : 1;                   /* SCTLR_ELx.A */
    unsigned sp_align_check : 1;                /* SCTLR_ELx.SA or SA0 */
    unsigned big_endian : 1;                    /* data */
    unsigned fp_trap_el : 2;                    /* 0: FP and SIMD enabled */
    unsigned il : 1;
    unsigned ss_active : 1, pstate_ss : 1;      /* software step */
    unsigned bp_active : 1;                     /* look for breakpoints before each instruction */
    unsigned sysreg_slow : 1;                   /* some control traps system registers: check each at run time */
    unsigned pauth : 4;                         /* EnIA, EnIB, EnDA, EnDB; with EnIA above EL0: all, as they are asked */
    unsigned spsel : 1, apk : 1;                /* SP_EL0 is not the stack pointer; keys can be read and written */
    unsigned pauth_inline : 1;                  /* no trap, and the algorithm that generated code has */
    unsigned bti_enabled : 1;                   /* SCTLR_ELx.BT for this level */
    unsigned fpcr_ah : 1, fpcr_nep : 1;
    unsigned fp_inline : 1, fp_inline_half : 1; /* nothing in FPCR that OP_fp does otherwise; on half precision */
    unsigned e2h : 1;
    unsigned mte_active : 1, mte_unpriv : 1;    /* accesses are tag-checked: plain ones, those by unpriv_mmu */
    unsigned naa : 1;                           /* SCTLR_ELx.nAA */
    unsigned mops : 1;                          /* FEAT_MOPS is enabled (CheckMOPSEnabled) */
    unsigned zva : 1;                           /* DC ZVA is neither disabled nor trapped (arm_zva_allowed) */
    unsigned d128 : 1;                          /* descriptors of stage 1 have 128 bits (IsD128Enabled) */
    unsigned gcs : 1, gcs_check : 1;            /* guarded control stacks are on; returns are compared with them */
    unsigned exlock : 1;                        /* ELR_ELx and SPSR_ELx of this level are locked */
    unsigned unguarded : 1;                     /* no page has GP set: nobody asks for BTYPE */
} ArmKey;
G_STATIC_ASSERT(sizeof(ArmKey) == 8);
/* A key that was made: of which mode, and before which change of anything else. */
typedef struct ArmKeyRow {
    uint64_t changes;                           /* CPUState.key_changes */
    uint32_t mode;                              /* 0: none */
    ArmKey key;
} ArmKeyRow;

struct ARMCPU {
    CPUState parent;

    /* general registers */
    uint64_t x[31];
    uint64_t sp;                                /* the current one; sp_el holds the others (and a stale copy of it) */
    uint64_t pc;
    uint32_t nzcv;                              /* N Z C V in bits 3-0 */

    /* PSTATE, a field each; arm_pstate_get/set (pstate.h) make the manual's layouts of them */
    uint8_t el, spsel, nrw;                     /* nrw: AArch32 */
    uint8_t daif;                               /* D A I F in bits 3-0 */
    uint8_t pan, uao, dit, ssbs, tco, allint, btype, il, exlock;
    bool unguarded;                             /* user mode: while no page has GP set, BTYPE stays 0 */
    uint8_t step_did;                           /* ARM_STEP_*: debug.h */
    uint32_t ss;

    uint64_t sp_el[4];
    uint64_t elr_el[4];                         /* [0] unused */
    uint64_t spsr_el[4];
    uint64_t spsr_abt, spsr_und, spsr_irq, spsr_fiq;            /* AArch32's, visible from EL2 */
    ARMVector v[32];
    uint32_t fpcr;
    uint64_t qc[2];                             /* any bit: generated code saturated something: FPSR.QC, too */
    uint32_t fpsr;                              /* QC; the cumulative flags are in fp.flags, at FPSR's positions */
    FloatStatus fp;                             /* rules derived from fpcr */
    ArmSha256Rounds sha256;                     /* no state: what a helper keeps for the next one */

    /* system registers, by the manual's names; _el[n] is REG_ELn */
    uint64_t sctlr_el[4], actlr_el[4], tcr_el[4], ttbr0_el[4], ttbr1_el[4], mair_el[4], amair_el[4], vbar_el[4];
    uint64_t esr_el[4], far_el[4], afsr0_el[4], afsr1_el[4], contextidr_el[4], tpidr_el[4], rvbar;
    uint64_t sctlr2_el[4], tcr2_el[4], mair2_el[4], amair2_el[4], pir_el[4], pire0_el[4], por_el[4];
    uint64_t s2pir_el2, s2por_el1;
    uint64_t gcscr_el[4], gcspr_el[4];          /* gcscr_el[0] is GCSCRE0_EL1 */
    uint64_t tpidrro_el0, cpacr_el1, par_el1, cntkctl_el1, csselr_el1, mdscr_el1, osdlr_el1, oslsr_el1, mdccint_el1;
    uint64_t hcr_el2, hcrx_el2, hstr_el2, mdcr_el2, cptr_el2, vttbr_el2, vtcr_el2, hpfar_el2, vpidr_el2, vmpidr_el2;
    uint64_t cnthctl_el2, cntvoff_el2, hacr_el2, vsesr_el2, vdisr_el2, dacr32_el2, ifsr32_el2, fpexc32_el2;
    uint64_t scr_el3, mdcr_el3, cptr_el3, sder32_el3;
    /* bits 127:64 of the registers that have them */
    uint64_t ttbr0_hi_el[3], ttbr1_hi_el[3], vttbr_hi_el2, par_hi_el1;
    uint64_t rcwmask_el1[2], rcwsmask_el1[2];   /* low, high */
    uint64_t disr_el1, gcr_el1, rgsr_el1, accdata_el1, tfsr_el[4];
    uint64_t dbgbvr_el1[16], dbgbcr_el1[16], dbgwvr_el1[16], dbgwcr_el1[16], dbgclaim, dbgdtrrx, dbgdtrtx;
    uint64_t apkey[10];                         /* APIAKeyLo/Hi, IB, DA, DB, GA */
    struct {                                    /* where PACs are now (arm_pac_layout), of what TCR_ELx and ranges */
        uint64_t field[2][2];                   /* [data][bit 55 of the pointer]: the bits that hold one */
        uint64_t tcr;
        uint8_t ranges, select[2];              /* [data]: the bit that chooses the range of what is signed */
    } pac;
    /* performance monitors */
    uint64_t pmcr_el0, pmcnten, pmovs, pminten, pmselr_el0, pmuserenr_el0, pmccfiltr_el0, pmccntr_base, pmccntr_delta;
    uint64_t pmevcntr[31], pmevtyper[31];
    /* generic timers */
    uint64_t cntfrq_el0;
    ArmGtimerState gtimer[NUM_GTIMERS];

    /* exclusive monitor: a store-exclusive is a compare-and-swap against what was loaded */
    uint64_t excl_addr;                         /* virtual; UINT64_MAX: clear */
    uint64_t excl_value[2];
    uint32_t excl_size;
    int64_t spun_at;                            /* host's microseconds: the last WFE of a row of them that ... */
    uint64_t spun_addr, spun_value;             /* WFE found that monitored, with that value ... */
    uint32_t spins;                             /* ... so often */
    uint32_t event_register;                    /* atomic: SEV, events */
    uint32_t waits_for;                         /* ArmWait: what ends the latest wait, beside an interrupt; own thread */
    uint32_t time_has_come;                     /* atomic: the time of WFET or WFIT is over */
    uint64_t event_stream_seen[2];              /* transitions of each event stream that reached the event register */

    ArmException exc;
    uint8_t sysreg_rt;                          /* Rt of the system register access under way */
    bool sysreg_wide;                           /* it is of 128 bits */
    bool rcw, rcw_page;                         /* a read-check-write access is under way; only it may write to its page */

    /* -- wiring and derived; not guest state ------------------------------------------------------------------ */
    const ArmModel *model;
    const FloatOps *fpu;
    uint64_t idreg[ARM_NUM_IDREGS];             /* as properties edited them; features follow from these alone */
    unsigned pauth_said;                        /* what the user said of pointer authentication (arm_features.c) */
    uint64_t midr, mpidr, revidr, ctr_el0, dczid_el0, clidr_el1, ccsidr[16];
    ArmFeatures features;
    uint64_t features_hash;                     /* in the key: translations are shared by CPUs that are alike */
    const ArmSysregs *sysregs;                  /* the rows that this CPU has, indexed */
    uint64_t tag_ctrl;                          /* user mode: prctl(PR_SET_TAGGED_ADDR_CTRL)'s argument */
    unsigned pa_bits;
    vaddr vdso;                                 /* user mode: the page whose code may ask helper_user_clock; else 0 */
    uint64_t ctx_id[ARM_NUM_MMU];               /* what tlb_set_context was last told */
    ArmKeyRow key_row[8];                       /* state.c: by a hash of the mode */
    ArmOverlay overlay[ARM_MAX_OVERLAYS];       /* ARM_CTX_OVERLAY is an index + 1 */
    unsigned num_overlays;
    uint32_t gcs_mmus;                          /* bit n: regime n needs a context though its level's stacks are off */
    bool has_el2, has_el3;
    /* properties */
    bool prop_el2, prop_el3, prop_start_powered_off;
    uint32_t psci_conduit;                      /* ArmPsciConduit */
    uint64_t prop_mpidr, prop_rvbar;
    uint64_t prop_cntfrq;
    Object *gic_cpuif;                          /* link: the GIC's CPU interface, or NULL */
    IrqLine timer_irq[NUM_GTIMERS];
    IrqLine pmu_irq;
    Timer gtimer_timer[NUM_GTIMERS];
    Timer event_stream_timer[2], wfxt_timer, pmu_timer;
    TlbWalk *walk;                              /* where a walk notes what it reads, NULL: nowhere; num too large: it could not */
    ArmWalkMemo *walk_memo;                     /* mmu.c; NULL: no walk yet */
};

DECLARE_OBJECT(ARMCPU, ARM_CPU, TYPE_ARM_CPU)

typedef enum ArmPsciConduit { ARM_PSCI_NONE, ARM_PSCI_HVC, ARM_PSCI_SMC } ArmPsciConduit;

struct ARMCPUClass {
    CPUClass parent;
    const ArmModel *model;
};
DECLARE_CLASS(ARMCPUClass, ARM_CPU, TYPE_ARM_CPU)

/* A CPU model: the values of its ID registers (cpu_models.c). */
struct ArmModel {
    const char *name;                           /* "cortex-a72" */
    const char *desc;
    uint64_t midr, revidr, ctr, dczid, clidr, ccsidr[16];
    const struct ArmIdValue { uint8_t reg; uint64_t value; } *id;       /* ends with reg 0xff */
    bool el2, el3;
    bool multithreaded;                         /* MPIDR_EL1.MT: the CPU's number is in Aff1 */
};

static inline bool arm_feature(const ARMCPU *cpu, ArmFeature f)
{
    return arm_has_feature(&cpu->features, f);
}

extern const VMStateField arm_vmstate[];         /* vmstate.c */

/* -- security and exception levels (state.c) ------------------------------------------------------------------------- */

bool arm_is_secure(const ARMCPU *cpu);                          /* the current state */
bool arm_is_secure_below_el3(const ARMCPU *cpu);
bool arm_el2_enabled(const ARMCPU *cpu);                        /* EL2Enabled(): implemented and in this security state */
uint64_t arm_hcr_el2_eff(const ARMCPU *cpu);                    /* HCR_EL2 as it acts now (0 when EL2 is not enabled) */
uint64_t arm_hcrx_el2_eff(const ARMCPU *cpu);                   /* HCRX_EL2, or 0 where IsHCRXEL2Enabled() is false */
static inline bool arm_hcr_e2h(const ARMCPU *cpu)
{
    return cpu->hcr_el2 >> 34 & 1;                              /* RES0 without FEAT_VHE */
}
bool arm_is_in_host(const ARMCPU *cpu);                         /* IsInHost(): EL2, or EL0 under TGE, with E2H */
/* The level whose registers (SCTLR, TCR ...) control EL1&0 or EL2&0 translation for code at `el`. */
unsigned arm_regime_el(const ARMCPU *cpu, ArmMmu mmu);
/* Writes SP and spsel banking: the current SP goes to its bank, the new one comes from its own. */
void arm_switch_sp(ARMCPU *cpu, unsigned new_el, unsigned new_spsel);
void arm_set_fpcr(ARMCPU *cpu, uint32_t value);
uint32_t arm_get_fpsr(ARMCPU *cpu);
void arm_set_fpsr(ARMCPU *cpu, uint32_t value);
/* Contexts of the TLB from TTBRs, VMID and security state; call when any of these changed. */
void arm_tlb_contexts_changed(ARMCPU *cpu);
void arm_tlb_asid_changed(ARMCPU *cpu);                         /* the same, if only ASIDs can have changed */

/* Reset state at an exception level with everything above it set up to let it run, as firmware would have (boot, PSCI). */
void arm_enter_at(ARMCPU *cpu, unsigned el, uint64_t pc);
/* Tells a GICv3 that the exception level or security state changed; a CPU without EL3 never needs to. */
void arm_gic_state_changed(ARMCPU *cpu);
typedef enum ArmWait { ARM_WAIT_INTERRUPT = 0, ARM_WAIT_EVENT = 1, ARM_WAIT_TIME = 2 } ArmWait;
/* Own thread, before the CPU halts: ArmWait bits of what ends it, beside an interrupt. */
void arm_wait_for(ARMCPU *cpu, unsigned what);
/* Any thread: sets the event register and wakes the CPU. */
void arm_send_event(ARMCPU *cpu);

/* -- exceptions (exception.c) ------------------------------------------------------------------------------------------ */

/* Exception classes, ESR_ELx.EC (DDI 0487 D23.2.37). */
enum {
    EC_UNKNOWN = 0x00, EC_WFX = 0x01, EC_CP15_MCR = 0x03, EC_CP15_MCRR = 0x04, EC_CP14_MCR = 0x05, EC_CP14_LDC = 0x06,
    EC_FP_ASIMD = 0x07, EC_PAC_TRAP = 0x09, EC_LS64 = 0x0a, EC_CP14_MRRC = 0x0c, EC_BTI = 0x0d, EC_ILLEGAL = 0x0e,
    EC_SVC32 = 0x11, EC_HVC32 = 0x12, EC_SMC32 = 0x13, EC_SYSREG128 = 0x14, EC_SVC64 = 0x15, EC_HVC64 = 0x16, EC_SMC64 = 0x17,
    EC_SYSREG = 0x18, EC_SVE = 0x19, EC_ERET = 0x1a, EC_PAC_FAIL = 0x1c, EC_SME = 0x1d,
    EC_IABORT_LOWER = 0x20, EC_IABORT_SAME = 0x21, EC_PC_ALIGN = 0x22, EC_DABORT_LOWER = 0x24, EC_DABORT_SAME = 0x25,
    EC_SP_ALIGN = 0x26, EC_MOPS = 0x27, EC_FP32 = 0x28, EC_FP64 = 0x2c, EC_GCS = 0x2d, EC_SERROR = 0x2f,
    EC_BREAKPOINT_LOWER = 0x30, EC_BREAKPOINT_SAME = 0x31, EC_STEP_LOWER = 0x32, EC_STEP_SAME = 0x33,
    EC_WATCHPOINT_LOWER = 0x34, EC_WATCHPOINT_SAME = 0x35, EC_BKPT32 = 0x38, EC_BRK64 = 0x3c,
};
#define ARM_SYNDROME(ec, iss) ((uint32_t)(ec) << 26 | 1u << 25 | ((iss) & 0x1ffffff))

/*
 * Records a synchronous exception to target_el (arm_default_target_el for most) and leaves the block. From helpers
 * that the generated code calls with all registers written back, or from slow paths with a state map.
 */
void arm_raise(ARMCPU *cpu, unsigned target_el, uint32_t syndrome);
void arm_raise_undefined(ARMCPU *cpu);                          /* UNDEFINED at the current level, with TGE routing */
/* Where an exception that is not otherwise routed goes from the current level: EL1, or EL2 under TGE or from EL2 ... */
unsigned arm_default_target_el(const ARMCPU *cpu);
void arm_do_exception(CPUState *cs);
bool arm_take_interrupt(CPUState *cs);
bool arm_has_work(CPUState *cs);
/* ERET: checks SPSR, sets IL on an illegal return, switches state. */
void arm_exception_return(ARMCPU *cpu, uint64_t new_pc, uint64_t spsr);
/* FP access: 0 if enabled, else the level to which an access traps (CheckFPAdvSIMDEnabled64). */
unsigned arm_fp_trap_el(const ARMCPU *cpu);
void arm_raise_fp_trap(ARMCPU *cpu);            /* AArch64.AdvSIMDFPAccessTrap */

/* -- address translation (mmu.c) ---------------------------------------------------------------------------------------- */

typedef struct ArmFault {
    bool valid;
    uint8_t fsc;                                /* DFSC / IFSC */
    bool stage2, s1ptw, write, cm, ea;
    bool overlay, dirty, assured_only, top_level;       /* of a permission fault: ISS2 and ISS.TopLevel */
    uint64_t ipa;                               /* of a stage 2 fault */
    bool ns;                                    /* the IPA is Non-secure */
    uint8_t level;
} ArmFault;
typedef struct ArmXlat {
    uint64_t pa;
    uint64_t page_size;
    unsigned prot;                              /* TlbProt */
    unsigned pas;                               /* Pas */
    uint8_t attrs;                              /* memory type as MAIR has it */
    uint8_t sh;
    bool global, device, guarded, tagged;
    bool assured;                               /* of stage 1: by Protected descriptors of mostly read-only memory alone */
    bool mostly_readonly;                       /* of stage 2: only walks and read-check-write instructions may write */
} ArmXlat;
/* AT instructions leave the dirty state alone; those of stage 1 stop before stage 2, those of any access ask no permission. */
typedef enum ArmXlatScope { XLAT_ACCESS, XLAT_AT, XLAT_AT_STAGE_1, XLAT_AT_ANY } ArmXlatScope;
/* Stages 1 and 2 of a virtual address (tag included). False: *fault. */
bool arm_translate_address(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlatScope scope, ArmXlat *ret,
                           ArmFault *fault);
/* What the load or store at the PC adds to the syndrome of its stage 2 abort: ISV to AR (D23.2.37); else 0. */
uint32_t arm_access_syndrome(ARMCPU *cpu);
bool arm_tlb_fill(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe);
bool arm_code_group(CPUState *cs, unsigned mmu, CodeGroup *ret);
bool arm_walk_code(CPUState *cs, vaddr addr, unsigned mmu, TlbWalk *ret);
/* TlbPage.user. */
enum { ARM_PAGE_GUARDED = 1, ARM_PAGE_DEVICE = 2, ARM_PAGE_TAGGED = 4, ARM_PAGE_CACHEABLE = 8 };
/* An access that the memory's type has no support for (atomics, 64 bytes). */
void arm_unsupported_access(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu);
/* A synchronous tag check fault (mte.h). */
void arm_tag_fault(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu);
void arm_unaligned(CPUState *cs, vaddr addr, AccessType type, unsigned mmu);
void arm_bus_error(CPUState *cs, vaddr addr, hwaddr paddr, AccessType type, unsigned mmu, MemTxResult why);
/* gdb.c: the features of gdb's target description (core/exec/debug.h). */
void arm_debug_features(CPUState *cs, GArray *ret);
bool arm_debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs);

/* -- system registers (sysreg.h has the rows) ----------------------------------------------------------------------- */
bool arm_sysregs_realize(ARMCPU *cpu, GError **error);
void arm_sysregs_reset(ARMCPU *cpu);

/* -- the key: what translation depends on (state.c) ---------------------------------------------------------------- */

enum { ARM_KEY_BTYPE_SHIFT = 2, ARM_KEY_GUARDED_SHIFT = 4 };
/* Whether DC ZVA may be executed here: SCTLR_ELx.DZE for EL0, HCR_EL2.TDZ (and HFGITR_EL2, which sysreg_slow says). */
bool arm_zva_allowed(const ARMCPU *cpu);
void arm_get_key(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu);
void arm_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret);
/* PC canonical (address tag removed) and aligned, before a fetch; false: PC alignment fault recorded. */
bool arm_check_pc(CPUState *cs);

#endif
