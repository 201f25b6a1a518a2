/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-char: UARTs. */
#include "core/module.h"
#include "modules/hw/char/char.h"

static const TypeInfo *const types[] = { &pl011_type, NULL };

CHIMERA_MODULE(.name = "hw-char", .types = types);
