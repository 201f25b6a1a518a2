/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other end of a network card on the bench: keeps what the card sends, counts how often it may send again. */
#ifndef TESTS_LIB_TESTNET_H
#define TESTS_LIB_TESTNET_H

#include "core/io/net.h"
#include "tests/lib/devtest.h"

typedef struct TestNet {
    NetBackend parent;
    GString *sent;
    unsigned ready;
} TestNet;

static bool test_net_open(NetBackend *nb, KeyVal *opts, GError **error)
{
    ((TestNet *)nb)->sent = g_string_new(NULL);
    return true;
}

static void test_net_send(NetBackend *nb, const uint8_t *frame, size_t len)
{
    g_string_append_len(((TestNet *)nb)->sent, (const char *)frame, (gssize)len);
}

static void test_net_ready(NetBackend *nb)
{
    ((TestNet *)nb)->ready++;
}

static void test_net_finalize(Object *obj)
{
    g_string_free(((TestNet *)obj)->sent, TRUE);
}

static void test_net_class_init(ObjectClass *oc, const TypeInfo *info)
{
    NetBackendClass *nc = NETDEV_CLASS(oc);

    nc->open = test_net_open;
    nc->send = test_net_send;
    nc->receive_ready = test_net_ready;
}

static const TypeInfo test_net_type = {
    .name = "netdev-test", .parent = TYPE_NETDEV, .instance_size = sizeof(TestNet), .class_init = test_net_class_init,
    .finalize = test_net_finalize,
};

/* Backend "n0" for the card's "netdev". */
static inline void testnet_new(DevTest *t)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(type_register(t->types, &test_net_type, NULL));
    netdev_new_from_opts(t->machine->backends, "test,id=n0", NULL, &error);
    g_assert_no_error(error);
}

/* For devtest_new_setup: the card's "netdev" is one of these. */
static inline void testnet_setup(DevTest *t, void *opaque)
{
    testnet_new(t);
    g_assert_true(object_set(&t->dev->parent, "netdev", "n0", NULL));
}

static inline TestNet *testnet_of(DevTest *t)
{
    return (TestNet *)netdev_find(t->machine->backends, "n0");
}

#endif
