/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The IR's body: a region (TcgFn) is blocks of nodes; a node is one operation and, if it has a result, the value of
 * the same id. Private to core/tcg. Everything lives in arrays of the TcgFn that are reused from region to region,
 * so building one allocates nothing once warm. Ids and block numbers start at 1; 0 means none.
 */
#ifndef CORE_TCG_IR_INT_H
#define CORE_TCG_IR_INT_H

#include "core/tcg/gen.h"

typedef uint32_t TcgId;

/* Row numbers from here on are locals of the region (tcg_local): TCG_LOCAL + index into fn->locals. */
enum { TCG_LOCAL = 0x8000 };
/* In the aux of an OP_goto_tb until ssa: it sets the PC row to where it goes. */
enum { TCG_GOTO_SETS_PC = 0x8000 };
/* What an OP_goto_ptr is: of a JUMP it is noted where it goes; its imm is where a call returns to, else 0. */
enum { GOTO_PTR_PLAIN, GOTO_PTR_RETURN, GOTO_PTR_JUMP };

typedef enum TcgOpFlags {
    TCGF_COMM = 1 << 0, TCGF_PURE = 1 << 1, TCGF_EXIT = 1 << 2, TCGF_EFFECT = 1 << 3, TCGF_END = 1 << 4,
    TCGF_REG = 1 << 5, TCGF_ARGT = 1 << 6, TCGF_VEC = 1 << 7, TCGF_FLAGS = 1 << 8, TCGF_PRED = 1 << 9,
} TcgOpFlags;

typedef struct TcgOpDef {
    const char *name;
    uint8_t results, args;
    uint8_t result;                             /* its type; TCG_VOID: the node's */
    uint16_t flags;
} TcgOpDef;
extern const TcgOpDef tcg_op_def[TCG_NUM_OPS];

/*
 * Where a value is, once allocated: 4 bits of kind, 28 of number.
 * Registers are the backend's: see tcg_regs_of. Frame slots are 8-byte units from the frame's base (a vector takes as many
 * as it has, from a multiple of that). The number of a constant or a recipe is its node's id.
 */
typedef uint32_t TcgLoc;
enum { LOC_NONE, LOC_REG, LOC_SLOT, LOC_CONST, LOC_RECIPE /* in maps only */ };
#define TCG_LOC(kind, n) ((TcgLoc)((kind) | (uint32_t)(n) << 4))
static inline unsigned loc_kind(TcgLoc l) { return l & 15; }
static inline unsigned loc_num(TcgLoc l) { return l >> 4; }

/*
 * Constants (OP_const) belong to no block (block is 0, they are in no list): each is visible everywhere, and equal
 * ones mostly share a node. Who needs one in a register materialises it there.
 */
typedef struct TcgNode {
    uint8_t op, type;
    uint16_t aux;
    uint32_t block;
    union {
        struct { TcgId prev, next; };           /* within the block */
        struct { TcgId rep; uint32_t touched; };        /* once.c's */
    };
    TcgId arg[4];
    uint64_t imm;
    union {
        uint64_t imm2;                          /* const V128: the high half */
        TcgId low;                              /* once.c's, of an i64: its lower half; 0: there was no need */
    };
    uint32_t list, list_len;                    /* into fn->lists: phi values; a call's arguments */
    uint32_t reads, num_reads;                  /* call with HREGS_LISTED: rows, into fn->lists */
    uint32_t writes, num_writes;
    uint32_t map;                               /* into fn->maps, 0: none */
    uint32_t uses;                              /* by nodes that are not map-only */
    uint32_t map_uses;                          /* by maps and by map-only nodes (recipes) */
    /* set by regalloc */
    union {
        uint32_t pos;                           /* position in linear order */
        struct { uint16_t slot, row; };         /* once.c's */
    };
    TcgLoc out;
    TcgLoc in[4];
    uint32_t arg_locs;                          /* call: into fn->lists, a TcgLoc for each of list */
    /* code at once */
    uint32_t map_at;                            /* where the emitter keeps the map */
    uint32_t unused0;
    uint8_t reg;
    bool lazy;
    uint16_t unused[3];                         /* an id becomes an address by one shift */
} TcgNode;
G_STATIC_ASSERT(sizeof(TcgNode) == 128);

