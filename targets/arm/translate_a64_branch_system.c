/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: branches, exception generating and system instructions (Arm DDI 0487, C4.1.87). */
#include "core/log.h"
#include "targets/arm/arm_a64_branch_system.trans.h"
#include "targets/arm/debug.h"
#include "targets/arm/gcs.h"
#include "targets/arm/hcr.h"
#include "targets/arm/linux_user.h"
#include "targets/arm/pac.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/translate.h"

/* -- guarded control stacks (D11): nothing is generated while they are off ---------------------------------------- */

static MemOp gcs_memop(DisasContext *dc)
{
    return MO_64 | MO_ALIGN_NATURAL | arm_gcs_mmu(dc->key.data_mmu) << MO_MMU_SHIFT | (dc->key.big_endian ? MO_BE : 0);
}

/* AddGCSRecord: before X30 is written. */
static void gcs_push_return(DisasContext *dc)
{
    uint32_t at = offsetof(ARMCPU, gcspr_el) + 8 * dc->key.el;

    if (dc->key.gcs) {
        TcgVal ptr = tcg_addi(dc->g, TCG_I64, tcg_ld_env(dc->g, TCG_I64, MO_64, at), -UINT64_C(8));

        tcg_guest_st(dc->g, ptr, a64_pc(dc, 4), gcs_memop(dc));
        tcg_st_env(dc->g, ptr, MO_64, at);
    }
}

/* LoadCheckGCSRecord: a return goes where the stack says. kind: GCS_RET ... */
static TcgVal gcs_pop_return(DisasContext *dc, TcgVal target, unsigned kind)
{
    uint32_t at = offsetof(ARMCPU, gcspr_el) + 8 * dc->key.el;
    TcgGen *g = dc->g;
    TcgVal ptr, record;

    if (!dc->key.gcs) {
        return target;
    }
    ptr = tcg_ld_env(g, TCG_I64, MO_64, at);
    record = tcg_guest_ld(g, TCG_I64, ptr, gcs_memop(dc));
    if (dc->key.gcs_check) {
        TcgBlockRef bad = tcg_block(g), good = tcg_block(g);
        unsigned keep_ptr = tcg_local(g, TCG_I64), keep_record = tcg_local(g, TCG_I64);

        tcg_set_reg(g, keep_ptr, ptr);
        tcg_set_reg(g, keep_record, record);
        tcg_brcond(g, TCG_I64, COND_NE, record, target, bad, good);
        tcg_block_start(g, bad);
        a64_call(dc, raise, tcg_const(g, TCG_I32, 0),
                 tcg_const(g, TCG_I32, ARM_SYNDROME(EC_GCS, GCS_ISS_DATA_CHECK(kind, extract32(dc->insn, 5, 5)))));
        tcg_block_start(g, good);
        ptr = tcg_get_reg(g, keep_ptr);
        record = tcg_get_reg(g, keep_record);
    }
    tcg_st_env(g, tcg_addi(g, TCG_I64, ptr, 8), MO_64, at);
    return record;
}

/* -- immediate branches ------------------------------------------------------------------------------------------ */

/* Ends the block with the branch taken or not: chain slot 0 falls through, slot 1 branches. */
static bool branch_if(DisasContext *dc, TcgType t, TcgCond c, TcgVal a, TcgVal b, int64_t offset)
{
    TcgBlockRef taken, next;

    dc->end = DISAS_STOP;
    if (a64_is_edge(dc, offset) && a64_is_edge(dc, 4)) {
        tcg_brcond_goto(dc->g, t, c, a, b, dc->delta + offset, dc->delta + 4);
        return true;
    }
    taken = tcg_block(dc->g);
    next = tcg_block(dc->g);
    tcg_brcond(dc->g, t, c, a, b, taken, next);
    tcg_block_start(dc->g, taken);
    a64_goto(dc, false, offset);
    tcg_block_start(dc->g, next);
    a64_goto(dc, false, 4);
    return true;
}

