/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The M-profile CPU as a device: properties, lines, realize, reset, state, and the class that core/exec works with. */
#include <elf.h>
#include "core/exec/exec.h"
#include "core/keyval.h"
#include "core/qom/machine.h"
#include "targets/arm/m_features.h"
#include "targets/arm/m_int.h"
#include "targets/arm/m_models.h"

typedef struct ARMMCPUClass {
    CPUClass parent;
    const ArmMModel *model;                     /* NULL: the abstract base */
} ARMMCPUClass;

/* -- registers for the translation library --------------------------------------------------------------------------- */

#define R(n) [ARM_M_REG_R0 + n] = { "r" #n, TCG_I32, offsetof(ARMMCPU, r[n]) }
#define S(n) [ARM_M_REG_S0 + n] = { "s" #n, TCG_I32, offsetof(ARMMCPU, s[n]) }
static const TcgReg regs[ARM_M_NUM_REGS] = {
    R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12),
    [ARM_M_REG_SP] = { "sp", TCG_I32, offsetof(ARMMCPU, r[13]) },
    [ARM_M_REG_LR] = { "lr", TCG_I32, offsetof(ARMMCPU, r[14]) },
    [ARM_M_REG_PC] = { "pc", TCG_I64, offsetof(ARMMCPU, pc) },
    [ARM_M_REG_NZCV] = { "nzcv", TCG_I32, offsetof(ARMMCPU, nzcv) },
    [ARM_M_REG_Q] = { "q", TCG_I32, offsetof(ARMMCPU, q) },
    [ARM_M_REG_GE] = { "ge", TCG_I32, offsetof(ARMMCPU, ge) },
    [ARM_M_REG_IT] = { "it", TCG_I32, offsetof(ARMMCPU, it) },
    S(0), S(1), S(2), S(3), S(4), S(5), S(6), S(7), S(8), S(9), S(10), S(11), S(12), S(13), S(14), S(15),
    S(16), S(17), S(18), S(19), S(20), S(21), S(22), S(23), S(24), S(25), S(26), S(27), S(28), S(29), S(30), S(31),
};
#undef R
#undef S
/* Pages of 1 KiB: regions of the MPU are down to 32 bytes, and most are larger than this. */
const TcgTarget arm_m_tcg_target = {
    .name = "arm-m", .regs = regs, .num_regs = ARM_M_NUM_REGS, .pc_reg = ARM_M_REG_PC, .page_bits = ARM_M_PAGE_BITS,
};

/* -- lines ------------------------------------------------------------------------------------------------------------- */

static void irq_in(void *opaque, unsigned n, int level)
{
    ARMMCPU *cpu = opaque;

    if (cpu->nvic && n < cpu->nvic->num_irq) {
        arm_m_nvic_line(cpu, M_SLOT_IRQ(n), level);
    }
}

static void nmi_in(void *opaque, unsigned n G_GNUC_UNUSED, int level)
{
    if (ARM_M_CPU(opaque)->nvic) {
        arm_m_nvic_line(opaque, M_SLOT(M_EXC_NMI, M_NS), level);
    }
}

static void event_comes(CPUState *cs)
{
    arm_m_send_event(ARM_M_CPU(cs));
}

static void wakeup_in(void *opaque, unsigned n G_GNUC_UNUSED, int level)
{
    if (level) {
        exec_send_event(opaque, event_comes);
    }
}

/* -- life ---------------------------------------------------------------------------------------------------------------- */

