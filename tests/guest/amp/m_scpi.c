/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A system control processor: answers the System Control and Power Interface (Arm DUI 0922) on the high-priority channel
 * of the MHU, as far as the sensors of a Linux need it: capabilities, sensor capabilities, sensor information, sensor
 * values. The temperature rises a thousandth of a degree with each reading. Anything else is answered "not supported".
 */
#include "tests/guest/amp/m_board.h"

enum { SCP_STAT = 0x120, SCP_CLEAR = 0x130, AP_SET = 0x028 };   /* of the high-priority channel */
/* The slot of the first named cluster: what we write, then what the application processor wrote. */
#define TO_AP ((volatile uint32_t *)0x28000000)
#define FROM_AP ((volatile uint32_t *)0x28000100)
enum { CAPABILITIES = 0x02, SENSOR_CAPABILITIES = 0x15, SENSOR_INFO = 0x16, SENSOR_VALUE = 0x17 };
enum { OK = 0, E_PARAM = 1, E_RANGE = 8, E_SUPPORT = 14 };
enum { TEMPERATURE = 0, VOLTAGE = 1 };

static const struct { uint8_t class; char name[20]; uint32_t value; } sensors[] = {
    { TEMPERATURE, "m33-die", 42000 }, { TEMPERATURE, "board", 25500 }, { VOLTAGE, "vcore", 900 },
};
enum { NUM_SENSORS = sizeof(sensors) / sizeof(sensors[0]) };
static uint32_t readings;

/* Puts a payload's words behind command and status; returns its bytes. */
static uint32_t put(const uint32_t *words, unsigned num)
{
    for (unsigned i = 0; i < num; i++) {
        TO_AP[2 + i] = words[i];
    }
    return 4 * num;
}

static uint32_t sensor_info(uint32_t id)
{
    uint32_t words[6] = { id | (uint32_t)sensors[id].class << 16 };

    for (unsigned i = 0; i < 20; i++) {
        words[1 + i / 4] |= (uint32_t)(uint8_t)sensors[id].name[i] << 8 * (i % 4);
    }
    return put(words, 6);
}

static uint32_t handle(uint32_t command, uint32_t *status)
{
    uint32_t id = FROM_AP[2] & 0xffff;

    *status = OK;
    switch (command & 0x7f) {
    case CAPABILITIES:
        /* protocol 1.0, events 1.0, firmware 1.2.3; the commands that there are */
        return put((const uint32_t[]){ 1u << 16, 1u << 16, 1u << 24 | 2u << 16 | 3,
                                       1u << CAPABILITIES | 1u << SENSOR_CAPABILITIES | 1u << SENSOR_INFO | 1u << SENSOR_VALUE,
                                       0, 0, 0 }, 7);
    case SENSOR_CAPABILITIES:
        TO_AP[2] = NUM_SENSORS;
        return 2;
    case SENSOR_INFO:
        if (id < NUM_SENSORS) {
            return sensor_info(id);
        }
        *status = E_RANGE;
        return 0;
    case SENSOR_VALUE:
        if (id < NUM_SENSORS) {
            return put((const uint32_t[]){ sensors[id].value + (id == 0 ? ++readings : 0), 0 }, 2);
        }
        *status = E_RANGE;
        return 0;
    default:
        *status = E_SUPPORT;
        return 0;
    }
}

void mhu_handler(void)
{
    uint32_t slots = REG(MHU_TO_A + SCP_STAT), command = FROM_AP[0], status, size = handle(command, &status);

    TO_AP[0] = (command & 0xffff) | size << 16;
    TO_AP[1] = status;
    __asm__ volatile("dmb" : : : "memory");
    REG(MHU_TO_A + SCP_CLEAR) = slots;
    REG(MHU_TO_A + AP_SET) = slots;
}

void program(void)
{
    if (CPU_NUMBER == 0) {
        print("scpi: ready\r\n");
        NVIC_ISER = 1u << IRQ_MHU_HIGH;
    }
    for (;;) {
        __asm__ volatile("wfi");
    }
}
