"""Images over HTTP: added below ``/api/v1``, shown below ``/media``."""

import re
from dataclasses import asdict
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from turnout.api.service import Service
from turnout.errors import NotFound
from turnout.images import schemas
from turnout.images.errors import NotAnImage, TooManyImages
from turnout.images.pictures import FORMATS, TYPE
from turnout.images.services import FILE, ImageService

YEAR = 365 * 24 * 3600

images = Service("images", "/images", "Images")
SERVICES = (images,)


@images.post(
    permission="images:create",
    upload=FORMATS.values(),
    answer=schemas.ImageView,
    status=201,
    refuses=(NotAnImage, TooManyImages),
)
def add_image(request: Request) -> dict[str, Any]:
    """Add an image.

    The body is the file: JPEG, PNG, WebP or GIF. It is turned upright, made smaller where it is larger than 2000 pixels, and
    kept as WebP without what cameras write into it. Of an animation the first picture is kept. An image to which nothing refers
    is deleted after some weeks.
    """
    return asdict(request.find_service(ImageService).keep(request.body, actor=request.actor))


def show_file(request: Request) -> Response:
    """Send an image, or its thumbnail: for ever the same below one name."""
    name = request.matchdict["name"]
    data = request.find_service(ImageService).read(name) if re.fullmatch(FILE, name, re.ASCII) else None
    if data is None:
        raise NotFound("There is no such image.")
    return Response(
        data,
        content_type=TYPE,
        etag=name,
        cache_control=f"public, max-age={YEAR}, immutable",
        conditional_response=True,
    )
