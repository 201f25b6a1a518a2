/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pure operations bit by bit or in 128-bit arithmetic, in C with no cleverness. */
#include <string.h>
#include "core/tcg/tests/opref.h"

typedef unsigned __int128 U128;
typedef __int128 S128;

static int64_t sign(uint64_t v, unsigned bits)
{
    return bits < 64 && (v >> (bits - 1) & 1) ? (int64_t)(v - ((uint64_t)1 << bits)) : (int64_t)v;
}

static uint64_t cut(uint64_t v, unsigned bits)
{
    return bits == 64 ? v : v & (((uint64_t)1 << bits) - 1);
}

static bool cond(TcgCond c, unsigned bits, uint64_t a, uint64_t b)
{
    switch (c) {
    case COND_EQ:
        return a == b;
    case COND_NE:
        return a != b;
    case COND_LT:
        return sign(a, bits) < sign(b, bits);
    case COND_GE:
        return sign(a, bits) >= sign(b, bits);
    case COND_LE:
        return sign(a, bits) <= sign(b, bits);
    case COND_GT:
        return sign(a, bits) > sign(b, bits);
    case COND_LTU:
        return a < b;
    case COND_GEU:
        return a >= b;
    case COND_LEU:
        return a <= b;
    case COND_GTU:
        return a > b;
    case COND_TSTEQ:
        return (a & b) == 0;
    case COND_TSTNE:
        return (a & b) != 0;
    default:
        g_assert_not_reached();
    }
}

bool ref_cond(TcgCond c, TcgType type, uint64_t a, uint64_t b)
{
    unsigned bits = 8 * tcg_type_size(type);

    return cond(c, bits, cut(a, bits), cut(b, bits));
}

bool ref_flag(TcgFlagCond fc, unsigned f)
{
    bool n = f & 8, z = f & 4, c = f & 2, v = f & 1, r;

    switch (fc / 2) {
    case 0:
        r = z;
        break;
    case 1:
        r = c;
        break;
    case 2:
        r = n;
        break;
    case 3:
        r = v;
        break;
    case 4:
        r = c && !z;
        break;
    case 5:
        r = n == v;
        break;
    case 6:
        r = n == v && !z;
        break;
    default:
        return true;
    }
    return fc % 2 ? !r : r;
}

static unsigned flags_of_sum(uint64_t a, uint64_t b, uint64_t c, unsigned bits)
{
    U128 sum = (U128)a + b + c;
    S128 ssum = (S128)sign(a, bits) + sign(b, bits) + (S128)c;
    uint64_t r = cut((uint64_t)sum, bits);

    return (sign(r, bits) < 0) * 8u + (r == 0) * 4u + (sum != r) * 2u + (ssum != sign(r, bits));
}

static uint64_t ref_int(TcgOpcode op, unsigned bits, unsigned aux, uint64_t a, uint64_t b, uint64_t c, bool *ok)
{
    unsigned n = (unsigned)(b % bits), pos = aux & 0xff, len = aux >> 8;
    uint64_t r = 0;

    switch (op) {
    case OP_add:
        return a + b;
    case OP_sub:
        return a - b;
    case OP_mul:
        return a * b;
    case OP_mulhu:
        return (uint64_t)(((U128)a * b) >> bits);
    case OP_mulhs:
        return (uint64_t)(((S128)sign(a, bits) * sign(b, bits)) >> bits);
    case OP_divu:
        return b ? a / b : 0;
    case OP_divs:
        return b ? (uint64_t)((S128)sign(a, bits) / sign(b, bits)) : 0;
    case OP_and:
        return a & b;
    case OP_or:
        return a | b;
    case OP_xor:
        return a ^ b;
    case OP_andn:
        return a & ~b;
    case OP_orn:
        return a | ~b;
    case OP_not:
        return ~a;
    case OP_neg:
        return 0 - a;
    case OP_shl:
        for (r = a; n; n--) {
            r = r * 2;
        }
        return r;
    case OP_shr:
        for (r = a; n; n--) {
            r = r / 2;
        }
        return r;
    case OP_sar:
        for (r = a; n; n--) {
            r = r / 2 | (r & (uint64_t)1 << (bits - 1));
        }
        return r;
    case OP_ror:
        for (r = a; n; n--) {
            r = r / 2 | (r & 1) << (bits - 1);
        }
        return r;
    case OP_clz:
        while (r < bits && !(a >> (bits - 1 - r) & 1)) {
            r++;
        }
        return r;
    case OP_ctz:
        while (r < bits && !(a >> r & 1)) {
            r++;
        }
        return r;
    case OP_popcnt:
        for (unsigned i = 0; i < bits; i++) {
            r += a >> i & 1;
        }
        return r;
    case OP_bswap:
        for (unsigned i = 0; i < bits; i += 8) {
            r |= (a >> i & 0xff) << (bits - 8 - i);
        }
        return r;
    case OP_rbit:
        for (unsigned i = 0; i < bits; i++) {
            r |= (a >> i & 1) << (bits - 1 - i);
        }
        return r;
    case OP_extract:
        return cut(a >> pos, len);
    case OP_sextract:
        return (uint64_t)sign(cut(a >> pos, len), len);
    case OP_deposit:
        for (unsigned i = 0; i < bits; i++) {
            r |= ((i >= pos && i < pos + len ? b >> (i - pos) : a >> i) & 1) << i;
        }
        return r;
    case OP_extract2:
        return (uint64_t)(((U128)b << bits | a) >> aux);
    case OP_setcond:
        return cond(aux, bits, a, b);
    case OP_flags_add:
        return flags_of_sum(a, b, 0, bits);
    case OP_flags_sub:
        return flags_of_sum(a, cut(~b, bits), 1, bits);
    case OP_flags_adc:
        return flags_of_sum(a, b, c, bits);
    case OP_flags_logic:
        return (sign(a, bits) < 0) * 8u + (a == 0) * 4u;
    case OP_flags_cond:
        return ref_flag(aux, a & 15);
    default:
        *ok = false;
        return 0;
    }
}

