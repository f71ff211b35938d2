"""What a profile sets in the packages below: the decoder, the HTTP server, the packs."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from cimsim.cimxml.decode.tolerances import Tolerances
from cimsim.cimxml.http_features import Features
from cimsim.quirks.profiles import Quirks


def tolerances_of(quirks: Quirks) -> Tolerances:
    """Return the malformed requests that the decoder accepts (rule Q2)."""
    return Tolerances(quirks.leading_blanks, quirks.nameless_class, quirks.cim_value_types)


def features_with(features: Features, quirks: Quirks) -> Features:
    """Return the features of an HTTP server as far as the quirks leave them (rules Q1, Q2, Q4)."""
    return replace(
        features,
        content_type=quirks.content_type,
        post_only=quirks.post_only,
        expectations=not quirks.no_expectations,
        matching=not quirks.no_matching,
        trailers=quirks.status_trailers,
    )


def pack_defaults(quirks: Quirks) -> Mapping[str, Mapping[str, Any]]:
    """Return the defaults of settings that replace those of packs, by pack and name; see ``packs.load.load`` (rule W7)."""
    product = quirks.product
    if product is None:
        return {}
    return {
        "interop": {
            "product_name": product.element_name,
            "product_description": product.description,
            "namespace_class": product.namespace_class,
        }
    }
