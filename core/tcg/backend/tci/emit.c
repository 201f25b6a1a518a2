/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an allocated region to the interpreter's bytecode (asm.h). */
#include <string.h>
#include "core/tcg/backend/tci/asm.h"
#include "core/tcg/costs.h"

enum { WORDS_MAX = 6 };                         /* an instruction that is no call */

typedef struct Fix {
    uint64_t *at, *from;                        /* the word that wants the distance; the instruction that has it */
    uint32_t block;
} Fix;

typedef struct MapFix {
    uint32_t *at;
    uint32_t map;
} MapFix;

typedef struct CifFix {
    uint32_t *at;
    const TcgHelper *helper;
} CifFix;

typedef struct Emit {
    const TcgFn *fn;
    TciCode *code;
    uint64_t *p;
    uint64_t **block;                           /* where each begins */
    GArray *fixes, *map_fixes, *cif_fixes;
    TcgCode *ret;
    TcgChain chain[TCG_MAX_CHAINS];
    uint32_t next;                              /* the block that follows, 0: none */
} Emit;

/* -- words ---------------------------------------------------------------------------------------------------------- */

static inline unsigned reg(TcgLoc loc)
{
    return loc_kind(loc) == LOC_REG ? loc_num(loc) & 31 : 0;
}

static uint64_t *insn(Emit *e, TciOp op, unsigned d, unsigned a, unsigned b, unsigned c, unsigned x)
{
    TciInsn i = { (uint16_t)op, (uint8_t)d, (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint16_t)x };

    memcpy(e->p, &i, sizeof(i));
    return e->p++;
}

static void word(Emit *e, uint64_t v)
{
    *e->p++ = v;
}

static void distance(Emit *e, uint64_t *from, uint32_t block)
{
    Fix f = { e->p++, from, block };

    g_array_append_val(e->fixes, f);
}

static void want_map(Emit *e, uint32_t *at, uint32_t map)
{
    MapFix f = { at, map };

    *at = 0;
    if (map) {
        g_array_append_val(e->map_fixes, f);
    }
}

static inline uint64_t const_of(const Emit *e, TcgLoc loc)
{
    return fn_node(e->fn, loc_num(loc))->imm;
}

/* A wide register's number among them. */
static inline unsigned wide_reg(TcgLoc loc)
{
    return loc_kind(loc) == LOC_REG ? loc_num(loc) - TCG_FIRST_WIDE : 0;
}

/* In its file. */
static inline unsigned any_reg(TcgType t, TcgLoc loc)
{
    return tcg_type_is_wide(t) ? wide_reg(loc) : reg(loc);
}

/* -- ops -------------------------------------------------------------------------------------------------------------- */

static void emit_wide_mov(Emit *e, const TcgNode *n)
{
    TcgLoc from = n->in[0], to = n->out;
    bool reg_to = loc_kind(to) == LOC_REG;
    unsigned size = tcg_type_size(n->type);

    switch (loc_kind(from)) {
    case LOC_REG:
        insn(e, reg_to ? TCI_movw : TCI_spillw, wide_reg(to), wide_reg(from), 0, size, reg_to ? 0 : loc_num(to));
        break;
    case LOC_SLOT:
        if (reg_to) {
            insn(e, TCI_reloadw, wide_reg(to), 0, 0, size, loc_num(from));
        } else {
            insn(e, TCI_slot_slotw, 0, 0, 0, size, loc_num(to));
            word(e, loc_num(from));
        }
        break;
    default:
        insn(e, reg_to ? TCI_moviw : TCI_slot_constw, wide_reg(to), 0, 0, size, reg_to ? 0 : loc_num(to));
        word(e, const_of(e, from));
        word(e, fn_node(e->fn, loc_num(from))->imm2);
    }
}

