/* SPDX-License-Identifier: Apache-2.0 */
#include "component_work.h"

#include "base/file.h"
#include "components/trustee.h"
#include "dot2/validity.h"
#include "service/engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int work_begin(struct work *work, const struct operator_options *options, enum workspace_use use)
{
	int code;

	*work = (struct work){.options = options, .crypto = engine_crypto(), .now = operator_now(options)};
	code = operator_open(options, use, &work->workspace);
	if (code != OPERATOR_DONE)
		workspace_close(&work->workspace);
	return code;
}

void work_end(struct work *work)
{
	workspace_close(&work->workspace);
}

int work_journal(struct work *work, int code, const char *what, const char *why, const char *file,
		 struct scms_slice bytes)
{
	const struct journal_file files[] = {{file, bytes}};
	const struct journal_entry entry = {
	    .now = work->now, .what = what, .why = why, .files = files, .file_count = file != NULL ? 1 : 0};
	struct workspace_error err;

	if (workspace_journal(&work->workspace, &entry, &err))
		return code;
	return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", err.text);
}

struct home *work_home(struct work *work, const char *name, int *code)
{
	struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, name);
	struct home_error err;
	struct home *home = NULL;

	if (!home_name_ok(name)) {
		*code = operator_fail(work->options, OPERATOR_REFUSED, "'%s': no component can have this name", name);
		return NULL;
	}
	home = home_open(path.text, operator_secret(work->options), work->crypto, &err);
	if (home == NULL)
		*code = operator_home_failed(work->options, &err);
	return home;
}

int work_each(struct work *work, int (*visit)(void *ctx, struct work *work, struct home *home), void *ctx)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: cannot be read", work->workspace.path);
	for (size_t k = 0; code == OPERATOR_DONE && k < count; k++) {
		struct home *home = work_home(work, names[k], &code);

		if (home != NULL)
			code = visit(ctx, work, home);
		home_close(home);
	}
	workspace_names_free(names, count);
	return code;
}

char *work_holder(struct work *work, const struct cert *cert)
{
	char **names, *found = NULL;
	size_t count;
	int code;

	if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count))
		return NULL;
	for (size_t k = 0; k < count && found == NULL; k++) {
		struct home *home = work_home(work, names[k], &code);
		const struct home_identity *active = home != NULL ? home_identity(home, HOME_ACTIVE) : NULL;

		if (active != NULL && memcmp(active->cert.hash256, cert->hash256, 32) == 0)
			found = strdup(names[k]);
		home_close(home);
	}
	workspace_names_free(names, count);
	return found;
}

bool work_is_expired(const struct work *work, const struct cert *cert)
{
	return validity_end(&cert->c.toBeSigned.validityPeriod) <= work->now;
}

void work_lint_say(const struct work *work, const struct lint *lint)
{
	char text[600];

	for (size_t k = 1; k < lint->count; k++) {
		lint_text(&lint->finding[k], text, sizeof(text));
		operator_fail(work->options, OPERATOR_REFUSED, "%s", text);
	}
}

/* ---- identities ---- */

static void subject_fill(const struct home_settings *settings, const struct work_order *order, const struct work *work,
			 const struct work_issuer *issuer, struct profile_subject *subject)
{
	const char *name = settings->role == ROLE_ELECTOR ? settings->name : settings->host;

	*subject = (struct profile_subject){
	    .name = {(const uint8_t *)name, strlen(name)},
	    .la_id = settings->la_id,
	    .start =
		order->has_start ? order->start : profile_start(work->now, issuer != NULL ? issuer->by.cert : NULL),
	};
}

