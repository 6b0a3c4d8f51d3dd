/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "components/crlg/crl_check.h"
#include "service/engine.h"
#include "service/home.h"
#include "service/motion_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One judgement at work. */
struct judging {
	struct plan_judge *judge;
	struct simulation *manager, *target; /* the Manager's store before and after the plan */
	int code;
};

/* Whose store. */
enum whose { MANAGER, COMPONENT, END_ENTITY };

struct hearing {
	struct plan_judge *judge;
	enum whose whose;
	struct findings *findings;
};

/* ---- what a store says of the files ---- */

static void hear_refusal(void *ctx, const struct scms_refusal *refusal)
{
	struct hearing *hearing = ctx;

	hearing->judge->refused = true;
	finding_add(hearing->findings, FINDING_REFUSED, scms_reason_name(refusal->reason),
		    "a file is refused: %s: offset %zu: %.80s: expected %.60s, found %.60s",
		    scms_reason_text(refusal->reason), refusal->offset, refusal->path, refusal->expected,
		    refusal->found);
}

/*
 * What the Manager's own store refuses does not go out. That some other store cannot believe a signer is a consequence
 * of the plan: its root is suspended or gone there.
 */
static void hear_outcome(struct hearing *hearing, const char *what, enum scms_reason outcome)
{
	bool signer = outcome == SCMS_CRL_SIGNER || outcome == SCMS_POLICY_SIGNER;
	bool elsewhere = signer && hearing->whose != MANAGER;

	if (outcome == SCMS_ACCEPTED || outcome == SCMS_UNCHANGED)
		return;
	if (outcome == SCMS_VERSION_MISMATCH) { /* used all the same (rule G4.2) */
		finding_add(hearing->findings, FINDING_WARNING, scms_reason_name(outcome), "%s: %s (rule G4.2)", what,
			    scms_reason_text(outcome));
		return;
	}
	hearing->judge->refused |= !elsewhere;
	finding_add(hearing->findings, elsewhere ? FINDING_GRAVE : FINDING_REFUSED, scms_reason_name(outcome),
		    "%s: %s (rule %s)", what, scms_reason_text(outcome), scms_reason_rule(outcome));
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
	char what[32];

	(void)craca;
	snprintf(what, sizeof(what), "CRL of series %u", series);
	hear_outcome(ctx, what, outcome);
}

static bool has_session(const struct scms_session *session)
{
	return session->policy.p != NULL || session->crl.p != NULL || session->chain.p != NULL ||
	       session->history.p != NULL;
}

void plan_carry_out(const struct plan_judge *judge, struct simulation *simulation, bool removals,
		    struct findings *findings)
{
	char hex[17];

	for (size_t k = 0; k < judge->plan->wish_count; k++) {
		const struct plan_wish *wish = &judge->plan->wishes[k];
		enum scms_reason outcome;
		struct cert subject;

		if (motion_removes(wish->motion) != removals)
			continue;
		outcome = simulation_carry_out(simulation, store_dir_store(judge->dir), wish->motion, wish->certificate, wish->time, judge->now);
		if (findings == NULL || outcome == SCMS_APPLIED || outcome == SCMS_ALREADY)
			continue;
		if (cert_read(&subject, wish->certificate, engine_crypto(), NULL) != OER_OK)
			continue; /* a motion's was read before */
		finding_add(findings, FINDING_WARNING, scms_reason_name(outcome),
			    "%s of %s... would not be carried out by the votes of all: %s (rule %s)",
			    motion_name(wish->motion), motion_hex(subject.hash256, 8, hex), scms_reason_text(outcome),
			    scms_reason_rule(outcome));
	}
}

