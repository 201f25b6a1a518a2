/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals of an AArch64 program: what each kind of fault says, frames at every instruction, nesting, stacks, queues,
 * threads. Prints a line a test; signals.py knows what it must say. An argument is the name of the one test to run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, ESR_MAGIC_NUMBER = 0x45535201 };

static char *self;

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

    sigaction(sig, &sa, NULL);
}

/* The ESR_EL1 record of a frame, or 0. */
static uint64_t frame_esr(const ucontext_t *uc)
{
    const uint8_t *at = uc->uc_mcontext.__reserved;

    for (;;) {
        uint32_t head[2];
        uint64_t esr;

        memcpy(head, at, 8);
        if (head[0] == 0) {
            return 0;
        }
        if (head[0] == ESR_MAGIC_NUMBER) {
            memcpy(&esr, at + 8, 8);
            return esr;
        }
        at += head[1];
    }
}

static struct fpsimd_context *frame_fp(ucontext_t *uc)
{
    return (struct fpsimd_context *)uc->uc_mcontext.__reserved;
}

/* -- faults ---------------------------------------------------------------------------------------------------------- */

static sigjmp_buf back;
static siginfo_t seen;
static uint64_t seen_pc, seen_esr, seen_far, seen_sp;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    (void)sig;
    seen = *info;
    seen_pc = uc->uc_mcontext.pc;
    seen_sp = uc->uc_mcontext.sp;
    seen_far = uc->uc_mcontext.fault_address;
    seen_esr = frame_esr(uc);
    siglongjmp(back, 1);
}

static uint32_t *code;                          /* a page to write code to */
static uint8_t *data;                           /* four pages: to write, to read, nothing, a file's end */

static const char *place(uint64_t addr, uint64_t want)
{
    static char text[64];

    if (addr == want) {
        return "as given";
    }
    if (addr == seen_pc) {
        return "PC";
    }
    if (addr == seen_sp) {
        return "SP";
    }
    snprintf(text, sizeof(text), "0x%llx", (unsigned long long)addr);
    return text;
}

static void say(const char *name, uint64_t addr)
{
    printf("%s: signal %d code %d address %s", name, seen.si_signo, seen.si_code,
           place((uintptr_t)seen.si_addr, addr));
    if (seen.si_signo == SIGSEGV || seen.si_signo == SIGBUS) {
        printf(", EC 0x%x WnR %d, FAR %s", (unsigned)(seen_esr >> 26), (int)(seen_esr >> 6 & 1), place(seen_far, addr));
    }
    printf("\n");
    memset(&seen, 0, sizeof(seen));
}

/* Runs one instruction and a return, with X0 and X1 as given. */
static void one(const char *name, uint32_t word, uint64_t x0, uint64_t addr)
{
    code[0] = word;
    code[1] = 0xd65f03c0;
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    if (!sigsetjmp(back, 1)) {
        ((void (*)(uint64_t, uint64_t))(uintptr_t)code)(x0, 0);
        printf("%s: no signal\n", name);
        return;
    }
    say(name, addr);
}

static void go(const char *name, uint64_t addr)
{
    if (!sigsetjmp(back, 1)) {
        ((void (*)(void))addr)();
    }
    say(name, addr);
}

