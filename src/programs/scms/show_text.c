/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_text.c: any value for people: a line for each field, with what matters to people put in words.
 *
 * A CHOICE stays on the line of its name. What has a form of its own (certificates, signed data, times, permissions) is
 * printed by that form when the walk enters it, and the walk is ignored until it leaves it.
 */
#include "oer/json.h"
#include "show.h"
#include "words.h"

#include <inttypes.h>
#include <string.h>

#define NOTHING UINT32_MAX

struct printer {
	const struct show *show;
	const uint8_t *end; /* of the bytes that are walked */
	unsigned depth;     /* recursion still allowed */
	unsigned level;     /* indentation of the next line */
	uint32_t skip;      /* depth of a node that was printed when it was entered; NOTHING if none */
	bool open;          /* is a line begun? */
	bool bare;          /* and nothing on it yet but its indentation? */
	bool empty;         /* has a SEQUENCE begun, and nothing in it yet? */
};

static void show_value(const struct show *show, const struct oer_type *type, struct scms_slice bytes, unsigned depth,
		       unsigned level);

static void end_line(struct printer *p)
{
	if (p->open)
		putchar('\n');
	p->open = false;
}

static void begin_line(struct printer *p)
{
	end_line(p);
	printf("%*s", (int)(4 * p->level), "");
	p->open = true;
	p->bare = true;
	p->empty = false;
}

/* Puts a space between what stands on the line and what comes. */
static void space(struct printer *p)
{
	if (p->open && !p->bare)
		putchar(' ');
	p->open = true;
	p->bare = false;
}

/* What only wraps others is not named: it would take four lines to say "signed data". */
static bool transparent(const struct oer_type *type)
{
	return type_is(type, &oer_Ieee1609Dot2Data) || type_is(type, &oer_SignedData) ||
	       type_is(type, &oer_ToBeSignedData) || type_is(type, &oer_SignedDataPayload);
}

static void put_label(struct printer *p, const struct oer_node *node)
{
	const struct oer_node *parent = node->parent;

	if (!parent || (transparent(parent->type) && !(node->type && type_is(parent->type, &oer_SignedDataPayload))))
		return;
	if (parent->type->kind != OER_KIND_CHOICE || !p->open)
		begin_line(p);
	space(p);
	if (type_is(parent->type, &oer_SignedDataPayload) && transparent(node->type))
		fputs("holds", stdout);
	else if (node->field)
		printf("%s:", node->field->name);
	else if (parent->type->kind == OER_KIND_LIST)
		printf("[%" PRIu32 "]:", node->index);
}

/* -- forms of one line */

static struct scms_slice rest_from(const struct printer *p, const struct oer_node *node)
{
	return (struct scms_slice){node->bytes.p, (size_t)(p->end - node->bytes.p)};
}

static void form_validity(const struct printer *p, const void *v)
{
	words_validity(stdout, &p->show->leap, v);
}

static void form_duration(const struct printer *p, const void *v)
{
	(void)p;
	words_duration(stdout, v);
}

static void form_region(const struct printer *p, const void *v)
{
	(void)p;
	words_region(stdout, v);
}

static void form_permission(const struct printer *p, const void *v)
{
	(void)p;
	words_permission(stdout, v);
}

static void form_group(const struct printer *p, const void *v)
{
	(void)p;
	words_group(stdout, v);
}

static void form_point(const struct printer *p, const void *v)
{
	(void)p;
	words_point(stdout, v);
}

static void form_key(const struct printer *p, const void *v)
{
	(void)p;
	if (!words_key(stdout, v))
		fputs("of an unknown algorithm", stdout);
}

static void form_revoked(const struct printer *p, const void *v)
{
	const struct HashBasedRevocationInfo *entry = v;
	char text[TIME_TEXT_BYTES];

	words_hex(stdout, (struct scms_slice){entry->id, 10});
	printf(", until %s", time_text(&p->show->leap, (uint64_t)entry->expiry * 1000000, text));
}

static void form_revoked_2022(const struct printer *p, const void *v)
{
	const struct HashBasedRevocationInfo2022 *entry = v;
	const struct HashBasedRevocationInfo as_2017 = {.id = entry->id, .expiry = entry->expiry};

	form_revoked(p, &as_2017);
}

