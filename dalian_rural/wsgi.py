import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from dalian_rural.proxy import behind

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dalian_rural.settings")
application = behind(get_wsgi_application(), settings.PROXY_COUNT)
