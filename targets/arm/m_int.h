/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the m_*.c files: the exception state, the system space, and what each file offers the others.
 *
 * All of it belongs to the CPU's own thread, but for ArmMNvic.level, edge and edge_words: what other threads tell of
 * interrupt lines. They set bits and the line ARM_M_LINE_IN; the CPU takes them over (arm_m_nvic_drain).
 */
#ifndef TARGETS_ARM_M_INT_H
#define TARGETS_ARM_M_INT_H

#include "core/bits.h"
#include "core/io/char.h"
#include "core/log.h"
#include "targets/arm/iface/m_profile.h"
#include "targets/arm/m_cpu.h"

/* -- models ------------------------------------------------------------------------------------------------------------ */

/* Words of ARMMCPU.id. What Armv6-M has no register for is here all the same: features follow from these alone. */
typedef enum ArmMId {
    M_CPUID, M_ID_PFR0, M_ID_PFR1, M_ID_DFR0, M_ID_AFR0, M_ID_MMFR0, M_ID_MMFR1, M_ID_MMFR2, M_ID_MMFR3,
    M_ID_ISAR0, M_ID_ISAR1, M_ID_ISAR2, M_ID_ISAR3, M_ID_ISAR4, M_ID_ISAR5, M_CLIDR, M_CTR, M_CCSIDR0, M_CCSIDR1,
    M_MVFR0, M_MVFR1, M_MVFR2, M_NUM_IDS
} ArmMId;
G_STATIC_ASSERT((int)M_NUM_IDS == (int)ARM_M_NUM_IDS);

typedef struct ArmMModel {
    const char *name, *desc;
    uint32_t id[M_NUM_IDS];
    uint32_t vtor_mask;                         /* bits of VTOR that can be written; 0: there is none */
    uint32_t actlr_mask;
    uint32_t dwt_ctrl;                          /* what the model has of the DWT, bits 31:24; 0: none */
    uint16_t num_irq;                           /* at most, and by default */
    uint8_t prio_bits, mpu_regions, sau_regions;/* the usual configuration */
    bool itm, bitband;                          /* can be there */
} ArmMModel;

void arm_m_model_class_init(ObjectClass *oc, const TypeInfo *info);
bool arm_m_feature_prop_set(Object *obj, const Property *p, const char *value, GError **error);
char *arm_m_feature_prop_get(Object *obj, const Property *p);
/* Profile, extensions and feature bits from the words of cpu->id. */
void arm_m_compute_features(ARMMCPU *cpu);

/* -- exceptions: slots ----------------------------------------------------------------------------------------------- */

/*
 * An exception of a security state is a slot. Those below 16 have two each, the Secure one first, as that one goes
 * first at equal priority; what is not banked uses the Non-secure one. Interrupts have one.
 */
enum { M_NUM_SLOTS = 32 + 496, M_SLOT_WORDS = 9, M_NO_SLOT = 0 };
#define M_SLOT(number, bank) (2 * (unsigned)(number) + ((bank) == M_S ? 0 : 1))
#define M_SLOT_IRQ(n) (32 + (unsigned)(n))
static inline unsigned m_slot_number(unsigned slot)
{
    return slot < 32 ? slot / 2 : slot - 16;
}

/* Priorities are -4 (reset) to 256 (Thread mode); a table of them is indexed from 0. */
enum { M_PRIO_NONE = 256, M_PRIO_BIAS = 4, M_NUM_PRIOS = M_PRIO_NONE + M_PRIO_BIAS, M_PRIO_WORDS = 5 };

