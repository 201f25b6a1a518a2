/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of guest code: ELF files' symbols of functions, or lines as in /proc/kallsyms and System.map. */
#ifndef CORE_EXEC_SYMBOLS_H
#define CORE_EXEC_SYMBOLS_H

#include <glib.h>
#include "core/forward.h"

typedef struct SymbolTable SymbolTable;

/* NULL: it cannot be read, or names nothing. */
SymbolTable *symbols_load(const char *path);
void symbols_free(SymbolTable *t);
/* The name of what is at an address as the file has it, and how far into it that is; NULL: nobody says. */
const char *symbols_find(const SymbolTable *t, uint64_t addr, uint64_t *ret_offset);
/* Where the byte at an offset of an ELF file is loaded to, as the file has it. */
bool symbols_file_address(const SymbolTable *t, uint64_t offset, uint64_t *ret);

#endif
