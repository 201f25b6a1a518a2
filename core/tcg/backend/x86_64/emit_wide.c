/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wide vectors and predicates, on hosts with AVX-512: EVEX, in registers 16-31 and masks K1, K2, K4-K7; and V128 values
 * under predicates, which stay in registers 0-14. ZMM31 and K0 are scratch, and XMM15 for V128; RAX and RDX as everywhere.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

#define V(map, op) ((map) | P_66 | (op))
enum {
    PTERNLOG = V(M_3A, 0x25), PXOR = V(M_0F, 0xef), EXTRACT128 = V(M_3A, 0x39), EXTRACT256 = V(M_3A, 0x3b) | X_W,
    INSERT128 = V(M_3A, 0x38), INSERT256 = V(M_3A, 0x3a) | X_W, BROADCAST128 = V(M_38, 0x5a), MOVA = V(M_0F, 0x6f) | X_W,
    LOAD = M_0F | P_F3 | X_W | 0x6f, STORE = M_0F | P_F3 | X_W | 0x7f, MASK_TO_BYTES = M_38 | P_F3 | 0x29,
    PEXT = M_38 | P_F3 | X_W | 0xf5, PDEP = M_38 | P_F2 | X_W | 0xf5, BZHI = M_38 | X_W | 0xf5, BLSI = M_38 | X_W | 0xf3,
};
/* By log2 of the element size. */
static const uint16_t masked_load[4] = {
    M_0F | P_F2 | 0x6f, M_0F | P_F2 | X_W | 0x6f, M_0F | P_F3 | 0x6f, M_0F | P_F3 | X_W | 0x6f,
};
static const uint16_t blend[4] = { V(M_38, 0x66), V(M_38, 0x66) | X_W, V(M_38, 0x64), V(M_38, 0x64) | X_W };
static const uint16_t lanes_of_mask[4] = {
    M_38 | P_F3 | 0x28, M_38 | P_F3 | X_W | 0x28, M_38 | P_F3 | 0x38, M_38 | P_F3 | X_W | 0x38,
};
static const uint64_t lowest_bits[4] = { UINT64_MAX, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101 };

static unsigned width_of(TcgType t)
{
    return t - TCG_V128;
}
G_STATIC_ASSERT(TCG_V256 == TCG_V128 + 1 && TCG_V512 == TCG_V128 + 2);

static unsigned vreg(TcgLoc l)
{
    g_assert(loc_kind(l) == LOC_REG && loc_num(l) >= FIRST_VREG);
    return loc_num(l) - FIRST_VREG;
}

static unsigned kreg(TcgLoc l)
{
    g_assert(loc_kind(l) == LOC_REG && loc_num(l) >= TCG_FIRST_PRED && loc_num(l) < FIRST_VREG);
    return loc_num(l) - TCG_FIRST_PRED;
}

static unsigned scratch_of(TcgType t)
{
    return t == TCG_V128 ? XSCRATCH : WSCRATCH;
}

static bool is_zero_const(const TcgNode *n)
{
    return n->op == OP_const && !n->imm && !n->imm2;
}

static void note_wide(Emit *e)
{
    e->wide = true;
    e->bare = false;                            /* THUNK_BARE does not keep them */
}

/* -- moves ------------------------------------------------------------------------------------------------------- */

static void vmov(Emit *e, TcgType type, unsigned d, unsigned s)
{
    if (d != s) {
        evex_wide_rr(&e->a, MOVA, width_of(type), d, 0, s);
    }
}

void tcg_x86_wide_rm(Emit *e, TcgType type, unsigned v, Mem m)
{
    note_wide(e);
    evex_wide_rm(&e->a, LOAD, width_of(type), v, 0, m, (int32_t)tcg_type_size(type));
}

void tcg_x86_wide_mr(Emit *e, TcgType type, Mem m, unsigned v)
{
    note_wide(e);
    evex_wide_rm(&e->a, STORE, width_of(type), v, 0, m, (int32_t)tcg_type_size(type));
}

