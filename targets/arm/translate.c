/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A64 translation: the loop over a block's instructions, and the register, branch, exception and memory views that
 * the translate_a64_*.c files share.
 *
 * The PC is a value: code is the same for every virtual address that a page is mapped at.
 */
#include "targets/arm/debug.h"
#include "targets/arm/translate.h"

/* A block has at most this many instructions, so that no block is slow to translate or to leave. */
enum { MAX_INSNS = 64 };

/* -- general registers ------------------------------------------------------------------------------------------- */

TcgVal a64_get(DisasContext *dc, unsigned sf, unsigned n)
{
    if (n == 31) {
        return tcg_const(dc->g, sf_type(sf), 0);
    }
    return sf ? tcg_get_reg(dc->g, ARM_REG_X0 + n) : tcg_get_reg_low(dc->g, ARM_REG_X0 + n);
}

TcgVal a64_get_sp(DisasContext *dc, unsigned sf, unsigned n)
{
    unsigned row = n == 31 ? ARM_REG_SP : ARM_REG_X0 + n;

    return sf ? tcg_get_reg(dc->g, row) : tcg_get_reg_low(dc->g, row);
}

void a64_set(DisasContext *dc, unsigned n, TcgVal v)
{
    if (n != 31) {
        tcg_set_reg_wide(dc->g, ARM_REG_X0 + n, v);
    }
}

void a64_set_sp(DisasContext *dc, unsigned n, TcgVal v)
{
    tcg_set_reg_wide(dc->g, n == 31 ? ARM_REG_SP : ARM_REG_X0 + n, v);
    dc->sp_checked &= n != 31;
}

void a64_set_sp_moved(DisasContext *dc, unsigned n, unsigned m, uint64_t offset, TcgVal v)
{
    bool kept = dc->sp_checked && m == 31 && offset % 16 == 0;

    a64_set_sp(dc, n, v);
    dc->sp_checked |= kept;
}

TcgVal a64_extend(DisasContext *dc, unsigned sf, unsigned rm, unsigned option, unsigned shift)
{
    TcgType t = sf_type(sf);
    unsigned len = 8u << (option & 3);
    TcgVal m = a64_get(dc, sf, rm);

    if (len < (sf ? 64u : 32u)) {
        m = option & 4 ? tcg_sextract(dc->g, t, m, 0, len) : tcg_extract(dc->g, t, m, 0, len);
    }
    return shift ? tcg_shli(dc->g, t, m, shift) : m;
}

/* -- branches and exceptions ---------------------------------------------------------------------------------- */

bool a64_is_edge(const DisasContext *dc, int64_t offset)
{
    /* within the page the target is the same whatever maps the page; another page is looked up */
    uint64_t page = UINT64_C(1) << arm_tcg_target.page_bits;
    uint64_t at = (dc->in->page_offset & (page - 1)) + dc->delta + offset;

    /* BTYPE is 0 behind the first instruction, whatever the key says of the block's beginning */
    return (at < page || dc->in->pc_is_constant) && !dc->key.ss_active;
}

void a64_goto(DisasContext *dc, bool call, int64_t offset)
{
    if (a64_is_edge(dc, offset)) {
        if (call) {
            tcg_goto_call(dc->g, dc->delta + offset, dc->delta + 4);
        } else {
            tcg_goto(dc->g, dc->delta + offset);
        }
        return;
    }
    tcg_set_reg(dc->g, ARM_REG_PC, a64_pc(dc, offset));
    if (dc->key.ss_active) {
        tcg_exit(dc->g);
    } else {
        tcg_goto_ptr(dc->g);
    }
}

void a64_goto_pc(DisasContext *dc)
{
    if (dc->key.ss_active) {
        tcg_exit(dc->g);
    } else {
        tcg_goto_ptr(dc->g);
    }
    dc->end = DISAS_STOP;
}

void a64_goto_reg(DisasContext *dc, TcgVal target)
{
    tcg_set_reg(dc->g, ARM_REG_PC, target);
    a64_goto_pc(dc);
}

void a64_raise(DisasContext *dc, unsigned target_el, uint32_t syndrome)
{
    a64_call(dc, raise, tcg_const(dc->g, TCG_I32, target_el), tcg_const(dc->g, TCG_I32, syndrome));
    dc->end = DISAS_STOP;
}

bool a64_fp_access(DisasContext *dc)
{
    if (dc->fp_checked || dc->key.fp_trap_el == 0) {
        dc->fp_checked = true;
        return true;
    }
    a64_call(dc, fp_trap);
    dc->end = DISAS_STOP;
    return false;
}

/* -- memory ------------------------------------------------------------------------------------------------------ */

/*
 * Whether the instruction's accesses are tag-checked: literals are not, nor are those at SP with an immediate offset
 * that is not written back.
 */
