/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the board amp-virt has of its own: a controller of CPUs' resets. */
#ifndef MODULES_HW_ARM_AMP_CTRL_H
#define MODULES_HW_ARM_AMP_CTRL_H

#include "core/exec/cpu.h"

#define TYPE_AMP_CTRL "amp-ctrl"
enum { AMP_CTRL_MAX_CPUS = 64, AMP_CTRL_SIZE = 0x1000 };

/*
 * The next CPU that it controls. number: of its cluster; member: among the cluster's CPUs. Before the CPU is realized: it
 * is held in reset unless `started`. *ret_n: its number there. False with GError: there are too many.
 */
bool amp_ctrl_add(Device *ctrl, CPUState *cs, unsigned number, unsigned member, bool started, unsigned *ret_n,
                  GError **error);

extern const TypeInfo amp_ctrl_type;

#endif
