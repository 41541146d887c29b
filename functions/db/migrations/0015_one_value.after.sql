-- claim_occurrence() and finish_execution() have taken their places, and no code that calls these runs any more. A
-- database made anew never had them.
DROP FUNCTION IF EXISTS lamplighter.claim(text, timestamptz, text, text, uuid, uuid, interval, boolean, text);
DROP FUNCTION IF EXISTS lamplighter.finish(uuid, timestamptz, uuid, text, text, text, timestamptz, text, text, text,
                                           jsonb, jsonb, jsonb);
