/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every certificate that the profile table makes lints, and chains as the trust library judges chains, at every level;
 * and each clause of a profile, broken alone, is found and named.
 */
#include "components/authority/lint.h"
#include "components/period.h"
#include "dot2/chain.h"
#include "dot2/issue.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"

#include <stdlib.h>

#define NOW ((scms_time64)(644112005u + 86400) * 1000000u)

struct holder {
	struct private_key *key, *decryption;
	struct bytes bytes;
	struct cert cert;
	const struct holder *issuer;
	enum profile profile;
};

static struct key_error err;
static enum profile_level level;
static struct holder elector, root, ica, holders[PROFILE_COUNT];

static const struct holder *issuer_of(enum profile profile)
{
	unsigned by = profile_row(profile)->issuers;

	if (by == 0)
		return NULL;
	if (by & 1u << ROLE_ROOT)
		return &root;
	return by & 1u << ROLE_ICA ? &ica : by & 1u << ROLE_ECA ? &holders[ROLE_ECA] : &holders[ROLE_PCA];
}

static void subject_begin(struct profile_subject *subject, const struct holder *holder)
{
	static const uint8_t value[9] = {1, 2, 3};
	const struct profile_row *row = profile_row(holder->profile);
	const struct holder *top = holder->issuer;

	*subject = (struct profile_subject){
	    .name = {(const uint8_t *)"rif-or-a", 8},
	    .linkage = {.iCert = 1, .linkage_value = value},
	    .start = profile_start(NOW, holder->issuer != NULL ? &holder->issuer->cert : NULL),
	    .la_id = 0x8e09,
	};
	while (top != NULL && top->issuer != NULL)
		top = top->issuer;
	if (top != NULL)
		memcpy(subject->craca_id, cert_id8(&top->cert) + 5, 3);
	if (!row->implicit)
		subject->verify = private_key_public(holder->key);
	if (row->encryption == PRESENT)
		subject->encrypt = private_key_public(holder->decryption);
}

static void holder_read(struct holder *holder)
{
	CHECK(cert_read(&holder->cert, bytes_view(&holder->bytes), &judge, NULL) == OER_OK, "%s",
	      profile_row(holder->profile)->name);
}

static void issue(struct holder *holder, const struct ToBeSignedCertificate *tbs)
{
	struct signer by = {.key = holder->key, .crypto = &judge};
	uint8_t r[SCALAR_BYTES];

	if (holder->issuer != NULL)
		by = (struct signer){.key = holder->issuer->key, .cert = &holder->issuer->cert, .crypto = &judge};
	if (!profile_row(holder->profile)->implicit)
		CHECK(cert_issue(tbs, &by, &holder->bytes, &err) == KEY_OK, "%s", err.text);
	else
		CHECK(cert_issue_implicit(tbs, private_key_public(holder->key), &by, &holder->bytes, r, &err) == KEY_OK,
		      "%s", err.text);
	holder_read(holder);
}

static void holder_make(struct holder *holder, enum profile profile)
{
	struct profile_subject subject;
	struct profile_room room;
	struct ToBeSignedCertificate tbs;

	*holder = (struct holder){.profile = profile, .issuer = issuer_of(profile)};
	CHECK(private_key_random(SCMS_NIST_P256, &holder->key, &err) == KEY_OK &&
		  private_key_random(SCMS_NIST_P256, &holder->decryption, &err) == KEY_OK,
	      "%s", err.text);
	subject_begin(&subject, holder);
	CHECK(profile_fill(profile, level, &subject, &room, &tbs, &err) == KEY_OK, "%s: %s", profile_row(profile)->name,
	      err.text);
	issue(holder, &tbs);
}

static void holder_free(struct holder *holder)
{
	private_key_free(holder->key);
	private_key_free(holder->decryption);
	bytes_free(&holder->bytes);
	*holder = (struct holder){.key = NULL};
}

static bool lint(const struct holder *holder, enum profile profile, struct lint *out)
{
	const struct cert *issuers[4];
	struct lint_question question = {
	    .cert = &holder->cert, .profile = profile, .level = level, .issuers = issuers, .crypto = &judge};

	for (const struct holder *above = holder->issuer; above != NULL; above = above->issuer)
		issuers[question.issuer_count++] = &above->cert;
	return lint_certificate(&question, out);
}

/* ---- chains ---- */

