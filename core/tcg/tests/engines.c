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

static void add(GPtrArray *all, const TcgBackend *be, const char *mode, uint64_t features, const TcgLayout *layout)
{
    for (unsigned naive = 0; naive < 2; naive++) {
        Engine *e = g_new0(Engine, 1);
        GError *error = NULL;

        e->be = *be;
        e->be.features = features;
        e->name = g_strdup_printf("%s%s%s", be->name, mode, naive ? "-naive" : "");
        e->config = (TcgConfig) {
            .backend = &e->be, .target = &test_target, .layout = layout, .naive = naive, .verify = true,
        };
        e->buf = tcg_codebuf_new(1 << 20, &e->be, &error);
        g_assert_no_error(error);
        e->gen = tcg_gen_new(&e->config);
        g_ptr_array_add(all, e);
    }
}

GPtrArray *engines_new(const TcgLayout *layout)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(engine_free);
    const TcgBackend *native = tcg_backend_find("tcg");

    add(all, &tcg_backend_tci, "", 0, layout);
    if (native) {
        uint64_t f = native->features;

        add(all, native, "", f, layout);
        /* an extension may need one of a lower number, so they go from the top */
        while (f) {
            char *mode;

            f &= ~(UINT64_C(1) << (63 - __builtin_clzll(f)));
            mode = g_strdup_printf("-%" G_GINT64_MODIFIER "x", f);
            add(all, native, mode, f, layout);
            g_free(mode);
        }
    }
    return all;
}

TcgGen *engine_begin(Engine *e, void *owner)
{
    tcg_gen_begin(e->gen, owner);
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