static void test_faults(void)
{
    static const uint32_t undefined[] = {
        0x00000000, 0x00000001, 0x0000ffff, 0x02000000, 0x07ffffff, 0x1e7fffff, 0x4dffffff, 0x9ac0ffff, 0xd4000000, 0xd4000002,
        0xd4000003, 0xd4400000, 0xd4a00001, 0xd5000000, 0xd503419f, 0xd503405f, 0xd5381000, 0xd5181000, 0xd538d040, 0xd50e0000,
        0xd69f03e0, 0xd6bf03e0, 0xffffffff, 0x38400800, 0xdac0ffff, 0xd50b7580,
    };
    static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP };
    char name[32], path[] = "/tmp/chimera-signals-XXXXXX";
    int fd = mkstemp(path);
    uint64_t at;

    for (unsigned i = 0; i < 4; i++) {
        handle(sigs[i], on_fault, 0);
    }
    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(data + PAGE, PAGE, PROT_READ);
    mprotect(data + 2 * PAGE, PAGE, PROT_NONE);
    unlink(path);
    if (ftruncate(fd, 100) < 0 ||
        mmap(data + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        exit(1);
    }
    for (unsigned i = 0; i < sizeof(undefined) / sizeof(undefined[0]); i++) {
        snprintf(name, sizeof(name), "%08x", undefined[i]);
        one(name, undefined[i], (uintptr_t)data, 0);
    }
    at = (uintptr_t)data;
    one("brk", 0xd4200020, 0, 0);
    one("load", 0xf9400000, at, 0);
    one("load from nothing", 0xf9400000, 0x1000, 0x1000);
    one("store to nothing", 0xf9000001, 0x2008, 0x2008);
    one("store, read-only", 0xf9000001, at + PAGE + 8, at + PAGE + 8);
    one("load, no access", 0xf9400000, at + 2 * PAGE, at + 2 * PAGE);
    one("store, no access", 0xf9000001, at + 2 * PAGE, at + 2 * PAGE);
    one("atomic, read-only", 0xf8210001, at + PAGE, at + PAGE);
    one("behind the file's end", 0xf9400000, at + 4 * PAGE + 16, at + 4 * PAGE + 16);
    one("store behind the file's end", 0xf9000001, at + 4 * PAGE + 16, at + 4 * PAGE + 16);
    one("a tagged address", 0xf9400000, UINT64_C(0x5a) << 56 | 0x1000, 0x1000);
    handle(SIGSEGV, on_fault, 0x800 /* SA_EXPOSE_TAGBITS */);
    one("its tag, too", 0xf9400000, UINT64_C(0x5a) << 56 | 0x1000, 0x1000);
    handle(SIGSEGV, on_fault, 0);
    one("a kernel's address", 0xf9400000, UINT64_C(0xffff000000001000), UINT64_C(0xffff000000001000));
    one("more than 48 bits", 0xf9400000, UINT64_C(0x0001000000001000), UINT64_C(0x0001000000001000));
    one("more than 47 bits", 0xf9400000, UINT64_C(0x0000ff0000001000), UINT64_C(0x0000ff0000001000));
    one("over two pages", 0xf9400000, at + 2 * PAGE - 4, at + 2 * PAGE);
    one("unaligned load", 0xf9400000, at + 3, 0);
    one("unaligned load-exclusive", 0xc85f7c01, at + 1, at + 1);
    one("unaligned store-release", 0xc89ffc01, at + 12, at + 12);
    one("unaligned atomic", 0xf8210001, at + 9, at + 9);
    one("unaligned pair, exclusive", 0xc87f0400, at + 8, at + 8);
    one("prefetch of nothing", 0xf9800000, 0x1000, 0);
    one("dc zva", 0xd50b7420, 0x3000, 0x3000);
    one("dc cvac", 0xd50b7a20, 0x3000, 0x3000);
    for (unsigned i = 0; i < 3; i++) {          /* of codes that differ one at most is right */
        code[0] = 0xdac13be0;                   /* AUTDZA X0 */
        code[1] = 0xd65f03c0;
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        if (!sigsetjmp(back, 1)) {
            ((void (*)(uint64_t))(uintptr_t)code)(at ^ (uint64_t)i << 50);
        } else {
            say("a wrong authentication code", 0);
            break;
        }
    }
    go("jump to nothing", 0x5000);
    go("jump, not executable", at);
    go("jump, misaligned", (uintptr_t)code + 2);
    go("jump to a kernel's address", UINT64_C(0xffff000000001000));
    if (!sigsetjmp(back, 1)) {
        struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
        stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };

        sigaltstack(&alt, NULL);
        sigaction(SIGBUS, &sa, NULL);
        __asm__ volatile("mov x9, sp\n add x9, x9, #8\n mov sp, x9\n ldr x10, [sp]\n sub sp, sp, #8"
                         : : : "x9", "x10", "memory");
    }
    say("misaligned SP", 0);
}

/* -- the stack's end ------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) int deeper(volatile int *up)
{
    volatile int here[200];

    if (*up < 0) {
        return 0;
    }
    here[0] = *up + 1;
    return deeper(here) + here[0];
}

static void test_overflow(void)
{
    stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };
    volatile int zero = 0;
    struct rlimit limit;
    uintptr_t top = (uintptr_t)&zero;
    int status;
    pid_t pid;

    getrlimit(RLIMIT_STACK, &limit);
    sigaltstack(&alt, NULL);
    handle(SIGSEGV, on_fault, SA_ONSTACK);
    if (!sigsetjmp(back, 1)) {
        deeper(&zero);
    }
    printf("stack overflow: signal %d code %d, at its end %d\n", seen.si_signo, seen.si_code,
           top - (uintptr_t)seen.si_addr > 4u << 20 && (uintptr_t)seen.si_addr - seen_sp < 4 * PAGE);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        handle(SIGSEGV, on_fault, 0);
        if (!sigsetjmp(back, 1)) {
            deeper(&zero);
        }
        _exit(1);
    }
    waitpid(pid, &status, 0);
    printf("stack overflow without another stack: killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    alt.ss_flags = SS_DISABLE;
    sigaltstack(&alt, NULL);
}

/* -- frames at every instruction ------------------------------------------------------------------------------------- */

