/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory tagging: tags in memory, tag checks, tags in registers (Arm DDI 0487, D8.12 and C6.2). */

#include "core/bits.h"
#include "core/qom/machine.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/mmu.h"
#include "targets/arm/mte.h"

#define SCR_ATA (UINT64_C(1) << 26)
enum { SCTLR_TCF0 = 38, SCTLR_TCF = 40, SCTLR_ATA0 = 42, SCTLR_ATA = 43 };
enum { TCF_NONE, TCF_SYNC, TCF_ASYNC, TCF_ASYMMETRIC };

static unsigned tag_of(uint64_t addr)
{
    return extract64(addr, 56, 4);
}

/* -- what is enabled ------------------------------------------------------------------------------------------------ */

static uint64_t sctlr_of(const ARMCPU *cpu, unsigned el)
{
    return cpu->sctlr_el[el ? el : arm_is_in_host(cpu) ? 2 : 1];
}

bool arm_mte_access(const ARMCPU *cpu, unsigned el)
{
    if (cpu->has_el3 && el < 3 && !(cpu->scr_el3 & SCR_ATA)) {
        return false;
    }
    if (el < 2 && arm_el2_enabled(cpu) && !(arm_hcr_e2h(cpu) && cpu->hcr_el2 & HCR_TGE) && !(cpu->hcr_el2 & HCR_ATA)) {
        return false;
    }
    return sctlr_of(cpu, el) >> (el ? SCTLR_ATA : SCTLR_ATA0) & 1;
}

static unsigned tcf(const ARMCPU *cpu, unsigned el)
{
    return sctlr_of(cpu, el) >> (el ? SCTLR_TCF : SCTLR_TCF0) & 3;
}

bool arm_mte_active(const ARMCPU *cpu, bool user)
{
    unsigned el = user ? 0 : cpu->el;

    return arm_feature(cpu, FEAT_MTE2) && !cpu->tco && tcf(cpu, el) != TCF_NONE && arm_mte_access(cpu, el);
}

/* -- tags in memory -------------------------------------------------------------------------------------------------- */

/* Where a granule's tag is. *ret NULL: the memory has none. False: an exception is recorded. */
static bool find_tag(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu, bool create, uint8_t **ret)
{
    CPUPage page;
    uint8_t *tags;

    *ret = NULL;
    if (!cpu_find_page(&cpu->parent, addr, type, mmu, &page)) {
        return false;
    }
    if (page.rb && page.user & ARM_PAGE_TAGGED) {
        tags = ram_tags(page.rb, create);
        *ret = tags ? tags + page.offset / MTE_GRANULE : NULL;
    }
    return true;
}

static bool get_tag(ARMCPU *cpu, vaddr addr, unsigned mmu, unsigned *ret)
{
    uint8_t *p;

    *ret = 0;
    if (!find_tag(cpu, addr, ACCESS_LOAD, mmu, false, &p)) {
        return false;
    }
    if (p && arm_mte_access(cpu, arm_mmu_is_user(mmu) ? 0 : cpu->el)) {
        *ret = __atomic_load_n(p, __ATOMIC_RELAXED);
    }
    return true;
}

bool arm_set_tag(ARMCPU *cpu, vaddr addr, unsigned tag, unsigned mmu)
{
    uint8_t *p;

    if (!find_tag(cpu, addr, ACCESS_STORE, mmu, true, &p)) {
        return false;
    }
    if (p && arm_mte_access(cpu, arm_mmu_is_user(mmu) ? 0 : cpu->el)) {
        __atomic_store_n(p, tag, __ATOMIC_RELAXED);
    }
    return true;
}

/* -- checks ---------------------------------------------------------------------------------------------------------- */

