/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Semihosting calls that the debugger's host does, by the File-I/O requests of gdb's remote protocol. The CPU's thread
 * asks, the main loop passes it to the debugger (core/exec/debug.h), and the CPU, which slept, makes its call again and
 * finds the answer: by its operation and parameter, since an interrupt's handler may make calls of its own meanwhile.
 */
#include <errno.h>
#include "core/io/backends.h"
#include "core/qom/machine.h"
#include "modules/io/semihost_int.h"

typedef struct RemoteCall {
    DebugHostCall base;
    RemoteCalls *owner;                         /* NULL: forgotten */
    uint32_t op;
    uint64_t param;
    char *text;
    bool answered;
} RemoteCall;

struct RemoteCalls {
    GPtrArray *calls;                           /* (RemoteCall *) under the machine lock */
};

RemoteCalls *remote_calls_new(void)
{
    RemoteCalls *r = g_new0(RemoteCalls, 1);

    r->calls = g_ptr_array_new();
    return r;
}

static void call_free(RemoteCall *c)
{
    g_free(c->text);
    g_free(c->base.buf);
    g_free(c);
}

void remote_calls_reset(RemoteCalls *r)
{
    for (unsigned i = 0; i < r->calls->len; i++) {
        RemoteCall *c = r->calls->pdata[i];

        c->owner = NULL;
        if (c->answered) {
            call_free(c);
        }
    }
    g_ptr_array_set_size(r->calls, 0);
}

void remote_calls_free(RemoteCalls *r)
{
    for (unsigned i = 0; i < r->calls->len; i++) {
        call_free(r->calls->pdata[i]);          /* debuggers are gone, and the main loop has ended */
    }
    g_ptr_array_unref(r->calls);
    g_free(r);
}

/* Under the machine lock. */
static RemoteCall *find(RemoteCalls *r, const CPUState *cs, const SemihostCall *call)
{
    for (unsigned i = 0; i < r->calls->len; i++) {
        RemoteCall *c = r->calls->pdata[i];

        if (c->base.cs == cs && c->op == call->op && c->param == call->param) {
            return c;
        }
    }
    return NULL;
}

bool remote_calls_has(RemoteCalls *r, CPUState *cs, const SemihostCall *call)
{
    Machine *m = io_machine(cs);
    bool has;

    machine_lock(m);
    has = find(r, cs, call) != NULL;
    machine_unlock(m);
    return has;
}

static void answered(DebugHostCall *base)
{
    RemoteCall *c = (RemoteCall *)base;
    Machine *m = io_machine(base->cs);

    machine_lock(m);
    c->answered = true;
    if (c->owner) {
        semihost_wake(base->cs);
    } else {
        call_free(c);
    }
    machine_unlock(m);
}

static gboolean pass_on(gpointer opaque)
{
    RemoteCall *c = opaque;

    if (c->owner) {
        debug_ask_host(io_machine(c->base.cs), &c->base);
    } else {
        call_free(c);
    }
    return G_SOURCE_REMOVE;
}

/* The protocol's numbers are Linux's but for these. */
static int host_errno(int error)
{
    enum { FILEIO_ENAMETOOLONG = 91, FILEIO_EUNKNOWN = 9999 };

    return error == FILEIO_ENAMETOOLONG ? ENAMETOOLONG : error == FILEIO_EUNKNOWN || error < 0 ? EIO : error;
}

bool remote_calls_ask(RemoteCalls *r, CPUState *cs, const SemihostCall *call, const char *text, void *buf, size_t len,
                      int64_t *ret_result, int *ret_errno)
{
    Machine *m = io_machine(cs);
    bool done = false;
    RemoteCall *c;

    machine_lock(m);
    c = find(r, cs, call);
    if (c && c->answered) {
        *ret_result = c->base.result;
        *ret_errno = c->base.result < 0 || c->base.error ? host_errno(c->base.error) : 0;
        if (len) {
            memcpy(buf, c->base.buf, MIN(len, c->base.len));
        }
        g_ptr_array_remove(r->calls, c);
        call_free(c);
        done = true;
    } else if (!c) {
        GSource *source = g_idle_source_new();

        c = g_new0(RemoteCall, 1);
        c->owner = r;
        c->op = call->op;
        c->param = call->param;
        c->text = g_strdup(text);
        c->base = (DebugHostCall){ .cs = cs, .text = c->text, .buf = g_memdup2(buf, len), .len = len, .done = answered };
        g_ptr_array_add(r->calls, c);
        g_source_set_priority(source, G_PRIORITY_DEFAULT);
        g_source_set_callback(source, pass_on, c, NULL);
        g_source_attach(source, m->context);
        g_source_unref(source);
    }
    machine_unlock(m);
    return done;
}
