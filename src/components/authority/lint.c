/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/lint.h"

#include "components/authority/lint_words.h"
#include "dot2/make.h"
#include "dot2/permissions.h"
#include "dot2/profile.h"
#include "dot2/region.h"
#include "dot2/validity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The certificate and what its profile would have made of it, both decoded. */
struct judged {
	const struct lint_question *question;
	const struct profile_row *row;
	const struct ToBeSignedCertificate *found;
	struct ToBeSignedCertificate expected;
	struct lint *lint;
};

static struct lint_finding *finding_new(struct judged *judged)
{
	struct lint *lint = judged->lint;

	if (lint->count == LINT_FINDINGS_MAX) {
		lint->more++;
		return &lint->finding[LINT_FINDINGS_MAX - 1];
	}
	return &lint->finding[lint->count++];
}

/* A finding on a field of the profile. */
static struct lint_finding *field_finding(struct judged *judged, const char *field)
{
	struct lint_finding *finding = finding_new(judged);

	*finding = (struct lint_finding){.expected = "", .found = ""};
	snprintf(finding->clause, sizeof(finding->clause), "%s.%s", judged->row->clause, field);
	return finding;
}

static void __attribute__((format(printf, 4, 5)))
field_wrong(struct judged *judged, const char *field, const char *expected, const char *found, ...)
{
	struct lint_finding *finding = field_finding(judged, field);
	va_list list;

	snprintf(finding->expected, sizeof(finding->expected), "%s", expected);
	va_start(list, found);
	vsnprintf(finding->found, sizeof(finding->found), found, list);
	va_end(list);
}

static void presence_wrong(struct judged *judged, const char *field, bool wanted)
{
	field_wrong(judged, field, wanted ? "present" : "absent", "%s", wanted ? "absent" : "present");
}

/* ---- the holder's name, time, region ---- */

static void lint_id(struct judged *judged)
{
	static const char *const wanted[] = {[ID_NAME] = "name of 1 to 255 bytes",
					     [ID_NO_NAME] = "name of 0 bytes",
					     [ID_ONE_BYTE] = "binaryId of 1 byte",
					     [ID_RIF] = "binaryId of 8 bytes (RIF)",
					     [ID_LINKAGE] = "linkageData"};
	const struct CertificateId *id = &judged->found->id;
	size_t n = id->choice == CertificateId_is_name       ? id->u.name.n
		   : id->choice == CertificateId_is_binaryId ? id->u.binaryId.n
							     : 0;
	enum profile_id kind = profile_id_at(judged->question->profile, judged->question->level);
	bool right;

	switch (kind) {
	case ID_NAME:
		right = id->choice == CertificateId_is_name && n > 0;
		break;
	case ID_NO_NAME:
		right = id->choice == CertificateId_is_name && n == 0;
		break;
	case ID_ONE_BYTE:
		right = id->choice == CertificateId_is_binaryId && n == 1;
		break;
	case ID_RIF:
		right = id->choice == CertificateId_is_binaryId && n == 8;
		break;
	default:
		right = id->choice == CertificateId_is_linkageData;
		break;
	}
	if (right)
		return;
	if (id->choice == CertificateId_is_name || id->choice == CertificateId_is_binaryId)
		field_wrong(judged, "id", wanted[kind], "%s of %zu bytes", lint_id_kind(id), n);
	else
		field_wrong(judged, "id", wanted[kind], "%s", lint_id_kind(id));
}

static bool duration_allowed(const struct judged *judged)
{
	const struct Duration *found = &judged->found->validityPeriod.duration;
	uint64_t micros = duration_micros(found), longest = 0;

	for (size_t k = 0; k < judged->row->duration[judged->question->level].count; k++) {
		uint64_t allowed = duration_micros(&judged->row->duration[judged->question->level].allowed[k]);

		if (allowed == micros)
			return true;
		longest = allowed > longest ? allowed : longest;
	}
	return judged->row->duration[judged->question->level].range && micros > 0 && micros <= longest;
}

