/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware for boards with M-profile CPUs (boards.py): its console, SysTick and a timer by their interrupts, an ARP request and its
 * answer where there is Ethernet, a typed line that is echoed, and the end by semihosting. BOARD_ macros say where things are.
 */
#include <stdint.h>

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))
#define ICSR REG(0xe000ed04)
#define ISER ((volatile uint32_t *)0xe000e100)

static volatile unsigned systicks, received;
#ifdef BOARD_TIMER
static volatile unsigned timers;
#endif
static volatile char line[32];
extern uint32_t stack_top[], data_from[], data_start[], data_end[], bss_start[], bss_end[];

#if BOARD_CMSDK
static void console_init(void)
{
    REG(BOARD_UART + 0x10) = 32;
    REG(BOARD_UART + 8) = 1 | 2 | 8;
}

static void put(char c)
{
    while (REG(BOARD_UART + 4) & 1) {
    }
    REG(BOARD_UART) = c;
}

static int get(void)
{
    REG(BOARD_UART + 0xc) = 2;
    return REG(BOARD_UART + 4) & 2 ? (int)REG(BOARD_UART) : -1;
}

static void timer_start(void)
{
    REG(BOARD_TIMER + 8) = 2000;
    REG(BOARD_TIMER + 4) = 2000;
    REG(BOARD_TIMER) = 9;
}

static void timer_clear(void)
{
    REG(BOARD_TIMER + 0xc) = 1;
}
#elif BOARD_NRF51
static void console_init(void)
{
    REG(BOARD_UART + 0x500) = 4;
    REG(BOARD_UART + 0x304) = 4;
    REG(BOARD_UART + 0) = 1;
    REG(BOARD_UART + 8) = 1;
}

static void put(char c)
{
    REG(BOARD_UART + 0x11c) = 0;
    REG(BOARD_UART + 0x51c) = c;
    while (!REG(BOARD_UART + 0x11c)) {
    }
}

static int get(void)
{
    if (!REG(BOARD_UART + 0x108)) {
        return -1;
    }
    REG(BOARD_UART + 0x108) = 0;
    return REG(BOARD_UART + 0x518);
}

static void timer_start(void)
{
    REG(BOARD_TIMER + 0x508) = 3;
    REG(BOARD_TIMER + 0x510) = 4;               /* 1 MHz */
    REG(BOARD_TIMER + 0x540) = 100;
    REG(BOARD_TIMER + 0x200) = 1;
    REG(BOARD_TIMER + 0x304) = 1 << 16;
    REG(BOARD_TIMER + 0) = 1;
}

static void timer_clear(void)
{
    REG(BOARD_TIMER + 0x140) = 0;
}
#elif BOARD_PL011
static void console_init(void)
{
    REG(0x400fe104) = 1;                        /* clock for UART0 */
    REG(BOARD_UART + 0x38) = 0x10;
    REG(BOARD_UART + 0x30) = 0x301;
}

static void put(char c)
{
    REG(BOARD_UART) = c;
}

static int get(void)
{
    return REG(BOARD_UART + 0x18) & 0x10 ? -1 : (int)(REG(BOARD_UART) & 0xff);
}

static void timer_start(void)
{
    REG(0x400fe104) |= 1 << 17;                 /* clock for timer 1, of which A and B are one */
    REG(BOARD_TIMER + 0x0c) = 0;
    REG(BOARD_TIMER) = 0;
    REG(BOARD_TIMER + 0x04) = 2;
    REG(BOARD_TIMER + 0x28) = 2000;
    REG(BOARD_TIMER + 0x18) = 1;
    REG(BOARD_TIMER + 0x0c) = 1;
}

static void timer_clear(void)
{
    REG(BOARD_TIMER + 0x24) = 1;
}

/*
 * With RCC at 50 MHz, SysTick and a timer count alike: what SysTick counted between two looks is no less than what the
 * timer counted between them, and no more than what it counted around them.
 */
