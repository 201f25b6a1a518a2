/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual time and timers. A machine has one Clock: nanoseconds that follow the host's monotonic clock while the
 * machine runs and stand while it is stopped (or, in counted mode, follow retired instructions). Timers fire in the
 * thread of the machine's main loop with the machine lock held.
 */
#ifndef CORE_EXEC_CLOCK_H
#define CORE_EXEC_CLOCK_H

#include "core/forward.h"

typedef void TimerFn(void *opaque);

struct Timer {
    Clock *clock;
    TimerFn *fn;
    void *opaque;
    int64_t expire;                             /* ns; INT64_MAX: not armed */
    unsigned heap;                              /* place in the clock's heap + 1 */
};

/* Who makes time, of a clock without a main context. */
typedef struct ClockHand {
    int64_t (*now)(void *opaque, int64_t standing);     /* standing: what clock_run came to last */
    void (*armed)(void *opaque, int64_t expire);        /* any thread: a timer was set */
} ClockHand;

Clock *clock_new(void *main_context /* GMainContext * or NULL: timers fire only by clock_run */, Machine *m);
void clock_set_hand(Clock *c, const ClockHand *hand, void *opaque);
int64_t clock_host_now(void);                   /* the host's monotonic clock, ns */
void clock_free(Clock *c);                       /* its timers may have gone; if not, they are of no more use */
int64_t clock_now(Clock *c);                    /* ns since the machine's first start */
void clock_set_running(Clock *c, bool running);
/* Sets the time of a clock without a main context (unit tests, counted mode) and fires what is due, in order. */
void clock_run(Clock *c, int64_t now);
int64_t clock_deadline(Clock *c);               /* the next expiry, or INT64_MAX */

/* c may be NULL until the device is realized: timers of a device take the machine's clock (device_clock). */
void timer_init(Timer *t, Clock *c, TimerFn *fn, void *opaque);
void timer_mod(Timer *t, int64_t expire);       /* any thread; a time in the past fires at once */
void timer_del(Timer *t);                       /* any thread; no call is under way when the lock is held */
static inline bool timer_armed(const Timer *t)
{
    return t->expire != INT64_MAX;
}
Clock *device_clock(Device *dev);               /* the machine's, or a unit test's */

/* a * b / c without overflow, rounding down: converting between frequencies. */
static inline uint64_t muldiv64(uint64_t a, uint32_t b, uint32_t c)
{
    return (unsigned __int128)a * b / c;
}

/*
 * A counter that goes down to 0 and, with the tick after that, to what is reloaded; reload 0: it stands at 0.
 * Ticks until it comes to 0, or again to 0; 0: it does not.
 */
static inline uint64_t counter_until_zero(uint32_t value, uint32_t reload)
{
    return value ? value : reload ? (uint64_t)reload + 1 : 0;
}

/* Takes ticks from such a counter; whether it came to 0 meanwhile. */
static inline bool counter_run(uint32_t *value, uint32_t reload, uint64_t ticks)
{
    uint64_t zero = counter_until_zero(*value, reload), period = (uint64_t)reload + 1;

    if (!zero || !ticks) {
        return false;
    }
    if (ticks < zero) {
        *value = (uint32_t)(zero - ticks);
        return false;
    }
    ticks = (ticks - zero) % period;
    *value = (uint32_t)(ticks ? period - ticks : 0);
    return true;
}

#endif
