/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 real-time clock (ST RM0090, 26): calendar, prescalers, subseconds, both alarms (to the second), wakeup timer,
 * shift and backup registers, write protection. It begins at 2000-01-01 when the power comes, and runs while the RCC gives
 * it a clock; a reset leaves it alone, the backup domain's does not. No calibration, time stamps, tamper pins or outputs.
 * Wiring: region "regs"; irqs "clock"[3] (LSE, LSI, HSE), "backup-reset", "dbp" (writes are allowed), "alarm", "wakeup".
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "modules/hw/arm_m/stm32.h"

enum { TR, DR, CR, ISR, PRER, WUTR, CALIBR, ALRMAR, ALRMBR, WPR, SSR, SHIFTR, TSTR, TSDR, TSSSR, CALR, TAFCR, ALRMASSR, ALRMBSSR,
       BKP, NUM_REGS, NUM_BACKUPS = 20 };
enum { CR_FMT = 1 << 6, CR_ALRAE = 1 << 8, CR_WUTE = 1 << 10, CR_ALRAIE = 1 << 12, CR_WUTIE = 1 << 14, CR_ADD1H = 1 << 16,
       CR_SUB1H = 1 << 17 };
enum { ISR_ALRAWF = 1, ISR_WUTWF = 4, ISR_INITS = 1 << 4, ISR_RSF = 1 << 5, ISR_INITF = 1 << 6, ISR_INIT = 1 << 7,
       ISR_ALRAF = 1 << 8, ISR_WUTF = 1 << 10, ISR_FLAGS = 0x3f00 };
enum { PM = 1 << 22, DAY_SECONDS = 86400 };
static const uint32_t clock_hz[] = { 32768, 32000, 1000000 };

typedef struct Stm32Rtc {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine alarm, wakeup;
    /* guest state */
    uint32_t reg[NUM_REGS], backup[NUM_BACKUPS];
    uint32_t hz;                                /* of its clock; 0: it has none */
    uint32_t key_step;
    int64_t days;                               /* since 2000-01-01, at `base` */
    uint32_t seconds, weekday;                  /* of the day; 1 is Monday */
    int64_t base;                               /* ns */
    uint64_t part;                              /* of a second that was over at `base`: billionths of a clock's cycle */
    bool dbp;
    Timer tick, wake;
} Stm32Rtc;
DECLARE_OBJECT(Stm32Rtc, STM32_RTC, "stm32f4-rtc")

static void rtc_update(Stm32Rtc *s)
{
    uint32_t isr = s->reg[ISR], cr = s->reg[CR];

    irq_set(&s->alarm, (isr >> 8 & cr >> 12 & 3) != 0);
    irq_set(&s->wakeup, isr & ISR_WUTF && cr & CR_WUTIE);
}

/* -- the calendar ------------------------------------------------------------------------------------------------------------ */

static unsigned from_bcd(uint32_t v)
{
    return (v >> 4) * 10 + (v & 15);
}

static uint32_t to_bcd(unsigned v)
{
    return v / 10 << 4 | v % 10;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && year % 4 == 0);
}

static uint32_t time_value(const Stm32Rtc *s)
{
    unsigned hour = s->seconds / 3600;
    uint32_t pm = 0;

    if (s->reg[CR] & CR_FMT) {
        pm = hour >= 12 ? PM : 0;
        hour = hour % 12 ? hour % 12 : 12;
    }
    return pm | to_bcd(hour) << 16 | to_bcd(s->seconds / 60 % 60) << 8 | to_bcd(s->seconds % 60);
}

static void set_time(Stm32Rtc *s, uint32_t v)
{
    unsigned hour = from_bcd(v >> 16 & 0x3f);

    if (s->reg[CR] & CR_FMT) {
        hour = hour % 12 + (v & PM ? 12 : 0);
    }
    s->seconds = (hour * 3600 + from_bcd(v >> 8 & 0x7f) * 60 + from_bcd(v & 0x7f)) % DAY_SECONDS;
}

