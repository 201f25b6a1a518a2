/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of IEEE binary32. */
#define FMT      f32
#define FMT_BITS 32
#include "modules/fpu/ops_int.h"
#include "modules/fpu/ops_ieee_int.h"