static bool plan_apply(const struct plan_judge *judge, struct simulation *simulation, struct hearing *hearing)
{
	const struct scms_report report = {
	    .ctx = hearing, .policy = hear_policy, .chain = hear_chain, .crl = hear_crl, .refused = hear_refusal};
	const struct plan *plan = judge->plan;
	struct scms_session_result result = {.status = SCMS_SESSION_DONE};
	struct findings *said = hearing->whose == MANAGER ? hearing->findings : NULL;

	plan_remove(judge, simulation, plan->session.history, said);
	if (has_session(&plan->session))
		result = simulation_apply(simulation, &plan->session, judge->now, &report);
	if (result.status == SCMS_SESSION_CLOCK_BACK) {
		hearing->judge->refused = true;
		finding_add(hearing->findings, FINDING_REFUSED, "CLOCK_BACK",
			    "the clock is before a time that this store has accepted (rule G6)");
	}
	plan_carry_out(judge, simulation, false, said);
	return result.status == SCMS_SESSION_DONE || result.status == SCMS_SESSION_CLOCK_BACK;
}

/* ---- one audience ---- */

static bool status(const struct plan_judge *judge, struct simulation *simulation, struct scms_store_status *status)
{
	return scms_store_status(simulation_store(simulation), judge->now, engine_crypto(), simulation_env(simulation).objects,
				 status);
}

static void no_memory(struct judging *judging)
{
	judging->code = operator_fail(judging->judge->options, OPERATOR_ENVIRONMENT, "no memory to try out the plan");
}

/* Does the plan leave it without a CRL that is new enough? */
static void judge_stale(const struct plan_judge *judge, struct simulation *before, struct simulation *after,
			struct findings *findings)
{
	struct scms_store_status was, is;

	if (status(judge, before, &was) && status(judge, after, &is) && is.stale && !was.stale)
		finding_add(findings, FINDING_GRAVE, "STALE",
			    "no CRL that is new enough is left: vehicles believe no message any more until a new composite CRL is out "
			    "(rule G5.5)");
}

/* Applies the plan to a copy, and says what changes. The copy, to be freed; NULL: said. */
static struct simulation *try_out(struct judging *judging, const char *name, struct simulation *before,
				  enum whose whose, struct findings *findings)
{
	struct plan_judge *judge = judging->judge;
	struct hearing hearing = {judge, whose, findings};
	struct simulation *after =
	    simulation_new(simulation_store(before), simulation_env(before).objects, engine_crypto());

	if (after != NULL && plan_apply(judge, after, &hearing)) {
		outlook_compare(simulation_store(before), simulation_store(after), judge->now, findings);
		judge_stale(judge, before, after, findings);
		plan_judge_later(judge, before, after, whose == MANAGER, findings);
		return after;
	}
	simulation_free(after);
	judging->code =
	    operator_fail(judge->options, OPERATOR_ENVIRONMENT, "%s: the plan could not be tried out", name);
	return NULL;
}

static void say(struct plan_judge *judge, const char *name, struct simulation *before, struct simulation *after,
		const struct findings *findings)
{
	if (findings_worst(findings) > judge->worst)
		judge->worst = findings_worst(findings);
	json_array_append_new(judge->audiences, json_pack("{s:s, s:o, s:o, s:o}", "audience", name, "before",
							  outlook_json(simulation_store(before), judge->now), "after",
							  outlook_json(simulation_store(after), judge->now), "findings",
							  findings_json(findings)));
}

json_t *plan_findings(const struct plan_judge *judge)
{
	json_t *list = json_array(), *one;
	size_t k;

	json_array_foreach(judge->audiences, k, one)
	{
		json_array_append_new(list, json_pack("{s:O, s:O}", "audience", json_object_get(one, "audience"),
						      "findings", json_object_get(one, "findings")));
	}
	return list;
}

/* ---- components ---- */

static enum scms_reason check(struct simulation *simulation, scms_time64 now, struct scms_slice certificate)
{
	return scms_cert_check(simulation_store(simulation), now, certificate, NULL, 0, engine_crypto(),
			       simulation_env(simulation).objects);
}

/* Was this certificate, or one above it, revoked by `scms component revoke`? Then its end is meant. */
static bool is_meant(const struct workspace *workspace, const struct home_identity *identity)
{
	bool found = workspace_is_revoked(workspace, &identity->cert);

	for (size_t k = 0; !found && k < identity->issuer_count; k++)
		found = workspace_is_revoked(workspace, &identity->issuer[k]);
	return found;
}

