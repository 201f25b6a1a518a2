/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System information, system control, CPU identity and message handling units of the IoT kit and SSE-200 (Arm DDI 0577,
 * 101104: "System Information Register Block" and the following).
 * A CPU with its bit in CPUWAIT waits after reset until the bit is cleared, and starts from its INITSVTOR then. Resets that
 * watchdogs and SWRESET ask for are named by RESET_SYNDROME afterwards. CPU identity is what the CPU that reads is.
 * Not modelled: clock dividers, power control (PDCM and the PPUs) and debug authentication are storage; NMI_ENABLE masks
 * nothing.
 */
#include "core/exec/regdev.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/mps2.h"
#include "modules/hw/arm_m/sse.h"

/* -- system control ------------------------------------------------------------------------------------------------------ */

enum {
    SECDBGSTAT, SECDBGSET, SECDBGCLR, SCSECCTRL, FCLK_DIV, SYSCLK_DIV, CLOCK_FORCE, RESET_SYNDROME, RESET_MASK, SWRESET, GRETREG,
    INITSVTOR0, INITSVTOR1, CPUWAIT, NMI_ENABLE, WICCTRL, EWCTRL, PDCM_SYS, PDCM_SRAM0, PDCM_SRAM1, PDCM_SRAM2, PDCM_SRAM3,
    SC_IDS, SC_NUM = SC_IDS + CMSDK_NUM_IDS, MAX_CPUS = 2,
};
enum { BY_POWER_ON = 1 << 0, BY_NSWD = 1 << 1, BY_SWD = 1 << 2, BY_S32KWD = 1 << 3, BY_SWRESET = 1 << 9 };
enum { RESET_IN_NSWD, RESET_IN_SWD, RESET_IN_S32KWD, NUM_RESET_INPUTS };

typedef struct SseSysctl {
    RegDevice parent;
    /* wiring */
    CPUState *cpu[MAX_CPUS];
    unsigned num_cpus;
    uint32_t svtor_reset, cpuwait_reset;
    /* guest state */
    uint32_t reg[SC_NUM];
    uint32_t cause;                             /* of the reset that was asked for */
} SseSysctl;
DECLARE_OBJECT(SseSysctl, SSE_SYSCTL, "sse-sysctl")

void sse_sysctl_add_cpu(Device *sysctl, CPUState *cs)
{
    SseSysctl *s = SSE_SYSCTL(sysctl);

    g_assert(s->num_cpus < MAX_CPUS);
    s->cpu[s->num_cpus++] = cs;
}

/* On the CPU's own thread. */
static void start(CPUState *cs, void *opaque)
{
    SseSysctl *s = opaque;
    unsigned n = cs == s->cpu[0] ? 0 : 1;

    machine_lock(s->parent.parent.machine);
    object_set_uint(&cs->parent.parent, "init-svtor", s->reg[INITSVTOR0 + n]);
    device_reset(&cs->parent, RESET_WARM);
    machine_unlock(s->parent.parent.machine);
}

static void cpuwait_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SseSysctl *s = SSE_SYSCTL(dev);

    s->reg[CPUWAIT] = v & 3;
    for (unsigned i = 0; i < s->num_cpus; i++) {
        if (!(v >> i & 1)) {
            cpu_power_on(s->cpu[i], start, s);  /* false: it runs, and CPUWAIT is nothing to it before its next reset */
        }
    }
}

static void secdbg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SseSysctl *s = SSE_SYSCTL(dev);

    s->reg[SECDBGSTAT] = r->offset == 0x004 ? s->reg[SECDBGSTAT] | (v & 0xff) : s->reg[SECDBGSTAT] & ~v;
}

static void syndrome_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SSE_SYSCTL(dev)->reg[RESET_SYNDROME] &= v;  /* zeros clear */
}

static void ask_reset(SseSysctl *s, uint32_t cause)
{
    s->cause |= cause;
    if (s->parent.parent.machine) {
        machine_request_reset(s->parent.parent.machine);
    }
}

static void swreset_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (v & BY_SWRESET) {
        ask_reset(SSE_SYSCTL(dev), BY_SWRESET);
    }
}

static void reset_in(void *opaque, unsigned n, int level)
{
    static const uint32_t causes[NUM_RESET_INPUTS] = {
        [RESET_IN_NSWD] = BY_NSWD, [RESET_IN_SWD] = BY_SWD, [RESET_IN_S32KWD] = BY_S32KWD,
    };
    SseSysctl *s = opaque;

    if (level && (n != RESET_IN_NSWD || s->reg[RESET_MASK] & BY_NSWD)) {
        ask_reset(s, causes[n]);
    }
}

