/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The meaning of every PURE operation, as C on 16-byte values: what fold folds with, what a recipe computes when a
 * state map is written back, and what back ends are tested against. Written to be obviously right, not fast.
 */
#include "core/tcg/ir_int.h"

#include <string.h>

/* -- integers: a and b are zero extended from their width -------------------------------------------------------- */

static uint64_t width_mask(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static int64_t sign_from(uint64_t v, unsigned bits)
{
    return bits >= 64 ? (int64_t)v : (int64_t)(v << (64 - bits)) >> (64 - bits);
}

bool tcg_eval_cond(TcgCond cond, unsigned bits, uint64_t a, uint64_t b)
{
    int64_t sa = sign_from(a, bits), sb = sign_from(b, bits);

    switch (cond) {
    case COND_EQ: return a == b;
    case COND_NE: return a != b;
    case COND_LT: return sa < sb;
    case COND_GE: return sa >= sb;
    case COND_LE: return sa <= sb;
    case COND_GT: return sa > sb;
    case COND_LTU: return a < b;
    case COND_GEU: return a >= b;
    case COND_LEU: return a <= b;
    case COND_GTU: return a > b;
    case COND_TSTEQ: return (a & b) == 0;
    case COND_TSTNE: return (a & b) != 0;
    default: g_assert_not_reached();
    }
}

/* N, Z, C, V of a + b + carry. */
static unsigned flags_of_sum(unsigned bits, uint64_t a, uint64_t b, unsigned carry)
{
    unsigned __int128 wide = (unsigned __int128)a + b + carry;
    uint64_t r = (uint64_t)wide & width_mask(bits);
    __int128 exact = (__int128)sign_from(a, bits) + sign_from(b, bits) + (int)carry;

    return (r >> (bits - 1) ? FLAG_N : 0) | (r == 0 ? FLAG_Z : 0) | ((wide >> bits) & 1 ? FLAG_C : 0) |
           (exact != sign_from(r, bits) ? FLAG_V : 0);
}

/* Binary floating-point numbers of 1 << es bytes. */
static unsigned flags_of_floats(uint64_t a, uint64_t b, unsigned es)
{
    static const uint8_t exponent[4] = { 0, 5, 8, 11 };
    unsigned unused = 64 - (8 << es);
    uint64_t magnitude = INT64_MAX, inf = magnitude & ~(magnitude >> exponent[es]);

    a <<= unused;
    b <<= unused;
    if ((a & magnitude) > inf || (b & magnitude) > inf) {
        return FLAG_C | FLAG_V;
    }
    if (a == b || ((a | b) & magnitude) == 0) {
        return FLAG_Z | FLAG_C;
    }
    return (a >> 63 && b >> 63 ? a > b : (int64_t)a < (int64_t)b) ? FLAG_N : FLAG_C;
}

static uint64_t reverse_bits(uint64_t v, unsigned bits)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < bits; i++) {
        r |= (v >> i & 1) << (bits - 1 - i);
    }
    return r;
}

