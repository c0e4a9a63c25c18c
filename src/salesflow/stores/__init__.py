"""Where records are kept: one port, one conformance suite (`salesflow.testing.StoreConformance`)."""

from salesflow.stores.memory import MemoryStore

__all__ = ["MemoryStore"]
