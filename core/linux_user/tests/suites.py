#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real programs in user mode: Debian's arm64 programs from a sysroot, their cases one by one under Chimera and under
Debian's qemu-aarch64.

suites.py [--short] [--group NAME,...] [--match TEXT] [--module NAME,...] [--jobs N] [--save FILE] [--keep FOLDER]
          [--emulator chimera|qemu|both]

Prints how many cases each passes; what QEMU makes of each is remembered in the cache of guests. A case that QEMU passes
and Chimera does not is lost, after both had a second try (with Chimera alone: what fails twice); each lost case must be
explained in suites/explained.txt. Where the expected result is known for certain (all groups but Python's modules and
stress-ng), what Chimera fails is a failure, whatever QEMU does.
"""
import argparse
import concurrent.futures
import ctypes
import fcntl
import fnmatch
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent / "suites"
sys.path.insert(0, str(TOP / "tests/lib"))
sys.path.insert(0, str(HERE))
import guest        # noqa: E402
import cases        # noqa: E402

PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
MODULES = """test_math test_float test_json test_threading test_subprocess test_socket test_mmap test_signal
    test_asyncio test_io test_os test_posix test_select test_selectors test_fcntl test_time test_struct test_ctypes
    test_multiprocessing_fork test_concurrent_futures test_thread test_queue test_zlib test_hashlib test_ssl test_decimal
    test_cmath test_statistics test_random test_re test_pickle test_memoryio test_array test_resource test_pty
    test_tempfile test_shutil test_pathlib test_glob test_epoll test_poll test_wait3 test_wait4 test_fork1
    test_faulthandler test_gc test_sys test_exceptions test_complex test_long test_ioctl test_openpty test_popen
    test_threadsignals test_eintr test_fileio test_dynamic test_buffer test_strtod test_fractions test_hash test_sort
    test_platform test_posixpath test_bz2 test_lzma test_binascii test_atexit test_socketserver test_asyncore
    test_largefile test_crypt test_grp test_pwd test_locale""".split()
SHORT = "test_float test_struct test_mmap test_thread test_select test_wait4 test_zlib test_cmath".split()
CASE_SECONDS, MODULE_SECONDS = 60, 600          # one test without news; one module
PACKAGES = """base-files bash busybox-static coreutils dash diffutils findutils gawk grep libpython3.11-testsuite netbase openssl
    perl sed sqlite3 tzdata""".split()
LONG_PACKAGES = """bat fd-find fzf g++ gcc git libc6-dev nodejs python3-distutils restic ripgrep stress-ng""".split()


def sysroot(short):
    """The folder with Debian's arm64 packages, fetched if it is not there."""
    name = "programs-arm64-short" if short else "programs-arm64"
    packages = PACKAGES if short else PACKAGES + LONG_PACKAGES
    root, stamp, lock = (guest.cache() / (name + end) for end in ("", ".packages", ".lock"))
    full = guest.cache() / "programs-arm64"
    guest.cache().mkdir(parents=True, exist_ok=True)
    with open(lock, "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        wanted = " ".join(packages)
        if short and (guest.cache() / "programs-arm64.packages").exists():
            return full
        if stamp.exists() and stamp.read_text() == wanted:
            return root
        shutil.rmtree(root, ignore_errors=True)
        guest.unpack(root, "--with-deps", *packages)
        for link, to in ("bin/sh", "dash"), ("usr/bin/awk", "gawk"), ("usr/bin/cc", "gcc"):
            if not os.path.lexists(root / link):        # packages' scripts would make them
                os.symlink(to, root / link)
        for path in root.rglob("*"):                    # absolute links would lead to the host's files
            if path.is_symlink() and os.readlink(path).startswith("/"):
                to = os.path.relpath(str(root) + os.readlink(path), path.parent)
                path.unlink()
                path.symlink_to(to)
        guest.write(stamp, wanted.encode())
    return root


class Emulator:
    """name: "chimera" or "qemu"; its command line for programs of the sysroot."""

    def __init__(self, name, command, root, folder):
        self.name, self.command, self.root, self.folder = name, command, root, folder / name
        (self.folder / "bin").mkdir(parents=True)
        self.python = [*self.program("usr/bin/python3.11")]
        if name == "qemu":
            # it does not run the guest's programs that the guest executes; a script does, where Python looks for itself
            script = self.folder / "bin/python3.11"
            script.write_text(f'#!/bin/sh\nexec {command[0]} -L {root} -0 "$0" {root}/usr/bin/python3.11 "$@"\n')
            script.chmod(0o755)
            (self.folder / "lib").symlink_to(root / "usr/lib")
            self.python = [str(script)]

    def program(self, path):
        return [*self.command, "-L", str(self.root), path if path.startswith("./") else str(self.root / path)]


def environment(folder):
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb", "TZ": "UTC"}


COMMANDS = {}       # in a process of the pool: the cases by name, which are not sent, for some have functions


def begin_worker(commands):
    """What a case leaves running becomes this process's child, and is killed when the case is over."""
    COMMANDS.update((case.name, case) for case in commands)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)        # a shell ignores it for what it runs in the background


