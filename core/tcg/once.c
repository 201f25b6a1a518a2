/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code at once: what runs for the first time is emitted while it is generated, without a region that passes walk over.
 *
 * A node is made for each operation, so that simplify.c sees what it always sees, but it is in no block: its operands are
 * put in registers, and the backend emits it. Nothing is known of what follows. So a value lives as long as a register row
 * holds it, or held it at the start of the current guest instruction, or the translator has touched it since then; all
 * others lose their registers when somebody looks for one. A row that is set is dirty until an exit, or until its
 * register is wanted: then its field in the CPU object is where the value goes, unless this instruction set it.
 * Flags are computed when somebody asks for them: a branch, an exit; a state map has them as a recipe.
 *
 * A block that is entered from one other starts with the state that one ended with; one that several lead to starts with
 * nothing in registers: rows in their fields, locals in their slots. Whatever is not so simple (loops, joins within an
 * instruction that has set rows before, what the backend lacks) makes it give up, and the caller generates again for the
 * passes.
 */
#include <string.h>
#include "core/bits.h"
#include "core/tcg/backend.h"

G_STATIC_ASSERT(TCG_I32 < TCG_I64 && TCG_I64 < TCG_V128);

enum { MAX_ROWS = 192, MAX_SNAPS = 24, MAX_BLOCKS = 64, MAX_LAZY = 256 };

typedef struct OnceRow {
    TcgId cur, env;                             /* what it holds; what its field does. 0: whatever the field has held */
    TcgId start;                                /* ... at the start of instruction `stamp`, which has changed it */
    uint32_t stamp;
    uint32_t offset;                            /* a local's: its slot's number + 1; 0: it has none */
    uint16_t row;
    uint8_t type, mo;
    bool local;
    bool named, set;                            /* it is in the lists of these names */
    bool unused[5];                             /* a row's number becomes an address by one shift */
} OnceRow;
G_STATIC_ASSERT(sizeof(OnceRow) == 32);

/* How things stand at one point of the code. */
typedef struct OnceState {
    TcgId regs[TCG_NUM_HOST_REGS];
    TcgRegSet free;                             /* allocatable and bound to no value */
    uint32_t insn, insns;                       /* the current instruction's own number; how many have begun */
    int64_t delta;                              /* its PC, from the entry's */
    int64_t pc_env;                             /* the PC's field, from the entry's */
    TcgId pc;                                   /* the PC was set to this */
    TcgId pc_field;                             /* what its field held when it was the entry's + pc_field_is; 0: not loaded */
    int64_t pc_field_is;
    bool pc_unknown;                            /* a helper has written it */
    uint32_t num_named, num_slots, num_lazy;
    uint32_t num_set;
    uint8_t set[MAX_ROWS];                      /* rows that were set, whose fields may not hold that yet */
} OnceState;

/* A state that is gone back to, with its rows, as in Once.named. */
typedef struct OnceSnap {
    OnceState state;
    bool gone;                                  /* what there is of it in nodes and rows is another's by now */
    OnceRow row[MAX_ROWS];
} OnceSnap;

typedef struct OnceBlock {
    bool entered, started;
    bool settled;                               /* ... with all in fields and slots, and this at the PC: */
    bool joins;                                 /* more than one lead here */
    int64_t delta, pc_env;
    uint8_t snap;                               /* number + 1; 0: none */
} OnceBlock;

/* Operations of which there is more to say. */
typedef enum OnceKind { PLAIN, WIDENS, NARROWS, MAKES_FLAGS, TAKES_FLAGS, BRANCHES, LEAVES, ACCESSES } OnceKind;
/* When an algebraic rule may apply: never, with a constant among the operands, with one that is computed, at any time. */
typedef enum OnceRules { NO_RULES, RULES_OF_CONSTANTS, RULES_OF_VALUES, RULES_OF_WIDTHS } OnceRules;

/* What is asked about each operation that is emitted. */
typedef struct OnceOp {
    uint8_t args;
    uint8_t plain;                              /* the backend's */
    uint8_t kind, rules;
    bool has_result, exits;
    bool opaque;                                /* rules know nothing of its value */
    bool unused;
} OnceOp;
G_STATIC_ASSERT(sizeof(OnceOp) == 8);

struct TcgOnce {
    TcgFn *fn;
    const TcgBackend *be;
    void *emit;
    bool failed;
    unsigned num_regs, pc_reg;                  /* the target's */
    uint32_t next_insn;
    TcgRegSet pinned;                           /* not to be touched before the current node */
    TcgNode own;                                /* of moves, loads and stores that it adds; what they do not have is zero */
    TcgId branch;                               /* the last block's end, not emitted yet */
    bool settled;                               /* ... after which all is in fields and slots */
    uint32_t block;                             /* being emitted into */
    TcgId slot_of[256];
    TcgId lazy[MAX_LAZY];                       /* flags that have been computed */
    OnceBlock blk[MAX_BLOCKS];
    uint32_t num_blk;                           /* of them that are in use */
    OnceSnap *snaps;
    uint32_t num_snaps;
    OnceState now;
    uint32_t locals_end;                        /* behind the last of rows that has a slot; num_regs: none has */
    uint8_t named[MAX_ROWS];                    /* rows of which something is known, in the order in which it came */
    OnceRow rows[MAX_ROWS];                     /* by row, then by local */
    OnceOp op[TCG_NUM_OPS];
};
typedef struct TcgOnce Once;

static inline TcgNode *node(const Once *o, TcgId id)
{
    return fn_node(o->fn, id);
}

/*
 * Narrowed and widened values that need no code share a representative, which has the place: `slot` (number + 1) and `reg`
 * (number + 1); `row` is the index + 1 of a row that it was put in, or whose field it came from; `touched` the instruction
 * that named it last; `lazy`: flags that are not computed yet.
 */
static inline TcgId rep_of(const Once *o, TcgId id)
{
    TcgId rep = node(o, id)->rep;

    return rep ? rep : id;
}

static inline TcgNode *val(const Once *o, TcgId id)
{
    return node(o, rep_of(o, id));
}

static void fail(Once *o)
{
    o->failed = true;
}

static inline bool is_const(const Once *o, TcgId id)
{
    return node(o, id)->op == OP_const;
}

static inline TcgRegSet class_of(const Once *o, TcgId id)
{
    return tcg_regs_of(node_type(node(o, id)));
}

static void emit(Once *o, TcgId id, const TcgNode *n, uint32_t next)
{
    if (!o->failed && !o->be->once_node(o->emit, id, n, next)) {
        fail(o);
    }
}

/* -- where values are ------------------------------------------------------------------------------------------------ */

static void emit_own(Once *o, TcgOpcode op, unsigned type, unsigned aux, uint64_t imm, TcgId arg, TcgLoc in, TcgLoc out)
{
    TcgNode *n = &o->own;

    n->op = op;
    n->type = (uint8_t)type;
    n->aux = (uint16_t)aux;
    n->imm = imm;
    n->arg[0] = arg;
    n->in[0] = in;
    n->out = out;
    emit(o, 0, n, 0);
}

/* Copies between registers, slots and constants, of whole registers. */
static void move(Once *o, TcgId id, TcgLoc src, TcgLoc dst)
{
    unsigned type = node_type(node(o, id));

    emit_own(o, OP_mov, type == TCG_I32 && loc_kind(src) != LOC_CONST ? TCG_I64 : type, 0, 0, id, src, dst);
}

static void load_row(Once *o, const OnceRow *r, unsigned reg)
{
    if (!o->failed && !o->be->once_field(o->emit, false, r->type, r->mo, r->offset, reg)) {
        fail(o);
    }
}

static void store_row(Once *o, const OnceRow *r, TcgId id, TcgLoc loc)
{
    if (loc_kind(loc) != LOC_REG) {
        emit_own(o, OP_st_env, r->type, r->mo, r->offset, id, loc, LOC_NONE);
    } else if (!o->failed && !o->be->once_field(o->emit, true, r->type, r->mo, r->offset, loc_num(loc))) {
        fail(o);
    }
}