static bool is_tag_checked(uint32_t insn)
{
    unsigned op = extract32(insn, 27, 3), low = extract32(insn, 10, 2);

    if (extract32(insn, 24, 6) == 0x18 || extract32(insn, 24, 6) == 0x1c) {
        return false;                           /* literals */
    }
    if (extract32(insn, 5, 5) != 31) {
        return true;
    }
    if ((op & 5) == 5 && (op & 2) == 0) {
        return extract32(insn, 23, 1);          /* pairs: post- and pre-indexed */
    }
    if (op == 7 && extract32(insn, 24, 2) == 0) {
        return extract32(insn, 21, 1) ? low == 2 || low == 3 : low & 1;     /* a register offset; LDRA; indexed */
    }
    if (op == 1 && extract32(insn, 26, 1)) {
        return extract32(insn, 23, 1);          /* structures, post-indexed */
    }
    if (op == 3 && extract32(insn, 24, 3) == 1 && low == 2 && !extract32(insn, 21, 1)) {
        /* LDIAPP, STILP, and ordered ones with writeback: 99xxxx0800, without bit 12 */
        return extract32(insn, 30, 2) >= 2 && !extract32(insn, 12, 1) && extract32(insn, 13, 3) == 0;
    }
    /* memory copy and set are, always */
    return op == 3 && low == 1;
}

MemOp a64_memop_mmu(DisasContext *dc, unsigned size, bool sign, unsigned mmu)
{
    MemOp mo = size | mmu << MO_MMU_SHIFT | (sign ? MO_SIGN : 0) | dc->memop;

    if ((mmu == dc->key.data_mmu ? dc->key.mte_active : dc->key.mte_unpriv) && is_tag_checked(dc->insn)) {
        mo |= MO_TAGGED;
    }
    return mo;
}

MemOp a64_memop_ordered(DisasContext *dc, unsigned size, bool sign, MemOp order)
{
    MemOp mo = a64_memop(dc, size, sign) | order;

    if ((mo & MO_ALIGN) != MO_ALIGN_NATURAL && !dc->key.naa) {
        mo |= dc_feature(dc, FEAT_LSE2) ? MO_ALIGN_WITHIN16 : MO_ALIGN_NATURAL;
    }
    return mo;
}

MemOp a64_memop(DisasContext *dc, unsigned size, bool sign)
{
    return a64_memop_mmu(dc, size, sign, dc->key.data_mmu);
}

TcgVal a64_base(DisasContext *dc, unsigned n)
{
    TcgVal v = a64_get_sp(dc, 1, n);

    if (n == 31 && dc->key.sp_align_check && !dc->sp_checked) {
        v = tcg_raise_if(dc->g, TCG_I64, COND_TSTNE, v, tcg_const(dc->g, TCG_I64, 15), &arm_helper_sp_misaligned);
        dc->sp_checked = true;
    }
    return v;
}

/* -- vector registers ------------------------------------------------------------------------------------------ */

void a64_set_v(DisasContext *dc, unsigned n, TcgVal v)
{
    tcg_set_reg(dc->g, ARM_REG_V0 + n, v);
}

void a64_set_v_low(DisasContext *dc, unsigned n, TcgVal v)
{
    a64_set_v(dc, n, tcg_vec1(dc->g, OP_vmovz, 3, v, 0));
}

TcgVal a64_get_fp(DisasContext *dc, unsigned es, unsigned n)
{
    return tcg_vget(dc->g, es, a64_get_v(dc, n), 0);
}

void a64_set_fp(DisasContext *dc, unsigned es, unsigned n, TcgVal v)
{
    TcgType t = tcg_val_type(dc->g, v);

    if (es < 2) {
        v = tcg_extract(dc->g, t, v, 0, 8 << es);
    }
    a64_set_v(dc, n, tcg_vec1(dc->g, OP_vfrom, t == TCG_I64 ? 3 : 2, v, 0));
}

/* -- the loop ---------------------------------------------------------------------------------------------------- */

static void undefined(DisasContext *dc)
{
    a64_call(dc, raise_undefined);
    dc->end = DISAS_STOP;
}

/* What may follow an indirect branch in a guarded page (BTypeCompatible): BTI, PACIASP and PACIBSP, BRK and HLT. */
static bool is_landing_pad(DisasContext *dc)
{
    unsigned btype = dc->key.btype, targets = extract32(dc->insn, 6, 2);

    if ((dc->insn & ~(3u << 6)) == 0xd503241f) {
        return btype == 2 ? targets & 1 : btype == 3 ? targets & 2 : targets != 0;
    }
    if ((dc->insn & ~(1u << 6)) == 0xd503233f) {
        return dc_feature(dc, FEAT_PAuth) && (btype != 3 || !dc->key.bti_enabled);
    }
    return (dc->insn & 0xffe0001f) == 0xd4200000 || (dc->insn & 0xffe0001f) == 0xd4400000;
}

