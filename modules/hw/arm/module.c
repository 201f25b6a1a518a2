/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module hw-arm: boards with Arm CPUs. */
#include "core/module.h"
#include "modules/hw/arm/amp_ctrl.h"
#include "modules/hw/arm/boards.h"

static const TypeInfo *const types[] = {
    &virt_type, &amp_virt_type, &amp_idau_type, &amp_ctrl_type, NULL,
};
static const char *const needs[] = {
    "arm", "loader", "hw-char", "hw-flash", "hw-gpio", "hw-intc", "hw-misc", "hw-rtc", "hw-timer",
    "hw-virtio", NULL,
};

CHIMERA_MODULE(.name = "hw-arm", .types = types, .needs = needs);
