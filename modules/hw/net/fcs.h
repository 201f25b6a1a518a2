/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame check sequence, for controllers that let software see it or hash addresses with it. */
#ifndef MODULES_HW_NET_FCS_H
#define MODULES_HW_NET_FCS_H

#include <stddef.h>
#include <stdint.h>

/* IEEE 802.3, 3.2.9: the bits of each byte from the lowest, register inverted at both ends. */
static inline uint32_t net_fcs(const uint8_t *p, size_t len)
{
    uint32_t crc = UINT32_MAX;

    while (len--) {
        crc ^= *p++;
        for (unsigned i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

#endif
