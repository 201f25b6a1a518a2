/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter of regions that the passes' tests compare with. */
#include "core/tcg/tests/irexec.h"
#include "core/tcg/backend.h"

#include <string.h>

typedef struct Machine {
    TcgFn *fn;
    TestCpu *cpu;
    IrExec *e;
    TcgWideVal *val;                            /* by node */
    bool *defined;
    TcgWideVal *local;
    /* before ssa */
    bool regs;                                  /* rows are read and written by row */
    TestCpu *start;                             /* the state at the start of the instruction */
    uint64_t entry_pc, delta;
    bool pc_set;
    unsigned insns;
} Machine;

static TcgWideVal field_get(const void *p, TcgType t)
{
    TcgWideVal v = { 0 };

    memcpy(&v, p, tcg_type_size(t));
    return v;
}

static void *row_field(const Machine *m, unsigned row)
{
    return row >= TCG_LOCAL ? (void *)&m->local[row - TCG_LOCAL] : (uint8_t *)m->cpu + test_target.regs[row].offset;
}

static TcgWideVal get(const Machine *m, TcgId id)
{
    const TcgNode *n = fn_node(m->fn, id);

    if (n->op == OP_const) {
        return tcg_const_value(n);
    }
    if (!m->defined[id]) {
        GString *s = g_string_new(NULL);

        tcg_fn_print(m->fn, s);
        g_error("node %u (%s) is used before it was computed in\n%s", id, tcg_op_def[n->op].name, s->str);
    }
    return m->val[id];
}

static void set(Machine *m, TcgId id, TcgWideVal v)
{
    TcgType t = node_type(fn_node(m->fn, id));

    for (unsigned i = tcg_type_size(t); i < sizeof(v); i++) {
        v.u8[i] = 0;
    }
    if (t == TCG_I32) {
        v.u64[0] = (uint32_t)v.u64[0];
    }
    m->val[id] = v;
    m->defined[id] = true;
}

/* A map's value: computed now if it is a recipe. */
static TcgWideVal map_value(const Machine *m, TcgId id)
{
    const TcgNode *n = fn_node(m->fn, id);
    TcgWideVal args[4], r;

    if (n->op == OP_const || !node_is_recipe(n)) {
        return get(m, id);
    }
    for (unsigned i = 0; i < tcg_op_def[n->op].args; i++) {
        args[i] = map_value(m, n->arg[i]);
    }
    tcg_eval_wide(n->op, n->type, n->aux, n->imm, args, &r);
    return r;
}

static void restore(Machine *m, const TcgNode *n)
{
    const TcgStateMap *map = fn_map(m->fn, n->map);
    TcgWideVal *v;

    if (m->regs) {
        TestCpu *cpu = m->cpu;

        memcpy(cpu->x, m->start->x, sizeof(cpu->x));
        memcpy(cpu->v, m->start->v, sizeof(cpu->v));
        memcpy(cpu->z, m->start->z, sizeof(cpu->z));
        memcpy(cpu->y, m->start->y, sizeof(cpu->y));
        memcpy(cpu->p, m->start->p, sizeof(cpu->p));
        cpu->nzcv = m->start->nzcv;
        cpu->pc = m->entry_pc + m->delta;
        m->e->insns = m->insns;
        return;
    }
    v = g_new(TcgWideVal, map->num + 1);
    for (uint32_t i = 0; i < map->num; i++) {
        v[i] = map_value(m, fn_map_entry(m->fn, map->first + i)->value);
    }
    for (uint32_t i = 0; i < map->num; i++) {
        unsigned row = fn_map_entry(m->fn, map->first + i)->row;

        memcpy(row_field(m, row), &v[i], tcg_type_size(test_target.regs[row].type));
    }
    m->cpu->pc += map->pc_delta;
    m->e->insns = map->insns;
    g_free(v);
}

/* True if the operation leaves here. */
static bool event(Machine *m)
{
    if (++m->e->events == m->e->raise_at) {
        m->cpu->raised = 1;
    }
    return m->cpu->raised != 0;
}

