/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/json_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing in it that a terminal would act on. */
static bool is_plain(struct scms_slice text, const struct json_token *t)
{
	for (uint32_t i = t->start; i < t->end; i++) {
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	}
	return true;
}

/* Says where and why; "found" is the token itself. */
bool json_refuse(struct reader *r, uint32_t token, const struct oer_node *node, const char *format, ...)
{
	static const char *const words[] = {"an object", "an array", "a string", "a number", "true", "false", "null"};
	const struct json_token *t = &r->t[token];
	size_t n, shown = t->end - t->start;
	va_list args;

	json_error_place(r->err, r->text, t->start - (t->kind == JSON_STRING));
	oer_node_path(node, r->err->path, sizeof(r->err->path));
	va_start(args, format);
	vsnprintf(r->err->text, sizeof(r->err->text), format, args);
	va_end(args);
	n = strlen(r->err->text);
	if (t->kind == JSON_NUMBER || (t->kind == JSON_STRING && is_plain(r->text, t)))
		snprintf(r->err->text + n, sizeof(r->err->text) - n, ", found %s%.*s%s%s",
			 t->kind == JSON_STRING ? "\"" : "", shown > 24 ? 24 : (int)shown, r->text.p + t->start,
			 shown > 24 ? "..." : "", t->kind == JSON_STRING ? "\"" : "");
	else
		snprintf(r->err->text + n, sizeof(r->err->text) - n, ", found %s", words[t->kind]);
	return false;
}

bool json_token_is(const struct reader *r, uint32_t token, const char *text)
{
	const struct json_token *t = &r->t[token];

	return t->end - t->start == strlen(text) && memcmp(r->text.p + t->start, text, t->end - t->start) == 0;
}

/* A number without fraction: its sign and magnitude. */
bool json_take_integer(struct reader *r, uint32_t token, bool *negative, uint64_t *magnitude)
{
	const struct json_token *t = &r->t[token];
	uint32_t at = t->start;

	if (t->kind != JSON_NUMBER)
		return false;
	*negative = r->text.p[at] == '-';
	*magnitude = 0;
	for (at += *negative; at < t->end; at++) {
		uint8_t c = r->text.p[at];

		if (c < '0' || c > '9' || __builtin_mul_overflow(*magnitude, 10, magnitude) ||
		    __builtin_add_overflow(*magnitude, (uint64_t)(c - '0'), magnitude))
			return false;
	}
	*negative = *negative && *magnitude > 0;
	return true;
}

bool json_take_unsigned(struct reader *r, uint32_t token, const struct oer_node *node, uint64_t *v)
{
	const struct oer_type *type = node->type;
	bool negative;

	if (json_take_integer(r, token, &negative, v) && !negative && *v >= type->ulow && *v <= type->uhigh)
		return true;
	return json_refuse(r, token, node, "expected a number from %" PRIu64 " to %" PRIu64, type->ulow, type->uhigh);
}

bool json_take_signed(struct reader *r, uint32_t token, const struct oer_node *node, int64_t *v)
{
	const struct oer_type *type = node->type;
	uint64_t magnitude;
	bool negative;

	if (json_take_integer(r, token, &negative, &magnitude) && magnitude <= (uint64_t)INT64_MAX + negative) {
		*v = negative ? (int64_t)-magnitude : (int64_t)magnitude;
		if (*v >= type->low && *v <= type->high)
			return true;
	}
	return json_refuse(r, token, node, "expected a number from %" PRId64 " to %" PRId64, type->low, type->high);
}

