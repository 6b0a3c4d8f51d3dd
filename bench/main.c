/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the rows and prints the table. See bench.h. */
#include "bench.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define ROWS_MAX 256
#define ROUNDS 9
#define ROUNDS_SLOW 5 /* for rows whose single run is above SLOW_NS */
#define SLOW_NS 60e6
#define SAMPLE_NS 6e6

struct row {
	struct bench_row is;
	bool chosen;
	unsigned n, rounds;
	double sample[ROUNDS];
	double ns; /* median per operation */
};

struct figure {
	const char *group, *name, *unit; /* unit NULL: skipped, why in its place */
	const char *why;
	double value, max;
};

static struct row rows[ROWS_MAX];
static unsigned rows_n;
static struct figure figures[ROWS_MAX];
static unsigned figures_n;

void bench_require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "bench: %s\n", what);
		exit(1);
	}
}

void bench_add(const struct bench_row *row)
{
	bench_require(rows_n < ROWS_MAX, "too many rows");
	rows[rows_n++].is = *row;
}

void bench_figure(const char *group, const char *name, double value, const char *unit, double max)
{
	bench_require(figures_n < ROWS_MAX, "too many figures");
	figures[figures_n++] = (struct figure){.group = group, .name = name, .unit = unit, .value = value, .max = max};
}

void bench_skip(const char *group, const char *name, const char *why)
{
	bench_require(figures_n < ROWS_MAX, "too many figures");
	figures[figures_n++] = (struct figure){.group = group, .name = name, .why = why};
}

void bench_random(void *out, size_t n)
{
	static uint64_t state = 0x53434d53;
	uint8_t *p = out;

	while (n-- > 0) {
		uint64_t z = state += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		*p++ = (uint8_t)(z >> 56);
	}
}

static double now_ns(void)
{
	struct timespec t;

	/* This thread's own time, so that a busy machine disturbs little. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double row_time(const struct row *row, unsigned n)
{
	double start = now_ns();

	row->is.run(row->is.arg, n);
	return now_ns() - start;
}

static struct row *row_find(const char *name)
{
	for (unsigned k = 0; k < rows_n; k++)
		if (strcmp(rows[k].is.name, name) == 0)
			return &rows[k];
	fprintf(stderr, "bench: no row is named %s\n", name);
	exit(1);
}

/* A chosen row brings its limit, and that its own. */
static unsigned rows_choose(const char *only)
{
	unsigned n = 0;

	for (unsigned k = 0; k < rows_n; k++) {
		struct row *row = &rows[k];

		if (only != NULL && fnmatch(only, row->is.name, 0) != 0 && fnmatch(only, row->is.group, 0) != 0)
			continue;
		while (!row->chosen) {
			row->chosen = true;
			n++;
			if (row->is.limit == NULL)
				break;
			row = row_find(row->is.limit);
		}
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* How often a row must do its work for a sample to last long enough to be measured. */
static void row_calibrate(struct row *row)
{
	if (row->is.setup != NULL)
		row->is.setup(row->is.arg);
	row->rounds = ROUNDS;
	row_time(row, 1); /* caches and tables warm */
	for (unsigned n = 1;; n *= 2) {
		double ns = row_time(row, n);

		if (n == 1 && ns > SLOW_NS)
			row->rounds = ROUNDS_SLOW;
		if (ns > SAMPLE_NS / 4) {
			row->n = (unsigned)(n * SAMPLE_NS / ns) + 1;
			return;
		}
	}
}

static void rows_run(void)
{
	for (unsigned k = 0; k < rows_n; k++)
		if (rows[k].chosen)
			row_calibrate(&rows[k]);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned k = 0; k < rows_n; k++)
			if (rows[k].chosen && round < rows[k].rounds)
				rows[k].sample[round] = row_time(&rows[k], rows[k].n) / rows[k].n / rows[k].is.per;
	for (unsigned k = 0; k < rows_n; k++) {
		qsort(rows[k].sample, rows[k].rounds, sizeof(double), compare);
		rows[k].ns = rows[k].sample[rows[k].rounds / 2];
	}
}

/* ---- printing ---- */

struct judged {
	double ratio; /* to the limit, the larger way round that the aim reads; 0: none */
	char aim[32];
	bool has_aim, met;
};

static struct judged row_judge(const struct row *row)
{
	struct judged j = {0};
	double limit = row->is.limit != NULL ? row_find(row->is.limit)->ns : 0;

	if (limit > 0)
		j.ratio = row->is.aim == BENCH_COST_MAX ? row->ns / limit : limit / row->ns;
	j.has_aim = row->is.aim != BENCH_REPORTED;
	switch (row->is.aim) {
	case BENCH_REPORTED:
		break;
	case BENCH_SPEED_MIN:
		snprintf(j.aim, sizeof(j.aim), "speed >= %.4g", row->is.value);
		j.met = j.ratio >= row->is.value;
		break;
	case BENCH_COST_MAX:
		snprintf(j.aim, sizeof(j.aim), "cost <= %.4g", row->is.value);
		j.met = j.ratio <= row->is.value;
		break;
	case BENCH_NS_MAX:
		snprintf(j.aim, sizeof(j.aim), "<= %.4g ns", row->is.value);
		j.met = row->ns <= row->is.value;
		break;
	case BENCH_PER_S_MIN:
		snprintf(j.aim, sizeof(j.aim), ">= %.4g /s", row->is.value);
		j.met = 1e9 / row->ns >= row->is.value;
		break;
	}
	return j;
}

static void machine_name(char *out, size_t size)
{
	char line[256], cpu[128] = "unknown processor";
	struct utsname u;
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "model name : %127[^\n]", cpu) == 1)
			break;
	if (f != NULL)
		fclose(f);
	uname(&u);
	snprintf(out, size, "%s, %ld processors, %s %s, %s", cpu, sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.machine,
		 OpenSSL_version(OPENSSL_VERSION));
}

