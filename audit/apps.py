from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from audit import triggers


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit log")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put the triggers up after every migrate: the one receiver outside sign-in auditing."""
        post_migrate.connect(triggers.put_up, sender=self, dispatch_uid="append-only")
