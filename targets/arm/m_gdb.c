/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of an M-profile CPU as debuggers see them: gdb's features ("ARM Features" of its manual), and the special
 * registers of MRS and MSR. The system space is memory, at its addresses.
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

/* Going on elsewhere ends a wait, and an IT block. */
static bool write_pc(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARMMCPU *cpu = settled(cs);

    cpu->pc = ldl_le_p(buf) & ~1u;
    cpu->it = 0;
    cs->halted = false;
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

static void add(GArray *ret, const char *name, const DebugReg *regs, unsigned num)
{
    DebugFeature f = { name, NULL, regs, num, false, NULL };

    g_array_append_val(ret, f);
}

void arm_m_debug_features(CPUState *cs, GArray *ret)
{
    const ARMMCPU *cpu = ARM_M_CPU(cs);

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
}
