/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.h: writing what canonical OER is made of.
 *
 * A writer counts what it is given and stores it as long as there is room, so
 * that a caller learns how much is needed. Nothing can fail before
 * writer_finish.
 */
#ifndef OER_WRITE_H
#define OER_WRITE_H

#include "oer/table.h"

struct writer {
	uint8_t *p;
	size_t cap;
	size_t len; /* written, or that would have been */
};

static inline void write_byte(struct writer *w, uint8_t byte)
{
	if (w->len < w->cap)
		w->p[w->len] = byte;
	w->len++;
}

static inline void write_bytes(struct writer *w, const void *p, size_t n)
{
	if (n && w->len <= w->cap && n <= w->cap - w->len)
		__builtin_memcpy(w->p + w->len, p, n);
	w->len += n;
}

/* The low n bytes of v, most significant first. */
void write_be(struct writer *w, uint64_t v, size_t n);

/* Length determinant. */
void write_length(struct writer *w, size_t length);

/* Integers with a length before them; the count of a SEQUENCE OF is unsigned. */
void write_unsigned(struct writer *w, uint64_t v);
void write_signed(struct writer *w, int64_t v);

/* ENUMERATED. */
void write_enumerated(struct writer *w, int32_t v);

/*
 * Puts the length of what was written since `mark` (a former w->len) before
 * it: for open types, whose length is known only afterwards.
 */
void write_length_before(struct writer *w, size_t mark);

/* OER_SPACE if it did not all fit; *len is set either way. */
SCMS_CHECKED enum oer_status writer_finish(const struct writer *w, size_t *len);

#endif
