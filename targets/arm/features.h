/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FEAT_ enumerators, and the features that a set of ID registers says are implemented (Arm DDI 0487, A2, D23).
 * The list and its tests are features.def; what guards T16 and T32, which no ID register says, is m_features.def.
 */
#ifndef TARGETS_ARM_FEATURES_H
#define TARGETS_ARM_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ArmFeature {
#define FEATURE(name, reg, shift, width, min, is_signed, description) FEAT_##name,
#define FEATURE_EXPR(name, expression, description) FEAT_##name,
#include "targets/arm/features.def"
#undef FEATURE
#undef FEATURE_EXPR
    ARM_NUM_FEATURES,                           /* those of features.def */
    ARM_LAST_A_FEATURE = ARM_NUM_FEATURES - 1,
#define FEATURE_T32(name, description) FEAT_##name,
#include "targets/arm/m_features.def"
#undef FEATURE_T32
    ARM_NUM_ALL_FEATURES
} ArmFeature;

/* A bit set indexed by ArmFeature. */
typedef struct ArmFeatures {
    uint64_t bits[(ARM_NUM_ALL_FEATURES + 63) / 64];
} ArmFeatures;

/*
 * The ID registers are the system registers with op0 3, op1 0, CRn 0 and CRm 0 to 7. An array of all 64 holds
 * them, indexed by ARM_IDREG(CRm, op2).
 */
#define ARM_IDREG(crm, op2) ((crm) * 8 + (op2))
#define ARM_NUM_IDREGS 64

enum {
    ARM_ID_PFR0_EL1 = ARM_IDREG(1, 0),
    ARM_ID_PFR1_EL1 = ARM_IDREG(1, 1),
    ARM_ID_DFR0_EL1 = ARM_IDREG(1, 2),
    ARM_ID_AFR0_EL1 = ARM_IDREG(1, 3),
    ARM_ID_MMFR0_EL1 = ARM_IDREG(1, 4),
    ARM_ID_MMFR1_EL1 = ARM_IDREG(1, 5),
    ARM_ID_MMFR2_EL1 = ARM_IDREG(1, 6),
    ARM_ID_MMFR3_EL1 = ARM_IDREG(1, 7),
    ARM_ID_ISAR0_EL1 = ARM_IDREG(2, 0),
    ARM_ID_ISAR1_EL1 = ARM_IDREG(2, 1),
    ARM_ID_ISAR2_EL1 = ARM_IDREG(2, 2),
    ARM_ID_ISAR3_EL1 = ARM_IDREG(2, 3),
    ARM_ID_ISAR4_EL1 = ARM_IDREG(2, 4),
    ARM_ID_ISAR5_EL1 = ARM_IDREG(2, 5),
    ARM_ID_MMFR4_EL1 = ARM_IDREG(2, 6),
    ARM_ID_ISAR6_EL1 = ARM_IDREG(2, 7),
    ARM_MVFR0_EL1 = ARM_IDREG(3, 0),
    ARM_MVFR1_EL1 = ARM_IDREG(3, 1),
    ARM_MVFR2_EL1 = ARM_IDREG(3, 2),
    ARM_ID_PFR2_EL1 = ARM_IDREG(3, 4),
    ARM_ID_DFR1_EL1 = ARM_IDREG(3, 5),
    ARM_ID_MMFR5_EL1 = ARM_IDREG(3, 6),
    ARM_ID_AA64PFR0_EL1 = ARM_IDREG(4, 0),
    ARM_ID_AA64PFR1_EL1 = ARM_IDREG(4, 1),
    ARM_ID_AA64PFR2_EL1 = ARM_IDREG(4, 2),
    ARM_ID_AA64ZFR0_EL1 = ARM_IDREG(4, 4),
    ARM_ID_AA64SMFR0_EL1 = ARM_IDREG(4, 5),
    ARM_ID_AA64FPFR0_EL1 = ARM_IDREG(4, 7),
    ARM_ID_AA64DFR0_EL1 = ARM_IDREG(5, 0),
    ARM_ID_AA64DFR1_EL1 = ARM_IDREG(5, 1),
    ARM_ID_AA64DFR2_EL1 = ARM_IDREG(5, 2),
    ARM_ID_AA64AFR0_EL1 = ARM_IDREG(5, 4),
    ARM_ID_AA64AFR1_EL1 = ARM_IDREG(5, 5),
    ARM_ID_AA64ISAR0_EL1 = ARM_IDREG(6, 0),
    ARM_ID_AA64ISAR1_EL1 = ARM_IDREG(6, 1),
    ARM_ID_AA64ISAR2_EL1 = ARM_IDREG(6, 2),
    ARM_ID_AA64ISAR3_EL1 = ARM_IDREG(6, 3),
    ARM_ID_AA64MMFR0_EL1 = ARM_IDREG(7, 0),
    ARM_ID_AA64MMFR1_EL1 = ARM_IDREG(7, 1),
    ARM_ID_AA64MMFR2_EL1 = ARM_IDREG(7, 2),
    ARM_ID_AA64MMFR3_EL1 = ARM_IDREG(7, 3),
    ARM_ID_AA64MMFR4_EL1 = ARM_IDREG(7, 4),
};

/* The features that the ID registers (ARM_NUM_IDREGS of them) say are implemented. */
void arm_features_compute(const uint64_t *idregs, ArmFeatures *ret_features);

/*
 * Edits the ID registers so that the feature is there, with all that the same field says below it, or is not there.
 * False if more than one field says whether it is (FEATURE_EXPR).
 */
bool arm_feature_set(uint64_t *idregs, ArmFeature feature, bool on);

/* Sets *ret_feature to the feature of that name, without FEAT_ and in any case; false if there is none. */
bool arm_feature_find(const char *name, ArmFeature *ret_feature);

/* Name (without FEAT_) and one-line description of a feature. */
const char *arm_feature_name(ArmFeature feature);
const char *arm_feature_description(ArmFeature feature);

/*
 * A 64-bit FNV-1a of the features and of len more bytes that translation depends on and that do not change: CPUs that
 * agree share translations.
 */
uint64_t arm_features_hash(const ArmFeatures *features, const uint8_t *more, size_t len);

static inline bool arm_has_feature(const ArmFeatures *features, ArmFeature feature)
{
    return features->bits[feature / 64] >> (feature % 64) & 1;
}

#endif
