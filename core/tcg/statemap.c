/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State maps as bytes beside the code, and the way back into the CPU object.
 *
 *   map    insns, pc_delta, PC row's offset and type (if pc_delta), number of entries, entries
 *   entry  offset in the CPU object, operand
 *   operand  one byte: type << 6 | place. Place 0-31: that integer or (V128) vector register; SLOT: number;
 *            CONST: its bytes; RECIPE: op, aux, imm, operands. A predicate is an integer; of a wide vector the type is 0
 *            there, and itself in the next byte
 *
 * Numbers are LEB128.
 */
#include <string.h>
#include "core/tcg/backend.h"

enum { PLACE_SLOT = 32, PLACE_CONST, PLACE_RECIPE, NUMBER_MAX = 10, LEAF_MAX = 18 };

typedef struct MapState {
    const uint64_t *int_regs;
    const TcgVecVal *vec_regs;
    const uint64_t *frame;
    const TcgWideVal *wide_regs;
} MapState;

typedef struct MapWrite {
    uint32_t offset;
    TcgType type;
    TcgVecVal value;                            /* of a wide vector that is a constant, all over */
    const void *wide;                           /* ... that is none: where it is, outside the CPU object */
} MapWrite;

/* -- numbers ------------------------------------------------------------------------------------------------------ */

static inline uint8_t *put_number(uint8_t *p, uint64_t v)
{
    while (v > 0x7f) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

static uint64_t get_number(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t b;

    do {
        b = *(*p)++;
        v |= (uint64_t)(b & 0x7f) << shift;
        shift += 7;
    } while (b & 0x80);
    return v;
}

/* Small magnitudes of either sign stay short. */
static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ -(v & 1));
}

static TcgType map_type(TcgType t)
{
    return t == TCG_PRED ? TCG_I64 : t;
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

static uint8_t *put_wide_leaf(const TcgFn *fn, TcgType type, TcgLoc loc, uint8_t *p)
{
    const TcgNode *c;

    switch (loc_kind(loc)) {
    case LOC_REG:
        *p++ = (uint8_t)(loc_num(loc) - TCG_FIRST_WIDE);
        *p++ = (uint8_t)type;
        return p;
    case LOC_SLOT:
        *p++ = PLACE_SLOT;
        *p++ = (uint8_t)type;
        return put_number(p, loc_num(loc));
    default:
        g_assert(loc_kind(loc) == LOC_CONST);
        *p++ = PLACE_CONST;
        *p++ = (uint8_t)type;
        c = fn_node(fn, loc_num(loc));
        memcpy(p, &c->imm, 8);
        memcpy(p + 8, &c->imm2, 8);
        return p + 16;
    }
}

static uint8_t *put_leaf(const TcgFn *fn, TcgType type, TcgLoc loc, uint8_t *p)
{
    const TcgNode *c;

    if (G_UNLIKELY(type > TCG_V128)) {
        if (type != TCG_PRED) {
            return put_wide_leaf(fn, type, loc, p);
        }
        type = TCG_I64;
    }
    switch (loc_kind(loc)) {
    case LOC_REG:
        *p++ = (uint8_t)(type << 6 | (loc_num(loc) & 31));
        return p;
    case LOC_SLOT:
        *p++ = (uint8_t)(type << 6 | PLACE_SLOT);
        return put_number(p, loc_num(loc));
    case LOC_CONST:
        *p++ = (uint8_t)(type << 6 | PLACE_CONST);
        c = fn_node(fn, loc_num(loc));
        if (type != TCG_V128) {
            return put_number(p, c->imm);
        }
        memcpy(p, &c->imm, 8);
        memcpy(p + 8, &c->imm2, 8);
        return p + 16;
    default:
        g_assert_not_reached();
    }
}

static uint8_t *put_recipe(const TcgFn *fn, TcgId id, uint32_t *leaf, uint8_t *p)
{
    const TcgNode *n = fn_node(fn, id);

    *p++ = (uint8_t)(map_type(n->type) << 6 | PLACE_RECIPE);
    *p++ = n->op;
    p = put_number(p, n->aux);
    p = put_number(p, n->imm);
    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        const TcgNode *arg = fn_node(fn, n->arg[k]);

        if (node_is_recipe(arg)) {
            p = put_recipe(fn, n->arg[k], leaf, p);
        } else {
            const TcgMapLeaf *l = &g_array_index(fn->map_leaves, TcgMapLeaf, (*leaf)++);

            g_assert(l->value == n->arg[k]);
            p = put_leaf(fn, node_type(arg), l->loc, p);
        }
    }
    return p;
}

