/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much host code guest code becomes. costs.txt has a line for each piece of guest code:
 *
 *   ASSEMBLY, lines separated by ";" | WORDS | first tier in user mode | in a machine | second tier in user mode | in a machine
 *
 * A cell is INSTRUCTIONS/BYTES+COLD: what the code adds to a block of a NOP, without the host's own; COLD are bytes of what
 * seldom runs. The host is tcg_x86_some_host's, so numbers are the same everywhere. A piece with jumps inside is several
 * blocks in the first tier, whose sums these are, and one region in the second.
 *
 * Usage: test-arm-costs FILE; with --update it writes the numbers, and words where there are none (by aarch64-linux-gnu-as).
 */
#include <string.h>
#include "core/bits.h"
#include "core/linux_user/target.h"
#include "core/tcg/backend.h"
#include "targets/arm/cpu.h"
#include "targets/arm/linux_user.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(arm);
DEVTEST_MODULE(fpu);

enum { MAX_WORDS = 64, MAX_PIECES = 16, CELLS = 4, PC = 0x400000, PAGE_OFFSET = 0x100, BUFFER = 1 << 20 };

typedef struct Owner {
    int nothing;
} __attribute__((aligned(TCG_OWNER_ALIGN))) Owner;

/* A tier in user mode or in a machine. */
typedef struct Mode {
    bool user;
    DevTest *t;
    CPUState *cs;
    TcgLayout layout;
    TcgConfig config;
    TcgGen *gen;
    CPUKey key;
} Mode;

typedef struct Cost {
    int insns, bytes, cold;
} Cost;

static TcgBackend host;
static TcgCodeBuf *buf;
static bool update;

/* -- host code ------------------------------------------------------------------------------------------------------------- */

/* ModRM with what it asks for. */
static const uint8_t *skip_operand(const uint8_t *p)
{
    unsigned mod = *p >> 6, rm = *p & 7;

    p++;
    if (mod == 3) {
        return p;
    }
    if (rm == 4) {
        rm = *p++ & 7;                          /* the base, which is none as in ModRM */
    }
    return p + (mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0);
}

/* Of the instructions that the backend emits (Intel SDM volume 2, chapter 2 and appendix A). */
static unsigned host_length(const uint8_t *start)
{
    const uint8_t *p = start;
    bool word = false, wide = false, vex = false;
    unsigned map = 0, op, imm = 0;
    bool operand = true;

    for (; memchr("\x66\xf2\xf3\xf0\x65\x64", *p, 6); p++) {
        word |= *p == 0x66;
    }
    if ((*p & 0xf0) == 0x40) {
        wide = *p++ & 8;
    }
    if (*p == 0xc5 || *p == 0xc4 || *p == 0x62) {
        vex = true;
        map = *p == 0xc5 ? 1 : p[1] & 7;
        p += *p == 0xc5 ? 2 : *p == 0xc4 ? 3 : 4;
    } else if (*p == 0x0f) {
        map = p[1] == 0x38 ? 2 : p[1] == 0x3a ? 3 : 1;
        p += map == 1 ? 1 : 2;
    }
    op = *p++;
    if (map == 0) {
        operand = (op < 0x40 && (op & 7) < 4) || op == 0x63 || op == 0x69 || op == 0x6b || (op >= 0x80 && op <= 0x8f) ||
                  op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xd3) || op == 0xf6 ||
                  op == 0xf7 || op >= 0xfe;
        if ((op < 0x40 && (op & 7) == 4) || op == 0x6a || op == 0x6b || (op >= 0x70 && op <= 0x7f) || op == 0x80 ||
            op == 0x83 || op == 0xa8 || (op >= 0xb0 && op <= 0xb7) || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0xeb ||
            (op == 0xf6 && (*p & 0x38) < 0x10)) {
            imm = 1;
        } else if ((op < 0x40 && (op & 7) == 5) || op == 0x68 || op == 0x69 || op == 0x81 || op == 0xa9 || op == 0xc7 ||
                   (op == 0xf7 && (*p & 0x38) < 0x10)) {
            imm = word ? 2 : 4;
        } else if (op >= 0xb8 && op <= 0xbf) {
            imm = wide ? 8 : word ? 2 : 4;
        } else if (op == 0xe8 || op == 0xe9) {
            imm = 4;
        }
    } else if (map == 1) {
        operand = vex ? op != 0x77 : !((op >= 0x80 && op <= 0x8f) || (op >= 0xc8 && op <= 0xcf) || op == 0x31 || op == 0x0b);
        if ((op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac || op == 0xba || op == 0xc2 || (op >= 0xc4 && op <= 0xc6)) {
            imm = 1;
        } else if (!vex && op >= 0x80 && op <= 0x8f) {
            imm = 4;
        }
    } else if (map == 3) {
        imm = 1;
    }
    return (unsigned)((operand ? skip_operand(p) : p) + imm - start);
}