static bool poll(Machine *m)
{
    bool counted = m->fn->config->layout->counted;

    if (counted) {
        m->cpu->poll -= m->fn->num_insns;
    }
    if (m->cpu->poll >= 0) {
        return false;
    }
    if (counted) {
        m->cpu->poll += m->fn->num_insns;
    }
    return true;
}

static void guest_access(Machine *m, TcgId id, const TcgNode *n)
{
    const TcgMemOps *ops = m->fn->config->layout->mem;
    CPUState *cs = test_cs(m->cpu);
    uint64_t addr = get(m, n->arg[0]).u64[0] + (uint64_t)(int64_t)tcg_access_offset(n);
    bool wide = (n->imm & MO_SIZE) == MO_128, wider = (n->imm & MO_SIZE) > MO_128;
    uint64_t bytes = tcg_lanes_mask(memop_size((MemOp)n->imm));
    TcgWideVal v = { 0 }, w;

    if (tcg_access_index(n)) {
        addr += get(m, n->arg[tcg_access_index(n)]).u64[0] << (n->aux & 3);
    }

    if (n->op == OP_guest_ldm || n->op == OP_guest_stm) {
        uint64_t pred = get(m, n->arg[n->op == OP_guest_ldm ? 1 : 2]).u64[0];

        bytes = 0;
        for (unsigned i = 0; i < memop_size((MemOp)n->imm); i++) {
            bytes |= (pred >> (i >> n->aux) & 1) << i;
        }
        wider = true;
    }
    switch (n->op) {
    case OP_guest_ld: case OP_guest_ldx: case OP_guest_ldh: case OP_guest_ldn: case OP_guest_ldm:
        if (wider) {
            ops->ldv(cs, addr, &v, n->imm, bytes, NULL);
        } else if (wide) {
            ops->ld128(cs, addr, &v, n->imm, NULL);
        } else {
            v.u64[0] = ops->ld(cs, addr, n->imm, NULL);
        }
        set(m, id, v);
        break;
    case OP_guest_st: case OP_guest_stx: case OP_guest_sth: case OP_guest_stn: case OP_guest_stm:
        v = get(m, n->arg[1]);
        if (wider) {
            ops->stv(cs, addr, &v, n->imm, bytes, NULL);
        } else if (wide) {
            ops->st128(cs, addr, &v, n->imm, NULL);
        } else {
            ops->st(cs, addr, v.u64[0], n->imm, NULL);
        }
        break;
    case OP_guest_rmw:
        v.u64[0] = ops->rmw(cs, addr, get(m, n->arg[1]).u64[0], n->imm, n->aux, NULL);
        set(m, id, v);
        break;
    default:
        v = get(m, n->arg[1]);
        w = get(m, n->arg[2]);
        if (wide) {
            ops->cas128(cs, addr, &v, &w, n->imm, NULL);
        } else {
            v.u64[0] = ops->cas(cs, addr, v.u64[0], w.u64[0], n->imm, NULL);
        }
        set(m, id, v);
    }
}

static bool lists_pc(const Machine *m, TcgHelperRegs how, uint32_t list, uint32_t len)
{
    bool found = how == HREGS_ALL;

    for (uint32_t i = 0; i < len; i++) {
        found |= *fn_list(m->fn, list + i) == TEST_PC;
    }
    return found;
}