static uint32_t date_value(const Stm32Rtc *s)
{
    unsigned left = s->days % (100 * 365 + 25), year = 0, month = 1;

    for (; left >= 365u + (year % 4 == 0); year++) {
        left -= 365 + (year % 4 == 0);
    }
    for (; left >= month_days(year, month); month++) {
        left -= month_days(year, month);
    }
    return to_bcd(year) << 16 | s->weekday << 13 | to_bcd(month) << 8 | to_bcd(left + 1);
}

/* A month or day that is none becomes the nearest. */
static void set_date(Stm32Rtc *s, uint32_t v)
{
    unsigned year = from_bcd(v >> 16 & 0xff) % 100, month = CLAMP(from_bcd(v >> 8 & 0x1f), 1, 12), day;

    day = CLAMP(from_bcd(v & 0x3f), 1, month_days(year, month));
    s->days = year * 365 + (year + 3) / 4 + day - 1;
    for (unsigned m = 1; m < month; m++) {
        s->days += month_days(year, m);
    }
    s->weekday = MAX(v >> 13 & 7, 1);
}

static void add_seconds(Stm32Rtc *s, uint64_t n)
{
    uint64_t sum = s->seconds + n;

    s->seconds = sum % DAY_SECONDS;
    s->days = (s->days + (int64_t)(sum / DAY_SECONDS)) % (100 * 365 + 25);
    s->weekday = (s->weekday - 1 + sum / DAY_SECONDS) % 7 + 1;
}

/* The alarm's masks leave out date, hours, minutes, seconds. */
static bool alarm_matches(const Stm32Rtc *s, uint32_t alarm)
{
    uint32_t mask = (alarm & 1u << 7 ? 0 : 0x7f) | (alarm & 1u << 15 ? 0 : 0x7f00) | (alarm & 1u << 23 ? 0 : 0x7f0000);
    uint32_t date = date_value(s);

    if ((time_value(s) ^ alarm) & mask) {
        return false;
    }
    return alarm & 1u << 31 || (alarm & 1u << 30 ? (alarm >> 24 & 15) == s->weekday : (alarm >> 24 & 0x3f) == (date & 0x3f));
}

static void check_alarms(Stm32Rtc *s)
{
    for (unsigned i = 0; i < 2; i++) {
        if (s->reg[CR] & CR_ALRAE << i && alarm_matches(s, s->reg[ALRMAR + i])) {
            s->reg[ISR] |= ISR_ALRAF << i;
        }
    }
}

/* -- time -------------------------------------------------------------------------------------------------------------------- */

static bool runs(const Stm32Rtc *s)
{
    return s->hz && !(s->reg[ISR] & ISR_INITF);
}

/* A calendar second in cycles of its clock. */
static uint64_t second_cycles(const Stm32Rtc *s)
{
    return (uint64_t)(extract32(s->reg[PRER], 16, 7) + 1) * (extract32(s->reg[PRER], 0, 15) + 1);
}

static void catch_up(Stm32Rtc *s)
{
    int64_t now = clock_now(device_clock(&s->parent));
    unsigned __int128 gone = (unsigned __int128)(uint64_t)(now - s->base) * s->hz + s->part;
    uint64_t second = second_cycles(s) * 1000000000, n = gone / second;

    s->base = now;
    if (!runs(s)) {
        return;
    }
    s->part = gone % second;
    if (n > 2 * DAY_SECONDS) {                  /* in two days an alarm has had its chance, but for its date */
        add_seconds(s, n - 2 * DAY_SECONDS);
        n = 2 * DAY_SECONDS;
    }
    if (!(s->reg[CR] & (CR_ALRAE | CR_ALRAE << 1))) {
        add_seconds(s, n);
        return;
    }
    while (n--) {
        add_seconds(s, 1);
        check_alarms(s);
    }
    rtc_update(s);
}

