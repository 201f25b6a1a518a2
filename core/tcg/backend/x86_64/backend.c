/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The x86-64 backend's value, what the host has (CPUID, Intel SDM volume 2 and AMD APM volume 3), the routines that
 * all code of a buffer shares, chaining. Hosts are x86-64-v2 at least: SSE4.2, SSSE3, POPCNT, CMPXCHG16B, LAHF.
 */
#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define C_LIBRARY_KNOWS                         /* since glibc 2.33 */
#endif
#include "core/bits.h"
#include "core/tcg/backend/x86_64/emit_int.h"
#include "core/tcg/costs.h"

/* Intel's models of family 6 with the erratum of pad_jump, by CPUID 1 EAX: Skylake and what was derived from it. */
static bool has_jump_erratum(unsigned a)
{
    static const uint8_t models[] = { 0x4e, 0x5e, 0x55, 0x8e, 0x9e, 0xa5, 0xa6 };
    unsigned model = extract32(a, 4, 4) | extract32(a, 16, 4) << 4;

    if (extract32(a, 8, 4) != 6) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        if (models[i] == model) {
            return true;
        }
    }
    return false;
}

enum { LEAF_1, LEAF_7, LEAF_80000001 };         /* as the C library numbers them */

/* EAX to EDX of CPUID; 0: there is no such leaf. The C library has asked already; to ask takes a virtual machine long. */
static void ask_leaf(unsigned leaf, unsigned known, unsigned *ret)
{
    memset(ret, 0, 4 * sizeof(*ret));
#ifdef C_LIBRARY_KNOWS
    const struct cpuid_feature *f = __x86_get_cpuid_feature_leaf(known);

    G_STATIC_ASSERT((int)LEAF_1 == (int)CPUID_INDEX_1 && (int)LEAF_7 == (int)CPUID_INDEX_7 &&
                    (int)LEAF_80000001 == (int)CPUID_INDEX_80000001);
    if (f->cpuid_array[1] | f->cpuid_array[2]) {
        memcpy(ret, f->cpuid_array, sizeof(f->cpuid_array));
        return;
    }
#endif
    __get_cpuid_count(leaf, 0, &ret[0], &ret[1], &ret[2], &ret[3]);
}

static uint64_t ask_host(void)
{
    const unsigned v2 = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
    unsigned a, b, c, d, family, r[4];
    uint32_t xcr0 = 0, xcr0_high;
    bool amd, fma, f16c, has_lahf;
    uint64_t f = 0;

    ask_leaf(0x80000001, LEAF_80000001, r);
    f |= r[2] & bit_LZCNT ? HOST_LZCNT : 0;
    has_lahf = r[2] & bit_LAHF_LM;
    amd = r[2] & bit_SSE4a;                     /* nobody else has it, and theirs with BMI2 all do */
    ask_leaf(1, LEAF_1, r);
    a = r[0];
    c = r[2];
    f |= !amd && has_jump_erratum(a) ? HOST_PAD_JUMPS : 0;
    family = extract32(a, 8, 4) + (extract32(a, 8, 4) == 15 ? extract32(a, 20, 8) : 0);
    f |= has_lahf && (c & v2) == v2 ? HOST_V2 : 0;
    f |= c & bit_MOVBE ? HOST_MOVBE : 0;
    f |= c & bit_AES && c & bit_PCLMUL ? HOST_AES : 0;
    fma = c & bit_FMA;
    f16c = c & bit_F16C;
    if (c & bit_OSXSAVE) {
        __asm__("xgetbv" : "=a"(xcr0), "=d"(xcr0_high) : "c"(0));
    }
    if ((c & bit_AVX) && (xcr0 & 6) == 6) {
        f |= HOST_AVX;
    }
    ask_leaf(7, LEAF_7, r);
    b = r[1];
    c = r[2];
    f |= b & bit_BMI ? HOST_BMI1 : 0;
    f |= b & bit_BMI2 ? HOST_BMI2 : 0;
    f |= b & bit_SHA ? HOST_SHA : 0;
    if ((b & bit_BMI2) && !(amd && family < 0x19)) {
        f |= HOST_PEXT;                     /* microcode before AMD's family 19h */
    }
    if (f & HOST_AVX) {
        const unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL | bit_AVX512CD;

        f |= b & bit_AVX2 ? HOST_AVX2 : 0;
        f |= fma && (b & bit_AVX2) && (b & bit_BMI2) ? HOST_FMA : 0;
        f |= f & HOST_FMA && f16c ? HOST_F16C : 0;
        f |= c & bit_GFNI ? HOST_GFNI : 0;
        if ((b & avx512) == avx512 && (xcr0 & 0xe6) == 0xe6) {
            f |= HOST_AVX512;
            f |= c & bit_AVX512BITALG ? HOST_BITALG : 0;
            f |= c & bit_AVX512VNNI ? HOST_VNNI : 0;
            f |= r[3] >> 23 & 1 && f & HOST_F16C ? HOST_FP16 : 0;       /* AVX512_FP16 */
        } else if (f & HOST_AVX2 && r[0] >= 1) {
            __cpuid_count(7, 1, a, b, c, d);
            f |= a >> 4 & 1 ? HOST_VNNI : 0;                            /* AVX-VNNI */
        }
    }
    if (!(f & HOST_BMI1)) {
        f &= ~(uint64_t)HOST_LZCNT;             /* which also stands for tzcnt here */
    }
    return f;
}

