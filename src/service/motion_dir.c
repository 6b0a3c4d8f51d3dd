/* SPDX-License-Identifier: Apache-2.0 */
#include "service/motion_dir.h"

#include "base/file.h"
#include "components/bootstrap_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY_BYTES_MAX (4u << 20) /* what stores take (A5.1) */

static const char *const state_names[] = {"proposed", "open", "assembled", "held", "released", "withdrawn"};

const char *motion_state_name(enum motion_state state)
{
	return state_names[state];
}

static void free_slice(struct scms_slice *slice)
{
	free((void *)(uintptr_t)slice->p);
	*slice = (struct scms_slice){NULL, 0};
}

/* PATH/motions/ID/name */
static struct workspace_file file_of(const struct workspace *workspace, const char *id, const char *name)
{
	struct workspace_file folder = workspace_file(workspace, WORKSPACE_MOTIONS, id), file;
	int n = snprintf(file.text, sizeof(file.text), "%s/%s", folder.text, name);

	/* A name too long is no file: what is opened next says so. */
	if (n < 0 || (size_t)n >= sizeof(file.text))
		file.text[0] = '\0';
	return file;
}

static bool read_file(struct scms_slice *to, const char *path, size_t limit, bool optional, struct motion_error *err)
{
	struct file_error refused;

	if (file_read(path, limit, to, &refused) == FILE_OK)
		return true;
	if (optional && refused.error == ENOENT)
		return true;
	return motion_refuse(err, "%s: %s", path, refused.text);
}

static bool write_file(const char *path, struct scms_slice bytes, struct motion_error *err)
{
	struct file_error refused;

	return file_write(path, 0644, bytes, &refused) == FILE_OK || motion_refuse(err, "%s: %s", path, refused.text);
}

/* ---- reading ---- */

/* The motion's whole name; it may be given by its beginning. */
static bool find(struct motion_dir *motion, const struct workspace *workspace, const char *name, struct motion_error *err)
{
	size_t count = 0, found = 0, exact = 0;
	char **names = NULL;

	if (!workspace_names(workspace, WORKSPACE_MOTIONS, &names, &count)) {
		workspace_names_free(names, count);
		return motion_refuse(err, "%s/%s: cannot be read: %s", workspace->path, WORKSPACE_MOTIONS, strerror(errno));
	}
	for (size_t k = 0; k < count; k++) {
		bool same = strcmp(names[k], name) == 0;

		if ((!same && (exact || strncmp(names[k], name, strlen(name)) != 0)) || strlen(names[k]) >= sizeof(motion->id))
			continue;
		memcpy(motion->id, names[k], strlen(names[k]) + 1);
		exact += same;
		found++;
	}
	workspace_names_free(names, count);
	if (exact == 1 || found == 1)
		return true;
	return motion_refuse(err, found == 0 ? "no motion is called '%s': see scms motion list"
					     : "several motions begin with '%s': see scms motion list",
			     name);
}

/* The motion whose proposal is in that file. False where it is no file, or none that holds a proposal. */
static bool find_by_proposal(struct motion_dir *motion, const char *path, const struct scms_crypto *crypto)
{
	struct proposal *proposal = calloc(1, sizeof(*proposal));
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	struct motion_error err;
	bool good = proposal != NULL && file_read(path, PROPOSAL_BYTES_MAX, &bytes, &refused) == FILE_OK &&
		    proposal_read(proposal, bytes, crypto, &err);

	if (good)
		proposal_id(proposal, motion->id);
	free_slice(&bytes);
	free(proposal);
	return good;
}

static bool read_state(struct motion_dir *motion, const struct workspace *workspace, struct motion_error *err)
{
	struct workspace_file file = file_of(workspace, motion->id, "state");
	struct scms_slice bytes = {NULL, 0};
	char text[300];
	size_t word;

	if (!read_file(&bytes, file.text, sizeof(text) - 1, false, err))
		return false;
	memcpy(text, bytes.p, bytes.n);
	text[bytes.n] = '\0';
	free_slice(&bytes);
	word = strcspn(text, "\n");
	for (size_t k = 0; k < sizeof(state_names) / sizeof(*state_names); k++)
		if (strlen(state_names[k]) == word && strncmp(text, state_names[k], word) == 0) {
			motion->state = (enum motion_state)k;
			snprintf(motion->note, sizeof(motion->note), "%s", text[word] == '\n' ? text + word + 1 : "");
			motion->note[strcspn(motion->note, "\n")] = '\0';
			return true;
		}
	return motion_refuse(err, "%s: expected a state of a motion, found '%.*s'", file.text, (int)word, text);
}

