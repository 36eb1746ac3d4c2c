/**
 * Files that come after their row has gone: whoever fetched or uploaded one may still be at it when its row is deleted, and its
 * bytes may come when the store was told to forget them. So the store is told twice, an hour apart, which nobody takes.
 */
export const lateFiles = /* sql */ `
ALTER TABLE media_garbage ADD COLUMN forgotten_at timestamptz;
CREATE INDEX media_garbage_new ON media_garbage (at) WHERE forgotten_at IS NULL;
CREATE INDEX media_garbage_again ON media_garbage (forgotten_at) WHERE forgotten_at IS NOT NULL;

-- Ids whose bytes nobody needs: new ones, and those that are due a second time. Uploads that broke off long ago are given up first.
CREATE OR REPLACE FUNCTION media_to_forget(p_broken_off_before timestamptz, p_limit int) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  DELETE FROM media d WHERE d.session_id IS NULL AND d.status = 'pending' AND d.created_at < p_broken_off_before;
  RETURN QUERY
    (SELECT g.id FROM media_garbage g WHERE g.forgotten_at IS NULL ORDER BY g.at LIMIT p_limit)
    UNION ALL
    (SELECT g.id FROM media_garbage g WHERE g.forgotten_at < clock_timestamp() - interval '1 hour'
     ORDER BY g.forgotten_at LIMIT p_limit)
    LIMIT p_limit;
END $$;

-- The first time an id stays; several gateways may say so at once.
CREATE OR REPLACE FUNCTION media_forgotten(p_ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  DELETE FROM media_garbage WHERE id = ANY (p_ids) AND forgotten_at < clock_timestamp() - interval '1 hour';
  UPDATE media_garbage SET forgotten_at = clock_timestamp() WHERE id = ANY (p_ids) AND forgotten_at IS NULL;
$$;
`
