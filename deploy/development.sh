#!/bin/sh
# Run one process of the development containers; restart it when a Python file under src changes.
# DEBUGGER=web or DEBUGGER=worker runs that one as a single process under debugpy on port 5678.
set -eu

debug=
if [ "${DEBUGGER:-}" = "$1" ]; then
  debug="python -Xfrozen_modules=off -m debugpy --listen 0.0.0.0:5678 -m"
fi

case $1 in
  web)
    run="gunicorn -c python:moderado.config.gunicorn moderado.config.asgi:application"
    if [ -n "$debug" ]; then
      # A debugger needs a single process.
      run="$debug uvicorn moderado.config.asgi:application --host 0.0.0.0 --port 8000 --lifespan off"
      run="$run --ws moderado.realtime.transport.uvicorn_protocol:ChatProtocol --ws-max-size 65536 --no-access-log"
      run="$run --http moderado.realtime.transport.http_protocol:HttpProtocol"
    fi
    ;;
  worker)
    run="celery --quiet --app=moderado.config.heartbeat.worker worker --without-gossip --without-mingle"
    if [ -n "$debug" ]; then run="$debug $run --pool=solo"; fi
    ;;
  beat)
    run="celery --quiet --app=moderado.config.heartbeat.beat beat --pidfile="
    ;;
  *)
    echo "development.sh: web, worker or beat?" >&2
    exit 2
    ;;
esac

exec watchfiles --filter python --sigint-timeout 10 "$run" /app/src