static void arm_m_cpu_init(Object *obj)
{
    ARMMCPU *cpu = ARM_M_CPU(obj);
    const ArmMModel *m = ((const ARMMCPUClass *)obj->oc)->model;

    device_init_irq_in(DEVICE(cpu), "irq", irq_in, M_NUM_SLOTS - 32);
    device_init_irq_in(DEVICE(cpu), "nmi", nmi_in, 1);
    device_init_irq_in(DEVICE(cpu), "wakeup", wakeup_in, 1);
    device_init_irq_out(DEVICE(cpu), "sysresetreq", &cpu->sysresetreq, 1);
    device_init_irq_out(DEVICE(cpu), "txev", &cpu->txev, 1);
    device_init_irq_out(DEVICE(cpu), "lockup", &cpu->lockup_irq, 1);
    if (m) {
        cpu->model = m;
        memcpy(cpu->id, m->id, sizeof(cpu->id));
        cpu->prop_num_irq = m->num_irq;
        cpu->prop_num_prio_bits = m->prio_bits;
        cpu->prop_mpu_regions = cpu->prop_mpu_ns_regions = m->mpu_regions;
        cpu->prop_sau_regions = m->sau_regions;
    }
}

static bool check_max(const char *name, uint32_t value, uint32_t max, GError **error)
{
    if (value > max) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %u is more than the %u that this CPU can have", name, value, max);
        return false;
    }
    return true;
}

static bool arm_m_cpu_realize(Device *dev, GError **error)
{
    ARMMCPU *cpu = ARM_M_CPU(dev);
    DeviceClass *base = DEVICE_CLASS(type_class_known(object_types(&dev->parent), TYPE_CPU));
    const ArmMModel *m = cpu->model;

    arm_m_compute_features(cpu);
    if (!check_max("num-irq", cpu->prop_num_irq, m->num_irq, error) ||
        !check_max("mpu-regions", cpu->prop_mpu_regions, m->mpu_regions, error) ||
        !check_max("mpu-ns-regions", cpu->prop_mpu_ns_regions, m->mpu_regions, error) ||
        !check_max("sau-regions", cpu->prop_sau_regions, m->sau_regions, error)) {
        return false;
    }
    if (cpu->prop_bitband && !m->bitband) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "bitband: %s has no bit-banding", m->name);
        return false;
    }
    if (!cpu->parent.frequency) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "frequency: must not be 0");
        return false;
    }
    cpu->fpu = type_registry_interface(object_types(&dev->parent), "fpu");
    if (!cpu->fpu && cpu->has_fp) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the module \"fpu\" is not loaded");
        return false;
    }
    arm_m_nvic_init(cpu, cpu->prop_num_irq, cpu->prop_num_prio_bits);
    if (!arm_m_system_init(cpu, error)) {
        return false;
    }
    char_connect(&cpu->itm, cpu, NULL, NULL, NULL);
    return base->realize ? base->realize(dev, error) : true;
}

static void arm_m_cpu_unrealize(Device *dev)
{
    ARMMCPU *cpu = ARM_M_CPU(dev);

    char_disconnect(&cpu->itm);
    arm_m_system_free(cpu);
    arm_m_nvic_free(cpu);
}

static void arm_m_cpu_reset(Device *dev, ResetType type)
{
    ARMMCPU *cpu = ARM_M_CPU(dev);
    DeviceClass *base = DEVICE_CLASS(type_class_known(object_types(&dev->parent), TYPE_CPU));

    if (base->reset) {
        base->reset(dev, type);
    }
    memset(cpu->r, 0, sizeof(cpu->r));
    cpu->r[14] = UINT32_MAX;
    memset(cpu->s, 0, sizeof(cpu->s));
    cpu->pc = 0;
    cpu->nzcv = cpu->q = cpu->ge = cpu->it = 0;
    cpu->epsr_t = 1;
    cpu->exception = 0;
    memset(cpu->sp, 0, sizeof(cpu->sp));
    memset(cpu->splim, 0, sizeof(cpu->splim));
    memset(cpu->control, 0, sizeof(cpu->control));
    memset(cpu->primask, 0, sizeof(cpu->primask));
    memset(cpu->faultmask, 0, sizeof(cpu->faultmask));
    memset(cpu->basepri, 0, sizeof(cpu->basepri));
    cpu->secure = cpu->has_security;
    cpu->excl_size = 0;
    cpu->event_register = 0;
    cpu->waits_for_event = false;
    cpu->lockup = false;
    irq_set(&cpu->lockup_irq, 0);
    arm_m_system_reset(cpu);
    arm_m_nvic_reset(cpu);
    arm_m_set_fpscr(cpu, 0);
    arm_m_mpu_ctrl_changed(cpu, NULL, M_NS);
    arm_m_mpu_ctrl_changed(cpu, NULL, M_S);
    cpu_key_changed(&cpu->parent);
    /* memory may not be loaded yet: the first thing that the CPU does */
    cpu->reset_pending = true;
    cpu->has_start_pc = false;
    cpu_raise(&cpu->parent);
    if (cpu->prop_start_powered_off) {
        __atomic_store_n(&cpu->parent.powered_off, true, __ATOMIC_RELEASE);
    }
}