static bool read_votes(struct motion_dir *motion, const struct workspace *workspace, struct motion_error *err)
{
	char folder[64 + PROPOSAL_ID_BYTES];
	char **names = NULL;
	size_t count = 0;
	bool good;

	snprintf(folder, sizeof(folder), "%s/%s/votes", WORKSPACE_MOTIONS, motion->id);
	good = workspace_names(workspace, folder, &names, &count);
	if (!good)
		motion_refuse(err, "%s/%s: cannot be read: %s", workspace->path, folder, strerror(errno));
	for (size_t k = 0; good && k < count; k++) {
		struct workspace_file file = workspace_file(workspace, folder, names[k]);

		if (motion->vote_count == BALLOT_VOTES_MAX)
			good = motion_refuse(err, "%s/%s: more than %d votes", workspace->path, folder, BALLOT_VOTES_MAX);
		else
			good = read_file(&motion->votes[motion->vote_count], file.text, VOTE_BYTES_MAX, false, err);
		motion->vote_count += good;
	}
	workspace_names_free(names, count);
	return good;
}

bool motion_dir_read(struct motion_dir *motion, const struct workspace *workspace, const char *name,
		     const struct scms_crypto *crypto, struct motion_error *err)
{
	struct workspace_file proposal, ballot;
	struct motion_error why;
	char id[PROPOSAL_ID_BYTES];

	*motion = (struct motion_dir){.state = MOTION_PROPOSED};
	if (find_by_proposal(motion, name, crypto))
		name = memcpy(id, motion->id, sizeof(id));
	if (!find(motion, workspace, name, err))
		return false;
	proposal = file_of(workspace, motion->id, "proposal.oer");
	ballot = file_of(workspace, motion->id, "ballot.oer");
	if (!read_file(&motion->bytes, proposal.text, PROPOSAL_BYTES_MAX, false, err) || !read_state(motion, workspace, err) ||
	    !read_votes(motion, workspace, err) || !read_file(&motion->ballot, ballot.text, BALLOT_BYTES_MAX, true, err))
		return false;
	return proposal_read(&motion->proposal, motion->bytes, crypto, &why) || motion_refuse(err, "%s: %.360s", proposal.text, why.text);
}

void motion_dir_free(struct motion_dir *motion)
{
	for (size_t k = 0; k < motion->vote_count; k++)
		free_slice(&motion->votes[k]);
	free_slice(&motion->bytes);
	free_slice(&motion->ballot);
	motion->vote_count = 0;
}

/* ---- writing ---- */

static struct scms_slice text_slice(const char *text)
{
	return (struct scms_slice){(const uint8_t *)text, strlen(text)};
}

/* Fills a folder that has no name yet. */
static bool fill(const char *folder, struct scms_slice proposal, struct motion_error *err)
{
	char path[2200];

	snprintf(path, sizeof(path), "%s/votes", folder);
	if (mkdir(path, 0755) != 0)
		return motion_refuse(err, "%s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/proposal.oer", folder);
	if (!write_file(path, proposal, err))
		return false;
	snprintf(path, sizeof(path), "%s/state", folder);
	return write_file(path, text_slice("proposed\n"), err);
}

void motion_dir_discard(const struct motion_draft *draft)
{
	(void)folder_remove(draft->folder.text);
}

bool motion_dir_draft(const struct workspace *workspace, struct scms_slice bytes, const struct scms_crypto *crypto,
		      struct motion_draft *draft, struct motion_error *err)
{
	struct workspace_file folder;
	struct proposal proposal;

	draft->folder = workspace_file(workspace, WORKSPACE_MOTIONS, ".new");
	if (!proposal_read(&proposal, bytes, crypto, err))
		return false;
	folder = workspace_file(workspace, WORKSPACE_MOTIONS, proposal_id(&proposal, draft->id));
	if (access(folder.text, F_OK) == 0)
		return motion_refuse(err, "%s: there is a motion for the same endorsement already: scms motion status %s", folder.text, draft->id);
	/* Of one who was interrupted: the workspace's lock is ours. */
	motion_dir_discard(draft);
	if (mkdir(draft->folder.text, 0755) != 0)
		return motion_refuse(err, "%s: %s", draft->folder.text, strerror(errno));
	if (fill(draft->folder.text, bytes, err))
		return true;
	motion_dir_discard(draft);
	return false;
}

bool motion_dir_create(const struct workspace *workspace, const struct motion_draft *draft, struct motion_error *err)
{
	struct workspace_file folder = workspace_file(workspace, WORKSPACE_MOTIONS, draft->id);

	if (file_rename(draft->folder.text, folder.text))
		return true;
	motion_refuse(err, "%s: %s", folder.text, strerror(errno));
	motion_dir_discard(draft);
	return false;
}

bool motion_dir_set_state(const struct workspace *workspace, const char *id, enum motion_state state, const char *note,
			  struct motion_error *err)
{
	struct workspace_file file = file_of(workspace, id, "state");
	char text[300];

