/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON reader. The first byte chooses the type, the rest is text. What is read
 * must decode, print, and read back to the same bytes.
 */
#include "asn1/types.h"
#include "fuzz.h"
#include "oer/json.h"

#include <string.h>

/* The corpus counts on the order: add at the end. */
/* clang-format off */
static const struct oer_type *const types[] = {
	&oer_Certificate,
	&oer_Ieee1609Dot2Data,
	&oer_ScmsPDU,
	&oer_ScmsFile,
	&oer_CompositeCrl121,
	&oer_ElectorBallot,
	&oer_CrlContents,
	&oer_FullIeeeTbsCtl,
	&oer_ScmsPolicyExtension,
	&oer_Hostname,
	&oer_HeaderInfo,
};
/* clang-format on */

struct text {
	char p[1 << 20];
	size_t n;
};

static bool append(void *context, const char *p, size_t n)
{
	struct text *text = context;

	if (n > sizeof(text->p) - text->n)
		return false;
	memcpy(text->p + text->n, p, n);
	text->n += n;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text text;
	const struct json_style style = {.write = append, .context = &text, .indent = 1};
	const struct oer_type *type;
	struct scms_slice bytes, again;
	struct json_error err = {0};

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	if (!json_read(type, (struct scms_slice){data + 1, size - 1}, OER_DEPTH_DEFAULT, &bytes, &err)) {
		ALWAYS(!bytes.p && err.line > 0 && err.column > 0 && err.text[0], "refusal");
		ALWAYS(memchr(err.text, 0, sizeof(err.text)) && memchr(err.path, 0, sizeof(err.path)), "unterminated");
		return 0;
	}
	ALWAYS(oer_decode(type, bytes, OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK, "%s: does not decode", type->name);
	text.n = 0;
	if (json_print(type, bytes, OER_DEPTH_DEFAULT, &style, NULL) == OER_OK) {
		ALWAYS(json_read(type, (struct scms_slice){(uint8_t *)text.p, text.n}, OER_DEPTH_DEFAULT, &again, &err),
		       "%s: %s: %s", type->name, err.path, err.text);
		ALWAYS(again.n == bytes.n && memcmp(again.p, bytes.p, bytes.n) == 0, "%s: other bytes", type->name);
		free((void *)(uintptr_t)again.p);
	} else {
		ALWAYS(text.n > sizeof(text.p) / 2, "%s: not printed", type->name);
	}
	free((void *)(uintptr_t)bytes.p);
	return 0;
}
