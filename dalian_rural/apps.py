from django.apps import AppConfig


class DalianRuralConfig(AppConfig):
    name = "dalian_rural"
    default_auto_field = "django.db.models.BigAutoField"