static inline void bind(Once *o, TcgId rep, unsigned r)
{
    o->now.regs[r] = rep;
    node(o, rep)->reg = (uint8_t)(r + 1);
    o->now.free &= ~reg_bit(r);
}

static inline void unbind(Once *o, unsigned r)
{
    node(o, o->now.regs[r])->reg = 0;
    o->now.free |= reg_bit(r);
}

static inline TcgRegSet bound(const Once *o)
{
    return o->be->allocatable & ~o->now.free;
}

/* A row's field that holds the value. NULL: none does. */
static inline const OnceRow *home(const Once *o, TcgId rep)
{
    const OnceRow *r = node(o, rep)->row ? &o->rows[node(o, rep)->row - 1] : NULL;

    return r && r->env && !r->local && rep_of(o, r->env) == rep ? r : NULL;
}

static inline void note_row_of(Once *o, TcgNode *v, unsigned i)
{
    if (o->rows[i].type >= node_type(v)) {      /* all of it */
        v->row = (uint16_t)(i + 1);
    }
}

static inline void note_row(Once *o, TcgId id, const OnceRow *r)
{
    note_row_of(o, val(o, id), (unsigned)(r - o->rows));
}

/* The registers that a value is in, or that flags are to be computed from. */
static inline TcgRegSet regs_of(const Once *o, TcgId id)
{
    TcgRegSet set = 0;

    if (G_UNLIKELY(node(o, id)->lazy)) {
        const TcgNode *n = node(o, id);

        for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
            unsigned r = val(o, n->arg[k])->reg;

            set |= r ? reg_bit(r - 1) : 0;
        }
        return set;
    }
    return val(o, id)->reg ? reg_bit(val(o, id)->reg - 1u) : 0;
}

/* Whether a row's value is rep, or is computed from it. */
static bool needs(const Once *o, TcgId id, TcgId rep)
{
    const TcgNode *n = node(o, id);
    bool ret = rep_of(o, id) == rep;

    for (unsigned k = 0; node(o, id)->lazy && k < tcg_op_def[n->op].args; k++) {
        ret |= rep_of(o, n->arg[k]) == rep;
    }
    return ret;
}

static bool is_live(const Once *o, TcgId rep)
{
    bool live = node(o, rep)->touched >= o->now.insn || (o->now.pc && rep_of(o, o->now.pc) == rep);

    for (uint32_t i = 0; i < o->now.num_named && !live; i++) {
        const OnceRow *r = &o->rows[o->named[i]];

        live = (r->cur && needs(o, r->cur, rep)) || (r->stamp == o->now.insn && r->start && needs(o, r->start, rep));
    }
    return live;
}

/* Dead values lose their registers. */
static void collect(Once *o)
{
    TcgRegSet keep = o->pinned;

    for (uint32_t i = 0; i < o->now.num_named; i++) {
        const OnceRow *r = &o->rows[o->named[i]];

        keep |= r->cur ? regs_of(o, r->cur) : 0;
        keep |= r->stamp == o->now.insn && r->start ? regs_of(o, r->start) : 0;
    }
    keep |= o->now.pc ? regs_of(o, o->now.pc) : 0;
    for (TcgRegSet s = bound(o) & ~keep; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        if (node(o, o->now.regs[r])->touched < o->now.insn) {
            unbind(o, r);
        }
    }
}

/* A new slot of a value, or of no one value (0): its number + 1; 0: there is none. */
static unsigned new_slot(Once *o, TcgId rep, TcgType type)
{
    unsigned step = 1u << tcg_type_slots(type);
    unsigned slot = (o->now.num_slots + step - 1) & -step, end = slot + step;

    if (end > o->be->num_slots || end > G_N_ELEMENTS(o->slot_of)) {
        fail(o);
        return 0;
    }
    for (; o->now.num_slots < end; o->now.num_slots++) {
        o->slot_of[o->now.num_slots] = rep;
    }
    return slot + 1;
}

static void spill(Once *o, TcgId rep, unsigned r)
{
    unsigned slot = new_slot(o, rep, node_type(node(o, rep)));

    if (slot) {
        node(o, rep)->slot = (uint16_t)slot;
        move(o, rep, TCG_LOC(LOC_REG, r), TCG_LOC(LOC_SLOT, slot - 1));
    }
}

/* Whether nobody will miss what a row's field holds, which this instruction has not changed. */
static bool is_spare(const Once *o, const OnceRow *r)
{
    const TcgNode *old = r->env ? val(o, r->env) : NULL;

    return !old || old->reg || old->slot || !is_live(o, rep_of(o, r->env));
}

/* Empties a register; its value is somewhere else afterwards. */
static void evict(Once *o, unsigned reg)
{
    TcgId rep = o->now.regs[reg];
    const TcgNode *v = node(o, rep);
    OnceRow *r = v->row ? &o->rows[v->row - 1] : NULL;

    if (!is_const(o, rep) && !v->slot && !home(o, rep)) {
        if (r && !r->local && r->cur && rep_of(o, r->cur) == rep && r->stamp != o->now.insn && is_spare(o, r)) {
            store_row(o, r, r->cur, TCG_LOC(LOC_REG, reg));
            r->env = r->cur;
        } else {
            spill(o, rep, reg);
        }
    }
    unbind(o, reg);
}

/* A register of the set that holds nothing. */
static unsigned alloc(Once *o, TcgRegSet set)
{
    TcgRegSet all = set;
    unsigned best = 0;
    uint32_t least = UINT32_MAX;

    set &= o->be->allocatable & ~o->pinned;
    if (G_LIKELY(set & o->now.free)) {
        return __builtin_ctzll(set & o->now.free);
    }
    if (!set) {
        fail(o);
        return all ? __builtin_ctzll(all) : 0;
    }
    collect(o);
    if (set & o->now.free) {
        return __builtin_ctzll(set & o->now.free);
    }
    for (TcgRegSet s = set; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        if (node(o, o->now.regs[r])->touched < least) {
            least = node(o, o->now.regs[r])->touched;
            best = r;
        }
    }
    if (least == UINT32_MAX) {
        fail(o);
        return __builtin_ctzll(all);
    }
    evict(o, best);
    return best;
}

/* From wherever it is. */
static void load(Once *o, TcgId rep, unsigned r)
{
    const TcgNode *v = node(o, rep);
    const OnceRow *at;

    if (is_const(o, rep)) {
        move(o, rep, TCG_LOC(LOC_CONST, rep), TCG_LOC(LOC_REG, r));
    } else if (v->slot) {
        move(o, rep, TCG_LOC(LOC_SLOT, v->slot - 1u), TCG_LOC(LOC_REG, r));
    } else {
        at = home(o, rep);
        if (at) {
            load_row(o, at, r);
        } else {
            fail(o);                            /* it was thought dead */
        }
    }
}

static void compute(Once *o, TcgId id);
static void become_sum(Once *o, TcgId id);

/* The value in a register of the set, which stays until the current node is emitted. */
static unsigned use(Once *o, TcgId id, TcgRegSet set)
{
    unsigned r;
    TcgId rep;

    if (G_UNLIKELY(node(o, id)->lazy)) {
        compute(o, id);
    }
    rep = rep_of(o, id);
    node(o, rep)->touched = o->now.insn;
    if (!node(o, rep)->reg) {
        r = alloc(o, set);
        load(o, rep, r);
        if (!o->failed) {
            bind(o, rep, r);
        }
    } else {
        r = node(o, rep)->reg - 1u;
        if (G_UNLIKELY(!(set & reg_bit(r)))) {
            unsigned from = r;

            o->pinned |= reg_bit(from);
            r = alloc(o, set);
            move(o, rep, TCG_LOC(LOC_REG, from), TCG_LOC(LOC_REG, r));
        }
    }
    o->pinned |= reg_bit(r);
    return r;
}

