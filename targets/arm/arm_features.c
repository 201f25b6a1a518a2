/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -cpu NAME,feature=on|off as edits of ID registers; features follow from these alone. */
#include <string.h>

#include "core/bits.h"
#include "core/keyval.h"
#include "targets/arm/arm_features.h"

/* Property, ID register, field position, and the field's value when on and when off. */
typedef struct ArmFeatureProp {
    const char *name;
    uint8_t reg, shift;
    uint8_t on, off;
} ArmFeatureProp;

#define REG(r) ARM_ID_AA64##r##_EL1
static const ArmFeatureProp rows[] = {
    { "aes", REG(ISAR0), 4, 2, 0 },
    { "sha1", REG(ISAR0), 8, 1, 0 },
    { "sha256", REG(ISAR0), 12, 1, 0 },
    { "crc32", REG(ISAR0), 16, 1, 0 },
    { "lse", REG(ISAR0), 20, 2, 0 },
    { "rdm", REG(ISAR0), 28, 1, 0 },
    { "dotprod", REG(ISAR0), 44, 1, 0 },
    { "fp16", REG(PFR0), 16, 1, 0 },
    { "fp16", REG(PFR0), 20, 1, 0 },
    { "pmu", REG(DFR0), 8, 4, 0 },
    { "aarch64", REG(PFR0), 0, 1, 1 },
    { "sve", REG(PFR0), 32, 0, 0 },
    { "sme", REG(PFR1), 24, 0, 0 },
    { "mte", REG(PFR1), 8, 3, 0 },
    { "the", REG(PFR1), 48, 1, 0 },
    { "d128", REG(MMFR3), 32, 1, 0 },
    { "d128", REG(MMFR3), 36, 1, 0 },
    { "d128", REG(ISAR2), 32, 1, 0 },           /* SYSREG_128, SYSINSTR_128 */
    { "d128", REG(ISAR2), 36, 1, 0 },
};

/*
 * APA, API (ISAR1 [7:4], [11:8]) and APA3 (ISAR2 [15:12]) with their GPA, GPI, GPA3: one algorithm at a time. Its field
 * says 1, FEAT_PAuth, or 5, with FEAT_PAuth2, FEAT_FPAC and FEAT_FPACCOMBINE; ours then has FEAT_CONSTPACFIELD.
 */
typedef enum PauthAlgorithm { PAUTH_NONE, PAUTH_QARMA5, PAUTH_IMPDEF, PAUTH_QARMA3 } PauthAlgorithm;
enum { PAUTH_1 = 1, PAUTH_2 = 5, SAID_PAUTH2 = 1 << 7 };

static PauthAlgorithm pauth_get(const uint64_t *idreg)
{
    uint64_t isar1 = idreg[REG(ISAR1)], isar2 = idreg[REG(ISAR2)];

    return extract64(isar1, 4, 4) ? PAUTH_QARMA5 : extract64(isar1, 8, 4) ? PAUTH_IMPDEF :
           extract64(isar2, 12, 4) ? PAUTH_QARMA3 : PAUTH_NONE;
}

/* What the algorithm's field says. */
static unsigned pauth_version(const uint64_t *idreg)
{
    return extract64(idreg[REG(ISAR1)], 4, 4) | extract64(idreg[REG(ISAR1)], 8, 4) | extract64(idreg[REG(ISAR2)], 12, 4);
}

static void pauth_set(uint64_t *idreg, PauthAlgorithm a, unsigned version)
{
    uint64_t *isar1 = &idreg[REG(ISAR1)], *isar2 = &idreg[REG(ISAR2)];

    *isar1 = deposit64(*isar1, 4, 4, a == PAUTH_QARMA5 ? version : 0);
    *isar1 = deposit64(*isar1, 24, 4, a == PAUTH_QARMA5);
    *isar1 = deposit64(*isar1, 8, 4, a == PAUTH_IMPDEF ? version : 0);
    *isar1 = deposit64(*isar1, 28, 4, a == PAUTH_IMPDEF);
    *isar2 = deposit64(*isar2, 12, 4, a == PAUTH_QARMA3 ? version : 0);
    *isar2 = deposit64(*isar2, 8, 4, a == PAUTH_QARMA3);
    *isar2 = deposit64(*isar2, 24, 4, a != PAUTH_NONE && version == PAUTH_2);
}

