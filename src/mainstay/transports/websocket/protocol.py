"""WebSocket on one connection: small messages until the caller is known, no waiting for who does not read."""

import functools
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

LINE = "mainstay.line"
"""The extension by which the door lets messages have their whole size, and hangs up."""
HELLO_BYTES_MAX = 8192
SHUTDOWN = 1012
_NO_TEXT = 1007


class SocketProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket protocol, with bounds that hold before anybody is known.

    Reading stops while a message waits to be taken, and writing while the client does not read, so that
    neither side fills the other's memory. Who does not answer a ping within its time is hung up on, whatever
    waits to be sent to him.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*given, **named)
        self.logger = logging.getLogger("mainstay.websocket")
        self.conn.max_message_size = HELLO_BYTES_MAX

    def handle_connect(self, event: Request) -> None:
        """Begin, and let the door say when the caller is known, or hang up."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[LINE] = (self.widen, self.transport.abort)

    async def send(self, message: Any) -> None:
        """Send; a handshake that was answered with a refusal is over, and nothing that failed here."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Hand a message over; a text that is no UTF-8 is the client's mistake, and closes (RFC 6455)."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            self.frames = [b"".join(self.frames)]
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.logger.info("A message that is no UTF-8 closed its connection")
                self.frames = []
                self.conn.send_close(_NO_TEXT)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def widen(self) -> None:
        """Let messages have their whole size: the caller is known."""
        self.conn.max_message_size = self.config.ws_max_size

    def handle_parser_exception(self) -> None:
        """Close; a head that cannot be read is not answered, for no handshake has begun."""
        if self.conn.close_sent is None:
            self.transport.close()
        else:
            super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Hang up on who does not answer; what waits to be sent would keep the connection open for ever."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """Tell the door, which lets what is in progress end and closes; before the handshake, just close."""
        self.stop_keepalive()
        if self.handshake_complete and not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": SHUTDOWN})
        else:
            super().shutdown()


def socket_protocol() -> Any:
    """Give the protocol of upgraded connections, for uvicorn."""
    return functools.partial(SocketProtocol)
