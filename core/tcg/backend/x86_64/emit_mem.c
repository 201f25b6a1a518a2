/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest accesses. Inline: the TLB check (or the direct layout's base), the access, byte order and extension; out of
 * line, at the region's end: a stub that hands its operands to a shared thunk, which calls the slow path. Code at once has
 * data there, for most.
 *
 * The check compares the page of the last byte that must lie in it, with the low bits that alignment forbids kept, so
 * that one comparison finds a miss, an access that crosses pages, one that is not aligned as it must be, and an entry
 * with flags. What the inline access cannot do exactly (a probe, a tag check, an atomic operation in the other byte
 * order) always goes out of line.
 *
 * Memory model (Intel SDM volume 3, 9.2; AMD APM volume 2, 7.2): loads are acquires and stores releases already;
 * locked instructions are full barriers. Only a release store followed by an acquire load needs more: emit.c does it.
 * Aligned accesses up to 8 bytes are atomic; aligned 16-byte ones are on every host with AVX, as both vendors state;
 * without AVX, those that must be atomic go out of line.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

static bool is_direct(const Emit *e)
{
    return e->layout->direct;
}

/* Low address bits that must be clear on the inline path. */
static unsigned align_mask(MemOp mo)
{
    unsigned size = memop_size(mo);

    switch (mo & MO_ALIGN) {
    case MO_ALIGN_NONE:
        return 0;
    case MO_ALIGN_NATURAL:
    case MO_ALIGN_WITHIN16:                     /* the rest of what it allows goes out of line */
        return size - 1;
    case MO_ALIGN_4:
        return 3;
    case MO_ALIGN_8:
        return 7;
    default:
        return 15;
    }
}

static void lea_or_mov(Emit *e, unsigned dst, unsigned src, int32_t offset)
{
    if (offset) {
        lea_disp(&e->a, X_W, dst, src, offset);
    } else {
        mov_rr(&e->a, X_W, dst, src);
    }
}

/* The guest's address of a plain load or store, as an operand. */
static Mem guest_address(const Emit *e, const TcgNode *n)
{
    unsigned index = tcg_access_index(n);
    bool known = loc_kind(n->in[0]) == LOC_CONST;
    int base = known ? NOREG : (int)loc_num(n->in[0]);
    int32_t offset = tcg_access_offset(n) + (known ? (int32_t)fn_node(e->fn, n->arg[0])->imm : 0);

    return index ? mem_bi(base, loc_num(n->in[index]), n->aux & 3, offset) : mem(base, offset);
}

/* Whether a plain access's address, or what its index is added to, is known and fits into the instruction. */
static bool is_known(const TcgFn *fn, const TcgNode *n)
{
    const TcgNode *a = fn_node(fn, n->arg[0]);
    uint64_t at = a->imm + (uint64_t)(int64_t)tcg_access_offset(n);

    return fn->config->layout->direct && a->op == OP_const && a->imm <= INT32_MAX && at <= INT32_MAX &&
           (tcg_access_index(n) || !(at & align_mask((MemOp)n->imm)));
}

/* The TLB's entry for the address at to RAX; jumps to the stub if it is none for it, and `last` bytes behind it too. */
static void emit_look(Emit *e, Stub *s, Mem at, unsigned mmu, unsigned last, unsigned align, bool read, bool write)
{
    unsigned ra = (unsigned)at.base, page_bits = e->fn->config->target->page_bits;
    int32_t offset = at.disp, tlb = e->layout->tlb_offset + (int32_t)(mmu * sizeof(TcgTlbFast));

    if (have(e, HOST_BMI2) && !offset) {
        vex_rr(&e->a, M_3A | P_F2 | 0xf0 | X_W, RAX, 0, ra);    /* rorx: the mask drops what comes in above */
        put8(&e->a, page_bits - 5);
    } else {
        lea_or_mov(e, RAX, ra, offset);
        sh_ri(&e->a, SH_SHR, X_W, RAX, page_bits - 5);
    }
    op_rbp(&e->a, ALU_AND << 3 | 3 | X_W, RAX, tlb + (int32_t)offsetof(TcgTlbFast, mask));
    op_rbp(&e->a, ALU_ADD << 3 | 3 | X_W, RAX, tlb + (int32_t)offsetof(TcgTlbFast, table));
    lea_or_mov(e, RDX, ra, offset + (int32_t)last);
    alu_ri(&e->a, ALU_AND, X_W, RDX, (int32_t)(-(1u << page_bits) | align));
    if (read) {
        alu_rm(&e->a, ALU_CMP, X_W, RDX, mem(RAX, offsetof(TcgTlbEntry, read)));
        tcg_x86_stub_jump(e, s, CC_NE);
    }
    if (write) {
        alu_rm(&e->a, ALU_CMP, X_W, RDX, mem(RAX, offsetof(TcgTlbEntry, write)));
        tcg_x86_stub_jump(e, s, CC_NE);
    }
}

/*
 * Checks the address at; leaves RAX so that RAX more is the host's address. Direct: the GS segment's base is it, and RAX
 * for atomic operations on 16 bytes alone; only there has the address an index. Jumps to the stub if it must.
 */
static void emit_check(Emit *e, Stub *s, Mem at, MemOp mo, unsigned align, bool read, bool write)
{
    unsigned ra = (unsigned)at.base, size = memop_size(mo);
    int32_t offset = at.disp;

    if (is_direct(e)) {
        if (align) {
            if (at.base == NOREG && at.index == NOREG) {
                return;                         /* it was looked at before */
            }
            if (offset || at.index != NOREG) {
                lea(&e->a, X_W, RAX, at);
                ra = RAX;
            }
            test_ri(&e->a, 0, ra, (int32_t)align);
            tcg_x86_stub_jump(e, s, CC_NE);
        }
        if (read && write && (mo & MO_SIZE) == MO_128) {
            mov_rm(&e->a, X_W, RAX, mem(RBP, e->layout->direct_base_offset));
        }
        return;
    }
    emit_look(e, s, at, memop_mmu(mo), size > align ? size - align - 1 : 0, align, read, write);
    mov_rm(&e->a, X_W, RAX, mem(RAX, offsetof(TcgTlbEntry, addend)));
}
G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32 && sizeof(TcgTlbFast) == 16);