/* With an alarm it looks every second. */
static void schedule(Stm32Rtc *s)
{
    uint64_t left = second_cycles(s) * 1000000000 - s->part;

    if (runs(s) && s->reg[CR] & (CR_ALRAE | CR_ALRAE << 1)) {
        timer_mod(&s->tick, s->base + (int64_t)MAX((left + s->hz - 1) / s->hz, 1000000));
    } else {
        timer_del(&s->tick);
    }
}

static void tick(void *opaque)
{
    catch_up(opaque);
    schedule(opaque);
}

/* The wakeup timer's period: of the clock divided by 16 to 2, or of seconds (26.3.6). */
static void arm_wakeup(Stm32Rtc *s)
{
    unsigned select = s->reg[CR] & 7;
    uint64_t count = s->reg[WUTR] + (select >= 6 ? 0x10000 : 0) + UINT64_C(1);
    uint64_t cycles = select < 4 ? count * (16 >> select) : count * second_cycles(s);

    if (s->reg[CR] & CR_WUTE && s->hz) {
        timer_mod(&s->wake, clock_now(device_clock(&s->parent)) +
                  (int64_t)MAX((unsigned __int128)cycles * 1000000000 / s->hz, 10000));
    } else {
        timer_del(&s->wake);
    }
}

static void woken(void *opaque)
{
    Stm32Rtc *s = opaque;

    s->reg[ISR] |= ISR_WUTF;
    rtc_update(s);
    arm_wakeup(s);
}

/* -- registers --------------------------------------------------------------------------------------------------------------- */

static uint64_t time_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rtc *s = STM32_RTC(dev);
    uint32_t fraction;

    catch_up(s);
    switch (r - s->bank.defs) {
    case TR:
        return time_value(s);
    case DR:
        return date_value(s);
    default:                                    /* SSR counts down */
        fraction = s->part / ((extract32(s->reg[PRER], 16, 7) + UINT64_C(1)) * 1000000000);
        return extract32(s->reg[PRER], 0, 15) - MIN(fraction, extract32(s->reg[PRER], 0, 15));
    }
}

/* Flags of what may be written follow what is off (26.6.4). */
static uint64_t isr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rtc *s = STM32_RTC(dev);
    uint32_t v;

    catch_up(s);
    v = s->reg[ISR] & (ISR_FLAGS | ISR_INIT | ISR_INITF);
    v |= (s->reg[CR] & CR_ALRAE ? 0 : ISR_ALRAWF) | (s->reg[CR] & CR_ALRAE << 1 ? 0 : ISR_ALRAWF << 1);
    v |= s->reg[CR] & CR_WUTE ? 0 : ISR_WUTWF;
    v |= date_value(s) >> 16 ? ISR_INITS : 0;
    return v | (runs(s) ? ISR_RSF : 0);
}

static void isr_write(Stm32Rtc *s, uint32_t v)
{
    uint32_t init = v & ISR_INIT ? ISR_INIT | ISR_INITF : 0;

    s->reg[ISR] = (s->reg[ISR] & v & ISR_FLAGS) | init | (s->reg[ISR] & ~(ISR_FLAGS | ISR_INIT | ISR_INITF));
    if (init) {
        s->part = 0;
    }
}

static void cr_write(Stm32Rtc *s, uint32_t v)
{
    uint32_t starts = v & ~s->reg[CR];

    s->reg[CR] = v & 0xfcff7f;
    if (v & CR_ADD1H) {
        add_seconds(s, 3600);
    } else if (v & CR_SUB1H && s->seconds >= 3600) {
        s->seconds -= 3600;
    }
    if (starts & CR_WUTE || !(v & CR_WUTE)) {
        arm_wakeup(s);
    }
}

