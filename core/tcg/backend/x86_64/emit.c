/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An allocated region to x86-64 code: the layout of a translation (hot code in block order, cold stubs, vector
 * constants, then the records and state maps of the stubs), copies, control and calls. Integers are in emit_alu.c,
 * guest accesses in emit_mem.c, vectors in emit_vec.c and emit_wide.c.
 */
#include "core/tcg/backend/x86_64/emit_int.h"
#include "core/tcg/costs.h"

enum { LOOP_ALIGN = 32 };

/* A location's value to a register; leaves the flags alone. */
static void load_loc(Emit *e, TcgLoc l, unsigned type, unsigned dst)
{
    switch (loc_kind(l)) {
    case LOC_REG:
        if (loc_num(l) != dst) {
            mov_rr(&e->a, width_w(type), dst, loc_num(l));
        }
        break;
    case LOC_SLOT:
        op_rsp(&e->a, 0x8b | width_w(type), dst, slot_disp(l));
        break;
    case LOC_CONST:
        mov_ri(&e->a, dst, type == TCG_I64 ? (uint64_t)loc_const(e, l, type) : (uint32_t)loc_const(e, l, type));
        break;
    default:
        g_assert_not_reached();
    }
}

void tcg_x86_load(Emit *e, const TcgNode *n, unsigned i, unsigned type, unsigned dst)
{
    load_loc(e, n->in[i], type, dst);
}

static unsigned arg_type(const Emit *e, const TcgNode *n, unsigned i)
{
    return fn_node(e->fn, n->arg[i])->type;
}

unsigned tcg_x86_use(Emit *e, const TcgNode *n, unsigned i, unsigned scratch)
{
    if (in_reg(n, i)) {
        return loc_num(n->in[i]);
    }
    load_loc(e, n->in[i], arg_type(e, n, i), scratch);
    return scratch;
}

/* -- vector moves ---------------------------------------------------------------------------------------- */
void tcg_x86_vmov(Emit *e, unsigned dst, unsigned src)
{
    if (dst == src) {
        return;
    }
    if (e->avx) {
        if (src >= 8 && dst < 8) {
            vex_rr(&e->a, M_0F | P_66 | 0x7f, src, 0, dst);     /* the store form has a shorter prefix here */
        } else {
            vex_rr(&e->a, M_0F | P_66 | 0x6f, dst, 0, src);
        }
    } else {
        op_rr(&e->a, M_0F | 0x28, dst, src);
    }
}

/* Between a register and memory. */
static inline void vmov_m(Emit *e, bool store, unsigned reg, Mem m)
{
    if (!e->avx) {
        op_rm(&e->a, M_0F | (store ? 0x11 : 0x10), reg, m);
    } else if (G_LIKELY(m.base >= 0 && m.index == NOREG)) {
        if (m.gs) {
            put8(&e->a, 0x65);
        }
        vex_base(&e->a, M_0F | P_F3 | (store ? 0x7f : 0x6f), reg, 0, (unsigned)m.base, m.disp);
    } else {
        vex_rm(&e->a, M_0F | P_F3 | (store ? 0x7f : 0x6f), reg, 0, m);
    }
}

void tcg_x86_vmov_rm(Emit *e, unsigned dst, Mem m)
{
    vmov_m(e, false, dst, m);
}

void tcg_x86_vmov_mr(Emit *e, Mem m, unsigned src)
{
    vmov_m(e, true, src, m);
}

static void vload_const(Emit *e, TcgId id, unsigned dst)
{
    const TcgNode *c = fn_node(e->fn, id);

    if ((c->imm == 0 && c->imm2 == 0) || (c->imm == UINT64_MAX && c->imm2 == UINT64_MAX)) {
        unsigned opc = M_0F | P_66 | (c->imm ? 0x76 : 0xef);    /* pcmpeqd, pxor */

        if (e->avx) {
            vex_rr(&e->a, opc, dst, dst, dst);
        } else {
            op_rr(&e->a, opc, dst, dst);
        }
        return;
    }
    tcg_x86_vmov_rm(e, dst, mem_rip(e->a.p));
    e->consts[e->num_consts].at = e->a.p - 4;
    e->consts[e->num_consts++].node = id;
}

static void vload_loc(Emit *e, TcgLoc l, unsigned dst)
{
    switch (loc_kind(l)) {
    case LOC_REG:
        tcg_x86_vmov(e, dst, loc_num(l) - FIRST_VREG);
        break;
    case LOC_SLOT:
        tcg_x86_vmov_rm(e, dst, slot_mem(l));
        break;
    case LOC_CONST:
        vload_const(e, loc_num(l), dst);
        break;
    default:
        g_assert_not_reached();
    }
}

void tcg_x86_vload(Emit *e, const TcgNode *n, unsigned i, unsigned dst)
{
    vload_loc(e, n->in[i], dst);
}

unsigned tcg_x86_vuse(Emit *e, const TcgNode *n, unsigned i, unsigned scratch)
{
    if (in_reg(n, i)) {
        return loc_num(n->in[i]) - FIRST_VREG;
    }
    vload_loc(e, n->in[i], scratch);
    return scratch;
}

/* -- the CPU object, copies ------------------------------------------------------------------------------ */
static void emit_ld_env(Emit *e, const TcgNode *n)
{
    Mem m = mem(RBP, (int32_t)n->imm);
    unsigned w = width_w(n->type), d = loc_num(n->out);
    bool sign = n->aux & MO_SIGN;

    if (G_UNLIKELY(n->type > TCG_V128)) {
        tcg_x86_emit_wide_env(e, n);
        return;
    }
    switch (n->aux & MO_SIZE) {
    case MO_8:
        op_rm(&e->a, M_0F | (sign ? 0xbe | w : 0xb6), d, m);
        break;
    case MO_16:
        op_rm(&e->a, M_0F | (sign ? 0xbf | w : 0xb7), d, m);
        break;
    case MO_32:
        if (sign && w) {
            op_rm(&e->a, 0x63 | X_W, d, m);
        } else {
            op_rbp(&e->a, 0x8b, d, (int32_t)n->imm);
        }
        break;
    case MO_64:
        op_rbp(&e->a, 0x8b | X_W, d, (int32_t)n->imm);
        break;
    case MO_128:
        tcg_x86_vmov_rm(e, d - FIRST_VREG, m);
        break;
    }
}

static __attribute__((noinline)) void emit_st_env(Emit *e, const TcgNode *n)
{
    static const uint16_t opc[4] = { 0x88 | X_BREG, P_66 | 0x89, 0x89, 0x89 | X_W };
    unsigned size = n->aux & MO_SIZE;
    int32_t at = (int32_t)n->imm;

    if (G_UNLIKELY(n->type > TCG_V128)) {
        tcg_x86_emit_wide_env(e, n);
        return;
    }
    if (size == MO_128) {
        tcg_x86_vmov_mr(e, mem(RBP, at), tcg_x86_vuse(e, n, 0, XSCRATCH));
        return;
    }
    if (is_const(n, 0)) {
        int64_t v = (int64_t)fn_node(e->fn, loc_num(n->in[0]))->imm;

        if (size == MO_32 || (size == MO_64 && fits32(v))) {
            op_rbp(&e->a, 0xc7 | (size == MO_64 ? X_W : 0), 0, at);
            put32(&e->a, (uint32_t)v);
            return;
        }
        if (size == MO_16) {
            op_rbp(&e->a, P_66 | 0xc7, 0, at);
            put16(&e->a, (uint16_t)v);
            return;
        }
        if (size == MO_8) {
            op_rbp(&e->a, 0xc6, 0, at);
            put8(&e->a, (uint8_t)v);
            return;
        }
    }
    op_rbp(&e->a, opc[size], tcg_x86_use(e, n, 0, RAX), at);
}

