/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expressions in commands: 64-bit integers with C's operators and precedence, and a CPU's registers by $NAME. */
#include <string.h>
#include "core/bits.h"
#include "core/keyval.h"
#include "core/monitor/monitor_int.h"

enum { MAX_DEPTH = 32 };

typedef struct Parser {
    CPUState *cs;
    const char *at;
    GError **error;
    unsigned depth;
    bool failed;
} Parser;

static uint64_t fail(Parser *p, const char *why)
{
    if (!p->failed) {
        p->failed = true;
        g_set_error(p->error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s at '%.20s'", why, p->at);
    }
    return 0;
}

static void blanks(Parser *p)
{
    p->at += strspn(p->at, " \t");
}

static uint64_t reg(Parser *p)
{
    size_t n = strspn(p->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    g_autofree char *name = g_strndup(p->at, n);
    g_autoptr(GArray) features = p->cs ? debug_features(p->cs) : NULL;
    const DebugReg *r = debug_reg_find(features, name);
    uint8_t buf[DEBUG_REG_MAX] = { 0 };

    if (!r || r->bits > 64) {
        return fail(p, "no such register");
    }
    if (!debug_reg_read(p->cs, r, buf)) {
        return fail(p, "this register cannot be read now");
    }
    p->at += n;
    return ldq_le_p(buf);
}

static uint64_t expr(Parser *p, unsigned min_prec);

static uint64_t operand(Parser *p)
{
    uint64_t v;
    char *end;

    blanks(p);
    switch (*p->at) {
    case '(':
        p->at++;
        v = expr(p, 0);
        blanks(p);
        if (*p->at != ')') {
            return fail(p, "expected )");
        }
        p->at++;
        return v;
    case '-':
    case '~':
    case '+':
    case '!': {
        char op = *p->at++;

        if (++p->depth > MAX_DEPTH) {
            return fail(p, "too deep");
        }
        v = operand(p);
        p->depth--;
        return op == '-' ? -v : op == '~' ? ~v : op == '!' ? !v : v;
    }
    case '$':
        p->at++;
        return reg(p);
    default:
        if (!g_ascii_isdigit(*p->at)) {
            return fail(p, "expected a number, $REGISTER or (");
        }
        v = g_ascii_strtoull(p->at, &end, 0);
        p->at = end;
        return v;
    }
}

static const struct Op {
    const char *text;
    unsigned prec;
} ops[] = {                                     /* two characters before one */
    { "<<", 4 }, { ">>", 4 }, { "*", 6 }, { "/", 6 }, { "%", 6 }, { "+", 5 }, { "-", 5 }, { "&", 3 }, { "^", 2 }, { "|", 1 },
};

static uint64_t apply(Parser *p, const char *op, uint64_t a, uint64_t b)
{
    switch (*op) {
    case '<':
        return b < 64 ? a << b : 0;
    case '>':
        return b < 64 ? a >> b : 0;
    case '*':
        return a * b;
    case '/':
    case '%':
        if (b == 0) {
            return fail(p, "division by zero");
        }
        return *op == '/' ? a / b : a % b;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '&':
        return a & b;
    case '^':
        return a ^ b;
    default:
        return a | b;
    }
}

static uint64_t expr(Parser *p, unsigned min_prec)
{
    uint64_t v;

    if (++p->depth > MAX_DEPTH) {
        return fail(p, "too deep");
    }
    v = operand(p);
    for (bool more = true; more && !p->failed;) {
        more = false;
        blanks(p);
        for (unsigned i = 0; i < G_N_ELEMENTS(ops) && !more; i++) {
            if (ops[i].prec > min_prec && g_str_has_prefix(p->at, ops[i].text)) {
                p->at += strlen(ops[i].text);
                v = apply(p, ops[i].text, v, expr(p, ops[i].prec));
                more = true;
            }
        }
    }
    p->depth--;
    return v;
}

bool monitor_eval(CPUState *cs, const char *text, uint64_t *ret, GError **error)
{
    Parser p = { .cs = cs, .at = text, .error = error };
    uint64_t v = expr(&p, 0);

    blanks(&p);
    if (!p.failed && *p.at) {
        fail(&p, "unexpected");
    }
    if (!p.failed) {
        *ret = v;
    }
    return !p.failed;
}
