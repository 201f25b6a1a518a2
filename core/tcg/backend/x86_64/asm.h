/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 machine code, one instruction per call (Intel SDM volume 2: prefixes, REX, ModRM/SIB, VEX, EVEX).
 * An opcode is a number that carries its map and mandatory prefix, so that the same one serves the legacy, VEX and
 * EVEX forms. Only what emit*.c use is here: 64-bit addressing, VEX and EVEX of 128 bits in registers 0-15, EVEX of any
 * width and registers (evex_wide_...), mask registers.
 */
#ifndef CORE_TCG_BACKEND_X86_64_ASM_H
#define CORE_TCG_BACKEND_X86_64_ASM_H

#include <glib.h>
#include <string.h>
#include "core/forward.h"

typedef struct Asm {
    uint8_t *p;                                 /* in the writable view; rip-relative targets are too */
    uint8_t *compare, *compare_end;             /* the last comparison: a jump that follows at once is fused with it */
} Asm;

enum {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
    NOREG = -1, RIP = -2,
};

/* Condition codes; bit 0 negates. */
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

/* [base + index * 2^scale + disp], or [rip + (target - next instruction)]. */
typedef struct Mem {
    int8_t base, index;
    uint8_t scale;
    bool gs;                                    /* the GS segment's base is added */
    int32_t disp;
    const uint8_t *target;
} Mem;
G_STATIC_ASSERT(sizeof(Mem) <= 16);             /* two registers */
static inline Mem mem(int base, int32_t disp) { return (Mem){ base, NOREG, 0, false, disp, NULL }; }
static inline Mem mem_bi(int base, int index, unsigned scale, int32_t disp)
{
    return (Mem){ base, index, scale, false, disp, NULL };
}
static inline Mem mem_rip(const uint8_t *target) { return (Mem){ RIP, NOREG, 0, false, 0, target }; }
static inline Mem mem_gs(int base, int32_t disp) { return (Mem){ base, NOREG, 0, true, disp, NULL }; }

enum {
    M_0F = 1 << 8, M_38 = 2 << 8, M_3A = 3 << 8, M_MASK = 3 << 8,
    P_66 = 1 << 10, P_F3 = 2 << 10, P_F2 = 3 << 10, P_MASK = 3 << 10,
    X_W = 1 << 12,                              /* 64-bit operands (REX.W, VEX.W) */
    X_BREG = 1 << 13, X_BRM = 1 << 14,          /* that operand is a byte register: SPL..DIL need a REX */
    X_HALF = 1 << 15,                           /* EVEX's map 5 instead of 0F, 6 instead of 38 */
};

#define INLINE inline __attribute__((always_inline))            /* what an opcode that is known leaves little of */
/*
 * Encoders below make an instruction's bytes in a word and store it whole: what is behind the code is still to be written,
 * and there is room for more than a word of it. They carry the place in a local pointer p, since a byte stored through Asm.p
 * could be Asm.p itself, as far as the compiler knows.
 */
static INLINE uint8_t *enc(uint8_t *p, uint64_t bytes, unsigned n)
{
    memcpy(p, &bytes, sizeof(bytes));
    return p + n;
}
static INLINE void put(Asm *a, uint64_t bytes, unsigned n) { a->p = enc(a->p, bytes, n); }
static inline void put8(Asm *a, unsigned v) { *a->p++ = (uint8_t)v; }
static inline void put16(Asm *a, uint16_t v) { memcpy(a->p, &v, 2); a->p += 2; }
static inline void put32(Asm *a, uint32_t v) { memcpy(a->p, &v, 4); a->p += 4; }
static inline void put64(Asm *a, uint64_t v) { memcpy(a->p, &v, 8); a->p += 8; }
static inline uint8_t *enc32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); return p + 4; }

static inline bool fits8(int64_t v) { return v == (int8_t)v; }
static inline bool fits32(int64_t v) { return v == (int32_t)v; }

