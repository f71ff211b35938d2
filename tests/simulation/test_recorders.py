"""Several who want the records of exchanges."""

from cimsim.cimom.journal import Journal
from cimsim.server.recording import HttpExchange
from cimsim.simulation.request_log import JournalRecorder, recorder_of

EXCHANGE = HttpExchange(0.0, "CIM-XML", "127.0.0.1", None, (), 200, "", 0.0, 3, 4)


def test_each_recorder_gets_the_exchange_and_bodies_only_if_it_wants_them() -> None:
    plain, full = Journal(bodies=False), Journal()
    both = recorder_of([JournalRecorder(plain), JournalRecorder(full)])
    assert both is not None
    assert both.bodies
    both.record(EXCHANGE, b"ask", b"tell")
    assert [(entry.number, entry.request, entry.response) for entry in (*plain, *full)] == [(1, b"", b""), (1, b"ask", b"tell")]


def test_nobody_wants_records_and_one_alone_does() -> None:
    one = JournalRecorder(Journal(bodies=False))
    assert recorder_of([]) is None
    assert recorder_of([one]) is one
