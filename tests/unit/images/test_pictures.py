"""Whatever is uploaded becomes a small, clean WebP, or is refused."""

import struct
import zlib
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from turnout.images import pictures
from turnout.images.errors import NotAnImage
from turnout.images.pictures import LONGEST_SIDE, MOST_PIXELS, THUMBNAIL_SIDE, picture_of

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def shown(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image


def near(pixel, colour, by=12):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=False))


def file_with(image, kind, **options):
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *, depth=8, colours=2, data=b"", more=b""):
    """Return a PNG file that says what it likes about itself."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    parts = (chunk(b"IHDR", header), more, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_webp_of_the_same_look(kind):
    halves = Image.new("RGB", (200, 100), RED)
    halves.paste(BLUE, (100, 0, 200, 100))
    kept = picture_of(file_with(halves, kind))
    assert (kept.width, kept.height) == (200, 100)
    image = shown(kept.data)
    assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (200, 100))
    assert near(image.getpixel((20, 50)), RED)
    assert near(image.getpixel((180, 50)), BLUE)


def test_it_is_named_by_what_it_is(file_of):
    kept = picture_of(file_of())
    assert kept.name == sha256(kept.data).hexdigest() + ".webp"
    assert picture_of(file_of()) == kept
    assert picture_of(file_of(shade=2)).name != kept.name


def test_what_is_too_large_is_made_smaller(file_of):
    kept = picture_of(file_of("JPEG", (5000, 2500)))
    assert (kept.width, kept.height) == shown(kept.data).size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert shown(kept.thumbnail).size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2)


def test_what_is_small_is_not_made_larger(file_of):
    kept = picture_of(file_of(size=(30, 20)))
    assert shown(kept.data).size == shown(kept.thumbnail).size == (30, 20)


def test_what_is_very_thin_stays_visible(file_of):
    kept = picture_of(file_of(size=(20_000, 1)))
    assert (kept.width, kept.height) == (LONGEST_SIDE, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photograph_is_turned_upright(kind):
    image = Image.new("RGB", (80, 40), RED)
    image.paste(BLUE, (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left side is the top
    kept = picture_of(file_with(image, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {})))
    assert (kept.width, kept.height) == (40, 80)
    upright = shown(kept.data)
    assert near(upright.getpixel((20, 10)), BLUE)
    assert near(upright.getpixel((20, 70)), RED)


def test_nothing_but_the_picture_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "A camera of Ada's"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (38.0, 42.0, 51.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.new("RGB", (64, 64), RED)
    for kind, options in (
        ("JPEG", {"exif": exif, "icc_profile": profile, "comment": b"hush", "xmp": b"<x>hush</x>"}),
        ("PNG", {"exif": exif, "icc_profile": profile}),
        ("WEBP", {"exif": exif, "icc_profile": profile, "xmp": b"<x>hush</x>"}),
    ):
        kept = picture_of(file_with(image, kind, **options) + b"hidden behind")
        for data in (kept.data, kept.thumbnail):
            found = shown(data)
            assert not found.getexif()
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(found.info), kind
            assert not any(word in data for word in (b"Ada", b"hush", b"hidden", b"EXIF", b"ICCP", b"XMP "))


def test_what_can_be_seen_through_stays_so():
    image = Image.new("RGBA", (40, 40), (*RED, 0))
    image.paste((*GREEN, 255), (0, 0, 20, 40))
    for kind in ("PNG", "WEBP"):
        kept = shown(picture_of(file_with(image, kind)).data)
        assert kept.mode == "RGBA"
        assert kept.getpixel((5, 20))[3] == 255
        assert kept.getpixel((35, 20))[3] == 0
    palette = shown(picture_of(file_with(image, "GIF")).data)
    assert palette.getpixel((35, 20))[3] == 0


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("1", 1, "PNG", WHITE),
        ("L", 100, "PNG", (100, 100, 100)),
        ("L", 100, "JPEG", (100, 100, 100)),
        ("I;16", 32768, "PNG", (128, 128, 128)),
        ("LA", (100, 255), "PNG", (100, 100, 100)),
        ("CMYK", (0, 255, 255, 0), "JPEG", RED),
        ("YCbCr", (76, 85, 255), "JPEG", RED),
    ],
)
def test_every_way_to_write_colours_is_read(mode, colour, kind, expected):
    kept = shown(picture_of(file_with(Image.new(mode, (40, 40), colour), kind)).data)
    assert near(kept.getpixel((20, 20)), expected)


def test_colours_are_what_their_profile_means():
    """A profile in which red and green have changed places."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = swapped.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    for mode, colour in (("RGB", RED), ("RGBA", (*RED, 128))):
        kept = shown(picture_of(file_with(Image.new(mode, (40, 40), colour), "PNG", icc_profile=swapped)).data)
        assert near(kept.getpixel((20, 20)), GREEN, 40)
        assert kept.mode == mode
        assert mode == "RGB" or near(kept.getpixel((20, 20))[3:], (128,))


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 500])
def test_a_profile_that_is_none_means_nothing(profile):
    kept = shown(picture_of(file_with(Image.new("RGB", (40, 40), RED), "PNG", icc_profile=profile)).data)
    assert near(kept.getpixel((20, 20)), RED)


