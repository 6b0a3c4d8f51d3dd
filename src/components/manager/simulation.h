/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation.h: a copy of a trust store, to see what a plan would do to it. The store and its objects stay as they are.
 */
#ifndef COMPONENTS_MANAGER_SIMULATION_H
#define COMPONENTS_MANAGER_SIMULATION_H

#include "components/manager/motion.h"

struct simulation;

/* Copies a store; objects must outlive the simulation. NULL without memory. */
struct simulation *simulation_new(const struct scms_store *store, const struct scms_objects *objects,
				  const struct scms_crypto *crypto);

/* A new store as a device has it after its secure bootstrap. NULL: err says which certificate was refused. */
struct simulation *simulation_bootstrap(const struct scms_bootstrap *bootstrap, const struct scms_crypto *crypto,
					struct scms_bootstrap_error *err);

struct scms_store *simulation_store(struct simulation *simulation);
struct trust_env simulation_env(struct simulation *simulation);

/* One session on the copy. */
struct scms_session_result simulation_apply(struct simulation *simulation, const struct scms_session *session, scms_time64 now,
					    const struct scms_report *report);

/*
 * What the store will be once the motion has its votes: those of all electors of `body` (the store of who asks them) who may
 * vote at `now`, as far as this store has them. For a motion that the store cannot carry out nothing changes and the reason
 * says why (as in a ballot's report).
 */
enum scms_reason simulation_carry_out(struct simulation *simulation, const struct scms_store *body, enum scms_motion motion,
				      struct scms_slice certificate, scms_time64 time, scms_time64 now);

void simulation_free(struct simulation *simulation);

/* May elector k of the store vote at `now`? */
bool elector_may_vote(const struct scms_store *store, uint32_t k, scms_time64 now);

#endif