static bool figure_met(const struct figure *f)
{
	return f->max <= 0 || f->value <= f->max;
}

static void print_text(const char *machine)
{
	const char *group = "";

	printf("%s\n", machine);
	for (unsigned k = 0; k < rows_n; k++) {
		const struct row *row = &rows[k];
		struct judged j;

		if (!row->chosen)
			continue;
		if (strcmp(group, row->is.group) != 0)
			printf("\n%-58s %12s %12s %8s  %s\n", row->is.group, "ns", "per second", "ratio", "aim");
		group = row->is.group;
		j = row_judge(row);
		printf("  %-56s %12.1f %12.0f ", row->is.name, row->ns, 1e9 / row->ns);
		if (row->is.limit != NULL)
			printf("%8.2f  ", j.ratio);
		else
			printf("%8s  ", "");
		if (row->is.bytes > 0)
			printf("%.0f MB/s  ", (double)row->is.bytes * 1e3 / row->ns);
		printf("%s%s", j.aim, !j.has_aim ? "" : j.met ? " met" : " NOT met");
		printf("%s%s\n", row->is.limit != NULL ? "  beside: " : "", row->is.limit != NULL ? row->is.limit : "");
	}
	for (unsigned k = 0; k < figures_n; k++) {
		const struct figure *f = &figures[k];

		if (k == 0)
			putchar('\n');
		if (f->why != NULL)
			printf("%s: %s: skipped: %s\n", f->group, f->name, f->why);
		else if (f->max > 0)
			printf("%s: %s: %.6g %s (aim <= %.6g, %s)\n", f->group, f->name, f->value, f->unit, f->max,
			       figure_met(f) ? "met" : "NOT met");
		else
			printf("%s: %s: %.6g %s\n", f->group, f->name, f->value, f->unit);
	}
}

/* The names are this program's own and need no escapes; bench_add's callers keep quotes out of them. */
static void print_json(const char *machine)
{
	const char *comma = "";

	printf("{\"machine\":\"%s\",\"rows\":[", machine);
	for (unsigned k = 0; k < rows_n; k++) {
		const struct row *row = &rows[k];
		struct judged j;

		if (!row->chosen)
			continue;
		j = row_judge(row);
		printf("%s\n{\"group\":\"%s\",\"name\":\"%s\",\"ns\":%.3f", comma, row->is.group, row->is.name,
		       row->ns);
		if (row->is.limit != NULL)
			printf(",\"limit\":\"%s\",\"ratio\":%.4f", row->is.limit, j.ratio);
		if (row->is.bytes > 0)
			printf(",\"MB_per_s\":%.1f", (double)row->is.bytes * 1e3 / row->ns);
		if (j.has_aim)
			printf(",\"aim\":\"%s\",\"met\":%s", j.aim, j.met ? "true" : "false");
		putchar('}');
		comma = ",";
	}
	printf("],\"figures\":[");
	comma = "";
	for (unsigned k = 0; k < figures_n; k++, comma = ",") {
		const struct figure *f = &figures[k];

		printf("%s\n{\"group\":\"%s\",\"name\":\"%s\"", comma, f->group, f->name);
		if (f->why != NULL)
			printf(",\"skipped\":\"%s\"}", f->why);
		else if (f->max > 0)
			printf(",\"value\":%.6g,\"unit\":\"%s\",\"max\":%.6g,\"met\":%s}", f->value, f->unit, f->max,
			       figure_met(f) ? "true" : "false");
		else
			printf(",\"value\":%.6g,\"unit\":\"%s\"}", f->value, f->unit);
	}
	printf("]}\n");
}

static void print_summary(double seconds)
{
	unsigned aims = 0, met = 0, skipped = 0;

	for (unsigned k = 0; k < rows_n; k++) {
		struct judged j = rows[k].chosen ? row_judge(&rows[k]) : (struct judged){0};

		aims += j.has_aim;
		met += j.has_aim && j.met;
	}
	for (unsigned k = 0; k < figures_n; k++) {
		aims += figures[k].max > 0;
		met += figures[k].max > 0 && figure_met(&figures[k]);
		skipped += figures[k].why != NULL;
	}
	printf("\n%u of %u aims met, %u rows skipped, %.0f s\n", met, aims, skipped, seconds);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	double start = now_ns();
	bool json = false;
	char machine[512];

	for (int k = 1; k < argc; k++) {
		if (strcmp(argv[k], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[k], "--only") == 0 && k + 1 < argc) {
			only = argv[++k];
		} else {
			fprintf(stderr, "usage: bench [--json] [--only PATTERN]\n"
					"PATTERN is a shell pattern for the name of a row or of a group.\n");
			return 2;
		}
	}
	bench_verify();
	bench_codec();
	bench_device();
	bench_linkage();
	bench_provision();
	bench_check();
	bench_ee();
	bench_crl();
	bench_crl_make();
	bench_trust();
	bench_trust_size();
	if (rows_choose(only) == 0) {
		fprintf(stderr, "bench: no row or group is like %s\n", only);
		return 1;
	}
	rows_run();
	machine_name(machine, sizeof(machine));
	if (json) {
		print_json(machine);
	} else {
		print_text(machine);
		print_summary((now_ns() - start) / 1e9);
	}
	return 0;
}