bool trans_B(DisasContext *dc, const arg_B *a)
{
    a64_goto(dc, false, a->imm);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_BL(DisasContext *dc, const arg_BL *a)
{
    gcs_push_return(dc);
    a64_set(dc, 30, a64_pc(dc, 4));
    a64_goto(dc, true, a->imm);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_CBZ(DisasContext *dc, const arg_CBZ *a)
{
    TcgType t = sf_type(a->sf);

    return branch_if(dc, t, COND_EQ, a64_get(dc, a->sf, a->rt), tcg_const(dc->g, t, 0), a->imm);
}

bool trans_CBNZ(DisasContext *dc, const arg_CBNZ *a)
{
    TcgType t = sf_type(a->sf);

    return branch_if(dc, t, COND_NE, a64_get(dc, a->sf, a->rt), tcg_const(dc->g, t, 0), a->imm);
}

bool trans_TBZ(DisasContext *dc, const arg_TBZ *a)
{
    return branch_if(dc, TCG_I64, COND_TSTEQ, a64_get(dc, 1, a->rt),
                     tcg_const(dc->g, TCG_I64, UINT64_C(1) << a->bit), a->imm);
}

bool trans_TBNZ(DisasContext *dc, const arg_TBNZ *a)
{
    return branch_if(dc, TCG_I64, COND_TSTNE, a64_get(dc, 1, a->rt),
                     tcg_const(dc->g, TCG_I64, UINT64_C(1) << a->bit), a->imm);
}

bool trans_B_cond(DisasContext *dc, const arg_B_cond *a)
{
    TcgVal nzcv;
    TcgBlockRef taken, next;

    dc->end = DISAS_STOP;
    if (a->cond >= FC_AL) {
        a64_goto(dc, false, a->imm);
        return true;
    }
    nzcv = tcg_get_reg(dc->g, ARM_REG_NZCV);
    if (a64_is_edge(dc, a->imm) && a64_is_edge(dc, 4)) {
        tcg_brflag_goto(dc->g, a->cond, nzcv, dc->delta + a->imm, dc->delta + 4);
        return true;
    }
    taken = tcg_block(dc->g);
    next = tcg_block(dc->g);
    tcg_brflag(dc->g, a->cond, nzcv, taken, next);
    tcg_block_start(dc->g, taken);
    a64_goto(dc, false, a->imm);
    tcg_block_start(dc->g, next);
    a64_goto(dc, false, 4);
    return true;
}

/* Hinted: the same branch. */
bool trans_BC_cond(DisasContext *dc, const arg_BC_cond *a)
{
    return trans_B_cond(dc, a);
}

/* -- branches to a register -------------------------------------------------------------------------------------- */

/*
 * PSTATE.BTYPE after BR, BLR and RET (DDI 0487, A2.2): BLR sets 2; BR sets 1 from X16 or X17 or outside a guarded page,
 * else 3; others clear it. It is kept only where FEAT_BTI is implemented and there may be guarded pages.
 */
static bool branch_reg(DisasContext *dc, TcgVal target, bool link, unsigned btype)
{
    bool switches = btype && dc_feature(dc, FEAT_BTI) && !dc->key.unguarded;
    int64_t back = link ? dc->delta + 4 : 0;

    if (link) {
        gcs_push_return(dc);
        a64_set(dc, 30, a64_pc(dc, 4));
    }
    /* a page that is not guarded does not ask for BTYPE, and a region has no other page; an SPSR may have it (CAVEATS) */
    if (!dc->key.ss_active && (!switches || !(dc->key.guarded || dc->cpu->parent.counted))) {
        target = tcg_jump_inside(dc->g, target, back);
    }
    tcg_set_reg(dc->g, ARM_REG_PC, target);
    if (switches) {
        a64_switch_btype(dc, btype);
    }
    if (dc->key.ss_active) {
        tcg_exit(dc->g);
    } else {
        tcg_goto_ptr_noted(dc->g, back);
    }
    dc->end = DISAS_STOP;
    return true;
}

static unsigned br_btype(DisasContext *dc, unsigned rn)
{
    return rn == 16 || rn == 17 || !dc->key.guarded ? 1 : 3;
}

bool trans_BR(DisasContext *dc, const arg_BR *a)
{
    return branch_reg(dc, a64_get(dc, 1, a->rn), false, br_btype(dc, a->rn));
}

bool trans_BLR(DisasContext *dc, const arg_BLR *a)
{
    return branch_reg(dc, a64_get(dc, 1, a->rn), true, 2);
}

/* RET: BTYPE is 0, and was. */
static bool ret(DisasContext *dc, TcgVal target, unsigned kind)
{
    target = gcs_pop_return(dc, target, kind);
    if (dc->key.ss_active) {
        return branch_reg(dc, target, false, 0);
    }
    tcg_return(dc->g, target);
    dc->end = DISAS_STOP;
    return true;
}

bool trans_RET(DisasContext *dc, const arg_RET *a)
{
    return ret(dc, a64_get(dc, 1, a->rn), GCS_RET);
}

/* z: the modifier is rm; otherwise it is zero. */
static TcgVal branch_modifier(DisasContext *dc, unsigned z, unsigned rm)
{
    return z ? a64_get_sp(dc, 1, rm) : tcg_const(dc->g, TCG_I64, 0);
}

bool trans_BRA(DisasContext *dc, const arg_BRA *a)
{
    TcgVal target = a64_authenticate(dc, a64_get(dc, 1, a->rn), branch_modifier(dc, a->z, a->rm),
                                     a->m ? PAC_KEY_IB : PAC_KEY_IA, true);

    return branch_reg(dc, target, false, br_btype(dc, a->rn));
}

bool trans_BLRA(DisasContext *dc, const arg_BLRA *a)
{
    TcgVal target = a64_authenticate(dc, a64_get(dc, 1, a->rn), branch_modifier(dc, a->z, a->rm),
                                     a->m ? PAC_KEY_IB : PAC_KEY_IA, true);

    return branch_reg(dc, target, true, 2);
}

bool trans_RETA(DisasContext *dc, const arg_RETA *a)
{
    return ret(dc, a64_authenticate(dc, a64_get(dc, 1, 30), a64_get_sp(dc, 1, 31), a->m ? PAC_KEY_IB : PAC_KEY_IA, true),
               a->m ? GCS_RETAB : GCS_RETAA);
}

/* -- exceptions ------------------------------------------------------------------------------------------------------ */

/* Goes on at the next instruction, under the key that the helper has left. */
static void goto_next(DisasContext *dc)
{
    tcg_set_reg(dc->g, ARM_REG_PC, a64_pc(dc, 4));
    a64_goto_pc(dc);
}

/* The same where interrupts need not be looked at again; in counted mode they are, which is when a turn may end. */
static void goto_next_anew(DisasContext *dc)
{
    if (dc->key.ss_active || dc->cpu->parent.counted) {
        dc->end = DISAS_EXIT_NEXT;
    } else {
        goto_next(dc);
    }
}

/* Goes on at the PC that a helper has set, with everything looked at anew. */
static void leave(DisasContext *dc)
{
    tcg_exit(dc->g);
    dc->end = DISAS_STOP;
}

/* key: 0 none, 1 IA, 2 IB: ERETAA and ERETAB authenticate the return address. */
bool trans_ERET(DisasContext *dc, const arg_ERET *a G_GNUC_UNUSED)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, eret, tcg_const(dc->g, TCG_I32, 0));
    a64_goto_pc(dc);
    return true;
}

