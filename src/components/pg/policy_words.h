/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_words.h: values of a policy as people write them, and what changed from one policy to another.
 */
#ifndef COMPONENTS_PG_POLICY_WORDS_H
#define COMPONENTS_PG_POLICY_WORDS_H

#include "base/leap.h"
#include "components/pg/policy_content.h"

/* Room for the text of any value; a longer host or certificate is cut. */
#define POLICY_VALUE_TEXT 320

/* "336 hours", "20", "concurrent", "la1.example.org", hex of a certificate. Returns text. */
const char *policy_value_text(enum policy_item item, const struct policy_value *value, char text[POLICY_VALUE_TEXT]);

/*
 * Reads a number, model or duration: "2 weeks" and days are taken as hours. A host is taken as it is. False: not a value of
 * this parameter.
 */
SCMS_CHECKED bool policy_value_parse(enum policy_item item, const char *text, struct policy_value *value);

/* One change between two policies. */
struct policy_change {
	const char *parameter;
	char text[1024]; /* "was 2, is 2, and 3 from 2027-01-01 00:00:00 UTC" */
};
#define POLICY_CHANGES_MAX (POLICY_ITEMS + 8)

/* What changed, in words; the number of changes. */
unsigned policy_diff(const struct policy_content *before, const struct policy_content *after, const struct leap_table *leaps,
		     struct policy_change changes[POLICY_CHANGES_MAX]);

#endif
