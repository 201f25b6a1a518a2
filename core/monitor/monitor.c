/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor's tables: finding a command by its words, and doing it. */
#include <stdarg.h>
#include <string.h>
#include "core/monitor/monitor_int.h"

Monitor *monitor_new(Machine *m)
{
    Monitor *mon = g_new0(Monitor, 1);

    mon->m = m;
    mon->tables = g_array_new(FALSE, FALSE, sizeof(MonitorTable));
    mon->sessions = g_ptr_array_new();
    g_array_append_val(mon->tables, monitor_commands);
    g_array_append_val(mon->tables, monitor_info);
    g_array_append_val(mon->tables, monitor_help);
    return mon;
}

void monitor_free(Monitor *mon)
{
    if (mon) {
        while (mon->sessions->len) {
            monitor_session_free(g_ptr_array_steal_index(mon->sessions, mon->sessions->len - 1));
        }
        g_ptr_array_unref(mon->sessions);
        g_array_unref(mon->tables);
        g_free(mon);
    }
}

void monitor_add_commands(Monitor *mon, const MonitorCommand *rows, unsigned num, void *opaque)
{
    MonitorTable t = { rows, num, opaque };

    g_array_append_val(mon->tables, t);
}

bool monitor_open(Monitor *mon, Chardev *chr, GError **error)
{
    MonitorSession *s = monitor_session_new(mon);

    if (!monitor_session_open(s, chr, error)) {
        monitor_session_free(s);
        return false;
    }
    g_ptr_array_add(mon->sessions, s);
    return true;
}

CPUState *monitor_cpu(Monitor *mon)
{
    return mon->cpu ? mon->cpu : mon->m->cpus->len ? mon->m->cpus->pdata[0] : NULL;
}

void monitor_set_cpu(Monitor *mon, CPUState *cs)
{
    mon->cpu = cs;
}

void monitor_print(MonitorCall *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(c->out, fmt, ap);
    va_end(ap);
}

/* -- finding ------------------------------------------------------------------------------------------------------------ */

/*
 * The bytes of line that spell name: the same words, one blank or more between them, and then the end, a blank or a
 * slash. 0: none.
 */
static size_t spells(const char *line, const char *name, size_t name_len)
{
    const char *at = line;

    for (size_t i = 0; i < name_len; i++) {
        if (name[i] == ' ') {
            if (*at != ' ') {
                return 0;
            }
            at += strspn(at, " ");
        } else if (*at++ != name[i]) {
            return 0;
        }
    }
    return *at == '\0' || *at == ' ' || *at == '/' ? (size_t)(at - line) : 0;
}

static size_t row_spells(const char *line, const MonitorCommand *row)
{
    for (const char *name = row->name; *name;) {
        size_t n = strcspn(name, "|"), len = spells(line, name, n);

        if (len) {
            return len;
        }
        name += n + (name[n] == '|');
    }
    return 0;
}

/* The row with the longest spelling, and how long that is. */
static const MonitorCommand *find(Monitor *mon, const char *line, size_t *ret_len, void **ret_opaque)
{
    const MonitorCommand *best = NULL;

    *ret_len = 0;
    for (unsigned t = mon->tables->len; t-- > 0;) {
        const MonitorTable *table = &g_array_index(mon->tables, MonitorTable, t);

        for (unsigned i = 0; i < table->num; i++) {
            size_t len = row_spells(line, &table->rows[i]);

            if (len > *ret_len) {
                *ret_len = len;
                *ret_opaque = table->opaque;
                best = &table->rows[i];
            }
        }
    }
    return best;
}

static char *main_name(const MonitorCommand *row)
{
    return g_strndup(row->name, strcspn(row->name, "|"));
}

static void print_row(MonitorCall *c, const MonitorCommand *row)
{
    g_autofree char *name = main_name(row);
    const char *bar = strchr(row->name, '|');

    monitor_print(c, "%s%s%s -- %s", name, row->args ? " " : "", row->args ? row->args : "", row->help);
    monitor_print(c, "%s%s%s\n", bar ? " (also: " : "", bar ? bar + 1 : "", bar ? ")" : "");
}

static void unknown(MonitorCall *c, const char *line)
{
    size_t n = strcspn(line, " /");

    if (strncmp(line, "info", n) == 0 && n == 4) {
        monitor_print(c, "info: what about? help info lists what there is\n");
        return;
    }
    monitor_print(c, "unknown command: '%.*s': help lists them\n", (int)n, line);
}

/* -- doing --------------------------------------------------------------------------------------------------------------- */

/* Splits at blanks; "..." keeps them, a backslash in it the next character. */
static GPtrArray *split(const char *text)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    while (*(text += strspn(text, " \t"))) {
        GString *word = g_string_new(NULL);
        bool quoted = false;

        for (; *text && (quoted || (*text != ' ' && *text != '\t')); text++) {
            if (*text == '"') {
                quoted = !quoted;
            } else if (quoted && *text == '\\' && text[1]) {
                g_string_append_c(word, *++text);
            } else {
                g_string_append_c(word, *text);
            }
        }
        g_ptr_array_add(words, g_string_free(word, FALSE));
    }
    return words;
}

