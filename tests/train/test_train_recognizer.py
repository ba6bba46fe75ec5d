"""Training the reader end to end on a handful of crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lpr.errors import TrainingError
from lpr.manifest import load_manifest
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.recognize.recognizer import OnnxRecognizer
from lpr.registry import find_model
from lpr.train.recognizer_batches import WeightedPatches
from lpr.train.recognizer_cells import CharacterCells, RowCells
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH, LabelledPatch, patch_corners
from lpr.train.recognizer_elsewhere import PLATES
from lpr.train.recognizer_export import load_weights
from lpr.train.recognizer_keep import Keeper
from lpr.train.recognizer_labels import read_labels, served_crop
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_loop import train_recognizer
from lpr.train.recognizer_net import COLUMNS, HEIGHT, ROWS, WIDTH, RecognizerNet
from lpr.train.recognizer_patches import letterable_cells, movable_cells, training_rows
from lpr.train.recognizer_score import (
    Calibration,
    ScoredCrops,
    calibrate,
    calibration_error,
    confidences,
    fit_temperature,
)
from lpr.train.recognizer_steps import (
    LoopOptions,
    Progress,
    ctc_loss,
    learning_rate,
    new_state,
    restore_state,
    run_steps,
    store_state,
)
from lpr.train.recognizer_team import Team, train_together
from tests.train.written_crops import TEXTS, small, write_crops


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """A folder of eight written plates, half of them in the val split."""
    return write_crops(tmp_path / "own")


def test_a_run_writes_a_model_that_serving_reads(crops: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    folder = train_recognizer(small(crops, tmp_path / "model"), seen.append)
    manifest = load_manifest(folder)
    assert manifest.task == "recognizer"
    assert manifest.alphabet == PLATE_CHARACTERS
    assert manifest.metrics["own_n"] == 4
    assert manifest.training[0].pictures == 4
    assert seen[-1].step == 3
    assert (folder / "history.jsonl").read_text().count("\n") == len(seen)

    recognizer = OnnxRecognizer(find_model(str(folder)))
    images = [served_crop(label, WIDTH, HEIGHT) for label in read_labels(crops)]
    assert len(recognizer.read(images)) == len(images)


def test_a_stopped_run_goes_on_from_its_checkpoint(crops: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train_recognizer(small(crops, out, steps=2))
    seen: list[Progress] = []
    train_recognizer(small(crops, out, steps=5), seen.append)
    assert seen[-1].step == 5
    assert restore_state(out / "checkpoint.pt", LoopOptions(steps=5)).step == 5


def test_the_same_seed_gives_the_same_network(crops: Path, tmp_path: Path) -> None:
    first, _ = load_weights(train_recognizer(small(crops, tmp_path / "a")) / "weights.npz")
    second, _ = load_weights(train_recognizer(small(crops, tmp_path / "b")) / "weights.npz")
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_products_in_bfloat16_learn_nearly_the_same(crops: Path, tmp_path: Path) -> None:
    losses = []
    for bfloat16 in (False, True):
        options = small(crops, tmp_path / str(bfloat16))
        loop = replace(options.loop, bfloat16=bfloat16)
        seen: list[Progress] = []
        train_recognizer(replace(options, loop=loop), seen.append)
        losses.append(seen[-1].loss)
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_fine_tuning_starts_from_a_models_weights(crops: Path, tmp_path: Path) -> None:
    base = train_recognizer(small(crops, tmp_path / "base"))
    options = small(crops, tmp_path / "tuned", steps=1)
    frozen = replace(options.loop, rate=0.0)
    tuned = train_recognizer(replace(options, loop=frozen, init_from=str(base), name="mine"))
    before, _ = load_weights(base / "weights.npz")
    after, _ = load_weights(tuned / "weights.npz")
    for one, other in zip(before.parameters(), after.parameters(), strict=True):
        assert torch.allclose(one, other)
    manifest = load_manifest(tuned)
    assert manifest.name == "mine"
    assert "own_exact_before" in manifest.metrics
    assert manifest.metrics["elsewhere_n"] == PLATES
    assert manifest.metrics["elsewhere_exact"] == manifest.metrics["elsewhere_exact_before"]


def test_fine_tuning_holds_on_to_its_start_and_nothing_else_does(
    crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keepers: list[Keeper | None] = []

    def spied(*given: Any, **named: Any) -> None:
        keepers.append(given[-1])
        run_steps(*given, **named)

    monkeypatch.setattr("lpr.train.recognizer_loop.run_steps", spied)
    base = train_recognizer(small(crops, tmp_path / "base", steps=1))
    start, _ = load_weights(base / "weights.npz")
    tuned = replace(small(crops, tmp_path / "tuned", steps=2), init_from=str(base))
    train_recognizer(tuned)
    # A run that goes on still knows what it began with, whatever became of the model of that name.
    train_recognizer(small(crops, base, steps=2))
    train_recognizer(replace(tuned, loop=replace(tuned.loop, steps=3)))
    train_recognizer(replace(tuned, out=tmp_path / "free", keep=0.0))
    assert [one is None for one in keepers] == [True, False, True, False, True]
    crop = torch.randn(1, 1, HEIGHT, WIDTH)
    with torch.no_grad():
        expected = start.eval()(crop)
    for keeper in (keepers[1], keepers[3]):
        assert keeper is not None
        assert torch.allclose(keeper.answers(crop), expected, atol=1e-5)


def test_processes_train_one_network_together(crops: Path, tmp_path: Path) -> None:
    options = small(crops, tmp_path / "model", steps=51)
    together = replace(options.loop, processes=2, average_every=4, batch=2)
    seen: list[Progress] = []
    folder = train_recognizer(replace(options, loop=together), seen.append)
    assert [progress.step for progress in seen] == [50, 51]
    assert restore_state(folder / "checkpoint.pt", together).step == 51


def test_a_process_that_fails_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="must not be trained"):
        train_together(2, _failing, ("must not be trained",), None)


def _failing(team: Team, _: object, message: str) -> None:
    if team.rank == 1:
        raise ValueError(message)
    team.average(torch.nn.Linear(1, 1))


def test_the_mean_of_a_team(tmp_path: Path) -> None:
    train_together(2, _meeting, (tmp_path,), None)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert torch.equal(first, second)
    assert first.flatten().tolist() == [0.5, 0.5]


def _meeting(team: Team, _: object, folder: Path) -> None:
    net = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.constant_(net.weight, team.rank)
    team.average(net)
    torch.save(net.weight.detach(), folder / f"{team.rank}.pt")


def test_no_data_is_said_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "labels.jsonl").write_text("")
    with pytest.raises(TrainingError, match="nothing to train on"):
        train_recognizer(small(empty, tmp_path / "model"))


def test_a_broken_label_names_its_line(crops: Path) -> None:
    with (crops / "labels.jsonl").open("a") as file:
        file.write('{"text": "no picture"}\n')
    with pytest.raises(TrainingError, match=r"labels\.jsonl:9"):
        read_labels(crops)


def test_the_loss_falls_on_one_batch() -> None:
    state = new_state(LoopOptions(steps=1, seed=3))
    crops = torch.randn(4, 1, HEIGHT, WIDTH)
    targets, lengths = torch.tensor([1, 2, 3, 4]), torch.tensor([1, 1, 1, 1])
    losses = []
    for _ in range(12):
        loss = ctc_loss(state.net(crops), targets, lengths, state.alphabet.blank)
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_the_network_speaks_once_per_row_and_column() -> None:
    net = RecognizerNet(11).eval()
    with torch.no_grad():
        assert net(torch.zeros(2, 1, HEIGHT, WIDTH)).shape == (2, ROWS * COLUMNS, 11)
        # Exposure and contrast make no difference.
        crop = torch.randn(1, 1, HEIGHT, WIDTH)
        assert torch.allclose(net(crop), net(crop * 0.5 + 1.0), atol=0.05)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    state = new_state(LoopOptions(steps=1), Alphabet("AB"))
    path = tmp_path / "one.pt"
    store_state(path, state)
    assert restore_state(path, LoopOptions(steps=1)).alphabet.characters == "AB"
    saved = torch.load(path, weights_only=True)
    torch.save({**saved, "alphabet": "ABC"}, path)
    with pytest.raises(TrainingError, match="does not fit"):
        restore_state(path, LoopOptions(steps=1))


def test_the_rate_rises_stays_and_falls() -> None:
    options = LoopOptions(steps=1000, rate=1.0, warmup=100, decay=0.2)
    assert learning_rate(0, options) == pytest.approx(0.01)
    assert learning_rate(100, options) == learning_rate(799, options) == 1.0
    assert learning_rate(900, options) == pytest.approx(0.505)
    assert learning_rate(1000, options) == pytest.approx(0.01)


@pytest.mark.parametrize("steps", [100, 300, 400])
def test_the_rate_falls_at_the_end_of_a_short_run_too(steps: int) -> None:
    options = LoopOptions(steps=steps, rate=1.0, warmup=300, decay=0.3)
    assert learning_rate(steps - 1, options) < 0.05
    assert max(learning_rate(step, options) for step in range(steps)) > 0.2


def test_temperature_makes_overconfident_readings_honest() -> None:
    alphabet = Alphabet("AB")
    rng = np.random.default_rng(0)
    count = 200
    logits = np.zeros((count, 1, 3), np.float32)
    logits[:, 0, 0] = 6.0
    texts = tuple("A" if one else "B" for one in rng.random(count) < 0.8)
    scored = ScoredCrops(logits, texts, ("A",) * count)
    temperature = fit_temperature(scored, alphabet)
    assert temperature > 2
    right = scored.right
    assert calibration_error(confidences(scored, alphabet, temperature), right) < (
        calibration_error(confidences(scored, alphabet, 1.0), right)
    )


@pytest.mark.parametrize(("count", "wrong"), [(199, 40), (200, 4), (0, 0)])
def test_a_few_crops_tell_no_temperature(count: int, wrong: int) -> None:
    known = calibrate(_said("A" * count, wrong), Alphabet("AB"), 0.9)
    assert known == Calibration(0.9, None)


def test_enough_crops_of_all_sets_together_tell_one() -> None:
    alphabet = Alphabet("AB")
    known = calibrate(_said("A" * 100, 20) + _said("A" * 100, 20), alphabet, 0.9)
    assert known.temperature == fit_temperature(_said("A" * 200, 40)[0], alphabet)
    assert known.error is not None


def _said(read: str, wrong: int) -> list[ScoredCrops]:
    """One set, every text of which is read for sure; so many of them wrongly."""
    logits = np.zeros((len(read), 1, 3), np.float32)
    logits[:, 0, 0] = 6.0
    texts = tuple("B" * wrong + read[wrong:])
    return [ScoredCrops(logits, texts, tuple(read))]


def test_vehicles_of_the_known_sets_val_crops_do_not_train(crops: Path) -> None:
    rows = read_labels(crops)
    assert {row.text for row in rows if row.split == "val"} == set(TEXTS)
    assert training_rows({"mixed-openlpr": rows}) == {"mixed-openlpr": []}
    # Of a user's own data he decides himself, and the val crops of another set are another matter.
    own = training_rows({"own": rows, "mixed-openlpr": rows[:1]})
    assert [row.split for row in own["own"]] == ["train"] * len(TEXTS)


class _Blank(RecognizerNet):
    """Reads nothing."""

    def forward(self, x: Tensor) -> Tensor:
        logits = torch.zeros(len(x), 80, self.classes)
        logits[..., -1] = 9.0
        return logits


def test_characters_move_only_where_what_comes_of_it_is_legible(crops: Path) -> None:
    alphabet = Alphabet(PLATE_CHARACTERS)
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), 200, np.uint8)
    cells = [CharacterCells(patch, "AB12", (20, 60, 100, 140, 180)), None]
    assert movable_cells(_Blank(alphabet.size), alphabet, cells) == [None, None]


class _Same(LetterPainter):
    """Letters every plate but those that begin with X, always alike."""

    def __init__(self) -> None:
        pass

    def lettered(
        self, cells: CharacterCells | RowCells, rng: np.random.Generator
    ) -> LabelledPatch | None:
        assert isinstance(cells, CharacterCells)
        if cells.text.startswith("X"):
            return None
        return LabelledPatch(cells.patch, patch_corners(), "I", 1)


class _SaysI(RecognizerNet):
    """Reads I, whatever it sees."""

    def forward(self, x: Tensor) -> Tensor:
        logits = torch.zeros(len(x), 80, self.classes)
        logits[..., -1] = 9.0
        logits[:, 10, Alphabet(PLATE_CHARACTERS).encode("I")[0]] = 20.0
        return logits


def test_plates_are_lettered_anew_where_the_trial_can_be_read() -> None:
    alphabet = Alphabet(PLATE_CHARACTERS)
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), 200, np.uint8)
    cuts = (20, 60, 100, 140, 180)
    cells = [CharacterCells(patch, "AB12", cuts), CharacterCells(patch, "XB12", cuts), None]
    reads = _SaysI(alphabet.size)
    assert letterable_cells(reads, alphabet, cells, _Same()) == [True, False, False]
    assert letterable_cells(reads, alphabet, cells, None) == [False, False, False]


def test_half_of_the_plates_that_change_are_lettered_anew() -> None:
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), 200, np.uint8)
    plate = LabelledPatch(patch, patch_corners(), "AB12", 1)
    cells = CharacterCells(patch, "AB12", (20, 60, 100, 140, 180))
    rng = np.random.default_rng(0)
    for able, share in ((True, 0.5), (False, 0.0)):
        part = WeightedPatches(
            [plate], 1.0, [cells], shuffled_share=1.0, letterer=_Same(), letterable=[able]
        )
        said = [part.pick(rng).text for _ in range(400)]
        assert said.count("I") / 400 == pytest.approx(share, abs=0.08)
