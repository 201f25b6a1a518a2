/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The M-profile CPU object: its state, and what the files of M-profile offer each other (Armv8-M ARM, DDI 0553; Armv7-M
 * ARM, DDI 0403; Armv6-M ARM, DDI 0419). Instruction semantics are shared with T32 of the A-profile (translate_t32.h);
 * exceptions, the system space and memory protection are M-profile's own and live in m_*.c.
 *
 * Files: m_cpu.c (type, realize, reset, class), m_models.c (models as values of ID registers), m_state.c (key, xPSR,
 * CONTROL, banked registers), m_exception.c (entry, return, priorities, faults, lockup), m_nvic.c (pending, active,
 * enabled, priorities), m_system.c (the system space 0xE0000000-0xE00FFFFF as tables), m_mpu.c (MPU, SAU, IDAU, TT),
 * m_fp.c (the floating-point context), m_systick.c, m_trace.c (DWT, ITM), m_bitband.c, m_helper.c and m_helper.def (what
 * generated code calls). m_int.h is what these files have between them.
 */
#ifndef TARGETS_ARM_M_CPU_H
#define TARGETS_ARM_M_CPU_H

#include "core/exec/clock.h"
#include "core/exec/cpu.h"
#include "core/fpu.h"
#include "core/io/char.h"
#include "targets/arm/features.h"

#define TYPE_ARM_M_CPU "arm-m-cpu"

typedef struct ARMMCPU ARMMCPU;
enum { ARM_M_NUM_IDS = 22 };                    /* words of ARMMCPU.id: ArmMId in m_int.h */
typedef struct ArmMNvic ArmMNvic;
typedef struct ArmMSystem ArmMSystem;

/* Rows of arm_m_tcg_target.regs. */
enum {
    ARM_M_REG_R0 = 0,                           /* R0-R12, SP (the current one), LR: i32 */
    ARM_M_REG_SP = 13,
    ARM_M_REG_LR = 14,
    ARM_M_REG_PC = 15,                          /* i64, bit 0 clear */
    ARM_M_REG_NZCV = 16,                        /* i32: N Z C V in bits 3-0 */
    ARM_M_REG_Q = 17,                           /* i32: 0 or 1 */
    ARM_M_REG_GE = 18,                          /* i32: GE[3:0] */
    ARM_M_REG_IT = 19,                          /* i32: ITSTATE of the instruction at the PC, 0 outside of IT blocks */
    ARM_M_REG_S0 = 20,                          /* S0-S31: i32; D<n> is S<2n+1>:S<2n> */
    ARM_M_NUM_REGS = 52,
};
extern const TcgTarget arm_m_tcg_target;

/* Translation regimes: what the MPU and the SAU judge an access by. */
typedef enum ArmMMmu {
    ARM_M_MMU_UNPRIV, ARM_M_MMU_PRIV,           /* Non-secure; all there is without the Security Extension */
    ARM_M_MMU_S_UNPRIV, ARM_M_MMU_S_PRIV,
    ARM_M_MMU_NEG_UNPRIV, ARM_M_MMU_NEG,        /* with HFNMIENA = 0 and a negative priority: the MPU is off */
    ARM_M_MMU_S_NEG_UNPRIV, ARM_M_MMU_S_NEG,
} ArmMMmu;

/* Index of what is banked by security state. Without the Security Extension all is in M_NS. */
enum { M_NS, M_S };

/* SYSm of MRS and MSR; below 8 are APSR, IPSR and EPSR. With M_SYSM_NS: that of the Non-secure state. */
enum {
    M_SYSM_MSP = 8, M_SYSM_PSP, M_SYSM_MSPLIM, M_SYSM_PSPLIM, M_SYSM_PRIMASK = 16, M_SYSM_BASEPRI, M_SYSM_BASEPRI_MAX,
    M_SYSM_FAULTMASK, M_SYSM_CONTROL, M_SYSM_SP_NS = 24, M_SYSM_NS = 0x80,
};

/* Exception numbers. */
enum {
    M_EXC_RESET = 1, M_EXC_NMI, M_EXC_HARD, M_EXC_MEM, M_EXC_BUS, M_EXC_USAGE, M_EXC_SECURE, M_EXC_SVC = 11,
    M_EXC_DEBUG, M_EXC_PENDSV = 14, M_EXC_SYSTICK, M_EXC_IRQ0,
};

/* What generated code and slow paths raise; m_exception.c turns them into an exception and its status bits. */
typedef enum ArmMFault {
    M_FAULT_UNDEFINSTR, M_FAULT_INVSTATE, M_FAULT_INVPC, M_FAULT_NOCP, M_FAULT_STKOF, M_FAULT_UNALIGNED, M_FAULT_DIVBYZERO,
    M_FAULT_IACCVIOL, M_FAULT_DACCVIOL, M_FAULT_IBUSERR, M_FAULT_PRECISERR,
    M_FAULT_INVEP, M_FAULT_INVTRAN, M_FAULT_AUVIOL,             /* SecureFault */
    /*
     * At the SVC, PC and ITSTATE being its own; the preferred return address is the next instruction's (2 bytes on), with
     * ITSTATE as arm_m_it_next has it. BKPT returns to itself.
     */
    M_FAULT_SVC,
    M_FAULT_BKPT,
    M_NUM_FAULTS
} ArmMFault;

struct ARMMCPU {
    CPUState parent;

