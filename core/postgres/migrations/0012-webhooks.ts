/**
 * Events of messages and files, and their deliveries to the addresses that customers name (ADR 0024).
 *
 * Triggers write both, in the commit of what they tell of, as its last act: whatever a transaction locks, it locks the
 * counters of events after it. An event says which message it is about, and only what of it may change: the rest is read
 * when it is told. A delivery is one row for each endpoint and event. It has no foreign keys, which would lock the rows of
 * the endpoint and the tenant in every commit; it goes with its event, and without its endpoint nobody sees it.
 */
export const webhooks = /* sql */ `
-- Events of a tenant, and of none of its sessions, have neither.
ALTER TABLE event ALTER session_id DROP NOT NULL, ALTER seq DROP NOT NULL;

-- The number of a session's last event. What is written under its lock is committed in the order of the numbers.
CREATE TABLE event_count (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  last bigint NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION tell_event(p_tenant uuid, p_session uuid, p_type text, p_data jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  WITH counted AS (
    INSERT INTO event_count AS c (session_id, last) VALUES (p_session, 1)
      ON CONFLICT (session_id) DO UPDATE SET last = c.last + 1 RETURNING last)
  INSERT INTO event (tenant_id, session_id, seq, type, data)
    SELECT p_tenant, p_session, counted.last, p_type, jsonb_strip_nulls(p_data) FROM counted;
$$;

-- Of sessions (0009): the numbers come from event_count; session_state.last_event stands still from here on.
DROP TRIGGER event_of_new ON session_state;
DROP TRIGGER event_of_change ON session_state;
DROP TRIGGER event_written_new ON session_state;
DROP TRIGGER event_written_change ON session_state;
DROP FUNCTION session_state_count();
INSERT INTO event_count (session_id, last) SELECT session_id, last_event FROM session_state WHERE last_event > 0;

CREATE OR REPLACE FUNCTION session_state_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM tell_event(NEW.tenant_id, NEW.session_id, 'session.state', jsonb_build_object('state', NEW.state,
    'reason', NEW.reason, 'message', NEW.message, 'phoneNumber', NEW.phone_number));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER event_of_new AFTER INSERT ON session_state DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION session_state_event();
CREATE CONSTRAINT TRIGGER event_of_change AFTER UPDATE ON session_state DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION session_state_event();

-- Of messages. One that waits to be sent is none; history (0013) is none. What the phone sent has a type of its own, so that
-- nobody answers what they have said themselves.
CREATE FUNCTION message_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  IF NEW.history THEN RETURN NULL; END IF;
  PERFORM tell_event(NEW.tenant_id, NEW.session_id,
    CASE WHEN NEW.target IS NOT NULL THEN 'message.updated' WHEN NEW.from_me THEN 'message.sent_by_phone'
      ELSE 'message.received' END,
    jsonb_build_object('messageId', NEW.id, 'chat', NEW.chat, 'status', NEW.status, 'media',
      CASE WHEN NEW.content ? 'media' THEN jsonb_build_object('status', NEW.content #> '{media,status}',
        'size', NEW.content #> '{media,size}', 'sha256', NEW.content #> '{media,sha256}') END));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER event_of_new AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.settled AND NEW.status <> 'failed') EXECUTE FUNCTION message_event();

CREATE FUNCTION message_status_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM tell_event(NEW.tenant_id, NEW.session_id, 'message.status', jsonb_build_object('messageId', NEW.id,
    'chat', NEW.chat, 'status', NEW.status, 'at', NEW.status_at, 'error', CASE WHEN NEW.error_code IS NOT NULL
      THEN jsonb_build_object('code', NEW.error_code, 'message', NEW.error_message) END));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER event_of_status AFTER UPDATE ON message DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.status <> NEW.status AND NEW.settled) EXECUTE FUNCTION message_status_event();

CREATE FUNCTION media_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM tell_event(NEW.tenant_id, NEW.session_id, 'media.updated', jsonb_build_object('messageId', m.id, 'chat', m.chat,
      'media', jsonb_build_object('id', NEW.id, 'status', NEW.status, 'mimeType', NEW.mime_type, 'size', NEW.size,
        'sha256', encode(NEW.sha256, 'hex'), 'error', NEW.error_code)))
    FROM message m WHERE m.id = NEW.message_id AND NOT m.history;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER event_of_end AFTER UPDATE ON media DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status = 'pending' AND NEW.status <> 'pending' AND NEW.message_id IS NOT NULL) EXECUTE FUNCTION media_event();

-- Endpoints ------------------------------------------------------------------------------------------------------------------

CREATE TABLE webhook_endpoint (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  url text NOT NULL,
  description text,
  enabled boolean NOT NULL DEFAULT true,
  -- What it is told: null is all.
  events text[],
  sessions text[],
  -- Sealed by the gateway, as are headers, which often hold a password.
  headers bytea,
  secret bytea NOT NULL,
  earlier_secret bytea,
  earlier_until timestamptz,
  failing_since timestamptz,
  paused_at timestamptz,
  paused_reason text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoint_tenant ON webhook_endpoint (tenant_id, created_at, id);

-- Which gateway process tells an endpoint, by the time of the database.
CREATE TABLE webhook_lease (
  endpoint_id uuid PRIMARY KEY REFERENCES webhook_endpoint ON DELETE CASCADE,
  holder uuid NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE webhook_delivery (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id uuid NOT NULL,
  -- Of the events of one chat, in the order of their numbers, one after the other.
  lane bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead')),
  -- It has failed for so long that its lane does not wait for it any more.
  late boolean NOT NULL DEFAULT false,
  tries int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tried_since timestamptz,
  -- The last ones, oldest first.
  attempts jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (event_id, endpoint_id)
) WITH (fillfactor = 70);
CREATE INDEX webhook_delivery_list ON webhook_delivery (tenant_id, endpoint_id, number);
CREATE INDEX webhook_delivery_open ON webhook_delivery (endpoint_id, number) WHERE status = 'pending' AND NOT late;
CREATE INDEX webhook_delivery_held ON webhook_delivery (endpoint_id, lane)
  WHERE status = 'pending' AND NOT late AND tries > 0;
CREATE INDEX webhook_delivery_late ON webhook_delivery (endpoint_id, next_at) WHERE status = 'pending' AND late;
CREATE INDEX webhook_delivery_new ON webhook_delivery (number) WHERE status = 'pending';

CREATE FUNCTION webhook_deliveries_of_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id, lane)
    SELECT w.tenant_id, w.id, NEW.id, webhook_lane(NEW.session_id, NEW.data) FROM webhook_endpoint w
    WHERE w.tenant_id = NEW.tenant_id AND w.enabled AND (w.events IS NULL OR NEW.type = ANY (w.events))
      AND (w.sessions IS NULL OR NEW.session_id IS NULL
        OR EXISTS (SELECT FROM session s WHERE s.id = NEW.session_id AND s.name = ANY (w.sessions)));
  RETURN NULL;
END $$;

CREATE FUNCTION webhook_lane(p_session uuid, p_data jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended(concat(p_session::text, ' ', p_data ->> 'chat'), 0);
$$;
CREATE TRIGGER webhook_deliveries AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION webhook_deliveries_of_event();

CREATE FUNCTION webhook_deliveries_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  DELETE FROM webhook_delivery d USING gone WHERE d.event_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER webhook_deliveries_gone AFTER DELETE ON event REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION webhook_deliveries_gone();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['event_count', 'webhook_endpoint', 'webhook_lease', 'webhook_delivery'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO berth_definer', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['webhook_endpoint', 'webhook_delivery'] LOOP
    EXECUTE format($p$CREATE POLICY own_tenant ON %I TO berth_gateway
      USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)
      WITH CHECK (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)$p$, t);
  END LOOP;
END $$;
GRANT SELECT ON event TO berth_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoint TO berth_gateway;
GRANT SELECT, INSERT ON webhook_delivery TO berth_gateway;
GRANT UPDATE (status, late, tries, next_at, tried_since) ON webhook_delivery TO berth_gateway;

-- For whoever tells endpoints, across tenants -----------------------------------------------------------------------------------

-- Endpoints with open deliveries above a number, and the highest of these. Numbers are not committed in their order.
CREATE FUNCTION webhooks_with_new(p_above bigint) RETURNS TABLE (endpoint_id uuid, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT d.endpoint_id, max(d.number) FROM webhook_delivery d WHERE d.status = 'pending' AND d.number > p_above
  GROUP BY d.endpoint_id;
$$;

-- All that have something open, and that no other living process tells.
CREATE FUNCTION webhooks_with_open(p_holder uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT w.id FROM webhook_endpoint w WHERE w.enabled
    AND NOT EXISTS (SELECT FROM webhook_lease l
      WHERE l.endpoint_id = w.id AND l.holder <> p_holder AND l.until > clock_timestamp())
    AND (EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = w.id AND d.status = 'pending' AND NOT d.late)
      OR EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = w.id AND d.status = 'pending' AND d.late
           AND d.next_at <= clock_timestamp()));
$$;

-- Takes endpoints, or goes on holding them; answers those that are held now and enabled.
CREATE FUNCTION take_webhooks(p_holder uuid, p_endpoints uuid[], p_seconds int) RETURNS SETOF webhook_endpoint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  INSERT INTO webhook_lease AS l (endpoint_id, holder, until)
    SELECT w.id, p_holder, clock_timestamp() + make_interval(secs => p_seconds) FROM webhook_endpoint w
    LEFT JOIN webhook_lease o ON o.endpoint_id = w.id
    WHERE w.id = ANY (p_endpoints) AND (o.endpoint_id IS NULL OR o.until < clock_timestamp()
      OR (o.holder = p_holder AND o.until < clock_timestamp() + make_interval(secs => p_seconds / 2.0)))
    ORDER BY w.id
    ON CONFLICT (endpoint_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
      WHERE l.holder = excluded.holder OR l.until < clock_timestamp();
  RETURN QUERY SELECT w.* FROM webhook_lease l JOIN webhook_endpoint w ON w.id = l.endpoint_id
    WHERE l.endpoint_id = ANY (p_endpoints) AND l.holder = p_holder AND w.enabled;
END $$;

CREATE FUNCTION release_webhooks(p_holder uuid, p_endpoints uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  DELETE FROM webhook_lease WHERE endpoint_id = ANY (p_endpoints) AND holder = p_holder;
$$;

-- What can be told now, with its event and message: of lanes that wait for nothing the first ones, and late ones that are due.
CREATE FUNCTION load_deliveries(p_holder uuid, p_endpoints uuid[], p_most int)
RETURNS TABLE (number bigint, endpoint_id uuid, tenant_id uuid, lane text, late boolean, tries int, tried_ms bigint,
               event_id uuid, type text, seq bigint, data jsonb, occurred_at timestamptz, session_id uuid, session text,
               message jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT d.number, d.endpoint_id, d.tenant_id, d.lane::text, d.late, d.tries,
         coalesce(extract(epoch FROM clock_timestamp() - d.tried_since) * 1000, 0)::bigint,
         e.id, e.type, e.seq, e.data, e.occurred_at, e.session_id, s.name, to_jsonb(m)
  FROM webhook_lease l CROSS JOIN LATERAL (
    (SELECT * FROM webhook_delivery o WHERE o.endpoint_id = l.endpoint_id AND o.status = 'pending' AND NOT o.late
       AND NOT EXISTS (SELECT FROM webhook_delivery h WHERE h.endpoint_id = l.endpoint_id AND h.lane = o.lane
             AND h.status = 'pending' AND NOT h.late AND h.tries > 0 AND h.next_at > clock_timestamp())
     ORDER BY o.number LIMIT p_most)
    UNION ALL
    (SELECT * FROM webhook_delivery o WHERE o.endpoint_id = l.endpoint_id AND o.status = 'pending' AND o.late
       AND o.next_at <= clock_timestamp() ORDER BY o.next_at LIMIT p_most)) d
  JOIN event e ON e.id = d.event_id
  LEFT JOIN session s ON s.id = e.session_id
  LEFT JOIN message m ON m.id = (e.data ->> 'messageId')::uuid
    AND e.type IN ('message.received', 'message.sent_by_phone', 'message.updated')
  WHERE l.endpoint_id = ANY (p_endpoints) AND l.holder = p_holder
  ORDER BY d.number;
$$;

-- What came of attempts. Of one that failed only the holder says so; what was told was told, whoever says it.
CREATE FUNCTION settle_deliveries(p_holder uuid, p_outcomes jsonb, p_kept int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  UPDATE webhook_delivery d SET status = o.status, late = o.late, tries = o.tries,
      next_at = clock_timestamp() + make_interval(secs => o.wait_ms / 1000.0),
      tried_since = coalesce(d.tried_since, clock_timestamp()),
      attempts = CASE WHEN jsonb_array_length(d.attempts) < p_kept THEN d.attempts ELSE d.attempts - 0 END
        || jsonb_build_array(o.attempt)
    FROM jsonb_to_recordset(p_outcomes) o (number bigint, status text, late boolean, tries int, wait_ms float8, attempt jsonb)
    WHERE d.number = o.number AND d.status = 'pending' AND (o.status = 'delivered'
      OR EXISTS (SELECT FROM webhook_lease l WHERE l.endpoint_id = d.endpoint_id AND l.holder = p_holder));
$$;

-- How an endpoint is doing: since when every attempt fails (by the time of the database), or that one did not.
CREATE FUNCTION note_webhook_health(p_endpoint uuid, p_failing boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  UPDATE webhook_endpoint SET failing_since = CASE WHEN p_failing THEN coalesce(failing_since, clock_timestamp()) END
    WHERE id = p_endpoint AND (failing_since IS NULL) = p_failing;
$$;

-- Stops telling an endpoint, and tells the tenant's others.
CREATE FUNCTION pause_webhook(p_endpoint uuid, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  WITH paused AS (
    UPDATE webhook_endpoint SET enabled = false, paused_at = clock_timestamp(), paused_reason = p_reason,
        failing_since = coalesce(failing_since, clock_timestamp())
      WHERE id = p_endpoint AND enabled RETURNING *)
  INSERT INTO event (tenant_id, type, data)
    SELECT tenant_id, 'webhook.paused', jsonb_strip_nulls(jsonb_build_object('endpoint', id, 'url', url, 'reason', p_reason,
      'failingSince', failing_since)) FROM paused;
$$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('tell_event', 'session_state_event', 'message_event', 'message_status_event', 'media_event',
      'webhook_deliveries_of_event', 'webhook_deliveries_gone', 'webhooks_with_new', 'webhooks_with_open', 'take_webhooks',
      'release_webhooks', 'load_deliveries', 'settle_deliveries', 'note_webhook_health', 'pause_webhook') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    IF f::text !~ '_event|_gone' THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO berth_gateway', f); END IF;
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
END $$;
`
