/**
 * Channels: what a session of a provider with accounts of its own (the Cloud API) is reached by; the inbox: what the provider
 * has told by webhook; automatic replies.
 *
 * Who a webhook is for is found by the provider's own number of the channel, or by the secret in its address, never by what a
 * caller says of tenants. Inbox rows are written by the gateway before it answers, read and removed by the owner: what they
 * say is durable elsewhere by then. A message keeps the provider's id beside our own, which was there first and stays.
 */
export const cloudApi = /* sql */ `
CREATE TABLE channel (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  provider text NOT NULL,
  -- The provider's id of the number.
  phone_number_id text NOT NULL,
  account_id text,
  phone_number text,
  verified_name text,
  -- Tokens and secrets, sealed for the session.
  value bytea NOT NULL,
  -- SHA-256 of what its own webhook's address ends in.
  webhook_hash bytea UNIQUE,
  -- Raised by every change.
  version int NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider, phone_number_id)
);
CREATE INDEX channel_tenant ON channel (tenant_id);

CREATE TABLE inbox (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  hash bytea NOT NULL,
  -- JSON as text: it may hold characters that jsonb does not take.
  body text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (session_id, hash)
);
CREATE INDEX inbox_order ON inbox (session_id, number);
CREATE INDEX inbox_tenant ON inbox (tenant_id);

-- Without a session: of all sessions of the tenant that have none of their own.
CREATE TABLE auto_reply (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid REFERENCES session ON DELETE CASCADE,
  strategy text NOT NULL,
  settings jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (tenant_id, session_id)
);
CREATE INDEX auto_reply_session ON auto_reply (session_id);

ALTER TABLE message ADD COLUMN provider_id text;
CREATE INDEX message_provider_id ON message (session_id, provider_id) WHERE provider_id IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['channel', 'inbox', 'auto_reply'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO berth_definer', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['channel', 'auto_reply'] LOOP
    EXECUTE format($p$CREATE POLICY own_tenant ON %I TO berth_gateway
      USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)
      WITH CHECK (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)$p$, t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO berth_gateway', t);
  END LOOP;
END $$;

-- For the gateway, across tenants --------------------------------------------------------------------------------------------

-- Whose numbers these are.
CREATE FUNCTION channels_of_numbers(p_provider text, p_numbers text[])
RETURNS TABLE (phone_number_id text, session_id uuid, tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.phone_number_id, c.session_id, c.tenant_id FROM channel c JOIN session s ON s.id = c.session_id
  WHERE c.provider = p_provider AND c.phone_number_id = ANY (p_numbers) AND s.deleted_at IS NULL;
$$;

-- The channel whose own webhook this is.
CREATE FUNCTION channel_of_webhook(p_provider text, p_tenant text, p_hash bytea)
RETURNS TABLE (phone_number_id text, session_id uuid, tenant_id uuid, value bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.phone_number_id, c.session_id, c.tenant_id, c.value FROM channel c JOIN session s ON s.id = c.session_id
  JOIN tenant t ON t.id = c.tenant_id
  WHERE c.webhook_hash = p_hash AND c.provider = p_provider AND t.name = p_tenant AND s.deleted_at IS NULL;
$$;

-- Keeps what came for sessions; what is there already is there once.
CREATE FUNCTION keep_inbox(p_sessions uuid[], p_hashes bytea[], p_bodies text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  INSERT INTO inbox (tenant_id, session_id, hash, body)
    SELECT s.tenant_id, s.id, w.hash, w.body
    FROM unnest(p_sessions, p_hashes, p_bodies) WITH ORDINALITY w (session_id, hash, body, place)
    JOIN session s ON s.id = w.session_id ORDER BY w.place
    ON CONFLICT DO NOTHING;
$$;

-- For the owner ----------------------------------------------------------------------------------------------------------------

-- Providers of sessions, where they are not linked phones.
CREATE FUNCTION load_providers(p_boot uuid, p_sessions uuid[]) RETURNS TABLE (session_id uuid, provider text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT s.id, s.provider FROM session s JOIN session_owner o ON o.session_id = s.id
  WHERE s.id = ANY (p_sessions) AND o.boot_id = p_boot AND s.provider <> 'Baileys';
$$;

CREATE FUNCTION load_channel(p_boot uuid, p_session uuid)
RETURNS TABLE (phone_number_id text, account_id text, value bytea, version int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.phone_number_id, c.account_id, c.value, c.version FROM channel c JOIN session_owner o USING (session_id)
  WHERE c.session_id = p_session AND o.boot_id = p_boot;
$$;

-- Sessions of a boot for which something came.
CREATE FUNCTION sessions_with_inbox(p_boot uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id FROM session_owner o JOIN channel c USING (session_id)
  WHERE o.boot_id = p_boot AND o.released_at IS NULL AND EXISTS (SELECT FROM inbox i WHERE i.session_id = o.session_id);
$$;

-- Oldest first, with the version that the channel has now. A row without a number: there is nothing.
CREATE FUNCTION load_inbox(p_boot uuid, p_session uuid, p_limit int) RETURNS TABLE (version int, number bigint, body text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.version, i.number, i.body
  FROM session_owner o LEFT JOIN channel c USING (session_id)
  LEFT JOIN LATERAL (SELECT * FROM inbox i WHERE i.session_id = o.session_id ORDER BY i.number LIMIT p_limit) i ON true
  WHERE o.session_id = p_session AND o.boot_id = p_boot ORDER BY i.number;
$$;

-- What these say is durable elsewhere. False: the session has another owner, and nothing was removed.
CREATE FUNCTION inbox_done(p_boot uuid, p_session uuid, p_epoch bigint, p_numbers bigint[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = p_session AND o.epoch = p_epoch AND o.boot_id = p_boot
    AND o.released_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM inbox i WHERE i.session_id = p_session AND i.number = ANY (p_numbers);
  RETURN true;
END $$;

-- What the provider calls messages of ours. False: as above.
CREATE FUNCTION keep_provider_ids(p_boot uuid, p_session uuid, p_epoch bigint, p_ids text[], p_provider_ids text[])
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = p_session AND o.epoch = p_epoch AND o.boot_id = p_boot
    AND o.released_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE message m SET provider_id = w.provider_id
    FROM unnest(p_ids, p_provider_ids) w (whatsapp_id, provider_id)
    WHERE m.session_id = p_session AND m.whatsapp_id = w.whatsapp_id AND m.from_me AND m.provider_id IS NULL;
  RETURN true;
END $$;

-- Messages of ours by either id.
CREATE FUNCTION provider_ids(p_boot uuid, p_session uuid, p_ids text[]) RETURNS TABLE (whatsapp_id text, provider_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT m.whatsapp_id, m.provider_id FROM session_owner o JOIN message m USING (session_id)
  WHERE o.session_id = p_session AND o.boot_id = p_boot AND m.from_me AND m.provider_id IS NOT NULL
    AND m.whatsapp_id = ANY (p_ids)
  UNION
  SELECT m.whatsapp_id, m.provider_id FROM session_owner o JOIN message m USING (session_id)
  WHERE o.session_id = p_session AND o.boot_id = p_boot AND m.from_me AND m.provider_id = ANY (p_ids);
$$;

-- How each session of a boot replies by itself, if it does: its own way before its tenant's.
CREATE FUNCTION load_auto_replies(p_boot uuid) RETURNS TABLE (session_id uuid, strategy text, settings jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT DISTINCT ON (o.session_id) o.session_id, a.strategy, a.settings
  FROM session_owner o JOIN auto_reply a ON a.tenant_id = o.tenant_id
    AND (a.session_id = o.session_id OR a.session_id IS NULL)
  WHERE o.boot_id = p_boot AND o.released_at IS NULL ORDER BY o.session_id, a.session_id NULLS LAST;
$$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('channels_of_numbers', 'channel_of_webhook', 'keep_inbox', 'load_providers', 'load_channel',
      'sessions_with_inbox', 'load_inbox', 'inbox_done', 'keep_provider_ids', 'provider_ids', 'load_auto_replies') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f,
      CASE WHEN f::text ~ '^(channels?_of|keep_inbox)' THEN 'berth_gateway' ELSE 'berth_worker' END);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
`
