/** What there is of a kind, and then every change, as long as one likes: a list and watches, as the API wants them. */
import type { KubeClient, Selection } from '@berth/core/kube/client.ts'
import { isGone } from '@berth/core/kube/error.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'

export type Change<T> =
  /** All there is now: at first, and again when the server has forgotten what came since. */
  { type: 'LISTED'; objects: T[] } | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }

/** The server ends each watch after this time. */
const WATCH_SECONDS = 300

/** Ends when the signal comes. Throws KubeError. */
export async function* follow<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  selection: Omit<Selection, 'signal'>,
  signal: AbortSignal,
): AsyncGenerator<Change<T>> {
  while (!signal.aborted) {
    try {
      const list = await client.list(kind, { ...selection, signal })
      yield { type: 'LISTED', objects: list.items }
      let { resourceVersion } = list
      while (!signal.aborted) {
        const options = { ...selection, resourceVersion, timeoutSeconds: WATCH_SECONDS, signal }
        for await (const { type, object } of client.watch(kind, options)) {
          resourceVersion = object.metadata.resourceVersion ?? resourceVersion
          if (type !== 'BOOKMARK') yield { type, object }
        }
      }
    } catch (error) {
      if (!signal.aborted && !isGone(error)) throw error
    }
  }
}
