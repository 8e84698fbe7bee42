"""The child process that also reads images; it needs the extra `ocr`."""

from rapidocr import RapidOCR

from mainstay.engines.parsers.child import main


def read_image(engine: RapidOCR, content: bytes) -> str:
    """Give the lines of text in an image, from top to bottom."""
    found = engine(content)
    return "\n".join(getattr(found, "txts", None) or ())


if __name__ == "__main__":
    models = RapidOCR()  # it loads them at the first image
    main(lambda content: read_image(models, content))