/* "/4xw", behind the name or a blank: *ret_format gets it; returns what is behind. */
static const char *take_format(const char *text, char **ret_format)
{
    const char *at = text + strspn(text, " \t");
    size_t n;

    *ret_format = NULL;
    if (*at != '/') {
        return at;
    }
    n = strcspn(at + 1, " \t");
    *ret_format = g_strndup(at + 1, n);
    at += 1 + n;
    return at + strspn(at, " \t");
}

char *monitor_execute(Monitor *mon, const char *line)
{
    g_autofree char *copy = g_strstrip(g_strdup(line)), *format = NULL;
    g_autoptr(GPtrArray) args = NULL;
    MonitorCall c = { .mon = mon, .m = mon->m, .out = g_string_new(NULL) };
    const MonitorCommand *row;
    size_t len;

    if (*copy) {
        row = find(mon, copy, &len, &c.opaque);
        if (!row) {
            unknown(&c, copy);
            return g_string_free(c.out, FALSE);
        }
        c.text = copy + len + strspn(copy + len, " \t");
        if (row->takes_format) {
            c.text = take_format(copy + len, &format);
            c.format = format;
        }
        args = split(c.text);
        c.num_args = args->len;
        g_ptr_array_add(args, NULL);
        c.args = (char **)args->pdata;
        if (c.num_args < row->min_args) {
            monitor_print(&c, "usage: ");
            print_row(&c, row);
        } else {
            row->run(&c);
        }
    }
    return g_string_free(c.out, FALSE);
}

/* -- help and completion, which read the tables --------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const MonitorCommand *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static GPtrArray *sorted(Monitor *mon)
{
    GPtrArray *rows = g_ptr_array_new();

    for (unsigned t = 0; t < mon->tables->len; t++) {
        const MonitorTable *table = &g_array_index(mon->tables, MonitorTable, t);

        for (unsigned i = 0; i < table->num; i++) {
            g_ptr_array_add(rows, (void *)&table->rows[i]);
        }
    }
    g_ptr_array_sort(rows, by_name);
    return rows;
}

/* help [COMMAND]: all of them, or those that begin so. */
static void do_help(MonitorCall *c)
{
    g_autoptr(GPtrArray) rows = sorted(c->mon);
    size_t n = strlen(c->text);
    bool some = false;

    for (unsigned i = 0; i < rows->len; i++) {
        const MonitorCommand *row = rows->pdata[i];

        if (strncmp(row->name, c->text, n) == 0 || row_spells(c->text, row)) {
            print_row(c, row);
            some = true;
        }
    }
    if (!some) {
        unknown(c, c->text);
    }
}

static void complete_command(Monitor *mon, unsigned n G_GNUC_UNUSED, GPtrArray *words)
{
    g_autoptr(GPtrArray) rows = sorted(mon);

    for (unsigned i = 0; i < rows->len; i++) {
        g_ptr_array_add(words, main_name(rows->pdata[i]));
    }
}

static const MonitorCommand help_rows[] = {
    { "help|?", "[COMMAND]", "what commands there are", do_help, .complete = complete_command },
};
const MonitorTable monitor_help = { help_rows, G_N_ELEMENTS(help_rows), NULL };

GPtrArray *monitor_complete(Monitor *mon, const char *line)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free), *all = g_ptr_array_new_with_free_func(g_free);
    const char *last = strrchr(line, ' ');
    size_t before = last ? (size_t)(last - line) + 1 : 0, len;
    void *opaque;
    const MonitorCommand *row = find(mon, line, &len, &opaque);

    if (row && line[len] == ' ' && row->complete) {
        unsigned n = 0;

        for (const char *p = line + len; p < line + before; p++) {
            n += *p == ' ' && p[1] != ' ' && p + 1 < line + before;
        }
        row->complete(mon, n, all);
        for (unsigned i = 0; i < all->len; i++) {
            if (g_str_has_prefix(all->pdata[i], line + before)) {
                g_ptr_array_add(words, g_strdup(all->pdata[i]));
            }
        }
    } else {
        complete_command(mon, 0, all);
        for (unsigned i = 0; i < all->len; i++) {
            const char *name = all->pdata[i];

            if (g_str_has_prefix(name, line)) { /* the word of it that is being typed */
                char *word = g_strndup(name + before, strcspn(name + before, " "));

                if (words->len && strcmp(words->pdata[words->len - 1], word) == 0) {
                    g_free(word);
                } else {
                    g_ptr_array_add(words, word);
                }
            }
        }
    }
    g_ptr_array_unref(all);
    return words;
}
