/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/device.h: an end entity's messages, for device makers: signed with the certificate of the moment, and judged under the
 * device's own trust store.
 *
 * A device is a folder that `scms-ee init` made and `scms-ee run` keeps supplied with policy, chain file, CRL and
 * certificates. A program reads it and changes nothing, so that both may run side by side, and any number of programs: what
 * scms-ee has taken in, a removal above all, is felt within a second; the call that notices it reads the folder anew, which takes as
 * long as opening it did. Where the folder's files are not to be files, use the trust
 * library (scms/trust.h) and the engine (scms/verify.h) below this one.
 *
 *     struct scms_device *device = scms_device_open("car", &error);
 *     size_t n = scms_device_sign(device, 0x20, payload, SCMS_ATTACH, message, sizeof(message), &error);
 *     enum scms_device_verdict verdict = scms_device_verify(device, (struct scms_slice){message, n}, &received, &error);
 *
 * Threads: a device is used by one thread at a time. Devices have nothing in common: each may be used by a thread of its own.
 *
 * Memory: what scms_device_open() allocates, some megabytes, scms_device_close() frees. Payloads, messages and errors are the caller's,
 * and none is kept beyond the call. Nothing is written to standard output; standard error hears of a processor that is broken.
 *
 * Time is the system's clock (CLOCK_REALTIME; leap seconds from the system's table), which must be kept right, by GNSS or NTP: a message
 * that was made more than 5 seconds ago or 2 ahead is not accepted. Randomness is libcrypto's (RAND_bytes).
 */
#ifndef SCMS_DEVICE_H
#define SCMS_DEVICE_H

#include <scms/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scms_device;

/* Why something failed or was refused, for people: one line of English. Left alone where nothing did. */
struct scms_device_error {
	char text[512];
};

/* Opens a device's folder. NULL: error says why. */
SCMS_API struct scms_device *scms_device_open(const char *path, struct scms_device_error *error);
SCMS_API void scms_device_close(struct scms_device *device); /* NULL is allowed */

/*
 * Takes up at once what has changed in the folder, which signing and verifying do by themselves once a second. The pseudonym certificate
 * in use and what is known of neighbours and replays stay. False: the folder cannot be read now; the next call tries again.
 */
SCMS_API bool scms_device_refresh(struct scms_device *device, struct scms_device_error *error);

/* Does the message carry the certificate, or only its HashedId8? Senders of BSMs attach it once a second. */
enum scms_device_signer { SCMS_ATTACH, SCMS_DIGEST };

/*
 * Signs payload (it becomes unsecuredData) under a PSID into out, as an Ieee1609Dot2Data: a vehicle signs basic safety messages
 * and misbehaviour reports (0x20, 0x26) with a pseudonym certificate, all else with the identification certificate that names it; a
 * roadside unit signs with its application certificate. Returns the length; 0: the device must
 * not operate (trust rule D6.1), has no certificate for now, or the message does not fit cap bytes: beside the payload it has less than
 * 400. A certificate that a peer asked for goes with it where there is room, mostly for 500 more.
 */
SCMS_API size_t scms_device_sign(struct scms_device *device, uint64_t psid, struct scms_slice payload,
				 enum scms_device_signer signer, uint8_t *out, size_t cap, struct scms_device_error *error);

/*
 * Another pseudonym certificate from the next message on: to be called when the vehicle's other identifiers change, and at no other time
 * does it change while it is valid.
 */
SCMS_API void scms_device_change(struct scms_device *device);

enum scms_device_verdict {
	SCMS_DEVICE_ACCEPTED,
	SCMS_DEVICE_REFUSED, /* chain, validity, region, permission, revocation, signature; or the folder cannot be read */
	SCMS_DEVICE_STALE,   /* the device's CRLs are overdue: it trusts nobody (rule G5.5) */
	SCMS_DEVICE_OLD,     /* no time, or not of now */
	SCMS_DEVICE_REPLAY,
};

/* A message that was judged. payload points into the caller's message. */
struct scms_received {
	uint64_t psid;
	scms_time64 time; /* generationTime */
	struct scms_slice payload; /* of its unsecuredData; empty unless accepted */
};

/*
 * Judges a message that was received now. Whatever the verdict but SCMS_DEVICE_ACCEPTED, error says why; received is filled in as far as
 * the message could be read, of which only what was accepted is to be believed. A message is accepted once: the second time it is a
 * replay. Issuers that are unknown are asked for in the next message that this device signs.
 */
SCMS_API enum scms_device_verdict scms_device_verify(struct scms_device *device, struct scms_slice message,
						     struct scms_received *received, struct scms_device_error *error);

#ifdef __cplusplus
}
#endif

#endif
