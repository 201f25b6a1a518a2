/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A person, or a script, at the monitor: lines in, text out, on a character backend. Lines are done by a source of the
 * main loop, with no lock held, one at a time.
 *
 * What is typed is echoed and may be edited, as terminals are used to: left, right, Home, End, Delete, Ctrl-A, B, D, E, F, K,
 * U, W, Ctrl-C; Tab completes the word before the cursor, and earlier lines come back (up, down, Ctrl-P, Ctrl-N).
 * It is not a library's, since libedit reads whole lines from a terminal, so that each session, on a socket as well,
 * would want a thread, a pty pair and more code than this, and since readline is under another licence.
 */
#include <string.h>
#include "core/monitor/monitor_int.h"
#include "core/version.h"

#define PROMPT "(chimera) "
enum { MAX_LINE = 4096, MAX_IN = 65536, MAX_HISTORY = 200, ESCAPE = 27, DELETE = 127 };
#define CTRL(letter) ((letter) - '@')

struct MonitorSession {
    Monitor *mon;
    CharBackend chr;
    GByteArray *in;                             /* not looked at yet */
    GString *line;
    size_t cursor;                              /* in it */
    GPtrArray *history;                         /* (char *) lines, the oldest first */
    unsigned at;                                /* which of them is shown; its length: none */
    unsigned escape;                            /* of a key's sequence there was so far: 1 ESC, 2 what follows it */
    unsigned key;                               /* the number in it */
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

/* -- the line ------------------------------------------------------------------------------------------------------- */

/* On the screen; further bytes of a character of UTF-8 take no place. */
static size_t columns(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += ((uint8_t)text[i] & 0xc0) != 0x80;
    }
    return n;
}

static void repeat(MonitorSession *s, char c, size_t n)
{
    g_autofree char *text = g_strnfill(n, c);

    say(s, text);
}

/* Says again what stands behind the cursor, with so many blanks over what was there, and goes back. */
static void show_rest(MonitorSession *s, size_t blanks)
{
    const char *rest = s->line->str + s->cursor;

    say(s, rest);
    repeat(s, ' ', blanks);
    repeat(s, '\b', columns(rest, strlen(rest)) + blanks);
}

static void move(MonitorSession *s, size_t to)
{
    if (to < s->cursor) {
        repeat(s, '\b', columns(s->line->str + to, s->cursor - to));
    } else {
        g_autofree char *between = g_strndup(s->line->str + s->cursor, to - s->cursor);

        say(s, between);
    }
    s->cursor = to;
}

static void erase(MonitorSession *s, size_t from, size_t to)
{
    size_t n = columns(s->line->str + from, to - from);

    if (from < to) {
        move(s, from);
        g_string_erase(s->line, (gssize)from, (gssize)(to - from));
        show_rest(s, n);
    }
}

static void insert(MonitorSession *s, const char *text)
{
    size_t len = strlen(text);

    if (s->line->len + len <= MAX_LINE) {
        g_string_insert_len(s->line, (gssize)s->cursor, text, (gssize)len);
        say(s, text);
        s->cursor += len;
        if (s->cursor < s->line->len) {
            show_rest(s, 0);
        }
    }
}

/* Where the character before the cursor, or behind it, is. */
static size_t left_of(const MonitorSession *s)
{
    size_t at = s->cursor;

    while (at && ((uint8_t)s->line->str[--at] & 0xc0) == 0x80) {
    }
    return at;
}

static size_t right_of(const MonitorSession *s)
{
    size_t at = s->cursor + (s->cursor < s->line->len);

    while (at < s->line->len && ((uint8_t)s->line->str[at] & 0xc0) == 0x80) {
        at++;
    }
    return at;
}