static void emit_mov(Emit *e, const TcgNode *n)
{
    TcgLoc from = n->in[0], to = n->out;
    bool vec = n->type == TCG_V128;

    if (tcg_type_is_wide(n->type)) {
        emit_wide_mov(e, n);
        return;
    }
    if (loc_kind(to) == LOC_REG) {
        switch (loc_kind(from)) {
        case LOC_REG:
            insn(e, vec ? TCI_movv : TCI_mov, reg(to), reg(from), 0, 0, 0);
            return;
        case LOC_SLOT:
            insn(e, vec ? TCI_reloadv : TCI_reload, reg(to), 0, 0, 0, loc_num(from));
            return;
        default:
            insn(e, vec ? TCI_moviv : TCI_movi, reg(to), 0, 0, 0, 0);
        }
    } else {
        switch (loc_kind(from)) {
        case LOC_REG:
            insn(e, vec ? TCI_spillv : TCI_spill, 0, reg(from), 0, 0, loc_num(to));
            return;
        case LOC_SLOT:
            insn(e, vec ? TCI_slot_slotv : TCI_slot_slot, 0, 0, 0, 0, loc_num(to));
            word(e, loc_num(from));
            return;
        default:
            insn(e, vec ? TCI_slot_constv : TCI_slot_const, 0, 0, 0, 0, loc_num(to));
        }
    }
    word(e, const_of(e, from));
    if (vec) {
        word(e, fn_node(e->fn, loc_num(from))->imm2);
    }
}

/* The ..._32r of the group; its _32i, _64r and _64i follow. */
static int binary_op(TcgOpcode op)
{
    switch (op) {
#define CASE(name, expr) case OP_##name: return TCI_##name##_32r;
    TCI_BINARY(CASE)
#undef CASE
    default:
        return -1;
    }
}

static int unary_op(TcgOpcode op)
{
    switch (op) {
#define CASE(name, expr) case OP_##name: return TCI_##name##_32;
    TCI_UNARY(CASE)
#undef CASE
    default:
        return -1;
    }
}

static const uint16_t setcond_op[TCG_NUM_CONDS] = {
#define ROW(name, expr) [COND_##name] = TCI_setcond_##name##_32r,
    TCI_CONDS(ROW)
#undef ROW
};
static const uint16_t brcond_op[TCG_NUM_CONDS] = {
#define ROW(name, expr) [COND_##name] = TCI_brcond_##name##_32r,
    TCI_CONDS(ROW)
#undef ROW
};
static const uint16_t select_op[TCG_NUM_CONDS] = {
#define ROW(name, expr) [COND_##name] = TCI_select_##name##_32,
    TCI_CONDS(ROW)
#undef ROW
};

/* first: the group's ..._32r. Appends the constant if argument 1 is one. */
static uint64_t *emit_ri(Emit *e, const TcgNode *n, unsigned first)
{
    bool is_const = loc_kind(n->in[1]) == LOC_CONST;
    uint64_t *i = insn(e, first + (n->type == TCG_I64 ? 2 : 0) + is_const, reg(n->out), reg(n->in[0]), reg(n->in[1]), 0, 0);

    if (is_const) {
        word(e, const_of(e, n->in[1]));
    }
    return i;
}

static void emit_eval(Emit *e, const TcgNode *n)
{
    TciEval ev = { .op = n->op, .type = n->type, .aux = n->aux, .imm = n->imm };
    unsigned r[4] = { 0 };

    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        TcgType t = tcg_arg_type(e->fn, n, k);

        r[k] = any_reg(t, n->in[k]);
        ev.vectors |= (t == TCG_V128) << k;
        ev.wide |= tcg_type_is_wide(t) << k;
    }
    ev.vectors |= (node_type(n) == TCG_V128) << 4;
    ev.wide |= tcg_type_is_wide(node_type(n)) << 4;
    ev.fourth = (uint8_t)r[3];
    insn(e, ev.wide ? TCI_evalw : TCI_eval, any_reg(node_type(n), n->out), r[0], r[1], r[2], 0);
    memcpy(e->p, &ev, sizeof(ev));
    e->p += sizeof(ev) / 8;
}
G_STATIC_ASSERT(sizeof(TciEval) == 16);

