"""Names that vulnerability data uses, and the software that is known by them."""

from __future__ import annotations

from django.db import models

from inventory.models import Software


class Product(models.Model):
    """A name that vulnerability data uses: cpe:a:google:chrome, deb:debian:openssl, pypi:requests."""

    id = models.AutoField(primary_key=True)
    key = models.CharField(max_length=300, unique=True, db_collation="C")

    def __str__(self) -> str:
        return self.key


class SoftwareProduct(models.Model):
    """A software is known to vulnerability data by this product name."""

    class Origin(models.TextChoices):
        ALIAS = "alias", "Alias table"
        PACKAGE = "package", "Package name"
        CPE = "cpe", "CPE in the report"
        CURATOR = "curator", "Curator"

    software = models.ForeignKey(Software, on_delete=models.CASCADE, related_name="products")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="software")
    origin = models.CharField(max_length=10, choices=Origin)
    confidence = models.PositiveSmallIntegerField(default=100, help_text="Percent.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["software", "product"], name="a_link_exists_once")]

    def __str__(self) -> str:
        return f"{self.software_id} = {self.product_id}"


class UnmatchedSoftware(Software):
    """The worklist of the admin: see `weaknesses.worklist`."""

    class Meta:
        proxy = True
        verbose_name = "unmatched software"
        verbose_name_plural = "unmatched software"