def test_a_profile_of_another_kind_of_colours_means_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    kept = shown(picture_of(file_with(Image.new("RGB", (40, 40), RED), "PNG", icc_profile=profile)).data)
    assert near(kept.getpixel((20, 20)), RED)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "MPO"])
def test_of_several_pictures_the_first_is_kept(kind):
    first, *others = (Image.new("RGB", (40, 40), colour) for colour in (RED, GREEN, BLUE))
    kept = picture_of(file_with(first, kind, save_all=True, append_images=others))
    image = shown(kept.data)
    assert getattr(image, "n_frames", 1) == 1
    assert near(image.getpixel((20, 20)), RED)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        SVG,
        b"%PDF-1.7",
        b"<html>",
        b"MZ" * 99,
    ],
)
def test_what_is_no_image_is_refused(data):
    with pytest.raises(NotAnImage, match="is no JPEG, PNG, WebP or GIF image, or is damaged") as refused:
        picture_of(data)
    assert refused.value.errors[0][0] == "image"


@pytest.mark.parametrize(
    "kind", ["BMP", "TIFF", "ICO", "PPM", "TGA", "PDF", *(["AVIF"] if features.check("avif") else [])]
)
def test_other_kinds_are_refused_whatever_pillow_can_read(kind):
    with pytest.raises(NotAnImage):
        picture_of(file_with(Image.new("RGB", (64, 64), RED), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_that_ends_early_is_refused(kind):
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    data = file_with(noise, kind)
    for part in (0.2, 0.5, 0.9):
        with pytest.raises(NotAnImage):
            picture_of(data[: int(len(data) * part)])


def bomb(width, height):
    return png(width, height, data=b"\0" * 1000)


@pytest.mark.parametrize(
    "size", [(MOST_PIXELS + 1, 1), (10_000, 9_000), (12_000, 8_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_not_even_lit(size, monkeypatch):
    lit = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_anything: lit.append(size))
    with pytest.raises(NotAnImage, match="too many pixels"):
        picture_of(bomb(*size))
    assert lit == []


def test_how_many_pixels_are_taken_is_said():
    with pytest.raises(NotAnImage, match="at most 50 million"):
        picture_of(bomb(10_000, 5_001))


def test_a_gif_whose_picture_is_larger_than_it_says_is_a_bomb_too():
    data = bytearray(file_with(Image.new("P", (10, 10)), "GIF"))
    at = data.index(b",")  # the image descriptor: left, top, width, height
    data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(NotAnImage):
        picture_of(bytes(data))


def test_text_that_grows_when_it_is_unpacked_is_refused():
    packed = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 200_000_000))
    with pytest.raises(NotAnImage):
        picture_of(png(10, 10, data=(b"\0" + b"\xff" * 30) * 10, more=packed))


def test_only_one_picture_is_decoded_at_a_time(file_of):
    assert not pictures._one_at_a_time.locked()
    with pytest.raises(NotAnImage):
        picture_of(b"")
    assert not pictures._one_at_a_time.locked()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
def test_a_damaged_file_is_a_picture_or_refused_and_nothing_else(kind, places):
    data = bytearray(file_with(Image.effect_noise((40, 30), 80).convert("RGB"), kind))
    for place, value in places:
        data[int(place * (len(data) - 1))] = value
    try:
        kept = picture_of(bytes(data))
    except NotAnImage:
        return
    assert shown(kept.data).size == (kept.width, kept.height)
