/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/trust.h: the trust store, and what may change it.
 *
 * A store is what a vehicle, a roadside unit or an SCMS component remembers about whom it trusts: electors, root CAs, what
 * was removed for good (tombstones), the quorum, and how far policy, chain file and CRLs have come. It changes in one way
 * only: a session (scms_store_apply) of files that anybody may have sent, each of which authenticates itself.
 *
 * Nothing here reads a clock, a file or a random source, allocates, or keeps global state. The same store, time and bytes
 * give the same new store and the same report, anywhere (trust rule A1). Memory is the caller's, of a size fixed by the
 * store's limits.
 *
 * A session changes the store in memory in place. The caller then makes the new state durable, whole or not at all (rule
 * A2); if that fails, or if scms_store_apply says SCMS_SESSION_FAILED, it goes back to the encoded state that it has.
 *
 * What is large or immutable is not in the store but lies beside it as objects, each named by the SHA-256 of its bytes:
 * the chain file in use, CRLs, the holder's own certificates. The library asks for objects and hands out new ones through
 * struct scms_objects. An object that is missing is an unreadable store, never an empty answer.
 *
 * CAVEATS
 *   - One store belongs to one thread at a time.
 *   - `now` must come from a clock that the device trusts. The library notices only a clock that stands behind a time that
 *     was signed and accepted (SCMS_SESSION_CLOCK_BACK).
 *   - An encoded store has no signature of its own: keep it where only the device can write, or keep its hash there.
 */
#ifndef SCMS_TRUST_H
#define SCMS_TRUST_H

#include <scms/base.h>
#include <scms/crypto.h>
#include <scms/reason.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room and work are bounded (trust rules A5.1, D8). Zero in a member stands for its default. */
struct scms_limits {
	uint32_t electors;	  /* 10; at most 32 */
	uint32_t roots;		  /* 10; at most 32 */
	uint32_t tombstones;	  /* 256; at most 65,536 */
	uint32_t policy_bytes;	  /* 64 KiB */
	uint32_t chain_bytes;	  /* 8 MiB */
	uint32_t history_bytes;	  /* 4 MiB */
	uint32_t history_entries; /* 4,096 */
	uint32_t crl_bytes;	  /* 64 MiB */
	uint32_t ballots;	  /* 64 in each carrier */
	uint32_t votes;		  /* 64 in each ballot */
	uint32_t certificates;	  /* 16,384 in a chain file */
	uint32_t depth;		  /* 8 levels of Ieee1609Dot2Data in itself */
};

/* Limits with every zero replaced by its default. */
SCMS_API struct scms_limits scms_limits_complete(struct scms_limits limits);

struct scms_revocation;

/* The objects beside a store. Slices from get stay valid until the call that asked for them returns. */
struct scms_objects {
	void *ctx;
	/* The object with this SHA-256. False: it cannot be had. */
	bool (*get)(void *ctx, const uint8_t digest[32], struct scms_slice *bytes);
	/* Keeps a new object: the parts, one after another, whose SHA-256 is digest. False: it could not be kept. */
	bool (*put)(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n);
	/* What the CRLs among them list, ready to be looked up (scms/revocation.h); NULL: they are read each time. */
	const struct scms_revocation *revocation;
};

struct scms_store;

/* Bytes that a store of these limits needs. */
SCMS_API size_t scms_store_size(const struct scms_limits *limits);

/* What a new store trusts out of band: the secure bootstrap. */
struct scms_bootstrap {
	struct scms_limits limits;
	scms_time64 now;
	const struct scms_slice *electors; /* certificates */
	size_t elector_count;
	const struct scms_slice *roots;
	size_t root_count;
	const struct scms_slice *own; /* the holder's certificates */
	size_t own_count;
	const struct scms_slice *certificates; /* issuers at hand */
	size_t certificate_count;
	uint8_t quorum;		/* until a policy names one */
	uint8_t quorum_floor;	/* 0: 2 (rule G3) */
	uint8_t quorum_ceiling; /* 0: max(floor, electors - 1) */
	uint32_t skew_seconds;	/* 0: 300 */
	uint32_t crl_tolerance_seconds; /* 0: 1,209,600 */
};

/* Which certificate of a bootstrap was refused, and why. */
struct scms_bootstrap_error {
	const char *list; /* "electors", "roots", "own", "certificates"; or "limits", "quorum" */
	size_t index;
	enum scms_reason reason;
	size_t offset;
	char path[192];
	char expected[64];
	char found[64];
};

