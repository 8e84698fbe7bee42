"""The child process that also reads images, with the extra `ocr` installed."""

from rapidocr import RapidOCR

from mainstay.engines.parsers.child import main


def reader() -> RapidOCR:
    """Load the models that the package carries."""
    return RapidOCR()


def read_image(engine: RapidOCR, content: bytes) -> str:
    """Give the lines of text in an image, from top to bottom."""
    found = engine(content)
    return "\n".join(found.txts or ())


if __name__ == "__main__":
    engine = reader()
    main(lambda content: read_image(engine, content))
