/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Integers, comparisons and flags. An nzcv value is made of the host's flags by LAHF and SETO, since N, Z and V are
 * the host's SF, ZF and OF, and C is CF, inverted after a subtraction.
 *
 * Every operation copes with every assignment of registers: the result may be in any argument's.
 */
#include "core/tcg/backend/x86_64/emit_int.h"

static const uint8_t cc_of_cond[TCG_NUM_CONDS] = {
    [COND_EQ] = CC_E, [COND_NE] = CC_NE, [COND_LT] = CC_L, [COND_GE] = CC_GE, [COND_LE] = CC_LE, [COND_GT] = CC_G,
    [COND_LTU] = CC_B, [COND_GEU] = CC_AE, [COND_LEU] = CC_BE, [COND_GTU] = CC_A,
    [COND_TSTEQ] = CC_E, [COND_TSTNE] = CC_NE,
};

static unsigned type_bits(unsigned type)
{
    return type == TCG_I64 ? 64 : 32;
}

/* -- arithmetic ------------------------------------------------------------------------------------------ */
/* dst has just been made by an instruction. */
static void computed(Emit *e, unsigned op, unsigned w, unsigned dst)
{
    if (op != ALU_CMP && op != ALU_ADC && op != ALU_SBB) {
        flags_are(e, dst, w, op == ALU_ADD || op == ALU_SUB);
    }
}

/* dst = dst op v; RDX is used when v is no immediate. */
static void alu_const(Emit *e, unsigned op, unsigned w, unsigned dst, int64_t v)
{
    if (w && op == ALU_AND && (uint64_t)v <= UINT32_MAX) {
        w = 0;                                  /* clears the upper half as the mask would */
        v = (int32_t)v;
    }
    if (!w || fits32(v)) {
        alu_ri(&e->a, op, w, dst, (int32_t)v);
        computed(e, op, w, dst);
    } else if (op == ALU_AND && is_pow2(~(uint64_t)v)) {
        op_rr(&e->a, M_0F | 0xba | X_W, 6, dst);                /* btr */
        put8(&e->a, ctz64(~(uint64_t)v));
    } else if (op == ALU_OR && is_pow2((uint64_t)v)) {
        op_rr(&e->a, M_0F | 0xba | X_W, 5, dst);                /* bts */
        put8(&e->a, ctz64((uint64_t)v));
    } else {
        mov_ri(&e->a, RDX, (uint64_t)v);
        alu_rr(&e->a, op, X_W, dst, RDX);
        computed(e, op, X_W, dst);
    }
}

/* dst = dst op argument i. */
static void alu_arg(Emit *e, unsigned op, unsigned type, unsigned dst, const TcgNode *n, unsigned i)
{
    unsigned w = width_w(type);

    switch (loc_kind(n->in[i])) {
    case LOC_REG:
        alu_rr(&e->a, op, w, dst, loc_num(n->in[i]));
        computed(e, op, w, dst);
        break;
    case LOC_SLOT:
        alu_rm(&e->a, op, w, dst, slot_mem(n->in[i]));
        computed(e, op, w, dst);
        break;
    default:
        alu_const(e, op, w, dst, arg_const(e, n, i, type));
    }
}

/* d is neither ra nor rb. */
static __attribute__((noinline)) void alu_between(Emit *e, unsigned op, unsigned w, unsigned d, unsigned ra, unsigned rb)
{
    if (op == ALU_ADD) {
        lea_sum(&e->a, w, d, ra, rb);
    } else {
        mov_rr(&e->a, w, d, ra);
        alu_rr(&e->a, op, w, d, rb);
        computed(e, op, w, d);
    }
}

/* The same of a register and a constant. */
static __attribute__((noinline)) void alu_with_const(Emit *e, unsigned op, unsigned w, unsigned d, unsigned ra, int64_t v)
{
    if (op == ALU_ADD || op == ALU_SUB) {
        int64_t sum = op == ALU_SUB ? (int64_t)-(uint64_t)v : v;

        if (!w || fits32(sum)) {
            lea_disp(&e->a, w, d, ra, (int32_t)sum);
            return;
        }
    }
    if (w && op != ALU_SUB && !fits32(v) && !(op == ALU_AND && (uint64_t)v <= UINT32_MAX) &&
        !(op == ALU_OR && is_pow2((uint64_t)v)) && !(op == ALU_AND && is_pow2(~(uint64_t)v))) {
        mov_ri(&e->a, d, (uint64_t)v);
        alu_rr(&e->a, op, w, d, ra);
        computed(e, op, w, d);
    } else {
        mov_rr(&e->a, w, d, ra);
        alu_const(e, op, w, d, v);
    }
}

