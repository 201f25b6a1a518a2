# SPDX-License-Identifier: LGPL-2.1-or-later
"""
FEAT_MOPS by the pseudocode of CPY, CPYF and SET, byte by byte, with the choices of helper_mops.c: Option A, nothing
moved by prologue and epilogue, no mismatch for a size of zero.
"""

from a64_directed import EL0, KINDS, LAYOUT, RO, WINDOW

EC_DABORT_SAME, EC_MOPS, EC_UNKNOWN = 0x25, 0x27, 0
M64 = (1 << 64) - 1
MUL, ADD, PRIME = 6364136223846793005, 1442695040888963407, 0x100000001b3
WRITABLE = [i for i, k in enumerate(LAYOUT[:14]) if k in ('rw', 'user')]
CPYF, CPY, SET = range(3)
BASES = {CPYF: 0x19000400, CPY: 0x1d000400, SET: 0x19c00400}
NAMES = {CPYF: 'cpyf', CPY: 'cpy', SET: 'set'}


def signed(v):
    return v - (1 << 64) if v >> 63 else v


class Fault(Exception):
    pass


class Case:
    """X1 to, X2 from or value, X3 size; the window's pages as the piece fills them."""

    def __init__(self, seed, x):
        self.seed = seed
        self.x = [v & M64 for v in x]
        self.first = list(self.x)
        self.nzcv = 0
        self.memory = {}
        state = seed
        for page in WRITABLE:
            data = bytearray()
            for _ in range(512):
                state = (state * MUL + ADD) & M64
                data += state.to_bytes(8, 'little')
            self.memory[page] = data
        self.lines = []
        self.want = []

    def page(self, address, write, user):
        n = (address - WINDOW) // 4096
        attributes = KINDS[LAYOUT[n]] if 0 <= n < len(LAYOUT) else 0
        if address >> 39:
            raise Fault(0x04, address, write)       # beyond what TCR_EL1 allows
        if not attributes:
            raise Fault(0x07, address, write)
        if user and not attributes & EL0 or write and attributes & RO:
            raise Fault(0x0f, address, write)
        return self.memory[n], address % 4096

    def read(self, address, user):
        data, at = self.page(address, False, user)
        return data[at]

    def write(self, address, value, user):
        data, at = self.page(address, True, user)
        data[at] = value

    def step(self, kind, stage, options):
        """One instruction: [] or what its exception writes."""
        to, source, size = self.x[1:4]
        wuser, ruser = bool(options & 1), bool(options & 2)
        if stage == 0:
            self.nzcv = 0
            limit = (1 << 55) - 1 if kind == CPY else (1 << 63) - 1
            size = min(size, limit)
            forward = True
            if kind == CPY:
                mask = (1 << 56) - 1
                if source & mask < to & mask and (source + size) & mask > to & mask:
                    forward = False
            if forward:
                self.x[1] = (to + size) & M64
                if kind != SET:
                    self.x[2] = (source + size) & M64
                size = -size & M64
            self.x[3] = size
            return []
        iss = 1 << 10 | 2 << 5 | 3 | 1 << 16 | (stage == 2) << 18 | options << 19 | (kind == SET) << 24
        if size and self.nzcv & 2:
            return [EC_MOPS << 26 | 1 << 25 | iss | 1 << 17, None, 0x3c5 | self.nzcv << 28, None]
        if stage == 2:
            return [EC_MOPS << 26 | 1 << 25 | iss, None, 0x3c5 | self.nzcv << 28, None] if size else []
        try:
            while self.x[3]:
                size = signed(self.x[3])
                at = size if size < 0 else size - 1
                if kind == SET:
                    self.write((to + at) & M64, source & 255, wuser)
                else:
                    # the write's page is looked at before anything moves
                    v = self.read((source + at) & M64, ruser)
                    self.write((to + at) & M64, v, wuser)
                self.x[3] = (self.x[3] + (1 if size < 0 else -1)) & M64
        except Fault as f:
            fsc, far, write = f.args
            return [EC_DABORT_SAME << 26 | 1 << 25 | fsc | write << 6, far, 0x3c5 | self.nzcv << 28, None]
        return []

    def add(self, kind, stage, options):
        self.lines += ['.inst 0x%08x' % (BASES[kind] | stage << (14 if kind == SET else 22) | options << 12 | 2 << 16 |
                                         3 << 5 | 1)]
        self.want += self.step(kind, stage, options)
        self.lines += ['out x1', 'out x2', 'out x3', 'mrs x0, nzcv', 'out x0']
        self.want += self.x[1:4] + [self.nzcv << 28]

    def flags(self, nzcv):
        self.nzcv = nzcv
        self.lines += ['mov x0, #0x%x' % (nzcv << 28), 'msr nzcv, x0']

    def finish(self):
        head = ['ldr x4, =0x%x' % self.seed, 'ldr x5, =0x%x' % MUL, 'ldr x6, =0x%x' % ADD, 'ldr x8, =0x%x' % PRIME]
        for page in WRITABLE:
            head += ['mov x7, #512', 'add x11, x26, #%d << 12' % page, '1: madd x4, x4, x5, x6', 'str x4, [x11], #8',
                     'subs x7, x7, #1', 'b.ne 1b']
        head += ['msr nzcv, xzr'] + ['ldr x%d, =0x%x' % (i, self.first[i]) for i in (1, 2, 3)]
        tail = ['mov x12, #0']
        h = 0
        for page in WRITABLE:
            tail += ['mov x7, #512', 'add x11, x26, #%d << 12' % page, '1: ldr x4, [x11], #8', 'eor x12, x12, x4',
                     'mul x12, x12, x8', 'eor x12, x12, x12, lsr #29', 'subs x7, x7, #1', 'b.ne 1b']
            for i in range(0, 4096, 8):
                h = (h ^ int.from_bytes(self.memory[page][i:i + 8], 'little')) * PRIME & M64
                h ^= h >> 29
        return '\n'.join(head + self.lines + tail + ['out x12']), self.want + [h]


