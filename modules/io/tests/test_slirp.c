/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User networking: a DHCP conversation as a guest has it, forwarding of a host port, and what bad options get. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/io/backends.h"
#include "core/io/net.h"
#include "core/module.h"
#include "core/qom/machine.h"

extern const ChimeraModule chimera_module_io_slirp;

#define TYPE_TEST_MACHINE "test-machine"

static const TypeInfo test_machine_type = {
    .name = TYPE_TEST_MACHINE, .parent = TYPE_MACHINE, .instance_size = sizeof(Machine),
};

typedef struct Fixture {
    TypeRegistry *types;
    Machine *m;
    GPtrArray *frames;                          /* (GBytes *) that arrived */
    bool room;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    f->types = type_registry_new(NULL, NULL);
    g_assert_true(type_register(f->types, &test_machine_type, NULL));
    g_assert_true(type_register(f->types, chimera_module_io_slirp.types[0], NULL));
    f->m = machine_new(f->types, TYPE_TEST_MACHINE, NULL);
    io_backends_init(f->m);
    f->frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    f->room = true;
}

static void teardown(Fixture *f, gconstpointer data)
{
    machine_free(f->m);
    type_registry_free(f->types);
    g_ptr_array_unref(f->frames);
}

static bool can_receive(void *opaque)
{
    return ((Fixture *)opaque)->room;
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    g_ptr_array_add(((Fixture *)opaque)->frames, g_bytes_new(frame, len));
}

static NetBackend *open_net(Fixture *f, const char *opts)
{
    g_autoptr(GError) error = NULL;
    NetBackend *nb = netdev_new_from_opts(f->m->backends, opts, f->m->context, &error);

    g_assert_no_error(error);
    net_attach(nb, f, can_receive, receive, &error);
    g_assert_no_error(error);
    return nb;
}

