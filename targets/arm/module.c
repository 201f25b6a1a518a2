/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module arm: A-profile and M-profile CPUs. */
#include "core/module.h"
#include "targets/arm/cpu_models.h"
#include "targets/arm/isa.h"
#include "targets/arm/linux_user.h"

static const IsaInfo *const isas[] = { &arm_isa_aarch64, &arm_isa_thumb_m, NULL };
static const char *const needs[] = { "fpu", NULL };

static const char *const system_names[] = { "qemu-system-aarch64", NULL };
static const char *const m_system_names[] = { "qemu-system-arm", NULL };
static const char *const user_names[] = { "qemu-aarch64", NULL };
static const ModuleArch archs[] = {
    { .name = "aarch64", .desc = "Arm, AArch64", .system_names = system_names, .elf_machine = 183, .elf64 = true,
      .user_names = user_names, .linux_user = &arm_linux_user_a64 },
    { .name = "arm-m", .desc = "Arm, M-profile", .system_names = m_system_names },
    { .name = NULL },
};

CHIMERA_MODULE(.name = "arm", .types = arm_types, .needs = needs, .isas = isas, .archs = archs);
