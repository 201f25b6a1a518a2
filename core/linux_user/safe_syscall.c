/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host system calls that lose no signal. A handler that runs before the call has begun, or that interrupted one which
 * the kernel is about to begin again, sends the thread to the end with LINUX_ERESTART: the guest's handler comes
 * first. The kernel restarts a call only after a handler with SA_RESTART, which ours has when the guest's has, so
 * what restarts and what gives EINTR is its decision.
 */
#include <unistd.h>
#include "core/linux_user/user_int.h"

#ifdef __x86_64__
G_STATIC_ASSERT(LINUX_ERESTART == -512);
__asm__(
    ".pushsection .text\n"
    ".type linux_safe_syscall, @function\n"
    "linux_safe_syscall:\n"                     /* (pending, nr, a0, a1, a2, a3, a4, a5) */
    "    push %rbx\n"
    "    mov %rdi, %rbx\n"
    "    mov %rsi, %rax\n"
    "    mov %rdx, %rdi\n"
    "    mov %rcx, %rsi\n"
    "    mov %r8, %rdx\n"
    "    mov %r9, %r10\n"
    "    mov 16(%rsp), %r8\n"
    "    mov 24(%rsp), %r9\n"
    "linux_safe_syscall_start:\n"
    "    cmpl $0, (%rbx)\n"
    "    jne linux_safe_syscall_again\n"
    "    syscall\n"
    "linux_safe_syscall_end:\n"
    "    pop %rbx\n"
    "    ret\n"
    "linux_safe_syscall_again:\n"
    "    mov $-512, %rax\n"
    "    jmp linux_safe_syscall_end\n"
    ".size linux_safe_syscall, . - linux_safe_syscall\n"
    ".popsection\n");

int64_t linux_safe_syscall(const uint32_t *pending, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                           uint64_t a4, uint64_t a5);
extern const char linux_safe_syscall_start[], linux_safe_syscall_end[], linux_safe_syscall_again[];

static int64_t call(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    return linux_safe_syscall(&t->pending, nr, a0, a1, a2, a3, a4, a5);
}

uintptr_t safe_syscall_resume(uintptr_t pc)
{
    return pc >= (uintptr_t)linux_safe_syscall_start && pc < (uintptr_t)linux_safe_syscall_end ?
           (uintptr_t)linux_safe_syscall_again : pc;
}

bool safe_syscall_inside(uintptr_t pc)
{
    return pc >= (uintptr_t)linux_safe_syscall_start && pc <= (uintptr_t)linux_safe_syscall_end;
}
#else
/* Without the stub a signal that comes between the test and the call is delivered when the call is over. */
static int64_t call(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    long r;

    if (__atomic_load_n(&t->pending, __ATOMIC_ACQUIRE)) {
        return LINUX_ERESTART;
    }
    r = syscall(nr, a0, a1, a2, a3, a4, a5);
    return r < 0 ? -errno : r;
}

uintptr_t safe_syscall_resume(uintptr_t pc)
{
    return pc;
}

bool safe_syscall_inside(uintptr_t pc G_GNUC_UNUSED)
{
    return false;
}
#endif

int64_t call_unless_pending(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return call(t, nr, a0, a1, a2, a3, 0, 0);
}

int64_t safe_syscall(Thread *t, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    int64_t r = LINUX_ERESTART;

    if (!t->p->gdb) {
        return call(t, nr, a0, a1, a2, a3, a4, a5);
    }
    if (gdb_call_begins(t)) {
        r = call(t, nr, a0, a1, a2, a3, a4, a5);
    }
    gdb_call_ends(t);
    return r;
}
