/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linux programs in AArch64 state: system call numbers (the generic table, asm-generic/unistd.h), registers at the
 * kernel's interface, signal frames (arch/arm64/include/uapi/asm/sigcontext.h), hardware capabilities
 * (Documentation/arm64/elf_hwcaps.rst). EL0 is set up as that kernel does: tagged addresses, 4 KiB pages.
 * Not modelled: SVE and SME state in frames.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "core/bits.h"
#include "core/linux_user/target.h"
#include "targets/arm/cpu.h"
#include "targets/arm/fp.h"
#include "targets/arm/helper.h"
#include "targets/arm/linux_user.h"

/* -- system calls ---------------------------------------------------------------------------------------------------- */

static const uint16_t calls[] = {
    [1] = LINUX_CALL_io_destroy,
    [5] = LINUX_CALL_setxattr,
    [6] = LINUX_CALL_lsetxattr,
    [7] = LINUX_CALL_fsetxattr,
    [8] = LINUX_CALL_getxattr,
    [9] = LINUX_CALL_lgetxattr,
    [10] = LINUX_CALL_fgetxattr,
    [11] = LINUX_CALL_listxattr,
    [12] = LINUX_CALL_llistxattr,
    [13] = LINUX_CALL_flistxattr,
    [14] = LINUX_CALL_removexattr,
    [15] = LINUX_CALL_lremovexattr,
    [16] = LINUX_CALL_fremovexattr,
    [17] = LINUX_CALL_getcwd,
    [19] = LINUX_CALL_eventfd2,
    [20] = LINUX_CALL_epoll_create1,
    [21] = LINUX_CALL_epoll_ctl,
    [22] = LINUX_CALL_epoll_pwait,
    [23] = LINUX_CALL_dup,
    [24] = LINUX_CALL_dup3,
    [25] = LINUX_CALL_fcntl,
    [26] = LINUX_CALL_inotify_init1,
    [27] = LINUX_CALL_inotify_add_watch,
    [28] = LINUX_CALL_inotify_rm_watch,
    [29] = LINUX_CALL_ioctl,
    [30] = LINUX_CALL_ioprio_set,
    [31] = LINUX_CALL_ioprio_get,
    [32] = LINUX_CALL_flock,
    [33] = LINUX_CALL_mknodat,
    [34] = LINUX_CALL_mkdirat,
    [35] = LINUX_CALL_unlinkat,
    [36] = LINUX_CALL_symlinkat,
    [37] = LINUX_CALL_linkat,
    [38] = LINUX_CALL_renameat,
    [39] = LINUX_CALL_umount2,
    [40] = LINUX_CALL_mount,
    [41] = LINUX_CALL_pivot_root,
    [43] = LINUX_CALL_statfs,
    [44] = LINUX_CALL_fstatfs,
    [45] = LINUX_CALL_truncate,
    [46] = LINUX_CALL_ftruncate,
    [47] = LINUX_CALL_fallocate,
    [48] = LINUX_CALL_faccessat,
    [49] = LINUX_CALL_chdir,
    [50] = LINUX_CALL_fchdir,
    [51] = LINUX_CALL_chroot,
    [52] = LINUX_CALL_fchmod,
    [53] = LINUX_CALL_fchmodat,
    [54] = LINUX_CALL_fchownat,
    [55] = LINUX_CALL_fchown,
    [56] = LINUX_CALL_openat,
    [57] = LINUX_CALL_close,
    [58] = LINUX_CALL_vhangup,
    [59] = LINUX_CALL_pipe2,
    [60] = LINUX_CALL_quotactl,
    [61] = LINUX_CALL_getdents64,
    [62] = LINUX_CALL_lseek,
    [63] = LINUX_CALL_read,
    [64] = LINUX_CALL_write,
    [65] = LINUX_CALL_readv,
    [66] = LINUX_CALL_writev,
    [67] = LINUX_CALL_pread64,
    [68] = LINUX_CALL_pwrite64,
    [69] = LINUX_CALL_preadv,
    [70] = LINUX_CALL_pwritev,
    [71] = LINUX_CALL_sendfile,
    [72] = LINUX_CALL_pselect6,
    [73] = LINUX_CALL_ppoll,
    [74] = LINUX_CALL_signalfd4,
    [75] = LINUX_CALL_vmsplice,
    [76] = LINUX_CALL_splice,
    [77] = LINUX_CALL_tee,
    [78] = LINUX_CALL_readlinkat,
    [79] = LINUX_CALL_fstatat,
    [80] = LINUX_CALL_fstat,
    [81] = LINUX_CALL_sync,
    [82] = LINUX_CALL_fsync,
    [83] = LINUX_CALL_fdatasync,
    [84] = LINUX_CALL_sync_file_range,
    [85] = LINUX_CALL_timerfd_create,
    [86] = LINUX_CALL_timerfd_settime,
    [87] = LINUX_CALL_timerfd_gettime,
    [88] = LINUX_CALL_utimensat,
    [89] = LINUX_CALL_acct,
    [90] = LINUX_CALL_capget,
    [91] = LINUX_CALL_capset,
    [92] = LINUX_CALL_personality,
    [93] = LINUX_CALL_exit,
    [94] = LINUX_CALL_exit_group,
    [95] = LINUX_CALL_waitid,
    [96] = LINUX_CALL_set_tid_address,
    [97] = LINUX_CALL_unshare,
    [98] = LINUX_CALL_futex,
    [99] = LINUX_CALL_set_robust_list,
    [100] = LINUX_CALL_get_robust_list,
    [101] = LINUX_CALL_nanosleep,
    [102] = LINUX_CALL_getitimer,
    [103] = LINUX_CALL_setitimer,
    [107] = LINUX_CALL_timer_create,
    [108] = LINUX_CALL_timer_gettime,
    [109] = LINUX_CALL_timer_getoverrun,
    [110] = LINUX_CALL_timer_settime,
    [111] = LINUX_CALL_timer_delete,
    [112] = LINUX_CALL_clock_settime,
    [113] = LINUX_CALL_clock_gettime,
    [114] = LINUX_CALL_clock_getres,
    [115] = LINUX_CALL_clock_nanosleep,
    [116] = LINUX_CALL_syslog,
    [118] = LINUX_CALL_sched_setparam,
    [119] = LINUX_CALL_sched_setscheduler,
    [120] = LINUX_CALL_sched_getscheduler,
    [121] = LINUX_CALL_sched_getparam,
    [122] = LINUX_CALL_sched_setaffinity,
    [123] = LINUX_CALL_sched_getaffinity,
    [124] = LINUX_CALL_sched_yield,
    [125] = LINUX_CALL_sched_get_priority_max,
    [126] = LINUX_CALL_sched_get_priority_min,
    [127] = LINUX_CALL_sched_rr_get_interval,
    [128] = LINUX_CALL_restart_syscall,
    [129] = LINUX_CALL_kill,
    [130] = LINUX_CALL_tkill,
    [131] = LINUX_CALL_tgkill,
    [132] = LINUX_CALL_sigaltstack,
    [133] = LINUX_CALL_rt_sigsuspend,
    [134] = LINUX_CALL_rt_sigaction,
    [135] = LINUX_CALL_rt_sigprocmask,
    [136] = LINUX_CALL_rt_sigpending,
    [137] = LINUX_CALL_rt_sigtimedwait,
    [138] = LINUX_CALL_rt_sigqueueinfo,
    [139] = LINUX_CALL_rt_sigreturn,
    [140] = LINUX_CALL_setpriority,
    [141] = LINUX_CALL_getpriority,
    [143] = LINUX_CALL_setregid,
    [144] = LINUX_CALL_setgid,
    [145] = LINUX_CALL_setreuid,
    [146] = LINUX_CALL_setuid,
    [147] = LINUX_CALL_setresuid,
    [148] = LINUX_CALL_getresuid,
    [149] = LINUX_CALL_setresgid,
    [150] = LINUX_CALL_getresgid,
    [151] = LINUX_CALL_setfsuid,
    [152] = LINUX_CALL_setfsgid,
    [153] = LINUX_CALL_times,
    [154] = LINUX_CALL_setpgid,
    [155] = LINUX_CALL_getpgid,
    [156] = LINUX_CALL_getsid,
    [157] = LINUX_CALL_setsid,
    [158] = LINUX_CALL_getgroups,
    [159] = LINUX_CALL_setgroups,
    [160] = LINUX_CALL_uname,
    [161] = LINUX_CALL_sethostname,
    [162] = LINUX_CALL_setdomainname,
    [163] = LINUX_CALL_getrlimit,
    [164] = LINUX_CALL_setrlimit,
    [165] = LINUX_CALL_getrusage,
    [166] = LINUX_CALL_umask,
    [167] = LINUX_CALL_prctl,
    [168] = LINUX_CALL_getcpu,
    [169] = LINUX_CALL_gettimeofday,
    [170] = LINUX_CALL_settimeofday,
    [171] = LINUX_CALL_adjtimex,
    [172] = LINUX_CALL_getpid,
    [173] = LINUX_CALL_getppid,
    [174] = LINUX_CALL_getuid,
    [175] = LINUX_CALL_geteuid,
    [176] = LINUX_CALL_getgid,
    [177] = LINUX_CALL_getegid,
    [178] = LINUX_CALL_gettid,
    [179] = LINUX_CALL_sysinfo,
    [180] = LINUX_CALL_mq_open,
    [181] = LINUX_CALL_mq_unlink,
    [182] = LINUX_CALL_mq_timedsend,
    [183] = LINUX_CALL_mq_timedreceive,
    [184] = LINUX_CALL_mq_notify,
    [185] = LINUX_CALL_mq_getsetattr,
    [186] = LINUX_CALL_msgget,
    [187] = LINUX_CALL_msgctl,
    [188] = LINUX_CALL_msgrcv,
    [189] = LINUX_CALL_msgsnd,
    [190] = LINUX_CALL_semget,
    [191] = LINUX_CALL_semctl,
    [192] = LINUX_CALL_semtimedop,
    [193] = LINUX_CALL_semop,
    [194] = LINUX_CALL_shmget,
    [195] = LINUX_CALL_shmctl,
    [196] = LINUX_CALL_shmat,
    [197] = LINUX_CALL_shmdt,
    [198] = LINUX_CALL_socket,
    [199] = LINUX_CALL_socketpair,
    [200] = LINUX_CALL_bind,
    [201] = LINUX_CALL_listen,
    [202] = LINUX_CALL_accept,
    [203] = LINUX_CALL_connect,
    [204] = LINUX_CALL_getsockname,
    [205] = LINUX_CALL_getpeername,
    [206] = LINUX_CALL_sendto,
    [207] = LINUX_CALL_recvfrom,
    [208] = LINUX_CALL_setsockopt,
    [209] = LINUX_CALL_getsockopt,
    [210] = LINUX_CALL_shutdown,
    [211] = LINUX_CALL_sendmsg,
    [212] = LINUX_CALL_recvmsg,
    [213] = LINUX_CALL_readahead,
    [214] = LINUX_CALL_brk,
    [215] = LINUX_CALL_munmap,
    [216] = LINUX_CALL_mremap,
    [217] = LINUX_CALL_add_key,
    [218] = LINUX_CALL_request_key,
    [219] = LINUX_CALL_keyctl,
    [220] = LINUX_CALL_clone,
    [221] = LINUX_CALL_execve,
    [222] = LINUX_CALL_mmap,
    [223] = LINUX_CALL_fadvise64,
    [226] = LINUX_CALL_mprotect,
    [227] = LINUX_CALL_msync,
    [228] = LINUX_CALL_mlock,
    [229] = LINUX_CALL_munlock,
    [230] = LINUX_CALL_mlockall,
    [231] = LINUX_CALL_munlockall,
    [232] = LINUX_CALL_mincore,
    [233] = LINUX_CALL_madvise,
    [235] = LINUX_CALL_mbind,
    [236] = LINUX_CALL_get_mempolicy,
    [237] = LINUX_CALL_set_mempolicy,
    [238] = LINUX_CALL_migrate_pages,
    [240] = LINUX_CALL_rt_tgsigqueueinfo,
    [242] = LINUX_CALL_accept4,
    [243] = LINUX_CALL_recvmmsg,
    [260] = LINUX_CALL_wait4,
    [261] = LINUX_CALL_prlimit64,
    [262] = LINUX_CALL_fanotify_init,
    [263] = LINUX_CALL_fanotify_mark,
    [264] = LINUX_CALL_name_to_handle_at,
    [265] = LINUX_CALL_open_by_handle_at,
    [266] = LINUX_CALL_clock_adjtime,
    [267] = LINUX_CALL_syncfs,
    [268] = LINUX_CALL_setns,
    [269] = LINUX_CALL_sendmmsg,
    [270] = LINUX_CALL_process_vm_readv,
    [271] = LINUX_CALL_process_vm_writev,
    [272] = LINUX_CALL_kcmp,
    [274] = LINUX_CALL_sched_setattr,
    [275] = LINUX_CALL_sched_getattr,
    [276] = LINUX_CALL_renameat2,
    [278] = LINUX_CALL_getrandom,
    [279] = LINUX_CALL_memfd_create,
    [281] = LINUX_CALL_execveat,
    [283] = LINUX_CALL_membarrier,
    [284] = LINUX_CALL_mlock2,
    [285] = LINUX_CALL_copy_file_range,
    [286] = LINUX_CALL_preadv2,
    [287] = LINUX_CALL_pwritev2,
    [291] = LINUX_CALL_statx,
    [424] = LINUX_CALL_pidfd_send_signal,
    [428] = LINUX_CALL_open_tree,
    [429] = LINUX_CALL_move_mount,
    [430] = LINUX_CALL_fsopen,
    [431] = LINUX_CALL_fsconfig,
    [432] = LINUX_CALL_fsmount,
    [433] = LINUX_CALL_fspick,
    [434] = LINUX_CALL_pidfd_open,
    [435] = LINUX_CALL_clone3,
    [436] = LINUX_CALL_close_range,
    [437] = LINUX_CALL_openat2,
    [438] = LINUX_CALL_pidfd_getfd,
    [439] = LINUX_CALL_faccessat2,
    [441] = LINUX_CALL_epoll_pwait2,
    [442] = LINUX_CALL_mount_setattr,
    [443] = LINUX_CALL_quotactl_fd,
    [444] = LINUX_CALL_landlock_create_ruleset,
    [445] = LINUX_CALL_landlock_add_rule,
    [446] = LINUX_CALL_landlock_restrict_self,
    [447] = LINUX_CALL_memfd_secret,
    [448] = LINUX_CALL_process_mrelease,
    [449] = LINUX_CALL_futex_waitv,
};

