#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
system.py: small kernels (system/*.S), each about one rule of the exception levels, and the lines that they print.

The values are the manual's (DDI 0487). --oracle compares with qemu-system-aarch64 as well, but for OTHERWISE.

    system.py [--accel LIST] [--oracle] [NAME...]

Exit status 77 (skipped) without the cross assembler, or with --oracle without the other emulator.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))


def trap128(op0, op1, crn, crm, op2, rt, read):
    """ESR of a trapped MRRS, MSRR or SYSP (AArch64_SystemAccessTrapSyndrome, EC 0x14)."""
    return 0x14 << 26 | 1 << 25 | op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (rt >> 1) << 6 | crm << 1 | read


# name: options, values that it prints
PROGRAMS = {
    'reset': ('-M virt -cpu cortex-a72 -smp 2', [51]),
    'psci_level': ('-M virt,virtualization=on -cpu cortex-a72 -smp 2', [8, 0x77]),
    'event_stream': ('-M virt,virtualization=on -cpu max', [0xa7]),
    'event_elapsed': ('-M virt -cpu max', [0, 1]),
    'wfi_sleeps': ('-M virt -cpu max', [1, 1, 1]),
    'step_abort': ('-M virt -cpu max', [0xcb000022, 0x1234560000]),
    'step_align': ('-M virt -cpu max', [0xcb000022, 0x80000002]),
    'align': ('-M virt -cpu max', [0x8a000000, 0x80000002]),
    'cache_pan': ('-M virt -cpu max', [0x9600000d]),
    'code_asids': ('-M virt -cpu cortex-a72', [1000, 1000, 2000, 2000, 1000, 2000, 2000, 2000, 1000, 2000, 2000, 1000]),
    # the level is that of stage 2, whose blocks are at level 2
    'descriptor_stage2': ('-M virt,virtualization=on -cpu max', [0x9200008e, 0x0060000040000301]),
    'zva': ('-M virt -cpu max', [24, 0x40, 0x78, 0x96000045, 0x1080000045, 0, 0x6212dca8, 0x1080000045, 0x14,
                                 0x56000000, 0x1080000045, 4, 16, 0, 0x78]),
    'at_stage2': ('-M virt,virtualization=on -cpu max', [0x920001c6, 0x406000]),
    'at_dirty': ('-M virt -cpu max', [0xb80, 0x0068000040000781, 0x0068000040000701]),
    'wfxt': ('-M virt -cpu max', [0x060000a7 | 0xe << 20 | 1 << 24, 0x060000e6 | 0xe << 20 | 1 << 24]),
    'fp_tge': ('-M virt,virtualization=on -cpu max', [0x02000000, 0x1fe00000]),
    'vbar': ('-M virt -cpu max', [-3 & 2**64 - 1, 0x02000000]),
    'psci_pending': ('-M virt -cpu cortex-a72 -smp 2', [1, 0, 0, 0]),
    'sev_later': ('-M virt -cpu cortex-a72 -smp 2 -icount shift=4,sleep=off,quantum=20000', [0]),
    'pmu_hpmn': ('-M virt,virtualization=on -cpu max', [0, 2, 0x80000003, 0xc, 0, 1, 0x6230e559]),
    'pmu_filter': ('-M virt -cpu max', [0, 1, 0, 0, 1, 1]),
    'pauth_keys': ('-M virt,virtualization=on -cpu max', [0x62320806, 0x5a000007]),
    'pauth_switch': ('-M virt -cpu max', [400, 0, 0x72000001]),
    'code_elsewhere': ('-M virt -cpu max', [0x13c6]),
    'ls64_abort': ('-M virt,virtualization=on -cpu max', [0x597ca8845, 0x93cc9006]),
    'address_52': ('-M virt -cpu max', [0xff0f000040123b80, 0x805, 0xff00000040124b80]),
    'esb': ('-M virt,virtualization=on -cpu neoverse-n1', [0x80001234, 0, 0, 0, 0xbe001234]),
    # all but one of seven pages; AT asks no permission, or says that it is an overlay; Normal memory by MAIR2_EL1
    'overlays': ('-M virt -cpu max', [1200, 1400, 0x409200000e, 0xff00000040000b80, 0x481d, 0xff00000040000b80]),
    'tcr2_traps': ('-M virt,virtualization=on -cpu max',
                   [0x1e, 0x62360801, 0x62360400, 0x5a000000, 0x62342804, 0x6238e804, 0x623a2804, 0x62322804, 0x5a000001,
                    0x6238e805, 0x5a000002]),
    # CHKFEAT, POPM as a NOP; calls; wrong returns; plain accesses; a stack elsewhere; GCSSTR; pushes; switches; no checks
    'gcs_el1': ('-M virt -cpu max', [
        3, 7, 0x80001000, 2,
        0x80000ff8, 0, 0x80001000, 0x80000ff8, 0, 0x80001000, 0xb60003c0, 0x80000ff8, 0xb60003e2, 0x80001000,
        0x9600004e, 0, 0x1009600004e, 5, 0x1009600000e, 0x80200100,
        0x1234, 0x10096000061, 0xb6200020, 0x6210dc2e, 0x80000ff8, 0x1234, 0xb6000061,
        0x80002ff8, 0x80001005, 0x80000ff8, 0x80000001, 0x80003000, 0xb6000005, 0xb6000004, 0x10096000021,
        0x80001000]),
    'gcs_exlock': ('-M virt -cpu max', [
        0, 0xb6100000, 1 << 34, 0x80000fe0, 9, 0x80001000, 0x3a000000, 0x80001000, 0xb6000008, 0x80000fe0]),
    'gcs_el0': ('-M virt -cpu max', [0x77, 0x1009600004e, 0x9600004e, 0, 40000, 0x6232c80b, 0x6210dc2e, 0xb60003c0,
                                     0xb60003c0, 0x80400ff8]),
    'gcs_host': ('-M virt,virtualization=on -cpu max', [0x77, 0x1009600004e, 0x9600004e, 0, 40000, 0x6232c80b, 0x6210dc2e,
                                                        0xb60003c0, 0xb60003c0, 0x80400ff8]),
    'gcs_el2': ('-M virt,virtualization=on -cpu max', [0, 0, 1, 0x5a000000, 0, 0x1009200004e, 0x1809200004e]),
    'el0_traps': ('-M virt -cpu max', [0x123400005678, 0x5678, 0x5678, 0x6220c003, 0x6220c00b, 0x6220c008, 0x56000000]),
    'el1_traps': ('-M virt,virtualization=on -cpu neoverse-n1',
                  [0x62301407, 0x623e2809, 0x5a000000, 0x62200401, 0x5a000001]),
    'el3_traps': ('-M virt,secure=on,gic-version=3 -cpu neoverse-n1', [0, 0x62301407, 0x62362828]),
    'd128_el1_traps': ('-M virt,virtualization=on -cpu max',
                       [trap128(3, 0, 2, 0, 0, 2, 1), trap128(3, 0, 2, 0, 1, 4, 0), trap128(3, 0, 7, 4, 0, 6, 1),
                        trap128(3, 0, 13, 0, 6, 8, 0), trap128(3, 0, 13, 0, 3, 30, 1), 1 << 25, 0x123456789abcdef0,
                        0xfedcba9876543210, trap128(3, 0, 2, 0, 1, 2, 0), trap128(3, 0, 2, 0, 0, 2, 1),
                        trap128(1, 0, 8, 3, 5, 2, 0), trap128(1, 0, 9, 6, 7, 31, 0)]),
    'd128_el2': ('-M virt,virtualization=on -cpu max', [1 << 25, 0x22, 0x11, 0x44, 0x55, 0x33]),
    # PAR: DirtyBit, permission, level 3, then the page's offset, which PAR has in the high half; ISS2.DirtyBit, WnR
    'd128_tables': ('-M virt -cpu max',
                    [0x1234, 0x8800 | 0xf << 1 | 1, 1, 0x2096000000 | 1 << 6 | 0xf, 0xb80, 1, 0x701, 1 << 51, 0x80000008,
                     0x86000000 | 0xf, 0x5678, 0x80000008, 0x96000007, 0x96000004]),
    'd128_el3': ('-M virt,secure=on -cpu max', [0x80123458, 0x40123001, 0x800 | 0xd << 1 | 1, 0x9600004d]),
    'rcw_smp': ('-M virt -cpu max -smp 2', [80000, 80000, 120000]),
    # stage 2's block is at level 2; ISV and Xt of the store; ISS2.AssuredOnly; TopLevel and S1PTW of the fetch of level 1
    'the_stage2': ('-M virt,virtualization=on -cpu max',
                   [0x93c2804e, 0x404010, 2 << 28, 0x10, 0x93c2804e, 0x404010, 0, 0x8093c3800e, 0x406000, 0x99,
                    0x5a000000, 0x8220008e]),
    'd128_el3_traps': ('-M virt,secure=on,gic-version=3 -cpu max',
                       [2, trap128(3, 0, 2, 0, 0, 2, 1), trap128(3, 0, 13, 0, 6, 2, 1),
                        0x18 << 26 | 1 << 25 | 3 << 20 | 3 << 17 | 13 << 10 | 1,
                        0x18 << 26 | 1 << 25 | 3 << 20 | 6 << 17 | 13 << 10, 0x17 << 26 | 1 << 25 | 1,
                        trap128(3, 0, 13, 0, 3, 2, 0)]),
    'pie_el3': ('-M virt,secure=on,gic-version=3 -cpu max',
                [0x9600004d, 0x409600004d, 0x9600004d, 0, 0x100, 0x1009600004d,
                 0x62360801, 0x62360400, 0x62362805, 0x6238e804, 0x62322805, 0x6232080b]),
    'gic_groups': ('-M virt,secure=on,gic-version=3 -cpu cortex-a72', [0x40, 0x80]),
}
FIRMWARE = {'gic_groups', 'el3_traps', 'd128_el3_traps', 'd128_el3', 'pie_el3'}     # linked at 0, and never ends by itself
# what Debian's program does differently: reports the level of stage 1, sets the dirty state, has no WFxT, no event
# stream, says OFF of a CPU that is being started, has no HPMN, no overlays, no GCS, no DBGDTR_EL0, no 64-byte
# accesses, no cycles of 1 GHz, no quantum, no THE and D128, no FPAC, and ignores the high address bits that IPS excludes
OTHERWISE = {'event_elapsed', 'wfi_sleeps', 'el0_traps', 'descriptor_stage2', 'at_dirty', 'wfxt',
             'overlays', 'tcr2_traps', 'psci_pending', 'sev_later', 'pmu_hpmn', 'pmu_filter', 'ls64_abort', 'address_52',
             'd128_el1_traps', 'd128_el2', 'd128_el3_traps', 'd128_tables', 'd128_el3', 'rcw_smp', 'the_stage2',
             'pauth_switch', 'gcs_el1', 'gcs_exlock', 'gcs_el0', 'gcs_host', 'gcs_el2', 'pie_el3'}


def build(folder, name):
    exe = os.path.join(folder, name)
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-march=armv8.5-a', '-I', os.path.join(HERE, 'system'),
                    '-Wl,-Ttext=' + ('0' if name in FIRMWARE else '0x40080000'),
                    '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'system', name + '.S'), '-o', exe],
                   check=True)
    return exe


def run(command, count, forever):
    """The lines of a program, as numbers where they are ones."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as p:
        try:
            if forever:
                out = ''.join(p.stdout.readline() for _ in range(count))
            else:
                out = p.communicate(timeout=30 * PATIENCE)[0]
        except subprocess.TimeoutExpired:
            out = 'it did not end'
        p.kill()
    return [int(line, 16) if len(line) == 16 else line for line in out.split('\n') if line]


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tcg,one-insn-per-tb=on;tci', help='with semicolons')
    p.add_argument('--oracle', action='store_true')
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc') or (args.oracle and not shutil.which('qemu-system-aarch64')):
        print('system: no cross assembler' + ' or no qemu-system-aarch64' * args.oracle)
        return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    ways = [[chimera, '-accel', a] for a in args.accel.split(';')]
    if args.oracle:
        ways.append(['qemu-system-aarch64', '-nic', 'none'])
    wrong = done = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in args.names or PROGRAMS:
            options, want = PROGRAMS[name]
            exe = build(folder, name)
            image = ['-kernel', exe]
            if name in FIRMWARE:
                subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', exe, exe + '.bin'], check=True)
                image = ['-bios', exe + '.bin']
            for way in ways:
                if way[0].startswith('qemu') and name in OTHERWISE:
                    continue
                got = run(way + options.split() + ['-m', '256M', '-nographic'] + image, len(want), name in FIRMWARE)
                done += 1
                if got != want:
                    wrong += 1
                    show = [f'{g:#x}' if isinstance(g, int) else g for g in got]
                    print(f'{" ".join(way)}: {name}: want {[hex(w) for w in want]}, got {show}')
    print(f'{done} runs, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
