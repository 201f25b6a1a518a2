/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Option text: key=value lists and the scalars in them. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "core/keyval.h"
#include "core/near.h"

typedef struct Pair {
    char *key;
    char *value;
    bool used;
} Pair;

#define ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"

struct KeyVal {
    GArray *pairs;                              /* Pair */
    GPtrArray *asked;                           /* keys that getters named, for near names */
};

G_DEFINE_QUARK(chimera-usage-error-quark, usage_error)

static void pair_clear(void *p)
{
    Pair *pair = p;

    g_free(pair->key);
    g_free(pair->value);
}

KeyVal *keyval_new(void)
{
    KeyVal *kv = g_new0(KeyVal, 1);

    kv->pairs = g_array_new(FALSE, TRUE, sizeof(Pair));
    g_array_set_clear_func(kv->pairs, pair_clear);
    kv->asked = g_ptr_array_new_with_free_func(g_free);
    return kv;
}

void keyval_free(KeyVal *kv)
{
    if (kv) {
        g_array_unref(kv->pairs);
        g_ptr_array_unref(kv->asked);
        g_free(kv);
    }
}

static Pair *pair_at(const KeyVal *kv, unsigned i)
{
    return &g_array_index(kv->pairs, Pair, i);
}

static void append(KeyVal *kv, const char *key, const char *value)
{
    Pair pair = { g_strdup(key), g_strdup(value), false };

    g_array_append_val(kv->pairs, pair);
}

KeyVal *keyval_copy(const KeyVal *kv)
{
    KeyVal *copy = keyval_new();

    for (unsigned i = 0; i < kv->pairs->len; i++) {
        append(copy, pair_at(kv, i)->key, pair_at(kv, i)->value);
    }
    return copy;
}

void keyval_set(KeyVal *kv, const char *key, const char *value)
{
    for (unsigned i = kv->pairs->len; i-- > 0;) {
        if (strcmp(pair_at(kv, i)->key, key) == 0) {
            g_array_remove_index(kv->pairs, i);
        }
    }
    if (value) {
        append(kv, key, value);
    }
}

/* Reads up to a lone comma, or also up to stop; ",," is a comma. *p is left at the delimiter. */
static char *read_part(const char **p, char stop)
{
    GString *s = g_string_new(NULL);

    while (**p && **p != stop) {
        if (**p == ',') {
            if ((*p)[1] != ',') {
                break;
            }
            (*p)++;
        }
        g_string_append_c(s, *(*p)++);
    }
    return g_string_free(s, FALSE);
}

KeyVal *keyval_parse(const char *text, const char *implied_key, GError **error)
{
    KeyVal *kv = keyval_new();
    const char *p = text;
    bool first = true;

    while (*p) {
        const char *start = p;
        g_autofree char *key = read_part(&p, '=');

        if (*p == '=') {
            p++;
            g_autofree char *value = read_part(&p, '\0');

            if (!*key) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "'%s': a value without a key", start);
                keyval_free(kv);
                return NULL;
            }
            append(kv, key, value);
        } else if (first && implied_key) {
            append(kv, implied_key, key);
        } else if (!*key) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "'%s': an empty parameter", text);
            keyval_free(kv);
            return NULL;
        } else if (g_str_has_prefix(key, "no") && key[2] &&
                   (strcmp(key, "nowait") == 0 || strcmp(key, "nodelay") == 0)) {
            if (strcmp(key, "nodelay") == 0) {
                append(kv, "nodelay", "on");
            } else {
                append(kv, key + 2, "off");
            }
        } else {
            append(kv, key, "on");
        }
        first = false;
        if (*p == ',') {
            p++;
        }
    }
    return kv;
}

static Pair *find(KeyVal *kv, const char *key)
{
    Pair *found = NULL;

    for (unsigned i = 0; i < kv->asked->len; i++) {
        if (strcmp(kv->asked->pdata[i], key) == 0) {
            goto asked;
        }
    }
    g_ptr_array_add(kv->asked, g_strdup(key));
asked:
    for (unsigned i = 0; i < kv->pairs->len; i++) {
        if (strcmp(pair_at(kv, i)->key, key) == 0) {
            found = pair_at(kv, i);
            found->used = true;
        }
    }
    return found;
}

bool keyval_has(KeyVal *kv, const char *key)
{
    return find(kv, key) != NULL;
}

const char *keyval_get(KeyVal *kv, const char *key)
{
    Pair *pair = find(kv, key);

    return pair ? pair->value : NULL;
}

const char *keyval_need(KeyVal *kv, const char *key, GError **error)
{
    const char *value = keyval_get(kv, key);

    if (!value) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s=: missing", key);
    }
    return value;
}

bool keyval_get_id(KeyVal *kv, const char *key, bool need, const char **id, GError **error)
{
    const char *text = need ? keyval_need(kv, key, error) : keyval_get(kv, key);

    *id = text;
    if (!text) {
        return !need;
    }
    if (!g_ascii_isalpha(*text) || text[strspn(text, ID_CHARACTERS)]) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                    "%s=%s: an id is a letter, then letters, digits, '-', '.' and '_'", key, text);
        return false;
    }
    return true;
}

