#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clusters of different cores on amp-virt talk to each other: without an operating system, in parallel and in counted
mode; from Linux, which loads and starts the firmware; and by Linux's SCPI driver. TAP.

test_amp.py --chimera PROGRAM [--long] [NAME...]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'lib'))
sys.path.insert(0, str(HERE))
import build  # noqa: E402
import console  # noqa: E402
import guest  # noqa: E402

PROMPT = r'/ # '


class Programs:
    def __init__(self, folder):
        self.folder = folder
        self.firmware = build.firmware(folder, 'm_messages')
        self.bare = build.bare_program(folder)
        self.toy = build.toy_program(folder)


def bare(args, programs, count, *more, machine='amp-virt', firmware=None, cpu='cortex-m33', third=None):
    """What the program without an operating system says. count: messages to each CPU, each half."""
    firmware = firmware or programs.firmware[0]
    done = subprocess.run(
        [args.chimera, '-M', machine, '-kernel', programs.bare,
         '-cluster', f'm,cpu={cpu},count=2,frequency=100000000,kernel={firmware}',
         '-cluster', third or f't,cpu=toy-a,kernel={programs.toy}', '-display', 'none', '-serial', 'stdio', '-monitor', 'none',
         '-device', f'loader,addr=0x280ff000,data={count},data-len=4', *more],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1200 * args.scale)
    assert done.returncode == 0, done.stderr
    half = f'sent {2 * count}\nreceived {2 * count}\nerrors 0\n' + 2 * 'ping-pong errors 0\n'
    want = 2 * half + 'sums wrong 0\ndone\n'
    assert done.stdout == want, f'said {done.stdout!r}, and {done.stderr!r}'


def parallel(args, programs):
    bare(args, programs, 250_000 if args.long else 5000)


def one_thread(args, programs):
    bare(args, programs, 500, '-accel', 'tcg,thread=single')


def secure(args, programs):
    """The IDAU tells the Security states apart, and the firmware is Secure."""
    firmware = build.firmware(programs.folder, 'm_messages', secure=True)[0]
    bare(args, programs, 200, machine='amp-virt,idau=on', firmware=firmware)
    bare(args, programs, 200, machine='amp-virt,secure=on,gic-version=3', firmware=programs.firmware[0])


def other_cores(args, programs):
    for cpu in ('cortex-m3', 'cortex-m4', 'cortex-m7'):
        bare(args, programs, 100, cpu=cpu, firmware=build.firmware(programs.folder, 'm_messages', cpu=cpu)[0])


def second_a(args, programs):
    """A second cluster of A-profile cores, with an interrupt controller of its own, beside one of M-profile."""
    counted = ['-smp', '2', '-icount', 'shift=1,sleep=off', '-rtc', 'clock=vm', '-seed', '1']
    for count, more in ((1, []), (2, ['-accel', 'tci']), (2, counted)):
        uart = programs.folder / 'uart-a'
        bare(args, programs, 200, *more, '-serial', 'null', '-serial', f'file:{uart}',
             third=f't,cpu=cortex-a53,count={count},kernel={build.a_program(programs.folder)}')
        assert uart.read_text() == 'a: ready\n', uart.read_text()
    # started by the first cluster, from what is in its memory
    raw = programs.folder / 'a_sums.bin'
    subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', build.a_program(programs.folder), raw], check=True)
    bare(args, programs, 200, '-device', f'loader,file={raw},addr=0x32000000,force-raw=on', third='t,cpu=max')