/* -- class hooks ----------------------------------------------------------------------------------------------------------- */

static vaddr get_pc(CPUState *cs)
{
    return ARM_M_CPU(cs)->pc;
}

/* Bit 0 is for Thumb or nothing: there is no other instruction set. */
static void set_pc(CPUState *cs, vaddr pc)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    cpu->pc = pc & (UINT32_MAX - 1);
    cpu->epsr_t = 1;
    cpu->it = 0;
    cpu->has_start_pc = true;
    cpu_key_changed(cs);
}

static void unaligned(CPUState *cs, vaddr addr G_GNUC_UNUSED, AccessType type G_GNUC_UNUSED, unsigned mmu G_GNUC_UNUSED)
{
    arm_m_raise(ARM_M_CPU(cs), M_FAULT_UNALIGNED);
}

static void bus_error(CPUState *cs, vaddr addr, hwaddr paddr G_GNUC_UNUSED, AccessType type, unsigned mmu G_GNUC_UNUSED,
                      MemTxResult why G_GNUC_UNUSED)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    if (type == ACCESS_FETCH) {
        arm_m_raise(cpu, M_FAULT_IBUSERR);
    } else if (*m_reg1(cpu, MR_CCR) & CCR_BFHFNMIGN && cpu->nvic->neg[m_bank(cpu)]) {
        /* the access is ignored, as a handler that probes for devices wants it */
        *m_reg1(cpu, MR_CFSR) |= CFSR_PRECISERR | CFSR_BFARVALID;
        *m_reg1(cpu, MR_BFAR) = addr;
    } else {
        arm_m_raise_at(cpu, M_FAULT_PRECISERR, addr);
    }
}

static void dump(CPUState *cs, GString *out)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);
    uint32_t n = cpu->nzcv;

    for (unsigned i = 0; i < 15; i++) {
        g_string_append_printf(out, "R%02u=%08x%c", i, cpu->r[i], i % 4 == 3 ? '\n' : ' ');
    }
    g_string_append_printf(out, "R15=%08x\nXPSR=%08x %c%c%c%c %c %s%s\n", (uint32_t)cpu->pc, arm_m_get_xpsr(cpu),
                           n & FLAG_N ? 'N' : '-', n & FLAG_Z ? 'Z' : '-', n & FLAG_C ? 'C' : '-', n & FLAG_V ? 'V' : '-',
                           cpu->epsr_t ? 'T' : '-', cpu->has_security ? cpu->secure ? "S " : "NS " : "",
                           cpu->exception ? "handler" : m_is_privileged(cpu) ? "priv-thread" : "unpriv-thread");
    for (unsigned i = 0; cpu->has_fp && i < 32; i++) {
        g_string_append_printf(out, "S%02u=%08x%c", i, cpu->s[i], i % 4 == 3 ? '\n' : ' ');
    }
    if (cpu->has_fp) {
        g_string_append_printf(out, "FPSCR: %08x\n", arm_m_get_fpscr(cpu));
    }
}

/* -- saved state ------------------------------------------------------------------------------------------------------------- */