/* Instructions that are none are there for where others lie. */
static bool is_nop(const uint8_t *p)
{
    for (; *p == 0x66; p++) {
    }
    return *p == 0x90 || (*p == 0x0f && p[1] == 0x1f);
}

static void add_up(const TcgCode *code, int sign, Cost *c)
{
    const uint8_t *p = code->entry;

    for (uint32_t at = 0; at < code->hot_size;) {
        unsigned len = host_length(p + at);

        if (!is_nop(p + at)) {
            c->insns += sign;
            c->bytes += sign * (int)len;
        }
        at += len;
        g_assert_cmpuint(at, <=, code->hot_size);
    }
    c->cold += sign * (int)(code->text_size - code->hot_size);
}

/* -- translation ----------------------------------------------------------------------------------------------------------- */

static const void *find(CPUState *cs G_GNUC_UNUSED)
{
    return NULL;
}

static void nothing(void)
{
}

static void mode_init(Mode *m, bool user)
{
    static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(arm), DEVTEST_MODULE_REF(fpu), NULL };
    static TcgMemOps mem;
    void (*const fn)(void) = nothing;
    const CPUClass *cc;
    unsigned mmu;
    ARMCPU *cpu;

    for (unsigned i = 0; i < sizeof(mem) / sizeof(fn); i++) {
        memcpy((char *)&mem + i * sizeof(fn), &fn, sizeof(fn));
    }
    *m = (Mode){ .user = user };
    m->t = devtest_new(modules, "max-aarch64-cpu", "el2", "off", "el3", "off", NULL);
    m->t->no_save_check = true;
    cpu = ARM_CPU(m->t->dev);
    m->cs = &cpu->parent;
    cc = CPU_CLASS_OF(m->cs);
    if (user) {
        arm_linux_user_a64.init(m->cs, 0);
    } else {
        arm_enter_at(cpu, 1, 0);
        cpu->sctlr_el[1] = BIT64(31) | 1;       /* pointers are signed with key A, addresses are translated */
        cpu->cpacr_el1 = 3 << 20;
        cpu_key_changed(m->cs);
    }
    m->layout = (TcgLayout){
        .tlb_offset = offsetof(CPUState, tlb), .raised_offset = offsetof(CPUState, raised),
        .left_offset = offsetof(CPUState, left), .poll_offset = offsetof(CPUState, poll),
        .heat_offset = offsetof(CPUState, heat), .jc_offset = offsetof(CPUState, jc),
        .jc_tag_offset = offsetof(CPUState, jc_tag), .direct_base_offset = offsetof(CPUState, direct_base),
        .jc_mask_offset = offsetof(CPUState, jc_mask), .jc_shift = cc->insn_align, .find = find, .mem = &mem, .direct = user,
    };
    m->config = (TcgConfig){ .backend = &host, .target = cc->tcg, .layout = &m->layout };
    m->gen = tcg_gen_new(&m->config);
    cc->get_key(m->cs, &m->key, &mmu);
}

/* A guest block of a piece of code. */
typedef struct Block {
    int64_t delta;
    unsigned bytes;
    bool loop, returned_to;
    TcgCode code;
} Block;

typedef struct Blocks {
    Block block[MAX_PIECES];
    unsigned num;
} Blocks;

static TranslateInput input(const Mode *m, const uint8_t *code, unsigned len)
{
    return (TranslateInput){
        .key = m->key, .bytes = code, .len = len, .max_insns = MAX_WORDS, .pc = PC + PAGE_OFFSET, .pc_is_constant = m->user,
        .page_offset = PAGE_OFFSET,
    };
}

/* As core/exec/tb.c makes a block for the first time. */
static unsigned first_tier(const Mode *m, const uint8_t *code, unsigned len, int64_t delta, TcgCode *ret)
{
    static Owner owner;
    bool done = false, at_once = true;
    TranslateInput in = input(m, code + delta, len - (unsigned)delta);
    TranslateResult res;

    in.pc += (uint64_t)delta;
    in.page_offset += (uint64_t)delta;
    while (!done) {
        tcg_gen_begin(m->gen, &owner);
        if (m->user) {
            tcg_gen_at(m->gen, in.pc);
        }
        tcg_gen_quick(m->gen);
        if (at_once) {
            tcg_gen_at_once(m->gen, buf);
        }
        tcg_gen_poll(m->gen, 0);
        res = (TranslateResult){ 0 };
        CPU_CLASS_OF(m->cs)->translate(m->cs, m->gen, &in, &res);
        done = tcg_gen_end(m->gen);
        at_once = false;
    }
    g_assert_cmpuint(res.bytes, >, 0);
    g_assert_true(tcg_gen_finish(m->gen, buf, ret));
    return res.bytes;
}

