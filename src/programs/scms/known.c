/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include "detect.h"
#include "dot2/chain.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

const struct known_cert *known_id8(const struct known *known, const uint8_t id8[8], const struct known_cert *after)
{
	for (size_t i = after ? (size_t)(after - known->list) + 1 : 0; i < known->count; i++) {
		if (memcmp(cert_id8(&known->list[i].cert), id8, 8) == 0)
			return &known->list[i];
	}
	return NULL;
}

struct known_cert *known_identity(const struct known *known, const uint8_t hash[32])
{
	for (size_t i = 0; i < known->count; i++) {
		if (memcmp(known->list[i].cert.hash256, hash, 32) == 0)
			return &known->list[i];
	}
	return NULL;
}

/* -- collecting */

struct collector {
	struct known *known;
	const char *file;
	unsigned depth;
	const uint8_t *end;
	bool no_memory;
};

/* Takes the certificate that begins here. One that no judge could use (SM2, say) is passed over. */
static void take_cert(struct collector *c, struct scms_slice rest)
{
	struct known *known = c->known;
	struct known_cert *add;
	const uint8_t *start = rest.p;
	struct cert cert;
	uint8_t *copy;
	size_t n;

	if (known->count == KNOWN_MAX || oer_decode_prefix(&oer_Certificate, &rest, c->depth, NULL, NULL) != OER_OK)
		return;
	n = (size_t)(rest.p - start);
	if (cert_read(&cert, (struct scms_slice){start, n}, known->crypto, NULL) != OER_OK ||
	    known_identity(known, cert.hash256))
		return;
	if (!known->list)
		known->list = calloc(KNOWN_MAX, sizeof(*known->list));
	copy = malloc(n);
	if (!known->list || !copy) {
		free(copy);
		c->no_memory = true;
		return;
	}
	memcpy(copy, start, n);
	add = &known->list[known->count];
	if (cert_read(&add->cert, (struct scms_slice){copy, n}, known->crypto, NULL) != OER_OK) {
		free(copy);
		return;
	}
	add->bytes = copy;
	add->file = c->file;
	known->count++;
}

static bool visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	struct collector *c = context;
	const struct oer_type *inside;

	if (event == OER_WALK_ENTER && type_is(node->type, &oer_Certificate))
		take_cert(c, (struct scms_slice){node->bytes.p, (size_t)(c->end - node->bytes.p)});
	if (event == OER_WALK_VALUE && c->depth > 0) {
		inside = envelope_inside_node(node, c->depth - 1);
		if (inside && !known_collect(c->known, c->file, inside, node->value.bytes, c->depth - 1))
			c->no_memory = true;
	}
	return !c->no_memory;
}

bool known_collect(struct known *known, const char *file, const struct oer_type *type, struct scms_slice bytes,
		   unsigned depth)
{
	struct collector c = {.known = known, .file = file, .depth = depth, .end = bytes.p + bytes.n};

	/* What does not decode has no certificates; that it does not is said elsewhere. */
	if (oer_walk(type, bytes, depth, visit, &c, NULL) != OER_OK)
		return true;
	return !c.no_memory;
}

void known_free(struct known *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->list[i].bytes);
	free(known->list);
}

/* -- words */

/* The role of PSID 0x23's SSP, or NULL. */
static const char *role(const struct Certificate *c)
{
	struct oer_iter it = oer_iterate(&c->toBeSigned.appPermissions);
	struct PsidSsp permission;
	struct ScmsSsp ssp;

	while (c->toBeSigned.has_appPermissions && oer_next(&it, &permission)) {
		if (permission.psid == PSID_SECURITY_MANAGEMENT && permission.has_ssp &&
		    permission.ssp.choice == ServiceSpecificPermissions_is_opaque &&
		    oer_decode(&oer_ScmsSsp, permission.ssp.u.opaque, 1, &ssp, NULL) == OER_OK &&
		    ssp.choice != OER_UNKNOWN)
			return oer_ScmsSsp.u.fields[ssp.choice].name;
	}
	return NULL;
}

