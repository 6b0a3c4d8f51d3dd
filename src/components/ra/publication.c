/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/publication.h"

#include "components/pg/chain_local.h"
#include "components/ra/local_policy.h"
#include "trust/policy.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_MAX (64u << 10)
#define CHAIN_MAX_BYTES (8u << 20)
#define REPLY_MAX (64u << 10)
#define RETRY_SECONDS 10

/* A file in memory, as it is in the database. */
struct publication_file {
	struct http_content *content; /* NULL: there is none */
	char title[CHAIN_FILE_NAME];
};

struct ra_publication {
	struct service *service;
	struct bytes gpf, gccf;		   /* as the PG last gave them, and the store took them */
	struct bytes new_gpf, new_gccf;	   /* on their way */
	struct bytes question;		   /* the custom part that the PG is asked to sign */
	struct policy_content content;	   /* of gpf; points into it */
	bool has_content;
	struct publication_file lpf, lccf;
	uint8_t signer[32]; /* whose signature the LPF has; zero: it is not what the PG was last asked for */
	uint32_t versions;  /* LCCFs made of this GCCF */
	bool under_way, has_pg;
	scms_time32 next, looked; /* when the PG's files were last seen to be those that the RA has; 0: never */
};

/* ---- files ---- */

static bool duplicate(struct bytes *to, struct scms_slice from)
{
	bytes_free(to);
	to->p = malloc(from.n + 1);
	to->n = to->p != NULL ? from.n : 0;
	if (to->p != NULL && from.n > 0)
		memcpy(to->p, from.p, from.n);
	return to->p != NULL;
}

static bool file_set(struct publication_file *file, const char *title, struct scms_slice bytes)
{
	struct bytes copy = {NULL, 0};
	struct http_content *content = duplicate(&copy, bytes) ? http_content_new(bytes_view(&copy), OCTETS) : NULL;

	if (content == NULL)
		return false;
	http_content_free(file->content);
	file->content = content;
	snprintf(file->title, sizeof(file->title), "%s", title);
	return true;
}

/* Reads the parameters of a GPF into content, which then points into it. */
static bool content_read(struct ra_publication *publication)
{
	struct policy_file file;

	publication->has_content =
	    publication->gpf.n > 0 &&
	    policy_file_read(&file, bytes_view(&publication->gpf), publication->service->party->crypto, NULL) == OER_OK &&
	    policy_content_read(&publication->content, file.tbs.raw, NULL) == OER_OK;
	return publication->has_content;
}

const struct policy_content *ra_publication_policy(const struct ra_publication *publication)
{
	return publication->has_content ? &publication->content : NULL;
}

static bool load_one(void *ctx, const struct db_value *columns, size_t count)
{
	struct ra_publication *publication = ctx;
	char name[16] = "", title[CHAIN_FILE_NAME] = "";

	(void)count;
	if (columns[0].bytes.n >= sizeof(name) || columns[1].bytes.n >= sizeof(title))
		return true;
	memcpy(name, columns[0].bytes.p, columns[0].bytes.n);
	memcpy(title, columns[1].bytes.p, columns[1].bytes.n);
	if (strcmp(name, "gpf") == 0)
		return duplicate(&publication->gpf, columns[2].bytes);
	if (strcmp(name, "gccf") == 0)
		return duplicate(&publication->gccf, columns[2].bytes);
	if (strcmp(name, RA_LPF) == 0)
		return file_set(&publication->lpf, title, columns[2].bytes);
	if (strcmp(name, RA_LCCF) == 0)
		return file_set(&publication->lccf, title, columns[2].bytes);
	return true;
}

static bool save(struct ra_publication *publication, const char *name, const char *title, struct scms_slice bytes)
{
	return commit_begin(publication->service->commit) &&
	       db_run(publication->service->db,
		      "INSERT INTO publication (name, title, bytes) VALUES ($1, $2, $3) "
		      "ON CONFLICT (name) DO UPDATE SET title = $2, bytes = $3",
		      DB_VALUES(db_text(name), db_text(title), db_bytes(bytes.p, bytes.n))) == 1;
}

bool ra_publication_send(struct ra_publication *publication, const char *which, struct http_exchange *exchange)
{
	struct publication_file *file = strcmp(which, RA_LPF) == 0 ? &publication->lpf : &publication->lccf;
	const char *has = http_header(exchange, "If-None-Match");
	char quoted[CHAIN_FILE_NAME + 2];

	if (file->content == NULL)
		return false;
	snprintf(quoted, sizeof(quoted), "\"%s\"", file->title);
	if (has != NULL && (strcmp(has, quoted) == 0 || strcmp(has, file->title) == 0))
		http_answer(exchange, 304, NULL, (struct scms_slice){NULL, 0});
	else
		http_answer_content(exchange, file->content);
	return true;
}

