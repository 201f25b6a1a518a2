/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Epochs: when what was unpublished may be freed. Two kinds of readers:
 * - an EpochThread (a CPU thread) holds whatever it has seen until it says that it is outside (epoch_quiescent,
 *   epoch_offline); generated code and the views that a CPU uses are read like that, at no cost;
 * - anybody else brackets its reading with epoch_enter and epoch_leave (two atomic additions).
 * epoch_retire frees a thing when every thread has been outside once and every bracket that was open has closed.
 * Nobody waits.
 */
#ifndef CORE_EXEC_EPOCH_H
#define CORE_EXEC_EPOCH_H

#include <glib.h>
#include "core/forward.h"

typedef struct EpochDomain EpochDomain;

typedef struct EpochThread {
    uint64_t seen;                              /* atomic: the epoch when last outside; 0: offline, holds nothing */
    EpochDomain *domain;
} EpochThread;

EpochDomain *epoch_domain_new(void);
/* Frees all that was retired; nobody reads any more. */
void epoch_domain_free(EpochDomain *d);

/* A thread starts offline. */
void epoch_thread_add(EpochDomain *d, EpochThread *t);
void epoch_thread_remove(EpochThread *t);
void epoch_online(EpochThread *t);
void epoch_offline(EpochThread *t);
/* Online and holding nothing: frees what waited for this. */
void epoch_quiescent(EpochThread *t);

/* Something was retired since t was last outside: it should go outside soon. Its own thread. */
bool epoch_moved(const EpochThread *t);

/* Around fork(), so that the child finds no lock taken by a thread that it does not have. */
void epoch_lock(EpochDomain *d);
void epoch_unlock(EpochDomain *d);

/* Brackets nest. The token goes from enter to leave. */
unsigned epoch_enter(EpochDomain *d);
void epoch_leave(EpochDomain *d, unsigned token);

/* fn(p) is called later, or at once if nobody can hold p. p is unpublished already. Any thread, any lock. */
void epoch_retire(EpochDomain *d, void (*fn)(void *p), void *p);

#endif
