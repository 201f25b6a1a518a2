/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decode tables: what decodegen.py makes of a target's *.decode files.
 *
 * For an instruction set NAME the generator emits
 *   bool decode_NAME(DisasContext *dc, uint32_t insn)   calls the pattern's trans_ function; false: UNDEFINED
 *   const DecodeTable decode_table_NAME                 the same patterns as data, for listings
 * and for each pattern file a header with the operand structs (arg_X) and the prototypes of the trans_X
 * functions (bool: false is UNDEFINED). Patterns with operands of the same names share a struct, args_ and the names:
 * arg_ADD_i is args_sf_rd_rn_sh_imm.
 * Two headers of the target are included by generated sources: one has the FEAT_ enumerators, the other
 *   static inline const uint64_t *dc_features(const DisasContext *dc)
 * which gives the CPU's features as a bit set indexed by them.
 * decodegen.py describes the language of the pattern files.
 */
#ifndef TARGETS_COMMON_DECODE_H
#define TARGETS_COMMON_DECODE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/forward.h"

#define DECODE_LITERAL 0xff

/* A run of bits of the word, or (pos == DECODE_LITERAL) a literal. */
typedef struct DecodePart {
    uint8_t pos, len;
    uint16_t literal;
} DecodePart;

/* Names are offsets into DecodeTable.text: pointers would all be relocated whenever the module is loaded. */

/* An operand: base + parts, or base - parts. Parts are joined, most significant first; none is a constant. */
typedef struct DecodeOperand {
    uint32_t name;
    uint8_t num_parts;
    bool is_signed, subtract;
    int32_t base;
    DecodePart parts[6];
} DecodeOperand;

/* A row of the specification: it is meant by words with (word & mask) == value. */
typedef struct DecodeSpec {
    uint32_t mask, value;
    uint32_t name;
} DecodeSpec;

/* A line of a pattern file. operands, specs: its first one in the table's; of specs the one with most fixed bits. */
typedef struct DecodeRow {
    uint32_t name;
    uint16_t operands, specs;
    uint8_t num_operands, num_specs;
} DecodeRow;

typedef struct DecodeTable {
    const char *name;
    unsigned width;                 /* bits of an encoding: 16 or 32 */
    const DecodeRow *rows;
    unsigned num_rows;
    const DecodeOperand *operands;
    const DecodeSpec *specs;
    const char *text;
    /* The row that decodes insn on a CPU with these features, or -1 for UNDEFINED. */
    int (*match)(uint32_t insn, const uint64_t *features);
} DecodeTable;

/*
 * Appends what insn decodes to, as chimera --decode prints it after the word: "pattern<TAB>row of the
 * specification<TAB>operands" (each name=0xN, or name=-0xN), or "UNDEFINED".
 */
void decode_describe(const DecodeTable *table, uint32_t insn, const uint64_t *features, GString *ret_text);

/* The value of an operand in insn. */
int64_t decode_operand_value(const DecodeOperand *operand, uint32_t insn);

/* len bits of insn, from bit pos up. */
static inline uint32_t decode_bits(uint32_t insn, unsigned pos, unsigned len)
{
    return insn >> pos & (0xffffffffu >> (32 - len));
}

/* The low len bits of value as a two's complement number. */
static inline int32_t decode_sext(uint32_t value, unsigned len)
{
    return (int32_t)(value << (32 - len)) >> (32 - len);
}

/* The fixed bits of a row, and the number of its further condition (0: none). */
typedef struct DecodeTest {
    uint32_t mask, value;
    uint16_t condition;
} DecodeTest;

/* A node of the decision tree: it looks at len bits from bit pos up; next[first + those] is where to go. */
typedef struct DecodeNode {
    uint8_t pos, len;
    uint16_t first;
} DecodeNode;

#define DECODE_LEAF 0x8000
#define DECODE_SURE 0x4000
#define DECODE_END 0xffff

/*
 * Finds the row that decodes insn, or -1. at, and each entry of next, is a node's number, or DECODE_LEAF and where
 * in lists the numbers of the rows begin that are tried in turn, up to DECODE_END. DECODE_SURE: on the way there the
 * row's further condition was seen to hold, or it has none.
 */
static inline __attribute__((always_inline)) int decode_walk(unsigned at, const DecodeNode *nodes,
    const uint16_t *next, const uint16_t *lists, const DecodeTest *tests,
    bool (*holds)(unsigned condition, uint32_t insn, const uint64_t *features), uint32_t insn,
    const uint64_t *features)
{
    while (!(at & DECODE_LEAF)) {
        const DecodeNode *n = &nodes[at];

        at = next[n->first + decode_bits(insn, n->pos, n->len)];
    }
    for (const uint16_t *row = &lists[at & ~DECODE_LEAF]; *row != DECODE_END; row++) {
        unsigned n = *row & ~DECODE_SURE;
        const DecodeTest *t = &tests[n];

        if ((insn & t->mask) == t->value && (*row & DECODE_SURE || holds(t->condition, insn, features))) {
            return (int)n;
        }
    }
    return -1;
}

static inline bool decode_has_feature(const uint64_t *features, unsigned feature)
{
    return features[feature / 64] >> (feature % 64) & 1;
}

#endif
