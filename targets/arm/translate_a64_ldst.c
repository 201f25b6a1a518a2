/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: loads and stores of the general registers (Arm DDI 0487, C4.1.94). */
#include "targets/arm/arm_a64_ldst.trans.h"
#include "targets/arm/gcs.h"
#include "targets/arm/ls64.h"
#include "targets/arm/mops.h"
#include "targets/arm/rcw.h"
#include "targets/arm/pac.h"
#include "targets/arm/translate.h"

/* Type that a load of `size` yields for a W or X destination: i64 only where 64 bits are wanted. */
static TcgType load_type(unsigned sf, unsigned size, bool sign)
{
    return size == 3 || (sign && sf) ? TCG_I64 : TCG_I32;
}

static TcgVal load(DisasContext *dc, unsigned sf, unsigned size, bool sign, TcgVal addr)
{
    return tcg_guest_ld(dc->g, load_type(sf, size, sign), addr, a64_memop(dc, size, sign));
}

static TcgVal store_value(DisasContext *dc, unsigned size, unsigned rt)
{
    return a64_get(dc, size == 3, rt);
}

/* -- exclusives ------------------------------------------------------------------------------------------------- */

/*
 * The local monitor is the address, size and value of the last load-exclusive; a store-exclusive is a compare and swap
 * with that value (docs/CAVEATS.md: blind to A-B-A).
 */
static MemOp exclusive_memop(DisasContext *dc, unsigned size, bool ordered, MemOp order)
{
    return (a64_memop(dc, size, false) & ~(MemOp)(MO_ALIGN | MO_ATOM | MO_KIND)) | MO_ALIGN_NATURAL | MO_EXCLUSIVE |
           (ordered ? order : 0);
}

/* An exclusive access is of a kind of its own: its tag check comes first. */
static void check_tag(DisasContext *dc, TcgVal addr, unsigned size, bool store)
{
    if ((a64_memop(dc, size, false) & MO_KIND) == MO_TAGGED) {
        a64_call(dc, mte_check, addr, tcg_const(dc->g, TCG_I32, dc->key.data_mmu | 1u << size << 8 | store << 16));
    }
}

static void monitor_arm(DisasContext *dc, TcgVal addr, TcgVal lo, TcgVal hi, unsigned size)
{
    tcg_st_env(dc->g, addr, MO_64, offsetof(ARMCPU, excl_addr));
    tcg_st_env(dc->g, lo, MO_64, offsetof(ARMCPU, excl_value[0]));
    tcg_st_env(dc->g, hi, MO_64, offsetof(ARMCPU, excl_value[1]));
    tcg_st_env(dc->g, tcg_const(dc->g, TCG_I32, size), MO_32, offsetof(ARMCPU, excl_size));
}

static TcgVal to_i64(DisasContext *dc, TcgVal v)
{
    return tcg_val_type(dc->g, v) == TCG_I32 ? tcg_zext(dc->g, v) : v;
}

bool trans_LDXR(DisasContext *dc, const arg_LDXR *a)
{
    TcgVal addr = a64_base(dc, a->rn), v;

    check_tag(dc, addr, a->size, false);
    v = tcg_guest_ld(dc->g, load_type(0, a->size, false), addr, exclusive_memop(dc, a->size, a->acq, MO_ACQUIRE));
    monitor_arm(dc, addr, to_i64(dc, v), tcg_const(dc->g, TCG_I64, 0), 1u << a->size);
    a64_set(dc, a->rt, v);
    return true;
}

/* The halves of a pair of 32-bit registers in one 64-bit access, in memory order. */
static TcgVal join32(DisasContext *dc, TcgVal first, TcgVal second)
{
    if (dc->key.big_endian) {
        TcgVal t = first;
        first = second;
        second = t;
    }
    return tcg_deposit(dc->g, TCG_I64, tcg_zext(dc->g, first), tcg_zext(dc->g, second), 32, 32);
}

static void split32(DisasContext *dc, TcgVal v, TcgVal *ret_first, TcgVal *ret_second)
{
    TcgVal lo = tcg_trunc(dc->g, v), hi = tcg_trunc(dc->g, tcg_shri(dc->g, TCG_I64, v, 32));

    *ret_first = dc->key.big_endian ? hi : lo;
    *ret_second = dc->key.big_endian ? lo : hi;
}

/* The same for 64-bit registers in one 128-bit access, whose bytes a big-endian access reverses as a whole. */
static TcgVal join64(DisasContext *dc, TcgVal first, TcgVal second)
{
    return dc->key.big_endian ? tcg_vec2(dc->g, OP_vpair, 0, second, first, 0) :
                                tcg_vec2(dc->g, OP_vpair, 0, first, second, 0);
}

static void split64(DisasContext *dc, TcgVal v, TcgVal *ret_first, TcgVal *ret_second)
{
    *ret_first = tcg_vget(dc->g, 3, v, dc->key.big_endian);
    *ret_second = tcg_vget(dc->g, 3, v, !dc->key.big_endian);
}

