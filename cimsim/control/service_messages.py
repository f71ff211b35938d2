"""What goes over the control API about the server: subscriptions, settings, rules and documents."""

from typing import Any

import msgspec


class SubscriptionState(msgspec.Struct, frozen=True):
    """A subscription to indications.

    Attributes:
        path: of the subscription, as text; ``filter`` that of its filter, empty where it has none.
        query, language: of the filter; empty for a collection of filters.
        source_namespaces: from which it takes indications.
        destination: the URL of the listener, without what stands for a login.
        active: whether indications are sent.
        sent: how many were delivered.
        failed: how many tries to deliver one failed.
        queued: how many wait.
        last_error: why the last of these tries failed, empty if none did.
    """

    path: str
    filter: str
    query: str
    language: str
    source_namespaces: list[str]
    destination: str
    active: bool
    sent: int
    failed: int
    queued: int
    last_error: str


class SubscriptionList(msgspec.Struct, frozen=True):
    """The subscriptions, oldest first; ``more``: there are more than an answer has."""

    subscriptions: list[SubscriptionState]
    more: bool


class OptionState(msgspec.Struct, frozen=True):
    """An option of the server by its TOML key: its value (secrets masked) and default as JSON has them, and its meaning."""

    name: str
    value: Any
    default: Any
    about: str


class PackSetting(msgspec.Struct, frozen=True):
    """A setting of a pack, likewise; ``type`` as ``pack.toml`` has it."""

    name: str
    value: Any
    default: Any
    type: str
    about: str


class PackState(msgspec.Struct, frozen=True):
    """A pack that is loaded, and its settings."""

    name: str
    title: str
    version: str
    settings: list[PackSetting]


class SettingsState(msgspec.Struct, frozen=True):
    """What the server was started with."""

    options: list[OptionState]
    packs: list[PackState]


class RuleState(msgspec.Struct, frozen=True):
    """A rule that the simulator is held to: its identifier, what it demands as Markdown, where it comes from, its status."""

    id: str
    title: str
    source: str
    status: str


class RuleList(msgspec.Struct, frozen=True):
    """The rules, in the order of the page about conformance."""

    rules: list[RuleState]


class DocumentsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``search``: a text that the documents must have, None: all documents."""

    search: str | None = None


class DocumentState(msgspec.Struct, frozen=True):
    """A document: its name, its title, and where the text that was searched for stands in it."""

    name: str
    title: str
    excerpt: str = ""


class DocumentList(msgspec.Struct, frozen=True):
    """The documents: the pages about cimsim, then those of the packs that are loaded."""

    documents: list[DocumentState]


class Document(msgspec.Struct, frozen=True):
    """A document: its name, its title, and its text as Markdown."""

    name: str
    title: str
    markdown: str
