/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share: the process, its threads, its memory.
 *
 * Locks, outermost first: Process.threads_lock; Process.map_lock; those of core/exec. No lock is held when guest code
 * runs, when a call may block, or when guest memory is touched without a recovery point.
 *
 * Signals: the host's mask is the guest's (but SIGSEGV and SIGBUS, which are never blocked), and the host's
 * dispositions are the guest's, with our handler for the guest's. The handler notes one signal, leaves all others
 * blocked and asks generated code to leave; the thread then makes the guest's frame and sets the mask that the
 * guest's handler runs with. So the host's kernel queues, and decides what restarts (safe_syscall.c).
 */
#ifndef CORE_LINUX_USER_USER_INT_H
#define CORE_LINUX_USER_USER_INT_H

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "core/exec/exec.h"
#include "core/linux_user/target.h"
#include "core/module.h"
#include "core/qom/machine.h"

enum {
    LINUX_PAGE = 4096,
    LINUX_NSIG = 64,
    /* results of a call that are not numbers */
    LINUX_ERESTART = -512,                      /* nothing was done: again, after a signal's handler */
    LINUX_NO_RESULT = -513,                     /* registers are as they should be */
    LINUX_EXITED = -514,                        /* the thread has ended */
};
static inline vaddr page_up(vaddr a)
{
    return (a + LINUX_PAGE - 1) & ~(vaddr)(LINUX_PAGE - 1);
}

/* A stretch of guest memory that is mapped alike. */
typedef struct Vma {
    vaddr start, end;
    uint32_t prot;                              /* PROT_* as the guest gave them */
    bool shared, in_memory;                     /* in_memory: anonymous, or of a file system that is */
    uint64_t offset;
    char *file;                                 /* name for /proc/self/maps, or NULL */
} Vma;

typedef struct SigAction {
    vaddr handler;                              /* 0: default, 1: ignored */
    uint64_t flags;
    vaddr restorer;
    uint64_t mask;
} SigAction;

typedef struct UserOptions {
    char *cpu;
    char *sysroot;                              /* -L */
    char *argv0;                                /* -0 */
    char *release;                              /* -r */
    uint64_t stack_size;
    uint64_t reserve;                           /* -R */
    uintptr_t base;                             /* -B; 0: anywhere */
    AccelConfig accel;
    uint64_t seed;
    bool seed_set;
    char *gdb;                                  /* -g */
    bool gdb_by_env;
    GPtrArray *env;                             /* (char *) NULL-terminated */
    GPtrArray *again;                           /* (char *) options for ourselves on execve */
} UserOptions;

typedef struct UserGdb UserGdb;

typedef struct Process {
    UserOptions *o;
    ModuleLoader *ml;
    const LinuxTarget *target;
    Machine *m;
    Cluster *cluster;
    /* memory */
    UserMemory mem;
    GRecMutex map_lock;
    GPtrArray *vmas;                            /* (Vma *) sorted */
    vaddr mmap_top, brk_start, brk;
    vaddr search_top;                           /* from here to mmap_top no hole is larger than hole_max */
    uint64_t hole_max;
    vaddr stack_low, stack_top;                 /* mmap_top is below, with a gap */
    vaddr vdso;                                 /* a page */
    vaddr sigreturn;                            /* what handlers return to, in it */
    /* the program */
    char *exe;                                  /* real path */
    const char *name;                           /* as it was to be run: AT_EXECFN */
    char *cpu_type;
    vaddr auxv;                                 /* in guest memory */
    unsigned auxv_size;
    vaddr arg_start, arg_end, env_end;          /* the environment is behind the arguments */
    /* threads */
    GMutex threads_lock;
    GCond threads_cond;
    GPtrArray *threads;                         /* (Thread *) */
    GPtrArray *idle_cpus;                       /* (CPUState *) of threads that ended */
    int status;                                 /* of the last thread's exit; under threads_lock */
    uint32_t prot_bits;                         /* PROT_* that mmap takes */
    bool guarded;                               /* LinuxTarget.set_guarded; atomic, under threads_lock */
    /* SIGSEGV or SIGBUS that was sent to the process and that all threads block: as Thread.has; under threads_lock */
    bool has[3];
    siginfo_t info[3];
    SigAction action[LINUX_NSIG + 1];           /* Thread.action of its threads; under threads_lock */
    struct rlimit limit[RLIM_NLIMITS];          /* what the guest set for itself alone; under threads_lock */
    bool has_limit[RLIM_NLIMITS];
    UserGdb *gdb;                               /* -g: gdb.c; else NULL */
} Process;

