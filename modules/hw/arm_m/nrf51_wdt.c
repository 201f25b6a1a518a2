/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nRF51's watchdog (nRF51 Series Reference Manual 3.0, 19), which counts the low frequency clock and resets the chip, and its
 * AES electronic codebook (24; FIPS 197), which encrypts a block of memory at once.
 * Wiring: region "regs"; irqs "irq", "event"[32]; of the watchdog "reset" (pulses).
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/nrf51.h"

/* -- WDT --------------------------------------------------------------------------------------------------------------------- */

enum { WD_START, WD_EVENTS, WD_INTENSET, WD_INTENCLR, WD_RUNSTATUS, WD_REQSTATUS, WD_CRV, WD_RREN, WD_CONFIG, WD_RR, WD_NUM,
       WD_RELOADS = 8, WD_HZ = 32768 };
#define WD_RELOAD 0x6e524635

typedef struct Nrf51Wdt {
    Nrf51Periph p;
    IrqLine reset;
    uint32_t reg[WD_NUM];
    bool over;                                  /* it has timed out: two cycles to the reset */
    Timer timer;
} Nrf51Wdt;
DECLARE_OBJECT(Nrf51Wdt, NRF51_WDT, "nrf51-wdt")

static void wdt_reload(Nrf51Wdt *s)
{
    uint64_t cycles = (uint64_t)s->reg[WD_CRV] + 1;

    s->reg[WD_REQSTATUS] = s->reg[WD_RREN];
    timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + (int64_t)muldiv64(cycles, 1000000000, WD_HZ));
}

static void wdt_fired(void *opaque)
{
    Nrf51Wdt *s = opaque;

    if (s->over) {
        irq_pulse(&s->reset);
        return;
    }
    s->over = true;
    nrf51_event(&s->p, 0);
    timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + 2 * 1000000000 / WD_HZ);
}

static void wdt_start(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Wdt *s = NRF51_WDT(dev);

    if (v & 1 && !s->reg[WD_RUNSTATUS]) {
        s->reg[WD_RUNSTATUS] = 1;
        wdt_reload(s);
    }
}

/* Nothing changes once it runs. */
static void wdt_config(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Wdt *s = NRF51_WDT(dev);

    if (!s->reg[WD_RUNSTATUS]) {
        s->reg[r - s->p.parent.bank.defs] = v & (r->offset == 0x504 ? UINT32_MAX : r->offset == 0x508 ? 0xff : 9);
    }
}

/* All that are enabled must ask. */
static void wdt_rr(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Wdt *s = NRF51_WDT(dev);

    if (v != WD_RELOAD || !s->reg[WD_RUNSTATUS] || s->over || !(s->reg[WD_REQSTATUS] >> n & 1)) {
        return;
    }
    s->reg[WD_REQSTATUS] &= ~(1u << n);
    if (!s->reg[WD_REQSTATUS]) {
        wdt_reload(s);
    }
}

static const RegDef wdt_regs[WD_NUM] = {
    [WD_START] = { 0x000, "START", .write = wdt_start }, NRF51_EVENT_ROWS(WD_EVENTS, WD_INTENSET, WD_INTENCLR),
    [WD_RUNSTATUS] = { 0x400, "RUNSTATUS" }, [WD_REQSTATUS] = { 0x404, "REQSTATUS", .reset = 1 },
    [WD_CRV] = { 0x504, "CRV", .reset = UINT32_MAX, .write = wdt_config },
    [WD_RREN] = { 0x508, "RREN", .reset = 1, .write = wdt_config },
    [WD_CONFIG] = { 0x50c, "CONFIG", .reset = 1, .write = wdt_config },
    [WD_RR] = { 0x600, "RR", .write = wdt_rr, .count = WD_RELOADS, .no_store = true },
};

static void wdt_init(Object *obj)
{
    nrf51_periph_init(obj);
    IRQ_OUT(Nrf51Wdt, reset, "reset");
}

static void wdt_reset(Device *dev, ResetType type)
{
    nrf51_periph_reset(dev, type);
    NRF51_WDT(dev)->over = false;
}

static const VMStateField wdt_vmstate[] = {
    NRF51_VMSTATE(Nrf51Wdt), VMSTATE_BOOL(Nrf51Wdt, over), VMSTATE_TIMER(Nrf51Wdt, timer), VMSTATE_END
};

static const RegDeviceTimer wdt_timers[] = { { offsetof(Nrf51Wdt, timer), wdt_fired }, { 0 } };

static const RegDeviceSpec wdt_spec = {
    .category = "Timer", REG_DEVICE_REGS(Nrf51Wdt, wdt_regs), .timers = wdt_timers, .vmstate = wdt_vmstate,
    .reset = wdt_reset, .update = nrf51_periph_update,
};

