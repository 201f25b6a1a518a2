/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fw_cfg: how firmware asks for its configuration, by selector and data registers or by DMA (documented as QEMU's
 * "firmware configuration device" and in the device tree binding qemu,fw-cfg-mmio).
 * Registers: data at 0 (bytes in order, any width), selector at 8 (16 bits, big-endian), DMA address at 16 (64 bits,
 * big-endian). Items are read-only: writes by DMA end with the error bit.
 * Wiring: region "regs"; its DMA goes to the address space that the board gave it.
 */
#include <string.h>
#include "core/bits.h"
#include "core/exec/memory.h"
#include "core/io/fwcfg.h"
#include "core/keyval.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/misc/misc.h"

#define TYPE_FW_CFG_MEM "fw_cfg_mem"
#define NUM_ITEMS 0x100
#define FILE_NAME 56
#define FILE_ENTRY 64
#define DMA_SIGNATURE UINT64_C(0x51454d5520434647)      /* "QEMU CFG" */

enum { KEY_SIGNATURE = 0x00, KEY_ID = 0x01, KEY_DIR = 0x19 };
enum { REG_DATA = 0, REG_SELECTOR = 8, REG_DMA = 16, REGION_SIZE = 24 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

typedef struct FwCfgItem {
    uint8_t *data;
    uint32_t len;
} FwCfgItem;

typedef struct FwCfgState {
    Device parent;
    MemoryRegion mr;
    FwCfgItem item[NUM_ITEMS];
    GPtrArray *names;                           /* (char *) of the files, from FW_CFG_FILE_FIRST on */
    /* guest state */
    uint16_t key;
    uint32_t offset;
    uint64_t dma_addr;
} FwCfgState;

DECLARE_OBJECT(FwCfgState, FW_CFG_MEM, TYPE_FW_CFG_MEM)

static void set_item(FwCfgState *s, uint16_t key, const void *data, uint32_t len)
{
    g_free(s->item[key].data);
    s->item[key].data = g_memdup2(data, len);
    s->item[key].len = len;
}

/* The directory: a count, then size, key and name of each file, sorted by name as it was made. */
static void make_directory(FwCfgState *s)
{
    uint32_t len = 4 + s->names->len * FILE_ENTRY;
    g_autofree uint8_t *dir = g_malloc0(len);

    stl_be_p(dir, s->names->len);
    for (guint i = 0; i < s->names->len; i++) {
        uint8_t *e = dir + 4 + i * FILE_ENTRY;

        stl_be_p(e, s->item[FW_CFG_FILE_FIRST + i].len);
        stw_be_p(e + 4, (uint16_t)(FW_CFG_FILE_FIRST + i));
        g_strlcpy((char *)e + 8, s->names->pdata[i], FILE_NAME);
    }
    set_item(s, KEY_DIR, dir, len);
}

static bool fw_cfg_add_item(Device *dev, uint16_t key, const void *data, uint32_t len, GError **error)
{
    if (key >= FW_CFG_FILE_FIRST) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "fw_cfg: item 0x%x is a file's", key);
        return false;
    }
    set_item(FW_CFG_MEM(dev), key, data, len);
    return true;
}

static bool fw_cfg_add_file(Device *dev, const char *name, const void *data, uint32_t len, GError **error)
{
    FwCfgState *s = FW_CFG_MEM(dev);
    guint i;

    if (!*name || strlen(name) >= FILE_NAME) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "fw_cfg: '%s': a name has 1 to %d characters", name,
                    FILE_NAME - 1);
        return false;
    }
    for (i = 0; i < s->names->len && strcmp(s->names->pdata[i], name) != 0; i++) {
    }
    if (i == s->names->len) {
        if (FW_CFG_FILE_FIRST + i >= NUM_ITEMS) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "fw_cfg: no room for the file '%s'", name);
            return false;
        }
        g_ptr_array_add(s->names, g_strdup(name));
    }
    set_item(s, (uint16_t)(FW_CFG_FILE_FIRST + i), data, len);
    make_directory(s);
    return true;
}

/* -- the guest's side -------------------------------------------------------------------------------------- */

static void select_item(FwCfgState *s, uint16_t key)
{
    s->key = key;
    s->offset = 0;
}

/* Bytes of the selected item; zeros after its end. */
static void next_bytes(FwCfgState *s, uint8_t *buf, uint32_t len)
{
    const FwCfgItem *item = s->key < NUM_ITEMS ? &s->item[s->key] : NULL;
    uint32_t left = item && s->offset < item->len ? item->len - s->offset : 0;
    uint32_t n = MIN(len, left);

    if (n) {
        memcpy(buf, item->data + s->offset, n);
    }
    memset(buf + n, 0, len - n);
    s->offset += n;
}

static bool dma_read(FwCfgState *s, AddressSpace *as, uint64_t addr, uint32_t len)
{
    uint8_t buf[4096];

    while (len) {
        uint32_t n = MIN(len, (uint32_t)sizeof(buf));

        next_bytes(s, buf, n);
        if (address_space_write(as, addr, MEMTX_ATTRS_NONE, buf, n) != MEMTX_OK) {
            return false;
        }
        addr += n;
        len -= n;
    }
    return true;
}

