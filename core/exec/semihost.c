/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Semihosting calls on their way from a target to the module that does them, and their access to guest memory. */
#include "core/exec/exec_int.h"
#include "core/exec/semihost.h"

SemihostResult semihost_call(CPUState *cs, const SemihostCall *call, uint64_t *ret_value)
{
    const Machine *m = cs->exec->x->machine;
    Semihost *s = m ? m->semihost : NULL;
    SemihostResult r;

    if (!s || !(call->privileged || s->userspace)) {
        return SEMIHOST_OFF;
    }
    r = ((SemihostClass *)s->parent.oc)->call(s, cs, call, ret_value);
    if (r == SEMIHOST_WAIT) {
        cpu_halt(cs);
    }
    return r;
}

/* How many bytes from addr on, at most len, are alike and RAM for an access of this type; 0: none. */
static size_t find(CPUState *cs, const SemihostCall *call, vaddr addr, size_t len, AccessType type, hwaddr *ret_paddr,
                   MemTxAttrs *ret_attrs)
{
    uint64_t mask = ((uint64_t)1 << CPU_CLASS_OF(cs)->tcg->page_bits) - 1, in_page = addr & mask;
    TlbInfo info;

    if (!tlb_find(cs, addr, 1, type, call->mmu, true, &info) || !info.mr || in_page < info.lo || in_page > info.hi ||
        !(info.mr->kind == MR_RAM || (info.mr->kind == MR_ROM_DEVICE && type == ACCESS_LOAD)) ||
        (type == ACCESS_STORE && info.readonly)) {
        return 0;
    }
    *ret_paddr = info.paddr + in_page;
    *ret_attrs = info.attrs;
    return MIN(len, info.hi - in_page + 1);
}

static bool copy(CPUState *cs, const SemihostCall *call, vaddr addr, uint8_t *buf, size_t len, AccessType type)
{
    if (call->word == 4 && addr + len > (uint64_t)1 << 32) {
        return false;
    }
    while (len) {
        MemTxAttrs attrs;
        hwaddr paddr;
        size_t n = find(cs, call, addr, len, type, &paddr, &attrs);

        if (!n || (type == ACCESS_LOAD ? address_space_read(cs->as, paddr, attrs, buf, n)
                                       : address_space_write(cs->as, paddr, attrs, buf, n)) != MEMTX_OK) {
            return false;
        }
        addr += n;
        buf += n;
        len -= n;
    }
    return true;
}

bool semihost_read(CPUState *cs, const SemihostCall *call, vaddr addr, void *buf, size_t len)
{
    return copy(cs, call, addr, buf, len, ACCESS_LOAD);
}

bool semihost_write(CPUState *cs, const SemihostCall *call, vaddr addr, const void *buf, size_t len)
{
    return copy(cs, call, addr, (uint8_t *)buf, len, ACCESS_STORE);
}

bool semihost_translate(CPUState *cs, const SemihostCall *call, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs)
{
    return find(cs, call, addr, 1, ACCESS_LOAD, ret_paddr, ret_attrs) != 0;
}

static void unhalt(CPUState *cs, void *opaque G_GNUC_UNUSED)
{
    cs->halted = false;
}

void semihost_wake(CPUState *cs)
{
    cpu_run_on(cs, unhalt, NULL, false);
}
