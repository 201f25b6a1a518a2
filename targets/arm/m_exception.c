/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exceptions of M-profile: faults and escalation, entry with stacking, late arrival and tail chaining, return with its
 * integrity checks, lockup, sleep (Armv8-M ARM, DDI 0553, B3.13 to B3.30; Armv7-M ARM, DDI 0403, B1.5; Armv6-M ARM, DDI
 * 0419, B1.5).
 *
 * An entry is one step of the CPU: the frame is pushed, and of all that is pending then the first is taken. A fault of
 * the entry itself (a derived exception) is pended like any other, and the choice is made again; the same holds for a
 * return, which takes what is pending instead of unstacking.
 */
#include <string.h>

#include "core/qom/machine.h"
#include "targets/arm/m_int.h"

enum {
    EXC_RETURN_S = 1 << 6, EXC_RETURN_DCRS = 1 << 5, EXC_RETURN_FTYPE = 1 << 4, EXC_RETURN_THREAD = 1 << 3,
    EXC_RETURN_SPSEL = 1 << 2, EXC_RETURN_ES = 1 << 0,
    SIGNATURE = (int)0xfefa125a,                /* bit 0: a standard frame follows */
    XPSR_ALIGN = 1 << 9, XPSR_SFPA = 1 << 20,
};

static const char *name_of(unsigned number)
{
    static const char *const names[] = {
        "Thread", "Reset", "NMI", "HardFault", "MemManage", "BusFault", "UsageFault", "SecureFault", "", "", "", "SVCall",
        "DebugMonitor", "", "PendSV", "SysTick",
    };

    return number < G_N_ELEMENTS(names) ? names[number] : "interrupt";
}

/* -- recording ------------------------------------------------------------------------------------------------------- */

void arm_m_raise(ARMMCPU *cpu, ArmMFault fault)
{
    cpu->fault = fault;
    cpu->fault_has_addr = false;
    cpu_raise(&cpu->parent);
}

void arm_m_raise_at(ARMMCPU *cpu, ArmMFault fault, uint32_t addr)
{
    arm_m_raise(cpu, fault);
    cpu->fault_addr = addr;
    cpu->fault_has_addr = true;
}

static void set_lockup_line(ARMMCPU *cpu, int level)
{
    Machine *m = cpu->parent.parent.machine;

    machine_lock(m);
    irq_set(&cpu->lockup_irq, level);
    machine_unlock(m);
}

void arm_m_lockup(ARMMCPU *cpu, const char *why)
{
    if (!cpu->lockup) {                         /* told always: nothing else would say why the core is silent */
        log_write("arm: cpu %u: lockup at 0x%08x: %s\n", cpu->parent.index, (uint32_t)cpu->pc, why);
    }
    cpu->lockup = true;
    cpu->pc = m_has(cpu, ARM_M_HAS_V8) ? 0xeffffffe : 0xfffffffe;
    cpu_halt(&cpu->parent);
    cpu_leave(&cpu->parent);
    set_lockup_line(cpu, 1);
}

void arm_m_leave_lockup(ARMMCPU *cpu)
{
    cpu->lockup = false;
    set_lockup_line(cpu, 0);
}

/* -- faults ---------------------------------------------------------------------------------------------------------- */

/* The exception that a recorded fault becomes, with its status bits. */
static ArmMFaultInfo info_of(const ARMMCPU *cpu, ArmMFault fault)
{
    static const struct { uint8_t number; uint32_t status; } row[M_NUM_FAULTS] = {
        [M_FAULT_UNDEFINSTR] = { M_EXC_USAGE, CFSR_UNDEFINSTR }, [M_FAULT_INVSTATE] = { M_EXC_USAGE, CFSR_INVSTATE },
        [M_FAULT_INVPC] = { M_EXC_USAGE, CFSR_INVPC }, [M_FAULT_NOCP] = { M_EXC_USAGE, CFSR_NOCP },
        [M_FAULT_STKOF] = { M_EXC_USAGE, CFSR_STKOF }, [M_FAULT_UNALIGNED] = { M_EXC_USAGE, CFSR_UNALIGNED },
        [M_FAULT_DIVBYZERO] = { M_EXC_USAGE, CFSR_DIVBYZERO }, [M_FAULT_IACCVIOL] = { M_EXC_MEM, CFSR_IACCVIOL },
        [M_FAULT_DACCVIOL] = { M_EXC_MEM, CFSR_DACCVIOL }, [M_FAULT_IBUSERR] = { M_EXC_BUS, CFSR_IBUSERR },
        [M_FAULT_PRECISERR] = { M_EXC_BUS, CFSR_PRECISERR }, [M_FAULT_INVEP] = { M_EXC_SECURE, SFSR_INVEP },
        [M_FAULT_INVTRAN] = { M_EXC_SECURE, SFSR_INVTRAN }, [M_FAULT_AUVIOL] = { M_EXC_SECURE, SFSR_AUVIOL },
        [M_FAULT_SVC] = { M_EXC_SVC, 0 }, [M_FAULT_BKPT] = { M_EXC_DEBUG, 0 },
    };
    ArmMFaultInfo f = { .number = row[fault].number, .bank = m_bank(cpu), .status = row[fault].status };
    unsigned bank;

    if (fault == M_FAULT_NOCP && cpu->has_fp && !arm_m_fp_enabled(cpu, cpu->secure, m_is_privileged(cpu), &bank)) {
        f.bank = bank;
    }
    return f;
}

