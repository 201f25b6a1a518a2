/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 reset and clock control (ST RM0090, 7) and power control (5).
 * A clock is ready when it is turned on; what they are set to changes no frequency. The reset flags tell who reset the chip:
 * the power, its pin (the machine's reset), software, a watchdog. The backup domain keeps BDCR over all but the first, and
 * PWR_CR.DBP opens it. Stop and standby are sleep; the supply never sags.
 * Wiring: region "regs"; irqs "irq" (5), "cause"[3], "dbp", "reset"[192] (a bit of a reset register is set), "backup-reset",
 * "rtc-clock"[3] (LSE, LSI, HSE runs the RTC); PWR: "dbp".
 */
#include "core/bits.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/stm32.h"

enum { RCC_CR, RCC_PLLCFGR, RCC_CFGR, RCC_CIR, RCC_RSTR, RCC_ENR, RCC_LPENR, RCC_BDCR, RCC_CSR, RCC_SSCGR, RCC_PLLI2SCFGR, RCC_NUM,
       RCC_ROWS = 8 };
enum { CR_READY = 0x0a020002, CFGR_SW = 3, BDCR_LSEON = 1, BDCR_RDY = 2, BDCR_RTCEN = 1 << 15, BDCR_BDRST = 1 << 16,
       CSR_LSION = 1, CSR_RDY = 2, CSR_RMVF = 1 << 24 };
enum { RDY_LSI, RDY_LSE, RDY_HSI, RDY_HSE, RDY_PLL, RDY_PLLI2S };
#define FLAG_BOR (1u << 25)
#define FLAG_PIN (1u << 26)
#define FLAG_POR (1u << 27)
#define FLAGS_OF_CAUSE(n) (1u << (28 + (n)))

typedef struct Stm32Rcc {
    RegDevice parent;
    /* wiring */
    IrqLine irq, backup_reset, rtc_clock[3], reset[STM32_NUM_BUSES * 32];
    /* guest state */
    uint32_t reg[RCC_NUM], stored[3][RCC_ROWS];
    uint32_t flags, cause;                      /* as in CSR; what the next reset adds */
    uint32_t bdcr;                              /* BDCR, which a reset leaves alone */
    bool dbp;
} Stm32Rcc;
DECLARE_OBJECT(Stm32Rcc, STM32_RCC, "stm32f4-rcc")

static void rcc_update(void *dev)
{
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t source = s->reg[RCC_BDCR] & BDCR_RTCEN ? extract32(s->reg[RCC_BDCR], 8, 2) : 0;

    s->bdcr = s->reg[RCC_BDCR];
    irq_set(&s->backup_reset, (s->bdcr & BDCR_BDRST) != 0);
    irq_set(&s->irq, (s->reg[RCC_CIR] & s->reg[RCC_CIR] >> 8 & 0x3f) != 0);
    irq_set(&s->rtc_clock[0], source == 1 && s->reg[RCC_BDCR] & BDCR_RDY);
    irq_set(&s->rtc_clock[1], source == 2 && s->reg[RCC_CSR] & CSR_RDY);
    irq_set(&s->rtc_clock[2], source == 3);
    for (unsigned i = 0; i < G_N_ELEMENTS(s->reset); i++) {
        irq_set(&s->reset[i], s->stored[0][i / 32] >> i % 32 & 1);
    }
}

/* The ready flag at `bit` follows; becoming so may interrupt. */
static void make_ready(Stm32Rcc *s, uint32_t *reg, unsigned bit, bool ready, unsigned which)
{
    if (ready && !(*reg >> bit & 1) && s->reg[RCC_CIR] >> (8 + which) & 1) {
        s->reg[RCC_CIR] |= 1u << which;
    }
    *reg = deposit32(*reg, bit, 1, ready);
}

/* The clock that SW names drives the system once it is ready. */
static void cfgr_after(void *dev, const RegDef *r, unsigned n)
{
    static const uint32_t ready[] = { 1 << 1, 1 << 17, 1 << 25, 0 };
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t sw = s->reg[RCC_CFGR] & CFGR_SW;

    if (s->reg[RCC_CR] & ready[sw]) {
        s->reg[RCC_CFGR] = deposit32(s->reg[RCC_CFGR], 2, 2, sw);
    }
}

static void cr_after(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t *cr = &s->reg[RCC_CR], used = extract32(s->reg[RCC_CFGR], 2, 2);

    *cr |= used == 0 ? 1 : used == 1 ? 1 << 16 : 1 << 24;       /* what is used cannot be turned off */
    make_ready(s, cr, 1, *cr & 1, RDY_HSI);
    make_ready(s, cr, 17, *cr >> 16 & 1, RDY_HSE);
    make_ready(s, cr, 25, *cr >> 24 & 1, RDY_PLL);
    make_ready(s, cr, 27, *cr >> 26 & 1, RDY_PLLI2S);
    cfgr_after(dev, r, 0);
    rcc_update(s);
}

/* Enables are stored, bits 16 to 23 clear the flags in bits 0 to 7. */
static void cir_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Rcc *s = STM32_RCC(dev);

    s->reg[RCC_CIR] = (s->reg[RCC_CIR] & 0xff & ~(uint32_t)(v >> 16)) | (v & 0x3f00);
    rcc_update(s);
}