/*
 * X19 counts rounds; X0-X15 and V0-V3 get a constant in each round, one instruction after another; X20 counts as
 * stores and loads of a word on the stack; the flags are those of the comparison at the start of the round.
 */
enum { STEPS = 16 + 4 + 3 };
extern const uint32_t steps_first[], steps_end[];
void steps(uint64_t rounds, uint64_t *ret_sums);
__asm__(
    ".text\n.globl steps, steps_first, steps_end\n.type steps, %function\nsteps:\n"
    "    stp x29, x30, [sp, #-112]!\n    stp x19, x20, [sp, #16]\n    stp x21, x22, [sp, #32]\n    str x1, [sp, #48]\n"
    "    mov x22, x0\n    mov x19, #0\n    mov x20, #0\n"
    "    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n    mov x\\n, #0\n    .endr\n"
    "    .irp n, 0,1,2,3\n    movi v\\n\\().2d, #0\n    .endr\n"
    "    mov x16, #1\n    dup v31.2d, x16\n    str xzr, [sp, #64]\n"
    "steps_loop:\n"
    "    cmp x19, x22\n    b.eq steps_out\n"
    "steps_first:\n"
    "    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n    add x\\n, x\\n, #(\\n + 1)\n    .endr\n"
    "    .irp n, 0,1,2,3\n    add v\\n\\().2d, v\\n\\().2d, v31.2d\n    .endr\n"
    "    ldr x20, [sp, #64]\n    add x20, x20, #1\n    str x20, [sp, #64]\n"
    "steps_end:\n"
    "    add x19, x19, #1\n    b steps_loop\n"
    "steps_out:\n"
    "    ldr x21, [sp, #48]\n    stp x0, x1, [x21]\n    stp x14, x15, [x21, #16]\n    stp x19, x20, [x21, #32]\n"
    "    stp q0, q3, [x21, #48]\n"
    "    ldp x21, x22, [sp, #32]\n    ldp x19, x20, [sp, #16]\n    ldp x29, x30, [sp], #112\n    ret\n");

static atomic_uint step_hits[STEPS], steps_wrong, steps_seen;
static pthread_t steps_thread;
static atomic_int steps_done;

static void clobber(void)
{
    __asm__ volatile(
        ".irp n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n movi v\\n\\().16b, #0xa5\n .endr\n"
        "mov x9, #-1\n msr fpsr, x9\n cmp x9, x9\n"
        : : : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27", "v28", "v29", "v30", "v31", "x9", "cc");
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const uint32_t *pc = (const uint32_t *)uc->uc_mcontext.pc;

    (void)info;
    (void)sig;
    if (pc >= steps_first && pc < steps_end) {
        unsigned k = (unsigned)(pc - steps_first);
        uint64_t round = uc->uc_mcontext.regs[19];
        unsigned bad = 0;

        for (unsigned n = 0; n < 16; n++) {
            bad += uc->uc_mcontext.regs[n] != (n + 1) * (round + (k > n));
        }
        for (unsigned n = 0; n < 4; n++) {
            uint64_t v[2], want = round + (k > 16 + n);

            memcpy(v, &frame_fp(uc)->vregs[n], 16);
            bad += v[0] != want || v[1] != want;
        }
        bad += uc->uc_mcontext.regs[20] != round + (k == 22);
        bad += (uc->uc_mcontext.pstate >> 28) != 8;             /* less: N, no borrow-free carry */
        bad += uc->uc_mcontext.sp % 16 != 0;
        steps_wrong += bad != 0;
        step_hits[k]++;
    }
    steps_seen++;
    clobber();
}

static void *send_signals(void *arg)
{
    while (!steps_done) {
        unsigned before = steps_seen;

        pthread_kill(steps_thread, SIGUSR1);
        for (unsigned i = 0; i < 100 && steps_seen == before && !steps_done; i++) {
            sched_yield();
        }
    }
    return arg;
}

static unsigned steps_hit(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < STEPS; i++) {
        n += step_hits[i] > 0;
    }
    return n;
}

