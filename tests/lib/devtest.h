/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device on the bench: a machine that has nothing but it, 1 MiB of RAM for its DMA, and a clock that the test turns.
 * Its regions are mapped where the test need not know; its interrupt outputs are read, its inputs driven.
 * devtest_free saves the device's state, loads it into a second one made the same way, and compares the two.
 */
#ifndef TESTS_LIB_DEVTEST_H
#define TESTS_LIB_DEVTEST_H

#include "core/exec/clock.h"
#include "core/exec/memory.h"
#include "core/module.h"
#include "core/qom/machine.h"

#define DEVTEST_RAM_SIZE (1u << 20)

/* The descriptor of a linked module: DEVTEST_MODULE(hw_char) declares it, DEVTEST_MODULE_REF(hw_char) is its address. */
#define DEVTEST_MODULE(name) extern const ChimeraModule chimera_module_##name
#define DEVTEST_MODULE_REF(name) (&chimera_module_##name)

typedef struct DevTest DevTest;
struct DevTest {
    TypeRegistry *types;
    Machine *machine;
    Device *dev;
    MemTxAttrs attrs;                           /* of the accesses that follow; Non-secure, requester 0 */
    MemTxResult result;                         /* of the last access */
    bool no_save_check;                         /* the test has left the device in a state that is not its own alone */
    int64_t now;
    /* private */
    MemoryRegion root, ram;
    GPtrArray *modules, *props;
    char *type;
    void (*setup)(DevTest *t, void *opaque);
    void *opaque;
};

/*
 * Makes and realizes a device; modules and the property list ("name", "value", ...) end with NULL. Character
 * properties without a value get a ring buffer whose id is the property's name.
 */
DevTest *devtest_new(const ChimeraModule *const *modules, const char *type, ...) G_GNUC_NULL_TERMINATED;
/*
 * The same with setup(t, opaque), called before realize: t->dev has its properties; it can make backends, links, and
 * devices below t->dev, which are realized after it.
 */
DevTest *devtest_new_setup(const ChimeraModule *const *modules, const char *type,
                           void (*setup)(DevTest *t, void *opaque), void *opaque, ...) G_GNUC_NULL_TERMINATED;
void devtest_free(DevTest *t);
void devtest_reset(DevTest *t);

/* Registers; region NULL is the first. */
uint64_t devtest_read(DevTest *t, const char *region, uint64_t offset, unsigned size);
void devtest_write(DevTest *t, const char *region, uint64_t offset, unsigned size, uint64_t value);
static inline uint32_t devtest_read32(DevTest *t, uint64_t offset)
{
    return (uint32_t)devtest_read(t, NULL, offset, 4);
}
static inline void devtest_write32(DevTest *t, uint64_t offset, uint32_t value)
{
    devtest_write(t, NULL, offset, 4, value);
}
/* RAM, where the device's DMA goes: addresses from 0. */
void *devtest_ram(DevTest *t, uint64_t addr);

bool devtest_irq_n(DevTest *t, const char *name, unsigned n);
static inline bool devtest_irq(DevTest *t, const char *name)
{
    return devtest_irq_n(t, name, 0);
}
void devtest_set_irq(DevTest *t, const char *name, unsigned n, int level);
/* The other end of a character property. Output is what was written since the last call; newly allocated. */
void devtest_feed(DevTest *t, const char *prop, const void *buf, size_t len);
char *devtest_output(DevTest *t, const char *prop);
void devtest_step(DevTest *t, int64_t ns);      /* turns the clock, firing timers */

/*
 * Replays bytes as accesses, interrupt inputs, fed characters, passing time and resets: for fuzzers. Whatever the
 * bytes are, nothing may crash or hang.
 */
void devtest_replay(DevTest *t, const uint8_t *data, size_t len);
/* Replays `rounds` times 2000 random bytes of the test's seed, then the save check. Consumes t. */
void devtest_fuzz(DevTest *t, unsigned rounds);

#endif
