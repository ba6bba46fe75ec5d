"""A grown recognizer says what the narrower one said, and learns with its new units."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lpr.errors import TrainingError
from lpr.train.recognizer_grow import grown
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet, RecognizerShape
from lpr.train.recognizer_steps import ctc_loss

SMALL = RecognizerShape(stem=4, early=6, middle=8, late=10, hidden=12, head=14)
WIDE = RecognizerShape(stem=5, early=9, middle=8, late=16, hidden=17, head=20)


@pytest.fixture
def small() -> RecognizerNet:
    torch.manual_seed(3)
    net = RecognizerNet(11, SMALL)
    net.train()
    for _ in range(3):  # running means and variances of their own
        net(torch.randn(4, 1, HEIGHT, WIDTH))
    return net.eval()


def test_the_function_stays(small: RecognizerNet) -> None:
    crops = torch.randn(3, 1, HEIGHT, WIDTH)
    with torch.no_grad():
        assert torch.allclose(grown(small, WIDE)(crops), small(crops), atol=1e-5)


def test_old_and_new_units_learn(small: RecognizerNet) -> None:
    wide = grown(small, WIDE).train()
    targets, lengths = torch.tensor([1, 2, 3, 4]), torch.tensor([2, 2])
    optimiser = torch.optim.SGD(wide.parameters(), 0.1)
    for _ in range(2):
        optimiser.zero_grad()
        loss = ctc_loss(wide(torch.randn(2, 1, HEIGHT, WIDTH)), targets, lengths, 10)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    # What old units read from new ones began at zero.
    assert wide.speak.weight[:, SMALL.head :].abs().max() > 0
    assert wide.join.weight[: SMALL.hidden, SMALL.late : WIDE.late].abs().max() > 0


def test_the_same_shape_is_a_copy(small: RecognizerNet) -> None:
    copy = grown(small, SMALL)
    with torch.no_grad():
        copy.speak.weight.zero_()
    assert small.speak.weight.abs().max() > 0


def test_no_stage_gets_narrower(small: RecognizerNet) -> None:
    with pytest.raises(TrainingError, match="shrink"):
        grown(small, replace(WIDE, late=9))
