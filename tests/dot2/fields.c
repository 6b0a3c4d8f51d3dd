/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Wireshark should find in messages: one "field value" per line in the order of the message, and an empty line after each
 * message.
 *
 * usage: fields MESSAGE...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "dot2/signed_data.h"
#include "oer/walk.h"

#define MESSAGE_MAX 65536

/* A name as Wireshark writes it: that of the component, or of the type of an element. */
static const char *field_name(const struct oer_node *node)
{
	static char name[128];
	const char *from = node->field ? node->field->name : oer_type_name(node->type);
	size_t n = 0;

	for (; from[n] && n + 1 < sizeof(name); n++)
		name[n] = from[n] == '-' ? '_' : from[n];
	name[n] = 0;
	return name;
}

static void value_print(const struct oer_node *node)
{
	switch (node->type->kind) {
	case OER_KIND_NULL:
		printf("%s_element \n", field_name(node));
		return;
	case OER_KIND_FIXED:
	case OER_KIND_OCTETS:
		printf("%s ", field_name(node));
		for (size_t k = 0; k < node->value.bytes.n; k++)
			printf("%s%02x", k ? ":" : "", node->value.bytes.p[k]);
		break;
	case OER_KIND_UTF8:
		printf("%s %.*s", field_name(node), (int)node->value.bytes.n, node->value.bytes.p);
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
	case OER_KIND_ENUM:
		printf("%s %" PRId64, field_name(node), node->value.i);
		break;
	default:
		printf("%s %" PRIu64, field_name(node), node->value.u);
		break;
	}
	putchar('\n');
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	(void)context;
	if (event == OER_WALK_VALUE)
		value_print(node);
	else if (event == OER_WALK_ENTER && node->type->kind == OER_KIND_CHOICE)
		printf("%s %" PRIu64 "\n", field_name(node), node->tag);
	else if (event == OER_WALK_ENTER && node->type->kind == OER_KIND_LIST)
		printf("%s %u\n", field_name(node), node->count);
	return true;
}

int main(int argc, char **argv)
{
	for (int k = 1; k < argc; k++) {
		struct scms_slice message;
		struct file_error err;

		if (file_read(argv[k], MESSAGE_MAX, &message, &err) != FILE_OK) {
			fprintf(stderr, "%s: %s\n", argv[k], err.text);
			return 1;
		}
		if (oer_walk(&oer_Ieee1609Dot2Data, message, OER_DEPTH_DEFAULT, visit, NULL, NULL) != OER_OK) {
			fprintf(stderr, "%s: no Ieee1609Dot2Data\n", argv[k]);
			return 1;
		}
		putchar('\n');
		free((void *)(uintptr_t)message.p);
	}
	return 0;
}