static uint64_t get_call(CPUState *cs, uint64_t ret_args[6])
{
    const ARMCPU *cpu = ARM_CPU(cs);

    memcpy(ret_args, cpu->x, 6 * sizeof(cpu->x[0]));
    return cpu->x[8] & UINT32_MAX;
}

static void set_result(CPUState *cs, uint64_t value)
{
    ARM_CPU(cs)->x[0] = value;
}

static void restart(CPUState *cs)
{
    ARM_CPU(cs)->pc -= 4;
}

static vaddr get_sp(CPUState *cs)
{
    return ARM_CPU(cs)->sp;
}

static void set_sp(CPUState *cs, vaddr sp)
{
    ARM_CPU(cs)->sp = sp;
}

static void set_tls(CPUState *cs, vaddr tls)
{
    ARM_CPU(cs)->tpidr_el[0] = tls;
}

/* -- starting -------------------------------------------------------------------------------------------------------- */

enum {
    SCTLR_SA0 = 4, SCTLR_EnDB = 13, SCTLR_DZE = 14, SCTLR_UCT = 15, SCTLR_nTWI = 16, SCTLR_nTWE = 18, SCTLR_UCI = 26,
    SCTLR_EnDA = 27, SCTLR_EnIB = 30, SCTLR_EnIA = 31, SCTLR_MSCEn = 33, SCTLR_BT0 = 35, SCTLR_TCF0 = 38, SCTLR_ATA0 = 42,
    CTR_DIC = 29, TCR_TBI0 = 37, TCR_TBID0 = 51, CNTKCTL_EL0VCTEN = 1,
};

