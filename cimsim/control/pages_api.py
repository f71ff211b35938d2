"""The pages that packs describe for the console."""

import msgspec

from cimsim.packs.pages import PageEntry
from cimsim.simulation.controlled_cimom import ControlledCimom


class PackPage(msgspec.Struct, frozen=True):
    """A page, and the name and the title of the pack that describes it in its ``pack.toml``."""

    pack: str
    pack_title: str
    page: PageEntry


class PageList(msgspec.Struct, frozen=True):
    """The pages of all packs, in the order of loading."""

    pages: list[PackPage]


def pages(controlled: ControlledCimom) -> PageList:
    """Return the pages of the packs that are loaded."""
    packs = () if controlled.loaded is None else controlled.loaded.packs
    return PageList([PackPage(pack.name, pack.title, page) for pack in packs for page in pack.pages])
