SELECT CASE grantee WHEN 0 THEN 'Everybody' ELSE grantee::regrole::text END,
       relname::text, lower(privilege_type)
FROM pg_class, aclexplode(relacl)
WHERE relnamespace = 'shisa'::regnamespace AND relkind = 'r' AND grantee <> relowner AND privilege_type <> 'SELECT'
ORDER BY 1, 2, 3