/* Delays or advances by fractions of a second (26.3.8). */
static void shift(Stm32Rtc *s, uint32_t v)
{
    uint64_t second = second_cycles(s) * 1000000000, unit = second / (extract32(s->reg[PRER], 0, 15) + 1);
    uint64_t back = MIN((v & 0x7fff) * unit, second);

    if (v >> 31) {
        add_seconds(s, 1);
    }
    if (back > s->part) {
        add_seconds(s, DAY_SECONDS - 1);        /* a second back: a day on, but for the second, and the day undone */
        s->days = (s->days + 100 * 365 + 24) % (100 * 365 + 25);
        s->weekday = (s->weekday + 5) % 7 + 1;
        s->part += second;
    }
    s->part = MIN(s->part - back, second - 1);
}

static void reg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Rtc *s = STM32_RTC(dev);
    unsigned id = r - s->bank.defs;
    bool init = s->reg[ISR] & ISR_INITF, locked = s->key_step != 2;

    if (!s->dbp) {
        return;
    }
    catch_up(s);
    if (id == ISR && locked) {                  /* the flags are not protected */
        v = (v & ISR_FLAGS) | (s->reg[ISR] & ISR_INIT);
        locked = false;
    }
    if (locked && id != TAFCR) {
        return;
    }
    switch (id) {
    case TR:
        if (init) {
            set_time(s, v);
        }
        break;
    case DR:
        if (init) {
            set_date(s, v);
        }
        break;
    case PRER:
        if (init) {
            s->reg[PRER] = v & 0x7f7fff;
        }
        break;
    case ISR:
        isr_write(s, v);
        break;
    case CR:
        cr_write(s, v);
        break;
    case SHIFTR:
        shift(s, v);
        break;
    case WUTR:
        if (!(s->reg[CR] & CR_WUTE)) {
            s->reg[WUTR] = v & 0xffff;
        }
        break;
    case ALRMAR:
    case ALRMBR:
    case ALRMASSR:
    case ALRMBSSR:
        if (init || !(s->reg[CR] & CR_ALRAE << (id == ALRMBR || id == ALRMBSSR))) {
            s->reg[id] = v;
        }
        break;
    default:
        s->reg[id] = v & (id == CALR ? 0xe1ff : id == CALIBR ? 0x9f : 0x7ffff);
    }
    rtc_update(s);
    schedule(s);
}

static void wpr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Rtc *s = STM32_RTC(dev);

    s->key_step = (v & 0xff) == 0xca ? 1 : (v & 0xff) == 0x53 && s->key_step == 1 ? 2 : 0;
}

static uint64_t backup_read(void *dev, const RegDef *r, unsigned n)
{
    return STM32_RTC(dev)->backup[n];
}

static void backup_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (STM32_RTC(dev)->dbp) {
        STM32_RTC(dev)->backup[n] = v;
    }
}

#define ROW(id, at, ...) [id] = { at, "RTC_" #id, .write = reg_write, ##__VA_ARGS__ }
static const RegDef regs[NUM_REGS] = {
    ROW(TR, 0x00, .read = time_read), ROW(DR, 0x04, .read = time_read), ROW(CR, 0x08),
    [ISR] = { 0x0c, "RTC_ISR", .read = isr_read, .write = reg_write }, ROW(PRER, 0x10, .reset = 0x7f00ff),
    ROW(WUTR, 0x14, .reset = 0xffff), ROW(CALIBR, 0x18), ROW(ALRMAR, 0x1c), ROW(ALRMBR, 0x20),
    [WPR] = { 0x24, "RTC_WPR", .write = wpr_write, .no_store = true }, [SSR] = { 0x28, "RTC_SSR", .read = time_read },
    [SHIFTR] = { 0x2c, "RTC_SHIFTR", .write = reg_write, .no_store = true }, [TSTR] = { 0x30, "RTC_TSTR" },
    [TSDR] = { 0x34, "RTC_TSDR" }, [TSSSR] = { 0x38, "RTC_TSSSR" }, ROW(CALR, 0x3c), ROW(TAFCR, 0x40), ROW(ALRMASSR, 0x44),
    ROW(ALRMBSSR, 0x48),
    [BKP] = { 0x50, "RTC_BKPR", .read = backup_read, .write = backup_write, .count = NUM_BACKUPS, .no_store = true },
};