static inline TcgLoc place(Once *o, TcgId id, TcgRegSet set, bool constant, bool slot)
{
    const TcgNode *v;

    if (constant && is_const(o, id)) {
        return TCG_LOC(LOC_CONST, id);
    }
    v = val(o, id);
    if (slot && v->slot && !v->reg && !node(o, id)->lazy) {
        return TCG_LOC(LOC_SLOT, v->slot - 1u);
    }
    return TCG_LOC(LOC_REG, use(o, id, set));
}

/* Returns the register. */
static inline unsigned result(Once *o, TcgId id, TcgRegSet set)
{
    TcgRegSet free = set & o->now.free & ~o->pinned;
    unsigned r = G_LIKELY(free) ? (unsigned)__builtin_ctzll(free) : alloc(o, set);
    TcgNode *n = node(o, id);

    n->out = TCG_LOC(LOC_REG, r);
    n->uses = 1;
    n->touched = o->now.insn;
    if (G_LIKELY(!o->failed)) {
        n->reg = (uint8_t)(r + 1);
        o->now.regs[r] = id;
        o->now.free &= ~reg_bit(r);
    }
    return r;
}

/* -- rows ------------------------------------------------------------------------------------------------------------ */

/* The number of a local's. */
static unsigned local_row(Once *o, unsigned row)
{
    unsigned i = o->num_regs + (row - TCG_LOCAL);

    if (row < TCG_LOCAL || i >= MAX_ROWS) {
        fail(o);
        return 0;
    }
    o->rows[i].type = tcg_row_type(o->fn, row);
    return i;
}

/* Something will be known of row i. */
static inline void name(Once *o, unsigned i)
{
    if (!o->rows[i].named) {
        o->rows[i].named = true;
        o->named[o->now.num_named++] = (uint8_t)i;
        if (G_UNLIKELY(o->rows[i].type > TCG_V128) && !tcg_backend_has_type(o->be, o->rows[i].type)) {
            fail(o);
        }
    }
}

static inline bool is_dirty(const OnceRow *r)
{
    return !r->local && r->cur && r->cur != r->env;
}

/* The field is about to change: what is still wanted of it is loaded. */
static void save_field(Once *o, OnceRow *r)
{
    if (r->stamp == o->now.insn && !r->start) {
        r->start = r->env = tcg_fn_node_new(o->fn, OP_ld_env, r->type);
        note_row(o, r->start, r);
    }
    if (r->env && !is_const(o, r->env) && !is_spare(o, r)) {
        TcgRegSet pinned = o->pinned;

        use(o, r->env, class_of(o, r->env));
        o->pinned = pinned;
    }
}

static void store(Once *o, OnceRow *r)
{
    TcgRegSet pinned = o->pinned;
    TcgLoc loc = place(o, r->cur, tcg_regs_of(r->type), true, true);

    if (is_dirty(r)) {                          /* else it was, to make room */
        save_field(o, r);
        store_row(o, r, r->cur, loc);
        r->env = r->cur;
        if (loc_kind(loc) != LOC_CONST) {
            note_row(o, r->cur, r);
        }
    }
    o->pinned = pinned;
}

/* Of rows that are set: all, those that this instruction has not set, those whose values are no flags to be computed. */
typedef enum Which { WHICH_ALL, WHICH_OLD, WHICH_SURE } Which;

static inline bool is_of(const Once *o, const OnceRow *r, Which which)
{
    return which == WHICH_ALL || (which == WHICH_OLD ? r->stamp != o->now.insn : !r->cur || !node(o, r->cur)->lazy);
}

/* The same of row i where it takes no more than a move. */
static inline __attribute__((always_inline)) bool store_register(Once *o, unsigned i)
{
    OnceRow *r = &o->rows[i];
    const TcgNode *old = r->env ? val(o, r->env) : NULL;
    TcgNode *v = val(o, r->cur);

    if (!v->reg || (r->stamp == o->now.insn && !r->start) || (old && !old->reg && !old->slot && old->op != OP_const)) {
        return false;
    }
    if (G_UNLIKELY(o->failed || !o->be->once_field(o->emit, true, r->type, r->mo, r->offset, v->reg - 1u))) {
        fail(o);
    }
    r->env = r->cur;
    note_row_of(o, v, i);
    return true;
}

static inline __attribute__((always_inline)) void store_set(Once *o, Which which)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < o->now.num_set; i++) {
        OnceRow *r = &o->rows[o->now.set[i]];

        if (is_of(o, r, which)) {
            r->set = false;
            if (is_dirty(r) && !store_register(o, o->now.set[i])) {
                store(o, r);
            }
        } else {
            o->now.set[left++] = o->now.set[i];
        }
    }
    o->now.num_set = left;
}

/* all: also what this instruction has set. */
static void store_dirty(Once *o, bool all)
{
    if (all) {
        store_set(o, WHICH_ALL);
    } else {
        store_set(o, WHICH_OLD);
    }
}

/* The PC's field becomes the entry PC + delta. */
static void store_pc(Once *o, int64_t delta)
{
    const TcgTarget *t = o->fn->config->target;
    unsigned type = t->regs[t->pc_reg].type;

    if (o->now.pc_unknown) {
        fail(o);
    } else if (delta != o->now.pc_env) {
        TcgId k = tcg_fn_const(o->fn, type, (uint64_t)(delta - o->now.pc_env));

        emit_own(o, OP_add_env, type, type == TCG_I32 ? MO_32 : MO_64, t->regs[t->pc_reg].offset, k, TCG_LOC(LOC_CONST, k),
                 LOC_NONE);
        o->now.pc_env = delta;
    }
}

static __attribute__((noinline)) TcgId get_first(Once *o, unsigned i)
{
    const OnceRow *r = &o->rows[i];
    TcgNode *n;
    TcgId id;

    if (G_UNLIKELY(r->row == o->pc_reg)) {
        fail(o);
    }
    if (G_UNLIKELY(r->local && !o->failed)) {   /* not set: any value will do */
        return tcg_fn_const(o->fn, r->type, 0);
    }
    id = tcg_fn_node_new(o->fn, OP_ld_env, r->type);
    if (G_UNLIKELY(o->failed)) {
        return id;
    }
    n = node(o, id);
    n->aux = r->mo;
    n->imm = r->offset;
    n->row = (uint16_t)(i + 1);
    load_row(o, r, result(o, id, tcg_regs_of(r->type)));
    o->rows[i].cur = o->rows[i].env = id;
    name(o, i);
    return id;
}

static inline TcgId get(Once *o, unsigned i)
{
    TcgId id = o->rows[i].cur;

    if (G_LIKELY(id)) {
        val(o, id)->touched = o->now.insn;
        return id;
    }
    return get_first(o, i);
}

static __attribute__((noinline)) TcgId get_local(Once *o, unsigned row)
{
    return get(o, local_row(o, row));
}

TcgId tcg_once_get(Once *o, unsigned row)
{
    return G_LIKELY(row < MAX_ROWS) ? get(o, row) : get_local(o, row);
}

static inline __attribute__((always_inline)) void set(Once *o, unsigned i, TcgId v)
{
    OnceRow *r = &o->rows[i];
    TcgNode *n = node(o, v);

    name(o, i);
    if (!r->set && !r->local) {
        r->set = true;
        o->now.set[o->now.num_set++] = (uint8_t)i;
    }
    if (r->stamp != o->now.insn) {
        r->stamp = o->now.insn;
        r->start = r->cur;
    }
    r->cur = v;
    if (G_UNLIKELY(n->lazy)) {
        if (n->op == OP_mov) {
            become_sum(o, v);
        }
    } else if (n->op != OP_const) {
        n = n->rep ? node(o, n->rep) : n;
        n->touched = o->now.insn;
        if (!r->local && (n->reg || n->slot)) { /* else another row's field is all that has it */
            note_row_of(o, n, i);
        }
    }
}

