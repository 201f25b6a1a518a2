/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Features from ID registers: the tests of features.def, carried out. */
#include <glib.h>
#include <string.h>

#include "core/bits.h"
#include "targets/arm/features.h"

/* A test; those of FEATURE_EXPR have reg -1 and are carried out by expressions(). */
typedef struct FeatureTest {
    const char *name, *description;
    int8_t reg;
    uint8_t shift, width;
    bool is_signed;
    int8_t min;
} FeatureTest;

static const FeatureTest tests[] = {
#define FEATURE(name, reg, shift, width, min, is_signed, description) \
    [FEAT_##name] = { #name, description, ARM_##reg, shift, width, is_signed, min },
#define FEATURE_EXPR(name, expression, description) \
    [FEAT_##name] = { #name, description, -1, 0, 0, false, 0 },
#include "targets/arm/features.def"
#undef FEATURE
#undef FEATURE_EXPR
};

static int64_t field(uint64_t value, unsigned shift, unsigned width, bool is_signed)
{
    return is_signed ? (int64_t)sextract64(value, shift, width) : (int64_t)extract64(value, shift, width);
}

static void set(ArmFeatures *features, ArmFeature feature, bool implemented)
{
    if (implemented) {
        features->bits[feature / 64] |= UINT64_C(1) << (feature % 64);
    }
}

static void expressions(const uint64_t *idregs, ArmFeatures *features)
{
#define ID(reg, shift, width) field(idregs[ARM_##reg], shift, width, false)
#define IDS(reg, shift, width) field(idregs[ARM_##reg], shift, width, true)
#define FEATURE(name, reg, shift, width, min, is_signed, description)
#define FEATURE_EXPR(name, expression, description) set(features, FEAT_##name, expression);
#include "targets/arm/features.def"
#undef FEATURE
#undef FEATURE_EXPR
#undef ID
#undef IDS
}

void arm_features_compute(const uint64_t *idregs, ArmFeatures *ret_features)
{
    ArmFeatures features = { { 0 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        const FeatureTest *t = &tests[i];

        if (t->reg >= 0) {
            set(&features, i, field(idregs[t->reg], t->shift, t->width, t->is_signed) >= t->min);
        }
    }
    expressions(idregs, &features);
    *ret_features = features;
}

bool arm_feature_set(uint64_t *idregs, ArmFeature feature, bool on)
{
    const FeatureTest *t = &tests[feature];
    int64_t now, value;

    if (t->reg < 0) {
        return false;
    }
    now = field(idregs[t->reg], t->shift, t->width, t->is_signed);
    if ((now >= t->min) == on) {
        return true;
    }
    value = t->min;
    if (!on) {
        /* the field's next lower value that means something */
        value = t->is_signed && t->min <= 0 ? -1 : 0;
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            if (tests[i].reg == t->reg && tests[i].shift == t->shift && tests[i].min < t->min) {
                value = MAX(value, tests[i].min);
            }
        }
    }
    idregs[t->reg] = deposit64(idregs[t->reg], t->shift, t->width, (uint64_t)value);
    if (t->reg == ARM_ID_AA64PFR0_EL1 && (feature == FEAT_FP || feature == FEAT_FP16 || feature == FEAT_AdvSIMD)) {
        /* the fields FP and AdvSIMD must be equal */
        idregs[t->reg] = deposit64(idregs[t->reg], 16, 4, (uint64_t)value);
        idregs[t->reg] = deposit64(idregs[t->reg], 20, 4, (uint64_t)value);
    }
    return true;
}

bool arm_feature_find(const char *name, ArmFeature *ret_feature)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        if (g_ascii_strcasecmp(tests[i].name, name) == 0) {
            *ret_feature = i;
            return true;
        }
    }
    return false;
}

const char *arm_feature_name(ArmFeature feature)
{
    return tests[feature].name;
}

const char *arm_feature_description(ArmFeature feature)
{
    return tests[feature].description;
}

static uint64_t fnv1a(uint64_t h, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

uint64_t arm_features_hash(const ArmFeatures *features, const uint8_t *more, size_t len)
{
    uint64_t h = fnv1a(UINT64_C(0xcbf29ce484222325), (const uint8_t *)features->bits, sizeof(features->bits));

    return fnv1a(h, more, len);
}
