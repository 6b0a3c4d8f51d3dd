/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_make.h: an end entity's folder, for those who make it, open it and keep things in it (device.h).
 */
#ifndef COMPONENTS_EE_DEVICE_MAKE_H
#define COMPONENTS_EE_DEVICE_MAKE_H

#include "components/ee/device.h"

#define DEVICE_SETTINGS "device.json"
#define DEVICE_KEY "device.key"
#define DEVICE_STATE "state"
#define DEVICE_STORE "store"
#define DEVICE_RA "ra.coer"
#define DEVICE_TLS_ROOTS "tls-roots.pem"

#define DEVICE_PATH_BYTES 4096

/* The path of a file in the folder. False: it is too long. */
SCMS_CHECKED bool device_path(const struct device *device, const char *name, char path[DEVICE_PATH_BYTES],
			      struct device_error *err);

/* The content of a file in the folder, of at most limit bytes; to be freed. */
SCMS_CHECKED bool device_file_read(const struct device *device, const char *name, size_t limit, struct scms_slice *bytes,
				   struct device_error *err);

#endif
