-- The only way in. session_user, never current_user: SET ROLE changes the latter.
CREATE OR REPLACE FUNCTION shisa.me() RETURNS shisa.person LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _me shisa.person;
BEGIN
  SELECT * INTO _me FROM shisa.person WHERE role = session_user;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the role % is nobody in shisa.yaml', session_user
      USING ERRCODE = 'SHJ00', HINT = 'Log in with a role of your own that `people:` names; `shisa journal sync` loads it.';
  END IF;
  RETURN _me;
END
$$;

-- Later rules read what earlier lines say; an object that names a key twice says two things.
CREATE OR REPLACE FUNCTION shisa.object(_body text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF (SELECT count(*) FROM json_object_keys(_body::json)) = (SELECT count(*) FROM jsonb_object_keys(_body::jsonb)) THEN
    RETURN _body::jsonb;
  END IF;
  RAISE EXCEPTION 'the event''s body is not one JSON object with each key once' USING ERRCODE = 'SHJ00';
EXCEPTION WHEN data_exception THEN
  RAISE EXCEPTION 'the event''s body cannot be judged: %', SQLERRM USING ERRCODE = 'SHJ00';
END
$$;

CREATE OR REPLACE FUNCTION shisa.append(
  _event text, _run text, _step text, _person text, _body text, _token uuid, _seen bigint DEFAULT NULL
) RETURNS shisa.journal LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '15s'
AS $$
DECLARE
  _me shisa.person := shisa.me();
  _head shisa.head;
  _line shisa.journal;
  _other bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'a line is appended at READ COMMITTED, where the newest lines and rules are seen'
      USING ERRCODE = 'SHJ00';
  END IF;
  PERFORM set_config('idle_in_transaction_session_timeout', '5s', true); -- nobody else can append until the COMMIT
  SELECT * INTO STRICT _head FROM shisa.head FOR UPDATE;

  SELECT * INTO _line FROM shisa.journal WHERE token = _token;
  IF FOUND THEN
    IF (_line.event, _line.run, _line.person, _line.body) IS DISTINCT FROM (_event, _run, _me.name, _body) THEN
      RAISE EXCEPTION 'the token of line % was used for another event', _line.seq USING ERRCODE = 'SHJ00';
    END IF;
    RETURN _line;
  END IF;

  IF _person IS DISTINCT FROM _me.name THEN
    RAISE EXCEPTION 'the role % is %, and cannot write as %', session_user, _me.name, _person
      USING ERRCODE = 'SHJ00', HINT = 'Connect to the journal with the role of the person who acts.';
  END IF;
  IF NOT EXISTS (SELECT FROM shisa.writer w WHERE w.event = _event AND pg_has_role(session_user, w.role, 'MEMBER')) THEN
    RAISE EXCEPTION 'the role % may not write %', session_user, _event
      USING ERRCODE = 'SHJ00', HINT = (
        SELECT coalesce('It takes a member of ' || string_agg(w.role, ' or ' ORDER BY w.role) || '.',
                        'This journal does not know the event; `shisa journal init` brings it up to date.')
        FROM shisa.writer w WHERE w.event = _event);
  END IF;
  SELECT min(seq) INTO _other FROM shisa.journal
   WHERE seq > _seen AND run = _run AND event IN ('run.resumed', 'run.handed_over', 'run.closed');
  IF _other IS NOT NULL THEN
    RAISE EXCEPTION 'line % took run % over', _other, _run USING ERRCODE = 'SHT00', DETAIL = _other;
  END IF;
  IF _run IS NULL OR _token IS NULL OR json_typeof(_body::json) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'an event has a run, a body and a token' USING ERRCODE = 'SHJ00';
  END IF;

  PERFORM shisa.judge(_event, _run, _step, _me, _body);

  _line.seq := _head.seq + 1;
  _line.at := greatest(_head.at, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') COLLATE "C");
  _line.hash := shisa.line_hash(_line.seq, _line.at, _me.name, _event, _run, _step, _body, _head.hash);
  INSERT INTO shisa.journal (seq, at, person, event, run, step, body, prev, hash, token)
  VALUES (_line.seq, _line.at, _me.name, _event, _run, _step, _body, _head.hash, _line.hash, _token)
  RETURNING * INTO _line;
  PERFORM pg_notify('shisa_journal', _line.seq::text);
  RETURN _line;
END
$$;
