/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms publish: lets out what was made, after seeing what it would do.
 */
#include "commands.h"
#include "components/bootstrap_file.h"
#include "components/manager/outlook.h"
#include "components/pg/chain_local.h"
#include "components/pg/policy_content.h"
#include "components/session_report.h"
#include "components/update.h"
#include "publish_folder.h"
#include "publish_work.h"
#include "service/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_BYTES_MAX ((size_t)4 << 20)

enum { OPTION_OVERRIDE = 300, OPTION_REASON, OPTION_CHECK };

static const struct argp_option rows[] = {
    {"check", OPTION_CHECK, NULL, 0, "Say what would happen, and publish nothing", 0},
    {"override", OPTION_OVERRIDE, "TEXT", 0, "Publish in spite of grave consequences, for this reason", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0},
    {0}};

static const char doc[] =
    "Publish: policy, chain file, composite CRL and ballot history become what is out (published/), with an update file for all "
    "of it (published/update.oer), and the workspace's own trust store takes it.\v"
    "First it is applied to copies of every store at hand: the workspace's, those of all components, and that of a device fresh "
    "from the bootstrap bundle. What each would lose is said. A plan that a store refuses is never published; one that locks the "
    "electors out, suspends a root or leaves none only with --override (rule H7).\n\n"
    "Example:\n  scms publish --check && scms publish --reason \"elector A replaced by D\"\n\n"
    "Exit code: 0 published, 1 refused, 2 usage, 3 the workspace cannot be used.";

struct publish {
	struct operator_options common;
	const char *override, *reason;
	bool check;
	struct publish_work work;
	struct scms_session session;
	bool fresh[4]; /* policy, chain, CRL, history: not what is out already */
	char chain_name[CHAIN_FILE_NAME];
	struct scms_slice update;
	json_t *audiences;
	enum gravity worst;
	bool refused;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct publish *p = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &p->common;
		break;
	case OPTION_OVERRIDE:
		p->override = arg;
		break;
	case OPTION_REASON:
		p->reason = arg;
		break;
	case OPTION_CHECK:
		p->check = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- what there is to publish ---- */

static bool same(struct scms_slice a, struct scms_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* What was made, or else what is out. */
static int gather_one(struct publish *p, unsigned k, const char *folder, const char *name, size_t limit, struct scms_slice out,
		      struct scms_slice *to)
{
	int code = publish_read(&p->work, folder, name, limit, to);

	if (code == OPERATOR_DONE && to->p == NULL)
		*to = out;
	p->fresh[k] = !same(*to, out);
	return code;
}

static int gather(struct publish *p)
{
	struct publish_work *work = &p->work;
	struct scms_slice policy, crl, chain, history;
	int code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_POLICY, (size_t)64 << 10, &policy);

	if (code == OPERATOR_DONE)
		code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, (size_t)64 << 20, &crl);
	if (code == OPERATOR_DONE)
		code = publish_read(work, WORKSPACE_PUBLISHED, PUBLISHED_HISTORY, HISTORY_BYTES_MAX, &history);
	if (code == OPERATOR_DONE)
		code = publish_current_chain(work, &chain);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 0, WORKSPACE_POLICY, POLICY_SIGNED, (size_t)64 << 10, policy, &p->session.policy);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 1, OUTGOING, OUTGOING_CHAIN, (size_t)8 << 20, chain, &p->session.chain);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 2, OUTGOING, OUTGOING_CRL, (size_t)64 << 20, crl, &p->session.crl);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 3, WORKSPACE_BALLOTS, HISTORY_FILE, HISTORY_BYTES_MAX, history, &p->session.history);
	return code;
}

/* The policy in force must name the chain file that goes out with it (rule G4.2). */
static int check_version(struct publish *p)
{
	struct policy_said said;
	struct chain_file file;
	struct oer_error oer;
	uint32_t named;

	if (p->session.chain.p == NULL)
		return OPERATOR_DONE;
	if (chain_file_read(&file, p->session.chain, &oer) != OER_OK || !chain_file_name(p->session.chain, p->chain_name))
		return operator_fail(&p->common, OPERATOR_REFUSED, "chain file: offset %zu: %s: expected %s, found %s", oer.offset, oer.path,
				     oer.expected, oer.found);
	if (p->session.policy.p == NULL)
		return operator_fail(&p->common, OPERATOR_REFUSED, "a chain file goes out with a policy that names its version, and there is none: "
								   "scms policy sign");
	if (policy_said_read(&said, p->session.policy, engine_crypto(), &oer) != OER_OK)
		return operator_fail(&p->common, OPERATOR_REFUSED, "policy: offset %zu: %s: expected %s, found %s", oer.offset, oer.path,
				     oer.expected, oer.found);
	if (!said.content.item[POLICY_CHAIN_FILE].has || said.content.active > p->work.now)
		return OPERATOR_DONE;
	named = policy_series_at(&said.content.item[POLICY_CHAIN_FILE], p->work.now)->n;
	if (named == file.version)
		return OPERATOR_DONE;
	return operator_fail(&p->common, OPERATOR_REFUSED,
			     "the policy names version %u of the chain file, and this is %u (rule G4.2): scms policy set globalCertChainFileID %u, "
			     "then scms policy sign",
			     named, file.version, file.version);
}

