-- What waits, newest first, page by page. It holds nothing of what runs or has ended, so it stays as small as what waits.

CREATE INDEX execution_waiting ON lamplighter.execution (scheduled_at DESC, id DESC)
    WHERE status IN ('queued', 'scheduled', 'retrying');
