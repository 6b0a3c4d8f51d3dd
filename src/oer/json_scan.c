/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scanner {
	struct scms_slice text;
	size_t at;
	struct json_tokens tokens;
	uint32_t capacity;
	struct json_error *err;
};

void json_error_place(struct json_error *err, struct scms_slice text, size_t offset)
{
	size_t line_start = 0;

	err->line = 1;
	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			err->line++;
			line_start = i + 1;
		}
	}
	err->column = offset - line_start + 1;
}

static bool refuse(struct scanner *s, size_t at, const char *what)
{
	json_error_place(s->err, s->text, at);
	s->err->path[0] = 0;
	if (at < s->text.n && s->text.p[at] > ' ' && s->text.p[at] < 0x7f)
		snprintf(s->err->text, sizeof(s->err->text), "%s, found '%c'", what, s->text.p[at]);
	else if (at < s->text.n)
		snprintf(s->err->text, sizeof(s->err->text), "%s, found byte 0x%02x", what, s->text.p[at]);
	else
		snprintf(s->err->text, sizeof(s->err->text), "%s, found the end of the text", what);
	return false;
}

static bool refuse_limit(struct scanner *s, const char *what)
{
	json_error_place(s->err, s->text, s->at);
	s->err->path[0] = 0;
	snprintf(s->err->text, sizeof(s->err->text), "%s", what);
	return false;
}

static int peek(const struct scanner *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : -1;
}

static void skip_space(struct scanner *s)
{
	int c = peek(s);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		s->at++;
		c = peek(s);
	}
}

static bool token_begin(struct scanner *s, enum json_kind kind, uint32_t *number)
{
	struct json_tokens *tokens = &s->tokens;

	if (tokens->count == s->capacity) {
		uint32_t capacity = s->capacity ? 2 * s->capacity : 64;
		struct json_token *t;

		if (capacity > JSON_TOKEN_LIMIT)
			return refuse_limit(s, "more values than the limit allows");
		t = realloc(tokens->t, capacity * sizeof(*t));
		if (!t)
			return refuse_limit(s, "no memory");
		tokens->t = t;
		s->capacity = capacity;
	}
	*number = tokens->count++;
	tokens->t[*number] = (struct json_token){.start = (uint32_t)s->at, .kind = kind};
	return true;
}

static void token_end(struct scanner *s, uint32_t number)
{
	s->tokens.t[number].end = (uint32_t)s->at;
	s->tokens.t[number].next = s->tokens.count;
}

static bool digits(struct scanner *s)
{
	if (peek(s) < '0' || peek(s) > '9')
		return refuse(s, s->at, "expected a digit");
	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return true;
}

