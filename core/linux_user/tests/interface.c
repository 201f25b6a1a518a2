/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program for user mode: what the kernel gives a process besides system calls on files. programs.py has the output. */
#define _GNU_SOURCE
#include <asm/hwcap.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

/* -- the vDSO -------------------------------------------------------------------------------------------------------- */

typedef struct Vdso {
    uintptr_t base;
    const ElfW(Sym) *symbols;
    const char *names;
    const uint16_t *versym;
    const ElfW(Verdef) *verdef;
    const uint32_t *hash;
} Vdso;

static Vdso vdso_open(void)
{
    Vdso v = { .base = getauxval(AT_SYSINFO_EHDR) };
    const ElfW(Ehdr) *h = (const void *)v.base;
    const ElfW(Phdr) *ph = (const void *)(v.base + h->e_phoff);

    for (int i = 0; i < h->e_phnum; i++) {
        if (ph[i].p_type == PT_DYNAMIC) {
            for (const ElfW(Dyn) *d = (const void *)(v.base + ph[i].p_vaddr); d->d_tag != DT_NULL; d++) {
                const void *at = (const void *)(v.base + d->d_un.d_ptr);

                v.symbols = d->d_tag == DT_SYMTAB ? at : v.symbols;
                v.names = d->d_tag == DT_STRTAB ? at : v.names;
                v.versym = d->d_tag == DT_VERSYM ? at : v.versym;
                v.verdef = d->d_tag == DT_VERDEF ? at : v.verdef;
                v.hash = d->d_tag == DT_HASH ? at : v.hash;
            }
        }
    }
    return v;
}

/* By the hash table, with the version's name, as a dynamic linker does. */
static void *vdso_symbol(const Vdso *v, const char *name)
{
    uint32_t h = 0;

    for (const char *p = name; *p; p++) {
        uint32_t top;

        h = (h << 4) + (uint8_t)*p;
        top = h & 0xf0000000;
        h ^= top >> 24 ^ top;
    }
    for (uint32_t i = v->hash[2 + h % v->hash[0]]; i; i = v->hash[2 + v->hash[0] + i]) {
        const ElfW(Verdef) *d = v->verdef;

        if (strcmp(v->names + v->symbols[i].st_name, name) != 0) {
            continue;
        }
        while (d->vd_ndx != (v->versym[i] & 0x7fff) && d->vd_next) {
            d = (const void *)((const char *)d + d->vd_next);
        }
        if (strcmp(v->names + ((const ElfW(Verdaux) *)((const char *)d + d->vd_aux))->vda_name, "LINUX_2.6.39") == 0) {
            return (void *)(v->base + v->symbols[i].st_value);
        }
    }
    return NULL;
}

static int64_t ns(const struct timespec *ts)
{
    return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

static void test_vdso(void)
{
    Vdso v = vdso_open();
    int (*gettime)(clockid_t, struct timespec *) = vdso_symbol(&v, "__kernel_clock_gettime");
    int (*getres)(clockid_t, struct timespec *) = vdso_symbol(&v, "__kernel_clock_getres");
    int (*gettod)(struct timeval *, struct timezone *) = vdso_symbol(&v, "__kernel_gettimeofday");
    const uint32_t *back = vdso_symbol(&v, "__kernel_rt_sigreturn");
    static const clockid_t clocks[] = {
        CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID,
    };
    struct timespec a, b, c;
    struct timeval tv;
    struct timezone tz;
    int bad = 0;

    printf("vdso: %d %d %d %d\n", gettime != NULL, getres != NULL, gettod != NULL,
           back && back[0] == 0xd2801168 && back[1] == 0xd4000001);
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        syscall(SYS_clock_gettime, clocks[i], &a);
        bad += gettime(clocks[i], &b) != 0;
        syscall(SYS_clock_gettime, clocks[i], &c);
        bad += ns(&a) > ns(&b) || ns(&b) > ns(&c);
    }
    bad += gettime(77, &b) != -EINVAL;
    bad += getres(CLOCK_MONOTONIC, &b) != 0 || ns(&b) != 1;
    clock_gettime(CLOCK_REALTIME, &a);
    bad += gettod(&tv, NULL) != 0 || llabs(tv.tv_sec * 1000000ll + tv.tv_usec - ns(&a) / 1000) > 1000000;
    bad += gettod(&tv, &tz) != 0 || tz.tz_dsttime != 0;
    printf("vdso clocks: %d\n", bad);
}

