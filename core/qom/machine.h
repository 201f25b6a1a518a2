/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine: the root of the composition tree ("/machine"), what the command line asked of it, its lock and its
 * run state. Boards are types below TYPE_MACHINE whose class names the memory map's builder.
 */
#ifndef CORE_QOM_MACHINE_H
#define CORE_QOM_MACHINE_H

#include <glib.h>
#include "core/qom/device.h"

#define TYPE_MACHINE "machine"

typedef enum RunState {
    RUN_PAUSED,                                 /* -S, stop */
    RUN_RUNNING,
    RUN_SHUTDOWN,                               /* the guest powered off, or quit */
} RunState;

/* What machine_add_reset's functions are for: this, not who was added first, is their order. */
typedef enum ResetPhase {
    RESET_PHASE_HOST,                           /* what the emulator holds for a guest: open files and the like */
    RESET_PHASE_MEMORY,                         /* images are written again */
    RESET_PHASE_BOARD,                          /* the board's boot loader: registers of CPUs */
    RESET_PHASE_USER,                           /* what the user asked for has the last word */
    NUM_RESET_PHASES,
} ResetPhase;

/* -drive if=KIND: a drive that the board itself takes, by kind and number (-1: in order). */
typedef struct DriveOption {
    char *interface;                            /* "pflash", "sd", "mtd" */
    int index;
    BlockBackend *blk;
    bool taken;                                 /* set by the board; one that nobody takes is an error */
} DriveOption;

/* -device loader,...: a file or a value put into memory at every reset, and a CPU's start. */
typedef struct LoaderOption {
    char *file;                                 /* or NULL: data */
    uint64_t addr;
    bool has_addr;
    bool force_raw;                             /* the file is bytes, whatever it looks like */
    uint64_t data;
    unsigned data_len;                          /* 0: no data; 1, 2, 4, 8 */
    bool data_be;
    int cpu_num;                                /* -1: none; its PC is set to addr or the file's entry */
} LoaderOption;

/* -cluster: CPUs of another software image than those that -smp counts. Strings are owned. */
typedef struct ClusterOption {
    char *name;
    char *cpu;                                  /* as cluster_add_cpu takes it */
    unsigned count;
    uint64_t frequency;                         /* Hz; 0: the board's default */
    uint64_t tcm_code, tcm_data;                /* bytes; 0: the board's default */
    char *kernel;                               /* an image for its memory, or NULL */
} ClusterOption;
void cluster_option_free(ClusterOption *c);     /* accepts NULL */

/* What the generic options ask for; a board reads it in build(). Strings belong to the machine. */
typedef struct MachineConfig {
    uint64_t ram_size;                          /* bytes; 0: the class's default */
    unsigned smp;                               /* CPUs; 0: the class's default */
    unsigned max_smp;
    char *cpu;                                  /* "cortex-a72,pmu=off", or NULL: the class's default */
    char *kernel, *initrd, *append, *dtb, *dumpdtb, *bios;      /* paths and text, or NULL */
    char *nic, *nic_mac;                        /* -nic for the board's own card: a netdev's id; a MAC address, or NULL */
    bool nic_named;                             /* with model=: the card as that model is, not as the board's maker chose */
    GPtrArray *serials;                         /* (Chardev *) in order of -serial; NULL: none, or taken */
    GPtrArray *drives;                          /* (DriveOption *), owned */
    GPtrArray *loaders;                         /* (LoaderOption *), owned: -device loader,... */
    GPtrArray *clusters;                        /* (ClusterOption *), owned: -cluster, in order */
    uint64_t seed;                              /* -seed: where machine_random starts */
    bool seed_set;
    bool counted;                               /* -icount: a run is to repeat */
    bool no_reboot;
    bool rtc_vm_clock;                          /* -rtc clock=vm */
} MachineConfig;

/* The images and files that a machine may be given; one that its class does not name is refused. */
typedef enum MachineTakes {
    TAKES_KERNEL = 1 << 0,
    TAKES_INITRD = 1 << 1,
    TAKES_APPEND = 1 << 2,
    TAKES_DTB = 1 << 3,
    TAKES_DUMPDTB = 1 << 4,
    TAKES_BIOS = 1 << 5,
    TAKES_CLUSTERS = 1 << 6,
    TAKES_CPU_LIST = 1 << 7,                    /* -cpu A:B: models in turn */
} MachineTakes;

