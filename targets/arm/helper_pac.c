/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pointer authentication, FEAT_PAuth (Arm DDI 0487, D8.10 and the PACCellShuffle ... ComputePAC functions): QARMA5,
 * QARMA3, and an IMPLEMENTATION DEFINED algorithm; FEAT_EPAC, FEAT_PAuth2, FEAT_FPAC, FEAT_FPACCOMBINE,
 * FEAT_CONSTPACFIELD.
 */
#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>                   /* what the C library has found: asking the processor again takes long */
#define HAS_AVX() CPU_FEATURE_ACTIVE(AVX)
#else
#define HAS_AVX() false
#endif
#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/pac.h"

#define SCR_APK (UINT64_C(1) << 16)
#define SCR_API (UINT64_C(1) << 17)

/* -- QARMA ------------------------------------------------------------------------------------------------------- */

/* Cells are nibbles, cell 0 the lowest, each in a byte of its own here. */
typedef uint8_t Cells __attribute__((vector_size(16)));

#define CELLS(v) { \
    (v) & 15, (v) >> 4 & 15, (v) >> 8 & 15, (v) >> 12 & 15, (v) >> 16 & 15, (v) >> 20 & 15, (v) >> 24 & 15, (v) >> 28 & 15, \
    (v) >> 32 & 15, (v) >> 36 & 15, (v) >> 40 & 15, (v) >> 44 & 15, (v) >> 48 & 15, (v) >> 52 & 15, (v) >> 56 & 15, (v) >> 60 }

static const Cells sub5 = { 0xb, 0x6, 0x8, 0xf, 0xc, 0x0, 0x9, 0xe, 0x3, 0x7, 0x4, 0x5, 0xd, 0x2, 0x1, 0xa };
static const Cells inv_sub5 = { 0x5, 0xe, 0xd, 0x8, 0xa, 0xb, 0x1, 0x9, 0x2, 0x6, 0xf, 0x0, 0x4, 0xc, 0x7, 0x3 };
/* QARMA3's box is its own inverse. */
static const Cells sub3 = { 0xa, 0xd, 0xe, 0x6, 0xf, 0x7, 0x3, 0x5, 0x9, 0x8, 0x0, 0xc, 0xb, 0x1, 0x2, 0x4 };

static const Cells cell_shuffle = { 13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15 };
static const Cells cell_inv_shuffle = { 3, 6, 12, 9, 14, 11, 1, 4, 8, 13, 7, 2, 5, 0, 10, 15 };
static const Cells tweak_shuffle = { 4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9 };
static const Cells rot1 = { 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15 };
static const Cells rot2 = { 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 };
/* What TweakCellRot changes in a cell, and the cells that it acts on. */
static const Cells tweak_rot = { 0, 9, 11, 2, 6, 15, 13, 4, 12, 5, 7, 14, 10, 3, 1, 8 };
static const Cells tweak_rotated = { 0, 0, 15, 0, 15, 0, 0, 15, 0, 0, 0, 15, 15, 0, 15, 15 };

/* out[i] = table[v[i]]: a box's cells, or, the other way round, a shuffle's. at_once: the host has AVX. */
static inline __attribute__((always_inline)) Cells look(Cells table, Cells v, bool at_once)
{
    Cells out;

#ifdef __x86_64__
    if (at_once) {
        __asm__("vpshufb %2, %1, %0" : "=x"(out) : "x"(table), "x"(v));
        return out;
    }
#endif
    for (unsigned i = 0; i < 16; i++) {
        out[i] = table[v[i]];
    }
    return out;
}

static inline __attribute__((always_inline)) Cells unpack(uint64_t v, bool at_once)
{
    static const Cells pairs = { 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15 };
    const uint64_t low = UINT64_C(0x0f0f0f0f0f0f0f0f), half[2] = { v & low, v >> 4 & low };
    Cells c;

    memcpy(&c, half, sizeof(c));
    return look(c, pairs, at_once);
}

