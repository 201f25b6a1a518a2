/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module loader: folders, manifests, the checks before a module's types are registered.
 * A manifest is a GKeyFile: [module] with name, abi and needs, then a group a kind of names, whose keys are types (or
 * names) and whose values are "name;arch;category;user or board;description".
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gmodule.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/exec/exec.h"
#include "core/io/net.h"
#include "core/isa.h"
#include "core/keyval.h"
#include "core/file.h"
#include "core/module.h"
#include "core/near.h"
#include "core/qom/machine.h"
#include "core/version.h"

#define MANIFEST_SUFFIX ".manifest"
#define FILE_PREFIX "chimera-"

static const char *const kind_groups[MODULE_NUM_KINDS] = {
    [MODULE_MACHINE] = "machines", [MODULE_CPU] = "cpus", [MODULE_DEVICE] = "devices",
    [MODULE_BACKEND] = "backends", [MODULE_TYPE] = "types", [MODULE_ISA] = "isas", [MODULE_ARCH] = "archs",
    [MODULE_ELF_MACHINE] = "elf-machines", [MODULE_INVOCATION] = "invocations",
};

typedef struct ModuleFile {
    char *name;
    char *so;                                   /* NULL: builtin */
    char *manifest;                             /* path, for errors; NULL: builtin */
    char *abi;                                  /* as the manifest says; NULL: builtin */
    const ChimeraModule *module;                /* once loaded */
    bool loading;                               /* to find needs that run in a circle */
    bool registered;
} ModuleFile;

struct ModuleLoader {
    GPtrArray *folders;                         /* (char *) */
    GHashTable *files;                          /* module name -> ModuleFile * */
    GHashTable *types;                          /* type name -> ModuleFile * */
    GPtrArray *names[MODULE_NUM_KINDS];         /* ModuleName * */
    bool sorted[MODULE_NUM_KINDS];
    GPtrArray *manifests;                       /* (char *) what was read: names are in there */
    GStringChunk *text;                         /* of other names */
};

static void file_free(void *p)
{
    ModuleFile *f = p;

    g_free(f->name);
    g_free(f->so);
    g_free(f->manifest);
    g_free(f->abi);
    g_free(f);
}

static const char *file_label(const ModuleFile *f)
{
    return f->so ? f->so : f->name;
}

/* The strings are not copied. */
static bool add_name(ModuleLoader *ml, ModuleNameKind kind, ModuleFile *f, const char *type, const char *name,
                     const char *arch, const char *category, bool by_user, const char *desc, GError **error)
{
    ModuleName *n = g_new(ModuleName, 1);

    *n = (ModuleName){ name, type, desc, arch, category, f->name, by_user };
    ml->sorted[kind] = false;
    g_ptr_array_add(ml->names[kind], n);
    if (kind <= MODULE_TYPE) {
        ModuleFile *other = g_hash_table_lookup(ml->types, type);

        if (other) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "type %s: two modules claim it: %s and %s: remove one",
                        type, file_label(other), file_label(f));
            return false;
        }
        g_hash_table_insert(ml->types, (char *)n->type, f);
    }
    return true;
}

/* -- manifests --------------------------------------------------------------------------------------------- */

static char escaped(char c)
{
    switch (c) {
    case 's': return ' ';
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    default: return c;
    }
}

/* The next field of a list, or NULL after the last. GKeyFile's escapes are taken out where they stand. */
static char *next_field(char **at)
{
    char *from = *at, *to = from, *first = from;

    if (!*from) {
        return NULL;
    }
    while (*from && *from != ';') {
        if (*from == '\\' && from[1]) {
            *to++ = escaped(from[1]);
            from += 2;
        } else {
            *to++ = *from++;
        }
    }
    *at = *from ? from + 1 : from;
    *to = '\0';
    return first;
}