/* all: until each instruction was interrupted, for a minute at most. */
static void test_steps(int all)
{
    enum { ROUNDS = 20000 };
    time_t end = time(NULL) + 60;
    unsigned wrong = 0;
    pthread_t t;

    steps_thread = pthread_self();
    handle(SIGUSR1, on_step, SA_RESTART);
    pthread_create(&t, NULL, send_signals, NULL);
    for (unsigned turn = 0; time(NULL) < end && (turn < 20 || steps_seen < 200 || (all && steps_hit() < STEPS)); turn++) {
        uint64_t r[10];

        steps(ROUNDS, r);
        wrong += r[0] != ROUNDS || r[1] != 2 * ROUNDS || r[2] != 15 * ROUNDS || r[3] != 16 * ROUNDS || r[4] != ROUNDS ||
                 r[5] != ROUNDS || r[6] != ROUNDS || r[7] != ROUNDS || r[8] != ROUNDS || r[9] != ROUNDS;
    }
    steps_done = 1;
    pthread_join(t, NULL);
    for (unsigned i = 0; all && i < STEPS && steps_hit() < STEPS; i++) {
        printf("instruction %u: %u signals\n", i, step_hits[i]);
    }
    printf("steps: %u frames wrong, %u sums wrong, each instruction: %s\n", steps_wrong, wrong,
           !all ? "not asked" : steps_hit() == STEPS ? "yes" : "no");
}

/* Loads and stores that each fault first: the state is exact, the handler lets it go on. */
static uint8_t *gates;
static volatile unsigned gate_wrong, gate_hits;

static void on_gate(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uint64_t page = ((uint8_t *)info->si_addr - gates) / PAGE;

    (void)sig;
    /* before gate n, X1 is n and X2 the sum so far, whatever was computed ahead */
    gate_wrong += page >= 32 || uc->uc_mcontext.regs[1] != page || uc->uc_mcontext.regs[2] != page * (page + 1) / 2 ||
                  (uc->uc_mcontext.pstate >> 28) != (page == 0 ? 6u : 2u);
    gate_hits++;
    if (page < 32) {
        mprotect(gates + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
    } else {
        _exit(3);
    }
    clobber();
}

static void test_gates(void)
{
    uint64_t sum, at;

    gates = mmap(NULL, 33 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(SIGSEGV, on_gate, 0);
    at = (uintptr_t)gates;
    __asm__ volatile(
        "mov x0, %1\n mov x1, #0\n mov x2, #0\n"
        ".rept 16\n cmp x1, #0\n ldr x3, [x0]\n add x1, x1, #1\n add x2, x2, x1\n add x0, x0, #4096\n"
        " cmp x1, #0\n stp x1, x2, [x0, #8]\n add x1, x1, #1\n add x2, x2, x1\n add x0, x0, #4096\n .endr\n"
        "mov %0, x2\n" : "=r"(sum) : "r"(at) : "x0", "x1", "x2", "x3", "cc", "memory");
    printf("gates: %u faults, %u wrong, sum %d\n", gate_hits, gate_wrong, (int)sum);
}

/* -- nesting, masks, stacks ------------------------------------------------------------------------------------------ */

static volatile int depth, deepest, order[16], num_order;    /* raise() is a leaf, to the compiler */

static int is_blocked(int sig)
{
    sigset_t set;

    sigprocmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, sig);
}

static void on_nested(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)info;
    order[num_order++ % 16] = sig;
    if (!is_blocked(sig) || sigismember(&uc->uc_sigmask, sig)) {
        deepest += 100;
    }
    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (sig == SIGUSR1) {
        raise(SIGUSR2);
    } else if (sig == SIGUSR2) {
        if (num_order < 3) {
            raise(SIGUSR1);                     /* blocked: comes when the first is over */
        }
        raise(SIGHUP);
    }
    order[num_order++ % 16] = -sig;
    depth--;
}

static void on_recursive(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (++depth < 6) {
        raise(sig);
    }
}

static void on_edit(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    __uint128_t v = 77;

    (void)sig;
    (void)info;
    uc->uc_mcontext.pc += 4;
    uc->uc_mcontext.regs[5] = 55;
    memcpy(&frame_fp(uc)->vregs[7], &v, 16);
    frame_fp(uc)->fpsr = 0x1f;
    uc->uc_mcontext.pstate = UINT64_C(0x90000000);
}