/* What an extension does. False: it is none. */
static bool and_extends(Emit *e, unsigned w, unsigned d, unsigned ra, uint64_t v)
{
    if (v == 0xff) {
        movzx8(&e->a, d, ra);
    } else if (v == 0xffff) {
        movzx16(&e->a, d, ra);
    } else if (w && v <= UINT32_MAX) {
        mov_rr(&e->a, 0, d, ra);
        if (v != UINT32_MAX) {
            alu_ri(&e->a, ALU_AND, 0, d, (int32_t)v);
            computed(e, ALU_AND, 0, d);
        }
    } else {
        return false;
    }
    return true;
}

static void emit_alu(Emit *e, const TcgNode *n, unsigned op, unsigned d)
{
    unsigned w = width_w(n->type), ra = loc_num(n->in[0]);

    if (in_reg(n, 0) && is_const(n, 1)) {
        int64_t v = arg_const(e, n, 1, n->type);

        if (op == ALU_AND && and_extends(e, w, d, ra, (uint64_t)v)) {
            return;
        }
        if (ra != d) {
            alu_with_const(e, op, w, d, ra, v);
        } else {
            alu_const(e, op, w, d, v);
        }
    } else if (reg_is(n, 1, d) && !reg_is(n, 0, d)) {
        if (op == ALU_SUB) {
            op_rr(&e->a, 0xf7 | w, 3, d);       /* neg */
            op = ALU_ADD;
        }
        alu_arg(e, op, n->type, d, n, 0);
    } else if (in_reg(n, 0) && in_reg(n, 1) && ra != d) {
        alu_between(e, op, w, d, ra, loc_num(n->in[1]));
    } else {
        tcg_x86_load(e, n, 0, n->type, d);
        alu_arg(e, op, n->type, d, n, 1);
    }
}

static void emit_mul(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned w = width_w(n->type), other = 1;

    if (is_const(n, 1)) {
        int64_t v = arg_const(e, n, 1, n->type);

        if (fits32(v)) {
            unsigned ra = tcg_x86_use(e, n, 0, RAX);

            op_rr(&e->a, (fits8(v) ? 0x6b : 0x69) | w, d, ra);
            if (fits8(v)) {
                put8(&e->a, (uint8_t)v);
            } else {
                put32(&e->a, (uint32_t)v);
            }
            return;
        }
    }
    if (reg_is(n, 1, d)) {
        other = 0;
    } else {
        tcg_x86_load(e, n, 0, n->type, d);
    }
    if (loc_kind(n->in[other]) == LOC_SLOT) {
        op_rm(&e->a, M_0F | 0xaf | w, d, slot_mem(n->in[other]));
    } else {
        op_rr(&e->a, M_0F | 0xaf | w, d, tcg_x86_use(e, n, other, RDX));
    }
}

static void emit_mulh(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned rb = tcg_x86_use(e, n, 1, RDX);

    tcg_x86_load(e, n, 0, n->type, RAX);
    op_rr(&e->a, 0xf7 | width_w(n->type), n->op == OP_mulhu ? 4 : 5, rb);
    mov_rr(&e->a, width_w(n->type), d, RDX);
}

static void emit_div(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned w = width_w(n->type), rb = loc_num(n->in[1]);
    uint8_t *zero, *minus = NULL, *done = NULL;

    alu_rr(&e->a, ALU_XOR, 0, RAX, RAX);
    test_rr(&e->a, w, rb, rb);
    zero = jcc_fwd8(&e->a, CC_E);
    tcg_x86_load(e, n, 0, n->type, RAX);
    if (n->op == OP_divs) {
        alu_ri(&e->a, ALU_CMP, w, rb, -1);
        minus = jcc_fwd8(&e->a, CC_E);
        put_legacy_head(&e->a, 0x99, w ? 8 : 0, false);         /* cdq, cqo */
        op_rr(&e->a, 0xf7 | w, 7, rb);
        done = jmp_fwd8(&e->a);
        fix8(minus, e->a.p);
        op_rr(&e->a, 0xf7 | w, 3, RAX);
        fix8(done, e->a.p);
    } else {
        alu_rr(&e->a, ALU_XOR, 0, RDX, RDX);
        op_rr(&e->a, 0xf7 | w, 6, rb);
    }
    fix8(zero, e->a.p);
    mov_rr(&e->a, w, d, RAX);
}

