/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: cryptographic instructions (Arm DDI 0487, C4.1.96). */
#include "targets/arm/arm_a64_crypto.trans.h"
#include "targets/arm/translate_simd.h"

#define V(field) a64_get_v(dc, a->field)

static TcgVal op2(DisasContext *dc, TcgOpcode op, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, op, 3, a, b, 0);
}

static TcgVal add(DisasContext *dc, unsigned es, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, OP_vadd, es, a, b, 0);
}

/* Bytes from..from+15 of two registers. */
static TcgVal bytes(DisasContext *dc, TcgVal lo, TcgVal hi, unsigned from)
{
    return tcg_vec2(dc->g, OP_vext, 0, lo, hi, from);
}

static TcgVal ror(DisasContext *dc, unsigned es, TcgVal v, unsigned n)
{
    return tcg_vec1(dc->g, OP_vror, es, v, n);
}

/* Doublewords rotated right by 1 to 63, or not at all. */
static TcgVal rotate64(DisasContext *dc, TcgVal v, unsigned n)
{
    return n ? ror(dc, 3, v, n) : v;
}

static TcgVal xor(DisasContext *dc, TcgVal a, TcgVal b)
{
    return op2(dc, OP_vxor, a, b);
}

/* Bits of b where a has ones, else of c. */
static TcgVal choose(DisasContext *dc, TcgVal a, TcgVal b, TcgVal c)
{
    return tcg_vbitsel(dc->g, a, b, c);
}

/* By a table of truth: see vtern. */
static TcgVal logic3(DisasContext *dc, unsigned truth, TcgVal a, TcgVal b, TcgVal c)
{
    return tcg_emit(dc->g, OP_vtern, TCG_V128, 3, truth, a, b, c, TCG_NOVAL);
}

static bool has_logic3(const DisasContext *dc)
{
    return tcg_has(dc->g, OP_vtern, 3);
}

static TcgVal xor3(DisasContext *dc, TcgVal a, TcgVal b, TcgVal c)
{
    return has_logic3(dc) ? logic3(dc, 0x96, a, b, c) : xor(dc, xor(dc, a, b), c);
}

/* The bit that most have: the third one where the others differ. */
static TcgVal majority(DisasContext *dc, TcgVal a, TcgVal b, TcgVal c)
{
    return has_logic3(dc) ? logic3(dc, 0xe8, a, b, c) : choose(dc, xor(dc, a, b), c, a);
}

/* Rotated right by r, s and t, added up without carries. */
static TcgVal rotations(DisasContext *dc, unsigned es, TcgVal v, unsigned r, unsigned s, unsigned t)
{
    return xor3(dc, ror(dc, es, v, r), ror(dc, es, v, s), ror(dc, es, v, t));
}

/* Rotated right by r and by s, and shifted, added up without carries: what the schedules of SHA-2 are made of. */
static TcgVal sigma(DisasContext *dc, unsigned es, TcgVal v, unsigned r, unsigned s, unsigned shift)
{
    return xor3(dc, ror(dc, es, v, r), ror(dc, es, v, s), tcg_vec1(dc->g, OP_vshr, es, v, shift));
}

/* The result to rd. */
#define SET(...) a64_set_v(dc, a->rd, __VA_ARGS__)

/* A round's parts have no key: it is the next AESE's first operand, or an EOR's, and fused with them. */
static TcgVal aes_sub(DisasContext *dc, TcgOpcode op, TcgVal v)
{
    return tcg_vec2(dc->g, op, 0, v, tcg_const_v(dc->g, 0, 0), 0);
}

TRANS(AESE, TcgVal v = xor(dc, V(rd), V(rn));
      SET(tcg_has(dc->g, OP_vaesencl, 0) ? aes_sub(dc, OP_vaesencl, v) : a64_call(dc, aese, v)))
TRANS(AESD, TcgVal v = xor(dc, V(rd), V(rn));
      SET(tcg_has(dc->g, OP_vaesdecl, 0) ? aes_sub(dc, OP_vaesdecl, v) : a64_call(dc, aesd, v)))
TRANS(AESMC, SET(tcg_has(dc->g, OP_vaesmc, 0) ? tcg_vec1(dc->g, OP_vaesmc, 0, V(rn), 0) : a64_call(dc, aesmc, V(rn))))
TRANS(AESIMC,
      SET(tcg_has(dc->g, OP_vaesimc, 0) ? tcg_vec1(dc->g, OP_vaesimc, 0, V(rn), 0) : a64_call(dc, aesimc, V(rn))))

