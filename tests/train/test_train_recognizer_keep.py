"""What a run holds on to while it learns something else."""

from __future__ import annotations

import torch
from torch import Tensor

from lpr.train.recognizer_batches import Batch
from lpr.train.recognizer_keep import Keeper, read_right
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet

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


def test_a_held_network_stays_nearer_to_its_answers() -> None:
    torch.manual_seed(2)
    crops = torch.randn(6, 1, HEIGHT, WIDTH)
    start = RecognizerNet(CLASSES)
    keeper = Keeper(start, BLANK, 1.0)
    answers = keeper.answers(crops)
    path = answers.argmax(-1)
    # What it says now counts as right; something else is asked of it.
    texts = [
        [
            int(one)
            for one, last in zip(row, [-1, *row[:-1]], strict=True)
            if one not in (last, BLANK)
        ]
        for row in path.tolist()
    ]
    known = _batch(crops, texts)
    apart = []
    for held in (False, True):
        net = RecognizerNet(CLASSES)
        net.load_state_dict(start.state_dict())
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
        for _ in range(3):
            logits = net.eval()(crops)
            loss = logits[..., 0].square().mean()
            if held:
                loss = loss + keeper.loss(logits, answers, known)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            apart.append(float((net(crops).log_softmax(-1) - answers.log_softmax(-1)).abs().mean()))
    assert apart[1] < 0.7 * apart[0]
