/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random number backends: rng-random reads a host file (/dev/urandom), rng-builtin generates: from the machine's seed
 * if it has one (-seed), so that runs repeat, else from the host's entropy.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/io/backends.h"
#include "core/io/rng.h"
#include "core/module.h"
#include "core/qom/machine.h"

static const TypeInfo rng_backend_type = {
    .name = TYPE_RNG_BACKEND,
    .parent = TYPE_OBJECT,
    .desc = "a source of random numbers",
    .instance_size = sizeof(RngBackend),
    .class_size = sizeof(RngBackendClass),
    .abstract = true,
};

/* -- rng-random -------------------------------------------------------------------------------------------- */

typedef struct RngRandom {
    RngBackend parent;
    char *filename;
    int fd;
} RngRandom;

DECLARE_OBJECT(RngRandom, RNG_RANDOM, "rng-random")

static bool random_complete(Object *obj, GError **error)
{
    RngRandom *r = RNG_RANDOM(obj);
    struct stat st;

    r->fd = open(r->filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (r->fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "filename=%s: %s", r->filename,
                    g_strerror(errno));
        return false;
    }
    if (fstat(r->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR, "filename=%s: a folder", r->filename);
        return false;
    }
    return true;
}

static size_t random_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    RngRandom *r = RNG_RANDOM(rng);
    ssize_t n;

    do {
        n = read(r->fd, buf, MIN(len, 65536));
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

static void random_init(Object *obj)
{
    RNG_RANDOM(obj)->fd = -1;
}

static void random_finalize(Object *obj)
{
    RngRandom *r = RNG_RANDOM(obj);

    if (r->fd >= 0) {
        close(r->fd);
    }
}

static void random_class_init(ObjectClass *oc, const TypeInfo *info)
{
    RngBackendClass *rc = RNG_BACKEND_CLASS(oc);

    oc->complete = random_complete;
    rc->fill = random_fill;
}

static const Property random_props[] = {
    { .name = "filename", .type = PROP_STRING, .offset = offsetof(RngRandom, filename), .target = "/dev/urandom",
      .help = "the file that is read" },
    PROP_END
};

static const TypeInfo random_type = {
    .name = "rng-random",
    .parent = TYPE_RNG_BACKEND,
    .desc = "random numbers from a host file",
    .instance_size = sizeof(RngRandom),
    .user_creatable = true,
    .props = random_props,
    .class_init = random_class_init,
    .init = random_init,
    .finalize = random_finalize,
};

/* -- rng-builtin ------------------------------------------------------------------------------------------- */

typedef struct RngBuiltin {
    RngBackend parent;
    bool seeded;
    uint64_t state;                             /* SplitMix64 */
} RngBuiltin;

DECLARE_OBJECT(RngBuiltin, RNG_BUILTIN, "rng-builtin")

static bool builtin_open(RngBackend *rng, GError **error)
{
    RngBuiltin *r = RNG_BUILTIN(rng);
    const Machine *m = io_machine(r);

    r->seeded = m && m->config.seed_set;
    r->state = m ? m->config.seed : 0;
    return true;
}

static size_t builtin_fill(RngBackend *rng, uint8_t *buf, size_t len)
{
    RngBuiltin *r = RNG_BUILTIN(rng);
    uint64_t z = 0;

    if (!r->seeded) {
        ssize_t n = getrandom(buf, MIN(len, 256), GRND_NONBLOCK);

        return n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < len; i++, z >>= 8) {
        if (i % 8 == 0) {
            z = r->state += UINT64_C(0x9e3779b97f4a7c15);
            z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
            z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
            z ^= z >> 31;
        }
        buf[i] = (uint8_t)z;
    }
    return len;
}

static void builtin_class_init(ObjectClass *oc, const TypeInfo *info)
{
    RngBackendClass *rc = RNG_BACKEND_CLASS(oc);

    rc->open = builtin_open;
    rc->fill = builtin_fill;
}

static const TypeInfo builtin_type = {
    .name = "rng-builtin",
    .parent = TYPE_RNG_BACKEND,
    .desc = "random numbers of the emulator's own, by the machine's seed if there is one",
    .instance_size = sizeof(RngBuiltin),
    .user_creatable = true,
    .class_init = builtin_class_init,
};

static const TypeInfo *const types[] = { &rng_backend_type, &random_type, &builtin_type, NULL };

CHIMERA_MODULE(.name = "io-rng", .types = types);
