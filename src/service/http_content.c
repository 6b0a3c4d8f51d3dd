/* SPDX-License-Identifier: Apache-2.0 */
/* What is served many times, with entity tags and ranges (RFC 9110 sections 8.8.3, 13.1.2 and 14.2). */
#include "http_exchange.h"

#include <event2/buffer.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_content {
	struct scms_slice bytes;
	const char *type;
	unsigned references; /* one thread: no lock */
	char tag[48];	     /* 43 characters of base64, quotation marks, end */
};

struct http_content *http_content_new(struct scms_slice bytes, const char *type)
{
	struct http_content *content = calloc(1, sizeof(*content));
	uint8_t digest[32], text[64];

	if (content == NULL || EVP_Digest(bytes.p, bytes.n, digest, NULL, EVP_sha256(), NULL) != 1) {
		free(content);
		free((void *)(uintptr_t)bytes.p);
		return NULL;
	}
	content->bytes = bytes;
	content->type = type;
	content->references = 1;
	EVP_EncodeBlock(text, digest, sizeof(digest));
	snprintf(content->tag, sizeof(content->tag), "\"%.43s\"", (const char *)text);
	return content;
}

struct scms_slice http_content_bytes(const struct http_content *content)
{
	return content->bytes;
}

const char *http_content_tag(const struct http_content *content)
{
	return content->tag;
}

void http_content_free(struct http_content *content)
{
	if (content == NULL || --content->references > 0)
		return;
	free((void *)(uintptr_t)content->bytes.p);
	free(content);
}

static void release(const void *bytes, size_t n, void *content)
{
	(void)bytes, (void)n;
	http_content_free(content);
}

/* If-None-Match: "*", or a list of tags, each perhaps weak. Tags hold no comma. */
static bool tag_listed(const char *list, const char *tag)
{
	return list != NULL && (strcmp(list, "*") == 0 || strstr(list, tag) != NULL);
}

struct range {
	size_t from, to; /* half open */
};

static bool number(const char **text, size_t *value)
{
	char *end;
	unsigned long long n;

	if (**text < '0' || **text > '9')
		return false;
	n = strtoull(*text, &end, 10);
	*value = n > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)n;
	*text = end;
	return true;
}

/* 200: there is no range, or one that is not understood; 206; 416: outside the content. */
static int range_parse(const char *text, size_t n, struct range *range)
{
	size_t last;

	if (text == NULL || strncmp(text, "bytes=", 6) != 0)
		return 200;
	text += 6;
	if (*text == '-') { /* the last so many */
		text++;
		if (!number(&text, &last) || *text != '\0')
			return 200;
		if (last == 0 || n == 0)
			return 416;
		range->from = last < n ? n - last : 0;
		return 206;
	}
	if (!number(&text, &range->from) || *text++ != '-')
		return 200;
	if (*text != '\0') {
		if (!number(&text, &last) || *text != '\0' || last < range->from)
			return 200;
		if (last < n)
			range->to = last + 1;
	}
	return range->from < n ? 206 : 416;
}

static int range_read(const char *text, size_t n, struct range *range)
{
	int status;

	*range = (struct range){0, n};
	status = range_parse(text, n, range);
	if (status == 200)
		*range = (struct range){0, n};
	return status;
}

void http_answer_content(struct http_exchange *exchange, struct http_content *content)
{
	const char *if_range = http_header(exchange, "If-Range");
	struct evbuffer *body = evbuffer_new();
	size_t n = content->bytes.n;
	struct range range;
	char text[80];
	int status = 304;

	http_answer_header(exchange, "ETag", content->tag);
	http_answer_header(exchange, "Accept-Ranges", "bytes");
	if (body == NULL) {
		exchange_send(exchange, 503, NULL);
		return;
	}
	if (!tag_listed(http_header(exchange, "If-None-Match"), content->tag)) {
		bool may = if_range == NULL || strcmp(if_range, content->tag) == 0;

		status = range_read(may ? http_header(exchange, "Range") : NULL, n, &range);
		http_answer_header(exchange, "Content-Type", content->type);
		if (status == 416)
			snprintf(text, sizeof(text), "bytes */%zu", n);
		else
			snprintf(text, sizeof(text), "bytes %zu-%zu/%zu", range.from, range.to - 1, n);
		if (status != 200)
			http_answer_header(exchange, "Content-Range", text);
		if (status != 416 && range.to > range.from) {
			content->references++;
			if (evbuffer_add_reference(body, content->bytes.p + range.from, range.to - range.from, release,
						   content) != 0) {
				http_content_free(content);
				status = 503;
			}
		}
	}
	exchange_send(exchange, status, body);
	evbuffer_free(body);
}