/* A name of module f: "name;arch;category;user or board;description". */
static bool read_name(ModuleLoader *ml, ModuleNameKind kind, ModuleFile *f, const char *type, char *list, GError **error)
{
    const char *v[5];
    unsigned len = 0;

    for (const char *field; (field = next_field(&list)); len++) {
        if (len < G_N_ELEMENTS(v)) {
            v[len] = field;
        }
    }
    if (len == G_N_ELEMENTS(v)) {
        return add_name(ml, kind, f, type, v[0], v[1], v[2], strcmp(v[3], "user") == 0, v[4], error);
    }
    if (g_strcmp0(f->abi, CHIMERA_ABI) != 0) {
        return true;                            /* of another version: said when one of its names is asked for */
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: [%s] %s: expected five fields", f->manifest, kind_groups[kind],
                type);
    return false;
}

/* One line's key and value of a group that is a kind's; MODULE_NUM_KINDS: [module]. *f: the module, once it is named. */
static bool read_pair(ModuleLoader *ml, unsigned kind, ModuleFile **f, const char *folder, const char *path,
                      const char *key, char *value, GError **error)
{
    if (kind < MODULE_NUM_KINDS && *f) {
        return read_name(ml, kind, *f, key, value, error);
    }
    if (strcmp(key, "name") == 0 && !*f) {
        *f = g_new0(ModuleFile, 1);
        (*f)->name = g_strdup(value);
        (*f)->so = g_strconcat(folder, "/" FILE_PREFIX, value, "." G_MODULE_SUFFIX, NULL);
        (*f)->manifest = g_strdup(path);
    } else if (strcmp(key, "abi") == 0 && *f) {
        g_free((*f)->abi);
        (*f)->abi = g_strdup(value);
    } else if (!*f) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: %s: the module's name is to be the first", path, key);
        return false;
    }
    return true;
}

/* A small file of an open folder. NULL: it is not small, or cannot be read. */
static char *read_text(int folder, const char *name)
{
    char buf[8192], *text = NULL;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf)) : -1;

    if (n >= 0 && n < (ssize_t)sizeof(buf)) {
        text = g_malloc((size_t)n + 1);
        memcpy(text, buf, (size_t)n);
        text[n] = '\0';
    }
    if (fd >= 0) {
        close(fd);
    }
    return text;
}

/*
 * A GKeyFile, read by hand: every start of the program reads manifests, and with GLib's parser that takes a third of what
 * a static hello takes in all. Its groups and keys come in the order in which module_write_manifest writes them.
 */
static bool read_manifest(ModuleLoader *ml, const char *folder, int fd, const char *path, GError **error)
{
    char *text = read_text(fd, path + strlen(folder) + 1);
    unsigned kind = MODULE_NUM_KINDS + 1;       /* the group's; MODULE_NUM_KINDS: [module]; beyond: none that is known */
    ModuleFile *f = NULL;
    bool known = false;

    if (!text && !g_file_get_contents(path, &text, NULL, error)) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    g_ptr_array_add(ml->manifests, text);
    for (char *line = text, *next; line; line = next) {
        char *end = strchr(line, '\n'), *equals;

        next = end ? end + 1 : NULL;
        end = end ? end : line + strlen(line);
        *end = '\0';
        equals = strchr(line, '=');
        if (!*line || *line == '#') {
            continue;
        }
        if (*line == '[' && end[-1] == ']') {
            end[-1] = '\0';
            for (kind = 0; kind < MODULE_NUM_KINDS && strcmp(kind_groups[kind], line + 1) != 0; kind++) {
            }
            kind += kind == MODULE_NUM_KINDS && strcmp(line + 1, "module") != 0;
        } else if (*line == '[' || !equals) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: neither a group nor a key and its value: %s", path,
                        line);
            return false;
        } else if (kind <= MODULE_NUM_KINDS) {
            *equals = '\0';
            if (!read_pair(ml, kind, &f, folder, path, line, equals + 1, error)) {
                return false;
            }
            if (f && !known) {
                if (g_hash_table_contains(ml->files, f->name)) {
                    file_free(f);
                    return true;                /* an earlier folder's module of this name stands before it */
                }
                g_hash_table_insert(ml->files, f->name, f);
                known = true;
            }
        }
    }
    if (!f) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: it names no module", path);
    }
    return f;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether a module's name says that it brings no architecture. */
static bool is_of_machines(const char *name)
{
    return g_str_has_prefix(name, MODULE_PREFIX_HW) || g_str_has_prefix(name, MODULE_PREFIX_IO);
}

