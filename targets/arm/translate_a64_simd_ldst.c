/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A64: loads and stores of the SIMD&FP registers (Arm DDI 0487, C4.1.94).
 *
 * Structure loads and stores of whole registers are made of 128- or 64-bit accesses in memory order, the
 * elements being sorted in registers; each element is still one atomic access when it is aligned.
 */
#include "targets/arm/arm_a64_simd_ldst.trans.h"
#include "targets/arm/translate.h"

/* -- one register ------------------------------------------------------------------------------ */

/* A register of 1 << size bytes from memory, with zeros above. */
static TcgVal load(DisasContext *dc, unsigned size, TcgVal addr, MemOp mo)
{
    TcgVal v = tcg_guest_ld(dc->g, size >= 2 ? TCG_V128 : TCG_I32, addr, mo);

    return size >= 2 ? v : tcg_vec1(dc->g, OP_vfrom, 2, v, 0);
}

static TcgVal store_value(DisasContext *dc, unsigned size, unsigned rt)
{
    return size >= 2 ? a64_get_v(dc, rt) : a64_get_fp(dc, size, rt);
}

/* Addressing: offset, or with the base written back before (pre) or after (post). */
typedef enum Index { OFFSET, PRE, POST } Index;

static TcgVal index_address(DisasContext *dc, unsigned rn, int64_t imm, Index index, TcgVal *ret_new_base)
{
    TcgVal base = a64_base(dc, rn);

    if (index == OFFSET) {
        *ret_new_base = base;
        return tcg_address_at(dc->g, base, imm);
    }
    *ret_new_base = imm ? tcg_addi(dc->g, TCG_I64, base, imm) : base;
    return index == POST ? base : *ret_new_base;
}

static bool do_store(DisasContext *dc, const arg_STUR_v *a, Index index)
{
    TcgVal new_base, addr;

    if (a64_fp_access(dc)) {
        addr = index_address(dc, a->rn, a->imm, index, &new_base);
        tcg_guest_st(dc->g, addr, store_value(dc, a->size, a->rt), a64_memop(dc, a->size, false));
        if (index != OFFSET) {
            a64_set_sp(dc, a->rn, new_base);
        }
    }
    return true;
}

static bool do_load(DisasContext *dc, const arg_LDUR_v *a, Index index)
{
    TcgVal new_base, addr;

    if (a64_fp_access(dc)) {
        addr = index_address(dc, a->rn, a->imm, index, &new_base);
        a64_set_v(dc, a->rt, load(dc, a->size, addr, a64_memop(dc, a->size, false)));
        if (index != OFFSET) {
            a64_set_sp(dc, a->rn, new_base);
        }
    }
    return true;
}

bool trans_STUR_v(DisasContext *dc, const arg_STUR_v *a) { return do_store(dc, a, OFFSET); }
bool trans_LDUR_v(DisasContext *dc, const arg_LDUR_v *a) { return do_load(dc, a, OFFSET); }
bool trans_STR_v_i(DisasContext *dc, const arg_STR_v_i *a) { return do_store(dc, a, OFFSET); }
bool trans_LDR_v_i(DisasContext *dc, const arg_LDR_v_i *a) { return do_load(dc, a, OFFSET); }
bool trans_STR_v_post(DisasContext *dc, const arg_STR_v_post *a) { return do_store(dc, a, POST); }
bool trans_LDR_v_post(DisasContext *dc, const arg_LDR_v_post *a) { return do_load(dc, a, POST); }
bool trans_STR_v_pre(DisasContext *dc, const arg_STR_v_pre *a) { return do_store(dc, a, PRE); }
bool trans_LDR_v_pre(DisasContext *dc, const arg_LDR_v_pre *a) { return do_load(dc, a, PRE); }

bool trans_STLUR_v(DisasContext *dc, const arg_STLUR_v *a)
{
    if (a64_fp_access(dc)) {
        tcg_guest_st(dc->g, tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), a->imm), store_value(dc, a->size, a->rt),
                     a64_memop_ordered(dc, a->size, false, MO_RELEASE));
    }
    return true;
}

