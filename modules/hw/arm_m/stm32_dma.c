/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 DMA controller (ST RM0090, 10): eight streams, memory to memory and by requests of peripherals, increments, widths,
 * circular and double-buffer mode, half and full transfer interrupts. What is asked for is done a microsecond later by a
 * timer, so that no device is entered from within itself. FIFOs and bursts are without effect; the DMA is the flow controller.
 * Wiring: region "regs"; irqs "request"[64] (8 * stream + channel, a level), "irq"[8].
 */
#include "core/bits.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/stm32.h"

enum { STATUS, CLEAR, STREAM, NUM_REGS, STREAMS = 8, CHANNELS = 8, WORDS = 6, DELAY = 1000, PAUSE = 1000000, AT_ONCE = 4096 };
enum { S_CR, S_NDTR, S_PAR, S_M0AR, S_M1AR, S_FCR };
enum { CR_EN = 1, CR_TEIE = 4, CR_HTIE = 8, CR_TCIE = 16, CR_CIRC = 1 << 8, CR_PINC = 1 << 9, CR_MINC = 1 << 10, CR_DBM = 1 << 18,
       CR_CT = 1 << 19, DIR_TO_PERIPHERAL = 1, DIR_MEMORY = 2 };
enum { FLAG_FE = 1, FLAG_TE = 8, FLAG_HT = 16, FLAG_TC = 32, FLAGS = 0x3d };

typedef struct Stm32Dma {
    RegDevice parent;
    IrqLine irq[STREAMS];
    uint32_t reg[NUM_REGS], stream[STREAMS * WORDS];
    uint8_t flags[STREAMS];
    uint32_t total[STREAMS], done[STREAMS];     /* items of this round; those that are over */
    uint64_t request;
    Timer timer;
} Stm32Dma;
DECLARE_OBJECT(Stm32Dma, STM32_DMA, "stm32f4-dma")

static void dma_update(void *dev)
{
    Stm32Dma *s = STM32_DMA(dev);

    for (unsigned i = 0; i < STREAMS; i++) {
        uint32_t cr = s->stream[WORDS * i];

        /* TEIE, HTIE, TCIE are a place below their flags */
        irq_set(&s->irq[i], (s->flags[i] & (cr & (CR_TEIE | CR_HTIE | CR_TCIE)) << 1) != 0);
    }
}

static bool wanted(const Stm32Dma *s, unsigned i)
{
    uint32_t cr = s->stream[WORDS * i];

    return cr & CR_EN && (extract32(cr, 6, 2) == DIR_MEMORY || s->request >> (CHANNELS * i + extract32(cr, 25, 3)) & 1);
}

/* The last item of a round: the next one begins, or the stream ends. */
static void round_over(Stm32Dma *s, unsigned i)
{
    uint32_t *w = &s->stream[WORDS * i];

    s->flags[i] |= FLAG_TC;
    s->done[i] = 0;
    if (w[S_CR] & CR_DBM) {
        w[S_CR] ^= CR_CT;
    }
    if (w[S_CR] & (CR_CIRC | CR_DBM)) {
        w[S_NDTR] = s->total[i];
    } else {
        w[S_CR] &= ~CR_EN;
    }
}

/* An item: of PSIZE at the peripheral's end, whose width both have (direct mode). */
static void item(Stm32Dma *s, unsigned i)
{
    uint32_t *w = &s->stream[WORDS * i], cr = w[S_CR], value = 0;
    unsigned size = 1u << MIN(extract32(cr, 11, 2), 2);
    uint32_t memory = w[cr & CR_DBM && cr & CR_CT ? S_M1AR : S_M0AR] + (cr & CR_MINC ? size * s->done[i] : 0);
    uint32_t peripheral = w[S_PAR] + (cr & CR_PINC ? size * s->done[i] : 0);
    bool out = extract32(cr, 6, 2) == DIR_TO_PERIPHERAL;
    AddressSpace *as = device_dma(&s->parent.parent);
    MemTxResult result = MEMTX_ERROR;

    if (as) {
        result = address_space_read(as, out ? memory : peripheral, MEMTX_ATTRS_NONE, &value, size);
    }
    if (result == MEMTX_OK) {
        result = address_space_write(as, out ? peripheral : memory, MEMTX_ATTRS_NONE, &value, size);
    }
    if (result != MEMTX_OK) {
        s->flags[i] |= FLAG_TE;
        w[S_CR] &= ~CR_EN;
        return;
    }
    s->done[i]++;
    w[S_NDTR] -= w[S_NDTR] != 0;                /* it may have written its own registers */
    if (s->done[i] == (s->total[i] + 1) / 2 && s->total[i] > 1) {
        s->flags[i] |= FLAG_HT;
    }
    if (w[S_NDTR] == 0) {
        round_over(s, i);
    }
}

