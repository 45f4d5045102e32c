"""The objects for k6-operator against a schema of its fields."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pytest

from janbench.engines.kubernetes.manifests import ClusterTest, manifests, object_name
from tests.testrun_schema import check

TEST = ClusterTest(
    name="janbench-test-responses",
    archive=b"\x00packed\xff",
    parallelism=4,
    image="grafana/k6:1.8.3",
    target="http://jan:8787",
    environment={"BASE": "http://jan:8787", "STREAM_RPS": "8"},
    tags={"testid": "t-1"},
    secret="credentials",
    secret_keys=("API_KEY",),
)


def variant(**changed: Any) -> list[dict[str, Any]]:
    return manifests(dataclasses.replace(TEST, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"parallelism": 1, "separate": True},
        {"claim": "scripts", "namespace": "load"},
        {"janbench_image": "janbench:0.1.0", "timed": True},
        {"janbench_image": "janbench:0.1.0", "collected": True},
        {"arguments": ("--out", "experimental-prometheus-rw")},
        {"name": object_name("Odd_Name with/Everything.js" * 4)},
    ],
)
def test_objects_have_only_fields_that_the_operator_knows(changed: dict[str, Any]) -> None:
    *_, run = variant(**changed)
    check(run)


def test_schema_refuses_what_the_operator_does_not_know() -> None:
    """The schema can fail: a list of extra containers is what the operator hasn't got."""
    *_, run = variant()
    run["spec"]["runner"]["containers"] = []
    with pytest.raises(Exception, match="containers"):
        check(run)


def test_config_map_holds_the_archive_to_the_byte() -> None:
    config_map, run = variant()
    assert base64.b64decode(config_map["binaryData"]["test.tar"]) == TEST.archive
    assert run["spec"]["script"]["configMap"]["name"] == config_map["metadata"]["name"]
    assert run["spec"]["parallelism"] == 4


def test_claim_takes_the_place_of_the_config_map() -> None:
    (run,) = variant(claim="scripts")
    place = {"name": "scripts", "file": "test.tar", "readOnly": True}
    assert run["spec"]["script"] == {"volumeClaim": place}


def test_secrets_are_referred_to_and_may_be_absent() -> None:
    *_, run = variant()
    by_name = {entry["name"]: entry for entry in run["spec"]["runner"]["env"]}
    reference = {"name": "credentials", "key": "API_KEY", "optional": True}
    assert by_name["API_KEY"] == {"name": "API_KEY", "valueFrom": {"secretKeyRef": reference}}
    assert by_name["BASE"]["value"] == "http://jan:8787"


def test_timing_proxy_is_a_native_sidecar_that_the_script_is_told_of() -> None:
    *_, run = variant(janbench_image="janbench:0.1.0", timed=True)
    runner = run["spec"]["runner"]
    sidecar, waiter = runner["initContainers"]  # one after the other; k6 starts when both are up
    assert sidecar["restartPolicy"] == "Always"
    listen = sidecar["args"][sidecar["args"].index("--listen") + 1]
    address = {entry["name"]: entry.get("value") for entry in runner["env"]}["JANBENCH_PROXY"]
    assert address == f"http://{listen}"
    assert waiter["args"][-1] == listen
    assert "restartPolicy" not in waiter
    assert [v["name"] for v in runner["volumes"]] == [sidecar["volumeMounts"][0]["name"]]
    *_, without = variant()
    assert "initContainers" not in without["spec"]["runner"]
    assert "JANBENCH_PROXY" not in json.dumps(without)


def test_names_are_those_that_kubernetes_takes() -> None:
    assert object_name("test-responses") == "janbench-test-responses"
    assert object_name("A_b/ç.js") == "janbench-a-b-js"
    assert len(object_name("x" * 200)) <= 51


def test_long_names_that_begin_alike_stay_apart() -> None:
    """The operator appends `-initializer` to a name, and a label holds 63 characters."""
    names = {object_name(f"{'completion-with-a-long-name-' * 2}{end}") for end in "abc"}
    assert len(names) == 3
    assert all(len(name) <= 51 for name in names)
    assert len(object_name("x" * 200, "0a1b2c3d")) <= 51
    assert object_name("x" * 200, "0a1b2c3d").endswith("-0a1b2c3d")


def test_every_pod_fits_a_restricted_namespace_with_a_quota() -> None:
    spec = variant(timed=True, collected=True, janbench_image="janbench:1")[-1]["spec"]
    for pod in (spec["runner"], spec["initializer"], spec["starter"]):
        security, container = pod["securityContext"], pod["containerSecurityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["allowPrivilegeEscalation"] is False
        assert container["capabilities"] == {"drop": ["ALL"]}
        for part in (pod, *pod.get("initContainers", ())):
            assert {"cpu", "memory"} <= part["resources"]["requests"].keys()
            assert "memory" in part["resources"]["limits"]


def test_only_runners_log_in_json() -> None:
    """The operator looks for `level=error` in the log of the initializer."""
    *_, run = variant()
    assert "--log-format" not in run["spec"]["arguments"]
    names = {
        pod: {entry["name"] for entry in run["spec"][pod]["env"]}
        for pod in ("runner", "initializer")
    }
    assert names["runner"] - names["initializer"] == {"K6_LOG_FORMAT"}


def test_no_tag_reaches_a_shell_or_becomes_two_arguments() -> None:
    *_, run = variant(tags={"base": "http://h/v1?a=1&b=$(reboot)", "model": "qwen 2.5 'x';`y`"})
    arguments = run["spec"]["arguments"]
    assert arguments.split(" ") == [
        "--no-usage-report", "--tag", "base=http://h/v1-a=1-b=--reboot-", "--tag",
        "model=qwen-2.5--x---y-",
    ]  # fmt: skip