/* -- unwinding out of a signal handler -------------------------------------------------------------------------------- */

typedef struct Trace {
    uintptr_t wanted, size;
    int frames, found;
} Trace;
static Trace trace;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *opaque)
{
    Trace *t = opaque;

    t->frames++;
    t->found |= _Unwind_GetIP(context) - t->wanted < t->size;
    return _URC_NO_REASON;
}

static void on_trap(int sig)
{
    (void)sig;
    _Unwind_Backtrace(on_frame, &trace);
}

static __attribute__((noinline)) void interrupted(void)
{
    __asm__ volatile("udf #0");
}

static void skip_udf(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)info;
    on_trap(sig);
    uc->uc_mcontext.pc += 4;
}

static void test_unwind(void)
{
    struct sigaction sa = { .sa_sigaction = skip_udf, .sa_flags = SA_SIGINFO };

    sigaction(SIGILL, &sa, NULL);
    trace = (Trace){ .wanted = (uintptr_t)test_unwind, .size = 200 };
    interrupted();
    printf("unwound: %d %d\n", trace.found, trace.frames >= 5);
}

/* -- tagged addresses, memory tagging, pointer authentication --------------------------------------------------------- */

enum { TAGGED = 1, TCF_SYNC = 2, TCF_ASYNC = 4, MTE = 0x20 };
#define INCLUDE(tags) ((unsigned long)(tags) << 3)

static sigjmp_buf back;
static siginfo_t seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    seen = *info;
    siglongjmp(back, 1);
}

static long tag_ctrl(unsigned long ctrl)
{
    return prctl(PR_SET_TAGGED_ADDR_CTRL, ctrl, 0, 0, 0);
}

static char *with_tag(char *p, unsigned tag)
{
    return (char *)((uintptr_t)p | (uintptr_t)tag << 56);
}

static void set_tag(char *tagged)
{
    __asm__ volatile(".arch armv8.5-a+memtag\n\tstg %0, [%0]" : : "r"(tagged) : "memory");
}

static unsigned get_tag(char *p)
{
    __asm__ volatile(".arch armv8.5-a+memtag\n\tldg %0, [%0]" : "+r"(p) : : "memory");
    return (uintptr_t)p >> 56 & 15;
}

static unsigned random_tag(char *p)
{
    __asm__ volatile(".arch armv8.5-a+memtag\n\tirg %0, %0" : "+r"(p));
    return (uintptr_t)p >> 56 & 15;
}

static void test_tagged_addresses(void)
{
    char name[8] = "tagged", *tagged = with_tag(name, 0x5a);
    int fd[2], r;

    if (pipe(fd) < 0) {
        exit(1);
    }
    r = (int)write(fd[1], tagged, 6);
    printf("tagged: %d %d", r, errno == EFAULT);
    printf(" %ld %ld", tag_ctrl(TAGGED), (long)prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
    r = (int)write(fd[1], tagged, 6);
    printf(" %d %ld %d", r, tag_ctrl(TAGGED | 1ul << 30), errno == EINVAL);
    r = (int)prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 1, 0, 0);
    printf(" %d %d\n", r, errno == EINVAL);
    close(fd[0]);
    close(fd[1]);
}

static void *reports_tag_ctrl(void *arg)
{
    (void)arg;
    return (void *)(uintptr_t)prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0);
}

