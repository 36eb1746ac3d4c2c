/** A second installation comes and goes beside the first one, which must not notice; nor may it notice the first one's faults. */
import { type Fault, since } from '../../chaos/faults/fault.ts'
import type { ClusterBerth } from '../cluster-berth.ts'

export const installSecond: Fault<ClusterBerth> =
  async ({ berth }) =>
  async () => {
    const at = Date.now()
    await berth.second.install(berth.tags.current)
    return { at, what: `installed, linked and in use after ${since(at)}` }
  }

export const uninstallSecond: Fault<ClusterBerth> =
  async ({ berth }) =>
  async () => {
    const at = Date.now()
    await berth.second.requireUndisturbed()
    await berth.second.uninstall()
    return { at, what: `nothing had happened to it; uninstalled after ${since(at)}` }
  }
