/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that a program asks of the debugger's host (gdb manual, "File-I/O Remote Protocol Extension"): one at a
 * time is sent while the debugger waits for a stop; until it has answered, what it reads and writes as memory is the
 * call's own buffer. A stop meanwhile is told after the answer.
 */
#include "core/gdbstub/stub_int.h"

enum { FILEIO_EINTR = 4 };

static void finish(DebugHostCall *call, int64_t result, int error)
{
    call->result = result;
    call->error = error;
    call->done(call);
}

void gdbcalls_next(GdbCalls *c, GdbLink *l)
{
    if (!c->asked && !g_queue_is_empty(&c->waiting)) {
        g_autofree char *text = NULL;

        c->asked = g_queue_pop_head(&c->waiting);
        text = g_strconcat("F", c->asked->text, NULL);
        gdblink_puts(l, text);
    }
}

void gdbcalls_fail(GdbCalls *c, const Cluster *cluster)
{
    if (c->asked && c->asked->cs->cluster == cluster) {
        finish(g_steal_pointer(&c->asked), -1, DEBUG_HOST_NOBODY);
    }
    for (GList *l = c->waiting.head, *next; l; l = next) {
        DebugHostCall *call = l->data;

        next = l->next;
        if (call->cs->cluster == cluster) {
            g_queue_delete_link(&c->waiting, l);
            finish(call, -1, DEBUG_HOST_NOBODY);
        }
    }
}

uint8_t *gdbcalls_memory(const GdbCalls *c, vaddr addr, uint64_t *len)
{
    uint64_t at = addr - DEBUG_HOST_BASE;

    if (at >= c->asked->len) {
        *len = 0;
        return NULL;
    }
    *len = MIN(*len, c->asked->len - at);
    return c->asked->buf + at;
}

/* RESULT[,ERROR[,C]] */
static bool parse(const char *at, int64_t *ret_result, int *ret_error, bool *ret_interrupted)
{
    bool negative = *at == '-';
    uint64_t result, error = 0;

    at += negative;
    if (!hex_number(&at, &result)) {
        return false;
    }
    if (*at == ',') {
        at++;
        if (!hex_number(&at, &error) || error > INT32_MAX) {
            return false;
        }
    }
    *ret_interrupted = g_str_has_prefix(at, ",C");
    at += *ret_interrupted ? 2 : 0;
    *ret_result = (int64_t)(negative ? -result : result);
    *ret_error = (int)error;
    return *at == '\0' || *at == ';';            /* behind it: an attachment, of which there is none */
}

bool gdbcalls_answer(GdbCalls *c, const char *args, bool *ret_interrupted)
{
    DebugHostCall *call = c->asked;
    int64_t result;
    int error;

    if (!call || !parse(args, &result, &error, ret_interrupted)) {
        return false;
    }
    c->asked = NULL;
    if (*ret_interrupted && result == -1 && error == FILEIO_EINTR) {
        g_queue_push_head(&c->waiting, call);   /* it was not begun, and is asked for again */
    } else {
        finish(call, result, error);
    }
    return true;
}