/* AArch64_AccessIsTagChecked: what the address says. */
static bool is_checked(const ARMCPU *cpu, vaddr addr, unsigned mmu)
{
    uint64_t tcr = cpu->tcr_el[arm_regime_el(cpu, mmu)];
    unsigned top = extract64(addr, 55, 5);
    bool high = addr >> 55 & 1, tbi, tcma;

    if (arm_mmu_two_ranges(mmu)) {
        tbi = tcr >> (high ? 38 : 37) & 1;
        tcma = tcr >> (high ? 58 : 57) & 1;
    } else {
        tbi = tcr >> 20 & 1;
        tcma = tcr >> 30 & 1;
    }
    return tbi && !(tcma && (top == 0 || top == 31));
}

/* AArch64_TagCheckFault. False: it is synchronous. */
static bool mismatch(ARMCPU *cpu, vaddr addr, AccessType type, unsigned mmu)
{
    unsigned el = arm_mmu_is_user(mmu) ? 0 : cpu->el, how = tcf(cpu, el);

    if (how == TCF_ASYMMETRIC) {
        how = type == ACCESS_STORE ? TCF_ASYNC : TCF_SYNC;
    }
    if (how == TCF_SYNC) {
        arm_tag_fault(cpu, addr, type, mmu);
        return false;
    }
    if (cpu->vdso) {                            /* user mode: the kernel looks at it when it is entered, which is soon */
        cpu_request(&cpu->parent, CPU_REQ_INTERRUPT);
    }
    cpu->tfsr_el[el] |= UINT64_C(1) << (el < 3 && addr >> 55 & 1);
    return true;
}

bool arm_check_tags(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    ARMCPU *cpu = ARM_CPU(cs);
    vaddr last = (addr + size - 1) | (MTE_GRANULE - 1);

    if (!is_checked(cpu, addr, mmu)) {
        return true;
    }
    for (vaddr at = addr; at - addr <= last - addr; at = (at | (MTE_GRANULE - 1)) + 1) {
        unsigned tag = 0;
        uint8_t *p;

        if (!find_tag(cpu, at, type, mmu, true, &p)) {
            return false;
        }
        if (!p) {
            continue;
        }
        tag = __atomic_load_n(p, __ATOMIC_RELAXED);
        if (tag != tag_of(addr)) {
            return mismatch(cpu, at, type, mmu);
        }
    }
    return true;
}

bool arm_check_tags_if_active(ARMCPU *cpu, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    return !arm_mte_active(cpu, arm_mmu_is_user(mmu)) || arm_check_tags(&cpu->parent, addr, size, type, mmu);
}

void helper_mte_check(ARMCPU *cpu, uint64_t addr, uint32_t desc)
{
    arm_check_tags(&cpu->parent, addr, desc >> 8 & 255, desc >> 16 ? ACCESS_STORE : ACCESS_LOAD, desc & 255);
}

/* -- tags in addresses ------------------------------------------------------------------------------------------------ */

/* AArch64_ChooseNonExcludedTag. */
static unsigned choose(unsigned tag, unsigned offset, unsigned exclude)
{
    if (exclude == 0xffff) {
        return 0;
    }
    while (offset == 0 && exclude >> tag & 1) {
        tag = (tag + 1) & 15;
    }
    for (; offset; offset--) {
        do {
            tag = (tag + 1) & 15;
        } while (exclude >> tag & 1);
    }
    return tag;
}

/* ADDG, SUBG: the sum, and the tag of the operand with offset steps. */
uint64_t helper_mte_add(ARMCPU *cpu, uint64_t operand, uint64_t sum, uint32_t offset)
{
    unsigned tag = 0;

    if (arm_mte_access(cpu, cpu->el)) {
        tag = choose(tag_of(operand), offset, cpu->gcr_el1 & 0xffff);
    }
    return deposit64(sum, 56, 4, tag);
}

/* AArch64_RandomTag: four steps of RGSR_EL1.SEED's shift register. */
static unsigned random_tag(ARMCPU *cpu)
{
    unsigned tag = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned lfsr = extract64(cpu->rgsr_el1, 8, 16);
        unsigned top = (lfsr >> 5 ^ lfsr >> 3 ^ lfsr >> 2 ^ lfsr) & 1;

        cpu->rgsr_el1 = deposit64(cpu->rgsr_el1, 8, 16, lfsr >> 1 | top << 15);
        tag |= top << i;
    }
    return tag;
}