static void set_status(ARMMCPU *cpu, const ArmMFaultInfo *f)
{
    switch (f->number) {
    case M_EXC_MEM:
    case M_EXC_USAGE:
        cpu->system->reg[MR_CFSR][f->bank] |= f->status;
        break;
    case M_EXC_BUS:
        *m_reg1(cpu, MR_CFSR) |= f->status;
        break;
    case M_EXC_SECURE:
        *m_reg1(cpu, MR_SFSR) |= f->status;
        break;
    case M_EXC_DEBUG:
        *m_reg1(cpu, MR_DFSR) |= DFSR_BKPT;
        break;
    }
}

/* The fault's address, where a register takes it. */
static void set_address(ARMMCPU *cpu, const ArmMFaultInfo *f, ArmMFault fault, uint32_t addr)
{
    switch (fault) {
    case M_FAULT_DACCVIOL:
        cpu->system->reg[MR_MMFAR][f->bank] = addr;
        cpu->system->reg[MR_CFSR][f->bank] |= CFSR_MMARVALID;
        break;
    case M_FAULT_PRECISERR:
        *m_reg1(cpu, MR_BFAR) = addr;
        *m_reg1(cpu, MR_CFSR) |= CFSR_BFARVALID;
        break;
    case M_FAULT_AUVIOL:
        *m_reg1(cpu, MR_SFAR) = addr;
        *m_reg1(cpu, MR_SFSR) |= SFSR_SFARVALID;
        break;
    default:
        break;
    }
}

/* HardFault for what cannot be taken as itself; false: not even that. */
static bool pend_hard(ARMMCPU *cpu, unsigned bank, uint32_t status)
{
    unsigned slot = M_SLOT(M_EXC_HARD, !cpu->has_security ? M_NS : !m_bfhfnmins(cpu) ? M_S : bank);

    *m_reg1(cpu, MR_HFSR) |= status;
    if (arm_m_slot_priority(cpu, slot, true) >= cpu->nvic->exec_prio) {
        return false;
    }
    arm_m_nvic_set_pending(cpu, slot, true);
    return true;
}

bool arm_m_pend_fault(ARMMCPU *cpu, ArmMFaultInfo f)
{
    bool main = m_has(cpu, ARM_M_HAS_MAIN);
    unsigned slot = arm_m_slot_of(f.number, f.bank);
    bool enabled = m_bit(cpu->nvic->enabled, slot) && (main || f.number == M_EXC_SVC);

    if (f.number == M_EXC_DEBUG) {
        enabled = main && *m_reg1(cpu, MR_DEMCR) & DEMCR_MON_EN &&
                  !(cpu->secure && !(*m_reg1(cpu, MR_DEMCR) & DEMCR_SDME));
    }
    if (main || f.number == M_EXC_DEBUG) {
        set_status(cpu, &f);
    }
    if (!f.escalate && enabled && arm_m_slot_priority(cpu, slot, true) < cpu->nvic->exec_prio) {
        arm_m_nvic_set_pending(cpu, slot, true);
        return true;
    }
    return pend_hard(cpu, f.number == M_EXC_SECURE ? M_S : f.bank, f.number == M_EXC_DEBUG ? HFSR_DEBUGEVT : HFSR_FORCED);
}

/* -- memory -------------------------------------------------------------------------------------------------------------- */

/* A fault of a frame's access, as its status bits have it. */
static ArmMFaultInfo stack_fault(const ARMMCPU *cpu, ArmMFault fault, bool secure, ArmMStackUse use)
{
    static const uint32_t mem[] = { CFSR_MSTKERR, CFSR_MUNSTKERR, CFSR_MLSPERR };
    static const uint32_t bus[] = { CFSR_STKERR, CFSR_UNSTKERR, CFSR_LSPERR };
    static const uint32_t sec[] = { SFSR_AUVIOL, SFSR_AUVIOL, SFSR_LSPERR };
    unsigned bank = secure && cpu->has_security ? M_S : M_NS;

    switch (fault) {
    case M_FAULT_AUVIOL:
        return (ArmMFaultInfo){ M_EXC_SECURE, M_S, sec[use] };
    case M_FAULT_PRECISERR:
        return (ArmMFaultInfo){ M_EXC_BUS, bank, bus[use] };
    default:
        return (ArmMFaultInfo){ M_EXC_MEM, bank, mem[use] };
    }
}

