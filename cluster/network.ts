/** The network of a cluster on the host: one bridge, to which the nodes' cables lead, and the ways to their pods. */
import { run, succeeds } from './command.ts'
import type { ClusterLayout } from './layout.ts'

/** Every network that the machine has an address in or a way to, as CIDRs. */
export async function networksInUse(): Promise<string[]> {
  const routes = JSON.parse(await run('ip', ['-4', '-json', 'route', 'show', 'table', 'all'])) as { dst: string }[]
  return routes.map(({ dst }) => dst).filter((dst) => dst !== 'default')
}

/** Makes what is missing. */
export async function createNetwork({ bridge, hostNetwork, nodes }: ClusterLayout): Promise<void> {
  if (!(await hasDevice(bridge))) {
    // An address of its own: else it changes with every cable that is plugged in.
    await run('ip', ['link', 'add', bridge, 'address', '02:be:27:00:00:01', 'type', 'bridge'])
  }
  await run('ip', ['address', 'replace', hostNetwork, 'dev', bridge])
  await run('ip', ['link', 'set', bridge, 'up'])
  for (const { podRange, address } of nodes) {
    await run('ip', ['route', 'replace', podRange, 'via', address, 'dev', bridge])
  }
}

export async function removeNetwork({ bridge, nodes }: ClusterLayout): Promise<void> {
  for (const device of [...nodes.map((node) => node.device), bridge]) await removeDevice(device)
}

/** With a node's cable all that is left of its network goes. */
export const removeDevice = (device: string): Promise<void> => changeDevice(['link', 'delete', device], device)

/** As a cable that is pulled out: nobody at the other end is told. */
export const unplug = (device: string): Promise<void> => changeDevice(['link', 'set', device, 'down'], device)

/** Does nothing when it is not there; it goes by itself a moment after the last process of its node. */
async function changeDevice(args: string[], device: string): Promise<void> {
  if (!(await hasDevice(device))) return
  await run('ip', args).catch(async (error: unknown) => {
    if (await hasDevice(device)) throw error
  })
}

const hasDevice = (device: string): Promise<boolean> => succeeds('ip', ['link', 'show', device])