/* RAX goes, if the constant is a large one. */
static void emit_add_to(Emit *e, int32_t offset, unsigned w, int64_t v)
{
    if (fits32(v)) {
        alu_rbp_i(&e->a, ALU_ADD, w, offset, (int32_t)v);
    } else {
        mov_ri(&e->a, RAX, (uint64_t)v);
        alu_mr(&e->a, ALU_ADD, w, mem(RBP, offset), RAX);
    }
}

static void emit_add_env(Emit *e, const TcgNode *n)
{
    if (is_const(n, 0)) {
        emit_add_to(e, (int32_t)n->imm, width_w(n->type), arg_const(e, n, 0, n->type));
    } else {
        alu_mr(&e->a, ALU_ADD, width_w(n->type), mem(RBP, (int32_t)n->imm), tcg_x86_use(e, n, 0, RAX));
    }
}

static void set_reg_const(Emit *e, unsigned d, uint64_t v)
{
    if (v == 0) {
        alu_rr(&e->a, ALU_XOR, 0, d, d);
    } else {
        mov_ri(&e->a, d, v);
    }
}

void tcg_x86_emit_mov(Emit *e, const TcgNode *n)
{
    unsigned type = n->type, w = width_w(type), kind = loc_kind(n->in[0]);
    bool to_reg = loc_kind(n->out) == LOC_REG;
    const uint8_t *from = e->a.p;
    int64_t v = type != TCG_V128 && kind == LOC_CONST ? loc_const(e, n->in[0], type) : 0;
    unsigned r;

    if (G_UNLIKELY(type > TCG_V128)) {
        tcg_x86_emit_wide_mov(e, n);
    } else if (type == TCG_V128) {
        if (to_reg) {
            tcg_x86_vload(e, n, 0, loc_num(n->out) - FIRST_VREG);
        } else {
            r = tcg_x86_vuse(e, n, 0, XSCRATCH);
            tcg_x86_vmov_mr(e, slot_mem(n->out), r);
        }
    } else if (kind == LOC_CONST && to_reg) {
        set_reg_const(e, loc_num(n->out), w ? (uint64_t)v : (uint32_t)v);
        if (v == 0) {
            return;                             /* by XOR */
        }
    } else if (kind == LOC_CONST && fits32(v)) {
        op_rsp(&e->a, 0xc7 | w, 0, slot_disp(n->out));
        put32(&e->a, (uint32_t)v);
    } else if (to_reg) {
        tcg_x86_load(e, n, 0, type, loc_num(n->out));
    } else {
        r = kind == LOC_REG ? loc_num(n->in[0]) : RAX;
        tcg_x86_load(e, n, 0, type, r);
        op_rsp(&e->a, 0x89 | w, r, slot_disp(n->out));
    }
    flags_kept(e, from, n->out);
}

/* -- control --------------------------------------------------------------------------------------------- */
static void nops(Emit *e, unsigned n)
{
    while (n) {
        unsigned part = MIN(n, 9);

        nop(&e->a, part);
        n -= part;
    }
}

/*
 * Before a jump of some bytes: on hosts whose decoded instructions of 32 bytes are not kept if a jump among them, or a
 * comparison fused with one, crosses or ends at their end (Intel's erratum SKX102), makes that not so.
 */
void tcg_x86_pad_jump(Emit *e, unsigned size)
{
    uint8_t *end = e->a.p, *start = e->a.compare_end == end ? e->a.compare : end, compare[16];
    unsigned n = -(uintptr_t)start & 31;

    if ((uintptr_t)(end + size) - (uintptr_t)start < n || n == 0) {
        return;
    }
    memcpy(compare, start, sizeof(compare));
    e->a.p = start;
    nops(e, n);
    memcpy(e->a.p, compare, sizeof(compare));
    e->a.p += end - start;
}

/* cc < 0: always. */
static void jump_to_block(Emit *e, int cc, uint32_t block)
{
    if (!e->recs && e->block_at[block]) {       /* code at once knows no loops */
        pad_jump(e, e->a.p - e->block_at[block] < 100 ? 2 : cc < 0 ? 5 : 6);
        if (cc < 0) {
            jmp(&e->a, e->block_at[block]);
        } else {
            jcc(&e->a, cc, e->block_at[block]);
        }
        return;
    }
    pad_jump(e, cc < 0 ? 5 : 6);
    e->jumps[e->num_jumps].at = cc < 0 ? jmp_fwd32(&e->a) : jcc_fwd32(&e->a, cc);
    e->jumps[e->num_jumps++].block = block;
}

/* A block that only leads to another is none. */
static bool is_empty(const TcgFn *fn, uint32_t block)
{
    const TcgIrBlock *b = fn_block(fn, block);

    return b->first == b->last && fn_node(fn, b->first)->op == OP_br && b->succ[0] != block && block != fn->entry;
}

/* The block that is emitted for this one; itself where empty ones go round in a circle. */
static uint32_t leads_to(const TcgFn *fn, uint32_t block)
{
    uint32_t to = block;

    for (uint32_t i = 0; is_empty(fn, to); i++) {
        if (i == fn->blocks->len) {
            return block;
        }
        to = fn_block(fn, to)->succ[0];
    }
    return to;
}

/* The same where blocks may not be there yet. */
static inline uint32_t leads_to_now(const Emit *e, uint32_t block)
{
    return e->recs ? block : leads_to(e->fn, block);
}

static void emit_branch(Emit *e, const TcgNode *n, unsigned cc, uint32_t next)
{
    const TcgIrBlock *b = fn_block(e->fn, n->block);
    uint32_t yes = leads_to_now(e, b->succ[0]), no = leads_to_now(e, b->succ[1]);
    const uint8_t *from = e->a.p;

    if (yes == next) {
        jump_to_block(e, cc ^ 1, no);
    } else {
        jump_to_block(e, cc, yes);
        if (no != next) {
            jump_to_block(e, -1, no);
        }
    }
    flags_kept(e, from, LOC_NONE);
}

/*
 * Unordered operands set ZF, PF and CF: equality needs a second jump, by parity, to where unequal ones go; all other
 * conditions are one of "above" and "below" with the operands in one order or the other.
 */
static void emit_branch_fp(Emit *e, const TcgNode *n, uint32_t next)
{
    const TcgIrBlock *b = fn_block(e->fn, n->block);
    unsigned cond = n->aux >> TCG_FP_COND_SHIFT;
    uint32_t unequal = leads_to_now(e, b->succ[(cond ^ FC_NE) & 1]);
    unsigned cc = tcg_x86_emit_fp_cond(e, n, cond);

    if (cond <= FC_NE) {
        jump_to_block(e, CC_P, unequal);
    }
    emit_branch(e, n, cc, next);
}

static void emit_leave(Emit *e, unsigned exit)
{
    mov_ri(&e->a, RAX, (uintptr_t)e->fn->owner | exit);
    jmp_far(&e->a, thunk_rw(e, THUNK_EXIT));
}

/* The jump's displacement is aligned, so that it changes at once; 0 leads to the exit behind it. */
static inline void emit_goto_tb(Emit *e, unsigned slot, int32_t delta, int32_t back)
{
    nop(&e->a, -(uintptr_t)(e->a.p + 1) & 3);
    if (have(e, HOST_PAD_JUMPS) && ((uintptr_t)e->a.p & 31) >= 27) {
        nop(&e->a, 35 - ((uintptr_t)e->a.p & 31));
    }
    while (e->code->num_chains <= slot) {
        e->chain[e->code->num_chains++] = (TcgChain){ 0 };
    }
    e->chain[slot] = (TcgChain){ (uint32_t)(jmp_fwd32(&e->a) - e->entry), delta, back };
    emit_leave(e, TCG_EXIT_CHAIN + slot);
}

/* A register with the PC: the one that was stored as such just before, or RAX. */
static unsigned pc_in_register(Emit *e, const TcgNode *n, const TcgReg *pc)
{
    while (pc->type == TCG_I64 && n->prev && fn_node(e->fn, n->prev)->op == OP_st_env) {
        n = fn_node(e->fn, n->prev);
        if (n->imm == pc->offset) {
            if (loc_kind(n->in[0]) == LOC_REG) {
                return loc_num(n->in[0]);
            }
            break;
        }
    }
    op_rbp(&e->a, 0x8b | width_w(pc->type), RAX, (int32_t)pc->offset);
    return RAX;
}