#define GCR_EXCLUDE UINT64_C(0xffff)
#define GCR_RRND BIT64(16)

static void init(CPUState *cs, vaddr vdso)
{
    ARMCPU *cpu = ARM_CPU(cs);

    cpu->vdso = vdso;
    cpu->sctlr_el[1] = BIT64(SCTLR_SA0) | BIT64(SCTLR_DZE) | BIT64(SCTLR_UCT) | BIT64(SCTLR_nTWI) | BIT64(SCTLR_nTWE) |
                       BIT64(SCTLR_UCI);
    if (arm_feature(cpu, FEAT_PAuth)) {
        cpu->sctlr_el[1] |= BIT64(SCTLR_EnIA) | BIT64(SCTLR_EnIB) | BIT64(SCTLR_EnDA) | BIT64(SCTLR_EnDB);
        if (!machine_random(cs->parent.machine, cpu->apkey, sizeof(cpu->apkey))) {
            memset(cpu->apkey, 0x5a, sizeof(cpu->apkey));
        }
    }
    if (arm_feature(cpu, FEAT_BTI)) {
        cpu->sctlr_el[1] |= BIT64(SCTLR_BT0);
    }
    if (arm_feature(cpu, FEAT_MOPS)) {
        cpu->sctlr_el[1] |= BIT64(SCTLR_MSCEn);
    }
    if (arm_feature(cpu, FEAT_MTE2)) {
        cpu->sctlr_el[1] |= BIT64(SCTLR_ATA0);
        cpu->gcr_el1 = GCR_RRND | GCR_EXCLUDE;
    }
    cpu->tfsr_el[0] = 0;
    cpu->tag_ctrl = 0;
    cpu->tco = 0;
    cpu->tcr_el[1] = BIT64(TCR_TBI0) | 16;      /* 48 bits of address */
    cpu->cpacr_el1 = 3 << 20;
    cpu->cntkctl_el1 = BIT64(CNTKCTL_EL0VCTEN);
    /* code is looked at anew when IC IVAU says so, where that says: as a cache that is virtually indexed (VIPT) */
    cpu->ctr_el0 = deposit64(cpu->ctr_el0 & ~BIT64(CTR_DIC), 14, 2, 2);
    arm_switch_sp(cpu, 0, 0);
    cpu->daif = 0;
    arm_tlb_contexts_changed(cpu);
    cpu_key_changed(cs);
}

static void start(CPUState *cs, vaddr pc, vaddr sp)
{
    ARMCPU *cpu = ARM_CPU(cs);

    cpu->pc = pc;
    cpu->sp = sp;
}

