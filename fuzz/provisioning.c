/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every HTTP entry point of RA, LA and PCA, behind the socket. The first byte says which; the second, how hostile the sender is:
 *
 *   0   the rest is the body as it is
 *   1   the rest is what a peer who is trusted wraps, signs and encrypts
 *   2   such a peer says what is right, but for some bytes that are changed before it is signed: the rest is three bytes for each, where
 *       and how
 */
#include "fuzz.h"

#include "components/role_service.h"
#include "crypto/butterfly.h"
#include "tests/dot2/judge.h"
#include "tests/provision/behind.h"
#include "tests/provision/vehicle.h"

#include <openssl/evp.h>
#include <string.h>

enum from { FROM_RA, FROM_PCA, FROM_MA, FROM_OBE, FROM_RSE, FROM_NOBODY };

static const struct {
	enum world_component which;
	const char *path, *row; /* of the message; NULL: it has no wrapping */
	enum from from;
	bool header; /* goes into Download-Req */
} places[] = {
    {WORLD_RA, "/provision-pseudonym-certificate-batch", "SecuredPseudonymCertProvisioningRequest", FROM_OBE, false},
    {WORLD_RA, "/provision-identity-certificate", "SecuredIdCertProvisioningRequest", FROM_OBE, false},
    {WORLD_RA, "/provision-application-certificate", "SecuredAppCertProvisioningRequest", FROM_RSE, false},
    {WORLD_RA, "/download/batch", "SecuredAuthenticatedDownloadRequest", FROM_OBE, true},
    {WORLD_RA, "/download/info", "SecuredAuthenticatedDownloadRequest", FROM_OBE, true},
    {WORLD_RA, "/download/policy/local", "SecuredAuthenticatedDownloadRequest", FROM_OBE, true},
    {WORLD_RA, "/enrolment-succession", NULL, FROM_NOBODY, false},
    {WORLD_RA, "/ra/blacklist", "SecuredBlacklistRequest", FROM_MA, false},
    {WORLD_RA, "/ra/linkage-chains", "SecuredLCIRequest", FROM_MA, false},
    {WORLD_RA, "/ra/rif-blacklist", "SecuredRseObeIdBlacklistRequest", FROM_MA, false},
    {WORLD_RA, "/ra/certificates", "SecuredCDVRequest", FROM_MA, false},
    {WORLD_LA1, "/la/pre-linkage-values", "SignedRaLaIndividualPreLinkageValueRequest", FROM_RA, false},
    {WORLD_LA1, "/la/key-agreement", "SignedPcaLaKeyAgreementRequest", FROM_PCA, false},
    {WORLD_LA1, "/la/key-agreement", "SignedPcaLaKeyAgreementAck", FROM_PCA, false},
    {WORLD_LA1, "/la/linkage-seed", "SecuredLSRequest", FROM_MA, false},
    {WORLD_PCA, "/pca/pseudonym", "SecuredRaPcaCertificateRequest", FROM_RA, false},
    {WORLD_PCA, "/pca/identification", "SecuredRaPcaCertificateRequest", FROM_RA, false},
    {WORLD_PCA, "/pca/pre-linkage-values", "SecuredMaPcaPreLinkageValueRequest", FROM_MA, false},
    {WORLD_PCA, "/pca/request-hashes", "SecuredMaPcaHPCRRequest", FROM_MA, false},
    {WORLD_PCA, "/pca/application", "SecuredRaPcaCertificateRequest", FROM_RA, false},
    {WORLD_RA, "/download/identity-certificate", "SecuredAuthenticatedDownloadRequest", FROM_OBE, true},
    {WORLD_RA, "/download/application-certificate", "SecuredAuthenticatedDownloadRequest", FROM_RSE, true},
    {WORLD_RA, "/download/local-certificate-chain", "SecuredAuthenticatedDownloadRequest", FROM_OBE, true},
    {WORLD_RA, "/process-misbehavior-report", NULL, FROM_NOBODY, false}, /* with an MA there: in components.c */
    {WORLD_RA, "/certificate", NULL, FROM_NOBODY, true},
    {WORLD_LA1, "/certificate", NULL, FROM_NOBODY, true},
    {WORLD_PCA, "/certificate", NULL, FROM_NOBODY, true},
    {WORLD_RA, "/retrieve-ra-certificate", NULL, FROM_NOBODY, true}, /* with a CRL store there: in components.c */
    {WORLD_RA, "/", NULL, FROM_NOBODY, false},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static struct world world;
static struct person obe, rse;
static struct bytes right[PLACES]; /* what is right there; empty: nothing is made */
static char folder[WORLD_FOLDER];

static void gone(void)
{
	world_gone(folder);
}

/* A route that is added comes here, too. */
static void places_complete(enum world_component which)
{
	for (const struct service_route *route = behind_routes(which, 0); route->path != NULL; route++) {
		bool found = false;

		for (unsigned k = 0; k < PLACES; k++)
			found |= places[k].which == which && strcmp(places[k].path, route->path) == 0;
		ALWAYS(found, "%s is no place", route->path);
	}
}

static struct party party_of(enum from from)
{
	switch (from) {
	case FROM_RA:
		return *behind_service(WORLD_RA)->party;
	case FROM_PCA:
		return *behind_service(WORLD_PCA)->party;
	case FROM_MA:
		return world_party(&world.ma);
	case FROM_RSE:
		return world_party(&rse);
	default:
		return world_party(&obe);
	}
}

static void keep(const char *path, const struct ScmsPDU *pdu)
{
	struct key_error err;

	for (unsigned k = 0; k < PLACES; k++)
		if (strcmp(places[k].path, path) == 0)
			ALWAYS(make_bytes(&oer_ScmsPDU, pdu, &right[k], &err) == KEY_OK, "%s", err.text);
}

/* What devices ask the RA for. */
static void right_requests(const struct vehicle *vehicle)
{
	static const struct IdentifiedRegion usa[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 840}};
	static const struct GeographicRegion region = {.choice = GeographicRegion_is_identifiedRegion,
						       .u.identifiedRegion = {.items = usa, .count = 1, .element = &oer_IdentifiedRegion}};
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EndEntityRaInterfacePDU *asks = &pdu.content.u.ee_ra;
	struct curve_point sign, respond;
	struct key_error err;

	ALWAYS(ee_pseudonym_request(&vehicle->keys, role_now(), &right[0], &err) == KEY_OK, "%s", err.text);
	ALWAYS(curve_mul_base(SCMS_NIST_P256, vehicle->keys.sign, &sign) && curve_mul_base(SCMS_NIST_P256, vehicle->keys.respond, &respond),
	       "no keys");
	asks->choice = EndEntityRaInterfacePDU_is_eeRaIdCertProvisioningRequest;
	asks->u.eeRaIdCertProvisioningRequest = (struct EeRaIdCertProvisioningRequest){
	    .version = 1,
	    .region = region,
	    .current_time = role_now(),
	    .verify_key_info.expansion = vehicle->keys.sign_expansion,
	    .resp_enc_key_info.expansion = vehicle->keys.respond_expansion};
	point_to_256(&sign, &asks->u.eeRaIdCertProvisioningRequest.verify_key_info.seed_key);
	point_to_256(&respond, &asks->u.eeRaIdCertProvisioningRequest.resp_enc_key_info.seed_key);
	keep("/provision-identity-certificate", &pdu);
	asks->choice = EndEntityRaInterfacePDU_is_eeRaAppCertProvisioningRequest;
	asks->u.eeRaAppCertProvisioningRequest = (struct EeRaAppCertProvisioningRequest){
	    .version = 1, .region = region, .current_time = role_now(), .requested_start_time = role_now()};
	point_to_verification_key(private_key_public(obe.key), &asks->u.eeRaAppCertProvisioningRequest.verify_key);
	ALWAYS(point_to_encryption_key(private_key_public(obe.key), &asks->u.eeRaAppCertProvisioningRequest.response_encryption_key), "no key");
	keep("/provision-application-certificate", &pdu);
	asks->choice = EndEntityRaInterfacePDU_is_eeRaAuthenticatedDownloadRequest;
	asks->u.eeRaAuthenticatedDownloadRequest = (struct AuthenticatedDownloadRequest){
	    .timestamp = role_now(), .filename = {(const uint8_t *)vehicle->name, 16}};
	for (unsigned k = 0; k < PLACES; k++)
		if (places[k].header && places[k].row != NULL)
			keep(places[k].path, &pdu);
}

