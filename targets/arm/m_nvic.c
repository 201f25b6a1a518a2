/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pending, enabled and active exceptions and their priorities (Armv8-M ARM, DDI 0553, B3.9 to B3.14; Armv7-M ARM, DDI
 * 0403, B1.5.4, B3.4).
 *
 * What is pending and enabled lies in one bitmap for each priority, with a bitmap of the words and one of the priorities
 * that are not empty: every change and every question is a few words' work, however many interrupts there are. The bit
 * ARM_M_LINE_TAKE of irq_lines says that the first of them is above the execution priority.
 *
 * An input line pends its exception when it rises, and again when the exception returns while it is high.
 */
#include <string.h>

#include "targets/arm/m_int.h"

static inline void assign(uint64_t *words, unsigned slot, bool on)
{
    words[slot / 64] = (words[slot / 64] & ~BIT64(slot % 64)) | (uint64_t)on << (slot % 64);
}

/* -- priorities ------------------------------------------------------------------------------------------------------ */

unsigned arm_m_slot_bank(const ARMMCPU *cpu, unsigned slot)
{
    if (!cpu->has_security) {
        return M_NS;
    }
    if (slot >= 32) {
        return m_bit(cpu->nvic->itns, slot) ? M_NS : M_S;
    }
    switch (slot / 2) {
    case M_EXC_RESET:
        return M_S;
    case M_EXC_NMI:
    case M_EXC_BUS:
        return m_bfhfnmins(cpu) ? M_NS : M_S;
    case M_EXC_DEBUG:
        return *m_reg1(cpu, MR_DEMCR) & DEMCR_SDME ? M_S : M_NS;
    default:
        return slot & 1 ? M_NS : M_S;
    }
}

unsigned arm_m_slot_of(unsigned number, unsigned bank)
{
    switch (number) {
    case M_EXC_RESET:
    case M_EXC_NMI:
    case M_EXC_BUS:
    case M_EXC_DEBUG:
        return M_SLOT(number, M_NS);
    case M_EXC_SECURE:
        return M_SLOT(number, M_S);
    default:
        return number >= M_EXC_IRQ0 ? number + 16 : M_SLOT(number, bank);
    }
}

int arm_m_slot_priority(const ARMMCPU *cpu, unsigned slot, bool group)
{
    unsigned bank = arm_m_slot_bank(cpu, slot);
    unsigned p;

    if (slot < 2 * M_EXC_MEM) {
        switch (slot / 2) {
        case M_EXC_RESET:
            return -4;
        case M_EXC_NMI:
            return -2;
        default:
            return bank == M_S && m_bfhfnmins(cpu) ? -3 : -1;
        }
    }
    p = cpu->nvic->prio[slot];
    if (group) {
        p &= ~((2u << extract32(m_reg(cpu, MR_AIRCR, bank), 8, 3)) - 1);
    }
    if (cpu->has_security && bank == M_NS && *m_reg1(cpu, MR_AIRCR) & AIRCR_PRIS) {
        p = p >> 1 | 0x80;
    }
    return p;
}

/* BASEPRI of a bank as a priority; M_PRIO_NONE: no effect. */
static int basepri(const ARMMCPU *cpu, unsigned bank)
{
    unsigned p = cpu->basepri[bank];

    if (!p) {
        return M_PRIO_NONE;
    }
    p &= ~((2u << extract32(m_reg(cpu, MR_AIRCR, bank), 8, 3)) - 1);
    return cpu->has_security && bank == M_NS && *m_reg1(cpu, MR_AIRCR) & AIRCR_PRIS ? p >> 1 | 0x80 : p;
}

void arm_m_priority_changed(ARMMCPU *cpu)
{
    ArmMNvic *v = cpu->nvic;
    uint32_t aircr = *m_reg1(cpu, MR_AIRCR);
    int ns_floor = cpu->has_security && aircr & AIRCR_PRIS ? 0x80 : 0;
    int prio = MIN(basepri(cpu, M_NS), basepri(cpu, M_S)), unmasked;

    if (cpu->faultmask[M_NS]) {
        prio = MIN(prio, cpu->has_security && !(aircr & AIRCR_BFHFNMINS) ? ns_floor : -1);
    }
    if (cpu->faultmask[M_S]) {
        prio = MIN(prio, aircr & AIRCR_BFHFNMINS ? -3 : -1);
    }
    prio = MIN(prio, v->raw_prio);
    unmasked = prio;
    if (cpu->primask[M_NS]) {
        prio = MIN(prio, ns_floor);
    }
    if (cpu->primask[M_S]) {
        prio = MIN(prio, 0);
    }
    for (unsigned bank = 0; bank < 2; bank++) {
        unsigned nmi = M_SLOT(M_EXC_NMI, M_NS);
        bool neg = cpu->faultmask[bank] || m_bit(v->active, M_SLOT(M_EXC_HARD, bank)) ||
                   (m_bit(v->active, nmi) && arm_m_slot_bank(cpu, nmi) == bank);

        if (v->neg[bank] != neg) {
            v->neg[bank] = neg;
            cpu_key_changed(&cpu->parent);      /* HFNMIENA */
        }
    }
    v->exec_prio = prio;
    v->exec_prio_unmasked = unmasked;
    arm_m_nvic_update(cpu);
}

