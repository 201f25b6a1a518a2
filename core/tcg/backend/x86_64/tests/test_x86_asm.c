/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every encoding of asm.h against binutils' disassembler, over registers that need each prefix bit and each ModRM form. */
#include <glib/gstdio.h>
#include "core/tcg/backend/x86_64/asm.h"

static const char *const r64[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const r32[16] = {
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
};
static const char *const r8[16] = {
    "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
};
static const char *const r16[16] = {
    "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
};
static const char *const cc_name[16] = {
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
};
static const uint8_t regs[] = { RAX, RBX, RBP, RSP, RSI, R8, R12, R13, R15 };
static const uint8_t vregs[] = { 0, 7, 8, 15 };

typedef struct Listing {
    uint8_t code[1 << 20];
    Asm a;
    GPtrArray *want;                            /* text of each instruction */
    GArray *at;                                 /* its offset */
} Listing;

G_GNUC_PRINTF(2, 3) static void want(Listing *l, const char *fmt, ...)
{
    va_list ap;
    uint32_t at = (uint32_t)(l->a.p - l->code);

    va_start(ap, fmt);
    g_ptr_array_add(l->want, g_strdup_vprintf(fmt, ap));
    va_end(ap);
    g_array_append_val(l->at, at);
    g_assert(at + 64 < sizeof(l->code));
}

/* One instruction: its text, then the call that emits it. */
#define I(text, ...) do { want(l, text); __VA_ARGS__; } while (0)
#define IF(emission, ...) do { want(l, __VA_ARGS__); emission; } while (0)

static const char *const *names(unsigned w)
{
    return w ? r64 : r32;
}

static char *mem_text(Mem m)
{
    GString *s = g_string_new("[");

    g_string_append(s, r64[m.base]);
    if (m.index != NOREG) {
        g_string_append_printf(s, "+%s*%u", r64[m.index], 1u << m.scale);
    }
    /* A displacement that the encoding forces is printed although 0. */
    if (m.disp || (m.base & 7) == RBP) {
        g_string_append_printf(s, "%c0x%x", m.disp < 0 ? '-' : '+', m.disp < 0 ? -m.disp : m.disp);
    }
    g_string_append_c(s, ']');
    return g_string_free(s, FALSE);
}

static void gen_alu(Listing *l)
{
    static const char *const alu[8] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
    static const struct { unsigned op; const char *name; } shifts[] = {
        { SH_ROL, "rol" }, { SH_ROR, "ror" }, { SH_SHL, "shl" }, { SH_SHR, "shr" }, { SH_SAR, "sar" },
    };

    for (unsigned w = 0; w <= X_W; w += X_W) {
        const char *const *n = names(w), *ptr = w ? "QWORD PTR" : "DWORD PTR";

        for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
            unsigned r = regs[i], s = regs[(i + 4) % G_N_ELEMENTS(regs)];
            Mem m = mem(RBP, 0x40);

            for (unsigned op = 0; op < 8; op++) {
                IF(alu_rr(&l->a, op, w, r, s), "%s %s,%s", alu[op], n[r], n[s]);
                IF(alu_rm(&l->a, op, w, r, m), "%s %s,%s [rbp+0x40]", alu[op], n[r], ptr);
                IF(alu_mr(&l->a, op, w, m, r), "%s %s [rbp+0x40],%s", alu[op], ptr, n[r]);
                IF(alu_ri(&l->a, op, w, r, 0x7f), "%s %s,0x7f", alu[op], n[r]);
                IF(alu_ri(&l->a, op, w, r, 0x1234), "%s %s,0x1234", alu[op], n[r]);
                IF(alu_mi(&l->a, op, w, m, 1), "%s %s [rbp+0x40],0x1", alu[op], ptr);
                IF(alu_mi(&l->a, op, w, m, 0x12345), "%s %s [rbp+0x40],0x12345", alu[op], ptr);
            }
            for (unsigned k = 0; k < G_N_ELEMENTS(shifts); k++) {
                IF(sh_ri(&l->a, shifts[k].op, w, r, 1), "%s %s,1", shifts[k].name, n[r]);
                IF(sh_ri(&l->a, shifts[k].op, w, r, 9), "%s %s,0x9", shifts[k].name, n[r]);
                IF(sh_rcl(&l->a, shifts[k].op, w, r), "%s %s,cl", shifts[k].name, n[r]);
            }
            IF(mov_rr(&l->a, w, r, s), "mov %s,%s", n[r], n[s]);
            IF(mov_rm(&l->a, w, r, m), "mov %s,%s [rbp+0x40]", n[r], ptr);
            IF(mov_mr(&l->a, w, m, r), "mov %s [rbp+0x40],%s", ptr, n[r]);
            IF(mov_mi(&l->a, w, m, 0x11), "mov %s [rbp+0x40],0x11", ptr);
            IF(lea(&l->a, w, r, mem_bi(s, RSI, 2, 8)), "lea %s,[%s+rsi*4+0x8]", n[r], r64[s]);
            IF(test_rr(&l->a, w, r, s), "test %s,%s", n[r], n[s]);
            IF(test_ri(&l->a, w, r, 8), "test %s,0x8", r8[r]);
            IF(test_ri(&l->a, w, r, 0x800), "test %s,0x800", n[r]);
            IF(bswap(&l->a, w, r), "bswap %s", n[r]);
            IF(movsx8(&l->a, w, r, s), "movsx %s,%s", n[r], r8[s]);
            IF(movsx16(&l->a, w, r, s), "movsx %s,%s", n[r], r16[s]);
            for (unsigned c = 0; c < 16; c++) {
                IF(cmov(&l->a, c, w, r, s), "cmov%s %s,%s", cc_name[c], n[r], n[s]);
            }
            IF(op_rr(&l->a, 0xf7 | w, 2, r), "not %s", n[r]);
            IF(op_rr(&l->a, 0xf7 | w, 3, r), "neg %s", n[r]);
            IF(op_rr(&l->a, 0xf7 | w, 4, r), "mul %s", n[r]);
            IF(op_rr(&l->a, 0xf7 | w, 5, r), "imul %s", n[r]);
            IF(op_rr(&l->a, 0xf7 | w, 6, r), "div %s", n[r]);
            IF(op_rr(&l->a, 0xf7 | w, 7, r), "idiv %s", n[r]);
            IF(op_rr(&l->a, M_0F | 0xaf | w, r, s), "imul %s,%s", n[r], n[s]);
            IF(op_rr(&l->a, M_0F | P_F3 | 0xb8 | w, r, s), "popcnt %s,%s", n[r], n[s]);
            IF(op_rr(&l->a, M_0F | P_F3 | 0xbd | w, r, s), "lzcnt %s,%s", n[r], n[s]);
            IF(op_rr(&l->a, M_0F | P_F3 | 0xbc | w, r, s), "tzcnt %s,%s", n[r], n[s]);
            IF(op_rr(&l->a, M_0F | 0xa3 | w, s, r), "bt %s,%s", n[r], n[s]);
            IF(op_rm(&l->a, M_38 | 0xf0 | w, r, m), "movbe %s,%s [rbp+0x40]", n[r], ptr);
            IF(op_rm(&l->a, M_38 | 0xf1 | w, r, m), "movbe %s [rbp+0x40],%s", ptr, n[r]);
            IF(op_rm(&l->a, M_0F | 0xb1 | w, r, m), "cmpxchg %s [rbp+0x40],%s", ptr, n[r]);
            IF(op_rm(&l->a, M_0F | 0xc1 | w, r, m), "xadd %s [rbp+0x40],%s", ptr, n[r]);
            IF(vex_rr(&l->a, M_38 | 0xf2 | w, r, s, RCX), "andn %s,%s,%s", n[r], n[s], n[RCX]);
            IF(vex_rr(&l->a, M_38 | P_66 | 0xf7 | w, r, s, R9), "shlx %s,%s,%s", n[r], n[R9], n[s]);
            IF(vex_rr(&l->a, M_38 | P_F2 | 0xf7 | w, r, s, R9), "shrx %s,%s,%s", n[r], n[R9], n[s]);
            IF(vex_rr(&l->a, M_38 | P_F3 | 0xf7 | w, r, s, R9), "sarx %s,%s,%s", n[r], n[R9], n[s]);
            IF(vex_rr(&l->a, M_38 | P_F3 | 0xf5 | w, r, s, R9), "pext %s,%s,%s", n[r], n[s], n[R9]);
            IF((vex_rr(&l->a, M_3A | P_F2 | 0xf0 | w, r, 0, s), put8(&l->a, 7)), "rorx %s,%s,0x7", n[r], n[s]);
        }
    }
}

