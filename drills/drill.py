#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rehearses a disaster for real: every component of an SCMS as a process, real votes, a real fleet, a clock that is turned."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import elector_replacement  # noqa: E402
import report  # noqa: E402
import root_replacement  # noqa: E402
import scene as scenes  # noqa: E402
import system as systems  # noqa: E402

DRILLS = {drill.NAME: drill for drill in (elector_replacement, root_replacement)}


def interrupted(*_):
    raise KeyboardInterrupt


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scms drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Example:\n  scms drill elector-replacement --fleet 50\n\n"
                                     "Exit code: 0 all as expected, 1 not, 2 usage, 3 the drill could not run.")
    parser.add_argument("drill", choices=[*DRILLS, "all"], help="which disaster; all: both, one after the other")
    parser.add_argument("--fleet", type=int, default=200, metavar="N", help="vehicles; default 200")
    parser.add_argument("--units", type=int, default=10, metavar="N", help="roadside units; default 10")
    parser.add_argument("--listen", type=int, default=20, metavar="N", help="neighbours that each device listens to; default 20")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="chooses the vehicles that report; default 1")
    parser.add_argument("--out", default="drill-report", metavar="DIR", help="where report and JSON go; default drill-report")
    parser.add_argument("--work", metavar="DIR", help="where the system lives; default a folder that is deleted afterwards")
    parser.add_argument("--keep", action="store_true", help="leave the folder, and with --stop-after the running system, to look at")
    parser.add_argument("--stop-after", metavar="day-N", help="end after this day")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument("--programs", default=str(HERE.parent / "build" / "bin"), metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.fleet < 20 or options.fleet > 10000 or options.units < 1:
        parser.error("--fleet is 20 to 10000, --units at least 1")
    return options


def rehearse(drill, options, base):
    """One drill; its exit code."""
    options.work = str(base / drill.NAME)
    version = systems.subprocess.run([str(pathlib.Path(options.programs) / "scms"), "--version"], stdout=systems.subprocess.PIPE,
                                     stderr=systems.subprocess.DEVNULL, text=True).stdout.strip() or "0.1.0"
    story = scenes.story_of(drill.NAME, drill.TITLE, options, version, drill.STEPS)
    scene, code = None, 3
    try:
        scene = scenes.Scene(options, story)
        drill.run(scene)
        code = 0
    except scenes.Stop:
        code = 0
        if options.keep:
            print(f"The system runs on in {options.work}; Ctrl-C ends it.", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
    except systems.Trouble as trouble:
        print(f"scms drill: {drill.NAME}: {trouble}", file=sys.stderr)
    except OSError as error:
        print(f"scms drill: {drill.NAME}: {error}", file=sys.stderr)
    finally:
        if scene is not None:
            scene.system.stop()
    told = story.end()
    if code != 0:
        told["result"] = "red"
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{drill.NAME}.json").write_text(json.dumps(told, indent=1))
    (out / f"{drill.NAME}.html").write_text(report.page(told))
    checks = sum(len(day["checks"]) for day in told["days"])
    print(f"{drill.NAME}: {told['result']}: {checks} checks, {story.failed()} not as expected, {told['seconds']} s; "
          f"report: {(out / (drill.NAME + '.html')).resolve()}", flush=True)
    return code if code != 0 else 0 if told["result"] == "green" else 1


def main(arguments):
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, interrupted)
    base = pathlib.Path(options.work) if options.work else pathlib.Path(tempfile.mkdtemp(prefix="scms-drill-"))
    codes = []
    try:
        for name in DRILLS if options.drill == "all" else [options.drill]:
            codes.append(rehearse(DRILLS[name], options, base))
    except KeyboardInterrupt:
        print("scms drill: interrupted; every process of it has ended", file=sys.stderr)
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(base, ignore_errors=True)
    return max(codes)


if __name__ == "__main__":
    os.environ.pop("SCMS_WORKSPACE", None)
    sys.exit(main(sys.argv[1:]))