bool parse_bool(const char *what, const char *text, bool *value, GError **error)
{
    static const char *const names[] = { "off", "on", "no", "yes", "false", "true", "n", "y" };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *value = i & 1;
            return true;
        }
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected on or off", what, text);
    return false;
}

bool parse_uint(const char *what, const char *text, uint64_t max, uint64_t *value, GError **error)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    char *end;
    uint64_t v;

    if (!(hex ? g_ascii_isxdigit(*digits) : g_ascii_isdigit(*digits))) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected a number", what, text);
        return false;
    }
    errno = 0;
    v = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    if (*end) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected a number", what, text);
        return false;
    }
    if (errno || v > max) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: at most %" G_GUINT64_FORMAT, what, text, max);
        return false;
    }
    *value = v;
    return true;
}

bool parse_size(const char *what, const char *text, uint64_t unit, uint64_t *value, GError **error)
{
    static const char suffixes[] = "BKMGTPE";
    char *end;
    uint64_t whole, mul = unit;
    unsigned __int128 v;
    double fraction = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return parse_uint(what, text, UINT64_MAX, value, error);
    }
    if (!g_ascii_isdigit(text[0])) {
        goto bad;
    }
    errno = 0;
    whole = g_ascii_strtoull(text, &end, 10);
    if (errno) {
        goto big;
    }
    if (*end == '.') {
        char *frac = end;

        if (!g_ascii_isdigit(frac[1])) {
            goto bad;
        }
        for (end = frac + 1; g_ascii_isdigit(*end); end++) {
        }
        g_autofree char *digits = g_strndup(frac, (size_t)(end - frac));
        g_autofree char *number = g_strconcat("0", digits, NULL);

        fraction = g_ascii_strtod(number, NULL);
    }
    if (*end) {
        const char *s = strchr(suffixes, g_ascii_toupper(*end));

        if (!s || (end[1] && !(s > suffixes && strcmp(end + 1, "iB") == 0))) {
            goto bad;
        }
        mul = UINT64_C(1) << (10 * (s - suffixes));
    }
    v = (unsigned __int128)whole * mul + (uint64_t)((long double)fraction * mul);
    if (v > UINT64_MAX) {
        goto big;
    }
    *value = (uint64_t)v;
    return true;
bad:
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected a size such as 512M or 1G", what, text);
    return false;
big:
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: too large", what, text);
    return false;
}

bool keyval_get_bool(KeyVal *kv, const char *key, bool *value, GError **error)
{
    const char *text = keyval_get(kv, key);

    return !text || parse_bool(key, text, value, error);
}

bool keyval_get_uint(KeyVal *kv, const char *key, uint64_t max, uint64_t *value, GError **error)
{
    const char *text = keyval_get(kv, key);

    return !text || parse_uint(key, text, max, value, error);
}

bool keyval_get_size(KeyVal *kv, const char *key, uint64_t unit, uint64_t *value, GError **error)
{
    const char *text = keyval_get(kv, key);

    return !text || parse_size(key, text, unit, value, error);
}

bool keyval_get_enum(KeyVal *kv, const char *key, const char *const *names, unsigned *value, GError **error)
{
    const char *text = keyval_get(kv, key);
    g_autofree char *list = NULL;

    if (!text) {
        return true;
    }
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *value = i;
            return true;
        }
    }
    list = g_strjoinv(", ", (char **)names);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected one of %s", key, text, list);
    return false;
}

bool keyval_check_all_used(KeyVal *kv, GError **error)
{
    for (unsigned i = 0; i < kv->pairs->len; i++) {
        const Pair *pair = pair_at(kv, i);

        if (!pair->used) {
            NearNames *near = near_new(pair->key);
            g_autofree char *text = NULL;

            for (unsigned j = 0; j < kv->asked->len; j++) {
                near_add(near, kv->asked->pdata[j]);
            }
            text = near_finish(near);
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown parameter%s", pair->key, text);
            return false;
        }
    }
    return true;
}

bool keyval_foreach_unused(KeyVal *kv, bool (*fn)(void *opaque, const char *key, const char *value, GError **error),
                           void *opaque, GError **error)
{
    for (unsigned i = 0; i < kv->pairs->len; i++) {
        Pair *pair = pair_at(kv, i);

        if (!pair->used) {
            pair->used = true;
            if (!fn(opaque, pair->key, pair->value, error)) {
                return false;
            }
        }
    }
    return true;
}

char *keyval_to_string(const KeyVal *kv)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < kv->pairs->len; i++) {
        const Pair *pair = pair_at(kv, i);

        g_string_append_printf(s, "%s%s=", i ? "," : "", pair->key);
        for (const char *c = pair->value; *c; c++) {
            g_string_append(s, *c == ',' ? ",," : (char[]){ *c, '\0' });
        }
    }
    return g_string_free(s, FALSE);
}