/* ---- making them ---- */

static void done(struct ra_publication *publication, const char *failure)
{
	struct service *service = publication->service;

	publication->under_way = false;
	if (failure == NULL)
		publication->looked = role_now();
	publication->next = role_now() + (failure != NULL ? RETRY_SECONDS : ra_state_of(service)->policy.retrieval);
	if (failure != NULL)
		log_event(service->name, LOG_LEVEL_WARNING, "policy and chain file", "s:s", "failed", failure);
}

static void make_lccf(struct ra_publication *publication)
{
	struct service *service = publication->service;
	const struct lccf_input input = {.crypto = service->party->crypto,
					 .gccf = bytes_view(&publication->gccf),
					 .version = (uint16_t)++publication->versions,
					 .ra_host = role_host(service)};
	struct chain_comparison comparison = {.list = NULL};
	struct bytes lccf = {NULL, 0};
	struct key_error err;
	char title[CHAIN_FILE_NAME];
	enum key_status status = lccf_make(&input, &lccf, &err);

	if (status == KEY_OK)
		status = chain_compare(input.gccf, bytes_view(&lccf), input.crypto, &comparison, &err);
	if (status == KEY_OK && comparison.missing > 0)
		status = key_fail(&err, KEY_VALUE, "the LCCF lacks something of the GCCF: %.150s", comparison.list[0].text);
	if (status == KEY_OK && (!chain_file_name(bytes_view(&lccf), title) || !save(publication, RA_LCCF, title, bytes_view(&lccf)) ||
				 !file_set(&publication->lccf, title, bytes_view(&lccf))))
		status = key_fail(&err, KEY_FAILED, "the LCCF could not be kept");
	if (status == KEY_OK)
		log_event(service->name, LOG_LEVEL_INFO, "chain file", "s:s", "made", title);
	else
		log_event(service->name, LOG_LEVEL_ERROR, "chain file", "s:s", "failed", err.text);
	chain_comparison_free(&comparison);
	bytes_free(&lccf);
}

static enum key_status make_lpf(struct ra_publication *publication, struct scms_slice custom, struct key_error *err)
{
	struct service *service = publication->service;
	struct policy_content *parts = calloc(2, sizeof(*parts)), *local = parts;
	struct bytes lpf = {NULL, 0};
	enum key_status status;