const TypeInfo nrf51_wdt_type = {
    .name = "nrf51-wdt", .desc = "nRF51 watchdog", .instance_size = sizeof(Nrf51Wdt),
    .init = wdt_init, REG_DEVICE_TYPE(wdt_spec),
};

/* -- ECB --------------------------------------------------------------------------------------------------------------------- */

enum { EC_START, EC_STOP, EC_EVENTS, EC_INTENSET, EC_INTENCLR, EC_DATAPTR, EC_NUM };
enum { EC_END, EC_ERROR, BLOCK = 16, ROUNDS = 10 };

typedef struct Nrf51Ecb {
    Nrf51Periph p;
    uint32_t reg[EC_NUM];
} Nrf51Ecb;
DECLARE_OBJECT(Nrf51Ecb, NRF51_ECB, "nrf51-ecb")

static const uint8_t sbox[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76, 0xca, 0x82, 0xc9, 0x7d,
    0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0, 0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc,
    0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15, 0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2,
    0xeb, 0x27, 0xb2, 0x75, 0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf, 0xd0, 0xef, 0xaa, 0xfb,
    0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8, 0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5,
    0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2, 0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d,
    0x64, 0x5d, 0x19, 0x73, 0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79, 0xe7, 0xc8, 0x37, 0x6d,
    0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08, 0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6,
    0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a, 0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9,
    0x86, 0xc1, 0x1d, 0x9e, 0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};

static uint8_t times2(uint8_t v)
{
    return (uint8_t)(v << 1 ^ (v & 0x80 ? 0x1b : 0));
}

/* The round keys, one after the other in place (FIPS 197, 5.2). */
static void next_key(uint8_t *key, uint8_t rcon)
{
    for (unsigned i = 0; i < 4; i++) {
        key[i] ^= sbox[key[12 + (i + 1) % 4]] ^ (i == 0 ? rcon : 0);
    }
    for (unsigned i = 4; i < BLOCK; i++) {
        key[i] ^= key[i - 4];
    }
}

static void mix_column(uint8_t *c)
{
    uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];

    for (unsigned i = 0; i < 4; i++) {
        c[i] ^= all ^ times2(c[i] ^ (i == 3 ? first : c[i + 1]));
    }
}

static void aes128(uint8_t *key, uint8_t *block)
{
    uint8_t rcon = 1;

    for (unsigned round = 0; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < BLOCK; i++) {
            block[i] ^= key[i];
        }
        if (round < ROUNDS) {
            uint8_t shifted[BLOCK];

            for (unsigned i = 0; i < BLOCK; i++) {      /* SubBytes and ShiftRows */
                shifted[i] = sbox[block[(i + 4 * (i % 4)) % BLOCK]];
            }
            for (unsigned i = 0; i < BLOCK && round < ROUNDS - 1; i += 4) {
                mix_column(shifted + i);
            }
            memcpy(block, shifted, BLOCK);
            next_key(key, rcon);
            rcon = times2(rcon);
        }
    }
}

/* Key, clear text and cipher text lie one after the other. */
static void ecb_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Ecb *s = NRF51_ECB(dev);
    AddressSpace *as = device_dma(&s->p.parent.parent);
    hwaddr at = s->reg[EC_DATAPTR];
    uint8_t data[2 * BLOCK];
    MemTxResult result;

    if (!(v & 1)) {
        return;
    }
    if (r->offset == 0x004) {                   /* it has ended long ago */
        return;
    }
    if (!as || address_space_read(as, at, MEMTX_ATTRS_NONE, data, sizeof(data)) != MEMTX_OK) {
        nrf51_event(&s->p, EC_ERROR);
        return;
    }
    aes128(data, data + BLOCK);
    result = address_space_write(as, at + 2 * BLOCK, MEMTX_ATTRS_NONE, data + BLOCK, BLOCK);
    nrf51_event(&s->p, result == MEMTX_OK ? EC_END : EC_ERROR);
}

static const RegDef ecb_regs[EC_NUM] = {
    [EC_START] = { 0x000, "STARTECB", .write = ecb_task }, [EC_STOP] = { 0x004, "STOPECB", .write = ecb_task },
    NRF51_EVENT_ROWS(EC_EVENTS, EC_INTENSET, EC_INTENCLR), [EC_DATAPTR] = { 0x504, "ECBDATAPTR", .rw = UINT32_MAX },
};
static const VMStateField ecb_vmstate[] = { NRF51_VMSTATE(Nrf51Ecb), VMSTATE_END };

static const RegDeviceSpec ecb_spec = {
    REG_DEVICE_REGS(Nrf51Ecb, ecb_regs), .vmstate = ecb_vmstate, .reset = nrf51_periph_reset, .update = nrf51_periph_update,
};

const TypeInfo nrf51_ecb_type = {
    .name = "nrf51-ecb", .desc = "nRF51 AES electronic codebook", .instance_size = sizeof(Nrf51Ecb),
    .init = nrf51_periph_init, REG_DEVICE_TYPE(ecb_spec),
};
