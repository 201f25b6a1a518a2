/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DWT and ITM as far as firmware uses them (Armv7-M ARM, DDI 0403, C1.7 and C1.8; Armv8-M ARM, DDI 0553, B13): the cycle
 * counter, data address comparators that raise DebugMonitor, and stimulus ports, whose bytes go to a character device.
 *
 * Not modelled (docs/CAVEATS.md): the profiling counters, comparators of instructions, cycles and values, trace packets:
 * the character device gets what was written to the ports, not a protocol.
 */
#include "core/qom/machine.h"
#include "targets/arm/m_int.h"

enum { DWT_CYCCNTENA = 1, DWT_NOCYCCNT = 1 << 25, DWT_MATCHED = 1 << 24, ITM_ITMENA = 1, ITM_KEY = 0xc5acce55 };
enum { COMP, MASK, FUNCTION };

/* -- DWT -------------------------------------------------------------------------------------------------------------- */

static bool traces(const ARMMCPU *cpu)
{
    return *m_reg1(cpu, MR_DEMCR) & DEMCR_TRCENA;
}

static bool counts(const ARMMCPU *cpu)
{
    return traces(cpu) && *m_reg1(cpu, MR_DWT_CTRL) & DWT_CYCCNTENA && !(cpu->model->dwt_ctrl & DWT_NOCYCCNT);
}

uint32_t arm_m_cyccnt(ARMMCPU *cpu)
{
    return counts(cpu) ? arm_m_ticks(cpu, cpu->parent.frequency) - cpu->system->cyccnt_base : *m_reg1(cpu, MR_DWT_CYCCNT);
}

/* Whatever makes it count or stand changes between the two: hold is the value that it had. */
void arm_m_cyccnt_set(ARMMCPU *cpu, uint32_t hold)
{
    *m_reg1(cpu, MR_DWT_CYCCNT) = hold;
    cpu->system->cyccnt_base = arm_m_ticks(cpu, cpu->parent.frequency) - hold;
}

static unsigned num_comp(const ARMMCPU *cpu)
{
    return cpu->model->dwt_ctrl >> 28;
}

uint32_t arm_m_dwt_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank G_GNUC_UNUSED)
{
    uint32_t value;

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_DWT_CTRL:
        return cpu->model->dwt_ctrl | *m_reg1(cpu, MR_DWT_CTRL);
    case MR_DWT_CYCCNT:
        return arm_m_cyccnt(cpu);
    case MR_DWT_PCSR:
        return (uint32_t)cpu->pc;
    default:
        if (n / 4 >= num_comp(cpu) || n % 4 == 3) {
            return 0;
        }
        value = cpu->system->dwt_comp[n / 4][n % 4];
        if (n % 4 == FUNCTION) {
            cpu->system->dwt_comp[n / 4][FUNCTION] &= ~DWT_MATCHED;     /* cleared by reading */
        }
        return value;
    }
}

void arm_m_dwt_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank G_GNUC_UNUSED, uint32_t value, uint32_t lanes)
{
    uint32_t hold = arm_m_cyccnt(cpu), *v;

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_DWT_CTRL:
        *m_reg1(cpu, MR_DWT_CTRL) = (*m_reg1(cpu, MR_DWT_CTRL) & ~lanes) | (value & lanes & (m_has(cpu, ARM_M_HAS_MAIN) ?
                                                                                            0x007f1fff : 0));
        arm_m_cyccnt_set(cpu, hold);
        break;
    case MR_DWT_CYCCNT:
        arm_m_cyccnt_set(cpu, (hold & ~lanes) | (value & lanes));
        break;
    default:
        if (n / 4 < num_comp(cpu) && n % 4 != 3) {
            v = &cpu->system->dwt_comp[n / 4][n % 4];
            *v = (*v & ~lanes) | (value & lanes);
            if (n % 4 == FUNCTION) {
                *v &= m_has(cpu, ARM_M_HAS_V8) ? 0xc3f : 0xfffff;
            }
            arm_m_dwt_changed(cpu);
        }
        break;
    }
}

void arm_m_dwt_changed(ARMMCPU *cpu)
{
    arm_m_cyccnt_set(cpu, arm_m_cyccnt(cpu));
    arm_m_flush_all(cpu);                       /* which pages are watched */
}

/* A comparator of data addresses: its range, and whether it is for loads and for stores. */
static bool data_comp(const ARMMCPU *cpu, unsigned i, uint32_t *ret_first, uint32_t *ret_last, bool *ret_load, bool *ret_store)
{
    const uint32_t *c = cpu->system->dwt_comp[i];
    uint32_t f = c[FUNCTION], size;
    unsigned kind = f & 15;

    if (m_has(cpu, ARM_M_HAS_V8)) {
        /* MATCH 01xx: data address of an access, of a store, of a load; ACTION 01: debug event; DATAVSIZE */
        if (kind < 4 || kind > 6 || (f >> 4 & 3) != 1) {
            return false;
        }
        size = 1u << (f >> 10 & 3);
        *ret_load = kind != 5;
        *ret_store = kind != 6;
    } else {
        /* FUNCTION 5, 6, 7: watchpoints of loads, stores, both; MASK low bits are not compared */
        if (kind < 5 || kind > 7 || f & (1 << 7 | 1 << 8)) {
            return false;
        }
        size = 1u << MIN(c[MASK] & 31, 15);
        *ret_load = kind != 6;
        *ret_store = kind != 5;
    }
    *ret_first = c[COMP] & ~(size - 1);
    *ret_last = *ret_first + (size - 1);
    return true;
}