static void copy(CPUState *to, const CPUState *from)
{
    ARMCPU *d = (ARMCPU *)to;
    const ARMCPU *s = (const ARMCPU *)from;

    memcpy(d->x, s->x, sizeof(d->x));
    d->sp = s->sp;
    d->pc = s->pc;
    d->nzcv = s->nzcv;
    d->btype = 0;
    d->ssbs = s->ssbs;
    d->dit = s->dit;
    memcpy(d->v, s->v, sizeof(d->v));
    d->fpsr = s->fpsr;
    memcpy(d->qc, s->qc, sizeof(d->qc));
    d->fp.flags = s->fp.flags;
    d->parent.fp.flags = s->parent.fp.flags;
    arm_set_fpcr(d, s->fpcr);
    d->tpidr_el[0] = s->tpidr_el[0];
    memcpy(d->apkey, s->apkey, sizeof(d->apkey));
    d->sctlr_el[1] = s->sctlr_el[1];
    d->unguarded = s->unguarded;
    d->gcr_el1 = s->gcr_el1;
    d->tag_ctrl = s->tag_ctrl;
    d->tco = s->tco;
    d->excl_addr = UINT64_MAX;
    cpu_key_changed(to);
}

/* -- prctl(2) (Linux, Documentation/arm64: memory-tagging-extension, tagged-address-abi, pointer-authentication) ------ */

enum {
    USER_PROT_BTI = 0x10, USER_PROT_MTE = 0x20,
    TAGGED_ADDR_ENABLE = 1 << 0, MTE_TCF_SYNC = 1 << 1, MTE_TCF_ASYNC = 1 << 2, MTE_TAG_SHIFT = 3,
    NUM_KEYS = 5, ADDRESS_KEYS = 0xf, ALL_KEYS = 0x1f,          /* IA, IB, DA, DB, GA */
};
#define MTE_TAG_MASK (UINT64_C(0xffff) << MTE_TAG_SHIFT)

/* While BTYPE is kept, blocks that indirect branches lead to are of another key than others, and no edge leaves them. */
static void set_guarded(CPUState *cs, bool on)
{
    ARM_CPU(cs)->unguarded = !on;
    ARM_CPU(cs)->btype = 0;
    cpu_key_changed(cs);
}

static uint32_t prot_bits(const CPUState *cs)
{
    const ARMCPU *cpu = (const ARMCPU *)cs;

    return (arm_feature(cpu, FEAT_BTI) ? USER_PROT_BTI : 0) | (arm_feature(cpu, FEAT_MTE2) ? USER_PROT_MTE : 0);
}

static bool takes_tags(const CPUState *cs)
{
    return ((const ARMCPU *)cs)->tag_ctrl & TAGGED_ADDR_ENABLE;
}

/* Where both modes are asked for, the asynchronous one is preferred, as the kernel does by default. */
static int64_t set_tag_ctrl(ARMCPU *cpu, uint64_t ctrl)
{
    bool mte = arm_feature(cpu, FEAT_MTE2);
    uint64_t tcf = ctrl & MTE_TCF_ASYNC ? 2 : ctrl & MTE_TCF_SYNC ? 1 : 0;

    if (ctrl & ~(uint64_t)(TAGGED_ADDR_ENABLE | (mte ? MTE_TCF_SYNC | MTE_TCF_ASYNC | MTE_TAG_MASK : 0))) {
        return -EINVAL;
    }
    cpu->tag_ctrl = ctrl;
    if (mte) {
        cpu->sctlr_el[1] = deposit64(cpu->sctlr_el[1], SCTLR_TCF0, 2, tcf);
        cpu->gcr_el1 = GCR_RRND | (~(ctrl >> MTE_TAG_SHIFT) & GCR_EXCLUDE);
        cpu_key_changed(&cpu->parent);
    }
    return 0;
}

static int64_t reset_keys(ARMCPU *cpu, uint64_t keys)
{
    if (keys & ~(uint64_t)ALL_KEYS) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < NUM_KEYS; i++) {
        if ((!keys || keys >> i & 1) && !machine_random(cpu->parent.parent.machine, &cpu->apkey[2 * i], 16)) {
            cpu->apkey[2 * i] ^= UINT64_C(0x9e3779b97f4a7c15) * (cpu->apkey[2 * i + 1] | 1);
        }
    }
    return 0;
}

/* SCTLR_EL1's bits of the address keys, in the order of the masks. */
static const uint8_t key_enable[] = { SCTLR_EnIA, SCTLR_EnIB, SCTLR_EnDA, SCTLR_EnDB };

static int64_t set_enabled_keys(ARMCPU *cpu, uint64_t keys, uint64_t enabled)
{
    if (keys & ~(uint64_t)ADDRESS_KEYS || enabled & ~keys) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(key_enable); i++) {
        if (keys >> i & 1) {
            cpu->sctlr_el[1] = deposit64(cpu->sctlr_el[1], key_enable[i], 1, enabled >> i & 1);
        }
    }
    cpu_key_changed(&cpu->parent);
    return 0;
}

static int64_t enabled_keys(const ARMCPU *cpu)
{
    int64_t keys = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(key_enable); i++) {
        keys |= (int64_t)(cpu->sctlr_el[1] >> key_enable[i] & 1) << i;
    }
    return keys;
}

static int64_t user_prctl(CPUState *cs, const uint64_t a[5])
{
    ARMCPU *cpu = ARM_CPU(cs);
    bool pac = arm_feature(cpu, FEAT_PAuth);

    switch ((int)a[0]) {
    case PR_SET_TAGGED_ADDR_CTRL:
        return a[2] || a[3] || a[4] ? -EINVAL : set_tag_ctrl(cpu, a[1]);
    case PR_GET_TAGGED_ADDR_CTRL:
        return a[1] || a[2] || a[3] || a[4] ? -EINVAL : (int64_t)cpu->tag_ctrl;
    case PR_PAC_RESET_KEYS:
        return !pac || a[2] || a[3] || a[4] ? -EINVAL : reset_keys(cpu, a[1]);
    case PR_PAC_SET_ENABLED_KEYS:
        return !pac || a[3] || a[4] ? -EINVAL : set_enabled_keys(cpu, a[1], a[2]);
    case PR_PAC_GET_ENABLED_KEYS:
        return !pac || a[1] || a[2] || a[3] || a[4] ? -EINVAL : enabled_keys(cpu);
    }
    return -EINVAL;
}

/* -- hardware capabilities -------------------------------------------------------------------------------------------- */

