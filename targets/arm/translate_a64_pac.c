/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pointer authentication (Arm DDI 0487, D8.10): AddPAC() and Auth() inline with the IMPLEMENTATION DEFINED algorithm and
 * FEAT_CONSTPACFIELD, FEAT_FPACCOMBINE; by helpers (helper_pac.c) else.
 */
#include "targets/arm/arm_a64_branch_system.trans.h"
#include "targets/arm/arm_a64_dp_reg.trans.h"
#include "targets/arm/pac.h"
#include "targets/arm/translate.h"

static TcgVal load_field(DisasContext *dc, bool data, bool high)
{
    return tcg_ld_env(dc->g, TCG_I64, MO_64, offsetof(ARMCPU, pac.field) + 16 * data + 8 * high);
}

/* The bits of a PAC (*ret_field), and the pointer without one: with copies of bit 55 there. */
static TcgVal without_pac(DisasContext *dc, TcgVal ptr, bool data, TcgVal *ret_field)
{
    TcgGen *g = dc->g;
    TcgVal sign = tcg_sextract(g, TCG_I64, ptr, 55, 1);
    TcgVal field = tcg_select_cmp(g, TCG_I64, TCG_I64, COND_NE, sign, tcg_const(g, TCG_I64, 0), load_field(dc, data, true),
                                  load_field(dc, data, false));

    *ret_field = field;
    return tcg_xor(g, TCG_I64, ptr, tcg_and(g, TCG_I64, tcg_xor(g, TCG_I64, ptr, sign), field));
}

/* ComputePAC() of a pointer without PAC, then what AddPAC() and Auth() both do: the pointer with its field exclusive-or PAC. */
static TcgVal combine(DisasContext *dc, TcgVal ptr, TcgVal original, TcgVal field, TcgVal modifier, unsigned key)
{
    TcgGen *g = dc->g;
    uint32_t at = offsetof(ARMCPU, apkey) + 16 * key;
    TcgVal m = tcg_xor(g, TCG_I64, modifier, tcg_ld_env(g, TCG_I64, MO_64, at));
    TcgVal v;

    m = tcg_xor(g, TCG_I64, m, tcg_shri(g, TCG_I64, m, PAC_IMPDEF_SHIFT));
    m = tcg_xor(g, TCG_I64, m, tcg_ld_env(g, TCG_I64, MO_64, at + 8));
    v = tcg_muli(g, TCG_I64, tcg_xor(g, TCG_I64, original, m), PAC_IMPDEF);
    return tcg_xor(g, TCG_I64, ptr, tcg_and(g, TCG_I64, v, field));
}

/*
 * Whether the key's enable bit is asked at run time: PAC_ASK. Linux has that of IA set in itself, and the others as the task
 * that it works for has them: one translation is for all tasks, in which other keys are rare.
 */
static unsigned pac_is_asked(const DisasContext *dc, unsigned key)
{
    return dc->key.el && dc->key.pauth & 1 && key != PAC_KEY_IA ? PAC_ASK : 0;
}

static TcgVal sign(DisasContext *dc, TcgVal ptr, TcgVal modifier, unsigned key)
{
    TcgVal field, original;
    unsigned ask = pac_is_asked(dc, key);

    if (!dc->key.pauth_inline || ask) {
        return a64_call(dc, pac_add, ptr, modifier, tcg_const(dc->g, TCG_I32, key | ask));
    }
    original = without_pac(dc, ptr, key >= PAC_KEY_DA, &field);
    return combine(dc, ptr, original, field, modifier, key);
}

