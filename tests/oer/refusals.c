/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the decoder refuses: reason, offset and path. */
#include "../check.h"
#include "hex.h"
#include "oer/refuse.h"
#include "tests/oer/types.h"
#include <sys/mman.h>

static const struct {
	const struct oer_type *type;
	const char *hex;
	enum oer_reason why;
	size_t offset;
	const char *path;
} cases[] = {
/* clang-format off */
#define T(type, hex, why, offset, path) {&oer_##type, hex, OER_WHY_##why, offset, path},
	/* the input ends */
	T(A8, "", END, 0, "A8")
	T(A16, "01", END, 0, "A16")
	T(A32, "010203", END, 0, "A32")
	T(A64, "01020304050607", END, 0, "A64")
	T(S8, "", END, 0, "S8")
	T(S32, "000000", END, 0, "S32")
	T(AVar, "", END, 0, "AVar")
	T(Colour, "", END, 0, "Colour")
	T(Flag, "", END, 0, "Flag")
	T(Bits, "", END, 0, "Bits")
	T(Octets4, "010203", END, 0, "Octets4")
	T(Octets, "", END, 0, "Octets")
	T(Text, "", END, 0, "Text")
	T(Pair, "01 00", END, 1, "Pair.b")
	T(Pair, "", END, 0, "Pair.a")
	T(PairOpen, "", END, 0, "PairOpen")
	T(Wide, "00", END, 0, "Wide")
	T(Widest, "000000", END, 0, "Widest")
	T(Optional, "80", END, 1, "Optional.a")
	T(Either, "", END, 0, "Either")
	T(Either, "80", END, 1, "Either.number")
	T(EitherOpen, "bf", END, 0, "EitherOpen")
	T(EitherOpen, "bf81", END, 0, "EitherOpen")
	T(EitherOpen, "85", END, 1, "EitherOpen")
	T(EitherOpen, "82", END, 1, "EitherOpen.octets")
	T(EitherOpen, "82 03 010203", END, 2, "EitherOpen.octets")
	T(EitherOpen, "83 01 81", END, 3, "EitherOpen.inner.deep")
	T(Additions, "80 01", END, 2, "Additions")
	T(Additions, "80 01 0206 80 01 00", END, 6, "Additions.first")
	T(Additions, "80 01 0206 80", END, 5, "Additions.first")
	T(Additions, "80 01 0204 10", END, 5, "Additions")
	T(ListOfA8, "", END, 0, "ListOfA8")
	T(ListOfText, "0102 0100", END, 4, "ListOfText[1]")
	T(Nested, "00 05 00 80", END, 4, "Nested.choice.number")
	T(Chain, "81 80 80", END, 3, "Chain.two.three.number")

	/* lengths and counts that go beyond it */
	T(AVar, "01", LENGTH_BEYOND, 0, "AVar")
	T(AVar, "0200", LENGTH_BEYOND, 0, "AVar")
	T(SVar, "01", LENGTH_BEYOND, 0, "SVar")
	T(OctetsSome, "01", LENGTH_BEYOND, 0, "OctetsSome")
	T(Octets, "0500", LENGTH_BEYOND, 0, "Octets")
	T(Octets, "81", LENGTH_BEYOND, 0, "Octets")
	T(Octets, "84 7fffffff", LENGTH_BEYOND, 0, "Octets")
	T(Octets, "88 ffffffffffffffff", LENGTH_BEYOND, 0, "Octets")
	T(ColourOpen, "82 01", LENGTH_BEYOND, 0, "ColourOpen")
	T(Either, "82 05 61", LENGTH_BEYOND, 1, "Either.text")
	T(EitherOpen, "82 05 01020304", LENGTH_BEYOND, 1, "EitherOpen.octets")
	T(EitherOpen, "85 05 01020304", LENGTH_BEYOND, 1, "EitherOpen")
	T(Additions, "80 01 0307 80", LENGTH_BEYOND, 2, "Additions")
	T(Additions, "80 01 0205 80 02 00", LENGTH_BEYOND, 5, "Additions.first")
	T(Additions, "80 01 0204 10 02 00", LENGTH_BEYOND, 5, "Additions")
	T(ListOfA8, "0102 00", COUNT_BEYOND, 0, "ListOfA8")
	T(ListOfOctets4, "0102 00000000000000", COUNT_BEYOND, 0, "ListOfOctets4")
	T(ListOfText, "04ffffffff 00", COUNT_BEYOND, 0, "ListOfText")
	T(ListOfPairOpen, "08ffffffffffffffff 00000000", COUNT_BEYOND, 0, "ListOfPairOpen")
	T(ListOfPair, "08 5555555555555556 000000", COUNT_BEYOND, 0, "ListOfPair")
	T(Tree, "00 0102 01 0100", COUNT_BEYOND, 1, "Tree.children")

	/* bytes that are left */
	T(A8, "0000", TRAILING, 1, "A8")
	T(Nothing, "00", TRAILING, 0, "Nothing")
	T(Empty, "00", TRAILING, 0, "Empty")
	T(Either, "8000 00", TRAILING, 2, "Either")
	T(ListOfA8, "0100 00", TRAILING, 2, "ListOfA8")
	T(EitherOpen, "82 05 0102030405", OPEN_TRAILING, 6, "EitherOpen.octets")
	T(EitherOpen, "83 03 80 ff 00", OPEN_TRAILING, 4, "EitherOpen.inner.flag")
	T(EitherOpen, "83 04 81 03 0001 02", LENGTH_BEYOND, 3, "EitherOpen.inner.deep")
	T(EitherOpen, "83 05 81 03 0001 02", OPEN_TRAILING, 6, "EitherOpen.inner.deep")
	T(Additions, "80 01 0205 80 03 0001 02", OPEN_TRAILING, 8, "Additions.first")
	T(Additions, "80 01 0205 40 01 00", OPEN_TRAILING, 6, "Additions.flag")

	/* values and sizes outside their bounds */
	T(A8Odd, "00", UNSIGNED_RANGE, 0, "A8Odd")
	T(A8Odd, "c9", UNSIGNED_RANGE, 0, "A8Odd")
	T(A16Odd, "0002", UNSIGNED_RANGE, 0, "A16Odd")
	T(A16Odd, "012d", UNSIGNED_RANGE, 0, "A16Odd")
	T(A32Odd, "ffffffff", UNSIGNED_RANGE, 0, "A32Odd")
	T(A64Odd, "ffffffffffffffff", UNSIGNED_RANGE, 0, "A64Odd")
	T(AVarOdd, "0109", UNSIGNED_RANGE, 0, "AVarOdd")
	T(AOne, "01", UNSIGNED_RANGE, 0, "AOne")
	T(ALimit, "03e9", UNSIGNED_RANGE, 0, "ALimit")
	T(AUnion, "07", UNSIGNED_RANGE, 0, "AUnion")
	T(S8Odd, "02", SIGNED_RANGE, 0, "S8Odd")
	T(S8Odd, "fe", SIGNED_RANGE, 0, "S8Odd")
	T(S32Odd, "35a4e902", SIGNED_RANGE, 0, "S32Odd")
	T(S32Odd, "ca5b16ff", SIGNED_RANGE, 0, "S32Odd")
	T(SVarOdd, "0106", SIGNED_RANGE, 0, "SVarOdd")
	T(OctetsSome, "00", SIZE_RANGE, 0, "OctetsSome")
	T(OctetsSome, "04 01020304", SIZE_RANGE, 0, "OctetsSome")
	T(TextShort, "00", SIZE_RANGE, 0, "TextShort")
	T(TextShort, "05 6162636465", SIZE_RANGE, 0, "TextShort")
	T(ListOfA16, "0100", SIZE_RANGE, 0, "ListOfA16")
	T(ListOfA16, "0104 0001 0002 0003 0004", SIZE_RANGE, 0, "ListOfA16")
	T(ListShort, "0100", SIZE_RANGE, 0, "ListShort")
	T(ListShort, "0103 00 00 00", SIZE_RANGE, 0, "ListShort")
	T(Nested, "00 05 00 81 01 61 0100 0101 0100 00", SIZE_RANGE, 10, "Nested.matrix[0]")
	T(Nested, "00 05 00 81 01 61 0100 0102 0101 01 0102 02 00", UNSIGNED_RANGE, 16, "Nested.matrix[1][1]")
	T(ListOfOdd, "0103 01 02 00", UNSIGNED_RANGE, 4, "ListOfOdd[2]")
	T(AVar, "00", INTEGER_EMPTY, 0, "AVar")
	T(SVar, "00", INTEGER_EMPTY, 0, "SVar")
	T(ColourOpen, "80", INTEGER_EMPTY, 0, "ColourOpen")
	T(ListOfA8, "00", INTEGER_EMPTY, 0, "ListOfA8")
	T(Data, "02 8000", UNSIGNED_RANGE, 0, "Data.version")

	/* extension bitmaps */
	T(Additions, "80 01 00", BITMAP_SIZE, 2, "Additions")
	T(Additions, "80 01 0100", BITMAP_SIZE, 2, "Additions")
	T(Additions, "80 01 0208 80", BITMAP_UNUSED, 3, "Additions")
	T(Additions, "80 01 0206 81 02 0000", BITMAP_PADDING, 4, "Additions")
	T(Additions, "80 01 0207 c0 02 0000 00", BITMAP_PADDING, 4, "Additions")
	T(Additions, "80 01 030780 c0 02 0000 00", BITMAP_PADDING, 5, "Additions")
	T(Additions, "80 01 0205 00", BITMAP_EMPTY, 2, "Additions")
	T(EmptyOpen, "80 0207 00", BITMAP_EMPTY, 1, "EmptyOpen")

	/* tags and enumerated values that do not exist */
	T(Either, "83", CHOICE_TAG, 0, "Either")
	T(Either, "00", CHOICE_TAG, 0, "Either")
	T(Either, "40", CHOICE_TAG, 0, "Either")
	T(Either, "a0 00", CHOICE_TAG, 0, "Either")
	T(Either, "c0 00", CHOICE_TAG, 0, "Either")
	T(Either, "bf3f 00", CHOICE_TAG, 0, "Either")
	T(EitherOpen, "02 0101", CHOICE_TAG, 0, "EitherOpen")
	T(EitherOpen, "c5 0101", CHOICE_TAG, 0, "EitherOpen")
	T(Chain, "81 81", CHOICE_TAG, 1, "Chain.two")
	T(Chain, "81 80 85", CHOICE_TAG, 2, "Chain.two.three")
	T(ListOfEither, "0102 81 84", CHOICE_TAG, 3, "ListOfEither[1]")
	T(Colour, "02", ENUM_VALUE, 0, "Colour")
	T(Colour, "07", ENUM_VALUE, 0, "Colour")
	T(Colour, "820100", ENUM_VALUE, 0, "Colour")
	T(ColourFar, "00", ENUM_VALUE, 0, "ColourFar")
	T(ColourFar, "81fe", ENUM_VALUE, 0, "ColourFar")
	T(Nested, "00 05 02", ENUM_VALUE, 2, "Nested.kind")

	/* text */
	T(Text, "01 80", NOT_UTF8, 1, "Text")
	T(Text, "02 61ff", NOT_UTF8, 2, "Text")
	T(Text, "02 c080", NOT_UTF8, 1, "Text")
	T(Text, "02 c1bf", NOT_UTF8, 1, "Text")
	T(Text, "03 e09fbf", NOT_UTF8, 2, "Text")
	T(Text, "03 eda080", NOT_UTF8, 2, "Text")
	T(Text, "04 f08fbfbf", NOT_UTF8, 2, "Text")
	T(Text, "04 f4908080", NOT_UTF8, 2, "Text")
	T(Text, "04 f5808080", NOT_UTF8, 1, "Text")
	T(Text, "02 e282", NOT_UTF8, 1, "Text")
	T(Text, "03 e28261", NOT_UTF8, 3, "Text")
	T(Text, "02 c361", NOT_UTF8, 2, "Text")
	T(Nested, "00 05 00 81 02 61fe", NOT_UTF8, 6, "Nested.choice.text")

	/* what could be said in another way */
	T(Flag, "01", BOOLEAN, 0, "Flag")
	T(Flag, "fe", BOOLEAN, 0, "Flag")
	T(PairOpen, "01 01 0001", PREAMBLE_PADDING, 0, "PairOpen")
	T(PairOpen, "40 01 0001", PREAMBLE_PADDING, 0, "PairOpen")
	T(Optional, "10 01", PREAMBLE_PADDING, 0, "Optional")
	T(Wide, "0001", PREAMBLE_PADDING, 1, "Wide")
	T(Wide, "0040", PREAMBLE_PADDING, 1, "Wide")
	T(ListOfPairOpen, "0102 00010001 02010001", PREAMBLE_PADDING, 6, "ListOfPairOpen[1]")
	T(Defaults, "4000 07", DEFAULT_PRESENT, 2, "Defaults.a")
	T(Defaults, "2000 012c", DEFAULT_PRESENT, 2, "Defaults.b")
	T(Defaults, "1000 00000001", DEFAULT_PRESENT, 2, "Defaults.c")
	T(Defaults, "0800 7fffffff", DEFAULT_PRESENT, 2, "Defaults.d")
	T(Defaults, "0400 01ff", DEFAULT_PRESENT, 2, "Defaults.e")
	T(Defaults, "0200 0102", DEFAULT_PRESENT, 2, "Defaults.f")
	T(Defaults, "0100 05", DEFAULT_PRESENT, 2, "Defaults.g")
	T(Defaults, "0080 ff", DEFAULT_PRESENT, 2, "Defaults.h")
	T(Defaults, "0040 81", DEFAULT_PRESENT, 2, "Defaults.i")
	T(Defaults, "0020 fd", DEFAULT_PRESENT, 2, "Defaults.j")
	T(Octets, "80", LENGTH_FORM, 0, "Octets")
	T(Octets, "81 00", LENGTH_FORM, 0, "Octets")
	T(Octets, "81 7f", LENGTH_FORM, 0, "Octets")
	T(Octets, "82 0001 00", LENGTH_FORM, 0, "Octets")
	T(EitherOpen, "82 81 04 01020304", LENGTH_FORM, 1, "EitherOpen.octets")
	T(AVar, "02 0001", INTEGER_FORM, 1, "AVar")
	T(AVar, "8101 01", LENGTH_FORM, 0, "AVar")
	T(SVar, "02 007f", INTEGER_FORM, 1, "SVar")
	T(SVar, "02 ff80", INTEGER_FORM, 1, "SVar")
	T(SVar, "09 000000000000000001", INTEGER_FORM, 1, "SVar")
	T(ListOfA8, "02 0001 00", INTEGER_FORM, 1, "ListOfA8")
	T(ColourOpen, "8101", ENUM_FORM, 0, "ColourOpen")
	T(ColourOpen, "82007f", ENUM_FORM, 0, "ColourOpen")
	T(ColourOpen, "82ff80", ENUM_FORM, 0, "ColourOpen")
	T(ColourFar, "83000080", ENUM_FORM, 0, "ColourFar")
	T(EitherOpen, "bf05 00", TAG_FORM, 0, "EitherOpen")
	T(EitherOpen, "bf3e 00", TAG_FORM, 0, "EitherOpen")
	T(EitherOpen, "bf803f 00", TAG_FORM, 0, "EitherOpen")

	/* more than the C types or the limits hold */
	T(Octets, "89 010000000000000000", LENGTH_SIZE, 0, "Octets")
	T(AVar, "09 010000000000000000", INTEGER_SIZE, 0, "AVar")
	T(AHuge, "09 010000000000000000", INTEGER_SIZE, 0, "AHuge")
	T(SVar, "09 010000000000000000", INTEGER_SIZE, 0, "SVar")
	T(ColourOpen, "85 0100000000", ENUM_SIZE, 0, "ColourOpen")
	T(EitherOpen, "bf8180808000 00", TAG_SIZE, 0, "EitherOpen")
	T(Data, "03 81 40 03 81 40 03 81 40 03 8000 01 01 01", NESTING, 9,
	  "Data.content.signed.payload.data.content.signed.payload.data.content.signed.payload.data")
	T(Tree, "00 0101 01 0101 02 0101 03 0100", NESTING, 9, "Tree.children[0].children[0].children")
	T(Expression, "81 81 81 8005", NESTING, 3, "Expression.minus.minus.minus")
	T(Expression, "82 82 80018002 82 8003 82 80018002", NESTING, 10, "Expression.sum.right.sum.right.sum")
/* clang-format on */
#undef T
};

