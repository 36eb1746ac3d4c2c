/**
 * Media: which there are, and how far they are. The bytes lie in the store (core/media), under the medium's id.
 *
 * A received one is pending from the commit of its message on, fetched by whoever owns the session, and stored or failed then;
 * its message says so too. What WhatsApp needs to find and open a file is the `source` of its message's content, which the
 * API does not show. An uploaded one has a row before its first byte, so that whatever is left of it is found.
 * Bytes go after their row: what is deleted leaves its id in media_garbage until the store has forgotten it.
 */
export const media = /* sql */ `
CREATE TABLE media (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  -- Of a received one.
  session_id uuid REFERENCES session ON DELETE CASCADE,
  message_id uuid REFERENCES message ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('pending', 'stored', 'failed')),
  mime_type text NOT NULL,
  file_name text,
  size bigint,
  sha256 bytea,
  -- Tries that failed, and before when there is no other.
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  stored_at timestamptz
);
CREATE INDEX media_tenant ON media (tenant_id, created_at);
CREATE INDEX media_open ON media (session_id, created_at) WHERE status = 'pending';
CREATE INDEX media_session ON media (session_id);
CREATE INDEX media_message ON media (message_id);

CREATE TABLE media_garbage (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['media', 'media_garbage'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO berth_definer', t);
  END LOOP;
END $$;
CREATE POLICY own_tenant ON media TO berth_gateway
  USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON media TO berth_gateway;
GRANT UPDATE (status, mime_type, size, sha256, stored_at) ON media TO berth_gateway;

CREATE FUNCTION media_expected() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  INSERT INTO media (id, tenant_id, session_id, message_id, status, mime_type, file_name)
    VALUES ((NEW.content->'media'->>'id')::uuid, NEW.tenant_id, NEW.session_id, NEW.id, 'pending',
            coalesce(NEW.content->'media'->>'mimeType', 'application/octet-stream'), NEW.content->'media'->>'fileName')
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER media_expected AFTER INSERT ON message FOR EACH ROW
  WHEN (NEW.content ? 'source' AND NEW.content->'media'->>'status' = 'pending') EXECUTE FUNCTION media_expected();

CREATE FUNCTION media_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  INSERT INTO media_garbage (id) SELECT id FROM gone ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER media_gone AFTER DELETE ON media REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION media_gone();

-- For the owner ------------------------------------------------------------------------------------------------------------

-- Those of the sessions that something is to be fetched for.
CREATE FUNCTION sessions_with_media(p_boot uuid, p_sessions uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id FROM session_owner o WHERE o.session_id = ANY (p_sessions) AND o.boot_id = p_boot
    AND EXISTS (SELECT FROM media d WHERE d.session_id = o.session_id AND d.status = 'pending');
$$;

-- What is to be fetched for a session, oldest first.
CREATE FUNCTION load_media(p_boot uuid, p_session uuid, p_limit int)
RETURNS TABLE (id uuid, type text, chat text, whatsapp_id text, from_me boolean, sender_lid text, sender_phone text,
               source jsonb, attempts int, next_at timestamptz, max_bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT d.id, m.type, m.chat, m.whatsapp_id, m.from_me, m.sender_lid, m.sender_phone, m.content->'source', d.attempts,
         d.next_at, (SELECT (r.spec->'limits'->>'mediaBytes')::bigint FROM tenant t JOIN tier r ON r.name = t.tier
                     WHERE t.id = d.tenant_id)
  FROM session_owner o JOIN media d ON d.session_id = o.session_id AND d.status = 'pending'
  JOIN message m ON m.id = d.message_id
  WHERE o.session_id = p_session AND o.boot_id = p_boot
  ORDER BY d.created_at, d.id LIMIT p_limit;
$$;

-- How a try went: the medium's columns, and what is new in its message. Waits for a claim that is under way; false: the
-- session has another owner, and nothing was written.
CREATE FUNCTION settle_media(p_boot uuid, p_session uuid, p_epoch bigint, p_media uuid, p_status text, p_size bigint,
  p_sha256 bytea, p_attempts int, p_next_at timestamptz, p_error_code text, p_error_message text, p_shown jsonb, p_source jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
DECLARE of_message uuid;
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = p_session AND o.epoch = p_epoch AND o.boot_id = p_boot
    AND o.released_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE media d SET status = p_status, size = coalesce(p_size, d.size), sha256 = coalesce(p_sha256, d.sha256),
      attempts = p_attempts, next_at = p_next_at, error_code = p_error_code, error_message = p_error_message,
      stored_at = CASE WHEN p_status = 'stored' THEN clock_timestamp() END
    WHERE d.id = p_media AND d.session_id = p_session AND d.status = 'pending' RETURNING d.message_id INTO of_message;
  UPDATE message m SET content = m.content || jsonb_build_object('media', m.content->'media' || p_shown)
      || CASE WHEN p_source IS NULL THEN '{}' ELSE jsonb_build_object('source', p_source) END
    WHERE m.id = of_message AND (p_shown <> '{}' OR p_source IS NOT NULL);
  RETURN true;
END $$;

-- A stored medium of the session's tenant, to be sent.
CREATE FUNCTION media_to_send(p_boot uuid, p_session uuid, p_media uuid)
RETURNS TABLE (mime_type text, file_name text, size bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT d.mime_type, d.file_name, d.size FROM session_owner o JOIN media d ON d.tenant_id = o.tenant_id
  WHERE o.session_id = p_session AND o.boot_id = p_boot AND d.id = p_media AND d.status = 'stored';
$$;

-- Where a file that is being sent was uploaded to. Before the message goes out: sent again, it is the same file.
CREATE FUNCTION keep_source(p_boot uuid, p_session uuid, p_epoch bigint, p_whatsapp_id text, p_source jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = p_session AND o.epoch = p_epoch AND o.boot_id = p_boot
    AND o.released_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE message m SET content = m.content || jsonb_build_object('source', p_source)
    WHERE m.session_id = p_session AND m.whatsapp_id = p_whatsapp_id AND m.from_me;
  RETURN true;
END $$;

-- For whoever tidies up the store, across tenants ----------------------------------------------------------------------------

-- Ids whose bytes nobody needs. Uploads that broke off long ago are given up first.
CREATE FUNCTION media_to_forget(p_broken_off_before timestamptz, p_limit int) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  DELETE FROM media d WHERE d.session_id IS NULL AND d.status = 'pending' AND d.created_at < p_broken_off_before;
  RETURN QUERY SELECT g.id FROM media_garbage g ORDER BY g.at LIMIT p_limit;
END $$;

CREATE FUNCTION media_forgotten(p_ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  DELETE FROM media_garbage WHERE id = ANY (p_ids);
$$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('media_expected', 'media_gone', 'sessions_with_media', 'load_media', 'settle_media', 'media_to_send', 'keep_source',
                      'media_to_forget', 'media_forgotten') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    IF f::text ~ 'forg' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_gateway', f);
    ELSIF f::text !~ 'media_(expected|gone)' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_worker', f);
    END IF;
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
`
