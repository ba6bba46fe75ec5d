"""From `gate.toml` to a running site."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from math import nextafter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lpr.config import EngineConfig, load_config
from lpr.errors import ConfigError, LprError, OutputError, StoreError
from lpr.gate.build import build_gate, list_rules, load_plates
from lpr.gate.config import GateConfig
from lpr.gate.confusion import default_confusables
from lpr.gate.decision import Action
from lpr.gate.list_entries import parse_entry
from lpr.gate.plate_list import PlateEntry, PlateList
from lpr.gate.policy import GatePolicy
from lpr.gate.record import DecisionRecord
from lpr.gate.secret_variables import secret_variables
from lpr.registry import find_model
from lpr.service.health import HealthFile
from lpr.service.hiding import Hider, no_pseudonym
from lpr.service.janitor import Janitor
from lpr.service.keeper import CameraKeeper
from lpr.service.lists import ListAudit, ListWatcher, Mark, file_marks
from lpr.service.metrics import MetricsServer
from lpr.service.outputs import Outputs, Receiver
from lpr.service.process import WorkerProcess
from lpr.service.service import GateService, free_bytes
from lpr.service.setup import live_address, worker_setup
from lpr.sinks.mqtt_sink import build_mqtt
from lpr.sinks.webhook import build_webhook
from lpr.sources.address import parse_address
from lpr.store import open_store

if TYPE_CHECKING:
    from lpr.store import EventStore

_AT_ONCE: Final = 0.001
"""Seconds; the voter wants more than none."""


@contextmanager
def running_site(config: GateConfig) -> Iterator[GateService]:
    """Build a site with everything that it needs; all of it is let go of at the end.

    Raises:
        ConfigError: the configuration or a list is wrong, or a secret is missing.
        GateError: an armed gate has no actuator, or its device cannot be used.
        MissingExtraError: an optional package is not installed.
        ModelError: a network that the engine's configuration names is missing.
        OutputError: decisions, outbox or metrics cannot be served; StoreError is one.
        SourceError: an address is none.
    """
    engine = engine_config(config)
    for model in site_models(engine).values():
        find_model(model)
    _check_cameras(config)
    wake = threading.Event()
    with ExitStack() as stack:
        store, audit = None, None
        if config.store is not None:
            store = stack.enter_context(open_store(config.store))
            audit = ListAudit(store, config.lists)
            stack.callback(audit.settle)
            purge = partial(_purge, store, audit)
            stack.callback(Janitor(purge, "the event store could not be purged").close)
        seen = _list_mark(config, store)
        plates = site_plates(config, store)
        receivers: list[Receiver] = []
        for receiver in _receivers(config):
            receivers.append(receiver)
            stack.callback(receiver.close)
        known = _Known(plates)
        hider = Hider(no_pseudonym if store is None else store.pseudonym, listed=known.listed)
        outputs = Outputs(store, receivers, listed=known.listed, hider=hider)
        controller = stack.enter_context(
            build_gate(
                config,
                plates=plates,
                first=(DiskGuard(config.decisions, config.service.min_free_mb).check,),
                also=(outputs.record,),
                written=hider.record,
                background=True,
            )
        )
        if config.decisions_rotation is not None:
            tidier = Janitor(controller.tidy, "the decision log could not be tidied")
            stack.callback(tidier.close)

        def use(lists: PlateList) -> None:
            before, known.plates = known.plates, lists
            controller.replace_list(lists)
            if audit is not None:
                audit.note(before, lists)

        service = GateService(
            config,
            controller,
            build_keepers(config, engine, wake.set),
            outputs=outputs,
            shown=hider.decision,
            lists=ListWatcher(
                plates,
                load=partial(site_plates, config, store),
                mark=partial(_list_mark, config, store),
                apply=use,
                every=config.service.reload_every,
                time=time.monotonic(),
                seen=seen,
            ),
            health=HealthFile(
                config.service.health,
                models=site_models(engine),
            ),
            wake=wake,
            disk=partial(free_bytes, config.decisions),
        )
        stack.callback(service.close)
        if config.service.metrics.enabled:
            server = MetricsServer(config.service.metrics, service.figures)
            stack.callback(server.close)
        yield service


def _purge(store: EventStore, audit: ListAudit) -> None:
    """Delete what is due, and write down what the audit log could not take before.

    Raises:
        StoreError: it failed, or something that was due is still there.
    """
    audit.settle()
    report = store.purge()
    if report.held:
        raise StoreError(
            "nothing was deleted for its age: nothing had been recorded for 90 days, "
            "so the clock may be far ahead; it is believed a day later"
        )
    if report.unscrubbed:
        raise StoreError(f"deleted text may still stand in its files: {report.unscrubbed}")


def engine_config(config: GateConfig) -> EngineConfig:
    """Return the engine's configuration of a site; its regions are the site's.

    Raises:
        ConfigError: its file cannot be read, or a key or value is wrong.
    """
    engine = load_config(config.engine) if config.engine is not None else EngineConfig()
    if not config.regions:
        return engine
    return EngineConfig.model_validate({**dict(engine), "regions": config.regions})


def site_models(engine: EngineConfig) -> dict[str, str]:
    """Return what each network of an engine is for -> the model that it is; unused ones are not."""
    corners = {"corners": engine.corners.model} if engine.corners.looks else {}
    return {
        "detector": engine.detector.model,
        **corners,
        "recognizer": engine.recognizer.model,
    }


def build_keepers(
    config: GateConfig, engine: EngineConfig, wake: Callable[[], None]
) -> list[CameraKeeper]:
    """Return a keeper for each camera of a site; none has started yet.

    Raises:
        ConfigError: a camera's password is missing, or as `camera_engines`.
    """
    engines = camera_engines(config, engine)
    worker = partial(WorkerProcess, withheld=secret_variables(config))
    return [
        CameraKeeper(
            camera.name,
            partial(worker, worker_setup(camera, engines[camera.name]), wake),
            timeout=max(config.service.worker_timeout, camera.timeout + 5.0),
            time=time.monotonic(),
        )
        for gate in config.gates
        for camera in gate.cameras
    ]


def camera_engines(config: GateConfig, engine: EngineConfig) -> dict[str, EngineConfig]:
    """Return camera -> what its engine is built from: its gate's policy and its own roi count.

    Args:
        config: the site.
        engine: the site's: that of `engine_config`.

    Raises:
        ConfigError: a gate asks for a probability that the voter never reports.
    """
    engines: dict[str, EngineConfig] = {}
    for gate in config.gates:
        sure = sure_engine(engine, gate.policy)
        for camera in gate.cameras:
            roi = engine.roi if camera.roi is None else camera.roi
            engines[camera.name] = sure.model_copy(update={"roi": roi})
    return engines


def sure_engine(engine: EngineConfig, policy: GatePolicy) -> EngineConfig:
    """Return the engine's configuration with a voter that is not content with less than the gate.

    A verdict that falls due before it is sure enough for the gate is told again when it is.

    Raises:
        ConfigError: the gate asks for a probability that the voter never reports.
    """
    voter, needed = engine.voter, policy.min_probability
    if needed > voter.ceiling:
        raise ConfigError(
            f"policy: min_probability {needed:g} is never reached; "
            f"the voter reports {voter.ceiling:g} at most (its ceiling)"
        )
    voter = replace(
        voter,
        min_agreeing=max(voter.min_agreeing, policy.min_agreeing),
        early_probability=max(voter.early_probability, min(needed, nextafter(voter.ceiling, 0.0))),
        sure_probability=needed,
        # The gate has cool-downs of its own, and has to know who is still there: a verdict that is
        # not told again would keep a car shut out that was hidden while it was read.
        retrigger_seconds=_AT_ONCE,
    )
    return engine.model_copy(update={"voter": voter})


def site_plates(config: GateConfig, store: EventStore | None) -> PlateList:
    """Load the lists of a site: its files, and those in the store where it uses them.

    Raises:
        ConfigError: a list cannot be read, or an entry is wrong.
        StoreError: the store cannot be read.
    """
    plates = load_plates(config)
    if store is None or not config.store_lists:
        return plates
    return PlateList([*plates.entries, *_stored_entries(config, store)], default_confusables())


class DiskGuard:
    """Keeps gates shut while the disk is nearly full: what opens must be written down.

    Args:
        path: where decisions are written.
        min_free_mb: megabytes that must be free.
    """

    def __init__(self, path: Path, min_free_mb: int) -> None:
        self._path, self._least = path, min_free_mb * 1_000_000

    def check(self, record: DecisionRecord) -> None:
        """Let a decision pass.

        Raises:
            OutputError: it would open, and the disk is nearly full.
        """
        if record.decision.action is not Action.OPEN:
            return
        free = free_bytes(self._path)
        if free is not None and free < self._least:
            raise OutputError(f"{self._path}: only {free // 1_000_000} MB are free")


class _Known:
    """The lists in use, for whoever asks whether a plate is on one."""

    def __init__(self, plates: PlateList) -> None:
        self.plates = plates

    def listed(self, text: str) -> bool:
        return bool(self.plates.match(text).exact)


def _stored_entries(config: GateConfig, store: EventStore) -> list[PlateEntry]:
    rules = list_rules(config)
    entries: list[PlateEntry] = []
    for number, listed in enumerate(store.plates(), start=1):
        entry, problems = parse_entry(listed.fields(), f"store:{number}", rules)
        if entry is None:
            raise ConfigError("; ".join(str(problem) for problem in problems))
        entries.append(entry)
    return entries


def _list_mark(config: GateConfig, store: EventStore | None) -> Mark:
    stored: Mark = ()
    if store is not None and config.store_lists:
        try:
            stored = store.plates()
        except OutputError:
            # What cannot be read now is loaded when it can be read again.
            stored = ("unreadable",)
    return (*file_marks(config.lists), stored)


def _receivers(config: GateConfig) -> Iterator[Receiver]:
    folder = config.decisions.parent
    sources = {
        camera.name: parse_address(camera.source).public
        for gate in config.gates
        for camera in gate.cameras
        if camera.source is not None
    }
    for settings in config.webhooks:
        yield build_webhook(settings, folder=folder, sources=sources)
    if config.mqtt is not None:
        names = config.camera_names
        yield build_mqtt(config.mqtt, folder=folder, cameras=names, sources=sources)


def _check_cameras(config: GateConfig) -> None:
    for gate in config.gates:
        for camera in gate.cameras:
            if camera.source is None:
                raise ConfigError(f"camera {camera.name!r} has no source; `lpr gate run` needs it")
            if camera.replay is not None:
                parse_address(camera.source)
                continue
            try:
                live_address(camera.source)
            except LprError as error:
                raise ConfigError(f"camera {camera.name!r}: {error}") from error
