/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Near names by edit distance (optimal string alignment). */
#include <string.h>
#include "core/near.h"

#define MAX_NEAR 3

struct NearNames {
    char *name;
    unsigned limit;
    unsigned num;
    struct {
        char *name;
        unsigned distance;
    } best[MAX_NEAR];
};

/* Case is not counted. Returns limit + 1 as soon as the distance is known to exceed it by length alone. */
static unsigned edit_distance(const char *a, const char *b, unsigned limit)
{
    size_t la = strlen(a), lb = strlen(b);
    g_autofree unsigned *rows = NULL;
    unsigned *prev2, *prev, *cur;

    if ((la > lb ? la - lb : lb - la) > limit) {
        return limit + 1;
    }
    rows = g_new(unsigned, 3 * (lb + 1));
    prev2 = rows;
    prev = rows + (lb + 1);
    cur = rows + 2 * (lb + 1);
    for (size_t j = 0; j <= lb; j++) {
        prev[j] = (unsigned)j;
        prev2[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= la; i++) {
        unsigned *spare = prev2;

        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            char ca = g_ascii_tolower(a[i - 1]), cb = g_ascii_tolower(b[j - 1]);
            unsigned d = prev[j - 1] + (ca != cb);

            d = MIN(d, prev[j] + 1);
            d = MIN(d, cur[j - 1] + 1);
            if (i > 1 && j > 1 && ca == g_ascii_tolower(b[j - 2]) && g_ascii_tolower(a[i - 2]) == cb) {
                d = MIN(d, prev2[j - 2] + 1);
            }
            cur[j] = d;
        }
        prev2 = prev;
        prev = cur;
        cur = spare;
    }
    return prev[lb];
}

NearNames *near_new(const char *name)
{
    NearNames *near = g_new0(NearNames, 1);

    near->name = g_strdup(name);
    near->limit = MAX(1, ((unsigned)strlen(name) + 1) / 3);
    return near;
}

void near_add(NearNames *near, const char *candidate)
{
    unsigned d = edit_distance(near->name, candidate, near->limit);
    unsigned at;

    /* a name that continues what was typed is near, however long the rest */
    if (d > near->limit && strlen(near->name) >= 3 &&
        g_ascii_strncasecmp(near->name, candidate, strlen(near->name)) == 0) {
        d = near->limit;
    }
    if (d > near->limit) {
        return;
    }
    for (unsigned i = 0; i < near->num; i++) {
        if (strcmp(near->best[i].name, candidate) == 0) {
            return;
        }
    }
    for (at = near->num; at > 0 && near->best[at - 1].distance > d; at--) {
    }
    if (at == MAX_NEAR) {
        return;
    }
    if (near->num == MAX_NEAR) {
        g_free(near->best[--near->num].name);
    }
    memmove(&near->best[at + 1], &near->best[at], (near->num - at) * sizeof(near->best[0]));
    near->best[at].name = g_strdup(candidate);
    near->best[at].distance = d;
    near->num++;
}

char *near_finish(NearNames *near)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < near->num; i++) {
        g_string_append_printf(s, "%s%s", i ? ", " : " (near names: ", near->best[i].name);
        g_free(near->best[i].name);
    }
    if (near->num) {
        g_string_append_c(s, ')');
    }
    g_free(near->name);
    g_free(near);
    return g_string_free(s, FALSE);
}