/* Prefix, REX and opcode, then `tail`, ModRM and perhaps SIB (and a displacement of 0): tail_len bytes. */
static INLINE uint8_t *enc_op(uint8_t *p, unsigned opc, unsigned rex, bool force_rex, unsigned tail, unsigned tail_len)
{
    static const uint8_t prefix[4] = { 0, 0x66, 0xf3, 0xf2 }, escape_len[4] = { 0, 1, 2, 2 };
    static const uint16_t escape[4] = { 0, 0x0f, 0x380f, 0x3a0f };
    unsigned map = (opc & M_MASK) >> 8, n = escape_len[map];
    uint64_t bytes = escape[map] | ((uint64_t)tail << 8 | (opc & 0xff)) << 8 * n;

    n += 1 + tail_len;
    if (rex || force_rex) {
        bytes = bytes << 8 | 0x40 | rex;
        n++;
    }
    if (opc & P_MASK) {
        bytes = bytes << 8 | prefix[(opc & P_MASK) >> 10];
        n++;
    }
    return enc(p, bytes, n);
}

static inline void put_legacy_head(Asm *a, unsigned opc, unsigned rex, bool force_rex)
{
    a->p = enc_op(a->p, opc, rex, force_rex, 0, 0);
}

/*
 * What an operand in memory is to ModRM, SIB and displacement. imm_bytes follow the latter: rip counts from the instruction's
 * end.
 */
typedef struct MemTail {
    unsigned bytes, len, disp_size;
} MemTail;

/* ModRM's mode for base + disp, and the displacement that it says is there. */
static INLINE unsigned mod_of(unsigned base, int32_t disp)
{
    return disp == 0 && (base & 7) != RBP ? 0 : fits8(disp) ? 0x40 : 0x80;
}
static INLINE uint8_t *enc_disp_of(uint8_t *p, int32_t disp, unsigned mod)
{
    enc32(p, (uint32_t)disp);
    return p + (mod >> 6 << (mod >> 7));
}

static inline MemTail mem_tail(unsigned reg, Mem m)
{
    unsigned r = (reg & 7) << 3, base = m.base & 7, sib = m.scale << 6 | (m.index != NOREG ? m.index & 7 : 4) << 3;
    unsigned mod = mod_of(base, m.disp), size = mod >> 6 << (mod >> 7);

    if (G_LIKELY(m.base >= 0 && m.index == NOREG && base != RSP)) {
        return (MemTail){ mod | r | base, 1, size };
    }
    if (m.base == RIP) {
        return (MemTail){ r | 5, 1, 4 };
    }
    if (m.base == NOREG) {
        return (MemTail){ r | 4 | (sib | 5) << 8, 2, 4 };
    }
    return (MemTail){ mod | r | 4 | (sib | base) << 8, 2, size };
}

static inline uint8_t *enc_disp(uint8_t *p, Mem m, MemTail t, unsigned imm_bytes)
{
    enc32(p, G_UNLIKELY(m.base == RIP) ? (uint32_t)(m.target - (p + 4 + imm_bytes)) : (uint32_t)m.disp);
    return p + t.disp_size;
}

/* -- legacy encodings: reg is ModRM.reg (or its digit), rm the other ----------------------------------------- */
static INLINE void op_rr(Asm *a, unsigned opc, unsigned reg, unsigned rm)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1 | (rm & 8) >> 3;
    bool force = ((opc & X_BREG) && reg >= 4) || ((opc & X_BRM) && rm >= 4);

    a->p = enc_op(a->p, opc, rex, force, 0xc0 | (reg & 7) << 3 | (rm & 7), 1);
}

static inline void op_rm_imm(Asm *a, unsigned opc, unsigned reg, Mem m, unsigned imm_bytes)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1 | (m.index >= 8 ? 2 : 0) | (m.base >= 8 ? 1 : 0);
    bool force = (opc & X_BREG) && reg >= 4;
    MemTail t = mem_tail(reg, m);
    uint8_t *p = a->p;

    *p = 0x65;                                  /* or what is written next */
    p = enc_op(p + m.gs, opc, rex, force, t.bytes, t.len);
    a->p = enc_disp(p, m, t, imm_bytes);
}

static inline void op_rm(Asm *a, unsigned opc, unsigned reg, Mem m)
{
    op_rm_imm(a, opc, reg, m, 0);
}

