/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Option text: key=value,key=value with ",," for a comma in a value. The first part may be a bare value of an
 * implied key ("user,id=net0"); any other bare part is a switch: "snapshot" means snapshot=on, "nowait" means
 * wait=off. Who takes a value by its key marks it used; keyval_check_all_used names what nobody asked for.
 */
#ifndef CORE_KEYVAL_H
#define CORE_KEYVAL_H

#include <glib.h>
#include "core/forward.h"

typedef struct KeyVal KeyVal;

/* NULL with GError for an empty key; an empty text is an empty list. */
/* With a NULL implied_key, a bare first part is a switch too. */
KeyVal *keyval_parse(const char *text, const char *implied_key, GError **error);
/* An empty list, to be filled by keyval_set. */
KeyVal *keyval_new(void);
KeyVal *keyval_copy(const KeyVal *kv);
void keyval_free(KeyVal *kv);                   /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyVal, keyval_free)

/* Adds or replaces; a NULL value removes. */
void keyval_set(KeyVal *kv, const char *key, const char *value);

/* Getters mark the key used. The last of several equal keys wins. */
bool keyval_has(KeyVal *kv, const char *key);
const char *keyval_get(KeyVal *kv, const char *key);            /* NULL if not there; owned by kv */
/* GError "KEY: missing" if not there. */
const char *keyval_need(KeyVal *kv, const char *key, GError **error);
/*
 * Typed: *value is written only if the key is there; false with GError when its text does not parse.
 * bool: on/off, yes/no, true/false. uint: decimal or 0x hex, at most max. size: with suffix B, K, M, G, T (powers
 * of 1024) and a fraction ("1.5G"); a bare number is multiplied by unit.
 */
bool keyval_get_bool(KeyVal *kv, const char *key, bool *value, GError **error);
bool keyval_get_uint(KeyVal *kv, const char *key, uint64_t max, uint64_t *value, GError **error);
bool keyval_get_size(KeyVal *kv, const char *key, uint64_t unit, uint64_t *value, GError **error);
/* The index of the value in the NULL-terminated names; the error lists them. */
bool keyval_get_enum(KeyVal *kv, const char *key, const char *const *names, unsigned *value, GError **error);

/*
 * An id, which names an object of the machine: a letter, then letters, digits, '-', '.' and '_'. *id is NULL if there
 * is none, which is an error with need.
 */
bool keyval_get_id(KeyVal *kv, const char *key, bool need, const char **id, GError **error);

/* Every key that nobody asked for is an error, with the near ones among those that were. */
bool keyval_check_all_used(KeyVal *kv, GError **error);
/* Calls fn for each unused pair in order, marking it used; stops at the first false. */
bool keyval_foreach_unused(KeyVal *kv, bool (*fn)(void *opaque, const char *key, const char *value, GError **error),
                           void *opaque, GError **error);
/* The text again, escaped: keyval_parse gives the same list. Newly allocated. */
char *keyval_to_string(const KeyVal *kv);

/* The same rules for a lone value; what names it in the error. */
bool parse_bool(const char *what, const char *text, bool *value, GError **error);
bool parse_uint(const char *what, const char *text, uint64_t max, uint64_t *value, GError **error);
bool parse_size(const char *what, const char *text, uint64_t unit, uint64_t *value, GError **error);

/* Errors of what the user wrote: G_FILE_ERROR's cousin for text. */
#define USAGE_ERROR usage_error_quark()
GQuark usage_error_quark(void);
typedef enum UsageError {
    USAGE_ERROR_SYNTAX,                         /* text that does not parse */
    USAGE_ERROR_UNKNOWN,                        /* a name that nothing has */
    USAGE_ERROR_VALUE,                          /* a value out of range or of the wrong kind */
    USAGE_ERROR_NOT_SUPPORTED,                  /* understood, and not done yet */
    USAGE_ERROR_FAILED,                         /* any other reason */
} UsageError;

#endif
