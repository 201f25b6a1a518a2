/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NOR flash with the Common Flash Interface and Intel's extended command set (JEDEC JESD68, Intel application note
 * 646): chips of device-width bytes side by side on a bus of width bytes, which all get the same command.
 * Reads go to memory until a command asks for status, identity or the query table; then they come here until the array
 * is read again. Programming and erasing take no time. Locking commands are answered, blocks stay unlocked.
 * Not modelled: suspend, protection registers, timing, the secure property.
 * Wiring: region "mem"; block "drive" for the contents (without it: erased, and lost at the end).
 */
#include <string.h>
#include "core/bits.h"
#include "core/exec/memory.h"
#include "core/io/block.h"
#include "core/keyval.h"
#include "core/log.h"
#include "core/qom/device.h"
#include "modules/hw/flash/flash.h"

#define TYPE_CFI_FLASH "cfi.pflash01"
#define BUFFER_BYTES 2048                       /* of buffered programming, over all chips */

enum { STATUS_READY = 0x80, STATUS_ERASE_ERROR = 0x20, STATUS_PROGRAM_ERROR = 0x10, STATUS_LOCKED = 0x02 };

/* What reads give. */
enum { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_QUERY };
/* What the next write means. */
enum { NEXT_COMMAND, NEXT_PROGRAM, NEXT_ERASE_CONFIRM, NEXT_LOCK, NEXT_COUNT, NEXT_DATA, NEXT_WRITE_CONFIRM };

typedef struct CfiFlash {
    Device parent;
    MemoryRegion mem;
    BlockBackend *blk;
    char *name;
    uint32_t num_blocks;
    uint64_t sector_length;
    uint8_t width, device_width;
    uint16_t id[2];                             /* manufacturer, device */
    uint64_t size;                              /* property, and as realized */
    uint8_t query[0x40];                        /* the query table, from word 0 */
    /* guest state, but for the contents, which are a RAM block */
    uint8_t mode, next, status;
    uint32_t left;                              /* writes of buffered programming to come */
    uint64_t base;                              /* block that it is in */
    uint8_t buffer[BUFFER_BYTES];
    uint8_t given[BUFFER_BYTES];                /* 1: the byte was given */
    uint64_t buffer_start;                      /* offset of buffer[0] */
} CfiFlash;

DECLARE_OBJECT(CfiFlash, CFI_FLASH, TYPE_CFI_FLASH)

static uint8_t *contents(CfiFlash *s)
{
    return memory_region_ram_ptr(&s->mem);
}

static unsigned num_chips(const CfiFlash *s)
{
    return s->width / s->device_width;
}

/* The value of one chip's word, on every chip of the bus, cut to what is read. */
static uint64_t all_chips(const CfiFlash *s, uint64_t word, hwaddr addr, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < num_chips(s); i++) {
        v |= (word & mask64(0, 8 * s->device_width)) << (8 * s->device_width * i);
    }
    v >>= 8 * (addr % s->width);
    return size < 8 ? v & mask64(0, 8 * size) : v;
}

static void set_mode(CfiFlash *s, uint8_t mode)
{
    if (s->mode != mode) {
        s->mode = mode;
        memory_region_rom_device_set_romd(&s->mem, mode == MODE_ARRAY);
    }
}

/* The range has changed: translations of it go, and the drive gets it. */
static void changed(CfiFlash *s, uint64_t offset, uint64_t len)
{
    g_autoptr(GError) error = NULL;
    uint64_t have = s->blk ? block_size(s->blk) : 0;

    ram_written(s->mem.ram, offset, len);
    /* a drive may be smaller than the flash: what is beyond is lost at the end */
    if (offset < have && !block_readonly(s->blk) &&
        !block_write_sync(s->blk, offset, contents(s) + offset, MIN(len, have - offset), &error)) {
        log_guest_error("cfi_flash: %s\n", error->message);
        s->status |= STATUS_PROGRAM_ERROR;
    }
}

static bool writable(CfiFlash *s)
{
    if (s->blk && block_readonly(s->blk)) {
        s->status |= STATUS_PROGRAM_ERROR | STATUS_LOCKED;
        return false;
    }
    return true;
}

static void program(CfiFlash *s, uint64_t offset, unsigned size, uint64_t value)
{
    uint8_t *p = contents(s) + offset;

    if (writable(s)) {
        stn_le_p(p, ldn_le_p(p, size) & value, size);   /* programming only clears bits */
        changed(s, offset, size);
    }
}

