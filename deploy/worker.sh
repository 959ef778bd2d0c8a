#!/bin/sh
# A worker of production; as many as wanted may run.
exec celery -A dalian_rural worker --loglevel INFO --concurrency "${WORKERS:-2}" --max-tasks-per-child 500
