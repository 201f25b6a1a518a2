/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The toy's instructions as IR. Semantics are in cpu.h, one line each. */
#include <stddef.h>
#include "core/bits.h"
#include "core/tcg/gen.h"
#include "core/tcg/helper_def.h"
#include "targets/toy/cpu.h"

#define R(n) { "r" #n, TCG_I32, offsetof(ToyCPU, r) + 4 * (n) }
static const TcgReg toy_regs[TOY_NUM_REGS] = {
    R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13), R(14), R(15),
    [TOY_REG_PC] = { "pc", TCG_I64, offsetof(ToyCPU, pc) },
};
#undef R

const TcgTarget toy_tcg_target = {
    .name = "toy", .regs = toy_regs, .num_regs = TOY_NUM_REGS, .pc_reg = TOY_REG_PC, .page_bits = 12,
};

/* What opcodes mean. The second variant exchanges some, so that the same bytes are another program. */
const uint8_t toy_meaning[2][256] = {
    {
        [0x01] = TOY_ADD, [0x02] = TOY_SUB, [0x03] = TOY_AND, [0x04] = TOY_XOR, [0x05] = TOY_MUL,
        [0x10] = TOY_ADDI, [0x11] = TOY_XORI, [0x12] = TOY_LUI,
        [0x20] = TOY_LD, [0x21] = TOY_ST, [0x22] = TOY_LDB, [0x23] = TOY_STB, [0x24] = TOY_VLD, [0x25] = TOY_VST,
        [0x30] = TOY_BEQ, [0x31] = TOY_BNE, [0x32] = TOY_BLT, [0x33] = TOY_JAL, [0x34] = TOY_JR,
        [0x40] = TOY_AMOADD, [0x41] = TOY_SWAP,
        [0x50] = TOY_MFC, [0x51] = TOY_MTC, [0x52] = TOY_SYS, [0x53] = TOY_RTI, [0x54] = TOY_WFI, [0x55] = TOY_FENCE,
        [0x56] = TOY_FLUSH,
        [0x60] = TOY_ADD, [0x61] = TOY_ADDI,
    },
    {
        [0x01] = TOY_ADD, [0x02] = TOY_SUB, [0x03] = TOY_AND, [0x04] = TOY_XOR, [0x05] = TOY_MUL,
        [0x10] = TOY_ADDI, [0x11] = TOY_XORI, [0x12] = TOY_LUI,
        [0x20] = TOY_LD, [0x21] = TOY_ST, [0x22] = TOY_LDB, [0x23] = TOY_STB, [0x24] = TOY_VLD, [0x25] = TOY_VST,
        [0x30] = TOY_BEQ, [0x31] = TOY_BNE, [0x32] = TOY_BLT, [0x33] = TOY_JAL, [0x34] = TOY_JR,
        [0x40] = TOY_AMOADD, [0x41] = TOY_SWAP,
        [0x50] = TOY_MFC, [0x51] = TOY_MTC, [0x52] = TOY_SYS, [0x53] = TOY_RTI, [0x54] = TOY_WFI, [0x55] = TOY_FENCE,
        [0x56] = TOY_FLUSH,
        [0x60] = TOY_SUB, [0x61] = TOY_XORI,
    },
};

static const char *const op_names[TOY_NUM_OPS] = {
    "undef", "add", "sub", "and", "xor", "mul", "addi", "xori", "lui", "ld", "st", "ldb", "stb", "vld", "vst", "beq", "bne",
    "blt", "jal", "jr", "amoadd", "swap", "mfc", "mtc", "sys", "rti", "wfi", "fence", "flush",
};

/* -- helpers --------------------------------------------------------------------------------------------------------- */

static void helper_raise(ToyCPU *cpu, uint32_t cause)
{
    toy_raise(cpu, cause, 0);
}

