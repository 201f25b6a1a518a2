/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secure firmware for AN505 and AN521 (boards.py --sse): what the protection controllers refuse and let through, as Secure
 * software sees it that makes Non-secure accesses (the SAU says which addresses are), the second CPU's start and its doorbells,
 * and the watchdog's reset. Prints by semihosting.
 */
#include <stdint.h>

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))
#define SECCTL 0x50080000
#define NSPCTRL 0x40080000
#define SYSCTL 0x50021000
#define WATCHDOG 0x50081000
#define MPC3 0x58009000                         /* of 0x28200000 and 0x38200000 */
#define MHU0 0x50003000
#define CPUID 0x5001f000
#define BOOTED REG(0x38100000)                  /* of no segment: a reset leaves it */
enum { IRQ_MHU0 = 6, IRQ_MPC = 9, IRQ_PPC = 10 };

extern uint32_t stack_top[], stack_top1[];
static volatile uint32_t faults, fault_address, mpc_irqs, ppc_irqs, mhu_irqs[2], second_cpu;

static uint32_t semihost(uint32_t op, const void *what)
{
    register uint32_t r0 __asm__("r0") = op;
    register const void *r1 __asm__("r1") = what;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *what, uint32_t a, uint32_t b)
{
    static const char digits[] = "0123456789abcdef";
    char line[64];
    unsigned n = 0;
    uint32_t values[2] = { a, b };

    while (what[n]) {
        line[n] = what[n];
        n++;
    }
    for (unsigned i = 0; i < 2; i++) {
        line[n++] = ' ';
        for (int shift = 28; shift >= 0; shift -= 4) {
            if (values[i] >> shift || shift == 0) {
                line[n++] = digits[values[i] >> shift & 15];
            }
        }
    }
    line[n++] = '\n';
    line[n] = 0;
    semihost(4, line);
}

static __attribute__((noreturn)) void end(void)
{
    semihost(0x18, (const void *)0x20026);
    for (;;) {
    }
}

/* Faults step over their instruction, which is a load or store. */
__attribute__((used)) static void fault(uint32_t *frame)
{
    uint16_t insn = *(volatile uint16_t *)(uintptr_t)frame[6];

    faults++;
    fault_address = REG(0xe000ed38);
    frame[6] += insn >> 11 >= 0x1d ? 4 : 2;
}

static __attribute__((naked)) void fault_entry(void)
{
    __asm__ volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n b fault");
}

/* SVC: back to privileged Thread mode. */
static void supervisor(void)
{
    __asm__ volatile("msr control, %0\n isb" : : "r"(0));
}

static void irq(void)
{
    uint32_t number = (REG(0xe000ed04) & 0x1ff) - 16;

    if (number == IRQ_MPC) {
        mpc_irqs++;
        REG(MPC3 + 0x24) = 1;
    } else if (number == IRQ_PPC) {
        ppc_irqs++;
        REG(SECCTL + 0x24) = 0xffffffff;
    } else if (number == IRQ_MHU0) {
        uint32_t cpu = REG(CPUID), bits = REG(MHU0 + 0x10 * cpu);

        mhu_irqs[cpu] += bits;
        REG(MHU0 + 0x10 * cpu + 8) = bits;
        REG(0xe000e280) = 1 << IRQ_MHU0;
        if (cpu == 1) {
            REG(MHU0 + 4) = bits + 1;           /* the answer */
        }
    }
}

static void settle(void)
{
    __asm__ volatile("dsb\n isb" : : : "memory");
    for (volatile unsigned i = 0; i < 100; i++) {
    }
}

/* Prints what an access gives: value (or what is there after), and whether it faulted. */
static void load(const char *what, uint32_t at)
{
    uint32_t before = faults, value = REG(at);

    settle();
    print(what, faults == before ? value : 0, faults - before);
}

static void load_unprivileged(const char *what, uint32_t at)
{
    uint32_t before = faults, value;

    __asm__ volatile("msr control, %0\n isb" : : "r"(1));
    value = REG(at);
    settle();
    __asm__ volatile("svc 0" : : : "memory");
    print(what, faults == before ? value : 0, faults - before);
}

static void store(const char *what, uint32_t at, uint32_t value, uint32_t look)
{
    uint32_t before = faults;

    REG(at) = value;
    settle();
    print(what, REG(look), faults - before);
}

