/* SPDX-License-Identifier: Apache-2.0 */
/* What a visitor is told: every byte, field, path and value. */
#include "oer/walk.h"
#include "../check.h"
#include "hex.h"
#include "tests/oer/types.h"
#include <inttypes.h>

struct told {
	char text[4096];
	size_t len;
	unsigned left; /* events until the visitor has had enough */
};

static void tell_value(struct told *to, const struct oer_node *node)
{
	const struct scms_slice *s = &node->value.bytes;
	char *at = to->text + to->len;
	size_t cap = sizeof(to->text) - to->len;
	int n;

	switch (node->type->kind) {
	case OER_KIND_OCTETS:
	case OER_KIND_FIXED:
	case OER_KIND_UTF8:
		n = snprintf(at, cap, " (%.*s)", (int)s->n, (const char *)s->p);
		break;
	case OER_KIND_BOOL:
		n = snprintf(at, cap, " %s", node->value.b ? "true" : "false");
		break;
	case OER_KIND_NULL:
		n = snprintf(at, cap, " null");
		break;
	case OER_KIND_ENUM:
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		n = snprintf(at, cap, " %" PRId64, node->value.i);
		break;
	default:
		n = snprintf(at, cap, " %" PRIu64, node->value.u);
		break;
	}
	to->len += (size_t)n;
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	static const char *const names[] = {"{", "}", "=", "?", "#"};
	struct told *to = context;
	char path[128];

	to->len += (size_t)snprintf(to->text + to->len, sizeof(to->text) - to->len, "%s %zu+%zu %s", names[event],
				    node->offset, node->bytes.n, oer_node_path(node, path, sizeof(path)));
	if (event == OER_WALK_VALUE)
		tell_value(to, node);
	if (event == OER_WALK_FRAME)
		to->len += (size_t)snprintf(to->text + to->len, sizeof(to->text) - to->len, " %s", node->frame);
	to->len += (size_t)snprintf(to->text + to->len, sizeof(to->text) - to->len, "\n");
	return --to->left > 0;
}

static void expect(const struct oer_type *type, const char *hex, unsigned events, const char *text)
{
	struct scms_slice in = hex_bytes(hex);
	struct told told = {.left = events};

	CHECK(oer_walk(type, in, 2, visit, &told, NULL) == OER_OK, "%s: refused", hex);
	CHECK(!strcmp(told.text, text), "%s:\n%s", hex, told.text);
	free((void *)(uintptr_t)in.p);
}

static void paths(void)
{
	const struct oer_node root = {.type = &oer_PairOpen};
	const struct oer_node child = {.type = &oer_A8, .field = &oer_PairOpen.u.fields[0], .parent = &root};
	char buf[16];

	CHECK(!strcmp(oer_node_path(&child, buf, sizeof(buf)), "PairOpen.a"), "%s", buf);
	CHECK(!strcmp(oer_node_path(&child, buf, 10), "PairOpen."), "%s", buf);
	CHECK(!strcmp(oer_node_path(&child, buf, 5), "Pair"), "%s", buf);
}

