/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_make.h: names in an end entity's folder, for those who make and open it (device.h).
 */
#ifndef COMPONENTS_EE_DEVICE_MAKE_H
#define COMPONENTS_EE_DEVICE_MAKE_H

#define DEVICE_SETTINGS "device.json"
#define DEVICE_KEY "device.key"
#define DEVICE_STATE "state"
#define DEVICE_STORE "store"
#define DEVICE_RA "ra.coer"
#define DEVICE_TLS_ROOTS "tls-roots.pem"

#endif
