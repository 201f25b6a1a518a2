/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directed tests of M-profile's system (m_system.py): cases, what every exception does, registers. What is expected is from
 * the Armv7-M ARM (DDI 0403E), the Armv8-M ARM (DDI 0553B) and the Armv6-M ARM (DDI 0419).
 *
 * A case runs in privileged (Secure) Thread mode on the main stack, with everything in its reset state but what prepare() says.
 * Each exception looks up an action by its number; one without an action fails the case.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t u32;

/* Cases that a CPU has not the instructions for are assembled all the same. */
#if defined(SSE) || __ARM_FEATURE_CMSE == 3
asm(".arch armv8-m.main\n.arch_extension dsp\n.fpu fpv5-sp-d16");
#else
asm(".arch armv7e-m\n.fpu fpv5-sp-d16");
#endif

/* -- cases ------------------------------------------------------------------------------------------------------------ */

/* What a board's CPU has, and what a case needs. */
enum {
    V6 = 1, V7 = 2, V8 = 4, MAIN = 8, FP = 16, MPU7 = 32, MPU8 = 64, SEC = 128, BITBAND = 256, WATCHDOG = 512, DSP = 1024,
    CACHE = 2048, NOT_V8 = 4096, DWT = 8192, DP = 16384, NOFP = 32768,
    M0 = 1 << 16, SMALL = 1 << 17, MPU6 = 1 << 18, SECB = 1 << 19,
};
typedef struct Case {
    const char *name;
    void (*run)(void);
    u32 needs;
} Case;
#define CASE(name, needs) \
    static void name(void); \
    static const Case case_##name __attribute__((used, section(".cases"), aligned(4))) = { #name, name, needs }; \
    static void name(void)

void check(const char *file, int line, const char *what, u32 is, u32 want);
#define EQ(is, want) check(__FILE__, __LINE__, #is, (u32)(is), (u32)(want))
#define TRUE(cond) check(__FILE__, __LINE__, #cond, !!(cond), 1)
void die(const char *why, u32 value) __attribute__((noreturn));
void print(const char *s);
extern const char *case_name;
/* What the case is done with the next thing: the board locks up, and the driver sees it in the log. */
void expect_lockup(void);

/* -- exceptions ------------------------------------------------------------------------------------------------------- */

enum { NMI = 2, HARD, MEM, BUS, USAGE, SECURE, SVC = 11, DEBUG, PENDSV = 14, SYSTICK, IRQ0, IRQ1, IRQ2, IRQ3, NUM_EXC = 48 };
enum { R0, R1, R2, R3, R12, LR, PC, PSR };      /* words of a frame */

typedef struct Trap {
    u32 number, lr;
    u32 *sp;                                    /* of the handler, at its entry */
    u32 *frame;                                 /* where the frame is by EXC_RETURN */
    u32 *low;                                   /* R4 to R7, saved */
    u32 *high;                                  /* R8 to R11 */
} Trap;
typedef void Action(Trap *t);
extern Action *volatile actions[NUM_EXC];
/* Over the instruction that faulted, out of its IT block. */
void skip(Trap *t);
/* To where LR of the interrupted code says: out of a function at an address that cannot be fetched. */
void leave(Trap *t);
void nothing(Trap *t);

/* Each exception that came, in order. */
typedef struct Seen {
    u32 number, lr, pc, psr, cfsr, hfsr, sp, frame, control, ipsr_active;
} Seen;
extern volatile Seen seen[32];
extern volatile u32 num_seen;
extern volatile bool no_frame;                  /* the frame cannot be read: only number and LR are noted */
/* Letters that actions leave. */
void mark(char c);
extern char marks[64];
bool marked(const char *s);

/* -- helpers in start.S ------------------------------------------------------------------------------------------------ */

/* f(arg) with PSP = psp and CONTROL = control; comes back privileged and on the main stack. */
u32 on_psp(u32 (*f)(u32), u32 arg, void *psp, u32 control);
/* Loads R0-R12 from regs, executes SVC 1, stores R0-R12. */
void svc_regs(u32 *regs);
extern char svc_regs_return[];
/* SVC 1 with SP lowered by `down` bytes before; returns SP after the exception minus SP before. */
u32 svc_with_sp(u32 down);
void call(u32 addr);                            /* BLX */
void bx_to(u32 addr);
u32 probe_read(u32 addr);                       /* loads: skip() gives R0 as it was, 0xdead0000 */
u32 probe_read8(u32 addr);
void probe_write(u32 addr, u32 value);
extern char arena[];                            /* much aligned memory; on microbit, little */

/* -- registers ---------------------------------------------------------------------------------------------------------- */