/* A running component: may it go on (rules D6.1, D6.2), and can others still see that it may? */
static void judge_own(const struct judging *judging, const struct home_identity *identity, struct simulation *before,
		      struct simulation *after, struct findings *findings)
{
	scms_time64 now = judging->judge->now;
	struct scms_store_status was, is;
	bool meant = identity != NULL && is_meant(judging->judge->workspace, identity);
	bool stops;
	enum scms_reason why;

	if (!status(judging->judge, before, &was) || !status(judging->judge, after, &is)) {
		finding_add(findings, FINDING_GRAVE, "STORE_UNREADABLE", "an object of the trust store is missing");
		return;
	}
	stops = was.operational && !is.operational;
	why = is.own;
	if (!stops && identity != NULL) {
		why = check(after, now, identity->certificate);
		stops = why != SCMS_VALID && check(before, now, identity->certificate) == SCMS_VALID;
	}
	if (stops)
		finding_add(findings, meant ? FINDING_WARNING : FINDING_GRAVE, "MUST_CEASE",
			    "its own certificate becomes invalid (%s): it must stop at once (rule D6)%s",
			    scms_reason_text(why), meant ? "; it was revoked" : "");
	else if (identity != NULL && check(judging->manager, now, identity->certificate) == SCMS_VALID &&
		 check(judging->target, now, identity->certificate) == SCMS_CHAIN_INCOMPLETE)
		finding_add(findings, meant ? FINDING_WARNING : FINDING_GRAVE, "CUT_OFF",
			    "nobody can trace its certificate to a root any more: the chain file lacks an issuer of it "
			    "(rule B8)");
}

static void component(struct judging *judging, const char *name)
{
	struct plan_judge *judge = judging->judge;
	struct workspace_file path = workspace_file(judge->workspace, WORKSPACE_COMPONENTS, name), store;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct simulation *before, *after = NULL;
	const struct home_identity *identity;
	struct store_dir_error err;
	struct home_error why;
	struct store_dir *dir;
	struct home *home;
	char title[160];

	if (findings == NULL) {
		no_memory(judging);
		return;
	}
	if (snprintf(store.text, sizeof(store.text), "%s/store", path.text) >= (int)sizeof(store.text) ||
	    access(store.text, F_OK) != 0) {
		free(findings);
		return; /* a home without a store yet */
	}
	snprintf(title, sizeof(title), "component %.100s", name);
	dir = store_dir_open(store.text, STORE_DIR_READ, engine_crypto(), &err);
	home = dir != NULL ? home_open(path.text, NULL, engine_crypto(), &why) : NULL;
	if (home == NULL) {
		judging->code =
		    operator_fail(judge->options, OPERATOR_ENVIRONMENT, "%s", dir == NULL ? err.text : why.text);
	} else {
		identity = home_identity(home, HOME_ACTIVE);
		if (identity != NULL && identity->certificate.n == 0)
			identity = NULL;
		before = simulation_new(store_dir_store(dir), store_dir_objects(dir), engine_crypto());
		if (before != NULL)
			after = try_out(judging, title, before, COMPONENT, findings);
		else
			judging->code = operator_fail(judge->options, OPERATOR_ENVIRONMENT,
						      "%s: no memory for a copy of its store", title);
		if (after != NULL) {
			judge_own(judging, identity, before, after, findings);
			say(judge, title, before, after, findings);
		}
		simulation_free(after);
		simulation_free(before);
	}
	home_close(home);
	store_dir_close(dir);
	free(findings);
}

static void components(struct judging *judging)
{
	const struct workspace *workspace = judging->judge->workspace;
	char **names = NULL;
	size_t count = 0;

	if (!workspace_names(workspace, WORKSPACE_COMPONENTS, &names, &count))
		judging->code = operator_fail(judging->judge->options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read",
					      workspace->path, WORKSPACE_COMPONENTS);
	for (size_t k = 0; k < count && judging->code == OPERATOR_DONE; k++)
		component(judging, names[k]);
	workspace_names_free(names, count);
}