static Block *block_at(const Mode *m, Blocks *b, const uint8_t *code, unsigned len, int64_t delta)
{
    Block *n;

    for (unsigned i = 0; i < b->num; i++) {
        if (b->block[i].delta == delta) {
            return &b->block[i];
        }
    }
    if (delta < 0 || delta >= len) {
        return NULL;
    }
    g_assert_cmpuint(b->num, <, MAX_PIECES);
    n = &b->block[b->num++];
    *n = (Block){ .delta = delta };
    n->bytes = first_tier(m, code, len, delta, &n->code);
    return n;
}

/* The code's blocks, and how they lead to each other. */
static void find_blocks(const Mode *m, Blocks *b, const uint8_t *code, unsigned len)
{
    b->num = 0;
    block_at(m, b, code, len, 0);
    for (unsigned i = 0; i < b->num; i++) {
        const Block *from = &b->block[i];

        for (unsigned n = 0; n < from->code.num_chains; n++) {
            const TcgChain *c = &from->code.chain[n];
            Block *to = block_at(m, b, code, len, from->delta + c->delta);

            if (to && c->back != c->delta) {
                Block *back = block_at(m, b, code, len, from->delta + c->back);

                if (back) {
                    back->returned_to = true;
                }
            }
            if (to && to->delta < from->delta + from->bytes) {
                to->loop = true;
            }
        }
    }
    for (unsigned i = 0; i < b->num; i++) {
        for (unsigned n = 0; b->block[i].code.returns && n < b->num; n++) {
            b->block[n].loop |= b->block[n].returned_to && b->block[n].delta < b->block[i].delta + b->block[i].bytes;
        }
    }
}

/* ... and a region, whose loops are there once. */
static void second_tier(const Mode *m, const Blocks *b, const uint8_t *code, TcgCode *ret)
{
    static Owner owner;
    TranslateInput in = input(m, code, 0);

    tcg_gen_begin(m->gen, &owner);
    if (m->user) {
        tcg_gen_at(m->gen, in.pc);
    }
    for (unsigned i = 0; i < b->num; i++) {
        TcgRegionBlock in = {
            .delta = b->block[i].delta, .poll = b->block[i].loop, .copies = 1,
            .returned_from = b->block[i].returned_to ? 0 : TCG_NO_CALL,
        };

        tcg_region_block(m->gen, &in);
    }
    if (!b->block[0].loop) {
        tcg_gen_poll(m->gen, -1);
    }
    for (unsigned i = 0; i < b->num; i++) {
        const Block *block = &b->block[i];
        TranslateResult res = { 0 };

        in.delta = block->delta;
        in.bytes = code + block->delta;
        in.len = block->bytes;
        for (unsigned k = 0; k < b->num; k++) {
            int64_t d = b->block[k].delta - block->delta;

            in.len = d > 0 && d < in.len ? (unsigned)d : in.len;
        }
        tcg_region_start(m->gen, i, 0);
        CPU_CLASS_OF(m->cs)->translate(m->cs, m->gen, &in, &res);
        g_assert_cmpuint(res.bytes, >, 0);
    }
    g_assert_true(tcg_gen_finish(m->gen, buf, ret));
    g_assert_nonnull(ret->entry);
}

/* cost[0]: the first tier; [2]: the second. */
static void measure(const Mode *m, const uint8_t *code, unsigned len, Cost *cost)
{
    static const uint8_t nop[4] = { 0x1f, 0x20, 0x03, 0xd5 };
    TcgCode first_nop, second_nop, second;
    Blocks b;

    cost[0] = cost[2] = (Cost){ 0 };
    tcg_codebuf_reset(buf);
    find_blocks(m, &b, nop, sizeof(nop));
    first_nop = b.block[0].code;
    second_tier(m, &b, nop, &second_nop);
    find_blocks(m, &b, code, len);
    for (unsigned i = 0; i < b.num; i++) {
        add_up(&b.block[i].code, 1, &cost[0]);
        add_up(&first_nop, -1, &cost[0]);
    }
    second_tier(m, &b, code, &second);
    add_up(&second, 1, &cost[2]);
    add_up(&second_nop, -1, &cost[2]);
}

