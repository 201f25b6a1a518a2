#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One session of gdb-multiarch over clusters of different cores on amp-virt, connected by the script that is installed:
a program without an operating system, or Debian's kernel, on Cortex-A72s, and firmware on Cortex-M33s; and a place for a
debugger of one cluster. TAP.

debug.py --chimera PROGRAM [NAME...]      exit status 77 (skipped) without gdb-multiarch
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / 'tests/lib'))
sys.path.insert(0, str(ROOT / 'tests/boot'))
sys.path.insert(0, str(HERE))
import build  # noqa: E402
import console  # noqa: E402
import guest  # noqa: E402
import kernel_debug  # noqa: E402
from gdbremote import Gdb  # noqa: E402

GDBINIT = ROOT / 'core/gdbstub/gdbinit'
START = r'''
set pagination off
set confirm off
set width 0
source GDBINIT
inferior 2
file FIRMWARE
inferior 1
file PROGRAM
'''
SHARED = '((struct Shared *)0x28010000)'

# Where a handler returns to: the firmware may be interrupted wherever it is, of its own accord where it waits.
RESUMED = r'(?m)^(0x[0-9a-f]+ in )?(?!mhu_handler)\w+ \(.*\) at .*\.[ch]:\d+'

# Each row: gdb's commands, and what must be in their output.
SESSION = [
    ('info threads', [r'\* 1\.1 +Thread 1\.1 "cluster0\.cpu0" \(cortex-a72-aarch64-cpu \[running\]\) .*_start',
                      r' 2\.1 +Thread 2\.2 "m\.cpu1" \(cortex-m33-arm-m-cpu \[running\]\) +reset \(\)',
                      r' 2\.2 +Thread 2\.3 "m\.cpu2" \(cortex-m33-arm-m-cpu \[running\]\) +reset \(\)']),
    ('info inferiors', [r'\* 1 +process 1 .*bare\.elf', r' 2 +process 2 .*m_messages\.elf']),
    # both stand where reset leaves them, with registers of their own kinds
    ('p/x $cpsr\np $x30\np $v0.d.u[0]\np/x $MIDR_EL1\np $SCTLR_EL1 & 1',
     [r'= 0x3c[0-9a-f]', r'= 0', r'= 0', r'= 0x410fd083', r'= 0\n']),
    ('thread 2.2\np/x $xpsr\np $sp\np $msp_s\np $msp_ns\np/x $CPUID\np $r0\np $fpscr\np $primask\np $msplim',
     [r'm_start\.c', r'= 0x1000000', r'= \(void \*\) 0x20040000', r'= \(void \*\) 0x20040000', r'= .*0x0', r'= 0x410fd213', r'= 0',
      r'= 0', r'= 0', r'= 0']),
    # a breakpoint in one stops all, and gdb says so when it was another that it let go on
    ('thread 1.1\ntbreak exchange\nthread 2.1\ncontinue\nbacktrace\ninfo threads',
     [r'Thread 1\.1 "cluster0\.cpu0" hit Temporary breakpoint \d+, exchange \(.*count=.*4000\)',
      r'#0 +exchange .*\n#1 .* in run \(\)', r'\* 1\.1 .*exchange', r'2\.1 .*m_messages\.c', r'2\.2 .*m_messages\.c|layout\.h']),
    # an instruction of one while the others wait, wherever they are
    ('set scheduler-locking on\nset $before = $pc\n'
     'set $seen = ' + SHARED + '->channel[0].wakeups + ' + SHARED + '->channel[1].wakeups\n'
     'stepi 20\np $pc != $before\np ' + SHARED + '->channel[0].wakeups + ' + SHARED + '->channel[1].wakeups - $seen\n'
     'thread 2.2\nset $r12 = 0x1234\np $r12\nset scheduler-locking off', [r'= 1\n', r'= 0\n', r'= 4660']),
    # the doorbell's interrupt, in the other
    ('break mhu_handler\ncontinue\nbacktrace\np $xpsr & 0x1ff\np/x $lr & 0xffffffe0\np *(unsigned *)0x4000e000',
     [r'Thread 2\.1 "m\.cpu1" hit Breakpoint \d+, mhu_handler',
      r'#0 +mhu_handler .*\n#1 +<signal handler called>\n#2 .*\n(#\d+ .*\n)*',
      r'= 20\n', r'= 0xffffffe0', r'= 0\n']),
    # its message is there: memory as each sees it, shared at one address, code TCM at 0 here and through a window there
    ('p ' + SHARED + '->channel[0].in.head > 0\nset $table = *(unsigned *)0\nset $head = ' + SHARED + '->channel[0].in.head\n'
     'p/x $table\nx/2wx 0x4000e004\nthread 2.2\nx/wx 0x4000e000\nthread 1.1\n'
     'p *(unsigned *)0x30000000 == $table\np *(unsigned *)0x28010000 == $head\nx/wx 0x09000fe0\nx/wx 0x20000000',
     [r'= 1\n', r'= 0x20040000', r'0x4000e004:\s+0x00000001\s+0x00000002', r'0x4000e000:\s+0x00000001', r'= 1\n', r'= 1\n',
      r'0x9000fe0:\s+0x00000011', r'Cannot access memory at address 0x20000000']),
    ('thread 2.1\nx/wx 0x20000000\nx/wx 0x09000fe0', [r'0x20000000.*:\s+0x[0-9a-f]{8}',
     r'Cannot access memory at address 0x9000fe0']),
    # by physical addresses, which are the same here; and back
    ('maintenance packet Qqemu.PhyMemMode:1\nx/wx 0\nmaintenance packet Qqemu.PhyMemMode:0', [r'"OK"', r'0x20040000', r'"OK"']),
    # registers are written: the other Security state's, a masked one by name, a vector table
    ('set $msp_ns = 0x20001004\np $msp_ns\nset $psp = 0x20002000\np $psp_s\nset $primask = 1\np $primask\nset $primask = 0\n'
     'set $VTOR_NS = 0x800\np/x $VTOR_NS\nx/wx 0xe002ed08\np/x $VTOR\np/x $NVIC_ISER0\nset $d3 = 2.5\np $d3',
     [r'0x20001004', r'0x20002000', r'= 1\n', r'= 0x800', r'0xe002ed08:\s+0x00000800', r'= 0x0\n', r'= 0x10\n', r'= 2\.5']),
    # going on: out of the handler, and the next message
    ('finish\ncontinue\np $xpsr & 0x1ff\ndelete', [RESUMED, r'hit Breakpoint \d+, mhu_handler',
     r'= 20']),
    # watchpoints of both: what one writes, the other's of the same memory does not stop for
    ('watch ' + SHARED + '->channel[1].received\ncontinue\ncontinue\np $_thread\ndelete',
     [r'Thread 2\.2 "m\.cpu2" hit Hardware watchpoint \d+.*\n\nOld value = (\d+)\nNew value = \d+',
      r'hit Hardware watchpoint', r'= 2']),
    ('thread 1.1\nwatch ' + SHARED + '->channel[0].in.head\ncontinue\nbacktrace 1\ndelete',
     [r'Thread 1\.1 "cluster0\.cpu0" hit Hardware watchpoint', r'Old value = \d+\nNew value = \d+', r'#0 .*(ring_put|exchange)']),
    ('rwatch ' + SHARED + '->channel[1].out.tail\ncontinue\ndelete',
     [r'Thread 1\.1 .*hit Hardware read watchpoint \d+.*\n\nValue = \d+']),
    # a breakpoint by name in both, of which the first to come there stops
    ('break barrier\ncontinue\ndelete', [r'\(\d+ locations\)', r'Thread [12]\.\d ".*" hit Breakpoint \d+\.\d+, barrier']),
    # statements, line by line
    ('tbreak ring_bell\ncontinue\nnext\nstep\nup', [r'Thread 2\..* hit Temporary breakpoint', r'REG\(MHU', r'program',
     r'#1 .*reset']),
    ('monitor info clusters\nmonitor info cpus', [r'cluster0', r'm\b', r'CPU #0: cortex-a72', r'CPU #2: cortex-m33']),
    ('continue', [r'\[Inferior \d \(process \d\) exited normally\]']),
]