bool trans_LDAPUR_v(DisasContext *dc, const arg_LDAPUR_v *a)
{
    if (a64_fp_access(dc)) {
        a64_set_v(dc, a->rt, load(dc, a->size, tcg_addi(dc->g, TCG_I64, a64_base(dc, a->rn), a->imm),
                                  a64_memop_ordered(dc, a->size, false, MO_ACQ_REL)));
    }
    return true;
}

bool trans_STL1(DisasContext *dc, const arg_STL1 *a)
{
    if (a64_fp_access(dc)) {
        tcg_guest_st(dc->g, a64_base(dc, a->rn), tcg_vget(dc->g, 3, a64_get_v(dc, a->rt), a->index),
                     a64_memop_ordered(dc, 3, false, MO_RELEASE));
    }
    return true;
}

bool trans_LDAP1(DisasContext *dc, const arg_LDAP1 *a)
{
    if (a64_fp_access(dc)) {
        TcgVal v = tcg_guest_ld(dc->g, TCG_I64, a64_base(dc, a->rn), a64_memop_ordered(dc, 3, false, MO_ACQ_REL));

        a64_set_v(dc, a->rt, tcg_vec2(dc->g, OP_vset, 3, a64_get_v(dc, a->rt), v, a->index));
    }
    return true;
}

static TcgVal offset_address(DisasContext *dc, const arg_STR_v_r *a)
{
    return tcg_add(dc->g, TCG_I64, a64_base(dc, a->rn), a64_extend(dc, 1, a->rm, a->option, a->shift));
}

bool trans_STR_v_r(DisasContext *dc, const arg_STR_v_r *a)
{
    if (a64_fp_access(dc)) {
        TcgVal addr = offset_address(dc, a);

        tcg_guest_st(dc->g, addr, store_value(dc, a->size, a->rt), a64_memop(dc, a->size, false));
    }
    return true;
}

bool trans_LDR_v_r(DisasContext *dc, const arg_LDR_v_r *a)
{
    if (a64_fp_access(dc)) {
        a64_set_v(dc, a->rt, load(dc, a->size, offset_address(dc, a), a64_memop(dc, a->size, false)));
    }
    return true;
}

bool trans_LDR_lit_v(DisasContext *dc, const arg_LDR_lit_v *a)
{
    if (a64_fp_access(dc)) {
        a64_set_v(dc, a->rt, load(dc, a->size, a64_pc(dc, a->imm), a64_memop(dc, a->size, false)));
    }
    return true;
}

/* -- pairs ------------------------------------------------------------------------------------- */

/*
 * Two registers of 1 << size bytes. Pairs of S and of D are one access whose halves are atomic each on its
 * own.
 */
static MemOp pair_memop(DisasContext *dc, unsigned size)
{
    MemOp mo = a64_memop(dc, size + 1, false);

    if ((mo & MO_ALIGN) == MO_ALIGN_NATURAL) {
        mo = (mo & ~(MemOp)MO_ALIGN) | (size == 3 ? MO_ALIGN_8 : MO_ALIGN_4);
    }
    return (mo & MO_ATOM) == MO_ATOM_WITHIN16 ? mo : (mo & ~(MemOp)MO_ATOM) | MO_ATOM_PAIR;
}

static void store_pair(DisasContext *dc, unsigned size, unsigned rt, unsigned rt2, TcgVal addr)
{
    unsigned first = dc->key.big_endian ? rt2 : rt, second = dc->key.big_endian ? rt : rt2;
    TcgVal v;

    if (size == 4) {
        tcg_guest_st(dc->g, addr, a64_get_v(dc, rt), a64_memop(dc, 4, false));
        tcg_guest_st(dc->g, tcg_address_at(dc->g, addr, 16), a64_get_v(dc, rt2), a64_memop(dc, 4, false));
        return;
    }
    v = tcg_vec2(dc->g, OP_vzip1, size, a64_get_v(dc, first), a64_get_v(dc, second), 0);
    tcg_guest_st(dc->g, addr, v, pair_memop(dc, size));
}

