/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h: which message travels in which wrapping.
 *
 * The encoding cannot say that a SignedLIRequest is signed data of PSID 35
 * without generationTime, holding a ScmsPDU of one certain alternative: to OER
 * all of them are Ieee1609Dot2Data. One table says it, a row for each message
 * that the CAMP interfaces name (ASN.1 constraints of scms-protocol), and one
 * function enforces it.
 */
#ifndef DOT2_ENVELOPE_H
#define DOT2_ENVELOPE_H

#include "dot2/signed_data.h"
#include "oer/walk.h"

enum envelope_kind {
	ENVELOPE_SCOPED,    /* no 1609.2 at all: a ScmsPDU, ScmsFile or CrlContents */
	ENVELOPE_UNSECURED, /* Ieee1609Dot2Data, unsecuredData */
	ENVELOPE_SIGNED,    /* Ieee1609Dot2Data, signedData */
	ENVELOPE_ENCRYPTED, /* Ieee1609Dot2Data, encryptedData */
	ENVELOPE_REQUESTED, /* Ieee1609Dot2Data, signedCertificateRequest */
	ENVELOPE_REQUEST,   /* a SignedCertificateRequest by itself */
	ENVELOPE_ANY,       /* any Ieee1609Dot2Data */
};

/* Signers that a row allows. */
enum {
	ENVELOPE_SIGNER_ANY = 0,
	ENVELOPE_SIGNER_SELF,        /* self */
	ENVELOPE_SIGNER_ONE,         /* certificate, exactly one */
	ENVELOPE_SIGNER_AT_MOST_ONE, /* any form, but not more than one certificate */
};

#define ENVELOPE_PSID_ANY 0xffffu /* neither PSID nor header fields are constrained */
#define ENVELOPE_MESSAGE_ANY 0xff /* any alternative */

struct envelope {
	const char *name;            /* "SignedLIRequest" */
	const char *holds;           /* name of the row for what is in it, once decrypted; NULL: none */
	const struct oer_type *type; /* SCOPED: of the value; others: NULL */
	uint8_t kind;                /* enum envelope_kind */
	uint8_t message[2];          /* SCOPED: alternative of content, and within it */
	uint8_t header;              /* SIGNED: the HEADER_ fields that it has; it has no others */
	uint8_t signer;              /* ENVELOPE_SIGNER_ */
	uint16_t psid;               /* SIGNED: PSID of the header, or ENVELOPE_PSID_ANY */
};

extern const struct envelope envelopes[];
extern const size_t envelope_count;

/* The row of that name, or NULL. */
const struct envelope *envelope_find(const char *name);

/*
 * Decodes the bytes and everything in them that is not encrypted, and checks
 * each layer against its row. *inner, unless NULL, becomes what the innermost
 * layer holds: of a scoped message all of it, of encrypted data nothing. `depth`
 * counts as in oer_decode. On refusal err, unless NULL, names the field, with
 * the offset from the first byte.
 */
SCMS_CHECKED enum oer_status envelope_check(const struct envelope *row, struct scms_slice bytes, unsigned depth,
					    struct scms_slice *inner, struct oer_error *err);

/*
 * The first row that the wrapping and the message inside fit by kind, whatever
 * the header and the signer: what a file claims to be. NULL if there is none,
 * and for what is encrypted. envelope_check says whether it really is.
 */
const struct envelope *envelope_guess(struct scms_slice bytes, unsigned depth);

/* Of the types that bytes in an envelope can have, the first as which they decode; NULL if there is none. */
const struct oer_type *envelope_inside(struct scms_slice bytes, unsigned depth);

/*
 * What an OCTET STRING that a walk has come to holds: a message in an envelope,
 * an SSP, part of a trust list. NULL where that is not known, or it does not
 * decode.
 */
const struct oer_type *envelope_inside_node(const struct oer_node *node, unsigned depth);

#endif
