/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decode tables as text. The tables come from decodegen.py; see decode.h.
 */
#include "targets/common/decode.h"

int64_t decode_operand_value(const DecodeOperand *operand, uint32_t insn)
{
    uint64_t value = 0;
    unsigned width = 0;
    int64_t result;

    for (unsigned i = 0; i < operand->num_parts; i++) {
        const DecodePart *p = &operand->parts[i];

        value = value << p->len | (p->pos == DECODE_LITERAL ? p->literal : decode_bits(insn, p->pos, p->len));
        width += p->len;
    }
    result = operand->is_signed ? decode_sext((uint32_t)value, width) : (int64_t)value;
    return operand->subtract ? operand->base - result : operand->base + result;
}

static const char *spec_name(const DecodeTable *table, const DecodeRow *row, uint32_t insn)
{
    for (unsigned i = 0; i < row->num_specs; i++) {
        const DecodeSpec *s = &table->specs[row->specs + i];

        if ((insn & s->mask) == s->value) {
            return table->text + s->name;
        }
    }
    return "-";
}

void decode_describe(const DecodeTable *table, uint32_t insn, const uint64_t *features, GString *ret_text)
{
    int n = table->match(insn, features);
    const DecodeRow *row;

    if (n < 0) {
        g_string_append(ret_text, "UNDEFINED");
        return;
    }
    row = &table->rows[n];
    g_string_append_printf(ret_text, "%s\t%s\t", table->text + row->name, spec_name(table, row, insn));
    for (unsigned i = 0; i < row->num_operands; i++) {
        const DecodeOperand *o = &table->operands[row->operands + i];
        int64_t value = decode_operand_value(o, insn);

        g_string_append_printf(ret_text, "%s%s=%s0x%" G_GINT64_MODIFIER "x", i ? " " : "", table->text + o->name,
                               value < 0 ? "-" : "", (guint64)(value < 0 ? -value : value));
    }
}
