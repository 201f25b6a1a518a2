/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a GICv3: the distributor's state (GICv3State) and, for each CPU, redistributor and CPU interface. */
#ifndef MODULES_HW_INTC_GICV3_INT_H
#define MODULES_HW_INTC_GICV3_INT_H

#include "core/exec/regbank.h"
#include "targets/arm/iface/gicv3_cpu.h"

#define GICV3_MAX_CPUS 512
#define GIC_INTERNAL 32                         /* SGIs and PPIs: INTIDs 0 to 31 */
#define GIC_MAX_IRQS 1020
#define GIC_WORDS 32                            /* of 32 INTIDs */
#define GIC_SPURIOUS 1023
#define GIC_REDIST_SIZE 0x20000                 /* RD_base and SGI_base frames of one CPU */

#define PRI_BITS 5                              /* implemented priority bits, also those of preemption */
#define PRI_MASK (0xff & ~((1u << (8 - PRI_BITS)) - 1))
#define PRI_IDLE 0xff
#define MIN_BPR0 (7 - PRI_BITS)
#define MIN_BPR1_NS (MIN_BPR0 + 1)
#define NUM_LRS 4

/* Interrupt groups; also bits of GICv3State.enable_groups and indices of ap[]. */
typedef enum GicGroup { G0, G1S, G1NS, NUM_GROUPS } GicGroup;

typedef struct GICv3State GICv3State;

/* 32 INTIDs' bits. */
typedef struct GicWord {
    uint32_t group;                             /* IGROUPR */
    uint32_t grpmod;                            /* IGRPMODR */
    uint32_t enabled;
    uint32_t pending;                           /* the latch: edges and ISPENDR */
    uint32_t active;
    uint32_t level;                             /* the input lines */
    uint32_t edge;                              /* ICFGR: edge-triggered */
} GicWord;

/* The highest-priority pending interrupt of a CPU, if irq is not GIC_SPURIOUS. */
typedef struct GicPending {
    uint16_t irq;
    uint8_t prio;
    GicGroup group;
} GicPending;

typedef struct GICv3Cpu {
    GICv3CpuIf parent;
    /* wiring and derived */
    GICv3State *gic;
    unsigned index;
    RegBank bank;
    uint32_t affinity;                          /* Aff3.Aff2.Aff1.Aff0, a byte each */
    bool attached, have_el3;
    GicPending hppi;
    uint32_t mine[GIC_WORDS];                   /* SPIs that are routed here; [0] unused */
    /* redistributor */
    uint32_t waker, nsacr;
    GicWord word;
    uint8_t prio[GIC_INTERNAL];
    /* CPU interface; [0] Secure, [1] Non-secure */
    bool in_el3, secure;
    uint8_t pmr;
    uint8_t bpr0, bpr1[2];
    uint32_t ap[NUM_GROUPS];
    uint8_t igrpen[NUM_GROUPS];
    uint8_t cbpr[2], eoimode[2], eoimode_el3;
    /* hypervisor interface */
    uint32_t ich_hcr;
    uint32_t ich_ap[2];
    uint64_t ich_lr[NUM_LRS];
    uint8_t vpmr, vbpr[2], veoim, vcbpr, vackctl, vfiqen, vigrpen[2];
} GICv3Cpu;

struct GICv3State {
    Device parent;
    GRecMutex lock;                             /* everything below; taken after the machine's, never before */
    RegBank dist;
    MemoryRegion redists;
    GICv3Cpu **cpu;
    uint32_t num_cpu, num_irq;
    bool has_security, reset_nonsecure;
    IrqLine irq[GICV3_MAX_CPUS], fiq[GICV3_MAX_CPUS];
    IrqLine virq[GICV3_MAX_CPUS], vfiq[GICV3_MAX_CPUS], maintenance[GICV3_MAX_CPUS];
    unsigned num_words;
    int16_t *target;                            /* index of the CPU each INTID is routed to, or -1; derived */
    /* guest state */
    bool ds;                                    /* GICD_CTLR.DS */
    uint8_t enable_groups;                      /* bits by GicGroup */
    bool e1nwf;
    GicWord word[GIC_WORDS];                    /* [0] unused: the redistributors have it */
    uint8_t prio[GIC_WORDS * 32];
    uint32_t nsacr[GIC_WORDS * 2];
    uint64_t router[GIC_WORDS * 32];
};

#define TYPE_GICV3 "arm-gicv3"
#define TYPE_GICV3_CPU "arm-gicv3-cpu"
DECLARE_OBJECT(GICv3State, GICV3, TYPE_GICV3)
DECLARE_OBJECT(GICv3Cpu, GICV3_CPU, TYPE_GICV3_CPU)

static inline void gicv3_lock(GICv3State *s)
{
    g_rec_mutex_lock(&s->lock);
}

static inline void gicv3_unlock(GICv3State *s)
{
    g_rec_mutex_unlock(&s->lock);
}

/* gicv3.c: recompute what is pending and drive the lines; the lock is held. */
void gicv3_update_cpu(GICv3Cpu *c);
void gicv3_update_all(GICv3State *s);
/* The CPU that INTID irq (an SPI) goes to, if any. */
void gicv3_update_spi(GICv3State *s, unsigned irq);
void gicv3_route(GICv3State *s, unsigned irq);
GicGroup gicv3_group(const GICv3State *s, const GicWord *w, unsigned bit);
/* Which of a word's interrupts an access may see: all, or those of Non-secure Group 1. */
uint32_t gicv3_visible(const GICv3State *s, const GicWord *w, const RegBank *bank);
static inline bool gicv3_ns_access(const GICv3State *s, const RegBank *bank)
{
    return !s->ds && bank->attrs.pas != PAS_SECURE && bank->attrs.pas != PAS_ROOT;
}
/* A priority as an access sees it, and what one writes: Non-secure accesses have the lower half (4.8.1). */
uint8_t gicv3_prio_read(uint8_t prio, bool ns);
uint8_t gicv3_prio_write(uint8_t value, bool ns);
GicWord *gicv3_word(GICv3Cpu *c, unsigned irq);
uint8_t gicv3_prio(const GICv3Cpu *c, unsigned irq);

/* gicv3_dist.c, gicv3_redist.c */
extern const RegDef gicv3_dist_regs[];
extern const unsigned gicv3_dist_num_regs;
extern const RegDef gicv3_redist_regs[];
extern const unsigned gicv3_redist_num_regs;

/* gicv3_cpuif.c */
extern const GICv3CpuIfOps gicv3_cpuif_ops;
uint8_t gicv3_running_priority(const GICv3Cpu *c);
/* hppi passes PMR and preempts what runs. */
bool gicv3_can_preempt(const GICv3Cpu *c, const GicPending *p);

/* gicv3_virt.c */
void gicv3_virt_update(GICv3Cpu *c);
GICv3Result gicv3_virt_access(GICv3Cpu *c, GICv3Reg reg, bool write, uint64_t *value);
GICv3Result gicv3_hyp_access(GICv3Cpu *c, GICv3Reg reg, bool write, uint64_t *value);
void gicv3_virt_reset(GICv3Cpu *c);

#endif
