# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_SYSREG128 and FEAT_SYSINSTR128: what MRRS, MSRR and SYSP reach at EL1 and EL0. EL2 and EL3: system/d128_*.S."""

# name -> op1, CRn, CRm, op2
WIDE = {'ttbr1': (0, 2, 0, 1), 'par': (0, 7, 4, 0), 'rcwmask': (0, 13, 0, 6), 'rcwsmask': (0, 13, 0, 3)}
# op0 3: a register of 64 bits, of EL2, of EL12, nothing; the system instructions after them
NARROW = {'mair': (0, 10, 2, 0), 'ttbr0-el2': (4, 2, 0, 0), 'ttbr0-el12': (5, 2, 0, 0), 'vttbr': (4, 2, 1, 0),
          'ttbr0-el3': (6, 2, 0, 0), 'midr': (0, 0, 0, 0), 'none': (0, 9, 0, 0)}
TLBIP = [(0, 8 + xs, crm, op2) for xs in (0, 1) for crm in (1, 2, 3, 5, 6, 7) for op2 in (1, 3, 5, 7)]
NO_TLBIP = {'vmalle1': (0, 8, 7, 0), 'aside1': (0, 8, 7, 2), 'vae2': (4, 8, 7, 1), 'ipas2e1': (4, 8, 4, 1), 'zva': (3, 7, 4, 1),
            's1e1r': (0, 7, 8, 0)}
UNDEFINED = [1 << 25, None, 0x3c5, None]


def word(op, where, rt, o0=1):
    op1, crn, crm, op2 = where
    base = {'mrrs': 0xd5700000, 'msrr': 0xd5500000, 'sysp': 0xd5400000, 'mrs': 0xd5300000, 'msr': 0xd5100000}[op]
    return '.inst 0x%08x' % (base | o0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5 | rt)


def cases(env, rounds):
    out, rng = [], env.rng
    for name, where in WIDE.items():
        for _ in range(rounds):
            low, high, other = (rng.getrandbits(64) for _ in range(3))
            # MSR leaves the high half; MRS reads the low one; of X30 and X31, X31 is zero, and discarded
            code = ['ldr x4, =0x%x' % low, 'ldr x5, =0x%x' % high, word('msrr', where, 4), 'isb', word('mrrs', where, 10),
                    word('mrs', where, 12), 'out x10', 'out x11', 'out x12', 'ldr x4, =0x%x' % other,
                    word('msr', where, 4), word('mrrs', where, 0), 'out x0', 'out x1', 'mov x30, #5',
                    word('msrr', where, 30), 'mov x30, #7', word('mrrs', where, 30), 'out x30', word('mrrs', where, 2),
                    'out x2', 'out x3', 'mov x0, #0', 'mov x1, #0', word('msrr', where, 0), 'isb']
            out.append((name, '\n'.join(code), [low, high, low, other, high, 5, 5, 0]))
        code = [word(op, where, rt) for op in ('mrrs', 'msrr') for rt in (1, 31)]
        out.append((name + '-odd', '\n'.join(code), UNDEFINED * 4))
        code = ['el0', word('mrrs', where, 0), word('msrr', where, 0), 'el1']
        out.append((name + '-el0', '\n'.join(code), [1 << 25, None, 0, None] * 2))
    for name, where in NARROW.items():
        out.append((name, '\n'.join(word(op, where, 0) for op in ('mrrs', 'msrr')), UNDEFINED * 2))
    out.append(('op0-2', word('mrrs', (0, 2, 0, 0), 0, 0), UNDEFINED))
    for where in TLBIP:
        code = [word('sysp', where, rt) for rt in (2, 31)] + ['mov x5, #1', 'out x5', word('sysp', where, 3)]
        out.append(('tlbip-%d-%d-%d' % where[1:], '\n'.join(code), [1] + UNDEFINED))
    for name, where in NO_TLBIP.items():
        out.append((name, word('sysp', where, 0), UNDEFINED))
    out.append(('tlbip-el0', '\n'.join(['el0', word('sysp', TLBIP[0], 0), 'el1']), [1 << 25, None, 0, None]))
    return out
