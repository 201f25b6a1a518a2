/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pure operations bit by bit or in 128-bit arithmetic, in C with no cleverness. */
#include <math.h>
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
    case OP_addshl:
        return a + (b << aux);
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
    case OP_vror:
        return a >> imm | (imm ? a << (bits - imm) : 0);
    case OP_vmulhs:
        return (uint64_t)((S128)sa * sb >> bits);
    case OP_vmulhu:
        return a * b / (1u << bits);
    case OP_vmulrs:
        return (uint64_t)(((S128)sa * sb + (1 << 14)) >> 15);
    case OP_vshlv:
        return b >= bits ? 0 : a << b;
    case OP_vshrv:
        return b >= bits ? 0 : a >> b;
    case OP_vsarv:
        return (uint64_t)((S128)sa >> MIN(b, 100));
    case OP_vclz:
        for (unsigned i = 0; i < bits; i++) {
            if (a >> (bits - 1 - i) & 1) {
                return i;
            }
        }
        return bits;
    default:
        *ok = false;
        return 0;
    }
}

/* -- AES: by tables made of powers of 3, a generator of the field, and of polynomials with coefficients in it ------- */

typedef struct AesTables {
    uint8_t power[510], log[256], sub[256], inverse[256];
} AesTables;

static void aes_tables(AesTables *t)
{
    uint8_t x = 1;

    memset(t, 0, sizeof(*t));
    for (unsigned i = 0; i < 255; i++) {
        t->power[i] = t->power[i + 255] = x;
        t->log[x] = (uint8_t)i;
        x ^= (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
    }
    for (unsigned i = 0; i < 256; i++) {
        unsigned inv = i ? t->power[255 - t->log[i]] : 0, s = 0;

        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned sum = 0x63 >> bit;

            for (unsigned k = 0; k < 5; k++) {
                sum ^= inv >> ((bit + (k ? k + 3 : 0)) % 8);
            }
            s |= (sum & 1) << bit;
        }
        t->sub[i] = (uint8_t)s;
        t->inverse[s] = (uint8_t)i;
    }
}

static uint8_t aes_times(const AesTables *t, uint8_t a, uint8_t b)
{
    return a && b ? t->power[t->log[a] + t->log[b]] : 0;
}

static void ref_aes(TcgOpcode op, const TcgVecVal *x, TcgVecVal *r)
{
    bool back = op == OP_vaesdec || op == OP_vaesdecl || op == OP_vaesimc;
    AesTables t;
    TcgVecVal s = x[0];

    aes_tables(&t);
    if (op != OP_vaesmc && op != OP_vaesimc) {
        for (unsigned row = 0; row < 4; row++) {
            for (unsigned col = 0; col < 4; col++) {
                uint8_t from = x[0].u8[4 * ((col + (back ? 4 - row : row)) % 4) + row];

                s.u8[4 * col + row] = back ? t.inverse[from] : t.sub[from];
            }
        }
    }
    *r = s;
    if (op != OP_vaesencl && op != OP_vaesdecl) {
        static const uint8_t forth_c[4] = { 2, 1, 1, 3 }, back_c[4] = { 14, 9, 13, 11 };

        memset(r, 0, sizeof(*r));
        for (unsigned i = 0; i < 16; i++) {     /* a column times c(x) modulo x^4 + 1 */
            for (unsigned k = 0; k < 4; k++) {
                r->u8[(i & 12) | ((i + k) & 3)] ^= aes_times(&t, s.u8[i], back ? back_c[k] : forth_c[k]);
            }
        }
    }
    for (unsigned i = 0; i < 16 && op != OP_vaesmc && op != OP_vaesimc; i++) {
        r->u8[i] ^= x[1].u8[i];
    }
}

/* A byte's bits choose columns of the matrix, whose rows are its bytes from the highest. */
static void ref_gf(TcgOpcode op, unsigned imm, const TcgVecVal *x, TcgVecVal *r)
{
    AesTables t;

    aes_tables(&t);
    for (unsigned i = 0; i < 16; i++) {
        uint8_t a = x[0].u8[i], b = x[1].u8[i];

        if (op == OP_vgfmul) {
            r->u8[i] = aes_times(&t, a, b);
            continue;
        }
        a = imm & 256 && a ? t.power[255 - t.log[a]] : a;
        r->u8[i] = imm & 255;
        for (unsigned row = 0; row < 8; row++) {
            for (unsigned col = 0; col < 8; col++) {
                r->u8[i] ^= (a >> col & x[1].u8[i / 8 * 8 + 7 - row] >> col & 1) << row;
            }
        }
    }
}

