#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode: a program compiled for the guest does what it must, on both back ends; what cannot run gives a line and
the status that a shell gives. Needs aarch64-linux-gnu-gcc, else it is skipped."""
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
THREADSAN = os.environ.get("CHIMERA_SANITIZER") == "thread"
HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = """threads: 160000 1600 0
unmapped: 11 1 1234
read-only: 11 2 4097
not executable: 11 2 0
undefined: 4
breakpoint: 5 1
on another stack: 11
interrupted: -1 1 1
restarted: 1 x 2
code: 4950
tagged: 5
bad pointer: -1 14 -1 14
fork: 7
name exec
exec: 3
killed: 11
"""
INTERFACE = """vdso: 1 1 1 1
vdso clocks: 0
unwound: 1 1
tagged: -1 1 0 1 6 -1 1 -1 1
mte: 1 1 1 0 f0 7 0 0 9 33 1
mte tag bits: 3 9 9 7 0 783
mte asynchronous: 8 1 4 5 0
bti: 1 1 1 42
keys: 1 1 -1 f 0 b 1 -1
id: 1 1 1 11 111ff000000 80000000 0 6 1 0 4 4
capabilities: 0 0
vfork: 5 3 1 2 0 9 9 clone3: 0 4 5 -1 1
setxid: 0
descriptors: 0 3
refused: 1 1 1 1 1
"""
PROCFS = """cpuinfo: 1 1 1 1 1 1
maps: 1 smaps: 4096 2048 2048 1 rollup: 1 1 status: 1 1 1 statm: 1
names: 1 1 1 1 1 1 exe: 1
stat: 1
signals: 200 1
environ: 1
mem: -1 13
pagemap: -1 1
numa_maps: -1 2
"""
failures = []


def check(what, got, wanted):
    if got != wanted:
        failures.append(what)
        print(f"{what}: got {got!r}, wanted {wanted!r}")


def run(*args, **kw):
    return subprocess.run([CHIMERA, "user", *args], capture_output=True, text=True, timeout=60 * PATIENCE, check=False, **kw)


def compared(folder, name):
    """A program says what it says on the host: calls whose arguments are translated, and what signals do to calls."""
    folder = os.path.join(folder, name)
    source, guest, host = os.path.join(HERE, name + ".c"), os.path.join(folder, "g", name), os.path.join(folder, "h", name)
    for cc, out, flags in (CC, guest, ["-static"]), ("cc", host, []):
        os.makedirs(os.path.dirname(out))
        subprocess.run([cc, "-O1", "-w", "-pthread", *flags, "-o", out, source], check=True)
    for place in "1", "2":
        os.mkdir(os.path.join(folder, place))
    wanted = subprocess.run([host], capture_output=True, text=True, timeout=60 * PATIENCE, check=False,
                            cwd=os.path.join(folder, "1"))
    r = run(guest, cwd=os.path.join(folder, "2"))
    for got, want in zip(r.stdout.splitlines(), wanted.stdout.splitlines()):
        check(name, got, want)
    check(name, (r.returncode, r.stdout.count("\n")), (0, wanted.stdout.count("\n")))


def scripts(folder):
    """A program that is a script: its interpreter runs, as execve would have it; other bad ones are refused."""
    source, program = os.path.join(folder, "says.c"), os.path.join(folder, "says")
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <stdio.h>\n#include <stdlib.h>
int main(int argc, char **argv) { for (char **a = argv; *a; a++) printf("[%s]", *a); return argc > 1 ? atoi(argv[1]) : 0; }\n""")
    subprocess.run([CC, "-static", "-o", program, source], check=True)

    def script(name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    check("arguments", [(r.stdout, r.returncode) for r in (run(program, "3", "a b", ""), run("-0", "X", program, "-255"),
                                                          run("--", program, "256"))],
          [(f"[{program}][3][a b][]", 3), ("[X][-255]", 1), (f"[{program}][256]", 0)])
    first = script("first", f"#! {program}  7 x \nrest\n")
    second = script("second", f"#!{first}")
    for path, wanted in (first, f"[{program}][7 x][{first}][y z]"), (second, f"[{program}][7 x][{first}][{second}][y z]"):
        r = run("-0", "X", path, "y z")
        check("script", (r.returncode, r.stdout), (7, wanted))
    script("loop", f"#!{os.path.join(folder, 'loop')}\n")
    os.chmod(script("plain", f"#!{program}\n"), 0o644)
    for name, text, status in (("missing", "#!/nowhere/there\n", 127), ("none", "#!\n", 126), ("blank", "#! \t\n", 126),
                               ("native", "#!/bin/sh\n", 126), ("not executable", f"#!{os.path.join(folder, 'plain')}\n", 126),
                               ("loop", f"#!{os.path.join(folder, 'loop')}\n", 126),
                               ("empty", "", 126), ("mark", "#!", 126)):
        r = run(script(name, text))
        check(name, (r.returncode, r.stderr.count("\n")), (status, 1))


def guarded(folder):
    """A program without an interpreter whose property asks for guarded code jumps where it may not; others may."""
    source, program = os.path.join(folder, "guarded.S"), os.path.join(folder, "guarded")
    property_of = struct.Struct("<4I").pack
    branch = property_of(0xc0000000, 4, 1, 0)
    with open(source, "w", encoding="ascii") as f:
        f.write("""    .section .note.gnu.property, "a"
    .balign 8
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0
    .text
    .global _start
_start: adr x0, 1f
    br x0
1:  mov x0, #3
    mov x8, #93
    svc #0
""")
    subprocess.run([CC, "-nostdlib", "-static", "-o", program, source], check=True)
    with open(program, "rb") as f:
        whole = f.read()
    check("a property", whole.count(branch), 1)
    for name, changed, cpu, wanted in (("guarded", branch, "max", -4), ("no such CPU", branch, "cortex-a72", 3),
                                       ("another bit", property_of(0xc0000000, 4, 2, 0), "max", 3),
                                       ("another property", property_of(0xb0000000, 4, 1, 0), "max", 3),
                                       ("too long", property_of(0xc0000000, 0xfffffff0, 1, 0), "max", 3)):
        with open(program, "wb") as f:
            f.write(whole.replace(branch, changed))
        check(name, run("-cpu", cpu, program).returncode, wanted)


def gaps(folder):
    """Between the segments of a program that may lie anywhere nothing is mapped."""
    source, program = os.path.join(folder, "gaps.c"), os.path.join(folder, "gaps")
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <link.h>\n#include <signal.h>\n#include <sys/auxv.h>\n#include <unistd.h>
static void on_fault(int sig, siginfo_t *info, void *context) { _exit(info->si_code); }
int main(void)
{
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    unsigned long base = 0, end = 0;

    sigaction(SIGSEGV, &sa, NULL);
    for (unsigned i = 0; i < getauxval(AT_PHNUM); i++) {
        base = ph[i].p_type == PT_PHDR ? (unsigned long)ph - ph[i].p_vaddr : base;
        base = ph[i].p_type == PT_LOAD && !ph[i].p_offset ? ((unsigned long)ph & ~4095ul) - ph[i].p_vaddr : base;
        if (ph[i].p_type == PT_LOAD && end && end < (base + ph[i].p_vaddr & ~4095ul)) return *(volatile char *)end * 0 + 9;
        if (ph[i].p_type == PT_LOAD) end = base + ph[i].p_vaddr + ph[i].p_memsz + 4095 & ~4095ul;
    }
    return 8;
}
""")
    subprocess.run([CC, "-w", "-static-pie", "-Wl,-z,max-page-size=65536", "-o", program, source], check=True)
    check("between segments", run(program).returncode, 1)


def sysroot(folder):
    """What -L names stays the same when the program goes elsewhere, and for what it executes there."""
    source, program = os.path.join(folder, "goes.c"), os.path.join(folder, "goes")
    os.makedirs(os.path.join(folder, "root", "inside"))
    with open(os.path.join(folder, "root", "inside", "file"), "w", encoding="ascii"):
        pass
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <stdio.h>\n#include <unistd.h>
int main(int argc, char **argv)
{
    printf("%d ", access("/inside/file", F_OK));
    if (chdir("/") < 0 || access("/inside/file", F_OK) < 0) return 1;
    fflush(stdout);
    return argc > 1 ? execl(argv[1], argv[1], (char *)NULL) : 0;
}
""")
    subprocess.run([CC, "-static", "-o", program, source], check=True)
    for options, env in (["-L", "root"], {}), ([], {"QEMU_LD_PREFIX": "root"}):
        r = run(*options, "./goes", program, cwd=folder, env=dict(os.environ, **env))
        # a variable is the children's own to understand
        check("sysroot", (r.returncode, r.stdout), (0, "0 0 ") if options else (1, "0 -1 "))