def resets_itself(args, programs):
    """A core that asks for a reset gets it; the others go on."""
    counted = ['-icount', 'shift=1,sleep=off']
    for more in ([], counted):
        done = subprocess.run(
            [args.chimera, '-M', 'amp-virt', '-cluster',
             f'm,cpu=cortex-m33,count=2,kernel={build.firmware(programs.folder, "m_reset")[0]}', '-display', 'none', '-serial',
             'null', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-semihosting-config', 'enable=on,target=native', *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60 * args.scale)
        assert done.returncode == 0, done.stderr
        assert done.stdout == '1 1\n2 1\n3 1\n', f'said {done.stdout!r}, and {done.stderr!r}'


def interpreted(args, programs):
    bare(args, programs, 100, '-accel', 'tci')


def trace(args, programs, accel, load):
    log = programs.folder / 'log'
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(3 if load else 0)]
    try:
        bare(args, programs, 200, '-icount', 'shift=1,sleep=off', '-rtc', 'clock=vm', '-seed', '1', '-accel', accel,
             '-d', 'trace-hash', '-D', log)
    finally:
        for b in busy:
            b.kill()
            b.wait()
    text = log.read_text()
    assert re.fullmatch(r'trace-hash cluster0 \d+ \w{16}\ntrace-hash m \d+ \w{16}\ntrace-hash t \d+ \w{16}\n'
                        r'trace-hash all \w{16}\n', text), text
    return text


def counted(args, programs):
    first = trace(args, programs, 'tcg', False)
    for name, accel, load in (('again', 'tcg', False), ('under load', 'tcg', True), ('unoptimised', 'tcg,naive=on', False),
                              ('interpreted', 'tci', False), ('one by one', 'tcg,one-insn-per-tb=on', False)):
        got = trace(args, programs, accel, load)
        assert got == first, f'{name}: {got}, not {first}'


def linux(args, programs):
    files = guest.linux()
    count = 500_000 if args.long else 10_000
    patience = 200 * args.scale
    uart = programs.folder / 'uart'
    c = console.Console([
        args.chimera, '-M', 'amp-virt,scpi=scp', '-cpu', 'cortex-a72', '-smp', '2', '-m', '512M', '-kernel', files['kernel'],
        '-initrd', build.initrd(programs.folder, files), '-append', 'console=ttyAMA0', '-nographic', '-no-reboot',
        '-cluster', 'scp,cpu=cortex-m33', '-cluster', 'm,cpu=cortex-m33,count=2,frequency=100000000',
        '-serial', 'mon:stdio', '-serial', f'file:{uart}'])
    try:
        c.expect('guest-is-up', patience)
        c.expect(PROMPT, patience)
        said = c.run(f'amp-messages m /lib/m_messages.bin {count}', patience)
        assert f'{2 * count} messages sent, {2 * count} answers in order, 0 wrong' in said, said
        assert 'started 2 CPUs of cluster m' in said, said
        said = c.run('amp-messages m /lib/m_messages.bin 100', patience)        # stopped, and loaded again
        assert '200 messages sent, 200 answers in order, 0 wrong' in said, said
        said = c.run('amp-messages x /lib/m_messages.bin 2>&1 || true', patience)
        assert 'no cluster@ in the device tree is the one' in said, said
        c.run('amp-messages -start scp /lib/m_scpi.bin', patience)
        c.run('for m in %s; do insmod /lib/$m.ko; done' % ' '.join(build.MODULES), patience)
        # the kernel probes in the background what had to wait for another driver
        c.run('until [ -e /sys/class/hwmon/hwmon0/temp1_input ]; do sleep 0.1; done', patience)
        said = c.run('cat /sys/class/hwmon/*/temp*_input /sys/class/hwmon/*/temp*_label', patience)
        first = re.search(r'(42\d\d\d)\s+25500\s+m33-die\s+board', said)
        assert first, said
        said = c.run('cat /sys/class/hwmon/*/temp1_input', patience)
        assert int(re.search(r'42\d\d\d', said).group()) == int(first.group(1)) + 1, said
        said = c.run('dmesg | grep -i scpi', patience)
        assert re.search(r'SCP Protocol 1.0 Firmware 1.2.3', said), said
        c.send('poweroff -f')
        assert c.wait(patience) == 0, f'exit status {c.proc.returncode}'
        assert uart.read_text() == 'scpi: ready\n', uart.read_text()
    finally:
        c.close()


TESTS = {'parallel': parallel, 'one-thread': one_thread, 'interpreted': interpreted, 'secure': secure,
         'other-cores': other_cores, 'resets-itself': resets_itself, 'second-a': second_a, 'counted': counted,
         'linux': linux}


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--long', action='store_true', help='a million messages, ten times')
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)),
                   help='this many times the usual patience')
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    todo = args.names or (['parallel'] * 10 if args.long else list(TESTS))
    failed = 0
    print(f'1..{len(todo)}', flush=True)
    with tempfile.TemporaryDirectory() as tmp:
        programs = Programs(pathlib.Path(tmp))
        for n, name in enumerate(todo, 1):
            try:
                TESTS[name](args, programs)
                print(f'ok {n} {name}', flush=True)
            except (console.ConsoleError, AssertionError, subprocess.TimeoutExpired) as e:
                failed += 1
                for line in str(e).splitlines():
                    print('#', line)
                print(f'not ok {n} {name}', flush=True)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