/* Rounds as FIPS 180-4's pictures have them: a register of words that is shifted along, the newest in front. */
static uint32_t turn(uint32_t v, unsigned left)
{
    return (uint32_t)((uint64_t)v << left) | (uint32_t)((uint64_t)v >> (32 - left));
}

static void ref_sha1(unsigned which, const TcgVecVal *x, TcgVecVal *r)
{
    static const double root[4] = { 1.4142135623730951, 1.7320508075688772, 2.23606797749979, 3.1622776601683795 };
    uint32_t s[9] = { 0, x[0].u32[0], x[0].u32[1], x[0].u32[2], x[0].u32[3] };

    /* s[n..n+4]: E D C B A, C and older turned when they are used */
    for (unsigned n = 0; n < 4; n++) {
        uint32_t e = s[n], d = s[n + 1], c = s[n + 2], b = s[n + 3], a = s[n + 4], f = 0;

        for (unsigned i = 0; i < 32; i++) {
            unsigned bb = b >> i & 1, cc = c >> i & 1, dd = d >> i & 1;

            f |= (which == 0 ? (bb ? cc : dd) : which == 2 ? bb + cc + dd > 1 : (bb + cc + dd) & 1u) << i;
        }
        s[n + 5] = turn(a, 5) + f + e + (uint32_t)(root[which] * 0x40000000) + x[1].u32[3 - n];
        s[n + 3] = turn(b, 30);
    }
    for (unsigned i = 0; i < 4; i++) {
        r->u32[i] = s[5 + i];
    }
}

static uint32_t mix(uint32_t v, unsigned p, unsigned q, unsigned s)
{
    return turn(v, 32 - p) ^ turn(v, 32 - q) ^ turn(v, 32 - s);
}

static void ref_sha256(const TcgVecVal *x, TcgVecVal *r)
{
    /* the newest A and E come last */
    uint32_t as[6] = { x[0].u32[2], x[0].u32[3], x[1].u32[2], x[1].u32[3] };
    uint32_t es[6] = { x[0].u32[0], x[0].u32[1], x[1].u32[0], x[1].u32[1] };

    for (unsigned n = 0; n < 2; n++) {
        const uint32_t *a = as + n, *e = es + n;
        uint32_t choice = 0, most = 0, sum;

        for (unsigned i = 0; i < 32; i++) {
            choice |= (e[3] >> i & 1 ? e[2] >> i & 1 : e[1] >> i & 1) << i;
            most |= (uint32_t)((a[3] >> i & 1) + (a[2] >> i & 1) + (a[1] >> i & 1) > 1) << i;
        }
        sum = e[0] + mix(e[3], 6, 11, 25) + choice + x[2].u32[n];
        es[n + 4] = a[0] + sum;
        as[n + 4] = sum + mix(a[3], 2, 13, 22) + most;
    }
    r->u32[0] = es[4];
    r->u32[1] = es[5];
    r->u32[2] = as[4];
    r->u32[3] = as[5];
}