/* No inline path. */
static bool always_slow(const Emit *e, const TcgNode *n, MemOp mo)
{
    unsigned kind = mo & MO_KIND, size = mo & MO_SIZE, atom = mo & MO_ATOM;

    if (kind == MO_PROBE || kind == MO_TAGGED) {
        return true;
    }
    if (n->op == OP_guest_rmw || n->op == OP_guest_cas) {
        return (mo & MO_BE) || (size == MO_128 && n->op == OP_guest_rmw);
    }
    return size == MO_128 && atom == MO_ATOM_WITHIN16 && !e->avx;
}

static void byte_reverse_v(Emit *e, unsigned dst, unsigned src)
{
    if (e->avx) {
        vex_rm(&e->a, M_38 | P_66, dst, src, vconst(e, VC_BYTEREV4));
    } else {
        tcg_x86_vmov(e, dst, src);
        op_rm(&e->a, M_38 | P_66, dst, vconst(e, VC_BYTEREV4));
    }
}

/* Lane 0 of 4 or 8 bytes between a vector register and memory; a load clears what is above. */
static void lane_load(Emit *e, unsigned size, unsigned v, Mem m)
{
    unsigned opc = M_0F | (size == MO_64 ? P_F3 | 0x7e : P_66 | 0x6e);

    if (e->avx) {
        vex_rm(&e->a, opc, v, 0, m);
    } else {
        op_rm(&e->a, opc, v, m);
    }
}

static void lane_store(Emit *e, unsigned size, Mem m, unsigned v)
{
    unsigned opc = M_0F | P_66 | (size == MO_64 ? 0xd6 : 0x7e);

    if (e->avx) {
        vex_rm(&e->a, opc, v, 0, m);
    } else {
        op_rm(&e->a, opc, v, m);
    }
}

/* Little-endian accesses of integers, by size, sign and (X_W) result. */
static const uint16_t load_opc[2][16] = {
    {
        [MO_8] = M_0F | 0xb6, [MO_16] = M_0F | 0xb7, [MO_32] = 0x8b, [MO_64] = 0x8b | X_W,
        [MO_8 | MO_SIGN] = M_0F | 0xbe, [MO_16 | MO_SIGN] = M_0F | 0xbf, [MO_32 | MO_SIGN] = 0x8b,
        [MO_64 | MO_SIGN] = 0x8b | X_W,
    },
    {
        [MO_8] = M_0F | 0xb6, [MO_16] = M_0F | 0xb7, [MO_32] = 0x8b, [MO_64] = 0x8b | X_W,
        [MO_8 | MO_SIGN] = M_0F | 0xbe | X_W, [MO_16 | MO_SIGN] = M_0F | 0xbf | X_W, [MO_32 | MO_SIGN] = 0x63 | X_W,
        [MO_64 | MO_SIGN] = 0x8b | X_W,
    },
};
static const uint16_t store_opc[4] = { 0x88 | X_BREG, P_66 | 0x89, 0x89, 0x89 | X_W };

