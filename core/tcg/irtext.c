/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regions as text, and back. One node a line, values numbered in the order of their definition:
 *
 *   local l0 i32
 *   b1:
 *     insn_start 0x0
 *     %1 = ld_env.i64 [x1]                       a field by its row's name, or by its offset
 *     %2 = guest_ld.i64 %1 s32+be map(n=0 pc=+4 x0=%1)
 *     %3 = setcond.i64.eq %2, 5                  constants stand where they are used
 *     %4 = extract.i64 %2 pos=3 len=8
 *     %5 = vshl.4 %9 imm=3                       vector ops: bytes of an element; wide ones: vshl.v512.4
 *     call poke(%1) map(n=0)
 *     brcond.i64.ne %2, 0, b2, b1
 *   b2:
 *     %6 = phi.i64 b1:%1, b3:7
 *
 * A line after dce that ends in "; recipe" is computed for state maps alone. Comments start with # or ;.
 */
#include "core/tcg/ir_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_name[TCG_NUM_TYPES] = { "void", "i32", "i64", "v128", "v256", "v512", "pred" };
static const char *const cond_name[TCG_NUM_CONDS] = {
    "eq", "ne", "lt", "ge", "le", "gt", "ltu", "geu", "leu", "gtu", "tsteq", "tstne",
};
static const char *const fc_name[16] = {
    "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv",
};
static const char *const rmw_name[TCG_NUM_RMWS] = {
    "swp", "add", "and", "or", "xor", "smax", "smin", "umax", "umin",
};
static const char *const align_name[8] = { "none", "natural", "within16", "4", "8", "16", "6", "7" };
static const char *const atom_name[4] = { "aligned", "none", "within16", "pair" };
static const char *const order_name[4] = { "relaxed", "acquire", "release", "acqrel" };
static const char *const kind_name[8] = { "plain", "probe", "tagged", "exclusive", "4", "5", "6", "7" };

/* What an operation's aux and imm mean, as text shows them. */
typedef enum AuxKind { AUX_NONE, AUX_ROW, AUX_FIELD, AUX_POS, AUX_COND, AUX_FC, AUX_RMW, AUX_ES, AUX_SLOT, AUX_SIZE,
               AUX_FP, AUX_OFFSET, AUX_INDEX } AuxKind;
typedef enum ImmKind { IMM_NONE, IMM_OFFSET, IMM_DELTA, IMM_MEMOP, IMM_FENCE, IMM_HELPER, IMM_NUM, IMM_COND, IMM_TYPE,
               IMM_OPTIONAL, IMM_MEANING, IMM_MASKED } ImmKind;

static AuxKind aux_kind(TcgOpcode op)
{
    switch (op) {
    case OP_get_reg: case OP_set_reg: return AUX_ROW;
    case OP_ld_env: case OP_st_env: case OP_add_env: return AUX_SIZE;
    case OP_extract: case OP_sextract: case OP_deposit: return AUX_FIELD;
    case OP_extract2: case OP_addshl: return AUX_POS;
    case OP_setcond: case OP_select_cmp: case OP_brcond: case OP_br_vec: return AUX_COND;
    case OP_select_fc: case OP_flags_cond: case OP_brflag: return AUX_FC;
    case OP_guest_rmw: return AUX_RMW;
    case OP_guest_ld: case OP_guest_st: case OP_guest_ldh: case OP_guest_sth: case OP_guest_ldn: case OP_guest_stn:
    case OP_guest_page:
        return AUX_OFFSET;
    case OP_guest_ldx: case OP_guest_stx: return AUX_INDEX;
    case OP_goto_tb: return AUX_SLOT;
    case OP_fp: case OP_fp_to_int: case OP_fp_cmp: case OP_flags_fp: case OP_br_fp: return AUX_FP;
    case OP_pfrom: case OP_pto: case OP_guest_ldm: case OP_guest_stm: return AUX_ES;
    default: return tcg_op_def[op].flags & TCGF_VEC ? AUX_ES : AUX_NONE;
    }
}

static ImmKind imm_kind(TcgOpcode op)
{
    switch (op) {
    case OP_ld_env: case OP_st_env: case OP_add_env: return IMM_OFFSET;
    case OP_insn_start: return IMM_DELTA;
    case OP_poll: case OP_goto_tb: return IMM_OPTIONAL;
    case OP_guest_ldh: case OP_guest_sth: case OP_guest_ldn: case OP_guest_stn:
    case OP_guest_ld: case OP_guest_st: case OP_guest_ldx: case OP_guest_stx: case OP_guest_rmw: case OP_guest_cas:
    case OP_guest_ldm: case OP_guest_stm:
        return IMM_MEMOP;
    case OP_fence: return IMM_FENCE;
    case OP_call: return IMM_HELPER;
    case OP_fp: case OP_fp_to_int: case OP_fp_cmp: return IMM_MEANING;
    case OP_vcmp: case OP_pcmp: return IMM_COND;
    case OP_vmasked: return IMM_MASKED;
    case OP_select_cmp: return IMM_TYPE;
    case OP_vshl: case OP_vshr: case OP_vsar: case OP_vdup_lane: case OP_vget: case OP_vset: case OP_vext:
    case OP_vbyterev: case OP_vror: case OP_vclmul: case OP_vgfaff: case OP_vtern: case OP_vshuf: case OP_vsha1r:
    case OP_guest_page: case OP_pnot: case OP_pwhile:
        return IMM_NUM;
    default: return IMM_NONE;
    }
}

