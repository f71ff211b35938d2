from hypothesis import given
from hypothesis import strategies as st

from cimsim.server.response import Response

BATCHES = st.lists(st.lists(st.binary(max_size=40), max_size=5), max_size=8)


def collected(batches: list[list[bytes]]) -> Response:
    response = Response(iter(batches))
    for _ in batches:
        assert response.collect()
    assert not response.collect()
    return response


@given(BATCHES)
def test_whole_gives_all_of_the_announced_length(batches: list[list[bytes]]) -> None:
    response = collected(batches)
    body = response.join()
    assert body == b"".join(b"".join(batch) for batch in batches)
    assert len(body) == response.length
    assert response.join() == b""


@given(BATCHES, st.integers(1, 30))
def test_pieces_are_all_of_it_and_none_is_large(batches: list[list[bytes]], size: int) -> None:
    response = collected(batches)
    pieces = list(response.pieces(size))
    assert b"".join(pieces) == b"".join(b"".join(batch) for batch in batches)
    assert all(size <= len(piece) < 2 * size for piece in pieces[:-1])
    assert all(pieces)


def test_what_was_given_away_is_not_held() -> None:
    response = collected([[b"a" * 10], [b"b" * 10], [b"c" * 10]])
    pieces = response.pieces(10)
    assert next(pieces) == b"a" * 10
    assert response.join() == b"b" * 10 + b"c" * 10