struct MachineClass {
    DeviceClass parent;
    const char *arch;                           /* architecture of the first cluster by default */
    const char *default_cpu;                    /* type name */
    const char *const *valid_cpus;              /* NULL: any CPU of arch */
    uint64_t default_ram;
    unsigned default_smp, max_smp;
    const char *drive_device;                   /* the device that -drive if=virtio makes; NULL: the machine takes none */
    const char *nic_device;                     /* and -nic without model= */
    const char *nic_onboard;                    /* the model of the card that the board has: -nic is its network */
    unsigned takes;                             /* MachineTakes: which of config's images build() looks at */
    bool no_main_loop;                          /* a process on the host's kernel: Machine.context is NULL */
    /* Creates, wires and realizes everything below the machine, loads images. */
    bool (*build)(Machine *m, GError **error);
    /* Asks the guest to power down (the power button). */
    void (*powerdown)(Machine *m);
};

struct Machine {
    Device parent;
    MachineConfig config;
    GRecMutex lock;                             /* the machine lock: devices, unless a region names its own */
    GThread *lock_owner;                        /* atomic; for assertions */
    unsigned lock_depth;                        /* under lock */
    unsigned lock_waiters;                      /* atomic */
    GMainContext *context;                      /* devices' and backends' events run here */
    Clock *clock;                               /* virtual time */
    AddressSpace *sysmem;                       /* the default cluster's space */
    GPtrArray *clusters;                        /* (Cluster *) */
    GPtrArray *cpus;                            /* (CPUState *), all clusters */
    GPtrArray *resets;                          /* MachineReset, run by phase after the device tree's reset */
    /* set before build by main */
    void *exec;                                 /* core/exec's own (exec_int.h), freed with the machine by exec_free */
    void (*exec_free)(void *exec);
    void *roms;                                 /* core/exec/loader.c's, owned by m->resets */
    void *semihost;                             /* Semihost of core/exec/semihost.h, a child; NULL: it is off */
    Object *backends;                           /* chardevs, drives, netdevs, objects by id */
    /* run state; under the lock, with cond signalled on each change */
    RunState state;
    GCond cond;                                 /* with cond_mutex, which is taken inside lock */
    GMutex cond_mutex;
    bool reset_requested;                       /* atomic */
    bool shutdown_requested;                    /* atomic */
    GSource *quit_signals[3];                   /* core/io/backends.c's, or NULL */
    bool quit_requested;                        /* atomic: by the user, so that -no-shutdown does not count */
    int exit_status;
};

DECLARE_OBJECT(Machine, MACHINE, TYPE_MACHINE)
DECLARE_CLASS(MachineClass, MACHINE, TYPE_MACHINE)

extern const TypeInfo machine_type;

void machine_lock(Machine *m);                  /* recursive; accepts NULL (a device in a unit test) */
void machine_unlock(Machine *m);
bool machine_lock_held(Machine *m);
/*
 * Any thread: random bytes for a guest: the host's, or with -seed a sequence that repeats. False: the host has none now.
 */
bool machine_random(Machine *m, void *buf, size_t len);
bool machine_lock_wanted(Machine *m);           /* somebody waits for it: who holds it for long lets them in */

/*
 * Waits for cond, giving up the lock, which the caller holds once. wake_cond signals it, under the lock.
 */
void machine_wait(Machine *m);
void machine_set_state(Machine *m, RunState state);                 /* and signals cond */

/* A machine outside any registry's modules, for tests; the caller owns it. Freed by machine_free. */
Machine *machine_new(TypeRegistry *types, const char *type, GError **error);
/* Takes all its objects out of service, drops their links, and drops the caller's reference. Accepts NULL. */
void machine_free(Machine *m);

/* The address space that dev's own accesses go to: what its board gave it, else the machine's; NULL in neither case. */
static inline AddressSpace *device_dma(const Device *dev)
{
    return dev->dma ? dev->dma : dev->machine ? dev->machine->sysmem : NULL;
}

/* From any thread: ask the main loop to reset or end the machine. status is the process's exit status. */
void machine_request_reset(Machine *m);
void machine_request_shutdown(Machine *m, int status);
/* The user ends the program: as a shutdown with status 0, -no-shutdown or not. */
void machine_request_quit(Machine *m);
/* fn(opaque) runs at every machine reset, after the devices', in its phase. free_opaque: or NULL. */
void machine_add_reset(Machine *m, ResetPhase phase, void (*fn)(void *opaque), void *opaque,
                       void (*free_opaque)(void *opaque));
/* What -serial names for the board's port `index`, now taken; NULL if nothing is to be connected. */
Chardev *machine_take_serial(Machine *m, unsigned index);
/* The drive of a kind and number that no board took yet, now taken; NULL if there is none. */
BlockBackend *machine_take_drive(Machine *m, const char *interface, int index);
/* Whether there is such a drive that no board took yet. */
bool machine_has_drive(Machine *m, const char *interface, int index);
/* Resets every device, then runs the functions of machine_add_reset, phase by phase. By the main loop, CPUs stopped. */
void machine_reset(Machine *m, ResetType type);

#endif
