/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dot2/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dot2/judge.h"

#define BYTES(...)                                                                                                     \
	{                                                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                                 \
	}
#define OPAQUE(...)                                                                                                    \
	{                                                                                                              \
		.choice = ServiceSpecificPermissions_is_opaque, .u.opaque = BYTES(__VA_ARGS__)                         \
	}
#define LIST(array, type)                                                                                              \
	{                                                                                                              \
		.items = (array), .count = sizeof(array) / sizeof(*(array)), .element = &(type)                        \
	}

static const uint8_t zero[3];

static const struct PsidSsp root_permissions[] = {
    {.psid = 0x23, .has_ssp = true, .ssp = OPAQUE(0x81, 0x00, 0x01)},
    {.psid = 0x100, .has_ssp = true, .ssp = OPAQUE(0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x00)},
};
static const struct PsidSsp ica_permissions[] = {{.psid = 0x23, .has_ssp = true, .ssp = OPAQUE(0x83, 0x00, 0x01)}};
static const struct PsidSsp pca_permissions[] = {{.psid = 0x23, .has_ssp = true, .ssp = OPAQUE(0x85, 0x00, 0x01)}};
static const struct PsidSsp device_permissions[] = {{.psid = 0x20}};

static const struct PsidSspRange managed[] = {{.psid = 0x23}, {.psid = 0x26}, {.psid = 0x100}};
static const struct PsidSspRange ica_managed[] = {{.psid = 0x23}, {.psid = 0x26}};
static const struct PsidSspRange safety[] = {{.psid = 0x20}};

static const struct PsidGroupPermissions root_issues[] = {
    {.subjectPermissions = {.choice = SubjectPermissions_is_all},
     .minChainLength = 3,
     .chainLengthRange = -1,
     .eeType = 0xc0},
    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit, .u.explicit = LIST(managed, oer_PsidSspRange)},
     .minChainLength = 1,
     .chainLengthRange = -1,
     .eeType = 0xc0},
};
static const struct PsidGroupPermissions ica_issues[] = {
    {.subjectPermissions = {.choice = SubjectPermissions_is_all},
     .minChainLength = 2,
     .chainLengthRange = 0,
     .eeType = 0xc0},
    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit,
			    .u.explicit = LIST(ica_managed, oer_PsidSspRange)},
     .minChainLength = 1,
     .chainLengthRange = -1,
     .eeType = 0xc0},
};
static const struct PsidGroupPermissions pca_issues[] = {
    {.subjectPermissions = {.choice = SubjectPermissions_is_explicit, .u.explicit = LIST(safety, oer_PsidSspRange)},
     .minChainLength = 1,
     .chainLengthRange = 0,
     .eeType = 0x80},
};
static const struct IdentifiedRegion usa[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 840}};

static void tbs_begin(struct ToBeSignedCertificate *tbs, const char *name, uint16_t series, uint16_t years)
{
	*tbs = (struct ToBeSignedCertificate){
	    .id = {.choice = CertificateId_is_name, .u.name = {(const uint8_t *)name, strlen(name)}},
	    .cracaId = zero,
	    .crlSeries = series,
	    .validityPeriod = {.start = PEOPLE_START, .duration = {.choice = Duration_is_years, .u.years = years}},
	    .has_appPermissions = true,
	};
}

void tbs_root(struct ToBeSignedCertificate *tbs, const char *name)
{
	tbs_begin(tbs, name, 0, 17);
	tbs->appPermissions = (struct oer_list)LIST(root_permissions, oer_PsidSsp);
	tbs->has_certIssuePermissions = true;
	tbs->certIssuePermissions = (struct oer_list)LIST(root_issues, oer_PsidGroupPermissions);
}

static void tbs_usa(struct ToBeSignedCertificate *tbs)
{
	tbs->has_region = true;
	tbs->region.choice = GeographicRegion_is_identifiedRegion;
	tbs->region.u.identifiedRegion = (struct oer_list)LIST(usa, oer_IdentifiedRegion);
}