	snprintf(text, sizeof(text), "%s\n%.255s", state_names[state], note != NULL ? note : "");
	return write_file(file.text, text_slice(text), err);
}

bool motion_dir_add_vote(const struct workspace *workspace, const char *id, struct scms_slice bytes,
			 const struct scms_crypto *crypto, struct motion_error *err)
{
	struct vote_signer signer;
	struct workspace_file file;
	char name[64], hex[17];
	struct vote vote;

	if (!vote_open(&vote, bytes))
		return motion_refuse(err, "not a vote: expected signed data with an endorsement in it");
	vote_signer(&vote, crypto, &signer);
	if (!signer.named)
		return motion_refuse(err, "the vote does not say who it is from");
	snprintf(name, sizeof(name), "votes/%s.oer", motion_hex(signer.id8, 8, hex));
	file = file_of(workspace, id, name);
	return write_file(file.text, bytes, err);
}

bool motion_dir_set_ballot(const struct workspace *workspace, const char *id, struct scms_slice ballot, struct motion_error *err)
{
	struct workspace_file file = file_of(workspace, id, "ballot.oer");

	return write_file(file.text, ballot, err);
}

struct workspace_file motion_ballot_file(const struct workspace *workspace, enum scms_motion motion, const uint8_t subject[32])
{
	char name[128], hex[65];

	snprintf(name, sizeof(name), "%s-%s.oer", motion_name(motion), motion_hex(subject, 32, hex));
	return workspace_file(workspace, WORKSPACE_BALLOTS, name);
}

bool motion_history_read(const struct workspace *workspace, struct scms_slice *history, struct motion_error *err)
{
	struct workspace_file file = workspace_file(workspace, WORKSPACE_BALLOTS, "history.oer");

	*history = (struct scms_slice){NULL, 0};
	return read_file(history, file.text, HISTORY_BYTES_MAX, true, err);
}

bool motion_dir_release(const struct workspace *workspace, const struct motion_dir *motion, uint32_t *entries,
			struct motion_error *err)
{
	struct workspace_file file = workspace_file(workspace, WORKSPACE_BALLOTS, "history.oer");
	struct workspace_file ballot =
	    motion_ballot_file(workspace, motion->proposal.motion, motion->proposal.subject.hash256);
	struct bytes longer = {NULL, 0};
	struct BallotHistory decoded;
	struct scms_slice history;
	struct motion_error why;
	bool good;

	if (!motion_history_read(workspace, &history, err))
		return false;
	good = history_append(history, motion->proposal.motion, motion->proposal.form, motion->ballot, &longer, &why) ||
	       motion_refuse(err, "%s: %.360s", file.text, why.text);
	free_slice(&history);
	if (good && longer.n > HISTORY_BYTES_MAX)
		good = motion_refuse(err, "%s: rule A5.1: a history of %zu bytes; stores take %u", file.text, longer.n, HISTORY_BYTES_MAX);
	good = good && write_file(file.text, bytes_view(&longer), err) && write_file(ballot.text, motion->ballot, err);
	if (good && oer_decode(&oer_BallotHistory, bytes_view(&longer), OER_DEPTH_DEFAULT, &decoded, NULL) == OER_OK)
		*entries = decoded.entries.count;
	bytes_free(&longer);
	return good;
}

/* ---- the Manager's trust store ---- */

bool motion_store_ensure(const struct workspace *workspace, const struct scms_crypto *crypto, struct motion_error *err)
{
	struct workspace_file store = workspace_file(workspace, "store", NULL);
	struct workspace_file config = workspace_file(workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	struct scms_bootstrap_error refusal;
	struct store_dir_error dir_err;
	struct bootstrap_file *file;
	struct store_dir *dir;
	bool good = false;

	if (access(store.text, F_OK) == 0)
		return true;
	if (access(config.text, F_OK) != 0)
		return motion_refuse(err,
				     "%s: the Manager has no trust store, and there is no bootstrap bundle to make one from; make the bundle, or: scms "
				     "store init --state %s --config FILE",
				     store.text, store.text);
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return motion_refuse(err, "out of memory");
	if (!bootstrap_file_read(file, config.text)) {
		motion_refuse(err, "%s", file->error);
	} else {
		dir = store_dir_begin(store.text, crypto, &dir_err);
		if (dir == NULL)
			motion_refuse(err, "%s", dir_err.text);
		else if (bootstrap_store_make(file, dir, crypto, &refusal) == NULL)
			motion_refuse(err, "%s", file->error);
		else
			good = store_dir_commit(dir, NULL, &dir_err) == STORE_DIR_OK || motion_refuse(err, "%s", dir_err.text);
		store_dir_close(dir);
	}
	bootstrap_file_free(file);
	free(file);
	return good;
}
