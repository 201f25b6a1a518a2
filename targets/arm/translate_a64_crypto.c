/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: cryptographic instructions (Arm DDI 0487, C4.1.96). */
#include "targets/arm/arm_a64_crypto.trans.h"
#include "targets/arm/translate_simd.h"

#define V(field) a64_get_v(dc, a->field)

static TcgVal op2(DisasContext *dc, TcgOpcode op, TcgVal a, TcgVal b)
{
    return tcg_vec2(dc->g, op, 3, a, b, 0);
}

/* Doublewords rotated right by 1 to 63, or not at all. */
static TcgVal rotate64(DisasContext *dc, TcgVal v, unsigned n)
{
    return n ? tcg_vec1(dc->g, OP_vror, 3, v, n) : v;
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

/* Rotated right by r and by s, and shifted, added up without carries: what the schedules of SHA-2 are made of. */
static TcgVal sigma(DisasContext *dc, unsigned es, TcgVal v, unsigned r, unsigned s, unsigned shift)
{
    TcgVal rotated = op2(dc, OP_vxor, tcg_vec1(dc->g, OP_vror, es, v, r), tcg_vec1(dc->g, OP_vror, es, v, s));

    return op2(dc, OP_vxor, rotated, tcg_vec1(dc->g, OP_vshr, es, v, shift));
}

/* A helper's result to rd. */
#define SET(...) a64_set_v(dc, a->rd, __VA_ARGS__)
#define CALL(...) SET(a64_call(dc, __VA_ARGS__))

/* A round's parts have no key: it is the next AESE's first operand, or an EOR's, and fused with them. */
static TcgVal aes_sub(DisasContext *dc, TcgOpcode op, TcgVal v)
{
    return tcg_vec2(dc->g, op, 0, v, tcg_const_v(dc->g, 0, 0), 0);
}

TRANS(AESE, TcgVal v = op2(dc, OP_vxor, V(rd), V(rn));
      SET(tcg_has(dc->g, OP_vaesencl, 0) ? aes_sub(dc, OP_vaesencl, v) : a64_call(dc, aese, v)))
TRANS(AESD, TcgVal v = op2(dc, OP_vxor, V(rd), V(rn));
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
TRANS(SHA1SU0, SET(op2(dc, OP_vxor, op2(dc, OP_vxor, bytes(dc, V(rd), V(rn), 8), V(rd)), V(rm))))
TRANS(SHA1SU1,
      TcgVal zero = tcg_const_v(dc->g, 0, 0);
      TcgVal v = op2(dc, OP_vxor, V(rd), bytes(dc, V(rn), zero, 4));
      TcgVal first = bytes(dc, zero, tcg_vec1(dc->g, OP_vror, 2, v, 30), 4);
      SET(op2(dc, OP_vxor, tcg_vec1(dc->g, OP_vror, 2, v, 31), first)))

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
TRANS(SHA512H, CALL(sha512h, V(rd), V(rn), V(rm)))
TRANS(SHA512H2, CALL(sha512h2, V(rd), V(rn), V(rm)))

TRANS(EOR3, SET(op2(dc, OP_vxor, op2(dc, OP_vxor, V(rn), V(rm)), V(ra))))
TRANS(BCAX, SET(op2(dc, OP_vxor, V(rn), op2(dc, OP_vandn, V(rm), V(ra)))))
TRANS(RAX1, SET(op2(dc, OP_vxor, V(rn), rotate64(dc, V(rm), 63))))
TRANS(XAR, SET(rotate64(dc, op2(dc, OP_vxor, V(rn), V(rm)), a->imm)))

static void sm3tt(DisasContext *dc, const arg_SM3TT1A *a, unsigned which)
{
    CALL(sm3tt, V(rd), V(rn), V(rm), tcg_const(dc->g, TCG_I32, which), tcg_const(dc->g, TCG_I32, a->imm));
}

TRANS(SM3SS1, CALL(sm3ss1, V(rn), V(rm), V(ra)))
TRANS(SM3TT1A, sm3tt(dc, a, 0))
TRANS(SM3TT1B, sm3tt(dc, a, 1))
TRANS(SM3TT2A, sm3tt(dc, a, 2))
TRANS(SM3TT2B, sm3tt(dc, a, 3))
TRANS(SM3PARTW1, CALL(sm3partw1, V(rd), V(rn), V(rm)))
TRANS(SM3PARTW2, CALL(sm3partw2, V(rd), V(rn), V(rm)))

TRANS(SM4E, CALL(sm4e, V(rd), V(rn)))
TRANS(SM4EKEY, CALL(sm4ekey, V(rn), V(rm)))
