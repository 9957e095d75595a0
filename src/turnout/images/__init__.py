"""Images: pictures that are uploaded, checked, made small, and served."""

from datetime import timedelta
from pathlib import Path

import colander
from pyramid.config import Configurator
from pyramid.request import Request

from turnout import schema as fields
from turnout.images import api
from turnout.images.services import MEDIA, ImageAddresses, ImageService, MediaRoot
from turnout.images.stores import ImageStore, open_store
from turnout.images.tasks import review_images, review_some, sweep_files
from turnout.security.actors import ANYONE, ORGANIZER, SYSTEM


class ImageSettings(colander.MappingSchema):
    """Images."""

    store = colander.SchemaNode(
        colander.String(),
        missing="",
        description="Folder, or bucket such as s3://media/turnout, of their files; by default media in turnout.data",
    )
    url = fields.url(
        missing="",
        description="Where they are shown from, such as https://cdn.example.com/media; by default here, below /media",
    )
    most_per_day = fields.whole(1, 1_000_000, missing=200, description="How many images one user may add within a day")
    unused_days = fields.whole(1, 3650, missing=30, description="How long an image is kept that nobody shows")


def root_of(request: Request) -> str:
    """Return where images are, as whoever asks reaches it; background work knows that only from the settings."""
    configured = str(request.registry.settings["images.url"])
    if configured or request.actor is SYSTEM:
        return configured.rstrip("/") or MEDIA.rstrip("/")
    return str(request.application_url) + MEDIA.rstrip("/")


def includeme(config: Configurator) -> None:
    config.declare_settings("images", ImageSettings)
    settings = config.get_settings()
    config.registry.image_store = open_store(settings["images.store"], Path(settings["turnout.data"]))
    config.add_injectable(ImageStore, lambda request: request.registry.image_store)
    config.add_injectable(MediaRoot, root_of)
    config.declare_permission("images:create", "Add images", ORGANIZER)
    config.declare_permission("images:read", "See images", ANYONE)
    config.add_service(ImageAddresses)
    config.add_service(ImageService)
    config.add_task(review_some)
    config.add_periodic_task(review_images, every=timedelta(days=1))
    config.add_periodic_task(sweep_files, every=timedelta(days=1))
    config.add_route("media", MEDIA + "{name}", request_method=("GET", "HEAD"))
    config.add_view(api.show_file, route_name="media", permission="images:read")
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("images", "Images that are uploaded, checked and made small")