static void wide_const(Emit *e, TcgType type, TcgId id, unsigned d)
{
    const TcgNode *c = fn_node(e->fn, id);

    note_wide(e);
    if (is_zero_const(c)) {
        evex_wide_rr(&e->a, PXOR, width_of(type), d, d, d);
    } else if (c->imm == UINT64_MAX && c->imm2 == UINT64_MAX) {
        evex_wide_rr(&e->a, PTERNLOG, width_of(type), d, d, d);
        put8(&e->a, 0xff);
    } else {
        evex_wide_rm(&e->a, BROADCAST128, width_of(type), d, 0, mem_rip(e->a.p), 16);
        e->consts[e->num_consts].at = e->a.p - 4;
        e->consts[e->num_consts++].node = id;
    }
}

static void wide_load_loc(Emit *e, TcgType type, TcgLoc l, unsigned d)
{
    switch (loc_kind(l)) {
    case LOC_REG:
        vmov(e, type, d, vreg(l));
        break;
    case LOC_SLOT:
        tcg_x86_wide_rm(e, type, d, slot_mem(l));
        break;
    default:
        g_assert(loc_kind(l) == LOC_CONST);
        wide_const(e, type, loc_num(l), d);
    }
}

static void mask_const(Emit *e, unsigned k, uint64_t v)
{
    if (v == 0 || v == UINT64_MAX) {
        k_op(&e->a, v ? KXNOR : KXOR, k, k, k);
    } else {
        mov_ri(&e->a, RAX, v);
        k_from(&e->a, k, RAX);
    }
}

static void emit_mask_mov(Emit *e, TcgLoc from, TcgLoc to)
{
    bool to_reg = loc_kind(to) == LOC_REG;

    switch (loc_kind(from)) {
    case LOC_REG:
        if (!to_reg) {
            k_store(&e->a, slot_mem(to), kreg(from));
        } else if (to != from) {
            k_mov(&e->a, kreg(to), kreg(from));
        }
        break;
    case LOC_SLOT:
        if (to_reg) {
            k_load(&e->a, kreg(to), slot_mem(from));
        } else {
            mov_rm(&e->a, X_W, RAX, slot_mem(from));
            mov_mr(&e->a, X_W, slot_mem(to), RAX);
        }
        break;
    default:
        g_assert(loc_kind(from) == LOC_CONST);
        if (to_reg) {
            mask_const(e, kreg(to), fn_node(e->fn, loc_num(from))->imm);
        } else {
            mov_ri(&e->a, RAX, fn_node(e->fn, loc_num(from))->imm);
            mov_mr(&e->a, X_W, slot_mem(to), RAX);
        }
    }
}

void tcg_x86_emit_wide_mov(Emit *e, const TcgNode *n)
{
    note_wide(e);
    if (n->type == TCG_PRED) {
        emit_mask_mov(e, n->in[0], n->out);
    } else if (loc_kind(n->out) == LOC_REG) {
        wide_load_loc(e, n->type, n->in[0], vreg(n->out));
    } else {
        tcg_x86_wide_arg(e, n->type, n->in[0], slot_mem(n->out));
    }
}

void tcg_x86_wide_arg(Emit *e, TcgType type, TcgLoc l, Mem m)
{
    unsigned v = WSCRATCH;

    if (loc_kind(l) == LOC_REG) {
        v = vreg(l);
    } else {
        wide_load_loc(e, type, l, v);
    }
    tcg_x86_wide_mr(e, type, m, v);
}

void tcg_x86_wide_field(Emit *e, bool store, TcgType type, Mem m, unsigned reg)
{
    note_wide(e);
    if (type != TCG_PRED) {
        (store ? tcg_x86_wide_mr(e, type, m, reg - FIRST_VREG) : tcg_x86_wide_rm(e, type, reg - FIRST_VREG, m));
    } else if (store) {
        k_store(&e->a, m, reg - TCG_FIRST_PRED);
    } else {
        k_load(&e->a, reg - TCG_FIRST_PRED, m);
    }
}

void tcg_x86_emit_wide_env(Emit *e, const TcgNode *n)
{
    Mem m = mem(RBP, (int32_t)n->imm);

    if (n->op == OP_ld_env) {
        tcg_x86_wide_field(e, false, n->type, m, loc_num(n->out));
    } else if (in_reg(n, 0)) {
        tcg_x86_wide_field(e, true, n->type, m, loc_num(n->in[0]));
    } else if (n->type == TCG_PRED) {
        if (is_const(n, 0)) {
            mov_ri(&e->a, RAX, fn_node(e->fn, loc_num(n->in[0]))->imm);
        } else {
            mov_rm(&e->a, X_W, RAX, slot_mem(n->in[0]));
        }
        mov_mr(&e->a, X_W, m, RAX);
    } else {
        tcg_x86_wide_arg(e, n->type, n->in[0], m);
    }
}

