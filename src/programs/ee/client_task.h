/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_task.h: what the files of the end entity's client share: one task of one device, from request to request.
 */
#ifndef PROGRAMS_EE_CLIENT_TASK_H
#define PROGRAMS_EE_CLIENT_TASK_H

#include "base/clock.h"
#include "client.h"

/* Answers, at most. */
#define ANSWER_MAX (64u << 10)
#define POLICY_MAX (256u << 10)
#define CHAIN_MAX_BYTES (8u << 20)
#define CRL_MAX (64u << 20)

typedef void client_step(struct client_task *task, const struct http_result *result);

struct client_task {
	struct client_device *device; /* NULL: given up */
	client_done *done;
	void *ctx;
	client_step *next; /* who gets the answer that is under way */
	bool failed, offline, repeated;
	struct bytes policy, chain, crl; /* fetched, not applied */
	char policy_tag[CLIENT_TAG_BYTES], chain_tag[CLIENT_TAG_BYTES], crl_tag[CLIENT_TAG_BYTES];
	enum ee_request_kind kind; /* of certificates that are asked for or fetched */
	uint8_t hash[8];	   /* by which the RA will know the request */
	uint16_t period;	   /* that is fetched */
	unsigned periods, fetched;
	bool asked;	  /* there was a request of which to fetch */
	char missed[192]; /* the first that was not to be had, for people */
};

/* Begins a task; NULL where the device has one, or without memory: done was called. */
struct client_task *task_begin(struct client_device *device, client_done *done, void *ctx);

/* Ends it: done is called. */
void task_end(struct client_task *task, enum client_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ends it because somebody, "the RA", did not answer with 200: with the status, and the reason where one is given (test mode). */
void task_refused(struct client_task *task, const char *who, const struct http_result *result);

/* Sends a request; next gets the answer. Where it cannot be sent, the task ends. */
void task_call(struct client_task *task, struct http_client *http, const struct http_call *call, client_step *next);

/* POST to the RA. */
void task_post(struct client_task *task, const char *path, struct scms_slice body, client_step *next);

/* Authenticated download from the RA (header Download-Req). tag: what is had already, or NULL. */
void task_download(struct client_task *task, const char *path, const char *filename, const char *tag, size_t most,
		   client_step *next);

/* The composite CRL, where it is not the one that the device has; wait: the store may answer when there is one, so many seconds later. */
void task_crl(struct client_task *task, unsigned wait, client_step *next);

/* Keeps what it got, and its entity tag, in task->crl and crl_tag. False: without memory. */
SCMS_CHECKED bool task_keep_crl(struct client_task *task, const struct http_result *result);

/* Notes that the CRL that was kept has been applied: it is not asked for again. */
void task_crl_applied(struct client_task *task);

/* Who the device is to the RA: with the enrolment in use. */
struct task_party {
	struct party party; /* its sign is to be freed */
	struct cert cert, ra;
};

/* False: the device must not ask, and the task has ended. */
SCMS_CHECKED bool task_party(struct client_task *task, struct task_party *party);

#endif
