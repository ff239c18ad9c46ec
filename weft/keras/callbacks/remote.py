"""A callback that sends metrics to a server."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from weft.keras.callbacks.callback import Callback


class RemoteMonitor(Callback):
    """Sends the metrics of every epoch to a server, by HTTP POST. A server that does not answer is warned of.

    Args:
        root: The server's address.
        path: What stands behind it.
        field: The form field that holds the metrics as JSON.
        headers: Headers of the request.
        send_as_json: Whether the body is the JSON itself, and no form.
    """

    def __init__(
        self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/", field: str = "data",
        headers: dict[str, str] | None = None, send_as_json: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Sends an epoch's metrics."""
        import urllib.error  # with what it needs, it takes longer to load than most of Keras
        import urllib.parse
        import urllib.request

        sent = {"epoch": epoch, **{name: np.asarray(value).tolist() for name, value in (logs or {}).items()}}
        text = json.dumps(sent)
        headers = dict(self.headers or {})
        if self.send_as_json:
            body = text.encode()
            headers.setdefault("Content-Type", "application/json")
        else:
            body = urllib.parse.urlencode({self.field: text}).encode()
        address = self.root + self.path
        try:
            request = urllib.request.Request(address, data=body, headers=headers, method="POST")
            with urllib.request.urlopen(request, timeout=10):
                pass
        except (urllib.error.URLError, OSError, ValueError) as error:
            warnings.warn(f"RemoteMonitor: {address} could not be reached: {error}.", stacklevel=2)
