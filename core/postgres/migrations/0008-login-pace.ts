/**
 * How many sessions of the installation may log in, and who first: the counterpart of core/ownership/login-pace.ts.
 */
export const loginPace = /* sql */ `
-- The bucket, and what fills it: settings that the operator writes as it starts.
CREATE TABLE login_pace (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  rate double precision NOT NULL DEFAULT 20 CHECK (rate > 0),
  burst double precision NOT NULL DEFAULT 100 CHECK (burst >= 1),
  tokens double precision NOT NULL DEFAULT 100,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
INSERT INTO login_pace DEFAULT VALUES;

-- Logins that a boot asked for and was not given.
CREATE TABLE login_demand (
  boot_id uuid NOT NULL REFERENCES worker_lease ON DELETE CASCADE,
  rank integer NOT NULL,
  count integer NOT NULL,
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (boot_id, rank)
) WITH (fillfactor = 50);

-- Gives tokens at a time; lease_logins gives them now.
CREATE FUNCTION lease_logins_at(p_boot uuid, p_most int, p_ranks int[], p_counts int[], p_now timestamptz)
RETURNS TABLE (granted int[], wait_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE
  pace login_pace;
  is_other_clock boolean;
  filled double precision;
  free int := p_most;
  given int;
  reserved bigint;
BEGIN
  granted := '{}';
  wait_ms := 0;
  SELECT * INTO pace FROM login_pace FOR UPDATE;
  is_other_clock := pace.at > p_now + interval '1 second';
  filled := least(pace.burst, pace.tokens + CASE WHEN is_other_clock THEN 0 ELSE
    pace.rate * greatest(0, extract(epoch FROM p_now - pace.at) * 1000)::double precision / 1000 END);
  DELETE FROM login_demand d WHERE d.boot_id = p_boot OR d.asked_at <= p_now - interval '3 seconds'
    OR NOT EXISTS (SELECT FROM worker_lease l
                   WHERE l.boot_id = d.boot_id AND l.revoked_at IS NULL AND l.ended_at IS NULL);
  IF EXISTS (SELECT FROM worker_lease l WHERE l.boot_id = p_boot AND l.revoked_at IS NULL AND l.ended_at IS NULL) THEN
    FOR i IN 1 .. cardinality(p_ranks) LOOP
      SELECT coalesce(sum(d.count), 0) INTO reserved FROM login_demand d
        WHERE d.boot_id <> p_boot AND d.rank < p_ranks[i];
      given := greatest(0, least(p_counts[i], free, floor(filled) - reserved));
      filled := filled - given;
      free := free - given;
      granted := granted || given;
      CONTINUE WHEN given = p_counts[i];
      IF free > 0 AND wait_ms = 0 THEN wait_ms := ceil((reserved + 1 - filled) / pace.rate * 1000); END IF;
      INSERT INTO login_demand VALUES (p_boot, p_ranks[i], p_counts[i] - given, p_now);
    END LOOP;
  ELSE
    granted := array_fill(0, ARRAY[cardinality(p_ranks)]);
  END IF;
  UPDATE login_pace p SET tokens = filled,
    at = CASE WHEN is_other_clock THEN p_now ELSE greatest(pace.at, p_now) END;
  RETURN NEXT;
END $$;

-- The time is taken when everybody before has been served.
CREATE FUNCTION lease_logins(p_boot uuid, p_most int, p_ranks int[], p_counts int[])
RETURNS TABLE (granted int[], wait_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM login_pace FOR UPDATE;
  RETURN QUERY SELECT * FROM lease_logins_at(p_boot, p_most, p_ranks, p_counts, clock_timestamp());
END $$;

-- What a tenant pays decides whose sessions log in first: a rank of less than 0, in cents.
CREATE FUNCTION load_tiers(p_boot uuid, p_sessions uuid[]) RETURNS TABLE (session_id uuid, tier text, rank int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, n.tier,
    CASE WHEN t.spec -> 'price' ->> 'amount' ~ '^[0-9]+([.][0-9]{1,2})?$'
      THEN -least((t.spec -> 'price' ->> 'amount')::numeric * 100, 1000000000)::int ELSE 0 END
  FROM session_owner o JOIN tenant n ON n.id = o.tenant_id LEFT JOIN tier t ON t.name = n.tier
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot;
$$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['login_pace', 'login_demand'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY operator ON %I TO berth_operator USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
GRANT SELECT, UPDATE ON login_pace TO berth_definer;
GRANT SELECT, INSERT, DELETE ON login_demand TO berth_definer;
GRANT SELECT, UPDATE (rate, burst) ON login_pace TO berth_operator;
GRANT SELECT ON login_demand TO berth_operator;
REVOKE ALL ON FUNCTION lease_logins_at(uuid, int, int[], int[], timestamptz), lease_logins(uuid, int, int[], int[]),
  load_tiers(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease_logins(uuid, int, int[], int[]), load_tiers(uuid, uuid[]) TO berth_worker;
GRANT EXECUTE ON FUNCTION lease_logins_at(uuid, int, int[], int[], timestamptz) TO berth_definer;
ALTER FUNCTION lease_logins_at(uuid, int, int[], int[], timestamptz) OWNER TO berth_definer;
ALTER FUNCTION lease_logins(uuid, int, int[], int[]) OWNER TO berth_definer;
ALTER FUNCTION load_tiers(uuid, uuid[]) OWNER TO berth_definer;
`
