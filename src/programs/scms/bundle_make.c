/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle_make.h"

#include "base/file.h"
#include "bundle.h"
#include "components/pg/chain_encode.h"
#include "service/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BALLOT_BYTES_MAX (1u << 20)
#define MEMBERS_MAX 32

/* A bundle in the making. */
struct making {
	struct work *work;
	char folder[2048]; /* where it is made; renamed when it is whole */
	struct scms_slice electors[MEMBERS_MAX], roots[MEMBERS_MAX];
	size_t elector_count, root_count;
	struct bytes root_ballots, elector_ballots;
	uint32_t root_ballot_count, elector_ballot_count;
	bool has_chain, has_policy, has_tls;
	json_t *elector_names, *root_names;
};

static int out_of_memory(const struct making *making)
{
	return operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "out of memory");
}

/* ---- who is trusted ---- */

static bool keep(struct scms_slice *list, size_t *count, struct scms_slice bytes)
{
	uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);

	if (copy == NULL || *count == MEMBERS_MAX) {
		free(copy);
		return false;
	}
	memcpy(copy, bytes.p, bytes.n);
	list[(*count)++] = (struct scms_slice){copy, bytes.n};
	return true;
}

/* The Manager's store says it: motions that were released are in it. */
static int members_of_store(struct making *making, const char *path)
{
	struct work *work = making->work;
	struct scms_member member;
	struct store_dir_error err;
	struct store_dir *dir = store_dir_open(path, STORE_DIR_READ, work->crypto, &err);
	bool good = true;

	if (dir == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", err.text);
	for (uint32_t k = 0; good && scms_store_elector(store_dir_store(dir), work->now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED)
			good = keep(making->electors, &making->elector_count, member.certificate);
	for (uint32_t k = 0; good && scms_store_root(store_dir_store(dir), work->now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED)
			good = keep(making->roots, &making->root_count, member.certificate);
	store_dir_close(dir);
	return good ? OPERATOR_DONE : out_of_memory(making);
}

/* Before there is a store: the electors that were brought here. No root is trusted yet: it takes votes. */
static int members_of_folder(struct making *making)
{
	struct work *work = making->work;
	int code = OPERATOR_DONE;
	char **names;
	size_t count;

	if (!workspace_names(&work->workspace, WORKSPACE_ELECTORS, &names, &count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s/" WORKSPACE_ELECTORS ": cannot be read",
				     work->workspace.path);
	for (size_t k = 0; code == OPERATOR_DONE && k < count; k++) {
		struct workspace_file file = workspace_file(&work->workspace, WORKSPACE_ELECTORS, names[k]);
		struct file_error refused;
		struct scms_slice bytes;

		if (file_read(file.text, HOME_TEXT_BYTES * 256, &bytes, &refused) != FILE_OK)
			code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
		else if (!keep(making->electors, &making->elector_count, bytes))
			code = operator_fail(work->options, OPERATOR_REFUSED, "%s: more than %d electors", file.text,
					     MEMBERS_MAX);
		free((void *)(uintptr_t)bytes.p);
	}
	workspace_names_free(names, count);
	return code;
}

static int find_members(struct making *making)
{
	struct workspace_file store = workspace_file(&making->work->workspace, "store", NULL);

	return access(store.text, F_OK) == 0 ? members_of_store(making, store.text) : members_of_folder(making);
}

size_t bundle_numbers_wrong(const struct scms_bootstrap *bootstrap, json_t *findings)
{
	const size_t n = bootstrap->elector_count, floor = bootstrap->quorum_floor != 0 ? bootstrap->quorum_floor : 2;
	size_t wrong = 0;
	char text[256] = "";

	if (n < bootstrap->quorum || n < floor) {
		snprintf(text, sizeof(text),
			 "%zu electors, quorum %u, floor %zu: nobody could ever be added or removed (n < m)", n,
			 bootstrap->quorum, floor);
		wrong = 1;
	} else if (n % 2 == 0) {
		snprintf(text, sizeof(text),
			 "%zu electors: an even number bears no more losses than %zu would; 2n + 1 electors bear the "
			 "loss of n",
			 n, n - 1);
	} else if (bootstrap->quorum != n / 2 + 1) {
		snprintf(text, sizeof(text), "%zu electors, quorum %u: of 2n + 1 electors n + 1 should decide (%zu)", n,
			 bootstrap->quorum, n / 2 + 1);
	}
	if (text[0] != '\0') {
		fprintf(stderr, "scms: %s: %s\n", wrong ? "refused" : "warning", text);
		if (findings != NULL)
			json_array_append_new(findings, json_string(text));
	}
	return wrong;
}

/* ---- ballots and certificates ---- */

static bool append(struct bytes *to, struct scms_slice bytes)
{
	uint8_t *longer = realloc(to->p, to->n + bytes.n);

	if (longer == NULL)
		return false;
	memcpy(longer + to->n, bytes.p, bytes.n);
	*to = (struct bytes){longer, to->n + bytes.n};
	return true;
}

/* Does the ballot of that file name one who is in the list? Its name ends with the subject's identity. */
static bool is_of_member(const struct making *making, const char *name, const char *motion,
			 const struct scms_slice *list, size_t count)
{
	struct cert cert;
	char hex[160], wanted[200];

	for (size_t k = 0; k < count; k++) {
		if (cert_read(&cert, list[k], making->work->crypto, NULL) != OER_OK)
			continue;
		snprintf(wanted, sizeof(wanted), "%s-%s.oer", motion, operator_hex(cert.hash256, 32, false, hex));
		if (strcmp(name, wanted) == 0)
			return true;
	}
	return false;
}

static int collect_ballot(struct making *making, const char *name)
{
	struct workspace_file file = workspace_file(&making->work->workspace, WORKSPACE_BALLOTS, name);
	bool root = is_of_member(making, name, "add-root", making->roots, making->root_count);
	bool elector = !root && is_of_member(making, name, "add-elector", making->electors, making->elector_count);
	struct file_error refused;
	struct scms_slice bytes;
	bool good;

	if (!root && !elector)
		return OPERATOR_DONE;
	if (file_read(file.text, BALLOT_BYTES_MAX, &bytes, &refused) != FILE_OK)
		return operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
	good = append(root ? &making->root_ballots : &making->elector_ballots, bytes);
	making->root_ballot_count += root;
	making->elector_ballot_count += elector;
	free((void *)(uintptr_t)bytes.p);
	return good ? OPERATOR_DONE : out_of_memory(making);
}

static int collect_ballots(struct making *making)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&making->work->workspace, WORKSPACE_BALLOTS, &names, &count))
		return operator_fail(making->work->options, OPERATOR_ENVIRONMENT,
				     "%s/" WORKSPACE_BALLOTS ": cannot be read", making->work->workspace.path);
	for (size_t k = 0; code == OPERATOR_DONE && k < count; k++)
		code = collect_ballot(making, names[k]);
	workspace_names_free(names, count);
	return code;
}

/* The certificates of all components below a root, for the chain file. */
struct component_certs {
	struct bytes ma, all;
	uint32_t count;
};

static int collect_component(struct work *work, struct component_certs *certs, const char *name)
{
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, name, &code);
	const struct home_identity *active = home != NULL ? home_identity(home, HOME_ACTIVE) : NULL;
	bool good = true;

	if (active != NULL && active->issuer_count > 0 && !workspace_is_revoked(&work->workspace, &active->cert) &&
	    !work_is_expired(work, &active->cert)) {
		if (home_settings(home)->role == ROLE_MA && certs->ma.n == 0) {
			good = append(&certs->ma, active->certificate);
		} else {
			good = append(&certs->all, active->certificate);
			certs->count++;
		}
	}
	home_close(home);
	return good ? code : operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
}