/* The same for what is at base + disp, and at that from the GS segment's base. */
static INLINE void op_base(Asm *a, unsigned opc, unsigned reg, unsigned base, int32_t disp)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1 | base >> 3, tail = (reg & 7) << 3 | (base & 7) | 0x24 << 8;
    unsigned mod = mod_of(base, disp);
    uint8_t *p = enc_op(a->p, opc, rex, (opc & X_BREG) && reg >= 4, tail | mod, (base & 7) == RSP ? 2 : 1);

    a->p = enc_disp_of(p, disp, mod);
}

static INLINE void op_gs(Asm *a, unsigned opc, unsigned reg, unsigned base, int32_t disp)
{
    put8(a, 0x65);
    op_base(a, opc, reg, base, disp);
}

/* The same for what is at RBP + disp, or, for opcodes of one byte, RSP + disp: all in one word. disp is not 0. */
static INLINE void op_frame(Asm *a, unsigned opc, unsigned reg, unsigned base, int32_t disp)
{
    static const uint8_t prefix[4] = { 0, 0x66, 0xf3, 0xf2 };
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1, n = 2;
    uint64_t bytes = (uint32_t)disp;

    if (base == RSP) {
        bytes = bytes << 8 | 0x24;
        n++;
    }
    bytes = bytes << 8 | (fits8(disp) ? 0x40 : 0x80) | (reg & 7) << 3 | base;
    bytes = bytes << 8 | (opc & 0xff);
    if (opc & M_MASK) {
        bytes = bytes << 8 | 0x0f;
        n++;
    }
    if (rex || ((opc & X_BREG) && reg >= 4)) {
        bytes = bytes << 8 | 0x40 | rex;
        n++;
    }
    if (opc & P_MASK) {
        put8(a, prefix[(opc & P_MASK) >> 10]);
    }
    put(a, bytes, n + (fits8(disp) ? 1 : 4));
}

static INLINE void op_rbp(Asm *a, unsigned opc, unsigned reg, int32_t disp) { op_frame(a, opc, reg, RBP, disp); }
static INLINE void op_rsp(Asm *a, unsigned opc, unsigned reg, int32_t disp) { op_frame(a, opc, reg, RSP, disp); }

/* -- VEX.128: reg = dest, vvvv = first source (0 where the instruction has none), rm = second ------------ */
static INLINE uint8_t *enc_vex(uint8_t *p, unsigned opc, unsigned reg, unsigned vvvv, bool x, bool b, unsigned tail,
                               unsigned tail_len)
{
    unsigned r = reg & 8 ? 0 : 0x80, last = (~vvvv & 15) << 3 | (opc & P_MASK) >> 10;
    uint64_t bytes = (uint64_t)tail << 8 | (opc & 0xff);

    if ((opc & M_MASK) == M_0F && !(opc & X_W) && !x && !b) {
        return enc(p, bytes << 16 | (r | last) << 8 | 0xc5, 3 + tail_len);
    }
    r |= (x ? 0 : 0x40) | (b ? 0 : 0x20) | (opc & M_MASK) >> 8;
    last |= opc & X_W ? 0x80 : 0;
    return enc(p, bytes << 24 | last << 16 | r << 8 | 0xc4, 4 + tail_len);
}

static inline void vex_rr(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, unsigned rm)
{
    a->p = enc_vex(a->p, opc, reg, vvvv, false, rm & 8, 0xc0 | (reg & 7) << 3 | (rm & 7), 1);
}

static INLINE void vex_base(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, unsigned base, int32_t disp)
{
    unsigned tail = (reg & 7) << 3 | (base & 7) | 0x24 << 8, mod = mod_of(base, disp);
    uint8_t *p = enc_vex(a->p, opc, reg, vvvv, false, base & 8, tail | mod, (base & 7) == RSP ? 2 : 1);

    a->p = enc_disp_of(p, disp, mod);
}

static inline void vex_rm_imm(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, Mem m, unsigned imm_bytes)
{
    MemTail t = mem_tail(reg, m);
    uint8_t *p = a->p;

    *p = 0x65;
    p = enc_vex(p + m.gs, opc, reg, vvvv, m.index >= 8, m.base >= 8, t.bytes, t.len);
    a->p = enc_disp(p, m, t, imm_bytes);
}