/* The type of an operation that has no other, or that is V128 or wide; it is shown only where it is wide. */
static TcgType fixed_type(TcgOpcode op)
{
    switch (op) {
    case OP_trunc: case OP_flags_cond: case OP_brflag: return TCG_I32;
    case OP_zext: case OP_sext: return TCG_I64;
    case OP_vpair: case OP_vext: case OP_vtbl: case OP_vpopcnt8: return TCG_V128;
    case OP_fp: case OP_fp_cmp: case OP_flags_fp: case OP_br_fp: case OP_br_vec: return TCG_V128;
    case OP_pfrom: case OP_pand: case OP_por: case OP_pxor: case OP_pandn: case OP_pnot: case OP_pwhile: case OP_ptest:
        return TCG_PRED;
    case OP_pto: return TCG_I64;
    default: return tcg_op_def[op].flags & TCGF_VEC ? TCG_V128 : TCG_VOID;
    }
}

/* -- printing ------------------------------------------------------------------------------------------------------- */

typedef struct Printer {
    const TcgFn *fn;
    GString *out;
    uint32_t *number;                           /* by node */
} Printer;

static void print_value(Printer *p, TcgId v)
{
    const TcgNode *n = fn_node(p->fn, v);

    if (v == 0) {
        g_string_append(p->out, "none");
    } else if (n->op != OP_const) {
        g_string_append_printf(p->out, p->number[v] ? "%%%u" : "%%dead%u", p->number[v] ? p->number[v] : v);
    } else if (tcg_type_is_vec(n->type)) {
        g_string_append_printf(p->out, "0x%" PRIx64 ":0x%" PRIx64, n->imm2, n->imm);
    } else if (n->imm < 4096) {
        g_string_append_printf(p->out, "%" PRIu64, n->imm);
    } else if (n->type != TCG_I32 ? (int64_t)n->imm < 0 && (int64_t)n->imm > -4096
                                  : (int32_t)n->imm < 0 && (int32_t)n->imm > -4096) {
        g_string_append_printf(p->out, "%" PRId64, n->type != TCG_I32 ? (int64_t)n->imm : (int32_t)n->imm);
    } else {
        g_string_append_printf(p->out, "0x%" PRIx64, n->imm);
    }
}

static void print_row(Printer *p, unsigned row)
{
    if (row >= TCG_LOCAL) {
        g_string_append_printf(p->out, "l%u", row - TCG_LOCAL);
    } else {
        g_string_append(p->out, p->fn->config->target->regs[row].name);
    }
}

/* [name] if a whole row lies there, [name+bytes] inside one, else [bytes]. */
static void print_offset(Printer *p, uint64_t offset)
{
    const TcgTarget *t = p->fn->config->target;

    for (unsigned i = 0; i < t->num_regs; i++) {
        uint64_t in = offset - t->regs[i].offset;

        if (in < tcg_type_size(t->regs[i].type)) {
            g_string_append_printf(p->out, in ? "[%s+%u]" : "[%s]", t->regs[i].name, (unsigned)in);
            return;
        }
    }
    g_string_append_printf(p->out, "[%" PRIu64 "]", offset);
}

static void print_memop(GString *out, MemOp mo)
{
    g_string_append_printf(out, " %c%u", mo & MO_SIGN ? 's' : 'u', 8 * memop_size(mo));
    if (mo & MO_BE) {
        g_string_append(out, "+be");
    }
    if (mo & MO_ALIGN) {
        g_string_append_printf(out, "+align=%s", align_name[(mo & MO_ALIGN) >> MO_ALIGN_SHIFT]);
    }
    if (mo & MO_ATOM) {
        g_string_append_printf(out, "+atom=%s", atom_name[(mo & MO_ATOM) >> MO_ATOM_SHIFT]);
    }
    if (mo & MO_ORDER) {
        g_string_append_printf(out, "+%s", order_name[(mo & MO_ORDER) >> MO_ORDER_SHIFT]);
    }
    if (mo & MO_KIND) {
        g_string_append_printf(out, "+%s", kind_name[(mo & MO_KIND) >> MO_KIND_SHIFT]);
    }
    if (memop_mmu(mo)) {
        g_string_append_printf(out, "+mmu=%u", memop_mmu(mo));
    }
}

static void print_map(Printer *p, uint32_t map)
{
    const TcgStateMap *m = fn_map(p->fn, map);

    g_string_append_printf(p->out, " map(n=%u", m->insns);
    if (m->pc_delta) {
        g_string_append_printf(p->out, " pc%+" PRId64, m->pc_delta);
    }
    for (uint32_t i = 0; i < m->num; i++) {
        const TcgMapEntry *e = fn_map_entry(p->fn, m->first + i);

        g_string_append_c(p->out, ' ');
        print_row(p, e->row);
        g_string_append_c(p->out, '=');
        print_value(p, e->value);
    }
    g_string_append_c(p->out, ')');
}