static void memory(void)
{
    REG(0x38200010) = 0x1111;
    REG(0x38200410) = 0x2222;
    REG(MPC3 + 0x28) = 1;
    load("NS read of a Secure block", 0x28200010);
    print("interrupts, INFO1", mpc_irqs, REG(MPC3 + 0x2c) & 0xffff);
    store("NS write", 0x28200010, 5, 0x38200010);
    REG(MPC3) = 0x110;
    load("NS read with bus errors", 0x28200010);
    print("BFAR", fault_address, mpc_irqs);
    REG(MPC3 + 0x18) = 0;
    REG(MPC3 + 0x1c) = 2;
    load("NS read of a NS block", 0x28200410);
    store("NS write of a NS block", 0x28200410, 0x3333, 0x28200410);
    load("S read of a NS block", 0x38200410);
    load("S read of a S block", 0x38200010);
    print("INFO2", REG(MPC3 + 0x30) >> 17, REG(MPC3 + 0x18));
    REG(MPC3 + 0x18) = 0;
    REG(MPC3 + 0x1c) = 0;
    load("S read of what is S again", 0x38200410);
}

static void peripherals(void)
{
    REG(SECCTL + 0x28) = 1;
    REG(0x50000008) = 0x4444;                   /* the timer's RELOAD */
    load("NS read of a S device", 0x40000008);
    print("interrupts", ppc_irqs, REG(SECCTL + 0x20));
    REG(SECCTL + 0x10) = 1;
    load("with bus errors", 0x40000008);
    print("BFAR", fault_address, ppc_irqs);
    REG(SECCTL + 0x70) = 1;
    load("NS read of a NS device", 0x40000008);
    load("S read of a NS device", 0x50000008);
    REG(SECCTL + 0x70) = 0;
    load_unprivileged("S unprivileged read", 0x50000008);
    REG(SECCTL + 0xb0) = 1;
    load_unprivileged("S unprivileged read, allowed", 0x50000008);
}

#ifdef BOARD_SECOND
static __attribute__((noreturn)) void start1(void)
{
    REG(0xe000e100) = 1 << IRQ_MHU0;
    second_cpu = 0x100 + REG(CPUID);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

typedef void (*Vector)(void);
__attribute__((section(".vectors1"), used)) static const Vector vectors1[16 + 16] = {
    (Vector)stack_top1, start1, irq /* NMI, of the watchdog */, [16 ... 16 + 15] = irq,
};

static void second(void)
{
    print("CPUWAIT, identity", REG(SYSCTL + 0x118), REG(CPUID));
    REG(SYSCTL + 0x114) = (uint32_t)(uintptr_t)vectors1;
    REG(SYSCTL + 0x118) = 0;
    while (!second_cpu) {
    }
    print("the second CPU says", second_cpu, REG(SYSCTL + 0x118));
    REG(0xe000e100) = 1 << IRQ_MHU0;
    REG(MHU0 + 0x14) = 4;
    while (!mhu_irqs[0]) {
    }
    print("messages", mhu_irqs[1], mhu_irqs[0]);
}
#endif

static __attribute__((noreturn)) void start(void)
{
    if (BOOTED == 0x600d) {
        print("again, by the watchdog", BOOTED, REG(SYSCTL + 0x100));
        end();
    }
    faults = mpc_irqs = ppc_irqs = mhu_irqs[0] = mhu_irqs[1] = second_cpu = 0;
    REG(0xe000ed24) |= 1 << 17;                 /* BusFault */
    REG(0xe000edd8) = 0;                        /* SAU: NS from 0x28000000 on, and from 0x40000000 */
    REG(0xe000eddc) = 0x28000000;
    REG(0xe000ede0) = 0x2fffffe1;
    REG(0xe000edd8) = 1;
    REG(0xe000eddc) = 0x40000000;
    REG(0xe000ede0) = 0x4fffffe1;
    REG(0xe000edd0) = 1;
    REG(0xe000e100) = 1 << IRQ_MPC | 1 << IRQ_PPC;
    settle();
    memory();
    peripherals();
#ifdef BOARD_SECOND
    second();
#endif
    BOOTED = 0x600d;
    REG(WATCHDOG) = 1000;
    REG(WATCHDOG + 8) = 3;
    for (;;) {
    }
}

typedef void (*Entry)(void);
__attribute__((section(".vectors"), used)) static const Entry vectors[16 + 16] = {
    (Entry)stack_top, start, irq, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, 0, 0, 0, supervisor, 0, 0, 0, 0,
    [16 ... 16 + 15] = irq,
};
