# SPDX-License-Identifier: LGPL-2.1-or-later
"""
FEAT_CSSC, FEAT_HBC, FEAT_FlagM2, FEAT_WFxT, FEAT_RNG, FEAT_XS, FEAT_ECV, FEAT_SB: what integers and system instructions
do; what is UNDEFINED outside Debug state; hints that do nothing.
"""

EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
         0xffffffff80000000, 0x5555555555555555]


def signed(v, bits):
    return v - (1 << bits) if v >> bits - 1 else v


def unary(name, v, bits):
    if name == 'ctz':
        return bits if v == 0 else (v & -v).bit_length() - 1
    if name == 'cnt':
        return bin(v).count('1')
    return abs(signed(v, bits)) & (1 << bits) - 1


def extreme(name, a, b, bits):
    if name[0] == 's':
        a, b = signed(a, bits), signed(b, bits)
    return (max(a, b) if name.endswith('max') else min(a, b)) & (1 << bits) - 1


def holds(cond, nzcv):
    n, z, c, v = nzcv >> 3 & 1, nzcv >> 2 & 1, nzcv >> 1 & 1, nzcv & 1
    result = [z == 1, c == 1, n == 1, v == 1, c == 1 and z == 0, n == v, n == v and z == 0, True][cond >> 1]
    return not result if cond & 1 and cond != 15 else result


def cssc(rng, rounds):
    def operand():
        return rng.choice(EDGES) if rng.random() < 0.7 else rng.getrandbits(64)

    for sf in (0, 1):
        bits = 64 if sf else 32
        mask = (1 << bits) - 1
        code, want = [], []
        for name, op in (('ctz', 0x5ac01800), ('cnt', 0x5ac01c00), ('abs', 0x5ac02000)):
            for a in EDGES + [rng.getrandbits(64) for _ in range(8 * rounds)]:
                code += ['ldr x1, =0x%x' % a, '.inst 0x%08x' % (op | sf << 31 | 1 << 5 | 2), 'out x2']
                want.append(unary(name, a & mask, bits))
        yield 'cssc-unary-%d' % bits, '\n'.join(code), want
        code, want = [], []
        for name, op, imm in (('smax', 0x1ac06000, 0x11c00000), ('umax', 0x1ac06400, 0x11c40000),
                              ('smin', 0x1ac06800, 0x11c80000), ('umin', 0x1ac06c00, 0x11cc0000)):
            for _ in range(24 * rounds):
                a, b = operand(), operand()
                code += ['ldr x1, =0x%x' % a, 'ldr x2, =0x%x' % b,
                         '.inst 0x%08x' % (op | sf << 31 | 2 << 16 | 1 << 5 | 3), 'out x3']
                want.append(extreme(name, a & mask, b & mask, bits))
                i = rng.choice([0, 1, 0x7f, 0x80, 0xff, rng.getrandbits(8)])
                code += ['.inst 0x%08x' % (imm | sf << 31 | i << 10 | 1 << 5 | 3), 'out x3']
                b = i if name[0] == 'u' else signed(i, 8) & mask
                want.append(extreme(name, a & mask, b, bits))
        yield 'cssc-extremes-%d' % bits, '\n'.join(code), want


def hbc():
    code, want = [], []
    for cond in range(16):
        for nzcv in range(16):
            # BC.cond over one instruction
            code += ['mov x0, #0x%x' % (nzcv << 28), 'msr nzcv, x0', 'mov x1, #1',
                     '.inst 0x%08x' % (0x54000010 | 2 << 5 | cond), 'mov x1, #0', 'out x1']
            want.append(int(holds(cond, nzcv)))
    return 'hbc', '\n'.join(code), want


def flags():
    code, want = [], []
    for nzcv in range(16):
        n, z, c, v = nzcv >> 3 & 1, nzcv >> 2 & 1, nzcv >> 1 & 1, nzcv & 1
        for insn, result in ((0xd500401f, (n, z, 1 - c, v)),                                       # CFINV
                             (0xd500403f, ((1 - c) & (1 - z), z & c, c | z, (1 - c) & z)),          # XAFLAG
                             (0xd500405f, (0, z | v, c & (1 - v), 0))):                             # AXFLAG
            code += ['mov x0, #0x%x' % (nzcv << 28), 'msr nzcv, x0', '.inst 0x%08x' % insn, 'mrs x1, nzcv', 'out x1']
            want.append(sum(b << 31 - i for i, b in enumerate(result)))
    return 'flags', '\n'.join(code), want


