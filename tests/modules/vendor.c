/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module built outside the tree. Macros choose what is wrong with it. */
#include "core/module.h"
#include "core/qom/device.h"

#ifndef NAME
#define NAME "vendor"
#endif
#ifndef TYPE
#define TYPE "vendor-led"
#endif

typedef struct VendorLed {
    Device parent;
    uint32_t colour;
    bool lit;
} VendorLed;

DECLARE_OBJECT(VendorLed, VENDOR_LED, TYPE)

static const char *const colours[] = { "red", "green", NULL };

static const Property led_props[] = {
    { .name = "colour", .type = PROP_ENUM, .offset = offsetof(VendorLed, colour), .names = colours,
      .help = "what it shines in" },
    PROP_DEF("lit", VendorLed, lit, PROP_BOOL, true, "whether it shines"),
    PROP_END
};

static void led_reset(Device *dev, ResetType type)
{
    VENDOR_LED(dev)->lit = false;
}

static void led_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DEVICE_CLASS(oc)->reset = led_reset;
    DEVICE_CLASS(oc)->category = "Display";
}

static const TypeInfo led_type = {
    .name = TYPE, .parent = TYPE_DEVICE, .desc = "a light of another vendor", .instance_size = sizeof(VendorLed),
    .user_creatable = true, .props = led_props, .class_init = led_class_init,
};

#ifndef UNDEFINED_SYMBOL
static const TypeInfo *const led_types[] = { &led_type, NULL };
#endif
#ifdef NEEDS
static const char *const needs[] = { NEEDS, NULL };
#endif

#ifdef ARCH
static const ModuleArch archs[] = { { .name = ARCH, .desc = "an architecture of another vendor" }, { 0 } };
#endif

#ifdef UNDEFINED_SYMBOL
void nobody_has_this(void);
static void use(Object *obj)
{
    nobody_has_this();
}
static const TypeInfo bad_type = { .name = "bad", .parent = TYPE_DEVICE, .init = use };
static const TypeInfo *const bad_types[] = { &led_type, &bad_type, NULL };
#define led_types bad_types
#endif

#ifdef OTHER_ABI
#undef CHIMERA_ABI
#define CHIMERA_ABI "0123456789abcdef"
#endif

#ifndef NO_DESCRIPTOR
CHIMERA_MODULE(.name = NAME, .types = led_types,
#ifdef NEEDS
    .needs = needs,
#endif
#ifdef ARCH
    .archs = archs,
#endif
    );
#endif
