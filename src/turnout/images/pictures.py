"""Pictures as they are kept: whatever was uploaded is decoded, made upright and small enough, and encoded anew as WebP.

So nothing of the file that somebody sent is ever sent on: no metadata (where a photograph was taken), nothing hidden behind
the picture, no flaw meant for somebody's decoder.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageOps

from turnout.images.errors import NotAnImage

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
"""What is taken. Of several pictures in one file (animations, a phone's MPO) the first."""
TYPE = "image/webp"
LONGEST_SIDE = 2000
THUMBNAIL_SIDE = 320
MOST_PIXELS = 50_000_000
"""Width times height: as many as a phone's largest photographs have; more are not decoded."""
QUALITY = 85
TOO_LARGE = f"has too many pixels: at most {MOST_PIXELS // 1_000_000} million are taken"

_one_at_a_time = threading.Lock()
"""A picture takes up to a few hundred megabytes while it is decoded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its thumbnail, encoded; `name` is that of its file, made from what it shows."""

    name: str
    width: int
    height: int
    data: bytes
    thumbnail: bytes


def picture_of(data: bytes) -> Picture:
    """Return what is kept of an uploaded file. Raises `NotAnImage` for what is none, is broken, or has too many pixels."""
    with _one_at_a_time:
        try:
            with Image.open(BytesIO(data), formats=list(FORMATS)) as image:
                shown = _shown(image)
            width, height = shown.size
            encoded = _encoded(shown)
            shown.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
            thumbnail = _encoded(shown)
        except NotAnImage:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise NotAnImage(TOO_LARGE) from None
        except Exception as error:  # decoders stumble over bad files in many ways
            raise NotAnImage("is no JPEG, PNG, WebP or GIF image, or is damaged") from error
    return Picture(f"{sha256(encoded).hexdigest()}.webp", width, height, encoded, thumbnail)


def _shown(image: Image.Image) -> Image.Image:
    """Return what `image` looks like, in red, green and blue, with nothing beside the picture itself."""
    if image.width * image.height > MOST_PIXELS:  # as the file claims; nothing is decoded yet
        raise NotAnImage(TOO_LARGE)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256, "L")
    if image.mode not in {"L", "RGB", "RGBA", "CMYK"}:  # palettes are not scaled well
        image = _in_colour(image)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)  # decodes a JPEG no larger than is needed
    image = ImageOps.exif_transpose(image)
    image = _in_colour(_in_srgb(image, profile) if profile else image)
    image.info = {}
    return image


def _in_colour(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


@cache
def _srgb() -> Any:
    return ImageCms.createProfile("sRGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the colours that `profile` means; a profile that is none, or not for such an image, means nothing."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, _srgb(), outputMode="RGBA" if "A" in image.mode else "RGB")
        return image if converted is None else converted
    return image


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()
