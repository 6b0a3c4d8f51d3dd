/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/revocation.h: is a certificate on a CRL? For a receiver of many messages: nanoseconds, whatever the CRL's
 * length.
 *
 * A store names its CRLs, and their bytes lie beside it; without more, asking about one certificate reads all of them.
 * A table holds what they say in a form to look up: the HashedId10 of hash CRLs as a set; of linkage CRLs the seeds,
 * advanced to the i-period in use, and a filter over that period's linkage values. What the filter knows is looked for
 * among the values themselves, so that yes and no are both exact. Both ids of a certificate are looked up (trust rule
 * G5.6).
 *
 * A table is named in struct scms_objects, as it lies beside the store like them. It never makes an answer old or
 * wrong: of each CRL it knows the SHA-256 of the bytes that it was made from. Where the store has other bytes by now,
 * where the certificate is of another i-period, and where a CRL did not fit, the CRL itself is read, as without a
 * table. A table that is behind costs time, never an answer.
 *
 * Memory is the caller's, and bounded: 264 bytes for a linkage entry of 20 values a period, 20 for a hash. The life of
 * one:
 *
 *     size = scms_revocation_size(store, &objects, &options);
 *     table = scms_revocation_init(memory, size, &options, crypto);
 *     scms_revocation_update(table, store, &objects);        after each session that changed the store: adds what
 * deltas objects.revocation = table;                            bring in place, makes again what a new full CRL
 * replaced scms_revocation_prepare(table, 1000, &done);           now and then: a slice of the next i-period
 *     scms_revocation_advance(table);                        when it begins
 *
 * CAVEATS
 *   - A table belongs to one thread at a time, like its store. Where the work for the next period or a new CRL must not
 * hold up messages, another thread does it on a second table, from a copy of the store, and the two are exchanged.
 *   - The engine that scms_revocation_init was given must outlive the table.
 */
#ifndef SCMS_REVOCATION_H
#define SCMS_REVOCATION_H

#include <scms/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scms_revocation;

struct scms_revocation_options {
	uint16_t i;     /* i-period of the certificates in use now */
	uint32_t spare; /* entries that each CRL may come to have besides, by deltas; 0: 1,000 */
	bool portable;  /* without VAES, whatever the processor has */
};

enum scms_revocation_status {
	SCMS_REVOCATION_READY,
	SCMS_REVOCATION_NO_ROOM, /* some CRL is not in the table, which then is slow: make another, of a new size */
	SCMS_REVOCATION_FAILED,  /* an object could not be had or the engine failed: the same */
};

/* Bytes for the CRLs that the store has now. 0: an object could not be had. */
SCMS_API size_t scms_revocation_size(const struct scms_store *store, const struct scms_objects *objects,
				     const struct scms_revocation_options *options);

/* An empty table in that much memory, aligned for any type. NULL: too small for any. */
SCMS_API struct scms_revocation *scms_revocation_init(void *memory, size_t size,
						      const struct scms_revocation_options *options,
						      const struct scms_crypto *crypto);

/* Brings the table to what the store has. Deltas are added in place; CRLs that have not changed are left alone. */
SCMS_API enum scms_revocation_status scms_revocation_update(struct scms_revocation *table,
							    const struct scms_store *store,
							    const struct scms_objects *objects);

/* Makes up to n more entries of the next i-period. *done: all are. A delta that comes in between begins it anew. */
SCMS_API enum scms_revocation_status scms_revocation_prepare(struct scms_revocation *table, size_t n, bool *done);

/*
 * Goes on to the next i-period, making what is left of it. A CRL that begins with that period comes into the table with
 * the next scms_revocation_update; until then, and on SCMS_REVOCATION_FAILED, CRLs concerned are read.
 */
SCMS_API enum scms_revocation_status scms_revocation_advance(struct scms_revocation *table);

SCMS_API uint16_t scms_revocation_period(const struct scms_revocation *table);

/* Entries in the table that can still match, of all CRLs. */
SCMS_API size_t scms_revocation_entries(const struct scms_revocation *table);

#ifdef __cplusplus
}
#endif

#endif
