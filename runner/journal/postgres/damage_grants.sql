SELECT CASE grantee WHEN 0 THEN 'Everybody' ELSE grantee::regrole::text END,
       relname::text, lower(privilege_type)
FROM pg_class, aclexplode(relacl)
WHERE relnamespace = 'shisa'::regnamespace AND relkind = 'r' AND grantee <> relowner AND privilege_type <> 'SELECT'
UNION ALL
SELECT CASE grantee WHEN 0 THEN 'Everybody' ELSE grantee::regrole::text END, 'in the schema', 'create'
FROM pg_namespace, aclexplode(nspacl)
WHERE nspname = 'shisa' AND grantee <> nspowner AND privilege_type = 'CREATE'
ORDER BY 1, 2, 3
