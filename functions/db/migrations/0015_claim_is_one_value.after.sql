-- claim_occurrence() has taken its place, and no code that calls it runs any more. A database made anew never had it.
DROP FUNCTION IF EXISTS lamplighter.claim(text, timestamptz, text, text, uuid, uuid, interval, boolean, text);
