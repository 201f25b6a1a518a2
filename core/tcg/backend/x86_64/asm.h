/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 machine code, one instruction per call (Intel SDM volume 2: prefixes, REX, ModRM/SIB, VEX, EVEX).
 * An opcode is a number that carries its map and mandatory prefix, so that the same one serves the legacy, VEX and
 * EVEX forms. Only what emit*.c use is here: 64-bit addressing, vectors of 128 bits, EVEX between registers and of constants.
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
    int32_t disp;
    const uint8_t *target;
    bool gs;                                    /* the GS segment's base is added */
} Mem;
static inline Mem mem(int base, int32_t disp) { return (Mem){ base, NOREG, 0, disp, NULL, false }; }
static inline Mem mem_bi(int base, int index, unsigned scale, int32_t disp)
{
    return (Mem){ base, index, scale, disp, NULL, false };
}
static inline Mem mem_rip(const uint8_t *target) { return (Mem){ RIP, NOREG, 0, 0, target, false }; }
static inline Mem mem_gs(int base, int32_t disp) { return (Mem){ base, NOREG, 0, disp, NULL, true }; }
static inline Mem mem_gs_bi(int base, int index, unsigned scale, int32_t disp)
{
    return (Mem){ base, index, scale, disp, NULL, true };
}

enum {
    M_0F = 1 << 8, M_38 = 2 << 8, M_3A = 3 << 8, M_MASK = 3 << 8,
    P_66 = 1 << 10, P_F3 = 2 << 10, P_F2 = 3 << 10, P_MASK = 3 << 10,
    X_W = 1 << 12,                              /* 64-bit operands (REX.W, VEX.W) */
    X_BREG = 1 << 13, X_BRM = 1 << 14,          /* that operand is a byte register: SPL..DIL need a REX */
    X_HALF = 1 << 15,                           /* EVEX's map 5 instead of 0F, 6 instead of 38 */
};

/*
 * Encoders below carry the place in a local pointer p: a byte stored through Asm.p could be Asm.p itself, as far as
 * the compiler knows.
 */
static inline void put8(Asm *a, unsigned v) { *a->p++ = (uint8_t)v; }
static inline void put16(Asm *a, uint16_t v) { memcpy(a->p, &v, 2); a->p += 2; }
static inline void put32(Asm *a, uint32_t v) { memcpy(a->p, &v, 4); a->p += 4; }
static inline void put64(Asm *a, uint64_t v) { memcpy(a->p, &v, 8); a->p += 8; }
static inline uint8_t *enc32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); return p + 4; }

static inline bool fits8(int64_t v) { return v == (int8_t)v; }
static inline bool fits32(int64_t v) { return v == (int32_t)v; }

/* ModRM, SIB and displacement; imm_bytes follow the displacement (rip counts from the instruction's end). */
static inline uint8_t *enc_mem(uint8_t *p, unsigned reg, Mem m, unsigned imm_bytes)
{
    unsigned r = (reg & 7) << 3;

    if (m.base == RIP) {
        *p++ = r | 5;
        return enc32(p, (uint32_t)(m.target - (p + 4 + imm_bytes)));
    }
    if (m.base == NOREG) {
        *p++ = r | 4;
        *p++ = m.scale << 6 | (m.index != NOREG ? m.index & 7 : 4) << 3 | 5;
        return enc32(p, (uint32_t)m.disp);
    }
    bool sib = m.index != NOREG || (m.base & 7) == RSP;
    unsigned mod = m.disp == 0 && (m.base & 7) != RBP ? 0 : fits8(m.disp) ? 0x40 : 0x80;

    *p++ = mod | r | (sib ? 4 : m.base & 7);
    if (sib) {
        *p++ = m.scale << 6 | (m.index != NOREG ? m.index & 7 : 4) << 3 | (m.base & 7);
    }
    if (mod == 0x40) {
        *p++ = (uint8_t)m.disp;
    } else if (mod == 0x80) {
        p = enc32(p, (uint32_t)m.disp);
    }
    return p;
}

