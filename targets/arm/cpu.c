/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Arm CPU as a device: properties, realize, reset, lines, and the class that core/exec works with. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/keyval.h"
#include "core/qom/machine.h"
#include "targets/arm/arm_features.h"
#include "targets/arm/cpu_models.h"
#include "targets/arm/debug.h"
#include "targets/arm/gtimer.h"
#include "targets/arm/iface/gicv3_cpu.h"
#include "targets/arm/isa.h"
#include "targets/arm/linux_user.h"
#include "targets/arm/pmu.h"
#include "targets/arm/sysreg.h"
#include "targets/arm/mte.h"

/* -- registers for the translation library ----------------------------------------------------------------------- */

#define X(n) [ARM_REG_X0 + n] = { "x" #n, TCG_I64, offsetof(ARMCPU, x[n]) }
#define V(n) [ARM_REG_V0 + n] = { "v" #n, TCG_V128, offsetof(ARMCPU, v[n]) }
static const TcgReg arm_regs[ARM_NUM_REGS] = {
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
    X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
    [ARM_REG_SP] = { "sp", TCG_I64, offsetof(ARMCPU, sp) },
    [ARM_REG_PC] = { "pc", TCG_I64, offsetof(ARMCPU, pc) },
    [ARM_REG_NZCV] = { "nzcv", TCG_I32, offsetof(ARMCPU, nzcv) },
    [ARM_REG_SS] = { "ss", TCG_I32, offsetof(ARMCPU, ss) },
    [ARM_REG_QC] = { "qc", TCG_V128, offsetof(ARMCPU, qc) },
    V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15),
    V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31),
};
#undef X
#undef V
const TcgTarget arm_tcg_target = {
    .name = "arm", .regs = arm_regs, .num_regs = ARM_NUM_REGS, .pc_reg = ARM_REG_PC, .page_bits = 12,
};

/* -- realize -------------------------------------------------------------------------------------------------------- */

/* Of what translation depends on that does not change. */
static uint64_t hash_features(const ARMCPU *cpu)
{
    const uint8_t more[] = { cpu->has_el2, cpu->has_el3, cpu->gic_cpuif != NULL, (uint8_t)cpu->dczid_el0 };

    return arm_features_hash(&cpu->features, more, sizeof(more));
}

static void set_line(void *opaque, unsigned bit, int level)
{
    cpu_set_line(opaque, bit, level);
}

static void irq_in(void *opaque, unsigned n G_GNUC_UNUSED, int level) { set_line(opaque, ARM_LINE_IRQ, level); }
static void fiq_in(void *opaque, unsigned n G_GNUC_UNUSED, int level) { set_line(opaque, ARM_LINE_FIQ, level); }
static void virq_in(void *opaque, unsigned n G_GNUC_UNUSED, int level) { set_line(opaque, ARM_LINE_VIRQ, level); }
static void vfiq_in(void *opaque, unsigned n G_GNUC_UNUSED, int level) { set_line(opaque, ARM_LINE_VFIQ, level); }
static void serror_in(void *opaque, unsigned n G_GNUC_UNUSED, int level) { set_line(opaque, ARM_LINE_SERROR, level); }

static void arm_cpu_init(Object *obj)
{
    ARMCPU *cpu = ARM_CPU(obj);
    ARMCPUClass *acc = ARM_CPU_CLASS_OF(cpu);
    const ArmModel *m = acc->model;

    device_init_irq_in(DEVICE(cpu), "irq", irq_in, 1);
    device_init_irq_in(DEVICE(cpu), "fiq", fiq_in, 1);
    device_init_irq_in(DEVICE(cpu), "virq", virq_in, 1);
    device_init_irq_in(DEVICE(cpu), "vfiq", vfiq_in, 1);
    device_init_irq_in(DEVICE(cpu), "serror", serror_in, 1);
    device_init_irq_out(DEVICE(cpu), "timer", cpu->timer_irq, NUM_GTIMERS);
    device_init_irq_out(DEVICE(cpu), "pmu", &cpu->pmu_irq, 1);
    if (m) {
        cpu->model = m;
        arm_model_idregs(m, cpu->idreg);
        cpu->midr = m->midr;
        cpu->revidr = m->revidr;
        cpu->ctr_el0 = m->ctr;
        cpu->dczid_el0 = m->dczid;
        cpu->clidr_el1 = m->clidr;
        memcpy(cpu->ccsidr, m->ccsidr, sizeof(cpu->ccsidr));
    }
}