static void call(Machine *m, TcgId id, const TcgNode *n)
{
    const TcgHelper *h = call_helper(n);
    uint64_t cif[TCG_HELPER_CIF_SIZE / 8], old_pc = m->cpu->pc;
    TcgWideVal args[TCG_HELPER_MAX_ARGS], ret = { 0 };
    const void *arg[TCG_HELPER_MAX_ARGS];
    bool pc = m->regs && (lists_pc(m, h->reads, n->reads, n->num_reads) || lists_pc(m, h->writes, n->writes, n->num_writes));

    for (uint32_t i = 0; i < n->list_len; i++) {
        args[i] = get(m, *fn_list(m->fn, n->list + i));
        arg[i] = &args[i];
    }
    if (pc && !m->pc_set) {
        m->cpu->pc = m->entry_pc + m->delta;
    }
    tcg_helper_prepare(h, (struct TcgHelperCif *)cif);
    tcg_helper_call(h, (struct TcgHelperCif *)cif, test_cs(m->cpu), arg, &ret);
    if (pc && !m->cpu->raised && !lists_pc(m, h->writes, n->writes, n->num_writes)) {
        m->cpu->pc = old_pc;
    }
    if (lists_pc(m, h->writes, n->writes, n->num_writes)) {
        m->pc_set = false;                      /* later calls see the instruction's PC again */
    }
    if (h->ret != TCG_VOID) {
        set(m, id, ret);
    }
    for (unsigned row = 0; m->regs && row < TEST_NUM_REGS && !m->cpu->raised; row++) {
        bool written = h->writes == HREGS_ALL;

        for (uint32_t i = 0; i < n->num_writes; i++) {
            written |= *fn_list(m->fn, n->writes + i) == row;
        }
        if (written) {                          /* is not undone by a fault later in the instruction */
            memcpy((uint8_t *)m->start + test_target.regs[row].offset, row_field(m, row),
                   tcg_type_size(test_target.regs[row].type));
        }
    }
}

static void env_access(Machine *m, TcgId id, const TcgNode *n)
{
    uint8_t *p = (uint8_t *)m->cpu + n->imm;
    unsigned size = 1u << (n->aux & MO_SIZE);
    TcgWideVal v = { 0 };

    if (n->op == OP_add_env) {
        memcpy(&v, p, size);
        v.u64[0] += get(m, n->arg[0]).u64[0];
        memcpy(p, &v, size);
        return;
    }
    if (n->op == OP_st_env) {
        v = get(m, n->arg[0]);
        memcpy(p, &v, size);
        return;
    }
    memcpy(&v, p, size);
    if (n->aux & MO_SIGN) {
        v.u64[0] = (uint64_t)((int64_t)(v.u64[0] << (64 - 8 * size)) >> (64 - 8 * size));
    }
    set(m, id, v);
}

static void pure(Machine *m, TcgId id, const TcgNode *n)
{
    TcgWideVal args[4], r;

    if (!m->regs && node_is_recipe(n)) {
        return;
    }
    for (unsigned i = 0; i < tcg_op_def[n->op].args; i++) {
        args[i] = get(m, n->arg[i]);
    }
    tcg_eval_wide(n->op, n->type, n->aux, n->imm, args, &r);
    set(m, id, r);
}

static void start_insn(Machine *m, const TcgNode *n)
{
    memcpy(m->start, m->cpu, sizeof(*m->cpu));
    m->delta = n ? n->imm : 0;
    m->pc_set = false;
}

/* The block that follows; 0: the region was left. */
static uint32_t end_block(Machine *m, const TcgNode *n)
{
    const TcgIrBlock *b = fn_block(m->fn, n->block);

    switch (n->op) {
    case OP_br:
        return b->succ[0];
    case OP_brcond:
        return b->succ[!tcg_eval_cond(n->aux, n->type == TCG_I32 ? 32 : 64, get(m, n->arg[0]).u64[0],
                                      get(m, n->arg[1]).u64[0])];
    case OP_brflag:
        return b->succ[!(tcg_flag_truth[n->aux] >> (get(m, n->arg[0]).u64[0] & 15) & 1)];
    case OP_br_fp: {
        TcgVecVal arg[2] = { get(m, n->arg[0]).v[0], get(m, n->arg[1]).v[0] }, nzcv;

        tcg_eval(OP_flags_fp, n->type, n->aux & ((1u << TCG_FP_COND_SHIFT) - 1), 0, arg, &nzcv);
        return b->succ[!(tcg_flag_truth[n->aux >> TCG_FP_COND_SHIFT] >> (nzcv.u64[0] & 15) & 1)];
    }
    case OP_goto_tb:
        m->e->left = TCG_EXIT_CHAIN + n->aux;
        return 0;
    case OP_raise_exit:
        g_assert_not_reached();                 /* its call has raised */
    default:
        m->e->left = TCG_EXIT_LOOKUP;
        return 0;
    }
}

