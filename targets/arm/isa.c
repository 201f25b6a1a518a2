/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instruction sets of the A-profile as chimera --decode sees them: a model's features, and the decode tables. */
#include <string.h>

#include "core/bits.h"
#include "core/keyval.h"
#include "core/near.h"
#include "targets/arm/features.h"
#include "targets/arm/isa.h"
#include "targets/common/decode.h"

extern const DecodeTable decode_table_a64;

/* An option FEATURE=on|off, FEATURE being the manual's name without FEAT_, in any case. opaque: ArmFeatures. */
static bool apply_feature(void *opaque, const char *key, const char *value, GError **error)
{
    ArmFeatures *features = opaque;
    ArmFeature feature;
    bool on;

    if (!parse_bool(key, value, &on, error)) {
        return false;
    }
    if (!arm_feature_find(key, &feature)) {
        NearNames *near = near_new(key);
        g_autofree char *hint = NULL;

        for (unsigned i = 0; i < ARM_NUM_FEATURES; i++) {
            g_autofree char *candidate = g_ascii_strdown(arm_feature_name(i), -1);

            near_add(near, candidate);
        }
        hint = near_finish(near);
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: no CPU feature%s", key, hint);
        return false;
    }
    features->bits[feature / 64] = deposit64(features->bits[feature / 64], feature % 64, 1, on);
    return true;
}

/* The CPU that has every feature of the patterns is max. */
static void *a64_open(const char *cpu, GError **error)
{
    g_autoptr(KeyVal) options = keyval_parse(cpu ? cpu : "max", "cpu", error);
    g_autofree ArmFeatures *features = NULL;
    const char *name;

    name = options ? keyval_need(options, "cpu", error) : NULL;
    if (!name) {
        return NULL;
    }
    if (strcmp(name, "max") != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: --decode with a CPU other than max is not "
                    "supported yet", name);
        return NULL;
    }
    features = g_new(ArmFeatures, 1);
    memset(features, 0xff, sizeof(*features));
    if (!keyval_foreach_unused(options, apply_feature, features, error)) {
        return NULL;
    }
    return g_steal_pointer(&features);
}

static bool a64_describe(void *isa, uint32_t word, unsigned digits, GString *out, GError **error)
{
    const ArmFeatures *features = isa;

    if (digits != 8) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "aarch64: an instruction has 8 hex digits, not %u", digits);
        return false;
    }
    decode_describe(&decode_table_a64, word, features->bits, out);
    return true;
}

static void a64_close(void *isa)
{
    g_free(isa);
}

const IsaInfo arm_isa_aarch64 = {
    .name = "aarch64",
    .open = a64_open,
    .describe = a64_describe,
    .close = a64_close,
};
