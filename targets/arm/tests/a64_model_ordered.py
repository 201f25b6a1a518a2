# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_LRCPC3 and FEAT_LSE128: pairs and vectors in order, 128-bit atomics, and which alignment they want."""

EC_DABORT, ALIGNMENT, WNR = 0x25, 0x21, 1 << 6
NAA = 1 << 6                                    # SCTLR_EL1
SIZE = 64                                       # bytes of memory that a case looks at
M64 = (1 << 64) - 1


def word(fixed, rt, rn, **fields):
    """fixed with fields (value, position)."""
    for value, position in fields.values():
        fixed |= value << position
    return fixed | rt | rn << 5


class Case:
    """Memory and registers before and after; X1, X2 data, X3 base, V4 (V4.d[0], V4.d[1])."""

    def __init__(self, rng, offset, naa):
        self.memory = bytearray(rng.randbytes(SIZE))
        self.before = bytes(self.memory)
        self.x = [0, rng.getrandbits(64), rng.getrandbits(64), 0]
        self.v = rng.getrandbits(128)
        self.first_x, self.first_v = list(self.x), self.v
        self.offset, self.base = offset, offset  # where it points to, of the memory
        self.naa = naa
        self.fault = None

    def check(self, at, size, atomic, write):
        """AArch64_UnalignedAccessFaults with FEAT_LSE2."""
        if at // 16 != (at + size - 1) // 16 and (atomic or not self.naa):
            self.fault = (at, write)
            return False
        return True

    def read(self, at, size, atomic=False):
        if not self.check(at, size, atomic, False):
            return None
        return int.from_bytes(self.memory[at:at + size], 'little')

    def write(self, at, size, value, atomic=False):
        if self.check(at, size, atomic, True):
            self.memory[at:at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, 'little')
            return True
        return False

    def code(self, insn):
        lines = ['mrs x0, sctlr_el1', 'orr x0, x0, #%d' % NAA if self.naa else 'nop', 'msr sctlr_el1, x0', 'isb']
        for i in range(0, SIZE, 8):
            lines += ['ldr x0, =0x%x' % int.from_bytes(self.before[i:i + 8], 'little'), 'str x0, [x26, #%d]' % i]
        lines += ['ldr x%d, =0x%x' % (i, self.first_x[i]) for i in (1, 2)]
        lines += ['ldr x0, =0x%x' % (self.first_v & M64), 'fmov d4, x0', 'ldr x0, =0x%x' % (self.first_v >> 64),
                  'fmov v4.d[1], x0', 'add x3, x26, #%d' % self.offset, '.inst 0x%08x' % insn]
        lines += ['sub x3, x3, x26', 'out x1', 'out x2', 'out x3', 'fmov x0, d4', 'out x0', 'fmov x0, v4.d[1]', 'out x0']
        for i in range(0, SIZE, 8):
            lines += ['ldr x0, [x26, #%d]' % i, 'out x0']
        return '\n'.join(lines)

    def want(self):
        out = []
        if self.fault:
            at, write = self.fault
            out += [EC_DABORT << 26 | 1 << 25 | ALIGNMENT | (WNR if write else 0), 0x50000000 + at, None, None]
        out += [self.x[1], self.x[2], self.base, self.v & M64, self.v >> 64]
        return out + [int.from_bytes(self.memory[i:i + 8], 'little') for i in range(0, SIZE, 8)]


def stlr_pre(c, size):
    at = c.base - (1 << size)
    if c.write(at, 1 << size, c.x[1]):
        c.base = at
    return word(0x99800800, 1, 3, size=(size & 1, 30))


def ldapr_post(c, size):
    v = c.read(c.base, 1 << size)
    if v is not None:
        c.x[1] = v
        c.base += 1 << size
    return word(0x99c00800, 1, 3, size=(size & 1, 30))


