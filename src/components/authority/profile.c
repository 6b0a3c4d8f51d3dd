/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/profile.h"

#include "components/period.h"
#include "dot2/make.h"
#include "dot2/validity.h"

#include <string.h>

#define BYTES(...) {(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})}
#define SSP(...) .has_ssp = true, .ssp = {.choice = ServiceSpecificPermissions_is_opaque, .u.opaque = BYTES(__VA_ARGS__)}
#define LIST(array) {.items = (array), .count = sizeof(array) / sizeof(*(array))}
#define EXPLICIT(array) {.choice = SubjectPermissions_is_explicit, .u.explicit = LIST(array)}
#define ALL_PSIDS {.choice = SubjectPermissions_is_all}
#define APP_AND_ENROL (EndEntityType_app | EndEntityType_enrol)

/* ---- SSPs and appPermissions ---- */

#define EMPTY_SSP                                                                                                      \
	.has_ssp = true, .ssp = {.choice = ServiceSpecificPermissions_is_opaque, .u.opaque = {(const uint8_t *)"", 0}}
#define MANAGEMENT(role) {.psid = 0x23, SSP((role), 0x00, 0x01)}

static const struct PsidSsp app_elector[] = {MANAGEMENT(0x80)};
static const struct PsidSsp app_root[] = {
    MANAGEMENT(0x81), {.psid = 0x100, SSP(0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x00)}};
static const struct PsidSsp app_pg[] = {MANAGEMENT(0x82)};
static const struct PsidSsp app_ica[] = {MANAGEMENT(0x83)};
static const struct PsidSsp app_eca[] = {MANAGEMENT(0x84)};
static const struct PsidSsp app_pca[] = {MANAGEMENT(0x85)};
static const struct PsidSsp app_crlg[] = {
    MANAGEMENT(0x86),
    {.psid = 0x100, SSP(0x00, 0x01, 0x01, 0x01, 0x04, 0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x04)}};
static const struct PsidSsp app_dcm[] = {MANAGEMENT(0x87)};
static const struct PsidSsp app_la[] = {{.psid = 0x23, SSP(0x88, 0x00, 0x01, 0x00, 0x00)}};
static const struct PsidSsp app_ma[] = {{.psid = 0x23}};
static const struct PsidSsp app_ra[] = {MANAGEMENT(0x8b)};
static const struct PsidSsp app_pseudonym[] = {{.psid = 0x20, EMPTY_SSP}, {.psid = 0x26, EMPTY_SSP}};
/* Where the SCMS Manager says which, these are what it says unless it says otherwise. */
static const struct PsidSsp app_identification[] = {{.psid = 0x4082}};
static const struct PsidSsp app_application[] = {{.psid = 0x82, SSP(0x90, 0x01)}, {.psid = 0x83}};

/* ---- PSIDs that may be issued and requested ---- */

static const struct scms_slice empty_ssp[] = {{(const uint8_t *)"", 0}};
static const struct scms_slice intersection_ssp[] = {BYTES(0x90, 0x01), BYTES(0x90, 0xff, 0xff, 0x01),
						     BYTES(0x90, 0xff, 0xff, 0x02), BYTES(0x90, 0xff, 0xff, 0x03),
						     BYTES(0x90, 0xff, 0xff, 0x04)};
#define OPAQUE_RANGE(array)                                                                                            \
	.has_sspRange = true, .sspRange = {.choice = SspRange_is_opaque, .u.opaque = LIST(array)}

/* CAMP's 26: safety, misbehaviour reports, road users, roadside services, and the pilots' own. */
#define BSM {.psid = 0x20, OPAQUE_RANGE(empty_ssp)}
#define ROADSIDE                                                                                                       \
	{.psid = 0x26}, {.psid = 0x27}, {.psid = 0x80}, {.psid = 0x81}, {.psid = 0x82, OPAQUE_RANGE(intersection_ssp)}, \
	    {.psid = 0x83}, {.psid = 0x87, OPAQUE_RANGE(empty_ssp)}