/*
 * Makes a new store in memory (scms_store_size bytes, aligned for any type). NULL where a certificate does not decode,
 * fit its profile or verify; err then says which. Nothing is put among the objects in that case.
 */
SCMS_API struct scms_store *scms_store_init(void *memory, size_t size, const struct scms_bootstrap *bootstrap,
					    const struct scms_crypto *crypto, const struct scms_objects *objects,
					    struct scms_bootstrap_error *err);

/*
 * The encoded store (ASN.1 type TrustStore): what is kept. scms_store_encode writes at most cap bytes to out and sets
 * *len to the length; with out NULL it only sets *len. False when cap is too small.
 */
SCMS_API bool scms_store_encode(const struct scms_store *store, uint8_t *out, size_t cap, size_t *len);

/* Limits of an encoded store, to know the memory that it needs. False: not an encoded store. */
SCMS_API bool scms_store_encoded_limits(struct scms_slice encoded, struct scms_limits *limits);

/* The store from its encoding. NULL: not an encoded store, or memory too small. */
SCMS_API struct scms_store *scms_store_decode(void *memory, size_t size, struct scms_slice encoded,
					      const struct scms_crypto *crypto);

/* Where a ballot came in. */
enum scms_carrier {
	SCMS_REVOKED_ELECTORS,
	SCMS_REVOKED_ROOT_CAS,
	SCMS_ELECTOR_ENDORSEMENTS,
	SCMS_ROOT_CA_ENDORSEMENTS,
	SCMS_HISTORY,
};

/* EndorsementType. */
enum scms_motion { SCMS_ADD_ROOT, SCMS_ADD_ELECTOR, SCMS_REMOVE_ROOT, SCMS_REMOVE_ELECTOR };

/* One vote of a judged ballot. */
struct scms_vote_report {
	uint8_t elector[32]; /* identity, or HashedId8 in the first 8 bytes */
	uint8_t elector_bytes; /* 32: an elector of the store; 8: not; 0: the vote names nobody */
	enum scms_reason reason; /* SCMS_COUNTED, or why not */
};

/*
 * One judgement of one ballot. A ballot is judged once in each round until it is settled; the last counts. A root's ballot
 * that is settled is reported again only where an elector who came in since has a vote in it that counts.
 */
struct scms_ballot_report {
	enum scms_carrier carrier;
	uint32_t index; /* in its carrier, from 0 */
	enum scms_motion motion; /* that the carrier (in a history: the entry) stands for */
	bool has_subject;
	uint8_t subject[32]; /* identity of the certificate that it is about */
	enum scms_reason outcome;
	uint32_t round; /* from 1 */
	uint32_t counted;
	uint32_t quorum;
	bool alarm; /* some votes counted, but too few (rule C6) */
	const struct scms_vote_report *votes; /* valid during the call only */
	size_t vote_count;
};

enum scms_file { SCMS_FILE_POLICY, SCMS_FILE_CRL, SCMS_FILE_CHAIN, SCMS_FILE_HISTORY, SCMS_FILE_OWN, SCMS_FILE_CERT };

/* A file that could not be used at all. */
struct scms_refusal {
	enum scms_file file;
	uint32_t index; /* among the session's own certificates or candidates */
	enum scms_reason reason;
	size_t offset;
	const char *path, *expected, *found; /* valid during the call only */
};

/* Receives the report as it comes; any member may be NULL. A later call about the same thing replaces an earlier one. */
struct scms_report {
	void *ctx;
	void (*ballot)(void *ctx, const struct scms_ballot_report *ballot);
	void (*policy)(void *ctx, enum scms_reason outcome);
	void (*chain)(void *ctx, enum scms_reason outcome, uint16_t version);
	void (*crl)(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome);
	void (*own)(void *ctx, const uint8_t subject[32], enum scms_reason outcome);
	void (*refused)(void *ctx, const struct scms_refusal *refusal);
};

/* A session's files; an absent one has p NULL. */
struct scms_session {
	struct scms_slice policy;
	struct scms_slice crl;
	struct scms_slice chain;
	struct scms_slice history;
	const struct scms_slice *own; /* replace the holder's certificates */
	size_t own_count;
	const struct scms_slice *certificates; /* candidate issuers (rule B8) */
	size_t certificate_count;
};

enum scms_session_status {
	SCMS_SESSION_DONE,	/* carried out; some file may have been refused */
	SCMS_SESSION_CLOCK_BACK, /* rule G6: nothing was done */
	SCMS_SESSION_NO_ROOM,	/* work memory too small: nothing was done */
	SCMS_SESSION_FAILED,	/* crypto or objects failed: the store in memory must be thrown away */
};

