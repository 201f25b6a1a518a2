/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of IEEE binary16. */
#define FMT      f16
#define FMT_BITS 16
#include "modules/fpu/ops_int.h"
#include "modules/fpu/ops_ieee_int.h"