static const struct {
	const struct oer_type *type;
	void (*put)(const struct printer *p, const void *v);
} forms[] = {
    {&oer_ValidityPeriod, form_validity},    {&oer_Duration, form_duration},
    {&oer_GeographicRegion, form_region},    {&oer_PsidSsp, form_permission},
    {&oer_PsidGroupPermissions, form_group}, {&oer_EccP256CurvePoint, form_point},
    {&oer_PublicVerificationKey, form_key},  {&oer_HashBasedRevocationInfo, form_revoked},
    {&oer_HashBasedRevocationInfo2022, form_revoked_2022},
};

/* Prints a value that has a form of one line. */
static bool put_form(struct printer *p, const struct oer_node *node)
{
	union {
		struct ValidityPeriod validity;
		struct Duration duration;
		struct GeographicRegion region;
		struct PsidSsp permission;
		struct PsidGroupPermissions group;
		struct EccP256CurvePoint point;
		struct PublicVerificationKey key;
		struct HashBasedRevocationInfo revoked;
		struct HashBasedRevocationInfo2022 revoked_2022;
	} v;
	struct scms_slice rest = rest_from(p, node);

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (!type_is(node->type, forms[i].type))
			continue;
		if (oer_decode_prefix(forms[i].type, &rest, p->depth, &v, NULL) != OER_OK)
			return false;
		space(p);
		forms[i].put(p, &v);
		end_line(p);
		return true;
	}
	return false;
}

/* -- forms of several lines */

static bool put_certificate(struct printer *p, const struct oer_node *node)
{
	struct scms_slice bytes = rest_from(p, node), rest = bytes;
	struct known_cert *known;
	struct cert cert;

	if (!type_is(node->type, &oer_Certificate) ||
	    oer_decode_prefix(&oer_Certificate, &rest, p->depth, NULL, NULL) != OER_OK)
		return false;
	bytes.n -= rest.n;
	/* What no judge can use is printed field by field. */
	if (cert_read(&cert, bytes, p->show->known.crypto, NULL) != OER_OK)
		return false;
	space(p);
	printf("%s certificate", cert_is_implicit(&cert) ? "implicit" : "explicit");
	known = known_identity(&p->show->known, cert.hash256);
	if (known && known->shown) {
		fputs(" of ", stdout);
		known_name(stdout, &cert.c);
		fputs(", as above", stdout);
		end_line(p);
		return true;
	}
	end_line(p);
	show_certificate(p->show, &cert, p->level + 1);
	if (known)
		known->shown = true;
	return true;
}

/* Says which message the data claims to be, and whether it keeps to its rules. */
static void put_envelope(struct printer *p, const struct oer_node *node)
{
	struct scms_slice bytes = rest_from(p, node), rest = bytes;
	const struct envelope *row;
	struct oer_error err;

	if (oer_decode_prefix(&oer_Ieee1609Dot2Data, &rest, p->depth, NULL, NULL) != OER_OK)
		return;
	bytes.n -= rest.n;
	row = envelope_guess(bytes, p->depth);
	if (!row)
		return;
	space(p);
	if (envelope_check(row, bytes, p->depth, NULL, &err) == OER_OK)
		printf("%s,", row->name);
	else
		printf("like %s, but %s: expected %s, found %s;", row->name, err.path, err.expected, err.found);
}

static void enter_signed(struct printer *p, const struct oer_node *node)
{
	struct scms_slice rest = rest_from(p, node);
	struct SignedData data;

	end_line(p);
	p->level++;
	if (oer_decode_prefix(&oer_SignedData, &rest, p->depth, &data, NULL) == OER_OK)
		show_signed(p->show, &data, p->level);
}

/* -- values */

static void put_enumerated(const struct oer_type *type, int64_t value)
{
	for (uint16_t i = 0; i < type->count; i++) {
		if (type->u.names[i].value == value) {
			fputs(type->u.names[i].name, stdout);
			return;
		}
	}
	printf("%" PRId64 " (unknown)", value);
}

