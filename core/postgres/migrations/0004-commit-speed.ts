/**
 * write_commit (0002) with the same meaning, and plans that stay right.
 *
 * A plan is made at a connection's first commit, for tables that may be empty then, and is kept. It read all messages of the
 * installation for each batch of statuses, and compared every claim of a boot with every session of the batch. Postgres has no
 * hints; here each join begins with a list under a LIMIT that it does not know beforehand, for which it reckons with a tenth
 * of the rows: one. For one row it looks up the key, however small it takes the other table to be.
 *
 * A status was part of an index, so each change of it wrote new entries into all of them. Now it is `settled` that is.
 */
export const commitSpeed = /* sql */ `
ALTER TABLE message ADD COLUMN settled boolean NOT NULL GENERATED ALWAYS AS (status > 'sending') STORED;
DROP INDEX message_open;
CREATE INDEX message_open ON message (session_id, number) WHERE NOT settled;
-- Only our own messages are looked for by their WhatsApp id alone.
DROP INDEX message_whatsapp_id;
CREATE INDEX message_sent ON message (session_id, whatsapp_id) WHERE from_me;

CREATE OR REPLACE FUNCTION write_commit(
  p_boot uuid, p_number bigint, p_sessions uuid[], p_epochs bigint[], p_blob bytea,
  p_key_session int[], p_key_type text[], p_key_id text[], p_key_offset int[], p_key_length int[],
  p_gone_session int[], p_gone_type text[], p_gone_id text[],
  p_credential_session int[], p_credential_attempt int[], p_credential_offset int[], p_credential_length int[],
  p_journal_session int[], p_journal_hash text[], p_journal_offset int[], p_journal_length int[],
  p_messages jsonb, p_statuses jsonb, p_states jsonb, p_commands jsonb, p_purges int[]
) RETURNS int[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE mine int[];
BEGIN
  UPDATE worker_commit SET number = p_number, at = clock_timestamp() WHERE boot_id = p_boot AND number = p_number - 1;
  IF NOT FOUND THEN RETURN NULL; END IF;

  -- The fence. FOR SHARE makes a claim wait for this commit; a check without the lock lets a row appear after the claim.
  -- (The boot is compared in a way that no index serves: a session is found by its own key.)
  SELECT coalesce(array_agg(f.place), '{}') INTO mine FROM (
    SELECT w.place::int AS place
    FROM (SELECT * FROM unnest(p_sessions, p_epochs) WITH ORDINALITY u (session_id, epoch, place)
          LIMIT cardinality(p_sessions)) w
    JOIN session_owner o ON o.session_id = w.session_id
    WHERE o.epoch = w.epoch AND o.boot_id IS NOT DISTINCT FROM p_boot AND o.released_at IS NULL
    ORDER BY o.session_id FOR SHARE OF o) f;

  -- A purge goes first: what this commit writes for the same session is the new state.
  IF cardinality(p_purges) > 0 THEN
    DELETE FROM signal_key k USING unnest(p_purges) p (place)
      WHERE p.place = ANY (mine) AND k.session_id = p_sessions[p.place];
    DELETE FROM credential c USING unnest(p_purges) p (place)
      WHERE p.place = ANY (mine) AND c.session_id = p_sessions[p.place];
  END IF;

  IF cardinality(p_key_session) > 0 THEN
    INSERT INTO signal_key (session_id, type, id, value)
      SELECT p_sessions[k.place], k.type, k.id, substring(p_blob FROM k.start FOR k.length)
      FROM unnest(p_key_session, p_key_type, p_key_id, p_key_offset, p_key_length) k (place, type, id, start, length)
      WHERE k.place = ANY (mine)
      ON CONFLICT (session_id, type, id) DO UPDATE SET value = excluded.value;
  END IF;

  IF cardinality(p_gone_session) > 0 THEN
    DELETE FROM signal_key k USING (
        SELECT * FROM unnest(p_gone_session, p_gone_type, p_gone_id) u (place, type, id)
        WHERE u.place = ANY (mine) LIMIT cardinality(p_gone_session)) g
      WHERE k.session_id = p_sessions[g.place] AND k.type = g.type AND k.id = g.id;
  END IF;

  IF cardinality(p_credential_session) > 0 THEN
    INSERT INTO credential (session_id, linking_attempt, value)
      SELECT p_sessions[c.place], c.attempt, substring(p_blob FROM c.start FOR c.length)
      FROM unnest(p_credential_session, p_credential_attempt, p_credential_offset, p_credential_length)
        c (place, attempt, start, length)
      WHERE c.place = ANY (mine)
      ON CONFLICT (session_id) DO UPDATE SET value = excluded.value, linking_attempt = excluded.linking_attempt;
  END IF;

  IF cardinality(p_journal_session) > 0 THEN
    INSERT INTO journal (session_id, ciphertext_hash, body)
      SELECT p_sessions[j.place], j.hash, substring(p_blob FROM j.start FOR j.length)
      FROM unnest(p_journal_session, p_journal_hash, p_journal_offset, p_journal_length) j (place, hash, start, length)
      WHERE j.place = ANY (mine)
      ON CONFLICT DO NOTHING;
  END IF;

  -- A received message and the end of its journal row are one step.
  IF p_messages IS NOT NULL THEN
    INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, sender_phone, sender_lid, sender_name,
                         type, content, status, sent_at)
      SELECT m.id, o.tenant_id, o.session_id, m.chat, m.whatsapp_id, m.from_me, m.sender_phone, m.sender_lid, m.sender_name,
             m.type, m.content, m.status, m.sent_at
      FROM (SELECT * FROM jsonb_to_recordset(p_messages) r (place int, id uuid, chat text, whatsapp_id text,
              from_me boolean, sender_phone text, sender_lid text, sender_name text, type text, content jsonb,
              status message_status, sent_at timestamptz)
            WHERE r.place = ANY (mine) AND r.id IS NOT NULL LIMIT jsonb_array_length(p_messages)) m
      JOIN session_owner o ON o.session_id = p_sessions[m.place]
      ON CONFLICT (session_id, chat, whatsapp_id, from_me) DO NOTHING;
    UPDATE journal j SET done_at = clock_timestamp()
      FROM (SELECT * FROM jsonb_to_recordset(p_messages) r (place int, ciphertext_hash text)
            WHERE r.place = ANY (mine) LIMIT jsonb_array_length(p_messages)) m
      WHERE j.session_id = p_sessions[m.place] AND j.ciphertext_hash = m.ciphertext_hash AND j.done_at IS NULL;
  END IF;

  -- A status only goes forward; failed is reached from queued and sending only, which is the order of the type. When the
  -- server took the message is kept, also when a receipt has come before the ack.
  IF p_statuses IS NOT NULL THEN
    UPDATE message m SET
        status = greatest(m.status, s.status),
        status_at = CASE WHEN m.status < s.status THEN clock_timestamp() ELSE m.status_at END,
        error_code = CASE WHEN m.status < s.status THEN s.error_code ELSE m.error_code END,
        error_message = CASE WHEN m.status < s.status THEN s.error_message ELSE m.error_message END,
        sent_at = coalesce(m.sent_at, s.sent_at)
      FROM (SELECT * FROM jsonb_to_recordset(p_statuses) r (place int, whatsapp_id text, status message_status,
              error_code text, error_message text, sent_at timestamptz)
            WHERE r.place = ANY (mine) LIMIT jsonb_array_length(p_statuses)) s
      WHERE m.session_id = p_sessions[s.place] AND m.whatsapp_id = s.whatsapp_id AND m.from_me
        AND (m.status < s.status OR (m.sent_at IS NULL AND s.sent_at IS NOT NULL));
  END IF;

  IF p_states IS NOT NULL THEN
    INSERT INTO session_state (session_id, tenant_id, state, reason, message, attempt, since, phone_number, lid, epoch)
      SELECT o.session_id, o.tenant_id, s.state, s.reason, s.message, s.attempt, s.since, s.phone_number, s.lid, o.epoch
      FROM (SELECT * FROM jsonb_to_recordset(p_states) r (place int, state text, reason text, message text, attempt int,
              since timestamptz, phone_number text, lid text)
            WHERE r.place = ANY (mine) LIMIT jsonb_array_length(p_states)) s
      JOIN session_owner o ON o.session_id = p_sessions[s.place]
      ON CONFLICT (session_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, message = excluded.message,
        attempt = excluded.attempt, since = excluded.since, phone_number = excluded.phone_number, lid = excluded.lid,
        epoch = excluded.epoch, updated_at = clock_timestamp();
  END IF;

  IF p_commands IS NOT NULL THEN
    UPDATE command c SET status = r.status, error_message = r.error_message, finished_at = clock_timestamp()
      FROM (SELECT * FROM jsonb_to_recordset(p_commands) u (place int, id uuid, status text, error_message text)
            WHERE u.place = ANY (mine) LIMIT jsonb_array_length(p_commands)) r
      WHERE c.session_id = p_sessions[r.place] AND c.id = r.id AND c.status = 'queued';
  END IF;

  RETURN mine;
END $$;

-- Open sends of each session, oldest first, p_limit a session.
CREATE OR REPLACE FUNCTION load_sends(p_boot uuid, p_sessions uuid[], p_limit int)
RETURNS TABLE (session_id uuid, id uuid, number bigint, chat text, whatsapp_id text, type text, content jsonb,
               status message_status)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, m.id, m.number, m.chat, m.whatsapp_id, m.type, m.content, m.status
  FROM session_owner o CROSS JOIN LATERAL (
    SELECT * FROM message m WHERE m.session_id = o.session_id AND NOT m.settled
    ORDER BY m.number LIMIT p_limit) m
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot
  ORDER BY o.session_id, m.number;
$$;
`