/* Words: lanes l0 and l1 of a, l2 and l3 of b. Backends have the rounds with the words the other way round. */
static TcgVal words(DisasContext *dc, TcgVal a, TcgVal b, unsigned l0, unsigned l1, unsigned l2, unsigned l3)
{
    return tcg_vec2(dc->g, OP_vshuf, 2, a, b, l0 | l1 << 2 | l2 << 4 | l3 << 6);
}

static TcgVal backwards(DisasContext *dc, TcgVal v)
{
    return words(dc, v, v, 3, 2, 1, 0);
}

/* Four rounds of SHA-1; the operation adds k itself, and takes E with the first word. */
static TcgVal sha1_rounds(DisasContext *dc, TcgVal abcd, TcgVal e, TcgVal w, unsigned which, uint32_t k)
{
    TcgVal constant = tcg_const_v(dc->g, k | (uint64_t)k << 32, k | (uint64_t)k << 32);
    TcgVal in = add(dc, 2, tcg_vec2(dc->g, OP_vsub, 2, w, constant, 0), tcg_vec1(dc->g, OP_vmovz, 2, e, 0));

    return backwards(dc, tcg_vec2(dc->g, OP_vsha1r, 2, backwards(dc, abcd), backwards(dc, in), which));
}

#define SHA1(helper, which, k) \
    SET(tcg_has(dc->g, OP_vsha1r, 2) ? sha1_rounds(dc, V(rd), V(rn), V(rm), which, k) \
                                     : a64_call(dc, helper, V(rd), V(rn), V(rm)))
TRANS(SHA1C, SHA1(sha1c, 0, 0x5a827999))
TRANS(SHA1P, SHA1(sha1p, 1, 0x6ed9eba1))
TRANS(SHA1M, SHA1(sha1m, 2, 0x8f1bbcdc))
TRANS(SHA1H, a64_set_fp(dc, 2, a->rd, tcg_rori(dc->g, TCG_I32, a64_get_fp(dc, 2, a->rn), 2)))
TRANS(SHA1SU0, SET(xor(dc, xor(dc, bytes(dc, V(rd), V(rn), 8), V(rd)), V(rm))))
TRANS(SHA1SU1,
      TcgVal zero = tcg_const_v(dc->g, 0, 0);
      TcgVal v = xor(dc, V(rd), bytes(dc, V(rn), zero, 4));
      TcgVal first = bytes(dc, zero, ror(dc, 2, v, 30), 4);
      SET(xor(dc, ror(dc, 2, v, 31), first)))

/* Four rounds of SHA-256, of which each of the two instructions takes a half: A to D, or E to H. */
static TcgVal sha256_rounds(DisasContext *dc, TcgVal abcd, TcgVal efgh, TcgVal w, bool second)
{
    TcgVal feba = words(dc, efgh, abcd, 1, 0, 1, 0), hgdc = words(dc, efgh, abcd, 3, 2, 3, 2);
    TcgVal two = tcg_vec3(dc->g, OP_vsha256r, 2, hgdc, feba, w);
    TcgVal four = tcg_vec3(dc->g, OP_vsha256r, 2, feba, two, words(dc, w, w, 2, 3, 0, 0));

    return second ? words(dc, four, two, 1, 0, 1, 0) : words(dc, four, two, 3, 2, 3, 2);
}

TRANS(SHA256H, SET(tcg_has(dc->g, OP_vsha256r, 2) ? sha256_rounds(dc, V(rd), V(rn), V(rm), false)
                                                  : a64_call(dc, sha256h, V(rd), V(rn), V(rm))))
TRANS(SHA256H2, SET(tcg_has(dc->g, OP_vsha256r, 2) ? sha256_rounds(dc, V(rn), V(rd), V(rm), true)
                                                   : a64_call(dc, sha256h2, V(rd), V(rn), V(rm))))
TRANS(SHA256SU0, SET(tcg_has(dc->g, OP_vsha256m1, 2)
                     ? tcg_vec2(dc->g, OP_vsha256m1, 2, V(rd), V(rn), 0)
                     : add(dc, 2, V(rd), sigma(dc, 2, bytes(dc, V(rd), V(rn), 4), 7, 18, 3))))

/* The upper half depends on the lower one. */
TRANS(SHA256SU1,
      TcgVal sum = add(dc, 2, V(rd), bytes(dc, V(rn), V(rm), 4));
      if (tcg_has(dc->g, OP_vsha256m2, 2)) {
          SET(tcg_vec2(dc->g, OP_vsha256m2, 2, sum, V(rm), 0));
          return true;
      }
      TcgVal lo = add(dc, 2, sum, sigma(dc, 2, vec_high(dc, 1, V(rm)), 17, 19, 10));
      TcgVal hi = add(dc, 2, vec_high(dc, 1, sum), sigma(dc, 2, lo, 17, 19, 10));
      SET(vec_join(dc, lo, hi)))