static void test_nesting(void)
{
    uint64_t x5, v7, fpsr, nzcv;

    handle(SIGUSR1, on_nested, 0);
    handle(SIGUSR2, on_nested, 0);
    handle(SIGHUP, on_nested, 0);
    raise(SIGUSR1);
    printf("nested: depth %d:", deepest);
    for (int i = 0; i < num_order && i < 16; i++) {
        printf(" %d", order[i]);
    }
    printf(", blocked after: %d\n", is_blocked(SIGUSR1) + is_blocked(SIGUSR2));
    depth = 0;
    handle(SIGUSR2, on_recursive, SA_NODEFER);
    raise(SIGUSR2);
    printf("SA_NODEFER: %d\n", depth);
    handle(SIGUSR2, on_recursive, SA_RESETHAND);
    depth = 10;
    raise(SIGUSR2);
    {
        struct sigaction sa;

        sigaction(SIGUSR2, NULL, &sa);
        printf("SA_RESETHAND: %d %d\n", depth, sa.sa_handler == SIG_DFL);
    }
    handle(SIGTRAP, on_edit, 0);
    __asm__ volatile("mov x5, #1\n movi v7.2d, #0\n brk #1\n mov %0, x5\n mov %1, v7.d[0]\n mrs %2, fpsr\n mrs %3, nzcv"
                     : "=&r"(x5), "=&r"(v7), "=&r"(fpsr), "=r"(nzcv) : : "x5", "v7", "cc");
    printf("edited frame: %d %d 0x%x 0x%x\n", (int)x5, (int)v7, (unsigned)fpsr, (unsigned)nzcv);
}

enum { ALT_SIZE = 65536 };
static char alt_stack[ALT_SIZE];
static stack_t in_handler;
static volatile int eperm, autodisarm, rearmed;

static void on_alt(int sig, siginfo_t *info, void *context)
{
    stack_t s = { .ss_flags = SS_DISABLE };
    char here;

    (void)context;
    (void)info;
    sigaltstack(NULL, &in_handler);
    eperm = sigaltstack(&s, NULL) < 0 ? errno : 0;
    deepest = &here > (char *)in_handler.ss_sp && &here < (char *)in_handler.ss_sp + in_handler.ss_size;
    if (sig == SIGUSR1) {
        raise(SIGUSR2);                         /* on the same stack, below */
        depth = deepest;
    }
    autodisarm = in_handler.ss_flags;
    if (in_handler.ss_flags == SS_DISABLE) {    /* it is set by a program that is on it */
        s = (stack_t){ .ss_sp = alt_stack, .ss_size = ALT_SIZE, .ss_flags = (int)(1u << 31) };
        rearmed = sigaltstack(&s, NULL) == 0 && sigaltstack(&s, &in_handler) == 0;
    }
}

static volatile int no_room_code, on_own_stack;

static void on_no_room(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    stack_t s;

    (void)sig;
    sigaltstack(NULL, &s);
    on_own_stack = (char *)&s > (char *)s.ss_sp && (char *)&s < (char *)s.ss_sp + s.ss_size;
    no_room_code = info->si_code;
    uc->uc_mcontext.sp = uc->uc_mcontext.regs[9];
}

/* A frame that the stack cannot take: SIGSEGV, whose handler has another one. */
static void no_room(void)
{
    handle(SIGUSR1, on_alt, 0);
    handle(SIGSEGV, on_no_room, SA_ONSTACK);
    __asm__ volatile("mov x9, sp\n mov x10, #4096\n mov x0, %0\n mov x1, #10\n mov x8, #129\n mov sp, x10\n svc #0\n"
                     : : "r"((uint64_t)getpid()) : "x0", "x1", "x8", "x9", "x10", "memory");
    signal(SIGSEGV, SIG_DFL);
}

static void test_stacks(void)
{
    stack_t s = { .ss_sp = alt_stack, .ss_size = ALT_SIZE }, now;

    sigaltstack(&s, NULL);
    handle(SIGUSR1, on_alt, SA_ONSTACK);
    handle(SIGUSR2, on_alt, SA_ONSTACK);
    raise(SIGUSR1);
    sigaltstack(NULL, &now);
    printf("alternate stack: inside %d %d, flags %d, EPERM %d, after %d\n", deepest, depth, in_handler.ss_flags,
           eperm == EPERM, now.ss_flags);
    s.ss_flags = (int)(1u << 31);               /* SS_AUTODISARM */
    sigaltstack(&s, NULL);
    raise(SIGUSR2);
    sigaltstack(NULL, &now);
    printf("SS_AUTODISARM: in the handler %d, set there %d, after 0x%x, same %d\n", autodisarm, rearmed,
           (unsigned)now.ss_flags, now.ss_sp == s.ss_sp);
    s.ss_flags = 0;
    sigaltstack(&s, NULL);
    no_room();
    printf("no room: code 0x%x, on the other stack %d\n", (unsigned)no_room_code, on_own_stack);
    s.ss_size = 100;
    printf("a small one: %d\n", sigaltstack(&s, NULL) < 0 ? errno : 0);
    s.ss_flags = SS_DISABLE;
    sigaltstack(&s, NULL);
}

