/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random number backends (-object rng-random): objects below TYPE_RNG_BACKEND, which the type registry always finds. */
#ifndef CORE_IO_RNG_H
#define CORE_IO_RNG_H

#include "core/qom/object.h"

#define TYPE_RNG_BACKEND "rng-backend"

typedef struct RngBackend {
    Object parent;
} RngBackend;

typedef struct RngBackendClass {
    ObjectClass parent;
    /* Opens what it reads, once all properties are set; may be NULL. Called once, by who uses it. */
    bool (*open)(RngBackend *rng, GError **error);
    /* Up to len bytes, at least one; fewer than asked is no error. 0: none to be had. Does not block for long. */
    size_t (*fill)(RngBackend *rng, uint8_t *buf, size_t len);
} RngBackendClass;

DECLARE_OBJECT(RngBackend, RNG_BACKEND, TYPE_RNG_BACKEND)
DECLARE_CLASS(RngBackendClass, RNG_BACKEND, TYPE_RNG_BACKEND)

#endif
