/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client.h"

#include "base/file.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CONNECT_SECONDS 10
#define SECONDS_DEFAULT 30
#define CONNECTIONS_KEPT 64
#define PEM_BYTES_MAX ((size_t)1 << 20)

struct transfer {
	LIST_ENTRY(transfer) link;
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	void (*done)(void *ctx, const struct http_result *result);
	void *ctx;
	uint8_t *body;
	size_t n, cap, max;
	bool too_long;
	char tag[80], why[200];
	char error[CURL_ERROR_SIZE];
};

enum { CERTIFICATES, KEY, ROOTS, PEMS };

struct http_client {
	struct event_base *base;
	struct scms_slice pem[PEMS]; /* what the files had in them; p NULL: there is none */
	CURLM *multi;
	struct event *timer;
	LIST_HEAD(, transfer) transfers;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void transfer_free(struct transfer *transfer)
{
	LIST_REMOVE(transfer, link);
	curl_multi_remove_handle(transfer->client->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	free(transfer->body);
	free(transfer);
}

static void transfer_end(struct transfer *transfer, CURLcode code)
{
	struct http_result result = {.body = {transfer->body, transfer->n}, .error = "", .tag = transfer->tag, .why = transfer->why};
	long status = 0;

	if (code == CURLE_OK) {
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		result.status = (int)status;
	} else {
		result.body = (struct scms_slice){NULL, 0};
		result.error = transfer->too_long	    ? "the answer is longer than it may be"
			       : transfer->error[0] != '\0' ? transfer->error
							    : curl_easy_strerror(code);
	}
	transfer->done(transfer->ctx, &result);
	transfer_free(transfer);
}

/* One callback may start or free others: one ended transfer is taken at a time. */
static void take_ended(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		transfer_end(transfer, message->data.result);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	int running, mask = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(client->multi, fd, mask, &running);
	take_ended(client);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watched)
{
	struct http_client *client = arg;
	struct event *event = watched;
	short kind = (short)(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));

	(void)easy;
	if (event != NULL)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(client->base, fd, (short)(kind | EV_PERSIST), on_socket, client);
		if (event == NULL || event_add(event, NULL) != 0)
			return -1;
	}
	curl_multi_assign(client->multi, fd, event);
	return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	int running;

	(void)fd, (void)what;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ended(client);
}

static int watch_timer(CURLM *multi, long ms, void *arg)
{
	struct http_client *client = arg;
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	(void)multi;
	if (ms < 0)
		evtimer_del(client->timer);
	else
		evtimer_add(client->timer, &tv);
	return 0;
}

/* ---- the identity ---- */

static void pems_free(struct scms_slice pem[PEMS])
{
	for (unsigned k = 0; k < PEMS; k++) {
		OPENSSL_cleanse((void *)(uintptr_t)pem[k].p, pem[k].n);
		free((void *)(uintptr_t)pem[k].p);
		pem[k] = (struct scms_slice){NULL, 0};
	}
}

/* What libcurl is given is what was looked at: were it to read files itself, it would take what lies there then. */
bool http_client_renew(struct http_client *client, const struct tls_identity *identity, struct tls_error *err)
{
	const char *const files[PEMS] = {identity->certificates, identity->key, identity->roots};
	struct scms_slice pem[PEMS] = {{NULL, 0}};
	SSL_CTX *tls = tls_client(identity, err);
	struct file_error why;

	if (tls == NULL)
		return false;
	/* libcurl makes contexts of its own; this one showed that the files can be used. */
	SSL_CTX_free(tls);
	for (unsigned k = 0; k < PEMS; k++)
		if (files[k] != NULL && file_read(files[k], PEM_BYTES_MAX, &pem[k], &why) != FILE_OK) {
			snprintf(err->text, sizeof(err->text), "%s: %s", files[k], why.text);
			pems_free(pem);
			return false;
		}
	pems_free(client->pem);
	memcpy(client->pem, pem, sizeof(pem));
	return true;
}