static int collect_components(struct work *work, struct component_certs *certs)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s/" WORKSPACE_COMPONENTS ": cannot be read",
				     work->workspace.path);
	for (size_t k = 0; code == OPERATOR_DONE && k < count; k++)
		code = collect_component(work, certs, names[k]);
	workspace_names_free(names, count);
	return code;
}

/* ---- files ---- */

static int write_file(struct making *making, const char *name, struct scms_slice bytes)
{
	char path[2300];
	struct file_error refused;

	snprintf(path, sizeof(path), "%s/%s", making->folder, name);
	return file_write(path, 0644, bytes, &refused) == FILE_OK
		   ? OPERATOR_DONE
		   : operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "%s: %s", path, refused.text);
}

static int copy_file(struct making *making, const char *folder, const char *from, const char *name, bool *there)
{
	struct workspace_file file = workspace_file(&making->work->workspace, folder, from);
	struct file_error refused;
	struct scms_slice bytes;
	int code;

	*there = access(file.text, F_OK) == 0;
	if (!*there)
		return OPERATOR_DONE;
	if (file_read(file.text, FILE_LIMIT_DEFAULT, &bytes, &refused) != FILE_OK)
		return operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
	code = write_file(making, name, bytes);
	free((void *)(uintptr_t)bytes.p);
	return code;
}