static void erase(CfiFlash *s, uint64_t offset)
{
    uint64_t block = offset - offset % s->sector_length;

    if (writable(s)) {
        memset(contents(s) + block, 0xff, s->sector_length);
        changed(s, block, s->sector_length);
    } else {
        s->status |= STATUS_ERASE_ERROR;
    }
}

/* -- reads ------------------------------------------------------------------------------------------------- */

/* Identity: a chip's manufacturer, device, then each block's lock state (word 2). */
static uint64_t read_id(CfiFlash *s, hwaddr addr)
{
    unsigned word = (addr % s->sector_length) / s->width & 0xff;

    switch (word) {
    case 0:
    case 1:
        return s->id[word];
    default:
        return 0;
    }
}

static MemTxResult flash_read(void *opaque, hwaddr addr, unsigned size, uint64_t *value, MemTxAttrs attrs)
{
    CfiFlash *s = opaque;
    uint64_t word;

    switch (s->mode) {
    case MODE_ARRAY:
        *value = ldn_le_p(contents(s) + addr, size);
        break;
    case MODE_ID:
        *value = all_chips(s, read_id(s, addr), addr, size);
        break;
    case MODE_QUERY:
        word = addr / s->width;
        *value = all_chips(s, word < sizeof(s->query) ? s->query[word] : 0, addr, size);
        break;
    default:
        *value = all_chips(s, s->status, addr, size);
        break;
    }
    return MEMTX_OK;
}

/* -- writes ------------------------------------------------------------------------------------------------ */

static void command(CfiFlash *s, hwaddr addr, uint8_t cmd)
{
    switch (cmd) {
    case 0xff:                                  /* read array */
    case 0x00:
    case 0xf0:
        set_mode(s, MODE_ARRAY);
        return;
    case 0x10:
    case 0x40:
        s->next = NEXT_PROGRAM;
        break;
    case 0x20:
        s->next = NEXT_ERASE_CONFIRM;
        break;
    case 0x50:                                  /* clear status */
        s->status = STATUS_READY;
        set_mode(s, MODE_ARRAY);
        return;
    case 0x60:
        s->next = NEXT_LOCK;
        break;
    case 0x70:
        break;
    case 0x90:
        set_mode(s, MODE_ID);
        return;
    case 0x98:
        set_mode(s, MODE_QUERY);
        return;
    case 0xe8:
        s->next = NEXT_COUNT;
        s->base = addr - addr % s->sector_length;
        s->status |= STATUS_READY;
        break;
    default:
        log_guest_error("cfi_flash: command 0x%02x\n", cmd);
        set_mode(s, MODE_ARRAY);
        return;
    }
    set_mode(s, MODE_STATUS);
}

static void sequence_error(CfiFlash *s)
{
    s->status |= STATUS_PROGRAM_ERROR | STATUS_ERASE_ERROR;
    s->next = NEXT_COMMAND;
}

/* A write of buffered data. All must lie in the window that the first one opened. */
static void buffered(CfiFlash *s, hwaddr addr, unsigned size, uint64_t value)
{
    if (s->buffer_start == UINT64_MAX) {
        s->buffer_start = addr - addr % BUFFER_BYTES;
    }
    if (addr < s->buffer_start || addr + size > s->buffer_start + BUFFER_BYTES) {
        log_guest_error("cfi_flash: buffered programming at 0x%" G_GINT64_MODIFIER "x crosses the buffer\n", addr);
        sequence_error(s);
        return;
    }
    stn_le_p(s->buffer + (addr - s->buffer_start), value, size);
    memset(s->given + (addr - s->buffer_start), 1, size);
    if (--s->left == 0) {
        s->next = NEXT_WRITE_CONFIRM;
    }
}

static void write_buffer(CfiFlash *s)
{
    uint8_t *p = contents(s) + s->buffer_start;

    if (!writable(s)) {
        return;
    }
    for (unsigned i = 0; i < BUFFER_BYTES; i++) {
        p[i] &= s->given[i] ? s->buffer[i] : 0xff;
    }
    changed(s, s->buffer_start, BUFFER_BYTES);
}

