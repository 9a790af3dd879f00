-- The tables of one inheritance or partition tree, and the key that is compared across them.
-- In psql: \set parent public.expenses, for the other two \set parent 16384 and \set columns '["id"]'.

-- name: parent
-- The tree's root; no row where the name is none of a table.
SELECT c.oid::int8 AS relation, format('%I.%I', n.nspname, c.relname) AS object
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(:'parent') AND c.relkind IN ('r', 'p');

-- name: members
-- One row for each table of the tree. "uniques": the column sets that a valid, whole, plain unique index makes unique,
-- the primary key's first.
WITH RECURSIVE tree AS (
    SELECT :parent::oid AS relation
    UNION
    SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
)
SELECT format('%I.%I', n.nspname, c.relname) AS "table", c.relkind::text AS kind, c.oid = :parent AS root,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
           AND NOT (c.relrowsecurity AND row_security_active(c.oid)) AS readable,
       coalesce((SELECT json_agg(json_build_object('columns', u.columns, 'primary', x.indisprimary)
                                 ORDER BY x.indisprimary DESC, x.indexrelid)
                 FROM pg_index x
                 CROSS JOIN LATERAL (
                     SELECT array_agg(a.attname ORDER BY k.position) AS columns
                     FROM unnest(x.indkey[0 : x.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, position)
                     LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum) u
                 WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL
                   AND x.indexprs IS NULL), '[]')::text AS uniques
FROM tree t
JOIN pg_class c ON c.oid = t.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY root DESC, "table";

-- name: columns
-- The key's columns in the parent, quoted, with the type and collation that their values are compared in.
SELECT w.position::int AS position, w.name, quote_ident(a.attname) AS "column",
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation <> 0 THEN (SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co
            JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END AS collation
FROM json_array_elements_text(:'columns'::json) WITH ORDINALITY AS w (name, position)
LEFT JOIN pg_attribute a ON a.attrelid = :parent::oid AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1;