/* The ballots as a chain file: recipients judge them themselves, as they do those of any other. */
static int write_chain(struct making *making)
{
	const struct workspace_settings *settings = &making->work->workspace.settings;
	struct component_certs certs = {.count = 0};
	struct chain_parts parts = {.form = settings->form_121 ? FORM_121 : FORM_124};
	struct bytes out;
	int code = OPERATOR_DONE;

	if (making->root_ballot_count + making->elector_ballot_count == 0)
		return OPERATOR_DONE;
	code = collect_components(making->work, &certs);
	if (code == OPERATOR_DONE && certs.ma.n == 0) {
		fprintf(stderr,
			"scms %s: warning: there is no MA yet, and no chain file without its certificate: the bundle "
			"has no ballots\n",
			making->work->options->command);
	} else if (code == OPERATOR_DONE) {
		parts.root_ballots =
		    (struct oer_list){.bytes = bytes_view(&making->root_ballots), .count = making->root_ballot_count};
		parts.elector_ballots = (struct oer_list){.bytes = bytes_view(&making->elector_ballots),
							  .count = making->elector_ballot_count};
		parts.ma_certificate = bytes_view(&certs.ma);
		parts.certificates = (struct oer_list){.bytes = bytes_view(&certs.all), .count = certs.count};
		if (!chain_encode(&parts, &out))
			code = operator_fail(making->work->options, OPERATOR_REFUSED,
					     "the ballots in " WORKSPACE_BALLOTS "/ make no chain file");
		else
			code = write_file(making, "chain.oer", bytes_view(&out));
		making->has_chain = code == OPERATOR_DONE;
		bytes_free(&out);
	}
	free(certs.ma.p);
	free(certs.all.p);
	return code;
}

/* The newest chain file that is out; false: none is. */
static bool published_chain(const struct making *making, char name[256])
{
	char **names;
	size_t count;
	bool found = false;
	uint16_t newest = 0;

	if (!workspace_names(&making->work->workspace, WORKSPACE_PUBLISHED, &names, &count))
		return false;
	for (size_t k = 0; k < count; k++) {
		unsigned version;

		if (sscanf(names[k], "global_certificate_chains_%u.oer", &version) != 1 || version > UINT16_MAX)
			continue;
		if (!found || version_newer((uint16_t)version, newest)) {
			newest = (uint16_t)version;
			found = true;
			snprintf(name, 256, "%s", names[k]);
		}
	}
	workspace_names_free(names, count);
	return found;
}

/* What is published, once it is; before, the ballots that were released. */
static int write_first_session(struct making *making)
{
	char name[256];
	int code;

	if (!published_chain(making, name))
		return write_chain(making);
	code = copy_file(making, WORKSPACE_PUBLISHED, name, "chain.oer", &making->has_chain);
	return code == OPERATOR_DONE
		   ? copy_file(making, WORKSPACE_PUBLISHED, "global_policy.oer", "policy.oer", &making->has_policy)
		   : code;
}

static int write_members(struct making *making, const char *kind, const struct scms_slice *list, size_t count,
			 json_t *names)
{
	int code = OPERATOR_DONE;

	for (size_t k = 0; code == OPERATOR_DONE && k < count; k++) {
		struct cert cert;
		char name[64], hex[160];

		if (cert_read(&cert, list[k], making->work->crypto, NULL) != OER_OK)
			return operator_fail(making->work->options, OPERATOR_REFUSED, "%s %zu: is no certificate", kind,
					     k + 1);
		snprintf(name, sizeof(name), "%s-%s.coer", kind, operator_hex(cert_id8(&cert), 8, false, hex));
		code = write_file(making, name, list[k]);
		json_array_append_new(names, json_string(name));
	}
	return code;
}