/* Nobody wants registers behind it. */
static void emit_goto_ptr(Emit *e, const TcgNode *n)
{
    const TcgTarget *t = e->fn->config->target;
    const TcgReg *pc_reg = &t->regs[t->pc_reg];
    unsigned shift = e->layout->jc_shift, pc = pc_in_register(e, n, pc_reg);
    unsigned table = pc == RCX ? RSI : RCX;
    bool scaled = shift == 2;                   /* an index of an entry's place by the PC's bits where they are */
    uint8_t *miss[2];

    if (n->aux == GOTO_PTR_JUMP) {
        mov_rr(&e->a, 0, RDX, pc);
        sh_ri(&e->a, SH_SHR, 0, RDX, 2);
        alu_ri(&e->a, ALU_AND, 0, RDX, TCG_NOTES - 1);
        mov_ri(&e->a, table, (uintptr_t)e->fn->notes);
        op_rm_imm(&e->a, 0xc6, 0, mem_bi((int)table, RDX, 0, 0), 1);
        put8(&e->a, 1);                         /* mov of a byte */
    }
    G_STATIC_ASSERT(sizeof(TcgJumpEntry) == 32);
    op_rbp(&e->a, 0x8b, RDX, e->layout->jc_mask_offset);
    alu_rr(&e->a, ALU_AND, 0, RDX, pc);
    if (shift > 5) {
        sh_ri(&e->a, SH_SHR, 0, RDX, shift - 5);
    } else if (!scaled && shift < 5) {
        sh_ri(&e->a, SH_SHL, 0, RDX, 5 - shift);
    }
    op_rbp(&e->a, 0x8b | X_W, table, e->layout->jc_offset);
#define ENTRY(field) mem_bi((int)table, RDX, scaled ? 3 : 0, offsetof(TcgJumpEntry, field))
    alu_rm(&e->a, ALU_CMP, X_W, pc, ENTRY(pc));
    pad_jump(e, 2);
    miss[0] = jcc_fwd8(&e->a, CC_NE);
    op_rbp(&e->a, 0x8b | X_W, RAX, e->layout->jc_tag_offset);
    alu_rm(&e->a, ALU_CMP, X_W, RAX, ENTRY(tag));
    pad_jump(e, 2);
    miss[1] = jcc_fwd8(&e->a, CC_NE);
    pad_jump(e, 4);
    op_rm(&e->a, 0xff, 4, ENTRY(code));         /* jmp */
#undef ENTRY
    fix8(miss[0], e->a.p);
    fix8(miss[1], e->a.p);
    if (e->layout->find) {
        mov_ri(&e->a, RDX, (uintptr_t)e->layout->find);
        mov_ri(&e->a, RAX, (uintptr_t)e->fn->owner | TCG_EXIT_LOOKUP);
        jmp(&e->a, thunk_rw(e, THUNK_FIND));
    } else {
        emit_leave(e, TCG_EXIT_LOOKUP);
    }
}

/* What a run of the code counts down: its instructions, as far as they fit a byte. */
static int heat_of(const Emit *e)
{
    return (int)CLAMP(e->fn->num_insns, 1, INT8_MAX);
}

/* heat: the word's number + 1; 0: none. id: the node, for its map; 0: it needs none. */
static void emit_poll(Emit *e, TcgId id, uint64_t heat)
{
    Stub *s;

    if (e->layout->counted) {
        alu_rbp_i(&e->a, ALU_SUB, 0, e->layout->poll_offset, (int32_t)e->fn->num_insns);
    } else {
        alu_rbp_i(&e->a, ALU_CMP, 0, e->layout->poll_offset, 0);
    }
    s = tcg_x86_stub(e, STUB_POLL, id);
    tcg_x86_stub_jump(e, s, CC_S);
    if (heat) {
        alu_rbp_i(&e->a, ALU_SUB, 0, e->layout->heat_offset + (int32_t)(heat - 1) * 4, heat_of(e));
        tcg_x86_stub_jump(e, s, CC_S);
    }
}

/* Leaves through the state map of the stub's node. */
static void emit_restore(Emit *e, Stub *s, unsigned thunk)
{
    if (e->wide) {
        call_rel(&e->a, thunk_rw(e, THUNK_SAVE_WIDE));
    }
    s->rec_at = lea_fwd(&e->a, RDX);
    jmp(&e->a, thunk_rw(e, thunk));
}

static void emit_poll_stub(Emit *e, Stub *s)
{
    const TcgNode *n = fn_node(e->fn, s->node);
    const TcgStateMap *map = n->map && !e->recs ? fn_map(e->fn, n->map) : NULL;

    if (e->layout->counted) {
        alu_mi(&e->a, ALU_ADD, 0, mem(RBP, e->layout->poll_offset), (int32_t)e->fn->num_insns);
    }
    if (map ? map->num || map->pc_delta : n->map) {
        emit_restore(e, s, THUNK_LEAVE);
    } else {
        emit_leave(e, TCG_EXIT_POLL);
    }
}

/* -- calls ----------------------------------------------------------------------------------------------- */
/* The System V order. The first argument is the CPU object. */
static const uint8_t c_args[6] = { RDI, RSI, RDX, RCX, R8, R9 };

typedef struct RegMove {
    uint8_t dst, src;
} RegMove;

/* Copies between registers as if all at once. None of them is RAX. */
static void parallel_move(Emit *e, RegMove *m, unsigned num)
{
    while (num) {
        bool progress = false;

        for (unsigned i = 0; i < num; i++) {
            bool blocked = false;

            for (unsigned j = 0; j < num; j++) {
                blocked |= j != i && m[j].src == m[i].dst;
            }
            if (!blocked) {
                if (m[i].dst != m[i].src) {
                    mov_rr(&e->a, X_W, m[i].dst, m[i].src);
                }
                m[i] = m[--num];
                progress = true;
                break;
            }
        }
        if (!progress) {                        /* only cycles are left: break one */
            uint8_t held = m[0].src;

            mov_rr(&e->a, X_W, RAX, held);
            for (unsigned j = 0; j < num; j++) {
                if (m[j].src == held) {
                    m[j].src = RAX;
                }
            }
        }
    }
}

unsigned tcg_x86_cost_place(const Emit *e, const TcgHelper *h)
{
    return tcg_costs_number(e->fn->config->costs, h) * (unsigned)sizeof(TcgCost);
}

