"""The keyboard of a running virtual machine: keys are pressed and released, and remembered while they are pressed.

Nothing reads what is typed. Which keys are pressed is kept with the world, as the number of times that a key has changed: odd
means pressed. Each keyboard has an epoch, so that no key of a machine that was turned off meanwhile is pressed.
"""

from typing import Any, Final

from cimsim.providers import COMPLETED, ENABLED, Instance, Invocation, Transaction

from .devices import Device, epoch_name
from .terms import INVALID_PARAMETER, INVALID_STATE
from .topology import machine_of

UNTYPABLE: Final = 1
"""What TypeText returns for text with characters that a keyboard does not have."""
MAX_TEXT: Final = 512
MAX_CODE: Final = 255
SIDES: Final = {16: 160, 17: 162, 18: 164}
"""Shift, control and alt stand for those on the left."""
CTRL_ALT_DEL: Final = (162, 164, 46)

_TYPABLE: Final = frozenset("\b\t\n\r").union(map(chr, range(0x20, 0x7F)))


class Keyboard(Device):
    """Msvm_Keyboard: types, presses and releases keys of a machine that runs."""

    def PressKey(self, call: Invocation) -> int:
        """Press a key and leave it pressed."""
        return self._change(call, pressed=True)

    def ReleaseKey(self, call: Invocation) -> int:
        """Release a key."""
        return self._change(call, pressed=False)

    def TypeKey(self, call: Invocation) -> int:
        """Press a key and release it: it is not pressed then, even if it was before."""
        return self._change(call, pressed=False)

    def IsKeyPressed(self, call: Invocation) -> Any:
        """Return whether a key is pressed; never for those that stand for the keys of both sides."""
        code = call.arguments["keyCode"]
        refusal = _refusal(call.transaction, call.instance) or _wrong_code(code)
        if refusal:
            return refusal
        return COMPLETED, {"keyState": code not in SIDES and _is_pressed(call.transaction, call.instance, code)}

    def TypeText(self, call: Invocation) -> int:
        """Type text of at most 512 characters; 1 if the keyboard does not have one of them."""
        text = call.arguments["asciiText"]
        refusal = _refusal(call.transaction, call.instance)
        if refusal:
            return refusal
        if text is None or len(text) > MAX_TEXT:
            return INVALID_PARAMETER
        return COMPLETED if _TYPABLE.issuperset(text) else UNTYPABLE

    def TypeCtrlAltDel(self, call: Invocation) -> int:
        """Type Ctrl+Alt+Del: none of the three is pressed then."""
        refusal = _refusal(call.transaction, call.instance)
        for code in () if refusal else CTRL_ALT_DEL:
            _put(call.transaction, call.instance, code, pressed=False)
        return refusal or COMPLETED

    def TypeScancodes(self, call: Invocation) -> int:
        """Type keys by the codes that a keyboard sends."""
        codes = call.arguments["Scancodes"]
        if not codes or any(code is None for code in codes):
            return INVALID_PARAMETER
        return _refusal(call.transaction, call.instance) or COMPLETED

    def Reset(self, call: Invocation) -> int:
        """Release all keys."""
        call.transaction.serial(epoch_name(call.instance["SystemName"]))
        return COMPLETED

    def _change(self, call: Invocation, *, pressed: bool) -> int:
        code = call.arguments["keyCode"]
        refusal = _refusal(call.transaction, call.instance) or _wrong_code(code)
        if refusal:
            return refusal
        _put(call.transaction, call.instance, SIDES.get(code, code), pressed=pressed)
        return COMPLETED


def _refusal(transaction: Transaction, keyboard: Instance) -> int:
    """Return the number with which anything is refused, 0 if nothing speaks against it."""
    machine = machine_of(transaction, keyboard)
    return COMPLETED if machine is not None and machine["EnabledState"] == ENABLED else INVALID_STATE


def _wrong_code(code: int | None) -> int:
    return COMPLETED if code is not None and 0 < code <= MAX_CODE else INVALID_PARAMETER


def _name(transaction: Transaction, keyboard: Instance, code: int) -> str:
    guid = keyboard["SystemName"]
    epoch = transaction.world.serials.get(epoch_name(guid), 0)
    return f"key {guid} {epoch} {code}"


def _is_pressed(transaction: Transaction, keyboard: Instance, code: int) -> bool:
    return bool(transaction.world.serials.get(_name(transaction, keyboard, code), 0) % 2)


def _put(transaction: Transaction, keyboard: Instance, code: int, *, pressed: bool) -> None:
    if _is_pressed(transaction, keyboard, code) != pressed:
        transaction.serial(_name(transaction, keyboard, code))
