/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include <stdio.h>

#define ROW 16

/* Rows of 16 bytes; what they are stands beside the first. */
static void put_rows(size_t offset, struct scms_slice bytes, const char *path, const char *frame)
{
	size_t done = 0;

	do {
		size_t n = bytes.n - done < ROW ? bytes.n - done : ROW;

		printf("%08zx  ", offset + done);
		for (size_t i = 0; i < ROW; i++)
			i < n ? printf("%02x ", bytes.p[done + i]) : printf("   ");
		if (done == 0)
			printf(" %s%s%s", path, frame ? ": " : "", frame ? frame : "");
		putchar('\n');
		done += n;
	} while (done < bytes.n);
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	char path[512];

	(void)context;
	if (event == OER_WALK_VALUE || event == OER_WALK_UNKNOWN)
		put_rows(node->offset, node->bytes, oer_node_path(node, path, sizeof(path)),
			 event == OER_WALK_UNKNOWN ? "unknown extension" : NULL);
	else if (event == OER_WALK_FRAME)
		put_rows(node->offset, node->bytes, oer_node_path(node, path, sizeof(path)), node->frame);
	return !ferror(stdout);
}

void show_hex(const struct detected *found, struct scms_slice bytes)
{
	/* The bytes have been decoded as that type. */
	(void)!oer_walk(found->type, bytes, OER_DEPTH_DEFAULT, visit, NULL, NULL);
}