static bool find_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state)
{
	(void)ctx;
	*bytes = bytes_view(&root.bytes);
	*state = ROOT_IS_TRUSTED;
	return k == 0 && memcmp(id8, cert_id8(&root.cert), 8) == 0;
}

static bool find_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct holder *all[] = {&ica, &holders[ROLE_ECA], &holders[ROLE_PCA]};

	(void)ctx;
	for (size_t n = 0; n < 3; n++)
		if (all[n]->bytes.n > 0 && memcmp(id8, cert_id8(&all[n]->cert), 8) == 0) {
			*bytes = bytes_view(&all[n]->bytes);
			return k == 0;
		}
	return false;
}

static bool none_revoked(void *ctx, const struct cert *cert, const struct cert *top)
{
	(void)ctx, (void)cert, (void)top;
	return false;
}

static void chains(const struct holder *holder)
{
	static struct chain chain;
	const struct chain_source source = {.root = find_root, .candidate = find_candidate, .revoked = none_revoked};

	CHECK(cert_read(&chain.cert[0], bytes_view(&holder->bytes), &judge, NULL) == OER_OK, "read");
	CHECK(chain_judge(&chain, NOW, &source, &judge) == SCMS_VALID, "%s at %s: %d",
	      profile_row(holder->profile)->name, profile_level_name(level),
	      (int)chain_judge(&chain, NOW, &source, &judge));
}

static void everything_right(void)
{
	struct lint found;

	holder_make(&root, PROFILE_ROOT);
	holder_make(&ica, PROFILE_ICA);
	holder_make(&elector, PROFILE_ELECTOR);
	for (unsigned k = ROLE_ECA; k < PROFILE_COUNT; k++)
		holder_make(&holders[k], (enum profile)k);
	for (unsigned k = 0; k < PROFILE_COUNT; k++) {
		const struct holder *holder = k == PROFILE_ELECTOR ? &elector
					      : k == PROFILE_ROOT  ? &root
					      : k == PROFILE_ICA   ? &ica
								   : &holders[k];
		enum profile guessed = PROFILE_ELECTOR;
		char text[512] = "";
		bool clean = lint(holder, (enum profile)k, &found);

		if (!clean)
			lint_text(&found.finding[0], text, sizeof(text));
		CHECK(clean, "%s at %s: %s", profile_row((enum profile)k)->name, profile_level_name(level), text);
		CHECK(profile_of_certificate(&holder->cert, &guessed) && guessed == (enum profile)k, "%s taken for %s",
		      profile_row((enum profile)k)->name, profile_row(guessed)->name);
		if (k != PROFILE_ELECTOR)
			chains(holder);
	}
}

/* An ICA under the ICA, and what it issues. */
static void second_ica(void)
{
	struct holder first = ica, second = {.profile = PROFILE_ICA}, pca = {.profile = PROFILE_PCA};
	struct profile_subject subject;
	struct profile_room room;
	struct ToBeSignedCertificate tbs;
	struct lint found;

	CHECK(private_key_random(SCMS_NIST_P256, &second.key, &err) == KEY_OK, "%s", err.text);
	second.issuer = &first;
	subject_begin(&subject, &second);
	CHECK(profile_fill(PROFILE_ICA, level, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
	issue(&second, &tbs);
	CHECK(lint(&second, PROFILE_ICA, &found), "%s", found.finding[0].clause);
	CHECK(private_key_random(SCMS_NIST_P256, &pca.key, &err) == KEY_OK &&
		  private_key_random(SCMS_NIST_P256, &pca.decryption, &err) == KEY_OK,
	      "%s", err.text);
	pca.issuer = &second;
	subject_begin(&subject, &pca);
	CHECK(profile_fill(PROFILE_PCA, level, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
	issue(&pca, &tbs);
	CHECK(lint(&pca, PROFILE_PCA, &found), "%s", found.finding[0].clause);
	holder_free(&pca);
	holder_free(&second);
}

/* ---- one clause broken at a time ---- */

static const uint8_t assurance[1] = {0x20}, other_craca[3] = {9, 9, 9}, zero[3] = {0};
static const struct PsidSspRange bsm_only[] = {{.psid = 0x20}}, strange[] = {{.psid = 0x99}};
static const struct PsidGroupPermissions short_group[] = {
    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit, .u.explicit = {.items = bsm_only, .count = 1}},
     .minChainLength = 1,
     .eeType = EndEntityType_app}};
static const struct PsidGroupPermissions strange_group[] = {
    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit, .u.explicit = {.items = strange, .count = 1}},
     .minChainLength = 2,
     .eeType = EndEntityType_app}};
