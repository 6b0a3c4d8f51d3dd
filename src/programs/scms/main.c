/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms: the operator's program. One file per command; this one finds it.
 */
#include "commands.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"bundle", cmd_bundle, "the bootstrap bundle for new devices and components"},
    {"component", cmd_component, "the components of an SCMS: keys, certificates, renewal, revocation"},
    {"chain", cmd_chain, "certificate chain files, global and local"},
    {"conformance", cmd_conformance, "run the conformance suite against any client"},
    {"crl", cmd_crl, "the composite CRL"},
    {"drill", cmd_drill, "rehearse a disaster: the whole system, a fleet, and a report"},
    {"encode", cmd_encode, "make the bytes of a value from its JSON"},
    {"found", cmd_found, "found an SCMS, step by step"},
    {"forecast", cmd_forecast, "dates that need action: what expires, and what falls below its quorum then"},
    {"hash", cmd_hash, "SHA-256 and HashedIds of certificates"},
    {"init", cmd_init, "make an operator's workspace"},
    {"lint", cmd_lint, "judge certificates by their profiles"},
    {"log", cmd_log, "the history of an operator's acts: read it, check that nobody changed it"},
    {"margin", cmd_margin, "votes to spare of electors, root CAs and ballots; latent votes"},
    {"motion", cmd_motion, "ask electors to add or remove electors and root CAs; collect votes; release ballots"},
    {"policy", cmd_policy, "the global policy: written, signed, compared"},
    {"publish", cmd_publish, "let out what was made, after seeing what it would do"},
    {"push", cmd_push, "ask the running manager to bring an update to all components"},
    {"show", cmd_show, "what is in a file, in words, as JSON or field by field"},
    {"store", cmd_store, "keep a trust store: judge ballots, policy, chain files and CRLs"},
    {"types", cmd_types, "list the types and messages that are known"},
    {"update", cmd_update, "one session's files as one file: make, show, apply"},
    {"what-if", cmd_what_if, "what would these files or motions do to everybody?"},
};

static void usage(FILE *to)
{
	fputs("Usage: scms COMMAND [OPTION...]\n\n", to);
	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		fprintf(to, "  %-12s %s\n", commands[k].name, commands[k].text);
	fputs("\n'scms COMMAND --help' says more of each.\n", to);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return 0;
	}
	for (size_t k = 0; argc >= 2 && k < sizeof(commands) / sizeof(commands[0]); k++)
		if (strcmp(argv[1], commands[k].name) == 0)
			return commands[k].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "scms: no command '%s'\n", argv[1]);
	usage(stderr);
	return 2;
}