static bool is_chosen(const char *file, ModuleChoice choice)
{
    return g_str_has_prefix(file, FILE_PREFIX) && g_str_has_suffix(file, MANIFEST_SUFFIX) &&
           (choice == MODULES_ALL || !is_of_machines(file + strlen(FILE_PREFIX)));
}

/* GDir makes an error of a folder that does not exist, which takes longer than to read one. */
static bool read_folder(ModuleLoader *ml, const char *folder, ModuleChoice choice, GError **error)
{
    DIR *dir = opendir(folder);
    g_autoptr(GPtrArray) manifests = g_ptr_array_new_with_free_func(g_free);
    const struct dirent *e;
    bool ok = true;

    if (!dir) {
        return true;
    }
    while ((e = readdir(dir))) {
        if (is_chosen(e->d_name, choice)) {
            g_ptr_array_add(manifests, g_strconcat(folder, "/", e->d_name, NULL));
        }
    }
    g_ptr_array_sort(manifests, compare_text);  /* the same order on every host */
    for (unsigned i = 0; ok && i < manifests->len; i++) {
        ok = read_manifest(ml, folder, dirfd(dir), manifests->pdata[i], error);
    }
    closedir(dir);
    return ok;
}

/* -- what a descriptor provides ------------------------------------------------------------------------------ */

static char *strip_suffix(const char *type, const char *arch, const char *kind)
{
    g_autofree char *suffix = g_strdup_printf("-%s", kind), *with_arch = g_strdup_printf("-%s", arch);
    char *name = g_strdup(type);

    if (g_str_has_suffix(name, suffix)) {
        name[strlen(name) - strlen(suffix)] = '\0';
        if (*arch && g_str_has_suffix(name, with_arch)) {
            name[strlen(name) - strlen(with_arch)] = '\0';
        }
    }
    return name;
}

static bool copy_name(ModuleLoader *ml, ModuleNameKind kind, ModuleFile *f, const char *type, const char *name,
                      const char *arch, const char *category, bool by_user, const char *desc, GError **error)
{
    GStringChunk *t = ml->text;

    return add_name(ml, kind, f, g_string_chunk_insert(t, type), g_string_chunk_insert(t, name),
                    g_string_chunk_insert(t, arch), g_string_chunk_insert(t, category), by_user,
                    g_string_chunk_insert(t, desc), error);
}

static bool describe_type(ModuleLoader *ml, ModuleFile *f, TypeRegistry *types, const TypeInfo *info, GError **error)
{
    ObjectClass *oc = type_class(types, info->name, error);
    ModuleNameKind kind = MODULE_TYPE;
    const char *arch = "", *category = "";
    g_autofree char *name = NULL;

    if (!oc) {
        return false;
    }
    if (!info->abstract && class_is_a(oc, TYPE_MACHINE)) {
        kind = MODULE_MACHINE;
        arch = MACHINE_CLASS(oc)->arch;
        name = strip_suffix(info->name, arch ? arch : "", "machine");
    } else if (!info->abstract && class_is_a(oc, TYPE_CPU)) {
        kind = MODULE_CPU;
        arch = CPU_CLASS(oc)->arch;
        name = strip_suffix(info->name, arch ? arch : "", "cpu");
    } else if (!info->abstract && class_is_a(oc, TYPE_DEVICE)) {
        kind = MODULE_DEVICE;
        category = DEVICE_CLASS(oc)->category;
    } else if (!info->abstract && info->user_creatable) {
        kind = MODULE_BACKEND;
    }
    return copy_name(ml, kind, f, info->name, name ? name : info->name, arch ? arch : "", category ? category : "",
                     info->user_creatable, info->desc ? info->desc : "", error);
}

