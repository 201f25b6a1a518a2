/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backends and their modes as the tests use them. */
#include "core/tcg/tests/optest.h"

static void engine_free(void *data)
{
    Engine *e = data;

    tcg_gen_free(e->gen);
    tcg_codebuf_free(e->buf);
    g_free(e->name);
    g_free(e);
}

typedef enum How { WELL, NAIVE, QUICK } How;

static void add(GPtrArray *all, const TcgBackend *be, const char *mode, uint64_t features, const TcgLayout *layout, How how)
{
    static const char *const names[] = { [WELL] = "", [NAIVE] = "-naive", [QUICK] = "-quick" };
    Engine *e = g_new0(Engine, 1);
    GError *error = NULL;

    e->be = *be;
    e->be.features = features;
    e->name = g_strconcat(be->name, mode, names[how], NULL);
    e->quick = how == QUICK;
    e->config = (TcgConfig) {
        .backend = &e->be, .target = &test_target, .layout = layout, .naive = how == NAIVE, .verify = true,
    };
    e->buf = tcg_codebuf_new(1 << 20, &e->be, &error);
    g_assert_no_error(error);
    e->gen = tcg_gen_new(&e->config);
    g_ptr_array_add(all, e);
}

static void add_both(GPtrArray *all, const TcgBackend *be, const char *mode, uint64_t features, const TcgLayout *layout)
{
    add(all, be, mode, features, layout, WELL);
    add(all, be, mode, features, layout, NAIVE);
}

GPtrArray *engines_new(const TcgLayout *layout)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(engine_free);
    const TcgBackend *native = tcg_backend_find("tcg");

    add_both(all, &tcg_backend_tci, "", 0, layout);
    if (native) {
        uint64_t f = native->features;

        add_both(all, native, "", f, layout);
        /* an extension may need one of a lower number, so they go from the top */
        while (f) {
            char *mode;

            f &= ~(UINT64_C(1) << (63 - __builtin_clzll(f)));
            mode = g_strdup_printf("-%" G_GINT64_MODIFIER "x", f);
            add_both(all, native, mode, f, layout);
            g_free(mode);
        }
        add(all, native, "", native->features, layout, QUICK);
    }
    add(all, &tcg_backend_tci, "", 0, layout, QUICK);
    return all;
}

TcgGen *engine_begin(Engine *e, void *owner)
{
    tcg_gen_begin(e->gen, owner);
    if (e->quick) {
        tcg_gen_quick(e->gen);
    }
    return e->gen;
}

void engine_finish(Engine *e, TcgCode *ret)
{
    if (!tcg_gen_finish(e->gen, e->buf, ret)) {
        tcg_codebuf_reset(e->buf);
        g_assert_true(tcg_gen_finish(e->gen, e->buf, ret));
    }
}

uintptr_t engine_run(Engine *e, const TcgCode *code, void *cpu)
{
    tcg_set_direct(&e->be, ((TestCpu *)cpu)->direct_base);
    return tcg_run(&e->be, e->buf, cpu, code->entry, &((TestCpu *)cpu)->fp);
}