/* RawExecutionPriority(), over the few that are active. */
static void active_changed(ARMMCPU *cpu)
{
    ArmMNvic *v = cpu->nvic;

    v->raw_prio = M_PRIO_NONE;
    v->num_active = 0;
    for (unsigned w = 0; w < M_SLOT_WORDS; w++) {
        for (uint64_t bits = v->active[w]; bits; bits &= bits - 1) {
            v->raw_prio = MIN(v->raw_prio, arm_m_slot_priority(cpu, 64 * w + ctz64(bits), true));
            v->num_active++;
        }
    }
    arm_m_priority_changed(cpu);
}

/* -- what is pending and enabled, by priority ------------------------------------------------------------------------- */

static bool is_ready(const ArmMNvic *v, unsigned slot)
{
    return v->pending[slot / 64] & v->enabled[slot / 64] & BIT64(slot % 64);
}

static void ready_set(ARMMCPU *cpu, unsigned slot, bool on)
{
    ArmMNvic *v = cpu->nvic;
    unsigned p = arm_m_slot_priority(cpu, slot, false) + M_PRIO_BIAS, w = slot / 64;

    assign(v->ready[p], slot, on);
    if (v->ready[p][w]) {
        v->ready_words[p] |= BIT32(w);
    } else {
        v->ready_words[p] &= ~BIT32(w);
    }
    assign(v->ready_prios, p, v->ready_words[p] != 0);
}

unsigned arm_m_nvic_best(const ARMMCPU *cpu, int *ret_prio)
{
    const ArmMNvic *v = cpu->nvic;

    for (unsigned i = 0; i < M_PRIO_WORDS; i++) {
        if (v->ready_prios[i]) {
            unsigned p = 64 * i + ctz64(v->ready_prios[i]), w = ctz32(v->ready_words[p]);
            unsigned slot = 64 * w + ctz64(v->ready[p][w]);

            *ret_prio = arm_m_slot_priority(cpu, slot, true);
            return slot;
        }
    }
    *ret_prio = M_PRIO_NONE;
    return M_NO_SLOT;
}

/* With different PRIGROUPs, one that does not go first can be one that preempts. */
static unsigned other_before(const ARMMCPU *cpu, int limit)
{
    const ArmMNvic *v = cpu->nvic;

    if (!((m_reg(cpu, MR_AIRCR, M_S) ^ m_reg(cpu, MR_AIRCR, M_NS)) & 7 << 8)) {
        return M_NO_SLOT;
    }
    for (unsigned i = 0; i < M_PRIO_WORDS; i++) {
        for (uint64_t prios = v->ready_prios[i]; prios; prios &= prios - 1) {
            unsigned p = 64 * i + ctz64(prios);

            for (unsigned w = 0; w < M_SLOT_WORDS; w++) {
                for (uint64_t bits = v->ready[p][w]; bits; bits &= bits - 1) {
                    unsigned slot = 64 * w + ctz64(bits);

                    if (arm_m_slot_priority(cpu, slot, true) < limit) {
                        return slot;
                    }
                }
            }
        }
    }
    return M_NO_SLOT;
}

/* The first that would preempt what runs at priority `limit`. */
static unsigned first_before(const ARMMCPU *cpu, int limit)
{
    int prio;
    unsigned slot = arm_m_nvic_best(cpu, &prio);

    if (prio >= limit && cpu->has_security && slot != M_NO_SLOT) {
        return other_before(cpu, limit);
    }
    return prio < limit ? slot : M_NO_SLOT;
}

unsigned arm_m_nvic_takeable(const ARMMCPU *cpu)
{
    return first_before(cpu, cpu->nvic->exec_prio);
}

bool arm_m_nvic_wakes(const ARMMCPU *cpu)
{
    return first_before(cpu, cpu->nvic->exec_prio_unmasked) != M_NO_SLOT;
}