/* -- vectors, element by element ------------------------------------------------------------------------------------ */

static uint64_t lane(const TcgVecVal *v, unsigned es, unsigned i)
{
    uint64_t r = 0;

    memcpy(&r, v->u8 + (i << es), 1u << es);
    return r;
}

static void set_lane(TcgVecVal *v, unsigned es, unsigned i, uint64_t x)
{
    memcpy(v->u8 + (i << es), &x, 1u << es);
}

static uint64_t saturate(S128 v, S128 lo, S128 hi)
{
    return (uint64_t)(v < lo ? lo : v > hi ? hi : v);
}

static uint64_t ref_lane(TcgOpcode op, unsigned bits, uint64_t imm, uint64_t a, uint64_t b, bool *ok)
{
    int64_t sa = sign(a, bits), sb = sign(b, bits);
    S128 half = (S128)1 << (bits - 1);

    switch (op) {
    case OP_vadd:
        return a + b;
    case OP_vsub:
        return a - b;
    case OP_vmul:
        return a * b;
    case OP_vneg:
        return 0 - a;
    case OP_vabs:
        return sa < 0 ? 0 - a : a;
    case OP_vcmp:
        return cond((TcgCond)imm, bits, a, b) ? ~UINT64_C(0) : 0;
    case OP_vsmin:
        return sa < sb ? a : b;
    case OP_vsmax:
        return sa > sb ? a : b;
    case OP_vumin:
        return a < b ? a : b;
    case OP_vumax:
        return a > b ? a : b;
    case OP_vshl:
        return a << imm;
    case OP_vshr:
        return imm == bits ? 0 : a >> imm;
    case OP_vsar:
        return (uint64_t)((S128)sa >> imm);
    case OP_vsadds:
        return saturate((S128)sa + sb, -half, half - 1);
    case OP_vssubs:
        return saturate((S128)sa - sb, -half, half - 1);
    case OP_vuadds:
        return saturate((S128)a + b, 0, 2 * half - 1);
    case OP_vusubs:
        return saturate((S128)a - b, 0, 2 * half - 1);
    default:
        *ok = false;
        return 0;
    }
}

