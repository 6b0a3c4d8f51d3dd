/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms: the operator's program. One file per command; this one finds it.
 */
#include "commands.h"
#include "group.h"

static const struct group_command commands[] = {
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

int main(int argc, char **argv)
{
	static const struct group group =
	    GROUP("scms", "The open Security Credential Management System for V2X, built around elector-based root management.", commands,
		  "  scms init ws --system example --quorum 2\n");

	return group_run(&group, argc, argv);
}
