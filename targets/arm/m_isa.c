/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * T16 and T32 of M-profile as chimera --decode sees them: thumb-m, with a profile (v6-m ... v8-m.main, without
 * extensions) and FEATURE=on|off for each of m_features.def.
 */
#include "core/bits.h"
#include "core/keyval.h"
#include "targets/arm/isa.h"
#include "targets/arm/m_cpu.h"
#include "targets/arm/m_features.h"
#include "targets/common/decode.h"

extern const DecodeTable decode_table_thumb, decode_table_thumb16;

/* All that M-profile has. */
enum { EVERYTHING = ARM_M_EXT_DSP | ARM_M_EXT_SEC | ARM_M_EXT_FP | ARM_M_EXT_FPV5 | ARM_M_EXT_DP };

static bool apply_feature(void *opaque, const char *key, const char *value, GError **error)
{
    ArmFeatures *features = opaque;
    ArmFeature f;
    bool on;

    if (!arm_m_feature_find(key, &f)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: no feature of T32", key);
        return false;
    }
    if (!parse_bool(key, value, &on, error)) {
        return false;
    }
    features->bits[f / 64] = deposit64(features->bits[f / 64], f % 64, 1, on);
    return true;
}

static void *thumb_open(const char *cpu, GError **error)
{
    g_autoptr(KeyVal) options = keyval_parse(cpu ? cpu : "v8-m.main", "cpu", error);
    g_autofree ArmFeatures *features = g_new0(ArmFeatures, 1);
    const char *name = options ? keyval_need(options, "cpu", error) : NULL;
    ArmMProfile profile;

    if (!name) {
        return NULL;
    }
    if (!arm_m_profile_find(name, &profile)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: no profile of the instruction set thumb-m", name);
        return NULL;
    }
    arm_m_profile_features(profile, cpu ? 0 : EVERYTHING, features);
    return keyval_foreach_unused(options, apply_feature, features, error) ? g_steal_pointer(&features) : NULL;
}

static bool thumb_describe(void *isa, uint32_t word, unsigned digits, GString *out, GError **error)
{
    const ArmFeatures *features = isa;
    uint32_t first = digits == 8 ? word >> 16 : word;

    if (digits != 4 && digits != 8) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "thumb-m: an instruction has 4 or 8 hex digits, not %u", digits);
        return false;
    }
    if ((first >= 0xe800) != (digits == 8)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "thumb-m: an instruction that begins with %04x has %u hex digits",
                    first, first >= 0xe800 ? 8 : 4);
        return false;
    }
    decode_describe(digits == 8 ? &decode_table_thumb : &decode_table_thumb16, word, features->bits, out);
    return true;
}

static void thumb_close(void *isa)
{
    g_free(isa);
}

const IsaInfo arm_isa_thumb_m = {
    .name = "thumb-m",
    .open = thumb_open,
    .describe = thumb_describe,
    .close = thumb_close,
};

void arm_m_describe_insn(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len)
{
    const uint64_t *features = ARM_M_CPU(cs)->features.bits;
    uint32_t insn = len >= 2 ? lduw_le_p(bytes) : 0;

    *ret_len = MIN(len, insn >= 0xe800 ? 4 : 2);
    if (insn >= 0xe800 && len >= 4) {
        decode_describe(&decode_table_thumb, insn << 16 | lduw_le_p(bytes + 2), features, out);
    } else if (insn < 0xe800 && len >= 2) {
        decode_describe(&decode_table_thumb16, insn, features, out);
    }
}
