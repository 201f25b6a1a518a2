/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * T32: branches, hints, barriers, and M-profile's system instructions (Armv8-M ARM, DDI 0553, C2.3.1 and C2.4; Armv7-M
 * ARM, DDI 0403, A5.3.4 and B5). Hints and barriers cost nothing here but where the system has something to do.
 */
#include "targets/arm/arm_t32_branch_system.trans.h"
#include "targets/arm/translate_t32.h"

/* -- branches ---------------------------------------------------------------------------------------------------------------- */

bool t32_b_cond(DisasContext *dc, unsigned cond, int32_t offset)
{
    TcgBlockRef taken, next;

    if (t32_in_it(dc)) {
        return false;
    }
    taken = tcg_block(dc->g);
    next = tcg_block(dc->g);
    tcg_brflag(dc->g, cond, t32_nzcv(dc), taken, next);
    tcg_block_start(dc->g, taken);
    t32_goto(dc, false, offset);
    tcg_block_start(dc->g, next);
    t32_goto(dc, false, dc->insn_bytes);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_T32_B_cond(DisasContext *dc, const arg_T32_B_cond *a) { return t32_b_cond(dc, a->cond, 4 + a->imm); }

/* J1 and J2 are I1 and I2, inverted where the offset is positive. */
static int32_t long_offset(int imm)
{
    return imm < 0 ? imm : imm ^ 3 << 22;
}

bool trans_T32_B_uncond(DisasContext *dc, const arg_T32_B_uncond *a)
{
    if (!t32_may_branch(dc)) {
        return false;
    }
    t32_goto(dc, false, 4 + long_offset(a->imm));
    dc->end = DISAS_STOP;
    return true;
}

bool trans_T32_BL(DisasContext *dc, const arg_T32_BL *a)
{
    if (!t32_may_branch(dc)) {
        return false;
    }
    t32_set(dc, 14, tcg_ori(dc->g, TCG_I32, tcg_trunc(dc->g, tcg_pc(dc->g, dc->delta + 4)), 1));
    t32_goto(dc, true, 4 + long_offset(a->imm));
    dc->end = DISAS_STOP;
    return true;
}

/* Forward by twice a byte or halfword of the table. */
bool trans_T32_TBB(DisasContext *dc, const arg_T32_TBB *a)
{
    TcgGen *g = dc->g;
    TcgVal m = t32_get(dc, a->rm), entry;

    if (!t32_may_branch(dc)) {
        return false;
    }
    entry = t32_load(dc, tcg_add(g, TCG_I32, t32_get(dc, a->rn), a->half ? tcg_shli(g, TCG_I32, m, 1) : m),
                     t32_memop(dc, a->half, false));
    t32_branch(dc, tcg_add(g, TCG_I32, t32_get(dc, 15), tcg_shli(g, TCG_I32, entry, 1)));
    return true;
}

/* -- hints and barriers ------------------------------------------------------------------------------------------------------ */

bool t32_wait(DisasContext *dc, bool for_event)
{
    t32_set_next(dc);
    if (for_event) {
        t32_call(dc, m_wfe);
    } else {
        t32_call(dc, m_wfi);
    }
    t32_leave(dc);
    return true;
}

bool trans_T32_HINT(DisasContext *dc G_GNUC_UNUSED, const arg_T32_HINT *a G_GNUC_UNUSED) { return true; }
bool trans_T32_DBG(DisasContext *dc G_GNUC_UNUSED, const arg_T32_DBG *a G_GNUC_UNUSED) { return true; }
bool trans_T32_WFE(DisasContext *dc, const arg_T32_WFE *a G_GNUC_UNUSED) { return t32_wait(dc, true); }
bool trans_T32_WFI(DisasContext *dc, const arg_T32_WFI *a G_GNUC_UNUSED) { return t32_wait(dc, false); }

bool trans_T32_YIELD(DisasContext *dc, const arg_T32_YIELD *a G_GNUC_UNUSED)
{
    dc->end = DISAS_EXIT_NEXT;
    return true;
}

bool trans_T32_SEV(DisasContext *dc, const arg_T32_SEV *a G_GNUC_UNUSED)
{
    t32_call(dc, m_sev);
    return true;
}

bool trans_T32_CLREX(DisasContext *dc, const arg_T32_CLREX *a G_GNUC_UNUSED)
{
    tcg_st_env(dc->g, t32_const(dc, 0), MO_32, offsetof(ARMMCPU, excl_size));
    return true;
}

bool trans_T32_DSB(DisasContext *dc, const arg_T32_DSB *a G_GNUC_UNUSED)
{
    tcg_fence(dc->g, FENCE_ALL);
    t32_call(dc, m_dsb);
    return true;
}

bool trans_T32_DMB(DisasContext *dc, const arg_T32_DMB *a G_GNUC_UNUSED)
{
    tcg_fence(dc->g, FENCE_ALL);
    return true;
}

/* What follows is looked up anew: a write to the system space has changed the key, if it had to. */
bool trans_T32_ISB(DisasContext *dc, const arg_T32_ISB *a G_GNUC_UNUSED)
{
    dc->end = DISAS_LOOK_NEXT;
    return true;
}

bool trans_T32_UDF(DisasContext *dc G_GNUC_UNUSED, const arg_T32_UDF *a G_GNUC_UNUSED) { return false; }

/* -- M-profile's system instructions ----------------------------------------------------------------------------------------- */

/* Without privilege it is a NOP. The mask has F in bit 0, I in bit 1. */
bool t32_cps(DisasContext *dc, bool disable, unsigned mask)
{
    if (t32_in_it(dc)) {
        return false;
    }
    if (dc->key.privileged) {
        t32_call(dc, m_cps, t32_const(dc, !disable), t32_const(dc, mask));
        /* PRIMASK is in no key, and what it masks needs no look */
        dc->end = mask & 1 ? DISAS_EXIT_NEXT : disable ? DISAS_NEXT : DISAS_LOOK_NEXT;
    }
    return true;
}

bool trans_T32_MRS_M(DisasContext *dc, const arg_T32_MRS_M *a)
{
    t32_set(dc, a->rd, t32_call(dc, m_mrs, t32_const(dc, a->sysm)));
    return true;
}

bool trans_T32_MSR_M(DisasContext *dc, const arg_T32_MSR_M *a)
{
    t32_call(dc, m_msr, t32_const(dc, a->sysm), t32_const(dc, a->mask), t32_get(dc, a->rn));
    switch (a->sysm & ~M_SYSM_NS) {
    case 0 ... 7:                               /* APSR */
    case M_SYSM_MSP:
    case M_SYSM_PSP:
    case M_SYSM_SP_NS:
        break;
    case M_SYSM_PRIMASK:
    case M_SYSM_BASEPRI:
    case M_SYSM_BASEPRI_MAX:
        dc->end = DISAS_LOOK_NEXT;
        break;
    default:                                    /* the key has limits, CONTROL, and by FAULTMASK which MPU there is */
        dc->end = DISAS_EXIT_NEXT;
    }
    return true;
}

/* It may change the Security state. */
bool trans_T32_SG(DisasContext *dc, const arg_T32_SG *a G_GNUC_UNUSED)
{
    t32_call(dc, m_sg);
    dc->end = DISAS_EXIT_NEXT;
    return true;
}

/* TTA and TTAT are UNDEFINED in Non-secure state. */
bool trans_T32_TT(DisasContext *dc, const arg_T32_TT *a)
{
    if (a->alt && !dc->key.secure) {
        return false;
    }
    t32_set(dc, a->rd, t32_call(dc, m_tt, t32_get(dc, a->rn), t32_const(dc, a->unpriv | a->alt << 1)));
    return true;
}