static void gen_narrow(Listing *l)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        unsigned r = regs[i], s = regs[(i + 5) % G_N_ELEMENTS(regs)];
        Mem m = mem_bi(s == RSP ? RDI : s, R9, 0, 0);
        g_autofree char *mt = mem_text(m);

        IF(movzx8(&l->a, r, s), "movzx %s,%s", r32[r], r8[s]);
        IF(movzx16(&l->a, r, s), "movzx %s,%s", r32[r], r16[s]);
        IF(movsxd(&l->a, r, s), "movsxd %s,%s", r64[r], r32[s]);
        for (unsigned c = 0; c < 16; c++) {
            IF(setcc(&l->a, c, r), "set%s %s", cc_name[c], r8[r]);
        }
        IF(push(&l->a, r), "push %s", r64[r]);
        IF(pop(&l->a, r), "pop %s", r64[r]);
        IF(mov_ri(&l->a, r, 5), "mov %s,0x5", r32[r]);
        IF(mov_ri(&l->a, r, 0xffffffff), "mov %s,0xffffffff", r32[r]);
        IF(mov_ri(&l->a, r, (uint64_t)-2), "mov %s,0xfffffffffffffffe", r64[r]);
        IF(mov_ri(&l->a, r, 0x123456789abcdef0), "movabs %s,0x123456789abcdef0", r64[r]);
        IF(op_rm(&l->a, 0x88 | X_BREG, r, m), "mov BYTE PTR %s,%s", mt, r8[r]);
        IF(op_rm(&l->a, P_66 | 0x89, r, m), "mov WORD PTR %s,%s", mt, r16[r]);
        IF(op_rm(&l->a, M_0F | 0xb6, r, m), "movzx %s,BYTE PTR %s", r32[r], mt);
        IF(op_rm(&l->a, M_0F | 0xbf | X_W, r, m), "movsx %s,WORD PTR %s", r64[r], mt);
        IF(op_rm(&l->a, 0x63 | X_W, r, m), "movsxd %s,DWORD PTR %s", r64[r], mt);
        IF((op_rm_imm(&l->a, 0xc6, 0, m, 1), put8(&l->a, 9)), "mov BYTE PTR %s,0x9", mt);
        IF((op_rm_imm(&l->a, P_66 | 0xc7, 0, m, 2), put16(&l->a, 9)), "mov WORD PTR %s,0x9", mt);
        IF((op_rr(&l->a, P_66 | 0xc1, SH_ROL, r), put8(&l->a, 8)), "rol %s,0x8", r16[r]);
        IF(op_rr(&l->a, 0x8a | X_BREG | X_BRM, r, s), "mov %s,%s", r8[r], r8[s]);
        IF(op_rr(&l->a, P_66 | 0x8b, r, s), "mov %s,%s", r16[r], r16[s]);
        IF(op_rm(&l->a, 0x86 | X_BREG, r, m), "xchg BYTE PTR %s,%s", mt, r8[r]);
        IF(op_rm(&l->a, 0x87 | P_66, r, m), "xchg WORD PTR %s,%s", mt, r16[r]);
        IF(op_rm(&l->a, M_0F | 0xc0 | X_BREG, r, m), "xadd BYTE PTR %s,%s", mt, r8[r]);
        IF(op_rm(&l->a, M_0F | 0xb0 | X_BREG, r, m), "cmpxchg BYTE PTR %s,%s", mt, r8[r]);
        IF(op_rm(&l->a, M_0F | 0xb1 | P_66, r, m), "cmpxchg WORD PTR %s,%s", mt, r16[r]);
        IF(op_rm(&l->a, 0x38 | X_BREG, r, m), "cmp BYTE PTR %s,%s", mt, r8[r]);
        IF(op_rr(&l->a, 0x38 | X_BREG | X_BRM, r, RAX), "cmp al,%s", r8[r]);
        IF(op_rm(&l->a, M_38 | P_66 | 0xf0, r, m), "movbe %s,WORD PTR %s", r16[r], mt);
        IF((op_rr(&l->a, M_0F | 0xba | X_W, 4, r), put8(&l->a, 40)), "bt %s,0x28", r64[r]);
        IF((op_rr(&l->a, M_0F | 0xba | X_W, 5, r), put8(&l->a, 40)), "bts %s,0x28", r64[r]);
        IF((op_rr(&l->a, M_0F | 0xba | X_W, 6, r), put8(&l->a, 40)), "btr %s,0x28", r64[r]);
        IF((op_rr(&l->a, M_0F | 0xac | X_W, s, r), put8(&l->a, 3)), "shrd %s,%s,0x3", r64[r], r64[s]);
        IF((op_rr(&l->a, 0x6b | X_W, r, s), put8(&l->a, 3)), "imul %s,%s,0x3", r64[r], r64[s]);
        IF((op_rr(&l->a, 0x69, r, s), put32(&l->a, 0x333)), "imul %s,%s,0x333", r32[r], r32[s]);
        IF(op_rr(&l->a, 0xff, 2, r), "call %s", r64[r]);
        IF(op_rr(&l->a, 0xff, 4, r), "jmp %s", r64[r]);
        IF(op_rm(&l->a, 0xff, 4, mem(r, 16)), "jmp QWORD PTR [%s+0x10]", r64[r]);
        IF(op_rm(&l->a, M_0F | 0xc7 | X_W, 1, mem(r, 16)), "cmpxchg16b OWORD PTR [%s+0x10]", r64[r]);
    }
    I("cmc", put8(&l->a, 0xf5));
    I("lahf", put8(&l->a, 0x9f));
    I("cdq", put_legacy_head(&l->a, 0x99, 0, false));
    I("cqo", put_legacy_head(&l->a, 0x99, 8, false));
    I("ret", put8(&l->a, 0xc3));
}