def logs(folder):
    """All programs of a run log to one file, which none of their descriptors reaches."""
    source, program, log = (os.path.join(folder, n) for n in ("logs.c", "logs", "log"))
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <fcntl.h>\n#include <stdlib.h>\n#include <sys/wait.h>\n#include <unistd.h>
int main(int argc, char **argv)
{
    int status, fd;

    if (argc > 1) return atoi(argv[1]);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) execl(argv[0], argv[0], i ? "5" : "6", (char *)NULL);
        wait(&status);
    }
    closefrom(3);
    fd = open(argv[0], O_RDONLY);
    return open("other", O_CREAT | O_TRUNC | O_WRONLY, 0600) != fd + 1;
}
""")
    subprocess.run([CC, "-static", "-o", program, source], check=True)
    for name in log, "+" + log:
        check("log", run("-strace", "-D", name, program, cwd=folder).returncode, 0)
    with open(log, "rb") as f:
        text = f.read()
    check("in the log", [text.count(t) for t in (b"exit_group(0)", b"exit_group(5)", b"exit_group(6)", b"\0")], [0, 2, 2, 0])
    check("no log", os.path.getsize(os.path.join(folder, "other")), 0)


def options(folder):
    """-r, -env and -cpu help; AT_EXECFN; the host's dynamic linker leaves alone what a program says to the guest's."""
    source, program = os.path.join(folder, "options.c"), os.path.join(folder, "options")
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
int main(int argc, char **argv)
{
    struct utsname u;
    char *env[] = { "LD_TRACE_LOADED_OBJECTS=1,2", "LD_PRELOAD=none", "GLIBC_TUNABLES=x", "A=b", NULL };

    uname(&u);
    printf("%s %s %s %s\\n", (char *)getauxval(AT_EXECFN), u.release, getenv("LD_TRACE_LOADED_OBJECTS"), getenv("A"));
    fflush(stdout);
    return argc > 1 ? execve(argv[1], (char *[]){ argv[0], NULL }, env) : 7;
}
""")
    subprocess.run([CC, "-static", "-o", program, source], check=True)
    r = run("-r", "9.8.7", "-env", "A=x,y", "./options", "./options", cwd=folder)
    check("options", (r.returncode, r.stdout, r.stderr),
          (7, "./options 9.8.7 (null) x,y\n./options 9.8.7 1,2 b\n", ""))
    r = run("-cpu", "cortex-m3", "./options", cwd=folder)
    check("another's CPU", (r.returncode, r.stdout, "not of this architecture" in r.stderr), (1, "", True))
    for cpu in "nonsense", "max,nonsense=on", "max,pauth=7":
        r = run("-cpu", cpu, "./options", cwd=folder)
        check(f"-cpu {cpu}", (r.returncode, r.stdout, r.stderr.count("\n")), (1, "", 1))
    if os.environ.get("CHIMERA_SANITIZER", "none") == "none":
        r = run("./options", cwd=folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)))
        check("little address space", (r.returncode, r.stderr), (7, ""))
        # what is asked for is what is mapped, twice
        for size, status in (["-tb-size", "2048"], 126), (["-accel", "tcg,tb-size=2048"], 126), (["-accel", "tcg,tb-size=16"], 7):
            r = run(*size, "./options", cwd=folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)))
            check(" ".join(size), (r.returncode, r.stderr.count("no memory for 2147483648 bytes of code")), (status, status == 126))
    r = run("-cpu", "help")
    check("-cpu help", (r.returncode, " cortex-a72 " in r.stdout, "cortex-m" in r.stdout), (0, True, False))


