/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages signed and verified from files.
 */
#include "base/clock.h"
#include "base/file.h"
#include "command.h"
#include "components/ee/receiver.h"

#include <stdlib.h>

#define MESSAGE_MAX (64u << 10)

int cmd_sign(int argc, char **argv)
{
	static const struct argp_option rows[] = {{"psid", OPTION_PSID, "N", 0, "PSID; default 0x20, basic safety messages", 0},
						  {"digest", OPTION_DIGEST, NULL, 0, "Name the certificate by its HashedId8 only", 0},
						  {"out", OPTION_OUT, "FILE", 0, "Where the signed message goes", 0},
						  ROWS_CLOCK,
						  {0}};
	static const char doc[] = "Sign the bytes of FILE as a message, with a certificate that is valid now.\v"
				  "Example:\n  scms-ee sign car position.bsm --out signed.bsm\n\n"
				  "Exit code: 0 signed, 1 the device must not or cannot sign, 2 usage, 3 a file cannot be read or written.";
	struct ee_message message = {.attach = true};
	struct options options;
	struct command command;
	struct file_error err;
	struct key_error why;
	struct bytes out = {NULL, 0};
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR FILE", doc, 1, &options);
	if (options.rest_count != 1 || options.out == NULL) {
		fputs("scms-ee sign: FILE and --out FILE are wanted\n", stderr);
		return EE_EXIT_USAGE;
	}
	if (file_read(options.rest[0], MESSAGE_MAX, &message.payload, &err) != FILE_OK) {
		fprintf(stderr, "scms-ee sign: %s: %s\n", options.rest[0], err.text);
		return EE_EXIT_ENVIRONMENT;
	}
	message.psid = options.psid;
	message.attach = !options.digest;
	if (command_open(&command, &options, DEVICE_READ)) {
		if (ee_sender_sign(&command.device.sender, &command.device.device, clock_now(), &message, &out, &why) != KEY_OK) {
			fprintf(stderr, "scms-ee sign: %s\n", why.text);
			code = EE_EXIT_REFUSED;
		} else if (file_write(options.out, 0644, bytes_view(&out), &err) != FILE_OK) {
			fprintf(stderr, "scms-ee sign: %s: %s\n", options.out, err.text);
		} else {
			code = EE_EXIT_DONE;
		}
	}
	bytes_free(&out);
	command_close(&command);
	free((void *)(uintptr_t)message.payload.p);
	return code;
}

static bool verify_one(struct ee_receiver *receiver, struct device *device, const char *path, int *code)
{
	struct ee_receipt receipt = {.verdict = EE_NOT_VALID};
	struct file_error err;

	if (file_read(path, MESSAGE_MAX, &receipt.message.bytes, &err) != FILE_OK) {
		fprintf(stderr, "scms-ee verify: %s: %s\n", path, err.text);
		*code = EE_EXIT_ENVIRONMENT;
		return false;
	}
	ee_receive(receiver, device, clock_now(), &receipt, 1);
	if (receipt.verdict == EE_NOT_VALID)
		printf("%s: not valid: %s\n", path,
		       receipt.message.verdict == SCMS_MESSAGE_SIGNER ? scms_reason_text(receipt.message.reason)
								      : ee_message_text(receipt.message.verdict));
	else
		printf("%s: %s\n", path, ee_verdict_name(receipt.verdict));
	if (receipt.verdict != EE_ACCEPTED && *code == EE_EXIT_DONE)
		*code = EE_EXIT_REFUSED;
	free((void *)(uintptr_t)receipt.message.bytes.p);
	return true;
}

int cmd_verify(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_CLOCK, {0}};
	static const char doc[] = "Verify received messages under the device's own trust store: chain, validity, region, permission, "
				  "revocation, freshness, replay.\v"
				  "Example:\n  scms-ee verify car signed.bsm\n\n"
				  "Exit code: 0 all accepted, 1 some not, 2 usage, 3 a file or the device cannot be read.";
	struct ee_receiver *receiver = ee_receiver_new(NULL);
	struct options options;
	struct command command;
	int code = EE_EXIT_DONE;

	command_parse(argc, argv, rows, "DIR MESSAGE...", doc, 1024, &options);
	if (options.rest_count == 0) {
		fputs("scms-ee verify: no message given\n", stderr);
		return EE_EXIT_USAGE;
	}
	if (receiver == NULL || !command_open(&command, &options, DEVICE_READ)) {
		ee_receiver_free(receiver);
		return EE_EXIT_ENVIRONMENT;
	}
	for (unsigned k = 0; k < options.rest_count; k++)
		if (!verify_one(receiver, &command.device.device, options.rest[k], &code))
			break;
	ee_receiver_free(receiver);
	command_close(&command);
	return code;
}