static void emit_load(Emit *e, const TcgNode *n, MemOp mo, Mem m)
{
    unsigned w = width_w(n->type);
    bool sign = mo & MO_SIGN, be = mo & MO_BE, wanted = loc_kind(n->out) == LOC_REG;
    unsigned d = wanted ? loc_num(n->out) : RAX;

    if (G_UNLIKELY(is_wide_access(n))) {
        tcg_x86_wide_access(e, n, m);
        return;
    }
    if (n->type == TCG_V128 && (mo & MO_SIZE) < MO_128) {
        lane_load(e, mo & MO_SIZE, wanted ? d - FIRST_VREG : XSCRATCH, m);
        return;
    }
    switch (mo & MO_SIZE) {
    case MO_8:
        op_rm(&e->a, M_0F | (sign ? 0xbe | w : 0xb6), d, m);
        break;
    case MO_16:
        if (!be) {
            op_rm(&e->a, M_0F | (sign ? 0xbf | w : 0xb7), d, m);
            break;
        }
        op_rm(&e->a, M_0F | 0xb7, d, m);
        op_rr(&e->a, P_66 | 0xc1, SH_ROL, d);
        put8(&e->a, 8);
        if (sign) {
            movsx16(&e->a, w, d, d);
        }
        break;
    case MO_32:
        if (be && have(e, HOST_MOVBE)) {
            op_rm(&e->a, M_38 | 0xf0, d, m);
        } else if (be) {
            mov_rm(&e->a, 0, d, m);
            bswap(&e->a, 0, d);
        } else if (sign && w) {
            op_rm(&e->a, 0x63 | X_W, d, m);
            break;
        } else {
            mov_rm(&e->a, 0, d, m);
        }
        if (sign && w) {
            movsxd(&e->a, d, d);
        }
        break;
    case MO_64:
        if (be && have(e, HOST_MOVBE)) {
            op_rm(&e->a, M_38 | 0xf0 | X_W, d, m);
        } else {
            mov_rm(&e->a, X_W, d, m);
            if (be) {
                bswap(&e->a, X_W, d);
            }
        }
        break;
    default: {
        unsigned v = wanted ? d - FIRST_VREG : XSCRATCH;

        tcg_x86_vmov_rm(e, v, m);
        if (be) {
            byte_reverse_v(e, v, v);
        }
        break;
    }
    }
}

static void emit_store(Emit *e, const TcgNode *n, MemOp mo, Mem m)
{
    unsigned size = mo & MO_SIZE, r;
    bool be = (mo & MO_BE) && size != MO_8;

    if (G_UNLIKELY(is_wide_access(n))) {
        tcg_x86_wide_access(e, n, m);
        return;
    }
    if (n->type == TCG_V128 && size < MO_128) {
        lane_store(e, size, m, tcg_x86_vuse(e, n, 1, XSCRATCH));
        return;
    }
    if (size == MO_128) {
        r = tcg_x86_vuse(e, n, 1, XSCRATCH);
        if (be) {
            byte_reverse_v(e, XSCRATCH, r);
            r = XSCRATCH;
        }
        tcg_x86_vmov_mr(e, m, r);
        return;
    }
    if (!be && loc_kind(n->in[1]) == LOC_CONST) {
        int64_t v = (int64_t)fn_node(e->fn, loc_num(n->in[1]))->imm;

        if (size == MO_8) {
            op_rm_imm(&e->a, 0xc6, 0, m, 1);
            put8(&e->a, (uint8_t)v);
            return;
        }
        if (size == MO_16) {
            op_rm_imm(&e->a, P_66 | 0xc7, 0, m, 2);
            put16(&e->a, (uint16_t)v);
            return;
        }
        if (size == MO_32 || fits32(v)) {
            mov_mi(&e->a, size == MO_64 ? X_W : 0, m, (int32_t)v);
            return;
        }
    }
    r = tcg_x86_use(e, n, 1, RDX);
    if (be && have(e, HOST_MOVBE)) {
        op_rm(&e->a, M_38 | 0xf1 | (size == MO_16 ? P_66 : size == MO_64 ? X_W : 0), r, m);
        return;
    }
    if (be) {
        if (r != RDX) {
            mov_rr(&e->a, X_W, RDX, r);
            r = RDX;
        }
        if (size == MO_16) {
            op_rr(&e->a, P_66 | 0xc1, SH_ROL, RDX);
            put8(&e->a, 8);
        } else {
            bswap(&e->a, size == MO_64 ? X_W : 0, RDX);
        }
    }
    op_rm(&e->a, store_opc[size], r, m);
}

static void lock(Emit *e)
{
    put8(&e->a, 0xf0);
}

