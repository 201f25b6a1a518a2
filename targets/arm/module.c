/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module arm: A-profile CPUs. */
#include "core/module.h"
#include "targets/arm/isa.h"

static const IsaInfo *const isas[] = { &arm_isa_aarch64, NULL };

CHIMERA_MODULE(.name = "arm", .isas = isas);
