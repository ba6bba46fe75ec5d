"""What a run holds on to while it learns something else."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from lpr.train.recognizer_batches import Batch, BatchMaker
from lpr.train.recognizer_keep import Keeper, read_right
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_steps import LoopOptions, new_state, train_step

CLASSES, BLANK = 5, 4


def _path(*classes: int) -> Tensor:
    """1xNxclasses logits whose likeliest path is the given one."""
    return 12.0 * torch.nn.functional.one_hot(torch.tensor([classes]), CLASSES).float()


def _batch(crops: Tensor, texts: list[list[int]]) -> Batch:
    lengths = torch.tensor([len(text) for text in texts])
    return Batch(crops, torch.tensor([one for text in texts for one in text]), lengths)


def test_repeats_and_blanks_collapse() -> None:
    logits = torch.cat([_path(1, 1, BLANK, 1, 2), _path(1, 2, 2, 2, BLANK), _path(*[BLANK] * 5)])
    right = read_right(logits, torch.tensor([1, 1, 2, 1, 2, 2]), torch.tensor([3, 3, 0]), BLANK)
    assert right.tolist() == [True, False, True]


def test_only_what_was_read_right_is_held() -> None:
    torch.manual_seed(1)
    crops = torch.randn(2, 1, HEIGHT, WIDTH)
    keeper = Keeper(RecognizerNet(CLASSES), BLANK, 2.0)
    answers = torch.cat([_path(1, BLANK, 2), _path(1, BLANK, 3)])
    batch = _batch(crops, [[1, 2], [1, 2]])  # the second one is read wrongly
    assert float(keeper.loss(answers, answers, batch)) == 0
    other = answers.clone()
    other[1] += torch.randn(3, CLASSES)
    assert float(keeper.loss(other, answers, batch)) == 0
    other[0] += torch.randn(3, CLASSES)
    assert float(keeper.loss(other, answers, batch)) > 0


class _Same:
    """One batch, again and again."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def batch(self, count: int) -> Batch:
        return self._batch


def test_a_step_holds_the_network_to_its_answers() -> None:
    torch.manual_seed(2)
    crops = torch.randn(6, 1, HEIGHT, WIDTH)
    options = LoopOptions(steps=1, rate=1e-3)
    apart = []
    for weight in (None, 100.0):
        state = new_state(options)
        state.net.eval()
        start = RecognizerNet(state.alphabet.size)
        start.load_state_dict(state.net.state_dict())
        blank = state.alphabet.blank
        keeper = Keeper(start, blank, weight or 1.0)
        answers = keeper.answers(crops)
        # What it says of five counts as right; of the last one something else is asked.
        said = [_said(row, blank) for row in answers.argmax(-1).tolist()]
        batches = cast(BatchMaker, _Same(_batch(crops, [*said[:5], [7, 8, 9, 7]])))
        for _ in range(6):
            train_step(state, batches, 6, keeper if weight else None)
        with torch.no_grad():
            moved = state.net.eval()(crops).log_softmax(-1) - answers.log_softmax(-1)
        apart.append(float(moved[:5].abs().mean()))
    assert apart[1] < 0.7 * apart[0]


def _said(path: list[int], blank: int) -> list[int]:
    before = [blank, *path[:-1]]
    return [one for one, last in zip(path, before, strict=True) if one not in (last, blank)]