static void lint_duration(struct judged *judged)
{
	const enum profile_level level = judged->question->level;
	struct lint_finding *finding;

	if (duration_allowed(judged))
		return;
	finding = field_finding(judged, "validityPeriod.duration");
	if (judged->row->duration[level].range)
		lint_append(finding->expected, "at most ");
	for (size_t k = 0; k < judged->row->duration[level].count; k++) {
		if (k > 0 && judged->row->duration[level].range)
			break;
		lint_append(finding->expected, k > 0 ? " or " : "");
		lint_duration_words(&judged->row->duration[level].allowed[k], finding->expected);
	}
	lint_append(finding->expected, " (%s)", profile_level_name(level));
	lint_duration_words(&judged->found->validityPeriod.duration, finding->found);
}

static bool same_encoding(const struct oer_type *type, const void *a, const void *b)
{
	uint8_t one[512], two[512];
	size_t n, m;

	return oer_encode(type, a, one, sizeof(one), &n) == OER_OK &&
	       oer_encode(type, b, two, sizeof(two), &m) == OER_OK && n == m && memcmp(one, two, n) == 0;
}

static void lint_region(struct judged *judged)
{
	const struct ToBeSignedCertificate *found = judged->found;

	if (found->has_region == judged->row->usa &&
	    (!found->has_region || same_encoding(&oer_GeographicRegion, &found->region, &judged->expected.region)))
		return;
	field_wrong(judged, "region", judged->row->usa ? "country 840 (USA)" : "absent", "%s",
		    found->has_region ? lint_region_words(&found->region) : "absent");
}

/* ---- permissions ---- */

/* The SSPs of PSID 0x100 list series; in which order is nobody's business. */
static bool same_crl_ssp(const struct scms_slice *a, const struct scms_slice *b)
{
	struct CrlSsp one, two;
	struct oer_iter it;
	uint16_t series;

	if (oer_decode(&oer_CrlSsp, *a, OER_DEPTH_DEFAULT, &one, NULL) != OER_OK ||
	    oer_decode(&oer_CrlSsp, *b, OER_DEPTH_DEFAULT, &two, NULL) != OER_OK ||
	    one.associatedCraca != two.associatedCraca || one.crls.count != two.crls.count)
		return false;
	it = oer_iterate(&one.crls);
	while (oer_next(&it, &series))
		if (!crl_ssp_lists(&two, series))
			return false;
	return true;
}

static bool same_app(const struct PsidSsp *a, const struct PsidSsp *b)
{
	return same_encoding(&oer_PsidSsp, a, b) || (a->psid == 0x100 && b->psid == 0x100 && a->has_ssp && b->has_ssp &&
						     a->ssp.choice == ServiceSpecificPermissions_is_opaque &&
						     b->ssp.choice == ServiceSpecificPermissions_is_opaque &&
						     same_crl_ssp(&a->ssp.u.opaque, &b->ssp.u.opaque));
}

static bool app_has(const struct oer_list *list, const struct PsidSsp *wanted)
{
	struct oer_iter it = oer_iterate(list);
	struct PsidSsp permission;

	while (oer_next(&it, &permission))
		if (same_app(&permission, wanted))
			return true;
	return false;
}

static void lint_app(struct judged *judged)
{
	const struct ToBeSignedCertificate *found = judged->found, *expected = &judged->expected;
	struct lint_finding *finding;
	struct PsidSsp permission;
	struct oer_iter it;
	bool right = found->has_appPermissions == expected->has_appPermissions;

	if (judged->row->any_app) {
		if (!right)
			presence_wrong(judged, "appPermissions", true);
		return;
	}
	if (right && found->has_appPermissions) {
		right = found->appPermissions.count == expected->appPermissions.count;
		it = oer_iterate(&expected->appPermissions);
		while (right && oer_next(&it, &permission))
			right = app_has(&found->appPermissions, &permission);
	}
	if (right)
		return;
	finding = field_finding(judged, "appPermissions");
	lint_app_words(expected->has_appPermissions ? &expected->appPermissions : NULL, finding->expected);
	lint_app_words(found->has_appPermissions ? &found->appPermissions : NULL, finding->found);
}

static bool ranges_find(const struct oer_list *list, uint64_t psid, struct PsidSspRange *range)
{
	struct oer_iter it = oer_iterate(list);

	while (oer_next(&it, range))
		if (range->psid == psid)
			return true;
	return false;
}

