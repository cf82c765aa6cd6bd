"""Stands in for the board until it is there."""
from __future__ import annotations
from typing import Any
from tests.sandbox.wire import Request, Response

def seed_company(company: Any, tenant: Any, **_: Any) -> Any:
    if company == "empty":
        return None
    for n in range(8 if company == "small" else int(company)):
        tenant.add_user(f"Person {n}", f"person{n}@contoso.test")
