/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop over the cases, their common start, and what every exception does first (test.h). */
#include "targets/arm/tests/m_system/test.h"

enum { SYS_WRITE0 = 4, SYS_GET_CMDLINE = 0x15, SYS_EXIT = 0x18 };

Action *volatile actions[NUM_EXC];
volatile Seen seen[32];
volatile u32 num_seen;
volatile bool no_frame;
char marks[64];
static u32 num_marks;
const char *case_name;
static bool failed;
u32 has;
extern const Case cases_start[], cases_end[];

/* -- semihosting ------------------------------------------------------------------------------------------------ */

static u32 semihost(u32 op, const void *arg)
{
    register u32 r0 asm("r0") = op;
    register const void *r1 asm("r1") = arg;

    asm volatile("bkpt #0xab" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
}

void print(const char *s)
{
    semihost(SYS_WRITE0, s);
}

/* gcc calls it to copy arrays. */
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

static void hex(u32 v)
{
    char text[11] = "0x00000000";

    for (int i = 9; i > 1; i--, v >>= 4) {
        text[i] = "0123456789abcdef"[v & 15];
    }
    print(text);
}

static void decimal(u32 v)
{
    char text[12], *p = text + 11;

    *p = 0;
    do {
        *--p = '0' + v % 10;
        v /= 10;
    } while (v);
    print(p);
}

static void finish(void) __attribute__((noreturn));
static void finish(void)
{
    for (;;) {
        semihost(SYS_EXIT, (void *)0x20026);
    }
}

void die(const char *why, u32 value)
{
    print("# ");
    print(why);
    print(" ");
    hex(value);
    print("\nnot ok ");
    print(case_name);
    print("\n");
    finish();
}

void check(const char *file, int line, const char *what, u32 is, u32 want)
{
    const char *name = file;

    if (is == want) {
        return;
    }
    for (const char *p = file; *p; p++) {
        name = *p == '/' ? p + 1 : name;
    }
    failed = true;
    print("# ");
    print(name);
    print(":");
    decimal(line);
    print(": ");
    print(what);
    print(" is ");
    hex(is);
    print(", not ");
    hex(want);
    print("\n");
}

void expect_lockup(void)
{
    print(failed ? "not ok " : "lockup ");
    print(case_name);
    print("\n");
}

/* -- exceptions ------------------------------------------------------------------------------------------------- */

void mark(char c)
{
    if (num_marks < sizeof(marks) - 1) {
        marks[num_marks++] = c;
        marks[num_marks] = 0;
    }
}

bool marked(const char *s)
{
    u32 i = 0;

    while (s[i] && s[i] == marks[i]) {
        i++;
    }
    if (s[i] == marks[i]) {
        return true;
    }
    print("# order: ");
    print(marks);
    print("\n");
    return false;
}

void nothing(Trap *t)
{
}

static u32 halfword(u32 pc)
{
    return *(volatile uint16_t *)(uintptr_t)pc;
}

void skip(Trap *t)
{
    t->frame[PC] += halfword(t->frame[PC]) >= 0xe800 ? 4 : 2;
    t->frame[PSR] &= ~0x0600fc00u;
}

void leave(Trap *t)
{
    t->frame[PC] = t->frame[LR] & ~1u;
    t->frame[PSR] = (t->frame[PSR] & ~0x0600fc00u) | 1 << 24;
}

static u32 *frame_of(u32 lr, u32 msp)
{
    if (has & (SEC | SECB) && !(lr & 1 << 6)) {          /* of Non-secure code */
        u32 control, m, p;

        asm volatile("mrs %0, control_ns\n mrs %1, msp_ns\n mrs %2, psp_ns"
                     : "=r" (control), "=r" (m), "=r" (p));
        return (u32 *)(uintptr_t)(lr & 8 && control & 2 ? p : m);
    }
    return (u32 *)(uintptr_t)(lr & 4 ? MRS("psp") : msp);
}

u32 on_trap(u32 msp, u32 lr, u32 *saved)
{
    Trap t = {
        .number = ipsr(), .lr = lr, .sp = (u32 *)(uintptr_t)msp, .frame = frame_of(lr, msp), .low = saved + 4, .high = saved,
    };
    volatile Seen *s = &seen[num_seen < 31 ? num_seen : 31];

    if (t.number == SVC && !no_frame && (halfword(t.frame[PC] - 2) & 0xff) == 0x7f) {
        MSR("control", MRS("control") & ~1u);   /* on_psp() */
        return lr;
    }
    s->number = t.number;
    s->lr = lr;
    s->sp = msp;
    s->frame = (u32)(uintptr_t)t.frame;
    s->control = MRS("control");
    if (!no_frame) {
        s->pc = t.frame[PC];
        s->psr = t.frame[PSR];
    }
    if (has & MAIN) {
        s->cfsr = CFSR;
        s->hfsr = HFSR;
    }
    num_seen++;
    if (num_seen > 30) {
        die("too many exceptions", t.number);
    }
    if (t.number >= NUM_EXC || !actions[t.number]) {
        print("# exception ");
        decimal(t.number);
        print(" CFSR ");
        hex(has & MAIN ? CFSR : 0);
        print(" HFSR ");
        hex(has & MAIN ? HFSR : 0);
        print(" SFSR ");
        hex(has & SEC ? SFSR : 0);
        print(" EXC_RETURN ");
        hex(lr);
        die("that nobody expects, at", no_frame ? 0 : t.frame[PC]);
    }
    actions[t.number](&t);
    return t.lr;
}

/* -- the start of a case ---------------------------------------------------------------------------------------- */

static void clear(volatile u32 *r, u32 n, u32 value)
{
    while (n--) {
        *r++ = value;
    }
}

void prepare(void)
{
    u32 words = ICTR + 1;

    if (has & V6) {
        words = 1;
    }
    for (u32 i = 0; i < NUM_EXC; i++) {
        actions[i] = NULL;
    }
    num_seen = num_marks = 0;
    marks[0] = 0;
    no_frame = false;
    SYST_CSR = 0;
    clear(&ICER(0), words, ~0u);
    clear(&ICPR(0), words, ~0u);
    clear(&IPR(0), 8 * words, 0);
    ICSR = ICSR_UNPENDSV | ICSR_UNPENDST;
    SCR = 0;
    SHPR(2) = SHPR(3) = 0;
    AIRCR = VECTKEY;
    if (has & MAIN) {
        SHPR(1) = 0;
        SHCSR = has & SEC ? SECUREFAULTENA : 0;
        CCR = 0x200;
        CFSR = ~0u;
        HFSR = ~0u;
        DFSR = ~0u;
        MPU_CTRL = 0;
        CPACR = 0xf << 20;
        DEMCR = 1 << 24;
        MSR("faultmask", 0);
        MSR("basepri", 0);
    }
    if (has & SEC) {
        SFSR = ~0u;
        DAUTHCTRL = 3;                          /* self-hosted debug of Secure state is allowed */
        NSACR = 3 << 10;
        clear(&ITNS(0), words, 0);
    }
    if (has & FP) {
        FPCCR = 3u << 30;
        FPDSCR = 0;
    }
    SYNC();
    MSR("primask", 0);
    MSR("control", 0);
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* secure.c */
void non_secure_init(void) __attribute__((weak));

/*
 * The command line: "all", "from N" runs what comes after the first N, "list" names them, else the case of that name.
 */
int main(void)
{
    static char text[128];
    struct { char *text; u32 size; } line = { text, sizeof(text) };
    u32 from = 0, n = 0;
    char *p = text, *word;

    semihost(SYS_GET_CMDLINE, &line);
    /* the last words, whatever the program's name is */
    for (word = p; *p; p++) {
        if (*p == ' ' && !(p[1] >= '0' && p[1] <= '9')) {
            word = p + 1;
        }
    }
    has = HAS;
    if (word[0] == 'f' && word[1] == 'r' && word[2] == 'o' && word[3] == 'm' && word[4] == ' ') {
        for (p = word + 5; *p >= '0' && *p <= '9'; p++) {
            from = 10 * from + *p - '0';
        }
        word = "all";
    }
    if (non_secure_init) {
        non_secure_init();
    }
    for (const Case *c = cases_start; c < cases_end; c++) {
        bool lockup = c->name[0] == 'l' && c->name[1] == 'o' && c->name[2] == 'c' && c->name[3] == 'k' && c->name[4] == 'u';

        if ((c->needs & has) != c->needs || n++ < from) {
            continue;
        }
        case_name = c->name;
        if (same(word, "list")) {
            print(c->name);
            print("\n");
        } else if ((same(word, "all") && !lockup) || same(word, c->name)) {
            failed = false;
            prepare();
            print("case ");
            print(case_name);
            print("\n");
            c->run();
            print(failed ? "not ok " : "ok ");
            print(case_name);
            print("\n");
        }
    }
    print("end\n");
    finish();
}
