from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import lpr.factory
from lpr.cli.app import app
from lpr.config import EngineConfig
from lpr.gate.build import load_plates
from lpr.gate.config import load_gate_config
from lpr.gate.fakes import sure_event
from lpr.gate.rig import Rig, passage
from lpr.gate.rig import site as rig_site
from lpr.service.build import camera_engines, engine_config
from lpr.sinks.wire import event_to_json, to_line
from lpr.sources import VideoSource
from lpr.types import EventKind, FrameResult, StageTimings
from tests.sources.conftest import write_video

CLIP = Path(__file__).resolve().parents[2] / "samples" / "two-plates.mp4"


class Reader:
    """Sees one plate, in the name of the camera that it is built for."""

    def __init__(self, camera: str) -> None:
        self._camera = camera

    def run(self, source: VideoSource) -> list[FrameResult]:
        with source as frames:
            next(iter(frames))
        event = sure_event("BAB1234", camera=self._camera)
        return [FrameResult(0, 0.0, (), (), (), (event,), StageTimings())]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[EngineConfig]:
    """Every engine is a quick one; what they are built from."""
    built: list[EngineConfig] = []

    def build(config: EngineConfig, *, camera: str) -> Reader:
        built.append(config)
        return Reader(camera)

    monkeypatch.setattr(lpr.factory, "build_engine", build)
    return built


def simulate(folder: Path, cameras: str, *options: str) -> Result:
    (folder / "plates.csv").write_text("plate,list\nB AB 1234,allow\n")
    (folder / "gate.toml").write_text(
        f'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = {cameras}\n'
    )
    command = ["gate", "simulate", str(folder / "gate.toml"), str(CLIP), *options]
    return CliRunner().invoke(app, command)


def test_a_clip_is_of_the_only_camera(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north"]')
    assert result.exit_code == 0, result.output
    assert "north#" in result.output
    assert "unknown_camera" not in result.output


def test_a_clip_is_of_the_camera_that_is_named(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north", "south"]', "--camera", "south")
    assert result.exit_code == 0, result.output
    assert "south#" in result.output
    assert "unknown_camera" not in result.output


def test_a_clip_is_looked_at_as_the_service_looks_at_its_camera(
    tmp_path: Path, quick: list[EngineConfig]
) -> None:
    (tmp_path / "lpr.toml").write_text("max_reads = 7\nroi = [0, 0, 640, 360]\n")
    (tmp_path / "plates.csv").write_text("plate,list\n")
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\nengine = "lpr.toml"\nregions = ["de"]\n'
        '[[gates]]\nname = "main"\npolicy = { min_agreeing = 5 }\n'
        'cameras = [{ name = "north", roi = [64, 32, 2000, 200] }, { name = "south" }]\n'
    )
    site = load_gate_config(tmp_path / "gate.toml")
    as_run = camera_engines(site, engine_config(site))
    for camera in site.camera_names:
        command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(CLIP), "--camera", camera]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        assert quick[-1] == as_run[camera]
        told = f"lpr: {CLIP}: camera 'north': roi reaches beyond the picture, which is 1280x720\n"
        assert result.stderr == (told if camera == "north" else "")
    north, south = quick
    assert (north.roi, south.roi) == ((64, 32, 2000, 200), (0, 0, 640, 360))
    assert (north.max_reads, north.regions, north.voter.min_agreeing) == (7, ("de",), 5)


def test_a_roi_is_that_of_the_video_as_it_is_turned(tmp_path: Path) -> None:
    """A telephone held upright: 160x120 pixels are stored, and 120x160 shown."""
    clip = write_video(tmp_path / "turned.mp4", size=(160, 120), rotation=90)
    (tmp_path / "plates.csv").write_text("plate,list\n")
    told = []
    for roi in ("[0, 120, 120, 160]", "[64, 0, 160, 120]"):
        (tmp_path / "gate.toml").write_text(
            'lists = ["plates.csv"]\n[[gates]]\nname = "main"\n'
            f'cameras = [{{ name = "north", roi = {roi} }}]\n'
        )
        command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(clip)]
        told.append(CliRunner().invoke(app, command).stderr)
    beyond = f"lpr: {clip}: camera 'north': roi reaches beyond the picture, which is 120x160\n"
    assert told == ["", beyond]


