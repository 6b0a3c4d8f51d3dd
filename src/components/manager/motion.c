/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/motion.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *type;
} motions[] = {
    [SCMS_ADD_ROOT] = {"add-root", "addRoot"},
    [SCMS_ADD_ELECTOR] = {"add-elector", "addElector"},
    [SCMS_REMOVE_ROOT] = {"remove-root", "removeRoot"},
    [SCMS_REMOVE_ELECTOR] = {"remove-elector", "removeElector"},
};

static const char *const forms[] = {[FORM_124] = "1.2.4", [FORM_121] = "1.2.1"};

bool motion_refuse(struct motion_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

const char *motion_name(enum scms_motion motion)
{
	return motions[motion].name;
}

const char *motion_type_name(enum scms_motion motion)
{
	return motions[motion].type;
}

bool motion_by_name(const char *name, enum scms_motion *motion)
{
	for (unsigned k = 0; k < sizeof(motions) / sizeof(*motions); k++)
		if (strcmp(motions[k].name, name) == 0) {
			*motion = (enum scms_motion)k;
			return true;
		}
	return false;
}

const char *ballot_form_name(enum ballot_form form)
{
	return forms[form];
}

bool ballot_form_parse(const char *name, enum ballot_form *form)
{
	*form = strcmp(name, forms[FORM_121]) == 0 ? FORM_121 : FORM_124;
	return strcmp(name, forms[*form]) == 0;
}

const char *subject_name(const struct cert *cert, char text[SUBJECT_NAME_BYTES])
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;
	struct scms_slice name = {NULL, 0};
	size_t n = 0;

	if (id->choice == CertificateId_is_name)
		name = id->u.name;
	else if (id->choice == CertificateId_is_binaryId) /* of electors: one character, if it is one */
		name = id->u.binaryId;
	text[0] = '\0';
	if (name.n == 0)
		return text;
	text[n++] = '"';
	for (size_t k = 0; k < name.n && n < SUBJECT_NAME_BYTES - 2; k++) {
		uint8_t byte = name.p[k];

		/* Host names are ASCII; whatever else stands there is not sent to a terminal. */
		text[n++] = byte < ' ' || byte > '~' || byte == '"' ? '?' : (char)byte;
	}
	text[n++] = '"';
	text[n] = '\0';
	return text;
}

const char *motion_hex(const uint8_t *bytes, size_t n, char *text)
{
	text[0] = '\0';
	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", bytes[k]);
	return text;
}