static bool post_load(void *opaque, GError **error G_GNUC_UNUSED)
{
    ARMMCPU *cpu = opaque;
    uint8_t flags = cpu->fp.flags;

    arm_m_set_fpscr(cpu, cpu->fpscr);
    cpu->fp.flags = flags;
    arm_m_nvic_rebuild(cpu);
    arm_m_mpu_ctrl_changed(cpu, NULL, M_NS);
    arm_m_mpu_ctrl_changed(cpu, NULL, M_S);
    arm_m_flush_all(cpu);
    cpu_key_changed(&cpu->parent);
    if (cpu->reset_pending) {
        cpu_raise(&cpu->parent);
    }
    return true;
}

#define WORDS(f) { .name = #f, .kind = VMS_UINT, .offset = offsetof(ARMMCPU, f), .size = 4, \
                   .count = sizeof(((ARMMCPU *)0)->f) / 4 }
static const VMStateField arm_m_vmstate[] = {
    VMSTATE_UINT_ARRAY(ARMMCPU, r), VMSTATE_UINT(ARMMCPU, pc), VMSTATE_UINT(ARMMCPU, nzcv), VMSTATE_UINT(ARMMCPU, q),
    VMSTATE_UINT(ARMMCPU, ge), VMSTATE_UINT(ARMMCPU, it), VMSTATE_UINT(ARMMCPU, epsr_t), VMSTATE_UINT(ARMMCPU, exception),
    VMSTATE_UINT_ARRAY(ARMMCPU, s), VMSTATE_UINT(ARMMCPU, fpscr), VMSTATE_UINT(ARMMCPU, fp.flags),
    WORDS(sp), WORDS(splim), VMSTATE_UINT_ARRAY(ARMMCPU, control), VMSTATE_UINT_ARRAY(ARMMCPU, primask),
    VMSTATE_UINT_ARRAY(ARMMCPU, faultmask), VMSTATE_UINT_ARRAY(ARMMCPU, basepri), VMSTATE_BOOL(ARMMCPU, secure),
    VMSTATE_UINT(ARMMCPU, excl_addr), VMSTATE_UINT(ARMMCPU, excl_value), VMSTATE_UINT(ARMMCPU, excl_size),
    VMSTATE_UINT(ARMMCPU, event_register), VMSTATE_BOOL(ARMMCPU, waits_for_event), VMSTATE_BOOL(ARMMCPU, lockup),
    VMSTATE_BOOL(ARMMCPU, reset_pending), VMSTATE_BOOL(ARMMCPU, has_start_pc),
    VMSTATE_UINT(ARMMCPU, parent.frequency),    /* the clock tree's; before SysTick, whose start is a tick of it */
    VMSTATE_CUSTOM(ARMMCPU, nvic, arm_m_nvic_vmstate_ops), VMSTATE_CUSTOM(ARMMCPU, system, arm_m_system_vmstate_ops),
    VMSTATE_POST_LOAD(post_load), VMSTATE_END
};

/* -- types ----------------------------------------------------------------------------------------------------------------- */

static void arm_m_class_init(ObjectClass *oc, const TypeInfo *info G_GNUC_UNUSED)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    CPUClass *cc = CPU_CLASS(oc);

    dc->realize = arm_m_cpu_realize;
    dc->unrealize = arm_m_cpu_unrealize;
    dc->reset = arm_m_cpu_reset;
    dc->vmstate = arm_m_vmstate;
    cc->arch = "arm-m";
    cc->elf_machine = EM_ARM;
    cc->tcg = &arm_m_tcg_target;
    cc->insn_align = 1;
    cc->get_pc = get_pc;
    cc->set_pc = set_pc;
    cc->check_pc = arm_m_check_pc;
    cc->get_key = arm_m_get_key;
    cc->translate = arm_m_translate;
    cc->tlb_fill = arm_m_tlb_fill;
    cc->unaligned = unaligned;
    cc->bus_error = bus_error;
    cc->watch = arm_m_watch;
    cc->do_exception = arm_m_do_exception;
    cc->take_interrupt = arm_m_take_interrupt;
    cc->has_work = arm_m_has_work;
    cc->debug_translate = arm_m_debug_translate;
    cc->set_frequency = arm_m_set_frequency;
    cc->dump = dump;
    cc->debug_arch = "arm";
    cc->debug_features = arm_m_debug_features;
    cc->describe_insn = arm_m_describe_insn;
}