static bool eval_int(TcgOpcode op, unsigned bits, unsigned aux, const uint64_t *v, uint64_t *ret)
{
    uint64_t mask = width_mask(bits), a = v[0] & mask, b = v[1] & mask, c = v[2];
    int64_t sa = sign_from(a, bits), sb = sign_from(b, bits);
    unsigned pos = aux & 0xff, len = aux >> 8, count = b & (bits - 1);
    uint64_t r;

    switch (op) {
    case OP_add: r = a + b; break;
    case OP_sub: r = a - b; break;
    case OP_mul: r = a * b; break;
    case OP_mulhu: r = (unsigned __int128)a * b >> bits; break;
    case OP_mulhs: r = (__int128)sa * sb >> bits; break;
    case OP_divu: r = b ? a / b : 0; break;
    case OP_divs: r = b == 0 ? 0 : sb == -1 ? -(uint64_t)sa : (uint64_t)(sa / sb); break;
    case OP_and: r = a & b; break;
    case OP_or: r = a | b; break;
    case OP_xor: r = a ^ b; break;
    case OP_andn: r = a & ~b; break;
    case OP_orn: r = a | ~b; break;
    case OP_not: r = ~a; break;
    case OP_neg: r = -a; break;
    case OP_shl: r = a << count; break;
    case OP_shr: r = a >> count; break;
    case OP_sar: r = sa >> count; break;
    case OP_ror: r = count ? a >> count | a << (bits - count) : a; break;
    case OP_clz: r = a ? (unsigned)__builtin_clzll(a) - (64 - bits) : bits; break;
    case OP_ctz: r = a ? (unsigned)__builtin_ctzll(a) : bits; break;
    case OP_popcnt: r = __builtin_popcountll(a); break;
    case OP_bswap: r = bits == 32 ? __builtin_bswap32(a) : __builtin_bswap64(a); break;
    case OP_rbit: r = reverse_bits(a, bits); break;
    case OP_extract: r = a >> pos & width_mask(len); break;
    case OP_sextract: r = sign_from(a >> pos & width_mask(len), len); break;
    case OP_deposit: r = (a & ~(width_mask(len) << pos)) | (b & width_mask(len)) << pos; break;
    case OP_addshl: r = a + (b << aux); break;
    case OP_extract2: r = aux ? a >> aux | b << (bits - aux) : a; break;
    case OP_trunc: r = (uint32_t)v[0]; break;
    case OP_zext: r = (uint32_t)v[0]; break;
    case OP_sext: r = (int32_t)v[0]; break;
    case OP_setcond: r = tcg_eval_cond(aux, bits, a, b); break;
    case OP_flags_add: r = flags_of_sum(bits, a, b, 0); break;
    case OP_flags_sub: r = flags_of_sum(bits, a, ~b & mask, 1); break;
    case OP_flags_adc: r = flags_of_sum(bits, a, b, c & 1); break;
    case OP_flags_logic: r = (a >> (bits - 1) ? FLAG_N : 0) | (a == 0 ? FLAG_Z : 0); break;
    case OP_flags_cond: r = tcg_flag_truth[aux & 15] >> (a & 15) & 1; break;
    default: return false;
    }
    *ret = r & mask;
    return true;
}

/* -- vectors ------------------------------------------------------------------------------------------------------- */

static uint64_t lane_get(const TcgVecVal *v, unsigned es, unsigned lane)
{
    uint64_t r = 0;

    memcpy(&r, &v->u8[lane << es], 1u << es);
    return r;
}

static void lane_set(TcgVecVal *v, unsigned es, unsigned lane, uint64_t value)
{
    memcpy(&v->u8[lane << es], &value, 1u << es);
}

static uint64_t clamp_signed(__int128 v, unsigned bits)
{
    __int128 max = ((__int128)1 << (bits - 1)) - 1, min = -max - 1;

    return (uint64_t)(v > max ? max : v < min ? min : v);
}

