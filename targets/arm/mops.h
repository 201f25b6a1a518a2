/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FEAT_MOPS: what the translator tells the helpers of an instruction, in one word. */
#ifndef TARGETS_ARM_MOPS_H
#define TARGETS_ARM_MOPS_H

enum { MOPS_PROLOGUE, MOPS_MAIN, MOPS_EPILOGUE };
enum { MOPS_CPYF, MOPS_CPY, MOPS_SET, MOPS_SETG };

#define MOPS_OP(kind, stage, options, d, s, n) \
    ((d) | (s) << 5 | (n) << 10 | (stage) << 15 | (options) << 17 | (kind) << 21)
#define MOPS_D(op) ((op) & 31)
#define MOPS_S(op) ((op) >> 5 & 31)
#define MOPS_N(op) ((op) >> 10 & 31)
#define MOPS_STAGE(op) ((op) >> 15 & 3)
#define MOPS_OPTIONS(op) ((op) >> 17 & 15)
#define MOPS_KIND(op) ((op) >> 21 & 3)

#endif