#define SERVICES                                                                                                       \
	{.psid = 0x4082}, {.psid = 0x204083}, {.psid = 0x204088}, {.psid = 0x204089}, {.psid = 0x20408a},              \
	    {.psid = 0x20408b}, {.psid = 0x20408c}, {.psid = 0x20408d}, {.psid = 0x20408e}, {.psid = 0x20408f},        \
	    {.psid = 0x204090}, {.psid = 0x204091}, {.psid = 0x204092}, {.psid = 0x204093}, {.psid = 0x204094},        \
	    {.psid = 0x204095}, {.psid = 0x204096}, {.psid = 0x204097}

static const struct PsidSspRange published[] = {BSM, ROADSIDE, SERVICES};
/* The same with security management, for what an ICA issues to components. */
static const struct PsidSspRange published_and_managed[] = {BSM, {.psid = 0x23}, ROADSIDE, SERVICES};
static const struct PsidSspRange managed[] = {{.psid = 0x23}};
static const struct PsidSspRange reports[] = {{.psid = 0x26}};
static const struct PsidSspRange crls[] = {{.psid = 0x100}};
static const struct PsidSspRange dcm_enrols[] = {BSM, {.psid = 0x26}};
static const struct PsidSspRange obe_requests[] = {BSM, {.psid = 0x26, OPAQUE_RANGE(empty_ssp)}};
static const struct PsidSspRange rse_requests[] = {
    {.psid = 0x80}, {.psid = 0x81}, {.psid = 0x82, OPAQUE_RANGE(intersection_ssp)}, {.psid = 0x83},
    {.psid = 0x87, OPAQUE_RANGE(empty_ssp)}};

#define GROUP(permissions, min, range, type)                                                                           \
	{.subjectPermissions = permissions, .minChainLength = (min), .chainLengthRange = (range), .eeType = (type)}

static const struct PsidGroupPermissions root_issues[] = {
    GROUP(ALL_PSIDS, 3, -1, APP_AND_ENROL),
    GROUP(EXPLICIT(managed), 1, -1, APP_AND_ENROL),
    GROUP(EXPLICIT(reports), 1, -1, APP_AND_ENROL),
    GROUP(EXPLICIT(crls), 1, -1, APP_AND_ENROL),
};
static const struct PsidGroupPermissions ica_issues[] = {
    GROUP(ALL_PSIDS, 2, 0, APP_AND_ENROL),
    GROUP(EXPLICIT(published_and_managed), 1, -1, APP_AND_ENROL),
};
static const struct PsidGroupPermissions eca_issues[] = {GROUP(EXPLICIT(published), 1, 0, EndEntityType_enrol)};
static const struct PsidGroupPermissions pca_issues[] = {GROUP(EXPLICIT(published), 1, 0, EndEntityType_app)};
static const struct PsidGroupPermissions ra_asks[] = {GROUP(EXPLICIT(published), 0, 0, EndEntityType_app)};
static const struct PsidGroupPermissions dcm_asks[] = {GROUP(EXPLICIT(dcm_enrols), 0, 0, EndEntityType_enrol)};
static const struct PsidGroupPermissions obe_asks[] = {GROUP(EXPLICIT(obe_requests), 0, 0, EndEntityType_app)};
static const struct PsidGroupPermissions rse_asks[] = {GROUP(EXPLICIT(rse_requests), 0, 0, EndEntityType_app)};

/* ---- the table ---- */

#define YEARS(n) {.choice = Duration_is_years, .u.years = (n)}
#define HOURS(n) {.choice = Duration_is_hours, .u.hours = (n)}
#define SIXTY_HOURS(n) {.choice = Duration_is_sixtyHours, .u.sixtyHours = (n)}
#define ONE(d) {.allowed = {d}, .count = 1}
#define COUNT_OF(...) (sizeof((const struct Duration[]){__VA_ARGS__}) / sizeof(struct Duration))
#define OF(...) {.allowed = {__VA_ARGS__}, .count = COUNT_OF(__VA_ARGS__)}
#define UP_TO(d) {.allowed = {d}, .count = 1, .range = true}
#define APP(array) .app = LIST(array)
#define ISSUES(array) .issue = LIST(array)
#define ASKS(array) .request = LIST(array)
#define BY(role) (1u << (role))