bool trans_LDXP(DisasContext *dc, const arg_LDXP *a)
{
    TcgVal addr = a64_base(dc, a->rn), first, second;
    MemOp mo = exclusive_memop(dc, a->size + 1, a->acq, MO_ACQUIRE);
    TcgVal v;

    check_tag(dc, addr, a->size + 1, false);
    v = tcg_guest_ld(dc->g, a->size == 3 ? TCG_V128 : TCG_I64, addr, mo);
    if (a->size == 3) {
        split64(dc, v, &first, &second);
        monitor_arm(dc, addr, tcg_vget(dc->g, 3, v, 0), tcg_vget(dc->g, 3, v, 1), 16);
    } else {
        split32(dc, v, &first, &second);
        monitor_arm(dc, addr, v, tcg_const(dc->g, TCG_I64, 0), 8);
    }
    a64_set(dc, a->rt, first);
    a64_set(dc, a->rt2, second);
    return true;
}

/* Store `value` (i32, i64 or V128 of 1 << size bytes) if the monitor is armed for it; rs := 0 or 1. */
static void store_exclusive(DisasContext *dc, unsigned rs, unsigned rn, TcgVal value, unsigned size, bool rel)
{
    TcgGen *g = dc->g;
    TcgType t = tcg_val_type(g, value);
    TcgVal base = a64_base(dc, rn);
    TcgBlockRef same_addr = tcg_block(g), armed = tcg_block(g), idle = tcg_block(g), done = tcg_block(g);
    TcgBlockRef bad = tcg_block(g), fail = tcg_block(g);
    unsigned status = tcg_local(g, TCG_I32), addr = tcg_local(g, TCG_I64), val = tcg_local(g, t);
    MemOp mo = exclusive_memop(dc, size, rel, MO_RELEASE);
    TcgVal old, expect, ne;

    tcg_set_reg(g, addr, base);
    tcg_set_reg(g, val, value);
    tcg_brcond(g, TCG_I64, COND_EQ, tcg_ld_env(g, TCG_I64, MO_64, offsetof(ARMCPU, excl_addr)), base, same_addr, idle);

    tcg_block_start(g, same_addr);
    tcg_brcond(g, TCG_I32, COND_EQ, tcg_ld_env(g, TCG_I32, MO_32, offsetof(ARMCPU, excl_size)),
               tcg_const(g, TCG_I32, 1u << size), armed, fail);

    tcg_block_start(g, armed);
    check_tag(dc, tcg_get_reg(g, addr), size, true);
    expect = tcg_ld_env(g, TCG_I64, MO_64, offsetof(ARMCPU, excl_value[0]));
    if (t == TCG_V128) {
        TcgVal hi = tcg_ld_env(g, TCG_I64, MO_64, offsetof(ARMCPU, excl_value[1]));

        old = tcg_guest_cas(g, t, tcg_get_reg(g, addr), tcg_vec2(g, OP_vpair, 0, expect, hi, 0), tcg_get_reg(g, val), mo);
        ne = tcg_or(g, TCG_I64, tcg_xor(g, TCG_I64, tcg_vget(g, 3, old, 0), expect),
                    tcg_xor(g, TCG_I64, tcg_vget(g, 3, old, 1), hi));
        ne = tcg_setcond(g, TCG_I64, COND_NE, ne, tcg_const(g, TCG_I64, 0));
    } else {
        if (t == TCG_I32) {
            expect = tcg_trunc(g, expect);
        }
        old = tcg_guest_cas(g, t, tcg_get_reg(g, addr), expect, tcg_get_reg(g, val), mo);
        ne = tcg_setcond(g, t, COND_NE, old, expect);
    }
    tcg_set_reg(g, status, ne);
    tcg_br(g, done);

    /* not armed for this address: nothing is stored, but misalignment is seen all the same */
    tcg_block_start(g, idle);
    tcg_brcond(g, TCG_I64, COND_TSTNE, tcg_get_reg(g, addr), tcg_const(g, TCG_I64, (1u << size) - 1), bad, fail);
    tcg_block_start(g, bad);
    a64_call(dc, unaligned_store, tcg_get_reg(g, addr), tcg_const(g, TCG_I32, dc->key.data_mmu));
    tcg_br(g, fail);

    tcg_block_start(g, fail);
    tcg_set_reg(g, status, tcg_const(g, TCG_I32, 1));
    tcg_br(g, done);

    tcg_block_start(g, done);
    tcg_st_env(g, tcg_const(g, TCG_I64, UINT64_MAX), MO_64, offsetof(ARMCPU, excl_addr));
    a64_set(dc, rs, tcg_get_reg(g, status));
}

bool trans_STXR(DisasContext *dc, const arg_STXR *a)
{
    store_exclusive(dc, a->rs, a->rn, store_value(dc, a->size, a->rt), a->size, a->rel);
    return true;
}

bool trans_STXP(DisasContext *dc, const arg_STXP *a)
{
    TcgVal v = a->size == 3 ? join64(dc, a64_get(dc, 1, a->rt), a64_get(dc, 1, a->rt2)) :
                              join32(dc, a64_get(dc, 0, a->rt), a64_get(dc, 0, a->rt2));

    store_exclusive(dc, a->rs, a->rn, v, a->size + 1, a->rel);
    return true;
}

/* -- guarded control stacks ------------------------------------------------------------------------------------ */

