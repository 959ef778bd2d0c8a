"""Receive uploads with bounded memory: bytes go to a temporary file and through SHA-256 as they come."""

import hashlib
from typing import Any, BinaryIO, cast

from django.core.files import File
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class HashedUpload(TemporaryUploadedFile):
    """An upload on disk that knows the SHA-256 of what was received."""

    sha256 = ""


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Write each chunk to disk and hash it on the way; nothing of a file is ever held in memory."""

    file: HashedUpload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a temporary file for the next upload."""
        # the grandparent's: the parent would open a second file
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.digest = hashlib.sha256()
        self.file = HashedUpload(
            self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hash and write one chunk."""
        self.digest.update(raw_data)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> HashedUpload:
        """Hand over the file with its hash."""
        finished = cast(HashedUpload, super().file_complete(file_size))
        finished.sha256 = self.digest.hexdigest()
        return finished


def sha256_of(file: "File[Any]") -> str:
    """Return the SHA-256 of a file's bytes: the one taken while receiving, else by reading it in chunks."""
    if isinstance(file, HashedUpload) and file.sha256:
        return file.sha256
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def binary(file: "File[Any]") -> BinaryIO:
    """Return a Django file as the plain binary file that it behaves like."""
    return cast(BinaryIO, file)