class Failed(Exception):
    pass


def check(rows, out):
    for n, (commands, wants) in enumerate(rows):
        found = re.search(rf'^row {n}:\n(.*?)(?=^row \d+:|\Z)', out, re.S | re.M)
        text, at = found.group(1) if found else '', 0
        for want in wants:
            match = re.compile(want).search(text, at)
            if not match:
                raise Failed(f'{commands!r}: {want}: not in what follows of\n{text or out}')
            at = match.end()


def gdb(tmp, path, rows, firmware, program, patience, start=START):
    """What it says; each row's output behind a line "row N:"."""
    script = tmp / 'script'
    text = start.replace('GDBINIT', str(GDBINIT)).replace('FIRMWARE', str(firmware)).replace('PROGRAM', str(program))
    for n, (commands, _) in enumerate(rows):
        # an error ends a script: each command is its own
        text += f'python print("row {n}:")\n'
        for line in commands.splitlines():
            text += f'python\ntry:\n  gdb.execute({line!r})\nexcept gdb.error as e:\n  print(e)\nend\n'
    script.write_text(text)
    env = dict(os.environ, CHIMERA_GDB=str(path))
    return subprocess.run(['gdb-multiarch', '-nx', '-q', '-batch', '-x', script], stdin=subprocess.DEVNULL, text=True, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=patience).stdout