static void test_mte(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | MTE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *moved;
    char *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/proc/self/exe", O_RDONLY), r;
    unsigned tags = 0;
    pthread_t thread;
    void *ctrl;

    sigaction(SIGSEGV, &sa, NULL);
    printf("mte: %d %d", !!(getauxval(AT_HWCAP2) & HWCAP2_MTE), p != MAP_FAILED);
    printf(" %d", mmap(NULL, 4096, PROT_READ | MTE, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
    close(fd);
    printf(" %u", random_tag(p));               /* all tags are excluded at first */
    tag_ctrl(TAGGED | TCF_SYNC | INCLUDE(0x00f0));
    for (unsigned i = 0; i < 200; i++) {
        tags |= 1u << random_tag(p);
    }
    printf(" %x", tags);
    set_tag(with_tag(p + 32, 7));
    set_tag(with_tag(plain, 7));
    with_tag(p + 32, 7)[0] = 1;
    printf(" %u %u %u", get_tag(p + 32), get_tag(p + 16), get_tag(plain));
    if (!sigsetjmp(back, 1)) {
        ((volatile char *)p)[33] = 2;
    }
    printf(" %d %ld %d\n", seen.si_code, (long)((char *)seen.si_addr - p), with_tag(p, 7)[32]);
    sa.sa_flags |= 0x800;                       /* SA_EXPOSE_TAGBITS */
    sigaction(SIGSEGV, &sa, NULL);
    if (!sigsetjmp(back, 1)) {
        (void)((volatile char *)with_tag(p, 3))[40];
    }
    printf("mte tag bits: %x %d", (unsigned)((uintptr_t)seen.si_addr >> 56), seen.si_code);
    mprotect(p, 4096, PROT_READ | PROT_WRITE);  /* PROT_MTE stays */
    memset(&seen, 0, sizeof(seen));
    if (!sigsetjmp(back, 1)) {
        ((volatile char *)p)[33] = 2;
    }
    printf(" %d", seen.si_code);
    moved = mremap(p, 8192, 16384, MREMAP_MAYMOVE | MREMAP_FIXED, plain + (1 << 20));
    printf(" %u %u", get_tag(moved + 32), get_tag(moved + 12288));
    __asm__ volatile(".arch armv8.5-a+memtag\n\tmsr tco, #1");
    ((volatile char *)moved)[33] = 3;
    __asm__ volatile(".arch armv8.5-a+memtag\n\tmsr tco, #0");
    pthread_create(&thread, NULL, reports_tag_ctrl, NULL);
    pthread_join(thread, &ctrl);
    printf(" %lx\n", (long)ctrl);
    tag_ctrl(TAGGED | TCF_ASYNC | TCF_SYNC);
    memset(&seen, 0, sizeof(seen));
    if (!sigsetjmp(back, 1)) {
        ((volatile char *)moved)[33] = 4;
        for (volatile int i = 0; i < 20000000; i++) {          /* no system call: it comes all the same */
        }
    }
    printf("mte asynchronous: %d %d %d", seen.si_code, seen.si_addr == NULL, with_tag(moved, 7)[33]);
    r = fork();
    if (r == 0) {
        _exit(get_tag(moved + 32) == 7 && prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == (TAGGED | TCF_ASYNC | TCF_SYNC) ? 5 : 6);
    }
    waitpid(r, &r, 0);
    madvise(moved, 4096, MADV_DONTNEED);
    printf(" %d %u\n", WEXITSTATUS(r), get_tag(moved + 32));
    tag_ctrl(0);
    munmap(moved, 16384);
}

static volatile unsigned calls_made;
static __thread sigjmp_buf before_call;
static volatile int call_code;

static void on_call(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    call_code = info->si_code;
    siglongjmp(before_call, 1);
}

static void *calls(void *fn)
{
    if (!sigsetjmp(before_call, 1)) {
        for (;;) {
            ((void (*)(void))fn)();
            calls_made++;
        }
    }
    return NULL;
}

/* A guarded page goes on in one that is not: its BR may lead to BTI c in a guarded page. */
static void test_bti_next(void)
{
    uint32_t *code = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ret;

    code[0] = 0xd503245f;                       /* BTI c */
    code[1] = 0x14000000 | 1023;                /* B, to the next page */
    code[1024] = 0xd61f0020;                    /* BR X1 */
    code[2048] = 0xd503245f;                    /* BTI c */
    code[2049] = 0x52800540;                    /* MOV W0, #42 */
    code[2050] = 0xd65f03c0;                    /* RET */
    __builtin___clear_cache((char *)code, (char *)&code[2051]);
    mprotect(code, 3 * 4096, PROT_READ | PROT_EXEC | 0x10);
    mprotect(code + 1024, 4096, PROT_READ | PROT_EXEC);
    ret = ((int (*)(int, void *))code)(0, code + 2048);
    printf(" %d\n", ret);
    munmap(code, 3 * 4096);
}

/* A page becomes guarded while another thread calls what is in it. */
static void test_bti(void)
{
    struct sigaction sa = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO };
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned before;
    pthread_t thread;

    sigaction(SIGILL, &sa, NULL);
    code[0] = 0xd503245f;                       /* BTI c */
    code[1] = code[3] = 0xd65f03c0;             /* RET */
    code[2] = 0xd503201f;                       /* NOP */
    __builtin___clear_cache((char *)code, (char *)&code[4]);
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    pthread_create(&thread, NULL, calls, &code[2]);
    while (calls_made < 20000) {
        sched_yield();
    }
    mprotect(code, 4096, PROT_READ | PROT_EXEC | 0x10 /* PROT_BTI */);
    pthread_join(thread, NULL);
    printf("bti: %d", call_code);
    call_code = 0;
    calls(&code[3]);
    before = calls_made;
    ((void (*)(void))code)();
    printf(" %d %d", call_code, calls_made == before);
    munmap(code, 4096);
    test_bti_next();
}

static uintptr_t sign(uintptr_t p)
{
    __asm__ volatile(".arch armv8.3-a\n\tpacdza %0" : "+r"(p));
    return p;
}

static __attribute__((noinline)) void test_pac(void)
{
    uintptr_t p = 0x123450, a[4];
    unsigned signed_ones = 0, differ = 0;       /* a code has few bits: one of them may be the same by chance */

    for (unsigned i = 0; i < 4; i++) {
        a[i] = sign(p + i * 0x1010);
        signed_ones += a[i] != p + i * 0x1010;
    }
    prctl(PR_PAC_RESET_KEYS, 4 /* DA */, 0, 0, 0);
    for (unsigned i = 0; i < 4; i++) {
        differ += a[i] != sign(p + i * 0x1010);
    }
    printf("keys: %d %d", signed_ones > 1, differ > 1);
    printf(" %d", prctl(PR_PAC_RESET_KEYS, 64, 0, 0, 0));
    printf(" %x", prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0));
    printf(" %d", prctl(PR_PAC_SET_ENABLED_KEYS, 4, 0, 0, 0));
    printf(" %x %d", prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), sign(p) == p);
    printf(" %d\n", prctl(PR_PAC_SET_ENABLED_KEYS, 4, 8, 0, 0));
    prctl(PR_PAC_SET_ENABLED_KEYS, 4, 4, 0, 0);
}

