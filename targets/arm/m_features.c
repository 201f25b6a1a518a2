/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each M-profile has of T16 and T32 (Armv8-M ARM, DDI 0553, A1.3; Armv7-M ARM, DDI 0403, A1.2). */
#include <glib.h>

#include "core/bits.h"
#include "targets/arm/m_features.h"

static const char *const profiles[ARM_M_NUM_PROFILES] = {
    [ARM_V6M] = "v6-m", [ARM_V7M] = "v7-m", [ARM_V7EM] = "v7e-m", [ARM_V8M_BASE] = "v8-m.base", [ARM_V8M_MAIN] = "v8-m.main",
};

static const char *const names[] = {
#define FEATURE_T32(name, description) [FEAT_##name - FEAT_M] = #name,
#include "targets/arm/m_features.def"
#undef FEATURE_T32
};

static void set(ArmFeatures *features, ArmFeature feature, bool on)
{
    features->bits[feature / 64] = deposit64(features->bits[feature / 64], feature % 64, 1, on);
}

void arm_m_profile_features(ArmMProfile profile, unsigned extensions, ArmFeatures *ret_features)
{
    ArmFeatures f = { { 0 } };

    set(&f, FEAT_M, true);
    set(&f, FEAT_T32, profile != ARM_V6M && profile != ARM_V8M_BASE);
    set(&f, FEAT_M_V8, profile >= ARM_V8M_BASE);
    set(&f, FEAT_M_DSP, profile == ARM_V7EM || extensions & ARM_M_EXT_DSP);
    set(&f, FEAT_M_SEC, extensions & ARM_M_EXT_SEC);
    set(&f, FEAT_VFP, extensions & ARM_M_EXT_FP);
    set(&f, FEAT_VFP_V5, extensions & ARM_M_EXT_FPV5);
    set(&f, FEAT_VFP_DP, extensions & ARM_M_EXT_DP);
    *ret_features = f;
}

bool arm_m_profile_find(const char *name, ArmMProfile *ret_profile)
{
    for (unsigned i = 0; i < ARM_M_NUM_PROFILES; i++) {
        if (g_ascii_strcasecmp(name, profiles[i]) == 0) {
            *ret_profile = i;
            return true;
        }
    }
    return false;
}

const char *arm_m_profile_name(ArmMProfile profile)
{
    return profiles[profile];
}

bool arm_m_feature_find(const char *name, ArmFeature *ret_feature)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(name, names[i]) == 0) {
            *ret_feature = FEAT_M + i;
            return true;
        }
    }
    return false;
}
