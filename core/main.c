/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program: argv to a realized machine. The only place that prints errors or exits. */
#include <stdio.h>
#include <string.h>
#include "core/version.h"

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "-version") == 0 || strcmp(argv[1], "--version") == 0)) {
        printf("Chimera emulator version " CHIMERA_VERSION "\n");
        return 0;
    }
    fprintf(stderr, "chimera: no machine: name one with -M; -M help lists them\n");
    return 1;
}