/* -- ID registers ------------------------------------------------------------------------------------------------------ */

#define READ_ID(name) ({ uint64_t v_; __asm__ volatile("mrs %0, " name : "=r"(v_)); v_; })

static void test_id_registers(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    unsigned long caps = getauxval(AT_HWCAP);
    uint64_t isar0 = READ_ID("id_aa64isar0_el1"), pfr0 = READ_ID("id_aa64pfr0_el1");

    sigaction(SIGILL, &sa, NULL);
    printf("id: %d %d %d", !!(caps & HWCAP_CPUID), !!(caps & HWCAP_ATOMICS) == ((isar0 >> 20 & 15) >= 2),
           !!(caps & HWCAP_CRC32) == (isar0 >> 16 & 1));
    printf(" %lx %lx", (long)(pfr0 & 0xff), (long)(READ_ID("id_aa64mmfr0_el1") << 4 >> 4));
    printf(" %lx %lx %lx", (long)READ_ID("mpidr_el1"), (long)READ_ID("revidr_el1"), (long)READ_ID("id_aa64dfr0_el1"));
    printf(" %d %lx", READ_ID("midr_el1") != 0, (long)READ_ID("s3_0_c0_c7_7"));
    memset(&seen, 0, sizeof(seen));
    if (!sigsetjmp(back, 1)) {
        READ_ID("s3_0_c0_c0_1");
    }
    printf(" %d", seen.si_signo);
    memset(&seen, 0, sizeof(seen));
    if (!sigsetjmp(back, 1)) {
        READ_ID("sctlr_el1");
    }
    printf(" %d\n", seen.si_signo);
}