static const struct PsidSsp as_ra[] = {
    {.psid = 0x23,
     .has_ssp = true,
     .ssp = {.choice = ServiceSpecificPermissions_is_opaque, .u.opaque = {(const uint8_t *)"\x8b\x00\x01", 3}}}};

enum broken {
	SERIES,
	DURATION,
	DURATION_LONG,
	REGION,
	NO_REGION,
	ASSURANCE,
	APP,
	NO_APP,
	SHORT_GROUP,
	STRANGE_GROUP,
	NO_GROUPS,
	REQUESTS,
	ROLLOVER,
	ENCRYPTION,
	ID_KIND,
	CRACA,
	NO_CRACA,
	START,
};

static const struct {
	enum broken what;
	enum profile profile;
	const char *clause;
} cases[] = {
    {SERIES, PROFILE_PCA, "PcaCertificate.crlSeries"},
    {SERIES, PROFILE_MA, "MaCertificate.crlSeries"},
    {SERIES, PROFILE_OBE_PSEUDONYM, "ObePseudonymCertificate.crlSeries"},
    {DURATION, PROFILE_ECA, "EcaCertificate.validityPeriod.duration"},
    {DURATION, PROFILE_OBE_IDENTIFICATION, "ObeIdentificationCertificate.validityPeriod.duration"},
    {DURATION_LONG, PROFILE_ICA, "IEEE 1609.2 validityPeriod within its issuer's"},
    {REGION, PROFILE_RA, "RaCertificate.region"},
    {REGION, PROFILE_PG, "PgCertificate.region"},
    {NO_REGION, PROFILE_LA, "LaCertificate.region"},
    {ASSURANCE, PROFILE_DCM, "DcmCertificate.assuranceLevel"},
    {APP, PROFILE_CRLG, "CrlgCertificate.appPermissions"},
    {APP, PROFILE_MA, "MaCertificate.appPermissions"},
    {APP, PROFILE_ELECTOR, "ElectorCertificate.appPermissions"},
    {APP, PROFILE_OBE_ENROLMENT, "ObeEnrollmentCertificate.appPermissions"},
    {NO_APP, PROFILE_RSE_APPLICATION, "RseApplicationCertificate.appPermissions"},
    {SHORT_GROUP, PROFILE_PCA, "PcaCertificate.certIssuePermissions[0]"},
    {STRANGE_GROUP, PROFILE_ECA, "EcaCertificate.certIssuePermissions[0]"},
    {SHORT_GROUP, PROFILE_ICA, "IcaCertificate.certIssuePermissions"},
    {SHORT_GROUP, PROFILE_ELECTOR, "ElectorCertificate.certIssuePermissions"},
    {NO_GROUPS, PROFILE_ROOT, "RootCaCertificate.certIssuePermissions"},
    {REQUESTS, PROFILE_LA, "LaCertificate.certRequestPermissions"},
    {REQUESTS, PROFILE_RA, "RaCertificate.certRequestPermissions[0]"},
    {ROLLOVER, PROFILE_ROOT, "RootCaCertificate.canRequestRollover"},
    {ROLLOVER, PROFILE_PG, "PgCertificate.canRequestRollover"},
    {ENCRYPTION, PROFILE_CRLG, "CrlgCertificate.encryptionKey"},
    {ENCRYPTION, PROFILE_PCA, "PcaCertificate.encryptionKey"},
    {ID_KIND, PROFILE_ELECTOR, "ElectorCertificate.id"},
    {ID_KIND, PROFILE_ICA, "IcaCertificate.id"},
    {ID_KIND, PROFILE_RSE_ENROLMENT, "RseEnrollmentCertificate.id"},
    {CRACA, PROFILE_RA, "RaCertificate.cracaId"},
    {NO_CRACA, PROFILE_RA, "RaCertificate.cracaId"},
    {CRACA, PROFILE_ROOT, "RootCaCertificate.cracaId"},
    {START, PROFILE_MA, "IEEE 1609.2 validityPeriod within its issuer's"},
};