static void load_pair(DisasContext *dc, unsigned size, unsigned rt, unsigned rt2, TcgVal addr)
{
    unsigned first = dc->key.big_endian, second = !first;
    TcgVal v, w;

    if (size == 4) {
        v = load(dc, 4, addr, a64_memop(dc, 4, false));
        w = load(dc, 4, tcg_address_at(dc->g, addr, 16), a64_memop(dc, 4, false));
    } else {
        TcgVal both = load(dc, size + 1, addr, pair_memop(dc, size));

        v = tcg_vec1(dc->g, OP_vfrom, size, tcg_vget(dc->g, size, both, first), 0);
        w = tcg_vec1(dc->g, OP_vfrom, size, tcg_vget(dc->g, size, both, second), 0);
    }
    a64_set_v(dc, rt, v);
    a64_set_v(dc, rt2, w);
}

static bool do_store_pair(DisasContext *dc, const arg_STP_v_i *a, Index index)
{
    TcgVal new_base, addr;

    if (a64_fp_access(dc)) {
        addr = index_address(dc, a->rn, a->imm, index, &new_base);
        store_pair(dc, a->size, a->rt, a->rt2, addr);
        if (index != OFFSET) {
            a64_set_sp(dc, a->rn, new_base);
        }
    }
    return true;
}

static bool do_load_pair(DisasContext *dc, const arg_LDP_v_i *a, Index index)
{
    TcgVal new_base, addr;

    if (a64_fp_access(dc)) {
        addr = index_address(dc, a->rn, a->imm, index, &new_base);
        load_pair(dc, a->size, a->rt, a->rt2, addr);
        if (index != OFFSET) {
            a64_set_sp(dc, a->rn, new_base);
        }
    }
    return true;
}

bool trans_STNP_v(DisasContext *dc, const arg_STNP_v *a) { return do_store_pair(dc, a, OFFSET); }
bool trans_LDNP_v(DisasContext *dc, const arg_LDNP_v *a) { return do_load_pair(dc, a, OFFSET); }
bool trans_STP_v_i(DisasContext *dc, const arg_STP_v_i *a) { return do_store_pair(dc, a, OFFSET); }
bool trans_LDP_v_i(DisasContext *dc, const arg_LDP_v_i *a) { return do_load_pair(dc, a, OFFSET); }
bool trans_STP_v_pre(DisasContext *dc, const arg_STP_v_pre *a) { return do_store_pair(dc, a, PRE); }
bool trans_LDP_v_pre(DisasContext *dc, const arg_LDP_v_pre *a) { return do_load_pair(dc, a, PRE); }
bool trans_STP_v_post(DisasContext *dc, const arg_STP_v_post *a) { return do_store_pair(dc, a, POST); }
bool trans_LDP_v_post(DisasContext *dc, const arg_LDP_v_post *a) { return do_load_pair(dc, a, POST); }

/* -- structures: whole registers --------------------------------------------------------------- */

enum { MAX_STRUCT = 4 };

/*
 * A multiple-structure access in pieces of at most 16 bytes. Bytes are accessed little-endian; elements of a
 * big-endian access are reversed in registers. Alignment is that of an element.
 */
typedef struct Pieces {
    unsigned num, size[MAX_STRUCT];             /* size: log2 */
    TcgVal v[MAX_STRUCT];
} Pieces;

static void pieces_init(Pieces *p, unsigned bytes, unsigned each)
{
    for (p->num = 0; bytes; p->num++) {
        p->size[p->num] = bytes >= 16 && each == 16 ? 4 : 3;
        bytes -= 1u << p->size[p->num];
    }
}

static MemOp piece_memop(DisasContext *dc, unsigned size, unsigned esz)
{
    MemOp mo = a64_memop(dc, size, false) & ~(MemOp)(MO_BE | MO_ALIGN | MO_ATOM);

    if (dc->key.align_check && esz >= 2) {
        mo |= esz == 2 ? MO_ALIGN_4 : MO_ALIGN_8;
    }
    return size == 4 ? mo | MO_ATOM_PAIR : mo;
}