static bool scan_number(struct scanner *s)
{
	uint32_t number = 0;

	if (!token_begin(s, JSON_NUMBER, &number))
		return false;
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0')
		s->at++;
	else if (!digits(s))
		return false;
	if (peek(s) == '.') {
		s->at++;
		if (!digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (!digits(s))
			return false;
	}
	token_end(s, number);
	return true;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four hex digits; -1 where they are not. */
static int32_t hex_four(const uint8_t *p, size_t n)
{
	int32_t value = 0;

	if (n < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* Steps over what follows a backslash. Half a surrogate pair is no character. */
static bool scan_escape(struct scanner *s)
{
	static const char simple[] = "\"\\/bfnrt";
	int c = peek(s);
	int32_t unit, low;

	if (c > 0 && strchr(simple, c)) {
		s->at++;
		return true;
	}
	if (c != 'u')
		return refuse(s, s->at, "expected an escape");
	unit = hex_four(s->text.p + s->at + 1, s->text.n - s->at - 1);
	if (unit < 0)
		return refuse(s, s->at, "expected \\u with four hex digits");
	s->at += 5;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || s->text.n - s->at < 6 || s->text.p[s->at] != '\\' || s->text.p[s->at + 1] != 'u')
		return refuse(s, s->at, "expected the other half of a surrogate pair");
	low = hex_four(s->text.p + s->at + 2, s->text.n - s->at - 2);
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(s, s->at, "expected the other half of a surrogate pair");
	s->at += 6;
	return true;
}

/* Steps over one character of UTF-8 beyond ASCII: shortest form, no surrogates, up to U+10FFFF. */
static bool scan_utf8(struct scanner *s)
{
	const uint8_t *p = s->text.p + s->at;
	size_t left = s->text.n - s->at;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return refuse(s, s->at, "expected UTF-8");
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return refuse(s, s->at + i, "expected UTF-8");
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return refuse(s, s->at, "expected UTF-8");
	s->at += n;
	return true;
}

static bool scan_string(struct scanner *s)
{
	uint32_t number = 0;

	s->at++;
	if (!token_begin(s, JSON_STRING, &number))
		return false;
	for (;;) {
		int c = peek(s);

		if (c == '"')
			break;
		if (c < ' ')
			return refuse(s, s->at, "expected a character or the end of the string");
		if (c == '\\') {
			s->at++;
			if (!scan_escape(s))
				return false;
		} else if (c < 0x80) {
			s->at++;
		} else if (!scan_utf8(s)) {
			return false;
		}
	}
	token_end(s, number);
	s->at++;
	return true;
}

static bool scan_word(struct scanner *s, enum json_kind kind, const char *word)
{
	size_t n = strlen(word);
	uint32_t number = 0;

	if (s->text.n - s->at < n || memcmp(s->text.p + s->at, word, n) != 0)
		return refuse(s, s->at, "expected a value");
	if (!token_begin(s, kind, &number))
		return false;
	s->at += n;
	token_end(s, number);
	return true;
}

static bool scan_value(struct scanner *s, unsigned depth);

static bool scan_name(struct scanner *s)
{
	skip_space(s);
	if (peek(s) != '"')
		return refuse(s, s->at, "expected a member's name");
	if (!scan_string(s))
		return false;
	skip_space(s);
	if (peek(s) != ':')
		return refuse(s, s->at, "expected ':'");
	s->at++;
	return true;
}

static bool scan_container(struct scanner *s, enum json_kind kind, unsigned depth)
{
	int close = kind == JSON_OBJECT ? '}' : ']';
	uint32_t number = 0;

	if (depth == 0)
		return refuse_limit(s, "nested more deeply than the limit allows");
	if (!token_begin(s, kind, &number))
		return false;
	s->at++;
	skip_space(s);
	if (peek(s) == close)
		goto closed;
	for (;;) {
		if (kind == JSON_OBJECT && !scan_name(s))
			return false;
		if (!scan_value(s, depth - 1))
			return false;
		skip_space(s);
		if (peek(s) == close)
			goto closed;
		if (peek(s) != ',')
			return refuse(s, s->at, kind == JSON_OBJECT ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
	}
closed:
	s->at++;
	token_end(s, number);
	return true;
}

static bool scan_value(struct scanner *s, unsigned depth)
{
	skip_space(s);
	switch (peek(s)) {
	case '{':
		return scan_container(s, JSON_OBJECT, depth);
	case '[':
		return scan_container(s, JSON_ARRAY, depth);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, JSON_TRUE, "true");
	case 'f':
		return scan_word(s, JSON_FALSE, "false");
	case 'n':
		return scan_word(s, JSON_NULL, "null");
	default:
		if (peek(s) == '-' || (peek(s) >= '0' && peek(s) <= '9'))
			return scan_number(s);
		return refuse(s, s->at, "expected a value");
	}
}

bool json_scan(struct scms_slice text, struct json_tokens *tokens, struct json_error *err)
{
	struct scanner s = {.text = text, .err = err};

	*tokens = (struct json_tokens){NULL, 0};
	if (text.n > JSON_TEXT_LIMIT) {
		s.at = 0;
		return refuse_limit(&s, "longer than the limit allows");
	}
	if (!scan_value(&s, JSON_DEPTH_LIMIT))
		goto refused;
	skip_space(&s);
	if (s.at != text.n) {
		refuse(&s, s.at, "expected the end of the text");
		goto refused;
	}
	*tokens = s.tokens;
	return true;
refused:
	free(s.tokens.t);
	return false;
}

static size_t put_utf8(uint8_t *buf, uint32_t c)
{
	if (c < 0x80) {
		buf[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		buf[0] = (uint8_t)(0xc0 | c >> 6);
		buf[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		buf[0] = (uint8_t)(0xe0 | c >> 12);
		buf[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		buf[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	buf[0] = (uint8_t)(0xf0 | c >> 18);
	buf[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	buf[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	buf[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static size_t take_escape(const uint8_t *p, uint32_t *at, uint8_t character[4])
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *simple = strchr(from, p[1]);
	uint32_t c;

	*at += 2;
	if (p[1] != 'u') {
		character[0] = simple ? (uint8_t)to[simple - from] : p[1];
		return 1;
	}
	*at += 4;
	c = (uint32_t)hex_four(p + 2, 4);
	if (c >= 0xd800 && c <= 0xdbff) {
		*at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (uint32_t)hex_four(p + 8, 4) - 0xdc00;
	}
	return put_utf8(character, c);
}

size_t json_string_next(struct scms_slice text, uint32_t *at, uint8_t character[4])
{
	const uint8_t *p = text.p + *at;
	size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 1;

	if (*p == '\\')
		return take_escape(p, at, character);
	memcpy(character, p, n);
	*at += (uint32_t)n;
	return n;
}
