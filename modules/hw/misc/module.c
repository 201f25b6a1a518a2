/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-misc: what belongs to no other folder. */
#include "core/module.h"
#include "modules/hw/misc/misc.h"

static const TypeInfo *const types[] = {
    &fw_cfg_type, &fw_cfg_mem_type, &arm_mhu_type, &irq_or_type, &pl022_type, &sbcon_i2c_type, NULL,
};

CHIMERA_MODULE(.name = "hw-misc", .types = types);