TRANS(SHA512SU0, SET(add(dc, 3, V(rd), sigma(dc, 3, bytes(dc, V(rd), V(rn), 8), 1, 8, 7))))
TRANS(SHA512SU1, SET(add(dc, 3, add(dc, 3, V(rd), V(rm)), sigma(dc, 3, V(rn), 19, 61, 6))))

/* The low, or high, doubleword twice. */
static TcgVal low_twice(DisasContext *dc, TcgVal v)
{
    return op2(dc, OP_vzip1, v, v);
}

static TcgVal high_twice(DisasContext *dc, TcgVal v)
{
    return op2(dc, OP_vzip2, v, v);
}

/* Two rounds, each a sum in one lane: the first in the high one, of which the second, in the low one, then takes it. */
static void sha512h(DisasContext *dc, const arg_SHA512H *a)
{
    TcgVal w = V(rd), x = V(rn), y = V(rm), first, e, second;

    first = add(dc, 3, add(dc, 3, w, choose(dc, y, low_twice(dc, x), x)), rotations(dc, 3, y, 14, 18, 41));
    first = high_twice(dc, first);
    e = add(dc, 3, first, y);
    second = add(dc, 3, add(dc, 3, w, choose(dc, e, high_twice(dc, y), x)), rotations(dc, 3, e, 14, 18, 41));
    SET(op2(dc, OP_vzip1, second, first));
}

static void sha512h2(DisasContext *dc, const arg_SHA512H *a)
{
    TcgVal w = V(rd), x = V(rn), y = V(rm), swapped = bytes(dc, y, y, 8), first, second;

    first = add(dc, 3, add(dc, 3, w, majority(dc, y, swapped, low_twice(dc, x))), rotations(dc, 3, swapped, 28, 34, 39));
    first = high_twice(dc, first);
    second = add(dc, 3, add(dc, 3, w, majority(dc, y, swapped, first)), rotations(dc, 3, first, 28, 34, 39));
    SET(op2(dc, OP_vzip1, second, first));
}

TRANS(SHA512H, sha512h(dc, a))
TRANS(SHA512H2, sha512h2(dc, a))

TRANS(EOR3, SET(xor3(dc, V(rn), V(rm), V(ra))))
TRANS(BCAX, SET(xor(dc, V(rn), op2(dc, OP_vandn, V(rm), V(ra)))))
TRANS(RAX1, SET(xor(dc, V(rn), rotate64(dc, V(rm), 63))))
TRANS(XAR, SET(rotate64(dc, xor(dc, V(rn), V(rm)), a->imm)))

/* -- SM3: words that an instruction has in its highest lane, or in all -------------------------------- */

static TcgVal word(DisasContext *dc, TcgVal v, unsigned lane)
{
    return tcg_vec1(dc->g, OP_vdup_lane, 2, v, lane);
}

/* The low word of v in the high lane, zeros below. */
static TcgVal to_high_word(DisasContext *dc, TcgVal v)
{
    return bytes(dc, tcg_const_v(dc->g, 0, 0), v, 4);
}

static void sm3ss1(DisasContext *dc, const arg_SM3SS1 *a)
{
    TcgVal v = add(dc, 2, add(dc, 2, ror(dc, 2, V(rn), 20), V(rm)), V(ra));

    SET(op2(dc, OP_vand, ror(dc, 2, v, 25), tcg_const_v(dc->g, 0, UINT64_MAX << 32)));
}

/* Rounds 0 to 15, or those after them (late); the second half's registers, or the first's. */
static void sm3tt(DisasContext *dc, const arg_SM3TT1A *a, bool second, bool late)
{
    TcgVal d = V(rd), x = word(dc, d, 3), y = word(dc, d, 2), z = word(dc, d, 1), n = word(dc, V(rn), 3), f, t;

    if (!late) {
        f = xor3(dc, x, y, z);
    } else {
        f = second ? choose(dc, x, y, z) : majority(dc, x, y, z);
    }
    t = add(dc, 2, d, word(dc, V(rm), a->imm));
    t = add(dc, 2, add(dc, 2, t, second ? n : xor(dc, n, ror(dc, 2, x, 20))), f);
    if (second) {
        t = xor3(dc, t, ror(dc, 2, t, 23), ror(dc, 2, t, 15));
    }
    y = ror(dc, 2, y, second ? 13 : 23);
    SET(choose(dc, tcg_const_v(dc->g, UINT64_MAX << 32, 0), y, bytes(dc, d, t, 4)));
}

