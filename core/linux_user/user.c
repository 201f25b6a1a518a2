/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the command line to a running program: the architecture by its ELF header, a machine without devices, a CPU. */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/exec/clock.h"
#include "core/exec/exec.h"
#include "core/keyval.h"
#include "core/linux_user/user.h"
#include "core/linux_user/user_int.h"
#include "core/log.h"

enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, STACK_DEFAULT = 8 << 20, CODE_DEFAULT = 64 << 20,
       PRESERVED_ARGV0 = 1 /* AT_FLAGS */ };
#define TYPE_USER_MACHINE "linux-user-machine"

/* Its descriptors would be among the program's. */
static void user_machine_class_init(ObjectClass *oc, const TypeInfo *info G_GNUC_UNUSED)
{
    ((MachineClass *)oc)->no_main_loop = true;
}

static const TypeInfo user_machine_type = {
    .name = TYPE_USER_MACHINE, .parent = TYPE_MACHINE, .desc = "a process on the host's kernel",
    .instance_size = sizeof(Machine), .class_size = sizeof(MachineClass), .class_init = user_machine_class_init,
};

static UserOptions *options_new(char **env)
{
    UserOptions *o = g_new0(UserOptions, 1);
    struct rlimit limit;

    o->accel.backend = tcg_backend_find("tcg") ? "tcg" : "tci";
    o->accel.heat = EXEC_HEAT;
    o->stack_size = STACK_DEFAULT;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur > STACK_DEFAULT) {
        o->stack_size = MIN(limit.rlim_cur, (rlim_t)1 << 30);
    }
    o->env = g_ptr_array_new_with_free_func(g_free);
    o->again = g_ptr_array_new_with_free_func(g_free);
    for (; *env; env++) {
        g_ptr_array_add(o->env, g_strdup(*env));
    }
    g_ptr_array_add(o->env, NULL);
    return o;
}

/* One line, and the status that a shell gives. */
/* The process ends as a program does: nothing is taken apart. */
static void G_GNUC_NORETURN refuse(int status, const char *why)
{
    fprintf(stderr, "chimera: %s\n", why);
    _exit(status);
}

static const char *machine_name(unsigned number)
{
    static const struct {
        unsigned number;
        const char *name;
    } names[] = {
        { EM_386, "x86" }, { EM_X86_64, "x86-64" }, { EM_ARM, "Arm" }, { EM_AARCH64, "AArch64" }, { EM_MIPS, "MIPS" },
        { EM_PPC, "PowerPC" }, { EM_PPC64, "64-bit PowerPC" }, { EM_RISCV, "RISC-V" }, { EM_S390, "S/390" },
        { EM_SPARC, "SPARC" }, { EM_SPARCV9, "64-bit SPARC" }, { EM_68K, "m68k" }, { EM_ALPHA, "Alpha" },
        { EM_PARISC, "PA-RISC" }, { EM_SH, "SuperH" }, { EM_IA_64, "Itanium" }, { 258, "LoongArch" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return "an unknown architecture";
}

/* The architecture of the file: its row's module gives the target. */
static bool find_target(Process *p, TypeRegistry *types, int fd, const char *path, const char **ret_arch,
                        GError **error)
{
    uint8_t header[64] = { 0 };
    ssize_t n = pread(fd, header, sizeof(header), 0);
    g_autofree char *name = NULL;
    const ChimeraModule *module;
    const ModuleName *row;
    LinuxElf elf;

    if (n < 0 || !elf_identify(header, (size_t)n, path, &elf, error)) {
        if (n < 0) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
        }
        return false;
    }
    name = g_strdup_printf("%u-%u-%s", elf.machine, elf.elf64 ? 64 : 32, elf.big_endian ? "be" : "le");
    row = module_find(p->ml, MODULE_ELF_MACHINE, "ELF machine", name, NULL, NULL);
    if (!row) {
        const GPtrArray *all = module_names(p->ml, MODULE_ELF_MACHINE);
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; i < all->len; i++) {
            const ModuleName *r = all->pdata[i];

            g_string_append_printf(text, "%s%s", i ? ", " : "", r->arch);
        }
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED,
                    "%s: a program of %s (ELF machine %u, %u bits, %s-endian): no module runs it; there are: %s", path,
                    machine_name(elf.machine), elf.machine, elf.elf64 ? 64 : 32, elf.big_endian ? "big" : "little",
                    text->str);
        return false;
    }
    module = module_load(p->ml, types, row->module, error);
    if (!module) {
        return false;
    }
    *ret_arch = row->arch;
    for (const ModuleArch *a = module->archs; a && a->name; a++) {
        if (strcmp(a->name, row->arch) == 0) {
            p->target = a->linux_user;
        }
    }
    if (!p->target) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: user mode of %s: not supported yet", path, row->arch);
        return false;
    }
    return true;
}