/* Each PSID that one list has and the other lacks, or has otherwise. */
static void lint_ranges(struct judged *judged, const char *field, const struct oer_list *expected,
			const struct oer_list *found)
{
	struct oer_iter it = oer_iterate(expected);
	struct PsidSspRange wanted, other;
	struct lint_finding *finding;

	while (oer_next(&it, &wanted)) {
		bool there = ranges_find(found, wanted.psid, &other);

		if (there && same_encoding(&oer_PsidSspRange, &wanted, &other))
			continue;
		finding = field_finding(judged, field);
		lint_range_words(&wanted, finding->expected);
		if (there)
			lint_range_words(&other, finding->found);
		else
			lint_append(finding->found, "absent");
	}
	it = oer_iterate(found);
	while (oer_next(&it, &other))
		if (!ranges_find(expected, other.psid, &wanted)) {
			finding = field_finding(judged, field);
			lint_append(finding->expected, "no PSID 0x%" PRIx64, other.psid);
			lint_range_words(&other, finding->found);
		}
}

static void lint_group(struct judged *judged, const char *field, unsigned k,
		       const struct PsidGroupPermissions *expected, const struct PsidGroupPermissions *found)
{
	bool same_kind = found->subjectPermissions.choice == expected->subjectPermissions.choice;
	char name[64];

	snprintf(name, sizeof(name), "%s[%u]", field, k);
	if (!same_kind || found->minChainLength != expected->minChainLength ||
	    found->chainLengthRange != expected->chainLengthRange || found->eeType != expected->eeType) {
		struct lint_finding *finding = field_finding(judged, name);

		lint_group_words(expected, finding->expected);
		lint_group_words(found, finding->found);
	}
	if (same_kind && found->subjectPermissions.choice == SubjectPermissions_is_explicit)
		lint_ranges(judged, name, &expected->subjectPermissions.u.explicit,
			    &found->subjectPermissions.u.explicit);
}

static void lint_groups(struct judged *judged, const char *field, bool has_expected, const struct oer_list *expected,
			bool has_found, const struct oer_list *found)
{
	struct PsidGroupPermissions wanted, there;
	struct oer_iter one, two;

	if (has_expected != has_found) {
		presence_wrong(judged, field, has_expected);
		return;
	}
	if (!has_expected)
		return;
	if (expected->count != found->count) {
		struct lint_finding *finding = field_finding(judged, field);

		lint_append(finding->expected, "%" PRIu32 " groups", expected->count);
		lint_append(finding->found, "%" PRIu32, found->count);
		return;
	}
	one = oer_iterate(expected);
	two = oer_iterate(found);
	for (unsigned k = 0; oer_next(&one, &wanted) && oer_next(&two, &there); k++)
		lint_group(judged, field, k, &wanted, &there);
}

/* ---- keys, type, issuer ---- */

static void lint_keys(struct judged *judged)
{
	const struct cert *cert = judged->question->cert;
	const struct scms_point point = cert_point(cert);
	const enum presence encryption = judged->row->encryption;
	struct curve_point to;

	if (cert_is_implicit(cert) != judged->row->implicit) {
		field_wrong(judged, "type", judged->row->implicit ? "implicit" : "explicit", "%s",
			    cert_is_implicit(cert) ? "implicit" : "explicit");
		return;
	}
	/* Electors may be on any of the four curves (trust rule B4): they outlast the others. */
	if (!judged->row->implicit && judged->question->profile != PROFILE_ELECTOR && point.curve != SCMS_NIST_P256)
		field_wrong(judged, "verifyKeyIndicator", "NIST P-256", "%s", curve_name(point.curve));
	if (point.form != SCMS_POINT_COMPRESSED_Y0 && point.form != SCMS_POINT_COMPRESSED_Y1)
		field_wrong(judged, "verifyKeyIndicator", "a compressed point", "%s", "another form");
	if (encryption != OPTIONAL && judged->found->has_encryptionKey != (encryption == PRESENT))
		presence_wrong(judged, "encryptionKey", encryption == PRESENT);
	if (judged->found->has_encryptionKey && !encryption_key_point(&judged->found->encryptionKey, &to))
		field_wrong(judged, "encryptionKey", "a point of its curve", "%s",
			    "no point, or a scheme unknown here");
}

