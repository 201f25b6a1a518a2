/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers as rows. A target keeps lists of
 *     HELPER(name, result, flags, reads, writes, arguments...)
 * e.g. HELPER(crc32, i32, HELPER_PURE, NONE, NONE, i32, i64, i32), where result and arguments are i32, i64, v128,
 * v256, v512 or (result) void, and reads/writes are NONE, ALL or LISTED. No argument is written as nothing after the last
 * comma-less field: HELPER(wfi, void, 0, ALL, ALL).
 * HELPER_PROTOTYPE declares the C function  RESULT helper_NAME(CPU *cpu, ...)  and HELPER_ROW defines the TcgHelper.
 */
#ifndef CORE_TCG_HELPER_DEF_H
#define CORE_TCG_HELPER_DEF_H

#include "core/tcg/tcg.h"

#define HELPER_C_void void
#define HELPER_C_i32  uint32_t
#define HELPER_C_i64  uint64_t
#define HELPER_C_v128 const void *
#define HELPER_C_v256 const void *
#define HELPER_C_v512 const void *
#define HELPER_T_void TCG_VOID
#define HELPER_T_i32  TCG_I32
#define HELPER_T_i64  TCG_I64
#define HELPER_T_v128 TCG_V128
#define HELPER_T_v256 TCG_V256
#define HELPER_T_v512 TCG_V512

#define HELPER_CAT_(a, b) a##b
#define HELPER_CAT(a, b) HELPER_CAT_(a, b)
#define HELPER_COUNT_(z, a, b, c, d, e, f, n, ...) n
#define HELPER_COUNT(...) HELPER_COUNT_(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define HELPER_ARGS_C_0()
#define HELPER_ARGS_C_1(a) , HELPER_C_##a
#define HELPER_ARGS_C_2(a, ...) , HELPER_C_##a HELPER_ARGS_C_1(__VA_ARGS__)
#define HELPER_ARGS_C_3(a, ...) , HELPER_C_##a HELPER_ARGS_C_2(__VA_ARGS__)
#define HELPER_ARGS_C_4(a, ...) , HELPER_C_##a HELPER_ARGS_C_3(__VA_ARGS__)
#define HELPER_ARGS_C_5(a, ...) , HELPER_C_##a HELPER_ARGS_C_4(__VA_ARGS__)
#define HELPER_ARGS_C_6(a, ...) , HELPER_C_##a HELPER_ARGS_C_5(__VA_ARGS__)
#define HELPER_ARGS_T_0()
#define HELPER_ARGS_T_1(a) HELPER_T_##a
#define HELPER_ARGS_T_2(a, ...) HELPER_T_##a, HELPER_ARGS_T_1(__VA_ARGS__)
#define HELPER_ARGS_T_3(a, ...) HELPER_T_##a, HELPER_ARGS_T_2(__VA_ARGS__)
#define HELPER_ARGS_T_4(a, ...) HELPER_T_##a, HELPER_ARGS_T_3(__VA_ARGS__)
#define HELPER_ARGS_T_5(a, ...) HELPER_T_##a, HELPER_ARGS_T_4(__VA_ARGS__)
#define HELPER_ARGS_T_6(a, ...) HELPER_T_##a, HELPER_ARGS_T_5(__VA_ARGS__)

/* Prototype of the C function; CpuType is the target's CPU struct. A vector result is written through a last pointer. */
#define HELPER_RET_void void
#define HELPER_RET_i32  uint32_t
#define HELPER_RET_i64  uint64_t
#define HELPER_RET_v128 void
#define HELPER_RET_v256 void
#define HELPER_RET_v512 void
#define HELPER_OUT_void
#define HELPER_OUT_i32
#define HELPER_OUT_i64
#define HELPER_OUT_v128 , void *
#define HELPER_OUT_v256 , void *
#define HELPER_OUT_v512 , void *
#define HELPER_PROTOTYPE(CpuType, name, ret, ...) \
    HELPER_RET_##ret helper_##name(CpuType *cpu HELPER_CAT(HELPER_ARGS_C_, HELPER_COUNT(__VA_ARGS__))(__VA_ARGS__) \
                                   HELPER_OUT_##ret);
/* Definition of the row, as PREFIXname. */
#define HELPER_ROW(prefix, name_, ret_, flags_, reads_, writes_, ...) \
    const TcgHelper prefix##name_ = { \
        .name = #name_, .fn = (void *)helper_##name_, .num_args = HELPER_COUNT(__VA_ARGS__), \
        .ret = HELPER_T_##ret_, .args = { HELPER_CAT(HELPER_ARGS_T_, HELPER_COUNT(__VA_ARGS__))(__VA_ARGS__) }, \
        .flags = flags_, .reads = HREGS_##reads_, .writes = HREGS_##writes_, \
    };

#endif
