"""How much a message may ask of the decoder."""

import msgspec


class MessageLimits(msgspec.Struct, frozen=True):
    """Caps that keep a hostile message from costing more than an honest one (rules SEC2, SEC3).

    The size of the body is the server's to limit. XML nests at most 256 deep and a text or attribute holds at most 10 million
    bytes, which libxml2 sees to (rule T17).

    Attributes:
        elements: tags in a message, start and end counted, before anything is built of them.
        attributes: attributes in a message, counted as equals signs outside and inside text.
        references: ampersands in a message; what embeds objects as text has two for each tag of theirs, and more at each level.
        tag_length: bytes of one tag with its attributes; long texts are elements, so this is generous.
        key_bindings: keys of one instance path.
        path_depth: references in the keys of references.
        array_items: items of one array.
        name_length: characters of one CIM name.
        embedding_depth: embedded objects in embedded objects.
        embedded_length: characters of one embedded object; also of all in one call that only its class declares as such.
        batch: requests in one message.
        parameters: parameters of one call.
        class_elements: properties, methods and parameters of one class.
        class_qualifiers: qualifiers of one class and its elements.
    """

    elements: int = 100_000
    attributes: int = 1_000_000
    references: int = 1_000_000
    tag_length: int = 131_072
    key_bindings: int = 1000
    path_depth: int = 10
    array_items: int = 25_000
    name_length: int = 1024
    embedding_depth: int = 10
    embedded_length: int = 262_144
    batch: int = 1000
    parameters: int = 1000
    class_elements: int = 400
    class_qualifiers: int = 1200
