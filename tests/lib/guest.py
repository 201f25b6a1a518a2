#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests for tests and benchmarks: Debian's arm64 kernel, an initrd of busybox and a few modules, U-Boot.

guest.py [FOLDER]   makes them (default: the cache) and prints their paths, versions and sha256.
"""
import fcntl
import functools
import gzip
import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# In the order in which they are loaded; virtio_mmio comes first so that its devices are found.
MODULES = ['virtio_mmio', 'virtio_blk', 'failover', 'net_failover', 'virtio_net', 'virtio-rng', 'evdev', 'gpio_keys']
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin /proc /sys /dev /tmp /etc/acpi/PWRF
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for m in MODULES; do insmod /lib/$m.ko 2>/dev/null; done
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
    ip link set eth0 up
    ip addr add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
fi
printf '#!/bin/sh\\npoweroff -f\\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080
[ -e /dev/input/event0 ] && acpid -e /dev/input/event0 -c /etc/acpi >/dev/null 2>&1
# the shell is the first process: there is no init to ask for a shutdown
printf "alias poweroff='poweroff -f' reboot='reboot -f' halt='halt -f'\\n" >/etc/profile
export ENV=/etc/profile
echo guest-is-up
exec setsid cttyhack sh
"""


class Cpio:
    """A cpio archive of the "newc" form, as Linux unpacks it."""

    def __init__(self):
        self.data = bytearray()
        self.ino = 0

    def add(self, name, content, mode):
        self.ino += 1
        raw = name.encode() + b'\0'
        fields = [self.ino, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0]
        self.data += b'070701' + b''.join(b'%08X' % f for f in fields) + raw
        self.data += bytes(-len(self.data) % 4) + content
        self.data += bytes(-len(self.data) % 4)

    def finish(self):
        self.add('TRAILER!!!', b'', 0)
        return bytes(self.data)


def cache():
    base = os.environ.get('CHIMERA_CACHE') or os.path.join(
        os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'chimera')
    return pathlib.Path(base)


def unpack(folder, *packages):
    folder.mkdir(parents=True, exist_ok=True)
    out = subprocess.run([HERE / 'guestdeb', 'arm64', folder, *packages], check=True, stdout=subprocess.PIPE, text=True)
    return [line for line in out.stdout.splitlines() if line]


def make_initrd(root, version):
    cpio = Cpio()
    for folder in ('bin', 'lib', 'dev', 'proc', 'sys'):
        cpio.add(folder, b'', 0o40755)
    cpio.add('bin/busybox', (root / 'bin/busybox').read_bytes(), 0o100755)
    kernel = root / 'lib/modules' / version
    for name in MODULES:
        found = list(kernel.rglob(name + '.ko'))
        if not found:
            raise SystemExit(f'guest: the kernel package has no module {name}')
        cpio.add(f'lib/{name}.ko', found[0].read_bytes(), 0o100644)
    cpio.add('init', INIT.replace('MODULES', ' '.join(MODULES)).encode(), 0o100755)
    return gzip.compress(cpio.finish(), mtime=0)


def write(path, data):
    """All at once: another test may be reading it."""
    part = path.with_name(f'{path.name}.{os.getpid()}')
    part.write_bytes(data)
    part.replace(path)


@functools.lru_cache
def linux(folder=None):
    """{'kernel', 'initrd': paths, 'version', 'packages'} of Debian's arm64 kernel, fetched and made if need be."""
    folder = pathlib.Path(folder or cache() / 'guest-arm64')
    folder.mkdir(parents=True, exist_ok=True)
    root, stamp = folder / 'root', folder / 'packages'
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # one fetches, the others wait
        if not stamp.exists():
            lines = unpack(root, 'linux-image-arm64', 'busybox-static', 'u-boot-qemu')
            write(stamp, ('\n'.join(lines) + '\n').encode())
        version = max(p.name for p in (root / 'lib/modules').iterdir())
        recipe = hashlib.sha256(f'{version} {MODULES} {INIT}'.encode()).hexdigest()[:12]
        initrd = folder / f'initrd-{recipe}.gz'
        if not initrd.exists():
            write(initrd, make_initrd(root, version))
    return {
        'kernel': root / 'boot' / f'vmlinuz-{version}', 'initrd': initrd, 'version': version,
        'uboot': root / 'usr/lib/u-boot/qemu_arm64/u-boot.bin', 'packages': stamp.read_text().split('\n')[:-1],
    }


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


if __name__ == '__main__':
    guest = linux(sys.argv[1] if len(sys.argv) > 1 else None)
    for line in guest['packages']:
        print('package', line)
    for what in ('kernel', 'initrd', 'uboot'):
        print(what, guest[what], sha256(guest[what]))
