"""Conversations, items and workspaces of v1."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.embedded import EmbeddedServer, embedded_server
from tests.integration.server.conftest import Api, guest

ALL = "/v1/conversations"
NOT_FOUND = {
    "code": "e91636c2-fced-4a89-bf08-55309005365f",
    "error": "conversation not found",
}


def create(api: Api, title: str = "t", **more: Any) -> dict[str, Any]:
    reply = api("POST", ALL, {"title": title, **more})
    assert reply.status_code == 200
    body: dict[str, Any] = reply.json()
    return body


def message(text: str, role: str = "user", kind: str = "text") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def test_the_life_of_a_conversation(v1: Api) -> None:
    made = create(v1, "first", metadata={"k": "v"})
    assert re.fullmatch(r"conv_[0-9a-z]{42}", made["id"])
    assert made == {
        "id": made["id"],
        "title": "first",
        "object": "conversation",
        "created_at": made["created_at"],
        "metadata": {"k": "v"},
    }
    one = f"{ALL}/{made['id']}"
    assert v1("GET", one).json() == made
    changed = v1("PATCH", one, {"title": "second", "metadata": {}}).json()
    assert (changed["title"], changed["metadata"]) == ("second", {})
    gone = v1("DELETE", one)
    assert gone.status_code == 200
    assert gone.json() == {"id": made["id"], "object": "conversation.deleted", "deleted": True}
    for method in ("GET", "DELETE", "PATCH"):
        reply = v1(method, one, {"title": "x"})
        assert (reply.status_code, reply.json()) == (404, NOT_FOUND)
    assert v1("GET", ALL).json()["data"] == []


def test_another_user_sees_nothing(v1: Api, v1_server: EmbeddedServer) -> None:
    made = create(v1)
    other = guest(v1_server)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/items")):
        reply = other(method, f"{ALL}/{made['id']}{path}", {})
        assert (reply.status_code, reply.json()) == (404, NOT_FOUND)
    assert other("GET", ALL).json()["total"] == 0
    assert v1("GET", f"{ALL}/{made['id']}").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "  "},
        {"title": "x" * 201},
        {"title": 5},
        {"title": "t", "metadata": {"bad key": "v"}},
        {"title": "t", "metadata": {"k": "v" * 501}},
        {"title": "t", "metadata": {f"k{n}": "v" for n in range(21)}},
        {"title": "t", "items": [message("x")] * 21},
        {"title": "t", "items": [{"type": "nonsense", "role": "user"}]},
        [],
    ],
)
def test_what_cannot_be_created(v1: Api, body: Any) -> None:
    reply = v1("POST", ALL, body)
    assert reply.status_code == 400
    assert reply.json()["code"] == "019952d0-3e32-76ba-a97f-711223df2c84"


def test_pages_of_conversations(v1: Api) -> None:
    ids = [create(v1, f"t{n}")["id"] for n in range(5)]

    def page(query: str) -> dict[str, Any]:
        body: dict[str, Any] = v1("GET", f"{ALL}?{query}").json()
        return body

    def names(query: str) -> list[str]:
        return [row["id"] for row in page(query)["data"]]

    first = page("limit=2")
    assert [row["id"] for row in first["data"]] == ids[:2]
    assert (first["has_more"], first["total"]) == (True, 5)
    assert (first["first_id"], first["last_id"]) == (ids[0], ids[1])
    assert names(f"limit=2&last={ids[1]}") == ids[2:4]
    assert names("order=desc&limit=1") == ids[4:]
    assert names(f"order=desc&last={ids[1]}") == ids[:1]
    assert names(f"after={ids[1]}") == ids  # ignored: the cursor is called `last`
    assert names(f"last={ids[1]}&offset=1") == ids  # an offset switches it off
    assert names("limit=100000") == ids  # no upper bound
    for bad in ("limit=0", "limit=x", "order=up", "last=conv_unknown", "offset=x"):
        reply = v1("GET", f"{ALL}?{bad}")
        assert reply.status_code == 400
        assert reply.json()["error"] == "Invalid pagination parameters"


def test_an_empty_page_has_null_ids(v1: Api) -> None:
    page = v1("GET", ALL).json()
    assert (page["first_id"], page["last_id"], page["has_more"]) == (None, None, False)


def test_items(v1: Api) -> None:
    made = create(v1)
    one = f"{ALL}/{made['id']}/items"
    added = v1("POST", one, {"items": [message("a"), message("b", "assistant")]}).json()
    assert added["total"] == 2
    # The reply is built before the database has set the time.
    assert [item["created_at"] for item in added["data"]] == [-62135596800] * 2
    listed = v1("GET", f"{one}?limit=1").json()
    # `total` counts the page only.
    assert (listed["total"], listed["has_more"]) == (1, True)
    item = listed["data"][0]
    assert re.fullmatch(r"msg_[0-9a-z]{42}", item["id"])
    assert item["created_at"] > 1_700_000_000
    assert item["content"] == [{"type": "text", "text": {"value": "a"}}]
    assert (item["object"], item["type"], item["role"], item["status"]) == (
        "conversation.item",
        "message",
        "user",
        "completed",
    )
    assert v1("GET", f"{one}/{item['id']}").json() == item
    assert v1("DELETE", f"{one}/{item['id']}").json()["id"] == made["id"]
    gone = v1("GET", f"{one}/{item['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "25647b40-4967-497e-9cbd-a85243ccef58")


def test_input_text_comes_back_without_its_text(v1: Api) -> None:
    made = create(v1, items=[message("lost", kind="input_text")])
    item = v1("GET", f"{ALL}/{made['id']}/items").json()["data"][0]
    assert item["content"] == [{"type": "input_text"}]


def test_an_item_without_a_role_gives_an_empty_200(v1: Api) -> None:
    one = f"{ALL}/{create(v1)['id']}/items"
    bare = message("x")
    del bare["role"]
    reply = v1("POST", one, {"items": [bare]})
    assert (reply.status_code, reply.content) == (200, b"")
    assert v1("GET", one).json()["data"] == []


@pytest.mark.parametrize(
    "items",
    [
        [],
        [message("x")] * 101,
        [message("x", "robot")],
        [message("x" * 50_001)],
        [message("x", kind="image")],
        ["text"],
    ],
)
def test_items_that_are_refused(v1: Api, items: Any) -> None:
    one = f"{ALL}/{create(v1)['id']}/items"
    assert v1("POST", one, {"items": items}).status_code == 400
    assert v1("GET", one).json()["data"] == []


def test_main_creates_only_in_a_workspace() -> None:
    with embedded_server("--flavour", "jan-v1-main") as server:
        api, other = guest(server), guest(server)
        for body in ({"title": "t"}, {"title": "t", "workspace_id": "ws_x"}):
            refused = api("POST", ALL, body)
            assert (refused.status_code, refused.json()) == (
                400,
                {"code": "019952d0-1dc9-746e-82ff-dd42b1e7930f", "error": ""},
            )
        reply = api("POST", "/v1/conv/workspaces", {"name": "w"})
        assert reply.status_code == 201
        workspace = reply.json()
        assert re.fullmatch(r"ws_[0-9a-z]{24}", workspace["id"])
        assert set(workspace) == {"id", "name", "created_at", "updated_at"}
        body = {"title": "t", "workspace_id": workspace["id"]}
        assert other("POST", ALL, body).status_code == 400
        made = create(api, workspace_id=workspace["id"])
        assert made["workspace_id"] == workspace["id"]
        assert api("GET", f"{ALL}?workspace_id=none").json()["data"] == []
        assert len(api("GET", f"{ALL}?workspace_id={workspace['id']}").json()["data"]) == 1
        moved = api("PATCH", f"{ALL}/{made['id']}/workspace", {"workspace_id": None}).json()
        assert "workspace_id" not in moved
        assert len(api("GET", f"{ALL}?workspace_id=none").json()["data"]) == 1
        assert api("GET", "/v1/conv/workspaces").json()["data"][0]["id"] == workspace["id"]


def test_v1_knows_no_workspaces(v1: Api) -> None:
    assert v1("POST", "/v1/conv/workspaces", {"name": "w"}).status_code == 404
