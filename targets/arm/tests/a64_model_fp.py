# SPDX-License-Identifier: LGPL-2.1-or-later
"""
FEAT_AFP (FPCR.AH, FIZ, NEP), FEAT_RPRES and FEAT_EBF16. Where the upper part of a scalar's register comes from is
tested on each scalar instruction, with its result being that of the same operation without NEP; arithmetic that
FPCR.AH changes by values that the pseudocode gives. Conversions to integers where qemu-aarch64 7.2 errs: FJCVTZS, and
FCVTZS and FCVTZU of scalars.
"""

from fractions import Fraction

M64 = (1 << 64) - 1
FIZ, AH, NEP, EBF = 1 << 0, 1 << 1, 1 << 2, 1 << 13

# Scalar instructions with type in bits 23:22 (0 single, 1 double, 3 half), registers d=4 n=5 m=6 a=7; whose upper part stays
THREE = {0x1f000000: 'a', 0x1f008000: 'a', 0x1f200000: 'a', 0x1f208000: 'a'}
TWO = {0x1e200800 | op << 12: 'n' for op in range(9)}
ONE = {0x1e204000 | op << 15: 'd' for op in (1, 2, 3, 8, 9, 10, 11, 12, 14, 15)}
ROUND_N = {0x1e284000 | op << 15: 'd' for op in range(4)}                      # FRINT32Z ...: not half
CONVERT = {0x1e22c000: 'd', 0x1e23c000: 'd', 0x1e624000: 'd', 0x1e63c000: 'd', 0x1ee24000: 'd', 0x1ee2c000: 'd'}
LANE = {0x1e22c000: 8, 0x1e23c000: 2, 0x1e624000: 4, 0x1e63c000: 2, 0x1ee24000: 4, 0x1ee2c000: 8}
FROM_GENERAL = {0x1e220000: 'd', 0x1e230000: 'd', 0x9e220000: 'd', 0x9e230000: 'd'}
# Advanced SIMD scalars: single (double with bit 22)
SIMD = {0x5e20dc00: 'n', 0x5e20fc00: 'n', 0x5ea0fc00: 'n', 0x7ea0d400: 'n', 0x5e20e400: 'm', 0x7e20e400: 'm',
        0x7ea0e400: 'm', 0x7e20ec00: 'm', 0x7ea0ec00: 'm', 0x5ea1d800: 'd', 0x5ea1f800: 'd', 0x7ea1d800: 'd',
        0x5e21a800: 'd', 0x7e21a800: 'd', 0x5ea1b800: 'd', 0x5e21c800: 'd', 0x5e21d800: 'd', 0x7e21d800: 'd'}
SIMD_ELEMENT = {0x5f809000: 'n', 0x7f809000: 'n', 0x5f801000: 'd', 0x5f805000: 'd'}
SHIFTS = {0x5f30e400: 'd', 0x7f30e400: 'd', 0x5f30fc00: 'd', 0x7f30fc00: 'd'}   # fixed point, single
OTHERS = {0x7e616800: ('d', 4), 0x1e634000: ('d', 2)}                           # FCVTXN, BFCVT
UNMERGED = {0x5ea0c800: 4, 0x5ea0d800: 4, 0x1e204000: 4, 0x7e30d800: 4, 0x7e30c800: 4}
REGISTERS = {'d': 4, 'n': 5, 'm': 6, 'a': 7}


def scalars():
    """(word, whose upper part stays or None, bytes of the result)"""
    for table, halves in ((THREE, True), (TWO, True), (ONE, True), (ROUND_N, False), (FROM_GENERAL, True)):
        for word, keeps in table.items():
            for kind, size in ((0, 4), (1, 8)) + (((3, 2),) if halves else ()):
                yield word | kind << 22, keeps, size
    for word, keeps in CONVERT.items():
        yield word, keeps, LANE[word]
    for table in (SIMD, SIMD_ELEMENT):
        for word, keeps in table.items():
            yield word, keeps, 4
            yield word | 1 << 22, keeps, 8
    for word, keeps in SHIFTS.items():
        yield word, keeps, 4
    for word, (keeps, size) in OTHERS.items():
        yield word, keeps, size
    for word, size in UNMERGED.items():
        yield word, None, size


