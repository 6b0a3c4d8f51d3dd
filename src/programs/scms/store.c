/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms store: the trust store of a device or component.
 */
#include "commands.h"
#include "group.h"
#include "store_command.h"

static const struct group_command commands[] = {
    {"init", store_init, "make a new store from what is trusted out of band"},
    {"apply", store_apply, "one session: judge files and change the store by what they prove"},
    {"check", store_check, "is this certificate valid now?"},
    {"dump", store_dump, "what the store holds, as JSON"},
    {"show", store_show, "the store in words, with margins"},
    {"explain", store_explain, "what would these files do? vote by vote, without doing it"},
    {"log", store_log, "every session: when, which files, what it changed"},
    {"forecast", store_forecast, "the next dates that need action"},
};

int cmd_store(int argc, char **argv)
{
	static const struct group group =
	    GROUP("scms store", "The trust store of a device or component, in the folder --state DIR.", commands,
		  "  scms store apply --state /var/lib/scms/store --chain lccf.oer --crl crl.oer\n");

	return group_run(&group, argc, argv);
}