/* Streams take turns, so that what one writes to a peripheral another may read from it. */
static void dma_run(void *opaque)
{
    Stm32Dma *s = opaque;
    unsigned items = 0;
    bool any;

    do {
        any = false;
        for (unsigned i = 0; i < STREAMS; i++) {
            if (wanted(s, i) && s->stream[WORDS * i + S_NDTR]) {
                item(s, i);
                any = true;
            }
        }
    } while (any && ++items < AT_ONCE);
    if (any) {                                  /* there is more, perhaps without end */
        timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + PAUSE);
    }
    dma_update(s);
}

static void kick(Stm32Dma *s)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        if (wanted(s, i) && !timer_armed(&s->timer)) {
            timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + DELAY);
        }
    }
}

static void request_in(void *opaque, unsigned n, int level)
{
    Stm32Dma *s = opaque;

    s->request = deposit64(s->request, n, 1, !!level);
    kick(s);
}

static uint64_t stream_read(void *dev, const RegDef *r, unsigned n)
{
    return STM32_DMA(dev)->stream[n];
}

/* While a stream is enabled its CR takes EN and interrupt enables, and double-buffer mode's idle address. */
static void stream_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    static const uint32_t masks[WORDS] = { 0x0fefffff, 0xffff, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0x87 };
    Stm32Dma *s = STM32_DMA(dev);
    unsigned i = n / WORDS;
    uint32_t *w = &s->stream[WORDS * i], cr = w[S_CR];

    v &= masks[n % WORDS];
    if (n % WORDS != S_CR) {
        if (!(cr & CR_EN) || (cr & CR_DBM && n % WORDS == (cr & CR_CT ? S_M0AR : S_M1AR))) {
            s->stream[n] = v;
        }
        return;
    }
    w[S_CR] = cr & CR_EN ? (cr & ~0x1fu) | (v & 0x1f) : v;
    if (v & CR_EN && !(cr & CR_EN)) {
        s->total[i] = w[S_NDTR];
        s->done[i] = 0;
        if (!w[S_NDTR]) {
            w[S_CR] &= ~CR_EN;
        }
    } else if (cr & CR_EN && !(v & CR_EN)) {
        s->flags[i] |= FLAG_TC;                 /* stopping ends a transfer (10.3.14) */
    }
    dma_update(s);
    kick(s);
}

/* Streams 0 to 3, and 4 to 7, in a register: at bits 0, 6, 16, 22. */
static unsigned flag_shift(unsigned i)
{
    return i % 4 * 6 + (i % 4 >= 2 ? 4 : 0);
}

static uint64_t status_read(void *dev, const RegDef *r, unsigned n)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        v |= (uint32_t)STM32_DMA(dev)->flags[4 * n + i] << flag_shift(i);
    }
    return v;
}

static void clear_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        STM32_DMA(dev)->flags[4 * n + i] &= ~(v >> flag_shift(i) & FLAGS);
    }
    dma_update(dev);
}

static const RegDef dma_regs[NUM_REGS] = {
    [STATUS] = { 0x00, "DMA_ISR", .read = status_read, .count = 2, .no_store = true },
    [CLEAR] = { 0x08, "DMA_IFCR", .write = clear_write, .count = 2, .no_store = true },
    [STREAM] = { 0x10, "DMA_S", .read = stream_read, .write = stream_write, .count = STREAMS * WORDS, .no_store = true },
};

static void dma_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "request", request_in, STREAMS * CHANNELS);
    IRQ_OUT(Stm32Dma, irq, "irq");
}

static void dma_reset(Device *dev, ResetType type)
{
    Stm32Dma *s = STM32_DMA(dev);

    memset(s->stream, 0, sizeof(s->stream));
    memset(s->flags, 0, sizeof(s->flags));
    memset(s->total, 0, sizeof(s->total));
    memset(s->done, 0, sizeof(s->done));
    for (unsigned i = 0; i < STREAMS; i++) {
        s->stream[WORDS * i + S_FCR] = 0x21;
    }
}

static const VMStateField dma_vmstate[] = {
    VMSTATE_UINT_ARRAY(Stm32Dma, stream), VMSTATE_UINT_ARRAY(Stm32Dma, flags), VMSTATE_UINT_ARRAY(Stm32Dma, total),
    VMSTATE_UINT_ARRAY(Stm32Dma, done), VMSTATE_UINT(Stm32Dma, request), VMSTATE_TIMER(Stm32Dma, timer), VMSTATE_END
};

static const RegDeviceTimer dma_timers[] = { { offsetof(Stm32Dma, timer), dma_run }, { 0 } };

static const RegDeviceSpec dma_spec = {
    REG_DEVICE_REGS(Stm32Dma, dma_regs), .size = 0x400, .timers = dma_timers, .vmstate = dma_vmstate, .reset = dma_reset,
    .update = dma_update,
};

const TypeInfo stm32_dma_type = {
    .name = "stm32f4-dma", .desc = "STM32F4 DMA controller", .instance_size = sizeof(Stm32Dma),
    .init = dma_init, REG_DEVICE_TYPE(dma_spec),
};