static void print_rows(Printer *p, const char *what, uint32_t list, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        g_string_append_printf(p->out, i ? " " : " %s(", what);
        print_row(p, *fn_list(p->fn, list + i));
    }
    if (len) {
        g_string_append_c(p->out, ')');
    }
}

static void print_mnemonic(Printer *p, const TcgNode *n)
{
    GString *out = p->out;
    const TcgOpDef *def = &tcg_op_def[n->op];

    g_string_append(out, def->name);
    if ((!fixed_type(n->op) && n->type != TCG_VOID && n->op != OP_call) || (fixed_type(n->op) && tcg_type_is_wide(n->type))) {
        g_string_append_printf(out, ".%s", type_name[n->type]);
    }
    switch (aux_kind(n->op)) {
    case AUX_COND:
        g_string_append_printf(out, ".%s", n->aux < TCG_NUM_CONDS ? cond_name[n->aux] : "?");
        break;
    case AUX_FC:
        g_string_append_printf(out, ".%s", n->aux < 16 ? fc_name[n->aux] : "?");
        break;
    case AUX_RMW:
        g_string_append_printf(out, ".%s", n->aux < TCG_NUM_RMWS ? rmw_name[n->aux] : "?");
        break;
    case AUX_ES:
        g_string_append_printf(out, ".%u", 1u << n->aux);
        break;
    default:
        break;
    }
    if (imm_kind(n->op) == IMM_COND) {
        g_string_append_printf(out, ".%s", n->imm < TCG_NUM_CONDS ? cond_name[n->imm] : "?");
    } else if (imm_kind(n->op) == IMM_TYPE) {
        g_string_append_printf(out, ".%s", n->imm < TCG_NUM_TYPES ? type_name[n->imm] : "?");
    }
}

static void print_tail(Printer *p, const TcgNode *n)
{
    GString *out = p->out;

    switch (aux_kind(n->op)) {
    case AUX_FIELD: g_string_append_printf(out, " pos=%u len=%u", n->aux & 0xff, n->aux >> 8); break;
    case AUX_POS: g_string_append_printf(out, " pos=%u", n->aux); break;
    case AUX_SLOT: g_string_append_printf(out, " slot=%u", n->aux); break;
    case AUX_FP: g_string_append_printf(out, " fp=0x%x", n->aux); break;
    case AUX_OFFSET:
        if (n->aux) {
            g_string_append_printf(out, " offset=%d", (int16_t)n->aux);
        }
        break;
    case AUX_INDEX: g_string_append_printf(out, " scale=%u offset=%d", n->aux & 3, tcg_access_offset(n)); break;
    case AUX_SIZE:
        if (1u << (n->aux & MO_SIZE) != tcg_type_size(n->type)) {
            g_string_append_printf(out, " %c%u", n->aux & MO_SIGN ? 's' : 'u', 8u << (n->aux & MO_SIZE));
        }
        break;
    default: break;
    }
    switch (imm_kind(n->op)) {
    case IMM_MEMOP: print_memop(out, n->imm); break;
    case IMM_NUM: g_string_append_printf(out, " imm=%" PRIu64, n->imm); break;
    case IMM_MEANING: g_string_append_printf(out, " by %s", call_helper(n)->name); break;
    case IMM_MASKED: {
        TcgNode inner = tcg_masked_op(n);

        g_string_append_printf(out, " as=%s imm=%" PRIu64, inner.op < TCG_NUM_OPS ? tcg_op_def[inner.op].name : "?",
                               inner.imm);
        break;
    }
    case IMM_OPTIONAL:
        if (n->imm) {
            g_string_append_printf(out, " imm=%" PRId64, (int64_t)n->imm);
        }
        break;
    default: break;
    }
    if (n->op == OP_call) {
        print_rows(p, "reads", n->reads, n->num_reads);
        print_rows(p, "writes", n->writes, n->num_writes);
    }
    if (n->map) {
        print_map(p, n->map);
    }
}

static void print_node(Printer *p, TcgId id, const TcgIrBlock *b)
{
    const TcgFn *fn = p->fn;
    const TcgNode *n = fn_node(fn, id);
    const TcgOpDef *def = &tcg_op_def[n->op];
    const char *sep = " ";
    GString *out = p->out;

    g_string_append(out, "  ");
    if (p->number[id]) {
        g_string_append_printf(out, "%%%u = ", p->number[id]);
    }
    print_mnemonic(p, n);
    if (aux_kind(n->op) == AUX_ROW) {
        g_string_append_c(out, ' ');
        print_row(p, n->aux);
        sep = ", ";
    } else if (imm_kind(n->op) == IMM_OFFSET) {
        g_string_append_c(out, ' ');
        print_offset(p, n->imm);
        sep = ", ";
    } else if (imm_kind(n->op) == IMM_DELTA || imm_kind(n->op) == IMM_FENCE) {
        g_string_append_printf(out, " %" PRId64, (int64_t)n->imm);
    } else if (n->op == OP_call) {
        g_string_append_printf(out, " %s(", ((const TcgHelper *)(uintptr_t)n->imm)->name);
        for (uint32_t i = 0; i < n->list_len; i++) {
            g_string_append(out, i ? ", " : "");
            print_value(p, *fn_list(fn, n->list + i));
        }
        g_string_append_c(out, ')');
    } else if (n->op == OP_phi) {
        for (uint32_t i = 0; i < n->list_len; i++) {
            g_string_append_printf(out, "%sb%u:", sep, i < b->num_preds ? *fn_list(fn, b->preds + i) : 0);
            print_value(p, *fn_list(fn, n->list + i));
            sep = ", ";
        }
    }
    for (unsigned i = 0; i < def->args; i++) {
        g_string_append(out, sep);
        print_value(p, n->arg[i]);
        sep = ", ";
    }
    if (def->flags & TCGF_END) {
        for (uint32_t s = 0; s < b->num_succ; s++) {
            g_string_append_printf(out, "%sb%u", sep, b->succ[s]);
            sep = ", ";
        }
    }
    print_tail(p, n);
    if (node_is_recipe(n)) {
        g_string_append(out, " ; recipe");
    }
    g_string_append_c(out, '\n');
}

