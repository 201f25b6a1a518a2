#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark programs compile for host and guest, and print the same checksum natively and in user mode under both
back ends. Needs aarch64-linux-gnu-gcc, else it is skipped."""
import os
import pathlib
import shutil
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'bench'))
import measure
import workload

CHIMERA = os.path.join(os.environ['CHIMERA_BUILD'], 'chimera')


def main():
    if not all(map(shutil.which, workload.COMPILERS.values())):
        print(f'skipped: {" or ".join(workload.COMPILERS.values())} is missing')
        return 77
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        programs = workload.PROGRAMS + workload.KERNEL_PROGRAMS
        workload.build(folder, programs, cold_functions=60)
        for program in programs:
            _, expected = measure.run(workload.command(program, folder / 'host' / program.name, program.few))
            for accel in 'tcg', 'tci':
                command = workload.command(program, folder / 'guest' / program.name, program.few)
                try:
                    _, out = measure.run([CHIMERA, 'user', '-accel', accel, *command])
                except measure.Failed as e:
                    out = str(e)
                if out != expected or len(out) != 17:
                    failures += 1
                    print(f'{program.name}: {accel}: {out.strip()}, native: {expected.strip()}')
    print(f'{len(programs)} programs, {failures} checksums differ')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