static const RegDef sysctl_regs[SC_NUM] = {
    [SECDBGSTAT] = { 0x000, "SECDBGSTAT" }, [SECDBGSET] = { 0x004, "SECDBGSET", .write = secdbg_write, .no_store = true },
    [SECDBGCLR] = { 0x008, "SECDBGCLR", .write = secdbg_write, .no_store = true },
    [SCSECCTRL] = { 0x00c, "SCSECCTRL", .rw = 0x4 }, [FCLK_DIV] = { 0x010, "FCLK_DIV", .rw = 0x1f },
    [SYSCLK_DIV] = { 0x014, "SYSCLK_DIV", .rw = 0x1f }, [CLOCK_FORCE] = { 0x018, "CLOCK_FORCE", .rw = UINT32_MAX },
    [RESET_SYNDROME] = { 0x100, "RESET_SYNDROME", .write = syndrome_write },
    [RESET_MASK] = { 0x104, "RESET_MASK", .rw = 0x132 }, [SWRESET] = { 0x108, "SWRESET", .write = swreset_write, .no_store = true },
    [GRETREG] = { 0x10c, "GRETREG", .rw = 0xffff }, [INITSVTOR0] = { 0x110, "INITSVTOR0", .rw = 0xffffff80 },
    [INITSVTOR1] = { 0x114, "INITSVTOR1", .rw = 0xffffff80 }, [CPUWAIT] = { 0x118, "CPUWAIT", .write = cpuwait_write },
    [NMI_ENABLE] = { 0x11c, "NMI_ENABLE", .rw = 0x30003 }, [WICCTRL] = { 0x120, "WICCTRL", .rw = UINT32_MAX },
    [EWCTRL] = { 0x124, "EWCTRL", .rw = UINT32_MAX }, [PDCM_SYS] = { 0x200, "PDCM_PD_SYS_SENSE", .reset = 0x7f, .rw = UINT32_MAX },
    [PDCM_SRAM0] = { 0x20c, "PDCM_PD_SRAM0_SENSE", .rw = UINT32_MAX },
    [PDCM_SRAM1] = { 0x210, "PDCM_PD_SRAM1_SENSE", .rw = UINT32_MAX },
    [PDCM_SRAM2] = { 0x214, "PDCM_PD_SRAM2_SENSE", .rw = UINT32_MAX },
    [PDCM_SRAM3] = { 0x218, "PDCM_PD_SRAM3_SENSE", .rw = UINT32_MAX }, ARM_ID_ROWS(SC_IDS, 0x54, 0x1b),
};

static void sysctl_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "reset", reset_in, NUM_RESET_INPUTS);
}

static void sysctl_reset(Device *dev, ResetType type)
{
    SseSysctl *s = SSE_SYSCTL(dev);

    s->reg[RESET_SYNDROME] = s->cause ? s->cause : BY_POWER_ON;
    s->cause = 0;
    s->reg[INITSVTOR0] = s->reg[INITSVTOR1] = s->svtor_reset;
    s->reg[CPUWAIT] = s->cpuwait_reset;
    for (unsigned i = 0; i < s->num_cpus; i++) {
        object_set_uint(&s->cpu[i]->parent.parent, "init-svtor", s->svtor_reset);
        __atomic_store_n(&s->cpu[i]->powered_off, s->cpuwait_reset >> i & 1, __ATOMIC_SEQ_CST);
    }
}

static const VMStateField sysctl_vmstate[] = { VMSTATE_UINT(SseSysctl, cause), VMSTATE_END };

static const RegDeviceSpec sysctl_spec = {
    REG_DEVICE_REGS(SseSysctl, sysctl_regs), .vmstate = sysctl_vmstate, .reset = sysctl_reset,
};

static const Property sysctl_props[] = {
    { .name = "init-svtor", .type = PROP_U32, .offset = offsetof(SseSysctl, svtor_reset), .def = 0x10000000,
      .help = "INITSVTOR0 and 1 at reset" },
    { .name = "cpu-wait", .type = PROP_U32, .offset = offsetof(SseSysctl, cpuwait_reset), .max = 3,
      .help = "CPUWAIT at reset: which CPUs wait to be started" },
    PROP_END
};

const TypeInfo sse_sysctl_type = {
    .name = "sse-sysctl", .desc = "system control of Arm's IoT kit and SSE-200", .instance_size = sizeof(SseSysctl),
    .props = sysctl_props, .init = sysctl_init, REG_DEVICE_TYPE(sysctl_spec),
};

/* -- blocks of a few registers that are no more than these ------------------------------------------------------------------ */

enum { INFO_VERSION, INFO_CONFIG, INFO_IDS, INFO_NUM = INFO_IDS + CMSDK_NUM_IDS };

typedef struct SseSysinfo {
    RegDevice parent;
    uint32_t version, config, reg[INFO_NUM];
} SseSysinfo;
DECLARE_OBJECT(SseSysinfo, SSE_SYSINFO, "sse-sysinfo")

static uint64_t info_read(void *dev, const RegDef *r, unsigned n)
{
    return r->offset ? SSE_SYSINFO(dev)->config : SSE_SYSINFO(dev)->version;
}

