/**
 * How it is seen that the database went back in time, and what is done about it: core/ownership/database.ts says it in
 * prose, docs/adr/0019 why.
 */
export const databaseIdentity = /* sql */ `
CREATE TABLE database_trust (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- Of the history: raised by each repair.
  incarnation bigint NOT NULL DEFAULT 1,
  -- Raised by the leading operator every two seconds, which keeps the last value in Kubernetes as well.
  mark bigint NOT NULL DEFAULT 0,
  -- The uid of the ConfigMap in which it does so.
  home text,
  -- The doubt that was answered last: while it is the present one, the database is trusted.
  confirmed text,
  -- How often somebody said that commits are missing, and how many of these were dealt with.
  reports bigint NOT NULL DEFAULT 0,
  answered bigint NOT NULL DEFAULT 0,
  last_report text,
  repaired_at timestamptz
);
INSERT INTO database_trust DEFAULT VALUES;
ALTER TABLE database_trust ENABLE ROW LEVEL SECURITY;
ALTER TABLE database_trust FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON database_trust TO berth_definer USING (true) WITH CHECK (true);
CREATE POLICY operator ON database_trust TO berth_operator USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON database_trust TO berth_definer;
GRANT SELECT, UPDATE (mark, home, confirmed, reports, answered, last_report) ON database_trust TO berth_operator;

-- The doubt up to which the boot says that all its commits are there.
ALTER TABLE worker_lease ADD COLUMN vouched text;
-- What was used up since may be missing here: its next owner must not use the ratchets that are stored.
ALTER TABLE session_owner ADD COLUMN distrusted boolean NOT NULL DEFAULT false;

-- Names a time in which this database can't have gone back unseen. A start of the server ends it, another server (a dump that
-- was restored, a clone, a replica) has another one, and so have a database and a table that were made anew in the same server.
CREATE FUNCTION database_run() RETURNS text
LANGUAGE sql STABLE SET search_path = berth, pg_temp AS $$
  SELECT (SELECT system_identifier FROM pg_control_system())
    || '/' || extract(epoch FROM pg_postmaster_start_time())
    || '/' || (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    || '/' || 'berth.database_trust'::regclass::oid;
$$;

-- NULL: the database is trusted. Else what has to be answered first. Before an operator has taken it into its care, nobody
-- would answer.
CREATE FUNCTION database_doubt() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT nullif(database_run() || '/' || t.reports, t.confirmed) FROM database_trust t
  WHERE t.home IS NOT NULL OR t.reports > t.answered;
$$;

-- Commits are missing: from now on nobody claims, until the operator has repaired it.
CREATE FUNCTION database_report(p_report text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  UPDATE database_trust SET reports = reports + 1, last_report = left(p_report, 500);
$$;

-- The boot says that p_number is its last commit. False: it is not the one that is here, or this was not asked.
CREATE FUNCTION vouch(p_boot uuid, p_doubt text, p_number bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  WITH vouched AS (
    UPDATE worker_lease SET vouched = p_doubt
    WHERE boot_id = p_boot AND revoked_at IS NULL AND ended_at IS NULL AND database_doubt() = p_doubt
      AND EXISTS (SELECT FROM worker_commit c WHERE c.boot_id = p_boot AND c.number = p_number)
    RETURNING 1)
  SELECT EXISTS (SELECT FROM vouched);
$$;

-- The claim of 0003 in a database that is trusted; else nothing is taken and nothing is wished for. Of a session that is
-- distrusted the ratchets (keys of the types p_ratchets) are gone before anybody has read them.
CREATE FUNCTION claim_trusted(p_boot uuid, p_sessions uuid[], p_generations bigint[], p_ratchets text[])
RETURNS TABLE (session_id uuid, tenant_id uuid, epoch bigint, distrusted boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
#variable_conflict use_column
DECLARE claimed uuid[]; suspect uuid;
BEGIN
  PERFORM FROM database_trust FOR KEY SHARE; -- a repair waits, and is waited for
  IF database_doubt() IS NOT NULL THEN RETURN; END IF;
  claimed := ARRAY(SELECT c.session_id FROM claim(p_boot, p_sessions, p_generations) c);
  FOR suspect IN SELECT o.session_id FROM session_owner o WHERE o.session_id = ANY (claimed) AND o.distrusted LOOP
    DELETE FROM signal_key k WHERE k.session_id = suspect AND k.type = ANY (p_ratchets);
  END LOOP;
  RETURN QUERY SELECT o.session_id, o.tenant_id, o.epoch, o.distrusted FROM session_owner o
    WHERE o.session_id = ANY (claimed);
END $$;

-- What had to be made new is new and durable.
CREATE FUNCTION trust_session(p_boot uuid, p_session uuid, p_epoch bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  UPDATE session_owner SET distrusted = false
  WHERE session_id = p_session AND boot_id = p_boot AND epoch = p_epoch AND released_at IS NULL;
$$;

-- A new history begins. What a boot holds that has vouched stays with it, where p_kept names the session: its placement
-- shows that nobody else can have had it since. All other boots are over, and all other sessions free and distrusted, under
-- epochs that nobody has ever had. NULL: the doubt is not the present one any more, and nothing was done.
CREATE FUNCTION database_repair(p_doubt text, p_home text, p_incarnation bigint, p_mark bigint, p_floor bigint, p_kept uuid[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE touched bigint;
BEGIN
  PERFORM FROM database_trust FOR UPDATE;
  IF database_doubt() IS DISTINCT FROM p_doubt THEN RETURN NULL; END IF;
  UPDATE worker_lease SET revoked_at = now(), revoked_reason = 'the database went back'
    WHERE revoked_at IS NULL AND ended_at IS NULL AND vouched IS DISTINCT FROM p_doubt;
  PERFORM FROM session_owner ORDER BY session_id FOR UPDATE;
  UPDATE session_owner o SET distrusted = true, epoch = greatest(o.epoch, p_floor),
      released_at = CASE WHEN o.boot_id IS NOT NULL THEN coalesce(o.released_at, clock_timestamp()) END
    WHERE NOT (o.session_id = ANY (p_kept) AND o.released_at IS NULL
      AND EXISTS (SELECT FROM worker_lease l WHERE l.boot_id = o.boot_id AND l.revoked_at IS NULL AND l.ended_at IS NULL));
  GET DIAGNOSTICS touched = ROW_COUNT;
  UPDATE database_trust SET incarnation = p_incarnation, mark = p_mark, home = p_home, confirmed = p_doubt,
    answered = reports, repaired_at = clock_timestamp();
  RETURN touched;
END $$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['database_run()', 'database_doubt()', 'database_report(text)',
      'vouch(uuid, text, bigint)', 'claim_trusted(uuid, uuid[], bigint[], text[])', 'trust_session(uuid, uuid, bigint)',
      'database_repair(text, text, bigint, bigint, bigint, uuid[])'] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION database_doubt(), database_report(text), vouch(uuid, text, bigint),
  claim_trusted(uuid, uuid[], bigint[], text[]), trust_session(uuid, uuid, bigint) TO berth_worker;
GRANT EXECUTE ON FUNCTION database_run(), database_doubt(), database_repair(text, text, bigint, bigint, bigint, uuid[]) TO berth_operator;
`