/* -- accesses ---------------------------------------------------------------------------------------------------- */

void tcg_x86_wide_access(Emit *e, const TcgNode *n, Mem m)
{
    bool masked = n->op == OP_guest_ldm || n->op == OP_guest_stm, load = tcg_op_loads(n->op) || n->op == OP_guest_ldm;
    unsigned how = width_of(n->type), opc = load ? LOAD : STORE, v;

    note_wide(e);
    if (masked) {
        how = evex_masked(how, kreg(n->in[load ? 1 : 2]), load);
        opc = load ? masked_load[n->aux] : masked_load[n->aux] | 0x10;
    }
    if (load) {
        v = loc_kind(n->out) == LOC_REG ? vreg(n->out) : scratch_of(n->type);
    } else if (in_reg(n, 1)) {
        v = vreg(n->in[1]);
    } else {
        v = WSCRATCH;
        wide_load_loc(e, n->type, n->in[1], v);
    }
    evex_wide_rm(&e->a, opc, how, v, 0, m, (int32_t)tcg_type_size(n->type));
}

/* The bytes of a predicate's lanes to RDX. */
static void bytes_of_lanes(Emit *e, TcgType type, unsigned es, unsigned k)
{
    if (es || type != TCG_V512) {
        evex_wide_rr(&e->a, lanes_of_mask[es], width_of(type), WSCRATCH, 0, k);
        evex_wide_rr(&e->a, MASK_TO_BYTES, width_of(type), KSCRATCH, 0, WSCRATCH);
        k = KSCRATCH;
    }
    k_to(&e->a, RDX, k);
}

void tcg_x86_wide_slow(Emit *e, const TcgNode *n, bool after)
{
    bool load = tcg_op_loads(n->op) || n->op == OP_guest_ldm;

    if (after) {
        if (load && loc_kind(n->out) == LOC_REG) {
            tcg_x86_wide_rm(e, n->type, vreg(n->out), mem(RSP, FRAME_W0));
        }
        return;
    }
    if (n->op == OP_guest_ldm || n->op == OP_guest_stm) {
        bytes_of_lanes(e, n->type, n->aux, kreg(n->in[load ? 1 : 2]));
    } else {
        mov_ri(&e->a, RDX, tcg_lanes_mask(tcg_type_size(n->type)));
    }
    mov_mr(&e->a, X_W, mem(RSP, FRAME_VAL), RDX);
    if (!load) {
        tcg_x86_wide_arg(e, n->type, n->in[1], mem(RSP, FRAME_W0));
    }
}

/* -- operations -------------------------------------------------------------------------------------------------- */

/* k = a cond b, lanes of 1 << es bytes. */
static void compare(Emit *e, TcgType type, unsigned cond, unsigned es, unsigned k, unsigned a, unsigned b)
{
    static const uint8_t predicate[TCG_NUM_CONDS] = {
        [COND_EQ] = 0, [COND_NE] = 4, [COND_LT] = 1, [COND_GE] = 5, [COND_LE] = 2, [COND_GT] = 6, [COND_LTU] = 1,
        [COND_GEU] = 5, [COND_LEU] = 2, [COND_GTU] = 6,
    };
    unsigned w = es & 1 ? X_W : 0;

    if (cond >= COND_TSTEQ) {                   /* vptestnm, vptestm */
        evex_wide_rr(&e->a, M_38 | (cond == COND_TSTEQ ? P_F3 : P_66) | (es < 2 ? 0x26 : 0x27) | w, width_of(type), k, a, b);
    } else {
        evex_wide_rr(&e->a, V(M_3A, (es < 2 ? 0x3e : 0x1e) | (cond < COND_LTU)) | w, width_of(type), k, a, b);
        put8(&e->a, predicate[cond]);
    }
}