/* ---- what it would do ---- */

struct audience {
	struct publish *p;
	bool own; /* the workspace's own store */
	struct findings *findings;
};

static void hear_refusal(void *ctx, const struct scms_refusal *refusal)
{
	struct audience *a = ctx;

	a->p->refused = true;
	finding_add(a->findings, FINDING_REFUSED, scms_reason_name(refusal->reason), "a file is refused: %s: offset %zu: %.80s: expected %.60s, found %.60s",
		    scms_reason_text(refusal->reason), refusal->offset, refusal->path, refusal->expected, refusal->found);
}

/*
 * What the workspace's own store refuses does not go out. That some other store cannot believe a signer is a consequence of the
 * plan: its root is suspended or gone there.
 */
static void hear_outcome(struct audience *a, const char *what, enum scms_reason outcome)
{
	bool signer = outcome == SCMS_CRL_SIGNER || outcome == SCMS_POLICY_SIGNER;

	if (outcome == SCMS_ACCEPTED || outcome == SCMS_UNCHANGED)
		return;
	a->p->refused = a->p->refused || a->own || !signer;
	finding_add(a->findings, signer && !a->own ? FINDING_GRAVE : FINDING_REFUSED, scms_reason_name(outcome), "%s: %s (rule %s)", what,
		    scms_reason_text(outcome), scms_reason_rule(outcome));
}

static void hear_policy(void *ctx, enum scms_reason outcome)
{
	hear_outcome(ctx, "policy", outcome);
}

static void hear_chain(void *ctx, enum scms_reason outcome, uint16_t version)
{
	(void)version;
	hear_outcome(ctx, "chain file", outcome);
}

static void hear_crl(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	struct audience *a = ctx;
	char what[32];

	(void)craca;
	snprintf(what, sizeof(what), "CRL of series %u", series);
	hear_outcome(a, what, outcome);
}

/* Applies the plan to a copy of a store, and says what changes. */
static bool try_store(struct publish *p, const char *name, const struct scms_store *store, const struct scms_objects *objects,
		      struct scms_slice own)
{
	struct findings *findings = calloc(1, sizeof(*findings));
	struct audience a = {.p = p, .own = store == store_dir_store(p->work.store), .findings = findings};
	const struct scms_report report = {.ctx = &a, .policy = hear_policy, .chain = hear_chain, .crl = hear_crl, .refused = hear_refusal};
	struct simulation *simulation = findings != NULL ? simulation_new(store, objects, engine_crypto()) : NULL;
	struct scms_session_result result;
	struct trust_env env;
	bool good = simulation != NULL;

	if (good) {
		result = simulation_apply(simulation, &p->session, p->work.now, &report);
		env = simulation_env(simulation);
		good = result.status == SCMS_SESSION_DONE || result.status == SCMS_SESSION_CLOCK_BACK;
		if (result.status == SCMS_SESSION_CLOCK_BACK) {
			p->refused = true;
			finding_add(findings, FINDING_REFUSED, "CLOCK_BACK", "the clock is before a time that this store has accepted (rule G6)");
		}
		outlook_compare(store, simulation_store(simulation), p->work.now, findings);
		if (own.n > 0) {
			enum scms_reason was = scms_cert_check(store, p->work.now, own, NULL, 0, engine_crypto(), objects);
			enum scms_reason is =
			    scms_cert_check(simulation_store(simulation), p->work.now, own, NULL, 0, engine_crypto(), env.objects);

			if (was == SCMS_VALID && is != SCMS_VALID)
				finding_add(findings, FINDING_WARNING, "STOPS", "stops at once: %s (rule D6.2)", scms_reason_text(is));
		}
		if (findings_worst(findings) > p->worst)
			p->worst = findings_worst(findings);
		if (findings->n > 0 && !p->common.json) {
			fprintf(stderr, "%s:\n", name);
			findings_words(stderr, findings);
		}
		json_array_append_new(p->audiences, json_pack("{s:s,s:o}", "store", name, "findings", findings_json(findings)));
	}
	simulation_free(simulation);
	free(findings);
	return good;
}

