/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of this module. */
#ifndef MODULES_HW_TIMER_TIMER_H
#define MODULES_HW_TIMER_TIMER_H

#include "core/qom/device.h"

extern const TypeInfo sp804_type;

#endif
