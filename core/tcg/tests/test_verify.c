/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verifier finds each kind of mistake, and the parser names the line of what it cannot read. */
#include "core/tcg/tests/testtarget.h"

#include <string.h>

static const TcgConfig config = { .target = &test_target, .layout = &test_layout, .verify = true };

typedef struct Bad {
    const char *text, *says;
} Bad;

#define TWO_VALUES "b1:\n %1 = ld_env.i64 [x0]\n %2 = ld_env.i32 [nzcv]\n"

static const Bad bad[] = {
    { "b1:\n insn_start 0\n", "does not end" },
    { "b1:\n exit\n exit\n", "goes on after its end" },
    { "b1:\n br b2\nb2:\n br b1\n", "leads to the entry" },
    { "b1:\n br b3\nb2:\n exit\n", "b3 is empty" },
    { TWO_VALUES " %3 = add.i64 %1, %2\n exit\n", "wrong type" },
    { TWO_VALUES " %3 = zext %1\n exit\n", "wrong type" },
    { TWO_VALUES " %3 = add.i64 %4, %1\n %4 = add.i64 %1, %1\n exit\n", "does not dominate" },
    { "b1:\n %1 = ld_env.i64 [x0]\n brcond.i64.eq %1, 0, b2, b3\nb2:\n %2 = add.i64 %1, 1\n br b4\nb3:\n br b4\n"
      "b4:\n %3 = add.i64 %2, 1\n exit\n", "does not dominate" },
    { "b1:\n %1 = ld_env.i64 [x0]\n brcond.i64.eq %1, 0, b2, b3\nb2:\n %2 = add.i64 %1, 1\n br b4\nb3:\n br b4\n"
      "b4:\n %3 = phi.i64 b2:%1, b3:%2\n exit\n", "does not dominate" },
    { "b1:\n br b2\nb2:\n insn_start 0\n %1 = phi.i64 b1:0\n exit\n", "a phi after" },
    { "b1:\n %1 = ld_env.i128 [v0]\n exit\n", "is no type" },
    { "b1:\n %1 = ld_env.i32 [x0] u64\n exit\n", "does not fit the type" },
    { TWO_VALUES " %3 = extract.i32 %2 pos=30 len=3\n exit\n", "field does not fit" },
    { TWO_VALUES " %3 = extract.i64 %1 pos=3 len=0\n exit\n", "field does not fit" },
    { TWO_VALUES " %3 = extract2.i32 %2, %2 pos=32\n exit\n", "position does not fit" },
    { TWO_VALUES " %3 = guest_ld.i64 %1 u64\n exit\n", "has no map" },
    { TWO_VALUES " %3 = guest_ld.i32 %1 u64 map(n=0)\n exit\n", "access does not fit" },
    { TWO_VALUES " %3 = guest_ld.v128 %1 u16 map(n=0)\n exit\n", "access does not fit" },
    { TWO_VALUES " %3 = guest_ld.i64 %2 u64 map(n=0)\n exit\n", "wrong type" },
    { TWO_VALUES " %3 = guest_ld.i64 %1 u64 map(n=0 x1=%2)\n exit\n", "wrong type" },
    { TWO_VALUES " %3 = guest_ld.i64 %1 u64 map(n=0 x1=%1 x1=5)\n exit\n", "a register twice" },
    { TWO_VALUES " %3 = guest_ld.i64 %1 u64 map(n=0 pc+4 pc=%1)\n exit\n", "the PC twice" },
    { TWO_VALUES " %3 = guest_ld.i64 %1 u64 map(n=0 x1=%3)\n exit\n", "does not dominate" },
    { TWO_VALUES " %3 = add.i64 %1, 1 map(n=0)\n exit\n", "has a map" },
    { "b1:\n %1 = get_reg.i32 x0\n exit\n", "not the row's type" },
    { "b1:\n %1 = get_reg.i64 x0\n set_reg nzcv, %1\n exit\n", "wrong type" },
    { "b1:\n %1 = get_reg.i64 x0\n guest_st.i64 %1, %1 u64 map(n=0)\n exit\n", "before ssa" },
    { "b1:\n %1 = get_reg.i64 x0\n br b2\nb2:\n %2 = phi.i64 b1:%1\n exit\n", "before ssa" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vget.4 %1 imm=4\n exit\n", "no such lane" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vshl.2 %1 imm=16\n exit\n", "count is too large" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vshr.2 %1 imm=17\n exit\n", "count is too large" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vmul.8 %1, %1\n exit\n", "no such form" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vsadds.4 %1, %1\n exit\n", "no such form" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vbyterev.2 %1 imm=1\n exit\n", "no such form" },
    { "b1:\n %1 = ld_env.v128 [v0]\n %2 = vext %1, %1 imm=16\n exit\n", "bad type or count" },
    { "b1:\n goto_tb slot=16\n", "no such slot" },
    { "b1:\n call raise() map(n=0)\n exit\n", "never returns" },
    { "b1:\n call poke(1) reads(x0)\n exit\n", "its helper does not say" },
    { "b1:\n call poke(1) map(n=0)\n exit\n", "has a map" },
    /* the parser's own */
    { "b1:\n %1 = frob.i64 1, 2\n exit\n", "line 2: 'frob' is no operation" },
    { "b1:\n %1 = add.i64 1\n exit\n", "line 2: a number expected" },
    { "b1:\n %1 = add.i64 1, 2, 3\n exit\n", "line 2: unexpected '3'" },
    { "b1:\n add.i64 1, 2\n exit\n", "line 2: 'add' has a result" },
    { "b1:\n %1 = insn_start 0\n exit\n", "line 2: 'insn_start' has no result" },
    { "b1:\n %1 = add.i64 1, 2\n %1 = add.i64 1, 2\n exit\n", "line 3: %1 is defined twice" },
    { "b1:\n %1 = add.i64 %2, 2\n exit\n", "%2 is not defined" },
    { "insn_start 0\n", "line 1: an operation outside a block" },
    { "b1:\n call nothing()\n exit\n", "line 2: 'nothing' is no helper" },
    { "b1:\n set_reg q0, 1\n exit\n", "line 2: 'q0' is no register or local" },
    { "b1:\n %1 = setcond.i64.zz 1, 2\n exit\n", "line 2: 'zz' is no condition" },
    { "b1:\n %1 = guest_ld.i64 0 u64+frob map(n=0)\n exit\n", "line 2: 'frob' is no part" },
    { "b0:\n exit\n", "line 1: bad block number" },
    { "b1:\n br b2\nb2:\n %1 = phi.i64 b3:1\n exit\n", "no value for b1" },
    { "b1:\n br b2\nb2:\n %1 = phi.i64 b1:1, b1:2\n exit\n", "does not match its predecessors" },
    { "", "no block" },
};

