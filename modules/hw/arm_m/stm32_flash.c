/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 flash memory and its interface (ST RM0090, 3): keys, erasing of sectors and of all, programming by writes of the
 * width that PSIZE says, write protection by option bits, errors and their interrupt. Nothing takes time; wait states, caches
 * and prefetch are storage, and option bytes last until the machine ends.
 * Wiring: regions "regs", "memory"; irq "irq".
 */
#include <string.h>

#include "core/bits.h"
#include "core/log.h"
#include "modules/hw/arm_m/stm32.h"

enum { ACR, KEYR, OPTKEYR, SR, CR, OPTCR, NUM_REGS };
enum { SR_EOP = 1, SR_OPERR = 2, SR_WRPERR = 1 << 4, SR_PGPERR = 1 << 6, SR_PGSERR = 1 << 7, SR_ALL = 0xf3 };
enum { CR_PG = 1, CR_SER = 2, CR_MER = 4, CR_STRT = 1 << 16, CR_EOPIE = 1 << 24, CR_ERRIE = 1 << 25 };
#define CR_LOCK (1u << 31)
enum { OPT_LOCK = 1, OPT_STRT = 2, OPT_NWRP = 16, NUM_SECTORS = 12, SIZE = 1 << 20 };

typedef struct Stm32Flash {
    RegDevice parent;
    MemoryRegion mem;
    IrqLine irq;
    uint32_t reg[NUM_REGS];
    uint32_t options;                           /* OPTCR, which a reset only locks */
    uint32_t key_step, opt_step;                /* keys that were right; KEY_WRONG */
} Stm32Flash;
DECLARE_OBJECT(Stm32Flash, STM32_FLASH, "stm32f4-flash")

enum { KEY_WRONG = 3 };

static void flash_update(void *dev)
{
    Stm32Flash *s = STM32_FLASH(dev);

    s->options = s->reg[OPTCR];
    irq_set(&s->irq, (s->reg[SR] & SR_EOP && s->reg[CR] & CR_EOPIE) || (s->reg[SR] & SR_OPERR && s->reg[CR] & CR_ERRIE));
}

static void done(Stm32Flash *s, uint32_t errors)
{
    s->reg[SR] |= errors;
    if (errors && s->reg[CR] & CR_ERRIE) {
        s->reg[SR] |= SR_OPERR;
    } else if (!errors && s->reg[CR] & CR_EOPIE) {
        s->reg[SR] |= SR_EOP;
    }
    flash_update(s);
}

/* Four sectors of 16 KiB, one of 64, seven of 128 (table 5). */
static unsigned sector_of(uint32_t offset)
{
    return offset < 0x10000 ? offset / 0x4000 : offset < 0x20000 ? 4 : 4 + offset / 0x20000;
}

static uint32_t sector_start(unsigned n)
{
    return n < 4 ? n * 0x4000 : n == 4 ? 0x10000 : (n - 4) * 0x20000;
}

static bool protected(const Stm32Flash *s, unsigned sector)
{
    return !(s->reg[OPTCR] >> (OPT_NWRP + sector) & 1);
}

static void erase(Stm32Flash *s, uint32_t from, uint32_t to)
{
    memset((uint8_t *)memory_region_ram_ptr(&s->mem) + from, 0xff, to - from);
    ram_written(s->mem.ram, from, to - from);
}

static void start(Stm32Flash *s)
{
    unsigned sector = extract32(s->reg[CR], 3, 4);
    bool all = s->reg[CR] & CR_MER;

    if (!(s->reg[CR] & (CR_SER | CR_MER)) || s->reg[CR] & CR_PG || (!all && sector >= NUM_SECTORS)) {
        log_guest_error("stm32-flash: FLASH_CR 0x%08x starts nothing\n", s->reg[CR]);
        done(s, SR_PGSERR);
    } else if (all ? extract32(s->reg[OPTCR], OPT_NWRP, NUM_SECTORS) != 0xfff : protected(s, sector)) {
        done(s, SR_WRPERR);
    } else {
        erase(s, all ? 0 : sector_start(sector), all ? SIZE : sector_start(sector + 1));
        done(s, 0);
    }
}

static void key(uint32_t *step, const uint32_t keys[2], uint32_t v, uint32_t *reg, uint32_t lock)
{
    if (!(*reg & lock)) {
        return;
    }
    *step = *step < 2 && v == keys[*step] ? *step + 1 : KEY_WRONG;
    if (*step == 2) {
        *reg &= ~lock;
        *step = 0;
    }
}