def stilp(c, size, offset):
    at = c.base - (0 if offset else 2 << size)
    bits = 8 << size
    value = c.x[1] & (1 << bits) - 1 | (c.x[2] & (1 << bits) - 1) << bits
    if c.write(at, 2 << size, value):
        c.base = at
    return word(0x99000800, 1, 3, size=(size & 1, 30), rt2=(2, 16), w=(offset, 12))


def ldiapp(c, size, offset):
    v = c.read(c.base, 2 << size)
    if v is not None:
        bits = 8 << size
        c.x[1], c.x[2] = v & (1 << bits) - 1, v >> bits
        c.base += 0 if offset else 2 << size
    return word(0x99400800, 1, 3, size=(size & 1, 30), rt2=(2, 16), w=(offset, 12))


def stlur_v(c, size, imm):
    c.write(c.base + imm, 1 << size, c.v)
    return word(0x1d000800, 4, 3, size=(size & 3, 30), q=(size >> 2, 23), imm=(imm & 0x1ff, 12))


def ldapur_v(c, size, imm):
    v = c.read(c.base + imm, 1 << size)
    if v is not None:
        c.v = v
    return word(0x1d400800, 4, 3, size=(size & 3, 30), q=(size >> 2, 23), imm=(imm & 0x1ff, 12))


def stl1(c, lane):
    c.write(c.base, 8, c.v >> 64 * lane & M64)
    return word(0x0d018400, 4, 3, q=(lane, 30))


def ldap1(c, lane):
    v = c.read(c.base, 8)
    if v is not None:
        c.v = c.v & ~(M64 << 64 * lane) | v << 64 * lane
    return word(0x0d418400, 4, 3, q=(lane, 30))


def atomic(c, op, order):
    there = c.read(c.base, 16, atomic=True)
    if there is not None:
        operand = c.x[1] | c.x[2] << 64
        c.write(c.base, 16, {1: there & ~operand, 3: there | operand, 8: operand}[op], atomic=True)
        c.x[1], c.x[2] = there & M64, there >> 64
    return word(0x19200000, 1, 3, rt2=(2, 16), op=(op, 12), order=(order, 22))


def failing():
    """Exclusive stores without a reservation, each in a block of its own: a status is 1 in all of its register."""
    lines = ['add x4, x26, #16', 'ldr x7, =0x%x' % M64, 'str x7, [x4]', 'mov x2, x7', 'mov x3, x7', 'mov x20, #3',
             '1: clrex', 'b 2f', '2: stxp w1, x2, x3, [x4]', 'b 3f', '3: stxr w5, x20, [x4]', 'b 4f', '4: stlxrb w6, w20, [x4]',
             'out x1', 'out x5', 'out x6', 'subs x20, x20, #1', 'b.ne 1b', 'ldr x0, [x4]', 'out x0']
    return ('exclusive-fails', '\n'.join(lines), [1] * 9 + [M64])


def cases(env, rounds):
    out = [failing()]
    rng = env.rng

    def add(name, fn, *args):
        for _ in range(4 * rounds):
            for naa in (0, 1):
                c = Case(rng, rng.randrange(16, 33), naa)
                insn = fn(c, *args)
                code = c.code(insn)
                # the address register of a store that faults keeps its value, as do data
                out.append(('%s-%s-%d-naa%d' % (name, '-'.join(str(a) for a in args), c.offset, naa), code, c.want()))

    for size in (2, 3):
        add('stlr-pre', stlr_pre, size)
        add('ldapr-post', ldapr_post, size)
        for offset in (0, 1):
            add('stilp', stilp, size, offset)
            add('ldiapp', ldiapp, size, offset)
    for size in range(5):
        for imm in (0, -5, 3):
            add('stlur', stlur_v, size, imm)
            add('ldapur', ldapur_v, size, imm)
    for lane in (0, 1):
        add('stl1', stl1, lane)
        add('ldap1', ldap1, lane)
    for op in (1, 3, 8):
        for order in range(4):
            add('atomic', atomic, op, order)
    return out