bool trans_ERETA(DisasContext *dc, const arg_ERETA *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, eret, tcg_const(dc->g, TCG_I32, a->m ? 2 : 1));
    a64_goto_pc(dc);
    return true;
}

/* Outside Debug state, which is not modelled, these are UNDEFINED. */
bool trans_DRPS(DisasContext *dc G_GNUC_UNUSED, const arg_DRPS *a G_GNUC_UNUSED) { return false; }
bool trans_DCPS(DisasContext *dc G_GNUC_UNUSED, const arg_DCPS *a G_GNUC_UNUSED) { return false; }

/* Halting debug is never enabled: UNDEFINED, but for what semihosting claims. */
bool trans_HLT(DisasContext *dc, const arg_HLT *a)
{
    if (a->imm != 0xf000) {
        return false;
    }
    a64_call(dc, semihost);
    leave(dc);
    return true;
}

bool trans_SVC(DisasContext *dc, const arg_SVC *a)
{
    if (dc->in->pc_is_constant) {               /* user mode: the program's system call */
        a64_call(dc, svc, tcg_const(dc->g, TCG_I32, a->imm));
        dc->end = DISAS_STOP;
    } else {
        a64_call(dc, svc_take, tcg_const(dc->g, TCG_I32, a->imm));
        a64_goto_pc(dc);
    }
    return true;
}

