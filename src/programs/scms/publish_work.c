/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_work.h"

#include "base/file.h"
#include "components/pg/chain_local.h"
#include "dot2/validity.h"
#include "service/engine.h"
#include "service/motion_dir.h"
#include "trust/chain_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKSPACE_STORE "store"

int publish_begin(struct publish_work *work, const struct operator_options *options, enum workspace_use use, enum publish_need need)
{
	struct workspace_file path;
	struct store_dir_error err;
	struct motion_error why;
	int code;

	*work = (struct publish_work){.options = options, .now = operator_now(options), .workspace = {.lock = -1}};
	leap_load(&work->leaps, LEAP_FILE);
	code = operator_open(options, use, &work->workspace);
	if (code != OPERATOR_DONE || need == PUBLISH_NO_STORE)
		return code;
	if (!motion_store_ensure(&work->workspace, engine_crypto(), &why))
		return operator_fail(options, OPERATOR_ENVIRONMENT, "%s", why.text);
	path = workspace_file(&work->workspace, WORKSPACE_STORE, NULL);
	work->store = store_dir_open(path.text, STORE_DIR_READ, engine_crypto(), &err);
	if (work->store == NULL)
		return operator_fail(options, OPERATOR_ENVIRONMENT, "the workspace's trust store: %s", err.text);
	return OPERATOR_DONE;
}

void publish_forget(struct publish_work *work)
{
	while (work->kept_count > 0)
		free((void *)(uintptr_t)work->kept[--work->kept_count].p);
}

void publish_end(struct publish_work *work)
{
	publish_forget(work);
	if (work->home != NULL)
		home_close(work->home);
	store_dir_close(work->store);
	workspace_close(&work->workspace);
}

int publish_read_path(struct publish_work *work, const char *path, size_t limit, struct scms_slice *bytes)
{
	struct file_error err;

	*bytes = (struct scms_slice){NULL, 0};
	if (work->kept_count == sizeof(work->kept) / sizeof(work->kept[0]))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: too many files at once", path);
	if (file_read(path, limit, bytes, &err) != FILE_OK)
		return operator_fail(work->options, err.status == FILE_TOO_LARGE ? OPERATOR_REFUSED : OPERATOR_ENVIRONMENT, "%s: %s", path,
				     err.text);
	work->kept[work->kept_count++] = *bytes;
	return OPERATOR_DONE;
}

int publish_read(struct publish_work *work, const char *folder, const char *name, size_t limit, struct scms_slice *bytes)
{
	struct workspace_file file = workspace_file(&work->workspace, folder, name);

	*bytes = (struct scms_slice){NULL, 0};
	if (access(file.text, F_OK) != 0 && errno == ENOENT)
		return OPERATOR_DONE;
	return publish_read_path(work, file.text, limit, bytes);
}

int publish_write(const struct publish_work *work, const char *folder, const char *name, struct scms_slice bytes)
{
	struct workspace_file at = workspace_file(&work->workspace, folder, NULL);
	struct workspace_file file = workspace_file(&work->workspace, folder, name);
	struct file_error err;

	if (mkdir(at.text, 0755) != 0 && errno != EEXIST)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", at.text, strerror(errno));
	if (file_write(file.text, 0644, bytes, &err) != FILE_OK)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, err.text);
	return OPERATOR_DONE;
}

int publish_delete(const struct publish_work *work, const char *folder, const char *name)
{
	struct workspace_file file = workspace_file(&work->workspace, folder, name);

	if (unlink(file.text) != 0 && errno != ENOENT)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, strerror(errno));
	return OPERATOR_DONE;
}

int publish_write_json(const struct publish_work *work, const char *folder, const char *name, json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	int code = OPERATOR_ENVIRONMENT;
	size_t n;

	json_decref(json);
	if (text == NULL)
		return operator_fail(work->options, code, "%s: no memory", name);
	n = strlen(text);
	text[n] = '\n'; /* in place of the end: its length is known */
	code = publish_write(work, folder, name, (struct scms_slice){(const uint8_t *)text, n + 1});
	free(text);
	return code;
}

/* ---- keys ---- */

/* Has this component the role, and a certificate that is valid now? */
static bool suits(const struct home *home, enum role role, scms_time64 now)
{
	const struct home_identity *identity = home_identity(home, HOME_ACTIVE);
	const struct ValidityPeriod *validity;

	if (home_settings(home)->role != role || identity == NULL || identity->certificate.n == 0)
		return false;
	validity = &identity->cert.c.toBeSigned.validityPeriod;
	return now >= validity_start(validity) && now < validity_end(validity);
}

/* Would what it signs be believed, as far as the workspace knows? */
static bool stands(const struct publish_work *work, const struct home *home)
{
	const struct home_identity *identity = home_identity(home, HOME_ACTIVE);
	struct scms_slice issuers[CHAIN_MAX];

	for (size_t k = 0; k < identity->issuer_count; k++)
		issuers[k] = identity->issuer[k].c.raw;
	return !workspace_is_revoked(&work->workspace, &identity->cert) &&
	       (work->store == NULL || scms_cert_check(store_dir_store(work->store), work->now, identity->certificate, issuers,
						       identity->issuer_count, engine_crypto(), store_dir_objects(work->store)) == SCMS_VALID);
}

/* Those that suit best so far; the first of them is kept open in work->home. */
struct parties {
	size_t n;
	bool stand;
	char names[256];
};

