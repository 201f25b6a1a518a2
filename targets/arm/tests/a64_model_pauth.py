# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_PAuth to FEAT_FPACCOMBINE: signing, authenticating and stripping pointers by the pseudocode, with each algorithm."""

from a64_directed import TCR, window

M64 = (1 << 64) - 1
EC_PAC_FAIL = 0x1c
KEYS = {'ia': (0, 31), 'ib': (1, 30), 'da': (2, 27), 'db': (3, 13)}      # number, SCTLR_EL1's enable
CONTEXT = 0x3c5

SUB5 = [0xb, 0x6, 0x8, 0xf, 0xc, 0x0, 0x9, 0xe, 0x3, 0x7, 0x4, 0x5, 0xd, 0x2, 0x1, 0xa]
SUB3 = [0xa, 0xd, 0xe, 0x6, 0xf, 0x7, 0x3, 0x5, 0x9, 0x8, 0x0, 0xc, 0xb, 0x1, 0x2, 0x4]
SHUFFLE = [13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15]
TWEAK = [4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9]
TURNED = {2, 4, 7, 11, 12, 14, 15}              # cells of the tweak that also go through the register
RC = [0, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89, 0x452821e638d01377]
ALPHA = 0xc0ac29b7c97c50dd


def cells(v):
    return [v >> 4 * i & 15 for i in range(16)]


def value(c):
    return sum(x << 4 * i for i, x in enumerate(c))


def substitute(v, box):
    return value(box[c] for c in cells(v))


def shuffle(v):
    c = cells(v)
    return value(c[i] for i in SHUFFLE)


def unshuffle(v):
    out = [0] * 16
    for i, c in zip(SHUFFLE, cells(v)):
        out[i] = c
    return value(out)


def rotated(c, n):
    return (c << n | c >> 4 - n) & 15


def mix(v):
    c, out = cells(v), [0] * 16
    for column in range(4):
        for row in range(4):
            for distance, turn in (1, 1), (2, 2), (3, 1):
                out[4 * row + column] ^= rotated(c[4 * ((row + distance) % 4) + column], turn)
    return value(out)


def tweak_on(v):
    c = cells(v)
    out = [c[i] for i in TWEAK]
    return value(x >> 1 | ((x ^ x >> 1) & 1) << 3 if i in TURNED else x for i, x in enumerate(out))


def tweak_back(v):
    out = [0] * 16
    for i, c in enumerate(cells(v)):
        out[TWEAK[i]] = (c << 1 & 15) | ((c ^ c >> 3) & 1) if i in TURNED else c
    return value(out)


def qarma(data, modifier, key0, key1, box, rounds):
    inverse = [box.index(i) for i in range(16)]
    modk0 = (key0 & 1) << 63 | (key0 >> 2) << 1 | (key0 >> 63 ^ key0 >> 1 & 1)
    tweak, v = modifier, data ^ key0
    for i in range(rounds + 1):
        v ^= key1 ^ tweak ^ RC[i]
        if i:
            v = mix(shuffle(v))
        v = substitute(v, box)
        tweak = tweak_on(tweak)
    v = substitute(mix(shuffle(v ^ modk0 ^ tweak)), box)
    v = unshuffle(mix(shuffle(v)) ^ key1)
    v = unshuffle(mix(substitute(v, inverse))) ^ key0 ^ tweak
    for i in range(rounds + 1):
        v = substitute(v, inverse)
        if i < rounds:
            v = unshuffle(mix(v))
        tweak = tweak_back(tweak)
        v ^= key1 ^ tweak ^ RC[rounds - i] ^ ALPHA
    return v ^ modk0


def of_ours(data, modifier, key0, key1):
    m = modifier ^ key1
    return (data ^ key0 ^ m ^ m >> 29) * 0x9e3779b97f4a7c15 & M64


