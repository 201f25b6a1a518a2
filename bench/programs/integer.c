/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bit of everything that control programs do: a linked list, a small matrix, a scanner of numbers, a CRC. */
#include "bench/programs/bench.h"

enum { NODES = 100, SIDE = 12, TEXT = 400 };

typedef struct Node {
    struct Node *next;
    int16_t key, data;
} Node;

static uint16_t crc16(uint16_t crc, uint16_t value)
{
    for (int i = 0; i < 16; i++) {
        unsigned bit = (crc ^ value) & 1;

        crc >>= 1;
        if (bit) {
            crc ^= 0xa001;
        }
        value >>= 1;
    }
    return crc;
}

static Node *reverse(Node *list)
{
    Node *done = NULL;

    while (list) {
        Node *next = list->next;

        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static Node *find(Node *list, int16_t key)
{
    while (list && list->key != key) {
        list = list->next;
    }
    return list;
}

/* Merges runs of doubling length until one is left. */
static Node *sort(Node *list, int by_data)
{
    for (unsigned run = 1; ; run *= 2) {
        Node *rest = list, **tail = &list;
        unsigned merges = 0;

        while (rest) {
            Node *a = rest, *b = rest;
            unsigned na = 0, nb = run;

            merges++;
            for (; na < run && b; na++) {
                b = b->next;
            }
            while (na || (nb && b)) {
                Node *take;

                if (!na) {
                    take = b, b = b->next, nb--;
                } else if (!nb || !b || (by_data ? a->data <= b->data : a->key <= b->key)) {
                    take = a, a = a->next, na--;
                } else {
                    take = b, b = b->next, nb--;
                }
                *tail = take;
                tail = &take->next;
            }
            rest = b;
        }
        *tail = NULL;
        if (merges <= 1) {
            return list;
        }
    }
}

static uint16_t lists(Node *nodes, unsigned seed, uint16_t crc)
{
    Node *list = NULL;

    for (int i = 0; i < NODES; i++) {
        nodes[i].key = (int16_t)((i * 37 + seed) % NODES);
        nodes[i].data = (int16_t)((i * 91 + seed * 7) % 251);
        nodes[i].next = list;
        list = &nodes[i];
    }
    for (int key = 0; key < NODES; key += 9) {
        Node *n = find(list, (int16_t)key);

        crc = crc16(crc, n ? (uint16_t)n->data : 0xffff);
        list = reverse(list);
    }
    list = sort(list, 1);
    crc = crc16(crc, (uint16_t)list->data);
    list = sort(list, 0);
    for (const Node *n = list; n; n = n->next) {
        crc = crc16(crc, (uint16_t)n->data);
    }
    return crc;
}

static uint16_t matrices(int32_t seed, uint16_t crc)
{
    int16_t a[SIDE][SIDE], b[SIDE][SIDE];
    int32_t sum = 0, last = 0;

    for (int i = 0; i < SIDE; i++) {
        for (int k = 0; k < SIDE; k++) {
            a[i][k] = (int16_t)(i * 5 + k * 3 + seed);
            b[i][k] = (int16_t)(a[i][k] * 7 - i);
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int k = 0; k < SIDE; k++) {
            int32_t c = 0;

            for (int n = 0; n < SIDE; n++) {
                c += a[i][n] * (b[n][k] >> 2 & 63);
            }
            sum += c > last ? 10 : c & 7;
            last = c;
        }
    }
    return crc16(crc, (uint16_t)sum);
}

typedef enum State { START, SIGN, DIGITS, FRACTION, EXPONENT, BAD, NUM_STATES } State;

/* Numbers between commas: how many end in each state. */
static uint16_t scan(const char *p, uint16_t crc)
{
    unsigned ends[NUM_STATES] = { 0 };
    State state = START;

    for (; *p; p++) {
        char c = *p;

        if (c == ',') {
            ends[state]++;
            state = START;
            continue;
        }
        switch (state) {
        case START:
        case SIGN:
            state = c >= '0' && c <= '9' ? DIGITS : c == '.' ? FRACTION : state == START && (c == '+' || c == '-') ? SIGN : BAD;
            break;
        case DIGITS:
            state = c >= '0' && c <= '9' ? DIGITS : c == '.' ? FRACTION : c == 'e' ? EXPONENT : BAD;
            break;
        case FRACTION:
            state = c >= '0' && c <= '9' ? FRACTION : c == 'e' ? EXPONENT : BAD;
            break;
        case EXPONENT:
            state = (c >= '0' && c <= '9') || c == '-' ? EXPONENT : BAD;
            break;
        default:
            break;
        }
    }
    for (int i = 0; i < NUM_STATES; i++) {
        crc = crc16(crc, (uint16_t)ends[i]);
    }
    return crc;
}

int main(int argc, char **argv)
{
    static const char *const word[] = { "5012", "-1.25", "+0.5e-3", "12x4", ".75", "+-3", "1e12", "," };
    unsigned long rounds = bench_rounds(argc, argv);
    Node *nodes = calloc(NODES, sizeof(*nodes));
    char text[TEXT + 16];
    uint16_t crc = 0;
    size_t at = 0;

    for (unsigned i = 0; at < TEXT; i++) {
        at += (size_t)sprintf(text + at, "%s,", word[(i * 5 + i / 3) % 8]);
    }
    for (unsigned long i = 0; i < rounds; i++) {
        crc = lists(nodes, i & 63, crc);
        crc = matrices((int32_t)(i & 31), crc);
        text[i % TEXT] ^= 1;
        crc = scan(text, crc);
        text[i % TEXT] ^= 1;
    }
    free(nodes);
    return bench_result(crc);
}
