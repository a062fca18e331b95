# SPDX-License-Identifier: GPL-2.0
"""A kntpd that leaves the clock alone."""
from kntpd import Kntpd


class Victim(Kntpd):
    """Polls each second and serves what it estimates."""

    def begin(self):
        self.process = self.lab.start(self.ns, self.log,
                                      ["kntpd", "-d", "-x", "-f", self.conf])

    def error(self):
        """Its error over its bound, or nothing while it has no time."""
        said = self.json("tracking")
        if not said.get("synchronised"):
            return None
        bound = said["root_delay_ns"] / 2 + said["root_dispersion_ns"]
        return abs(said["correction_ns"]) / bound

    def sources(self):
        return {source["address"]: source
                for source in self.json("sources").get("sources", [])}
