/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: bytes -> JSON -> bytes is the identity, for values of every type made
 * by chance and for the files given as arguments (TYPE=FILE); what JSON text
 * is refused, and where.
 */
#include "oer/json.h"

#include "../check.h"
#include "base/file.h"
#include "make_value.h"

#include <stdlib.h>

struct text {
	char *p;
	size_t n, cap;
};

static bool text_write(void *context, const char *p, size_t n)
{
	struct text *t = context;

	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n + 1);
		t->p = realloc(t->p, t->cap);
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = 0;
	return true;
}

/* What bytes hold is not asked here, but guessed: whatever decodes as a ScmsPDU or a certificate is shown as one. */
static const struct oer_type *guess(void *context, const struct oer_node *node)
{
	static const char *const types[] = {"ScmsPDU", "Certificate", "CrlContents", "Psid"};

	(void)context;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		const struct oer_entry *e = oer_entry_find(types[i], strlen(types[i]));

		if (oer_decode(e->type, node->value.bytes, 4, NULL, NULL) == OER_OK)
			return e->type;
	}
	return NULL;
}

static void round_trip(const struct oer_type *type, struct scms_slice in, const char *what)
{
	static const struct {
		unsigned indent;
		json_inside *inside;
	} ways[] = {{0, NULL}, {2, NULL}, {3, guess}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct text text = {0};
		struct json_style style = {
		    .write = text_write, .inside = ways[i].inside, .context = &text, .indent = ways[i].indent};
		struct scms_slice out = {0};
		struct json_error jerr = {0};
		struct oer_error err = {0};
		enum oer_status status = json_print(type, in, OER_DEPTH_DEFAULT, &style, &err);
		bool read;

		CHECK(status == OER_OK, "%s: print: %s at %zu, %s", what, oer_status_text(status), err.offset,
		      err.path);
		if (status != OER_OK)
			return;
		read = json_read(type, (struct scms_slice){(uint8_t *)text.p, text.n}, OER_DEPTH_DEFAULT, &out, &jerr);
		CHECK(read, "%s: read: %zu:%zu: %s: %s", what, jerr.line, jerr.column, jerr.path, jerr.text);
		CHECK(!read || (out.n == in.n && memcmp(out.p, in.p, in.n) == 0), "%s: other bytes\n%.2000s", what,
		      text.p);
		free((void *)(uintptr_t)out.p);
		free(text.p);
	}
}

static void by_chance(void)
{
	enum { SIZE = 1 << 20 };
	uint8_t *buf = malloc(SIZE);
	unsigned made = 0;

	for (size_t i = 0; i < oer_entry_count; i++) {
		const struct oer_type *type = oer_entries[i].type;
		unsigned times = type->kind >= OER_KIND_SEQUENCE ? 24 : 4;

		for (unsigned k = 0; k < times; k++) {
			struct maker m = {
			    .out = {.p = buf, .cap = SIZE}, .seed = i << 16 | k, .parts = 20 * k, .depth = 3};
			struct oer_error err = {0};
			char what[200];
			size_t n;

			make_value(&m, type);
			snprintf(what, sizeof(what), "%s #%u", type->name, k);
			if (writer_finish(&m.out, &n) != OER_OK)
				continue;
			/* Nesting beyond the limit is the one thing that chance may get wrong. */
			if (oer_decode(type, (struct scms_slice){buf, n}, OER_DEPTH_DEFAULT, NULL, &err) == OER_DEPTH)
				continue;
			round_trip(type, (struct scms_slice){buf, n}, what);
			made++;
		}
	}
	CHECK(made > 4000, "%u", made);
	free(buf);
}

