/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GLib's locks for ThreadSanitizer, which does not see into GLib: in builds with it, and only there, these take the
 * place of GLib's own and go through pthread, which it knows. Empty otherwise.
 */
#include <glib.h>

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

#ifdef THREAD_SANITIZER
#include <errno.h>
#include <pthread.h>
#include <time.h>

/* A lock that was never initialised (static, or in zeroed memory) gets its pthread object when first used. */
static void *object(void **where, size_t size, void (*init)(void *))
{
    void *p = __atomic_load_n(where, __ATOMIC_ACQUIRE);

    if (!p) {
        void *n = g_malloc0(size);

        init(n);
        if (__atomic_compare_exchange_n(where, &p, n, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            p = n;
        } else {
            g_free(n);
        }
    }
    return p;
}

static void init_mutex(void *p)
{
    pthread_mutex_init(p, NULL);
}

static void init_rec_mutex(void *p)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(p, &attr);
    pthread_mutexattr_destroy(&attr);
}

static void init_cond(void *p)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(p, &attr);
    pthread_condattr_destroy(&attr);
}

static pthread_mutex_t *mutex(GMutex *m)
{
    return object(&m->p, sizeof(pthread_mutex_t), init_mutex);
}

static pthread_mutex_t *rec_mutex(GRecMutex *m)
{
    return object(&m->p, sizeof(pthread_mutex_t), init_rec_mutex);
}

static pthread_cond_t *cond(GCond *c)
{
    return object(&c->p, sizeof(pthread_cond_t), init_cond);
}

void g_mutex_init(GMutex *m)
{
    m->p = NULL;
}

void g_mutex_clear(GMutex *m)
{
    if (m->p) {
        pthread_mutex_destroy(m->p);
        g_free(m->p);
        m->p = NULL;
    }
}

void (g_mutex_lock)(GMutex *m)
{
    pthread_mutex_lock(mutex(m));
}

void (g_mutex_unlock)(GMutex *m)
{
    pthread_mutex_unlock(mutex(m));
}

gboolean (g_mutex_trylock)(GMutex *m)
{
    return pthread_mutex_trylock(mutex(m)) == 0;
}

void g_rec_mutex_init(GRecMutex *m)
{
    m->p = NULL;
}

void g_rec_mutex_clear(GRecMutex *m)
{
    if (m->p) {
        pthread_mutex_destroy(m->p);
        g_free(m->p);
        m->p = NULL;
    }
}

void g_rec_mutex_lock(GRecMutex *m)
{
    pthread_mutex_lock(rec_mutex(m));
}

void g_rec_mutex_unlock(GRecMutex *m)
{
    pthread_mutex_unlock(rec_mutex(m));
}

gboolean g_rec_mutex_trylock(GRecMutex *m)
{
    return pthread_mutex_trylock(rec_mutex(m)) == 0;
}

void g_cond_init(GCond *c)
{
    c->p = NULL;
}

void g_cond_clear(GCond *c)
{
    if (c->p) {
        pthread_cond_destroy(c->p);
        g_free(c->p);
        c->p = NULL;
    }
}

void g_cond_wait(GCond *c, GMutex *m)
{
    pthread_cond_wait(cond(c), mutex(m));
}

gboolean g_cond_wait_until(GCond *c, GMutex *m, gint64 end_time)
{
    struct timespec ts = { end_time / G_USEC_PER_SEC, end_time % G_USEC_PER_SEC * 1000 };

    return pthread_cond_timedwait(cond(c), mutex(m), &ts) != ETIMEDOUT;
}

void g_cond_signal(GCond *c)
{
    pthread_cond_signal(cond(c));
}

void g_cond_broadcast(GCond *c)
{
    pthread_cond_broadcast(cond(c));
}
#endif
