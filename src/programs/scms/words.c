/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include "dot2/signed_data.h"

#include <inttypes.h>
#include <string.h>

void words_hex(FILE *to, struct scms_slice bytes)
{
	size_t shown = bytes.n > 64 ? 32 : bytes.n;

	for (size_t i = 0; i < shown; i++)
		fprintf(to, "%02x", bytes.p[i]);
	if (shown < bytes.n)
		fprintf(to, "... (%zu bytes)", bytes.n);
	if (bytes.n == 0)
		fputs("(no bytes)", to);
}

/* Bytes of a character of UTF-8 that a terminal might act on; 0 if it is harmless. */
static size_t harmful(const uint8_t *p)
{
	if (*p < ' ' || *p == 0x7f || *p == '"' || *p == '\\')
		return 1;
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 2;
	/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069: direction of writing, line ends */
	if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return 3;
	if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
		return 3;
	return 0;
}

void words_text(FILE *to, struct scms_slice text)
{
	fputc('"', to);
	for (size_t i = 0; i < text.n; i++) {
		size_t n = harmful(text.p + i);

		if (n == 0)
			fputc(text.p[i], to);
		for (size_t k = 0; k < n; k++)
			fprintf(to, "\\x%02x", text.p[i + k]);
		i += n ? n - 1 : 0;
	}
	fputc('"', to);
}

void words_psid(FILE *to, uint64_t psid)
{
	static const struct {
		uint32_t psid;
		const char *name;
	} names[] = {
	    {0x20, "basic safety message"},
	    {0x23, "security management"},
	    {0x26, "misbehaviour reporting"},
	    {0x27, "vulnerable road users"},
	    {0x80, "differential GPS corrections, uncompressed"},
	    {0x81, "differential GPS corrections, compressed"},
	    {0x82, "intersection safety"},
	    {0x83, "traveller information"},
	    {0x87, "WAVE service advertisement"},
	    {0x100, "CRL"},
	    {0x270, "certificate trust list (ETSI)"},
	    {0x4082, "distress notification"},
	};

	fprintf(to, "0x%" PRIx64, psid);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].psid == psid)
			fprintf(to, " %s", names[i].name);
	}
}

void words_duration(FILE *to, const struct Duration *d)
{
	static const char *const units[] = {"microsecond", "millisecond", "second", "minute",
					    "hour",        "x 60 hours",  "year"};
	/* All alternatives are of one type, so that any member of the union will do. */
	unsigned n = d->u.years;

	fprintf(to, "%u %s%s", n, units[d->choice], n == 1 || d->choice == Duration_is_sixtyHours ? "" : "s");
}

uint64_t words_seconds(const struct Duration *d)
{
	static const uint32_t seconds[] = {0, 0, 1, 60, 3600, 216000, 31556952};

	if (d->choice == Duration_is_microseconds || d->choice == Duration_is_milliseconds)
		return d->u.years / (d->choice == Duration_is_milliseconds ? 1000u : 1000000u);
	return (uint64_t)d->u.years * seconds[d->choice];
}

void words_validity(FILE *to, const struct leap_table *leap, const struct ValidityPeriod *v)
{
	char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];

	fprintf(to, "%s to %s (", time_text(leap, (uint64_t)v->start * 1000000, from),
		time_text(leap, (v->start + words_seconds(&v->duration)) * 1000000, until));
	words_duration(to, &v->duration);
	fputc(')', to);
}

static void put_point(FILE *to, uint8_t choice, const uint8_t *x, const uint8_t *y, size_t n)
{
	static const char *const forms[] = {"x-only ", "no point sent", "compressed-y-0 ", "compressed-y-1 ",
					    "uncompressed "};

	fputs(forms[choice], to);
	if (choice != EccP256CurvePoint_is_fill)
		words_hex(to, (struct scms_slice){x, n});
	if (choice == EccP256CurvePoint_is_uncompressedP256) {
		fputc(' ', to);
		words_hex(to, (struct scms_slice){y, n});
	}
}

void words_point(FILE *to, const struct EccP256CurvePoint *p)
{
	bool both = p->choice == EccP256CurvePoint_is_uncompressedP256;

	put_point(to, p->choice, both ? p->u.uncompressedP256.x : p->u.x_only, both ? p->u.uncompressedP256.y : NULL,
		  32);
}