/* GCSSTR, and GCSSTTR as EL0 would: a helper, since the regime may have no TLB context yet. */
bool trans_GCSSTR(DisasContext *dc, const arg_GCSSTR *a)
{
    TcgVal addr = a64_base(dc, a->rn);
    unsigned mmu = a->unpriv ? dc->key.unpriv_mmu : dc->key.data_mmu;

    a64_call(dc, gcs_store, addr, a64_get(dc, 1, a->rt),
             tcg_const(dc->g, TCG_I32, GCS_STORE(mmu, mmu == dc->key.data_mmu, dc->key.big_endian, a->rn, a->rt)));
    return true;
}

/* -- ordered ------------------------------------------------------------------------------------------------------- */

static bool store_ordered(DisasContext *dc, unsigned size, unsigned rt, TcgVal addr)
{
    tcg_guest_st(dc->g, addr, store_value(dc, size, rt), a64_memop_ordered(dc, size, false, MO_RELEASE));
    return true;
}

static bool load_ordered(DisasContext *dc, unsigned sf, unsigned size, bool sign, unsigned rt, TcgVal addr, MemOp order)
{
    a64_set(dc, rt, tcg_guest_ld(dc->g, load_type(sf, size, sign), addr, a64_memop_ordered(dc, size, sign, order)));
    return true;
}

bool trans_STLR(DisasContext *dc, const arg_STLR *a)
{
    return store_ordered(dc, a->size, a->rt, a64_base(dc, a->rn));
}

bool trans_LDAR(DisasContext *dc, const arg_LDAR *a)
{
    return load_ordered(dc, 0, a->size, false, a->rt, a64_base(dc, a->rn), MO_ACQUIRE);
}

/* LORegions: without any programmed, all of memory is one; then these order as STLR and LDAR do. */
bool trans_STLLR(DisasContext *dc, const arg_STLLR *a)
{
    return store_ordered(dc, a->size, a->rt, a64_base(dc, a->rn));
}

bool trans_LDLAR(DisasContext *dc, const arg_LDLAR *a)
{
    return load_ordered(dc, 0, a->size, false, a->rt, a64_base(dc, a->rn), MO_ACQUIRE);
}

bool trans_LDAPR(DisasContext *dc, const arg_LDAPR *a)
{
    return load_ordered(dc, 0, a->size, false, a->rt, a64_base(dc, a->rn), MO_ACQ_REL);
}

bool trans_STLUR(DisasContext *dc, const arg_STLUR *a)
{
    return store_ordered(dc, a->size, a->rt, tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), (int64_t)a->imm));
}

bool trans_LDAPUR(DisasContext *dc, const arg_LDAPUR *a)
{
    return load_ordered(dc, a->sf, a->size, a->sign, a->rt,
                        tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), (int64_t)a->imm), MO_ACQ_REL);
}

/* With the base written back: before the store, after the load. */
bool trans_STLR_pre(DisasContext *dc, const arg_STLR_pre *a)
{
    TcgVal addr = tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), -(UINT64_C(1) << a->size));

    store_ordered(dc, a->size, a->rt, addr);
    a64_set_sp(dc, a->rn, addr);
    return true;
}

bool trans_LDAPR_post(DisasContext *dc, const arg_LDAPR_post *a)
{
    TcgVal addr = a64_base(dc, a->rn);

    load_ordered(dc, 0, a->size, false, a->rt, addr, MO_ACQ_REL);
    a64_set_sp(dc, a->rn, tcg_addi(dc->g, TCG_I64, addr, 1u << a->size));
    return true;
}

/* -- atomics --------------------------------------------------------------------------------------------------------- */

static MemOp atomic_memop(DisasContext *dc, unsigned size, unsigned acq, unsigned rel)
{
    return a64_memop_ordered(dc, size, false, (acq ? MO_ACQUIRE : 0) | (rel ? MO_RELEASE : 0));
}

static TcgVal low_bytes(DisasContext *dc, TcgVal v, unsigned size)
{
    return size < 2 ? tcg_extract(dc->g, TCG_I32, v, 0, 8u << size) : v;
}

bool trans_CAS(DisasContext *dc, const arg_CAS *a)
{
    TcgVal expect = low_bytes(dc, store_value(dc, a->size, a->rs), a->size);

    a64_set(dc, a->rs, tcg_guest_cas(dc->g, a->size == 3 ? TCG_I64 : TCG_I32, a64_base(dc, a->rn), expect,
                                     store_value(dc, a->size, a->rt), atomic_memop(dc, a->size, a->acq, a->rel)));
    return true;
}

bool trans_CASP(DisasContext *dc, const arg_CASP *a)
{
    TcgVal addr = a64_base(dc, a->rn), first, second, old;
    MemOp mo = atomic_memop(dc, a->size + 1, a->acq, a->rel);
    unsigned sf = a->size == 3;
    TcgVal s0 = a64_get(dc, sf, a->rs), s1 = a64_get(dc, sf, a->rs + 1);
    TcgVal t0 = a64_get(dc, sf, a->rt), t1 = a64_get(dc, sf, a->rt + 1);

    if (sf) {
        old = tcg_guest_cas(dc->g, TCG_V128, addr, join64(dc, s0, s1), join64(dc, t0, t1), mo);
        split64(dc, old, &first, &second);
    } else {
        old = tcg_guest_cas(dc->g, TCG_I64, addr, join32(dc, s0, s1), join32(dc, t0, t1), mo);
        split32(dc, old, &first, &second);
    }
    a64_set(dc, a->rs, first);
    a64_set(dc, a->rs + 1, second);
    return true;
}

