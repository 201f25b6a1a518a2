/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory protection controller of CoreLink SIE-200 (Arm DDI 0571, "AHB5 TrustZone memory protection controller") and the
 * memory behind it. A bit of the look-up table for each block of 1 KiB says whether it is Non-secure; accesses of the other
 * security read as zero and write nothing, or are bus errors, by CTRL, and the first is noted and interrupts.
 * The blocks of each kind are in the view of their physical address space alone, so that allowed accesses cost nothing.
 * Only Secure accesses reach the registers. Not modelled: gating of the data interface (CTRL bits 6 and 7 are storage).
 * Wiring: regions "regs", "memory", irq "irq". Property "size" of the memory.
 */
#include <inttypes.h>

#include "core/bits.h"
#include "core/exec/regbank.h"
#include "core/keyval.h"
#include "core/log.h"
#include "modules/hw/arm_m/mps2.h"
#include "modules/hw/arm_m/sse.h"

enum { BLOCK_BITS = 10, MAX_WORDS = 512, WORD_SIZE = 32 << BLOCK_BITS };
enum { CTRL, BLK_MAX, BLK_CFG, BLK_IDX, BLK_LUT, INT_STAT, INT_CLEAR, INT_EN, INT_INFO1, INT_INFO2, INT_SET, IDS,
       NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { CTRL_ERROR = 1 << 4, CTRL_GATING = 1 << 6, CTRL_INCREMENT = 1 << 8 };
#define CTRL_LOCKDOWN BIT32(31)

typedef struct Mpc {
    Device parent;
    /* wiring */
    RegBank bank;
    MemoryRegion memory, ram, refused;
    GPtrArray *runs;                            /* (MemoryRegion *): aliases of ram in memory */
    IrqLine irq;
    uint32_t size;
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint32_t lut[MAX_WORDS];
} Mpc;
DECLARE_OBJECT(Mpc, SIE200_MPC, "sie200-mpc")

static void update(Mpc *s)
{
    irq_set(&s->irq, s->reg[INT_STAT] & s->reg[INT_EN] & 1);
}

/* -- memory -------------------------------------------------------------------------------------------------------------- */

static bool is_nonsecure(const Mpc *s, uint32_t block)
{
    return s->lut[block / 32] >> (block % 32) & 1;
}

static void free_run(void *mr)
{
    memory_region_destroy(mr);
    g_free(mr);
}

/* An alias for each run of blocks that are alike. */
static void show_blocks(Mpc *s)
{
    uint32_t blocks = s->size >> BLOCK_BITS;

    memory_transaction_begin(s->parent.machine);
    g_ptr_array_set_size(s->runs, 0);
    for (uint32_t first = 0, end; first < blocks; first = end) {
        bool ns = is_nonsecure(s, first);
        MemoryRegion *mr = g_new0(MemoryRegion, 1);

        for (end = first + 1; end < blocks && is_nonsecure(s, end) == ns; end++) {
        }
        memory_region_init_alias(mr, &s->parent.parent, ns ? "nonsecure" : "secure", &s->ram, (hwaddr)first << BLOCK_BITS,
                                 (uint64_t)(end - first) << BLOCK_BITS);
        mr->pas_mask = 1 << (ns ? PAS_NONSECURE : PAS_SECURE);
        memory_region_add(&s->memory, (hwaddr)first << BLOCK_BITS, mr, 0);
        g_ptr_array_add(s->runs, mr);
    }
    memory_transaction_commit(s->parent.machine);
}

static MemTxResult refuse(Mpc *s, hwaddr addr, MemTxAttrs attrs, const char *what)
{
    bool ns = attrs.pas != PAS_SECURE;

    log_guest_error("%s: %s %s at 0x%" PRIx64 " is refused\n", s->parent.parent.name, ns ? "Non-secure" : "Secure", what, addr);
    if (!(s->reg[INT_STAT] & 1)) {
        s->reg[INT_STAT] = 1;
        s->reg[INT_INFO1] = (uint32_t)addr;
        s->reg[INT_INFO2] = attrs.requester | ns << 16 | is_nonsecure(s, (uint32_t)addr >> BLOCK_BITS) << 17;
        update(s);
    }
    return s->reg[CTRL] & CTRL_ERROR ? MEMTX_ERROR : MEMTX_OK;
}

static MemTxResult refused_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    *ret_value = 0;
    return refuse(opaque, addr, attrs, attrs.fetch ? "fetch" : "read");
}

static MemTxResult refused_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    return refuse(opaque, addr, attrs, "write");
}

static const MemoryRegionOps refused_ops = {
    .read = refused_read, .write = refused_write, .min_size = 1, .max_size = 8, .unaligned = true,
};

/* -- registers ----------------------------------------------------------------------------------------------------------- */

static uint32_t last_word(const Mpc *s)
{
    return s->size / WORD_SIZE - 1;
}

static bool may_access(const Mpc *s)
{
    if (s->bank.attrs.pas != PAS_SECURE && !s->bank.attrs.debug) {
        log_guest_error("%s: a Non-secure access to a register\n", s->parent.parent.name);
        return false;
    }
    return true;
}

static void increment(Mpc *s)
{
    if (s->reg[CTRL] & CTRL_INCREMENT && !s->bank.attrs.debug) {
        s->reg[BLK_IDX] = s->reg[BLK_IDX] == last_word(s) ? 0 : s->reg[BLK_IDX] + 1;
    }
}

static uint64_t mpc_read(void *dev, const RegDef *r, unsigned n)
{
    Mpc *s = SIE200_MPC(dev);
    uint32_t v;

    if (!may_access(s)) {
        return 0;
    }
    switch (r->offset) {
    case 0x10:
        return last_word(s);
    case 0x14:
        return BLOCK_BITS - 5;
    case 0x1c:
        v = s->lut[s->reg[BLK_IDX]];
        increment(s);
        return v;
    case 0x24:
    case 0x34:
        return 0;
    default:
        return s->reg[r - s->bank.defs];
    }
}

