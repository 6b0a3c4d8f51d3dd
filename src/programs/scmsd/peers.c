/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include "service/store_dir.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (64u << 10)
#define SECONDS 10

/* One peer, asked by one component. */
struct asking {
	const struct component_config *component;
	const struct config_peer *peer;
	struct event_base *base;
	struct http_client *client;
	FILE *wrong;
	int status; /* of the last answer */
	uint8_t *body;
	size_t n;
	char error[256];
};

static bool refuse(const struct asking *asking, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const struct asking *asking, const char *format, ...)
{
	va_list args;

	fprintf(asking->wrong, "%s: peer %s, %s: ", asking->component->name, asking->peer->name, asking->peer->url);
	va_start(args, format);
	vfprintf(asking->wrong, format, args);
	va_end(args);
	fputc('\n', asking->wrong);
	return false;
}

static void answered(void *ctx, const struct http_result *result)
{
	struct asking *asking = ctx;

	asking->status = result->status;
	snprintf(asking->error, sizeof(asking->error), "%s", result->error != NULL ? result->error : "");
	free(asking->body);
	asking->body = malloc(result->body.n + 1);
	asking->n = asking->body != NULL ? result->body.n : 0;
	if (asking->n > 0)
		memcpy(asking->body, result->body.p, asking->n);
	event_base_loopbreak(asking->base);
}

static void ask(struct asking *asking, const char *path)
{
	char url[600];

	asking->status = 0;
	snprintf(asking->error, sizeof(asking->error), "out of memory");
	snprintf(url, sizeof(url), "%.500s%s", asking->peer->url, path);
	if (http_client_send(asking->client, &(struct http_call){.url = url, .answer_max = ANSWER_BYTES_MAX, .seconds = SECONDS}, answered, asking))
		event_base_dispatch(asking->base);
}

/* Without an answer: what TLS says of it leads to the end that is to be mended. */
static bool refuse_silence(const struct asking *asking)
{
	const char *home = asking->component->home, *said = asking->error, *mend = "";
	char text[400];

	if (strstr(said, "issuer certificate") != NULL || strstr(said, "self-signed") != NULL || strstr(said, "self signed") != NULL) {
		snprintf(text, sizeof(text), "; its TLS certificate is not under the root in %.200s/tls/roots.pem: one of the two is to get its TLS "
			 "identity from the other's workspace (scms component tls --request)", home);
		mend = text;
	} else if (strstr(said, "alert") != NULL) {
		snprintf(text, sizeof(text), "; it does not believe %.200s/tls/certificate.pem: have it issued where the peer's was (scms component "
			 "tls --request)", home);
		mend = text;
	} else if (strstr(said, "alternative certificate subject name") != NULL) {
		mend = "; another component is there, or it is called differently";
	} else if (strstr(said, "expired") != NULL) {
		mend = "; renew it where it was issued (scms component tls), and start it again";
	}
	return refuse(asking, "%s%s", said, mend);
}

/* "la" of "la1" */
static bool role_fits(const char *peer, const char *role)
{
	size_t n = strlen(role);

	return strncmp(peer, role, n) == 0 && peer[n + strspn(peer + n, "0123456789")] == '\0';
}

static bool is_of_role(const struct component_config *component, const char *peer)
{
	for (const struct role_peer *row = component->role->peers; row != NULL && row->name != NULL; row++)
		if (strcmp(row->name, peer) == 0)
			return true;
	return false;
}