/* An opcode's form for an operand of 1 to 8 bytes; even is the byte form, odd the others. */
static unsigned sized(unsigned opc, unsigned size)
{
    switch (size) {
    case MO_8:
        return (opc & ~1u) | X_BREG;
    case MO_16:
        return opc | P_66;
    case MO_32:
        return opc;
    default:
        return opc | X_W;
    }
}

/* Extends the old value in a register, whose low bytes count, to the result. */
static void emit_old_value(Emit *e, const TcgNode *n, MemOp mo, unsigned old)
{
    unsigned w = width_w(n->type), d = loc_num(n->out);
    bool sign = mo & MO_SIGN;

    if (loc_kind(n->out) != LOC_REG) {
        return;
    }
    switch (mo & MO_SIZE) {
    case MO_8:
        if (sign) {
            movsx8(&e->a, w, d, old);
        } else {
            movzx8(&e->a, d, old);
        }
        break;
    case MO_16:
        if (sign) {
            movsx16(&e->a, w, d, old);
        } else {
            movzx16(&e->a, d, old);
        }
        break;
    case MO_32:
        if (sign && w) {
            movsxd(&e->a, d, old);
        } else {
            mov_rr(&e->a, 0, d, old);
        }
        break;
    default:
        mov_rr(&e->a, X_W, d, old);
    }
}

/* With TLBs the host's address is ra + RAX, and RCX is free. The result is not written before the access is done. */
static void emit_rmw(Emit *e, const TcgNode *n, MemOp mo, unsigned ra)
{
    static const uint8_t alu[TCG_NUM_RMWS] = { [RMW_AND] = ALU_AND, [RMW_OR] = ALU_OR, [RMW_XOR] = ALU_XOR };
    /* cmp old, value; keep old unless ... then value */
    static const uint8_t replace[TCG_NUM_RMWS] = {
        [RMW_SMAX] = CC_L, [RMW_SMIN] = CC_G, [RMW_UMAX] = CC_B, [RMW_UMIN] = CC_A,
    };
    unsigned size = mo & MO_SIZE, rv = loc_num(n->in[1]), op = n->aux, w = size == MO_64 ? X_W : 0, t = RDX;
    Mem m = is_direct(e) ? mem_gs(ra, 0) : mem_bi(ra, RAX, 0, 0);
    uint8_t *again;

    if (op == RMW_SWP) {
        mov_rr(&e->a, X_W, RDX, rv);
        op_rm(&e->a, sized(0x87, size), RDX, m);
        emit_old_value(e, n, mo, RDX);
        return;
    }
    if (loc_kind(n->out) != LOC_REG && op <= RMW_XOR) {
        lock(e);
        op_rm(&e->a, sized((op == RMW_ADD ? ALU_ADD : alu[op]) << 3 | 1, size), rv, m);
        return;
    }
    if (op == RMW_ADD) {
        mov_rr(&e->a, X_W, RDX, rv);
        lock(e);
        op_rm(&e->a, sized(M_0F | 0xc1, size), RDX, m);         /* xadd */
        emit_old_value(e, n, mo, RDX);
        return;
    }
    if (!is_direct(e)) {
        mov_rr(&e->a, X_W, RDX, RAX);
        m.index = RDX;
        t = RCX;
    }
    if (size <= MO_16) {
        op_rm(&e->a, M_0F | (size == MO_8 ? 0xb6 : 0xb7), RAX, m);
    } else {
        mov_rm(&e->a, w, RAX, m);
    }
    again = e->a.p;
    mov_rr(&e->a, w, t, RAX);
    if (op <= RMW_XOR) {
        alu_rr(&e->a, alu[op], w, t, rv);
    } else {
        op_rr(&e->a, sized(ALU_CMP << 3 | 1, size) | (size == MO_8 ? X_BRM : 0), rv, RAX);
        cmov(&e->a, replace[op], w, t, rv);
    }
    lock(e);
    op_rm(&e->a, sized(M_0F | 0xb1, size), t, m);               /* cmpxchg */
    jcc(&e->a, CC_NE, again);
    emit_old_value(e, n, mo, RAX);
}