void a64_switch_btype(DisasContext *dc, unsigned btype)
{
    TcgVal tag = tcg_andi(dc->g, TCG_I64, tcg_ld_env(dc->g, TCG_I64, MO_64, offsetof(ARMCPU, parent.jc_tag)),
                          ~(uint64_t)CPU_TAG_VARIANT);
    TcgVal zero = tcg_const(dc->g, TCG_I32, 0);

    tcg_st_env(dc->g, tcg_ori(dc->g, TCG_I64, tag, btype), MO_64, offsetof(ARMCPU, parent.jc_tag));
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I32, btype), MO_8, offsetof(ARMCPU, btype));
    tcg_st_env(dc->g, zero, MO_8, offsetof(ARMCPU, parent.key_valid));
}

/* LDXR, LDAXR, LDXP, LDAXP: what ISS.EX of a step exception tells of. */
static bool is_load_exclusive(uint32_t insn)
{
    return (insn & 0x3fc00000) == 0x08400000;
}

/*
 * Software step, active (D2.12): with PSTATE.SS clear the step exception is pending; with it set, the instruction runs
 * with it clear, and whatever it does leaves to the loop. A fault has SS as it was, since that is a register. False:
 * the block has ended.
 */
static bool step(DisasContext *dc)
{
    if (!dc->key.pstate_ss) {
        a64_call(dc, step_pending);
        dc->end = DISAS_STOP;
        return false;
    }
    tcg_set_reg(dc->g, ARM_REG_SS, tcg_const(dc->g, TCG_I32, 0));
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I32, is_load_exclusive(dc->insn) ? ARM_STEP_EXCLUSIVE : ARM_STEP_INSN), MO_8,
               offsetof(ARMCPU, step_did));
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I32, 0), MO_8, offsetof(ARMCPU, parent.key_valid));
    return true;
}

static void one_insn(DisasContext *dc)
{
    dc->fp_checked = false;
    if (dc->key.ss_active && !step(dc)) {
        return;
    }
    if (dc->key.bp_active) {
        a64_call(dc, breakpoint, a64_pc(dc, 0));
    }
    if (dc->key.il) {
        a64_raise(dc, 0, ARM_SYNDROME(EC_ILLEGAL, 0));
        return;
    }
    if (dc->key.btype && dc->delta == 0) {
        if (dc->key.guarded && !is_landing_pad(dc)) {
            a64_raise(dc, 0, ARM_SYNDROME(EC_BTI, dc->key.btype));
            return;
        }
        /* the SPSR of a BRK has what was; of another exception it may as well be zero */
        if ((dc->insn & 0xffe0001f) != 0xd4200000) {
            a64_switch_btype(dc, 0);
        }
    }
    if (!decode_a64(dc, dc->insn)) {
        undefined(dc);
    }
}

/* Branches, exceptions and system instructions: what others do to SP goes through a64_set_sp. */
static bool is_system(uint32_t insn)
{
    return extract32(insn, 26, 3) == 5;
}

void arm_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret)
{
    ARMCPU *cpu = ARM_CPU(cs);
    DisasContext dc = { .g = g, .features = cpu->features.bits, .cpu = cpu, .in = in };
    unsigned max = MIN(in->max_insns, MAX_INSNS);
    unsigned n = 0;

    memcpy(&dc.key, &in->key.w[0], sizeof(dc.key));
    if (dc.key.ss_active) {
        max = 1;
    }
    dc.memop = (dc.key.big_endian ? MO_BE : 0) | (dc.key.align_check ? MO_ALIGN_NATURAL : 0) |
               (dc_feature(&dc, FEAT_LSE2) ? MO_ATOM_WITHIN16 : 0);
    while (dc.end == DISAS_NEXT && n < max && (n + 1) * 4 <= in->len) {
        dc.delta = in->delta + n * 4;
        dc.insn = ldl_le_p(in->bytes + n * 4);
        if (dc.key.pstate_ss) {
            tcg_set_reg(g, ARM_REG_SS, tcg_const(g, TCG_I32, 1));
        }
        tcg_insn_start(g, (uint64_t)dc.delta);
        one_insn(&dc);
        dc.sp_checked &= !is_system(dc.insn);
        n++;
    }
    /* after an instruction that goes on: a full block, the end of the page, or one that changed what must be looked at */
    if (dc.end != DISAS_STOP) {
        if (dc.end == DISAS_EXIT_NEXT || dc.key.ss_active) {
            tcg_set_reg(g, ARM_REG_PC, a64_pc(&dc, 4));
            tcg_exit(g);
        } else {
            a64_goto(&dc, false, 4);
        }
    }
    ret->insns = n;
    ret->bytes = n * 4;
}
