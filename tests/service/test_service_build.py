from __future__ import annotations

from lpr.config import EngineConfig
from lpr.gate.policy import GatePolicy
from lpr.service.build import sure_engine


def test_the_voter_waits_for_what_the_gate_needs() -> None:
    engine = sure_engine(EngineConfig(), GatePolicy(min_agreeing=5, min_probability=0.995))
    assert engine.voter.min_agreeing == 5
    assert engine.voter.early_probability == 0.995
    easy = sure_engine(EngineConfig(), GatePolicy(min_agreeing=1, min_probability=0.5))
    assert easy == EngineConfig()
