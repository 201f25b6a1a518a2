/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module hw-arm-m: boards with M-profile CPUs, and their devices. */
#include "core/module.h"
#include "modules/hw/arm_m/lm3s.h"
#include "modules/hw/arm_m/mps2.h"
#include "modules/hw/arm_m/nrf51.h"
#include "modules/hw/arm_m/sse.h"
#include "modules/hw/arm_m/stm32.h"

static const TypeInfo *const types[] = {
    &cmsdk_uart_type, &cmsdk_timer_type, &cmsdk_dualtimer_type, &cmsdk_watchdog_type, &cmsdk_gpio_type, &mps2_scc_type,
    &mps2_fpgaio_type, &sse_secctl_type, &sse_idau_type, &sie200_mpc_type, &sse_sysctl_type, &sse_sysinfo_type,
    &sse_cpuid_type, &sse_mhu_type, &mps2_types[0], &mps2_types[1], &mps2_types[2], &mps2_types[3],
    &mps2_types[4],
    &nrf51_uart_type, &nrf51_timer_type, &nrf51_clock_type, &nrf51_rng_type, &nrf51_gpio_type, &nrf51_nvmc_type,
    &nrf51_twi_type, &nrf51_gpiote_type, &nrf51_ppi_type, &nrf51_wdt_type, &nrf51_temp_type, &nrf51_adc_type, &nrf51_ecb_type,
    &nrf51_qdec_type, &nrf51_lpcomp_type, &nrf51_soc_type, &microbit_type,
    &lm3s_sysctl_type, &lm3s_gptm_type, &lm3s_adc_type, &lm3s_flash_type, &lm3s_i2c_type, &lm3s6965evb_type,
    &stm32_usart_type, &stm32_rcc_type, &stm32_pwr_type, &stm32_gpio_type, &stm32_syscfg_type, &stm32_exti_type,
    &stm32_timer_type, &stm32_iwdg_type, &stm32_wwdg_type, &stm32_flash_type, &stm32_rtc_type, &stm32_spi_type,
    &stm32_i2c_type, &stm32_adc_type, &stm32_crc_type, &stm32_rng_type, &stm32_dma_type, &netduinoplus2_type, NULL
};
static const char *const needs[] = { "arm", "hw-char", "hw-gpio", "hw-misc", "hw-net", "loader", NULL };
CHIMERA_MODULE(.name = "hw-arm-m", .types = types, .needs = needs);