ArmMFaultInfo arm_m_stack_words(ARMMCPU *cpu, uint32_t addr, uint32_t *words, unsigned n, unsigned mmu, ArmMStackUse use)
{
    CPUState *cs = &cpu->parent;
    AccessType type = use == M_STACK_POP ? ACCESS_LOAD : ACCESS_STORE;
    bool secure = m_mmu_is_secure(mmu);

    addr &= ~3u;
    while (n) {
        unsigned part = MIN(n, ((1u << ARM_M_PAGE_BITS) - (addr & ((1u << ARM_M_PAGE_BITS) - 1))) / 4);
        bool ok;
        void *p = cpu_probe(cs, addr, 4 * part, type, mmu, &ok);

        if (!ok) {
            cs->raised = 0;
            return stack_fault(cpu, cpu->fault, secure, use);
        }
        if (p) {
            for (unsigned i = 0; i < part; i++) {
                if (type == ACCESS_LOAD) {
                    words[i] = __atomic_load_n((uint32_t *)p + i, __ATOMIC_ACQUIRE);
                } else {
                    __atomic_store_n((uint32_t *)p + i, words[i], __ATOMIC_RELEASE);
                }
            }
        } else {
            for (unsigned i = 0; i < part; i++) {
                MemTxResult r = MEMTX_OK;
                MemTxAttrs attrs;
                ArmMFault fault;

                if (!arm_m_access(cpu, addr + 4 * i, type, mmu, &attrs, &fault)) {
                    return stack_fault(cpu, fault, secure, use);
                }
                if (type == ACCESS_LOAD) {
                    words[i] = address_space_ld(cs->as, addr + 4 * i, 4, false, attrs, &r);
                } else {
                    address_space_st(cs->as, addr + 4 * i, 4, false, words[i], attrs, &r);
                }
                if (r != MEMTX_OK) {
                    return stack_fault(cpu, M_FAULT_PRECISERR, secure, use);
                }
            }
        }
        addr += 4 * part;
        words += part;
        n -= part;
    }
    return (ArmMFaultInfo){ 0 };
}

static bool read_vector(ARMMCPU *cpu, unsigned number, unsigned bank, uint32_t *ret)
{
    uint32_t addr = m_reg(cpu, MR_VTOR, bank) + 4 * number;
    MemTxAttrs attrs = { .privileged = 1, .requester = cpu->parent.index };
    ArmMSecurity sec;
    MemTxResult r;

    arm_m_security_check(cpu, addr, false, bank == M_S, &sec);
    if (cpu->has_security && bank == M_NS && !sec.ns) {
        return false;
    }
    attrs.pas = sec.ns ? PAS_NONSECURE : PAS_SECURE;
    *ret = address_space_ld(cpu->parent.as, addr, 4, false, attrs, &r);
    return r == MEMTX_OK;
}

/* -- entry --------------------------------------------------------------------------------------------------------------- */

/* Pushes what a caller would save, and more; returns the fault of that, if any. SP moves in any case. */
static ArmMFaultInfo push_frame(ARMMCPU *cpu, uint32_t return_address)
{
    unsigned bank = m_bank(cpu), which = m_sp_index(cpu), n = 8, mmu = arm_m_mmu(cpu, cpu->secure, m_is_privileged(cpu));
    bool fp = cpu->has_fp && m_fpca(cpu) && (!cpu->has_security || cpu->secure || *m_reg1(cpu, MR_NSACR) & 1 << 10);
    bool all = fp && cpu->secure && *m_reg1(cpu, MR_FPCCR) & FPCCR_TS;
    bool align = fp || m_has(cpu, ARM_M_HAS_V8) || m_reg(cpu, MR_CCR, bank) & CCR_STKALIGN;
    uint32_t sp = cpu->r[13], frameptr, frame[8 + 34], psr = arm_m_get_xpsr(cpu), own = m_reg(cpu, MR_FPCCR, M_S);
    bool was_aligned = !(sp & 4 && align), overflow;
    unsigned fp_bank;

    frameptr = (sp - (fp ? all ? 0xa8 : 0x68 : 0x20)) & (align ? ~7u : ~3u);
    psr = (psr & ~(uint32_t)(XPSR_ALIGN)) | (was_aligned ? 0 : XPSR_ALIGN);
    if (cpu->has_security && cpu->secure && cpu->control[M_S] & CONTROL_SFPA) {
        psr |= XPSR_SFPA;
    }
    overflow = arm_m_splim_violated(cpu, bank, which, frameptr);
    cpu->r[13] = overflow ? cpu->splim[bank][which] & ~7u : frameptr;
    if (cpu->has_security && cpu->has_fp && fp && *m_reg1(cpu, MR_FPCCR) & FPCCR_S && own & FPCCR_LSPACT) {
        return (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_LSERR };        /* somebody's state is in the registers still */
    }
    if (overflow) {
        return (ArmMFaultInfo){ M_EXC_USAGE, bank, CFSR_STKOF };
    }
    memcpy(frame, cpu->r, 16);
    frame[4] = cpu->r[12];
    frame[5] = cpu->r[14];
    frame[6] = return_address;
    frame[7] = psr;
    if (fp) {
        if (*m_reg1(cpu, MR_FPCCR) & FPCCR_LSPEN) {
            ArmMFaultInfo f = arm_m_stack_words(cpu, frameptr, frame, 8, mmu, M_STACK_PUSH);

            arm_m_fp_defer(cpu, frameptr, false);
            return f;
        }
        if (!arm_m_fp_enabled(cpu, cpu->secure, m_is_privileged(cpu), &fp_bank)) {
            ArmMFaultInfo f = arm_m_stack_words(cpu, frameptr, frame, 8, mmu, M_STACK_PUSH);

            return f.number ? f : (ArmMFaultInfo){ M_EXC_USAGE, fp_bank, CFSR_NOCP };
        }
        n += arm_m_fp_save(cpu, frame + 8, all);
        if (all) {
            memset(cpu->s, 0, sizeof(cpu->s));
            arm_m_set_fpscr(cpu, 0);
        }
    }
    return arm_m_stack_words(cpu, frameptr, frame, n, mmu, M_STACK_PUSH);
}

