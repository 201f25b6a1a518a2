/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boards of one file each, with the devices that they alone have. */
#ifndef MODULES_HW_ARM_M_SIMPLE_H
#define MODULES_HW_ARM_M_SIMPLE_H

#include "core/qom/object.h"

extern const TypeInfo lm3s_sysctl_type, lm3s6965evb_type;       /* stellaris.c */

#endif