/* For 16 bytes RBX and RCX are free. */
static void emit_cas(Emit *e, const TcgNode *n, MemOp mo, unsigned ra)
{
    unsigned size = mo & MO_SIZE;

    if (size == MO_128) {
        unsigned expect = loc_num(n->in[1]) - FIRST_VREG, value = loc_num(n->in[2]) - FIRST_VREG;

        lea(&e->a, X_W, RSI, mem_bi(ra, RAX, 0, 0));
        tcg_x86_vmov_mr(e, mem(RSP, FRAME_V0), expect);
        tcg_x86_vmov_mr(e, mem(RSP, FRAME_V0 + 16), value);
        mov_rm(&e->a, X_W, RAX, mem(RSP, FRAME_V0));
        mov_rm(&e->a, X_W, RDX, mem(RSP, FRAME_V0 + 8));
        mov_rm(&e->a, X_W, RBX, mem(RSP, FRAME_V0 + 16));
        mov_rm(&e->a, X_W, RCX, mem(RSP, FRAME_V0 + 24));
        lock(e);
        op_rm(&e->a, M_0F | 0xc7 | X_W, 1, mem(RSI, 0));        /* cmpxchg16b */
        if (loc_kind(n->out) == LOC_REG) {
            mov_mr(&e->a, X_W, mem(RSP, FRAME_V0), RAX);
            mov_mr(&e->a, X_W, mem(RSP, FRAME_V0 + 8), RDX);
            tcg_x86_vmov_rm(e, loc_num(n->out) - FIRST_VREG, mem(RSP, FRAME_V0));
        }
        return;
    }
    if (!is_direct(e)) {
        mov_rr(&e->a, X_W, RDX, RAX);
    }
    mov_rr(&e->a, X_W, RAX, loc_num(n->in[1]));
    lock(e);
    op_rm(&e->a, sized(M_0F | 0xb1, size), loc_num(n->in[2]), is_direct(e) ? mem_gs(ra, 0) : mem_bi(ra, RDX, 0, 0));
    emit_old_value(e, n, mo, RAX);
}

/* Whether an access stands behind the node that looks for its page: that one's stub, in front of its own, goes on there. */
static bool is_first_of_page(const Emit *e, const Stub *s, const TcgNode *n)
{
    unsigned k = tcg_access_page(n);

    return n->prev == n->arg[k] && s > e->stubs && s[-1].kind == STUB_PAGE && s[-1].node == n->arg[k] &&
           n->in[k] == fn_node(e->fn, n->arg[k])->out;
}

/* Jumps to the stub if not all of the access at m is in the page that it knows the start of. */
static void check_near(Emit *e, Stub *s, const TcgNode *n, Mem m)
{
    unsigned k = tcg_access_start(n);

    lea_or_mov(e, RAX, (unsigned)m.base, m.disp);
    if (loc_kind(n->in[k]) == LOC_SLOT) {
        alu_rm(&e->a, ALU_SUB, X_W, RAX, slot_mem(n->in[k]));
    } else {
        alu_rr(&e->a, ALU_SUB, X_W, RAX, loc_num(n->in[k]));
    }
    alu_ri(&e->a, ALU_CMP, X_W, RAX, (int32_t)((1u << e->fn->config->target->page_bits) - memop_size((MemOp)n->imm)));
    tcg_x86_stub_jump(e, s, CC_A);
}

/* Where an access is in its page, which is known. */
static Mem known_page(Emit *e, Stub *s, const TcgNode *n)
{
    Mem m = guest_address(e, n);

    if (tcg_access_start(n)) {
        check_near(e, s, n, m);
        m.index = (int)tcg_x86_use(e, n, tcg_access_page(n), RAX);
        return m;
    }
    m.index = (int)tcg_x86_use(e, n, tcg_access_page(n), RAX);
    if (is_first_of_page(e, s, n)) {
        s[-1].back = NULL;
        return m;
    }
    test_rr(&e->a, X_W, (unsigned)m.index, (unsigned)m.index);
    tcg_x86_stub_jump(e, s, CC_E);
    return m;
}

static __attribute__((noinline)) void emit_ld_or_st(Emit *e, const TcgNode *n, Mem m)
{
    if (tcg_op_loads(n->op)) {
        emit_load(e, n, (MemOp)n->imm, m);
    } else {
        emit_store(e, n, (MemOp)n->imm, m);
    }
}

void tcg_x86_emit_page(Emit *e, TcgId id, const TcgNode *n)
{
    Stub *s;

    if (loc_kind(n->out) != LOC_REG) {
        return;
    }
    s = tcg_x86_stub(e, STUB_PAGE, id);
    emit_look(e, s, mem((int)loc_num(n->in[0]), tcg_access_offset(n)), memop_mmu((MemOp)n->imm), (unsigned)(n->imm >> 32) - 1,
              0, n->imm & TCG_PAGE_READ, n->imm & TCG_PAGE_WRITE);
    mov_rm(&e->a, X_W, loc_num(n->out), mem(RAX, offsetof(TcgTlbEntry, addend)));
    s->back = e->a.p;
}

void tcg_x86_emit_page_stub(Emit *e, Stub *s)
{
    unsigned d = loc_num(fn_node(e->fn, s->node)->out);

    alu_rr(&e->a, ALU_XOR, 0, d, d);
    if (s->back) {
        jmp(&e->a, s->back);
    }
}