/* The permutation P1 of words that were rotated left by n. */
static TcgVal sm3_p1(DisasContext *dc, TcgVal v, unsigned n)
{
    TcgVal turned = n ? ror(dc, 2, v, 32 - n) : v;

    return xor3(dc, turned, ror(dc, 2, v, (64 - 15 - n) % 32), ror(dc, 2, v, (64 - 23 - n) % 32));
}

/* The highest word takes the lowest of the result; P1 is of sums the sum. */
static void sm3partw1(DisasContext *dc, const arg_SM3PARTW1 *a)
{
    TcgVal next = bytes(dc, V(rm), tcg_const_v(dc->g, 0, 0), 4);
    TcgVal r = sm3_p1(dc, xor3(dc, V(rd), V(rn), ror(dc, 2, next, 17)), 0);

    SET(xor(dc, r, sm3_p1(dc, to_high_word(dc, r), 15)));
}

static void sm3partw2(DisasContext *dc, const arg_SM3PARTW1 *a)
{
    TcgVal t = xor(dc, V(rn), ror(dc, 2, V(rm), 25));

    SET(xor3(dc, V(rd), t, sm3_p1(dc, to_high_word(dc, t), 15)));
}

TRANS(SM3SS1, sm3ss1(dc, a))
TRANS(SM3TT1A, sm3tt(dc, a, false, false))
TRANS(SM3TT1B, sm3tt(dc, a, false, true))
TRANS(SM3TT2A, sm3tt(dc, a, true, false))
TRANS(SM3TT2B, sm3tt(dc, a, true, true))
TRANS(SM3PARTW1, sm3partw1(dc, a))
TRANS(SM3PARTW2, sm3partw2(dc, a))

/* -- SM4 -------------------------------------------------------------------------------------------- */

/*
 * Bytes by SM4's table. It is an inverse in GF(2^8) between two affine maps, as that of AES is, but modulo another
 * polynomial: in the field of vgfaff, x^5 + x + 1 has the place of x.
 */
static TcgVal sm4_substitute(DisasContext *dc, TcgVal v)
{
    TcgVal to = vec_const(dc, 3, UINT64_C(0x4c287db91a22505d)), from = vec_const(dc, 3, UINT64_C(0xf3ab34a974a6b589));

    v = tcg_vec2(dc->g, OP_vgfaff, 0, v, to, 0x3e);
    return tcg_vec2(dc->g, OP_vgfaff, 0, v, from, 0x100 | 0xd3);
}

/* Four rounds on v with keys (or, for the key schedule, constants) k; words are in the lowest lanes of vectors. */
static TcgVal sm4_rounds(DisasContext *dc, TcgVal v, TcgVal k, bool schedule)
{
    TcgVal x[4];

    for (unsigned i = 0; i < 4; i++) {
        x[i] = i ? word(dc, v, i) : v;
    }
    for (unsigned i = 0; i < 4; i++) {
        TcgVal t = xor3(dc, x[(i + 2) % 4], i ? word(dc, k, i) : k, xor(dc, x[(i + 1) % 4], x[(i + 3) % 4]));

        t = sm4_substitute(dc, t);
        if (schedule) {
            x[i] = xor3(dc, xor(dc, x[i], t), ror(dc, 2, t, 19), ror(dc, 2, t, 9));
        } else {
            TcgVal turned = ror(dc, 2, xor3(dc, t, ror(dc, 2, t, 24), ror(dc, 2, t, 16)), 30);

            x[i] = xor3(dc, xor(dc, x[i], t), ror(dc, 2, t, 8), turned);
        }
    }
    return op2(dc, OP_vzip1, tcg_vec2(dc->g, OP_vzip1, 2, x[0], x[1], 0), tcg_vec2(dc->g, OP_vzip1, 2, x[2], x[3], 0));
}

TRANS(SM4E, SET(tcg_has(dc->g, OP_vgfaff, 0) ? sm4_rounds(dc, V(rd), V(rn), false) : a64_call(dc, sm4e, V(rd), V(rn))))
TRANS(SM4EKEY, SET(tcg_has(dc->g, OP_vgfaff, 0) ? sm4_rounds(dc, V(rn), V(rm), true) : a64_call(dc, sm4ekey, V(rn), V(rm))))
