/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pile.h: encodings one after another, in memory that grows: how a SEQUENCE OF is put together of elements that exist
 * already.
 */
#ifndef COMPONENTS_PILE_H
#define COMPONENTS_PILE_H

#include "dot2/make.h"

struct pile {
	struct bytes bytes; /* to be freed with bytes_free() */
	size_t room;
	uint32_t count;
};

/* Adds one element. False without memory; the pile is then as it was. */
SCMS_CHECKED bool pile_add(struct pile *pile, struct scms_slice element);

/* The pile as a list, for the encoder. */
static inline struct oer_list pile_list(const struct pile *pile, const struct oer_type *element)
{
	return (struct oer_list){.bytes = bytes_view(&pile->bytes), .count = pile->count, .element = element};
}

#endif