	if (local == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	ra_policy_custom(service, &publication->content, parts + 1);
	ra_policy_local(service, parts + 1, local);
	status = lpf_make(service->party, custom, local, local->generation, &lpf, err);
	if (status == KEY_OK &&
	    (!save(publication, RA_LPF, "local_policy.oer", bytes_view(&lpf)) || !file_set(&publication->lpf, "local_policy.oer", bytes_view(&lpf))))
		status = key_fail(err, KEY_FAILED, "the LPF could not be kept");
	/* Each LPF is another file: only its entity tag tells them apart. */
	publication->lpf.title[0] = '\0';
	memcpy(publication->signer, service->party->cert->hash256, 32);
	bytes_free(&lpf);
	free(parts);
	return status;
}

static void on_signed(void *ctx, const struct http_result *result)
{
	struct ra_publication *publication = ctx;
	struct bytes custom = {NULL, 0};
	struct key_error err = {.text = "the PG does not answer"};
	enum key_status status = KEY_FAILED;

	if (result->status == 200)
		status = policy_reply_open(result->body, bytes_view(&publication->question), &custom, &err);
	if (status == KEY_OK)
		status = make_lpf(publication, bytes_view(&custom), &err);
	bytes_free(&publication->question);
	bytes_free(&custom);
	done(publication, status == KEY_OK ? NULL : err.text);
}

static void ask_for_signature(struct ra_publication *publication)
{
	struct service *service = publication->service;
	struct policy_content *custom = calloc(1, sizeof(*custom));
	struct key_error err = {.text = "out of memory"};
	enum key_status status = KEY_FAILED;

	bytes_free(&publication->question);
	/* Where it is not answered or refuses, it is asked again, though no file is new then. */
	memset(publication->signer, 0, sizeof(publication->signer));
	if (custom != NULL && publication->has_content) {
		ra_policy_custom(service, &publication->content, custom);
		status = policy_request_make(custom, &publication->question, &err);
	}
	free(custom);
	if (status != KEY_OK ||
	    !service_call(service, "pg", "/sign-policy", bytes_view(&publication->question), REPLY_MAX, on_signed, publication))
		done(publication, err.text);
}

/* Did the store take the policy, or has it it already? */
static bool taken(const json_t *report)
{
	const char *outcome = json_string_value(json_object_get(json_object_get(report, "policy"), "outcome"));

	return outcome != NULL && (strcmp(outcome, "ACCEPTED") == 0 || strcmp(outcome, "UNCHANGED") == 0);
}

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* Both files are there: into the store, and on to the devices. */
static void take_files(struct ra_publication *publication)
{
	struct service *service = publication->service;
	const struct scms_session session = {.policy = bytes_view(&publication->new_gpf), .chain = bytes_view(&publication->new_gccf)};
	bool new_policy = !same(&publication->gpf, &publication->new_gpf), new_chain = !same(&publication->gccf, &publication->new_gccf);
	bool resign = memcmp(publication->signer, service->party->cert->hash256, 32) != 0;
	struct trustee_outcome outcome;

	if (!new_policy && !new_chain && !resign && publication->lpf.content != NULL && publication->lccf.content != NULL) {
		done(publication, NULL);
		return;
	}
	outcome = service_apply(service, &session);
	if (outcome.status != TRUSTEE_DONE || !taken(outcome.report)) {
		json_decref(outcome.report);
		done(publication, outcome.status != TRUSTEE_DONE ? outcome.text : "the trust store does not take the global policy");
		return;
	}
	json_decref(outcome.report);
	if (!duplicate(&publication->gpf, session.policy) || !duplicate(&publication->gccf, session.chain) ||
	    !save(publication, "gpf", "", session.policy) || !save(publication, "gccf", "", session.chain)) {
		done(publication, "the files could not be kept");
		return;
	}
	content_read(publication);
	ra_policy_read(service, &publication->content, &ra_state_of(service)->policy);
	if (new_chain) {
		publication->versions = 0;
		make_lccf(publication);
	} else if (publication->lccf.content == NULL) {
		make_lccf(publication);
	}
	ask_for_signature(publication);
}

static void on_chain(void *ctx, const struct http_result *result)
{
	struct ra_publication *publication = ctx;

	if (result->status == 200 && duplicate(&publication->new_gccf, result->body))
		take_files(publication);
	else
		done(publication, result->status == 0 ? result->error : "the PG has no chain file");
}

static void on_policy(void *ctx, const struct http_result *result)
{
	struct ra_publication *publication = ctx;
	struct service *service = publication->service;

	if (result->status != 200 || !duplicate(&publication->new_gpf, result->body))
		done(publication, result->status == 0 ? result->error : "the PG has no policy");
	else if (!service_call(service, "pg", "/download/global-certificate-chain", (struct scms_slice){NULL, 0}, CHAIN_MAX_BYTES, on_chain,
			       publication))
		done(publication, "out of memory");
}

void ra_publication_tick(struct ra_publication *publication)
{
	if (!publication->has_pg || publication->under_way || role_now() < publication->next)
		return;
	publication->under_way = true;
	if (!service_call(publication->service, "pg", "/download/policy/global", (struct scms_slice){NULL, 0}, POLICY_MAX, on_policy,
			  publication))
		done(publication, "out of memory");
}

scms_time32 ra_publication_looked(const struct ra_publication *publication)
{
	return publication->looked;
}

void ra_publication_look(struct ra_publication *publication)
{
	publication->next = 0;
}

struct ra_publication *ra_publication_new(struct service *service)
{
	struct ra_publication *publication = calloc(1, sizeof(*publication));

	if (publication == NULL)
		return NULL;
	publication->service = service;
	publication->has_pg = service_peer(service, "pg") != NULL;
	if (db_each(service->db, "SELECT name, title, bytes FROM publication", NULL, 0, load_one, publication) < 0) {
		ra_publication_free(publication);
		return NULL;
	}
	content_read(publication);
	return publication;
}

void ra_publication_free(struct ra_publication *publication)
{
	if (publication == NULL)
		return;
	bytes_free(&publication->gpf);
	bytes_free(&publication->gccf);
	bytes_free(&publication->new_gpf);
	bytes_free(&publication->new_gccf);
	bytes_free(&publication->question);
	http_content_free(publication->lpf.content);
	http_content_free(publication->lccf.content);
	free(publication);
}