bool trans_HVC(DisasContext *dc, const arg_HVC *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, hvc, tcg_const(dc->g, TCG_I32, a->imm));
    leave(dc);
    return true;
}

bool trans_SMC(DisasContext *dc, const arg_SMC *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, smc, tcg_const(dc->g, TCG_I32, a->imm));
    leave(dc);
    return true;
}

bool trans_BRK(DisasContext *dc, const arg_BRK *a)
{
    a64_call(dc, brk, tcg_const(dc->g, TCG_I32, a->imm));
    dc->end = DISAS_STOP;
    return true;
}

/* -- PSTATE --------------------------------------------------------------------------------------------------------- */

bool trans_CFINV(DisasContext *dc, const arg_CFINV *a G_GNUC_UNUSED)
{
    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_xori(dc->g, TCG_I32, tcg_get_reg(dc->g, ARM_REG_NZCV), FLAG_C));
    return true;
}

/* XAFLAG: N = !C & !Z, Z = Z & C, C = C | Z, V = !C & Z. A table of 16 results, 4 bits each. */
static uint64_t flag_table(unsigned convert(unsigned n, unsigned z, unsigned c, unsigned v))
{
    uint64_t table = 0;

    for (unsigned f = 0; f < 16; f++) {
        table |= (uint64_t)convert(f >> 3, f >> 2 & 1, f >> 1 & 1, f & 1) << (4 * f);
    }
    return table;
}

static unsigned xaflag(unsigned n G_GNUC_UNUSED, unsigned z, unsigned c, unsigned v G_GNUC_UNUSED)
{
    return (!c && !z) << 3 | (z && c) << 2 | (c || z) << 1 | (!c && z);
}

/* AXFLAG: Z = Z | V, C = C & !V, N = V = 0. */
static unsigned axflag(unsigned n G_GNUC_UNUSED, unsigned z, unsigned c, unsigned v)
{
    return (z || v) << 2 | (c && !v) << 1;
}

static bool convert_flags(DisasContext *dc, uint64_t table)
{
    TcgVal count = tcg_shli(dc->g, TCG_I64, tcg_zext(dc->g, tcg_get_reg(dc->g, ARM_REG_NZCV)), 2);
    TcgVal v = tcg_shr(dc->g, TCG_I64, tcg_const(dc->g, TCG_I64, table), count);

    tcg_set_reg(dc->g, ARM_REG_NZCV, tcg_andi(dc->g, TCG_I32, tcg_trunc(dc->g, v), 15));
    return true;
}

bool trans_XAFLAG(DisasContext *dc, const arg_XAFLAG *a G_GNUC_UNUSED)
{
    return convert_flags(dc, flag_table(xaflag));
}

bool trans_AXFLAG(DisasContext *dc, const arg_AXFLAG *a G_GNUC_UNUSED)
{
    return convert_flags(dc, flag_table(axflag));
}

/*
 * MSR (immediate), by op1:op2, of what changes masks or the key: the helper checks what EL0 may do, and the block ends.
 */
static bool msr_i(DisasContext *dc, unsigned op1, unsigned op2, unsigned imm, unsigned min_el)
{
    if (dc->key.el < min_el) {
        return false;
    }
    a64_call(dc, msr_i, tcg_const(dc->g, TCG_I32, op1 << 3 | op2), tcg_const(dc->g, TCG_I32, imm));
    goto_next(dc);
    return true;
}

static bool msr_i_field(DisasContext *dc, unsigned bit, uint32_t offset)
{
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I32, bit & 1), MO_8, offset);
    return true;
}

bool trans_MSR_i_UAO(DisasContext *dc, const arg_MSR_i_UAO *a) { return msr_i(dc, 0, 3, a->imm, 1); }
bool trans_MSR_i_PAN(DisasContext *dc, const arg_MSR_i_PAN *a) { return msr_i(dc, 0, 4, a->imm, 1); }
bool trans_MSR_i_SPSEL(DisasContext *dc, const arg_MSR_i_SPSEL *a) { return msr_i(dc, 0, 5, a->imm, 1); }
bool trans_MSR_i_SSBS(DisasContext *dc, const arg_MSR_i_SSBS *a) { return msr_i_field(dc, a->imm, offsetof(ARMCPU, ssbs)); }
bool trans_MSR_i_DIT(DisasContext *dc, const arg_MSR_i_DIT *a) { return msr_i_field(dc, a->imm, offsetof(ARMCPU, dit)); }
bool trans_MSR_i_TCO(DisasContext *dc, const arg_MSR_i_TCO *a) { return msr_i(dc, 3, 4, a->imm, 0); }

