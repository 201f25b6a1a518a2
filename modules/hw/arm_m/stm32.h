/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of ST's STM32F405 (RM0090), each with its chapter, and the board that has it. */
#ifndef MODULES_HW_ARM_M_STM32_H
#define MODULES_HW_ARM_M_STM32_H

#include "core/exec/regdev.h"
#include "core/qom/object.h"

/* Inputs "cause" of stm32f4-rcc: who resets the chip. */
enum { STM32_CAUSE_SOFTWARE, STM32_CAUSE_IWDG, STM32_CAUSE_WWDG, STM32_NUM_CAUSES };
/* Its outputs "reset": 32 for each of these registers. */
enum { STM32_AHB1, STM32_AHB2, STM32_AHB3, STM32_APB1 = 4, STM32_APB2, STM32_NUM_BUSES };

#define IRQ_OUT(T, field, name) \
    device_init_irq_out(DEVICE(obj), name, (IrqLine *)&((T *)obj)->field, sizeof(((T *)obj)->field) / sizeof(IrqLine))

extern const TypeInfo stm32_usart_type;                                         /* stm32_usart.c */
extern const TypeInfo stm32_rcc_type, stm32_pwr_type;                           /* stm32_rcc.c */
extern const TypeInfo stm32_gpio_type, stm32_syscfg_type, stm32_exti_type;      /* stm32_gpio.c */
extern const TypeInfo stm32_timer_type;                                         /* stm32_timer.c */
extern const TypeInfo stm32_iwdg_type, stm32_wwdg_type;                         /* stm32_watchdog.c */
extern const TypeInfo stm32_flash_type;                                         /* stm32_flash.c */
extern const TypeInfo stm32_rtc_type;                                           /* stm32_rtc.c */
extern const TypeInfo stm32_spi_type, stm32_i2c_type;                           /* stm32_serial.c */
extern const TypeInfo stm32_adc_type, stm32_crc_type, stm32_rng_type;           /* stm32_misc.c */
extern const TypeInfo stm32_dma_type;                                           /* stm32_dma.c */
extern const TypeInfo netduinoplus2_type;                                       /* netduinoplus2.c */

#endif
