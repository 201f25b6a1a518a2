#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""builtin_table.py OUTPUT SYMBOL...: the table of the modules that -Dmodules=builtin links into the program."""
import sys

symbols = sys.argv[2:]
with open(sys.argv[1], "w") as f:
    f.write('/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* Generated: the modules linked in. */\n')
    f.write('#include "core/module.h"\n\n')
    f.writelines(f"extern const ChimeraModule {symbol};\n" for symbol in symbols)
    f.write("\nconst ChimeraModule *const chimera_builtin_modules[] = {\n")
    f.writelines(f"    &{symbol},\n" for symbol in symbols)
    f.write("    NULL\n};\n")
