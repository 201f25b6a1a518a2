/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the scalar and the vector floating-point translators share. */
#ifndef TARGETS_ARM_TRANSLATE_FP_H
#define TARGETS_ARM_TRANSLATE_FP_H

#include "targets/arm/fp.h"
#include "targets/arm/translate.h"

/* A call of a helper that reads Vn, Vm, Va (and Vd) and writes Vd, with the access check. Always true. */
bool a64_fp_call(DisasContext *dc, const TcgHelper *h, unsigned rd, unsigned rn, unsigned rm, unsigned ra, unsigned num_args,
                 const uint32_t *args);
/* The lanes of a register: Vd = op(Vn, Vm, Va), inline where that can be. Always true. */
bool a64_fp_lanes(DisasContext *dc, FpOp op, FpShape shape, unsigned esz, unsigned lanes, unsigned index, uint32_t aux,
                  unsigned rd, unsigned rn, unsigned rm, unsigned ra);
/* TcgFpRound of a FloatRound that is none of the last. */
static inline TcgFpRound a64_fp_round(FloatRound round)
{
    return round == FLOAT_ROUND_TIE_AWAY ? TCG_ROUND_AWAY : (TcgFpRound)round;
}

/* v times 2 to the power of a number that is not 0; f: TCG_FP_SCALE or TCG_FP_MUL, of scalar or of all lanes; esz: 2, 3. */
TcgVal a64_fp_scale(DisasContext *dc, TcgFpOp op, unsigned esz, TcgFp scalar, TcgVal v, int exponent);

/* Whether FPCR lets inline operations have lanes of that size. */
static inline bool a64_fp_inline(const DisasContext *dc, unsigned esz)
{
    return esz >= 2 ? dc->key.fp_inline : esz == 1 && dc->key.fp_inline_half;
}
/* ... of both sizes. */
static inline bool a64_fp_inline_both(const DisasContext *dc, unsigned a, unsigned b)
{
    return a64_fp_inline(dc, a) && a64_fp_inline(dc, b);
}

/* One lane; with FPCR.NEP the rest of Vd is that of V<merge>. Always true. */
bool a64_fp_scalar(DisasContext *dc, FpOp op, FpShape shape, unsigned esz, unsigned index, uint32_t aux, unsigned rd,
                   unsigned rn, unsigned rm, unsigned ra, unsigned merge);
/* Writes a scalar: the rest of Vd is zero or, with FPCR.NEP, that of `upper` (V<merge> as it was). */
void a64_set_fp_merged(DisasContext *dc, unsigned esz, unsigned rd, TcgVal v, TcgVal upper);
/* FPAbs (op OP_vand) or FPNeg (OP_vxor) of the lanes of v; with FPCR.AH NaNs stay as they are. */
TcgVal a64_fp_sign(DisasContext *dc, TcgOpcode op, unsigned esz, TcgVal v);

#endif
