/** Makes a script that goes wrong shorter, for as long as it goes wrong in the same way (delta debugging). */
import type { Plant } from './planted.ts'
import { run } from './run.ts'
import type { Happening, Script } from './script.ts'

const MAX_RUNS = 300

/** The script with as few happenings as it takes to break the same invariant. */
export async function shrink(script: Script, invariant: string, plant?: Plant): Promise<Script> {
  let runs = 0
  const breaks = async (happenings: Happening[]) => {
    runs++
    const { wrong } = await run({ ...script, happenings }, { plant })
    return wrong?.invariant === invariant
  }
  let { happenings } = script
  for (let size = Math.ceil(happenings.length / 2); size >= 1 && runs < MAX_RUNS; ) {
    const shorter = await withoutSome(happenings, size, breaks)
    if (shorter) happenings = shorter
    else size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return { ...script, happenings }
}

/** Without the first stretch of this length that is not needed; undefined: all are. */
async function withoutSome(
  happenings: readonly Happening[],
  size: number,
  breaks: (happenings: Happening[]) => Promise<boolean>,
): Promise<Happening[] | undefined> {
  // From the end: what comes later is needed less often.
  for (let end = happenings.length; end > 0; end -= size) {
    const rest = [...happenings.slice(0, Math.max(0, end - size)), ...happenings.slice(end)]
    if (await breaks(rest)) return rest
  }
  return undefined
}
