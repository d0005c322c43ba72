"""What the organisation has: machines, groups, software, installations, configuration results, alerts.

Everything that grows with machines is keyed by machine first and carries no database foreign
key: it is only written by set-based actions, and a foreign key would be checked row by row.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower


class MachineGroup(models.Model):
    """Machines that match a rule. The highest rank (1) wins; the rest are in the one default group."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    rank = models.PositiveIntegerField(null=True, blank=True, unique=True)
    rule = models.JSONField(
        default=list,
        blank=True,
        help_text='All must hold: [{"field": "name|domain|tag|platform", "operator": "equals|starts|ends|contains", "value": "..."}]',
    )
    is_default = models.BooleanField(default=False, editable=False)
    machine_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_group"),
            models.CheckConstraint(condition=models.Q(is_default=True) | models.Q(rank__isnull=False), name="a_group_has_a_rank"),
        ]

    def __str__(self) -> str:
        return self.name


class Machine(models.Model):
    class Value(models.IntegerChoices):
        LOW = 0, "Low"
        NORMAL = 1, "Normal"
        HIGH = 2, "High"

    class Family(models.TextChoices):
        WINDOWS = "windows", "Windows"
        MACOS = "macos", "macOS"
        LINUX = "linux", "Linux"
        OTHER = "other", "Other"

    id = models.AutoField(primary_key=True)
    external_id = models.CharField(max_length=255, help_text="The host's identifier in its reports.")
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True)
    family = models.CharField(max_length=10, choices=Family, default=Family.OTHER)
    platform = models.CharField(max_length=40, blank=True, help_text="Family, or distribution and release: windows, debian-12.")
    os_name = models.CharField(max_length=120, blank=True)
    os_version = models.CharField(max_length=80, blank=True)
    os_build = models.CharField(max_length=40, blank=True)
    architecture = models.CharField(max_length=20, blank=True)
    ip_addresses = ArrayField(models.CharField(max_length=45), default=list, blank=True)
    group = models.ForeignKey(MachineGroup, on_delete=models.PROTECT, db_index=False, related_name="machines")
    value = models.SmallIntegerField(choices=Value, default=Value.NORMAL)
    internet_facing = models.BooleanField(default=False)
    excluded = models.BooleanField(default=False, help_text="Left out of every score and count.")
    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    digests = models.JSONField(default=dict, editable=False, help_text="Part of the report (facts, deb, ...) -> digest last applied.")
    bodies = ArrayField(
        models.CharField(max_length=32), default=list, db_default=[], editable=False, help_text="Posts that say what is stored: digests."
    )

    class Meta:
        constraints = [
            # Not `unique` of the field, which would add an index for LIKE that nothing asks.
            models.UniqueConstraint(fields=["external_id"], name="a_machine_exists_once"),
        ]
        # One for each order of the list. None on last_seen, which every report moves: the row could not be changed in place any more.
        indexes = [
            models.Index(fields=["group", "id"], name="machine_by_group"),
            models.Index(fields=["domain", "id"], name="machine_by_domain"),
            models.Index(fields=["os_name", "id"], name="machine_by_system"),
            models.Index(fields=["os_version", "id"], name="machine_by_release"),
            models.Index(fields=["value", "id"], name="machine_by_value"),
            models.Index(fields=["family", "id"], name="machine_by_family"),
            models.Index(fields=["id"], condition=models.Q(internet_facing=True), name="machine_facing"),
            models.Index(fields=["id"], condition=models.Q(excluded=True), name="machine_excluded"),
            models.Index(Lower("name"), "id", name="machine_by_name"),
            models.Index(models.F("group"), OpClass(Lower("name"), name="text_pattern_ops"), name="machine_name_starts"),
            models.Index(fields=["is_demo"], condition=models.Q(is_demo=True), name="machine_demo"),
            GinIndex(fields=["tags"], name="machine_by_tag"),
            GinIndex(fields=["ip_addresses"], name="machine_by_address"),
        ]

    def __str__(self) -> str:
        return self.name


class DirtyMachine(models.Model):
    """A machine whose exposures must be rebuilt. Taken in batches with SKIP LOCKED."""

    machine = models.OneToOneField(Machine, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="+")
    since = models.DateTimeField()


