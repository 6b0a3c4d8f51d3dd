/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region.h: is the subject's region within the issuer's? (IEEE 1609.2 GeographicRegion)
 *
 * A certificate without region has its issuer's. Where containment cannot be decided exactly with integers (a polygon, or
 * two different kinds of shape), the answer is no unless the two are the same bytes.
 */
#ifndef DOT2_REGION_H
#define DOT2_REGION_H

#include "dot2/cert.h"

bool region_allows(const struct cert *issuer, const struct cert *subject);

/* Is every part of inner in outer? */
bool region_contains(const struct GeographicRegion *outer, const struct GeographicRegion *inner);

#endif
