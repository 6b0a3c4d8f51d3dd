/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller says of who it is (the header SCMS-Peer, src/service/peer.h), which is read before it is believed. The first byte
 * says what the rest is, the second for which of the components, and in which role, the caller is taken:
 *
 *   0   the line
 *   1   the statement, in Base64
 *   2   what the component itself signs; only the right statement is one
 */
#include "fuzz.h"

#include "dot2/sign.h"
#include "service/base64.h"
#include "service/home.h"
#include "service/peer.h"
#include "tests/dot2/judge.h"
#include "tests/provision/world.h"

#include <openssl/evp.h>
#include <string.h>

#define LINE_MAX_BYTES 12000

static struct world world;
static struct trustee *trustee;
static struct home *homes[WORLD_COMPONENTS];
static struct party party[WORLD_COMPONENTS];
static struct peers peers;
static char folder[WORLD_FOLDER];
static uint8_t tls_key[32];

/* ---- in place of the HTTP server ---- */

struct http_exchange {
	const char *line;
	char host[64];
};

const char *http_header(const struct http_exchange *exchange, const char *name)
{
	return strcmp(name, PEER_HEADER) == 0 ? exchange->line : NULL;
}

bool http_peer_host(const struct http_exchange *exchange, char *host, size_t size)
{
	return snprintf(host, size, "%s", exchange->host) < (int)size;
}

bool http_peer_key(const struct http_exchange *exchange, uint8_t hash[32])
{
	(void)exchange;
	memcpy(hash, tls_key, sizeof(tls_key));
	return true;
}

/* ---- who calls ---- */

static const char *const roles[] = {"ra", "pca", "la", "crl-store"};
#define ROLES (sizeof(roles) / sizeof(roles[0]))
#define WITHOUT_CERTIFICATE 3 /* known by TLS alone */
static const unsigned role_of[WORLD_COMPONENTS] = {[WORLD_RA] = 0, [WORLD_PCA] = 1, [WORLD_LA1] = 2, [WORLD_LA2] = 2};

static void gone(void)
{
	peers_free(&peers);
	trustee_close(trustee);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		home_close(homes[k]);
	world_free(&world);
	world_gone(folder);
}

/* Is the caller believed? The same a second time, when what was found is remembered. */
static bool believed(unsigned component, unsigned role, const char *line)
{
	struct service service = {.name = "pca", .party = &party[WORLD_PCA], .trustee = trustee};
	struct http_exchange exchange = {.line = line};
	char why[PEER_WHY_BYTES], again[PEER_WHY_BYTES];
	bool is;

	snprintf(exchange.host, sizeof(exchange.host), "%.32s.localhost", world.name[component]);
	memset(why, 0, sizeof(why));
	memset(again, 0, sizeof(again));
	is = peer_is_believed(&service, &peers, &exchange, roles[role], why);
	ALWAYS(is == (why[0] == '\0') && memchr(why, '\0', sizeof(why)) != NULL, "why: %.256s", why);
	ALWAYS(peer_is_believed(&service, &peers, &exchange, roles[role], again) == is && strcmp(why, again) == 0, "%s: %s", why, again);
	return is;
}

static void open_once(void)
{
	static bool is_open;
	struct home_error home_err;
	struct store_dir_error store_err;
	struct key_error err;
	char path[700], *line;

	if (is_open)
		return;
	is_open = true;
	world_folder(folder);
	memset(tls_key, 0x5a, sizeof(tls_key));
	world_make(&world, folder, "");
	snprintf(path, sizeof(path), "%s/%s/store", folder, world.name[WORLD_PCA]);
	trustee = trustee_open(path, &judge, &store_err);
	ALWAYS(trustee != NULL, "%s", store_err.text);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++) {
		snprintf(path, sizeof(path), "%s/%s", folder, world.name[k]);
		homes[k] = home_open(path, NULL, &judge, &home_err);
		party[k].crypto = &judge;
		ALWAYS(homes[k] != NULL && home_party(homes[k], &party[k], &home_err) == HOME_OK, "%s", home_err.text);
	}
	atexit(gone);
	/* Who is who it says is believed, as itself. */
	ALWAYS(peer_line_make(&party[WORLD_RA], tls_key, &line, &err) == KEY_OK, "%s", err.text);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		for (unsigned role = 0; role < ROLES; role++)
			ALWAYS(believed(k, role, line + strlen(PEER_HEADER ": ")) == (role == WITHOUT_CERTIFICATE || (k == WORLD_RA && role == 0)),
			       "the RA as %s, %s", world.name[k], roles[role]);
	free(line);
}

/* Base64 of it; to be freed. */
static char *text_of(struct scms_slice bytes)
{
	char *text = malloc(BASE64_TEXT(bytes.n));

	ALWAYS(text != NULL, "memory");
	EVP_EncodeBlock((unsigned char *)text, bytes.p, (int)bytes.n);
	return text;
}

/* The component signs this. */
static char *signed_by(unsigned component, struct scms_slice payload)
{
	const struct signer signer = {
	    .key = party[component].sign, .cert = party[component].cert, .crypto = &judge, .attach = true};
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	struct bytes made = {NULL, 0};
	struct key_error err;
	char *text;

	ALWAYS(signed_unsecured_make(&signer, payload, &header, &made, &err) == KEY_OK, "%s", err.text);
	text = text_of(bytes_view(&made));
	bytes_free(&made);
	return text;
}

static bool is_statement(struct scms_slice payload)
{
	const size_t n = strlen(PEER_STATEMENT);

	return payload.n == n + 32 && memcmp(payload.p, PEER_STATEMENT, n) == 0 && memcmp(payload.p + n, tls_key, 32) == 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	open_once();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scms_slice rest;
	unsigned component, role;
	bool with_certificate, is;
	char *line;

	if (size < 2 || size > LINE_MAX_BYTES)
		return 0;
	open_once();
	rest = (struct scms_slice){data + 2, size - 2};
	component = data[1] % WORLD_COMPONENTS;
	role = data[1] / WORLD_COMPONENTS % ROLES;
	with_certificate = role != WITHOUT_CERTIFICATE;
	switch (data[0] % 3) {
	case 0:
		line = strndup((const char *)rest.p, rest.n);
		ALWAYS(line != NULL, "memory");
		break;
	case 1:
		line = text_of(rest);
		break;
	default:
		line = signed_by(component, rest);
	}
	is = believed(component, role, line);
	/* Nobody guesses a key of this run. */
	if (data[0] % 3 < 2)
		ALWAYS(is == !with_certificate, "believed: %s", line);
	else
		ALWAYS(is == (!with_certificate || (is_statement(rest) && role == role_of[component])), "%s as %s: %s", world.name[component],
		       roles[role], line);
	free(line);
	return 0;
}
