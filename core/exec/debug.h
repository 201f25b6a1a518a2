/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a debugger does to CPUs: breakpoints, watchpoints, single step, holding a CPU while others run, and the registers
 * that a target has to show. Debuggers are core/gdbstub and core/monitor; they run in the main loop's thread.
 *
 * Breakpoints belong to a cluster and are virtual addresses. A page of addresses that has some is translated under a
 * key of its own (TranslationBlock.stops) whose blocks end before each of them, and no block ever begins at one: the
 * lookup stops the machine instead. Elsewhere, and without any, nothing is different. A watchpoint makes the TLB
 * entries of its page take the slow path, which stops before the access. So a CPU always stops before the instruction,
 * and one that stopped unseen, because another was first, stops again when it goes on.
 */
#ifndef CORE_EXEC_DEBUG_H
#define CORE_EXEC_DEBUG_H

#include "core/exec/cpu.h"
#include "core/qom/machine.h"

typedef enum DebugPointKind {
    DEBUG_BREAK_SOFT, DEBUG_BREAK_HARD,         /* as the debugger calls them; they work alike */
    DEBUG_WATCH_WRITE, DEBUG_WATCH_READ, DEBUG_WATCH_ACCESS,
} DebugPointKind;

/*
 * The machine is paused. len: bytes that a watchpoint is about. Inserting one that is there, and removing one that is
 * not, do nothing. False: it cannot be (len 0; a watchpoint of an architecture or mode that has none).
 */
bool debug_insert(Cluster *c, DebugPointKind kind, vaddr addr, uint64_t len);
void debug_remove(Cluster *c, DebugPointKind kind, vaddr addr, uint64_t len);
void debug_remove_all(Cluster *c);

/* What a CPU does when the machine goes on. */
typedef enum DebugRun {
    DEBUG_RUN,
    DEBUG_HOLD,                                 /* nothing: it only does what it is asked by others */
    DEBUG_STEP,                                 /* one instruction, or exception entry, without taking an interrupt... */
    DEBUG_STEP_RANGE,                           /* ... again while the PC is in a range */
} DebugRun;
/* The machine is paused. [first, end): for DEBUG_STEP_RANGE. It stays so until changed. */
void debug_set_run(CPUState *cs, DebugRun how, vaddr first, vaddr end);
/*
 * User mode: the signal that a thread gets as it goes on, instead of the one that it stopped for, if it did: the host's
 * number; 0: none, DEBUG_SIGNAL_SAME: that one.
 */
enum { DEBUG_SIGNAL_SAME = -1 };
void debug_set_signal(CPUState *cs, int sig);

typedef enum DebugStopKind {
    DEBUG_STOP_PAUSED,                          /* somebody paused the machine; no CPU */
    DEBUG_STOP_STEP, DEBUG_STOP_BREAK, DEBUG_STOP_WATCH,
    DEBUG_STOP_SIGNAL, DEBUG_STOP_EXEC,         /* user mode: before a signal is delivered; another program begins */
} DebugStopKind;
typedef struct DebugStop {
    DebugStopKind kind;
    CPUState *cs;                               /* or NULL */
    DebugPointKind point;                       /* BREAK and WATCH: of which kind */
    vaddr addr;                                 /* WATCH: the first byte of it that is accessed */
    int sig;                                    /* SIGNAL: the host's number */
} DebugStop;

typedef struct DebugHostCall DebugHostCall;
/* Who is told, in the main loop, that every CPU stands, and that they go on. No lock is held. */
typedef struct DebugClient {
    void (*stopped)(void *opaque, const DebugStop *why);
    void (*resumed)(void *opaque);
    bool (*holds)(void *opaque);                /* it wants the machine to stand */
    bool (*host_call)(void *opaque, DebugHostCall *call);       /* false: not for this one */
    void *opaque;
} DebugClient;
void debug_add_client(Machine *m, const DebugClient *client);
void debug_remove_client(Machine *m, void *opaque);
/* The machine goes on unless one of the clients holds it. */
void debug_go(Machine *m);
/* The main loop: does what a CPU that stopped has asked for. */
void debug_poll(Machine *m);
/* Whether CPUs stand (or are about to). */
bool debug_is_paused(Machine *m);
/*
 * The main loop, around what wants standing CPUs: they stand and nobody is told. Afterwards they go on if they ran, unless
 * one of them had stopped, or somebody paused the machine in between.
 */
