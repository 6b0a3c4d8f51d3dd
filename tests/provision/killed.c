/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the socket: the PCA is revoked and another takes its place, and each time that the RA's database is committed with
 * something new in it, all is killed, in turn right before and right after; and each time that the PCA has issued a few
 * certificates of which the RA does not know yet. Each life does so much of undoing what the dead PCA issued, and of having it made
 * anew, and leaves the rest to the next.
 */
#include "components/period.h"
#include "components/role_service.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/kinds.h"
#include "tests/provision/vehicle.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVES_MAX 100
#define TURNS 12
#define PCA_COMMITS 9 /* in a life: two keys agreed on, and some certificates */

enum fate { DIES_AFTER, DIES_BEFORE, IMMORTAL };

static enum fate fate = IMMORTAL;
static struct {
	unsigned ra[2], pca;
} *deaths; /* shared with those who die */

/* The linker puts it in db_commit's place. */
bool __real_db_commit(struct db *db);
bool __wrap_db_commit(struct db *db);

/* Is there anything new in it? */
static bool changed(struct db *db, int64_t *known)
{
	int64_t before = *known;

	*known = db_number(db, "SELECT total_changes()", NULL, 0, 0);
	return *known > before;
}

bool __wrap_db_commit(struct db *db)
{
	static int64_t ra = 1, pca = 1; /* opening writes the version of the schema */
	static unsigned issued;
	unsigned *counted = NULL;
	bool done;

	if (fate != IMMORTAL && db == behind_service(WORLD_RA)->db && changed(db, &ra))
		counted = &deaths->ra[fate];
	else if (fate != IMMORTAL && db == behind_service(WORLD_PCA)->db && changed(db, &pca) && ++issued == PCA_COMMITS)
		counted = &deaths->pca;
	if (counted != NULL)
		(*counted)++;
	if (counted != NULL && counted == &deaths->ra[DIES_BEFORE])
		kill(getpid(), SIGKILL);
	done = __real_db_commit(db);
	if (counted != NULL)
		kill(getpid(), SIGKILL);
	return done;
}

/* Opens all, and works until it is killed or nothing is left to do. Was it killed? */
static bool lives(enum fate how)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		fate = how;
		behind_open(&world, &judge, KINDS_SETTINGS);
		kinds_turns(TURNS);
		_exit(0);
	}
	waitpid(child, &status, 0);
	CHECK(status == 0 || WTERMSIG(status) == SIGKILL, "a life ended with %d", status);
	return status != 0;
}

unsigned killed_at_each_commit(void)
{
	struct vehicle vehicles[3];
	struct kinds_values before[3], after[3];
	unsigned lived = 0, quiet = 0;
	int64_t alone, certificates;
	struct bytes revoked, crl;

	for (unsigned k = 0; k < 3; k++)
		CHECK(kinds_ask(&vehicles[k]) == 200, "asks");
	kinds_turns(8);
	for (unsigned k = 0; k < 3; k++)
		kinds_all_at_hand(&vehicles[k], &before[k], "before");
	alone = number(WORLD_RA, KINDS_ALONE);
	certificates = number(WORLD_RA, "SELECT count(*) FROM item WHERE kind = 1 AND state = 4");
	/* The RA learns of both, and is killed before it does anything about it. */
	revoked = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	crl = kinds_revocation(&revoked);
	behind_trust(WORLD_RA, bytes_view(&crl));
	behind_close();
	world_replace(&world, WORLD_PCA, "pca5");
	deaths = mmap(NULL, sizeof(*deaths), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	world_must(deaths != MAP_FAILED, "deaths", "memory");
	for (; quiet < 2 && lived < LIVES_MAX; lived++)
		quiet = lives(lived % 2 == 0 ? DIES_AFTER : DIES_BEFORE) ? 0 : quiet + 1;
	printf("killed %u times after a commit of the RA, %u before one, %u while the PCA issued\n", deaths->ra[DIES_AFTER],
	       deaths->ra[DIES_BEFORE], deaths->pca);
	CHECK(quiet == 2, "it comes to an end");
	/* Undone; the next PCA; what is alone; periods; answered. */
	CHECK(deaths->ra[DIES_AFTER] >= 4 && deaths->ra[DIES_BEFORE] >= 4 && deaths->pca >= 4, "all of it seen");
	behind_open(&world, &judge, KINDS_SETTINGS);
	kinds_turns(2);
	for (unsigned k = 0; k < 3; k++) {
		kinds_all_at_hand(&vehicles[k], &after[k], "after");
		CHECK(memcmp(&before[k], &after[k], sizeof(before[k])) == 0, "the linkage chains go on");
		vehicle_free(&vehicles[k]);
	}
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused, nothing is left on its way");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE kind = 1 AND state = 4") == certificates, "as many as before: %lld",
	      (long long)certificates);
	CHECK(number(WORLD_RA, KINDS_ALONE) == alone && number(WORLD_PCA, "SELECT count(*) FROM authorized") == alone, "and alone: %lld",
	      (long long)alone);
	CHECK(number(WORLD_PCA, "SELECT count(*) FROM issued") == certificates &&
		  number(WORLD_PCA, "SELECT count(DISTINCT lv) FROM issued") == certificates,
	      "each once: %lld", (long long)number(WORLD_PCA, "SELECT count(*) FROM issued"));
	CHECK(number(WORLD_RA, "SELECT count(*) FROM past WHERE hpcr IN (SELECT hpcr FROM item)") == 0, "what is past is not in force");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM batch WHERE pca <> (SELECT max(number) FROM pca)") == 0, "all by the next PCA");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM file") == number(WORLD_RA, "SELECT count(*) FROM batch"), "a file for each batch");
	munmap(deaths, sizeof(*deaths));
	bytes_free(&crl);
	bytes_free(&revoked);
	return check_failures;
}
