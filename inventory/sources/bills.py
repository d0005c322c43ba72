"""A bill of materials of any notation, gathered component by component into one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Rejected, Remark, Report
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.components import HOST_TYPES, Component, software_of
from inventory.sources.frame import Limits
from inventory.sources.systems import operating_system

Found = tuple[str, Component | Rejected]


class Bill:
    """What has been read of a document so far. `root` is what the document is about, `serial` what tells it from others."""

    def __init__(self, limits: Limits) -> None:
        self.serial: object = ""
        self.root: Component | None = None
        self._limits = limits
        self._complete = True
        self._components = 0
        self._statements = self._affected = 0
        self._software: dict[InstalledSoftware, None] = {}
        self._systems: list[tuple[str, str, str]] = []
        self._platforms: Counter[str] = Counter()

    def take_all(self, found: Iterator[Found]) -> Iterator[Rejected]:
        """Take components up to the limit; the Rejected are those that were no use. One of the place "document" ends the bill early."""
        for place, component in found:
            if isinstance(component, Rejected):
                self._complete = self._complete and component.place != "document"
                yield component
            elif self._components >= self._limits.records:
                self._complete = False
                yield Rejected(place, f"more than {self._limits.records:,} components; the rest was left out")
                return
            else:
                yield from self._take(place, component)

    def _take(self, place: str, component: Component) -> Iterator[Rejected]:
        self._components += 1
        try:
            if component.type == "operating-system":
                self._systems.append(_named(component, self._limits))
                return
            made = software_of(component, self._limits)
        except fields.BadField as error:
            label = component.name if isinstance(component.name, str) else ""
            yield Rejected(place, str(error), fields.excerpt(component.purl or component.cpe or label))
            return
        if made is not None:
            self._software[made] = None
            if made.platform:
                self._platforms[made.platform] += 1

    def state(self, number: int = 1, *, affected: object = "") -> None:
        """Note statements about weaknesses: how many, or what one says of its product (CycloneDX: analysis.state)."""
        self._statements += number
        self._affected += affected == "exploitable"

    def set_root(self, component: Component) -> None:
        """A component taken before is what the document is about: it is no content of its own."""
        self.root = component
        self._components -= 1
        try:
            made = software_of(component, self._limits)
        except fields.BadField:
            return
        if made is not None:
            self._software.pop(made, None)

    def report(self) -> Report | Remark:
        """The report of everything taken. Raises UnreadableReport where there is nothing.

        A bill of nothing but its own subject says that this one is there, and nothing of what else is. One of nothing but
        statements about weaknesses (VEX) says nothing of what is installed.
        """
        if self._components == 0 and self._statements:
            return Remark(
                f"a VEX document: it names nothing that is installed; {self._affected:,} of its {self._statements:,} statements say"
                " that a product is exploitable"
            )
        if self._components == 0:
            return self._report_of_root()
        os_name, os_version, platform = self._systems[0] if self._systems else ("", "", "")
        if not platform and self._platforms:
            platform = self._platforms.most_common(1)[0][0]
        facts = MachineFacts(
            external_id=self._host_name(),
            name=self._host_name(),
            platform=platform,
            family=family_of(platform),
            os_name=os_name,
            os_version=os_version,
        )
        software = list(self._software)
        covers = {record.part for record in software}
        if system := operating_system(platform):
            software.append(system)
            covers.add("os")
        covered = frozenset(covers if self._complete else ())
        return Report(machine=facts, software=tuple(software), covers=covered, fallback_id=self._serial())

    def _report_of_root(self) -> Report:
        try:
            made = software_of(self.root, self._limits) if self.root is not None and not self._is_of_a_host() else None
        except fields.BadField:
            made = None
        if made is None:
            raise UnreadableReport("the bill of materials holds no components")
        return Report(machine=MachineFacts(external_id=""), software=(made,), fallback_id=self._serial())

    def _serial(self) -> str:
        return fields.identifier(self.serial)

    def _host_name(self) -> str:
        """Only a machine's own bill names the machine: an application's names the application."""
        return fields.identifier(self.root.name) if self.root is not None and self._is_of_a_host() else ""

    def _is_of_a_host(self) -> bool:
        return self.root is not None and isinstance(self.root.type, str) and self.root.type in HOST_TYPES


def _named(component: Component, limits: Limits) -> tuple[str, str, str]:
    name = fields.name(component.name, limits)
    version = fields.version(component.version, limits)
    return name, version[:80], platform_of(name, version)
