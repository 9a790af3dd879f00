-- One row for each constraint that existing rows were never compared with. "enforced": false (18 and newer) where new
-- rows are not compared either. Partitions' copies are left out.
SELECT n.nspname::text AS schema, k.contype::text AS kind,
       format('%I.%I.%I', n.nspname, coalesce(c.relname, y.typname), k.conname) AS object,
       CASE WHEN c.oid IS NOT NULL THEN format('%I.%I', n.nspname, c.relname) END AS "table",
       quote_ident(k.conname) AS name, coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
       greatest(c.reltuples, -1)::int8 AS rows_estimate
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_type y ON y.oid = k.contypid
WHERE NOT k.convalidated AND k.conparentid = 0
ORDER BY object