/* No MemOp says "aligned to 2": with alignment checked, halfwords are accessed one by one. */
static bool by_element(DisasContext *dc, unsigned esz)
{
    return dc->key.align_check && esz == 1;
}

static TcgVal swap_elements(DisasContext *dc, unsigned esz, TcgVal v)
{
    return dc->key.big_endian && esz ? tcg_vec1(dc->g, OP_vbyterev, 0, v, esz) : v;
}

static void load_pieces(DisasContext *dc, Pieces *p, unsigned esz, TcgVal addr)
{
    for (unsigned i = 0, at = 0; i < p->num; at += 1u << p->size[i++]) {
        TcgVal v = load(dc, p->size[i], tcg_address_at(dc->g, addr, at),
                        piece_memop(dc, p->size[i], esz));

        p->v[i] = swap_elements(dc, esz, v);
    }
}

static void store_pieces(DisasContext *dc, const Pieces *p, unsigned esz, TcgVal addr)
{
    for (unsigned i = 0, at = 0; i < p->num; at += 1u << p->size[i++]) {
        TcgVal v = swap_elements(dc, esz, p->v[i]);

        tcg_guest_st(dc->g, tcg_address_at(dc->g, addr, at),
                     p->size[i] == 4 ? v : tcg_vget(dc->g, 3, v, 0), piece_memop(dc, p->size[i], esz));
    }
}

static TcgVal permute(DisasContext *dc, TcgOpcode op, unsigned esz, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, op, esz, a, b, 0);
}

/* Byte i of the result is byte from[i] of the three sources end to end, or zero beyond them. */
static TcgVal gather3(DisasContext *dc, const TcgVal *src, const uint8_t *from)
{
    TcgVal ret = TCG_NOVAL;

    for (unsigned s = 0; s < 3; s++) {
        uint64_t half[2] = { UINT64_MAX, UINT64_MAX };
        bool any = false;
        TcgVal part;

        for (unsigned i = 0; i < 16; i++) {
            if (from[i] / 16 == s) {
                half[i / 8] = deposit64(half[i / 8], i % 8 * 8, 8, from[i] % 16);
                any = true;
            }
        }
        if (!any) {
            continue;
        }
        part = permute(dc, OP_vtbl, 0, src[s], tcg_const_v(dc->g, half[0], half[1]));
        ret = ret.id ? permute(dc, OP_vor, 0, ret, part) : part;
    }
    return ret;
}

/* Registers from memory order: element e of register k is element e * n + k in memory. */
static void deinterleave(DisasContext *dc, const Pieces *p, unsigned n, unsigned esz, unsigned bytes,
                         TcgVal *ret)
{
    TcgVal a = p->v[0], b = p->num > 1 ? p->v[1] : a, even, odd;

    if (n == 2) {
        ret[0] = permute(dc, OP_vuzp1, esz, a, b);
        ret[1] = permute(dc, OP_vuzp2, esz, a, b);
    } else if (n == 3) {
        for (unsigned k = 0; k < 3; k++) {
            uint8_t from[16];

            for (unsigned i = 0; i < 16; i++) {
                from[i] = i < bytes ? ((i >> esz) * 3 + k) << esz | (i & ((1u << esz) - 1)) : UINT8_MAX;
            }
            ret[k] = gather3(dc, p->v, from);
        }
    } else {
        TcgVal c = p->num > 2 ? p->v[2] : a, d = p->num > 2 ? p->v[3] : b, even2, odd2;

        even = permute(dc, OP_vuzp1, esz, a, b);
        odd = permute(dc, OP_vuzp2, esz, a, b);
        even2 = permute(dc, OP_vuzp1, esz, c, d);
        odd2 = permute(dc, OP_vuzp2, esz, c, d);
        ret[0] = permute(dc, OP_vuzp1, esz, even, even2);
        ret[1] = permute(dc, OP_vuzp1, esz, odd, odd2);
        ret[2] = permute(dc, OP_vuzp2, esz, even, even2);
        ret[3] = permute(dc, OP_vuzp2, esz, odd, odd2);
    }
}

