/**
 * The first schema: resources' mirror, ownership, auth state, journal, messages.
 *
 * Every table has row-level security enabled and forced; a test reads the catalogue and fails on one without it.
 * Tables with a tenant_id are open to the gateway for the tenant of the transaction only (setting berth.tenant_id).
 * Workers have no grants on tables at all: they call the functions of 0002, which run as berth_definer.
 */
export const foundation = /* sql */ `
CREATE TABLE installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO installation DEFAULT VALUES;

-- Mirror of the resources, written by the operator -------------------------------------------------------------

CREATE TABLE tier (
  name text PRIMARY KEY,
  spec jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenant (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  tier text NOT NULL,
  display_name text,
  state text NOT NULL CHECK (state IN ('Active', 'Suspended')),
  resource_uid uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

CREATE TABLE session (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name text NOT NULL,
  resource_name text NOT NULL,
  resource_uid uuid NOT NULL,
  provider text NOT NULL,
  desired_state text NOT NULL CHECK (desired_state IN ('Running', 'Stopped')),
  -- Why it has no place: the operator's reason, for the API to explain.
  obstacle text,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE INDEX session_tenant ON session (tenant_id);
CREATE UNIQUE INDEX session_name ON session (tenant_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX session_resource ON session (resource_name) WHERE deleted_at IS NULL;

-- Ownership ----------------------------------------------------------------------------------------------------

-- One row a boot. boot_number orders the boots of a pod. The lease thread raises renewals; only the operator revokes.
CREATE TABLE worker_lease (
  boot_id uuid PRIMARY KEY,
  boot_number bigint GENERATED ALWAYS AS IDENTITY,
  pod_uid uuid NOT NULL,
  worker text NOT NULL,
  address text NOT NULL,
  renewals bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now(),
  renewed_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  revoked_at timestamptz,
  revoked_reason text
) WITH (fillfactor = 50);
CREATE INDEX worker_lease_pod ON worker_lease (pod_uid);

-- The number of a boot's last commit: orders its commits, makes a repeated one harmless, shows a database that went back.
CREATE TABLE worker_commit (
  boot_id uuid PRIMARY KEY REFERENCES worker_lease ON DELETE CASCADE,
  number bigint NOT NULL DEFAULT 0,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Made with the session, claimed by boots. boot_id and epoch are the fence.
CREATE TABLE session_owner (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  generation bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0,
  boot_id uuid,
  pod_uid uuid,
  claimed_at timestamptz,
  released_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX session_owner_tenant ON session_owner (tenant_id);
CREATE INDEX session_owner_boot ON session_owner (boot_id);

-- The operator's own heartbeat: while it does not rise, leases that stand still say nothing about the workers.
CREATE TABLE operator_canary (
  id uuid PRIMARY KEY,
  beats bigint NOT NULL DEFAULT 0,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What the owning worker writes ----------------------------------------------------------------------------------

CREATE TABLE session_state (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  state text NOT NULL,
  reason text,
  message text,
  attempt integer NOT NULL DEFAULT 0,
  since timestamptz NOT NULL,
  phone_number text,
  lid text,
  epoch bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX session_state_tenant ON session_state (tenant_id);

-- Auth state, sealed by the worker. linking_attempt: the attempt of the spec that these credentials belong to.
CREATE TABLE credential (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  linking_attempt integer NOT NULL DEFAULT 0,
  value bytea NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE credential ALTER value SET STORAGE EXTERNAL;

CREATE TABLE signal_key (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  type text NOT NULL,
  id text NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (session_id, type, id)
) WITH (fillfactor = 70);
ALTER TABLE signal_key ALTER value SET STORAGE EXTERNAL;

-- Received plain text, sealed, written with its ratchet step. A finished row stays a day to answer a redelivery.
CREATE TABLE journal (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  ciphertext_hash text NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  PRIMARY KEY (session_id, ciphertext_hash)
) WITH (fillfactor = 60);
ALTER TABLE journal ALTER body SET STORAGE EXTERNAL;
CREATE INDEX journal_open ON journal (session_id, received_at) WHERE done_at IS NULL;
CREATE INDEX journal_done ON journal (done_at) WHERE done_at IS NOT NULL;

-- Messages and commands -----------------------------------------------------------------------------------------------

-- In the order of a message's life; failed is reached from queued and sending only.
CREATE TYPE message_status AS ENUM ('queued', 'sending', 'failed', 'sent', 'delivered', 'read', 'played', 'received');

CREATE TABLE message (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  number bigint GENERATED ALWAYS AS IDENTITY,
  chat text NOT NULL,
  whatsapp_id text NOT NULL,
  from_me boolean NOT NULL,
  sender_phone text,
  sender_lid text,
  sender_name text,
  type text NOT NULL,
  content jsonb NOT NULL,
  status message_status NOT NULL,
  error_code text,
  error_message text,
  sent_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  status_at timestamptz NOT NULL DEFAULT now(),
  idempotency_key text,
  request_hash bytea,
  UNIQUE (session_id, chat, whatsapp_id, from_me)
) WITH (fillfactor = 80);
CREATE INDEX message_list ON message (tenant_id, session_id, number DESC);
CREATE INDEX message_open ON message (session_id, number) WHERE status IN ('queued', 'sending');
CREATE INDEX message_whatsapp_id ON message (session_id, whatsapp_id);
CREATE UNIQUE INDEX message_idempotency ON message (session_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE command (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  number bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('logout')),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'done', 'failed')),
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX command_tenant ON command (tenant_id, session_id);
CREATE INDEX command_open ON command (session_id, number) WHERE status = 'queued';

CREATE TABLE api_key (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
  name text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
CREATE INDEX api_key_tenant ON api_key (tenant_id);

-- Row-level security ----------------------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'berth' LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY definer ON %I TO berth_definer USING (true) WITH CHECK (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['session', 'session_owner', 'session_state', 'message', 'command', 'api_key'] LOOP
    EXECUTE format($p$CREATE POLICY own_tenant ON %I TO berth_gateway
      USING (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)
      WITH CHECK (tenant_id = nullif(current_setting('berth.tenant_id', true), '')::uuid)$p$, t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['installation', 'tier', 'tenant', 'session', 'session_owner', 'session_state', 'worker_lease',
                           'operator_canary', 'command', 'api_key', 'journal'] LOOP
    EXECUTE format('CREATE POLICY operator ON %I TO berth_operator USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
CREATE POLICY own_tenant ON tenant TO berth_gateway USING (id = nullif(current_setting('berth.tenant_id', true), '')::uuid);
CREATE POLICY gateway ON tier FOR SELECT TO berth_gateway USING (true);
CREATE POLICY gateway ON worker_lease FOR SELECT TO berth_gateway USING (true);
CREATE POLICY everyone ON installation FOR SELECT TO berth_gateway, berth_worker USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA berth TO berth_definer;

GRANT SELECT ON installation TO berth_gateway, berth_operator, berth_worker;
GRANT SELECT ON tier, tenant, session, session_owner, session_state TO berth_gateway;
GRANT SELECT (boot_id, worker, address, ended_at, revoked_at) ON worker_lease TO berth_gateway;
GRANT SELECT, INSERT ON message, command TO berth_gateway;
GRANT SELECT, INSERT ON api_key TO berth_gateway;
GRANT UPDATE (revoked_at) ON api_key TO berth_gateway;

GRANT SELECT, INSERT, UPDATE, DELETE ON tier, tenant, session TO berth_operator;
GRANT SELECT, INSERT ON session_owner, command, api_key TO berth_operator;
GRANT UPDATE (revoked_at) ON api_key TO berth_operator;
GRANT SELECT ON session_state TO berth_operator;
GRANT SELECT, DELETE ON worker_lease TO berth_operator;
GRANT UPDATE (revoked_at, revoked_reason) ON worker_lease TO berth_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON operator_canary TO berth_operator;
GRANT SELECT (session_id, ciphertext_hash, done_at), DELETE ON journal TO berth_operator;
`
