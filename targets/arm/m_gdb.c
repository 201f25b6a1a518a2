/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of an M-profile CPU as debuggers see them: gdb's features ("ARM Features" of its manual), and the special
 * registers of MRS and MSR; and the system control space by the manual's names, from its own table (m_system.c), except for
 * what has an effect when it is read. The rest of the system space is memory, at its addresses.
 */
#include "core/exec/debug.h"
#include "targets/arm/m_int.h"

/* A CPU whose reset was not carried out has its registers yet to get from the vector table. */
static ARMMCPU *settled(CPUState *cs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    if (cpu->reset_pending && !__atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST)) {
        arm_m_do_exception(cs);
        cs->raised = 0;
        cpu_key_changed(cs);
    }
    return cpu;
}

/* -- org.gnu.gdb.arm.m-profile ----------------------------------------------------------------------------------- */

static bool read_r(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    stl_le_p(buf, settled(cs)->r[r->n]);
    return true;
}

static bool write_r(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    settled(cs)->r[r->n] = ldl_le_p(buf) & (r->n == 13 ? ~3u : ~0u);
    return true;
}

static bool read_pc(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, (uint32_t)settled(cs)->pc);
    return true;
}

/* Going on elsewhere ends a wait, lockup, and an IT block. */
static bool write_pc(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);

    cpu->pc = ldl_le_p(buf) & ~1u;
    cpu->it = 0;
    cs->halted = false;
    if (cpu->lockup) {
        arm_m_leave_lockup(cpu);
    }
    return true;
}

static bool read_xpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, arm_m_get_xpsr(settled(cs)));
    return true;
}

/* The exception number stays: the mode, the stack and the priority hang on it. */
static bool write_xpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);

    arm_m_set_xpsr(cpu, (ldl_le_p(buf) & ~0x1ffu) | cpu->exception);
    return true;
}

#define R(n_) { "r" #n_, 32, "int", NULL, n_, NULL, read_r, write_r }
static const DebugReg core_regs[] = {
    R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12),
    { "sp", 32, "data_ptr", NULL, 13, NULL, read_r, write_r },
    { "lr", 32, "int", NULL, 14, NULL, read_r, write_r },
    { "pc", 32, "code_ptr", .read = read_pc, .write = write_pc },
    { "xpsr", 32, "int", .read = read_xpsr, .write = write_xpsr },
};
#undef R

/* -- org.gnu.gdb.arm.vfp ----------------------------------------------------------------------------------------------- */

static bool read_d(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);

    stl_le_p(buf, cpu->s[2 * r->n]);
    stl_le_p(buf + 4, cpu->s[2 * r->n + 1]);
    return true;
}

static bool write_d(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);

    cpu->s[2 * r->n] = ldl_le_p(buf);
    cpu->s[2 * r->n + 1] = ldl_le_p(buf + 4);
    return true;
}

static bool read_fpscr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, arm_m_get_fpscr(settled(cs)));
    return true;
}

static bool write_fpscr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    arm_m_set_fpscr(settled(cs), ldl_le_p(buf));
    return true;
}

#define D(n_) { "d" #n_, 64, "ieee_double", NULL, n_, NULL, read_d, write_d }
static const DebugReg vfp_regs[] = {
    D(0), D(1), D(2), D(3), D(4), D(5), D(6), D(7), D(8), D(9), D(10), D(11), D(12), D(13), D(14), D(15),
    { "fpscr", 32, "int", "float", .read = read_fpscr, .write = write_fpscr },
};
#undef D

/* -- special registers -------------------------------------------------------------------------------------------------- */

enum { BANK_CURRENT = 2 };

static unsigned bank_of(const ARMMCPU *cpu, const DebugReg *r)
{
    unsigned bank = r->n >> 4;

    return bank == BANK_CURRENT ? m_bank(cpu) : bank;
}

/* n: which stack pointer, and the bank in bits 5:4. The one in use is R13. */
static uint32_t *stack_pointer(ARMMCPU *cpu, const DebugReg *r)
{
    unsigned bank = bank_of(cpu, r), which = r->n & 1;

    return bank == m_bank(cpu) && which == m_sp_index(cpu) ? &cpu->r[13] : &cpu->sp[bank][which];
}

static bool read_sp(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    stl_le_p(buf, *stack_pointer(settled(cs), r));
    return true;
}

static bool write_sp(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    *stack_pointer(settled(cs), r) = ldl_le_p(buf) & ~3u;
    return true;
}