static void interleave(DisasContext *dc, const TcgVal *v, unsigned n, unsigned esz, unsigned bytes, Pieces *p)
{
    TcgVal ret[MAX_STRUCT];

    if (n == 2) {
        ret[0] = permute(dc, OP_vzip1, esz, v[0], v[1]);
        ret[1] = permute(dc, OP_vzip2, esz, v[0], v[1]);
    } else if (n == 3) {
        for (unsigned k = 0; k < p->num; k++) {
            uint8_t from[16];

            for (unsigned i = 0; i < 16; i++) {
                unsigned elem = (k * 16 + i) >> esz, reg = elem % 3;

                from[i] = k * 16 + i < 3 * bytes ?
                          reg * 16 + ((elem / 3) << esz | (i & ((1u << esz) - 1))) : UINT8_MAX;
            }
            ret[k] = gather3(dc, v, from);
        }
    } else {
        TcgVal even = permute(dc, OP_vzip1, esz, v[0], v[2]), odd = permute(dc, OP_vzip1, esz, v[1], v[3]);

        ret[0] = permute(dc, OP_vzip1, esz, even, odd);
        ret[1] = permute(dc, OP_vzip2, esz, even, odd);
        even = permute(dc, OP_vzip2, esz, v[0], v[2]);
        odd = permute(dc, OP_vzip2, esz, v[1], v[3]);
        ret[2] = permute(dc, OP_vzip1, esz, even, odd);
        ret[3] = permute(dc, OP_vzip2, esz, even, odd);
    }
    memcpy(p->v, ret, p->num * sizeof(ret[0]));
}

static void write_back(DisasContext *dc, unsigned post, unsigned rn, unsigned rm, TcgVal base, unsigned bytes)
{
    if (post) {
        a64_set_sp(dc, rn, rm == 31 ? tcg_addi(dc->g, TCG_I64, base, bytes) :
                                      tcg_add(dc->g, TCG_I64, base, a64_get_x(dc, rm)));
    }
}

/* Where element e of register k is. */
static TcgVal element_address(DisasContext *dc, TcgVal base, const arg_LD_mult *a, unsigned e, unsigned k)
{
    unsigned per_reg = (a->q ? 16 : 8) >> a->size;
    unsigned n = a->selem == 1 ? k * per_reg + e : e * a->selem + k;

    return tcg_addi(dc->g, TCG_I64, base, (uint64_t)n << a->size);
}

bool trans_LD_mult(DisasContext *dc, const arg_LD_mult *a)
{
    unsigned n = a->rpt * a->selem, bytes = a->q ? 16 : 8;
    TcgVal base, v[MAX_STRUCT];
    Pieces p = { 0 };

    if (!a64_fp_access(dc)) {
        return true;
    }
    base = a64_base(dc, a->rn);
    if (by_element(dc, a->size)) {
        for (unsigned k = 0; k < n; k++) {
            v[k] = tcg_const_v(dc->g, 0, 0);
        }
        for (unsigned i = 0; i < n * bytes >> a->size; i++) {
            unsigned k = a->selem == 1 ? i / (bytes >> a->size) : i % n;
            unsigned e = a->selem == 1 ? i % (bytes >> a->size) : i / n;
            TcgVal x = tcg_guest_ld(dc->g, TCG_I32, element_address(dc, base, a, e, k),
                                    a64_memop(dc, a->size, false));

            v[k] = tcg_vec2(dc->g, OP_vset, a->size, v[k], x, e);
        }
    } else {
        pieces_init(&p, n * bytes, a->selem == 1 ? bytes : 16);
        load_pieces(dc, &p, a->size, base);
        if (a->selem == 1) {
            memcpy(v, p.v, sizeof(v));
        } else {
            deinterleave(dc, &p, n, a->size, bytes, v);
        }
    }
    for (unsigned k = 0; k < n; k++) {
        (a->q ? a64_set_v : a64_set_v_low)(dc, (a->rt + k) % 32, v[k]);
    }
    write_back(dc, a->post, a->rn, a->rm, base, n * bytes);
    return true;
}

