-- Who may do what, by names. A column and default privileges have a row only where something is granted. An owner's own privileges are left out, for the owner is told; so is who granted.
WITH space AS MATERIALIZED (
    SELECT n.oid, n.nspname, n.nspacl, n.nspowner FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), thing AS (
    SELECT nspname, 'schema' AS kind, quote_ident(nspname) AS object, NULL AS part_of,
           nspowner AS owner,
           coalesce(nspacl, acldefault('n', nspowner)) AS acl
    FROM space
    UNION ALL
    SELECT s.nspname, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, format('%I.%I', s.nspname, c.relname),
           NULL, c.relowner, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT s.nspname, 'column', format('%I.%I.%I', s.nspname, c.relname, a.attname),
           format('%I.%I', s.nspname, c.relname), c.relowner, a.attacl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN space s ON s.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT s.nspname, 'function', format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
           NULL, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    UNION ALL
    SELECT s.nspname, 'default', format('%I by %s for %s', s.nspname, quote_ident(pg_get_userbyid(d.defaclrole)),
                                        d.defaclobjtype), quote_ident(s.nspname), d.defaclrole, d.defaclacl
    FROM pg_default_acl d JOIN space s ON s.oid = d.defaclnamespace
)
SELECT t.nspname::text AS schema, t.kind, t.object, t.part_of, quote_ident(pg_get_userbyid(t.owner)) AS owner,
       array_agg(DISTINCT concat_ws(' ', CASE g.grantee WHEN 0 THEN 'PUBLIC'
                                         ELSE quote_ident(pg_get_userbyid(g.grantee)) END, g.privilege_type,
                                    CASE WHEN g.is_grantable THEN 'WITH GRANT OPTION' END))
           FILTER (WHERE g.grantee <> t.owner) AS grants
FROM thing t
LEFT JOIN LATERAL aclexplode(t.acl) AS g ON true
GROUP BY 1, 2, 3, 4, 5
