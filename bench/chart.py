# SPDX-License-Identifier: LGPL-2.1-or-later
"""A chart as SVG text: a row a program, on a logarithmic axis a mark for each emulator and a line for its spread."""
import math
from xml.sax.saxutils import escape

ROW, LEFT, WIDTH, TOP = 20, 230, 560, 64
COLOURS = ['#c2410c', '#64748b', '#0f766e', '#7c3aed']


def position(value, lo, hi):
    return LEFT + WIDTH * (math.log(value) - math.log(lo)) / (math.log(hi) - math.log(lo))


def axis_values(lo, hi):
    return [m * 10 ** e for e in range(-2, 5) for m in (1, 2, 5) if lo <= m * 10 ** e <= hi]


def draw(title, notes, rows, names):
    """rows: [(label, {name: (median, least, most)})], names: the emulators, ours first. Returns the text."""
    every = [v for _, marks in rows for m in marks.values() for v in m]
    lo, hi = min(0.8, min(every) * 0.9), max(every) * 1.15
    height = TOP + ROW * len(rows) + 30 + 16 * len(notes)
    bottom = TOP + ROW * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}" '
           f'font-family="sans-serif" font-size="12" fill="#1f2937">',
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>']
    for i, name in enumerate(names):
        x = 12 + i * 220
        out.append(f'<circle cx="{x + 5}" cy="40" r="5" fill="{COLOURS[i % len(COLOURS)]}"/>'
                   f'<text x="{x + 16}" y="44">{escape(name)}</text>')
    for v in axis_values(lo, hi):
        x = position(v, lo, hi)
        strong = '#475569' if v == 1 else '#e2e8f0'
        out.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="{strong}"/>'
                   f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{v:g}</text>')
    for r, (label, marks) in enumerate(rows):
        y = TOP + ROW * r + ROW / 2
        out.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        for i, name in reversed(list(enumerate(names))):
            if name not in marks:
                continue
            colour = COLOURS[i % len(COLOURS)]
            middle, least, most = (position(v, lo, hi) for v in marks[name])
            out.append(f'<line x1="{least:.1f}" y1="{y:.1f}" x2="{most:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
                       f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
    for n, note in enumerate(notes):
        out.append(f'<text x="12" y="{bottom + 36 + 16 * n}" font-size="11" fill="#475569">{escape(note)}</text>')
    out.append('</svg>\n')
    return '\n'.join(out)
