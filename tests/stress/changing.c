/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code that changes, in every way that a program can change it; each part says what it computed, which is the same on any
 * machine. changing [ROUNDS]. For A64.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define RET 0xd65f03c0u
#define NOP 0xd503201fu
#define MOVZ(d, v) (0xd2800000u | (uint32_t)(v) << 5 | (d))
#define ADD(d, n, v) (0x91000000u | (uint32_t)(v) << 10 | (n) << 5 | (d))
#define SUBS(d, n, v) (0xf1000000u | (uint32_t)(v) << 10 | (n) << 5 | (d))
#define STRW(t, n, v) (0xb9000000u | (uint32_t)(v) / 4 << 10 | (n) << 5 | (t))
#define LDRW(t, n, v) (0xb9400000u | (uint32_t)(v) / 4 << 10 | (n) << 5 | (t))
#define BNE(insns) (0x54000001u | ((uint32_t)(insns) & 0x7ffff) << 5)
#define B(insns) (0x14000000u | ((uint32_t)(insns) & 0x3ffffff))

typedef uint64_t (*Fn)(uint64_t a, uint64_t b);
static unsigned rounds = 300;

static void *pages(unsigned n)
{
    void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        exit(2);
    }
    return p;
}

static void sync_code(const void *p, size_t len)
{
    __builtin___clear_cache((char *)p, (char *)p + len);
}

static void say(const char *what, uint64_t got, uint64_t want)
{
    printf("%s: %s\n", what, got == want ? "ok" : "wrong");
    if (got != want) {
        printf("  %llu, not %llu\n", (unsigned long long)got, (unsigned long long)want);
    }
    fflush(stdout);
}

/* A function is written anew each time round, and runs at once. */
static void tight(void)
{
    uint32_t *p = pages(1);
    uint64_t sum = 0, want = 0;

    for (unsigned i = 0; i < rounds; i++) {
        p[0] = MOVZ(0, i & 0xffff);
        p[1] = ADD(0, 0, i & 15);
        p[2] = RET;
        sync_code(p, 12);
        sum += ((Fn)p)(0, 0);
        want += (i & 0xffff) + (i & 15);
    }
    say("tight", sum, want);
}

/* A loop stores an instruction of its own, which is before or behind the store, with the barriers in the loop. */
static void within(int where)
{
    static const uint32_t barriers[] = { 0xd50b7b22u /* dc cvau, x2 */, 0xd5033b9fu /* dsb ish */, 0xd50b7522u /* ic ivau, x2 */,
                                         0xd5033b9fu, 0xd5033fdfu /* isb */ };
    uint32_t *p = pages(1), *q = p, *target;
    uint64_t want = 0;

    /* x0: rounds; x6: the sum; x2: the instruction; w3: what it becomes: add x6, x6, #n, n = 4, 8, 12... */
    *q++ = 0xaa0003e5u;                         /* mov x5, x0 */
    *q++ = MOVZ(6, 0);
    uint32_t *loop = q;
    if (where < 0) {
        target = q;
        *q++ = ADD(6, 6, 0);
    } else {
        target = q + 2 + 5 + where;
    }
    *q++ = 0x11400400u | 3 << 5 | 3;           /* add w3, w3, #1, lsl #12: its immediate and 4 */
    *q++ = STRW(3, 2, 0);
    for (unsigned i = 0; i < 5; i++) {
        *q++ = barriers[i];
    }
    if (where >= 0) {
        for (int i = 0; i < where; i++) {
            *q++ = NOP;
        }
        *q++ = ADD(6, 6, 0);
    }
    *q++ = SUBS(5, 5, 1);
    *q = BNE(loop - q);
    q++;
    *q++ = 0xaa0603e0u;                         /* mov x0, x6 */
    *q++ = RET;
    sync_code(p, PAGE);
    {
        unsigned n = rounds < 900 ? rounds : 900;
        register uint64_t x0 __asm__("x0") = n;
        register uint64_t x2 __asm__("x2") = (uintptr_t)target;
        register uint64_t x3 __asm__("x3") = ADD(6, 6, 0);
        register Fn fn __asm__("x9") = (Fn)p;

        __asm__ volatile("blr x9" : "+r"(x0), "+r"(x2), "+r"(x3), "+r"(fn) : : "x5", "x6", "x30", "cc", "memory");
        for (unsigned i = 0; i < n; i++) {
            want += 4 * (where < 0 ? i : i + 1);
        }
        say(where < 0 ? "before" : where ? "behind" : "next", x0, want);
    }
    munmap(p, PAGE);
}