#define REG(at) (*(volatile u32 *)(uintptr_t)(at))
#define REG8(at) (*(volatile uint8_t *)(uintptr_t)(at))
#define REG16(at) (*(volatile uint16_t *)(uintptr_t)(at))
#define ICTR  REG(0xe000e004)
#define ACTLR REG(0xe000e008)
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)
#define SYST_CALIB REG(0xe000e01c)
#define ISER(n) REG(0xe000e100 + 4 * (n))
#define ICER(n) REG(0xe000e180 + 4 * (n))
#define ISPR(n) REG(0xe000e200 + 4 * (n))
#define ICPR(n) REG(0xe000e280 + 4 * (n))
#define IABR(n) REG(0xe000e300 + 4 * (n))
#define ITNS(n) REG(0xe000e380 + 4 * (n))
#define IPR(n)  REG(0xe000e400 + 4 * (n))
#define IPRB(n) REG8(0xe000e400 + (n))
#define CPUID REG(0xe000ed00)
#define ICSR  REG(0xe000ed04)
#define VTOR  REG(0xe000ed08)
#define AIRCR REG(0xe000ed0c)
#define SCR   REG(0xe000ed10)
#define CCR   REG(0xe000ed14)
#define SHPR(n) REG(0xe000ed14 + 4 * (n))
#define SHPRB(exc) REG8(0xe000ed14 + (exc))
#define SHCSR REG(0xe000ed24)
#define CFSR  REG(0xe000ed28)
#define HFSR  REG(0xe000ed2c)
#define DFSR  REG(0xe000ed30)
#define MMFAR REG(0xe000ed34)
#define BFAR  REG(0xe000ed38)
#define AFSR  REG(0xe000ed3c)
#define CPACR REG(0xe000ed88)
#define NSACR REG(0xe000ed8c)
#define MPU_TYPE REG(0xe000ed90)
#define MPU_CTRL REG(0xe000ed94)
#define MPU_RNR  REG(0xe000ed98)
#define MPU_RBAR REG(0xe000ed9c)
#define MPU_RASR REG(0xe000eda0)
#define MPU_RLAR REG(0xe000eda0)
#define MPU_RBAR_A(n) REG(0xe000ed9c + 8 * (n))
#define MPU_RASR_A(n) REG(0xe000eda0 + 8 * (n))
#define MPU_MAIR0 REG(0xe000edc0)
#define MPU_MAIR1 REG(0xe000edc4)
#define SAU_CTRL REG(0xe000edd0)
#define SAU_TYPE REG(0xe000edd4)
#define SAU_RNR  REG(0xe000edd8)
#define SAU_RBAR REG(0xe000eddc)
#define SAU_RLAR REG(0xe000ede0)
#define SFSR  REG(0xe000ede4)
#define SFAR  REG(0xe000ede8)
#define DEMCR REG(0xe000edfc)
#define DAUTHCTRL REG(0xe000ee04)
#define STIR  REG(0xe000ef00)
#define FPCCR REG(0xe000ef34)
#define FPCAR REG(0xe000ef38)
#define FPDSCR REG(0xe000ef3c)
#define NS(reg) (*(&(reg) + 0x20000 / 4))       /* the Non-secure alias */

enum {
    ICSR_NMI = 1u << 31, ICSR_PENDSV = 1 << 28, ICSR_UNPENDSV = 1 << 27, ICSR_PENDST = 1 << 26, ICSR_UNPENDST = 1 << 25,
    VECTKEY = 0x05fa0000,
    /* CFSR */
    IACCVIOL = 1 << 0, DACCVIOL = 1 << 1, MUNSTKERR = 1 << 3, MSTKERR = 1 << 4, MLSPERR = 1 << 5, MMARVALID = 1 << 7,
    IBUSERR = 1 << 8, PRECISERR = 1 << 9, UNSTKERR = 1 << 11, STKERR = 1 << 12, LSPERR = 1 << 13, BFARVALID = 1 << 15,
    UNDEFINSTR = 1 << 16, INVSTATE = 1 << 17, INVPC = 1 << 18, NOCP = 1 << 19, STKOF = 1 << 20, UNALIGNED = 1 << 24,
    DIVBYZERO = 1 << 25,
    VECTTBL = 2, FORCED = 1 << 30,
    INVEP = 1, INVIS = 2, INVER = 4, AUVIOL = 8, INVTRAN = 16, SFLSPERR = 32, SFARVALID = 64, LSERR = 128,
    MEMFAULTENA = 1 << 16, BUSFAULTENA = 1 << 17, USGFAULTENA = 1 << 18, SECUREFAULTENA = 1 << 19,
};
#define DEBUGEVT (1u << 31)

static inline u32 ipsr(void)
{
    u32 v;
    asm volatile("mrs %0, ipsr" : "=r" (v) :: "memory");
    return v;
}
#define MRS(name) ({ u32 v_; asm volatile("mrs %0, " name : "=r" (v_) :: "memory"); v_; })
#define MSR(name, value) asm volatile("msr " name ", %0\n isb" :: "r" (value) : "memory")
#define SYNC() asm volatile("dsb\n isb" ::: "memory")
static inline void pend(u32 irq)
{
    ISPR(irq / 32) = 1u << (irq % 32);
    SYNC();
}
static inline void enable(u32 irq, u32 prio)
{
    volatile u32 *r = &IPR(irq / 4);
    u32 shift = 8 * (irq % 4);

    *r = (*r & ~(0xffu << shift)) | prio << shift;
    ISER(irq / 32) = 1u << (irq % 32);
}

/* -- board ---------------------------------------------------------------------------------------------------------------- */

extern u32 has;                                 /* of the enumeration above */
void prepare(void);
#define HOLE 0xb0000000u                        /* nothing is there */
#define CODE_HOLE 0x98000000u                   /* nor there, which can be executed */
#ifdef SSE
#define WDOG 0x50081000
#define RAM_END 0x38400000
#else
#define WDOG 0x40008000
#define RAM_END 0x20800000
#endif

#endif
