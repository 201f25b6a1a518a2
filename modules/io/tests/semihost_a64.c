/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program without an operating system that makes every semihosting call, for the board "virt" (MMU off, EL1), and
 * prints "ok" or what is wrong. Its command line says which part: all, stdin, wild, exit:N, reason, user.
 */
typedef unsigned long word;
typedef unsigned char byte;

#define WILD 0xdead000000000000ul
#define NOWHERE 0x3f000000ul                    /* between the devices and RAM */
#define DEVICE 0x09000000ul                     /* the UART: not memory */
#define CODE 0x40080000ul

static word call(word op, const void *param)
{
    register word x0 __asm__("x0") = op;
    register const void *x1 __asm__("x1") = param;

    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static word length(const char *s)
{
    word n = 0;

    while (s[n]) {
        n++;
    }
    return n;
}

static int same(const char *a, const char *b, word n)
{
    for (word i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return 0;
        }
    }
    return 1;
}

static void put(const char *s)
{
    call(4, s);
}

static void put_number(word v)
{
    char text[19] = "0x";
    int n = 2;

    for (int shift = 60; shift >= 0; shift -= 4) {
        text[n++] = "0123456789abcdef"[v >> shift & 15];
    }
    text[n] = 0;
    put(text);
}

static int failures;

static void check(const char *what, word got, word want)
{
    if (got != want) {
        failures++;
        put(what);
        put(": ");
        put_number(got);
        put(", not ");
        put_number(want);
        put("\n");
    }
}

static word sys_open(const char *name, word mode)
{
    word block[3] = { (word)name, mode, length(name) };

    return call(1, block);
}

static word call1(word op, word a)
{
    return call(op, &a);
}

static word call2(word op, word a, word b)
{
    word block[2] = { a, b };

    return call(op, block);
}

static word call3(word op, word a, word b, word c)
{
    word block[3] = { a, b, c };

    return call(op, block);
}

static word sys_errno(void)
{
    return call(0x13, 0);
}

static void leave(word reason, word status)
{
    word block[2] = { reason, status };

    call(0x20, block);
    put("after the end\n");
    for (;;) {
    }
}

static void files(void)
{
    char buf[100], name[64], name2[64];
    word f, g, block[4];

    for (int i = 0; i < 64; i++) {
        name[i] = name2[i] = 0x7f;
    }
    check("tmpnam", call3(0x0d, (word)name, 1, 64), 0);
    check("tmpnam 2", call3(0x0d, (word)name2, 255, 64), 0);
    check("tmpnam short", call3(0x0d, (word)buf, 1, 5), -1ul);
    check("tmpnam id", call3(0x0d, (word)buf, 256, 64), -1ul);
    check("tmpnam differs", same(name, name2, 64), 0);
    check("open none", sys_open(name, 0), -1ul);
    check("errno", sys_errno(), 2);
    check("open mode", sys_open(name, 12), -1ul);
    f = sys_open(name, 6);
    check("open w+", f != -1ul && f, 1);
    check("write", call3(5, f, (word)"hello, world", 12), 0);
    check("flen", call1(0x0c, f), 12);
    check("istty", call1(9, f), 0);
    check("seek", call2(0x0a, f, 7), 0);
    check("read", call3(6, f, (word)buf, 5), 0);
    check("bytes", same(buf, "world", 5), 1);
    check("read at the end", call3(6, f, (word)buf, 9), 9);
    check("seek", call2(0x0a, f, 10), 0);
    check("read a part", call3(6, f, (word)buf, 9), 7);
    check("close", call1(2, f), 0);
    check("close again", call1(2, f), -1ul);
    check("errno", sys_errno(), 9);
    g = sys_open(name, 9);
    check("append", call3(5, g, (word)"!", 1), 0);
    check("read of a", call3(6, g, (word)buf, 1), -1ul);
    check("flen", call1(0x0c, g), 13);
    check("close", call1(2, g), 0);
    f = sys_open(name, 1);
    check("write of r", call3(5, f, (word)"x", 1), 1);
    check("close", call1(2, f), 0);
    block[0] = (word)name;
    block[1] = length(name);
    block[2] = (word)name2;
    block[3] = length(name2);
    check("rename", call(0x0f, block), 0);
    check("remove none", call2(0x0e, (word)name, length(name)), 2);
    check("remove", call2(0x0e, (word)name2, length(name2)), 0);
    f = sys_open(":semihosting-features", 0);
    check("features", call3(6, f, (word)buf, 10), 5);
    check("features", same(buf, "SHFB\3", 5), 1);
    check("features flen", call1(0x0c, f), 5);
    check("features seek", call2(0x0a, f, 4), 0);
    check("features byte", call3(6, f, (word)buf, 1), 0);
    check("features byte", buf[0], 3);
    check("features close", call1(2, f), 0);
    check("features w", sys_open(":semihosting-features", 4), -1ul);
    f = sys_open(":tt", 4);
    check("tt istty", call1(9, f), 1);
    check("tt write", call3(5, f, (word)"stdout\n", 7), 0);
    check("tt seek", call2(0x0a, f, 0), -1ul);
    g = sys_open(":tt", 8);
    check("tt write", call3(5, g, (word)"stderr\n", 7), 0);
    for (f = 0; f < 1000 && sys_open(":tt", 4) != -1ul; f++) {
    }
    check("too many", f < 1000, 1);
    check("errno", sys_errno(), 24);
}

