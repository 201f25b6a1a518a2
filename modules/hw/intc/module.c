/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-intc: interrupt controllers. */
#include "core/module.h"
#include "modules/hw/intc/intc.h"

static const TypeInfo *const types[] = { &gicv2_type, &gicv3_type, &gicv3_cpuif_type, &gicv3_cpu_type, NULL };

CHIMERA_MODULE(.name = "hw-intc", .types = types);