#define FEATURE(name_, help_) \
    { .name = name_, .type = PROP_BOOL, .set = arm_m_feature_prop_set, .get = arm_m_feature_prop_get, .help = help_ }
#define CHOICE(name_, field, help_) \
    { .name = name_, .type = PROP_U32, .offset = offsetof(ARMMCPU, field), .help = help_ }
static const Property arm_m_props[] = {
    CHOICE("num-irq", prop_num_irq, "external interrupts"),
    { .name = "num-prio-bits", .type = PROP_U32, .offset = offsetof(ARMMCPU, prop_num_prio_bits), .min = 2, .max = 8, .def = 2,
      .help = "bits of a priority" },
    { .name = "init-svtor", .type = PROP_U32, .offset = offsetof(ARMMCPU, prop_init_svtor), .live = true,
      .help = "the vector table at reset" },
    { .name = "init-nsvtor", .type = PROP_U32, .offset = offsetof(ARMMCPU, prop_init_nsvtor), .live = true,
      .help = "that of the Non-secure state" },
    CHOICE("mpu-regions", prop_mpu_regions, "regions of the (Secure) MPU; 0: there is none"),
    CHOICE("mpu-ns-regions", prop_mpu_ns_regions, "regions of the Non-secure MPU"),
    CHOICE("sau-regions", prop_sau_regions, "regions of the SAU"),
    CHOICE("systick-calib", prop_systick_calib, "SKEW and TENMS of SYST_CALIB"),
    PROP_DEF("frequency", ARMMCPU, parent.frequency, PROP_U64, 25000000, "of the core and SysTick, in Hz"),
    PROP_DEF("refclk", ARMMCPU, prop_refclk, PROP_U64, 0, "SysTick's reference clock in Hz; 0: there is none"),
    PROP_DEF("bitband", ARMMCPU, prop_bitband, PROP_BOOL, 0, "bit-band alias regions"),
    PROP_DEF("start-powered-off", ARMMCPU, prop_start_powered_off, PROP_BOOL, 0, "off until a power controller starts it"),
    PROP_LINK_DEF("idau", ARMMCPU, idau, TYPE_ARM_IDAU, "the implementation's attribution of addresses"),
    { .name = "itm", .type = PROP_CHAR, .offset = offsetof(ARMMCPU, itm), .help = "where ITM stimulus ports write to" },
    FEATURE("fp", "floating point, on models that have it"), FEATURE("dp", "double precision, on models that have it"),
    FEATURE("dsp", "the DSP extension, on models that have it"),
    FEATURE("security", "the Security Extension, on models that have it"),
    PROP_END
};

const TypeInfo arm_m_cpu_type = {
    .name = TYPE_ARM_M_CPU, .parent = TYPE_CPU, .desc = "Arm M-profile CPU", .abstract = true,
    .instance_size = sizeof(ARMMCPU), .class_size = sizeof(ARMMCPUClass), .props = arm_m_props,
    .class_init = arm_m_class_init, .init = arm_m_cpu_init,
};

const TypeInfo arm_idau_type = {
    .name = TYPE_ARM_IDAU, .parent = TYPE_DEVICE, .desc = "implementation-defined attribution of addresses", .abstract = true,
    .instance_size = sizeof(ArmIdau),
};

void arm_m_model_class_init(ObjectClass *oc, const TypeInfo *info)
{
    ((ARMMCPUClass *)oc)->model = info->class_data;
}