typedef struct Hwcap {
    uint8_t bit;
    uint16_t feature;
} Hwcap;
static const Hwcap hwcaps[2][40] = {
    {
        { 0, FEAT_FP }, { 1, FEAT_AdvSIMD }, { 3, FEAT_AES }, { 4, FEAT_PMULL }, { 5, FEAT_SHA1 }, { 6, FEAT_SHA256 },
        { 7, FEAT_CRC32 }, { 8, FEAT_LSE }, { 9, FEAT_FP16 }, { 10, FEAT_FP16 }, { 12, FEAT_RDM }, { 13, FEAT_JSCVT },
        { 14, FEAT_FCMA }, { 15, FEAT_LRCPC }, { 16, FEAT_DPB }, { 17, FEAT_SHA3 }, { 18, FEAT_SM3 }, { 19, FEAT_SM4 },
        { 20, FEAT_DotProd }, { 21, FEAT_SHA512 }, { 23, FEAT_FHM }, { 24, FEAT_DIT }, { 25, FEAT_LSE2 },
        { 26, FEAT_LRCPC2 }, { 27, FEAT_FlagM }, { 28, FEAT_SSBS2 }, { 29, FEAT_SB }, { 30, FEAT_PAuth },
        { 31, FEAT_PAuth },
    },
    {
        { 0, FEAT_DPB2 }, { 7, FEAT_FlagM2 }, { 8, FEAT_FRINTTS }, { 13, FEAT_I8MM }, { 14, FEAT_BF16 }, { 15, FEAT_DGH },
        { 16, FEAT_RNG }, { 17, FEAT_BTI }, { 18, FEAT_MTE2 }, { 19, FEAT_ECV }, { 20, FEAT_AFP },
        { 21, FEAT_RPRES }, { 22, FEAT_MTE3 }, { 31, FEAT_WFxT }, { 32, FEAT_EBF16 },
        { 34, FEAT_CSSC }, { 35, FEAT_RPRFM }, { 43, FEAT_MOPS }, { 44, FEAT_HBC }, { 46, FEAT_LRCPC3 },
        { 47, FEAT_LSE128 },
    },
};

static uint64_t hwcap(CPUState *cs, unsigned n)
{
    const ARMCPU *cpu = ARM_CPU(cs);
    uint64_t caps = n ? 0 : BIT64(11);          /* CPUID: emulate_id_read */

    for (unsigned i = 0; i < G_N_ELEMENTS(hwcaps[n]); i++) {
        const Hwcap *h = &hwcaps[n][i];

        if ((i == 0 || h->bit) && arm_feature(cpu, h->feature)) {
            caps |= BIT64(h->bit);
        }
    }
    return caps;
}

/* The kernel's names of the bits (arch/arm64/kernel/cpuinfo.c). */
static const char *const hwcap_names[2][64] = {
    {
        "fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp", "asimdhp", "cpuid", "asimdrdm",
        "jscvt", "fcma", "lrcpc", "dcpop", "sha3", "sm3", "sm4", "asimddp", "sha512", "sve", "asimdfhm", "dit", "uscat",
        "ilrcpc", "flagm", "ssbs", "sb", "paca", "pacg",
    },
    {
        "dcpodp", "sve2", "sveaes", "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2", "frint", "svei8mm", "svef32mm",
        "svef64mm", "svebf16", "i8mm", "bf16", "dgh", "rng", "bti", "mte", "ecv", "afp", "rpres", "mte3", "sme", "smei16i64",
        "smef64f64", "smei8i32", "smef16f32", "smeb16f32", "smef32f32", "smefa64", "wfxt", "ebf16", "sveebf16", "cssc",
        "rprfm", "sve2p1", "sme2", "sme2p1", "smei16i32", "smebi32i32", "smeb16b16", "smef16f16", "mops", "hbc",
        "sveb16b16", "lrcpc3", "lse128",
    },
};

static void cpuinfo(CPUState *cs, unsigned n, GString *out)
{
    const ARMCPU *cpu = ARM_CPU(cs);
    uint64_t rate = cpu->cntfrq_el0, midr = cpu->midr;

    /* a delay loop's rounds are the timer's */
    g_string_append_printf(out, "processor\t: %u\nBogoMIPS\t: %" G_GINT64_MODIFIER "u.%02u\nFeatures\t:", n, rate / 500000,
                           (unsigned)(rate / 5000 % 100));
    for (unsigned i = 0; i < 2; i++) {
        uint64_t caps = hwcap(cs, i);

        for (unsigned bit = 0; bit < 64; bit++) {
            if (caps >> bit & 1 && hwcap_names[i][bit]) {
                g_string_append_printf(out, " %s", hwcap_names[i][bit]);
            }
        }
    }
    g_string_append_printf(out, "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                           "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n", (unsigned)extract64(midr, 24, 8),
                           (unsigned)extract64(midr, 20, 4), (unsigned)extract64(midr, 4, 12),
                           (unsigned)extract64(midr, 0, 4));
}

/* -- exceptions ------------------------------------------------------------------------------------------------------ */

enum { FSC_BUS = 0x10 };                        /* of a mapping behind its file's end, until a program sees it */

void arm_user_fault(CPUState *cs, vaddr addr, AccessType type, UserFault why)
{
    /* DFSC and IFSC: translation and permission fault of level 3, external abort */
    static const uint8_t fsc[] = {
        [USER_FAULT_UNMAPPED] = 0x07, [USER_FAULT_PROTECTED] = 0x0f, [USER_FAULT_BUS] = FSC_BUS,
    };
    ARMCPU *cpu = ARM_CPU(cs);
    bool write = type == ACCESS_STORE || type == ACCESS_RMW;

    arm_raise(cpu, 1, ARM_SYNDROME(type == ACCESS_FETCH ? EC_IABORT_LOWER : EC_DABORT_LOWER, fsc[why] | write << 6));
    cpu->exc.has_far = true;
    cpu->exc.far = addr;
}