uint64_t tcg_x86_host_features(void)
{
    static gsize known;                         /* and one more: asking takes a virtual host some microseconds */

    if (g_once_init_enter(&known)) {
        g_once_init_leave(&known, (gsize)ask_host() + 1);
    }
    return known - 1;
}

static bool x86_usable(void)
{
    return tcg_x86_host_features() & HOST_V2;
}

/* -- shared routines ------------------------------------------------------------------------------------- */
static const uint8_t saved_by_us[] = { RBP, RBX, R12, R13, R14, R15 };

static const void *here(const Emit *e)
{
    return tcg_codebuf_rx(e->buf, e->a.p);
}

static void start_thunk(Emit *e, unsigned n)
{
    nop(&e->a, -(uintptr_t)e->a.p & 7);
    e->buf->thunk[n] = here(e);
}

/* At a C function's entry RSP is 8 off 16; six pushes and FRAME_SIZE + 8 make it even. */
static void emit_enter_and_exit(Emit *e)
{
    uint8_t *none;

    start_thunk(e, THUNK_ENTER);
    for (unsigned i = 0; i < G_N_ELEMENTS(saved_by_us); i++) {
        push(&e->a, saved_by_us[i]);
    }
    alu_ri(&e->a, ALU_SUB, X_W, RSP, FRAME_SIZE + 8);
    mov_rr(&e->a, X_W, RBP, RDI);
    op_rr(&e->a, 0xff, 4, RSI);                 /* jmp */
    start_thunk(e, THUNK_FIND);
    mov_rr(&e->a, X_W, RBX, RAX);
    mov_rr(&e->a, X_W, RDI, RBP);
    op_rr(&e->a, 0xff, 2, RDX);                 /* call */
    test_rr(&e->a, X_W, RAX, RAX);
    none = jcc_fwd8(&e->a, CC_E);
    op_rr(&e->a, 0xff, 4, RAX);
    fix8(none, e->a.p);
    mov_rr(&e->a, X_W, RAX, RBX);
    start_thunk(e, THUNK_EXIT);
    alu_ri(&e->a, ALU_ADD, X_W, RSP, FRAME_SIZE + 8);
    for (unsigned i = G_N_ELEMENTS(saved_by_us); i-- > 0;) {
        pop(&e->a, saved_by_us[i]);
    }
    put8(&e->a, 0xc3);
}
G_STATIC_ASSERT(G_N_ELEMENTS(saved_by_us) % 2 == 0);

/* Registers of a set to or from the frame's save area; off: how far RSP is below the frame. */
static void save_regs(Emit *e, TcgRegSet set, bool save, int32_t off)
{
    for (unsigned r = 0; r < 16; r++) {
        Mem m = mem(RSP, FRAME_INT + 8 * (int32_t)r + off);

        if (set & REG_BIT(r)) {
            if (save) {
                mov_mr(&e->a, X_W, m, r);
            } else {
                mov_rm(&e->a, X_W, r, m);
            }
        }
    }
    for (unsigned r = 0; r < 16; r++) {
        Mem m = mem(RSP, FRAME_VEC + 16 * (int32_t)r + off);

        if (set & VREG_BIT(r)) {
            if (save) {
                tcg_x86_vmov_mr(e, m, r);
            } else {
                tcg_x86_vmov_rm(e, r, m);
            }
        }
    }
}

static const TcgRegSet caller_saved =
    (X86_INT_REGS & ~X86_CALLEE_SAVED) | X86_VEC_REGS;

/* All registers are saved, RDX = SlowRec in the save area; off as above. Does not come back. */
static void emit_leave(Emit *e, int32_t off)
{
    if (off) {
        alu_ri(&e->a, ALU_ADD, X_W, RSP, off);
    }
    tcg_x86_full_fence(e, FRAME_OUT);           /* one may be due: see emit.c */
    save_regs(e, X86_CALLEE_SAVED, true, 0);
    mov_rm(&e->a, X_W, RDI, mem(RSP, FRAME_INT + 8 * RDX));
    alu_ri(&e->a, ALU_ADD, X_W, RDI, offsetof(SlowRec, map));
    mov_rr(&e->a, X_W, RSI, RBP);
    lea(&e->a, X_W, RDX, mem(RSP, FRAME_INT));
    lea(&e->a, X_W, RCX, mem(RSP, FRAME_VEC));
    lea(&e->a, X_W, R8, mem(RSP, FRAME_SLOTS));
    lea(&e->a, X_W, R9, mem(RSP, FRAME_WIDE));
    mov_ri(&e->a, RAX, (uintptr_t)tcg_map_restore);
    op_rr(&e->a, 0xff, 2, RAX);
    mov_rm(&e->a, X_W, RDX, mem(RSP, FRAME_INT + 8 * RDX));
    op_rm(&e->a, 0x63 | X_W, RSI, mem(RDX, offsetof(SlowRec, head)));
    alu_rr(&e->a, ALU_ADD, X_W, RSI, RDX);
    mov_rm(&e->a, 0, RCX, mem(RSI, offsetof(SlowHead, left_offset)));
    mov_mr(&e->a, 0, mem_bi(RBP, RCX, 0, 0), RAX);
    G_STATIC_ASSERT(TCG_EXIT_RAISED == TCG_EXIT_POLL + 1);
    mov_rm(&e->a, 0, RDX, mem(RDX, offsetof(SlowRec, mo)));
    sh_ri(&e->a, SH_SHR, 0, RDX, 31);
    mov_rm(&e->a, X_W, RAX, mem(RSI, offsetof(SlowHead, owner)));
    alu_ri(&e->a, ALU_ADD, X_W, RAX, TCG_EXIT_RAISED);
    alu_rr(&e->a, ALU_SUB, X_W, RAX, RDX);
    jmp(&e->a, thunk_rw(e, THUNK_EXIT));
}

