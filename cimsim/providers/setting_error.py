"""What a pack raises when its user gave a setting a value that it cannot take."""


class SettingError(ValueError):
    """A value of a setting cannot be taken. The error that ends the start names the setting, not a line of the pack.

    Args:
        name: of the setting, without that of the pack.
        text: what is wrong, and what to write.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text
