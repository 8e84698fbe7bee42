"""How the files service may fail, each named after the fact."""

from mainstay.kit.errors import Conflict, Invalid, NotFound


class FileMissing(NotFound):
    """There is no such file, or none that you may see."""

    title = "There is no such file"


class PartMissing(NotFound):
    """The file has fewer parts."""

    title = "The file has no such part"


class FileEmpty(Invalid):
    """The file has no bytes."""

    title = "The file is empty"


class UploadMissing(NotFound):
    """There is no such upload, or it has ended."""

    title = "There is no such upload"


class UploadEnded(Conflict):
    """The upload was completed or cancelled, or its hour is over."""

    title = "The upload has ended"


class UploadUnfit(Invalid):
    """The parts do not make up what was announced."""

    title = "The parts do not make up the file"
