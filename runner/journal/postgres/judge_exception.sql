-- Waivers and break-glass ask the policies of the run's targets who may.
CREATE OR REPLACE FUNCTION shisa.policies_of(_run text) RETURNS SETOF shisa.policy LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT * FROM shisa.policy WHERE name IN (
    SELECT known.policy FROM shisa.journal, jsonb_array_elements(shisa.object(body) -> 'targets') bound
    JOIN shisa.target known ON known.fingerprint = bound ->> 'fingerprint'
    WHERE run = _run AND event = 'run.opened'
    UNION ALL
    SELECT jsonb_array_elements_text(shisa.object(body) -> 'policies') FROM shisa.journal
    WHERE run = _run AND event = 'step.entered')
$$;

CREATE OR REPLACE FUNCTION shisa.judge_waiver(_run text, _me shisa.person) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF _me.name = shisa.operator_of(_run) THEN
    PERFORM shisa.refuse(format('%s is the operator, and nobody waives a finding of their own run', _me.name),
                         NULL, 'SHA00');
  ELSIF NOT EXISTS (SELECT FROM shisa.policies_of(_run) WHERE waive ?| _me.teams) THEN
    PERFORM shisa.refuse(format('no policy of this run lets %s waive a finding', _me.name), NULL, 'SHA00');
  END IF;
END
$$;

-- The glass is broken for one request; everybody whom it asks must be waived by a policy that names the breaker.
CREATE OR REPLACE FUNCTION shisa.judge_breakglass(_run text, _me shisa.person, _b jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal := shisa.request_of(_run, _b ->> 'request');
  _ended text := shisa.ended(_asked);
  _closed text := (SELECT min(name) FROM shisa.policy WHERE shisa.object(_asked.body) -> 'policies' ? name
                                                        AND NOT break_glass && (_me.teams || _me.name));
BEGIN
  IF _ended IS NOT NULL THEN
    PERFORM shisa.refuse(format('there is no glass to break: %s', _ended), NULL, 'SHA00');
  ELSIF _closed IS NOT NULL THEN
    PERFORM shisa.refuse(format('policy %s does not let %s break the glass', _closed, _me.name), NULL, 'SHA00');
  ELSIF coalesce((_b ->> 'until')::timestamptz, 'infinity') > clock_timestamp() + interval '61 min' THEN
    PERFORM shisa.refuse('the glass stays broken for an hour at the most', NULL, 'SHA00');
  ELSIF coalesce(btrim(_b ->> 'reason'), '') = '' THEN
    PERFORM shisa.refuse('breaking the glass takes a reason', NULL, 'SHA00');
  ELSIF coalesce(_b ->> 'signature', '') = '' OR coalesce(_b ->> 'statement', '') = '' THEN
    PERFORM shisa.refuse('a broken glass without a signature counts for nothing', NULL, 'SHA00');
  END IF;
END
$$;

-- Somebody looks afterwards who took no part, for a team that was done without.
CREATE OR REPLACE FUNCTION shisa.judge_afterwards(_run text, _me shisa.person, _b jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM shisa.journal WHERE run = _run AND event = 'breakglass.opened') THEN
    PERFORM shisa.refuse(format('nobody broke the glass in run %s', _run), NULL, 'SHA00');
  ELSIF EXISTS (SELECT FROM shisa.journal WHERE run = _run AND person = _me.name
                   AND event IN ('run.opened', 'run.handed_over', 'breakglass.opened')) THEN
    PERFORM shisa.refuse(format('%s took part in run %s, and somebody else looks at it afterwards', _me.name, _run),
                         NULL, 'SHA00');
  ELSIF _b ->> 'as_team' IS NULL OR NOT _b ->> 'as_team' = ANY (_me.teams) THEN
    PERFORM shisa.refuse(format('%s is not in team %s', _me.name, _b ->> 'as_team'), NULL, 'SHA00');
  ELSIF NOT EXISTS (
    SELECT FROM shisa.journal broken, shisa.policy
    WHERE broken.run = _run AND broken.event = 'breakglass.opened' AND need ? (_b ->> 'as_team')
      AND shisa.object((shisa.request_of(_run, shisa.object(broken.body) ->> 'request')).body) -> 'policies' ? name
  ) THEN
    PERFORM shisa.refuse(format('team %s was not done without', _b ->> 'as_team'), NULL, 'SHA00');
  ELSIF coalesce(_b ->> 'signature', '') = '' OR coalesce(_b ->> 'statement', '') = '' THEN
    PERFORM shisa.refuse('a look without a signature counts for nothing', NULL, 'SHA00');
  END IF;
END
$$;