static __attribute__((noinline)) void set_other(Once *o, unsigned row, TcgId v)
{
    if (row == o->pc_reg && !o->failed) {
        o->now.pc = v;
    } else if (!o->failed) {
        set(o, local_row(o, row), v);
    }
}

static inline __attribute__((always_inline)) void set_any(Once *o, unsigned row, TcgId v)
{
    if (G_LIKELY(row < MAX_ROWS && row != o->pc_reg && !o->failed)) {
        set(o, row, v);
    } else {
        set_other(o, row, v);
    }
}

void tcg_once_set(Once *o, unsigned row, TcgId v)
{
    set_any(o, row, v);
}

/* The entry PC + what *ret_delta says. */
TcgId tcg_once_pc(Once *o, int64_t *ret_delta)
{
    const TcgReg *pc = &o->fn->config->target->regs[o->pc_reg];
    TcgId id = o->now.pc_field;

    if (id && node(o, id)->reg) {
        *ret_delta = o->now.pc_field_is;
        node(o, id)->touched = o->now.insn;
        return id;
    }
    id = tcg_fn_node_new(o->fn, OP_ld_env, pc->type);
    *ret_delta = o->now.pc_env;
    if (o->now.pc_unknown || o->failed) {
        fail(o);
        return id;
    }
    node(o, id)->aux = pc->type == TCG_I32 ? MO_32 : MO_64;
    node(o, id)->imm = pc->offset;
    result(o, id, INT_REGS);
    emit(o, id, node(o, id), 0);
    o->now.pc_field = id;
    o->now.pc_field_is = o->now.pc_env;
    return id;
}

void tcg_once_insn(Once *o, uint64_t delta)
{
    o->now.insn = ++o->next_insn;
    o->now.insns++;
    o->now.delta = (int64_t)delta;
    if (o->now.num_set && o->block && !o->failed) {
        o->pinned = 0;
        store_set(o, WHICH_SURE);               /* so maps have little to say */
    }
}

/* -- state maps -------------------------------------------------------------------------------------------------------- */

/* set: registers that it may be loaded to. */
static TcgLoc where(Once *o, TcgId id, TcgRegSet set)
{
    const TcgNode *v = val(o, id);

    if (is_const(o, id)) {
        return TCG_LOC(LOC_CONST, id);
    }
    if (v->slot) {
        return TCG_LOC(LOC_SLOT, v->slot - 1u);
    }
    return TCG_LOC(LOC_REG, use(o, id, v->reg ? ~UINT64_C(0) : class_of(o, id) & set));
}

/* What rows were, that are set. */
static __attribute__((noinline)) void map_rows(Once *o, TcgStateMap *m, TcgRegSet set)
{
    TcgFn *fn = o->fn;
    TcgRegSet pinned = o->pinned;

    fn->map_leaves->len = 0;
    for (uint32_t i = 0; i < o->now.num_set && !o->failed; i++) {
        const OnceRow *r = &o->rows[o->now.set[i]];
        TcgId start = r->stamp == o->now.insn ? r->start : r->cur;
        TcgMapEntry *e;
        TcgLoc loc;

        if (!start || start == r->env) {
            continue;
        }
        if (G_UNLIKELY(node(o, start)->lazy)) {
            const TcgNode *n = node(o, start);

            loc = TCG_LOC(LOC_RECIPE, start);
            for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
                TcgMapLeaf leaf = { .value = n->arg[k] };

                leaf.loc = where(o, leaf.value, set);
                g_array_index(fn->map_leaves, TcgMapLeaf, fn->map_leaves->len++) = leaf;
                n = node(o, start);
            }
        } else {
            loc = where(o, start, set);
        }
        if (m->num == fn->entry_cap) {
            fail(o);
            return;
        }
        fn->map_entries->len = m->num + 1;
        e = fn_map_entry(fn, m->num++);
        e->row = r->row;
        e->value = start;
        e->loc = loc;
    }
    o->pinned = pinned;
    m->num_leaves = fn->map_leaves->len;
}

/* For node id, whose operands have been placed. set: as where's. */
static inline void make_map(Once *o, TcgId id, TcgRegSet set)
{
    TcgStateMap *m = fn_map(o->fn, 1);

    *m = (TcgStateMap){ .insns = o->now.insns ? o->now.insns - 1 : 0, .pc_delta = o->now.delta - o->now.pc_env };
    if (G_UNLIKELY(o->now.pc_unknown)) {
        fail(o);
    }
    if (o->now.num_set) {
        map_rows(o, m, set);
    }
    if (m->num || m->pc_delta || node(o, id)->op != OP_poll) {  /* else the CPU object has it all */
        node(o, id)->map = 1;
    }
}

/* -- operations -------------------------------------------------------------------------------------------------------- */

/* Argument k in a register of its own, which the result will take: the register is returned. */
static TcgRegSet place_copy(Once *o, TcgId id, unsigned k, TcgRegSet set)
{
    TcgId arg = node(o, id)->arg[k], rep;
    unsigned r;

    if (node(o, arg)->lazy) {
        compute(o, arg);
    }
    rep = rep_of(o, arg);
    node(o, rep)->touched = o->now.insn;
    r = alloc(o, set);                          /* which may have moved the value */
    if (node(o, rep)->reg) {
        move(o, rep, TCG_LOC(LOC_REG, node(o, rep)->reg - 1u), TCG_LOC(LOC_REG, r));
    } else {
        load(o, rep, r);
    }
    node(o, id)->in[k] = TCG_LOC(LOC_REG, r);
    return reg_bit(r);
}

static TcgRegSet place_by_constraints(Once *o, TcgId id)
{
    unsigned args = tcg_op_def[node(o, id)->op].args;
    TcgRegSet same = 0;
    TcgConstraint c;

    memset(&c, 0, sizeof(c));
    c.out_same_as = -1;
    o->be->constraints(o->be, o->fn, node(o, id), &c);
    for (unsigned k = 0; k < args; k++) {
        if ((int)k != c.out_same_as) {
            TcgLoc loc = place(o, node(o, id)->arg[k], c.arg[k], c.arg_const[k], c.arg_slot[k]);

            node(o, id)->in[k] = loc;
        }
    }
    if (c.out_same_as >= 0) {
        same = place_copy(o, id, (unsigned)c.out_same_as, c.out & c.arg[c.out_same_as]);
    }
    for (TcgRegSet s = c.clobbers & bound(o); s; s &= s - 1) {
        evict(o, __builtin_ctzll(s));
    }
    o->pinned |= c.clobbers;
    o->pinned &= ~same;
    return same ? same : c.out;
}

/* Operands of a node get their places. Registers that its result may be in are returned. */
static inline __attribute__((always_inline)) TcgRegSet place_args_fast(Once *o, TcgId id, OnceOp is)
{
    TcgNode *n = node(o, id);                   /* no node is made meanwhile but by a computation of flags */

    if (G_UNLIKELY(!(is.plain & TCG_PLAIN))) {
        return place_by_constraints(o, id);
    }
    for (unsigned k = 0; k < is.args; k++) {
        TcgId arg = n->arg[k];
        const TcgNode *a = node(o, arg);
        TcgNode *v = a->rep ? node(o, a->rep) : (TcgNode *)a;
        bool any = !(is.plain >> k & 1);

        if (a->op == OP_const && any) {
            n->in[k] = TCG_LOC(LOC_CONST, arg);
        } else if (G_LIKELY(v->reg)) {
            v->touched = o->now.insn;
            o->pinned |= reg_bit(v->reg - 1u);
            n->in[k] = TCG_LOC(LOC_REG, v->reg - 1u);
        } else {
            TcgLoc loc = place(o, arg, class_of(o, arg), any, any);

            n = node(o, id);
            n->in[k] = loc;
        }
    }
    return class_of(o, id);
}