static bool take_item(void *ctx, const struct db_value *columns, size_t count)
{
	struct bytes *to = ctx;

	(void)count;
	*to = (struct bytes){malloc(columns[0].bytes.n), columns[0].bytes.n};
	ALWAYS(to->p != NULL, "memory");
	memcpy(to->p, columns[0].bytes.p, to->n);
	return false;
}

/* What the RA asks the PCA for, while that does not answer: of a vehicle's pseudonym and identification certificates, a unit's. */
static void right_items(void)
{
	static const char *const paths[] = {"/provision-pseudonym-certificate-batch", "/provision-identity-certificate",
					    "/provision-application-certificate"};
	static const char *const pca[] = {"/pca/pseudonym", "/pca/identification", "/pca/application"};
	struct db *db = behind_service(WORLD_RA)->db;

	behind_presence(WORLD_PCA, BEHIND_DOWN);
	for (unsigned k = 0; k < 3; k++) {
		const struct party from = party_of(places[k].from);
		struct bytes made = {NULL, 0};
		struct key_error err;

		ALWAYS(message_make(&from, envelope_find(places[k].row), bytes_view(&right[k]), clock_now(), &world.cert[WORLD_RA], &made, &err) ==
				   KEY_OK &&
			   behind_request(WORLD_RA, paths[k], bytes_view(&made), NULL, NULL) == 200,
		       "%s: %s", paths[k], err.text);
		bytes_free(&made);
	}
	for (unsigned k = 0; k < 8; k++)
		behind_turn();
	for (unsigned k = 0; k < PLACES; k++)
		for (unsigned kind = 0; kind < 3; kind++)
			if (strcmp(places[k].path, pca[kind]) == 0)
				ALWAYS(db_each(db, "SELECT pdu FROM item WHERE kind = $1 AND pdu IS NOT NULL LIMIT 1", DB_VALUES(db_integer(kind + 1)),
					       take_item, &right[k]) == 1,
				       "%s: nothing is asked for", places[k].path);
	behind_presence(WORLD_PCA, BEHIND_ANSWERS);
}