static void enter_block(Machine *m, uint32_t block, uint32_t from)
{
    const TcgIrBlock *b = fn_block(m->fn, block);
    TcgWideVal v[64];
    uint32_t p = 0, num = 0;

    while (p < b->num_preds && *fn_list(m->fn, b->preds + p) != from) {
        p++;
    }
    for (TcgId id = b->first; fn_node(m->fn, id)->op == OP_phi; id = fn_node(m->fn, id)->next) {
        const TcgNode *n = fn_node(m->fn, id);

        g_assert(num < G_N_ELEMENTS(v));
        if (n->uses || n->map_uses || !(m->fn->done & PROP_LEGAL)) {
            v[num] = get(m, *fn_list(m->fn, n->list + p));
        }
        num++;
    }
    num = 0;
    for (TcgId id = b->first; fn_node(m->fn, id)->op == OP_phi; id = fn_node(m->fn, id)->next) {
        set(m, id, v[num++]);
    }
}

/* The next block, or 0. */
static uint32_t run_block(Machine *m, uint32_t block)
{
    for (TcgId id = fn_block(m->fn, block)->first; id; id = fn_node(m->fn, id)->next) {
        const TcgNode *n = fn_node(m->fn, id);

        switch (n->op) {
        case OP_phi: case OP_fence:
            break;
        case OP_get_reg:
            set(m, id, field_get(row_field(m, n->aux), n->type));
            break;
        case OP_set_reg: {
            TcgWideVal v = get(m, n->arg[0]);

            memcpy(row_field(m, n->aux), &v, tcg_type_size(tcg_row_type(m->fn, n->aux)));
            m->pc_set |= n->aux == TEST_PC;
            break;
        }
        case OP_ld_env: case OP_st_env: case OP_add_env:
            env_access(m, id, n);
            break;
        case OP_insn_start:
            start_insn(m, n);
            m->insns++;
            break;
        case OP_guest_page:
            set(m, id, (TcgWideVal){ 0 });
            break;
        case OP_guest_ldh: case OP_guest_sth: case OP_guest_ldn: case OP_guest_stn:
        case OP_guest_ld: case OP_guest_st: case OP_guest_ldx: case OP_guest_stx: case OP_guest_rmw: case OP_guest_cas:
        case OP_guest_ldm: case OP_guest_stm:
            if (!event(m)) {
                guest_access(m, id, n);
            }
            break;
        case OP_poll:
            if (poll(m) || event(m)) {
                restore(m, n);
                m->e->left = TCG_EXIT_POLL;
                return 0;
            }
            break;
        case OP_call:
            if (!(call_helper(n)->flags & (HELPER_MAY_RAISE | HELPER_NO_RETURN)) || !event(m)) {
                call(m, id, n);
            }
            break;
        default:
            if (tcg_op_def[n->op].flags & TCGF_END) {
                return end_block(m, n);
            }
            pure(m, id, n);
        }
        if (m->cpu->raised) {
            restore(m, n);
            m->e->left = TCG_EXIT_RAISED;
            return 0;
        }
    }
    g_assert_not_reached();
}

void ir_exec(TcgFn *fn, TestCpu *cpu, IrExec *e)
{
    Machine m = { .fn = fn, .cpu = cpu, .e = e, .regs = !(fn->done & PROP_SSA), .entry_pc = cpu->pc };
    uint32_t block = fn->entry, fuel = e->fuel;

    m.val = g_new0(TcgWideVal, fn->nodes->len);
    m.defined = g_new0(bool, fn->nodes->len);
    m.local = g_new0(TcgWideVal, fn->locals->len + 1);
    m.start = test_new0(TestCpu);
    start_insn(&m, NULL);
    e->events = e->insns = 0;
    e->left = -1;
    while (block && fuel--) {
        uint32_t next = run_block(&m, block);

        if (next && !m.regs) {
            enter_block(&m, next, block);
        }
        block = next;
    }
    g_free(m.val);
    g_free(m.defined);
    g_free(m.local);
    g_aligned_free(m.start);
}
