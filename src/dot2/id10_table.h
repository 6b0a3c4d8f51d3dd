/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id10_table.h: a set of HashedId10, for hash CRLs: asked in one or two cache lines, and exact.
 *
 * Open addressing over twice as many places as entries. An id is the tail of a hash, so its own bytes say where it
 * begins to be looked for.
 */
#ifndef DOT2_ID10_TABLE_H
#define DOT2_ID10_TABLE_H

#include <scms/base.h>

struct id10_table {
	uint8_t (*place)[10]; /* all zero: free */
	size_t places, entries, most;
	bool has_zero; /* the id of all zeros, which no place can hold */
};

/* Bytes for so many entries. */
size_t id10_table_size(size_t entries);

/* An empty table in that much memory. */
void id10_table_init(struct id10_table *table, void *memory, size_t entries);

/* Adds an id; one that is there already takes no room. False: the table is full. */
SCMS_CHECKED bool id10_table_add(struct id10_table *table, const uint8_t id[10]);

bool id10_table_has(const struct id10_table *table, const uint8_t id[10]);

#endif
