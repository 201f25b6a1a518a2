/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the scalar and the vector floating-point translators share. */
#ifndef TARGETS_ARM_TRANSLATE_FP_H
#define TARGETS_ARM_TRANSLATE_FP_H

#include "targets/arm/fp.h"
#include "targets/arm/translate.h"

/* A call of a helper that reads Vn, Vm, Va (and Vd) and writes Vd, with the access check. Always true. */
bool a64_fp_call(DisasContext *dc, const TcgHelper *h, unsigned rd, unsigned rn, unsigned rm, unsigned ra, unsigned num_args,
                 const uint32_t *args);
static inline bool a64_fp_lanes(DisasContext *dc, FpOp op, FpShape shape, unsigned esz, unsigned lanes, unsigned index,
                                uint32_t aux, unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
    return a64_fp_call(dc, &arm_helper_fp_lanes, rd, rn, rm, ra, 2,
                       (const uint32_t[]){ FP_DESC(op, shape, esz, lanes, index), aux });
}

#endif
