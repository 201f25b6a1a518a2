/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_GPIO_GPIO_H
#define MODULES_HW_GPIO_GPIO_H

#include "core/qom/object.h"

extern const TypeInfo gpio_key_type, pl061_type;

#endif
