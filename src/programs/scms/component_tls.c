/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS identities of components. One that is made here is under this workspace's X.509 root. One whose peers believe another
 * workspace's root asks that workspace: a request goes there, the answer comes back; no key travels, and no root is believed beside
 * the first.
 *
 * A new identity is made whole in HOME/tls-next, and takes the place of HOME/tls at a stroke.
 */
#include "component.h"
#include "component_work.h"

#include "base/file.h"
#include "service/tls_make.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TLS_ROOT_DAYS 7300
#define TLS_DAYS 1186
#define TLS_FILE_BYTES (64u << 10)

#define NEXT "tls-next"

struct tls_paths {
	char folder[1800], certificate[2048], key[2048], roots[2048], request[2048];
};

static struct tls_paths paths_of(const char *home, const char *folder)
{
	struct tls_paths paths;

	snprintf(paths.folder, sizeof(paths.folder), "%s/%s", home, folder);
	snprintf(paths.certificate, sizeof(paths.certificate), "%s/certificate.pem", paths.folder);
	snprintf(paths.key, sizeof(paths.key), "%s/key.pem", paths.folder);
	snprintf(paths.roots, sizeof(paths.roots), "%s/roots.pem", paths.folder);
	snprintf(paths.request, sizeof(paths.request), "%s/request.csr", paths.folder);
	return paths;
}

static int failed(const struct work *work, const char *text)
{
	return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", text);
}

static int copy_file(const struct work *work, const char *from, const char *to)
{
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	int code = OPERATOR_DONE;

	if (file_read(from, TLS_FILE_BYTES, &bytes, &refused) != FILE_OK)
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", from, refused.text);
	else if (file_write(to, 0644, bytes, &refused) != FILE_OK)
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", to, refused.text);
	free((void *)(uintptr_t)bytes.p);
	return code;
}

/* Makes HOME/tls-next anew, empty: what lies there was not finished. */
static int next_begin(const struct work *work, const struct tls_paths *next)
{
	if (folder_remove(next->folder) && mkdir(next->folder, 0755) == 0)
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", next->folder, strerror(errno));
}

/* HOME/tls-next becomes HOME/tls; what was there is deleted with its key. */
static int next_take(const struct work *work, const char *home, const struct tls_paths *next)
{
	const struct tls_paths now = paths_of(home, "tls");

	return folder_replace(next->folder, now.folder) ? OPERATOR_DONE
							: operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", now.folder, strerror(errno));
}

/* The workspace's X.509 root, made where there is none yet. */
static int root_ready(const struct work *work, struct workspace_file *root, struct workspace_file *key)
{
	struct tls_error err;

	*root = workspace_file(&work->workspace, WORKSPACE_TLS, "root.pem");
	*key = workspace_file(&work->workspace, WORKSPACE_TLS, "root.key");
	if (access(root->text, F_OK) == 0)
		return OPERATOR_DONE;
	/* A key without its certificate was left by a crash, and nobody has used it. */
	unlink(key->text);
	return tls_make_root(root->text, key->text, work->workspace.settings.system, TLS_ROOT_DAYS, &err) ? OPERATOR_DONE
													  : failed(work, err.text);
}

int work_tls_make(struct work *work, const struct home_settings *settings, const char *home)
{
	const char *roles[] = {role_name(settings->role), NULL};
	const struct tls_subject subject = {.host = settings->host, .roles = roles, .days = TLS_DAYS};
	const struct tls_paths next = paths_of(home, NEXT);
	struct workspace_file root, root_key;
	struct tls_error err;
	int code;

	if (role_is_offline(settings->role))
		return OPERATOR_DONE;
	code = root_ready(work, &root, &root_key);
	if (code == OPERATOR_DONE)
		code = next_begin(work, &next);
	if (code == OPERATOR_DONE && !tls_make_identity(root.text, root_key.text, next.certificate, next.key, &subject, &err))
		code = failed(work, err.text);
	if (code == OPERATOR_DONE)
		code = copy_file(work, root.text, next.roots);
	return code == OPERATOR_DONE ? next_take(work, home, &next) : code;
}

