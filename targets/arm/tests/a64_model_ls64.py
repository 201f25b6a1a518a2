# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_LS64, LS64_V, LS64_ACCDATA: 64 bytes of memory that is not cacheable, and what is refused."""

from a64_directed import window

EC_DABORT, EC_LS64 = 0x25, 0x0a
OPS = {'ld64b': 0xf83fd000, 'st64b': 0xf83f9000, 'st64bv': 0xf820b000 | 2 << 16, 'st64bv0': 0xf820a000 | 2 << 16}
LST = {'ld64b': 2, 'st64b': 2, 'st64bv': 1, 'st64bv0': 3}
ACCDATA = 's3_0_c13_c0_5'


def case(rng, op, kind, offset):
    page = window(kind)
    memory = [rng.getrandbits(64) for _ in range(8)]
    x = [rng.getrandbits(64) for _ in range(8)]
    acc = rng.getrandbits(32)
    code, want = ['ldr x3, =0x%x' % page], []
    usable = kind in ('uncached', 'rw')
    if usable:
        for i, v in enumerate(memory):
            code += ['ldr x0, =0x%x' % v, 'str x0, [x3, #%d]' % (8 * i)]
    code += ['ldr x%d, =0x%x' % (10 + i, v) for i, v in enumerate(x)]
    code += ['ldr x0, =0x%x' % acc, 'msr %s, x0' % ACCDATA, 'mrs x0, %s' % ACCDATA, 'out x0', 'mov x2, #77',
             'add x3, x3, #%d' % offset, '.inst 0x%08x' % (OPS[op] | 3 << 5 | 10), 'sub x3, x3, #%d' % offset, 'mov x20, x9',
             'out x2']
    want.append(acc)
    store = op != 'ld64b'
    fsc = 0x21 if offset & 63 else 0x07 if kind == 'none' else 0x35 if kind == 'rw' else 0x0f if kind == 'ro' and store else None
    if kind == 'ro' and fsc is None:
        fsc = 0x35
    if fsc is not None:
        # ISV, SAS, SRT (X10), SF and LST; ISS2 has Xs
        syndrome = 1 << 24 | 3 << 22 | 10 << 16 | 1 << 15 | LST[op] << 11 | (2 << 32 if 'v' in op else 0) if fsc < 16 else 0
        want += [EC_DABORT << 26 | 1 << 25 | fsc | store << 6 | syndrome, page + offset, 0x3c5, None, 77]
    else:
        if store:
            memory = list(x)
            if op == 'st64bv0':
                memory[0] = x[0] >> 32 << 32 | acc
            want.append(77 if op == 'st64b' else 0)
        else:
            x = memory
            want.append(77)
    # the handler of an exception uses X10
    first = 1 if fsc is not None else 0
    code += ['out x%d' % (10 + i) for i in range(first, 8)]
    want += x[first:]
    if usable:
        for i, v in enumerate(memory):
            code += ['ldr x0, [x3, #%d]' % (8 * i), 'out x0']
            want.append(v)
    return '%s-%s-%d' % (op, kind, offset), '\n'.join(code), want


def cases(env, rounds):
    out = []
    for op in OPS:
        for kind in ('uncached', 'rw', 'ro', 'none'):
            for offset in (0, 8):
                for _ in range(rounds):
                    out.append(case(env.rng, op, kind, offset))
    return out
