-- Logical replication of this database, and the sequences that it leaves behind.

-- name: roles
-- What this database is in logical replication: publications, slots that read from it, subscriptions.
SELECT (SELECT count(*) FROM pg_publication) AS publications,
       (SELECT count(*) FROM pg_replication_slots s
        WHERE s.slot_type = 'logical' AND s.database = current_database()) AS readers,
       (SELECT count(*) FROM pg_subscription s
        JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()) AS subscriptions,
       pg_is_in_recovery() AS standby;

-- name: sequences
-- One row for each sequence and each table with rows that is published or subscribed to and numbered by it. A partitioned
-- table stands for its partitions; a partition is numbered by the tables above it too. "readable": whether both may be
-- read. "number": whether the column is an integer.
WITH replicated AS (
    SELECT r.srrelid AS relation, 'subscribed' AS side FROM pg_subscription_rel r
    UNION
    SELECT c.oid, 'published' FROM pg_publication_tables p
    JOIN pg_namespace n ON n.nspname = p.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
), filled AS (
    SELECT DISTINCT coalesce(leaf.relid, r.relation)::oid AS relation, r.side
    FROM replicated r JOIN pg_class c ON c.oid = r.relation
    LEFT JOIN LATERAL pg_partition_tree(r.relation) AS leaf ON c.relkind = 'p'
    WHERE c.relkind <> 'p' OR leaf.isleaf
), above AS (
    SELECT f.relation, f.side, coalesce(up.relid, f.relation)::oid AS numbered
    FROM filled f LEFT JOIN LATERAL pg_partition_ancestors(f.relation) AS up ON true
), drawn AS (
    SELECT d.refobjid AS sequence, a.adrelid AS relation, a.adnum AS attnum
    FROM pg_attrdef a
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
    UNION
    SELECT d.objid, d.refobjid, d.refobjsubid
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refobjsubid > 0
)
SELECT max(u.side) AS side, s.seqrelid::int8 AS sequence, format('%I.%I', sn.nspname, sc.relname) AS object,
       s.seqincrement AS increment, format('%I.%I', tn.nspname, tc.relname) AS "table", quote_ident(a.attname) AS "column",
       a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AS number,
       tc.relkind = 'r' AND has_schema_privilege(sn.oid, 'USAGE') AND has_sequence_privilege(s.seqrelid, 'SELECT')
           AND has_schema_privilege(tn.oid, 'USAGE') AND has_table_privilege(tc.oid, 'SELECT')
           AND NOT (tc.relrowsecurity AND row_security_active(tc.oid)) AS readable
FROM drawn d
JOIN above u ON u.numbered = d.relation
JOIN pg_sequence s ON s.seqrelid = d.sequence
JOIN pg_class sc ON sc.oid = s.seqrelid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
JOIN pg_class tc ON tc.oid = u.relation JOIN pg_namespace tn ON tn.oid = tc.relnamespace
JOIN pg_attribute n ON n.attrelid = d.relation AND n.attnum = d.attnum
JOIN pg_attribute a ON a.attrelid = u.relation AND a.attname = n.attname AND NOT a.attisdropped
GROUP BY s.seqrelid, sn.oid, sc.oid, s.seqincrement, tn.oid, tc.oid, a.attname, a.atttypid, sn.nspname, sc.relname,
         tn.nspname, tc.relname, tc.relkind, tc.relrowsecurity
ORDER BY object, "table", "column";
