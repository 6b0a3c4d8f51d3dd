/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder takes: every form there is, to its edges. */
#include "../check.h"
#include "hex.h"
#include "roundtrip.h"
#include "tests/oer/types.h"

static const struct {
	const struct oer_type *type;
	const char *hex;
} cases[] = {
/* clang-format off */
#define T(type, hex) {&oer_##type, hex},
	/* INTEGER */
	T(A8, "00") T(A8, "ff")
	T(A8Odd, "01") T(A8Odd, "c8")
	T(A16, "0000") T(A16, "ffff")
	T(A16Odd, "0003") T(A16Odd, "012c")
	T(A32, "00000000") T(A32, "ffffffff")
	T(A32Odd, "fffffffe")
	T(A64, "0000000000000000") T(A64, "ffffffffffffffff")
	T(A64Odd, "fffffffffffffffe")
	T(AVar, "0100") T(AVar, "01ff") T(AVar, "020100") T(AVar, "08ffffffffffffffff")
	T(AVarOdd, "010a")
	T(AHuge, "08ffffffffffffffff")
	T(AOne, "00")
	T(ALimit, "0000") T(ALimit, "03e8")
	T(AUnion, "01") T(AUnion, "06")
	T(S8, "80") T(S8, "7f")
	T(S8Odd, "ff") T(S8Odd, "01")
	T(S16, "8000") T(S16, "7fff")
	T(S32, "80000000") T(S32, "7fffffff")
	T(S32Odd, "ca5b1700") T(S32Odd, "35a4e901")
	T(S64, "8000000000000000") T(S64, "7fffffffffffffff")
	T(SVar, "0100") T(SVar, "01ff") T(SVar, "0180") T(SVar, "020080") T(SVar, "02ff7f")
	T(SVar, "088000000000000000") T(SVar, "087fffffffffffffff")
	T(SVarOdd, "0105") T(SVarOdd, "088000000000000000")
	T(SOpen, "0107") T(SOpen, "020100") T(SOpen, "01ff")

	/* ENUMERATED, BOOLEAN, NULL, strings */
	T(Colour, "00") T(Colour, "01") T(Colour, "05")
	T(ColourOpen, "00") T(ColourOpen, "01") T(ColourOpen, "02") T(ColourOpen, "82012c")
	T(ColourOpen, "7f") T(ColourOpen, "820080") T(ColourOpen, "81ff") T(ColourOpen, "8180")
	T(ColourOpen, "8480000000") T(ColourOpen, "847fffffff")
	T(ColourFar, "81ff") T(ColourFar, "820080") T(ColourFar, "83011170")
	T(Flag, "00") T(Flag, "ff")
	T(Nothing, "")
	T(Bits, "00") T(Bits, "81")
	T(Octets4, "01020304")
	T(Octets, "00") T(Octets, "01ff")
	T(OctetsSome, "0100") T(OctetsSome, "03010203")
	T(OctetsOpen, "00") T(OctetsOpen, "0401020304")
	T(OctetsOf, "01ff")
	T(Text, "00") T(Text, "0161") T(Text, "02c280") T(Text, "02dfbf") T(Text, "03e0a080") T(Text, "03ed9fbf")
	T(Text, "03ee8080") T(Text, "03efbfbf") T(Text, "04f0908080") T(Text, "04f48fbfbf") T(Text, "0100")
	T(TextShort, "0161") T(TextShort, "08c3a4c3a4c3a4c3a4")

	/* SEQUENCE */
	T(Empty, "")
	T(EmptyOpen, "00")
	T(EmptyOpen, "80 0207 80 00")
	T(EmptyOpen, "80 0300 ff01 00 0101 00 00 00 00 00 00 03abcdef")
	T(Pair, "01 0002")
	T(PairOpen, "00 01 0002")
	T(PairOpen, "80 01 0002 0207 80 0155")
	T(Optional, "00 01") T(Optional, "80 01 02") T(Optional, "40 02") T(Optional, "20 02 03") T(Optional, "e0 01 02 03")
	T(Defaults, "0000")
	T(Defaults, "7fe0 08 0000 00000000 00000000 0100 0100 00 00 01 00")
	T(Defaults, "8400 02ff7f 0207 80 00")
	T(Additions, "00 01")
	T(Additions, "80 01 0205 80 02 0000")
	T(Additions, "80 01 0205 40 00")
	T(Additions, "80 01 0205 20 04 00010002")
	T(Additions, "80 01 0205 e0 02 0000 00 04 00010002")
	/* a sender who knew one addition, one who knew four, and twelve */
	T(Additions, "80 01 0207 80 02 0000")
	T(Additions, "80 01 0204 10 03 aabbcc")
	T(Additions, "80 01 0204 90 02 0000 00")
	T(Additions, "80 01 0304 0010 00")
	T(Additions, "80 01 0304 8010 02 0000 0100")
	/* an addition with additions */
	T(Additions, "80 01 0205 20 08 80010002 0207 80 00")
	T(Wide, "0000")
	T(Wide, "7f80 01 02 03 04 05 06 07 08")
	T(Wide, "8080 08 0207 80 00")
	T(Widest, "00000000") T(Widest, "ffffffff") T(Widest, "80000001")
	T(Nested, "00 05 00 80 01 0100 0100 07")
	T(Nested, "80 05 06 01 81 0161 0102 00000001 02 00000003 04 0102 0101 01 0102 02 03 07")

	/* CHOICE */
	T(Either, "80 07") T(Either, "81") T(Either, "82 00")
	T(EitherOpen, "80 07") T(EitherOpen, "81 01 0002") T(EitherOpen, "82 04 01020304")
	T(EitherOpen, "83 02 80 ff") T(EitherOpen, "83 04 81 02 0001")
	T(EitherOpen, "83 03 85 01 00")
	T(EitherOpen, "84 00") T(EitherOpen, "be 0101") T(EitherOpen, "bf3f 0101") T(EitherOpen, "bf7f 00")
	T(EitherOpen, "bf8100 00") T(EitherOpen, "bfffffff7f 00")
	/* an alternative that is not known takes fewer bytes than any that is */
	T(LongOpen, "81 00") T(LongOpen, "81 01 00") T(ListOfLongOpen, "0102 8100 810100")
	T(Chain, "80 80 01") T(Chain, "81 80 82 0161")

	/* SEQUENCE OF */
	T(ListOfA8, "0100") T(ListOfA8, "0103 010203")
	T(ListOfOdd, "0100") T(ListOfOdd, "0102 01c8")
	T(ListOfA16, "0101 0000") T(ListOfA16, "0103 0000 0001 0002")
	T(ListOfOctets4, "0102 00010203 04050607")
	T(ListOfPair, "0102 000001 000002")
	T(ListOfPairOpen, "0101 00010002")
	T(ListOfPairOpen, "0105 00010001 00010002 00010003 00010004 00010005")
	T(ListOfPairOpen, "0105 00010001 00010002 00010003 80010004 0207 80 00 00010005")
	T(ListOfPairOpen, "0105 00010001 00010002 00010003 00010004 80010005 0207 80 00")
	T(ListOfPairOpen, "0101 80010005 0207 80 00")
	T(ListOfText, "0103 00 0161 026162") T(ListOfText, "0102 0161 0162")
	T(ListOfEither, "0103 81 8001 820161") T(ListOfEither, "0103 81 81 81")
	T(ListOfList, "0102 0100 010100")
	T(ListShort, "0102 00 00")

	/* recursion, to the limit of 2 */
	T(Data, "03 80 00")
	T(Data, "03 81 00 01")
	T(Data, "03 81 40 03 81 40 03 80 00 02 01")
	T(Data, "03 81 80 0207 80 04 03 80 0100 01")
	T(Data, "03 85 00")
	T(Tree, "00 0100")
	T(Tree, "00 0102 01 0101 02 0100 03 0100")
	T(Expression, "80 05")
	T(Expression, "81 81 80 05")
	T(Expression, "82 82 8001 8002 81 8003")

	/* aliases */
	T(Alias, "00 01 0002")
	T(AliasOfAlias, "80 01 0002 0207 80 00")
	T(AliasUser, "80 00010002 00010002")
/* clang-format on */
#undef T
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scms_slice in = hex_bytes(cases[i].hex), rest = in;
		struct oer_error err = {.path = ""};
		enum oer_status status = oer_decode(cases[i].type, in, 2, NULL, &err);
		const char *name = cases[i].type->name, *wrong;

		CHECK(status == OER_OK, "%s %s: %s at %zu in %s", name, cases[i].hex, oer_status_text(status),
		      err.offset, err.path);
		if (status)
			continue;
		wrong = roundtrip(cases[i].type, in, 2);
		CHECK(!wrong, "%s %s: %s", name, cases[i].hex, wrong);
		CHECK(oer_decode_prefix(cases[i].type, &rest, 2, NULL, NULL) == OER_OK && rest.n == 0 &&
			  rest.p == in.p + in.n,
		      "%s %s: prefix", name, cases[i].hex);
		free((void *)(uintptr_t)in.p);
	}
	return check_done();
}
