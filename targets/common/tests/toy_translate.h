/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The target's side of decode.h's contract, for toy.decode. */
#ifndef TARGETS_COMMON_TESTS_TOY_TRANSLATE_H
#define TARGETS_COMMON_TESTS_TOY_TRANSLATE_H

#include <glib.h>
#include "core/forward.h"

#define FEATURE(name) FEAT_##name,
enum {
#include "targets/common/tests/toy_features.def"
};
#undef FEATURE

struct DisasContext {
    uint64_t features[1];
    GString *log;               /* what the trans_ functions were given */
};

static inline const uint64_t *dc_features(const DisasContext *dc)
{
    return dc->features;
}

#endif