/* How a TcgMemOps function is called: where its arguments after the address come from. */
typedef enum SlowArg { A_NONE, A_MO, A_RMW, A_MAP, A_VAL, A_VAL2, A_V0, A_V1, A_W0 } SlowArg;
static const SlowArg slow_args[][4] = {
    [THUNK_LD - THUNK_LD]     = { A_MO, A_MAP },
    [THUNK_ST - THUNK_LD]     = { A_VAL, A_MO, A_MAP },
    [THUNK_LD128 - THUNK_LD]  = { A_V0, A_MO, A_MAP },
    [THUNK_ST128 - THUNK_LD]  = { A_V0, A_MO, A_MAP },
    [THUNK_RMW - THUNK_LD]    = { A_VAL, A_MO, A_RMW, A_MAP },
    [THUNK_CAS - THUNK_LD]    = { A_VAL, A_VAL2, A_MO, A_MAP },
    [THUNK_CAS128 - THUNK_LD] = { A_V0, A_V1, A_MO, A_MAP },
    [THUNK_LDV - THUNK_LD]    = { A_W0, A_MO, A_VAL, A_MAP },
    [THUNK_STV - THUNK_LD]    = { A_W0, A_MO, A_VAL, A_MAP },
};

static const uint8_t slow_fn[] = {
    [THUNK_LD - THUNK_LD] = offsetof(TcgMemOps, ld), [THUNK_ST - THUNK_LD] = offsetof(TcgMemOps, st),
    [THUNK_LD128 - THUNK_LD] = offsetof(TcgMemOps, ld128), [THUNK_ST128 - THUNK_LD] = offsetof(TcgMemOps, st128),
    [THUNK_RMW - THUNK_LD] = offsetof(TcgMemOps, rmw), [THUNK_CAS - THUNK_LD] = offsetof(TcgMemOps, cas),
    [THUNK_CAS128 - THUNK_LD] = offsetof(TcgMemOps, cas128), [THUNK_LDV - THUNK_LD] = offsetof(TcgMemOps, ldv),
    [THUNK_STV - THUNK_LD] = offsetof(TcgMemOps, stv),
};

static void emit_slow_thunk(Emit *e, unsigned n)
{
    static const uint8_t regs[4] = { RDX, RCX, R8, R9 };
    const SlowArg *args = slow_args[n - THUNK_LD];
    const int32_t off = 16;                     /* the return address and one more to keep RSP even */
    uint8_t *raised;

    start_thunk(e, n);
    push(&e->a, RAX);
    save_regs(e, caller_saved | REG_BIT(RDX), true, off);
    mov_rr(&e->a, X_W, R10, RDX);
    mov_rr(&e->a, X_W, RDI, RBP);
    mov_rm(&e->a, X_W, RSI, mem(RSP, FRAME_ADDR + off));
    for (unsigned i = 0; i < G_N_ELEMENTS(regs) && args[i]; i++) {
        switch (args[i]) {
        case A_MO:
            mov_rm(&e->a, 0, regs[i], mem(R10, offsetof(SlowRec, mo)));
            if (n == THUNK_RMW) {
                alu_ri(&e->a, ALU_AND, 0, regs[i], (1 << SLOW_RMW_SHIFT) - 1);
            }
            break;
        case A_RMW:
            op_rm(&e->a, M_0F | 0xb6, regs[i], mem(R10, offsetof(SlowRec, mo) + SLOW_RMW_SHIFT / 8));
            break;
        case A_MAP:
            lea(&e->a, X_W, regs[i], mem(R10, offsetof(SlowRec, map)));
            break;
        case A_VAL:
            mov_rm(&e->a, X_W, regs[i], mem(RSP, FRAME_VAL + off));
            break;
        case A_VAL2:
            mov_rm(&e->a, X_W, regs[i], mem(RSP, FRAME_VAL2 + off));
            break;
        case A_V0:
            lea(&e->a, X_W, regs[i], mem(RSP, FRAME_V0 + off));
            break;
        case A_W0:
            lea(&e->a, X_W, regs[i], mem(RSP, FRAME_W0 + off));
            break;
        default:
            lea(&e->a, X_W, regs[i], mem(RSP, FRAME_V0 + 16 + off));
        }
    }
    op_rm(&e->a, 0x63 | X_W, RAX, mem(R10, offsetof(SlowRec, head)));
    mov_rm(&e->a, X_W, RAX, mem_bi(R10, RAX, 0, offsetof(SlowHead, mem)));
    op_rm(&e->a, 0xff, 2, mem(RAX, slow_fn[n - THUNK_LD]));
    mov_rm(&e->a, X_W, RDX, mem(RSP, FRAME_INT + 8 * RDX + off));
    op_rm(&e->a, 0x63 | X_W, RCX, mem(RDX, offsetof(SlowRec, head)));
    mov_rm(&e->a, 0, RDX, mem_bi(RDX, RCX, 0, offsetof(SlowHead, raised_offset)));
    alu_mi(&e->a, ALU_CMP, 0, mem_bi(RBP, RDX, 0, 0), 0);
    raised = jcc_fwd32(&e->a, CC_NE);
    save_regs(e, caller_saved, false, off);
    pop(&e->a, RDX);
    put8(&e->a, 0xc3);
    fix32(raised, e->a.p);
    emit_leave(e, off);
}