static MemTxResult flash_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    CfiFlash *s = opaque;
    uint8_t cmd = (uint8_t)value;

    switch (s->next) {
    case NEXT_COMMAND:
        command(s, addr, cmd);
        break;
    case NEXT_PROGRAM:
        program(s, addr, size, value);
        s->next = NEXT_COMMAND;
        break;
    case NEXT_ERASE_CONFIRM:
        if (cmd == 0xd0) {
            erase(s, addr);
            s->next = NEXT_COMMAND;
        } else {
            sequence_error(s);
            if (cmd == 0xff) {
                set_mode(s, MODE_ARRAY);
            }
        }
        break;
    case NEXT_LOCK:                             /* lock, unlock, lock down: taken, without effect */
        s->next = NEXT_COMMAND;
        if (cmd != 0x01 && cmd != 0xd0 && cmd != 0x2f) {
            sequence_error(s);
        }
        break;
    case NEXT_COUNT: {
        /* one less than the writes, in words of a chip */
        uint64_t count = (value & mask64(0, 8 * MIN(s->device_width, size))) + 1;

        if (count * s->width > BUFFER_BYTES) {
            log_guest_error("cfi_flash: buffered programming of %u words\n", (unsigned)count);
            sequence_error(s);
        } else {
            s->left = (uint32_t)count;
            s->buffer_start = UINT64_MAX;
            memset(s->given, 0, sizeof(s->given));
            s->next = NEXT_DATA;
        }
        break;
    }
    case NEXT_DATA:
        buffered(s, addr, size, value);
        break;
    default:
        if (cmd == 0xd0) {
            write_buffer(s);
            s->next = NEXT_COMMAND;
        } else {
            sequence_error(s);
        }
        break;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps flash_ops = { .read = flash_read, .write = flash_write, .min_size = 1, .max_size = 8 };

/* -- the object -------------------------------------------------------------------------------------------- */

/* The query table (JESD68.01): identification, system interface, geometry, Intel's extension. Sizes are a chip's. */
static void make_query(CfiFlash *s)
{
    uint8_t *q = s->query;
    uint64_t chip_sector = s->sector_length / num_chips(s);

    memcpy(q + 0x10, "QRY", 3);
    q[0x13] = 0x01;                             /* Intel extended command set */
    q[0x15] = 0x31;                             /* the extension's place */
    q[0x1b] = 0x45;                             /* 4.5 V to 5.5 V */
    q[0x1c] = 0x55;
    q[0x1f] = 0x07;                             /* 2^n us for a word, a buffer, ms for a block */
    q[0x20] = 0x07;
    q[0x21] = 0x0a;
    q[0x23] = 0x04;                             /* at most 2^n times that */
    q[0x24] = 0x04;
    q[0x25] = 0x04;
    q[0x27] = (uint8_t)ctz64(pow2_ceil(s->size / num_chips(s)));
    q[0x28] = s->device_width == 2 ? 0x01 : s->device_width == 1 ? 0x00 : 0x03;
    q[0x2a] = (uint8_t)ctz32(BUFFER_BYTES / num_chips(s));
    q[0x2c] = 1;                                /* one region of equal blocks */
    stw_le_p(q + 0x2d, (uint16_t)(s->num_blocks - 1));
    stw_le_p(q + 0x2f, (uint16_t)(chip_sector >> 8));
    memcpy(q + 0x31, "PRI10", 5);
    q[0x3f] = 0x01;                             /* one protection register */
}

static bool check_properties(CfiFlash *s, GError **error)
{
    const char *why = NULL;

    if (s->num_blocks < 1 || s->num_blocks > 65536) {
        why = "num-blocks: 1 to 65536";
    } else if (!is_pow2(s->sector_length) || s->sector_length < BUFFER_BYTES || s->sector_length > (64u << 20)) {
        why = "sector-length: a power of two from 2K to 64M";
    } else if ((s->width != 1 && s->width != 2 && s->width != 4) || !s->device_width ||
               s->width % s->device_width || !is_pow2(s->device_width)) {
        why = "width: 1, 2 or 4, and a multiple of device-width";
    } else if (s->size && s->size != s->num_blocks * s->sector_length) {
        why = "size: a multiple of sector-length";
    } else if (s->blk && block_size(s->blk) > s->num_blocks * s->sector_length) {
        why = "the drive is larger than the flash";
    }
    if (why) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", s->name ? s->name : TYPE_CFI_FLASH, why);
    }
    return !why;
}

