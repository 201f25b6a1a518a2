/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#ifndef CORE_GDBSTUB_STUB_INT_H
#define CORE_GDBSTUB_STUB_INT_H

#include "core/exec/debug.h"
#include "core/monitor/monitor.h"

/* -- link.c: packets in a stream of bytes ------------------------------------------------------------------------------ */

enum { GDB_MAX_PACKET = 16384, GDB_INTERRUPT = 3 };

typedef struct GdbLink {
    GByteArray *in;                             /* not looked at yet */
    bool no_ack;
    GByteArray *last;                           /* the last packet sent, for the peer that asks for it again */
    void (*write)(void *opaque, const uint8_t *buf, size_t len);
    void *opaque;
} GdbLink;

typedef enum GdbEvent {
    GDB_NONE,                                   /* nothing, or not all of a packet yet */
    GDB_PACKET,
    GDB_BREAK,                                  /* ^C */
    GDB_TOO_LONG,                               /* a packet that was longer than we said we take: dropped */
} GdbEvent;

void gdblink_init(GdbLink *l, void (*write)(void *opaque, const uint8_t *buf, size_t len), void *opaque);
void gdblink_clear(GdbLink *l);
void gdblink_reset(GdbLink *l);                 /* a new peer */
unsigned gdblink_room(const GdbLink *l);
void gdblink_feed(GdbLink *l, const uint8_t *buf, size_t len);
/*
 * The next thing in the stream; acknowledges, asks again for what was damaged. only_break: packets stay, ^C is looked
 * for. *packet gets what a packet holds, without escapes and with a NUL behind it.
 */
GdbEvent gdblink_next(GdbLink *l, bool only_break, GByteArray *packet);
void gdblink_send(GdbLink *l, const void *buf, size_t len);
void gdblink_puts(GdbLink *l, const char *text);

/* -- text ------------------------------------------------------------------------------------------------------------- */

void hex_append(GString *s, const void *buf, size_t len);
/* Takes n bytes from 2n hex digits and moves *p behind them. False: they are not. */
bool hex_bytes(const char **p, uint8_t *buf, size_t n);
/* A number in hex: at least one digit, at most 16; moves *p. */
bool hex_number(const char **p, uint64_t *ret);
/* Text that may stand in XML. */
void xml_append(GString *s, const char *text);

/* -- hostcall.c: what programs ask of the debugger's host ------------------------------------------------------------------ */

typedef struct GdbCalls {
    GQueue waiting;                             /* (DebugHostCall *) */
    DebugHostCall *asked;                       /* was sent: the peer answers it next */
    bool stop_due;                              /* the machine has stopped meanwhile, which the peer has not been told */
} GdbCalls;

/* The peer waits for a stop: sends the next, unless one is under way. */
void gdbcalls_next(GdbCalls *c, GdbLink *l);
/* The peer does not serve this cluster any more. */
void gdbcalls_fail(GdbCalls *c, const Cluster *cluster);
/* One was sent: what the peer finds at addr, and how much of *len; NULL: nothing. */
uint8_t *gdbcalls_memory(const GdbCalls *c, vaddr addr, uint64_t *len);
/* The peer's answer, behind its F. False: it is none. */
bool gdbcalls_answer(GdbCalls *c, const char *args, bool *ret_interrupted);

/* -- stub.c: one server ------------------------------------------------------------------------------------------------ */

typedef struct GdbStub GdbStub;

GdbStub *gdbstub_new(Machine *m, Monitor *mon, const char *spec, GError **error);
/* Tells a debugger that waits that the program has ended, with the machine's exit status. Accepts NULL. */
void gdbstub_free(GdbStub *s);
bool gdbstub_is_busy(const GdbStub *s);         /* we are called from what its peer asked for */

/* -- target.c: what a cluster's CPUs have in common ------------------------------------------------------------------- */

typedef struct GdbTarget {
    GArray *features;                           /* of the first CPU, which stands for all; NULL: no description */
    GPtrArray *regs;                            /* (const DebugReg *) by number */
    unsigned num_at_once;                       /* so many of them are in the reply to g */
    char *xml;                                  /* target.xml */
    GHashTable *others;                         /* CPU of another model -> GdbTarget * of its own */
} GdbTarget;

GdbTarget *gdbtarget_new(CPUState *cs);
void gdbtarget_free(GdbTarget *t);
/* Register n of cs, whose cluster's target is t: NULL if it has none. */
const DebugReg *gdbtarget_reg(GdbTarget *t, CPUState *cs, unsigned n);

#endif