static uint32_t helper_mfc(ToyCPU *cpu, uint32_t n)
{
    return n == TOY_PENDING ? __atomic_load_n(&cpu->parent.irq_lines, __ATOMIC_SEQ_CST)
         : n < TOY_NUM_CTL ? cpu->ctl[n] : 0;
}

/* Ends its block: everything that translation and the loop look at is looked at again. */
static void helper_mtc(ToyCPU *cpu, uint32_t n, uint32_t value)
{
    if (n < TOY_NUM_CTL && n != TOY_CPUID && n != TOY_PENDING) {
        cpu->ctl[n] = n == TOY_ASID ? value & 0xff : value;
    }
    if (n == TOY_PTBR || n == TOY_ASID) {
        cpu_key_changed(&cpu->parent);
        cpu_update_key(&cpu->parent);
    }
    cpu_check_interrupts(&cpu->parent);
}

static void helper_rti(ToyCPU *cpu)
{
    cpu->ctl[TOY_IE] = cpu->ctl[TOY_PIE];
    cpu->pc = cpu->ctl[TOY_EPC];
    cpu_check_interrupts(&cpu->parent);
}

static void helper_wfi(ToyCPU *cpu)
{
    cpu_halt(&cpu->parent);
}

static void helper_flush(ToyCPU *cpu, uint32_t addr, uint32_t what)
{
    TlbFlush f = {
        .mask = what ? 0 : 0xff, .value = cpu->ctl[TOY_ASID], .addr = addr & ~0xfffu, .size = what == 1 ? 0 : 4096,
        .globals = true,
    };

    tlb_flush_broadcast(&cpu->parent, &f);
    tlb_sync(&cpu->parent);
}

HELPER_ROW(toy_helper_, raise, void, HELPER_MAY_RAISE | HELPER_NO_RETURN, NONE, NONE, i32)
HELPER_ROW(toy_helper_, mfc, i32, 0, NONE, NONE, i32)
HELPER_ROW(toy_helper_, mtc, void, 0, NONE, NONE, i32, i32)
HELPER_ROW(toy_helper_, rti, void, 0, ALL, ALL)
HELPER_ROW(toy_helper_, wfi, void, 0, NONE, NONE)
HELPER_ROW(toy_helper_, flush, void, 0, NONE, NONE, i32, i32)

/* -- instructions ---------------------------------------------------------------------------------------------------- */

typedef struct Dc {
    TcgGen *g;
    const TranslateInput *in;
    unsigned at;                                /* bytes from the block's start */
    int64_t delta;                              /* ... and from the region's entry */
    bool end;                                   /* the block has ended */
} Dc;

/* Goes on at `offset` bytes from this instruction. */
static void go(Dc *dc, int64_t offset)
{
    int64_t delta = dc->delta + offset;

    if (dc->in->page_offset + (uint64_t)delta < 4096) {
        tcg_goto(dc->g, delta);
    } else {
        /* the PC has 32 bits */
        tcg_set_reg(dc->g, TOY_REG_PC, tcg_andi(dc->g, TCG_I64, tcg_pc(dc->g, delta), UINT32_MAX));
        tcg_goto_ptr(dc->g);
    }
}

static TcgVal address(Dc *dc, unsigned a, int32_t imm)
{
    return tcg_zext(dc->g, tcg_addi(dc->g, TCG_I32, tcg_get_reg(dc->g, a), (uint32_t)imm));
}

static void branch(Dc *dc, TcgCond cond, unsigned d, unsigned a, int32_t imm)
{
    TcgBlockRef taken = tcg_block(dc->g), not_taken = tcg_block(dc->g);

    tcg_brcond(dc->g, TCG_I32, cond, tcg_get_reg(dc->g, d), tcg_get_reg(dc->g, a), taken, not_taken);
    tcg_block_start(dc->g, taken);
    go(dc, 4 * (int64_t)imm);
    tcg_block_start(dc->g, not_taken);
    go(dc, 4);
    dc->end = true;
}

