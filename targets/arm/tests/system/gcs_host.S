/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same as gcs_el0.S in the EL2&0 regime, where EL1's names of registers mean EL2's. */
        .set    HOST, 1
        .include "gcs_el0.S"