static bool describe_module(ModuleLoader *ml, ModuleFile *f, TypeRegistry *types, GError **error)
{
    const ChimeraModule *m = f->module;

    for (unsigned i = 0; m->types && m->types[i]; i++) {
        if (!describe_type(ml, f, types, m->types[i], error)) {
            return false;
        }
    }
    for (unsigned i = 0; m->isas && m->isas[i]; i++) {
        copy_name(ml, MODULE_ISA, f, m->isas[i]->name, m->isas[i]->name, "", "", true, "", NULL);
    }
    for (const ModuleArch *a = m->archs; a && a->name; a++) {
        g_autofree char *elf = g_strdup_printf("%u-%u-%s", a->elf_machine, a->elf64 ? 64 : 32,
                                               a->big_endian ? "be" : "le");

        copy_name(ml, MODULE_ARCH, f, a->name, a->name, a->name, "", true, a->desc, NULL);
        if (a->elf_machine) {
            copy_name(ml, MODULE_ELF_MACHINE, f, elf, elf, a->name, "", true, a->desc, NULL);
        }
        for (unsigned i = 0; a->system_names && a->system_names[i]; i++) {
            copy_name(ml, MODULE_INVOCATION, f, a->system_names[i], a->system_names[i], a->name, "system", true,
                     a->desc, NULL);
        }
        for (unsigned i = 0; a->user_names && a->user_names[i]; i++) {
            copy_name(ml, MODULE_INVOCATION, f, a->user_names[i], a->user_names[i], a->name, "user", true, a->desc,
                     NULL);
        }
    }
    return true;
}

/* -- loading ----------------------------------------------------------------------------------------------- */

bool module_register(TypeRegistry *types, const ChimeraModule *module, GError **error)
{
    for (unsigned i = 0; module->types && module->types[i]; i++) {
        if (!type_register(types, module->types[i], error)) {
            g_prefix_error(error, "module %s: ", module->name);
            return false;
        }
    }
    if (module->interface) {
        type_registry_add_interface(types, module->name, module->interface);
    }
    return true;
}

static bool check_abi(const char *so, const char *abi, GError **error)
{
    if (!abi || strcmp(abi, CHIMERA_ABI) != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED,
                    "%s: built for ABI %s, this program has %s: build the module against its headers", so,
                    abi ? abi : "(none)", CHIMERA_ABI);
        return false;
    }
    return true;
}

/* Whether the file holds all that its ELF header says is loaded: the dynamic linker would die on one cut short. */
static bool is_whole(int fd)
{
    struct stat st;
    Elf64_Ehdr eh;
    Elf64_Phdr ph[32];
    size_t size;

    if (fstat(fd, &st) < 0 || pread(fd, &eh, sizeof(eh), 0) != sizeof(eh)) {
        return false;
    }
    size = (size_t)st.st_size;
    if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_phentsize != sizeof(Elf64_Phdr) || eh.e_phoff > size ||
        eh.e_phnum > (size - eh.e_phoff) / sizeof(Elf64_Phdr) || eh.e_phnum > G_N_ELEMENTS(ph) ||
        pread(fd, ph, eh.e_phnum * sizeof(Elf64_Phdr), (off_t)eh.e_phoff) != (ssize_t)(eh.e_phnum * sizeof(Elf64_Phdr))) {
        return false;
    }
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD && (ph[i].p_offset > size || ph[i].p_filesz > size - ph[i].p_offset)) {
            return false;
        }
    }
    return true;
}

static bool check_whole(const char *so, GError **error)
{
    int fd = open(so, O_RDONLY | O_CLOEXEC), code = errno;
    bool ok = fd >= 0 && is_whole(fd);

    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "%s: %s", so, g_strerror(code));
        return false;
    }
    close(fd);
    if (!ok) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: cannot be loaded: not a whole shared object", so);
    }
    return ok;
}

/* Opens a file and returns its descriptor, checked. The module stays open for the life of the process. */
static const ChimeraModule *open_module(const char *so, const char *name, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(so, NULL);  /* the loader looks elsewhere for a name without a folder */
    const ChimeraModule *m;
    void *symbol;
    GModule *gm;

    if (!g_file_test(so, G_FILE_TEST_EXISTS)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: no such file", so);
        return NULL;
    }
    if (!check_whole(so, error)) {
        return NULL;
    }
    gm = g_module_open(path, G_MODULE_BIND_LOCAL);
    if (!gm) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: cannot be loaded: %s", so, g_module_error());
        return NULL;
    }
    m = g_module_symbol(gm, "chimera_module", &symbol) ? symbol : NULL;
    if (!m) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: not a module: it exports no chimera_module", so);
    } else if (!check_abi(so, m->abi, error)) {
        m = NULL;
    } else if (name && strcmp(m->name, name) != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: its name is %s, not %s", so, m->name, name);
        m = NULL;
    }
    if (m) {
        g_module_make_resident(gm);
    } else {
        g_module_close(gm);
    }
    return m;
}