struct scms_session_result {
	enum scms_session_status status;
	bool changed; /* the store differs from what it was */
	bool refused; /* a file could not be used at all */
	uint8_t quorum; /* in force at the end */
	uint32_t verified; /* signatures checked */
};

/* Bytes of work memory that this session may need. */
SCMS_API size_t scms_session_work_size(const struct scms_store *store, const struct scms_session *session);

/* One session (rule E1). work is scratch memory, aligned for any type. */
SCMS_API struct scms_session_result scms_store_apply(struct scms_store *store, const struct scms_session *session,
						     scms_time64 now, const struct scms_crypto *crypto,
						     const struct scms_objects *objects, void *work, size_t work_size,
						     const struct scms_report *report);

/*
 * Is this certificate valid now under this store? certificates are further candidate issuers. Returns SCMS_VALID or the
 * reason; SCMS_MALFORMED for bytes that are no certificate; SCMS_REASON_FAILED where objects or crypto failed.
 */
SCMS_API enum scms_reason scms_cert_check(const struct scms_store *store, scms_time64 now, struct scms_slice certificate,
					  const struct scms_slice *certificates, size_t certificate_count,
					  const struct scms_crypto *crypto, const struct scms_objects *objects);

/* What the store holds, for people and programs. Indices run from 0; false past the last. */
enum scms_member_status { SCMS_MEMBER_TRUSTED, SCMS_MEMBER_SUSPENDED, SCMS_MEMBER_EXPIRED };

struct scms_member {
	uint8_t identity[32];
	struct scms_slice certificate;
	enum scms_member_status status;
	scms_time64 valid_from, valid_until;
	uint32_t endorsers;    /* of a root (rule F1) */
	uint32_t needed;       /* endorsers below which it is suspended (rule F2); 0: held by provisioning (F3) */
};

SCMS_API bool scms_store_elector(const struct scms_store *store, scms_time64 now, uint32_t k, struct scms_member *member);
SCMS_API bool scms_store_root(const struct scms_store *store, scms_time64 now, uint32_t k, struct scms_member *member);
/* The j-th endorser of root k. */
SCMS_API bool scms_store_endorser(const struct scms_store *store, uint32_t k, uint32_t j, uint8_t identity[32]);

struct scms_tombstone {
	uint8_t identity[32];
	enum scms_motion motion;
	scms_time64 time; /* TBS time of the ballot that removed it */
	scms_time64 kept_until; /* of signed time, and of now (rule D4) */
};

SCMS_API bool scms_store_tombstone(const struct scms_store *store, uint32_t k, struct scms_tombstone *tombstone);

/* An elector or root that policy says was removed, and whose removal ballot never came (rule G8). */
SCMS_API bool scms_store_withheld(const struct scms_store *store, scms_time64 now, uint32_t k, uint8_t identity[32]);

struct scms_crl_status {
	uint8_t craca[8];
	uint16_t series;
	scms_time64 issued, next; /* of the CRL in force */
	bool live; /* false: its signer was revoked and no other has taken over */
};

SCMS_API bool scms_store_crl(const struct scms_store *store, uint32_t k, struct scms_crl_status *crl);

struct scms_store_status {
	uint8_t quorum, quorum_floor, quorum_ceiling;
	bool quorum_clamped; /* policy names a value outside floor and ceiling (rule G3) */
	bool has_gccf_version;
	uint16_t gccf_version;
	bool has_policy;
	scms_time64 policy_generation;
	scms_time64 signed_time; /* the newest signed time accepted (rule G6) */
	scms_time64 provisioned;
	bool stale;	      /* rule G5.5 */
	bool operational;     /* rule D6.1 */
	enum scms_reason own; /* why not operational; SCMS_VALID otherwise */
	struct scms_limits limits;
	uint32_t skew_seconds;
};

/* False where objects failed. */
SCMS_API bool scms_store_status(const struct scms_store *store, scms_time64 now, const struct scms_crypto *crypto,
				const struct scms_objects *objects, struct scms_store_status *status);

/* Changes with every change of the store; for caches of what was judged under it (rule D7). */
SCMS_API uint64_t scms_store_generation(const struct scms_store *store);

/* Calls back for each object that the store refers to; all others beside it may be deleted. */
SCMS_API void scms_store_objects(const struct scms_store *store, void (*object)(void *ctx, const uint8_t digest[32]), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
