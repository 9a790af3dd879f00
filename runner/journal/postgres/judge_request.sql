-- Requests: what they are about, what is left of them, and which may be made.
CREATE OR REPLACE FUNCTION shisa.request_of(_run text, _request text) RETURNS shisa.journal
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _line shisa.journal;
BEGIN
  SELECT * INTO _line FROM shisa.journal
   WHERE run = _run AND event = 'approval.requested' AND shisa.object(body) ->> 'request' = _request
   ORDER BY seq LIMIT 1;
  IF NOT FOUND THEN
    PERFORM shisa.refuse(format('run %s has asked for no approval %s', _run, _request),
                         'An approval counts for the run that asked for it.', 'SHA00');
  END IF;
  RETURN _line;
END
$$;

-- A decision is about the whole request, and stands at the step that asked.
CREATE OR REPLACE FUNCTION shisa.request_at(_run text, _step text, _request text) RETURNS shisa.journal
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _line shisa.journal := shisa.request_of(_run, _request);
BEGIN
  IF _line.step IS DISTINCT FROM _step THEN
    PERFORM shisa.refuse(format('%s was asked for step %s, not for %s', _request, _line.step, _step),
                         'An approval counts for the step that asked for it.', 'SHA00');
  END IF;
  RETURN _line;
END
$$;

-- The steps that a request is about, each with its text and policies: those of a group, or the one that asked.
CREATE OR REPLACE FUNCTION shisa.parts_of(_asked shisa.journal) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN coalesce(jsonb_array_length(b -> 'parts'), 0) > 0
    THEN (SELECT jsonb_object_agg(part ->> 'step', part) FROM jsonb_array_elements(b -> 'parts') part)
    ELSE jsonb_build_object(_asked.step, b) END
  FROM shisa.object(_asked.body) b
$$;

-- How often a request may start a step of it: as often as it says, and no more often than its policies grant.
CREATE OR REPLACE FUNCTION shisa.uses_of(_request jsonb) RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT least(coalesce((_request ->> 'max_uses')::int, 1), 1 + min(retries))
  FROM shisa.policy WHERE _request -> 'policies' ? name
$$;

-- Why a request can no longer be used; NULL while it can. A step uses its part up by the intent that names the
-- request, as often as it may, and when it is done; the whole is used up with the last part, and void when a step of a
-- group does not go as it was meant to.
CREATE OR REPLACE FUNCTION shisa.ended(_asked shisa.journal, _step text DEFAULT NULL, _uses integer DEFAULT 1)
RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _parts jsonb := shisa.parts_of(_asked);
  _request text := shisa.object(_asked.body) ->> 'request';
  _line shisa.journal;
  _begun text[] := '{}';
  _outcome text;
