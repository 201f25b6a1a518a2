/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bodies that attract each other, in double precision: multiplications, a square root and a division a pair. */
#include "bench/programs/bench.h"

enum { BODIES = 5 };

typedef struct Body {
    double x, y, z, vx, vy, vz, mass;
} Body;

static void advance(Body *b, double dt)
{
    for (int i = 0; i < BODIES; i++) {
        for (int k = i + 1; k < BODIES; k++) {
            double dx = b[i].x - b[k].x, dy = b[i].y - b[k].y, dz = b[i].z - b[k].z;
            double square = dx * dx + dy * dy + dz * dz;
            double scale = dt / (square * sqrt(square));

            b[i].vx -= dx * b[k].mass * scale;
            b[i].vy -= dy * b[k].mass * scale;
            b[i].vz -= dz * b[k].mass * scale;
            b[k].vx += dx * b[i].mass * scale;
            b[k].vy += dy * b[i].mass * scale;
            b[k].vz += dz * b[i].mass * scale;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        b[i].x += dt * b[i].vx;
        b[i].y += dt * b[i].vy;
        b[i].z += dt * b[i].vz;
    }
}

static double energy(const Body *b)
{
    double e = 0;

    for (int i = 0; i < BODIES; i++) {
        e += 0.5 * b[i].mass * (b[i].vx * b[i].vx + b[i].vy * b[i].vy + b[i].vz * b[i].vz);
        for (int k = i + 1; k < BODIES; k++) {
            double dx = b[i].x - b[k].x, dy = b[i].y - b[k].y, dz = b[i].z - b[k].z;

            e -= b[i].mass * b[k].mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return e;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    /* a heavy one in the middle and four far apart on orbits nearly round: no body comes near another */
    Body b[BODIES] = { { .mass = 40 } };

    for (int i = 1; i < BODIES; i++) {
        double r = 5 * i * i;

        b[i] = (Body){ .x = i & 1 ? r : -r, .y = r / 16, .z = r / 64 * i, .mass = 0.04 / i };
        b[i].vy = (i & 1 ? 1 : -1) * sqrt(40 / r);
    }
    for (unsigned long i = 0; i < rounds; i++) {
        advance(b, 0.01);
    }
    return bench_result(bench_mix_double(0, energy(b)));
}
