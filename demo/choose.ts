/** In which Berth the demo is played: the one that `npm start` runs, or one of its own. */
import { createInterface } from 'node:readline/promises'
import { clone, dataFolder } from '@berth/local/clone.ts'
import { findRunning } from '@berth/local/running.ts'
import { GuestBerth } from '@berth/test/chaos/guest-berth.ts'
import { type DemoOptions, UsageError } from './options.ts'

const QUESTION = `Berth runs from this clone. Play the demo in it? Its operator and gateway are killed and its Postgres is
stopped for some seconds; they come back by themselves, nothing is lost, and the demo removes what it made.
(n: in a temporary one beside it) [Y/n] `

/** The running one; undefined: one of its own. Throws UsageError when it was asked for and can't be used. */
export async function chooseBerth({ where }: DemoOptions, signal: AbortSignal): Promise<GuestBerth | undefined> {
  if (where === 'temporary') return undefined
  const found = await findGuestBerth()
  if (where === 'running') {
    if (found instanceof GuestBerth) return found
    throw new UsageError(`${found} Without --running the demo starts a Berth of its own.`)
  }
  return found instanceof GuestBerth && (await isWanted(signal)) ? found : undefined
}

/** Or why there is none. */
async function findGuestBerth(): Promise<GuestBerth | string> {
  const running = await findRunning(dataFolder(clone, process.getuid?.() === 0, process.env.BERTH_DATA))
  if (!running) return 'No Berth runs from this clone: start one with npm start.'
  const where = await running.where()
  const { simulatorUrl } = where
  if (!simulatorUrl) return 'The Berth that runs uses the real WhatsApp, which is not for demos.'
  if (!where.hasPostgres) return 'The Berth that runs uses a Postgres of yours, which the demo does not stop.'
  return new GuestBerth(running, { ...where, simulatorUrl })
}

async function isWanted(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  terminal.on('SIGINT', () => process.emit('SIGINT')) // the terminal is ours now, and so is its Ctrl-C
  try {
    return /^(y|yes|)$/i.test((await terminal.question(QUESTION, { signal })).trim())
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    terminal.close()
  }
}
