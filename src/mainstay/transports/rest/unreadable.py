"""The answer to bytes that are no HTTP request, or one with too long an address, in the house's own form."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainstay.kit.random import SystemRandom
from mainstay.transports.rest.exchange import SAFE_HEADERS
from mainstay.transports.rest.problems import PROBLEM_MEDIA_TYPE, MessageMalformed, encoded, problem


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol; what it cannot read is answered with a problem document."""

    def send_400_response(self, _: str) -> None:
        """Answer and hang up: where such a message ends nobody knows."""
        request_id = f"req_{SystemRandom().token(16).hex()}"
        failure = MessageMalformed(
            "This is no HTTP request that can be read: its address may be longer than 64 KiB (send long "
            "values in the body of a POST), or a header is broken."
        )
        body = encoded(problem(failure, request_id))
        safe = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in SAFE_HEADERS)
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            f"{safe}"
            f"content-type: {PROBLEM_MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