static void arm_cpu_finalize(Object *obj)
{
    arm_sysregs_free(ARM_CPU(obj));
    g_free(ARM_CPU(obj)->walk_memo);
}

static unsigned pa_bits(const ARMCPU *cpu)
{
    static const uint8_t bits[16] = { 32, 36, 40, 42, 44, 48, 52 };
    unsigned parange = extract64(cpu->idreg[ARM_ID_AA64MMFR0_EL1], 0, 4);

    return bits[parange] ? bits[parange] : 52;
}

static bool arm_cpu_realize(Device *dev, GError **error)
{
    ARMCPU *cpu = ARM_CPU(dev);
    DeviceClass *base = DEVICE_CLASS(type_class_known(object_types(&dev->parent), TYPE_CPU));
    uint64_t *pfr0 = &cpu->idreg[ARM_ID_AA64PFR0_EL1];

    if (cpu->prop_cntfrq == 0 || cpu->prop_cntfrq > UINT32_MAX) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "cntfrq: the Generic Timer's rate is 1 to %u Hz", UINT32_MAX);
        return false;
    }
    cpu->has_el2 = cpu->prop_el2 && cpu->model->el2;
    cpu->has_el3 = cpu->prop_el3 && cpu->model->el3;
    *pfr0 = deposit64(*pfr0, 8, 4, cpu->has_el2);
    *pfr0 = deposit64(*pfr0, 12, 4, cpu->has_el3);
    *pfr0 = deposit64(*pfr0, 24, 4, cpu->gic_cpuif ? 1 : 0);
    arm_features_compute(cpu->idreg, &cpu->features);
    cpu->fpu = type_registry_interface(object_types(&dev->parent), "fpu");
    if (!cpu->fpu) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the module \"fpu\" is not loaded");
        return false;
    }
    cpu->mpidr = cpu->prop_mpidr | UINT64_C(1) << 31;
    if (cpu->model->multithreaded) {
        cpu->mpidr |= 1 << 24;
    }
    cpu->pa_bits = pa_bits(cpu);
    cpu->features_hash = hash_features(cpu);
    cpu->rvbar = cpu->prop_rvbar;
    if (!arm_sysregs_realize(cpu, error)) {
        return false;
    }
    arm_gtimer_init(cpu);
    arm_pmu_init(cpu);
    if (cpu->gic_cpuif) {
        GICv3CpuIf *c = GICV3_CPUIF(cpu->gic_cpuif);

        c->ops->attach(c, cpu->mpidr, cpu->has_el3);
    }
    return base->realize ? base->realize(dev, error) : true;
}

/* -- reset ------------------------------------------------------------------------------------------------------------ */

void arm_gic_state_changed(ARMCPU *cpu)
{
    if (cpu->gic_cpuif && cpu->has_el3) {
        GICv3CpuIf *c = GICV3_CPUIF(cpu->gic_cpuif);

        c->ops->state_changed(c, cpu->el == 3, arm_is_secure_below_el3(cpu));
    }
}

static void arm_cpu_reset(Device *dev, ResetType type)
{
    ARMCPU *cpu = ARM_CPU(dev);
    DeviceClass *base = DEVICE_CLASS(type_class_known(object_types(&dev->parent), TYPE_CPU));

    if (base->reset) {
        base->reset(dev, type);
    }
    memset(cpu->x, 0, sizeof(cpu->x));
    memset(cpu->v, 0, sizeof(cpu->v));
    memset(cpu->sp_el, 0, sizeof(cpu->sp_el));
    cpu->sp = 0;
    cpu->nzcv = 0;
    cpu->el = cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1;
    cpu->spsel = 1;
    cpu->daif = DAIF_D | DAIF_A | DAIF_I | DAIF_F;
    cpu->pan = cpu->uao = cpu->dit = cpu->tco = cpu->allint = cpu->btype = cpu->il = cpu->ss = cpu->nrw = cpu->exlock = 0;
    cpu->gcs_mmus = 0;
    cpu->step_did = ARM_STEP_NONE;
    cpu->ssbs = 0;
    cpu->excl_addr = UINT64_MAX;
    cpu->event_register = 0;
    arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
    cpu->exc.kind = ARM_EXC_NONE;
    arm_set_fpsr(cpu, 0);
    memset(cpu->gtimer, 0, sizeof(cpu->gtimer));
    arm_sysregs_reset(cpu);
    cpu->pc = cpu->rvbar;
    memset(cpu->ctx_id, 0xff, sizeof(cpu->ctx_id));
    arm_tlb_contexts_changed(cpu);
    cpu_key_changed(&cpu->parent);
    arm_gic_state_changed(cpu);
    __atomic_store_n(&cpu->parent.powered_off, cpu->prop_start_powered_off, __ATOMIC_RELEASE);
}