static int clock_follows(void)
{
    enum { MASK = 0xffffff };

    REG(0x400fe104) |= 1 << 16;
    REG(0x40030004) = 2;
    REG(0x4003000c) = 1;
    REG(0xe000e014) = MASK;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 5;
    REG(BOARD_RCC) = 0x01c00380;
    for (unsigned i = 0; i < 100; i++) {
        uint32_t t0 = REG(0x40030048), a = REG(0xe000e018), t1 = REG(0x40030048), t2, b, t3;

        do {
            t2 = REG(0x40030048);
        } while (t1 - t2 < 50000);
        b = REG(0xe000e018);
        t3 = REG(0x40030048);
        if (t0 - t3 < MASK / 2) {               /* the host was not away too long */
            return ((a - b) & MASK) + 1 >= t1 - t2 && ((a - b) & MASK) <= t0 - t3 + 1;
        }
    }
    return 0;
}
#elif BOARD_STM32
static void console_init(void)
{
    REG(0x40023844) = 1 << 4;                   /* clock for USART1 */
    REG(BOARD_UART + 0xc) = 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2;
}

static void put(char c)
{
    while (!(REG(BOARD_UART) & 0x80)) {
    }
    REG(BOARD_UART + 4) = c;
}

static int get(void)
{
    return REG(BOARD_UART) & 0x20 ? (int)REG(BOARD_UART + 4) : -1;
}

static void timer_start(void)
{
    REG(0x40023840) = 1;                        /* clock for TIM2 */
    REG(BOARD_TIMER + 0x28) = 83;
    REG(BOARD_TIMER + 0x2c) = 99;               /* 100 us at 84 MHz */
    REG(BOARD_TIMER + 0x14) = 1;
    REG(BOARD_TIMER + 0x10) = 0;
    REG(BOARD_TIMER + 0x0c) = 1;
    REG(BOARD_TIMER + 0) = 1;
}

static void timer_clear(void)
{
    REG(BOARD_TIMER + 0x10) = 0;
}
#endif

static void print(const char *s)
{
    while (*s) {
        put(*s++);
    }
}

static void __attribute__((noreturn)) end(int status)
{
    register uint32_t op __asm__("r0") = 0x18;
    register uint32_t what __asm__("r1") = status ? 0x20023 : 0x20026;

    __asm__ volatile("bkpt 0xab" : : "r"(op), "r"(what) : "memory");
    for (;;) {
    }
}

#ifdef BOARD_ETH_IRQ
/* To all, from 52:54:00:12:34:56; ARP, request, 10.0.2.15 for 10.0.2.2. */
static const uint32_t request[] = {
    0xffffffff, 0x5452ffff, 0x56341200, 0x01000608, 0x04060008, 0x54520100, 0x56341200, 0x0f02000a, 0, 0x000a0000, 0x00000202,
};
static volatile unsigned frames;
static uint32_t frame[16];

/* An ARP answer to a request, which is what it has to be. */
static void check_frame(void)
{
    frames += frame[3] >> 16 == 0x0100 && (frame[3] & 0xffff) == 0x0608 && frame[5] << 16 == 0x02000000u;
}
#endif

#ifdef BOARD_STELLARIS_ETH
/* The MAC's FIFO has the length in its first half word: a word of a frame is in two of the FIFO's. */
static void ethernet_start(void)
{
    uint32_t carry = 42 - 14;

    REG(0x400fe108) |= 1u << 30 | 1 << 28;      /* clock for MAC and PHY */
    REG(BOARD_STELLARIS_ETH + 0x14) = 0x12005452;
    REG(BOARD_STELLARIS_ETH + 0x18) = 0x5634;
    REG(BOARD_STELLARIS_ETH + 0x08) = 0x10;
    REG(BOARD_STELLARIS_ETH + 0x0c) = 0x17;
    REG(BOARD_STELLARIS_ETH + 0x08) = 0x09;
    REG(BOARD_STELLARIS_ETH + 0x00) = 0x7f;
    REG(BOARD_STELLARIS_ETH + 0x04) = 1;
    for (unsigned i = 0; i < sizeof(request) / 4; i++) {
        REG(BOARD_STELLARIS_ETH + 0x10) = request[i] << 16 | carry;
        carry = request[i] >> 16;
    }
    REG(BOARD_STELLARIS_ETH + 0x38) = 1;
    while (REG(BOARD_STELLARIS_ETH + 0x38)) {
    }
}

static void ethernet_interrupt(void)
{
    REG(BOARD_STELLARIS_ETH) = REG(BOARD_STELLARIS_ETH);
    while (REG(BOARD_STELLARIS_ETH + 0x34)) {
        uint32_t word = REG(BOARD_STELLARIS_ETH + 0x10), length = word & 0xffff;

        for (unsigned at = 4; at < length; at += 4) {
            uint32_t next = REG(BOARD_STELLARIS_ETH + 0x10);

            if (at < 4 * 16) {
                frame[at / 4 - 1] = word >> 16 | next << 16;
            }
            word = next;
        }
        check_frame();
    }
}
#endif