static void emit_call(Emit *e, TcgId id, const TcgNode *n)
{
    const TcgHelper *h = (const TcgHelper *)(uintptr_t)n->imm;
    const uint32_t *locs = n->list_len ? fn_list(e->fn, n->arg_locs) : NULL;
    RegMove moves[6];
    unsigned num_moves = 0;

    /* Copies of vectors first: they read registers that the moves may overwrite only in the vector file. */
    for (unsigned i = 0; i < h->num_args; i++) {
        if (tcg_type_is_wide(h->args[i])) {
            tcg_x86_wide_arg(e, h->args[i], locs[i], mem(RSP, FRAME_W0 + 64 * (int32_t)i));
        } else if (h->args[i] == TCG_V128) {
            unsigned r = XSCRATCH;

            if (loc_kind(locs[i]) == LOC_REG) {
                r = loc_num(locs[i]) - FIRST_VREG;
            } else {
                vload_loc(e, locs[i], r);
            }
            tcg_x86_vmov_mr(e, mem(RSP, FRAME_V0 + 16 * (int32_t)i), r);
        } else if (i + 1 >= G_N_ELEMENTS(c_args)) {
            unsigned r = RAX;

            if (loc_kind(locs[i]) == LOC_REG) {
                r = loc_num(locs[i]);
            } else {
                load_loc(e, locs[i], h->args[i], r);
            }
            mov_mr(&e->a, X_W, mem(RSP, FRAME_OUT + 8 * (int32_t)(i + 1 - G_N_ELEMENTS(c_args))), r);
        }
    }
    for (unsigned i = 0; i < h->num_args && i + 1 < G_N_ELEMENTS(c_args); i++) {
        if (!tcg_type_is_vec(h->args[i]) && loc_kind(locs[i]) == LOC_REG) {
            moves[num_moves++] = (RegMove){ c_args[i + 1], loc_num(locs[i]) };
        }
    }
    moves[num_moves++] = (RegMove){ RDI, RBP };
    parallel_move(e, moves, num_moves);
    for (unsigned i = 0; i < h->num_args + (tcg_type_is_vec(h->ret) ? 1u : 0u); i++) {
        TcgType type = i == h->num_args ? h->ret : h->args[i];
        bool vector = tcg_type_is_vec(type);
        bool on_stack = i + 1 >= G_N_ELEMENTS(c_args);
        unsigned r = on_stack ? RAX : c_args[i + 1];

        if (vector) {
            int32_t at = (int32_t)(i == h->num_args ? TCG_HELPER_MAX_ARGS : i);

            lea(&e->a, X_W, r, mem(RSP, tcg_type_is_wide(type) ? FRAME_W0 + 64 * at : FRAME_V0 + 16 * at));
            if (on_stack) {
                mov_mr(&e->a, X_W, mem(RSP, FRAME_OUT + 8 * (int32_t)(i + 1 - G_N_ELEMENTS(c_args))), r);
            }
        } else if (!on_stack && loc_kind(locs[i]) != LOC_REG) {
            load_loc(e, locs[i], h->args[i], r);
        }
    }
    mov_ri(&e->a, RAX, (uintptr_t)h->fn);
    if (G_UNLIKELY(e->fn->config->costs)) {
        mov_ri(&e->a, R10, tcg_x86_cost_place(e, h));
        mov_rm(&e->a, X_W, R11, mem(RBP, e->layout->costs_offset));
        call_rel(&e->a, thunk_rw(e, THUNK_COST));
    } else {
        op_rr(&e->a, 0xff, 2, RAX);
    }
    if (h->flags & HELPER_NO_RETURN) {
        if (n->map) {
            tcg_x86_stub(e, STUB_CALL, id)->from[0] = jmp_fwd32(&e->a);
        }
        return;
    }
    if (n->map && (h->flags & HELPER_MAY_RAISE)) {
        alu_mi(&e->a, ALU_CMP, 0, mem(RBP, e->layout->raised_offset), 0);
        tcg_x86_stub(e, STUB_CALL, id)->from[0] = jcc_fwd32(&e->a, CC_NE);
    }
    if (loc_kind(n->out) == LOC_REG) {
        if (tcg_type_is_wide(h->ret)) {
            tcg_x86_wide_field(e, false, h->ret, mem(RSP, FRAME_W0 + 64 * TCG_HELPER_MAX_ARGS), loc_num(n->out));
        } else if (h->ret == TCG_V128) {
            tcg_x86_vmov_rm(e, loc_num(n->out) - FIRST_VREG, mem(RSP, FRAME_V0 + 16 * TCG_HELPER_MAX_ARGS));
        } else {
            mov_rr(&e->a, width_w(h->ret), loc_num(n->out), RAX);
        }
    }
}
G_STATIC_ASSERT(FRAME_ADDR - FRAME_OUT >= 8 * (TCG_HELPER_MAX_ARGS + 2 - 6));

/* -- cold parts ------------------------------------------------------------------------------------------ */
static inline SlowHead slow_head(const Emit *e)
{
    const TcgTarget *t = e->fn->config->target;

    return (SlowHead){
        .owner = (uintptr_t)e->fn->owner, .mem = e->layout->mem, .raised_offset = (uint32_t)e->layout->raised_offset,
        .left_offset = (uint32_t)e->layout->left_offset,
        .pc_offset = t->regs[t->pc_reg].offset, .pc_type = t->regs[t->pc_reg].type,
    };
}

static inline uint32_t rec_word(const TcgNode *n)
{
    if (n->op >= OP_guest_ld && n->op <= OP_guest_cas) {
        return (uint32_t)n->imm | (n->op == OP_guest_rmw ? (uint32_t)n->aux << SLOW_RMW_SHIFT : 0);
    }
    return n->op == OP_poll ? SLOW_POLL : 0;
}

/* To a multiple of 4, 8 or 16 bytes. */
static inline void align(Emit *e, unsigned size)
{
    memset(e->a.p, 0, 16);
    e->a.p += -(uintptr_t)e->a.p & (size - 1);
}

/* False: over the limit. */
static bool emit_recs(Emit *e)
{
    const TcgFn *fn = e->fn;
    uint8_t *head = NULL;

    if (e->recs && e->recs_size == sizeof(SlowHead) && !e->num_bares) {
        return true;
    }
    if (e->recs) {
        align(e, 8);
        if (e->a.p + e->recs_size > e->limit) {
            return false;
        }
        *(SlowHead *)e->recs = slow_head(e);
        memcpy(e->a.p, e->recs, e->recs_size);
        e->recs_at = e->a.p;
    }
    for (unsigned i = 0; i < e->num_stubs; i++) {
        const Stub *st = &e->stubs[i];
        const TcgNode *n = fn_node(fn, st->node);
        SlowRec *rec;

        if (!st->rec_at) {
            continue;
        }
        if (e->recs) {
            fix32(st->rec_at, e->a.p + n->map_at);
            continue;
        }
        if (e->a.p + (n->map ? tcg_map_max_size(fn, n->map) : 0) > e->limit) {
            return false;
        }
        if (!head) {
            align(e, 8);
            head = e->a.p;
            *(SlowHead *)head = slow_head(e);
            e->a.p += sizeof(SlowHead);
        }
        align(e, 4);
        rec = (SlowRec *)e->a.p;
        *rec = (SlowRec){ .mo = rec_word(n), .head = (int32_t)(head - e->a.p) };
        fix32(st->rec_at, e->a.p);
        e->a.p = n->map ? tcg_map_write(fn, n->map, rec->map) : rec->map;
    }
    e->a.p += e->recs ? e->recs_size : 0;
    return true;
}

static void emit_stub(Emit *e, Stub *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(s->from) && s->from[i]; i++) {
        fix32(s->from[i], e->a.p);
    }
    s->entry = e->a.p;
    switch (s->kind) {
    case STUB_MEM:
        tcg_x86_emit_mem_stub(e, s);
        break;
    case STUB_PAGE:
        tcg_x86_emit_page_stub(e, s);
        break;
    case STUB_CALL:
        emit_restore(e, s, THUNK_LEAVE);
        break;
    case STUB_RAISE:
        mov_ri(&e->a, RAX, fn_node(e->fn, s->node)->imm);
        emit_restore(e, s, THUNK_RAISE);
        break;
    case STUB_POLL:
        emit_poll_stub(e, s);
        break;
    case STUB_FP:
        tcg_x86_emit_fp_stub(e, s);
        break;
    }
}

/* Vector constants, each once. */
static void emit_consts(Emit *e)
{
    align(e, 16);
    for (unsigned i = 0; i < e->num_consts; i++) {
        TcgId id = e->consts[i].node;
        const TcgNode *c = fn_node(e->fn, id);

        if (!id) {
            continue;
        }
        for (unsigned j = i; j < e->num_consts; j++) {
            if (e->consts[j].node == id) {
                fix32(e->consts[j].at, e->a.p);
                e->consts[j].node = 0;
            }
        }
        put64(&e->a, c->imm);
        put64(&e->a, c->imm2);
    }
}

/* -- order ----------------------------------------------------------------------------------------------- */
/*
 * A release store is followed by a fence before the next acquire load: not at once, since most loops have a locked
 * instruction in between, which is one. So a fence stands before what needs it if one may be due there: an acquire
 * load, and what goes on elsewhere (calls, the region's ends; THUNK_LEAVE has its own).
 */