    uint32_t r[15];                             /* R0-R12, the current SP, LR */
    uint64_t pc;
    uint32_t nzcv, q, ge, it;                   /* APSR and EPSR.IT, as the rows above have them */
    uint32_t epsr_t;                            /* 1, or every instruction is INVSTATE */
    uint32_t exception;                         /* IPSR; 0: Thread mode */
    uint32_t s[32];
    uint32_t fpscr;                             /* control bits; NZCV are bits 31:28, the cumulative flags in fp.flags */
    FloatStatus fp;

    /* banked by security state, [M_NS] and [M_S] */
    uint32_t sp[2][2];                          /* [security][0: MSP, 1: PSP]; the current one is stale, r[13] has it */
    uint32_t splim[2][2];
    uint32_t control[2];                        /* nPRIV, SPSEL, FPCA (in [M_S] alone), SFPA (in [M_S]) */
    uint32_t primask[2], faultmask[2], basepri[2];
    bool secure;                                /* the current Security state */

    /* exclusive monitor: a store-exclusive is a compare-and-swap against what was loaded */
    uint32_t excl_addr, excl_value, excl_size;  /* size 0: clear */
    uint32_t event_register;                    /* atomic */
    bool waits_for_event;
    bool lockup;

    /* the recorded exception, for do_exception */
    ArmMFault fault;
    uint32_t fault_addr;
    bool fault_has_addr;

    ArmMNvic *nvic;                             /* m_nvic.c */
    ArmMSystem *system;                         /* m_system.c: SCB, MPU, SAU, SysTick, FP, DWT, ITM registers */

    /* wiring and derived; not guest state */
    const struct ArmMModel *model;
    const FloatOps *fpu;
    ArmFeatures features;
    uint64_t features_hash;
    bool has_security, has_fp, has_dp;
    uint32_t id[ARM_M_NUM_IDS];                 /* ID registers: the model's, as -cpu NAME,feature=on|off edited them */
    bool reset_pending;                         /* SP and PC come from the vector table when the CPU runs */
    bool has_start_pc;                          /* set_pc was called since: not the PC */
    bool mpu_changed[2];                        /* regions, while the MPU was off */
    uint32_t mpu_generation[2];
    IrqLine sysresetreq, txev, lockup_irq;
    CharBackend itm;
    Object *idau;
    uint64_t prop_refclk;
    uint32_t prop_num_irq, prop_num_prio_bits, prop_init_svtor, prop_init_nsvtor, prop_mpu_regions, prop_mpu_ns_regions;
    uint32_t prop_sau_regions, prop_systick_calib;
    bool prop_bitband, prop_start_powered_off;
};

DECLARE_OBJECT(ARMMCPU, ARM_M_CPU, TYPE_ARM_M_CPU)

static inline bool arm_m_feature(const ARMMCPU *cpu, ArmFeature f)
{
    return arm_has_feature(&cpu->features, f);
}

/* ITAdvance(): ITSTATE of the instruction after one with ITSTATE it. */
static inline uint32_t arm_m_it_next(uint32_t it)
{
    return it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
}

/* What translation depends on; packed in CPUKey.w[0]; w[1] is features_hash. */
typedef struct ArmMKey {
    unsigned mmu : 3;                           /* ArmMMmu of accesses and fetches */
    unsigned unpriv_mmu : 3;                    /* of LDRT, STRT and so on */
    unsigned privileged : 1;
    unsigned secure : 1;
    unsigned handler : 1;                       /* Handler mode: BX, POP ... to 0xFxxxxxxx are exception returns */
    unsigned it : 8;                            /* ITSTATE at the first instruction */
    unsigned invstate : 1;                      /* EPSR.T is 0 */
    unsigned splim_check : 1;                   /* Armv8-M: SP is checked against a limit that is not 0 */
    unsigned unalign_trap : 1;                  /* CCR.UNALIGN_TRP */
    unsigned div0_trap : 1;                     /* CCR.DIV_0_TRP */
    unsigned fp_trap : 1;                       /* an FP instruction is NOCP */
    unsigned fp_prepare : 1;                    /* an FP instruction first calls m_fp_prepare: lazy state, FPCA, SFPA */
} ArmMKey;
G_STATIC_ASSERT(sizeof(ArmMKey) <= 8);
void arm_m_get_key(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu);
/* CPUClass.translate and describe_insn (translate_m.c, m_isa.c). */
void arm_m_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret);
void arm_m_describe_insn(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len);

/* -- from helpers that generated code calls with registers written back, and from slow paths with a state map -------- */
/* Records a fault of the instruction at the PC and leaves the block. addr: what MMFAR, BFAR or SFAR gets. */
void arm_m_raise(ARMMCPU *cpu, ArmMFault fault);
void arm_m_raise_at(ARMMCPU *cpu, ArmMFault fault, uint32_t addr);
/* The whole xPSR, and its parts written as MSR and exception return do. */
uint32_t arm_m_get_xpsr(const ARMMCPU *cpu);
void arm_m_set_xpsr(ARMMCPU *cpu, uint32_t value);
/* Any thread: sets the event register and wakes the CPU. */
void arm_m_send_event(ARMMCPU *cpu);
/* SEV: to every Arm CPU of the machine, of whatever cluster and profile (helper_sys.c). */
void arm_send_event_to_all(Machine *m);

#endif
