/* SPDX-License-Identifier: Apache-2.0 */
/* Values land where oer.h says that they do. */
#include "../check.h"
#include "hex.h"
#include "tests/oer/types.h"

/* Decodes hex into value. */
static void get(const struct oer_type *type, const char *hex, void *value)
{
	struct oer_error err = {.path = ""};
	enum oer_status status = oer_decode(type, hex_kept(hex), 2, value, &err);

	CHECK(status == OER_OK, "%s: %s in %s", hex, oer_status_text(status), err.path);
}

static bool slice_is(struct scms_slice s, const char *hex)
{
	struct scms_slice want = hex_bytes(hex);
	bool same = s.n == want.n && (s.n == 0 || !memcmp(s.p, want.p, s.n));

	free((void *)(uintptr_t)want.p);
	return same;
}

static void scalars(void)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t i32;
	int64_t i64;
	bool b;
	const uint8_t *fixed;
	struct scms_slice s;

	get(&oer_A8, "fe", &u8);
	CHECK(u8 == 254, "%u", u8);
	get(&oer_A16, "0102", &u16);
	CHECK(u16 == 258, "%u", u16);
	get(&oer_A32, "01020304", &u32);
	CHECK(u32 == 0x01020304, "%x", u32);
	get(&oer_A64, "0102030405060708", &u64);
	CHECK(u64 == 0x0102030405060708, "%llx", (unsigned long long)u64);
	get(&oer_AVar, "03010203", &u64);
	CHECK(u64 == 0x010203, "%llx", (unsigned long long)u64);
	get(&oer_S8, "80", &i32);
	CHECK(i32 == -128, "%d", i32);
	get(&oer_S16, "fffe", &i32);
	CHECK(i32 == -2, "%d", i32);
	get(&oer_S32, "80000000", &i32);
	CHECK(i32 == INT32_MIN, "%d", i32);
	get(&oer_S64, "8000000000000000", &i64);
	CHECK(i64 == INT64_MIN, "%lld", (long long)i64);
	get(&oer_SVar, "02ff7f", &i64);
	CHECK(i64 == -129, "%lld", (long long)i64);
	get(&oer_SVar, "088000000000000000", &i64);
	CHECK(i64 == INT64_MIN, "%lld", (long long)i64);
	get(&oer_ColourOpen, "82012c", &i32);
	CHECK(i32 == ColourOpen_violet, "%d", i32);
	get(&oer_ColourOpen, "8180", &i32);
	CHECK(i32 == -128, "%d", i32);
	get(&oer_Flag, "ff", &b);
	CHECK(b, "TRUE");
	get(&oer_Bits, "81", &u8);
	CHECK(u8 == (Bits_first | Bits_last), "%x", u8);
	get(&oer_Octets4, "01020304", &fixed);
	CHECK(!memcmp(fixed, "\1\2\3\4", 4), "octets");
	get(&oer_Text, "0161", &s);
	CHECK(slice_is(s, "61"), "text");
}

static void sequences(void)
{
	struct PairOpen pair;
	struct Optional optional;
	struct Nested nested;
	struct Nested_intervals_item item;
	struct oer_list row;
	struct oer_iter it;

	get(&oer_PairOpen, "00 01 0002", &pair);
	CHECK(pair.a == 1 && pair.b == 2 && pair.extensions.n == 0 && slice_is(pair.raw, "00010002"), "PairOpen");
	get(&oer_PairOpen, "80 01 0002 0207 80 0155", &pair);
	CHECK(slice_is(pair.extensions, "0207800155") && slice_is(pair.raw, "800100020207800155"),
	      "PairOpen, extended");
	get(&oer_Optional, "60 02 03", &optional);
	CHECK(!optional.has_a && optional.has_b && optional.c == 2 && optional.has_d && optional.d == 3, "Optional");
	get(&oer_Nested, "80 05 06 01 81 0161 0102 00000001 02 00000003 04 0102 0101 01 0102 02 03 07", &nested);
	CHECK(nested.default_.x_value == 5 && nested.default_.has_y_value && nested.default_.y_value == 6, "default");
	CHECK(nested.kind == Nested_kind_bad && nested.choice.choice == Nested_choice_is_text, "kind and choice");
	CHECK(slice_is(nested.choice.u.text, "61") && nested.raw == 7, "text and raw");
	CHECK(nested.intervals.count == 2 && nested.intervals.stride == 5, "intervals");
	it = oer_iterate(&nested.intervals);
	CHECK(oer_next(&it, &item) && item.start == 1 && item.what == 2, "first interval");
	CHECK(oer_next(&it, &item) && item.start == 3 && item.what == 4 && !oer_next(&it, &item), "second interval");
	CHECK(nested.matrix.count == 2 && nested.matrix.stride == 0, "matrix");
	it = oer_iterate(&nested.matrix);
	CHECK(oer_next(&it, &row) && row.count == 1 && slice_is(row.bytes, "01"), "first row");
	CHECK(oer_next(&it, &row) && row.count == 2 && row.stride == 1 && slice_is(row.bytes, "0203"), "second row");
}