/* EXC_RETURN of an exception that is taken from here; ES and SPSEL belong to where it is taken. */
static uint32_t make_exc_return(const ARMMCPU *cpu)
{
    uint32_t v = (m_fpca(cpu) && cpu->has_fp ? 0 : EXC_RETURN_FTYPE) | (cpu->exception ? 0 : EXC_RETURN_THREAD);

    if (m_has(cpu, ARM_M_HAS_V8)) {
        return v | 0xffffff80u | EXC_RETURN_DCRS | (cpu->has_security && cpu->secure ? EXC_RETURN_S : 0);
    }
    return v | 0xffffffe1u | (m_sp_index(cpu) ? EXC_RETURN_SPSEL : 0);
}

/* Pushes the callee-saved registers of Secure software, over which a Non-secure exception is taken. */
static ArmMFaultInfo push_callee(ARMMCPU *cpu, uint32_t lr, bool ignore)
{
    bool thread = lr & EXC_RETURN_THREAD;
    unsigned which = thread && cpu->control[M_S] & CONTROL_SPSEL;
    bool privileged = !thread || !(cpu->control[M_S] & CONTROL_nPRIV);
    uint32_t *sp, frameptr, frame[10] = { SIGNATURE | (lr & EXC_RETURN_FTYPE && 1) };
    bool current;

    arm_m_bank_sp(cpu);
    sp = &cpu->sp[M_S][which];
    current = cpu->secure && m_sp_index(cpu) == which;
    frameptr = *sp - 0x28;
    if (arm_m_splim_violated(cpu, M_S, which, frameptr)) {
        *sp = cpu->splim[M_S][which] & ~7u;
    } else {
        *sp = frameptr;
    }
    if (current) {
        cpu->r[13] = *sp;
    }
    if (*sp != frameptr) {
        return ignore ? (ArmMFaultInfo){ 0 } : (ArmMFaultInfo){ M_EXC_USAGE, M_S, CFSR_STKOF };
    }
    memcpy(frame + 2, cpu->r + 4, 32);
    return arm_m_stack_words(cpu, frameptr, frame, 10, arm_m_mmu(cpu, true, privileged), M_STACK_PUSH);
}

/*
 * ExceptionTaken(): to the handler of a pending slot, with the frame on its stack. lr: EXC_RETURN so far; chained: of the
 * exception that it comes after without unstacking. ignore: faults of the stack were seen already.
 */