static void bdcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t *bdcr = &s->reg[RCC_BDCR];

    if (!s->dbp) {
        return;
    }
    if (v & BDCR_BDRST) {
        *bdcr = BDCR_BDRST;
    } else {
        uint32_t keep = *bdcr & 0x300 ? 0x302 : 2;      /* RTCSEL is chosen once */

        *bdcr = (*bdcr & keep) | (v & 0x8305 & ~keep);
        make_ready(s, bdcr, 1, *bdcr & BDCR_LSEON, RDY_LSE);
    }
    rcc_update(s);
}

static void csr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Rcc *s = STM32_RCC(dev);

    if (v & CSR_RMVF) {
        s->flags = 0;
    }
    s->reg[RCC_CSR] = s->flags | (s->reg[RCC_CSR] & CSR_RDY) | (v & CSR_LSION);
    make_ready(s, &s->reg[RCC_CSR], 1, v & CSR_LSION, RDY_LSI);
    rcc_update(s);
}

static uint64_t stored_read(void *dev, const RegDef *r, unsigned n)
{
    return STM32_RCC(dev)->stored[(r->offset - 0x10) / 0x20][n];
}

static void stored_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_RCC(dev)->stored[(r->offset - 0x10) / 0x20][n] = v;
    rcc_update(dev);
}

#define ARRAY(id, at) [id] = { at, #id, .read = stored_read, .write = stored_write, .count = RCC_ROWS, .no_store = true }
static const RegDef rcc_regs[RCC_NUM] = {
    [RCC_CR] = { 0x00, "RCC_CR", .reset = 0x83, .rw = 0x050d00f9, .after = cr_after },
    [RCC_PLLCFGR] = { 0x04, "RCC_PLLCFGR", .reset = 0x24003010, .rw = 0x0f437fff },
    [RCC_CFGR] = { 0x08, "RCC_CFGR", .rw = 0xfffffcf3, .after = cfgr_after }, [RCC_CIR] = { 0x0c, "RCC_CIR", .write = cir_write },
    ARRAY(RCC_RSTR, 0x10), ARRAY(RCC_ENR, 0x30), ARRAY(RCC_LPENR, 0x50),
    [RCC_BDCR] = { 0x70, "RCC_BDCR", .write = bdcr_write }, [RCC_CSR] = { 0x74, "RCC_CSR", .write = csr_write },
    [RCC_SSCGR] = { 0x80, "RCC_SSCGR", .rw = 0xcfffffff },
    [RCC_PLLI2SCFGR] = { 0x84, "RCC_PLLI2SCFGR", .reset = 0x20003000, .rw = 0x70007fc0 },
};

static void cause_in(void *opaque, unsigned n, int level)
{
    Stm32Rcc *s = opaque;

    if (level) {
        s->cause |= FLAGS_OF_CAUSE(n);
        if (s->parent.parent.machine) {
            machine_request_reset(s->parent.parent.machine);
        }
    }
}

static void dbp_in(void *opaque, unsigned n, int level)
{
    STM32_RCC(opaque)->dbp = level;
}

static void rcc_init(Object *obj)
{
    Device *dev = DEVICE(obj);

    device_init_irq_in(dev, "cause", cause_in, STM32_NUM_CAUSES);
    device_init_irq_in(dev, "dbp", dbp_in, 1);
    IRQ_OUT(Stm32Rcc, irq, "irq");
    IRQ_OUT(Stm32Rcc, backup_reset, "backup-reset");
    IRQ_OUT(Stm32Rcc, rtc_clock, "rtc-clock");
    IRQ_OUT(Stm32Rcc, reset, "reset");
    STM32_RCC(obj)->cause = FLAG_POR | FLAG_BOR;
}

