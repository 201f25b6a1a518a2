/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets: $data#checksum, acknowledged by + or -, with escapes for binary data (gdb manual, "Overview" of the remote
 * protocol). Nothing here knows what they say.
 */
#include <string.h>
#include "core/gdbstub/stub_int.h"

enum { ESCAPE = '}', ESCAPE_XOR = 0x20 };

void gdblink_init(GdbLink *l, void (*write)(void *opaque, const uint8_t *buf, size_t len), void *opaque)
{
    *l = (GdbLink){
        .in = g_byte_array_new(), .last = g_byte_array_new(), .write = write, .opaque = opaque,
    };
}

void gdblink_clear(GdbLink *l)
{
    g_byte_array_unref(l->in);
    g_byte_array_unref(l->last);
}

void gdblink_reset(GdbLink *l)
{
    g_byte_array_set_size(l->in, 0);
    g_byte_array_set_size(l->last, 0);
    l->no_ack = false;
}

unsigned gdblink_room(const GdbLink *l)
{
    /* a packet, escaped all over, and one more byte, so that one that is too long is seen to be */
    return 2 * GDB_MAX_PACKET + 16 - MIN(l->in->len, 2 * GDB_MAX_PACKET + 16);
}

void gdblink_feed(GdbLink *l, const uint8_t *buf, size_t len)
{
    g_byte_array_append(l->in, buf, (guint)len);
}

static void drop(GdbLink *l, unsigned n)
{
    g_byte_array_remove_range(l->in, 0, n);
}

static void put(GdbLink *l, char c)
{
    l->write(l->opaque, (const uint8_t *)&c, 1);
}

/* The packet at the start of the stream: its bytes up to and with the checksum, or 0: not there yet. */
static unsigned packet_length(const GdbLink *l, unsigned *ret_end)
{
    for (unsigned i = 1; i < l->in->len; i++) {
        if (l->in->data[i] == '#') {
            *ret_end = i;
            return i + 3 <= l->in->len ? i + 3 : 0;
        }
    }
    return 0;
}

/* False: the checksum is not that of the bytes. */
static bool checksum_fits(const GdbLink *l, unsigned end)
{
    int hi = g_ascii_xdigit_value((char)l->in->data[end + 1]), lo = g_ascii_xdigit_value((char)l->in->data[end + 2]);
    uint8_t sum = 0;

    for (unsigned i = 1; i < end; i++) {
        sum += l->in->data[i];
    }
    return hi >= 0 && lo >= 0 && sum == (hi << 4 | lo);
}

static void unescape(const uint8_t *p, unsigned len, GByteArray *packet)
{
    static const uint8_t nul = 0;

    g_byte_array_set_size(packet, 0);
    for (unsigned i = 0; i < len; i++) {
        uint8_t c = p[i];

        if (c == ESCAPE && i + 1 < len) {
            c = p[++i] ^ ESCAPE_XOR;
        }
        g_byte_array_append(packet, &c, 1);
    }
    g_byte_array_append(packet, &nul, 1);
    packet->len--;
}

/* Of the stream's start, which is '$'. */
static GdbEvent take_packet(GdbLink *l, GByteArray *packet)
{
    unsigned end = 0, len = packet_length(l, &end), start = 0;

    for (unsigned i = 1; i < (len ? end : l->in->len); i++) {
        start = l->in->data[i] == '$' ? i : start;
    }
    drop(l, start);                             /* those before were cut off */
    len -= MIN(len, start);
    end -= MIN(end, start);
    if (!len) {
        if (gdblink_room(l) == 0) {
            g_byte_array_set_size(l->in, 0);
            return GDB_TOO_LONG;
        }
        return GDB_NONE;
    }
    if (!l->no_ack && !checksum_fits(l, end)) {
        drop(l, len);
        put(l, '-');
        return GDB_NONE;
    }
    if (!l->no_ack) {
        put(l, '+');
    }
    unescape(l->in->data + 1, end - 1, packet);
    drop(l, len);
    return packet->len > GDB_MAX_PACKET ? GDB_TOO_LONG : GDB_PACKET;
}

GdbEvent gdblink_next(GdbLink *l, bool only_break, GByteArray *packet)
{
    if (only_break) {
        const uint8_t *at = l->in->len ? memchr(l->in->data, GDB_INTERRUPT, l->in->len) : NULL;

        if (at) {
            g_byte_array_remove_index(l->in, (guint)(at - l->in->data));
        } else if (gdblink_room(l) == 0) {
            g_byte_array_set_size(l->in, 0);    /* no debugger says so much while it waits */
        }
        return at ? GDB_BREAK : GDB_NONE;
    }
    while (l->in->len) {
        unsigned before = l->in->len;
        GdbEvent ev;

        switch (l->in->data[0]) {
        case '$':
            ev = take_packet(l, packet);
            if (ev != GDB_NONE || l->in->len == before) {
                return ev;                      /* else one was damaged: there may be more */
            }
            break;
        case GDB_INTERRUPT:
            drop(l, 1);
            return GDB_BREAK;
        case '-':
            drop(l, 1);
            if (!l->no_ack && l->last->len) {
                l->write(l->opaque, l->last->data, l->last->len);
            }
            break;
        default:                                /* '+', or noise between packets */
            drop(l, 1);
            break;
        }
    }
    return GDB_NONE;
}

void gdblink_send(GdbLink *l, const void *buf, size_t len)
{
    const uint8_t *p = buf;
    char tail[4];
    uint8_t sum = 0;

    g_byte_array_set_size(l->last, 0);
    g_byte_array_append(l->last, (const uint8_t *)"$", 1);
    for (size_t i = 0; i < len; i++) {
        uint8_t c[2] = { ESCAPE, p[i] ^ ESCAPE_XOR };
        bool special = p[i] == '$' || p[i] == '#' || p[i] == '*' || p[i] == ESCAPE;

        if (special) {
            g_byte_array_append(l->last, c, 2);
        } else {
            g_byte_array_append(l->last, p + i, 1);
        }
    }
    for (unsigned i = 1; i < l->last->len; i++) {
        sum += l->last->data[i];
    }
    g_snprintf(tail, sizeof(tail), "#%02x", sum);
    g_byte_array_append(l->last, (const uint8_t *)tail, 3);
    l->write(l->opaque, l->last->data, l->last->len);
}

void gdblink_puts(GdbLink *l, const char *text)
{
    gdblink_send(l, text, strlen(text));
}

/* -- text ------------------------------------------------------------------------------------------------------------- */

void hex_append(GString *s, const void *buf, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = buf;

    for (size_t i = 0; i < len; i++) {
        g_string_append_c(s, digits[p[i] >> 4]);
        g_string_append_c(s, digits[p[i] & 15]);
    }
}

bool hex_bytes(const char **p, uint8_t *buf, size_t n)
{
    for (size_t i = 0; i < n; i++, *p += 2) {
        int hi = g_ascii_xdigit_value((*p)[0]), lo = hi < 0 ? -1 : g_ascii_xdigit_value((*p)[1]);

        if (lo < 0) {
            return false;
        }
        buf[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

bool hex_number(const char **p, uint64_t *ret)
{
    uint64_t v = 0;
    unsigned n = 0;

    for (; g_ascii_isxdigit(**p); n++, (*p)++) {
        if (v >> 60) {
            return false;
        }
        v = v << 4 | (unsigned)g_ascii_xdigit_value(**p);
    }
    *ret = v;
    return n > 0;
}

void xml_append(GString *s, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    g_string_append(s, escaped);
}
