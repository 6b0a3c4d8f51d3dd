/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeping a trust store costs a device: code for size, RAM for the default store and a chain file of 64 KiB, stack.
 * The stack is that of the library itself, the deepest of a thousand random updates; an engine has its own.
 */
#include "bench.h"

#ifdef HAVE_SIZE
#include "trust_size.h"
#endif

#include "tests/trust/updates.h"
#include "trust/store.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define GROUP "Trust store on a device"
#define STACK ((size_t)1 << 20)
#define PAINT 0xa5
#define FILE_BYTES (64 * 1024)

static struct {
	struct scms_store *store;
	struct update update;
	void *work;
	size_t work_size;
	ucontext_t here, there;
} b;

static void hold_session(void)
{
	const struct scms_report silent = {0};

	bench_require(scms_store_apply(b.store, &b.update.session, b.update.now, &updates_crypto, &updates_objects, b.work,
				       b.work_size, &silent).status == SCMS_SESSION_DONE, "a session failed");
}

/* Bytes of stack that a session takes, from paint that is gone. */
static size_t stack_of_session(uint8_t *stack)
{
	size_t untouched = 0;

	memset(stack, PAINT, STACK);
	bench_require(getcontext(&b.there) == 0, "no context");
	b.there.uc_stack.ss_sp = stack;
	b.there.uc_stack.ss_size = STACK;
	b.there.uc_link = &b.here;
	makecontext(&b.there, hold_session, 0);
	bench_require(swapcontext(&b.here, &b.there) == 0, "no context");
	while (untouched < STACK && stack[untouched] == PAINT)
		untouched++;
	return STACK - untouched;
}

static size_t deepest(void)
{
	void *memory = malloc(updates_store_size());
	uint8_t *stack = malloc(STACK);
	struct choices choices = {NULL, 0, 1};
	size_t most = 0;

	bench_require(memory != NULL && stack != NULL, "no memory");
	b.store = updates_store(memory, &updates_objects);
	for (unsigned k = 0; k < 1000; k++) {
		size_t this;

		update_draw(&b.update, &choices, UPDATES_START + k * UINT64_C(3600000000));
		b.work_size = scms_session_work_size(b.store, &b.update.session);
		b.work = malloc(b.work_size);
		this = stack_of_session(stack);
		most = this > most ? this : most;
		free(b.work);
	}
	free(memory);
	free(stack);
	return most;
}

/* For as many ballots as the store's limits allow in a file, and as many votes as it has room for. */
static size_t work_of_chain_file(size_t store_size)
{
	static const uint8_t file[FILE_BYTES];
	const struct scms_session session = {.chain = {file, FILE_BYTES}};
	void *memory = malloc(store_size);
	struct scms_store *store;
	size_t n;

	bench_require(memory != NULL && updates_store_size() <= store_size, "no memory");
	store = updates_store(memory, &updates_objects);
	n = scms_session_work_size(store, &session);
	free(memory);
	return n;
}

/*
 * RAM, where a device keeps the file that it judges in RAM too, and where that lies in flash or is mapped. The parts say
 * what the limits of rule D8 alone take: with members, tombstones and endorsers as small as their contents, and nothing
 * for policy, CRLs and work, 64 KiB of file leave less than is needed.
 */
static void ram(void)
{
	const struct scms_limits limits = {0}, complete = scms_limits_complete(limits);
	double store = (double)scms_store_size(&limits), work = (double)work_of_chain_file((size_t)store);
	double stack = (double)deepest(), electors = complete.electors * (double)sizeof(struct elector),
	       roots = complete.roots * (double)sizeof(struct root), tombstones = complete.tombstones * (double)sizeof(struct tombstone);

	bench_figure(GROUP, "RAM: store: 10 electors and 10 roots", electors + roots, "bytes", 0);
	bench_figure(GROUP, "RAM: store: 256 tombstones", tombstones, "bytes", 0);
	bench_figure(GROUP, "RAM: store: endorsers", (double)sizeof(((struct scms_store *)0)->endorsers), "bytes", 0);
	bench_figure(GROUP, "RAM: store: states of CRLs", (double)sizeof(((struct scms_store *)0)->crls), "bytes", 0);
	bench_figure(GROUP, "RAM: store: policy in force, policy to come, removed list",
		     (double)(2 * sizeof(struct policy) + sizeof(struct removed_list)), "bytes", 0);
	bench_figure(GROUP, "RAM: the default store", store, "bytes", 0);
	bench_figure(GROUP, "RAM: work memory for a chain file of 64 KiB", work, "bytes", 0);
	bench_figure(GROUP, "RAM: stack of a session, without the engine's", stack, "bytes", 0);
	bench_figure(GROUP, "RAM for the default store and a chain file of 64 KiB, store, work and stack",
		     (store + work + stack) / 1024, "KiB", 96);
	bench_figure(GROUP, "the same, with the bytes of the file", (store + work + stack + FILE_BYTES) / 1024, "KiB", 0);
}

void bench_trust_size(void)
{
#ifdef HAVE_SIZE
	bench_figure(GROUP, "code at -Os, without libcrypto", SIZE_CODE / 1024.0, "KiB", 160);
	bench_figure(GROUP, "of which judging and store", SIZE_TRUST, "bytes", 0);
	bench_figure(GROUP, "constants: the codec's tables", SIZE_TABLES, "bytes", 0);
#else
	bench_skip(GROUP, "code size", "sanitizers are in it");
#endif
	ram();
}
