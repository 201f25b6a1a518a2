/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program for user mode: what the kernel gives a process besides system calls on files. programs.py has the output. */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
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

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_vdso();
    test_unwind();
    test_descriptors();
    return 0;
}
