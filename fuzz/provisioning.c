/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every HTTP entry point of RA, LA and PCA, behind the socket. The first byte says which; the second, whether the rest is
 * the body as it is, or the message that a peer who is trusted wraps and signs: a hostile one is tried too.
 */
#include "fuzz.h"

#include "tests/dot2/judge.h"
#include "tests/provision/behind.h"

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

static void open_once(void)
{
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	world_folder(folder);
	atexit(gone);
	world_make(&world, folder, "");
	behind_open(&world, &judge, "shuffle_threshold=1 supply=604800 certificates_per_period=2 max_request_age=1 request_tolerance=4294967295");
	world_enrol(&world, &obe, false);
	world_enrol(&world, &rse, true);
	for (unsigned k = 0; k < WORLD_LA2; k++)
		places_complete((enum world_component)k);
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
	struct bytes made = {NULL, 0};
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
	from = party_of(places[k].from);
	if (message_make(&from, envelope_find(places[k].row), (struct scms_slice){data + 2, size - 2}, clock_now(),
			 &world.cert[places[k].which], &made, &err) == KEY_OK)
		ask(k, bytes_view(&made));
	bytes_free(&made);
	return 0;
}
