/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/device.h"

#include "base/file.h"
#include "components/ee/device_make.h"
#include "components/ee/issuers.h"
#include "components/named.h"
#include "components/update.h"
#include "trust/chain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MILLISECONDS 1000
#define SETTINGS_MAX (16u << 10)
#define CERTIFICATE_MAX 4096

bool device_path(const struct device *device, const char *name, char path[DEVICE_PATH_BYTES], struct device_error *err)
{
	if (snprintf(path, DEVICE_PATH_BYTES, "%s/%s", device->path, name) < DEVICE_PATH_BYTES)
		return true;
	snprintf(err->text, sizeof(err->text), "%s: the name is too long", device->path);
	return false;
}

bool device_file_read(const struct device *device, const char *name, size_t limit, struct scms_slice *bytes,
		      struct device_error *err)
{
	struct file_error file_err;
	char path[DEVICE_PATH_BYTES];

	if (!device_path(device, name, path, err))
		return false;
	if (file_read(path, limit, bytes, &file_err) == FILE_OK)
		return true;
	snprintf(err->text, sizeof(err->text), "%.300s: %s", path, file_err.text);
	return false;
}

static bool take_text(const json_t *settings, const char *name, char **to)
{
	const char *text = json_string_value(json_object_get(settings, name));

	*to = text != NULL ? strdup(text) : NULL;
	return *to != NULL;
}

static bool services_read(struct device *device, const json_t *services)
{
	const json_t *one;
	size_t k;

	if (services != NULL && (!json_is_array(services) || json_array_size(services) > DEVICE_SERVICES_MAX))
		return false;
	json_array_foreach(services, k, one) {
		if (!json_is_integer(one) || json_integer_value(one) < 0)
			return false;
		device->service[device->services++] = (uint64_t)json_integer_value(one);
	}
	return true;
}