static const uint8_t guest_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static uint16_t ip_checksum(const uint8_t *p, unsigned len)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < len; i += 2) {
        sum += lduw_be_p(p + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~(sum + (sum >> 16));
}

/* A DHCPDISCOVER. */
static size_t discover(uint8_t *f)
{
    uint8_t *ip = f + 14, *udp = ip + 20, *dhcp = udp + 8;
    static const uint8_t options[] = { 99, 130, 83, 99, 53, 1, 1, 255 };
    size_t dhcp_len = 236 + sizeof(options) + 60;

    memset(f, 0, 600);
    memset(f, 0xff, 6);
    memcpy(f + 6, guest_mac, 6);
    stw_be_p(f + 12, 0x0800);
    ip[0] = 0x45;
    stw_be_p(ip + 2, (uint16_t)(28 + dhcp_len));
    ip[8] = 64;
    ip[9] = 17;
    memset(ip + 16, 0xff, 4);
    stw_be_p(ip + 10, ip_checksum(ip, 20));
    stw_be_p(udp, 68);
    stw_be_p(udp + 2, 67);
    stw_be_p(udp + 4, (uint16_t)(8 + dhcp_len));
    dhcp[0] = dhcp[1] = 1;
    dhcp[2] = 6;
    stl_be_p(dhcp + 4, 0x12345678);
    memcpy(dhcp + 28, guest_mac, 6);
    memcpy(dhcp + 236, options, sizeof(options));
    return 14 + 28 + dhcp_len;
}

static void check_offer(Fixture *f, NetBackend *nb, const char *address)
{
    uint8_t frame[600];
    const uint8_t *offer;
    gsize len;
    char text[INET_ADDRSTRLEN];

    machine_lock(f->m);
    net_send(nb, frame, discover(frame));
    machine_unlock(f->m);
    g_assert_cmpuint(f->frames->len, ==, 1);
    offer = g_bytes_get_data(f->frames->pdata[0], &len);
    g_assert_cmpuint(len, >=, 14 + 28 + 240);
    g_assert_cmphex(ldl_be_p(offer + 14 + 28 + 4), ==, 0x12345678);
    inet_ntop(AF_INET, offer + 14 + 28 + 16, text, sizeof(text));
    g_assert_cmpstr(text, ==, address);
}

static void test_dhcp(Fixture *f, gconstpointer data)
{
    check_offer(f, open_net(f, "user,id=n"), "10.0.2.15");
}

static void test_dhcp_net(Fixture *f, gconstpointer data)
{
    check_offer(f, open_net(f, "user,id=n,net=192.168.76.0/24,dhcpstart=192.168.76.9"), "192.168.76.9");
}

/* A card without room: the frame waits. */
static void test_backpressure(Fixture *f, gconstpointer data)
{
    NetBackend *nb = open_net(f, "user,id=n");
    uint8_t frame[600];

    f->room = false;
    net_send(nb, frame, discover(frame));
    g_assert_cmpuint(f->frames->len, ==, 0);
    f->room = true;
    net_receive_ready(nb);
    g_assert_cmpuint(f->frames->len, ==, 1);
}

/* A network that forwards a host's port to port 22. */
static NetBackend *open_hostfwd(Fixture *f, unsigned *port)
{
    NetBackend *nb = NULL;

    *port = 20000 + (unsigned)getpid() % 20000;
    for (unsigned i = 0; !nb && i < 50; i++) {
        g_autofree char *opts = g_strdup_printf("user,id=n,hostfwd=tcp:127.0.0.1:%u-:22", ++*port);

        nb = netdev_new_from_opts(f->m->backends, opts, f->m->context, NULL);
    }
    g_assert_nonnull(nb);
    net_attach(nb, f, can_receive, receive, NULL);
    return nb;
}

static gboolean set_true(gpointer flag)
{
    *(bool *)flag = true;
    return G_SOURCE_REMOVE;
}

/* A socket on which nothing happens wakes nobody. */
static void test_idle(Fixture *f, gconstpointer data)
{
    g_autoptr(GSource) timeout = g_timeout_source_new(200);
    unsigned port, rounds = 0;
    bool over = false;

    open_hostfwd(f, &port);
    g_source_set_callback(timeout, set_true, &over, NULL);
    g_source_attach(timeout, f->m->context);
    while (!over) {
        g_main_context_iteration(f->m->context, TRUE);
        rounds++;
    }
    g_assert_cmpuint(rounds, <, 50);
}

/* A connection to a forwarded port: the guest is asked for its address, then sees a SYN. */
static void test_hostfwd(Fixture *f, gconstpointer data)
{
    unsigned port;
    NetBackend *nb = open_hostfwd(f, &port);
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    bool syn = false;

    addr.sin_port = htons((uint16_t)port);
    connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    while (!syn && g_get_monotonic_time() < end) {
        g_main_context_iteration(f->m->context, FALSE);
        g_usleep(1000);
        for (guint i = 0; i < f->frames->len; i++) {
            gsize len;
            const uint8_t *p = g_bytes_get_data(f->frames->pdata[i], &len);

            if (lduw_be_p(p + 12) == 0x0806 && p[21] == 1 && p[41] == 15) {     /* who has 10.0.2.15? */
                uint8_t reply[42];

                memcpy(reply, p, 42);
                memcpy(reply, p + 6, 6);
                memcpy(reply + 6, guest_mac, 6);
                reply[21] = 2;
                memcpy(reply + 22, guest_mac, 6);
                memcpy(reply + 28, p + 38, 4);
                memcpy(reply + 32, p + 22, 10);
                net_send(nb, reply, sizeof(reply));
            }
            syn = syn || (lduw_be_p(p + 12) == 0x0800 && p[23] == 6 && lduw_be_p(p + 36) == 22 && p[47] & 2);
        }
        g_ptr_array_set_size(f->frames, 0);
    }
    g_assert_true(syn);
    close(fd);
}

static void test_errors(Fixture *f, gconstpointer data)
{
    static const struct { const char *opts, *error; } rows[] = {
        { "user", "id" }, { "user,id=n,net=x", "expected a network" }, { "user,id=n,net=10.0.2.0/99", "network" },
        { "user,id=n,hostfwd=tcp:1-2", "expected tcp|udp" }, { "user,id=n,hostfwd=sctp::1-:2", "expected tcp|udp" },
        { "user,id=n,hostfwd=tcp::99999-:2", "expected tcp|udp" }, { "user,id=n,smb=/x", "not supported" },
        { "user,id=n,nonsense=1", "unknown option" }, { "user,id=n,host=1.2.3.4", "must be" },
        { "tap,id=n", "not supported yet" }, { "user,id=n,restrict=maybe", "restrict" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(netdev_new_from_opts(f->m->backends, rows[i].opts, f->m->context, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, rows[i].error));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/io/slirp/" #name, Fixture, NULL, setup, test_##name, teardown)
    TEST(dhcp);
    TEST(dhcp_net);
    TEST(backpressure);
    TEST(idle);
    TEST(hostfwd);
    TEST(errors);
    return g_test_run();
}
