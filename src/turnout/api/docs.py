"""The documentation in a browser: Swagger UI and ReDoc, from files of ours, with nothing from outside."""

from html import escape
from string import Template

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from turnout.api.service import PREFIX, Service
from turnout.assets import YEAR, fingerprint
from turnout.security.headers import CONTENT_SECURITY_POLICY

HTML = "text/html"
STATIC = PREFIX + "/static"
REDOC_POLICY = CONTENT_SECURITY_POLICY + "; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"
"""ReDoc styles itself from scripts and searches in a worker that it makes; scripts remain ours alone."""

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="$icon" type="image/svg+xml">
$styles
</head>
<body>
<div id="docs" data-openapi="$openapi"></div>
<noscript>This page needs JavaScript. The description itself is at <a href="$openapi">openapi.json</a>.</noscript>
$scripts
</body>
</html>
""")

swagger = Service("docs", "/docs", "About")
redoc = Service("redoc", "/redoc", "About")


def _page(request: Request, title: str, styles: list[str], scripts: list[str]) -> Response:
    root = escape(request.script_name)

    def address(name: str) -> str:
        return f"{root}{STATIC}/{name}?v={fingerprint('turnout.api', name)}"

    html = PAGE.substitute(
        title=title,
        icon=address("turnout.svg"),
        openapi=f"{root}{PREFIX}/openapi.json",
        styles="\n".join(f'<link rel="stylesheet" href="{address(name)}">' for name in styles),
        scripts="\n".join(f'<script src="{address(name)}" defer></script>' for name in scripts),
    )
    return Response(html, content_type=HTML, charset="utf-8", cache_control="no-cache")


@swagger.get(permission="api:read", content_type=HTML)
def read_docs(request: Request) -> Response:
    """Read and try this API in a browser (Swagger UI)."""
    vendor = "vendor/swagger-ui-dist-5.35.0"
    return _page(
        request,
        "Turnout API: try it",
        [f"{vendor}/swagger-ui.css", "docs.css"],
        [f"{vendor}/swagger-ui-bundle.js", "swagger.js"],
    )


@redoc.get(permission="api:read", content_type=HTML)
def read_redoc(request: Request) -> Response:
    """Read about this API in a browser (ReDoc)."""
    response = _page(
        request,
        "Turnout API: reference",
        ["docs.css"],
        ["vendor/redoc-2.5.4/redoc.standalone.js", "redoc.js"],
    )
    response.headers["Content-Security-Policy"] = REDOC_POLICY
    return response


def includeme(config: Configurator) -> None:
    config.add_api_service(swagger)
    config.add_api_service(redoc)
    config.add_static_view(
        STATIC.removeprefix("/"), "turnout.api:static", cache_max_age=YEAR, permission=NO_PERMISSION_REQUIRED
    )