/*
 * PSTATE.DAIF := daif: the block goes on unless an interrupt is there, or D may start or end a software step. Interrupts
 * that come later ask for attention by themselves. False: the helpers do it; in counted mode a turn may end there.
 */
static bool set_daif(DisasContext *dc, TcgVal daif)
{
    TcgBlockRef look = tcg_block(dc->g), next = tcg_block(dc->g);
    TcgVal any;

    if (dc->key.el == 0 || dc->key.ss_active || dc->key.bp_active || dc->cpu->parent.counted) {
        return false;
    }
    any = tcg_andi(dc->g, TCG_I64, tcg_ld_env(dc->g, TCG_I64, MO_64, offsetof(ARMCPU, mdscr_el1)), MDSCR_KDE);
    if (dc->cpu->has_el2) {                     /* virtual interrupts that no line tells of */
        TcgVal hcr = tcg_ld_env(dc->g, TCG_I64, MO_64, offsetof(ARMCPU, hcr_el2));

        any = tcg_or(dc->g, TCG_I64, any, tcg_andi(dc->g, TCG_I64, hcr, HCR_VF | HCR_VI | HCR_VSE));
    }
    any = tcg_or(dc->g, TCG_I64, any, tcg_ld_env(dc->g, TCG_I64, MO_32, offsetof(ARMCPU, parent.irq_lines)));
    tcg_st_env(dc->g, daif, MO_8, offsetof(ARMCPU, daif));
    tcg_brcond(dc->g, TCG_I64, COND_NE, any, tcg_const(dc->g, TCG_I64, 0), look, next);
    tcg_block_start(dc->g, look);
    a64_call(dc, daif_changed);
    goto_next(dc);
    dc->end = DISAS_NEXT;
    tcg_block_start(dc->g, next);
    return true;
}

bool trans_MSR_i_DAIFCLR(DisasContext *dc, const arg_MSR_i_DAIFCLR *a)
{
    TcgVal daif = tcg_ld_env(dc->g, TCG_I32, MO_8, offsetof(ARMCPU, daif));

    return set_daif(dc, tcg_andi(dc->g, TCG_I32, daif, ~a->imm & 15)) || msr_i(dc, 3, 7, a->imm, 0);
}

/* Setting masks can only take interrupts away: nothing to look at, the block goes on, unless D may end a software step. */
bool trans_MSR_i_DAIFSET(DisasContext *dc, const arg_MSR_i_DAIFSET *a)
{
    if (dc->key.el > 0 && !(a->imm & DAIF_D && (dc->key.ss_active || dc->key.bp_active))) {
        TcgVal daif = tcg_ld_env(dc->g, TCG_I32, MO_8, offsetof(ARMCPU, daif));

        tcg_st_env(dc->g, tcg_ori(dc->g, TCG_I32, daif, a->imm), MO_8, offsetof(ARMCPU, daif));
        return true;
    }
    return msr_i(dc, 3, 6, a->imm, 0);
}

/* -- hints ------------------------------------------------------------------------------------------------------------ */

bool trans_HINT(DisasContext *dc G_GNUC_UNUSED, const arg_HINT *a G_GNUC_UNUSED) { return true; }

bool trans_GCSB(DisasContext *dc, const arg_GCSB *a G_GNUC_UNUSED)
{
    tcg_fence(dc->g, FENCE_ALL);
    return true;
}

/* X16: clears the bits of what is enabled. */
bool trans_CHKFEAT(DisasContext *dc, const arg_CHKFEAT *a G_GNUC_UNUSED)
{
    if (dc->key.gcs) {
        a64_set(dc, 16, tcg_andi(dc->g, TCG_I64, a64_get(dc, 1, 16), ~UINT64_C(1)));
    }
    return true;
}

