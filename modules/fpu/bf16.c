/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of bfloat16. */
#define FMT bf16
#include "modules/fpu/ops_int.h"
