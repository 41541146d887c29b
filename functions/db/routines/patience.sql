-- How long to wait for an execution's event once it was sent this often: longer each time, an hour at most. It may be on
-- its way still, behind thousands of others, and each one more costs an invocation.
CREATE OR REPLACE FUNCTION lamplighter.patience(dispatches integer) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
    SELECT least(interval '45 seconds' * 2 ^ least(dispatches - 1, 7), interval '1 hour')
$$;