static int try_component(struct publish *p, const char *name)
{
	struct workspace_file path = workspace_file(&p->work.workspace, WORKSPACE_COMPONENTS, name);
	struct scms_slice certificate;
	struct store_dir_error err;
	struct store_dir *dir;
	char folder[1024], label[300];
	bool good;
	int code;

	if (snprintf(folder, sizeof(folder), "%.700s/store", path.text) >= (int)sizeof(folder) || access(folder, F_OK) != 0)
		return OPERATOR_DONE; /* it has none yet */
	dir = store_dir_open(folder, STORE_DIR_READ, engine_crypto(), &err);
	if (dir == NULL)
		return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	snprintf(folder, sizeof(folder), "%s/%.200s/active", WORKSPACE_COMPONENTS, name);
	code = publish_read(&p->work, folder, "certificate.coer", (size_t)64 << 10, &certificate);
	snprintf(label, sizeof(label), "component %.200s", name);
	good = code == OPERATOR_DONE && try_store(p, label, store_dir_store(dir), store_dir_objects(dir), certificate);
	store_dir_close(dir);
	if (code == OPERATOR_DONE && !good)
		code = operator_fail(&p->common, OPERATOR_ENVIRONMENT, "%s: its store cannot be judged", label);
	return code;
}

/* A device fresh from the bundle: the oldest age that there is. */
static int try_bundle(struct publish *p)
{
	struct workspace_file path = workspace_file(&p->work.workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	struct scms_bootstrap_error refusal;
	struct bootstrap_file file;
	struct simulation *device = NULL;
	int code = OPERATOR_DONE;
	struct trust_env env;

	if (access(path.text, F_OK) != 0)
		return OPERATOR_DONE;
	if (!bootstrap_file_read(&file, path.text)) {
		code = operator_fail(&p->common, OPERATOR_REFUSED, "%s", file.error);
	} else {
		device = simulation_bootstrap(&file.bootstrap, engine_crypto(), &refusal);
		if (device == NULL)
			code = operator_fail(&p->common, OPERATOR_REFUSED, "%s: %s: %s", path.text, refusal.list, scms_reason_text(refusal.reason));
	}
	if (device != NULL) {
		env = simulation_env(device);
		if (!try_store(p, "a device fresh from the bundle", simulation_store(device), env.objects, (struct scms_slice){NULL, 0}))
			code = operator_fail(&p->common, OPERATOR_ENVIRONMENT, "the bundle's store cannot be judged");
	}
	simulation_free(device);
	bootstrap_file_free(&file);
	return code;
}

static int what_if(struct publish *p)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!try_store(p, "the workspace", store_dir_store(p->work.store), store_dir_objects(p->work.store), (struct scms_slice){NULL, 0}))
		return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "the workspace's trust store cannot be judged");
	if (!workspace_names(&p->work.workspace, WORKSPACE_COMPONENTS, &names, &count))
		return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "%s: cannot be read", WORKSPACE_COMPONENTS);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++)
		code = try_component(p, names[k]);
	workspace_names_free(names, count);
	return code == OPERATOR_DONE ? try_bundle(p) : code;
}

static int judge_plan(const struct publish *p)
{
	if (p->refused)
		return operator_fail(&p->common, OPERATOR_REFUSED, "not published: a store refuses it; see above");
	if (p->worst >= FINDING_GRAVE && p->override == NULL)
		return operator_fail(&p->common, OPERATOR_REFUSED,
				     "not published: grave consequences, see above (rule H7); if it must be: --override \"why\"");
	return OPERATOR_DONE;
}

/* ---- letting it out ---- */

static int write_out(struct publish *p)
{
	const struct publish_file files[] = {{PUBLISHED_POLICY, p->session.policy},
					     {p->chain_name, p->session.chain},
					     {PUBLISHED_CRL, p->session.crl},
					     {PUBLISHED_HISTORY, p->session.history},
					     {PUBLISHED_UPDATE, p->update}};
	char error[512];

	if (publish_folder_replace(p->work.workspace.path, WORKSPACE_PUBLISHED, files, sizeof(files) / sizeof(files[0]), error))
		return OPERATOR_DONE;
	return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "%s; what was out is still out", error);
}