static __attribute__((noinline)) uint8_t *put_entries(const TcgFn *fn, const TcgStateMap *m, uint8_t *p)
{
    const TcgReg *regs = fn->config->target->regs;
    uint32_t leaf = m->leaves;

    for (uint32_t i = 0; i < m->num; i++) {
        const TcgMapEntry *e = fn_map_entry(fn, m->first + i);

        p = put_number(p, regs[e->row].offset);
        p = loc_kind(e->loc) == LOC_RECIPE ? put_recipe(fn, e->value, &leaf, p)
                                           : put_leaf(fn, node_type(fn_node(fn, e->value)), e->loc, p);
    }
    return p;
}

static inline uint8_t *put_head(uint8_t *p, uint32_t insns, int64_t pc_delta, uint32_t pc_offset, TcgType pc_type)
{
    p = put_number(p, insns);
    p = put_number(p, zigzag(pc_delta));
    if (pc_delta) {
        p = put_number(p, pc_offset);
        *p++ = pc_type;
    }
    return p;
}

uint8_t *tcg_map_write(const TcgFn *fn, uint32_t map, uint8_t *p)
{
    const TcgStateMap *m = fn_map(fn, map);
    const TcgReg *pc = &fn->config->target->regs[fn->config->target->pc_reg];

    p = put_head(p, m->insns, m->pc_delta, pc->offset, pc->type);
    p = put_number(p, m->num);
    return m->num ? put_entries(fn, m, p) : p;
}

void tcg_map_write_plain(uint8_t *map, uint32_t insns, int64_t pc_delta, uint32_t pc_offset, TcgType pc_type)
{
    *put_head(map, insns, pc_delta, pc_offset, pc_type) = 0;
}
G_STATIC_ASSERT(3 * NUMBER_MAX + 2 <= TCG_PLAIN_MAP_MAX);

static size_t recipe_max(const TcgFn *fn, TcgId id)
{
    const TcgNode *n = fn_node(fn, id);
    size_t size = 2 + 2 * NUMBER_MAX;

    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        size += node_is_recipe(fn_node(fn, n->arg[k])) ? recipe_max(fn, n->arg[k]) : LEAF_MAX;
    }
    return size;
}

