-- The course of a step: whether somebody must have approved it, what has become of it, and who may leave it out.

-- Whether a step cannot start unless somebody was asked: it says so itself, its author said so, or its kind is such.
CREATE OR REPLACE FUNCTION shisa.needs_approval(_e jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(jsonb_array_length(_e -> 'policies'), 0) > 0
    OR _e -> 'destructive' IS DISTINCT FROM 'false'
    OR rendered IS NULL OR rendered ? 'approval' OR rendered -> 'destructive' IS NOT DISTINCT FROM 'true'
    OR NOT rendered ?| '{manual,ask,backup,check,for_each,sql,wait}'
       AND NOT (rendered ? 'command' AND rendered ->> 'effects' IS NOT DISTINCT FROM 'none')
       AND rendered #> '{destructive,lowered}' IS NULL
  FROM (SELECT _e -> 'rendered' AS rendered) said
$$;

-- The step that another one belongs to: a rollback and a cleanup to what they take back, an iteration to its loop.
CREATE OR REPLACE FUNCTION shisa.around(_step text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(substring(_step FROM '^(.+)\.(?:rollback|cleanup)$'),
                  substring(_step FROM '^(.+)\[\d+\](?:/[^/\[\].]+)?$'))
$$;

-- Whether a step belongs to one that began with an approval, under the policy of its own target too.
CREATE OR REPLACE FUNCTION shisa.covered(_run text, _step text, _e jsonb) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _due text := (
    SELECT known.policy FROM shisa.journal, jsonb_array_elements(shisa.object(body) -> 'targets') bound
    JOIN shisa.target known ON known.fingerprint = bound ->> 'fingerprint'
    WHERE run = _run AND event = 'run.opened' AND bound ->> 'name' = _e ->> 'target' ORDER BY seq LIMIT 1);
  _around text := shisa.around(_step);
BEGIN
  WHILE _around IS NOT NULL LOOP
    IF EXISTS (SELECT FROM shisa.journal begun
                WHERE begun.run = _run AND begun.step = _around AND begun.event = 'step.intended'
                  AND jsonb_array_length(shisa.object(begun.body) -> 'requests') > 0
                  AND (_due IS NULL OR EXISTS (
                    SELECT FROM shisa.journal entered
                    WHERE entered.run = _run AND entered.step = _around AND entered.event = 'step.entered'
                      AND entered.seq < begun.seq AND shisa.object(entered.body) -> 'policies' ? _due))) THEN
      RETURN true;
    END IF;
    _around := shisa.around(_around);
  END LOOP;
  RETURN false;
END
$$;

-- What became of a step that was begun: unknown while nobody has said it; NULL where it was not begun.
CREATE OR REPLACE FUNCTION shisa.outcome_of(_run text, _step text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce((
    SELECT shisa.object(body) ->> 'outcome' FROM shisa.journal
    WHERE run = _run AND step = _step AND seq > begun.seq AND event IN ('step.ended', 'step.resolved')
    ORDER BY seq DESC LIMIT 1), 'unknown')
  FROM shisa.journal begun
  WHERE run = _run AND step = _step AND event = 'step.intended'
  ORDER BY seq DESC LIMIT 1
$$;

-- A person settles what nobody knows, and what they took back themselves where a rollback failed.
CREATE OR REPLACE FUNCTION shisa.judge_resolved(_run text, _step text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _outcome text := shisa.outcome_of(_run, _step);
BEGIN
  IF _outcome IS NULL THEN
    PERFORM shisa.refuse(format('step %s was not begun, so nobody can say what became of it', _step));
  ELSIF _outcome <> 'unknown' AND NOT (_outcome IN ('failed', 'not-done') AND EXISTS (
    SELECT FROM shisa.journal WHERE run = _run AND event = 'rollback.begun' AND shisa.object(body) -> 'paths' ? _step
  )) THEN
    PERFORM shisa.refuse(format('the outcome of step %s is not unknown: %s', _step, _outcome));
  END IF;
END
$$;

-- What was begun is not left out, and what is guarded or approved only where it has a condition. A condition of an
-- include or a loop stands in the runbook alone: `shisa verify` judges those, and a step that was never reached.
CREATE OR REPLACE FUNCTION shisa.judge_skipped(_run text, _step text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _e jsonb := (SELECT shisa.object(body) FROM shisa.journal
                WHERE run = _run AND step = _step AND event = 'step.entered' ORDER BY seq DESC LIMIT 1);
  _rendered jsonb := _e -> 'rendered';
  _outcome text := shisa.outcome_of(_run, _step);
BEGIN
  IF _outcome = 'done' OR _outcome = 'unknown' AND NOT _rendered ?| '{manual,ask,check,wait,sequences}' THEN
    PERFORM shisa.refuse(format('step %s was begun, and its outcome is %s, so it is not left out', _step, _outcome));
  ELSIF _e IS NULL OR _rendered ? 'when' OR _step LIKE '%/%' THEN
    RETURN;
  ELSIF shisa.needs_approval(_e) AND NOT shisa.covered(_run, _step, _e) OR _rendered ? 'check'
        OR coalesce(_rendered -> 'guards', '{}') <> '{}' THEN
    PERFORM shisa.refuse(format('step %s is guarded or needs approval, so it is not left out', _step),
                         'It is done, or the run stops.');
  END IF;
END
$$;
