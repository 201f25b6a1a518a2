/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_RTC_RTC_H
#define MODULES_HW_RTC_RTC_H

#include "core/qom/object.h"

extern const TypeInfo pl031_type;

#endif