static void break_clause(enum broken what, struct ToBeSignedCertificate *tbs, const struct holder *holder)
{
	static const struct IdentifiedRegion canada = {.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 124};
	const struct oer_list one = {.items = short_group, .count = 1}, two = {.items = strange_group, .count = 1};

	switch (what) {
	case SERIES:
		tbs->crlSeries = 77;
		break;
	case DURATION:
		tbs->validityPeriod.duration = (struct Duration){.choice = Duration_is_hours, .u.hours = 777};
		break;
	case DURATION_LONG:
		tbs->validityPeriod.duration = (struct Duration){.choice = Duration_is_years, .u.years = 100};
		break;
	case REGION:
		tbs->has_region = true;
		tbs->region = (struct GeographicRegion){.choice = GeographicRegion_is_identifiedRegion,
							.u.identifiedRegion = {.items = &canada, .count = 1}};
		break;
	case NO_REGION:
		tbs->has_region = false;
		break;
	case ASSURANCE:
		tbs->has_assuranceLevel = true;
		tbs->assuranceLevel = assurance;
		break;
	case APP:
		tbs->has_appPermissions = true;
		tbs->appPermissions = (struct oer_list){.items = as_ra, .count = 1};
		break;
	case NO_APP:
		tbs->has_appPermissions = false;
		break;
	case SHORT_GROUP:
	case STRANGE_GROUP:
		tbs->has_certIssuePermissions = true;
		tbs->certIssuePermissions = what == SHORT_GROUP ? one : two;
		break;
	case NO_GROUPS:
		tbs->has_certIssuePermissions = false;
		break;
	case REQUESTS:
		tbs->has_certRequestPermissions = true;
		tbs->certRequestPermissions = one;
		break;
	case ROLLOVER:
		tbs->has_canRequestRollover = !tbs->has_canRequestRollover;
		break;
	case ENCRYPTION:
		tbs->has_encryptionKey = !tbs->has_encryptionKey;
		CHECK(point_to_encryption_key(private_key_public(holder->decryption), &tbs->encryptionKey), "key");
		break;
	case ID_KIND:
		tbs->id.choice =
		    tbs->id.choice == CertificateId_is_name ? CertificateId_is_binaryId : CertificateId_is_name;
		tbs->id.u.name = (struct scms_slice){(const uint8_t *)"xy", 2};
		break;
	case CRACA:
		tbs->cracaId = other_craca;
		break;
	case NO_CRACA:
		tbs->cracaId = zero;
		break;
	case START:
		tbs->validityPeriod.start -= 1;
		break;
	}
}

static bool lint_names(const struct lint *found, const char *clause)
{
	for (size_t k = 0; k < found->count; k++)
		if (strcmp(found->finding[k].clause, clause) == 0)
			return found->finding[k].expected[0] != '\0' && found->finding[k].found[0] != '\0';
	return false;
}