/* An access whose page is not known: by itself. */
static void emit_own_check(Emit *e, const TcgNode *n, const uint8_t *back)
{
    Stub slow = { .kind = STUB_MEM };
    Mem m = guest_address(e, n);

    emit_check(e, &slow, m, (MemOp)n->imm, 0, tcg_op_loads(n->op), tcg_op_stores(n->op));
    m.index = RAX;
    emit_ld_or_st(e, n, m);
    jmp(&e->a, back);
    for (unsigned i = 0; i < G_N_ELEMENTS(slow.from) && slow.from[i]; i++) {
        fix32(slow.from[i], e->a.p);
    }
}

static bool is_zero(const Emit *e, TcgLoc l)
{
    const TcgNode *c = fn_node(e->fn, loc_num(l));

    return loc_kind(l) == LOC_CONST && !c->imm && (c->type != TCG_V128 || !c->imm2);
}

/* Whether a BareSite can say what is stored. */
static inline bool is_bare_value(const Emit *e, TcgLoc l)
{
    return loc_kind(l) == LOC_REG || (loc_kind(l) == LOC_CONST ? is_zero(e, l) : loc_num(l) <= UINT8_MAX);
}

/* A load or store in the direct layout. */
static inline void emit_direct(Emit *e, const TcgNode *n, MemOp mo, unsigned ra, int32_t offset, TcgLoc value, bool store)
{
    unsigned size = mo & MO_SIZE, r = loc_num(value);

    if (loc_kind(value) != LOC_REG || (mo & MO_BE) || (n->type == TCG_V128 && (size < MO_128 || !e->avx))) {
        emit_ld_or_st(e, n, mem_gs((int)ra, offset));
    } else if (n->type == TCG_V128) {
        put8(&e->a, 0x65);
        vex_base(&e->a, M_0F | P_F3 | (store ? 0x7f : 0x6f), r - FIRST_VREG, 0, ra, offset);
    } else if (size == MO_64) {
        op_gs(&e->a, (store ? 0x89 : 0x8b) | X_W, r, ra, offset);
    } else {
        op_gs(&e->a, store ? store_opc[size] : load_opc[n->type == TCG_I64][mo & (MO_SIZE | MO_SIGN)], r, ra, offset);
    }
}

/* The code of a plain load or store with a TLB; returns the displacement of the jump that a miss is. */
static __attribute__((noinline)) uint8_t *emit_looked_up(Emit *e, const TcgNode *n, MemOp mo, Mem m, bool store)
{
    Stub slow = { .kind = STUB_MEM };

    emit_check(e, &slow, m, mo, align_mask(mo), !store, store);
    m.index = RAX;
    emit_ld_or_st(e, n, m);
    return slow.from[0];
}

/* Code at once: a plain load or store, and its BareSite. False: it is not so simple. */
static bool emit_bare(Emit *e, const TcgNode *n, MemOp mo, bool store)
{
    TcgLoc value = store ? n->in[1] : n->out;
    unsigned kind = loc_kind(value), ra = loc_num(n->in[0]), i = e->num_bares;
    int32_t offset = tcg_access_offset(n);
    const TcgStateMap *m = fn_map(e->fn, n->map);
    BareSite *b = &e->bares[i];
    uint8_t *at = e->a.p;

    if (!in_reg(n, 0) || (mo & MO_KIND) || (store && !is_bare_value(e, value))) {
        return false;
    }
    e->misses[i] = NULL;
    if (is_direct(e)) {
        if (mo & MO_ALIGN) {
            return false;
        }
        emit_direct(e, n, mo, ra, offset, value, store);
    } else {
        e->misses[i] = emit_looked_up(e, n, mo, mem((int)ra, offset), store);
    }
    e->num_bares = i + 1;
    b->end = (int16_t)(e->a.p - e->start);
    b->mo = (uint32_t)mo;
    b->len = (uint8_t)(e->a.p - at);
    b->base = (uint8_t)ra;
    b->value = (uint8_t)loc_num(value);
    b->how = (uint8_t)((store ? BARE_STORE : 0) | (n->type == TCG_I32 ? BARE_LOW : 0));
    if (kind != LOC_REG) {
        b->how |= kind == LOC_SLOT ? BARE_SLOT : BARE_NONE;
    }
    b->offset = (int16_t)offset;
    b->call = 0xe8;
    if (!m->num && m->pc_delta == (int16_t)m->pc_delta && m->insns <= UINT16_MAX) {             /* most of them */
        b->pc_delta = (int16_t)m->pc_delta;
        b->insns = (uint16_t)m->insns;
        e->no_rec = true;
    } else {
        b->rec = (int32_t)n->map_at;
        b->how |= BARE_REC;
    }
    return true;
}