static void put_point_384(FILE *to, const struct EccP384CurvePoint *p)
{
	bool both = p->choice == EccP384CurvePoint_is_uncompressedP384;

	put_point(to, p->choice, both ? p->u.uncompressedP384.x : p->u.x_only, both ? p->u.uncompressedP384.y : NULL,
		  48);
}

/* Keys and signatures number the curves alike. */
const char *words_curve(uint8_t choice)
{
	static const char *const names[] = {"NIST P-256", "Brainpool P-256r1", "Brainpool P-384r1", "NIST P-384",
					    "SM2"};

	return choice < sizeof(names) / sizeof(*names) ? names[choice] : "unknown algorithm";
}

bool words_key(FILE *to, const struct PublicVerificationKey *key)
{
	if (key->choice > PublicVerificationKey_is_ecsigSm2)
		return false;
	fprintf(to, "%s ", words_curve(key->choice));
	if (key->choice == PublicVerificationKey_is_ecdsaBrainpoolP384r1 ||
	    key->choice == PublicVerificationKey_is_ecdsaNistP384)
		put_point_384(to, &key->u.ecdsaNistP384);
	else
		words_point(to, &key->u.ecdsaNistP256);
	return true;
}

void words_country(FILE *to, uint16_t country)
{
	const char *name = country == 840 ? "USA" : country == 124 ? "Canada" : country == 484 ? "Mexico" : "country";

	fprintf(to, "%s (%u)", name, country);
}

void words_angle(FILE *to, int32_t angle, bool latitude)
{
	if (angle == (latitude ? 900000001 : 1800000001)) {
		fputs("unknown", to);
		return;
	}
	fprintf(to, "%.7f %s", (angle < 0 ? -(double)angle : angle) / 1e7,
		latitude ? (angle < 0 ? "S" : "N") : (angle < 0 ? "W" : "E"));
}

static void put_location(FILE *to, const struct TwoDLocation *l)
{
	words_angle(to, l->latitude, true);
	fputc(' ', to);
	words_angle(to, l->longitude, false);
}

static void put_countries(FILE *to, const struct oer_list *list)
{
	struct oer_iter it = oer_iterate(list);
	struct IdentifiedRegion region;
	const char *comma = "";

	for (unsigned shown = 0; oer_next(&it, &region); shown++, comma = ", ") {
		fputs(comma, to);
		if (shown == 8) {
			fprintf(to, "and %u more", list->count - shown);
			return;
		}
		if (region.choice == IdentifiedRegion_is_countryOnly) {
			words_country(to, region.u.countryOnly);
		} else if (region.choice == IdentifiedRegion_is_countryAndRegions) {
			words_country(to, region.u.countryAndRegions.countryOnly);
			fprintf(to, ", %u regions of it", region.u.countryAndRegions.regions.count);
		} else if (region.choice == IdentifiedRegion_is_countryAndSubregions) {
			words_country(to, region.u.countryAndSubregions.country);
			fputs(", subregions of it", to);
		} else {
			fputs("unknown kind of region", to);
		}
	}
}

void words_region(FILE *to, const struct GeographicRegion *region)
{
	switch (region->choice) {
	case GeographicRegion_is_circularRegion:
		fprintf(to, "%u m around ", region->u.circularRegion.radius);
		put_location(to, &region->u.circularRegion.center);
		break;
	case GeographicRegion_is_rectangularRegion:
		fprintf(to, "%u rectangles", region->u.rectangularRegion.count);
		break;
	case GeographicRegion_is_polygonalRegion:
		fprintf(to, "a polygon of %u corners", region->u.polygonalRegion.count);
		break;
	case GeographicRegion_is_identifiedRegion:
		put_countries(to, &region->u.identifiedRegion);
		break;
	default:
		fputs("of an unknown kind", to);
		break;
	}
}

static bool is_printable(struct scms_slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] < ' ' || bytes.p[i] > '~')
			return false;
	}
	return true;
}

void words_id(FILE *to, const struct CertificateId *id)
{
	switch (id->choice) {
	case CertificateId_is_name:
		words_text(to, id->u.name);
		break;
	case CertificateId_is_binaryId:
		words_hex(to, id->u.binaryId);
		if (is_printable(id->u.binaryId)) {
			fputc(' ', to);
			words_text(to, id->u.binaryId);
		}
		break;
	case CertificateId_is_linkageData:
		fprintf(to, "pseudonym of period %u, linkage value ", id->u.linkageData.iCert);
		words_hex(to, (struct scms_slice){id->u.linkageData.linkage_value, 9});
		break;
	case CertificateId_is_none:
		fputs("no name", to);
		break;
	default:
		fputs("a name of an unknown kind", to);
		break;
	}
}

