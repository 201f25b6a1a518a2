/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integer instructions that are not IR: CRC, DC ZVA, misaligned exclusives (Arm DDI 0487, C6.2 and C5.3). */
#include <string.h>

#include "targets/arm/helper.h"
#include "targets/arm/mte.h"

/* Remainders of the 16 nibbles by the reflected polynomials of CRC-32 (IEEE 802.3) and CRC-32C (Castagnoli). */
static const uint32_t crc32_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};
static const uint32_t crc32c_nibble[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc(uint32_t acc, uint64_t value, unsigned bytes, const uint32_t *nibble)
{
    for (unsigned i = 0; i < bytes; i++) {
        acc ^= (uint8_t)(value >> (8 * i));
        acc = acc >> 4 ^ nibble[acc & 15];
        acc = acc >> 4 ^ nibble[acc & 15];
    }
    return acc;
}

uint32_t helper_crc32(ARMCPU *cpu G_GNUC_UNUSED, uint32_t acc, uint64_t value, uint32_t bytes)
{
    return crc(acc, value, bytes, crc32_nibble);
}

uint32_t helper_crc32c(ARMCPU *cpu G_GNUC_UNUSED, uint32_t acc, uint64_t value, uint32_t bytes)
{
    return crc(acc, value, bytes, crc32c_nibble);
}

void helper_unaligned_store(ARMCPU *cpu, uint64_t addr, uint32_t mmu)
{
    arm_unaligned(&cpu->parent, addr, ACCESS_STORE, mmu);
}

void arm_dc_zero_far(ARMCPU *cpu, vaddr addr)
{
    enum { FSC_TAG_CHECK = 0x11 };

    if (cpu->exc.kind == ARM_EXC_SYNC && (cpu->exc.syndrome >> 26 & ~1u) == EC_DABORT_LOWER &&
        (cpu->exc.syndrome & 0x3f) != FSC_TAG_CHECK) {
        cpu->exc.far = addr;
    }
}

typedef struct Zeroed {
    void *host;
    unsigned size;
} Zeroed;

static void zero(void *opaque)
{
    const Zeroed *z = opaque;

    memset(z->host, 0, z->size);
}

/* Zeroes the naturally aligned block of DCZID_EL0.BS words that holds addr. */
void helper_dc_zva(ARMCPU *cpu, uint64_t addr, uint32_t mmu)
{
    unsigned size = 4u << (cpu->dczid_el0 & 15);
    uint64_t block = addr & ~(uint64_t)(size - 1);
    Zeroed z = { .size = size };
    bool ok;

    if (!arm_check_tags_if_active(cpu, block, size, ACCESS_STORE, mmu)) {
        arm_dc_zero_far(cpu, addr);
        return;
    }
    do {
        z.host = cpu_probe(&cpu->parent, block, size, ACCESS_STORE, mmu, &ok);
    } while (z.host && !cpu_access_host(&cpu->parent, zero, &z));
    if (!ok) {
        arm_dc_zero_far(cpu, addr);
    } else if (!z.host) {
        /* not plain RAM, or the page holds code: doublewords one by one */
        for (unsigned i = 0; i < size && cpu_st(&cpu->parent, block + i, 0, MO_64 | mmu << MO_MMU_SHIFT); i += 8) {
        }
    }
}