void tcg_x86_put_bares(Emit *e)
{
    int32_t recs = (int32_t)(e->recs_at - e->start), at = (int32_t)(e->a.p - e->start);
    int32_t thunk = (int32_t)(thunk_rw(e, THUNK_BARE) - e->start) - (int32_t)offsetof(BareSite, after);

    for (unsigned i = 0; i < e->num_bares; i++, at += (int32_t)sizeof(BareSite)) {
        BareSite *b = (BareSite *)(e->start + at);

        *b = e->bares[i];
        b->end = (int16_t)(b->end - at);
        b->head = (int16_t)(recs - at);
        b->rec += b->how & BARE_REC ? recs - at : 0;
        b->thunk = thunk - at;
        if (e->misses[i]) {
            fix32(e->misses[i], &b->call);
        }
    }
    e->a.p = e->start + at;
}

static __attribute__((noinline)) void emit_access(Emit *e, TcgId id, const TcgNode *n)
{
    MemOp mo = (MemOp)n->imm;
    unsigned ra = loc_num(n->in[0]);            /* of atomic operations */
    bool atomic = n->op == OP_guest_rmw || n->op == OP_guest_cas;
    bool loads = tcg_op_loads(n->op) || n->op == OP_guest_ldm, stores = tcg_op_stores(n->op) || n->op == OP_guest_stm;
    Stub *s = tcg_x86_stub(e, STUB_MEM, id);
    Mem at = guest_address(e, n), m = at;

    if (is_direct(e)) {
        m.gs = true;
    } else {
        g_assert(at.index == NOREG);
        m.index = RAX;
    }

    if (always_slow(e, n, mo)) {
        tcg_x86_stub_jump(e, s, -1);
    } else if (tcg_access_page(n)) {
        emit_ld_or_st(e, n, known_page(e, s, n));
    } else {
        s->at = is_direct(e) ? e->a.p : NULL;
        e->num_sites += is_direct(e);
        emit_check(e, s, at, mo, align_mask(mo) | (atomic ? memop_size(mo) - 1 : 0), !stores, !loads);
        switch (n->op) {
        case OP_guest_ld:
        case OP_guest_ldx:
        case OP_guest_ldm:
            emit_load(e, n, mo, m);
            break;
        case OP_guest_st:
        case OP_guest_stx:
        case OP_guest_stm:
            emit_store(e, n, mo, m);
            break;
        case OP_guest_rmw:
            emit_rmw(e, n, mo, ra);
            break;
        default:
            emit_cas(e, n, mo, ra);
        }
    }
    s->back = e->a.p;
}

void tcg_x86_emit_mem(Emit *e, TcgId id, const TcgNode *n)
{
    MemOp mo = (MemOp)n->imm;

    if (!e->bare || n->op > OP_guest_st || n->type > TCG_V128 || (!e->avx && always_slow(e, n, mo)) ||
        !emit_bare(e, n, mo, n->op == OP_guest_st)) {
        emit_access(e, id, n);
    }
}

bool tcg_x86_is_locked(const Emit *e, const TcgNode *n)
{
    return (n->op == OP_guest_rmw || n->op == OP_guest_cas) && !always_slow(e, n, (MemOp)n->imm);
}

/* Operand i to the frame. */
static void stub_operand(Emit *e, const TcgNode *n, unsigned i, int32_t at, bool vector)
{
    if (vector) {
        tcg_x86_vmov_mr(e, mem(RSP, at), tcg_x86_vuse(e, n, i, XSCRATCH));
    } else {
        op_rsp(&e->a, 0x89 | X_W, tcg_x86_use(e, n, i, RDX), at);
    }
}