/* andn, orn: a op ~b. */
static void emit_not_b(Emit *e, const TcgNode *n, unsigned op, unsigned d)
{
    unsigned w = width_w(n->type);

    if (is_const(n, 1)) {
        int64_t v = ~arg_const(e, n, 1, n->type);

        tcg_x86_load(e, n, 0, n->type, d);
        alu_const(e, op, w, d, v);
        return;
    }
    if (op == ALU_AND && have(e, HOST_BMI1)) {
        unsigned rb = tcg_x86_use(e, n, 1, RDX), ra = tcg_x86_use(e, n, 0, RAX);

        vex_rr(&e->a, M_38 | 0xf2 | w, d, rb, ra);
        flags_are(e, d, w, false);
        return;
    }
    tcg_x86_load(e, n, 1, n->type, RAX);
    op_rr(&e->a, 0xf7 | w, 2, RAX);             /* not */
    alu_arg(e, op, n->type, RAX, n, 0);
    mov_rr(&e->a, w, d, RAX);
}

static void emit_shift(Emit *e, const TcgNode *n, unsigned sh, unsigned d)
{
    unsigned w = width_w(n->type), bits = type_bits(n->type);

    if (is_const(n, 1)) {
        unsigned count = (unsigned)arg_const(e, n, 1, n->type) & (bits - 1);

        if (sh == SH_ROR && have(e, HOST_BMI2) && in_reg(n, 0) && !reg_is(n, 0, d)) {
            vex_rr(&e->a, M_3A | P_F2 | 0xf0 | w, d, 0, loc_num(n->in[0]));     /* rorx */
            put8(&e->a, count);
            return;
        }
        if (count == 0 && reg_is(n, 0, d)) {
            mov_rr(&e->a, w, d, d);
            return;
        }
        if (sh == SH_SHL && count == 1 && in_reg(n, 0) && !reg_is(n, 0, d)) {
            lea_sum(&e->a, w, d, loc_num(n->in[0]), loc_num(n->in[0]));
            return;
        }
        tcg_x86_load(e, n, 0, n->type, d);
        if (count) {
            sh_ri(&e->a, sh, w, d, count);
        }
        return;
    }
    if (sh != SH_ROR && have(e, HOST_BMI2)) {
        static const unsigned opc[8] = { [SH_SHL] = P_66, [SH_SHR] = P_F2, [SH_SAR] = P_F3 };
        unsigned rb = tcg_x86_use(e, n, 1, RDX), ra = tcg_x86_use(e, n, 0, RAX);

        vex_rr(&e->a, M_38 | 0xf7 | opc[sh] | w, d, rb, ra);
        return;
    }
    /* The count must be in CL; what RCX holds waits in RDX. */
    tcg_x86_load(e, n, 0, n->type, RAX);
    bool save = !reg_is(n, 1, RCX) && d != RCX;
    if (save) {
        mov_rr(&e->a, X_W, RDX, RCX);
    }
    tcg_x86_load(e, n, 1, TCG_I32, RCX);
    sh_rcl(&e->a, sh, w, RAX);
    if (save) {
        mov_rr(&e->a, X_W, RCX, RDX);
    }
    mov_rr(&e->a, w, d, RAX);
}

static void emit_count_zeros(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned w = width_w(n->type), bits = type_bits(n->type), ra = tcg_x86_use(e, n, 0, RAX);
    bool clz = n->op == OP_clz;

    if (have(e, HOST_LZCNT)) {
        op_rr(&e->a, M_0F | P_F3 | (clz ? 0xbd : 0xbc) | w, d, ra);
        return;
    }
    mov_ri(&e->a, RDX, clz ? 2 * bits - 1 : bits);
    op_rr(&e->a, M_0F | (clz ? 0xbd : 0xbc) | w, RAX, ra);      /* bsr, bsf: ZF if there is no bit */
    cmov(&e->a, CC_E, w, RAX, RDX);
    if (clz) {
        alu_ri(&e->a, ALU_XOR, w, RAX, (int32_t)bits - 1);
    }
    mov_rr(&e->a, w, d, RAX);
}