enum { SPECIAL_PRIMASK, SPECIAL_BASEPRI, SPECIAL_FAULTMASK, SPECIAL_CONTROL, SPECIAL_MSPLIM, SPECIAL_PSPLIM };

static uint32_t *special(ARMMCPU *cpu, const DebugReg *r)
{
    unsigned bank = bank_of(cpu, r);

    switch (r->n & 15) {
    case SPECIAL_PRIMASK:
        return &cpu->primask[bank];
    case SPECIAL_BASEPRI:
        return &cpu->basepri[bank];
    case SPECIAL_FAULTMASK:
        return &cpu->faultmask[bank];
    case SPECIAL_CONTROL:
        return &cpu->control[bank];
    default:
        return &cpu->splim[bank][(r->n & 15) == SPECIAL_PSPLIM];
    }
}

static bool read_special(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    stl_le_p(buf, *special(settled(cs), r));
    return true;
}

static bool write_mask(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);
    uint32_t value = ldl_le_p(buf);

    *special(cpu, r) = (r->n & 15) == SPECIAL_BASEPRI ? value & cpu->nvic->prio_mask : value & 1;
    arm_m_priority_changed(cpu);
    return true;
}

static bool write_limit(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    *special(settled(cs), r) = ldl_le_p(buf) & ~7u;
    return true;
}

