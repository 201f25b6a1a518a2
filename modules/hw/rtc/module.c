/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-rtc: real-time clocks. */
#include "core/module.h"
#include "modules/hw/rtc/rtc.h"

static const TypeInfo *const types[] = { &pl031_type, NULL };

CHIMERA_MODULE(.name = "hw-rtc", .types = types);
