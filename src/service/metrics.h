/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h: a writer of OpenMetrics text (openmetrics.io, version 1.0.0).
 *
 * A family is begun once and followed by its samples. Several components of a process write one after another, so families
 * are gathered by name and come out in the order in which each was first begun.
 */
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include <scms/base.h>

struct metrics;

/* NULL without memory. labels stand on each sample: "component=\"ra1\"", or NULL. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* The labels of the samples that follow: component="NAME". */
void metrics_component(struct metrics *metrics, const char *name);

/* A number that only rises; name without "_total": "scms_ra_requests". labels: further ones, "kind=\"pseudonym\"", or NULL. */
void metrics_counter(struct metrics *metrics, const char *name, const char *help, const char *labels, uint64_t value);

/* A number that comes and goes. */
void metrics_gauge(struct metrics *metrics, const char *name, const char *help, const char *labels, double value);

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The text, ending in "# EOF"; to be freed. NULL: memory ran out on the way. */
char *metrics_text(const struct metrics *metrics, size_t *n);

#endif