def test_a_clip_on_a_server_is_named_without_its_password(tmp_path: Path) -> None:
    clip = "http://admin:hunter22@127.0.0.1:9/a.mp4"
    result = simulate(tmp_path, '["north", "south"]', clip, "--camera", "south")
    assert "hunter22" not in result.output
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north", "south"]\n'
    )
    result = CliRunner().invoke(app, ["gate", "simulate", str(tmp_path / "gate.toml"), clip])
    assert "http://127.0.0.1:9/a.mp4: say which camera took it" in result.stderr
    assert "hunter22" not in result.output


def test_two_clips_are_two_vehicles(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north"]', str(CLIP))
    assert result.exit_code == 0, result.output
    assert "2 vehicles" in result.output
    assert "north#2" in result.output


def replay(folder: Path, times: tuple[float, ...], *options: str, camera: str = "north") -> Result:
    """Replay a listed plate at media seconds."""
    (folder / "plates.csv").write_text("plate,list,valid_to\nB AB 1234,allow,2026-12-31\n")
    (folder / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    )
    lines = [
        to_line(event_to_json(sure_event("BAB1234", camera=camera, first_seen=one - 1, time=one)))
        for one in times
    ]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    command = ["gate", "simulate", str(folder / "gate.toml"), str(folder / "events.jsonl")]
    return CliRunner().invoke(app, [*command, *options])


def test_a_live_cameras_events_are_judged_by_their_own_dates(tmp_path: Path) -> None:
    then = datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp()
    assert "1 vehicles, 1 would have been let in" in replay(tmp_path, (then,)).output
    later = datetime(2027, 1, 1, 8, tzinfo=UTC).timestamp()
    assert "expired" in replay(tmp_path, (later,)).output


def test_the_start_is_that_of_a_recording(tmp_path: Path) -> None:
    assert "dry_run" in replay(tmp_path, (5.0,), "--start", "2026-11-23T08:00").output
    assert "expired" in replay(tmp_path, (5.0,), "--start", "2027-01-01T08:00").output
    live = replay(tmp_path, (1.8e9,), "--start", "2026-11-23T08:00")
    assert (live.exit_code, "leave it out" in live.output) == (6, True)
    mixed = replay(tmp_path, (5.0, 1.8e9))
    assert (mixed.exit_code, "no common time" in mixed.output) == (6, True)


def test_a_cameras_name_steers_no_terminal(tmp_path: Path) -> None:
    result = replay(tmp_path, (5.0,), camera="no\x1b]0;owned\x07")
    assert result.exit_code == 2
    assert "\x1b" not in result.output


def test_events_named_by_their_file_need_a_camera_of_the_site(tmp_path: Path) -> None:
    """`lpr run` names cameras by their files; all their vehicles would be strangers."""
    silent = replay(tmp_path, (5.0,), camera="tiny.mp4")
    assert silent.exit_code == 2
    assert "has no camera 'tiny.mp4'; say which one it is: --camera, north" in silent.output
    start = ("--start", "2026-11-23T08:00")
    named = replay(tmp_path, (5.0,), "--camera", "north", *start, camera="tiny.mp4")
    assert (named.exit_code, "1 would have been let in" in named.output) == (0, True)
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"camera": "tiny.mp4", "track_id": 1, "text": "BAB1235"}\n')
    extra = ("--camera", "north", "--labels", str(labels), *start)
    labelled = replay(tmp_path, (5.0,), *extra, camera="tiny.mp4")
    assert "false opens: 1 of 1" in labelled.output


def test_two_files_of_events_that_number_alike_are_not_mixed(tmp_path: Path) -> None:
    start = ("--start", "2026-11-23T08:00")
    again = replay(tmp_path, (5.0,), str(tmp_path / "events.jsonl"), *start)
    assert again.exit_code == 2
    assert "both have a track 1 of 'north'" in again.output


def test_a_video_beside_a_file_of_events_counts_its_tracks_behind_it(tmp_path: Path) -> None:
    start = ("--start", "2026-11-23T08:00")
    alone = replay(tmp_path, (5.0,), *start)
    assert "1 vehicles" in alone.output
    both = replay(tmp_path, (5.0,), str(CLIP), *start)
    assert both.exit_code == 0
    assert "2 vehicles" in both.output