static void broken_clauses(void)
{
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct holder holder = {.profile = cases[k].profile, .issuer = issuer_of(cases[k].profile)};
		struct profile_subject subject;
		struct profile_room room;
		struct ToBeSignedCertificate tbs;
		struct lint found;

		CHECK(private_key_random(SCMS_NIST_P256, &holder.key, &err) == KEY_OK &&
			  private_key_random(SCMS_NIST_P256, &holder.decryption, &err) == KEY_OK,
		      "%s", err.text);
		subject_begin(&subject, &holder);
		CHECK(profile_fill(cases[k].profile, level, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
		break_clause(cases[k].what, &tbs, &holder);
		issue(&holder, &tbs);
		CHECK(!lint(&holder, cases[k].profile, &found), "%s: not found", cases[k].clause);
		CHECK(lint_names(&found, cases[k].clause), "%s: found %s instead", cases[k].clause,
		      found.finding[0].clause);
		holder_free(&holder);
	}
}

/* What only the chain shows. */
static void wrong_issuers(void)
{
	struct holder moved = holders[ROLE_PCA], turned = root;
	struct bytes changed = {malloc(root.bytes.n), root.bytes.n};
	struct lint found;

	moved.issuer = &root;
	CHECK(!lint(&moved, PROFILE_PCA, &found), "a PCA under a root");
	CHECK(lint_names(&found, "PcaCertificate.issuer") && lint_names(&found, "IEEE 1609.2 issuer") &&
		  lint_names(&found, "IEEE 1609.2 signature"),
	      "%s", found.finding[0].clause);
	moved = holders[PROFILE_OBE_PSEUDONYM];
	moved.issuer = &holders[ROLE_ECA];
	CHECK(!lint(&moved, PROFILE_OBE_PSEUDONYM, &found) && lint_names(&found, "G9 permissions"),
	      "a pseudonym by an ECA");
	CHECK(!lint(&holders[ROLE_RA], PROFILE_PCA, &found) && lint_names(&found, "PcaCertificate.appPermissions"),
	      "RA as PCA");
	CHECK(changed.p != NULL, "memory");
	memcpy(changed.p, root.bytes.p, root.bytes.n);
	changed.p[root.bytes.n - 1] ^= 1;
	turned.bytes = changed;
	holder_read(&turned);
	CHECK(!lint(&turned, PROFILE_ROOT, &found) && lint_names(&found, "C5.1 self-signature"),
	      "a changed self-signature");
	bytes_free(&changed);
}

/* Subjects that a profile cannot be filled for. */
static void fill_refuses(void)
{
	struct holder holder = {.profile = PROFILE_PCA, .issuer = &ica};
	const struct oer_list list = {.items = as_ra, .count = 1};
	struct profile_subject good, subject;
	struct profile_room room;
	struct ToBeSignedCertificate tbs;

	holder.key = holders[ROLE_PCA].key;
	holder.decryption = holders[ROLE_PCA].decryption;
	subject_begin(&good, &holder);
	subject = good;
	subject.name.n = 0;
	CHECK(profile_fill(PROFILE_PCA, level, &subject, &room, &tbs, &err) == KEY_VALUE &&
		  strstr(err.text, "host name"),
	      "%s", err.text);
	CHECK(profile_fill(PROFILE_ELECTOR, level, &subject, &room, &tbs, &err) == KEY_VALUE,
	      "an elector without name");
	CHECK(profile_fill(PROFILE_RSE_APPLICATION, level, &subject, &room, &tbs, &err) == KEY_VALUE &&
		  strstr(err.text, "RIF"),
	      "%s", err.text);
	subject = good;
	subject.encrypt = NULL;
	CHECK(profile_fill(PROFILE_PCA, level, &subject, &room, &tbs, &err) == KEY_VALUE &&
		  strstr(err.text, "encryption"),
	      "%s", err.text);
	CHECK(profile_fill(PROFILE_LA, level, &good, &room, &tbs, &err) == KEY_VALUE,
	      "an encryption key where there is none");
	subject = good;
	subject.verify = NULL;
	CHECK(profile_fill(PROFILE_PCA, level, &subject, &room, &tbs, &err) == KEY_VALUE &&
		  strstr(err.text, "verification"),
	      "%s", err.text);
	subject = good;
	subject.app = &list;
	CHECK(profile_fill(PROFILE_PCA, level, &subject, &room, &tbs, &err) == KEY_VALUE && strstr(err.text, "fixed"),
	      "%s", err.text);
	subject = good;
	subject.linkage.linkage_value = NULL;
	subject.encrypt = NULL;
	CHECK(profile_fill(PROFILE_OBE_PSEUDONYM, level, &subject, &room, &tbs, &err) == KEY_VALUE &&
		  strstr(err.text, "linkage"),
	      "%s", err.text);
}

static void starts(void)
{
	scms_time32 week = period_start(period_of((scms_time32)(NOW / 1000000)));

	CHECK(profile_start(NOW, NULL) == week, "with the i-period");
	CHECK(profile_start(5000000, NULL) == 5, "before the first i-period");
	CHECK(profile_start(NOW + (scms_time64)604800 * 1000000, &root.cert) == week + 604800, "later than its issuer");
	CHECK(profile_start(NOW - (scms_time64)604800 * 1000000, &root.cert) == week, "with its issuer");
}

int main(void)
{
	for (unsigned k = 0; k < PROFILE_LEVELS; k++) {
		level = (enum profile_level)k;
		everything_right();
		second_ica();
		broken_clauses();
		wrong_issuers();
		fill_refuses();
		starts();
		holder_free(&root);
		holder_free(&ica);
		holder_free(&elector);
		for (unsigned n = 0; n < PROFILE_COUNT; n++)
			holder_free(&holders[n]);
	}
	return check_done();
}
