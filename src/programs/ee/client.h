/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h: what an end entity asks of the SCMS over HTTPS (CAMP ee-ra, scms-facts 7): each a chain of requests on the event
 * base, with one call back at its end. A device does one thing at a time.
 */
#ifndef PROGRAMS_EE_CLIENT_H
#define PROGRAMS_EE_CLIENT_H

#include "components/ee/device.h"
#include "components/ee/sender.h"
#include "service/http_client.h"

enum client_result {
	CLIENT_DONE = 0,
	CLIENT_NOTHING, /* nothing new, or not there yet: to be tried again later */
	CLIENT_REFUSED, /* the other side refused, or sent what cannot be used */
	CLIENT_CEASED,	/* the device must not operate (rule D6.1) */
	CLIENT_OFFLINE, /* no answer */
	CLIENT_FAILED,	/* the device's own trouble: memory, disk, clock */
};

/* "refused", for logs and JSON. */
const char *client_result_name(enum client_result result);

#define CLIENT_TAG_BYTES 80 /* of an entity tag, with its 0 */

struct client {
	struct http_client *http;    /* TLS without a certificate: for RA and CRL store */
	struct http_client *factory; /* TLS as factory or authorised operator: for the DCM; NULL: none */
	const char *dcm_url;	     /* likewise */
};

/* One device's doings; all zero but the first two at first. */
struct client_device {
	struct client *client;
	struct device device;
	struct ee_sender sender;
	char policy_tag[CLIENT_TAG_BYTES], chain_tag[CLIENT_TAG_BYTES], crl_tag[CLIENT_TAG_BYTES]; /* of what was last applied */
	struct client_task *task;			 /* under way */
	scms_time32 ready;    /* when the RA said that certificates would be; 0: it did not */
	unsigned missing;     /* files that the last fetch looked for and did not get */
	json_t *report;	      /* of the last session that was applied, or NULL */
	int64_t clock_offset; /* microseconds by which the device's clock is wrong */
	uint64_t bytes_in, bytes_out;
};

/* Reads the entity tags that the device's folder keeps; without them everything is fetched once more. */
void client_tags_read(struct client_device *device);

/* The device's own time, which may be wrong. */
scms_time64 client_now(const struct client_device *device);

typedef void client_done(void *ctx, struct client_device *device, enum client_result result, const char *text);

/*
 * Fetches what is new of LPF, LCCF and composite CRL and applies it as one session. The first two need an enrolment that is
 * valid now and are left out without one: the CRL is public.
 */
void client_update(struct client_device *device, client_done *done, void *ctx);

/*
 * Waits at the CRL store for the next composite CRL, for about a minute, and applies it: so a removal is here within seconds.
 * CLIENT_NOTHING: none came.
 */
void client_listen(struct client_device *device, client_done *done, void *ctx);

/*
 * Enrols through the DCM, in the factory or at an authorised operator's; the second time as a re-enrolment (rule H9). A
 * request that got no answer is repeated as it was.
 */
void client_enrol(struct client_device *device, client_done *done, void *ctx);

/*
 * Asks the RA for certificates of a kind: for pseudonym and identification certificates from now on, for one application
 * certificate. Where an earlier request is not known to have come through, the RA is asked about that one first.
 */
void client_request(struct client_device *device, enum ee_request_kind kind, client_done *done, void *ctx);

/*
 * Which certificates should be asked for now? Those that never were, or not by the enrolment in use; an application
 * certificate also before the last one ends. False: none, or the device must not ask.
 */
bool client_request_due(const struct client_device *device, enum ee_request_kind *kind);

/*
 * Fetches what is not at hand and the RA has ready of all that was asked for: of the period of now, and those that begin
 * within periods - 1 weeks. CLIENT_NOTHING where not one more was ready; device->missing tells whether some are still to come,
 * also after CLIENT_DONE: the RA's shuffle may make the next period's before this one's.
 */
void client_fetch(struct client_device *device, unsigned periods, client_done *done, void *ctx);

/* Reports a message that another sent as misbehaviour, through the RA to the MA. */
void client_report(struct client_device *device, struct scms_slice message, client_done *done, void *ctx);

/* Gives up what is under way: its done is called with CLIENT_FAILED. */
void client_abort(struct client_device *device);

#endif
