/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles and extensions of M-profile as feature bits (m_features.def). */
#ifndef TARGETS_ARM_M_FEATURES_H
#define TARGETS_ARM_M_FEATURES_H

#include "targets/arm/features.h"

typedef enum ArmMProfile {
    ARM_V6M, ARM_V7M, ARM_V7EM, ARM_V8M_BASE, ARM_V8M_MAIN, ARM_M_NUM_PROFILES
} ArmMProfile;

/* Extensions, for arm_m_profile_features. */
enum {
    ARM_M_EXT_DSP = 1 << 0,                     /* Armv7E-M has it by itself */
    ARM_M_EXT_SEC = 1 << 1,
    ARM_M_EXT_FP = 1 << 2,                      /* single precision, FPv4 */
    ARM_M_EXT_FPV5 = 1 << 3,                    /* ... FPv5 */
    ARM_M_EXT_DP = 1 << 4,                      /* ... double precision */
};

/* The features of a profile with these extensions. */
void arm_m_profile_features(ArmMProfile profile, unsigned extensions, ArmFeatures *ret_features);
/* By name, "v6-m" to "v8-m.main"; false if there is none. */
bool arm_m_profile_find(const char *name, ArmMProfile *ret_profile);
const char *arm_m_profile_name(ArmMProfile profile);
/* A feature of m_features.def by its name, in any case; false if there is none. */
bool arm_m_feature_find(const char *name, ArmFeature *ret_feature);

#endif