/* A straight run of instructions is entered at each of them, often. */
static void middle(void)
{
    enum { N = 60 };
    uint32_t *p = pages(1);
    uint64_t sum = 0, want = 0;

    for (unsigned i = 0; i < N; i++) {
        p[i] = ADD(0, 0, i + 1);
    }
    p[N] = RET;
    sync_code(p, PAGE);
    for (unsigned i = 0; i < rounds * 4; i++) {
        unsigned at = i * 7 % N;

        sum += ((Fn)(p + at))(i, 0);
        want += i + (N * (N + 1) - at * (at + 1)) / 2;
    }
    say("middle", sum, want);
}

static sigjmp_buf point;

static void on_signal(int sig)
{
    siglongjmp(point, sig);
}

/* Between two instructions there is none: a fault each time, and code goes on as before. */
static void unaligned(void)
{
    uint32_t *p = pages(1);
    uint64_t faults = 0, sum = 0;

    signal(SIGBUS, on_signal);
    signal(SIGILL, on_signal);
    p[0] = ADD(0, 0, 1);
    p[1] = RET;
    sync_code(p, 8);
    for (unsigned i = 0; i < 50; i++) {
        if (!sigsetjmp(point, 1)) {
            ((Fn)((char *)p + 1 + i % 3))(0, 0);
        } else {
            faults++;
        }
        sum += ((Fn)p)(i, 0);
    }
    say("unaligned", faults * 10000 + sum, 50 * 10000 + 50 * 51 / 2);
}

static void put_constant(uint32_t *p, unsigned v)
{
    p[0] = MOVZ(0, v);
    p[1] = B(2);
    p[2] = MOVZ(0, 1);
    p[3] = RET;
}

/* One address is several pages in turn, and pages are at several addresses. */
static void remapped(void)
{
    int fd = memfd_create("code", 0);
    char *at = pages(1), *alias;
    uint64_t sum = 0, want = 0;

    if (fd < 0 || ftruncate(fd, 4 * PAGE) < 0) {
        exit(2);
    }
    alias = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (unsigned i = 0; i < 4; i++) {
        put_constant((uint32_t *)(alias + i * PAGE), 100 + i);
    }
    for (unsigned i = 0; i < rounds; i++) {
        unsigned n = i * 5 % 4;

        if (mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, n * PAGE) != at) {
            exit(2);
        }
        for (unsigned k = 0; k < 20; k++) {
            sum += ((Fn)at)(0, 0);
            want += 100 + n;
        }
    }
    say("remapped", sum, want);
    sum = want = 0;
    for (unsigned i = 0; i < rounds; i++) {             /* written here, run there */
        put_constant((uint32_t *)(alias + PAGE), i & 0xffff);
        if (mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, PAGE) != at) {
            exit(2);
        }
        sync_code(alias + PAGE, 16);
        sync_code(at, 16);
        sum += ((Fn)at)(0, 0);
        want += i & 0xffff;
    }
    say("written elsewhere", sum, want);
    sum = want = 0;
    for (unsigned i = 0; i < rounds; i++) {             /* moved, and taken away */
        char *to = pages(2);

        if (mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) != to + PAGE) {
            exit(2);
        }
        sum += ((Fn)(to + PAGE))(0, 0);
        want += (rounds - 1) & 0xffff;
        at = to + PAGE;
        munmap(to, PAGE);
    }
    say("moved", sum, want);
    close(fd);
}

