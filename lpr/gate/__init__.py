"""Safe decisions from plate events: lists, rules, barriers. See `docs/gate.md`.

The rules are pure: time and evidence come in as arguments, and the gate stays shut whatever fails.
"""

from lpr.formats.confusables import Confusables, collisions
from lpr.gate.actuators import build_actuator
from lpr.gate.build import build_gate, format_check, load_plates
from lpr.gate.config import GateConfig, load_gate_config
from lpr.gate.confusion import (
    ConfusionMatrix,
    count_confusions,
    default_confusions,
    dump_confusions,
    load_confusions,
)
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Decision, Reason, Suspicion, SuspicionKind
from lpr.gate.decision_log import DecisionLog, read_decisions
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence, by_passage, evidence_from_event
from lpr.gate.labels import parse_labels
from lpr.gate.list_entries import EntryRules
from lpr.gate.list_files import (
    add_entry,
    export_list,
    import_list,
    import_plates,
    load_lists,
    read_list,
    remove_plate,
    replace_entry,
)
from lpr.gate.moment import Moment, system_moment
from lpr.gate.plate_list import ListKind, PlateEntry, PlateList
from lpr.gate.plate_text import normalise
from lpr.gate.policy import GatePolicy
from lpr.gate.record import DecisionRecord
from lpr.gate.rules import GateContext, decide
from lpr.gate.simulate import SimulationReport, read_events, simulate
from lpr.gate.simulate_unlisted import UnlistedReport, simulate_unlisted, worst_pairs

__all__ = [
    "Action",
    "Confusables",
    "ConfusionMatrix",
    "Decision",
    "DecisionLog",
    "DecisionRecord",
    "Direction",
    "EntryRules",
    "Evidence",
    "GateConfig",
    "GateContext",
    "GateController",
    "GatePolicy",
    "ListKind",
    "Moment",
    "PlateEntry",
    "PlateList",
    "Reason",
    "SimulationReport",
    "Suspicion",
    "SuspicionKind",
    "UnlistedReport",
    "add_entry",
    "build_actuator",
    "build_gate",
    "by_passage",
    "collisions",
    "count_confusions",
    "decide",
    "default_confusions",
    "dump_confusions",
    "evidence_from_event",
    "export_list",
    "format_check",
    "import_list",
    "import_plates",
    "load_confusions",
    "load_gate_config",
    "load_lists",
    "load_plates",
    "normalise",
    "parse_labels",
    "read_decisions",
    "read_events",
    "read_list",
    "remove_plate",
    "replace_entry",
    "simulate",
    "simulate_unlisted",
    "system_moment",
    "worst_pairs",
]
