/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder, encoder, lists and walk. The first byte chooses the type, the rest
 * is decoded; what is accepted must hold to tests/oer/roundtrip.h.
 */
#include "asn1/types.h"
#include "fuzz.h"
#include "tests/oer/roundtrip.h"

/* The corpus counts on the order: add at the end. */
/* clang-format off */
static const struct oer_type *const types[] = {
	&oer_Certificate,
	&oer_Ieee1609Dot2Data,
	&oer_ScmsPDU,
	&oer_ScmsPDU121,
	&oer_ScmsPduIeee,
	&oer_ScmsFile,
	&oer_ScmsFile121,
	&oer_CompositeCrl,
	&oer_CompositeCrl121,
	&oer_ElectorBallot,
	&oer_ElectorBallot121,
	&oer_CrlContents,
	&oer_CrlSsp,
	&oer_ScmsSsp,
	&oer_SignedCertificateRequest,
	&oer_FullIeeeTbsCtl,
	&oer_ToBeSignedEncryptedCertificateResponse,
	&oer_PlaintextCertificateResponse,
	&oer_ToBeEncryptedIndividualPLV,
	&oer_BallotHistory,
	&oer_TrustStore,
	&oer_ScmsPolicyExtension,
	&oer_SignatureAndSignerIdentifier,
	&oer_ScopedComponentCertificateManagementError,
	&oer_ScopedEcaEndEntityError,
	&oer_ScopedLaMaError,
	&oer_ScopedMaRaError,
	&oer_ScopedPcaRaError,
	&oer_ScopedRaPgError,
};
/* clang-format on */

static void check_refusal(const struct oer_error *err, enum oer_status status, size_t n)
{
	ALWAYS(err->status == status, "status %d told as %d", status, err->status);
	ALWAYS(err->offset <= n, "offset %zu of %zu", err->offset, n);
	ALWAYS(err->path[0] && memchr(err->path, 0, sizeof(err->path)), "path");
	ALWAYS(err->expected[0] && memchr(err->expected, 0, sizeof(err->expected)), "expected");
	ALWAYS(err->found[0] && memchr(err->found, 0, sizeof(err->found)), "found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union any_value out;
	const struct oer_type *type;
	struct scms_slice in, rest;
	struct oer_error err;
	enum oer_status status;
	const char *wrong;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	rest = in = (struct scms_slice){data + 1, size - 1};
	status = oer_decode(type, in, OER_DEPTH_DEFAULT, &out, &err);
	ALWAYS(oer_decode(type, in, OER_DEPTH_DEFAULT, NULL, NULL) == status, "%s: differs without a struct",
	       type->name);
	if (status != OER_OK)
		check_refusal(&err, status, in.n);
	/* Garbage behind a value must not keep the fuzzer from what is before it. */
	if (oer_decode_prefix(type, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
		return 0;
	ALWAYS((status == OER_OK) == (rest.n == 0), "%s: %zu bytes left", type->name, rest.n);
	in.n -= rest.n;
	wrong = roundtrip(type, in, OER_DEPTH_DEFAULT);
	ALWAYS(!wrong, "%s: %s", type->name, wrong);
	return 0;
}