void arm_m_nvic_update(ARMMCPU *cpu)
{
    bool is, want;

    if (cpu->nvic->held) {
        return;
    }
    is = __atomic_load_n(&cpu->parent.irq_lines, __ATOMIC_RELAXED) & BIT32(ARM_M_LINE_TAKE);
    want = arm_m_nvic_takeable(cpu) != M_NO_SLOT;
    if (is != want) {
        cpu_set_line(&cpu->parent, ARM_M_LINE_TAKE, want);
    }
}

void arm_m_nvic_hold(ARMMCPU *cpu)
{
    cpu->nvic->held = true;
}

void arm_m_nvic_release(ARMMCPU *cpu)
{
    cpu->nvic->held = false;
    arm_m_nvic_update(cpu);
}

void arm_m_nvic_rebuild(ARMMCPU *cpu)
{
    ArmMNvic *v = cpu->nvic;

    memset(v->ready, 0, sizeof(v->ready));
    memset(v->ready_words, 0, sizeof(v->ready_words));
    memset(v->ready_prios, 0, sizeof(v->ready_prios));
    for (unsigned w = 0; w < M_SLOT_WORDS; w++) {
        for (uint64_t bits = v->pending[w] & v->enabled[w]; bits; bits &= bits - 1) {
            ready_set(cpu, 64 * w + ctz64(bits), true);
        }
    }
    active_changed(cpu);
}

/* -- changes ---------------------------------------------------------------------------------------------------------- */

void arm_m_nvic_set_pending(ARMMCPU *cpu, unsigned slot, bool pending)
{
    ArmMNvic *v = cpu->nvic;

    if (m_bit(v->pending, slot) == pending) {
        return;
    }
    assign(v->pending, slot, pending);
    if (m_bit(v->enabled, slot)) {
        ready_set(cpu, slot, pending);
        arm_m_nvic_update(cpu);
    }
    if (pending && m_reg(cpu, MR_SCR, arm_m_slot_bank(cpu, slot)) & SCR_SEVONPEND) {
        arm_m_send_event(cpu);
    }
}

void arm_m_nvic_set_enabled(ARMMCPU *cpu, unsigned slot, bool enabled)
{
    ArmMNvic *v = cpu->nvic;

    if (m_bit(v->enabled, slot) == enabled) {
        return;
    }
    assign(v->enabled, slot, enabled);
    if (m_bit(v->pending, slot)) {
        ready_set(cpu, slot, enabled);
        arm_m_nvic_update(cpu);
    }
}

void arm_m_nvic_set_active(ARMMCPU *cpu, unsigned slot, bool active)
{
    ArmMNvic *v = cpu->nvic;

    if (m_bit(v->active, slot) == active) {
        return;
    }
    assign(v->active, slot, active);
    active_changed(cpu);
    if (!active && arm_m_nvic_is_high(v, slot)) {
        arm_m_nvic_set_pending(cpu, slot, true);
    }
}

/* Whatever a slot's priority hangs on changes between the two calls. */
static bool take_out(ARMMCPU *cpu, unsigned slot)
{
    bool ready = is_ready(cpu->nvic, slot);

    if (ready) {
        ready_set(cpu, slot, false);
    }
    return ready;
}

static void put_back(ARMMCPU *cpu, unsigned slot, bool ready)
{
    if (ready) {
        ready_set(cpu, slot, true);
        arm_m_nvic_update(cpu);
    }
    if (m_bit(cpu->nvic->active, slot)) {
        active_changed(cpu);
    }
}

void arm_m_nvic_set_prio(ARMMCPU *cpu, unsigned slot, uint8_t prio)
{
    ArmMNvic *v = cpu->nvic;
    bool ready;

    prio &= v->prio_mask;
    if (v->prio[slot] != prio) {
        ready = take_out(cpu, slot);
        v->prio[slot] = prio;
        put_back(cpu, slot, ready);
    }
}

void arm_m_nvic_set_itns(ARMMCPU *cpu, unsigned slot, bool itns)
{
    bool ready;

    if (m_bit(cpu->nvic->itns, slot) != itns) {
        ready = take_out(cpu, slot);
        assign(cpu->nvic->itns, slot, itns);
        put_back(cpu, slot, ready);
    }
}

/* -- from other threads ------------------------------------------------------------------------------------------------- */

void arm_m_nvic_post(ARMMCPU *cpu, unsigned slot)
{
    ArmMNvic *v = cpu->nvic;

    __atomic_fetch_or(&v->edge[slot / 64], BIT64(slot % 64), __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&v->edge_words, BIT32(slot / 64), __ATOMIC_SEQ_CST);
    cpu_set_line(&cpu->parent, ARM_M_LINE_IN, 1);
}

