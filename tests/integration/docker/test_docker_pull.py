"""An image that isn't there is pulled, with its progress told, and not pulled again."""

from __future__ import annotations

from tests.docker_daemon import PrivateDaemon, k6_binary
from tests.integration.docker.conftest import MakeEngine
from tests.integration.docker.registry import registry


def test_pull_tells_its_progress_and_happens_once(
    make_engine: MakeEngine, daemon: PrivateDaemon
) -> None:
    notices: list[str] = []
    with registry(k6_binary()) as host:
        image = f"{host}/k6:1"
        engine = make_engine(image=image, notice=notices.append)
        assert engine.info.k6_version.startswith("1.")
        assert notices[0] == f"Pulling {image}"
        assert notices[-1] == f"Pulled {image}"
        assert any("% of " in notice for notice in notices)
        notices.clear()
    make_engine(image=image, notice=notices.append)  # with the registry gone
    assert notices == []
    daemon.client.images.remove(image)