class Pauth:
    """A CPU's pointer authentication at EL1: its keys [(low, high)] and TCR_EL1."""

    def __init__(self, cpu, tcr, keys):
        self.cpu, self.tcr, self.keys = cpu, tcr, keys
        self.version2 = 'pauth2=off' not in cpu

    def compute(self, data, modifier, key):
        low, high = self.keys[key]
        if 'impdef' in self.cpu:
            return of_ours(data, modifier, high, low)
        if 'qarma3' in self.cpu:
            return qarma(data, modifier, high, low, SUB3, 2)
        return qarma(data, modifier, high, low, SUB5, 4)

    def tbi(self, high, data):
        return bool(self.tcr >> 37 + high & 1 and (data or not self.tcr >> 51 + high & 1))

    def bottom(self, high):
        return 64 - max(16, self.tcr >> (16 if high else 0) & 63)

    def fields(self, ptr, sel, key):
        tbi, bottom = self.tbi(ptr >> 55 & 1, key >= 2), self.bottom(sel)
        top = 56 if tbi else 64
        whole = (1 << top) - (1 << bottom)
        extended = (ptr | whole if sel else ptr & ~whole) & M64
        return tbi, bottom, extended, whole & ~(1 << 55)

    def add(self, ptr, modifier, key):
        data = key >= 2
        any_tbi = self.tbi(0, data) or self.tbi(1, data)
        sel = ptr >> (55 if any_tbi or self.version2 else 63) & 1
        tbi, bottom, extended, field = self.fields(ptr, sel, key)
        pac = self.compute(extended, modifier, key)
        unused = (1 << 55) - (1 << bottom) | (0xff << 56 if tbi else 0)
        if ptr & unused not in (0, unused) and not self.version2:
            pac ^= 1 << (54 if tbi else 62)
        if self.version2:
            pac ^= ptr
        return ptr & ~field & ~(1 << 55) | pac & field | sel << 55

    def auth(self, ptr, modifier, key):
        """(result, whether it is right)"""
        sel = ptr >> 55 & 1
        tbi, _, extended, field = self.fields(ptr, sel, key)
        pac = self.compute(extended, modifier, key)
        if self.version2:
            result = ptr ^ pac & field
            return result, result == extended
        if (pac ^ ptr) & field == 0:
            return extended, True
        at = 53 if tbi else 61
        return extended & ~(3 << at) & M64 | (2 if key & 1 else 1) << at, False

    def strip(self, ptr, data):
        return self.fields(ptr, ptr >> 55 & 1, 2 * data)[2]


def start(rng, cpu, tcr):
    """Code that sets keys, enables and TCR_EL1, and the Pauth that it makes."""
    keys = [(rng.getrandbits(64), rng.getrandbits(64)) for _ in range(5)]
    code = []
    for name, (low, high) in zip(('ia', 'ib', 'da', 'db', 'ga'), keys):
        code += ['ldr x0, =0x%x' % low, 'msr ap%skeylo_el1, x0' % name, 'ldr x0, =0x%x' % high,
                 'msr ap%skeyhi_el1, x0' % name]
    enables = sum(1 << bit for _, bit in KEYS.values())
    code += ['ldr x0, =0x%x' % tcr, 'msr tcr_el1, x0', 'mrs x0, sctlr_el1', 'ldr x1, =0x%x' % enables, 'orr x0, x0, x1',
             'msr sctlr_el1, x0', 'isb']
    return code, Pauth(cpu, tcr, keys)


def fault(key):
    return [EC_PAC_FAIL << 26 | 1 << 25 | (key & 2) | (key & 1), None, None, None]


def random_tcr(rng):
    return TCR & ~(63 << 16) | rng.choice([16, 20, 25, 33, 39]) << 16 | rng.getrandbits(2) << 37 | rng.getrandbits(2) << 51


def instructions(rng, cpu):
    code, pauth = start(rng, cpu, random_tcr(rng))
    want = []
    for name, (key, _) in KEYS.items():
        for _ in range(4):
            ptr = rng.choice([rng.getrandbits(64), rng.getrandbits(40), rng.getrandbits(39) | (1 << 64) - (1 << 39),
                              rng.getrandbits(52) | 0xab << 56])
            modifier = rng.choice([0, rng.getrandbits(64)])
            op = name if modifier else name[0] + 'z' + name[1]
            operand = 'x1, x2' if modifier else 'x1'
            signed = pauth.add(ptr, modifier, key)
            code += ['ldr x1, =0x%x' % ptr, 'ldr x2, =0x%x' % modifier, 'pac%s %s' % (op, operand), 'out x1']
            want.append(signed)
            for spoil in 0, 1 << rng.randrange(64), 1 << pauth.bottom(signed >> 55 & 1):
                back, right = pauth.auth(signed ^ spoil, modifier, key)
                code += ['ldr x1, =0x%x' % (signed ^ spoil), 'aut%s %s' % (op, operand), 'out x1']
                if right or not pauth.version2:
                    want.append(back)
                else:
                    want += fault(key) + [signed ^ spoil]
            code += ['ldr x1, =0x%x' % signed, 'xpac%s x1' % name[0], 'out x1']
            want.append(pauth.strip(signed, key >= 2))
    value_, modifier = rng.getrandbits(64), rng.getrandbits(64)
    code += ['ldr x1, =0x%x' % value_, 'ldr x2, =0x%x' % modifier, 'pacga x3, x1, x2', 'out x3']
    want.append(pauth.compute(value_, modifier, 4) & 0xffffffff << 32)
    return '\n'.join(code), want


