/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const levels[] = {
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

static json_t *time_json(void)
{
	struct timespec now;
	struct tm utc;
	char text[64];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, sizeof(text) - n, ".%06ldZ", now.tv_nsec / 1000);
	return json_string(text);
}

void log_event(const char *component, enum log_level level, const char *event, const char *format, ...)
{
	char object[256];
	json_t *line = json_object(), *more;
	char *text;
	va_list args;

	json_object_set_new(line, "time", time_json());
	json_object_set_new(line, "level", json_string(levels[level]));
	if (component != NULL)
		json_object_set_new(line, "component", json_string(component));
	json_object_set_new(line, "event", json_string(event));
	snprintf(object, sizeof(object), "{%s}", format);
	va_start(args, format);
	more = json_vpack_ex(NULL, 0, object, args);
	va_end(args);
	/* A value that is not UTF-8 (somebody else's bytes) must not make the event vanish. */
	if (more == NULL)
		json_object_set_new(line, "unprintable", json_true());
	json_object_update(line, more);
	json_decref(more);
	text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(line);
	if (text != NULL)
		fprintf(stderr, "%s\n", text); /* one call, one write: lines of threads do not mix */
	free(text);
}
