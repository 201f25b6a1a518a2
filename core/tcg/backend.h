/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend is a value: what registers there are, what an op wants of them, and how an allocated region becomes code.
 * Three files each: asm.h (encodings), emit.c (ops), backend.c (descriptor, entry thunk, chaining).
 */
#ifndef CORE_TCG_BACKEND_H
#define CORE_TCG_BACKEND_H

#include "core/tcg/ir_int.h"

typedef uint64_t TcgRegSet;                     /* bit n: register n; 0..31 integer, 32..63 vector */

enum { TCG_MAX_OPERANDS = 4 };

/* What one op wants. A call's list arguments are described by call_args instead. */
typedef struct TcgConstraint {
    TcgRegSet arg[TCG_MAX_OPERANDS];            /* registers an argument may be in */
    bool arg_const[TCG_MAX_OPERANDS];           /* a constant argument may stay a constant (immediate) */
    bool arg_slot[TCG_MAX_OPERANDS];            /* ... may be read from its frame slot */
    TcgRegSet out;
    int8_t out_same_as;                         /* index of the argument whose register the result takes, or -1 */
    bool out_early;                             /* the result's register must differ from all arguments' */
    TcgRegSet clobbers;                         /* destroyed by the op, arguments and result excepted */
    TcgRegSet temps[2];                         /* scratch registers wanted (0: none); given in node order by emit */
} TcgConstraint;

struct TcgBackend {
    const char *name;
    TcgRegSet allocatable, callee_saved;
    /* Argument registers of a C call after the CPU object, in order, and the result's. */
    uint8_t call_int_args[TCG_HELPER_MAX_ARGS];
    uint8_t call_ret_int;
    /* False: lower.c must rewrite the op (imm, aux and type of the node decide too). */
    bool (*has_op)(const TcgBackend *be, const TcgNode *n);
    void (*constraints)(const TcgBackend *be, const TcgFn *fn, const TcgNode *n, TcgConstraint *ret);
    /* Emits an ALLOCATED region. False: the buffer is full; nothing was published. */
    bool (*emit)(const TcgBackend *be, const TcgFn *fn, TcgCodeBuf *buf, TcgCode *ret);
    uintptr_t (*run)(const TcgBackend *be, TcgCodeBuf *buf, CPUState *cs, const void *entry);
    void (*chain)(const TcgBackend *be, TcgCodeBuf *buf, const TcgCode *code, unsigned n, const void *entry);
    /* Called when a buffer is created or reset: writes the thunks that all code shares; returns bytes used. */
    size_t (*init_buf)(const TcgBackend *be, TcgCodeBuf *buf);
    void (*dump)(const TcgBackend *be, const TcgCode *code, GString *out);
};

extern const TcgBackend tcg_backend_x86_64, tcg_backend_tci;

/* -- codebuf.c ----------------------------------------------------------------------------------------------------- */
struct TcgCodeBuf {
    uint8_t *rw;                                /* writable view */
    const uint8_t *rx;                          /* executable view of the same memory */
    size_t size;
    size_t used;                                /* atomic bump */
    size_t thunks;                              /* bytes at the start that reset keeps */
    int fd;
    const TcgBackend *be;
    const void *thunk[16];                      /* backend's own: addresses in rx of shared routines */
};
/* Reserves up to max bytes (16-aligned) for one emission; NULL if there is no room. commit gives the rest back. */
uint8_t *tcg_codebuf_reserve(TcgCodeBuf *buf, size_t max);
void tcg_codebuf_commit(TcgCodeBuf *buf, uint8_t *end);
static inline const void *tcg_codebuf_rx(const TcgCodeBuf *buf, const void *rw)
{
    return buf->rx + ((const uint8_t *)rw - buf->rw);
}

/* -- statemap.c: maps as bytes beside the code ----------------------------------------------------------------------- */
/*
 * Writes map m of an allocated region to p and returns the end. Entries: row offset and type, then the location;
 * a recipe is its op with its operands' locations, nested.
 */
uint8_t *tcg_map_write(const TcgFn *fn, uint32_t map, uint8_t *p);
size_t tcg_map_max_size(const TcgFn *fn, uint32_t map);
/*
 * Writes a map back into the CPU object. int_regs[32], vec_regs[32] are the host registers when the code left;
 * frame is the base of its slots. All values are read before any is written.
 */
void tcg_map_restore(const void *map, CPUState *cs, const uint64_t *int_regs, const TcgVecVal *vec_regs,
                     const uint64_t *frame);

/* -- helper.c ----------------------------------------------------------------------------------------------------------- */
/* Calls a helper through libffi. args and ret: 16 bytes each; V128 passed by pointer. */
void tcg_helper_call(const TcgHelper *h, CPUState *cs, const TcgVecVal *args, TcgVecVal *ret);

#endif