/* -- the file -------------------------------------------------------------------------------------------------------------- */

static bool run_tool(const char *const *argv)
{
    int status;

    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) && status == 0;
}

/* The words of assembly, in hexadecimal. */
static char *assemble(const char *text)
{
    g_autofree char *dir = g_dir_make_tmp("costs-XXXXXX", NULL);
    g_autofree char *source = g_build_filename(dir, "a.s", NULL), *object = g_build_filename(dir, "a.o", NULL);
    g_autofree char *binary = g_build_filename(dir, "a.bin", NULL), *data = NULL;
    g_autofree char *all = g_strconcat(text, "\n", NULL);
    const char *const as[] = { "aarch64-linux-gnu-as", "-march=armv8.5-a+crypto+sha3+sm4+fp16", "-o", object, source, NULL };
    const char *const copy[] = { "aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", object, binary, NULL };
    GString *words = g_string_new(NULL);
    gsize len;

    g_strdelimit(all, ";", '\n');
    if (!g_file_set_contents(source, all, -1, NULL) || !run_tool(as) || !run_tool(copy) ||
        !g_file_get_contents(binary, &data, &len, NULL)) {
        g_error("%s: cannot be assembled", text);
    }
    for (gsize i = 0; i + 4 <= len; i += 4) {
        g_string_append_printf(words, "%s%08x", i ? " " : "", ldl_le_p((uint8_t *)data + i));
    }
    run_tool((const char *const[]){ "rm", "-r", dir, NULL });
    return g_string_free(words, FALSE);
}

/* A line with its numbers as they are now. */
static char *measured(Mode *modes, const char *line)
{
    g_auto(GStrv) cells = g_strsplit(line, "|", 3);
    const char *text = g_strchomp(cells[0]);
    g_autofree char *words = cells[1] && *g_strstrip(cells[1]) ? g_strdup(cells[1]) : assemble(text);
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    uint8_t code[MAX_WORDS * 4];
    unsigned len = 0;
    Cost cost[CELLS];
    GString *out;

    for (; list[len / 4]; len += 4) {
        g_assert_cmpuint(len, <, sizeof(code));
        stl_le_p(code + len, (uint32_t)g_ascii_strtoull(list[len / 4], NULL, 16));
    }
    for (unsigned i = 0; i < 2; i++) {
        measure(&modes[i], code, len, &cost[i]);
    }
    out = g_string_new(text);
    g_string_append_printf(out, "%*s | %s |", (int)MAX(0, 36 - (int)strlen(text)), "", words);
    for (unsigned i = 0; i < CELLS; i++) {
        g_autofree char *cell = g_strdup_printf("%d/%d%+d", cost[i].insns, cost[i].bytes, cost[i].cold);

        g_string_append_printf(out, i == CELLS - 1 ? " %s" : " %-12s |", cell);
    }
    return g_string_free(out, FALSE);
}

static void test_costs(gconstpointer path)
{
    g_autofree char *text = NULL;
    g_autoptr(GString) now = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    unsigned num = 0;
    Mode modes[2];

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    tcg_x86_some_host(&host);
    buf = tcg_codebuf_new(BUFFER, &host, NULL);
    g_assert_nonnull(buf);
    mode_init(&modes[0], true);
    mode_init(&modes[1], false);
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        g_autofree char *line = *lines[i] && *lines[i] != '#' ? measured(modes, lines[i]) : g_strdup(lines[i]);

        if (!update && strcmp(line, lines[i])) {
            g_test_message("was: %s", lines[i]);
            g_test_message("is:  %s", line);
            g_test_fail_printf("costs have changed: --update writes them anew");
        }
        num += *line && *line != '#';
        g_string_append_printf(now, "%s%s", i ? "\n" : "", line);
    }
    g_assert_cmpuint(num, >=, 150);
    if (update) {
        g_assert_true(g_file_set_contents(path, now->str, -1, NULL));
    }
    for (unsigned i = 0; i < 2; i++) {
        tcg_gen_free(modes[i].gen);
        devtest_free(modes[i].t);
    }
    tcg_codebuf_free(buf);
}

int main(int argc, char **argv)
{
    const char *path = NULL;

    g_test_init(&argc, &argv, NULL);
    for (int i = 1; i < argc; i++) {
        update |= !strcmp(argv[i], "--update");
        path = strcmp(argv[i], "--update") ? argv[i] : path;
    }
    g_assert_nonnull(path);
    g_test_add_data_func("/arm/costs", path, test_costs);
    return g_test_run();
}