def test_two_cameras_are_not_taken_for_one(tmp_path: Path) -> None:
    replay(tmp_path, (5.0,), camera="a.mp4")
    (tmp_path / "events.jsonl").rename(tmp_path / "a.jsonl")
    result = replay(tmp_path, (5.0,), str(tmp_path / "a.jsonl"), "--camera", "north")
    assert result.exit_code == 2
    assert "the events are of a.mp4 and north" in result.output


def test_of_several_cameras_one_must_be_named(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north", "south"]')
    assert result.exit_code == 2
    assert "say which camera took it: --camera, north or south" in result.output
    wrong = simulate(tmp_path, '["north", "south"]', "--camera", "nroth")
    assert "there is no camera 'nroth'; did you mean 'north'?; known: north, south" in wrong.output


def test_a_wrong_camera_is_told_where_nothing_needs_one(tmp_path: Path) -> None:
    result = replay(tmp_path, (5.0,), "--camera", "nroth")
    assert result.exit_code == 2
    wanted = "lpr: --camera: there is no camera 'nroth'; did you mean 'north'?; known: north\n"
    assert result.stderr == wanted


def test_strangers_are_counted_on_lines_of_their_own(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north"]', "--unlisted", "30", "--neighbours", "1")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert sum(one.startswith("let in for any other text: 0 of 30 (95% ") for one in lines) == 1
    assert sum(one.startswith("misread of 30 unlisted vehicles: ") for one in lines) == 1
    wrong = simulate(tmp_path, '["north"]', "--unlisted", "30", "--neighbours", "1.1")
    assert wrong.exit_code == 2


def test_strangers_meet_each_gate_as_it_is_set(tmp_path: Path) -> None:
    """What one gate takes for a listed plate the site's own policy does not say."""
    plates = "".join(f"D-OQ {number},allow\n" for number in range(1000, 9000, 37))
    (tmp_path / "plates.csv").write_text(f"plate,list\n{plates}")
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n'
        '[[gates]]\nname = "main"\ncameras = ["north"]\n'
        '[[gates]]\nname = "yard"\ncameras = ["south"]\n'
        'policy = { confusable_match = "only_entry" }\n'
        '[[gates]]\nname = "side"\ncameras = ["east"]\n'
    )
    (tmp_path / "events.jsonl").write_text("")
    command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(tmp_path / "events.jsonl")]
    options = ["--unlisted", "3000", "--neighbours", "1"]
    result = CliRunner().invoke(app, command + options)
    assert result.exit_code == 0, result.output
    other = [one for one in result.output.splitlines() if "let in for any other text" in one]
    assert len(other) == 2
    assert other[0].startswith("gate main, side: let in for any other text: 0 of 3000")
    assert other[1].startswith("gate yard: let in for any other text: ")
    assert ": 0 of 3000" not in other[1]


def test_a_check_names_plates_that_are_allowed_and_denied(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\nBAB1234,allow\nB-AB 1234,deny\nX1,deny\n")
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    )
    result = CliRunner().invoke(app, ["gate", "check", "--offline", str(tmp_path / "gate.toml")])
    assert result.exit_code == 0
    assert "allowed and denied: BAB1234; while a deny entry holds, it is denied" in result.output
    assert "X1" not in result.output


def test_a_check_names_allowed_plates_that_look_like_denied_ones(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text(
        "plate,list\nAB100CX,allow\nABI00CX,allow\nAB1O0CX,deny\n"
        "KL770,allow\nKL77O,allow\nXX1,deny\nXXI,deny\nBO12,allow\nBÖ12,deny\n"
    )
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    )
    result = CliRunner().invoke(app, ["gate", "check", "--offline", str(tmp_path / "gate.toml")])
    asked = "while the deny entry holds, it is always asked about"
    assert [line for line in result.output.splitlines() if "like" in line or "apart" in line] == [
        f"AB100CX looks like the denied AB1O0CX: {asked}",
        f"ABI00CX looks like the denied AB1O0CX: {asked}",
        f"BO12 looks like the denied BÖ12: {asked}",
        "cannot be told apart when misread: KL770, KL77O; only exact ones open",
    ]
    site = load_gate_config(tmp_path / "gate.toml")
    rig = Rig(rig_site(), load_plates(site))
    told = {
        plate: rig.see(passage(plate, track), 100.0 * track).action.value
        for track, plate in enumerate(("AB100CX", "ABI00CX", "BO12", "KL770", "KL77O"), start=1)
    }
    assert list(told.values()) == ["ask", "ask", "ask", "open", "open"]


def test_an_event_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    simulate(tmp_path, '["north"]')
    command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(tmp_path / "none.jsonl")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 3
    wanted = f"lpr: {tmp_path / 'none.jsonl'}: cannot be read: No such file or directory\n"
    assert result.output == wanted


def test_a_list_shows_what_its_entries_are_limited_to(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    path.write_text(
        "plate,list,schedule,gates,direction,entries\n"
        "B AB 1,allow,Mon-Fri 07:00-19:00,main,in,2\nB AB 2,allow,,,,\n"
    )
    shown = CliRunner().invoke(app, ["gate", "lists", "show", str(path)], env={"COLUMNS": "160"})
    assert "Mon-Fri 07:00-19:00; at main; in; 2 entries" in shown.output


SWAPPED = "plate,list,owner\nA1,allow,me\nMs Ode,B-AB 1234,allow\n"


def test_who_edits_a_list_is_told_all_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    path.write_text(SWAPPED)
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    )
    wanted = "plates.csv:3: list: 'b-ab 1234' is no list; known: allow, deny, watch"
    site = str(tmp_path / "gate.toml")
    for command in (
        ("lists", "show", str(path)),
        ("check", "--offline", site),
        ("simulate", site, str(tmp_path / "events.jsonl")),
    ):
        result = CliRunner().invoke(app, ["gate", *command], env={"COLUMNS": "160"})
        assert result.exit_code == 6
        assert wanted in result.stdout.splitlines(), command
    for edit in (("add", str(path), "C1"), ("export", str(path), str(tmp_path / "p.toml"))):
        result = CliRunner().invoke(app, ["gate", "lists", *edit])
        assert result.exit_code == 6
        assert result.stderr == f"lpr: {wanted}\n"


def test_a_start_with_a_wrong_list_quotes_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text(SWAPPED)
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\n'
        '[[gates.cameras]]\nname = "north"\nsource = "clip.mp4"\nreplay = "once"\n'
    )
    result = CliRunner().invoke(app, ["gate", "run", str(tmp_path / "gate.toml")])
    assert result.exit_code == 6
    wanted = "lpr: plates.csv:3: list: is wrong; `lpr gate check` shows it in full"
    assert result.stderr.splitlines()[-1] == wanted
    assert "1234" not in result.output


