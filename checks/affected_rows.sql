-- What a change of rows in these tables sets going. In psql: \set relations '[16384]'

-- name: triggers
-- One row for each trigger that is enabled, and each rule, with the kinds of change that set it going.
SELECT t.tgrelid::int8 AS relation, 'trigger' AS what, format('%I.%I.%I', n.nspname, c.relname, t.tgname) AS object,
       (t.tgtype & 4) <> 0 AS "insert", (t.tgtype & 16) <> 0 AS "update", (t.tgtype & 8) <> 0 AS "delete",
       (t.tgtype & 32) <> 0 AS "truncate"
FROM json_array_elements_text(:'relations'::json) AS w (relation)
JOIN pg_trigger t ON t.tgrelid = w.relation::oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT r.ev_class::int8, 'rule', format('%I.%I.%I', n.nspname, c.relname, r.rulename),
       r.ev_type = '3', r.ev_type = '2', r.ev_type = '4', false
FROM json_array_elements_text(:'relations'::json) AS w (relation)
JOIN pg_rewrite r ON r.ev_class = w.relation::oid AND r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace;

-- name: references
-- Every foreign key that leads to these tables, and on from the tables that rows are taken from with them. A key of a
-- partitioned table is there once more for each partition: those count only where the whole is not looked at.
WITH RECURSIVE looked_at AS MATERIALIZED (
    SELECT w.relation::oid AS relation FROM json_array_elements_text(:'relations'::json) AS w (relation)
), edge AS (
    SELECT k.oid, k.confrelid, k.conrelid, k.confdeltype
    FROM looked_at w
    JOIN pg_constraint k ON k.confrelid = w.relation AND k.contype = 'f'
    LEFT JOIN pg_constraint whole ON whole.oid = k.conparentid
    WHERE whole.oid IS NULL OR whole.confrelid NOT IN (SELECT l.relation FROM looked_at l)
    UNION
    SELECT k.oid, k.confrelid, k.conrelid, k.confdeltype
    FROM edge e
    JOIN pg_constraint k ON k.confrelid = e.conrelid AND k.contype = 'f' AND k.conparentid = 0
)
SELECT k.confrelid::int8 AS referenced, k.conrelid::int8 AS referrer, format('%I.%I', n.nspname, c.relname) AS object,
       k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
       (SELECT json_agg(quote_ident(a.attname) ORDER BY p.at) FROM unnest(k.conkey) WITH ORDINALITY AS p (attnum, at)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum)::text AS columns,
       (SELECT json_agg(quote_ident(a.attname) ORDER BY p.at) FROM unnest(k.confkey) WITH ORDINALITY AS p (attnum, at)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum)::text AS keys
FROM edge e
JOIN pg_constraint k ON k.oid = e.oid
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY object, k.conname;
