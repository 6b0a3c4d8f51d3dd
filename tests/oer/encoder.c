/* SPDX-License-Identifier: Apache-2.0 */
/* What the encoder makes of structs that did not come from the decoder, and what it refuses. */
#include "../check.h"
#include "hex.h"
#include "tests/oer/types.h"

static void expect(const struct oer_type *type, const void *value, const char *hex, const char *what)
{
	struct scms_slice want = hex_bytes(hex);
	uint8_t buf[256];
	size_t len = 0;
	enum oer_status status = oer_encode(type, value, buf, sizeof(buf), &len);

	CHECK(status == OER_OK, "%s: %s", what, oer_status_text(status));
	CHECK(len == want.n && !memcmp(buf, want.p, len), "%s: other bytes", what);
	free((void *)(uintptr_t)want.p);
}

static void refuse_value(const struct oer_type *type, const void *value, enum oer_status want, const char *what)
{
	uint8_t buf[256];
	size_t len;
	enum oer_status status = oer_encode(type, value, buf, sizeof(buf), &len);

	CHECK(status == want, "%s: %s", what, oer_status_text(status));
}

static struct scms_slice slice(const char *text)
{
	return (struct scms_slice){(const uint8_t *)text, strlen(text)};
}

static void refusals(void)
{
	struct scms_slice none = {NULL, 1}, long_text = slice("abcde"), not_text = slice("\xc3"), empty = {NULL, 0};
	struct oer_list few = {.bytes = {(const uint8_t *)"\1\2\3", 3}, .count = 2};
	const uint8_t *null_fixed = NULL;
	struct EitherOpen e = {.choice = 4};
	struct Either closed = {.choice = OER_UNKNOWN};
	struct Payload p = {.has_data = true};
	struct Additions x = {.has_first = true};
	struct PairOpen pair = {.a = 1};

#define REFUSE(type, kind, value, status) refuse_value(&oer_##type, &(const kind){value}, status, #type " " #value)
	REFUSE(A8Odd, uint8_t, 0, OER_RANGE);
	REFUSE(A8Odd, uint8_t, 201, OER_RANGE);
	REFUSE(A16Odd, uint16_t, 2, OER_RANGE);
	REFUSE(A32Odd, uint32_t, UINT32_MAX, OER_RANGE);
	REFUSE(A64Odd, uint64_t, UINT64_MAX, OER_RANGE);
	REFUSE(AVarOdd, uint64_t, 9, OER_RANGE);
	REFUSE(S8Odd, int32_t, 2, OER_RANGE);
	REFUSE(S8, int32_t, 128, OER_RANGE);
	REFUSE(S16, int32_t, -32769, OER_RANGE);
	REFUSE(S32Odd, int32_t, INT32_MIN, OER_RANGE);
	REFUSE(SVarOdd, int64_t, 6, OER_RANGE);
	REFUSE(Colour, int32_t, 2, OER_RANGE);
	REFUSE(Colour, int32_t, -1, OER_RANGE);
#undef REFUSE
	refuse_value(&oer_Octets4, &null_fixed, OER_RANGE, "no octets");
	refuse_value(&oer_Octets, &none, OER_RANGE, "a length without octets");
	refuse_value(&oer_OctetsSome, &empty, OER_RANGE, "too few octets");
	refuse_value(&oer_OctetsSome, &long_text, OER_RANGE, "too many octets");
	refuse_value(&oer_TextShort, &long_text, OER_RANGE, "too many characters");
	refuse_value(&oer_Text, &not_text, OER_UTF8, "not UTF-8");
	refuse_value(&oer_ListOfOctets4, &few, OER_RANGE, "a list with fewer bytes than its count needs");
	few.count = 0;
	refuse_value(&oer_ListOfA16, &few, OER_RANGE, "a list that is too short");
	few.count = 4;
	refuse_value(&oer_ListOfA16, &few, OER_RANGE, "a list that is too long");
	refuse_value(&oer_EitherOpen, &e, OER_RANGE, "no such alternative");
	refuse_value(&oer_Either, &closed, OER_RANGE, "an unknown alternative of what has no extensions");
	e.choice = OER_UNKNOWN;
	refuse_value(&oer_EitherOpen, &e, OER_RANGE, "an unknown alternative without bytes");
	e.u.unknown = slice("\x83\x01\x55");
	refuse_value(&oer_EitherOpen, &e, OER_RANGE, "an unknown alternative that is known");
	e.u.unknown = slice("\x85\x02\x55");
	refuse_value(&oer_EitherOpen, &e, OER_RANGE, "an unknown alternative, cut off");
	e.u.unknown = slice("\x85\x01\x55\x55");
	refuse_value(&oer_EitherOpen, &e, OER_RANGE, "an unknown alternative and more");
	refuse_value(&oer_Payload, &p, OER_RANGE, "a view of nothing");
	refuse_value(&oer_Additions, &x, OER_RANGE, "an addition of nothing");
	pair.extensions = slice("\x02\x07");
	refuse_value(&oer_PairOpen, &pair, OER_RANGE, "extensions, cut off in the bitmap");
	pair.extensions = slice("\x02\x07\x80\x05\x01");
	refuse_value(&oer_PairOpen, &pair, OER_RANGE, "extensions, cut off in an addition");
	pair.extensions = slice("\x02\x09\x80\x01\x01");
	refuse_value(&oer_PairOpen, &pair, OER_RANGE, "extensions with 9 unused bits");
	pair.extensions = slice("\x01\x07");
	refuse_value(&oer_PairOpen, &pair, OER_RANGE, "extensions without a bitmap");
}

