/**
 * Contacts and conversations, kept in the commit of the message that they tell of: by triggers, so that whoever writes messages
 * (processes of the release before, too) keeps them. docs/adr/0025 says why so.
 *
 * A person has one chat: by phone number where it is known, else by LID. When the number of a LID becomes known, the LID's contact,
 * conversation and messages go over to the number's, in the commit of what told it; what is written to the LID later goes there, too.
 * Nothing here may fail for what a message says: that would keep its commit, with the ratchet step, from being written.
 */
import { forgetting } from './0013-forgetting.ts'

const filing = /* sql */ `
-- Of the time before the link, told by the phone: counted as read. Its number is negative, and grows with its time.
ALTER TABLE message ADD COLUMN history boolean NOT NULL DEFAULT false;
-- For queries that say chat <> '', which is so anyway: write_commit, whose plans are made on empty tables, would take this index
-- for everything that it looks up in a session.
CREATE INDEX message_chat ON message (session_id, chat, number DESC) WHERE chat <> '';

-- What is searched: the words of a message, and its tenant among them, so that one tenant's search reads no other's.
CREATE FUNCTION message_words(p_tenant uuid, p_content jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN said.words <> '' THEN
    array_to_tsvector(ARRAY[p_tenant::text]) || to_tsvector('pg_catalog.simple', left(said.words, 65536)) END
  FROM (SELECT ltrim(
    coalesce(p_content ->> 'text', '') || coalesce(' ' || (p_content #>> '{media,caption}'), '')
    -- "plan.pdf" is one word to Postgres: the name of a host.
    || coalesce(' ' || (p_content #>> '{media,fileName}') || ' ' || translate(p_content #>> '{media,fileName}', '._-', '   '), '')
    || coalesce(' ' || (p_content #>> '{location,name}'), '')
    || coalesce(' ' || (p_content #>> '{location,address}'), '') || coalesce(' ' || (p_content #>> '{poll,question}'), '')
    || coalesce(' ' || (p_content #>> '{contacts,0,name}'), '') || coalesce(' ' || (p_content #>> '{answer,text}'), '')) AS words) said;
$$;
CREATE INDEX message_search ON message USING gin (message_words(tenant_id, content));

CREATE TABLE contact (
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  -- The chat with them.
  id text NOT NULL,
  lid text,
  -- What they call themselves, the account's own address book, WhatsApp's word for a business.
  push_name text,
  push_name_at timestamptz,
  saved_name text,
  verified_name text,
  -- Of what came in; when something went out is known by the conversation.
  last_message_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, id)
) WITH (fillfactor = 80);
-- Not unique: two that name the same LID for a moment must not keep a commit from being written.
CREATE INDEX contact_lid ON contact (session_id, lid) WHERE lid IS NOT NULL;
CREATE INDEX contact_tenant ON contact (tenant_id);

CREATE TABLE conversation (
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  chat text NOT NULL,
  -- Of a group, where the provider tells it.
  name text,
  last_at timestamptz NOT NULL,
  -- By the provider's clock; only grows.
  inbound_at timestamptz,
  -- Received messages up to this number are read.
  read_number bigint NOT NULL DEFAULT 0,
  unread int NOT NULL DEFAULT 0,
  archived boolean NOT NULL DEFAULT false,
  pinned_at timestamptz,
  muted_until timestamptz,
  PRIMARY KEY (session_id, chat)
) WITH (fillfactor = 70);
CREATE INDEX conversation_activity ON conversation (tenant_id, session_id, last_at DESC, chat DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['contact', 'conversation'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format($p$CREATE POLICY own_tenant ON %I TO berth_gateway
      USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)$p$, t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO berth_definer', t);
    EXECUTE format('GRANT SELECT ON %I TO berth_gateway', t);
  END LOOP;
END $$;

-- The chat with a phone number (E.164).
CREATE FUNCTION phone_chat(p_phone text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT substr(p_phone, 2) || '@s.whatsapp.net' $$;

-- The chat with the person of an address: of a LID whose number is known, the number's.
CREATE FUNCTION chat_of(p_session uuid, p_address text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT CASE WHEN p_address LIKE '%@lid' THEN
    coalesce((SELECT c.id FROM contact c WHERE c.session_id = p_session AND c.lid = p_address AND c.id <> p_address
              ORDER BY c.created_at DESC, c.id LIMIT 1), p_address)
    ELSE p_address END;
$$;

-- The newest messages of the transaction's tenant in which a text stands, at most p_limit below a number; p_session: of this one.
-- Row-level security would keep the index from being used: the tenant is looked at here.
CREATE FUNCTION search_messages(p_session uuid, p_text text, p_below bigint, p_limit int) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('berth.tenant_id', true), '')::uuid;
  asked tsquery := websearch_to_tsquery('pg_catalog.simple', p_text);
BEGIN
  IF numnode(asked) = 0 THEN RETURN; END IF;
  RETURN QUERY SELECT m.id FROM message m
    WHERE message_words(m.tenant_id, m.content) @@ (quote_literal(tenant)::tsquery && asked) AND m.tenant_id = tenant
      AND (p_session IS NULL OR m.session_id = p_session) AND (p_below IS NULL OR m.number < p_below)
    ORDER BY m.number DESC LIMIT p_limit;
END $$;

-- What is not read of a conversation.
CREATE FUNCTION unread_in(p_session uuid, p_chat text, p_read_number bigint) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT count(*)::int FROM message m WHERE m.session_id = p_session AND m.chat = p_chat AND m.chat <> ''
    AND m.number > p_read_number AND NOT m.from_me AND m.target IS NULL AND NOT m.history;
$$;

-- The number of a LID has become known: what is there of both becomes the number's. Can be repeated.
CREATE FUNCTION merge_person(p_session uuid, p_lid text, p_chat text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  DELETE FROM message m USING message k WHERE m.session_id = p_session AND m.chat = p_lid AND k.session_id = p_session
    AND k.chat = p_chat AND k.whatsapp_id = m.whatsapp_id AND k.from_me = m.from_me;
  UPDATE message SET chat = p_chat WHERE session_id = p_session AND chat = p_lid;

  INSERT INTO conversation AS c (tenant_id, session_id, chat, name, last_at, inbound_at, read_number, unread, archived, pinned_at,
                                 muted_until)
    SELECT l.tenant_id, l.session_id, p_chat, l.name, l.last_at, l.inbound_at, l.read_number, l.unread, l.archived, l.pinned_at,
           l.muted_until
    FROM conversation l WHERE l.session_id = p_session AND l.chat = p_lid
    ON CONFLICT (session_id, chat) DO UPDATE SET last_at = greatest(c.last_at, excluded.last_at),
      inbound_at = greatest(c.inbound_at, excluded.inbound_at), read_number = greatest(c.read_number, excluded.read_number),
      unread = unread_in(p_session, p_chat, greatest(c.read_number, excluded.read_number)),
      archived = c.archived OR excluded.archived, pinned_at = coalesce(c.pinned_at, excluded.pinned_at),
      muted_until = greatest(c.muted_until, excluded.muted_until);
  DELETE FROM conversation WHERE session_id = p_session AND chat = p_lid;

  INSERT INTO contact AS c (tenant_id, session_id, id, lid, push_name, push_name_at, saved_name, verified_name, last_message_at,
                            created_at)
    SELECT l.tenant_id, l.session_id, p_chat, p_lid, l.push_name, l.push_name_at, l.saved_name, l.verified_name,
           l.last_message_at, l.created_at
    FROM contact l WHERE l.session_id = p_session AND l.id = p_lid
    ON CONFLICT (session_id, id) DO UPDATE SET lid = excluded.lid,
      push_name = CASE WHEN c.push_name_at >= excluded.push_name_at THEN c.push_name
                       ELSE coalesce(excluded.push_name, c.push_name) END,
      push_name_at = greatest(c.push_name_at, excluded.push_name_at),
      saved_name = coalesce(c.saved_name, excluded.saved_name), verified_name = coalesce(c.verified_name, excluded.verified_name),
      last_message_at = greatest(c.last_message_at, excluded.last_message_at), created_at = least(c.created_at, excluded.created_at);
  DELETE FROM contact WHERE session_id = p_session AND id = p_lid;
  -- A person who has another number now: the old one is somebody else's, or will be.
  UPDATE contact SET lid = NULL WHERE session_id = p_session AND lid = p_lid AND id <> p_chat;
END $$;

CREATE FUNCTION message_addressed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  NEW.chat := chat_of(NEW.session_id, NEW.chat);
  RETURN NEW;
END $$;
CREATE TRIGGER message_addressed BEFORE INSERT ON message FOR EACH ROW WHEN (NEW.chat LIKE '%@lid')
  EXECUTE FUNCTION message_addressed();

CREATE FUNCTION message_filed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE known record;
BEGIN
  -- In the order of their keys, contacts before conversations: whoever files waits for others in one order. What the account
  -- sends only adds a contact: whoever accepts a message holds none, and waits for none that is being changed.
  INSERT INTO contact AS c (tenant_id, session_id, id, lid, push_name, push_name_at, last_message_at)
    SELECT p.tenant_id, p.session_id, p.id, max(p.lid),
           (array_agg(p.name ORDER BY p.at DESC, p.number DESC) FILTER (WHERE p.name <> ''))[1],
           max(p.at) FILTER (WHERE p.name <> ''), max(p.at)
    FROM (SELECT n.tenant_id, n.session_id, n.number, coalesce(n.sent_at, n.created_at) AS at, n.sender_name AS name,
            coalesce(phone_chat(n.sender_phone),
              (SELECT k.id FROM contact k WHERE k.session_id = n.session_id AND k.lid = n.sender_lid AND k.id <> k.lid LIMIT 1),
              n.sender_lid) AS id, n.sender_lid AS lid FROM filed n WHERE NOT n.from_me) p
    WHERE p.id LIKE '%@s.whatsapp.net' OR p.id LIKE '%@lid'
    GROUP BY p.tenant_id, p.session_id, p.id ORDER BY p.session_id, p.id
    ON CONFLICT (session_id, id) DO UPDATE SET lid = coalesce(excluded.lid, c.lid),
      push_name = CASE WHEN c.push_name_at > excluded.push_name_at THEN c.push_name
                       ELSE coalesce(excluded.push_name, c.push_name) END,
      push_name_at = greatest(c.push_name_at, excluded.push_name_at),
      last_message_at = greatest(c.last_message_at, excluded.last_message_at);
  INSERT INTO contact (tenant_id, session_id, id, lid, last_message_at)
    SELECT n.tenant_id, n.session_id, n.chat, max(CASE WHEN n.chat LIKE '%@lid' THEN n.chat END), max(coalesce(n.sent_at, n.created_at))
    FROM filed n WHERE n.from_me AND (n.chat LIKE '%@s.whatsapp.net' OR n.chat LIKE '%@lid')
    GROUP BY n.tenant_id, n.session_id, n.chat ORDER BY n.session_id, n.chat
    ON CONFLICT DO NOTHING;

  INSERT INTO conversation AS c (tenant_id, session_id, chat, last_at, inbound_at, unread)
    SELECT n.tenant_id, n.session_id, n.chat, max(coalesce(n.sent_at, n.created_at)),
           max(coalesce(n.sent_at, n.created_at)) FILTER (WHERE NOT n.from_me),
           count(*) FILTER (WHERE NOT n.from_me AND NOT n.history)
    FROM filed n WHERE n.target IS NULL GROUP BY n.tenant_id, n.session_id, n.chat ORDER BY n.session_id, n.chat
    ON CONFLICT (session_id, chat) DO UPDATE SET last_at = greatest(c.last_at, excluded.last_at),
      inbound_at = greatest(c.inbound_at, excluded.inbound_at), unread = c.unread + excluded.unread;

  FOR known IN SELECT DISTINCT n.session_id, n.sender_lid AS lid, phone_chat(n.sender_phone) AS chat
    FROM filed n CROSS JOIN LATERAL (SELECT FROM contact l WHERE l.session_id = n.session_id AND l.lid = n.sender_lid
      AND l.id <> phone_chat(n.sender_phone) LIMIT 1) other
    WHERE NOT n.from_me AND n.sender_phone IS NOT NULL ORDER BY 1, 2
  LOOP
    PERFORM merge_person(known.session_id, known.lid, known.chat);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER message_filed AFTER INSERT ON message REFERENCING NEW TABLE AS filed
  FOR EACH STATEMENT EXECUTE FUNCTION message_filed();

-- These messages of a chat, and all before them, were read: by a device of the account, or through the API.
CREATE FUNCTION chat_read(p_session uuid, p_address text, p_whatsapp_ids text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE
  chat_read text := chat_of(p_session, p_address);
  up_to bigint;
BEGIN
  SELECT max(found.number) INTO up_to FROM unnest(p_whatsapp_ids) w (id) CROSS JOIN LATERAL (
    SELECT m.number FROM message m WHERE m.session_id = p_session AND m.chat = chat_read AND m.whatsapp_id = w.id
      AND m.from_me = false LIMIT 1) found;
  UPDATE conversation c SET read_number = up_to, unread = unread_in(p_session, chat_read, up_to)
    WHERE c.session_id = p_session AND c.chat = chat_read AND c.read_number < up_to;
END $$;

CREATE FUNCTION command_read() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM chat_read(NEW.session_id, NEW.input->>'chat', ARRAY(SELECT m->>'whatsappId' FROM jsonb_array_elements(NEW.input->'messages') m));
  RETURN NULL;
END $$;
CREATE TRIGGER command_read AFTER UPDATE OF status ON command FOR EACH ROW
  WHEN (NEW.kind = 'read' AND NEW.status = 'done' AND OLD.status <> 'done') EXECUTE FUNCTION command_read();

-- A commit of a boot that has also learnt something of people and chats. The rest is as above, and so is the answer.
-- p_people: phone (E.164), lid; what is told of one of them is left alone where nobody has had to do with the person.
-- p_chats: chat, and what is new of it: read (ids), archived, pinned_at, muted_until, name; JSON's null takes it back.
CREATE FUNCTION write_commit(
  p_boot uuid, p_number bigint, p_sessions uuid[], p_epochs bigint[], p_blob bytea,
  p_key_session int[], p_key_type text[], p_key_id text[], p_key_offset int[], p_key_length int[],
  p_gone_session int[], p_gone_type text[], p_gone_id text[],
  p_credential_session int[], p_credential_attempt int[], p_credential_offset int[], p_credential_length int[],
  p_journal_session int[], p_journal_hash text[], p_journal_offset int[], p_journal_length int[],
  p_messages jsonb, p_statuses jsonb, p_states jsonb, p_commands jsonb, p_purges int[],
  p_people jsonb, p_chats jsonb
) RETURNS int[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  mine int[];
  told jsonb;
  of_session uuid;
BEGIN
  mine := write_commit(p_boot, p_number, p_sessions, p_epochs, p_blob, p_key_session, p_key_type, p_key_id, p_key_offset,
    p_key_length, p_gone_session, p_gone_type, p_gone_id, p_credential_session, p_credential_attempt, p_credential_offset,
    p_credential_length, p_journal_session, p_journal_hash, p_journal_offset, p_journal_length, p_messages, p_statuses, p_states,
    p_commands, p_purges);
  IF mine IS NULL THEN RETURN NULL; END IF;
  IF p_people IS NOT NULL THEN
    FOR told IN SELECT p FROM jsonb_array_elements(p_people) p WHERE (p->>'place')::int = ANY (mine) LOOP
      PERFORM person_told(p_sessions[(told->>'place')::int], told);
    END LOOP;
  END IF;
  IF p_chats IS NOT NULL THEN
    FOR told IN SELECT c FROM jsonb_array_elements(p_chats) c WHERE (c->>'place')::int = ANY (mine) LOOP
      PERFORM chat_told(p_sessions[(told->>'place')::int], told);
    END LOOP;
  END IF;
  RETURN mine;
END $$;

CREATE FUNCTION person_told(p_session uuid, p_told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE
  of_lid text := p_told->>'lid';
  of_phone text := phone_chat(p_told->>'phone');
BEGIN
  IF of_lid IS NOT NULL AND of_phone IS NOT NULL THEN
    IF EXISTS (SELECT FROM contact c WHERE c.session_id = p_session AND c.lid = of_lid AND c.id <> of_phone)
      OR EXISTS (SELECT FROM conversation c WHERE c.session_id = p_session AND c.chat = of_lid) THEN
      PERFORM merge_person(p_session, of_lid, of_phone);
    END IF;
    UPDATE contact SET lid = of_lid WHERE session_id = p_session AND id = of_phone AND lid IS DISTINCT FROM of_lid;
  END IF;
  IF p_told ? 'saved_name' OR p_told ? 'verified_name' THEN
    UPDATE contact SET
        saved_name = CASE WHEN p_told ? 'saved_name' THEN p_told->>'saved_name' ELSE saved_name END,
        verified_name = CASE WHEN p_told ? 'verified_name' THEN p_told->>'verified_name' ELSE verified_name END
      WHERE session_id = p_session AND id = chat_of(p_session, coalesce(of_phone, of_lid));
  END IF;
END $$;

CREATE FUNCTION chat_told(p_session uuid, p_told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  IF p_told ? 'read' THEN
    PERFORM chat_read(p_session, p_told->>'chat', ARRAY(SELECT jsonb_array_elements_text(p_told->'read')));
  END IF;
  IF p_told ?| ARRAY['archived', 'pinned_at', 'muted_until', 'name'] THEN
    UPDATE conversation SET
        archived = CASE WHEN p_told ? 'archived' THEN (p_told->>'archived')::boolean ELSE archived END,
        pinned_at = CASE WHEN p_told ? 'pinned_at' THEN (p_told->>'pinned_at')::timestamptz ELSE pinned_at END,
        muted_until = CASE WHEN p_told ? 'muted_until' THEN (p_told->>'muted_until')::timestamptz ELSE muted_until END,
        name = CASE WHEN p_told ? 'name' THEN p_told->>'name' ELSE name END
      WHERE session_id = p_session AND chat = chat_of(p_session, p_told->>'chat');
  END IF;
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('message_words', 'search_messages', 'phone_chat', 'chat_of', 'unread_in', 'merge_person', 'message_addressed', 'message_filed', 'chat_read',
                      'command_read', 'write_commit', 'person_told', 'chat_told') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
    IF f::text LIKE '%write_commit%' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_worker', f); END IF;
    IF f::text ~ 'message_words|search_messages' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_gateway', f); END IF;
  END LOOP;
END $$;

-- What is there already: as if it had been read.
INSERT INTO conversation (tenant_id, session_id, chat, last_at, inbound_at, read_number)
  SELECT m.tenant_id, m.session_id, m.chat, max(coalesce(m.sent_at, m.created_at)),
         max(coalesce(m.sent_at, m.created_at)) FILTER (WHERE NOT m.from_me), max(m.number)
  FROM message m WHERE m.target IS NULL GROUP BY m.tenant_id, m.session_id, m.chat;
INSERT INTO contact (tenant_id, session_id, id, lid, push_name, push_name_at, last_message_at)
  SELECT p.tenant_id, p.session_id, p.id, max(p.lid), (array_agg(p.name ORDER BY p.at DESC, p.number DESC) FILTER (WHERE p.name <> ''))[1],
         max(p.at) FILTER (WHERE p.name <> ''), max(p.at)
  FROM (SELECT m.tenant_id, m.session_id, m.number, coalesce(m.sent_at, m.created_at) AS at, m.sender_name AS name,
          CASE WHEN m.from_me THEN m.chat ELSE coalesce(phone_chat(m.sender_phone), m.sender_lid) END AS id,
          CASE WHEN NOT m.from_me THEN m.sender_lid WHEN m.chat LIKE '%@lid' THEN m.chat END AS lid FROM message m) p
  WHERE p.id LIKE '%@s.whatsapp.net' OR p.id LIKE '%@lid' GROUP BY p.tenant_id, p.session_id, p.id;
`

export const conversations = filing + forgetting