/* A name, or of an extensible type any other number, as a string of digits. */
bool json_take_enumerated(struct reader *r, uint32_t token, const struct oer_node *node, int32_t *v)
{
	const struct oer_type *type = node->type;
	char text[16], again[16], *end;
	long number;

	if (r->t[token].kind == JSON_STRING) {
		for (uint16_t i = 0; i < type->count; i++) {
			if (json_token_is(r, token, type->u.names[i].name)) {
				*v = type->u.names[i].value;
				return true;
			}
		}
		snprintf(text, sizeof(text), "%.*s", (int)(r->t[token].end - r->t[token].start),
			 r->text.p + r->t[token].start);
		number = strtol(text, &end, 10);
		snprintf(again, sizeof(again), "%ld", number);
		if (type->flags & OER_TYPE_EXTENSIBLE && json_token_is(r, token, again) && number >= INT32_MIN &&
		    number <= INT32_MAX) {
			*v = (int32_t)number;
			return true;
		}
	}
	return json_refuse(r, token, node, "expected a name of %s", oer_type_name(type));
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Is it a string of hex digits? *n is the number of bytes that it stands for. */
bool json_token_is_hex(const struct reader *r, uint32_t token, size_t *n)
{
	const struct json_token *t = &r->t[token];

	*n = (t->end - t->start) / 2;
	if (t->kind != JSON_STRING || (t->end - t->start) % 2)
		return false;
	for (uint32_t i = t->start; i < t->end; i++) {
		if (hex_digit(r->text.p[i]) < 0)
			return false;
	}
	return true;
}

uint8_t json_hex_byte(const struct reader *r, uint32_t at)
{
	return (uint8_t)((unsigned)hex_digit(r->text.p[at]) << 4 | (unsigned)hex_digit(r->text.p[at + 1]));
}

void json_put_hex(struct reader *r, uint32_t token)
{
	const struct json_token *t = &r->t[token];

	for (uint32_t i = t->start; i < t->end; i += 2)
		write_byte(&r->out, json_hex_byte(r, i));
}

bool json_read_text(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct json_token *t = &r->t[token];
	size_t mark = r->out.len, characters = 0;

	if (t->kind != JSON_STRING)
		return json_refuse(r, token, node, "expected a string");
	for (uint32_t at = t->start; at < t->end; characters++) {
		uint8_t character[4];

		write_bytes(&r->out, character, json_string_next(r->text, &at, character));
	}
	write_length_before(&r->out, mark);
	if (characters < node->type->ulow || characters > node->type->uhigh)
		return json_refuse(r, token, node, "expected %" PRIu64 " to %" PRIu64 " characters", node->type->ulow,
				   node->type->uhigh);
	return true;
}

bool json_read_bits(struct reader *r, uint32_t token, const struct oer_node *node)
{
	size_t n;

	if (!json_token_is_hex(r, token, &n) || n != 1)
		return json_refuse(r, token, node, "expected hex of 1 byte");
	json_put_hex(r, token);
	return true;
}

bool json_read_bool(struct reader *r, uint32_t token, const struct oer_node *node)
{
	if (r->t[token].kind != JSON_TRUE && r->t[token].kind != JSON_FALSE)
		return json_refuse(r, token, node, "expected true or false");
	write_byte(&r->out, r->t[token].kind == JSON_TRUE ? 0xff : 0);
	return true;
}

bool json_read_unsigned(struct reader *r, uint32_t token, const struct oer_node *node)
{
	uint64_t v = 0;

	if (!json_take_unsigned(r, token, node, &v))
		return false;
	if (node->type->kind == OER_KIND_UVAR)
		write_unsigned(&r->out, v);
	else
		write_be(&r->out, v, (size_t)1 << (node->type->kind - OER_KIND_U8));
	return true;
}

bool json_read_signed(struct reader *r, uint32_t token, const struct oer_node *node)
{
	int64_t v = 0;

	if (!json_take_signed(r, token, node, &v))
		return false;
	if (node->type->kind == OER_KIND_IVAR)
		write_signed(&r->out, v);
	else
		write_be(&r->out, (uint64_t)v, (size_t)1 << (node->type->kind - OER_KIND_I8));
	return true;
}

bool json_read_enumerated(struct reader *r, uint32_t token, const struct oer_node *node)
{
	int32_t v = 0;

	if (!json_take_enumerated(r, token, node, &v))
		return false;
	write_enumerated(&r->out, v);
	return true;
}