void known_name(FILE *to, const struct Certificate *c)
{
	const char *word = role(c);

	if (word)
		fprintf(to, "%s ", word);
	words_id(to, &c->toBeSigned.id);
}

/* -- signatures */

static const char *ask(const struct known *known, const struct scms_verify_request *request)
{
	uint8_t verdict;

	known->crypto->verify(known->crypto->ctx, request, 1, &verdict);
	return verdict == SCMS_GOOD ? "good" : verdict == SCMS_BAD ? "BAD" : "not checked: the engine failed";
}

static const char *cert_under(const struct known *known, const struct cert *cert, const struct cert *issuer)
{
	struct scms_verify_request request;
	uint8_t digest[48];

	if (!cert_signature_request(cert, issuer, known->crypto, digest, &request))
		return "BAD: not one of its issuer's key";
	return ask(known, &request);
}

const char *known_judge_cert(const struct known *known, const struct cert *cert)
{
	const struct known_cert *issuer = NULL;
	const char *verdict = "not checked: the issuer's certificate is not at hand";

	if (!cert->c.has_signature)
		return "none: the certificate is implicit";
	if (cert_is_self_issued(cert))
		return cert_under(known, cert, NULL);
	if (!cert_issuer_id8(cert))
		return "not checked: the issuer is named in an unknown way";
	/* Two certificates may have one HashedId8: a good one decides. */
	while ((issuer = known_id8(known, cert_issuer_id8(cert), issuer)) != NULL) {
		verdict = cert_under(known, cert, &issuer->cert);
		if (strcmp(verdict, "good") == 0)
			break;
	}
	return verdict;
}

/* The key of an implicit certificate is its issuer's and its own. */
static const char *data_under_implicit(const struct known *known, const struct SignedData *data, const struct cert *signer)
{
	const char *verdict = "not checked: the certificate of the implicit signer's issuer is not at hand";
	const uint8_t *id8 = cert_issuer_id8(signer);
	const struct known_cert *issuer = NULL;
	struct chain chain = {.cert = {*signer}, .n = 2};

	while (id8 && (issuer = known_id8(known, id8, issuer)) != NULL) {
		struct scms_verify_request request = {.digest = NULL};
		uint8_t digest[48], e[48];
		enum scms_curve curve;

		verdict = "BAD: not one of the signer's key";
		if (cert_is_implicit(&issuer->cert) ||
		    !signature_parts(&data->signature, &curve, &request.r, &request.s) || scms_curve_bytes(curve) != 32 ||
		    cert_point(&issuer->cert).curve != curve || data->hashId != HashAlgorithm_sha256)
			continue;
		chain.cert[1] = issuer->cert;
		chain_signer_request(&chain, known->crypto, e, &request);
		signed_data_digest(data, cert_signer_hash(signer, curve), curve, known->crypto, digest);
		request.digest = digest;
		verdict = ask(known, &request);
		if (strcmp(verdict, "good") == 0)
			break;
	}
	return verdict;
}

static const char *data_under(const struct known *known, const struct SignedData *data, const struct cert *signer)
{
	struct scms_verify_request request;
	uint8_t digest[48];

	if (cert_is_implicit(signer))
		return data_under_implicit(known, data, signer);
	if (!signed_data_request(data, signer, known->crypto, digest, &request))
		return "BAD: not one of the signer's key";
	return ask(known, &request);
}

const char *known_judge_data(const struct known *known, const struct SignedData *data, const struct cert *cert,
			     const uint8_t *id8)
{
	const char *verdict = "not checked: the signer's certificate is not at hand";
	const struct known_cert *signer = NULL;

	if (cert)
		return data_under(known, data, cert);
	if (!id8)
		return "not checked: signed with a key that no certificate here has";
	while ((signer = known_id8(known, id8, signer)) != NULL) {
		verdict = data_under(known, data, &signer->cert);
		if (strcmp(verdict, "good") == 0)
			break;
	}
	return verdict;
}
