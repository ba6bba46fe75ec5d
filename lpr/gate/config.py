"""The configuration of a site: `gate.toml`, checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)

from lpr.errors import ConfigError, FormatError, did_you_mean
from lpr.formats import load_region
from lpr.gate.actuators import ActuatorSettings
from lpr.gate.camera_settings import CameraSettings
from lpr.gate.direction import Direction
from lpr.gate.http_relay import HttpRelaySettings
from lpr.gate.policy import GatePolicy
from lpr.gate.schedule import time_zone
from lpr.gate.section import Name, Section
from lpr.gate.service_settings import ServiceSettings
from lpr.settings import load_settings
from lpr.sinks.mqtt_settings import MqttSettings
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.rotation import RotationSettings
from lpr.sinks.tls import TlsSettings
from lpr.sinks.webhook_settings import WebhookSettings
from lpr.store.settings import StoreSettings

Table = TypeVar("Table", bound=BaseModel)


class GateSettings(Section):
    """One barrier."""

    name: Name = Field(description="Name of the gate, as in plate lists.")
    cameras: tuple[CameraSettings, ...] = Field(
        min_length=1, description="Its cameras: names, or tables where a direction is wanted."
    )
    armed: StrictBool = Field(default=True, description="False keeps this one gate in dry run.")
    area: Name | None = Field(default=None, description="The area behind the gate, see [[areas]].")
    policy: GatePolicy = Field(
        default=GatePolicy(), description="What differs from the site's [policy] at this gate."
    )
    actuator: ActuatorSettings | None = Field(default=None, description="What opens the gate.")

    @field_validator("cameras", mode="before")
    @classmethod
    def _names_are_cameras(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [{"name": one} if isinstance(one, str) else one for one in value]


class AreaSettings(Section):
    """What lies behind gates whose every way in and out is watched."""

    name: Name = Field(description="Name of the area, as in gates.")
    capacity: int | None = Field(default=None, ge=1, description="Vehicles that it holds.")


class TravelSettings(Section):
    """The least time between two gates, for spotting copied plates."""

    between: tuple[Name, Name] = Field(description="Two gates; the way counts in both directions.")
    seconds: float = Field(gt=0, le=86400, description="Seconds that the way takes at least.")


class GateConfig(Section):
    """A site: its gates, lists and rules."""

    armed: StrictBool = Field(
        default=False, description="False decides and records but never opens (dry run)."
    )
    timezone: str = Field(
        default="UTC", description="IANA time zone of dates and schedules, e.g. Europe/Berlin."
    )
    lists: tuple[Path, ...] = Field(
        default=(), description="Plate lists, CSV or TOML, relative to this file."
    )
    regions: tuple[str, ...] = Field(
        default=(),
        description=(
            "Countries whose plates are expected; confusable matches and format checks need them."
        ),
    )
    decisions: Path = Field(
        default=Path("decisions.jsonl"), description="Decision log, relative to this file."
    )
    decisions_rotation: RotationSettings | None = Field(
        default=None,
        description=(
            "When the decision log begins a new file and which older ones stay; without it, it is "
            "one file. Visitor passes, limits and areas are known from the files that stay."
        ),
    )
    policy: GatePolicy = Field(default=GatePolicy(), description="The rules of every gate.")
    gates: tuple[GateSettings, ...] = Field(min_length=1, description="The barriers.")
    areas: tuple[AreaSettings, ...] = Field(default=(), description="The areas behind them.")
    travel: tuple[TravelSettings, ...] = Field(default=(), description="Least times between gates.")
    forget_inside_after_hours: float = Field(
        default=24.0, gt=0, le=8760, description="Hours after which a plate inside counts as gone."
    )
    store: StoreSettings | None = Field(
        default=None, description="The event store; without it events are not kept."
    )
    store_lists: bool = Field(
        default=False, description="Whether the plate lists in the store are used, too."
    )
    webhooks: tuple[WebhookSettings, ...] = Field(
        default=(), description="Who is told of events and decisions over HTTP."
    )
    mqtt: MqttSettings | None = Field(
        default=None, description="The broker where events and decisions are published."
    )
    engine: Path | None = Field(
        default=None, description="The engine's configuration (TOML), relative to this file."
    )
    service: ServiceSettings = Field(
        default=ServiceSettings(), description="What `lpr gate run` tells, and how patient it is."
    )

    @model_validator(mode="before")
    @classmethod
    def _gates_inherit_policy(cls, data: Any) -> Any:
        """Lay each gate's policy over the site's, whether they come as tables or as models."""
        if isinstance(data, dict) and isinstance(data.get("gates"), dict):
            raise ValueError("gates is a list of tables; write [[gates]] with two brackets")
        if not isinstance(data, dict) or not isinstance(data.get("gates"), list | tuple):
            return data
        site = _table(data.get("policy", {}))
        # A wrong site's policy is one problem, not one more for each gate.
        if not _valid(site):
            return data
        return {**data, "gates": [_inherit(_table(gate), site) for gate in data["gates"]]}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        time_zone(value)
        return value

    @field_validator("regions")
    @classmethod
    def _known_regions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for code in value:
                load_region(code)
        except FormatError as error:
            raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        gates = [gate.name for gate in self.gates]
        cameras = self.camera_names
        areas = [area.name for area in self.areas]
        for what, names in (("gate", gates), ("camera", cameras), ("area", areas)):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{what} {min(twice)!r} is there twice")
        receivers = [one.name for one in self.webhooks]
        if len(set(receivers)) < len(receivers):
            raise ValueError("two webhooks have the same name")
        if self.store_lists and self.store is None:
            raise ValueError("store_lists needs a [store]")
        for gate in self.gates:
            if gate.area is not None and gate.area not in areas:
                hint = did_you_mean(gate.area, areas)
                raise ValueError(f"gate {gate.name!r}: there is no area {gate.area!r}{hint}")
        for way in self.travel:
            for name in way.between:
                if name not in gates:
                    raise ValueError(
                        f"travel: there is no gate {name!r}{did_you_mean(name, gates)}"
                    )
        return self

    @model_validator(mode="after")
    def _check_areas(self) -> Self:
        """An area whose ways out nobody sees would fill up and keep residents out."""
        for area in self.areas:
            ways = [
                camera.directions
                for gate in self.gates
                if gate.area == area.name
                for camera in gate.cameras
            ]
            if frozenset().union(*ways) != frozenset(Direction):
                raise ValueError(
                    f"area {area.name!r} needs cameras that tell both ways in and ways out"
                )
        return self

    @model_validator(mode="after")
    def _check_policies(self) -> Self:
        """What protects must not be set and do nothing."""
        for gate in self.gates:
            policy = gate.policy
            inside = policy.suspicions.already_inside == "deny"
            if gate.area is None and (policy.anti_passback or inside):
                what = "anti_passback" if policy.anti_passback else "suspicions.already_inside"
                raise ValueError(f"gate {gate.name!r}: policy.{what} needs an area behind the gate")
            if policy.suspicions.unknown_format != "note" and not self.regions:
                raise ValueError(
                    f"gate {gate.name!r}: policy.suspicions.unknown_format needs regions"
                )
        return self

    @model_validator(mode="after")
    def _check_replays(self) -> Self:
        """Whoever can write a recording could open the gate with it."""
        for gate in self.gates:
            replayed = [camera.name for camera in gate.cameras if camera.replay is not None]
            if replayed and self.opens(gate):
                raise ValueError(
                    f"gate {gate.name!r}: camera {replayed[0]!r} plays a recording; "
                    "such a gate must not be armed"
                )
        return self

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The cameras of all gates."""
        return tuple(camera.name for gate in self.gates for camera in gate.cameras)

    def opens(self, gate: GateSettings) -> bool:
        """Whether a gate really opens: the site and the gate are armed."""
        return self.armed and gate.armed

    def capacity(self, gate: GateSettings) -> int | None:
        """Vehicles that the area behind a gate holds; None without limit."""
        return next((area.capacity for area in self.areas if area.name == gate.area), None)

    def travel_times(self) -> Mapping[tuple[str, str], float]:
        """(from gate, to gate) -> seconds that a vehicle needs at least."""
        times: dict[tuple[str, str], float] = {}
        for way in self.travel:
            first, last = way.between
            times[first, last] = times[last, first] = way.seconds
        return times


