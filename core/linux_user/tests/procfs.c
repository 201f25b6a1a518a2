/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of the program: of its memory, its CPU, its threads, by each name. Prints what programs.py expects. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char text[1 << 20];

static const char *slurp(int fd)
{
    size_t n = 0;
    ssize_t got;

    text[0] = '\0';
    while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0) {
        n += (size_t)got;
    }
    text[n] = '\0';
    if (fd >= 0) {
        close(fd);
    }
    return text;
}

static const char *file(const char *name)
{
    return slurp(open(name, O_RDONLY | O_CLOEXEC));
}

static int count(const char *in, const char *what)
{
    int n = 0;

    for (const char *at = in; (at = strstr(at, what)); at++) {
        n++;
    }
    return n;
}

static long number(const char *in, const char *name)
{
    const char *at = strstr(in, name);

    return at ? strtol(at + strlen(name), NULL, 0) : -1;
}

static void handler(int sig)
{
    (void)sig;
}

static void cpus(void)
{
    cpu_set_t all, one;

    sched_getaffinity(0, sizeof(all), &all);
    file("/proc/cpuinfo");
    printf("cpuinfo: %d %d %d %d", count(text, "processor\t:") == CPU_COUNT(&all), count(text, "BogoMIPS\t: 125.00\n") > 0,
           count(text, "Features\t: fp asimd ") == CPU_COUNT(&all), count(text, "CPU architecture: 8\n") == CPU_COUNT(&all));
    printf(" %d", !strstr(text, " atomics ") == !(getauxval(AT_HWCAP) >> 8 & 1));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_ZERO(&one);
            CPU_SET(i, &one);
        }
    }
    sched_setaffinity(0, sizeof(one), &one);
    file("/proc/cpuinfo");
    printf(" %d\n", count(text, "processor\t:"));
    sched_setaffinity(0, sizeof(all), &all);
}

static void memory(void)
{
    size_t size = 8 << 20;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), line[64];
    const char *at;
    long rss, total;

    madvise(p, size, MADV_NOHUGEPAGE);
    mprotect(p + size / 2, 4096, PROT_READ);            /* a mapping of its own */
    for (size_t i = 0; i < size / 4; i += 4096) {
        ((volatile char *)p)[i] = 1;
    }
    snprintf(line, sizeof(line), "%08lx-%08lx rw-p", (unsigned long)p, (unsigned long)p + size / 2);
    printf("maps: %d", !!strstr(file("/proc/self/maps"), line));
    at = strstr(file("/proc/self/smaps"), line);
    printf(" smaps: %ld %ld %ld %d", number(at ? at : "", "Size:"), number(at ? at : "", "Rss:"),
           number(at ? at : "", "Anonymous:"), count(text, "VmFlags:") == count(text, "THPeligible:"));
    rss = number(file("/proc/self/smaps_rollup"), "Rss:");
    printf(" rollup: %d %d", rss >= 2048 && rss < 8192, count(text, "[rollup]\n"));
    file("/proc/self/status");
    total = number(text, "VmSize:");
    printf(" status: %d %d %d", total > 8192 && total < 65536, number(text, "VmRSS:") >= 2048 && number(text, "VmRSS:") < total,
           number(text, "Threads:") == 1);
    printf(" statm: %d\n", labs(strtol(file("/proc/self/statm"), NULL, 10) * 4 - total) < 256);
    munmap(p, size);
}

static void *other_names(void *stop)
{
    char name[4096];
    int tid = (int)syscall(SYS_gettid), folder = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC), maps[5];
    ssize_t n;

    (void)stop;
    maps[0] = count(file("/proc/thread-self/maps"), "[stack]");
    snprintf(name, sizeof(name), "/proc/%d/maps", getpid());
    maps[1] = count(file(name), "[stack]");
    snprintf(name, sizeof(name), "/proc/self/task/%d/maps", tid);
    maps[2] = count(file(name), "[stack]");
    snprintf(name, sizeof(name), "/proc/%d/task/%d/maps", getpid(), tid);
    maps[3] = count(file(name), "[stack]");
    maps[4] = count(slurp(openat(folder, "maps", O_RDONLY | O_CLOEXEC)), "[stack]");
    printf("names: %d %d %d %d %d", maps[0], maps[1], maps[2], maps[3], maps[4]);
    snprintf(name, sizeof(name), "/proc/self/task/%d/stat", tid);
    printf(" %d", atoi(file(name)) == tid);
    n = readlinkat(folder, "exe", name, sizeof(name));
    printf(" exe: %d\n", n > 6 && memcmp(name + n - 6, "procfs", 6) == 0);
    close(folder);
    return NULL;
}

int main(int argc, char **argv)
{
    struct stat a, b;
    pthread_t t;

    if (argc > 1) {                             /* what the kernel drew for it */
        for (int i = 0; i < 16; i++) {
            printf("%02x", ((unsigned char *)getauxval(AT_RANDOM))[i]);
        }
        return 0;
    }
    cpus();
    memory();
    pthread_create(&t, NULL, other_names, NULL);
    pthread_join(t, NULL);
    printf("stat: %d\n", stat("/proc/self/exe", &a) == 0 && stat(argv[0], &b) == 0 && a.st_ino == b.st_ino);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    file("/proc/self/status");
    {
        const char *at = strstr(text, "SigCgt:"), *ign = strstr(text, "SigIgn:");

        printf("signals: %lx %d\n", at ? strtoul(at + 7, NULL, 16) & 0xffffffff : 0,
               ign && strtoul(ign + 7, NULL, 16) >> 11 & 1 ? 1 : 0);
    }
    setenv("LATER", "x", 1);
    file("/proc/self/environ");
    printf("environ: %d\n", strcmp(text, "FIRST=1") == 0);
    for (int i = 0; i < 3; i++) {
        const char *name = (const char *[]){ "/proc/self/mem", "/proc/self/pagemap", "/proc/self/numa_maps" }[i];
        int fd = open(name, O_RDONLY);

        printf("%s: %d %d\n", strrchr(name, '/') + 1, fd, fd < 0 ? errno : 0);
    }
    return 0;
}
