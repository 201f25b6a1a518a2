/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of bfloat16. */
#define FMT bf16
#define FMT_RARE
#include "modules/fpu/ops_int.h"