bool trans_ST_mult(DisasContext *dc, const arg_ST_mult *a)
{
    unsigned n = a->rpt * a->selem, bytes = a->q ? 16 : 8;
    TcgVal base, v[MAX_STRUCT];
    Pieces p = { 0 };

    if (!a64_fp_access(dc)) {
        return true;
    }
    base = a64_base(dc, a->rn);
    for (unsigned k = 0; k < n; k++) {
        v[k] = a64_get_v(dc, (a->rt + k) % 32);
    }
    if (by_element(dc, a->size)) {
        for (unsigned i = 0; i < n * bytes >> a->size; i++) {
            unsigned k = a->selem == 1 ? i / (bytes >> a->size) : i % n;
            unsigned e = a->selem == 1 ? i % (bytes >> a->size) : i / n;

            tcg_guest_st(dc->g, element_address(dc, base, a, e, k), tcg_vget(dc->g, a->size, v[k], e),
                         a64_memop(dc, a->size, false));
        }
    } else {
        pieces_init(&p, n * bytes, a->selem == 1 ? bytes : 16);
        if (a->selem == 1) {
            memcpy(p.v, v, sizeof(v));
        } else {
            interleave(dc, v, n, a->size, bytes, &p);
        }
        store_pieces(dc, &p, a->size, base);
    }
    write_back(dc, a->post, a->rn, a->rm, base, n * bytes);
    return true;
}

/* -- structures: single elements --------------------------------------------------------------- */

/* The elements of one structure, loaded in order. */
static void load_elements(DisasContext *dc, unsigned size, unsigned n, TcgVal base, TcgVal *ret)
{
    for (unsigned k = 0; k < n; k++) {
        ret[k] = tcg_guest_ld(dc->g, size == 3 ? TCG_I64 : TCG_I32, tcg_addi(dc->g, TCG_I64, base, k << size),
                              a64_memop(dc, size, false));
    }
}

bool trans_LD_single(DisasContext *dc, const arg_LD_single *a)
{
    TcgVal base, x[MAX_STRUCT];

    if (a64_fp_access(dc)) {
        base = a64_base(dc, a->rn);
        load_elements(dc, a->size, a->selem, base, x);
        for (int k = 0; k < a->selem; k++) {
            unsigned rt = (a->rt + k) % 32;

            a64_set_v(dc, rt, tcg_vec2(dc->g, OP_vset, a->size, a64_get_v(dc, rt), x[k], a->index));
        }
        write_back(dc, a->post, a->rn, a->rm, base, a->selem << a->size);
    }
    return true;
}

bool trans_LD_rep(DisasContext *dc, const arg_LD_rep *a)
{
    TcgVal base, x[MAX_STRUCT];

    if (a64_fp_access(dc)) {
        base = a64_base(dc, a->rn);
        load_elements(dc, a->size, a->selem, base, x);
        for (int k = 0; k < a->selem; k++) {
            TcgVal v = tcg_vec1(dc->g, OP_vdup, a->size, x[k], 0);

            (a->q ? a64_set_v : a64_set_v_low)(dc, (a->rt + k) % 32, v);
        }
        write_back(dc, a->post, a->rn, a->rm, base, a->selem << a->size);
    }
    return true;
}

bool trans_ST_single(DisasContext *dc, const arg_ST_single *a)
{
    TcgVal base;

    if (a64_fp_access(dc)) {
        base = a64_base(dc, a->rn);
        for (int k = 0; k < a->selem; k++) {
            tcg_guest_st(dc->g, tcg_addi(dc->g, TCG_I64, base, k << a->size),
                         tcg_vget(dc->g, a->size, a64_get_v(dc, (a->rt + k) % 32), a->index),
                         a64_memop(dc, a->size, false));
        }
        write_back(dc, a->post, a->rn, a->rm, base, a->selem << a->size);
    }
    return true;
}
