/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that do something: run control, memory, objects, the log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/bits.h"
#include "core/exec/exec.h"
#include "core/log.h"
#include "core/monitor/monitor_int.h"

enum { MAX_COUNT = 65536, ROW_BYTES = 16, MAX_INSN = 16, SAVE_PIECE = 65536 };

/* Prints the error, which goes. */
static void print_error(MonitorCall *c, GError *error)
{
    monitor_print(c, "%s\n", error->message);
    g_error_free(error);
}

static bool eval(MonitorCall *c, const char *text, uint64_t *ret)
{
    GError *error = NULL;

    if (!monitor_eval(monitor_cpu(c->mon), text, ret, &error)) {
        print_error(c, error);
        return false;
    }
    return true;
}

/* -- run control ----------------------------------------------------------------------------------------------------- */

static void do_stop(MonitorCall *c)
{
    exec_pause(c->m);
}

static void do_cont(MonitorCall *c)
{
    exec_resume(c->m);
}

static void do_reset(MonitorCall *c)
{
    machine_request_reset(c->m);
}

static void do_powerdown(MonitorCall *c)
{
    const MachineClass *mc = MACHINE_CLASS_OF(c->m);

    if (!mc->powerdown) {
        monitor_print(c, "this machine has no power button\n");
        return;
    }
    machine_lock(c->m);
    mc->powerdown(c->m);
    machine_unlock(c->m);
}

static void do_quit(MonitorCall *c)
{
    machine_request_quit(c->m);
}

static void do_cpu(MonitorCall *c)
{
    uint64_t n;

    if (eval(c, c->args[0], &n)) {
        if (n >= c->m->cpus->len) {
            monitor_print(c, "cpu: there are CPUs 0 to %u\n", c->m->cpus->len - 1);
        } else {
            monitor_set_cpu(c->mon, c->m->cpus->pdata[n]);
        }
    }
}

/* -- values ----------------------------------------------------------------------------------------------------------- */

typedef struct Format {
    unsigned count, size;                       /* size 0: none given */
    char kind;                                  /* x d u o c i s; 0: none given */
} Format;

static bool parse_format(MonitorCall *c, Format *ret)
{
    const char *p = c->format ? c->format : "";

    *ret = (Format){ .count = 1 };
    if (g_ascii_isdigit(*p)) {
        uint64_t n = g_ascii_strtoull(p, (char **)&p, 10);

        ret->count = (unsigned)MIN(n, MAX_COUNT);
    }
    for (; *p; p++) {
        switch (*p) {
        case 'b':
            ret->size = 1;
            break;
        case 'h':
            ret->size = 2;
            break;
        case 'w':
            ret->size = 4;
            break;
        case 'g':
            ret->size = 8;
            break;
        case 'x': case 'd': case 'u': case 'o': case 'c': case 'i': case 's':
            ret->kind = *p;
            break;
        default:
            monitor_print(c, "/%s: expected a count, one of x d u o c i, and a size b h w g\n", c->format);
            return false;
        }
    }
    return true;
}

static void print_value(MonitorCall *c, uint64_t v, char kind, unsigned size)
{
    int64_t sv = sign_extend64(v, 8 * size);

    v &= mask64(0, 8 * size);
    switch (kind) {
    case 'd':
        monitor_print(c, "%" G_GINT64_FORMAT, sv);
        break;
    case 'u':
        monitor_print(c, "%" G_GUINT64_FORMAT, v);
        break;
    case 'o':
        monitor_print(c, "0%" G_GINT64_MODIFIER "o", v);
        break;
    case 'c':
        monitor_print(c, g_ascii_isprint((char)v) ? "'%c'" : "'\\x%02x'", (int)(v & 0xff));
        break;
    default:
        monitor_print(c, "0x%0*" G_GINT64_MODIFIER "x", (int)(2 * size), v);
        break;
    }
}

/* print/FORMAT EXPRESSION */
static void do_print(MonitorCall *c)
{
    Format f;
    uint64_t v;

    if (parse_format(c, &f) && eval(c, c->text, &v)) {
        unsigned size = f.size ? f.size : 8;

        if (!f.size && (!f.kind || f.kind == 'x')) {
            monitor_print(c, "0x%" G_GINT64_MODIFIER "x", v);
        } else {
            print_value(c, v, f.kind, size);
        }
        monitor_print(c, "\n");
    }
}

/* -- memory ------------------------------------------------------------------------------------------------------------ */

static size_t read_memory(CPUState *cs, uint64_t addr, void *buf, size_t len, bool phys)
{
    return phys ? debug_read_phys(cs, addr, buf, len) : debug_read(cs, addr, buf, len);
}

