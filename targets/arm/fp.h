/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating-point operations on lanes: what translators ask of helper_fp_lanes. A scalar operation is one of one lane,
 * which zeroes the rest of the register as an Advanced SIMD one of 64 bits zeroes the upper half.
 */
#ifndef TARGETS_ARM_FP_H
#define TARGETS_ARM_FP_H

/* name, and what of (a, b, c) it reads: a is Vn's lane, b Vm's, c Vd's or Va's. */
#define FP_OPS(X) \
    X(ADD) X(SUB) X(MUL) X(MULX) X(DIV) X(NMUL) X(ABD) X(MAX) X(MIN) X(MAXNM) X(MINNM) X(RECPS) X(RSQRTS) \
    X(CMEQ) X(CMGE) X(CMGT) X(ACGE) X(ACGT) X(CMEQ0) X(CMGE0) X(CMGT0) X(CMLE0) X(CMLT0) \
    X(SQRT) X(RECPE) X(RSQRTE) X(RECPX) X(RINT) X(RINTN) X(TO_INT) X(FROM_INT) X(MULADD)
typedef enum FpOp {
#define X(name) FP_##name,
    FP_OPS(X)
#undef X
    FP_NUM_OPS
} FpOp;

/* Where a lane's operands come from. */
typedef enum FpShape {
    FP_LANES,                                   /* lane i of each */
    FP_ELEMENT,                                 /* b is one lane of Vm: index */
    FP_PAIRS,                                   /* a, b are neighbours of Vm:Vn */
    FP_REDUCE,                                  /* one result, over all lanes of Vn by halves */
} FpShape;

/* regs: Vd | Vn << 5 | Vm << 10 | Va << 15. */
#define FP_REGS(d, n, m, a) ((d) | (n) << 5 | (m) << 10 | (a) << 15)
/* op, shape, log2 bytes of a lane (1 to 3), lanes, index. */
#define FP_DESC(op, shape, esz, lanes, index) ((op) | (shape) << 8 | (esz) << 12 | (lanes) << 16 | (index) << 24)
/* aux: RINT: rounding | exact << 3 | current << 4; RINTN: that | bits << 8; TO_INT, FROM_INT: fbits | rounding << 8 |
 * unsigned << 12; MULADD: FloatMods. */
#define FP_AUX_INT(fbits, round, uns) ((fbits) | (round) << 8 | (uns) << 12)

#endif
