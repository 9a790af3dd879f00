-- Indexes that are not whole, and who builds one now.

-- name: indexes
-- One row for each index that is not valid, not kept up, or being dropped. One of a TOAST table counts as its table's.
SELECT tn.nspname::text AS schema, format('%I.%I', n.nspname, c.relname) AS object, c.relname::text AS name,
       format('%I.%I', tn.nspname, t.relname) AS "table", c.oid::int8 AS index, t.oid::int8 AS relation,
       x.indisvalid AS valid, x.indisready AS ready, x.indislive AS live, x.indisunique AS "unique",
       c.relkind = 'I' AS partitioned, x.indrelid <> t.oid AS toast, pg_relation_size(c.oid) / 1048576 AS size_mb
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class holder ON holder.reltoastrelid = x.indrelid
JOIN pg_class t ON t.oid = coalesce(holder.oid, x.indrelid)
JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT (x.indisvalid AND x.indisready AND x.indislive)
ORDER BY object;

-- name: builds
-- One row for each session of this database that builds an index; NULL where the role may not see what it does.
SELECT p.pid, coalesce(holder.oid, p.relid)::int8 AS relation, p.index_relid::int8 AS index
FROM pg_stat_progress_create_index p
LEFT JOIN pg_class holder ON holder.reltoastrelid = p.relid AND p.relid <> 0
WHERE p.datid = (SELECT oid FROM pg_database WHERE datname = current_database());
