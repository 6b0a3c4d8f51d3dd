/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A judgement in words: each finding once, with whom it concerns; what is grave first.
 *
 * Most plans mean the same to most audiences. Said for each of them anew, the one warning that matters is not seen.
 */
#include "plan.h"

#include <string.h>

static const char *member(const json_t *finding, const char *key)
{
	return json_string_value(json_object_get(finding, key));
}

static bool same(const json_t *a, const json_t *b)
{
	return strcmp(member(a, "gravity"), member(b, "gravity")) == 0 && strcmp(member(a, "code"), member(b, "code")) == 0 &&
	       strcmp(member(a, "text"), member(b, "text")) == 0;
}

static bool has(const json_t *audience, const json_t *finding)
{
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(audience, "findings"), k, one)
		if (same(one, finding))
			return true;
	return false;
}

/* Those whom the finding concerns; it was said already if one of them comes before `from`. */
static void say(FILE *to, const json_t *audiences, size_t from, const char *title, const json_t *finding)
{
	const json_t *audience;
	size_t k, whom = 0, all = json_array_size(audiences);
	bool most;

	json_array_foreach(audiences, k, audience)
	{
		if (!has(audience, finding))
			continue;
		if (k < from)
			return;
		whom++;
	}
	fprintf(to, "%s %s: %s\n", title, member(finding, "code"), member(finding, "text"));
	most = all > 4 && 2 * whom > all;
	if (most)
		fprintf(to, "  everybody%s\n", whom < all ? " but" : "");
	json_array_foreach(audiences, k, audience)
		if (has(audience, finding) != most)
			fprintf(to, "%s  %s\n", most ? "  " : "", member(audience, "audience"));
}

void plan_words(FILE *to, const json_t *audiences)
{
	static const char *const gravity[][2] = {
	    {"refused", "REFUSED"}, {"grave", "GRAVE"}, {"warning", "WARNING"}, {"note", "note"}};
	const json_t *audience, *finding;
	size_t k, i, found = 0;

	for (size_t g = 0; g < sizeof(gravity) / sizeof(gravity[0]); g++)
		json_array_foreach(audiences, k, audience)
			json_array_foreach(json_object_get(audience, "findings"), i, finding)
			{
				found++;
				if (strcmp(member(finding, "gravity"), gravity[g][0]) == 0)
					say(to, audiences, k, gravity[g][1], finding);
			}
	if (found == 0)
		fprintf(to, "nothing changes for anybody\n");
}
