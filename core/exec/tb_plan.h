/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guest blocks a region is made of: private to this folder.
 *
 * A procedure that is called in a region is a part of it for each call: its blocks are there once more, so that its return
 * leads to one place, which is mostly known, and what is passed may be constants. Large ones, and those that call
 * themselves, are there once, and compare where they return to with the places that there are.
 */
#ifndef CORE_EXEC_TB_PLAN_H
#define CORE_EXEC_TB_PLAN_H

#include "core/exec/tb_int.h"

enum { REGION_BLOCKS = 48, REGION_INSNS = 256 };

/* A guest block of a region. */
typedef struct Piece {
    const TranslationBlock *tb;                 /* as it was translated alone; its address alone once it is planned */
    TcgRegionBlock in;                          /* how it is part of the region */
    unsigned bytes;
    uint64_t hash;                              /* of the bytes, as the block was made of them */
} Piece;

/* A call inside a region: of what is at `entry`, by `parent`. The first one is the region itself. */
typedef struct Call {
    int parent;
    int64_t entry;
    unsigned insns;                             /* of its pieces */
} Call;

typedef struct Plan {
    Piece piece[REGION_BLOCKS];
    Call call[REGION_BLOCKS];
    unsigned num, num_calls, insns;
} Plan;

/* The blocks that the entry, a cached block at pc, leads to, nearest first. The CPU's thread, or under tb_lock. */
void tb_plan(ExecMachine *x, Plan *p, const TranslationBlock *entry, vaddr pc);
/* Bytes from a piece to where the next one begins, or to its own end: blocks may overlap. */
unsigned tb_piece_len(const Plan *p, const Piece *piece);
/* It was too large: with no copies, or with half the blocks. */
void tb_plan_smaller(Plan *p);

#endif