class Software(models.Model):
    """A product as installed, whatever its version. For deb and rpm: the source package."""

    class Ecosystem(models.TextChoices):
        CPE = "cpe", "Application"
        OS = "os", "Operating system"
        DEB = "deb", "Debian package"
        RPM = "rpm", "RPM package"
        APK = "apk", "Alpine package"
        PYPI = "pypi", "Python package"
        NPM = "npm", "npm package"
        MAVEN = "maven", "Maven artifact"
        COMPOSER = "composer", "Composer package"
        GOLANG = "golang", "Go module"
        GEM = "gem", "Ruby gem"
        NUGET = "nuget", "NuGet package"
        CARGO = "cargo", "Rust crate"
        OTHER = "other", "Other"

    class Support(models.IntegerChoices):
        UNKNOWN = 0, "Supported or unknown"
        UPCOMING_VERSIONS = 1, "Upcoming EOS versions"
        ENDED_VERSIONS = 2, "EOS versions"
        UPCOMING = 3, "Upcoming EOS software"
        ENDED = 4, "EOS software"

    id = models.AutoField(primary_key=True)
    key = models.CharField(max_length=300, unique=True, help_text="vendor-_-product")
    ecosystem = models.CharField(max_length=10, choices=Ecosystem)
    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=60, blank=True)
    support = models.SmallIntegerField(choices=Support, default=Support.UNKNOWN)
    support_ends_on = models.DateField(null=True, blank=True)
    settled = models.BooleanField(
        default=False, db_default=False, help_text="A curator said that no vulnerability data is about it: off the worklist."
    )
    installed_count = models.PositiveIntegerField(default=0, editable=False)
    exposed_count = models.PositiveIntegerField(default=0, editable=False)
    version_count = models.PositiveIntegerField(default=0, editable=False)
    weakness_count = models.PositiveIntegerField(default=0, editable=False)
    first_seen = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(Lower("name"), "id", name="software_by_name"),
            models.Index(fields=["-installed_count", "id"], name="software_most_installed"),
        ]

    def __str__(self) -> str:
        return self.name


class SoftwarePackage(models.Model):
    """A binary package that a source package installs under its own version. Advisories may name either."""

    software = models.ForeignKey(Software, on_delete=models.CASCADE, related_name="packages")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["software", "name"], name="a_package_of_a_source_exists_once")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """One version of a software on one platform (windows, macos, debian-12, or none where it does not matter)."""

    id = models.AutoField(primary_key=True)
    software = models.ForeignKey(Software, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=200, blank=True)
    platform = models.CharField(max_length=40, blank=True)
    sort_key = models.CharField(
        max_length=800, blank=True, db_collation="C", help_text="Orders as the ecosystem does; empty: not comparable."
    )
    support_ends_on = models.DateField(null=True, blank=True)
    first_seen = models.DateTimeField()
    matched_at = models.DateTimeField(null=True, blank=True, help_text="Empty: waiting to be matched.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["software", "version", "platform"], name="a_version_exists_once")]
        indexes = [models.Index(fields=["id"], condition=models.Q(matched_at__isnull=True), name="version_to_match")]

    def __str__(self) -> str:
        return self.version


class Installation(models.Model):
    """A version on a machine. Written only when it changes."""

    pk = models.CompositePrimaryKey("machine_id", "version_id")
    machine = models.ForeignKey(Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="installations")
    version = models.ForeignKey(Version, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="installations")
    first_seen = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["version", "machine"], name="installation_of_version")]


class InstallationEvidence(models.Model):
    """Where an installation was seen: paths, registry keys, binary packages."""

    pk = models.CompositePrimaryKey("machine_id", "version_id")
    machine = models.ForeignKey(Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    evidence = ArrayField(models.CharField(max_length=500), default=list)


class VersionStat(models.Model):
    """Machines of a group that carry a version. Active machines only."""

    pk = models.CompositePrimaryKey("version_id", "group_id")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, db_index=False, related_name="stats")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    installed = models.IntegerField(default=0)


class SoftwareStat(models.Model):
    """Machines of a group that carry a software (installed), and with something to fix in it (exposed)."""

    pk = models.CompositePrimaryKey("software_id", "group_id")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, db_index=False, related_name="stats")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    installed = models.IntegerField(default=0)
    exposed = models.IntegerField(default=0)


