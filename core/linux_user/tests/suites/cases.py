# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs of the sysroot are made to do: for each case command lines, and what they must give: what the host's program of
that name gives, what Python has computed, or what a function accepts."""
import dataclasses
import hashlib
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[3]
# Stressors that change the host itself (its processors, swap, watchdog, clock), need what machines seldom have, or do not
# end in time under any emulator (the last ones).
STRESS_NOT = set("""cpu-online ioport physpage swap watchdog plugin uprobe clock numa af-alg ipsec-mb pkey smi rseq
    x86cpuid rdrand tsc waitcpu userfaultfd bigheap mmaphuge secretmem schedpolicy
    mlockmany tmpfs prefetch vm-segv mmapfork""".split())
STRESS_ARGS = "--vm-bytes 16M --shm-bytes 8M --mmap-bytes 32M --mremap-bytes 8M --malloc-bytes 8M --shm-sysv-bytes 8M".split()


def text_files():
    rng = random.Random(5)
    words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(rng.randint(2, 9))) for _ in range(300)]
    lines = [" ".join(rng.choice(words) for _ in range(rng.randint(0, 12))) for _ in range(400)]
    table = [f"{rng.choice(words)},{rng.randint(-999, 9999)},{rng.random() * 100:.4f},{rng.choice('xyz')}" for _ in range(200)]
    return {
        "text": "\n".join(lines).encode() + b"\n",
        "words": "\n".join(words).encode() + b"\n",
        "numbers": "".join(f"{rng.randint(-10**6, 10**6)}\n" for _ in range(500)).encode(),
        "floats": "".join(f"{rng.uniform(-1e6, 1e6):.6g}\n" for _ in range(300)).encode(),
        "table": "\n".join(table).encode() + b"\n",
        "data": rng.randbytes(20000),
        "utf8": "naïve café ßtraße Ωmega 日本語\nÄÖÜ äöü €\n".encode() * 5,
        "other": "\n".join(lines[:100] + words[:20] + lines[130:]).encode() + b"\n",
        "sorted1": "\n".join(sorted(set(words[:200]))).encode() + b"\n",
        "sorted2": "\n".join(sorted(set(words[100:]))).encode() + b"\n",
    }


TEXT = text_files()


def copy_files(files, folder):
    for name, data in files.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@dataclasses.dataclass
class Step:
    """A command: a program of the sysroot (or "./NAME", which a step before has made) and its arguments."""
    program: str
    args: list
    stdin: str = ""             # a file's name
    native: list = None         # the command on the host; default: the program's name


@dataclasses.dataclass
class Case:
    """expected: (status, output), or None for what the host's program gives; check(status, output) decides instead."""
    name: str
    steps: list
    files: dict = dataclasses.field(default_factory=dict)
    expected: tuple = None
    check: object = None
    env: dict = dataclasses.field(default_factory=dict)
    seconds: int = 60
    certain: bool = True        # that Chimera fails it is a failure, whatever others do


def one(name, program, *args, stdin="", files=None, **kw):
    return Case(name, [Step(program, list(args), stdin)], TEXT if files is None else files, **kw)


def sections(path):
    """{title: lines} of a file with lines [title]."""
    result, lines = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = result.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return result


def commands(root, group):
    """commands.txt: a line is one case. Words after < name the standard input."""
    for line in sections(HERE / "commands.txt")[group]:
        name = f"{group}/{line}"
        if group in ("bash", "perl", "awk"):
            program, flag = {"bash": ("bin/bash", ["-c"]), "perl": ("usr/bin/perl", ["-e"]), "awk": ("usr/bin/gawk", [])}[group]
            yield Case(name, [Step(program, [*flag, line], "text")], TEXT)
            continue
        words = shlex.split(line)
        stdin = words.pop().removeprefix("<") if words[-1].startswith("<") else ""
        if group == "busybox":
            yield Case(name, [Step("bin/busybox", words, stdin)], TEXT)
        else:
            where = next((d for d in ("bin", "usr/bin", "sbin", "usr/sbin") if (root / d / words[0]).exists()), "bin")
            yield Case(name, [Step(f"{where}/{words[0]}", words[1:], stdin)], TEXT)