def nep(rng):
    for word, keeps, size in scalars():
        base = word if word in UNMERGED or word in CONVERT else word & ~(3 << 22)
        insn = word | 4 | 5 << 5
        # Rm, where those bits are not part of the operation
        if base in TWO or base in THREE or word not in UNMERGED and \
                word >> 28 in (5, 7) and (word >> 24 & 15 == 15 and word >> 23 & 1 or word >> 16 & 31 == 0):
            insn |= 6 << 16
        if base in THREE:
            insn |= 7 << 10
        values = {r: rng.getrandbits(128) for r in REGISTERS.values()}
        for r in values:
            if rng.random() < 0.5:
                values[r] = values[r] & ~M64 | 0x3ff8000040490fdb
        set_up = []
        for r, v in values.items():
            set_up += ['ldr x0, =0x%x' % (v & M64), 'fmov d%d, x0' % r, 'ldr x0, =0x%x' % (v >> 64), 'fmov v%d.d[1], x0' % r]
        code = set_up + ['ldr x5, =0x%x' % rng.getrandbits(64), '.inst 0x%08x' % insn, 'fmov x1, d4', 'fmov x3, v4.d[1]']
        code += set_up + ['mov x0, #%d' % NEP, 'msr fpcr, x0', '.inst 0x%08x' % insn, 'msr fpcr, xzr', 'fmov x2, d4']
        mask = (1 << 8 * size) - 1
        # the lane does not depend on NEP, and nothing is above it without
        code += ['eor x6, x1, x2', 'and x6, x6, #0x%x' % mask if mask != M64 else 'nop', 'out x6',
                 'and x6, x1, #0x%x' % (~mask & M64) if mask != M64 else 'mov x6, #0', 'out x6', 'out x3',
                 'and x6, x2, #0x%x' % (~mask & M64) if mask != M64 else 'mov x6, #0', 'out x6', 'fmov x6, v4.d[1]', 'out x6']
        upper = values[REGISTERS[keeps]] if keeps else 0
        yield 'nep-%08x' % insn, '\n'.join(code), [0, 0, 0, upper & M64 & ~mask, upper >> 64]


IOC = 1
# name: instruction on d = f(n, m, a) single precision, FPCR, n, m, a, result, FPSR
SINGLES = [
    ('fabs s4, s5', AH, 0xffc00001, 0, 0, 0xffc00001, 0), ('fabs s4, s5', 0, 0xffc00001, 0, 0, 0x7fc00001, 0),
    ('fabs s4, s5', AH, 0xbf800000, 0, 0, 0x3f800000, 0), ('fabs s4, s5', AH, 0xff800000, 0, 0, 0x7f800000, 0),
    ('fneg s4, s5', AH, 0x7fc00001, 0, 0, 0x7fc00001, 0), ('fneg s4, s5', AH, 0x7f800001, 0, 0, 0x7f800001, 0),
    ('fneg s4, s5', AH, 0x80000000, 0, 0, 0x00000000, 0), ('fneg s4, s5', AH, 0x7f800000, 0, 0, 0xff800000, 0),
    # FPMax, FPMin: the second operand for zeros and NaNs
    ('fmax s4, s5, s6', AH, 0x00000000, 0x80000000, 0, 0x80000000, 0), ('fmax s4, s5, s6', 0, 0, 0x80000000, 0, 0, 0),
    ('fmin s4, s5, s6', AH, 0x80000000, 0x00000000, 0, 0x00000000, 0),
    ('fmax s4, s5, s6', AH, 0x7fc00001, 0x3f800000, 0, 0x3f800000, IOC),
    ('fmin s4, s5, s6', AH, 0x3f800000, 0x7fc00001, 0, 0x7fc00001, IOC),
    # the default NaN is negative; the first NaN of either kind
    ('fmul s4, s5, s6', AH, 0x00000000, 0x7f800000, 0, 0xffc00000, IOC),
    ('fmul s4, s5, s6', 0, 0x00000000, 0x7f800000, 0, 0x7fc00000, IOC),
    ('fadd s4, s5, s6', AH, 0x7fc00001, 0x7f800002, 0, 0x7fc00001, IOC),
    ('fadd s4, s5, s6', 0, 0x7fc00001, 0x7f800002, 0, 0x7fc00002, IOC),
    ('fnmul s4, s5, s6', AH, 0x7fc00001, 0x3f800000, 0, 0x7fc00001, 0),
    ('fnmul s4, s5, s6', 0, 0x7fc00001, 0x3f800000, 0, 0xffc00001, 0),
    ('fmsub s4, s5, s6, s7', AH, 0x7fc00001, 0x3f800000, 0, 0x7fc00001, 0),
    ('fmsub s4, s5, s6, s7', 0, 0x7fc00001, 0x3f800000, 0, 0xffc00001, 0),
    ('fabd s4, s5, s6', AH, 0xffc00001, 0x3f800000, 0, 0xffc00001, 0),
    # FIZ flushes what goes in, and nothing that comes out
    ('fadd s4, s5, s6', FIZ, 0x00000001, 0x00000001, 0, 0x00000000, None),
    ('fadd s4, s5, s6', FIZ, 0x00800000, 0x80800001, 0, 0x80000001, None),
    ('fadd s4, s5, s6', 0, 0x00000001, 0x00000001, 0, 0x00000002, 0),
]


