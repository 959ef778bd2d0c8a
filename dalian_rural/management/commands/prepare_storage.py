"""Make the places where photos go: part of the deployment step, beside `migrate`."""

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from django.core.files.storage import FileSystemStorage, storages
from django.core.management.base import BaseCommand, CommandError
from storages.backends.s3 import S3Storage


class Command(BaseCommand):
    """Create the bucket or the folders of both storages, where they are missing."""

    help = (
        "Create the bucket or the folders for photos, where they are missing; fails when they cannot be used."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at each storage in turn."""
        for alias in ("default", "sealed"):
            storage = storages[alias]
            if isinstance(storage, FileSystemStorage):
                Path(storage.location).mkdir(parents=True, exist_ok=True)
            elif isinstance(storage, S3Storage):
                self.make_bucket(storage)

    def make_bucket(self, storage: S3Storage) -> None:
        """Create the bucket unless it is there; wrong keys or a wrong address are an error here, not later."""
        client = storage.connection.meta.client
        try:
            client.head_bucket(Bucket=storage.bucket_name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
                raise CommandError(f"the bucket {storage.bucket_name} cannot be used: {error}") from error
            client.create_bucket(Bucket=storage.bucket_name)
            self.stdout.write(f"bucket {storage.bucket_name} created")
