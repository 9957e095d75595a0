"""What a database has in it, beside rows, to be compared."""

from sqlalchemy import Connection

from turnout.migrate import Line

TABLE, COLUMN = "table", "column"
Thing = tuple[str, str]
"""What kind of thing it is, and its name."""

_SQLITE = """
    SELECT type, name, coalesce(sql, tbl_name) FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_POSTGRESQL = """
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence'
                          WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'relation' END,
           c.relname, CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) ELSE '' END
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'column', a.attrelid::regclass::text || '.' || a.attname,
           format_type(a.atttypid, a.atttypmod) || a.attnotnull || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', conname, conrelid::regclass || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT 'type', typname, '' FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT 'function', proname, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger', tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
"""


def things_in(connection: Connection, line: Line) -> dict[Thing, str]:
    """Return how everything in a database is defined, but for the table that keeps the version of `line`."""
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    rows = connection.exec_driver_sql(query).all()
    return {
        (kind, name): definition
        for kind, name, definition in rows
        if not name.startswith((line.version_table, f"pk_{line.version_table}"))
    }
