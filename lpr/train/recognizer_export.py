"""A trained recognizer -> model folder: ONNX, manifest, and the weights to fine-tune from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from lpr.errors import TrainingError
from lpr.recognize.alphabet import Alphabet
from lpr.registry import find_model
from lpr.train.export import export_model
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet, RecognizerShape

WEIGHTS = "weights.npz"
_ALPHABET, _SHAPE = "alphabet", "shape"


@dataclass(frozen=True, slots=True)
class RecognizerCard:
    """What the manifest says of a model besides its shape.

    Attributes:
        name: name of the model.
        version: of the model.
        licence: SPDX identifier.
        temperature: fitted on held-out crops.
        training: name, licence and number of crops of each set.
        synthetic_share: share of rendered plates among the crops seen.
        metrics: figures by name.
    """

    name: str
    version: str
    licence: str
    temperature: float
    training: Sequence[tuple[str, str, int]]
    synthetic_share: float
    metrics: Mapping[str, float]


def export_recognizer(
    net: RecognizerNet,
    alphabet: Alphabet,
    example: torch.Tensor,
    folder: Path,
    card: RecognizerCard,
) -> Path:
    """Write a recognizer's model folder.

    Args:
        net: the network, on the CPU.
        alphabet: its characters.
        example: Nx1x48x160 real input, to check the ONNX file with.
        folder: where to; created.
        card: what the manifest says.

    Returns:
        The folder.

    Raises:
        TrainingError: torch and onnxruntime disagree, or the disk refuses.
    """
    net = net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    try:
        export_model(
            net,
            example,
            folder,
            {
                "name": card.name,
                "version": card.version,
                "task": "recognizer",
                "licence": card.licence,
                "input": {
                    "name": "crops",
                    "shape": (0, 1, HEIGHT, WIDTH),
                    "colour": "gray",
                    "mean": MEAN,
                    "scale": SCALE,
                },
                "outputs": ("logits",),
                "alphabet": alphabet.characters,
                "temperature": card.temperature,
                "training": tuple(
                    {"name": name, "licence": licence, "pictures": count}
                    for name, licence, count in card.training
                ),
                "synthetic_share": card.synthetic_share,
                "metrics": dict(card.metrics),
            },
        )
        save_weights(folder / WEIGHTS, net, alphabet)
    except OSError as error:
        raise TrainingError(f"{folder}: the model cannot be written: {error}") from error
    return folder


def save_weights(path: Path, net: RecognizerNet, alphabet: Alphabet) -> None:
    """Write a network's weights without any optimiser state.

    Raises:
        TrainingError: the disk refuses; nothing of the file is left.
    """
    arrays = {name: value.numpy() for name, value in net.state_dict().items()}
    shape = np.array(list(asdict(net.shape).values()), np.int64)
    characters = np.array(alphabet.characters)
    try:
        np.savez_compressed(path, **{_ALPHABET: characters, _SHAPE: shape, **arrays})
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise TrainingError(f"{path}: the weights cannot be written: {error}") from error


def load_model(name: str) -> tuple[RecognizerNet, Alphabet]:
    """Read the network of a model back, by its name or folder.

    Raises:
        ModelNotFoundError: there is no such model.
        TrainingError: its weights are missing or damaged.
    """
    return load_weights(find_model(name).path.parent / WEIGHTS)


def load_weights(path: Path) -> tuple[RecognizerNet, Alphabet]:
    """Read a network back; nothing in the file is executed.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            alphabet = Alphabet(str(saved[_ALPHABET]))
            shape = RecognizerShape(*(int(value) for value in saved[_SHAPE]))
            weights = {
                name: torch.from_numpy(saved[name])
                for name in saved.files
                if name not in (_ALPHABET, _SHAPE)
            }
        net = RecognizerNet(alphabet.size, shape)
        net.load_state_dict(weights)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise TrainingError(f"{path}: no weights of a recognizer: {error}") from error
    return net.eval(), alphabet
