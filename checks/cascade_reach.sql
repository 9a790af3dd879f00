-- What goes along when objects are dropped or emptied with CASCADE.

-- name: roots
-- The objects of these names, found as the session would; no OID where there is none. In psql: \set relations '["t"]'
-- and \set schemas '[]'.
SELECT w.name, 'pg_class' AS catalogue, c.oid::pg_catalog.int8 AS root,
       CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END AS object
FROM pg_catalog.json_array_elements_text(:'relations'::pg_catalog.json) AS w (name)
LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name)
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT w.name, 'pg_namespace', n.oid::pg_catalog.int8, pg_catalog.quote_ident(n.nspname)
FROM pg_catalog.json_array_elements_text(:'schemas'::pg_catalog.json) AS w (name)
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = pg_catalog.to_regnamespace(w.name);

-- name: drop
-- Everything that DROP … CASCADE takes, as PostgreSQL follows pg_depend: dependants, and the whole that an object is an
-- inner part of (a rule's view). "inside": a part of what is dropped (its indexes, keys, defaults, its own sequence, what
-- is in a dropped schema). A part of something that is listed is not listed for itself.
-- In psql: \set roots '[["pg_class", 16384]]'.
WITH RECURSIVE reach AS (
    SELECT (w.root ->> 0)::regclass::oid AS classid, (w.root ->> 1)::oid AS objid, 0 AS objsubid, true AS inside
    FROM json_array_elements(:'roots'::json) AS w (root)
    UNION
    SELECT next.classid, next.objid, next.objsubid, next.inside
    FROM reach r
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid, d.objsubid,
               r.inside AND (r.classid = 'pg_namespace'::regclass
                   OR (d.deptype IN ('a', 'i', 'P', 'S') AND d.classid <> 'pg_publication_rel'::regclass
                       AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (
                           SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind IN ('r', 'p', 'f', 'v', 'm'))))
               ) AS inside
        FROM pg_depend d
        WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND (r.objsubid = 0 OR d.refobjsubid = r.objsubid)
        UNION ALL
        SELECT d.refclassid, d.refobjid, d.refobjsubid, false
        FROM pg_depend d
        WHERE NOT r.inside AND d.classid = r.classid AND d.objid = r.objid AND d.objsubid = r.objsubid
          AND d.deptype IN ('i', 'e')) AS next
), taken AS MATERIALIZED (
    SELECT classid, objid, objsubid, bool_or(inside) AS inside FROM reach GROUP BY 1, 2, 3
), outside AS MATERIALIZED (
    SELECT t.* FROM taken t
    WHERE NOT t.inside AND NOT EXISTS (SELECT FROM taken w WHERE w.inside AND w.classid = t.classid
                                                             AND w.objid = t.objid AND w.objsubid = 0)
)
SELECT CASE WHEN o.classid = 'pg_attrdef'::regclass THEN 'default'
            WHEN k.contype = 'f' THEN 'foreign key' WHEN k.oid IS NOT NULL THEN 'constraint'
            WHEN o.objsubid > 0 THEN 'column' ELSE i.type END AS kind,
       CASE WHEN o.classid = 'pg_attrdef'::regclass THEN format('%I.%I.%I', n.nspname, r.relname, a.attname)
            WHEN k.oid IS NOT NULL THEN coalesce(format('%I.%I.%I', n.nspname, r.relname, k.conname), i.identity)
            ELSE i.identity END AS object,
       coalesce(a.attnotnull, false) AS required,
       CASE WHEN o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND r.relkind IN ('r', 'm')
            THEN r.reltuples::int8 END AS rows_estimate,
       (SELECT count(*) FROM taken WHERE inside) AS parts
FROM outside o
CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, o.objsubid) AS i
LEFT JOIN pg_attrdef d ON o.classid = 'pg_attrdef'::regclass AND d.oid = o.objid
LEFT JOIN pg_constraint k ON o.classid = 'pg_constraint'::regclass AND k.oid = o.objid
LEFT JOIN pg_class r ON r.oid = CASE WHEN o.classid = 'pg_class'::regclass THEN o.objid
                                     ELSE coalesce(d.adrelid, nullif(k.conrelid, 0)) END
LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE (o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND r.relkind IN ('r', 'p', 'f', 'v', 'm')) OR NOT EXISTS (
    SELECT FROM pg_depend p JOIN outside w ON w.classid = p.refclassid AND w.objid = p.refobjid
                                              AND w.objsubid IN (0, p.refobjsubid)
    WHERE p.classid = o.classid AND p.objid = o.objid AND p.objsubid = o.objsubid AND p.deptype IN ('a', 'i', 'P', 'S'))
ORDER BY kind, object;

-- name: truncate
-- Every table that TRUNCATE … CASCADE empties: those that refer to one that is emptied, and those that inherit from one.
WITH RECURSIVE reach AS (
    SELECT (w.root ->> 1)::oid AS relation, true AS inside
    FROM json_array_elements(:'roots'::json) AS w (root)
    UNION
    SELECT next.relation, next.inside
    FROM reach r
    CROSS JOIN LATERAL (
        SELECT i.inhrelid AS relation, r.inside AND c.relispartition AS inside
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = r.relation
        UNION ALL
        SELECT k.conrelid, false FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = r.relation) AS next
), taken AS MATERIALIZED (
    SELECT relation, bool_or(inside) AS inside FROM reach GROUP BY 1
)
SELECT 'emptied' AS kind, format('%I.%I', n.nspname, c.relname) AS object, false AS required,
       c.reltuples::int8 AS rows_estimate, (SELECT count(*) FROM taken WHERE inside) AS parts
FROM taken t
JOIN pg_class c ON c.oid = t.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.inside AND c.relkind <> 'p'
ORDER BY object;
