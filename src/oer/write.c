/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/write.h"
#include <string.h>

void write_be(struct writer *w, uint64_t v, size_t n)
{
	if (w->len <= w->cap && n <= w->cap - w->len) {
		for (size_t i = 0; i < n; i++)
			w->p[w->len + i] = (uint8_t)(v >> 8 * (n - 1 - i));
	}
	w->len += n;
}

static size_t unsigned_size(uint64_t v)
{
	size_t n = 1;

	while (n < 8 && v >> 8 * n)
		n++;
	return n;
}

static size_t signed_size(int64_t v)
{
	/* Nothing but copies of the sign may lie above the bits that are kept. */
	uint64_t bits = (uint64_t)(v < 0 ? ~v : v);
	size_t n = 1;

	while (n < 8 && bits >> (8 * n - 1))
		n++;
	return n;
}

void write_length(struct writer *w, size_t length)
{
	size_t n = unsigned_size(length);

	if (length >= 0x80)
		write_byte(w, (uint8_t)(0x80 | n));
	write_be(w, length, n);
}

void write_unsigned(struct writer *w, uint64_t v)
{
	size_t n = unsigned_size(v);

	write_byte(w, (uint8_t)n);
	write_be(w, v, n);
}

void write_signed(struct writer *w, int64_t v)
{
	size_t n = signed_size(v);

	write_byte(w, (uint8_t)n);
	write_be(w, (uint64_t)v, n);
}

void write_enumerated(struct writer *w, int32_t v)
{
	if (v >= 0 && v < 0x80) {
		write_byte(w, (uint8_t)v);
	} else {
		size_t n = signed_size(v);

		write_byte(w, (uint8_t)(0x80 | n));
		write_be(w, (uint64_t)(int64_t)v, n);
	}
}

void write_length_before(struct writer *w, size_t mark)
{
	size_t n = w->len - mark;
	struct writer before = {.p = w->p, .cap = w->cap, .len = mark};
	struct writer size = {0};

	write_length(&size, n);
	w->len += size.len;
	if (w->len > w->cap)
		return;
	memmove(w->p + mark + size.len, w->p + mark, n);
	write_length(&before, n);
}

enum oer_status writer_finish(const struct writer *w, size_t *len)
{
	*len = w->len;
	return w->len <= w->cap ? OER_OK : OER_SPACE;
}