/* Lane by lane: one lane of the result from the same lane of the arguments. */
static bool eval_lane(TcgOpcode op, unsigned bits, uint64_t imm, uint64_t a, uint64_t b, uint64_t *ret)
{
    int64_t sa = sign_from(a, bits), sb = sign_from(b, bits);
    uint64_t mask = width_mask(bits);

    switch (op) {
    case OP_vadd: *ret = a + b; return true;
    case OP_vsub: *ret = a - b; return true;
    case OP_vmul: *ret = a * b; return true;
    case OP_vneg: *ret = -a; return true;
    case OP_vabs: *ret = sa < 0 ? -(uint64_t)sa : (uint64_t)sa; return true;
    case OP_vand: *ret = a & b; return true;
    case OP_vor: *ret = a | b; return true;
    case OP_vxor: *ret = a ^ b; return true;
    case OP_vandn: *ret = a & ~b; return true;
    case OP_vnot: *ret = ~a; return true;
    case OP_vcmp: *ret = tcg_eval_cond(imm, bits, a, b) ? UINT64_MAX : 0; return true;
    case OP_vsmin: *ret = sa < sb ? a : b; return true;
    case OP_vsmax: *ret = sa > sb ? a : b; return true;
    case OP_vumin: *ret = a < b ? a : b; return true;
    case OP_vumax: *ret = a > b ? a : b; return true;
    case OP_vshl: *ret = imm < bits ? a << imm : 0; return true;
    case OP_vshr: *ret = imm < bits ? a >> imm : 0; return true;
    case OP_vsar: *ret = sa >> (imm < bits ? imm : bits - 1); return true;
    case OP_vsadds: *ret = clamp_signed((__int128)sa + sb, bits); return true;
    case OP_vuadds: *ret = (unsigned __int128)a + b > mask ? mask : a + b; return true;
    case OP_vssubs: *ret = clamp_signed((__int128)sa - sb, bits); return true;
    case OP_vusubs: *ret = a > b ? a - b : 0; return true;
    case OP_vror: *ret = imm ? a >> imm | a << (bits - imm) : a; return true;
    case OP_vmulhs: *ret = (uint64_t)(sa * sb >> bits); return true;
    case OP_vmulhu: *ret = a * b >> bits; return true;
    case OP_vmulrs: *ret = (uint64_t)((sa * sb >> (bits - 2)) + 1) >> 1; return true;
    case OP_vshlv: *ret = b < bits ? a << b : 0; return true;
    case OP_vshrv: *ret = b < bits ? a >> b : 0; return true;
    case OP_vsarv: *ret = (uint64_t)(sa >> (b < bits ? b : bits - 1)); return true;
    case OP_vclz: *ret = a ? (unsigned)__builtin_clzll(a) - (64 - bits) : bits; return true;
    default: return false;
    }
}

/* -- AES (FIPS 197, chapters 4 and 5): byte 4c + r is in row r, column c ------------------------------------------- */

static uint8_t aes_product(uint8_t a, uint8_t b)
{
    unsigned r = 0;

    for (unsigned i = 8; i-- > 0;) {
        r = r << 1 ^ (r >> 7) * 0x11b ^ (b >> i & 1 ? a : 0);
    }
    return (uint8_t)r;
}

/* The inverse in the field is the 254th power; that of 0 is 0. */
static uint8_t aes_inverse(uint8_t a)
{
    uint8_t r = 1;

    for (unsigned i = 0; i < 7; i++) {
        a = aes_product(a, a);
        r = aes_product(r, a);
    }
    return r;
}

/* Bit i of the result: the parity of v and the matrix's byte 7 - i. */
static uint8_t matrix_product(uint64_t matrix, uint8_t v)
{
    unsigned r = 0;

    for (unsigned i = 0; i < 8; i++) {
        r |= (unsigned)__builtin_parity((uint8_t)(matrix >> (8 * (7 - i))) & v) << i;
    }
    return (uint8_t)r;
}

static uint8_t rotl8(uint8_t a, unsigned n)
{
    return (uint8_t)(a << n | a >> (8 - n));
}

static uint8_t aes_sub(uint8_t a, bool inverse)
{
    if (inverse) {
        return aes_inverse(rotl8(a, 1) ^ rotl8(a, 3) ^ rotl8(a, 6) ^ 0x05);
    }
    a = aes_inverse(a);
    return a ^ rotl8(a, 1) ^ rotl8(a, 2) ^ rotl8(a, 3) ^ rotl8(a, 4) ^ 0x63;
}

static void eval_aes(TcgOpcode op, const TcgVecVal *v, TcgVecVal *r)
{
    static const uint8_t matrix[2][4] = { { 2, 3, 1, 1 }, { 14, 11, 13, 9 } };
    bool inverse = op == OP_vaesdec || op == OP_vaesdecl || op == OP_vaesimc, mix = op != OP_vaesencl && op != OP_vaesdecl;
    bool sub = op != OP_vaesmc && op != OP_vaesimc;
    TcgVecVal s = v[0];

    for (unsigned i = 0; i < 16 && sub; i++) {
        s.u8[i] = aes_sub(v[0].u8[(i + i % 4 * (inverse ? 12 : 4)) % 16], inverse);
    }
    *r = s;
    for (unsigned i = 0; i < 16 && mix; i++) {
        r->u8[i] = 0;
        for (unsigned k = 0; k < 4; k++) {
            r->u8[i] ^= aes_product(s.u8[i / 4 * 4 + (i + k) % 4], matrix[inverse][k]);
        }
    }
    for (unsigned i = 0; i < 2 && sub; i++) {
        r->u64[i] ^= v[1].u64[i];
    }
}