static TcgRegSet place_args(Once *o, TcgId id)
{
    return place_args_fast(o, id, o->op[node(o, id)->op]);
}

/* A sum that an access may do itself is a copy of the base, with the offset beside it, until somebody wants it. */
static uint64_t offset_of(const Once *o, const TcgNode *sum)
{
    return sum->op == OP_mov ? sum->imm : node(o, sum->arg[1])->imm;
}

static void become_sum(Once *o, TcgId id)
{
    TcgId k = tcg_fn_const(o->fn, TCG_I64, node(o, id)->imm);
    TcgNode *n = node(o, id);

    n->op = OP_add;
    n->imm = 0;
    n->arg[1] = k;
}

static void compute(Once *o, TcgId id)
{
    TcgRegSet pinned = o->pinned;

    if (o->now.num_lazy == MAX_LAZY) {
        fail(o);
        return;
    }
    if (node(o, id)->op == OP_mov) {
        become_sum(o, id);
    }
    o->lazy[o->now.num_lazy++] = id;
    node(o, id)->lazy = false;
    node(o, id)->map_uses = 0;
    result(o, id, place_args(o, id));
    emit(o, id, node(o, id), 0);
    o->pinned = pinned;
}

static bool has(const Once *o, TcgId id)
{
    const TcgNode *n = node(o, id), *v = val(o, id);

    if (n->op == OP_const) {
        return true;
    }
    if (n->lazy) {
        bool all = true;

        for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
            all &= has(o, n->arg[k]);
        }
        return all;
    }
    return v->reg || v->slot || home(o, rep_of(o, id));
}

static bool still_has(Once *o, TcgId id)
{
    if (has(o, id)) {
        val(o, id)->touched = o->now.insn;
        return true;
    }
    return false;
}

/* A comparison that only feeds a branch or a selection becomes its own. */
static void join_compare(Once *o, TcgId id)
{
    TcgNode joined = *node(o, id);

    if (node(o, joined.arg[0])->lazy && tcg_join_compare(o->fn, &joined) && has(o, joined.arg[0]) && has(o, joined.arg[1]) &&
        o->be->has_op(o->be, &joined)) {
        *node(o, id) = joined;
        val(o, joined.arg[0])->touched = val(o, joined.arg[1])->touched = o->now.insn;
    }
}

/* Whether a value is thought to be in the slot of a local: what `join` found there. */
static bool is_in_slot(const Once *o, const OnceRow *r)
{
    return r->local && r->env && node(o, r->env)->op == OP_phi && node(o, r->env)->slot == r->offset;
}

/* Locals are in their slots. */
static void store_locals(Once *o)
{
    for (uint32_t i = 0; i < o->now.num_named && !o->failed; i++) {
        OnceRow *r = &o->rows[o->named[i]];
        TcgLoc loc;

        if (r->local && r->cur && r->cur != r->env) {
            if (!r->offset) {
                r->offset = new_slot(o, 0, r->type);
                o->locals_end = MAX(o->locals_end, o->named[i] + 1u);
            }
            o->pinned = 0;
            loc = place(o, r->cur, class_of(o, r->cur), !tcg_type_is_vec(r->type), false);
            r->start = 0;                       /* it is nobody's to undo */
            if (is_in_slot(o, r)) {             /* what `join` found there may still be wanted */
                if (!node(o, r->env)->reg && is_live(o, r->env)) {
                    use(o, r->env, class_of(o, r->env));
                }
                node(o, r->env)->slot = 0;
            }
            move(o, r->cur, loc, TCG_LOC(LOC_SLOT, r->offset - 1));
            r->env = r->cur;
        }
    }
}

/* The block has ended: what it leads to is emitted when it is known which of them comes next. */
static void branch(Once *o, TcgId id)
{
    store_dirty(o, false);                      /* once, not in each of two that leave */
    store_locals(o);
    o->settled = !o->now.num_set && !o->now.pc && !o->now.pc_unknown;
    o->pinned = 0;
    place_args(o, id);
    node(o, id)->block = o->block;
    o->branch = id;
}

static void leave(Once *o, TcgId id)
{
    const TcgTarget *t = o->fn->config->target;

    o->pinned = 0;
    if (node(o, id)->op == OP_goto_tb && (node(o, id)->aux & TCG_GOTO_SETS_PC)) {
        node(o, id)->aux &= ~TCG_GOTO_SETS_PC;
        store_pc(o, (int32_t)node(o, id)->imm);
    } else if (o->now.pc) {
        const TcgReg *pc = &t->regs[t->pc_reg];
        OnceRow r = { .type = pc->type, .mo = pc->type == TCG_I32 ? MO_32 : MO_64, .offset = pc->offset };

        store_row(o, &r, o->now.pc, place(o, o->now.pc, INT_REGS, true, true));
    } else if (!o->now.pc_unknown) {
        store_pc(o, 0);
    }
    o->pinned = 0;
    o->now.pc = 0;
    o->now.insn = ++o->next_insn;               /* nothing will be undone */
    store_dirty(o, true);
    emit(o, id, node(o, id), 0);
    o->block = 0;
}

/* False: it is as any other. */
static bool is_special(Once *o, TcgId id, TcgNode *n)
{
    const TcgBackend *be = o->be;
    TcgId arg = n->arg[0];

    switch ((OnceKind)o->op[n->op].kind) {
    case WIDENS:
        if (!be->upper_is_zero || !be->upper_is_zero(o->fn, arg)) {
            return false;
        }
        /* fall through */
    case NARROWS:
        if (!be->upper_is_zero || node(o, arg)->lazy || is_const(o, arg)) {
            return false;
        }
        n->rep = rep_of(o, arg);
        node(o, n->rep)->touched = o->now.insn;
        if (n->op == OP_trunc) {
            node(o, arg)->low = id;
        }
        return true;
    case MAKES_FLAGS:
        for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
            if (node(o, n->arg[k])->lazy) {
                compute(o, n->arg[k]);
            }
            n = node(o, id);                    /* a sum has a new constant */
            val(o, n->arg[k])->touched = o->now.insn;
        }
        n->lazy = true;
        n->touched = o->now.insn;
        n->map_uses = 1;                        /* a recipe */
        return true;
    case BRANCHES:
        if (n->op == OP_brflag) {
            join_compare(o, id);
        }
        branch(o, id);
        return true;
    case TAKES_FLAGS:
        join_compare(o, id);
        return false;
    case LEAVES:
        leave(o, id);
        return true;
    case PLAIN: case ACCESSES:
        break;
    }
    return false;
}

static inline __attribute__((always_inline)) TcgId operation(Once *o, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    OnceOp is = o->op[op_type_aux & 0xff];
    TcgId id = tcg_fn_node_new(o->fn, 0, TCG_VOID);
    TcgNode *n = node(o, id);
    TcgRegSet out;

    G_STATIC_ASSERT(offsetof(TcgNode, op) == 0 && offsetof(TcgNode, type) == 1 && offsetof(TcgNode, aux) == 2);
    memcpy(n, &op_type_aux, sizeof(op_type_aux));
    n->imm = imm;
    memcpy(&n->arg[0], &ab, sizeof(ab));
    memcpy(&n->arg[2], &cd, sizeof(cd));
    if (G_UNLIKELY(o->failed || !o->block) ||
        (!(is.plain & (n->type >= TCG_V128 ? TCG_HAS : TCG_HAS_INT)) && !o->be->has_op(o->be, n))) {
        fail(o);
        return id;
    }
    if (is.kind == ACCESSES) {
        const TcgNode *at = node(o, (TcgId)ab);

        if (at->lazy) {                         /* tcg_once_offset's */
            n->aux = (uint16_t)offset_of(o, at);
            n->arg[0] = at->arg[0];
        }
    } else if (is.kind != PLAIN) {
        if (is_special(o, id, n)) {
            return id;
        }
        is = o->op[node(o, id)->op];            /* a comparison of its own has more operands */
    }
    o->pinned = 0;
    out = place_args_fast(o, id, is);
    if (is.exits) {
        make_map(o, id, ~UINT64_C(0));
    }
    if (is.has_result) {
        result(o, id, out);
    }
    emit(o, id, node(o, id), 0);
    return id;
}