#define SP_REG(name, which, bank) { name, 32, "data_ptr", "system", which | (bank) << 4, NULL, read_sp, write_sp }
#define MASK(name, which) \
    { name, 32, "int", "system", SPECIAL_##which | BANK_CURRENT << 4, NULL, read_special, write_mask }
#define LIMIT(name, which) \
    { name, 32, "int", "system", SPECIAL_##which | BANK_CURRENT << 4, NULL, read_special, write_limit }
static const DebugReg system_regs[] = {
    SP_REG("msp", 0, BANK_CURRENT), SP_REG("psp", 1, BANK_CURRENT), MASK("primask", PRIMASK),
    { "control", 32, "int", "system", SPECIAL_CONTROL | BANK_CURRENT << 4, NULL, read_special },
    /* Armv7-M and Armv8-M Mainline */
    MASK("basepri", BASEPRI), MASK("faultmask", FAULTMASK),
};
static const DebugReg limit_regs[] = { LIMIT("msplim", MSPLIM), LIMIT("psplim", PSPLIM) };
static const DebugReg secext_regs[] = {
    SP_REG("msp_ns", 0, M_NS), SP_REG("psp_ns", 1, M_NS), SP_REG("msp_s", 0, M_S), SP_REG("psp_s", 1, M_S),
};

/* -- the system control space ------------------------------------------------------------------------------------------ */

/* row is the register's; n: its word, and whether it is what Non-secure software sees. Else it is what Secure software does. */
enum { SCS_NS = 1 << 8, NS_ALIAS = 0x20000 };

static bool scs_access(CPUState *cs, const DebugReg *r, uint64_t *value, bool write)
{
    ARMMCPU *cpu = settled(cs);
    MemTxAttrs attrs = { .privileged = 1, .pas = cpu->has_security ? PAS_SECURE : PAS_NONSECURE };
    uint32_t offset = ((const ArmMReg *)r->row)->offset + 4 * (r->n & (SCS_NS - 1));

    return arm_m_system_access(cpu, offset + (r->n & SCS_NS ? NS_ALIAS : 0), 4, value, attrs, write) == MEMTX_OK;
}

static bool read_scs(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    uint64_t value;
    bool ok = scs_access(cs, r, &value, false);

    stl_le_p(buf, (uint32_t)value);
    return ok;
}

static bool write_scs(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    uint64_t value = ldl_le_p(buf);

    return scs_access(cs, r, &value, true);
}

/* How many words of a row are shown; their names. */
static unsigned scs_words(const ARMMCPU *cpu, ArmMRegId id, const char *const **ret_names)
{
    static const char *const ids[] = {
        "ID_PFR0", "ID_PFR1", "ID_DFR0", "ID_AFR0", "ID_MMFR0", "ID_MMFR1", "ID_MMFR2", "ID_MMFR3", "ID_ISAR0", "ID_ISAR1",
        "ID_ISAR2", "ID_ISAR3", "ID_ISAR4", "ID_ISAR5",
    };
    static const char *const mvfr[] = { "MVFR0", "MVFR1", "MVFR2" }, *const mair[] = { "MPU_MAIR0", "MPU_MAIR1" };
    static const char *const v7[] = { "MPU_RBAR", "MPU_RASR" }, *const v8[] = { "MPU_RBAR", "MPU_RLAR" };

    *ret_names = NULL;
    switch (id) {
    case MR_NVIC_ISER:
    case MR_NVIC_ISPR:
    case MR_NVIC_IABR:
    case MR_NVIC_ITNS:
        return (cpu->nvic->num_irq + 31) / 32;
    case MR_NVIC_IPR:
        return (cpu->nvic->num_irq + 3) / 4;
    case MR_ID:
        *ret_names = ids;
        return G_N_ELEMENTS(ids);
    case MR_MVFR:
        *ret_names = mvfr;
        return G_N_ELEMENTS(mvfr);
    case MR_MPU_RBAR:
    case MR_MPU_RBAR_V8:
        *ret_names = id == MR_MPU_RBAR ? v7 : v8;
        return G_N_ELEMENTS(v7);
    case MR_MPU_MAIR:
        *ret_names = mair;
        return G_N_ELEMENTS(mair);
    case MR_SYST_CSR:                           /* reading clears COUNTFLAG */
    case MR_NVIC_ICER:                          /* as ISER */
    case MR_NVIC_ICPR:
    case MR_DHCSR:                              /* the debugger's own */
    case MR_DCRSR:
    case MR_DCRDR:
    case MR_STIR:
    case MR_CACHE:
        return 0;
    default:
        return arm_m_regs[id].offset >= 0xe000 || id == MR_DWT_CTRL || id == MR_DWT_CYCCNT;
    }
}

/* What the Security states see apart though it is no banked register. */
static bool scs_differs(ArmMRegId id)
{
    return id == MR_ICSR || id == MR_SHCSR || (id >= MR_SHPR1 && id <= MR_SHPR3);
}

static void add_scs(ARMMCPU *cpu, GArray *ret)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(DebugReg));
    DebugFeature f = { "org.chimera.arm.m-scs", .single = true };

    for (unsigned id = 0; id < M_NUM_REGS; id++) {
        const ArmMReg *r = &arm_m_regs[id];
        const char *const *names;
        unsigned num = (cpu->system->has & r->needs) == r->needs ? scs_words(cpu, id, &names) : 0;

        for (unsigned n = 0; n < num; n++) {
            g_autofree char *name = names ? g_strdup(names[n]) : num > 1 || r->count > 1 ? g_strdup_printf("%s%u", r->name, n)
                                                                                         : g_strdup(r->name);
            g_autofree char *ns = g_strconcat(name, "_NS", NULL);
            DebugReg reg = { g_intern_string(name), 32, "int", "system", n, r, read_scs, write_scs };

            if (!r->write && !r->rw && !r->w1c) {
                reg.write = NULL;
            }
            g_array_append_val(rows, reg);
            if (cpu->has_security && (r->flags & ARM_M_REG_BANKED || scs_differs(id))) {
                reg.name = g_intern_string(ns);
                reg.n |= SCS_NS;
                g_array_append_val(rows, reg);
            }
        }
    }
    f.num = rows->len;
    f.regs = f.owned = (DebugReg *)(void *)g_array_free(rows, FALSE);
    g_array_append_val(ret, f);
}

static void add(GArray *ret, const char *name, const DebugReg *regs, unsigned num)
{
    DebugFeature f = { name, NULL, regs, num, false, NULL };

    g_array_append_val(ret, f);
}

void arm_m_debug_features(CPUState *cs, GArray *ret)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    add(ret, "org.gnu.gdb.arm.m-profile", core_regs, G_N_ELEMENTS(core_regs));
    if (cpu->has_fp) {
        add(ret, "org.gnu.gdb.arm.vfp", vfp_regs, G_N_ELEMENTS(vfp_regs));
    }
    add(ret, "org.gnu.gdb.arm.m-system", system_regs, m_has(cpu, ARM_M_HAS_MAIN) ? 6 : 4);
    if (cpu->has_security) {
        add(ret, "org.gnu.gdb.arm.secext", secext_regs, G_N_ELEMENTS(secext_regs));
    }
    if (m_has(cpu, ARM_M_HAS_V8)) {
        add(ret, "org.chimera.arm.m-limits", limit_regs, G_N_ELEMENTS(limit_regs));
    }
    add_scs(cpu, ret);
}
