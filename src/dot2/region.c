/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/region.h"

#include <string.h>

static bool list_has_uint8(const struct oer_list *list, uint8_t value)
{
	struct oer_iter it = oer_iterate(list);
	uint8_t entry;

	while (oer_next(&it, &entry))
		if (entry == value)
			return true;
	return false;
}

static bool list_has_uint16(const struct oer_list *list, uint16_t value)
{
	struct oer_iter it = oer_iterate(list);
	uint16_t entry;

	while (oer_next(&it, &entry))
		if (entry == value)
			return true;
	return false;
}

static uint16_t identified_country(const struct IdentifiedRegion *region)
{
	if (region->choice == IdentifiedRegion_is_countryOnly)
		return region->u.countryOnly;
	if (region->choice == IdentifiedRegion_is_countryAndRegions)
		return region->u.countryAndRegions.countryOnly;
	return region->u.countryAndSubregions.country;
}

/* Does one identified region hold a whole region (subregion NULL) or one subregion of a country? */
static bool identified_has(const struct IdentifiedRegion *outer, uint16_t country, uint8_t region, const uint16_t *subregion)
{
	struct RegionAndSubregions entry;
	struct oer_iter it;

	if (outer->choice == OER_UNKNOWN || identified_country(outer) != country)
		return false;
	if (outer->choice == IdentifiedRegion_is_countryOnly)
		return true;
	if (outer->choice == IdentifiedRegion_is_countryAndRegions)
		return list_has_uint8(&outer->u.countryAndRegions.regions, region);
	if (subregion == NULL)
		return false;
	it = oer_iterate(&outer->u.countryAndSubregions.regionAndSubregions);
	while (oer_next(&it, &entry))
		if (entry.region == region && list_has_uint16(&entry.subregions, *subregion))
			return true;
	return false;
}

static bool any_identified_has(const struct oer_list *outer, uint16_t country, uint8_t region, const uint16_t *subregion)
{
	struct oer_iter it = oer_iterate(outer);
	struct IdentifiedRegion entry;

	while (oer_next(&it, &entry))
		if (identified_has(&entry, country, region, subregion))
			return true;
	return false;
}

static bool any_is_country(const struct oer_list *outer, uint16_t country)
{
	struct oer_iter it = oer_iterate(outer);
	struct IdentifiedRegion entry;

	while (oer_next(&it, &entry))
		if (entry.choice == IdentifiedRegion_is_countryOnly && entry.u.countryOnly == country)
			return true;
	return false;
}

static bool subregions_within(const struct oer_list *outer, const struct CountryAndSubregions *inner)
{
	struct oer_iter regions = oer_iterate(&inner->regionAndSubregions);
	struct RegionAndSubregions entry;

	while (oer_next(&regions, &entry)) {
		struct oer_iter it = oer_iterate(&entry.subregions);
		uint16_t subregion;

		while (oer_next(&it, &subregion))
			if (!any_identified_has(outer, inner->country, entry.region, &subregion))
				return false;
	}
	return true;
}

static bool identified_within(const struct oer_list *outer, const struct IdentifiedRegion *inner)
{
	struct oer_iter it;
	uint8_t region;

	switch (inner->choice) {
	case IdentifiedRegion_is_countryOnly:
		return any_is_country(outer, inner->u.countryOnly);
	case IdentifiedRegion_is_countryAndRegions:
		it = oer_iterate(&inner->u.countryAndRegions.regions);
		while (oer_next(&it, &region))
			if (!any_identified_has(outer, inner->u.countryAndRegions.countryOnly, region, NULL))
				return false;
		return true;
	case IdentifiedRegion_is_countryAndSubregions:
		return subregions_within(outer, &inner->u.countryAndSubregions);
	default:
		return false;
	}
}

static bool all_identified_within(const struct oer_list *outer, const struct oer_list *inner)
{
	struct oer_iter it = oer_iterate(inner);
	struct IdentifiedRegion entry;

	while (oer_next(&it, &entry))
		if (!identified_within(outer, &entry))
			return false;
	return true;
}

static bool rectangle_within(const struct RectangularRegion *outer, const struct RectangularRegion *inner)
{
	return inner->northWest.latitude <= outer->northWest.latitude &&
	       inner->northWest.longitude >= outer->northWest.longitude &&
	       inner->southEast.latitude >= outer->southEast.latitude &&
	       inner->southEast.longitude <= outer->southEast.longitude;
}

static bool all_rectangles_within(const struct oer_list *outer, const struct oer_list *inner)
{
	struct oer_iter inner_it = oer_iterate(inner);
	struct RectangularRegion wanted, candidate;

	while (oer_next(&inner_it, &wanted)) {
		struct oer_iter it = oer_iterate(outer);
		bool found = false;

		while (!found && oer_next(&it, &candidate))
			found = rectangle_within(&candidate, &wanted);
		if (!found)
			return false;
	}
	return true;
}

static bool same_bytes(const struct GeographicRegion *outer, const struct GeographicRegion *inner)
{
	return outer->raw.n == inner->raw.n && memcmp(outer->raw.p, inner->raw.p, outer->raw.n) == 0;
}

bool region_contains(const struct GeographicRegion *outer, const struct GeographicRegion *inner)
{
	if (same_bytes(outer, inner))
		return true;
	if (outer->choice != inner->choice)
		return false;
	switch (outer->choice) {
	case GeographicRegion_is_identifiedRegion:
		return all_identified_within(&outer->u.identifiedRegion, &inner->u.identifiedRegion);
	case GeographicRegion_is_rectangularRegion:
		return all_rectangles_within(&outer->u.rectangularRegion, &inner->u.rectangularRegion);
	case GeographicRegion_is_circularRegion:
		/* The same centre: then the smaller radius is within. Other centres need geometry on the ellipsoid. */
		return outer->u.circularRegion.center.latitude == inner->u.circularRegion.center.latitude &&
		       outer->u.circularRegion.center.longitude == inner->u.circularRegion.center.longitude &&
		       inner->u.circularRegion.radius <= outer->u.circularRegion.radius;
	default:
		return false;
	}
}

bool region_allows(const struct cert *issuer, const struct cert *subject)
{
	if (!issuer->c.toBeSigned.has_region || !subject->c.toBeSigned.has_region)
		return true;
	return region_contains(&issuer->c.toBeSigned.region, &subject->c.toBeSigned.region);
}
