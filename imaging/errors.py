"""What a file that is no picture raises."""


class DecodeError(ValueError):
    """The file is no whole picture; `reason` is a short code, `detail` says what is wrong.

    Reasons: missing, empty, html, lfs_pointer, unknown_format, too_many_pixels, truncated, corrupt,
    no_preview, changed.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