TcgVal a64_authenticate(DisasContext *dc, TcgVal ptr, TcgVal modifier, unsigned key, bool combined)
{
    static const TcgHelper *const fail[] = {
        [PAC_KEY_IA] = &arm_helper_pac_fail_ia, [PAC_KEY_IB] = &arm_helper_pac_fail_ib,
        [PAC_KEY_DA] = &arm_helper_pac_fail_da, [PAC_KEY_DB] = &arm_helper_pac_fail_db,
    };
    TcgGen *g = dc->g;
    unsigned ask = pac_is_asked(dc, key);
    TcgVal field, original, result;

    if (!(dc->key.pauth >> key & 1)) {
        return ptr;
    }
    if (!dc->key.pauth_inline || ask) {
        return a64_call(dc, pac_auth, ptr, modifier, tcg_const(g, TCG_I32, key | ask | (combined ? PAC_COMBINED : 0)));
    }
    original = without_pac(dc, ptr, key >= PAC_KEY_DA, &field);
    result = combine(dc, ptr, original, field, modifier, key);
    /* if it is good it is the same, and does not wait for the PAC */
    return tcg_raise_if(g, TCG_I64, COND_NE, original, result, fail[key]);
}

/* z: the modifier is zero, else it is Xn or SP. */
static TcgVal modifier(DisasContext *dc, unsigned z, unsigned rn)
{
    return z ? tcg_const(dc->g, TCG_I64, 0) : a64_get_sp(dc, 1, rn);
}

static bool add(DisasContext *dc, unsigned rd, unsigned rn, unsigned z, unsigned key)
{
    if (dc->key.pauth >> key & 1) {
        a64_set(dc, rd, sign(dc, a64_get(dc, 1, rd), modifier(dc, z, rn), key));
    }
    return true;
}

static bool auth(DisasContext *dc, unsigned rd, unsigned rn, unsigned z, unsigned key)
{
    if (dc->key.pauth >> key & 1) {
        a64_set(dc, rd, a64_authenticate(dc, a64_get(dc, 1, rd), modifier(dc, z, rn), key, false));
    }
    return true;
}

bool trans_PACIA(DisasContext *dc, const arg_PACIA *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_IA); }
bool trans_PACIB(DisasContext *dc, const arg_PACIB *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_IB); }
bool trans_PACDA(DisasContext *dc, const arg_PACDA *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_DA); }
bool trans_PACDB(DisasContext *dc, const arg_PACDB *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_DB); }
bool trans_AUTIA(DisasContext *dc, const arg_AUTIA *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_IA); }
bool trans_AUTIB(DisasContext *dc, const arg_AUTIB *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_IB); }
bool trans_AUTDA(DisasContext *dc, const arg_AUTDA *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_DA); }
bool trans_AUTDB(DisasContext *dc, const arg_AUTDB *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_DB); }

/* In the space of hints: on X17 and X16, or X30 with SP or zero. */
bool trans_PACIA_hint(DisasContext *dc, const arg_PACIA_hint *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_IA); }
bool trans_PACIB_hint(DisasContext *dc, const arg_PACIB_hint *a) { return add(dc, a->rd, a->rn, a->z, PAC_KEY_IB); }
bool trans_AUTIA_hint(DisasContext *dc, const arg_AUTIA_hint *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_IA); }
bool trans_AUTIB_hint(DisasContext *dc, const arg_AUTIB_hint *a) { return auth(dc, a->rd, a->rn, a->z, PAC_KEY_IB); }

bool trans_PACGA(DisasContext *dc, const arg_PACGA *a)
{
    a64_set(dc, a->rd, a64_call(dc, pacga, a64_get(dc, 1, a->rn), a64_get_sp(dc, 1, a->rm)));
    return true;
}

static bool strip(DisasContext *dc, unsigned rd, bool data)
{
    TcgVal field;

    a64_set(dc, rd, without_pac(dc, a64_get(dc, 1, rd), data, &field));
    return true;
}

bool trans_XPAC(DisasContext *dc, const arg_XPAC *a) { return strip(dc, a->rd, a->d); }
bool trans_XPACLRI(DisasContext *dc, const arg_XPACLRI *a G_GNUC_UNUSED) { return strip(dc, 30, false); }
