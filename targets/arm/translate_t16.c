/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T16: the 16-bit encodings (Armv8-M ARM, DDI 0553, C2.2; Armv7-M ARM, DDI 0403, A5.2), by what T32 does. */
#include "targets/arm/arm_t16.trans.h"
#include "targets/arm/translate_t32.h"

/* -- data processing: in an IT block the flags stay ------------------------------------------------------------------------ */

static bool alu(DisasContext *dc, T32Op op, unsigned rd, TcgVal n, T32Operand m)
{
    t32_set(dc, rd, t32_alu(dc, op, n, m, !t32_in_it(dc)));
    return true;
}

/* MOVS Rd, Rm: LSL #0, which is not to be in an IT block. */
bool trans_T32_MOVS_n(DisasContext *dc, const arg_T32_MOVS_n *a)
{
    TcgVal m = t32_get(dc, a->rm);

    return !t32_in_it(dc) && alu(dc, T32_MOV, a->rd, m, t32_plain(m));
}

static bool shift_i(DisasContext *dc, const arg_T32_LSL_n *a, unsigned shift)
{
    T32Operand m = t32_shift_imm(dc, t32_get(dc, a->rm), shift, a->imm);

    return alu(dc, T32_MOV, a->rd, m.v, m);
}

bool trans_T32_LSL_n(DisasContext *dc, const arg_T32_LSL_n *a) { return shift_i(dc, a, 0); }
bool trans_T32_LSR_n(DisasContext *dc, const arg_T32_LSR_n *a) { return shift_i(dc, a, 1); }
bool trans_T32_ASR_n(DisasContext *dc, const arg_T32_ASR_n *a) { return shift_i(dc, a, 2); }

bool trans_T32_ADD_rn(DisasContext *dc, const arg_T32_ADD_rn *a)
{
    return alu(dc, T32_ADD, a->rd, t32_get(dc, a->rn), t32_plain(t32_get(dc, a->rm)));
}

bool trans_T32_SUB_rn(DisasContext *dc, const arg_T32_SUB_rn *a)
{
    return alu(dc, T32_SUB, a->rd, t32_get(dc, a->rn), t32_plain(t32_get(dc, a->rm)));
}

bool trans_T32_ADD_in(DisasContext *dc, const arg_T32_ADD_in *a)
{
    return alu(dc, T32_ADD, a->rd, t32_get(dc, a->rn), t32_plain(t32_const(dc, a->imm)));
}

bool trans_T32_SUB_in(DisasContext *dc, const arg_T32_SUB_in *a)
{
    return alu(dc, T32_SUB, a->rd, t32_get(dc, a->rn), t32_plain(t32_const(dc, a->imm)));
}

bool trans_T32_MOV_in(DisasContext *dc, const arg_T32_MOV_in *a)
{
    TcgVal v = t32_const(dc, a->imm);

    return alu(dc, T32_MOV, a->rd, v, t32_plain(v));
}

bool trans_T32_CMP_in(DisasContext *dc, const arg_T32_CMP_in *a)
{
    t32_alu(dc, T32_SUB, t32_get(dc, a->rd), t32_plain(t32_const(dc, a->imm)), true);
    return true;
}

static bool alu_r(DisasContext *dc, const arg_T32_AND_n *a, T32Op op)
{
    return alu(dc, op, a->rd, t32_get(dc, a->rd), t32_plain(t32_get(dc, a->rm)));
}

bool trans_T32_AND_n(DisasContext *dc, const arg_T32_AND_n *a) { return alu_r(dc, a, T32_AND); }
bool trans_T32_EOR_n(DisasContext *dc, const arg_T32_EOR_n *a) { return alu_r(dc, a, T32_EOR); }
bool trans_T32_ADC_n(DisasContext *dc, const arg_T32_ADC_n *a) { return alu_r(dc, a, T32_ADC); }
bool trans_T32_SBC_n(DisasContext *dc, const arg_T32_SBC_n *a) { return alu_r(dc, a, T32_SBC); }
bool trans_T32_ORR_n(DisasContext *dc, const arg_T32_ORR_n *a) { return alu_r(dc, a, T32_ORR); }
bool trans_T32_BIC_n(DisasContext *dc, const arg_T32_BIC_n *a) { return alu_r(dc, a, T32_BIC); }
bool trans_T32_MVN_n(DisasContext *dc, const arg_T32_MVN_n *a) { return alu_r(dc, a, T32_MVN); }

