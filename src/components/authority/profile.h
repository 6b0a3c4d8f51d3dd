/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h: what the certificate of each component and end entity says (CAMP 1.2.4 cert-profile).
 *
 * One table has, for each kind of certificate: who issues it, how its holder is named, CRL series, region, SSPs, what it may
 * issue or request with all PSIDs, whether it has an encryption key, and how long it holds at each of four levels. From it
 * certificates are filled in (profile_fill) and judged (lint.h).
 *
 * One thing is not as CAMP writes it: the ICA's explicit group has PSID 0x23 beside the 26 published ones. Without it no
 * ECA, PCA, RA, LA or DCM would be within what its ICA may issue (trust rule G9).
 */
#ifndef COMPONENTS_AUTHORITY_PROFILE_H
#define COMPONENTS_AUTHORITY_PROFILE_H

#include "components/authority/role.h"
#include "crypto/curve.h"
#include "crypto/key_error.h"

/* Kinds of certificate. A component's has the number of its role: (enum profile)ROLE_RA is PROFILE_RA. */
enum profile {
	PROFILE_ELECTOR = ROLE_ELECTOR,
	PROFILE_ROOT = ROLE_ROOT,
	PROFILE_ICA = ROLE_ICA,
	PROFILE_ECA = ROLE_ECA,
	PROFILE_PCA = ROLE_PCA,
	PROFILE_RA = ROLE_RA,
	PROFILE_LA = ROLE_LA,
	PROFILE_MA = ROLE_MA,
	PROFILE_CRLG = ROLE_CRLG,
	PROFILE_PG = ROLE_PG,
	PROFILE_DCM = ROLE_DCM,
	PROFILE_OBE_ENROLMENT,
	PROFILE_RSE_ENROLMENT,
	PROFILE_OBE_PSEUDONYM,
	PROFILE_OBE_IDENTIFICATION,
	PROFILE_RSE_APPLICATION,
};
#define PROFILE_COUNT 16

/*
 * Which lifetimes: the proof of concept's, the connected-vehicle pilots' (QA), or production's, of CAMP 1.2.4; or those of CAMP
 * 1.2.1, in which electors, too, have a name of length 0.
 */
enum profile_level { LEVEL_POC, LEVEL_PILOT, LEVEL_PRODUCTION, LEVEL_121 };
#define PROFILE_LEVELS 4
#define PROFILE_LEVEL_WORDS "poc, pilot, production or 1.2.1"

/* Is a part of the certificate there? */
enum presence { ABSENT, PRESENT, OPTIONAL };

/* How a certificate names its holder. */
enum profile_id {
	ID_NAME,     /* a host name */
	ID_NO_NAME,  /* a host name of length 0 */
	ID_ONE_BYTE, /* binaryId of one byte */
	ID_RIF,	     /* binaryId of 8 bytes: HashedId8 of the enrolment certificate */
	ID_LINKAGE,  /* i and linkage value */
};

#define PROFILE_DURATIONS_MAX 7

/* A row of the table. Lists are arrays of decoded values, for the encoder (oer_list.items). */
struct profile_row {
	const char *name;   /* "pca", "obe-pseudonym" */
	const char *clause; /* name of the profile in CAMP's cert-profile: "PcaCertificate" */
	bool implicit;
	unsigned issuers; /* bit per enum role; 0: self-issued */
	enum profile_id id;
	uint16_t series;
	bool usa; /* region: the United States; else absent */
	enum presence encryption;
	bool rollover;		    /* canRequestRollover */
	bool any_app, any_request;  /* the SCMS Manager says which; the lists below are defaults */
	struct oer_list app;	    /* appPermissions; count 0: absent */
	struct oer_list issue;	    /* certIssuePermissions */
	struct oer_list request;    /* certRequestPermissions */
	struct {
		/* Durations that the profile allows, its default first; with `range` also all between zero and the longest. */
		struct Duration allowed[PROFILE_DURATIONS_MAX];
		size_t count;
		bool range;
	} duration[PROFILE_LEVELS]; /* by enum profile_level */
};

const struct profile_row *profile_row(enum profile profile);

/* Finds a profile by its name, and a level by one of PROFILE_LEVEL_WORDS. False if there is none. */
bool profile_parse(const char *name, enum profile *profile);
bool profile_level_parse(const char *name, enum profile_level *level);
const char *profile_level_name(enum profile_level level);

/* How a certificate of this profile names its holder at a level. */
enum profile_id profile_id_at(enum profile profile, enum profile_level level);

/*
 * Which profile a certificate wants to have: by its role; of an end entity, by CRL series, type of id and permissions. False:
 * it is like none of them.
 */
bool profile_of_certificate(const struct cert *cert, enum profile *profile);

/* What a certificate says beyond its profile. Borrowed: the filled certificate points into it. */
struct profile_subject {
	struct scms_slice name;	       /* ID_NAME: host name; ID_ONE_BYTE: its last byte is taken; ID_RIF: the 8 bytes */
	struct LinkageData linkage;    /* ID_LINKAGE */
	uint8_t craca_id[3];	       /* HashedId3 of the root; zero for electors and roots */
	scms_time32 start;
	const struct Duration *duration; /* NULL: the level's default */
	uint16_t la_id;		       /* PROFILE_LA */
	const struct oer_list *app;    /* instead of the profile's appPermissions, where any_app or a pseudonym; or NULL */
	const struct oer_list *request; /* instead of its certRequestPermissions, where any_request; or NULL */
	const struct GeographicRegion *region; /* instead of the profile's; NULL: the profile's */
	const struct curve_point *verify;      /* explicit certificates: the key that is certified */
	const struct curve_point *encrypt;     /* or NULL */
};

/* Memory that a filled certificate points into, beside the subject. */
struct profile_room {
	uint8_t la_ssp[5];
	struct PsidSsp la_app;
};

/*
 * Fills what is to be signed. KEY_VALUE, saying what, where the subject lacks what the profile wants or has what it forbids.
 * The verification key of an implicit certificate is left to cert_issue_implicit().
 */
SCMS_CHECKED enum key_status profile_fill(enum profile profile, enum profile_level level,
					  const struct profile_subject *subject, struct profile_room *room,
					  struct ToBeSignedCertificate *tbs, struct key_error *err);

/*
 * The same without the holder's id and keys, which are left zero: what lint.h compares with. Nothing of it is checked.
 */
void profile_terms(enum profile profile, enum profile_level level, const struct profile_subject *subject,
		   struct profile_room *room, struct ToBeSignedCertificate *tbs);

/*
 * When a certificate issued now begins unless told otherwise: with the present i-period, so that a PCA may serve the period
 * that it starts in, but not before its issuer does (NULL: it is self-issued).
 */
scms_time32 profile_start(scms_time64 now, const struct cert *issuer);

#endif
