"""The addresses of schemes in the API."""

from schemes.api.items import urlpatterns as items
from schemes.api.schemes import urlpatterns as schemes

urlpatterns = [*items, *schemes]