void tcg_x86_emit_mem_stub(Emit *e, Stub *s)
{
    const TcgNode *n = fn_node(e->fn, s->node);
    MemOp mo = (MemOp)n->imm;
    bool wide = (mo & MO_SIZE) == MO_128, lane = n->type == TCG_V128 && !wide;
    unsigned thunk;

    if (tcg_access_page(n) && !always_slow(e, n, mo)) {
        emit_own_check(e, n, s->back);
    }
    if (e->wide) {
        call_rel(&e->a, thunk_rw(e, THUNK_SAVE_WIDE));
    }
    if (loc_kind(n->in[0]) == LOC_CONST || tcg_access_offset(n) || tcg_access_index(n)) {
        lea(&e->a, X_W, RDX, guest_address(e, n));
        op_rsp(&e->a, 0x89 | X_W, RDX, FRAME_ADDR);
    } else {
        stub_operand(e, n, 0, FRAME_ADDR, false);
    }
    if (is_wide_access(n)) {
        bool load = tcg_op_loads(n->op) || n->op == OP_guest_ldm;

        tcg_x86_wide_slow(e, n, false);
        s->rec_at = lea_fwd(&e->a, RDX);
        call_rel(&e->a, thunk_rw(e, load ? THUNK_LDV : THUNK_STV));
        call_rel(&e->a, thunk_rw(e, THUNK_LOAD_WIDE));
        tcg_x86_wide_slow(e, n, true);
        jmp(&e->a, s->back);
        return;
    }
    switch (n->op) {
    case OP_guest_ldn:
    case OP_guest_ldh:
    case OP_guest_ld:
    case OP_guest_ldx:
        thunk = wide ? THUNK_LD128 : THUNK_LD;
        break;
    case OP_guest_stn:
    case OP_guest_sth:
    case OP_guest_st:
    case OP_guest_stx:
        thunk = wide ? THUNK_ST128 : THUNK_ST;
        if (lane) {
            lane_store(e, MO_64, mem(RSP, FRAME_VAL), tcg_x86_vuse(e, n, 1, XSCRATCH));
        } else {
            stub_operand(e, n, 1, wide ? FRAME_V0 : FRAME_VAL, wide);
        }
        break;
    case OP_guest_rmw:
        g_assert(!wide);
        thunk = THUNK_RMW;
        stub_operand(e, n, 1, FRAME_VAL, false);
        break;
    default:
        thunk = wide ? THUNK_CAS128 : THUNK_CAS;
        stub_operand(e, n, 1, wide ? FRAME_V0 : FRAME_VAL, wide);
        stub_operand(e, n, 2, wide ? FRAME_V0 + 16 : FRAME_VAL2, wide);
    }
    s->rec_at = lea_fwd(&e->a, RDX);
    call_rel(&e->a, thunk_rw(e, thunk));
    if (e->wide) {
        call_rel(&e->a, thunk_rw(e, THUNK_LOAD_WIDE));
    }
    if (loc_kind(n->out) == LOC_REG) {
        if (wide) {
            tcg_x86_vmov_rm(e, loc_num(n->out) - FIRST_VREG, mem(RSP, FRAME_V0));
        } else if (lane) {                      /* the slow path returns it zero-extended */
            mov_mr(&e->a, X_W, mem(RSP, FRAME_VAL), RAX);
            lane_load(e, MO_64, loc_num(n->out) - FIRST_VREG, mem(RSP, FRAME_VAL));
        } else {
            mov_rr(&e->a, width_w(n->type), loc_num(n->out), RAX);
        }
    }
    jmp(&e->a, s->back);
}

void tcg_x86_constraints_mem(const TcgFn *fn, const TcgNode *n, TcgConstraint *ret)
{
    bool wide = (n->imm & MO_SIZE) == MO_128;
    TcgRegSet data = n->type > TCG_V128 ? X86_WIDE_REGS : n->type == TCG_V128 ? X86_VEC_REGS : X86_INT_REGS;

    ret->arg[0] = X86_INT_REGS;
    ret->arg[1] = ret->arg[2] = data;
    ret->out = data;
    ret->arg_const[0] = n->op != OP_guest_rmw && n->op != OP_guest_cas && is_known(fn, n);
    switch (n->op) {
    case OP_guest_page:
        ret->arg_const[0] = false;
        break;
    case OP_guest_ldm:
        ret->arg[1] = X86_PRED_REGS;
        break;
    case OP_guest_stm:
        ret->arg[2] = X86_PRED_REGS;
        break;
    case OP_guest_ldn:
        ret->arg[2] = X86_INT_REGS;
        ret->arg_slot[2] = true;
        /* fall through */
    case OP_guest_ldh:
        ret->arg[1] = X86_INT_REGS;
        ret->arg_slot[1] = true;
        break;
    case OP_guest_stn:
        ret->arg[3] = X86_INT_REGS;
        ret->arg_slot[3] = true;
        /* fall through */
    case OP_guest_sth:
        ret->arg_slot[2] = true;
        /* fall through */
    case OP_guest_stx:
        ret->arg[2] = X86_INT_REGS;
        /* fall through */
    case OP_guest_st:
        ret->arg_const[1] = ret->arg_slot[1] = true;
        break;
    case OP_guest_ldx:
        ret->arg[1] = X86_INT_REGS;
        break;
    case OP_guest_rmw:
        ret->clobbers = fn->config->layout->direct ? 0 : REG_BIT(RCX);
        break;
    case OP_guest_cas:
        if (wide) {
            ret->clobbers = REG_BIT(RBX) | REG_BIT(RCX) | REG_BIT(RSI);
        }
        break;
    }
    ret->arg[0] &= ~ret->clobbers;
    ret->arg[1] &= ~ret->clobbers;
    ret->out &= ~ret->clobbers;
}
