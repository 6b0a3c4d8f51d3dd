/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server with one path of each kind, for http.py: server DIR makes the TLS identities in DIR, prints its port, and runs
 * until its standard input ends; then it stops as scmsd does, printing when the last connection is gone.
 */
#include "service/commit.h"
#include "service/http_client.h"
#include "service/tls_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct event_base *base;
static struct commit *commit;
static struct db *db;
/* What is served as files: of tests, and of the sizes that are measured (bench/downloads.py). */
static struct {
	const char *path;
	size_t n;
	struct http_content *content;
} files[] = {{"/file", 100000, NULL}, {"/lccf", 200000, NULL}, {"/crl", 400000, NULL}, {"/info", 10, NULL}};
#define FILES (sizeof(files) / sizeof(files[0]))
static struct http_server *server;
static struct http_client *client;

static void echo(void *ctx, struct http_exchange *exchange)
{
	(void)ctx;
	http_answer(exchange, 200, "application/octet-stream", http_body(exchange));
}

static void rest(void *ctx, struct http_exchange *exchange)
{
	(void)ctx;
	http_answer(exchange, 200, "text/plain",
		    (struct scms_slice){(const uint8_t *)http_rest(exchange), strlen(http_rest(exchange))});
}

static void file(void *ctx, struct http_exchange *exchange)
{
	(void)ctx;
	for (size_t k = 0; k < FILES; k++)
		if (strcmp(files[k].path, http_path(exchange)) == 0) {
			http_answer_content(exchange, files[k].content);
			return;
		}
}

/* Counts what was posted, answers when it is on disk. The word "spoil" makes the turn fail. */
static void count(void *ctx, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);
	char number[24];

	(void)ctx;
	commit_begin(commit);
	db_run(db, "INSERT INTO words VALUES ($1)", DB_VALUES(db_bytes(body.p, body.n)));
	if (body.n == 5 && memcmp(body.p, "spoil", 5) == 0)
		db_run(db, "INSERT INTO nowhere VALUES ($1)", DB_VALUES(db_integer(1)));
	snprintf(number, sizeof(number), "%lld", (long long)db_number(db, "SELECT count(*) FROM words", NULL, 0, -1));
	commit_answer(commit, exchange, 200, "text/plain", (struct scms_slice){(const uint8_t *)number, strlen(number)});
}

static void relayed(void *ctx, const struct http_result *result)
{
	if (result->status == 0)
		http_answer(ctx, 502, "text/plain",
			    (struct scms_slice){(const uint8_t *)result->error, strlen(result->error)});
	else
		http_answer(ctx, result->status, "text/plain", result->body);
}

/* Asks another path of the same server, through the client; answers of 100 bytes at most. */
static void relay(void *ctx, struct http_exchange *exchange)
{
	char url[128];

	(void)ctx;
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/%s", http_server_port(server), http_rest(exchange));
	if (!http_client_send(client, &(struct http_call){.url = url, .answer_max = 100, .seconds = 5}, relayed, exchange))
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
}

static const struct http_route routes[] = {
    {HTTP_POST, "/echo", NULL, false, 100000, echo, NULL},
    {HTTP_POST, "/short", NULL, false, 10, echo, NULL},
    {HTTP_GET | HTTP_HEAD, "/file", NULL, false, 0, file, NULL},
    {HTTP_GET, "/lccf", NULL, false, 0, file, NULL},
    {HTTP_GET, "/crl", NULL, false, 0, file, NULL},
    {HTTP_GET, "/info", NULL, false, 0, file, NULL},
    {HTTP_GET, "/rest/", NULL, false, 0, rest, NULL},
    {HTTP_GET, "/rest/long/", NULL, false, 0, rest, NULL},
    {HTTP_GET, "/ra/", "ra", false, 0, rest, NULL},
    {HTTP_GET, "/relay/", NULL, false, 0, relay, NULL},
    {HTTP_POST, "/count", NULL, false, 1000, count, NULL},
};

static void on_stopped(void *ctx)
{
	(void)ctx;
	event_base_loopbreak(base);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	if (read(fd, &byte, 1) > 0)
		return;
	event_del(arg);
	http_server_stop(server, on_stopped, NULL);
}