/* A page whose data is stored to beside the loop that stores it. */
static void mixed(void)
{
    uint32_t *p = pages(1);
    uint32_t *data = p + 16;

    /* x0: rounds, x1: data */
    p[0] = LDRW(2, 1, 0);
    p[1] = ADD(2, 2, 3);
    p[2] = STRW(2, 1, 0);
    p[3] = SUBS(0, 0, 1);
    p[4] = BNE(-4);
    p[5] = 0xaa0203e0u;                         /* mov x0, x2 */
    p[6] = RET;
    sync_code(p, PAGE);
    say("mixed", ((Fn)p)(rounds * 20, (uintptr_t)data), rounds * 20 * 3);
    *data = 0;
    data = p + 8;                               /* nearer: the same bytes of a cache line */
    say("nearby", ((Fn)p)(rounds * 20, (uintptr_t)data), rounds * 20 * 3);
}

/* Functions that call each other, more than translations have room for, in an order that changes. */
static void many(void)
{
    enum { FUNCTIONS = 1500, INSNS = 64 };
    unsigned n = (FUNCTIONS * INSNS * 4 + PAGE - 1) / PAGE;
    uint32_t *p = pages(n);
    uint64_t sum = 0, want = 0;

    for (unsigned f = 0; f < FUNCTIONS; f++) {
        uint32_t *q = p + f * INSNS;

        for (unsigned i = 0; i < INSNS - 1; i++) {
            q[i] = i % 8 == 7 ? B(1) : ADD(0, 0, f % 64 + i % 2);
        }
        q[INSNS - 1] = RET;
    }
    sync_code(p, n * PAGE);
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned f = 0; f < FUNCTIONS; f++) {
            unsigned g = f * 7 % FUNCTIONS;

            sum += ((Fn)(p + g * INSNS))(k, 0);
            want += k + 56 * (g % 64) + 28 - 4;
        }
    }
    say("many", sum, want);
    munmap(p, n * PAGE);
}

/*
 * An interpreter whose handlers jump to each other, or are called by a loop, as a program of addresses says; handlers change,
 * and some come late, when the others have become one region.
 */
static void jumping(bool calls, unsigned handlers)
{
    enum { STEPS = 512, FIRST = 16, WORDS = 4, MAX_HANDLERS = 40 };
    static void *program[STEPS + 1];
    uint32_t *p = pages(1), *q = p;
    unsigned add[MAX_HANDLERS], seed = 1;
    uint64_t sum = 0, want = 0;

    *q++ = MOVZ(6, 0);
    if (calls) {
        *q++ = 0xaa1e03eau;                     /* mov x10, x30 */
        *q++ = 0xf8408409u;                     /* ldr x9, [x0], #8 */
        *q++ = 0xb4000069u;                     /* cbz x9, to the last but one */
        *q++ = 0xd63f0120u;                     /* blr x9 */
        *q++ = B(-3);
        *q++ = 0xaa0a03feu;                     /* mov x30, x10 */
    } else {
        *q++ = 0xf8408409u;
        *q++ = 0xb4000049u;                     /* cbz x9, + 2 */
        *q++ = 0xd61f0120u;                     /* br x9 */
    }
    *q++ = 0xaa0603e0u;                         /* mov x0, x6 */
    *q++ = RET;
    for (unsigned h = 0; h < handlers; h++) {
        uint32_t *at = p + FIRST + WORDS * h;

        add[h] = h + 1;
        at[0] = ADD(6, 6, add[h]);
        at[1] = calls ? RET : 0xf8408409u;
        at[2] = 0xb4000009u | (uint32_t)((p + 4 - (at + 2)) & 0x7ffff) << 5;
        at[3] = 0xd61f0120u;
    }
    sync_code(p, PAGE);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned known = i < rounds / 2 ? handlers / 2 : handlers;

        if (i % 8 == 7) {                       /* one that is hot becomes another */
            unsigned h = i / 8 % known;

            add[h] = (add[h] * 5 + 3) & 0xfff;
            p[FIRST + WORDS * h] = ADD(6, 6, add[h]);
            sync_code(p + FIRST + WORDS * h, 4);
        }
        for (unsigned k = 0; k < STEPS; k++) {
            unsigned h = (seed = seed * 1103515245 + 12345) >> 16;

            h %= known;
            program[k] = p + FIRST + WORDS * h;
            want += add[h];
        }
        {
            register void *x0 __asm__("x0") = program;
            register Fn fn __asm__("x11") = (Fn)p;

            __asm__ volatile("blr x11" : "+r"(x0), "+r"(fn) : : "x6", "x9", "x10", "x30", "cc", "memory");
            sum += (uint64_t)(uintptr_t)x0;
        }
    }
    say(calls ? "calling" : "jumping", sum, want);
    munmap(p, PAGE);
}

