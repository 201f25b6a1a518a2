/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of helper.def, for the translation library. */
#include "targets/arm/helper.h"

#define HELPER(name, ret, flags, reads, writes, ...) HELPER_ROW(arm_helper_, name, ret, flags, reads, writes, ##__VA_ARGS__)
#include "targets/arm/helper.def"
#undef HELPER
