-- What the database itself demands of an event. Signatures are not among it: the clients verify those.
CREATE OR REPLACE FUNCTION shisa.refuse(_reason text, _hint text DEFAULT NULL, _code text DEFAULT 'SHJ00')
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '%', _reason USING ERRCODE = _code, HINT = coalesce(_hint, '');
END
$$;

-- The newest line of a run that tells who carries it out.
CREATE OR REPLACE FUNCTION shisa.operator_of(_run text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE event WHEN 'run.handed_over' THEN shisa.object(body) ->> 'to_person'
                    ELSE shisa.object(body) ->> 'operator' END
  FROM shisa.journal WHERE run = _run AND event IN ('run.opened', 'run.resumed', 'run.handed_over')
  ORDER BY seq DESC LIMIT 1
$$;

CREATE OR REPLACE FUNCTION shisa.demand_rules(_digest text, _code text DEFAULT 'SHJ00') RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _rules shisa.rules;
BEGIN
  SELECT * INTO _rules FROM shisa.rules;
  IF NOT FOUND THEN
    PERFORM shisa.refuse('nobody has loaded people, policies and targets into this journal',
                         'Its owner runs `shisa journal sync`.');
  ELSIF _rules.digest IS DISTINCT FROM _digest THEN
    PERFORM shisa.refuse('the people, policies or targets of this shisa.yaml are others than the journal''s',
                         'Take the file that `shisa journal sync` loaded, or let the journal''s owner load yours.',
                         _code);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge(_event text, _run text, _step text, _me shisa.person, _body text)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _operator text := shisa.operator_of(_run);
  _b jsonb;
BEGIN
  IF _event = 'anchor' THEN
    RETURN;
  ELSIF _event = 'run.opened' THEN
    PERFORM shisa.judge_opened(_run, _me, shisa.object(_body));
    RETURN;
  ELSIF _operator IS NULL THEN
    PERFORM shisa.refuse(format('there is no run %s', _run));
  END IF;

  IF _event IN ('approval.requested', 'approval.given', 'approval.rejected', 'breakglass.opened', 'plan.amended',
                'question.answered', 'run.closed', 'run.handed_over', 'run.resumed', 'step.intended', 'waiver.given') THEN
    PERFORM shisa.refuse(format('%s ended run %s meanwhile (%s)', person, run, shisa.object(body) ->> 'state'),
                         NULL, 'SHE00') FROM shisa.journal
     WHERE run = _run AND event = 'run.closed';
  END IF;

  IF _event IN ('approval.requested', 'approval.given', 'approval.rejected', 'approval.withdrawn', 'breakglass.opened',
                'breakglass.reviewed', 'question.answered', 'run.handed_over', 'run.resumed', 'step.entered',
                'guards.asked', 'step.intended', 'waiver.given') THEN
    _b := shisa.object(_body);
  END IF;

  IF _event = 'run.handed_over' THEN
    IF _b ->> 'to_person' IS DISTINCT FROM _me.name OR _b ->> 'from_person' IS DISTINCT FROM _operator THEN
      PERFORM shisa.refuse(format('run %s is handed over by %s to whoever takes it, and only they write that',
                                  _run, _operator));
    END IF;
  ELSIF NOT EXISTS (SELECT FROM shisa.writer WHERE event = _event AND role = 'shisa_reviewer')
    AND _operator <> _me.name THEN
    PERFORM shisa.refuse(format('run %s belongs to %s, not to %s', _run, _operator, _me.name));
  END IF;

  IF _event IN ('run.resumed', 'approval.requested') AND _b ->> 'operator' IS DISTINCT FROM _me.name THEN
    PERFORM shisa.refuse(format('the event names %s as the operator, and %s writes it', _b ->> 'operator', _me.name));
  END IF;

  CASE _event
    WHEN 'approval.requested' THEN PERFORM shisa.judge_request(_run, _step, _b);
    WHEN 'approval.given', 'approval.rejected' THEN PERFORM shisa.judge_decision(_run, _step, _me, _b, _event);
    WHEN 'approval.withdrawn' THEN PERFORM shisa.judge_withdrawal(_run, _step, _me, _b);
    WHEN 'question.answered' THEN PERFORM shisa.judge_answer(_run, _step, _me, _b);
    WHEN 'waiver.given' THEN PERFORM shisa.judge_waiver(_run, _me);
    WHEN 'breakglass.opened' THEN PERFORM shisa.judge_breakglass(_run, _me, _b);
    WHEN 'breakglass.reviewed' THEN PERFORM shisa.judge_afterwards(_run, _me, _b);
    WHEN 'step.intended' THEN PERFORM shisa.judge_start(_run, _step, _me, _b);
    WHEN 'step.resolved' THEN PERFORM shisa.judge_resolved(_run, _step);
    WHEN 'step.skipped' THEN PERFORM shisa.judge_skipped(_run, _step);
    ELSE NULL;
  END CASE;
END
$$;

-- A run is opened once, by its operator, under the journal's rules, on targets that are what the journal says.
CREATE OR REPLACE FUNCTION shisa.judge_opened(_run text, _me shisa.person, _b jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _bound record;
BEGIN
  IF EXISTS (SELECT FROM shisa.journal WHERE run = _run) THEN
    PERFORM shisa.refuse(format('there is a run %s already', _run));
  ELSIF _b ->> 'operator' IS DISTINCT FROM _me.name THEN
    PERFORM shisa.refuse(format('the event names %s as the operator, and %s writes it', _b ->> 'operator', _me.name));
  END IF;
  PERFORM shisa.demand_rules(_b ->> 'policy_digest');
  FOR _bound IN
    SELECT given.value ->> 'name' AS name, given.value ->> 'environment' AS environment, known.environment AS due
    FROM jsonb_array_elements(_b -> 'targets') given
    JOIN shisa.target known ON known.fingerprint = given.value ->> 'fingerprint'
    WHERE (given.value ->> 'environment', given.value ->> 'policy')
          IS DISTINCT FROM (known.environment, known.policy)
  LOOP
    PERFORM shisa.refuse(format('target %s has another environment or policy in the team journal (%s)', _bound.name,
                                coalesce(_bound.due, 'no environment')),
                         'Use the name that shisa.yaml has for this database, not a URI.');
  END LOOP;
  IF EXISTS (SELECT FROM jsonb_array_elements(_b -> 'targets') given WHERE given ->> 'environment' = 'production')
     AND (coalesce(_b ->> 'signature', '') <> '' AND NOT (_b ->> 'unattended')::boolean) IS NOT TRUE THEN
    PERFORM shisa.refuse('production takes no unsigned run, and no answers from a file');
  END IF;
END
$$;