size_t tcg_map_max_size(const TcgFn *fn, uint32_t map)
{
    const TcgStateMap *m = fn_map(fn, map);
    size_t size = 4 * NUMBER_MAX + 1;

    for (uint32_t i = 0; i < m->num; i++) {
        const TcgMapEntry *e = fn_map_entry(fn, m->first + i);

        size += NUMBER_MAX + (loc_kind(e->loc) == LOC_RECIPE ? recipe_max(fn, e->value) : LEAF_MAX);
    }
    return size;
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

static TcgType get_operand(const uint8_t **p, const MapState *s, TcgVecVal *ret)
{
    unsigned head = *(*p)++, place = head & 63;
    TcgType type = head >> 6;

    memset(ret, 0, sizeof(*ret));
    if (place < PLACE_SLOT) {
        if (type == TCG_V128) {
            *ret = s->vec_regs[place];
        } else {
            ret->u64[0] = s->int_regs[place];
        }
    } else if (place == PLACE_SLOT) {
        memcpy(ret, &s->frame[get_number(p)], type == TCG_V128 ? 16 : 8);
    } else if (place == PLACE_CONST) {
        if (type == TCG_V128) {
            memcpy(ret, *p, 16);
            *p += 16;
        } else {
            ret->u64[0] = get_number(p);
        }
    } else {
        TcgOpcode op = *(*p)++;
        unsigned aux = (unsigned)get_number(p);
        uint64_t imm = get_number(p);
        TcgVecVal arg[4];

        for (unsigned k = 0; k < tcg_op_def[op].args; k++) {
            get_operand(p, s, &arg[k]);
        }
        tcg_eval(op, type, aux, imm, arg, ret);
        if (tcg_op_def[op].result) {
            type = map_type(tcg_op_def[op].result);
        }
    }
    if (type == TCG_I32) {
        ret->u64[0] = ret->u32[0];
    }
    return type;
}

/* A wide vector, of which p has the first byte. */
static void get_wide(const uint8_t **p, const MapState *s, MapWrite *w)
{
    unsigned place = *(*p)++;

    w->type = *(*p)++;
    w->wide = place < PLACE_SLOT ? (const void *)&s->wide_regs[place]
            : place == PLACE_SLOT ? (const void *)&s->frame[get_number(p)] : NULL;
    if (!w->wide) {
        memcpy(&w->value, *p, 16);
        *p += 16;
    }
}

static void write_wide(CPUState *cs, const MapWrite *w)
{
    uint8_t *to = (uint8_t *)cs + w->offset;

    if (w->wide) {
        memcpy(to, w->wide, tcg_type_size(w->type));
        return;
    }
    for (unsigned i = 0; i < tcg_type_size(w->type); i += 16) {
        memcpy(to + i, &w->value, 16);
    }
}

static void write_row(CPUState *cs, uint32_t offset, TcgType type, const TcgVecVal *v)
{
    switch (type) {                             /* copies of a known size */
    case TCG_I32:
        memcpy((uint8_t *)cs + offset, v, 4);
        break;
    case TCG_I64:
        memcpy((uint8_t *)cs + offset, v, 8);
        break;
    default:
        memcpy((uint8_t *)cs + offset, v, 16);
    }
}

unsigned tcg_map_restore(const void *map, CPUState *cs, const uint64_t *int_regs, const TcgVecVal *vec_regs,
                         const uint64_t *frame, const TcgWideVal *wide_regs)
{
    const MapState s = { int_regs, vec_regs, frame, wide_regs };
    const uint8_t *p = map;
    uint32_t pc_offset = 0;
    TcgType pc_type = TCG_VOID;
    int64_t pc_delta;
    unsigned num, insns;
    MapWrite *w;

    insns = (unsigned)get_number(&p);
    pc_delta = unzigzag(get_number(&p));
    if (pc_delta) {
        pc_offset = (uint32_t)get_number(&p);
        pc_type = *p++;
    }
    num = (unsigned)get_number(&p);
    w = g_newa(MapWrite, num + 1);
    for (unsigned i = 0; i < num; i++) {
        w[i].offset = (uint32_t)get_number(&p);
        if (G_UNLIKELY(*p >> 6 == TCG_VOID)) {
            get_wide(&p, &s, &w[i]);
        } else {
            w[i].type = get_operand(&p, &s, &w[i].value);
        }
    }
    for (unsigned i = 0; i < num; i++) {
        if (G_UNLIKELY(w[i].type > TCG_V128)) {
            write_wide(cs, &w[i]);
        } else {
            write_row(cs, w[i].offset, w[i].type, &w[i].value);
        }
    }
    if (pc_delta) {
        TcgVecVal pc = { { 0 } };

        memcpy(&pc, (uint8_t *)cs + pc_offset, tcg_type_size(pc_type));
        pc.u64[0] += (uint64_t)pc_delta;
        write_row(cs, pc_offset, pc_type, &pc);
    }
    return insns;
}

unsigned tcg_map_insns(const void *map)
{
    const uint8_t *p = map;

    return (unsigned)get_number(&p);
}
