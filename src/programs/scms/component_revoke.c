/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revoking a component: the entry that the CRL generator takes, and what follows for all others.
 *
 * The entry is revocations/NAME-HASHEDID10.json with the certificate beside it. Electors and roots are not revoked by
 * anybody but the electors: for them the proposal is named.
 */
#include "component.h"
#include "component_work.h"

#include "base/file.h"
#include "components/manager/fingerprint.h"
#include "dot2/profile.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (64u << 10)

enum { OPTION_REASON = 256, OPTION_STAGED, OPTION_YES, OPTION_CERTIFICATE };

struct revoke {
	struct operator_options options;
	const char *name, *reason, *certificate;
	bool staged, yes;
	json_t *lost, *rebuild, *consequences;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct revoke *revoke = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &revoke->options;
		break;
	case OPTION_REASON:
		revoke->reason = arg;
		break;
	case OPTION_STAGED:
		revoke->staged = true;
		break;
	case OPTION_CERTIFICATE:
		revoke->certificate = arg;
		break;
	case OPTION_YES:
		revoke->yes = true;
		break;
	case ARGP_KEY_ARG:
		if (revoke->name != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		revoke->name = arg;
		break;
	case ARGP_KEY_END:
		if (revoke->name == NULL)
			argp_error(state, "NAME is missing");
		if (revoke->certificate != NULL && revoke->staged)
			argp_error(state, "--staged is for a component of this workspace");
		if (revoke->reason == NULL || revoke->reason[0] == '\0')
			argp_error(state, "--reason TEXT is needed: it stands in the journal");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- what follows ---- */

/* Does the certificate stand under that one? */
static bool is_below(const struct home_identity *identity, const struct cert *above)
{
	for (size_t k = 0; k < identity->issuer_count; k++)
		if (memcmp(identity->issuer[k].hash256, above->hash256, 32) == 0)
			return true;
	return false;
}

/* What goes with it. */
struct gone {
	struct revoke *revoke;
	const struct cert *cert;
};

static int collect(void *ctx, struct work *work, struct home *home)
{
	const struct gone *gone = ctx;
	struct revoke *revoke = gone->revoke;
	const struct home_settings *settings = home_settings(home);
	const struct home_identity *active = home_identity(home, HOME_ACTIVE);
	char hash[160];

	if (active == NULL || memcmp(active->cert.hash256, gone->cert->hash256, 32) == 0)
		return OPERATOR_DONE;
	if (is_below(active, gone->cert))
		json_array_append_new(revoke->lost, json_pack("{s:s, s:s, s:s}", "name", settings->name, "role",
							      role_name(settings->role), "hash",
							      operator_hex(active->cert.hash256, 32, false, hash)));
	else if (settings->role == ROLE_RA && !workspace_is_revoked(&work->workspace, &active->cert))
		json_array_append_new(revoke->rebuild, json_string(settings->name));
	return OPERATOR_DONE;
}

static int collect_all(struct work *work, struct revoke *revoke, const struct cert *cert)
{
	struct gone gone = {revoke, cert};

	return work_each(work, collect, &gone);
}

/* What people must know and do, by role. Where no public text says it, it follows from the others. */
static const char *const consequences[ROLE_COUNT][6] = {
    [ROLE_ELECTOR] = {"its votes count nowhere any more; members that it helped to add stay",
		      "the PG strips its votes from the chain file; a root left with fewer votes than the quorum is "
		      "suspended: let another "
		      "elector endorse it first (scms motion extend)",
		      "add another elector, so that the next loss can be borne"},
    [ROLE_ROOT] =
	{"every certificate under it is invalid at once: components stop, and for end entities the SCMS is down",
	 "have a new root endorsed and all components' certificates under it staged before (scms component renew --all "
	 "--stage)",
	 "end entities need new enrolment certificates from authorised operators, then new policy, chain file and "
	 "certificates",
	 "the CRL is reset: entries without linkage values go"},
    [ROLE_ICA] = {"everybody stops trusting it and everything below it",
		  "end entities enrolled below it must enrol again, and request all their certificates anew"},
    [ROLE_ECA] =
	{"enrolment certificates from it are trusted no more; its end entities enrol again (certified method), then "
	 "request all anew",
	 "each DCM drops it, and is given another ECA",
	 "each RA takes it off its whitelist, stops pre-generating for its end entities and accepts them no more"},
    [ROLE_PCA] = {"pseudonym, identification and application certificates from it are trusted no more",
		  "each RA that used it is given another PCA, with keys shared with both LAs, and its end entities "
		  "request all certificates anew",
		  "the MA keeps its database: misbehaviour reports on its certificates still have to be resolved"},
    [ROLE_RA] =
	{"point its host name to the replacement: end entities check the TLS certificate against the X.509 root they "
	 "have",
	 "its end entities are served by no other RA until that is done; certificates that they hold stay valid",
	 "the MA is given the new RA, and ECA whitelist and blacklist are handed over"},
    [ROLE_LA] = {"each RA and PCA that used it is given another LA; the PCA agrees on a new key with it",
		 "linkage seeds of certificates issued with its values are known to it alone: keep its database for "
		 "the MA until they expire",
		 "CRL entries with its seeds stay as they are"},
    [ROLE_MA] = {"misbehaviour reports encrypted to it are lost: end entities are given the new MA's certificate with "
		 "the next chain file",
		 "RA, LA, PCA and CRLG take instructions only from the new MA"},
    [ROLE_CRLG] =
	{"only a CRL of series 256, signed by the root, can revoke it: make that with the root's key",
	 "the CRL store rebuilds the composite CRL from root ballots, root-signed CRLs, and those of other CRLGs",
	 "add another CRLG: nobody processes CRLs of this one any more, and what it listed stays listed"},
    [ROLE_PG] = {"until a policy of a new PG arrives, components and end entities fall back to their provisioned "
		 "defaults; quorum and removed "
		 "list stay",
		 "make a new PG and a new policy; each RA has its custom part countersigned by it",
		 "series 256: the root signs the CRL"},
    [ROLE_DCM] = {"ECAs take it off the list of DCMs that they serve, by its TLS certificate",
		  "devices are enrolled by other DCMs; enrolment certificates that came through it stay valid: whoever "
		  "doubts them has them revoked "
		  "(series 4)"},
};

static int write_entry(struct work *work, const struct revoke *revoke, const struct home_settings *settings,
		       const struct home_identity *identity, char *file, size_t size)
{
	const struct cert *cert = &identity->cert;
	const struct cert *root = &identity->issuer[identity->issuer_count - 1];
	const uint64_t end = validity_end(&cert->c.toBeSigned.validityPeriod) / TIME64_SECOND;
	char id10[160], hash[160], craca[160], name[HOME_TEXT_BYTES + 170], user[64], *text;
	struct workspace_file json_path, cert_path;
	struct file_error refused;
	json_t *entry;
	bool good;

	snprintf(name, sizeof(name), "%s-%s.coer", settings->name, operator_hex(cert_id10(cert), 10, false, id10));
	cert_path = workspace_file(&work->workspace, WORKSPACE_REVOCATIONS, name);
	snprintf(name, sizeof(name), "%s-%s.json", settings->name, id10);
	json_path = workspace_file(&work->workspace, WORKSPACE_REVOCATIONS, name);
	snprintf(file, size, "%s", json_path.text);
	entry = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:s, s:s, s:I}", "name", settings->name, "role",
			  role_name(settings->role), "hash", operator_hex(cert->hash256, 32, false, hash), "hashedId10",
			  id10, "series", (int)cert->c.toBeSigned.crlSeries, "craca",
			  operator_hex(cert_id8(root), 8, false, craca), "expiry",
			  (json_int_t)(end > UINT32_MAX ? UINT32_MAX : end), "reason", revoke->reason, "who",
			  journal_user(user), "time", (json_int_t)work->now);
	text = entry != NULL ? json_dumps(entry, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	json_decref(entry);
	if (text == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
	/* The certificate first: the entry is there when both are. */
	good = file_write(cert_path.text, 0644, identity->certificate, &refused) == FILE_OK &&
	       file_write(json_path.text, 0644, (struct scms_slice){(const uint8_t *)text, strlen(text)}, &refused) ==
		   FILE_OK;
	free(text);
	return good ? OPERATOR_DONE
		    : operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", json_path.text, refused.text);
}

static void say(const struct revoke *revoke, const struct home_settings *settings, const struct home_identity *identity,
		const char *file, const char *proposal)
{
	const json_t *entry;
	char hash[160], words[FINGERPRINT_WORDS_BYTES(32)];
	size_t k;

	printf("%s: %s\n  certificate %s\n  in words    %s\n", settings->name, role_title(settings->role),
	       operator_hex(identity->cert.hash256, 32, true, hash), fingerprint_words(identity->cert.hash256, 32, words));
	if (proposal != NULL)
		printf("Only the electors remove it: %s\n", proposal);
	else
		printf("Entry for the CRL of series %u: %s\n", identity->cert.c.toBeSigned.crlSeries, file);
	printf("\nThe next chain file (GCCF) is without:\n");
	if (proposal == NULL)
		printf("  %s\n", settings->name);
	json_array_foreach(revoke->lost, k, entry)
	{
		printf("  %s (%s), below it\n", json_string_value(json_object_get(entry, "name")),
		       json_string_value(json_object_get(entry, "role")));
	}
	if (json_array_size(revoke->rebuild) > 0)
		printf("RAs that rebuild their LCCF:\n");
	json_array_foreach(revoke->rebuild, k, entry)
	{
		printf("  %s\n", json_string_value(entry));
	}
	printf("What follows:\n");
	json_array_foreach(revoke->consequences, k, entry)
	{
		printf("  - %s\n", json_string_value(entry));
	}
}

/* The right certificate? Asked on a terminal; a script says --yes. */
static bool agreed(const struct revoke *revoke, const struct home_settings *settings,
		   const struct home_identity *identity)
{
	char typed[HOME_TEXT_BYTES], hash[160], words[FINGERPRINT_WORDS_BYTES(32)];

	if (revoke->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr, "%s, certificate\n  %s\n  %s\nCompare this over a second channel. Type its name to revoke it: ",
		settings->name, operator_hex(identity->cert.hash256, 32, true, hash),
		fingerprint_words(identity->cert.hash256, 32, words));
	return fgets(typed, sizeof(typed), stdin) != NULL && strcspn(typed, "\n") == strlen(settings->name) &&
	       strncmp(typed, settings->name, strlen(settings->name)) == 0;
}

static int revoke_identity(struct work *work, struct revoke *revoke, const struct home_settings *settings, const char *path,
			   const struct home_identity *identity)
{
	const bool voted = settings->role == ROLE_ELECTOR || settings->role == ROLE_ROOT;
	char file[2100] = "", proposal[3000] = "", hash[160], why[512];
	int code;

	if (voted)
		snprintf(proposal, sizeof(proposal),
			 "scms motion propose remove-%s %s/active/certificate.coer --reason '%s'",
			 role_name(settings->role), path, revoke->reason);
	else if (workspace_is_revoked(&work->workspace, &identity->cert))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: is revoked already", settings->name);
	if (!voted && work_is_expired(work, &identity->cert))
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: its certificate has expired; no CRL lists it", settings->name);
	if (!voted && !agreed(revoke, settings, identity))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: not revoked; say --yes to agree in a script",
				     settings->name);
	code = collect_all(work, revoke, &identity->cert);
	for (size_t k = 0; k < 6 && consequences[settings->role][k] != NULL; k++)
		json_array_append_new(revoke->consequences, json_string(consequences[settings->role][k]));
	if (code == OPERATOR_DONE && !voted)
		code = write_entry(work, revoke, settings, identity, file, sizeof(file));
	snprintf(why, sizeof(why), "%.100s %s: %.300s", settings->name,
		 operator_hex(identity->cert.hash256, 32, false, hash), revoke->reason);
	if (code == OPERATOR_DONE && !voted)
		code = work_journal(work, code, "component revoke", why, NULL, (struct scms_slice){NULL, 0});
	if (code != OPERATOR_DONE)
		return code;
	if (!work->options->json)
		say(revoke, settings, identity, file, voted ? proposal : NULL);
	operator_json(work->options,
		      json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:O, s:O}", "name", settings->name, "role",
				role_name(settings->role), "hash", hash, "entry", file, "proposal", proposal, "lost",
				revoke->lost, "rebuild", revoke->rebuild, "consequences", revoke->consequences));
	return OPERATOR_DONE;
}