struct ArmMNvic {
    /* guest state, bits and values by slot */
    uint64_t pending[M_SLOT_WORDS], enabled[M_SLOT_WORDS], active[M_SLOT_WORDS];
    uint64_t itns[M_SLOT_WORDS];                /* 1: Non-secure */
    uint8_t prio[M_NUM_SLOTS];                  /* as written */
    uint64_t level[M_SLOT_WORDS];               /* atomic: input lines */
    /* from other threads: lines that rose, and clocks that ran down; words that are not 0 */
    uint64_t edge[M_SLOT_WORDS];                /* atomic */
    uint32_t edge_words;                        /* atomic */
    /* derived: what is pending and enabled, by priority */
    uint64_t ready[M_NUM_PRIOS][M_SLOT_WORDS];
    uint16_t ready_words[M_NUM_PRIOS];
    uint64_t ready_prios[M_PRIO_WORDS];
    unsigned num_active;
    int raw_prio;                               /* of the active exceptions */
    int exec_prio;                              /* with the masks */
    bool neg[2];                                /* IsReqExcPriNeg(): by NMI, HardFault or FAULTMASK of a Security state */
    int exec_prio_unmasked;                     /* with all but PRIMASK: what wakes */
    bool held;                                  /* an entry or a return is under way: the line is for what is left then */
    unsigned num_irq;
    uint8_t prio_mask;                          /* bits of a priority that are implemented */
};

/* Bits of irq_lines. */
enum { ARM_M_LINE_IN, ARM_M_LINE_TAKE };

static inline bool m_bit(const uint64_t *words, unsigned slot)
{
    return words[slot / 64] >> (slot % 64) & 1;
}

/* An input line, which other threads change. */
static inline bool arm_m_nvic_is_high(const ArmMNvic *v, unsigned slot)
{
    return __atomic_load_n(&v->level[slot / 64], __ATOMIC_SEQ_CST) >> (slot % 64) & 1;
}

void arm_m_nvic_init(ARMMCPU *cpu, unsigned num_irq, unsigned prio_bits);
void arm_m_nvic_free(ARMMCPU *cpu);
void arm_m_nvic_reset(ARMMCPU *cpu);
/* Any thread: an input line. */
void arm_m_nvic_line(ARMMCPU *cpu, unsigned slot, int level);
/* Any thread: a moment of this slot has come (SysTick): its owner looks at it in arm_m_nvic_drain. */
void arm_m_nvic_post(ARMMCPU *cpu, unsigned slot);
void arm_m_nvic_drain(ARMMCPU *cpu);
/* Lines that are high when the CPU starts are pending. */
void arm_m_nvic_sample(ARMMCPU *cpu);
void arm_m_nvic_set_pending(ARMMCPU *cpu, unsigned slot, bool pending);
void arm_m_nvic_set_enabled(ARMMCPU *cpu, unsigned slot, bool enabled);
void arm_m_nvic_set_active(ARMMCPU *cpu, unsigned slot, bool active);
void arm_m_nvic_set_prio(ARMMCPU *cpu, unsigned slot, uint8_t prio);
void arm_m_nvic_set_itns(ARMMCPU *cpu, unsigned slot, bool itns);
/* Priorities of all slots may have changed (AIRCR): everything derived anew. */
void arm_m_nvic_rebuild(ARMMCPU *cpu);
/* Masks, PRIGROUP or active exceptions changed: the execution priority, and whether something can be taken. */
void arm_m_priority_changed(ARMMCPU *cpu);
/* Something pending or enabled changed: whether something can be taken. */
void arm_m_nvic_update(ARMMCPU *cpu);
/* Between these two nobody is told: the CPU itself takes what there is. */
void arm_m_nvic_hold(ARMMCPU *cpu);
void arm_m_nvic_release(ARMMCPU *cpu);
/* The pending, enabled slot that goes first; M_NO_SLOT: none. *ret_prio: its group priority. */
unsigned arm_m_nvic_best(const ARMMCPU *cpu, int *ret_prio);
/* The same if it is taken now. */
unsigned arm_m_nvic_takeable(const ARMMCPU *cpu);
/* ExceptionPriority(); group: without the subpriority. */
int arm_m_slot_priority(const ARMMCPU *cpu, unsigned slot, bool group);
/* The security state that the exception of a slot is taken to. */
unsigned arm_m_slot_bank(const ARMMCPU *cpu, unsigned slot);
/* The slot of an exception number that is active, taken to `bank`. */
unsigned arm_m_slot_of(unsigned number, unsigned bank);
/* WFI goes on: something would be taken if PRIMASK were clear. */
bool arm_m_nvic_wakes(const ARMMCPU *cpu);
extern const VMStateOps arm_m_nvic_vmstate_ops;

