/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms component: the components of an SCMS, from their keys to their revocation.
 */
#include "component.h"

#include "commands.h"
#include "operator.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"create", component_create, "make a component: keys, and its certificate or a request for it"},
    {"issue", component_issue_request, "issue the certificate that a request from another workspace asks for"},
    {"install", component_install, "give a component the certificate that it asked for"},
    {"list", component_list, "the components here, and how long they hold"},
    {"show", component_show, "all about one component"},
    {"provision", component_provision, "give a component its trust store, from the bootstrap bundle"},
    {"renew", component_renew, "stage the next certificate of a component, or of all"},
    {"activate", component_activate, "let what is staged become active at a moment"},
    {"unstage", component_unstage, "throw away what is staged"},
    {"revoke", component_revoke, "revoke a component: its CRL entry, and what follows from it"},
};

static void usage(FILE *to)
{
	fputs("Usage: scms component COMMAND [OPTION...]\n\n", to);
	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		fprintf(to, "  %-10s %s\n", commands[k].name, commands[k].text);
	fputs("\nExample: scms component create ica ica1 --workspace ws\n"
	      "'scms component COMMAND --help' says more of each.\n",
	      to);
}

int cmd_component(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return OPERATOR_DONE;
	}
	for (size_t k = 0; argc >= 2 && k < sizeof(commands) / sizeof(commands[0]); k++)
		if (strcmp(argv[1], commands[k].name) == 0)
			return commands[k].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "scms component: no command '%s'\n", argv[1]);
	usage(stderr);
	return OPERATOR_USAGE;
}
