/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between an M-profile CPU and its board.
 *
 * Where the boundary is, and why: pending, enabled and active bits, priorities and the stack of active exceptions are one
 * state with PRIMASK, BASEPRI, FAULTMASK and the exception entry, and the manual defines all of it as part of the
 * processor, at fixed addresses of its system space. So the NVIC, SysTick, the system control block, the MPU, the SAU
 * and the DWT and ITM belong to the CPU object, as one table of registers, and no bus, lock or protocol lies between an
 * interrupt's arrival and its entry. What a chip's designer chooses is all that a board sees:
 *
 *   properties  "num-irq" (external interrupts, 0 to 496), "num-prio-bits" (2 to 8), "init-svtor", "init-nsvtor" (vector
 *               tables at reset), "mpu-regions", "mpu-ns-regions", "sau-regions", "systick-calib",
 *               "frequency" (every CPU's: Hz, here of SysTick, too), "refclk" (Hz of SysTick's reference; 0: none), "bitband"
 *               (bool: the SRAM and peripheral alias regions of Cortex-M3 and M4), "start-powered-off"
 *   links       "idau" (to an object of TYPE_ARM_IDAU, or none), "memory" is the CPU's cluster's space
 *   inputs      "irq"[n], "nmi", "wakeup" (RXEV: an event)
 *   outputs     "sysresetreq" (AIRCR.SYSRESETREQ), "txev" (SEV), "lockup"
 *   backends    "itm" (a character device for ITM stimulus ports)
 *
 * A device that holds a CPU in reset or starts it uses cpu_power_on and the property "init-svtor" (core/exec/cpu.h).
 */
#ifndef TARGETS_ARM_IFACE_M_PROFILE_H
#define TARGETS_ARM_IFACE_M_PROFILE_H

#include "core/qom/device.h"

#define TYPE_ARM_IDAU "arm-idau"                /* abstract */

/* What the implementation says of an address (Armv8-M, B8.2). */
typedef struct ArmIdauResult {
    bool ns, nsc, exempt;
    int region;                                 /* IREGION, or -1: not valid */
} ArmIdauResult;

typedef struct ArmIdau ArmIdau;
struct ArmIdau {
    Device parent;
    ArmIdauResult (*check)(ArmIdau *idau, uint32_t addr);       /* any thread */
};
DECLARE_OBJECT(ArmIdau, ARM_IDAU, TYPE_ARM_IDAU)

#endif
