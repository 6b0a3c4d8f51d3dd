/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_work.h: what the commands of the publishers (policy, chain, crl, publish) share.
 *
 *   policy/gpf.json        the global policy as people write it
 *   policy/gpf.oer         the same, signed by the PG
 *   outgoing/gccf.oer      chain file, made and not published yet
 *   outgoing/crl.oer       composite CRL, likewise
 *   outgoing/root_crl.oer  CRL of series 256, signed by the root
 *   outgoing/revocations.json   what is to be revoked by the next CRL
 *   published/             what is out
 */
#ifndef PROGRAMS_PUBLISH_WORK_H
#define PROGRAMS_PUBLISH_WORK_H

#include "operator.h"

#include "components/manager/simulation.h"
#include "service/store_dir.h"

#define OUTGOING "outgoing"
#define POLICY_DRAFT "gpf.json"
#define POLICY_SIGNED "gpf.oer"
#define OUTGOING_CHAIN "gccf.oer"
#define OUTGOING_CRL "crl.oer"
#define OUTGOING_ROOT_CRL "root_crl.oer"
#define OUTGOING_REVOCATIONS "revocations.json"
#define PUBLISHED_POLICY "global_policy.oer"
#define PUBLISHED_CRL "composite_crl.oer"
#define PUBLISHED_HISTORY "ballot_history.oer"
#define PUBLISHED_UPDATE "update.oer"
#define HISTORY_FILE "history.oer" /* in ballots/ */

/* Limits of trust stores (rule A5.1). */
#define POLICY_BYTES_MAX ((size_t)64 << 10)
#define CHAIN_BYTES_MAX ((size_t)8 << 20)
#define CRL_BYTES_MAX ((size_t)64 << 20)
#define HISTORY_BYTES_MAX ((size_t)4 << 20)

/* A command at work on a workspace. */
struct publish_work {
	const struct operator_options *options;
	struct workspace workspace;
	scms_time64 now;
	struct leap_table leaps;
	struct store_dir *store;	 /* the workspace's trust store; NULL: not asked for */
	struct home *home;		 /* of publish_party */
	struct scms_slice kept[512]; /* files that were read: freed at the end */
	size_t kept_count;
};

enum publish_need { PUBLISH_NO_STORE, PUBLISH_STORE };

/* Opens workspace and, where needed, its trust store. OPERATOR_DONE or the exit code; to be ended in any case. */
int publish_begin(struct publish_work *work, const struct operator_options *options, enum workspace_use use,
		  enum publish_need need);
void publish_end(struct publish_work *work);

/* Frees the files that were read, and nothing else: for work on a workspace that somebody else opened. */
void publish_forget(struct publish_work *work);

/* Reads a file of the workspace, kept until publish_end(). One that is not there is empty. The exit code. */
int publish_read(struct publish_work *work, const char *folder, const char *name, size_t limit, struct scms_slice *bytes);

/* Reads any file, likewise; one that is not there is an error. */
int publish_read_path(struct publish_work *work, const char *path, size_t limit, struct scms_slice *bytes);

/* Writes a file of the workspace at a stroke, making the folder where it is wanted. The exit code. */
int publish_write(const struct publish_work *work, const char *folder, const char *name, struct scms_slice bytes);

/* Deletes a file of the workspace, if it is there. */
int publish_delete(const struct publish_work *work, const char *folder, const char *name);

/* Writes JSON in lines, likewise, and lets go of it. */
int publish_write_json(const struct publish_work *work, const char *folder, const char *name, json_t *json);

/*
 * Opens the component of that role, by its name or (NULL) the only one whose signature would be believed now (one that was
 * revoked, or whose root is gone, only where there is no other), and its keys.
 * The exit code.
 */
int publish_party(struct publish_work *work, enum role role, const char *name, struct party *party);

/* The chain file that is out; empty: none. The exit code. */
int publish_current_chain(struct publish_work *work, struct scms_slice *chain);

/* All that is out: policy, chain file, composite CRL and ballot history; a member is empty where there is none. The exit code. */
int publish_read_out(struct publish_work *work, struct scms_session *out);

/*
 * The workspace's trust store as it will be: a copy that has met the ballots released, and the composite CRL that is about
 * to go out (or is out). NULL: said, *code is the exit code. To be freed with simulation_free().
 */
struct simulation *publish_ahead(struct publish_work *work, int *code);

/* The last step of every change. details is let go of. OPERATOR_DONE or the exit code. */
int publish_journal(const struct publish_work *work, const char *what, const char *why, const struct journal_file *files, size_t count,
		    json_t *details);

#endif