void arm_m_nvic_line(ARMMCPU *cpu, unsigned slot, int level)
{
    uint64_t *word = &cpu->nvic->level[slot / 64], bit = BIT64(slot % 64);

    if (!level) {
        __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
    } else if (!(__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit)) {
        arm_m_nvic_post(cpu, slot);
    }
}

void arm_m_nvic_drain(ARMMCPU *cpu)
{
    ArmMNvic *v = cpu->nvic;

    if (!(__atomic_load_n(&cpu->parent.irq_lines, __ATOMIC_SEQ_CST) & BIT32(ARM_M_LINE_IN))) {
        return;
    }
    /* first the line, then the bits: who comes in between raises the line again */
    cpu_set_line(&cpu->parent, ARM_M_LINE_IN, 0);
    for (uint32_t words = __atomic_exchange_n(&v->edge_words, 0, __ATOMIC_SEQ_CST); words; words &= words - 1) {
        unsigned w = ctz32(words);

        for (uint64_t bits = __atomic_exchange_n(&v->edge[w], 0, __ATOMIC_SEQ_CST); bits; bits &= bits - 1) {
            unsigned slot = 64 * w + ctz64(bits);

            if (slot < 32 && slot / 2 == M_EXC_SYSTICK) {
                arm_m_systick_sync(cpu, slot & 1 ? M_NS : M_S);
            } else {
                arm_m_nvic_set_pending(cpu, slot, true);
            }
        }
    }
}

void arm_m_nvic_sample(ARMMCPU *cpu)
{
    arm_m_nvic_drain(cpu);
    for (unsigned w = 0; w < M_SLOT_WORDS; w++) {
        uint64_t level = __atomic_load_n(&cpu->nvic->level[w], __ATOMIC_SEQ_CST);

        cpu->nvic->pending[w] = level;          /* a line that fell during reset left nothing */
    }
    arm_m_nvic_rebuild(cpu);
}

/* -- life --------------------------------------------------------------------------------------------------------------- */

void arm_m_nvic_init(ARMMCPU *cpu, unsigned num_irq, unsigned prio_bits)
{
    ArmMNvic *v = g_new0(ArmMNvic, 1);

    v->num_irq = num_irq;
    v->prio_mask = 0xff << (8 - prio_bits);
    v->raw_prio = v->exec_prio = v->exec_prio_unmasked = M_PRIO_NONE;
    cpu->nvic = v;
}

void arm_m_nvic_free(ARMMCPU *cpu)
{
    g_clear_pointer(&cpu->nvic, g_free);
}

void arm_m_nvic_reset(ARMMCPU *cpu)
{
    static const uint8_t always[] = {
        M_EXC_RESET, M_EXC_NMI, M_EXC_HARD, M_EXC_SVC, M_EXC_DEBUG, M_EXC_PENDSV, M_EXC_SYSTICK,
    };
    ArmMNvic *v = cpu->nvic;

    memset(v->pending, 0, sizeof(v->pending));
    memset(v->enabled, 0, sizeof(v->enabled));
    memset(v->active, 0, sizeof(v->active));
    memset(v->itns, 0, sizeof(v->itns));
    memset(v->prio, 0, sizeof(v->prio));
    for (unsigned i = 0; i < G_N_ELEMENTS(always); i++) {
        assign(v->enabled, M_SLOT(always[i], M_NS), true);
        assign(v->enabled, M_SLOT(always[i], M_S), true);
    }
    if (cpu->has_security) {
        assign(v->enabled, M_SLOT(M_EXC_HARD, M_NS), false);    /* until AIRCR.BFHFNMINS */
    }
    arm_m_nvic_rebuild(cpu);
}

static const VMStateField nvic_fields[] = {
    VMSTATE_UINT_ARRAY(ArmMNvic, pending), VMSTATE_UINT_ARRAY(ArmMNvic, enabled), VMSTATE_UINT_ARRAY(ArmMNvic, active),
    VMSTATE_UINT_ARRAY(ArmMNvic, itns), VMSTATE_BYTES(ArmMNvic, prio), VMSTATE_UINT_ARRAY(ArmMNvic, level),
    VMSTATE_UINT_ARRAY(ArmMNvic, edge), VMSTATE_UINT(ArmMNvic, edge_words), VMSTATE_END
};

static GVariant *save(const void *field)
{
    return vmstate_save(nvic_fields, *(ArmMNvic *const *)field);
}

static bool load(void *field, GVariant *state, GError **error)
{
    return vmstate_load(nvic_fields, *(ArmMNvic **)field, state, error);
}

const VMStateOps arm_m_nvic_vmstate_ops = { save, load };