/* ---- a component of another workspace ---- */

static bool is_root_here(struct work *work, const struct cert *root)
{
	char *name = cert_fits_root(root) ? work_holder(work, root) : NULL;
	bool found = name != NULL;

	free(name);
	return found;
}

/* The certificate and those above it, each the issuer of the one before, up to a root of this workspace: an answer of scms component issue. */
static bool read_answer(struct work *work, struct scms_slice bytes, struct home_identity *identity)
{
	const struct cert *below = &identity->cert;
	struct oer_list list;
	struct oer_iter it;
	struct scms_slice raw;

	if (oer_decode(&oer_SequenceOfCertificate, bytes, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK || list.count < 2 || list.count > CHAIN_MAX)
		return false;
	it = oer_iterate(&list);
	if (!oer_next_raw(&it, &identity->certificate) || cert_read(&identity->cert, identity->certificate, work->crypto, NULL) != OER_OK)
		return false;
	while (oer_next_raw(&it, &raw)) {
		struct cert *above = &identity->issuer[identity->issuer_count];
		const uint8_t *id = cert_issuer_id8(below);

		if (cert_read(above, raw, work->crypto, NULL) != OER_OK || id == NULL || memcmp(id, cert_id8(above), 8) != 0)
			return false;
		identity->issuer_count++;
		below = above;
	}
	return cert_is_self_issued(below) && is_root_here(work, below);
}

static bool is_called(const struct cert *cert, const char *name)
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;

	return id->choice == CertificateId_is_name && id->u.name.n == strlen(name) && memcmp(id->u.name.p, name, id->u.name.n) == 0;
}