/* -- queues, children, waiting --------------------------------------------------------------------------------------- */

static volatile int values[16], num_values, codes;

static void on_value(int sig, siginfo_t *info, void *context)
{
    (void)context;
    values[num_values++ % 16] = sig * 1000 + info->si_value.sival_int;
    codes += info->si_code == SI_QUEUE && info->si_pid == getpid();
}

static siginfo_t child_info;
static volatile int children;

static void on_child(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    child_info = *info;
    children++;
}

static void test_queues(void)
{
    sigset_t set, old;
    struct timespec none = { 0, 0 };
    siginfo_t info;
    int status, r;
    pid_t pid;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 2);
    handle(SIGRTMIN + 1, on_value, 0);
    handle(SIGRTMIN + 2, on_value, 0);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 3; i++) {
        sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = i });
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    /* a frame is pushed for each, the lowest first: the handlers run in any order of nesting, but in order of a kind */
    for (int k = 1; k <= 2; k++) {
        printf("queued %d:", k);
        for (int i = 0; i < num_values; i++) {
            if (values[i] / 1000 == SIGRTMIN + k) {
                printf(" %d", values[i] % 1000);
            }
        }
        printf("\n");
    }
    printf("from: %d\n", codes);
    sigprocmask(SIG_BLOCK, &set, &old);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 9 });
    r = sigtimedwait(&set, &info, &none);
    printf("sigtimedwait: %d %d, then %d\n", r == SIGRTMIN + 1, info.si_value.sival_int,
           sigtimedwait(&set, &info, &none) < 0 ? errno : 0);
    sigprocmask(SIG_SETMASK, &old, NULL);

    handle(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
    pid = fork();
    if (pid == 0) {
        _exit(5);
    }
    waitpid(pid, &status, 0);
    while (!children) {
        usleep(1000);
    }
    printf("SIGCHLD: %d %d %d\n", child_info.si_code, child_info.si_status, child_info.si_pid == pid);
    children = 0;
    pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        raise(SIGSTOP);
        abort();
    }
    waitpid(pid, &status, WUNTRACED);
    printf("stopped: %d by %d, told %d\n", WIFSTOPPED(status), WSTOPSIG(status), children);
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    while (!children) {
        usleep(1000);
    }
    printf("aborted: %d %d\n", child_info.si_code == CLD_KILLED || child_info.si_code == CLD_DUMPED, child_info.si_status);
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    printf("ignored children: %d\n", waitpid(pid, &status, 0) < 0 ? errno : 0);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    handle(SIGALRM, on_child, 0);
    children = 0;
    ualarm(20000, 0);
    r = sigsuspend(&old);
    printf("sigsuspend: %d %d %d, blocked %d\n", r, errno, children, is_blocked(SIGALRM));
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static int death(void (*fn)(void))
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);
        fn();
        _exit(100);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void fault_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    *(volatile int *)8 = 1;
}

static void fault_blocked(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    handle(SIGSEGV, on_value, 0);
    raise(SIGSEGV);
    if (num_values > 6) {
        _exit(1);
    }
    *(volatile int *)8 = 1;
}

static void bad_frame(void)
{
    __asm__ volatile("mov x0, #4096\n mov sp, x0\n mov x8, #139\n svc #0");
}

static void on_wild_stack(void)
{
    handle(SIGALRM, on_value, 0);
    signal(SIGSEGV, SIG_DFL);
    ualarm(1000, 1000);                         /* the first may come before */
    __asm__ volatile("mov x0, #4096\n mov sp, x0\n 1: b 1b");
}

static void illegal(void)
{
    signal(SIGILL, SIG_DFL);
    __asm__ volatile("udf #0");
}

static void trap(void)
{
    signal(SIGTRAP, SIG_DFL);
    __asm__ volatile("brk #0");
}

static void terminated(void)
{
    kill(getpid(), SIGTERM);
}

static void test_deaths(void)
{
    printf("deaths: %d %d", death(fault_ignored), death(fault_blocked));
    printf(" %d %d", death(bad_frame), death(on_wild_stack));
    printf(" %d %d %d\n", death(illegal), death(trap), death(terminated));
}

/* -- threads --------------------------------------------------------------------------------------------------------- */

static atomic_int arrived;
static pthread_t target_thread;

static void on_thread(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    arrived += pthread_equal(pthread_self(), target_thread) ? 1 : 1000;
}

static void *wait_there(void *arg)
{
    while (!*(atomic_int *)arg) {
        usleep(500);
    }
    return NULL;
}