def sqlite(_root):
    """Scripts whose statements are drawn: tables, indices, joins, windows, recursion, triggers, text and numbers."""
    rng = random.Random(9)
    for number in range(12):
        out = ["pragma synchronous = off;", "create table t(id integer primary key, a integer, b real, c text, d blob);",
               "create table u(id integer primary key, t integer references t(id), v integer);"]
        for _ in range(150):
            out.append(f"insert into t(a,b,c,d) values({rng.randint(-10**12, 10**12)},{rng.uniform(-1e9, 1e9)!r},"
                       f"'{rng.choice('xyzw') * rng.randint(0, 9)}',x'{rng.randbytes(rng.randint(0, 12)).hex()}');")
            out.append(f"insert into u(t,v) values({rng.randint(1, 150)},{rng.randint(0, 99)});")
        if number % 2:
            out += ["create index ta on t(a);", "create index uc on u(v, t);", "analyze;"]
        if number % 3 == 0:
            out.append("create trigger r after update on u begin update t set a = a + new.v where id = new.t; end;")
        for _ in range(25):
            k, m = rng.randint(1, 150), rng.randint(2, 9)
            out.append(rng.choice([
                f"select id, a % {m}, round(b / {m}, 6), upper(c), hex(d) from t where id > {k} order by b limit 5;",
                f"select c, count(*), sum(a), printf('%.8e', avg(b)) from t group by c having count(*) > {m} order by 1;",
                f"select t.id, u.v, sum(u.v) over (partition by u.t order by u.id) from t join u on u.t = t.id where t.id < {k};",
                f"with recursive f(n, x) as (select 1, {m} union all select n + 1, (x * 31 + n) % 1009 from f where n < 40)"
                " select group_concat(x, ' ') from f;",
                f"update u set v = v + {m} where t % {m} = 0; select changes(), total(v) from u;",
                f"delete from t where id = {k}; select count(*), max(length(c)) from t;",
                f"begin; update t set b = -b; savepoint s; delete from u where v < {m}; rollback to s; commit;"
                " select count(*), printf('%.6e', sum(b)) from t, u where t.id = u.t;",
                f"select json_object('k', {k}, 'a', json_array({m}, 'x', null)), json_extract('{{\"z\":[{k},{m}]}}', '$.z[1]');",
                f"select strftime('%Y-%m-%d %H:%M', {k * 86399 * m}, 'unixepoch'), julianday('2001-02-0{m}'), hex(zeroblob({m}));",
                f"select a, dense_rank() over (order by a % {m}), lag(id) over (order by id) from t"
                f" where id between {k} and {k + m};",
                f"select typeof(a/{m}.0), a/{m}, a<<3, ~a, abs(a), c glob 'x*', c like 'Y%', instr(c,'z') from t where id={k};",
            ]))
        out += ["pragma integrity_check;", "vacuum;", "select count(*) from sqlite_master;", ".schema"]
        yield one(f"sqlite3/script {number}", "usr/bin/sqlite3", "-batch", "file.db", stdin="script",
                  files={"script": "\n".join(out).encode() + b"\n"})


