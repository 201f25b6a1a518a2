/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arm's IoT kit and SSE-200 subsystems, as AN505 and AN521 have them: protection controllers, system control, doorbells. */
#ifndef MODULES_HW_ARM_M_SSE_H
#define MODULES_HW_ARM_M_SSE_H

#include "core/exec/cpu.h"
#include "core/exec/memory.h"

extern const TypeInfo sse_secctl_type, sse_idau_type, sie200_mpc_type, sse_sysctl_type, sse_sysinfo_type, sse_cpuid_type,
                      sse_mhu_type;

/* Peripheral protection controllers, by the place of their registers in each group of the security controller. */
typedef enum SsePpc {
    AHB_PPC0 = 0, AHB_PPCEXP0 = 4, AHB_PPCEXP1, AHB_PPCEXP2, AHB_PPCEXP3, APB_PPC0 = 8, APB_PPC1, APB_PPCEXP0 = 12, APB_PPCEXP1,
    APB_PPCEXP2, APB_PPCEXP3, SSE_NUM_PPCS,
} SsePpc;

/*
 * What stands before a device at a port (0 to 15) of a PPC: a region of target's size to map in its place. It goes with the
 * controller; target must outlive that.
 */
MemoryRegion *sse_secctl_gate(Device *secctl, SsePpc ppc, unsigned port, MemoryRegion *target);
/* The IDAU follows NSCCFG of this controller. */
void sse_idau_attach(Object *idau, Device *secctl);
/* The next CPU that CPUWAIT and an INITSVTOR are of; before the machine runs. */
void sse_sysctl_add_cpu(Device *sysctl, CPUState *cs);

#endif