static bool atomic(DisasContext *dc, const arg_LDADD *a, TcgRmw op, bool invert)
{
    TcgType t = a->size == 3 ? TCG_I64 : TCG_I32;
    TcgVal addr = a64_base(dc, a->rn), v = store_value(dc, a->size, a->rs);

    if (invert) {
        v = tcg_not(dc->g, t, v);
    }
    a64_set(dc, a->rt, tcg_guest_rmw(dc->g, t, op, addr, v, atomic_memop(dc, a->size, a->acq, a->rel)));
    return true;
}

bool trans_LDADD(DisasContext *dc, const arg_LDADD *a) { return atomic(dc, a, RMW_ADD, false); }
bool trans_LDCLR(DisasContext *dc, const arg_LDCLR *a) { return atomic(dc, a, RMW_AND, true); }
bool trans_LDEOR(DisasContext *dc, const arg_LDEOR *a) { return atomic(dc, a, RMW_XOR, false); }
bool trans_LDSET(DisasContext *dc, const arg_LDSET *a) { return atomic(dc, a, RMW_OR, false); }
bool trans_LDSMAX(DisasContext *dc, const arg_LDSMAX *a) { return atomic(dc, a, RMW_SMAX, false); }
bool trans_LDSMIN(DisasContext *dc, const arg_LDSMIN *a) { return atomic(dc, a, RMW_SMIN, false); }
bool trans_LDUMAX(DisasContext *dc, const arg_LDUMAX *a) { return atomic(dc, a, RMW_UMAX, false); }
bool trans_LDUMIN(DisasContext *dc, const arg_LDUMIN *a) { return atomic(dc, a, RMW_UMIN, false); }
bool trans_SWP(DisasContext *dc, const arg_SWP *a) { return atomic(dc, a, RMW_SWP, false); }

/* What 128 bits in memory become: of what is there, and the operand. */
typedef TcgVal Atomic128(TcgGen *g, TcgVal there, TcgVal operand);

static TcgVal bit_clear(TcgGen *g, TcgVal there, TcgVal operand)
{
    return tcg_andn(g, TCG_I64, there, operand);
}

static TcgVal bit_set(TcgGen *g, TcgVal there, TcgVal operand)
{
    return tcg_or(g, TCG_I64, there, operand);
}

static TcgVal swap(TcgGen *g G_GNUC_UNUSED, TcgVal there G_GNUC_UNUSED, TcgVal operand)
{
    return operand;
}

/* Compare and swap, until nobody else came between. */
static bool atomic_pair(DisasContext *dc, const arg_LDCLRP *a, Atomic128 *fn)
{
    TcgGen *g = dc->g;
    MemOp mo = atomic_memop(dc, 4, a->acq, a->rel);
    unsigned addr = tcg_local(g, TCG_I64), there = tcg_local(g, TCG_V128);
    TcgBlockRef again = tcg_block(g), retry = tcg_block(g), done = tcg_block(g);
    TcgVal base = a64_base(dc, a->rn), first, second;
    TcgVal old, new, want, lo, hi, differs;

    tcg_set_reg(g, addr, base);
    tcg_set_reg(g, there, tcg_guest_ld(g, TCG_V128, base, mo & ~(MemOp)MO_ORDER));
    tcg_br(g, again);

    tcg_block_start(g, again);
    tcg_insn_start(g, dc->delta);
    tcg_poll(g);
    first = a64_get(dc, 1, dc->key.big_endian ? a->rt2 : a->rt);
    second = a64_get(dc, 1, dc->key.big_endian ? a->rt : a->rt2);
    want = tcg_get_reg(g, there);
    lo = tcg_vget(g, 3, want, 0);
    hi = tcg_vget(g, 3, want, 1);
    new = tcg_vec2(g, OP_vpair, 0, fn(g, lo, first), fn(g, hi, second), 0);
    old = tcg_guest_cas(g, TCG_V128, tcg_get_reg(g, addr), want, new, mo);
    differs = tcg_or(g, TCG_I64, tcg_xor(g, TCG_I64, tcg_vget(g, 3, old, 0), lo),
                     tcg_xor(g, TCG_I64, tcg_vget(g, 3, old, 1), hi));
    tcg_set_reg(g, there, old);
    tcg_brcond(g, TCG_I64, COND_EQ, differs, tcg_const(g, TCG_I64, 0), done, retry);

    tcg_block_start(g, retry);
    tcg_br(g, again);

    tcg_block_start(g, done);
    split64(dc, tcg_get_reg(g, there), &first, &second);
    a64_set(dc, a->rt, first);
    a64_set(dc, a->rt2, second);
    return true;
}