/* Memory of ours that a call which may not come back uses. */
typedef struct Leftover {
    void *p;
    GDestroyNotify free;
} Leftover;
enum { MAX_LEFT = 24 };

typedef struct Thread {
    Process *p;
    CPUState *cs;
    int tid;
    /* signals; written by the host's handler on this thread */
    uint32_t pending;                           /* atomic: something is in info[] */
    bool has[3];                                /* [1]: SIGSEGV, [2]: SIGBUS, [0]: all others */
    bool by_call;                               /* info[0] is let in by a mask that a call has while it waits */
    siginfo_t info[3];
    uint64_t mask;                              /* the guest's */
    uint64_t waits_for;                         /* by rt_sigtimedwait */
    uint64_t suspend_mask;                      /* rt_sigsuspend's and its like's, until a frame is made */
    bool suspended;
    vaddr alt_sp;
    uint64_t alt_size;
    uint32_t alt_flags;
    vaddr clear_tid, robust_list;
    bool exiting;
    SigAction *action;                          /* [LINUX_NSIG + 1], under threads_lock: Process.action, or a vfork's child's */
    bool vfork;                                 /* it is a vfork's child: a process of its own in its parent's memory */
    Leftover left[MAX_LEFT];                    /* what an execve leaves in that memory, for the parent to free */
    unsigned num_left;
    /* a debugger: gdb.c */
    siginfo_t *stopped_for;                     /* the signal that it stands before; or NULL */
    int injected;                               /* atomic: a signal that the debugger sends it; 0: none */
    bool redirected;                            /* the debugger changed registers while it made a call */
    bool held;                                  /* that call's result is due when it is at held_pc and held_sp again */
    vaddr held_pc, held_sp;
    int64_t held_result;
    bool interrupted;                           /* its call gave EINTR: it is made again if no handler runs */
    uint64_t first_arg;                         /* ... with this argument where the result is */
} Thread;

/* -- elf.c ----------------------------------------------------------------------------------------------------------- */
typedef struct LinuxElf {
    uint16_t machine;
    bool elf64, big_endian;
} LinuxElf;
/* What an ELF file is for. False with GError: it is none, or is not a program. */
bool elf_identify(const uint8_t *header, size_t len, const char *name, LinuxElf *ret, GError **error);
typedef struct LoadedElf {
    vaddr entry, base, phdr, brk, interp_base;
    unsigned phnum;
    uint16_t machine;
    vaddr start;                                /* where execution begins: the interpreter's entry if there is one */
} LoadedElf;
bool elf_load(Process *p, int fd, const char *name, LoadedElf *ret, GError **error);
/* Builds the initial stack; returns the SP, 0 with GError. */
vaddr elf_stack(Process *p, CPUState *cs, const LoadedElf *elf, char **argv, char **env, GError **error);

/* -- vdso.c ---------------------------------------------------------------------------------------------------------- */
/* Maps it. machine: ELF's number. False: no room. */
bool vdso_map(Process *p, uint16_t machine);

/* -- mmap.c ---------------------------------------------------------------------------------------------------------- */
bool mem_reserve(Process *p, GError **error);
unsigned mem_prot(void *opaque, vaddr addr);                    /* UserMemory.prot */
bool mem_mapping(void *opaque, vaddr addr, UserMapping *ret);   /* UserMemory.mapping */
/* As the system calls: an address or -errno. fd -1 and a name: for /proc/self/maps. */
int64_t mem_mmap(Process *p, vaddr addr, uint64_t len, uint32_t prot, int flags, int fd, uint64_t offset);
int64_t mem_munmap(Process *p, vaddr addr, uint64_t len);
int64_t mem_mprotect(Process *p, vaddr addr, uint64_t len, uint32_t prot);
int64_t mem_mremap(Process *p, vaddr addr, uint64_t old_len, uint64_t new_len, int flags, vaddr new_addr);
int64_t mem_brk(Process *p, vaddr addr);
/*
 * A host call on [addr, addr + len): madvise, msync, mlock and the like; rest: its four other arguments, or NULL. What
 * the guest has not mapped is not there, -ENOMEM, whatever of the emulator's may be behind it.
 */