static void abort_trap(const ArmException *e, LinuxTrap *ret)
{
    unsigned fsc = e->syndrome & 0x3f;

    ret->addr = e->far;
    if (fsc == 0x11) {                          /* bits 63:60 are unknown to programs */
        ret->addr = e->far >> 55 & 1 ? e->far | UINT64_C(0xf) << 60 : e->far & ~(UINT64_C(0xf) << 60);
        ret->sig = SIGSEGV;
        ret->code = SEGV_MTESERR;
    } else if (fsc == 0x21) {
        ret->sig = SIGBUS;
        ret->code = BUS_ADRALN;
    } else if (fsc == FSC_BUS) {
        ret->sig = SIGBUS;
        ret->code = BUS_ADRERR;
    } else {
        ret->sig = SIGSEGV;
        ret->code = (fsc & 0x3c) == 0x0c ? SEGV_ACCERR : SEGV_MAPERR;
    }
}

static uint64_t untagged(uint64_t addr)
{
    return addr & (uint64_t)sextract64(addr, 0, 56);
}

/* What a program is told of a fault: nothing of addresses that are the kernel's, and where a file ends nothing new. */
static uint32_t seen_syndrome(const ArmException *e)
{
    enum { FSC_TRANSLATION = 4, FSC_TRANSLATION_3 = 7, CM_WNR = 1 << 8 | 1 << 6 };

    if (e->far & BIT64(55)) {
        return (e->syndrome & (0x7fu << 25 | (e->syndrome >> 26 == EC_DABORT_LOWER ? CM_WNR : 0))) | FSC_TRANSLATION;
    }
    return (e->syndrome & 0x3f) == FSC_BUS ? (e->syndrome & ~0x3fu) | FSC_TRANSLATION_3 : e->syndrome;
}

/* For the frames of this and of later signals, as the kernel has it. */
static void set_fault(ARMCPU *cpu, uint32_t syndrome, uint64_t addr)
{
    cpu->esr_el[1] = syndrome;
    cpu->far_el[1] = addr;
}

/* Asynchronous tag check faults of the lower range; the upper one is the kernel's. */
static bool late_trap(CPUState *cs, LinuxTrap *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);

    if (!cpu->tfsr_el[0]) {
        return false;
    }
    cpu->tfsr_el[0] = 0;
    cpu->exc.kind = ARM_EXC_NONE;
    *ret = (LinuxTrap){ .sig = SIGSEGV, .code = SEGV_MTEAERR };
    return true;
}

/*
 * Reads of ID registers, which the kernel answers at EL0 with what programs may know (Documentation/arm64,
 * cpu-feature-registers): visible fields as they are, the others at their safe values.
 */
typedef struct UserIdReg {
    uint8_t crm, op2, reg;                      /* reg: ArmIdReg */
    uint64_t visible, safe;
} UserIdReg;
static const UserIdReg user_id_regs[] = {
    { 4, 0, ARM_ID_AA64PFR0_EL1, UINT64_C(0x000f000f00ff0000), 0x11 },
    { 4, 1, ARM_ID_AA64PFR1_EL1, 0x0f000fff, 0 },
    { 5, 0, ARM_ID_AA64DFR0_EL1, 0, 6 },
    { 6, 0, ARM_ID_AA64ISAR0_EL1, UINT64_C(0xf0fffffff0fffff0), 0 },
    { 6, 1, ARM_ID_AA64ISAR1_EL1, UINT64_C(0x00ffffffffffffff), 0 },
    { 6, 2, ARM_ID_AA64ISAR2_EL1, UINT64_C(0x00ff0000f0ffffff), 0 },
    { 7, 0, ARM_ID_AA64MMFR0_EL1, UINT64_C(0xf) << 60, UINT64_C(0x00000111ff000000) },
    { 7, 1, ARM_ID_AA64MMFR1_EL1, UINT64_C(0xf) << 44, 0 },
    { 7, 2, ARM_ID_AA64MMFR2_EL1, UINT64_C(0xf) << 32, 0 },
};

static bool read_id(const ARMCPU *cpu, unsigned crm, unsigned op2, uint64_t *ret)
{
    *ret = 0;
    if (crm == 0) {
        /* MIDR, MPIDR's RES1 bit, REVIDR */
        *ret = op2 == 0 ? cpu->midr : op2 == 5 ? BIT64(31) : 0;
        return op2 == 0 || op2 == 5 || op2 == 6;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(user_id_regs); i++) {
        const UserIdReg *r = &user_id_regs[i];

        if (r->crm == crm && r->op2 == op2) {
            *ret = (cpu->idreg[r->reg] & r->visible) | r->safe;
        }
    }
    return crm >= 2 && crm <= 7;
}

/* MRS Xt, S3_0_C0_Cm_op2. False: not such an instruction, or not such a register. */
static bool emulate_id_read(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    unsigned rt;
    uint32_t insn;
    uint64_t value;

    if (!user_read(cs, &insn, cpu->pc, sizeof(insn)) || (insn & 0xfffff000) != 0xd5380000 ||
        !read_id(cpu, extract32(insn, 8, 4), extract32(insn, 5, 3), &value)) {
        return false;
    }
    rt = extract32(insn, 0, 5);
    if (rt != 31) {
        cpu->x[rt] = value;
    }
    cpu->pc += 4;
    cpu->btype = 0;
    cpu_key_changed(cs);
    return true;
}

/*
 * A memory copy or set whose main or epilogue instruction finds registers of the other way to do it, as after a move to
 * another kind of CPU: they become what the prologue takes, and that runs again (Arm DDI 0487, rules CNTMJ and MWFQH).
 */
static void mops_begin_again(ARMCPU *cpu, uint32_t syndrome)
{
    enum { SET = 24, EPILOGUE = 18, WRONG = 17, OPTION_A = 16 };
    uint64_t *to = &cpu->x[extract32(syndrome, 10, 5)], *from = &cpu->x[extract32(syndrome, 5, 5)];
    uint64_t *size = &cpu->x[extract32(syndrome, 0, 5)];
    bool a = (syndrome >> OPTION_A ^ syndrome >> WRONG) & 1, copies = !(syndrome >> SET & 1);

    if (a && (!copies || *size >> 63)) {        /* forward: from the end, by a negative size */
        *to += *size;
        if (copies) {
            *from += *size;
        }
        *size = -*size;
    } else if (!a && copies && cpu->nzcv & 8) { /* backward: the ends are what is left of */
        *to -= *size;
        *from -= *size;
    }
    cpu->pc -= syndrome >> EPILOGUE & 1 ? 8 : 4;
    cpu_key_changed(&cpu->parent);
}

