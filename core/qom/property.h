/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed properties: rows of a constant table, each a field of the instance with a default and a line of help. */
#ifndef CORE_QOM_PROPERTY_H
#define CORE_QOM_PROPERTY_H

#include <glib.h>
#include "core/forward.h"

typedef enum PropertyType {
    PROP_BOOL,                                  /* bool: on/off, yes/no, true/false */
    PROP_U8, PROP_U16, PROP_U32, PROP_U64,      /* decimal, 0x hex */
    PROP_I64,
    PROP_SIZE,                                  /* uint64_t: with suffix K, M, G, T; plain numbers are bytes */
    PROP_STRING,                                /* char *, owned by the object, NULL by default */
    PROP_ENUM,                                  /* uint32_t index into names */
    PROP_LINK,                                  /* Object *, counted; text is a path; target names the type */
    PROP_CHAR,                                  /* CharBackend: text is a chardev id */
    PROP_BLOCK,                                 /* BlockBackend *: text is a drive id */
    PROP_NET,                                   /* NetBackend *: text is a netdev id */
} PropertyType;

struct Property {
    const char *name;
    PropertyType type;
    uint32_t offset;
    const char *help;
    uint64_t def;
    const char *target;                         /* PROP_LINK: type; PROP_STRING: default text */
    const char *const *names;                   /* PROP_ENUM: NULL-terminated */
    uint64_t min, max;                          /* integers: both 0 means the type's whole range */
    /* Hooks replace the plain field access; text both ways. A row with a set hook gets no default. */
    bool (*set)(Object *obj, const Property *p, const char *value, GError **error);
    char *(*get)(Object *obj, const Property *p);
    bool live;                                  /* may be set after realize (a button, a level) */
};

#define PROP_DEF(name_, T, field, type_, def_, help_) \
    { .name = name_, .type = type_, .offset = offsetof(T, field), .def = def_, .help = help_ }
#define PROP_LINK_DEF(name_, T, field, target_, help_) \
    { .name = name_, .type = PROP_LINK, .offset = offsetof(T, field), .target = target_, .help = help_ }
#define PROP_END { .name = NULL }

/* PROP_CHAR, PROP_BLOCK and PROP_NET are resolved by whoever owns the backends (core/io), set once in main. */
typedef struct PropertyResolvers {
    bool (*set_char)(void *opaque, Object *obj, CharBackend *be, const char *id, GError **error);
    BlockBackend *(*find_block)(void *opaque, Object *obj, const char *id, GError **error);
    NetBackend *(*find_net)(void *opaque, Object *obj, const char *id, GError **error);
    /* The id that a PROP_CHAR, PROP_BLOCK or PROP_NET field was given, newly allocated; NULL: none. field as above. */
    char *(*backend_id)(void *opaque, Object *obj, const Property *p, const void *field);
    void *opaque;
} PropertyResolvers;
void type_registry_set_resolvers(TypeRegistry *types, const PropertyResolvers *r);

const char *property_type_name(PropertyType type);                  /* "bool", "uint32", ... */
/* "on", "0x10", "" ...: the default as text, newly allocated. */
char *property_default_text(const Property *p);

#endif
