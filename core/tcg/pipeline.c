/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The passes of regions and of first translations, in the order in which one goes through them: what each needs, gives, breaks. */
#include "core/tcg/ir_int.h"

const TcgPass tcg_pipeline[] = {
    { 's', "ssa", tcg_ssa, .gives = PROP_SSA },
    { 'f', "fold", tcg_fold, .needs = PROP_SSA },
    { 'w', "widths", tcg_widths, .needs = PROP_SSA, .gives = PROP_WIDTHS },
    { 'v', "vecbranch", tcg_vec_branch, .needs = PROP_SSA },
    { 'd', "dce", tcg_dce, .needs = PROP_SSA },
    { 'a', "address", tcg_address, .needs = PROP_SSA },
    { 'p', "samepage", tcg_same_page, .needs = PROP_SSA },
    { 'l', "lower", tcg_lower, .needs = PROP_SSA, .gives = PROP_LEGAL },
    { 'r', "regalloc", tcg_regalloc, .needs = PROP_SSA | PROP_LEGAL, .gives = PROP_ALLOCATED, .breaks = PROP_SSA },
    { 0 }
};

const TcgPass tcg_quick_pipeline[] = {
    { 's', "ssa", tcg_ssa, .gives = PROP_SSA },
    { 'q', "quick", tcg_quick, .needs = PROP_SSA, .gives = PROP_LEGAL | PROP_ALLOCATED | PROP_WIDTHS, .breaks = PROP_SSA },
    { 0 }
};

static void check(TcgFn *fn, const char *when, const TcgPass *pass)
{
    GString *why = g_string_new(NULL);

    if (!tcg_verify(fn, why)) {
        g_string_append_printf(why, "\nin the region %s %s:\n", when, pass->name);
        tcg_fn_print(fn, why);
        g_assertion_message(G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, why->str);
    }
    g_string_free(why, TRUE);
}

void tcg_pass_run(TcgFn *fn, const TcgPass *pass)
{
    g_assert((fn->done & pass->needs) == pass->needs);
    if (fn->config->verify && fn->done == 0) {
        check(fn, "before", pass);
    }
    pass->run(fn);
    fn->done = (fn->done & ~pass->breaks) | pass->gives;
    if (fn->config->verify && !fn->too_large) {
        check(fn, "after", pass);
    }
}
