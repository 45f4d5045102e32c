# janbench with everything that it needs: k6, Python, the test cases.
#
#   docker build -t janbench .
#   docker run --rm --network host -v "$PWD:/tests" janbench                 all test cases
#   docker run --rm --network host -v "$PWD:/tests" janbench NAME --single   one of them
#
# Other bases (a mirror, a pinned digest): --build-arg K6_IMAGE=... --build-arg PYTHON_IMAGE=...
ARG K6_IMAGE=grafana/k6:1.8.3
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${K6_IMAGE} AS k6

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
# What is installed is locked, with hashes, and so is what builds the wheel (CONTRIBUTING.md).
COPY requirements/run.txt requirements/build.txt requirements/
RUN python3 -m venv /opt/janbench && python3 -m venv /opt/build \
    && /opt/janbench/bin/python -m pip install --no-cache-dir --no-compile \
         --disable-pip-version-check --require-hashes --requirement requirements/run.txt \
    && /opt/build/bin/python -m pip install --no-cache-dir --no-compile \
         --disable-pip-version-check --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE scenarios.yaml ./
COPY templates templates
COPY docs/glossary.md docs/glossary.md
COPY janbench janbench
RUN /opt/build/bin/hatchling build --target wheel --directory /wheels \
    && /opt/janbench/bin/python -m pip install --no-cache-dir --no-compile \
         --disable-pip-version-check --no-index --no-deps /wheels/*.whl
# Without what is never loaded (image/slim.py): 115 MB of 270.
COPY image/slim.py ./
RUN /opt/janbench/bin/python slim.py /opt/janbench/lib/python3.*/site-packages
# The proof that nothing is missing: the demo passes and its report can be written. A measurement on
# a machine that builds may be invalid, which is no fault here. It also leaves bytecode beside the
# modules that were loaded; those that never are need none.
COPY --from=k6 /usr/bin/k6 /usr/bin/k6
RUN cd "$(mktemp -d)" \
    && PATH="/opt/janbench/bin:$PATH" \
    && janbench run test-completion-standard --demo --single \
    && { janbench run test-completion-standard --demo --duration 3s || test -d results/latest; } \
    && janbench report latest --format all
COPY image/entrypoint.py /opt/janbench/entrypoint.py

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="janbench" \
      org.opencontainers.image.description="Load tests for Jan Server and OpenAI-compatible LLM APIs" \
      org.opencontainers.image.licenses="Apache-2.0 AND AGPL-3.0-only" \
      org.opencontainers.image.version="${VERSION}"
# An init: k6 and the timing proxy are children, and signals must reach janbench.
RUN if ! command -v tini >/dev/null; then \
      apt-get update \
      && apt-get install --yes --no-install-recommends tini \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
    && groupadd --gid 10001 janbench \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp janbench \
    && install --directory --owner=10001 --group=10001 /tests
COPY --from=k6 /usr/bin/k6 /usr/bin/k6
COPY --from=build /opt/janbench /opt/janbench
ENV PATH=/opt/janbench/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /tests
# It starts as root only to become the owner of /tests at once (image/entrypoint.py), so that the
# results belong to whoever mounted it. With `--user` it never is root.
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/janbench/bin/python", "/opt/janbench/entrypoint.py"]
