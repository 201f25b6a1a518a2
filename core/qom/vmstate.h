/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State tables: what of a struct is guest state, by name. Snapshots, the fuzzers' save-and-compare and `info` read
 * them. Derived state and wiring have no row. post_load rows recompute what is derived.
 */
#ifndef CORE_QOM_VMSTATE_H
#define CORE_QOM_VMSTATE_H

#include <glib.h>
#include "core/forward.h"

typedef enum VMStateKind {
    VMS_END,
    VMS_UINT,                                   /* size 1, 2, 4, 8; count elements */
    VMS_BOOL,
    VMS_BYTES,                                  /* count bytes in the struct */
    VMS_BUFFER,                                 /* pointer to count bytes; count from num_offset (uint32_t) if set */
    VMS_STRUCT,                                 /* count structs of `size` bytes with table `sub` */
    VMS_TIMER,                                  /* Timer: its expiry */
    VMS_REGBANK,                                /* RegBank: each register by its name */
    VMS_POST_LOAD,                              /* bool (*post_load)(void *s, GError **) */
} VMStateKind;

struct VMStateField {
    const char *name;
    VMStateKind kind;
    uint32_t offset;
    uint32_t size;
    uint32_t count;
    uint32_t num_offset;
    const VMStateField *sub;
    bool (*post_load)(void *s, GError **error);
    const char *alias;                          /* an older name, or NULL */
    bool optional;                              /* may be missing in a snapshot: keeps its reset value */
};

#define VMSTATE_UINT(T, f)        { .name = #f, .kind = VMS_UINT, .offset = offsetof(T, f), \
                                    .size = sizeof(((T *)0)->f), .count = 1 }
#define VMSTATE_UINT_ARRAY(T, f)  { .name = #f, .kind = VMS_UINT, .offset = offsetof(T, f), \
                                    .size = sizeof(((T *)0)->f[0]), .count = G_N_ELEMENTS(((T *)0)->f) }
#define VMSTATE_BOOL(T, f)        { .name = #f, .kind = VMS_BOOL, .offset = offsetof(T, f), .size = sizeof(bool), \
                                    .count = 1 }
#define VMSTATE_BYTES(T, f)       { .name = #f, .kind = VMS_BYTES, .offset = offsetof(T, f), \
                                    .count = sizeof(((T *)0)->f) }
#define VMSTATE_STRUCT_ARRAY(T, f, tab) { .name = #f, .kind = VMS_STRUCT, .offset = offsetof(T, f), \
                                    .size = sizeof(((T *)0)->f[0]), .count = G_N_ELEMENTS(((T *)0)->f), .sub = tab }
#define VMSTATE_STRUCT(T, f, tab) { .name = #f, .kind = VMS_STRUCT, .offset = offsetof(T, f), \
                                    .size = sizeof(((T *)0)->f), .count = 1, .sub = tab }
#define VMSTATE_TIMER(T, f)       { .name = #f, .kind = VMS_TIMER, .offset = offsetof(T, f) }
#define VMSTATE_REGS(T, f)        { .name = #f, .kind = VMS_REGBANK, .offset = offsetof(T, f) }
#define VMSTATE_POST_LOAD(fn)     { .name = "post_load", .kind = VMS_POST_LOAD, .post_load = fn }
#define VMSTATE_END               { .kind = VMS_END }

#endif