def hints(rng):
    """SB, and hints of other features or of none: X1 to X27 (but X9, X10), SP and the flags stay."""
    # not those that wait, signal, defer errors, check features, sign or authenticate
    numbers = [n for n in range(128) if n not in (2, 3, 4, 5, 16, 40) and n not in (7, *range(8, 16), *range(24, 32))]
    numbers += [20, 22, 6, 18, 17, 1, 0, 19, 32, 34, 36, 38]                # CSDB, CLRBHB, DGH, TSB CSYNC, PSB CSYNC, YIELD ...
    words = [0xd503201f | n << 5 for n in numbers] + [0xd50330ff]           # SB
    values = {r: rng.getrandbits(64) for r in range(1, 28) if r not in (9, 10, 26, 27)}
    code = ['mov x27, sp', 'mov x9, #0x%x' % (6 << 28), 'msr nzcv, x9']
    code += ['ldr x%d, =0x%x' % (r, v) for r, v in values.items()]
    code += ['.inst 0x%08x' % w for w in words] + ['mrs x9, nzcv', 'out x9', 'mov x9, sp', 'sub x27, x27, x9', 'out x27']
    code += ['out x%d' % r for r in values]
    return 'hints', '\n'.join(code), [6 << 28, 0, *values.values()]


def undefined():
    """DCPS1 to DCPS3 and DRPS outside Debug state, HLT where halting is not allowed."""
    words = [0xd4a00001, 0xd4a00002, 0xd4a00003, 0xd4a01231, 0xd6bf03e0, 0xd4400000, 0xd4412340]
    return 'undefined', '\n'.join('.inst 0x%08x' % w for w in words), \
        [v for i in range(len(words)) for v in (1 << 25, None, 0x3c5, 4 * i)]


def clrex():
    return 'clrex', '''
        mov x1, #5
        str x1, [x26]
        mov x2, #7
        ldxr x1, [x26]
        stxr w3, x2, [x26]
        out x3
        ldxr x1, [x26]
        clrex
        stxr w3, x1, [x26]
        out x3
        out x1''', [0, 1, 7]


def waits():
    """The time after the wait is the operand's or later, and a time that is past does not wait."""
    for name, insn in (('wfet', 0xd5031000), ('wfit', 0xd5031020)):
        yield 'wfxt-' + name, '''
            sevl
            wfe
            mrs x0, cntvct_el0
            mov x1, #30000
            add x0, x0, x1
            .inst 0x%08x
            isb
            mrs x2, cntvct_el0
            cmp x2, x0
            cset x3, hs
            out x3
            sub x0, x2, x1
            .inst 0x%08x
            mrs x4, cntvct_el0
            sub x4, x4, x2
            ldr x5, =62500000
            cmp x4, x5
            cset x3, lo
            out x3''' % (insn, insn), [1, 1]


def cases(env, rounds):
    out = list(cssc(env.rng, rounds)) + [hbc(), flags(), hints(env.rng), undefined(), clrex()] + list(waits())
    random = ['mov x5, #0']
    for i in range(8):
        random += ['mov x0, #0xf0000000', 'msr nzcv, x0', 'mrs x1, s3_3_c2_c4_%d' % (i & 1), 'mrs x2, nzcv', 'out x2',
                   'cmp x1, x3', 'cinc x5, x5, eq', 'mov x3, x1']
    out.append(('rng', '\n'.join(random + ['out x5']), [0] * 9))
    nxs = ['.inst 0x%08x' % (0xd503323f | i << 10) for i in range(4)]      # DSB nXS
    for crm in (7, 3, 1):
        nxs += ['sys #0, c9, c%d, #%d, x0' % (crm, op2) for op2 in (0, 1, 2, 3, 5, 7)]
    for crm in (2, 5, 6):
        nxs += ['sys #0, c9, c%d, #%d, x0' % (crm, op2) for op2 in (1, 3, 5, 7)]
    out.append(('xs', '\n'.join(nxs + ['out x0']), [0]))
    rctx = ['sys #3, c7, c3, #%d, x0' % op2 for op2 in (4, 5, 6, 7)]       # CFP, DVP, COSP, CPP RCTX
    out.append(('rctx', '\n'.join(rctx + ['el0', *rctx, 'el1', 'out x0']),
                [v for op2 in (4, 5, 6, 7) for v in (0x18 << 26 | 1 << 25 | 1 << 20 | op2 << 17 | 3 << 14 | 7 << 10 | 3 << 1,
                                                     None, 0, None)] + [0]))
    ecv = '''
        mrs x0, s3_3_c14_c0_6
        mrs x1, cntvct_el0
        cmp x1, x0
        cset x2, hs
        out x2
        mrs x0, s3_3_c14_c0_5
        mrs x1, cntpct_el0
        cmp x1, x0
        cset x2, hs
        out x2'''
    out.append(('ecv', ecv, [1, 1]))
    return out
