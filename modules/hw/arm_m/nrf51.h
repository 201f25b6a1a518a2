/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices of Nordic's nRF51, and the shape that they share: tasks, events, shortcuts and interrupts (nRF51 Series
 * Reference Manual 3.0, 10). Each has 32 outputs "event", which pulse when the event of that number (its register is at
 * 0x100 + 4 * n) occurs: what the PPI listens to.
 */
#ifndef MODULES_HW_ARM_M_NRF51_H
#define MODULES_HW_ARM_M_NRF51_H

#include "core/exec/regdev.h"
#include "core/qom/object.h"

enum { NRF51_EVENTS = 32, NRF51_PERIPHERALS = 32, NRF51_PINS = 32 };
/* Inputs "cause" of nrf51-clock: who resets the chip. */
enum { NRF51_CAUSE_DOG, NRF51_CAUSE_SOFTWARE, NRF51_CAUSE_DETECT, NRF51_NUM_CAUSES };

/* The start of a peripheral that leaves events and interrupt enables to these functions (nrf51_events.c). */
typedef struct Nrf51Periph {
    RegDevice parent;
    IrqLine irq, event_out[NRF51_EVENTS];
    uint32_t events, inten;                     /* a bit for each */
} Nrf51Periph;

/* Its rows, none of which is stored: offsets 0x100 to 0x17c, 0x304, 0x308. The table's type says which events there are. */
#define NRF51_EVENT_ROWS(events_id, set_id, clr_id) \
    [events_id] = { 0x100, "EVENTS", .read = nrf51_event_read, .write = nrf51_event_write, .count = NRF51_EVENTS, \
                    .no_store = true }, \
    [set_id] = { 0x304, "INTENSET", .read = nrf51_inten_read, .write = nrf51_inten_write, .no_store = true }, \
    [clr_id] = { 0x308, "INTENCLR", .read = nrf51_inten_read, .write = nrf51_inten_write, .no_store = true }
#define NRF51_VMSTATE(T) VMSTATE_UINT(T, p.events), VMSTATE_UINT(T, p.inten)

void nrf51_periph_init(Object *obj);            /* declares its outputs */
void nrf51_event(Nrf51Periph *p, unsigned n);   /* it occurs */
void nrf51_periph_update(void *dev);             /* its interrupt */
void nrf51_periph_reset(Device *dev, ResetType type);      /* events and enables */
uint64_t nrf51_event_read(void *dev, const RegDef *r, unsigned n);
void nrf51_event_write(void *dev, const RegDef *r, unsigned n, uint64_t v);
uint64_t nrf51_inten_read(void *dev, const RegDef *r, unsigned n);
void nrf51_inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v);

#define IRQ_OUT(T, field, name) \
    device_init_irq_out(DEVICE(obj), name, (IrqLine *)&((T *)obj)->field, sizeof(((T *)obj)->field) / sizeof(IrqLine))

extern const TypeInfo nrf51_uart_type, nrf51_timer_type;
extern const TypeInfo nrf51_clock_type, nrf51_rng_type, nrf51_gpio_type, nrf51_nvmc_type, nrf51_twi_type;       /* nrf51_system.c */
extern const TypeInfo nrf51_gpiote_type, nrf51_ppi_type;                        /* nrf51_events.c */
extern const TypeInfo nrf51_wdt_type, nrf51_temp_type, nrf51_adc_type, nrf51_ecb_type, nrf51_qdec_type, nrf51_lpcomp_type;
extern const TypeInfo nrf51_soc_type, microbit_type;                             /* microbit.c */

#endif
