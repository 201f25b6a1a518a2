# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benchmarks share: CPU time of whole processes, what the host is, and how figures are printed.

Only CPU time is measured, user and system together, since others may use the machine's processors; and programs are
run in turn, so that what slows the machine down slows all of them.
"""
import math
import os
import platform
import resource
import statistics
import subprocess
import sys


class Failed(Exception):
    """A program did not do what it must."""


def start(main):
    """Runs a script's main function; who interrupts it wants no traceback."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)


def children():
    """CPU seconds of all children that have ended."""
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def run(command, times=1):
    """CPU seconds of so many runs of a command, each to its end, and what one prints. Failed, if one ends with an error."""
    read, write = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)]
    seconds = 0.0
    out = b''
    try:
        for _ in range(times):
            pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
            _, status, usage = os.wait4(pid, 0)
            if status:
                raise Failed(f'{" ".join(command)}: status {os.waitstatus_to_exitcode(status)}')
            seconds += usage.ru_utime + usage.ru_stime
            out = os.read(read, 4096)           # a line or two: it does not fill the pipe
    finally:
        os.close(read)
        os.close(write)
    return seconds, out.decode()


def version(command, option='-version'):
    """The first line of what a program says of itself."""
    try:
        text = subprocess.run([*command, option], stdout=subprocess.PIPE, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as e:
        raise Failed(f'{command[0]}: {e}') from e
    return text.splitlines()[0]


def host():
    """The host's processor, and whether it has the instructions that matter most."""
    name, flags = platform.machine(), []
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as f:
        for line in f:
            key, _, value = line.partition(':')
            if key.strip() == 'model name':
                name = value.strip()
            elif key.strip() == 'flags':
                flags = value.split()
    wide = [text for flag, text in (('avx2', 'AVX2'), ('avx512vl', 'AVX-512'), ('sha_ni', 'SHA')) if flag in flags]
    return f'{name} ({", ".join(wide)}), {os.cpu_count()} processors' if wide else name


def spread(values, digits=2):
    return f'{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})'


def ratios(values, others):
    """Pair by pair, as they were measured in turn."""
    return [a / b for a, b in zip(values, others)]


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


def print_table(head, lines, markdown=False):
    """Rows of text in columns, or in Markdown's form."""
    if markdown:
        for line in [head, ['---'] * len(head), *lines]:
            print(f'| {" | ".join(line)} |')
        return
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    for line in [head, *lines]:
        print('  '.join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip())
