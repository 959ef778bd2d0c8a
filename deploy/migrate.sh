#!/bin/sh
# The deployment step that runs once before the other processes start.
set -e
python manage.py migrate --no-input
python manage.py prepare_storage