static ArmMFaultInfo take(ARMMCPU *cpu, unsigned slot, uint32_t *ret_lr, bool chained, bool ignore)
{
    uint32_t lr = *ret_lr;
    unsigned number = m_slot_number(slot), bank = arm_m_slot_bank(cpu, slot);
    bool v8 = m_has(cpu, ARM_M_HAS_V8), from_secure = v8 && lr & EXC_RETURN_S;
    ArmMFaultInfo f = { 0 };
    uint32_t vector, from = (uint32_t)cpu->pc;

    if (cpu->has_security && from_secure) {
        if (bank == M_S) {
            if (chained && !(lr & EXC_RETURN_ES)) {
                lr &= ~(uint32_t)EXC_RETURN_DCRS;       /* the callee's registers are on the stack already */
            }
        } else {
            if (lr & EXC_RETURN_DCRS && !(chained && !(lr & EXC_RETURN_ES))) {
                f = push_callee(cpu, lr, ignore);
                if (f.number && !ignore) {
                    return f;
                }
                *ret_lr &= ~(uint32_t)EXC_RETURN_DCRS;  /* should this fail yet */
            }
            lr |= EXC_RETURN_DCRS;
        }
    }
    if (!read_vector(cpu, number, bank, &vector)) {
        return (ArmMFaultInfo){ M_EXC_HARD, bank, HFSR_VECTTBL };
    }
    if (cpu->has_security && bank == M_NS) {
        memset(cpu->r, 0, 16);
        cpu->r[12] = 0;
        cpu->nzcv = cpu->q = cpu->ge = 0;
        if (from_secure) {
            memset(cpu->r + 4, 0, 32);
        }
    }
    arm_m_bank_sp(cpu);
    if (v8) {
        lr &= ~(uint32_t)(EXC_RETURN_SPSEL | EXC_RETURN_ES);
        lr |= (cpu->control[bank] & CONTROL_SPSEL ? EXC_RETURN_SPSEL : 0) | (bank == M_S ? EXC_RETURN_ES : 0);
    }
    cpu->control[bank] &= ~(uint32_t)CONTROL_SPSEL;
    cpu->control[M_S] &= ~(uint32_t)(CONTROL_FPCA | CONTROL_SFPA);
    cpu->secure = cpu->has_security && bank == M_S;
    cpu->exception = number;
    arm_m_load_sp(cpu);
    cpu->r[14] = lr;
    cpu->pc = vector & ~1u;
    cpu->epsr_t = vector & 1;
    cpu->it = 0;
    cpu->excl_size = 0;
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
    arm_m_nvic_set_pending(cpu, slot, false);
    arm_m_nvic_set_active(cpu, slot, true);
    cpu_key_changed(&cpu->parent);
    if (cpu->lockup) {
        arm_m_leave_lockup(cpu);
    }
    log_printf(LOG_INT, "arm: cpu %u: %s (%u) %s0x%08x to 0x%08x, EXC_RETURN 0x%08x%s\n", cpu->parent.index,
               name_of(number), number, chained ? "after a return at " : "from ", from, (uint32_t)cpu->pc, lr,
               cpu->has_security ? cpu->secure ? ", Secure" : ", Non-secure" : "");
    return f;
}

/* Takes what is pending, one after the other while taking it fails. */
static void take_pending(ARMMCPU *cpu, uint32_t lr, bool chained)
{
    unsigned tried = M_NO_SLOT;

    for (;;) {
        unsigned slot = arm_m_nvic_takeable(cpu);
        ArmMFaultInfo f;

        if (slot == M_NO_SLOT) {
            arm_m_lockup(cpu, "no exception is left to take");
            return;
        }
        f = take(cpu, slot, &lr, chained, slot == tried);
        if (!f.number) {
            return;
        }
        if (f.number == M_EXC_HARD) {
            /* no vector: HardFault's or NMI's own is the end */
            *m_reg1(cpu, MR_HFSR) |= HFSR_VECTTBL;
            if (arm_m_slot_priority(cpu, slot, true) < 0 || !pend_hard(cpu, f.bank, HFSR_VECTTBL)) {
                arm_m_nvic_set_pending(cpu, slot, false);
                arm_m_nvic_set_active(cpu, slot, true);
                cpu->exception = m_slot_number(slot);
                cpu_key_changed(&cpu->parent);
                arm_m_lockup(cpu, "the vector of HardFault or NMI cannot be read");
                return;
            }
        } else if (!arm_m_pend_fault(cpu, f)) {
            arm_m_lockup(cpu, "stacking failed");
            return;
        }
        tried = slot;
    }
}

/* From running code to what is pending. */
static void enter(ARMMCPU *cpu, uint32_t return_address)
{
    uint32_t lr = make_exc_return(cpu);
    ArmMFaultInfo f;

    if (cpu->lockup) {
        arm_m_leave_lockup(cpu);
    }
    f = push_frame(cpu, return_address);
    if (f.number && !arm_m_pend_fault(cpu, f) && arm_m_nvic_takeable(cpu) == M_NO_SLOT) {
        arm_m_lockup(cpu, "stacking failed");
        return;
    }
    take_pending(cpu, lr, false);
}

/* -- return -------------------------------------------------------------------------------------------------------------- */

static void deactivate(ARMMCPU *cpu, unsigned number, bool secure)
{
    ArmMNvic *v = cpu->nvic;
    unsigned bank = secure && cpu->has_security ? M_S : M_NS, slot = arm_m_slot_of(number, bank);
    int raw = v->raw_prio;

    if (!m_has(cpu, ARM_M_HAS_V8)) {
        if (number != M_EXC_NMI) {
            cpu->faultmask[M_NS] = 0;
        }
    } else {
        /* with a corrupted IPSR the negative priority would stay: it is what goes */
        if (raw < 0) {
            slot = raw == -2 ? M_SLOT(M_EXC_NMI, M_NS) : M_SLOT(M_EXC_HARD, raw == -3 ? M_S : M_NS);
            if (raw == -1 && !m_bit(v->active, slot)) {
                slot = M_SLOT(M_EXC_HARD, M_S);
            }
        } else if (m_has(cpu, ARM_M_HAS_MAIN)) {
            cpu->faultmask[bank] = 0;
        }
    }
    if (m_bit(v->active, slot)) {
        arm_m_nvic_set_active(cpu, slot, false);
    }
    arm_m_priority_changed(cpu);
}

