-- One row for each unique index of a table and each table that inherits from it, directly or over others.
-- "kept": the child itself makes these columns, or a part of them, unique. Partitions are not listed: the partitioned
-- table's valid index has a part in each of them.
WITH RECURSIVE tree AS (
    SELECT i.inhparent AS ancestor, i.inhrelid AS relation
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent AND p.relkind IN ('r', 'f')
    UNION
    SELECT t.ancestor, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
), uniques AS MATERIALIZED (
    SELECT x.indrelid AS relation, x.indexrelid AS index, x.indisprimary AS "primary", u.columns
    FROM pg_index x
    CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text ORDER BY k.position) AS columns
        FROM unnest(x.indkey[0 : x.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, position)
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum) u
    WHERE x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
      AND x.indrelid IN (SELECT inhparent FROM pg_inherits UNION SELECT inhrelid FROM pg_inherits)
)
SELECT cn.nspname::text AS schema, format('%I.%I', cn.nspname, c.relname) AS object,
       format('%I.%I', pn.nspname, p.relname) AS parent, u.columns AS key, u."primary", c.relkind::text AS kind,
       coalesce(bool_or(own.columns <@ u.columns), false) AS kept
FROM tree t
JOIN uniques u ON u.relation = t.ancestor
JOIN pg_class p ON p.oid = t.ancestor
JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_class c ON c.oid = t.relation
JOIN pg_namespace cn ON cn.oid = c.relnamespace
LEFT JOIN uniques own ON own.relation = c.oid
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY object, parent, key
