/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records, strings, enumerations and many small procedures, as programs of the eighties were thought to be. */
#include "bench/programs/bench.h"

#define PROCEDURE __attribute__((noinline))

typedef enum Colour { RED, GREEN, BLUE, BLACK, WHITE } Colour;

typedef struct Item {
    struct Item *link;
    Colour colour;
    int amount, price;
    char name[32];
} Item;

typedef struct World {
    Item *first, *second;
    int number, flag;
    char mark;
    int vector[50], table[50][50];
} World;

static PROCEDURE Colour next_colour(Colour c)
{
    switch (c) {
    case RED:
        return GREEN;
    case GREEN:
        return BLACK;
    case BLUE:
        return WHITE;
    case BLACK:
        return BLUE;
    default:
        return RED;
    }
}

static PROCEDURE void add(int a, int b, int *ret)
{
    *ret = a + 2 + b;
}

static PROCEDURE int same_mark(const World *w, char a, char b)
{
    return a == b ? w->flag : a == w->mark;
}

static PROCEDURE int strings_differ(World *w, const char *a, const char *b)
{
    int at = 2;

    while (at <= 2) {
        if (!same_mark(w, a[at], b[at + 1])) {
            w->mark = 'A';
            at++;
        } else {
            at += 2;
        }
    }
    if (strcmp(a, b) > 0) {
        w->number = at + 7;
        return 1;
    }
    return 0;
}

static PROCEDURE void store(World *w, int at, int value)
{
    int i = at + 5;

    w->vector[i] = value;
    w->vector[i + 1] = w->vector[i];
    w->vector[i + 30] = i;
    for (int k = i; k <= i + 1; k++) {
        w->table[i][k] = i;
    }
    w->table[i][i - 1]++;
    w->table[(i + 20) % 50][i] = w->vector[i];
    w->number = 5;
}

static PROCEDURE void follow(World *w, Item **ret)
{
    if (w->first) {
        *ret = w->first->link;
    }
    add(10, w->number, &w->first->amount);
}

static PROCEDURE void update(World *w, Item *item)
{
    Item *next = item->link;

    *next = *item;
    item->amount = 5;
    next->amount = item->amount;
    next->link = item->link;
    follow(w, &next->link);
    if (next->colour == RED) {
        next->amount = 6;
        next->colour = next_colour(item->colour);
        next->link = w->first->link;
        add(next->amount, 10, &next->price);
    } else {
        *item = *next;
    }
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    World *w = calloc(1, sizeof(*w));
    uint64_t sum = 0;

    w->first = calloc(1, sizeof(Item));
    w->second = calloc(1, sizeof(Item));
    w->first->link = w->second;
    strcpy(w->first->name, "a record with a name in it");
    for (unsigned long i = 0; i < rounds; i++) {
        char a[32], b[32];
        int x = 2, y = 3, z = 0;

        w->first->colour = i % 3 ? RED : BLUE;
        w->flag = 0;
        w->mark = 'B';
        strcpy(a, "a record, the first of them");
        strcpy(b, "a record, the second of them");
        w->flag = !strings_differ(w, a, b);
        while (x < y) {
            z = 5 * x - y;
            add(x, y, &z);
            x++;
        }
        store(w, x + (int)(i & 7), z);
        update(w, w->first);
        w->first->link = w->second;
        for (char c = 'A'; c <= w->mark; c++) {
            if (same_mark(w, c, 'C')) {
                strcpy(b, "a record, the third of them");
                y = (int)i;
            }
        }
        y = y * x;
        x = y / (z ? z : 1);
        sum += (unsigned)(x + y + z + w->number + w->second->price) + (unsigned char)b[12];
    }
    sum = bench_mix(sum, (uint64_t)w->vector[9]);
    return bench_result(bench_mix(sum, (uint64_t)w->table[8][8]));
}
