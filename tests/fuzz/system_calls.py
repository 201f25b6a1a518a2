#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random system calls with wild arguments in user mode (system_calls.c): the guest gets errors and signals, the emulator
is never harmed. TAP; 77 without a cross compiler.

system_calls.py --chimera PROGRAM [--count 4] [--seed 1] [--seconds 0] [--batches 40]
Run N of a seed makes the same calls, as far as the host answers alike. With --seconds, runs until the time is over.
As root each run is in namespaces of its own, and gives up root's rights.
"""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

from campaign import Campaign

CC = 'aarch64-linux-gnu-gcc'
HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = [[], ['-accel', 'tci'], ['-R', '4G'], ['-cpu', 'cortex-a53'], ['-tb-size', '1']]
BAD_WORDS = ['AddressSanitizer', 'runtime error', 'in the emulator', 'ERROR:', 'assert', 'GLib', 'Bail out', 'failed to allocate']


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setsid()


def start(chimera, options, program, args, folder, seconds):
    """(status, output, what the emulator and the sanitizer said)."""
    env = {'PATH': '/usr/bin:/bin',
           'ASAN_OPTIONS': f'detect_leaks=0:handle_sigfpe=0:handle_sigill=0:exitcode=99:log_path={folder}/sanitizer'}
    command = [chimera, 'user', *options, program, *args]
    if os.getuid() == 0 and shutil.which('unshare'):
        alone = ['unshare', '--ipc', '--net', '--mount-proc', '--pid', '--fork', '--kill-child']
        if subprocess.run([*alone, 'true'], capture_output=True, check=False).returncode == 0:
            command = alone + command
    with open(os.path.join(folder, 'said'), 'w+b') as said, open(os.path.join(folder, 'output'), 'w+b') as output:
        proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=said, env=env, preexec_fn=limits,
                                cwd=folder)
        try:
            status = proc.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            status = 'too late'
            os.killpg(proc.pid, signal.SIGKILL)
            proc.wait()
        said.seek(0)
        output.seek(0)
        text, out = said.read().decode(errors='replace'), output.read().decode(errors='replace')
    for name in os.listdir(folder):
        if name.startswith('sanitizer'):
            with open(os.path.join(folder, name), encoding='utf-8', errors='replace') as f:
                text += f.read()
    return status, out, text


def run(chimera, program, seed, n, batches):
    """(None or what went wrong, the guest's last line)."""
    options = OPTIONS[n % len(OPTIONS)]
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-', ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o777)
        args = [str(seed * 1000003 + n), str(batches)]
        status, out, said = start(chimera, options, program, args, folder, 30 + 4 * batches)
    ended = re.search(r'\d+ batches: .*', out)
    if status != 0 or not ended or any(w in said for w in BAD_WORDS):
        return f'status {status}: chimera user {" ".join(options + ["system_calls", *args])}\n{out[-1000:]}\n{said[-6000:]}', ''
    return None, ended.group()


def main():
    c = Campaign(4, lambda p: p.add_argument('--batches', type=int, default=40))
    args = c.args
    if not shutil.which(CC):
        print(f'1..0 # SKIP no {CC}')
        return 77
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as folder:
        program = os.path.join(folder, 'system_calls')
        os.chmod(folder, 0o755)
        subprocess.run([CC, '-O1', '-static', '-pthread', '-o', program, os.path.join(HERE, 'system_calls.c')], check=True)
        for options in [], ['-accel', 'tci']:
            with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as scratch:
                status, out, said = start(args.chimera, options, program, ['outside'], scratch, 120)
            ok = status == 0 and out == 'outside: ok\nforged: 2\n' and not said
            c.report(f'memory outside of the guest {" ".join(options)}', '' if ok else f'status {status}\n{out}{said}')
        for numbers, results in c.batches(lambda n: run(args.chimera, program, args.seed, n, args.batches), 10):
            for n, (wrong, out) in zip(numbers, results):
                c.report(f'run {n} of seed {args.seed}: {out}', wrong)
    return c.finish('runs')


if __name__ == '__main__':
    sys.exit(main())