int work_tls_request(struct work *work, const struct home_settings *settings, const char *home)
{
	const char *roles[] = {role_name(settings->role), NULL};
	const struct tls_subject subject = {.host = settings->host, .roles = roles, .days = TLS_DAYS};
	const struct tls_paths next = paths_of(home, NEXT);
	struct tls_error err;
	int code;

	if (role_is_offline(settings->role))
		return OPERATOR_DONE;
	code = next_begin(work, &next);
	if (code == OPERATOR_DONE && !tls_make_request(next.request, next.key, &subject, &err))
		code = failed(work, err.text);
	return code;
}

int work_tls_request_out(struct work *work, const struct home *home, struct workspace_file *file)
{
	const struct tls_paths next = paths_of(home_path(home), NEXT);
	char name[HOME_TEXT_BYTES + 32];

	snprintf(name, sizeof(name), "%s.tls.csr", home_settings(home)->name);
	*file = workspace_file(&work->workspace, WORKSPACE_REQUESTS, name);
	return copy_file(work, next.request, file->text);
}

bool work_tls_is_request(struct scms_slice bytes)
{
	static const char begin[] = "-----BEGIN CERTIFICATE REQUEST-----";

	return bytes.n >= sizeof(begin) - 1 && memcmp(bytes.p, begin, sizeof(begin) - 1) == 0;
}

bool work_tls_is_answer(struct scms_slice bytes)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";

	return bytes.n >= sizeof(begin) - 1 && memcmp(bytes.p, begin, sizeof(begin) - 1) == 0;
}

/* ---- issue ---- */

struct asking {
	const char *file;
	const struct tls_asked *asked;
};

/* A component of this workspace that has the host, and is not revoked: another one of its name would be taken for it. */
static int check_host(void *ctx, struct work *work, struct home *home)
{
	const struct asking *asking = ctx;
	const struct home_identity *active = home_identity(home, HOME_ACTIVE);

	if (strcasecmp(home_settings(home)->host, asking->asked->host) != 0 ||
	    (active != NULL && workspace_is_revoked(&work->workspace, &active->cert)))
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_REFUSED, "%s: asks for the host %s, which is that of %s here", asking->file,
			     asking->asked->host, home_settings(home)->name);
}

static int check_role(struct work *work, const char *file, const struct tls_asked *asked)
{
	enum role role;

	if (!role_parse(asked->role, &role) || role_is_offline(role))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: asks for the role '%s', which no component with TLS has", file,
				     asked->role);
	/* Whoever has this role may push to every component and set moments of activation. */
	if (role == ROLE_MANAGER)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: asks for the role manager, which may command every component: it is made here, or nowhere "
				     "(scms component create manager NAME)",
				     file);
	return OPERATOR_DONE;
}

int work_tls_issue(struct work *work, const char *file, const char *out)
{
	struct workspace_file root, root_key, answer;
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	struct tls_asked asked;
	struct tls_error err;
	char name[300], why[320];
	int code;

	if (!tls_read_request(file, &asked, &err))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s", err.text);
	code = check_role(work, file, &asked);
	if (code == OPERATOR_DONE)
		code = work_each(work, check_host, &(struct asking){file, &asked});
	if (code == OPERATOR_DONE)
		code = root_ready(work, &root, &root_key);
	if (code != OPERATOR_DONE)
		return code;
	snprintf(name, sizeof(name), "%s.tls.pem", asked.host);
	answer = workspace_file(&work->workspace, WORKSPACE_REQUESTS, name);
	if (out != NULL)
		snprintf(answer.text, sizeof(answer.text), "%s", out);
	if (!tls_answer_request(root.text, root_key.text, file, answer.text, TLS_DAYS, &err))
		return failed(work, err.text);
	if (file_read(answer.text, TLS_FILE_BYTES, &bytes, &refused) != FILE_OK)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", answer.text, refused.text);
	snprintf(why, sizeof(why), "TLS %s %s", asked.role, asked.host);
	code = work_journal(work, code, "component issue", why, answer.text, bytes);
	free((void *)(uintptr_t)bytes.p);
	if (code == OPERATOR_DONE && !work->options->json)
		printf("TLS identity for '%s', role %s\nCarry %s back: scms component install NAME\n", asked.host, asked.role,
		       answer.text);
	operator_json(work->options, json_pack("{s:s, s:s, s:s}", "role", asked.role, "host", asked.host, "file", answer.text));
	return code;
}

