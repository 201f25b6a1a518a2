/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A person, or a script, at the monitor: lines in, text out, on a character backend. Lines are done by a source of the
 * main loop, with no lock held, one at a time.
 *
 * What is typed is echoed and may be taken back (backspace, Ctrl-U, Ctrl-C); Tab completes it, and earlier lines come
 * back (up, down, Ctrl-P, Ctrl-N).
 */
#include <string.h>
#include "core/monitor/monitor_int.h"
#include "core/version.h"

#define PROMPT "(chimera) "
enum {
    MAX_LINE = 4096, MAX_IN = 65536, MAX_HISTORY = 200, CTRL_C = 3, BACKSPACE = 8, CTRL_N = 14, CTRL_P = 16, CTRL_U = 21,
    ESCAPE = 27, DELETE = 127,
};

struct MonitorSession {
    Monitor *mon;
    CharBackend chr;
    GByteArray *in;                             /* not looked at yet */
    GString *line;
    GPtrArray *history;                         /* (char *) lines, the oldest first */
    unsigned at;                                /* which of them is shown; its length: none */
    unsigned escape;                            /* bytes of a cursor key so far: ESC, [ */
    bool greet, greeted;                        /* somebody has come; has been told who we are */
    bool shared;                                /* the terminal is others', too: they are not interrupted */
    bool after_cr;                              /* a line feed now belongs to it */
    GSource *source;
};

MonitorSession *monitor_session_new(Monitor *mon)
{
    MonitorSession *s = g_new0(MonitorSession, 1);

    s->mon = mon;
    s->in = g_byte_array_new();
    s->line = g_string_new(NULL);
    s->history = g_ptr_array_new_with_free_func(g_free);
    return s;
}

/* Lines end with a carriage return too, as terminals want. */
static void say(MonitorSession *s, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, *text);
    }
    machine_lock(s->mon->m);
    char_write(&s->chr, (const uint8_t *)out->str, out->len);
    machine_unlock(s->mon->m);
}

static void do_line(MonitorSession *s)
{
    g_autofree char *line = g_strdup(s->line->str), *out = NULL;

    g_string_set_size(s->line, 0);
    if (*line && !(s->history->len && strcmp(s->history->pdata[s->history->len - 1], line) == 0)) {
        if (s->history->len == MAX_HISTORY) {
            g_ptr_array_remove_index(s->history, 0);
        }
        g_ptr_array_add(s->history, g_strdup(line));
    }
    s->at = s->history->len;
    say(s, "\n");
    out = monitor_execute(s->mon, line);
    say(s, out);
    say(s, PROMPT);
}

/* What all possible completions have in common, or a list of them. */
static void complete(MonitorSession *s)
{
    g_autoptr(GPtrArray) words = monitor_complete(s->mon, s->line->str);
    const char *last = strrchr(s->line->str, ' ');
    size_t typed = strlen(last ? last + 1 : s->line->str), common;
    const char *first = words->len ? words->pdata[0] : "";

    common = strlen(first);
    for (unsigned i = 1; i < words->len; i++) {
        const char *word = words->pdata[i];
        size_t n = 0;

        while (n < common && word[n] == first[n]) {
            n++;
        }
        common = n;
    }
    if (common > typed || words->len == 1) {
        g_autofree char *more = g_strndup(first + typed, common - typed);
        g_autofree char *text = g_strconcat(more, words->len == 1 ? " " : "", NULL);

        g_string_append(s->line, text);
        say(s, text);
    } else if (words->len > 1) {
        say(s, "\n");
        for (unsigned i = 0; i < words->len; i++) {
            say(s, words->pdata[i]);
            say(s, i + 1 < words->len ? "  " : "\n" PROMPT);
        }
        say(s, s->line->str);
    }
}

static void erase(MonitorSession *s)
{
    while (s->line->len) {
        g_string_set_size(s->line, s->line->len - 1);
        say(s, "\b \b");
    }
}

/* An earlier line (-1) or a later one. */
static void recall(MonitorSession *s, int step)
{
    unsigned at = s->at + (unsigned)step;

    if (at > s->history->len) {
        return;
    }
    s->at = at;
    erase(s);
    if (at < s->history->len) {
        g_string_assign(s->line, s->history->pdata[at]);
        say(s, s->line->str);
    }
}