/* What was issued here to another workspace. */
static int revoke_carried(struct work *work, struct revoke *revoke)
{
	struct home_identity *identity = calloc(1, sizeof(*identity));
	struct home_settings settings = {.role = ROLE_ELECTOR};
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	int code;

	if (identity == NULL)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
	if (!home_name_ok(revoke->name))
		code = operator_fail(work->options, OPERATOR_REFUSED, "'%s': no component can have this name", revoke->name);
	else if (file_read(revoke->certificate, ANSWER_BYTES_MAX, &bytes, &refused) != FILE_OK)
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", revoke->certificate, refused.text);
	else if (!read_answer(work, bytes, identity) || !role_of_certificate(&identity->cert, &settings.role))
		code = operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: expected an answer of scms component issue, of a component below a root of this workspace, found "
				     "something else",
				     revoke->certificate);
	else if (!is_called(&identity->cert, revoke->name))
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: is the certificate of another component, not of %s", revoke->certificate,
				     revoke->name);
	else {
		snprintf(settings.name, sizeof(settings.name), "%s", revoke->name);
		code = revoke_identity(work, revoke, &settings, "", identity);
	}
	free((void *)(uintptr_t)bytes.p);
	free(identity);
	return code;
}

/* ---- a component here ---- */

static int revoke_home(struct work *work, struct revoke *revoke)
{
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, revoke->name, &code);
	const struct home_identity *identity = home != NULL ? home_identity(home, revoke->staged ? HOME_STAGED : HOME_ACTIVE) : NULL;

	if (identity != NULL && identity->certificate.n > 0)
		code = revoke_identity(work, revoke, home_settings(home), home_path(home), identity);
	else if (home != NULL)
		code = operator_fail(&revoke->options, OPERATOR_REFUSED, "%s: has no such certificate", revoke->name);
	home_close(home);
	return code;
}