def wait_for(path, patience):
    end = time.monotonic() + patience
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)


def machine(args, tmp, programs, *more):
    firmware, program = programs
    for name in 'gdb', 'm':                     # of the machine before
        (tmp / name).unlink(missing_ok=True)
    return subprocess.Popen(
        [args.chimera, '-M', 'amp-virt', '-cpu', 'cortex-a72', '-kernel', program, '-cluster',
         f'm,cpu=cortex-m33,count=2,frequency=100000000,kernel={firmware}', '-display', 'none', '-serial', 'stdio', '-monitor',
         'none', '-device', 'loader,addr=0x280ff000,data=4000,data-len=4', '-S', '-gdb', f'unix:{tmp}/gdb', *more],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def session(args, tmp, programs, *more):
    p = machine(args, tmp, programs, *more)
    try:
        wait_for(tmp / 'gdb', 20 * args.scale)
        out = gdb(tmp, tmp / 'gdb', SESSION, *programs, 120 * args.scale)
        check(SESSION, out)
        said, wrong = p.communicate(timeout=20 * args.scale)
        if p.returncode or wrong or not said.endswith('errors 0\nping-pong errors 0\nping-pong errors 0\ndone\n'):
            raise Failed(f'the machine ended with {p.returncode}: {wrong}{said}')
    finally:
        p.kill()
        p.communicate()


# Linux asks for its name again and again, and exchanges messages with the firmware.
LINUX = [
    ('info threads', [r'1\.1 +Thread 1\.1 "cluster0\.cpu0"', r'1\.2 +Thread 1\.2 "cluster0\.cpu1"', r'2\.1 +Thread 2\.3 "m\.cpu2"',
                      r'2\.2 +Thread 2\.4 "m\.cpu3"']),
    ('hbreak __arm64_sys_newuname\ncontinue\nbacktrace\np ($cpsr & 0xc) >> 2\np $_inferior\np $SCTLR_EL1 & 1\n'
     'p/x (unsigned long)$pc >> 48',
     [r'Thread 1\.\d "cluster0\.cpu\d" hit Breakpoint \d+, .*__arm64_sys_newuname', r'#0 .*__arm64_sys_newuname',
      r'#1 .* in invoke_syscall',
      r'= 1\n', r'= 1\n', r'= 1\n', r'= 0xffff']),
    ('delete\nthread 2.1\nbreak mhu_handler\ncontinue\nbacktrace\np $xpsr & 0x1ff\np $_inferior\n'
     'info registers r0 sp pc xpsr msp_s',
     [r'Thread 2\.1 "m\.cpu2" hit Breakpoint \d+, mhu_handler', r'#0 +mhu_handler.*\n#1 +<signal handler called>\n#2 ', r'in reset',
      r'= 20\n', r'= 2\n', r'msp_s +0x2003[0-9a-f]{4}']),
    ('thread 1.1\np $_inferior\np/x $MIDR_EL1\ninfo threads', [r'= 1\n', r'= 0x410fd083', r'2\.1 .*mhu_handler']),
    ('thread 2.1\nfinish\ncontinue', [RESUMED, r'hit Breakpoint \d+, mhu_handler']),
    # both at once: the kernel's next, and whatever comes first
    ('delete\nbreak ring_bell\nthread 1.1\nhbreak __arm64_sys_newuname\ncontinue\ncontinue\ncontinue',
     [r'hit Breakpoint', r'hit Breakpoint', r'hit Breakpoint']),
    ('delete\ndetach inferior 1 2', [r'\[Inferior 1 .*detached\]', r'\[Inferior 2 .*detached\]']),
]


def linux(args, tmp, programs):
    """Debian's kernel on one cluster, firmware that it started on the other."""
    files = guest.linux()
    folder = tmp / 'guest'
    folder.mkdir(exist_ok=True)
    patience = 120 * args.scale
    c = console.Console([
        args.chimera, '-M', 'amp-virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '512M', '-kernel', files['kernel'], '-initrd',
        build.initrd(folder, files), '-append', 'console=ttyAMA0 nokaslr', '-nographic', '-no-reboot', '-cluster',
        'm,cpu=cortex-m33,count=2,frequency=100000000', '-gdb', f'unix:{tmp}/gdb'])
    try:
        c.expect('guest-is-up', patience)
        c.expect(r'/ # ', patience)
        c.run('echo 0 > /proc/sys/kernel/kptr_restrict; mount -t proc proc /proc 2>/dev/null; true', patience)
        kernel_debug.symbol_file(c, tmp)
        c.run('amp-messages m /lib/m_messages.bin 100', patience)
        c.send('while sleep 0.1; do uname >/dev/null; amp-messages m /lib/m_messages.bin 2000 && echo al""ive; done')
        out = gdb(tmp, tmp / 'gdb', LINUX, programs[0], tmp / 'vmlinux.sym', patience)
        check(LINUX, out)
        c.expect('alive', patience)             # it goes on as if nothing had been
        c.expect('4000 answers in order, 0 wrong', patience)
    finally:
        c.close()


def place(args, tmp, programs):
    """A place for one cluster beside that for all: a debugger there knows of no other."""
    p = machine(args, tmp, programs, '-gdb', f'unix:{tmp}/m,cluster=m')
    try:
        wait_for(tmp / 'm', 20 * args.scale)
        g = Gdb(str(tmp / 'm'))
        assert g.ask('qfThreadInfo') == 'mp2.2,p2.3' and g.ask('qC') == 'QCp2.2' and g.ask('Hgp1.1').startswith('E')
        assert 'arm.m-profile' in g.ask('qXfer:features:read:target.xml:0,400')
        assert 'E' in g.ask('vAttach;1') and g.ask('qThreadExtraInfo,p1.1').startswith('E')
        assert g.ask('Z0,144,2') == 'OK'
        assert g.ask('vCont;c') == 'T05swbreak:;thread:p2.2;', 'the doorbell'
        g.close()
        out = subprocess.run(['gdb-multiarch', '-nx', '-q', '-batch', '-ex', f'target remote {tmp}/m', '-ex', 'info threads', '-ex',
                              'tbreak mhu_handler', '-ex', 'continue', '-ex', 'backtrace', '-ex', 'kill', programs[0]],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=60 * args.scale).stdout
        if not re.search(r'\* 1 +Thread 2\.2 "m\.cpu1".*\n +2 +Thread 2\.3 "m\.cpu2"(.*\n'
                         r')*Thread 1 "m\.cpu1" hit Temporary breakpoint'
                         r'(.*\n)*#0 +mhu_handler.*\n#1 +<signal', out):
            raise Failed(out)
        if p.wait(20 * args.scale):
            raise Failed(f'the machine ended with {p.returncode}')
    finally:
        p.kill()
        p.communicate()


def interpreted(args, tmp, programs):
    session(args, tmp, programs, '-accel', 'tci')


def counted(args, tmp, programs):
    session(args, tmp, programs, '-icount', 'shift=1,sleep=off', '-rtc', 'clock=vm', '-seed', '1')


TESTS = {'session': session, 'place': place, 'linux': linux, 'interpreted': interpreted, 'counted': counted}


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)),
                   help='this many times the usual patience')
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    if not shutil.which('gdb-multiarch'):
        print('1..0 # SKIP no gdb-multiarch')
        return 77
    todo = args.names or list(TESTS)
    failed = 0
    print(f'1..{len(todo)}', flush=True)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        programs = build.firmware(tmp, 'm_messages', debug=True)[0], build.bare_program(tmp, debug=True)
        for n, name in enumerate(todo, 1):
            try:
                TESTS[name](args, tmp, programs)
                print(f'ok {n} {name}', flush=True)
            except (Failed, console.ConsoleError, AssertionError, subprocess.TimeoutExpired) as e:
                failed += 1
                print('\n'.join('# ' + line for line in str(e).splitlines()))
                print(f'not ok {n} {name}', flush=True)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