/* Of a cursor key: up and down. True: the byte was part of one. */
static bool cursor_key(MonitorSession *s, uint8_t c)
{
    if (c == ESCAPE || (s->escape == 1 && c == '[')) {
        s->escape = c == ESCAPE ? 1 : 2;
        return true;
    }
    if (s->escape == 2 && (c == 'A' || c == 'B')) {
        recall(s, c == 'A' ? -1 : 1);
    }
    c = s->escape == 2;
    s->escape = 0;
    return c;
}

/* True: a command was done. */
static bool do_byte(MonitorSession *s, uint8_t c)
{
    bool lf_of_cr = c == '\n' && s->after_cr;

    s->after_cr = c == '\r';
    if (cursor_key(s, c)) {
        return false;
    }
    switch (c) {
    case '\r':
    case '\n':
        if (!lf_of_cr) {
            do_line(s);
            return true;
        }
        break;
    case BACKSPACE:
    case DELETE:
        if (s->line->len) {
            g_string_set_size(s->line, s->line->len - 1);
            say(s, "\b \b");
        }
        break;
    case CTRL_U:
    case CTRL_C:
        erase(s);
        break;
    case CTRL_P:
    case CTRL_N:
        recall(s, c == CTRL_P ? -1 : 1);
        break;
    case '\t':
        complete(s);
        break;
    default:
        if (c >= ' ' && s->line->len < MAX_LINE) {
            char text[2] = { (char)c, '\0' };

            g_string_append_c(s->line, (char)c);
            say(s, text);
        }
        break;
    }
    return false;
}

static gboolean work(gpointer opaque)
{
    MonitorSession *s = opaque;
    Machine *m = s->mon->m;
    bool done = false, more;

    if (s->greet) {
        s->greet = false;
        if (s->shared) {
            say(s, "\n");
        }
        if (!s->greeted) {
            say(s, "Chimera " CHIMERA_VERSION " monitor - type 'help' for more information\n");
        }
        s->greeted = true;
        say(s, PROMPT);
        say(s, s->line->str);
    }
    for (;;) {
        uint8_t c = 0;

        machine_lock(m);
        more = s->in->len > 0;
        if (more && !done) {
            c = s->in->data[0];
            g_byte_array_remove_index(s->in, 0);
        }
        if (!more || done) {
            if (!more && !s->greet) {
                g_source_destroy(s->source);
                g_clear_pointer(&s->source, g_source_unref);
            }
            char_accept_input(&s->chr);
            machine_unlock(m);
            return G_SOURCE_CONTINUE;
        }
        machine_unlock(m);
        done = do_byte(s, c);
    }
}

/* Under the machine lock. */
static void schedule(MonitorSession *s)
{
    if (!s->source) {
        s->source = g_idle_source_new();
        g_source_set_priority(s->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(s->source, work, s, NULL);
        g_source_attach(s->source, s->mon->m->context);
    }
}

static unsigned can_receive(void *opaque)
{
    const MonitorSession *s = opaque;

    return MAX_IN - MIN(MAX_IN, s->in->len);
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    MonitorSession *s = opaque;

    g_byte_array_append(s->in, buf, len);
    schedule(s);
}

static void event(void *opaque, ChrEvent ev)
{
    MonitorSession *s = opaque;

    if (ev == CHR_EVENT_OPENED) {
        g_byte_array_set_size(s->in, 0);
        g_string_set_size(s->line, 0);
        s->greeted = false;
    }
    if (ev == (s->shared ? CHR_EVENT_FOCUS : CHR_EVENT_OPENED)) {
        s->greet = true;
        schedule(s);
    }
}

bool monitor_session_open(MonitorSession *s, Chardev *chr, GError **error)
{
    bool ok;

    machine_lock(s->mon->m);
    s->shared = chardev_is_mux(chr);
    ok = chardev_attach(chr, &s->chr, error);
    if (ok) {
        char_connect(&s->chr, s, can_receive, receive, event);
    }
    machine_unlock(s->mon->m);
    return ok;
}

void monitor_session_free(MonitorSession *s)
{
    Machine *m = s->mon->m;

    machine_lock(m);
    if (s->source) {
        g_source_destroy(s->source);
        g_source_unref(s->source);
    }
    if (s->chr.chr) {
        char_disconnect(&s->chr);
    }
    machine_unlock(m);
    g_byte_array_unref(s->in);
    g_string_free(s->line, TRUE);
    g_ptr_array_unref(s->history);
    g_free(s);
}
