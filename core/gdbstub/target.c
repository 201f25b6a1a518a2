/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Target descriptions: a CPU's features as XML, and its registers by the numbers that gdb gives them. */
#include <string.h>
#include "core/exec/user.h"
#include "core/gdbstub/stub_int.h"

static void describe(GdbTarget *t, const char *arch, bool program)
{
    GString *s = g_string_new("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">");

    g_string_append_printf(s, "<architecture>%s</architecture>%s", arch, program ? "<osabi>GNU/Linux</osabi>" : "");
    for (unsigned i = 0; i < t->features->len; i++) {
        const DebugFeature *f = &g_array_index(t->features, DebugFeature, i);

        g_string_append_printf(s, "<feature name=\"%s\">%s", f->name, f->types ? f->types : "");
        for (unsigned k = 0; k < f->num; k++) {
            const DebugReg *r = &f->regs[k];

            g_string_append_printf(s, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", r->name, r->bits,
                                   r->type ? r->type : "int", t->regs->len);
            if (r->group) {
                g_string_append_printf(s, " group=\"%s\"", r->group);
            }
            g_string_append(s, "/>");
            g_ptr_array_add(t->regs, (void *)r);
        }
        g_string_append(s, "</feature>");
        if (!f->single && t->num_at_once == t->regs->len - f->num) {
            t->num_at_once = t->regs->len;
        }
    }
    g_string_append(s, "</target>");
    t->xml = g_string_free(s, FALSE);
}

static void free_target(void *t)
{
    gdbtarget_free(t);
}

GdbTarget *gdbtarget_new(CPUState *cs)
{
    GdbTarget *t = g_new0(GdbTarget, 1);

    t->regs = g_ptr_array_new();
    t->others = g_hash_table_new_full(NULL, NULL, NULL, free_target);
    t->features = debug_features(cs);
    if (t->features) {
        describe(t, CPU_CLASS_OF(cs)->debug_arch, exec_is_user(cs));
    }
    return t;
}

void gdbtarget_free(GdbTarget *t)
{
    if (t) {
        g_hash_table_unref(t->others);
        g_ptr_array_unref(t->regs);
        if (t->features) {
            g_array_unref(t->features);
        }
        g_free(t->xml);
        g_free(t);
    }
}

const DebugReg *gdbtarget_reg(GdbTarget *t, CPUState *cs, unsigned n)
{
    const DebugReg *r = n < t->regs->len ? t->regs->pdata[n] : NULL;
    GdbTarget *own;

    if (!r || cs == cs->cluster->cpus->pdata[0]) {
        return r;
    }
    own = g_hash_table_lookup(t->others, cs);
    if (!own) {
        own = gdbtarget_new(cs);
        g_hash_table_insert(t->others, cs, own);
    }
    if (n < own->regs->len && strcmp(((const DebugReg *)own->regs->pdata[n])->name, r->name) == 0) {
        return own->regs->pdata[n];             /* as it is with CPUs of one model */
    }
    for (unsigned i = 0; i < own->regs->len; i++) {
        const DebugReg *o = own->regs->pdata[i];

        if (strcmp(o->name, r->name) == 0 && o->bits == r->bits) {
            return o;
        }
    }
    return NULL;
}