def load_gate_config(path: Path) -> GateConfig:
    """Read `gate.toml`; relative paths in it are taken from its folder.

    Raises:
        ConfigError: it cannot be read, or a key is wrong or unknown.
    """
    config = load_settings(path, GateConfig)
    folder = path.parent
    missing = [str(one) for one in config.lists if not (folder / one).is_file()]
    if missing:
        raise ConfigError(f"{path}: lists: there is no file {missing[0]}")
    return config.model_copy(
        update={
            "lists": tuple(folder / one for one in config.lists),
            "decisions": folder / config.decisions,
            "store": None if config.store is None else config.store.relative_to(folder),
            "webhooks": tuple(_webhook_beside(folder, one) for one in config.webhooks),
            "mqtt": _mqtt_beside(folder, config.mqtt),
            "engine": _beside(folder, config.engine),
            "gates": tuple(_gate_beside(folder, gate) for gate in config.gates),
            "service": _service_beside(folder, config.service),
        }
    )


def _gate_beside(folder: Path, gate: GateSettings) -> GateSettings:
    cameras = tuple(
        _files_beside(folder, camera, "password_file").model_copy(
            update={"source": _clip_beside(folder, camera)}
        )
        for camera in gate.cameras
    )
    actuator = gate.actuator
    if isinstance(actuator, HttpRelaySettings):
        actuator = _files_beside(folder, actuator, "password_file", "ca_file")
    return gate.model_copy(update={"cameras": cameras, "actuator": actuator})


