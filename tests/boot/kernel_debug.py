#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernel under gdb, without vmlinux: symbols of /proc/kallsyms, a breakpoint in a system call, its backtrace, a
watchpoint in the kernel, both CPUs; TAP.

kernel_debug.py --chimera PROGRAM      exit status 77 (skipped) without gdb-multiarch
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'lib'))
import console
import guest

NAMES = ['__arm64_sys_newuname', 'invoke_syscall', 'el0_svc', 'el0t_64_sync_handler', 'el0t_64_sync',
         'do_el0_svc', 'el0_svc_common.constprop.0', 'do_idle', 'cpu_startup_entry']
SCRIPT = r'''
set pagination off
set confirm off
set width 0
target extended-remote PATH
info threads
hbreak __arm64_sys_newuname
continue
backtrace 5
printf "magic %d\n", ($cpsr & 0xc) >> 2
finish
printf "result %ld\n", $x0
continue
delete
watch *(unsigned long *)($sp - 24)
continue
delete
monitor info cpus
detach
'''
WANT = [r'2 +Thread 1\.2', r'hit Breakpoint 1, .*__arm64_sys_newuname', r'#0 .*__arm64_sys_newuname', r'#1 .* in invoke_syscall',
        r'magic 1', r'result 0', r'hit Breakpoint 1', r'hit (Hardware w|W)atchpoint',
        r'Old value = (\d+)\nNew value = (\d+)', r'CPU #1: cortex-a72',
        r'\[Inferior 1 \(.*\) detached\]']


def symbol_file(c, tmp):
    """An ELF file that knows the functions of NAMES."""
    out = c.run("grep -E ' (" + '|'.join(re.escape(n) for n in NAMES) + ")$' /proc/kallsyms", 120)
    sym = {m[2]: int(m[1], 16) for m in re.finditer(r'([0-9a-f]{16}) \w (\S+)', out)}
    assert len(sym) == len(NAMES), out
    text = min(sym.values()) & ~0xfffff
    (tmp / 'empty').write_bytes(bytes(max(sym.values()) - text + 0x1000))
    add = []
    for name, addr in sym.items():
        add += ['--add-symbol', f'{name}=.text:{addr - text:#x},function,global']
    subprocess.run(['aarch64-linux-gnu-objcopy', '-I', 'binary', '-O', 'elf64-littleaarch64', '--rename-section',
                    '.data=.text,code,alloc,load,readonly', '--change-section-address', f'.data={text:#x}', *add,
                    tmp / 'empty', tmp / 'vmlinux.sym'], check=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)),
                   help='this many times the usual patience')
    args = p.parse_args()
    if not shutil.which('gdb-multiarch'):
        print('1..0 # SKIP no gdb-multiarch')
        return 77
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        c = console.Console([args.chimera, '-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '512M',
                             '-kernel', files['kernel'],
                             '-initrd', files['initrd'], '-append', 'console=ttyAMA0 nokaslr', '-nographic', '-no-reboot',
                             '-gdb', f'unix:{tmp}/gdb'])
        try:
            c.expect('guest-is-up', 120 * args.scale)
            c.expect(r'/ # ', 120 * args.scale)
            c.run('echo 0 > /proc/sys/kernel/kptr_restrict; mount -t proc proc /proc 2>/dev/null; true', 30 * args.scale)
            symbol_file(c, tmp)
            (tmp / 'script').write_text(SCRIPT.replace('PATH', f'{tmp}/gdb'))
            gdb = subprocess.Popen(['gdb-multiarch', '-nx', '-q', '-batch', '-x', tmp / 'script', tmp / 'vmlinux.sym'],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            c.send('while sleep 1; do uname -a && echo un""ame-ok; done')
            out = gdb.communicate(timeout=120 * args.scale)[0]
            c.expect('uname-ok', 60 * args.scale)       # it goes on as if nothing had been
        finally:
            c.close()
    print('1..%d' % len(WANT))
    bad = at = 0
    for n, want in enumerate(WANT, 1):
        found = re.compile(want).search(out, at)
        at = found.end() if found else at
        bad += not found
        print('%s %d %s' % ('ok' if found else 'not ok', n, want.replace('#', r'\#')))
    if bad:
        print('# ' + out.replace('\n', '\n# '))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
