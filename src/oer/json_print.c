/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Objects and arrays around a value; the schema itself nests less, whatever the recursion limit of a caller. */
#define LEVELS 256

struct printer {
	const struct json_style *style;
	unsigned depth;        /* recursion still allowed inside strings */
	bool failed;           /* write refused */
	bool beyond;           /* LEVELS or JSON_ADDITIONS_LIMIT was not enough */
	bool used[LEVELS];     /* by depth of the node: has it a member yet? */
	bool unknown[LEVELS];  /* is its "..." member open? */
	uint32_t bits[LEVELS]; /* additions that its writer knew, where it is not what the schema knows; else 0 */
};

static void put(struct printer *p, const char *text, size_t n)
{
	if (!p->failed && n > 0 && !p->style->write(p->style->context, text, n))
		p->failed = true;
}

static void put_text(struct printer *p, const char *text)
{
	put(p, text, strlen(text));
}

static void put_hex(struct printer *p, struct scms_slice bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	char buf[256];
	size_t n = 0;

	put_text(p, "\"");
	for (size_t i = 0; i < bytes.n; i++) {
		buf[n++] = digits[bytes.p[i] >> 4];
		buf[n++] = digits[bytes.p[i] & 15];
		if (n == sizeof(buf)) {
			put(p, buf, n);
			n = 0;
		}
	}
	put(p, buf, n);
	put_text(p, "\"");
}

/* What a terminal might act on is escaped too: DEL, and the control characters U+0080 to U+009F, in UTF-8 C2 80 to C2
 * 9F. */
static void put_string(struct printer *p, struct scms_slice s)
{
	size_t from = 0;

	put_text(p, "\"");
	for (size_t i = 0; i < s.n; i++) {
		bool high = s.p[i] == 0xc2 && s.p[i + 1] < 0xa0;
		char escape[8];

		if (s.p[i] >= ' ' && s.p[i] != '"' && s.p[i] != '\\' && s.p[i] != 0x7f && !high)
			continue;
		put(p, (const char *)s.p + from, i - from);
		i += high;
		snprintf(escape, sizeof(escape), s.p[i] == '"' || s.p[i] == '\\' ? "\\%c" : "\\u%04x", s.p[i]);
		put_text(p, escape);
		from = i + 1;
	}
	put(p, (const char *)s.p + from, s.n - from);
	put_text(p, "\"");
}

/* A CHOICE stays on the line of its name: only SEQUENCE and SEQUENCE OF indent what is in them. */
static unsigned level_of(const struct printer *p, const struct oer_node *node)
{
	unsigned level = p->style->level;

	for (node = node->parent; node; node = node->parent)
		level += node->type->kind != OER_KIND_CHOICE;
	return level;
}

static void new_line(struct printer *p, unsigned level)
{
	static const char spaces[] = "                                ";
	size_t n = (size_t)level * p->style->indent;

	if (p->style->indent == 0)
		return;
	put_text(p, "\n");
	while (n > 0) {
		size_t part = n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1;

		put(p, spaces, part);
		n -= part;
	}
}

/* What stands before a member of a SEQUENCE or an element: comma, line end, indentation. */
static void member_begin(struct printer *p, const struct oer_node *parent, unsigned level)
{
	if (p->used[parent->depth])
		put_text(p, p->style->indent ? "," : ", ");
	p->used[parent->depth] = true;
	new_line(p, level);
}

static void value_begin(struct printer *p, const struct oer_node *node)
{
	const struct oer_node *parent = node->parent;

	if (!parent)
		return;
	if (parent->type->kind != OER_KIND_CHOICE)
		member_begin(p, parent, level_of(p, node));
	if (parent->type->kind != OER_KIND_LIST) {
		put_text(p, "\"");
		put_text(p, node->field->name);
		put_text(p, "\": ");
	}
}

static void put_enum(struct printer *p, const struct oer_type *type, int64_t value)
{
	char number[32];
	const char *name = NULL;

	for (uint16_t i = 0; i < type->count && !name; i++) {
		if (type->u.names[i].value == value)
			name = type->u.names[i].name;
	}
	snprintf(number, sizeof(number), "%" PRId64, value);
	put_text(p, "\"");
	put_text(p, name ? name : number);
	put_text(p, "\"");
}

/* Prints what the bytes of a string hold as {"Type": value}, if the caller knows and it is so. */
static bool put_inside(struct printer *p, const struct oer_node *node)
{
	const struct oer_type *type;
	struct json_style style = *p->style;

	if (!style.inside || p->depth == 0)
		return false;
	type = style.inside(style.context, node);
	if (!type || oer_decode(type, node->value.bytes, p->depth - 1, NULL, NULL) != OER_OK)
		return false;
	put_text(p, "{\"");
	put_text(p, oer_type_name(type));
	put_text(p, "\": ");
	style.level = level_of(p, node);
	if (json_print(type, node->value.bytes, p->depth - 1, &style, NULL) != OER_OK)
		p->failed = true;
	put_text(p, "}");
	return true;
}

