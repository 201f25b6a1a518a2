/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block backends: a drive as a device sees it. Formats are modules; raw is built in. Requests are asynchronous: the
 * callback runs in the main loop's thread with the machine lock held, never before the request call has returned.
 */
#ifndef CORE_IO_BLOCK_H
#define CORE_IO_BLOCK_H

#include <glib.h>
#include "core/qom/object.h"

#define BLOCK_SECTOR 512

/* ret: 0, or a negative errno. */
typedef void BlockDoneFn(void *opaque, int ret);

const char *block_id(const BlockBackend *blk);
uint64_t block_size(const BlockBackend *blk);           /* bytes, a multiple of 512 */
bool block_readonly(const BlockBackend *blk);
/* One device a drive. False with GError if another has it. */
bool block_attach(BlockBackend *blk, const void *device, GError **error);
void block_detach(BlockBackend *blk, const void *device);
/* Buffers stay the caller's until the callback. offset and len are multiples of 512; out of range is -EINVAL. */
void block_read(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len, BlockDoneFn *done, void *opaque);
void block_write(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len, BlockDoneFn *done, void *opaque);
/* Everything whose callback has run before is on stable storage when this one's runs. */
void block_flush(BlockBackend *blk, BlockDoneFn *done, void *opaque);
/*
 * Whether the guest may give parts of the image back to the host; at first it may not, and a drive keeps its device
 * from offering it. To be set before a device is there.
 */
void block_set_discards(BlockBackend *blk, bool on);
bool block_discards(const BlockBackend *blk);
/*
 * zero: the range reads as zeros afterwards; otherwise its contents are undefined. Without block_discards the host
 * gets nothing back: zeros are written, and contents stay as they are.
 */
void block_discard(BlockBackend *blk, uint64_t offset, uint64_t len, bool zero, BlockDoneFn *done, void *opaque);
/* At once, any alignment, for flash. */
bool block_read_sync(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len, GError **error);
bool block_write_sync(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len, GError **error);
/* Waits for what is under way and runs its callbacks. The machine lock is held. */
void block_drain(BlockBackend *blk);

/*
 * file, format ("raw" or NULL: raw), readonly, snapshot (writes go to a temporary overlay). The image is locked
 * against a second writer. NULL with GError. context NULL: callbacks run in block_drain alone, in the
 * requests' order (unit tests, counted mode).
 */
BlockBackend *block_open(Object *backends, const char *id, const char *file, const char *format, bool readonly,
                         bool snapshot, GMainContext *context, GError **error);
BlockBackend *block_find(Object *backends, const char *id);

#endif
