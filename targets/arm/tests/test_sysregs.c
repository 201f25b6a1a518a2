/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of system registers and system instructions against the specification's tables (sysregs.tsv, sysinstrs.tsv;
 * the folder is the argument): what the tables have for the features of a CPU model has a row with that name, encoding,
 * access and lowest exception level, or stands in the list of what is missing (docs/CAVEATS.md says why); and
 * there is no row that the tables do not have. The same of the forms of 128 bits.
 */
#include <string.h>
#include "targets/arm/cpu_models.h"
#include "targets/arm/sysreg_groups.h"

static const char *const models[] = {
    "cortex-a35", "cortex-a53", "cortex-a55", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "max",
};

typedef struct SpecRow {
    char *name, *feature;
    uint16_t enc;
    uint8_t access;                             /* the lowest level that reads, and that writes: SR_* */
    bool seen;
    bool wide;                                  /* MRRS and MSRR reach it */
    bool pair;                                  /* it is a SYSP as well */
} SpecRow;

/* -- what is known to be otherwise ------------------------------------------------------------------------- */

/* Names that have no row though a model has the feature. */
static const char missing[] =
    "^("
    "DSPSR_EL0|DLR_EL0|"                        /* only in Debug state, which there is none of */
    "ERX[A-Z0-9]+_EL1|"                         /* no error records: UNDEFINED is one choice (ERRIDR_EL1.NUM is 0) */
    "PMEV(CNTR|TYPER)([6-9]|[12][0-9]|30)_EL0"  /* more counters than any model has */
    ")$";

static bool is_missing(const char *name)
{
    return g_regex_match_simple(missing, name, 0, 0);
}

/* The GIC brings its CPU interface, and the field of ID_AA64PFR0_EL1 with it. */
static bool comes_with_gic(const char *name)
{
    return g_str_has_prefix(name, "ICC_") || g_str_has_prefix(name, "ICH_");
}

static void G_GNUC_PRINTF(1, 2) complain(const char *format, ...)
{
    va_list ap;
    g_autofree char *text = NULL;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_test_message("%s", text);
    g_test_fail();
}

/* -- the tables -------------------------------------------------------------------------------------------- */

static char *folder;

static unsigned level(const char *text)
{
    g_assert_true(g_str_has_prefix(text, "EL") && text[2] >= '0' && text[2] <= '3');
    return text[2] - '0';
}

/* "RW" with "EL0/EL1": read at EL0, written at EL1. */
static uint8_t access_of(const char *access, const char *min_el)
{
    const char *write_el = strchr(min_el, '/');
    unsigned r = level(min_el), w = level(write_el ? write_el + 1 : min_el);

    return (strchr(access, 'R') ? SR_R0 << r : 0) | (strchr(access, 'W') ? SR_W0 << w : 0);
}

static void row_free(void *data)
{
    SpecRow *r = data;

    g_free(r->name);
    g_free(r->feature);
    g_free(r);
}

static unsigned number(const char *text)
{
    return (unsigned)g_ascii_strtoull(text, NULL, 10);
}

/* Rows by encoding. */
static GHashTable *load_tables(void)
{
    GHashTable *rows = g_hash_table_new_full(NULL, NULL, NULL, row_free);

    for (unsigned table = 0; table < 2; table++) {
        g_autofree char *path = g_build_filename(folder, table ? "sysinstrs.tsv" : "sysregs.tsv", NULL), *text = NULL;
        g_auto(GStrv) lines = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        lines = g_strsplit(text, "\n", -1);
        for (unsigned i = 1; lines[i] && *lines[i]; i++) {
            g_auto(GStrv) f = g_strsplit(lines[i], "\t", -1);
            SpecRow *r = g_new0(SpecRow, 1);

            r->name = g_strdup(f[0]);
            if (table) {
                /* SYSP has a row of the same encoding, which is a SYS and may come before or after it; SYSL reads */
                r->pair = strcmp(f[5], "SYSP") == 0;
                r->enc = SYSREG(1, number(f[1]), number(f[2]), number(f[3]), number(f[4]));
                r->access = access_of(strcmp(f[5], "SYSL") == 0 ? "RO" : "WO", f[7]);
                r->feature = g_strdup(f[8]);
            } else {
                r->enc = SYSREG(number(f[1]), number(f[2]), number(f[3]), number(f[4]), number(f[5]));
                r->access = access_of(f[6], f[7]);
                r->feature = g_strdup(f[8]);
                r->wide = strcmp(f[11], "128") == 0;
            }
            if (g_hash_table_contains(rows, GUINT_TO_POINTER(r->enc))) {
                SpecRow *have = g_hash_table_lookup(rows, GUINT_TO_POINTER(r->enc));

                /* one encoding, two names: for reading and for writing, or for 64 and for 128 bits */
                if (r->pair || have->pair) {
                    SpecRow *sys = r->pair ? have : r;

                    sys->pair = true;
                    if (sys == have) {
                        row_free(r);
                    } else {
                        g_hash_table_replace(rows, GUINT_TO_POINTER(r->enc), r);
                    }
                    continue;
                }
                have->access |= r->access;
                row_free(r);
                continue;
            }
            g_hash_table_insert(rows, GUINT_TO_POINTER(r->enc), r);
        }
    }
    g_assert_cmpuint(g_hash_table_size(rows), >, 1200);
    return rows;
}