static void test_bad(gconstpointer data)
{
    const Bad *b = data;
    GString *why = g_string_new(NULL);
    GError *error = NULL;
    TcgFn *fn = tcg_fn_parse(&config, b->text, &error);

    if (!fn) {
        g_string_append(why, error->message);
        g_error_free(error);
    } else if (tcg_verify(fn, why)) {
        g_test_fail_printf("nothing was found in:\n%s", b->text);
    }
    if (!strstr(why->str, b->says)) {
        g_test_fail_printf("'%s' does not say '%s', of:\n%s", why->str, b->says, b->text);
    }
    tcg_fn_free(fn);
    g_string_free(why, TRUE);
}

/* What text cannot say: lists, and what is remembered of the graph. */
static void check_broken(TcgFn *fn, const char *says)
{
    GString *why = g_string_new(NULL);

    if (tcg_verify(fn, why) || !strstr(why->str, says)) {
        g_test_fail_printf("'%s' does not say '%s'", why->str, says);
    }
    g_string_free(why, TRUE);
}

static const char good[] =
    "b1:\n %1 = ld_env.i64 [x0]\n br b2\n"
    "b2:\n %2 = phi.i64 b1:%1, b2:%3\n %3 = add.i64 %2, 1\n brcond.i64.ne %3, 9, b2, b3\n"
    "b3:\n st_env.i64 [x0], %3\n exit\n";

static void test_broken(void)
{
    GString *why = g_string_new(NULL);
    TcgFn *fn;

    fn = tcg_fn_parse(&config, good, NULL);
    g_assert_true(tcg_verify(fn, why));
    fn_block(fn, 2)->last = fn_block(fn, 2)->first;
    check_broken(fn, "last by its record");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_node(fn, fn_block(fn, 2)->last)->prev = 0;
    check_broken(fn, "list is broken");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_node(fn, fn_block(fn, 2)->last)->block = 1;
    check_broken(fn, "list is broken");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_block(fn, 3)->idom = 1;
    check_broken(fn, "place in the graph");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_block(fn, 2)->order = 3;
    check_broken(fn, "order of b2");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    *fn_list(fn, fn_block(fn, 2)->preds) = 2;
    check_broken(fn, "predecessors of b2");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_node(fn, fn_block(fn, 2)->first)->list_len = 1;
    check_broken(fn, "1 values for 2 predecessors");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_block(fn, 2)->num_succ = 1;
    check_broken(fn, "out of date");
    tcg_fn_free(fn);

    fn = tcg_fn_parse(&config, good, NULL);
    fn_node(fn, fn_block(fn, 3)->first)->arg[0] = 0;
    check_broken(fn, "argument is missing");
    tcg_fn_free(fn);
    g_string_free(why, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/verify/broken", test_broken);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *path = g_strdup_printf("/tcg/verify/bad/%u", i);

        g_test_add_data_func(path, &bad[i], test_bad);
        g_free(path);
    }
    return g_test_run();
}
