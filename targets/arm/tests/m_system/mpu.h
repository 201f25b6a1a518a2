/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of either MPU have in common: the memory that they are about, and what may be done with it. */
#ifndef MPU_H
#define MPU_H

#include "targets/arm/tests/m_system/test.h"

#define A ((u32)(uintptr_t)arena)

/* No regions; MPU_RASR and MPU_RLAR are one register. */
static inline void mpu_start(u32 ctrl)
{
    for (u32 i = 0; i < (MPU_TYPE >> 8 & 0xff); i++) {
        MPU_RNR = i;
        MPU_RLAR = 0;
    }
    REG(A) = 0x600d600d;
    SHCSR |= MEMFAULTENA;
    actions[MEM] = skip;
    MPU_CTRL = ctrl;
    SYNC();
}

static inline u32 reads(u32 addr)
{
    return probe_read(addr) != 0xdead0000;
}

static inline u32 writes(u32 addr)
{
    u32 n = num_seen;

    probe_write(addr, 0x600d600d);
    return num_seen == n;
}

/* Bit 1: reads; bit 0: writes. */
static inline u32 may(u32 addr)
{
    return reads(addr) << 1 | writes(addr);
}

static inline u32 may_unprivileged(u32 addr)
{
    return on_psp(reads, addr, arena + 0x3f00, 3) << 1 | on_psp(writes, addr, arena + 0x3f00, 3);
}

#endif
