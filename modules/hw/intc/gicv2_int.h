/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a GICv2, shared by the distributor, the CPU interfaces and the virtual ones. */
#ifndef MODULES_HW_INTC_GICV2_INT_H
#define MODULES_HW_INTC_GICV2_INT_H

#include "core/exec/regbank.h"

#define TYPE_GICV2 "arm_gic"
#define GICV2_MAX_CPUS 8
#define GIC_INTERNAL 32
#define GIC_MAX_IRQS 1020
#define GIC_WORDS 32
#define GIC_SPURIOUS 1023
#define PRI_BITS 5
#define PRI_MASK 0xf8
#define PRI_IDLE 0xff
#define MIN_BPR (7 - PRI_BITS)
#define NUM_LRS 4

/* 32 INTIDs' bits. */
typedef struct Gicv2Word {
    uint32_t group, enabled, pending, active, level, edge;
} Gicv2Word;

typedef struct Gicv2Cpu {
    /* derived: the highest-priority pending interrupt */
    unsigned hppi;
    uint8_t hppi_prio;
    bool hppi_group1;
    /* private interrupts */
    Gicv2Word word;
    uint8_t prio[GIC_INTERNAL];
    uint8_t sgi_source[16];                     /* which CPUs' SGIs are pending */
    /* CPU interface */
    uint32_t ctlr, ap[2];
    uint8_t pmr, bpr, abpr;
    /* virtual interface */
    uint32_t hcr, vap, lr[NUM_LRS], vctlr;
    uint8_t vpmr, vbpr, vabpr;
} Gicv2Cpu;

typedef struct Gicv2State {
    Device parent;
    GRecMutex lock;                             /* all of it; taken after the machine's */
    RegBank dist, cpuif, hyp, vcpu;
    uint32_t first_cpu, num_cpu, num_irq;
    bool has_security, has_virt, reset_nonsecure;
    IrqLine irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS];
    IrqLine virq[GICV2_MAX_CPUS], vfiq[GICV2_MAX_CPUS], maintenance[GICV2_MAX_CPUS];
    unsigned num_words;
    /* guest state */
    uint32_t ctlr;
    Gicv2Word word[GIC_WORDS];                  /* [0] unused */
    uint8_t prio[GIC_WORDS * 32];
    uint8_t target[GIC_WORDS * 32];             /* a bit a CPU */
    Gicv2Cpu cpu[GICV2_MAX_CPUS];
} Gicv2State;

DECLARE_OBJECT(Gicv2State, GICV2, TYPE_GICV2)

/* gicv2.c */
static inline bool gicv2_is_ns(const Gicv2State *s, const RegBank *b)
{
    return s->has_security && b->attrs.pas != PAS_SECURE;
}
/* The number of the CPU that makes the access; others than CPUs are CPU 0. */
unsigned gicv2_cpu(const Gicv2State *s, const RegBank *b);
Gicv2Word *gicv2_word(Gicv2State *s, unsigned cpu, unsigned n);
void gicv2_update_cpu(Gicv2State *s, unsigned cpu);
void gicv2_update(Gicv2State *s);
/* The hppi passes PMR and preempts what runs. */
bool gicv2_can_preempt(const Gicv2Cpu *c);
uint8_t gicv2_running(const Gicv2Cpu *c);
/* Bits of a priority that decide preemption for a group. */
uint8_t gicv2_group_mask(const Gicv2Cpu *c, bool group1);
void gicv2_deactivate(Gicv2State *s, unsigned cpu, unsigned irq);

/* gicv2_dist.c, gicv2_cpuif.c, gicv2_virt.c */
extern const RegDef gicv2_dist_regs[], gicv2_cpuif_regs[], gicv2_hyp_regs[], gicv2_vcpu_regs[];
extern const unsigned gicv2_dist_num_regs, gicv2_cpuif_num_regs, gicv2_hyp_num_regs, gicv2_vcpu_num_regs;
void gicv2_virt_update(Gicv2State *s, unsigned cpu);
void gicv2_virt_reset(Gicv2Cpu *c);

#endif
