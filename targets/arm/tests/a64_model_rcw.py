# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_THE: read-check-write instructions, by an evaluation of MemAtomicRCW and RCWCheck; FEAT_D128's pairs too."""

from a64_directed import SCTLR, exception, window

EC_UNKNOWN, EC_DABORT = 0x00, 0x25
# op -> bits 15:10 of the 64-bit and of the 128-bit form
OPS = {'cas': (0x02, 0x03), 'clr': (0x24, 0x24), 'swp': (0x28, 0x28), 'set': (0x2c, 0x2c)}
TCR2, RCWMASK, RCWSMASK = 's3_0_c2_c0_3', 's3_0_c13_c0_6', 's3_0_c13_c0_3'
PNCH, D128 = 1 << 0, 1 << 5


def mrrs(rt, crn, crm, op2, write):
    return '.inst 0x%08x' % ((0xd5500000 if write else 0xd5700000) | 1 << 19 | crn << 12 | crm << 8 | op2 << 5 | rt)


def encoding(op, wide, soft, order, rs, rn, rt):
    if op == 'cas' or wide:
        base = 0x19200000
        return base | soft << 30 | order << 22 | rs << 16 | OPS[op][wide] << 10 | rn << 5 | rt
    return 0x38200000 | soft << 30 | order << 22 | rs << 16 | OPS[op][0] << 10 | rn << 5 | rt


def bits(value, high, low):
    return value >> low & (1 << high - low + 1) - 1


def put(value, high, low, field):
    return value & ~((1 << high - low + 1) - 1 << low) | field << low


def effective(mask, wide, software, protection):
    """What RCWMASK_EL1 and RCWSMASK_EL1 act as."""
    if wide:
        mask = put(mask, 55, 17, (1 << 39) - 1 if bits(mask, 16, 16) else 0)
        for high, low in ((126, 125), (120, 119), (107, 101), (90, 56), (1, 0)):
            mask = put(mask, high, low, 0)
        return put(mask, 114, 114, 0) if software else mask
    mask = put(mask & 2**64 - 1, 49, 18, (1 << 32) - 1 if bits(mask, 17, 17) else 0)
    mask = put(mask, 0, 0, 0)
    return put(mask, 52, 52, 0) if software and protection else mask


def rcw_check(old, new, wide, soft, protection, mask, smask):
    p = 114 if wide else 52
    full = 2**(128 if wide else 64) - 1
    mask, smask = effective(mask, wide, False, protection), effective(smask, wide, True, protection)
    state = mask_fails = soft_state = soft_mask = False
    if protection:
        if bits(old, p, p):
            state = (bits(new, p, p), new & 1) != (bits(old, p, p), old & 1)
        else:
            state = bits(new, p, p) != 0
        if bits(old, p, p) and old & 1:
            mask_fails = (new ^ old) & ~mask & full != 0
    if soft:
        if old & 1:
            soft_state = not new & 1
        elif not protection or not bits(old, p, p):
            soft_state = new & 1 == 1
        if old & 1:
            soft_mask = (new ^ old) & ~smask & full != 0
    return (state or mask_fails) << 2 | (not (soft_state or soft_mask)) << 1


def rcw(op, old, compare, operand, *how):
    """NZCV and what is in memory then."""
    new = {'cas': operand, 'swp': operand, 'clr': old & ~operand, 'set': old | operand}[op]
    nzcv = 0b1010 if op == 'cas' and old != compare else rcw_check(old, new, *how)
    return nzcv, new if nzcv == 0b0010 else old


def sparse(rng, width):
    return sum(1 << rng.randrange(width) for _ in range(rng.choice((0, 1, 1, 2, 3))))


def descriptor(rng, wide):
    width, p = (128, 114) if wide else (64, 52)
    value = rng.getrandbits(width)
    for bit, chance in ((0, 0.7), (p, 0.5)):
        value = put(value, bit, bit, rng.random() < chance)
    return value


def operand_for(rng, op, old, wide):
    width = 128 if wide else 64
    change = sparse(rng, width)
    if rng.random() < 0.3:
        change &= ~(1 | 1 << (114 if wide else 52))
    if rng.random() < 0.1:
        change = rng.getrandbits(width)
    return old ^ change if op in ('cas', 'swp') else change


