/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instruction sets of the A-profile as chimera --decode sees them: a model's features, and the decode tables. */
#include <string.h>

#include "core/bits.h"
#include "core/keyval.h"
#include "targets/arm/arm_features.h"
#include "targets/arm/cpu_models.h"
#include "targets/arm/isa.h"
#include "targets/common/decode.h"

extern const DecodeTable decode_table_a64;

typedef struct A64Isa {
    uint64_t idreg[ARM_NUM_IDREGS];
    ArmFeatures features;
} A64Isa;

/* A CPU property such as -cpu takes. */
static bool apply_property(void *opaque, const char *key, const char *value, GError **error)
{
    A64Isa *isa = opaque;
    ArmFeature feature;
    bool on;

    if (!parse_bool(key, value, &on, error)) {
        return false;
    }
    return arm_feature_find(key, &feature) && !arm_idreg_has_prop(key) ? true :
           arm_idreg_edit(isa->idreg, key, on, error);
}

/* FEATURE=on|off, FEATURE being the manual's name without FEAT_, in any case: after the ID registers have spoken. */
static bool apply_feature(void *opaque, const char *key, const char *value, GError **error)
{
    A64Isa *isa = opaque;
    ArmFeature feature;
    bool on;

    if (arm_idreg_has_prop(key) || !arm_feature_find(key, &feature)) {
        return true;
    }
    if (!parse_bool(key, value, &on, error)) {
        return false;
    }
    isa->features.bits[feature / 64] = deposit64(isa->features.bits[feature / 64], feature % 64, 1, on);
    return true;
}

static void *a64_open(const char *cpu, GError **error)
{
    g_autoptr(KeyVal) options = keyval_parse(cpu ? cpu : "max", "cpu", error);
    g_autoptr(KeyVal) again = keyval_parse(cpu ? cpu : "max", "cpu", NULL);
    g_autofree A64Isa *isa = g_new0(A64Isa, 1);
    const ArmModel *model;
    const char *name;

    name = options ? keyval_need(options, "cpu", error) : NULL;
    if (!name) {
        return NULL;
    }
    model = arm_model_find(name);
    if (!model) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: no CPU of the instruction set aarch64 (-cpu help lists them)",
                    name);
        return NULL;
    }
    arm_model_idregs(model, isa->idreg);
    if (!keyval_foreach_unused(options, apply_property, isa, error)) {
        return NULL;
    }
    arm_features_compute(isa->idreg, &isa->features);
    keyval_need(again, "cpu", NULL);
    if (!keyval_foreach_unused(again, apply_feature, isa, error)) {
        return NULL;
    }
    return g_steal_pointer(&isa);
}

static bool a64_describe(void *isa, uint32_t word, unsigned digits, GString *out, GError **error)
{
    const A64Isa *a64 = isa;

    if (digits != 8) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "aarch64: an instruction has 8 hex digits, not %u", digits);
        return false;
    }
    decode_describe(&decode_table_a64, word, a64->features.bits, out);
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

void arm_describe_insn(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len)
{
    *ret_len = MIN(len, 4);
    if (len >= 4) {
        decode_describe(&decode_table_a64, ldl_le_p(bytes), ARM_CPU(cs)->features.bits, out);
    }
}
