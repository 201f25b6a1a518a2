/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects: types with single inheritance, typed properties, and a composition tree with paths.
 * A type is a constant TypeInfo; its class is built in a TypeRegistry when first used. There is no global registry:
 * one belongs to each process context that main() or a test makes, and every object reaches it through its class.
 */
#ifndef CORE_QOM_OBJECT_H
#define CORE_QOM_OBJECT_H

#include <glib.h>
#include "core/forward.h"
#include "core/qom/property.h"

#define TYPE_OBJECT "object"
#define TYPE_CONTAINER "container"              /* holds children, nothing else */

struct TypeInfo {
    const char *name;
    const char *parent;                         /* NULL only for TYPE_OBJECT; its type is loaded if need be */
    const char *desc;                           /* one line, for lists and manifests */
    size_t instance_size;                       /* 0: the parent's */
    size_t class_size;                          /* 0: the parent's */
    bool abstract;
    bool user_creatable;                        /* -device and -object may name it */
    const Property *props;                      /* ends with a NULL name; may be NULL */
    void (*class_init)(ObjectClass *oc, const TypeInfo *info);
    const void *class_data;                     /* class_init's own (a CPU model's row ...) */
    void (*init)(Object *obj);                  /* after properties got their defaults */
    void (*finalize)(Object *obj);              /* releases what init and properties did not own */
};

struct ObjectClass {
    const TypeInfo *info;
    ObjectClass *parent;
    TypeRegistry *types;
    /* Runs when the last reference goes, before children and fields do: takes the object out of service. */
    void (*dispose)(Object *obj);
    /* -object, -netdev ...: all properties are set, take up service. NULL: nothing to do. Devices have realize. */
    bool (*complete)(Object *obj, GError **error);
};

struct Object {
    ObjectClass *oc;
    Object *parent;                             /* in the composition tree; NULL at the root or outside it */
    char *name;                                 /* last path component */
    GPtrArray *children;                        /* (Object *), in order of creation; owns a reference; may be NULL */
    int refs;                                   /* atomic */
    bool frozen;                                /* realized: only live properties may be set */
};

/* -- types ------------------------------------------------------------------------------------------------- */

/* load(opaque, name) is asked once for a name nobody registered; it registers types, or returns false with error. */
typedef bool TypeLoadFn(void *opaque, TypeRegistry *types, const char *name, GError **error);
TypeRegistry *type_registry_new(TypeLoadFn *load, void *opaque);
void type_registry_free(TypeRegistry *types);
/* Two types of one name are an error. The core's own ("object", "container", "device", "machine") are always there. */
bool type_register(TypeRegistry *types, const TypeInfo *info, GError **error);
/* The class of a type, loading its module if need be; NULL with GError. */
ObjectClass *type_class(TypeRegistry *types, const char *name, GError **error);
/* The class if the type is already known; never loads, never fails loudly. */
ObjectClass *type_class_known(TypeRegistry *types, const char *name);
bool class_is_a(const ObjectClass *oc, const char *type);

/* Tables that modules offer to others by the module's name (fpu: const FloatOps *); NULL if none is loaded. */
const void *type_registry_interface(TypeRegistry *types, const char *module);
void type_registry_add_interface(TypeRegistry *types, const char *module, const void *interface);

/*
 * -global: objects of `type` (or below it) made from now on get prop set to value before their owner sets anything.
 * Checked when an object is made: a wrong property or value makes object_new fail.
 */
void type_registry_add_global(TypeRegistry *types, const char *type, const char *prop, const char *value);

/* -- objects ----------------------------------------------------------------------------------------------- */

/* A new object outside the tree with one reference; NULL with GError if the type is unknown or abstract. */
Object *object_new(TypeRegistry *types, const char *type, GError **error);
/* The same from a class; a type that is abstract, or a -global that does not fit it, is the caller's mistake. */
Object *object_new_with_class(ObjectClass *oc);
Object *object_ref(Object *obj);
void object_unref(Object *obj);                 /* accepts NULL */
static inline bool object_is_a(const Object *obj, const char *type)
{
    return class_is_a(obj->oc, type);
}
static inline TypeRegistry *object_types(const Object *obj)
{
    return obj->oc->types;
}
/* Casts assert the type, a string constant: a wrong cast is our mistake. */
void *object_check(const void *obj, const char *type);
void *class_check(const void *oc, const char *type);

/*
 * Declares TYPE's two casts: NAME(ptr) for instances, and NAME_CLASS_OF(ptr) for an instance's class.
 *   DECLARE_OBJECT(PL011State, PL011, "pl011")
 */
#define DECLARE_OBJECT(Struct, NAME, type) \
    static inline G_GNUC_UNUSED Struct *NAME(const void *obj) { return object_check(obj, type); }
#define DECLARE_CLASS(Class, NAME, type) \
    static inline G_GNUC_UNUSED Class *NAME##_CLASS(const void *oc) { return class_check(oc, type); } \
    static inline G_GNUC_UNUSED Class *NAME##_CLASS_OF(const void *obj) \
    { \
        return class_check(((const Object *)obj)->oc, type); \
    }

/* -- the composition tree ---------------------------------------------------------------------------------- */

/* Adds child below parent and takes over the caller's reference. A name with "[*]" gets the next free number. */
void object_add_child(Object *parent, const char *name, Object *child);
/* Convenience: object_new, add; for boards whose types are their own module's needs. NULL with GError. */
Object *object_new_child(Object *parent, const char *name, const char *type, GError **error);
void object_remove_child(Object *parent, Object *child);
Object *object_child(const Object *parent, const char *name);       /* NULL if there is none; no reference */
/* Calls fn for obj and everything below it, parents first; stops at and returns the first false. */
bool object_foreach(Object *obj, bool (*fn)(Object *obj, void *opaque), void *opaque);
/* Takes everything below root and root itself out of service, last made first, and drops all their links. */
void object_dispose_tree(Object *root);
/*
 * "/machine/uart0", newly allocated. The top of a tree is an object without parent that has a name; below one without,
 * a path starts with "(unattached)". object_set_name names a top.
 */
char *object_path(const Object *obj);
void object_set_name(Object *obj, const char *name);
/* An absolute path, or a name unique below root; NULL if none or ambiguous (*ambiguous set when not NULL). */
Object *object_resolve(Object *root, const char *path, bool *ambiguous);

/* -- properties -------------------------------------------------------------------------------------------- */

/* Sets from text, as the command line and the monitor do. Errors name object, property, value and near names. */
bool object_set(Object *obj, const char *prop, const char *value, GError **error);
/* Newly allocated text of the value; NULL with GError. */
char *object_get(Object *obj, const char *prop, GError **error);
/* Typed setters for boards: a wrong name or type is our mistake (assertion). */
void object_set_bool(Object *obj, const char *prop, bool value);
void object_set_uint(Object *obj, const char *prop, uint64_t value);
void object_set_str(Object *obj, const char *prop, const char *value);
void object_set_link(Object *obj, const char *prop, Object *value);
uint64_t object_get_uint(Object *obj, const char *prop);
bool object_get_bool(Object *obj, const char *prop);
const Property *class_find_property(const ObjectClass *oc, const char *name);
/* Calls fn for each property, the class's own first, then its parents'. */
void class_foreach_property(const ObjectClass *oc, void (*fn)(const Property *p, void *opaque), void *opaque);

#endif
