/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A debugger as the guest's first process: hardware breakpoint, watchpoint and single steps over ptrace, of a child.
 * Prints what it saw and powers off.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asm/ptrace.h>

enum { AT_EL0 = 1 | 2 << 1, STORES = 2 << 3 };                  /* of DBGBCR and DBGWCR */

static volatile uint64_t watched[8] __attribute__((aligned(64)));
static volatile unsigned calls;

__attribute__((noinline)) static void called(void)
{
    calls++;
    __asm__ volatile("");
}

static void child(void)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (unsigned i = 0; i < 10; i++) {
        called();
    }
    for (unsigned i = 0; i < 7; i++) {
        watched[2] = i;                         /* 7 hits */
        watched[3] = i;                         /* none */
    }
    for (uint64_t i = 0;; i++) {
        __asm__ volatile("" : : "r"(i));
        if (i % 1000 == 999) {
            getppid();
        }
    }
}

static int set(pid_t pid, int type, uint64_t addr, uint32_t ctrl)
{
    struct user_hwdebug_state s;
    struct iovec v = { &s, sizeof(s) };

    memset(&s, 0, sizeof(s));
    if (ptrace(PTRACE_GETREGSET, pid, type, &v)) {
        return -1;
    }
    s.dbg_regs[0].addr = addr;
    s.dbg_regs[0].ctrl = ctrl;
    v.iov_len = offsetof(struct user_hwdebug_state, dbg_regs) + sizeof(s.dbg_regs[0]);
    return ptrace(PTRACE_SETREGSET, pid, type, &v);
}

int main(void)
{
    pid_t pid = fork();
    int st;
    unsigned n, hits = 0, steps = 0, same = 0;

    if (pid == 0) {
        child();
    }
    waitpid(pid, &st, 0);
    if (set(pid, NT_ARM_HW_BREAK, (uintptr_t)called, AT_EL0 | 0xf << 5)) {
        printf("break: %s\n", strerror(errno));
    }
    if (set(pid, NT_ARM_HW_WATCH, (uintptr_t)&watched[2], AT_EL0 | STORES | 0xff << 5)) {
        printf("watch: %s\n", strerror(errno));
    }
    for (n = 0; n < 17; n++) {
        siginfo_t si;
        int type = n < 10 ? NT_ARM_HW_BREAK : NT_ARM_HW_WATCH;
        uintptr_t where = n < 10 ? (uintptr_t)called : (uintptr_t)&watched[2];
        uint32_t control = n < 10 ? AT_EL0 | 0xf << 5 : AT_EL0 | STORES | 0xff << 5;

        ptrace(PTRACE_CONT, pid, 0, 0);
        waitpid(pid, &st, 0);
        ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
        if (WIFSTOPPED(st) && WSTOPSIG(st) == SIGTRAP && si.si_code == 4 &&
            si.si_addr == (void *)where) {
            hits++;
        } else {
            printf("stop %u: status %x code %d addr %p\n", n, st, si.si_code, si.si_addr);
        }
        /* over it: step with it disabled */
        set(pid, type, where, control & ~1u);
        ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
        waitpid(pid, &st, 0);
        set(pid, type, where, control);
    }
    uint64_t last = 0;
    for (n = 0; n < 10000; n++) {
        struct user_pt_regs r;
        struct iovec v = { &r, sizeof(r) };

        ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
        waitpid(pid, &st, 0);
        if (!WIFSTOPPED(st) || WSTOPSIG(st) != SIGTRAP) {
            printf("step %u: status %x\n", n, st);
            break;
        }
        ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v);
        same += r.pc == last;
        last = r.pc;
        steps++;
    }
    printf("ptrace: hits %u steps %u same %u\n", hits, steps, same);
    kill(pid, SIGKILL);
    sync();
    reboot(RB_POWER_OFF);
    return 0;
}