static uint32_t ror32(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static void eval_sha1(unsigned which, const TcgVecVal *v, TcgVecVal *r)
{
    static const uint32_t k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
    uint32_t a = v[0].u32[3], b = v[0].u32[2], c = v[0].u32[1], d = v[0].u32[0], e = 0;

    for (unsigned t = 0; t < 4; t++) {
        uint32_t f = which == 0 ? (b & c) | (~b & d) : which == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t next = f + ror32(a, 27) + v[1].u32[3 - t] + e + k[which];

        e = d;
        d = c;
        c = ror32(b, 2);
        b = a;
        a = next;
    }
    *r = (TcgVecVal){ .u32 = { d, c, b, a } };
}

static void eval_sha256(const TcgVecVal *v, TcgVecVal *r)
{
    uint32_t h = v[0].u32[0], g = v[0].u32[1], d = v[0].u32[2], c = v[0].u32[3];
    uint32_t f = v[1].u32[0], e = v[1].u32[1], b = v[1].u32[2], a = v[1].u32[3];

    for (unsigned t = 0; t < 2; t++) {
        uint32_t t1 = h + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) + ((e & f) ^ (~e & g)) + v[2].u32[t];
        uint32_t t2 = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    *r = (TcgVecVal){ .u32 = { f, e, b, a } };
}

/* -- predicates ------------------------------------------------------------------------------------------------------ */

static uint64_t low_bit(uint64_t v)
{
    return v & -v;
}

static uint64_t high_bit(uint64_t v)
{
    return v ? UINT64_C(1) << (63 - __builtin_clzll(v)) : 0;
}

/* Bit i of v at bit i << es, or the other way round. */
static uint64_t spread(uint64_t v, unsigned es, bool gather)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 64u >> es; i++) {
        r |= gather ? (v >> (i << es) & 1) << i : (v >> i & 1) << (i << es);
    }
    return r;
}

static bool eval_pred(TcgOpcode op, unsigned aux, uint64_t imm, const uint64_t *v, uint64_t *ret)
{
    uint64_t a = v[0], b = v[1];

    switch (op) {
    case OP_pfrom: *ret = spread(a, aux, true); return true;
    case OP_pto: *ret = spread(a, aux, false); return true;
    case OP_pand: *ret = a & b; return true;
    case OP_por: *ret = a | b; return true;
    case OP_pxor: *ret = a ^ b; return true;
    case OP_pandn: *ret = a & ~b; return true;
    case OP_pnot: *ret = ~a & tcg_lanes_mask((unsigned)imm); return true;
    case OP_pwhile: *ret = tcg_lanes_mask((unsigned)MIN(a, imm)); return true;
    case OP_ptest:
        *ret = (b & low_bit(a) ? FLAG_N : 0) | (b & a ? 0 : FLAG_Z) | (b & high_bit(a) ? 0 : FLAG_C);
        return true;
    default: return false;
    }
}

/* -- vectors as a whole ---------------------------------------------------------------------------------------------- */