/* The type of a node's result (ARGT and PRED ops are typed by their arguments). */
static inline TcgType node_type(const TcgNode *n)
{
    unsigned result = tcg_op_def[n->op].result;

    return (TcgType)(result ? result : n->type);
}

/* The MemOp of all of a type, and the log2 of the frame slots that it takes. */
static inline unsigned tcg_type_mo(TcgType t)
{
    static const uint8_t mo[TCG_NUM_TYPES] = { 0, MO_32, MO_64, MO_128, MO_256, MO_512, MO_64 };
    return mo[t];
}
static inline unsigned tcg_type_slots(TcgType t)
{
    static const uint8_t slots[TCG_NUM_TYPES] = { 0, 0, 0, 1, 2, 3, 0 };
    return slots[t];
}

/* Whether the operation ends a block that has two successors. */
static inline bool tcg_op_branches(unsigned op)
{
    return op == OP_brcond || op == OP_brflag || op == OP_br_fp || op == OP_br_vec;
}

/* What a load or store adds to its address (and to its index, shifted). */
static inline int tcg_access_offset(const TcgNode *n)
{
    switch (n->op) {
    case OP_guest_ld: case OP_guest_st: case OP_guest_ldh: case OP_guest_sth: case OP_guest_ldn: case OP_guest_stn:
    case OP_guest_page:
        return (int16_t)n->aux;
    case OP_guest_ldx: case OP_guest_stx: return (int16_t)n->aux >> 2;
    default: return 0;
    }
}

/* The argument that is a load's or store's index, which is shifted left by (aux & 3); 0: it has none. */
static inline unsigned tcg_access_index(const TcgNode *n)
{
    return n->op == OP_guest_ldx ? 1 : n->op == OP_guest_stx ? 2 : 0;
}

/* The argument that is what a guest_page found; 0: it has none. */
static inline unsigned tcg_access_page(const TcgNode *n)
{
    return n->op == OP_guest_ldh || n->op == OP_guest_ldn ? 1 : n->op == OP_guest_sth || n->op == OP_guest_stn ? 2 : 0;
}

/* The argument that is where that page begins; 0: it has none. */
static inline unsigned tcg_access_start(const TcgNode *n)
{
    return n->op == OP_guest_ldn ? 2 : n->op == OP_guest_stn ? 3 : 0;
}

static inline bool tcg_op_loads(unsigned op)
{
    return op == OP_guest_ld || op == OP_guest_ldx || op == OP_guest_ldh || op == OP_guest_ldn;
}

static inline bool tcg_op_stores(unsigned op)
{
    return op == OP_guest_st || op == OP_guest_stx || op == OP_guest_sth || op == OP_guest_stn;
}

/* OP_guest_page's: the regime, which accesses there are to be, how many bytes. */
enum { TCG_PAGE_READ = 1, TCG_PAGE_WRITE = 2 };
static inline uint64_t tcg_page_imm(unsigned mmu, unsigned access, uint32_t bytes)
{
    return access | (uint64_t)mmu << MO_MMU_SHIFT | (uint64_t)bytes << 32;
}

/* Scalars whose first two operands fold.c may have swapped, as aux says then: their helper has them the other way round. */
enum { TCG_FP_SWAPPED = 1 << 11 };
static inline bool tcg_fp_may_swap(TcgFp f)
{
    TcgFpOp op = tcg_fp_op(f);

    return f & TCG_FP_SCALAR && (op == TCG_FP_ADD || op == TCG_FP_MUL || (op >= TCG_FP_MADD && op <= TCG_FP_NMSUB));
}

/* The sizes that a VEC operation's elements may have: bit n: 1 << n bytes. */
static inline unsigned tcg_vec_sizes(unsigned op)
{
    switch (op) {
    case OP_vmul: case OP_vsext: return 7;
    case OP_vsadds: case OP_vuadds: case OP_vssubs: case OP_vusubs: case OP_vspack: case OP_vupack: return 3;
    case OP_vfrom: case OP_vror: case OP_vclz: return 12;
    case OP_vmulhs: case OP_vmulhu: case OP_vmulrs: case OP_vmadd: return 2;
    case OP_vmulls: case OP_vmullu: case OP_vdotus: return 4;
    case OP_vmovz: case OP_vshlv: case OP_vshrv: case OP_vsarv: return 14;
    case OP_vclmul: case OP_vtern: return 8;
    case OP_vumaxp: case OP_vmaddus: case OP_vsad: case OP_vgfmul: case OP_vgfaff: return 1;
    default: return op >= OP_vshuf && op <= OP_vsha256m2 ? 4 : op >= OP_vaesenc && op <= OP_vaesimc ? 1 : 15;
    }
}

