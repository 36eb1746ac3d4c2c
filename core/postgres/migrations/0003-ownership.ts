/**
 * Ownership made whole (core/ownership/machine.ts says it in prose): a boot that was revoked or has ended writes nothing
 * more, a claim that has to wait leaves its wish with the holder, and an operator that no longer leads writes nothing.
 */
export const ownership = /* sql */ `
-- The highest generation under which a claim had to wait for a living holder. Above the generation: the holder is to leave.
ALTER TABLE session_owner ADD COLUMN wanted_generation bigint NOT NULL DEFAULT 0;
CREATE INDEX session_owner_wanted ON session_owner (boot_id) WHERE wanted_generation > generation AND released_at IS NULL;

-- Whoever revokes or ends a boot, and however: all that it holds is free in the same commit, so the fence refuses it. Waits
-- for commits and claims of the boot that are under way; a claim that follows finds the lease closed.
CREATE FUNCTION lease_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.boot_id = NEW.boot_id AND o.released_at IS NULL ORDER BY o.session_id FOR UPDATE;
  UPDATE session_owner SET released_at = clock_timestamp() WHERE boot_id = NEW.boot_id AND released_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER lease_closed AFTER UPDATE OF revoked_at, ended_at ON worker_lease
  FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL OR NEW.ended_at IS NOT NULL) EXECUTE FUNCTION lease_closed();

UPDATE session_owner o SET released_at = now() FROM worker_lease l
  WHERE l.boot_id = o.boot_id AND o.released_at IS NULL AND (l.revoked_at IS NOT NULL OR l.ended_at IS NOT NULL);

-- Takes sessions for a boot. A row comes back for each session it got; each claim raises the epoch. A session can be taken
-- when nobody holds it, or an older boot of the same pod does; under a generation that nobody has wished to exceed, newer
-- than the last claim's or the same on the same pod. What a living boot holds is wished for instead.
CREATE OR REPLACE FUNCTION claim(p_boot uuid, p_sessions uuid[], p_generations bigint[])
RETURNS TABLE (session_id uuid, tenant_id uuid, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
#variable_conflict use_column
DECLARE me worker_lease;
BEGIN
  SELECT * INTO me FROM worker_lease l WHERE l.boot_id = p_boot AND l.revoked_at IS NULL AND l.ended_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  -- Two statements: the second one's snapshot is younger than the locks, so it sees what the last holder did.
  PERFORM FROM session_owner o WHERE o.session_id = ANY (p_sessions) ORDER BY o.session_id FOR UPDATE;
  RETURN QUERY
  UPDATE session_owner o
  SET generation = w.generation, epoch = o.epoch + 1, boot_id = me.boot_id, pod_uid = me.pod_uid,
      claimed_at = clock_timestamp(), released_at = NULL
  FROM unnest(p_sessions, p_generations) w (session_id, generation)
  WHERE o.session_id = w.session_id
    AND EXISTS (SELECT FROM session s WHERE s.id = o.session_id AND s.deleted_at IS NULL)
    AND w.generation >= o.wanted_generation
    AND (w.generation > o.generation OR (w.generation = o.generation AND o.pod_uid IS NOT DISTINCT FROM me.pod_uid))
    AND (o.released_at IS NOT NULL OR o.boot_id IS NOT DISTINCT FROM me.boot_id
      OR NOT EXISTS (SELECT FROM worker_lease h WHERE h.boot_id = o.boot_id
           AND NOT (h.pod_uid = me.pod_uid AND h.boot_number < me.boot_number)))
  RETURNING o.session_id, o.tenant_id, o.epoch;

  -- What was claimed has this generation now; what is left with an older one has a living holder.
  UPDATE session_owner o SET wanted_generation = w.generation
  FROM unnest(p_sessions, p_generations) w (session_id, generation)
  WHERE o.session_id = w.session_id AND w.generation > o.generation AND w.generation > o.wanted_generation
    AND EXISTS (SELECT FROM session s WHERE s.id = o.session_id AND s.deleted_at IS NULL);

  -- Below a wish: it is not for us. But an older boot of our pod, if it is that which holds it, is dead.
  UPDATE session_owner o SET released_at = clock_timestamp()
  FROM unnest(p_sessions, p_generations) w (session_id, generation), worker_lease h
  WHERE o.session_id = w.session_id AND w.generation < o.wanted_generation AND o.released_at IS NULL
    AND h.boot_id = o.boot_id AND h.pod_uid = me.pod_uid AND h.boot_number < me.boot_number;
END $$;

-- The sessions of a boot that another one waits for under a higher generation.
CREATE FUNCTION wanted_elsewhere(p_boot uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id FROM session_owner o
  WHERE o.boot_id = p_boot AND o.released_at IS NULL AND o.wanted_generation > o.generation;
$$;

-- The sessions that earlier boots of the same pod hold, and that are to run.
CREATE FUNCTION left_behind(p_boot uuid) RETURNS TABLE (session_id uuid, generation bigint, linking_attempt int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, o.generation, c.linking_attempt
  FROM worker_lease me
  JOIN worker_lease earlier ON earlier.pod_uid = me.pod_uid AND earlier.boot_number < me.boot_number
  JOIN session_owner o ON o.boot_id = earlier.boot_id AND o.released_at IS NULL
  JOIN session s ON s.id = o.session_id AND s.desired_state = 'Running' AND s.deleted_at IS NULL
  JOIN tenant t ON t.id = o.tenant_id AND t.state = 'Active'
  JOIN credential c ON c.session_id = o.session_id
  WHERE me.boot_id = p_boot;
$$;

-- Which operator leads, as far as Postgres is concerned: the one that took the lead last. Kubernetes decides who may take
-- it; this makes the late writes of the one before fail.
CREATE TABLE operator_leader (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id uuid,
  since timestamptz
);
INSERT INTO operator_leader DEFAULT VALUES;
ALTER TABLE operator_leader ENABLE ROW LEVEL SECURITY;
ALTER TABLE operator_leader FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON operator_leader TO berth_operator USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (id, since) ON operator_leader TO berth_operator;

-- Fails the transaction of an operator that does not lead; holds off the next leader until it is over. One that is stopped
-- in the middle of it holds nobody off for long.
CREATE FUNCTION require_leader(p_id uuid) RETURNS void
LANGUAGE plpgsql SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM operator_leader l WHERE l.id = p_id FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'another operator leads' USING ERRCODE = 'BE001'; END IF;
  PERFORM set_config('idle_in_transaction_session_timeout', '1s', true);
END $$;

REVOKE ALL ON FUNCTION lease_closed(), wanted_elsewhere(uuid), left_behind(uuid), require_leader(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wanted_elsewhere(uuid), left_behind(uuid) TO berth_worker;
GRANT EXECUTE ON FUNCTION require_leader(uuid) TO berth_operator;
ALTER FUNCTION lease_closed() OWNER TO berth_definer;
ALTER FUNCTION wanted_elsewhere(uuid) OWNER TO berth_definer;
ALTER FUNCTION left_behind(uuid) OWNER TO berth_definer;
ALTER FUNCTION require_leader(uuid) OWNER TO berth_definer;
`