static void emit_rbit(Emit *e, const TcgNode *n, unsigned d)
{
    static const uint64_t mask[3] = { 0x0f0f0f0f0f0f0f0f, 0x3333333333333333, 0x5555555555555555 };
    unsigned w = width_w(n->type);

    if (have(e, HOST_GFNI)) {
        op_rr(&e->a, P_66 | M_0F | 0x6e | w, XSCRATCH, tcg_x86_use(e, n, 0, RAX));          /* movd, movq */
        op_rm_imm(&e->a, P_66 | M_3A | 0xce, XSCRATCH, vconst(e, VC_BITREV), 1);            /* gf2p8affineqb */
        put8(&e->a, 0);
        op_rr(&e->a, P_66 | M_0F | 0x7e | w, XSCRATCH, d);
        bswap(&e->a, w, d);
        return;
    }
    tcg_x86_load(e, n, 0, n->type, RAX);
    bswap(&e->a, w, RAX);
    for (unsigned i = 0; i < 3; i++) {
        mov_ri(&e->a, RDX, w ? mask[i] : (uint32_t)mask[i]);
        mov_rr(&e->a, w, d, RAX);
        sh_ri(&e->a, SH_SHR, w, d, 4 >> i);
        alu_rr(&e->a, ALU_AND, w, d, RDX);
        alu_rr(&e->a, ALU_AND, w, RAX, RDX);
        sh_ri(&e->a, SH_SHL, w, RAX, 4 >> i);
        alu_rr(&e->a, ALU_OR, w, RAX, d);
    }
    mov_rr(&e->a, w, d, RAX);
}

static void emit_extract(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned pos = n->aux & 0xff, len = n->aux >> 8, w = width_w(n->type), bits = type_bits(n->type);

    if (pos == 0 && len <= 32) {
        unsigned ra = tcg_x86_use(e, n, 0, RAX);

        if (len == 8) {
            movzx8(&e->a, d, ra);
        } else if (len == 16) {
            movzx16(&e->a, d, ra);
        } else {
            mov_rr(&e->a, 0, d, ra);
            if (len < 32) {
                alu_ri(&e->a, ALU_AND, 0, d, (int32_t)((1u << len) - 1));
            }
        }
        return;
    }
    if (pos + len <= 32) {
        w = 0;                                  /* the field lies in the low half */
        bits = 32;
    }
    tcg_x86_load(e, n, 0, w ? TCG_I64 : TCG_I32, d);
    if (pos + len == bits) {
        if (pos) {
            sh_ri(&e->a, SH_SHR, w, d, pos);
        }
    } else if (len <= 32) {
        sh_ri(&e->a, SH_SHR, w, d, pos);
        if (len == 8) {
            movzx8(&e->a, d, d);
        } else if (len == 16) {
            movzx16(&e->a, d, d);
        } else if (len == 32) {
            mov_rr(&e->a, 0, d, d);
        } else {
            alu_ri(&e->a, ALU_AND, 0, d, (int32_t)((1u << len) - 1));
        }
    } else {
        sh_ri(&e->a, SH_SHL, w, d, bits - len - pos);
        sh_ri(&e->a, SH_SHR, w, d, bits - len);
    }
}

static void emit_sextract(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned pos = n->aux & 0xff, len = n->aux >> 8, w = width_w(n->type), bits = type_bits(n->type);

    if (pos == 0 && (len == 8 || len == 16 || len == 32)) {
        unsigned ra = tcg_x86_use(e, n, 0, RAX);

        if (len == 8) {
            movsx8(&e->a, w, d, ra);
        } else if (len == 16) {
            movsx16(&e->a, w, d, ra);
        } else if (w) {
            movsxd(&e->a, d, ra);
        } else {
            mov_rr(&e->a, 0, d, ra);
        }
        return;
    }
    tcg_x86_load(e, n, 0, n->type, d);
    if (pos + len < bits) {
        sh_ri(&e->a, SH_SHL, w, d, bits - len - pos);
    }
    if (len < bits) {
        sh_ri(&e->a, SH_SAR, w, d, bits - len);
    }
}