/* Procedures that call each other and themselves at random, and change; x7 has how many more of them there may be. */
enum { PROCS = 14, PROC_WORDS = 16, BODY = 3, BODY_END = 12 };
typedef struct Procs {
    uint32_t *code;
    uint64_t sum;                               /* x6 */
    int64_t left;                               /* x7 */
} Procs;

static void simulate(Procs *s, unsigned proc)
{
    const uint32_t *at = s->code + PROC_WORDS * proc;

    if (--s->left < 0) {
        return;
    }
    for (unsigned i = BODY; i < BODY_END; i++) {
        if (at[i] >> 26 == 0x25) {              /* bl */
            simulate(s, (unsigned)(at + i + ((int32_t)(at[i] << 6) >> 6) - s->code) / PROC_WORDS);
        } else if (at[i] == 0xca0700c6u) {      /* eor x6, x6, x7 */
            s->sum ^= (uint64_t)s->left;
        } else if (at[i] == 0x36000046u) {      /* tbz w6, #0, over the next */
            i += !(s->sum & 1);
        } else if (at[i] != NOP) {
            s->sum += at[i] >> 10 & 0xfff;
        }
    }
}

static uint32_t random_insn(uint32_t *code, uint32_t *at, unsigned *seed)
{
    unsigned r = (*seed = *seed * 1103515245 + 12345) >> 12, to = r / 16 % PROCS;

    switch (r % 8) {
    case 0: case 1: case 2: return 0x94000000u | ((uint32_t)(code + PROC_WORDS * to - at) & 0x3ffffff);
    case 3: return 0xca0700c6u;
    case 4: return 0x36000046u;
    case 5: return NOP;
    default: return ADD(6, 6, r / 16 & 0xfff);
    }
}

static void procedures(void)
{
    unsigned seed = 7;
    Procs s = { .code = pages(1) };
    uint64_t sum = 0, want = 0;

    for (unsigned n = 0; n < PROCS; n++) {
        uint32_t *at = s.code + PROC_WORDS * n;

        at[0] = SUBS(7, 7, 1);
        at[1] = 0x540001abu;                    /* b.lt, to the ret */
        at[2] = 0xa9bf7bfdu;                    /* stp x29, x30, [sp, #-16]! */
        for (unsigned i = BODY; i < BODY_END; i++) {
            at[i] = random_insn(s.code, at + i, &seed);
        }
        at[12] = NOP;                           /* which the last may go over */
        at[13] = 0xa8c17bfdu;                   /* ldp x29, x30, [sp], #16 */
        at[14] = RET;
    }
    sync_code(s.code, PAGE);
    for (unsigned i = 0; i < 8 * rounds; i++) {
        unsigned proc = i / 16 % PROCS;

        s.sum = i;
        s.left = 100 + i % 57;
        simulate(&s, proc);
        {
            register uint64_t x6 __asm__("x6") = i;
            register int64_t x7 __asm__("x7") = 100 + i % 57;
            register void *fn __asm__("x11") = s.code + PROC_WORDS * proc;

            __asm__ volatile("blr x11" : "+r"(x6), "+r"(x7), "+r"(fn) : : "x30", "cc", "memory");
            sum = sum * 31 + x6 + (uint64_t)x7;
        }
        want = want * 31 + s.sum + (uint64_t)s.left;
        if (i % 32 == 31) {
            uint32_t *at = s.code + PROC_WORDS * (i / 32 % PROCS) + BODY + i / 7 % (BODY_END - BODY);

            *at = random_insn(s.code, at, &seed);
            sync_code(at, 4);
        }
    }
    say("procedures", sum, want);
    munmap(s.code, PAGE);
}

