/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocation_table.h: what one CRL state of a store lists (its full CRL, deltas, and what earlier signers' CRLs
 * listed), in the form of a look-up. scms/revocation.h is made of these.
 */
#ifndef TRUST_REVOCATION_TABLE_H
#define TRUST_REVOCATION_TABLE_H

#include "crypto/linkage_lookup.h"
#include "dot2/id10_table.h"
#include "trust/revocation.h"

#define REVOCATION_SEED 16

/* A group's entry, its seeds advanced to period i. */
struct group_entry {
	uint16_t i, i_max;
	uint8_t la1[2], la2[2];
	uint8_t seed1[REVOCATION_SEED], seed2[REVOCATION_SEED];
};

/* What a state's CRLs have, to know the room that they need. */
struct counts {
	size_t ids, entries, values, groups;
};

struct revocation_table {
	bool is_made;
	bool begins_later; /* some CRL has seeds of a period that is still to come */
	struct crl_mark from;
	size_t delta_bytes;
	uint8_t *memory;
	size_t size;
	struct counts room;
	struct id10_table ids;
	struct linkage_lookup *linkage; /* NULL: no room for entries was needed */
	struct group_entry *groups;
	size_t group_count;
};

/* What tables are made with. */
struct revocation_means {
	const struct scms_crypto *crypto;
	struct scms_revocation_options options;
};

/* What the state has now. False: an object cannot be had, or is no CRL. */
SCMS_CHECKED bool revocation_count(const struct scms_objects *objects, const struct crl_state *state,
				   struct counts *counts);

/* The same with room for so many more of the kinds that there are. */
struct counts counts_with(const struct counts *counts, uint32_t spare);

bool counts_fit(const struct counts *counts, const struct counts *room);

/* Bytes for such a table, a multiple of 64. */
size_t revocation_table_size(const struct counts *room);

/* Makes the table anew in its memory, which has its room. */
enum scms_revocation_status revocation_table_make(const struct revocation_means *means, struct revocation_table *table,
						  const struct crl_state *state, const struct scms_objects *objects);

/* Is it the table of this state, and of the bytes that the state has now? */
bool revocation_table_is_of(const struct revocation_table *table, const struct crl_state *state);
bool revocation_table_is_current(const struct revocation_table *table, const struct crl_state *state);

/* Adds the deltas that have come since; false where the table has to be made again. */
SCMS_CHECKED bool revocation_table_add(const struct revocation_means *means, struct revocation_table *table,
				       const struct crl_state *state, const struct scms_objects *objects);

/* Goes on to period means->options.i from the one before; false where the table has to be made again. */
SCMS_CHECKED bool revocation_table_advance(const struct revocation_means *means, struct revocation_table *table);

#endif