BEGIN
  FOR _line IN
    SELECT * FROM shisa.journal
     WHERE run = _asked.run AND seq > _asked.seq
       AND event IN ('approval.rejected', 'approval.withdrawn', 'approval.expired', 'approval.stale', 'guards.asked',
                     'plan.amended', 'run.handed_over', 'run.resumed', 'run.closed', 'step.ended', 'step.intended',
                     'step.resolved')
     ORDER BY seq
  LOOP
    CASE _line.event
      WHEN 'run.closed' THEN
        RETURN 'the run was closed';
      WHEN 'run.handed_over' THEN
        RETURN format('%s is the operator now', shisa.object(_line.body) ->> 'to_person');
      WHEN 'plan.amended' THEN
        IF shisa.object(_line.body) ->> 'plan_digest' IS DISTINCT FROM shisa.object(_asked.body) ->> 'plan_digest' THEN
          RETURN 'the plan was amended';
        END IF;
      WHEN 'run.resumed' THEN
        IF shisa.object(_line.body) ->> 'plan_digest' <> shisa.object(_asked.body) ->> 'plan_digest' THEN
          RETURN 'the runbook was changed';
        END IF;
      WHEN 'step.intended' THEN
        IF shisa.object(_line.body) -> 'requests' ? _request THEN
          _begun := _begun || _line.step;
          IF (_step IS NULL AND _parts - _begun = '{}') OR cardinality(array_positions(_begun, _step)) >= _uses THEN
            RETURN format('it was used at %s', _line.at);
          END IF;
        END IF;
      WHEN 'step.ended', 'step.resolved' THEN
        _outcome := shisa.object(_line.body) ->> 'outcome';
        IF _line.step = ANY (_begun) AND _parts - _begun <> '{}'
           AND (_line.event = 'step.ended' AND _outcome = 'done') IS NOT TRUE THEN
          RETURN format(CASE _line.event WHEN 'step.ended' THEN '%2$s of the group ended as %3$s'
                        ELSE '%1$s said what became of %2$s of the group: %3$s' END, _line.person, _line.step, _outcome);
        ELSIF _line.step = _step AND _outcome = 'done' THEN
          RETURN format('%s is done', _step);
        END IF;
      WHEN 'guards.asked' THEN
        IF _line.step = ANY (_begun) AND _parts - _begun <> '{}' AND shisa.object(_line.body) ->> 'moment' = 'after'
           AND (shisa.object(_line.body) ->> 'verdict' IN ('pass', 'warn')) IS NOT TRUE THEN
          RETURN format('a guard objected after %s of the group', _line.step);
        END IF;
      ELSE
        IF shisa.object(_line.body) ->> 'request' = _request THEN
          RETURN CASE _line.event
            WHEN 'approval.rejected' THEN format('%s rejected it', _line.person)
            WHEN 'approval.withdrawn' THEN format('%s withdrew', _line.person)
            WHEN 'approval.expired' THEN 'it has expired'
            ELSE 'it is stale' END;
        END IF;
    END CASE;
  END LOOP;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_request(_run text, _step text, _b jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _bound record;
  _longest interval;
BEGIN
  PERFORM shisa.demand_rules(_b ->> 'policy_digest');
  IF _b ->> 'request' IS NULL OR EXISTS (
    SELECT FROM shisa.journal WHERE event = 'approval.requested' AND shisa.object(body) ->> 'request' = _b ->> 'request'
  ) THEN
    PERFORM shisa.refuse(format('%s was asked before: each request has a number of its own', _b ->> 'request'));
  ELSIF coalesce(jsonb_array_length(_b -> 'policies'), 0) = 0 THEN
    PERFORM shisa.refuse('the request names no policy, so nobody could satisfy it');
  ELSIF EXISTS (SELECT FROM jsonb_array_elements_text(_b -> 'policies') p
                WHERE NOT EXISTS (SELECT FROM shisa.policy WHERE name = p)) THEN
    PERFORM shisa.refuse('the request names a policy that the journal does not know');
  END IF;
  SELECT min(request_ttl) INTO _longest FROM shisa.policy WHERE _b -> 'policies' ? name;
  IF coalesce((_b ->> 'not_after')::timestamptz, 'infinity') > clock_timestamp() + _longest + interval '1 min' THEN
    PERFORM shisa.refuse(format('the request would wait until %s, longer than its policy allows (%s)',
                                coalesce(_b ->> 'not_after', 'the end of time'), _longest));
  END IF;
  IF (_b ->> 'max_uses')::int > shisa.uses_of(_b) THEN
    PERFORM shisa.refuse(format('the request may be used %s times, more often than its policies grant',
                                _b ->> 'max_uses'));
  END IF;
  PERFORM shisa.demand_target(_run, _b ->> 'target', _b -> 'policies');
END
$$;

-- The target's own row says which policy holds on it, whatever the request says.
CREATE OR REPLACE FUNCTION shisa.demand_target(_run text, _fingerprint text, _policies jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _known shisa.target;
BEGIN
  IF coalesce(_fingerprint, '') = '' THEN
    RETURN; -- a step without a target: a command, a manual step
  END IF;
  IF NOT EXISTS (
    SELECT FROM shisa.journal, jsonb_array_elements(shisa.object(body) -> 'targets') bound
    WHERE run = _run AND event = 'run.opened' AND bound ->> 'fingerprint' = _fingerprint
  ) THEN
    PERFORM shisa.refuse('the request names a target that the run was not opened on', NULL, 'SHA00');
  END IF;
  SELECT * INTO _known FROM shisa.target WHERE fingerprint = _fingerprint;
  IF NOT FOUND THEN
    PERFORM shisa.refuse('the journal does not know the target, so nobody can approve what is done to it',
                         'Name it in shisa.yaml with its policy, and let the journal''s owner run `shisa journal sync`.',
                         'SHA00');
  ELSIF _known.policy IS NULL THEN
    PERFORM shisa.refuse(format('target %s has no policy, so it takes no step that needs approval', _known.names[1]),
                         NULL, 'SHA00');
  ELSIF NOT _policies ? _known.policy THEN
    PERFORM shisa.refuse(format('the request leaves out policy %s of target %s', _known.policy, _known.names[1]),
                         NULL, 'SHA00');
  END IF;
END
$$;
