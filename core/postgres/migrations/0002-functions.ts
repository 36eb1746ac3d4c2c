/**
 * The functions through which workers act, and the gateway's look-up of an API key.
 *
 * They run as berth_definer, take the tenant from the owner rows and apply the fence themselves, so that neither is a
 * matter of a caller's habit. All lock owner rows in the order of session_id.
 */
export const functions = /* sql */ `
-- A boot announces itself. Its commit number starts at 0.
CREATE FUNCTION lease_open(p_boot uuid, p_pod uuid, p_worker text, p_address text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  INSERT INTO worker_lease (boot_id, pod_uid, worker, address) VALUES (p_boot, p_pod, p_worker, p_address)
    ON CONFLICT (boot_id) DO NOTHING;
  INSERT INTO worker_commit (boot_id) VALUES (p_boot) ON CONFLICT DO NOTHING;
$$;

-- false: this boot was revoked or has ended, and must stop at once.
CREATE FUNCTION lease_renew(p_boot uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  WITH renewed AS (
    UPDATE worker_lease SET renewals = renewals + 1, renewed_at = clock_timestamp()
    WHERE boot_id = p_boot AND revoked_at IS NULL AND ended_at IS NULL RETURNING 1)
  SELECT EXISTS (SELECT FROM renewed);
$$;

-- A boot ends by itself: whatever it still holds is free.
CREATE FUNCTION lease_end(p_boot uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  UPDATE worker_lease SET ended_at = clock_timestamp() WHERE boot_id = p_boot AND ended_at IS NULL;
$$;

-- Takes sessions for a boot. A row comes back for each session it got; each claim raises the epoch.
-- A session can be taken when nobody holds it: never claimed, released, its boot ended or revoked, or an older boot of
-- the same pod. The generation must be newer than the last claim's, or the same on the same pod.
CREATE FUNCTION claim(p_boot uuid, p_sessions uuid[], p_generations bigint[])
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
    AND (w.generation > o.generation OR (w.generation = o.generation AND o.pod_uid IS NOT DISTINCT FROM me.pod_uid))
    AND (o.boot_id IS NULL OR o.released_at IS NOT NULL OR o.boot_id = me.boot_id
      OR EXISTS (SELECT FROM worker_lease h WHERE h.boot_id = o.boot_id
           AND (h.revoked_at IS NOT NULL OR h.ended_at IS NOT NULL
             OR (h.pod_uid = me.pod_uid AND h.boot_number < me.boot_number)))
      OR NOT EXISTS (SELECT FROM worker_lease h WHERE h.boot_id = o.boot_id))
  RETURNING o.session_id, o.tenant_id, o.epoch;
END $$;

-- Gives sessions back; the next claim needs no revocation.
CREATE FUNCTION release(p_boot uuid, p_sessions uuid[], p_epochs bigint[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = ANY (p_sessions) ORDER BY o.session_id FOR UPDATE;
  RETURN QUERY
  UPDATE session_owner o SET released_at = clock_timestamp()
  FROM unnest(p_sessions, p_epochs) w (session_id, epoch)
  WHERE o.session_id = w.session_id AND o.epoch = w.epoch AND o.boot_id = p_boot AND o.released_at IS NULL
  RETURNING o.session_id;
END $$;

-- Which of these claims still stand.
CREATE FUNCTION owned(p_boot uuid, p_sessions uuid[], p_epochs bigint[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id FROM session_owner o JOIN unnest(p_sessions, p_epochs) w (session_id, epoch) USING (session_id, epoch)
  WHERE o.boot_id = p_boot AND o.released_at IS NULL;
$$;

-- The number of a boot's last commit; -1 when the database does not know the boot. Waits for a commit in flight.
CREATE FUNCTION commit_number(p_boot uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE n bigint;
BEGIN
  SELECT number INTO n FROM worker_commit WHERE boot_id = p_boot FOR UPDATE;
  RETURN coalesce(n, -1);
END $$;

-- One commit of a boot over all its sessions. Sessions are named by their place (1, 2, …) in p_sessions, which is sorted.
-- Values are cut out of one blob (offset from 1, length). Answers the places whose fence held; the rows of the others are
-- left out. NULL: the commit number was not the next one, and nothing was written.
CREATE FUNCTION write_commit(
  p_boot uuid, p_number bigint, p_sessions uuid[], p_epochs bigint[], p_blob bytea,
  p_key_session int[], p_key_type text[], p_key_id text[], p_key_offset int[], p_key_length int[],
  p_gone_session int[], p_gone_type text[], p_gone_id text[],
  p_credential_session int[], p_credential_attempt int[], p_credential_offset int[], p_credential_length int[],
  p_journal_session int[], p_journal_hash text[], p_journal_offset int[], p_journal_length int[],
  p_messages jsonb, p_statuses jsonb, p_states jsonb, p_commands jsonb, p_purges int[]
) RETURNS int[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE mine int[];
BEGIN
  UPDATE worker_commit SET number = p_number, at = clock_timestamp() WHERE boot_id = p_boot AND number = p_number - 1;
  IF NOT FOUND THEN RETURN NULL; END IF;

  -- The fence. FOR SHARE makes a claim wait for this commit; a check without the lock lets a row appear after the claim.
  SELECT coalesce(array_agg(f.place), '{}') INTO mine FROM (
    SELECT w.place::int AS place
    FROM unnest(p_sessions, p_epochs) WITH ORDINALITY w (session_id, epoch, place)
    JOIN session_owner o ON o.session_id = w.session_id AND o.epoch = w.epoch AND o.boot_id = p_boot AND o.released_at IS NULL
    ORDER BY o.session_id FOR SHARE OF o) f;

  -- A purge goes first: what this commit writes for the same session is the new state.
  IF cardinality(p_purges) > 0 THEN
    DELETE FROM signal_key k USING unnest(p_purges) p (place)
      WHERE p.place = ANY (mine) AND k.session_id = p_sessions[p.place];
    DELETE FROM credential c USING unnest(p_purges) p (place)
      WHERE p.place = ANY (mine) AND c.session_id = p_sessions[p.place];
  END IF;

  INSERT INTO signal_key (session_id, type, id, value)
    SELECT p_sessions[k.place], k.type, k.id, substring(p_blob FROM k.start FOR k.length)
    FROM unnest(p_key_session, p_key_type, p_key_id, p_key_offset, p_key_length) k (place, type, id, start, length)
    WHERE k.place = ANY (mine)
    ON CONFLICT (session_id, type, id) DO UPDATE SET value = excluded.value;

  DELETE FROM signal_key k USING unnest(p_gone_session, p_gone_type, p_gone_id) g (place, type, id)
    WHERE g.place = ANY (mine) AND k.session_id = p_sessions[g.place] AND k.type = g.type AND k.id = g.id;

  INSERT INTO credential (session_id, linking_attempt, value)
    SELECT p_sessions[c.place], c.attempt, substring(p_blob FROM c.start FOR c.length)
    FROM unnest(p_credential_session, p_credential_attempt, p_credential_offset, p_credential_length)
      c (place, attempt, start, length)
    WHERE c.place = ANY (mine)
    ON CONFLICT (session_id) DO UPDATE SET value = excluded.value, linking_attempt = excluded.linking_attempt;

  INSERT INTO journal (session_id, ciphertext_hash, body)
    SELECT p_sessions[j.place], j.hash, substring(p_blob FROM j.start FOR j.length)
    FROM unnest(p_journal_session, p_journal_hash, p_journal_offset, p_journal_length) j (place, hash, start, length)
    WHERE j.place = ANY (mine)
    ON CONFLICT DO NOTHING;

  -- A received message and the end of its journal row are one step.
  IF p_messages IS NOT NULL THEN
    INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, sender_phone, sender_lid, sender_name,
                         type, content, status, sent_at)
      SELECT m.id, o.tenant_id, o.session_id, m.chat, m.whatsapp_id, m.from_me, m.sender_phone, m.sender_lid, m.sender_name,
             m.type, m.content, m.status, m.sent_at
      FROM jsonb_to_recordset(p_messages) m (place int, id uuid, chat text, whatsapp_id text, from_me boolean,
        sender_phone text, sender_lid text, sender_name text, type text, content jsonb, status message_status,
        sent_at timestamptz)
      JOIN session_owner o ON o.session_id = p_sessions[m.place]
      WHERE m.place = ANY (mine) AND m.id IS NOT NULL
      ON CONFLICT (session_id, chat, whatsapp_id, from_me) DO NOTHING;
    UPDATE journal j SET done_at = clock_timestamp()
      FROM jsonb_to_recordset(p_messages) m (place int, ciphertext_hash text)
      WHERE m.place = ANY (mine) AND j.session_id = p_sessions[m.place] AND j.ciphertext_hash = m.ciphertext_hash
        AND j.done_at IS NULL;
  END IF;

  -- A status only goes forward; failed is reached from queued and sending only, which is the order of the type. When the
  -- server took the message is kept, also when a receipt has come before the ack.
  IF p_statuses IS NOT NULL THEN
    UPDATE message m SET status = s.status, status_at = clock_timestamp(), error_code = s.error_code,
                         error_message = s.error_message
      FROM jsonb_to_recordset(p_statuses) s (place int, whatsapp_id text, status message_status, error_code text,
        error_message text)
      WHERE s.place = ANY (mine) AND m.session_id = p_sessions[s.place] AND m.whatsapp_id = s.whatsapp_id AND m.from_me
        AND m.status < s.status;
    UPDATE message m SET sent_at = s.sent_at
      FROM jsonb_to_recordset(p_statuses) s (place int, whatsapp_id text, sent_at timestamptz)
      WHERE s.place = ANY (mine) AND m.session_id = p_sessions[s.place] AND m.whatsapp_id = s.whatsapp_id AND m.from_me
        AND s.sent_at IS NOT NULL AND m.sent_at IS NULL;
  END IF;

  IF p_states IS NOT NULL THEN
    INSERT INTO session_state (session_id, tenant_id, state, reason, message, attempt, since, phone_number, lid, epoch)
      SELECT o.session_id, o.tenant_id, s.state, s.reason, s.message, s.attempt, s.since, s.phone_number, s.lid, o.epoch
      FROM jsonb_to_recordset(p_states) s (place int, state text, reason text, message text, attempt int,
        since timestamptz, phone_number text, lid text)
      JOIN session_owner o ON o.session_id = p_sessions[s.place]
      WHERE s.place = ANY (mine)
      ON CONFLICT (session_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, message = excluded.message,
        attempt = excluded.attempt, since = excluded.since, phone_number = excluded.phone_number, lid = excluded.lid,
        epoch = excluded.epoch, updated_at = clock_timestamp();
  END IF;

  IF p_commands IS NOT NULL THEN
    UPDATE command c SET status = r.status, error_message = r.error_message, finished_at = clock_timestamp()
      FROM jsonb_to_recordset(p_commands) r (place int, id uuid, status text, error_message text)
      WHERE r.place = ANY (mine) AND c.session_id = p_sessions[r.place] AND c.id = r.id AND c.status = 'queued';
  END IF;

  RETURN mine;
END $$;

-- An empty or never analysed table would otherwise get a plan that is wrong for months.
ALTER FUNCTION write_commit SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION write_commit SET enable_seqscan = off;
ALTER FUNCTION write_commit SET enable_hashjoin = off;
ALTER FUNCTION write_commit SET enable_mergejoin = off;
ALTER FUNCTION write_commit SET jit = off;

-- Reads of the owner. Each answers for sessions that the boot owns and for no others. -------------------------------------

CREATE FUNCTION load_credentials(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, linking_attempt int, value bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.session_id, c.linking_attempt, c.value FROM credential c JOIN session_owner o USING (session_id)
  WHERE c.session_id = ANY (p_sessions) AND o.boot_id = p_boot;
$$;

CREATE FUNCTION load_keys(p_boot uuid, p_sessions uuid[], p_types text[], p_ids text[])
RETURNS TABLE (place int, value bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT w.place::int, k.value FROM unnest(p_sessions, p_types, p_ids) WITH ORDINALITY w (session_id, type, id, place)
  JOIN session_owner o ON o.session_id = w.session_id AND o.boot_id = p_boot
  JOIN signal_key k ON k.session_id = w.session_id AND k.type = w.type AND k.id = w.id;
$$;

-- Journal rows whose message is not stored yet, oldest first.
CREATE FUNCTION load_journal(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, ciphertext_hash text, body bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT j.session_id, j.ciphertext_hash, j.body FROM journal j JOIN session_owner o USING (session_id)
  WHERE j.session_id = ANY (p_sessions) AND o.boot_id = p_boot AND j.done_at IS NULL
  ORDER BY j.session_id, j.received_at, j.ciphertext_hash;
$$;

CREATE FUNCTION journal_body(p_boot uuid, p_session uuid, p_hash text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT j.body FROM journal j JOIN session_owner o USING (session_id)
  WHERE j.session_id = p_session AND j.ciphertext_hash = p_hash AND o.boot_id = p_boot;
$$;

-- Open sends of each session, oldest first, p_limit a session.
CREATE FUNCTION load_sends(p_boot uuid, p_sessions uuid[], p_limit int)
RETURNS TABLE (session_id uuid, id uuid, number bigint, chat text, whatsapp_id text, type text, content jsonb,
               status message_status)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, m.id, m.number, m.chat, m.whatsapp_id, m.type, m.content, m.status
  FROM session_owner o CROSS JOIN LATERAL (
    SELECT * FROM message m WHERE m.session_id = o.session_id AND m.status IN ('queued', 'sending')
    ORDER BY m.number LIMIT p_limit) m
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot
  ORDER BY o.session_id, m.number;
$$;

CREATE FUNCTION load_commands(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.session_id, c.id, c.kind FROM command c JOIN session_owner o USING (session_id)
  WHERE c.session_id = ANY (p_sessions) AND o.boot_id = p_boot AND c.status = 'queued' ORDER BY c.number;
$$;

-- What was sent under a WhatsApp id: a contact that could not decrypt asks for it again.
CREATE FUNCTION load_sent(p_boot uuid, p_session uuid, p_whatsapp_id text) RETURNS TABLE (type text, content jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT m.type, m.content FROM message m JOIN session_owner o USING (session_id)
  WHERE m.session_id = p_session AND m.whatsapp_id = p_whatsapp_id AND m.from_me AND o.boot_id = p_boot;
$$;

-- The last state that a worker wrote for each session.
CREATE FUNCTION load_states(p_boot uuid, p_sessions uuid[]) RETURNS SETOF session_state
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT s.* FROM session_state s JOIN session_owner o USING (session_id)
  WHERE s.session_id = ANY (p_sessions) AND o.boot_id = p_boot;
$$;

-- The gateway knows a key's hash and no tenant yet. -------------------------------------------------------------------------

CREATE FUNCTION api_key_owner(p_hash bytea)
RETURNS TABLE (key_id uuid, tenant_id uuid, tenant_name text, tenant_state text, tier text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT k.id, t.id, t.name, t.state, t.tier FROM api_key k JOIN tenant t ON t.id = k.tenant_id
  WHERE k.hash = p_hash AND k.revoked_at IS NULL AND t.deleted_at IS NULL;
$$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', f,
      CASE WHEN f::text LIKE '%api_key_owner%' THEN 'berth_gateway' ELSE 'berth_worker' END);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
`