def kill_children():
    for _ in range(50):
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
            children = [int(x) for x in f.read().split()]
        if not children:
            return
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass


def run_module(python, module, folder, log, only=None):
    """{test: "pass", "fail" or "skip"} of one of Python's test modules; what was running when the guest died has failed."""
    result, seen, crashes = {}, set(), 0
    end = time.monotonic() + MODULE_SECONDS * PATIENCE
    while True:
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
            home = pathlib.Path(place)
            (home / "tmp").mkdir()
            names, results = home / "names", home / "results"
            names.write_text("\n".join((set(only) - seen) if only else seen))
            results.touch()
            args = [*python, str(HERE / "run_unittest.py"), "test." + module, str(results), "only" if only else "without",
                    str(names)]
            with subprocess.Popen(args, cwd=home / "tmp", env=environment(home / "tmp"), stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, start_new_session=True) as p:
                size, news = -1, time.monotonic()
                while p.poll() is None:
                    now = time.monotonic()
                    if results.stat().st_size != size:
                        size, news = results.stat().st_size, now
                    if now > end or now - news > CASE_SECONDS * PATIENCE:
                        log.write(f"TIME {module}\n".encode())
                        p.kill()
                        break
                    time.sleep(0.1)
            kill_children()
            ended, running = False, None
            for line in results.read_text(errors="replace").splitlines():
                word, _, name = line.partition(" ")
                ended |= line == "end"
                if word == "start":
                    running = name
                    seen.add(name)
                elif word in ("pass", "fail", "skip"):
                    running = None
                    seen.add(name)
                    if result.get(name) != "fail":
                        result[name] = word
            if running:
                log.write(f"LEFT {running} {p.returncode}\n".encode())
                result[running] = "fail"
            crashes += 1
            if ended or time.monotonic() > end or not running or crashes > 10:
                if not ended and not running:
                    result[f"{module} (ends)"] = "fail"
                return {f"python/{name}": word for name, word in result.items()}


def run_case(case, emulator, folder):
    """(status, output, errors) of a case's commands, one after another in a fresh folder with its files; the status is the
    first that is not 0, None if a command had not enough time."""
    status, output, errors = 0, b"", b""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
        cases.copy_files(case.files, place)
        for step in case.steps:
            if emulator:
                argv = [*emulator.program(step.program), *step.args]
            else:
                argv = step.native or [step.program if step.program[0] == "." else os.path.basename(step.program), *step.args]
            try:
                with open(os.path.join(place, step.stdin) if step.stdin else os.devnull, "rb") as stdin:
                    p = subprocess.run(argv, cwd=place, env={**environment(place), **case.env}, stdin=stdin,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=case.seconds * PATIENCE,
                                       start_new_session=True, check=False)
                now, out, err = p.returncode, p.stdout, p.stderr
            except subprocess.TimeoutExpired as e:
                now, out, err = None, e.stdout or b"", e.stderr or b""
            except FileNotFoundError as e:      # the host has no such program, or a step before has not made it
                now, out, err = "absent", b"", str(e).encode()
            finally:
                kill_children()
            status, output, errors = status or now, output + out, errors + err
            if now is None or now == "absent":
                status = now
                break
    return status, output.replace(place.encode(), b"PLACE"), errors


def run_python(job):
    emulator, module, folder, only = job
    start = now()
    with open(folder / f"{emulator.name}-{module}.log", "ab") as log:
        return tell(folder, emulator, module, run_module(emulator.python, module, folder, log, only), start)


def run_command(job):
    emulator, name, folder, wanted = job
    case = COMMANDS[name]
    start = now()
    status, out, err = run_case(case, emulator, folder)
    good = case.check(status, out) if case.check else (status, out) == wanted
    if not good:
        with open(folder / f"{emulator.name}-failed.log", "ab") as log:
            log.write(f"FAIL {case.name}\n got {status} {out[-2000:]!r} {err[-2000:]!r}\n".encode())
            if wanted:
                log.write(f" wanted {wanted[0]} {wanted[1][-2000:]!r}\n".encode())
    return tell(folder, emulator, case.name, {case.name: "pass" if good else "fail"}, start)