static void lint_issuer_kind(struct judged *judged)
{
	static const uint8_t zero[3];
	const struct cert *cert = judged->question->cert;
	bool self = judged->row->issuers == 0, no_craca = memcmp(judged->found->cracaId, zero, 3) == 0;

	if (cert_is_self_issued(cert) != self)
		field_wrong(judged, "issuer", self ? "self" : "a certificate's HashedId8", "%s",
			    self ? "a certificate's HashedId8" : "self");
	if (no_craca != self)
		field_wrong(judged, "cracaId", self ? "000000" : "HashedId3 of the root", "%02x%02x%02x",
			    judged->found->cracaId[0], judged->found->cracaId[1], judged->found->cracaId[2]);
}

static void lint_fields(struct judged *judged)
{
	const struct ToBeSignedCertificate *found = judged->found, *expected = &judged->expected;

	lint_issuer_kind(judged);
	lint_id(judged);
	if (found->crlSeries != judged->row->series) {
		struct lint_finding *finding = field_finding(judged, "crlSeries");

		lint_append(finding->expected, "%u", judged->row->series);
		lint_append(finding->found, "%u", found->crlSeries);
	}
	lint_duration(judged);
	lint_region(judged);
	if (found->has_assuranceLevel)
		presence_wrong(judged, "assuranceLevel", false);
	lint_app(judged);
	lint_groups(judged, "certIssuePermissions", expected->has_certIssuePermissions, &expected->certIssuePermissions,
		    found->has_certIssuePermissions, &found->certIssuePermissions);
	if (!judged->row->any_request)
		lint_groups(judged, "certRequestPermissions", expected->has_certRequestPermissions,
			    &expected->certRequestPermissions, found->has_certRequestPermissions,
			    &found->certRequestPermissions);
	else if (!found->has_certRequestPermissions)
		presence_wrong(judged, "certRequestPermissions", true);
	if (found->has_canRequestRollover != judged->row->rollover)
		presence_wrong(judged, "canRequestRollover", judged->row->rollover);
	lint_keys(judged);
}

/* ---- what stands above it ---- */

static void chain_wrong(struct judged *judged, const char *clause, const char *expected, const char *found)
{
	struct lint_finding *finding = finding_new(judged);

	*finding = (struct lint_finding){.expected = "", .found = ""};
	snprintf(finding->clause, sizeof(finding->clause), "%s", clause);
	snprintf(finding->expected, sizeof(finding->expected), "%s", expected);
	snprintf(finding->found, sizeof(finding->found), "%s", found);
}

static void lint_signature(struct judged *judged, const struct cert *issuer)
{
	const struct cert *cert = judged->question->cert;
	const struct scms_crypto *crypto = judged->question->crypto;
	struct scms_verify_request request;
	uint8_t digest[48], verdict = SCMS_BAD;

	if (cert_is_implicit(cert)) /* there is none: it is the holder's signatures that tell */
		return;
	if (cert_signature_request(cert, issuer, crypto, digest, &request))
		crypto->verify(crypto->ctx, &request, 1, &verdict);
	if (verdict != SCMS_GOOD)
		chain_wrong(judged, issuer == NULL ? "C5.1 self-signature" : "IEEE 1609.2 signature",
			    issuer == NULL ? "a signature by its own key" : "a signature by its issuer",
			    verdict == SCMS_FAILED ? "the engine failed" : "another");
}

