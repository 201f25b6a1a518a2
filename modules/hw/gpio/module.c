/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-gpio: general-purpose input and output. */
#include "core/module.h"
#include "modules/hw/gpio/gpio.h"

static const TypeInfo *const types[] = { &pl061_type, &gpio_key_type, NULL };

CHIMERA_MODULE(.name = "hw-gpio", .types = types);
