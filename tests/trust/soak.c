/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soak COUNT FOLDER: COUNT random updates of one store, an hour apart, in a store directory that is opened and closed for
 * each; what must hold does (updates.h), memory does not grow, and the log has a whole line for each.
 */
#include "updates.h"

#include "fuzz/fuzz.h"
#include "service/store_dir.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* The address sanitizer keeps what was freed for a while. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_GROWS true
#endif
#endif
#if !defined(MEMORY_GROWS) && defined(__SANITIZE_ADDRESS__)
#define MEMORY_GROWS true
#endif
#ifndef MEMORY_GROWS
#define MEMORY_GROWS false
#endif

#define HOUR (UINT64_C(3600) * 1000000)

static long resident_pages(void)
{
	long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	ALWAYS(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2, "no /proc/self/statm");
	fclose(file);
	return resident;
}

static void begin(const char *path)
{
	const struct scms_limits limits = {.electors = 8, .roots = 3, .tombstones = 96};
	struct store_dir_error err;
	struct store_dir *dir = store_dir_begin(path, &updates_crypto, &err);
	size_t size;
	void *memory;

	ALWAYS(dir != NULL, "%s", err.text);
	memory = store_dir_memory(dir, &limits, &size);
	ALWAYS(memory != NULL && size == updates_store_size(), "no memory");
	store_dir_take(dir, updates_store(memory, store_dir_objects(dir)));
	ALWAYS(store_dir_commit(dir, "{\"update\":0}", &err) == STORE_DIR_OK, "%s", err.text);
	store_dir_close(dir);
}

static unsigned electors; /* that vote, after the last update */

/* True: the store changed. */
static bool one(const char *path, struct choices *choices, unsigned long k)
{
	static struct update update;
	struct scms_member member;
	struct store_dir_error err;
	struct store_dir *dir = store_dir_open(path, STORE_DIR_CHANGE, &updates_crypto, &err);
	char line[128];
	bool changed;

	ALWAYS(dir != NULL, "%s", err.text);
	do
		update_draw(&update, choices, UPDATES_START + k * HOUR);
	while (update_endangers(&update, store_dir_store(dir)));
	changed = update_apply(store_dir_store(dir), &update, store_dir_objects(dir));
	electors = 0;
	for (uint32_t e = 0; scms_store_elector(store_dir_store(dir), update.now, e, &member); e++)
		electors += member.status == SCMS_MEMBER_TRUSTED;
	snprintf(line, sizeof(line), "{\"update\":%lu,\"changed\":%s}", k, changed ? "true" : "false");
	ALWAYS((changed ? store_dir_commit(dir, line, &err) : store_dir_log(dir, line, &err)) == STORE_DIR_OK, "%s", err.text);
	store_dir_close(dir);
	return changed;
}

static void log_read(const char *path, unsigned long count)
{
	char name[4096], line[256];
	unsigned long lines = 0;
	FILE *file;

	snprintf(name, sizeof(name), "%s/log", path);
	file = fopen(name, "r");
	ALWAYS(file != NULL, "no log");
	for (; fgets(line, sizeof(line), file) != NULL; lines++) {
		json_error_t why;
		json_t *value = json_loads(line, 0, &why);

		ALWAYS(value != NULL, "line %lu: %s", lines + 1, why.text);
		ALWAYS((unsigned long)json_integer_value(json_object_get(value, "update")) == lines, "line %lu is another's", lines + 1);
		json_decref(value);
	}
	fclose(file);
	ALWAYS(lines == count + 1, "%lu lines for %lu updates", lines, count);
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, changes = 0, late = 0;
	struct choices choices = {NULL, 0, 1};
	long warm = 0, end;

	ALWAYS(count >= 100, "usage: soak COUNT FOLDER");
	begin(argv[2]);
	for (unsigned long k = 1; k <= count; k++) {
		bool changed = one(argv[2], &choices, k);

		changes += changed;
		late += changed && k > count - count / 10;
		if (k == count / 4)
			warm = resident_pages();
		if (k % 10000 == 0)
			fprintf(stderr, "%lu updates, %lu changes, %u electors\n", k, changes, electors);
	}
	end = resident_pages();
	log_read(argv[2], count);
	printf("%lu updates, %lu changed the store, %lu of them in the last tenth; %ld pages after a quarter, %ld at the end\n", count,
	       changes, late, warm, end);
	ALWAYS(late > 0 && electors >= 2, "the store has fallen silent");
	ALWAYS(MEMORY_GROWS || end <= warm + 256, "memory grows");
	return 0;
}
