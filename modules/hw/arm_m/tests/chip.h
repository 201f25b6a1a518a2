/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware of chips.py: what each chip's console and vectors leave to share. put() is the chip's. No guard: a
 * program includes it once, and it is code of Arm's. */
#include <stdint.h>

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))

extern uint32_t stack_top[];

static void put(char c);

static void print(const char *s)
{
    while (*s) {
        put(*s++);
    }
}

static void value(const char *name, uint32_t v)
{
    print(name);
    put(' ');
    for (int i = 28; i >= 0; i -= 4) {
        put("0123456789abcdef"[v >> i & 15]);
    }
    put('\n');
}

static void fault(void)
{
    print("fault\n");
    for (;;) {
    }
}

static void __attribute__((noreturn)) end(void)
{
    register uint32_t op __asm__("r0") = 0x18;
    register uint32_t what __asm__("r1") = 0x20026;

    __asm__ volatile("bkpt 0xab" : : "r"(op), "r"(what) : "memory");
    for (;;) {
    }
}