def test_a_list_that_is_no_file_is_one_line() -> None:
    result = CliRunner().invoke(app, ["gate", "lists", "show", "/dev/zero"])
    assert result.exit_code == 6
    wanted = "lpr: /dev/zero: is no regular file; a plate list is one, .csv or .toml\n"
    assert result.stderr == wanted


@pytest.mark.parametrize("name", ["gate.toml", "events.csv", "plates.csv", "link.toml"])
def test_an_export_replaces_no_file_but_a_list(tmp_path: Path, name: str) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\nB AB 1234,allow\n")
    (tmp_path / "gate.toml").write_text('[[gates]]\nname = "main"\ncameras = ["north"]\n')
    (tmp_path / "events.csv").write_text("kind,source\nconfirmed,a.mp4\n")
    (tmp_path / "link.toml").symlink_to(tmp_path / "gate.toml")
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    command = ["gate", "lists", "export", str(tmp_path / "plates.csv"), str(tmp_path / name)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 4, result.output
    assert len(result.stderr.splitlines()) == 1
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


@pytest.mark.parametrize("there", [None, "", '[[deny]]\nplate = "M1"\n'])
def test_an_export_replaces_a_list(tmp_path: Path, there: str | None) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\nB AB 1234,allow\n")
    target = tmp_path / "plates.toml"
    if there is not None:
        target.write_text(there)
    command = ["gate", "lists", "export", str(tmp_path / "plates.csv"), str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert target.read_text().startswith("[[allow]]")


def test_an_entry_that_is_over_is_said_to_be(tmp_path: Path) -> None:
    command = ["gate", "lists", "add", str(tmp_path / "plates.csv"), "B AB 1234", "--valid-to"]
    over = CliRunner().invoke(app, [*command, "2020-01-31"])
    assert (over.exit_code, "its last day, 2020-01-31, is past" in over.stderr) == (0, True)
    assert "past" not in CliRunner().invoke(app, [*command, "2999-01-31"]).stderr


def test_a_name_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    site = tmp_path / "gate.toml"
    site.write_text('[[gates]]\nname = "main"\ncameras = ["tiny.mp4"]\n')
    result = CliRunner().invoke(app, ["gate", "check", str(site), "--offline"])
    assert result.exit_code == 6
    assert "'tiny.mp4' is no name: it has letters from A to Z, digits" in result.stderr


def test_a_line_that_is_no_event_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\n")
    (tmp_path / "gate.toml").write_text('[[gates]]\nname = "main"\ncameras = ["north"]\n')
    events = tmp_path / "events.jsonl"
    events.write_text("nothing\n")
    result = CliRunner().invoke(app, ["gate", "simulate", str(tmp_path / "gate.toml"), str(events)])
    assert result.exit_code == 3
    assert result.stderr.startswith(f"lpr: {events}: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nothing", "1: is no JSON"),
        ('{"camera": "nort", "track_id": 1, "text": "BAB1234"}', "did you mean 'north'?"),
        ('{"camera": "gate.mp4", "track_id": 1, "text": "BAB1234"}', "known: north"),
    ],
)
def test_labels_that_label_nothing_are_refused(tmp_path: Path, line: str, message: str) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text(f"{line}\n")
    result = replay(tmp_path, (5.0,), "--labels", str(labels))
    assert result.exit_code == 6
    assert result.stderr.startswith(f"lpr: {labels}:1: ")
    assert message in result.stderr