bool trans_LDCLRP(DisasContext *dc, const arg_LDCLRP *a) { return atomic_pair(dc, a, bit_clear); }
bool trans_LDSETP(DisasContext *dc, const arg_LDSETP *a) { return atomic_pair(dc, a, bit_set); }
bool trans_SWPP(DisasContext *dc, const arg_SWPP *a) { return atomic_pair(dc, a, swap); }

/* -- read, check, write ------------------------------------------------------------------------------------------------- */

/* Those of 64 bits are for descriptors of 64 bits. They are aligned whatever SCTLR_ELx says. */
static bool rcw(DisasContext *dc, unsigned rn, bool wide, uint32_t desc)
{
    MemOp mo = (a64_memop(dc, wide ? 4 : 3, false) & ~(MemOp)MO_ALIGN) | MO_ALIGN_NATURAL;

    if (dc->key.d128 != wide) {
        return false;
    }
    a64_call(dc, rcw, a64_base(dc, rn), tcg_const(dc->g, TCG_I32, desc), tcg_const(dc->g, TCG_I32, mo));
    return true;
}

bool trans_RCWCAS(DisasContext *dc, const arg_RCWCAS *a)
{
    return rcw(dc, a->rn, false, RCW_DESC(RCW_CAS, a->soft, a->rt, 31, a->rs, 31));
}

bool trans_RCWCASP(DisasContext *dc, const arg_RCWCASP *a)
{
    return rcw(dc, a->rn, true, RCW_DESC(RCW_CAS, a->soft, a->rt, (a->rt + 1), a->rs, (a->rs + 1)));
}

static bool rcw_64(DisasContext *dc, const arg_RCWCLR *a, unsigned op)
{
    return rcw(dc, a->rn, false, RCW_DESC(op, a->soft, a->rs, 31, a->rt, 31));
}

static bool rcw_128(DisasContext *dc, const arg_RCWCLRP *a, unsigned op)
{
    return rcw(dc, a->rn, true, RCW_DESC(op, a->soft, a->rt, a->rt2, a->rt, a->rt2));
}

bool trans_RCWCLR(DisasContext *dc, const arg_RCWCLR *a) { return rcw_64(dc, a, RCW_CLR); }
bool trans_RCWSET(DisasContext *dc, const arg_RCWSET *a) { return rcw_64(dc, a, RCW_SET); }
bool trans_RCWSWP(DisasContext *dc, const arg_RCWSWP *a) { return rcw_64(dc, a, RCW_SWP); }
bool trans_RCWCLRP(DisasContext *dc, const arg_RCWCLRP *a) { return rcw_128(dc, a, RCW_CLR); }
bool trans_RCWSETP(DisasContext *dc, const arg_RCWSETP *a) { return rcw_128(dc, a, RCW_SET); }
bool trans_RCWSWPP(DisasContext *dc, const arg_RCWSWPP *a) { return rcw_128(dc, a, RCW_SWP); }

/* -- memory copy and set ------------------------------------------------------------------------------------------------ */

static bool mops(DisasContext *dc, const TcgHelper *helper, const arg_CPY *a, unsigned kind)
{
    bool set = kind >= MOPS_SET;
    unsigned wmmu = a->options & 1 ? dc->key.unpriv_mmu : dc->key.data_mmu;
    unsigned rmmu = set ? wmmu : a->options & 2 ? dc->key.unpriv_mmu : dc->key.data_mmu;
    TcgBlockRef again, done;
    TcgVal args[2], r;

    /* registers that overlap are CONSTRAINED UNPREDICTABLE: UNDEFINED here */
    if (!dc->key.mops || a->rd == a->rs || a->rd == a->rn || a->rs == a->rn || a->rd == 31 || a->rn == 31 ||
        (a->rs == 31 && !set)) {
        return false;
    }
    args[0] = tcg_const(dc->g, TCG_I32, MOPS_OP(kind, a->stage, a->options, a->rd, a->rs, a->rn));
    args[1] = tcg_const(dc->g, TCG_I32, rmmu | wmmu << 8);
    r = tcg_call(dc->g, helper, args);
    if (a->stage == MOPS_MAIN) {
        again = tcg_block(dc->g);
        done = tcg_block(dc->g);
        tcg_brcond(dc->g, TCG_I32, COND_NE, r, tcg_const(dc->g, TCG_I32, 0), again, done);
        tcg_block_start(dc->g, again);
        tcg_set_reg(dc->g, ARM_REG_PC, a64_pc(dc, 0));
        tcg_exit(dc->g);
        tcg_block_start(dc->g, done);
    }
    return true;
}

bool trans_CPYF(DisasContext *dc, const arg_CPYF *a) { return mops(dc, &arm_helper_mops_cpy, a, MOPS_CPYF); }
bool trans_CPY(DisasContext *dc, const arg_CPY *a) { return mops(dc, &arm_helper_mops_cpy, a, MOPS_CPY); }
bool trans_SETG(DisasContext *dc, const arg_SETG *a) { return mops(dc, &arm_helper_mops_set, a, MOPS_SETG); }
bool trans_SET(DisasContext *dc, const arg_SET *a) { return mops(dc, &arm_helper_mops_set, a, MOPS_SET); }

/* -- literals, prefetch ----------------------------------------------------------------------------------------------- */