static inline uint8_t *enc_head(uint8_t *p, unsigned opc, unsigned rex, bool force_rex)
{
    static const uint8_t prefix[4] = { 0, 0x66, 0xf3, 0xf2 };

    if (opc & P_MASK) {
        *p++ = prefix[(opc & P_MASK) >> 10];
    }
    if (rex || force_rex) {
        *p++ = 0x40 | rex;
    }
    if (opc & M_MASK) {
        *p++ = 0x0f;
        if ((opc & M_MASK) != M_0F) {
            *p++ = (opc & M_MASK) == M_38 ? 0x38 : 0x3a;
        }
    }
    *p++ = (uint8_t)opc;
    return p;
}

static inline void put_legacy_head(Asm *a, unsigned opc, unsigned rex, bool force_rex)
{
    a->p = enc_head(a->p, opc, rex, force_rex);
}

/* -- legacy encodings: reg is ModRM.reg (or its digit), rm the other ----------------------------------------- */
static inline void op_rr(Asm *a, unsigned opc, unsigned reg, unsigned rm)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1 | (rm & 8) >> 3;
    bool force = ((opc & X_BREG) && reg >= 4) || ((opc & X_BRM) && rm >= 4);
    uint8_t *p = enc_head(a->p, opc, rex, force);

    *p++ = 0xc0 | (reg & 7) << 3 | (rm & 7);
    a->p = p;
}

static inline void op_rm_imm(Asm *a, unsigned opc, unsigned reg, Mem m, unsigned imm_bytes)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1 | (m.index >= 8 ? 2 : 0) | (m.base >= 8 ? 1 : 0);
    uint8_t *p = a->p;

    if (m.gs) {
        *p++ = 0x65;
    }
    p = enc_head(p, opc, rex, (opc & X_BREG) && reg >= 4);
    a->p = enc_mem(p, reg, m, imm_bytes);
}

static inline void op_rm(Asm *a, unsigned opc, unsigned reg, Mem m)
{
    op_rm_imm(a, opc, reg, m, 0);
}

/* The same for what is at RBP + disp, or RSP + disp, disp not being 0. */
static inline void op_frame(Asm *a, unsigned opc, unsigned reg, unsigned base, int32_t disp)
{
    unsigned rex = (opc & X_W ? 8 : 0) | (reg & 8) >> 1;
    uint8_t *p = enc_head(a->p, opc, rex, (opc & X_BREG) && reg >= 4);

    *p++ = (uint8_t)((fits8(disp) ? 0x40 : 0x80) | (reg & 7) << 3 | base);
    if (base == RSP) {
        *p++ = 0x24;
    }
    if (fits8(disp)) {
        *p++ = (uint8_t)disp;
    } else {
        p = enc32(p, (uint32_t)disp);
    }
    a->p = p;
}

static inline void op_rbp(Asm *a, unsigned opc, unsigned reg, int32_t disp) { op_frame(a, opc, reg, RBP, disp); }
static inline void op_rsp(Asm *a, unsigned opc, unsigned reg, int32_t disp) { op_frame(a, opc, reg, RSP, disp); }