def halves(v, bits, lanes):
    return sum(v << bits * i for i in range(lanes))


def alternate(rng):
    del rng
    for text, fpcr, n, m, a, want, fpsr in SINGLES:
        code = ['ldr w0, =0x%x' % n, 'fmov s5, w0', 'ldr w0, =0x%x' % m, 'fmov s6, w0', 'ldr w0, =0x%x' % a, 'fmov s7, w0',
                'mov x0, #%d' % fpcr, 'msr fpcr, x0', 'msr fpsr, xzr', text, 'mrs x1, fpsr', 'msr fpcr, xzr', 'fmov x0, d4',
                'out x0', 'out x1']
        yield 'ah-%s-%x-%x-%x' % (text.replace(' ', ''), fpcr, n, m), '\n'.join(code), [want, fpsr]
    # vectors of a NaN and a number
    for suffix, bits, nan, number in (('8h', 16, 0xfe01, 0xbc00), ('4s', 32, 0xffc00001, 0xbf800000),
                                      ('2d', 64, 0xfff8000000000001, 0xbff0000000000000)):
        sign = 1 << bits - 1
        for op in ('fabs', 'fneg'):
            for q in (0, 1):
                if bits == 64 and not q:
                    continue
                value = halves(nan | number << bits, 2 * bits, 64 // bits) & (1 << 128) - 1
                result = halves(nan | (number ^ sign) << bits, 2 * bits, 64 // bits) & (1 << 128) - 1
                if not q:
                    result &= M64
                shape = suffix if q else {'8h': '4h', '4s': '2s'}[suffix]
                code = ['ldr x0, =0x%x' % (value & M64), 'fmov d5, x0', 'ldr x0, =0x%x' % (value >> 64), 'fmov v5.d[1], x0',
                         'mov x0, #%d' % AH, 'msr fpcr, x0', '%s v4.%s, v5.%s' % (op, shape, shape), 'msr fpcr, xzr',
                         'fmov x0, d4', 'out x0', 'fmov x0, v4.d[1]', 'out x0']
                yield 'ah-%s-%s' % (op, shape), '\n'.join(code), [result & M64, result >> 64]


def rpres(rng, rounds):
    """FPRecipEstimate of normal numbers: 12 bits with AH, 8 without."""
    code, want = [], []
    for _ in range(64 * rounds):
        v = rng.getrandbits(1) << 31 | rng.randrange(3, 250) << 23 | rng.getrandbits(23)
        for ah in (0, 1):
            code += ['mov x0, #%d' % (AH if ah else 0), 'msr fpcr, x0', 'ldr w0, =0x%x' % v, 'fmov s5, w0', 'frecpe s4, s5',
                     'fmov w0, s4', 'out x0']
            if ah:
                a = (2048 | v >> 12 & 2047) * 2 + 1
                r = (1 << 25) // a
                r += Fraction(1 << 25, a) - r > Fraction(1, 2)
                fraction = (r & 4095) << 11
            else:
                a = (256 | v >> 15 & 255) * 2 + 1
                fraction = (((1 << 19) // a + 1) // 2 & 255) << 15
            want.append(v & 1 << 31 | 253 - (v >> 23 & 255) << 23 | fraction)
    return 'rpres-frecpe', '\n'.join(code + ['msr fpcr, xzr']), want


def value_of(single):
    """A normal number or zero."""
    e, f = single >> 23 & 255, single & 0x7fffff
    v = Fraction(0) if e == 0 else Fraction(f | 1 << 23) * Fraction(2) ** (e - 150)
    return -v if single >> 31 else v


def single_of(v):
    """To nearest, ties to even; a normal number."""
    if v == 0:
        return 0
    sign, v = (1 << 31, -v) if v < 0 else (0, v)
    e = 127
    while v >= 2:
        v, e = v / 2, e + 1
    while v < 1:
        v, e = v * 2, e - 1
    scaled = v * (1 << 23)
    f = scaled.numerator // scaled.denominator
    rest = scaled - f
    if rest > Fraction(1, 2) or rest == Fraction(1, 2) and f & 1:
        f += 1
    return sign | (e << 23) + f - (1 << 23)


def ebf16(rng, rounds):
    code, want = [], []

    def number():
        return rng.getrandbits(1) << 15 | rng.randrange(100, 150) << 7 | rng.getrandbits(7)

    for _ in range(16 * rounds):
        n, m = [number() for _ in range(8)], [number() for _ in range(8)]
        d = [rng.getrandbits(1) << 31 | rng.randrange(90, 160) << 23 | rng.getrandbits(23) for _ in range(4)]
        for r, quads in ((4, [d[0] | d[1] << 32, d[2] | d[3] << 32]),
                         (5, [sum(v << 16 * i for i, v in enumerate(n[k:k + 4])) for k in (0, 4)]),
                         (6, [sum(v << 16 * i for i, v in enumerate(m[k:k + 4])) for k in (0, 4)])):
            code += ['ldr x0, =0x%x' % quads[0], 'fmov d%d, x0' % r, 'ldr x0, =0x%x' % quads[1], 'fmov v%d.d[1], x0' % r]
        code += ['mov x0, #%d' % EBF, 'msr fpcr, x0', '.inst 0x6e46fca4', 'msr fpcr, xzr', 'fmov x0, d4', 'out x0',
                 'fmov x0, v4.d[1]', 'out x0']
        out = []
        for i in range(4):
            a = [value_of(x << 16) for x in n[2 * i:2 * i + 2]]
            b = [value_of(x << 16) for x in m[2 * i:2 * i + 2]]
            product = single_of(a[0] * b[0] + a[1] * b[1])
            out.append(single_of(value_of(d[i]) + value_of(product)))
        want += [out[0] | out[1] << 32, out[2] | out[3] << 32]
    return 'ebf16-bfdot', '\n'.join(code), want


FZ, IXC, IDC = 1 << 24, 16, 128
FORMATS = {16: (5, 10), 32: (8, 23), 64: (11, 52)}


def unpack(bits, v):
    """The sign, and the value: a Fraction, 'inf' or 'nan'."""
    exponent, fraction = FORMATS[bits]
    sign, e, f = v >> bits - 1, v >> fraction & (1 << exponent) - 1, v & (1 << fraction) - 1
    if e == (1 << exponent) - 1:
        return sign, 'nan' if f else 'inf'
    x = Fraction(f | (1 << fraction if e else 0)) * Fraction(2) ** (max(e, 1) - (1 << exponent - 1) + 1 - fraction)
    return sign, -x if sign else x


def edge(rng, bits):
    exponent, fraction = FORMATS[bits]
    special = [0, 1, (1 << fraction) - 1, 1 << fraction, (1 << exponent) - 1 << fraction, ((1 << exponent) - 1 << fraction) + 1,
               (2 << exponent) - 1 << fraction - 1]
    near = (1 << exponent - 1) - 1 + rng.randrange(-2, min(70, 1 << exponent - 1)) << fraction | rng.getrandbits(fraction)
    return rng.choice(special + [near, near, near, near & ~((1 << fraction - 2) - 1), rng.getrandbits(bits - 1)]) | \
        rng.getrandbits(1) << bits - 1


def to_integer(value, sign, bits, unsigned):
    """Towards zero, saturating: the result and FPSR."""
    low, high = (0, (1 << bits) - 1) if unsigned else (-1 << bits - 1, (1 << bits - 1) - 1)
    if value in ('nan', 'inf'):
        return (0 if value == 'nan' else low if sign else high) & (1 << bits) - 1, IOC
    n = int(value)
    if not low <= n <= high:
        return (low if sign else high) & (1 << bits) - 1, IOC
    return n & (1 << bits) - 1, IXC if n != value else 0


def conversions(rng, rounds):
    """FCVTZS and FCVTZU of scalars: integers, and fixed point; what is above the result is zero."""
    code, want = [], []
    for _ in range(40 * rounds):
        bits, unsigned = rng.choice([16, 32, 64]), rng.getrandbits(1)
        v, scale = edge(rng, bits), rng.choice([0, rng.randrange(1, bits + 1)])
        if scale:
            insn = 0x5f00fc00 | 2 * bits - scale << 16
        else:
            insn = {16: 0x5ef9b800, 32: 0x5ea1b800, 64: 0x5ee1b800}[bits]
        sign, value = unpack(bits, v)
        if not isinstance(value, str):
            value *= 1 << scale
        result, flags = to_integer(value, sign, bits, unsigned)
        code += ['ldr x0, =0x%x' % rng.getrandbits(64), 'fmov d4, x0', 'fmov v4.d[1], x0', 'ldr x0, =0x%x' % v, 'fmov d5, x0',
                 'msr fpsr, xzr', '.inst 0x%08x' % (insn | unsigned << 29 | 5 << 5 | 4), 'mrs x1, fpsr', 'fmov x0, d4', 'out x0',
                 'fmov x0, v4.d[1]', 'out x0', 'out x1']
        want += [result, 0, flags]
    return 'fcvtz-scalar', '\n'.join(code), want


def javascript(rng, rounds):
    """FPToFixedJS: modulo 2^32; Z says that it was exact, which a number that was flushed to zero and minus zero are not."""
    code, want = [], []
    for _ in range(60 * rounds):
        v, fpcr = edge(rng, 64), rng.choice([0, FZ, FZ])
        sign, value = unpack(64, v)
        flags, z = 0, 1
        if fpcr and value != 0 and not isinstance(value, str) and abs(value) < Fraction(2) ** -1022:
            value, flags, z = Fraction(0), IDC, 0
        if isinstance(value, str):
            result, z, flags = 0, 0, IOC
        else:
            result = int(value)
            if not -1 << 31 <= result < 1 << 31:
                z, flags = 0, flags | IOC
            elif result != value:
                z, flags = 0, flags | IXC
            elif value == 0 and sign:
                z = 0
        code += ['ldr x0, =0x%x' % v, 'fmov d5, x0', 'ldr x0, =0x%x' % fpcr, 'msr fpcr, x0', 'msr fpsr, xzr',
                 '.inst 0x%08x' % (0x1e7e0000 | 5 << 5 | 1), 'mrs x2, nzcv', 'mrs x3, fpsr', 'msr fpcr, xzr', 'out x1', 'out x2',
                 'out x3']
        want += [result & 0xffffffff, z << 30, flags]
    return 'fjcvtzs', '\n'.join(code), want


def cases(env, rounds):
    out = [conversions(env.rng, rounds), javascript(env.rng, rounds)]
    return out + list(nep(env.rng)) + list(alternate(env.rng)) + [rpres(env.rng, rounds), ebf16(env.rng, rounds)]
