"""From `gate.toml` to a working gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path

from lpr.errors import GateError
from lpr.formats import load_region
from lpr.gate.actuators import Relay, build_actuator
from lpr.gate.config import GateConfig, load_gate_config
from lpr.gate.confusion import default_confusables
from lpr.gate.controller import GateController
from lpr.gate.decision import Action
from lpr.gate.decision_log import DecisionLog, read_decisions
from lpr.gate.list_entries import EntryRules
from lpr.gate.list_files import load_lists
from lpr.gate.moment import Moment, system_moment
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.gate.schedule import time_zone
from lpr.protocols import Actuator


def build_gate(
    path: Path | str | GateConfig,
    *,
    actuators: Mapping[str, Actuator] | None = None,
    record: Callable[[DecisionRecord], None] | None = None,
    first: Sequence[Callable[[DecisionRecord], None]] = (),
    also: Sequence[Callable[[DecisionRecord], None]] = (),
    written: Callable[[DecisionRecord], DecisionRecord] | None = None,
    plates: PlateList | None = None,
    alphabet: AbstractSet[str] | None = None,
    clock: Callable[[], Moment] = system_moment,
    background: bool = False,
) -> GateController:
    """Build the controller of a site from its configuration file.

    Decisions are written to the decision log that the configuration names. What is in it already is
    taken up: limits, visitor passes and areas go on where they were. Close the controller, or use
    it in a `with` statement.

    Args:
        path: `gate.toml`, or what `load_gate_config` made of it.
        actuators: gate name -> what opens it, in place of the configured ones.
        record: takes the decisions in place of the decision log.
        first: asked before each decision is written; where one of them raises, nothing opens.
        also: further places that must take each decision, before the decision log does; what one
            of them cannot keep opens nothing.
        written: returns what the decision log shall hold of a record, such as one without the
            plates of strangers; None for all of it.
        plates: the lists, in place of those that the configuration names.
        alphabet: the reader's characters; None allows every script that plates use.
        clock: reads the clocks.
        background: whether barriers are pulled in threads of their own; see `GateController`.

    Raises:
        ConfigError: the configuration or a list is wrong, or a secret is missing.
        GateError: an armed gate has no actuator, or its device cannot be used.
        OutputError: the decision log cannot be written.
        MissingExtraError: an actuator's package is not installed.
    """
    config = path if isinstance(path, GateConfig) else load_gate_config(Path(path))
    plates = load_plates(config, alphabet) if plates is None else plates
    fits_format = format_check(config.regions)
    with ExitStack() as stack:
        history: Iterable[DecisionRecord] = ()
        tidy: Callable[[], None] | None = None
        if record is None:
            log = DecisionLog(config.decisions, rotation=config.decisions_rotation)
            stack.enter_context(log)
            tidy = log.tidy
            record = log.write if written is None else _through(written, log.write)
            # Only now: while another process had it, there was more to come. One by one: a log may
            # hold years.
            history = read_decisions(config.decisions)
        built = configured_actuators(config, skip=actuators or {})
        for actuator in built.values():
            stack.callback(actuator.close)
        controller = GateController(
            config,
            plates,
            actuators={**built, **(actuators or {})},
            # Last what a restart believes: an opening stands there only where nothing can fail
            # any more.
            record=_one_by_one((*first, *also, record)),
            started=clock(),
            fits_format=fits_format,
            alphabet=alphabet,
            history=history,
            clock=clock,
            background=background,
            tidy=tidy,
            on_close=(closing := ExitStack()).close,
        )
        # From here on the controller closes what was opened for it.
        closing.push(stack.pop_all())
    return controller


def _through(
    change: Callable[[DecisionRecord], DecisionRecord], write: Callable[[DecisionRecord], None]
) -> Callable[[DecisionRecord], None]:
    return lambda record: write(change(record))


def _one_by_one(
    places: Sequence[Callable[[DecisionRecord], None]],
) -> Callable[[DecisionRecord], None]:
    def write(record: DecisionRecord) -> None:
        failure: Exception | None = None
        for place in places:
            try:
                place(record)
            except Exception as error:
                if record.decision.action is Action.OPEN:
                    raise  # it must not stand where a restart believes it
                failure = failure or error
        if failure is not None:
            raise failure

    return write


def configured_actuators(config: GateConfig, *, skip: Mapping[str, Actuator]) -> dict[str, Relay]:
    """Build the actuators of the armed gates that are not in `skip`: a dry run touches nothing.

    Raises:
        ConfigError: a secret is missing.
        GateError: a device cannot be used, or an armed gate has no actuator.
        MissingExtraError: an actuator's package is not installed.
    """
    built: dict[str, Relay] = {}
    for gate in config.gates:
        if not config.opens(gate) or gate.name in skip:
            continue
        if gate.actuator is None:
            raise GateError(f"gate {gate.name!r} is armed but has no [gates.actuator]")
        built[gate.name] = build_actuator(gate.actuator, gate=gate.name)
    return built


def load_plates(config: GateConfig, alphabet: AbstractSet[str] | None = None) -> PlateList:
    """Load the lists of a site.

    Args:
        config: the site.
        alphabet: the reader's characters; None allows every script that plates use.

    Raises:
        ConfigError: a list cannot be read, or an entry is wrong.
    """
    return load_lists(config.lists, list_rules(config, alphabet), default_confusables())


def list_rules(config: GateConfig, alphabet: AbstractSet[str] | None = None) -> EntryRules:
    """Return what the entries of a site's lists are checked against.

    Args:
        config: the site.
        alphabet: the reader's characters; None allows every script that plates use.
    """
    return EntryRules(
        zone=time_zone(config.timezone),
        gates=tuple(gate.name for gate in config.gates),
        alphabet=alphabet,
    )


def format_check(regions: Sequence[str]) -> Callable[[str], bool] | None:
    """Return whether a text is a possible plate of any of the regions; None without regions.

    Raises:
        FormatError: a region is unknown.
    """
    known = [load_region(code) for code in regions]
    if not known:
        return None
    return lambda text: any(region.matches(text) for region in known)