static bool watching(const ARMMCPU *cpu)
{
    const uint32_t on = DEMCR_TRCENA | DEMCR_MON_EN;

    return (*m_reg1(cpu, MR_DEMCR) & on) == on && num_comp(cpu);
}

bool arm_m_dwt_watches(const ARMMCPU *cpu, uint32_t addr, uint32_t size)
{
    uint32_t first, last;
    bool load, store;

    for (unsigned i = 0; watching(cpu) && i < MIN(num_comp(cpu), M_NUM_DWT); i++) {
        if (data_comp(cpu, i, &first, &last, &load, &store) && first <= addr + (size - 1) && last >= addr) {
            return true;
        }
    }
    return false;
}

/*
 * The access is done; DebugMonitor comes at the next boundary of a block, at a priority that lets it. What the manual
 * leaves open is how many instructions later that is.
 */
bool arm_m_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    uint32_t first, last;
    bool load, store;

    /* pages of Device memory are watched, too */
    if (addr & (size - 1) && m_has(cpu, ARM_M_HAS_V8) && arm_m_is_device(cpu, addr, mmu)) {
        arm_m_raise(cpu, M_FAULT_UNALIGNED);
        return false;
    }
    for (unsigned i = 0; watching(cpu) && i < MIN(num_comp(cpu), M_NUM_DWT); i++) {
        if (data_comp(cpu, i, &first, &last, &load, &store) && first <= addr + (size - 1) && last >= addr &&
            (type == ACCESS_LOAD ? load : type == ACCESS_STORE ? store : load || store)) {
            cpu->system->dwt_comp[i][FUNCTION] |= DWT_MATCHED;
            if (!(cpu->secure && !(*m_reg1(cpu, MR_DEMCR) & DEMCR_SDME)) &&
                arm_m_slot_priority(cpu, M_SLOT(M_EXC_DEBUG, M_NS), true) < cpu->nvic->exec_prio) {
                *m_reg1(cpu, MR_DFSR) |= DFSR_DWTTRAP;
                arm_m_nvic_set_pending(cpu, M_SLOT(M_EXC_DEBUG, M_NS), true);
            }
        }
    }
    return true;
}

/* -- ITM ---------------------------------------------------------------------------------------------------------------- */

static bool port_enabled(const ARMMCPU *cpu, unsigned port)
{
    return traces(cpu) && *m_reg1(cpu, MR_ITM_TCR) & ITM_ITMENA && *m_reg1(cpu, MR_ITM_TER) >> port & 1;
}

/* Unprivileged software reaches the ports that ITM_TPR gives it, eight a bit. */
static bool port_permitted(const ARMMCPU *cpu, unsigned port)
{
    return !cpu->system->unprivileged || !(*m_reg1(cpu, MR_ITM_TPR) >> (port / 8) & 1);
}

uint32_t arm_m_itm_read(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank G_GNUC_UNUSED)
{
    if (r - arm_m_regs == MR_ITM_LSR) {
        return 1 | (cpu->system->itm_unlocked ? 0 : 2);
    }
    return n < 32 && port_enabled(cpu, n);      /* FIFOREADY */
}

void arm_m_itm_write(ARMMCPU *cpu, const ArmMReg *r, unsigned n, unsigned bank G_GNUC_UNUSED, uint32_t value, uint32_t lanes)
{
    ArmMSystem *s = cpu->system;
    uint32_t *v = &s->reg[r - arm_m_regs][M_NS];
    bool locked = m_has(cpu, ARM_M_HAS_V7) && !s->itm_unlocked;

    switch ((ArmMRegId)(r - arm_m_regs)) {
    case MR_ITM_STIM:
        if (n < 32 && port_enabled(cpu, n) && port_permitted(cpu, n)) {
            uint8_t bytes[4];
            Machine *m = cpu->parent.parent.machine;

            stl_le_p(bytes, value >> ctz32(lanes));
            machine_lock(m);
            char_write(&cpu->itm, bytes, (32 - clz32(lanes) - ctz32(lanes)) / 8);
            machine_unlock(m);
        }
        break;
    case MR_ITM_LAR:
        s->itm_unlocked = value == ITM_KEY && !s->unprivileged;
        break;
    case MR_ITM_TER:
        if (!locked) {
            for (unsigned i = 0; i < 32; i += 8) {
                uint32_t part = port_permitted(cpu, i) ? lanes & 0xffu << i : 0;

                *v = (*v & ~part) | (value & part);
            }
        }
        break;
    default:
        if (!locked && !s->unprivileged) {
            *v = (*v & ~(lanes & r->rw)) | (value & lanes & r->rw);
        }
        break;
    }
}
