/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * C calls of helpers through libffi: the portable way, for the interpreter. The description of a call's types is made
 * once, in memory of the caller's, and only read afterwards.
 */
#include <ffi.h>
#include <string.h>
#include "core/tcg/backend.h"

struct TcgHelperCif {
    ffi_cif cif;
    ffi_type *types[TCG_HELPER_MAX_ARGS + 2];
};
G_STATIC_ASSERT(sizeof(struct TcgHelperCif) <= TCG_HELPER_CIF_SIZE);

static ffi_type *ffi_type_of(TcgType t)
{
    return t == TCG_I32 ? &ffi_type_uint32 : t == TCG_I64 ? &ffi_type_uint64 : tcg_type_is_vec(t) ? &ffi_type_pointer :
           &ffi_type_void;
}

void tcg_helper_prepare(const TcgHelper *h, struct TcgHelperCif *cif)
{
    unsigned n = 0;
    ffi_status status;

    cif->types[n++] = &ffi_type_pointer;
    for (unsigned i = 0; i < h->num_args; i++) {
        cif->types[n++] = ffi_type_of(h->args[i]);
    }
    if (tcg_type_is_vec(h->ret)) {
        cif->types[n++] = &ffi_type_pointer;
    }
    status = ffi_prep_cif(&cif->cif, FFI_DEFAULT_ABI, n, tcg_type_is_vec(h->ret) ? &ffi_type_void : ffi_type_of(h->ret),
                          cif->types);
    g_assert(status == FFI_OK);
}

void tcg_helper_call(const TcgHelper *h, const struct TcgHelperCif *cif, CPUState *cs, const void *const *args, void *ret)
{
    void *value[TCG_HELPER_MAX_ARGS + 2];
    union { ffi_arg u; uint64_t u64; } result = { 0 };
    unsigned n = 0;

    value[n++] = &cs;
    for (unsigned i = 0; i < h->num_args; i++) {
        value[n++] = tcg_type_is_vec(h->args[i]) ? (void *)&args[i] : (void *)args[i];
    }
    if (tcg_type_is_vec(h->ret)) {
        value[n++] = &ret;
    }
    /* libffi only reads the description, but its prototype does not say so */
    ffi_call((ffi_cif *)&cif->cif, FFI_FN(h->fn), &result, value);
    if (h->ret == TCG_I32 || h->ret == TCG_I64) {
        uint64_t r = h->ret == TCG_I32 ? (uint32_t)result.u64 : result.u64;

        memcpy(ret, &r, sizeof(r));
    }
}
