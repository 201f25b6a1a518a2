/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-net: Ethernet controllers that are no virtio. */
#include "core/module.h"
#include "modules/hw/net/net.h"

static const TypeInfo *const types[] = { &lan9118_type, &stellaris_enet_type, NULL };

CHIMERA_MODULE(.name = "hw-net", .types = types);