/* A return that fails: the handler that gets it sees the stack as it was. */
static void fail_return(ARMMCPU *cpu, ArmMFaultInfo f, uint32_t exc_return)
{
    log_printf(LOG_INT, "arm: cpu %u: exception return 0x%08x fails\n", cpu->parent.index, exc_return);
    if (!arm_m_pend_fault(cpu, f) && arm_m_nvic_takeable(cpu) == M_NO_SLOT) {
        arm_m_lockup(cpu, "an exception return failed");
        return;
    }
    take_pending(cpu, exc_return, true);
}

/* ValidateExceptionReturn(). */
static ArmMFaultInfo validate(ARMMCPU *cpu, uint32_t *exc_return)
{
    ArmMNvic *v = cpu->nvic;
    const ArmMFaultInfo invpc = { M_EXC_USAGE, m_bank(cpu), CFSR_INVPC };
    uint32_t e = *exc_return;
    bool v8 = m_has(cpu, ARM_M_HAS_V8), thread = e & EXC_RETURN_THREAD;
    unsigned slot;

    if (v8) {
        if (cpu->has_security && !cpu->secure && (e & EXC_RETURN_ES || !(e & EXC_RETURN_DCRS))) {
            *exc_return = e & ~(uint32_t)EXC_RETURN_ES;
            return (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_INVER };
        }
        if (!cpu->has_security && e & (EXC_RETURN_S | EXC_RETURN_ES)) {
            return invpc;
        }
        if ((e & 0x00ffff82) != 0x00ffff80) {
            log_guest_error("arm: cpu %u: EXC_RETURN 0x%08x has reserved bits\n", cpu->parent.index, e);
            return invpc;
        }
    } else {
        unsigned low = e & 15;

        if ((e & 0x0fffffe0) != 0x0fffffe0 || (low != 1 && low != 9 && low != 13)) {
            return invpc;
        }
    }
    if (!(e & EXC_RETURN_FTYPE) && !cpu->has_fp) {
        return invpc;
    }
    slot = arm_m_slot_of(cpu->exception, v8 && e & EXC_RETURN_ES ? M_S : M_NS);
    if (!m_bit(v->active, slot)) {
        return invpc;
    }
    if (thread ? v->num_active != 1 && !(m_reg(cpu, MR_CCR, m_bank(cpu)) & CCR_NONBASETHRDENA) : v->num_active == 1) {
        return invpc;
    }
    return (ArmMFaultInfo){ 0 };
}

typedef struct Unstacked {
    uint32_t sp, callee[10], frame[8], fp[34];
    bool has_callee, has_fp, all;
} Unstacked;

/* PopStack(), all but its effects. */
static ArmMFaultInfo pop_frame(ARMMCPU *cpu, uint32_t e, bool secure, unsigned which, Unstacked *u)
{
    bool thread = e & EXC_RETURN_THREAD, v8 = m_has(cpu, ARM_M_HAS_V8);
    unsigned bank = secure ? M_S : M_NS, fp_bank, number;
    bool privileged = !thread || !(cpu->control[bank] & CONTROL_nPRIV);
    unsigned mmu = arm_m_mmu(cpu, secure, privileged);
    ArmMFaultInfo f;

    *u = (Unstacked){ .sp = cpu->sp[bank][which] };
    if (v8 && secure && !((e & EXC_RETURN_ES) && (e & EXC_RETURN_DCRS))) {
        f = arm_m_stack_words(cpu, u->sp, u->callee, 10, mmu, M_STACK_POP);
        if (f.number) {
            return f;
        }
        if (u->callee[0] != ((uint32_t)SIGNATURE | (e & EXC_RETURN_FTYPE ? 1 : 0))) {
            return (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_INVIS };
        }
        u->has_callee = true;
        u->sp += 0x28;
    }
    f = arm_m_stack_words(cpu, u->sp, u->frame, 8, mmu, M_STACK_POP);
    if (f.number) {
        return f;
    }
    number = u->frame[7] & 0x1ff;
    if (thread != (number == 0)) {
        return (ArmMFaultInfo){ M_EXC_USAGE, m_bank(cpu), CFSR_INVPC };
    }
    if (!(e & EXC_RETURN_FTYPE)) {
        u->all = secure && *m_reg1(cpu, MR_FPCCR) & FPCCR_TS;
        u->has_fp = !(m_reg(cpu, MR_FPCCR, bank) & FPCCR_LSPACT);
        if (cpu->has_security && !secure && m_reg(cpu, MR_FPCCR, M_S) & FPCCR_LSPACT) {
            return (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_LSERR };
        }
        if (u->has_fp) {
            if (!arm_m_fp_enabled(cpu, secure, privileged, &fp_bank)) {
                return (ArmMFaultInfo){ M_EXC_USAGE, fp_bank, CFSR_NOCP };
            }
            f = arm_m_stack_words(cpu, u->sp + 0x20, u->fp, u->all ? 34 : 18, mmu, M_STACK_POP);
            if (f.number) {
                return f;
            }
        }
        u->sp += u->all ? 0xa8 : 0x68;
    } else {
        u->sp += 0x20;
    }
    return (ArmMFaultInfo){ 0 };
}

