/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The toy CPU: state, reset, address translation, exceptions and interrupts. */
#include "core/bits.h"
#include "targets/toy/cpu.h"

static vaddr get_pc(CPUState *cs)
{
    return TOY_CPU(cs)->pc;
}

static void set_pc(CPUState *cs, vaddr pc)
{
    TOY_CPU(cs)->pc = (uint32_t)pc;
}

static void get_key(CPUState *cs, CPUKey *ret_key, unsigned *ret_fetch_mmu)
{
    ToyCPU *cpu = TOY_CPU(cs);

    tlb_set_context(cs, 0, cpu->ctl[TOY_PTBR] ? 0x100 | cpu->ctl[TOY_ASID] : 0, 0x100);
    *ret_key = (CPUKey){ { 0, 0 } };
    *ret_fetch_mmu = 0;
}

void toy_raise(ToyCPU *cpu, unsigned cause, uint32_t addr)
{
    cpu->pending_cause = cause;
    cpu->pending_addr = addr;
    cpu_raise(&cpu->parent);
}

static uint64_t page_size(uint32_t entry)
{
    return entry & 16 ? 65536 : 4096;
}

static bool tlb_fill(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu, bool probe)
{
    ToyCPU *cpu = TOY_CPU(cs);
    TlbPage p = {
        .vaddr = addr, .paddr = addr, .size = 4096, .prot = PROT_R | PROT_W | PROT_X,
        .attrs = { .pas = PAS_NONSECURE, .requester = cs->index },
    };
    bool ok = addr <= UINT32_MAX;

    if (ok && cpu->ctl[TOY_PTBR]) {
        MemTxResult res = MEMTX_OK;
        uint32_t entry = 0;

        if (addr >> 12 < 4096) {
            entry = address_space_ld(cs->as, cpu->ctl[TOY_PTBR] + 4 * (addr >> 12), 4, false, p.attrs, &res);
        }
        p.size = page_size(entry);
        p.paddr = (entry & ~(p.size - 1)) | (addr & (p.size - 1));
        p.prot = entry & 7;
        p.global = entry >> 3 & 1;
        ok = res == MEMTX_OK && (type == ACCESS_LOAD ? entry & 1 : type == ACCESS_FETCH ? entry & 4
                                 : type == ACCESS_STORE ? entry & 2 : (entry & 3) == 3);
    }
    if (!ok) {
        if (!probe) {
            toy_raise(cpu, type == ACCESS_LOAD ? TOY_CAUSE_LOAD : type == ACCESS_FETCH ? TOY_CAUSE_FETCH
                      : TOY_CAUSE_STORE, addr);
        }
        return false;
    }
    tlb_set_page(cs, mmu, &p);
    return true;
}

static void unaligned(CPUState *cs, vaddr addr, AccessType type, unsigned mmu)
{
    toy_raise(TOY_CPU(cs), TOY_CAUSE_ALIGN, addr);
}

static void bus_error(CPUState *cs, vaddr addr, hwaddr paddr, AccessType type, unsigned mmu, MemTxResult why)
{
    toy_raise(TOY_CPU(cs), TOY_CAUSE_BUS, addr);
}

static void enter(ToyCPU *cpu, unsigned cause, uint32_t addr)
{
    cpu->ctl[TOY_EPC] = cpu->pc;
    cpu->ctl[TOY_CAUSE] = cause;
    cpu->ctl[TOY_FADDR] = addr;
    cpu->ctl[TOY_PIE] = cpu->ctl[TOY_IE];
    cpu->ctl[TOY_IE] = 0;
    cpu->pc = cpu->ctl[TOY_VBR];
}

static void do_exception(CPUState *cs)
{
    ToyCPU *cpu = TOY_CPU(cs);

    enter(cpu, cpu->pending_cause, cpu->pending_addr);
    cs->raised = 0;
}

static bool take_interrupt(CPUState *cs)
{
    ToyCPU *cpu = TOY_CPU(cs);

    if (!cpu->ctl[TOY_IE] || !__atomic_load_n(&cs->irq_lines, __ATOMIC_SEQ_CST)) {
        return false;
    }
    enter(cpu, TOY_CAUSE_IRQ, 0);
    return true;
}

static bool has_work(CPUState *cs)
{
    return __atomic_load_n(&cs->irq_lines, __ATOMIC_SEQ_CST) != 0;
}

