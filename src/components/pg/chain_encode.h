/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_encode.h: chain files put together of parts that exist already, in either endorsement form (wire-formats 6.6).
 */
#ifndef COMPONENTS_PG_CHAIN_ENCODE_H
#define COMPONENTS_PG_CHAIN_ENCODE_H

#include "dot2/make.h"
#include "trust/chain_file.h"

/* Lists are encodings one after another (bytes and count). */
struct chain_parts {
	enum ballot_form form;
	uint16_t version; /* of the GCCF */
	struct oer_list root_ballots, elector_ballots;
	struct scms_slice ma_certificate;
	struct oer_list certificates;
	bool local; /* an LCCF: what follows is of it alone */
	uint16_t lccf_version;
	struct scms_slice ra_host;
	struct oer_list optional;
};

/* The encoded ScmsFile. False without memory, or where a part is not what it should be. */
SCMS_CHECKED bool chain_encode(const struct chain_parts *parts, struct bytes *out);

#endif
