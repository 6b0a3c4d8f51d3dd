/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/json_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Components of a SEQUENCE, additions included; the schema's widest has 14. */
#define COMPONENTS 64

static bool read_value(struct reader *r, uint32_t token, const struct oer_node *node);

/* What the reader does not see, such as the limit of recursion, the decoder does; there must be bytes, not only a
 * count. */
static bool check_decodes(struct reader *r, uint32_t token, const struct oer_type *type, size_t mark)
{
	struct oer_error e;

	if (!r->out.p ||
	    oer_decode(type, (struct scms_slice){r->out.p + mark, r->out.len - mark}, r->depth, NULL, &e) == OER_OK)
		return true;
	json_error_place(r->err, r->text, r->t[token].start);
	snprintf(r->err->path, sizeof(r->err->path), "%s", e.path);
	snprintf(r->err->text, sizeof(r->err->text), "expected %s, found %s", e.expected, e.found);
	return false;
}

/* {"Type": value} in place of hex: the bytes are the encoding of the value. */
static bool read_inside(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct json_token *name = &r->t[token + 1];
	const struct oer_entry *entry = NULL;
	struct oer_node inner = {.parent = node, .depth = node->depth + 1};
	struct oer_field step = {0};
	size_t mark = r->out.len;
	bool good;

	if (r->t[token].next > token + 1 && name->next < r->t[token].next)
		entry = oer_entry_find((const char *)r->text.p + name->start, name->end - name->start);
	if (!entry || r->t[name->next].next != r->t[token].next)
		return json_refuse(r, token, node, "expected hex, or an object with one member that names a type");
	if (r->depth == 0)
		return json_refuse(r, token, node, "expected fewer levels of nesting");
	/* In paths the name of the type stands where that of a component would. */
	step.name = entry->type->name;
	inner.type = entry->type;
	inner.field = &step;
	r->depth--;
	good = read_value(r, name->next, &inner) && check_decodes(r, name->next, entry->type, mark);
	r->depth++;
	return good;
}

static bool read_octets(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct oer_type *type = node->type;
	size_t at = r->out.len, n;

	if (type->kind == OER_KIND_FIXED) {
		if (!json_token_is_hex(r, token, &n) || n != type->ulow)
			return json_refuse(r, token, node, "expected hex of %" PRIu64 " bytes", type->ulow);
		json_put_hex(r, token);
		return true;
	}
	if (r->t[token].kind == JSON_OBJECT) {
		if (!read_inside(r, token, node))
			return false;
		n = r->out.len - at;
		write_length_before(&r->out, at);
	} else {
		if (!json_token_is_hex(r, token, &n))
			return json_refuse(r, token, node, "expected hex");
		write_length(&r->out, n);
		json_put_hex(r, token);
	}
	if (n < type->ulow || n > type->uhigh)
		return json_refuse(r, token, node, "expected %" PRIu64 " to %" PRIu64 " bytes", type->ulow,
				   type->uhigh);
	return true;
}