static void eval_vec(TcgOpcode op, unsigned es, uint64_t imm, const TcgVecVal *v, TcgVecVal *r)
{
    unsigned lanes = 16 >> es, half = lanes / 2;

    switch (op) {
    case OP_vbitsel:
        for (unsigned i = 0; i < 2; i++) {
            r->u64[i] = (v[0].u64[i] & v[1].u64[i]) | (~v[0].u64[i] & v[2].u64[i]);
        }
        break;
    case OP_vdup:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, v[0].u64[0]);
        }
        break;
    case OP_vdup_lane:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, lane_get(&v[0], es, imm));
        }
        break;
    case OP_vget:
        r->u64[0] = lane_get(&v[0], es, imm);
        break;
    case OP_vset:
        *r = v[0];
        lane_set(r, es, imm, v[1].u64[0]);
        break;
    case OP_vfrom:
        lane_set(r, es, 0, v[0].u64[0]);
        break;
    case OP_vpair:
        r->u64[0] = v[0].u64[0];
        r->u64[1] = v[1].u64[0];
        break;
    case OP_vzip1: case OP_vzip2:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, lane_get(&v[i & 1], es, i / 2 + (op == OP_vzip2 ? half : 0)));
        }
        break;
    case OP_vuzp1: case OP_vuzp2:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, lane_get(&v[i >= half], es, (i % half) * 2 + (op == OP_vuzp2)));
        }
        break;
    case OP_vsext:
        for (unsigned i = 0; i < half; i++) {
            lane_set(r, es + 1, i, (uint64_t)sign_from(lane_get(&v[0], es, i), 8u << es));
        }
        break;
    case OP_vumaxp:
        for (unsigned i = 0; i < 16; i++) {
            const uint8_t *pair = &v[i / 8].u8[i % 8 * 2];

            r->u8[i] = MAX(pair[0], pair[1]);
        }
        break;
    case OP_vext:
        for (unsigned i = 0; i < 16; i++) {
            r->u8[i] = i + imm < 16 ? v[0].u8[i + imm] : v[1].u8[i + imm - 16];
        }
        break;
    case OP_vbyterev: {
        unsigned flip = (1u << (imm - es)) - 1;     /* elements of a container, less one: a power of two less one */

        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i ^ flip, lane_get(&v[0], es, i));
        }
        break;
    }
    case OP_vtbl:
        for (unsigned i = 0; i < 16; i++) {
            r->u8[i] = v[1].u8[i] < 16 ? v[0].u8[v[1].u8[i]] : 0;
        }
        break;
    case OP_vpopcnt8:
        for (unsigned i = 0; i < 16; i++) {
            r->u8[i] = __builtin_popcount(v[0].u8[i]);
        }
        break;
    case OP_vmovz:
        r->u64[0] = v[0].u64[0] & UINT64_MAX >> (64 - (8 << es));
        break;
    case OP_vmadd:
        for (unsigned i = 0; i < 4; i++) {
            r->u32[i] = (uint32_t)(int16_t)v[0].u16[2 * i] * (uint32_t)(int16_t)v[1].u16[2 * i] +
                        (uint32_t)(int16_t)v[0].u16[2 * i + 1] * (uint32_t)(int16_t)v[1].u16[2 * i + 1];
        }
        break;
    case OP_vmaddus:
        for (unsigned i = 0; i < 8; i++) {
            int sum = v[0].u8[2 * i] * (int8_t)v[1].u8[2 * i] + v[0].u8[2 * i + 1] * (int8_t)v[1].u8[2 * i + 1];

            r->u16[i] = (uint16_t)CLAMP(sum, INT16_MIN, INT16_MAX);
        }
        break;
    case OP_vsad:
        for (unsigned i = 0; i < 16; i++) {
            r->u64[i / 8] += (unsigned)ABS(v[0].u8[i] - v[1].u8[i]);
        }
        break;
    case OP_vmulls: case OP_vmullu:
        for (unsigned i = 0; i < 2; i++) {
            uint64_t a = v[0].u32[2 * i], b = v[1].u32[2 * i];

            r->u64[i] = op == OP_vmullu ? a * b : (uint64_t)(sign_from(a, 32) * sign_from(b, 32));
        }
        break;
    case OP_vspack: case OP_vupack:
        for (unsigned i = 0; i < lanes; i++) {
            int64_t wide = sign_from(lane_get(&v[i >= half], es + 1, i % half), 16u << es);

            lane_set(r, es, i, op == OP_vspack ? clamp_signed(wide, 8u << es)
                                               : (uint64_t)CLAMP(wide, 0, (int64_t)width_mask(8u << es)));
        }
        break;
    case OP_vclmul:
        for (unsigned i = 0; i < 64; i++) {
            if (v[1].u64[imm >> 4] >> i & 1) {
                r->u64[0] ^= v[0].u64[imm & 1] << i;
                r->u64[1] ^= i ? v[0].u64[imm & 1] >> (64 - i) : 0;
            }
        }
        break;
    case OP_vtern:
        for (unsigned i = 0; i < 8; i++) {
            for (unsigned k = 0; k < 2 && imm >> i & 1; k++) {
                r->u64[k] |= (i & 4 ? v[0].u64[k] : ~v[0].u64[k]) & (i & 2 ? v[1].u64[k] : ~v[1].u64[k]) &
                             (i & 1 ? v[2].u64[k] : ~v[2].u64[k]);
            }
        }
        break;
    case OP_vdotus:
        for (unsigned i = 0; i < 4; i++) {
            r->u32[i] = v[0].u32[i];
            for (unsigned k = 4 * i; k < 4 * i + 4; k++) {
                r->u32[i] += (uint32_t)(v[1].u8[k] * (int8_t)v[2].u8[k]);
            }
        }
        break;
    case OP_vgfmul:
        for (unsigned i = 0; i < 16; i++) {
            r->u8[i] = aes_product(v[0].u8[i], v[1].u8[i]);
        }
        break;
    case OP_vgfaff:
        for (unsigned i = 0; i < 16; i++) {
            uint8_t x = imm & 256 ? aes_inverse(v[0].u8[i]) : v[0].u8[i];

            r->u8[i] = matrix_product(v[1].u64[i / 8], x) ^ (uint8_t)imm;
        }
        break;
    case OP_vaesenc: case OP_vaesencl: case OP_vaesdec: case OP_vaesdecl: case OP_vaesmc: case OP_vaesimc:
        eval_aes(op, v, r);
        break;
    case OP_vshuf:
        for (unsigned i = 0; i < 4; i++) {
            r->u32[i] = v[i / 2].u32[imm >> 2 * i & 3];
        }
        break;
    case OP_vsha1r:
        eval_sha1((unsigned)imm, v, r);
        break;
    case OP_vsha256r:
        eval_sha256(v, r);
        break;
    case OP_pcmp:
        for (unsigned i = 0; i < lanes; i++) {
            bool holds = tcg_eval_cond(imm, 8u << es, lane_get(&v[0], es, i), lane_get(&v[1], es, i));

            r->u64[0] |= (uint64_t)holds << i;
        }
        break;
    case OP_vsel:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, lane_get(&v[v[0].u64[0] >> i & 1 ? 1 : 2], es, i));
        }
        break;
    case OP_vmasked: {
        TcgVecVal all = { 0 };

        eval_vec((TcgOpcode)(imm & 0xff), es, imm >> 8, v + 2, &all);
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(r, es, i, lane_get(v[0].u64[0] >> i & 1 ? &all : &v[1], es, i));
        }
        break;
    }
    case OP_vsha256m1:
        for (unsigned i = 0; i < 4; i++) {
            uint32_t w = i < 3 ? v[0].u32[i + 1] : v[1].u32[0];

            r->u32[i] = v[0].u32[i] + (ror32(w, 7) ^ ror32(w, 18) ^ w >> 3);
        }
        break;
    case OP_vsha256m2:
        for (unsigned i = 0; i < 4; i++) {
            uint32_t w = i < 2 ? v[1].u32[i + 2] : r->u32[i - 2];

            r->u32[i] = v[0].u32[i] + (ror32(w, 17) ^ ror32(w, 19) ^ w >> 10);
        }
        break;
    default:
        for (unsigned i = 0; i < lanes; i++) {
            uint64_t lane;
            bool known = eval_lane(op, 8u << es, imm, lane_get(&v[0], es, i), lane_get(&v[1], es, i), &lane);

            g_assert(known);
            lane_set(r, es, i, lane);
        }
    }
}

