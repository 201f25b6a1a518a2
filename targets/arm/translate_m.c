/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * M-profile translation: the loop over a block's instructions, ITSTATE, and M-profile's side of translate_t32.h: the PC's
 * interworking, faults, alignment, stack limits (Armv8-M ARM, DDI 0553, B3 and E2.1; Armv7-M ARM, DDI 0403, B1.4 and D5).
 *
 * The PC is a value: code is the same for every address that a page is mapped at. A block begins and ends outside of IT
 * blocks, but where it must not be that long; then ITSTATE is part of the next block's key. Not modelled: EPSR.ICI, with
 * which hardware goes on in the middle of an LDM; here a load or store of several registers begins anew.
 */
#include "targets/arm/translate_t32.h"

/* A block has at most this many instructions, and those that its last IT block needs. */
enum { MAX_INSNS = 64 };

/* -- registers ---------------------------------------------------------------------------------------------------------- */

TcgVal t32_get(DisasContext *dc, unsigned n)
{
    if (n == 15) {
        return tcg_trunc(dc->g, tcg_pc(dc->g, dc->delta + 4));
    }
    return tcg_get_reg(dc->g, ARM_M_REG_R0 + n);
}

TcgVal t32_pc_aligned(DisasContext *dc, int32_t offset)
{
    return tcg_trunc(dc->g, tcg_pc(dc->g, dc->delta + 4 - ((dc->in->page_offset + dc->delta) & 2) + offset));
}

/* Bits 1:0 of SP are zero whatever is written. */
static TcgVal sp_value(DisasContext *dc, unsigned n, TcgVal v)
{
    return n == 13 ? tcg_andi(dc->g, TCG_I32, v, ~UINT32_C(3)) : v;
}

void t32_set(DisasContext *dc, unsigned n, TcgVal v)
{
    g_assert(n < 15);
    tcg_set_reg(dc->g, ARM_M_REG_R0 + n, sp_value(dc, n, v));
}

void t32_check_sp(DisasContext *dc, unsigned n, TcgVal v)
{
    if (n == 13 && dc->key.splim_check) {
        t32_call(dc, m_splim, sp_value(dc, n, v));
    }
}

void t32_set_checked(DisasContext *dc, unsigned n, TcgVal v)
{
    t32_check_sp(dc, n, v);
    t32_set(dc, n, v);
}

TcgVal t32_carry(DisasContext *dc)
{
    return tcg_extract(dc->g, TCG_I32, t32_nzcv(dc), 1, 1);
}

void t32_saturated(DisasContext *dc, TcgVal v)
{
    tcg_set_reg(dc->g, ARM_M_REG_Q, tcg_or(dc->g, TCG_I32, tcg_get_reg(dc->g, ARM_M_REG_Q), v));
}

/* -- the end of a block ------------------------------------------------------------------------------------------------- */

static void set_it(DisasContext *dc)
{
    if (dc->it || dc->next_it) {
        tcg_set_reg(dc->g, ARM_M_REG_IT, t32_const(dc, dc->next_it));
    }
}

static void exit_with_new_key(DisasContext *dc)
{
    tcg_st_env(dc->g, t32_const(dc, 0), MO_8, offsetof(ARMMCPU, parent.key_valid));
    tcg_exit(dc->g);
}

/* Whether the key of what follows is this block's. */
static bool same_key(const DisasContext *dc)
{
    return dc->next_it == dc->key.it && !dc->key_changed;
}

void t32_goto(DisasContext *dc, bool call, int64_t offset)
{
    uint64_t page = UINT64_C(1) << arm_m_tcg_target.page_bits;
    uint64_t at = (dc->in->page_offset & (page - 1)) + dc->delta + offset;

    set_it(dc);
    if (same_key(dc) && (at < page || dc->in->pc_is_constant)) {
        if (call) {
            tcg_goto_call(dc->g, dc->delta + offset, dc->delta + dc->insn_bytes);
        } else {
            tcg_goto(dc->g, dc->delta + offset);
        }
        return;
    }
    tcg_set_reg(dc->g, ARM_M_REG_PC, tcg_pc(dc->g, dc->delta + offset));
    if (!same_key(dc)) {
        exit_with_new_key(dc);
    } else {
        tcg_goto_ptr(dc->g);
    }
}

