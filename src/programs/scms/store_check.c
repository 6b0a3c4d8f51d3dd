/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine.h"
#include "store_command.h"

static const struct argp_option rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, STORE_ROW_CERT, {0}};

static const char doc[] = "Is the first certificate valid now under the store? Further ones are possible issuers.\v"
			  "Example:\n  scms store check --state store --cert pca.cert --cert ica.cert\n\n"
			  "Exit code: 0 valid, 1 not, 2 usage, 3 the store cannot be read.";

int store_check(int argc, char **argv)
{
	struct scms_limits limits = {0};
	struct store_options options;
	struct session_files files = {0};
	int code = STORE_EXIT_REFUSED;
	struct store_dir_error err;
	enum scms_reason reason;
	struct store_dir *dir;

	store_parse(argc, argv, "store check", rows, "", doc, &options, NULL, 0, NULL);
	if (options.certificate_count == 0) {
		fprintf(stderr, "scms store check: --cert FILE is missing\n");
		return STORE_EXIT_USAGE;
	}
	dir = store_dir_open(options.state, STORE_DIR_READ, engine_crypto(), &err);
	if (dir == NULL)
		return store_failed("check", &err);
	if (!session_read("check", &options, &limits, &files))
		goto out;
	reason = scms_cert_check(store_dir_store(dir), store_now(&options), files.certificates[0], files.certificates + 1,
				 files.session.certificate_count - 1, engine_crypto(), store_dir_objects(dir));
	if (reason == SCMS_REASON_FAILED) {
		fprintf(stderr, "scms store check: %s: STORE_UNREADABLE: %s\n", options.state, store_dir_object_error(dir));
		code = STORE_EXIT_STORE;
		goto out;
	}
	fprintf(stderr, "%s: %s\n", options.certificates[0], scms_reason_text(reason));
	store_print(json_pack("{s:b, s:s}", "valid", reason == SCMS_VALID, "reason", scms_reason_name(reason)));
	code = reason == SCMS_VALID ? STORE_EXIT_DONE : STORE_EXIT_REFUSED;
out:
	session_free(&files);
	store_dir_close(dir);
	return code;
}
