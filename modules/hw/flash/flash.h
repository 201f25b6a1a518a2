/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_FLASH_FLASH_H
#define MODULES_HW_FLASH_FLASH_H

#include "core/qom/object.h"

extern const TypeInfo cfi_flash_type;

#endif
