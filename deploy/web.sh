#!/bin/sh
# The web process of production; .ci/run starts the same one without Docker.
exec gunicorn dalian_rural.wsgi --bind "${WEB_BIND:-0.0.0.0:8000}" --workers "${WEB_WORKERS:-3}" \
  --worker-class gthread --threads 4 --timeout 120 --graceful-timeout 20 \
  --no-control-socket --max-requests 5000 --max-requests-jitter 500 --access-logfile -
