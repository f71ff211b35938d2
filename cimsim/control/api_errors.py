"""What the control plane answers when it cannot do what is asked."""


class ControlError(Exception):
    """A request cannot be carried out: the HTTP status that says so, and a text for whoever asked."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