static bool has_value(const TcgNode *n)
{
    return tcg_op_def[n->op].results && node_type(n) != TCG_VOID;
}

void tcg_fn_print(const TcgFn *fn, GString *out)
{
    Printer p = { fn, out, g_new0(uint32_t, fn->nodes->len) };
    uint32_t number = 0;

    for (uint32_t i = 0; i < fn->locals->len; i++) {
        g_string_append_printf(out, "local l%u %s\n", i, type_name[g_array_index(fn->locals, uint8_t, i)]);
    }
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        if (fn->rpo->len && !fn_block(fn, b)->order) {
            continue;
        }
        for (TcgId id = fn_block(fn, b)->first; id; id = fn_node(fn, id)->next) {
            if (has_value(fn_node(fn, id))) {
                p.number[id] = ++number;
            }
        }
    }
    for (uint32_t b = 1; b < fn->blocks->len; b++) {
        const TcgIrBlock *block = fn_block(fn, b);

        if (!block->first || (fn->rpo->len && !block->order)) {
            continue;
        }
        g_string_append_printf(out, "b%u:", b);
        if (block->loop_depth && block->order) {
            g_string_append_printf(out, "    ; loop depth %u", block->loop_depth);
        }
        g_string_append_c(out, '\n');
        for (TcgId id = block->first; id; id = fn_node(fn, id)->next) {
            print_node(&p, id, block);
        }
    }
    g_free(p.number);
}

/* -- parsing ------------------------------------------------------------------------------------------------------------ */

typedef struct Parser {
    TcgFn *fn;
    const char *at;                             /* in the current line */
    unsigned line;
    GArray *values;                             /* TcgId by number in the text */
    GArray *defined;                            /* uint8_t */
    uint32_t block;
    char *why;                                  /* the first error */
} Parser;

