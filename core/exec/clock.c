/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual time: the host's monotonic clock plus an offset while the machine runs, a constant while it stands. Timers
 * are a binary heap ordered by (expiry, order of arming); a timerfd in the machine's main loop wakes at the first.
 * Deadlines that the host would reach early or late by rounding are late: a timer never fires before its time.
 */
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "core/exec/clock.h"
#include "core/qom/machine.h"

typedef struct ClockSource {
    GSource source;
    Clock *clock;
} ClockSource;

struct Clock {
    Machine *machine;
    GSource *source;                            /* NULL: by hand (clock_run) */
    int fd;
    GMutex lock;                                /* the heap, and changes of the fields below */
    int64_t frozen;                             /* atomic: the time that stands, or -1 */
    int64_t offset;                             /* atomic: virtual - host, while running */
    Timer **heap;                               /* heap[1..num] */
    uint64_t *seq;                              /* parallel to heap: order of arming */
    unsigned num, allocated;
    uint64_t next_seq;
    const ClockHand *hand;                      /* or NULL */
    void *hand_opaque;
};

int64_t clock_host_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int64_t clock_now(Clock *c)
{
    int64_t frozen = __atomic_load_n(&c->frozen, __ATOMIC_ACQUIRE);

    if (c->hand) {
        return c->hand->now(c->hand_opaque, frozen);
    }
    return frozen >= 0 ? frozen : clock_host_now() + __atomic_load_n(&c->offset, __ATOMIC_RELAXED);
}

/* -- the heap ------------------------------------------------------------------------------------------------------ */

static bool before(const Clock *c, unsigned a, unsigned b)
{
    int64_t ea = c->heap[a]->expire, eb = c->heap[b]->expire;

    return ea < eb || (ea == eb && c->seq[a] < c->seq[b]);
}

static void swap(Clock *c, unsigned a, unsigned b)
{
    Timer *t = c->heap[a];
    uint64_t s = c->seq[a];

    c->heap[a] = c->heap[b];
    c->seq[a] = c->seq[b];
    c->heap[b] = t;
    c->seq[b] = s;
    c->heap[a]->heap = a;
    c->heap[b]->heap = b;
}

static void sift(Clock *c, unsigned i)
{
    while (i > 1 && before(c, i, i / 2)) {
        swap(c, i, i / 2);
        i /= 2;
    }
    for (;;) {
        unsigned child = 2 * i;

        if (child > c->num) {
            return;
        }
        if (child < c->num && before(c, child + 1, child)) {
            child++;
        }
        if (!before(c, child, i)) {
            return;
        }
        swap(c, i, child);
        i = child;
    }
}

static void heap_remove(Clock *c, Timer *t)
{
    unsigned i = t->heap;

    if (!i) {
        return;
    }
    if (i != c->num) {
        swap(c, i, c->num);
        c->num--;
        sift(c, i);
    } else {
        c->num--;
    }
    t->heap = 0;
    __atomic_store_n(&t->expire, INT64_MAX, __ATOMIC_RELAXED);
}

static void heap_insert(Clock *c, Timer *t, int64_t expire)
{
    if (c->num + 1 >= c->allocated) {
        c->allocated = MAX(16, 2 * c->allocated);
        c->heap = g_renew(Timer *, c->heap, c->allocated);
        c->seq = g_renew(uint64_t, c->seq, c->allocated);
    }
    c->num++;
    c->heap[c->num] = t;
    c->seq[c->num] = c->next_seq++;
    t->heap = c->num;
    __atomic_store_n(&t->expire, expire, __ATOMIC_RELAXED);
    sift(c, c->num);
}

