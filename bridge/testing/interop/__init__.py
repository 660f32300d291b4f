"""What survives the crossing, feature by feature, between every two platforms that are installed with an emulator.

A run does every feature on every platform and looks, on every other, what its reader then holds.
`python -m bridge.testing.interop` prints the table; `make interop` keeps it as the expected one and writes its page.
"""

from bridge.testing.interop.run import crossed
from bridge.testing.interop.table import Table

__all__ = ["Table", "crossed"]