static __attribute__((noinline)) TcgId operation_as_it_is(Once *o, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    return operation(o, op_type_aux, imm, ab, cd);
}

/*
 * One that has just been written, beside others: read by itself, since a processor waits for stores that one load of all
 * of them would be made of.
 */
static inline TcgId alone(TcgId id)
{
    __asm__("" : "+r"(id));
    return id;
}

static __attribute__((noinline)) TcgId operation_by_rules(Once *o, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    TcgId id, a, b, c, d;
    TcgProto p;

    tcg_unpack(&p, op_type_aux, imm, ab, cd);
    id = tcg_simplify(o->fn, &p);
    if (id && still_has(o, id)) {
        return id;
    }
    a = alone(p.arg[0]);
    b = alone(p.arg[1]);
    c = alone(p.arg[2]);
    d = alone(p.arg[3]);
    if (!id) {
        bool all = true;

        if (tcg_pair(a, b) != ab || tcg_pair(c, d) != cd) {
            for (unsigned k = 0; k < tcg_op_def[p.op].args; k++) {
                all = all && still_has(o, p.arg[k]);
            }
        }
        if (all) {                              /* else what is simpler is made of values that are gone */
            op_type_aux = tcg_packed(p.op, p.type, p.aux);
            imm = p.imm;
            ab = tcg_pair(a, b);
            cd = tcg_pair(c, d);
        }
    }
    return operation_as_it_is(o, op_type_aux, imm, ab, cd);
}

/* Whether a rule may make the operation simpler. What applies seldom is left to the optimiser. */
static inline bool may_simplify(const Once *o, unsigned op, uint64_t ab, uint64_t cd)
{
    OnceOp is = o->op[op];
    unsigned of;

    if (is.rules == NO_RULES) {
        return false;
    }
    of = node(o, (TcgId)ab)->op;
    switch ((OnceRules)is.rules) {
    case RULES_OF_WIDTHS:
        return !o->op[of].opaque && !tcg_converts_plainly(o->fn, op, (TcgId)ab);
    case RULES_OF_CONSTANTS:
        return of == OP_const || (is_const(o, (TcgId)(ab >> 32)) &&
                                  !(op == OP_add && o->op[of].opaque && node(o, (TcgId)(ab >> 32))->imm));
    default:
        return !o->op[of].opaque || (TcgId)ab == (TcgId)(ab >> 32) ||
               (is.args > 1 && !o->op[node(o, (TcgId)(ab >> 32))->op].opaque) ||
               (is.args > 2 && (!o->op[node(o, (TcgId)cd)->op].opaque || !o->op[node(o, (TcgId)(cd >> 32))->op].opaque));
    }
}

TcgId tcg_once_emit(Once *o, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    if (may_simplify(o, op_type_aux & 0xff, ab, cd)) {
        return operation_by_rules(o, op_type_aux, imm, ab, cd);
    }
    return operation(o, op_type_aux, imm, ab, cd);
}

TcgId tcg_once_get_low(Once *o, unsigned row)
{
    TcgId id = tcg_once_get(o, row);
    const TcgNode *n = node(o, id);

    if (n->op == OP_zext) {                     /* the most frequent of all */
        TcgNode *v = val(o, n->arg[0]);

        if (v->reg) {
            v->touched = o->now.insn;
            return n->arg[0];
        }
    }
    return n->low ? n->low : tcg_once_emit(o, tcg_packed(OP_trunc, TCG_I32, 0), 0, id, 0);
}

void tcg_once_set_wide(Once *o, unsigned row, TcgId v)
{
    const TcgNode *n = node(o, v);

    if (node_type(n) == TCG_I32) {
        v = n->op == OP_const ? tcg_fn_const(o->fn, TCG_I64, n->imm) : tcg_once_emit(o, tcg_packed(OP_zext, TCG_I64, 0), 0, v, 0);
    }
    set_any(o, row, v);
}

/* A sum that an access does itself, as long as nobody else wants it. */
TcgId tcg_once_offset(Once *o, TcgId base, uint64_t offset)
{
    const TcgNode *inner = node(o, base);
    TcgNode *n;
    TcgId id;

    if (inner->lazy) {
        uint64_t sum = offset_of(o, inner) + offset;

        if ((int64_t)sum != (int16_t)sum) {
            return tcg_once_emit(o, tcg_packed(OP_add, TCG_I64, 0), 0, tcg_pair(base, tcg_fn_const(o->fn, TCG_I64, offset)), 0);
        }
        base = inner->arg[0];
        offset = sum;
    }
    id = tcg_fn_node_new(o->fn, OP_mov, TCG_I64);
    n = node(o, id);
    n->imm = offset;
    n->arg[0] = base;
    n->lazy = true;
    return id;
}

/* -- calls ------------------------------------------------------------------------------------------------------------- */

static bool sees(const Once *o, TcgHelperRegs how, uint32_t list, uint32_t len, unsigned row)
{
    bool ret = how == HREGS_ALL;

    for (uint32_t i = 0; how == HREGS_LISTED && i < len; i++) {
        ret |= *fn_list(o->fn, list + i) == row;
    }
    return ret;
}

/* A row that the call will write: what it holds now is kept for those who have it. */
static void give_up_row(Once *o, OnceRow *r)
{
    TcgId old = r->env;

    if (r->stamp == o->now.insn && r->start != r->cur) {
        fail(o);                                /* a fault would undo what came before the call */
    }
    r->cur = r->start = 0;
    r->stamp = 0;
    if (old && !is_const(o, old) && !is_spare(o, r)) {
        use(o, old, class_of(o, old));
    }
    r->env = 0;
}

void tcg_once_call(Once *o, TcgId id)
{
    const TcgNode *n;
    const TcgHelper *h;
    unsigned pc = o->fn->config->target->pc_reg;
    uint32_t list, len, locs;
    TcgConstraint c;

    n = node(o, id);
    h = call_helper(n);
    list = n->list;
    len = n->list_len;
    if (!o->block) {
        fail(o);
    }
    o->pinned = 0;
    if ((h->reads || h->writes) && !o->failed) {
        if (sees(o, h->reads, n->reads, n->num_reads, pc) || sees(o, h->writes, n->writes, n->num_writes, pc)) {
            if (o->now.pc) {
                fail(o);
            }
            store_pc(o, o->now.delta);
        }
        for (uint32_t i = 0; i < o->now.num_named; i++) {
            OnceRow *r = &o->rows[o->named[i]];

            n = node(o, id);
            if (is_dirty(r) && (sees(o, h->reads, n->reads, n->num_reads, r->row) ||
                                sees(o, h->writes, n->writes, n->num_writes, r->row))) {
                store(o, r);
            }
        }
    }
    if (o->failed) {
        return;
    }
    memset(&c, 0, sizeof(c));
    o->be->constraints(o->be, o->fn, node(o, id), &c);
    for (uint32_t k = 0; k < len; k++) {
        if (node(o, *fn_list(o->fn, list + k))->lazy) {
            compute(o, *fn_list(o->fn, list + k));
        }
        val(o, *fn_list(o->fn, list + k))->touched = o->now.insn;
    }
    n = node(o, id);
    for (uint32_t i = 0; h->writes && i < o->now.num_named; i++) {
        OnceRow *r = &o->rows[o->named[i]];

        if (!r->local && sees(o, h->writes, n->writes, n->num_writes, r->row)) {
            give_up_row(o, r);
            n = node(o, id);
        }
    }
    o->pinned = 0;
    locs = tcg_fn_list_new(o->fn, len);
    for (uint32_t k = 0; k < len; k++) {
        TcgId arg = *fn_list(o->fn, list + k);

        *fn_list(o->fn, locs + k) = place(o, arg, class_of(o, arg), !tcg_type_is_vec(node_type(node(o, arg))), true);
    }
    node(o, id)->arg_locs = locs;
    collect(o);
    for (TcgRegSet s = c.clobbers & bound(o); s; s &= s - 1) {
        evict(o, __builtin_ctzll(s));
    }
    if (h->flags & (HELPER_MAY_RAISE | HELPER_NO_RETURN)) {
        make_map(o, id, o->be->callee_saved);
    }
    if (h->writes && sees(o, h->writes, node(o, id)->writes, node(o, id)->num_writes, pc)) {
        o->now.pc_unknown = true;
    }
    o->pinned = 0;
    if (h->ret != TCG_VOID) {
        result(o, id, c.out);
    }
    emit(o, id, node(o, id), 0);
    if (h->flags & HELPER_NO_RETURN) {
        emit_own(o, OP_raise_exit, TCG_VOID, 0, 0, 0, LOC_NONE, LOC_NONE);
        o->block = 0;
    }
}