static bool cfi_flash_realize(Device *dev, GError **error)
{
    CfiFlash *s = CFI_FLASH(dev);

    if (!s->device_width) {
        s->device_width = s->width;
    }
    if (s->size && s->sector_length && s->size % s->sector_length == 0) {
        s->num_blocks = (uint32_t)MIN(s->size / s->sector_length, UINT32_MAX);
    }
    if (!check_properties(s, error) || (s->blk && !block_attach(s->blk, s, error))) {
        return false;
    }
    s->size = s->num_blocks * s->sector_length;
    if (!memory_region_init_rom_device(&s->mem, &dev->parent, &flash_ops, s, s->name ? s->name : "flash", s->size,
                                       error)) {
        return false;
    }
    device_init_region(dev, "mem", &s->mem);
    if (s->blk && !block_read_sync(s->blk, 0, contents(s), block_size(s->blk), error)) {
        return false;
    }
    memory_region_fill(&s->mem, s->blk ? block_size(s->blk) : 0, 0xff);
    make_query(s);
    return true;
}

static void cfi_flash_unrealize(Device *dev)
{
    CfiFlash *s = CFI_FLASH(dev);

    if (s->blk) {
        block_detach(s->blk, s);
    }
    memory_region_destroy(&s->mem);
}

static void cfi_flash_reset(Device *dev, ResetType type)
{
    CfiFlash *s = CFI_FLASH(dev);

    s->next = NEXT_COMMAND;
    s->status = STATUS_READY;
    s->left = 0;
    s->base = 0;
    s->buffer_start = 0;
    memset(s->buffer, 0, sizeof(s->buffer));
    memset(s->given, 0, sizeof(s->given));
    set_mode(s, MODE_ARRAY);
}

static bool cfi_flash_post_load(void *opaque, GError **error)
{
    CfiFlash *s = opaque;

    if (s->left > BUFFER_BYTES ||
        (s->next >= NEXT_DATA && s->buffer_start != UINT64_MAX && s->buffer_start > s->size - BUFFER_BYTES)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "flash: buffered programming outside of it");
        return false;
    }
    memory_region_rom_device_set_romd(&s->mem, s->mode == MODE_ARRAY);
    return true;
}

static const VMStateField cfi_flash_vmstate[] = {
    VMSTATE_UINT(CfiFlash, mode),
    VMSTATE_UINT(CfiFlash, next),
    VMSTATE_UINT(CfiFlash, status),
    VMSTATE_UINT(CfiFlash, left),
    VMSTATE_UINT(CfiFlash, base),
    VMSTATE_BYTES(CfiFlash, buffer),
    VMSTATE_BYTES(CfiFlash, given),
    VMSTATE_UINT(CfiFlash, buffer_start),
    VMSTATE_POST_LOAD(cfi_flash_post_load),
    VMSTATE_END
};

static const Property cfi_flash_props[] = {
    { .name = "drive", .type = PROP_BLOCK, .offset = offsetof(CfiFlash, blk), .help = "the contents" },
    { .name = "name", .type = PROP_STRING, .offset = offsetof(CfiFlash, name), .help = "what info mtree calls it" },
    PROP_DEF("size", CfiFlash, size, PROP_SIZE, 0, "bytes; 0: as num-blocks says"),
    PROP_DEF("num-blocks", CfiFlash, num_blocks, PROP_U32, 256, "blocks"),
    PROP_DEF("sector-length", CfiFlash, sector_length, PROP_SIZE, 0x40000, "bytes a block, over all chips"),
    PROP_DEF("width", CfiFlash, width, PROP_U8, 4, "bytes of the bus"),
    PROP_DEF("device-width", CfiFlash, device_width, PROP_U8, 2, "bytes of a chip; 0: the bus's"),
    PROP_DEF("id0", CfiFlash, id[0], PROP_U16, 0x89, "manufacturer"),
    PROP_DEF("id1", CfiFlash, id[1], PROP_U16, 0x18, "device"),
    PROP_END
};

static void cfi_flash_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = cfi_flash_realize;
    dc->unrealize = cfi_flash_unrealize;
    dc->reset = cfi_flash_reset;
    dc->vmstate = cfi_flash_vmstate;
    dc->category = "Storage";
}

const TypeInfo cfi_flash_type = {
    .name = TYPE_CFI_FLASH,
    .parent = TYPE_DEVICE,
    .desc = "NOR flash with Intel's command set (CFI 01)",
    .instance_size = sizeof(CfiFlash),
    .props = cfi_flash_props,
    .class_init = cfi_flash_class_init,
};