void words_series(FILE *to, uint16_t series)
{
	static const char *const names[] = {NULL, "pseudonym certificates", "SCMS components",
					    "end entities, not pseudonym", "enrolment certificates"};
	const char *name = series < 5 ? names[series] : series == 256 ? "CRLG, PG and MA" : NULL;

	fprintf(to, "%u", series);
	if (name)
		fprintf(to, " (%s)", name);
}

static bool put_ssp(FILE *to, uint64_t psid, struct scms_slice ssp)
{
	struct ScmsSsp role;
	struct CrlSsp crl;

	if (psid == PSID_SECURITY_MANAGEMENT && oer_decode(&oer_ScmsSsp, ssp, 1, &role, NULL) == OER_OK &&
	    role.choice != OER_UNKNOWN) {
		fprintf(to, ": %s", oer_ScmsSsp.u.fields[role.choice].name);
		if (role.choice == ScmsSsp_is_la)
			fprintf(to, ", laId %04x", role.u.la.laId);
		return true;
	}
	if (psid == PSID_CRL && oer_decode(&oer_CrlSsp, ssp, 1, &crl, NULL) == OER_OK) {
		struct oer_iter it = oer_iterate(&crl.crls);
		uint16_t series;

		fprintf(to, ": %s, series", crl.associatedCraca == CracaType_isCraca ? "as CRACA" : "for its issuer");
		while (oer_next(&it, &series))
			fprintf(to, " %u", series);
		return true;
	}
	return false;
}

void words_permission(FILE *to, const struct PsidSsp *permission)
{
	words_psid(to, permission->psid);
	if (!permission->has_ssp)
		return;
	if (permission->ssp.choice == ServiceSpecificPermissions_is_opaque) {
		if (put_ssp(to, permission->psid, permission->ssp.u.opaque))
			return;
		fputs(": SSP ", to);
		words_hex(to, permission->ssp.u.opaque);
	} else if (permission->ssp.choice == ServiceSpecificPermissions_is_bitmapSsp) {
		fputs(": SSP bits ", to);
		words_hex(to, permission->ssp.u.bitmapSsp);
	} else {
		fputs(": SSP of an unknown kind", to);
	}
}

static void put_range(FILE *to, const struct PsidSspRange *range)
{
	words_psid(to, range->psid);
	if (!range->has_sspRange)
		return;
	switch (range->sspRange.choice) {
	case SspRange_is_all:
		fputs(" (any SSP)", to);
		break;
	case SspRange_is_opaque:
		fprintf(to, " (%u SSPs)", range->sspRange.u.opaque.count);
		break;
	case SspRange_is_bitmapSspRange:
		fputs(" (SSP bits ", to);
		words_hex(to, range->sspRange.u.bitmapSspRange.sspValue);
		fputs(" mask ", to);
		words_hex(to, range->sspRange.u.bitmapSspRange.sspBitmask);
		fputc(')', to);
		break;
	default:
		fputs(" (SSPs of an unknown kind)", to);
		break;
	}
}

static void put_distance(FILE *to, int64_t least, int64_t range)
{
	int64_t most;

	if (range == 0)
		fprintf(to, "chain length %" PRId64, least);
	else if (range < 0 || __builtin_add_overflow(least, range, &most))
		fprintf(to, "chain length %" PRId64 " or more", least);
	else
		fprintf(to, "chain length %" PRId64 " to %" PRId64, least, most);
}

void words_group(FILE *to, const struct PsidGroupPermissions *group)
{
	bool app = group->eeType & EndEntityType_app, enrol = group->eeType & EndEntityType_enrol;

	if (group->subjectPermissions.choice == SubjectPermissions_is_all) {
		fputs("any application", to);
	} else if (group->subjectPermissions.choice == SubjectPermissions_is_explicit) {
		struct oer_iter it = oer_iterate(&group->subjectPermissions.u.explicit);
		struct PsidSspRange range;
		const char *comma = "";

		while (oer_next(&it, &range)) {
			fputs(comma, to);
			put_range(to, &range);
			comma = ", ";
		}
	} else {
		fputs("permissions of an unknown kind", to);
	}
	fputs("; ", to);
	put_distance(to, group->minChainLength, group->chainLengthRange);
	fputs(app && enrol ? "; to use or enrol" : enrol ? "; to enrol" : app ? "; to use" : "; for no end entity", to);
}