/* Where code goes on; NULL: it exits with that. */
typedef struct BareEnd {
    const void *code;
    uintptr_t exit;
} BareEnd;

/* What a BareSite stands for, which `after` is behind. ints: what the frame has from FRAME_INT on; slots: its slots. */
static BareEnd bare_access(CPUState *cs, const uint8_t *after, uint64_t *ints, const uint64_t *slots)
{
    const BareSite *b = (const BareSite *)(after - offsetof(BareSite, after));
    const SlowHead *head = (const SlowHead *)((const uint8_t *)b + b->head);
    TcgVecVal *vecs = (TcgVecVal *)((uint8_t *)ints + (FRAME_VEC - FRAME_INT));
    MemOp mo = (MemOp)b->mo;
    bool wide = (mo & MO_SIZE) == MO_128;
    vaddr addr = ints[b->base] + (uint64_t)(int64_t)b->offset;
    uint8_t plain[TCG_PLAIN_MAP_MAX];
    const void *map = plain;
    uint64_t v[2] = { 0 };

    if (b->how & BARE_REC) {
        map = ((const SlowRec *)((const uint8_t *)b + b->rec))->map;
    } else {
        tcg_map_write_plain(plain, b->insns, b->pc_delta, head->pc_offset, head->pc_type);
    }
    if (b->how & BARE_STORE) {
        const void *from = b->how & BARE_SLOT ? (const void *)&slots[b->value] : b->value < FIRST_VREG ? &ints[b->value]
                         : (const void *)&vecs[b->value - FIRST_VREG];

        if (!(b->how & BARE_NONE)) {
            memcpy(v, from, wide ? 16 : 8);
        }
        if (wide) {
            head->mem->st128(cs, addr, v, mo, map);
        } else {
            head->mem->st(cs, addr, v[0], mo, map);
        }
    } else if (wide) {
        head->mem->ld128(cs, addr, v, mo, map);
    } else {
        v[0] = head->mem->ld(cs, addr, mo, map);
    }
    if (*(const uint32_t *)((const uint8_t *)cs + head->raised_offset)) {
        *(uint32_t *)((uint8_t *)cs + head->left_offset) =
            tcg_map_restore(map, cs, ints, vecs, slots, (const TcgWideVal *)((uint8_t *)ints + (FRAME_WIDE - FRAME_INT)));
        return (BareEnd){ NULL, head->owner + TCG_EXIT_RAISED };
    }
    if (!(b->how & (BARE_STORE | BARE_NONE))) {
        if (b->value >= FIRST_VREG) {
            memcpy(&vecs[b->value - FIRST_VREG], v, sizeof(v));
        } else {
            ints[b->value] = b->how & BARE_LOW ? (uint32_t)v[0] : v[0];
        }
    }
    return (BareEnd){ (const uint8_t *)b + b->end, 0 };
}

static void emit_bare_thunk(Emit *e)
{
    uint8_t *raised;

    start_thunk(e, THUNK_BARE);
    pop(&e->a, RDX);
    save_regs(e, caller_saved | X86_CALLEE_SAVED, true, 0);
    mov_rr(&e->a, X_W, RDI, RBP);
    mov_rr(&e->a, X_W, RSI, RDX);
    lea(&e->a, X_W, RDX, mem(RSP, FRAME_INT));
    lea(&e->a, X_W, RCX, mem(RSP, FRAME_SLOTS));
    mov_ri(&e->a, RAX, (uintptr_t)bare_access);
    op_rr(&e->a, 0xff, 2, RAX);                 /* call */
    test_rr(&e->a, X_W, RAX, RAX);
    raised = jcc_fwd32(&e->a, CC_E);
    save_regs(e, caller_saved | X86_CALLEE_SAVED, false, 0);
    op_rr(&e->a, 0xff, 4, RAX);                 /* jmp */
    fix32(raised, e->a.p);
    tcg_x86_full_fence(e, FRAME_OUT);           /* one may be due: see emit.c */
    mov_rr(&e->a, X_W, RAX, RDX);
    jmp(&e->a, thunk_rw(e, THUNK_EXIT));
}