/* Everything once with keys of the subject's that are thrown away: a token is not asked for a key in vain. */
static int rehearse(struct work *work, const struct home_settings *settings, const struct work_order *order,
		    const struct work_issuer *issuer)
{
	const enum profile profile = (enum profile)settings->role;
	struct private_key *sign = NULL, *encrypt = NULL;
	struct key_error err = {.status = KEY_OK};
	struct profile_subject subject;
	struct component_issuer by = {.level = work->workspace.settings.level, .crypto = work->crypto};
	struct bytes out = {NULL, 0};
	struct lint lint = {.count = 0};
	enum key_status status = private_key_random(order->curve, &sign, &err);
	int code = OPERATOR_DONE;

	subject_fill(settings, order, work, issuer, &subject);
	if (status == KEY_OK && profile_row(profile)->encryption == PRESENT)
		status = private_key_random(SCMS_NIST_P256, &encrypt, &err);
	if (status == KEY_OK) {
		subject.verify = private_key_public(sign);
		subject.encrypt = encrypt != NULL ? private_key_public(encrypt) : NULL;
		if (issuer != NULL)
			by = issuer->by;
		else
			by.key = sign;
		/* Without an issuer at hand, what only the issuer knows is left to it. */
		if (!order->request)
			status = component_rehearse(&by, profile, &subject, &lint, &err);
		else
			status = component_request_make(settings->role, by.level, &subject, sign, work->crypto,
							work->now, &out, &err);
	}
	if (status != KEY_OK) {
		code = operator_key_failed(work->options, &err);
		work_lint_say(work, &lint);
	}
	bytes_free(&out);
	private_key_free(encrypt);
	private_key_free(sign);
	return code;
}

static void made_fill(const struct work *work, struct scms_slice certificate, struct work_made *made)
{
	struct cert cert;
	char text[160];

	if (certificate.n == 0 || cert_read(&cert, certificate, work->crypto, NULL) != OER_OK)
		return;
	snprintf(made->id8, sizeof(made->id8), "%s", operator_hex(cert_id8(&cert), 8, false, text));
	snprintf(made->hash, sizeof(made->hash), "%s", operator_hex(cert.hash256, 32, false, text));
}

/* Keys, request, certificate. */
static int make_with(struct work *work, struct home *home, const struct work_order *order,
		     const struct work_issuer *issuer, struct work_made *made)
{
	const struct home_settings *settings = home_settings(home);
	const enum profile profile = (enum profile)settings->role;
	char token[WORKSPACE_TEXT_BYTES * 2];
	const struct home_keys keys = {
	    .token = workspace_token(order->keys != NULL ? order->keys : work->workspace.settings.keys, settings->role,
				     settings->name, token, sizeof(token)),
	    .encrypt = profile_row(profile)->encryption == PRESENT,
	    .curve = order->curve,
	};
	struct component_issuer by = {.level = work->workspace.settings.level, .crypto = work->crypto};
	struct bytes request = {NULL, 0}, certificate = {NULL, 0};
	struct lint lint = {.count = 0};
	struct home_error err;
	struct key_error key_err = {.status = KEY_OK};
	struct profile_subject subject;
	struct home_draft *draft = home_draft_begin(home, &keys, &err);
	enum key_status status;
	int code = OPERATOR_DONE;

	if (draft == NULL)
		return operator_home_failed(work->options, &err);
	subject_fill(settings, order, work, issuer, &subject);
	subject.verify = private_key_public(home_draft_sign(draft));
	subject.encrypt = keys.encrypt ? private_key_public(home_draft_encrypt(draft)) : NULL;
	status = component_request_make(settings->role, by.level, &subject, home_draft_sign(draft), work->crypto,
					work->now, &request, &key_err);
	if (issuer != NULL)
		by = issuer->by;
	else
		by.key = home_draft_sign(draft);
	if (status == KEY_OK && !order->request)
		status = component_issue(&by, profile, &subject, &certificate, &lint, &key_err);
	if (status != KEY_OK) {
		home_draft_drop(draft);
		code = operator_key_failed(work->options, &key_err);
		work_lint_say(work, &lint);
	} else if (home_draft_commit(draft, bytes_view(&request), bytes_view(&certificate),
				     issuer != NULL ? issuer->chain : (struct scms_slice){NULL, 0}, &err) != HOME_OK) {
		code = operator_home_failed(work->options, &err);
	} else {
		made_fill(work, bytes_view(&certificate), made);
	}
	bytes_free(&request);
	bytes_free(&certificate);
	return code;
}