#ifdef BOARD_ETH
/* The LAN9220 asks with ARP who 10.0.2.2 is, and takes the answer by its interrupt. */
static uint32_t mac_command(uint32_t command)
{
    REG(BOARD_ETH + 0xa4) = 1u << 31 | command;
    while (REG(BOARD_ETH + 0xa4) >> 31) {
    }
    return REG(BOARD_ETH + 0xa8);
}

static void ethernet_start(void)
{
    REG(BOARD_ETH + 0x74) |= 1;
    while (REG(BOARD_ETH + 0x74) & 1) {
    }
    REG(BOARD_ETH + 0x58) = 0xffffffff;
    REG(BOARD_ETH + 0x54) = 0x22000111;
    REG(BOARD_ETH + 0x68) = 0xff000000;
    REG(BOARD_ETH + 0x5c) = 1 << 3;
    REG(BOARD_ETH + 0xa8) = mac_command(1u << 30 | 1) | 3 << 2;
    mac_command(1);
    REG(BOARD_ETH + 0x70) = 2;
    REG(BOARD_ETH + 0x20) = 3 << 12 | 42;
    REG(BOARD_ETH + 0x20) = 42 << 16 | 42;
    for (unsigned i = 0; i < sizeof(request) / 4; i++) {
        REG(BOARD_ETH + 0x20) = request[i];
    }
}

static void ethernet_interrupt(void)
{
    uint32_t length = REG(BOARD_ETH + 0x40) >> 16 & 0x3fff, word;

    for (unsigned i = 0; i < (length + 3) / 4; i++) {
        word = REG(BOARD_ETH);
        if (i < 16) {
            frame[i] = word;
        }
    }
    check_frame();
    REG(BOARD_ETH + 0x58) = 1 << 3;
}
#endif

static void systick(void)
{
    systicks++;
}

static void irq(void)
{
    unsigned number = (ICSR & 0x1ff) - 16;
    int c;

#ifdef BOARD_TIMER
    if (number == BOARD_TIMER_IRQ) {
        timers++;
        timer_clear();
        return;
    }
#endif
#ifdef BOARD_ETH_IRQ
    if (number == BOARD_ETH_IRQ) {
        ethernet_interrupt();
        return;
    }
#endif
    while (number == BOARD_UART_IRQ && (c = get()) >= 0) {
        if (received < sizeof(line) - 1) {
            line[received++] = c;
        }
    }
}

static void fault(void)
{
    print("fault\n");
    end(1);
}

int main(void)
{
    console_init();
    print(BOARD_NAME ": hello\n");
#if BOARD_SYSTICK
    REG(0xe000e014) = 10000;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (systicks < 3) {
        __asm__ volatile("wfi");
    }
    REG(0xe000e010) = 0;
    print("systick\n");
#endif
#ifdef BOARD_RCC
    print(clock_follows() ? "clock\n" : "another clock\n");
#endif
#ifdef BOARD_TIMER
    timer_start();
    ISER[BOARD_TIMER_IRQ / 32] = 1u << (BOARD_TIMER_IRQ % 32);
    while (timers < 3) {
        __asm__ volatile("wfi");
    }
    print("timer\n");
#endif
#ifdef BOARD_ETH_IRQ
    ethernet_start();
    ISER[BOARD_ETH_IRQ / 32] = 1u << (BOARD_ETH_IRQ % 32);
    while (!frames) {
        __asm__ volatile("wfi");
    }
    print(frame[7] == 0x0202000a ? "arp\n" : "another answered\n");
#endif
    ISER[BOARD_UART_IRQ / 32] = 1u << (BOARD_UART_IRQ % 32);
    print("type: ");
    while (!received || line[received - 1] != '\r') {
        __asm__ volatile("" : : : "memory");
    }
    line[received - 1] = '\0';
    print("got ");
    print((const char *)line);
    print("\n");
    end(0);
}

static void __attribute__((noreturn)) start(void)
{
    for (uint32_t *from = data_from, *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    main();
    end(1);
}

typedef void (*Vector)(void);
__attribute__((section(".vectors"), used)) static const Vector vectors[16 + 64] = {
    (Vector)stack_top, start, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, systick,
    [16 ... 16 + 63] = irq,
};
