/** Events as people read them: the latest last, since the server sorts them by name, which says nothing. Pure. */
import type { Event } from '@berth/core/model/builtin.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { plain } from './table.ts'
import { clockTime } from './time.ts'

export interface EventRecord {
  /** RFC 3339: when it was last seen. */
  time: string
  type: Event['type']
  reason: string
  /** As `worker/pro-a`. */
  object: string
  message: string
  /** How often it was seen. */
  count: number
}

export const byLastSeen = <T>(things: T[], eventOf: (thing: T) => KubeObject): T[] =>
  things.toSorted((a, b) => Date.parse(lastSeen(eventOf(a))) - Date.parse(lastSeen(eventOf(b))))

export function eventRecord(event: Event): EventRecord {
  const { type, reason, message, count = 1, involvedObject } = event
  const kind = involvedObject.kind === SessionKind.kind ? 'session' : involvedObject.kind?.toLowerCase()
  return { time: lastSeen(event), type, reason, object: `${kind}/${involvedObject.name}`, message, count }
}

/** One line, in columns that most lines keep to. */
export function eventLine({ time, type, reason, object, message, count }: EventRecord): string {
  const times = count > 1 ? ` (${count} times)` : ''
  const sign = type === 'Warning' ? '!' : ' '
  return plain(`${clockTime(time)} ${sign} ${object.padEnd(24)} ${reason.padEnd(14)} ${message}${times}`)
}

function lastSeen(object: KubeObject): string {
  const { lastTimestamp, firstTimestamp, metadata } = object as Event
  return lastTimestamp ?? firstTimestamp ?? metadata.creationTimestamp ?? new Date(0).toISOString()
}
