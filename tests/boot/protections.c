/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Linux makes of memory tagging and branch target identification, for protections.py: one line for each finding. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Documentation/arm64/memory-tagging-extension.rst, uapi/asm/mman.h */
enum { SET_TAGGED_ADDR_CTRL = 55, TAGGED_ADDR_ENABLE = 1, TCF_SYNC = 1 << 1, TCF_ASYNC = 1 << 2, TAGS_SHIFT = 3 };
enum { GUARDED = 0x10, TAGGED = 0x20 };

static sigjmp_buf back;
static volatile sig_atomic_t got_signal, got_code;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)context;
    got_signal = signal;
    got_code = info->si_code;
    siglongjmp(back, 1);
}

static void tags(const char *name, unsigned long how)
{
    volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | TAGGED, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t p = (uintptr_t)page;

    prctl(SET_TAGGED_ADDR_CTRL, TAGGED_ADDR_ENABLE | how | 0xfffeul << TAGS_SHIFT, 0, 0, 0);
    __asm__ volatile("irg %0, %0\n\tstg %0, [%0]" : "+r"(p) : : "memory");
    got_signal = got_code = 0;
    if (!sigsetjmp(back, 1)) {
        *(volatile char *)p = 1;
        printf("%s right tag: signal %d\n", name, got_signal);
        *(volatile char *)(p ^ UINT64_C(1) << 56) = 2;
        getppid();                              /* an asynchronous fault is seen by the next system call */
    }
    printf("%s wrong tag: signal %d code %d\n", name, (int)got_signal, (int)got_code);
}

static void branch(const char *name, void *to)
{
    got_signal = got_code = 0;
    if (!sigsetjmp(back, 1)) {
        ((void (*)(void))to)();
    }
    printf("%s: signal %d code %d\n", name, (int)got_signal, (int)got_code);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_NODEFER };
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    tags("sync", TCF_SYNC);
    tags("async", TCF_ASYNC);
    code[0] = 0xd503245f;                       /* BTI c */
    code[1] = code[3] = 0xd65f03c0;             /* RET */
    code[2] = 0xd503201f;                       /* NOP */
    __builtin___clear_cache((char *)code, (char *)&code[4]);
    mprotect(code, 4096, PROT_READ | PROT_EXEC | GUARDED);
    branch("to a landing pad", &code[0]);
    branch("to none", &code[2]);
    return 0;
}