def _clip_beside(folder: Path, camera: CameraSettings) -> str | None:
    if camera.source is None or camera.replay is None or "://" in camera.source:
        return camera.source
    return str(folder / camera.source)


def _service_beside(folder: Path, service: ServiceSettings) -> ServiceSettings:
    metrics = _files_beside(folder, service.metrics, "token_file")
    return service.model_copy(update={"health": folder / service.health, "metrics": metrics})


def _webhook_beside(folder: Path, webhook: WebhookSettings) -> WebhookSettings:
    beside = _files_beside(folder, webhook, "url_file", "secret_file", "token_file")
    update = {
        "tls": _tls_beside(folder, webhook.tls),
        "outbox": _outbox_beside(folder, webhook.outbox),
    }
    return beside.model_copy(update=update)


def _mqtt_beside(folder: Path, mqtt: MqttSettings | None) -> MqttSettings | None:
    if mqtt is None:
        return None
    tls = None if mqtt.tls is None else _tls_beside(folder, mqtt.tls)
    update = {"tls": tls, "outbox": _outbox_beside(folder, mqtt.outbox)}
    return _files_beside(folder, mqtt, "password_file").model_copy(update=update)


def _outbox_beside(folder: Path, outbox: OutboxSettings) -> OutboxSettings:
    if outbox.file is None:
        return outbox
    # Absolute: whoever opens it has a folder for outboxes without a name, that of the decisions.
    return outbox.model_copy(update={"file": str((folder / outbox.file).absolute())})


def _tls_beside(folder: Path, tls: TlsSettings) -> TlsSettings:
    return _files_beside(folder, tls, "ca_file", "certificate_file", "key_file")


def _files_beside(folder: Path, table: Table, *names: str) -> Table:
    return table.model_copy(update={name: _beside(folder, getattr(table, name)) for name in names})


def _beside(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path


def _valid(policy: Any) -> bool:
    try:
        GatePolicy.model_validate(policy)
    except ValidationError:
        return False
    return True


def _table(value: Any) -> Any:
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value


def _inherit(gate: Any, policy: Any) -> Any:
    """A gate's table with the site's policy under its own; wrong types are left for the checks."""
    if not isinstance(gate, dict) or not isinstance(policy, dict):
        return gate
    own = _table(gate.get("policy", {}))
    if not isinstance(own, dict):
        return gate
    merged = {**policy, **own}
    sites, gates = _table(policy.get("suspicions")), _table(own.get("suspicions"))
    if isinstance(sites, dict) and isinstance(gates, dict):
        merged["suspicions"] = {**sites, **gates}
    return {**gate, "policy": merged}