/*
 * A circle of which one piece is cut where the next begins, and goes on there, where it would itself have jumped to more places
 * than a region takes: an alarm gets in.
 */
static sigjmp_buf out;

static void on_alarm(int sig)
{
    (void)sig;
    siglongjmp(out, 1);
}

static void circle(void)
{
    enum { LEAVES = 20, AT_A = 8, AT_B = 9, AT_T = 12, AT_LEAF = 16 };
    uint32_t *p = pages(1);
    void *to[LEAVES + 1];

    p[AT_A] = ADD(4, 4, 1);
    p[AT_B] = 0xf9400025u;                      /* ldr x5, [x1] */
    p[AT_B + 1] = 0xd61f00a0u;                  /* br x5 */
    p[AT_T] = ADD(6, 6, 1);
    p[AT_T + 1] = 0xb5000002u | ((uint32_t)(AT_A - AT_T - 1) & 0x7ffff) << 5;       /* cbnz x2, A */
    p[AT_T + 2] = RET;
    to[0] = p + AT_T;
    for (unsigned i = 0; i < LEAVES; i++) {
        p[AT_LEAF + 2 * i] = ADD(6, 6, i);
        p[AT_LEAF + 2 * i + 1] = RET;
        to[i + 1] = p + AT_LEAF + 2 * i;
    }
    sync_code(p, PAGE);
    signal(SIGALRM, on_alarm);
    if (!sigsetjmp(out, 1)) {
        for (unsigned long i = 0; i <= LEAVES + 4 * rounds; i++) {
            bool last = i == LEAVES + 4 * rounds;

            if (last) {
                ualarm(100000, 0);
            }
            {
                register void **x1 __asm__("x1") = i < LEAVES ? &to[i + 1] : to;
                register uint64_t x2 __asm__("x2") = last;
                register void *fn __asm__("x11") = p + (i < LEAVES ? AT_A : AT_B);

                __asm__ volatile("blr x11" : "+r"(x1), "+r"(x2), "+r"(fn) : : "x4", "x5", "x6", "x30", "cc", "memory");
            }
        }
    }
    say("circle", 0, 0);
    munmap(p, PAGE);
}

/* What floating point raised is in FPSR where a later access faults, and no more when it was cleared. */
static volatile uint32_t seen_fpsr;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    const uint32_t *fpsimd = (const uint32_t *)((ucontext_t *)uc)->uc_mcontext.__reserved;

    (void)sig;
    (void)info;
    seen_fpsr = fpsimd[2];
    ((ucontext_t *)uc)->uc_mcontext.pc += 4;
}

static void raised(void)
{
    struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, old;
    uint64_t after, wrong = 0;

    sigaction(SIGSEGV, &a, &old);
    for (unsigned i = 0; i < 2 * rounds; i++) {
        __asm__ volatile("msr fpsr, xzr; scvtf d0, %1; ldr xzr, [%2]; mrs %0, fpsr"
                         : "=r"(after) : "r"((UINT64_C(1) << 60) + 1), "r"(UINT64_C(8)) : "v0", "memory");
        wrong += seen_fpsr != 0x10 || after != 0x10;
        /* flags of a signalling NaN's comparison are used behind what clears what it raised */
        __asm__ volatile("fmov d0, %1; msr fpsr, xzr; fcmp d0, d0; msr fpsr, xzr; b.vs 1f; nop; 1: mrs %0, fpsr"
                         : "=r"(after) : "r"(UINT64_C(0x7ff0000000000001)) : "v0", "cc");
        wrong += after != 0;
    }
    sigaction(SIGSEGV, &old, NULL);
    say("raised", wrong, 0);
}

