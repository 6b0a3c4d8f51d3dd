/* SPDX-License-Identifier: Apache-2.0 */
#include "components/store_json.h"
#include "service/engine.h"
#include "store_command.h"

static const struct argp_option rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, {0}};

static const char doc[] = "What the store holds, as one JSON object; nothing is changed.\v"
			  "Example:\n  scms store dump --state store\n\n"
			  "Exit code: 0, 2 usage, 3 the store cannot be read.";

int store_dump(int argc, char **argv)
{
	struct store_options options;
	struct scms_store_status status;
	struct store_dir_error err;
	struct store_dir *dir;
	int code = STORE_EXIT_DONE;
	scms_time64 now;

	store_parse(argc, argv, "store dump", rows, "", doc, &options, NULL, 0, NULL);
	now = store_now(&options);
	dir = store_dir_open(options.state, STORE_DIR_READ, engine_crypto(), &err);
	if (dir == NULL)
		return store_failed("dump", &err);
	if (scms_store_status(store_dir_store(dir), now, engine_crypto(), store_dir_objects(dir), &status)) {
		store_print(store_json(store_dir_store(dir), &status, now));
	} else {
		fprintf(stderr, "scms store dump: %s: STORE_UNREADABLE: %s\n", options.state, store_dir_object_error(dir));
		code = STORE_EXIT_STORE;
	}
	store_dir_close(dir);
	return code;
}
