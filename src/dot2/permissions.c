/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/permissions.h"

#include <string.h>

#define EE_TYPE_APP 0x80u
#define EE_TYPE_ENROL 0x40u

static bool slices_equal(struct scms_slice a, struct scms_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool opaque_range_has(const struct oer_list *range, struct scms_slice ssp)
{
	struct oer_iter it = oer_iterate(range);
	struct scms_slice allowed;

	while (oer_next(&it, &allowed))
		if (slices_equal(allowed, ssp))
			return true;
	return false;
}

/* Every bit that the mask fixes has the fixed value. */
static bool bitmap_fits(const struct BitmapSspRange *range, struct scms_slice value)
{
	if (range->sspValue.n != value.n || range->sspBitmask.n != value.n)
		return false;
	for (size_t k = 0; k < value.n; k++)
		if ((value.p[k] ^ range->sspValue.p[k]) & range->sspBitmask.p[k])
			return false;
	return true;
}

/* Does the issuer's range for a PSID cover one SSP of it? An absent range covers all. */
static bool range_covers_ssp(const struct PsidSspRange *range, const struct PsidSsp *permission)
{
	static const struct scms_slice empty = {NULL, 0};

	if (!range->has_sspRange || range->sspRange.choice == SspRange_is_all)
		return true;
	if (range->sspRange.choice == SspRange_is_opaque) {
		if (!permission->has_ssp)
			return opaque_range_has(&range->sspRange.u.opaque, empty);
		return permission->ssp.choice == ServiceSpecificPermissions_is_opaque &&
		       opaque_range_has(&range->sspRange.u.opaque, permission->ssp.u.opaque);
	}
	if (range->sspRange.choice == SspRange_is_bitmapSspRange)
		return permission->has_ssp && permission->ssp.choice == ServiceSpecificPermissions_is_bitmapSsp &&
		       bitmap_fits(&range->sspRange.u.bitmapSspRange, permission->ssp.u.bitmapSsp);
	return false;
}

/* Does the issuer's range for a PSID cover another range of it? */
static bool range_covers_range(const struct PsidSspRange *range, const struct PsidSspRange *inner)
{
	struct scms_slice ssp;
	struct oer_iter it;

	if (!range->has_sspRange || range->sspRange.choice == SspRange_is_all)
		return true;
	if (!inner->has_sspRange || inner->sspRange.choice != range->sspRange.choice)
		return false;
	if (range->sspRange.choice == SspRange_is_opaque) {
		it = oer_iterate(&inner->sspRange.u.opaque);
		while (oer_next(&it, &ssp))
			if (!opaque_range_has(&range->sspRange.u.opaque, ssp))
				return false;
		return true;
	}
	if (range->sspRange.choice == SspRange_is_bitmapSspRange) {
		const struct BitmapSspRange *outer = &range->sspRange.u.bitmapSspRange;
		const struct BitmapSspRange *within = &inner->sspRange.u.bitmapSspRange;

		if (!bitmap_fits(outer, within->sspValue) || within->sspBitmask.n != outer->sspBitmask.n)
			return false;
		for (size_t k = 0; k < outer->sspBitmask.n; k++)
			if (outer->sspBitmask.p[k] & ~within->sspBitmask.p[k])
				return false;
		return true;
	}
	return false;
}

/* What one subject permission is: a PSID with an SSP, or a PSID with a range of SSPs. */
struct wanted {
	uint64_t psid;
	const struct PsidSsp *ssp;
	const struct PsidSspRange *range;
};

static bool group_covers(const struct PsidGroupPermissions *group, const struct wanted *wanted)
{
	struct PsidSspRange range;
	struct oer_iter it;

	if (group->subjectPermissions.choice == SubjectPermissions_is_all)
		return true;
	if (group->subjectPermissions.choice != SubjectPermissions_is_explicit)
		return false;
	it = oer_iterate(&group->subjectPermissions.u.explicit);
	while (oer_next(&it, &range)) {
		if (range.psid != wanted->psid)
			continue;
		if (wanted->ssp != NULL ? range_covers_ssp(&range, wanted->ssp) : range_covers_range(&range, wanted->range))
			return true;
	}
	return false;
}

static bool group_reaches(const struct PsidGroupPermissions *group, unsigned ee_type, unsigned distance)
{
	int64_t past = (int64_t)distance - group->minChainLength;

	if (!(group->eeType & ee_type) || group->minChainLength > (int64_t)distance)
		return false;
	return group->chainLengthRange == -1 || past <= group->chainLengthRange;
}

static bool issuer_covers(const struct cert *issuer, const struct wanted *wanted, unsigned ee_type, unsigned distance)
{
	struct PsidGroupPermissions group;
	struct oer_iter it;

	if (!issuer->c.toBeSigned.has_certIssuePermissions)
		return false;
	it = oer_iterate(&issuer->c.toBeSigned.certIssuePermissions);
	while (oer_next(&it, &group))
		if (group_reaches(&group, ee_type, distance) && group_covers(&group, wanted))
			return true;
	return false;
}

static bool app_permissions_allow(const struct cert *issuer, const struct cert *subject, unsigned distance)
{
	struct oer_iter it = oer_iterate(&subject->c.toBeSigned.appPermissions);
	struct PsidSsp permission;

	while (oer_next(&it, &permission)) {
		struct wanted wanted = {.psid = permission.psid, .ssp = &permission};

		if (!issuer_covers(issuer, &wanted, EE_TYPE_APP, distance))
			return false;
	}
	return true;
}

/* A request group for all PSIDs needs an issuer that may issue all of them. */
static bool issuer_covers_all(const struct cert *issuer, unsigned distance)
{
	struct PsidGroupPermissions group;
	struct oer_iter it;

	if (!issuer->c.toBeSigned.has_certIssuePermissions)
		return false;
	it = oer_iterate(&issuer->c.toBeSigned.certIssuePermissions);
	while (oer_next(&it, &group))
		if (group_reaches(&group, EE_TYPE_ENROL, distance) &&
		    group.subjectPermissions.choice == SubjectPermissions_is_all)
			return true;
	return false;
}

static bool request_permissions_allow(const struct cert *issuer, const struct cert *subject, unsigned distance)
{
	struct oer_iter groups = oer_iterate(&subject->c.toBeSigned.certRequestPermissions);
	struct PsidGroupPermissions group;
	struct PsidSspRange range;

	while (oer_next(&groups, &group)) {
		struct oer_iter it;

		if (group.subjectPermissions.choice == SubjectPermissions_is_all) {
			if (!issuer_covers_all(issuer, distance))
				return false;
			continue;
		}
		if (group.subjectPermissions.choice != SubjectPermissions_is_explicit)
			return false;
		it = oer_iterate(&group.subjectPermissions.u.explicit);
		while (oer_next(&it, &range)) {
			struct wanted wanted = {.psid = range.psid, .range = &range};

			if (!issuer_covers(issuer, &wanted, EE_TYPE_ENROL, distance))
				return false;
		}
	}
	return true;
}

bool permissions_allow(const struct cert *issuer, const struct cert *subject, unsigned distance)
{
	if (subject->c.toBeSigned.has_appPermissions)
		return app_permissions_allow(issuer, subject, distance);
	if (subject->c.toBeSigned.has_certRequestPermissions)
		return request_permissions_allow(issuer, subject, distance);
	/* Nothing is claimed; what it may issue is judged with what it has issued. */
	return true;
}