static void trap(CPUState *cs, LinuxTrap *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);
    ArmException e = cpu->exc;

    cpu->exc.kind = ARM_EXC_NONE;
    *ret = (LinuxTrap){ .addr = cpu->pc };
    switch (e.syndrome >> 26) {
    case EC_SVC64:
        cpu->pc += 4;
        return;
    case EC_DABORT_LOWER: case EC_IABORT_LOWER:
        abort_trap(&e, ret);
        set_fault(cpu, seen_syndrome(&e), untagged(e.far));
        return;
    case EC_PC_ALIGN: case EC_SP_ALIGN:
        ret->sig = SIGBUS;
        ret->code = BUS_ADRALN;
        ret->addr = e.syndrome >> 26 == EC_SP_ALIGN ? cpu->sp : e.far;
        set_fault(cpu, e.syndrome, 0);
        return;
    case EC_BRK64:
        ret->sig = SIGTRAP;
        ret->code = TRAP_BRKPT;
        break;
    case EC_FP64:
        ret->sig = SIGFPE;
        ret->code = 0;
        break;
    case EC_MOPS:
        mops_begin_again(cpu, e.syndrome);
        ret->sig = -1;
        return;
    case EC_UNKNOWN: case EC_SYSREG:
        if (emulate_id_read(cs)) {
            ret->sig = -1;
            return;
        }
        G_GNUC_FALLTHROUGH;
    default:                                    /* undefined, BTI, a system register, a PAC that failed */
        ret->sig = SIGILL;
        ret->code = e.syndrome >> 26 == EC_PAC_FAIL ? ILL_ILLOPN : ILL_ILLOPC;
        set_fault(cpu, ret->code == ILL_ILLOPN ? e.syndrome : 0, 0);
    }
}

/* -- signal frames --------------------------------------------------------------------------------------------------- */

typedef struct FpsimdContext {
    uint32_t magic, size, fpsr, fpcr;
    uint64_t v[32][2];
} FpsimdContext;
typedef struct EsrContext {
    uint32_t magic, size;
    uint64_t esr;
} EsrContext;
typedef struct RtSigframe {
    uint8_t info[128];
    uint64_t uc_flags, uc_link, stack_sp;
    uint32_t stack_flags, pad0;
    uint64_t stack_size, mask;
    uint8_t unused[120];
    uint64_t pad1;                              /* the machine context is 16-byte aligned */
    uint64_t fault_address, x[31], sp, pc, pstate, pad2;
    FpsimdContext fpsimd;
    EsrContext esr;
    uint8_t reserved[4096 - sizeof(FpsimdContext) - sizeof(EsrContext)];
} RtSigframe;
G_STATIC_ASSERT(offsetof(RtSigframe, fault_address) == 128 + 176 && offsetof(RtSigframe, fpsimd) % 16 == 0);
G_STATIC_ASSERT(sizeof(FpsimdContext) == 0x210 && sizeof(RtSigframe) == 128 + 176 + 288 + 4096);
#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC 0x45535201u
#define PSTATE_NZCV (UINT64_C(0xf) << 28)
#define PSTATE_USER_MASK (PSTATE_NZCV | UINT64_C(3) << 24 | BIT64(12) | UINT64_C(3) << 10)
#define PSTATE_NOT_EL0T UINT64_C(0x3df)        /* DAIF, a 32-bit state, another level or stack pointer */

static bool push_frame(CPUState *cs, const LinuxSigFrame *f)
{
    ARMCPU *cpu = ARM_CPU(cs);
    g_autofree RtSigframe *frame = g_new0(RtSigframe, 1);
    vaddr record = (f->stack & ~UINT64_C(15)) - 16, at = (record - sizeof(*frame)) & ~UINT64_C(15);
    const uint64_t link[2] = { cpu->x[29], cpu->x[30] };

    memcpy(frame->info, f->info, sizeof(frame->info));
    frame->stack_sp = f->alt_sp;
    frame->stack_flags = f->alt_flags;
    frame->stack_size = f->alt_size;
    frame->mask = f->mask;
    frame->fault_address = cpu->far_el[1];
    memcpy(frame->x, cpu->x, sizeof(frame->x));
    frame->sp = cpu->sp;
    frame->pc = cpu->pc;
    frame->pstate = arm_pstate_get(cpu) & PSTATE_USER_MASK;
    frame->fpsimd = (FpsimdContext){ FPSIMD_MAGIC, sizeof(FpsimdContext), arm_get_fpsr(cpu), cpu->fpcr, { { 0 } } };
    for (unsigned i = 0; i < 32; i++) {
        memcpy(frame->fpsimd.v[i], cpu->v[i].d, 16);
    }
    if (cpu->esr_el[1]) {
        frame->esr = (EsrContext){ ESR_MAGIC, sizeof(EsrContext), cpu->esr_el[1] };
    }
    if (!user_write(cs, at, frame, sizeof(*frame)) || !user_write(cs, record, link, sizeof(link))) {
        return false;
    }
    cpu->x[0] = (uint64_t)f->sig;
    cpu->x[1] = at;
    cpu->x[2] = at + offsetof(RtSigframe, uc_flags);
    cpu->x[29] = record;
    cpu->x[30] = f->restorer;
    cpu->sp = at;
    cpu->pc = f->handler;
    cpu->btype = arm_feature(cpu, FEAT_BTI) ? 2 : 0;            /* as if called */
    cpu->tco = 0;
    cpu->excl_addr = UINT64_MAX;
    cpu_key_changed(cs);
    return true;
}

/* The one record of FP and SIMD registers, wherever it is among those that may be there; NULL: they are not right. */
static const FpsimdContext *find_fpsimd(const RtSigframe *frame)
{
    const uint8_t *at = (const uint8_t *)&frame->fpsimd, *end = (const uint8_t *)(frame + 1);
    const FpsimdContext *found = NULL;
    struct {
        uint32_t magic, size;
    } head;

    for (; (size_t)(end - at) >= sizeof(head) && (uintptr_t)(at - (const uint8_t *)frame) % 16 == 0; at += head.size) {
        memcpy(&head, at, sizeof(head));
        if (head.magic == 0 && head.size == 0) {
            return found;
        }
        if (head.size < sizeof(head) || head.size > (size_t)(end - at) ||
            (head.magic != ESR_MAGIC && (head.magic != FPSIMD_MAGIC || found || head.size != sizeof(*found)))) {
            return NULL;
        }
        found = head.magic == FPSIMD_MAGIC ? (const FpsimdContext *)at : found;
    }
    return NULL;
}

