#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real guests while what happens seldom in a translator happens often (-accel tcg,stress=...); each must see nothing of it.

stress.py [--long] [--modes REGEX] [--parts REGEX]      exit status 77 (skipped) without the cross compiler
Programs and a booted guest run changing.c, which changes its own code in every way, under each mode; programs that have
threads, signals and children run in user mode, random instructions beside another emulator. --long: more of each, and
suites of other programs, under some.
"""
import argparse
import concurrent.futures
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / 'lib'))
import console
import guest

CC = 'aarch64-linux-gnu-gcc'
CHIMERA = os.path.join(os.environ.get('CHIMERA_BUILD', str(TOP / 'build')), 'chimera')
SCALE = int(os.environ.get('CHIMERA_PATIENCE', 1))
USER = TOP / 'core/linux_user/tests'
ARM = TOP / 'targets/arm/tests'

# What -accel is, by name. heat: how soon a block becomes a region; 1: when it first runs.
MODES = {
    'tier 1': 'tcg,heat=0',
    'regions': 'tcg,heat=1,background=off',
    'warm': 'tcg,heat=300,background=off',
    'queue': 'tcg,heat=300,stress=queue',
    'queue at once': 'tcg,heat=1,stress=queue',
    'late': 'tcg,heat=1,stress=queue+late',
    'writes': 'tcg,heat=100,stress=writes',
    'written in the queue': 'tcg,heat=100,stress=writes+queue',
    'recycle': 'tcg,heat=300,stress=recycle+queue',
    'unlink': 'tcg,heat=300,stress=unlink',
    'exits': 'tcg,heat=300,stress=exits',
    'slow': 'tcg,heat=300,stress=slow',
    'exits at accesses': 'tcg,heat=300,stress=exits+slow',
    'flush': 'tcg,heat=300,stress=flush',
    'verify': 'tcg,heat=300,stress=verify',
    'one instruction': 'tcg,one-insn-per-tb=on,stress=exits',
    'all': 'tcg,heat=300,stress=queue+late+writes+recycle+unlink+exits+slow+flush+verify',
}
BOOTED = ['queue at once', 'late', 'written in the queue', 'recycle']      # in the short form
SHORT_MAPPINGS = ['tier 1', 'queue at once']
SMALL = ['regions', 'warm']                       # where a region may be larger than the code buffer
PLACES = (15000, 60 << 10), (60000, 110 << 10)   # pages that had code, and KiB of memory: ever more pages take 100 MiB
SHORT_TAKEN = ['slow', 'late']
SHORT_SIGNALS = ['queue at once', 'late', 'exits']
ROUNDS = {'one instruction': 150, 'all': 60}     # of changing.c, in the short form: each takes long
LONG_ROUNDS = {'all': 120}
NOT_BOOTED = ['one instruction', 'all']           # a kernel believes that its CPUs hang
SUITES = ['tier 1', 'regions', 'queue at once', 'late', 'unlink', 'verify']     # large programs make no headway in others
SHORT_ORACLE = ['regions', 'queue at once', 'slow', 'verify']


def run(*args, timeout=300):
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, errors='replace', timeout=timeout * SCALE,
                       check=False)
    return r.returncode, r.stdout, r.stderr


def expect(got, want):
    """None, or what is wrong."""
    return None if got == want else f'status {got[0]}\n{got[1][-1500:]}{got[2][-1500:]}'


class Parts:
    """The guests, compiled once. A part takes a mode's -accel and says what is wrong with it; None: nothing."""

    def __init__(self, folder, is_long):
        self.folder = folder
        self.is_long = is_long
        sources = {'changing': HERE / 'changing.c', 'noexec': HERE / 'noexec.c', 'places': HERE / 'places.c',
                   'large': HERE / 'large.S', 'targets': HERE / 'targets.c', 'basics': USER / 'basics.c',
                   'stress': USER / 'stress.c', 'storms': USER / 'storms.c', 'signals': USER / 'signals.c',
                   'taken': USER / 'taken.c'}
        for name, source in sources.items():
            subprocess.run([CC, '-O1', '-static', '-pthread', '-funwind-tables', '-o', folder / name, source], check=True)
        self.want = {}
        for name, args in (('changing', []), ('basics', []), ('signals', [])):
            self.want[name] = run(CHIMERA, 'user', '-accel', 'tci', folder / name, *args)
        cpio = guest.Cpio()
        cpio.add('changing', (folder / 'changing').read_bytes(), 0o100755)
        self.files = guest.linux()
        (folder / 'initrd').write_bytes(self.files['initrd'].read_bytes() + gzip.compress(cpio.finish()))

    def program(self, name, accel, *args, options=()):
        return run(CHIMERA, 'user', '-accel', accel, *options, self.folder / name, *args)

    def changing(self, accel):
        rounds = [str(n) for mode, n in (LONG_ROUNDS if self.is_long else ROUNDS).items() if MODES[mode] == accel]
        got = self.program('changing', accel, *rounds, options=['-tb-size', '1'])
        return expect(got, self.want['changing'])

    def basics(self, accel):
        return expect(self.program('basics', accel), self.want['basics'])

    def threads(self, accel):
        return expect(self.program('stress', accel, '200'), (0, 'ticks: 1\n', ''))

    def storms(self, accel):
        if os.environ.get('CHIMERA_SANITIZER') == 'thread':
            return None                         # its own locks are not taken around a fork
        got = self.program('storms', accel, '20' if self.is_long else '4')
        return expect(got, (0, 'children: 0, bad: 0, interrupted: yes\n', ''))

    def noexec(self, accel):
        return expect(self.program('noexec', accel, '10' if self.is_long else '2'), (0, 'wrong: 0\n', ''))

    def taken(self, accel):
        return expect(self.program('taken', accel, '20' if self.is_long else '5'), (0, 'wrong: 0\n', ''))

    def targets(self, accel):
        return expect(self.program('targets', accel, '10' if self.is_long else '1'), (0, 'wrong: 0\n', ''))

    def large(self, accel):
        return expect(self.program('large', accel, options=['-tb-size', '1']), (0, '', ''))

    def places(self, accel):
        pages, most = PLACES[self.is_long]
        pid = os.posix_spawn(CHIMERA, [CHIMERA, 'user', '-accel', accel, '-tb-size', '2', self.folder / 'places',
                                       str(pages)], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        kept = os.environ.get('CHIMERA_SANITIZER', 'none') != 'none'      # what was freed
        return f'status {status}, {usage.ru_maxrss} KiB' if status or (usage.ru_maxrss > most and not kept) else None

    def signals(self, accel):
        return expect(self.program('signals', accel), self.want['signals'])

    def booted(self, accel):
        c = console.Console([CHIMERA, '-M', 'virt', '-cpu', 'max,pauth-impdef=on', '-smp', '2', '-m', '512M', '-kernel',
                             self.files['kernel'], '-initrd', self.folder / 'initrd', '-append', 'console=ttyAMA0', '-accel',
                             accel, '-nographic', '-no-reboot', '-nic', 'none'])
        try:
            c.expect('guest-is-up', 300 * SCALE)
            c.expect(r'/ # ', 300 * SCALE)
            out = c.run('/changing 100', 300 * SCALE).replace('\r', '')
            c.send('poweroff -f')
            status = c.wait(60 * SCALE)
        finally:
            c.close()
        lines = [line for line in out.splitlines() if line in self.want['changing'][1].splitlines()]
        return expect((status, '\n'.join(lines) + '\n', ''), self.want['changing'])

    def script(self, path, *args, timeout=3600):
        status, out, err = run(sys.executable, path, *args, timeout=timeout)
        return None if status in (0, 77) else out[-2000:] + err[-1000:]

    def oracle(self, accel):
        return self.script(ARM / 'insn_oracle.py', '--accel', accel, '--count', 5000 if self.is_long else 1000, '--seed', 5)

    def precise(self, accel):
        return self.script(ARM / 'precise.py', '--accel', accel, '--count', 60 if self.is_long else 4, '--seed', 5)

    def directed(self, accel):
        return self.script(ARM / 'a64_directed.py', '--accel', accel)

    def m_oracle(self, accel):
        return self.script(ARM / 'm_oracle.py', '--accel', accel, '--count', 300)

    def suites(self, accel):
        wrapper = self.folder / ('chimera-' + re.sub(r'\W', '-', accel))
        wrapper.write_text(f'#!/bin/sh\nmode=$1; shift; exec {CHIMERA} $mode -accel {accel} "$@"\n')
        wrapper.chmod(0o755)
        return self.script(USER / 'suites.py', '--short', '--chimera', wrapper)


def plan(is_long):
    """(part, mode)"""
    for mode in MODES:
        for part in 'changing', 'basics', 'threads', 'storms':
            yield part, mode
        if is_long or mode in SHORT_MAPPINGS:
            yield 'noexec', mode
            yield 'places', mode
            yield 'targets', mode
        if is_long or mode in SHORT_TAKEN:
            yield 'taken', mode
        if mode in SMALL:
            yield 'large', mode
        if is_long or mode in SHORT_SIGNALS:
            yield 'signals', mode
        if is_long or mode in SHORT_ORACLE:
            yield 'oracle', mode
            yield 'precise', mode
        if mode in BOOTED or (is_long and mode not in NOT_BOOTED):
            yield 'booted', mode
        if is_long:
            yield 'directed', mode
            yield 'm_oracle', mode
        if is_long and mode in SUITES:
            yield 'suites', mode


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--long', action='store_true')
    p.add_argument('--modes', default='', help='whose names match')
    p.add_argument('--parts', default='')
    p.add_argument('--jobs', type=int, default=min(2, os.cpu_count()))
    args = p.parse_args()
    if not shutil.which(CC):
        print('skipped: no ' + CC)
        return 77
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        parts = Parts(pathlib.Path(tmp), args.long)
        todo = [(part, mode) for part, mode in plan(args.long) if re.search(args.modes, mode) and re.search(args.parts, part)]

        def one(part, mode):
            began = time.monotonic()
            try:
                why = getattr(parts, part)(MODES[mode])
            except (subprocess.TimeoutExpired, console.ConsoleError) as e:
                why = str(e)
            return part, mode, why, time.monotonic() - began

        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for part, mode, why, seconds in pool.map(lambda x: one(*x), todo):
                print(f'{"wrong" if why else "ok":6} {part:10} {mode:22} {seconds:6.1f} s   {MODES[mode]}', flush=True)
                if why:
                    print('    ' + why.replace('\n', '\n    '), flush=True)
                    bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