/* Each bit of the hardware capabilities is what the kernel's manual says of the ID registers (elf_hwcaps). */
static void test_capabilities(void)
{
    enum { PFR0, PFR1, ISAR0, ISAR1, ISAR2, MMFR0, MMFR1, MMFR2, NUM };
    static const struct {
        uint8_t word, bit, reg, shift, is_signed, least;
    } rows[] = {
        { 0, 0, PFR0, 16, 1, 0 }, { 0, 1, PFR0, 20, 1, 0 }, { 0, 9, PFR0, 16, 1, 1 }, { 0, 10, PFR0, 20, 1, 1 },
        { 0, 3, ISAR0, 4, 0, 1 }, { 0, 4, ISAR0, 4, 0, 2 }, { 0, 5, ISAR0, 8, 0, 1 }, { 0, 6, ISAR0, 12, 0, 1 },
        { 0, 21, ISAR0, 12, 0, 2 }, { 0, 7, ISAR0, 16, 0, 1 }, { 0, 8, ISAR0, 20, 0, 2 }, { 1, 47, ISAR0, 20, 0, 3 },
        { 0, 12, ISAR0, 28, 0, 1 }, { 0, 17, ISAR0, 32, 0, 1 }, { 0, 18, ISAR0, 36, 0, 1 }, { 0, 19, ISAR0, 40, 0, 1 },
        { 0, 20, ISAR0, 44, 0, 1 }, { 0, 23, ISAR0, 48, 0, 1 }, { 0, 27, ISAR0, 52, 0, 1 }, { 1, 7, ISAR0, 52, 0, 2 },
        { 1, 16, ISAR0, 60, 0, 1 }, { 0, 24, PFR0, 48, 0, 1 }, { 0, 16, ISAR1, 0, 0, 1 }, { 1, 0, ISAR1, 0, 0, 2 },
        { 0, 13, ISAR1, 12, 0, 1 }, { 0, 14, ISAR1, 16, 0, 1 }, { 0, 15, ISAR1, 20, 0, 1 }, { 0, 26, ISAR1, 20, 0, 2 },
        { 1, 46, ISAR1, 20, 0, 3 }, { 1, 8, ISAR1, 32, 0, 1 }, { 0, 29, ISAR1, 36, 0, 1 }, { 1, 14, ISAR1, 44, 0, 1 },
        { 1, 32, ISAR1, 44, 0, 2 }, { 1, 15, ISAR1, 48, 0, 1 }, { 1, 13, ISAR1, 52, 0, 1 }, { 0, 25, MMFR2, 32, 0, 1 },
        { 0, 28, PFR1, 4, 0, 2 }, { 1, 17, PFR1, 0, 0, 1 }, { 1, 18, PFR1, 8, 0, 2 }, { 1, 22, PFR1, 8, 0, 3 },
        { 1, 19, MMFR0, 60, 0, 1 }, { 1, 20, MMFR1, 44, 0, 1 }, { 1, 31, ISAR2, 0, 0, 2 }, { 1, 21, ISAR2, 4, 0, 1 },
        { 1, 43, ISAR2, 16, 0, 1 }, { 1, 44, ISAR2, 20, 0, 1 }, { 1, 35, ISAR2, 48, 0, 1 }, { 1, 34, ISAR2, 52, 0, 1 },
        { 0, 30, ISAR1, 4, 0, 1 }, { 0, 30, ISAR1, 8, 0, 1 }, { 0, 30, ISAR2, 12, 0, 1 },
        { 0, 31, ISAR1, 24, 0, 1 }, { 0, 31, ISAR1, 28, 0, 1 }, { 0, 31, ISAR2, 8, 0, 1 },
    };
    const uint64_t id[NUM] = {
        READ_ID("id_aa64pfr0_el1"), READ_ID("id_aa64pfr1_el1"), READ_ID("id_aa64isar0_el1"), READ_ID("id_aa64isar1_el1"),
        READ_ID("s3_0_c0_c6_2"), READ_ID("id_aa64mmfr0_el1"), READ_ID("id_aa64mmfr1_el1"), READ_ID("id_aa64mmfr2_el1"),
    };
    uint64_t want[2] = { HWCAP_CPUID, 0 };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int field = (int)(id[rows[i].reg] >> rows[i].shift & 15);

        field -= rows[i].is_signed && field & 8 ? 16 : 0;
        want[rows[i].word] |= (uint64_t)(field >= rows[i].least) << rows[i].bit;
    }
    printf("capabilities: %llx %llx\n", (unsigned long long)(want[0] ^ getauxval(AT_HWCAP)),
           (unsigned long long)(want[1] ^ getauxval(AT_HWCAP2)));
}

