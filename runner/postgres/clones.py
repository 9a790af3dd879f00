"""What a clone under another name still holds on to: the schema that it was made from, and sequences of others.

Asked in the clone's own transaction, of the catalogue: PostgreSQL knows what an expression, a view or a key refers to,
whatever the text that made it looked like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

_EXISTING = "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY (%s)"
_LIVES = """
WITH lives (classid, objid, nsp) AS (
  SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
  UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
  UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
  UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
  UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
  UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
  UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
  UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
  UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, c.relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, c.relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  UNION ALL SELECT 'pg_trigger'::regclass, t.oid, c.relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, c.relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid)
"""
_BEHIND = """
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
  FROM pg_depend d
  JOIN lives mine ON mine.classid = d.classid AND mine.objid = d.objid
  JOIN lives theirs ON theirs.classid = d.refclassid AND theirs.objid = d.refobjid
 WHERE mine.nsp IN (SELECT oid FROM pg_namespace WHERE nspname = ANY (%(clones)s))
   AND theirs.nsp IN (SELECT oid FROM pg_namespace WHERE nspname = ANY (%(originals)s))
 ORDER BY 1, 2"""
_DRAWN = """
SELECT format('%%I.%%I.%%I', n.nspname, c.relname, a.attname),
       (SELECT format('%%I.%%I', sn.nspname, s.relname)
          FROM pg_depend d JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
          JOIN pg_namespace sn ON sn.oid = s.relnamespace
         WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid AND d.refclassid = 'pg_class'::regclass
         LIMIT 1),
       pg_get_expr(ad.adbin, ad.adrelid)
  FROM pg_attrdef ad
  JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
  JOIN pg_class c ON c.oid = ad.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY (%(clones)s) AND pg_get_expr(ad.adbin, ad.adrelid) ~* '(nextval|setval|currval)'
 ORDER BY 1"""


def existing(connection: Connection[Any], schemas: Sequence[str]) -> list[str]:
    """Tell which of the schemas are there already."""
    return [row[0] for row in connection.execute(_EXISTING, (list(schemas),)).fetchall()]


def held_behind(connection: Connection[Any], clones: Sequence[str], originals: Sequence[str]) -> list[tuple[str, str]]:
    """Name each object of the clones that refers to one of the originals, and what it refers to."""
    query = f"{_LIVES}{_BEHIND}"
    return connection.execute(query.encode(), {"clones": list(clones), "originals": list(originals)}).fetchall()


def drawn(connection: Connection[Any], clones: Sequence[str]) -> list[tuple[str, str | None, str]]:
    """Name each column of the clones that draws from a sequence by default, and the sequence; None where nobody can."""
    return connection.execute(_DRAWN, {"clones": list(clones)}).fetchall()