static void put_hash(const struct printer *p, const struct oer_node *node)
{
	struct scms_slice bytes = node->value.bytes;
	const struct known_cert *known = NULL;

	words_hex(stdout, bytes);
	if (node->type == &oer_HashedId32)
		known = known_identity(&p->show->known, bytes.p);
	if (node->type == &oer_HashedId8)
		known = known_id8(&p->show->known, bytes.p, NULL);
	if (known) {
		fputs(", ", stdout);
		known_name(stdout, &known->cert.c);
	}
}

static void put_number(const struct printer *p, const struct oer_node *node)
{
	const struct oer_type *type = node->type;
	char text[TIME_TEXT_BYTES];

	if (type == &oer_Time32)
		fputs(time_text(&p->show->leap, node->value.u * 1000000, text), stdout);
	else if (type == &oer_Time64)
		fputs(time_text(&p->show->leap, node->value.u, text), stdout);
	else if (type == &oer_Psid)
		words_psid(stdout, node->value.u);
	else if (type == &oer_CrlSeries)
		words_series(stdout, (uint16_t)node->value.u);
	else if (type == &oer_CountryOnly)
		words_country(stdout, (uint16_t)node->value.u);
	else
		printf("%" PRIu64, node->value.u);
}

static void put_value(struct printer *p, const struct oer_node *node)
{
	switch (node->type->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
	case OER_KIND_UVAR:
		put_number(p, node);
		break;
	case OER_KIND_ENUM:
		put_enumerated(node->type, node->value.i);
		break;
	case OER_KIND_BOOL:
		fputs(node->value.b ? "true" : "false", stdout);
		break;
	case OER_KIND_NULL:
		break;
	case OER_KIND_BITS:
		printf("%02" PRIx64, node->value.u);
		break;
	case OER_KIND_UTF8:
		words_text(stdout, node->value.bytes);
		break;
	case OER_KIND_FIXED:
	case OER_KIND_OCTETS:
		put_hash(p, node);
		break;
	default:
		if (type_is(node->type, &oer_Latitude) || type_is(node->type, &oer_Longitude))
			words_angle(stdout, (int32_t)node->value.i, type_is(node->type, &oer_Latitude));
		else
			printf("%" PRId64, node->value.i);
		break;
	}
}

/* Bytes that hold a value are shown as that value. */
static bool put_inside(struct printer *p, const struct oer_node *node)
{
	const struct oer_type *type = p->depth > 0 ? envelope_inside_node(node, p->depth - 1) : NULL;

	if (!type)
		return false;
	space(p);
	printf("%s, %zu bytes", type->name, node->value.bytes.n);
	end_line(p);
	show_value(p->show, type, node->value.bytes, p->depth - 1, p->level + 1);
	return true;
}

/* Our own addition of the global policy. */
static bool put_policy_extension(struct printer *p, const struct oer_node *node)
{
	static const uint8_t magic[4] = {'S', 'C', 'M', 'S'};
	struct ScmsPolicyExtension extension;
	struct scms_slice bytes = node->bytes;

	/* The addition's length stands before it: one byte, or as many more as its low bits say. */
	if (!type_is(node->parent->type, &oer_GlobalPolicyData) || node->index != 0 || bytes.n < 1)
		return false;
	bytes.p += 1 + (node->bytes.p[0] & 0x80 ? node->bytes.p[0] & 0x7f : 0);
	bytes.n -= (size_t)(bytes.p - node->bytes.p);
	if (oer_decode(&oer_ScmsPolicyExtension, bytes, p->depth, &extension, NULL) != OER_OK ||
	    memcmp(extension.magic, magic, 4) != 0)
		return false;
	begin_line(p);
	printf("ScmsPolicyExtension, %zu bytes", bytes.n);
	end_line(p);
	show_value(p->show, &oer_ScmsPolicyExtension, bytes, p->depth, p->level + 1);
	return true;
}

static void put_unknown(struct printer *p, const struct oer_node *node)
{
	if (node->parent->type->kind == OER_KIND_SEQUENCE && put_policy_extension(p, node))
		return;
	if (node->parent->type->kind != OER_KIND_CHOICE || !p->open)
		begin_line(p);
	space(p);
	if (node->parent->type->kind == OER_KIND_CHOICE)
		printf("unknown alternative %" PRIu64 ": ", node->tag);
	else
		printf("unknown addition %" PRIu32 ": ", node->index);
	words_hex(stdout, node->bytes);
	end_line(p);
}