int main(void)
{
	struct oer_error err;
	struct told told = {.left = 99};

	expect(&oer_Nested, "80 05 06 01 81 0161 0101 00000001 02 0101 0101 03 07", 99,
	       "{ 0+0 Nested\n"
	       "{ 0+0 Nested.default\n"
	       "# 0+1 Nested.default preamble\n"
	       "= 1+1 Nested.default.x-value 5\n"
	       "= 2+1 Nested.default.y-value 6\n"
	       "} 0+3 Nested.default\n"
	       "= 3+1 Nested.kind 1\n"
	       "{ 4+0 Nested.choice\n"
	       "# 4+1 Nested.choice tag\n"
	       "= 5+2 Nested.choice.text (a)\n"
	       "} 4+3 Nested.choice\n"
	       "{ 7+0 Nested.intervals\n"
	       "# 7+2 Nested.intervals count\n"
	       "{ 9+0 Nested.intervals[0]\n"
	       "= 9+4 Nested.intervals[0].start 1\n"
	       "= 13+1 Nested.intervals[0].what 2\n"
	       "} 9+5 Nested.intervals[0]\n"
	       "} 7+7 Nested.intervals\n"
	       "{ 14+0 Nested.matrix\n"
	       "# 14+2 Nested.matrix count\n"
	       "{ 16+0 Nested.matrix[0]\n"
	       "# 16+2 Nested.matrix[0] count\n"
	       "= 18+1 Nested.matrix[0][0] 3\n"
	       "} 16+3 Nested.matrix[0]\n"
	       "} 14+5 Nested.matrix\n"
	       "= 19+1 Nested.raw 7\n"
	       "} 0+20 Nested\n");
	expect(&oer_Additions, "80 01 0304 e010 02 0102 00 04 00010002 0177", 99,
	       "{ 0+0 Additions\n"
	       "# 0+1 Additions preamble\n"
	       "= 1+1 Additions.a 1\n"
	       "# 2+4 Additions extension bitmap\n"
	       "# 6+1 Additions.first length\n"
	       "= 7+2 Additions.first 258\n"
	       "# 9+1 Additions.flag length\n"
	       "= 10+0 Additions.flag null\n"
	       "# 10+1 Additions.pair length\n"
	       "{ 11+0 Additions.pair\n"
	       "# 11+1 Additions.pair preamble\n"
	       "= 12+1 Additions.pair.a 1\n"
	       "= 13+2 Additions.pair.b 2\n"
	       "} 11+4 Additions.pair\n"
	       "? 15+2 Additions.[+11]\n"
	       "} 0+17 Additions\n");
	expect(&oer_EitherOpen, "83 04 81 02 0001", 99,
	       "{ 0+0 EitherOpen\n"
	       "# 0+1 EitherOpen tag\n"
	       "# 1+1 EitherOpen.inner length\n"
	       "{ 2+0 EitherOpen.inner\n"
	       "# 2+1 EitherOpen.inner tag\n"
	       "# 3+1 EitherOpen.inner.deep length\n"
	       "= 4+2 EitherOpen.inner.deep 1\n"
	       "} 2+4 EitherOpen.inner\n"
	       "} 0+6 EitherOpen\n");
	expect(&oer_EitherOpen, "bf8100 01 55", 99,
	       "{ 0+0 EitherOpen\n"
	       "? 0+5 EitherOpen.[128]\n"
	       "} 0+5 EitherOpen\n");
	expect(&oer_Data, "03 81 40 03 80 0155 02", 99,
	       "{ 0+0 Data\n"
	       "= 0+1 Data.version 3\n"
	       "{ 1+0 Data.content\n"
	       "# 1+1 Data.content tag\n"
	       "{ 2+0 Data.content.signed\n"
	       "{ 2+0 Data.content.signed.payload\n"
	       "# 2+1 Data.content.signed.payload preamble\n"
	       "{ 3+0 Data.content.signed.payload.data\n"
	       "= 3+1 Data.content.signed.payload.data.version 3\n"
	       "{ 4+0 Data.content.signed.payload.data.content\n"
	       "# 4+1 Data.content.signed.payload.data.content tag\n"
	       "= 5+2 Data.content.signed.payload.data.content.opaque (U)\n"
	       "} 4+3 Data.content.signed.payload.data.content\n"
	       "} 3+4 Data.content.signed.payload.data\n"
	       "} 2+5 Data.content.signed.payload\n"
	       "= 7+1 Data.content.signed.mark 2\n"
	       "} 2+6 Data.content.signed\n"
	       "} 1+7 Data.content\n"
	       "} 0+8 Data\n");
	expect(&oer_SVar, "02ff7f", 99, "= 0+3 SVar -129\n");
	expect(&oer_S16, "fffe", 99, "= 0+2 S16 -2\n");
	expect(&oer_ColourOpen, "82012c", 99, "= 0+3 ColourOpen 300\n");
	expect(&oer_Flag, "ff", 99, "= 0+1 Flag true\n");
	expect(&oer_Octets4, "61626364", 99, "= 0+4 Octets4 (abcd)\n");
	expect(&oer_AVar, "020100", 99, "= 0+3 AVar 256\n");
	expect(&oer_Nothing, "", 99, "= 0+0 Nothing null\n");
	/* a visitor that has had enough */
	expect(&oer_ListOfText, "0102 0161 0162", 3,
	       "{ 0+0 ListOfText\n# 0+2 ListOfText count\n= 2+2 ListOfText[0] (a)\n");
	/* nothing is told of what is refused */
	CHECK(oer_walk(&oer_ListOfText, (struct scms_slice){(const uint8_t *)"\1\1\1", 3}, 2, visit, &told, &err) ==
		      OER_TRUNCATED &&
		  told.len == 0,
	      "told: %s", told.text);
	paths();
	return check_done();
}