/* -- processes that share memory ----------------------------------------------------------------------------------------- */

static volatile int shared_word;

static void ignore(int sig)
{
    (void)sig;
}

static void test_vfork(char *self)
{
    static char *const argv[] = { "child", "x", NULL };
    struct sigaction sa = { .sa_handler = ignore }, old;
    int status, r, pidfd = -1;
    siginfo_t info;
    pid_t pid;

    sigaction(SIGUSR1, &sa, NULL);
    pid = vfork();
    if (pid == 0) {
        shared_word = 5;
        signal(SIGUSR1, SIG_DFL);               /* the child's alone */
        _exit(3);
    }
    waitpid(pid, &status, 0);
    sigaction(SIGUSR1, NULL, &old);
    printf("vfork: %d %d %d", shared_word, WEXITSTATUS(status), old.sa_handler == ignore);
    r = posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ);
    printf(" %d", r);
    r = posix_spawn(&pid, self, NULL, NULL, argv, environ);
    waitpid(pid, &status, 0);
    printf(" %d %d", r, WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        for (;;) {
        }
    }
    waitpid(pid, &status, 0);
    printf(" %d", WTERMSIG(status));
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } args = { CLONE_PIDFD, (uintptr_t)&pidfd, 0, 0, SIGCHLD, 0, 0, 0 };
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        shared_word = 6;
        _exit(4);
    }
    r = waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED);
    printf(" clone3: %d %d %d", r, info.si_status, shared_word);
    args.flags = 1ull << 40;
    r = (int)syscall(SYS_clone3, &args, sizeof(args));
    printf(" %d %d\n", r, errno == EINVAL);
    close(pidfd);
}

static void *waits(void *arg)
{
    pause();
    return arg;
}

/* libc tells its other threads by a signal that the host's libc has a use for as well. */
static void test_setxid(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, waits, NULL);
    printf("setxid: %d\n", setgid(getgid()));
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}

/* -- descriptors ------------------------------------------------------------------------------------------------------ */

static void test_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;
    int others = 0;

    while ((e = readdir(d))) {
        int fd = atoi(e->d_name);

        others += e->d_name[0] != '.' && fd > 2 && fd != dirfd(d);
    }
    printf("descriptors: %d %d\n", others, dirfd(d));
    closedir(d);
}

/* -- what looks like a fault and is none: not from here (docs/CAVEATS.md) ---------------------------------------------- */

static int failed_with(long r)
{
    return r < 0 ? errno : 0;
}

static void test_refused(void)
{
    siginfo_t fault = { .si_signo = SIGSEGV, .si_code = SEGV_MAPERR };
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0), fds[2];

    pipe(fds);
    printf("refused: %d %d %d %d %d\n", failed_with(syscall(SYS_pidfd_send_signal, self, SIGSEGV, &fault, 0)) == EPERM,
           failed_with(fcntl(fds[0], F_SETSIG, SIGSEGV)) == EINVAL, failed_with(fcntl(fds[0], F_SETSIG, SIGBUS)) == EINVAL,
           failed_with(syscall(SYS_clone, SIGSEGV, 0, 0, 0, 0)) == EINVAL,
           failed_with(syscall(SYS_clone, SIGBUS, 0, 0, 0, 0)) == EINVAL);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "capabilities") == 0) {
        test_capabilities();
        return 0;
    }
    if (argc == 2) {
        return strcmp(argv[0], "child") == 0 ? 9 : 10;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_vdso();
    test_unwind();
    test_tagged_addresses();
    test_mte();
    test_bti();
    test_pac();
    test_id_registers();
    test_capabilities();
    test_vfork(argv[0]);
    test_setxid();
    test_descriptors();
    test_refused();
    return 0;
}
