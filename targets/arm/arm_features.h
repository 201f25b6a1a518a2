/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -cpu NAME,feature=on|off: properties that edit ID registers. */
#ifndef TARGETS_ARM_ARM_FEATURES_H
#define TARGETS_ARM_ARM_FEATURES_H

#include "targets/arm/cpu.h"

bool arm_feature_prop_set(Object *obj, const Property *p, const char *value, GError **error);
char *arm_feature_prop_get(Object *obj, const Property *p);

/* Whether there is such a property, and what it does to the ID registers (ARM_NUM_IDREGS of them). */
bool arm_idreg_has_prop(const char *name);
bool arm_idreg_edit(uint64_t *idreg, const char *name, bool on, GError **error);

#define ARM_FEATURE_PROP(name_, help_) \
    { .name = name_, .type = PROP_BOOL, .help = help_, .set = arm_feature_prop_set, .get = arm_feature_prop_get }
#define ARM_FEATURE_PROPS \
    ARM_FEATURE_PROP("aes", "AES and polynomial multiplication instructions"), \
    ARM_FEATURE_PROP("sha1", "SHA-1 instructions"), \
    ARM_FEATURE_PROP("sha256", "SHA-256 instructions"), \
    ARM_FEATURE_PROP("crc32", "CRC32 instructions"), \
    ARM_FEATURE_PROP("lse", "Large System Extensions: atomic instructions"), \
    ARM_FEATURE_PROP("rdm", "rounding doubling multiply accumulate"), \
    ARM_FEATURE_PROP("dotprod", "dot product instructions"), \
    ARM_FEATURE_PROP("fp16", "half-precision arithmetic"), \
    ARM_FEATURE_PROP("pauth", "pointer authentication"), \
    ARM_FEATURE_PROP("pauth2", "pointer authentication that faults, and keeps the pointer's field (PAuth2, FPACCOMBINE)"), \
    ARM_FEATURE_PROP("pauth-impdef", "pointer authentication by a fast algorithm of our own, not QARMA5"), \
    ARM_FEATURE_PROP("pauth-qarma3", "pointer authentication by QARMA3"), \
    ARM_FEATURE_PROP("pmu", "performance monitors"), \
    ARM_FEATURE_PROP("sve", "Scalable Vector Extension (not supported yet: only off)"), \
    ARM_FEATURE_PROP("sme", "Scalable Matrix Extension (not supported yet: only off)"), \
    ARM_FEATURE_PROP("mte", "memory tagging, with allocation tags beside all RAM"), \
    ARM_FEATURE_PROP("the", "translation hardening"), \
    ARM_FEATURE_PROP("d128", "128-bit translation descriptors, system registers and instructions"), \
    ARM_FEATURE_PROP("aarch64", "AArch64 (only on: AArch32 is not supported yet)")

#endif