def place(rng, size, pages=(0, 3)):
    """An address with room for size bytes in a run of pages."""
    room = (pages[1] - pages[0] + 1) * 4096 - size
    return WINDOW + pages[0] * 4096 + rng.randrange(0, room + 1)


def cases(env, rounds):
    rng, out = env.rng, []

    def finish(name, c):
        code, want = c.finish()
        out.append((name, code, want))

    def whole(name, kind, to, source, size, options=0):
        c = Case(rng.getrandbits(64), [0, to, source, size])
        for stage in range(3):
            c.add(kind, stage, options)
        finish('%s-%s-%d' % (NAMES[kind], name, options), c)

    for _ in range(6 * rounds):
        size = rng.choice([0, 1, 7, 64, 100, 4095, 4096, 5000, 8000])
        for kind in (CPYF, CPY, SET):
            # apart
            a, b = place(rng, size, (0, 1)), place(rng, size, (2, 3))
            whole('apart', kind, a, b, size, rng.choice([0, 4, 8, 12]) if kind != SET else rng.choice([0, 2]))
            whole('apart', kind, b, a, size)
        if size:
            # overlapping
            a = place(rng, size, (1, 2))
            whole('overlap', CPY, a, a + rng.randrange(-min(size, 4000), min(size, 4000) + 1), size)
            a = place(rng, size, (1, 2))
            whole('overlap', CPYF, a, a + rng.randrange(0, min(size, 4000) + 1), size)
        # into what is not there: page 4 is not mapped, page 6 is read-only
        for kind in (CPYF, CPY, SET):
            whole('unmapped', kind, WINDOW + 0x4000 - rng.randrange(0, 300), WINDOW + rng.randrange(5000), 400)
            whole('read-only', kind, WINDOW + 0x6000 - rng.randrange(0, 300), WINDOW + rng.randrange(5000), 400)
            whole('huge', kind, WINDOW + 0x4000 - rng.randrange(0, 300), WINDOW, rng.getrandbits(64) | 1 << 63)
        for kind in (CPYF, CPY):
            whole('from-unmapped', kind, WINDOW + rng.randrange(5000), WINDOW + 0x4000 - rng.randrange(0, 300), 400)
        # downwards into a page that is not mapped, below page 5
        a = WINDOW + 0x5000 - rng.randrange(0, 200)
        whole('down', CPY, a, a - rng.randrange(1, 100), 300)
        # as EL0
        for kind in (CPYF, CPY):
            for options in (1, 2, 3):
                user, kernel = place(rng, 200, (12, 13)), place(rng, 200)
                whole('unprivileged', kind, user, kernel, 200, options)
                whole('unprivileged', kind, kernel, user, 200, options)
                whole('unprivileged', kind, place(rng, 200, (12, 12)), place(rng, 200, (13, 13)), 200, options)
        whole('unprivileged', SET, place(rng, 200, (12, 13)), 3, 200, 1)
        whole('unprivileged', SET, place(rng, 200), 3, 200, 1)
    # every combination of options, of which some say what kind of access, and some that it is not used again soon
    for kind in (CPYF, CPY, SET):
        for options in range(4 if kind == SET else 16):
            user, kernel = place(rng, 300, (12, 12)), place(rng, 300)
            source = place(rng, 300, (13, 13)) if options & 2 else place(rng, 300)
            whole('options', kind, user, source, rng.randrange(1, 300), options)
            whole('options', kind, kernel, source, rng.randrange(1, 300), options)
    # mismatches
    for kind in (CPYF, CPY, SET):
        for stage in (1, 2):
            for nzcv in (0, 2, 10):
                for size in (0, 5, M64 - 4):
                    if stage == 1 and kind != CPY and size == 5 and nzcv == 0:
                        continue                # not well-formed
                    c = Case(rng.getrandbits(64), [0, WINDOW + 100, WINDOW + 4196, size])
                    c.flags(nzcv)
                    c.add(kind, stage, 3 if kind != SET and nzcv else 0)
                    finish('%s-mismatch-%d-%d-%x' % (NAMES[kind], stage, nzcv, size), c)
    # registers that overlap
    for kind in (CPYF, CPY, SET):
        for insn in (BASES[kind] | 1 << 16 | 3 << 5 | 1, BASES[kind] | 2 << 16 | 1 << 5 | 1, BASES[kind] | 2 << 16 | 31 << 5 | 1):
            out.append(('%s-registers-%08x' % (NAMES[kind], insn), '.inst 0x%08x' % insn,
                        [1 << 25, None, 0x3c5, 0]))
    return out