static void rcc_reset(Device *dev, ResetType type)
{
    static const uint32_t reset[3][RCC_ROWS] = {
        [1] = { 0x00100000 }, [2] = { 0x7e6791ff, 0x000000f1, 0x00000001, 0, 0x36fec9ff, 0x00075f33 },
    };
    Stm32Rcc *s = STM32_RCC(dev);

    s->reg[RCC_BDCR] = s->cause & FLAG_POR ? 0 : s->bdcr;
    s->flags |= FLAG_PIN | s->cause;
    s->cause = 0;
    memcpy(s->stored, reset, sizeof(s->stored));
    s->reg[RCC_CSR] = s->flags;
}

static const VMStateField rcc_vmstate[] = {
    VMSTATE_UINT_ARRAY(Stm32Rcc, stored[0]), VMSTATE_UINT_ARRAY(Stm32Rcc, stored[1]),
    VMSTATE_UINT_ARRAY(Stm32Rcc, stored[2]), VMSTATE_UINT(Stm32Rcc, flags), VMSTATE_UINT(Stm32Rcc, cause),
    VMSTATE_BOOL(Stm32Rcc, dbp), VMSTATE_END
};

static const RegDeviceSpec rcc_spec = {
    REG_DEVICE_REGS(Stm32Rcc, rcc_regs), .size = 0x400, .vmstate = rcc_vmstate, .reset = rcc_reset, .update = rcc_update,
};

const TypeInfo stm32_rcc_type = {
    .name = "stm32f4-rcc", .desc = "STM32F4 reset and clock control", .instance_size = sizeof(Stm32Rcc),
    .init = rcc_init, REG_DEVICE_TYPE(rcc_spec),
};

/* -- power control ----------------------------------------------------------------------------------------------------------- */

enum { PWR_CR, PWR_CSR, PWR_NUM };
enum { PCR_CWUF = 1 << 2, PCR_CSBF = 1 << 3, PCR_DBP = 1 << 8, PCSR_WUF = 1, PCSR_SBF = 2, PCSR_BRR = 1 << 3, PCSR_EWUP = 1 << 8,
       PCSR_BRE = 1 << 9, PCSR_VOSRDY = 1 << 14 };

typedef struct Stm32Pwr {
    RegDevice parent;
    IrqLine dbp;
    uint32_t reg[PWR_NUM];
} Stm32Pwr;
DECLARE_OBJECT(Stm32Pwr, STM32_PWR, "stm32f4-pwr")

static void pwr_update(void *dev)
{
    Stm32Pwr *s = STM32_PWR(dev);

    irq_set(&s->dbp, (s->reg[PWR_CR] & PCR_DBP) != 0);
}

static void pcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Pwr *s = STM32_PWR(dev);

    s->reg[PWR_CR] = v & 0x43f3;
    s->reg[PWR_CSR] &= ~((v & PCR_CWUF ? PCSR_WUF : 0) | (v & PCR_CSBF ? PCSR_SBF : 0));
    pwr_update(s);
}

/* The backup regulator is ready at once. */
static void pcsr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Pwr *s = STM32_PWR(dev);

    s->reg[PWR_CSR] = (s->reg[PWR_CSR] & (PCSR_WUF | PCSR_SBF)) | PCSR_VOSRDY | (v & (PCSR_EWUP | PCSR_BRE)) |
                      (v & PCSR_BRE ? PCSR_BRR : 0);
}

static const RegDef pwr_regs[PWR_NUM] = {
    [PWR_CR] = { 0x00, "PWR_CR", .reset = 0x4000, .write = pcr_write },
    [PWR_CSR] = { 0x04, "PWR_CSR", .reset = PCSR_VOSRDY, .write = pcsr_write },
};

static void pwr_init(Object *obj)
{
    IRQ_OUT(Stm32Pwr, dbp, "dbp");
}

static const RegDeviceSpec pwr_spec = {
    REG_DEVICE_REGS(Stm32Pwr, pwr_regs), .size = 0x400, .update = pwr_update,
};

const TypeInfo stm32_pwr_type = {
    .name = "stm32f4-pwr", .desc = "STM32F4 power control", .instance_size = sizeof(Stm32Pwr),
    .init = pwr_init, REG_DEVICE_TYPE(pwr_spec),
};