/* What an access of the exception model found: nothing, or a fault's status bits. */
typedef struct ArmMFaultInfo {
    unsigned number;                            /* M_EXC_*; 0: no fault */
    unsigned bank;
    uint32_t status;                            /* bits of CFSR, or of SFSR */
    bool escalate;                              /* not taken as itself, whatever is enabled now */
} ArmMFaultInfo;

/* -- the system space -------------------------------------------------------------------------------------------------- */

/* Rows of the table; values are ArmMSystem.reg[row][bank]. */
typedef enum ArmMRegId {
    MR_ICTR, MR_ACTLR, MR_CPPWR, MR_SYST_CSR, MR_SYST_RVR, MR_SYST_CVR, MR_SYST_CALIB,
    MR_NVIC_ISER, MR_NVIC_ICER, MR_NVIC_ISPR, MR_NVIC_ICPR, MR_NVIC_IABR, MR_NVIC_ITNS, MR_NVIC_IPR,
    MR_CPUID, MR_ICSR, MR_VTOR, MR_AIRCR, MR_SCR, MR_CCR, MR_SHPR1, MR_SHPR2, MR_SHPR3, MR_SHCSR, MR_CFSR, MR_HFSR,
    MR_DFSR, MR_MMFAR, MR_BFAR, MR_AFSR, MR_ID, MR_CLIDR, MR_CTR, MR_CCSIDR, MR_CSSELR, MR_CPACR, MR_NSACR,
    MR_MPU_TYPE, MR_MPU_CTRL, MR_MPU_RNR, MR_MPU_RBAR, MR_MPU_RBAR_V8, MR_MPU_MAIR,
    MR_SAU_CTRL, MR_SAU_TYPE, MR_SAU_RNR, MR_SAU_RBAR, MR_SAU_RLAR, MR_SFSR, MR_SFAR,
    MR_DHCSR, MR_DCRSR, MR_DCRDR, MR_DEMCR, MR_DAUTHCTRL, MR_DSCSR, MR_STIR, MR_FPCCR, MR_FPCAR, MR_FPDSCR, MR_MVFR, MR_CACHE,
    MR_DWT_CTRL, MR_DWT_CYCCNT, MR_DWT_COUNTERS, MR_DWT_PCSR, MR_DWT_COMP, MR_FP_CTRL,
    MR_ITM_STIM, MR_ITM_TER, MR_ITM_TPR, MR_ITM_TCR, MR_ITM_LAR, MR_ITM_LSR,
    M_NUM_REGS
} ArmMRegId;