static int write_json(struct making *making)
{
	const struct workspace_settings *settings = &making->work->workspace.settings;
	json_t *json = json_pack("{s:O, s:O, s:i, s:I, s:i, s:I, s:I}", "electors", making->elector_names, "roots",
				 making->root_names, "quorum", settings->quorum, "now", (json_int_t)making->work->now,
				 "quorumFloor", settings->floor, "skewSeconds", (json_int_t)settings->skew_seconds,
				 "crlToleranceSeconds", (json_int_t)settings->crl_tolerance_seconds);
	char *text;
	int code;

	if (settings->ceiling != 0)
		json_object_set_new(json, "quorumCeiling", json_integer(settings->ceiling));
	if (making->has_chain)
		json_object_set_new(json, "chain", json_string("chain.oer"));
	if (making->has_policy)
		json_object_set_new(json, "policy", json_string("policy.oer"));
	text = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(json);
	if (text == NULL)
		return out_of_memory(making);
	code = write_file(making, "bootstrap.json", (struct scms_slice){(const uint8_t *)text, strlen(text)});
	free(text);
	return code;
}

static int fill(struct making *making)
{
	const struct workspace_settings *settings = &making->work->workspace.settings;
	const struct scms_bootstrap numbers = {
	    .elector_count = making->elector_count, .quorum = settings->quorum, .quorum_floor = settings->floor};
	int code;

	if (bundle_numbers_wrong(&numbers, NULL) > 0)
		return OPERATOR_REFUSED;
	code = write_members(making, "elector", making->electors, making->elector_count, making->elector_names);
	if (code == OPERATOR_DONE)
		code = write_members(making, "root", making->roots, making->root_count, making->root_names);
	if (code == OPERATOR_DONE)
		code = write_first_session(making);
	if (code == OPERATOR_DONE)
		code = copy_file(making, WORKSPACE_TLS, "root.pem", "tls-roots.pem", &making->has_tls);
	if (code == OPERATOR_DONE)
		code = write_json(making);
	return code;
}

/* Puts the folder in the place of the one that is there. */
static int take_place(struct making *making, const char *to)
{
	if (access(to, F_OK) != 0)
		return rename(making->folder, to) == 0
			   ? OPERATOR_DONE
			   : operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "%s: %s", to, strerror(errno));
	if (renameat2(AT_FDCWD, making->folder, AT_FDCWD, to, RENAME_EXCHANGE) != 0)
		return operator_fail(making->work->options, OPERATOR_ENVIRONMENT, "%s: %s", to, strerror(errno));
	folder_remove(making->folder);
	return OPERATOR_DONE;
}

int bundle_make(struct work *work, const char *folder, struct bundle_made *made)
{
	struct workspace_file standard = workspace_file(&work->workspace, WORKSPACE_BOOTSTRAP, NULL);
	struct making *making = calloc(1, sizeof(*making));
	char json[2300], text[512];
	int code;

	*made = (struct bundle_made){.electors = 0};
	if (making == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
	snprintf(made->folder, sizeof(made->folder), "%s", folder != NULL ? folder : standard.text);
	making->work = work;
	making->elector_names = json_array();
	making->root_names = json_array();
	code = find_members(making);
	if (code == OPERATOR_DONE)
		code = collect_ballots(making);
	snprintf(making->folder, sizeof(making->folder), "%.2000s.new.XXXXXX", made->folder);
	if (code == OPERATOR_DONE && (mkdtemp(making->folder) == NULL || chmod(making->folder, 0755) != 0))
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", making->folder, strerror(errno));
	else if (code == OPERATOR_DONE) {
		code = fill(making);
		/* A bundle that makes no store is none. */
		snprintf(json, sizeof(json), "%s/bootstrap.json", making->folder);
		if (code == OPERATOR_DONE &&
		    !bundle_store_make(json, NULL, NULL, 0, NULL, 0, work->crypto, text, sizeof(text)))
			code = operator_fail(work->options, OPERATOR_REFUSED, "%s", text);
		if (code == OPERATOR_DONE)
			code = take_place(making, made->folder);
		if (code != OPERATOR_DONE)
			folder_remove(making->folder);
	}
	made->electors = making->elector_count;
	made->roots = making->root_count;
	made->ballots = making->has_chain ? making->root_ballot_count + making->elector_ballot_count : 0;
	for (size_t k = 0; k < making->elector_count; k++)
		free((void *)(uintptr_t)making->electors[k].p);
	for (size_t k = 0; k < making->root_count; k++)
		free((void *)(uintptr_t)making->roots[k].p);
	free(making->root_ballots.p);
	free(making->elector_ballots.p);
	json_decref(making->elector_names);
	json_decref(making->root_names);
	free(making);
	return code;
}
