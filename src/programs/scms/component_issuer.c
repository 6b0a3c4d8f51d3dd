/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who issues a certificate, and whether it may.
 */
#include "component_work.h"

#include "components/trustee.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool may_issue(const struct work *work, const struct home *home, enum profile profile, enum home_slot slot)
{
	const struct home_identity *identity = home_identity(home, slot);

	return (profile_row(profile)->issuers & 1u << home_settings(home)->role) && identity != NULL &&
	       identity->certificate.n > 0 && !work_is_expired(work, &identity->cert) &&
	       !workspace_is_revoked(&work->workspace, &identity->cert);
}

/*
 * The only component that may issue it, or, for an ICA, the only root; where there are more, or none, they are named. An ICA below an
 * ICA is asked for by name.
 */
static char *only_issuer(struct work *work, enum profile profile, enum home_slot slot, int *code)
{
	char candidates[512] = "", *found = NULL, **names;
	size_t count, n = 0, roots = 0;

	*code = OPERATOR_DONE;
	if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count)) {
		*code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: cannot be read", work->workspace.path);
		return NULL;
	}
	for (size_t k = 0; *code == OPERATOR_DONE && k < count; k++) {
		struct home *home = work_home(work, names[k], code);

		if (home != NULL && may_issue(work, home, profile, slot)) {
			size_t used = strlen(candidates);
			bool root = home_settings(home)->role == ROLE_ROOT;

			snprintf(candidates + used, sizeof(candidates) - used, "%s%s", n > 0 ? ", " : "", names[k]);
			if (root || roots == 0) {
				free(found);
				found = strdup(names[k]);
			}
			roots += root;
			n++;
		}
		home_close(home);
	}
	workspace_names_free(names, count);
	if (*code == OPERATOR_DONE && n != 1 && roots != 1)
		*code = n == 0 ? operator_fail(work->options, OPERATOR_REFUSED,
					       "%s: no component here may issue it; create its issuer first, or ask "
					       "another workspace (--request)",
					       profile_row(profile)->clause)
			       : operator_fail(work->options, OPERATOR_REFUSED,
					       "%s: several may issue it: name one with --issuer: %s",
					       profile_row(profile)->clause, candidates);
	if (*code == OPERATOR_DONE)
		return found;
	free(found);
	return NULL;
}

static int check_issuer(struct work *work, enum profile profile, const struct work_issuer *issuer)
{
	const struct home_settings *settings = home_settings(issuer->home);
	char text[TIME_TEXT_BYTES];

	if (!(profile_row(profile)->issuers & 1u << settings->role))
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s.issuer: %s is a component of role %s, which does not issue it",
				     profile_row(profile)->clause, settings->name, role_name(settings->role));
	if (issuer->identity == NULL || issuer->identity->certificate.n == 0)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: has no certificate yet to issue with",
				     settings->name);
	if (workspace_is_revoked(&work->workspace, &issuer->identity->cert))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: is revoked, and issues no more",
				     settings->name);
	if (work_is_expired(work, &issuer->identity->cert))
		return operator_fail(
		    work->options, OPERATOR_REFUSED, "%s: its certificate expired at %s", settings->name,
		    operator_time(validity_end(&issuer->identity->cert.c.toBeSigned.validityPeriod), text));
	return OPERATOR_DONE;
}

/* Rule D6.2: what its own trust store says of it. A component that has none yet is being founded. */
static int check_standing(struct work *work, const struct work_issuer *issuer)
{
	struct store_dir_error err;
	struct trustee *trustee;
	enum scms_reason reason;
	char path[2300];

	snprintf(path, sizeof(path), "%s/store", home_path(issuer->home));
	if (access(path, F_OK) != 0)
		return OPERATOR_DONE;
	trustee = trustee_open(path, work->crypto, &err);
	if (trustee == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s", err.text);
	reason = trustee_check(trustee, issuer->identity->certificate, work->now);
	trustee_close(trustee);
	if (reason == SCMS_VALID)
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_REFUSED,
			     "%s: must not issue (rule D6.2): its own trust store says %s: %s. If that is out of date, "
			     "bring it the update "
			     "first: scms update apply",
			     home_settings(issuer->home)->name, scms_reason_name(reason), scms_reason_text(reason));
}

/* The issuer and those above it, as the holder keeps them. */
static bool chain_encode(struct work_issuer *issuer)
{
	struct Certificate items[CHAIN_MAX];
	struct oer_list list = {.items = items};
	struct key_error err;
	struct bytes out;

	items[list.count++] = issuer->identity->cert.c;
	for (size_t k = 0; k < issuer->identity->issuer_count && list.count < CHAIN_MAX; k++)
		items[list.count++] = issuer->identity->issuer[k].c;
	if (make_bytes(&oer_SequenceOfCertificate, &list, &out, &err) != KEY_OK)
		return false;
	issuer->chain = bytes_view(&out);
	return true;
}

int work_issuer_open(struct work *work, enum profile profile, const char *name, enum home_slot slot,
		     struct work_issuer *issuer)
{
	int code = OPERATOR_DONE;
	struct home_error err;
	char *found = NULL;

	*issuer = (struct work_issuer){.home = NULL};
	if (name == NULL)
		name = found = only_issuer(work, profile, slot, &code);
	if (code != OPERATOR_DONE)
		return code;
	issuer->home = work_home(work, name, &code);
	free(found);
	if (issuer->home == NULL)
		return code;
	issuer->identity = home_identity(issuer->home, slot);
	code = check_issuer(work, profile, issuer);
	/* What is staged is not in its store yet. */
	if (code == OPERATOR_DONE && slot == HOME_ACTIVE)
		code = check_standing(work, issuer);
	if (code == OPERATOR_DONE && home_key(issuer->home, slot, KEY_SIGN, &issuer->key, &err) != HOME_OK)
		code = operator_home_failed(work->options, &err);
	if (code == OPERATOR_DONE && !chain_encode(issuer))
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
	if (code == OPERATOR_DONE)
		issuer->by = (struct component_issuer){.level = work->workspace.settings.level,
						       .crypto = work->crypto,
						       .key = issuer->key,
						       .cert = &issuer->identity->cert,
						       .above = issuer->identity->issuer,
						       .above_count = issuer->identity->issuer_count};
	return code;
}

void work_issuer_close(struct work_issuer *issuer)
{
	struct bytes chain = {(uint8_t *)(uintptr_t)issuer->chain.p, issuer->chain.n};

	bytes_free(&chain);
	private_key_free(issuer->key);
	home_close(issuer->home);
	*issuer = (struct work_issuer){.home = NULL};
}
