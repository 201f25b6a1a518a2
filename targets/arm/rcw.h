/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read-check-write instructions: what the translator tells the helper, in one word beside the MemOp. */
#ifndef TARGETS_ARM_RCW_H
#define TARGETS_ARM_RCW_H

enum { RCW_CAS, RCW_CLR, RCW_SET, RCW_SWP };

/* in: the operand; out: what was there goes to it, and for RCW_CAS what is compared comes from it. Of pairs, both halves. */
#define RCW_DESC(op, soft, in, in2, out, out2) ((op) | (soft) << 2 | (in) << 3 | (in2) << 8 | (out) << 13 | (out2) << 18)
#define RCW_OP(desc) ((desc) & 3)
#define RCW_SOFT(desc) ((desc) >> 2 & 1)
#define RCW_IN(desc) ((desc) >> 3 & 31)
#define RCW_IN2(desc) ((desc) >> 8 & 31)
#define RCW_OUT(desc) ((desc) >> 13 & 31)
#define RCW_OUT2(desc) ((desc) >> 18 & 31)

#endif