/* To a 32-bit address with bit 0 clear. */
static void goto_value(DisasContext *dc, TcgVal target)
{
    tcg_set_reg(dc->g, ARM_M_REG_PC, tcg_zext(dc->g, target));
    if (same_key(dc)) {
        tcg_goto_ptr(dc->g);
    } else {
        exit_with_new_key(dc);
    }
    dc->end = DISAS_STOP;
}

void t32_branch(DisasContext *dc, TcgVal target)
{
    set_it(dc);
    goto_value(dc, tcg_andi(dc->g, TCG_I32, target, ~UINT32_C(1)));
}

/*
 * EXC_RETURN and FNC_RETURN are looked for first. With bit 0 clear EPSR.T becomes 0, and the fault is that of the next
 * instruction.
 */
void t32_bx(DisasContext *dc, TcgVal target, bool returns)
{
    TcgGen *g = dc->g;
    bool sec = dc_feature(dc, FEAT_M_SEC);
    TcgBlockRef thumb = tcg_block(g), arm = tcg_block(g);
    TcgVal address = tcg_andi(g, TCG_I32, target, ~UINT32_C(1));

    set_it(dc);
    if (returns && (dc->key.handler || sec)) {
        TcgBlockRef special = tcg_block(g), plain = tcg_block(g);

        if (dc->key.handler) {
            uint32_t first = sec ? 0xfefffffe : dc_feature(dc, FEAT_M_V8) ? 0xff000000 : 0xf0000000;

            tcg_brcond(g, TCG_I32, COND_GEU, target, t32_const(dc, first), special, plain);
        } else {
            tcg_brcond(g, TCG_I32, COND_EQ, address, t32_const(dc, 0xfefffffe), special, plain);
        }
        tcg_block_start(g, special);
        tcg_insn_start(g, dc->delta);           /* what it did stays, whatever the return raises */
        t32_call(dc, m_bx_return, target);
        t32_goto_set(dc);
        tcg_block_start(g, plain);
    }
    tcg_brcond(g, TCG_I32, COND_TSTNE, target, t32_const(dc, 1), thumb, arm);
    tcg_block_start(g, arm);
    tcg_set_reg(g, ARM_M_REG_PC, tcg_zext(g, address));
    tcg_st_env(g, t32_const(dc, 0), MO_32, offsetof(ARMMCPU, epsr_t));
    exit_with_new_key(dc);
    tcg_block_start(g, thumb);
    if (returns && same_key(dc)) {
        tcg_return(g, tcg_zext(g, address));
        dc->end = DISAS_STOP;
    } else {
        goto_value(dc, address);
    }
}

void t32_goto_set(DisasContext *dc)
{
    tcg_goto_ptr(dc->g);
    dc->end = DISAS_STOP;
}

void t32_leave(DisasContext *dc)
{
    tcg_exit(dc->g);
    dc->end = DISAS_STOP;
}

void t32_set_next(DisasContext *dc)
{
    set_it(dc);
    tcg_set_reg(dc->g, ARM_M_REG_PC, tcg_pc(dc->g, dc->delta + dc->insn_bytes));
}

void t32_raise(DisasContext *dc, ArmMFault fault)
{
    t32_call(dc, m_raise, t32_const(dc, fault));
    dc->end = DISAS_STOP;
}

/* -- memory --------------------------------------------------------------------------------------------------------------- */

/* Armv6-M and Armv8-M Baseline have no unaligned accesses. */
static MemOp memop(DisasContext *dc, unsigned size, bool sign, unsigned mmu)
{
    MemOp mo = size | mmu << MO_MMU_SHIFT;

    if (sign) {
        mo |= MO_SIGN;
    }
    if (dc->key.unalign_trap || !dc_feature(dc, FEAT_T32)) {
        mo |= MO_ALIGN_NATURAL;
    }
    return mo;
}

MemOp t32_memop(DisasContext *dc, unsigned size, bool sign)
{
    return memop(dc, size, sign, dc->key.mmu);
}

MemOp t32_memop_unpriv(DisasContext *dc, unsigned size, bool sign)
{
    return memop(dc, size, sign, dc->key.unpriv_mmu);
}

MemOp t32_memop_aligned(DisasContext *dc, unsigned size, bool sign)
{
    return (t32_memop(dc, size, sign) & ~(MemOp)MO_ALIGN) | (size == 3 ? MO_ALIGN_4 : MO_ALIGN_NATURAL);
}

