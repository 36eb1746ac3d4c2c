/** What is known of a cluster on the disk: written before anything of it is made, so that all of it can be found again. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { ClusterBinary } from './binaries/catalogue.ts'
import type { ClusterLayout } from './layout.ts'

export interface ClusterRecord {
  layout: ClusterLayout
  /** Paths of its programs. */
  files: Record<ClusterBinary, string>
  /** When it was made, as ISO 8601; absent until all of it had been there once. */
  completeSince?: string
}

/** Of all clusters of the machine, which has one owner: root. */
export const ROOT = '/var/lib/berth/clusters'

const fileOf = (name: string): string => path.join(ROOT, name, 'cluster.json')

export function readRecord(name: string): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as ClusterRecord
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES')
      throw new Error('Clusters of this machine belong to root: run this with sudo.', { cause: error })
    throw error
  }
}

export function writeRecord(record: ClusterRecord): void {
  const file = fileOf(record.layout.name)
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify(record, null, 2), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** All of its files, this record among them: to be called when nothing else is left of it. */
export async function removeFiles(name: string): Promise<void> {
  await rm(path.join(ROOT, name), { recursive: true, force: true })
  // Empty, unless there is another cluster.
  for (const folder of [ROOT, path.dirname(ROOT)]) await rmdir(folder).catch(() => {})
}
