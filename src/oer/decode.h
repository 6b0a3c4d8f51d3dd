/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h: what decode.c shares with the encoder and the walk. */
#ifndef OER_DECODE_H
#define OER_DECODE_H

#include "oer/table.h"

/* Whether an ENUMERATED has a name for the value. */
static inline bool enum_is_known(const struct oer_type *t, int64_t value)
{
	/* Most count from 0. */
	if (value >= 0 && value < t->count && t->u.names[value].value == value)
		return true;
	for (unsigned i = 0; i < t->count; i++) {
		if (t->u.names[i].value == value)
			return true;
	}
	return false;
}

/* The value of a scalar in C, as what it is stored in. */
static inline int64_t scalar_load(const struct oer_type *t, const void *member)
{
	switch (t->kind) {
	case OER_KIND_U8:
	case OER_KIND_BITS:
		return *(const uint8_t *)member;
	case OER_KIND_U16:
		return *(const uint16_t *)member;
	case OER_KIND_U32:
		return *(const uint32_t *)member;
	case OER_KIND_BOOL:
		return *(const bool *)member;
	case OER_KIND_ENUM:
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
		return *(const int32_t *)member;
	default:
		return *(const int64_t *)member;
	}
}

#endif