TcgVal t32_load(DisasContext *dc, TcgVal addr, MemOp mo)
{
    return tcg_guest_ld(dc->g, (mo & MO_SIZE) == MO_64 ? TCG_I64 : TCG_I32, tcg_zext(dc->g, addr), mo);
}

void t32_store(DisasContext *dc, TcgVal addr, TcgVal v, MemOp mo)
{
    tcg_guest_st(dc->g, tcg_zext(dc->g, addr), v, mo);
}

/* -- the loop ------------------------------------------------------------------------------------------------------------- */

static void execute(DisasContext *dc)
{
    bool known = dc->insn_bytes == 4 ? decode_thumb(dc, dc->insn) : decode_thumb16(dc, dc->insn);

    if (!known) {
        t32_raise(dc, M_FAULT_UNDEFINSTR);
    }
    if (dc->end == DISAS_NEXT && dc->key_changed) {
        dc->end = DISAS_EXIT_NEXT;
    }
}

/* In an IT block: what the condition leads to, and around it. BKPT is not conditional. */
static void execute_if(DisasContext *dc, TcgFlagCond cond)
{
    TcgBlockRef holds = tcg_block(dc->g), fails = tcg_block(dc->g), next = tcg_block(dc->g);

    tcg_brflag(dc->g, cond, t32_nzcv(dc), holds, fails);
    tcg_block_start(dc->g, holds);
    execute(dc);
    if (dc->end != DISAS_STOP) {
        set_it(dc);
        tcg_br(dc->g, next);
        tcg_block_start(dc->g, fails);
        set_it(dc);
        tcg_br(dc->g, next);
        tcg_block_start(dc->g, next);
    } else {
        tcg_block_start(dc->g, fails);
        t32_goto(dc, false, dc->insn_bytes);
    }
}

static void one_insn(DisasContext *dc)
{
    bool bkpt = dc->insn_bytes == 2 && (dc->insn & 0xff00) == 0xbe00;

    dc->next_it = arm_m_it_next(dc->it);
    if (dc->key.invstate) {
        t32_raise(dc, M_FAULT_INVSTATE);
    } else if (dc->it && dc->it >> 4 < FC_AL && !bkpt) {
        execute_if(dc, dc->it >> 4);
    } else {
        execute(dc);
        if (dc->end == DISAS_NEXT) {
            set_it(dc);
        }
    }
}

/* Reads the instruction; false, and nothing is changed: not all of it may be looked at. */
static bool fetch(DisasContext *dc, unsigned at)
{
    const TranslateInput *in = dc->in;
    uint32_t insn;
    unsigned bytes;

    if (at + 2 > in->len) {
        return false;
    }
    insn = lduw_le_p(in->bytes + at);
    bytes = insn >= 0xe800 ? 4 : 2;
    if (at + bytes > in->len) {
        return false;
    }
    dc->insn = bytes == 4 ? insn << 16 | lduw_le_p(in->bytes + at + 2) : insn;
    dc->insn_bytes = bytes;
    dc->delta = in->delta + at;
    return true;
}

void arm_m_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret)
{
    DisasContext dc = { .g = g, .features = ARM_M_CPU(cs)->features.bits, .in = in };
    unsigned n = 0, bytes = 0;

    memcpy(&dc.key, &in->key.w[0], sizeof(dc.key));
    dc.it = dc.key.it;
    while (dc.end == DISAS_NEXT && n < in->max_insns && (n < MAX_INSNS || dc.it) && fetch(&dc, bytes)) {
        tcg_insn_start(g, (uint64_t)dc.delta);
        one_insn(&dc);
        bytes += dc.insn_bytes;
        dc.it = dc.next_it;
        n++;
    }
    ret->insns = n;
    ret->bytes = bytes;
    if (n == 0 || dc.end == DISAS_STOP) {
        return;
    }
    /* after an instruction that goes on: IT is set already */
    if (dc.end == DISAS_EXIT_NEXT || (dc.end == DISAS_LOOK_NEXT && !same_key(&dc))) {
        t32_set_next(&dc);
        exit_with_new_key(&dc);
    } else if (dc.end == DISAS_LOOK_NEXT) {
        t32_set_next(&dc);
        tcg_goto_ptr(g);
    } else {
        t32_goto(&dc, false, dc.insn_bytes);
    }
}
