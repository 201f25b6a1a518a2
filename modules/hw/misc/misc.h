/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_MISC_MISC_H
#define MODULES_HW_MISC_MISC_H

#include "core/qom/object.h"

extern const TypeInfo arm_mhu_type, fw_cfg_type, fw_cfg_mem_type, irq_or_type, pl022_type, sbcon_i2c_type;

#endif