static char *folder_list(ModuleLoader *ml)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < ml->folders->len; i++) {
        g_string_append_printf(s, "%s%s", i ? ", " : "", (char *)ml->folders->pdata[i]);
    }
    return g_string_free(s, FALSE);
}

const ChimeraModule *module_load(ModuleLoader *ml, TypeRegistry *types, const char *name, GError **error)
{
    ModuleFile *f = g_hash_table_lookup(ml->files, name);

    if (!f) {
        g_autofree char *folders = folder_list(ml);

        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "module %s: not in %s", name, folders);
        return NULL;
    }
    if (f->registered) {
        return f->module;
    }
    if (f->loading) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: it needs itself", file_label(f));
        return NULL;
    }
    if (!f->module) {
        if (!check_abi(f->so, f->abi, error)) {
            return NULL;
        }
        f->module = open_module(f->so, f->name, error);
        if (!f->module) {
            return NULL;
        }
    }
    f->loading = true;
    for (unsigned i = 0; f->module->needs && f->module->needs[i]; i++) {
        if (!module_load(ml, types, f->module->needs[i], error)) {
            g_prefix_error(error, "%s: needs ", file_label(f));
            f->loading = false;
            return NULL;
        }
    }
    f->loading = false;
    if (!module_register(types, f->module, error)) {
        g_prefix_error(error, "%s: ", file_label(f));
        return NULL;
    }
    f->registered = true;
    return f->module;
}

bool module_load_for_type(ModuleLoader *ml, TypeRegistry *types, const char *type, GError **error)
{
    ModuleFile *f = g_hash_table_lookup(ml->types, type);

    if (!f) {
        NearNames *near = near_new(type);
        g_autofree char *text = NULL;

        for (unsigned kind = 0; kind <= MODULE_TYPE; kind++) {
            const GPtrArray *names = module_names(ml, kind);

            for (unsigned i = 0; i < names->len; i++) {
                near_add(near, ((const ModuleName *)names->pdata[i])->type);
            }
        }
        text = near_finish(near);
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown type%s", type, text);
        return false;
    }
    if (f->registered) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: its manifest promises type %s, which it has not",
                    file_label(f), type);
        return false;
    }
    return module_load(ml, types, f->name, error) != NULL;
}

static bool load_type(void *opaque, TypeRegistry *types, const char *name, GError **error)
{
    return module_load_for_type(opaque, types, name, error);
}

/* Beside core/qom's own, the types that modules derive from. */
static const TypeInfo *const base_types[] = { &netdev_type };

static TypeRegistry *new_registry(TypeLoadFn *load, void *opaque)
{
    TypeRegistry *types = type_registry_new(load, opaque);

    exec_register_types(types);
    for (unsigned i = 0; i < G_N_ELEMENTS(base_types); i++) {
        bool ok = type_register(types, base_types[i], NULL);

        g_assert(ok);
    }
    return types;
}

TypeRegistry *module_loader_types(ModuleLoader *ml)
{
    return new_registry(load_type, ml);
}

/* -- the loader -------------------------------------------------------------------------------------------- */

static void add_folder(ModuleLoader *ml, char *folder)
{
    char *canonical = g_canonicalize_filename(folder, NULL);

    g_free(folder);
    if (g_ptr_array_find_with_equal_func(ml->folders, canonical, g_str_equal, NULL)) {
        g_free(canonical);
    } else {
        g_ptr_array_add(ml->folders, canonical);
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    const ModuleName *x = *(const ModuleName *const *)a, *y = *(const ModuleName *const *)b;
    int d = strcmp(x->name, y->name);

    return d ? d : strcmp(x->arch, y->arch);
}

static ModuleLoader *loader_alloc(void)
{
    ModuleLoader *ml = g_new0(ModuleLoader, 1);

    ml->folders = g_ptr_array_new_with_free_func(g_free);
    ml->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, file_free);
    ml->types = g_hash_table_new(g_str_hash, g_str_equal);
    ml->text = g_string_chunk_new(1024);
    ml->manifests = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < MODULE_NUM_KINDS; i++) {
        ml->names[i] = g_ptr_array_new_with_free_func(g_free);
    }
    return ml;
}

