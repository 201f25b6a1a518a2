/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends that this build has, by name, and the calls that go through a backend's value. */
#include "core/tcg/backend.h"

static const TcgBackend *const backends[] = {
#ifdef __x86_64__
    &tcg_backend_x86_64,
#endif
    &tcg_backend_tci,
};

const TcgBackend *tcg_backend_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(backends); i++) {
        const TcgBackend *be = backends[i];

        if (strcmp(be->name, name) == 0) {
            return !be->usable || be->usable() ? be : NULL;
        }
    }
    return NULL;
}

const char *tcg_backend_name(const TcgBackend *be)
{
    return be->name;
}

uintptr_t tcg_run(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry, TcgFpState *fp)
{
    uintptr_t left;

    tcg_fp_resume(fp, be->fp_enter ? be : NULL);
    left = be->run(be, buf, cs, entry);
    tcg_fp_pause(fp);
    return left;
}

const TcgBackend *tcg_fp_pause(TcgFpState *fp)
{
    const TcgBackend *inside = fp->inside;

    if (inside) {
        fp->flags |= inside->fp_leave();
        fp->inside = NULL;
    }
    return inside;
}

void tcg_fp_resume(TcgFpState *fp, const TcgBackend *inside)
{
    fp->inside = inside;
    if (inside) {
        inside->fp_enter(fp->round);
    }
}

void tcg_fp_set_round(TcgFpState *fp, TcgFpRound round)
{
    const TcgBackend *inside = tcg_fp_pause(fp);

    fp->round = round;
    tcg_fp_resume(fp, inside);
}

unsigned tcg_fp_flags(TcgFpState *fp)
{
    tcg_fp_resume(fp, tcg_fp_pause(fp));
    return fp->flags;
}

void tcg_fp_clear_flags(TcgFpState *fp)
{
    const TcgBackend *inside = tcg_fp_pause(fp);

    fp->flags = 0;
    tcg_fp_resume(fp, inside);
}

void tcg_chain(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry)
{
    be->chain(be, buf, code, n, entry);
}

void tcg_code_dump(const TcgBackend *be, const TcgCode *code, GString *out)
{
    be->dump(be, code, out);
}

const void *tcg_fault_resume(const TcgBackend *be, const TcgCodeBuf *buf, const void *pc)
{
    return be->fault_resume ? be->fault_resume(be, buf, pc) : NULL;
}

void tcg_set_direct(const TcgBackend *be, uintptr_t base)
{
    if (be->set_direct) {
        be->set_direct(base);
    }
}

bool tcg_backend_has_faults(const TcgBackend *be)
{
    return be->fault_resume;
}
