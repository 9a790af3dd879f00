-- The tables that hold the rows of those asked for: the table itself and all that inherit from it or are its partitions.
-- In psql: \set tables '["public.expenses"]'.
WITH RECURSIVE asked AS (
    SELECT w.name, to_regclass(w.name)::oid AS root
    FROM json_array_elements_text(:'tables'::json) AS w (name)
), tree AS (
    SELECT name, root, root AS relation FROM asked WHERE root IS NOT NULL
    UNION
    SELECT t.name, t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
)
SELECT a.name, CASE WHEN t.root IS NOT NULL THEN (SELECT format('%I.%I', rn.nspname, r.relname) FROM pg_class r
           JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = t.root) END AS object,
       CASE WHEN c.oid IS NOT NULL THEN format('%I.%I', n.nspname, c.relname) END AS "table", c.relkind::text AS kind,
       coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
           AND NOT (c.relrowsecurity AND row_security_active(c.oid)), false) AS readable,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / 1048576 ELSE 0 END AS size_mb,
       coalesce(c.reltuples, -1)::int8 AS estimate
FROM asked a
LEFT JOIN tree t ON t.name = a.name
LEFT JOIN pg_class c ON c.oid = t.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY a.name, "table"