def test_labels_of_no_vehicle_are_told(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text(
        "".join(
            f'{{"camera": "north", "track_id": {number}, "text": "BAB1234"}}\n'
            for number in range(1, 13)
        )
    )
    result = replay(tmp_path, (5.0,), "--labels", str(labels))
    assert result.exit_code == 0
    named = ", ".join(f"north#{number}" for number in range(2, 12))
    wanted = f"lpr: --labels: there is no vehicle {named} (and 1 more); camera and track_id of the"
    assert result.stderr.startswith(wanted)


def test_plates_alone_are_imported_as_what_they_are_said_to_be(tmp_path: Path) -> None:
    source, target = tmp_path / "plates.txt", tmp_path / "plates.csv"
    source.write_text("# ours\nB-AB 1234\nBAB 1234\n")
    command = ["gate", "lists", "import", str(source), str(target)]
    result = CliRunner().invoke(app, [*command, "--as", "watch"])
    assert (result.exit_code, result.stdout) == (0, "added: 1 entries\n")
    wanted = "lpr: plates.txt:3: this entry is there already, at plates.txt:2; left out\n"
    assert result.stderr == wanted
    assert target.read_text().splitlines()[1].startswith("BAB1234,watch,")
    wrong = CliRunner().invoke(app, [*command, "--as", "alow"])
    assert (wrong.exit_code, "did you mean 'allow'" in wrong.stderr) == (2, True)
    plain = CliRunner().invoke(app, command)
    assert (plain.exit_code, "import PLATES LIST --as allow" in plain.stderr) == (6, True)
    source.write_text("A/1\nB/2\n")
    bad = CliRunner().invoke(app, [*command, "--as", "allow"])
    assert bad.exit_code == 6
    assert [line.split(":")[1] for line in bad.stdout.splitlines()] == ["1", "2"]
    assert bad.stderr == f"lpr: {source}: nothing was imported; mend the lines above first\n"


def test_a_replaced_entry_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"

    def add(*options: str) -> Result:
        command = ["gate", "lists", "add", str(path), "B AB 1234", *options]
        return CliRunner().invoke(app, command)

    limits = ("--schedule", "Mon-Fri 07:00-19:00", "--gates", "main", "--gates", "yard")
    dates = ("--direction", "in", "--valid-from", "2026-01-01", "--valid-to", "2999-01-31")
    assert add("--list", "deny", "--note", "sold", *limits, *dates).exit_code == 0
    before = path.read_text()
    refused = add("--owner", "Ms Ode")
    assert refused.exit_code == 6
    assert "--replace changes its entry: what is not given stays" in refused.stderr
    told = add("--owner", "Ms Ode", "--replace").stdout.splitlines()
    assert told == [
        "old: plate BAB1234; list deny; note sold; valid_from 2026-01-01; valid_to 2999-01-31; "
        "schedule Mon-Fri 07:00-19:00; gates main, yard; direction in",
        "new: plate BAB1234; list deny; owner Ms Ode; note sold; valid_from 2026-01-01; "
        "valid_to 2999-01-31; schedule Mon-Fri 07:00-19:00; gates main, yard; direction in",
    ]
    assert path.read_text() == before.replace("deny,,sold", "deny,Ms Ode,sold")


def test_a_visitor_pass_is_added(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    command = ["gate", "lists", "add", str(path), "B AB 1234", "--replace", "--entries"]
    assert CliRunner().invoke(app, [*command, "2"]).stdout.startswith("added: BAB1234")
    shown = CliRunner().invoke(app, ["gate", "lists", "show", str(path)], env={"COLUMNS": "160"})
    assert "2 entries" in shown.stdout
    wrong = CliRunner().invoke(app, [*command, "0"])
    assert (wrong.exit_code, "entries: '0' is no number of entries" in wrong.stderr) == (6, True)


@pytest.mark.parametrize("source", [str(CLIP), "elsewhere.mp4"])
def test_a_recording_that_is_given_as_a_camera_is_said_to_be_one(
    tmp_path: Path, source: str
) -> None:
    site = tmp_path / "gate.toml"
    camera = f'[[gates.cameras]]\nname = "north"\nsource = "{source}"\n'
    site.write_text(f'[[gates]]\nname = "main"\n{camera}[service.metrics]\nenabled = false\n')
    wanted = f'{source}: is no camera; replay = "loop" plays recordings'
    checked = CliRunner().invoke(app, ["gate", "check", str(site)])
    assert checked.exit_code == 1
    assert f"camera north: FAILED: {wanted}" in checked.stdout.splitlines()
    if Path(source).exists():
        started = CliRunner().invoke(app, ["gate", "run", str(site)])
        assert started.exit_code == 6
        assert started.stderr.splitlines()[-1] == f"lpr: camera 'north': {wanted}"


def test_recorded_vehicles_that_were_not_sure_enough_are_counted(tmp_path: Path) -> None:
    sure = replay(tmp_path, (5.0,))
    assert "sure_probability" not in sure.stderr
    doubtful = sure_event("BAB1234", track_id=2, confidence=0.96, first_seen=30, time=31)
    gone = sure_event("BAB1234", track_id=2, kind=EventKind.DEPARTED, first_seen=30, time=33)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.writelines(to_line(event_to_json(one)) + "\n" for one in (doubtful, gone))
    command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(tmp_path / "events.jsonl")]
    result = CliRunner().invoke(app, command)
    assert "north#2  ask  low_probability" in result.stdout
    [told] = result.stderr.splitlines()
    assert told.startswith("lpr: 1 of 2 vehicles ended in low_probability or few_readings")
    assert "sure_probability = 0.98, early_probability = 0.98 and min_agreeing = 3" in told


def test_a_camera_whose_address_is_none_is_named_at_the_start(tmp_path: Path) -> None:
    site = tmp_path / "gate.toml"
    camera = '[[gates.cameras]]\nname = "north"\nsource = "rtsp://"\n'
    site.write_text(f'[[gates]]\nname = "main"\n{camera}[service.metrics]\nenabled = false\n')
    started = CliRunner().invoke(app, ["gate", "run", str(site)])
    assert started.exit_code == 6
    assert "camera 'north': rtsp://: the address has no host" in started.stderr