static bool debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs)
{
    ToyCPU *cpu = TOY_CPU(cs);
    MemTxResult res;
    uint32_t entry;

    *ret_attrs = MEMTX_ATTRS_DEBUG;
    if (!cpu->ctl[TOY_PTBR]) {
        *ret_paddr = addr;
        return true;
    }
    if (addr >> 12 >= 4096) {
        return false;
    }
    entry = address_space_ld(cs->as, cpu->ctl[TOY_PTBR] + 4 * (addr >> 12), 4, false, MEMTX_ATTRS_DEBUG, &res);
    *ret_paddr = (entry & ~(page_size(entry) - 1)) | (addr & (page_size(entry) - 1));
    return res == MEMTX_OK && (entry & 7);
}

static void dump(CPUState *cs, GString *out)
{
    ToyCPU *cpu = TOY_CPU(cs);

    g_string_append_printf(out, "pc %08x", (uint32_t)cpu->pc);
    for (unsigned i = 0; i < 16; i++) {
        g_string_append_printf(out, "%s r%u %08x", i % 8 ? "" : "\n", i, cpu->r[i]);
    }
    g_string_append_c(out, '\n');
}

static void line_in(void *opaque, unsigned n, int level)
{
    cpu_set_line(CPU(opaque), n, level);
}

static void toy_cpu_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "irq", line_in, 2);
}

static void toy_cpu_reset(Device *dev, ResetType type)
{
    ToyCPU *cpu = TOY_CPU(dev);

    memset(cpu->r, 0, sizeof(cpu->r));
    memset(cpu->ctl, 0, sizeof(cpu->ctl));
    cpu->pc = cpu->reset_pc;
    cpu->ctl[TOY_CPUID] = cpu->parent.index;
    __atomic_store_n(&cpu->parent.powered_off, cpu->start_powered_off, __ATOMIC_SEQ_CST);
}

static const VMStateField toy_cpu_vmstate[] = {
    VMSTATE_UINT_ARRAY(ToyCPU, r),
    VMSTATE_UINT(ToyCPU, pc),
    VMSTATE_UINT_ARRAY(ToyCPU, ctl),
    VMSTATE_END
};

static void toy_cpu_class_init(ObjectClass *oc, const TypeInfo *info)
{
    CPUClass *cc = CPU_CLASS(oc);

    cc->parent.reset = toy_cpu_reset;
    cc->parent.vmstate = toy_cpu_vmstate;
    cc->arch = "toy";
    cc->tcg = &toy_tcg_target;
    cc->insn_align = 2;
    cc->get_pc = get_pc;
    cc->set_pc = set_pc;
    cc->get_key = get_key;
    cc->translate = toy_translate;
    cc->tlb_fill = tlb_fill;
    cc->unaligned = unaligned;
    cc->bus_error = bus_error;
    cc->do_exception = do_exception;
    cc->take_interrupt = take_interrupt;
    cc->has_work = has_work;
    cc->debug_translate = debug_translate;
    cc->dump = dump;
    cc->describe_insn = toy_describe;
}

static const Property toy_cpu_props[] = {
    PROP_DEF("reset-pc", ToyCPU, reset_pc, PROP_U32, 0, "where it starts"),
    PROP_DEF("start-powered-off", ToyCPU, start_powered_off, PROP_BOOL, 0, "waits until another CPU starts it"),
    PROP_END
};

const TypeInfo toy_cpu_type = {
    .name = TYPE_TOY_CPU,
    .parent = TYPE_CPU,
    .desc = "the made-up CPU",
    .instance_size = sizeof(ToyCPU),
    .class_size = sizeof(ToyCPUClass),
    .abstract = true,
    .props = toy_cpu_props,
    .class_init = toy_cpu_class_init,
    .init = toy_cpu_init,
};

static void variant_class_init(ObjectClass *oc, const TypeInfo *info)
{
    TOY_CPU_CLASS(oc)->meaning = info->class_data;
}

const TypeInfo toy_a_type = {
    .name = TYPE_TOY_A, .parent = TYPE_TOY_CPU, .desc = "the made-up CPU, variant a", .class_init = variant_class_init,
    .class_data = toy_meaning[0],
};

const TypeInfo toy_b_type = {
    .name = TYPE_TOY_B, .parent = TYPE_TOY_CPU, .desc = "the made-up CPU, variant b", .class_init = variant_class_init,
    .class_data = toy_meaning[1],
};