#define SERIES_PSEUDONYM 1
#define SERIES_COMPONENT 2
#define SERIES_NO_PSEUDONYM 3
#define SERIES_ENROLMENT 4
#define SERIES_SPECIAL 256

/* RA, LA and DCM live equally long, and so do MA, CRLG and PG. */
#define THREE_YEARS                                                                                                    \
	.duration = {ONE(HOURS(26448)), ONE(HOURS(17688)), OF(HOURS(26472), HOURS(26448), HOURS(12456)),              \
		     ONE(HOURS(26448))}
#define FOUR_YEARS .duration = {ONE(HOURS(35208)), ONE(HOURS(17688)), ONE(HOURS(17688)), ONE(HOURS(26448))}

static const struct profile_row rows[PROFILE_COUNT] = {
    [PROFILE_ELECTOR] = {.name = "elector", .clause = "ElectorCertificate", .id = ID_ONE_BYTE, APP(app_elector),
			 .duration = {ONE(YEARS(12)), ONE(YEARS(6)), ONE(YEARS(6)), ONE(YEARS(60))}},
    [PROFILE_ROOT] = {.name = "root", .clause = "RootCaCertificate", .id = ID_NAME, APP(app_root), ISSUES(root_issues),
		      .duration = {ONE(YEARS(17)), ONE(YEARS(9)), ONE(YEARS(70)), ONE(YEARS(70))}},
    [PROFILE_ICA] = {.name = "ica", .clause = "IcaCertificate", .issuers = BY(ROLE_ROOT) | BY(ROLE_ICA), .id = ID_NAME,
		     .series = SERIES_COMPONENT, .usa = true, .rollover = true, APP(app_ica), ISSUES(ica_issues),
		     .duration = {ONE(YEARS(13)), ONE(YEARS(5)), ONE(SIXTY_HOURS(1169)), OF(YEARS(50), YEARS(11))}},
    [PROFILE_ECA] = {.name = "eca", .clause = "EcaCertificate", .issuers = BY(ROLE_ICA), .id = ID_NAME,
		     .series = SERIES_COMPONENT, .usa = true, .encryption = PRESENT, .rollover = true, APP(app_eca),
		     ISSUES(eca_issues),
		     .duration = {ONE(YEARS(11)), ONE(YEARS(3)), OF(SIXTY_HOURS(1084), HOURS(38736)),
				  OF(YEARS(40), YEARS(7))}},
    [PROFILE_PCA] = {.name = "pca", .clause = "PcaCertificate", .issuers = BY(ROLE_ICA), .id = ID_NAME,
		     .series = SERIES_COMPONENT, .usa = true, .encryption = PRESENT, .rollover = true, APP(app_pca),
		     ISSUES(pca_issues),
		     .duration = {ONE(YEARS(4)), ONE(HOURS(13140)),
				  {.allowed = {HOURS(35281), HOURS(3723)}, .count = 2, .range = true},
				  ONE(YEARS(4))}},
    [PROFILE_RA] = {.name = "ra", .clause = "RaCertificate", .issuers = BY(ROLE_ICA), .id = ID_NAME,
		    .series = SERIES_COMPONENT, .usa = true, .encryption = PRESENT, .rollover = true, APP(app_ra),
		    ASKS(ra_asks), THREE_YEARS},
    [PROFILE_LA] = {.name = "la", .clause = "LaCertificate", .issuers = BY(ROLE_ICA), .id = ID_NAME,
		    .series = SERIES_COMPONENT, .usa = true, .rollover = true, APP(app_la), THREE_YEARS},
    [PROFILE_MA] = {.name = "ma", .clause = "MaCertificate", .issuers = BY(ROLE_ROOT), .id = ID_NAME,
		    .series = SERIES_SPECIAL, .encryption = PRESENT, .rollover = true, APP(app_ma), FOUR_YEARS},
    [PROFILE_CRLG] = {.name = "crlg", .clause = "CrlgCertificate", .issuers = BY(ROLE_ROOT), .id = ID_NAME,
		      .series = SERIES_SPECIAL, .rollover = true, APP(app_crlg), FOUR_YEARS},
    [PROFILE_PG] = {.name = "pg", .clause = "PgCertificate", .issuers = BY(ROLE_ROOT), .id = ID_NAME,
		    .series = SERIES_SPECIAL, .rollover = true, APP(app_pg), FOUR_YEARS},
    [PROFILE_DCM] = {.name = "dcm", .clause = "DcmCertificate", .issuers = BY(ROLE_ICA), .id = ID_NAME,
		     .series = SERIES_COMPONENT, .usa = true, .encryption = PRESENT, .rollover = true, APP(app_dcm),
		     ASKS(dcm_asks), THREE_YEARS},
    [PROFILE_OBE_ENROLMENT] = {.name = "obe-enrolment", .clause = "ObeEnrollmentCertificate", .implicit = true,
			       .issuers = BY(ROLE_ECA), .id = ID_NO_NAME, .series = SERIES_ENROLMENT, .usa = true,
			       .rollover = true, .any_request = true, ASKS(obe_asks),
			       .duration = {ONE(YEARS(6)), UP_TO(HOURS(4380)), UP_TO(YEARS(7)), ONE(YEARS(30))}},
    [PROFILE_RSE_ENROLMENT] = {.name = "rse-enrolment", .clause = "RseEnrollmentCertificate", .implicit = true,
			       .issuers = BY(ROLE_ECA), .id = ID_NO_NAME, .series = SERIES_ENROLMENT, .usa = true,
			       .rollover = true, .any_request = true, ASKS(rse_asks),
			       .duration = {ONE(YEARS(6)), UP_TO(YEARS(1)), UP_TO(YEARS(7)), ONE(YEARS(30))}},
    [PROFILE_OBE_PSEUDONYM] = {.name = "obe-pseudonym", .clause = "ObePseudonymCertificate", .implicit = true,
			       .issuers = BY(ROLE_PCA), .id = ID_LINKAGE, .series = SERIES_PSEUDONYM, .usa = true,
			       .encryption = OPTIONAL, APP(app_pseudonym),
			       .duration = {ONE(HOURS(169)), ONE(HOURS(169)), ONE(HOURS(169)), ONE(HOURS(169))}},
    [PROFILE_OBE_IDENTIFICATION] = {.name = "obe-identification", .clause = "ObeIdentificationCertificate",
				    .implicit = true, .issuers = BY(ROLE_PCA), .id = ID_RIF,
				    .series = SERIES_NO_PSEUDONYM, .usa = true, .encryption = OPTIONAL,
				    .any_app = true, APP(app_identification),
				    .duration = {ONE(HOURS(721)), ONE(HOURS(721)), ONE(HOURS(721)), ONE(HOURS(721))}},
    [PROFILE_RSE_APPLICATION] = {.name = "rse-application", .clause = "RseApplicationCertificate", .implicit = true,
				 .issuers = BY(ROLE_PCA), .id = ID_RIF, .series = SERIES_NO_PSEUDONYM, .usa = true,
				 .encryption = OPTIONAL, .any_app = true, APP(app_application),
				 .duration = {ONE(HOURS(169)), ONE(HOURS(169)), ONE(HOURS(169)), ONE(HOURS(169))}},
};

