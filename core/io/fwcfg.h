/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A firmware configuration device as boards fill it: numbered items and named files that firmware reads. The device
 * is a module's (fw_cfg_mem); its class carries these functions, so that a board needs nothing but the object.
 */
#ifndef CORE_IO_FWCFG_H
#define CORE_IO_FWCFG_H

#include "core/qom/device.h"

#define TYPE_FW_CFG "fw_cfg"                    /* abstract */

enum { FW_CFG_NB_CPUS = 0x05, FW_CFG_MAX_CPUS = 0x0f, FW_CFG_FILE_FIRST = 0x20 };

typedef struct FwCfgClass {
    DeviceClass parent;
    /* Replace what was there. data is copied; names have at most 55 characters. False with GError: no room. */
    bool (*add_item)(Device *dev, uint16_t key, const void *data, uint32_t len, GError **error);
    bool (*add_file)(Device *dev, const char *name, const void *data, uint32_t len, GError **error);
} FwCfgClass;

DECLARE_CLASS(FwCfgClass, FW_CFG, TYPE_FW_CFG)

#endif