static void key_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    static const uint32_t keys[] = { 0x45670123, 0xcdef89ab }, option_keys[] = { 0x08192a3b, 0x4c5d6e7f };
    Stm32Flash *s = STM32_FLASH(dev);

    if (r->offset == 0x04) {
        key(&s->key_step, keys, v, &s->reg[CR], CR_LOCK);
    } else {
        key(&s->opt_step, option_keys, v, &s->reg[OPTCR], OPT_LOCK);
    }
}

static void sr_after(void *dev, const RegDef *r, unsigned n)
{
    flash_update(dev);
}

static void cr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Flash *s = STM32_FLASH(dev);

    if (s->reg[CR] & CR_LOCK) {
        return;
    }
    s->reg[CR] = v & (0x0300037f | CR_LOCK);
    if (v & CR_STRT) {
        start(s);
    }
    flash_update(s);
}

static void optcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Flash *s = STM32_FLASH(dev);

    if (!(s->reg[OPTCR] & OPT_LOCK)) {
        s->reg[OPTCR] = v & 0x0fffffed;
        flash_update(s);
    }
}

static const RegDef regs[NUM_REGS] = {
    [ACR] = { 0x00, "FLASH_ACR", .rw = 0x1f07 }, [KEYR] = { 0x04, "FLASH_KEYR", .write = key_write, .no_store = true },
    [OPTKEYR] = { 0x08, "FLASH_OPTKEYR", .write = key_write, .no_store = true },
    [SR] = { 0x0c, "FLASH_SR", .w1c = SR_ALL, .after = sr_after },
    [CR] = { 0x10, "FLASH_CR", .reset = CR_LOCK, .write = cr_write },
    [OPTCR] = { 0x14, "FLASH_OPTCR", .reset = 0x0fffaaed, .write = optcr_write },
};

static MemTxResult mem_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    *ret_value = ldn_le_p((uint8_t *)memory_region_ram_ptr(&STM32_FLASH(opaque)->mem) + addr, size);
    return MEMTX_OK;
}

/* Programming clears bits. A double word comes as two words. */
static MemTxResult mem_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    Stm32Flash *s = opaque;
    uint8_t *p = (uint8_t *)memory_region_ram_ptr(&s->mem) + addr;

    if (!(s->reg[CR] & CR_PG) || s->reg[CR] & (CR_LOCK | CR_SER | CR_MER)) {
        log_guest_error("stm32-flash: a write while FLASH_CR is 0x%08x\n", s->reg[CR]);
        done(s, SR_PGSERR);
    } else if (size != MIN(1u << extract32(s->reg[CR], 8, 2), 4)) {
        done(s, SR_PGPERR);
    } else if (protected(s, sector_of(addr))) {
        done(s, SR_WRPERR);
    } else {
        for (unsigned i = 0; i < size; i++) {
            p[i] &= value >> 8 * i;
        }
        ram_written(s->mem.ram, addr, size);
        done(s, 0);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps mem_ops = { .read = mem_read, .write = mem_write, .min_size = 1, .max_size = 4 };

static void flash_init(Object *obj)
{
    IRQ_OUT(Stm32Flash, irq, "irq");
}

static bool flash_realize(Device *dev, GError **error)
{
    Stm32Flash *s = STM32_FLASH(dev);

    if (!memory_region_init_rom_device(&s->mem, &dev->parent, &mem_ops, s, "flash", SIZE, error)) {
        return false;
    }
    memset(memory_region_ram_ptr(&s->mem), 0xff, SIZE);
    device_init_region(dev, "memory", &s->mem);
    s->options = s->reg[OPTCR];
    return true;
}

static void flash_unrealize(Device *dev)
{
    memory_region_destroy(&STM32_FLASH(dev)->mem);
}

static void flash_reset(Device *dev, ResetType type)
{
    Stm32Flash *s = STM32_FLASH(dev);

    s->reg[OPTCR] = s->options | OPT_LOCK;
    s->key_step = s->opt_step = 0;
}

static const VMStateField flash_vmstate[] = {
    VMSTATE_UINT(Stm32Flash, key_step), VMSTATE_UINT(Stm32Flash, opt_step), VMSTATE_END
};

static const RegDeviceSpec flash_spec = {
    .category = "Storage", REG_DEVICE_REGS(Stm32Flash, regs), .size = 0x400, .vmstate = flash_vmstate,
    .realize = flash_realize, .unrealize = flash_unrealize, .reset = flash_reset, .update = flash_update,
};

const TypeInfo stm32_flash_type = {
    .name = "stm32f4-flash", .desc = "STM32F4 flash memory of 1 MiB", .instance_size = sizeof(Stm32Flash),
    .init = flash_init, REG_DEVICE_TYPE(flash_spec),
};
