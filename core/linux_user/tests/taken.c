// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory that one thread accesses, by each kind of instruction in turn, while another takes it away: the signal comes as it
 * would on hardware, with an address in that memory. Then moves that overlap, of which each goes on where it was
 * interrupted. taken [ROUNDS]; prints what is wrong.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 8192, MOVED = 3 * 4096 };
static char *data;
static int fd, rounds;
static volatile int gone, stop;
static volatile long wrong;
static __thread sigjmp_buf out;
static __thread volatile uintptr_t at;

#define KIND(name, text) \
    static void name(char *p) \
    { \
        register char *x0 __asm__("x0") = p; \
        __asm__ volatile(".arch armv8.8-a+memtag\n1: " text "\n b 1b" : "+r"(x0) : : "memory", "cc", "x1", "x2", "x3", "x4", \
                         "x5", "v0", "v1", "v2", "v3"); \
    }
KIND(ldr, "ldr x1, [x0]")
KIND(ldp, "ldp q0, q1, [x0]")
KIND(stp, "stp x1, x2, [x0, #8]")
KIND(between_pages, "mov x3, #4092\n ldr x1, [x0, x3]")
KIND(lanes, "ld4 {v0.b, v1.b, v2.b, v3.b}[3], [x0]")
KIND(structures, "st3 {v0.8h, v1.8h, v2.8h}, [x0]")
KIND(exclusive, "ldaxr x1, [x0]\n stlxr w2, x1, [x0]")
KIND(exclusive_pair, "ldaxp x1, x2, [x0]\n stlxp w3, x1, x2, [x0]")
KIND(add, "ldaddal x1, x2, [x0]")
KIND(misaligned_add, "add x3, x0, #7\n ldaddal w1, w2, [x3]")
KIND(swap, "cas x1, x2, [x0]")
KIND(misaligned_swap, "add x3, x0, #7\n mov x1, xzr\n casal w1, w2, [x3]")
KIND(swap_pair, "casp x2, x3, x4, x5, [x0]")
KIND(tagged, "orr x1, x0, #1 << 56\n ldr x2, [x1]\n str x2, [x1]")
KIND(acquire, "ldapr x1, [x0]\n stlr x1, [x0]")
KIND(tag_and_zero, "stzg x0, [x0]")
KIND(zero, "dc zva, x0")
KIND(copy, "mov x1, x0\n add x2, x0, #256\n mov x3, #200\n cpyp [x1]!, [x2]!, x3!\n cpym [x1]!, [x2]!, x3!\n"
     "cpye [x1]!, [x2]!, x3!")
KIND(copy_down, "add x1, x0, #256\n mov x2, x0\n mov x3, #300\n cpyp [x1]!, [x2]!, x3!\n cpym [x1]!, [x2]!, x3!\n"
     "cpye [x1]!, [x2]!, x3!")
KIND(set, "mov x1, x0\n mov x2, #300\n setp [x1]!, x2!, x3\n setm [x1]!, x2!, x3\n sete [x1]!, x2!, x3")

static const struct {
    const char *name;
    void (*run)(char *p);
} kinds[] = {
#define ROW(name) { #name, name }
    ROW(ldr), ROW(ldp), ROW(stp), ROW(between_pages), ROW(lanes), ROW(structures), ROW(exclusive), ROW(exclusive_pair),
    ROW(add), ROW(misaligned_add), ROW(swap), ROW(misaligned_swap), ROW(swap_pair), ROW(tagged), ROW(acquire),
    ROW(tag_and_zero), ROW(zero), ROW(copy), ROW(copy_down), ROW(set),
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void left(int sig, siginfo_t *info, void *context)
{
    at = (uintptr_t)info->si_addr & ~(0xffull << 56);
    siglongjmp(out, 1);
}

static void give(void)
{
    if (ftruncate(fd, SIZE) || mmap(data, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != data) {
        abort();
    }
}

static void take(int how)
{
    if (how == 0 ? mprotect(data, SIZE, PROT_NONE) : how == 1 ? munmap(data, SIZE) : how == 2 ? ftruncate(fd, 0) :
        mmap(data, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != data) {
        abort();
    }
}

static void *accesses(void *unused)
{
    for (unsigned k = 0; k < KINDS; k++) {
        for (volatile int i = 0; i < rounds; i++) {
            while (__atomic_load_n(&gone, __ATOMIC_SEQ_CST)) {
            }
            if (!sigsetjmp(out, 1)) {
                kinds[k].run(data);
            }
            if (at - (uintptr_t)data >= SIZE) {
                printf("%s: a fault at %#zx\n", kinds[k].name, (size_t)(at - (uintptr_t)data));
                wrong++;
            }
            __atomic_store_n(&gone, 1, __ATOMIC_SEQ_CST);
        }
    }
    return NULL;
}

/* Gives it back, and what was interrupted goes on. */
static void go_on(int sig, siginfo_t *info, void *context)
{
    mprotect(data, MOVED, PROT_READ | PROT_WRITE);
}

static void *protects(void *unused)
{
    while (!stop) {
        mprotect(data + (rand() % 3 << 12), 4096, PROT_NONE);
        usleep(20);
    }
    mprotect(data, MOVED, PROT_READ | PROT_WRITE);
    return NULL;
}

static void move(char *to, const char *from, size_t n)
{
    __asm__ volatile(".arch armv8.8-a\ncpyp [%0]!, [%1]!, %2!\n cpym [%0]!, [%1]!, %2!\n cpye [%0]!, [%1]!, %2!"
                     : "+r"(to), "+r"(from), "+r"(n) : : "memory", "cc");
}

static void fill(char *p, unsigned seed)
{
    for (int i = 0; i < MOVED; i++) {
        p[i] = (char)((unsigned)i * 167 + seed + ((unsigned)i >> 8));
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_NODEFER, .sa_sigaction = left };
    static char wanted[MOVED];
    pthread_t t;

    rounds = argc > 1 ? atoi(argv[1]) : 20;
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    fd = memfd_create("data", 0);
    data = mmap(NULL, MOVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    give();
    pthread_create(&t, NULL, accesses, NULL);
    for (int i = 0; i < (int)KINDS * rounds; i++) {
        usleep(150);
        take(i & 3);
        while (!__atomic_load_n(&gone, __ATOMIC_SEQ_CST)) {
        }
        give();
        __atomic_store_n(&gone, 0, __ATOMIC_SEQ_CST);
    }
    pthread_join(t, NULL);

    sa.sa_sigaction = go_on;
    sigaction(SIGSEGV, &sa, NULL);
    if (mmap(data, MOVED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != data) {
        abort();
    }
    pthread_create(&t, NULL, protects, NULL);
    for (unsigned i = 0; i < 20u * (unsigned)rounds; i++) {
        int to = i * 7 % 90, from = i * 13 % 90;

        fill(data, i);
        fill(wanted, i);
        move(data + to, data + from, MOVED - 100);
        memmove(wanted + to, wanted + from, MOVED - 100);
        if (memcmp(data, wanted, MOVED)) {
            printf("move %u from %d to %d\n", i, from, to);
            wrong++;
        }
    }
    stop = 1;
    pthread_join(t, NULL);
    printf("wrong: %ld\n", wrong);
    return wrong != 0;
}