static bool settings_read(struct device *device, struct device_error *err)
{
	struct scms_slice bytes;
	const char *kind;
	json_t *settings;
	bool good;

	if (!device_file_read(device, DEVICE_SETTINGS, SETTINGS_MAX, &bytes, err))
		return false;
	settings = json_loadb((const char *)bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	free((void *)(uintptr_t)bytes.p);
	kind = json_string_value(json_object_get(settings, "kind"));
	good = services_read(device, json_object_get(settings, "services")) && kind != NULL && (strcmp(kind, "obe") == 0 || strcmp(kind, "rse") == 0) &&
	       take_text(settings, "device", &device->serial) && take_text(settings, "ra", &device->ra_url) &&
	       take_text(settings, "crl", &device->crl_url);
	if (good)
		device->kind = strcmp(kind, "obe") == 0 ? DEVICE_OBE : DEVICE_RSE;
	else
		snprintf(err->text, sizeof(err->text),
			 "%s/" DEVICE_SETTINGS ": expected an object with \"device\", \"kind\" (obe or rse), \"ra\", \"crl\", and perhaps \"services\" (at most %d PSIDs)",
			 device->path, DEVICE_SERVICES_MAX);
	json_decref(settings);
	return good;
}

static bool key_read(struct device *device, struct device_error *err)
{
	struct scms_slice bytes;
	bool good;

	if (!device_file_read(device, DEVICE_KEY, AES_128_KEY, &bytes, err))
		return false;
	good = bytes.n == AES_128_KEY;
	if (good)
		memcpy(device->key, bytes.p, AES_128_KEY);
	else
		snprintf(err->text, sizeof(err->text), "%s/" DEVICE_KEY ": expected %d bytes, found %zu", device->path, AES_128_KEY,
			 bytes.n);
	OPENSSL_cleanse((void *)(uintptr_t)bytes.p, bytes.n);
	free((void *)(uintptr_t)bytes.p);
	return good;
}

static bool state_read(struct device *device, struct device_error *err)
{
	struct scms_slice bytes;
	struct key_error why;
	enum key_status status;

	if (!device_file_read(device, DEVICE_STATE, EE_STATE_MAX, &bytes, err))
		return false;
	status = ee_state_open(bytes, device->key, device->crypto, &device->state, &why);
	free((void *)(uintptr_t)bytes.p);
	if (status == KEY_OK)
		return true;
	snprintf(err->text, sizeof(err->text), "%s/" DEVICE_STATE ": %s", device->path, why.text);
	return false;
}

/* Two who change a device would each keep a state that lacks the other's keys. */
static bool lock_take(struct device *device, struct device_error *err)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	char path[DEVICE_PATH_BYTES];

	if (!device_path(device, DEVICE_SETTINGS, path, err))
		return false;
	device->lock = open(path, O_RDONLY | O_CLOEXEC);
	if (device->lock < 0) {
		snprintf(err->text, sizeof(err->text), "%.300s: %s", path, strerror(errno));
		return false;
	}
	for (unsigned waited = 0; flock(device->lock, LOCK_EX | LOCK_NB) != 0; waited += 20) {
		if (waited >= LOCK_WAIT_MILLISECONDS || errno != EWOULDBLOCK) {
			snprintf(err->text, sizeof(err->text), "%.300s: %s", device->path,
				 errno == EWOULDBLOCK ? "another scms-ee works with this device; one that runs does all by itself" : strerror(errno));
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

bool device_open(struct device *device, const char *path, enum device_use use, const struct scms_crypto *crypto, struct device_error *err)
{
	struct store_dir_error store_err;
	char name[DEVICE_PATH_BYTES];

	*device = (struct device){.path = strdup(path), .lock = -1, .crypto = crypto};
	err->text[0] = '\0';
	if (device->path == NULL || asprintf(&device->tls_roots, "%s/" DEVICE_TLS_ROOTS, path) < 0) {
		device->tls_roots = NULL;
		snprintf(err->text, sizeof(err->text), "out of memory");
		return false;
	}
	if (use == DEVICE_CHANGE && !lock_take(device, err))
		return false;
	if (!settings_read(device, err) || !key_read(device, err) || !state_read(device, err) ||
	    !device_file_read(device, DEVICE_RA, CERTIFICATE_MAX, &device->ra_bytes, err) || !device_path(device, DEVICE_STORE, name, err))
		return false;
	if (cert_read(&device->ra, device->ra_bytes, crypto, NULL) != OER_OK) {
		snprintf(err->text, sizeof(err->text), "%s/" DEVICE_RA ": is no certificate", path);
		return false;
	}
	device->trustee = trustee_open(name, crypto, &store_err);
	if (device->trustee == NULL) {
		snprintf(err->text, sizeof(err->text), "%s", store_err.text);
		return false;
	}
	if (use == DEVICE_READ && !trustee_release(device->trustee)) {
		snprintf(err->text, sizeof(err->text), "%.300s: the trust store cannot be read", name);
		return false;
	}
	return ee_issuers_open(device, err);
}

void device_close(struct device *device)
{
	if (device->trustee != NULL)
		trustee_close(device->trustee);
	if (device->path != NULL && device->lock >= 0)
		close(device->lock);
	ee_state_free(&device->state);
	OPENSSL_cleanse(device->key, sizeof(device->key));
	free((void *)(uintptr_t)device->ra_bytes.p);
	free(device->path);
	free(device->serial);
	free(device->ra_url);
	free(device->crl_url);
	free(device->tls_roots);
	*device = (struct device){.path = NULL};
}

bool device_save(const struct device *device, struct device_error *err)
{
	struct bytes sealed = {NULL, 0};
	struct file_error file_err;
	struct key_error why;
	char path[DEVICE_PATH_BYTES];
	bool good = false;

	if (!device_path(device, DEVICE_STATE, path, err))
		return false;
	if (ee_state_seal(&device->state, device->key, device->crypto, &sealed, &why) != KEY_OK)
		snprintf(err->text, sizeof(err->text), "%.300s: %.200s", path, why.text);
	else if (file_write(path, 0600, bytes_view(&sealed), &file_err) != FILE_OK)
		snprintf(err->text, sizeof(err->text), "%.300s: %s", path, file_err.text);
	else
		good = true;
	bytes_free(&sealed);
	return good;
}

const struct ee_enrolment *device_enrolment(const struct device *device, scms_time64 now, enum scms_reason *reason)
{
	enum scms_reason newest = SCMS_CHAIN_INCOMPLETE;

	for (unsigned k = 0; k < device->state.enrolments; k++) {
		enum scms_reason found = trustee_check(device->trustee, bytes_view(&device->state.enrolment[k].certificate), now);

		if (k == 0)
			newest = found;
		if (found == SCMS_VALID) {
			*reason = SCMS_VALID;
			return &device->state.enrolment[k];
		}
	}
	*reason = newest;
	return NULL;
}

bool device_enrolment_id(const struct device *device, const struct ee_enrolment *enrolment, uint8_t id8[8])
{
	struct cert cert;

	if (cert_read(&cert, bytes_view(&enrolment->certificate), device->crypto, NULL) != OER_OK)
		return false;
	memcpy(id8, cert_id8(&cert), 8);
	return true;
}

bool device_asked_validly(const struct device *device, const struct ee_request *request, scms_time64 now)
{
	uint8_t id8[8];

	for (unsigned k = 0; k < device->state.enrolments; k++)
		if (device_enrolment_id(device, &device->state.enrolment[k], id8) && memcmp(id8, request->enrolment, 8) == 0)
			return trustee_check(device->trustee, bytes_view(&device->state.enrolment[k].certificate), now) == SCMS_VALID;
	return false;
}

static bool device_apply(struct device *device, const struct scms_session *session, scms_time64 now, struct device_error *err)
{
	struct trustee_outcome outcome = trustee_apply(device->trustee, session, now);
	bool good = outcome.status == TRUSTEE_DONE;

	if (!good)
		snprintf(err->text, sizeof(err->text), "%s: %s", device->serial, outcome.text);
	json_decref(outcome.report);
	return good;
}

bool device_enrolled(struct device *device, struct ee_enrolment *enrolment, scms_time64 now, struct device_error *err)
{
	struct scms_slice own = bytes_view(&enrolment->certificate), issuer = bytes_view(&enrolment->eca);
	const struct scms_session session = {.own = &own, .own_count = 1, .certificates = &issuer, .certificate_count = 1};
	enum scms_reason reason;

	/* Kept before it is applied: the store never names a certificate whose key is not at hand. */
	ee_state_enrolled(&device->state, enrolment);
	if (!device_save(device, err) || !device_apply(device, &session, now, err))
		return false;
	if (device_enrolment(device, now, &reason) != NULL)
		return true;
	snprintf(err->text, sizeof(err->text), "%s: the new enrolment certificate is not valid: %s", device->serial,
		 scms_reason_text(reason));
	return false;
}

bool device_update(struct device *device, struct scms_slice bytes, struct scms_slice crl, scms_time64 now,
		   struct device_error *err)
{
	struct oer_error oer;
	struct update update;

	if (update_read(&update, bytes, &oer) == OER_OK) {
		if (crl.n > 0)
			update.session.crl = crl;
		return device_apply(device, &update.session, now, err);
	}
	snprintf(err->text, sizeof(err->text), "%s: %s: expected %s, found %s", device->serial, oer.path, oer.expected, oer.found);
	return false;
}

/* ---- whom it talks to ---- */

/* The store's chain file; false where it has none. */
static bool device_chain(const struct device *device, struct chain_file *file)
{
	const struct scms_store *store = trustee_store(device->trustee);
	const struct scms_objects *objects = trustee_objects(device->trustee);
	struct scms_slice bytes;

	return store != NULL && !object_is_none(store->chain) && objects->get(objects->ctx, store->chain, &bytes) &&
	       chain_file_read(file, bytes, NULL) == OER_OK;
}

bool device_ra(const struct device *device, scms_time64 now, struct cert *ra)
{
	struct scms_slice bytes;
	struct chain_file file;

	*ra = device->ra;
	if (trustee_check(device->trustee, device->ra_bytes, now) == SCMS_VALID)
		return true;
	if (!device_chain(device, &file))
		return false;
	for (unsigned k = 0; certificate_named(file.certs.bytes, ROLE_RA, certificate_host(&device->ra), k, device->crypto, &bytes); k++)
		if (trustee_check(device->trustee, bytes, now) == SCMS_VALID && cert_read(ra, bytes, device->crypto, NULL) == OER_OK)
			return true;
	return false;
}

bool device_ma(const struct device *device, scms_time64 now, struct cert *ma)
{
	struct chain_file file;

	return device_chain(device, &file) && trustee_check(device->trustee, file.ma_certificate, now) == SCMS_VALID &&
	       cert_read(ma, file.ma_certificate, device->crypto, NULL) == OER_OK;
}

static bool has_id3(const struct device *device, struct scms_slice bytes, const uint8_t id3[3])
{
	struct cert cert;

	return cert_read(&cert, bytes, device->crypto, NULL) == OER_OK && memcmp(cert_id8(&cert) + 5, id3, 3) == 0;
}

bool device_issuer(const struct device *device, const uint8_t id3[3], struct scms_slice *out)
{
	struct scms_slice rest = trustee_known(device->trustee);
	struct chain_file file;

	/* Other PCAs' chains, which an RA may add for this purpose, are in a list of their own. */
	for (unsigned list = 0; list < 2 && device_chain(device, &file); list++) {
		struct oer_iter it = oer_iterate(list == 0 ? &file.certs : &file.optional);

		while (oer_next_raw(&it, out))
			if (has_id3(device, *out, id3))
				return true;
	}
	while (rest.n > 0) {
		*out = (struct scms_slice){rest.p, 0};
		if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			break;
		out->n = (size_t)(rest.p - out->p);
		if (has_id3(device, *out, id3))
			return true;
	}
	*out = (struct scms_slice){NULL, 0};
	return false;
}