/* "max" -> the type of this architecture; features stay behind it. */
static bool find_cpu(Process *p, const char *arch, GError **error)
{
    const char *cpu = p->o->cpu ? p->o->cpu : p->target->default_cpu, *comma = strchr(cpu, ',');
    g_autofree char *model = comma ? g_strndup(cpu, (size_t)(comma - cpu)) : g_strdup(cpu);
    const ModuleName *row = module_find(p->ml, MODULE_CPU, "CPU", model, arch, error);

    if (row) {
        p->cpu_type = g_strconcat(row->type, comma ? comma : "", p->target->cpu_options, NULL);
    }
    return row;
}

/* As long as the program is a script: its interpreter instead, an open file, with the script among its arguments. */
static void follow_scripts(Process *p, int *fd, const char **path, char ***args)
{
    for (unsigned depth = 0; depth < MAX_SCRIPT_DEPTH; depth++) {
        char *head = g_malloc0(MAX_SCRIPT_LINE + 1), *interpreter;
        GPtrArray *all = NULL;

        if (pread(*fd, head, MAX_SCRIPT_LINE, 0) >= 4 && head[0] == '#' && head[1] == '!') {
            all = script_args(head, *path, *args);
        }
        if (!all) {
            g_free(head);
            return;
        }
        close(*fd);
        *args = (char **)g_ptr_array_free(all, FALSE);
        *fd = open_interpreter(p, **args, &interpreter);
        *path = interpreter;
        p->o->argv0 = NULL;                     /* a script's first argument is its path, whatever it was called */
        if (*fd < 0) {
            return;
        }
    }
}

/* The models of what can run programs; of one architecture if its name is the program's. */
static int list_cpus(ModuleLoader *ml, const char *arch)
{
    const GPtrArray *cpus = module_names(ml, MODULE_CPU), *runs = module_names(ml, MODULE_ELF_MACHINE);

    printf("CPU models (-cpu NAME) for programs\n");
    for (unsigned i = 0; i < runs->len; i++) {
        const ModuleName *r = runs->pdata[i];

        for (unsigned k = 0; k < cpus->len; k++) {
            const ModuleName *c = cpus->pdata[k];

            if (strcmp(c->arch, r->arch) == 0 && (!arch || strcmp(arch, c->arch) == 0)) {
                printf("  %-20s %s\n", c->name, c->desc);
            }
        }
    }
    return 0;
}

static bool make_machine(Process *p, TypeRegistry *types, GError **error)
{
    AccelConfig accel = p->o->accel;
    MemoryRegion *root = g_new0(MemoryRegion, 1);

    if (!accel.code_size) {
        accel.code_size = CODE_DEFAULT;
    }
    if (!type_register(types, &user_machine_type, error)) {
        g_free(root);
        return false;
    }
    p->m = machine_new(types, TYPE_USER_MACHINE, error);
    if (p->m) {
        p->m->config.seed = p->o->seed;
        p->m->config.seed_set = p->o->seed_set;
    }
    if (!p->m || !exec_init(p->m, &accel, error) || !mem_reserve(p, error)) {
        return false;
    }
    p->mem.addr_mask = p->target->addr_mask;
    p->mem.opaque = p;
    p->mem.prot = mem_prot;
    p->mem.debug_rw = gdb_memory;
    p->mem.mapping = mem_mapping;
    exec_user_init(p->m, &p->mem);
    memory_region_init(root, NULL, "user", UINT64_MAX);
    p->cluster = cluster_new(p->m, "user", address_space_new(p->m, root, "user"));
    clock_set_running(p->m->clock, true);
    return true;
}