void arm_enter_at(ARMCPU *cpu, unsigned el, uint64_t pc)
{
    if (cpu->has_el3 && el < 3) {
        /* what EL3 firmware sets for a Non-secure OS (booting.rst): NS, HCE, no traps of what the CPU has */
        cpu->scr_el3 |= 1 | 1 << 8 | 1 << 10;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_PAuth) ? UINT64_C(3) << 16 : 0;            /* APK, API */
        cpu->scr_el3 |= arm_feature(cpu, FEAT_ECV) ? UINT64_C(1) << 28 : 0;              /* ECVEn */
        cpu->scr_el3 |= arm_feature(cpu, FEAT_LS64_ACCDATA) ? UINT64_C(3) << 36 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_HCX) ? UINT64_C(1) << 38 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_MTE2) ? UINT64_C(1) << 26 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_GCS) ? UINT64_C(1) << 39 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_TCR2) ? UINT64_C(1) << 43 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_SCTLR2) ? UINT64_C(1) << 44 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_S1PIE) || arm_feature(cpu, FEAT_S2PIE) || arm_feature(cpu, FEAT_S1POE) ?
                        UINT64_C(1) << 45 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_AIE) ? UINT64_C(1) << 46 : 0;
        cpu->scr_el3 |= arm_feature(cpu, FEAT_THE) ? UINT64_C(1) << 42 : 0;              /* RCWMASKEn */
        cpu->scr_el3 |= arm_feature(cpu, FEAT_D128) ? UINT64_C(1) << 47 : 0;             /* D128En */
        cpu->cptr_el3 = 0;
        cpu->mdcr_el3 = 0;
    }
    if (cpu->has_el2 && el < 2) {
        cpu->cnthctl_el2 |= 3;
        cpu->cptr_el2 &= ~(UINT64_C(1) << 10);
        cpu->hcr_el2 |= arm_feature(cpu, FEAT_MTE2) ? UINT64_C(1) << 56 : 0;
        cpu->hcr_el2 |= arm_feature(cpu, FEAT_PAuth) ? UINT64_C(3) << 40 : 0;            /* APK, API */
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_LS64_ACCDATA) ? 7 : 0;
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_MOPS) ? UINT64_C(1) << 11 : 0;
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_TCR2) ? UINT64_C(1) << 14 : 0;
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_SCTLR2) ? UINT64_C(1) << 15 : 0;
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_D128) ? UINT64_C(1) << 17 : 0;
        cpu->hcrx_el2 |= arm_feature(cpu, FEAT_GCS) ? UINT64_C(1) << 22 : 0;
    }
    arm_switch_sp(cpu, el, 1);
    cpu->pc = pc;
    arm_tlb_contexts_changed(cpu);
    cpu_key_changed(&cpu->parent);
    arm_gic_state_changed(cpu);
}

/* -- class hooks ------------------------------------------------------------------------------------------------------- */

/* Asked several times a block: unchecked. */
static vaddr get_pc(CPUState *cs)
{
    return ((const ARMCPU *)cs)->pc;
}

static void set_pc(CPUState *cs, vaddr pc)
{
    ARM_CPU(cs)->pc = pc;
}

/* Linux, Documentation/arm64/booting.rst: the highest Non-secure level, X0 to X3, everything masked and off. */
static void boot(CPUState *cs, vaddr pc, const uint64_t args[4])
{
    ARMCPU *cpu = ARM_CPU(cs);

    arm_enter_at(cpu, cpu->has_el2 ? 2 : 1, pc);
    memcpy(cpu->x, args, 4 * sizeof(args[0]));
}

