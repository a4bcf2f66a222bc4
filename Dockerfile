# Chat Moderado: one image for web, worker, beat and migrate.
#
#   docker build -t chat-moderado .                        the production image
#   docker build -t chat-moderado:dev --target development .

# --- builder: the only stage with pip ----------------------------------------------------------
FROM python:3.13-slim AS builder

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

# Without pip: nothing can be installed into the environment after it is copied.
RUN python -m venv --without-pip /opt/venv
COPY requirements-server.lock /build/
RUN pip --python /opt/venv/bin/python install --require-hashes --no-deps --only-binary :all: \
      -r /build/requirements-server.lock

# --- assets: byte code and static files, built once ---------------------------------------
FROM builder AS assets

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app/src \
    DJANGO_SETTINGS_MODULE=moderado.config.settings.web
WORKDIR /app
COPY src /app/src
# Collecting files does not use these required settings. None of them stays in a layer.
RUN SECRET_KEY="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" \
    DATABASE_URL=postgres://nobody@nowhere.invalid/none \
    REDIS_URL=redis://nowhere.invalid/0 \
    python -m django collectstatic --noinput --verbosity 0 \
 && find /app/src -name __pycache__ -prune -exec rm -rf '{}' + \
 && python -m compileall -q --invalidation-mode unchecked-hash /app/src

# --- base: common to all running containers -------------------------------------------------------
FROM python:3.13-slim AS base

RUN groupadd --gid 10001 moderado \
 && useradd --uid 10001 --gid moderado --no-create-home --home-dir /tmp \
      --shell /usr/sbin/nologin moderado
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app/src \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=moderado.config.settings.web \
    HOME=/tmp
WORKDIR /app
COPY deploy/container_health.py /app/deploy/
EXPOSE 8000
CMD ["gunicorn", "-c", "python:moderado.config.gunicorn", "moderado.config.asgi:application"]

# --- development: the source is mounted over /app/src ---------------------------------------------
FROM builder AS development-packages

COPY requirements-dev.lock /build/
# Two tools and their dependencies, with the versions and hashes of the development lock.
RUN awk '/^[a-z0-9]/ { wanted = /^(anyio|debugpy|idna|sniffio|typing-extensions|watchfiles)==/ } wanted' \
      /build/requirements-dev.lock > /build/requirements-tools.lock \
 && pip --python /opt/venv/bin/python install --require-hashes --no-deps --only-binary :all: \
      -r /build/requirements-tools.lock

FROM base AS development

COPY --from=development-packages /opt/venv /opt/venv
COPY src /app/src
COPY deploy/development.sh /app/deploy/
USER 10001:10001

# --- production: the last stage, so the default one -----------------------------------------------
FROM base AS production

# Remove build and install tools, so that an intruder cannot use them.
RUN rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip \
      /usr/local/bin/pip* /usr/local/bin/idle* /usr/local/bin/pydoc*
COPY --from=assets /opt/venv /opt/venv
COPY --from=assets /app /app
COPY deploy/make_secrets.py /app/deploy/
USER 10001:10001
