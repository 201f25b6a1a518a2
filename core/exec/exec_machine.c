/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine's part of core/exec: made when first asked for, freed with the machine. */
#include "core/exec/exec_int.h"
#include "core/exec/perf.h"
#include "core/exec/tb_int.h"

ExecMachine *exec_machine_new(Machine *m)
{
    ExecMachine *x = g_new0(ExecMachine, 1);

    x->machine = m;
    x->epoch = epoch_domain_new();
    x->spaces = g_ptr_array_new();
    x->classes = g_ptr_array_new_with_free_func(g_free);
    x->threads = g_ptr_array_new();
    x->clients = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&x->tb_lock);
    g_mutex_init(&x->lock);
    g_cond_init(&x->cond);
    return x;
}

void exec_machine_free(ExecMachine *x)
{
    struct TbCache *tbs;

    if (!x) {
        return;
    }
    g_assert(x->threads->len == 0);             /* exec_stop comes first */
    while (x->spaces->len) {
        address_space_free(x->spaces->pdata[x->spaces->len - 1]);
    }
    tb_worker_free(x->worker);
    tbs = x->tbs;
    x->tbs = NULL;
    tb_cache_free(tbs);
    if (x->counted) {
        counted_free(x);
    }
    epoch_domain_free(x->epoch);                /* gives blocks back */
    if (x->tb_pool) {
        tb_pool_free(x->tb_pool);
    }
    perf_free(x->perf);
    tcg_codebuf_free(x->buf);
    tcg_costs_free(x->costs);
    g_ptr_array_unref(x->spaces);
    g_ptr_array_unref(x->classes);
    g_ptr_array_unref(x->threads);
    g_ptr_array_unref(x->clients);
    g_mutex_clear(&x->tb_lock);
    g_mutex_clear(&x->lock);
    g_cond_clear(&x->cond);
    g_free(x);
}

/*
 * A kernel that boots runs about 2 MiB of code all the time. Emptying the buffer is cheap; compiling again is not: with
 * 16 MiB a start takes what it takes with 32, with 8 twice, with 4 four times as long, with less nobody waits for its end.
 */
enum { MIN_CODE_MIB = 4 };

static bool parse_code_size(AccelConfig *config, KeyVal *kv, GError **error)
{
    const char *text = keyval_get(kv, "tb-size");
    uint64_t size;

    if (!text) {
        return true;
    }
    if (!keyval_get_size(kv, "tb-size", 1 << 20, &size, error)) {
        return false;
    }
    if (size < (uint64_t)MIN_CODE_MIB << 20) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "tb-size=%s: at least %d MiB: what is hot would not fit, and be "
                    "compiled again and again", text, MIN_CODE_MIB);
        return false;
    }
    if (size > (uint64_t)EXEC_MAX_CODE_MIB << 20) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "tb-size=%s: at most %d MiB", text, EXEC_MAX_CODE_MIB);
        return false;
    }
    config->code_size = size;
    return true;
}

bool accel_config_parse(AccelConfig *config, KeyVal *kv, GError **error)
{
    const char *stress = keyval_get(kv, "stress");
    bool background = !config->wait_regions;
    uint64_t heat = config->heat;

    if (!keyval_get_bool(kv, "background", &background, error) || !keyval_get_uint(kv, "heat", INT32_MAX, &heat, error) ||
        !keyval_get_bool(kv, "one-insn-per-tb", &config->one_insn, error) ||
        !keyval_get_bool(kv, "naive", &config->naive, error) || !parse_code_size(config, kv, error)) {
        return false;
    }
    config->heat = (unsigned)heat;
    config->wait_regions = !background;
    return !stress || stress_parse(stress, &config->stress, error);
}

/* With the machine, whose devices and their timers are gone. */
static void free_it(void *opaque)
{
    ExecMachine *x = opaque;
    Machine *m = x->machine;

    exec_machine_free(x);
    g_clear_pointer(&m->clock, clock_free);
}

ExecMachine *exec_machine(Machine *m)
{
    ExecMachine *x = __atomic_load_n((ExecMachine **)&m->exec, __ATOMIC_ACQUIRE);

    if (!x) {
        machine_lock(m);
        if (!m->exec) {
            m->exec_free = free_it;
            __atomic_store_n((ExecMachine **)&m->exec, exec_machine_new(m), __ATOMIC_RELEASE);
        }
        x = m->exec;
        machine_unlock(m);
    }
    return x;
}
