# SPDX-License-Identifier: Apache-2.0
"""Scenario 1: an elector is revoked and replaced, days 1 to 5, twice in a row on the same system."""

import adversary
import misbehaviour
import scene as scenes

NAME = "elector-replacement"
TITLE = "An elector is revoked and replaced"
STEPS = 30
DAYS = [(day, turn) for turn in (1, 2) for day in range(1, 6)]  # and rounds
PROMPT = ("always online", "clock off", "storage nearly full", "roadside unit")  # have an update on the day that it is out


def publish(scene, what):
    """What was published by hand goes to the running system: PG, all components, CRLG and CRL store."""
    scene.publish_to_pg()
    scene.push(what)
    scene.publish_crl()


def revoke(scene, old, voters):
    scene.take_crl()
    scene.version += 1
    scene.system.do("revoke-elector", OLD=old, VOTERS=" ".join(voters), VERSION=scene.version)
    scene.gone[old] = scene.electors.pop(old)
    publish(scene, f"drop elector {old}")
    scene.goal(f"drop elector {old}", lambda view: old in view["removed"])


def add(scene, new, voters):
    scene.take_crl()
    scene.version += 1
    scene.system.do("add-elector", NEW=new, VOTERS=" ".join(voters), VERSION=scene.version, ROOT=scene.roots["root1"])
    scene.know_elector(new)
    publish(scene, f"take in elector {new}")
    scene.goal(f"take in elector {new}", lambda view: new in view["electors"])


def take_updates(scene, *groups):
    """Devices fetch policy, chain file and CRL, until they have the present chain file."""
    scene.update_until(groups, scene.version)


def one_round(scene, rows, number, old, new, first_day_done):
    story = scene.story
    voters = [name for name in scene.electors if name != old]

    def day(index, title):
        if index > 1:
            scene.system.turn_clock(scene.system.offset + scenes.DAY)
        story.begin_day(index, title, scene.system.now(), number)

    def end(index, statuses=None):
        scene.renew()
        scene.end_day(rows[f"day-{index}"], statuses)
        scene.stop_here(index, number)

    if not first_day_done:
        scene.system.turn_clock(scene.system.offset + scenes.WEEK - 4 * scenes.DAY)  # the same day of the week as in the first round
        story.begin_day(1, "Typical SCMS operations", scene.system.now(), number)
        take_updates(scene, *PROMPT)
        story.tell("A week after the first round began. As on day 5 of it: the system is the equal of what it was on day 1")
        end(1)

    day(2, f"Elector {old} is revoked")
    thief = adversary.Elector(scene.system, old)
    when = adversary.time64(scene.system.now())
    thief.expect = "QUORUM_NOT_MET"
    if number == 1:
        scene.adversary.false_root(thief, when)
        scene.adversary.false_elector(thief, when)
    revoke(scene, old, voters)
    story.tell(f"{len(voters)} electors voted elector {old} out; the votes travel in the composite CRL, and root1 keeps "
               f"{len(voters)} endorsers")
    scene.adversary.strips("removeElector", old, voters[0])
    take_updates(scene, *PROMPT)
    scene.ballots("revokedElectors", "composite CRL")
    end(2)

    day(3, "Two electors are left")
    take_updates(scene, *PROMPT)
    story.tell("Nothing happens, and that is the point: certificates go on being valid, and devices operate, whether they have heard of the "
               "removal or not")
    thief.expect = "VOTER_REVOKED"
    if number == 1:
        scene.adversary.false_root(thief, when)
    end(3)

    day(4, f"Elector {new} takes its place")
    add(scene, new, voters)
    story.tell(f"{new} founded itself, {' and '.join(voters)} voted it in, and it endorses root1 by the same endorsement as the "
               "others: both ballots are in the chain file")
    scene.adversary.strips("addElector", new, voters[0])
    take_updates(scene, *PROMPT)
    scene.ballots("electorEndorsements", "chain file")
    scene.ballots("rootCAEndorsements", "chain file")
    take_updates(scene, "weekly")
    story.tell("The weekly devices come by today, and hear of both changes at once")
    end(4, {new: "new"})

    day(5, "Typical operations again")
    take_updates(scene, *PROMPT, "offline until day 5")
    story.tell("The devices that were offline for four days are back")
    if number == 1:
        scene.adversary.replays(old, voters)
    else:
        scene.wake(("asleep all the while",))
        story.tell("The devices that slept through both replacements catch up with the ballot history, vote by vote")
    end(5)


def run(scene):
    story, rows = scene.story, scenes.days_table(NAME)
    story.begin_day(1, "Typical SCMS operations", scene.system.now())
    scene.found()
    scene.bring_up_fleet()
    misbehaviour.convict(scene)
    scene.adversary = adversary.Adversary(scene)
    scene.adversary.keep_old_chain()
    take_updates(scene, *scene.counts)
    scene.end_day(rows["round-1"]["day-1"])
    scene.stop_here(1, 1)
    one_round(scene, rows["round-1"], 1, "A", "D", True)
    one_round(scene, rows["round-2"], 2, "B", "E", False)