static void dump(CPUState *cs, GString *out)
{
    ARMCPU *cpu = ARM_CPU(cs);
    uint32_t n = cpu->nzcv;

    g_string_append_printf(out, " PC=%016" PRIx64, cpu->pc);
    for (unsigned i = 0; i < 31; i++) {
        g_string_append_printf(out, "%sX%02u=%016" PRIx64, i % 4 == 3 ? "\n" : " ", i, cpu->x[i]);
    }
    g_string_append_printf(out, "  SP=%016" PRIx64 "\nPSTATE=%08" PRIx64 " %c%c%c%c EL%u%c", cpu->sp, arm_pstate_get(cpu),
                           n & FLAG_N ? 'N' : '-', n & FLAG_Z ? 'Z' : '-', n & FLAG_C ? 'C' : '-',
                           n & FLAG_V ? 'V' : '-', cpu->el, cpu->spsel ? 'h' : 't');
    if (cpu->has_el3) {
        g_string_append_printf(out, " %s", arm_is_secure(cpu) ? "S" : "NS");
    }
    g_string_append_c(out, '\n');
}

static void arm_class_init(ObjectClass *oc, const TypeInfo *info G_GNUC_UNUSED)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    CPUClass *cc = CPU_CLASS(oc);

    dc->realize = arm_cpu_realize;
    dc->reset = arm_cpu_reset;
    dc->vmstate = arm_vmstate;
    cc->arch = "aarch64";
    cc->elf_machine = EM_AARCH64;
    cc->elf64 = true;
    cc->tcg = &arm_tcg_target;
    cc->insn_align = 2;
    cc->key_variant_shift = ARM_KEY_BTYPE_SHIFT;
    cc->key_page_shift = ARM_KEY_GUARDED_SHIFT;
    cc->get_pc = get_pc;
    cc->set_pc = set_pc;
    cc->boot = boot;
    cc->check_pc = arm_check_pc;
    cc->get_key = arm_get_key;
    cc->translate = arm_translate;
    cc->tlb_fill = arm_tlb_fill;
    cc->code_group = arm_code_group;
    cc->walk_code = arm_walk_code;
    cc->unaligned = arm_unaligned;
    cc->check_tags = arm_check_tags;
    cc->bus_error = arm_bus_error;
    cc->watch = arm_watch;
    cc->user_fault = arm_user_fault;
    cc->do_exception = arm_do_exception;
    cc->take_interrupt = arm_take_interrupt;
    cc->has_work = arm_has_work;
    cc->debug_translate = arm_debug_translate;
    cc->dump = dump;
    cc->debug_arch = "aarch64";
    cc->debug_features = arm_debug_features;
    cc->describe_insn = arm_describe_insn;
}

static const char *const conduit_names[] = { "none", "hvc", "smc", NULL };
static const Property arm_props[] = {
    PROP_DEF("el2", ARMCPU, prop_el2, PROP_BOOL, 1, "whether EL2 exists, if the model has it"),
    PROP_DEF("el3", ARMCPU, prop_el3, PROP_BOOL, 1, "whether EL3 exists, if the model has it"),
    PROP_DEF("start-powered-off", ARMCPU, prop_start_powered_off, PROP_BOOL, 0, "off until PSCI or a power controller starts it"),
    PROP_DEF("mp-affinity", ARMCPU, prop_mpidr, PROP_U64, 0, "affinity fields of MPIDR_EL1"),
    PROP_DEF("rvbar", ARMCPU, prop_rvbar, PROP_U64, 0, "reset address"),
    PROP_DEF("cntfrq", ARMCPU, prop_cntfrq, PROP_U64, 62500000, "rate of the Generic Timer in Hz, 1 to 4294967295"),
    { .name = "psci-conduit", .type = PROP_ENUM, .offset = offsetof(ARMCPU, psci_conduit), .names = conduit_names,
      .help = "how PSCI calls are made when the machine has no firmware" },
    PROP_LINK_DEF("gicv3-cpuif", ARMCPU, gic_cpuif, TYPE_GICV3_CPUIF, "the GIC's CPU interface"),
    ARM_FEATURE_PROPS,
    PROP_END
};

const TypeInfo arm_cpu_type = {
    .name = TYPE_ARM_CPU, .parent = TYPE_CPU, .desc = "Arm A-profile CPU", .abstract = true,
    .instance_size = sizeof(ARMCPU), .class_size = sizeof(ARMCPUClass), .props = arm_props, .class_init = arm_class_init,
    .init = arm_cpu_init, .finalize = arm_cpu_finalize,
};

void arm_model_class_init(ObjectClass *oc, const TypeInfo *info)
{
    ((ARMCPUClass *)oc)->model = info->class_data;
}
