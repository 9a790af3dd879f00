-- Requests, and what other people say to them.
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

CREATE OR REPLACE FUNCTION shisa.judge_decision(_run text, _step text, _me shisa.person, _b jsonb, _event text)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal := shisa.request_at(_run, _step, _b ->> 'request');
  _request jsonb := shisa.object(_asked.body);
  _ended text := shisa.ended(_asked);
BEGIN
  IF _ended IS NOT NULL THEN
    PERFORM shisa.refuse(format('the request can no longer be decided: %s', _ended), NULL, 'SHA00');
  ELSIF clock_timestamp() > (_request ->> 'not_after')::timestamptz THEN
    PERFORM shisa.refuse(format('the request expired at %s', _request ->> 'not_after'), NULL, 'SHA00');
  ELSIF _me.name IN (_request ->> 'operator', _asked.person) THEN
    PERFORM shisa.refuse(format('%s is the operator, and nobody approves their own step', _me.name), NULL, 'SHA00');
  ELSIF _event = 'approval.given' AND _request -> 'excluded' ? _me.name THEN
    PERFORM shisa.refuse(format('%s is excluded: they %s', _me.name, _request -> 'excluded' ->> _me.name), NULL, 'SHA00');
  ELSIF _b ->> 'as_team' IS NULL OR NOT _b ->> 'as_team' = ANY (_me.teams) THEN
    PERFORM shisa.refuse(format('%s is not in team %s', _me.name, _b ->> 'as_team'), NULL, 'SHA00');
  ELSIF NOT EXISTS (SELECT FROM shisa.policy WHERE _request -> 'policies' ? name AND need ? (_b ->> 'as_team')) THEN
    PERFORM shisa.refuse(format('no policy of the request needs team %s', _b ->> 'as_team'), NULL, 'SHA00');
  ELSIF _event = 'approval.given' AND _b ->> 'assurance' IS DISTINCT FROM 'db+signed' THEN
    PERFORM shisa.refuse(format('an approval in a team journal is db+signed, not %s', _b ->> 'assurance'));
  ELSIF coalesce(_b ->> 'signature', '') = '' OR coalesce(_b ->> 'statement', '') = '' THEN
    PERFORM shisa.refuse('a decision without a signature counts for nothing', NULL, 'SHA00');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_withdrawal(_run text, _step text, _me shisa.person, _b jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal := shisa.request_at(_run, _step, _b ->> 'request');
  _uses integer := shisa.uses_of(shisa.object(_asked.body));
  _ended text := ( -- of the steps that it is about, as long as one may still begin, if only once more
    SELECT CASE WHEN bool_and(why IS NOT NULL) THEN min(why) END
    FROM jsonb_object_keys(shisa.parts_of(_asked)) part, shisa.ended(_asked, part, _uses) why);
BEGIN
  IF _ended IS NOT NULL THEN
    PERFORM shisa.refuse(format('nothing is left to withdraw: %s', _ended), NULL, 'SHA00');
  ELSIF _me.name <> shisa.operator_of(_run) AND NOT EXISTS (
    SELECT FROM shisa.journal WHERE run = _run AND event = 'approval.given' AND person = _me.name
                                AND shisa.object(body) ->> 'request' = _b ->> 'request'
  ) THEN
    PERFORM shisa.refuse(format('%s has not approved this step', _me.name), NULL, 'SHA00');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION shisa.judge_answer(_run text, _step text, _me shisa.person, _b jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  _asked shisa.journal;
  _question jsonb;
BEGIN
  SELECT * INTO _asked FROM shisa.journal
   WHERE run = _run AND step IS NOT DISTINCT FROM _step AND event = 'question.asked' ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    PERFORM shisa.refuse('there is no question that this answers');
  END IF;
  _question := shisa.object(_asked.body);
  IF _b ->> 'as_team' IS DISTINCT FROM _question ->> 'team' OR (_question ->> 'team' = ANY (_me.teams)) IS NOT TRUE THEN
    PERFORM shisa.refuse(format('the question is for team %s, and %s is not in it', _question ->> 'team', _me.name));
  ELSIF coalesce(_b ->> 'statement', '') = '' THEN
    RETURN; -- out of a rehearsal's file: it counts only in a run that takes those
  ELSIF shisa.object(_b ->> 'statement') #>> '{predicate,asked,head}' IS DISTINCT FROM _asked.hash THEN
    PERFORM shisa.refuse('the answer was signed for another asking of the question');
  ELSIF EXISTS (SELECT FROM shisa.journal WHERE run = _run AND seq > _asked.seq AND event = 'question.answered'
                                            AND shisa.object(body) ->> 'statement' = _b ->> 'statement') THEN
    PERFORM shisa.refuse('this answer was given before');
  END IF;
END
$$;

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
DROP FUNCTION IF EXISTS shisa.judge_afterwards(text, shisa.person); -- of an earlier version
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
