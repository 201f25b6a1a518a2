/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boards of this module. */
#ifndef MODULES_HW_ARM_BOARDS_H
#define MODULES_HW_ARM_BOARDS_H

#include "core/qom/machine.h"

extern const TypeInfo virt_type, amp_virt_type, amp_idau_type;

#endif
