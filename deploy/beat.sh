#!/bin/sh
# The clock of production. A second one does no harm (each task derives from rows what is due), one is enough.
exec celery -A dalian_rural beat --loglevel INFO --scheduler dalian_rural.beat:Scheduler \
  --schedule "${VAR_DIR:-var}/beat-schedule" --pidfile ""