static void rest(void)
{
    char buf[100];
    word info[4] = { 1, 2, 3, 4 }, t[2], block[2];

    check("iserror", call1(8, -5ul), 1);
    check("iserror", call1(8, 5), 0);
    check("tickfreq", call(0x31, 0), 1000000000);
    check("elapsed", call(0x30, t), 0);
    check("elapsed", call(0x30, t + 1), 0);
    check("elapsed order", t[1] > t[0], 1);
    check("clock", call(0x10, 0) < 100 * 3600, 1);
    check("time", call(0x11, 0) > 1600000000, 1);
    check("system", call2(0x12, (word)"exit 3", 6), 3);
    check("system", call2(0x12, (word)"echo from a shell", 17), 0);
    check("heapinfo", call1(0x16, (word)info), 0);
    check("heap base", info[0] > CODE && info[0] % 16 == 0, 1);
    check("heap limit", info[1] >= info[0] + (32ul << 20) && info[1] <= 0x40000000ul + (128ul << 20), 1);
    check("stack base", info[2], info[1]);
    block[0] = (word)buf;
    block[1] = 2;
    check("cmdline short", call(0x15, block), -1ul);
    check("writec", call(3, "c"), 0);
    check("none such", call(0x99, 0), -1ul);
    check("errno", sys_errno(), 38);
}

static void wild(void)
{
    static const word bad[] = { WILD, NOWHERE, DEVICE, 0xfffffffffffffff8ul, 0x47fffffcul };
    char buf[8];
    word f = sys_open(":tt", 4), g = sys_open("/dev/zero", 0);

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        static const byte ops[] = { 1, 2, 5, 6, 8, 9, 10, 12, 13, 14, 15, 18, 21, 22, 0x30 };

        for (unsigned k = 0; k < sizeof(ops); k++) {
            word r = call(ops[k], (void *)bad[i]);

            if ((ops[k] == 0x0e || ops[k] == 0x0f) ? r != 14 : ops[k] == 8 ? r != 1 : r != -1ul) {
                check("wild block", ops[k], 0);
            }
        }
        if (i < 4) {                            /* the last may well end in time */
            check("wild string", call(4, (void *)bad[i]), -1ul);
        }
        check("wild name", call3(1, bad[i], 0, 50), -1ul);
        check("wild buffer", call3(5, f, bad[i], 100), 100);
        check("wild buffer", call3(6, g, bad[i], 100), 100);
        check("errno", sys_errno(), 14);
        check("wild heapinfo", call1(0x16, bad[i]), -1ul);
    }
    check("long name", call3(1, CODE, 0, 1ul << 40), -1ul);
    check("handle", call3(6, 99999999999ul, (word)buf, 1), -1ul);
    check("handle", call3(6, 0, (word)buf, 1), -1ul);
    check("read of zero", call3(6, g, (word)buf, 8), 0);
}

static void echo(void)
{
    char buf[64];
    word f = sys_open(":tt", 0), c, left;

    c = call(7, 0);
    put_number(c);
    for (;;) {
        left = call3(6, f, (word)buf, sizeof(buf));
        if (left == sizeof(buf)) {
            break;
        }
        call3(5, sys_open(":tt", 4), (word)buf, sizeof(buf) - left);
    }
    put("\nend of input\n");
}

void start(void);
void start(void)
{
    char line[100];
    word block[2] = { (word)line, sizeof(line) };

    check("cmdline", call(0x15, block), 0);
    check("cmdline length", block[1], length(line));
    if (same(line, "exit:", 5)) {
        leave(0x20026, (word)(line[5] - '0') * 10 + (word)(line[6] - '0'));
    } else if (same(line, "reason", 6)) {
        leave(0x20023, 0);
    } else if (same(line, "stdin", 5)) {
        echo();
    } else if (same(line, "wild", 4)) {
        wild();
    } else if (same(line, "user", 4)) {
        __asm__ volatile("adr x0, 1f\n msr elr_el1, x0\n mov x0, sp\n msr sp_el0, x0\n mov x0, #0x3c0\n msr spsr_el1, x0\n"
                         "adr x0, vectors\n msr vbar_el1, x0\n eret\n1:" ::: "x0", "memory");
        put("from EL0\n");
    } else {
        check("cmdline text", same(line, "all two words", 14), 1);
        files();
        rest();
    }
    put(failures ? "failed\n" : "ok\n");
    leave(0x20026, failures != 0);
}

__asm__(".section .text.first,\"ax\"\n.globl _start\n_start: ldr x0, =stack\n mov sp, x0\n bl start\n"
        ".balign 2048\n.globl vectors\nvectors: .skip 0x400\n"
        " ldr x0, =0x20026\n mov x1, #77\n stp x0, x1, [sp, #-16]!\n mov x1, sp\n mov x0, #0x20\n hlt #0xf000\n .ltorg\n"
        ".bss\n.balign 16\n.skip 16384\nstack:\n.text");