uint64_t helper_mte_irg(ARMCPU *cpu, uint64_t operand, uint64_t mask)
{
    unsigned exclude = (mask | cpu->gcr_el1) & 0xffff, tag = 0;

    if (arm_mte_access(cpu, cpu->el)) {
        if (cpu->gcr_el1 >> 16 & 1) {
            uint8_t noise = 0;

            if (!machine_random(cpu->parent.parent.machine, &noise, 1)) {
                noise = random_tag(cpu);
            }
            tag = choose(noise & 15, noise >> 4, exclude);
        } else {
            tag = choose(cpu->rgsr_el1 & 15, random_tag(cpu), exclude);
            cpu->rgsr_el1 = deposit64(cpu->rgsr_el1, 0, 4, tag);
        }
    }
    return deposit64(operand, 56, 4, tag);
}

/* -- loads and stores of tags ------------------------------------------------------------------------------------------ */

uint64_t helper_mte_ldg(ARMCPU *cpu, uint64_t addr, uint64_t value, uint32_t mmu)
{
    unsigned tag;

    return get_tag(cpu, addr & ~UINT64_C(15), mmu, &tag) ? deposit64(value, 56, 4, tag) : value;
}

static bool zero(ARMCPU *cpu, uint64_t addr, unsigned mmu)
{
    return cpu_st(&cpu->parent, addr, 0, MO_64 | mmu << MO_MMU_SHIFT) &&
           cpu_st(&cpu->parent, addr + 8, 0, MO_64 | mmu << MO_MMU_SHIFT);
}

void helper_mte_stg(ARMCPU *cpu, uint64_t addr, uint64_t tagged, uint32_t desc)
{
    unsigned mmu = desc & 255, granules = desc >> 8 & 15;
    bool zeroes = desc >> 12 & 1;

    if (addr & 15) {
        arm_unaligned(&cpu->parent, addr, ACCESS_STORE, mmu);
        return;
    }
    for (unsigned i = 0; zeroes && i < granules; i++) {
        if (!zero(cpu, addr + i * MTE_GRANULE, mmu)) {
            return;
        }
    }
    for (unsigned i = 0; i < granules; i++) {
        if (!arm_set_tag(cpu, addr + i * MTE_GRANULE, tag_of(tagged), mmu)) {
            return;
        }
    }
}

uint64_t helper_mte_ldgm(ARMCPU *cpu, uint64_t addr, uint32_t mmu)
{
    unsigned size = 4u << MTE_GMID_BS;
    uint64_t data = 0;

    addr &= ~(uint64_t)(size - 1);
    for (unsigned i = 0; i < size / MTE_GRANULE; i++, addr += MTE_GRANULE) {
        unsigned tag;

        if (!get_tag(cpu, addr, mmu, &tag)) {
            return 0;
        }
        data |= (uint64_t)tag << (addr >> 4 & 15) * 4;
    }
    return data;
}

void helper_mte_stgm(ARMCPU *cpu, uint64_t addr, uint64_t data, uint32_t mmu)
{
    unsigned size = 4u << MTE_GMID_BS;

    addr &= ~(uint64_t)(size - 1);
    for (unsigned i = 0; i < size / MTE_GRANULE; i++, addr += MTE_GRANULE) {
        if (!arm_set_tag(cpu, addr, data >> (addr >> 4 & 15) * 4 & 15, mmu)) {
            return;
        }
    }
}

/* STZGM, and DC GVA and GZVA: a block of DCZID_EL0.BS words gets one tag, and zeroes. */
void helper_mte_block(ARMCPU *cpu, uint64_t addr, uint32_t tag, uint32_t desc)
{
    unsigned size = 4u << (cpu->dczid_el0 & 15), mmu = desc & 255;

    addr &= ~(uint64_t)(size - 1);
    for (unsigned i = 0; i < size; i += MTE_GRANULE) {
        if ((desc >> 8 && !zero(cpu, addr + i, mmu)) || !arm_set_tag(cpu, addr + i, tag, mmu)) {
            return;
        }
    }
}