def run_native(job):
    name, folder = job
    return name, run_case(COMMANDS[name], None, folder)[:2]


def explained(path):
    """[(pattern, reason)] of the file: lines of the form PATTERN | REASON."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition(" | ")
            rows.append((pattern.strip(), reason.strip()))
    return rows


def now():
    """Seconds of the clock, and of processors' time in the processes that have ended."""
    t = os.times()
    return time.monotonic(), t.children_user + t.children_system


def tell(folder, emulator, name, result, start):
    """A line in the folder's record of what took how long."""
    took = [end - begin for begin, end in zip(start, now())]
    with open(folder / "progress", "a", encoding="utf-8") as f:
        good = sum(word == "pass" for word in result.values())
        f.write(f"{emulator.name} {took[0]:.1f} s, processor {took[1]:.1f} s, {good}/{len(result)} {name}\n")
    return result


class Memory:
    """What one version of the rival made of each job with one version of the cases and packages: it would do so again."""

    def __init__(self, qemu, packages):
        h = hashlib.sha256(subprocess.run([qemu, "-version"], stdout=subprocess.PIPE, check=True).stdout + packages)
        for path in sorted(HERE.iterdir()):
            if path.is_file() and path.name != "explained.txt":
                h.update(path.read_bytes())
        self.path = guest.cache() / f"suites-qemu-{h.hexdigest()[:16]}.json"
        self.results = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def add(self, job, result):
        self.results[job] = result
        guest.write(self.path, json.dumps(self.results).encode())


def run_all(pool, emulator, modules, commands, wanted, folder, memory):
    """{case: result} of one emulator; `memory` (or None) has those of jobs that were done before, and gets the others."""
    result = {}
    jobs = [(m, run_python, (emulator, m, folder, None)) for m in modules]
    jobs += [(case.name, run_command, (emulator, case.name, folder, wanted.get(case.name))) for case in commands]
    known = memory.results if memory else {}
    for name, _, _ in jobs:
        result |= known.get(name, {})
    running = {pool.submit(fn, job): name for name, fn, job in jobs if name not in known}
    for job in concurrent.futures.as_completed(running):
        result |= job.result()
        if memory:
            memory.add(running[job], job.result())
    return result


def run_again(pool, emulator, names, where, commands, wanted, folder):
    """{case: result} of some cases."""
    jobs = [pool.submit(run_command, (emulator, case.name, folder, wanted.get(case.name))) for case in commands
            if case.name in names]
    modules = {}
    for name in names:
        if name in where:
            modules.setdefault(where[name], set()).add(name.removeprefix("python/"))
    jobs += [pool.submit(run_python, (emulator, m, folder, tests)) for m, tests in sorted(modules.items())]
    result = {}
    for job in jobs:
        result |= job.result()
    return result


def module_of(name, modules):
    """Which test module a case of Python's is of, told by its name: test.MODULE.Class.test, or something in brackets."""
    return next((m for m in sorted(modules, key=len, reverse=True) if f"test.{m}." in name or f"test.{m})" in name or m in name),
                None)


def passed(result, name):
    return result.get(name) == "pass"


def is_lost(name, results, certain):
    """Without a rival's result every failure is a loss."""
    if "chimera" not in results or passed(results["chimera"], name):
        return False
    return certain or (passed(results["qemu"], name) if "qemu" in results else results["chimera"][name] == "fail")


