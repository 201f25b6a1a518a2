/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 64-byte loads and stores: what the translator tells the helper, in one word. */
#ifndef TARGETS_ARM_LS64_H
#define TARGETS_ARM_LS64_H

enum { LS64_LD, LS64_ST, LS64_STV, LS64_STV0 };

#define LS64_DESC(kind, rt, rs, mmu, be) ((kind) | (rt) << 2 | (rs) << 7 | (mmu) << 12 | (be) << 20)
#define LS64_KIND(desc) ((desc) & 3)
#define LS64_RT(desc) ((desc) >> 2 & 31)
#define LS64_RS(desc) ((desc) >> 7 & 31)
#define LS64_MMU(desc) ((desc) >> 12 & 255)
#define LS64_BE(desc) ((desc) >> 20 & 1)

#endif
