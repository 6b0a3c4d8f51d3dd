/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h: an append-only history that shows when somebody changed it: who did what, when, why, with which files.
 *
 * A text file, one JSON object a line:
 *
 *   {"n":2,"time":600000000000000,"who":"ann","what":"motion propose","why":"key ceremony of May",
 *    "files":[{"file":"b.coer","sha256":"HEX"}],"details":{...},"prev":"HEX","signature":"HEX"}
 *
 * n counts from 1; time is Time64; prev is the SHA-256 of the line before (without its line end), of the first line 64
 * zeros. So each line vouches for all before it, and whoever notes the SHA-256 of the last one (the head) somewhere else can
 * tell a history that was changed, reordered, or cut at either end.
 *
 * A line may be signed: `signature` is then its last member, an IEEE 1609.2 countersignature (extDataHash, PSID 0x23) over
 * the line without that member, its signer named by HashedId8.
 *
 * A line is written at once and synced. A crash in the middle of that leaves a last line without line end: it never
 * happened. It is told by journal_verify, and the next journal_append takes it away and says so in its own line ("torn").
 */
#ifndef SERVICE_JOURNAL_H
#define SERVICE_JOURNAL_H

#include "dot2/sign.h"

#include <jansson.h>

/* A file that an entry speaks of. */
struct journal_file {
	const char *name;
	struct scms_slice bytes; /* its SHA-256 is what is written down */
};

#define JOURNAL_FILES_MAX 64

/* One act. */
struct journal_entry {
	scms_time64 now;
	const char *who;  /* NULL: the name of the user whom this process runs as */
	const char *what; /* "motion propose" */
	const char *why;  /* or NULL */
	const struct journal_file *files;
	size_t file_count;
	const json_t *details; /* an object, or NULL; borrowed */
};

enum journal_status {
	JOURNAL_OK = 0,
	JOURNAL_IO,	  /* it cannot be read or written */
	JOURNAL_TAMPERED, /* a line is not what was written: see the line */
	JOURNAL_SIGNATURE, /* a line is not signed as it should be, or the signer's key failed */
	JOURNAL_MEMORY,
};

struct journal_error {
	enum journal_status status;
	uint64_t line; /* from 1; 0: none */
	char text[400]; /* for people, with the name of the journal in it */
};

/*
 * Appends an entry, signed where signer is not NULL (its certificate must be set), and makes it durable. A journal that is
 * not there begins. On failure it is as it was.
 */
SCMS_CHECKED enum journal_status journal_append(const char *path, const struct journal_entry *entry,
						const struct signer *signer, struct journal_error *err);

/* What a journal holds. */
struct journal_summary {
	uint64_t entries;
	uint64_t signed_entries;
	uint64_t unknown_signers; /* signed entries whose signer is not among the certificates given */
	scms_time64 last;	  /* time of the last entry; 0: none */
	uint8_t head[32];	  /* SHA-256 of the last line; zero: none */
	bool has_head;		  /* the head asked for is that of some line */
	size_t torn;		  /* bytes of a last line that a crash left unfinished; 0: none */
};

/* What journal_verify asks of a journal. */
struct journal_expect {
	const struct cert *signers; /* certificates whose signatures are checked */
	size_t signer_count;
	bool all_signed;     /* every line must be signed by one of them */
	const uint8_t *head; /* a head noted earlier, which must still be there; or NULL */
	const struct scms_crypto *crypto; /* where there are signers */
};

/*
 * Reads all of a journal and checks each line; JOURNAL_TAMPERED names the first that is wrong. line, unless NULL, is called
 * for each good line with its JSON (borrowed). expect may be NULL. A journal that is not there is empty.
 */
SCMS_CHECKED enum journal_status journal_verify(const char *path, const struct journal_expect *expect,
						struct journal_summary *summary,
						void (*line)(void *ctx, uint64_t n, const json_t *entry), void *ctx,
						struct journal_error *err);

/* The name of the user whom this process runs as, for `who`; "uid 1000" where the system has none. */
const char *journal_user(char text[64]);

#endif
