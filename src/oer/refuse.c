/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/refuse.h"
#include "oer/read.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum oer_status status;
	const char *expected;
	const char *found;
} reasons[] = {
#define X(name, status, expected, found) [OER_WHY_##name] = {OER_##status, expected, found},
    OER_REASONS(X)
#undef X
};

const uint8_t *refuse(struct decoder *d, enum oer_reason reason, const struct oer_type *type, const uint8_t *at,
		      uint64_t a, uint64_t b)
{
	d->reason = reason;
	d->type = type;
	d->at = at;
	d->a = a;
	d->b = b;
	if (d->err) {
		d->path = sizeof(d->err->path) - 1;
		d->err->path[d->path] = '\0';
	}
	return NULL;
}

/* Puts text before the path. What does not fit is the outermost, shown as "...". */
static void prepend(struct decoder *d, const char *text)
{
	static const char more[] = "...";
	size_t n = strlen(text);

	if (!d->err)
		return;
	if (n <= d->path) {
		d->path -= n;
		memcpy(d->err->path + d->path, text, n);
	} else {
		d->path = 0;
		memcpy(d->err->path, more, sizeof(more) - 1);
	}
}

/* The alternatives that the refused value went through: each of its tags lies before the byte that was refused. */
static void prepend_alternatives(struct decoder *d, const struct oer_type *t, const uint8_t *p, const uint8_t *end)
{
	const struct oer_field *f;
	size_t tag;

	if (t->kind != OER_KIND_CHOICE || p >= d->at || p >= end)
		return;
	tag = *p ^ TAG_CONTEXT;
	if (tag >= t->count)
		return;
	f = &t->u.fields[tag];
	p++;
	if (f->flags & OER_FIELD_EXTENSION && p < end) {
		size_t n = *p < 0x80 ? 1 : 1 + (*p & 0x7f);

		p = n <= bytes_left(p, end) ? p + n : end;
	}
	prepend_alternatives(d, f->type, p, end);
	prepend(d, f->name);
	prepend(d, ".");
}

const uint8_t *refuse_in_component(struct decoder *d, const struct oer_field *f, const uint8_t *p, const uint8_t *end)
{
	prepend_alternatives(d, f->type, p, end);
	prepend(d, f->name);
	prepend(d, ".");
	return NULL;
}

const uint8_t *refuse_in_element(struct decoder *d, uint32_t index, const struct oer_type *element, const uint8_t *p,
				 const uint8_t *end)
{
	char text[16];

	prepend_alternatives(d, element, p, end);
	snprintf(text, sizeof(text), "[%" PRIu32 "]", index);
	prepend(d, text);
	return NULL;
}

/* Text of bounded size, of which the end may be lacking. */
struct text {
	char *p;
	size_t cap, len;
};

static void __attribute__((format(printf, 2, 3))) append(struct text *to, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to->p + to->len, to->cap - to->len, format, args);
	va_end(args);
	if (n > 0)
		to->len += (size_t)n < to->cap - to->len ? (size_t)n : to->cap - to->len - 1;
}

static void describe_size(struct text *to, const struct oer_type *t)
{
	if (t->ulow == t->uhigh)
		append(to, " (SIZE (%" PRIu64 "))", t->ulow);
	else if (t->uhigh != UINT64_MAX)
		append(to, " (SIZE (%" PRIu64 "..%" PRIu64 "))", t->ulow, t->uhigh);
	else if (t->ulow != 0)
		append(to, " (SIZE (%" PRIu64 "..MAX))", t->ulow);
}

static void describe_names(struct text *to, const struct oer_type *t)
{
	append(to, "ENUMERATED:");
	for (unsigned i = 0; i < t->count; i++)
		append(to, "%s %s (%" PRId32 ")", i ? "," : "", t->u.names[i].name, t->u.names[i].value);
}

/* What the schema says of a type. */
static void describe_type(struct text *to, const struct oer_type *t)
{
	switch (t->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
	case OER_KIND_UVAR:
		if (t->ulow == t->uhigh)
			append(to, "INTEGER (%" PRIu64 ")", t->ulow);
		else
			append(to, "INTEGER (%" PRIu64 "..%" PRIu64 ")", t->ulow, t->uhigh);
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		append(to, "INTEGER (%" PRId64 "..%" PRId64 ")", t->low, t->high);
		break;
	case OER_KIND_ENUM:
		describe_names(to, t);
		break;
	case OER_KIND_BOOL:
		append(to, "BOOLEAN");
		break;
	case OER_KIND_NULL:
		append(to, "NULL");
		break;
	case OER_KIND_BITS:
		append(to, "BIT STRING (SIZE (8))");
		break;
	case OER_KIND_FIXED:
	case OER_KIND_OCTETS:
		append(to, "OCTET STRING");
		describe_size(to, t);
		break;
	case OER_KIND_UTF8:
		append(to, "UTF8String");
		describe_size(to, t);
		break;
	case OER_KIND_LIST:
		append(to, "SEQUENCE OF %s", t->u.element->name);
		describe_size(to, t);
		break;
	case OER_KIND_CHOICE:
		append(to, "%s, tag 0x80 to 0x%02x", t->name, 0x7f + t->count);
		break;
	default:
		append(to, "%s", t->name);
		break;
	}
}

enum oer_status refuse_finish(struct decoder *d, const struct oer_type *root, const uint8_t *end)
{
	enum oer_status status = reasons[d->reason].status;
	struct oer_error *err = d->err;
	struct text expected;

	if (!err)
		return status;
	expected = (struct text){err->expected, sizeof(err->expected), 0};
	err->status = status;
	err->offset = (size_t)(d->at - d->start);
	if (d->reason != OER_WHY_TRAILING)
		prepend_alternatives(d, root, d->start, end);
	prepend(d, root->name);
	memmove(err->path, err->path + d->path, sizeof(err->path) - d->path);
	if (reasons[d->reason].expected)
		append(&expected, "%s", reasons[d->reason].expected);
	else
		describe_type(&expected, d->type);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(err->found, sizeof(err->found), reasons[d->reason].found, (unsigned long long)d->a,
		 (unsigned long long)d->b);
#pragma GCC diagnostic pop
	return status;
}

const char *oer_status_text(enum oer_status status)
{
	switch (status) {
	case OER_OK:
		return "ok";
	case OER_TRUNCATED:
		return "truncated";
	case OER_TRAILING:
		return "trailing bytes";
	case OER_RANGE:
		return "out of range";
	case OER_TAG:
		return "unknown tag or value";
	case OER_UTF8:
		return "not UTF-8";
	case OER_NOT_CANONICAL:
		return "not canonical";
	case OER_DEPTH:
		return "nested too deeply";
	case OER_UNSUPPORTED:
		return "not supported";
	case OER_SPACE:
		return "not enough space";
	}
	return "unknown status";
}

const char *oer_type_name(const struct oer_type *type)
{
	return type->name;
}