static bool add_builtin(ModuleLoader *ml, const ChimeraModule *const *builtin, GError **error)
{
    TypeRegistry *types = new_registry(NULL, NULL);
    bool ok = true;

    for (unsigned i = 0; ok && builtin[i]; i++) {
        ModuleFile *f = g_new0(ModuleFile, 1);

        f->name = g_strdup(builtin[i]->name);
        f->module = builtin[i];
        g_hash_table_insert(ml->files, f->name, f);
        ok = module_register(types, builtin[i], error);
    }
    for (unsigned i = 0; ok && builtin[i]; i++) {
        ok = describe_module(ml, g_hash_table_lookup(ml->files, builtin[i]->name), types, error);
    }
    type_registry_free(types);
    return ok;
}

static void add_folders(ModuleLoader *ml)
{
    const char *path = g_getenv("CHIMERA_MODULE_PATH");
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);

    if (path) {
        g_auto(GStrv) parts = g_strsplit(path, ":", -1);

        for (unsigned i = 0; parts[i]; i++) {
            if (*parts[i]) {
                add_folder(ml, g_strdup(parts[i]));
            }
        }
    }
    if (exe) {
        g_autofree char *bin = g_path_get_dirname(exe);

        add_folder(ml, g_build_filename(bin, "modules", NULL));
        add_folder(ml, g_build_filename(bin, CHIMERA_MODULE_DIR_FROM_BIN, NULL));
    }
}

ModuleLoader *module_loader_new(const ChimeraModule *const *builtin, ModuleChoice choice, GError **error)
{
    ModuleLoader *ml = loader_alloc();
    bool ok = true;

    add_folders(ml);
    if (builtin) {
        ok = add_builtin(ml, builtin, error);
    }
    for (unsigned i = 0; ok && i < ml->folders->len; i++) {
        ok = read_folder(ml, ml->folders->pdata[i], choice, error);
    }
    if (!ok) {
        module_loader_free(ml);
        return NULL;
    }
    return ml;
}

void module_loader_free(ModuleLoader *ml)
{
    if (ml) {
        for (unsigned i = 0; i < MODULE_NUM_KINDS; i++) {
            g_ptr_array_unref(ml->names[i]);
        }
        g_hash_table_unref(ml->types);
        g_hash_table_unref(ml->files);
        g_ptr_array_unref(ml->folders);
        g_string_chunk_free(ml->text);
        g_ptr_array_unref(ml->manifests);
        g_free(ml);
    }
}

const GPtrArray *module_names(ModuleLoader *ml, ModuleNameKind kind)
{
    if (!ml->sorted[kind]) {
        g_ptr_array_sort(ml->names[kind], compare_names);
        ml->sorted[kind] = true;
    }
    return ml->names[kind];
}

const ModuleName *module_find(ModuleLoader *ml, ModuleNameKind kind, const char *what, const char *name,
                              const char *arch, GError **error)
{
    const GPtrArray *names = module_names(ml, kind);
    const ModuleName *found = NULL;
    g_autoptr(GString) candidates = g_string_new(NULL);
    unsigned matches = 0;
    g_autofree char *text = NULL;
    NearNames *near;

    for (unsigned i = 0; i < names->len; i++) {
        const ModuleName *n = names->pdata[i];

        if (strcmp(n->type, name) == 0) {
            return n;
        }
        if (strcmp(n->name, name) == 0) {
            g_string_append_printf(candidates, "%s%s", candidates->len ? ", " : "", n->arch);
            if (!arch || strcmp(n->arch, arch) == 0) {
                found = n;
                matches++;
            }
        }
    }
    if (matches == 1) {
        return found;
    }
    if (candidates->len) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, matches ?
                    "%s %s: several architectures have it: choose one with -target: %s" :
                    "%s %s: not of this architecture: -target may be %s", what, name, candidates->str);
        return NULL;
    }
    near = near_new(name);
    for (unsigned i = 0; i < names->len; i++) {
        near_add(near, ((ModuleName *)names->pdata[i])->name);
    }
    text = near_finish(near);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s %s: unknown%s", what, name, text);
    return NULL;
}