class Configuration(models.Model):
    """A check of the catalogue: what should be set, and why."""

    class Category(models.TextChoices):
        APPLICATION = "application", "Application"
        OS = "os", "Operating system"
        NETWORK = "network", "Network"
        ACCOUNTS = "accounts", "Accounts"
        CONTROLS = "controls", "Security controls"

    id = models.AutoField(primary_key=True, help_text="n of scid-n")
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=300)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    risk = models.TextField(blank=True)
    remediation = models.TextField(blank=True)
    category = models.CharField(max_length=12, choices=Category)
    subcategory = models.CharField(max_length=80, blank=True)
    impact = models.PositiveSmallIntegerField(default=5)
    cce = models.CharField(max_length=30, blank=True)
    benchmarks = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    user_impact = models.CharField(max_length=200, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    curated = ArrayField(
        models.CharField(max_length=20),
        default=list,
        db_default=[],
        editable=False,
        help_text="Fields that a curator set: reports leave them.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="a_check_exists_once"),
            models.CheckConstraint(condition=models.Q(impact__range=(1, 10)), name="impact_is_1_to_10"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"scid-{self.pk}"


class ConfigurationResult(models.Model):
    """An applicable check on a machine, passed or not."""

    pk = models.CompositePrimaryKey("machine_id", "configuration_id")
    machine = models.ForeignKey(
        Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="configuration_results"
    )
    configuration = models.ForeignKey(
        Configuration, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="results"
    )
    passed = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["configuration", "machine"], condition=models.Q(passed=False), name="configuration_failing")]


class Alert(models.Model):
    """An alert on a machine; active until closed. May name a weakness."""

    external_id = models.CharField(max_length=255, unique=True)
    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="alerts")
    cve = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=10, default="high")
    source = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["machine"], condition=models.Q(closed_at__isnull=True), name="alert_active")]

    def __str__(self) -> str:
        return self.title


class Finding(models.Model):
    """What another scanner found in a version on a machine: a second opinion, shown where it differs from ours."""

    machine = models.ForeignKey(Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="findings")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="findings")
    weakness = models.CharField(max_length=30, db_collation="C", help_text="CVE, else the advisory's id.")
    source = models.CharField(max_length=20)
    severity = models.CharField(max_length=20, blank=True)
    fixed = models.CharField(max_length=200, blank=True)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["machine", "source", "version", "weakness"], name="a_finding_exists_once")]
        indexes = [models.Index(fields=["weakness", "version"], name="finding_of_weakness")]

    def __str__(self) -> str:
        return f"{self.weakness} {self.source}"


class Agent(models.Model):
    """An osquery agent that reports here directly. Only the SHA-256 of its key is kept."""

    machine_name = models.CharField(max_length=255, unique=True, help_text="The host identifier it enrolled with.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    details = models.JSONField(default=dict, blank=True, help_text="What it said of itself when it enrolled.")
    enrolled_at = models.DateTimeField()
    last_seen = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.machine_name


class SoftwareAlias(models.Model):
    """How a name that machines report becomes a known product. Curated; the first that fits, by `order`, wins."""

    class Match(models.TextChoices):
        EXACT = "exact", "Is"
        PREFIX = "prefix", "Starts with"
        REGEX = "regex", "Regular expression"

    order = models.IntegerField(default=100)
    match = models.CharField(max_length=6, choices=Match, default=Match.EXACT)
    name_pattern = models.CharField(max_length=200, help_text="Compared with the reported name in lower case.")
    vendor_pattern = models.CharField(max_length=200, blank=True, help_text="In the publisher, in lower case; empty: any.")
    family = models.CharField(max_length=10, choices=Machine.Family, blank=True, help_text="Empty: any.")
    key = models.CharField(max_length=300, help_text="vendor-_-product")
    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=200)
    product_keys = ArrayField(models.CharField(max_length=300), default=list, help_text="Names in vulnerability data: cpe:a:google:chrome")
    category = models.CharField(max_length=60, blank=True)
    shipped = models.BooleanField(default=False, editable=False, help_text="Came with the portal; replaced by an upgrade.")

    class Meta:
        verbose_name_plural = "software aliases"
        constraints = [
            models.UniqueConstraint(fields=["match", "name_pattern", "vendor_pattern", "family"], name="an_alias_exists_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name_pattern} = {self.key}"


class IngestRun(models.Model):
    """One report or file: what was read, changed and refused."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.CharField(max_length=40)
    label = models.CharField(max_length=300, help_text="File or sender.")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    machines = models.PositiveIntegerField(default=0)
    machines_unchanged = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    results = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Results of configuration checks that are new, changed or gone."
    )
    alerts = models.PositiveIntegerField(default=0, db_default=0, help_text="Alerts that were opened, closed or changed.")
    findings = models.PositiveIntegerField(default=0, db_default=0, help_text="Second opinions that are new, changed or gone.")
    rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-started_at", "-id"], name="ingest_newest_first")]

    def __str__(self) -> str:
        return f"{self.source} {self.label}"


class RejectedRecord(models.Model):
    """A record that could not be used: where it stood, why, and its beginning."""

    run = models.ForeignKey(IngestRun, on_delete=models.CASCADE, related_name="rejects")
    place = models.CharField(max_length=100, help_text="Line, element or record number.")
    reason = models.CharField(max_length=300)
    excerpt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"
