# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_MTE, MTE2, MTE3: tags in registers and in memory, and which accesses are checked, by the pseudocode."""

from a64_directed import TCR, window

M64 = (1 << 64) - 1
EC_DABORT, TAG_CHECK, ALIGNMENT = 0x25, 0x11, 0x21
ATA, ATA0, TBI0, TCMA0 = 1 << 43, 1 << 42, 1 << 37, 1 << 57
TAGGED, USER, PLAIN = window('tagged', 0), window('tagged-user', 0), window('rw', 0)
GRANULES = 16                                   # that a case looks at
SYNC, ASYNC, ASYMMETRIC = 1, 2, 3
SPSR = 0x3c5
TFSR = 's3_0_c5_c6_0'
GCR, RGSR = 's3_0_c1_c0_6', 's3_0_c1_c0_5'


def choose(tag, offset, exclude):
    if exclude == 0xffff:
        return 0
    if offset == 0:
        while exclude >> tag & 1:
            tag = (tag + 1) % 16
    while offset:
        offset -= 1
        tag = (tag + 1) % 16
        while exclude >> tag & 1:
            tag = (tag + 1) % 16
    return tag


def random_tag(rgsr):
    tag = 0
    for i in range(4):
        lfsr = rgsr >> 8 & 0xffff
        top = (lfsr >> 5 ^ lfsr >> 3 ^ lfsr >> 2 ^ lfsr) & 1
        rgsr = rgsr & ~0xffff00 | (lfsr >> 1 | top << 15) << 8
        tag |= top << i
    return tag, rgsr


def with_tag(value, tag):
    return value & ~(15 << 56) | tag << 56


def start(tcf, tcr=0, ata=True, ata0=False):
    access = (ATA if ata else 0) | (ATA0 if ata0 else 0)
    return ['mrs x0, sctlr_el1', 'ldr x1, =0x%x' % (access | tcf << 40), 'orr x0, x0, x1', 'msr sctlr_el1, x0',
            'ldr x0, =0x%x' % (TCR | TBI0 | tcr), 'msr tcr_el1, x0', 'msr %s, xzr' % TFSR, 'isb', 'msr tco, #0']


def unchecked():
    return ['mrs x0, sctlr_el1', 'ldr x1, =0x%x' % (3 << 40), 'bic x0, x0, x1', 'ldr x1, =0x%x' % ATA, 'orr x0, x0, x1',
            'msr sctlr_el1, x0', 'isb']


def extend(v, bits=56):
    v &= (1 << bits) - 1
    return v - (1 << bits) if v >> bits - 1 else v


def registers(rng, rounds):
    for i in range(8 * rounds):
        ata = i % 4 != 3
        exclude = rng.choice([0, 0xffff, 1, 0xfffe, 0x7fff, rng.getrandbits(16)])
        rgsr = rng.getrandbits(16) << 8 | rng.getrandbits(4)
        code = start(0, ata=ata) + ['ldr x0, =0x%x' % exclude, 'msr %s, x0' % GCR, 'ldr x0, =0x%x' % rgsr, 'msr %s, x0' % RGSR]
        want = []
        for _ in range(6):
            a, b = rng.getrandbits(64), rng.getrandbits(64)
            imm, step = rng.randrange(64) * 16, rng.randrange(16)
            code += ['ldr x1, =0x%x' % a, 'ldr x2, =0x%x' % b]
            for op, sign in (('addg', 1), ('subg', -1)):
                code += ['%s x3, x1, #%d, #%d' % (op, imm, step), 'out x3']
                want.append(with_tag((a + sign * imm) & M64, choose(a >> 56 & 15, step, exclude) if ata else 0))
            code += ['irg x3, x1, x2', 'out x3', 'mrs x3, %s' % RGSR, 'out x3', 'gmi x3, x1, x2', 'out x3', 'subp x3, x1, x2',
                     'out x3', 'subps x3, x1, x2', 'out x3', 'mrs x3, nzcv', 'out x3']
            tag = 0
            if ata:
                offset, rgsr = random_tag(rgsr)
                tag = choose(rgsr & 15, offset, (b | exclude) & 0xffff)
                rgsr = rgsr & ~15 | tag
            n, m = extend(a), extend(b)
            difference = (n - m) & M64
            negative, zero = difference >> 63, difference == 0
            carry = (n & M64) >= (m & M64)
            overflow = not -(1 << 63) <= n - m < 1 << 63
            want += [with_tag(a, tag), rgsr, b | 1 << (a >> 56 & 15), difference, difference,
                     negative << 31 | zero << 30 | carry << 29 | overflow << 28]
        yield 'registers-%d' % i, '\n'.join(code), want


