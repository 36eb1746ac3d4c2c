/**
 * Refusals: a provider may say of a message that it took, and called sent, that it does not deliver it after all. That is the
 * last word on it, in whichever order the two are told, unless it is delivered.
 */
export const refusals = /* sql */ `
-- Since when the provider has said that it does not deliver the message.
ALTER TABLE message ADD COLUMN refused_at timestamptz;

CREATE FUNCTION refused_stays() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  NEW.status := OLD.status;
  NEW.status_at := OLD.status_at;
  NEW.error_code := OLD.error_code;
  NEW.error_message := OLD.error_message;
  RETURN NEW;
END $$;
-- By its name it comes before status_time (0014), which would note a status that is not reached.
CREATE TRIGGER refused_stays BEFORE UPDATE OF status ON message FOR EACH ROW
  WHEN (OLD.refused_at IS NOT NULL AND OLD.status = 'failed' AND NEW.status = 'sent') EXECUTE FUNCTION refused_stays();

-- Messages of ours that fail though they may have been sent. False: the session has another owner, and nothing was written.
CREATE FUNCTION refuse_messages(p_boot uuid, p_session uuid, p_epoch bigint, p_ids text[], p_codes text[], p_reasons text[])
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = berth, pg_temp AS $$
BEGIN
  PERFORM FROM session_owner o WHERE o.session_id = p_session AND o.epoch = p_epoch AND o.boot_id = p_boot
    AND o.released_at IS NULL FOR SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE message m SET refused_at = clock_timestamp(), status = 'failed',
      status_at = CASE WHEN m.status = 'failed' THEN m.status_at ELSE clock_timestamp() END,
      error_code = w.code, error_message = w.reason
    FROM unnest(p_ids, p_codes, p_reasons) w (whatsapp_id, code, reason)
    WHERE m.session_id = p_session AND m.whatsapp_id = w.whatsapp_id AND m.from_me AND m.status < 'delivered'
      AND m.refused_at IS NULL;
  RETURN true;
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'berth'::regnamespace
    AND p.proname IN ('refused_stays', 'refuse_messages') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO berth_definer', f);
  END LOOP;
  GRANT EXECUTE ON FUNCTION refuse_messages(uuid, uuid, bigint, text[], text[], text[]) TO berth_worker;
END $$;
`