static void gen_mem(Listing *l)
{
    static const int32_t disps[] = { 0, 1, 127, -128, 128, -129, 0x12345678 };
    static const int8_t indexes[] = { NOREG, RAX, RBP, RSI, R12, R13 };

    for (unsigned b = 0; b < 16; b++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(indexes); i++) {
            for (unsigned k = 0; k < G_N_ELEMENTS(disps); k++) {
                Mem m = mem_bi((int)b, indexes[i], i & 3, disps[k]);
                g_autofree char *mt = mem_text(m);

                IF(mov_rm(&l->a, X_W, R9, m), "mov r9,QWORD PTR %s", mt);
                IF(vex_rm(&l->a, M_0F | P_F3 | 0x6f, 9, 0, m), "vmovdqu xmm9,XMMWORD PTR %s", mt);
            }
        }
    }
}

/* Opcodes that emit_vec.c uses, with binutils' names. */
typedef struct VecOp { unsigned opc; const char *name; } VecOp;
static const VecOp three[] = {
#define O(map, op, name) { (map) | P_66 | (op), name }
    O(M_0F, 0xfc, "paddb"), O(M_0F, 0xfd, "paddw"), O(M_0F, 0xfe, "paddd"), O(M_0F, 0xd4, "paddq"),
    O(M_0F, 0xf8, "psubb"), O(M_0F, 0xf9, "psubw"), O(M_0F, 0xfa, "psubd"), O(M_0F, 0xfb, "psubq"),
    O(M_0F, 0x74, "pcmpeqb"), O(M_0F, 0x75, "pcmpeqw"), O(M_0F, 0x76, "pcmpeqd"), O(M_38, 0x29, "pcmpeqq"),
    O(M_0F, 0x64, "pcmpgtb"), O(M_0F, 0x65, "pcmpgtw"), O(M_0F, 0x66, "pcmpgtd"), O(M_38, 0x37, "pcmpgtq"),
    O(M_38, 0x38, "pminsb"), O(M_0F, 0xea, "pminsw"), O(M_38, 0x39, "pminsd"),
    O(M_38, 0x3c, "pmaxsb"), O(M_0F, 0xee, "pmaxsw"), O(M_38, 0x3d, "pmaxsd"),
    O(M_0F, 0xda, "pminub"), O(M_38, 0x3a, "pminuw"), O(M_38, 0x3b, "pminud"),
    O(M_0F, 0xde, "pmaxub"), O(M_38, 0x3e, "pmaxuw"), O(M_38, 0x3f, "pmaxud"),
    O(M_0F, 0xec, "paddsb"), O(M_0F, 0xed, "paddsw"), O(M_0F, 0xdc, "paddusb"), O(M_0F, 0xdd, "paddusw"),
    O(M_0F, 0xe8, "psubsb"), O(M_0F, 0xe9, "psubsw"), O(M_0F, 0xd8, "psubusb"), O(M_0F, 0xd9, "psubusw"),
    O(M_0F, 0x60, "punpcklbw"), O(M_0F, 0x61, "punpcklwd"), O(M_0F, 0x62, "punpckldq"), O(M_0F, 0x6c, "punpcklqdq"),
    O(M_0F, 0x68, "punpckhbw"), O(M_0F, 0x69, "punpckhwd"), O(M_0F, 0x6a, "punpckhdq"), O(M_0F, 0x6d, "punpckhqdq"),
    O(M_0F, 0xdb, "pand"), O(M_0F, 0xdf, "pandn"), O(M_0F, 0xeb, "por"), O(M_0F, 0xef, "pxor"),
    O(M_38, 0x00, "pshufb"), O(M_0F, 0xd5, "pmullw"), O(M_38, 0x40, "pmulld"), O(M_0F, 0xf4, "pmuludq"),
    O(M_0F, 0x67, "packuswb"), O(M_0F, 0x63, "packsswb"), O(M_0F, 0x6b, "packssdw"),
}, two[] = {
    O(M_38, 0x1c, "pabsb"), O(M_38, 0x1d, "pabsw"), O(M_38, 0x1e, "pabsd"), { M_0F | P_F3 | 0x7e, "movq" },
}, two_imm[] = {
    O(M_0F, 0x70, "pshufd"), { M_0F | P_F2 | 0x70, "pshuflw" }, { M_0F | P_F3 | 0x70, "pshufhw" },
}, three_imm[] = {
    { M_0F | 0xc6, "shufps" }, O(M_3A, 0x0f, "palignr"),
}, evex[] = {
    O(M_38, 0x39, "pminsq"), O(M_38, 0x3d, "pmaxsq"), O(M_38, 0x3b, "pminuq"), O(M_38, 0x3f, "pmaxuq"),
    O(M_38, 0x40, "pmullq"),
#undef O
};
static const struct { unsigned es, digit; const char *name; } vshift[] = {
    { 1, 2, "psrlw" }, { 1, 4, "psraw" }, { 1, 6, "psllw" }, { 2, 2, "psrld" }, { 2, 4, "psrad" }, { 2, 6, "pslld" },
    { 3, 2, "psrlq" }, { 3, 6, "psllq" }, { 3, 3, "psrldq" },
};

