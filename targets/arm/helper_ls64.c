/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FEAT_LS64, LS64_V and LS64_ACCDATA: 64-byte loads and stores (Arm DDI 0487, C6.2 LD64B, ST64B, ST64BV, ST64BV0).
 * No location of ours takes 64 bytes at once: they go as eight doublewords, which the architecture allows of locations
 * without support (limited atomicity). ST64BV says that every store was done.
 */
#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/ls64.h"
#include "targets/arm/mte.h"

#define SCR_ENAS0 (UINT64_C(1) << 36)
enum { SIZE = 64 };

/* Where the instruction is trapped to; 0: it is not (CheckLDST64BEnabled and so on). */
static unsigned trap_el(const ARMCPU *cpu, unsigned kind)
{
    static const uint8_t sctlr_bit[] = { [LS64_LD] = 56, [LS64_ST] = 56, [LS64_STV] = 54, [LS64_STV0] = 55 };
    static const uint8_t hcrx_bit[] = { [LS64_LD] = 1, [LS64_ST] = 1, [LS64_STV] = 2, [LS64_STV0] = 0 };
    bool host = arm_is_in_host(cpu);

    if (cpu->el == 0 && !(cpu->sctlr_el[host ? 2 : 1] >> sctlr_bit[kind] & 1)) {
        return host || (arm_el2_enabled(cpu) && cpu->hcr_el2 & HCR_TGE) ? 2 : 1;
    }
    if (arm_el2_enabled(cpu) && cpu->el < 2 && !host && !(arm_hcrx_el2_eff(cpu) >> hcrx_bit[kind] & 1)) {
        return 2;
    }
    return kind == LS64_STV0 && cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_ENAS0) ? 3 : 0;
}

/*
 * Faults of translation say which instruction it was: a valid syndrome of a 64-bit access of Xt, ISS.LST, and of those
 * that return a status Xs in ISS2 (ISS encoding for a Data Abort; LS64InstructionSyndrome()).
 */
static void add_syndrome(ARMCPU *cpu, unsigned kind, unsigned rt, unsigned rs)
{
    static const uint8_t lst[] = { [LS64_LD] = 2, [LS64_ST] = 2, [LS64_STV] = 1, [LS64_STV0] = 3 };
    unsigned fsc = cpu->exc.syndrome & 0x3f;

    if (cpu->exc.kind == ARM_EXC_SYNC && fsc >= 4 && fsc < 16) {
        cpu->exc.syndrome |= 1u << 24 | 3u << 22 | rt << 16 | 1u << 15 | lst[kind] << 11;
        cpu->exc.iss2 |= kind >= LS64_STV ? rs : 0;
    }
}

/* The address is good for all 64 bytes. False: an exception is recorded. */
static bool may_access(ARMCPU *cpu, uint64_t addr, uint32_t desc)
{
    unsigned kind = LS64_KIND(desc), mmu = LS64_MMU(desc);
    AccessType type = kind == LS64_LD ? ACCESS_LOAD : ACCESS_STORE;
    CPUPage page;

    if (addr & (SIZE - 1)) {
        arm_unaligned(&cpu->parent, addr, type, mmu);
        return false;
    }
    if (!cpu_find_page(&cpu->parent, addr, type, mmu, &page)) {
        add_syndrome(cpu, kind, LS64_RT(desc), LS64_RS(desc));
        return false;
    }
    if (page.user & ARM_PAGE_CACHEABLE) {
        arm_unsupported_access(cpu, addr, type, mmu);
        return false;
    }
    return arm_check_tags_if_active(cpu, addr, SIZE, type, mmu);
}

void helper_ls64(ARMCPU *cpu, uint64_t addr, uint32_t desc)
{
    unsigned kind = LS64_KIND(desc), rt = LS64_RT(desc), rs = LS64_RS(desc), mmu = LS64_MMU(desc);
    MemOp mo = MO_64 | mmu << MO_MMU_SHIFT | (LS64_BE(desc) ? MO_BE : 0);
    unsigned el = trap_el(cpu, kind);
    uint64_t data[8];
    bool ok = true;

    if (el) {
        static const uint8_t iss[] = { [LS64_LD] = 2, [LS64_ST] = 2, [LS64_STV] = 0, [LS64_STV0] = 1 };

        arm_raise(cpu, el, ARM_SYNDROME(EC_LS64, iss[kind]));
        return;
    }
    if (!may_access(cpu, addr, desc)) {
        return;
    }
    if (kind == LS64_LD) {
        for (unsigned i = 0; ok && i < 8; i++) {
            data[i] = cpu_ld(&cpu->parent, addr + 8 * i, mo, &ok);
        }
        for (unsigned i = 0; ok && i < 8; i++) {
            cpu->x[rt + i] = data[i];           /* Rt is at most 22 */
        }
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        data[i] = cpu->x[rt + i];
    }
    if (kind == LS64_STV0) {
        data[0] = deposit64(data[0], 0, 32, cpu->accdata_el1);
    }
    for (unsigned i = 0; ok && i < 8; i++) {
        ok = cpu_st(&cpu->parent, addr + 8 * i, data[i], mo);
    }
    if (ok && kind >= LS64_STV && rs != 31) {
        cpu->x[rs] = 0;
    }
}
