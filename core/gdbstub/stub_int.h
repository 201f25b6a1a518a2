/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#ifndef CORE_GDBSTUB_STUB_INT_H
#define CORE_GDBSTUB_STUB_INT_H

#include "core/exec/debug.h"
#include "core/gdbstub/program.h"
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

/* -- stub.c: a session ------------------------------------------------------------------------------------------------- */

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 };       /* the protocol's numbers */

typedef struct Inferior {
    Cluster *cluster;
    unsigned pid;
    bool detached;
    GdbTarget *target;                          /* made when first asked for */
} Inferior;

/* Files of the program's that the peer reads (program.c). */
enum { GDB_MAX_FILES = 16 };

struct GdbStub {
    Machine *m;
    Monitor *mon;                               /* NULL: no `monitor` */
    const GdbProgram *program;                  /* NULL: a machine */
    void *opaque;                               /* program's */
    GdbLink link;
    GArray *inferiors;                          /* Inferior */
    bool connected;                             /* a peer is there */
    bool running;                               /* it waits for a stop */
    bool busy;                                  /* a packet is being done */
    bool multiprocess, swbreak, hwbreak, exec_events, phys_memory;
    bool came_later;                            /* the program ran without it */
    CPUState *general, *control;                /* Hg, Hc */
    DebugStop why;                              /* the last stop */
    GArray *points;                             /* Point: what this debugger has put there */
    GdbCalls calls;
    int file[GDB_MAX_FILES];                    /* -1: none */
    uint64_t passed;                            /* QPassSignals */
};

/* args: behind the row's name. */
typedef struct Packet {
    const char *args;
    size_t len;                                 /* of args */
} Packet;

typedef enum PacketOf { OF_BOTH, OF_MACHINES } PacketOf;
typedef struct PacketRow {
    const char *name;
    bool whole;                                 /* nothing stands behind it */
    void (*fn)(GdbStub *s, const Packet *p);
    bool any_time;                              /* CPUs may run meanwhile */
    PacketOf of;
} PacketRow;

/* mon: for machines; program: for programs. write: to the peer. */
GdbStub *gdbstub_new(Machine *m, Monitor *mon, void (*write)(void *opaque, const uint8_t *buf, size_t len), void *opaque);
void gdbstub_add_inferior(GdbStub *s, Cluster *c, unsigned pid);
/* Tells a debugger that waits that the machine has ended, with its exit status. Accepts NULL. */
void gdbstub_free(GdbStub *s);
void gdbstub_reply(GdbStub *s, const char *text);
void gdbstub_reply_ok(GdbStub *s);
void gdbstub_reply_bad(GdbStub *s);             /* EINVAL */
/* "OFFSET,LENGTH" of bytes: 'm' and a part of them, 'l' and the last. */
void gdbstub_reply_part(GdbStub *s, const void *bytes, size_t total, const char *args);
bool gdb_parse_range(const char **p, uint64_t *first, uint64_t *len);          /* "ADDR,LEN" */

/* -- program.c: what only programs have ------------------------------------------------------------------------------- */

extern const PacketRow gdb_program_rows[];
extern const unsigned gdb_num_program_rows;
extern const char gdb_program_supported[];      /* of qSupported */
int gdb_signal_to_host(uint64_t sig);           /* 0: none, or unknown */
unsigned gdb_signal_of_host(int sig);
void gdb_close_files(GdbStub *s);

#endif