static void emit_env(Emit *e, const TcgNode *n)
{
    unsigned size = n->aux & MO_SIZE;

    if (tcg_type_is_wide(n->type)) {
        bool load = n->op == OP_ld_env;

        insn(e, load ? TCI_ld_envw : TCI_st_envw, wide_reg(n->out), wide_reg(n->in[0]), 0, tcg_type_size(n->type), 0);
        word(e, n->imm);
        return;
    }
    if (n->op == OP_ld_env) {
        bool sign = (n->aux & MO_SIGN) && size < (n->type == TCG_I64 ? MO_64 : MO_32);

        insn(e, (sign ? TCI_ld_env8s : TCI_ld_env8) + size, reg(n->out), 0, 0, 0, n->type);
        word(e, n->imm);
    } else if (loc_kind(n->in[0]) == LOC_CONST) {
        insn(e, TCI_st_env8i + size, 0, 0, 0, 0, 0);
        word(e, n->imm);
        word(e, const_of(e, n->in[0]));
    } else {
        insn(e, TCI_st_env8 + size, 0, reg(n->in[0]), 0, 0, 0);
        word(e, n->imm);
    }
}

/* The common kind of access has instructions of its own. */
static bool is_simple(const Emit *e, const TcgNode *n)
{
    MemOp mo = (MemOp)n->imm;

    return !e->code->layout.direct && n->type != TCG_V128 && (mo & MO_SIZE) <= MO_64 &&
           !(mo & (MO_SIGN | MO_BE | MO_ALIGN | MO_ATOM | MO_ORDER | MO_KIND));
}

static void emit_wide_guest(Emit *e, const TcgNode *n)
{
    bool load = n->op == OP_guest_ld || n->op == OP_guest_ldm;
    TcgLoc mask = n->op == OP_guest_ldm ? n->in[1] : n->op == OP_guest_stm ? n->in[2] : LOC_NONE;
    unsigned d = loc_kind(n->out) == LOC_REG ? any_reg(n->type, n->out) : 0xff;
    uint64_t *at;

    insn(e, load ? TCI_ldw : TCI_stw, d, reg(n->in[0]), load ? 0 : any_reg(n->type, n->in[1]), mask ? reg(mask) + 1 : 0,
         (n->op == OP_guest_ldm || n->op == OP_guest_stm ? n->aux : 0) | (tcg_type_is_wide(n->type) ? 0 : 16));
    at = e->p;
    word(e, (uint32_t)n->imm);
    want_map(e, (uint32_t *)at + 1, n->map);
}

static void emit_guest(Emit *e, const TcgNode *n)
{
    bool vec = n->type == TCG_V128, simple = is_simple(e, n);
    unsigned d = loc_kind(n->out) == LOC_REG ? reg(n->out) : 0xff, size = n->imm & MO_SIZE, op, c = 0;
    uint64_t *at;

    if (tcg_type_is_wide(n->type) || n->op == OP_guest_ldm || n->op == OP_guest_stm) {
        emit_wide_guest(e, n);
        return;
    }
    switch (n->op) {
    case OP_guest_ld:
        op = vec ? TCI_ldv : simple ? TCI_ld8 + size : TCI_ld;
        break;
    case OP_guest_st:
        op = vec ? TCI_stv : simple ? TCI_st8 + size : TCI_st;
        break;
    case OP_guest_rmw:
        op = TCI_rmw;
        c = n->aux;
        break;
    default:
        op = vec ? TCI_casv : TCI_cas;
        c = reg(n->in[2]);
    }
    insn(e, op, d, reg(n->in[0]), reg(n->in[1]), c, n->type);
    at = e->p;
    word(e, (uint32_t)n->imm);
    want_map(e, (uint32_t *)at + 1, n->map);
}

