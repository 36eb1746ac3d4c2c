/** What Helm does to a running installation. */
import { SessionKind } from '@berth/core/model/kind.ts'
import { type Fault, since } from '../../chaos/faults/fault.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { type InCluster, PARTS, podsOf, TIMEOUT_MS, untilBack } from '../place.ts'

/** `helm upgrade` to another image: operator and gateways first, then the workers, session by session. */
export const upgrade: Fault<ClusterBerth> = async (installation) => {
  const { berth } = installation
  return async () => {
    const at = Date.now()
    await berth.release.upgrade(await berth.values(berth.tags.next))
    await untilAllRun(installation, berth.tags.next)
    return { at, what: `every pod runs ${berth.tags.next}, after ${since(at)}` }
  }
}

/** `helm rollback`, to the revision before. */
export const rollback: Fault<ClusterBerth> = async (installation) => {
  const { berth } = installation
  return async () => {
    const at = Date.now()
    await berth.release.rollback()
    await untilAllRun(installation, berth.tags.current)
    return { at, what: `every pod runs ${berth.tags.current} again, after ${since(at)}` }
  }
}

/** `helm uninstall`: the pods go, resources and data stay; then the same release is installed again. */
export const reinstall: Fault<ClusterBerth> = async (installation) => {
  const { berth, kube, accounts } = installation
  return async () => {
    const at = Date.now()
    await berth.release.uninstall()
    for (const part of PARTS) {
      await until(`no pod of the ${part}s is left`, TIMEOUT_MS, async () => {
        return (await podsOf(installation, part)).length === 0
      })
    }
    const { items } = await kube.list(SessionKind)
    if (items.length !== accounts.length) {
      throw new Error(`After helm uninstall there are ${items.length} sessions of ${accounts.length}.`)
    }
    const goneAfter = since(at)
    await berth.install()
    await untilBack(installation)
    return { at, what: `all pods gone after ${goneAfter}, all back after ${since(at)}` }
  }
}

async function untilAllRun(installation: InCluster, tag: string): Promise<void> {
  await until(`every pod runs the images of ${tag}`, TIMEOUT_MS, async () => {
    const pods = await Promise.all(PARTS.map((part) => podsOf(installation, part)))
    return pods.every(
      (some) => some.length > 0 && some.every(({ spec }) => spec.containers[0]!.image.endsWith(`:${tag}`)),
    )
  })
}
