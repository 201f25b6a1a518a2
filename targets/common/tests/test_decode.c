/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What decodegen.py makes of toy.decode: calls, listings, features and priorities. */
#include "targets/common/decode.h"
#include "targets/common/tests/toy_translate.h"
#include "targets/common/toy.trans.h"

bool decode_toy(DisasContext *dc, uint32_t insn);
bool decode_toy16(DisasContext *dc, uint32_t insn);
extern const DecodeTable decode_table_toy, decode_table_toy16;

bool trans_OPS(DisasContext *dc, const arg_OPS *a)
{
    g_string_printf(dc->log, "OPS %d %d %d %d %d %d %d %d %d", a->plain, a->cat, a->lit, a->signed_, a->minus,
                    a->plus, a->splus, a->neg, a->const_);
    return true;
}

bool trans_WIDE(DisasContext *dc, const arg_WIDE *a)
{
    g_string_printf(dc->log, "WIDE %d", a->imm);
    return true;
}

bool trans_HINT(DisasContext *dc, const arg_HINT *a)
{
    g_string_printf(dc->log, "HINT %d", a->imm);
    return a->imm != 9;
}

bool trans_WAIT(DisasContext *dc, const arg_WAIT *a G_GNUC_UNUSED)
{
    g_string_assign(dc->log, "WAIT");
    return true;
}

bool trans_PAIR(DisasContext *dc, const arg_PAIR *a)
{
    g_string_printf(dc->log, "PAIR %d %d", a->a, a->b);
    return true;
}

bool trans_MOVE(DisasContext *dc, const arg_MOVE *a)
{
    g_string_printf(dc->log, "MOVE %d %d", a->rd, a->imm);
    return true;
}

/* trans_STOP is missing: the pattern is UNDEFINED. */

static void check(uint64_t features, uint32_t insn, const char *call, const char *listing)
{
    DisasContext dc = { .features = { features }, .log = g_string_new(NULL) };
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_cmpint(decode_toy(&dc, insn), ==, call != NULL);
    if (call) {
        g_assert_cmpstr(dc.log->str, ==, call);
    }
    decode_describe(&decode_table_toy, insn, dc.features, text);
    g_assert_cmpstr(text->str, ==, listing);
    g_string_free(dc.log, TRUE);
}

static void test_operands(void)
{
    check(0, 0x01b0fdca, "OPS 3 11 60 -4 1 55 0 9 -7",
          "OPS\t-\tplain=0x3 cat=0xb lit=0x3c signed_=-0x4 minus=0x1 plus=0x37 splus=0x0 neg=0x9 "
          "const_=-0x7");
    check(0, 0x02800001, "WIDE -2147483392", "WIDE\t-\timm=-0x7fffff00");
    check(0, 0x01bffdca, NULL, "UNDEFINED");
}

static void test_priority(void)
{
    check(0, 0x03000003, "HINT 3", "HINT\t-\timm=0x3");
    check(1 << FEAT_WAIT, 0x03000003, "WAIT", "WAIT\t-\t");
    check(1 << FEAT_WAIT, 0x03000004, "HINT 4", "HINT\t-\timm=0x4");
    /* its trans_ function says UNDEFINED, the table does not */
    check(0, 0x03000009, NULL, "HINT\t-\timm=0x9");
}

static void test_conditions(void)
{
    check(0, 0x04000012, "PAIR 1 2", "PAIR\t-\ta=0x1 b=0x2");
    check(0, 0x04000022, NULL, "UNDEFINED");
    check(0, 0x0400002f, NULL, "UNDEFINED");
    check(0, 0x04000091, NULL, "UNDEFINED");
    check(1 << FEAT_BIG, 0x04000091, "PAIR 9 1", "PAIR\t-\ta=0x9 b=0x1");
    check(0, 0x05000091, NULL, "UNDEFINED");
    check(1 << FEAT_WAIT, 0x05000091, "PAIR 1 9", "PAIR\t-\ta=0x1 b=0x9");
}

static void test_narrow(void)
{
    DisasContext dc = { .log = g_string_new(NULL) };
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_true(decode_toy16(&dc, 0x1a42));
    g_assert_cmpstr(dc.log->str, ==, "MOVE 10 66");
    g_assert_false(decode_toy16(&dc, 0x2001));
    g_assert_false(decode_toy16(&dc, 0x2000));
    decode_describe(&decode_table_toy16, 0x2000, dc.features, text);
    g_assert_cmpstr(text->str, ==, "STOP\t-\t");
    g_string_free(dc.log, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/operands", test_operands);
    g_test_add_func("/decode/priority", test_priority);
    g_test_add_func("/decode/conditions", test_conditions);
    g_test_add_func("/decode/narrow", test_narrow);
    return g_test_run();
}
