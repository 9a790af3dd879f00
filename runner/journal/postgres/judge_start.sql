-- Whether a policy is satisfied by these people in these teams: distinct people, each in one slot. By Hall's
-- theorem that is so exactly where, of every set of needed teams, enough people signed for one of the set.
CREATE OR REPLACE FUNCTION shisa.satisfied(_need jsonb, _people text[], _teams text[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _names text[] := ARRAY(SELECT key FROM jsonb_object_keys(_need) key ORDER BY key);
  _some text[];
BEGIN
  IF cardinality(_names) = 0 THEN
    RETURN false;
  END IF;
  FOR _set IN 1 .. (1 << cardinality(_names)) - 1 LOOP
    _some := ARRAY(SELECT n FROM unnest(_names) WITH ORDINALITY each(n, i) WHERE _set & (1 << (i::int - 1)) <> 0);
    IF (SELECT count(DISTINCT vote.person) FROM unnest(_people, _teams) vote(person, team) WHERE team = ANY (_some))
       < (SELECT sum((_need ->> n)::int) FROM unnest(_some) n) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END
$$;

-- When the last approval needed came in; NULL while some are missing. Only who is still of the team counts.
CREATE OR REPLACE FUNCTION shisa.completed(_asked shisa.journal, _policies jsonb) RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _people text[] := '{}';
  _teams text[] := '{}';
  _given record;
BEGIN
  FOR _given IN
    SELECT line.person, shisa.object(line.body) ->> 'as_team' AS team, line.at::timestamptz AS at
    FROM shisa.journal line JOIN shisa.person who ON who.name = line.person
    WHERE line.run = _asked.run AND line.event = 'approval.given'
      AND shisa.object(line.body) ->> 'request' = shisa.object(_asked.body) ->> 'request'
      AND shisa.object(line.body) ->> 'as_team' = ANY (who.teams)
      AND line.person <> _asked.person
    ORDER BY line.seq
  LOOP
    _people := _people || _given.person;
    _teams := _teams || _given.team;
    IF NOT EXISTS (SELECT FROM shisa.policy WHERE _policies ? name AND NOT shisa.satisfied(need, _people, _teams)) THEN
      RETURN _given.at;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_start(_run text, _step text, _me shisa.person, _b jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _entered shisa.journal;
  _e jsonb;
BEGIN
  SELECT * INTO _entered FROM shisa.journal
   WHERE run = _run AND step IS NOT DISTINCT FROM _step AND event = 'step.entered' ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    PERFORM shisa.refuse(format('step %s was not reached, so it cannot start', _step), NULL, 'SHA00');
  END IF;
  _e := shisa.object(_entered.body);
  IF _b ->> 'step_digest' IS DISTINCT FROM _e ->> 'step_digest' THEN
    PERFORM shisa.refuse(format('step %s would start as another text than was shown', _step), NULL, 'SHA00');
  ELSIF coalesce(jsonb_array_length(_e -> 'policies'), 0) = 0 AND coalesce(jsonb_array_length(_b -> 'requests'), 0) = 0
        AND (NOT shisa.needs_approval(_e) OR shisa.covered(_run, _step, _e)) THEN
    RETURN; -- nobody is asked
  END IF;
  PERFORM shisa.judge_guards(_entered, _e);
  IF coalesce(jsonb_array_length(_b -> 'requests'), 0) = 0 THEN
    PERFORM shisa.refuse(format('step %s needs approval (%s), and its start names none', _step,
                                coalesce((SELECT string_agg(p, ', ') FROM jsonb_array_elements_text(_e -> 'policies') p),
                                         'it is destructive')),
                         NULL, 'SHA00');
  ELSIF jsonb_array_length(_b -> 'requests') > 1 THEN
    PERFORM shisa.refuse('a start uses one request', NULL, 'SHA00');
  ELSE
    PERFORM shisa.judge_use(_run, _step, _me, _e, _b -> 'requests' ->> 0);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_guards(_entered shisa.journal, _e jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal;
  _limit CONSTANT interval := '60 s';
BEGIN
  IF coalesce(jsonb_array_length(_e #> '{rendered,guards,before}'), 0) = 0 THEN
    RETURN;
  END IF;
  SELECT * INTO _asked FROM shisa.journal
   WHERE run = _entered.run AND step IS NOT DISTINCT FROM _entered.step AND seq > _entered.seq
     AND event = 'guards.asked' AND shisa.object(body) ->> 'moment' IN ('before', 'again') ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    PERFORM shisa.refuse(format('the guards of step %s were not asked', _entered.step), NULL, 'SHG00');
  ELSIF (shisa.object(_asked.body) ->> 'verdict' IN ('pass', 'warn')) IS NOT TRUE THEN
    PERFORM shisa.refuse(format('the guards of step %s say %s', _entered.step, shisa.object(_asked.body) ->> 'verdict'),
                         NULL, 'SHG00');
  ELSIF clock_timestamp() - _asked.at::timestamptz > _limit THEN
    PERFORM shisa.refuse(format('the guards of step %s were asked %s s ago, which is longer than %s s', _entered.step,
                                round(extract(epoch FROM clock_timestamp() - _asked.at::timestamptz)),
                                extract(epoch FROM _limit)::int),
                         'They are asked again right before the start.', 'SHG00');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_use(_run text, _step text, _me shisa.person, _e jsonb, _request text)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal := shisa.request_of(_run, _request);
  _r jsonb := shisa.object(_asked.body);
  _part jsonb := shisa.parts_of(_asked) -> _step;
  _ended text;
  _completed timestamptz;
  _deadline timestamptz;
BEGIN
  IF _part IS NULL THEN
    PERFORM shisa.refuse(format('%s was asked for step %s, not for %s', _request, _asked.step, _step),
                         'An approval counts for the step that asked for it.', 'SHA00');
  ELSIF _part ->> 'step_digest' IS DISTINCT FROM _e ->> 'step_digest' THEN
    PERFORM shisa.refuse(format('another text of step %s was approved than would start', _step), NULL, 'SHA00');
  ELSIF _me.name IS DISTINCT FROM _r ->> 'operator' OR _me.name <> _asked.person THEN
    PERFORM shisa.refuse(format('%s asked for the approval, and %s would start the step', _r ->> 'operator', _me.name),
                         'An approval names the operator whom it is for.', 'SHA00');
  ELSIF ((_r -> 'policies') @> (_e -> 'policies') AND (_part -> 'policies') @> (_e -> 'policies')) IS NOT TRUE THEN
    PERFORM shisa.refuse('the step needs other policies than were asked for', NULL, 'SHA00');
  END IF;
  PERFORM shisa.demand_rules(_r ->> 'policy_digest', 'SHA00');
  PERFORM shisa.demand_target(_run, _r ->> 'target', _r -> 'policies');
  IF coalesce(_r ->> 'target', '') IS DISTINCT FROM coalesce((
    SELECT bound ->> 'fingerprint' FROM shisa.journal, jsonb_array_elements(shisa.object(body) -> 'targets') bound
    WHERE run = _run AND event = 'run.opened' AND bound ->> 'name' = _e ->> 'target'), '') THEN
    PERFORM shisa.refuse('the step works on another target than was approved', NULL, 'SHA00');
  END IF;

  _ended := shisa.ended(_asked, _step, shisa.uses_of(_r));
  IF _ended IS NOT NULL THEN
    PERFORM shisa.refuse(format('the approval cannot be used: %s', _ended), NULL, 'SHA00');
  END IF;
  PERFORM shisa.demand_failed(_run, _step, _request);
  IF EXISTS (SELECT FROM shisa.journal WHERE run = _run AND step IS NOT DISTINCT FROM _step
                                         AND event = 'items.expanded' AND seq > _asked.seq) THEN
    PERFORM shisa.refuse(format('the items of step %s were changed after it was asked for', _step), NULL, 'SHA00');
  END IF;
  IF EXISTS (SELECT FROM shisa.journal WHERE run = _run AND event = 'breakglass.opened'
                AND shisa.object(body) ->> 'request' = _request
                AND (shisa.object(body) ->> 'until')::timestamptz > clock_timestamp()) THEN
    RETURN;
  END IF;
  _completed := shisa.completed(_asked, _r -> 'policies');
  IF _completed IS NULL THEN
    PERFORM shisa.refuse(format('not enough people have approved step %s', _step),
                         '`shisa status` tells whose approval is missing.', 'SHA00');
  END IF;
  SELECT least((_r #>> '{window,not_after}')::timestamptz, _completed + min(
           CASE WHEN _r #>> '{window,not_after}' IS NULL THEN approval_ttl ELSE coalesce(window_max, approval_ttl) END))
    INTO _deadline FROM shisa.policy WHERE _r -> 'policies' ? name;
  IF clock_timestamp() < (_r #>> '{window,not_before}')::timestamptz THEN
    PERFORM shisa.refuse(format('the approved window begins at %s', _r #>> '{window,not_before}'), NULL, 'SHA00');
  ELSIF (clock_timestamp() <= _deadline) IS NOT TRUE THEN
    PERFORM shisa.refuse(format('the approval expired at %s', to_char(_deadline AT TIME ZONE 'UTC',
                                'YYYY-MM-DD"T"HH24:MI:SS"Z"')), NULL, 'SHA00');
  END IF;
END
$$;

-- A step that was begun with an approval begins again with it only where it is known to have failed.
CREATE OR REPLACE FUNCTION shisa.demand_failed(_run text, _step text, _request text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _begun bigint := (
    SELECT max(seq) FROM shisa.journal WHERE run = _run AND step IS NOT DISTINCT FROM _step AND event = 'step.intended'
                                         AND shisa.object(body) -> 'requests' ? _request);
  _outcome text := (
    SELECT shisa.object(body) ->> 'outcome' FROM shisa.journal
     WHERE run = _run AND step IS NOT DISTINCT FROM _step AND seq > _begun AND event IN ('step.ended', 'step.resolved')
     ORDER BY seq DESC LIMIT 1);
BEGIN
  IF _begun IS NOT NULL AND _outcome IS DISTINCT FROM 'failed' THEN
    PERFORM shisa.refuse(format('step %s was begun with this approval, and its outcome is %s', _step,
                                coalesce(_outcome, 'unknown')),
                         'Only what is known to have failed is tried again.', 'SHA00');
  END IF;
END
$$;