static const struct refusal {
	const char *type, *json, *path, *text;
	unsigned line, column;
} refusals[] = {
    /* no JSON */
    {"Uint8", "", "", "expected a value, found the end of the text", 1, 1},
    {"Uint8", "1 2", "", "expected the end of the text, found '2'", 1, 3},
    {"Uint8", "+1", "", "expected a value, found '+'", 1, 1},
    {"Uint8", "01", "", "expected the end of the text, found '1'", 1, 2},
    {"Uint8", "1.", "", "expected a digit, found the end of the text", 1, 3},
    {"Uint8", "1e", "", "expected a digit, found the end of the text", 1, 3},
    {"Uint8", "-", "", "expected a digit, found the end of the text", 1, 2},
    {"Hostname", "\"a", "", "expected a character or the end of the string, found the end of the text", 1, 3},
    {"Hostname", "\"a\nb\"", "", "expected a character or the end of the string, found byte 0x0a", 1, 3},
    {"Hostname", "\"\\x\"", "", "expected an escape, found 'x'", 1, 3},
    {"Hostname", "\"\\u12g4\"", "", "expected \\u with four hex digits, found 'u'", 1, 3},
    {"Hostname", "\"\\ud800\"", "", "expected the other half of a surrogate pair, found '\"'", 1, 8},
    {"Hostname", "\"\\ud800\\u0041\"", "", "expected the other half of a surrogate pair, found '\\'", 1, 8},
    {"Hostname", "\"\\udc00\"", "", "expected the other half of a surrogate pair, found '\"'", 1, 8},
    {"Hostname", "\"\xc0\x80\"", "", "expected UTF-8, found byte 0xc0", 1, 2},
    {"Hostname", "\"\xed\xa0\x80\"", "", "expected UTF-8, found byte 0xed", 1, 2},
    {"Hostname", "\"\xf4\x90\x80\x80\"", "", "expected UTF-8, found byte 0xf4", 1, 2},
    {"Hostname", "\"\xe2\x82\"", "", "expected UTF-8, found '\"'", 1, 4},
    {"ValidityPeriod", "{\"start\": 1,}", "", "expected a member's name, found '}'", 1, 13},
    {"ValidityPeriod", "{\"start\" 1}", "", "expected ':', found '1'", 1, 10},
    {"ValidityPeriod", "{\"start\": 1", "", "expected ',' or '}', found the end of the text", 1, 12},
    {"SequenceOfPsid", "[1 2]", "", "expected ',' or ']', found '2'", 1, 4},
    {"SequenceOfPsid", "[1]// one", "", "expected the end of the text, found '/'", 1, 4},
    {"Uint8", "nul", "", "expected a value, found 'n'", 1, 1},
    {"Uint8",
     "\xef\xbb\xbf"
     "1",
     "", "expected a value, found byte 0xef", 1, 1},
    /* values */
    {"Uint8", "256", "Uint8", "expected a number from 0 to 255, found 256", 1, 1},
    {"Uint8", "-1", "Uint8", "expected a number from 0 to 255, found -1", 1, 1},
    {"Uint8", "1.0", "Uint8", "expected a number from 0 to 255, found 1.0", 1, 1},
    {"Uint8", "\"1\"", "Uint8", "expected a number from 0 to 255, found \"1\"", 1, 1},
    {"Uint64", "18446744073709551616", "Uint64",
     "expected a number from 0 to 18446744073709551615, found 18446744073709551616", 1, 1},
    {"Latitude", "900000002", "Latitude", "expected a number from -900000000 to 900000001, found 900000002", 1, 1},
    {"EndorsementType", "\"add\"", "EndorsementType", "expected a name of EndorsementType, found \"add\"", 1, 1},
    {"EndorsementType", "\"017\"", "EndorsementType", "expected a name of EndorsementType, found \"017\"", 1, 1},
    {"EndorsementType", "0", "EndorsementType", "expected a name of EndorsementType, found 0", 1, 1},
    {"CracaType", "\"2\"", "CracaType", "expected a name of CracaType, found \"2\"", 1, 1},
    {"HashedId3", "\"0011\"", "HashedId3", "expected hex of 3 bytes, found \"0011\"", 1, 1},
    {"HashedId3", "\"00112g\"", "HashedId3", "expected hex of 3 bytes, found \"00112g\"", 1, 1},
    {"HashedId3", "[]", "HashedId3", "expected hex of 3 bytes, found an array", 1, 1},
    {"Opaque", "\"0\"", "Opaque", "expected hex, found \"0\"", 1, 1},
    {"Opaque", "{\"Uint9\": 1}", "Opaque",
     "expected hex, or an object with one member that names a type, found an object", 1, 1},
    {"Opaque", "{\"Uint8\": 256}", "Opaque.Uint8", "expected a number from 0 to 255, found 256", 1, 11},
    {"Opaque", "{}", "Opaque", "expected hex, or an object with one member that names a type, found an object", 1, 1},
    {"BitmapSsp", "\"0000000000000000000000000000000000000000000000000000000000000000\"", "BitmapSsp",
     "expected 0 to 31 bytes, found \"000000000000000000000000...\"", 1, 1},
    {"EndEntityType", "\"8000\"", "EndEntityType", "expected hex of 1 byte, found \"8000\"", 1, 1},
    {"Hostname", "7", "Hostname", "expected a string, found 7", 1, 1},
    {"SubjectPermissions", "{\"all\": true}", "SubjectPermissions.all", "expected null, found true", 1, 9},
    {"PolygonalRegion", "[]", "PolygonalRegion", "expected 3 to 18446744073709551615 elements, found an array", 1, 1},
    {"SequenceOfPsid", "{}", "SequenceOfPsid", "expected an array, found an object", 1, 1},
    {"SequenceOfPsid", "[1,\n -2]", "SequenceOfPsid[1]", "expected a number from 0 to 18446744073709551615, found -2",
     2, 2},
    /* CHOICE */
    {"Duration", "{}", "Duration", "expected an object with one member, found an object", 1, 1},
    {"Duration", "{\"years\": 1, \"hours\": 2}", "Duration", "expected an object with one member, found an object", 1,
     1},
    {"Duration", "{\"days\": 1}", "Duration", "expected an alternative of Duration, found \"days\"", 1, 2},
    {"Duration", "{\"[9]\": \"\"}", "Duration", "expected an alternative of Duration, found \"[9]\"", 1, 2},
    {"SignerIdentifier", "{\"[1]\": \"\"}", "SignerIdentifier",
     "expected the tag of an unknown alternative, found \"[1]\"", 1, 2},
    {"SignerIdentifier", "{\"[03]\": \"\"}", "SignerIdentifier",
     "expected the tag of an unknown alternative, found \"[03]\"", 1, 2},
    {"SignerIdentifier", "{\"[3]\": 1}", "SignerIdentifier", "expected hex, found 1", 1, 9},
    /* SEQUENCE */
    {"ValidityPeriod", "[]", "ValidityPeriod", "expected an object, found an array", 1, 1},
    {"ValidityPeriod", "{\"start\": 1}", "ValidityPeriod.duration", "expected the component duration, found an object",
     1, 1},
    {"ValidityPeriod", "{\"start\": 1, \"start\": 2}", "ValidityPeriod",
     "expected each component once, found \"start\"", 1, 14},
    {"ValidityPeriod", "{\"begin\": 1}", "ValidityPeriod", "expected a component of ValidityPeriod, found \"begin\"", 1,
     2},
    {"ValidityPeriod", "{\"...\": {}}", "ValidityPeriod", "expected a component of ValidityPeriod, found \"...\"", 1,
     2},
    {"CrlPriorityInfo", "{\"...\": []}", "CrlPriorityInfo", "expected an object of unknown additions, found an array",
     1, 9},
    {"CrlPriorityInfo", "{\"...\": {\"a\": \"\"}}", "CrlPriorityInfo",
     "expected the number of an unknown addition, 0 to 4095, found \"a\"", 1, 10},
    {"CrlPriorityInfo", "{\"...\": {\"4096\": \"\"}}", "CrlPriorityInfo",
     "expected the number of an unknown addition, 0 to 4095, found \"4096\"", 1, 10},
    {"CrlPriorityInfo", "{\"...\": {\"1\": \"\", \"1\": \"\"}}", "CrlPriorityInfo",
     "expected each addition once, found \"1\"", 1, 19},
    {"CrlPriorityInfo", "{\"...\": {\"bits\": 1, \"1\": \"\"}}", "CrlPriorityInfo",
     "expected the number of additions, from 2 to 4096, found 1", 1, 18},
    {"HeaderInfo", "{\"psid\": 1, \"...\": {\"0\": \"\"}}", "HeaderInfo",
     "expected the number of an unknown addition, 3 to 4095, found \"0\"", 1, 21},
    {"SignedDataPayload", "{\"data\": {\"protocolVersion\": 2, \"content\": {\"unsecuredData\": \"\"}}}",
     "SignedDataPayload.data.protocolVersion", "expected a number from 3 to 3, found 2", 1, 30},
};

