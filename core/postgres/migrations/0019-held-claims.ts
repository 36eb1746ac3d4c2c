/** A claim can land when its worker waits for the answer no more: so a boot can ask what it holds, and give back what it does not know. */
export const heldClaims = /* sql */ `
CREATE FUNCTION held_claims(p_boot uuid) RETURNS TABLE (session_id uuid, epoch bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  SELECT o.session_id, o.epoch FROM session_owner o WHERE o.boot_id = p_boot AND o.released_at IS NULL;
$$;
REVOKE ALL ON FUNCTION held_claims(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION held_claims(uuid) TO berth_worker;
ALTER FUNCTION held_claims(uuid) OWNER TO berth_definer;
`
