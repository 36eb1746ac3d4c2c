/** A Berth whose processes are all children of one on this machine, as `npm start` has it. */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { BerthUnderTest } from './berth-under-test.ts'

export interface LocalBerth extends BerthUnderTest {
  /** The processes beside the workers, by name. */
  pids(): Promise<Record<string, number>>
}

/** The kubelet of local mode writes the process id into the container's id. */
export async function localProcessOf(pod: Pod): Promise<number | undefined> {
  const status = pod.status?.containerStatuses?.[0]
  const pid = status?.state?.running && /^process:\/\/(\d+)-/.exec(status.containerID ?? '')?.[1]
  return pid ? Number(pid) : undefined
}