static void leave_next(Dc *dc)
{
    tcg_set_reg(dc->g, TOY_REG_PC, tcg_pc(dc->g, dc->delta + 4));
    tcg_exit(dc->g);
    dc->end = true;
}

static void one(Dc *dc, ToyOp op, uint32_t w)
{
    TcgGen *g = dc->g;
    unsigned d = extract32(w, 20, 4), a = extract32(w, 16, 4), b = extract32(w, 12, 4);
    int32_t imm = sextract32(w, 0, 16);
    const MemOp mo = MO_ALIGN_NATURAL;
    const MemOp mo_amo = MO_32 | MO_ALIGN_NATURAL | MO_ACQ_REL;

    switch (op) {
    case TOY_ADD:
        tcg_set_reg(g, d, tcg_add(g, TCG_I32, tcg_get_reg(g, a), tcg_get_reg(g, b)));
        break;
    case TOY_SUB:
        tcg_set_reg(g, d, tcg_sub(g, TCG_I32, tcg_get_reg(g, a), tcg_get_reg(g, b)));
        break;
    case TOY_AND:
        tcg_set_reg(g, d, tcg_and(g, TCG_I32, tcg_get_reg(g, a), tcg_get_reg(g, b)));
        break;
    case TOY_XOR:
        tcg_set_reg(g, d, tcg_xor(g, TCG_I32, tcg_get_reg(g, a), tcg_get_reg(g, b)));
        break;
    case TOY_MUL:
        tcg_set_reg(g, d, tcg_mul(g, TCG_I32, tcg_get_reg(g, a), tcg_get_reg(g, b)));
        break;
    case TOY_ADDI:
        tcg_set_reg(g, d, tcg_addi(g, TCG_I32, tcg_get_reg(g, a), (uint32_t)imm));
        break;
    case TOY_XORI:
        tcg_set_reg(g, d, tcg_xori(g, TCG_I32, tcg_get_reg(g, a), (uint32_t)imm));
        break;
    case TOY_LUI:
        tcg_set_reg(g, d, tcg_const(g, TCG_I32, (uint32_t)imm << 16));
        break;
    case TOY_LD:
        tcg_set_reg(g, d, tcg_guest_ld(g, TCG_I32, address(dc, a, imm), mo | MO_32));
        break;
    case TOY_LDB:
        tcg_set_reg(g, d, tcg_guest_ld(g, TCG_I32, address(dc, a, imm), MO_8));
        break;
    case TOY_ST:
        tcg_guest_st(g, address(dc, a, imm), tcg_get_reg(g, d), mo | MO_32);
        break;
    case TOY_STB:
        tcg_guest_st(g, address(dc, a, imm), tcg_get_reg(g, d), MO_8);
        break;
    case TOY_VLD: case TOY_VST: {
        TcgVec v = tcg_vec_shape(g, sizeof(((ToyCPU *)0)->vector));
        TcgVal lanes = tcg_zext(g, tcg_andi(g, TCG_I32, tcg_get_reg(g, d), 0xffff));

        if (v.num > 1 || !tcg_has_masked(g)) {  /* the test can do without */
            TcgVal cause = tcg_const(g, TCG_I32, TOY_CAUSE_UNDEF);

            tcg_call(g, &toy_helper_raise, &cause);
            dc->end = true;
        } else if (op == TOY_VLD) {
            v.part[0] = tcg_guest_ldm(g, v.type, 2, address(dc, a, imm), tcg_pfrom(g, 0, lanes), MO_512);
            tcg_vecs_st_env(g, &v, offsetof(ToyCPU, vector));
        } else {
            v = tcg_vecs_ld_env(g, sizeof(((ToyCPU *)0)->vector), offsetof(ToyCPU, vector));
            tcg_guest_stm(g, 2, address(dc, a, imm), v.part[0], tcg_pfrom(g, 0, lanes), MO_512);
        }
        break;
    }
    case TOY_BEQ:
        branch(dc, COND_EQ, d, a, imm);
        break;
    case TOY_BNE:
        branch(dc, COND_NE, d, a, imm);
        break;
    case TOY_BLT:
        branch(dc, COND_LT, d, a, imm);
        break;
    case TOY_JAL:
        if (d) {
            tcg_set_reg(g, d, tcg_trunc(g, tcg_pc(g, dc->delta + 4)));
        }
        go(dc, 4 * (int64_t)imm);
        dc->end = true;
        break;
    case TOY_JR:
        tcg_set_reg(g, TOY_REG_PC, address(dc, a, imm & ~3));
        tcg_goto_ptr(g);
        dc->end = true;
        break;
    case TOY_AMOADD:
        tcg_set_reg(g, d, tcg_guest_rmw(g, TCG_I32, RMW_ADD, address(dc, a, 0), tcg_get_reg(g, b), mo_amo));
        break;
    case TOY_SWAP:
        tcg_set_reg(g, d, tcg_guest_rmw(g, TCG_I32, RMW_SWP, address(dc, a, 0), tcg_get_reg(g, b), mo_amo));
        break;
    case TOY_MFC: {
        TcgVal n = tcg_const(g, TCG_I32, (uint16_t)imm);

        tcg_set_reg(g, d, tcg_call(g, &toy_helper_mfc, &n));
        break;
    }
    case TOY_MTC: {
        TcgVal v[] = { tcg_const(g, TCG_I32, (uint16_t)imm), tcg_get_reg(g, a) };

        tcg_call(g, &toy_helper_mtc, v);
        leave_next(dc);
        break;
    }
    case TOY_SYS: {
        TcgVal cause = tcg_const(g, TCG_I32, TOY_CAUSE_SYS);

        tcg_call(g, &toy_helper_raise, &cause);
        dc->end = true;
        break;
    }
    case TOY_RTI:
        tcg_call(g, &toy_helper_rti, NULL);
        tcg_goto_ptr(g);
        dc->end = true;
        break;
    case TOY_WFI:
        tcg_call(g, &toy_helper_wfi, NULL);
        leave_next(dc);
        break;
    case TOY_FENCE:
        tcg_fence(g, FENCE_ALL);
        break;
    case TOY_FLUSH: {
        TcgVal v[] = { tcg_get_reg(g, a), tcg_const(g, TCG_I32, (uint32_t)imm) };

        tcg_fence(g, FENCE_ALL);
        tcg_call(g, &toy_helper_flush, v);
        leave_next(dc);
        break;
    }
    default: {
        TcgVal cause = tcg_const(g, TCG_I32, TOY_CAUSE_UNDEF);

        tcg_call(g, &toy_helper_raise, &cause);
        dc->end = true;
        break;
    }
    }
}

void toy_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret)
{
    const uint8_t *meaning = TOY_CPU_CLASS_OF(cs)->meaning;
    Dc dc = { .g = g, .in = in };

    while (!dc.end && ret->insns < in->max_insns && dc.at + 4 <= in->len) {
        uint32_t w = ldl_le_p(in->bytes + dc.at);

        dc.delta = in->delta + dc.at;
        tcg_insn_start(g, (uint64_t)dc.delta);
        one(&dc, meaning[w >> 24], w);
        dc.at += 4;
        ret->insns++;
    }
    if (!dc.end) {
        go(&dc, 4);
    }
    ret->bytes = dc.at;
}

void toy_describe(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len)
{
    uint32_t w = len >= 4 ? ldl_le_p(bytes) : 0;

    g_string_append_printf(out, "%s d=r%u a=r%u imm=%d", op_names[TOY_CPU_CLASS_OF(cs)->meaning[w >> 24]],
                           extract32(w, 20, 4), extract32(w, 16, 4), sextract32(w, 0, 16));
    *ret_len = 4;
}
