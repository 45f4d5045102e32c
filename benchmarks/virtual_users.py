"""What a virtual user costs k6: peak memory and CPU above an empty script, by number of users.

Scripts compared, all of `test-completion-standard`: as `janbench run` executes it, and as `janbench
render` writes it. Users that wait never run an iteration; users that run make one journey each
(login, refresh, models, a streamed chat) against the embedded server, without a proxy. Beside
those, `bare`: a script that makes the same number of requests and nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script too, not only with -m

from benchmarks import rig
from janbench.config.flavours import load_flavours
from janbench.config.scenario_file import load_scenarios
from janbench.model.script import Script
from janbench.render.bundle import bundled
from janbench.render.script import render

ROOT = Path(__file__).parents[1]
BARE = """import http from 'k6/http';
export function stream() {
  const login = http.post(`${__ENV.BASE}/v1/auth/guest-login`, '{}');
  const headers = { Authorization: `Bearer ${login.json('access_token')}` };
  for (let i = 0; i < 3; i += 1) http.get(`${__ENV.BASE}/v1/models`, { headers });
  const messages = [{ role: 'user', content: 'Hi' }];
  const body = JSON.stringify({ model: 'jan-v1-4b', stream: true, messages });
  http.post(`${__ENV.BASE}/v1/chat/completions`, body, { headers, responseType: 'none' });
}
"""


def waiting(users: int) -> str:
    """Options for users that wait."""
    load = f"rate: 1, timeUnit: '10s', duration: '1s', preAllocatedVUs: {users}, maxVUs: {users}"
    return (
        "\nexport const options = { scenarios: { a: { executor: 'constant-arrival-rate', "
        f"exec: 'waits', {load} }} }} }};\nexport function waits() {{}}\n"
    )


def running(users: int) -> str:
    """Options for users that run one journey each."""
    return (
        "\nexport const options = { scenarios: { a: { executor: 'per-vu-iterations', "
        f"exec: 'stream', vus: {users}, iterations: 1 }} }} }};\n"
    )


def written(script: Script, folder: Path, options: str) -> Path:
    """Write a script with other options."""
    main = re.sub(
        r"^export const options = ", "const own = ", script.files[script.main], flags=re.M
    )
    for name, text in {**script.files, script.main: main + options}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / script.main


def cost(script: Path, base: str) -> tuple[float, float]:
    """Run it; return peak memory in MB and CPU seconds."""
    process = subprocess.Popen(
        [rig.find_k6(), "run", "--quiet", "--no-usage-report", "--no-thresholds", "--address", "",
         script],
        cwd=script.parent, env={**os.environ, "BASE": base},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"k6 failed: {process.returncode}")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="1,000 users once")
    quick = parser.parse_args().quick
    scenario = load_scenarios(ROOT / "scenarios.yaml", {}).scenarios["test-completion-standard"]
    apart = render(scenario, load_flavours(), "scenarios.yaml")
    empty = Script("e", "e.js", {"e.js": "export function stream() {}\n"})
    ways = {
        "as a run executes it": bundled(apart),
        "as rendered": apart,
        "bare": Script("b", "b.js", {"b.js": BARE}),
    }
    print("users | script | waiting: MB, CPU ms | running: MB, CPU ms")
    with (
        tempfile.TemporaryDirectory() as place,
        rig.janbench("serve", "--port", "0", "--ttft-ms", "1", "--itl-ms", "0") as server,
    ):

        def of(script: Script, options: str, times: int) -> tuple[float, float]:
            folder = Path(tempfile.mkdtemp(dir=place))
            file = written(script, folder, options)
            costs = [cost(file, server.url) for _ in range(times)]
            return median(c[0] for c in costs), median(c[1] for c in costs)

        for users in (1000,) if quick else (100, 1000, 5000):
            times = 1 if quick else 3
            base = [of(empty, how(users), times) for how in (waiting, running)]
            for name, script in ways.items():
                shown = []
                for how, (megabytes, seconds) in zip((waiting, running), base, strict=True):
                    found = of(script, how(users), times)
                    each = (found[0] - megabytes) / users, (found[1] - seconds) / users * 1000
                    shown.append(f"{each[0]:.3f}, {each[1]:.2f}")
                print(f"{users} | {name} | {shown[0]} | {shown[1]}", flush=True)
            in_all = " | ".join(f"{each[0]:.0f} MB" for each in base)
            print(f"{users} | empty, in all | {in_all}", flush=True)


if __name__ == "__main__":
    main()