static void from_items(void)
{
	const struct Pair pairs[] = {{1, 2}, {3, 4}};
	const struct scms_slice texts[] = {slice("a"), slice("bc")};
	const uint8_t *octets[] = {(const uint8_t *)"abcd", (const uint8_t *)"efgh"};
	const uint8_t numbers[] = {1, 0, 3};
	const struct oer_list rows[] = {{.items = numbers, .count = 3}, {.count = 0}};
	struct oer_list list = {.items = pairs, .count = 2};

	expect(&oer_ListOfPair, &list, "0102 010002 030004", "structs");
	list.items = texts;
	expect(&oer_ListOfText, &list, "0102 0161 026263", "slices");
	list.items = octets;
	expect(&oer_ListOfOctets4, &list, "0102 61626364 65666768", "octets");
	list.items = rows;
	expect(&oer_ListOfList, &list, "0102 0103 010003 0100", "lists");
	list = (struct oer_list){.items = numbers, .count = 3};
	refuse_value(&oer_ListOfOdd, &list, OER_RANGE, "an item out of range");
}

/* A count and an open type of more than 127 bytes, and room for all but the last byte. */
static void large(void)
{
	static uint8_t numbers[70000], buf[140100];
	struct oer_list list = {.items = numbers, .count = 300};
	struct Additions x = {.a = 1};
	struct EmptyOpen inner = {{NULL, 0}};
	size_t len, at_most;

	CHECK(oer_encode(&oer_ListOfA8, &list, buf, sizeof(buf), &len) == OER_OK && len == 303, "%zu", len);
	CHECK(!memcmp(buf, "\2\1\54", 3), "count of 300");
	list.count = 70000;
	CHECK(oer_encode(&oer_ListOfA8, &list, buf, sizeof(buf), &len) == OER_OK && len == 70004, "%zu", len);
	x.has_pair = true;
	x.pair = (struct scms_slice){numbers, 70000};
	for (at_most = 70000; at_most < 70012; at_most++) {
		enum oer_status status;

		buf[at_most] = 0xa5;
		status = oer_encode(&oer_Additions, &x, buf, at_most, &len);
		CHECK(buf[at_most] == 0xa5, "a byte is written beyond %zu", at_most);
		CHECK(len == 70009 && status == (at_most < len ? OER_SPACE : OER_OK), "%zu of %zu", at_most, len);
	}
	CHECK(!memcmp(buf, "\x80\1\2\5\x20\x83\1\x11\x70", 9), "addition of 70000 bytes");
	expect(&oer_EmptyOpen, &inner, "00", "no extensions");
}

static void extensions(void)
{
	struct scms_slice in = hex_kept("80 01 0304 b010 02 0506 04 00010002 00 0177");
	struct Additions x;

	memset(&x, 0, sizeof(x));
	x.a = 1;
	expect(&oer_Additions, &x, "00 01", "none");
	x.has_flag = true;
	expect(&oer_Additions, &x, "80 01 0205 40 00", "a NULL");
	CHECK(oer_decode(&oer_Additions, in, 2, &x, NULL) == OER_OK, "decode");
	x.has_first = false;
	x.pair = (struct scms_slice){(const uint8_t *)"\0\7\0\7", 4};
	expect(&oer_Additions, &x, "80 01 0304 3010 04 00070007 00 0177", "one gone, one changed, unknown ones kept");
	CHECK(oer_decode(&oer_Additions, hex_kept("80 01 0207 80 02 0506"), 2, &x, NULL) == OER_OK, "decode");
	x.has_flag = true;
	expect(&oer_Additions, &x, "80 01 0205 c0 02 0506 00", "more than the sender knew");
	x.has_flag = x.has_first = false;
	expect(&oer_Additions, &x, "00 01", "all gone");
}

int main(void)
{
	const struct Defaults defaults = {7, 300, 1, S32_unknown, -1, 2, Colour_green, true, 0x81, -3, {NULL, 0}};
	const struct EitherOpen inner = {.choice = EitherOpen_is_inner,
					 .u.inner = {.choice = EitherOpen2_is_deep, .u.deep = 258}};
	const int32_t far = 70000, below = -1;
	const int64_t least = INT64_MIN;

	refusals();
	from_items();
	large();
	extensions();
	expect(&oer_Defaults, &defaults, "0000", "defaults are left out");
	expect(&oer_EitherOpen, &inner, "83 04 81 02 0102", "an extension in an extension");
	expect(&oer_ColourFar, &far, "83011170", "a long enumerated value");
	expect(&oer_ColourFar, &below, "81ff", "a negative one");
	expect(&oer_SVar, &least, "088000000000000000", "the least integer");
	return check_done();
}
