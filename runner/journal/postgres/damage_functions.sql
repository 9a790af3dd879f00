SELECT proname::text, prosrc, proowner::regrole::text,
       coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false) AS pinned,
       proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0) AS public
FROM pg_proc WHERE pronamespace = 'shisa'::regnamespace