typedef enum Order { ORDER_NONE, ORDER_DUE, ORDER_FENCE, ORDER_NEEDS } Order;

static Order order_of(const Emit *e, const TcgNode *n)
{
    switch (n->op) {
    case OP_guest_st: case OP_guest_stx: case OP_guest_sth: case OP_guest_stn: case OP_guest_stm:
        return n->imm & MO_RELEASE ? ORDER_DUE : ORDER_NONE;
    case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn:
        return (n->imm & MO_ORDER) == MO_ACQUIRE ? ORDER_NEEDS : ORDER_NONE;
    case OP_guest_rmw: case OP_guest_cas:
        return tcg_x86_is_locked(e, n) ? ORDER_FENCE : ORDER_NONE;
    case OP_fence:
        return n->imm & FENCE_ST_LD ? ORDER_FENCE : ORDER_NONE;
    case OP_call:
        return call_helper(n)->flags & HELPER_PURE ? ORDER_NONE : ORDER_NEEDS;
    case OP_goto_tb: case OP_goto_ptr: case OP_exit: case OP_raise_exit:
        return ORDER_NEEDS;
    default:
        return ORDER_NONE;
    }
}

static void keep_order(Emit *e, const TcgNode *n)
{
    Order o = order_of(e, n);

    if (o == ORDER_NEEDS && e->fence_due) {
        tcg_x86_full_fence(e, FRAME_OUT);
    }
    if (o != ORDER_NONE) {
        e->fence_due = o == ORDER_DUE;
    }
}

static void pass_on(const Emit *e, const TcgIrBlock *b, bool due, bool *changed)
{
    for (unsigned i = 0; i < b->num_succ && due; i++) {
        *changed |= !e->due_at[b->succ[i]];
        e->due_at[b->succ[i]] = e->due_at[leads_to(e->fn, b->succ[i])] = true;
    }
}

/* due_at of all blocks; without loops, emission knows it in time. */
static void find_order(Emit *e)
{
    const TcgFn *fn = e->fn;
    bool changed = fn->has_loops;

    while (changed) {
        changed = false;
        for (unsigned i = 0; i < fn->rpo->len; i++) {
            uint32_t num = g_array_index(fn->rpo, uint32_t, i);
            const TcgIrBlock *b = fn_block(fn, num);
            Order o = ORDER_NONE;

            for (TcgId id = b->last; id && o == ORDER_NONE; id = fn_node(fn, id)->prev) {
                o = order_of(e, fn_node(fn, id));
            }
            pass_on(e, b, o == ORDER_NONE ? e->due_at[num] : o == ORDER_DUE, &changed);
        }
    }
}

/* -- the driver ------------------------------------------------------------------------------------------ */
/* next: the block that comes next. */
typedef void OpEmit(Emit *e, TcgId id, const TcgNode *n, uint32_t next);

static void op_none(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
}

static void op_const(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    if (n->type == TCG_V128) {
        vload_const(e, id, loc_num(n->out) - FIRST_VREG);
    } else {
        set_reg_const(e, loc_num(n->out), n->type == TCG_I64 ? n->imm : (uint32_t)n->imm);
    }
}

static void op_mov(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    tcg_x86_emit_mov(e, n);
}

static void op_ld_env(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_ld_env(e, n);
}

static void op_st_env(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    if (is_const(n, 0) && (n->aux & MO_SIZE) == MO_64) {        /* most of them */
        int64_t v = (int64_t)fn_node(e->fn, loc_num(n->in[0]))->imm;

        if (fits32(v)) {
            op_rbp(&e->a, 0xc7 | X_W, 0, (int32_t)n->imm);
            put32(&e->a, (uint32_t)v);
            return;
        }
    }
    emit_st_env(e, n);
}

static void op_add_env(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_add_env(e, n);
}

static void op_alu(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    tcg_x86_emit_alu(e, n);
}

static void op_vec(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    if (G_UNLIKELY(n->type > TCG_V128)) {
        tcg_x86_emit_wide(e, n);
    } else {
        tcg_x86_emit_vec(e, n);
    }
}

static void op_wide(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    tcg_x86_emit_wide(e, n);
}

static void op_fp(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    tcg_x86_emit_fp(e, id, n);
}

static void op_load_or_store(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    if (n->imm & MO_ORDER) {
        keep_order(e, n);
    }
    tcg_x86_emit_mem(e, id, n);
}

static void op_atomic(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    tcg_x86_emit_mem(e, id, n);
}

static void op_page(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    tcg_x86_emit_page(e, id, n);
}

static void op_fence(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    if (n->imm & FENCE_ST_LD) {                 /* the one reordering that this host makes */
        tcg_x86_full_fence(e, FRAME_OUT);
    }
}

static void op_call(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    emit_call(e, id, n);
}

static void op_br(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    uint32_t to = leads_to_now(e, fn_block(e->fn, n->block)->succ[0]);

    if (to != next) {
        jump_to_block(e, -1, to);
    }
}

static void op_brcond(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_branch(e, n, tcg_x86_emit_cmp(e, n, n->type, n->aux), next);
}

static void op_brflag(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_branch(e, n, tcg_x86_emit_fc(e, n, n->aux), next);
}

static void op_br_vec(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_branch(e, n, tcg_x86_emit_vec_zero(e, n), next);
}

static void op_br_fp(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_branch_fp(e, n, next);
}

static void op_poll(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    emit_poll(e, id, n->imm);
}

static void op_goto_tb(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    emit_goto_tb(e, n->aux, (int32_t)n->imm, (int32_t)(n->imm >> 32));
}

static void op_goto_ptr(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    tcg_note_goto_ptr(e->code, n);
    emit_goto_ptr(e, n);
}

static void op_exit(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    emit_leave(e, TCG_EXIT_LOOKUP);
}

static void op_raise_exit(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    keep_order(e, n);
    emit_leave(e, TCG_EXIT_RAISED);
}

static OpEmit *const emit_op[TCG_NUM_OPS] = {
    [OP_const] = op_const, [OP_mov] = op_mov, [OP_ld_env] = op_ld_env, [OP_st_env] = op_st_env, [OP_add_env] = op_add_env,
    [OP_phi] = op_none, [OP_insn_start] = op_none,
    [OP_add ... OP_flags_cond] = op_alu,
    [OP_guest_ld ... OP_guest_stx] = op_load_or_store, [OP_guest_page] = op_page,
    [OP_guest_ldh ... OP_guest_stm] = op_load_or_store, [OP_guest_rmw] = op_atomic, [OP_guest_cas] = op_atomic,
    [OP_fence] = op_fence, [OP_fp ... OP_flags_fp] = op_fp, [OP_call] = op_call,
    [OP_vadd ... OP_vsha256m2] = op_vec, [OP_vlow ... OP_ptest] = op_wide,      /* is_vec */
    [OP_br] = op_br, [OP_brcond] = op_brcond, [OP_brflag] = op_brflag, [OP_br_fp] = op_br_fp, [OP_br_vec] = op_br_vec,
    [OP_poll] = op_poll, [OP_goto_tb] = op_goto_tb, [OP_goto_ptr] = op_goto_ptr, [OP_exit] = op_exit,
    [OP_raise_exit] = op_raise_exit,
};

static inline void emit_node(Emit *e, TcgId id, const TcgNode *n, uint32_t next)
{
    e->a.compare_end = NULL;                    /* what comes before may be a place that jumps lead to */
    emit_op[n->op](e, id, n, next);
}

/* A result that nobody wants. */
static bool is_dead(const TcgNode *n)
{
    return loc_kind(n->out) == LOC_NONE && ((tcg_op_def[n->op].flags & TCGF_PURE) || n->op == OP_ld_env);
}

enum {
    NODE_MAX = 640,                             /* no node, stub or record head is longer */
    NODE_GUESS = 48,
    MAX_ON_STACK = 64 << 10,
};

/* What has just been emitted was not too long: the limit was looked at before it. */
static inline void check_size(const Emit *e, const uint8_t *start)
{
    g_assert(!e->fn->config->verify || e->a.p - start <= NODE_MAX - 16);
}

