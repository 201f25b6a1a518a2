/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How timers (their expiry) and register banks (each stored register, by name) are saved. */
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "core/keyval.h"
#include "core/qom/vmstate.h"

static GVariant *timer_save(const void *field)
{
    const Timer *t = field;

    return g_variant_new_int64(t->expire);
}

static bool timer_load(void *field, GVariant *state, GError **error)
{
    Timer *t = field;
    int64_t expire;

    if (!g_variant_is_of_type(state, G_VARIANT_TYPE_INT64)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "not a time");
        return false;
    }
    expire = g_variant_get_int64(state);
    if (expire == INT64_MAX) {
        timer_del(t);
    } else {
        timer_mod(t, expire);
    }
    return true;
}

const VMStateOps timer_vmstate_ops = { timer_save, timer_load };

/* Array rows and registers wider than 4 bytes are kept, and saved, by their device. */
static uint32_t *stored(const RegBank *b, const RegDef *r)
{
    if (!b->values || r->no_store || r->count > 1 || r->width > 4) {
        return NULL;
    }
    return &b->values[r->index ? r->index : r - b->defs];
}

static GVariant *bank_save(const void *field)
{
    const RegBank *b = field;
    GVariantBuilder out;

    g_variant_builder_init(&out, G_VARIANT_TYPE("a{su}"));
    for (unsigned i = 0; i < b->num_defs; i++) {
        const uint32_t *value = stored(b, &b->defs[i]);

        if (value) {
            g_variant_builder_add(&out, "{su}", b->defs[i].name, *value);
        }
    }
    return g_variant_builder_end(&out);
}

static bool bank_load(void *field, GVariant *state, GError **error)
{
    RegBank *b = field;
    unsigned expected = 0;

    if (!g_variant_is_of_type(state, G_VARIANT_TYPE("a{su}"))) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "not a register bank");
        return false;
    }
    for (unsigned i = 0; i < b->num_defs; i++) {
        uint32_t *value = stored(b, &b->defs[i]);

        if (!value) {
            continue;
        }
        if (!g_variant_lookup(state, b->defs[i].name, "u", value)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s is missing", b->defs[i].name);
            return false;
        }
        expected++;
    }
    if (g_variant_n_children(state) != expected) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%u registers are known, the state has %u", expected,
                    (unsigned)g_variant_n_children(state));
        return false;
    }
    return true;
}

const VMStateOps regbank_vmstate_ops = { bank_save, bank_load };