/* Whether the operation is of each lane by itself, and has all widths. */
static inline bool tcg_op_lanewise(unsigned op)
{
    switch (op) {
    case OP_vmul: case OP_vdup: case OP_vpopcnt8: case OP_vror: case OP_vmulhs: case OP_vmulrs: case OP_vsel: case OP_vmasked:
    case OP_pcmp: case OP_vshlv: case OP_vshrv: case OP_vsarv: case OP_vclz: case OP_vtern:
        return true;
    default:
        return op >= OP_vadd && op <= OP_vusubs;
    }
}

/* OP_vmasked's: the operation, of one or two vectors, and its imm. */
static inline uint64_t tcg_masked_imm(unsigned op, uint64_t imm)
{
    return op | imm << 8;
}
static inline TcgNode tcg_masked_op(const TcgNode *n)
{
    TcgNode inner = *n;

    inner.op = (uint8_t)n->imm;
    inner.imm = n->imm >> 8;
    inner.arg[0] = n->arg[2];
    inner.arg[1] = tcg_op_def[inner.op].args == 2 ? n->arg[3] : 0;
    inner.arg[2] = inner.arg[3] = 0;
    return inner;
}

/* The low n bits. */
static inline uint64_t tcg_lanes_mask(unsigned n)
{
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* Whether lower.c has no expansion: it is emitted only where tcg_has says that the backend has it. */
static inline bool tcg_op_optional(unsigned op)
{
    return op >= OP_vshlv && op <= OP_vsha256m2;
}

static inline const TcgHelper *call_helper(const TcgNode *n)
{
    return (const TcgHelper *)(uintptr_t)n->imm;
}

/* Whether tcg_eval computes it: then it may be a recipe. Of wide vectors none is. */
static inline bool tcg_may_be_recipe(const TcgNode *n)
{
    return (tcg_op_def[n->op].flags & TCGF_PURE) && n->op != OP_const && n->op != OP_phi && !tcg_type_is_wide(n->type) &&
           n->op != OP_vlow && n->op != OP_vhigh;
}

/*
 * After dce, uses is 0 for a value that no code needs. One that maps need although no code does is a recipe if it
 * can be one; else (a load, a call's result, a phi) dce counts the map as a use.
 *
 * A value that exists for maps alone is a recipe: computed in the cold path, allocated nowhere. */
static inline bool node_is_recipe(const TcgNode *n)
{
    return n->uses == 0 && n->map_uses != 0 && tcg_may_be_recipe(n);
}

typedef struct TcgIrBlock {
    TcgId first, last;
    uint32_t succ[2];
    uint32_t num_succ;
    uint32_t preds, num_preds;                  /* into fn->lists */
    uint32_t order;                             /* reverse postorder, 1 is the entry; 0: unreachable */
    uint32_t mark;                              /* scratch of the pass that runs */
    uint32_t idom;
    uint32_t loop_depth;
} TcgIrBlock;

/*
 * A state map: the guest state at the start of the instruction that an EXIT node belongs to, as (row, value) for
 * each row whose content in the CPU object is not that. The PC row mostly needs no entry: whoever restores a map adds
 * pc_delta to the PC row's content in the CPU object (after the entries were written; 0 where an entry gives the PC).
 * Values are nodes: in a register, a slot, a constant, or a
 * recipe; loc is filled by regalloc. A recipe's operands that are no recipes have their locations, which hold at this
 * map's node alone, in leaves: in the order in which tcg_map_write walks the entries, each recipe depth first.
 */
typedef struct TcgMapEntry {
    uint16_t row;
    TcgId value;
    TcgLoc loc;
} TcgMapEntry;
typedef struct TcgStateMap {
    uint32_t first, num;                        /* into fn->map_entries */
    uint32_t insns;                             /* guest instructions begun before this one, along the forward path
                                                   from the region's entry (each loop's body counted once at most) */
    int64_t pc_delta;                           /* added to the PC row's content by a restore */
    uint32_t leaves, num_leaves;                /* set by regalloc: into fn->map_leaves */
} TcgStateMap;
typedef struct TcgMapLeaf {
    TcgId value;
    TcgLoc loc;
} TcgMapLeaf;

struct TcgFn {
    const TcgConfig *config;
    void *owner;
    GArray *nodes;                              /* TcgNode; [0] unused */
    TcgNode *node;                              /* its data */
    GArray *blocks;                             /* TcgIrBlock; [0] unused */
    GArray *lists;                              /* uint32_t */
    GArray *maps;                               /* TcgStateMap; [0] unused */
    GArray *map_entries;                        /* TcgMapEntry */
    GArray *locals;                             /* TcgType (uint8_t) */
    GArray *rpo;                                /* uint32_t: block numbers in reverse postorder */
    uint8_t *notes;                             /* tcg_gen_notes */
    uint32_t entry;                             /* block: no other block leads to it */
    uint32_t num_insns;
    TcgId entry_pc;                             /* the PC row's value on entry, 0: not asked for yet */
    GArray *rows;                               /* uint16_t: rows that get_reg and set_reg name, if rows_noted */
    GByteArray *row_seen;                       /* by row, then by local */
    bool rows_noted;                            /* by gen.c; else ssa looks for them */
    bool has_loops;                             /* by tcg_fn_compute_order */
    bool lacks;                                 /* an operation was generated that the backend lacks */
    bool too_large;                             /* it wants more of the frame than there is: no code */
    bool counted;                               /* uses have been counted once: a second time they are cleared first */
    /* nodes, maps, map entries, blocks, words of lists that fit without growing the arrays */
    uint32_t node_cap, map_cap, entry_cap, block_cap, list_cap;
    TcgId const_cache[64];                      /* by hash of type and value */
    GByteArray *scratch[4];                     /* working memory of the pass that runs: tcg_fn_scratch */
    /* set by regalloc */
    uint32_t frame_slots;                       /* 8-byte slots used, even */
    GArray *map_leaves;                         /* TcgMapLeaf (NULL until then) */
    struct TcgRegalloc *regalloc;               /* its working memory, kept from region to region (NULL until then) */
    struct TcgQuick *quick;                     /* the same of quick */
    unsigned done;                              /* TcgPassProps that hold */
};

/* What the code of an OP_goto_ptr has to say of it. */
static inline void tcg_note_goto_ptr(TcgCode *code, const TcgNode *n)
{
    code->returns |= n->aux == GOTO_PTR_RETURN;
    if (n->aux == GOTO_PTR_JUMP) {
        code->jumps = true;
        code->jump_back = (int32_t)n->imm;
    }
}

static inline TcgNode *fn_node(const TcgFn *fn, TcgId id) { return &fn->node[id]; }
static inline TcgIrBlock *fn_block(const TcgFn *fn, uint32_t b) { return &g_array_index(fn->blocks, TcgIrBlock, b); }
static inline uint32_t *fn_list(const TcgFn *fn, uint32_t i) { return &g_array_index(fn->lists, uint32_t, i); }
static inline TcgStateMap *fn_map(const TcgFn *fn, uint32_t i) { return &g_array_index(fn->maps, TcgStateMap, i); }
static inline TcgMapEntry *fn_map_entry(const TcgFn *fn, uint32_t i)
{
    return &g_array_index(fn->map_entries, TcgMapEntry, i);
}

/* -- gen.c */
TcgFn *tcg_gen_fn(TcgGen *g);                    /* the region being built: for tests */

/* -- ir.c: building, printing, parsing ------------------------------------------------------------------------- */
TcgFn *tcg_fn_new(const TcgConfig *config);
void tcg_fn_free(TcgFn *fn);
void tcg_fn_clear(TcgFn *fn);                   /* ready for the next region; keeps its memory */
void tcg_fn_room(TcgFn *fn, GArray **array, uint32_t *cap, uint32_t num);
void tcg_fn_grow(TcgFn *fn);                    /* room for one more node */
void tcg_fn_rows_grow(TcgFn *fn);               /* room in fn->rows for all that fn->row_seen has */
TcgId tcg_fn_const(TcgFn *fn, TcgType type, uint64_t value);
TcgId tcg_fn_const_v(TcgFn *fn, uint64_t lo, uint64_t hi);
/* A vector whose 16 bytes are these, each time. */
TcgId tcg_fn_const_wide(TcgFn *fn, TcgType type, uint64_t lo, uint64_t hi);
uint32_t tcg_fn_block_new(TcgFn *fn);
uint32_t tcg_fn_list_new(TcgFn *fn, uint32_t len);      /* index of len zeroed words in fn->lists */
/* The type that argument i must have (for a phi or a call: i indexes the list). */
TcgType tcg_arg_type(const TcgFn *fn, const TcgNode *n, unsigned i);
TcgType tcg_row_type(const TcgFn *fn, unsigned row);    /* of a register row or local */
/* At least `bytes` of working memory, contents unspecified; slot 0-3. */
void *tcg_fn_scratch(TcgFn *fn, unsigned slot, size_t bytes);
void tcg_fn_insert_after(TcgFn *fn, TcgId where, TcgId id);
void tcg_fn_insert_first(TcgFn *fn, uint32_t block, TcgId id);
void tcg_fn_print(const TcgFn *fn, GString *out);
/* Text as tcg_fn_print writes it (and golden files hold). NULL with GError naming the line. */
TcgFn *tcg_fn_parse(const TcgConfig *config, const char *text, GError **error);
/* The graph anew after edges changed, predecessors' lists still naming each: phis with the values of those that are left. */
void tcg_fn_update_graph(TcgFn *fn);
uint32_t tcg_fn_pred_index(const TcgFn *fn, const TcgIrBlock *b, uint32_t pred);        /* which of b's it is */
/* Puts an empty block on edge e of block p; returns it. */
uint32_t tcg_fn_split_edge(TcgFn *fn, uint32_t p, unsigned e);
void tcg_fn_compute_order(TcgFn *fn);           /* predecessors, rpo, dominators, loop depth */
bool tcg_fn_dominates(const TcgFn *fn, uint32_t a, uint32_t b);         /* block a dominates block b; after order */

/* A new node, not yet in a block. Pointers to nodes do not survive it. */
static inline TcgId tcg_fn_node_new(TcgFn *fn, TcgOpcode op, TcgType type)
{
    typedef uint64_t Pair __attribute__((vector_size(16), aligned(8), may_alias));
    TcgId id = fn->nodes->len;
    TcgNode *n;
    Pair *p;

    if (G_UNLIKELY(id >= fn->node_cap)) {
        tcg_fn_grow(fn);
    }
    fn->nodes->len = id + 1;
    n = fn_node(fn, id);
    p = (Pair *)n;                              /* a memset, or what looks like one, becomes a slow rep stos */
    p[0] = p[1] = p[2] = p[3] = p[4] = p[5] = p[6] = p[7] = (Pair){ 0, 0 };
    n->op = op;
    n->type = type;
    return id;
}

static inline void tcg_fn_append(TcgFn *fn, uint32_t block, TcgId id)
{
    TcgIrBlock *b = fn_block(fn, block);
    TcgNode *n = fn_node(fn, id);

    n->block = block;
    n->prev = b->last;
    n->next = 0;
    if (b->last) {
        fn_node(fn, b->last)->next = id;
    } else {
        b->first = id;
    }
    b->last = id;
}

static inline void tcg_fn_insert_before(TcgFn *fn, TcgId where, TcgId id)
{
    TcgNode *w = fn_node(fn, where), *n = fn_node(fn, id);

    n->block = w->block;
    n->prev = w->prev;
    n->next = where;
    if (w->prev) {
        fn_node(fn, w->prev)->next = id;
    } else {
        fn_block(fn, w->block)->first = id;
    }
    w->prev = id;
}

/* The first node of a block that is no phi; 0: there is none yet. */
static inline TcgId tcg_fn_after_phis(const TcgFn *fn, uint32_t block)
{
    TcgId id = fn_block(fn, block)->first;

    while (id && fn_node(fn, id)->op == OP_phi) {
        id = fn_node(fn, id)->next;
    }
    return id;
}

static inline void tcg_fn_remove(TcgFn *fn, TcgId id)
{
    TcgNode *n = fn_node(fn, id);
    TcgIrBlock *b = fn_block(fn, n->block);

    if (n->prev) {
        fn_node(fn, n->prev)->next = n->next;
    } else {
        b->first = n->next;
    }
    if (n->next) {
        fn_node(fn, n->next)->prev = n->prev;
    } else {
        b->last = n->prev;
    }
    n->block = n->prev = n->next = 0;
}

/* -- passes ------------------------------------------------------------------------------------------------------ */
typedef enum TcgPassProps {
    PROP_SSA = 1, PROP_LEGAL = 2, PROP_ALLOCATED = 4,
    PROP_WIDTHS = 8,                            /* operands may be wider than their operations */
} TcgPassProps;
typedef struct TcgPass {
    char letter;
    const char *name;
    void (*run)(TcgFn *fn);
    unsigned needs, gives, breaks;
} TcgPass;
extern const TcgPass tcg_pipeline[];            /* ends with a NULL run */
/* What first translations get: the same up to ssa, then quick; if tcg_quick_can says no, the rest of tcg_pipeline. */
extern const TcgPass tcg_quick_pipeline[];
static inline bool tcg_quick_can(const TcgFn *fn)
{
    return !fn->has_loops && !fn->lacks;
}

/* Runs one pass: asserts what it needs, keeps fn->done, and verifies before and after if the config says so. */
void tcg_pass_run(TcgFn *fn, const TcgPass *pass);

void tcg_ssa(TcgFn *fn);        /* 's': get_reg and set_reg become values, phis, ld_env, st_env; maps are built */
void tcg_fold(TcgFn *fn);       /* 'f': constants, copies, algebraic rules, compare and branch fusion */
void tcg_dce(TcgFn *fn);        /* 'd': unused values go; counts uses and map_uses: recipes fall out here */
void tcg_address(TcgFn *fn);    /* 'a': loads and stores take constants that are added to their addresses */
void tcg_same_page(TcgFn *fn);  /* 'p': one look into the TLB for accesses that lie together */
void tcg_lower(TcgFn *fn);      /* 'l': what the backend says it lacks becomes what it has */
void tcg_vec_branch(TcgFn *fn); /* 'v': branches on whether a vector is zero */
void tcg_widths(TcgFn *fn);     /* 'w': one register for a value and its extension, if the backend has it so */
void tcg_regalloc(TcgFn *fn);   /* 'r': inserts OP_mov; fills out, in, arg_locs and map locations */
void tcg_quick(TcgFn *fn);      /* 'q': does for a region without loops what 'd', 'l' and 'r' do, plainly and fast */
/* A branch, selection or condition on flags of a comparison, n, becomes one on what is compared. False: it is none. */
bool tcg_join_compare(TcgFn *fn, TcgNode *n);
/* Proves of an allocated region that each use, map entry and phi reads the value that the IR says; else why not. */
bool tcg_regalloc_check(const TcgFn *fn, GString *ret_why);
void tcg_regalloc_assert(const TcgFn *fn);
/* Frees what the passes keep in fn; part of tcg_fn_free. */
void tcg_regalloc_free(TcgFn *fn);
void tcg_quick_free(TcgFn *fn);

/* -- once.c: code that is emitted while it is generated, for gen.c ------------------------------------------------- */
typedef struct TcgOnce TcgOnce;
TcgOnce *tcg_once_new(TcgFn *fn);
void tcg_once_free(TcgOnce *o);
void tcg_once_begin(TcgOnce *o, TcgCodeBuf *buf);
/* False: it gave up, on the way or now; nothing was published. */
bool tcg_once_end(TcgOnce *o, TcgCode *ret);
TcgId tcg_once_get(TcgOnce *o, unsigned row);
void tcg_once_set(TcgOnce *o, unsigned row, TcgId v);
TcgId tcg_once_pc(TcgOnce *o, int64_t *ret_delta);
void tcg_once_insn(TcgOnce *o, uint64_t delta);
TcgId tcg_once_get_low(TcgOnce *o, unsigned row);
void tcg_once_set_wide(TcgOnce *o, unsigned row, TcgId v);
/* As tcg_emit_packed. */
TcgId tcg_once_emit(TcgOnce *o, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd);
/* At the entry. heat: as tcg_gen_poll's. */
void tcg_once_poll(TcgOnce *o, int heat);
/* A goto_tb that sets the PC. */
void tcg_once_goto(TcgOnce *o, unsigned slot, int64_t delta, int64_t back);
/* base + offset, of which the accesses make nothing of its own; offset fits 16 bits and a sign. */
TcgId tcg_once_offset(TcgOnce *o, TcgId base, uint64_t offset);
/* A call, of which there is a node. */
void tcg_once_call(TcgOnce *o, TcgId id);
/* As tcg_raise_if. False: nothing was done. */
bool tcg_once_raise_if(TcgOnce *o, TcgType type, TcgCond cond, TcgId a, TcgId b, const TcgHelper *h);
void tcg_once_leads_to(TcgOnce *o, uint32_t succ0, uint32_t succ1);
void tcg_once_start(TcgOnce *o, uint32_t block);
/* What the last branch leads to, new blocks: each does a goto_tb that sets the PC, by slot and slot + 1. */
void tcg_once_goto_both(TcgOnce *o, uint32_t yes, uint32_t no, unsigned slot, int64_t if_true, int64_t if_false);

/*
 * An operation that is to be emitted. tcg_simplify returns the value that it is equal to (0: none is known), or
 * rewrites it to a cheaper one; the only nodes that it makes are constants.
 */
typedef struct TcgProto {
    uint8_t op, type;
    uint16_t aux;
    TcgId arg[4];
    uint64_t imm;
    bool changed;                               /* by a rule: others may apply now */
} TcgProto;
/* Of tcg_emit_packed's arguments. */
static inline void tcg_unpack(TcgProto *p, uint32_t op_type_aux, uint64_t imm, uint64_t ab, uint64_t cd)
{
    p->op = (uint8_t)op_type_aux;
    p->type = (uint8_t)(op_type_aux >> 8);
    p->aux = (uint16_t)(op_type_aux >> 16);
    p->imm = imm;
    p->arg[0] = (TcgId)ab;
    p->arg[1] = (TcgId)(ab >> 32);
    p->arg[2] = (TcgId)cd;
    p->arg[3] = (TcgId)(cd >> 32);
}
TcgId tcg_simplify(TcgFn *fn, TcgProto *p);
/* The most frequent operations, where tcg_simplify knows of nothing. */
static inline bool tcg_converts_plainly(const TcgFn *fn, unsigned op, TcgId a)
{
    unsigned of = fn_node(fn, a)->op;

    return (op == OP_zext && of != OP_trunc && of != OP_const) ||
           (op == OP_trunc && (of == OP_get_reg || of == OP_ld_env || (of >= OP_add && of <= OP_xor)));
}

/* Whether all of a V128 is known to be zero but its lane 0 of 4 (es 2) or 8 bytes (3). */
bool tcg_zero_above(const TcgFn *fn, TcgId v, unsigned es);

/* A comparison: a COND b, of `type`. */
typedef struct TcgCompare {
    uint8_t cond, type;
    TcgId a, b;
} TcgCompare;
/* Rewrites c to a cheaper form. Its outcome if that is known (0 or 1), else -1. */
int tcg_simplify_compare(TcgFn *fn, TcgCompare *c);
/* The comparison that fc on nzcv is: 0 or 1: its outcome is known; -1: it is in ret; -2: it is none. */
int tcg_compare_of_flags(TcgFn *fn, TcgFlagCond fc, TcgId nzcv, TcgCompare *ret);

/* True, or false with a line that says which rule which node breaks. */
bool tcg_verify(const TcgFn *fn, GString *ret_why);

/*
 * Evaluates a PURE op on constants: the meaning of the IR, used by fold, by recipes and by tci's tests.
 * Values are 16 bytes; i32 results are zero extended. Only ops without control or memory.
 */
typedef union TcgVecVal { uint64_t u64[2]; uint32_t u32[4]; uint16_t u16[8]; uint8_t u8[16]; } TcgVecVal;
void tcg_eval(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgVecVal *args, TcgVecVal *ret);
/* The same of operations on all types, wide vectors among them. */
typedef union TcgWideVal { TcgVecVal v[4]; uint64_t u64[8]; uint8_t u8[64]; } TcgWideVal;
void tcg_eval_wide(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgWideVal *args, TcgWideVal *ret);
/* A constant of any type. */
static inline TcgWideVal tcg_const_value(const TcgNode *n)
{
    TcgVecVal v = { .u64 = { n->imm, n->imm2 } };

    return tcg_type_is_wide(n->type) ? (TcgWideVal){ .v = { v, v, v, v } } : (TcgWideVal){ .v = { v } };
}
bool tcg_eval_cond(TcgCond cond, unsigned bits, uint64_t a, uint64_t b);        /* a, b: zero extended */

#endif