static inline __attribute__((always_inline)) uint64_t pack(Cells c, bool at_once)
{
    static const Cells halves = { 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15 };
    uint64_t half[2];

    c = look(c, halves, at_once);
    memcpy(half, &c, sizeof(c));
    return half[0] | half[1] << 4;
}

static inline __attribute__((always_inline)) Cells mult(Cells v, bool at_once)
{
    static const Cells a = { 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11 };
    static const Cells b = { 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3 };
    static const Cells c = { 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7 };

    return look(rot1, look(v, a, at_once) ^ look(v, b, at_once), at_once) ^ look(rot2, look(v, c, at_once), at_once);
}

static inline __attribute__((always_inline)) uint64_t qarma_by(uint64_t data, uint64_t modifier, uint64_t key0,
                                                               uint64_t key1, bool three, bool at_once)
{
    static const Cells rc[5] = {
        { 0 }, CELLS(UINT64_C(0x13198a2e03707344)), CELLS(UINT64_C(0xa4093822299f31d0)),
        CELLS(UINT64_C(0x082efa98ec4e6c89)), CELLS(UINT64_C(0x452821e638d01377)),
    };
    static const Cells alpha = CELLS(UINT64_C(0xc0ac29b7c97c50dd));
    Cells sub = three ? sub3 : sub5, inv_sub = three ? sub3 : inv_sub5;
    unsigned iterations = three ? 2 : 4;
    uint64_t modk0 = (key0 & 1) << 63 | key0 >> 2 << 1 | (key0 >> 63 ^ (key0 >> 1 & 1));
    Cells k0 = unpack(key0, at_once), k1 = unpack(key1, at_once), m0 = unpack(modk0, at_once);
    Cells tweak = unpack(modifier, at_once), v = unpack(data, at_once) ^ k0, with[5];

    for (unsigned i = 0; i <= iterations; i++) {
        with[i] = k1 ^ tweak ^ rc[i];
        v ^= with[i];
        if (i > 0) {
            v = mult(look(v, cell_shuffle, at_once), at_once);
        }
        v = look(sub, v, at_once);
        tweak = look(tweak, tweak_shuffle, at_once);
        tweak ^= look(tweak_rot, tweak, at_once) & tweak_rotated;
    }
    v = mult(look(v ^ m0 ^ tweak, cell_shuffle, at_once), at_once);
    v = mult(look(look(sub, v, at_once), cell_shuffle, at_once), at_once);
    v = look(k1 ^ v, cell_inv_shuffle, at_once);
    v = look(mult(look(inv_sub, v, at_once), at_once), cell_inv_shuffle, at_once);
    v ^= k0 ^ tweak;
    for (unsigned i = 0; i <= iterations; i++) {
        v = look(inv_sub, v, at_once);
        if (i < iterations) {
            v = look(mult(v, at_once), cell_inv_shuffle, at_once);
        }
        v ^= with[iterations - i] ^ alpha;
    }
    return pack(v ^ m0, at_once);
}

#ifdef __x86_64__
static __attribute__((target("avx"))) uint64_t qarma_avx(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1,
                                                         bool three)
{
    return three ? qarma_by(data, modifier, key0, key1, true, true)
                 : qarma_by(data, modifier, key0, key1, false, true);
}
#endif

static uint64_t qarma(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1, bool three)
{
#ifdef __x86_64__
    if (HAS_AVX()) {
        return qarma_avx(data, modifier, key0, key1, three);
    }
#endif
    return qarma_by(data, modifier, key0, key1, three, false);
}

static uint64_t impdef(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1)
{
    uint64_t m = modifier ^ key1;

    return (data ^ key0 ^ m ^ m >> PAC_IMPDEF_SHIFT) * PAC_IMPDEF;
}

