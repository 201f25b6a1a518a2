/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Semihosting: a program that runs on a CPU asks the emulator for files, a console, time and its own end, by an
 * instruction that its architecture sets aside (Arm, "Semihosting for AArch32 and AArch64", version 3).
 * A target's helper of that instruction fills in a SemihostCall and calls semihost_call; the calls themselves are the
 * module io-semihost's, an object of type "semihost" in machine->semihost (-semihosting-config). The guest's memory is
 * reached as the CPU's own loads and stores would be, and by semihost_read and semihost_write alone.
 */
#ifndef CORE_EXEC_SEMIHOST_H
#define CORE_EXEC_SEMIHOST_H

#include "core/exec/cpu.h"
#include "core/qom/object.h"

#define TYPE_SEMIHOST "semihost"

/* What the target tells of the call: the registers' values, and how memory looks from here. */
typedef struct SemihostCall {
    uint32_t op;                                /* the operation number register: W0, R0 */
    uint64_t param;                             /* the parameter register: X1, R1 */
    unsigned word;                              /* bytes of a field of a parameter block: 8 in AArch64, else 4 */
    unsigned mmu;                               /* the translation regime of data accesses at the instruction */
    bool privileged;                            /* not EL0, not unprivileged Thread mode */
    bool big_endian;                            /* data */
} SemihostCall;

typedef enum SemihostResult {
    SEMIHOST_OFF,                               /* not for this program: the instruction does what the manual says */
    SEMIHOST_DONE,                              /* the value goes into the result register, the PC to what follows */
    /*
     * It waits for the host (or the machine ends): the CPU is halted (cpu_halt was called). Registers and PC stay; the
     * helper ends its block, and the instruction runs again when the CPU wakes. Interrupts are taken meanwhile.
     */
    SEMIHOST_WAIT,
} SemihostResult;

/* The CPU's own thread, from a helper with all registers written back, no lock held. *ret_value when DONE. */
SemihostResult semihost_call(CPUState *cs, const SemihostCall *call, uint64_t *ret_value);

/* -- for the module that does the calls ------------------------------------------------------------------------------- */

typedef struct Semihost {
    Object parent;
    Machine *machine;
    bool userspace;                             /* calls of unprivileged code are served, too */
} Semihost;

typedef struct SemihostClass {
    ObjectClass parent;
    /* Own thread of cs, no lock held. DONE or WAIT; for WAIT the caller halts the CPU. */
    SemihostResult (*call)(Semihost *s, CPUState *cs, const SemihostCall *call, uint64_t *ret_value);
} SemihostClass;

/*
 * Copies between buf and the guest's [addr, addr + len). False: not all of it is RAM that the CPU may access so; no
 * exception is recorded; what came before may have been copied. Own thread.
 */
bool semihost_read(CPUState *cs, const SemihostCall *call, vaddr addr, void *buf, size_t len);
bool semihost_write(CPUState *cs, const SemihostCall *call, vaddr addr, const void *buf, size_t len);
/* The physical address, as above, of a byte that can be read. */
bool semihost_translate(CPUState *cs, const SemihostCall *call, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs);
/* Any thread: what cs waited for (WAIT) is there. */
void semihost_wake(CPUState *cs);

#endif
