-- A role that may neither operate nor review may do both now; what somebody has narrowed stays narrow.
DO $$
DECLARE
  _role name;
BEGIN
  FOR _role IN
    SELECT rolname FROM shisa.person JOIN pg_roles ON rolname = role
    WHERE NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = pg_roles.oid
                      AND m.roleid IN ('shisa_operator'::regrole, 'shisa_reviewer'::regrole))
  LOOP
    EXECUTE format('GRANT shisa_operator, shisa_reviewer TO %I', _role);
  END LOOP;
END
$$;