static void unstack(ARMMCPU *cpu, uint32_t e, bool secure, unsigned which, const Unstacked *u)
{
    unsigned bank = secure ? M_S : M_NS;
    uint32_t psr = u->frame[7];

    if (u->has_callee) {
        memcpy(cpu->r + 4, u->callee + 2, 32);
    }
    memcpy(cpu->r, u->frame, 16);
    cpu->r[12] = u->frame[4];
    cpu->r[14] = u->frame[5];
    if (e & EXC_RETURN_FTYPE) {
        cpu->control[M_S] &= ~(uint32_t)CONTROL_FPCA;
    } else {
        cpu->control[M_S] |= CONTROL_FPCA;
        if (u->has_fp) {
            arm_m_fp_restore(cpu, u->fp, u->all);
        } else {
            cpu->system->reg[MR_FPCCR][bank] &= ~(uint32_t)FPCCR_LSPACT;
        }
    }
    cpu->control[M_S] &= ~(uint32_t)CONTROL_SFPA;
    if (cpu->has_security && secure && psr & XPSR_SFPA) {
        cpu->control[M_S] |= CONTROL_SFPA;
    }
    cpu->sp[bank][which] = u->sp | (psr & XPSR_ALIGN && (!(e & EXC_RETURN_FTYPE) || m_has(cpu, ARM_M_HAS_V8) ||
                                                         m_reg(cpu, MR_CCR, bank) & CCR_STKALIGN) ? 4 : 0);
    cpu->secure = cpu->has_security && secure;
    arm_m_set_xpsr(cpu, psr);
    cpu->pc = u->frame[6] & ~1u;
    arm_m_load_sp(cpu);
}

static void exception_return(ARMMCPU *cpu, uint32_t exc_return)
{
    bool v8 = m_has(cpu, ARM_M_HAS_V8), thread, secure, exc_secure;
    unsigned returning = cpu->exception, which, nested = cpu->nvic->num_active;
    uint32_t e = exc_return;
    ArmMFaultInfo f;
    Unstacked u;

    arm_m_nvic_drain(cpu);
    arm_m_bank_sp(cpu);
    f = validate(cpu, &e);
    exc_secure = v8 && cpu->has_security && e & EXC_RETURN_ES;
    secure = v8 && cpu->has_security && e & EXC_RETURN_S;
    thread = e & EXC_RETURN_THREAD;
    if (f.number) {
        deactivate(cpu, returning, exc_secure);
        fail_return(cpu, f, e);
        return;
    }
    if (v8) {
        unsigned bank = exc_secure ? M_S : M_NS;

        cpu->control[bank] = (cpu->control[bank] & ~(uint32_t)CONTROL_SPSEL) | (e & EXC_RETURN_SPSEL ? CONTROL_SPSEL : 0);
        which = thread && cpu->control[secure ? M_S : M_NS] & CONTROL_SPSEL;
    } else {
        which = thread && e & EXC_RETURN_SPSEL;
    }
    deactivate(cpu, returning, exc_secure);
    if (v8 && cpu->has_fp && m_fpca(cpu) && *m_reg1(cpu, MR_FPCCR) & FPCCR_CLRONRET) {
        if (cpu->has_security && m_reg(cpu, MR_FPCCR, M_S) & FPCCR_LSPACT) {
            fail_return(cpu, (ArmMFaultInfo){ M_EXC_SECURE, M_S, SFSR_LSERR }, e);
            return;
        }
        memset(cpu->s, 0, 64);
        arm_m_set_fpscr(cpu, 0);
    }
    if (arm_m_nvic_takeable(cpu) != M_NO_SLOT) {
        take_pending(cpu, e, true);             /* tail chaining */
        return;
    }
    f = pop_frame(cpu, e, secure, which, &u);
    if (f.number) {
        fail_return(cpu, f, e);
        return;
    }
    if (!v8) {
        cpu->control[M_NS] = (cpu->control[M_NS] & ~(uint32_t)CONTROL_SPSEL) | (which ? CONTROL_SPSEL : 0);
    }
    unstack(cpu, e, secure, which, &u);
    cpu->excl_size = 0;
    __atomic_store_n(&cpu->event_register, 1, __ATOMIC_RELEASE);
    log_printf(LOG_INT, "arm: cpu %u: return from %s (%u) to 0x%08x\n", cpu->parent.index, name_of(returning), returning,
               (uint32_t)cpu->pc);
    if (thread && nested == 1 && m_reg(cpu, MR_SCR, exc_secure ? M_S : M_NS) & SCR_SLEEPONEXIT) {
        cpu->waits_for_event = false;
        cpu_halt(&cpu->parent);
        cpu_leave(&cpu->parent);
    }
}