bool tcg_once_raise_if(Once *o, TcgType type, TcgCond cond, TcgId a, TcgId b, const TcgHelper *h)
{
    TcgNode *n;
    TcgId id;

    if (!o->be->once_raise || o->fn->config->costs || h->num_args || h->reads || h->writes ||
        !(h->flags & HELPER_NO_RETURN)) {
        return false;
    }
    if (!o->block) {
        fail(o);
    }
    if (o->failed) {
        return true;
    }
    id = tcg_fn_node_new(o->fn, OP_brcond, type);
    n = node(o, id);
    n->aux = (uint16_t)cond;
    n->imm = (uintptr_t)h->fn;
    n->arg[0] = a;
    n->arg[1] = b;
    o->pinned = 0;
    place_args(o, id);
    make_map(o, id, ~UINT64_C(0));
    if (!o->failed && !o->be->once_raise(o->emit, id, node(o, id))) {
        fail(o);
    }
    return true;
}

/* -- the ends of guest blocks ------------------------------------------------------------------------------------------ */

void tcg_once_poll(Once *o, int heat)
{
    if (!o->failed && !o->be->once_poll(o->emit, heat)) {
        fail(o);
    }
}

void tcg_once_goto(Once *o, unsigned slot, int64_t delta, int64_t back)
{
    const TcgReg *pc = &o->fn->config->target->regs[o->pc_reg];

    if (!o->block || o->now.pc_unknown) {
        fail(o);
    }
    if (o->failed) {
        return;
    }
    o->pinned = 0;
    o->now.pc = 0;
    o->now.insn = ++o->next_insn;               /* nothing will be undone */
    store_dirty(o, true);
    if (!o->failed && !o->be->once_goto(o->emit, pc, delta - o->now.pc_env, slot, delta, back)) {
        fail(o);
    }
    o->now.pc_env = delta;
    o->block = 0;
}

void tcg_once_goto_both(Once *o, uint32_t yes, uint32_t no, unsigned slot, int64_t if_true, int64_t if_false)
{
    const TcgReg *pc = &o->fn->config->target->regs[o->pc_reg];
    TcgId id = o->branch;
    TcgIrBlock *b = fn_block(o->fn, node(o, id)->block);

    b->succ[0] = yes;
    b->succ[1] = no;
    b->num_succ = 2;
    if (o->failed || MAX(yes, no) >= MAX_BLOCKS || o->now.num_set || o->now.pc || o->now.pc_unknown) {
        tcg_once_leads_to(o, yes, no);
        tcg_once_start(o, yes);
        tcg_once_goto(o, slot, if_true, if_true);
        tcg_once_start(o, no);
        tcg_once_goto(o, slot + 1, if_false, if_false);
        return;
    }
    o->branch = o->block = 0;                   /* all is in its fields, for both */
    emit(o, id, node(o, id), yes);
    o->be->once_block(o->emit, yes);
    if (!o->failed && !o->be->once_goto(o->emit, pc, if_true - o->now.pc_env, slot, if_true, if_true)) {
        fail(o);
    }
    o->be->once_block(o->emit, no);
    if (!o->failed && !o->be->once_goto(o->emit, pc, if_false - o->now.pc_env, slot + 1, if_false, if_false)) {
        fail(o);
    }
}

/* -- blocks ------------------------------------------------------------------------------------------------------------ */

/* The block that ended leads there (0: nowhere). */
void tcg_once_leads_to(Once *o, uint32_t succ0, uint32_t succ1)
{
    const uint32_t succ[2] = { succ0, succ1 };

    o->block = 0;
    for (unsigned i = 0; i < 2 && succ[i]; i++) {
        OnceBlock *b = &o->blk[succ[i]];

        if (succ[i] >= MAX_BLOCKS || b->started ||
            (b->entered && !(b->settled && o->settled && b->delta == o->now.delta && b->pc_env == o->now.pc_env))) {
            fail(o);
            return;
        }
        b->joins = b->entered;
        b->entered = true;
        b->settled = o->settled;
        b->delta = o->now.delta;
        b->pc_env = o->now.pc_env;
        o->num_blk = MAX(o->num_blk, succ[i] + 1);
    }
}

static size_t state_size(const OnceState *s)
{
    return offsetof(OnceState, set) + s->num_set * sizeof(s->set[0]);
}

/* A new snapshot's number + 1. */
static uint8_t keep(Once *o)
{
    OnceSnap *s = &o->snaps[o->num_snaps];

    if (o->num_snaps == MAX_SNAPS) {
        fail(o);
        return 0;
    }
    s->gone = false;
    memcpy(&s->state, &o->now, state_size(&o->now));
    for (uint32_t i = 0; i < o->now.num_named; i++) {
        s->row[i] = o->rows[o->named[i]];
    }
    return (uint8_t)++o->num_snaps;
}

/* Nothing is known of it. */
static inline void forget(OnceRow *r)
{
    r->cur = r->env = r->start = 0;
    r->stamp = 0;
    r->named = r->set = false;
}

/* Nothing is in a local's slot that its node says is there. */
static inline void empty_slot(Once *o, const OnceRow *r)
{
    if (is_in_slot(o, r)) {
        node(o, r->env)->slot = 0;
    }
}

/*
 * Nodes, slots and the list of names are shared: what was added to them since then is taken back. So states that were kept
 * since then cannot be gone back to any more: blocks are to be started depth first.
 */
static void go_back_to(Once *o, const OnceSnap *snap)
{
    const OnceState *s = &snap->state;
    uint32_t num_named = o->now.num_named, num_slots = o->now.num_slots;

    if (snap->gone) {
        fail(o);
        return;
    }
    for (OnceSnap *later = &o->snaps[snap - o->snaps] + 1; later < &o->snaps[o->num_snaps]; later++) {
        later->gone = true;
    }
    for (uint32_t i = 0; i < num_named; i++) {
        empty_slot(o, &o->rows[o->named[i]]);
    }
    for (TcgRegSet set = bound(o); set; set &= set - 1) {
        unbind(o, __builtin_ctzll(set));
    }
    while (o->now.num_lazy > s->num_lazy) {
        TcgId id = o->lazy[--o->now.num_lazy];

        node(o, id)->lazy = true;
        node(o, id)->uses = 0;
        node(o, id)->map_uses = 1;
    }
    for (uint32_t i = s->num_slots; i < num_slots; i++) {
        node(o, o->slot_of[i])->slot = 0;
    }
    memcpy(&o->now, s, state_size(s));
    o->now.num_slots = num_slots;
    for (TcgRegSet set = bound(o); set; set &= set - 1) {
        unsigned r = __builtin_ctzll(set);

        node(o, o->now.regs[r])->reg = (uint8_t)(r + 1);
    }
    for (uint32_t i = s->num_named; i < num_named; i++) {       /* which others were the first to name */
        forget(&o->rows[o->named[i]]);
    }
    for (uint32_t i = 0; i < s->num_named; i++) {
        OnceRow *r = &o->rows[o->named[i]];
        uint32_t slot = r->offset;

        *r = snap->row[i];
        r->offset = slot;                       /* a local keeps the slot that another path was the first to give it */
        if (r->env && !r->local && !is_const(o, r->env)) {
            note_row(o, r->env, r);
        } else if (r->local && r->env && node(o, r->env)->op == OP_phi) {
            node(o, r->env)->slot = (uint16_t)r->offset;
        }
    }
}