static void defaults(void)
{
	struct Defaults d;

	memset(&d, 0xa5, sizeof(d));
	get(&oer_Defaults, "0000", &d);
	CHECK(d.a == 7 && d.b == 300 && d.c == 1 && d.d == S32_unknown && d.e == -1 && d.f == 2, "numbers");
	CHECK(d.g == Colour_green && d.h && d.i == 0x81 && d.j == -3, "the rest");
	get(&oer_Defaults, "7fe0 08 0000 00000000 00000000 0100 0100 00 00 01 00", &d);
	CHECK(d.a == 8 && d.b == 0 && d.c == 0 && d.d == 0 && d.e == 0 && d.f == 0 && d.g == Colour_red && !d.h &&
		  d.i == 1 && d.j == 0,
	      "others");
}

static void additions(void)
{
	struct Additions x;

	memset(&x, 0xa5, sizeof(x));
	get(&oer_Additions, "00 01", &x);
	CHECK(x.a == 1 && !x.has_first && !x.has_flag && !x.has_pair && x.extensions.n == 0, "none");
	get(&oer_Additions, "80 01 0304 b010 02 0506 04 00010002 00 0177", &x);
	CHECK(x.has_first && slice_is(x.first, "0506") && !x.has_flag, "first");
	CHECK(x.has_pair && slice_is(x.pair, "00010002"), "pair");
	CHECK(slice_is(x.extensions, "0304b01002050604000100020001 77"), "all");
	get(&oer_Additions, "80 01 0207 80 02 0506", &x);
	CHECK(x.has_first && !x.has_flag && !x.has_pair, "an older sender");
}

static void choices(void)
{
	struct EitherOpen e;
	struct Chain c;

	get(&oer_EitherOpen, "81 01 0002", &e);
	CHECK(e.choice == EitherOpen_is_pair && e.u.pair.a == 1 && e.u.pair.b == 2 && slice_is(e.raw, "81010002"),
	      "pair");
	get(&oer_EitherOpen, "82 04 01020304", &e);
	CHECK(e.choice == EitherOpen_is_octets && !memcmp(e.u.octets, "\1\2\3\4", 4), "octets");
	CHECK(slice_is(e.raw, "820401020304"), "raw of an extension");
	get(&oer_EitherOpen, "83 04 81 02 0001", &e);
	CHECK(e.choice == EitherOpen_is_inner && e.u.inner.choice == EitherOpen2_is_deep && e.u.inner.u.deep == 1,
	      "inner");
	get(&oer_EitherOpen, "bf8100 01 55", &e);
	CHECK(e.choice == OER_UNKNOWN && slice_is(e.u.unknown, "bf81000155"), "unknown");
	get(&oer_Chain, "81 80 82 0161", &c);
	CHECK(c.choice == Chain_is_two && c.u.two.choice == Chain_two_is_three &&
		  c.u.two.u.three.choice == Either_is_text && slice_is(c.u.two.u.three.u.text, "61"),
	      "chain");
}

static void recursion(void)
{
	struct Data d;
	struct Tree t, child;
	struct Expression e;
	struct oer_iter it;

	get(&oer_Data, "03 81 40 03 80 0155 02", &d);
	CHECK(d.content.choice == Content_is_signed && d.content.u.signed_.payload.has_data &&
		  slice_is(d.content.u.signed_.payload.data, "03800155") && d.content.u.signed_.mark == 2,
	      "view");
	get(&oer_Tree, "00 0102 01 0101 02 0100 03 0100", &t);
	it = oer_iterate(&t.children);
	CHECK(t.value == 0 && t.children.count == 2 && oer_next(&it, &child) && child.value == 1, "tree");
	CHECK(child.children.count == 1 && oer_next(&it, &child) && child.value == 3 && !oer_next(&it, &child),
	      "children");
	get(&oer_Expression, "82 81 8001 8002", &e);
	CHECK(e.choice == Expression_is_sum && slice_is(e.u.sum, "8180018002"), "expression");
}

/* What the generator found out about the types. */
static void tables(void)
{
	CHECK(oer_ListOfPairOpen.u.element == &oer_PairOpen, "element");
	CHECK(oer_PairOpen.flags & OER_TYPE_ZERO_FIRST && oer_Pair.flags & OER_TYPE_PLAIN, "plain");
	CHECK(!(oer_A8Odd.flags & OER_TYPE_PLAIN) && oer_A8.flags & OER_TYPE_PLAIN, "ranges are not plain");
	CHECK(oer_Tree.least == 3 && oer_Data.least == 3 && oer_Nested.least == 10, "least %u", oer_Nested.least);
	CHECK(!strcmp(oer_type_name(&oer_Alias), "Alias") && oer_Alias.u.fields == oer_PairOpen.u.fields, "alias");
	CHECK(!strcmp(oer_Additions.u.fields[1].name, "first") && oer_Additions.count == 1 &&
		  oer_Additions.additions == 3,
	      "additions");
	CHECK(value_limit == 1000 && AOne_value == 0, "constants");
	for (size_t i = 1; i < oer_entry_count; i++)
		CHECK(strcmp(oer_entries[i - 1].type->name, oer_entries[i].type->name) < 0, "%s",
		      oer_entries[i].type->name);
}

int main(void)
{
	scalars();
	sequences();
	defaults();
	additions();
	choices();
	recursion();
	tables();
	return check_done();
}
