"""``turnout serve`` and ``turnout migrate``."""

from collections.abc import Container, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from turnout.cli.context import QUARANTINE, SPARE, Refused, application, config_option, load_settings, waiting

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from turnout.migrate import Line
    from turnout.plugin.discovery import Loaded


@click.command(
    short_help="Serve Turnout over HTTP.",
    epilog="""
    \b
    Examples:
      turnout serve --demo                      try it out
      turnout -c production.ini serve           behind a proxy, see server.trusted_proxy
      turnout serve --port 7000 --reuse-port    one of several processes at one address
    """,
)
@config_option
@click.option("--host", metavar="ADDRESS", help="Listen here [default: setting server.host, 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: setting server.port, 6543; 0: any free one]")
@click.option("--threads", type=click.IntRange(1, 100), help="Requests at once [default: setting server.threads, 4].")
@click.option("--reuse-port", is_flag=True, help="Let other processes listen at the same address (SO_REUSEPORT).")
@click.option("--fd", type=click.IntRange(0), help="Listen on this inherited socket instead (3 under systemd).")
@click.option("--demo", is_flag=True, help="Migrate, and fill an empty database with a demo, before serving.")
@click.option("--quiet", is_flag=True, help="Print no addresses.")
def serve(
    *,
    host: str | None,
    port: int | None,
    threads: int | None,
    reuse_port: bool,
    fd: int | None,
    demo: bool,
    quiet: bool,
) -> None:
    """Serve Turnout over HTTP until it is told to stop (Ctrl-C, SIGTERM)."""
    from turnout.api.reading import most_bytes
    from turnout.demo.servers import demo_servers
    from turnout.outbox.worker import Worker
    from turnout.server import Server, inherited_socket, listening_socket, server_settings

    given = load_settings()
    settings = server_settings(given)
    host = settings["server.host"] if host is None else host
    port = settings["server.port"] if port is None else port
    threads = threads or settings["server.threads"]
    # Each thread needs a connection of its own, or it waits for another's.
    pool = {} if "database.pool_size" in given else {"database.pool_size": threads + SPARE}
    # The address first: who started it twice should hear it at once.
    listener = inherited_socket(fd) if fd is not None else listening_socket(host, port, reuse_port=reuse_port)
    with listener, application(pool, is_migrated=not demo) as router:
        registry = router.registry
        if demo:
            from turnout.demo import ensure_demo

            ensure_demo(router)
        server = Server(
            router,
            listener,
            threads=threads,
            max_body_bytes=most_bytes(registry.settings),
            trusted_proxy=settings["server.trusted_proxy"],
        )
        if not quiet:
            _greet(server.url, registry.settings, demo=demo)
        worker = Worker(registry) if registry.settings["outbox.embedded"] else nullcontext()
        with demo_servers(registry) if demo else nullcontext(), worker:
            server.run()


def _greet(url: str, settings: Mapping[str, Any], *, demo: bool) -> None:
    lines = [
        f"Turnout is at {url}",
        f"  API            {url}/api/v1",
        f"  Documentation  {url}/docs",
        f"  Admin          {url}/admin",
    ]
    if settings["mail.transport"] == "file":
        lines.append(f"  Mail           is written into {settings['mail.folder']}")
    if demo:
        from turnout.demo import ACCOUNTS

        lines += [f"  {title:14} {name} / {password}" for title, name, password in ACCOUNTS]
    click.echo("\n".join([*lines, "Stop it with Ctrl-C."]))


@click.command(epilog="It does nothing where nothing is to do, and is safe to run from several machines at once.")
@config_option
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if there is something to do.")
def migrate(*, check: bool) -> None:
    """Bring the database to the version that the code needs: the core's tables, then those of each enabled plugin."""
    from turnout.migrate import CORE, line_of
    from turnout.plugin.errors import PluginError

    with application() as router:
        registry = router.registry
        _bring_up(registry.engine, CORE, check=check)
        failed = dict(registry.plugins.left_out)
        for plugin in registry.plugins.enabled.values():
            try:
                _require(plugin, failed)
                if (line := line_of(plugin)) is not None:
                    _bring_up(registry.engine, line, check=check)
            except PluginError as error:
                if registry.settings["turnout.plugins.on_error"] != QUARANTINE:
                    raise
                failed[plugin.name] = error
    for trouble in failed.values():
        click.echo(str(trouble), err=True)
    if failed:
        raise Refused(f"Not migrated, and so left out: {', '.join(failed)}.")


def _require(plugin: "Loaded", left_out: Container[str]) -> None:
    from turnout.plugin.errors import REQUIRES, PluginError

    for name in plugin.manifest.requires:
        if name in left_out:
            raise PluginError(plugin.name, REQUIRES, f"it requires the plugin {name}, which is left out")


def _bring_up(engine: "Engine", line: "Line", *, check: bool) -> None:
    from turnout.migrate import CORE, bring_up, standing

    what = "The database" if line is CORE else f"The plugin {line.name}"
    found = standing(engine, line)
    if found.is_current:
        click.echo(f"{what} is at {found.wanted}; nothing to do.")
    elif check:
        raise Refused(f"{what} is at {found.at or 'nothing'}; the code needs {found.wanted}.")
    else:
        with waiting("Migrating"):
            bring_up(engine, line)
        click.echo(f"{what} is at {found.wanted} now.")