static void emit_call(Emit *e, const TcgNode *n)
{
    const TcgHelper *h = (const TcgHelper *)(uintptr_t)n->imm;
    TciCall *call;
    CifFix f;

    insn(e, TCI_call, loc_kind(n->out) == LOC_REG ? any_reg(n->type, n->out) : 0xff, 0, n->list_len, 0, n->type);
    call = (TciCall *)e->p;
    call->helper = h;
    call->costs_offset = call->cost = 0;
    if (e->fn->config->costs) {
        call->costs_offset = (uint32_t)e->fn->config->layout->costs_offset;
        call->cost = tcg_costs_number(e->fn->config->costs, h);
    }
    want_map(e, &call->map, n->map);
    f = (CifFix) { &call->cif, h };
    g_array_append_val(e->cif_fixes, f);
    for (uint32_t k = 0; k < n->list_len; k++) {
        TcgLoc loc = *fn_list(e->fn, n->arg_locs + k);

        call->arg[k] = (TciArg) { loc, h->args[k], loc_kind(loc) == LOC_CONST ? const_of(e, loc) : 0 };
    }
    e->p = (uint64_t *)&call->arg[n->list_len];
}

static void emit_br(Emit *e, uint32_t to)
{
    if (to != e->next) {
        distance(e, insn(e, TCI_br, 0, 0, 0, 0, 0), to);
    }
}