static const char *const expected_text[] = {
#define X(name, status, expected, found) [OER_WHY_##name] = expected,
    OER_REASONS(X)
#undef X
};

static const enum oer_status status_of[] = {
#define X(name, status, expected, found) [OER_WHY_##name] = OER_##status,
    OER_REASONS(X)
#undef X
};

static const char *const reason_name[] = {
#define X(name, status, expected, found) [OER_WHY_##name] = #name,
    OER_REASONS(X)
#undef X
};

static void check_case(size_t i)
{
	struct scms_slice in = hex_bytes(cases[i].hex);
	enum oer_reason why = cases[i].why;
	static union {
		char bytes[4096];
		uint64_t align;
	} out;
	struct oer_error err = {0};
	enum oer_status status = oer_decode(cases[i].type, in, 2, &out, &err), checked;

	/* The same without a struct and without being told why. */
	checked = oer_decode(cases[i].type, in, 2, NULL, NULL);
	CHECK(status == status_of[why], "%s %s: status %d", cases[i].type->name, cases[i].hex, status);
	CHECK(checked == status, "%s %s: %d without a struct", cases[i].type->name, cases[i].hex, checked);
	CHECK(err.status == status, "%s %s: err.status %d", cases[i].type->name, cases[i].hex, err.status);
	CHECK(err.offset == cases[i].offset, "%s %s: offset %zu", cases[i].type->name, cases[i].hex, err.offset);
	CHECK(!strcmp(err.path, cases[i].path), "%s %s: path %s", cases[i].type->name, cases[i].hex, err.path);
	CHECK(!expected_text[why] || !strncmp(err.expected, expected_text[why], sizeof(err.expected) - 1),
	      "%s %s: expected %s, not %s", cases[i].type->name, cases[i].hex, err.expected, expected_text[why]);
	CHECK(err.expected[0] && err.found[0], "%s %s: no text", cases[i].type->name, cases[i].hex);
	free((void *)(uintptr_t)in.p);
}

/* A count beyond 32 bits, of an input that is as long; its pages are never touched. */
static void check_count_size(bool *seen)
{
	const size_t size = ((size_t)1 << 32) + 4096;
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct oer_error err;

	CHECK(p != MAP_FAILED, "no address space");
	if (p == MAP_FAILED)
		return;
	memcpy(p, "\5\1\0\0\0\0", 6);
	CHECK(oer_decode(&oer_ListOfA8, (struct scms_slice){p, size}, 2, NULL, &err) == OER_UNSUPPORTED,
	      "2^32 elements");
	CHECK(!strcmp(err.expected, "a count below 2^32"), "%s", err.expected);
	seen[OER_WHY_COUNT_SIZE] = true;
	munmap(p, size);
}

int main(void)
{
	bool seen[sizeof(reason_name) / sizeof(reason_name[0])] = {false};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_case(i);
		seen[cases[i].why] = true;
	}
	check_count_size(seen);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		CHECK(seen[i], "no case for %s", reason_name[i]);
	return check_done();
}
