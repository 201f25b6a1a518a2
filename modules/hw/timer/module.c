/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module hw-timer: timers that are devices. */
#include "core/module.h"
#include "modules/hw/timer/timer.h"

static const TypeInfo *const types[] = { &sp804_type, NULL };

CHIMERA_MODULE(.name = "hw-timer", .types = types);
