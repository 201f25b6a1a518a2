/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pointer authentication, FEAT_PAuth (Arm DDI 0487, D8.10 and the PACCellShuffle ... ComputePAC functions): QARMA5,
 * QARMA3, and an IMPLEMENTATION DEFINED algorithm; FEAT_EPAC, FEAT_PAuth2, FEAT_FPAC, FEAT_FPACCOMBINE,
 * FEAT_CONSTPACFIELD.
 */
#include "core/bits.h"
#include "targets/arm/hcr.h"
#include "targets/arm/helper.h"
#include "targets/arm/pac.h"

#define SCR_APK (UINT64_C(1) << 16)
#define SCR_API (UINT64_C(1) << 17)

/* -- QARMA ------------------------------------------------------------------------------------------------------- */

/* Cells are nibbles, cell 0 the lowest. */
static inline unsigned cell(uint64_t v, unsigned i)
{
    return v >> (4 * i) & 15;
}

static uint64_t substitute(uint64_t v, const uint8_t *box)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 16; i++) {
        out |= (uint64_t)box[cell(v, i)] << (4 * i);
    }
    return out;
}

static const uint8_t sub5[16] = { 0xb, 0x6, 0x8, 0xf, 0xc, 0x0, 0x9, 0xe, 0x3, 0x7, 0x4, 0x5, 0xd, 0x2, 0x1, 0xa };
static const uint8_t inv_sub5[16] = { 0x5, 0xe, 0xd, 0x8, 0xa, 0xb, 0x1, 0x9, 0x2, 0x6, 0xf, 0x0, 0x4, 0xc, 0x7, 0x3 };
/* QARMA3's box is its own inverse. */
static const uint8_t sub3[16] = { 0xa, 0xd, 0xe, 0x6, 0xf, 0x7, 0x3, 0x5, 0x9, 0x8, 0x0, 0xc, 0xb, 0x1, 0x2, 0x4 };

/* out[i] = in[from[i]] */
static uint64_t shuffle(uint64_t v, const uint8_t *from)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 16; i++) {
        out |= (uint64_t)cell(v, from[i]) << (4 * i);
    }
    return out;
}

static const uint8_t cell_shuffle[16] = { 13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15 };
static const uint8_t cell_inv_shuffle[16] = { 3, 6, 12, 9, 14, 11, 1, 4, 8, 13, 7, 2, 5, 0, 10, 15 };
static const uint8_t tweak_shuffle[16] = { 4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9 };
static const uint8_t tweak_inv_shuffle[16] = { 12, 13, 5, 6, 0, 1, 2, 3, 7, 15, 14, 4, 8, 9, 10, 11 };
/* Cells of the result that TweakCellRot and TweakCellInvRot act on. */
#define TWEAK_ROT     (1 << 2 | 1 << 4 | 1 << 7 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15)
#define TWEAK_INV_ROT (1 << 0 | 1 << 6 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 15)

static inline unsigned rot(unsigned c, unsigned n)
{
    return (c << n | c >> (4 - n)) & 15;
}

static uint64_t mult(uint64_t v)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned a = cell(v, i), b = cell(v, i + 4), c = cell(v, i + 8), d = cell(v, i + 12);

        out |= (uint64_t)(rot(d, 1) ^ rot(c, 2) ^ rot(b, 1)) << (4 * i);
        out |= (uint64_t)(rot(d, 2) ^ rot(c, 1) ^ rot(a, 1)) << (4 * (i + 4));
        out |= (uint64_t)(rot(d, 1) ^ rot(b, 1) ^ rot(a, 2)) << (4 * (i + 8));
        out |= (uint64_t)(rot(c, 1) ^ rot(b, 2) ^ rot(a, 1)) << (4 * (i + 12));
    }
    return out;
}

static uint64_t tweak_forward(uint64_t v)
{
    uint64_t s = shuffle(v, tweak_shuffle), out = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned c = cell(s, i);

        out |= (uint64_t)(TWEAK_ROT >> i & 1 ? (c >> 1) | ((c ^ c >> 1) & 1) << 3 : c) << (4 * i);
    }
    return out;
}

static uint64_t tweak_backward(uint64_t v)
{
    uint64_t s = shuffle(v, tweak_inv_shuffle), out = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned c = cell(s, i);

        out |= (uint64_t)(TWEAK_INV_ROT >> i & 1 ? (c << 1 & 14) | ((c ^ c >> 3) & 1) : c) << (4 * i);
    }
    return out;
}

static uint64_t qarma(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1, bool three)
{
    static const uint64_t rc[5] = {
        0, UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89),
        UINT64_C(0x452821e638d01377),
    };
    const uint64_t alpha = UINT64_C(0xc0ac29b7c97c50dd);
    const uint8_t *sub = three ? sub3 : sub5, *inv_sub = three ? sub3 : inv_sub5;
    unsigned iterations = three ? 2 : 4;
    uint64_t modk0 = (key0 & 1) << 63 | key0 >> 2 << 1 | (key0 >> 63 ^ (key0 >> 1 & 1));
    uint64_t tweak = modifier, v = data ^ key0;

    for (unsigned i = 0; i <= iterations; i++) {
        v ^= key1 ^ tweak ^ rc[i];
        if (i > 0) {
            v = mult(shuffle(v, cell_shuffle));
        }
        v = substitute(v, sub);
        tweak = tweak_forward(tweak);
    }
    v = mult(shuffle(v ^ modk0 ^ tweak, cell_shuffle));
    v = mult(shuffle(substitute(v, sub), cell_shuffle));
    v = shuffle(key1 ^ v, cell_inv_shuffle);
    v = shuffle(mult(substitute(v, inv_sub)), cell_inv_shuffle);
    v ^= key0 ^ tweak;
    for (unsigned i = 0; i <= iterations; i++) {
        v = substitute(v, inv_sub);
        if (i < iterations) {
            v = shuffle(mult(v), cell_inv_shuffle);
        }
        tweak = tweak_backward(tweak);
        v ^= rc[iterations - i] ^ key1 ^ tweak ^ alpha;
    }
    return v ^ modk0;
}

static uint64_t impdef(uint64_t data, uint64_t modifier, uint64_t key0, uint64_t key1)
{
    uint64_t v = (data ^ key0) * PAC_IMPDEF_1;

    v = (v ^ v >> PAC_IMPDEF_1_SHIFT ^ modifier ^ key1) * PAC_IMPDEF_2;
    return v ^ v >> PAC_IMPDEF_2_SHIFT;
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

uint64_t helper_pac_add(ARMCPU *cpu, uint64_t ptr, uint64_t modifier, uint32_t key)
{
    bool data = key >= PAC_KEY_DA, sel = ptr >> cpu->pac.select[data] & 1;
    uint64_t field = cpu->pac.field[data][sel], pac, unused;
    bool tbi = !(field >> 63);

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
    unsigned key = how & ~PAC_COMBINED;
    bool sel = ptr >> 55 & 1, data = key >= PAC_KEY_DA;
    uint64_t field = cpu->pac.field[data][sel], original = extended(ptr, sel, field), pac;

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

uint64_t helper_pacga(ARMCPU *cpu, uint64_t value, uint64_t modifier)
{
    if (trapped(cpu)) {
        return 0;
    }
    return compute(cpu, value, modifier, PAC_KEY_GA) & mask64(32, 32);
}