/* -- writing manifests --------------------------------------------------------------------------------------- */

/* Registers a module and what it needs, without manifests: they may not be written yet. */
static const ChimeraModule *load_raw(ModuleLoader *ml, TypeRegistry *types, const char *so, GHashTable *done,
                                     GError **error)
{
    const ChimeraModule *m = open_module(so, NULL, error);
    g_autofree char *folder = g_path_get_dirname(so);

    if (!m || g_hash_table_contains(done, m->name)) {
        return m;
    }
    g_hash_table_add(done, (char *)m->name);
    for (unsigned i = 0; m->needs && m->needs[i]; i++) {
        g_autofree char *base = g_strdup_printf(FILE_PREFIX "%s." G_MODULE_SUFFIX, m->needs[i]);
        g_autofree char *file = g_build_filename(folder, base, NULL);

        for (unsigned n = 0; !g_file_test(file, G_FILE_TEST_EXISTS) && n < ml->folders->len; n++) {
            g_free(file);
            file = g_build_filename(ml->folders->pdata[n], base, NULL);
        }
        if (!load_raw(ml, types, file, done, error)) {
            g_prefix_error(error, "%s: needs ", so);
            return NULL;
        }
    }
    return module_register(types, m, error) ? m : NULL;
}

/* What has to do with architectures is for programs too, who go by modules' names (ModuleChoice). */
static bool check_names(const ModuleLoader *only, const ModuleFile *f, GError **error)
{
    const char *const *needs = f->module->needs, *bad = is_of_machines(f->name) ? f->name : NULL;

    if (!only->names[MODULE_CPU]->len && !only->names[MODULE_ISA]->len && !only->names[MODULE_ARCH]->len) {
        return true;
    }
    for (; needs && *needs && !bad; needs++) {
        bad = is_of_machines(*needs) ? *needs : NULL;
    }
    if (bad) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: a module with architectures or CPUs is not to be called "
                    MODULE_PREFIX_HW "* or " MODULE_PREFIX_IO "*, nor to need one that is: %s", f->so, bad);
    }
    return !bad;
}

bool module_write_manifest(const char *so, const char *manifest, GError **error)
{
    TypeRegistry *types = new_registry(NULL, NULL);
    ModuleLoader *only = loader_alloc();
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GKeyFile) kf = g_key_file_new();
    ModuleFile *f = g_new0(ModuleFile, 1);
    bool ok;

    add_folders(only);
    f->module = load_raw(only, types, so, done, error);
    f->name = g_strdup(f->module ? f->module->name : "");
    f->so = g_strdup(so);
    g_hash_table_insert(only->files, f->name, f);
    ok = f->module && describe_module(only, f, types, error) && check_names(only, f, error);
    if (ok) {
        g_key_file_set_string(kf, "module", "name", f->name);
        g_key_file_set_string(kf, "module", "abi", CHIMERA_ABI);
        if (f->module->needs) {
            g_key_file_set_string_list(kf, "module", "needs", f->module->needs,
                                       g_strv_length((char **)f->module->needs));
        }
        for (unsigned kind = 0; kind < MODULE_NUM_KINDS; kind++) {
            for (unsigned i = 0; i < only->names[kind]->len; i++) {
                const ModuleName *n = only->names[kind]->pdata[i];
                const char *const v[] = { n->name, n->arch, n->category, n->by_user ? "user" : "board", n->desc };

                g_key_file_set_string_list(kf, kind_groups[kind], n->type, v, G_N_ELEMENTS(v));
            }
        }
        gsize len;
        g_autofree char *text = g_key_file_to_data(kf, &len, NULL);

        ok = file_write(manifest, text, len, error);
    }
    module_loader_free(only);
    type_registry_free(types);
    return ok;
}
