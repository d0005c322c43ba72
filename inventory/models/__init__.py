"""What the organisation has: machines, groups, software, installations, configuration results, alerts.

Everything that grows with machines is keyed by machine first and carries no database foreign
key: it is only written by set-based actions, and a foreign key would be checked row by row.
"""

from inventory.models.intake import Agent, IngestRun, RejectedRecord
from inventory.models.machines import DirtyMachine, Machine, MachineGroup
from inventory.models.observations import Alert, Configuration, ConfigurationResult, Finding
from inventory.models.software import (
    Installation,
    InstallationEvidence,
    Software,
    SoftwareAlias,
    SoftwarePackage,
    SoftwareStat,
    Version,
    VersionStat,
)

__all__ = [
    "Agent",
    "Alert",
    "Configuration",
    "ConfigurationResult",
    "DirtyMachine",
    "Finding",
    "IngestRun",
    "Installation",
    "InstallationEvidence",
    "Machine",
    "MachineGroup",
    "RejectedRecord",
    "Software",
    "SoftwareAlias",
    "SoftwarePackage",
    "SoftwareStat",
    "Version",
    "VersionStat",
]