static void emit_deposit(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned pos = n->aux & 0xff, len = n->aux >> 8, w = width_w(n->type), bits = type_bits(n->type);
    uint64_t ones = len == 64 ? UINT64_MAX : BIT64(len) - 1, keep = ~(ones << pos);
    int64_t keep_s = w ? (int64_t)keep : (int32_t)keep;

    if (len == bits) {
        tcg_x86_load(e, n, 1, n->type, d);
        return;
    }
    if (is_const(n, 1)) {
        uint64_t v = ((uint64_t)arg_const(e, n, 1, n->type) & ones) << pos;

        tcg_x86_load(e, n, 0, n->type, d);
        if (v != ~keep) {
            alu_const(e, ALU_AND, w, d, keep_s);
        }
        if (v) {
            alu_const(e, ALU_OR, w, d, w ? (int64_t)v : (int32_t)v);
        }
        return;
    }
    if (pos == 0 && (len == 8 || len == 16) && in_reg(n, 1) && !reg_is(n, 1, d)) {
        tcg_x86_load(e, n, 0, n->type, d);
        op_rr(&e->a, len == 8 ? 0x8a | X_BREG | X_BRM : P_66 | 0x8b, d, loc_num(n->in[1]));
        return;
    }
    tcg_x86_load(e, n, 1, n->type, RAX);
    if (pos == 0 && len < 32) {
        alu_ri(&e->a, ALU_AND, 0, RAX, (int32_t)ones);
    } else if (pos + len == bits) {
        sh_ri(&e->a, SH_SHL, w, RAX, pos);
    } else {
        sh_ri(&e->a, SH_SHL, w, RAX, bits - len);
        sh_ri(&e->a, SH_SHR, w, RAX, bits - len - pos);
    }
    tcg_x86_load(e, n, 0, n->type, d);
    if (!w || fits32(keep_s) || (uint64_t)keep_s <= UINT32_MAX) {
        alu_const(e, ALU_AND, w, d, keep_s);
    } else if (pos == 0) {
        sh_ri(&e->a, SH_SHR, w, d, len);
        sh_ri(&e->a, SH_SHL, w, d, len);
    } else if (pos + len == bits) {
        sh_ri(&e->a, SH_SHL, w, d, len);
        sh_ri(&e->a, SH_SHR, w, d, len);
    } else {
        alu_const(e, ALU_AND, w, d, keep_s);
    }
    alu_rr(&e->a, ALU_OR, w, d, RAX);
}

static void emit_extract2(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned w = width_w(n->type), t = d;

    if (reg_is(n, 1, d) && !reg_is(n, 0, d)) {
        t = RAX;
    }
    tcg_x86_load(e, n, 0, n->type, t);
    if (n->aux) {
        op_rr(&e->a, M_0F | 0xac | w, tcg_x86_use(e, n, 1, RDX), t);    /* shrd */
        put8(&e->a, n->aux);
    }
    if (t != d) {
        mov_rr(&e->a, w, d, t);
    }
}

/* Whether the i32 operation of a node clears the upper half of its result's register. */
bool tcg_x86_upper_is_zero(const TcgFn *fn, TcgId id)
{
    const TcgNode *n = fn_node(fn, id);

    if (n->type != TCG_I32 && !(tcg_op_def[n->op].flags & TCGF_ARGT)) {
        return false;
    }
    switch (n->op) {
    case OP_add: case OP_addshl: case OP_sub: case OP_mul: case OP_and: case OP_or: case OP_xor: case OP_andn: case OP_orn:
    case OP_not: case OP_neg: case OP_shl: case OP_shr: case OP_sar: case OP_ror: case OP_clz: case OP_ctz:
    case OP_popcnt: case OP_bswap: case OP_rbit: case OP_extract: case OP_setcond: case OP_select_cmp:
    case OP_flags_cond: case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn: case OP_ld_env:
        return true;
    default:
        return false;
    }
}

/* -- conditions ------------------------------------------------------------------------------------------ */
/* Whether the flags are those of comparing argument 0 with 0; zero_alone: or ZF alone is. */
static bool compared_with_0(const Emit *e, const TcgNode *n, unsigned w, bool zero_alone)
{
    return e->flags.end == e->a.p && e->flags.a == n->in[0] && e->flags.b == LOC_NONE &&
           (e->flags.w == (w != 0) || (w && zero_alone)) && (zero_alone || !e->flags.zero_alone);
}

/* Tests argument 0's bits of v, for COND_TSTEQ or COND_TSTNE. */
static unsigned test_const(Emit *e, const TcgNode *n, unsigned w, int64_t v, unsigned cond)
{
    unsigned ra = tcg_x86_use(e, n, 0, RAX);

    if (!w || (uint64_t)v <= UINT32_MAX) {
        test_ri(&e->a, 0, ra, (int32_t)v);
    } else if (fits32(v)) {
        test_ri(&e->a, w, ra, (int32_t)v);
    } else if (is_pow2((uint64_t)v)) {
        op_rr(&e->a, M_0F | 0xba | X_W, 4, ra);                 /* bt: the bit to CF */
        put8(&e->a, ctz64((uint64_t)v));
        return cond == COND_TSTNE ? CC_B : CC_AE;
    } else {
        mov_ri(&e->a, RDX, (uint64_t)v);
        test_rr(&e->a, X_W, ra, RDX);
    }
    return cc_of_cond[cond];
}