static void gen_vec(Listing *l)
{
    Asm *a = &l->a;

    for (unsigned i = 0; i < 64; i++) {
        unsigned d = vregs[i & 3], s = vregs[i >> 2 & 3], t = vregs[i >> 4];
        unsigned g = regs[i % G_N_ELEMENTS(regs)];

        for (unsigned k = 0; k < G_N_ELEMENTS(three); k++) {
            IF(vex_rr(a, three[k].opc, d, s, t), "v%s xmm%u,xmm%u,xmm%u", three[k].name, d, s, t);
            IF(op_rr(a, three[k].opc, d, s), "%s xmm%u,xmm%u", three[k].name, d, s);
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(two); k++) {
            IF(vex_rr(a, two[k].opc, d, 0, s), "v%s xmm%u,xmm%u", two[k].name, d, s);
            IF(op_rr(a, two[k].opc, d, s), "%s xmm%u,xmm%u", two[k].name, d, s);
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(two_imm); k++) {
            IF((vex_rr(a, two_imm[k].opc, d, 0, s), put8(a, 0x1b)), "v%s xmm%u,xmm%u,0x1b", two_imm[k].name, d, s);
            IF((op_rr(a, two_imm[k].opc, d, s), put8(a, 0x1b)), "%s xmm%u,xmm%u,0x1b", two_imm[k].name, d, s);
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(three_imm); k++) {
            IF((vex_rr(a, three_imm[k].opc, d, s, t), put8(a, 5)), "v%s xmm%u,xmm%u,xmm%u,0x5", three_imm[k].name,
               d, s, t);
            IF((op_rr(a, three_imm[k].opc, d, s), put8(a, 5)), "%s xmm%u,xmm%u,0x5", three_imm[k].name, d, s);
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(vshift); k++) {
            unsigned opc = M_0F | P_66 | 0x70 | vshift[k].es;

            IF((vex_rr(a, opc, vshift[k].digit, d, s), put8(a, 5)), "v%s xmm%u,xmm%u,0x5", vshift[k].name, d, s);
            IF((op_rr(a, opc, vshift[k].digit, d), put8(a, 5)), "%s xmm%u,0x5", vshift[k].name, d);
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(evex); k++) {
            IF(evex_rr(a, evex[k].opc | X_W, d, s, t), "v%s xmm%u,xmm%u,xmm%u", evex[k].name, d, s, t);
        }
        IF(evex_rr(a, M_38 | P_66 | 0x1f | X_W, d, 0, s), "vpabsq xmm%u,xmm%u", d, s);
        IF(evex_rr(a, M_38 | P_66 | 0x54, d, 0, s), "vpopcntb xmm%u,xmm%u", d, s);
        IF((evex_rr(a, M_0F | P_66 | 0x72 | X_W, 4, d, s), put8(a, 5)), "vpsraq xmm%u,xmm%u,0x5", d, s);
        IF((evex_rr(a, M_3A | P_66 | 0x25 | X_W, d, s, t), put8(a, 0xca)), "vpternlogq xmm%u,xmm%u,xmm%u,0xca", d, s, t);
        IF(evex_rr(a, M_38 | P_66 | 0x7a, d, 0, g), "vpbroadcastb xmm%u,%s", d, r32[g]);
        IF(evex_rr(a, M_38 | P_66 | 0x7b, d, 0, g), "vpbroadcastw xmm%u,%s", d, r32[g]);
        IF(evex_rr(a, M_38 | P_66 | 0x7c, d, 0, g), "vpbroadcastd xmm%u,%s", d, r32[g]);
        IF(evex_rr(a, M_38 | P_66 | 0x7c | X_W, d, 0, g), "vpbroadcastq xmm%u,%s", d, r64[g]);
        IF(evex_rr(a, M_0F | X_HALF | 0x58, d, s, t), "vaddph xmm%u,xmm%u,xmm%u", d, s, t);
        IF(evex_rr(a, M_38 | X_HALF | P_66 | 0xa9, d, s, t), "vfmadd213sh xmm%u,xmm%u,xmm%u", d, s, t);
        IF(evex_rr(a, M_38 | X_HALF | 0x13, d, s, t), "vcvtsh2ss xmm%u,xmm%u,xmm%u", d, s, t);
        IF(evex_rr(a, M_0F | X_HALF | X_W | P_F2 | 0x5a, d, s, t), "vcvtsd2sh xmm%u,xmm%u,xmm%u", d, s, t);
        IF(evex_rr(a, M_0F | X_HALF | P_F3 | 0x2c, g, 0, t), "vcvttsh2si %s,xmm%u", r32[g], t);
        IF(vex_rr(a, M_38 | P_66 | 0x78, d, 0, s), "vpbroadcastb xmm%u,xmm%u", d, s);
        IF(vex_rr(a, M_38 | P_66 | 0x79, d, 0, s), "vpbroadcastw xmm%u,xmm%u", d, s);
        IF(vex_rr(a, M_38 | P_66 | 0x58, d, 0, s), "vpbroadcastd xmm%u,xmm%u", d, s);
        IF(vex_rr(a, M_38 | P_66 | 0x59, d, 0, s), "vpbroadcastq xmm%u,xmm%u", d, s);
        IF(vex_rr(a, M_0F | P_66 | 0x6f, d, 0, s), "vmovdqa xmm%u,xmm%u", d, s);
        IF(op_rr(a, M_0F | 0x28, d, s), "movaps xmm%u,xmm%u", d, s);
        IF(op_rm(a, M_0F | 0x10, d, mem(RSP, 16)), "movups xmm%u,XMMWORD PTR [rsp+0x10]", d);
        IF(op_rm(a, M_0F | 0x11, d, mem(RSP, 16)), "movups XMMWORD PTR [rsp+0x10],xmm%u", d);
        IF(vex_rm(a, M_0F | P_F3 | 0x7f, d, 0, mem(R12, 0)), "vmovdqu XMMWORD PTR [r12],xmm%u", d);
        IF(vex_rr(a, M_0F | P_66 | 0x6e, d, 0, g), "vmovd xmm%u,%s", d, r32[g]);
        IF(vex_rr(a, M_0F | P_66 | 0x6e | X_W, d, 0, g), "vmovq xmm%u,%s", d, r64[g]);
        IF(vex_rr(a, M_0F | P_66 | 0x7e, d, 0, g), "vmovd %s,xmm%u", r32[g], d);
        IF(op_rr(a, M_0F | P_66 | 0x7e | X_W, d, g), "movq %s,xmm%u", r64[g], d);
        IF((vex_rr(a, M_3A | P_66 | 0x14, d, 0, g), put8(a, 3)), "vpextrb %s,xmm%u,0x3", r32[g], d);
        IF((vex_rr(a, M_0F | P_66 | 0xc5, g, 0, d), put8(a, 3)), "vpextrw %s,xmm%u,0x3", r32[g], d);
        IF((vex_rr(a, M_3A | P_66 | 0x16, d, 0, g), put8(a, 3)), "vpextrd %s,xmm%u,0x3", r32[g], d);
        IF((op_rr(a, M_3A | P_66 | 0x16 | X_W, d, g), put8(a, 1)), "pextrq %s,xmm%u,0x1", r64[g], d);
        IF((vex_rr(a, M_3A | P_66 | 0x20, d, s, g), put8(a, 3)), "vpinsrb xmm%u,xmm%u,%s,0x3", d, s, r32[g]);
        IF((vex_rr(a, M_0F | P_66 | 0xc4, d, s, g), put8(a, 3)), "vpinsrw xmm%u,xmm%u,%s,0x3", d, s, r32[g]);
        IF((vex_rr(a, M_3A | P_66 | 0x22, d, s, g), put8(a, 3)), "vpinsrd xmm%u,xmm%u,%s,0x3", d, s, r32[g]);
        IF((vex_rr(a, M_3A | P_66 | 0x22 | X_W, d, s, g), put8(a, 1)), "vpinsrq xmm%u,xmm%u,%s,0x1", d, s, r64[g]);
    }
}

