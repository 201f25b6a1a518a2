/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of an AArch64 CPU as debuggers see them: gdb's features of the architecture ("AArch64 Features" of its
 * manual), and a feature of our own with every system register that can be read without an effect, by its name.
 */
#include "core/bits.h"
#include "core/exec/debug.h"
#include "core/exec/user.h"
#include "targets/arm/sysreg.h"

/* -- org.gnu.gdb.aarch64.core ------------------------------------------------------------------------------------ */

static bool read_x(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    stq_le_p(buf, ARM_CPU(cs)->x[r->n]);
    return true;
}

static bool write_x(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    ARM_CPU(cs)->x[r->n] = ldq_le_p(buf);
    return true;
}

static bool read_sp(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stq_le_p(buf, ARM_CPU(cs)->sp);
    return true;
}

static bool write_sp(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARM_CPU(cs)->sp = ldq_le_p(buf);
    return true;
}

static bool read_pc(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stq_le_p(buf, ARM_CPU(cs)->pc);
    return true;
}

/* Going on elsewhere ends a wait, too. */
static bool write_pc(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARM_CPU(cs)->pc = ldq_le_p(buf);
    ARM_CPU(cs)->btype = 0;
    cs->halted = false;
    return true;
}

static bool read_cpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, (uint32_t)arm_pstate_get(ARM_CPU(cs)));
    return true;
}

/* A level that there is, in AArch64 state; else the write is refused. */
static bool write_cpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARMCPU *cpu = ARM_CPU(cs);
    uint32_t value = ldl_le_p(buf);
    unsigned el = extract32(value, 2, 2);

    if (value >> 4 & 1 || (el == 2 && !cpu->has_el2) || (el == 3 && !cpu->has_el3) || (value & 3) == 2 ||
        (el == 0 && value & 1)) {
        return false;
    }
    arm_pstate_set(cpu, value);
    arm_tlb_contexts_changed(cpu);
    cpu_request(cs, CPU_REQ_INTERRUPT);
    return true;
}

#define X(n_) { "x" #n_, 64, "int", NULL, n_, NULL, read_x, write_x }
static const DebugReg core_regs[] = {
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
    X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
    { "sp", 64, "data_ptr", .read = read_sp, .write = write_sp },
    { "pc", 64, "code_ptr", .read = read_pc, .write = write_pc },
    { "cpsr", 32, "cpsr_flags", .read = read_cpsr, .write = write_cpsr },
};
#undef X
#define FLAG(name, bit) "<field name=\"" name "\" start=\"" #bit "\" end=\"" #bit "\"/>"
static const char core_types[] =
    "<flags id=\"cpsr_flags\" size=\"4\">"
    FLAG("SP", 0) "<field name=\"EL\" start=\"2\" end=\"3\"/>" FLAG("nRW", 4) FLAG("F", 6) FLAG("I", 7) FLAG("A", 8)
    FLAG("D", 9) "<field name=\"BTYPE\" start=\"10\" end=\"11\"/>" FLAG("SSBS", 12) FLAG("ALLINT", 13) FLAG("IL", 20)
    FLAG("SS", 21) FLAG("PAN", 22) FLAG("UAO", 23) FLAG("DIT", 24) FLAG("TCO", 25) FLAG("V", 28) FLAG("C", 29)
    FLAG("Z", 30) FLAG("N", 31)
    "</flags>";

/* -- org.gnu.gdb.aarch64.fpu ------------------------------------------------------------------------------------- */

static bool read_v(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    stq_le_p(buf, ARM_CPU(cs)->v[r->n].d[0]);
    stq_le_p(buf + 8, ARM_CPU(cs)->v[r->n].d[1]);
    return true;
}

static bool write_v(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    ARM_CPU(cs)->v[r->n].d[0] = ldq_le_p(buf);
    ARM_CPU(cs)->v[r->n].d[1] = ldq_le_p(buf + 8);
    return true;
}

static bool read_fpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, arm_get_fpsr(ARM_CPU(cs)));
    return true;
}

static bool write_fpsr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    arm_set_fpsr(ARM_CPU(cs), ldl_le_p(buf));
    return true;
}

static bool read_fpcr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stl_le_p(buf, ARM_CPU(cs)->fpcr);
    return true;
}

static bool write_fpcr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    arm_set_fpcr(ARM_CPU(cs), ldl_le_p(buf));
    return true;
}

#define V(n_) { "v" #n_, 128, "aarch64v", NULL, n_, NULL, read_v, write_v }
static const DebugReg fpu_regs[] = {
    V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15),
    V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31),
    { "fpsr", 32, "int", "float", .read = read_fpsr, .write = write_fpsr },
    { "fpcr", 32, "int", "float", .read = read_fpcr, .write = write_fpcr },
};
#undef V
/* A vector register as lanes of each size, and of each kind. */
#define VECTOR(id, type, count) "<vector id=\"" id "\" type=\"" type "\" count=\"" #count "\"/>"
#define LANE(name, type) "<field name=\"" name "\" type=\"" type "\"/>"
static const char fpu_types[] =
    VECTOR("v2d", "ieee_double", 2) VECTOR("v2u", "uint64", 2) VECTOR("v2i", "int64", 2)
    VECTOR("v4f", "ieee_single", 4) VECTOR("v4u", "uint32", 4) VECTOR("v4i", "int32", 4)
    VECTOR("v8f", "ieee_half", 8) VECTOR("v8u", "uint16", 8) VECTOR("v8i", "int16", 8)
    VECTOR("v16u", "uint8", 16) VECTOR("v16i", "int8", 16) VECTOR("v1u", "uint128", 1) VECTOR("v1i", "int128", 1)
    "<union id=\"vnd\">" LANE("f", "v2d") LANE("u", "v2u") LANE("s", "v2i") "</union>"
    "<union id=\"vns\">" LANE("f", "v4f") LANE("u", "v4u") LANE("s", "v4i") "</union>"
    "<union id=\"vnh\">" LANE("f", "v8f") LANE("u", "v8u") LANE("s", "v8i") "</union>"
    "<union id=\"vnb\">" LANE("u", "v16u") LANE("s", "v16i") "</union>"
    "<union id=\"vnq\">" LANE("u", "v1u") LANE("s", "v1i") "</union>"
    "<union id=\"aarch64v\">" LANE("d", "vnd") LANE("s", "vns") LANE("h", "vnh") LANE("b", "vnb") LANE("q", "vnq")
    "</union>";