/* Is it the one that is meant, and does it serve? Its name, to be shown. */
static bool check_health(struct asking *asking, char name[128])
{
	json_t *json = json_loadb((const char *)asking->body, asking->n, 0, NULL);
	const char *component, *role, *status, *text = "";
	bool good;

	if (json == NULL || json_unpack(json, "{s:s, s:s, s:s, s?s}", "component", &component, "role", &role, "status", &status, "text", &text) != 0) {
		json_decref(json);
		return refuse(asking, "answers %d to GET /health, and not as a component of an SCMS", asking->status);
	}
	snprintf(name, 128, "%s (%s)", component, role);
	/* The manager names its peers as they are called; all others say what they need them for. */
	if (is_of_role(asking->component, asking->peer->name) ? !role_fits(asking->peer->name, role) : strcmp(asking->peer->name, component) != 0)
		good = refuse(asking, "expected %s there, found %s", asking->peer->name, name);
	else if (strcmp(status, "serving") != 0)
		good = refuse(asking, "%s has ceased: %s", name, text);
	else
		good = true;
	json_decref(json);
	return good;
}

/* What it signs with, judged as the component will. Roles that give out no certificate are judged by their messages alone. */
static bool check_certificate(struct asking *asking, const char *name, const struct scms_crypto *crypto)
{
	struct store_dir_error err;
	struct store_dir *dir;
	enum scms_reason reason;
	char path[1100];

	ask(asking, "/certificate");
	if (asking->status != 200)
		return true;
	snprintf(path, sizeof(path), "%.1000s/store", asking->component->home);
	dir = store_dir_open(path, STORE_DIR_READ, crypto, &err);
	if (dir == NULL)
		return refuse(asking, "%s", err.text);
	reason = scms_cert_check(store_dir_store(dir), clock_now(), (struct scms_slice){asking->body, asking->n}, NULL, 0, crypto,
				 store_dir_objects(dir));
	store_dir_close(dir);
	if (reason == SCMS_VALID)
		return true;
	return refuse(asking, "the trust store of %s does not believe %s: %s: %s; bring it the chain file that has it, and the present CRL (scms push)",
		      asking->component->name, name, scms_reason_name(reason), scms_reason_text(reason));
}

static bool check_one(struct asking *asking, const struct scms_crypto *crypto, FILE *out)
{
	char name[128];

	ask(asking, "/health");
	if (asking->status == 0)
		return refuse_silence(asking);
	if (!check_health(asking, name) || !check_certificate(asking, name, crypto))
		return false;
	fprintf(out, "%s: peer %s, %s: %s, serving\n", asking->component->name, asking->peer->name, asking->peer->url, name);
	return true;
}

static bool check_component(struct event_base *base, const struct component_config *component, const struct scms_crypto *crypto, FILE *out,
			    FILE *wrong)
{
	char certificates[1100], key[1100], roots[1100];
	const struct tls_identity identity = {certificates, key, roots};
	struct asking asking = {.component = component, .base = base, .wrong = wrong};
	struct tls_error err;
	bool good = true;

	snprintf(certificates, sizeof(certificates), "%.1000s/tls/certificate.pem", component->home);
	snprintf(key, sizeof(key), "%.1000s/tls/key.pem", component->home);
	snprintf(roots, sizeof(roots), "%.1000s/tls/roots.pem", component->home);
	if (access(certificates, F_OK) != 0) {
		fprintf(wrong, "%s: %s: there is no TLS identity yet: scms component install, or scms component tls\n", component->name, certificates);
		return false;
	}
	asking.client = http_client_new(base, &identity, &err);
	if (asking.client == NULL) {
		fprintf(wrong, "%s: %s\n", component->name, err.text);
		return false;
	}
	for (size_t k = 0; k < component->peer_count; k++) {
		asking.peer = &component->peers[k];
		good &= check_one(&asking, crypto, out);
	}
	http_client_free(asking.client);
	free(asking.body);
	return good;
}

bool peers_check(const struct daemon_config *config, const struct scms_crypto *crypto, FILE *out, FILE *wrong)
{
	struct event_base *base = event_base_new();
	bool good = base != NULL;

	for (size_t k = 0; base != NULL && k < config->component_count; k++)
		good &= check_component(base, &config->components[k], crypto, out, wrong);
	if (base != NULL)
		event_base_free(base);
	return good;
}
