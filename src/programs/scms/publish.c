/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms publish: lets out what was made, after seeing what it would do.
 */
#include "commands.h"
#include "components/manager/vote_make.h"
#include "components/pg/chain_local.h"
#include "components/pg/policy_content.h"
#include "components/session_report.h"
#include "components/update.h"
#include "plan.h"
#include "publish_folder.h"
#include "publish_work.h"
#include "service/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_OVERRIDE = 300, OPTION_REASON, OPTION_CHECK };

static const struct argp_option rows[] = {
    {"check", OPTION_CHECK, NULL, 0, "Say what would happen, and publish nothing", 0},
    {"override", OPTION_OVERRIDE, "TEXT", 0, "Publish in spite of grave consequences, for this reason", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0},
    {0}};

static const char doc[] =
    "Publish: policy, chain file, composite CRL and ballot history become what is out (published/), with an update file for all "
    "of it (published/update.oer), and the workspace's own trust store takes it.\v"
    "First it is tried out as 'scms what-if' does: on copies of the workspace's store, of those of all components, and of end "
    "entities of all ages. What each would lose is said. A plan that a store refuses is never published; one that locks the electors "
    "out, suspends a root or leaves none, makes a running component cease or cuts it off, or leaves end entities behind only with "
    "--override (rule H7).\n\n"
    "Example:\n  scms publish --check && scms publish --reason \"elector A replaced by D\"\n\n"
    "Exit code: 0 published, 1 refused, 2 usage, 3 the workspace cannot be used.";

struct publish {
	struct operator_options common;
	struct operator_args args; /* none */
	const char *override, *reason;
	bool check;
	struct publish_work work;
	struct scms_session session, out; /* what is to be out, and what is out */
	bool fresh[4]; /* policy, chain, CRL, history: not what is out already */
	char chain_name[CHAIN_FILE_NAME];
	struct scms_slice update;
	struct plan_judge judge;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct publish *p = state->input;

	switch (key) {
	case OPTION_OVERRIDE:
		p->override = arg;
		break;
	case OPTION_REASON:
		p->reason = arg;
		break;
	case OPTION_CHECK:
		p->check = true;
		break;
	default:
		return operator_key(key, arg, state, &p->common, &p->args);
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
	int code = publish_read_out(&p->work, &p->out);

	if (code == OPERATOR_DONE)
		code = gather_one(p, 0, WORKSPACE_POLICY, POLICY_SIGNED, POLICY_BYTES_MAX, p->out.policy, &p->session.policy);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 1, OUTGOING, OUTGOING_CHAIN, CHAIN_BYTES_MAX, p->out.chain, &p->session.chain);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 2, OUTGOING, OUTGOING_CRL, CRL_BYTES_MAX, p->out.crl, &p->session.crl);
	if (code == OPERATOR_DONE)
		code = gather_one(p, 3, WORKSPACE_BALLOTS, HISTORY_FILE, HISTORY_BYTES_MAX, p->out.history, &p->session.history);
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

/* Whoever is left behind needs every ballot that ever was in the history. */
static int check_history(const struct publish *p)
{
	struct motion_error err;

	if (history_continues(p->out.history, p->session.history, &err))
		return OPERATOR_DONE;
	return operator_fail(&p->common, OPERATOR_REFUSED, "%s/%s: %s; restore it: what is out is in %s/%s", WORKSPACE_BALLOTS, HISTORY_FILE,
			     err.text, WORKSPACE_PUBLISHED, PUBLISHED_HISTORY);
}

/* ---- what it would do ---- */

static int what_if(struct publish *p)
{
	const struct plan plan = {.session = p->session};
	int code;

	p->judge = (struct plan_judge){.options = &p->common,
				       .workspace = &p->work.workspace,
				       .dir = p->work.store,
				       .now = p->work.now,
				       .leaps = &p->work.leaps,
				       .plan = &plan,
				       .out = p->out,
				       .words = p->common.json ? NULL : stderr};
	code = plan_judge(&p->judge);
	p->judge.plan = NULL;
	return code;
}

static int judge_plan(const struct publish *p)
{
	if (p->judge.refused)
		return operator_fail(&p->common, OPERATOR_REFUSED, "not published: a store refuses it; see above");
	if (p->judge.worst >= FINDING_GRAVE && p->override == NULL)
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
			       json_pack("{s:s?,s:o}", "override", p->override, "audiences", plan_findings(&p->judge)));
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
	static const char *const names[] = {"policy", NULL, "composite CRL", "ballot history"};

	const char *before = " ";

	printf("%s:", p->check ? "would be published" : "published");
	for (unsigned k = 0; k < 4; k++) {
		if (!p->fresh[k])
			continue;
		printf("%s%s", before, k == 1 ? p->chain_name : names[k]);
		before = ", ";
	}
	printf("\n");
}

int cmd_publish(int argc, char **argv)
{
	struct publish p = {.common = {.command = "publish"}};
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "publish", &p);
	code = publish_begin(&p.work, &p.common, p.check ? WORKSPACE_READ : WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = gather(&p);
	if (code == OPERATOR_DONE && !p.fresh[0] && !p.fresh[1] && !p.fresh[2] && !p.fresh[3])
		code = operator_fail(&p.common, OPERATOR_REFUSED, "nothing is new: make something first (scms policy sign, crl make, chain make)");
	if (code == OPERATOR_DONE)
		code = check_version(&p);
	if (code == OPERATOR_DONE)
		code = check_history(&p);
	if (code == OPERATOR_DONE)
		code = what_if(&p);
	if (code == OPERATOR_DONE)
		code = judge_plan(&p);
	if (code == OPERATOR_DONE && !p.check)
		code = let_out(&p);
	if (p.common.json)
		operator_json(&p.common, json_pack("{s:b,s:O}", "published", code == OPERATOR_DONE && !p.check, "audiences",
						  p.judge.audiences != NULL ? p.judge.audiences : json_null()));
	else if (code == OPERATOR_DONE)
		say(&p);
	free((void *)(uintptr_t)p.update.p);
	json_decref(p.judge.audiences);
	publish_end(&p.work);
	return code;
}