int64_t mem_range_call(Thread *t, long nr, vaddr addr, uint64_t len, const uint64_t *rest);
int64_t mem_shmat(Process *p, int id, vaddr addr, int flags);
int64_t mem_shmdt(Process *p, vaddr addr);
/* prctl(PR_SET_VMA_ANON_NAME): name NULL removes it. */
int64_t mem_name_range(Process *p, vaddr addr, uint64_t len, const char *name);
void mem_name(Process *p, vaddr addr, const char *name);        /* of the stretch there: "[stack]" */
void mem_maps(Process *p, GString *out);                        /* /proc/self/maps */
void mem_maps_line(const Vma *v, GString *out);
void mem_each(Process *p, void (*fn)(const Vma *v, void *opaque), void *opaque);    /* by address, under map_lock */
/* Where the guest's memory is in another process that is an emulator of ours; 0: it is none, or may not be looked at. */
uintptr_t mem_base_of(const Process *p, int pid);
uint64_t mem_mapped(Process *p, vaddr addr, uint64_t len);      /* bytes of it that are mapped from addr on */
bool mem_ends_above(Process *p, vaddr addr);    /* something that is mapped does */
static inline void *g2h(const Process *p, vaddr addr)
{
    addr &= p->mem.addr_mask;
    return addr < p->mem.size ? (void *)(p->mem.base + addr) : (void *)UINTPTR_MAX;
}
/* A pointer argument: NULL stays NULL. */
static inline void *g2h_or_null(const Process *p, vaddr addr)
{
    return addr ? g2h(p, addr) : NULL;
}
/* Text at addr, or NULL with *ret_errno. */
char *mem_string(Thread *t, vaddr addr, int *ret_errno);