static bool fail(Parser *p, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static bool fail(Parser *p, const char *fmt, ...)
{
    va_list ap;

    if (!p->why) {
        va_start(ap, fmt);
        p->why = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
    return false;
}

static void skip(Parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == ',') {
        p->at++;
    }
}

static bool accept(Parser *p, const char *word)
{
    skip(p);
    if (!g_str_has_prefix(p->at, word)) {
        return false;
    }
    p->at += strlen(word);
    return true;
}

static bool expect(Parser *p, const char *word)
{
    return accept(p, word) || fail(p, "'%s' expected at '%s'", word, p->at);
}

/* A run of letters, digits and underscores. */
static bool get_word(Parser *p, char *ret, size_t size)
{
    size_t len = 0;

    skip(p);
    while (g_ascii_isalnum(p->at[len]) || p->at[len] == '_') {
        len++;
    }
    if (len == 0 || len >= size) {
        return fail(p, "a word expected at '%s'", p->at);
    }
    memcpy(ret, p->at, len);
    ret[len] = 0;
    p->at += len;
    return true;
}

static bool get_num(Parser *p, uint64_t *ret)
{
    char *end;
    bool negative;

    skip(p);
    negative = *p->at == '-';
    if (*p->at == '+' || negative) {
        p->at++;
    }
    if (!g_ascii_isdigit(*p->at)) {
        return fail(p, "a number expected at '%s'", p->at);
    }
    *ret = g_ascii_strtoull(p->at, &end, g_str_has_prefix(p->at, "0x") ? 16 : 10);
    *ret = negative ? -*ret : *ret;
    p->at = end;
    return true;
}

static int find_name(const char *const *names, unsigned num, const char *word)
{
    for (unsigned i = 0; i < num; i++) {
        if (!strcmp(names[i], word)) {
            return i;
        }
    }
    return -1;
}

static bool get_name(Parser *p, const char *const *names, unsigned num, const char *what, unsigned *ret)
{
    char word[32];
    int i;

    if (!get_word(p, word, sizeof(word))) {
        return false;
    }
    i = find_name(names, num, word);
    if (i < 0) {
        return fail(p, "'%s' is no %s", word, what);
    }
    *ret = i;
    return true;
}

static bool row_by_name(Parser *p, const char *word, unsigned *ret)
{
    const TcgTarget *t = p->fn->config->target;

    for (unsigned i = 0; i < t->num_regs; i++) {
        if (!strcmp(t->regs[i].name, word)) {
            *ret = i;
            return true;
        }
    }
    if (word[0] == 'l' && g_ascii_isdigit(word[1]) && strtoul(word + 1, NULL, 10) < p->fn->locals->len) {
        *ret = TCG_LOCAL + strtoul(word + 1, NULL, 10);
        return true;
    }
    return fail(p, "'%s' is no register or local", word);
}

static bool get_row(Parser *p, unsigned *ret)
{
    char word[32];

    return get_word(p, word, sizeof(word)) && row_by_name(p, word, ret);
}

static TcgId value_by_number(Parser *p, uint64_t number)
{
    if (number >= p->values->len) {
        g_array_set_size(p->values, number + 1);
        g_array_set_size(p->defined, number + 1);
    }
    if (!g_array_index(p->values, TcgId, number)) {
        TcgId id = tcg_fn_node_new(p->fn, OP_const, TCG_VOID);

        g_array_index(p->values, TcgId, number) = id;
    }
    return g_array_index(p->values, TcgId, number);
}

static bool get_value(Parser *p, TcgType type, TcgId *ret)
{
    uint64_t v, lo;

    if (accept(p, "%")) {
        if (!get_num(p, &v)) {
            return false;
        }
        if (v > 0xfffff) {
            return fail(p, "value number too large");
        }
        *ret = value_by_number(p, v);
        return true;
    }
    if (!get_num(p, &v)) {
        return false;
    }
    if (tcg_type_is_vec(type)) {
        if (!expect(p, ":") || !get_num(p, &lo)) {
            return false;
        }
        *ret = tcg_fn_const_wide(p->fn, type, lo, v);
    } else {
        *ret = tcg_fn_const(p->fn, type, v);
    }
    return true;
}

static bool get_block(Parser *p, uint32_t *ret)
{
    uint64_t b;

    if (!expect(p, "b") || !get_num(p, &b)) {
        return false;
    }
    if (b == 0 || b > 10000) {
        return fail(p, "bad block number");
    }
    while (p->fn->blocks->len <= b) {
        tcg_fn_block_new(p->fn);
    }
    *ret = b;
    return true;
}

static bool get_offset(Parser *p, uint64_t *ret)
{
    if (!expect(p, "[")) {
        return false;
    }
    if (g_ascii_isdigit(*p->at)) {
        if (!get_num(p, ret)) {
            return false;
        }
    } else {
        uint64_t plus = 0;
        unsigned row;

        if (!get_row(p, &row) || row >= TCG_LOCAL || (accept(p, "+") && !get_num(p, &plus))) {
            return fail(p, "bad field");
        }
        *ret = p->fn->config->target->regs[row].offset + plus;
    }
    return expect(p, "]");
}

static bool get_size(Parser *p, MemOp *ret)
{
    static const char *const names[] = {
        "u8", "u16", "u32", "u64", "u128", "u256", "u512", "", "s8", "s16", "s32", "s64", "s128",
    };
    unsigned i;

    if (!get_name(p, names, G_N_ELEMENTS(names), "access size", &i)) {
        return false;
    }
    *ret = (i & 7) | (i & 8 ? MO_SIGN : 0);
    return true;
}

static bool get_memop(Parser *p, uint64_t *ret)
{
    MemOp mo = 0;
    unsigned i;
    int k;

    if (!get_size(p, &mo)) {
        return false;
    }
    while (*p->at == '+') {
        char word[32];
        uint64_t num;

        p->at++;
        if (!get_word(p, word, sizeof(word))) {
            return false;
        }
        if (!strcmp(word, "be")) {
            mo |= MO_BE;
        } else if (!strcmp(word, "align") && expect(p, "=") && get_name(p, align_name, 8, "alignment", &i)) {
            mo |= i << MO_ALIGN_SHIFT;
        } else if (!strcmp(word, "atom") && expect(p, "=") && get_name(p, atom_name, 4, "atomicity", &i)) {
            mo |= i << MO_ATOM_SHIFT;
        } else if (!strcmp(word, "mmu") && expect(p, "=") && get_num(p, &num) && num < 256) {
            mo |= num << MO_MMU_SHIFT;
        } else if ((k = find_name(order_name, 4, word)) >= 0) {
            mo |= k << MO_ORDER_SHIFT;
        } else if ((k = find_name(kind_name, 8, word)) >= 0) {
            mo |= k << MO_KIND_SHIFT;
        } else {
            return fail(p, "'%s' is no part of a memory operation", word);
        }
    }
    *ret = mo;
    return true;
}

/* map(n=3 pc+8 x0=%1): the "map(" has been read. */
static bool get_map(Parser *p, TcgId id)
{
    TcgFn *fn = p->fn;
    TcgStateMap m = { .first = fn->map_entries->len };
    uint32_t num = fn->maps->len;
    uint64_t v;

    if (!expect(p, "n=") || !get_num(p, &v)) {
        return false;
    }
    m.insns = v;
    while (!accept(p, ")")) {
        TcgMapEntry e = { 0 };
        char word[32];
        unsigned row;

        if (!get_word(p, word, sizeof(word)) || !row_by_name(p, word, &row)) {
            return false;
        }
        if (row == fn->config->target->pc_reg && (*p->at == '+' || *p->at == '-')) {
            if (!get_num(p, &v)) {
                return false;
            }
            m.pc_delta = v;
            continue;
        }
        if (!expect(p, "=") || !get_value(p, tcg_row_type(fn, row), &e.value)) {
            return false;
        }
        e.row = row;
        g_array_append_val(fn->map_entries, e);
    }
    m.num = fn->map_entries->len - m.first;
    g_array_append_val(fn->maps, m);
    fn_node(fn, id)->map = num;
    return true;
}

static bool get_helper(Parser *p, const TcgHelper **ret)
{
    const TcgTarget *t = p->fn->config->target;
    char word[64];

    if (!get_word(p, word, sizeof(word))) {
        return false;
    }
    for (unsigned i = 0; i < t->num_helpers; i++) {
        if (!strcmp(t->helpers[i].name, word)) {
            *ret = &t->helpers[i];
            return true;
        }
    }
    return fail(p, "'%s' is no helper", word);
}

static bool get_call(Parser *p, TcgId id)
{
    TcgFn *fn = p->fn;
    const TcgHelper *h;
    uint32_t list;

    if (!get_helper(p, &h) || !expect(p, "(")) {
        return false;
    }
    list = tcg_fn_list_new(fn, h->num_args);
    for (unsigned i = 0; i < h->num_args; i++) {
        TcgId v;

        if (!get_value(p, h->args[i], &v)) {
            return false;
        }
        *fn_list(fn, list + i) = v;
    }
    fn_node(fn, id)->type = h->ret;
    fn_node(fn, id)->imm = (uintptr_t)h;
    fn_node(fn, id)->list = list;
    fn_node(fn, id)->list_len = h->num_args;
    if (!expect(p, ")")) {
        return false;
    }
    for (unsigned w = 0; w < 2; w++) {
        uint32_t first = fn->lists->len;

        if (accept(p, w ? "writes(" : "reads(")) {
            while (!accept(p, ")")) {
                unsigned row;

                if (!get_row(p, &row)) {
                    return false;
                }
                *fn_list(fn, tcg_fn_list_new(fn, 1)) = row;
            }
        }
        if (w) {
            fn_node(fn, id)->writes = first;
            fn_node(fn, id)->num_writes = fn->lists->len - first;
        } else {
            fn_node(fn, id)->reads = first;
            fn_node(fn, id)->num_reads = fn->lists->len - first;
        }
    }
    return true;
}

/* The words after the operation's name: type, condition, element size. */
static bool get_suffixes(Parser *p, TcgOpcode op, TcgNode *ret)
{
    static const char *const es_name[] = { "1", "2", "4", "8" };
    unsigned v;

    ret->type = fixed_type(op);
    if (!ret->type && *p->at == '.' && op != OP_call) {
        if (!expect(p, ".") || !get_name(p, type_name, TCG_NUM_TYPES, "type", &v)) {
            return false;
        }
        ret->type = v;
    } else if (ret->type == TCG_V128 && (g_str_has_prefix(p->at, ".v256") || g_str_has_prefix(p->at, ".v512"))) {
        ret->type = p->at[2] == '2' ? TCG_V256 : TCG_V512;
        p->at += strlen(".v256");
    }
    switch (aux_kind(op)) {
    case AUX_COND:
        if (!expect(p, ".") || !get_name(p, cond_name, TCG_NUM_CONDS, "condition", &v)) {
            return false;
        }
        ret->aux = v;
        break;
    case AUX_FC:
        if (!expect(p, ".") || !get_name(p, fc_name, 16, "condition", &v)) {
            return false;
        }
        ret->aux = v;
        break;
    case AUX_RMW:
        if (!expect(p, ".") || !get_name(p, rmw_name, TCG_NUM_RMWS, "operation", &v)) {
            return false;
        }
        ret->aux = v;
        break;
    case AUX_ES:
        if (!expect(p, ".") || !get_name(p, es_name, 4, "element size", &v)) {
            return false;
        }
        ret->aux = v;
        break;
    default:
        break;
    }
    if (op == OP_vget) {
        ret->type = ret->aux == 3 ? TCG_I64 : TCG_I32;
    }
    if (imm_kind(op) == IMM_COND || imm_kind(op) == IMM_TYPE) {
        bool cond = imm_kind(op) == IMM_COND;

        if (!expect(p, ".") || !get_name(p, cond ? cond_name : type_name, cond ? TCG_NUM_CONDS : TCG_NUM_TYPES,
                                         "suffix", &v)) {
            return false;
        }
        ret->imm = v;
    }
    return true;
}

static bool get_phi(Parser *p, TcgId id, TcgType type)
{
    TcgFn *fn = p->fn;
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    bool ok = true;

    /* The values in the text's order, each with its block; put in the predecessors' order at the end. */
    while (ok && *p->at && *p->at != ';' && *p->at != '#') {
        uint32_t block;
        TcgId v;

        ok = get_block(p, &block) && expect(p, ":") && get_value(p, type, &v);
        if (ok) {
            g_array_append_val(pairs, block);
            g_array_append_val(pairs, v);
        }
        skip(p);
    }
    if (ok) {
        uint32_t list = tcg_fn_list_new(fn, pairs->len);

        memcpy(fn_list(fn, list), pairs->data, pairs->len * sizeof(uint32_t));
        fn_node(fn, id)->list = list;
        fn_node(fn, id)->list_len = pairs->len;         /* twice the length until then */
    }
    g_array_free(pairs, TRUE);
    return ok;
}

static bool get_args(Parser *p, TcgId id)
{
    TcgFn *fn = p->fn;
    TcgOpcode op = fn_node(fn, id)->op;
    uint64_t imm = fn_node(fn, id)->imm, v;
    unsigned row;
    TcgId a;

    if (aux_kind(op) == AUX_ROW) {
        if (!get_row(p, &row)) {
            return false;
        }
        fn_node(fn, id)->aux = row;
    } else if (imm_kind(op) == IMM_OFFSET) {
        if (!get_offset(p, &imm)) {
            return false;
        }
    } else if (imm_kind(op) == IMM_DELTA || imm_kind(op) == IMM_FENCE) {
        if (!get_num(p, &imm)) {
            return false;
        }
    } else if (op == OP_phi) {
        return get_phi(p, id, fn_node(fn, id)->type);
    } else if (op == OP_call) {
        return get_call(p, id);
    }
    fn_node(fn, id)->imm = imm;
    for (unsigned i = 0; i < tcg_op_def[op].args; i++) {
        if (!get_value(p, tcg_arg_type(fn, fn_node(fn, id), i), &a)) {
            return false;
        }
        fn_node(fn, id)->arg[i] = a;
    }
    if (tcg_op_def[op].flags & TCGF_END) {
        unsigned num = op == OP_br ? 1 : tcg_op_branches(op) ? 2 : 0;

        for (unsigned s = 0; s < num; s++) {
            uint32_t to;

            if (!get_block(p, &to)) {
                return false;
            }
            fn_block(fn, p->block)->succ[s] = to;
        }
        fn_block(fn, p->block)->num_succ = num;
    }
    switch (aux_kind(op)) {
    case AUX_FIELD:
        if (!expect(p, "pos=") || !get_num(p, &v) || !expect(p, "len=") || !get_num(p, &imm)) {
            return false;
        }
        fn_node(fn, id)->aux = v | imm << 8;
        break;
    case AUX_POS: case AUX_SLOT:
        if (!expect(p, aux_kind(op) == AUX_POS ? "pos=" : "slot=") || !get_num(p, &v)) {
            return false;
        }
        fn_node(fn, id)->aux = v;
        break;
    case AUX_FP:
        if (!expect(p, "fp=") || !get_num(p, &v)) {
            return false;
        }
        fn_node(fn, id)->aux = v;
        break;
    case AUX_OFFSET:
        if (accept(p, "offset=")) {
            if (!get_num(p, &v)) {
                return false;
            }
            fn_node(fn, id)->aux = (uint16_t)v;
        }
        break;
    case AUX_INDEX:
        if (!expect(p, "scale=") || !get_num(p, &v) || !expect(p, "offset=") || !get_num(p, &imm)) {
            return false;
        }
        fn_node(fn, id)->aux = (uint16_t)((v & 3) | imm << 2);
        break;
    case AUX_SIZE: {
        MemOp mo = tcg_type_mo(fn_node(fn, id)->type);

        skip(p);
        if (*p->at == 'u' || *p->at == 's') {
            if (!get_size(p, &mo)) {
                return false;
            }
        }
        fn_node(fn, id)->aux = mo;
        break;
    }
    default:
        break;
    }
    if (imm_kind(op) == IMM_MEMOP) {
        if (!get_memop(p, &imm)) {
            return false;
        }
        fn_node(fn, id)->imm = imm;
    } else if (imm_kind(op) == IMM_NUM || (imm_kind(op) == IMM_OPTIONAL && (skip(p), *p->at == 'i'))) {
        if (!expect(p, "imm=") || !get_num(p, &imm)) {
            return false;
        }
        fn_node(fn, id)->imm = imm;
    } else if (imm_kind(op) == IMM_MASKED) {
        char word[32];
        unsigned inner = 0;

        if (!expect(p, "as=") || !get_word(p, word, sizeof(word)) || !expect(p, "imm=") || !get_num(p, &imm)) {
            return false;
        }
        while (inner < TCG_NUM_OPS && strcmp(tcg_op_def[inner].name, word)) {
            inner++;
        }
        fn_node(fn, id)->imm = tcg_masked_imm(inner, imm);
    } else if (imm_kind(op) == IMM_MEANING) {
        const TcgHelper *h = NULL;

        if (!expect(p, "by") || !get_helper(p, &h)) {
            return false;
        }
        fn_node(fn, id)->imm = (uintptr_t)h;
    }
    return true;
}

static bool parse_node(Parser *p)
{
    TcgFn *fn = p->fn;
    TcgNode proto = { 0 };
    uint64_t number = 0;
    bool named = false;
    char word[32];
    int op;
    TcgId id;

    if (accept(p, "%")) {
        if (!get_num(p, &number) || !expect(p, "=")) {
            return false;
        }
        if (number > 0xfffff) {
            return fail(p, "value number too large");
        }
        named = true;
    }
    if (!get_word(p, word, sizeof(word))) {
        return false;
    }
    for (op = 0; op < TCG_NUM_OPS && strcmp(tcg_op_def[op].name, word); op++) {
    }
    if (op == TCG_NUM_OPS || op == OP_const) {
        return fail(p, "'%s' is no operation", word);
    }
    if (!p->block) {
        return fail(p, "an operation outside a block");
    }
    if (!get_suffixes(p, op, &proto)) {
        return false;
    }
    id = named ? value_by_number(p, number) : tcg_fn_node_new(fn, op, proto.type);
    if (named) {
        uint8_t *defined = &g_array_index(p->defined, uint8_t, number);

        if (*defined) {
            return fail(p, "%%%u is defined twice", (unsigned)number);
        }
        *defined = 1;
    }
    fn_node(fn, id)->op = op;
    fn_node(fn, id)->type = proto.type;
    fn_node(fn, id)->aux = proto.aux;
    fn_node(fn, id)->imm = proto.imm;
    tcg_fn_append(fn, p->block, id);
    if (!get_args(p, id) || (accept(p, "map(") && !get_map(p, id))) {
        return false;
    }
    if (op == OP_insn_start) {
        fn->num_insns++;
    }
    if (named != has_value(fn_node(fn, id))) {
        return fail(p, "'%s' %s", word, named ? "has no result" : "has a result");
    }
    return true;
}

static bool parse_line(Parser *p)
{
    uint32_t block;
    char word[32];
    unsigned type;

    skip(p);
    if (accept(p, "local ")) {
        uint8_t t;

        if (!get_word(p, word, sizeof(word)) || !get_name(p, type_name, TCG_NUM_TYPES, "type", &type)) {
            return false;
        }
        t = type;
        g_array_append_val(p->fn->locals, t);
    } else if (p->at[0] == 'b' && g_ascii_isdigit(p->at[1])) {
        if (!get_block(p, &block) || !expect(p, ":")) {
            return false;
        }
        p->block = block;
        if (!p->fn->entry) {
            p->fn->entry = block;
        }
    } else if (*p->at && *p->at != '#' && *p->at != ';' && !parse_node(p)) {
        return false;
    }
    skip(p);
    return !*p->at || *p->at == '#' || *p->at == ';' || fail(p, "unexpected '%s'", p->at);
}

/* Phi lists were read as (block, value) pairs. */
static bool order_phis(Parser *p)
{
    TcgFn *fn = p->fn;

    for (TcgId id = 1; id < fn->nodes->len; id++) {
        TcgNode *n = fn_node(fn, id);
        const TcgIrBlock *b = fn_block(fn, n->block);
        TcgId values[64];

        if (n->op != OP_phi) {
            continue;
        }
        if (b->num_preds * 2 != n->list_len || b->num_preds > G_N_ELEMENTS(values)) {
            return fail(p, "a phi in b%u does not match its predecessors", n->block);
        }
        for (uint32_t i = 0; i < b->num_preds; i++) {
            values[i] = 0;
            for (uint32_t k = 0; k < n->list_len && !values[i]; k += 2) {
                if (*fn_list(fn, n->list + k) == *fn_list(fn, b->preds + i)) {
                    values[i] = *fn_list(fn, n->list + k + 1);
                    *fn_list(fn, n->list + k) = 0;      /* two edges may come from one block */
                }
            }
            if (!values[i]) {
                return fail(p, "a phi in b%u has no value for b%u", n->block, *fn_list(fn, b->preds + i));
            }
        }
        memcpy(fn_list(fn, n->list), values, b->num_preds * sizeof(TcgId));
        n->list_len = b->num_preds;
    }
    return true;
}

TcgFn *tcg_fn_parse(const TcgConfig *config, const char *text, GError **error)
{
    Parser p = { .fn = tcg_fn_new(config), .values = g_array_new(FALSE, TRUE, sizeof(TcgId)),
                 .defined = g_array_new(FALSE, TRUE, sizeof(uint8_t)) };
    char **lines = g_strsplit(text, "\n", -1);
    bool ok = true, regs = false;

    for (unsigned i = 0; lines[i] && ok; i++) {
        p.line = i + 1;
        p.at = lines[i];
        ok = parse_line(&p);
    }
    for (unsigned i = 0; i < p.values->len && ok; i++) {
        if (g_array_index(p.values, TcgId, i) && !g_array_index(p.defined, uint8_t, i)) {
            ok = fail(&p, "%%%u is not defined", i);
        }
    }
    if (ok && !p.fn->entry) {
        ok = fail(&p, "no block");
    }
    if (ok) {
        tcg_fn_compute_order(p.fn);
        ok = order_phis(&p);
        for (TcgId id = 1; id < p.fn->nodes->len; id++) {
            regs |= (tcg_op_def[fn_node(p.fn, id)->op].flags & TCGF_REG) != 0;
        }
        p.fn->done = regs ? 0 : PROP_SSA;
    }
    if (!ok) {
        g_set_error(error, g_quark_from_static_string("tcg-ir"), 0, "line %u: %s", p.line, p.why);
        tcg_fn_free(p.fn);
        p.fn = NULL;
    }
    g_strfreev(lines);
    g_array_free(p.values, TRUE);
    g_array_free(p.defined, TRUE);
    g_free(p.why);
    return p.fn;
}
