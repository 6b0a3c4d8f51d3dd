# SPDX-License-Identifier: Apache-2.0
"""Scenario 2: the root CA is revoked and replaced, days 1 to 6."""

import adversary
import misbehaviour
import scene as scenes

NAME = "root-replacement"
TITLE = "The root CA is revoked and replaced"
STEPS = 25
DAYS = [(day, 1) for day in range(1, 7)]  # and rounds
ONLINE = ("always online", "clock off", "storage nearly full", scenes.ROADSIDE)
BACK = (*ONLINE, "weekly", "offline until day 5", "asleep all the while")  # who is enrolled anew on day 6


def run(scene):
    story, rows = scene.story, scenes.days_table(NAME)
    electors = " ".join("ABC")
    names = {"OLD": "root1", "NEW": "root2", "VOTERS": electors}

    def next_day(number, title):
        scene.system.turn_clock(scene.system.offset + scenes.DAY)
        story.begin_day(number, title, scene.system.now())

    def end(number, statuses=None):
        scene.end_day(rows[f"day-{number}"], statuses)
        scene.stop_here(number, 1)

    story.begin_day(1, "Typical SCMS operations", scene.system.now())
    scene.found()
    scene.bring_up_fleet()
    misbehaviour.convict(scene)
    scene.adversary = adversary.Adversary(scene)
    scene.adversary.keep_old_chain()
    scene.update_until(tuple(scene.counts), scene.version)
    end(1)

    next_day(2, "A new root CA is stood up, and not used")
    scene.system.do("replace-root", "prepare-root", **names)
    scene.know_root("root2")
    story.tell("root2 is made and endorsed by all three electors; the ballot is held by the SCMS Manager")
    scene.update_until(ONLINE, scene.version)
    end(2, {"root2": "prepared"})

    next_day(3, "New certificates for every component, not in use")
    scene.system.do("replace-root", "stage", **names)
    story.tell("Every component has its next certificate under root2, staged and inactive")
    scene.system.do("replace-root", "operators", **names)
    story.tell("The authorised operators hold the ballot that adds root2, ready for the day of the change")
    scene.components_reach("have the next certificate", lambda one: one["identity"]["staged"])
    scene.update_until(ONLINE, scene.version)
    misbehaviour.still_listed(scene, by_hash=1)
    end(3, {"root2": "prepared"})

    next_day(4, "The old root is revoked, the new one added")
    scene.system.do("replace-root", "vote", **names)
    scene.take_crl()
    scene.version += 1
    scene.system.do("replace-root", "change", VERSION=scene.version, **names)
    story.tell("The electors voted root1 out; both ballots are released together, and all components switch to what was staged")
    scene.push("drop root1, take in root2")
    scene.components_reach("use the certificate under root2", lambda one: one["standing"] == "VALID" and not one["identity"]["staged"])
    scene.publish_to_pg()
    scene.publish_crl()
    story.tell("Components know both ballots; the chain file and the CRL are made anew under root2")
    scene.goal("drop root1", lambda view: "root1" in view["removed"])
    scene.goal("trust root2, and send again", lambda view: view["roots"] == {"root2": "trusted"} and view["operational"],
               due={kind: 3 * scenes.DAY for kind in BACK})
    scene.adversary.strips("removeRoot", "root1", "A")
    scene.revocation_reaches(ONLINE)
    scene.ballots("revokedRootCAs", "composite CRL")
    scene.ballots("rootCAEndorsements", "chain file, to components alone")
    misbehaviour.still_listed(scene, by_hash=0)
    story.tell("The CRL is made anew under root2: entries by hash went with root1, those by linkage seeds are carried over")
    story.tell("Devices get the revocation alone: they cannot fetch a chain file, since their enrolment is gone with root1")
    end(4, {"root2": "new"})

    next_day(5, "The system is down")
    scene.revocation_reaches(("weekly", "offline until day 5"))
    scene.system.do("replace-root", "bundle", **names)
    scene.adversary.replays_of_root("root1")
    story.tell("No device sends, and none accepts anything: as it must be")
    end(5)

    next_day(6, "The system is up again")
    scene.away -= set(BACK)
    scene.everybody("enrol", BACK)
    story.tell("Authorised operators enrol the devices anew; each counts the votes for root2 itself. Those who slept through it all "
               "hear of the revocation with that: the composite CRL is public")
    scene.update_until(BACK, scene.version)
    scene.request(BACK)
    scene.fetch(BACK)
    answer = scene.system.fleet.order("enrol", group=list(misbehaviour.CULPRITS))
    story.tell("They have fetched policy, chain file and new certificates")
    misbehaviour.culprits_stay_out(scene, answer)
    misbehaviour.still_listed(scene, by_hash=0)
    scene.adversary.replays_of_root("root1")
    end(6)