/* -- org.gnu.gdb.aarch64.pauth_v2 -------------------------------------------------------------------------------- */

/*
 * Which bits of a code or data pointer a pointer authentication code may be in: without bit 55, above the address, and
 * below a tag that is ignored. n: bit 0 of code, bit 1 of a high address.
 */
static bool read_mask(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    ARMCPU *cpu = ARM_CPU(cs);
    bool code = r->n & 1, high = r->n & 2, two = cpu->el < 2 || arm_is_in_host(cpu);
    uint64_t tcr = cpu->tcr_el[cpu->el < 2 ? (arm_is_in_host(cpu) ? 2 : 1) : cpu->el];
    unsigned bits = 64 - extract64(tcr, two && high ? 16 : 0, 6);
    bool tbi = tcr >> (two ? (high ? 38 : 37) : 20) & 1, tbid = tcr >> (two ? (high ? 52 : 51) : 29) & 1;
    unsigned top = tbi && !(code && tbid) ? 55 : 64;

    bits = CLAMP(bits, 16, 55);
    stq_le_p(buf, !two && high ? 0 : mask64(bits, top - bits) & ~BIT64(55));
    return true;
}

/* gdb writes them back with the others after it has called a function. */
static bool write_mask(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    uint8_t now[8];

    return read_mask(cs, r, now) && memcmp(now, buf, sizeof(now)) == 0;
}

#define MASK(name, n_) { name, 64, "int", NULL, n_, NULL, read_mask, write_mask }
static const DebugReg pauth_regs[] = {
    MASK("pauth_dmask", 0), MASK("pauth_cmask", 1), MASK("pauth_dmask_high", 2), MASK("pauth_cmask_high", 3),
};
#undef MASK

/* -- system registers -------------------------------------------------------------------------------------------- */

static bool read_sysreg(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    uint64_t value;

    if (!arm_sysreg_debug_read(ARM_CPU(cs), r->row, &value)) {
        return false;
    }
    stq_le_p(buf, value);
    return true;
}

static bool write_sysreg(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    return arm_sysreg_debug_write(ARM_CPU(cs), r->row, ldq_le_p(buf));
}

static void add_sysreg(ARMCPU *cpu G_GNUC_UNUSED, const SysReg *r, void *opaque)
{
    bool fp = r->enc == SYSREG(3, 3, 4, 4, 0) || r->enc == SYSREG(3, 3, 4, 4, 1);      /* shown as fpcr, fpsr */
    DebugReg reg = { r->name, 64, "int", "system", .row = r, .read = read_sysreg, .write = write_sysreg };

    if (!(r->access >> 4)) {
        reg.write = NULL;
    }
    if (r->access & 15 && !r->no_gdb && !fp && (r->read || r->const_value || r->offset)) {
        g_array_append_val((GArray *)opaque, reg);
    }
}

static void add(GArray *ret, const char *name, const char *types, const DebugReg *regs, unsigned num, bool single)
{
    DebugFeature f = { name, types, regs, num, single, NULL };

    g_array_append_val(ret, f);
}

/* -- org.gnu.gdb.aarch64.tls, of programs -------------------------------------------------------------------------- */

static bool read_tpidr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, uint8_t *buf)
{
    stq_le_p(buf, ARM_CPU(cs)->tpidr_el[0]);
    return true;
}

static bool write_tpidr(CPUState *cs, const DebugReg *r G_GNUC_UNUSED, const uint8_t *buf)
{
    ARM_CPU(cs)->tpidr_el[0] = ldq_le_p(buf);
    return true;
}

static const DebugReg tls_regs[] = {
    { "tpidr", 64, "data_ptr", "system", .read = read_tpidr, .write = write_tpidr },
};

void arm_debug_features(CPUState *cs, GArray *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);
    DebugFeature f = { "org.chimera.aarch64.system", .single = true };
    GArray *rows;

    add(ret, "org.gnu.gdb.aarch64.core", core_types, core_regs, G_N_ELEMENTS(core_regs), false);
    add(ret, "org.gnu.gdb.aarch64.fpu", fpu_types, fpu_regs, G_N_ELEMENTS(fpu_regs), false);
    if (arm_feature(cpu, FEAT_PAuth)) {
        add(ret, "org.gnu.gdb.aarch64.pauth_v2", NULL, pauth_regs, G_N_ELEMENTS(pauth_regs), true);
    }
    if (exec_is_user(cs)) {
        add(ret, "org.gnu.gdb.aarch64.tls", NULL, tls_regs, G_N_ELEMENTS(tls_regs), true);
        return;
    }
    rows = g_array_new(FALSE, FALSE, sizeof(DebugReg));
    arm_sysregs_foreach(cpu, add_sysreg, rows);
    f.num = rows->len;
    f.regs = f.owned = (DebugReg *)(void *)g_array_free(rows, FALSE);
    g_array_append_val(ret, f);
}