static void dma_run(FwCfgState *s)
{
    AddressSpace *as = device_dma(&s->parent);
    uint64_t at = s->dma_addr, addr;
    uint8_t raw[16];
    uint32_t control, len;
    bool ok = true;

    s->dma_addr = 0;
    if (!as || address_space_read(as, at, MEMTX_ATTRS_NONE, raw, sizeof(raw)) != MEMTX_OK) {
        log_guest_error("fw_cfg: no memory at the DMA descriptor 0x%" G_GINT64_MODIFIER "x\n", at);
        return;
    }
    control = ldl_be_p(raw);
    len = ldl_be_p(raw + 4);
    addr = ldq_be_p(raw + 8);
    if (control & DMA_SELECT) {
        select_item(s, (uint16_t)(control >> 16));
    }
    if (control & DMA_READ) {
        ok = dma_read(s, as, addr, len);
    } else if (control & DMA_WRITE) {
        ok = false;
    } else if (control & DMA_SKIP) {
        uint32_t size = s->key < NUM_ITEMS ? s->item[s->key].len : 0;

        s->offset = len > size - MIN(size, s->offset) ? size : s->offset + len;
    }
    address_space_st(as, at, 4, true, ok ? 0 : DMA_ERROR, MEMTX_ATTRS_NONE, NULL);
}

/* The value of a big-endian register's bytes [addr - base, + size), as this little-endian region gives them. */
static uint64_t be_part(uint64_t reg, hwaddr offset, unsigned size)
{
    uint8_t bytes[8];

    stq_be_p(bytes, reg);
    return ldn_le_p(bytes + offset, size);
}

static MemTxResult fw_cfg_read(void *opaque, hwaddr addr, unsigned size, uint64_t *value, MemTxAttrs attrs)
{
    FwCfgState *s = opaque;
    uint8_t bytes[8];

    *value = 0;
    if (addr < REG_SELECTOR) {
        next_bytes(s, bytes, size);
        *value = ldn_le_p(bytes, size);
    } else if (addr >= REG_DMA) {
        *value = be_part(DMA_SIGNATURE, addr - REG_DMA, size);
    }
    return MEMTX_OK;
}

static MemTxResult fw_cfg_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    FwCfgState *s = opaque;

    if (addr == REG_SELECTOR && size == 2) {
        select_item(s, bswap16((uint16_t)value));
    } else if (addr == REG_DMA && size == 8) {
        s->dma_addr = bswap64(value);
        dma_run(s);
    } else if (addr == REG_DMA && size == 4) {
        s->dma_addr = (uint64_t)bswap32((uint32_t)value) << 32;
    } else if (addr == REG_DMA + 4 && size == 4) {
        s->dma_addr = (s->dma_addr & ~(uint64_t)UINT32_MAX) | bswap32((uint32_t)value);
        dma_run(s);
    } else {
        log_guest_error("fw_cfg: write of %u bytes at offset 0x%x\n", size, (unsigned)addr);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps fw_cfg_ops = { .read = fw_cfg_read, .write = fw_cfg_write, .min_size = 1, .max_size = 8 };

/* -- the types --------------------------------------------------------------------------------------------- */

static void fw_cfg_init(Object *obj)
{
    static const uint8_t id[4] = { 3 };         /* the plain interface and DMA */
    FwCfgState *s = FW_CFG_MEM(obj);

    s->names = g_ptr_array_new_with_free_func(g_free);
    set_item(s, KEY_SIGNATURE, "QEMU", 4);
    set_item(s, KEY_ID, id, sizeof(id));
    make_directory(s);
}

static void fw_cfg_finalize(Object *obj)
{
    FwCfgState *s = FW_CFG_MEM(obj);

    for (unsigned i = 0; i < NUM_ITEMS; i++) {
        g_free(s->item[i].data);
    }
    g_ptr_array_unref(s->names);
}

static bool fw_cfg_realize(Device *dev, GError **error)
{
    FwCfgState *s = FW_CFG_MEM(dev);

    memory_region_init_io(&s->mr, &dev->parent, &fw_cfg_ops, s, "fw_cfg", REGION_SIZE);
    device_init_region(dev, "regs", &s->mr);
    return true;
}

static void fw_cfg_unrealize(Device *dev)
{
    memory_region_destroy(&FW_CFG_MEM(dev)->mr);
}

static void fw_cfg_reset(Device *dev, ResetType type)
{
    FwCfgState *s = FW_CFG_MEM(dev);

    select_item(s, 0);
    s->dma_addr = 0;
}

static const VMStateField fw_cfg_vmstate[] = {
    VMSTATE_UINT(FwCfgState, key),
    VMSTATE_UINT(FwCfgState, offset),
    VMSTATE_UINT(FwCfgState, dma_addr),
    VMSTATE_END
};

static void fw_cfg_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    FwCfgClass *fc = FW_CFG_CLASS(oc);

    dc->realize = fw_cfg_realize;
    dc->unrealize = fw_cfg_unrealize;
    dc->reset = fw_cfg_reset;
    dc->vmstate = fw_cfg_vmstate;
    dc->category = "Misc";
    fc->add_item = fw_cfg_add_item;
    fc->add_file = fw_cfg_add_file;
}

const TypeInfo fw_cfg_type = {
    .name = TYPE_FW_CFG,
    .parent = TYPE_DEVICE,
    .desc = "firmware configuration device",
    .class_size = sizeof(FwCfgClass),
    .abstract = true,
};

const TypeInfo fw_cfg_mem_type = {
    .name = TYPE_FW_CFG_MEM,
    .parent = TYPE_FW_CFG,
    .desc = "firmware configuration device, memory mapped",
    .instance_size = sizeof(FwCfgState),
    .class_init = fw_cfg_class_init,
    .init = fw_cfg_init,
    .finalize = fw_cfg_finalize,
};