static inline void vex_rm(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, Mem m)
{
    vex_rm_imm(a, opc, reg, vvvv, m, 0);
}

/* -- EVEX.128 between registers 0-15, no masking --------------------------------------------------------- */
static inline uint8_t *enc_evex(uint8_t *p, unsigned opc, unsigned reg, unsigned vvvv, bool b, unsigned modrm)
{
    unsigned p0 = (reg & 8 ? 0 : 0x80) | 0x50 | (b ? 0 : 0x20) | (opc & X_HALF ? 4 : 0) | (opc & M_MASK) >> 8;
    unsigned p1 = (opc & X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | 4 | (opc & P_MASK) >> 10;

    return enc(p, 0x62 | p0 << 8 | p1 << 16 | 0x08 << 24 | (uint64_t)((opc & 0xff) | modrm << 8) << 32, 6);
}

static inline void evex_rr(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, unsigned rm)
{
    a->p = enc_evex(a->p, opc, reg, vvvv, rm & 8, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The second operand at [rip + ...]. */
static inline void evex_rip(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, const uint8_t *target)
{
    uint8_t *p = enc_evex(a->p, opc, reg, vvvv, false, (reg & 7) << 3 | 5);

    a->p = enc32(p, (uint32_t)(target - (p + 4)));
}

/* -- EVEX of any width in registers 0-31 -------------------------------------------------------------------------- */
/* Width: 0 to 2: 128 to 512 bits; lanes that mask register k (1 to 7) has alone, others of the result as they were or 0. */
enum { EVEX_MASK_SHIFT = 2, EVEX_ZERO = 1 << 5 };
static inline unsigned evex_masked(unsigned width, unsigned k, bool zero)
{
    return width | k << EVEX_MASK_SHIFT | (zero ? EVEX_ZERO : 0);
}

static inline uint8_t *enc_wide(uint8_t *p, unsigned opc, unsigned how, unsigned reg, unsigned vvvv, bool x, bool b)
{
    *p++ = 0x62;
    *p++ = (uint8_t)((reg & 8 ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | (reg & 16 ? 0 : 0x10) | (opc & X_HALF ? 4 : 0) |
                     (opc & M_MASK) >> 8);
    *p++ = (uint8_t)((opc & X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | 4 | (opc & P_MASK) >> 10);
    *p++ = (uint8_t)((how & EVEX_ZERO ? 0x80 : 0) | (how & 3) << 5 | (vvvv & 16 ? 0 : 8) | (how >> EVEX_MASK_SHIFT & 7));
    *p++ = (uint8_t)opc;
    return p;
}

static inline void evex_wide_rr(Asm *a, unsigned opc, unsigned how, unsigned reg, unsigned vvvv, unsigned rm)
{
    uint8_t *p = enc_wide(a->p, opc, how, reg, vvvv, rm & 16, rm & 8);

    *p++ = (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7));
    a->p = p;
}

/* unit: the bytes in memory; displacements of a byte count these. */
static inline void evex_wide_rm(Asm *a, unsigned opc, unsigned how, unsigned reg, unsigned vvvv, Mem m, int32_t unit)
{
    bool small = m.base >= 0 && m.disp % unit == 0 && fits8(m.disp / unit);
    uint8_t *p = a->p;

    if (m.gs) {
        *p++ = 0x65;
    }
    p = enc_wide(p, opc, how, reg, vvvv, m.index >= 8, m.base >= 8);
    if (m.base < 0) {
        MemTail t = mem_tail(reg, m);

        a->p = enc_disp(enc(p, t.bytes, t.len), m, t, 0);
        return;
    }
    bool sib = m.index != NOREG || (m.base & 7) == RSP;

    *p++ = (uint8_t)((small ? 0x40 : 0x80) | (reg & 7) << 3 | (sib ? 4 : m.base & 7));
    if (sib) {
        *p++ = (uint8_t)(m.scale << 6 | (m.index != NOREG ? m.index & 7 : 4) << 3 | (m.base & 7));
    }
    if (small) {
        *p++ = (uint8_t)(m.disp / unit);
        a->p = p;
    } else {
        a->p = enc32(p, (uint32_t)m.disp);
    }
}

/* -- mask registers of 64 lanes ---------------------------------------------------------------------------------- */
enum { KAND = 0x41, KANDN = 0x42 /* ~a & b */, KNOT = 0x44, KOR = 0x45, KXNOR = 0x46, KXOR = 0x47 };
static inline void k_op(Asm *a, unsigned op, unsigned d, unsigned x, unsigned y)
{
    put8(a, 0xc4);
    put8(a, 0xe1);
    put8(a, 0x80 | (~x & 15) << 3 | 4);
    put8(a, op);
    put8(a, 0xc0 | d << 3 | y);
}
static inline void k_mov(Asm *a, unsigned d, unsigned s) { vex_rr(a, M_0F | X_W | 0x90, d, 0, s); }
static inline void k_from(Asm *a, unsigned d, unsigned r) { vex_rr(a, M_0F | P_F2 | X_W | 0x92, d, 0, r); }
static inline void k_to(Asm *a, unsigned r, unsigned s) { vex_rr(a, M_0F | P_F2 | X_W | 0x93, r, 0, s); }
static inline void k_load(Asm *a, unsigned d, Mem m) { vex_rm(a, M_0F | X_W | 0x90, d, 0, m); }
static inline void k_store(Asm *a, Mem m, unsigned s) { vex_rm(a, M_0F | X_W | 0x91, s, 0, m); }
/* Shifted by n bits, to the left or the right. */
static inline void k_shift(Asm *a, bool left, unsigned d, unsigned s, unsigned n)
{
    vex_rr(a, M_3A | P_66 | X_W | (left ? 0x33 : 0x31), d, 0, s);
    put8(a, n);
}

/* -- integer instructions; w: X_W for 64 bits, 0 for 32 -------------------------------------------------- */
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum { SH_ROL = 0, SH_ROR = 1, SH_SHL = 4, SH_SHR = 5, SH_SAR = 7 };

static inline void compared(Asm *a, uint8_t *at)
{
    a->compare = at;
    a->compare_end = a->p;
}
static inline void alu_rr(Asm *a, unsigned op, unsigned w, unsigned dst, unsigned src)
{
    uint8_t *at = a->p;

    op_rr(a, (op & 7) << 3 | 1 | (w & X_W), src, dst);
    compared(a, at);
}
static inline void alu_rm(Asm *a, unsigned op, unsigned w, unsigned dst, Mem m)
{
    uint8_t *at = a->p;

    op_rm(a, (op & 7) << 3 | 3 | (w & X_W), dst, m);
    compared(a, at);
}
static inline void alu_mr(Asm *a, unsigned op, unsigned w, Mem m, unsigned src)
{
    op_rm(a, (op & 7) << 3 | 1 | (w & X_W), src, m);
}
/* An immediate of one byte or four. */
static inline uint8_t *enc_imm(uint8_t *p, int32_t imm, bool one)
{
    enc32(p, (uint32_t)imm);
    return p + (one ? 1 : 4);
}
static inline void alu_ri(Asm *a, unsigned op, unsigned w, unsigned dst, int32_t imm)
{
    uint8_t *at = a->p;
    bool one = fits8(imm);

    if (dst == RAX && !one) {
        put(a, (w ? 0x48 | (op << 3 | 5) << 8 : op << 3 | 5), w ? 2 : 1);
    } else {
        op_rr(a, (one ? 0x83 : 0x81) | (w & X_W), op, dst);
    }
    a->p = enc_imm(a->p, imm, one);
    compared(a, at);
}
static inline void alu_mi(Asm *a, unsigned op, unsigned w, Mem m, int32_t imm)
{
    uint8_t *at = a->p;
    bool one = fits8(imm);

    op_rm_imm(a, (one ? 0x83 : 0x81) | (w & X_W), op, m, one ? 1 : 4);
    a->p = enc_imm(a->p, imm, one);
    compared(a, at);
}
/* The same for what is at RBP + disp. */
static inline void alu_rbp_i(Asm *a, unsigned op, unsigned w, int32_t disp, int32_t imm)
{
    uint8_t *at = a->p;
    bool one = fits8(imm);

    op_rbp(a, (one ? 0x83 : 0x81) | (w & X_W), op, disp);
    a->p = enc_imm(a->p, imm, one);
    compared(a, at);
}
static inline void mov_rr(Asm *a, unsigned w, unsigned dst, unsigned src) { op_rr(a, 0x8b | (w & X_W), dst, src); }
static inline void mov_rm(Asm *a, unsigned w, unsigned dst, Mem m) { op_rm(a, 0x8b | (w & X_W), dst, m); }
static inline void mov_mr(Asm *a, unsigned w, Mem m, unsigned src) { op_rm(a, 0x89 | (w & X_W), src, m); }
/* Leaves the flags alone. */
static inline void mov_ri(Asm *a, unsigned dst, uint64_t imm)
{
    uint64_t opc = 0xb8 | (dst & 7);

    if (imm <= UINT32_MAX) {
        uint64_t bytes = opc | imm << 8;

        put(a, dst & 8 ? bytes << 8 | 0x41 : bytes, dst & 8 ? 6 : 5);
    } else if (fits32((int64_t)imm)) {
        op_rr(a, 0xc7 | X_W, 0, dst);
        put32(a, (uint32_t)imm);
    } else {
        put(a, opc << 8 | (dst & 8 ? 0x49 : 0x48), 2);
        put64(a, imm);
    }
}
static inline void mov_mi(Asm *a, unsigned w, Mem m, int32_t imm)
{
    op_rm_imm(a, 0xc7 | (w & X_W), 0, m, 4);
    put32(a, (uint32_t)imm);
}
static inline void lea(Asm *a, unsigned w, unsigned dst, Mem m) { op_rm(a, 0x8d | (w & X_W), dst, m); }
/* The two most frequent: base + disp, x + y. */
static inline void lea_disp(Asm *a, unsigned w, unsigned dst, unsigned base, int32_t disp)
{
    op_base(a, 0x8d | (w & X_W), dst, base, disp);
}
static inline void lea_sum(Asm *a, unsigned w, unsigned dst, unsigned x, unsigned y)
{
    unsigned rex = (w & X_W ? 8 : 0) | (dst & 8) >> 1 | (y & 8) >> 2 | x >> 3;
    unsigned tail = 4 | (dst & 7) << 3 | ((y & 7) << 3 | (x & 7)) << 8, disp8 = (x & 7) == RBP ? 0x40 : 0;

    a->p = enc_op(a->p, 0x8d, rex, false, tail | disp8, disp8 ? 3 : 2);
}
/* A jump to what is far away. */
static inline void jmp_far(Asm *a, const uint8_t *target)
{
    put(a, 0xe9 | (uint64_t)(target - (a->p + 5)) << 8, 5);
}
/* lea from rip + a displacement that is filled in later: its place is returned. */
static inline uint8_t *lea_fwd(Asm *a, unsigned dst)
{
    put(a, (dst & 8 ? 0x4c : 0x48) | 0x8d << 8 | ((dst & 7) << 3 | 5) << 16, 7);
    return a->p - 4;
}
static inline void test_rr(Asm *a, unsigned w, unsigned x, unsigned y)
{
    uint8_t *at = a->p;

    op_rr(a, 0x85 | (w & X_W), y, x);
    compared(a, at);
}
static inline void test_ri(Asm *a, unsigned w, unsigned x, int32_t imm)
{
    uint8_t *at = a->p;

    if (imm >= 0 && imm < 128) {
        op_rr(a, 0xf6 | X_BRM, 0, x);
        put8(a, (uint8_t)imm);
    } else {
        op_rr(a, 0xf7 | (w & X_W), 0, x);
        put32(a, (uint32_t)imm);
    }
    compared(a, at);
}
static inline void sh_ri(Asm *a, unsigned op, unsigned w, unsigned dst, unsigned count)
{
    if (count == 1) {
        op_rr(a, 0xd1 | (w & X_W), op, dst);
    } else {
        op_rr(a, 0xc1 | (w & X_W), op, dst);
        put8(a, count);
    }
}
static inline void sh_rcl(Asm *a, unsigned op, unsigned w, unsigned dst) { op_rr(a, 0xd3 | (w & X_W), op, dst); }
static inline void setcc(Asm *a, unsigned cc, unsigned dst) { op_rr(a, M_0F | X_BRM | 0x90 | (cc & 15), 0, dst); }
static inline void cmov(Asm *a, unsigned cc, unsigned w, unsigned dst, unsigned src)
{
    op_rr(a, M_0F | 0x40 | (cc & 15) | (w & X_W), dst, src);
}
/* Zero and sign extension to 32 or 64 bits of a byte, 16-bit or (movsxd) 32-bit register. */
static inline void movzx8(Asm *a, unsigned dst, unsigned src) { op_rr(a, M_0F | X_BRM | 0xb6, dst, src); }
static inline void movzx16(Asm *a, unsigned dst, unsigned src) { op_rr(a, M_0F | 0xb7, dst, src); }
static inline void movsx8(Asm *a, unsigned w, unsigned dst, unsigned src)
{
    op_rr(a, M_0F | X_BRM | 0xbe | (w & X_W), dst, src);
}
static inline void movsx16(Asm *a, unsigned w, unsigned dst, unsigned src) { op_rr(a, M_0F | 0xbf | (w & X_W), dst, src); }
static inline void movsxd(Asm *a, unsigned dst, unsigned src) { op_rr(a, 0x63 | X_W, dst, src); }
static inline void bswap(Asm *a, unsigned w, unsigned r)
{
    put_legacy_head(a, M_0F | 0xc8 | (r & 7), (w ? 8 : 0) | r >> 3, false);
}
static inline void push(Asm *a, unsigned r) { put_legacy_head(a, 0x50 | (r & 7), r >> 3, false); }
static inline void pop(Asm *a, unsigned r) { put_legacy_head(a, 0x58 | (r & 7), r >> 3, false); }

/* -- control; targets are in the writable view ----------------------------------------------------------- */
static inline void jmp(Asm *a, const uint8_t *target)
{
    int64_t d = target - (a->p + 2);

    if (fits8(d)) {
        put(a, 0xeb | (uint64_t)d << 8, 2);
    } else {
        put(a, 0xe9 | (uint64_t)(target - (a->p + 5)) << 8, 5);
    }
}
static inline void jcc(Asm *a, unsigned cc, const uint8_t *target)
{
    int64_t d = target - (a->p + 2);

    if (fits8(d)) {
        put(a, 0x70 | cc | (uint64_t)d << 8, 2);
    } else {
        put(a, 0x0f | (0x80 | cc) << 8 | (uint64_t)(target - (a->p + 6)) << 16, 6);
    }
}
static inline void call_rel(Asm *a, const uint8_t *target)
{
    put(a, 0xe8 | (uint64_t)(target - (a->p + 5)) << 8, 5);
}
/* Forward jumps: the place of the displacement, to be given to fix8 or fix32 when the target is reached. */
static inline uint8_t *jmp_fwd32(Asm *a)
{
    put(a, 0xe9, 5);
    return a->p - 4;
}
static inline uint8_t *jcc_fwd32(Asm *a, unsigned cc)
{
    put(a, 0x0f | (0x80 | cc) << 8, 6);
    return a->p - 4;
}
static inline uint8_t *jmp_fwd8(Asm *a)
{
    put(a, 0xeb, 2);
    return a->p - 1;
}
static inline uint8_t *jcc_fwd8(Asm *a, unsigned cc)
{
    put(a, 0x70 | cc, 2);
    return a->p - 1;
}
static inline void fix8(uint8_t *at, const uint8_t *target)
{
    g_assert(fits8(target - (at + 1)));
    *at = (uint8_t)(target - (at + 1));
}
static inline void fix32(uint8_t *at, const uint8_t *target)
{
    uint32_t d = (uint32_t)(target - (at + 4));

    memcpy(at, &d, 4);
}
/* n bytes, 0 to 9, that do nothing. */
static inline void nop(Asm *a, unsigned n)
{
    static const uint64_t bytes[9] = {
        0, 0x90, 0x9066, 0x001f0f, 0x00401f0f, 0x0000441f0f, 0x0000441f0f66, 0x00000000801f0f, 0x0000000000841f0f,
    };

    if (n == 9) {
        put8(a, 0x66);
        n = 8;
    }
    put(a, bytes[n], n);
}

#endif