static void cannot_access(MonitorCall *c, uint64_t addr)
{
    monitor_print(c, "cannot access memory at 0x%" G_GINT64_MODIFIER "x\n", addr);
}

static void disassemble(MonitorCall *c, CPUState *cs, uint64_t addr, unsigned count, bool phys)
{
    const CPUClass *cc = CPU_CLASS_OF(cs);

    for (unsigned i = 0; i < count; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        uint8_t buf[MAX_INSN];
        unsigned len = 1u << cc->insn_align;
        size_t got = read_memory(cs, addr, buf, sizeof(buf), phys);

        if (!got) {
            cannot_access(c, addr);
            return;
        }
        if (cc->describe_insn) {
            cc->describe_insn(cs, buf, (unsigned)got, text, &len);
        }
        len = CLAMP(len, 1, (unsigned)got);
        monitor_print(c, "0x%016" G_GINT64_MODIFIER "x:  ", addr);
        for (unsigned k = 0; k < len; k++) {
            monitor_print(c, "%02x", buf[k]);
        }
        monitor_print(c, "  %s\n", text->str);
        addr += len;
    }
}

/* The numbers are little-endian, as the registers of a debugger are. */
static void dump(MonitorCall *c, CPUState *cs, uint64_t addr, const Format *f, bool phys)
{
    unsigned size = f->kind == 'c' ? 1 : f->size ? f->size : 4, per_row = ROW_BYTES / size;

    for (unsigned i = 0; i < f->count; i++, addr += size) {
        uint8_t buf[8] = { 0 };

        if (read_memory(cs, addr, buf, size, phys) < size) {
            monitor_print(c, i % per_row ? "\n" : "");
            cannot_access(c, addr);
            return;
        }
        if (i % per_row == 0) {
            monitor_print(c, "%016" G_GINT64_MODIFIER "x:", addr);
        }
        monitor_print(c, " ");
        print_value(c, ldq_le_p(buf), f->kind ? f->kind : 'x', size);
        if (i % per_row == per_row - 1 || i == f->count - 1) {
            monitor_print(c, "\n");
        }
    }
}

static void examine(MonitorCall *c, bool phys)
{
    CPUState *cs = monitor_cpu(c->mon);
    uint64_t addr;
    Format f;

    if (!cs || !parse_format(c, &f) || !eval(c, c->text, &addr)) {
        return;
    }
    if (f.kind == 'i') {
        disassemble(c, cs, addr, f.count, phys);
    } else {
        dump(c, cs, addr, &f, phys);
    }
}

static void do_x(MonitorCall *c)
{
    examine(c, false);
}

static void do_xp(MonitorCall *c)
{
    examine(c, true);
}

static void save(MonitorCall *c, bool phys)
{
    g_autofree uint8_t *buf = g_malloc(SAVE_PIECE);
    CPUState *cs = monitor_cpu(c->mon);
    uint64_t addr, len;
    FILE *f;

    if (!cs || !eval(c, c->args[0], &addr) || !eval(c, c->args[1], &len)) {
        return;
    }
    f = fopen(c->args[2], "wb");
    if (!f) {
        monitor_print(c, "%s: %s\n", c->args[2], g_strerror(errno));
        return;
    }
    while (len) {
        size_t n = MIN(len, SAVE_PIECE), got = read_memory(cs, addr, buf, n, phys);

        if (fwrite(buf, 1, got, f) != got) {
            monitor_print(c, "%s: %s\n", c->args[2], g_strerror(errno));
            break;
        }
        if (got < n) {
            cannot_access(c, addr + got);
            break;
        }
        addr += n;
        len -= n;
    }
    if (fclose(f) != 0) {
        monitor_print(c, "%s: %s\n", c->args[2], g_strerror(errno));
    }
}

static void do_memsave(MonitorCall *c)
{
    save(c, false);
}

static void do_pmemsave(MonitorCall *c)
{
    save(c, true);
}

static void do_gva2gpa(MonitorCall *c)
{
    CPUState *cs = monitor_cpu(c->mon);
    MemTxAttrs attrs;
    hwaddr paddr;
    uint64_t addr;

    if (cs && eval(c, c->text, &addr)) {
        if (debug_translate(cs, addr, &paddr, &attrs)) {
            monitor_print(c, "gpa: 0x%" G_GINT64_MODIFIER "x\n", paddr);
        } else {
            monitor_print(c, "not mapped\n");
        }
    }
}

/* -- objects ------------------------------------------------------------------------------------------------------------ */

