/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/device.h: an end entity's messages, for device makers: signed with the certificate of the moment, and judged under the
 * device's own trust store.
 *
 * A device is a folder that `scms-ee init` made and `scms-ee run` keeps supplied with policy, chain file, CRL and
 * certificates. While a program has it open, `scms-ee` does not change it: call scms_device_refresh() to let go of it and
 * take it up again. Where the folder's files are not to be files, use the trust library (scms/trust.h) and the engine
 * (scms/verify.h) below this one.
 *
 *     struct scms_device *device = scms_device_open("car", &error);
 *     size_t n = scms_device_sign(device, 0x20, payload, SCMS_ATTACH, message, sizeof(message), &error);
 *     enum scms_device_verdict verdict = scms_device_verify(device, (struct scms_slice){message, n}, &received, &error);
 *
 * Time is the system's. One thread at a time.
 */
#ifndef SCMS_DEVICE_H
#define SCMS_DEVICE_H

#include <scms/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scms_device;

/* Why something failed or was refused, for people. */
struct scms_device_error {
	char text[512];
};

/* Opens a device's folder. NULL: error says why. */
SCMS_API struct scms_device *scms_device_open(const char *path, struct scms_device_error *error);
SCMS_API void scms_device_close(struct scms_device *device); /* NULL is allowed */

/* Lets go of the folder and opens it again, after scms-ee or another process has changed it. False: it cannot be opened now. */
SCMS_API bool scms_device_refresh(struct scms_device *device, struct scms_device_error *error);

/* Does the message carry the certificate, or only its HashedId8? Senders of BSMs attach it once a second. */
enum scms_device_signer { SCMS_ATTACH, SCMS_DIGEST };

/*
 * Signs payload (it becomes unsecuredData) under a PSID into out, as an Ieee1609Dot2Data: a vehicle signs basic safety messages
 * and misbehaviour reports (0x20, 0x26) with a pseudonym certificate, all else with the identification certificate that names it; a
 * roadside unit signs with its application certificate. Returns the length; 0: the device must
 * not operate (trust rule D6.1), has no certificate for now, or the message does not fit cap bytes.
 */
SCMS_API size_t scms_device_sign(struct scms_device *device, uint64_t psid, struct scms_slice payload,
				 enum scms_device_signer signer, uint8_t *out, size_t cap, struct scms_device_error *error);

/* Another pseudonym certificate from the next message on. */
SCMS_API void scms_device_change(struct scms_device *device);

enum scms_device_verdict {
	SCMS_DEVICE_ACCEPTED,
	SCMS_DEVICE_REFUSED, /* error says why: chain, validity, region, permission, revocation, signature */
	SCMS_DEVICE_STALE,   /* the device's CRLs are overdue: it trusts nobody (rule G5.5) */
	SCMS_DEVICE_OLD,     /* no time, or not of now */
	SCMS_DEVICE_REPLAY,
};

/* A message that was judged. payload points into the message. */
struct scms_received {
	uint64_t psid;
	scms_time64 time; /* generationTime */
	struct scms_slice payload; /* of its unsecuredData; empty unless accepted */
};

SCMS_API enum scms_device_verdict scms_device_verify(struct scms_device *device, struct scms_slice message,
						     struct scms_received *received, struct scms_device_error *error);

#ifdef __cplusplus
}
#endif

#endif