static void lut_write(Mpc *s, uint32_t v)
{
    uint32_t *word = &s->lut[s->reg[BLK_IDX]];
    bool changes = *word != v;

    *word = v;
    increment(s);
    if (changes) {
        show_blocks(s);
    }
}

static void mpc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Mpc *s = SIE200_MPC(dev);

    if (!may_access(s)) {
        return;
    }
    if (s->reg[CTRL] & CTRL_LOCKDOWN && (r->offset == 0 || r->offset == 0x1c || r->offset == 0x28)) {
        log_guest_error("%s: %s is locked\n", s->parent.parent.name, r->name);
        return;
    }
    switch (r->offset) {
    case 0x00:
        s->reg[CTRL] = v & (CTRL_ERROR | CTRL_GATING | CTRL_INCREMENT | CTRL_LOCKDOWN);
        break;
    case 0x18:
        s->reg[BLK_IDX] = v & last_word(s);
        break;
    case 0x1c:
        lut_write(s, v);
        break;
    case 0x24:
        s->reg[INT_STAT] &= ~(v & 1);
        break;
    case 0x28:
        s->reg[INT_EN] = v & 1;
        break;
    case 0x34:
        s->reg[INT_STAT] |= v & 1;
        break;
    }
    update(s);
}

#define REG(id, at) [id] = { at, #id, .read = mpc_read, .write = mpc_write }
static const RegDef mpc_regs[NUM_REGS] = {
    [CTRL] = { 0x00, "CTRL", .reset = CTRL_INCREMENT, .read = mpc_read, .write = mpc_write },
    REG(BLK_MAX, 0x10), REG(BLK_CFG, 0x14), REG(BLK_IDX, 0x18),
    [BLK_LUT] = { 0x1c, "BLK_LUT", .read = mpc_read, .write = mpc_write, .access = 4, .no_store = true },
    REG(INT_STAT, 0x20), REG(INT_CLEAR, 0x24), REG(INT_EN, 0x28), REG(INT_INFO1, 0x2c), REG(INT_INFO2, 0x30), REG(INT_SET, 0x34),
    ARM_ID_ROWS(IDS, 0x60, 0x1b),
};

/* -- the device ---------------------------------------------------------------------------------------------------------- */

static void mpc_init(Object *obj)
{
    SIE200_MPC(obj)->runs = g_ptr_array_new_with_free_func(free_run);
    device_init_irq_out(DEVICE(obj), "irq", &SIE200_MPC(obj)->irq, 1);
}

static void mpc_finalize(Object *obj)
{
    g_ptr_array_unref(SIE200_MPC(obj)->runs);
}

static bool mpc_realize(Device *dev, GError **error)
{
    Mpc *s = SIE200_MPC(dev);

    if (!is_pow2(s->size) || s->size < WORD_SIZE || s->size > MAX_WORDS * WORD_SIZE) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "size=%u: a power of two from %u to %u", s->size, WORD_SIZE,
                    MAX_WORDS * WORD_SIZE);
        return false;
    }
    if (!memory_region_init_ram(&s->ram, &dev->parent, dev->parent.name, s->size, error)) {
        return false;
    }
    memory_region_init(&s->memory, &dev->parent, "memory", s->size);
    memory_region_init_io(&s->refused, &dev->parent, &refused_ops, s, "refused", s->size);
    s->refused.ram = s->ram.ram;                /* loaders and debuggers see everything */
    memory_region_add(&s->memory, 0, &s->refused, -1);
    regbank_init(&s->bank, dev, NULL, mpc_regs, NUM_REGS, s->reg, 0x1000);
    device_init_region(dev, "memory", &s->memory);
    show_blocks(s);
    return true;
}

static void mpc_unrealize(Device *dev)
{
    Mpc *s = SIE200_MPC(dev);

    g_ptr_array_set_size(s->runs, 0);
    memory_region_destroy(&s->refused);
    memory_region_destroy(&s->memory);
    memory_region_destroy(&s->ram);
    regbank_destroy(&s->bank);
}

static void mpc_reset(Device *dev, ResetType type)
{
    Mpc *s = SIE200_MPC(dev);

    regbank_reset(&s->bank);
    memset(s->lut, 0, sizeof(s->lut));
    if (s->runs->len != 1 || ((MemoryRegion *)s->runs->pdata[0])->pas_mask != 1 << PAS_SECURE) {
        show_blocks(s);
    }
    update(s);
}

static bool mpc_post_load(void *opaque, GError **error)
{
    show_blocks(opaque);
    update(opaque);
    return true;
}

static const VMStateField mpc_vmstate[] = {
    VMSTATE_REGS(Mpc, bank), VMSTATE_UINT_ARRAY(Mpc, lut), VMSTATE_POST_LOAD(mpc_post_load), VMSTATE_END
};

static const Property mpc_props[] = {
    { .name = "size", .type = PROP_U32, .offset = offsetof(Mpc, size), .def = 65536, .help = "of the memory, in bytes" }, PROP_END
};

static void mpc_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = mpc_realize;
    dc->unrealize = mpc_unrealize;
    dc->reset = mpc_reset;
    dc->vmstate = mpc_vmstate;
    dc->category = "Misc";
}

const TypeInfo sie200_mpc_type = {
    .name = "sie200-mpc", .parent = TYPE_DEVICE, .desc = "SIE-200 memory protection controller and its memory",
    .instance_size = sizeof(Mpc), .props = mpc_props, .init = mpc_init, .finalize = mpc_finalize, .class_init = mpc_class_init,
};
