/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Power State Coordination Interface 1.1 (Arm DEN 0022) and the discovery calls of SMCCC 1.1 (DEN 0028).
 * Not modelled: OS-initiated mode, suspend to RAM, migration (there is no trusted OS), statistics.
 */
#include "core/log.h"
#include "core/qom/machine.h"
#include "targets/arm/psci.h"

enum {
    PSCI_VERSION = 0x84000000u, PSCI_CPU_SUSPEND = 0x84000001u, PSCI_CPU_OFF = 0x84000002u, PSCI_CPU_ON = 0x84000003u,
    PSCI_AFFINITY_INFO = 0x84000004u, PSCI_MIGRATE = 0x84000005u, PSCI_MIGRATE_INFO_TYPE = 0x84000006u,
    PSCI_SYSTEM_OFF = 0x84000008u, PSCI_SYSTEM_RESET = 0x84000009u, PSCI_FEATURES = 0x8400000au,
    PSCI_SYSTEM_RESET2 = 0x84000012u,
    SMCCC_VERSION = 0x80000000u, SMCCC_ARCH_FEATURES = 0x80000001u,
    SMC64 = 0x40000000u,
};
enum { PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID_PARAMETERS = -2, PSCI_ALREADY_ON = -4,
       PSCI_ON_PENDING = -5, PSCI_INVALID_ADDRESS = -9 };
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1, AFFINITY_ON_PENDING = 2 };

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

static ARMCPU *find_cpu(ARMCPU *self, uint64_t mpidr)
{
    const GPtrArray *cpus = self->parent.cluster ? self->parent.cluster->cpus : NULL;

    for (unsigned i = 0; cpus && i < cpus->len; i++) {
        ARMCPU *cpu = ARM_CPU(g_ptr_array_index(cpus, i));

        if ((cpu->mpidr & MPIDR_AFFINITY) == (mpidr & MPIDR_AFFINITY)) {
            return cpu;
        }
    }
    return NULL;
}

typedef struct Start {
    uint64_t pc, context;
} Start;

/* On the started CPU's own thread: reset state, at the highest Non-secure level (DEN 0022, 6.4). */
static void start_cpu(CPUState *cs, void *opaque)
{
    ARMCPU *cpu = ARM_CPU(cs);
    Start *s = opaque;

    machine_lock(cs->parent.machine);           /* it lowers the timers' lines */
    device_reset(&cs->parent, RESET_WARM);
    machine_unlock(cs->parent.machine);
    arm_enter_at(cpu, cpu->has_el2 ? 2 : 1, s->pc);
    cpu->x[0] = s->context;
    g_free(s);
}

static int64_t cpu_on(ARMCPU *cpu, uint64_t target, uint64_t entry, uint64_t context)
{
    ARMCPU *other = find_cpu(cpu, target);
    Start *s;

    if (!other) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (entry & 3) {
        return PSCI_INVALID_ADDRESS;
    }
    s = g_new(Start, 1);
    *s = (Start){ .pc = entry, .context = context };
    if (!cpu_power_on(&other->parent, start_cpu, s)) {
        g_free(s);
        return __atomic_load_n(&other->parent.powered_off, __ATOMIC_SEQ_CST) ? PSCI_ON_PENDING : PSCI_ALREADY_ON;
    }
    return PSCI_SUCCESS;
}

static int64_t affinity_info(ARMCPU *cpu, uint64_t target, uint64_t level)
{
    ARMCPU *other = find_cpu(cpu, target);
    bool starting;

    if (level > 0 || !other) {
        return PSCI_INVALID_PARAMETERS;         /* levels above CPUs are not required from version 1.0 on */
    }
    starting = __atomic_load_n(&other->parent.starting, __ATOMIC_SEQ_CST);         /* clear after powered_off is */
    if (!__atomic_load_n(&other->parent.powered_off, __ATOMIC_SEQ_CST)) {
        return AFFINITY_ON;
    }
    return starting ? AFFINITY_ON_PENDING : AFFINITY_OFF;
}

static bool implemented(uint32_t function)
{
    switch (function & ~(uint32_t)SMC64) {
    case PSCI_CPU_SUSPEND: case PSCI_CPU_ON: case PSCI_AFFINITY_INFO: case PSCI_SYSTEM_RESET2:
        return true;
    default:
        break;
    }
    switch (function) {
    case PSCI_VERSION: case PSCI_CPU_OFF: case PSCI_MIGRATE_INFO_TYPE: case PSCI_SYSTEM_OFF: case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES: case SMCCC_VERSION:
        return true;
    default:
        return false;
    }
}

void arm_psci_call(ARMCPU *cpu)
{
    uint32_t function = cpu->x[0];
    bool smc64 = function & SMC64;
    uint64_t a1 = smc64 ? cpu->x[1] : (uint32_t)cpu->x[1], a2 = smc64 ? cpu->x[2] : (uint32_t)cpu->x[2];
    uint64_t a3 = smc64 ? cpu->x[3] : (uint32_t)cpu->x[3];
    Machine *m = cpu->parent.parent.machine;
    int64_t ret;

    switch (smc64 ? (function & ~(uint32_t)SMC64) : function) {
    case PSCI_VERSION:
        ret = smc64 ? PSCI_NOT_SUPPORTED : 0x10001;
        break;
    case PSCI_CPU_ON:
        ret = cpu_on(cpu, a1, a2, a3);
        break;
    case PSCI_AFFINITY_INFO:
        ret = affinity_info(cpu, a1, a2);
        break;
    case PSCI_CPU_SUSPEND:
        /* to standby whatever the power state asks for: returns at the next wake-up */
        cpu->x[0] = PSCI_SUCCESS;
        cpu->pc += 4;
        arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
        cpu_halt(&cpu->parent);
        return;
    case PSCI_CPU_OFF:
        if (smc64) {
            ret = PSCI_NOT_SUPPORTED;
            break;
        }
        cpu->pc += 4;
        cpu_power_off_self(&cpu->parent);
        return;
    case PSCI_MIGRATE_INFO_TYPE:
        ret = smc64 ? PSCI_NOT_SUPPORTED : 2;   /* no trusted OS, or one that needs no migration */
        break;
    case PSCI_SYSTEM_OFF:
        machine_request_shutdown(m, 0);
        cpu->pc += 4;
        cpu_power_off_self(&cpu->parent);
        return;
    case PSCI_SYSTEM_RESET:
    case PSCI_SYSTEM_RESET2:
        machine_request_reset(m);
        cpu->pc += 4;
        cpu_power_off_self(&cpu->parent);
        return;
    case PSCI_FEATURES:
        ret = implemented(a1) ? 0 : PSCI_NOT_SUPPORTED;
        break;
    case SMCCC_VERSION:
        ret = 0x10001;
        break;
    case SMCCC_ARCH_FEATURES:
        ret = a1 == SMCCC_VERSION || a1 == SMCCC_ARCH_FEATURES ? 0 : PSCI_NOT_SUPPORTED;
        break;
    default:
        log_unimp("arm: cpu %u: unknown firmware call 0x%08x\n", cpu->parent.index, function);
        ret = PSCI_NOT_SUPPORTED;
        break;
    }
    cpu->x[0] = ret;
    cpu->pc += 4;
}
