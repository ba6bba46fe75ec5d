"""The thread that takes messages from an outbox to their receiver."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from lpr.errors import OutputError
from lpr.sinks.delivery import Delivery, Outcome, Transport
from lpr.sinks.outbox import Outbox, WaitingMessage
from lpr.sinks.outbox_settings import RetrySettings
from lpr.sinks.safe import safe_text

_log = logging.getLogger(__name__)

_jitter: Final = random.Random()
_LOOK_AGAIN: Final = 60.0
"""Seconds after which an idle sender looks for messages that have become too old."""


class Backoff:
    """How long to wait after failures in a row: doubling, capped, with jitter.

    A wait is drawn from its upper half ("equal jitter"), so that receivers that come back are not
    met by all senders at once (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog
    2015).

    Args:
        settings: first and longest wait.
        draw: a number from 0 to 1.
    """

    def __init__(
        self, settings: RetrySettings, *, draw: Callable[[], float] = _jitter.random
    ) -> None:
        self._settings, self._draw = settings, draw
        self.failures = 0

    def failed(self, asked: float = 0.0) -> float:
        """Count a failure and return the seconds to wait.

        Args:
            asked: what the receiver asked for; the longest wait at most.
        """
        longest = self._settings.longest_wait
        # Beyond 2**32 the cap holds anyway.
        wait = min(longest, self._settings.first_wait * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return max(wait * (0.5 + 0.5 * self._draw()), min(asked, longest))


class OutboxSender:
    """Delivers what is in an outbox, in order per camera, again and again until it arrives.

    Args:
        outbox: where messages wait; the sender closes it.
        transport: what delivers them; the sender closes it.
        retry: when to try again.
        name: the receiver's name in the log, without secrets.
        clock: seconds that only run forward.
        draw: a number from 0 to 1 for the jitter.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        *,
        retry: RetrySettings,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = _jitter.random,
    ) -> None:
        self._outbox, self._transport = outbox, transport
        self._retry, self._name = retry, name
        self._clock, self._draw = clock, draw
        self._receiver, self._receiver_until = self._backoff(), 0.0
        self._cameras: dict[str, tuple[Backoff, float]] = {}
        self._changed = threading.Condition()
        self._woken = self._ready = False
        self._stop_at: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"outbox {name}", daemon=True)
        transport.start(self._reached)
        self._thread.start()

    def wake(self) -> None:
        """Look for messages now."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def _reached(self) -> None:
        """The receiver is there again: waiting for it has an end."""
        with self._changed:
            self._woken = self._ready = True
            self._changed.notify()

    def close(self) -> None:
        """Deliver what can be delivered at once, then stop; in `close_timeout` or little more.

        What was not delivered stays in the outbox for the next start.
        """
        with self._changed:
            if self._stop_at is None:
                self._stop_at = self._clock() + self._retry.close_timeout
            self._changed.notify()
        self._thread.join(self._retry.close_timeout)
        self._transport.close()
        self._thread.join(0.2)
        self._outbox.close()

    def _run(self) -> None:
        while True:
            try:
                pause = self._round()
            except OutputError as error:
                if self._stop_at is not None:
                    return
                pause = self._receiver_failed(str(error), 0.0)
            if not self._wait(pause):
                return

    def _wait(self, pause: float) -> bool:
        """Wait until it may go on; False where it is time to stop."""
        with self._changed:
            if not self._woken and self._stop_at is None and pause > 0:
                self._changed.wait(pause)
            if self._ready:
                self._receiver_until = 0.0
            at_once = self._woken or pause <= 0
            self._woken = self._ready = False
            if self._stop_at is None:
                return True
            # Closing: on while there is something that needs no waiting.
            return at_once and self._clock() < self._stop_at

    def _round(self) -> float:
        """Deliver one batch; the seconds after which to go on, 0 for at once."""
        now = self._clock()
        if now < self._receiver_until:
            return self._receiver_until - now
        resting = {name: until for name, (_, until) in self._cameras.items() if until > now}
        batch = self._outbox.waiting(skip=resting)
        for waiting in batch:
            camera = waiting.message.camera
            if self._stop_at is not None and self._clock() >= self._stop_at:
                return 0.0
            if camera in resting:
                continue
            delivery = self._try(waiting)
            pause = self._settle(waiting, delivery)
            if delivery.outcome is Outcome.UNREACHABLE:
                return pause
            if pause > 0:
                resting[camera] = self._clock() + pause
        if batch:
            return 0.0
        return max(0.0, min(resting.values(), default=now + _LOOK_AGAIN) - self._clock())

    def _try(self, waiting: WaitingMessage) -> Delivery:
        try:
            return self._transport.deliver(waiting.message)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not stop what follows
            _log.exception("%s: a try to deliver failed", self._name)
            return Delivery(Outcome.UNREACHABLE, f"{type(error).__name__} in lpr itself")

    def _settle(self, waiting: WaitingMessage, delivery: Delivery) -> float:
        """Take the result of a try into account; the seconds that its camera has to wait."""
        camera, outcome = waiting.message.camera, delivery.outcome
        if outcome is Outcome.UNREACHABLE:
            return self._receiver_failed(delivery.reason, delivery.wait)
        if self._receiver.failures:
            _log.info("%s: reached again after %d tries", self._name, self._receiver.failures)
            self._receiver = self._backoff()
        if outcome is Outcome.DELIVERED:
            self._cameras.pop(camera, None)
            self._outbox.remove(waiting.id)
            return 0.0
        if outcome is Outcome.REFUSED and self._put_aside(waiting, delivery.reason):
            _log.error(
                "%s: message %s was put aside: %s",
                self._name,
                waiting.message.key,
                delivery.reason,
            )
            self._cameras.pop(camera, None)
            return 0.0
        return self._camera_failed(camera, delivery)

    def _put_aside(self, waiting: WaitingMessage, reason: str) -> bool:
        """Count a refusal; whether the message was put aside for it."""
        tries = self._retry.max_tries
        try:
            return self._outbox.refuse(waiting.id, reason, max_tries=tries)
        except OutputError as error:
            # A full disk: this camera waits, and the others go on.
            _log.error("%s: a refusal could not be noted: %s", self._name, error)
            return False

    def _receiver_failed(self, reason: str, asked: float) -> float:
        pause = self._receiver.failed(asked)
        self._receiver_until = self._clock() + pause
        self._tell(self._receiver.failures, f"{reason}; {self._outbox.counts().waiting} wait")
        return pause

    def _camera_failed(self, camera: str, delivery: Delivery) -> float:
        backoff, _ = self._cameras.get(camera, (self._backoff(), 0.0))
        pause = backoff.failed(delivery.wait)
        self._cameras[camera] = (backoff, self._clock() + pause)
        self._tell(backoff.failures, f"camera {safe_text(camera)}: {delivery.reason}")
        return pause

    def _tell(self, failures: int, text: str) -> None:
        """Log the first failure of a row, the second, the fourth and so on."""
        if failures & (failures - 1) == 0:
            _log.warning("%s: not delivered (try %d): %s", self._name, failures, text)

    def _backoff(self) -> Backoff:
        return Backoff(self._retry, draw=self._draw)
