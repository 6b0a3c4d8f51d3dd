/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/reason.h: every reason that a verdict can have, in one table.
 *
 * The library, its JSON, the manual and the tests all read this table: constant, name, the trust rule or clause that it
 * comes from, and one line for people. Within a group the order is that of the checks, from cheap to dear; where several
 * reasons hold, the first is reported. The table may grow; a name never changes its meaning.
 */
#ifndef SCMS_REASON_H
#define SCMS_REASON_H

#include <scms/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define SCMS_REASONS(X) \
	/* a vote */ \
	X(COUNTED, "B2", "the vote counts") \
	X(VOTER_UNKNOWN, "B1", "the signer is no elector in the trust store") \
	X(VOTER_REVOKED, "D5", "the signer was an elector and has been removed") \
	X(VOTER_NOT_YET_VALID, "B2", "the elector's certificate is not valid yet") \
	X(VOTER_EXPIRED, "B2", "the elector's certificate has expired") \
	X(VOTER_IS_SUBJECT, "B6", "an elector does not vote on itself") \
	X(VOTER_DUPLICATE, "B5", "the elector's vote is already counted, or its four tries are used up") \
	X(VOTE_HEADER, "B3.1", "the signed header is not PSID 0x23 with generationTime and nothing else") \
	X(VOTE_TIME_FUTURE, "B3.3", "the vote's generationTime is in the future") \
	X(VOTE_TIME_OUTSIDE_VALIDITY, "B3.2", "the vote was made outside the elector certificate's validity") \
	X(VOTE_SIGNATURE, "B9", "the vote's signature does not verify") \
	/* a ballot */ \
	X(LIMIT_VOTES, "A5.2", "the ballot has more votes than the limit") \
	X(TBS_MISMATCH, "C1", "the votes do not sign one identical, canonical endorsement") \
	X(TYPE_MISMATCH, "C2", "the endorsement type does not fit the place that the ballot came in") \
	X(SUBJECT_HASH, "C4", "the endorsed hash is not that of the ballot's certificate") \
	X(SUBJECT_PROFILE, "C3", "the certificate is not one of an elector, or not one of a root CA") \
	X(ALREADY, "D1", "the trust store has this already") \
	X(SUBJECT_TOMBSTONED, "D4", "the certificate, or its key, was removed before and does not come back") \
	X(SUBJECT_DUPLICATE, "B5", "another elector or root has this key or HashedId8") \
	X(SUBJECT_EXPIRED, "C5.2", "the certificate has expired") \
	X(TBS_TIME_FUTURE, "C7", "the endorsement's time is in the future") \
	X(STORE_FULL, "D8.1", "the trust store has no room that leaves every member removable") \
	X(TOMBSTONE_FULL, "D8.3", "no tombstone is free for a certificate that was never in the trust store") \
	X(SUBJECT_SIGNATURE, "C5.1", "the certificate's own signature does not verify") \
	X(QUORUM_NOT_MET, "C6", "fewer votes count than the quorum") \
	X(APPLIED, "C6", "the motion is carried out") \
	/* a file */ \
	X(ACCEPTED, "E1", "accepted") \
	X(UNCHANGED, "A3", "nothing new") \
	X(LIMIT_BYTES, "A5.1", "the file is larger than the limit") \
	X(LIMIT_DEPTH, "A5.1", "Ieee1609Dot2Data is nested too deeply") \
	X(LIMIT_BALLOTS, "A5.1", "the file has more ballots than the limit") \
	X(LIMIT_CERTIFICATES, "A5.1", "the file has more certificates than the limit") \
	X(MALFORMED, "C8", "the file cannot be decoded") \
	X(NOT_CANONICAL, "C1", "the file is not in canonical OER") \
	X(ROLLBACK, "G4.1", "older than what was accepted before") \
	X(VERSION_MISMATCH, "G4.2", "not the version that the policy in force names") \
	X(TIME_FUTURE, "G1.4", "its time is in the future") \
	X(POLICY_SIGNER, "G1.1", "not signed by a Policy Generator (or RA) that is valid now") \
	X(POLICY_SIGNATURE, "G1.1", "the Policy Generator's countersignature does not verify") \
	X(CRL_SIGNER, "G5.1", "not signed by a CRL Generator (or root CA) that is valid now") \
	X(CRL_SERIES, "G5.1", "the signer may not sign this CRL series for this CRACA") \
	X(CRL_BASE_MISSING, "G5.3", "a delta CRL without the full CRL that it adds to") \
	X(CRL_SIGNATURE, "G5.1", "the CRL's signature does not verify") \
	X(CLOCK_BACK, "G6", "the clock is behind a time that was signed and accepted before") \
	X(STORE_UNREADABLE, "A2", "the trust store cannot be read") \
	/* a certificate */ \
	X(VALID, "G9", "the certificate is valid") \
	X(CERT_NOT_YET_VALID, "B2", "a certificate of the chain is not valid yet") \
	X(CERT_EXPIRED, "B2", "a certificate of the chain has expired") \
	X(CERT_REVOKED, "G5", "a certificate of the chain is on a CRL") \
	X(CHAIN_INCOMPLETE, "B8", "an issuer is not at hand") \
	X(CHAIN_TOO_LONG, "G9", "the chain is longer than eight certificates") \
	X(ROOT_UNKNOWN, "D2", "the chain ends in a certificate that is no root of the trust store") \
	X(ROOT_REVOKED, "D6", "the chain ends in a root that was removed") \
	X(ROOT_SUSPENDED, "F2", "the chain ends in a root that too few electors endorse now") \
	X(ROOT_EXPIRED, "F4", "the chain ends in a root that has expired") \
	X(CERT_PERMISSIONS, "G9", "an issuer may not issue this") \
	X(CERT_REGION, "G9", "the region is not within the issuer's") \
	X(CERT_SIGNATURE, "B8", "a signature of the chain does not verify")
/* clang-format on */

enum scms_reason {
#define SCMS_REASON_CONSTANT(name, rule, text) SCMS_##name,
	SCMS_REASONS(SCMS_REASON_CONSTANT)
#undef SCMS_REASON_CONSTANT
	    SCMS_REASON_FAILED, /* not a verdict: the crypto engine or the storage could not answer */
};

/* "VOTER_EXPIRED"; never NULL. */
SCMS_API const char *scms_reason_name(enum scms_reason reason);
/* The rule that the reason comes from: "B2". */
SCMS_API const char *scms_reason_rule(enum scms_reason reason);
/* One line for people. */
SCMS_API const char *scms_reason_text(enum scms_reason reason);

#ifdef __cplusplus
}
#endif

#endif