static Object *resolve(MonitorCall *c, const char *path)
{
    bool ambiguous = false;
    Object *obj = object_resolve(&c->m->parent.parent, path, &ambiguous);

    if (!obj) {
        monitor_print(c, "%s: %s\n", path, ambiguous ? "several objects have this name: give a path" : "no such object");
    }
    return obj;
}

static void list_property(const Property *p, void *opaque)
{
    monitor_print(opaque, "%s (%s)\n", p->name, property_type_name(p->type));
}

static void do_qom_list(MonitorCall *c)
{
    Object *obj = resolve(c, c->num_args ? c->args[0] : "/machine");

    if (!obj) {
        return;
    }
    for (unsigned i = 0; obj->children && i < obj->children->len; i++) {
        const Object *child = obj->children->pdata[i];

        monitor_print(c, "%s (child<%s>)\n", child->name, child->oc->info->name);
    }
    class_foreach_property(obj->oc, list_property, c);
}

static void do_qom_get(MonitorCall *c)
{
    Object *obj = resolve(c, c->args[0]);
    GError *error = NULL;
    g_autofree char *text = NULL;

    if (obj) {
        machine_lock(c->m);
        text = object_get(obj, c->args[1], &error);
        machine_unlock(c->m);
        if (text) {
            monitor_print(c, "%s\n", text);
        } else {
            print_error(c, error);
        }
    }
}

static void do_qom_set(MonitorCall *c)
{
    Object *obj = resolve(c, c->args[0]);
    GError *error = NULL;
    bool ok;

    if (obj) {
        machine_lock(c->m);
        ok = object_set(obj, c->args[1], c->args[2], &error);
        machine_unlock(c->m);
        if (!ok) {
            print_error(c, error);
        }
    }
}

static bool add_path(Object *obj, void *opaque)
{
    g_ptr_array_add(opaque, object_path(obj));
    return true;
}

static void complete_object(Monitor *mon, unsigned n, GPtrArray *words)
{
    if (n == 0) {
        object_foreach(&mon->m->parent.parent, add_path, words);
    }
}

/* -- backends, the log --------------------------------------------------------------------------------------------------- */

static void do_send_break(MonitorCall *c)
{
    Chardev *chr = chardev_find(c->m->backends, c->args[0]);

    if (!chr) {
        monitor_print(c, "%s: no such chardev\n", c->args[0]);
        return;
    }
    machine_lock(c->m);
    chardev_send_break(chr);
    machine_unlock(c->m);
}

static void do_log(MonitorCall *c)
{
    GError *error = NULL;
    bool help = c->num_args && strcmp(c->args[0], "help") == 0;

    if (!c->num_args || help) {
        g_autofree char *text = log_help();

        monitor_print(c, "%s", text);
    } else if (!log_set(strcmp(c->args[0], "none") == 0 ? NULL : c->args[0], NULL, &error)) {
        print_error(c, error);
    }
}

static const MonitorCommand rows[] = {
    { "stop|s", NULL, "stop the CPUs", do_stop },
    { "cont|c", NULL, "let the CPUs go on", do_cont },
    { "system_reset", NULL, "reset the machine", do_reset },
    { "system_powerdown", NULL, "press the power button", do_powerdown },
    { "quit|q", NULL, "end the emulator", do_quit },
    { "cpu", "N", "which CPU commands are about", do_cpu, 1 },
    { "print|p", "[/FORMAT] EXPRESSION", "the value: numbers, $REGISTER, operators; format: x d u o c, b h w g", do_print, 1,
      .takes_format = true },
    { "x", "[/FORMAT] ADDRESS", "virtual memory; format: a count, x d u o c i (instructions), b h w g", do_x, 1,
      .takes_format = true },
    { "xp", "[/FORMAT] ADDRESS", "physical memory, as x", do_xp, 1,
      .takes_format = true },
    { "memsave", "ADDRESS SIZE FILE", "virtual memory to a file", do_memsave, 3 },
    { "pmemsave", "ADDRESS SIZE FILE", "physical memory to a file", do_pmemsave, 3 },
    { "gva2gpa", "ADDRESS", "the physical address of a virtual one", do_gva2gpa, 1 },
    { "qom-list", "[PATH]", "what is below an object, and its properties", do_qom_list, .complete = complete_object },
    { "qom-get", "PATH PROPERTY", "the value of a property", do_qom_get, 2, .complete = complete_object },
    { "qom-set", "PATH PROPERTY VALUE", "change a property", do_qom_set, 3, .complete = complete_object },
    { "chardev-send-break", "ID", "a line break, as if it came from the host", do_send_break, 1 },
    { "log", "ITEM[,...]|none", "what is logged; help lists the items", do_log },
};
const MonitorTable monitor_commands = { rows, G_N_ELEMENTS(rows), NULL };
