/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of Nordic's nRF51, and the shape that they share: tasks, events, shortcuts and interrupts (nRF51 Series
 * Reference Manual 3.0, 10). */
#ifndef MODULES_HW_ARM_M_NRF51_H
#define MODULES_HW_ARM_M_NRF51_H

#include "core/qom/object.h"

extern const TypeInfo nrf51_uart_type, nrf51_timer_type;
extern const TypeInfo nrf51_clock_type, nrf51_rng_type, nrf51_gpio_type, nrf51_nvmc_type, nrf51_twi_type;
extern const TypeInfo microbit_type;

#endif
