/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h: the published messages between components, and between them and end entities: made and opened.
 *
 * The envelope table (dot2/envelope.h) says how each message is wrapped: signed or requested, by whom, with which PSID and
 * header fields, encrypted or not. Here is the one place that wraps and unwraps by it, so that no handler ever sees a
 * message whose wrapping, signature or signer is not as published.
 */
#ifndef COMPONENTS_MESSAGE_H
#define COMPONENTS_MESSAGE_H

#include "crypto/key.h"
#include "dot2/chain.h"
#include "dot2/encrypt.h"
#include "dot2/envelope.h"
#include "dot2/make.h"

/* One who speaks: a component, or an end entity with its enrolment certificate. Borrowed throughout. */
struct party {
	const struct scms_crypto *crypto;
	const struct cert *cert; /* who it is; NULL: only `self` can sign */
	struct private_key *sign;
	struct private_key *decrypt; /* of the certificate's encryption key; NULL: it has none, and sign decrypts */
};

/*
 * Wraps a message: content is the encoding of what the innermost layer holds (a ScmsPDU). to is whom it is encrypted for;
 * NULL where row says that it is not. now stands in the header where row wants a generationTime. KEY_VALUE where content
 * is not what row holds.
 */
SCMS_CHECKED enum key_status message_make(const struct party *from, const struct envelope *row, struct scms_slice content,
					  scms_time64 now, const struct cert *to, struct bytes *out,
					  struct key_error *err);

/*
 * Whom a message to the holder of this certificate is encrypted for: its encryption key; its verification key where it has
 * none, as LAs have not (CAMP's profile), to which encrypted messages are sent all the same. KEY_VALUE for an implicit
 * certificate without encryption key.
 */
SCMS_CHECKED enum key_status message_recipient(const struct cert *to, const struct scms_crypto *crypto,
					       struct recipient *recipient, struct key_error *err);

/* Who judges signers: a trust store, as a rule (trustee.h). */
struct message_judge {
	void *ctx;
	/* The certificates that a HashedId8 may mean, k from 0. */
	bool (*find)(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes);
	/* Is the certificate in chain->cert[0] valid now? carried: the issuers that the message brought. */
	enum scms_reason (*judge)(void *ctx, struct chain *chain, struct scms_slice carried, scms_time64 now);
};

enum message_status {
	MESSAGE_OK = 0,
	MESSAGE_MALFORMED,     /* not this message: err says where and why */
	MESSAGE_NOT_ENCRYPTED, /* it ought to be, for us */
	MESSAGE_NOT_FOR_US,    /* encrypted for another key, or changed on the way */
	MESSAGE_SIGNER,	       /* no signer that is valid: reason says why */
	MESSAGE_SIGNATURE,     /* the signature is not the signer's */
	MESSAGE_FAILED,	       /* key, engine or store failed */
};

/* "no valid signer", for logs and answers in test mode. */
const char *message_status_text(enum message_status status);

/* A message that was opened. */
struct message {
	struct scms_slice content; /* what the innermost layer holds; points into the input or plain */
	struct bytes plain;	   /* what was decrypted; empty if nothing was */
	bool has_signer;
	struct chain signer;	 /* valid, leaf first; where has_signer */
	bool has_time;		 /* a generationTime in the header of signed data */
	scms_time64 time;
	uint8_t hash[32];	 /* SHA-256 of the signed layer: what answers call requestHash is its last 8 bytes */
	enum scms_reason reason; /* MESSAGE_SIGNER */
	struct oer_error oer;	 /* MESSAGE_MALFORMED */
	struct SignedCertificateRequest request; /* of a request: decoded */
	bool is_request;
};

/*
 * Unwraps a message that must be what row says. Signatures by certificates are checked, signers judged at now; a request
 * signed by `self` is left to the caller, who knows which key must have signed it (message_signed_by). To be freed with
 * message_free() whatever comes of it.
 */
SCMS_CHECKED enum message_status message_open(const struct party *me, const struct envelope *row, struct scms_slice bytes,
					      scms_time64 now, const struct message_judge *judge,
					      struct message *message);

/* Did this key sign the request? */
SCMS_CHECKED bool message_signed_by(const struct message *message, const struct scms_point *key,
				    const struct scms_crypto *crypto);

void message_free(struct message *message);

#endif
