/**
 * What a worker says of how busy it is, every few seconds with a renewal of its lease. The operator scales by it (ADR 0017).
 * Workers of the release before renew without it; theirs stays NULL.
 */
export const workerLoad = /* sql */ `
ALTER TABLE worker_lease
  ADD COLUMN messages_per_second real,
  ADD COLUMN loop_lag_ms real,
  ADD COLUMN memory_percent real;

-- As lease_renew(uuid), and says how busy the boot is.
CREATE FUNCTION lease_renew(p_boot uuid, p_messages_per_second real, p_loop_lag_ms real, p_memory_percent real)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
  WITH renewed AS (
    UPDATE worker_lease SET renewals = renewals + 1, renewed_at = clock_timestamp(),
      messages_per_second = p_messages_per_second, loop_lag_ms = p_loop_lag_ms, memory_percent = p_memory_percent
    WHERE boot_id = p_boot AND revoked_at IS NULL AND ended_at IS NULL RETURNING 1)
  SELECT EXISTS (SELECT FROM renewed);
$$;
REVOKE ALL ON FUNCTION lease_renew(uuid, real, real, real) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease_renew(uuid, real, real, real) TO berth_worker;
ALTER FUNCTION lease_renew(uuid, real, real, real) OWNER TO berth_definer;
`
