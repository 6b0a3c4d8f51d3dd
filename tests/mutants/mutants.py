#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deliberately wrong clients: does the conformance suite notice each?

Usage: mutants.py SOURCE BUILD [EVERY]

Each mutant is the trust library with one rule broken. BUILD is a folder of this program's own: a copy of the sources is built
there once, then each mutant in turn, and the suite must find at least one case that fails. A text that is no longer in its file
is an error: the mutant has to follow the code. EVERY: build and judge only each EVERYth mutant; the texts of all are looked for."""
import os
import pathlib
import shutil
import subprocess
import sys

# name, file, text, what stands there instead, groups of cases that are enough to notice it
MUTANTS = [
    ("counts votes, not voters", "ballot.c", "report->counted = (uint32_t)__builtin_popcountll(tally.counted);", "report->counted = (uint32_t)tally.votes;", "10-votes"),
    ("ignores tombstones", "tombstone.c", "if (tombstone_find(store, subject->hash256) >= 0)\n\t\treturn true;\n\tkey_hash", "return false;\n\tkey_hash", "30-effects"),
    ("forgets the removed key", "tombstone.c", "if (memcmp(store->tombstones[k].key_hash, hash, 16) == 0)", "if (store->tombstone_count > 65536)", "30-effects"),
    ("trusts any signature", "votes.c", "good = batch->verdict[next] == SCMS_GOOD;", "good = true;", "10-votes"),
    ("takes expired voters", "votes.c", "if (judge->now >= validity_end(", "if (judge->now / 2 >= validity_end(", "10-votes"),
    ("takes voters that are not valid yet", "votes.c", "if (judge->now < validity_start(", "if (judge->now < 1 && judge->now < validity_start(", "10-votes"),
    ("lets an elector vote on itself", "votes.c", "return SCMS_VOTER_IS_SUBJECT;", "return vote_header(vote, validity, judge->now, judge->store->skew);", "10-votes"),
    ("ignores the vote's header", "endorsement.c", "if (header->psid != PSID_SECURITY_MANAGEMENT ||", "if (header->psid == 1 &&", "10-votes"),
    ("forgets the skew of votes", "endorsement.c", "if (header->generationTime > now + skew)", "if (header->generationTime > now + 100 * skew)", "10-votes"),
    ("forgets that votes lie within validity", "endorsement.c", "if (header->generationTime < validity_start(validity) ||", "if (", "10-votes"),
    ("ignores the carrier", "ballot.c", "if (!type_is(&endorsement, ballot->motion))", "if (endorsement.type > 3)", "20-ballots"),
    ("lets votes sign different things", "ballot.c", "vote.payload.n != first.n || memcmp(vote.payload.p, first.p, first.n) != 0", "vote.payload.n != first.n", "20-ballots"),
    ("lets the certificate be swapped", "ballot.c", "if (endorsement->certificate_hash != NULL &&", "if (endorsement->certificate_hash == NULL &&", "20-ballots"),
    ("skips the profile", "ballot.c", "if (elector ? !cert_fits_elector(&subject) : !cert_fits_root(&subject))", "if (false)", "20-ballots"),
    ("skips the subject's signature", "ballot.c", "member ? NULL : subject, &tally)", "NULL, &tally)", "20-ballots"),
    ("adds expired subjects", "ballot.c", "if (judge->now >= subject_end(subject))", "if (judge->now / 2 >= subject_end(subject))", "20-ballots"),
    ("takes endorsements from the future", "ballot.c", "if (ballot->time > judge->now + store->skew)\n\t\treturn SCMS_TBS_TIME_FUTURE;\n\tif (!known_root", "if (!known_root", "20-ballots"),
    ("is content with one vote less", "ballot.c", "if (report->counted < m) {", "if (report->counted + 1 < m) {", "20-ballots"),
    ("raises no alarm", "ballot.c", "report->alarm = report->counted > 0;", "report->alarm = false;", "10-votes"),
    ("takes a key twice", "members.c", "return point_same_x(&key, &other);", "return point_same_x(&key, &other) && key.x == other.x;", "30-effects"),
    ("fills the store to the brim", "members.c", "return store->tombstone_count + members + 1 <= store->limits.tombstones;", "return true;", "30-effects"),
    ("lets strangers use up tombstones", "tombstone.c", "member ? 0 : store->elector_count + store->root_count + 1;", "0 * member;", "30-effects"),
    ("drops tombstones by the clock of expiry", "tombstone.c", "return tombstone->expiry + TIME64_YEAR;", "return tombstone->expiry;", "30-effects"),
    ("never suspends a root", "members.c", "return (uint32_t)__builtin_popcountll(root->endorsers) < root_needed(root, m);", "return root->cert_len == m;", "50-roots"),
    ("suspends by today's quorum only", "members.c", "return root->quorum_at_entry < m ? root->quorum_at_entry : m;", "return m;", "50-roots"),
    ("keeps a removed elector's votes for roots", "effects.c", "store->roots[r].endorsers &= ~(UINT64_C(1) << place);", "store->roots[r].endorsers &= ~UINT64_C(0);", "50-roots"),
    ("does not clamp the quorum", "quorum.c", "uint64_t m = named < store->ceiling ? named : store->ceiling;", "uint64_t m = named;", "60-policy"),
    ("has no floor", "quorum.c", "if (m < store->floor)", "if (m < 1)", "60-policy"),
    ("accepts an older policy", "policy.c", "if (file->policy.generation <= last || file->policy.generation <= store->policy.floor)", "if (last == 1)", "60-policy"),
    ("accepts policy by anybody", "policy.c", "return cert_scms_role(&chain->cert[0]) == ScmsSsp_is_pg &&", "return cert_scms_role(&chain->cert[0]) != ScmsSsp_is_elector ||", "60-policy"),
    ("ignores what the countersignature signs", "policy.c", "return memcmp(payload->extDataHash.u.sha256HashedData, hash, 32) == 0;", "return hash[0] == hash[0];", "60-policy"),
    ("enforces policy before its time", "policy.c", "if (policy->active > now) {", "if (policy->active > 2 * now) {", "60-policy"),
    ("rolls the chain file back", "chain_file.h", "return a != b && (uint16_t)(a - b) < 0x8000;", "return a != b;", "65-versions"),
    ("takes the half for newer", "chain_file.h", "(uint16_t)(a - b) < 0x8000;", "(uint16_t)(a - b) <= 0x8000;", "65-versions"),
    ("lets an unsigned file fast-forward", "chain_file.c", "if (names != NULL && !version_newer(file->version, named) &&", "if (names != NULL &&", "65-versions"),
    ("lets CRLs run backwards", "crl_store.c", "if (contents->issueDate < state->issue_date)\n\t\treturn true;", "", "70-crls"),
    ("takes a delta without a base", "crl_store.c", "if (crl_is_delta(crl) && (state == NULL", "if (false && (state == NULL", "70-crls"),
    ("un-revokes when the CRLG goes", "crl_store.c", "!object_put(env, parts, 3, state->kept)", "!object_put(env, parts, 0, state->kept)", "70-crls"),
    ("lets a CRLG sign any series", "crl_store.c", "crl_ssp_lists(&ssp, contents->crlSeries) &&", "", "70-crls"),
    ("never finds itself stale", "crl_store.c", "return now > store->provisioned + tolerance;", "return false;", "70-crls"),
    ("lets the clock run back", "session.c", "if (now + store->skew < store_signed_time(store)) {", "if (now == 1) {", "75-clock"),
    ("lets a minority move the time", "ballot.c", "if (report->counted < m) {", "if (tally.newest > store->votes_time) {\n\t\tstore->votes_time = tally.newest;\n\t\tstore_touch(store);\n\t}\n\tif (report->counted < m) {", "75-clock"),
    ("lets an earlier end make way for an older policy", "policy.c", "(in_force || waiting) && store->policy.floor < time", "in_force || waiting", "60-policy"),
    ("forgets a policy that waited with its PG", "effects.c", "policy_promote(store, now);", "(void)now;", "60-policy"),
    ("leaves the holder's issuers to the chain file", "own.c", "issuers_add(&issuers, &chain);", "", "80-certificates"),
    ("judges one round only", "session.c", "uint32_t most = run->ballot_count + 2;", "uint32_t most = 1;", "40-order"),
    ("looks at a root's ballot once", "session.c", "if (settled && ballot->motion != SCMS_ADD_ROOT)", "if (settled)", "40-order"),
    ("has own certificates at hand too late", "session.c", "run->source.own_count = run->session->own_count;", "run->source.own_count = 0;", "80-certificates"),
    ("adds before it removes", "ballot.c", "[SCMS_REMOVE_ELECTOR] = 0, [SCMS_REMOVE_ROOT] = 1, [SCMS_ADD_ELECTOR] = 2, [SCMS_ADD_ROOT] = 3", "[SCMS_REMOVE_ELECTOR] = 2, [SCMS_REMOVE_ROOT] = 3, [SCMS_ADD_ELECTOR] = 0, [SCMS_ADD_ROOT] = 1", "40-order"),
]


def build(folder, target):
    done = subprocess.run(["ninja", "-C", str(folder), target], capture_output=True, text=True)
    return done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]


def main():
    source, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    tree, folder = work / "source", work / "build"
    shutil.copytree(source, tree, ignore=shutil.ignore_patterns("build*", ".git", "__pycache__"), symlinks=True)
    setup = subprocess.run(["meson", "setup", str(folder), str(tree), "-Doptimization=1", "-Dwerror=false"], capture_output=True, text=True)
    good, output = build(folder, "bin/scms") if setup.returncode == 0 else (False, setup.stdout[-2000:])
    if not good:
        print(f"the sources themselves do not build:\n{output}")
        return 1
    suite = [sys.executable, str(tree / "conformance" / "run.py"), "--quiet", "--jobs", str(os.cpu_count() or 2)]
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    missed = judged = 0
    for number, (name, file, text, instead, group) in enumerate(MUTANTS):
        path = tree / "src" / "trust" / file
        original = path.read_text()
        if original.count(text) != 1:
            print(f"MISSED '{name}': {file} has its text {original.count(text)} times, not once")
            missed += 1
            continue
        if number % every != 0:
            continue
        judged += 1
        path.write_text(original.replace(text, instead))
        good, output = build(folder, "bin/scms")
        if not good:
            print(f"MISSED '{name}': does not compile:\n{output}")
            missed += 1
        else:
            done = subprocess.run([*suite, "--only", group, "--", str(folder / "bin" / "scms"), "store"], capture_output=True, text=True)
            caught = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
            if done.returncode != 1 or not caught:
                print(f"MISSED '{name}': the cases of {group} all pass")
                missed += 1
            else:
                print(f"noticed '{name}': {len(caught)} cases, first {caught[0]}", flush=True)
        path.write_text(original)
    build(folder, "bin/scms")
    shutil.rmtree(work, ignore_errors=True)
    print(f"{judged} of {len(MUTANTS)} mutants judged, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
