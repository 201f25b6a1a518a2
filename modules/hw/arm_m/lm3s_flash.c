/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flash memory control of Stellaris (LM3S6965 data sheet, "Internal Memory"): words are programmed, which only clears bits,
 * and pages of 1 KiB, or all of it, erased, behind a key. It takes no time. Not modelled: the protection of FMPREn and
 * FMPPEn, which are registers of system control, and committing those (COMT) to what a power-on brings back.
 * Wiring: region "regs", irq "irq"; it reads and writes the flash in the memory that it masters. Property "size".
 */
#include "core/bits.h"
#include "core/exec/memory.h"
#include "core/exec/regdev.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/lm3s.h"

enum { FMA, FMD, FMC, FCRIS, FCIM, FCMISC, NUM_REGS, KEY = 0xa442, PAGE = 1024 };
enum { FMC_COMT = 8, FMC_MERASE = 4, FMC_ERASE = 2, FMC_WRITE = 1, INT_PROGRAM = 2, INT_ACCESS = 1 };

typedef struct Lm3sFlash {
    RegDevice parent;
    /* wiring */
    IrqLine irq;
    uint32_t size;
    /* guest state */
    uint32_t reg[NUM_REGS];
} Lm3sFlash;
DECLARE_OBJECT(Lm3sFlash, LM3S_FLASH, "lm3s-flash")

static void update(void *dev)
{
    Lm3sFlash *s = LM3S_FLASH(dev);

    irq_set(&s->irq, (s->reg[FCRIS] & s->reg[FCIM]) != 0);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void erase(AddressSpace *as, hwaddr addr, uint32_t size)
{
    g_autofree uint8_t *ones = g_malloc(size);

    memset(ones, 0xff, size);
    address_space_write(as, addr, MEMTX_ATTRS_DEBUG, ones, size);
}

static void program(AddressSpace *as, hwaddr addr, uint32_t value)
{
    uint8_t word[4];

    address_space_read(as, addr, MEMTX_ATTRS_DEBUG, word, sizeof(word));
    stl_le_p(word, ldl_le_p(word) & value);
    address_space_write(as, addr, MEMTX_ATTRS_DEBUG, word, sizeof(word));
}

static void fmc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sFlash *s = LM3S_FLASH(dev);
    AddressSpace *as = device_dma(&s->parent.parent);
    uint32_t addr = s->reg[FMA];

    if (v >> 16 != KEY) {
        log_guest_error("lm3s-flash: a command without its key\n");
        return;
    }
    if (!as || addr >= s->size) {
        log_guest_error("lm3s-flash: there is no flash at 0x%x\n", addr);
        s->reg[FCRIS] |= INT_ACCESS;
    } else {
        if (v & FMC_MERASE) {
            erase(as, 0, s->size);
        } else if (v & FMC_ERASE) {
            erase(as, addr & ~(uint32_t)(PAGE - 1), PAGE);
        } else if (v & FMC_WRITE) {
            program(as, addr & ~3u, s->reg[FMD]);
        } else if (v & FMC_COMT) {
            log_unimp("lm3s-flash: committing registers\n");
        }
        s->reg[FCRIS] |= INT_PROGRAM;
    }
    update(s);
}

static uint64_t misc_read(void *dev, const RegDef *r, unsigned n)
{
    return LM3S_FLASH(dev)->reg[FCRIS] & LM3S_FLASH(dev)->reg[FCIM];
}

static void misc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    LM3S_FLASH(dev)->reg[FCRIS] &= ~v;
    update(dev);
}

static const RegDef regs[NUM_REGS] = {
    [FMA] = { 0x00, "FMA", .rw = 0x3ffff }, [FMD] = { 0x04, "FMD", .rw = UINT32_MAX },
    [FMC] = { 0x08, "FMC", .write = fmc_write, .no_store = true }, [FCRIS] = { 0x0c, "FCRIS" },
    [FCIM] = { 0x10, "FCIM", .rw = 3, .after = after },
    [FCMISC] = { 0x14, "FCMISC", .read = misc_read, .write = misc_write, .no_store = true },
};

static void flash_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &LM3S_FLASH(obj)->irq, 1);
}

static const Property flash_props[] = {
    PROP_DEF("size", Lm3sFlash, size, PROP_U32, 256 << 10, "of the flash, at address 0, in bytes"),
    PROP_END
};

static const RegDeviceSpec flash_spec = { REG_DEVICE_REGS(Lm3sFlash, regs), .update = update };

const TypeInfo lm3s_flash_type = {
    .name = "lm3s-flash", .desc = "Stellaris flash memory control", .instance_size = sizeof(Lm3sFlash), .props = flash_props,
    .init = flash_init, REG_DEVICE_TYPE(flash_spec),
};
