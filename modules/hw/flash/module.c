/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-flash: flash memories on the bus. */
#include "core/module.h"
#include "modules/hw/flash/flash.h"

static const TypeInfo *const types[] = { &cfi_flash_type, NULL };

CHIMERA_MODULE(.name = "hw-flash", .types = types);
