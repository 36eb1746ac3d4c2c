/**
 * Sends that wait: until a time, for their turn, or no longer than to a time; and what can be cancelled of them.
 *
 * A scheduled message is 'queued' and has no place in the queue (queue_number) until its time has come; then it gets the next one,
 * behind all that were accepted before. Processes of the release before are not given it until then. A cancelled one, and one
 * whose time is up, has failed, with the reason as its code.
 *
 * Whether a message goes out or is cancelled is decided by its row: it is taken (take_sends) before it is handed over, each time,
 * under the owner's fence; what was taken can't be cancelled any more, what was cancelled can't be taken.
 */
export const sending = /* sql */ `
ALTER TABLE message
  ADD COLUMN send_at timestamptz,
  -- Handed over before this, or never.
  ADD COLUMN expires_at timestamptz,
  -- Of a scheduled one: from the sequence of the numbers, when its time has come.
  ADD COLUMN due_number bigint,
  ADD COLUMN queue_number bigint GENERATED ALWAYS AS (CASE WHEN send_at IS NULL THEN number ELSE due_number END) STORED,
  -- When each later status was reached, as far as we know: {"sending": …, "sent": …}; "queued": of a scheduled one.
  ADD COLUMN status_times jsonb NOT NULL DEFAULT '{}';
DROP INDEX message_open;
CREATE INDEX message_open ON message (session_id, queue_number) WHERE NOT settled;
CREATE INDEX message_scheduled ON message (send_at) WHERE NOT settled AND send_at IS NOT NULL AND due_number IS NULL;
CREATE INDEX message_expiring ON message (expires_at) WHERE NOT settled AND expires_at IS NOT NULL;

CREATE FUNCTION message_status_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  NEW.status_times := NEW.status_times || jsonb_build_object(NEW.status, NEW.status_at);
  RETURN NEW;
END $$;
CREATE TRIGGER status_time BEFORE UPDATE ON message FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION message_status_time();

-- Open sends of each session, in their order, p_limit a session and p_chat_limit a chat; p_skip: {"<session>": [chats left out]}.
CREATE FUNCTION load_sends(p_boot uuid, p_sessions uuid[], p_limit int, p_chat_limit int, p_skip jsonb)
RETURNS TABLE (session_id uuid, id uuid, number bigint, chat text, whatsapp_id text, type text, content jsonb,
               status message_status)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, m.id, m.queue_number, m.chat, m.whatsapp_id, m.type, m.content, m.status
  FROM session_owner o CROSS JOIN LATERAL (
    SELECT * FROM (
      SELECT m.*, row_number() OVER (PARTITION BY m.chat ORDER BY m.queue_number) AS in_chat FROM message m
      WHERE m.session_id = o.session_id AND NOT m.settled AND m.queue_number IS NOT NULL
        AND NOT coalesce(p_skip -> o.session_id::text ? m.chat, false)) one
    WHERE in_chat <= p_chat_limit ORDER BY queue_number LIMIT p_limit) m
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot
  ORDER BY o.session_id, m.queue_number;
$$;

-- For workers of the release before.
CREATE OR REPLACE FUNCTION load_sends(p_boot uuid, p_sessions uuid[], p_limit int)
RETURNS TABLE (session_id uuid, id uuid, number bigint, chat text, whatsapp_id text, type text, content jsonb,
               status message_status)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, m.id, m.queue_number, m.chat, m.whatsapp_id, m.type, m.content, m.status
  FROM session_owner o CROSS JOIN LATERAL (
    SELECT * FROM message m WHERE m.session_id = o.session_id AND NOT m.settled AND m.queue_number IS NOT NULL
    ORDER BY m.queue_number LIMIT p_limit) m
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot
  ORDER BY o.session_id, m.queue_number;
$$;

-- Takes messages to hand them over, each with its session and the epoch of the claim; answers those that may go: 'sending' now.
-- The others were cancelled or settled, their time is up, or the session is not the boot's. Can be repeated.
CREATE FUNCTION take_sends(p_boot uuid, p_sessions uuid[], p_epochs bigint[], p_ids uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE mine uuid[];
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = ANY (p_sessions) ORDER BY o.session_id FOR SHARE;
  SELECT coalesce(array_agg(m.id), '{}') INTO mine
    FROM unnest(p_sessions, p_epochs, p_ids) w (session_id, epoch, id)
    JOIN session_owner o ON o.session_id = w.session_id AND o.epoch = w.epoch
    JOIN message m ON m.id = w.id AND m.session_id = w.session_id
    WHERE o.boot_id = p_boot AND o.released_at IS NULL AND NOT m.settled AND m.queue_number IS NOT NULL;
  -- Handed over once, nobody knows with what outcome: a receipt may still say that it arrived.
  UPDATE message m SET status = 'failed', status_at = clock_timestamp(),
      error_code = CASE m.status WHEN 'sending' THEN 'outcome_unknown' ELSE 'expired' END
    WHERE m.id = ANY (mine) AND NOT m.settled AND m.expires_at <= clock_timestamp();
  UPDATE message m SET status = 'sending', status_at = clock_timestamp() WHERE m.id = ANY (mine) AND m.status = 'queued';
  RETURN QUERY SELECT m.id FROM message m WHERE m.id = ANY (mine) AND m.status = 'sending';
END $$;

-- What time does to all that wait: scheduled messages get their places, in the order of their times; whose time is up has failed.
-- Whoever calls, once a second will do. Answers how many there were.
CREATE FUNCTION advance_sends() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE advanced int := 0; expired int; due uuid;
BEGIN
  -- One at a time, or two would mix up the order.
  IF NOT pg_try_advisory_xact_lock(hashtext('berth-advance-sends')) THEN RETURN 0; END IF;
  WITH over AS (
    SELECT m.id FROM message m WHERE NOT m.settled AND m.expires_at <= clock_timestamp() AND m.status = 'queued'
    ORDER BY m.expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
  UPDATE message m SET status = 'failed', status_at = clock_timestamp(), error_code = 'expired' FROM over WHERE m.id = over.id;
  GET DIAGNOSTICS expired = ROW_COUNT;
  FOR due IN
    SELECT m.id FROM message m WHERE NOT m.settled AND m.send_at <= clock_timestamp() AND m.due_number IS NULL
    ORDER BY m.send_at, m.number LIMIT 1000 FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE message SET due_number = nextval('message_number_seq'),
        status_times = status_times || jsonb_build_object('queued', clock_timestamp())
      WHERE id = due;
    advanced := advanced + 1;
  END LOOP;
  RETURN advanced + expired;
END $$;
GRANT USAGE ON SEQUENCE message_number_seq TO berth_definer;

-- How fast the messages of a session may go; NULL: as fast as they come.
CREATE FUNCTION load_paces(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, per_minute int, per_minute_to_chat int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, (t.spec #>> '{limits,messagesPerMinute}')::int, (t.spec #>> '{limits,messagesPerMinutePerChat}')::int
  FROM session_owner o JOIN tenant n ON n.id = o.tenant_id JOIN tier t ON t.name = n.tier
  WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot;
$$;

-- A tenant may cancel what waits, and change nothing else.
GRANT UPDATE (status, status_at, error_code) ON message TO berth_gateway;
CREATE POLICY cancelled ON message AS RESTRICTIVE FOR UPDATE TO berth_gateway
  USING (from_me AND status = 'queued') WITH CHECK (status = 'failed' AND error_code = 'cancelled');

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('message_status_time', 'load_sends', 'take_sends', 'advance_sends', 'load_paces') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
    IF f::text ~ '_(sends|paces)' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_worker', f); END IF;
  END LOOP;
END $$;
`