/* The workspace's own store takes what was published. */
static int take_up(struct publish *p)
{
	struct workspace_file path = workspace_file(&p->work.workspace, "store", NULL);
	struct session_report *report = NULL;
	struct scms_session_result result;
	struct store_dir_error err;
	struct store_dir *dir;
	void *work = NULL;
	int code = OPERATOR_DONE;
	size_t size;
	char *line;

	store_dir_close(p->work.store);
	p->work.store = NULL;
	dir = store_dir_open(path.text, STORE_DIR_CHANGE, engine_crypto(), &err);
	if (dir == NULL)
		return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "published, but the workspace's store is behind: %s; do it again", err.text);
	size = scms_session_work_size(store_dir_store(dir), &p->session);
	work = malloc(size);
	report = session_report_new(store_dir_store(dir), p->work.now);
	if (work == NULL || report == NULL) {
		code = operator_fail(&p->common, OPERATOR_ENVIRONMENT, "published, but the workspace's store is behind: no memory; do it again");
	} else {
		const struct scms_limits limits = store_dir_store(dir)->limits;

		result = scms_store_apply(store_dir_store(dir), &p->session, p->work.now, engine_crypto(), store_dir_objects(dir), work, size,
					  session_report_table(report));
		line = session_log_line(&p->session, &limits, p->work.now, store_dir_counter(dir) + result.changed, report, &result,
					engine_crypto());
		if (result.status != SCMS_SESSION_DONE ||
		    (result.changed ? store_dir_commit(dir, line, &err) : store_dir_log(dir, line, &err)) != STORE_DIR_OK)
			code = operator_fail(&p->common, OPERATOR_ENVIRONMENT, "published, but the workspace's store is behind: %s; do it again",
					     result.status != SCMS_SESSION_DONE ? store_dir_object_error(dir) : err.text);
		free(line);
	}
	session_report_free(report);
	free(work);
	store_dir_close(dir);
	return code;
}

static int journal(struct publish *p)
{
	const struct journal_file all[] = {{WORKSPACE_PUBLISHED "/" PUBLISHED_POLICY, p->session.policy},
					   {p->chain_name, p->session.chain},
					   {WORKSPACE_PUBLISHED "/" PUBLISHED_CRL, p->session.crl},
					   {WORKSPACE_PUBLISHED "/" PUBLISHED_HISTORY, p->session.history},
					   {WORKSPACE_PUBLISHED "/" PUBLISHED_UPDATE, p->update}};
	struct journal_file files[5];
	size_t n = 0;

	for (size_t k = 0; k < 5; k++)
		if (all[k].bytes.p != NULL)
			files[n++] = all[k];
	return publish_journal(&p->work, "publish", p->reason, files, n,
			       json_pack("{s:s?,s:O}", "override", p->override, "stores", p->audiences));
}

static int let_out(struct publish *p)
{
	int code;

	if (!update_make(&p->session, &p->update))
		return operator_fail(&p->common, OPERATOR_ENVIRONMENT, "no memory for the update file");
	code = write_out(p);
	if (code == OPERATOR_DONE)
		code = take_up(p);
	/* Interrupted before the journal is written, all of it is done again: it comes out the same. */
	if (code == OPERATOR_DONE)
		code = journal(p);
	if (code == OPERATOR_DONE)
		code = publish_delete(&p->work, OUTGOING, OUTGOING_CHAIN);
	if (code == OPERATOR_DONE)
		code = publish_delete(&p->work, OUTGOING, OUTGOING_CRL);
	return code;
}

static void say(const struct publish *p)
{
	static const char *const names[] = {"policy", "chain file", "composite CRL", "ballot history"};

	printf("%s:", p->check ? "would be published" : "published");
	for (unsigned k = 0; k < 4; k++)
		if (p->fresh[k])
			printf(" %s%s", names[k], k == 1 ? p->chain_name + strlen("global_certificate_chains") : "");
	printf("\n");
}

int cmd_publish(int argc, char **argv)
{
	const struct argp argp = {rows, parse_option, "", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct publish p = {.common = {.command = "publish"}, .audiences = json_array()};
	int code;

	operator_parse(&argp, argc, argv, "publish", &p);
	code = publish_begin(&p.work, &p.common, p.check ? WORKSPACE_READ : WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = gather(&p);
	if (code == OPERATOR_DONE && !p.fresh[0] && !p.fresh[1] && !p.fresh[2] && !p.fresh[3])
		code = operator_fail(&p.common, OPERATOR_REFUSED, "nothing is new: make something first (scms policy sign, crl make, chain make)");
	if (code == OPERATOR_DONE)
		code = check_version(&p);
	if (code == OPERATOR_DONE)
		code = what_if(&p);
	if (code == OPERATOR_DONE)
		code = judge_plan(&p);
	if (code == OPERATOR_DONE && !p.check)
		code = let_out(&p);
	if (p.common.json)
		operator_json(&p.common, json_pack("{s:b,s:O}", "published", code == OPERATOR_DONE && !p.check, "stores", p.audiences));
	else if (code == OPERATOR_DONE)
		say(&p);
	free((void *)(uintptr_t)p.update.p);
	json_decref(p.audiences);
	publish_end(&p.work);
	return code;
}