static void emit_node(Emit *e, TcgId id)
{
    const TcgNode *n = fn_node(e->fn, id);
    const TcgIrBlock *b = fn_block(e->fn, n->block);
    uint64_t *at;
    uint32_t to;
    int op;

    if (((tcg_op_def[n->op].flags & TCGF_PURE) || n->op == OP_ld_env) && n->out == LOC_NONE) {
        return;
    }
    op = n->type >= TCG_V128 ? -1 : binary_op(n->op);
    if (op >= 0) {
        emit_ri(e, n, (unsigned)op);
        return;
    }
    op = n->type >= TCG_V128 ? -1 : unary_op(n->op);
    if (op >= 0) {
        insn(e, (unsigned)op + (n->type == TCG_I64), reg(n->out), reg(n->in[0]), 0, 0, 0);
        return;
    }
    switch (n->op) {
    case OP_phi: case OP_insn_start:
        break;
    case OP_mov:
        emit_mov(e, n);
        break;
    case OP_ld_env: case OP_st_env:
        emit_env(e, n);
        break;
    case OP_extract:
        insn(e, TCI_extract, reg(n->out), reg(n->in[0]), 0, 0, n->aux);
        break;
    case OP_sextract:
        insn(e, TCI_sextract_32 + (n->type == TCG_I64), reg(n->out), reg(n->in[0]), 0, 0, n->aux);
        break;
    case OP_deposit:
        insn(e, TCI_deposit, reg(n->out), reg(n->in[0]), reg(n->in[1]), 0, n->aux);
        break;
    case OP_extract2:
        insn(e, TCI_extract2_32 + (n->type == TCG_I64), reg(n->out), reg(n->in[0]), reg(n->in[1]), 0, n->aux);
        break;
    case OP_trunc:
        insn(e, TCI_mov32, reg(n->out), reg(n->in[0]), 0, 0, 0);
        break;
    case OP_zext:
        insn(e, TCI_mov, reg(n->out), reg(n->in[0]), 0, 0, 0);
        break;
    case OP_sext:
        insn(e, TCI_sext, reg(n->out), reg(n->in[0]), 0, 0, 0);
        break;
    case OP_setcond:
        emit_ri(e, n, setcond_op[n->aux]);
        break;
    case OP_select:
        if (n->type >= TCG_V128) {
            emit_eval(e, n);
        } else {
            insn(e, TCI_select, reg(n->out), reg(n->in[0]), reg(n->in[1]), reg(n->in[2]), 0);
        }
        break;
    case OP_select_cmp:
        if (n->type >= TCG_V128) {
            emit_eval(e, n);
        } else {
            insn(e, select_op[n->aux] + (n->imm == TCG_I64), reg(n->out), reg(n->in[0]), reg(n->in[1]), reg(n->in[2]),
                 reg(n->in[3]));
        }
        break;
    case OP_select_fc:
        if (n->type >= TCG_V128) {
            emit_eval(e, n);
        } else {
            insn(e, TCI_select_fc, reg(n->out), reg(n->in[0]), reg(n->in[1]), reg(n->in[2]), tcg_flag_truth[n->aux]);
        }
        break;
    case OP_flags_cond:
        insn(e, TCI_flags_cond, reg(n->out), reg(n->in[0]), 0, 0, tcg_flag_truth[n->aux]);
        break;
    case OP_vand: case OP_vor: case OP_vxor:
        if (tcg_type_is_wide(n->type)) {
            emit_eval(e, n);
            break;
        }
        insn(e, n->op == OP_vand ? TCI_vand : n->op == OP_vor ? TCI_vor : TCI_vxor, reg(n->out), reg(n->in[0]),
             reg(n->in[1]), 0, 0);
        break;
    case OP_guest_ld: case OP_guest_st: case OP_guest_rmw: case OP_guest_cas: case OP_guest_ldm: case OP_guest_stm:
        emit_guest(e, n);
        break;
    case OP_fence:
        insn(e, TCI_fence, 0, 0, 0, 0, (unsigned)n->imm);
        break;
    case OP_call:
        emit_call(e, n);
        break;
    case OP_br:
        emit_br(e, b->succ[0]);
        break;
    case OP_brcond: case OP_brflag: {
        bool invert = b->succ[0] == e->next;

        to = b->succ[invert];
        if (n->op == OP_brcond) {
            at = emit_ri(e, n, brcond_op[n->aux ^ invert]);
        } else {
            unsigned truth = tcg_flag_truth[n->aux];

            at = insn(e, TCI_brflag, 0, reg(n->in[0]), 0, 0, invert ? ~truth & 0xffff : truth);
        }
        distance(e, at, to);
        emit_br(e, b->succ[!invert]);
        break;
    }
    case OP_poll:
        insn(e, TCI_poll, 0, 0, 0, 0, n->map != 0);
        at = e->p;
        word(e, e->fn->num_insns);
        want_map(e, (uint32_t *)at + 1, n->map);
        word(e, n->imm);
        break;
    case OP_goto_tb:
        insn(e, TCI_goto_tb, 0, 0, 0, 0, n->aux);
        e->chain[n->aux] = (TcgChain) {
            offsetof(TciCode, chain) + n->aux * sizeof(void *), (int32_t)n->imm, (int32_t)(n->imm >> 32),
        };
        e->ret->num_chains = MAX(e->ret->num_chains, n->aux + 1u);
        break;
    case OP_goto_ptr:
        tcg_note_goto_ptr(e->ret, n);
        insn(e, TCI_goto_ptr, 0, 0, 0, 0, 0);
        break;
    case OP_exit:
        insn(e, TCI_exit, 0, 0, 0, 0, 0);
        break;
    case OP_raise_exit:
        insn(e, TCI_raise_exit, 0, 0, 0, 0, 0);
        break;
    default:
        g_assert(tcg_op_def[n->op].flags & TCGF_PURE);
        emit_eval(e, n);
    }
}

/* -- the region ------------------------------------------------------------------------------------------------------ */

static size_t max_size(const TcgFn *fn)
{
    size_t size = sizeof(TciCode) + 64;

    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        const TcgIrBlock *b = fn_block(fn, g_array_index(fn->rpo, uint32_t, i));

        for (TcgId id = b->first; id; id = fn_node(fn, id)->next) {
            const TcgNode *n = fn_node(fn, id);

            size += WORDS_MAX * 8;
            if (n->op == OP_call) {
                size += sizeof(TciCall) + n->list_len * sizeof(TciArg) + TCG_HELPER_CIF_SIZE;
            }
            if (n->map) {
                size += tcg_map_max_size(fn, n->map);
            }
        }
    }
    return size;
}

