/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the module io-semihost share: calls that the debugger's host does (target=gdb, target=auto). */
#ifndef MODULES_IO_SEMIHOST_INT_H
#define MODULES_IO_SEMIHOST_INT_H

#include "core/exec/debug.h"
#include "core/exec/semihost.h"

typedef struct RemoteCalls RemoteCalls;

RemoteCalls *remote_calls_new(void);
/* None is under way any more: what is answered later is forgotten. Under the machine lock, or when CPUs stand. */
void remote_calls_reset(RemoteCalls *r);
/* With the machine. */
void remote_calls_free(RemoteCalls *r);
/* The semihosting call that cs makes has been asked for, and is under way or answered. Its own thread. */
bool remote_calls_has(RemoteCalls *r, CPUState *cs, const SemihostCall *call);
/*
 * Asks for what text says (DebugHostCall), with a copy of buf. False: cs shall wait, and make its semihosting call again.
 * True: it is answered: *ret_result, the host's errno or 0 in *ret_errno, buf as the debugger has left it. Own thread.
 */
bool remote_calls_ask(RemoteCalls *r, CPUState *cs, const SemihostCall *call, const char *text, void *buf, size_t len,
                      int64_t *ret_result, int *ret_errno);

#endif
