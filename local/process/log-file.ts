/** Log files of processes that write to them on their own. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { copyFile, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import path from 'node:path'

const LIMIT_BYTES = 10_000_000

/** Opens a log for a child's output; the caller closes it once the child has it. */
export function openLog(file: string): { fd: number; close(): void } {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const fd = openSync(file, 'a', 0o600)
  return { fd, close: () => closeSync(fd) }
}

/** Of a container of a pod: the kubelet has it written, the Kubernetes API reads it. */
export const podLogFile = (folder: string, namespace: string, pod: string, container: string): string =>
  path.join(folder, `${namespace}.${pod}.${container}.log`)

/**
 * Moves the content of each log that has grown too long into `<log>.old`. The writer keeps its file, which it opened for
 * appending, and goes on at its new end; a line written in between may be lost.
 */
export async function shortenLogs(folder: string, limitBytes = LIMIT_BYTES): Promise<void> {
  for (const file of await logsIn(folder)) {
    if ((await stat(file)).size <= limitBytes) continue
    await copyFile(file, `${file}.old`)
    await truncate(file)
  }
}

/** Removes the logs that were written to longest ago. */
export async function removeOldLogs(folder: string, keep: number): Promise<void> {
  const files = await Promise.all(
    (await logsIn(folder)).map(async (file) => ({ file, changed: (await stat(file)).mtimeMs })),
  )
  files.sort((a, b) => b.changed - a.changed)
  for (const { file } of files.slice(keep)) {
    await rm(file, { force: true })
    await rm(`${file}.old`, { force: true })
  }
}

/** The last lines of a log, for a person who has to know why something does not start. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-count).filter(Boolean)
}

const logsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log')).map((name) => path.join(folder, name))