bool trans_LDR_lit(DisasContext *dc, const arg_LDR_lit *a)
{
    a64_set(dc, a->rt, load(dc, a->sf, a->size, a->sign, a64_pc(dc, a->imm)));
    return true;
}

/* Prefetches are hints. */
bool trans_PRFM_lit(DisasContext *dc G_GNUC_UNUSED, const arg_PRFM_lit *a G_GNUC_UNUSED) { return true; }
bool trans_PRFUM(DisasContext *dc G_GNUC_UNUSED, const arg_PRFUM *a G_GNUC_UNUSED) { return true; }
bool trans_PRFM_r(DisasContext *dc G_GNUC_UNUSED, const arg_PRFM_r *a G_GNUC_UNUSED) { return true; }
bool trans_PRFM_i(DisasContext *dc G_GNUC_UNUSED, const arg_PRFM_i *a G_GNUC_UNUSED) { return true; }
bool trans_RPRFM(DisasContext *dc G_GNUC_UNUSED, const arg_RPRFM *a G_GNUC_UNUSED) { return true; }

/* -- pairs --------------------------------------------------------------------------------------------------------------- */

/* One access for both: each half is atomic on its own, and alignment is that of a half. */
static MemOp pair_memop(DisasContext *dc, unsigned size)
{
    MemOp mo = a64_memop(dc, size + 1, false);

    if ((mo & MO_ALIGN) == MO_ALIGN_NATURAL) {
        mo = (mo & ~(MemOp)MO_ALIGN) | (size == 3 ? MO_ALIGN_8 : MO_ALIGN_4);
    }
    return (mo & MO_ATOM) == MO_ATOM_WITHIN16 ? mo : (mo & ~(MemOp)MO_ATOM) | MO_ATOM_PAIR;
}

static void store_pair(DisasContext *dc, unsigned size, unsigned rt, unsigned rt2, TcgVal addr, MemOp mo)
{
    TcgVal v = size == 3 ? join64(dc, a64_get(dc, 1, rt), a64_get(dc, 1, rt2)) :
                           join32(dc, a64_get(dc, 0, rt), a64_get(dc, 0, rt2));

    tcg_guest_st(dc->g, addr, v, mo);
}

static void load_pair(DisasContext *dc, unsigned size, bool sign, unsigned rt, unsigned rt2, TcgVal addr, MemOp mo)
{
    TcgVal v = tcg_guest_ld(dc->g, size == 3 ? TCG_V128 : TCG_I64, addr, mo), first, second;

    if (size == 3) {
        split64(dc, v, &first, &second);
    } else {
        split32(dc, v, &first, &second);
        if (sign) {
            first = tcg_sext(dc->g, first);
            second = tcg_sext(dc->g, second);
        }
    }
    a64_set(dc, rt, first);
    a64_set(dc, rt2, second);
}

/* Ordered pairs, with the base written back before the store and after the load, or not at all. */
static MemOp ordered_pair_memop(DisasContext *dc, unsigned size, MemOp order)
{
    MemOp mo = pair_memop(dc, size) | order;

    if ((mo & MO_ALIGN) == MO_ALIGN_NONE && !dc->key.naa) {
        mo |= !dc_feature(dc, FEAT_LSE2) ? (size == 3 ? MO_ALIGN_8 : MO_ALIGN_4) : MO_ALIGN_WITHIN16;
    }
    return mo;
}

bool trans_STILP(DisasContext *dc, const arg_STILP *a)
{
    TcgVal base = a64_base(dc, a->rn);
    TcgVal addr = a->offset ? base : tcg_addi(dc->g, TCG_I64, base, -(UINT64_C(2) << a->size));

    store_pair(dc, a->size, a->rt, a->rt2, addr, ordered_pair_memop(dc, a->size, MO_RELEASE));
    if (!a->offset) {
        a64_set_sp(dc, a->rn, addr);
    }
    return true;
}

bool trans_LDIAPP(DisasContext *dc, const arg_LDIAPP *a)
{
    TcgVal addr = a64_base(dc, a->rn);

    load_pair(dc, a->size, false, a->rt, a->rt2, addr, ordered_pair_memop(dc, a->size, MO_ACQ_REL));
    if (!a->offset) {
        a64_set_sp(dc, a->rn, tcg_addi(dc->g, TCG_I64, addr, 2u << a->size));
    }
    return true;
}

/* Addressing: offset, or with the base written back before (pre) or after (post). */
typedef enum Index { OFFSET, PRE, POST } Index;

/* *ret_new_base: where it is written back. */
static TcgVal index_address(DisasContext *dc, unsigned rn, int64_t imm, Index index, TcgVal *ret_new_base)
{
    TcgVal base = a64_base(dc, rn);

    if (index == OFFSET) {
        *ret_new_base = base;
        return tcg_address_at(dc->g, base, imm);
    }
    *ret_new_base = imm ? tcg_addi(dc->g, TCG_I64, base, imm) : base;
    return index == POST ? base : *ret_new_base;
}

static bool do_store_pair(DisasContext *dc, const arg_STP_i *a, Index index)
{
    TcgVal new_base, addr = index_address(dc, a->rn, a->imm, index, &new_base);

    store_pair(dc, a->size, a->rt, a->rt2, addr, pair_memop(dc, a->size));
    if (index != OFFSET) {
        a64_set_sp_moved(dc, a->rn, a->rn, (uint64_t)(int64_t)a->imm, new_base);
    }
    return true;
}