def hints(rng, cpu):
    """On X30 with SP, and on X17 with X16."""
    code, pauth = start(rng, cpu, random_tcr(rng))
    want = []
    for name in 'ia', 'ib':
        key, ptr, modifier = KEYS[name][0], rng.getrandbits(38), rng.getrandbits(60) & ~15
        code += ['mov x20, sp', 'ldr x0, =0x%x' % modifier, 'mov sp, x0', 'ldr x30, =0x%x' % ptr, 'pac%ssp' % name,
                 'mov x1, x30', 'aut%ssp' % name, 'mov x2, x30', 'eor x30, x1, #1 << 40', 'mov x3, x30', 'aut%ssp' % name,
                 'mov x4, x30', 'mov sp, x20', 'out x1', 'out x2', 'out x4', 'mov x30, x1', 'xpaclri', 'out x30']
        signed = pauth.add(ptr, modifier, key)
        back, right = pauth.auth(signed ^ 1 << 40, modifier, key)
        want += ([] if right or not pauth.version2 else fault(key)) + \
            [signed, ptr, back if right or not pauth.version2 else signed ^ 1 << 40, ptr]
        code += ['ldr x17, =0x%x' % ptr, 'ldr x16, =0x%x' % modifier, 'pac%s1716' % name, 'out x17', 'aut%s1716' % name, 'out x17']
        want += [signed, ptr]
    return '\n'.join(code), want


def combined(rng, cpu):
    """Branches, returns and loads that authenticate: right ones arrive, wrong ones fault and change nothing."""
    code, pauth = start(rng, cpu, TCR)
    page, content = window('rw'), rng.getrandbits(64)
    want = []
    code += ['ldr x5, =0x%x' % page, 'ldr x0, =0x%x' % content, 'str x0, [x5, #24]', 'ldr x2, =0x%x' % rng.getrandbits(64)]
    for n, name in enumerate(('ia', 'ib')):
        op = name[1]
        for k, (branch, link) in enumerate((('bra%s x1, x2' % op, 0), ('blra%s x1, x2' % op, 1), ('reta%s' % op, 0))):
            at = 10 * n + k
            code += ['adr x1, 7%02df' % at] + (['adr x27, 8%02df' % at] if pauth.version2 else [])
            code += ['mov x20, sp', 'mov x30, x1', 'paci%ssp' % op] if 'ret' in branch else ['paci%s x1, x2' % op]
            code += [branch, 'mov x9, #13', 'out x9', '7%02d:' % at, 'mov x9, #%d' % (100 + at), 'out x9']
            want.append(100 + at)
            if pauth.version2:
                code += ['eor x30, x30, #1 << 50', 'paci%ssp' % op] if 'ret' in branch else ['eor x1, x1, #1 << 50', 'mov x30, #5']
                code += [branch, 'mov x9, #14', 'out x9', '8%02d:' % at]
                if 'ret' not in branch:
                    code += ['out x30']
                want += fault(KEYS[name][0]) + ([5] if 'ret' not in branch else [])
            code += ['mov x27, #0']
    for n, name in enumerate(('ia', 'ib')):
        # to EL1, with SP as modifier
        eret = ['msr elr_el1, x30', 'mov x9, #0x%x' % CONTEXT, 'msr spsr_el1, x9', 'ereta%s' % name[1], 'mov x9, #15', 'out x9']
        sign = ['mov x20, sp', 'mov x9, #0x%x' % (rng.getrandbits(12) << 4), 'mov sp, x9', 'adr x30, 79%df' % n,
                'paci%ssp' % name[1]]
        code += sign + eret + ['79%d:' % n, 'mov sp, x20', 'mov x9, #%d' % (300 + n), 'out x9']
        want.append(300 + n)
        if pauth.version2:
            code += [c.replace('79', '89') for c in sign] + ['eor x30, x30, #1 << 50', 'adr x27, 89%df' % n] + eret
            code += ['89%d:' % n, 'mov sp, x20', 'mov x27, #0']
            want += fault(KEYS[name][0])
    for name in 'da', 'db':
        key = KEYS[name][0]
        load = 'ldra%s' % name[1]
        code += ['mov x1, x5', 'pacdz%s x1' % name[1], 'mov x3, #0', '%s x3, [x1, #24]' % load, 'out x3']
        want.append(content)
        code += ['%s x3, [x1, #24]!' % load, 'out x3', 'out x1']
        want += [content, page + 24]
        if pauth.version2:
            signed = pauth.add(page, 0, key) ^ 1 << 45
            code += ['ldr x1, =0x%x' % signed, 'mov x3, #7', '%s x3, [x1, #24]!' % load, 'out x3', 'out x1']
            want += fault(key) + [7, signed]
    return '\n'.join(code), want


def cases(env, rounds):
    out = []
    for i in range(12 * rounds):
        out.append(('instructions-%d' % i, *instructions(env.rng, env.cpu)))
        out.append(('hints-%d' % i, *hints(env.rng, env.cpu)))
    for i in range(2 * rounds):
        out.append(('combined-%d' % i, *combined(env.rng, env.cpu)))
    return out