/* -- the walk */

/* Lists may be long. */
static bool hidden(const struct printer *p, const struct oer_node *node)
{
	if (p->show->all || !node->parent || node->parent->type->kind != OER_KIND_LIST || node->index < SHOW_ELEMENTS)
		return false;
	if (node->index == SHOW_ELEMENTS)
		printf("%*s... and %" PRIu32 " more (--all shows them)\n", (int)(4 * p->level), "",
		       node->parent->count - node->index);
	return true;
}

/* Parts of signed data that are in its form already. */
static bool in_form(const struct oer_node *node)
{
	const struct oer_type *parent = node->parent ? node->parent->type : NULL;

	return (type_is(parent, &oer_SignedData) && !type_is(node->type, &oer_ToBeSignedData)) ||
	       (type_is(parent, &oer_ToBeSignedData) && type_is(node->type, &oer_HeaderInfo)) ||
	       (type_is(parent, &oer_Ieee1609Dot2Data) && node->type->kind == OER_KIND_U8);
}

static void enter(struct printer *p, const struct oer_node *node)
{
	if (hidden(p, node) || in_form(node)) {
		p->skip = node->depth;
		return;
	}
	put_label(p, node);
	if (put_form(p, node) || put_certificate(p, node)) {
		p->skip = node->depth;
		return;
	}
	if (type_is(node->type, &oer_Ieee1609Dot2Data)) {
		put_envelope(p, node);
	} else if (type_is(node->type, &oer_SignedData)) {
		enter_signed(p, node);
	} else if (node->type->kind == OER_KIND_LIST) {
		space(p);
		printf(node->count ? "%" PRIu32 : "none", node->count);
		end_line(p);
		p->level++;
	} else if (node->type->kind == OER_KIND_SEQUENCE && !transparent(node->type)) {
		p->level++;
		p->empty = true;
	}
}

static void leave(struct printer *p, const struct oer_node *node)
{
	if (p->empty) {
		if (!p->open)
			begin_line(p);
		space(p);
		fputs("empty", stdout);
		p->empty = false;
	}
	end_line(p);
	if (node->type->kind == OER_KIND_LIST || type_is(node->type, &oer_SignedData) ||
	    (node->type->kind == OER_KIND_SEQUENCE && !transparent(node->type)))
		p->level--;
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	struct printer *p = context;

	if (p->skip != NOTHING) {
		if (event == OER_WALK_LEAVE && node->depth == p->skip)
			p->skip = NOTHING;
		return true;
	}
	if (event == OER_WALK_ENTER) {
		enter(p, node);
	} else if (event == OER_WALK_LEAVE) {
		leave(p, node);
	} else if (event == OER_WALK_UNKNOWN) {
		put_unknown(p, node);
	} else if (event == OER_WALK_VALUE && !hidden(p, node) && !in_form(node)) {
		put_label(p, node);
		if (!put_inside(p, node)) {
			if (node->type->kind != OER_KIND_NULL)
				space(p);
			put_value(p, node);
			end_line(p);
		}
	}
	return !ferror(stdout);
}

static void show_value(const struct show *show, const struct oer_type *type, struct scms_slice bytes, unsigned depth,
		       unsigned level)
{
	/* The value's own SEQUENCE would indent once more. */
	struct printer p = {
	    .show = show, .end = bytes.p + bytes.n, .depth = depth, .level = level - 1, .skip = NOTHING};

	if (type->kind != OER_KIND_SEQUENCE || transparent(type) || type_is(type, &oer_Certificate)) {
		p.level = level;
		begin_line(&p);
	}
	/* The bytes have been decoded as that type. */
	(void)!oer_walk(type, bytes, depth, visit, &p, NULL);
	end_line(&p);
}

void show_text(const struct show *show, const struct detected *found, struct scms_slice bytes)
{
	for (size_t i = 0; i < show->known.count; i++)
		show->known.list[i].shown = false;
	show_value(show, found->type, bytes, OER_DEPTH_DEFAULT, 1);
}