def case(rng, op, wide, soft, big):
    old = descriptor(rng, wide)
    operand = operand_for(rng, op, old, wide)
    compare = old if rng.random() < 0.8 else old ^ sparse(rng, 64)
    masks = [rng.getrandbits(128) | (rng.getrandbits(128) if rng.random() < 0.7 else 0) for _ in range(2)]
    protection = wide or rng.random() < 0.7
    order = rng.randrange(4)
    page = window('rw') if not wide and not big else None
    code = ['ldr x9, =scratch' if page is None else 'ldr x9, =0x%x' % page]
    for reg, (crn, crm, op2), mask in zip((10, 12), ((13, 0, 6), (13, 0, 3)), masks):
        code += ['ldr x%d, =0x%x' % (reg, mask & 2**64 - 1), 'ldr x%d, =0x%x' % (reg + 1, mask >> 64),
                 mrrs(reg, crn, crm, op2, True)]
    low = lambda v: v & 2**64 - 1
    # in the guest's byte order the first register of a pair is at the lower address
    first = (lambda v: v >> 64) if wide and big else low
    second = low if wide and big else (lambda v: v >> 64)
    code += ['ldr x0, =0x%x' % first(old), 'ldr x1, =0x%x' % second(old), 'ldr x2, =0x%x' % first(compare),
             'ldr x3, =0x%x' % second(compare), 'ldr x4, =0x%x' % first(operand), 'ldr x5, =0x%x' % second(operand),
             'ldr x6, =0x%x' % ((protection and not wide) * PNCH | wide * D128)]
    flat = wide or big
    sctlr = (SCTLR & ~1 if flat else SCTLR) | big << 25
    code += ['ldr x7, =0x%x' % sctlr, 'ldr x8, =0x%x' % (SCTLR & ~1 if flat else SCTLR)]
    code += ['msr sctlr_el1, x8', 'isb'] if flat else []
    code += ['msr %s, x6' % TCR2, 'isb', 'msr sctlr_el1, x7', 'isb', 'stp x0, x1, [x9]' if wide else 'str x0, [x9]']
    if wide:
        inst = encoding(op, 1, soft, order, 2, 9, 4) if op == 'cas' else encoding(op, 1, soft, order, 5, 9, 4)
    else:
        inst = encoding(op, 0, soft, order, 2, 9, 4) if op == 'cas' else encoding(op, 0, soft, order, 4, 9, 2)
    code += ['.inst 0x%08x' % inst, 'mrs x11, nzcv', 'ldp x12, x13, [x9]' if wide else 'ldr x12, [x9]',
             'msr sctlr_el1, x8', 'isb', 'msr %s, xzr' % TCR2, 'isb', 'ldr x8, =0x%x' % SCTLR, 'msr sctlr_el1, x8', 'isb']
    nzcv, memory = rcw(op, old, compare, operand, wide, soft, protection, *masks)
    code += ['out x11', 'out x12']
    want = [nzcv << 28, first(memory)]
    if wide:
        code.append('out x13')
        want.append(second(memory))
    if wide and op != 'cas':
        code += ['out x4', 'out x5']
        want += [first(old), second(old)]
    else:
        code += ['out x2'] + ['out x3'] * wide
        want += [first(old)] + [second(old)] * wide
    name = '%s%s%s%s' % ('s' * soft, op, 'p' * wide, '-be' * big)
    return name, '\n'.join(code), want


def faults():
    out = []
    for op in OPS:
        for kind, offset, fsc in (('rw', 4, 0x21), ('rw', 4096 - 4, 0x21), ('none', 0, 0x07), ('ro', 0, 0x4f)):
            page = window(kind)
            # the check fails (the compared value differs, or the software's mask), and the permission is asked for all the same
            code = ['ldr x3, =0x%x' % page, 'add x3, x3, #%d' % offset, 'mov x2, #0x33', 'mov x4, #0x44',
                    '.inst 0x%08x' % encoding(op, 0, 1, 0, *((2, 3, 4) if op == 'cas' else (4, 3, 2))), 'out x2']
            out.append(('%s-%s-%d' % (op, kind, offset), '\n'.join(code),
                        exception(EC_DABORT, fsc, page + offset, 0x3c5, None) + [0x33]))
        # descriptors of the other size, and pairs that are none
        page = window('rw')
        code = ['ldr x3, =0x%x' % page, '.inst 0x%08x' % encoding(op, 1, 0, 0, 2, 3, 4)]
        out.append((op + '-p-undefined', '\n'.join(code), [1 << 25, None, 0x3c5, None]))
        code = ['ldr x3, =scratch', 'ldr x6, =0x%x' % (SCTLR & ~1), 'msr sctlr_el1, x6', 'isb', 'mov x5, #%d' % D128,
                'msr %s, x5' % TCR2, 'isb', '.inst 0x%08x' % encoding(op, 0, 0, 0, 2, 3, 4),
                '.inst 0x%08x' % encoding(op, 1, 0, 0, *((3, 3, 4) if op == 'cas' else (31, 3, 4))), 'msr %s, xzr' % TCR2,
                'isb']
        out.append((op + '-undefined', '\n'.join(code), [1 << 25, None, 0x3c5, None] * 2))
    # EL0: no descriptors of its own, and the checks of EL1's
    code = ['ldr x3, =0x%x' % window('user'), 'mov x0, #0x11', 'str x0, [x3]', 'mov x4, #0x22', 'el0',
            '.inst 0x%08x' % encoding('swp', 0, 0, 0, 4, 3, 2), 'mrs x5, nzcv', 'ldr x6, [x3]', 'el1', 'out x2', 'out x5',
            'out x6']
    out.append(('swp-el0', '\n'.join(code), [0x11, 2 << 28, 0x22]))
    return out


def cases(env, rounds):
    out = []
    for op in OPS:
        for wide in (0, 1):
            for soft in (0, 1):
                for big in (0, 1):
                    for _ in range(rounds * (12 if not big else 4)):
                        out.append(case(env.rng, op, wide, soft, big))
    return out + faults()