/* An operation lane by lane, of one or two vectors: how says the width and the mask. */
static void lane_op(Emit *e, const TcgNode *n, unsigned how, unsigned d, unsigned a, unsigned b)
{
    unsigned es = n->aux, digit, opc = tcg_x86_lane_opcode(n->op, es, &digit), s = scratch_of(n->type);

    switch (n->op) {
    case OP_vnot:
        evex_wide_rr(&e->a, PTERNLOG | (es == 3 ? X_W : 0), how, d, a, a);
        put8(&e->a, 0x55);
        break;
    case OP_vneg:
        evex_wide_rr(&e->a, PXOR, width_of(n->type), s, s, s);
        evex_wide_rr(&e->a, opc, how, d, s, a);
        break;
    case OP_vandn:
        evex_wide_rr(&e->a, opc, how, d, b, a);
        break;
    case OP_vshl: case OP_vshr: case OP_vsar: case OP_vror:
        evex_wide_rr(&e->a, opc, how, digit, d, a);
        put8(&e->a, n->op == OP_vsar ? MIN((unsigned)n->imm, (8u << es) - 1) : (unsigned)n->imm);
        break;
    default:
        if (tcg_op_def[n->op].args == 1) {
            evex_wide_rr(&e->a, opc, how, d, 0, a);
        } else {
            evex_wide_rr(&e->a, opc, how, d, a, b);
        }
    }
}

static void emit_bitsel(Emit *e, TcgType type, unsigned d, unsigned m, unsigned b, unsigned c)
{
    unsigned imm = 0xb8, x = m, y = b;          /* second ? third : first */

    if (d == b) {
        imm = 0xe2;                             /* second ? first : third */
        y = c;
    } else if (d != c) {
        vmov(e, type, d, m);
        imm = 0xca;                             /* first ? second : third */
        x = b;
        y = c;
    }
    evex_wide_rr(&e->a, PTERNLOG | X_W, width_of(type), d, x, y);
    put8(&e->a, imm);
}

static void emit_dup(Emit *e, const TcgNode *n)
{
    static const uint16_t from_int[4] = { V(M_38, 0x7a), V(M_38, 0x7b), V(M_38, 0x7c), V(M_38, 0x7c) | X_W };

    evex_wide_rr(&e->a, from_int[n->aux], width_of(n->type), vreg(n->out), 0, loc_num(n->in[0]));
}

/*
 * An operation of 256 bits whose result is in a register below 16 makes its upper half count as used, though it is zero: so a
 * V128 takes another step.
 */
static void emit_high(Emit *e, TcgType type, unsigned d, unsigned a)
{
    unsigned to = type == TCG_V128 ? WSCRATCH : d;

    evex_wide_rr(&e->a, type == TCG_V256 ? EXTRACT256 : EXTRACT128, width_of(type) + 1, a, 0, to);
    put8(&e->a, 1);
    vmov(e, type, d, to);
}

static void emit_cat(Emit *e, const TcgNode *n)
{
    evex_wide_rr(&e->a, n->type == TCG_V512 ? INSERT256 : INSERT128, width_of(n->type), vreg(n->out), vreg(n->in[0]),
                 vreg(n->in[1]));
    put8(&e->a, 1);
}

static void emit_sel(Emit *e, const TcgNode *n)
{
    unsigned d = vreg(n->out), k = kreg(n->in[0]), how = width_of(n->type);

    if (is_const(n, 2)) {
        evex_wide_rr(&e->a, masked_load[n->aux], evex_masked(how, k, true), d, 0, vreg(n->in[1]));
    } else {
        evex_wide_rr(&e->a, blend[n->aux], evex_masked(how, k, false), d, vreg(n->in[2]), vreg(n->in[1]));
    }
}

static void emit_masked(Emit *e, const TcgNode *n)
{
    TcgNode inner = tcg_masked_op(n);
    bool zero = is_zero_const(fn_node(e->fn, n->arg[1]));

    g_assert(zero || n->in[1] == n->out);
    lane_op(e, &inner, evex_masked(width_of(n->type), kreg(n->in[0]), zero), vreg(n->out), vreg(n->in[2]), vreg(n->in[3]));
}