/* Where a host fault goes on. False: over the limit. */
static bool emit_fault_sites(Emit *e)
{
    FaultTable *t = (FaultTable *)e->start;

    t->sites = (uint32_t)(e->a.p - e->start);
    t->num = 0;
    for (unsigned i = 0; t->num < e->num_sites; i++) {
        const Stub *s = &e->stubs[i];

        if (s->at) {
            if (e->a.p > e->limit) {
                return false;
            }
            *(FaultSite *)e->a.p = (FaultSite){
                (uint32_t)(s->at - e->start), (uint32_t)(s->back - e->start), (uint32_t)(s->entry - e->start),
            };
            e->a.p += sizeof(FaultSite);
            t->num++;
        }
    }
    return true;
}

const void *tcg_x86_fault_resume(const TcgBackend *be, const TcgCodeBuf *buf, const void *pc)
{
    const uint8_t *start = tcg_codebuf_start(buf, pc);
    const FaultTable *t = (const FaultTable *)start;
    const FaultSite *s;
    const BareSite *b;
    size_t at;

    if (!start) {
        return NULL;
    }
    b = (const BareSite *)(start + t->bares);
    for (uint32_t i = 0; i < t->num_bares; i++) {
        const uint8_t *end = (const uint8_t *)&b[i] + b[i].end;

        if ((const uint8_t *)pc < end && (const uint8_t *)pc >= end - b[i].len) {
            return &b[i].call;
        }
    }
    s = (const FaultSite *)(start + t->sites);
    at = (size_t)((const uint8_t *)pc - start);
    for (uint32_t i = 0; i < t->num; i++) {
        if (at >= s[i].first && at < s[i].end) {
            return start + s[i].stub;
        }
    }
    return NULL;
}

static void emit_chains(Emit *e)
{
    size_t size = e->code->num_chains * sizeof(*e->chain);

    if (!size) {
        return;
    }
    align(e, 4);
    e->code->chain = tcg_codebuf_rx(e->buf, e->a.p);
    for (unsigned i = 0; i < e->code->num_chains; i++) {
        ((TcgChain *)e->a.p)[i] = e->chain[i];
    }
    e->a.p += size;
}
G_STATIC_ASSERT(TCG_MAX_CHAINS * sizeof(TcgChain) + 4 <= NODE_MAX);

/* Bytes of code so far. */
static uint32_t code_size(const Emit *e)
{
    return (uint32_t)(e->a.p - e->entry);
}

/* What follows the hot code. False: over the limit. */
static bool emit_rest(Emit *e)
{
    const uint8_t *start;

    e->code->hot_size = code_size(e);
    for (unsigned i = 0; i < e->num_jumps; i++) {
        fix32(e->jumps[i].at, e->block_at[e->jumps[i].block]);
    }
    if (e->a.p > e->limit) {
        return false;
    }
    if (e->polls[0]) {
        fix32(e->polls[0], e->a.p);
        if (e->polls[1]) {
            fix32(e->polls[1], e->a.p);
        }
        emit_leave(e, TCG_EXIT_POLL);
    }
    for (unsigned i = 0; i < e->num_stubs; i++) {
        if (e->a.p > e->limit) {
            return false;
        }
        start = e->a.p;
        emit_stub(e, &e->stubs[i]);
        check_size(e, start);
    }
    e->code->text_size = code_size(e);
    if (e->num_consts) {
        if (e->a.p + 16 * e->num_consts > e->limit) {
            return false;
        }
        emit_consts(e);
    }
    if (e->a.p > e->limit) {
        return false;
    }
    emit_chains(e);
    if (!emit_recs(e)) {
        return false;
    }
    if (e->num_bares || e->num_sites) {
        align(e, 4);
    }
    if (e->layout->direct) {
        *(FaultTable *)e->start = (FaultTable){ .bares = (uint32_t)(e->a.p - e->start), .num_bares = e->num_bares };
    }
    if (e->num_bares) {
        if (e->a.p + e->num_bares * sizeof(BareSite) > e->limit) {
            return false;
        }
        tcg_x86_put_bares(e);
    }
    return !e->num_sites || emit_fault_sites(e);
}

/* The order in which blocks are emitted: as in rpo, but those that raise an exception out of the way. */
static void place_blocks(Emit *e)
{
    const TcgFn *fn = e->fn;
    unsigned num = 0;

    for (unsigned cold = 0; cold < 2; cold++) {
        for (unsigned i = 0; i < fn->rpo->len; i++) {
            uint32_t b = g_array_index(fn->rpo, uint32_t, i);

            if (cold == (b != fn->entry && fn_node(fn, fn_block(fn, b)->last)->op == OP_raise_exit)) {
                e->placed[num++] = b;
            }
        }
    }
}

/* Whether a loop begins with the block. */
static bool is_loop(const TcgFn *fn, uint32_t block)
{
    const TcgIrBlock *b = fn_block(fn, block);

    for (uint32_t k = 0; k < b->num_preds; k++) {
        if (fn_block(fn, *fn_list(fn, b->preds + k))->order >= b->order) {
            return true;
        }
    }
    return false;
}

/* False: over the limit. */
static bool emit_region(Emit *e)
{
    const TcgFn *fn = e->fn;
    unsigned num_blocks = fn->rpo->len;
    uint32_t prev = 0;
    bool found;

    e->flags.end = NULL;
    find_order(e);
    place_blocks(e);
    for (unsigned i = 0, j; i < num_blocks; i = j) {
        uint32_t b = e->placed[i], next = 0;

        for (j = i + 1; j < num_blocks && !next; j++) {
            next = e->placed[j];
            next = leads_to(fn, next) == next ? next : 0;
        }
        j -= next != 0;
        if (fn->has_loops && is_loop(fn, b)) {
            nops(e, -(uintptr_t)e->a.p & (LOOP_ALIGN - 1));
        }
        e->block_at[b] = e->a.p;
        e->fence_due = e->due_at[b];
        if (fn_block(fn, b)->num_preds != 1 || *fn_list(fn, fn_block(fn, b)->preds) != prev) {
            e->flags.end = NULL;
        }
        prev = b;
        for (TcgId id = fn_block(fn, b)->first; id; id = fn_node(fn, id)->next) {
            if (e->a.p > e->limit) {
                return false;
            }
            if (!is_dead(fn_node(fn, id))) {
                const uint8_t *start = e->a.p;

                emit_node(e, id, fn_node(fn, id), next);
                check_size(e, start);
            }
        }
        pass_on(e, fn_block(fn, b), e->fence_due, &found);
    }
    return emit_rest(e);
}

