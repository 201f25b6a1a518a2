/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * M-profile models: the values of their ID registers, from the Technical Reference Manuals, and what a chip usually makes of
 * each. Features follow from the ID registers alone: the Main Extension from CPUID's architecture field, Armv8-M from the
 * kind of its MPU, the rest from fields of their own. Armv6-M has no ID registers but CPUID; its other words are zero.
 *
 * Of Cortex-M23 the instruction set registers are what Baseline has.
 */
#include "core/keyval.h"
#include "targets/arm/m_features.h"
#include "targets/arm/m_int.h"
#include "targets/arm/m_models.h"

/* DWT_CTRL: comparators, NOTRCPKT, NOEXTTRIG, NOCYCCNT, NOPRFCNT */
enum { DWT_SMALL = 0x0b000000, DWT_FULL = 0x40000000 };

static const ArmMModel models[ARM_M_NUM_MODELS] = {
    {
        .name = "cortex-m0", .desc = "Arm Cortex-M0 (Armv6-M)", .id = { [M_CPUID] = 0x410cc200 },
        .num_irq = 32, .prio_bits = 2, .dwt_ctrl = 1u << 28 | DWT_SMALL,
    },
    {
        .name = "cortex-m0plus", .desc = "Arm Cortex-M0+ (Armv6-M)", .id = { [M_CPUID] = 0x410cc601 },
        .vtor_mask = 0xffffff00, .num_irq = 32, .prio_bits = 2, .mpu_regions = 8, .dwt_ctrl = 2u << 28 | DWT_SMALL,
    },
    {
        .name = "cortex-m3", .desc = "Arm Cortex-M3 (Armv7-M)",
        .id = {
            [M_CPUID] = 0x412fc231, [M_ID_PFR0] = 0x00000030, [M_ID_PFR1] = 0x00000200, [M_ID_DFR0] = 0x00100000,
            [M_ID_MMFR0] = 0x00000030, [M_ID_ISAR0] = 0x01141110, [M_ID_ISAR1] = 0x02111000, [M_ID_ISAR2] = 0x21112231,
            [M_ID_ISAR3] = 0x01111110, [M_ID_ISAR4] = 0x01310102,
        },
        .vtor_mask = 0x3fffff80, .actlr_mask = 0x7, .num_irq = 240, .prio_bits = 8, .mpu_regions = 8,
        .dwt_ctrl = DWT_FULL, .itm = true, .bitband = true,
    },
    {
        .name = "cortex-m4", .desc = "Arm Cortex-M4 with FPU (Armv7E-M)",
        .id = {
            [M_CPUID] = 0x410fc241, [M_ID_PFR0] = 0x00000030, [M_ID_PFR1] = 0x00000200, [M_ID_DFR0] = 0x00100000,
            [M_ID_MMFR0] = 0x00000030, [M_ID_ISAR0] = 0x01141110, [M_ID_ISAR1] = 0x02112000, [M_ID_ISAR2] = 0x21232231,
            [M_ID_ISAR3] = 0x01111131, [M_ID_ISAR4] = 0x01310132, [M_MVFR0] = 0x10110021, [M_MVFR1] = 0x11000011,
        },
        .vtor_mask = 0xffffff80, .actlr_mask = 0x307, .num_irq = 240, .prio_bits = 8, .mpu_regions = 8,
        .dwt_ctrl = DWT_FULL, .itm = true, .bitband = true,
    },
    {
        .name = "cortex-m7", .desc = "Arm Cortex-M7 with double-precision FPU (Armv7E-M)",
        .id = {
            [M_CPUID] = 0x411fc272, [M_ID_PFR0] = 0x00000030, [M_ID_PFR1] = 0x00000200, [M_ID_DFR0] = 0x00100000,
            [M_ID_MMFR0] = 0x00100030, [M_ID_MMFR2] = 0x01000000, [M_ID_ISAR0] = 0x01101110, [M_ID_ISAR1] = 0x02112000,
            [M_ID_ISAR2] = 0x20232231, [M_ID_ISAR3] = 0x01111131, [M_ID_ISAR4] = 0x01310132, [M_CLIDR] = 0x09000003,
            [M_CTR] = 0x8303c003, [M_CCSIDR0] = 0xf00fe019, [M_CCSIDR1] = 0xf01fe009, [M_MVFR0] = 0x10110221,
            [M_MVFR1] = 0x12000011, [M_MVFR2] = 0x00000040,
        },
        .vtor_mask = 0xffffff80, .actlr_mask = 0x1fffffff, .num_irq = 240, .prio_bits = 8, .mpu_regions = 8,
        .dwt_ctrl = DWT_FULL, .itm = true,
    },
    {
        .name = "cortex-m23", .desc = "Arm Cortex-M23 (Armv8-M Baseline, Security Extension)",
        .id = {
            [M_CPUID] = 0x411cd200, [M_ID_PFR0] = 0x00000030, [M_ID_PFR1] = 0x00000210, [M_ID_DFR0] = 0x00200000,
            [M_ID_MMFR0] = 0x00101f40, [M_ID_MMFR2] = 0x01000000, [M_ID_ISAR0] = 0x01101000, [M_ID_ISAR1] = 0x02201000,
            [M_ID_ISAR2] = 0x20112032, [M_ID_ISAR3] = 0x01111100, [M_ID_ISAR4] = 0x01310101, [M_CTR] = 0x8000c000,
        },
        .vtor_mask = 0xffffff80, .num_irq = 240, .prio_bits = 2, .mpu_regions = 16, .sau_regions = 8,
        .dwt_ctrl = 4u << 28 | DWT_SMALL,
    },
    {
        .name = "cortex-m33", .desc = "Arm Cortex-M33 with FPU (Armv8-M Mainline, Security Extension)",
        .id = {
            [M_CPUID] = 0x410fd213, [M_ID_PFR0] = 0x00000030, [M_ID_PFR1] = 0x00000210, [M_ID_DFR0] = 0x00200000,
            [M_ID_MMFR0] = 0x00101f40, [M_ID_MMFR2] = 0x01000000, [M_ID_ISAR0] = 0x01101110, [M_ID_ISAR1] = 0x02212000,
            [M_ID_ISAR2] = 0x20232232, [M_ID_ISAR3] = 0x01111131, [M_ID_ISAR4] = 0x01310132, [M_CTR] = 0x8000c000,
            [M_MVFR0] = 0x10110021, [M_MVFR1] = 0x11000011, [M_MVFR2] = 0x00000040,
        },
        .vtor_mask = 0xffffff80, .actlr_mask = 0x20001607, .num_irq = 480, .prio_bits = 8, .mpu_regions = 16,
        .sau_regions = 8, .dwt_ctrl = DWT_FULL, .itm = true,
    },
};