/* Rd = 0 - Rm */
bool trans_T32_RSB_n(DisasContext *dc, const arg_T32_RSB_n *a)
{
    return alu(dc, T32_RSB, a->rd, t32_get(dc, a->rm), t32_plain(t32_const(dc, 0)));
}

static bool shift_r(DisasContext *dc, const arg_T32_LSL_rn *a, unsigned shift)
{
    T32Operand m = t32_shift_reg(dc, t32_get(dc, a->rd), shift, t32_get(dc, a->rm));

    return alu(dc, T32_MOV, a->rd, m.v, m);
}

bool trans_T32_LSL_rn(DisasContext *dc, const arg_T32_LSL_rn *a) { return shift_r(dc, a, 0); }
bool trans_T32_LSR_rn(DisasContext *dc, const arg_T32_LSR_rn *a) { return shift_r(dc, a, 1); }
bool trans_T32_ASR_rn(DisasContext *dc, const arg_T32_ASR_rn *a) { return shift_r(dc, a, 2); }
bool trans_T32_ROR_rn(DisasContext *dc, const arg_T32_ROR_rn *a) { return shift_r(dc, a, 3); }

static bool test(DisasContext *dc, const arg_T32_TST_n *a, T32Op op)
{
    t32_alu(dc, op, t32_get(dc, a->rd), t32_plain(t32_get(dc, a->rm)), true);
    return true;
}

bool trans_T32_TST_n(DisasContext *dc, const arg_T32_TST_n *a) { return test(dc, a, T32_AND); }
bool trans_T32_CMP_n(DisasContext *dc, const arg_T32_CMP_n *a) { return test(dc, a, T32_SUB); }
bool trans_T32_CMN_n(DisasContext *dc, const arg_T32_CMN_n *a) { return test(dc, a, T32_ADD); }
bool trans_T32_CMP_hi(DisasContext *dc, const arg_T32_CMP_hi *a) { return test(dc, a, T32_SUB); }

/* MULS: C and V stay. */
bool trans_T32_MUL_n(DisasContext *dc, const arg_T32_MUL_n *a)
{
    TcgVal v = tcg_mul(dc->g, TCG_I32, t32_get(dc, a->rd), t32_get(dc, a->rm));

    return alu(dc, T32_MOV, a->rd, v, t32_plain(v));
}

/* Writes the result of ADD or MOV with any register: the PC is a plain branch. */
static bool set_any(DisasContext *dc, unsigned rd, TcgVal v)
{
    if (rd == 15) {
        if (!t32_may_branch(dc)) {
            return false;
        }
        t32_branch(dc, v);
    } else {
        t32_set_checked(dc, rd, v);
    }
    return true;
}

bool trans_T32_ADD_hi(DisasContext *dc, const arg_T32_ADD_hi *a)
{
    return set_any(dc, a->rd, tcg_add(dc->g, TCG_I32, t32_get(dc, a->rd), t32_get(dc, a->rm)));
}

bool trans_T32_MOV_hi(DisasContext *dc, const arg_T32_MOV_hi *a)
{
    return set_any(dc, a->rd, t32_get(dc, a->rm));
}

/* -- addresses, extension, reversal ---------------------------------------------------------------------------------------- */

bool trans_T32_ADR_n(DisasContext *dc, const arg_T32_ADR_n *a)
{
    t32_set(dc, a->rd, t32_pc_aligned(dc, a->imm));
    return true;
}

bool trans_T32_ADD_sp_n(DisasContext *dc, const arg_T32_ADD_sp_n *a)
{
    t32_set_checked(dc, a->rd, tcg_addi(dc->g, TCG_I32, t32_get(dc, 13), a->imm));
    return true;
}

