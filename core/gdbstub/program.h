/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of gdb's remote serial protocol with a program of user mode, one inferior whose threads are the program's:
 * what the caller brings, and what it calls. All of it on one thread, which runs no CPU and holds no lock.
 */
#ifndef CORE_GDBSTUB_PROGRAM_H
#define CORE_GDBSTUB_PROGRAM_H

#include "core/exec/debug.h"

typedef enum GdbObject { GDB_AUXV, GDB_EXEC_FILE, GDB_SIGINFO } GdbObject;

/* All but write are called while every thread stands. */
typedef struct GdbProgram {
    void (*write)(void *opaque, const uint8_t *buf, size_t len);        /* to the peer */
    int (*thread)(void *opaque, const CPUState *cs);                    /* the number of cs's thread; 0: it runs none */
    void (*describe)(void *opaque, const CPUState *cs, GString *out);   /* its name */
    bool (*read)(void *opaque, const CPUState *cs, GdbObject what, GByteArray *out);    /* false: there is none */
    bool (*write_siginfo)(void *opaque, const CPUState *cs, uint64_t offset, const uint8_t *buf, size_t len);
    void (*attached)(void *opaque, bool attached);                      /* from now on signals stop it, or do not */
    void (*pass_signals)(void *opaque, uint64_t mask);                  /* bit n - 1: Linux's signal n does not stop it */
    void (*going)(void *opaque);                                        /* threads go on when this returns */
    void (*kill)(void *opaque);
    /* Files by the program's paths: a descriptor to read; what a link leads to, newly allocated. -errno; NULL with errno. */
    int (*open)(void *opaque, const char *path);
    char *(*read_link)(void *opaque, const char *path);
} GdbProgram;

typedef struct GdbStub GdbStub;

GdbStub *gdbprogram_new(Machine *m, unsigned pid, const GdbProgram *program, void *opaque);
/* A peer is there; it went. The program stands from the one on, and after the other. */
void gdbstub_arrived(GdbStub *s);
void gdbstub_gone(GdbStub *s);
unsigned gdbstub_room(const GdbStub *s);        /* so many bytes may come */
void gdbstub_feed(GdbStub *s, const uint8_t *buf, size_t len);
/* Does one thing that was asked; false: nothing is left. */
bool gdbstub_work(GdbStub *s);
/*
 * The last that the peer hears: 'W' and the exit status, 'X' and Linux's signal. False: it does not wait for a stop now:
 * later, when it does.
 */
bool gdbstub_ended(GdbStub *s, char how, int value);
/*
 * What a connection has agreed upon, as text without spaces, for the program that execve begins: it goes on there, and
 * stops if the peer wants to know. Those that the peer is not attached to have none: NULL.
 */
char *gdbstub_state(const GdbStub *s);
bool gdbstub_continue(GdbStub *s, const char *state);           /* instead of gdbstub_arrived; false: it is no state */

#endif
