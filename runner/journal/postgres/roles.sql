-- Roles belong to the cluster: journals in several databases of one cluster share them. All are NOLOGIN; people
-- log in with their own roles, and `shisa journal sync` makes those members.
DO $$
DECLARE
  missing text;
BEGIN
  FOREACH missing IN ARRAY ARRAY['shisa_owner', 'shisa_operator', 'shisa_reviewer'] LOOP
    BEGIN
      IF to_regrole(missing) IS NULL THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', missing);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another installation was faster
    END;
  END LOOP;
  IF NOT pg_has_role('shisa_owner', 'MEMBER') THEN
    GRANT shisa_owner TO CURRENT_USER;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = 'shisa_operator'::regrole
                 AND member = 'shisa_owner'::regrole AND admin_option) THEN
    GRANT shisa_operator, shisa_reviewer TO shisa_owner WITH ADMIN OPTION;
  END IF;
  IF to_regnamespace('shisa') IS NULL THEN
    CREATE SCHEMA shisa AUTHORIZATION shisa_owner;
  END IF;
  -- A setting of shisa_operator would not reach its members: settings of a role are those of who logs in.
  EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = %L', current_database(), '5s');
END
$$;
