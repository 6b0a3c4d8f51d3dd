/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linkage CRLs: entries made ready for look-up, one period of 20 values each, beside the same hashes and AES blocks
 * through EVP, one seed at a time; and look-ups of certificates that are not revoked.
 */
#include "bench.h"

#include "crypto/linkage_lookup.h"
#include <scms/verify.h>

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "Linkage CRL, 20 values an entry"
#define EVP_ROW "EVP: hashes and AES of an entry, no table"
#define J_MAX 20
#define PROBES 4096

struct table {
	size_t entries;
	bool portable;
	uint8_t *crl;
	void *memory;
	struct linkage_lookup *lookup;
};

static const struct linkage_group group = {J_MAX, 0x0102, 0x0304, 200};
static const struct scms_crypto *crypto;
static uint8_t probe[PROBES][9];

static void table_make(struct table *table)
{
	table->lookup =
	    linkage_lookup_init(table->memory, table->entries, table->entries * J_MAX, 101, crypto, table->portable);
	bench_require(linkage_lookup_add(table->lookup, 100, &group, table->crl, table->entries) == LINKAGE_OK,
		      "the table does not take its entries");
}

static void setup_table(void *arg)
{
	struct table *table = arg;

	if (table->crl != NULL)
		return;
	table->crl = malloc(table->entries * LINKAGE_ENTRY);
	table->memory = malloc(linkage_lookup_size(table->entries, table->entries * J_MAX));
	bench_require(table->crl != NULL && table->memory != NULL, "no memory");
	bench_random(table->crl, table->entries * LINKAGE_ENTRY);
	bench_random(probe, sizeof(probe));
	table_make(table);
}

/*
 * From the bytes of the CRL to a table that answers: their hash, for the signature, one step of the seeds, the values,
 * the filter. (The one signature and the decoder's walk come to less than a twentieth of it.)
 */
static void run_make(void *arg, unsigned n)
{
	const struct table *table = arg;
	const struct scms_slice crl = {table->crl, table->entries * LINKAGE_ENTRY};
	uint8_t digest[32];

	while (n-- > 0) {
		crypto->sha256(crypto->ctx, &crl, 1, digest);
		bench_use(digest);
		table_make(arg);
	}
}

static void run_has(void *arg, unsigned n)
{
	const struct table *table = arg;
	unsigned listed = 0;

	for (unsigned k = 0; k < n; k++)
		listed += linkage_lookup_has(table->lookup, probe[k % PROBES]) != SCMS_BAD;
	bench_require(listed == 0, "a value that nobody made is revoked");
}

static void run_evp(void *arg, unsigned n)
{
	static EVP_MD *md;
	static EVP_CIPHER *aes;
	static EVP_MD_CTX *hash;
	static EVP_CIPHER_CTX *cipher;
	uint8_t seed[32] = {1, 2}, out[32], in[J_MAX][16] = {{1, 2}}, values[J_MAX][16];
	int len;

	(void)arg;
	if (md == NULL) {
		md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
		aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
		hash = EVP_MD_CTX_new();
		cipher = EVP_CIPHER_CTX_new();
	}
	for (unsigned k = 0; k < 2 * n; k++) {
		EVP_DigestInit_ex2(hash, md, NULL);
		EVP_DigestUpdate(hash, seed, sizeof(seed));
		EVP_DigestFinal_ex(hash, out, NULL);
		EVP_EncryptInit_ex2(cipher, aes, out, NULL, NULL);
		EVP_CIPHER_CTX_set_padding(cipher, 0);
		EVP_EncryptUpdate(cipher, values[0], &len, in[0], sizeof(in));
		memcpy(seed + 2, out, 16);
		bench_use(values);
	}
}

void bench_linkage(void)
{
	static const struct {
		size_t entries;
		const char *make, *has;
		double make_ns, has_ns;
	} size[] = {
	    {10000, "10,000 entries made ready", "is it revoked? of 10,000", 2e6, 5},
	    {100000, "100,000 entries made ready", "is it revoked? of 100,000", 25e6, 5},
	    {1000000, "1,000,000 entries made ready", "is it revoked? of 1,000,000", 450e6, 0},
	};
	static struct table table[3], portable = {.entries = 10000, .portable = true};
	static struct scms_verifier *engine;
	size_t bytes = scms_verifier_size(NULL);
	bool lanes;

	engine = scms_verifier_init(malloc(bytes), bytes, NULL);
	bench_require(engine != NULL, "no engine");
	crypto = scms_verifier_crypto(engine);
	lanes = strcmp(linkage_lookup_backend(
			   linkage_lookup_init(malloc(linkage_lookup_size(1, 1)), 1, 1, 0, crypto, false)),
		       "vaes") == 0;
	if (!lanes)
		bench_skip(GROUP, "aims of the VAES back end", "the processor has no VAES");
	bench_add(&(struct bench_row){.group = GROUP, .name = EVP_ROW, .run = run_evp, .per = 1});
	for (unsigned k = 0; k < 3; k++) {
		table[k].entries = size[k].entries;
		bench_add(&(struct bench_row){.group = GROUP,
					      .name = size[k].make,
					      .setup = setup_table,
					      .run = run_make,
					      .arg = &table[k],
					      .per = 1,
					      .aim = lanes ? BENCH_NS_MAX : BENCH_REPORTED,
					      .value = size[k].make_ns});
		bench_add(&(struct bench_row){.group = GROUP,
					      .name = size[k].has,
					      .setup = setup_table,
					      .run = run_has,
					      .arg = &table[k],
					      .per = 1,
					      .aim = lanes && size[k].has_ns > 0 ? BENCH_NS_MAX : BENCH_REPORTED,
					      .value = size[k].has_ns});
	}
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "portable: an entry made ready, of 10,000",
				      .setup = setup_table,
				      .run = run_make,
				      .arg = &portable,
				      .per = 10000,
				      .limit = EVP_ROW,
				      .aim = BENCH_COST_MAX,
				      .value = 2});
	bench_figure(GROUP, "memory of a table for two periods, an entry of 10,000",
		     (double)linkage_lookup_size(10000, 10000 * J_MAX) / 1e4, "bytes", 300);
	bench_figure(GROUP, "memory of a table for two periods, an entry of 100,000",
		     (double)linkage_lookup_size(100000, 100000 * J_MAX) / 1e5, "bytes", 300);
	bench_figure(GROUP, "memory of a table for two periods, an entry of 1,000,000",
		     (double)linkage_lookup_size(1000000, 1000000 * J_MAX) / 1e6, "bytes", 300);
}