/* The schedule: words w[0..7] give the next; the two halves of it are operations. */
static void ref_sha256_words(bool second, const TcgVecVal *x, TcgVecVal *r)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t w;

        if (second) {
            w = i < 2 ? x[1].u32[2 + i] : r->u32[i - 2];
            r->u32[i] = x[0].u32[i] + (turn(w, 15) ^ turn(w, 13) ^ w / 1024);
        } else {
            w = (i + 1 < 4 ? x[0].u32 + i + 1 : x[1].u32)[0];
            r->u32[i] = x[0].u32[i] + (turn(w, 25) ^ turn(w, 14) ^ w / 8);
        }
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
        r->u64[0] = es == 3 ? a->u64[0] : es == 2 ? a->u32[0] : a->u16[0];
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
    case OP_vmadd:
        for (unsigned i = 0; i < 4; i++) {
            int64_t s[4] = { sign(a->u16[2 * i], 16), sign(b->u16[2 * i], 16), sign(a->u16[2 * i + 1], 16),
                             sign(b->u16[2 * i + 1], 16) };

            r->u32[i] = (uint32_t)(s[0] * s[1] + s[2] * s[3]);
        }
        return true;
    case OP_vsext:
        for (unsigned i = 0; i < n / 2; i++) {
            set_lane(r, es + 1, i, (uint64_t)sign(lane(a, es, i), bits));
        }
        return true;
    case OP_vmaddus:
        for (unsigned i = 0; i < 8; i++) {
            S128 sum = (S128)a->u8[2 * i] * sign(b->u8[2 * i], 8) + (S128)a->u8[2 * i + 1] * sign(b->u8[2 * i + 1], 8);

            r->u16[i] = (uint16_t)saturate(sum, -0x8000, 0x7fff);
        }
        return true;
    case OP_vsad:
        for (unsigned i = 0; i < 16; i++) {
            r->u64[i / 8] += a->u8[i] > b->u8[i] ? a->u8[i] - b->u8[i] : b->u8[i] - a->u8[i];
        }
        return true;
    case OP_vmulls: case OP_vmullu:
        for (unsigned i = 0; i < 2; i++) {
            S128 p = op == OP_vmulls ? (S128)sign(a->u32[2 * i], 32) * sign(b->u32[2 * i], 32)
                                     : (S128)a->u32[2 * i] * b->u32[2 * i];

            r->u64[i] = (uint64_t)p;
        }
        return true;
    case OP_vspack: case OP_vupack:
        for (unsigned i = 0; i < n; i++) {
            S128 wide = sign(lane(i < n / 2 ? a : b, es + 1, i % (n / 2)), 2 * bits), one = 1;

            set_lane(r, es, i, op == OP_vspack ? saturate(wide, -(one << (bits - 1)), (one << (bits - 1)) - 1)
                                               : saturate(wide, 0, (one << bits) - 1));
        }
        return true;
    case OP_vclmul:
        for (unsigned i = 0; i < 128; i++) {
            unsigned bit = 0;

            for (unsigned k = 0; k < 64; k++) {
                bit ^= i >= k && i - k < 64 && a->u64[imm & 1] >> k & b->u64[imm >> 4] >> (i - k) & 1;
            }
            r->u64[i / 64] |= (uint64_t)bit << (i % 64);
        }
        return true;
    case OP_vaesenc: case OP_vaesencl: case OP_vaesdec: case OP_vaesdecl: case OP_vaesmc: case OP_vaesimc:
        ref_aes(op, x, r);
        return true;
    case OP_vtern:
        for (unsigned i = 0; i < 128; i++) {
            unsigned k = i / 8, which = (a->u8[k] >> i % 8 & 1) << 2 | (b->u8[k] >> i % 8 & 1) << 1 | (c->u8[k] >> i % 8 & 1);

            r->u8[k] |= (imm >> which & 1) << i % 8;
        }
        return true;
    case OP_vdotus:
        for (unsigned i = 0; i < 16; i++) {
            r->u32[i / 4] += (i % 4 ? 0 : a->u32[i / 4]) + (uint32_t)(b->u8[i] * sign(c->u8[i], 8));
        }
        return true;
    case OP_vgfmul: case OP_vgfaff:
        ref_gf(op, (unsigned)imm, x, r);
        return true;
    case OP_vshuf:
        r->u64[0] = a->u32[imm & 3] | (uint64_t)a->u32[imm >> 2 & 3] << 32;
        r->u64[1] = b->u32[imm >> 4 & 3] | (uint64_t)b->u32[imm >> 6 & 3] << 32;
        return true;
    case OP_vsha1r:
        ref_sha1((unsigned)imm, x, r);
        return true;
    case OP_vsha256r:
        ref_sha256(x, r);
        return true;
    case OP_vsha256m1: case OP_vsha256m2:
        ref_sha256_words(op == OP_vsha256m2, x, r);
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
        case OP_vumaxp:
            v = lane(i < n / 2 ? a : b, es, 2 * i % n);
            v = MAX(v, lane(i < n / 2 ? a : b, es, 2 * i % n + 1));
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

static double ref_half(uint16_t x)
{
    int e = x >> 10 & 31;
    double fraction = x & 0x3ff, v = e ? fraction + 0x400 : fraction;

    if (e == 31) {
        return fraction > 0 ? NAN : x >> 15 ? -INFINITY : INFINITY;
    }
    v = ldexp(v, MAX(e, 1) - 25);
    return x >> 15 ? -v : v;
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

        if (tcg_fp_es(aux) == 1) {
            a = ref_half(arg[0].u16[0]);
            b = ref_half(arg[1].u16[0]);
        } else if (tcg_fp_es(aux) == 2) {
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
