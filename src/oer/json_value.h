/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_value.h: what json_read is made of: refusals, and values without parts.
 *
 * A take_ function gives the value of a token; a read_ function writes its
 * encoding. Both return false after json_refuse().
 */
#ifndef OER_JSON_VALUE_H
#define OER_JSON_VALUE_H

#include "oer/json_scan.h"
#include "oer/write.h"

struct reader {
	struct scms_slice text;
	const struct json_token *t;
	struct writer out;
	unsigned depth; /* recursion still allowed */
	struct json_error *err;
};

/* Says where, at which field, and what was expected; what was found is the token itself. Always false. */
bool json_refuse(struct reader *r, uint32_t token, const struct oer_node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Is the token's text, of a string without its quotation marks, this one? */
bool json_token_is(const struct reader *r, uint32_t token, const char *text);

/* Is it a string of hex digits? *n is the number of bytes that it stands for. */
bool json_token_is_hex(const struct reader *r, uint32_t token, size_t *n);

/* The byte of two hex digits at this place of the text. */
uint8_t json_hex_byte(const struct reader *r, uint32_t at);

/* Writes the bytes of a token that is hex. */
void json_put_hex(struct reader *r, uint32_t token);

/* A number without fraction: its sign and magnitude. Does not refuse, but returns false. */
bool json_take_integer(struct reader *r, uint32_t token, bool *negative, uint64_t *magnitude);

bool json_take_unsigned(struct reader *r, uint32_t token, const struct oer_node *node, uint64_t *v);
bool json_take_signed(struct reader *r, uint32_t token, const struct oer_node *node, int64_t *v);
bool json_take_enumerated(struct reader *r, uint32_t token, const struct oer_node *node, int32_t *v);

bool json_read_unsigned(struct reader *r, uint32_t token, const struct oer_node *node);
bool json_read_signed(struct reader *r, uint32_t token, const struct oer_node *node);
bool json_read_enumerated(struct reader *r, uint32_t token, const struct oer_node *node);
bool json_read_bool(struct reader *r, uint32_t token, const struct oer_node *node);
bool json_read_bits(struct reader *r, uint32_t token, const struct oer_node *node);
bool json_read_text(struct reader *r, uint32_t token, const struct oer_node *node);

#endif
