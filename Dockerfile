# The project's images: `docker build --target operator .`, likewise unlearn-job and inference.
#
# Tags name the base and uv. For a release pin the base by digest as well:
#   --build-arg BASE=python:3.12-slim-bookworm@sha256:<digest that `docker buildx imagetools inspect` shows>
# The packages are those of uv.lock, each with its hash.
ARG BASE=python:3.12-slim-bookworm

# What builds: uv, and how to reach a package index from here. An ARG lives for the build only, so that no mirror
# and no proxy gets into an image.
FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG PIP_FIND_LINKS
ARG PIP_CERT
ARG UV_INDEX_URL
ARG UV_DEFAULT_INDEX
ARG UV_FIND_LINKS
ARG SSL_CERT_FILE
ARG SSL_CERT_DIR
ARG REQUESTS_CA_BUNDLE
ARG HTTP_PROXY
ARG HTTPS_PROXY
ARG NO_PROXY
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./

# What runs: nobody's user, nothing to write but what the pod mounts. USER, because libraries ask for the name of a
# user, and this one has none in /etc/passwd.
FROM ${BASE} AS runtime
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    USER=nonroot \
    HF_HUB_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1
USER 65532:65532
WORKDIR /tmp

# The operator, and fetch-encoder, which runs in front of every target and checks signatures: slim, without torch.
FROM build AS operator-build
# Again, because not every builder hands an ARG on to a stage that is built from this one.
ARG UV_INDEX_URL
ARG UV_DEFAULT_INDEX
ARG UV_FIND_LINKS
ARG SSL_CERT_FILE
ARG SSL_CERT_DIR
ARG HTTP_PROXY
ARG HTTPS_PROXY
ARG NO_PROXY
RUN /opt/uv/bin/uv sync --frozen --no-default-groups --extra operator --extra signing --no-install-project
COPY operator/erasure_operator operator/erasure_operator
COPY unlearn_job unlearn_job
COPY inference inference
RUN /opt/uv/bin/uv sync --frozen --no-default-groups --extra operator --extra signing --no-editable

FROM runtime AS operator
COPY --from=operator-build /opt/venv /opt/venv
ENTRYPOINT ["concept-erasure-operator"]
CMD ["run"]

# The Job and the inference server share one environment, so that a node keeps one copy of torch.
# DEPENDENCIES=mounted leaves all packages but the project's own out: whoever runs the image mounts a folder with
# them at /opt/lab-site-packages. The lab does so.
FROM build AS torch-build
# Again, because not every builder hands an ARG on to a stage that is built from this one.
ARG UV_INDEX_URL
ARG UV_DEFAULT_INDEX
ARG UV_FIND_LINKS
ARG SSL_CERT_FILE
ARG SSL_CERT_DIR
ARG HTTP_PROXY
ARG HTTPS_PROXY
ARG NO_PROXY
ARG DEPENDENCIES=installed
RUN if [ "$DEPENDENCIES" = installed ]; then \
      /opt/uv/bin/uv sync --frozen --no-default-groups --extra job --extra signing --extra inference --no-install-project; \
    else \
      python -m venv --without-pip /opt/venv \
      && echo /opt/lab-site-packages > "$(echo /opt/venv/lib/python3.*/site-packages)/mounted.pth"; \
    fi
COPY operator/erasure_operator operator/erasure_operator
COPY unlearn_job unlearn_job
COPY inference inference
RUN /opt/uv/bin/uv pip install --python /opt/venv --no-deps .

FROM runtime AS torch
COPY --from=torch-build /opt/venv /opt/venv

FROM torch AS unlearn-job
ENTRYPOINT ["unlearn-job"]

FROM torch AS inference
ENTRYPOINT ["t2v-server"]