static void emit_wide_thunk(Emit *e, bool save)
{
    const int32_t off = 8;                      /* the return address */

    start_thunk(e, save ? THUNK_SAVE_WIDE : THUNK_LOAD_WIDE);
    for (unsigned r = 0; r < 32; r++) {
        Mem m = mem(RSP, FRAME_WIDE + 64 * ((int32_t)r - 16) + off);
        Mem k = mem(RSP, FRAME_INT + 8 * (int32_t)(TCG_FIRST_PRED + r) + off);

        if (r >= 16 && X86_WIDE_REGS & VREG_BIT(r)) {
            if (save) {
                tcg_x86_wide_mr(e, TCG_V512, m, r);
            } else {
                tcg_x86_wide_rm(e, TCG_V512, r, m);
            }
        }
        if (r < 8 && X86_PRED_REGS & REG_BIT(TCG_FIRST_PRED + r)) {
            if (save) {
                k_store(&e->a, k, r);
            } else {
                k_load(&e->a, r, k);
            }
        }
    }
    put8(&e->a, 0xc3);
}

/* Reads the cycle counter into RAX; RDX goes. */
static void emit_ticks(Emit *e)
{
    put8(&e->a, 0x0f);
    put8(&e->a, 0x31);
    sh_ri(&e->a, SH_SHL, X_W, RDX, 32);
    alu_rr(&e->a, ALU_OR, X_W, RAX, RDX);
}

/* Calls RAX with arguments in registers and at RSP, as if its caller had. */
static void emit_cost_thunk(Emit *e)
{
    start_thunk(e, THUNK_COST);
    alu_rr(&e->a, ALU_ADD, X_W, R10, R11);
    pop(&e->a, R11);
    mov_mr(&e->a, X_W, mem(RSP, FRAME_COST), R10);
    mov_mr(&e->a, X_W, mem(RSP, FRAME_COST + 8), R11);
    alu_mi(&e->a, ALU_ADD, X_W, mem(R10, offsetof(TcgCost, calls)), 1);
    mov_rr(&e->a, X_W, R11, RAX);
    mov_rr(&e->a, X_W, R10, RDX);
    emit_ticks(e);
    mov_rr(&e->a, X_W, RDX, R10);
    mov_mr(&e->a, X_W, mem(RSP, FRAME_COST + 16), RAX);
    op_rr(&e->a, 0xff, 2, R11);                 /* call */
    mov_rr(&e->a, X_W, R11, RAX);
    emit_ticks(e);
    mov_rm(&e->a, X_W, R10, mem(RSP, FRAME_COST));
    alu_rm(&e->a, ALU_SUB, X_W, RAX, mem(RSP, FRAME_COST + 16));
    alu_mr(&e->a, ALU_ADD, X_W, mem(R10, offsetof(TcgCost, ticks)), RAX);
    mov_rr(&e->a, X_W, RAX, R11);
    op_rm(&e->a, 0xff, 4, mem(RSP, FRAME_COST + 8));            /* jmp */
}

/* Calls an operation's helper with its registers as they are in the save area; its V128 result goes there too. */
static void emit_fp_thunk(Emit *e, unsigned n)
{
    static const uint8_t regs[4] = { RDX, RCX, R8, R9 };
    const int32_t off = 16;                     /* as above */

    start_thunk(e, n);
    push(&e->a, RAX);
    save_regs(e, caller_saved, true, off);
    mov_rr(&e->a, X_W, R10, RDX);
    mov_rr(&e->a, X_W, RDI, RBP);
    mov_rm(&e->a, 0, RSI, mem(R10, offsetof(FpRec, desc)));
    for (unsigned i = 0; i < (n == THUNK_FP || n == THUNK_FP_COST ? 4 : 1); i++) {
        mov_rm(&e->a, 0, regs[i], mem(R10, (int32_t)offsetof(FpRec, vec[i])));
        lea(&e->a, X_W, regs[i], mem_bi(RSP, regs[i], 0, FRAME_VEC + off));
    }
    if (n >= THUNK_FP_COST) {
        mov_rm(&e->a, X_W, RAX, mem(R10, offsetof(FpRec, fn)));
        mov_rm(&e->a, 0, R11, mem(R10, offsetof(FpRec, costs_offset)));
        mov_rm(&e->a, X_W, R11, mem_bi(RBP, R11, 0, 0));
        mov_rm(&e->a, 0, R10, mem(R10, offsetof(FpRec, cost)));
        call_rel(&e->a, thunk_rw(e, THUNK_COST));
    } else {
        op_rm(&e->a, 0xff, 2, mem(R10, offsetof(FpRec, fn)));
    }
    save_regs(e, caller_saved, false, off);
    pop(&e->a, RDX);
    put8(&e->a, 0xc3);
}

