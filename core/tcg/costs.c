/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of helpers whose calls are counted. */
#include "core/tcg/costs.h"

struct TcgCosts {
    GMutex lock;                                /* a leaf */
    GHashTable *number;                         /* TcgHelper to its number */
    GPtrArray *helpers;                         /* (const TcgHelper *) by number */
};

TcgCosts *tcg_costs_new(void)
{
    TcgCosts *c = g_new0(TcgCosts, 1);

    g_mutex_init(&c->lock);
    c->number = g_hash_table_new(NULL, NULL);
    c->helpers = g_ptr_array_new();
    g_ptr_array_add(c->helpers, NULL);
    return c;
}

void tcg_costs_free(TcgCosts *c)
{
    if (c) {
        g_mutex_clear(&c->lock);
        g_hash_table_unref(c->number);
        g_ptr_array_unref(c->helpers);
        g_free(c);
    }
}

unsigned tcg_costs_number(TcgCosts *c, const TcgHelper *h)
{
    unsigned n;

    g_mutex_lock(&c->lock);
    n = GPOINTER_TO_UINT(g_hash_table_lookup(c->number, h));
    if (!n && c->helpers->len < TCG_NUM_COSTS) {
        n = c->helpers->len;
        g_ptr_array_add(c->helpers, (void *)h);
        g_hash_table_insert(c->number, (void *)h, GUINT_TO_POINTER(n));
    }
    g_mutex_unlock(&c->lock);
    return n;
}

unsigned tcg_costs_count(TcgCosts *c)
{
    unsigned n;

    g_mutex_lock(&c->lock);
    n = c->helpers->len - 1;
    g_mutex_unlock(&c->lock);
    return n;
}

const char *tcg_costs_name(TcgCosts *c, unsigned number)
{
    const TcgHelper *h;

    g_mutex_lock(&c->lock);
    h = c->helpers->pdata[number];
    g_mutex_unlock(&c->lock);
    return h ? h->name : "others";
}

void tcg_costs_lock(TcgCosts *c)
{
    g_mutex_lock(&c->lock);
}

void tcg_costs_unlock(TcgCosts *c)
{
    g_mutex_unlock(&c->lock);
}
