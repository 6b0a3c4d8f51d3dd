# SPDX-License-Identifier: Apache-2.0
"""Is one GeographicRegion within another? Where that is not plain, only the same region is."""


def countries(identified):
    """An identified region as {(country, region or None, subregion or None)}; None stands for all below."""
    (kind, value), = identified.items()
    if kind == 'countryOnly':
        return {(value, None, None)}
    if kind == 'countryAndRegions':
        return {(value['countryOnly'], region, None) for region in value['regions']}
    return {(value['country'], entry['region'], sub)
            for entry in value['regionAndSubregions'] for sub in entry['subregions']}


class Region:
    def __init__(self, value):
        self.value = value  # as plain.codec decodes it

    def covers(self, other):
        if self.value == other.value:
            return True
        (kind, mine), (other_kind, theirs) = *self.value.items(), *other.value.items()
        if kind != other_kind:
            return False
        if kind == 'identifiedRegion':
            outer = set().union(*map(countries, mine))
            return all({(c, None, None), (c, r, None), (c, r, s)} & outer
                       for c, r, s in set().union(*map(countries, theirs)))
        if kind == 'rectangularRegion':
            return all(any(self.within(small, large) for large in mine) for small in theirs)
        return False

    @staticmethod
    def within(small, large):
        return (small['northWest']['latitude'] <= large['northWest']['latitude']
                and small['southEast']['latitude'] >= large['southEast']['latitude']
                and small['northWest']['longitude'] >= large['northWest']['longitude']
                and small['southEast']['longitude'] <= large['southEast']['longitude'])
