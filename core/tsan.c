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
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sanitizer/tsan_interface.h>
#include <time.h>

/* What GLib and other libraries do with memory is theirs: without their code, what orders it is not seen. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "ignore_noninstrumented_modules=1";
}

/* What is handed over through GLib's queues and pools is ordered by them. */
void g_async_queue_push(GAsyncQueue *q, gpointer data)
{
    void (*push)(GAsyncQueue *, gpointer) = dlsym(RTLD_NEXT, "g_async_queue_push");

    __tsan_release(data);
    push(q, data);
}

static gpointer popped(GAsyncQueue *q, const char *how)
{
    gpointer (*pop)(GAsyncQueue *) = dlsym(RTLD_NEXT, how);
    gpointer data = pop(q);

    if (data) {
        __tsan_acquire(data);
    }
    return data;
}

gpointer g_async_queue_pop(GAsyncQueue *q)
{
    return popped(q, "g_async_queue_pop");
}

gpointer g_async_queue_try_pop(GAsyncQueue *q)
{
    return popped(q, "g_async_queue_try_pop");
}

typedef struct PoolWork {
    GFunc fn;
    gpointer opaque;
} PoolWork;

static void pool_work(gpointer data, gpointer opaque)
{
    PoolWork *w = opaque;

    __tsan_acquire(data);
    w->fn(data, w->opaque);
}

GThreadPool *g_thread_pool_new(GFunc fn, gpointer opaque, gint max, gboolean exclusive, GError **error)
{
    GThreadPool *(*make)(GFunc, gpointer, gint, gboolean, GError **) = dlsym(RTLD_NEXT, "g_thread_pool_new");
    PoolWork *w = g_new0(PoolWork, 1);

    *w = (PoolWork){ fn, opaque };
    return make(pool_work, w, max, exclusive, error);
}

gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    gboolean (*push)(GThreadPool *, gpointer, GError **) = dlsym(RTLD_NEXT, "g_thread_pool_push");

    __tsan_release(data);
    return push(pool, data, error);
}

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