#define BYTES(b) (0x0101010101010101 * (uint64_t)(b))
#define SHL8(n) [VC_SHL8 + (n)] = { BYTES(0xff << (n) & 0xff), BYTES(0xff << (n) & 0xff) }
#define SHR8(n) [VC_SHR8 + (n)] = { BYTES(0xff >> (n)), BYTES(0xff >> (n)) }
/* A matrix's rows are its bytes from the highest: those of no change shifted, then the top bit's. */
#define SAR8_MATRIX(n) (UINT64_C(0x0102040810204080) << 8 * (n) | (BYTES(0x80) & ~(UINT64_MAX << 8 * (n))))
#define SAR8(n) [VC_SAR8 + (n)] = { SAR8_MATRIX(n), SAR8_MATRIX(n) }
static const uint64_t consts[NUM_VCONSTS][2] = {
    [VC_BYTEREV1] = { 0x0607040502030001, 0x0e0f0c0d0a0b0809 },
    [VC_BYTEREV2] = { 0x0405060700010203, 0x0c0d0e0f08090a0b },
    [VC_BYTEREV3] = { 0x0001020304050607, 0x08090a0b0c0d0e0f },
    [VC_BYTEREV4] = { 0x08090a0b0c0d0e0f, 0x0001020304050607 },
    [VC_WORDREV2] = { 0x0504070601000302, 0x0d0c0f0e09080b0a },
    [VC_WORDREV3] = { 0x0100030205040706, 0x09080b0a0d0c0f0e },
    [VC_WORDREV4] = { 0x09080b0a0d0c0f0e, 0x0100030205040706 },
    [VC_LOWBYTES] = { 0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff },
    [VC_LOWWORDS] = { 0x0000ffff0000ffff, 0x0000ffff0000ffff },
    [VC_EVENWORDS] = { 0x0d0c090805040100, BYTES(0x80) },
    [VC_EVENS1] = { 0x0e0c0a0806040200, 0x0e0c0a0806040200 },
    [VC_EVENS2] = { 0x0d0c090805040100, 0x0d0c090805040100 },
    [VC_ODDS1] = { 0x0f0d0b0907050301, 0x0f0d0b0907050301 },
    [VC_ODDS2] = { 0x0f0e0b0a07060302, 0x0f0e0b0a07060302 },
    [VC_NIBBLES] = { BYTES(0x0f), BYTES(0x0f) },
    [VC_POPCNT] = { 0x0302020102010100, 0x0403030203020201 },
    [VC_SIGN64] = { 0x8000000000000000, 0x8000000000000000 },
    [VC_SIGN32] = { 0x8000000080000000, 0x8000000080000000 },
    [VC_SIGN16] = { 0x8000800080008000, 0x8000800080008000 },
    [VC_TWICE_MIN16] = { 0x0800080008000800, 0x0800080008000800 },
    [VC_TWICE_MIN32] = { 0x0100000001000000, 0x0100000001000000 },
    [VC_TWICE_MIN64] = { 0x0020000000000000, 0x0020000000000000 },
    [VC_ABS16] = { 0x7fff7fff7fff7fff, 0x7fff7fff7fff7fff },
    [VC_ABS32] = { 0x7fffffff7fffffff, 0x7fffffff7fffffff },
    [VC_ABS64] = { 0x7fffffffffffffff, 0x7fffffffffffffff },
    [VC_MIN16] = { 0x0400040004000400, 0x0400040004000400 },
    [VC_MIN32] = { 0x0080000000800000, 0x0080000000800000 },
    [VC_MIN64] = { 0x0010000000000000, 0x0010000000000000 },
    [VC_HALF16] = { 0x37ff37ff37ff37ff, 0x37ff37ff37ff37ff },
    [VC_HALF32] = { 0x3effffff3effffff, 0x3effffff3effffff },
    [VC_HALF64] = { 0x3fdfffffffffffff, 0x3fdfffffffffffff },
    [VC_INFINITY16] = { 0x7c007c007c007c00, 0x7c007c007c007c00 },
    [VC_POINT5_16] = { 0x3800380038003800, 0x3800380038003800 },
    [VC_POINT5_32] = { 0x3f0000003f000000, 0x3f0000003f000000 },
    [VC_POINT5_64] = { 0x3fe0000000000000, 0x3fe0000000000000 },
    [VC_TWO16] = { 0x4000400040004000, 0x4000400040004000 },
    [VC_TWO32] = { 0x4000000040000000, 0x4000000040000000 },
    [VC_TWO64] = { 0x4000000000000000, 0x4000000000000000 },
    [VC_THREE16] = { 0x4200420042004200, 0x4200420042004200 },
    [VC_THREE32] = { 0x4040000040400000, 0x4040000040400000 },
    [VC_THREE64] = { 0x4008000000000000, 0x4008000000000000 },
    [VC_FINITE16] = { 0x7bff7bff7bff7bff, 0x7bff7bff7bff7bff },
    [VC_FINITE32] = { 0x7f7fffff7f7fffff, 0x7f7fffff7f7fffff },
    [VC_FINITE64] = { 0x7fefffffffffffff, 0x7fefffffffffffff },
    [VC_ROOT16] = { 0x57ff57ff57ff57ff, 0x57ff57ff57ff57ff },
    [VC_ROOT32] = { 0x5effffff5effffff, 0x5effffff5effffff },
    [VC_ROOT64] = { 0x5fdfffffffffffff, 0x5fdfffffffffffff },
    [VC_2P16] = { 0x4780000047800000, 0x4780000047800000 },
    [VC_BELOW_2P31] = { 0x4effffff4effffff, 0x4effffff4effffff },
    [VC_BELOW_2P31_64] = { 0x41dfffffffffffff, 0x41dfffffffffffff },
    [VC_BELOW_2P63] = { 0x5effffff5effffff, 0x5effffff5effffff },
    [VC_BELOW_2P63_64] = { 0x43dfffffffffffff, 0x43dfffffffffffff },
    [VC_2P63_32] = { 0x5f0000005f000000, 0x5f0000005f000000 },
    [VC_2P63_64] = { 0x43e0000000000000, 0x43e0000000000000 },
    [VC_MINUS_2P63_32] = { 0xdf000000df000000, 0xdf000000df000000 },
    [VC_MINUS_2P63_64] = { 0xc3e0000000000000, 0xc3e0000000000000 },
    [VC_INFINITY32] = { 0x7f8000007f800000, 0x7f8000007f800000 },
    [VC_EXPONENT32] = { 0xff800000ff800000, 0xff800000ff800000 },
    [VC_ABOVE_RECPE] = { 0xfdfffffffdffffff, 0xfdfffffffdffffff },
    [VC_FIRST_RECPE] = { 0x007f8000007f8000, 0x007f8000007f8000 },
    [VC_MIDDLE_RECPE] = { 0x3f8040003f804000, 0x3f8040003f804000 },
    [VC_LIMIT_RECPE] = { 0x0008000000080000, 0x0008000000080000 },
    [VC_BIAS_RECPE] = { 0x7e0040007e004000, 0x7e0040007e004000 },
    [VC_ABOVE_RSQRTE] = { 0xfefffffffeffffff, 0xfefffffffeffffff },
    [VC_FIRST_RSQRTE] = { 0x00ff000000ff0000, 0x00ff000000ff0000 },
    [VC_MIDDLE_RSQRTE] = { 0x3f0080003f008000, 0x3f0080003f008000 },
    [VC_LIMIT_RSQRTE] = { 0x0800000008000000, 0x0800000008000000 },
    [VC_BIAS_RSQRTE] = { 0x5e8040005e804000, 0x5e8040005e804000 },
    [VC_0x1FF] = { 0x000001ff000001ff, 0x000001ff000001ff },
    [VC_0x201] = { 0x0000020100000201, 0x0000020100000201 },
    [VC_0xFF] = { 0x000000ff000000ff, 0x000000ff000000ff },
    [VC_0x100] = { 0x0000010000000100, 0x0000010000000100 },
    [VC_LOST] = { 0x1fffffff, 0x1fffffff },
    [VC_KEPT] = { 0xffffffffe0000000, 0xffffffffe0000000 },
    [VC_BITREV] = { 0x8040201008040201, 0x8040201008040201 },
    [VC_0x70] = { BYTES(0x70), BYTES(0x70) },
    SHL8(0), SHL8(1), SHL8(2), SHL8(3), SHL8(4), SHL8(5), SHL8(6), SHL8(7),
    SHR8(0), SHR8(1), SHR8(2), SHR8(3), SHR8(4), SHR8(5), SHR8(6), SHR8(7),
    SAR8(0), SAR8(1), SAR8(2), SAR8(3), SAR8(4), SAR8(5), SAR8(6), SAR8(7),
};