/* Compares argument 0 with v. */
static void cmp_const(Emit *e, const TcgNode *n, unsigned w, int64_t v, unsigned cond)
{
    unsigned ra;

    if (v == 0 && compared_with_0(e, n, w, cond <= COND_NE)) {
        return;
    }
    if (loc_kind(n->in[0]) == LOC_SLOT && fits32(v)) {
        alu_mi(&e->a, ALU_CMP, w, slot_mem(n->in[0]), (int32_t)v);
    } else {
        ra = tcg_x86_use(e, n, 0, RAX);
        if (v == 0) {
            test_rr(&e->a, w, ra, ra);          /* CF = OF = 0, as a comparison with 0 gives */
            flags_are(e, ra, w, false);
            return;
        }
        alu_const(e, ALU_CMP, w, ra, v);
    }
    flags_are(e, 0, w, false);
    e->flags.a = n->in[0];
    e->flags.b = n->in[1];
}

/* Compares arguments 0 and 1; returns the condition code for cond. Uses RAX and RDX. */
unsigned tcg_x86_emit_cmp(Emit *e, const TcgNode *n, unsigned type, unsigned cond)
{
    unsigned w = width_w(type);
    bool test = cond == COND_TSTEQ || cond == COND_TSTNE;

    if (test && is_const(n, 1)) {
        return test_const(e, n, w, arg_const(e, n, 1, type), cond);
    }
    if (test) {
        unsigned ra = tcg_x86_use(e, n, 0, RAX);

        test_rr(&e->a, w, ra, tcg_x86_use(e, n, 1, RDX));
        return cc_of_cond[cond];
    }
    if (e->flags.end == e->a.p && e->flags.a == n->in[0] && e->flags.b == n->in[1] && e->flags.w == (w != 0)) {
        return cc_of_cond[cond];
    }
    if (is_const(n, 1)) {
        cmp_const(e, n, w, arg_const(e, n, 1, type), cond);
    } else {
        alu_arg(e, ALU_CMP, type, tcg_x86_use(e, n, 0, RAX), n, 1);
        flags_are(e, 0, w, false);
        e->flags.a = n->in[0];
        e->flags.b = n->in[1];
    }
    return cc_of_cond[cond];
}

/* Tests a flag condition on the nzcv value in argument 0; returns the condition code. Uses RAX and RDX. */
unsigned tcg_x86_emit_fc(Emit *e, const TcgNode *n, unsigned fc)
{
    static const uint8_t one_bit[] = { [FC_EQ] = FLAG_Z, [FC_CS] = FLAG_C, [FC_MI] = FLAG_N, [FC_VS] = FLAG_V };
    unsigned r = tcg_x86_use(e, n, 0, RDX);

    if (fc >= FC_AL) {
        alu_rr(&e->a, ALU_CMP, 0, RAX, RAX);
        return CC_E;
    }
    if (fc <= FC_VC) {
        test_ri(&e->a, 0, r, one_bit[fc & ~1u]);
        return fc & 1 ? CC_E : CC_NE;
    }
    mov_ri(&e->a, RAX, tcg_flag_truth[fc]);
    op_rr(&e->a, M_0F | 0xa3, r, RAX);          /* bt */
    return CC_B;
}

static void emit_setcc(Emit *e, unsigned cc, unsigned d)
{
    const uint8_t *from = e->a.p;

    setcc(&e->a, cc, RAX);
    movzx8(&e->a, d, RAX);
    flags_kept(e, from, TCG_LOC(LOC_REG, d));
}

/* d = cc ? argument t : argument f; the flags are set. RDX may hold none of them. */
static void emit_cmov(Emit *e, const TcgNode *n, unsigned cc, unsigned t, unsigned f, unsigned d)
{
    unsigned w = width_w(n->type);
    const uint8_t *from = e->a.p;

    if (n->in[t] == n->out && n->in[f] != n->out) {
        unsigned swap = t;

        t = f;
        f = swap;
        cc ^= 1;
    }
    if (n->type >= TCG_V128) {
        TcgNode move = { .op = OP_mov, .type = n->type, .in = { n->in[f] }, .out = n->out };
        uint8_t *skip;

        if (n->in[f] != n->out) {
            tcg_x86_emit_mov(e, &move);
        }
        skip = jcc_fwd8(&e->a, cc ^ 1);
        move.in[0] = n->in[t];
        tcg_x86_emit_mov(e, &move);
        fix8(skip, e->a.p);
        return;
    }
    tcg_x86_load(e, n, f, n->type, d);
    if (loc_kind(n->in[t]) == LOC_SLOT) {
        op_rm(&e->a, M_0F | 0x40 | cc | w, d, slot_mem(n->in[t]));
    } else {
        cmov(&e->a, cc, w, d, tcg_x86_use(e, n, t, RDX));
    }
    flags_kept(e, from, n->out);
}