static const RegDef sysinfo_regs[INFO_NUM] = {
    [INFO_VERSION] = { 0x000, "SYS_VERSION", .read = info_read }, [INFO_CONFIG] = { 0x004, "SYS_CONFIG", .read = info_read },
    ARM_ID_ROWS(INFO_IDS, 0x58, 0x0b),
};

static const RegDeviceSpec sysinfo_spec = {
    REG_DEVICE_REGS(SseSysinfo, sysinfo_regs),
};

static const Property sysinfo_props[] = {
    { .name = "version", .type = PROP_U32, .offset = offsetof(SseSysinfo, version), .def = 0x22041743, .help = "SYS_VERSION" },
    { .name = "config", .type = PROP_U32, .offset = offsetof(SseSysinfo, config), .def = 0x223004f4, .help = "SYS_CONFIG" },
    PROP_END
};

const TypeInfo sse_sysinfo_type = {
    .name = "sse-sysinfo", .desc = "system information of Arm's IoT kit and SSE-200",
    .instance_size = sizeof(SseSysinfo), .props = sysinfo_props, REG_DEVICE_TYPE(sysinfo_spec),
};

enum { CPUID, ID_IDS, ID_NUM = ID_IDS + CMSDK_NUM_IDS };

typedef struct SseCpuid {
    RegDevice parent;
    uint32_t reg[ID_NUM];
} SseCpuid;
DECLARE_OBJECT(SseCpuid, SSE_CPUID, "sse-cpu-identity")

static uint64_t cpuid_read(void *dev, const RegDef *r, unsigned n)
{
    unsigned requester = SSE_CPUID(dev)->parent.bank.attrs.requester;

    return requester == MEMTX_NO_REQUESTER ? 0 : requester;
}

static const RegDef cpuid_regs[ID_NUM] = { [CPUID] = { 0x000, "CPUID", .read = cpuid_read }, ARM_ID_ROWS(ID_IDS, 0x58, 0x0b) };

static const RegDeviceSpec cpuid_spec = {
    REG_DEVICE_REGS(SseCpuid, cpuid_regs),
};

const TypeInfo sse_cpuid_type = {
    .name = "sse-cpu-identity", .desc = "CPU identity of SSE-200", .instance_size = sizeof(SseCpuid),
    REG_DEVICE_TYPE(cpuid_spec),
};

/* -- message handling unit: a word of status for each CPU, which interrupts it while it is not 0 ------------------------------ */

enum { MHU_STAT, MHU_SET, MHU_CLR, MHU_IDS, MHU_NUM = MHU_IDS + CMSDK_NUM_IDS };

typedef struct SseMhu {
    RegDevice parent;
    /* wiring */
    IrqLine irq[MAX_CPUS];
    /* guest state */
    uint32_t reg[MHU_NUM], stat[MAX_CPUS];
} SseMhu;
DECLARE_OBJECT(SseMhu, SSE_MHU, "sse-mhu")

static void mhu_update(void *dev)
{
    SseMhu *s = SSE_MHU(dev);

    for (unsigned i = 0; i < MAX_CPUS; i++) {
        irq_set(&s->irq[i], s->stat[i] != 0);
    }
}

static uint64_t mhu_read(void *dev, const RegDef *r, unsigned n)
{
    return SSE_MHU(dev)->stat[n];
}

static void mhu_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SseMhu *s = SSE_MHU(dev);

    s->stat[n] = r->offset & 4 ? s->stat[n] | v : s->stat[n] & ~v;
    mhu_update(s);
}

#define MHU_ROW(at, name, ...) { at, name, .count = MAX_CPUS, .stride = 0x10, .no_store = true, __VA_ARGS__ }
static const RegDef mhu_regs[MHU_NUM] = {
    [MHU_STAT] = MHU_ROW(0x000, "CPUxINTR_STAT", .read = mhu_read), [MHU_SET] = MHU_ROW(0x004, "CPUxINTR_SET", .write = mhu_write),
    [MHU_CLR] = MHU_ROW(0x008, "CPUxINTR_CLR", .write = mhu_write), ARM_ID_ROWS(MHU_IDS, 0x56, 0x0b),
};

static void mhu_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "cpu", SSE_MHU(obj)->irq, MAX_CPUS);
}

static void mhu_reset(Device *dev, ResetType type)
{
    memset(SSE_MHU(dev)->stat, 0, sizeof(SSE_MHU(dev)->stat));
}

static const VMStateField mhu_vmstate[] = { VMSTATE_UINT_ARRAY(SseMhu, stat), VMSTATE_END };

static const RegDeviceSpec mhu_spec = {
    REG_DEVICE_REGS(SseMhu, mhu_regs), .vmstate = mhu_vmstate, .reset = mhu_reset, .update = mhu_update,
};

const TypeInfo sse_mhu_type = {
    .name = "sse-mhu", .desc = "message handling unit of SSE-200", .instance_size = sizeof(SseMhu),
    .init = mhu_init, REG_DEVICE_TYPE(mhu_spec),
};
