"""Real products for the long tail: those of the loaded intelligence that name versions."""

from __future__ import annotations

from core import sql
from tvm_portal.demo.shipped import named_products
from tvm_portal.demo.tail import KnownProduct

AT_MOST = 760


def known_products() -> list[KnownProduct]:
    """The products with most to say first; without those that the demo's catalogue has already."""
    taken = named_products()
    found = sql.rows("tvm_portal/read_known_products", {"limit": AT_MOST + len(taken)})
    return [KnownProduct(row["key"], tuple(row["versions"])) for row in found if row["key"] not in taken][:AT_MOST]