/* Another CPU of the same thread, or another thread, may have something to do. */
bool trans_YIELD(DisasContext *dc, const arg_YIELD *a G_GNUC_UNUSED)
{
    a64_call(dc, yield);
    dc->end = DISAS_EXIT_NEXT;
    return true;
}

/* These may trap, or halt the CPU with the PC at the next instruction: the helper sets it. */
bool trans_WFI(DisasContext *dc, const arg_WFI *a G_GNUC_UNUSED)
{
    a64_call(dc, wfi);
    leave(dc);
    return true;
}

bool trans_WFE(DisasContext *dc, const arg_WFE *a G_GNUC_UNUSED)
{
    a64_call(dc, wfe);
    leave(dc);
    return true;
}

bool trans_WFET(DisasContext *dc, const arg_WFET *a)
{
    a64_call(dc, wfxt, a64_get(dc, 1, a->rt), tcg_const(dc->g, TCG_I32, a->rt << 2 | 3));
    leave(dc);
    return true;
}

bool trans_WFIT(DisasContext *dc, const arg_WFIT *a)
{
    a64_call(dc, wfxt, a64_get(dc, 1, a->rt), tcg_const(dc->g, TCG_I32, a->rt << 2 | 2));
    leave(dc);
    return true;
}

bool trans_SEV(DisasContext *dc, const arg_SEV *a G_GNUC_UNUSED)
{
    a64_call(dc, sev);
    return true;
}

bool trans_SEVL(DisasContext *dc, const arg_SEVL *a G_GNUC_UNUSED)
{
    a64_call(dc, sevl);
    return true;
}

bool trans_ESB(DisasContext *dc, const arg_ESB *a G_GNUC_UNUSED)
{
    a64_call(dc, esb);
    goto_next(dc);
    return true;
}

/* What it accepts was checked when the instruction began (translate.c). */
bool trans_BTI(DisasContext *dc G_GNUC_UNUSED, const arg_BTI *a G_GNUC_UNUSED) { return true; }

/* -- barriers -------------------------------------------------------------------------------------------------------- */

bool trans_CLREX(DisasContext *dc, const arg_CLREX *a G_GNUC_UNUSED)
{
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I64, UINT64_MAX), MO_64, offsetof(ARMCPU, excl_addr));
    return true;
}

/* CRm<1:0>: 01 loads before loads and stores, 10 stores before stores, 11 all; 00 is reserved and acts as all. */
bool trans_DMB(DisasContext *dc, const arg_DMB *a)
{
    static const uint8_t pairs[4] = { FENCE_ALL, FENCE_LD_LD | FENCE_LD_ST, FENCE_ST_ST, FENCE_ALL };

    tcg_fence(dc->g, pairs[a->crm & 3]);
    return true;
}

/* Also waits until TLB maintenance that this CPU broadcast is complete. */
bool trans_DSB(DisasContext *dc, const arg_DSB *a G_GNUC_UNUSED)
{
    tcg_fence(dc->g, FENCE_ALL);
    if (tlb_sync_is_needed(&dc->cpu->parent)) {
        a64_call(dc, dsb);
    }
    return true;
}

bool trans_DSB_nXS(DisasContext *dc, const arg_DSB_nXS *a G_GNUC_UNUSED)
{
    return trans_DSB(dc, NULL);
}

/* Ends the block: what follows is fetched in the new context. */
bool trans_ISB(DisasContext *dc, const arg_ISB *a G_GNUC_UNUSED)
{
    goto_next_anew(dc);
    return true;
}

bool trans_SB(DisasContext *dc, const arg_SB *a G_GNUC_UNUSED)
{
    tcg_fence(dc->g, FENCE_ALL);
    return true;
}

/* -- system registers and instructions ------------------------------------------------------------------------------ */

/*
 * DC ZVA as stores, the first one of the byte that is addressed, since its address is what an abort reports. False where
 * it may trap, has tags to check, or they would be many.
 */
