/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an architecture brings to user mode: the numbers of its system calls, its registers at the kernel's interface,
 * signal frames, and what the ELF loader must know. A constant in the module's ModuleArch row; core/linux_user is
 * the only reader. Struct layouts are those of the kernel's generic ABI for 64-bit little-endian machines.
 */
#ifndef CORE_LINUX_USER_TARGET_H
#define CORE_LINUX_USER_TARGET_H

#include <glib.h>
#include "core/exec/user.h"

/* The system calls that core/linux_user knows (syscalls.def): an architecture's table maps its numbers to these. */
typedef enum LinuxCall {
    LINUX_CALL_none,                            /* ENOSYS */
#define PASS(name, args) LINUX_CALL_##name,
#define CALL(name, args) LINUX_CALL_##name,
#include "core/linux_user/syscalls.def"
#undef PASS
#undef CALL
    LINUX_NUM_CALLS
} LinuxCall;

/* Why generated code was left. */
typedef struct LinuxTrap {
    int sig;                                    /* 0: a system call; -1: nothing is left to do; else the signal */
    int code;                                   /* si_code */
    vaddr addr;                                 /* si_addr */
} LinuxTrap;

/* A signal to be delivered to a handler. */
typedef struct LinuxSigFrame {
    int sig;
    const void *info;                           /* 128 bytes: siginfo as the guest sees it */
    uint64_t mask;                              /* to be restored by sigreturn */
    vaddr handler, restorer;                    /* restorer 0 is the vDSO's */
    vaddr stack;                                /* the top of where the frame goes */
    vaddr alt_sp;                               /* uc_stack */
    uint64_t alt_size;
    uint32_t alt_flags;
} LinuxSigFrame;

/* Open flags whose values differ among architectures. */
typedef struct LinuxOpenFlags {
    uint32_t directory, nofollow, direct, largefile;
} LinuxOpenFlags;

/* What the vDSO has: one page with headers, code and symbols. */
typedef struct LinuxVdsoSymbol {
    const char *name;
    uint16_t offset, size;                      /* in code, bytes */
    bool function;                              /* with unwind information; these come last, without gaps */
} LinuxVdsoSymbol;
typedef struct LinuxVdso {
    const char *soname, *version;
    const uint32_t *code;
    unsigned code_size;                         /* bytes */
    unsigned sigreturn;                         /* offset of what a handler returns to */
    const LinuxVdsoSymbol *symbols;
    unsigned num_symbols;
    uint8_t dwarf_sp, dwarf_return;             /* DWARF's numbers of the SP and of the return address */
} LinuxVdso;

typedef struct LinuxTarget {
    const char *machine;                        /* uname -m */
    const char *default_cpu;                    /* as -cpu */
    const char *cpu_options;                    /* properties behind the user's: ",NAME=VALUE..." */
    const char *platform;                       /* AT_PLATFORM */
    uint64_t addr_mask;                         /* UserMemory.addr_mask */
    const uint16_t *calls;                      /* LinuxCall by number */
    unsigned num_calls;
    LinuxOpenFlags open;
    uint32_t prot_guarded;                      /* the PROT_* bit that TlbPage.user bit 0 stands for; 0: none */
    uint32_t guarded_property, guarded_bit;     /* the property of ELF files, and its bit, whose code has it */
    uint32_t prot_tagged;                       /* the one of memory with tags; stays until the mapping goes */
    uint8_t tagged_bit;                         /* TlbPage.user's for it */
    LinuxVdso vdso;

    /* A CPU that was realized and reset becomes one at a user program's start; the vDSO's code may use its services. */
    void (*init)(CPUState *cs, vaddr vdso);
    void (*start)(CPUState *cs, vaddr pc, vaddr sp);
    /* A new thread's CPU: to becomes as from. */
    void (*copy)(CPUState *to, const CPUState *from);
    /*
     * There is a page of prot_guarded, or none: what is kept of branches for such pages alone need not be. None at first;
     * NULL without prot_guarded. cs does not run.
     */
    void (*set_guarded)(CPUState *cs, bool on);
    uint32_t (*prot_bits)(const CPUState *cs);                  /* PROT_* beyond READ, WRITE and EXEC that it has */
    /* prctl(2) of what only this architecture has: the result, or -EINVAL. */
    int64_t (*prctl)(CPUState *cs, const uint64_t a[5]);
    bool (*takes_tags)(const CPUState *cs);                     /* tagged addresses may be given to system calls */
    /* A fault that was noted without an exception, as the kernel sees it whenever it is entered. */
    bool (*late_trap)(CPUState *cs, LinuxTrap *ret);
    uint64_t (*hwcap)(CPUState *cs, unsigned n);                /* AT_HWCAP (0), AT_HWCAP2 (1) */
    void (*cpuinfo)(CPUState *cs, unsigned n, GString *out);    /* /proc/cpuinfo of CPU n, as cs is one; NULL: the host's */
    /* The recorded exception, which is cleared; the PC is behind a system call's instruction. */
    void (*trap)(CPUState *cs, LinuxTrap *ret);
    uint64_t (*get_call)(CPUState *cs, uint64_t ret_args[6]);   /* the number, and the arguments */
    void (*set_result)(CPUState *cs, uint64_t value);
    void (*restart)(CPUState *cs);              /* the PC goes back to the system call's instruction */
    vaddr (*get_sp)(CPUState *cs);
    void (*set_sp)(CPUState *cs, vaddr sp);
    void (*set_tls)(CPUState *cs, vaddr tls);
    /* False: the frame cannot be written. */
    bool (*push_frame)(CPUState *cs, const LinuxSigFrame *f);
    /* False: it cannot be read, or is wrong. alt_*: uc_stack. */
    bool (*pop_frame)(CPUState *cs, LinuxSigFrame *ret);
} LinuxTarget;

#endif
