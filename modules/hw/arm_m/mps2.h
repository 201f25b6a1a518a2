/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices and boards of Arm's MPS2 and its CMSDK. */
#ifndef MODULES_HW_ARM_M_MPS2_H
#define MODULES_HW_ARM_M_MPS2_H

#include "core/qom/device.h"

extern const TypeInfo cmsdk_uart_type, cmsdk_timer_type, cmsdk_dualtimer_type, cmsdk_watchdog_type, cmsdk_gpio_type;
/* WDOGCLK changes to hz: what is left of the count takes as many ticks as before. */
void cmsdk_watchdog_set_frequency(Device *watchdog, uint32_t hz);

extern const TypeInfo mps2_scc_type, mps2_fpgaio_type;
enum { MPS2_NUM_BOARDS = 5 };
extern const TypeInfo mps2_types[MPS2_NUM_BOARDS];

/* Identification registers of an Arm device from 0xfd0 on; of one of the CMSDK. */
#define ARM_ID_ROWS(first, pid0, pid2) \
    [(first) + 0] = { 0xfd0, "PID4", .reset = 0x04 }, [(first) + 1] = { 0xfd4, "PID5" }, [(first) + 2] = { 0xfd8, "PID6" }, \
    [(first) + 3] = { 0xfdc, "PID7" }, [(first) + 4] = { 0xfe0, "PID0", .reset = (pid0) }, \
    [(first) + 5] = { 0xfe4, "PID1", .reset = 0xb8 }, [(first) + 6] = { 0xfe8, "PID2", .reset = (pid2) }, \
    [(first) + 7] = { 0xfec, "PID3" }, [(first) + 8] = { 0xff0, "CID0", .reset = 0x0d }, \
    [(first) + 9] = { 0xff4, "CID1", .reset = 0xf0 }, [(first) + 10] = { 0xff8, "CID2", .reset = 0x05 }, \
    [(first) + 11] = { 0xffc, "CID3", .reset = 0xb1 }
#define CMSDK_ID_ROWS(first, pid0) ARM_ID_ROWS(first, pid0, 0x1b)
enum { CMSDK_NUM_IDS = 12 };

#endif
