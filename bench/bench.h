/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h: rows of `make bench`.
 *
 * Each file of this directory has one function that adds its rows; main.c lists them. All rows run in one process, in
 * interleaved rounds, and a row's figure is the median over the rounds. Times drift with the clock of the machine, so
 * a row is judged by its ratio to another row of the same run, its limit: the same work done the plain way, or the
 * cost that cannot be gone below.
 */
#ifndef BENCH_H
#define BENCH_H

#include <scms/base.h>

enum bench_aim {
	BENCH_REPORTED,  /* no aim: a limit row, or a figure for information */
	BENCH_SPEED_MIN, /* limit's time / own time >= value */
	BENCH_COST_MAX,  /* own time / limit's time <= value */
	BENCH_NS_MAX,    /* own time <= value, ns */
	BENCH_PER_S_MIN, /* operations a second >= value */
};

struct bench_row {
	const char *group; /* heading */
	const char *name;  /* unique over all groups, and how --only and limit find it */
	/* Called once before the first run, if the row is chosen; NULL: nothing to do. Ends the program if it fails. */
	void (*setup)(void *arg);
	/* Does the work n times. Must check its results: a wrong one ends the program through bench_require(). */
	void (*run)(void *arg, unsigned n);
	void *arg;
	unsigned per;      /* operations in one time; figures are per operation */
	const char *limit; /* name of the row it stands beside, or NULL */
	enum bench_aim aim;
	double value;
	size_t bytes; /* read or written by one operation, for MB/s; 0: none */
};

/* Adds a row. The struct is copied, the strings are not. */
void bench_add(const struct bench_row *row);

/* A figure that is no time (bytes, a depth). max 0: no aim. */
void bench_figure(const char *group, const char *name, double value, const char *unit, double max);

/* A row that this machine cannot run, and why; counted and printed. */
void bench_skip(const char *group, const char *name, const char *why);

/* Ends the program, naming what is wrong. */
void bench_require(bool condition, const char *what);

/* Deterministic pseudorandom bytes, so that every run does the same work. */
void bench_random(void *out, size_t n);

/* Keeps a result that nobody uses from being left out by the compiler. */
static inline void bench_use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* The row that others stand beside: one signature, OpenSSL's fastest plain call. */
#define BENCH_OPENSSL_ROW "ECDSA_do_verify, parsed key"

/* Are there rows of batches on lanes, for others to stand beside? */
bool bench_has_lanes(void);

/* The files of this directory. */
void bench_check(void);
void bench_crl(void);
void bench_crl_make(void);
void bench_codec(void);
void bench_device(void);
void bench_ee(void);
void bench_linkage(void);
void bench_provision(void);
void bench_trust(void);
void bench_trust_size(void);
void bench_verify(void);

#endif
