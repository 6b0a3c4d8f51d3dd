/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/id10_table.h"

#include <string.h>

static const uint8_t zero[10];

static size_t places_for(size_t entries)
{
	return 2 * entries + 1;
}

size_t id10_table_size(size_t entries)
{
	return 10 * places_for(entries);
}

void id10_table_init(struct id10_table *table, void *memory, size_t entries)
{
	*table = (struct id10_table){.place = memory, .places = places_for(entries), .most = entries};
	memset(memory, 0, id10_table_size(entries));
}

/* The place that has the id, or the free one where it would be. There always is one: half of them are free. */
static uint8_t *place_find(const struct id10_table *table, const uint8_t id[10])
{
	uint32_t first;
	size_t at;

	memcpy(&first, id, sizeof(first));
	at = (size_t)((unsigned __int128)first * table->places >> 32);
	while (memcmp(table->place[at], id, 10) != 0 && memcmp(table->place[at], zero, 10) != 0)
		at = at + 1 < table->places ? at + 1 : 0;
	return table->place[at];
}

bool id10_table_add(struct id10_table *table, const uint8_t id[10])
{
	uint8_t *place;

	if (memcmp(id, zero, 10) == 0) {
		table->has_zero = true;
		return true;
	}
	place = place_find(table, id);
	if (memcmp(place, id, 10) == 0)
		return true;
	if (table->entries == table->most)
		return false;
	memcpy(place, id, 10);
	table->entries++;
	return true;
}

bool id10_table_has(const struct id10_table *table, const uint8_t id[10])
{
	if (memcmp(id, zero, 10) == 0)
		return table->has_zero;
	return memcmp(place_find(table, id), id, 10) == 0;
}