static void gen_control(Listing *l)
{
    uint8_t *start = l->a.p, *from;

    for (unsigned cc = 0; cc < 16; cc++) {
        IF(jcc(&l->a, cc, start), "j%s 0x%x", cc_name[cc], (unsigned)(start - l->code));
        IF((from = jcc_fwd32(&l->a, cc), fix32(from, start)), "j%s 0x%x", cc_name[cc], (unsigned)(start - l->code));
        IF((from = jcc_fwd8(&l->a, cc), fix8(from, l->a.p)), "j%s 0x%x", cc_name[cc], (unsigned)(l->a.p + 2 - l->code));
    }
    while (l->a.p - start < 200) {
        I("nop", nop(&l->a, 1));
    }
    IF(jcc(&l->a, CC_E, start), "je 0x%x", (unsigned)(start - l->code));
    IF(jmp(&l->a, start), "jmp 0x%x", (unsigned)(start - l->code));
    IF(jmp(&l->a, l->a.p), "jmp 0x%x", (unsigned)(l->a.p - l->code));
    IF((from = jmp_fwd32(&l->a), fix32(from, start)), "jmp 0x%x", (unsigned)(start - l->code));
    IF((from = jmp_fwd8(&l->a), fix8(from, l->a.p)), "jmp 0x%x", (unsigned)(l->a.p + 2 - l->code));
    IF(call_rel(&l->a, start), "call 0x%x", (unsigned)(start - l->code));
    IF(lea(&l->a, X_W, RDX, mem_rip(start)), "lea rdx,[rip+0x%llx] # 0x%x",
       (unsigned long long)(start - (l->a.p + 7)), (unsigned)(start - l->code));
    IF(alu_mi(&l->a, ALU_CMP, 0, mem_rip(start), 1), "cmp DWORD PTR [rip+0x%llx],0x1 # 0x%x",
       (unsigned long long)(start - (l->a.p + 7)), (unsigned)(start - l->code));
    IF(vex_rm_imm(&l->a, M_38 | P_66, 3, 4, mem_rip(start), 0), "vpshufb xmm3,xmm4,XMMWORD PTR [rip+0x%llx] # 0x%x",
       (unsigned long long)(start - (l->a.p + 9)), (unsigned)(start - l->code));
    IF(evex_rip(&l->a, M_0F | X_HALF | 0x2e, 15, 0, start), "vucomish xmm15,WORD PTR [rip+0x%llx] # 0x%x",
       (unsigned long long)(start - (l->a.p + 10)), (unsigned)(start - l->code));
    IF(evex_rip(&l->a, M_38 | P_66 | X_W | 0x29, 2, 15, start), "vpcmpeqq k2,xmm15,XMMWORD PTR [rip+0x%llx] # 0x%x",
       (unsigned long long)(start - (l->a.p + 10)), (unsigned)(start - l->code));
    for (unsigned n = 2; n <= 9; n++) {         /* each is one instruction */
        static const char *const text[] = {
            "xchg ax,ax", "nop DWORD PTR [rax]", "nop DWORD PTR [rax+0x0]", "nop DWORD PTR [rax+rax*1+0x0]",
            "nop WORD PTR [rax+rax*1+0x0]", "nop DWORD PTR [rax+0x0]", "nop DWORD PTR [rax+rax*1+0x0]",
            "nop WORD PTR [rax+rax*1+0x0]",
        };

        IF(nop(&l->a, n), "%s", text[n - 2]);
    }
}