/* The operand that a choice is, by lower halves of all. NULL: op is none. */
static inline __attribute__((always_inline))
const TcgVecVal *eval_choice(TcgOpcode op, unsigned aux, uint64_t imm, const uint64_t *v, const TcgVecVal *args)
{
    uint64_t mask = width_mask(imm == TCG_I32 ? 32 : 64);

    switch (op) {
    case OP_mov:
        return &args[0];
    case OP_select:
        return (uint32_t)v[0] ? &args[1] : &args[2];
    case OP_select_fc:
        return tcg_flag_truth[aux & 15] >> (v[0] & 15) & 1 ? &args[1] : &args[2];
    case OP_select_cmp:
        return tcg_eval_cond(aux, imm == TCG_I32 ? 32 : 64, v[0] & mask, v[1] & mask) ? &args[2] : &args[3];
    default:
        return NULL;
    }
}

void tcg_eval(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgVecVal *args, TcgVecVal *ret)
{
    unsigned num = tcg_op_def[op].args;
    uint64_t v[4] = { 0 }, r = 0;
    const TcgVecVal *choice;

    /* recipes are computed at each fault: nothing is stored in parts and loaded whole, or the other way round */
    for (unsigned k = 0; k < num; k++) {
        v[k] = args[k].u64[0];
    }
    choice = eval_choice(op, aux, imm, v, args);
    if (choice) {
        uint64_t low = choice->u64[0], high = choice->u64[1];

        ret->u64[0] = type == TCG_I32 ? (uint32_t)low : low;            /* of a wider operand, the lower half */
        ret->u64[1] = high;
    } else if (op == OP_const || op == OP_flags_fp) {
        r = op == OP_const ? imm : flags_of_floats(v[0], v[1], tcg_fp_es(aux));
        ret->u64[0] = type == TCG_I32 ? (uint32_t)r : r;
        ret->u64[1] = 0;
    } else if (eval_int(op, type == TCG_I32 ? 32 : 64, aux, v, &r) || eval_pred(op, aux, imm, v, &r)) {
        ret->u64[0] = r;
        ret->u64[1] = 0;
    } else {
        TcgVecVal arg[4] = { 0 }, vec = { 0 };

        memcpy(arg, args, num * sizeof(*arg));
        eval_vec(op, aux, imm, arg, &vec);
        *ret = vec;
    }
}