#define MODEL_TYPE(n, name_, desc_) \
    { .name = name_ "-arm-m-cpu", .parent = TYPE_ARM_M_CPU, .desc = desc_, .class_data = &models[n], \
      .class_init = arm_m_model_class_init }
const TypeInfo arm_m_model_types[ARM_M_NUM_MODELS] = {
    MODEL_TYPE(0, "cortex-m0", "Arm Cortex-M0 (Armv6-M)"),
    MODEL_TYPE(1, "cortex-m0plus", "Arm Cortex-M0+ (Armv6-M)"),
    MODEL_TYPE(2, "cortex-m3", "Arm Cortex-M3 (Armv7-M)"),
    MODEL_TYPE(3, "cortex-m4", "Arm Cortex-M4 with FPU (Armv7E-M)"),
    MODEL_TYPE(4, "cortex-m7", "Arm Cortex-M7 with double-precision FPU (Armv7E-M)"),
    MODEL_TYPE(5, "cortex-m23", "Arm Cortex-M23 (Armv8-M Baseline, Security Extension)"),
    MODEL_TYPE(6, "cortex-m33", "Arm Cortex-M33 with FPU (Armv8-M Mainline, Security Extension)"),
};

/* -- features ------------------------------------------------------------------------------------------------------------ */

void arm_m_compute_features(ARMMCPU *cpu)
{
    const uint32_t *id = cpu->id;
    bool main = extract32(id[M_CPUID], 16, 4) == 0xf, v8 = extract32(id[M_ID_MMFR0], 4, 4) == 4;
    bool dsp = extract32(id[M_ID_ISAR3], 4, 4) >= 3;
    ArmMProfile profile = v8 ? main ? ARM_V8M_MAIN : ARM_V8M_BASE : !main ? ARM_V6M : dsp ? ARM_V7EM : ARM_V7M;
    unsigned ext = 0;

    cpu->has_security = extract32(id[M_ID_PFR1], 4, 4) == 1;
    cpu->has_fp = extract32(id[M_MVFR0], 4, 4) >= 2;
    cpu->has_dp = extract32(id[M_MVFR0], 8, 4) >= 2;
    ext |= dsp ? ARM_M_EXT_DSP : 0;
    ext |= cpu->has_security ? ARM_M_EXT_SEC : 0;
    ext |= cpu->has_fp ? ARM_M_EXT_FP : 0;
    ext |= cpu->has_dp ? ARM_M_EXT_DP : 0;
    ext |= cpu->has_fp && extract32(id[M_MVFR2], 4, 4) >= 4 ? ARM_M_EXT_FPV5 : 0;
    arm_m_profile_features(profile, ext, &cpu->features);
    cpu->features_hash = arm_features_hash(&cpu->features, NULL, 0);
}

