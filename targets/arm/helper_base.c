/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integer instructions that are not IR: CRC, DC ZVA, misaligned exclusives (Arm DDI 0487, C6.2 and C5.3). */
#include <string.h>

#include "targets/arm/helper.h"

/* Reflected polynomials of CRC-32 (IEEE 802.3) and CRC-32C (Castagnoli). */
#define POLY_CRC32  0xedb88320u
#define POLY_CRC32C 0x82f63b78u

static uint32_t crc(uint32_t acc, uint64_t value, unsigned bytes, uint32_t poly)
{
    for (unsigned i = 0; i < bytes; i++) {
        acc ^= (uint8_t)(value >> (8 * i));
        for (unsigned bit = 0; bit < 8; bit++) {
            acc = acc >> 1 ^ (acc & 1 ? poly : 0);
        }
    }
    return acc;
}

uint32_t helper_crc32(ARMCPU *cpu G_GNUC_UNUSED, uint32_t acc, uint64_t value, uint32_t bytes)
{
    return crc(acc, value, bytes, POLY_CRC32);
}

uint32_t helper_crc32c(ARMCPU *cpu G_GNUC_UNUSED, uint32_t acc, uint64_t value, uint32_t bytes)
{
    return crc(acc, value, bytes, POLY_CRC32C);
}

void helper_unaligned_store(ARMCPU *cpu, uint64_t addr, uint32_t mmu)
{
    arm_unaligned(&cpu->parent, addr, ACCESS_STORE, mmu);
}

/* Zeroes the naturally aligned block of DCZID_EL0.BS words that holds addr. */
void helper_dc_zva(ARMCPU *cpu, uint64_t addr, uint32_t mmu)
{
    unsigned size = 4u << (cpu->dczid_el0 & 15);
    uint64_t block = addr & ~(uint64_t)(size - 1);
    bool ok;
    void *host = cpu_probe(&cpu->parent, block, size, ACCESS_STORE, mmu, &ok);

    if (host) {
        memset(host, 0, size);
    } else if (ok) {
        /* not plain RAM, or the page holds code: doublewords one by one */
        for (unsigned i = 0; i < size && cpu_st(&cpu->parent, block + i, 0, MO_64 | mmu << MO_MMU_SHIFT); i += 8) {
        }
    }
}