static const char *const level_names[] = {[LEVEL_POC] = "poc", [LEVEL_PILOT] = "pilot", [LEVEL_PRODUCTION] = "production",
					  [LEVEL_121] = "1.2.1"};

const struct profile_row *profile_row(enum profile profile)
{
	return &rows[profile];
}

bool profile_parse(const char *name, enum profile *profile)
{
	for (unsigned k = 0; k < PROFILE_COUNT; k++)
		if (strcmp(rows[k].name, name) == 0) {
			*profile = (enum profile)k;
			return true;
		}
	return false;
}

bool profile_level_parse(const char *name, enum profile_level *level)
{
	for (unsigned k = 0; k < PROFILE_LEVELS; k++)
		if (strcmp(level_names[k], name) == 0) {
			*level = (enum profile_level)k;
			return true;
		}
	return false;
}

const char *profile_level_name(enum profile_level level)
{
	return level_names[level];
}

enum profile_id profile_id_at(enum profile profile, enum profile_level level)
{
	return profile == PROFILE_ELECTOR && level == LEVEL_121 ? ID_NO_NAME : rows[profile].id;
}

/* Does it ask for safety messages, as a vehicle does? */
static bool asks_for_bsm(const struct ToBeSignedCertificate *tbs)
{
	struct oer_iter groups = oer_iterate(&tbs->certRequestPermissions);
	struct PsidGroupPermissions group;

	while (oer_next(&groups, &group)) {
		struct PsidSspRange range;
		struct oer_iter it;

		if (group.subjectPermissions.choice != SubjectPermissions_is_explicit)
			continue;
		it = oer_iterate(&group.subjectPermissions.u.explicit);
		while (oer_next(&it, &range))
			if (range.psid == 0x20)
				return true;
	}
	return false;
}