/* "FEAT_A|FEAT_B", "(FEAT_A|FEAT_B)&FEAT_C": alternatives bind weaker only inside brackets. */
static bool has_features(const ArmFeatures *features, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "&", -1);

    for (unsigned i = 0; parts[i]; i++) {
        g_auto(GStrv) either = g_strsplit_set(parts[i], "|()", -1);
        bool any = false;

        for (unsigned k = 0; either[k]; k++) {
            ArmFeature f;

            if (strcmp(either[k], "FEAT_AA32") == 0) {
                any |= arm_has_feature(features, FEAT_AA32EL1);
            } else if (g_str_has_prefix(either[k], "FEAT_") && arm_feature_find(either[k] + strlen("FEAT_"), &f)) {
                any |= arm_has_feature(features, f);
            }
        }
        if (!any && *text) {
            return false;
        }
    }
    return true;
}

/* -- tests --------------------------------------------------------------------------------------------------- */

static void features_of(const char *model, ArmFeatures *ret)
{
    uint64_t idregs[ARM_NUM_IDREGS] = { 0 };

    arm_model_idregs(arm_model_find(model), idregs);
    arm_features_compute(idregs, ret);
}

/* The row for an encoding of a CPU with all levels, or NULL. */
static const SysReg *find_row(const ArmFeatures *features, uint16_t enc)
{
    for (const SysRegGroup *const *g = arm_sysreg_groups; *g; g++) {
        for (unsigned i = 0; i < (*g)->num; i++) {
            const SysReg *r = &(*g)->regs[i];

            if (r->enc == enc && (!r->feature || arm_has_feature(features, r->feature - 1))) {
                return r;
            }
        }
    }
    return NULL;
}

static void test_missing(void)
{
    GHashTable *rows = load_tables();
    unsigned compared = 0;

    for (unsigned m = 0; m < G_N_ELEMENTS(models); m++) {
        GHashTableIter it;
        ArmFeatures features;
        SpecRow *r;

        features_of(models[m], &features);
        g_hash_table_iter_init(&it, rows);
        while (g_hash_table_iter_next(&it, NULL, (void **)&r)) {
            if (!has_features(&features, r->feature)) {
                continue;
            }
            if (find_row(&features, r->enc)) {
                compared++;
                if (is_missing(r->name)) {
                    complain("%s: %s is said to be missing, and is there", models[m], r->name);
                }
            } else if (!is_missing(r->name)) {
                complain("%s: %s (%s) has no row", models[m], r->name, r->feature);
            }
        }
    }
    g_test_message("%u rows of %u models", compared, (unsigned)G_N_ELEMENTS(models));
    g_assert_cmpuint(compared, >, 8 * 200);
    g_hash_table_unref(rows);
}

static void test_rows(void)
{
    GHashTable *rows = load_tables();
    ArmFeatures max;
    unsigned compared = 0;

    features_of("max", &max);
    for (const SysRegGroup *const *g = arm_sysreg_groups; *g; g++) {
        for (unsigned i = 0; i < (*g)->num; i++) {
            const SysReg *r = &(*g)->regs[i];
            const SpecRow *spec = g_hash_table_lookup(rows, GUINT_TO_POINTER(r->enc));
            uint8_t access = r->access;

            if (!spec) {
                /* names of op0 to op2: reserved identification registers */
                if (!g_str_has_prefix(r->name, "S3_0_C0_")) {
                    complain("%s is in no table", r->name);
                }
                continue;
            }
            compared++;
            if (!!r->wide != spec->wide || !!r->write128 != spec->pair) {
                complain("%s: its form of 128 bits", r->name);
            }
            if (strcmp(r->name, spec->name) != 0) {
                complain("%s has the encoding of %s", r->name, spec->name);
            }
            if (strcmp(r->name, "CNTFRQ_EL0") == 0) {
                access ^= SR_W1 | SR_W3;        /* its check has the highest level write it */
            }
            if (access != spec->access) {
                complain("%s: access is %02x, not %02x", r->name, r->access, spec->access);
            }
            /* a row that needs a feature belongs to what the table says needs it: no model has one without the other */
            for (unsigned m = 0; m < G_N_ELEMENTS(models); m++) {
                ArmFeatures features;

                features_of(models[m], &features);
                if (!comes_with_gic(r->name) && (!r->feature || arm_has_feature(&features, r->feature - 1)) &&
                    !has_features(&features, spec->feature)) {
                    complain("%s: %s is there without %s", models[m], r->name, spec->feature);
                }
            }
        }
    }
    g_assert_cmpuint(compared, >, 400);
    g_hash_table_unref(rows);
}

/* No encoding twice among rows that a CPU can have together. */
static void test_once(void)
{
    for (unsigned m = 0; m < G_N_ELEMENTS(models); m++) {
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        ArmFeatures features;

        features_of(models[m], &features);
        for (const SysRegGroup *const *g = arm_sysreg_groups; *g; g++) {
            for (unsigned i = 0; i < (*g)->num; i++) {
                const SysReg *r = &(*g)->regs[i];

                if (!r->feature || arm_has_feature(&features, r->feature - 1)) {
                    g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(r->enc)));
                }
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = argv[1];
    g_assert_nonnull(folder);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/sysregs/missing", test_missing);
    g_test_add_func("/sysregs/rows", test_rows);
    g_test_add_func("/sysregs/once", test_once);
    return g_test_run();
}