typedef struct ArmMReg ArmMReg;
struct ArmMReg {
    uint32_t offset;                            /* from 0xe0000000 */
    const char *name;                           /* as the manual spells it */
    uint16_t count;                             /* words (0 means 1) */
    uint16_t needs;                             /* ARM_M_HAS_*: all of them */
    uint8_t flags;                              /* ARM_M_REG_* */
    uint32_t reset, rw, w1c;                    /* bits of the stored value, when there is no write hook */
    /* n: the word of a row with several. lanes: the bits that the access wrote; value has zeros elsewhere. */
    uint32_t (*read)(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
    void (*write)(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
    void (*after)(ARMMCPU *cpu, const ArmMReg *r, unsigned bank);       /* after the plain store */
};
enum {
    ARM_M_HAS_MAIN = 1 << 0,                    /* Armv7-M, Armv8-M Mainline */
    ARM_M_HAS_V8 = 1 << 1,
    ARM_M_HAS_V7 = 1 << 2,                      /* Armv6-M, Armv7-M */
    ARM_M_HAS_SEC = 1 << 3,
    ARM_M_HAS_FP = 1 << 4,
    ARM_M_HAS_IDS = 1 << 5,                     /* ID registers: not Armv6-M */
    ARM_M_HAS_VTOR = 1 << 6,
    ARM_M_HAS_DWT = 1 << 7,
    ARM_M_HAS_ITM = 1 << 8,
    ARM_M_HAS_MPU = 1 << 9,
};
enum {
    ARM_M_REG_BANKED = 1 << 0,
    ARM_M_REG_SECURE = 1 << 1,                  /* RAZ/WI for Non-secure accesses */
    ARM_M_REG_BF = 1 << 2,                      /* the same while AIRCR.BFHFNMINS is 0 */
    ARM_M_REG_UNPRIV = 1 << 3,                  /* its hook decides about unprivileged accesses */
    ARM_M_REG_NO_STORE = 1 << 4,                /* has no stored value */
};
extern const ArmMReg arm_m_regs[M_NUM_REGS];

enum { M_MAX_REGIONS = 16, M_MAX_SAU = 8, M_NUM_DWT = 4 };

typedef struct ArmMSysTick {
    Timer timer;
    uint64_t base;                              /* tick at which the counter had ... */
    uint32_t value;                             /* ... this value */
    bool countflag;
} ArmMSysTick;

typedef struct ArmMRegion { uint32_t rbar, rlar; } ArmMRegion;      /* RASR in rlar before Armv8-M */

struct ArmMSystem {
    /* wiring and derived */
    ARMMCPU *cpu;
    MemoryRegion root, cluster, space, bitband[2];
    AddressSpace *as;
    uint8_t *page[256];                         /* by 4 KiB of the space: by word: row + 1; NULL: no register */
    uint32_t has;                               /* ARM_M_HAS_* */
    bool unprivileged;                          /* the access under way, for hooks */
    unsigned num_regions[2], num_sau;
    ArmMFaultInfo own_fault;                    /* what cpu_raise stands for, when it is no ArmMFault */
    /* guest state */
    uint32_t reg[M_NUM_REGS][2];
    ArmMRegion region[2][M_MAX_REGIONS];
    ArmMRegion sau[M_MAX_SAU];
    uint32_t mair[2][2];
    ArmMSysTick systick[2];
    uint64_t cyccnt_base;                       /* CYCCNT is the cycle count minus this while it counts */
    uint32_t dwt_comp[M_NUM_DWT][4];            /* COMP, MASK, FUNCTION */
    bool itm_unlocked;
};

bool arm_m_system_init(ARMMCPU *cpu, GError **error);
void arm_m_system_free(ARMMCPU *cpu);
void arm_m_system_reset(ARMMCPU *cpu);
void arm_m_set_vtor(ARMMCPU *cpu);              /* to its reset value */
/* An access to the system space by a CPU's load or store; offset from 0xe0000000. */
MemTxResult arm_m_system_access(ARMMCPU *cpu, uint32_t offset, unsigned size, uint64_t *value, MemTxAttrs attrs, bool write);
extern const VMStateOps arm_m_system_vmstate_ops;
static inline uint32_t m_reg(const ARMMCPU *cpu, ArmMRegId r, unsigned bank)
{
    return cpu->system->reg[r][bank];
}
/* Of registers that are not banked. */
static inline uint32_t *m_reg1(const ARMMCPU *cpu, ArmMRegId r)
{
    return &cpu->system->reg[r][M_NS];
}
static inline bool m_has(const ARMMCPU *cpu, uint32_t bits)
{
    return (cpu->system->has & bits) == bits;
}

/* m_systick.c */
void arm_m_systick_init(ARMMCPU *cpu);
void arm_m_systick_reset(ARMMCPU *cpu);
/* Own thread: the counter as it is now; pends the exception if it ran down. */
void arm_m_systick_sync(ARMMCPU *cpu, unsigned bank);
void arm_m_systick_loaded(ARMMCPU *cpu);
/* CPUClass.set_frequency: SysTick and the cycle counter. hz is not 0. */
void arm_m_set_frequency(CPUState *cs, uint64_t hz);
uint32_t arm_m_syst_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
void arm_m_syst_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
/* Cycles of the core, or of any frequency, since the machine started. */
uint64_t arm_m_ticks(ARMMCPU *cpu, uint64_t frequency);

/* m_trace.c: DWT, ITM */
uint32_t arm_m_dwt_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
void arm_m_dwt_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
uint32_t arm_m_itm_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
void arm_m_itm_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
/* Some comparator watches data addresses in [addr, addr + size). */
bool arm_m_dwt_watches(const ARMMCPU *cpu, uint32_t addr, uint32_t size);
bool arm_m_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);
void arm_m_dwt_changed(ARMMCPU *cpu);
/* The cycle counter, to be read before the CPU's frequency changes and set afterwards. */
uint32_t arm_m_cyccnt(ARMMCPU *cpu);
void arm_m_cyccnt_set(ARMMCPU *cpu, uint32_t hold);

/* m_bitband.c */
void arm_m_bitband_init(ARMMCPU *cpu);

/* Bits of registers that several files look at. */
enum {
    AIRCR_PRIS = 1 << 14, AIRCR_BFHFNMINS = 1 << 13, AIRCR_SYSRESETREQS = 1 << 3,
    CCR_NONBASETHRDENA = 1 << 0, CCR_USERSETMPEND = 1 << 1, CCR_UNALIGN_TRP = 1 << 3, CCR_DIV_0_TRP = 1 << 4,
    CCR_BFHFNMIGN = 1 << 8, CCR_STKALIGN = 1 << 9, CCR_STKOFHFNMIGN = 1 << 10,
    SCR_SLEEPONEXIT = 1 << 1, SCR_SLEEPDEEP = 1 << 2, SCR_SLEEPDEEPS = 1 << 3, SCR_SEVONPEND = 1 << 4,
    MPU_CTRL_ENABLE = 1, MPU_CTRL_HFNMIENA = 2, MPU_CTRL_PRIVDEFENA = 4,
    CFSR_IACCVIOL = 1 << 0, CFSR_DACCVIOL = 1 << 1, CFSR_MUNSTKERR = 1 << 3, CFSR_MSTKERR = 1 << 4, CFSR_MLSPERR = 1 << 5,
    CFSR_MMARVALID = 1 << 7,
    CFSR_IBUSERR = 1 << 8, CFSR_PRECISERR = 1 << 9, CFSR_UNSTKERR = 1 << 11, CFSR_STKERR = 1 << 12, CFSR_LSPERR = 1 << 13,
    CFSR_BFARVALID = 1 << 15, CFSR_BFSR = 0xff00,
    CFSR_UNDEFINSTR = 1 << 16, CFSR_INVSTATE = 1 << 17, CFSR_INVPC = 1 << 18, CFSR_NOCP = 1 << 19, CFSR_STKOF = 1 << 20,
    CFSR_UNALIGNED = 1 << 24, CFSR_DIVBYZERO = 1 << 25,
    SFSR_INVEP = 1 << 0, SFSR_INVIS = 1 << 1, SFSR_INVER = 1 << 2, SFSR_AUVIOL = 1 << 3, SFSR_INVTRAN = 1 << 4,
    SFSR_LSPERR = 1 << 5, SFSR_SFARVALID = 1 << 6, SFSR_LSERR = 1 << 7,
    HFSR_VECTTBL = 1 << 1, HFSR_FORCED = 1 << 30, DFSR_BKPT = 1 << 1, DFSR_DWTTRAP = 1 << 2,
    DEMCR_MON_EN = 1 << 16, DEMCR_SDME = 1 << 20, DEMCR_TRCENA = 1 << 24,
    FPCCR_LSPACT = 1 << 0, FPCCR_USER = 1 << 1, FPCCR_S = 1 << 2, FPCCR_THREAD = 1 << 3, FPCCR_HFRDY = 1 << 4,
    FPCCR_MMRDY = 1 << 5, FPCCR_BFRDY = 1 << 6, FPCCR_SFRDY = 1 << 7, FPCCR_MONRDY = 1 << 8, FPCCR_SPLIMVIOL = 1 << 9,
    FPCCR_UFRDY = 1 << 10, FPCCR_TS = 1 << 26, FPCCR_CLRONRETS = 1 << 27, FPCCR_CLRONRET = 1 << 28,
    FPCCR_LSPENS = 1 << 29, FPCCR_LSPEN = 1 << 30,
    CONTROL_nPRIV = 1, CONTROL_SPSEL = 2, CONTROL_FPCA = 4, CONTROL_SFPA = 8,
};
#define HFSR_DEBUGEVT (1u << 31)
#define FPCCR_ASPEN (1u << 31)

static inline bool m_bfhfnmins(const ARMMCPU *cpu)
{
    return *m_reg1(cpu, MR_AIRCR) & AIRCR_BFHFNMINS;
}

/* -- state (m_state.c) ----------------------------------------------------------------------------------------------- */

static inline bool m_is_privileged(const ARMMCPU *cpu)
{
    return cpu->exception || !(cpu->control[cpu->secure ? M_S : M_NS] & CONTROL_nPRIV);
}
static inline unsigned m_bank(const ARMMCPU *cpu)
{
    return cpu->secure ? M_S : M_NS;
}
/* CONTROL.FPCA: one for both states, kept in the Secure bank. */
static inline bool m_fpca(const ARMMCPU *cpu)
{
    return cpu->control[M_S] & CONTROL_FPCA;
}
/* The SP that is in use, [0: MSP, 1: PSP]. */
static inline unsigned m_sp_index(const ARMMCPU *cpu)
{
    return !cpu->exception && cpu->control[m_bank(cpu)] & CONTROL_SPSEL;
}
/* Before anything changes which SP is in use, and after. */
void arm_m_bank_sp(ARMMCPU *cpu);
void arm_m_load_sp(ARMMCPU *cpu);
/* The regime of accesses with these rights at the current priority. */
unsigned arm_m_mmu(const ARMMCPU *cpu, bool secure, bool privileged);
static inline bool m_mmu_is_secure(unsigned mmu)
{
    return mmu & (ARM_M_MMU_S_UNPRIV ^ ARM_M_MMU_UNPRIV);
}
static inline bool m_mmu_is_privileged(unsigned mmu)
{
    return mmu & (ARM_M_MMU_PRIV ^ ARM_M_MMU_UNPRIV);
}
/* The MPU is off for it by the priority. */
static inline bool m_mmu_is_neg(unsigned mmu)
{
    return mmu & (ARM_M_MMU_NEG ^ ARM_M_MMU_PRIV);
}
bool arm_m_splim_violated(const ARMMCPU *cpu, unsigned bank, unsigned which, uint32_t sp);
void arm_m_set_fpscr(ARMMCPU *cpu, uint32_t value);
uint32_t arm_m_get_fpscr(const ARMMCPU *cpu);

/* -- exceptions (m_exception.c) -------------------------------------------------------------------------------------- */

typedef enum ArmMStackUse { M_STACK_PUSH, M_STACK_POP, M_STACK_LAZY } ArmMStackUse;
/* Reads or writes n words of a stack frame; the fault's bits are those of `use`. */
ArmMFaultInfo arm_m_stack_words(ARMMCPU *cpu, uint32_t addr, uint32_t *words, unsigned n, unsigned mmu, ArmMStackUse use);
void arm_m_do_exception(CPUState *cs);
bool arm_m_take_interrupt(CPUState *cs);
bool arm_m_has_work(CPUState *cs);
/* The exception return of a branch to EXC_RETURN. */
void arm_m_exception_return(ARMMCPU *cpu, uint32_t exc_return);
/* Pends what a fault becomes, escalating; false: lockup. */
bool arm_m_pend_fault(ARMMCPU *cpu, ArmMFaultInfo f);
void arm_m_lockup(ARMMCPU *cpu, const char *why);
void arm_m_leave_lockup(ARMMCPU *cpu);           /* of one in lockup */

/* -- floating-point context (m_fp.c) --------------------------------------------------------------------------------- */
/* CheckCPEnabled(10) for a state; the bank that a NOCP fault goes to otherwise. */
bool arm_m_fp_enabled(const ARMMCPU *cpu, bool secure, bool privileged, unsigned *ret_bank);
/* The exception entry's part: a frame at frameptr has room for the state, which is left for later. */
void arm_m_fp_defer(ARMMCPU *cpu, uint32_t frameptr, bool splimviol);
/* Stores what was left for later. */
ArmMFaultInfo arm_m_fp_preserve(ARMMCPU *cpu);
/* Words of an extended frame from S0 on: S0-S15, FPSCR, a reserved word, and with `all` S16-S31. */
unsigned arm_m_fp_save(const ARMMCPU *cpu, uint32_t *words, bool all);
void arm_m_fp_restore(ARMMCPU *cpu, const uint32_t *words, bool all);
/* Whether a deferred state is pending, and to which bank it belongs. */
bool arm_m_fp_lspact(const ARMMCPU *cpu, unsigned *ret_bank);

/* -- memory protection (m_mpu.c) --------------------------------------------------------------------------------------- */

typedef struct ArmMSecurity {
    bool ns, nsc;
    int sregion, iregion;                       /* -1: none */
    uint32_t lo, hi;                            /* the piece of the 1 KiB around the address that is alike */
} ArmMSecurity;
/* SecurityCheck(): secure: the state that asks, for addresses that belong to whoever asks. */
void arm_m_security_check(ARMMCPU *cpu, uint32_t addr, bool fetch, bool secure, ArmMSecurity *ret);

typedef struct ArmMPermission {
    unsigned prot;                              /* TlbProt */
    bool device;                                /* Armv8-M: memory of Device type */
    int region;                                 /* -1: none, or several */
    uint32_t lo, hi;
} ArmMPermission;
/* MPUCheck(): of one MPU; enabled: false when the priority turns it off. */
void arm_m_mpu_check(const ARMMCPU *cpu, uint32_t addr, unsigned bank, bool privileged, bool enabled, ArmMPermission *ret);

bool arm_m_tlb_fill(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe);
/* The same question without the TLB: the attributes for one word, or the fault. */
bool arm_m_access(ARMMCPU *cpu, uint32_t addr, AccessType type, unsigned mmu, MemTxAttrs *ret_attrs, ArmMFault *ret_fault);
/* Whether an address is memory of Device type, in which unaligned accesses fault. */
bool arm_m_is_device(const ARMMCPU *cpu, uint32_t addr, unsigned mmu);
bool arm_m_check_pc(CPUState *cs);
/* m_gdb.c: the features of gdb's target description (core/exec/debug.h). */
void arm_m_debug_features(CPUState *cs, GArray *ret);
bool arm_m_debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs);
void arm_m_mpu_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
uint32_t arm_m_mpu_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
void arm_m_sau_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank, uint32_t value, uint32_t lanes);
uint32_t arm_m_sau_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank);
/* MPU_CTRL changed, or all of it. */
void arm_m_mpu_ctrl_changed(ARMMCPU *cpu, const ArmMReg *r, unsigned bank);
void arm_m_flush_all(ARMMCPU *cpu);
uint32_t arm_m_tt(ARMMCPU *cpu, uint32_t addr, bool unprivileged, bool alternate);
enum { ARM_M_PAGE_BITS = 10 };

#endif
