/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An instruction set as `chimera --decode` sees it: no CPU object, no translation. */
#ifndef CORE_ISA_H
#define CORE_ISA_H

#include <glib.h>
#include "core/forward.h"

struct IsaInfo {
    const char *name;                           /* "aarch64" */
    /*
     * Appends "pattern<TAB>specification row<TAB>operands as name=0xN" for a word, or "UNDEFINED".
     * digits is the number of hex digits given (4 or 8). cpu: "NAME[,feature=on|off...]" or NULL for the richest.
     */
    void *(*open)(const char *cpu, GError **error);
    bool (*describe)(void *isa, uint32_t word, unsigned digits, GString *out, GError **error);
    void (*close)(void *isa);
};

#endif
