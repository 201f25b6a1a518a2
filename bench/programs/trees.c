/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees whose nodes malloc makes and free unmakes, and a search tree that lives on meanwhile. */
#include "bench/programs/bench.h"

enum { DEPTH = 10, KEYS = 500 };

typedef struct Tree {
    struct Tree *left, *right;
    uint32_t key;
} Tree;

static Tree *node(Tree *left, Tree *right, uint32_t key)
{
    Tree *t = malloc(sizeof(*t));

    t->left = left;
    t->right = right;
    t->key = key;
    return t;
}

static Tree *build(int depth)
{
    return depth ? node(build(depth - 1), build(depth - 1), (uint32_t)depth) : NULL;
}

static unsigned count(const Tree *t)
{
    return t ? 1 + count(t->left) + count(t->right) : 0;
}

static void release(Tree *t)
{
    if (t) {
        release(t->left);
        release(t->right);
        free(t);
    }
}

static unsigned insert(Tree **t, uint32_t key)
{
    unsigned depth = 0;

    for (; *t; depth++) {
        if ((*t)->key == key) {
            return depth;
        }
        t = key < (*t)->key ? &(*t)->left : &(*t)->right;
    }
    *t = node(NULL, NULL, key);
    return depth;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint32_t seed = 99;
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        Tree *search = NULL, *whole = build(DEPTH);

        for (unsigned k = 0; k < KEYS; k++) {
            sum += insert(&search, bench_random(&seed) % (KEYS * 2));
        }
        sum = bench_mix(sum, count(whole) + count(search));
        release(search);
        release(whole);
    }
    return bench_result(sum);
}
