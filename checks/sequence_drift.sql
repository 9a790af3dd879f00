-- Which sequences there are, how they count, and every column that draws from them.

-- name: server
-- The database asked, and whether it is a standby (whose sequences run up to 32 values ahead of the primary's).
SELECT current_database()::text AS database, pg_is_in_recovery() AS standby;

-- name: sequences
-- One row a sequence. Its number is read from the sequence itself: pg_sequence_last_value is NULL for three reasons
-- (never called, set by setval(…, false), no privilege), and holds one lock a sequence until the transaction ends.
SELECT s.seqrelid::int8 AS sequence, n.nspname::text AS schema, c.relname::text AS name,
       format('%I.%I', n.nspname, c.relname) AS object, s.seqincrement AS increment, s.seqcycle AS cycles,
       s.seqcache AS cache,
       has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(s.seqrelid, 'SELECT') AS readable
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't';

-- name: drawers
-- One row for each column that draws, and what it draws from: a sequence (named by its default, its identity, owned
-- by it, or inherited by column NAME, for the numbers of a column differ between parent and child), a function that
-- its default calls or that a trigger of its table calls, or neither where a default names the sequence as text.
-- "elsewhere": the column's own default draws from another sequence. "scan_mb": 0 where an index gives the extreme.
WITH RECURSIVE counting AS MATERIALIZED (
    SELECT p.oid FROM pg_proc p
    WHERE p.oid >= 16384 AND (p.prosrc ~* 'nextval' OR p.prosqlbody IS NOT NULL)
), named AS MATERIALIZED (
    SELECT d.refobjid AS sequence, NULL::oid AS function, a.adrelid AS relation, a.adnum AS attnum, 'default' AS via
    FROM pg_depend d
    JOIN pg_attrdef a ON a.oid = d.objid
    JOIN pg_sequence s ON s.seqrelid = d.refobjid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
    UNION ALL
    SELECT d.objid, NULL, d.refobjid, d.refobjsubid, CASE d.deptype WHEN 'i' THEN 'identity' ELSE 'owned' END
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
), tree AS (
    SELECT n.sequence, n.relation, a.attname, n.via
    FROM named n JOIN pg_attribute a ON a.attrelid = n.relation AND a.attnum = n.attnum
    UNION
    SELECT t.sequence, i.inhrelid, t.attname, 'inherits'
    FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
), drawn AS MATERIALIZED (
    SELECT t.sequence, NULL::oid AS function, t.relation, a.attnum,
           coalesce(min(t.via) FILTER (WHERE t.via IN ('default', 'identity')), max(t.via)) AS via
    FROM tree t JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = t.attname
    GROUP BY t.sequence, t.relation, a.attnum
    UNION ALL
    SELECT NULL, d.refobjid, a.adrelid, a.adnum, 'function'
    FROM counting f
    JOIN pg_depend d ON d.refobjid = f.oid AND d.refclassid = 'pg_proc'::regclass AND d.classid = 'pg_attrdef'::regclass
    JOIN pg_attrdef a ON a.oid = d.objid
    UNION ALL
    SELECT DISTINCT NULL::oid, t.tgfoid, t.tgrelid, a.attnum, 'trigger'
    FROM counting f
    JOIN pg_trigger t ON t.tgfoid = f.oid
    JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT NULL, NULL, a.adrelid, a.adnum, 'text'
    FROM pg_attrdef a
    WHERE a.adbin::text LIKE '%:funcid ' || 'nextval(regclass)'::regprocedure::oid || ' %'
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.refobjid
                      WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
                        AND d.refclassid = 'pg_class'::regclass)
), own AS MATERIALIZED (
    SELECT DISTINCT relation, attnum FROM named WHERE via IN ('default', 'identity')
)
SELECT d.sequence::int8 AS sequence, d.function::int8 AS function, d.via,
       format('%I.%I', n.nspname, c.relname) AS "table", quote_ident(a.attname) AS "column",
       CASE WHEN d.via IN ('default', 'function', 'text') THEN pg_get_expr(def.adbin, def.adrelid) END AS expression,
       coalesce(nullif(y.typbasetype, 0), y.oid) IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype,
           'numeric'::regtype, 'float4'::regtype, 'float8'::regtype) AS number,
       c.relkind::text AS kind,
       has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, d.attnum, 'SELECT')
           AND NOT (c.relrowsecurity AND row_security_active(c.oid)) AS readable,
       CASE WHEN c.relkind IN ('r', 'm') AND NOT EXISTS (
               SELECT FROM pg_index x
               JOIN pg_class xc ON xc.oid = x.indexrelid
               JOIN pg_am m ON m.oid = xc.relam
               WHERE x.indrelid = c.oid AND x.indkey[0] = d.attnum AND x.indisvalid AND x.indpred IS NULL
                 AND m.amname = 'btree')
            THEN pg_relation_size(c.oid) / 1048576 ELSE 0 END AS scan_mb,
       d.via IN ('inherits', 'owned') AND own.relation IS NOT NULL AS elsewhere
FROM drawn d
JOIN pg_class c ON c.oid = d.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = d.relation AND a.attnum = d.attnum
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef def ON def.adrelid = d.relation AND def.adnum = d.attnum
LEFT JOIN own ON own.relation = d.relation AND own.attnum = d.attnum
WHERE c.relpersistence <> 't';

-- name: bodies
-- One row for each function and rule whose text calls nextval; names in it leave no trace in pg_depend.
SELECT p.oid::int8 AS function,
       format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object,
       l.lanname::text AS language, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* 'nextval'
  AND l.lanname NOT IN ('c', 'internal')
UNION ALL
SELECT NULL, format('rule %I on %I.%I', r.rulename, n.nspname, c.relname), 'sql', pg_get_ruledef(r.oid)
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.oid >= 16384
  AND r.ev_action::text LIKE '%:funcid ' || 'nextval(regclass)'::regprocedure::oid || ' %';