static void refuses(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *c = &refusals[i];
		const struct oer_entry *entry = oer_entry_find(c->type, strlen(c->type));
		struct scms_slice out, text = {(const uint8_t *)c->json, strlen(c->json)};
		struct json_error err = {0};

		CHECK(entry, "%s", c->type);
		if (!entry)
			continue;
		CHECK(!json_read(entry->type, text, OER_DEPTH_DEFAULT, &out, &err), "%s: %s", c->type, c->json);
		CHECK(!out.p, "%s: %s", c->type, c->json);
		CHECK(strcmp(err.text, c->text) == 0 && strcmp(err.path, c->path) == 0 && err.line == c->line &&
			  err.column == c->column,
		      "%s: %s:\n  %zu:%zu: %s: %s\n  %u:%u: %s: %s", c->type, c->json, err.line, err.column, err.path,
		      err.text, c->line, c->column, c->path, c->text);
	}
}

/* JSON that means the same as other JSON. */
static void accepts(void)
{
	static const struct {
		const char *type, *json;
		uint8_t bytes[24];
		size_t n;
	} cases[] = {
	    {"Uint8", " \t\r\n7 ", {7}, 1},
	    {"Latitude", "-0", {0, 0, 0, 0}, 4},
	    {"HashedId3", "\"aAbB0f\"", {0xaa, 0xbb, 0x0f}, 3},
	    {"Hostname", "\"\\u0041\\/\\ud83d\\ude00\"", {6, 'A', '/', 0xf0, 0x9f, 0x98, 0x80}, 7},
	    {"ValidityPeriod", "{\"duration\": {\"years\": 2}, \"start\": 1}", {0, 0, 0, 1, 0x86, 0, 2}, 7},
	    {"PsidGroupPermissions",
	     "{\"eeType\": \"80\", \"chainLengthRange\": 0, \"minChainLength\": 1, \"subjectPermissions\": {\"all\": "
	     "null}}",
	     {0, 0x81},
	     2},
	    {"EndorsementType", "\"200\"", {0x82, 0x00, 0xc8}, 3},
	    {"CrlPriorityInfo", "{\"...\": {\"1\": \"ab\"}}", {0x80, 2, 6, 0x40, 1, 0xab}, 6},
	    {"Opaque", "{\"Opaque\": {\"Uint16\": 258}}", {3, 2, 1, 2}, 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct oer_entry *entry = oer_entry_find(cases[i].type, strlen(cases[i].type));
		struct scms_slice out = {0}, text = {(const uint8_t *)cases[i].json, strlen(cases[i].json)};
		struct json_error err = {0};
		bool read = json_read(entry->type, text, OER_DEPTH_DEFAULT, &out, &err);

		CHECK(read, "%s: %zu:%zu: %s: %s", cases[i].json, err.line, err.column, err.path, err.text);
		CHECK(!read || (out.n == cases[i].n && memcmp(out.p, cases[i].bytes, out.n) == 0), "%s", cases[i].json);
		free((void *)(uintptr_t)out.p);
	}
}

/* Text made to be deep or wide: refused by the limits, not by the stack or the memory. */
static void limits(void)
{
	enum { DEEP = 1000000 };
	const struct oer_entry *entry = oer_entry_find("Opaque", 6);
	struct json_error err = {0};
	struct text text = {0};
	struct scms_slice out;
	char *deep = malloc(DEEP);

	memset(deep, '[', DEEP);
	CHECK(!json_read(entry->type, (struct scms_slice){(uint8_t *)deep, DEEP}, 8, &out, &err), "deep");
	CHECK(strcmp(err.text, "nested more deeply than the limit allows") == 0 && err.column == JSON_DEPTH_LIMIT + 1,
	      "%s", err.text);
	CHECK(!json_read(entry->type, (struct scms_slice){(uint8_t *)deep, JSON_TEXT_LIMIT + 1}, 8, &out, &err),
	      "long");
	CHECK(strcmp(err.text, "longer than the limit allows") == 0, "%s", err.text);
	free(deep);

	/* Bytes in bytes, one level more than allowed. */
	for (unsigned i = 0; i < 10; i++)
		text_write(&text, "{\"Opaque\": ", 11);
	text_write(&text, "\"\"", 2);
	for (unsigned i = 0; i < 10; i++)
		text_write(&text, "}", 1);
	CHECK(!json_read(entry->type, (struct scms_slice){(uint8_t *)text.p, text.n}, 9, &out, &err), "inside");
	CHECK(strstr(err.text, "expected fewer levels of nesting") == err.text, "%s", err.text);
	CHECK(json_read(entry->type, (struct scms_slice){(uint8_t *)text.p, text.n}, 10, &out, &err), "%s", err.text);
	free((void *)(uintptr_t)out.p);
	free(text.p);
}

/* A TYPE=FILE argument. */
static void file(const char *argument)
{
	const char *path = strchr(argument, '=');
	const struct oer_entry *entry = path ? oer_entry_find(argument, (size_t)(path - argument)) : NULL;
	struct scms_slice bytes;

	CHECK(entry && file_read(path + 1, FILE_LIMIT_DEFAULT, &bytes, NULL) == FILE_OK, "%s", argument);
	if (!entry || !bytes.p)
		return;
	round_trip(entry->type, bytes, argument);
	free((void *)(uintptr_t)bytes.p);
}

int main(int argc, char **argv)
{
	by_chance();
	refuses();
	accepts();
	limits();
	for (int i = 1; i < argc; i++)
		file(argv[i]);
	return check_done();
}
