/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --decode: what an instruction set's tables say about hex words. */
#include <stdio.h>
#include <string.h>
#include "core/isa.h"
#include "core/program.h"

/* One word of 4 or 8 hex digits; blanks around it are allowed. Returns its digits, 0 for a blank line, -1 if bad. */
static int parse_word(char *line, uint32_t *word)
{
    const char *text = g_strstrip(line);
    size_t len = strlen(text);

    if (len == 0) {
        return 0;
    }
    if ((len != 4 && len != 8) || strspn(text, "0123456789abcdefABCDEF") != len) {
        return -1;
    }
    *word = (uint32_t)g_ascii_strtoull(text, NULL, 16);
    return (int)len;
}

static int decode_lines(const IsaInfo *isa, void *state, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    char line[128];

    for (unsigned number = 1; fgets(line, sizeof(line), stdin); number++) {
        uint32_t word = 0;
        int digits;

        digits = strchr(line, '\n') || feof(stdin) ? parse_word(line, &word) : -1;
        if (digits < 0) {
            line[strcspn(line, "\n")] = '\0';
            fflush(stdout);
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "standard input: line %u: '%.40s' is not 4 or 8 hex "
                        "digits", number, line);
            return -1;
        }
        if (digits) {
            g_string_printf(out, "%0*" G_GINT32_MODIFIER "x\t", digits, word);
            if (!isa->describe(state, word, (unsigned)digits, out, error)) {
                fflush(stdout);
                g_prefix_error(error, "standard input: line %u: ", number);
                return -1;
            }
            g_string_append_c(out, '\n');
            fputs(out->str, stdout);
        }
    }
    return 0;
}

int decode_words(ModuleLoader *ml, const char *text, GError **error)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    const char *cpu = text[strlen(name)] == ',' ? text + strlen(name) + 1 : NULL;
    const ModuleName *row = module_find(ml, MODULE_ISA, "instruction set", name, NULL, error);
    const ChimeraModule *module;
    TypeRegistry *types;
    const IsaInfo *isa = NULL;
    int status = -1;
    void *state;

    if (!row) {
        return -1;
    }
    types = module_loader_types(ml);
    module = module_load(ml, types, row->module, error);
    for (unsigned i = 0; module && module->isas && module->isas[i]; i++) {
        if (strcmp(module->isas[i]->name, row->name) == 0) {
            isa = module->isas[i];
        }
    }
    if (module && !isa) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "module %s: its manifest promises instruction set %s, "
                    "which it has not", row->module, row->name);
    }
    state = isa ? isa->open(cpu, error) : NULL;
    if (state) {
        status = decode_lines(isa, state, error);
        isa->close(state);
    }
    type_registry_free(types);
    return status;
}
