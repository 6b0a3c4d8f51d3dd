/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet.h: many end entities in one process, for drills and load. Each has its own folder, keys and trust store; they share
 * nothing but the process.
 *
 * Standard input brings one JSON object a line, {"do": "update", "group": "weekly"}; standard output has one answer a line, in
 * the same order.
 */
#ifndef PROGRAMS_EE_FLEET_H
#define PROGRAMS_EE_FLEET_H

#include "command.h"
#include "counted.h"
#include "components/ee/receiver.h"

#define FLEET_MAX 20000
#define FLEET_GROUP_BYTES 32

struct fleet_device {
	struct client_device client;
	char group[FLEET_GROUP_BYTES]; /* what kind of life it leads: "weekly", "offline" */
	struct ee_receiver *receiver;
	struct counted crypto;
	bool selected; /* by the order that is carried out */
};

struct fleet {
	struct command *command; /* event base, TLS clients */
	const struct options *options;
	struct fleet_device **device;
	size_t n;
	bool quit;
};

/* The next selected device from *k on; NULL: no more. */
struct fleet_device *fleet_next(struct fleet *fleet, size_t *k);

/* What a device says all the time: a vehicle where it is, a roadside unit what travellers should know. */
uint64_t fleet_psid(const struct fleet_device *device);

/*
 * Makes devices: {"do":"create","count":N,"prefix":"car","kind":"obe","group":"weekly"}; with "room": {"electors":N,"roots":N,
 * "tombstones":N} where their trust stores are smaller than the bundle says.
 */
json_t *fleet_create(struct fleet *fleet, const json_t *order);

/* Has each selected device do one thing with the SCMS; so many at a time. */
json_t *fleet_act(struct fleet *fleet, const json_t *order);

/*
 * Every selected device sends, every one judges what others sent: who can send, who accepts whom, by group.
 * {"do":"exchange","most":N,"seed":N}: each hears at most so many; the seed decides whom. "change": true: each takes another
 * certificate first.
 */
json_t *fleet_exchange(struct fleet *fleet, const json_t *order);

/* Whom the selected devices trust: by group, each picture that occurs and how often. */
json_t *fleet_trust(struct fleet *fleet, const json_t *order);

/* A device's trust store, as `scms store dump` has it. */
json_t *device_trust_json(const struct device *device, scms_time64 now);

/* One device reports what another sends: {"do":"report","from":"car-3","about":"car-7"}. */
json_t *fleet_report(struct fleet *fleet, const json_t *order);

/* Adds one to the count under name. */
void json_count(json_t *counts, const char *name);

/* {"error": "..."} */
json_t *fleet_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
