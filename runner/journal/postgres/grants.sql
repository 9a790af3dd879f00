-- Everybody may read what concerns them all; nobody but the owner may write a table, or call anything but append.
ALTER DEFAULT PRIVILEGES FOR ROLE shisa_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA shisa FROM PUBLIC;
REVOKE ALL ON SCHEMA shisa FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA shisa FROM PUBLIC;
GRANT USAGE ON SCHEMA shisa TO shisa_operator, shisa_reviewer;
GRANT SELECT ON shisa.version, shisa.head, shisa.journal, shisa.person, shisa.policy, shisa.target, shisa.rules,
  shisa.writer TO shisa_operator, shisa_reviewer;
GRANT SELECT ON shisa.attachment TO shisa_operator, shisa_reviewer;
GRANT EXECUTE ON FUNCTION shisa.attach(bytea) TO shisa_operator;
GRANT EXECUTE ON FUNCTION shisa.append(text, text, text, text, text, uuid, bigint) TO shisa_operator, shisa_reviewer;
GRANT EXECUTE ON FUNCTION shisa.me() TO shisa_operator, shisa_reviewer;
