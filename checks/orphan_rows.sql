-- One row for each foreign key of a table that holds rows, with the texts that its question is made of. The inner keys
-- that a reference to a partitioned table has for each partition are left out: the whole one is asked.
WITH RECURSIVE tree AS (
    SELECT DISTINCT k.confrelid AS root, k.confrelid AS relation, c.relkind
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid WHERE k.contype = 'f'
    UNION ALL
    SELECT t.root, i.inhrelid, c.relkind
    FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation JOIN pg_class c ON c.oid = i.inhrelid
    WHERE t.relkind = 'p'
), whole AS (
    SELECT root, sum(pg_relation_size(relation))::int8 AS size, count(*) AS tables FROM tree GROUP BY root
)
SELECT n.nspname::text AS schema, format('%I.%I.%I', n.nspname, c.relname, k.conname) AS object,
       format('%I.%I', n.nspname, c.relname) AS "table", format('%I.%I', rn.nspname, r.relname) AS refers_to,
       CASE WHEN r.relkind = 'p' THEN '' ELSE 'ONLY ' END AS only, p.matching, p.given, p.missing,
       k.confmatchtype = 'f' AS "full", k.convalidated AS validated,
       coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
       coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) AS period,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
           AND NOT (c.relrowsecurity AND row_security_active(c.oid))
           AND has_schema_privilege(rn.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT')
           AND NOT (r.relrowsecurity AND row_security_active(r.oid)) AS readable,
       (pg_relation_size(c.oid) + whole.size) / 1048576 AS size_mb, 1 + whole.tables AS relations
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace rn ON rn.oid = r.relnamespace
CROSS JOIN LATERAL (
    SELECT string_agg(format('p.%I OPERATOR(%I.%s) f.%I%s', pa.attname, o.nspname, op.oprname, fa.attname,
                             CASE WHEN fa.attcollation <> pa.attcollation AND pa.attcollation <> 0
                                  THEN format(' COLLATE %I.%I', cn.nspname, co.collname) ELSE '' END),
                      ' AND ' ORDER BY u.position) AS matching,
           string_agg(format('f.%I IS NOT NULL', fa.attname), ' AND ' ORDER BY u.position) AS given,
           string_agg(format('f.%I IS NULL', fa.attname), ' AND ' ORDER BY u.position) AS missing
    FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u (foreign_column, key_column, equal, position)
    JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = u.foreign_column
    JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.key_column
    JOIN pg_operator op ON op.oid = u.equal
    JOIN pg_namespace o ON o.oid = op.oprnamespace
    LEFT JOIN pg_collation co ON co.oid = pa.attcollation
    LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace) AS p
JOIN whole ON whole.root = r.oid
WHERE k.contype = 'f'
  AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)
ORDER BY refers_to, object