bool profile_of_certificate(const struct cert *cert, enum profile *profile)
{
	const struct ToBeSignedCertificate *tbs = &cert->c.toBeSigned;
	enum role role;

	if (role_of_certificate(cert, &role)) {
		*profile = (enum profile)role;
		return true;
	}
	if (tbs->id.choice == CertificateId_is_linkageData)
		*profile = PROFILE_OBE_PSEUDONYM;
	else if (tbs->has_certRequestPermissions && !tbs->has_appPermissions)
		*profile = asks_for_bsm(tbs) ? PROFILE_OBE_ENROLMENT : PROFILE_RSE_ENROLMENT;
	else if (tbs->crlSeries == SERIES_NO_PSEUDONYM && tbs->has_appPermissions)
		/* Only how long they hold tells one from the other. */
		*profile = duration_micros(&tbs->validityPeriod.duration) > 169 * 3600 * TIME64_SECOND
			       ? PROFILE_OBE_IDENTIFICATION
			       : PROFILE_RSE_APPLICATION;
	else
		return false;
	return true;
}

/* ---- filling ---- */

static enum key_status fill_id(const struct profile_row *row, enum profile_id kind, const struct profile_subject *subject,
			       struct CertificateId *id, struct key_error *err)
{
	const struct scms_slice name = subject->name;

	switch (kind) {
	case ID_NAME:
		if (name.n == 0 || name.n > 255)
			return key_fail(err, KEY_VALUE, "%s: a host name of 1 to 255 bytes is needed", row->clause);
		id->choice = CertificateId_is_name;
		id->u.name = name;
		break;
	case ID_NO_NAME:
		id->choice = CertificateId_is_name;
		id->u.name = (struct scms_slice){(const uint8_t *)"", 0};
		break;
	case ID_ONE_BYTE:
		if (name.n == 0)
			return key_fail(err, KEY_VALUE, "%s: a name is needed; its last byte is taken", row->clause);
		id->choice = CertificateId_is_binaryId;
		id->u.binaryId = (struct scms_slice){name.p + name.n - 1, 1};
		break;
	case ID_RIF:
		if (name.n != 8)
			return key_fail(err, KEY_VALUE, "%s: the RIF has 8 bytes, not %zu", row->clause, name.n);
		id->choice = CertificateId_is_binaryId;
		id->u.binaryId = name;
		break;
	case ID_LINKAGE:
		if (subject->linkage.linkage_value == NULL)
			return key_fail(err, KEY_VALUE, "%s: a linkage value is needed", row->clause);
		id->choice = CertificateId_is_linkageData;
		id->u.linkageData = subject->linkage;
		break;
	}
	return KEY_OK;
}

static void fill_region(const struct profile_row *row, const struct profile_subject *subject,
			struct ToBeSignedCertificate *tbs)
{
	static const struct IdentifiedRegion usa[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 840}};

	tbs->has_region = row->usa || subject->region != NULL;
	if (subject->region != NULL)
		tbs->region = *subject->region;
	else if (row->usa)
		tbs->region = (struct GeographicRegion){.choice = GeographicRegion_is_identifiedRegion,
							.u.identifiedRegion = LIST(usa)};
}