static void consider(struct publish_work *work, struct home *home, struct parties *found)
{
	bool stand = stands(work, home);
	size_t n = strlen(found->names);

	if (found->n > 0 && stand && !found->stand) {
		home_close(work->home);
		work->home = NULL;
		*found = (struct parties){.n = 0};
		n = 0;
	}
	if (found->n > 0 && found->stand && !stand) {
		home_close(home);
		return;
	}
	snprintf(found->names + n, sizeof(found->names) - n, "%s%s", n > 0 ? ", " : "", home_settings(home)->name);
	found->stand = stand;
	if (found->n++ == 0)
		work->home = home;
	else
		home_close(home);
}

static int find_party(struct publish_work *work, enum role role, const char *wanted, struct parties *found)
{
	char **names;
	size_t count;

	*found = (struct parties){.n = 0};
	if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", work->workspace.path, WORKSPACE_COMPONENTS);
	for (size_t k = 0; k < count; k++) {
		struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, names[k]);
		struct home_error err;
		struct home *home;

		if (wanted != NULL && strcmp(wanted, names[k]) != 0)
			continue;
		home = home_open(path.text, operator_secret(work->options), engine_crypto(), &err);
		if (home == NULL && wanted == NULL)
			continue; /* not what is looked for, as far as one can tell */
		if (home == NULL) {
			workspace_names_free(names, count);
			return operator_home_failed(work->options, &err);
		}
		if (suits(home, role, work->now))
			consider(work, home, found);
		else
			home_close(home);
	}
	workspace_names_free(names, count);
	return OPERATOR_DONE;
}

int publish_party(struct publish_work *work, enum role role, const char *name, struct party *party)
{
	struct home_error err;
	struct parties found;
	int code = find_party(work, role, name, &found);

	if (code != OPERATOR_DONE)
		return code;
	if (found.n == 0)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: expected a %s with a certificate that is valid now, found none",
				     name != NULL ? name : WORKSPACE_COMPONENTS, role_title(role));
	if (found.n > 1)
		return operator_fail(work->options, OPERATOR_REFUSED, "there are %zu of the role %s: %s; say which with --%s NAME", found.n,
				     role_name(role), found.names, role_name(role));
	if (home_party(work->home, party, &err) != HOME_OK)
		return operator_home_failed(work->options, &err);
	return OPERATOR_DONE;
}

/* ---- what is out ---- */

int publish_current_chain(struct publish_work *work, struct scms_slice *chain)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	*chain = (struct scms_slice){NULL, 0};
	if (!workspace_names(&work->workspace, WORKSPACE_PUBLISHED, &names, &count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", work->workspace.path, WORKSPACE_PUBLISHED);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++) {
		if (strncmp(names[k], "global_certificate_chains_", 26) != 0)
			continue;
		if (chain->p != NULL)
			code = operator_fail(work->options, OPERATOR_REFUSED, "%s/%s: expected one global certificate chain file, found several",
					     work->workspace.path, WORKSPACE_PUBLISHED);
		else
			code = publish_read(work, WORKSPACE_PUBLISHED, names[k], CHAIN_BYTES_MAX, chain);
	}
	workspace_names_free(names, count);
	return code;
}

int publish_read_out(struct publish_work *work, struct scms_session *out)
{
	int code;

	*out = (struct scms_session){.policy = {NULL, 0}};
	code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_POLICY, POLICY_BYTES_MAX, &out->policy);
	if (code == OPERATOR_DONE)
		code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, CRL_BYTES_MAX, &out->crl);
	if (code == OPERATOR_DONE)
		code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_HISTORY, HISTORY_BYTES_MAX, &out->history);
	return code == OPERATOR_DONE ? publish_current_chain(work, &out->chain) : code;
}

struct simulation *publish_ahead(struct publish_work *work, int *code)
{
	struct scms_session session = {.crl = {NULL, 0}};
	struct simulation *ahead;
	struct scms_session_result result;

	*code = publish_read(work, WORKSPACE_BALLOTS, HISTORY_FILE, HISTORY_BYTES_MAX, &session.history);
	if (*code == OPERATOR_DONE)
		*code = publish_read(work, OUTGOING, OUTGOING_CRL, CRL_BYTES_MAX, &session.crl);
	if (*code == OPERATOR_DONE && session.crl.p == NULL)
		*code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, CRL_BYTES_MAX, &session.crl);
	if (*code == OPERATOR_DONE)
		*code = publish_read(work, WORKSPACE_POLICY, POLICY_SIGNED, POLICY_BYTES_MAX, &session.policy);
	if (*code != OPERATOR_DONE)
		return NULL;
	ahead = simulation_new(store_dir_store(work->store), store_dir_objects(work->store), engine_crypto());
	if (ahead == NULL) {
		*code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "no memory for a copy of the trust store");
		return NULL;
	}
	result = simulation_apply(ahead, &session, work->now, NULL);
	if (result.status == SCMS_SESSION_DONE)
		return ahead;
	*code = operator_fail(work->options, result.status == SCMS_SESSION_CLOCK_BACK ? OPERATOR_REFUSED : OPERATOR_ENVIRONMENT, "%s",
			      result.status == SCMS_SESSION_CLOCK_BACK
				  ? "the clock is before a time that the trust store has accepted (rule G6); set it right"
				  : "the workspace's trust store could not judge the ballots");
	simulation_free(ahead);
	return NULL;
}

int publish_journal(const struct publish_work *work, const char *what, const char *why, const struct journal_file *files, size_t count,
		    json_t *details)
{
	const struct journal_entry entry = {
	    .now = work->now, .what = what, .why = why, .files = files, .file_count = count, .details = details};
	struct workspace_error err;
	bool good = workspace_journal(&work->workspace, &entry, &err);

	json_decref(details);
	return good ? OPERATOR_DONE : operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", err.text);
}