static size_t word_start(const MonitorSession *s)
{
    size_t at = s->cursor;

    while (at && s->line->str[at - 1] == ' ') {
        at--;
    }
    while (at && s->line->str[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void do_line(MonitorSession *s)
{
    g_autofree char *line = g_strdup(s->line->str), *out = NULL;

    g_string_set_size(s->line, 0);
    s->cursor = 0;
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

/* What all possible completions of the word before the cursor have in common, or a list of them. */
static void complete(MonitorSession *s)
{
    g_autofree char *before = g_strndup(s->line->str, s->cursor);
    g_autoptr(GPtrArray) words = monitor_complete(s->mon, before);
    const char *last = strrchr(before, ' ');
    size_t typed = strlen(last ? last + 1 : before), common;
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

        insert(s, text);
    } else if (words->len > 1) {
        size_t at = s->cursor;

        say(s, "\n");
        for (unsigned i = 0; i < words->len; i++) {
            say(s, words->pdata[i]);
            say(s, i + 1 < words->len ? "  " : "\n" PROMPT);
        }
        say(s, s->line->str);
        s->cursor = s->line->len;
        move(s, at);
    }
}

/* An earlier line (-1) or a later one. */
static void recall(MonitorSession *s, int step)
{
    unsigned at = s->at + (unsigned)step;

    if (at <= s->history->len) {
        s->at = at;
        erase(s, 0, s->line->len);
        insert(s, at < s->history->len ? s->history->pdata[at] : "");
    }
}

/* -- keys ------------------------------------------------------------------------------------------------------------- */

/* The end of a key's sequence: a letter, or a number and a tilde. */
static void special_key(MonitorSession *s, uint8_t c)
{
    static const char numbered[] = { [1] = 'H', [3] = 'X', [4] = 'F', [7] = 'H', [8] = 'F' };

    if (c == '~') {
        c = s->key < sizeof(numbered) ? (uint8_t)numbered[s->key] : 0;
    }
    switch (c) {
    case 'A':
    case 'B':
        recall(s, c == 'A' ? -1 : 1);
        break;
    case 'C':
    case 'D':
        move(s, c == 'C' ? right_of(s) : left_of(s));
        break;
    case 'H':
    case 'F':
        move(s, c == 'H' ? 0 : s->line->len);
        break;
    case 'X':
        erase(s, s->cursor, right_of(s));
        break;
    }
}

/* True: the byte was part of a key's sequence: ESC [ or ESC O, digits, one that ends it. */
static bool in_sequence(MonitorSession *s, uint8_t c)
{
    if (c == ESCAPE) {
        s->escape = 1;
        s->key = 0;
    } else if (s->escape == 1) {
        s->escape = c == '[' || c == 'O' ? 2 : 0;
    } else if (s->escape == 2 && g_ascii_isdigit(c)) {
        s->key = MIN(s->key * 10 + c - '0', 999);
    } else if (s->escape == 2 && c == ';') {
        s->key = 0;
    } else if (s->escape == 2) {
        s->escape = 0;
        special_key(s, c);
    } else {
        return false;
    }
    return true;
}

/* True: a command was done. */
static bool do_byte(MonitorSession *s, uint8_t c)
{
    const char text[] = { (char)c, '\0' };
    bool lf_of_cr = c == '\n' && s->after_cr;

    s->after_cr = c == '\r';
    if (in_sequence(s, c)) {
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
    case '\b':
    case DELETE:
        erase(s, left_of(s), s->cursor);
        break;
    case CTRL('A'):
    case CTRL('E'):
        move(s, c == CTRL('A') ? 0 : s->line->len);
        break;
    case CTRL('B'):
    case CTRL('F'):
        move(s, c == CTRL('F') ? right_of(s) : left_of(s));
        break;
    case CTRL('D'):
        erase(s, s->cursor, right_of(s));
        break;
    case CTRL('K'):
        erase(s, s->cursor, s->line->len);
        break;
    case CTRL('W'):
        erase(s, word_start(s), s->cursor);
        break;
    case CTRL('U'):
    case CTRL('C'):
        erase(s, 0, s->line->len);
        break;
    case CTRL('P'):
    case CTRL('N'):
        recall(s, c == CTRL('P') ? -1 : 1);
        break;
    case '\t':
        complete(s);
        break;
    default:
        if (c >= ' ') {
            insert(s, text);
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
        s->cursor = s->line->len;
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
        s->cursor = 0;
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