def tagged(folder):
    """Accesses that the host refuses, since the address has a tag, do what they do without."""
    program = os.path.join(folder, "tagged")
    subprocess.run([CC, "-O1", "-static", "-o", program, os.path.join(HERE, "tagged.c")], check=True)
    for rounds in "1", "3", "500":
        plain = run(program, "0", rounds).stdout
        check("no tag", len(plain), 17)
        for options_of in ["-heat", "0"], ["-heat", "50"], ["-accel", "tci"]:
            for tag in "0", "18", "200":
                check(f"tag {tag}: {' '.join(options_of)}, {rounds} times", run(*options_of, program, tag, rounds).stdout, plain)


def refusals(folder):
    r = run(os.path.join(folder, "absent"))
    check("missing file", (r.returncode, r.stderr.count("\n")), (127, 1))
    r = run("/bin/sh")
    check("the host's own", (r.returncode, r.stderr.count("\n"), "aarch64" in r.stderr), (126, 1, True))
    text = os.path.join(folder, "text")
    with open(text, "w", encoding="ascii") as f:
        f.write("not a program\n")
    r = run(text)
    check("no ELF file", (r.returncode, r.stderr.count("\n")), (126, 1))


def main():
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, stress, interface, procfs, taken = (os.path.join(folder, n) for n in
                                                     ("basics", "stress", "interface", "procfs", "taken"))
        for out in program, stress, interface, procfs, taken:
            source = os.path.join(HERE, os.path.basename(out) + ".c")
            subprocess.run([CC, "-O2", "-static", "-pthread", "-funwind-tables", "-o", out, source], check=True)
        for accel in "tcg", "tci":
            r = run("-accel", accel, program)
            check(f"{accel}: output", r.stdout, EXPECTED)
            check(f"{accel}: status", r.returncode, 42)
            # ThreadSanitizer's own locks are not taken around a fork: a child of a process that has threads may hang
            r = run("-accel", accel, stress, *(["200"] if THREADSAN else []))
            check(f"{accel}: stress", (r.returncode, r.stdout), (0, "ticks: 1\n"))
            r = run("-accel", accel, interface)
            check(f"{accel}: interface", r.stdout, INTERFACE)
            check(f"{accel}: interface's status", r.returncode, 0)
            r = run("-accel", accel, taken)
            check(f"{accel}: taken", (r.returncode, r.stdout, r.stderr), (0, "wrong: 0\n", ""))
        for cpu in "cortex-a53", "cortex-a72", "cortex-a76", "neoverse-n1":
            check(f"{cpu}: capabilities", run("-cpu", cpu, interface, "capabilities").stdout, "capabilities: 0 0\n")
        r = run(procfs, env={"FIRST": "1"})
        check("/proc", (r.returncode, r.stdout), (0, PROCFS))
        drawn = [run(*seed, procfs, "random").stdout for seed in (["-seed", "7"], ["-seed", "7"], ["-seed", "8"], [], [])]
        check("-seed", (len(drawn[0]), drawn[0] == drawn[1], len(set(drawn[1:]))), (32, True, 4))
        check("-p 4096", run("-p", "4096", procfs, "random").returncode, 0)
        r = run("-p", "65536", procfs, "random")
        check("-p", (r.returncode, r.stderr.count("\n")), (1, 1))
        r = run("-strace", program, "x")
        check("-strace", (r.returncode, "exit_group(3)" in r.stderr), (3, True))
        r = run("-d", "strace,page", program, "x")
        check("-d strace,page", (r.returncode, "exit_group(3)" in r.stderr, "[stack]" in r.stderr), (3, True, True))
        r = run("-E", "FOO", program)
        check("-E", (r.returncode, r.stderr.count("\n")), (1, 1))
        with open(program, "rb") as f:
            whole = f.read()
        for size in 16, 64, 200, 5000:
            cut = os.path.join(folder, "cut")
            with open(cut, "wb") as f:
                f.write(whole[:size])
            r = run(cut)
            check(f"truncated to {size}", (r.returncode, r.stderr.count("\n")), (126, 1))
        refusals(folder)
        tagged(folder)
        scripts(folder)
        options(folder)
        guarded(folder)
        gaps(folder)
        sysroot(folder)
        logs(folder)
        if shutil.which("cc"):
            compared(folder, "calls")
            compared(folder, "restart")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
