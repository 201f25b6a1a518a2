/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls: the rows of syscalls.def, and what happens to one from the guest's registers to its result. */
#include <sys/syscall.h>
#include "core/linux_user/user_int.h"
#include "core/log.h"

#define PASS(n, a) [LINUX_CALL_##n] = { .name = #n, .args = a, .host = SYS_##n },
#define CALL(n, a) [LINUX_CALL_##n] = { .name = #n, .args = a, .fn = linux_call_##n },
static const LinuxCallRow rows[LINUX_NUM_CALLS] = {
#include "core/linux_user/syscalls.def"
};
#undef PASS
#undef CALL

/* What the host's kernel can do by itself: addresses become the host's, and it checks them. */
static int64_t pass(Thread *t, const LinuxCallRow *row, const uint64_t *a)
{
    uint64_t h[6] = { 0 };

    for (unsigned i = 0; row->args[i]; i++) {
        switch (row->args[i]) {
        case 'p': case 's': case 'm':
            h[i] = (uintptr_t)g2h_or_null(t->p, a[i]);
            break;
        case 'd': case 'f':
            h[i] = (uint64_t)(int64_t)(int32_t)a[i];
            break;
        default:
            h[i] = a[i];
        }
    }
    return safe_syscall(t, row->host, h[0], h[1], h[2], h[3], h[4], h[5]);
}

/* Addresses with tags become ones that nothing is mapped at. */
static void refuse_tags(Thread *t, const LinuxCallRow *row, uint64_t *a)
{
    vaddr mask = t->p->mem.addr_mask;

    for (unsigned i = 0; row->args[i]; i++) {
        if ((row->args[i] == 'p' || row->args[i] == 's') && a[i] & ~mask) {
            a[i] = mask & ~(vaddr)(LINUX_PAGE - 1);
        }
    }
}

void syscall_do(Thread *t)
{
    const LinuxTarget *target = t->p->target;
    CPUState *cs = t->cs;
    uint64_t args[6];
    uint64_t nr = target->get_call(cs, args), first_arg = args[0];
    bool debugged = t->p->gdb;
    vaddr pc = debugged ? CPU_CLASS_OF(cs)->get_pc(cs) : 0, sp = debugged ? target->get_sp(cs) : 0;
    const LinuxCallRow *row = &rows[nr < target->num_calls ? target->calls[nr] : LINUX_CALL_none];
    int64_t r;

    if (!row->name) {
        log_unimp("user: system call %" G_GUINT64_FORMAT " is not known: ENOSYS\n", nr);
        target->set_result(cs, (uint64_t)-ENOSYS);
        return;
    }
    if (log_enabled(LOG_STRACE)) {
        strace_call(t, row, args);
    }
    if (!target->takes_tags(cs)) {
        refuse_tags(t, row, args);
    }
    r = row->fn ? row->fn(t, args) : pass(t, row, args);
    if (log_enabled(LOG_STRACE)) {
        strace_result(row, r);
    }
    if (debugged && gdb_holds_result(t, pc, sp, r)) {
        return;
    }
    if (debugged && r == -EINTR) {
        t->interrupted = true;
        t->first_arg = first_arg;
    }
    if (r == LINUX_ERESTART) {
        target->restart(cs);
    } else if (r != LINUX_NO_RESULT && r != LINUX_EXITED) {
        target->set_result(cs, (uint64_t)r);
    }
}
