"""HIST-3: the store of the how-to passes the suite that every store must pass."""

from examples.dict_store import DictStore
from salesflow.testing import StoreConformance


class TestDictStore(StoreConformance):
    """The rules of the port, for a store that keeps records and nothing else."""

    def make_store(self):
        return DictStore()