int work_identity_make(struct work *work, struct home *home, const struct work_order *order, struct work_made *made)
{
	const struct home_settings *settings = home_settings(home);
	bool self = profile_row((enum profile)settings->role)->issuers == 0;
	struct work_issuer issuer = {.home = NULL};
	bool has_issuer = !self && !order->request;
	int code = OPERATOR_DONE;

	*made = (struct work_made){.id8 = ""};
	if (has_issuer)
		code = work_issuer_open(work, (enum profile)settings->role, order->issuer, order->issuer_slot, &issuer);
	if (code == OPERATOR_DONE)
		code = rehearse(work, settings, order, has_issuer ? &issuer : NULL);
	if (code == OPERATOR_DONE)
		code = make_with(work, home, order, has_issuer ? &issuer : NULL, made);
	work_issuer_close(&issuer);
	return code;
}

/* Has another process the trust store open, as a component that runs has? */
static bool store_in_use(const char *store)
{
	char path[2400];
	bool in_use;
	int lock;

	snprintf(path, sizeof(path), "%s/lock", store);
	lock = open(path, O_RDONLY | O_CLOEXEC);
	in_use = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	if (lock >= 0)
		close(lock);
	return in_use;
}

/* Its trust store is to know who its holder is now. Where the component runs, the daemon sees to that. */
static int tell_store(struct work *work, const struct home *home)
{
	const struct home_identity *active = home_identity(home, HOME_ACTIVE);
	struct scms_slice own[CHAIN_MAX];
	struct scms_session session = {.own = own, .own_count = 1};
	struct trustee_outcome outcome;
	struct store_dir_error err;
	struct trustee *trustee;
	char path[2300];

	snprintf(path, sizeof(path), "%s/store", home_path(home));
	if (access(path, F_OK) != 0 || store_in_use(path))
		return OPERATOR_DONE;
	own[0] = active->certificate;
	trustee = trustee_open(path, work->crypto, &err);
	if (trustee == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", err.text);
	session.certificates = work_issuer_slices(active, own + 1, &session.certificate_count);
	outcome = trustee_apply(trustee, &session, work->now);
	trustee_close(trustee);
	json_decref(outcome.report);
	if (outcome.status == TRUSTEE_DONE || outcome.status == TRUSTEE_BUSY)
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", path, outcome.text);
}

const struct scms_slice *work_issuer_slices(const struct home_identity *identity, struct scms_slice *to, size_t *count)
{
	struct oer_list list;
	struct oer_iter it;

	*count = 0;
	if (identity->issuers.n > 0 &&
	    oer_decode(&oer_SequenceOfCertificate, identity->issuers, OER_DEPTH_DEFAULT, &list, NULL) == OER_OK) {
		it = oer_iterate(&list);
		while (*count < CHAIN_MAX - 1 && oer_next_raw(&it, &to[*count]))
			(*count)++;
	}
	return to;
}

int work_activate(struct work *work, struct home *home, bool *changed)
{
	struct home_error err;
	char *left = NULL;

	if (home_activate(home, work->now, changed, &left, &err) != HOME_OK)
		return operator_home_failed(work->options, &err);
	if (left != NULL)
		fprintf(stderr,
			"scms %s: %s: the retired private key is still in its token; destroy it there (pkcs11-tool "
			"--delete-object "
			"--type privkey):\n%s\n",
			work->options->command, home_settings(home)->name, left);
	free(left);
	return *changed ? tell_store(work, home) : OPERATOR_DONE;
}

/* ---- new components ---- */

bool work_settings(const struct work *work, enum role role, const char *name, const char *host, uint16_t la_id,
		   struct home_settings *settings)
{
	const char *secret = work->workspace.settings.secret;
	char *absolute = NULL;
	int n;

	*settings = (struct home_settings){.role = role, .la_id = la_id};
	if (!home_name_ok(name))
		return operator_fail(work->options, 0,
				     "'%s': expected a name of at most 64 letters, digits, '-', '_', '.'", name) != 0;
	snprintf(settings->name, sizeof(settings->name), "%s", name);
	n = host != NULL
		? snprintf(settings->host, sizeof(settings->host), "%s", host)
		: snprintf(settings->host, sizeof(settings->host), "%s.%s", name, work->workspace.settings.domain);
	if (n <= 0 || n >= (int)sizeof(settings->host))
		return operator_fail(work->options, 0, "'%s': expected a host name of 1 to 255 bytes",
				     host != NULL ? host : name) != 0;
	/* Whoever opens the home later may be in another folder. */
	if (strncmp(secret, "file:", 5) == 0)
		absolute = realpath(secret + 5, NULL);
	n = absolute != NULL ? snprintf(settings->secret, sizeof(settings->secret), "file:%s", absolute)
			     : snprintf(settings->secret, sizeof(settings->secret), "%s", secret);
	free(absolute);
	if (n >= (int)sizeof(settings->secret))
		return operator_fail(work->options, 0, "secret: the name of the file is too long") != 0;
	return true;
}

/* An elector's certificate is for all to see. */
static int publish_elector(struct work *work, const struct home *home)
{
	struct home_identity const *identity = home_identity(home, HOME_ACTIVE);
	char name[HOME_TEXT_BYTES + 8];
	struct workspace_file file;
	struct file_error refused;

	if (home_settings(home)->role != ROLE_ELECTOR || identity == NULL)
		return OPERATOR_DONE;
	snprintf(name, sizeof(name), "%s.coer", home_settings(home)->name);
	file = workspace_file(&work->workspace, WORKSPACE_ELECTORS, name);
	if (file_write(file.text, 0644, identity->certificate, &refused) != FILE_OK)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
	return OPERATOR_DONE;
}

static int fill_home(struct work *work, const char *path, const struct work_order *order, struct work_made *made)
{
	struct home_error err;
	struct home *home = home_open(path, operator_secret(work->options), work->crypto, &err);
	const struct home_settings *settings;
	bool changed;
	int code;

	if (home == NULL)
		return operator_home_failed(work->options, &err);
	settings = home_settings(home);
	code = order->request ? work_tls_request(work, settings, path) : work_tls_make(work, settings, path);
	if (code == OPERATOR_DONE && role_has_certificate(settings->role)) {
		code = work_identity_make(work, home, order, made);
		if (code == OPERATOR_DONE && !order->request)
			code = work_activate(work, home, &changed);
		if (code == OPERATOR_DONE)
			code = publish_elector(work, home);
	}
	home_close(home);
	return code;
}

/* What a crash left: the workspace is locked, so nobody is at it. */
static void remove_unfinished(const struct work *work)
{
	struct workspace_file folder = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, NULL);
	DIR *dir = opendir(folder.text);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			struct workspace_file left =
			    workspace_file(&work->workspace, WORKSPACE_COMPONENTS, entry->d_name);

			folder_remove(left.text);
		}
	if (dir != NULL)
		closedir(dir);
}

int work_component_create(struct work *work, const struct home_settings *settings, const struct work_order *order,
			  struct work_made *made)
{
	char hidden[HOME_TEXT_BYTES + 8];
	struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, settings->name), making;
	struct home_error err;
	int code;

	*made = (struct work_made){.id8 = ""};
	if (access(path.text, F_OK) == 0)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: there is a component of this name already",
				     path.text);
	snprintf(hidden, sizeof(hidden), ".%s.new", settings->name);
	making = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, hidden);
	remove_unfinished(work);
	if (home_create(making.text, settings, &err) != HOME_OK)
		return operator_home_failed(work->options, &err);
	code = fill_home(work, making.text, order, made);
	if (code == OPERATOR_DONE && rename(making.text, path.text) != 0)
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", path.text, strerror(errno));
	if (code != OPERATOR_DONE)
		folder_remove(making.text);
	return code;
}