/* -- VEX.128: reg = dest, vvvv = first source (0 where the instruction has none), rm = second ------------ */
static inline void put_vex_head(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, bool x, bool b)
{
    unsigned tail = (~vvvv & 15) << 3 | (opc & P_MASK) >> 10;

    if ((opc & M_MASK) == M_0F && !(opc & X_W) && !x && !b) {
        put8(a, 0xc5);
        put8(a, (reg & 8 ? 0 : 0x80) | tail);
    } else {
        put8(a, 0xc4);
        put8(a, (reg & 8 ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | (opc & M_MASK) >> 8);
        put8(a, (opc & X_W ? 0x80 : 0) | tail);
    }
    put8(a, opc);
}

static inline void vex_rr(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, unsigned rm)
{
    put_vex_head(a, opc, reg, vvvv, false, rm & 8);
    put8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void vex_rm_imm(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, Mem m, unsigned imm_bytes)
{
    if (m.gs) {
        put8(a, 0x65);
    }
    put_vex_head(a, opc, reg, vvvv, m.index >= 8, m.base >= 8);
    a->p = enc_mem(a->p, reg, m, imm_bytes);
}

static inline void vex_rm(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, Mem m)
{
    vex_rm_imm(a, opc, reg, vvvv, m, 0);
}

/* -- EVEX.128 between registers 0-15, no masking --------------------------------------------------------- */
static inline void evex_rr(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, unsigned rm)
{
    put8(a, 0x62);
    put8(a, (reg & 8 ? 0 : 0x80) | 0x40 | (rm & 8 ? 0 : 0x20) | 0x10 | (opc & X_HALF ? 4 : 0) | (opc & M_MASK) >> 8);
    put8(a, (opc & X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | 4 | (opc & P_MASK) >> 10);
    put8(a, 0x08);
    put8(a, opc);
    put8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The second operand at [rip + ...]. */
static inline void evex_rip(Asm *a, unsigned opc, unsigned reg, unsigned vvvv, const uint8_t *target)
{
    put8(a, 0x62);
    put8(a, (reg & 8 ? 0 : 0x80) | 0x70 | (opc & X_HALF ? 4 : 0) | (opc & M_MASK) >> 8);
    put8(a, (opc & X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | 4 | (opc & P_MASK) >> 10);
    put8(a, 0x08);
    put8(a, opc);
    a->p = enc_mem(a->p, reg, mem_rip(target), 0);
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

    op_rr(a, op << 3 | 1 | w, src, dst);
    compared(a, at);
}
static inline void alu_rm(Asm *a, unsigned op, unsigned w, unsigned dst, Mem m)
{
    uint8_t *at = a->p;

    op_rm(a, op << 3 | 3 | w, dst, m);
    compared(a, at);
}
static inline void alu_mr(Asm *a, unsigned op, unsigned w, Mem m, unsigned src)
{
    op_rm(a, op << 3 | 1 | w, src, m);
}
static inline void alu_ri(Asm *a, unsigned op, unsigned w, unsigned dst, int32_t imm)
{
    uint8_t *at = a->p;

    if (fits8(imm)) {
        op_rr(a, 0x83 | w, op, dst);
        put8(a, (uint8_t)imm);
    } else {
        if (dst == RAX) {
            if (w) {
                put8(a, 0x48);
            }
            put8(a, op << 3 | 5);
        } else {
            op_rr(a, 0x81 | w, op, dst);
        }
        put32(a, (uint32_t)imm);
    }
    compared(a, at);
}
static inline void alu_mi(Asm *a, unsigned op, unsigned w, Mem m, int32_t imm)
{
    uint8_t *at = a->p;

    if (fits8(imm)) {
        op_rm_imm(a, 0x83 | w, op, m, 1);
        put8(a, (uint8_t)imm);
    } else {
        op_rm_imm(a, 0x81 | w, op, m, 4);
        put32(a, (uint32_t)imm);
    }
    compared(a, at);
}
/* The same for what is at RBP + disp. */
static inline void alu_rbp_i(Asm *a, unsigned op, unsigned w, int32_t disp, int32_t imm)
{
    uint8_t *at = a->p;

    op_rbp(a, (fits8(imm) ? 0x83 : 0x81) | w, op, disp);
    if (fits8(imm)) {
        put8(a, (uint8_t)imm);
    } else {
        put32(a, (uint32_t)imm);
    }
    compared(a, at);
}
static inline void mov_rr(Asm *a, unsigned w, unsigned dst, unsigned src) { op_rr(a, 0x8b | w, dst, src); }
static inline void mov_rm(Asm *a, unsigned w, unsigned dst, Mem m) { op_rm(a, 0x8b | w, dst, m); }
static inline void mov_mr(Asm *a, unsigned w, Mem m, unsigned src) { op_rm(a, 0x89 | w, src, m); }
/* Leaves the flags alone. */
static inline void mov_ri(Asm *a, unsigned dst, uint64_t imm)
{
    if (imm <= UINT32_MAX) {
        put_legacy_head(a, 0xb8 | (dst & 7), dst >> 3, false);
        put32(a, (uint32_t)imm);
    } else if (fits32((int64_t)imm)) {
        op_rr(a, 0xc7 | X_W, 0, dst);
        put32(a, (uint32_t)imm);
    } else {
        put_legacy_head(a, 0xb8 | (dst & 7), 8 | dst >> 3, false);
        put64(a, imm);
    }
}
static inline void mov_mi(Asm *a, unsigned w, Mem m, int32_t imm)
{
    op_rm_imm(a, 0xc7 | w, 0, m, 4);
    put32(a, (uint32_t)imm);
}
static inline void lea(Asm *a, unsigned w, unsigned dst, Mem m) { op_rm(a, 0x8d | w, dst, m); }
/* lea from rip + a displacement that is filled in later: its place is returned. */
static inline uint8_t *lea_fwd(Asm *a, unsigned dst)
{
    put8(a, dst & 8 ? 0x4c : 0x48);
    put8(a, 0x8d);
    put8(a, (dst & 7) << 3 | 5);
    put32(a, 0);
    return a->p - 4;
}
static inline void test_rr(Asm *a, unsigned w, unsigned x, unsigned y)
{
    uint8_t *at = a->p;

    op_rr(a, 0x85 | w, y, x);
    compared(a, at);
}
static inline void test_ri(Asm *a, unsigned w, unsigned x, int32_t imm)
{
    uint8_t *at = a->p;

    if (imm >= 0 && imm < 128) {
        op_rr(a, 0xf6 | X_BRM, 0, x);
        put8(a, (uint8_t)imm);
    } else {
        op_rr(a, 0xf7 | w, 0, x);
        put32(a, (uint32_t)imm);
    }
    compared(a, at);
}
static inline void sh_ri(Asm *a, unsigned op, unsigned w, unsigned dst, unsigned count)
{
    if (count == 1) {
        op_rr(a, 0xd1 | w, op, dst);
    } else {
        op_rr(a, 0xc1 | w, op, dst);
        put8(a, count);
    }
}
static inline void sh_rcl(Asm *a, unsigned op, unsigned w, unsigned dst) { op_rr(a, 0xd3 | w, op, dst); }
static inline void setcc(Asm *a, unsigned cc, unsigned dst) { op_rr(a, M_0F | X_BRM | 0x90 | cc, 0, dst); }
static inline void cmov(Asm *a, unsigned cc, unsigned w, unsigned dst, unsigned src)
{
    op_rr(a, M_0F | 0x40 | cc | w, dst, src);
}
/* Zero and sign extension to 32 or 64 bits of a byte, 16-bit or (movsxd) 32-bit register. */
static inline void movzx8(Asm *a, unsigned dst, unsigned src) { op_rr(a, M_0F | X_BRM | 0xb6, dst, src); }
static inline void movzx16(Asm *a, unsigned dst, unsigned src) { op_rr(a, M_0F | 0xb7, dst, src); }
static inline void movsx8(Asm *a, unsigned w, unsigned dst, unsigned src)
{
    op_rr(a, M_0F | X_BRM | 0xbe | w, dst, src);
}
static inline void movsx16(Asm *a, unsigned w, unsigned dst, unsigned src) { op_rr(a, M_0F | 0xbf | w, dst, src); }
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
        put8(a, 0xeb);
        put8(a, (uint8_t)d);
    } else {
        put8(a, 0xe9);
        put32(a, (uint32_t)(target - (a->p + 4)));
    }
}
static inline void jcc(Asm *a, unsigned cc, const uint8_t *target)
{
    int64_t d = target - (a->p + 2);

    if (fits8(d)) {
        put8(a, 0x70 | cc);
        put8(a, (uint8_t)d);
    } else {
        put8(a, 0x0f);
        put8(a, 0x80 | cc);
        put32(a, (uint32_t)(target - (a->p + 4)));
    }
}
static inline void call_rel(Asm *a, const uint8_t *target)
{
    put8(a, 0xe8);
    put32(a, (uint32_t)(target - (a->p + 4)));
}
/* Forward jumps: the place of the displacement, to be given to fix8 or fix32 when the target is reached. */
static inline uint8_t *jmp_fwd32(Asm *a)
{
    put8(a, 0xe9);
    put32(a, 0);
    return a->p - 4;
}
static inline uint8_t *jcc_fwd32(Asm *a, unsigned cc)
{
    put8(a, 0x0f);
    put8(a, 0x80 | cc);
    put32(a, 0);
    return a->p - 4;
}
static inline uint8_t *jmp_fwd8(Asm *a)
{
    put8(a, 0xeb);
    put8(a, 0);
    return a->p - 1;
}
static inline uint8_t *jcc_fwd8(Asm *a, unsigned cc)
{
    put8(a, 0x70 | cc);
    put8(a, 0);
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
    static const uint8_t bytes[10][9] = {
        { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 }, { 0x0f, 0x1f, 0x40, 0x00 },
        { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
        { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 }, { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
        { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
    };

    memcpy(a->p, bytes[n], n);
    a->p += n;
}

#endif