void arm_m_exception_return(ARMMCPU *cpu, uint32_t exc_return)
{
    arm_m_nvic_hold(cpu);
    exception_return(cpu, exc_return);
    arm_m_nvic_release(cpu);
}

/* -- reset --------------------------------------------------------------------------------------------------------------- */

/* What the reset left to do until the CPU runs: the vector table is what memory holds then. */
static void take_reset(ARMMCPU *cpu)
{
    unsigned bank = cpu->has_security ? M_S : M_NS;
    uint32_t sp, pc = 0;

    cpu->reset_pending = false;
    arm_m_set_vtor(cpu);                        /* who started it may have chosen a table */
    arm_m_nvic_sample(cpu);
    cpu_key_changed(&cpu->parent);
    if (!read_vector(cpu, 0, bank, &sp) || !read_vector(cpu, M_EXC_RESET, bank, &pc)) {
        if (cpu->has_start_pc) {
            return;
        }
        *m_reg1(cpu, MR_HFSR) |= HFSR_VECTTBL;
        log_guest_error("arm: cpu %u: no memory at the vector table at 0x%08x\n", cpu->parent.index,
                        m_reg(cpu, MR_VTOR, bank));
        cpu->exception = M_EXC_HARD;
        arm_m_nvic_set_active(cpu, M_SLOT(M_EXC_HARD, bank), true);
        arm_m_lockup(cpu, "the vector table cannot be read");
        return;
    }
    cpu->r[13] = sp & ~3u;
    if (!cpu->has_start_pc) {
        cpu->pc = pc & ~1u;
        cpu->epsr_t = pc & 1;
    }
}

/* -- what the CPU loop calls --------------------------------------------------------------------------------------------- */

/* What was recorded becomes an exception, or lockup. */
static void take_fault(ARMMCPU *cpu)
{
    ArmMFault fault = cpu->fault;
    ArmMFaultInfo f;

    arm_m_nvic_drain(cpu);
    f = cpu->system->own_fault.number ? cpu->system->own_fault : info_of(cpu, fault);
    cpu->system->own_fault.number = 0;
    log_printf(LOG_INT, "arm: cpu %u: %s at 0x%08x, status 0x%x, address 0x%08x\n", cpu->parent.index, name_of(f.number),
               (uint32_t)cpu->pc, f.status, cpu->fault_has_addr ? cpu->fault_addr : 0);
    if (!arm_m_pend_fault(cpu, f)) {
        g_autofree char *why = g_strdup_printf("%s at priority %d", name_of(f.number), cpu->nvic->exec_prio);

        arm_m_lockup(cpu, why);
        return;
    }
    if (cpu->fault_has_addr && m_has(cpu, ARM_M_HAS_MAIN)) {
        set_address(cpu, &f, fault, cpu->fault_addr);
    }
    if (fault == M_FAULT_SVC && m_bit(cpu->nvic->pending, M_SLOT(M_EXC_SVC, m_bank(cpu)))) {
        cpu->it = arm_m_it_next(cpu->it);
        enter(cpu, (uint32_t)cpu->pc + 2);
    } else {
        enter(cpu, (uint32_t)cpu->pc);
    }
}

void arm_m_do_exception(CPUState *cs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    cs->raised = 0;
    if (cpu->reset_pending) {
        take_reset(cpu);
        return;
    }
    arm_m_nvic_hold(cpu);
    take_fault(cpu);
    arm_m_nvic_release(cpu);
}

bool arm_m_take_interrupt(CPUState *cs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    if (cpu->reset_pending) {
        return false;
    }
    arm_m_nvic_drain(cpu);
    if (arm_m_nvic_takeable(cpu) == M_NO_SLOT) {
        return false;
    }
    arm_m_nvic_hold(cpu);
    enter(cpu, (uint32_t)cpu->pc);
    arm_m_nvic_release(cpu);
    return !cpu->lockup;
}

bool arm_m_has_work(CPUState *cs)
{
    ARMMCPU *cpu = ARM_M_CPU(cs);

    arm_m_nvic_drain(cpu);
    if (cpu->lockup) {
        return arm_m_nvic_takeable(cpu) != M_NO_SLOT;
    }
    if (cpu->waits_for_event && __atomic_load_n(&cpu->event_register, __ATOMIC_SEQ_CST)) {
        return true;
    }
    return cpu->waits_for_event ? arm_m_nvic_takeable(cpu) != M_NO_SLOT : arm_m_nvic_wakes(cpu);
}