void tcg_eval_wide(TcgOpcode op, TcgType type, unsigned aux, uint64_t imm, const TcgWideVal *args, TcgWideVal *ret)
{
    unsigned num = tcg_op_def[op].args, parts = tcg_type_size(type) / 16, lanes = 16 >> aux;
    TcgWideVal r = { 0 };
    uint64_t v[4] = { 0 };
    TcgVecVal arg[4], out;

    for (unsigned k = 0; k < num; k++) {
        v[k] = args[k].u64[0];
    }
    switch (op) {
    case OP_vlow:
        memcpy(&r, &args[0], 16 * parts);
        break;
    case OP_vhigh:
        memcpy(&r, &args[0].v[parts], 16 * parts);
        break;
    case OP_vcat:
        memcpy(&r, &args[0], 8 * parts);
        memcpy(&r.u8[8 * parts], &args[1], 8 * parts);
        break;
    case OP_mov: case OP_select: case OP_select_fc: case OP_select_cmp:
        for (unsigned i = 0; i < 4; i++) {
            for (unsigned k = 0; k < num; k++) {        /* what chooses is the same in each part */
                arg[k] = args[k].v[k < num - (op == OP_mov ? 1 : 2) ? 0 : i];
            }
            r.v[i] = *eval_choice(op, aux, imm, v, arg);
        }
        if (!tcg_type_is_vec(type)) {
            r = (TcgWideVal){ .u64 = { type == TCG_I32 ? (uint32_t)r.u64[0] : r.u64[0] } };
        }
        break;
    default:
        if (!tcg_type_is_wide(type)) {
            for (unsigned k = 0; k < num; k++) {
                arg[k] = args[k].v[0];
            }
            tcg_eval(op, type, aux, imm, arg, &r.v[0]);
            break;
        }
        g_assert(tcg_op_lanewise(op));
        for (unsigned i = 0; i < parts; i++) {
            for (unsigned k = 0; k < num; k++) {
                arg[k] = args[k].v[i];
            }
            if (op == OP_vsel || op == OP_vmasked) {
                arg[0].u64[0] = v[0] >> i * lanes;
            } else if (op == OP_vdup) {
                arg[0].u64[0] = v[0];
            }
            tcg_eval(op, TCG_V128, aux, imm, arg, &out);
            if (op == OP_pcmp) {
                r.u64[0] |= out.u64[0] << i * lanes;
            } else {
                r.v[i] = out;
            }
        }
    }
    *ret = r;
}
