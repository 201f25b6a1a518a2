# SPDX-License-Identifier: LGPL-2.1-or-later
"""FEAT_BTI: which instruction may follow which indirect branch (BTypeCompatible), and what PSTATE.BTYPE becomes."""

EC_BTI, EC_BRK = 0x0d, 0x3c
SPSR = 0x3c5                                    # EL1h, DAIF set; BTYPE is in bits 11:10

PADS = {                                        # instruction -> compatible BTYPEs
    'bti': (0,), 'bti c': (0, 1, 2), 'bti j': (0, 1, 3), 'bti jc': (0, 1, 2, 3), 'nop': (0,),
    'paciasp': (0, 1, 2, 3), 'pacibsp': (0, 1, 2, 3), 'mov x2, #1': (0,), 'brk #5': (0, 1, 2, 3),
}
BRANCHES = {                                    # instruction -> BTYPE from a guarded page, from another
    'br x3': (3, 1), 'br x16': (1, 1), 'br x17': (1, 1), 'blr x3': (2, 2), 'blr x16': (2, 2), 'ret x3': (0, 0),
}


def cases(env, rounds):
    out = []
    for pad, allowed in PADS.items():
        for branch, types in BRANCHES.items():
            for mode in range(8):
                from_g, to_g, bt = mode & 1, mode >> 1 & 1, mode >> 2
                btype = types[0 if from_g else 1]
                ok = not to_g or btype in (allowed if not (bt and pad.startswith('paci')) else (0, 1, 2))
                code = '''
        mrs x0, sctlr_el1
        bic x0, x0, #1 << 36
        %s
        msr sctlr_el1, x0
        isb
        ldr x4, =GUARDED
        adr x3, 2f
        adr x5, 1f
        adr x27, 3f
        adr x24, 4f
        %s
        %s
        mov x16, x3
        mov x17, x3
        ret x5
1:      %s
        .balign 16
2:      %s
        mov x1, #42
        out x1
3:      ret x24
4:      mov x1, #43
        out x1''' % ('orr x0, x0, #1 << 36' if bt else 'nop', 'add x3, x3, x4' if to_g else 'nop',
                     'add x5, x5, x4' if from_g else 'nop', branch, pad)
                at = 64 + (0x20000000 if to_g else 0)         # the target's place in the piece
                spsr = SPSR | btype << 10
                if not ok:
                    want = [EC_BTI << 26 | 1 << 25 | btype, None, spsr, at, 43]
                elif pad.startswith('brk'):
                    want = [EC_BRK << 26 | 1 << 25 | 5, None, spsr, at, 43]
                else:
                    want = [42, 43]
                out.append(('%s-to-%s-%d%d%d' % (branch, pad, from_g, to_g, bt), code, want))
    del rounds, env
    return out