void tbs_ica(struct ToBeSignedCertificate *tbs, const char *name)
{
	tbs_begin(tbs, name, 2, 13);
	tbs_usa(tbs);
	tbs->appPermissions = (struct oer_list)LIST(ica_permissions, oer_PsidSsp);
	tbs->has_certIssuePermissions = true;
	tbs->certIssuePermissions = (struct oer_list)LIST(ica_issues, oer_PsidGroupPermissions);
	tbs->has_canRequestRollover = true;
}

void tbs_pca(struct ToBeSignedCertificate *tbs, const char *name)
{
	tbs_begin(tbs, name, 2, 4);
	tbs_usa(tbs);
	tbs->appPermissions = (struct oer_list)LIST(pca_permissions, oer_PsidSsp);
	tbs->has_certIssuePermissions = true;
	tbs->certIssuePermissions = (struct oer_list)LIST(pca_issues, oer_PsidGroupPermissions);
	tbs->has_canRequestRollover = true;
}

void tbs_device(struct ToBeSignedCertificate *tbs, const char *name)
{
	tbs_begin(tbs, name, 1, 1);
	tbs->validityPeriod.duration = (struct Duration){.choice = Duration_is_hours, .u.hours = 169};
	tbs_usa(tbs);
	tbs->appPermissions = (struct oer_list)LIST(device_permissions, oer_PsidSsp);
}

struct signer person_signer(const struct person *person, bool attach)
{
	return (struct signer){.key = person->key, .cert = &person->cert, .crypto = &judge, .attach = attach};
}

static void must(bool ok, const char *what, const struct key_error *err)
{
	if (ok)
		return;
	fprintf(stderr, "people: %s: %s\n", what, err->text);
	exit(1);
}

static void person_read(struct person *person, struct key_error *err)
{
	struct oer_error refused;

	if (cert_read(&person->cert, bytes_view(&person->bytes), &judge, &refused) != OER_OK)
		must(key_fail(err, KEY_VALUE, "%s: %s, not %s", refused.path, refused.found, refused.expected) ==
			 KEY_OK,
		     "certificate", err);
}

void person_make(struct person *person, const struct ToBeSignedCertificate *tbs, enum scms_curve curve,
		 const struct person *issuer, bool with_encryption_key)
{
	struct ToBeSignedCertificate with_keys = *tbs;
	struct key_error err = {.status = KEY_OK};
	struct signer by = {.crypto = &judge};

	memset(person, 0, sizeof(*person));
	must(private_key_random(curve, &person->key, &err) == KEY_OK, "key", &err);
	if (with_encryption_key) {
		must(private_key_random(SCMS_NIST_P256, &person->decryption, &err) == KEY_OK, "key", &err);
		with_keys.has_encryptionKey = true;
		must(point_to_encryption_key(private_key_public(person->decryption), &with_keys.encryptionKey),
		     "encryption key", &err);
	}
	with_keys.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	point_to_verification_key(private_key_public(person->key), &with_keys.verifyKeyIndicator.u.verificationKey);
	if (issuer)
		by = person_signer(issuer, false);
	else
		by.key = person->key;
	must(cert_issue(&with_keys, &by, &person->bytes, &err) == KEY_OK, "issue", &err);
	person_read(person, &err);
}

void person_make_implicit(struct person *person, const struct ToBeSignedCertificate *tbs, const struct person *issuer)
{
	struct key_error err = {.status = KEY_OK};
	struct signer by = person_signer(issuer, false);
	struct private_key *request = NULL;
	uint8_t r[SCALAR_BYTES];

	memset(person, 0, sizeof(*person));
	must(private_key_random(private_key_public(issuer->key)->curve, &request, &err) == KEY_OK, "key", &err);
	must(cert_issue_implicit(tbs, private_key_public(request), &by, &person->bytes, r, &err) == KEY_OK, "issue",
	     &err);
	person_read(person, &err);
	must(cert_accept_implicit(&person->cert, &issuer->cert, request, r, &judge, &person->key, &err) == KEY_OK,
	     "accept", &err);
	private_key_free(request);
}

void person_free(struct person *person)
{
	private_key_free(person->key);
	private_key_free(person->decryption);
	bytes_free(&person->bytes);
}