static uint64_t compute(const ARMCPU *cpu, uint64_t data, uint64_t modifier, unsigned key)
{
    uint64_t key1 = cpu->apkey[2 * key], key0 = cpu->apkey[2 * key + 1];

    if (arm_feature(cpu, FEAT_PACIMP)) {
        return impdef(data, modifier, key0, key1);
    }
    return qarma(data, modifier, key0, key1, arm_feature(cpu, FEAT_PACQARMA3));
}

/* -- pointers ---------------------------------------------------------------------------------------------------- */

/* HCR_EL2.API and SCR_EL3.API clear trap the use of PAC by EL0 and EL1 (and, for SCR, EL2). */
unsigned arm_pac_trap_el(const ARMCPU *cpu)
{
    if (cpu->el < 2 && !(cpu->hcr_el2 & HCR_API) && arm_el2_enabled(cpu) && !arm_is_in_host(cpu)) {
        return 2;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_API) ? 3 : 0;
}

ArmTrap arm_pac_keys_trap(const ARMCPU *cpu)
{
    if (cpu->el < 2 && !(cpu->hcr_el2 & HCR_APK) && arm_el2_enabled(cpu)) {
        return TRAP_EL2;
    }
    return cpu->el < 3 && cpu->has_el3 && !(cpu->scr_el3 & SCR_APK) ? TRAP_EL3 : TRAP_NONE;
}

static bool trapped(ARMCPU *cpu)
{
    unsigned el = arm_pac_trap_el(cpu);

    if (el) {
        arm_raise(cpu, el, ARM_SYNDROME(EC_PAC_TRAP, 0));
    }
    return el;
}

/* EffectiveTBI() of one range, for data or instructions. */
static bool ignores_top_byte(uint64_t tcr, bool two_ranges, bool high, bool data)
{
    if (!two_ranges) {
        return tcr >> 20 & 1 && (data || !(tcr >> 29 & 1));
    }
    return tcr >> (high ? 38 : 37) & 1 && (data || !(tcr >> (high ? 52 : 51) & 1));
}

/* CalculateBottomPACBit(): 64 - TxSZ, TxSZ within what the granule allows. */
static unsigned bottom_bit(const ARMCPU *cpu, uint64_t tcr, bool two_ranges, bool high)
{
    unsigned txsz = two_ranges && high ? extract64(tcr, 16, 6) : extract64(tcr, 0, 6);
    bool granule64 = two_ranges && high ? extract64(tcr, 30, 2) == 3 : extract64(tcr, 14, 2) == 1;
    unsigned min = granule64 && arm_feature(cpu, FEAT_LVA) ? 12 : 16, max = arm_feature(cpu, FEAT_TTST) ? 48 : 39;

    return 64 - CLAMP(txsz, min, max);
}

void arm_pac_layout(ARMCPU *cpu)
{
    unsigned regime = cpu->el == 3 ? 3 : cpu->el == 2 || arm_is_in_host(cpu) ? 2 : 1;
    bool two_ranges = cpu->el < 2 || (cpu->el == 2 && arm_hcr_e2h(cpu));
    uint64_t tcr = cpu->tcr_el[regime];

    if (cpu->pac.tcr == tcr && cpu->pac.ranges == 1 + two_ranges) {
        return;
    }
    cpu->pac.tcr = tcr;
    cpu->pac.ranges = 1 + two_ranges;
    for (unsigned data = 0; data < 2; data++) {
        bool any = false;

        for (unsigned high = 0; high < 2; high++) {
            bool tbi = ignores_top_byte(tcr, two_ranges, high, data);
            unsigned bottom = bottom_bit(cpu, tcr, two_ranges, high);

            cpu->pac.field[data][high] = (bottom < 55 ? mask64(bottom, 55 - bottom) : 0) | (tbi ? 0 : mask64(56, 8));
            any |= tbi;
        }
        cpu->pac.select[data] = any || arm_feature(cpu, FEAT_CONSTPACFIELD) ? 55 : 63;
    }
}

/* ptr with the bits of its PAC replaced by copies of bit `sel`. */
static uint64_t extended(uint64_t ptr, bool sel, uint64_t field)
{
    return sel ? ptr | field : ptr & ~field;
}