/* -cpu NAME,feature=on|off as edits of ID registers: off for what the model has. */
typedef struct FeatureProp {
    const char *name;
    uint8_t id, shift, width;
    uint8_t off;
} FeatureProp;
static const FeatureProp rows[] = {
    { "fp", M_MVFR0, 0, 32, 0 }, { "fp", M_MVFR1, 0, 32, 0 }, { "fp", M_MVFR2, 0, 32, 0 },
    { "dp", M_MVFR0, 8, 4, 0 },
    { "dsp", M_ID_ISAR1, 12, 4, 1 }, { "dsp", M_ID_ISAR2, 20, 4, 1 }, { "dsp", M_ID_ISAR2, 16, 4, 1 },
    { "dsp", M_ID_ISAR3, 4, 4, 1 }, { "dsp", M_ID_ISAR3, 0, 4, 0 },
    { "security", M_ID_PFR1, 4, 4, 0 },
};

bool arm_m_feature_prop_set(Object *obj, const Property *p, const char *value, GError **error)
{
    ARMMCPU *cpu = ARM_M_CPU(obj);
    bool on;

    if (!parse_bool(p->name, value, &on, error)) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const FeatureProp *r = &rows[i];
        uint32_t model, now;

        if (strcmp(r->name, p->name) != 0) {
            continue;
        }
        model = extract32(cpu->model->id[r->id], r->shift, r->width);
        now = extract32(cpu->id[r->id], r->shift, r->width);
        if (on && model <= r->off && r == &rows[0] + i && (i == 0 || strcmp(rows[i - 1].name, r->name) != 0)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s does not have it", p->name, cpu->model->name);
            return false;
        }
        cpu->id[r->id] = deposit32(cpu->id[r->id], r->shift, r->width, on ? model : MIN(now, r->off));
    }
    return true;
}

char *arm_m_feature_prop_get(Object *obj, const Property *p)
{
    const ARMMCPU *cpu = ARM_M_CPU(obj);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, p->name) == 0) {
            return g_strdup(extract32(cpu->id[rows[i].id], rows[i].shift, rows[i].width) > rows[i].off ? "on" : "off");
        }
    }
    g_assert_not_reached();
}