/* Of a frame that is wrong the mask and the general registers are taken all the same, as the kernel does. */
static bool pop_frame(CPUState *cs, LinuxSigFrame *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);
    g_autofree RtSigframe *frame = g_new(RtSigframe, 1);
    const FpsimdContext *fpsimd;
    uint64_t pstate;
    bool right;

    if (cpu->sp & 15 || !user_read(cs, frame, cpu->sp, sizeof(*frame))) {
        return false;
    }
    *ret = (LinuxSigFrame){
        .mask = frame->mask, .alt_sp = frame->stack_sp, .alt_size = frame->stack_size, .alt_flags = frame->stack_flags,
    };
    memcpy(cpu->x, frame->x, sizeof(cpu->x));
    cpu->sp = frame->sp;
    cpu->pc = frame->pc;
    right = !(frame->pstate & PSTATE_NOT_EL0T);
    pstate = frame->pstate & (right ? PSTATE_USER_MASK : PSTATE_NZCV);
    cpu->nzcv = extract64(pstate, 28, 4);
    cpu->tco = arm_feature(cpu, FEAT_MTE) && pstate & BIT64(25);
    cpu->dit = arm_feature(cpu, FEAT_DIT) && pstate & BIT64(24);
    cpu->ssbs = arm_feature(cpu, FEAT_SSBS) && pstate & BIT64(12);
    cpu->btype = arm_feature(cpu, FEAT_BTI) ? extract64(pstate, SPSR_BTYPE_SHIFT, 2) : 0;
    fpsimd = right ? find_fpsimd(frame) : NULL;
    if (fpsimd) {
        arm_set_fpcr(cpu, fpsimd->fpcr);
        arm_set_fpsr(cpu, fpsimd->fpsr);
        for (unsigned i = 0; i < 32; i++) {
            memcpy(cpu->v[i].d, fpsimd->v[i], 16);
        }
    }
    cpu->excl_addr = UINT64_MAX;
    cpu_key_changed(cs);
    return fpsimd;
}

/* -- the vDSO -------------------------------------------------------------------------------------------------------- */

/*
 * Names and versions as arch/arm64/kernel/vdso has them. MRS x2, S3_3_C15_C15_7 there is helper_user_clock: the time of
 * clock x0 in nanoseconds (x2) and seconds (x3), or -1 in x2 for a clock that needs the system call.
 */
static const uint32_t vdso_code[] = {
    0xd503201f,                                 /* nop: unwinders look before a return address */
    0xd2801168, 0xd4000001, 0xd503201f,         /* 4: mov x8, #139; svc #0; nop */
    /* 16: clock_gettime */
    0xd503245f,                                 /* bti c */
    0xd53bffe2,                                 /* mrs x2, S3_3_C15_C15_7 */
    0xb7f80082,                                 /* tbnz x2, #63, 40 */
    0xa9000823,                                 /* stp x3, x2, [x1] */
    0x52800000, 0xd65f03c0,                     /* mov w0, #0; ret */
    0xd2800e28, 0xd4000001, 0xd65f03c0,         /* 40: mov x8, #113; svc #0; ret */
    /* 52: gettimeofday */
    0xd503245f,
    0xb4000120,                                 /* cbz x0, 92 */
    0xb5000101,                                 /* cbnz x1, 92 */
    0xaa0003e4, 0xd2800000,                     /* mov x4, x0; mov x0, #0 */
    0xd53bffe2,
    0xd2807d05, 0x9ac50842,                     /* mov x5, #1000; udiv x2, x2, x5 */
    0xa9000883, 0xd65f03c0,                     /* stp x3, x2, [x4]; ret */
    0xd2801528, 0xd4000001, 0xd65f03c0,         /* 92: mov x8, #169; svc #0; ret */
    /* 104: clock_getres */
    0xd503245f, 0xd2800e48, 0xd4000001, 0xd65f03c0,             /* bti c; mov x8, #114; svc #0; ret */
};
static const LinuxVdsoSymbol vdso_symbols[] = {
    { "__kernel_rt_sigreturn", 4, 8, false },
    { "__kernel_clock_gettime", 16, 36, true },
    { "__kernel_gettimeofday", 52, 52, true },
    { "__kernel_clock_getres", 104, 16, true },
};

uint64_t helper_user_clock(ARMCPU *cpu)
{
    struct timespec ts;

    switch ((clockid_t)cpu->x[0]) {
    case CLOCK_REALTIME: case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME: case CLOCK_TAI:
        if (clock_gettime((clockid_t)cpu->x[0], &ts) == 0) {
            cpu->x[3] = (uint64_t)ts.tv_sec;
            return (uint64_t)ts.tv_nsec;
        }
    }
    return UINT64_MAX;
}

const LinuxTarget arm_linux_user_a64 = {
    .machine = "aarch64", .default_cpu = "max,pauth-impdef=on", .cpu_options = ",el2=off,el3=off",
    .platform = "aarch64",
    .addr_mask = UINT64_C(0x00ffffffffffffff),
    .calls = calls, .num_calls = G_N_ELEMENTS(calls),
    .open = { .directory = 040000, .nofollow = 0100000, .direct = 0200000, .largefile = 0400000 },
    /* GNU_PROPERTY_AARCH64_FEATURE_1_AND, ..._BTI */
    .guarded_property = 0xc0000000, .guarded_bit = 1, .prot_guarded = USER_PROT_BTI,
    .prot_tagged = USER_PROT_MTE, .tagged_bit = ARM_PAGE_TAGGED,
    .vdso = {
        .soname = "linux-vdso.so.1", .version = "LINUX_2.6.39", .code = vdso_code, .code_size = sizeof(vdso_code),
        .sigreturn = 4, .symbols = vdso_symbols, .num_symbols = G_N_ELEMENTS(vdso_symbols),
        .dwarf_sp = 31, .dwarf_return = 30,
    },
    .init = init, .start = start, .copy = copy, .set_guarded = set_guarded,
    .prot_bits = prot_bits, .prctl = user_prctl, .takes_tags = takes_tags,
    .late_trap = late_trap, .hwcap = hwcap, .cpuinfo = cpuinfo, .trap = trap, .get_call = get_call,
    .set_result = set_result, .restart = restart, .get_sp = get_sp, .set_sp = set_sp, .set_tls = set_tls,
    .push_frame = push_frame, .pop_frame = pop_frame,
};