static bool do_load_pair(DisasContext *dc, const arg_LDP_i *a, Index index)
{
    TcgVal new_base, addr = index_address(dc, a->rn, a->imm, index, &new_base);

    load_pair(dc, a->size, a->sign, a->rt, a->rt2, addr, pair_memop(dc, a->size));
    if (index != OFFSET) {
        a64_set_sp_moved(dc, a->rn, a->rn, (uint64_t)(int64_t)a->imm, new_base);
    }
    return true;
}

bool trans_STNP(DisasContext *dc, const arg_STNP *a) { return do_store_pair(dc, a, OFFSET); }
bool trans_LDNP(DisasContext *dc, const arg_LDNP *a) { return do_load_pair(dc, a, OFFSET); }
bool trans_STP_i(DisasContext *dc, const arg_STP_i *a) { return do_store_pair(dc, a, OFFSET); }
bool trans_LDP_i(DisasContext *dc, const arg_LDP_i *a) { return do_load_pair(dc, a, OFFSET); }
bool trans_STP_pre(DisasContext *dc, const arg_STP_pre *a) { return do_store_pair(dc, a, PRE); }
bool trans_LDP_pre(DisasContext *dc, const arg_LDP_pre *a) { return do_load_pair(dc, a, PRE); }
bool trans_STP_post(DisasContext *dc, const arg_STP_post *a) { return do_store_pair(dc, a, POST); }
bool trans_LDP_post(DisasContext *dc, const arg_LDP_post *a) { return do_load_pair(dc, a, POST); }

/* -- single registers ---------------------------------------------------------------------------------------------------- */

static bool do_store(DisasContext *dc, const arg_STUR *a, Index index)
{
    TcgVal new_base, addr = index_address(dc, a->rn, a->imm, index, &new_base);

    tcg_guest_st(dc->g, addr, store_value(dc, a->size, a->rt), a64_memop(dc, a->size, false));
    if (index != OFFSET) {
        a64_set_sp_moved(dc, a->rn, a->rn, (uint64_t)(int64_t)a->imm, new_base);
    }
    return true;
}

static bool do_load(DisasContext *dc, const arg_LDUR *a, Index index)
{
    TcgVal new_base, addr = index_address(dc, a->rn, a->imm, index, &new_base);
    TcgVal v = load(dc, a->sf, a->size, a->sign, addr);

    if (index != OFFSET) {
        a64_set_sp_moved(dc, a->rn, a->rn, (uint64_t)(int64_t)a->imm, new_base);
    }
    a64_set(dc, a->rt, v);
    return true;
}

bool trans_STUR(DisasContext *dc, const arg_STUR *a) { return do_store(dc, a, OFFSET); }
bool trans_LDUR(DisasContext *dc, const arg_LDUR *a) { return do_load(dc, a, OFFSET); }
bool trans_STR_i(DisasContext *dc, const arg_STR_i *a) { return do_store(dc, a, OFFSET); }
bool trans_LDR_i(DisasContext *dc, const arg_LDR_i *a) { return do_load(dc, a, OFFSET); }
bool trans_STR_post(DisasContext *dc, const arg_STR_post *a) { return do_store(dc, a, POST); }
bool trans_LDR_post(DisasContext *dc, const arg_LDR_post *a) { return do_load(dc, a, POST); }
bool trans_STR_pre(DisasContext *dc, const arg_STR_pre *a) { return do_store(dc, a, PRE); }
bool trans_LDR_pre(DisasContext *dc, const arg_LDR_pre *a) { return do_load(dc, a, PRE); }

bool trans_STTR(DisasContext *dc, const arg_STTR *a)
{
    TcgVal addr = tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), (int64_t)a->imm);

    tcg_guest_st(dc->g, addr, store_value(dc, a->size, a->rt),
                 a64_memop_mmu(dc, a->size, false, dc->key.unpriv_mmu));
    return true;
}

bool trans_LDTR(DisasContext *dc, const arg_LDTR *a)
{
    TcgVal addr = tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), (int64_t)a->imm);

    a64_set(dc, a->rt, tcg_guest_ld(dc->g, load_type(a->sf, a->size, a->sign), addr,
                                    a64_memop_mmu(dc, a->size, a->sign, dc->key.unpriv_mmu)));
    return true;
}

bool trans_STR_r(DisasContext *dc, const arg_STR_r *a)
{
    TcgVal addr = tcg_add(dc->g, TCG_I64, a64_base(dc, a->rn), a64_extend(dc, 1, a->rm, a->option, a->shift));

    tcg_guest_st(dc->g, addr, store_value(dc, a->size, a->rt), a64_memop(dc, a->size, false));
    return true;
}

bool trans_LDR_r(DisasContext *dc, const arg_LDR_r *a)
{
    TcgVal addr = tcg_add(dc->g, TCG_I64, a64_base(dc, a->rn), a64_extend(dc, 1, a->rm, a->option, a->shift));

    a64_set(dc, a->rt, load(dc, a->sf, a->size, a->sign, addr));
    return true;
}