static size_t x86_init_buf(const TcgBackend *be, TcgCodeBuf *buf)
{
    Emit e = { .buf = buf };

    buf->features = tcg_x86_features(be);
    e.a.p = buf->rw;
    e.avx = buf->features & HOST_AVX;
    buf->thunk[THUNK_CONSTS] = buf->rx;
    memcpy(e.a.p, consts, sizeof(consts));
    e.a.p += sizeof(consts);
    emit_enter_and_exit(&e);
    for (unsigned n = THUNK_LD; n <= THUNK_STV; n++) {
        emit_slow_thunk(&e, n);
    }
    emit_cost_thunk(&e);
    emit_fp_thunk(&e, THUNK_FP);
    emit_fp_thunk(&e, THUNK_FP_TO_INT);
    emit_fp_thunk(&e, THUNK_FP_COST);
    emit_fp_thunk(&e, THUNK_FP_TO_INT_COST);
    if (buf->features & HOST_AVX512) {
        emit_wide_thunk(&e, true);
        emit_wide_thunk(&e, false);
    }
    start_thunk(&e, THUNK_LEAVE);
    save_regs(&e, caller_saved | REG_BIT(RDX), true, 0);
    emit_leave(&e, 0);
    emit_bare_thunk(&e);
    start_thunk(&e, THUNK_RAISE);
    save_regs(&e, caller_saved | REG_BIT(RDX), true, 0);
    mov_rr(&e.a, X_W, RDI, RBP);
    op_rr(&e.a, 0xff, 2, RAX);                  /* call */
    emit_leave(&e, 0);
    return (size_t)(e.a.p - buf->rw);
}

static uintptr_t x86_run(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry)
{
    uintptr_t (*enter)(CPUState *, const void *);

    *(const void **)&enter = buf->thunk[THUNK_ENTER];
    return enter(cs, entry);
}

/* MXCSR: exceptions masked, nothing flushed; the rounding control is in bits 14:13 (Intel SDM volume 1, 10.2.3). */
enum { MXCSR_DEFAULT = 0x1f80 };

static void x86_fp_enter(TcgFpRound round)
{
    static const uint8_t control[] = {
        [TCG_ROUND_EVEN] = 0, [TCG_ROUND_UP] = 2, [TCG_ROUND_DOWN] = 1, [TCG_ROUND_ZERO] = 3,
    };

    __builtin_ia32_ldmxcsr(MXCSR_DEFAULT | (unsigned)control[round] << 13);
}

