/* SPDX-License-Identifier: Apache-2.0 */
/* Votes and ballots of the test world; apart from world.c, whose headers name other things `signer`. */
#include "tests/publish/votes.h"

#include "components/pile.h"
#include "dot2/crl_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "votes: %s\n", what);
	exit(1);
}

/* The scoped TbsElectorEndorsement that all electors sign. */
static struct bytes scoped(bool is121, int32_t motion, const struct cert *subject, scms_time32 time)
{
	struct bytes out = {NULL, 0};

	if (!is121) {
		struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ccm}};
		struct TbsElectorEndorsement *tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;

		pdu.content.u.ccm.choice = ScmsComponentCertificateManagementPDU_is_tbsElectorEndorsement;
		*tbs = (struct TbsElectorEndorsement){.type = motion, .certificateHash = subject->hash256, .generationTime = time};
		must(make_bytes(&oer_ScmsPDU, &pdu, &out, NULL) == KEY_OK, "endorsement");
	} else {
		struct ScmsPDU121 pdu = {.version = 1, .content = {.choice = ScmsPDU121_content_is_ccm}};
		struct TbsElectorEndorsement121 *tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;

		pdu.content.u.ccm.choice = ScmsComponentCertificateManagementPDU121_is_tbsElectorEndorsement;
		*tbs = (struct TbsElectorEndorsement121){.type = motion,
							 .certificate = subject->c,
							 .has_effectiveTime = true,
							 .effectiveTime = (uint64_t)time * 1000000u};
		must(make_bytes(&oer_ScmsPDU121, &pdu, &out, NULL) == KEY_OK, "endorsement");
	}
	return out;
}

struct bytes votes_ballot(bool is121, int32_t motion, const struct cert *subject, scms_time32 time,
			  const struct party *const *voters, size_t n)
{
	struct bytes payload = scoped(is121, motion, subject, time), votes = {malloc(n * 1024), 0}, out = {NULL, 0};

	for (size_t k = 0; k < n; k++) {
		const struct signer signer = {.key = voters[k]->sign, .cert = voters[k]->cert, .crypto = voters[k]->crypto};
		const struct HeaderInfo header = {.psid = 0x23, .has_generationTime = true, .generationTime = (uint64_t)time * 1000000u};
		struct bytes vote;

		must(signed_unsecured_make(&signer, bytes_view(&payload), &header, &vote, NULL) == KEY_OK && vote.n < 1024, "vote");
		memcpy(votes.p + votes.n, vote.p, vote.n);
		votes.n += vote.n;
		bytes_free(&vote);
	}
	if (is121) {
		const struct ElectorBallot121 ballot = {
		    .endorsements = {.bytes = bytes_view(&votes), .count = (uint32_t)n, .element = &oer_Ieee1609Dot2Data}};

		must(make_bytes(&oer_ElectorBallot121, &ballot, &out, NULL) == KEY_OK, "ballot");
	} else {
		const struct ElectorBallot ballot = {
		    .certificate = subject->c,
		    .endorsements = {.bytes = bytes_view(&votes), .count = (uint32_t)n, .element = &oer_Ieee1609Dot2Data}};

		must(make_bytes(&oer_ElectorBallot, &ballot, &out, NULL) == KEY_OK, "ballot");
	}
	bytes_free(&payload);
	bytes_free(&votes);
	return out;
}

static struct pile gather(const struct bytes *list)
{
	struct pile pile = {.count = 0};

	for (; list != NULL && list->p != NULL; list++)
		must(pile_add(&pile, bytes_view(list)), "list");
	return pile;
}

struct bytes votes_composite(bool is121, const struct bytes *crls, const struct bytes *roots, const struct bytes *electors)
{
	struct pile c = gather(crls), r = gather(roots), e = gather(electors);
	struct bytes out = {NULL, 0};

	if (is121) {
		const struct CompositeCrl121 composite = {.securedCrlSeries = pile_list(&c, &oer_Ieee1609Dot2Data),
							  .revokedRootCAs = pile_list(&r, &oer_ElectorBallot121),
							  .revokedElectors = pile_list(&e, &oer_ElectorBallot121)};

		must(make_bytes(&oer_CompositeCrl121, &composite, &out, NULL) == KEY_OK, "composite");
	} else {
		const struct CompositeCrl composite = {.securedCrlSeries = pile_list(&c, &oer_Ieee1609Dot2Data),
						       .revokedRootCAs = pile_list(&r, &oer_ElectorBallot),
						       .revokedElectors = pile_list(&e, &oer_ElectorBallot)};

		must(make_bytes(&oer_CompositeCrl, &composite, &out, NULL) == KEY_OK, "composite");
	}
	bytes_free(&c.bytes);
	bytes_free(&r.bytes);
	bytes_free(&e.bytes);
	return out;
}

struct bytes votes_hash_crl(const struct party *by, const struct cert *craca, uint16_t series, scms_time32 date, uint32_t serial,
			    const struct cert *const *listed)
{
	const struct signer signer = {.key = by->sign, .cert = by->cert, .crypto = by->crypto, .attach = true};
	struct crl_head head = {.series = series, .issue_date = date, .next_crl = date + 7 * 86400};
	struct crl_hash_entry entries[16];
	struct bytes out = {NULL, 0};
	uint32_t n = 0;

	memcpy(head.craca_id, cert_id8(craca), 8);
	for (; listed[n] != NULL; n++) {
		memcpy(entries[n].id, cert_id10(listed[n]), 10);
		entries[n].expiry = date + 365 * 86400;
	}
	must(crl_make_hash(&signer, &head, serial, entries, n, &out, NULL) == KEY_OK, "crl");
	return out;
}
