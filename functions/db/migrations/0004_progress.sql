-- What a person sees of a running execution, and how they ask it to stop. New columns without defaults: instant at any size.

ALTER TABLE lamplighter.execution
    ADD COLUMN progress             jsonb,
    ADD COLUMN cancel_requested_at  timestamptz,
    ADD COLUMN cancel_requested_by  text;
