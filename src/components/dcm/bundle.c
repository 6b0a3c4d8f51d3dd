/* SPDX-License-Identifier: Apache-2.0 */
#include "components/dcm/bundle.h"

#include "components/named.h"
#include "components/update.h"
#include "dot2/validity.h"
#include "trust/chain_file.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX (2 * MEMBERS_MAX + 8)

struct making {
	struct archive_member member[FILES_MAX];
	size_t n;
	bool failed;
};

static void add(struct making *making, const char *name, const void *p, size_t n)
{
	struct archive_member *member = &making->member[making->n];

	if (making->n == FILES_MAX) {
		making->failed = true;
		return;
	}
	snprintf(member->name, sizeof(member->name), "%s", name);
	member->content = (struct bytes){OPENSSL_memdup(p, n), n};
	if (member->content.p == NULL)
		making->failed = true;
	else
		making->n++;
}

static void add_json(struct making *making, const char *name, json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;

	if (text == NULL)
		making->failed = true;
	else
		add(making, name, text, strlen(text));
	free(text);
	json_decref(json);
}

/* Adds a member's certificate and its name to the list of bootstrap.json. */
static void add_listed(struct making *making, json_t *list, const char *kind, struct scms_slice certificate)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-%zu.coer", kind, json_array_size(list) + 1);
	add(making, name, certificate.p, certificate.n);
	json_array_append_new(list, json_string(name));
}

static bool chain_bytes(const struct scms_store *store, struct trust_env env, struct scms_slice *chain)
{
	*chain = (struct scms_slice){NULL, 0};
	return object_is_none(store->chain) || env.objects->get(env.objects->ctx, store->chain, chain);
}

/* The RA's certificate, in the chain file. */
static bool ra_find(const struct chain_file *file, const char *host, struct trust_env env, struct scms_slice *ra)
{
	const struct scms_slice name = {(const uint8_t *)host, strlen(host)};

	return certificate_named(file->certs.bytes, ROLE_RA, name, 0, env.crypto, ra);
}

static enum key_status fill(struct making *making, const struct scms_store *store, struct trust_env env, scms_time64 now,
			    const struct bundle_extras *extras, struct key_error *err)
{
	json_t *electors = json_array(), *roots = json_array(), *bootstrap;
	struct scms_store_status status;
	struct scms_slice chain, ra = {NULL, 0};
	struct scms_member member;
	struct chain_file file;

	if (!scms_store_status(store, now, env.crypto, env.objects, &status) || !chain_bytes(store, env, &chain)) {
		json_decref(electors);
		json_decref(roots);
		return key_fail(err, KEY_FAILED, "the trust store cannot be read");
	}
	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED)
			add_listed(making, electors, "elector", member.certificate);
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED)
			add_listed(making, roots, "root", member.certificate);
	bootstrap = json_pack("{s:o, s:o, s:i, s:I, s:i, s:i, s:I, s:I}", "electors", electors, "roots", roots, "quorum", (int)status.quorum,
			      "now", (json_int_t)now, "quorumFloor", (int)status.quorum_floor, "quorumCeiling",
			      (int)status.quorum_ceiling, "skewSeconds", (json_int_t)status.skew_seconds, "crlToleranceSeconds",
			      (json_int_t)(store->tolerance / TIME64_SECOND));
	if (bootstrap != NULL && json_array_size(roots) == 0) {
		json_decref(bootstrap);
		return key_fail(err, KEY_REFUSED, "no root CA is trusted now: a device cannot be provisioned (rules D6, F2)");
	}
	if (chain.n > 0) {
		add(making, "chain.oer", chain.p, chain.n);
		json_object_set_new(bootstrap, "chain", json_string("chain.oer"));
	}
	add_json(making, "bootstrap.json", bootstrap);
	if (chain.n == 0 || chain_file_read(&file, chain, NULL) != OER_OK || !ra_find(&file, extras->ra_host, env, &ra))
		return key_fail(err, KEY_REFUSED, "the certificate of the RA %s is not in the chain file at hand", extras->ra_host);
	add(making, "ra.coer", ra.p, ra.n);
	add(making, "tls-roots.pem", extras->tls_roots.p, extras->tls_roots.n);
	add_json(making, "device.json", json_pack("{s:s, s:s}", "ra", extras->ra_url, "crl", extras->crl_url));
	return making->failed ? key_fail(err, KEY_FAILED, "out of memory") : KEY_OK;
}

enum key_status bundle_make(const struct scms_store *store, struct trust_env env, scms_time64 now,
			    const struct bundle_extras *extras, struct bytes *out, struct key_error *err)
{
	struct making *making = calloc(1, sizeof(*making));
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (making == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	status = fill(making, store, env, now, extras, err);
	if (status == KEY_OK)
		status = archive_make(making->member, making->n, out, err);
	for (size_t k = 0; k < making->n; k++)
		bytes_free(&making->member[k].content);
	free(making);
	return status;
}

enum key_status bundle_update(const struct scms_store *store, struct trust_env env, struct bytes *out, struct key_error *err)
{
	struct scms_session session = {.chain = {NULL, 0}};
	struct scms_slice made;

	*out = (struct bytes){NULL, 0};
	if (!chain_bytes(store, env, &session.chain))
		return key_fail(err, KEY_FAILED, "the trust store cannot be read");
	if (session.chain.n == 0)
		session.chain.p = NULL;
	if (!update_make(&session, &made))
		return key_fail(err, KEY_FAILED, "out of memory");
	*out = (struct bytes){OPENSSL_memdup(made.p, made.n), made.n};
	free((void *)(uintptr_t)made.p);
	return out->p != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "out of memory");
}
