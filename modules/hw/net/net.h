/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_NET_NET_H
#define MODULES_HW_NET_NET_H

#include "core/qom/object.h"

extern const TypeInfo lan9118_type, stellaris_enet_type;

#endif
