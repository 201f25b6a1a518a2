# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_CSSC, FEAT_HBC, FEAT_WFxT, FEAT_RNG, FEAT_XS, FEAT_ECV: what integers and system instructions do."""

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
    out = list(cssc(env.rng, rounds)) + [hbc()] + list(waits())
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