/* LDRAA, LDRAB: the base is authenticated with a zero modifier by key DA or DB. */
bool trans_LDRA(DisasContext *dc, const arg_LDRA *a)
{
    TcgVal base = a64_authenticate(dc, a64_base(dc, a->rn), tcg_const(dc->g, TCG_I64, 0), a->m ? PAC_KEY_DB : PAC_KEY_DA, true);
    TcgVal addr = tcg_addi(dc->g, TCG_I64, base, (int64_t)a->imm);
    TcgVal v = load(dc, 1, 3, false, addr);
    if (a->w) {
        a64_set_sp(dc, a->rn, addr);
    }
    a64_set(dc, a->rt, v);
    return true;
}

/* -- tags --------------------------------------------------------------------------------------------------------- */

static TcgVal data_mmu(DisasContext *dc)
{
    return tcg_const(dc->g, TCG_I32, dc->key.data_mmu);
}

/* index: 1 post, 2 offset, 3 pre. The tag is of Xt|SP as it was. */
static bool store_tags(DisasContext *dc, const arg_STG *a, unsigned granules, bool zeroes)
{
    TcgVal base = a64_base(dc, a->rn), moved = tcg_addi(dc->g, TCG_I64, base, (int64_t)a->imm);

    a64_call(dc, mte_stg, a->index == 1 ? base : moved, a64_get_sp(dc, 1, a->rt),
             tcg_const(dc->g, TCG_I32, dc->key.data_mmu | granules << 8 | zeroes << 12));
    if (a->index != 2) {
        a64_set_sp(dc, a->rn, moved);
    }
    return true;
}

bool trans_STG(DisasContext *dc, const arg_STG *a) { return store_tags(dc, a, 1, false); }
bool trans_ST2G(DisasContext *dc, const arg_ST2G *a) { return store_tags(dc, a, 2, false); }
bool trans_STZG(DisasContext *dc, const arg_STZG *a) { return store_tags(dc, a, 1, true); }
bool trans_STZ2G(DisasContext *dc, const arg_STZ2G *a) { return store_tags(dc, a, 2, true); }

bool trans_LDG(DisasContext *dc, const arg_LDG *a)
{
    TcgVal addr = tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), (int64_t)a->imm);

    a64_set(dc, a->rt, a64_call(dc, mte_ldg, addr, a64_get(dc, 1, a->rt), data_mmu(dc)));
    return true;
}

bool trans_LDGM(DisasContext *dc, const arg_LDGM *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_set(dc, a->rt, a64_call(dc, mte_ldgm, a64_base(dc, a->rn), data_mmu(dc)));
    return true;
}

bool trans_STGM(DisasContext *dc, const arg_STGM *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, mte_stgm, a64_base(dc, a->rn), a64_get(dc, 1, a->rt), data_mmu(dc));
    return true;
}

bool trans_STZGM(DisasContext *dc, const arg_STZGM *a)
{
    if (dc->key.el == 0) {
        return false;
    }
    a64_call(dc, mte_block, a64_base(dc, a->rn), tcg_andi(dc->g, TCG_I32, a64_get(dc, 0, a->rt), 15),
             tcg_const(dc->g, TCG_I32, dc->key.data_mmu | 1 << 8));
    return true;
}

/* A pair of data, and the tag of the address. The data is stored first, and finds what there is to fault about. */
bool trans_STGP(DisasContext *dc, const arg_STGP *a)
{
    TcgVal base = a64_base(dc, a->rn), moved = tcg_addi(dc->g, TCG_I64, base, (int64_t)a->imm);
    TcgVal addr = a->index == 1 ? base : moved;
    MemOp mo = (pair_memop(dc, 3) & ~(MemOp)(MO_ALIGN | MO_KIND)) | MO_ALIGN_16;

    store_pair(dc, 3, a->rt, a->rt2, addr, mo);
    a64_call(dc, mte_stg, addr, addr, tcg_const(dc->g, TCG_I32, dc->key.data_mmu | 1 << 8));
    if (a->index != 2) {
        a64_set_sp(dc, a->rn, moved);
    }
    return true;
}

/* -- 64 bytes ---------------------------------------------------------------------------------------------------------- */

static bool ls64(DisasContext *dc, unsigned kind, unsigned rt, unsigned rs, unsigned rn)
{
    a64_call(dc, ls64, a64_base(dc, rn),
             tcg_const(dc->g, TCG_I32, LS64_DESC(kind, rt, rs, dc->key.data_mmu, dc->key.big_endian)));
    return true;
}

bool trans_LD64B(DisasContext *dc, const arg_LD64B *a) { return ls64(dc, LS64_LD, a->rt, 31, a->rn); }
bool trans_ST64B(DisasContext *dc, const arg_ST64B *a) { return ls64(dc, LS64_ST, a->rt, 31, a->rn); }
bool trans_ST64BV(DisasContext *dc, const arg_ST64BV *a) { return ls64(dc, LS64_STV, a->rt, a->rs, a->rn); }
bool trans_ST64BV0(DisasContext *dc, const arg_ST64BV0 *a) { return ls64(dc, LS64_STV0, a->rt, a->rs, a->rn); }