/* nzcv of the host's flags to d. */
static void emit_nzcv(Emit *e, unsigned d, bool borrow)
{
    if (borrow) {
        put8(&e->a, 0xf5);                      /* cmc */
    }
    put8(&e->a, 0x9f);                          /* lahf: AX bits 15, 14, 8 are SF, ZF, CF */
    setcc(&e->a, CC_O, RAX);
    if (have(e, HOST_PEXT)) {
        mov_ri(&e->a, RDX, 0xc101);
        vex_rr(&e->a, M_38 | P_F3 | 0xf5, d, RAX, RDX);         /* pext: V, C, Z, N to bits 0 to 3 */
        return;
    }
    /* Bits 0, 8, 14, 15 times 2^12 + 2^5 + 1 meet at 12, 13, 14, 15; no other product lands there. */
    alu_ri(&e->a, ALU_AND, 0, RAX, 0xc101);
    op_rr(&e->a, 0x69, RAX, RAX);
    put32(&e->a, 0x1021);
    sh_ri(&e->a, SH_SHR, 0, RAX, 12);
    alu_ri(&e->a, ALU_AND, 0, RAX, 15);
    mov_rr(&e->a, 0, d, RAX);
}

static void emit_flags(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned type = n->type, w = width_w(type), r;

    switch (n->op) {
    case OP_flags_add:
        tcg_x86_load(e, n, 0, type, RAX);
        alu_arg(e, ALU_ADD, type, RAX, n, 1);
        break;
    case OP_flags_sub:
        r = tcg_x86_use(e, n, 0, RAX);
        alu_arg(e, ALU_CMP, type, r, n, 1);
        break;
    case OP_flags_adc:
        tcg_x86_load(e, n, 0, type, RAX);
        r = tcg_x86_use(e, n, 2, RDX);
        op_rr(&e->a, M_0F | 0xba, 4, r);        /* bt r, 0: the carry in */
        put8(&e->a, 0);
        alu_arg(e, ALU_ADC, type, RAX, n, 1);
        break;
    default:
        if (!compared_with_0(e, n, w, false)) {
            r = tcg_x86_use(e, n, 0, RAX);
            test_rr(&e->a, w, r, r);
        }
    }
    emit_nzcv(e, d, n->op == OP_flags_sub);
}

/* -- by operation ---------------------------------------------------------------------------------------- */
static void op_add(Emit *e, const TcgNode *n, unsigned d)
{
    emit_alu(e, n, ALU_ADD, d);
}

static void op_sub(Emit *e, const TcgNode *n, unsigned d)
{
    emit_alu(e, n, ALU_SUB, d);
}

static void op_and(Emit *e, const TcgNode *n, unsigned d)
{
    emit_alu(e, n, ALU_AND, d);
}

static void op_or(Emit *e, const TcgNode *n, unsigned d)
{
    emit_alu(e, n, ALU_OR, d);
}

static void op_xor(Emit *e, const TcgNode *n, unsigned d)
{
    emit_alu(e, n, ALU_XOR, d);
}

static void op_addshl(Emit *e, const TcgNode *n, unsigned d)
{
    lea(&e->a, width_w(n->type), d, mem_bi((int)loc_num(n->in[0]), loc_num(n->in[1]), n->aux, 0));
}

static void op_andn(Emit *e, const TcgNode *n, unsigned d)
{
    emit_not_b(e, n, ALU_AND, d);
}

static void op_orn(Emit *e, const TcgNode *n, unsigned d)
{
    emit_not_b(e, n, ALU_OR, d);
}

static void op_not_or_neg(Emit *e, const TcgNode *n, unsigned d)
{
    tcg_x86_load(e, n, 0, n->type, d);
    op_rr(&e->a, 0xf7 | width_w(n->type), n->op == OP_not ? 2 : 3, d);
}

static void op_shl(Emit *e, const TcgNode *n, unsigned d)
{
    emit_shift(e, n, SH_SHL, d);
}

static void op_shr(Emit *e, const TcgNode *n, unsigned d)
{
    emit_shift(e, n, SH_SHR, d);
}

