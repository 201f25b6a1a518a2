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
    VMS_BOOL,                                   /* count elements */
    VMS_BYTES,                                  /* count bytes in the struct */
    VMS_BUFFER,                                 /* pointer to count bytes; count from num_offset (uint32_t) if set */
    VMS_STRUCT,                                 /* count structs of `size` bytes with table `sub` */
    VMS_TIMER,                                  /* Timer: its expiry */
    VMS_REGBANK,                                /* RegBank: each register by its name */
    VMS_CUSTOM,                                 /* whatever ops say */
    VMS_POST_LOAD,                              /* bool (*post_load)(void *s, GError **) */
} VMStateKind;

/* How a field of a kind of its own is saved: by whoever declares the struct (core/exec for timers and registers). */
typedef struct VMStateOps {
    GVariant *(*save)(const void *field);       /* floating */
    bool (*load)(void *field, GVariant *state, GError **error);
} VMStateOps;
extern const VMStateOps timer_vmstate_ops, regbank_vmstate_ops;

struct VMStateField {
    const char *name;
    VMStateKind kind;
    uint32_t offset;
    uint32_t size;
    uint32_t count;
    uint32_t num_offset;
    const VMStateField *sub;
    const VMStateOps *ops;                      /* VMS_TIMER, VMS_REGBANK, VMS_CUSTOM */
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
#define VMSTATE_TIMER(T, f)       { .name = #f, .kind = VMS_TIMER, .offset = offsetof(T, f), \
                                    .ops = &timer_vmstate_ops }
#define VMSTATE_REGS(T, f)        { .name = #f, .kind = VMS_REGBANK, .offset = offsetof(T, f), \
                                    .ops = &regbank_vmstate_ops }
#define VMSTATE_CUSTOM(T, f, o)   { .name = #f, .kind = VMS_CUSTOM, .offset = offsetof(T, f), .ops = &(o) }
#define VMSTATE_POST_LOAD(fn)     { .name = "post_load", .kind = VMS_POST_LOAD, .post_load = fn }
#define VMSTATE_END               { .kind = VMS_END }

/*
 * State as a GVariant a{sv}: field name to t (uint), b, at, ab, ay (bytes), a{sv} (struct), av (structs) or what a
 * field's ops give. Floating.
 */
GVariant *vmstate_save(const VMStateField *fields, const void *s);
/*
 * Loads what vmstate_save gave. A missing field that is not optional, one that no row has, a wrong type or count are
 * errors that name the field; then s is partly loaded and its owner must not run on.
 */
bool vmstate_load(const VMStateField *fields, void *s, GVariant *state, GError **error);

/*
 * The same for a device and all devices below it: a{sa{sv}}, path to state. Tables of parent classes are part of it.
 * post_load rows run after every device has its fields. Links, wiring and properties are not state: load into a
 * machine that was built the same way.
 */
GVariant *device_save(Device *root);
bool device_load(Device *root, GVariant *state, GError **error);
/* One line a difference between two saved states, at most `max` lines; NULL if equal. Newly allocated. */
char *vmstate_diff(GVariant *a, GVariant *b, unsigned max);

#endif
