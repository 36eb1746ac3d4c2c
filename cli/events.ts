/** Events, the latest last: the server sorts them by name, which says nothing. Pure. */
import type { TableRow } from '@berth/core/kube/table.ts'
import type { Event } from '@berth/core/model/builtin.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'

/** The rows must carry whole events. */
export const byLastSeen = <T extends KubeObject>(rows: TableRow<T>[]): TableRow<T>[] =>
  rows.toSorted((a, b) => lastSeen(a.object) - lastSeen(b.object))

function lastSeen(object: KubeObject): number {
  const { lastTimestamp, firstTimestamp, metadata } = object as Event
  return Date.parse(lastTimestamp ?? firstTimestamp ?? metadata.creationTimestamp ?? '') || 0
}