def openssl(_root):
    def listed(*args):
        if not shutil.which("openssl"):
            return []
        return subprocess.run(["openssl", *args], capture_output=True, text=True, check=False).stdout.split()

    program, legacy = "usr/bin/openssl", ["-provider", "legacy", "-provider", "default"]
    for name in sorted(set(listed("list", "-digest-commands"))):
        yield one(f"openssl/digest {name}", program, "dgst", f"-{name}", *legacy, "data")
        yield one(f"openssl/hmac {name}", program, "dgst", f"-{name}", "-hmac", "a key", *legacy, "data")
    key, iv = "00112233445566778899aabbccddeeff" * 2, "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    # wrapping by Triple-DES draws its own initial vector
    for name in sorted(x for x in set(listed("enc", "-list")) if x.startswith("-") and not x.lower().endswith("deswrap")
                       and x != "-des3-wrap"):
        yield one(f"openssl/cipher {name[1:]}", program, "enc", name, "-e", "-K", key, "-iv", iv, *legacy, "-in", "data")
    for name in "aes-128-cbc", "aes-256-ctr", "camellia-256-cbc", "chacha20", "des-ede3-cbc", "aria-192-cfb":
        secret = ["-pbkdf2", "-S", "0011223344556677", "-k", "secret"]
        yield Case(f"openssl/there and back {name}", [Step(program, ["enc", f"-{name}", "-e", *secret, "-in", "data", "-out", "x"]),
                                                      Step(program, ["enc", f"-{name}", "-d", *secret, "-in", "x"])],
                   TEXT, expected=(0, TEXT["data"]))
    for kind, args in (("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("ed25519", ["-algorithm", "ED25519"]),
                       ("p-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("ed448", ["-algorithm", "ED448"]),
                       ("p-521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
                       ("k-163", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sect163k1"])):
        raw = ["-rawin"] if kind.startswith("ed") else []
        yield Case(f"openssl/sign and verify {kind}", [
            Step(program, ["genpkey", *args, "-out", "key"]), Step(program, ["pkey", "-in", "key", "-pubout", "-out", "public"]),
            Step(program, ["pkeyutl", "-sign", "-inkey", "key", *raw, "-in", "digest", "-out", "sig"]),
            Step(program, ["pkeyutl", "-verify", "-pubin", "-inkey", "public", *raw, "-in", "digest", "-sigfile", "sig"]),
        ], {"digest": hashlib.sha256(b"x").digest()}, check=lambda status, out: status == 0 and b"Verified Successfully" in out)
    yield one("openssl/prime", program, "prime", "-generate", "-bits", "256",
              check=lambda status, out: status == 0 and len(out) > 70)
    for name in "4294967291", "340282366920938463463374607431768211297", "1000000007000000000":
        yield one(f"openssl/prime {name}", program, "prime", name)
    for name in "sha256", "aes-128-gcm", "chacha20-poly1305", "rsa2048", "ecdsap256", "ed25519":
        args = ["-evp", name] if name[:3] in ("sha", "aes", "cha") else [name]
        yield one(f"openssl/speed {name}", program, "speed", "-seconds", "1", "-bytes", "1024", *args,
                  check=lambda status, out: status == 0 and re.search(rb"\n.* +[\d.]+[ks]? *[\d.]*\n*$", out) is not None)


def git(_root):
    env = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@c",
           "GIT_AUTHOR_DATE": "2001-02-03T04:05:06Z", "GIT_COMMITTER_DATE": "2001-02-03T04:05:06Z", "GIT_CONFIG_NOSYSTEM": "1"}
    start = ["init -q -b main .", "add text words numbers", "commit -q -m first", "mv words word-list", "commit -q -a -m second"]
    for name, lines in sections(HERE / "commands.txt").items():
        if name.startswith("git "):
            steps = [Step("usr/bin/git", shlex.split(line)) for line in start + lines]
            yield Case("git/" + name[4:], steps, TEXT, env=env)


def gcc(root):
    bench = TOP / "bench/programs"
    files = {"bench/programs/" + p.name: p.read_bytes() for p in bench.glob("*.h")}
    for name in "sort", "sha256", "records", "nbody", "trees", "indirect", "strings":
        files[f"{name}.c"] = (bench / f"{name}.c").read_bytes()
        for level in ("-O0", "-O1", "-O2", "-O3") if name in ("sort", "sha256", "records") else ("-O2",):
            compiled = Step("usr/bin/gcc", [level, "-w", "-I.", "-o", "x", f"{name}.c", "-lm"])
            yield Case(f"gcc/{name} {level}", [compiled, Step("./x", [])], dict(files), seconds=300)
    for name in "containers", "exceptions":
        for level in "-O0", "-O2":
            yield Case(f"g++/{name} {level}", [Step("usr/bin/g++", [level, "-o", "x", f"{name}.cc"]), Step("./x", [])],
                       {f"{name}.cc": (HERE / f"{name}.cc").read_bytes()}, seconds=300)
    yield Case("gcc/threads -O2", [Step("usr/bin/gcc", ["-O2", "-pthread", "-o", "x", "stress.c"]), Step("./x", ["50"])],
               {"stress.c": (HERE.parent / "stress.c").read_bytes()}, expected=(0, b"ticks: 1\n"), seconds=300)
    yield Case("gcc/error", [Step("usr/bin/gcc", ["-c", "bad.c"])], {"bad.c": b"int f(void) { return x; }\n"},
               check=lambda status, out: status == 1)


def node(_root):
    """features.js prints a line for each case, which Python knows."""
    def fib(n):
        a, b = 0, 1
        for _ in range(n):
            a, b = b, a + b
        return a

    def lcg(rounds):
        x = 1
        for _ in range(rounds):
            x = (x * 1664525 + 1013904223) % 2**32
        return x

    sieve = bytearray([1]) * 200000
    for i in range(2, 450):
        sieve[i * i::i] = bytes(len(sieve[i * i::i]))
    total = 0.0
    for i in range(1, 300001):
        total += 1.0 / (i * i)
    expected = {
        "fib": fib(200), "lcg": lcg(300000), "primes": sum(sieve[2:]), "sum": repr(total),
        "regexp": len(re.findall(rb"\b[a-f]\w*", TEXT["text"])), "sorted": sum(int(x) * i for i, x in
                                                                           enumerate(sorted(TEXT["numbers"].split(), key=int))),
        "sha256": hashlib.sha256(TEXT["data"]).hexdigest(), "zlib": hashlib.md5(TEXT["text"]).hexdigest(), "closures": 499500,
        "exceptions": 5000, "generators": 4950, "typed": 1 << 20, "wasm": 3628800, "json": len(TEXT["words"].split()),
        "async": 45, "workers": 285, "map": 50000, "strings": "x" * 5 + "y", "bigint": pow(3, 1000, 10**40), "proxy": 42,
        "evaluated": 1000, "deopt": "1000ab", "child": "6",
    }
    files = {**TEXT, "features.js": (HERE / "features.js").read_bytes()}
    for name, value in expected.items():
        yield one(f"node/{name}", "usr/bin/node", "features.js", name, files=files, expected=(0, f"{value}\n".encode()),
                  seconds=120)


def go_and_rust(_root):
    files = {"tree/" + name: data for name, data in TEXT.items()}
    files |= {"tree/deep/er/file.txt": b"found\n", "tree/deep/b.rs": b"fn x() {}\n"}
    env = {"RESTIC_PASSWORD": "p", "RESTIC_REPOSITORY": "repo"}
    restic = "usr/bin/restic"

    def steps(*lines):
        return [Step(restic, line.split()) for line in lines]

    yield Case("go/restic backup", steps("init -q", "backup -q tree", "check -q"), files, env=env, expected=(0, b""), seconds=180)
    restored = [*steps("init -q", "backup -q tree", "restore -q latest --target out"),
                Step("bin/cat", ["out/tree/deep/er/file.txt"])]
    yield Case("go/restic restore", restored, files, env=env, expected=(0, b"found\n"), seconds=180)
    yield Case("go/restic dump", steps("init -q", "backup -q tree", "forget -q --keep-last 1 --prune", "dump latest /tree/data"),
               files, env=env, expected=(0, TEXT["data"]), seconds=180)
    for part in "ab", "ca", "mm", "xyz", "a b":
        lines = [x for x in TEXT["text"].decode().splitlines() if all(p in x for p in part.split())]
        yield one(f"go/fzf {part}", "usr/bin/fzf", "--exact", "--no-sort", "-f", part, stdin="text",
                  expected=(0 if lines else 1, "".join(x + "\n" for x in lines).encode()))
    for args in ["-c", r"\bca"], ["-n", "a{2,}|b{2,}"], ["-o", "[a-d]+$"], ["-i", "-w", "cab"], ["-v", "a"], ["-e", "^$", "-n"]:
        step = Step("usr/bin/rg", [*args, "text"], native=["grep", "-P", *args, "text"])
        yield Case(f"rust/ripgrep {shlex.join(args)}", [step], TEXT)
    yield Case("rust/ripgrep threads", [Step("usr/bin/rg", ["-l", "--sort", "path", "^(found|fn x)", "tree"])], files,
               expected=(0, b"tree/deep/b.rs\ntree/deep/er/file.txt\n"))
    for args, out in ([".", "tree/deep", "--type", "f"], b"tree/deep/b.rs\ntree/deep/er/file.txt\n"), \
                     (["-e", "rs", ".", "tree"], b"tree/deep/b.rs\n"), (["^s", "tree"], b"tree/sorted1\ntree/sorted2\n"), \
                     (["-g", "*.txt"], b"tree/deep/er/file.txt\n"):
        yield Case(f"rust/fd {shlex.join(args)}", [Step("usr/bin/fdfind", ["--threads", "4", *args])], files,
                   check=lambda status, got, out=out: status == 0 and sorted(got.splitlines()) == sorted(out.splitlines()))
    for name in "text", "table", "utf8":
        yield one(f"rust/bat {name}", "usr/bin/batcat", "--paging", "never", "-p", "--color", "never", name,
                  expected=(0, TEXT[name]))
    yield one("rust/bat highlights", "usr/bin/batcat", "--color", "always", "-p", "-l", "c", "x.c",
              files={"x.c": b"int main(void) { return 0; }\n"},
              check=lambda status, out: status == 0 and out.count(b"\x1b[") > 5)


def stress_ng(root, command):
    for kind in "cpu", "vm", "interrupt":
        p = subprocess.run([*command, "-L", str(root), str(root / "usr/bin/stress-ng"), "--class", kind + "?"], capture_output=True,
                           text=True, check=False)
        for name in p.stdout.partition("stressors: ")[2].split():
            if name not in STRESS_NOT:
                yield one(f"stress-ng/{kind} {name}", "usr/bin/stress-ng", f"--{name}", "1", "-t", "1", "--verify", "--metrics",
                          *STRESS_ARGS, files={}, check=lambda status, out: status == 0, seconds=40, certain=False)


GROUPS = {
    **{name: lambda root, command, name=name: commands(root, name) for name in ("coreutils", "busybox", "bash", "perl", "awk")},
    **{make.__name__.replace("_", "-"): lambda root, command, make=make: make(root) for make in (sqlite, openssl, git, gcc, node,
                                                                                                go_and_rust)},
    "stress-ng": stress_ng,
}
SHORT = ("coreutils", "busybox", "bash", "perl", "awk", "sqlite", "openssl")        # and of these each fifth case
