/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_content.h: what a policy says, in one model for its three kinds (CAMP scms-policy): the global policy (GPF), an
 * RA's custom copy of it, and the RA's local part (LPF).
 *
 * Every parameter is a series in time: a value to begin with, then others from given moments on. The quorum and the list
 * of removed electors and roots are ours (wire-formats 7.4, trust rules G2, G8): they travel in one extension addition that
 * other decoders skip.
 */
#ifndef COMPONENTS_PG_POLICY_CONTENT_H
#define COMPONENTS_PG_POLICY_CONTENT_H

#include "crypto/key_error.h"
#include "dot2/make.h"
#include "oer/oer.h"

/* All parameters: those of a global or custom policy first, then those of a local part. */
enum policy_item {
	POLICY_SCMS_VERSION,
	POLICY_CHAIN_FILE, /* version of the GCCF */
	POLICY_OVERDUE_CRL_TOLERANCE,
	POLICY_I_PERIOD,
	POLICY_MIN_CERTS,
	POLICY_VALIDITY_MODEL,
	POLICY_MAX_SUPPLY,
	POLICY_MAX_REQUEST_AGE,
	POLICY_SHUFFLE_THRESHOLD,
	POLICY_REQUEST_HASH_SIZE,
	POLICY_MAX_RETRIEVAL_INTERVAL,
	POLICY_RSE_VALIDITY,
	POLICY_RSE_OVERLAP,
	POLICY_QUORUM, /* of our extension */
	POLICY_LOCAL_SHUFFLE_THRESHOLD,
	POLICY_LOCAL_CERTS,
	POLICY_LA1_HOST,
	POLICY_LA2_HOST,
	POLICY_PCA_HOST,
	POLICY_RA_X509,
	POLICY_LA_X509,
	POLICY_PCA_X509,
	POLICY_KEY_UPDATE_INTERVAL,
};
#define POLICY_ITEMS 23
#define POLICY_GLOBAL_ITEMS 14

/* What a value is. */
enum policy_kind {
	POLICY_NUMBER,
	POLICY_DURATION,
	POLICY_MODEL, /* CertValidityModel */
	POLICY_HOST,
	POLICY_X509, /* a certificate in DER */
};

/* What an RA may do with a parameter of the global policy in its custom copy (rule H3). */
enum policy_freedom {
	POLICY_FIXED,	  /* equals the global one, and may not be left out */
	POLICY_NOT_BELOW, /* may not be left out; may be raised */
	POLICY_MAY_RAISE, /* may be left out or raised */
	POLICY_MAY_LOWER, /* may be left out or lowered */
	POLICY_OPTIONAL,  /* may be left out, not changed */
	POLICY_LOCAL,	  /* the RA's own */
};

struct policy_parameter {
	const char *name;	  /* "iPeriod" */
	const char *about;	  /* "length of a period of pseudonym certificates" */
	const char *default_text; /* published default or PoC value; NULL: none */
	enum policy_kind kind;
	enum policy_freedom freedom;
	uint32_t least, most; /* of a number */
};

/* The row of a parameter. */
const struct policy_parameter *policy_parameter(enum policy_item item);

/* What a trust store has room for: steps of a series, identities of removed electors and roots. */
#define POLICY_STEPS_MAX 16
#define POLICY_REMOVED_MAX 64

struct policy_value {
	uint32_t n;		/* number, duration's count, or model */
	uint8_t unit;		/* of a duration: Duration_is_hours and so on */
	struct scms_slice text; /* host or X.509; borrowed */
};

/* Microseconds of a duration; the number of any other. Hosts and certificates have no size: 0. */
uint64_t policy_value_size(enum policy_item item, const struct policy_value *value);

bool policy_value_same(enum policy_item item, const struct policy_value *a, const struct policy_value *b);

struct policy_series {
	bool has;
	struct policy_value initial;
	uint32_t n;
	struct policy_step {
		scms_time64 start; /* rising */
		struct policy_value value;
	} step[POLICY_STEPS_MAX];
};

/* The value in force at a time. */
const struct policy_value *policy_series_at(const struct policy_series *series, scms_time64 at);

enum policy_part { POLICY_PART_GLOBAL, POLICY_PART_CUSTOM, POLICY_PART_LOCAL };

/* Finds a parameter of such a part by its name; false if there is none. */
SCMS_CHECKED bool policy_item_find(const char *name, enum policy_part part, enum policy_item *item);

struct policy_removed {
	uint32_t n;
	uint8_t identity[POLICY_REMOVED_MAX][32];
};

struct policy_content {
	enum policy_part part;
	struct scms_slice id; /* policyID, 0 to 32 bytes; borrowed */
	scms_time64 generation;
	scms_time64 active;
	struct scms_slice host; /* of the requesting RA, in a custom part; p NULL: absent */
	struct policy_series item[POLICY_ITEMS];
	bool has_removed;
	struct policy_removed removed;
	struct scms_slice foreign; /* extension part in which ours is not: kept as it is */
};

/* Decodes a ToBeSignedPolicyData. *content points into bytes. OER_RANGE for more steps than a store holds (16). */
SCMS_CHECKED enum oer_status policy_content_read(struct policy_content *content, struct scms_slice bytes,
						 struct oer_error *err);

/* The encoded ToBeSignedPolicyData. KEY_VALUE, with the parameter's name, for what does not fit. */
SCMS_CHECKED enum key_status policy_content_make(const struct policy_content *content, struct bytes *out,
						 struct key_error *err);

/* What a signed GPF or LPF says. Nothing is verified: that is the trust store's (trust/policy.h). */
struct policy_said {
	struct policy_content content; /* global or custom part */
	struct scms_slice part;	       /* its encoding, the ToBeSignedPolicyData */
	bool has_local;
	struct policy_content local;
};
SCMS_CHECKED enum oer_status policy_said_read(struct policy_said *said, struct scms_slice file,
					      const struct scms_crypto *crypto, struct oer_error *err);

#endif
