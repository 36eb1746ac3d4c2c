/**
 * Changes of messages are found by the message that they change, whichever comes first; commands say more than their kind.
 */
export const messageModel = /* sql */ `
-- WhatsApp's id of the message that this one changes.
ALTER TABLE message ADD COLUMN target text GENERATED ALWAYS AS (content #>> '{target,whatsappId}') STORED;
CREATE INDEX message_changes ON message (session_id, chat, target) WHERE target IS NOT NULL;

ALTER TABLE command ADD COLUMN input jsonb;
ALTER TABLE command DROP CONSTRAINT command_kind_check;
ALTER TABLE command ADD CONSTRAINT command_kind_check CHECK (kind IN ('logout', 'read'));

-- Workers of the release before take every command for a logout, so they are given no other.
CREATE OR REPLACE FUNCTION load_commands(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.session_id, c.id, c.kind FROM command c JOIN session_owner o USING (session_id)
  WHERE c.session_id = ANY (p_sessions) AND o.boot_id = p_boot AND c.status = 'queued' AND c.kind = 'logout'
  ORDER BY c.number;
$$;

-- Open commands, oldest first.
CREATE FUNCTION load_open_commands(p_boot uuid, p_sessions uuid[])
RETURNS TABLE (session_id uuid, id uuid, kind text, input jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT c.session_id, c.id, c.kind, c.input FROM command c JOIN session_owner o USING (session_id)
  WHERE c.session_id = ANY (p_sessions) AND o.boot_id = p_boot AND c.status = 'queued' ORDER BY c.number;
$$;
REVOKE ALL ON FUNCTION load_open_commands(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION load_open_commands(uuid, uuid[]) TO berth_worker;
ALTER FUNCTION load_open_commands(uuid, uuid[]) OWNER TO berth_definer;
`