static void *nothing(void *arg)
{
    return arg;
}

static void *exec_there(void *arg)
{
    (void)arg;
    execl(self, self, "exec", (char *)NULL);
    return NULL;
}

static void *spin(void *arg)
{
    volatile uint64_t n = 0;

    for (;;) {
        n++;
    }
    return arg;
}

static void exec_from_thread(void)
{
    pthread_t t[3];

    pthread_create(&t[0], NULL, spin, NULL);
    pthread_create(&t[1], NULL, spin, NULL);
    pthread_create(&t[2], NULL, exec_there, NULL);
    pause();
}

static void *last_one(void *first)
{
    pthread_join(*(pthread_t *)first, NULL);    /* what exit takes away, its unwinding needs */
    exit(23);
    return NULL;
}

static void first_thread_ends(void)
{
    static pthread_t first;
    pthread_t t;

    first = pthread_self();
    pthread_create(&t, NULL, last_one, &first);
    pthread_exit(NULL);
}

static void *starts_more(void *arg)
{
    pthread_t t;

    for (;;) {
        if (pthread_create(&t, NULL, nothing, NULL) == 0) {
            pthread_detach(t);
        }
    }
    return arg;
}

static void exit_in_a_storm(void)
{
    pthread_t t;

    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, starts_more, NULL);
    }
    usleep(30000);
    exit(24);
}

static void killed_in_a_storm(void)
{
    pthread_t t;

    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, starts_more, NULL);
    }
    usleep(30000);
    kill(getpid(), SIGKILL);
    pause();
}

static void test_threads(void)
{
    atomic_int stop = 0;
    sigset_t set;
    pthread_t t[8];
    int bad = 0;

    handle(SIGUSR1, on_thread, SA_RESTART);
    pthread_create(&target_thread, NULL, wait_there, &stop);
    for (int i = 0; i < 50; i++) {
        int before = arrived;

        pthread_kill(target_thread, SIGUSR1);
        for (int k = 0; k < 4000 && arrived == before; k++) {
            usleep(500);
        }
    }
    printf("to a thread: %d", arrived);
    /* to the process: this thread blocks it, so it is the other's */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    arrived = 0;
    kill(getpid(), SIGUSR1);
    for (int k = 0; k < 4000 && !arrived; k++) {
        usleep(500);
    }
    printf(", to the process: %d\n", arrived);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    stop = 1;
    pthread_join(target_thread, NULL);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 8; i++) {
            bad += pthread_create(&t[i], NULL, nothing, code + i) != 0;
        }
        for (int i = 0; i < 8; i++) {
            void *r;

            bad += pthread_join(t[i], &r) != 0 || r != code + i;
        }
    }
    printf("storm: %d wrong\n", bad);
    for (int i = 0; i < 3; i++) {
        int a = death(exec_from_thread), b = death(first_thread_ends), c = death(exit_in_a_storm), d = death(killed_in_a_storm);

        if (i == 0 || a != -22 || b != -23 || c != -24 || d != 9) {
            printf("ends: %d %d %d %d\n", a, b, c, d);
        }
    }
}

/* -- what a handler leaves in its frame -------------------------------------------------------------------------------- */

typedef struct Record {
    uint32_t magic, size;
    uint64_t esr;
} Record;

static int change;

/* Writes the frame's records anew. */
static void on_change(int sig, siginfo_t *info, void *context)
{
    const Record esr = { ESR_MAGIC_NUMBER, sizeof(esr), 0 }, other = { 0x12345678, sizeof(other), 0 };
    ucontext_t *uc = context;
    struct fpsimd_context fp = *frame_fp(uc);
    uint8_t *at = uc->uc_mcontext.__reserved;

    (void)sig;
    (void)info;
    fp.vregs[16] = 0x4321;
    fp.head.size -= change == 5 ? 16 : 0;
    uc->uc_mcontext.pstate |= change == 10 ? 4 : change == 11 ? 0x80 : change == 12 ? 0x10 : change == 13 ? 0x8020 : 0;
#define APPEND(what) (memcpy(at, &what, sizeof(what)), at += sizeof(what))
    if (change == 1 || change == 2 || change == 6) {
        APPEND(esr);
    }
    if (change == 2) {
        APPEND(esr);
    }
    if (change == 6) {
        APPEND(other);
    }
    if (change != 3) {
        APPEND(fp);
    }
    if (change == 4) {
        APPEND(fp);
    }
    memset(at, 0, 16);
    if (change == 7) {
        at[4] = 8;                              /* an end with a size */
    } else if (change == 8) {
        memcpy(at, &esr, sizeof(esr));          /* no end */
        ((Record *)at)->size = 4096;
    } else if (change == 9) {
        memcpy(at, &esr, sizeof(esr));
        ((Record *)at)->size = 24;              /* the next one is not aligned */
        memset(at + 24, 0, 8);
    }
}

