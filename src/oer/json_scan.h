/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan.h: JSON text as tokens (RFC 8259, strictly), for json_read.
 *
 * A token says where its text is and which token follows it once its contents
 * are stepped over, so that members can be looked up in any order without
 * reading anything twice. Children of an object are its names (strings) and
 * values in turn.
 */
#ifndef OER_JSON_SCAN_H
#define OER_JSON_SCAN_H

#include "oer/json.h"

/* Tokens in one text: 128 MiB of them. */
#define JSON_TOKEN_LIMIT ((uint32_t)8 << 20)

enum json_kind {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_token {
	uint32_t start; /* first byte of its text; of a string: behind the quotation mark */
	uint32_t end;   /* byte behind its text; of a string: the quotation mark */
	uint32_t next;  /* number of the token behind it and all in it */
	uint32_t kind;  /* enum json_kind */
};

struct json_tokens {
	struct json_token *t; /* to be freed by the caller */
	uint32_t count;
};

/* Scans all of the text. On refusal tokens->t is NULL and err says why. */
SCMS_CHECKED bool json_scan(struct scms_slice text, struct json_tokens *tokens, struct json_error *err);

/* Sets line and column of err to those of a byte of the text. */
void json_error_place(struct json_error *err, struct scms_slice text, size_t offset);

/*
 * The character at *at, inside a string token, in UTF-8 and with its escape
 * resolved; *at moves behind it. Returns its bytes, 1 to 4.
 */
size_t json_string_next(struct scms_slice text, uint32_t *at, uint8_t character[4]);

#endif
