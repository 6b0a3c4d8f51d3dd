/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender.h: signs an end entity's messages with the certificates that it has for now.
 *
 * Of an OBE these are, for messages of vehicles, the pseudonym certificates of the i-period: one of them at a time, another
 * after each change, which is when the vehicle's other identifiers change too; for all other messages its identification
 * certificate, which names it. Of an RSE it is its application certificate. Private keys are rebuilt when they are needed and
 * held against the certificate; nothing is used that the device's own trust store does not hold valid, and nothing at all
 * while the device must cease to operate (rule D6.1).
 */
#ifndef COMPONENTS_EE_SENDER_H
#define COMPONENTS_EE_SENDER_H

#include "components/ee/device.h"

struct ee_credential {
	struct bytes bytes;
	struct cert cert;
	struct private_key *key;
};

/* Certificates of one kind, of one request and period; shuffled. */
struct ee_credentials {
	struct ee_credential *credential;
	size_t n, current;
	uint16_t period;
	uint8_t request[8];
};

struct ee_sender {
	struct ee_credentials of[EE_KINDS]; /* what is loaded */
	uint8_t last[8];		    /* the pseudonym certificate in use, over a reload too */
	bool has_last, change;		    /* it has one; the next message takes another */
};

/* Which certificates sign messages with this PSID: never those that name a vehicle where pseudonym certificates would do. */
enum ee_request_kind ee_sender_kind(enum device_kind device, uint64_t psid);

/*
 * Loads certificates of a kind that are valid at now, unless they are loaded. KEY_REFUSED: the device must cease to operate;
 * KEY_NOT_FOUND: it has no certificate that is valid now. err says why.
 */
SCMS_CHECKED enum key_status ee_sender_load(struct ee_sender *sender, struct device *device, enum ee_request_kind kind,
					    scms_time64 now, struct key_error *err);

/* Another pseudonym certificate from the next message on; until then it stays the same, for as long as it is valid. */
void ee_sender_change(struct ee_sender *sender);

/* What is signed, and how. */
struct ee_message {
	uint64_t psid;
	struct scms_slice payload; /* opaque: becomes unsecuredData */
	bool attach;		   /* the certificate goes with it, else its HashedId8 */
	bool has_location;
	int32_t latitude, longitude; /* 1/10 microdegrees */
	uint16_t elevation;
	const uint8_t (*wanted)[3]; /* HashedId3 of certificates that peers are asked for: wanted_n of them */
	unsigned wanted_n;
	struct scms_slice asked; /* a certificate that a peer asked for; n == 0: none */
};

/* Signs; loads first. out is an Ieee1609Dot2Data. */
SCMS_CHECKED enum key_status ee_sender_sign(struct ee_sender *sender, struct device *device, scms_time64 now,
					    const struct ee_message *message, struct bytes *out, struct key_error *err);

/* The credential of a kind in use; NULL: none is loaded. */
const struct ee_credential *ee_sender_current(const struct ee_sender *sender, enum ee_request_kind kind);

/* Wipes and frees what is loaded; it is loaded again when it is needed. */
void ee_sender_unload(struct ee_sender *sender);

#endif
