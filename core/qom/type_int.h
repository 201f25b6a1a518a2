/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a type registry, shared by the files of this folder. */
#ifndef CORE_QOM_TYPE_INT_H
#define CORE_QOM_TYPE_INT_H

#include "core/qom/object.h"

typedef struct TypeNode {
    const TypeInfo *info;
    ObjectClass *oc;                            /* NULL until first used */
} TypeNode;

typedef struct TypeGlobal {
    char *type, *prop, *value;
} TypeGlobal;

struct TypeRegistry {
    GHashTable *nodes;                          /* name -> TypeNode *, owned */
    GPtrArray *order;                           /* TypeNode *, in order of registration */
    GPtrArray *globals;                         /* TypeGlobal * */
    GHashTable *interfaces;                     /* module name -> const void * */
    TypeLoadFn *load;
    void *load_opaque;
    PropertyResolvers resolvers;
};

/* Asserts that oc is_a type: a string constant, which is remembered by its address. */
void class_check_cast(const ObjectClass *oc, const char *type);

/* Where a property stands in an instance. */
static inline void *property_field(const Object *obj, const Property *p)
{
    return (char *)obj + p->offset;
}

/* Gives every property of obj its default; releases what properties own. */
void properties_init(Object *obj);
void properties_finalize(Object *obj);
/* Drops every link, so that objects that point at each other can go. */
void properties_drop_links(Object *obj);
bool globals_apply(Object *obj, GError **error);

#endif
