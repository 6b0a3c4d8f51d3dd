/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receiver.h: judges what an end entity receives from its neighbours.
 *
 * Chain, validity, region, permission, revocation and signature are the trust library's (scms/check.h), under the
 * device's own store, many messages at a time. Here come what only the receiver can know: whether its own picture is still
 * fresh enough to trust anybody (rule G5.5), whether a message is new, and where it was sent.
 *
 * Issuers that are unknown are learnt from peers (IEEE 1609.2, header fields inlineP2pcdRequest and requestedCertificate): the
 * next message that this device signs asks for them, and answers what others asked. What is learnt is a candidate and
 * nothing more: it is taken only if it was asked for, and what proves good is not pushed out by what does not.
 *
 * A message that was accepted is remembered until it is too old to be accepted again. Where there are more of them than there
 * is room, the oldest are forgotten and with them all that is as old: fresh seconds become fewer, and no replay is accepted.
 */
#ifndef COMPONENTS_EE_RECEIVER_H
#define COMPONENTS_EE_RECEIVER_H

#include "components/ee/device.h"

#include <scms/check.h>

enum ee_verdict {
	EE_ACCEPTED,
	EE_NOT_VALID,  /* the trust library's verdict: see message.verdict and reason */
	EE_STALE,      /* this device's CRLs are overdue: it trusts nobody (rule G5.5) */
	EE_NO_TIME,    /* no generationTime */
	EE_OLD,	       /* generated too long ago */
	EE_FUTURE,     /* generated in the future beyond the tolerance */
	EE_REPLAY,     /* received before */
	EE_FAR,	       /* generated too far from here */
};

/* "replay", for logs and JSON. */
const char *ee_verdict_name(enum ee_verdict verdict);

/* What the trust library says of a message, in words. */
const char *ee_message_text(enum scms_message_verdict verdict);

struct ee_receipt {
	enum ee_verdict verdict;
	struct scms_message message;
};

struct ee_receiver_options {
	uint32_t certificates;	  /* of neighbours, remembered, about 850 bytes each; 0: 1,024, so that 200 do not crowd each other out */
	uint32_t messages;	  /* remembered against replay, 16 bytes each; 0: 16,384, 200 neighbours' at 10 a second */
	unsigned fresh_seconds;	  /* a message may be so old; 0: 5 */
	unsigned future_seconds;  /* or so far ahead; 0: 2 */
	unsigned distance_metres; /* from position; 0: anywhere */
	int32_t latitude, longitude; /* where the device is, 1/10 microdegrees */
};

struct ee_receiver;

/* NULL without memory. options NULL: the defaults. */
struct ee_receiver *ee_receiver_new(const struct ee_receiver_options *options);
void ee_receiver_free(struct ee_receiver *receiver);

/* Judges n messages received at now. receipt[k].message.bytes is set by the caller, all else is filled in. */
void ee_receive(struct ee_receiver *receiver, struct device *device, scms_time64 now, struct ee_receipt *receipt, size_t n);

/* ---- learning from peers ---- */

#define EE_WANTED_MAX 4

/* HashedId3 of issuers that messages could not be judged without; returns how many. */
unsigned ee_receiver_wanted(const struct ee_receiver *receiver, uint8_t id3[EE_WANTED_MAX][3]);

/* A certificate that a peer asked for and this device has; n == 0: none. It is given once. */
struct scms_slice ee_receiver_asked(struct ee_receiver *receiver, const struct device *device);

#endif