void debug_hold(Machine *m);
void debug_release(Machine *m);

/* -- system calls of the debugger's host (gdb manual, "File-I/O Remote Protocol Extension") ------------------------------- */

#define DEBUG_HOST_BASE UINT64_C(0x1000)        /* where a request's addresses find buf */
enum { DEBUG_HOST_NOBODY = -1 };                /* error: no debugger serves the cluster, or it went away */
struct DebugHostCall {
    CPUState *cs;                               /* who asks */
    const char *text;                           /* "write,1,1000,5" */
    uint8_t *buf;                               /* the debugger reads and writes it instead of the guest's memory */
    size_t len;
    int64_t result;                             /* the answer */
    int error;                                  /* in the protocol's numbers; 0: none */
    void (*done)(DebugHostCall *call);          /* the main loop, no lock held */
};
/* The main loop, no lock held. call->done is called now or later, once. */
void debug_ask_host(Machine *m, DebugHostCall *call);
/* A debugger is there, or goes, that serves the calls of a cluster. The main loop. */
void debug_serve_host(Cluster *c, bool serves);
bool debug_has_host(const CPUState *cs);        /* any thread */

/* -- memory, from the main loop, no lock held -------------------------------------------------------------------------- */

/* The physical address that cs's privileged data accesses to addr go to now. False: none. */
bool debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs);
/* Virtual memory as cs sees it. Returns the bytes done before the first that cannot be. Writes change ROM too. */
size_t debug_read(CPUState *cs, vaddr addr, void *buf, size_t len);
size_t debug_write(CPUState *cs, vaddr addr, const void *buf, size_t len);
/* The same by physical addresses of the space that cs sees. */
size_t debug_read_phys(CPUState *cs, hwaddr addr, void *buf, size_t len);
size_t debug_write_phys(CPUState *cs, hwaddr addr, const void *buf, size_t len);

/* -- registers ------------------------------------------------------------------------------------------------------- */

typedef struct DebugReg DebugReg;
struct DebugReg {
    const char *name;
    uint16_t bits;                              /* a multiple of 8, at most DEBUG_REG_MAX * 8 */
    const char *type;                           /* of gdb's target descriptions, or of the feature's; NULL: "int" */
    const char *group;                          /* "general", "float", "vector", "system", or NULL: by its type */
    unsigned n;                                 /* the functions' own */
    const void *row;
    /* bits / 8 bytes as the architecture stores them in memory. On the CPU's thread. False: there is none (now). */
    bool (*read)(CPUState *cs, const DebugReg *r, uint8_t *buf);
    bool (*write)(CPUState *cs, const DebugReg *r, const uint8_t *buf);         /* NULL: it cannot be written */
};
enum { DEBUG_REG_MAX = 256 };

/* A feature of a target description (gdb, "Standard Target Features"): its registers and the types that they use. */
typedef struct DebugFeature {
    const char *name;                           /* "org.gnu.gdb.aarch64.core" */
    const char *types;                          /* elements before the registers', or NULL */
    const DebugReg *regs;
    unsigned num;
    bool single;                                /* read one by one: not among what a debugger gets at each stop */
    DebugReg *owned;                            /* regs, when made for the occasion; else NULL */
} DebugFeature;

/* The features of cs (DebugFeature), the core's first; NULL: its class has no description. Freed by the caller. */
GArray *debug_features(CPUState *cs);
/* From the main loop, no lock held. False: there is no such register now, or it cannot be written. */
bool debug_reg_read(CPUState *cs, const DebugReg *r, uint8_t *buf);
bool debug_reg_write(CPUState *cs, const DebugReg *r, const uint8_t *buf);
/* By name, whatever the case of its letters; NULL if there is none. */
const DebugReg *debug_reg_find(const GArray *features, const char *name);

#endif
