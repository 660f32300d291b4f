"""The fuzz contract over every connector that is installed here."""

from bridge.testing.fuzz import FuzzContract


class TestEveryInstalledConnector(FuzzContract):
    pass
