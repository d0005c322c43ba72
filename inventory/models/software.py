"""Software, its versions, and where they are installed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from inventory.models.machines import Machine, MachineGroup


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

    software = models.ForeignKey(Software, on_delete=models.CASCADE, db_index=False, related_name="packages")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["software", "name"], name="a_package_of_a_source_exists_once")]

    def __str__(self) -> str:
        return self.name


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


class Version(models.Model):
    """One version of a software on one platform (windows, macos, debian-12, or none where it does not matter)."""

    id = models.AutoField(primary_key=True)
    software = models.ForeignKey(Software, on_delete=models.CASCADE, db_index=False, related_name="versions")
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
