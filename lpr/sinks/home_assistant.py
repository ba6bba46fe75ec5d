"""What Home Assistant is told of the cameras (its MQTT discovery).

Each camera becomes a device with the last plate, the decisions as an event and the openings as a
binary sensor. There is no command topic: nothing that is published can open a gate.
"""

from __future__ import annotations

from typing import Final

from lpr.sinks.mqtt_settings import HomeAssistantSettings
from lpr.sinks.topics import Topics
from lpr.sinks.wire import JsonObject, to_line

ONLINE: Final = "online"
OFFLINE: Final = "offline"

_PLATE: Final = (
    "{{ value_json.data.text or value_json.data.pseudonym | default('')"
    " or this.state | default('unknown') }}"
)
_PLATE_DETAILS: Final = (
    "{{ {'kind': value_json.data.kind, 'confidence': value_json.data.confidence,"
    " 'region': value_json.data.region, 'id': value_json.id} | tojson }}"
)
_DECISION: Final = (
    "{{ {'event_type': value_json.data.action, 'reason': value_json.data.reason,"
    " 'gate': value_json.data.gate,"
    " 'plate': value_json.data.text or value_json.data.pseudonym | default(''),"
    " 'id': value_json.id} | tojson }}"
)
_OPENED: Final = "{{ 'ON' if value_json.data.action == 'open' else 'OFF' }}"
_ACTIONS: Final = ("open", "ask", "deny", "ignore")


def birth_topic(settings: HomeAssistantSettings) -> str:
    """Where Home Assistant says that it has started."""
    return f"{settings.prefix}/status"


def discovery(
    settings: HomeAssistantSettings,
    topics: Topics,
    camera: str,
    *,
    decisions: bool,
    version: str,
) -> dict[str, str]:
    """Return topic -> retained payload of everything that one camera is announced with.

    Args:
        settings: the discovery prefix and how long an opening is shown.
        topics: the site's topics.
        camera: name of the camera: letters, digits, `_` and `-`.
        decisions: whether decisions are published.
        version: version of lpr, for the device's page.
    """
    device = f"lpr_{topics.site}_{camera}"
    shared: JsonObject = {
        "availability": [{"topic": topics.status}, {"topic": topics.camera_status(camera)}],
        "availability_mode": "all",
        "device": {
            "identifiers": [device],
            "name": camera,
            "manufacturer": "lpr",
            "model": "License plate camera",
            "sw_version": version,
        },
        "origin": {"name": "lpr", "sw_version": version},
        "qos": 1,
    }
    events, decided = topics.messages(camera, "event"), topics.messages(camera, "decision")
    entities: list[tuple[str, str, JsonObject]] = [
        (
            "sensor",
            "plate",
            {
                "name": "Last plate",
                "icon": "mdi:car",
                "state_topic": events,
                "value_template": _PLATE,
                "json_attributes_topic": events,
                "json_attributes_template": _PLATE_DETAILS,
            },
        )
    ]
    if decisions:
        entities += [
            (
                "event",
                "decision",
                {
                    "name": "Decision",
                    "icon": "mdi:gate",
                    "state_topic": decided,
                    "event_types": list(_ACTIONS),
                    "value_template": _DECISION,
                },
            ),
            (
                "binary_sensor",
                "opened",
                {
                    "name": "Opened",
                    "icon": "mdi:gate-open",
                    "state_topic": decided,
                    "value_template": _OPENED,
                    "off_delay": settings.opened_seconds,
                },
            ),
        ]
    return {
        f"{settings.prefix}/{component}/{device}/{entity}/config": to_line(
            {**own, **shared, "unique_id": f"{device}_{entity}"}
        )
        for component, entity, own in entities
    }
