/**
 * Acts under a name of the caller's own (Idempotency-Key). The row is there before the act begins, and gets its answer
 * afterwards: one without an answer may have been done or not, and is never begun again.
 */
export const idempotentActs = /* sql */ `
CREATE TABLE idempotent_act (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  idempotency_key text NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  -- SHA-256 of what was asked for.
  request_hash bytea NOT NULL,
  answer jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, idempotency_key)
);
CREATE INDEX idempotent_act_tenant ON idempotent_act (tenant_id);

ALTER TABLE idempotent_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotent_act FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON idempotent_act TO berth_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_act TO berth_definer;
CREATE POLICY own_tenant ON idempotent_act TO berth_gateway
  USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_act TO berth_gateway;
-- Sweeps what is older than a day.
CREATE POLICY operator ON idempotent_act TO berth_operator USING (true);
GRANT SELECT (created_at), DELETE ON idempotent_act TO berth_operator;
`
