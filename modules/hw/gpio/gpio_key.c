/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A push button on a GPIO line, as the device tree's gpio-keys describes it (the machine's power button).
 * Pressing it raises the line for 100 ms of virtual time, long enough for the driver's debouncing.
 * Wiring: irq in "press" (a rising level presses), irq "out"; property "pressed" for tests and the monitor.
 */
#include "core/exec/clock.h"
#include "core/keyval.h"
#include "core/qom/device.h"
#include "modules/hw/gpio/gpio.h"

#define TYPE_GPIO_KEY "gpio-key"
#define PRESS_NS INT64_C(100000000)

typedef struct GpioKeyState {
    Device parent;
    IrqLine out;
    /* guest state */
    bool pressed;
    Timer release;
} GpioKeyState;

DECLARE_OBJECT(GpioKeyState, GPIO_KEY, TYPE_GPIO_KEY)

static void set_pressed(GpioKeyState *s, bool pressed)
{
    s->pressed = pressed;
    if (pressed) {
        timer_mod(&s->release, clock_now(device_clock(&s->parent)) + PRESS_NS);
    } else {
        timer_del(&s->release);
    }
    irq_set(&s->out, pressed);
}

static void released(void *opaque)
{
    set_pressed(opaque, false);
}

static void press_in(void *opaque, unsigned n, int level)
{
    if (level) {
        set_pressed(opaque, true);
    }
}

static bool pressed_set(Object *obj, const Property *p, const char *value, GError **error)
{
    GpioKeyState *s = GPIO_KEY(obj);
    bool pressed;

    if (!parse_bool(p->name, value, &pressed, error)) {
        return false;
    }
    if (!s->parent.realized) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: a button is pressed when the machine is built",
                    p->name);
        return false;
    }
    set_pressed(s, pressed);
    return true;
}

static char *pressed_get(Object *obj, const Property *p)
{
    return g_strdup(GPIO_KEY(obj)->pressed ? "on" : "off");
}

static void gpio_key_init(Object *obj)
{
    GpioKeyState *s = GPIO_KEY(obj);

    device_init_irq_out(&s->parent, "out", &s->out, 1);
    device_init_irq_in(&s->parent, "press", press_in, 1);
}

static bool gpio_key_realize(Device *dev, GError **error)
{
    GpioKeyState *s = GPIO_KEY(dev);

    timer_init(&s->release, device_clock(dev), released, s);
    return true;
}

static void gpio_key_unrealize(Device *dev)
{
    timer_del(&GPIO_KEY(dev)->release);
}

static void gpio_key_reset(Device *dev, ResetType type)
{
    set_pressed(GPIO_KEY(dev), false);
}

static bool gpio_key_post_load(void *opaque, GError **error)
{
    GpioKeyState *s = opaque;

    irq_set(&s->out, s->pressed);
    return true;
}

static const VMStateField gpio_key_vmstate[] = {
    VMSTATE_BOOL(GpioKeyState, pressed),
    VMSTATE_TIMER(GpioKeyState, release),
    VMSTATE_POST_LOAD(gpio_key_post_load),
    VMSTATE_END
};

static const Property gpio_key_props[] = {
    { .name = "pressed", .type = PROP_BOOL, .offset = offsetof(GpioKeyState, pressed), .live = true,
      .set = pressed_set, .get = pressed_get, .help = "on presses the button; it lets go by itself" },
    PROP_END
};

static void gpio_key_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = gpio_key_realize;
    dc->unrealize = gpio_key_unrealize;
    dc->reset = gpio_key_reset;
    dc->vmstate = gpio_key_vmstate;
    dc->category = "Input";
}

const TypeInfo gpio_key_type = {
    .name = TYPE_GPIO_KEY,
    .parent = TYPE_DEVICE,
    .desc = "push button on a GPIO line",
    .instance_size = sizeof(GpioKeyState),
    .props = gpio_key_props,
    .class_init = gpio_key_class_init,
    .init = gpio_key_init,
};