/* -- safe_syscall.c -------------------------------------------------------------------------------------------------- */
/* A host system call: its result, or -errno; LINUX_ERESTART if a signal that is not yet delivered came before it. */
int64_t safe_syscall(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
/* ... of ours, of which a debugger is not told: LINUX_ERESTART if a signal waits for delivery. */
int64_t call_unless_pending(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);
/* Where a signal handler goes on that interrupted at pc: elsewhere if the call has not begun. */
uintptr_t safe_syscall_resume(uintptr_t pc);
/* A signal that came at pc came while a call was made, or from it. */
bool safe_syscall_inside(uintptr_t pc);

/* -- signal.c -------------------------------------------------------------------------------------------------------- */
extern __thread Thread *linux_current;          /* for signal handlers */
void signals_init(Process *p);
/* The host's libc took signals of its own when it made its first thread: they are the guest's again. */
void signals_of_libc(Thread *t);
/* CLONE_CLEAR_SIGHAND: handlers become the default. */
void signals_reset(Thread *t);
/* Delivers what is pending, or the signal that a trap stands for. */
bool signals_deliver(Thread *t);                                /* true: a handler runs next */
bool signal_trap(Thread *t, const LinuxTrap *trap);
/* The host's dispositions are made again: by what the debugger wants. Under threads_lock. */
void signals_retake(Process *p, const SigAction *action);
/* ... the guest's alone, before an execve and in a vfork's child. */
void signals_give_back(Thread *t);
void signal_set_mask(Thread *t, uint64_t mask);
/* All but faults, which accesses of ours may cause; until signal_set_mask. */
void signals_block(void);
/* Around an execve: what the host's dispositions, mask and queue do not have of the guest's, they get. */
void signals_before_exec(Thread *t);
void signals_stay(Thread *t);
/* Ends the process as by a signal with its default action. */
G_NORETURN void signal_die(int sig);

/* -- procfs.c -------------------------------------------------------------------------------------------------------- */
/* True: it is a file of our making, or must not be opened: *ret is a descriptor or -errno. */
bool procfs_open(Thread *t, int dirfd, const char *path, int flags, int64_t *ret);
bool procfs_is_exe(Thread *t, int dirfd, const char *path);     /* /proc/self/exe */
int64_t procfs_not_memory(int64_t fd);          /* fd; -EACCES, and closed: it is the emulator's memory */

/* -- gdb.c ----------------------------------------------------------------------------------------------------------- */
/* spec: a port, a path, or what gdb_before_exec gave. False: GError. */
bool gdb_open(Process *p, const char *spec, GError **error);
/* The first thread, before it runs: the program stands until a debugger lets it go. False: it cannot be. */
bool gdb_start(Thread *t);
size_t gdb_memory(void *opaque, vaddr addr, void *buf, size_t len, bool write);     /* UserMemory.debug_rw */
/* In signal handlers: our own signal; one that is the program's came to a thread of ours. */
bool gdb_is_kick(int sig, const siginfo_t *info);
void gdb_forward(int sig, siginfo_t *info);
/* Under threads_lock: the debugger hears of sig before the guest does. */
bool gdb_wants(const Process *p, int sig);
bool gdb_is_attached(const Process *p);
/* What becomes of a signal, by the debugger: its number, or another's with *info made for it; 0: nothing. May wait. */
int gdb_signal(Thread *t, int sig, siginfo_t *info);
/* Around a host call. False: it must not be made. Result: to be kept back; pc, sp: the guest's as it began. */
bool gdb_call_begins(Thread *t);
void gdb_call_ends(Thread *t);
bool gdb_holds_result(Thread *t, vaddr pc, vaddr sp, int64_t result);
void gdb_try_held(Thread *t);                   /* registers were changed: perhaps it is due now */
/* The process is about to end: 'W' and the status, 'X' and the signal. t: NULL if none is left. */
void gdb_exits(Process *p, Thread *t, char how, int value);
/* An execve of ours: the value of -g, with *ret_fds open for it; NULL: it goes on without a debugger. */
char *gdb_before_exec(Thread *t, int ret_fds[2]);
void gdb_exec_failed(Thread *t, const int fds[2]);
void gdb_forked(Thread *t);                     /* in the child, under threads_lock */

/* -- process.c ------------------------------------------------------------------------------------------------------- */
Thread *thread_new(Process *p, CPUState *cs);
CPUState *process_cpu(Process *p, GError **error);
/* Notes what execve leaves behind; process_exec forgets it all when it fails. */
void thread_leaves(Thread *t, void *p, GDestroyNotify free);
/* Runs until the thread or the process ends. */
void thread_run(Thread *t);
void thread_ends(Thread *t);
/* Before the process ends by exit_group: what robust lists of its threads hold. Others do not run again. */
void process_gives_up(Thread *t);
void process_log_stats(Process *p);             /* -d stats, as the process ends */
/* A vfork's child ends. What libc, and what watches it, keep of its thread are the parent's: they hear nothing of it. */
G_NORETURN void process_leave(int status);
typedef struct CloneArgs {
    uint64_t flags;                             /* without the signal */
    int exit_signal;
    vaddr stack, ptid, tls, ctid, pidfd;
} CloneArgs;
int64_t process_clone(Thread *t, const CloneArgs *a);
/* Before memory is mapped with prot: LinuxTarget.set_guarded. */
void process_guard(Thread *t, uint32_t prot);
int64_t process_exec(Thread *t, int dirfd, const char *path, char **argv, char **env, int flags);
enum { MAX_SCRIPT_LINE = 256, MAX_SCRIPT_DEPTH = 5 };   /* as Linux has it */
/*
 * What the interpreter of a script is run with, itself first, NULL at the end: of its first line, which is in head (and is
 * changed, and kept), its path and its own arguments. NULL: it names none.
 */
GPtrArray *script_args(char *head, const char *path, char **argv);
/* Opens a script's interpreter as what is to be run; -1 with errno. *ret_path: where it is. */
int open_interpreter(Process *p, const char *name, char **ret_path);

/* -- syscall.c, strace.c --------------------------------------------------------------------------------------------- */
typedef int64_t LinuxCallFn(Thread *t, const uint64_t *a);
typedef struct LinuxCallRow {
    const char *name, *args;
    LinuxCallFn *fn;                            /* NULL: the host's */
    int host;
} LinuxCallRow;
#define PASS(name, args)
#define CALL(name, args) LinuxCallFn linux_call_##name;
#include "core/linux_user/syscalls.def"
#undef PASS
#undef CALL
void syscall_do(Thread *t);
void strace_call(Thread *t, const LinuxCallRow *row, const uint64_t *a);
void strace_result(const LinuxCallRow *row, int64_t result);
/* A path that a program opens: in the sysroot if it is there, else as it is. Newly allocated; NULL with *ret_errno. */
char *path_arg(Thread *t, vaddr addr, int *ret_errno);
char *path_in_sysroot(const Process *p, const char *path);
/* A copy of n vectors with the host's addresses. NULL with *ret_errno. */
struct iovec *vectors_arg(Thread *t, vaddr addr, uint64_t n, int *ret_errno);

/* -- options.c ------------------------------------------------------------------------------------------------------- */
/* What main must do: *ret_status >= 0: nothing, it was -h or -version. Index of PROGRAM in argv; -1 with GError. */
int user_options_parse(UserOptions *o, int argc, char **argv, int *ret_status, GError **error);

#endif
