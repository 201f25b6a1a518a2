/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amp-messages CLUSTER FIRMWARE [COUNT]: on Linux on amp-virt: finds the cluster in the device tree, loads a raw image
 * into its code TCM, starts its CPUs, exchanges COUNT messages with each, and stops them. All by /dev/mem.
 * amp-messages -start CLUSTER FIRMWARE loads and starts, and no more.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "tests/guest/amp/exchange.h"

#define TREE "/proc/device-tree"

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Big-endian 32-bit cells of a property; the number read. */
static unsigned cells(const char *node, const char *prop, uint32_t *ret, unsigned max)
{
    char path[512];
    uint8_t buf[64];
    FILE *f;
    unsigned n = 0;

    snprintf(path, sizeof(path), "%s/%s", node, prop);
    f = fopen(path, "rb");
    if (!f) {
        die(path);
    }
    for (; n < max && fread(buf, 4, 1, f) == 1; n++) {
        ret[n] = (uint32_t)buf[0] << 24 | buf[1] << 16 | buf[2] << 8 | buf[3];
    }
    fclose(f);
    return n;
}

/* Path of the first node below `where` whose name begins so and that fits; it ends the program if there is none. */
static char *find(const char *where, const char *prefix, int (*fits)(const char *node, const void *what), const void *what)
{
    DIR *d = opendir(where);
    struct dirent *e;
    char *found = NULL;

    if (!d) {
        die(where);
    }
    while (!found && (e = readdir(d))) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", where, e->d_name);
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && (!fits || fits(path, what))) {
            found = strdup(path);
        }
    }
    closedir(d);
    if (!found) {
        fprintf(stderr, "amp-messages: no %s in the device tree is the one\n", prefix);
        exit(1);
    }
    return found;
}

static int has_label(const char *node, const void *what)
{
    char path[600], label[64] = "";
    FILE *f;

    snprintf(path, sizeof(path), "%s/label", node);
    f = fopen(path, "rb");
    if (!f) {
        return 0;
    }
    if (!fread(label, 1, sizeof(label) - 1, f)) {
        label[0] = '\0';
    }
    fclose(f);
    return strcmp(label, what) == 0;
}

static int has_phandle(const char *node, const void *what)
{
    uint32_t phandle = 0;

    cells(node, "phandle", &phandle, 1);
    return phandle == *(const uint32_t *)what;
}

static volatile uint32_t *map(int mem, uint32_t base, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mem, base);

    if (p == MAP_FAILED) {
        die("mmap /dev/mem");
    }
    return p;
}

static void load(const char *path, volatile uint32_t *to, size_t size)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    uint32_t word;
    size_t n = 0;

    if (!f || fstat(fileno(f), &st) != 0) {
        die(path);
    }
    if ((size_t)st.st_size > size) {
        fprintf(stderr, "amp-messages: %s: larger than the code TCM\n", path);
        exit(1);
    }
    for (word = 0; fread(&word, 1, 4, f) > 0; word = 0) {
        to[n++] = word;
    }
    fclose(f);
    printf("loaded %ld bytes of %s\n", (long)st.st_size, path);
}

static void idle(void)
{
    sched_yield();
}

int main(int argc, char **argv)
{
    int start_only = argc > 1 && strcmp(argv[1], "-start") == 0, mem;
    const char *label = argc > 2 ? argv[1 + start_only] : NULL;
    uint32_t window[8], mboxes[2], at[4], count, phandle;
    struct Amp a = { .idle = idle };
    struct timespec from, to;
    struct Result r;
    char *cluster;
    double s;

    if (argc < 3 + start_only) {
        fprintf(stderr, "usage: amp-messages [-start] CLUSTER FIRMWARE [COUNT]\n");
        return 2;
    }
    count = argc > 3 + start_only ? strtoul(argv[3 + start_only], NULL, 0) : 10000;
    mem = open("/dev/mem", O_RDWR | O_SYNC);
    if (mem < 0) {
        die("/dev/mem");
    }
    cluster = find(TREE "/amp", "cluster@", has_label, label);
    cells(cluster, "reg", window, 8);
    cells(cluster, "chimera,first-cpu", &a.first_cpu, 1);
    cells(cluster, "chimera,cpus", &a.cpus, 1);
    cells(cluster, "mboxes", mboxes, 2);
    phandle = mboxes[0];
    if (a.cpus > MAX_CPUS) {
        a.cpus = MAX_CPUS;
    }
    cells(find(TREE "/amp", "control@", NULL, NULL), "reg", at, 4);
    a.ctrl = map(mem, at[1], 0x1000);
    load(argv[2 + start_only], map(mem, window[1], window[3]), window[3]);
    if (start_only) {
        for (unsigned n = 0; n < a.cpus; n++) {
            *ctrl_reg(&a, n, CTRL_VECTOR) = 0;
            *ctrl_reg(&a, n, CTRL_CONTROL) = RUN;
        }
        printf("started %u CPUs of cluster %s\n", a.cpus, label);
        return 0;
    }
    cells(find(TREE, "mhu@", has_phandle, &phandle), "reg", at, 4);
    a.mhu = map(mem, at[1], 0x1000);
    a.shared = (struct Shared *)map(mem, SRAM_MESSAGES, sizeof(struct Shared));
    exchange_init(&a);
    for (unsigned n = 0; n < a.cpus; n++) {
        *ctrl_reg(&a, n, CTRL_VECTOR) = 0;
        exchange_start(&a, n);
    }
    printf("started %u CPUs of cluster %s\n", a.cpus, label);
    clock_gettime(CLOCK_MONOTONIC, &from);
    r = exchange(&a, count);
    clock_gettime(CLOCK_MONOTONIC, &to);
    s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%u messages sent, %u answers in order, %u wrong; %u doorbells heard; %.0f messages a second\n", r.sent,
           r.received - r.errors, r.errors, r.doorbells, (r.sent + r.received) / s);
    for (unsigned n = 0; n < a.cpus; n++) {
        printf("CPU %u of the cluster: %u messages taken, %u wakeups\n", n, a.shared->channel[n].received,
               a.shared->channel[n].wakeups);
        exchange_stop(&a, n);
    }
    return r.errors != 0;
}