static bool zero_block(DisasContext *dc, unsigned rt)
{
    unsigned size = 4u << (dc->cpu->dczid_el0 & 15);
    MemOp mo = MO_128 | MO_ATOM_PAIR | dc->key.data_mmu << MO_MMU_SHIFT;
    TcgVal addr, block, zero;

    if (!dc->key.zva || dc->key.sysreg_slow || dc->key.mte_active || size < 16 || size > 64) {
        return false;
    }
    addr = a64_get(dc, 1, rt);
    tcg_guest_st(dc->g, addr, tcg_const(dc->g, TCG_I32, 0), MO_8 | dc->key.data_mmu << MO_MMU_SHIFT);
    block = tcg_andi(dc->g, TCG_I64, addr, ~(uint64_t)(size - 1));
    zero = tcg_const_v(dc->g, 0, 0);
    for (unsigned i = 0; i < size; i += 16) {
        tcg_guest_st(dc->g, tcg_addi(dc->g, TCG_I64, block, i), zero, mo);
    }
    return true;
}

static bool absent(uint16_t enc)
{
    log_unimp("arm: system register or instruction S%u_%u_C%u_C%u_%u is not there: UNDEFINED\n", enc >> 14,
              enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7);
    return false;
}

static void end_write(DisasContext *dc, const SysReg *r)
{
    if (r->changes == SRC_IRQ) {
        goto_next(dc);
    } else if (r->changes & SRC_EXIT) {
        dc->end = DISAS_EXIT_NEXT;
    } else if (r->changes) {
        goto_next_anew(dc);
    }
}

/* Registers that programs and kernels use often, and what is read or written of them. False: not under this key. */
static bool known_register(DisasContext *dc, uint16_t enc, unsigned rt, bool write)
{
    TcgGen *g = dc->g;

    switch (enc) {
    case SYSREG(3, 3, 4, 4, 0):                 /* FPCR */
        if (write || dc->key.fp_trap_el) {
            return false;
        }
        a64_set(dc, rt, tcg_ld_env(g, TCG_I64, MO_32, offsetof(ARMCPU, fpcr)));
        return true;
    case SYSREG(3, 3, 4, 2, 0):                 /* NZCV */
        if (write) {
            tcg_set_reg(g, ARM_REG_NZCV, tcg_andi(g, TCG_I32, tcg_trunc(g, tcg_shri(g, TCG_I64, a64_get(dc, 1, rt), 28)), 15));
        } else {
            a64_set(dc, rt, tcg_shli(g, TCG_I64, tcg_zext(g, tcg_get_reg(g, ARM_REG_NZCV)), 28));
        }
        return true;
    case SYSREG(3, 3, 4, 2, 1):                 /* DAIF; SCTLR_EL1.UMA is asked for EL0 */
        if (write) {
            return set_daif(dc, tcg_andi(g, TCG_I32, tcg_trunc(g, tcg_shri(g, TCG_I64, a64_get(dc, 1, rt), 6)), 15));
        }
        if (dc->key.el == 0) {
            return false;
        }
        a64_set(dc, rt, tcg_shli(g, TCG_I64, tcg_ld_env(g, TCG_I64, MO_8, offsetof(ARMCPU, daif)), 6));
        return true;
    case SYSREG(3, 0, 4, 2, 2):                 /* CurrentEL */
        if (write || dc->key.el == 0) {
            return false;
        }
        a64_set(dc, rt, tcg_const(g, TCG_I64, dc->key.el << 2));
        return true;
    case SYSREG(3, 3, 0, 0, 7):                 /* DCZID_EL0 */
        if (write) {
            return false;
        }
        a64_set(dc, rt, tcg_const(g, TCG_I64, dc->cpu->dczid_el0 | (uint64_t)!dc->key.zva << 4));
        return true;
    case SYSREG(3, 3, 0, 0, 1):                 /* CTR_EL0; SCTLR_EL1.UCT is asked for EL0 */
        if (write || dc->key.el == 0) {
            return false;
        }
        a64_set(dc, rt, tcg_const(g, TCG_I64, dc->cpu->ctr_el0));
        return true;
    case SYSREG(1, 3, 7, 5, 1):                 /* IC IVAU, DC CVAC, CVAU, CIVAC; SCTLR_EL1.UCI is asked for EL0 */
    case SYSREG(1, 3, 7, 10, 1):
    case SYSREG(1, 3, 7, 11, 1):
    case SYSREG(1, 3, 7, 14, 1):
        if (dc->key.el == 0) {
            return false;
        }
        a64_call(dc, cache_line, a64_get(dc, 1, rt), tcg_const(g, TCG_I32, enc | dc->key.fetch_mmu << 16));
        return true;
    default:
        return false;
    }
}