/* A program of one thread may leave what threads share, whatever threads its emulator has. */
static void alone(void)
{
    say("alone", unshare(CLONE_THREAD), 0);
}

/* Threads run a function that another one changes between two that are as good. */
static uint32_t *shared;
static int done;

static void *runner(void *opaque)
{
    uint64_t bad = 0;

    (void)opaque;
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        for (unsigned i = 0; i < 50; i++) {
            uint64_t v = ((Fn)shared)(i, 0);

            bad += v != i + 1 && v != i + 2;
        }
    }
    return (void *)(uintptr_t)bad;
}

static void threads(void)
{
    pthread_t t[3];
    uint64_t bad = 0;

    shared = pages(1);
    shared[0] = NOP;
    shared[1] = ADD(0, 0, 1);
    shared[2] = RET;
    shared[3] = ADD(0, 0, 2);
    shared[4] = RET;
    sync_code(shared, PAGE);
    for (unsigned i = 0; i < 3; i++) {
        pthread_create(&t[i], NULL, runner, NULL);
    }
    for (unsigned i = 0; i < rounds; i++) {     /* B and NOP may be exchanged while they run */
        __atomic_store_n(shared, i % 2 ? NOP : B(3), __ATOMIC_RELEASE);
        sync_code(shared, 4);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < 3; i++) {
        void *v;

        pthread_join(t[i], &v);
        bad += (uintptr_t)v;
    }
    say("threads", bad, 0);
}

/*
 * A branch that another thread turns back, so that the code goes round, and forward again, which must let it out: a region may
 * be in the making each time.
 */
static uint32_t *turning_code;
static unsigned beats;

static void *turner(void *opaque)
{
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        ((void (*)(void))__atomic_load_n(&turning_code, __ATOMIC_ACQUIRE))();
        __atomic_fetch_add(&beats, 1, __ATOMIC_RELEASE);
    }
    return opaque;
}

static int beats_again(void)
{
    unsigned was = __atomic_load_n(&beats, __ATOMIC_ACQUIRE);
    time_t end = time(NULL) + 60;

    while (__atomic_load_n(&beats, __ATOMIC_ACQUIRE) == was && time(NULL) < end) {
        sched_yield();
    }
    return __atomic_load_n(&beats, __ATOMIC_ACQUIRE) != was;
}

static void turning(void)
{
    static const uint32_t code[] = { NOP, B(1), NOP, NOP, B(2), NOP, RET };
    unsigned bad = 0;
    pthread_t t;

    for (unsigned i = 0; i <= rounds / 30 && !bad; i++) {
        uint32_t *p = pages(1);

        memcpy(p, code, sizeof(code));
        sync_code(p, PAGE);
        __atomic_store_n(&turning_code, p, __ATOMIC_RELEASE);
        if (i == 0) {
            __atomic_store_n(&done, 0, __ATOMIC_RELEASE);
            pthread_create(&t, NULL, turner, NULL);
        }
        for (unsigned k = 0; k < 30 && !bad; k++) {
            bad = !beats_again();
            __atomic_store_n(p + 4, B(-4), __ATOMIC_RELEASE);
            sync_code(p + 4, 4);
            for (volatile unsigned wait = 0; wait < 30 * k; wait++) {
            }
            __atomic_store_n(p + 4, B(2), __ATOMIC_RELEASE);
            sync_code(p + 4, 4);
        }
    }
    say("turning", bad, 0);
    if (bad) {
        exit(1);                                /* it never comes back */
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
    rounds = argc > 1 ? (unsigned)atoi(argv[1]) : rounds;
    tight();
    within(-1);
    within(0);
    within(9);
    middle();
    unaligned();
    remapped();
    mixed();
    many();
    jumping(false, 8);
    jumping(false, 40);
    jumping(true, 8);
    jumping(true, 40);
    procedures();
    circle();
    raised();
    alone();
    threads();
    turning();
    puts("done");
    return 0;
}