int work_tls_install(struct work *work, const struct home *home, const char *file)
{
	const struct home_settings *settings = home_settings(home);
	const char *roles[] = {role_name(settings->role), NULL};
	const struct tls_subject subject = {.host = settings->host, .roles = roles, .days = TLS_DAYS};
	const struct tls_paths next = paths_of(home_path(home), NEXT);
	struct tls_error err;
	int code;

	if (access(next.request, F_OK) != 0)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: no TLS request waits: scms component tls %s --request",
				     settings->name, settings->name);
	if (!tls_take_answer(file, next.key, &subject, next.certificate, next.roots, &err))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s", err.text);
	code = next_take(work, home_path(home), &next);
	if (code == OPERATOR_DONE)
		unlink(paths_of(home_path(home), "tls").request);
	return code;
}

/* ---- scms component tls ---- */

enum { OPTION_REQUEST = 256 };

struct tls_command {
	struct operator_options options;
	const char *name;
	bool request;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct tls_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->options;
		break;
	case OPTION_REQUEST:
		command->request = true;
		break;
	case ARGP_KEY_ARG:
		if (command->name != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		command->name = arg;
		break;
	case ARGP_KEY_END:
		if (command->name == NULL)
			argp_error(state, "a component's NAME is needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int tls_run(struct work *work, const struct tls_command *command)
{
	struct workspace_file file = {.text = ""};
	char why[HOME_TEXT_BYTES + 16];
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, command->name, &code);
	const struct home_settings *settings;

	if (home == NULL)
		return code;
	settings = home_settings(home);
	if (role_is_offline(settings->role))
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: a component of role %s is on no network, and has no TLS identity",
				     settings->name, role_name(settings->role));
	else if (command->request)
		code = work_tls_request(work, settings, home_path(home));
	else
		code = work_tls_make(work, settings, home_path(home));
	if (code == OPERATOR_DONE && command->request)
		code = work_tls_request_out(work, home, &file);
	snprintf(why, sizeof(why), "%s%s", settings->name, command->request ? " request" : "");
	if (code == OPERATOR_DONE)
		code = work_journal(work, code, "component tls", why, NULL, (struct scms_slice){NULL, 0});
	if (code == OPERATOR_DONE && !work->options->json) {
		if (command->request)
			printf("%s: carry %s to the workspace whose components it talks to: scms component issue\n", settings->name, file.text);
		else
			printf("%s: has a new TLS identity for %d days; if it runs, it takes it by itself\n", settings->name, TLS_DAYS);
	}
	if (code == OPERATOR_DONE)
		operator_json(work->options, json_pack("{s:s, s:s}", "name", settings->name, "request", file.text));
	home_close(home);
	return code;
}

int component_tls(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"request", OPTION_REQUEST, NULL, 0, "Make a key and a request, for the workspace whose X.509 root its peers believe", 0}, {0}};
	static const char doc[] =
	    "Make the TLS identity of a component anew: its X.509 certificate, under the root of this workspace.\v"
	    "It is good for 1186 days; scmsd takes it without being started again, and says a month ahead when it expires. With --request the workspace of the components that it talks to "
	    "issues it (scms component issue), and scms component install takes the answer, the root with it; until then the present one "
	    "stays.\n\n"
	    "Examples:\n  scms component tls ra1\n  scms component tls pca2 --request\n\n"
	    "Exit code: 0 made, 1 refused, 2 usage, 3 files or another operator.";
	const struct argp argp = {rows, parse_option, "NAME", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct tls_command command = {.options = {.command = "component tls"}};
	struct work work;
	int code;

	operator_parse(&argp, argc, argv, "component tls", &command);
	code = work_begin(&work, &command.options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		code = tls_run(&work, &command);
		work_end(&work);
	}
	return code;
}
