/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuers.h: those who issued what an end entity has downloaded, kept in its folder (issuers.oer: certificates one after another, the
 * newest first).
 *
 * Chain files are signed by nobody, and one that lacks a PCA must not silence the devices that the PCA certified. What is kept is a
 * candidate like what lies in a chain file, and trusted for nothing (trust rule B8): each is judged whenever it is used, so that a
 * revocation, or the end of a root, takes effect as ever.
 */
#ifndef COMPONENTS_EE_ISSUERS_H
#define COMPONENTS_EE_ISSUERS_H

#include "components/ee/device.h"

#define DEVICE_ISSUERS "issuers.oer"

/* Tells the trust store what is kept; after the device is opened. False: the file cannot be read, or without memory. */
SCMS_CHECKED bool ee_issuers_open(struct device *device, struct device_error *err);

/* Keeps those between the root and what was downloaded for this request, where they are valid now; those that have expired go. */
SCMS_CHECKED bool ee_issuers_keep(const struct device *device, const struct ee_request *request, struct scms_slice batch,
				  scms_time64 now, struct device_error *err);

#endif
