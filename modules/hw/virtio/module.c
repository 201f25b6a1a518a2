/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Module hw-virtio: virtio devices and their transport. */
#include "core/module.h"
#include "modules/hw/virtio/virtio.h"

static const TypeInfo *const types[] = {
    &virtio_device_type, &virtio_mmio_type, &virtio_blk_type, &virtio_net_type, &virtio_rng_type,
    &virtio_serial_type, &virtconsole_type, NULL
};

CHIMERA_MODULE(.name = "hw-virtio", .types = types);