int component_revoke(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"reason", OPTION_REASON, "TEXT", 0, "Why; it stands in the entry and in the journal", 0},
	    {"staged", OPTION_STAGED, NULL, 0, "The staged certificate, not the active one", 0},
	    {"certificate", OPTION_CERTIFICATE, "FILE", 0,
	     "A component of another workspace, NAME as in its certificate, which is in this answer of scms component issue", 0},
	    {"yes", OPTION_YES, NULL, 0, "Do not ask: the certificate was compared", 0},
	    {0}};
	static const char doc[] = "Revoke a component's certificate: write the entry that the CRL generator takes "
				  "(scms crl), and say what follows.\v"
				  "Said are: the CRL series, what the next chain file loses, which RAs rebuild their "
				  "LCCF, and what people must do. For an elector "
				  "or a root nothing is written: the proposal to the electors is named.\n\n"
				  "Example:\n  scms component revoke pca1 --reason 'key stolen, ticket 17'\n\n"
				  "Exit code: 0 done, 1 refused, 2 usage, 3 files or another operator.";
	struct argp argp = {rows, parse_option, "NAME", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct revoke revoke = {.options = {.command = "component revoke"},
				.lost = json_array(),
				.rebuild = json_array(),
				.consequences = json_array()};
	struct work work;
	int code;

	operator_parse(&argp, argc, argv, "component revoke", &revoke);
	code = work_begin(&work, &revoke.options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		code = revoke.certificate != NULL ? revoke_carried(&work, &revoke) : revoke_home(&work, &revoke);
		work_end(&work);
	}
	json_decref(revoke.lost);
	json_decref(revoke.rebuild);
	json_decref(revoke.consequences);
	return code;
}
