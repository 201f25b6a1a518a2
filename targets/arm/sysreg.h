/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System registers and system instructions as rows. One row serves MRS, MSR and SYS decoding, permission and trap
 * checks, reset, the debugger, snapshots and listings. One file per feature (sysreg_*.c) holds rows and their hooks.
 * An encoding that no row of the CPU covers is UNDEFINED.
 */
#ifndef TARGETS_ARM_SYSREG_H
#define TARGETS_ARM_SYSREG_H

#include "targets/arm/cpu.h"

/* op0:op1:CRn:CRm:op2 as MRS packs them. */
#define SYSREG(op0, op1, crn, crm, op2) \
    ((uint16_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

/* Who may: the lowest level that can read and write (the manual's accessors; traps come on top). */
enum {
    SR_R0 = 1 << 0, SR_R1 = 1 << 1, SR_R2 = 1 << 2, SR_R3 = 1 << 3,
    SR_W0 = 1 << 4, SR_W1 = 1 << 5, SR_W2 = 1 << 6, SR_W3 = 1 << 7,
    SR_RW0 = SR_R0 | SR_W0, SR_RW1 = SR_R1 | SR_W1, SR_RW2 = SR_R2 | SR_W2, SR_RW3 = SR_R3 | SR_W3,
};

/* What a write changes, beside the register. */
enum {
    SRC_KEY = 1 << 0,                           /* what translation depends on: the block ends, the key is recomputed */
    SRC_TLB = 1 << 1,                           /* translation contexts (arm_tlb_contexts_changed) */
    SRC_IRQ = 1 << 2,                           /* interrupt masking or pending state: interrupts are looked at next */
    SRC_EXIT = 1 << 3,                          /* ends the block for another reason */
    SRC_ASID = 1 << 4,                          /* of translation contexts, ASIDs alone (arm_tlb_asid_changed) */
};

/* Bits of ArmKey under which a row's check passes: generated code need not ask. */
enum { SR_PASSES_SPSEL = 1, SR_PASSES_APK = 2 };

typedef enum ArmTrap {                          /* what a check says */
    TRAP_NONE,
    TRAP_UNDEFINED,                             /* UNDEFINED at the current level */
    TRAP_EL1, TRAP_EL2, TRAP_EL3,               /* trapped with the syndrome of the instruction (EC 0x18, 0x14) */
    TRAP_FP,                                    /* floating point is disabled: EC 0x07 to the level that says so */
} ArmTrap;

typedef struct SysReg SysReg;
struct SysReg {
    const char *name;
    uint16_t enc;
    uint8_t access;                             /* SR_* */
    uint8_t changes;                            /* SRC_* */
    uint16_t feature;                           /* ArmFeature + 1; 0: always there */
    uint8_t check_passes;                       /* SR_PASSES_*: when `check` finds nothing, as the key tells */
    uint8_t needs_el;                           /* 2: only with EL2 (or EL3); 3: only with EL3; 0 */
    uint8_t size;                               /* bytes of the field: 4 or 8 */
    uint32_t offset;                            /* in ARMCPU; 0: no storage */
    uint32_t wide;                              /* in ARMCPU: bits 127:64, for MRRS and MSRR; 0: the register has 64 bits */
    uint64_t reset;
    uint64_t rw;                                /* bits a plain write sets; the others keep their value */
    uint64_t value;                             /* constant: no storage, reads as this (const_value) */
    bool const_value;
    bool is_alias;                              /* another row's storage: that row resets it */
    bool no_gdb;
    bool exlock;                                /* a write from the level that it is of may be locked (PSTATE.EXLOCK) */
    uint16_t e2h_redirect;                      /* at EL2 with E2H this encoding means that one (SCTLR_EL1 -> SCTLR_EL2); 0: none */
    ArmTrap (*check)(ARMCPU *cpu, const SysReg *r, bool write);
    uint64_t (*read)(ARMCPU *cpu, const SysReg *r);
    void (*write)(ARMCPU *cpu, const SysReg *r, uint64_t value);
    void (*write128)(ARMCPU *cpu, const SysReg *r, const uint64_t value[2]);    /* SYSP; NULL: UNDEFINED */
    void (*reset_fn)(ARMCPU *cpu, const SysReg *r);
};

/* Rows beside their feature. */
typedef struct SysRegGroup {
    const SysReg *regs;
    unsigned num;
} SysRegGroup;

void arm_sysregs_free(ARMCPU *cpu);
/* Each row that the CPU has, by encoding. */
void arm_sysregs_foreach(const ARMCPU *cpu, void (*fn)(ARMCPU *cpu, const SysReg *r, void *opaque), void *opaque);

/* -- writing rows: S("NAME", op0, op1, CRn, CRm, op2, access, ...) and what it is stored in ------------------------- */
#define SR(name_, op0, op1, crn, crm, op2, access_, ...) \
    { .name = name_, .enc = SYSREG(op0, op1, crn, crm, op2), .access = access_, ##__VA_ARGS__ }
#define SR_FIELD_RW(f, bits) .offset = offsetof(ARMCPU, f), .size = sizeof(((ARMCPU *)0)->f), .rw = bits
#define SR_FIELD(f) SR_FIELD_RW(f, UINT64_MAX)
#define SR_FIELD_RO(f) .offset = offsetof(ARMCPU, f), .size = sizeof(((ARMCPU *)0)->f)
#define SR_ALIAS(f) SR_FIELD(f), .is_alias = true
#define SR_WIDE(f) .wide = offsetof(ARMCPU, f)
#define SR_CONST(v) .const_value = true, .value = (v)
#define SR_NEEDS(f) .feature = FEAT_##f + 1

/* Own thread: what masks interrupts or makes them pending has changed: they are looked at before the next block. */
void arm_check_interrupts(ARMCPU *cpu);
/* A row's check: _EL12 and _EL02 names exist at EL2 and above while HCR_EL2.E2H is set. */
ArmTrap arm_el12_check(ARMCPU *cpu, const SysReg *r, bool write);
/* The row of an encoding on this CPU, or NULL. */
const SysReg *arm_sysreg_find(const ARMCPU *cpu, uint16_t enc);
/* Of the ID registers' space, where FEAT_IDST is: a read that is UNDEFINED is reported as a trapped MRS (EC 0x18). */
bool arm_sysreg_is_id_space(const ARMCPU *cpu, uint16_t enc);
/*
 * What the translator may do without asking at run time: true if under the key an access needs no check, no hook and
 * changes nothing: then it is a load or store at r->offset.
 */
bool arm_sysreg_is_plain(const SysReg *r, ArmKey key, bool write);
/* From a row's hook: the access traps to `el` after all. Only while arm_sysreg_access runs. */
void arm_sysreg_trap(ARMCPU *cpu, const SysReg *r, unsigned el, bool write);
/*
 * A debugger's access, on the CPU's thread: no level or trap is asked. False: the row cannot be read or written so, or
 * it is not there as the CPU is set up now.
 */
bool arm_sysreg_debug_read(ARMCPU *cpu, const SysReg *r, uint64_t *ret_value);
bool arm_sysreg_debug_write(ARMCPU *cpu, const SysReg *r, uint64_t value);
/* A run-time access with all checks: false: an exception is recorded. */
bool arm_sysreg_access(ARMCPU *cpu, uint16_t enc, bool write, unsigned rt, uint64_t *value);
/* The same of MRRS, MSRR and SYSP: low and high half. A row without `wide`, respectively `write128`, is UNDEFINED. */
bool arm_sysreg_access128(ARMCPU *cpu, uint16_t enc, bool write, unsigned rt, uint64_t value[2]);

#endif