static int run(Process *p, int fd, const char *path, char **args, GError **error)
{
    LoadedElf elf;
    CPUState *cs;
    Thread *t;
    vaddr sp;

    cs = process_cpu(p, error);
    if (!cs) {
        return EXIT_FAILURE;                    /* -cpu's properties */
    }
    p->prot_bits = p->target->prot_bits(cs);
    if (!elf_load(p, fd, path, &elf, error)) {
        return g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
    }
    if (!vdso_map(p, elf.machine)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "no room in guest memory");
        return EXIT_CANNOT_RUN;
    }
    p->target->init(cs, p->vdso);
    close(fd);
    {
        g_autofree char *name = g_path_get_basename(path);

        prctl(PR_SET_NAME, name);
    }
    p->brk_start = p->brk = page_up(elf.brk);
    if (p->o->argv0) {
        args[0] = p->o->argv0;
    }
    t = thread_new(p, cs);
    t->action = p->action;
    sp = elf_stack(p, cs, &elf, args, (char **)p->o->env->pdata, error);
    if (!sp) {
        return EXIT_CANNOT_RUN;
    }
    if (log_enabled(LOG_PAGE)) {
        GString *maps = g_string_new("memory of the program:\n");

        mem_maps(p, maps);
        log_write("%s", maps->str);
        g_string_free(maps, TRUE);
    }
    p->target->start(cs, elf.start, sp);
    if (p->target->set_guarded) {
        p->target->set_guarded(cs, p->guarded);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &t->mask, sizeof(t->mask));
    signals_init(p);
    g_ptr_array_add(p->threads, t);
    if (p->gdb && !gdb_start(t)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "-g: no thread for the debugger");
        return EXIT_CANNOT_RUN;
    }
    thread_run(t);
    /* the first thread has ended: the process lives as long as there are others */
    thread_ends(t);
    g_mutex_lock(&p->threads_lock);
    while (p->threads->len) {
        g_cond_wait(&p->threads_cond, &p->threads_lock);
    }
    g_mutex_unlock(&p->threads_lock);
    gdb_exits(p, NULL, 'W', p->status);
    _exit(p->status);
}

/* Newly allocated, without links. The kernel knows it: realpath(3) asks about each folder on the way. */
static char *whole_path(int fd, const char *path)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    char text[PATH_MAX], *ret;
    ssize_t n = readlink(link, text, sizeof(text) - 1);

    if (n > 0 && *text == '/') {
        text[n] = '\0';
        if (!g_str_has_suffix(text, " (deleted)")) {
            return g_strdup(text);
        }
    }
    ret = realpath(path, NULL);
    return ret ? ret : g_strdup(path);
}

int linux_user_main(ModuleLoader *ml, const char *arch, int argc, char **argv, GError **error)
{
    g_auto(GStrv) env = g_get_environ();
    UserOptions *o = options_new(env);
    g_autoptr(GError) why = NULL;
    Process *p;
    int status, at = user_options_parse(o, argc, argv, &status, error), fd;
    const char *path, *program_arch;
    TypeRegistry *types;
    char **args;

    if (at < 0) {
        return status;
    }
    if (at == argc) {
        return list_cpus(ml, arch);
    }
    path = argv[at];
    args = argv + at;
    if (getauxval(AT_FLAGS) & PRESERVED_ARGV0 && argc - at >= 2) {
        args++;                                 /* binfmt_misc's flag P: argv[0] as the program was called is next */
    }
    p = g_new0(Process, 1);
    p->o = o;
    p->ml = ml;
    p->name = path;
    g_mutex_init(&p->threads_lock);
    g_cond_init(&p->threads_cond);
    p->threads = g_ptr_array_new();
    p->idle_cpus = g_ptr_array_new();
    errno = 0;
    fd = (int)getauxval(AT_EXECFD);             /* binfmt_misc's flag O: opened already, perhaps not readable by us */
    if (errno) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        follow_scripts(p, &fd, &path, &args);
    }
    if (fd < 0) {
        bool missing = errno == ENOENT || errno == ENOTDIR;
        g_autofree char *text = g_strdup_printf("%s: %s", path, g_strerror(errno));

        refuse(missing ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, text);
    }
    if (o->gdb && !gdb_open(p, o->gdb, &why)) {
        refuse(EXIT_FAILURE, why->message);
    }
    p->exe = whole_path(fd, path);
    types = module_loader_types(ml);
    if (!find_target(p, types, fd, path, &program_arch, &why)) {
        refuse(EXIT_CANNOT_RUN, why->message);
    }
    if (!find_cpu(p, program_arch, &why)) {
        refuse(EXIT_FAILURE, why->message);     /* as for each other option */
    }
    if (!make_machine(p, types, &why)) {
        refuse(EXIT_CANNOT_RUN, why->message);
    }
    status = run(p, fd, path, args, &why);
    refuse(status, why->message);
}