/* ---- end entities ---- */

static void end_entity(void *ctx, const struct plan_age *age)
{
	struct judging *judging = ctx;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct simulation *after =
	    findings != NULL ? try_out(judging, age->name, age->store, END_ENTITY, findings) : NULL;

	if (findings == NULL)
		no_memory(judging);
	if (after != NULL) {
		plan_judge_stranded(judging->judge, age->store, after, simulation_store(judging->target), findings);
		say(judging->judge, age->name, age->store, after, findings);
	}
	simulation_free(after);
	free(findings);
}

/* ---- all of it ---- */

/*
 * A new composite CRL must pass what the CRL store holds it against: no ballot vanishes, nothing is taken back (rules G5,
 * H4). It does so in a store that has the rest of the plan; where a store refuses that, it is said already.
 */
static void judge_crl(struct judging *judging, struct findings *findings)
{
	struct plan_judge *judge = judging->judge;
	struct scms_session others = judge->plan->session;
	struct crl_checker checker = {.crypto = engine_crypto(), .now = judge->now};
	struct simulation *store;
	struct crl_faults faults = {.n = 0};
	struct key_error err;

	if (judge->refused || others.crl.p == NULL || (others.crl.n == judge->out.crl.n && memcmp(others.crl.p, judge->out.crl.p, others.crl.n) == 0))
		return;
	others.crl = (struct scms_slice){NULL, 0};
	store = simulation_new(simulation_store(judging->manager), simulation_env(judging->manager).objects, engine_crypto());
	if (store == NULL) {
		no_memory(judging);
		return;
	}
	plan_remove(judge, store, others.history, NULL);
	if (has_session(&others))
		(void)simulation_apply(store, &others, judge->now, NULL); /* what comes of it is said of the whole plan */
	plan_carry_out(judge, store, false, NULL);
	checker.store = simulation_store(store);
	checker.objects = simulation_env(store).objects;
	if (crl_composite_check(&checker, judge->plan->session.crl, judge->out.crl, &faults, &err) != KEY_OK)
		judging->code = operator_fail(judge->options, OPERATOR_ENVIRONMENT, "composite CRL: %s", err.text);
	for (unsigned k = 0; k < faults.n && k < CRL_FAULTS_MAX; k++)
		finding_add(findings, FINDING_REFUSED, "CRL_STORE", "the CRL store would not let it out: %s", faults.text[k]);
	judge->refused |= faults.n > 0;
	simulation_free(store);
}

static void manager(struct judging *judging)
{
	struct findings *findings = calloc(1, sizeof(*findings));

	if (findings == NULL)
		no_memory(judging);
	else
		judging->target = try_out(judging, "SCMS Manager", judging->manager, MANAGER, findings);
	if (judging->target != NULL)
		judge_crl(judging, findings);
	if (judging->target != NULL)
		say(judging->judge, "SCMS Manager", judging->manager, judging->target, findings);
	free(findings);
}

int plan_judge(struct plan_judge *judge)
{
	struct judging judging = {.judge = judge, .code = OPERATOR_DONE};

	judge->audiences = json_array();
	judge->worst = FINDING_NOTE;
	judge->refused = false;
	judging.manager = simulation_new(store_dir_store(judge->dir), store_dir_objects(judge->dir), engine_crypto());
	if (judging.manager == NULL)
		return operator_fail(judge->options, OPERATOR_ENVIRONMENT, "no memory for a copy of the trust store");
	manager(&judging);
	if (judging.target != NULL)
		components(&judging);
	if (judging.target != NULL && judging.code == OPERATOR_DONE) {
		int code = plan_ages(judge, end_entity, &judging);

		if (judging.code == OPERATOR_DONE)
			judging.code = code;
	}
	if (judge->words != NULL)
		plan_words(judge->words, judge->audiences);
	simulation_free(judging.target);
	simulation_free(judging.manager);
	return judging.target == NULL && judging.code == OPERATOR_DONE ? OPERATOR_ENVIRONMENT : judging.code;
}
