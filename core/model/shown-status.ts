/** The status of a message as customers see it: two of them are told from more than the row's own. Pure. */

interface Row<Status extends string> {
  status: Status
  error_code: string | null
  /** Its place in the queue; null: none yet. */
  queue_number: number | null
}

export type ShownStatus<Status extends string> = Status | 'scheduled' | 'cancelled'

export function shownStatus<Status extends string>({
  status,
  error_code,
  queue_number,
}: Row<Status>): ShownStatus<Status> {
  if (status === 'queued' && queue_number === null) return 'scheduled'
  return status === 'failed' && error_code === 'cancelled' ? 'cancelled' : status
}
