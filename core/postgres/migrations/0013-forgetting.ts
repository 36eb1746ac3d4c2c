/** The second part of 0013: what goes again. Messages that were kept long enough, and people whom a tenant erases. */
export const forgetting = /* sql */ `
-- Whom a tenant has erased, so that history which is told again does not bring them back: hashes of their addresses.
CREATE TABLE erased_contact (
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  address bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, address)
);
CREATE INDEX erased_contact_tenant ON erased_contact (tenant_id);

ALTER TABLE erased_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE erased_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON erased_contact TO berth_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON erased_contact TO berth_definer;
GRANT DELETE ON event TO berth_definer;

CREATE FUNCTION address_hash(p_address text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT sha256(convert_to(p_address, 'UTF8')) $$;

-- History does not bring back whom the tenant has erased since.
CREATE FUNCTION message_remembered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM erased_contact e WHERE e.session_id = NEW.session_id AND e.at >= NEW.sent_at
    AND e.address IN (address_hash(NEW.chat), address_hash(phone_chat(NEW.sender_phone)), address_hash(NEW.sender_lid));
  IF FOUND THEN RETURN NULL; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER message_remembered BEFORE INSERT ON message FOR EACH ROW WHEN (NEW.history)
  EXECUTE FUNCTION message_remembered();

-- After messages have gone: conversations with nothing left go too, and what is unread of the others is counted anew.
CREATE FUNCTION conversations_recounted(p_sessions uuid[], p_chats text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT DISTINCT w.session_id, w.chat FROM unnest(p_sessions, p_chats) w (session_id, chat) ORDER BY 1, 2 LOOP
    UPDATE conversation c SET unread = unread_in(c.session_id, c.chat, c.read_number)
      WHERE c.session_id = one.session_id AND c.chat = one.chat AND c.unread > 0;
    DELETE FROM conversation c WHERE c.session_id = one.session_id AND c.chat = one.chat
      AND NOT EXISTS (SELECT FROM message m WHERE m.session_id = one.session_id AND m.chat = one.chat AND m.chat <> '');
  END LOOP;
END $$;

-- Messages that are older than their tenant's tier keeps them, at most p_limit of ten sessions, and contacts and conversations
-- without any. p_days: where the tier says nothing. Answers how many messages there were.
CREATE FUNCTION forget_old_messages(p_days int, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
  due record;
  sessions uuid[];
  chats text[];
  forgotten int := 0;
BEGIN
  FOR due IN
    SELECT s.id, s.tenant_id, b.before FROM session s JOIN tenant t ON t.id = s.tenant_id LEFT JOIN tier r ON r.name = t.tier
    CROSS JOIN LATERAL (SELECT now() - make_interval(days => coalesce((r.spec -> 'limits' ->> 'retentionDays')::int, p_days))
      AS before) b
    CROSS JOIN LATERAL (SELECT coalesce(m.sent_at, m.created_at) AS at FROM message m WHERE m.tenant_id = s.tenant_id
      AND m.session_id = s.id AND m.settled ORDER BY m.number LIMIT 1) oldest
    WHERE oldest.at < b.before LIMIT 10
  LOOP
    WITH old AS (
      SELECT m.id FROM (SELECT m.id, coalesce(m.sent_at, m.created_at) AS at FROM message m WHERE m.tenant_id = due.tenant_id
        AND m.session_id = due.id AND m.settled ORDER BY m.number LIMIT p_limit - forgotten) m WHERE m.at < due.before),
    gone AS (DELETE FROM message m USING old WHERE m.id = old.id RETURNING m.session_id, m.chat)
    SELECT coalesce(array_agg(g.session_id), '{}'), coalesce(array_agg(g.chat), '{}') INTO sessions, chats FROM gone g;
    PERFORM conversations_recounted(sessions, chats);
    DELETE FROM contact c WHERE c.session_id = due.id AND c.last_message_at < due.before
      AND NOT EXISTS (SELECT FROM conversation v WHERE v.session_id = due.id AND v.chat = c.id);
    forgotten := forgotten + cardinality(sessions);
    EXIT WHEN forgotten >= p_limit;
  END LOOP;
  RETURN forgotten;
END $$;

-- Erases a person from a session of the transaction's tenant: what they and the account wrote to each other, what they wrote in
-- groups, events and names; files go after their messages. At most p_limit messages; answers how many there were, NULL: nothing is
-- known of the person. Repeated until it answers 0.
CREATE FUNCTION erase_contact(p_session uuid, p_address text, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp SET jit = off AS $$
DECLARE
  tenant uuid := nullif(current_setting('berth.tenant_id', true), '')::uuid;
  of_chat text := chat_of(p_session, p_address);
  of_lid text;
  of_phone text;
  addresses text[];
  sessions uuid[];
  chats text[];
BEGIN
  PERFORM FROM session s WHERE s.id = p_session AND s.tenant_id = tenant;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT c.lid INTO of_lid FROM contact c WHERE c.session_id = p_session AND c.id = of_chat;
  of_phone := CASE WHEN of_chat LIKE '%@s.whatsapp.net' THEN '+' || split_part(of_chat, '@', 1) END;
  addresses := array_remove(ARRAY[of_chat, coalesce(of_lid, CASE WHEN of_chat LIKE '%@lid' THEN of_chat END)], NULL);
  WITH theirs AS (
    SELECT m.id FROM message m WHERE m.session_id = p_session AND m.tenant_id = tenant
      AND (m.chat = ANY (addresses) OR (NOT m.from_me AND (m.sender_phone = of_phone OR m.sender_lid = ANY (addresses))))
    LIMIT p_limit),
  gone AS (DELETE FROM message m USING theirs WHERE m.id = theirs.id RETURNING m.id, m.session_id, m.chat),
  untold AS (DELETE FROM event e USING gone WHERE e.session_id = p_session AND e.data ->> 'messageId' = gone.id::text)
  SELECT coalesce(array_agg(g.session_id), '{}'), coalesce(array_agg(g.chat), '{}') INTO sessions, chats FROM gone g;
  PERFORM conversations_recounted(sessions, chats);
  IF cardinality(sessions) > 0 THEN RETURN cardinality(sessions); END IF;

  DELETE FROM conversation c WHERE c.session_id = p_session AND c.chat = ANY (addresses);
  DELETE FROM contact c WHERE c.session_id = p_session AND c.id = of_chat;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM erased_contact e WHERE e.session_id = p_session AND e.address = address_hash(of_chat))
    THEN RETURN NULL; END IF;
  INSERT INTO erased_contact (tenant_id, session_id, address) SELECT tenant, p_session, address_hash(a) FROM unnest(addresses) a
    ON CONFLICT (session_id, address) DO UPDATE SET at = excluded.at;
  RETURN 0;
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('address_hash', 'message_remembered', 'conversations_recounted', 'forget_old_messages', 'erase_contact') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION forget_old_messages(int, int) TO berth_operator;
GRANT EXECUTE ON FUNCTION erase_contact(uuid, text, int) TO berth_gateway;
`