static void emit_pnot(Emit *e, unsigned d, unsigned a, unsigned lanes)
{
    static const uint16_t narrow[] = { M_0F | P_66 | KNOT, M_0F | KNOT, M_0F | P_66 | X_W | KNOT, M_0F | X_W | KNOT };

    if (is_pow2(lanes) && lanes >= 8) {
        vex_rr(&e->a, narrow[__builtin_ctz(lanes) - 3], d, 0, a);
    } else {
        vex_rr(&e->a, narrow[3], d, 0, a);
        k_shift(&e->a, true, d, d, 64 - lanes);
        k_shift(&e->a, false, d, d, 64 - lanes);
    }
}

static void emit_pwhile(Emit *e, unsigned k, unsigned r, unsigned lanes)
{
    mov_ri(&e->a, RAX, lanes);
    alu_rr(&e->a, ALU_CMP, X_W, r, RAX);
    cmov(&e->a, CC_B, X_W, RAX, r);
    mov_ri(&e->a, RDX, UINT64_MAX);
    vex_rr(&e->a, BZHI, RDX, RAX, RDX);
    k_from(&e->a, k, RDX);
}

/* The lowest bit that is set, and whether the highest ones are different: of all, and of those that are in both. */
static void emit_ptest(Emit *e, unsigned d, unsigned among, unsigned p)
{
    k_to(&e->a, RAX, among);
    k_to(&e->a, RDX, p);
    alu_rr(&e->a, ALU_AND, X_W, RDX, RAX);
    vex_rr(&e->a, BLSI, 3, d, RAX);
    alu_rr(&e->a, ALU_AND, X_W, d, RDX);
    op_rr(&e->a, 0xf7 | X_W, 3, d);             /* neg: carry unless it is 0 */
    alu_rr(&e->a, ALU_SBB, 0, d, d);
    alu_ri(&e->a, ALU_AND, 0, d, FLAG_N);
    alu_rr(&e->a, ALU_XOR, X_W, RAX, RDX);
    alu_rr(&e->a, ALU_CMP, X_W, RAX, RDX);      /* below: they are the same */
    alu_rr(&e->a, ALU_SBB, 0, RAX, RAX);
    lea(&e->a, 0, d, mem_bi((int)d, RAX, 1, FLAG_C));
    test_rr(&e->a, X_W, RDX, RDX);
    setcc(&e->a, CC_E, RAX);
    movzx8(&e->a, RAX, RAX);
    lea(&e->a, 0, d, mem_bi((int)d, RAX, 2, 0));
}
G_STATIC_ASSERT(FLAG_C == 2 && FLAG_Z == 4 && FLAG_N == 8);

void tcg_x86_emit_wide(Emit *e, const TcgNode *n)
{
    unsigned es = n->aux;

    note_wide(e);
    switch (n->op) {
    case OP_vlow:
        vmov(e, n->type, vreg(n->out), vreg(n->in[0]));
        break;
    case OP_vhigh:
        emit_high(e, n->type, vreg(n->out), vreg(n->in[0]));
        break;
    case OP_vcat:
        emit_cat(e, n);
        break;
    case OP_vdup:
        emit_dup(e, n);
        break;
    case OP_vbitsel:
        emit_bitsel(e, n->type, vreg(n->out), vreg(n->in[0]), vreg(n->in[1]), vreg(n->in[2]));
        break;
    case OP_vtern:
        g_assert(n->out == n->in[0]);
        evex_wide_rr(&e->a, PTERNLOG | X_W, width_of(n->type), vreg(n->out), vreg(n->in[1]), vreg(n->in[2]));
        put8(&e->a, (unsigned)n->imm);
        break;
    case OP_vcmp:
        compare(e, n->type, (unsigned)n->imm, es, KSCRATCH, vreg(n->in[0]), vreg(n->in[1]));
        evex_wide_rr(&e->a, lanes_of_mask[es], width_of(n->type), vreg(n->out), 0, KSCRATCH);
        break;
    case OP_vsel:
        emit_sel(e, n);
        break;
    case OP_vmasked:
        emit_masked(e, n);
        break;
    case OP_pcmp:
        compare(e, n->type, (unsigned)n->imm, es, kreg(n->out), vreg(n->in[0]), vreg(n->in[1]));
        break;
    case OP_pfrom:
        if (es) {
            mov_ri(&e->a, RAX, lowest_bits[es]);
            vex_rr(&e->a, PEXT, RAX, loc_num(n->in[0]), RAX);
        }
        k_from(&e->a, kreg(n->out), es ? RAX : loc_num(n->in[0]));
        break;
    case OP_pto:
        if (es) {
            k_to(&e->a, RAX, kreg(n->in[0]));
            mov_ri(&e->a, RDX, lowest_bits[es]);
            vex_rr(&e->a, PDEP, loc_num(n->out), RAX, RDX);
        } else {
            k_to(&e->a, loc_num(n->out), kreg(n->in[0]));
        }
        break;
    case OP_pand:
        k_op(&e->a, KAND, kreg(n->out), kreg(n->in[0]), kreg(n->in[1]));
        break;
    case OP_por:
        k_op(&e->a, KOR, kreg(n->out), kreg(n->in[0]), kreg(n->in[1]));
        break;
    case OP_pxor:
        k_op(&e->a, KXOR, kreg(n->out), kreg(n->in[0]), kreg(n->in[1]));
        break;
    case OP_pandn:
        k_op(&e->a, KANDN, kreg(n->out), kreg(n->in[1]), kreg(n->in[0]));
        break;
    case OP_pnot:
        emit_pnot(e, kreg(n->out), kreg(n->in[0]), (unsigned)n->imm);
        break;
    case OP_pwhile:
        emit_pwhile(e, kreg(n->out), loc_num(n->in[0]), (unsigned)n->imm);
        break;
    case OP_ptest:
        emit_ptest(e, loc_num(n->out), kreg(n->in[0]), kreg(n->in[1]));
        break;
    default:
        lane_op(e, n, width_of(n->type), vreg(n->out), vreg(n->in[0]), tcg_op_def[n->op].args == 2 ? vreg(n->in[1]) : 0);
    }
}