static void open_once(void)
{
	struct vehicle vehicle;
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	world_folder(folder);
	atexit(gone);
	world_make(&world, folder, "");
	behind_open(&world, &judge, "shuffle_threshold=1 supply=604800 certificates_per_period=2 max_request_age=1 request_tolerance=4294967295 "
				  "download_tolerance=4294967295");
	world_enrol(&world, &obe, false);
	world_enrol(&world, &rse, true);
	vehicle_begin(&world, &vehicle);
	right_requests(&vehicle);
	right_items();
	vehicle_free(&vehicle);
	for (unsigned k = 0; k < WORLD_LA2; k++)
		places_complete((enum world_component)k);
}

static void ask(unsigned k, struct scms_slice body)
{
	char *header = NULL;
	int status;

	if (places[k].header && body.n > 0 && body.n < 6000) {
		header = malloc(body.n / 3 * 4 + 8);
		ALWAYS(header != NULL, "memory");
		EVP_EncodeBlock((unsigned char *)header, body.p, (int)body.n);
		body = (struct scms_slice){NULL, 0};
	}
	status = behind_request(places[k].which, places[k].path, body, header, NULL);
	/* Answered, whatever it was; a refusal is no failure of ours. */
	ALWAYS((status >= 200 && status < 500) || (status == 503 && places[k].row == NULL), "%s: %d", places[k].path, status);
	free(header);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	open_once();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes made = {NULL, 0}, content;
	struct key_error err;
	struct party from;
	unsigned k;

	if (size < 2 || size > 60000)
		return 0;
	open_once();
	k = data[0] % PLACES;
	if (data[1] == 0 || places[k].row == NULL) {
		ask(k, (struct scms_slice){data + 2, size - 2});
		return 0;
	}
	content = (struct bytes){malloc(size + right[k].n), size - 2};
	ALWAYS(content.p != NULL, "memory");
	if (data[1] == 2 && right[k].n > 0) {
		memcpy(content.p, right[k].p, right[k].n);
		content.n = right[k].n;
		for (size_t at = 2; at + 3 <= size; at += 3)
			content.p[((size_t)data[at] << 8 | data[at + 1]) % content.n] ^= data[at + 2];
	} else {
		memcpy(content.p, data + 2, content.n);
	}
	from = party_of(places[k].from);
	if (message_make(&from, envelope_find(places[k].row), bytes_view(&content), clock_now(), &world.cert[places[k].which], &made, &err) ==
	    KEY_OK)
		ask(k, bytes_view(&made));
	bytes_free(&content);
	bytes_free(&made);
	return 0;
}