/* One space between words; nothing at the ends. */
static char *squeeze(const char *s)
{
    g_auto(GStrv) words = g_strsplit_set(s, " \t", -1);
    GString *out = g_string_new(NULL);

    for (char **w = words; *w; w++) {
        if (**w) {
            g_string_append_printf(out, "%s%s", out->len ? " " : "", *w);
        }
    }
    return g_string_free(out, FALSE);
}

/* Disassembles all at once and compares offset and text of every instruction. */
static void check(gconstpointer data)
{
    void (*gen)(Listing *) = *(void (*const *)(Listing *))data;
    g_autofree Listing *l = g_new0(Listing, 1);
    g_autofree char *path = NULL, *out = NULL, *objdump = g_find_program_in_path("objdump");
    g_auto(GStrv) lines = NULL;
    unsigned num = 0;
    int fd, status;

    if (!objdump) {
        g_test_skip("no objdump");
        return;
    }
    l->a.p = l->code;
    l->want = g_ptr_array_new_with_free_func(g_free);
    l->at = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    gen(l);
    fd = g_file_open_tmp("chimera-asm-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, (const char *)l->code, l->a.p - l->code, NULL));
    char *argv[] = { objdump, "-D", "-w", "-bbinary", "-mi386:x86-64", "-Mintel", "--no-show-raw-insn", path, NULL };
    g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, NULL, &status, NULL) && status == 0);
    remove(path);
    lines = g_strsplit(out, "\n", -1);
    for (char **p = lines; *p; p++) {
        char *end;
        uint64_t at = g_ascii_strtoull(*p, &end, 16);
        g_autofree char *got = NULL;

        if (end == *p || *end != ':') {
            continue;
        }
        g_assert_cmpuint(num, <, l->want->len);
        got = squeeze(end + 1);
        if (strcmp(got, g_ptr_array_index(l->want, num)) || at != g_array_index(l->at, uint32_t, num)) {
            g_test_message("at %x: \"%s\", not \"%s\" (at %x)", (unsigned)at, got,
                           (char *)g_ptr_array_index(l->want, num), g_array_index(l->at, uint32_t, num));
            g_test_fail();
            break;
        }
        num++;
    }
    if (!g_test_failed()) {
        g_assert_cmpuint(num, ==, l->want->len);
    }
    g_ptr_array_free(l->want, TRUE);
    g_array_free(l->at, TRUE);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*gen)(Listing *); } tests[] = {
        { "/x86/asm/integer", gen_alu }, { "/x86/asm/narrow", gen_narrow }, { "/x86/asm/memory", gen_mem },
        { "/x86/asm/vector", gen_vec }, { "/x86/asm/control", gen_control },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add_data_func(tests[i].name, &tests[i].gen, check);
    }
    return g_test_run();
}
