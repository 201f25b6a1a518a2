/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_CHAR_CHAR_H
#define MODULES_HW_CHAR_CHAR_H

#include "core/qom/object.h"

extern const TypeInfo pl011_type;

#endif
