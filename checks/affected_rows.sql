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


-- name: hazards
-- What runs along when rows of these tables are written, also over foreign keys that act, and may do more than a
-- rollback takes back: a function by its name, or a reason. "inserting": only where rows are inserted.
WITH RECURSIVE touched AS (
    SELECT w.relation::oid AS relation FROM json_array_elements_text(:'relations'::json) AS w (relation)
    UNION
    SELECT n.relation
    FROM touched t
    CROSS JOIN LATERAL (
        SELECT k.conrelid FROM pg_constraint k
        WHERE k.contype = 'f' AND k.confrelid = t.relation
          AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = t.relation) AS n (relation)
), part AS (
    SELECT 'pg_attrdef'::regclass AS class, d.oid, d.adrelid AS relation, 'a default of' AS what FROM pg_attrdef d
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, k.conrelid, 'a constraint of' FROM pg_constraint k
    UNION ALL SELECT 'pg_class'::regclass, x.indexrelid, x.indrelid, 'an index of' FROM pg_index x
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, p.polrelid, 'a policy of' FROM pg_policy p
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, a.attrelid, 'a domain of'
    FROM pg_attribute a JOIN pg_constraint k ON k.contypid = a.atttypid AND NOT a.attisdropped
)
SELECT format('%I.%I', n.nspname, c.relname) AS object, found.why, found.function, found.inserting
FROM touched t
JOIN pg_class c ON c.oid = t.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT 'is no table of this server''s own' AS why, NULL AS function, false AS inserting WHERE c.relkind NOT IN ('r', 'p')
    UNION ALL
    SELECT format('has the rule %I', r.rulename), NULL, false FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'
    UNION ALL
    SELECT format('has the trigger %I', g.tgname), format('%I.%I', pn.nspname, p.proname), false
    FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
    UNION ALL
    SELECT format('draws numbers for %I', a.attname), NULL, true
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped AND (a.attidentity <> '' OR EXISTS (
        SELECT FROM pg_attrdef d
        WHERE d.adrelid = c.oid AND d.adnum = a.attnum AND d.adbin::text LIKE '%:funcid ' || 'nextval(regclass)'::regprocedure::oid || ' %'))
    UNION ALL
    SELECT format('%s it calls a function', part.what), format('%I.%I', pn.nspname, p.proname), false
    FROM part
    JOIN pg_depend d ON d.classid = part.class AND d.objid = part.oid AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.refobjid AND p.oid >= 16384
    JOIN pg_namespace pn ON pn.oid = p.pronamespace
    WHERE part.relation = c.oid
) AS found
ORDER BY object, why;