static bool ref_vec(TcgOpcode op, unsigned es, uint64_t imm, const TcgVecVal *x, TcgVecVal *r)
{
    const TcgVecVal *a = &x[0], *b = &x[1], *c = &x[2];
    unsigned n = 16u >> es, bits = 8u << es;
    bool ok = true;

    memset(r, 0, sizeof(*r));
    for (unsigned i = 0; i < 16; i++) {
        switch (op) {
        case OP_vand:
            r->u8[i] = a->u8[i] & b->u8[i];
            continue;
        case OP_vor:
            r->u8[i] = a->u8[i] | b->u8[i];
            continue;
        case OP_vxor:
            r->u8[i] = a->u8[i] ^ b->u8[i];
            continue;
        case OP_vandn:
            r->u8[i] = a->u8[i] & ~b->u8[i];
            continue;
        case OP_vnot:
            r->u8[i] = ~a->u8[i];
            continue;
        case OP_vbitsel:
            r->u8[i] = (a->u8[i] & b->u8[i]) | (~a->u8[i] & c->u8[i]);
            continue;
        case OP_vext:
            r->u8[i] = i + imm < 16 ? a->u8[i + imm] : b->u8[i + imm - 16];
            continue;
        case OP_vtbl:
            r->u8[i] = b->u8[i] < 16 ? a->u8[b->u8[i]] : 0;
            continue;
        case OP_vpopcnt8:
            for (unsigned k = 0; k < 8; k++) {
                r->u8[i] += a->u8[i] >> k & 1;
            }
            continue;
        default:
            break;
        }
        break;
    }
    switch (op) {
    case OP_vand: case OP_vor: case OP_vxor: case OP_vandn: case OP_vnot: case OP_vbitsel: case OP_vext: case OP_vtbl:
    case OP_vpopcnt8:
        return true;
    case OP_vmovz:
        r->u64[0] = es == 3 ? a->u64[0] : a->u32[0];
        return true;
    case OP_vpair:
        r->u64[0] = a->u64[0];
        r->u64[1] = b->u64[0];
        return true;
    case OP_vget:
        r->u64[0] = lane(a, es, (unsigned)imm);
        return true;
    case OP_vset:
        *r = *a;
        set_lane(r, es, (unsigned)imm, b->u64[0]);
        return true;
    case OP_vfrom:
        set_lane(r, es, 0, a->u64[0]);
        return true;
    default:
        break;
    }
    for (unsigned i = 0; i < n && ok; i++) {
        uint64_t v;

        switch (op) {
        case OP_vdup:
            v = a->u64[0];
            break;
        case OP_vdup_lane:
            v = lane(a, es, (unsigned)imm);
            break;
        case OP_vzip1:
            v = lane(i & 1 ? b : a, es, i / 2);
            break;
        case OP_vzip2:
            v = lane(i & 1 ? b : a, es, n / 2 + i / 2);
            break;
        case OP_vuzp1:
            v = lane(i < n / 2 ? a : b, es, 2 * i % n);
            break;
        case OP_vuzp2:
            v = lane(i < n / 2 ? a : b, es, 2 * i % n + 1);
            break;
        case OP_vbyterev: {
            unsigned per = 1u << (imm - es);

            v = lane(a, es, i / per * per + (per - 1 - i % per));
            break;
        }
        default:
            v = ref_lane(op, bits, imm, lane(a, es, i), lane(b, es, i), &ok);
        }
        set_lane(r, es, i, v);
    }
    return ok;
}

bool op_reference(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgVecVal *arg, TcgVecVal *ret)
{
    const TcgOpDef *def = &tcg_op_def[op];
    unsigned bits = type == TCG_I32 ? 32 : 64;
    uint64_t x[4] = { 0 }, r;
    bool ok = true;

    memset(ret, 0, sizeof(*ret));
    switch (op) {
    case OP_select:
        *ret = (uint32_t)arg[0].u64[0] ? arg[1] : arg[2];
        break;
    case OP_select_cmp:
        *ret = ref_cond(aux, (TcgType)imm, arg[0].u64[0], arg[1].u64[0]) ? arg[2] : arg[3];
        break;
    case OP_select_fc:
        *ret = ref_flag(aux, arg[0].u64[0] & 15) ? arg[1] : arg[2];
        break;
    case OP_trunc:
        ret->u64[0] = (uint32_t)arg[0].u64[0];
        return true;
    case OP_zext:
        ret->u64[0] = (uint32_t)arg[0].u64[0];
        return true;
    case OP_sext:
        ret->u64[0] = (uint64_t)sign((uint32_t)arg[0].u64[0], 32);
        return true;
    case OP_flags_fp: {
        double a, b;

        if (tcg_fp_es(aux) == 2) {
            float f[2];

            memcpy(&f[0], &arg[0], sizeof(float));
            memcpy(&f[1], &arg[1], sizeof(float));
            a = (double)f[0];
            b = (double)f[1];
        } else {
            memcpy(&a, &arg[0], sizeof(double));
            memcpy(&b, &arg[1], sizeof(double));
        }
        ret->u64[0] = a < b ? FLAG_N : a == b ? FLAG_Z | FLAG_C : a > b ? FLAG_C : FLAG_C | FLAG_V;
        return true;
    }
    default:
        if (type == TCG_V128 || op == OP_vget) {
            return (def->flags & TCGF_PURE) && def->args && ref_vec(op, aux, imm, arg, ret);
        }
        for (unsigned k = 0; k < def->args; k++) {
            x[k] = cut(arg[k].u64[0], bits);
        }
        r = ref_int(op, bits, aux, x[0], x[1], x[2], &ok);
        ret->u64[0] = def->flags & TCGF_ARGT ? r : cut(r, bits);
        return ok;
    }
    if (type != TCG_V128) {
        ret->u64[0] = cut(ret->u64[0], bits);
        ret->u64[1] = 0;
    }
    return true;
}

uint64_t ref_rmw(TcgRmw op, uint64_t old, uint64_t v, unsigned size)
{
    unsigned bits = 8 * size;

    switch (op) {
    case RMW_SWP:
        return v;
    case RMW_ADD:
        return cut(old + v, bits);
    case RMW_AND:
        return old & v;
    case RMW_OR:
        return old | v;
    case RMW_XOR:
        return old ^ v;
    case RMW_SMAX:
        return sign(old, bits) >= sign(v, bits) ? old : v;
    case RMW_SMIN:
        return sign(old, bits) <= sign(v, bits) ? old : v;
    case RMW_UMAX:
        return old >= v ? old : v;
    default:
        return old <= v ? old : v;
    }
}
