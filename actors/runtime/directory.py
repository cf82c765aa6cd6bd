"""Finding running actors by what they stand for."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from pykka import ActorRef

K = TypeVar("K", bound=Hashable)


class Directory(Generic[K]):
    """Which actor runs for a key: in constant time, from any thread. Pykka's is a list that it scans."""

    def __init__(self) -> None:
        self._refs: dict[K, ActorRef[Any]] = {}
        self._lock = threading.Lock()

    def add(self, key: K, ref: ActorRef[Any]) -> None:
        """Enter an actor, in place of an earlier one."""
        with self._lock:
            self._refs[key] = ref

    def remove(self, key: K, ref: ActorRef[Any]) -> bool:
        """Strike an actor out, unless another has taken its place; return whether it was struck out."""
        with self._lock:
            if self._refs.get(key) is not ref:
                return False
            del self._refs[key]
            return True

    def get(self, key: K) -> ActorRef[Any] | None:
        """The actor for `key`, if one runs."""
        return self._refs.get(key)

    def items(self) -> list[tuple[K, ActorRef[Any]]]:
        """All of them, as of now, in the order in which they were entered."""
        with self._lock:
            return list(self._refs.items())

    def __len__(self) -> int:
        return len(self._refs)
