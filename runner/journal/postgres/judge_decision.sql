-- What other people say to a request or a question.
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
  ELSIF EXISTS (SELECT FROM shisa.journal WHERE run = _run AND event = 'question.answered'
                                            AND shisa.object(body) ->> 'statement' = _b ->> 'statement') THEN
    PERFORM shisa.refuse('this answer was given before');
  END IF;
END
$$;
