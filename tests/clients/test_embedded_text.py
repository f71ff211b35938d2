"""Embedded instances as plain text, from clients that do not say so: the class tells (rules X8 and D24)."""

from typing import TYPE_CHECKING

import pytest
from pywbem import CIMError, Uint16, WBEMConnection

from tests.clients.hyperv_host import DB01, VMMS, component, interface_settings

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Server


@pytest.fixture
def conn(connect: "Connect", changing_server: "Server") -> WBEMConnection:
    return connect(changing_server)


def test_settings_as_plain_text(conn: WBEMConnection) -> None:
    settings = conn.GetInstance(interface_settings(DB01))
    settings["EnabledState"] = Uint16(2)
    settings.path = None
    text = settings.tocimxml().toxml()
    assert conn.InvokeMethod("ModifyResourceSettings", VMMS, ResourceSettings=[text])[0] == 0
    assert conn.GetInstance(component(DB01))["EnabledState"] == 2


@pytest.mark.parametrize("text", ["", "instance of", "<INSTANCE/>", "<VALUE>2</VALUE>"])
def test_text_that_embeds_nothing(conn: WBEMConnection, text: str) -> None:
    with pytest.raises(CIMError) as error:
        conn.InvokeMethod("ModifyResourceSettings", VMMS, ResourceSettings=[text])
    assert error.value.status_code == 4