class Memory:
    """The first granules of a page that has tags, or not."""

    def __init__(self, rng, tagged=True, page=None):
        self.page = page or (TAGGED if tagged else PLAIN)
        self.tagged = tagged
        self.tags = [rng.getrandbits(4) if tagged else 0 for _ in range(GRANULES)]
        self.data = bytearray(rng.randbytes(16 * GRANULES))
        self.lines = ['ldr x10, =0x%x' % self.page]
        for i in range(GRANULES):
            self.lines += ['ldr x0, =0x%x' % with_tag(self.page + 16 * i, self.tags[i]), 'stg x0, [x0]']
        for i in range(0, 16 * GRANULES, 8):
            self.lines += ['ldr x0, =0x%x' % int.from_bytes(self.data[i:i + 8], 'little'), 'str x0, [x10, #%d]' % i]

    def set_tag(self, address, tag):
        if self.tagged:
            self.tags[((address & (1 << 56) - 1) - self.page) // 16] = tag

    def write(self, address, data):
        at = (address & (1 << 56) - 1) - self.page
        self.data[at:at + len(data)] = data

    def read(self, address, size):
        at = (address & (1 << 56) - 1) - self.page
        return int.from_bytes(self.data[at:at + size], 'little')

    def tag_at(self, address):
        return self.tags[((address & (1 << 56) - 1) - self.page) // 16]

    def observe(self):
        code, want = unchecked() + ['ldr x10, =0x%x' % self.page], []
        for i in range(GRANULES):
            code += ['add x0, x10, #%d' % (16 * i), 'ldg x0, [x0]', 'ldp x1, x2, [x10, #%d]' % (16 * i), 'out x0',
                     'out x1', 'out x2']
            want += [with_tag(self.page + 16 * i, self.tags[i]), int.from_bytes(self.data[16 * i:16 * i + 8], 'little'),
                     int.from_bytes(self.data[16 * i + 8:16 * i + 16], 'little')]
        return code, want


def stores(rng, rounds):
    for tagged in (True, False):
        for _ in range(3 * rounds):
            for op, granules, zero in (('stg', 1, 0), ('st2g', 2, 0), ('stzg', 1, 1), ('stz2g', 2, 1), ('stgp', 1, 0)):
                for index in ('post', 'offset', 'pre', 'misaligned'):
                    m = Memory(rng, tagged)
                    base = with_tag(m.page + 16 * rng.randrange(4, 8), rng.getrandbits(4))
                    if index == 'misaligned':
                        base += rng.randrange(1, 16)
                    imm = 16 * rng.randrange(-4, 4)
                    source = [rng.getrandbits(64), rng.getrandbits(64)]
                    text = {'post': '[x3], #%d' % imm}.get(index, '[x3, #%d]%s' % (imm, '!' if index == 'pre' else ''))
                    regs = 'x4, x5' if op == 'stgp' else 'x4'
                    code = start(0) + m.lines + ['ldr x3, =0x%x' % base, 'ldr x4, =0x%x' % source[0], 'ldr x5, =0x%x' % source[1],
                                                 '%s %s, %s' % (op, regs, text), 'out x3']
                    want = []
                    address = base if index == 'post' else (base + imm) & M64
                    if index == 'misaligned':
                        want += [EC_DABORT << 26 | 1 << 25 | ALIGNMENT | 1 << 6, address, SPSR, None, base]
                    else:
                        for g in range(granules):
                            m.set_tag(address + 16 * g, (address if op == 'stgp' else source[0]) >> 56 & 15)
                        if op == 'stgp':
                            m.write(address, b''.join(s.to_bytes(8, 'little') for s in source))
                        if zero:
                            m.write(address, bytes(16 * granules))
                        want.append(base if index == 'offset' else (base + imm) & M64)
                    more, seen = m.observe()
                    yield '%s-%s-%d' % (op, index, tagged), '\n'.join(code + more), want + seen
            for op in ('ldgm', 'stgm', 'stzgm', 'dc gva', 'dc gzva', 'ldg'):
                m = Memory(rng, tagged)
                base, x = with_tag(m.page + rng.randrange(0, 16 * GRANULES), rng.getrandbits(4)), rng.getrandbits(64)
                block = base & ~63
                text = '%s, x3' % op if op[:2] == 'dc' else '%s x4, [x3]' % op
                if op == 'ldg':
                    base &= ~15
                code = start(0) + m.lines + ['ldr x3, =0x%x' % base, 'ldr x4, =0x%x' % x, text, 'out x4']
                if op == 'ldgm':
                    x = 0
                    for a in range(block, block + 64, 16):
                        x |= m.tag_at(a) << 4 * (a >> 4 & 15)
                elif op == 'ldg':
                    x = with_tag(x, m.tag_at(base))
                else:
                    for a in range(block, block + 64, 16):
                        m.set_tag(a, x >> 4 * (a >> 4 & 15) & 15 if op == 'stgm' else x & 15 if op == 'stzgm' else base >> 56 & 15)
                    if 'z' in op:
                        m.write(block, bytes(64))
                more, seen = m.observe()
                yield '%s-%d' % (op.replace(' ', ''), tagged), '\n'.join(code + more), [x] + seen


# Accesses by X3: text, bytes, offset, what it does: l load, s store, a both. {r}: register, where SP is not one
ACCESSES = [
    ('ldr x4, [{b}]', 8, 0, 'l', False), ('str x4, [{b}]', 8, 0, 's', False), ('ldrb w4, [{b}, #3]', 1, 3, 'l', False),
    ('strh w4, [{b}, #16]', 2, 16, 's', False), ('ldr x4, [{b}, x11]', 8, 8, 'l', True), ('str w4, [{b}, x11]', 4, 8, 's', True),
    ('ldr x4, [{b}], #16', 8, 0, 'l', True), ('str x4, [{b}, #16]!', 8, 16, 's', True), ('ldur w4, [{b}, #-4]', 4, -4, 'l', False),
    ('ldp x4, x5, [{b}]', 16, 0, 'l', False), ('stp x4, x5, [{b}, #16]!', 16, 16, 's', True),
    ('ldp x4, x5, [{b}], #32', 16, 0, 'l', True),
    ('stnp x4, x5, [{b}]', 16, 0, 's', False), ('ldr q4, [{b}]', 16, 0, 'l', False), ('str d4, [{b}, #8]', 8, 8, 's', False),
    ('ld1 {{v4.16b}}, [{b}]', 16, 0, 'l', False), ('st1 {{v4.16b, v5.16b}}, [{b}], #32', 32, 0, 's', True),
    ('ldaxr x4, [{b}]', 8, 0, 'l', False), ('ldxp x4, x5, [{b}]', 16, 0, 'l', False), ('ldar w4, [{b}]', 4, 0, 'l', False),
    ('stlr w4, [{b}]', 4, 0, 's', False), ('ldapr x4, [{b}]', 8, 0, 'l', False), ('ldadd x4, x5, [{b}]', 8, 0, 'a', False),
    ('cas x4, x5, [{b}]', 8, 0, 'a', False), ('casp x4, x5, x6, x7, [{b}]', 16, 0, 'a', False),
    ('swpb w4, w5, [{b}]', 1, 0, 'a', False),
    ('ldur x4, [{b}, #12]', 8, 12, 'l', False),
]


def checks(rng, rounds):
    for number, (text, size, offset, kind, sp_checked) in enumerate(ACCESSES):
        for _ in range(3 * rounds):
            for how in (0, SYNC, ASYNC, ASYMMETRIC):
                m = Memory(rng, rng.random() < 0.85)
                use_sp = rng.random() < 0.3
                tco = rng.random() < 0.1
                tcma = rng.random() < 0.2
                at = m.page + 16 * rng.randrange(2, 12)
                tag = m.tag_at(at + offset)
                if rng.random() < 0.6:
                    tag = rng.choice([0, rng.getrandbits(4)])
                base = with_tag(at, tag)
                code = start(how, TCMA0 if tcma else 0) + ['msr tco, #1'] + m.lines + ['msr tco, #%d' % tco]
                code += ['ldr x3, =0x%x' % base, 'mov x11, #8', 'mov x4, #0', 'mov x5, #0', 'mov x6, #0', 'mov x7, #0']
                code += ['mov x12, sp', 'mov sp, x3'] if use_sp else []
                # only faults are looked at: they say all
                code += [text.format(b='sp' if use_sp else 'x3')] + (['mov sp, x12'] if use_sp else [])
                code += ['msr tco, #1', 'mrs x4, %s' % TFSR, 'out x4']
                address = base + offset
                checked = how and not tco and m.tagged and not (tcma and tag == 0) and (not use_sp or sp_checked)
                last = (address + size - 1) | 15
                wrong = [a for a in range(address & ~15, last, 16) if m.tag_at(a) != tag] if checked else []
                want, tfsr = [], 0
                if wrong:
                    mode = how if how != ASYMMETRIC else ASYNC if kind == 's' else SYNC
                    if mode == SYNC:
                        want += [EC_DABORT << 26 | 1 << 25 | TAG_CHECK | (kind == 's') << 6, max(wrong[0], address), None, None]
                    else:
                        tfsr = 1
                yield 'check-%d-%d%s' % (number, how, '-sp' if use_sp else ''), '\n'.join(code), want + [tfsr]


def blocks(rng):
    """DC ZVA, GVA, GZVA, STZGM: what is checked, and that an abort reports what Xt holds (the block's granules are 4)."""
    for op in ('dc zva', 'dc gva', 'dc gzva'):
        for how in (0, SYNC):
            for kind, fsc in (('none', 0x07), ('ro', 0x0f)):
                address = window(kind) + rng.randrange(65, 4096)
                code = start(how) + ['ldr x3, =0x%x' % address, op + ', x3']
                yield '%s-%s-%d' % (op.replace(' ', ''), kind, how), '\n'.join(code), \
                    [EC_DABORT << 26 | 1 << 25 | fsc | 1 << 6, address, SPSR, None]
    for _ in range(6):
        m = Memory(rng)
        at, tag = m.page + 64 * rng.randrange(4), rng.getrandbits(4)
        same = rng.choice([0, 1, 3, 4, 4])
        lines = []
        for g in range(4):
            m.set_tag(at + 16 * g, tag if g < same else tag ^ 1 + rng.randrange(15))
            lines += ['ldr x0, =0x%x' % with_tag(at + 16 * g, m.tag_at(at + 16 * g)), 'stg x0, [x0]']
        base = with_tag(at + rng.randrange(64), tag)
        code = start(SYNC) + ['msr tco, #1'] + m.lines + lines + ['msr tco, #0']
        code += ['ldr x3, =0x%x' % base, 'dc zva, x3', 'msr tco, #1']
        want = []
        if same == 4:
            m.write(at, bytes(64))
        else:
            want = [EC_DABORT << 26 | 1 << 25 | TAG_CHECK | 1 << 6, with_tag(at + 16 * same, tag), None, None]
        more, seen = m.observe()
        yield 'dczva-tags-%d' % same, '\n'.join(code + more), want + seen


def exclusives(rng):
    for wrong in (0, 1):
        m = Memory(rng)
        base = with_tag(m.page + 32, m.tags[2])
        code = start(SYNC) + ['msr tco, #1'] + m.lines + [
            'msr tco, #0', 'ldr x3, =0x%x' % base, 'ldr x4, =0x%x' % with_tag(base, m.tags[2] ^ 5 * wrong), 'ldxr x5, [x3]',
            'msr tco, #1', 'mrs x6, tpidr_el1', 'stg x4, [x4]' if wrong else 'nop', 'msr tco, #0',
            'mov w7, #7', 'stxr w7, x6, [x3]',
            'msr tco, #1', 'mov x8, x7', 'out x8']
        want = [0]
        if wrong:
            want = [EC_DABORT << 26 | 1 << 25 | TAG_CHECK | 1 << 6, base, None, None, 7]
        yield 'stxr-%d' % wrong, '\n'.join(code), want


def mops(rng, rounds):
    for _ in range(6 * rounds):
        # the options of SETG: 1 as EL0, 2 not used again soon
        for kind, options in (('set', 0), ('setg', 0), ('setg', 1), ('setg', 2), ('setg', 3), ('cpyf', 0)):
            m = Memory(rng, page=USER if options & 1 else None)
            ata0 = rng.random() < 0.7
            n = 16 * rng.randrange(1, 5)
            to = with_tag(m.page + 16 * rng.randrange(0, 4), rng.getrandbits(4))
            source = with_tag(m.page + 16 * rng.randrange(8, 12), rng.getrandbits(4))
            if rng.random() < 0.6:
                for a, b in ((to, 1), (source, 1)):
                    for g in range(rng.randrange(0, 5) * b):
                        m.set_tag(a + 16 * g, a >> 56 & 15)
            # the tags as they are now
            lines = ['ldr x0, =0x%x' % with_tag(m.page + 16 * i, t) + '\nstg x0, [x0]' for i, t in enumerate(m.tags)]
            base = {'set': 0x19c00400, 'setg': 0x1dc00400, 'cpyf': 0x19000400}[kind]
            shift = 22 if kind == 'cpyf' else 14
            code = start(SYNC, ata0=ata0) + ['msr tco, #1'] + m.lines + lines + ['msr tco, #0']
            code += ['ldr x1, =0x%x' % to, 'ldr x2, =0x%x' % source, 'ldr x3, =0x%x' % n]
            code += ['.inst 0x%08x' % (base | stage << shift | options << 12 | 2 << 16 | 3 << 5 | 1) for stage in (0, 1)]
            code += ['msr tco, #1', 'out x3']
            want, done = [], 0
            while done < n:
                bad = None
                if kind == 'cpyf' and m.tag_at(source + done) != source >> 56 & 15:
                    bad = (source + done, 0)
                elif kind != 'setg' and m.tag_at(to + done) != to >> 56 & 15:
                    bad = (to + done, 1)
                if bad:
                    want = [EC_DABORT << 26 | 1 << 25 | TAG_CHECK | bad[1] << 6, bad[0], None, None]
                    break
                if kind == 'cpyf':
                    m.write(to + done, m.data[source + done - (source >> 56 << 56) - m.page:][:16])
                else:
                    m.write(to + done, bytes([source & 255]) * 16)
                if kind == 'setg' and (ata0 or not options & 1):
                    m.set_tag(to + done, to >> 56 & 15)
                done += 16
            more, seen = m.observe()
            yield 'mops-%s-%d' % (kind, options), '\n'.join(code + more), want + [(done - n) & M64] + seen


def cases(env, rounds):
    out = list(registers(env.rng, rounds)) + list(stores(env.rng, rounds)) + list(checks(env.rng, rounds))
    return out + list(blocks(env.rng)) + list(exclusives(env.rng)) + list(mops(env.rng, rounds))
