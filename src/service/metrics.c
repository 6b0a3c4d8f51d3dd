/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* One family: its head and samples as text. */
struct family {
	STAILQ_ENTRY(family) link;
	char *name;
	FILE *to; /* into text */
	char *text;
	size_t n;
};

struct metrics {
	STAILQ_HEAD(, family) families;
	char component[128];
	bool failed;
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics != NULL)
		STAILQ_INIT(&metrics->families);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	struct family *family;

	if (metrics == NULL)
		return;
	while ((family = STAILQ_FIRST(&metrics->families)) != NULL) {
		STAILQ_REMOVE_HEAD(&metrics->families, link);
		if (family->to != NULL)
			fclose(family->to);
		free(family->text);
		free(family->name);
		free(family);
	}
	free(metrics);
}

void metrics_component(struct metrics *metrics, const char *name)
{
	snprintf(metrics->component, sizeof(metrics->component), "component=\"%s\"", name);
}

static struct family *family_of(struct metrics *metrics, const char *name, const char *type, const char *help)
{
	struct family *family;

	STAILQ_FOREACH(family, &metrics->families, link)
		if (strcmp(family->name, name) == 0)
			return family;
	family = calloc(1, sizeof(*family));
	if (family == NULL)
		return NULL;
	family->name = strdup(name);
	family->to = open_memstream(&family->text, &family->n);
	STAILQ_INSERT_TAIL(&metrics->families, family, link);
	if (family->name == NULL || family->to == NULL)
		return NULL;
	fprintf(family->to, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
	return family;
}

static FILE *sample(struct metrics *metrics, const char *name, const char *type, const char *suffix, const char *help,
		    const char *labels)
{
	struct family *family = family_of(metrics, name, type, help);
	bool both = labels != NULL && metrics->component[0] != '\0';

	if (family == NULL) {
		metrics->failed = true;
		return NULL;
	}
	fprintf(family->to, "%s%s", name, suffix);
	if (labels != NULL || metrics->component[0] != '\0')
		fprintf(family->to, "{%s%s%s}", metrics->component, both ? "," : "", labels != NULL ? labels : "");
	return family->to;
}

void metrics_counter(struct metrics *metrics, const char *name, const char *help, const char *labels, uint64_t value)
{
	FILE *to = sample(metrics, name, "counter", "_total", help, labels);

	if (to != NULL)
		fprintf(to, " %" PRIu64 "\n", value);
}

void metrics_gauge(struct metrics *metrics, const char *name, const char *help, const char *labels, double value)
{
	FILE *to = sample(metrics, name, "gauge", "", help, labels);

	if (to != NULL)
		fprintf(to, " %.17g\n", value);
}

char *metrics_text(const struct metrics *metrics, size_t *n)
{
	struct family *family;
	char *text = NULL;
	FILE *to = open_memstream(&text, n);
	bool good;

	if (to == NULL)
		return NULL;
	good = !metrics->failed;
	STAILQ_FOREACH(family, &metrics->families, link) {
		good = good && fflush(family->to) == 0;
		if (good)
			fwrite(family->text, 1, family->n, to);
	}
	fputs("# EOF\n", to);
	if (fclose(to) == 0 && good)
		return text;
	free(text);
	return NULL;
}
