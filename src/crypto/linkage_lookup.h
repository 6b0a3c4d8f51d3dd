/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linkage_lookup.h: is a linkage value revoked in the current i-period? For a receiver of many messages.
 *
 * The table keeps the seeds of its CRLs, advanced to the current i, and a filter over all linkage values of that
 * period. A value that the filter does not know is not revoked: that answer is exact, since every value was put in. A
 * value that it knows is looked for among the values themselves, made again from the seeds, so this answer is exact
 * too; about one certificate in some millions pays for that without being revoked.
 *
 * Memory is the caller's, and bounded: 264 bytes an entry with 20 values, two periods at once. The next period can be
 * made in slices beforehand, so that the change of period costs nothing.
 */
#ifndef CRYPTO_LINKAGE_LOOKUP_H
#define CRYPTO_LINKAGE_LOOKUP_H

#include <scms/crypto.h>

/* One entry as a CRL has it: 00, seed 1, seed 2. */
#define LINKAGE_ENTRY 33
#define LINKAGE_GROUPS_MAX 1024

/* What entries of one IMaxGroup share. */
struct linkage_group {
	uint8_t j_max;     /* values of an entry in a period */
	uint16_t la1, la2; /* linkage authorities */
	uint16_t i_max;    /* last period of the entries */
};

enum linkage_status {
	LINKAGE_OK,
	LINKAGE_FULL,   /* more entries, values or groups than the table was made for; nothing was added */
	LINKAGE_LATER,  /* the CRL's i is later than the table's: advance first */
	LINKAGE_FAILED, /* the engine of hashes and AES failed */
};

struct linkage_lookup;

/* Bytes for so many entries, with so many values in all (entries * j_max). */
size_t linkage_lookup_size(size_t entries, size_t values);

/* Makes an empty table for period i in that much memory, aligned for any type. portable: as in verify.h. */
struct linkage_lookup *linkage_lookup_init(void *memory, size_t entries, size_t values, uint16_t i,
					   const struct scms_crypto *crypto, bool portable);

/* "vaes" or "portable" */
const char *linkage_lookup_backend(const struct linkage_lookup *lookup);

/*
 * Adds the entries of one group, n of LINKAGE_ENTRY bytes each, whose seeds are of period i_rev. For full CRLs and for
 * deltas. Entries whose last period is over are left out. Discards what is made of the next period.
 */
enum linkage_status linkage_lookup_add(struct linkage_lookup *lookup, uint16_t i_rev, const struct linkage_group *group,
				       const uint8_t *entries, size_t n);

/* SCMS_GOOD: the value is revoked; SCMS_BAD: it is not; SCMS_FAILED: the engine failed. */
enum scms_verdict linkage_lookup_has(const struct linkage_lookup *lookup, const uint8_t value[9]);

/* Makes up to n more entries of the next period. *done: all are. LINKAGE_OK or LINKAGE_FAILED. */
enum linkage_status linkage_lookup_prepare(struct linkage_lookup *lookup, size_t n, bool *done);

/*
 * Makes what is left of the next period, and makes it the current one. LINKAGE_OK; or no change: LINKAGE_FAILED, or
 * LINKAGE_LATER after the last period that there is.
 */
enum linkage_status linkage_lookup_advance(struct linkage_lookup *lookup);

uint16_t linkage_lookup_period(const struct linkage_lookup *lookup);
size_t linkage_lookup_entries(const struct linkage_lookup *lookup);

#endif
