/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module loader: image formats. */
#include "core/module.h"
#include "modules/loader/formats.h"

static const LoaderOps ops = { .open = image_open, .free = image_free };

CHIMERA_MODULE(.name = "loader", .interface = &ops);
