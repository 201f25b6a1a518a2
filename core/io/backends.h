/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all backends share. Backends are children of one object, machine->backends, which is below its machine in the
 * tree, so that a backend's sources find the machine whose lock they take around calls into devices.
 */
#ifndef CORE_IO_BACKENDS_H
#define CORE_IO_BACKENDS_H

#include <glib.h>
#include "core/qom/object.h"

/*
 * Once a machine, before any backend: makes machine->backends ("/machine/backends") if it is NULL and sets the
 * registry's resolvers, so that properties of devices name backends by id.
 */
void io_backends_init(Machine *m);
/* The machine above a backend; NULL in a unit test without one (machine_lock accepts that). */
Machine *io_machine(const void *backend);

/*
 * From the first call until the machine is freed, SIGTERM, SIGINT and SIGHUP are a machine_request_quit, which
 * m->context dispatches: for who leaves something on the host that must be removed.
 */
void quit_signals_attach(Machine *m);

#endif