static unsigned x86_fp_leave(void)
{
    unsigned m = __builtin_ia32_stmxcsr();

    __builtin_ia32_ldmxcsr(MXCSR_DEFAULT);
    return (m & 1) | (m >> 1 & 0x1e);           /* bit 1 says that an operand was denormal */
}

static void x86_chain(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry)
{
    const uint8_t *at = (const uint8_t *)code->entry + code->chain[n].patch;
    uint32_t *patch = (uint32_t *)(buf->rw + (at - buf->rx));

    g_assert(n < code->num_chains && code->chain[n].patch);
    __atomic_store_n(patch, entry ? (uint32_t)((const uint8_t *)entry - (at + 4)) : 0, __ATOMIC_RELEASE);
}

static void x86_set_direct(uintptr_t base)
{
    long r = syscall(SYS_arch_prctl, ARCH_SET_GS, base);

    g_assert(r == 0);
}

static void x86_dump(const TcgBackend *be, const TcgCode *code, GString *out)
{
    const uint8_t *p = code->entry;

    for (uint32_t i = 0; i < code->size; i++) {
        if (i % 16 == 0) {
            g_string_append_printf(out, "%s%04x:", i ? "\n" : "", i);
        }
        g_string_append_printf(out, " %02x", p[i]);
    }
    g_string_append_c(out, '\n');
}

#define ALU (TCG_PLAIN | TCG_HAS | TCG_HAS_INT)
#define ACCESS (TCG_PLAIN | TCG_HAS_INT)
const TcgBackend tcg_backend_x86_64 = {
    .name = "tcg",
    .allocatable = X86_INT_REGS | X86_VEC_REGS | X86_WIDE_REGS | X86_PRED_REGS,
    .callee_saved = X86_CALLEE_SAVED,
    .num_slots = NUM_SLOTS,
    .features = HOST_ALL,
    .usable = x86_usable,
    .has_op = tcg_x86_has_op,
    .plain = {
        [OP_ld_env] = ALU, [OP_st_env] = ALU, [OP_add_env] = ALU,
        [OP_poll] = ALU, [OP_setcond] = ALU,
        [OP_add] = ALU, [OP_sub] = ALU, [OP_mul] = ALU, [OP_mulhu] = ALU, [OP_mulhs] = ALU,
        [OP_divu] = ALU | 2, [OP_divs] = ALU | 2, [OP_and] = ALU, [OP_or] = ALU, [OP_xor] = ALU,
        [OP_andn] = ALU, [OP_orn] = ALU, [OP_not] = ALU, [OP_neg] = ALU, [OP_shl] = ALU, [OP_shr] = ALU,
        [OP_sar] = ALU, [OP_ror] = ALU, [OP_clz] = ALU, [OP_ctz] = ALU, [OP_popcnt] = ALU, [OP_bswap] = ALU,
        [OP_rbit] = ALU, [OP_extract] = ALU, [OP_sextract] = ALU, [OP_deposit] = ALU, [OP_extract2] = ALU,
        [OP_trunc] = ALU, [OP_zext] = ALU, [OP_sext] = ALU, [OP_select_cmp] = ALU, [OP_select_fc] = ALU,
        [OP_flags_add] = ALU, [OP_flags_sub] = ALU, [OP_flags_adc] = ALU,
        [OP_flags_logic] = ALU, [OP_flags_cond] = ALU, [OP_guest_ld] = ACCESS | 1,
        [OP_guest_st] = ACCESS | 1, [OP_guest_ldx] = ACCESS | 3, [OP_guest_stx] = ACCESS | 5,
        [OP_fence] = ALU, [OP_br] = ALU, [OP_brcond] = ALU,
        [OP_brflag] = ALU, [OP_goto_tb] = ALU, [OP_goto_ptr] = ALU, [OP_exit] = ALU,
        [OP_raise_exit] = ALU,
    },
    .upper_is_zero = tcg_x86_upper_is_zero, .access_offset = true, .access_index = true, .access_page = true,
    .constraints = tcg_x86_constraints,
    .emit = tcg_x86_emit,
    .once_new = tcg_x86_once_new,
    .once_begin = tcg_x86_once_begin,
    .once_block = tcg_x86_once_block,
    .once_node = tcg_x86_once_node,
    .once_raise = tcg_x86_once_raise,
    .once_end = tcg_x86_once_end,
    .once_poll = tcg_x86_once_poll,
    .once_field = tcg_x86_once_field,
    .once_goto = tcg_x86_once_goto,
    .run = x86_run,
    .fp_enter = x86_fp_enter,
    .fp_leave = x86_fp_leave,
    .set_direct = x86_set_direct,
    .chain = x86_chain,
    .init_buf = x86_init_buf,
    .dump = x86_dump,
    .fault_resume = tcg_x86_fault_resume,
};

void tcg_x86_some_host(TcgBackend *ret)
{
    *ret = tcg_backend_x86_64;
    ret->features = HOST_AVX | HOST_AVX2 | HOST_BMI1 | HOST_BMI2 | HOST_PEXT | HOST_LZCNT | HOST_MOVBE | HOST_FMA | HOST_AES |
                    HOST_SHA | HOST_F16C | HOST_ANY;
}