/* Above EL0. */
static bool is_disabled(const ARMCPU *cpu, uint32_t how)
{
    return how & PAC_ASK && !(arm_pac_enabled(cpu->sctlr_el[cpu->el]) >> (how & 3) & 1);
}

uint64_t helper_pac_add(ARMCPU *cpu, uint64_t ptr, uint64_t modifier, uint32_t how)
{
    unsigned key = how & ~PAC_ASK;
    bool data = key >= PAC_KEY_DA, sel = ptr >> cpu->pac.select[data] & 1;
    uint64_t field = cpu->pac.field[data][sel], pac, unused;
    bool tbi = !(field >> 63);

    if (is_disabled(cpu, how)) {
        return ptr;
    }
    if (trapped(cpu)) {
        return 0;
    }
    if (!field) {                               /* no room for a PAC */
        return ptr;
    }
    pac = compute(cpu, deposit64(extended(ptr, sel, field), 55, 1, sel), modifier, key);
    /* a pointer whose unused bits are not all alike gets a PAC that does not authenticate */
    unused = (field & mask64(0, 55)) | (tbi ? mask64(56, 8) : 0);
    if ((ptr & unused) != 0 && (ptr & unused) != unused) {
        if (arm_feature(cpu, FEAT_EPAC)) {
            pac = 0;
        } else if (!arm_feature(cpu, FEAT_PAuth2)) {
            pac ^= UINT64_C(1) << (tbi ? 54 : 62);
        }
    }
    if (arm_feature(cpu, FEAT_PAuth2)) {
        pac ^= ptr;
    }
    return (ptr & ~field & ~(UINT64_C(1) << 55)) | (pac & field) | (uint64_t)sel << 55;
}

uint64_t helper_pac_auth(ARMCPU *cpu, uint64_t ptr, uint64_t modifier, uint32_t how)
{
    unsigned key = how & ~(PAC_COMBINED | PAC_ASK);
    bool sel = ptr >> 55 & 1, data = key >= PAC_KEY_DA;
    uint64_t field = cpu->pac.field[data][sel], original = extended(ptr, sel, field), pac;

    if (is_disabled(cpu, how)) {
        return ptr;
    }
    if (trapped(cpu)) {
        return 0;
    }
    if (!field) {
        return ptr;
    }
    pac = compute(cpu, original, modifier, key);
    if (arm_feature(cpu, FEAT_PAuth2)) {
        uint64_t result = ptr ^ (pac & field);

        if (result != original && arm_feature(cpu, how & PAC_COMBINED ? FEAT_FPACCOMBINE : FEAT_FPAC)) {
            arm_raise(cpu, 0, pac_fail_syndrome(key));
            return 0;
        }
        return result;
    }
    if ((pac & field) == (ptr & field)) {
        return original;
    }
    /* the error code makes the address non-canonical: key number and its complement */
    return deposit64(original, field >> 63 ? 61 : 53, 2, key & 1 ? 2 : 1);
}

void helper_pac_fail_ia(ARMCPU *cpu)
{
    arm_raise(cpu, 0, pac_fail_syndrome(PAC_KEY_IA));
}

void helper_pac_fail_ib(ARMCPU *cpu)
{
    arm_raise(cpu, 0, pac_fail_syndrome(PAC_KEY_IB));
}

void helper_pac_fail_da(ARMCPU *cpu)
{
    arm_raise(cpu, 0, pac_fail_syndrome(PAC_KEY_DA));
}

void helper_pac_fail_db(ARMCPU *cpu)
{
    arm_raise(cpu, 0, pac_fail_syndrome(PAC_KEY_DB));
}

uint64_t helper_pacga(ARMCPU *cpu, uint64_t value, uint64_t modifier)
{
    if (trapped(cpu)) {
        return 0;
    }
    return compute(cpu, value, modifier, PAC_KEY_GA) & mask64(32, 32);
}