static void die(const char *text)
{
	fprintf(stderr, "%s\n", text);
	exit(1);
}

/* A path; the last 64 that were made are kept. */
static const char *in(const char *folder, const char *name)
{
	static char paths[64][256];
	static unsigned next;
	char *path = paths[next++ % 64];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void identities(const char *folder)
{
	static const struct {
		const char *name, *roles[4], *root;
	} rows[] = {
	    {"server", {"server", NULL}, "root"},
	    {"ra", {"la", "ra", NULL}, "root"},
	    {"pca", {"pca", "raa", NULL}, "root"},
	    {"stranger", {"ra", NULL}, "foreign"},
	};
	struct tls_error err;
	struct tls_subject subject = {"127.0.0.1", NULL, 10};

	if (!tls_make_root(in(folder, "root.pem"), in(folder, "root.key"), "root of the test", 10, &err) ||
	    !tls_make_root(in(folder, "foreign.pem"), in(folder, "foreign.key"), "another", 10, &err))
		die(err.text);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		char file_name[2][64], root[2][64];

		subject.roles = rows[k].roles;
		snprintf(file_name[0], 64, "%s.pem", rows[k].name);
		snprintf(file_name[1], 64, "%s.key", rows[k].name);
		snprintf(root[0], 64, "%s.pem", rows[k].root);
		snprintf(root[1], 64, "%s.key", rows[k].root);
		if (!tls_make_identity(in(folder, root[0]), in(folder, root[1]), in(folder, file_name[0]),
				       in(folder, file_name[1]), &subject, &err))
			die(err.text);
	}
	if (tls_make_root(in(folder, "root.pem"), in(folder, "root.key"), "again", 10, &err))
		die("a root was made over another one");
}

int main(int argc, char **argv)
{
	static const char *const steps[] = {"CREATE TABLE words (word BLOB)"};
	const struct db_schema schema = {"test", steps, 1};
	struct http_limits limits = {.connections = 20, .header_bytes = 2000, .request_seconds = 2, .idle_seconds = 5};
	struct tls_identity identity;
	struct tls_error tls_err;
	struct http_error http_err;
	struct db_fault fault;
	struct event *input;
	SSL_CTX *tls;

	if (argc != 2 && argc != 3)
		die("server DIR [CONNECTIONS]");
	if (argc == 3)
		limits = (struct http_limits){.connections = (unsigned)atoi(argv[2])};
	identities(argv[1]);
	identity = (struct tls_identity){in(argv[1], "server.pem"), in(argv[1], "server.key"), in(argv[1], "root.pem")};
	base = http_base_new();
	for (size_t f = 0; f < FILES; f++) {
		uint8_t *bytes = malloc(files[f].n);

		if (bytes == NULL)
			die("no memory");
		for (size_t k = 0; k < files[f].n; k++)
			bytes[k] = (uint8_t)(k * 7 + k / 256);
		files[f].content = http_content_new((struct scms_slice){bytes, files[f].n}, "application/octet-stream");
	}
	if ((tls = tls_server(&identity, &tls_err)) == NULL || (client = http_client_new(base, &identity, &tls_err)) == NULL)
		die(tls_err.text);
	if ((db = db_open(in(argv[1], "words.db"), &schema, &fault)) == NULL || (commit = commit_new(base, db)) == NULL)
		die(fault.text);
	server = http_server_new(base, "127.0.0.1", 0, tls, routes, sizeof(routes) / sizeof(routes[0]), &limits, &http_err);
	if (server == NULL)
		die(http_err.text);
	input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, event_self_cbarg());
	event_add(input, NULL);
	printf("%u\n", http_server_port(server));
	fflush(stdout);
	event_base_dispatch(base);
	printf("stopped, %u open\n", http_server_counts(server).open);
	http_client_free(client);
	commit_free(commit);
	db_close(db);
	http_server_free(server);
	for (size_t f = 0; f < FILES; f++)
		http_content_free(files[f].content);
	SSL_CTX_free(tls);
	event_free(input);
	event_base_free(base);
	return 0;
}
