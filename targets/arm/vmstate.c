/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The A-profile CPU's state table. What a register says of others (rules of floating point, the translation's key,
 * lines and timers) is recomputed after loading. A wait in WFI or WFE is not state: it may end at any time.
 */
#include <string.h>

#include "core/exec/tlb.h"
#include "core/qom/vmstate.h"
#include "targets/arm/cpu.h"
#include "targets/arm/gtimer.h"
#include "targets/arm/pmu.h"

static bool post_load(void *opaque, GError **error G_GNUC_UNUSED)
{
    static const TlbFlush all = { .globals = true };
    ARMCPU *cpu = opaque;
    uint8_t flags = cpu->fp.flags;

    arm_set_fpcr(cpu, cpu->fpcr);
    cpu->fp.flags = flags;
    cpu->exc.kind = ARM_EXC_NONE;
    arm_wait_for(cpu, ARM_WAIT_INTERRUPT);
    memset(cpu->ctx_id, 0xff, sizeof(cpu->ctx_id));
    arm_tlb_contexts_changed(cpu);
    tlb_flush(&cpu->parent, &all);
    for (unsigned t = 0; t < NUM_GTIMERS; t++) {
        arm_gtimer_update(cpu, t);
    }
    arm_pmu_restart(cpu);
    arm_gic_state_changed(cpu);
    cpu_key_changed(&cpu->parent);
    return true;
}

static const VMStateField gtimer_vmstate[] = {
    VMSTATE_UINT(ArmGtimerState, cval), VMSTATE_UINT(ArmGtimerState, ctl), VMSTATE_END
};

#define U(f) VMSTATE_UINT(ARMCPU, f)
#define A(f) VMSTATE_UINT_ARRAY(ARMCPU, f)
const VMStateField arm_vmstate[] = {
    VMSTATE_BOOL(ARMCPU, parent.powered_off),
    A(x), U(sp), U(pc), U(nzcv), U(el), U(spsel), U(nrw), U(daif), U(pan), U(uao), U(dit), U(ssbs), U(tco), U(allint),
    U(btype), U(il), U(exlock), U(step_did), U(ss), A(sp_el), A(elr_el), A(spsr_el), U(spsr_abt), U(spsr_und),
    U(spsr_irq), U(spsr_fiq), VMSTATE_BYTES(ARMCPU, v), U(fpcr), U(fpsr), A(qc), U(fp.flags), U(parent.fp.flags),
    A(sctlr_el), A(actlr_el), A(tcr_el), A(ttbr0_el), A(ttbr1_el), A(mair_el), A(amair_el), A(vbar_el), A(esr_el),
    A(far_el), A(afsr0_el), A(afsr1_el), A(contextidr_el), A(tpidr_el), U(tpidrro_el0), U(cpacr_el1), U(par_el1),
    A(sctlr2_el), A(tcr2_el), A(mair2_el), A(amair2_el), A(pir_el), A(pire0_el), A(por_el), U(s2pir_el2), U(s2por_el1),
    A(gcscr_el), A(gcspr_el),
    U(cntkctl_el1), U(csselr_el1), U(mdscr_el1), U(osdlr_el1), U(oslsr_el1), U(mdccint_el1), U(hcr_el2), U(hcrx_el2),
    U(hstr_el2), U(mdcr_el2), U(cptr_el2), U(vttbr_el2), U(vtcr_el2), U(hpfar_el2), U(vpidr_el2), U(vmpidr_el2),
    U(cnthctl_el2), U(cntvoff_el2), U(hacr_el2), U(vsesr_el2), U(vdisr_el2), U(dacr32_el2), U(ifsr32_el2),
    U(fpexc32_el2), U(scr_el3), U(mdcr_el3), U(cptr_el3), U(sder32_el3), U(disr_el1), U(gcr_el1), U(rgsr_el1),
    U(accdata_el1), A(tfsr_el), A(dbgbvr_el1), A(dbgbcr_el1), A(dbgwvr_el1), A(dbgwcr_el1), U(dbgclaim), U(dbgdtrrx),
    U(dbgdtrtx), A(apkey),
    A(ttbr0_hi_el), A(ttbr1_hi_el), U(vttbr_hi_el2), U(par_hi_el1), A(rcwmask_el1), A(rcwsmask_el1),
    U(pmcr_el0), U(pmcnten), U(pmovs), U(pminten), U(pmselr_el0), U(pmuserenr_el0), U(pmccfiltr_el0), U(pmccntr_base),
    U(pmccntr_delta), A(pmevcntr), A(pmevtyper),
    U(cntfrq_el0), VMSTATE_STRUCT_ARRAY(ARMCPU, gtimer, gtimer_vmstate), A(event_stream_seen),
    U(excl_addr), A(excl_value), U(excl_size), U(event_register),
    VMSTATE_POST_LOAD(post_load), VMSTATE_END
};
