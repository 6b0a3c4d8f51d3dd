/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"
#include "show.h"

static const struct oer_type *inside(void *context, const struct oer_node *node)
{
	(void)context;
	return envelope_inside_node(node, OER_DEPTH_DEFAULT);
}

bool show_json(const struct detected *found, struct scms_slice bytes)
{
	const struct json_style style = {.write = report_write, .inside = inside, .indent = 2};

	if (json_print(found->type, bytes, OER_DEPTH_DEFAULT, &style, NULL) != OER_OK)
		return false;
	putchar('\n');
	return true;
}