bool tcg_x86_emit(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret)
{
    unsigned num_nodes = fn->nodes->len, num_blocks = fn->blocks->len;
    size_t max = 2 * NODE_MAX + NODE_GUESS * num_nodes;
    Emit e = {
        .fn = fn, .layout = fn->config->layout, .buf = buf, .features = buf->features,
        .avx = buf->features & HOST_AVX,
    };
    size_t blocks_size = num_blocks * sizeof(*e.block_at), jumps_size = 3 * num_blocks * sizeof(*e.jumps);
    size_t stubs_size = num_nodes * sizeof(*e.stubs), consts_size = 4 * num_nodes * sizeof(*e.consts);
    size_t due_size = num_blocks * sizeof(*e.due_at), placed_size = num_blocks * sizeof(*e.placed);
    size_t size = blocks_size + jumps_size + stubs_size + consts_size + due_size + placed_size;
    char *large = size > MAX_ON_STACK ? g_malloc(size) : NULL, *work = large ? large : g_alloca(size);
    TcgChain chain[TCG_MAX_CHAINS];
    TcgCode code;
    bool ok = false;

    g_assert(fn->frame_slots <= NUM_SLOTS && ((uintptr_t)fn->owner & TCG_EXIT_MASK) == 0);
    e.chain = chain;
    e.block_at = (void *)work;
    e.jumps = (void *)(work + blocks_size);
    e.stubs = (void *)(work + blocks_size + jumps_size);
    e.consts = (void *)(work + blocks_size + jumps_size + stubs_size);
    e.placed = (void *)(work + blocks_size + jumps_size + stubs_size + consts_size);
    e.due_at = (void *)(work + blocks_size + jumps_size + stubs_size + consts_size + placed_size);
    while (!ok) {
        e.start = tcg_codebuf_reserve(buf, max);
        if (!e.start) {
            break;
        }
        memset(e.block_at, 0, blocks_size);
        memset(e.due_at, 0, due_size);
        e.num_jumps = e.num_stubs = e.num_sites = e.num_consts = 0;
        e.a.p = e.entry = e.start + (e.layout->direct ? FAULT_TABLE_SIZE : 0);
        code = (TcgCode){ .entry = tcg_codebuf_rx(buf, e.a.p) };
        e.code = &code;
        e.limit = e.start + max - NODE_MAX;
        ok = emit_region(&e);
        if (ok && e.layout->direct) {
            tcg_codebuf_mark(buf, e.start);     /* before anybody can run it */
        }
        tcg_codebuf_commit(buf, e.start, max, ok ? e.a.p : e.start);
        max *= 2;
    }
    g_free(large);
    if (ok) {
        code.size = code_size(&e);
        *ret = code;
    }
    return ok;
}

/* -- code at once ---------------------------------------------------------------------------------------- */
enum {
    ONCE_MAX = 16 << 10,                        /* what is longer is not emitted at once */
    ONCE_BLOCKS = 64,
    ONCE_STUBS = ONCE_MAX / 4, ONCE_BARES = ONCE_MAX / 3, ONCE_CONSTS = ONCE_MAX / 7,   /* each has so many bytes of code */
    ONCE_MAPS = 32 << 10,
    ONCE_MAP_HEAD = 80, ONCE_MAP_ENTRY = 96,    /* no map is longer, its recipes being of flags */
};

typedef struct Once {
    Emit e;
    TcgCodeTaken taken;
    TcgCode code;
    uint8_t *block_at[ONCE_BLOCKS];
    bool due_at[ONCE_BLOCKS];
    struct { uint8_t *at; uint32_t block; } jumps[3 * ONCE_BLOCKS];
    Stub stubs[ONCE_STUBS];
    struct { uint8_t *at; TcgId node; } consts[ONCE_CONSTS];
    TcgChain chain[TCG_MAX_CHAINS];
    BareSite bares[ONCE_BARES];
    uint8_t *misses[ONCE_BARES];
    uint8_t recs[ONCE_MAPS] __attribute__((aligned(8)));
} Once;

void *tcg_x86_once_new(const TcgBackend *be, const TcgFn *fn)
{
    Once *o = g_new(Once, 1);                   /* once_begin sets the rest, of which few pages are needed */

    o->e = (Emit){ .fn = fn, .layout = fn->config->layout, .code = &o->code, .block_at = o->block_at, .due_at = o->due_at,
                   .jumps = (void *)o->jumps, .stubs = o->stubs, .consts = (void *)o->consts, .chain = o->chain,
                   .recs = o->recs, .bares = o->bares, .misses = o->misses };
    return o;
}

bool tcg_x86_once_begin(void *once, TcgCodeBuf *buf)
{
    Once *o = once;
    Emit *e = &o->e;

    g_assert(((uintptr_t)e->fn->owner & TCG_EXIT_MASK) == 0);
    e->start = NULL;
    if (!tcg_codebuf_take(buf, &o->taken)) {
        return false;
    }
    e->start = o->taken.start;
    e->buf = buf;
    e->features = buf->features;
    e->avx = buf->features & HOST_AVX;
    e->limit = e->start + MIN(o->taken.max, ONCE_MAX) - NODE_MAX;
    e->num_jumps = e->num_stubs = e->num_sites = e->num_consts = e->num_bares = 0;
    e->wide = false;
    e->bare = true;
    e->raises = NULL;
    e->heat_at = e->polls[0] = e->polls[1] = NULL;
    e->flags.end = NULL;
    e->a.p = e->entry = e->start + (e->layout->direct ? FAULT_TABLE_SIZE : 0);
    memset(o->due_at, 0, sizeof(o->due_at));
    e->recs_size = sizeof(SlowHead);
    o->code = (TcgCode){ .entry = tcg_codebuf_rx(buf, e->a.p) };
    return true;
}

void tcg_x86_once_block(void *once, uint32_t block)
{
    Once *o = once;
    Emit *e = &o->e;

    e->block_at[block] = e->a.p;
    e->fence_due = e->due_at[block];
    e->flags.end = NULL;
}

/* Where the next record is going to be. */
static inline uint32_t next_rec(const Once *o)
{
    return (o->e.recs_size + 3) & ~3u;
}

/* False: there is no room. */
static bool put_rec(Once *o, const TcgNode *n)
{
    Emit *e = &o->e;
    uint32_t at = next_rec(o);
    SlowRec *rec = (SlowRec *)(o->recs + at);

    if (at + ONCE_MAP_HEAD + fn_map(e->fn, n->map)->num * ONCE_MAP_ENTRY > sizeof(o->recs)) {
        return false;
    }
    rec->mo = rec_word(n);
    rec->head = -(int32_t)at;
    e->recs_size = (uint32_t)(tcg_map_write(e->fn, n->map, rec->map) - o->recs);
    return true;
}

static __attribute__((noinline)) bool emit_with_map(Once *o, TcgId id, const TcgNode *n, uint32_t next)
{
    const uint8_t *start = o->e.a.p;

    fn_node(o->e.fn, id)->map_at = next_rec(o);
    o->e.no_rec = false;
    emit_node(&o->e, id, n, next);
    check_size(&o->e, start);
    return o->e.no_rec || put_rec(o, n);
}

static __attribute__((noinline)) bool emit_with_successors(Once *o, TcgId id, const TcgNode *n, uint32_t next)
{
    const TcgIrBlock *b = fn_block(o->e.fn, n->block);

    emit_node(&o->e, id, n, next);
    for (unsigned i = 0; i < b->num_succ; i++) {
        o->due_at[b->succ[i]] |= o->e.fence_due;
    }
    return true;
}

static bool has_room(const Emit *e)
{
    return e->a.p <= e->limit;
}

bool tcg_x86_once_node(void *once, TcgId id, const TcgNode *n, uint32_t next)
{
    Once *o = once;
    Emit *e = &o->e;

    if (!has_room(e)) {
        return false;
    }
    if (n->map) {
        return emit_with_map(o, id, n, next);
    }
    if (next) {                                 /* it ends a block */
        return emit_with_successors(o, id, n, next);
    }
    emit_node(e, id, n, next);
    return true;
}

/* A field of another size than most. */
static __attribute__((noinline)) void emit_odd_field(Emit *e, bool store, unsigned type, MemOp mo, uint32_t offset,
                                                     unsigned reg)
{
    TcgNode n = { .op = store ? OP_st_env : OP_ld_env, .type = (uint8_t)type, .aux = (uint16_t)mo, .imm = offset };

    if (store) {
        n.in[0] = TCG_LOC(LOC_REG, reg);
        emit_st_env(e, &n);
    } else {
        n.out = TCG_LOC(LOC_REG, reg);
        emit_ld_env(e, &n);
    }
}

bool tcg_x86_once_field(void *once, bool store, unsigned type, MemOp mo, uint32_t offset, unsigned reg)
{
    Emit *e = &((Once *)once)->e;

    if (!has_room(e)) {
        return false;
    }
    e->a.compare_end = NULL;
    if (mo == MO_64 && store) {
        op_rbp(&e->a, 0x89 | X_W, reg, (int32_t)offset);
    } else if (mo == MO_64) {
        op_rbp(&e->a, 0x8b | X_W, reg, (int32_t)offset);
    } else if (mo == MO_128 && e->avx) {
        vex_base(&e->a, M_0F | P_F3 | (store ? 0x7f : 0x6f), reg - FIRST_VREG, 0, RBP, (int32_t)offset);
    } else {
        emit_odd_field(e, store, type, mo, offset, reg);
    }
    return true;
}

