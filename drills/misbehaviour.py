# SPDX-License-Identifier: Apache-2.0
"""Who misbehaves before the disaster begins, and must stay revoked after it: a vehicle, by its linkage seeds, and a roadside unit, by
hash."""

import json
import random
import re
import time

import system as systems

CULPRITS = {"culprit": "obe", "culprit roadside unit": "rse"}
HASH_ENTRY = re.compile(r"\[\d+\]: [0-9a-f]{20}, until ")  # of a hash CRL, as `scms show` prints it


def convict(scene):
    """A vehicle and a roadside unit misbehave, are reported by three vehicles, and revoked: by linkage seeds, and by hash."""
    fleet = scene.system.fleet
    before = listed(scene)
    chosen = random.Random(scene.options.seed).sample(range(1, scene.counts["always online"] + 1), 3)
    for group in CULPRITS:
        for number in chosen:
            answer = fleet.order("report", **{"from": f"{scene.prefix('always online')}-{number}", "about": f"{scene.prefix(group)}-1"})
            if answer["results"].get("done") != 1:
                raise systems.Trouble(f"a report does not reach the MA: {answer}")
    end = time.monotonic() + systems.PATIENCE
    while (state := json.loads(scene.system.ask("ma1", "GET", "/reports")[1]))["revoked"] < len(CULPRITS):
        if time.monotonic() > end:
            raise systems.Trouble(f"the MA does not revoke: {state}")
        time.sleep(0.3)
    expected = {"by linkage seeds": before["by linkage seeds"] + 1, "by hash": before["by hash"] + 1}
    end = time.monotonic() + systems.PATIENCE
    while (found := listed(scene)) != expected:
        if time.monotonic() > end:
            raise systems.Trouble(f"the CRL store's CRL revokes {found}, not {expected}")
        time.sleep(0.1)
    scene.story.tell("A vehicle that sends impossible positions is reported by three others; PCA, RA and both LAs together lead "
                     "to its linkage seeds, and nobody alone")
    scene.story.tell("A roadside unit that does so is reported too: its certificate says which it is, and is revoked by hash")


def listed(scene):
    """How many the CRL that everybody can get revokes, and how."""
    path = scene.system.work / "served_crl.oer"
    path.write_bytes(scene.system.ask("crl-store1", "GET", "/download-crl/")[1])
    text = scene.system.command("scms", "show", path)
    return {"by linkage seeds": text.count("linkage-seed1:"), "by hash": len(HASH_ENTRY.findall(text))}


def still_listed(scene, by_hash):
    """Whatever happened to roots, the CRL names the vehicle by its linkage seeds; the unit by hash, while its issuers live."""
    scene.story.check("revoked on the CRL", {"by linkage seeds": 1, "by hash": by_hash}, listed(scene))


def culprits_stay_out(scene, enrolled):
    """Enrolled anew or not, who was revoked gets no certificates."""
    scene.system.fleet.order("update", group=list(CULPRITS))
    asked = scene.system.fleet.order("request", group=list(CULPRITS))
    scene.story.check("who was revoked gets certificates", {"done": 0}, {"done": asked["results"].get("done", 0)})
    scene.story.tell(f"The two that were revoked for misbehaviour ask too, and stay out: enrolment "
                     f"{', '.join(enrolled['results'])}, certificates {', '.join(asked['results'])}")