/* -- the device -------------------------------------------------------------------------------------------------------------- */

static void power_up(Stm32Rtc *s)
{
    timer_del(&s->tick);
    timer_del(&s->wake);
    regbank_reset(&s->bank);
    memset(s->backup, 0, sizeof(s->backup));
    s->key_step = 0;
    s->days = 0;
    s->seconds = 0;
    s->weekday = 1;
    s->part = 0;
    s->base = clock_now(device_clock(&s->parent));
    rtc_update(s);
}

static void clock_in(void *opaque, unsigned n, int level)
{
    Stm32Rtc *s = opaque;

    catch_up(s);
    if (level) {
        s->hz = clock_hz[n];
    } else if (s->hz == clock_hz[n]) {
        s->hz = 0;
    }
    schedule(s);
    arm_wakeup(s);
}

static void backup_reset_in(void *opaque, unsigned n, int level)
{
    if (level) {
        power_up(opaque);
    }
}

static void dbp_in(void *opaque, unsigned n, int level)
{
    STM32_RTC(opaque)->dbp = level;
}

static void rtc_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "clock", clock_in, G_N_ELEMENTS(clock_hz));
    device_init_irq_in(DEVICE(obj), "backup-reset", backup_reset_in, 1);
    device_init_irq_in(DEVICE(obj), "dbp", dbp_in, 1);
    IRQ_OUT(Stm32Rtc, alarm, "alarm");
    IRQ_OUT(Stm32Rtc, wakeup, "wakeup");
}

static bool rtc_realize(Device *dev, GError **error)
{
    Stm32Rtc *s = STM32_RTC(dev);

    regbank_init(&s->bank, dev, NULL, regs, NUM_REGS, s->reg, 0x400);
    timer_init(&s->tick, device_clock(dev), tick, s);
    timer_init(&s->wake, device_clock(dev), woken, s);
    power_up(s);
    return true;
}

static void rtc_unrealize(Device *dev)
{
    timer_del(&STM32_RTC(dev)->tick);
    timer_del(&STM32_RTC(dev)->wake);
    regbank_destroy(&STM32_RTC(dev)->bank);
}

/* The backup domain has its own; protection is on again. */
static void rtc_reset(Device *dev, ResetType type)
{
    STM32_RTC(dev)->key_step = 0;
}

static bool rtc_post_load(void *opaque, GError **error)
{
    Stm32Rtc *s = opaque;

    if (s->seconds >= DAY_SECONDS || s->days < 0 || s->weekday < 1 || s->weekday > 7) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "stm32f4-rtc: the calendar is wrong");
        return false;
    }
    rtc_update(s);
    return true;
}

static const VMStateField rtc_vmstate[] = {
    VMSTATE_REGS(Stm32Rtc, bank), VMSTATE_UINT_ARRAY(Stm32Rtc, backup), VMSTATE_UINT(Stm32Rtc, hz),
    VMSTATE_UINT(Stm32Rtc, key_step), VMSTATE_UINT(Stm32Rtc, days), VMSTATE_UINT(Stm32Rtc, seconds),
    VMSTATE_UINT(Stm32Rtc, weekday), VMSTATE_UINT(Stm32Rtc, base), VMSTATE_UINT(Stm32Rtc, part), VMSTATE_BOOL(Stm32Rtc, dbp),
    VMSTATE_TIMER(Stm32Rtc, tick), VMSTATE_TIMER(Stm32Rtc, wake), VMSTATE_POST_LOAD(rtc_post_load), VMSTATE_END
};

static void rtc_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = rtc_realize;
    dc->unrealize = rtc_unrealize;
    dc->reset = rtc_reset;
    dc->vmstate = rtc_vmstate;
    dc->category = "Timer";
}

const TypeInfo stm32_rtc_type = {
    .name = "stm32f4-rtc", .parent = TYPE_DEVICE, .desc = "STM32F4 real-time clock", .instance_size = sizeof(Stm32Rtc),
    .init = rtc_init, .class_init = rtc_class_init,
};