/* What holds wherever one came from: only that all is in its field or slot. */
static void join(Once *o, const OnceBlock *b)
{
    for (TcgRegSet set = bound(o); set; set &= set - 1) {
        unbind(o, __builtin_ctzll(set));
    }
    for (uint32_t i = 0; i < o->now.num_slots; i++) {
        node(o, o->slot_of[i])->slot = 0;
    }
    for (uint32_t i = 0; i < o->now.num_named; i++) {
        OnceRow *r = &o->rows[o->named[i]];

        empty_slot(o, r);
        forget(r);
        r->named = true;
    }
    for (uint32_t i = o->num_regs; i < o->locals_end; i++) {    /* also those that the last block knew nothing of */
        OnceRow *r = &o->rows[i];

        if (r->offset) {
            name(o, i);
            r->cur = r->env = tcg_fn_node_new(o->fn, OP_phi, r->type);  /* of which nobody knows anything */
            node(o, r->cur)->slot = (uint16_t)r->offset;
            node(o, r->cur)->uses = 1;
        }
    }
    o->now.num_set = 0;
    o->now.pc = o->now.pc_field = 0;
    o->now.pc_unknown = false;
    o->now.pc_env = b->pc_env;
    o->now.delta = b->delta;
    o->now.insn = ++o->next_insn;               /* none of its rows has been set */
}

void tcg_once_start(Once *o, uint32_t block)
{
    if (block >= MAX_BLOCKS || !o->blk[block].entered || o->blk[block].started) {
        fail(o);
    }
    if (o->failed) {
        return;
    }
    o->blk[block].started = true;
    if (o->branch) {
        TcgId id = o->branch;
        const TcgIrBlock *b = fn_block(o->fn, node(o, id)->block);
        uint8_t snap = 0;

        o->branch = 0;
        for (unsigned i = 0; i < b->num_succ; i++) {
            if (b->succ[i] != block) {
                snap = snap ? snap : keep(o);
                o->blk[b->succ[i]].snap = snap;
            }
        }
        emit(o, id, node(o, id), block);
    }
    if (o->blk[block].joins) {
        join(o, &o->blk[block]);
    } else if (o->blk[block].snap) {
        go_back_to(o, &o->snaps[o->blk[block].snap - 1]);
    }
    o->block = block;
    o->pinned = 0;
    if (!o->failed) {
        o->be->once_block(o->emit, block);
    }
}

/* -- beginning and end ------------------------------------------------------------------------------------------------- */

static OnceKind kind_of(unsigned op)
{
    switch (op) {
    case OP_zext: return WIDENS;
    case OP_trunc: return NARROWS;
    case OP_flags_add: case OP_flags_sub: case OP_flags_adc: case OP_flags_logic: case OP_ptest:
        return MAKES_FLAGS;
    case OP_select_fc: case OP_flags_cond: return TAKES_FLAGS;
    case OP_brflag: case OP_brcond: case OP_br_fp: case OP_br: return BRANCHES;
    case OP_goto_tb: case OP_goto_ptr: case OP_exit: return LEAVES;
    case OP_guest_ld: case OP_guest_st: return ACCESSES;
    default: return PLAIN;
    }
}

static OnceRules rules_of(unsigned op)
{
    const TcgOpDef *def = &tcg_op_def[op];

    if (!(def->flags & TCGF_PURE) || !def->args) {
        return NO_RULES;
    }
    switch (op) {
    case OP_zext: case OP_trunc:
        return RULES_OF_WIDTHS;
    case OP_add: case OP_sub: case OP_and: case OP_or: case OP_xor: case OP_andn: case OP_orn: case OP_mul:
    case OP_shl: case OP_shr: case OP_sar: case OP_flags_add: case OP_flags_sub:
        return RULES_OF_CONSTANTS;
    default:
        return RULES_OF_VALUES;
    }
}

TcgOnce *tcg_once_new(TcgFn *fn)
{
    Once *o = g_new0(Once, 1);

    o->fn = fn;
    o->be = fn->config->backend;
    o->num_regs = fn->config->target->num_regs;
    o->locals_end = o->num_regs;
    o->pc_reg = fn->config->target->pc_reg;
    o->snaps = g_new(OnceSnap, MAX_SNAPS);
    for (unsigned i = 0; i < MAX_ROWS; i++) {
        const TcgReg *r = i < o->num_regs ? &fn->config->target->regs[i] : NULL;

        o->rows[i] = (OnceRow){ .row = (uint16_t)(r ? i : TCG_LOCAL + (i - o->num_regs)), .local = !r };
        if (r) {
            o->rows[i].type = r->type;
            o->rows[i].offset = r->offset;
            o->rows[i].mo = (uint8_t)(r->type == TCG_PRED ? MO_SIZE : tcg_type_mo(r->type));    /* that of no integer */
        }
    }
    for (unsigned op = 0; op < TCG_NUM_OPS; op++) {
        const TcgOpDef *def = &tcg_op_def[op];

        o->op[op] = (OnceOp){
            .args = def->args, .plain = o->be->plain[op], .kind = (uint8_t)kind_of(op), .rules = (uint8_t)rules_of(op),
            .has_result = def->results, .exits = def->flags & TCGF_EXIT,
            .opaque = op == OP_ld_env || op == OP_phi || op == OP_guest_ld || op == OP_call,
        };
    }
    if (!fn->map_leaves) {
        fn->map_leaves = g_array_new(FALSE, FALSE, sizeof(TcgMapLeaf));
    }
    g_array_set_size(fn->map_leaves, TCG_MAX_OPERANDS * MAX_ROWS);
    o->emit = o->be->once_new(o->be, fn);
    return o;
}

void tcg_once_free(TcgOnce *o)
{
    if (o) {
        g_free(o->emit);
        g_free(o->snaps);
        g_free(o);
    }
}

void tcg_once_begin(Once *o, TcgCodeBuf *buf)
{
    TcgFn *fn = o->fn;

    for (uint32_t i = 0; i < o->now.num_named; i++) {
        forget(&o->rows[o->named[i]]);
    }
    for (; o->locals_end > o->num_regs; o->locals_end--) {
        o->rows[o->locals_end - 1].offset = 0;
    }
    memset(&o->now.free, 0, offsetof(OnceState, set) - offsetof(OnceState, free));
    memset(o->blk, 0, o->num_blk * sizeof(o->blk[0]));
    o->num_blk = fn->entry + 1;
    o->num_snaps = 0;
    o->now.free = o->be->allocatable;
    o->now.insn = o->next_insn = 1;
    o->pinned = 0;
    o->branch = 0;
    o->block = fn->entry;
    o->blk[fn->entry].entered = o->blk[fn->entry].started = true;
    fn->maps->len = 2;                          /* of the current node */
    o->failed = !o->be->once_begin(o->emit, buf);
    if (!o->failed) {
        o->be->once_block(o->emit, fn->entry);
    }
}

bool tcg_once_end(Once *o, TcgCode *ret)
{
    if (o->block || o->branch) {
        fail(o);
    }
    for (uint32_t b = 1; b < o->num_blk; b++) {
        if (o->blk[b].entered && !o->blk[b].started) {
            fail(o);
        }
    }
    o->fn->frame_slots = (o->now.num_slots + 1) & ~1u;
    return o->be->once_end(o->emit, o->failed ? NULL : ret) && !o->failed;
}
