/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of the Stellaris LM3S6965 that it alone has, and its board. */
#ifndef MODULES_HW_ARM_M_LM3S_H
#define MODULES_HW_ARM_M_LM3S_H

#include "core/qom/device.h"

/* System control's interrupt inputs "reset": who asked for a reset of the machine. */
enum { LM3S_RESET_WATCHDOG, LM3S_RESET_SOFTWARE, LM3S_NUM_RESETS };
/* Its outputs "module": 32 lines of each SRCR register; high: the module is in reset. */
enum { LM3S_NUM_MODULES = 96 };

/* fn(opaque, hz): the system clock has a new frequency, at reset and when RCC or RCC2 say so. Before realize. */
void lm3s_sysctl_on_clock(Device *sysctl, void (*fn)(void *opaque, uint32_t hz), void *opaque);

/* A timer's system clock changes to hz. */
void lm3s_gptm_set_frequency(Device *gptm, uint32_t hz);

extern const TypeInfo lm3s_sysctl_type;         /* lm3s_sysctl.c */
extern const TypeInfo lm3s_gptm_type;           /* lm3s_gptm.c */
extern const TypeInfo lm3s_adc_type;            /* lm3s_adc.c */
extern const TypeInfo lm3s_flash_type;          /* lm3s_flash.c */
extern const TypeInfo lm3s_i2c_type;            /* lm3s_i2c.c */
extern const TypeInfo lm3s6965evb_type;         /* stellaris.c */

#endif