static void test_frames(void)
{
    const long pid = getpid(), tid = syscall(SYS_gettid);

    handle(SIGUSR1, on_change, 0);
    handle(SIGSEGV, on_fault, 0);
    printf("frames:");
    for (change = 0; change < 14; change++) {
        if (!sigsetjmp(back, 1)) {
            register long x0 __asm__("x0") = pid, x1 __asm__("x1") = tid, x2 __asm__("x2") = SIGUSR1;
            register long x8 __asm__("x8") = SYS_tgkill;
            uint64_t value = 0x1111;

            __asm__ volatile("fmov d16, %1\n svc #0\n fmov %1, d16"
                             : "+r"(x0), "+r"(value) : "r"(x1), "r"(x2), "r"(x8) : "v16", "memory");
            printf(" %llx", (unsigned long long)value);
        } else {
            printf(" %d/%d/%d", seen.si_signo, seen.si_code, (uintptr_t)seen.si_addr == seen_sp);
        }
    }
    printf("\n");
    signal(SIGSEGV, SIG_DFL);
}

/* -- memory copy and set, from the middle ------------------------------------------------------------------------------ */

/* Begins at one of the three instructions, with registers and flags as if those before it had run. */
#define FROM(stage, p, m, e) \
    __asm__ volatile("mov x0, %0\n mov x1, %1\n mov x2, %2\n msr nzcv, %3\n b " #stage "f\n" \
                     "1: .inst " #p "\n 2: .inst " #m "\n 3: .inst " #e "\n mov %2, x2" \
                     : "+r"(x0), "+r"(x1), "+r"(x2) : "r"(flags) : "x0", "x1", "x2", "memory", "cc")
#define CPYF(stage) FROM(stage, 0x19010440, 0x19410440, 0x19810440)
#define CPY(stage) FROM(stage, 0x1d010440, 0x1d410440, 0x1d810440)
#define SET(stage) FROM(stage, 0x19c10440, 0x19c14440, 0x19c18440)

static void copied(const uint8_t *got, const uint8_t *want, uint64_t left)
{
    printf(" %d", left == 0 && memcmp(got, want, 300) == 0);
}

static void test_copies(void)
{
    enum { N = 300, C = 2 << 28, NC = 10 << 28 };
    static uint8_t from[N], to[2 * N], sets[N];

    printf("copies:");
    for (int i = 0; i < 9; i++) {
        uint64_t x0 = (uintptr_t)to, x1 = (uintptr_t)from, x2 = N;
        uint64_t flags = C;                     /* of the other way to do it */

        for (unsigned k = 0; k < N; k++) {
            from[k] = (uint8_t)(k * 7 + i);
        }
        memset(to, 0, sizeof(to));
        memset(sets, 0x5a, N);
        switch (i) {
        case 0:
            CPYF(1);
            break;
        case 1:
            CPYF(2);
            break;
        case 2:
            CPYF(3);
            break;
        case 3:                                 /* backward: from the ends */
            x0 += N, x1 += N, flags = NC;
            CPY(2);
            break;
        case 4:                                 /* nothing of it is done when it ends */
            x0 += N, x1 += N, x2 = -(uint64_t)N, flags = 0;
            CPY(3);
            break;
        case 5:
            x1 = 0x5a;
            SET(1);
            break;
        case 6:
            x1 = 0x5a;
            SET(2);
            break;
        case 7:
            x0 += N, x1 = 0x5a, x2 = -(uint64_t)N, flags = 0;
            SET(3);
            break;
        default:                                /* backward, as it is done here: nothing is moved */
            flags = 0;
            CPY(3);
        }
        copied(to, i >= 5 && i < 8 ? sets : from, x2);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;

    self = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (only && strcmp(only, "exec") == 0) {
        return 22;
    }
#define TEST(name, ...) \
    if (!only || strcmp(only, #name) == 0) { \
        test_##name(__VA_ARGS__); \
    }
    TEST(faults)
    TEST(overflow)
    TEST(gates)
    TEST(nesting)
    TEST(stacks)
    TEST(queues)
    TEST(deaths)
    TEST(threads)
    TEST(frames)
    TEST(copies)
    if (!only || strcmp(only, "steps") == 0) {
        test_steps(only != NULL);
    }
    return 0;
}