static void fill_permissions(const struct profile_row *row, const struct profile_subject *subject,
			     struct profile_room *room, struct ToBeSignedCertificate *tbs)
{
	tbs->appPermissions = subject->app != NULL ? *subject->app : row->app;
	tbs->certIssuePermissions = row->issue;
	tbs->certRequestPermissions = subject->request != NULL ? *subject->request : row->request;
	if (row == &rows[PROFILE_LA]) {
		const uint8_t ssp[5] = {0x88, 0x00, 0x01, (uint8_t)(subject->la_id >> 8), (uint8_t)subject->la_id};

		memcpy(room->la_ssp, ssp, sizeof(ssp));
		room->la_app = app_la[0];
		room->la_app.ssp.u.opaque = (struct scms_slice){room->la_ssp, sizeof(room->la_ssp)};
		tbs->appPermissions.items = &room->la_app;
	}
	tbs->has_appPermissions = tbs->appPermissions.count > 0;
	tbs->has_certIssuePermissions = tbs->certIssuePermissions.count > 0;
	tbs->has_certRequestPermissions = tbs->certRequestPermissions.count > 0;
}

static enum key_status fill_keys(const struct profile_row *row, const struct profile_subject *subject,
				 struct ToBeSignedCertificate *tbs, struct key_error *err)
{
	if (!row->implicit) {
		if (subject->verify == NULL)
			return key_fail(err, KEY_VALUE, "%s: a verification key is needed", row->clause);
		tbs->verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
		point_to_verification_key(subject->verify, &tbs->verifyKeyIndicator.u.verificationKey);
	}
	if (subject->encrypt == NULL)
		return row->encryption != PRESENT
			   ? KEY_OK
			   : key_fail(err, KEY_VALUE, "%s: an encryption key is needed", row->clause);
	if (row->encryption == ABSENT)
		return key_fail(err, KEY_VALUE, "%s: it has no encryption key", row->clause);
	tbs->has_encryptionKey = true;
	if (!point_to_encryption_key(subject->encrypt, &tbs->encryptionKey))
		return key_fail(err, KEY_CURVE, "%s: no encryption on curve %s", row->clause,
				curve_name(subject->encrypt->curve));
	return KEY_OK;
}

void profile_terms(enum profile profile, enum profile_level level, const struct profile_subject *subject,
		   struct profile_room *room, struct ToBeSignedCertificate *tbs)
{
	const struct profile_row *row = &rows[profile];

	*tbs = (struct ToBeSignedCertificate){
	    .cracaId = subject->craca_id,
	    .crlSeries = row->series,
	    .validityPeriod = {.start = subject->start,
			       .duration = subject->duration != NULL ? *subject->duration
								     : row->duration[level].allowed[0]},
	    .has_canRequestRollover = row->rollover,
	};
	fill_region(row, subject, tbs);
	fill_permissions(row, subject, room, tbs);
}

enum key_status profile_fill(enum profile profile, enum profile_level level, const struct profile_subject *subject,
			     struct profile_room *room, struct ToBeSignedCertificate *tbs, struct key_error *err)
{
	const struct profile_row *row = &rows[profile];
	enum key_status status;

	if ((subject->app != NULL && !row->any_app && row->id != ID_LINKAGE) ||
	    (subject->request != NULL && !row->any_request))
		return key_fail(err, KEY_VALUE, "%s: its permissions are fixed", row->clause);
	profile_terms(profile, level, subject, room, tbs);
	status = fill_id(row, profile_id_at(profile, level), subject, &tbs->id, err);
	if (status == KEY_OK)
		status = fill_keys(row, subject, tbs, err);
	return status;
}

scms_time32 profile_start(scms_time64 now, const struct cert *issuer)
{
	scms_time32 time = now / TIME64_SECOND > UINT32_MAX ? UINT32_MAX : (scms_time32)(now / TIME64_SECOND);
	scms_time32 start = time < PERIOD_EPOCH ? time : period_start(period_of(time));

	if (issuer != NULL && issuer->c.toBeSigned.validityPeriod.start > start)
		start = issuer->c.toBeSigned.validityPeriod.start;
	return start;
}