static void put_tag(struct reader *r, uint32_t number)
{
	int shift = 21;

	if (number < 0x3f) {
		write_byte(&r->out, (uint8_t)(0x80 | number));
		return;
	}
	write_byte(&r->out, 0xbf);
	while (number >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		write_byte(&r->out, (uint8_t)(0x80 | (number >> shift & 0x7f)));
	write_byte(&r->out, (uint8_t)(number & 0x7f));
}

static bool read_list(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct json_token *list = &r->t[token];
	struct oer_node element = {.type = node->type->u.element, .parent = node, .depth = node->depth + 1};
	uint32_t count = 0;

	if (list->kind != JSON_ARRAY)
		return json_refuse(r, token, node, "expected an array");
	for (uint32_t i = token + 1; i < list->next; i = r->t[i].next)
		count++;
	if (count < node->type->ulow || count > node->type->uhigh)
		return json_refuse(r, token, node, "expected %" PRIu64 " to %" PRIu64 " elements", node->type->ulow,
				   node->type->uhigh);
	write_unsigned(&r->out, count);
	for (uint32_t i = token + 1; i < list->next; i = r->t[i].next) {
		if (!read_value(r, i, &element))
			return false;
		element.index++;
	}
	return true;
}

/* {"[5]": "hex"}: an alternative that the schema does not know. */
static bool read_unknown_choice(struct reader *r, uint32_t name, const struct oer_node *node)
{
	const struct json_token *t = &r->t[name];
	char text[16], again[16];
	unsigned number;
	size_t n;

	snprintf(text, sizeof(text), "%.*s", (int)(t->end - t->start), r->text.p + t->start);
	if (!(node->type->flags & OER_TYPE_EXTENSIBLE) || sscanf(text, "[%9u]", &number) != 1)
		return json_refuse(r, name, node, "expected an alternative of %s", oer_type_name(node->type));
	snprintf(again, sizeof(again), "[%u]", number);
	if (!json_token_is(r, name, again) || number < node->type->count || number >= 1u << 28)
		return json_refuse(r, name, node, "expected the tag of an unknown alternative");
	if (!json_token_is_hex(r, t->next, &n))
		return json_refuse(r, t->next, node, "expected hex");
	put_tag(r, number);
	write_length(&r->out, n);
	json_put_hex(r, t->next);
	return true;
}

static bool read_choice(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct oer_type *type = node->type;
	uint32_t name = token + 1;

	if (r->t[token].kind != JSON_OBJECT || r->t[token].next == name ||
	    r->t[r->t[name].next].next != r->t[token].next)
		return json_refuse(r, token, node, "expected an object with one member");
	for (uint16_t i = 0; i < type->count; i++) {
		const struct oer_field *f = &type->u.fields[i];
		struct oer_node child = {.type = f->type, .field = f, .parent = node, .depth = node->depth + 1};
		size_t at;

		if (!json_token_is(r, name, f->name))
			continue;
		put_tag(r, i);
		at = r->out.len;
		if (!read_value(r, r->t[name].next, &child))
			return false;
		if (f->flags & OER_FIELD_EXTENSION)
			write_length_before(&r->out, at);
		return true;
	}
	return read_unknown_choice(r, name, node);
}

/* The members of a SEQUENCE: token of the value of each component, 0 where absent. */
struct members {
	uint32_t value[COMPONENTS];
	uint32_t unknown; /* value of "..." */
};

static bool find_members(struct reader *r, uint32_t token, const struct oer_node *node, struct members *m)
{
	const struct oer_type *type = node->type;
	unsigned components = (unsigned)type->count + type->additions;
	uint32_t value;

	if (r->t[token].kind != JSON_OBJECT)
		return json_refuse(r, token, node, "expected an object");
	if (components > COMPONENTS)
		return json_refuse(r, token, node, "expected a type of at most %d components", COMPONENTS);
	for (uint32_t name = token + 1; name < r->t[token].next; name = r->t[value].next) {
		uint32_t *place = NULL;

		value = r->t[name].next;
		for (unsigned i = 0; i < components && !place; i++) {
			if (json_token_is(r, name, type->u.fields[i].name))
				place = &m->value[i];
		}
		if (!place && type->flags & OER_TYPE_EXTENSIBLE && json_token_is(r, name, "..."))
			place = &m->unknown;
		if (!place)
			return json_refuse(r, name, node, "expected a component of %s", oer_type_name(type));
		if (*place)
			return json_refuse(r, name, node, "expected each component once");
		*place = value;
	}
	return true;
}

/* Where a member has its DEFAULT value, it is left out of the encoding. */
static bool drop_default(struct reader *r, const struct oer_node *child, uint32_t *token)
{
	int64_t v = 0;
	uint64_t u = 0;
	int32_t e = 0;
	size_t n;

	switch (child->type->kind) {
	case OER_KIND_ENUM:
		if (!json_take_enumerated(r, *token, child, &e))
			return false;
		v = e;
		break;
	case OER_KIND_BOOL:
		v = r->t[*token].kind == JSON_TRUE;
		break;
	case OER_KIND_BITS:
		if (json_token_is_hex(r, *token, &n) && n == 1)
			v = json_hex_byte(r, r->t[*token].start);
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		if (!json_take_signed(r, *token, child, &v))
			return false;
		break;
	default:
		if (!json_take_unsigned(r, *token, child, &u))
			return false;
		v = u > INT32_MAX ? -1 : (int64_t)u;
		break;
	}
	if (v == child->field->value)
		*token = 0;
	return true;
}

static void put_preamble(struct reader *r, const struct oer_type *type, const struct members *m, bool extended)
{
	uint8_t preamble[4] = {0};
	unsigned bit = 0;

	if (type->flags & OER_TYPE_EXTENSIBLE) {
		preamble[0] = extended ? 0x80 : 0;
		bit = 1;
	}
	for (unsigned i = 0; i < type->count; i++) {
		if (type->u.fields[i].presence == OER_MANDATORY)
			continue;
		if (m->value[i])
			preamble[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		bit++;
	}
	write_bytes(&r->out, preamble, type->preamble);
}

/* Member of "..." by its name; 0 if there is none. */
static uint32_t find_unknown(const struct reader *r, uint32_t object, const char *wanted)
{
	for (uint32_t name = object + 1; object && name < r->t[object].next; name = r->t[r->t[name].next].next) {
		if (json_token_is(r, name, wanted))
			return r->t[name].next;
	}
	return 0;
}

/* How many additions the bitmap has: as told, or as many as are known and as are used. */
static bool count_bits(struct reader *r, const struct members *m, const struct oer_node *node, uint32_t *bits)
{
	const struct oer_type *type = node->type;
	uint32_t told, object = m->unknown, least = 0;
	char name[16];
	uint64_t v = 0;
	bool negative;

	if (object && r->t[object].kind != JSON_OBJECT)
		return json_refuse(r, object, node, "expected an object of unknown additions");
	for (uint32_t i = 0; i < type->additions; i++) {
		if (m->value[type->count + i])
			least = i + 1;
	}
	for (uint32_t n = object + 1; object && n < r->t[object].next; n = r->t[r->t[n].next].next) {
		unsigned number = JSON_ADDITIONS_LIMIT;

		if (json_token_is(r, n, "bits"))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(r->t[n].end - r->t[n].start), r->text.p + r->t[n].start);
		if (sscanf(name, "%9u", &number) == 1)
			snprintf(name, sizeof(name), "%u", number);
		if (!json_token_is(r, n, name) || number < type->additions || number >= JSON_ADDITIONS_LIMIT)
			return json_refuse(r, n, node, "expected the number of an unknown addition, %u to %u",
					   type->additions, JSON_ADDITIONS_LIMIT - 1);
		if (find_unknown(r, object, name) != r->t[n].next)
			return json_refuse(r, n, node, "expected each addition once");
		least = number >= least ? number + 1 : least;
	}
	told = find_unknown(r, object, "bits");
	*bits = least > type->additions || !least ? least : type->additions;
	if (!told)
		return true;
	if (!json_take_integer(r, told, &negative, &v) || negative || v < least || v > JSON_ADDITIONS_LIMIT ||
	    least == 0)
		return json_refuse(r, told, node, "expected the number of additions, from %u to %u", least,
				   JSON_ADDITIONS_LIMIT);
	*bits = (uint32_t)v;
	return true;
}

/* Token of the value of an addition; 0 where it is absent. */
static uint32_t addition(const struct reader *r, const struct members *m, const struct oer_type *type, uint32_t number)
{
	char name[16];

	if (number < type->additions)
		return m->value[type->count + number];
	snprintf(name, sizeof(name), "%u", number);
	return find_unknown(r, m->unknown, name);
}

static bool read_addition(struct reader *r, uint32_t token, const struct oer_node *node, uint32_t number)
{
	const struct oer_type *type = node->type;
	size_t at = r->out.len, n;

	if (number < type->additions) {
		const struct oer_field *f = &type->u.fields[type->count + number];
		struct oer_node child = {.type = f->type, .field = f, .parent = node, .depth = node->depth + 1};

		if (!read_value(r, token, &child))
			return false;
	} else {
		if (!json_token_is_hex(r, token, &n))
			return json_refuse(r, token, node, "expected hex");
		json_put_hex(r, token);
	}
	write_length_before(&r->out, at);
	return true;
}

static bool read_additions(struct reader *r, const struct members *m, const struct oer_node *node, uint32_t bits)
{
	uint8_t bitmap[JSON_ADDITIONS_LIMIT / 8] = {0};
	size_t n = (bits + 7) / 8;

	for (uint32_t i = 0; i < bits; i++) {
		if (addition(r, m, node->type, i))
			bitmap[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	write_length(&r->out, n + 1);
	write_byte(&r->out, (uint8_t)(8 * n - bits));
	write_bytes(&r->out, bitmap, n);
	for (uint32_t i = 0; i < bits; i++) {
		uint32_t token = addition(r, m, node->type, i);

		if (token && !read_addition(r, token, node, i))
			return false;
	}
	return true;
}

static bool read_sequence(struct reader *r, uint32_t token, const struct oer_node *node)
{
	const struct oer_type *type = node->type;
	struct members m = {.unknown = 0};
	uint32_t bits = 0;

	if (!find_members(r, token, node, &m))
		return false;
	for (unsigned i = 0; i < type->count; i++) {
		const struct oer_field *f = &type->u.fields[i];
		struct oer_node child = {.type = f->type, .field = f, .parent = node, .depth = node->depth + 1};

		if (f->presence == OER_MANDATORY && !m.value[i])
			return json_refuse(r, token, &child, "expected the component %s", f->name);
		if (f->presence == OER_DEFAULT && m.value[i] && !drop_default(r, &child, &m.value[i]))
			return false;
	}
	if (!count_bits(r, &m, node, &bits))
		return false;
	put_preamble(r, type, &m, bits > 0);
	for (unsigned i = 0; i < type->count; i++) {
		const struct oer_field *f = &type->u.fields[i];
		struct oer_node child = {.type = f->type, .field = f, .parent = node, .depth = node->depth + 1};

		if (m.value[i] && !read_value(r, m.value[i], &child))
			return false;
	}
	return bits == 0 || read_additions(r, &m, node, bits);
}

static bool read_value(struct reader *r, uint32_t token, const struct oer_node *node)
{
	switch (node->type->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
	case OER_KIND_UVAR:
		return json_read_unsigned(r, token, node);
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		return json_read_signed(r, token, node);
	case OER_KIND_ENUM:
		return json_read_enumerated(r, token, node);
	case OER_KIND_BOOL:
		return json_read_bool(r, token, node);
	case OER_KIND_NULL:
		return r->t[token].kind == JSON_NULL || json_refuse(r, token, node, "expected null");
	case OER_KIND_BITS:
		return json_read_bits(r, token, node);
	case OER_KIND_FIXED:
	case OER_KIND_OCTETS:
		return read_octets(r, token, node);
	case OER_KIND_UTF8:
		return json_read_text(r, token, node);
	case OER_KIND_LIST:
		return read_list(r, token, node);
	case OER_KIND_CHOICE:
		return read_choice(r, token, node);
	case OER_KIND_SEQUENCE:
		return read_sequence(r, token, node);
	default:
		return json_refuse(r, token, node, "expected a type that JSON can hold");
	}
}

/* Twice: once to learn how long the encoding is, once to make it. */
static bool read_twice(struct reader *r, const struct oer_type *type, struct scms_slice *out)
{
	struct oer_node root = {.type = type};
	uint8_t *buf;
	size_t n;

	if (!read_value(r, 0, &root))
		return false;
	n = r->out.len;
	buf = malloc(n + 1);
	if (!buf) {
		*r->err = (struct json_error){.line = 1, .column = 1, .text = "no memory"};
		return false;
	}
	r->out = (struct writer){.p = buf, .cap = n};
	if (!read_value(r, 0, &root) || !check_decodes(r, 0, type, 0)) {
		free(buf);
		return false;
	}
	*out = (struct scms_slice){buf, n};
	return true;
}

bool json_read(const struct oer_type *type, struct scms_slice text, unsigned depth, struct scms_slice *out,
	       struct json_error *err)
{
	struct reader r = {.text = text, .depth = depth, .err = err};
	struct json_tokens tokens;
	bool good;

	*out = (struct scms_slice){NULL, 0};
	if (!json_scan(text, &tokens, err))
		return false;
	r.t = tokens.t;
	good = read_twice(&r, type, out);
	free(tokens.t);
	return good;
}

const struct oer_entry *oer_entry_find(const char *id, size_t n)
{
	for (size_t i = 0; i < oer_entry_count; i++) {
		if (strlen(oer_entries[i].type->name) == n && memcmp(oer_entries[i].type->name, id, n) == 0)
			return &oer_entries[i];
	}
	return NULL;
}
