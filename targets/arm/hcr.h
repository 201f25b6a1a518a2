/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fields of HCR_EL2 (Arm DDI 0487, D23.2). */
#ifndef TARGETS_ARM_HCR_H
#define TARGETS_ARM_HCR_H

#include <stdint.h>

#define HCR_VM     (UINT64_C(1) << 0)
#define HCR_PTW    (UINT64_C(1) << 2)
#define HCR_FMO    (UINT64_C(1) << 3)
#define HCR_IMO    (UINT64_C(1) << 4)
#define HCR_AMO    (UINT64_C(1) << 5)
#define HCR_VF     (UINT64_C(1) << 6)
#define HCR_VI     (UINT64_C(1) << 7)
#define HCR_VSE    (UINT64_C(1) << 8)
#define HCR_FB     (UINT64_C(1) << 9)
#define HCR_DC     (UINT64_C(1) << 12)
#define HCR_TWI    (UINT64_C(1) << 13)
#define HCR_TWE    (UINT64_C(1) << 14)
#define HCR_TSC    (UINT64_C(1) << 19)
#define HCR_TSW    (UINT64_C(1) << 22)
#define HCR_TPCP   (UINT64_C(1) << 23)
#define HCR_TPU    (UINT64_C(1) << 24)
#define HCR_TTLB   (UINT64_C(1) << 25)
#define HCR_TGE    (UINT64_C(1) << 27)
#define HCR_TDZ    (UINT64_C(1) << 28)
#define HCR_HCD    (UINT64_C(1) << 29)
#define HCR_E2H    (UINT64_C(1) << 34)
#define HCR_TLOR   (UINT64_C(1) << 35)
#define HCR_TERR   (UINT64_C(1) << 36)
#define HCR_APK    (UINT64_C(1) << 40)
#define HCR_API    (UINT64_C(1) << 41)
#define HCR_AT     (UINT64_C(1) << 44)
#define HCR_TICAB  (UINT64_C(1) << 50)
#define HCR_TOCU   (UINT64_C(1) << 52)
#define HCR_TTLBIS (UINT64_C(1) << 54)
#define HCR_TTLBOS (UINT64_C(1) << 55)
#define HCR_ATA    (UINT64_C(1) << 56)
#define HCR_DCT    (UINT64_C(1) << 57)
#define HCR_TID5   (UINT64_C(1) << 58)

#endif
