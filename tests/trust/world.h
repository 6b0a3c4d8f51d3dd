/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: a trust store in memory with a root, an ICA and a PCA under it, devices with linkage data or without, and
 * CRLs that the root signs: for tests and benches of what is asked about a store.
 *
 * Whatever cannot be made ends the program: it is the subject of other tests.
 */
#ifndef TESTS_TRUST_WORLD_H
#define TESTS_TRUST_WORLD_H

#include "dot2/crl_make.h"
#include "tests/dot2/people.h"

#include <scms/trust.h>
#include <scms/verify.h>

#define WORLD_SERIES 1     /* of devices */
#define WORLD_SERIES_CAS 2 /* of ICAs and PCAs */
#define WORLD_ELECTORS 16
#define WORLD_LA1 0x0102
#define WORLD_LA2 0x0304

struct world_object {
	uint8_t digest[32];
	struct bytes bytes;
};

struct world {
	struct scms_verifier *engine;
	const struct scms_crypto *crypto;
	struct person root, ica, pca;
	struct person elector[WORLD_ELECTORS]; /* known to the store: the first `electors` */
	unsigned electors;
	struct scms_store *store;
	size_t store_size;
	struct scms_slice issuers[2];
	struct scms_objects objects;
	struct world_object object[64];
	unsigned object_count;
	unsigned gets;        /* how often an object was asked for */
	bool lost;            /* objects cannot be had */
	scms_time32 crl_date; /* of the last CRL */
	uint32_t crl_serial;
};

/* Two seeds of period 0 of one device. */
struct world_seeds {
	uint8_t one[LINKAGE_SEED], two[LINKAGE_SEED];
};

/* A store of the root and so many electors; further people can be made by world_elector. */
void world_start(struct world *world, bool portable, unsigned electors, uint8_t quorum);
void world_end(struct world *world);

/* An elector, and another root: nobody knows them yet. `name` must outlive them. */
void world_elector(struct person *elector, const char *name);
void world_root(struct person *root, const char *name);

/* A ballot with the votes of n of the world's electors, from `first` on, at `time`: an encoded ElectorBallot. */
void world_ballot(const struct world *world, enum scms_motion motion, const struct person *subject, unsigned first,
		  unsigned n, scms_time32 time, struct bytes *out);

/* Files made of such ballots; a list may be empty. */
void world_gccf(const struct world *world, const struct bytes *elector_ballots, uint32_t electors,
		const struct bytes *root_ballots, uint32_t roots, const struct scms_slice *certificates, uint32_t n,
		struct bytes *out);

/* A device of the PCA; tbs as tbs_device, with the world's CRACA. */
void world_tbs(const struct world *world, struct ToBeSignedCertificate *tbs, const char *name);

/* Its linkage value of period i, as `individual` has it; likewise a group's for a jValue. */
void world_linkage_value(const struct world_seeds *seeds, uint16_t i, uint32_t j, uint8_t value[LINKAGE_VALUE]);

/* A device certificate with this linkage value, and group value if group is not NULL. The slices must outlive it. */
void world_linkage_device(const struct world *world, struct person *device, uint16_t i,
			  const uint8_t value[LINKAGE_VALUE], const uint8_t *group_j, const uint8_t *group_value);

/* The entry of a CRL whose seeds are of period i_rev. */
struct crl_linkage_entry world_entry(const struct world_seeds *seeds, uint16_t i_rev, uint8_t j_max, uint16_t i_max);

/* CRLs by the root, newer than the last. */
void world_hash_crl(struct world *world, uint16_t series, bool delta, const struct crl_hash_entry *entries, uint32_t n,
		    struct bytes *out);
void world_linkage_crl(struct world *world, uint16_t series, bool delta, const struct crl_linkage *linkage,
		       struct bytes *out);

/* Applies them in one session; all must be accepted. Frees them. */
void world_apply(struct world *world, scms_time64 now, struct bytes *crls, uint32_t n);

/* A composite CRL of them, and of ballots that remove roots. */
void world_composite(const struct bytes *crls, uint32_t n, const struct bytes *root_ballots, uint32_t roots,
		     struct bytes *out);

/* One session; the crypto engine's work must not fail. */
struct scms_session_result world_session(struct world *world, scms_time64 now, const struct scms_session *session,
					 const struct scms_report *report);

/* scms_cert_check with the world's ICA and PCA as candidates. */
enum scms_reason world_check(struct world *world, const struct person *person, scms_time64 now);

#endif