bool tcg_x86_once_raise(void *once, TcgId id, const TcgNode *n)
{
    Once *o = once;
    Emit *e = &o->e;
    unsigned cc;

    if (!has_room(e)) {
        return false;
    }
    fn_node(e->fn, id)->map_at = next_rec(o);
    e->a.compare_end = NULL;
    cc = tcg_x86_emit_cmp(e, n, n->type, n->aux);
    tcg_x86_stub_jump(e, tcg_x86_stub(e, STUB_RAISE, id), (int)cc);
    return put_rec(o, n);
}

bool tcg_x86_once_poll(void *once, int heat)
{
    Emit *e = &((Once *)once)->e;

    if (!has_room(e)) {
        return false;
    }
    e->a.compare_end = NULL;
    alu_rbp_i(&e->a, ALU_CMP, 0, e->layout->poll_offset, 0);
    pad_jump(e, 6);
    e->polls[0] = jcc_fwd32(&e->a, CC_S);
    if (heat >= 0) {
        alu_rbp_i(&e->a, ALU_SUB, 0, e->layout->heat_offset + heat * 4, 1);
        pad_jump(e, 6);                         /* which may move what it compares */
        e->heat_at = e->a.p - 1;                /* once_end knows how much */
        e->polls[1] = jcc_fwd32(&e->a, CC_S);
    }
    return true;
}

bool tcg_x86_once_goto(void *once, const TcgReg *pc, int64_t step, unsigned slot, int64_t delta, int64_t back)
{
    Emit *e = &((Once *)once)->e;

    if (!has_room(e)) {
        return false;
    }
    e->a.compare_end = NULL;
    if (e->fence_due) {
        tcg_x86_full_fence(e, FRAME_OUT);
        e->fence_due = false;
    }
    if (step && pc->type == TCG_I64 && fits32(step)) {
        alu_rbp_i(&e->a, ALU_ADD, X_W, (int32_t)pc->offset, (int32_t)step);
    } else if (step) {
        emit_add_to(e, (int32_t)pc->offset, width_w(pc->type), pc->type == TCG_I32 ? (int32_t)step : step);
    }
    emit_goto_tb(e, slot, (int32_t)delta, (int32_t)back);
    return true;
}

bool tcg_x86_once_end(void *once, TcgCode *ret)
{
    Once *o = once;
    Emit *e = &o->e;
    bool ok = ret && emit_rest(e);

    if (!e->start) {
        return false;
    }
    g_assert(e->fn->frame_slots <= NUM_SLOTS);
    if (e->heat_at) {
        *e->heat_at = (uint8_t)heat_of(e);
    }
    if (ok && e->layout->direct) {
        tcg_codebuf_mark(e->buf, e->start);     /* before anybody can run it */
    }
    tcg_codebuf_give_back(e->buf, &o->taken, ok ? e->a.p : e->start);
    if (ok) {
        o->code.size = code_size(e);
        *ret = o->code;
    }
    return ok;
}

/* -- what regalloc is told ------------------------------------------------------------------------------- */
bool tcg_x86_host_has(const TcgBackend *be, unsigned feature)
{
    return tcg_x86_features(be) & feature;
}

bool tcg_x86_has_op(const TcgBackend *be, const TcgNode *n)
{
    if (n->type > TCG_V128) {
        return tcg_x86_has_wide(be, n);
    }
    if (is_vec(n)) {
        return n->op >= OP_vlow ? tcg_x86_has_wide(be, n) : tcg_x86_has_vec(be, n);
    }
    if ((tcg_op_loads(n->op) || tcg_op_stores(n->op)) && n->type == TCG_V128 && (n->imm & MO_SIZE) < MO_128) {
        return !(n->imm & MO_BE);
    }
    if (n->op == OP_guest_rmw) {
        return (n->imm & MO_SIZE) < MO_128;
    }
    if (n->op == OP_guest_ldm || n->op == OP_guest_stm) {
        return tcg_x86_has_wide(be, n);
    }
    if ((n->op >= OP_fp && n->op <= OP_flags_fp) || n->op == OP_br_fp) {
        return tcg_x86_has_fp(be, n);
    }
    return true;
}

/* A constant that is no immediate. */
static bool is_far_const(const TcgFn *fn, TcgId id, unsigned type)
{
    const TcgNode *n = fn_node(fn, id);

    return n->op == OP_const && type == TCG_I64 && !fits32((int64_t)n->imm);
}

void tcg_x86_constraints(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    *ret = (TcgConstraint){ .out_same_as = -1 };
    if (is_vec(n)) {
        if (is_wide(n)) {
            tcg_x86_constraints_wide(fn, n, ret);
        } else {
            tcg_x86_constraints_vec(fn, n, ret);
        }
        return;
    }
    if (n->op >= OP_guest_ld && n->op <= OP_guest_cas) {
        tcg_x86_constraints_mem(fn, n, ret);
        return;
    }
    if ((n->op >= OP_fp && n->op <= OP_flags_fp) || n->op == OP_br_fp) {
        tcg_x86_constraints_fp(n, ret);
        return;
    }
    TcgRegSet class = be->allocatable & tcg_regs_of(n->type ? n->type : TCG_I64);

    for (unsigned i = 0; i < TCG_MAX_OPERANDS; i++) {
        ret->arg[i] = class;
        ret->arg_const[i] = ret->arg_slot[i] = true;
    }
    ret->out = class;
    switch (n->op) {
    case OP_br_vec:
        ret->arg_const[0] = ret->arg_slot[0] = false;
        break;
    case OP_and: case OP_or: case OP_xor:       /* a far constant is made where the result will be */
        ret->out_same_as = is_far_const(fn, n->arg[1], n->type) ? -1 : 0;
        break;
    case OP_not: case OP_neg: case OP_bswap: case OP_deposit: case OP_extract2:
    case OP_trunc:
        ret->out_same_as = 0;
        break;
    case OP_add:                                /* lea, where it can be */
        break;
    case OP_addshl:
        ret->arg_const[0] = ret->arg_const[1] = ret->arg_slot[0] = ret->arg_slot[1] = false;
        break;
    case OP_sub:
        ret->out_same_as = fn_node(fn, n->arg[1])->op != OP_const || is_far_const(fn, n->arg[1], n->type) ? 0 : -1;
        break;
    case OP_mul:                                /* imul has three operands with an immediate */
        ret->out_same_as = fn_node(fn, n->arg[1])->op != OP_const ? 0 : -1;
        break;
    case OP_shl: case OP_shr: case OP_sar: case OP_ror:         /* by a variable: shlx and its like */
        ret->out_same_as = fn_node(fn, n->arg[1])->op == OP_const ? 0 : -1;
        break;
    case OP_extract: case OP_sextract:          /* movzx, movsx; else shifts in place */
        ret->out_same_as = (n->aux & 0xff) == 0 && n->aux >> 8 <= 32 ? -1 : 0;
        break;
    case OP_zext:                               /* nothing at all, where it can be */
        ret->out_same_as = tcg_x86_upper_is_zero(fn, n->arg[0]) ? 0 : -1;
        break;
    case OP_select:
    case OP_select_fc:
        ret->arg[0] = X86_INT_REGS;
        ret->out_same_as = 2;
        break;
    case OP_select_cmp:
        ret->arg[0] = ret->arg[1] = X86_INT_REGS;
        ret->out_same_as = 3;
        break;
    case OP_divu:
    case OP_divs:
        ret->arg_const[1] = ret->arg_slot[1] = false;
        break;
    case OP_call:
        ret->clobbers = X86_INT_REGS & ~X86_CALLEE_SAVED;
        ret->clobbers |= X86_VEC_REGS | X86_WIDE_REGS | X86_PRED_REGS;
        break;
    }
}
