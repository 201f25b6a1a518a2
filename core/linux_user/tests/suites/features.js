// SPDX-License-Identifier: LGPL-2.1-or-later
// node features.js NAME: one feature of a JavaScript engine that makes code at run time; each loop runs long enough for its
// optimising compiler. One line of output, which suites/cases.py has computed on its own.
'use strict';
const fs = require('fs');

function lcg(rounds) {
    let x = 1;
    for (let i = 0; i < rounds; i++)
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x;
}

function primes(n) {
    const s = new Uint8Array(n).fill(1);
    let count = 0;
    for (let i = 2; i < n; i++) {
        count += s[i];
        if (s[i])
            for (let j = i * i; j < n; j += i)
                s[j] = 0;
    }
    return count;
}

const features = {
    fib() {
        let a = 0n, b = 1n;
        for (let i = 0; i < 200; i++)
            [a, b] = [b, a + b];
        return a;
    },
    lcg: () => lcg(300000),
    primes: () => primes(200000),
    sum() {
        let t = 0;
        for (let i = 1; i <= 300000; i++)
            t += 1 / (i * i);
        return t;
    },
    regexp: () => fs.readFileSync('text', 'latin1').match(/\b[a-f]\w*/g).length,
    sorted: () => fs.readFileSync('numbers', 'latin1').trim().split('\n').map(Number).sort((a, b) => a - b)
        .reduce((s, x, i) => s + x * i, 0),
    sha256: () => require('crypto').createHash('sha256').update(fs.readFileSync('data')).digest('hex'),
    zlib() {
        const zlib = require('zlib');
        const back = zlib.gunzipSync(zlib.gzipSync(fs.readFileSync('text')));
        return require('crypto').createHash('md5').update(back).digest('hex');
    },
    closures() {
        const f = [];
        for (let i = 0; i < 1000; i++)
            f.push(() => i);
        return f.reduce((s, g) => s + g(), 0);
    },
    exceptions() {
        let n = 0;
        for (let i = 0; i < 10000; i++) {
            try {
                if (i % 2)
                    throw new Error('odd');
            } catch (e) {
                n++;
            }
        }
        return n;
    },
    generators() {
        function* numbers() {
            for (let i = 0; i < 100; i++)
                yield i;
        }
        return [...numbers()].reduce((a, b) => a + b);
    },
    typed() {
        const f = new Float64Array(1 << 16), view = new DataView(f.buffer);
        for (let i = 0; i < f.length; i++)
            f[i] = i;
        let n = 0;
        for (let r = 0; r < 16; r++)
            for (let i = 0; i < f.length; i++)
                n += view.getFloat64(i * 8, true) === i ? 1 : 0;
        return n;
    },
    wasm() {
        // (func (export "f") (param i32) (result i32) local.get 0 i32.eqz if (result i32) 1 else n * f(n - 1) end)
        const code = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
            10, 23, 1, 21, 0, 32, 0, 69, 4, 127, 65, 1, 5, 32, 0, 32, 0, 65, 1, 107, 16, 0, 108, 11, 11]);
        const f = new WebAssembly.Instance(new WebAssembly.Module(code)).exports.f;
        for (let i = 0; i < 10000; i++)
            f(5);
        return f(10);
    },
    json: () => JSON.parse(JSON.stringify(fs.readFileSync('words', 'latin1').trim().split('\n'))).length,
    async async() {
        let s = 0;
        for (let i = 0; i < 10; i++)
            s += await new Promise((done) => setTimeout(done, 2, i));
        return s;
    },
    async workers() {
        const { Worker } = require('worker_threads');
        const one = (n) => new Promise((done, failed) => {
            const w = new Worker(`const { parentPort, workerData: n } = require('worker_threads');
                let s = 0; for (let i = 0; i < n; i++) s += i; parentPort.postMessage(s);`, { eval: true, workerData: n });
            w.on('message', done);
            w.on('error', failed);
        });
        return (await Promise.all([10, 20, 5].map(one))).reduce((a, b) => a + b) + 40;
    },
    map() {
        const m = new Map();
        for (let i = 0; i < 100000; i++)
            m.set(i % 2 ? i : 'k' + i % 1000, i);
        for (let i = 0; i < 500; i++)
            m.delete('k' + i * 2);
        return m.size;
    },
    strings() {
        let s = '';
        for (let i = 0; i < 5; i++)
            s += 'x';
        return `${s}${'Y'.toLowerCase()}`;
    },
    bigint() {
        let x = 1n;
        for (let i = 0; i < 1000; i++)
            x = x * 3n % 10n ** 40n;
        return x;
    },
    proxy() {
        const p = new Proxy({}, { get: (_, name) => name.length });
        let n = 0;
        for (let i = 0; i < 1000; i++)
            n = p.x + 41;
        return n;
    },
    evaluated() {
        let n = 0;
        for (let i = 0; i < 1000; i++)
            n += new Function('a', `return a - ${i} + 1`)(i);
        return n;
    },
    deopt() {
        // optimised for integers, then met by strings
        const add = (a, b) => a + b;
        let x = 0;
        for (let i = 0; i < 1000; i++)
            x = add(x, 1);
        for (let i = 0; i < 200000; i++)
            add(i, i);
        return add(x, 'ab');
    },
    child: () => require('child_process').execFileSync('/bin/sh', ['-c', 'echo $((2 * 3))']).toString().trim(),
};

Promise.resolve(features[process.argv[2]]()).then((x) => console.log(String(x)));