/* -- what there is, and what it wants ---------------------------------------------------------------------------- */

static bool has_lane_op(const TcgBackend *be, const TcgNode *n)
{
    unsigned digit;

    if (n->op == OP_vpopcnt8 && !tcg_x86_host_has(be, HOST_BITALG)) {
        return false;
    }
    return n->op == OP_vnot || tcg_x86_lane_opcode(n->op, n->aux, &digit);
}

bool tcg_x86_has_wide(const TcgBackend *be, const TcgNode *n)
{
    TcgNode inner;

    if (!tcg_x86_host_has(be, HOST_AVX512)) {
        return false;
    }
    switch (n->op) {
    case OP_pfrom: case OP_pto:
        return n->aux == 0 || tcg_x86_host_has(be, HOST_PEXT);
    case OP_pwhile:
        return tcg_x86_host_has(be, HOST_BMI2);
    case OP_ptest:
        return tcg_x86_host_has(be, HOST_BMI1);
    case OP_vdup: case OP_vbitsel: case OP_vtern: case OP_vcmp:
        return true;
    case OP_vmasked:
        inner = tcg_masked_op(n);
        switch (inner.op) {
        case OP_vand: case OP_vor: case OP_vxor: case OP_vandn: case OP_vnot:
            return n->aux >= 2;                 /* there are no others under a mask */
        case OP_vpopcnt8:
            return n->aux == 0 && has_lane_op(be, &inner);
        default:
            return has_lane_op(be, &inner);
        }
    default:
        return !is_vec(n) || n->op >= OP_vlow || has_lane_op(be, n);
    }
}

static TcgRegSet regs_of(TcgType t)
{
    return (X86_INT_REGS | X86_VEC_REGS | X86_WIDE_REGS | X86_PRED_REGS) & tcg_regs_of(t);
}

void tcg_x86_constraints_wide(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    for (unsigned k = 0; k < tcg_op_def[n->op].args; k++) {
        ret->arg[k] = regs_of(tcg_arg_type(fn, n, k));
    }
    ret->out = regs_of(node_type(n));
    switch (n->op) {
    case OP_vsel:
        ret->arg_const[2] = is_zero_const(fn_node(fn, n->arg[2]));
        break;
    case OP_vmasked:
        ret->arg_const[1] = is_zero_const(fn_node(fn, n->arg[1]));
        ret->out_same_as = ret->arg_const[1] ? -1 : 1;
        break;
    case OP_ptest:
        ret->out_early = true;
        break;
    case OP_vtern:
        ret->out_same_as = 0;
        break;
    default:
        break;
    }
}