static void lint_issuer(struct judged *judged, const struct cert *issuer)
{
	const struct ValidityPeriod *inner = &judged->found->validityPeriod,
				    *outer = &issuer->c.toBeSigned.validityPeriod;
	const uint8_t *id8 = cert_issuer_id8(judged->question->cert);
	char expected[LINT_TEXT_BYTES] = "", found[LINT_TEXT_BYTES] = "";
	enum role role;

	if (id8 == NULL || memcmp(id8, cert_id8(issuer), 8) != 0)
		chain_wrong(judged, "IEEE 1609.2 issuer", "HashedId8 of the issuer given", "another");
	if (!role_of_certificate(issuer, &role) || !(judged->row->issuers & 1u << role)) {
		struct lint_finding *finding = field_finding(judged, "issuer");

		for (unsigned k = 0; k < ROLE_COUNT; k++)
			if (judged->row->issuers & 1u << k)
				lint_append(finding->expected, "%s%s", finding->expected[0] != '\0' ? " or " : "",
					    role_title((enum role)k));
		lint_append(finding->found, "%s",
			    role_of_certificate(issuer, &role) ? role_title(role) : "no component");
	}
	if (validity_start(inner) < validity_start(outer) || validity_end(inner) > validity_end(outer)) {
		lint_period_words(outer, expected);
		lint_period_words(inner, found);
		chain_wrong(judged, "IEEE 1609.2 validityPeriod within its issuer's", expected, found);
	}
	lint_signature(judged, issuer);
}

static void lint_chain(struct judged *judged)
{
	const struct lint_question *question = judged->question;
	const struct cert *root;

	if (question->issuer_count == 0) {
		if (judged->row->issuers == 0 && cert_is_self_issued(question->cert))
			lint_signature(judged, NULL);
		return;
	}
	lint_issuer(judged, question->issuers[0]);
	for (size_t k = 0; k < question->issuer_count; k++) {
		char expected[LINT_TEXT_BYTES] = "";

		lint_append(expected, "permissions that the certificate %zu above it may issue", k + 1);
		if (!permissions_allow(question->issuers[k], question->cert, (unsigned)k + 1))
			chain_wrong(judged, "G9 permissions", expected, "others");
		if (!region_allows(question->issuers[k], question->cert))
			chain_wrong(judged, "IEEE 1609.2 region within its issuers'", "within", "beyond");
	}
	root = question->issuers[question->issuer_count - 1];
	if (cert_is_self_issued(root) && memcmp(judged->found->cracaId, cert_id8(root) + 5, 3) != 0)
		field_wrong(judged, "cracaId", "HashedId3 of the root given", "%02x%02x%02x", judged->found->cracaId[0],
			    judged->found->cracaId[1], judged->found->cracaId[2]);
}

/* ---- */

/* The linkage authority's number is its own. */
static uint16_t la_id_of(const struct ToBeSignedCertificate *tbs)
{
	struct oer_iter it = oer_iterate(&tbs->appPermissions);
	struct PsidSsp permission;

	if (tbs->has_appPermissions && oer_next(&it, &permission) && permission.has_ssp &&
	    permission.ssp.choice == ServiceSpecificPermissions_is_opaque && permission.ssp.u.opaque.n == 5)
		return (uint16_t)(permission.ssp.u.opaque.p[3] << 8 | permission.ssp.u.opaque.p[4]);
	return 0;
}

bool lint_certificate(const struct lint_question *question, struct lint *lint)
{
	const struct ToBeSignedCertificate *found = &question->cert->c.toBeSigned;
	struct judged judged = {
	    .question = question, .row = profile_row(question->profile), .found = found, .lint = lint};
	struct profile_subject subject = {.start = found->validityPeriod.start, .la_id = la_id_of(found)};
	struct profile_room room;
	struct ToBeSignedCertificate wanted;
	struct bytes bytes = {NULL, 0};
	struct key_error err;

	*lint = (struct lint){.count = 0};
	/* Encoded and decoded again, so that what is compared has one form. */
	profile_terms(question->profile, question->level, &subject, &room, &wanted);
	wanted.id = found->id;
	wanted.verifyKeyIndicator = found->verifyKeyIndicator;
	if (make_bytes(&oer_ToBeSignedCertificate, &wanted, &bytes, &err) != KEY_OK ||
	    oer_decode(&oer_ToBeSignedCertificate, bytes_view(&bytes), OER_DEPTH_DEFAULT, &judged.expected, NULL) !=
		OER_OK) {
		chain_wrong(&judged, "lint", "memory", "none");
	} else {
		lint_fields(&judged);
		lint_chain(&judged);
	}
	bytes_free(&bytes);
	return lint->count == 0;
}

void lint_text(const struct lint_finding *finding, char *text, size_t size)
{
	snprintf(text, size, "%s: expected %s, found %s", finding->clause, finding->expected, finding->found);
}
