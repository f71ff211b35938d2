"""Queries of indication filters, for packs whose instances are filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cimsim.query.indication_queries import IndicationFilter


def parse_indication_filter(language: str, text: str) -> IndicationFilter:
    """Return the query of an indication filter, as ``query.indication_queries.parse_indication_filter`` does."""
    # Every start imports the packs that have filters, but few clients make one.
    from cimsim.query import indication_queries

    return indication_queries.parse_indication_filter(language, text)
