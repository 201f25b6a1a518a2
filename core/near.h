/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Near names: what a user who mistyped a name may have meant. */
#ifndef CORE_NEAR_H
#define CORE_NEAR_H

#include <glib.h>

/*
 * Collects candidates for a mistyped name. At most three are kept: those with the least edit distance (insert,
 * delete, replace, swap of neighbours, each 1), no further than a third of the name's length or so, and names that begin so.
 */
typedef struct NearNames NearNames;

NearNames *near_new(const char *name);
void near_add(NearNames *near, const char *candidate);
/*
 * Frees near and returns newly allocated text to append to an error: " (near names: a, b)", or "" when nothing is
 * near.
 */
char *near_finish(NearNames *near);

#endif