struct http_client *http_client_new(struct event_base *base, const struct tls_identity *identity, struct tls_error *err)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return NULL;
	}
	if (!http_client_renew(client, identity, err)) {
		free(client);
		return NULL;
	}
	pthread_once(&once, curl_begin);
	client->base = base;
	LIST_INIT(&client->transfers);
	client->multi = curl_multi_init();
	client->timer = evtimer_new(base, on_timer, client);
	if (client->multi == NULL || client->timer == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		http_client_free(client);
		return NULL;
	}
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return client;
}

void http_client_free(struct http_client *client)
{
	struct transfer *transfer;

	if (client == NULL)
		return;
	while ((transfer = LIST_FIRST(&client->transfers)) != NULL)
		transfer_end(transfer, CURLE_ABORTED_BY_CALLBACK); /* NOLINT(clang-analyzer-unix.Malloc): takes it off the list */
	if (client->multi != NULL)
		curl_multi_cleanup(client->multi);
	if (client->timer != NULL)
		event_free(client->timer);
	pems_free(client->pem);
	free(client);
}

static size_t take_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *transfer = arg;

	if (one * n > transfer->max - transfer->n) {
		transfer->too_long = true;
		return 0;
	}
	if (one * n > transfer->cap - transfer->n) {
		size_t cap = 2 * transfer->cap + one * n < transfer->max ? 2 * transfer->cap + one * n : transfer->max;
		uint8_t *body = realloc(transfer->body, cap);

		if (body == NULL)
			return 0;
		transfer->body = body;
		transfer->cap = cap;
	}
	memcpy(transfer->body + transfer->n, bytes, one * n);
	transfer->n += one * n;
	return one * n;
}

/* The value of the header line, if it is of this name. */
static void take_value(const char *bytes, size_t n, const char *name, char *to, size_t size)
{
	size_t from = strlen(name);

	if (n < from || strncasecmp(bytes, name, from) != 0)
		return;
	while (from < n && bytes[from] == ' ')
		from++;
	while (n > from && (bytes[n - 1] == '\r' || bytes[n - 1] == '\n' || bytes[n - 1] == ' '))
		n--;
	snprintf(to, size, "%.*s", (int)(n - from), bytes + from);
	/* It may be shown on a terminal. */
	for (char *c = to; *c != '\0'; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
}

static size_t take_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *transfer = arg;

	take_value(bytes, one * n, "etag:", transfer->tag, sizeof(transfer->tag));
	take_value(bytes, one * n, "scms-poc-error-message:", transfer->why, sizeof(transfer->why));
	return one * n;
}

static bool set_up(struct transfer *transfer, const struct http_call *call)
{
	const struct scms_slice *pem = transfer->client->pem;
	struct curl_blob blob[PEMS];
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	for (size_t k = 0; call->headers != NULL && call->headers[k] != NULL; k++) {
		struct curl_slist *more = curl_slist_append(transfer->headers, call->headers[k]);

		if (more == NULL)
			return false;
		transfer->headers = more;
	}
#define SET(option, value) (code = code != CURLE_OK ? code : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, (long)(call->seconds != 0 ? call->seconds : SECONDS_DEFAULT));
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	for (unsigned k = 0; k < PEMS; k++)
		blob[k] = (struct curl_blob){(void *)(uintptr_t)pem[k].p, pem[k].n, CURL_BLOB_COPY};
	if (pem[ROOTS].p != NULL)
		SET(CURLOPT_CAINFO_BLOB, &blob[ROOTS]);
	if (pem[CERTIFICATES].p != NULL) {
		SET(CURLOPT_SSLCERT_BLOB, &blob[CERTIFICATES]);
		SET(CURLOPT_SSLKEY_BLOB, &blob[KEY]);
	}
	if (call->post) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
		SET(CURLOPT_COPYPOSTFIELDS, call->body.n > 0 ? (const char *)call->body.p : "");
	}
#undef SET
	return code == CURLE_OK;
}

bool http_client_send(struct http_client *client, const struct http_call *call,
		      void (*done)(void *ctx, const struct http_result *result), void *ctx)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return false;
	transfer->client = client;
	transfer->done = done;
	transfer->ctx = ctx;
	transfer->max = call->answer_max;
	transfer->easy = curl_easy_init();
	LIST_INSERT_HEAD(&client->transfers, transfer, link);
	if (transfer->easy == NULL || !set_up(transfer, call) ||
	    curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
		transfer_free(transfer);
		return false;
	}
	return true;
}
