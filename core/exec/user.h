/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User mode's side of core/exec: CPUs that run a program on the host's kernel instead of a machine's software. The
 * guest's memory is a reserved range of the process: host address = guest address + base. Generated code goes there
 * without a check; the host's page protection is the guest's. C code goes through tlb_find as elsewhere, or through
 * user_read and user_write, which come back from a fault.
 *
 * A thread of the process runs one CPU: attach, run until something is to be done, do it, run again.
 */
#ifndef CORE_EXEC_USER_H
#define CORE_EXEC_USER_H

#include "core/exec/cpu.h"
#include "core/exec/debug.h"

/* Bits of what UserMemory.prot returns, beyond TlbProt's: what the architecture keeps of a page (TlbPage.user). */
enum { USER_PROT_SHIFT = 8 };

/* A file's part in memory. */
typedef struct UserMapping {
    vaddr start, end;
    uint64_t offset;                            /* in the file, of start */
    char *path;                                 /* newly allocated */
} UserMapping;

typedef struct UserMemory {
    uintptr_t base;
    uint64_t size;                              /* bytes reserved at base: guest addresses are below it */
    uint64_t addr_mask;                         /* the bits of an address that count: others are a tag */
    void *opaque;
    /*
     * TlbProt of the page of an address, and USER_PROT_SHIFT; 0: unmapped. Any thread. Who takes something away calls
     * user_code_changed before, and this waits until it is done.
     */
    unsigned (*prot)(void *opaque, vaddr addr);
    /* A debugger's access, whatever the protection: the bytes that were done. The debugger's thread. */
    size_t (*debug_rw)(void *opaque, vaddr addr, void *buf, size_t len, bool write);
    /* False: no file is mapped at addr. Any thread. */
    bool (*mapping)(void *opaque, vaddr addr, UserMapping *ret);
} UserMemory;

/*
 * Code that runs in handlers of signals that come at any time: one may have stopped its thread in ThreadSanitizer's own
 * code, which holds locks, so that it must not be entered again. What such code does concerns its own thread alone.
 */
#if defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define USER_IN_HANDLER __attribute__((disable_sanitizer_instrumentation))
#elif defined(__SANITIZE_THREAD__)
#define USER_IN_HANDLER __attribute__((no_sanitize_thread))
#else
#define USER_IN_HANDLER
#endif

typedef enum UserStop {
    USER_STOP_EXCEPTION,                        /* cs->raised, env is precise: the architecture's fields say what */
    USER_STOP_REQUEST,                          /* exec_user_interrupt */
} UserStop;

/* After exec_init, before CPUs are attached. */
void exec_user_init(Machine *m, const UserMemory *mem);
/* The calling thread is cs's thread from now on. */
void exec_user_attach(CPUState *cs);
/* Any thread of the process, if cs's own is gone. */
void exec_user_detach(CPUState *cs);
UserStop exec_user_run(CPUState *cs);
/* Makes exec_user_run return at the next block. Async-signal-safe, any thread. */
void exec_user_interrupt(CPUState *cs);
/*
 * A signal handler on cs's thread: the host refused an access at *pc. True: go on at
 * the new *pc. Does not return if C code was in user_read or the like. False: it was not the guest's.
 */
bool exec_user_fault(CPUState *cs, UserFault why, const void **pc);
/* Whether it would not return: the handler's last chance to set the mask of signals that is to be. */
bool exec_user_recovers(const CPUState *cs);

/* fn(opaque), which accesses guest memory at host addresses, up to where the host refuses: false, and nothing is raised. */
bool user_try(CPUState *cs, void (*fn)(void *opaque), void *opaque);
/* Guest memory from C code: false if a byte cannot be accessed; nothing is raised. Part may have been copied. */
bool user_read(CPUState *cs, void *buf, vaddr addr, size_t len);
bool user_write(CPUState *cs, vaddr addr, const void *buf, size_t len);
/* An aligned word becomes value if it is *old; else *old is what it is. False: it cannot be accessed, or not written. */
bool user_compare_swap(CPUState *cs, vaddr addr, uint32_t *old, uint32_t value);
/*
 * What the architecture keeps of the pages of [addr, addr + len), for accesses to data (TlbPage.user). Allocation tags
 * (ram_tags): cleared, or copied to another place, together with these bits.
 */
void user_set_page_bits(Machine *m, vaddr addr, uint64_t len, uint8_t bits);
void user_clear_tags(Machine *m, vaddr addr, uint64_t len);
void user_copy_tags(Machine *m, vaddr to, vaddr from, uint64_t len);
/* What was translated of [addr, addr + len) goes: its mapping changed. Any thread that is outside. */
void user_code_changed(Machine *m, vaddr addr, uint64_t len);
/* The same, and what is known of its pages, as nothing is there any more. */
void user_code_unmapped(Machine *m, vaddr addr, uint64_t len);

/*
 * Around fork(): cs's thread stops all others between instructions. lock(opaque) and unlock take the caller's own
 * locks at the right place of the order. The child has this thread alone, and code memory of its own.
 */
void exec_user_fork_begin(CPUState *cs);
void exec_user_fork_lock(CPUState *cs);
bool exec_user_fork_end(CPUState *cs, bool child);              /* false: no memory for the child's code */

/* The thread that makes regions: held, it makes none; ended, the process has the guest's threads alone until it is released. */
void exec_user_hold_worker(CPUState *cs);
void exec_user_end_worker(CPUState *cs);
void exec_user_release_worker(CPUState *cs);

/*
 * A debugger (debug.h), whose calls one thread makes that runs no CPU. Threads stand where they would go on with the
 * program: in exec_user_run, and in exec_user_gate. One that waits in the host's kernel stands too, if it said so
 * (exec_user_set_outside); it asks at the gate when it is back. A fork's child has no debugger.
 */
/* Before any CPU is attached: they stand at once. notify(opaque), any thread: the debugger's is to call debug_poll. */
void exec_user_debug(Machine *m, void (*notify)(void *opaque), void *opaque);
void exec_user_debug_wait(Machine *m);          /* until there is a thread */
bool exec_is_user(const CPUState *cs);
/* No code of the program may run, and no register of it change, until this returns. True: the debugger changed some. */
bool exec_user_gate(CPUState *cs);
void exec_user_set_outside(CPUState *cs, bool outside);
/* It concerns no debugger, but stands while others do: a vfork's child. */
void exec_user_exempt(CPUState *cs, bool exempt);
/*
 * cs stops for a reason; false: somebody else has, so gate and ask again whether to. True: the debugger has let it go on;
 * *ret_sig: debug_set_signal's.
 */
bool exec_user_report(CPUState *cs, const DebugStop *why, int *ret_sig);
/* What exec_user_run returned for is done: if it was to be a step, that was it. */
void exec_user_stepped(CPUState *cs);
/* The debugger's thread, before CPUs go on: what debug_set_signal left for a thread that had not stopped for one; 0. */
int exec_user_injected(CPUState *cs);
/* ... and whether it changed registers of a thread that waits in the kernel. */
bool exec_user_is_redirected(const CPUState *cs);

#endif
