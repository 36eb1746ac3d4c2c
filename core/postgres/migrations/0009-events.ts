/**
 * What a customer is told: rows with stable ids, numbered per session, written in the same commit as what they tell of.
 *
 * A trigger writes them, so that whoever writes a state (processes of the release before, too) writes its event. Of the
 * sessions of a tenant, events are read in the order of (xid, number), below the oldest running transaction: a row of a
 * later one can only come behind what was read, so a reader that goes on from the last event it has skips nothing.
 */
export const events = /* sql */ `
CREATE TABLE event (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  -- From 1, without a gap.
  seq bigint NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  number bigint GENERATED ALWAYS AS IDENTITY,
  UNIQUE (session_id, seq)
);
CREATE INDEX event_feed ON event (tenant_id, xid, number);
CREATE INDEX event_age ON event (occurred_at);

-- The number of the session's last event. Its owner alone writes states, so it counts without a lock of its own.
ALTER TABLE session_state ADD COLUMN last_event bigint NOT NULL DEFAULT 0;

CREATE FUNCTION session_state_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  NEW.last_event := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.last_event + 1 END;
  RETURN NEW;
END $$;
CREATE TRIGGER event_of_new BEFORE INSERT ON session_state FOR EACH ROW EXECUTE FUNCTION session_state_count();
CREATE TRIGGER event_of_change BEFORE UPDATE ON session_state FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION session_state_count();

CREATE FUNCTION session_state_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  INSERT INTO event (tenant_id, session_id, seq, type, data) VALUES (NEW.tenant_id, NEW.session_id, NEW.last_event,
    'session.state', jsonb_strip_nulls(jsonb_build_object('state', NEW.state, 'reason', NEW.reason, 'message', NEW.message,
      'phoneNumber', NEW.phone_number)));
  RETURN NULL;
END $$;
CREATE TRIGGER event_written_new AFTER INSERT ON session_state FOR EACH ROW EXECUTE FUNCTION session_state_event();
CREATE TRIGGER event_written_change AFTER UPDATE ON session_state FOR EACH ROW
  WHEN (OLD.last_event <> NEW.last_event) EXECUTE FUNCTION session_state_event();

ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON event TO berth_definer USING (true) WITH CHECK (true);
CREATE POLICY operator ON event TO berth_operator USING (true) WITH CHECK (true);
CREATE POLICY own_tenant ON event TO berth_gateway
  USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid);
GRANT INSERT ON event TO berth_definer;
GRANT SELECT ON event TO berth_gateway;
GRANT SELECT, DELETE, UPDATE (xid) ON event TO berth_operator;

REVOKE ALL ON FUNCTION session_state_count(), session_state_event() FROM PUBLIC;
ALTER FUNCTION session_state_count() OWNER TO berth_definer;
ALTER FUNCTION session_state_event() OWNER TO berth_definer;
`