static bool sysreg(DisasContext *dc, uint16_t enc, unsigned rt, bool write)
{
    const SysReg *r = arm_sysreg_find(dc->cpu, enc);

    if (enc == ARM_USER_CLOCK && dc->cpu->vdso && ((dc->in->pc + (uint64_t)dc->delta) ^ dc->cpu->vdso) < 4096 && !write) {
        a64_set(dc, rt, a64_call(dc, user_clock));
        return true;
    }
    if (!r && !write && arm_sysreg_is_id_space(dc->cpu, enc)) {
        a64_call(dc, sysreg_read, tcg_const(dc->g, TCG_I32, enc | rt << 16));           /* raises */
        return true;
    }
    if (!r) {
        return absent(enc);
    }
    if (!dc->key.sysreg_slow && arm_sysreg_is_plain(r, dc->key, write) && !(write && r->exlock && dc->key.exlock) &&
        !(dc->key.e2h && dc->key.el >= 2 && r->e2h_redirect)) {
        if (write) {
            TcgVal v = a64_get(dc, 1, rt);

            if (r->rw != UINT64_MAX) {
                TcgVal old = tcg_ld_env(dc->g, TCG_I64, r->size == 4 ? MO_32 : MO_64, r->offset);

                v = tcg_or(dc->g, TCG_I64, tcg_andi(dc->g, TCG_I64, v, r->rw), tcg_andi(dc->g, TCG_I64, old, ~r->rw));
            }
            tcg_st_env(dc->g, v, r->size == 4 ? MO_32 : MO_64, r->offset);
        } else if (r->const_value) {
            a64_set(dc, rt, tcg_const(dc->g, TCG_I64, r->value));
        } else {
            a64_set(dc, rt, tcg_ld_env(dc->g, TCG_I64, r->size == 4 ? MO_32 : MO_64, r->offset));
        }
        return true;
    }
    if (!dc->key.sysreg_slow && known_register(dc, enc, rt, write)) {
        return true;
    }
    if (write) {
        /* the syndrome of a trap names Rt */
        a64_call(dc, sysreg_write, tcg_const(dc->g, TCG_I32, enc | rt << 16),
                 a64_get(dc, 1, rt));
        end_write(dc, r);
    } else {
        a64_set(dc, rt, a64_call(dc, sysreg_read, tcg_const(dc->g, TCG_I32, enc | rt << 16)));
    }
    return true;
}

bool trans_MSR_r(DisasContext *dc, const arg_MSR_r *a)
{
    return sysreg(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, true);
}

bool trans_MRS(DisasContext *dc, const arg_MRS *a)
{
    return sysreg(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, false);
}

bool trans_SYS(DisasContext *dc, const arg_SYS *a)
{
    if (SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2) == SYSREG(1, 3, 7, 4, 1) && zero_block(dc, a->rt)) {
        return true;
    }
    return sysreg(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, true);
}

bool trans_SYSL(DisasContext *dc, const arg_SYSL *a)
{
    return sysreg(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, false);
}

/* FEAT_SYSREG128, FEAT_SYSINSTR128: Xt and X(t+1); of SYSP, Rt 31 is zero. */
static bool sysreg128(DisasContext *dc, uint16_t enc, unsigned rt, bool write)
{
    const SysReg *r = arm_sysreg_find(dc->cpu, enc);
    TcgVal what = tcg_const(dc->g, TCG_I32, enc | rt << 16);

    if (!r || (!r->wide && !r->write128)) {
        return absent(enc);
    }
    if (write) {
        a64_call(dc, sysreg_write128, what);
        end_write(dc, r);
    } else {
        a64_call(dc, sysreg_read128, what);
    }
    return true;
}

bool trans_MSRR(DisasContext *dc, const arg_MSRR *a)
{
    return sysreg128(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, true);
}

bool trans_MRRS(DisasContext *dc, const arg_MRRS *a)
{
    return sysreg128(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, false);
}

bool trans_SYSP(DisasContext *dc, const arg_SYSP *a)
{
    return sysreg128(dc, SYSREG(a->op0, a->op1, a->crn, a->crm, a->op2), a->rt, true);
}
