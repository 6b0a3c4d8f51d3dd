/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every HTTP entry point of ECA, DCM, MA, PG, CRLG, CRL store and manager, and those that all components have, behind the
 * socket; those of RA, LAs and PCA are in provisioning.c. The first byte says which; the second, how hostile the sender is:
 *
 *   0   the rest is the body as it is
 *   1   the rest is what a peer who is trusted wraps, signs and encrypts
 */
#include "fuzz.h"

#include "tests/dot2/judge.h"
#include "tests/provision/behind.h"

#include <string.h>

enum from { FROM_NOBODY, FROM_RA, FROM_OBE };

static const struct {
	enum world_component which;
	const char *path; /* GET where it begins with '<' */
	const char *row;  /* of the message; NULL: it has no wrapping */
	enum from from;
} places[] = {
    {WORLD_ECA, "/provision-enrollment-certificate", "SignedEeEnrollmentCertRequest", FROM_OBE},
    {WORLD_DCM, "/devices", NULL, FROM_NOBODY},
    {WORLD_DCM, "/enrol", "SignedEeEnrollmentCertRequest", FROM_OBE},
    {WORLD_DCM, "</devices", NULL, FROM_NOBODY},
    {WORLD_DCM, "</bundle", NULL, FROM_NOBODY},
    {WORLD_DCM, "</update", NULL, FROM_NOBODY},
    {WORLD_MA, "/process-misbehavior-report", "SecuredMisbehaviorReport", FROM_OBE},
    {WORLD_MA, "</reports", NULL, FROM_NOBODY},
    {WORLD_PG, "/sign-policy", "ScopedRaPgPolicySignatureRequest", FROM_RA},
    {WORLD_PG, "/publish", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/policy/global", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/global-certificate-chain", NULL, FROM_NOBODY},
    {WORLD_PG, "</download/ballot-history", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/revocations", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/ballots", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/root-crl", NULL, FROM_NOBODY},
    {WORLD_CRLG, "/crlg/composite", NULL, FROM_NOBODY},
    {WORLD_CRLG, "</crlg/composite", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/crl", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/root-crl", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "</download-crl/", NULL, FROM_NOBODY},
    {WORLD_MANAGER, "/push", NULL, FROM_NOBODY},
    {WORLD_MANAGER, "</push/", NULL, FROM_NOBODY}, /* the rest of the input follows */
    {WORLD_MANAGER, "</state", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "/trust", NULL, FROM_NOBODY},
    {WORLD_CRL_STORE, "</trust", NULL, FROM_NOBODY},
    {WORLD_ECA, "/activate", NULL, FROM_NOBODY},
    {WORLD_ECA, "</health", NULL, FROM_NOBODY},
    {WORLD_ECA, "</metrics", NULL, FROM_NOBODY},
    {WORLD_RA, "/process-misbehavior-report", "SecuredMisbehaviorReport", FROM_OBE},
    {WORLD_RA, "</retrieve-ra-certificate", NULL, FROM_NOBODY},
};
#define PLACES (sizeof(places) / sizeof(places[0]))
#define DEVICE "device-1"

static struct world world;
static struct person obe;
static char folder[WORLD_FOLDER];

static void gone(void)
{
	world_gone(folder);
}

/* A route that is added comes here, too. */
static void places_complete(enum world_component which, unsigned table)
{
	for (const struct service_route *route = behind_routes(which, table); route->path != NULL; route++) {
		bool posted = (route->methods & HTTP_POST) != 0, found = false;

		if (strcmp(route->path, "/certificate") == 0)
			continue; /* takes nothing; in provisioning.c */
		for (unsigned k = 0; k < PLACES; k++)
			found |= (places[k].which == which || table == 1) &&
				 (posted ? strcmp(places[k].path, route->path) == 0
					 : places[k].path[0] == '<' && strcmp(places[k].path + 1, route->path) == 0);
		ALWAYS(found, "%s is no place", route->path);
	}
}

static void open_once(void)
{
	static const char devices[] = "[{\"device\": \"" DEVICE "\", \"kind\": \"obe\"}]";
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	world_folder(folder);
	atexit(gone);
	world_make(&world, folder, "");
	world_complete(&world);
	behind_open(&world, &judge, "tolerance_seconds=4294967295 reports=1 request_tolerance=4294967295");
	world_enrol(&world, &obe, false);
	for (unsigned k = WORLD_COMPONENTS; k < WORLD_ALL; k++)
		places_complete((enum world_component)k, 0);
	places_complete(WORLD_ECA, 1);
	ALWAYS(behind_request(WORLD_DCM, "/devices", (struct scms_slice){(const uint8_t *)devices, sizeof(devices) - 1}, NULL, NULL) == 200,
	       "the DCM takes no list");
}

/* What the DCM gets: the device's request, and for whom. */
static void order(struct bytes *request)
{
	const struct EnrolmentOrder value = {
	    .version = 1, .device = {(const uint8_t *)DEVICE, strlen(DEVICE)}, .request = bytes_view(request)};
	struct bytes made = {NULL, 0};
	struct key_error err;

	ALWAYS(request->n > 4096 || make_bytes(&oer_EnrolmentOrder, &value, &made, &err) == KEY_OK, "no order");
	bytes_free(request);
	*request = made;
}

/* The body as a peer makes it who is trusted; body.p NULL: it cannot be made. */
static struct bytes wrapped(unsigned k, struct scms_slice content)
{
	struct party from = places[k].from == FROM_RA ? *behind_service(WORLD_RA)->party : world_party(&obe);
	const struct cert *to = places[k].which == WORLD_RA ? &world.cert[WORLD_MA] : &world.cert[places[k].which];
	struct bytes made = {NULL, 0};
	struct key_error err;

	if (message_make(&from, envelope_find(places[k].row), content, clock_now(), to, &made, &err) != KEY_OK)
		return (struct bytes){NULL, 0};
	if (strcmp(places[k].path, "/enrol") == 0)
		order(&made);
	return made;
}

static void ask(unsigned k, struct scms_slice body)
{
	char path[256];
	int status;

	if (places[k].path[0] != '<') {
		status = behind_request(places[k].which, places[k].path, body, NULL, NULL);
	} else {
		size_t n = body.n > 0 && places[k].path[strlen(places[k].path) - 1] == '/' ? body.n % 64 : 0;

		snprintf(path, sizeof(path), "%s%.*s", places[k].path + 1, (int)n, (const char *)body.p);
		status = behind_request(places[k].which, path, (struct scms_slice){NULL, 0}, NULL, NULL);
	}
	/* Answered, whatever it was; 502 and 503 say that somebody else refused or that there is nothing yet. */
	ALWAYS((status >= 200 && status <= 500) || status == 502 || status == 503, "%s: %d", places[k].path, status);
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
	unsigned k;

	if (size < 2 || size > 60000)
		return 0;
	open_once();
	k = data[0] % PLACES;
	if (strcmp(places[k].path, "/crlg/revocations") == 0 && data[1] != 0 && size >= 12) {
		/* An order for the root that the CRLG works for. */
		made = (struct bytes){malloc(size - 2), size - 2};
		ALWAYS(made.p != NULL, "memory");
		memcpy(made.p, data + 2, size - 2);
		memcpy(made.p + 2, cert_id8(&world.root.cert), 8);
	} else if (data[1] != 0 && places[k].row != NULL) {
		made = wrapped(k, (struct scms_slice){data + 2, size - 2});
	} else {
		ask(k, (struct scms_slice){data + 2, size - 2});
		return 0;
	}
	if (made.p != NULL)
		ask(k, bytes_view(&made));
	bytes_free(&made);
	return 0;
}
