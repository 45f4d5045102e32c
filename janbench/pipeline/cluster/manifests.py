"""A test case as Kubernetes objects, written to files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from janbench.config.flavours import load_flavours
from janbench.engines.base import EngineOptions
from janbench.engines.k6.archive import archive
from janbench.engines.kubernetes.manifests import (
    CONFIG_MAP_BYTES,
    ClusterTest,
    manifests,
    object_name,
)
from janbench.engines.local.engine import LocalEngine
from janbench.errors import ConfigError
from janbench.model.text.secret import OWN_VARIABLES, is_secret
from janbench.pipeline.request import RunRequest
from janbench.pipeline.selection.case import Case, secret_names, select, variables_of
from janbench.pipeline.selection.catalogue import catalogue
from janbench.pipeline.sharing import check_shareable
from janbench.pipeline.telemetry import tags_of
from janbench.render.script import render
from janbench.render.writer import write_scripts

_PROMETHEUS = "experimental-prometheus-rw"


@dataclass(frozen=True)
class Written:
    """The files: `manifest` to apply, `archive` to put on the claim when there is one."""

    manifest: Path
    archive: Path | None
    secret_keys: tuple[str, ...]


def render_cluster(request: RunRequest, folder: Path) -> Written:
    """Write the objects for one test case into `folder`.

    Raises ConfigError when the case can't be split or is too large for a ConfigMap, EngineError
    when there is no local k6 to pack it.
    """
    cluster = request.cluster
    listed = catalogue(
        request.scenario_file, request.environment, request.overrides, request.untrusted
    )
    case = _only(select(request, listed, request.environment).cases)
    check_shareable(case, request.instances)
    case = replace(case, variables=variables_of(case, request))
    packed = _packed(case, listed.source.name, request)
    if len(packed) > CONFIG_MAP_BYTES and not cluster.claim:
        raise ConfigError(
            f"{case.info.name} is {len(packed) / 1e6:.1f} MB packed, and a ConfigMap holds 1 MB",
            hint="Put it on a volume: --claim NAME, the name of a PersistentVolumeClaim.",
        )
    test = _test(case, packed, request)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / f"{case.info.name}.yaml"
    manifest.write_text(yaml.safe_dump_all(manifests(test), sort_keys=False), encoding="utf-8")
    tar = None
    if cluster.claim:
        tar = folder / f"{object_name(case.info.name)}.tar"
        tar.write_bytes(packed)
    return Written(manifest, tar, test.secret_keys)


def _only(cases: list[Case]) -> Case:
    if len(cases) != 1:
        raise ConfigError("name one test case")
    return cases[0]


def _packed(case: Case, source: str, request: RunRequest) -> bytes:
    k6 = LocalEngine.find(EngineOptions(request.k6, request.environment)).k6
    with tempfile.TemporaryDirectory(prefix="janbench-") as place:
        script, target = case.script, Path(place) / "packed.tar"
        if case.plan is not None:
            made = render(case.plan.scenario, load_flavours(), source)
            script = write_scripts([made], Path(place))[0]
        assert script is not None
        archive(k6, script.resolve(), target, _plain(case.variables))
        return target.read_bytes()


def _test(case: Case, packed: bytes, request: RunRequest) -> ClusterTest:
    cluster = request.cluster
    timed = case.info.timing == "proxy"
    environment = _plain(case.variables)
    for name, value in request.environment.items():
        if name.startswith("K6_PROMETHEUS_RW_") and not is_secret(name) and value:
            environment[name] = value
    metrics = "K6_PROMETHEUS_RW_SERVER_URL" in environment
    keys = OWN_VARIABLES if metrics else tuple(k for k in OWN_VARIABLES if not k.startswith("K6_"))
    return ClusterTest(
        name=object_name(case.info.name),
        archive=packed,
        parallelism=request.instances,
        image=cluster.image,
        target=case.target.base,
        environment=environment,
        tags=tags_of(case, request.testid or object_name(case.info.name)).as_tags(),
        secret=cluster.secret,
        secret_keys=(*keys, *secret_names(case)),
        namespace=cluster.namespace,
        janbench_image=cluster.janbench_image,
        timed=timed,
        claim=cluster.claim,
        arguments=("--out", _PROMETHEUS) if metrics else (),
        separate=cluster.separate,
        resources=cluster.resources,
    )


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not is_secret(name)}
