/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between an Arm CPU and the CPU interface of a GICv3 (Arm IHI 0069): the ICC_*, ICV_* and ICH_* system registers.
 *
 * The GIC makes one GICv3CpuIf a CPU: its children "cpu[0]", "cpu[1]", ... The board sets each as the CPU's link
 * property "gicv3-cpuif" before it realizes the CPU, and connects the GIC's outputs "irq", "fiq", "virq", "vfiq"[n] to
 * the CPU's inputs of those names, "maintenance"[n] to the PPI it wants (25 on most boards).
 *
 * Who does what: the CPU's system-register rows name the encodings and the lowest exception level from which a register
 * exists at all (EL1 for ICC_*, EL2 for ICC_SRE_EL2 and ICH_*, EL3 for ICC_*_EL3; EL0 is UNDEFINED), and forward every
 * access. The GIC decides the rest: which bank, whether an access at EL1 is the virtual interface's (HCR_EL2.IMO, FMO),
 * and whether it traps by SCR_EL3.IRQ and FIQ, HCR_EL2.IMO and FMO (SGIs), or ICH_HCR_EL2. The CPU raises what the result
 * says: GICV3_TRAP_EL2 and _EL3 are the "trapped MSR, MRS" exception (EC 0x18) to that level. ICC_SRE_ELx read as
 * system registers only (SRE and Enable are RAO/WI), so they never trap.
 *
 * Any thread may call; the GIC takes its own lock.
 */
#ifndef TARGETS_ARM_IFACE_GICV3_CPU_H
#define TARGETS_ARM_IFACE_GICV3_CPU_H

#include "core/qom/device.h"

#define TYPE_GICV3_CPUIF "gicv3-cpuif"          /* abstract; what the CPU's link is to */

/* ICC_x at EL1 and, by the context, ICV_x: the two have one encoding. */
typedef enum GICv3Reg {
    GICV3_ICC_PMR_EL1,
    GICV3_ICC_IAR0_EL1,
    GICV3_ICC_EOIR0_EL1,
    GICV3_ICC_HPPIR0_EL1,
    GICV3_ICC_BPR0_EL1,
    GICV3_ICC_AP0R0_EL1, GICV3_ICC_AP0R1_EL1, GICV3_ICC_AP0R2_EL1, GICV3_ICC_AP0R3_EL1,
    GICV3_ICC_AP1R0_EL1, GICV3_ICC_AP1R1_EL1, GICV3_ICC_AP1R2_EL1, GICV3_ICC_AP1R3_EL1,
    GICV3_ICC_DIR_EL1,
    GICV3_ICC_RPR_EL1,
    GICV3_ICC_SGI1R_EL1,
    GICV3_ICC_ASGI1R_EL1,
    GICV3_ICC_SGI0R_EL1,
    GICV3_ICC_IAR1_EL1,
    GICV3_ICC_EOIR1_EL1,
    GICV3_ICC_HPPIR1_EL1,
    GICV3_ICC_BPR1_EL1,
    GICV3_ICC_CTLR_EL1,
    GICV3_ICC_SRE_EL1,
    GICV3_ICC_IGRPEN0_EL1,
    GICV3_ICC_IGRPEN1_EL1,
    GICV3_ICC_SRE_EL2,
    GICV3_ICC_CTLR_EL3,
    GICV3_ICC_SRE_EL3,
    GICV3_ICC_IGRPEN1_EL3,
    GICV3_ICH_AP0R0_EL2, GICV3_ICH_AP0R1_EL2, GICV3_ICH_AP0R2_EL2, GICV3_ICH_AP0R3_EL2,
    GICV3_ICH_AP1R0_EL2, GICV3_ICH_AP1R1_EL2, GICV3_ICH_AP1R2_EL2, GICV3_ICH_AP1R3_EL2,
    GICV3_ICH_HCR_EL2,
    GICV3_ICH_VTR_EL2,
    GICV3_ICH_MISR_EL2,
    GICV3_ICH_EISR_EL2,
    GICV3_ICH_ELRSR_EL2,
    GICV3_ICH_VMCR_EL2,
    GICV3_ICH_LR0_EL2,                          /* to GICV3_ICH_LR0_EL2 + 15 */
    GICV3_NUM_REGS = GICV3_ICH_LR0_EL2 + 16,
} GICv3Reg;

/* The state of the CPU that makes the access. */
typedef struct GICv3Context {
    uint8_t el;                                 /* 1 to 3 */
    bool secure;                                /* EL3 exists and SCR_EL3.NS is 0 (also when el is 3) */
    bool have_el3;
    uint64_t scr_el3;                           /* 0 without EL3 */
    uint64_t hcr_el2;                           /* effective: 0 while EL2 does not exist or is not enabled */
} GICv3Context;

typedef enum GICv3Result {
    GICV3_OK,
    GICV3_UNDEFINED,
    GICV3_TRAP_EL2,
    GICV3_TRAP_EL3,
} GICv3Result;

typedef struct GICv3CpuIf GICv3CpuIf;

typedef struct GICv3CpuIfOps {
    /* At the CPU's realize, once: its MPIDR_EL1 (affinity routing) and whether it has EL3. */
    void (*attach)(GICv3CpuIf *c, uint64_t mpidr, bool have_el3);
    /* value is read from or written to. A register that cannot be written that way is GICV3_UNDEFINED. */
    GICv3Result (*access)(GICv3CpuIf *c, const GICv3Context *ctx, GICv3Reg reg, bool write, uint64_t *value);
    /*
     * A CPU with EL3 says so whenever it enters or leaves EL3 or its security state changes (exception, return, a write
     * of SCR_EL3.NS counts when it takes effect below EL3): Group 1 interrupts are IRQ or FIQ by it. After reset, too.
     */
    void (*state_changed)(GICv3CpuIf *c, bool in_el3, bool secure);
} GICv3CpuIfOps;

struct GICv3CpuIf {
    Device parent;
    const GICv3CpuIfOps *ops;                   /* set by the GIC */
};

DECLARE_OBJECT(GICv3CpuIf, GICV3_CPUIF, TYPE_GICV3_CPUIF)

#endif
