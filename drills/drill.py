#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rehearses a disaster for real: every component of an SCMS as a process, real votes, a real fleet, a clock that is turned."""

import argparse
import json
import os
import pathlib
import re
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

MEMORY = "/dev/shm"
DRILLS = {drill.NAME: drill for drill in (elector_replacement, root_replacement)}


def interrupted(*_):
    raise KeyboardInterrupt


def day_of(text):
    """(day, round)"""
    found = re.fullmatch(r"(?:round-([1-9])-)?day-([1-9])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"expected day-N or round-N-day-N, found '{text}'")
    return int(found.group(2)), int(found.group(1) or 1)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scms drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Example:\n  scms drill elector-replacement --fleet 50\n\n"
                                     "Exit code: 0 all as expected, 1 not, 2 usage, 3 the drill could not run.")
    parser.add_argument("drill", choices=[*DRILLS, "all"], help="which disaster; all: both, one after the other")
    parser.add_argument("--fleet", type=int, default=200, metavar="N", help="vehicles; default 200")
    parser.add_argument("--units", type=int, default=10, metavar="N", help="roadside units; default 10")
    parser.add_argument("--listen", type=int, default=20, metavar="N", help="neighbours that each device listens to; default 20")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="chooses who reports the vehicle that misbehaves, and who hears whom; default 1")
    parser.add_argument("--out", default="drill-report", metavar="DIR", help="where report and JSON go; default drill-report")
    parser.add_argument("--work", metavar="DIR", help="where the system lives, not there yet or empty; default a "
                        "new folder in $TMPDIR, else in memory where there is room, else in /tmp")
    parser.add_argument("--keep", action="store_true", help="leave that folder, and with --stop-after the running system, to look at")
    parser.add_argument("--stop-after", type=day_of, metavar="day-N", help="end after this day; of a second round: round-2-day-N")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.add_argument("--programs", default=str(HERE.parent / "build" / "bin"), metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.seed < 0 or options.seed > 10**12:
        parser.error("--seed is 0 to 10^12")
    last = options.stop_after
    if last is not None and not any(last in drill.DAYS for name, drill in DRILLS.items() if options.drill in (name, "all")):
        parser.error(f"--stop-after: {options.drill} has no such day")
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
            print(f"The system runs on in {options.work}; its commands: export SCMS_WORKSPACE={options.work}/ws "
                  f"SCMS_CLOCK_FILE={options.work}/clock. Ctrl-C ends it.", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
    except (systems.Trouble, OSError) as trouble:
        say(drill, trouble)
    finally:
        end(scene)
    told = story.end()
    if code != 0:
        told["result"] = "red"
    out = pathlib.Path(options.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        report.write(out / f"{drill.NAME}.json", json.dumps(told, indent=1))
        report.write(out / f"{drill.NAME}.html", report.page(told))
    except OSError as trouble:
        say(drill, f"the report cannot be written: {trouble}")
        return 3
    checks = sum(len(day["checks"]) for day in told["days"])
    print(f"{drill.NAME}: {told['result']}: {checks} checks, {story.failed()} not as expected, {told['seconds']} s; "
          f"report: {(out / (drill.NAME + '.html')).resolve()}", flush=True)
    return code if code != 0 else 0 if told["result"] == "green" else 1


def say(drill, trouble):
    print(f"scms drill: {drill.NAME}: {trouble}", file=sys.stderr)


def end(scene):
    """Ends the processes of a drill; who is impatient is not heard until that is done."""
    if scene is None:
        return
    with systems.Held():
        try:
            scene.system.stop()
        except OSError as trouble:
            print(f"scms drill: {trouble}", file=sys.stderr)


def quick_folder(devices):
    """Memory, where there is room in plenty: thousands of files are written through to the disk otherwise. None: the usual place."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    room = os.statvfs(MEMORY)
    return MEMORY if room.f_bavail * room.f_frsize >= (256 + devices) << 20 else None  # about a quarter of that is used


def folder_of(options):
    """Where the drill lives, and whether the folder was made for it."""
    if not options.work:
        return pathlib.Path(tempfile.mkdtemp(prefix="scms-drill-", dir=quick_folder(options.fleet + options.units))), True
    folder = pathlib.Path(options.work)
    there = folder.exists()
    if there and (not folder.is_dir() or any(folder.iterdir())):
        raise OSError(f"--work {folder}: is there, and not an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder, not there


def main(arguments):
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, interrupted)
    base, made, codes = None, False, []
    try:
        systems.look_for_programs(options.programs)
        with systems.Held():
            base, made = folder_of(options)
        for name in DRILLS if options.drill == "all" else [options.drill]:
            codes.append(rehearse(DRILLS[name], options, base))
    except KeyboardInterrupt:
        print("\nscms drill: interrupted; every process of it has ended" +
              (f"; what there was is in {base}" if options.keep and base else ""), file=sys.stderr)
        return 130
    except (systems.Trouble, OSError) as trouble:
        print(f"scms drill: {trouble}", file=sys.stderr)
        return 3
    finally:
        if base is not None and not options.keep:
            with systems.Held(last=True):
                for name in DRILLS:
                    shutil.rmtree(base / name, ignore_errors=True)
                if made:
                    shutil.rmtree(base, ignore_errors=True)
    return max(codes)


if __name__ == "__main__":
    os.environ.pop("SCMS_WORKSPACE", None)
    sys.exit(main(sys.argv[1:]))