def report(results, lost, names):
    """The table: a line a group."""
    print(f"{'group':<12}{'cases':>7}" + "".join(f"{n + ' passes':>16}" for n in results) + f"{'lost':>6}{'won':>6}")
    groups = sorted({n.partition("/")[0] for n in names})
    for group in [*groups, ""]:
        own = [n for n in names if not group or n.startswith(group + "/")]
        counts = [sum(passed(r, n) for n in own) for r in results.values()]
        won = 0
        if len(results) == 2:
            won = sum(passed(results["chimera"], n) and not passed(results["qemu"], n) for n in own)
        print(f"{group or 'all':<12}{len(own):>7}" + "".join(f"{c:>16}" for c in counts) +
              f"{sum(n in lost for n in own):>6}{won:>6}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--short", action="store_true", help="a chosen few")
    p.add_argument("--group", help="python, coreutils, ..., with commas")
    p.add_argument("--module", help="Python's test modules, with commas")
    p.add_argument("--match", help="cases whose names have this (not for the group python)")
    p.add_argument("--jobs", type=int, default=min(2, os.cpu_count()))
    p.add_argument("--emulator", choices=("chimera", "qemu", "both"), help="default: both, or chimera with --short")
    p.add_argument("--chimera", default=os.path.join(os.environ.get("CHIMERA_BUILD", TOP / "build"), "chimera"))
    p.add_argument("--qemu", default=shutil.which("qemu-aarch64"))
    p.add_argument("--save", help="a JSON file for the results")
    p.add_argument("--keep", help="a folder for what cases print")
    args = p.parse_args()

    chosen = args.emulator or ("chimera" if args.short else "both")
    if chosen != "chimera" and not args.qemu:
        print("skipped: no qemu-aarch64")
        return 77
    try:
        root = sysroot(args.short)
    except subprocess.CalledProcessError:
        print("skipped: Debian's packages cannot be fetched")
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = pathlib.Path(args.keep or place).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return compare(args, chosen, root, folder, pathlib.Path(place))


def compare(args, chosen, root, folder, place):
    command = {"chimera": [os.path.abspath(args.chimera), "user"], "qemu": [args.qemu]}
    emulators = [Emulator(n, command[n], root, place) for n in ("qemu", "chimera") if chosen in (n, "both")]
    groups = args.group.split(",") if args.group else ["python", *(cases.SHORT if args.short else cases.GROUPS)]
    modules = args.module.split(",") if args.module else SHORT if args.short else MODULES
    modules = [m for m in modules if "python" in groups and
               any((root / "usr/lib/python3.11/test" / (m + end)).exists() for end in ("", ".py"))]
    commands = [c for g in groups if g != "python" for c in cases.GROUPS[g](root, command["chimera"])
                if not args.match or args.match in c.name][::5 if args.short else 1]
    results, again = {}, {}
    with concurrent.futures.ProcessPoolExecutor(args.jobs, initializer=begin_worker, initargs=(commands,)) as pool:
        native = [(c.name, folder) for c in commands if not c.expected and not c.check]
        wanted = dict(pool.map(run_native, native)) | {c.name: c.expected for c in commands if c.expected}
        absent = [n for n, w in wanted.items() if w[0] == "absent"]
        if absent:
            print(f"{len(absent)} cases left out, whose program the host does not have: {', '.join(absent)[:200]}")
        commands = [c for c in commands if c.name not in absent]
        for e in emulators:
            start = time.monotonic()
            memory = Memory(args.qemu, root.with_name(root.name + ".packages").read_bytes()) if e.name == "qemu" else None
            results[e.name] = run_all(pool, e, modules, commands, wanted, folder, memory)
            print(f"{e.name}: {time.monotonic() - start:.0f} s", flush=True)
        names = sorted(set().union(*results.values()))
        certain = {c.name for c in commands if c.certain}
        lost = {n for n in names if is_lost(n, results, n in certain)}
        where = {n: module_of(n, modules) for n in names if n.startswith("python/")}
        for e in reversed(emulators):           # a case that comes and goes is no loss
            if lost:
                again = run_again(pool, e, lost, where, commands, wanted, folder)
                kept = {n for n in lost if n in certain or passed(again, n)} if e.name == "qemu" else \
                    {n for n in lost if not passed(again, n)}
                for n in sorted(lost - kept):
                    print(f"second time {e.name} {'fails' if e.name == 'qemu' else 'passes'}: {n}")
                lost = kept
    report(results, lost, names)
    if args.save:
        pathlib.Path(args.save).write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    rows, unexplained = explained(HERE / "explained.txt"), 0
    for name in sorted(lost):
        reason = next((r for pattern, r in rows if fnmatch.fnmatchcase(name, pattern)), None)
        unexplained += reason is None
        print(f"lost: {name}: {reason or 'NOT EXPLAINED'}")
    both = sum(n.startswith("python/") and all(r.get(n) == "fail" for r in results.values()) for n in names)
    print(f"{both} cases of Python's modules fail under all; {unexplained} losses are not explained")
    counts = ", ".join(f"{e} passes {sum(passed(r, n) for n in names)}" for e, r in results.items())
    print(f"{len(names)} cases of {len(groups)} groups of programs: {counts}, {len(lost)} lost")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
