"""The web server: waitress, with errors as problem documents, large bodies refused unread, and a clean stop."""

import json
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import FrameType
from typing import Any

import colander
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ErrorTask

from turnout import schema as fields
from turnout.errors import StartError
from turnout.security.headers import ALWAYS
from turnout.settings import read

MAX_CONNECTIONS = 1000
LINGER_SECONDS = 2.0
"""How long a refused client may go on sending before the connection is cut."""
GRACE_SECONDS = 5
"""How long requests that are running at the stop may take to end."""


class ServerSettings(colander.MappingSchema):
    """Where and how `turnout serve` listens."""

    host = colander.SchemaNode(colander.String(), missing="127.0.0.1")
    port = fields.whole(0, 65535, missing=6543, description="0: any free one")
    threads = fields.whole(1, 100, missing=4, description="Requests answered at once by a process")
    trusted_proxy = colander.SchemaNode(
        colander.String(),
        missing="",
        description="Address of the proxy whose X-Forwarded-For, -Proto and -Host are believed",
    )


def server_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked settings below ``server.``. Raises `turnout.settings.SettingsError`."""
    return read("server", ServerSettings(), settings)


class ProblemTask(ErrorTask):
    """Answers what waitress itself refuses as a problem document, like everything else."""

    def execute(self) -> None:
        """Write the answer."""
        request: Any = self.request
        channel: Any = self.channel
        error = request.error
        status = HTTPStatus(error.code)
        request_id = secrets.token_hex(8)
        # What waitress says of its own failures is for the log; of what the client did wrong, for the client.
        detail = str(error.body) if status < HTTPStatus.INTERNAL_SERVER_ERROR else "Nothing was changed."
        code = status.name.lower()
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            code, detail = (
                "body_too_large",
                f"The body may have at most {channel.adj.max_request_body_size - 1} bytes.",
            )
        body = json.dumps(
            {
                "type": "urn:turnout:problem:" + code.replace("_", "-"),
                "title": status.phrase,
                "status": status,
                "detail": detail,
                "code": code,
                "request_id": request_id,
            }
        ).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers = [
            ("Content-Type", "application/problem+json"),
            ("Cache-Control", "no-store"),
            ("X-Request-ID", request_id),
            *ALWAYS.items(),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        channel.linger = True
        self.write(body)


class Parser(HTTPRequestParser):
    """Never asks for the body of a request that is refused already."""

    def received(self, data: bytes) -> int:
        """Take what came; return how much of it was used."""
        used: int = super().received(data)
        if self.error is not None:
            self.expect_continue = False
        return used


class Channel(HTTPChannel):
    """A connection that, having refused a request, hears the client out for a moment before it closes.

    Closing with unread data resets the connection, and the client may then never see the answer (RFC 9112, section 9.6).
    """

    error_task_class = ProblemTask
    parser_class = Parser
    linger = False
    closes_at: float | None = None

    def handle_close(self) -> None:
        """Close, or say that nothing more will come and wait for the client to close."""
        if self.linger and self.connected and self.closes_at is None:
            self.closes_at = time.monotonic() + LINGER_SECONDS
            self.will_close = False
            client: Any = self.socket
            try:
                client.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
            return
        super().handle_close()

    def readable(self) -> bool:
        """Tell whether to listen to the client."""
        return self.closes_at is not None or bool(super().readable())

    def handle_read(self) -> None:
        """Read a request, or throw away what a refused client still sends."""
        if self.closes_at is None:
            super().handle_read()
            return
        try:
            data = self.recv(self.adj.recv_bytes)
        except OSError:
            data = b""
        if not data or time.monotonic() > self.closes_at:
            super().handle_close()


def listening_socket(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Return a bound socket; with `reuse_port` other processes may listen at the same address too.

    Raises `StartError` for an address that cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError(f"Cannot listen on {host}: {error.strerror or error}.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise StartError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another with --port."
        ) from None
    return listener


def inherited_socket(descriptor: int) -> socket.socket:
    """Return the listening socket that the parent process (systemd, a supervisor) opened as `descriptor`."""
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        raise StartError(f"File descriptor {descriptor} is not a socket to listen on: {error.strerror}.") from None


class _Alarm(wasyncore.file_dispatcher):
    """Wakes the main loop."""

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self.recv(64)


class Server:
    """Serves `application` on `listener` until it is told to stop."""

    def __init__(
        self,
        application: Callable[..., Any],
        listener: socket.socket,
        *,
        threads: int,
        max_body_bytes: int,
        trusted_proxy: str = "",
    ) -> None:
        # A deep queue is what a rush looks like, not an accident.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        options: dict[str, Any] = {}
        if trusted_proxy:
            options["trusted_proxy"] = trusted_proxy
            options["trusted_proxy_headers"] = "x-forwarded-for x-forwarded-proto x-forwarded-host"
        server: Any = create_server(
            application,
            sockets=[listener],
            threads=threads,
            ident=None,
            max_request_body_size=max_body_bytes + 1,  # waitress refuses what is as large as this
            connection_limit=MAX_CONNECTIONS,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            **options,
        )
        server.channel_class = Channel
        self._server = server
        self._is_stopping = False
        self.host, self.port = server.effective_host, int(server.effective_port)

    @property
    def url(self) -> str:
        """Return the address at which this machine reaches the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; what is being answered then is answered, a second signal cuts it off."""
        sockets: Any = self._server._map  # noqa: SLF001 - as its own run() does
        # Whichever thread a signal reaches, this wakes the main one, which alone may handle it.
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        alarm: Any = reader
        _Alarm(alarm, sockets)
        os.close(reader)  # the alarm has a copy
        previous = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        woken_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            while not self._is_stopping:
                wasyncore.loop(timeout=1, map=sockets, use_poll=True, count=1)
            self.close()
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(writer)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_stopping:
            raise SystemExit(1)
        self._is_stopping = True

    def close(self) -> None:
        """Take no more requests, let the running ones end, and hang up."""
        self._server.socket.close()
        try:
            self._server.task_dispatcher.shutdown(timeout=GRACE_SECONDS)
        finally:
            wasyncore.close_all(self._server._map)  # noqa: SLF001 - as its own close() does
