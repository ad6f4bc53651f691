# The operator's image: a Python, the operator and what it imports; no shell, no package manager.
# Any base with Python 3.11 or later, its venv module and CA certificates will do.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# What the operator imports, each with a hash that the lock files name.
FROM ${BASE} AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# pip lives in an environment of its own, so that none is in the one that ships.
RUN python3 -m venv /build/tools && python3 -m venv --without-pip /opt/venv
COPY requirements-build.txt requirements.txt ./
# The locks are complete, so nothing is resolved: what appears in the index later changes nothing.
RUN /build/tools/bin/pip install --no-deps --require-hashes --only-binary :all: \
    -r requirements-build.txt \
    && /build/tools/bin/pip --python /opt/venv/bin/python install --no-compile --no-deps \
    --require-hashes --only-binary :all: -r requirements.txt \
    && /build/tools/bin/pip --python /opt/venv/bin/python check
# Bytecode that is used as it stands: the root file system may be read-only. The typed Kubernetes
# API is hundreds of modules that nobody imports, and stays source text.
RUN /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x 'kubernetes/(aio/)?client/(api|models)/(?!__init__|v1_(managed_fields_entry|object_meta|owner_reference)\.)' \
    /opt/venv/lib

# The operator, in a folder of its own: a new version is a new layer of 1 MB, and no more.
FROM dependencies AS operator
COPY LICENSE README.md pyproject.toml ./
COPY operator operator
RUN /build/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
    && /build/tools/bin/pip --python /opt/venv/bin/python install --quiet --no-compile --no-deps \
    --target /opt/operator dist/*.whl \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/operator

# The base without what the operator never needs.
FROM ${BASE} AS stripped
COPY hack/image/strip.py /strip.py
RUN python3 /strip.py

FROM scratch
COPY --from=stripped / /
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=operator /opt/operator /opt/operator
ARG CREATED=
ARG REVISION=
ARG SOURCE=
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="salesforce-token-operator" \
      org.opencontainers.image.description="Keeps working Salesforce access tokens in Kubernetes Secrets." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}"
ENV PATH=/opt/operator/bin:/opt/venv/bin:/usr/local/bin:/usr/bin \
    HOME=/nonexistent \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/operator \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /
EXPOSE 8080
ENTRYPOINT ["salesforce-token-operator"]
CMD ["run"]