static void put_value(struct printer *p, const struct oer_node *node)
{
	char number[32];
	uint8_t bits;

	switch (node->type->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
	case OER_KIND_UVAR:
		snprintf(number, sizeof(number), "%" PRIu64, node->value.u);
		put_text(p, number);
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		snprintf(number, sizeof(number), "%" PRId64, node->value.i);
		put_text(p, number);
		break;
	case OER_KIND_ENUM:
		put_enum(p, node->type, node->value.i);
		break;
	case OER_KIND_BOOL:
		put_text(p, node->value.b ? "true" : "false");
		break;
	case OER_KIND_NULL:
		put_text(p, "null");
		break;
	case OER_KIND_BITS:
		bits = (uint8_t)node->value.u;
		put_hex(p, (struct scms_slice){&bits, 1});
		break;
	case OER_KIND_UTF8:
		put_string(p, node->value.bytes);
		break;
	default:
		if (node->type->kind != OER_KIND_OCTETS || !put_inside(p, node))
			put_hex(p, node->value.bytes);
		break;
	}
}

/* Length determinant at the front of *s: as the codec has checked it. */
static size_t take_length(struct scms_slice *s)
{
	size_t length = *s->p++;
	size_t octets = length & 0x7f;

	s->n--;
	if (length < 0x80)
		return length;
	for (length = 0; octets > 0; octets--) {
		length = length << 8 | *s->p++;
		s->n--;
	}
	return length;
}

/* Opens, where it is not open yet, the member for unknown additions of a SEQUENCE. */
static void unknown_begin(struct printer *p, const struct oer_node *sequence, unsigned level)
{
	char text[40];

	if (p->unknown[sequence->depth])
		return;
	p->unknown[sequence->depth] = true;
	member_begin(p, sequence, level);
	put_text(p, "\"...\": {");
	if (p->bits[sequence->depth]) {
		snprintf(text, sizeof(text), "\"bits\": %" PRIu32, p->bits[sequence->depth]);
		put_text(p, text);
	}
}

/* An unknown addition is kept without its length, an unknown alternative without its tag and length. */
static void put_unknown(struct printer *p, const struct oer_node *node)
{
	const struct oer_node *parent = node->parent;
	struct scms_slice value = node->bytes;
	bool first = !p->unknown[parent->depth] && p->bits[parent->depth] == 0;
	char name[40];

	if (parent->type->kind == OER_KIND_CHOICE) {
		/* The tag: one byte, or where its low six bits are set also those that follow with bit 8 set, and one.
		 */
		bool more = (*value.p & 0x3f) == 0x3f;

		do {
			value.p++;
			value.n--;
		} while (more && (value.p[-1] & 0x80 || value.p - 1 == node->bytes.p));
		snprintf(name, sizeof(name), "\"[%" PRIu64 "]\": ", parent->tag);
	} else {
		unknown_begin(p, parent, level_of(p, node));
		snprintf(name, sizeof(name), "%s\"%" PRIu32 "\": ", first ? "" : ", ", node->index);
	}
	take_length(&value);
	put_text(p, name);
	put_hex(p, value);
}

static void enter(struct printer *p, const struct oer_node *node)
{
	value_begin(p, node);
	p->used[node->depth] = false;
	p->unknown[node->depth] = false;
	p->bits[node->depth] = 0;
	put_text(p, node->type->kind == OER_KIND_LIST ? "[" : "{");
}

static void leave(struct printer *p, const struct oer_node *node)
{
	unsigned level = level_of(p, node);

	if (node->type->kind == OER_KIND_SEQUENCE && p->bits[node->depth])
		unknown_begin(p, node, level + 1);
	if (p->unknown[node->depth])
		put_text(p, "}");
	if (p->used[node->depth])
		new_line(p, level);
	put_text(p, node->type->kind == OER_KIND_LIST ? "]" : "}");
}

/* The extension bitmap: its length, how many bits of its last byte are unused, the bits. */
static void see_bitmap(struct printer *p, const struct oer_node *node)
{
	struct scms_slice bitmap = node->bytes;
	size_t n = take_length(&bitmap);
	uint32_t bits = (uint32_t)(8 * (n - 1)) - bitmap.p[0];

	if (n - 1 > JSON_ADDITIONS_LIMIT / 8)
		p->beyond = true;
	if (bits != node->type->additions)
		p->bits[node->depth] = bits;
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	struct printer *p = context;

	if (node->depth >= LEVELS) {
		p->beyond = true;
		return false;
	}
	switch (event) {
	case OER_WALK_ENTER:
		enter(p, node);
		break;
	case OER_WALK_LEAVE:
		leave(p, node);
		break;
	case OER_WALK_VALUE:
		value_begin(p, node);
		put_value(p, node);
		break;
	case OER_WALK_UNKNOWN:
		put_unknown(p, node);
		break;
	case OER_WALK_FRAME:
		if (strcmp(node->frame, "extension bitmap") == 0)
			see_bitmap(p, node);
		break;
	}
	return !p->failed && !p->beyond;
}

enum oer_status json_print(const struct oer_type *type, struct scms_slice in, unsigned depth,
			   const struct json_style *style, struct oer_error *err)
{
	struct printer p = {.style = style, .depth = depth};
	enum oer_status status = oer_walk(type, in, depth, visit, &p, err);

	if (status == OER_OK && p.beyond)
		return OER_UNSUPPORTED;
	if (status == OER_OK && p.failed)
		return OER_SPACE;
	return status;
}
