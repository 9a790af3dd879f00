-- The chain, whoever inserts: also the table's owner and a superuser come past these triggers, for they are ENABLE
-- ALWAYS, which session_replication_role does not switch off.
CREATE OR REPLACE FUNCTION shisa.line_hash(
  _seq bigint, _at text, _person text, _event text, _run text, _step text, _body text, _prev text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT encode(sha256(convert_to(
    'shisa1 ' || _seq || ' '
    || octet_length(_at) || ':' || _at
    || octet_length(_person) || ':' || _person
    || octet_length(_event) || ':' || _event
    || octet_length(_run) || ':' || _run
    || coalesce(octet_length(_step) || ':' || _step, '-')
    || octet_length(_body) || ':' || _body
    || octet_length(_prev) || ':' || _prev, 'UTF8')), 'hex')
$$;

CREATE OR REPLACE FUNCTION shisa.chain() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _head shisa.head;
BEGIN
  SELECT * INTO STRICT _head FROM shisa.head FOR UPDATE;
  IF NEW.seq <> _head.seq + 1 OR NEW.prev <> _head.hash OR NEW.at < _head.at OR NEW.hash <> shisa.line_hash(
    NEW.seq, NEW.at, NEW.person, NEW.event, NEW.run, NEW.step, NEW.body, NEW.prev
  ) THEN
    RAISE EXCEPTION 'line % does not follow from line %, the last of the journal', NEW.seq, _head.seq
      USING ERRCODE = 'SHJ00';
  END IF;
  UPDATE shisa.head SET seq = NEW.seq, hash = NEW.hash, at = NEW.at;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION shisa.append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP USING ERRCODE = 'SHJ00';
END
$$;

-- At the COMMIT, after whatever the session has set. A SET clause of the function would not do: it is undone when the
-- function returns, and the COMMIT comes after that.
CREATE OR REPLACE FUNCTION shisa.durable() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON shisa.journal
  FOR EACH ROW EXECUTE FUNCTION shisa.append_only();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON shisa.journal
  FOR EACH STATEMENT EXECUTE FUNCTION shisa.append_only();
CREATE OR REPLACE TRIGGER chain BEFORE INSERT ON shisa.journal
  FOR EACH ROW EXECUTE FUNCTION shisa.chain();
DROP TRIGGER IF EXISTS durable ON shisa.journal; -- PostgreSQL replaces no CONSTRAINT TRIGGER
CREATE CONSTRAINT TRIGGER durable AFTER INSERT ON shisa.journal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shisa.durable();