/* With the lock: sets the host's timer for the first expiry. */
static void set_alarm(Clock *c)
{
    struct itimerspec its = { 0 };

    if (!c->source) {
        return;
    }
    if (c->num && __atomic_load_n(&c->frozen, __ATOMIC_RELAXED) < 0) {
        int64_t at = c->heap[1]->expire;
        int64_t offset = __atomic_load_n(&c->offset, __ATOMIC_RELAXED);

        at = __builtin_sub_overflow(at, offset, &at) ? INT64_MAX : MAX(at, 1);
        its.it_value.tv_sec = at / 1000000000;
        its.it_value.tv_nsec = at % 1000000000;
    }
    timerfd_settime(c->fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/* Calls what has expired by `until`, in order. by_hand: the clock is set to each timer's time as it fires. */
static void fire(Clock *c, int64_t until, bool by_hand)
{
    machine_lock(c->machine);
    g_mutex_lock(&c->lock);
    while (c->num && c->heap[1]->expire <= until) {
        Timer *t = c->heap[1];
        TimerFn *fn = t->fn;
        void *opaque = t->opaque;

        if (by_hand && t->expire > __atomic_load_n(&c->frozen, __ATOMIC_RELAXED)) {
            __atomic_store_n(&c->frozen, t->expire, __ATOMIC_RELEASE);
        }
        heap_remove(c, t);
        g_mutex_unlock(&c->lock);
        fn(opaque);
        g_mutex_lock(&c->lock);
    }
    set_alarm(c);
    g_mutex_unlock(&c->lock);
    machine_unlock(c->machine);
}

/* -- the main loop's end -------------------------------------------------------------------------------------------- */

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    Clock *c = ((ClockSource *)source)->clock;
    uint64_t count;

    if (read(c->fd, &count, sizeof(count)) == sizeof(count) && __atomic_load_n(&c->frozen, __ATOMIC_ACQUIRE) < 0) {
        fire(c, clock_now(c), false);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {            /* GLib wants it writable */
    .dispatch = source_dispatch,
};

Clock *clock_new(void *main_context, Machine *m)
{
    Clock *c = g_new0(Clock, 1);

    c->machine = m;
    c->fd = -1;
    g_mutex_init(&c->lock);
    if (main_context) {
        ClockSource *s;

        c->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        g_assert(c->fd >= 0);
        c->source = g_source_new(&source_funcs, sizeof(ClockSource));
        s = (ClockSource *)c->source;
        s->clock = c;
        g_source_add_unix_fd(c->source, c->fd, G_IO_IN);
        g_source_set_name(c->source, "clock");
        g_source_attach(c->source, main_context);
    }
    return c;
}

void clock_free(Clock *c)
{
    if (!c) {
        return;
    }
    if (c->source) {
        g_source_destroy(c->source);
        g_source_unref(c->source);
        close(c->fd);
    }
    g_free(c->heap);                            /* timers that are armed may be gone already, with what they were of */
    g_free(c->seq);
    g_mutex_clear(&c->lock);
    g_free(c);
}

void clock_set_hand(Clock *c, const ClockHand *hand, void *opaque)
{
    g_assert(!c->source);
    c->hand = hand;
    c->hand_opaque = opaque;
}

void clock_set_running(Clock *c, bool running)
{
    int64_t frozen;

    if (c->hand) {
        return;
    }

    g_mutex_lock(&c->lock);
    frozen = __atomic_load_n(&c->frozen, __ATOMIC_RELAXED);
    if (running && frozen >= 0) {
        __atomic_store_n(&c->offset, frozen - clock_host_now(), __ATOMIC_RELAXED);
        __atomic_store_n(&c->frozen, -1, __ATOMIC_RELEASE);
    } else if (!running && frozen < 0) {
        __atomic_store_n(&c->frozen, clock_host_now() + c->offset, __ATOMIC_RELEASE);
    }
    set_alarm(c);
    g_mutex_unlock(&c->lock);
}

void clock_run(Clock *c, int64_t now)
{
    g_assert(!c->source);
    fire(c, now, true);
    g_mutex_lock(&c->lock);
    if (now > c->frozen) {
        __atomic_store_n(&c->frozen, now, __ATOMIC_RELEASE);
    }
    g_mutex_unlock(&c->lock);
}

int64_t clock_deadline(Clock *c)
{
    int64_t at;

    g_mutex_lock(&c->lock);
    at = c->num ? c->heap[1]->expire : INT64_MAX;
    g_mutex_unlock(&c->lock);
    return at;
}

/* -- timers ---------------------------------------------------------------------------------------------------------- */

void timer_init(Timer *t, Clock *c, TimerFn *fn, void *opaque)
{
    *t = (Timer){ .clock = c, .fn = fn, .opaque = opaque, .expire = INT64_MAX };
}

void timer_mod(Timer *t, int64_t expire)
{
    Clock *c = t->clock;
    int64_t first;

    g_assert(c);
    if (expire == INT64_MAX) {
        timer_del(t);
        return;
    }
    g_mutex_lock(&c->lock);
    first = c->num ? c->heap[1]->expire : INT64_MAX;
    heap_remove(c, t);
    heap_insert(c, t, expire);
    if (c->heap[1]->expire != first) {
        set_alarm(c);
    }
    g_mutex_unlock(&c->lock);
    if (c->hand) {
        c->hand->armed(c->hand_opaque, expire);
    }
}

void timer_del(Timer *t)
{
    Clock *c = t->clock;

    if (!c) {
        return;
    }
    g_mutex_lock(&c->lock);
    heap_remove(c, t);                          /* an alarm that comes for nothing does no harm */
    g_mutex_unlock(&c->lock);
}

Clock *device_clock(Device *dev)
{
    if (dev->machine) {
        return dev->machine->clock;
    }
    for (Object *o = &dev->parent; o; o = o->parent) {
        if (object_is_a(o, TYPE_MACHINE)) {
            return MACHINE(o)->clock;
        }
    }
    return NULL;
}