bool trans_T32_SUB_sp_n(DisasContext *dc, const arg_T32_SUB_sp_n *a)
{
    t32_set_checked(dc, a->rd, tcg_subi(dc->g, TCG_I32, t32_get(dc, 13), a->imm));
    return true;
}

bool trans_T32_SXT_n(DisasContext *dc, const arg_T32_SXT_n *a)
{
    t32_set(dc, a->rd, t32_extend(dc, t32_get(dc, a->rm), a->size, a->sign));
    return true;
}

bool trans_T32_REV_n(DisasContext *dc, const arg_T32_REV_n *a)
{
    t32_set(dc, a->rd, tcg_bswap(dc->g, TCG_I32, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_REV16_n(DisasContext *dc, const arg_T32_REV16_n *a)
{
    t32_set(dc, a->rd, t32_rev16(dc, t32_get(dc, a->rm)));
    return true;
}

bool trans_T32_REVSH_n(DisasContext *dc, const arg_T32_REVSH_n *a)
{
    t32_set(dc, a->rd, t32_revsh(dc, t32_get(dc, a->rm)));
    return true;
}

/* -- loads and stores --------------------------------------------------------------------------------------------------------- */

bool trans_T32_LDR_ln(DisasContext *dc, const arg_T32_LDR_ln *a)
{
    return t32_ldr(dc, a->rt, t32_pc_aligned(dc, a->imm), t32_memop(dc, 2, false));
}

static TcgVal offset_reg(DisasContext *dc, unsigned rn, unsigned rm)
{
    return tcg_add(dc->g, TCG_I32, t32_get(dc, rn), t32_get(dc, rm));
}

bool trans_T32_STR_rn(DisasContext *dc, const arg_T32_STR_rn *a)
{
    return t32_str(dc, a->rt, offset_reg(dc, a->rn, a->rm), t32_memop(dc, a->size, false));
}

bool trans_T32_LDR_rn(DisasContext *dc, const arg_T32_LDR_rn *a)
{
    return t32_ldr(dc, a->rt, offset_reg(dc, a->rn, a->rm), t32_memop(dc, a->size, a->sign));
}

bool trans_T32_STR_in(DisasContext *dc, const arg_T32_STR_in *a)
{
    return t32_str(dc, a->rt, tcg_addi(dc->g, TCG_I32, t32_get(dc, a->rn), a->imm), t32_memop(dc, a->size, false));
}

bool trans_T32_LDR_in(DisasContext *dc, const arg_T32_LDR_in *a)
{
    return t32_ldr(dc, a->rt, tcg_addi(dc->g, TCG_I32, t32_get(dc, a->rn), a->imm), t32_memop(dc, a->size, false));
}

bool trans_T32_STM_n(DisasContext *dc, const arg_T32_STM_n *a) { return t32_stm(dc, a->rn, a->list, true, false); }

/* The base is written back unless it is loaded. */
bool trans_T32_LDM_n(DisasContext *dc, const arg_T32_LDM_n *a)
{
    return t32_ldm(dc, a->rn, a->list, !(a->list >> a->rn & 1), false);
}

bool trans_T32_PUSH_n(DisasContext *dc, const arg_T32_PUSH_n *a) { return t32_stm(dc, 13, a->list, true, true); }
bool trans_T32_POP_n(DisasContext *dc, const arg_T32_POP_n *a) { return t32_ldm(dc, 13, a->list, true, false); }

/* -- branches ------------------------------------------------------------------------------------------------------------------ */

bool trans_T32_B_n(DisasContext *dc, const arg_T32_B_n *a)
{
    if (!t32_may_branch(dc)) {
        return false;
    }
    t32_goto(dc, false, 4 + a->imm);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_T32_B_cond_n(DisasContext *dc, const arg_T32_B_cond_n *a) { return t32_b_cond(dc, a->cond, 4 + a->imm); }

bool trans_T32_CBZ_n(DisasContext *dc, const arg_T32_CBZ_n *a)
{
    TcgBlockRef taken, next;

    if (t32_in_it(dc)) {
        return false;
    }
    taken = tcg_block(dc->g);
    next = tcg_block(dc->g);
    tcg_brcond(dc->g, TCG_I32, a->nonzero ? COND_NE : COND_EQ, t32_get(dc, a->rn), t32_const(dc, 0), taken, next);
    tcg_block_start(dc->g, taken);
    t32_goto(dc, false, 4 + a->imm);
    tcg_block_start(dc->g, next);
    t32_goto(dc, false, 2);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_T32_BX_n(DisasContext *dc, const arg_T32_BX_n *a)
{
    if (!t32_may_branch(dc)) {
        return false;
    }
    t32_bx(dc, t32_get(dc, a->rm), true);
    return true;
}

static TcgVal return_address(DisasContext *dc)
{
    return tcg_ori(dc->g, TCG_I32, tcg_trunc(dc->g, tcg_pc(dc->g, dc->delta + 2)), 1);
}

bool trans_T32_BLX_n(DisasContext *dc, const arg_T32_BLX_n *a)
{
    TcgVal target = t32_get(dc, a->rm);

    if (!t32_may_branch(dc)) {
        return false;
    }
    t32_set(dc, 14, return_address(dc));
    t32_bx(dc, target, false);
    return true;
}

/* These are UNDEFINED in Non-secure state. */
bool trans_T32_BXNS(DisasContext *dc, const arg_T32_BXNS *a)
{
    if (!dc->key.secure || !t32_may_branch(dc)) {
        return false;
    }
    t32_set_next(dc);
    t32_call(dc, m_bxns, t32_get(dc, a->rm));
    t32_goto_set(dc);
    return true;
}

bool trans_T32_BLXNS(DisasContext *dc, const arg_T32_BLXNS *a)
{
    if (!dc->key.secure || !t32_may_branch(dc)) {
        return false;
    }
    t32_set_next(dc);
    t32_call(dc, m_blxns, t32_get(dc, a->rm), return_address(dc));
    t32_goto_set(dc);
    return true;
}

/* -- system -------------------------------------------------------------------------------------------------------------------- */

bool trans_T32_IT_n(DisasContext *dc, const arg_T32_IT_n *a)
{
    if (t32_in_it(dc)) {
        return false;
    }
    dc->next_it = a->cond << 4 | a->mask;
    return true;
}

bool trans_T32_CPS_n(DisasContext *dc, const arg_T32_CPS_n *a)
{
    /* the mask has I first, as the encoding does */
    return t32_cps(dc, a->disable, a->mask);
}

bool trans_T32_BKPT_n(DisasContext *dc, const arg_T32_BKPT_n *a)
{
    t32_call(dc, m_bkpt, t32_const(dc, a->imm));
    t32_leave(dc);
    return true;
}

bool trans_T32_SVC_n(DisasContext *dc, const arg_T32_SVC_n *a)
{
    t32_call(dc, m_svc);
    t32_goto_set(dc);
    return true;
}

bool trans_T32_UDF_n(DisasContext *dc G_GNUC_UNUSED, const arg_T32_UDF_n *a G_GNUC_UNUSED) { return false; }
bool trans_T32_NOP_n(DisasContext *dc G_GNUC_UNUSED, const arg_T32_NOP_n *a G_GNUC_UNUSED) { return true; }
bool trans_T32_WFE_n(DisasContext *dc, const arg_T32_WFE_n *a G_GNUC_UNUSED) { return t32_wait(dc, true); }
bool trans_T32_WFI_n(DisasContext *dc, const arg_T32_WFI_n *a G_GNUC_UNUSED) { return t32_wait(dc, false); }

bool trans_T32_YIELD_n(DisasContext *dc, const arg_T32_YIELD_n *a G_GNUC_UNUSED)
{
    dc->end = DISAS_EXIT_NEXT;
    return true;
}

bool trans_T32_SEV_n(DisasContext *dc, const arg_T32_SEV_n *a G_GNUC_UNUSED)
{
    t32_call(dc, m_sev);
    return true;
}