static uint8_t *emit_cifs(Emit *e, uint8_t *p)
{
    for (unsigned i = 0; i < e->cif_fixes->len; i++) {
        CifFix *f = &g_array_index(e->cif_fixes, CifFix, i);
        uint32_t at = 0;

        for (unsigned j = 0; j < i && !at; j++) {
            const CifFix *g = &g_array_index(e->cif_fixes, CifFix, j);

            at = g->helper == f->helper ? *g->at : 0;
        }
        if (!at) {
            tcg_helper_prepare(f->helper, (struct TcgHelperCif *)p);
            at = (uint32_t)(p - (uint8_t *)e->code);
            p += TCG_HELPER_CIF_SIZE;
        }
        *f->at = at;
    }
    return p;
}

bool tcg_tci_emit(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret)
{
    const TcgTarget *t = fn->config->target;
    size_t max = max_size(fn);
    uint8_t *start = tcg_codebuf_reserve(buf, max), *end;
    Emit e = { .fn = fn, .code = (TciCode *)start, .ret = ret };

    if (!start) {
        return false;
    }
    *e.code = (TciCode) {
        .owner = (uintptr_t)fn->owner, .layout = *fn->config->layout, .pc_offset = t->regs[t->pc_reg].offset,
        .pc_type = t->regs[t->pc_reg].type, .page_bits = t->page_bits,
    };
    *ret = (TcgCode) { 0 };
    e.p = (uint64_t *)e.code->insns;
    e.block = g_new0(uint64_t *, fn->blocks->len);
    e.fixes = g_array_new(FALSE, FALSE, sizeof(Fix));
    e.map_fixes = g_array_new(FALSE, FALSE, sizeof(MapFix));
    e.cif_fixes = g_array_new(FALSE, FALSE, sizeof(CifFix));
    for (uint32_t i = 0; i < fn->rpo->len; i++) {
        uint32_t b = g_array_index(fn->rpo, uint32_t, i);

        e.block[b] = e.p;
        e.next = i + 1 < fn->rpo->len ? g_array_index(fn->rpo, uint32_t, i + 1) : 0;
        for (TcgId id = fn_block(fn, b)->first; id; id = fn_node(fn, id)->next) {
            emit_node(&e, id);
        }
    }
    e.code->num_words = (uint32_t)(e.p - (uint64_t *)e.code->insns);
    for (unsigned i = 0; i < e.fixes->len; i++) {
        const Fix *f = &g_array_index(e.fixes, Fix, i);

        *f->at = (uint64_t)(e.block[f->block] - f->from);
    }
    end = emit_cifs(&e, (uint8_t *)e.p);
    for (unsigned i = 0; i < e.map_fixes->len; i++) {
        const MapFix *f = &g_array_index(e.map_fixes, MapFix, i);

        *f->at = (uint32_t)(end - start);
        end = tcg_map_write(fn, f->map, end);
    }
    end = (uint8_t *)(((uintptr_t)end + 3) & ~(uintptr_t)3);
    ret->chain = tcg_codebuf_rx(buf, end);
    memcpy(end, e.chain, ret->num_chains * sizeof(*e.chain));
    end += ret->num_chains * sizeof(*e.chain);
    g_assert((size_t)(end - start) <= max);
    g_free(e.block);
    g_array_free(e.fixes, TRUE);
    g_array_free(e.map_fixes, TRUE);
    g_array_free(e.cif_fixes, TRUE);
    tcg_codebuf_commit(buf, start, max, end);
    ret->entry = tcg_codebuf_rx(buf, start);
    ret->size = ret->hot_size = ret->text_size = (uint32_t)(end - start);
    return true;
}
