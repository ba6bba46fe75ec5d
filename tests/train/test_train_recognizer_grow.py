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
DEEP = replace(WIDE, early_blocks=2, middle_blocks=3, late_blocks=3)


@pytest.fixture
def small() -> RecognizerNet:
    torch.manual_seed(3)
    net = RecognizerNet(11, SMALL)
    net.train()
    for _ in range(3):  # running means and variances of their own
        net(torch.randn(4, 1, HEIGHT, WIDTH))
    return net.eval()


@pytest.mark.parametrize("shape", [WIDE, replace(SMALL, late_blocks=2), DEEP])
def test_the_function_stays(small: RecognizerNet, shape: RecognizerShape) -> None:
    crops = torch.randn(3, 1, HEIGHT, WIDTH)
    with torch.no_grad():
        assert torch.allclose(grown(small, shape)(crops), small(crops), atol=1e-5)


def test_a_deeper_network_grows_again(small: RecognizerNet) -> None:
    crops = torch.randn(3, 1, HEIGHT, WIDTH)
    deep = grown(small, replace(SMALL, late_blocks=2))
    with torch.no_grad():
        for scale in (one for name, one in deep.named_parameters() if name.endswith("body.4.bias")):
            scale.normal_()
        assert torch.allclose(grown(deep, DEEP)(crops), deep(crops), atol=1e-5)


def test_old_and_new_units_learn(small: RecognizerNet) -> None:
    wide = grown(small, DEEP).train()
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
    scales = [one for name, one in wide.named_parameters() if ".further." in name]
    assert scales and all(one.abs().max() > 0 for one in scales if one.ndim == 1)


def test_the_same_shape_is_a_copy(small: RecognizerNet) -> None:
    copy = grown(small, SMALL)
    with torch.no_grad():
        copy.speak.weight.zero_()
    assert small.speak.weight.abs().max() > 0


@pytest.mark.parametrize("less", [{"late": 9}, {"late_blocks": 0}])
def test_no_stage_gets_narrower_or_shallower(small: RecognizerNet, less: dict[str, int]) -> None:
    with pytest.raises(TrainingError, match="shrink"):
        grown(small, replace(WIDE, **less))
