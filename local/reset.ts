/** Deletes the data of this clone, once the person has said so. */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { lockFolder } from './lock.ts'
import { UsageError } from './options.ts'
import { stopOrphan } from './postgres/postgres.ts'
import { ProcessLedger } from './process/ledger.ts'

/** Throws AlreadyRuns, and UsageError when nobody said yes. */
export async function reset(dataDir: string, confirmed: boolean): Promise<void> {
  const entries = await readdir(dataDir).catch((): string[] => [])
  if (entries.length === 0) {
    console.log(`There are no data in ${dataDir}.`)
    return
  }
  // Whoever names another folder by mistake must not lose it.
  if (!entries.includes('config.json'))
    throw new UsageError(`${dataDir} does not look like Berth's data; nothing was deleted.`)
  if (!confirmed && !(await asked(dataDir)))
    throw new UsageError('Nothing was deleted. To delete without being asked: --yes')

  const run = path.join(dataDir, 'run')
  const lock = lockFolder(run)
  for (const ledger of ['services', 'pods']) await new ProcessLedger(path.join(run, ledger)).endOrphans()
  await stopOrphan(path.join(dataDir, 'postgres', 'data'), console.log)
  lock.release()
  for (const entry of entries) await rm(path.join(dataDir, entry), { recursive: true, force: true })
  console.log(`Deleted the data in ${dataDir}. The next start begins anew.`)
}

async function asked(dataDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(
    `Delete ${dataDir}: all tenants, linked sessions and messages of this clone? Type yes to go on: `,
  )
  terminal.close()
  return answer.trim().toLowerCase() === 'yes'
}