static PauthAlgorithm pauth_named(const char *name)
{
    return strcmp(name, "pauth-impdef") == 0 ? PAUTH_IMPDEF : strcmp(name, "pauth-qarma3") == 0 ? PAUTH_QARMA3 :
           PAUTH_QARMA5;
}

static bool fail(GError **error, const char *name, const char *why)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", name, why);
    return false;
}

bool arm_idreg_has_prop(const char *name)
{
    if (g_str_has_prefix(name, "pauth")) {
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool edit_pauth(uint64_t *idreg, const char *name, bool on, GError **error)
{
    PauthAlgorithm now = pauth_get(idreg), a = pauth_named(name);
    unsigned version = MAX(pauth_version(idreg), PAUTH_1);

    if (strcmp(name, "pauth") == 0) {
        pauth_set(idreg, !on ? PAUTH_NONE : now != PAUTH_NONE ? now : PAUTH_QARMA5, version);
        return true;
    }
    if (on && now == PAUTH_NONE) {
        return fail(error, name, "the CPU has no pointer authentication");
    }
    if (strcmp(name, "pauth2") == 0) {
        pauth_set(idreg, now, on ? PAUTH_2 : PAUTH_1);
    } else if (on) {
        pauth_set(idreg, a, version);
    } else if (now == a) {
        pauth_set(idreg, PAUTH_QARMA5, version);
    }
    return true;
}

bool arm_idreg_edit(uint64_t *idreg, const char *name, bool on, GError **error)
{
    bool found = false;

    if (g_str_has_prefix(name, "pauth")) {
        return edit_pauth(idreg, name, on, error);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ArmFeatureProp *row = &rows[i];

        if (strcmp(row->name, name) != 0) {
            continue;
        }
        found = true;
        if (on && !row->on) {
            return fail(error, name, "not supported yet");
        }
        if (!on && row->off) {
            return fail(error, name, "AArch32 is not supported yet");
        }
        /* on keeps what the model says if it has the feature in some form */
        if (!on || extract64(idreg[row->reg], row->shift, 4) == 0) {
            idreg[row->reg] = deposit64(idreg[row->reg], row->shift, 4, on ? row->on : row->off);
        }
    }
    return found || fail(error, name, "no such CPU feature");
}

/* What the user said of pointer authentication must hold together, in whatever order it was said. */
static bool pauth_agrees(ARMCPU *cpu, const char *name, bool on, GError **error)
{
    unsigned bit = strcmp(name, "pauth2") == 0 ? SAID_PAUTH2 :
                   1u << (strcmp(name, "pauth") == 0 ? PAUTH_NONE : pauth_named(name));
    unsigned off = 1u << PAUTH_NONE;            /* pauth=off was said */
    unsigned said;

    on = bit == off ? !on : on;
    said = cpu->pauth_said = on ? cpu->pauth_said | bit : cpu->pauth_said & ~bit;
    if (said & off && said != off) {
        return fail(error, name, "pauth=off, and an algorithm or version of it: one or the other");
    }
    said &= ~SAID_PAUTH2;
    return !(said & (said - 1)) || fail(error, name, "pauth-impdef and pauth-qarma3: one or the other");
}

bool arm_feature_prop_set(Object *obj, const Property *p, const char *value, GError **error)
{
    ARMCPU *cpu = ARM_CPU(obj);
    bool on;

    return parse_bool(p->name, value, &on, error) &&
           (!g_str_has_prefix(p->name, "pauth") || pauth_agrees(cpu, p->name, on, error)) &&
           arm_idreg_edit(cpu->idreg, p->name, on, error);
}

char *arm_feature_prop_get(Object *obj, const Property *p)
{
    ARMCPU *cpu = ARM_CPU(obj);
    bool on = false;

    if (g_str_has_prefix(p->name, "pauth")) {
        PauthAlgorithm a = pauth_get(cpu->idreg);

        on = strcmp(p->name, "pauth") == 0 ? a != PAUTH_NONE : a == pauth_named(p->name);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, p->name) == 0) {
            on = extract64(cpu->idreg[rows[i].reg], rows[i].shift, 4) != 0;
        }
    }
    return g_strdup(on ? "on" : "off");
}
