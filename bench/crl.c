/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A composite CRL applied: read, checked and kept by the store, then made ready for look-up. And what that takes of
 * memory at the most, measured in a process of its own.
 */
#include "bench.h"

#include "tests/trust/world.h"

#include <scms/revocation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "Composite CRL"
#define I 20

struct applied {
	unsigned entries;
	const char *peak; /* name of the figure, or NULL */
	struct bytes file;
	void *work, *memory;
	size_t work_size, memory_size;
};

static struct world world;
static struct bytes encoded; /* the store without CRLs */
static const struct scms_revocation_options options = {.i = I, .spare = 1};

static void world_make(void)
{
	size_t n;

	if (encoded.p != NULL)
		return;
	world_start(&world, false, 0, 2);
	scms_store_encode(world.store, NULL, 0, &encoded.n);
	encoded.p = malloc(encoded.n);
	bench_require(scms_store_encode(world.store, encoded.p, encoded.n, &n), "the store does not encode");
}

static void apply(const struct applied *applied, void *work)
{
	const struct scms_session session = {.crl = bytes_view(&applied->file)};
	static const struct scms_report report;
	struct scms_session_result result;

	world.store = scms_store_decode(world.store, world.store_size, bytes_view(&encoded), world.crypto);
	result = scms_store_apply(world.store, &session, PEOPLE_NOW, world.crypto, &world.objects, work,
				  applied->work_size, &report);
	bench_require(result.status == SCMS_SESSION_DONE && result.changed && !result.refused && result.verified == 1,
		      "a CRL is not accepted");
}

static struct scms_revocation *table(const struct applied *applied, void *memory)
{
	struct scms_revocation *made = scms_revocation_init(memory, applied->memory_size, &options, world.crypto);

	bench_require(scms_revocation_update(made, world.store, &world.objects) == SCMS_REVOCATION_READY &&
			  scms_revocation_entries(made) == applied->entries,
		      "a table does not hold its CRL");
	return made;
}

/* A number of KiB of this process from the kernel. */
static double status_kib(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	double kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtod(line + strlen(name), NULL);
	if (f != NULL)
		fclose(f);
	return kib;
}

/* The most memory that it took from before the file was there, beside file and table. In the child: writes it to fd. */
static void peak_measure(const struct applied *applied, int fd)
{
	struct applied mine = *applied;
	FILE *reset = fopen("/proc/self/clear_refs", "w");
	struct scms_revocation *made;
	double before, ratio;
	bool done;

	if (reset != NULL) {
		fputs("5", reset); /* the high-water mark begins anew */
		fclose(reset);
	}
	before = status_kib("VmRSS:");
	/* Objects that were kept before must be kept again; the file comes in. */
	memset(world.object, 0, sizeof(world.object));
	world.object_count = 0;
	mine.file.p = malloc(applied->file.n);
	memcpy(mine.file.p, applied->file.p, applied->file.n);
	apply(&mine, malloc(applied->work_size));
	made = table(&mine, malloc(applied->memory_size));
	/* The next period as well, which has its own half of the table. */
	bench_require(scms_revocation_prepare(made, applied->entries, &done) == SCMS_REVOCATION_READY && done,
		      "the next period is not ready");
	ratio = (status_kib("VmHWM:") - before) * 1024 / ((double)applied->file.n + (double)applied->memory_size);
	bench_require(write(fd, &ratio, sizeof(ratio)) == sizeof(ratio), "cannot tell");
	_exit(0);
}

static void peak_figure(const struct applied *applied)
{
	double ratio = 0;
	int fds[2];
	pid_t child;

	bench_require(pipe(fds) == 0, "no pipe");
	child = fork();
	bench_require(child >= 0, "no process");
	if (child == 0)
		peak_measure(applied, fds[1]);
	close(fds[1]);
	bench_require(read(fds[0], &ratio, sizeof(ratio)) == sizeof(ratio), "the peak cannot be measured");
	waitpid(child, NULL, 0);
	close(fds[0]);
	bench_figure(GROUP, applied->peak, ratio, "of file and table", 1.2);
}

static void set_up(void *arg)
{
	struct applied *applied = arg;
	struct crl_linkage linkage = {.i_rev = I - 1, .individual_count = applied->entries};
	struct scms_session session = {{0}};
	struct crl_linkage_entry *entry;
	struct bytes crl;

	if (applied->work != NULL)
		return;
	world_make();
	entry = calloc(applied->entries, sizeof(*entry));
	for (unsigned k = 0; k < applied->entries; k++) {
		entry[k] = (struct crl_linkage_entry){.j_max = 20, .la1 = WORLD_LA1, .la2 = WORLD_LA2, .i_max = 60};
		bench_random(entry[k].seed1, sizeof(entry[k].seed1));
		bench_random(entry[k].seed2, sizeof(entry[k].seed2));
	}
	linkage.individual = entry;
	world_linkage_crl(&world, WORLD_SERIES, false, &linkage, &crl);
	world_composite(&crl, 1, NULL, 0, &applied->file);
	free(entry);
	bytes_free(&crl);
	session.crl = bytes_view(&applied->file);
	applied->work_size = scms_session_work_size(world.store, &session);
	applied->work = malloc(applied->work_size);
	apply(applied, applied->work);
	applied->memory_size = scms_revocation_size(world.store, &world.objects, &options);
	if (applied->peak != NULL)
		peak_figure(applied);
	applied->memory = malloc(applied->memory_size);
	table(applied, applied->memory);
}

static void run_apply(void *arg, unsigned n)
{
	const struct applied *applied = arg;

	while (n-- > 0)
		apply(applied, applied->work);
}

static void run_both(void *arg, unsigned n)
{
	const struct applied *applied = arg;

	while (n-- > 0) {
		apply(applied, applied->work);
		table(applied, applied->memory);
	}
}

void bench_crl(void)
{
	/* In a process of a few megabytes the kernel's count of its pages is too coarse to be held to an aim. */
	static struct applied small = {.entries = 10000},
			      large = {.entries = 1000000, .peak = "peak memory, 1,000,000 entries"};
	const bool lanes = bench_has_lanes();

	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "10,000 entries, applied",
				      .setup = set_up,
				      .run = run_apply,
				      .arg = &small,
				      .per = 1});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "10,000 entries, applied and ready for look-up",
				      .setup = set_up,
				      .run = run_both,
				      .arg = &small,
				      .per = 1,
				      .aim = lanes ? BENCH_NS_MAX : BENCH_REPORTED,
				      .value = 2e6});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "1,000,000 entries, applied, each",
				      .setup = set_up,
				      .run = run_apply,
				      .arg = &large,
				      .per = 1000000});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "1,000,000 entries, applied and ready, each",
				      .setup = set_up,
				      .run = run_both,
				      .arg = &large,
				      .per = 1000000,
				      .aim = lanes ? BENCH_NS_MAX : BENCH_REPORTED,
				      .value = 450});
}
