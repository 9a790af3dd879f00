-- What the target has, and whether it has what a restore would refer to.
-- In psql: \set names '["base.customer_id_seq"]'

-- name: present
-- Names that definitions in the backup refer to, and whether something is called so here.
SELECT w.name, to_regclass(w.name) IS NOT NULL AS present
FROM json_array_elements_text(:'names'::json) AS w (name);

-- name: objects
-- Every table with rows of its own and every sequence, those of extensions and temporary ones left out.
SELECT n.nspname::text AS schema, c.relname::text AS name,
       CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
