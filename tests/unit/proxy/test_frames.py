"""What frames mean, as the proxy reads them; the scripts run through the same cases in k6."""

from __future__ import annotations

import pytest

from janbench.proxy.stream.reader import StreamReader
from tests.wire.frames import FrameCase, frame_cases


@pytest.mark.parametrize("case", frame_cases(), ids=lambda case: case.name)
@pytest.mark.parametrize("piece", [1 << 20, 7], ids=["at once", "in pieces"])
def test_frames_mean_what_the_table_says(case: FrameCase, piece: int) -> None:
    reader, body = StreamReader(), case.body().encode()
    for at in range(0, len(body), piece):
        reader.feed(body[at : at + piece], at + 1)
    reader.end(clean=True, promised=frozenset(case.end))
    verdict = reader.found.verdict()
    tokens = reader.output_tokens() or (None, "")
    said = {
        "class": verdict.kind,
        "events": reader.watch.count,
        "visible": bool(reader.watch.first_visible_ns),
        "tokens": tokens[0],
        "source": tokens[1],
        "finish": reader.finish_reason,
        "notes": reader.answer.notes(),
    }
    looked_at = {key: value for key, value in case.means.items() if key in said}
    assert {key: said[key] for key in looked_at} == looked_at, verdict.detail
