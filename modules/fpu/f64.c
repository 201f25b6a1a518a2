/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of IEEE binary64. */
#define FMT      f64
#define FMT_BITS 64
#include "modules/fpu/ops_int.h"
#include "modules/fpu/ops_ieee_int.h"