static void op_sar(Emit *e, const TcgNode *n, unsigned d)
{
    emit_shift(e, n, SH_SAR, d);
}

static void op_ror(Emit *e, const TcgNode *n, unsigned d)
{
    emit_shift(e, n, SH_ROR, d);
}

static void op_popcnt(Emit *e, const TcgNode *n, unsigned d)
{
    op_rr(&e->a, M_0F | P_F3 | 0xb8 | width_w(n->type), d, tcg_x86_use(e, n, 0, RAX));
}

static void op_bswap(Emit *e, const TcgNode *n, unsigned d)
{
    tcg_x86_load(e, n, 0, n->type, d);
    bswap(&e->a, width_w(n->type), d);
}

static void op_trunc(Emit *e, const TcgNode *n, unsigned d)
{
    tcg_x86_load(e, n, 0, TCG_I32, d);
}

static void op_zext(Emit *e, const TcgNode *n, unsigned d)
{
    if (!reg_is(n, 0, d) || !tcg_x86_upper_is_zero(e->fn, n->arg[0])) {
        mov_rr(&e->a, 0, d, tcg_x86_use(e, n, 0, d));
    }
}

static void op_sext(Emit *e, const TcgNode *n, unsigned d)
{
    movsxd(&e->a, d, tcg_x86_use(e, n, 0, d));
}

static void op_setcond(Emit *e, const TcgNode *n, unsigned d)
{
    emit_setcc(e, tcg_x86_emit_cmp(e, n, n->type, n->aux), d);
}

static void op_flags_cond(Emit *e, const TcgNode *n, unsigned d)
{
    emit_setcc(e, tcg_x86_emit_fc(e, n, n->aux), d);
}

static void op_select(Emit *e, const TcgNode *n, unsigned d)
{
    unsigned r = tcg_x86_use(e, n, 0, RAX);

    test_rr(&e->a, 0, r, r);
    emit_cmov(e, n, CC_NE, 1, 2, d);
}

static void op_select_cmp(Emit *e, const TcgNode *n, unsigned d)
{
    emit_cmov(e, n, tcg_x86_emit_cmp(e, n, (unsigned)n->imm, n->aux), 2, 3, d);
}

static void op_select_fc(Emit *e, const TcgNode *n, unsigned d)
{
    emit_cmov(e, n, tcg_x86_emit_fc(e, n, n->aux), 1, 2, d);
}

void tcg_x86_emit_alu(Emit *e, const TcgNode *n)
{
    static void (*const emit[])(Emit *e, const TcgNode *n, unsigned d) = {
#define ENTRY(op, fn) [OP_##op - OP_add] = fn
        ENTRY(add, op_add), ENTRY(sub, op_sub), ENTRY(mul, emit_mul), ENTRY(mulhu, emit_mulh), ENTRY(mulhs, emit_mulh),
        ENTRY(divu, emit_div), ENTRY(divs, emit_div), ENTRY(and, op_and), ENTRY(or, op_or), ENTRY(xor, op_xor),
        ENTRY(andn, op_andn), ENTRY(orn, op_orn), ENTRY(not, op_not_or_neg), ENTRY(neg, op_not_or_neg),
        ENTRY(shl, op_shl), ENTRY(shr, op_shr), ENTRY(sar, op_sar), ENTRY(ror, op_ror), ENTRY(clz, emit_count_zeros),
        ENTRY(ctz, emit_count_zeros), ENTRY(popcnt, op_popcnt), ENTRY(bswap, op_bswap), ENTRY(rbit, emit_rbit),
        ENTRY(extract, emit_extract), ENTRY(sextract, emit_sextract), ENTRY(deposit, emit_deposit),
        ENTRY(extract2, emit_extract2), ENTRY(addshl, op_addshl), ENTRY(trunc, op_trunc), ENTRY(zext, op_zext),
        ENTRY(sext, op_sext), ENTRY(setcond, op_setcond), ENTRY(select, op_select), ENTRY(select_cmp, op_select_cmp),
        ENTRY(select_fc, op_select_fc), ENTRY(flags_add, emit_flags), ENTRY(flags_sub, emit_flags),
        ENTRY(flags_adc, emit_flags), ENTRY(flags_logic, emit_flags), ENTRY(flags_cond, op_flags_cond),
#undef ENTRY
    };

    G_STATIC_ASSERT(G_N_ELEMENTS(emit) == OP_flags_cond - OP_add + 1);
    emit[n->op - OP_add](e, n, loc_num(n->out));
}
